//! The client supplies the pool, the template or the method, and the server uses it. (A pool id
//! taken from the request in Amplify's passwordless construct; a method taken from `ClientMetadata`
//! at every step in aws-samples/amazon-cognito-passwordless-auth.)

use crate::{refused, victim};
use latchstring_tests::Latchstring;
use serde_json::json;

latchstring_tests::doors! {
    GraphQl: [
        a_request_that_names_a_pool_or_client_is_refused,
    ],
    Cognito: [
        client_metadata_does_not_change_a_verdict,
        client_metadata_does_not_change_a_decoy,
    ],
}

#[tokio::test]
async fn a_request_that_names_a_pool_or_client_is_refused() {
    let latchstring = Latchstring::start().await;
    for more in ["userPoolId", "clientId", "callbackUrl", "template"] {
        let mut input = json!({"emailOrPhone": "victim@example.com", "method": "EMAIL"});
        input[more] = "attackers".into();
        let query = "mutation ($input: SignInInput!) { signIn(input: $input) { session } }";
        refused(
            latchstring
                .graphql("signIn", query, json!({"input": input}))
                .await,
        );
    }
    assert_eq!(latchstring.inbox().await.len(), 0);
}

#[tokio::test]
async fn client_metadata_does_not_change_a_verdict() {
    let latchstring = Latchstring::start().await;
    let known = victim(&latchstring).await;
    let newcomer = latchstring.by_email("newcomer@example.com");
    for person in [known, newcomer] {
        let mut question = person.requests_a_code().await;
        let wrong = person.wrong_codes(2).await;
        for (left, said) in [
            (2, [("answerCorrect", "true"), ("attemptsLeft", "99")]),
            (1, [("method", "phone_number"), ("step", "claim")]),
        ] {
            let outcome = question.answer_with(&wrong[left - 1], &said).await;
            question = outcome.challenge("otp");
            assert_eq!(question.attempts_left(), left as u64);
        }
    }
}

#[tokio::test]
async fn client_metadata_does_not_change_a_decoy() {
    let latchstring = Latchstring::start().await;
    let victim = victim(&latchstring).await;
    let sent = latchstring.inbox().await.len();
    for said in [
        [("method", "phone_number"), ("step", "claim")],
        [("action", "verify"), ("code", "000000")],
        [("answerCorrect", "true"), ("attemptsLeft", "99")],
    ] {
        let opened = latchstring
            .initiate(victim.contact())
            .await
            .challenge("select");
        let decoy = opened.select("email", None).await.challenge("otp");
        decoy.answer_with("000000", &said).await.challenge("otp");
    }
    assert_eq!(latchstring.inbox().await.len(), sent);
}
