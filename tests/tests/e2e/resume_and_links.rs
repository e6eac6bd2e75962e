//! A sign-in that outlives its session, and one by the link of a mail, with plain HTTP calls.

use latchstring_tests::{Latchstring, note};
use serde_json::{Value, json};

latchstring_tests::doors! {
    every: [
        a_first_sign_in_and_a_new_contact_work_by_link,
    ],
    Cognito: [
        a_resumed_ticket_leads_to_the_same_code,
        a_new_process_continues_a_sign_in,
        a_link_signs_in_the_process_that_keeps_its_secret,
    ],
}

const SECRET: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const SIGN_IN: &str = "mutation ($input: SignInInput!) { signIn(input: $input) \
                       { session username codeLength codeAlphabet pointer resume expiresIn } }";

/// A program without an SDK, which keeps nothing between two calls.
struct Process<'a>(&'a Latchstring);

impl Process<'_> {
    async fn sign_in(&self, typed: &str, resume: Option<&str>) -> Value {
        let settings = self.0.settings();
        let input = json!({
            "emailOrPhone": typed, "method": "EMAIL", "resume": resume,
            "linkChallenge": CHALLENGE,
        });
        let called = reqwest::Client::new()
            .post(format!("{}/graphql", settings.endpoint))
            .header("x-api-key", &settings.api_key)
            .json(&json!({"query": SIGN_IN, "variables": {"input": input}}))
            .send()
            .await
            .expect("the API answers");
        let answered: Value = called.json().await.expect("JSON");
        for name in ["session", "resume"] {
            note(
                answered["data"]["signIn"][name]
                    .as_str()
                    .unwrap_or_default(),
            );
        }
        answered
    }

    async fn respond(&self, session: &Value, answer: &str, metadata: Value) -> Value {
        let settings = self.0.settings();
        let body = json!({
            "ClientId": settings.client_id, "ChallengeName": "CUSTOM_CHALLENGE",
            "Session": session, "ClientMetadata": metadata,
            "ChallengeResponses": {"USERNAME": "ada@example.com", "ANSWER": answer},
        });
        let called = reqwest::Client::new()
            .post(&settings.endpoint)
            .header(
                "x-amz-target",
                "AWSCognitoIdentityProviderService.RespondToAuthChallenge",
            )
            .header("content-type", "application/x-amz-json-1.1")
            .body(body.to_string())
            .send()
            .await
            .expect("Cognito answers");
        let answered = called.json().await.expect("JSON");
        note_tokens(&answered);
        answered
    }
}

fn note_tokens(answered: &Value) {
    for name in ["AccessToken", "IdToken", "RefreshToken"] {
        let token = answered["AuthenticationResult"][name].as_str();
        note(token.unwrap_or_default());
    }
}

/// The phone ends the app while its user reads the mail.
#[tokio::test]
async fn a_new_process_continues_a_sign_in() {
    let latchstring = Latchstring::start().await;
    let ada = latchstring.by_email("ada@example.com");
    ada.signs_in_for_the_first_time().await;
    let begun = Process(&latchstring).sign_in("ada@example.com", None).await;
    let begun = &begun["data"]["signIn"];
    assert_eq!(begun["codeAlphabet"], "DIGITS");
    let resume = begun["resume"].as_str().expect("a resume secret");
    let (sent, code) = (ada.messages().await.len(), ada.code().await);
    latchstring.advance(240).await;

    let process = Process(&latchstring);
    let resumed = process.sign_in("Ada@Example.com ", Some(resume)).await;
    let resumed = &resumed["data"]["signIn"];
    assert_eq!(resumed["pointer"], begun["pointer"]);
    let left = resumed["expiresIn"].as_u64().expect("a number");
    assert!((1..=60).contains(&left), "{left}");
    let signed_in = process.respond(&resumed["session"], &code, json!({})).await;
    assert!(signed_in["AuthenticationResult"]["AccessToken"].is_string());
    assert_eq!(ada.messages().await.len(), sent, "nothing was sent");

    let ended = process.sign_in("ada@example.com", Some(resume)).await;
    assert_eq!(ended["errors"][0]["errorType"], "InvalidResume");
    assert_eq!(
        ended["errors"][0]["message"],
        "This sign-in has ended. Start again."
    );
}

#[tokio::test]
async fn a_link_signs_in_the_process_that_keeps_its_secret() {
    let latchstring = Latchstring::start().await;
    let ada = latchstring.by_email("ada@example.com");
    ada.signs_in_for_the_first_time().await;
    let process = Process(&latchstring);
    let begun = process.sign_in("ada@example.com", None).await;
    let begun = &begun["data"]["signIn"];
    let (pointer, token) = ada.link().await.expect("a link");
    assert_eq!(begun["pointer"], *pointer);
    let by_link = |secret: &str| json!({"action": "link", "linkSecret": secret});
    let session = &begun["session"];
    let wrong = process.respond(session, &token, by_link(CHALLENGE)).await;
    assert_eq!(wrong["ChallengeParameters"]["attemptsLeft"], "3");
    let session = &wrong["Session"];
    let signed_in = process.respond(session, &token, by_link(SECRET)).await;
    assert!(signed_in["AuthenticationResult"]["AccessToken"].is_string());
}

#[tokio::test]
async fn a_first_sign_in_and_a_new_contact_work_by_link() {
    let latchstring = Latchstring::start().await;
    let ada = latchstring.by_email("ada@example.com").keeping(SECRET);
    let asked = ada.requests_a_code().await;
    let (_, token) = ada.link().await.expect("a link");
    let answered = asked.answer_by_link(&token, SECRET).await;
    let signed_in = ada.completes(answered).await;

    let new = latchstring.by_email("ada@example.org").keeping(SECRET);
    let asked = signed_in.changes_to(&new).await.expect("it is recent");
    let (_, token) = new.link().await.expect("a link");
    asked.answer_by_link(&token, SECRET).await.signed_in();
    let notice = ada.messages().await.remove(0);
    let marks: Vec<_> = notice.text.match_indices('#').collect();
    assert_eq!(marks.len(), 1, "a notice names the page of an undo alone");
    assert!(notice.text[marks[0].0..].starts_with("#undo "));
}

#[tokio::test]
async fn a_resumed_ticket_leads_to_the_same_code() {
    let latchstring = Latchstring::start().await;
    let ada = latchstring.by_email("ada@example.com");
    let asked = ada.requests_a_code().await;
    let resume = asked.resume().to_owned();
    let asked = asked.answer(&ada.wrong_code().await).await.challenge("otp");
    let ticket = ada.requests_a_resuming_ticket(&resume).await;
    let first = latchstring.initiate("ada@example.com").await;
    let first = first.challenge("select");
    let again = first.select("email", Some(&ticket)).await.challenge("otp");
    assert_eq!(again.attempts_left(), asked.attempts_left());
    again.answer(&ada.code().await).await.proof();
    let first = latchstring.initiate("ada@example.com").await;
    let first = first.challenge("select");
    first.select("email", Some(&ticket)).await.failed();
}
