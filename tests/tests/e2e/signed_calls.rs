//! Resolvers that open sessions by signed calls, and clients that answer them by the public one.

use latchstring_aws::CognitoCalls;
use latchstring_local::Options;
use latchstring_tests::Latchstring;

latchstring_tests::doors! {
    every: [
        a_user_signs_up_and_signs_in_over_signed_calls,
        a_signed_call_that_fails_makes_sign_in_unavailable,
    ],
    Cognito: [
        a_pool_that_separates_sessions_refuses_the_clients_answer,
    ],
}

async fn signed() -> Latchstring {
    Latchstring::start_with(Options {
        cognito_calls: CognitoCalls::Signed,
        ..Options::default()
    })
    .await
}

#[tokio::test]
async fn a_user_signs_up_and_signs_in_over_signed_calls() {
    let latchstring = signed().await;
    // None of these failures is used: a resolver makes no public call.
    let ada = latchstring.by_email("ada@example.com");
    latchstring.fail_next("InitiateAuth", 1).await;
    let first = ada.signs_in_for_the_first_time().await;
    let phone = latchstring.by_phone("+1 415 555 0132");
    let question = first.signs_up(("Ada", "Lovelace"), &phone).await;
    let question = question.expect("the second contact's code is requested");
    question.answer(&phone.code().await).await.signed_in();
    let second = phone.signs_in().await;
    assert!(first.sub() == second.sub());
    // The public call that fails has not been made yet.
    latchstring.initiate(ada.contact()).await.refused();
}

#[tokio::test]
async fn a_signed_call_that_fails_makes_sign_in_unavailable() {
    for operation in ["AdminInitiateAuth", "AdminRespondToAuthChallenge"] {
        let latchstring = signed().await;
        let ada = latchstring.by_email("ada@example.com");
        latchstring.fail_next(operation, 1).await;
        let refusal = ada.tries_to_request_a_code().await.err();
        assert_eq!(
            refusal.expect("it fails").kind,
            "Unavailable",
            "{operation}"
        );
        ada.signs_in_for_the_first_time().await;
    }
}

#[tokio::test]
async fn a_pool_that_separates_sessions_refuses_the_clients_answer() {
    let latchstring = signed().await;
    latchstring.separate_sessions(true).await;
    let ada = latchstring.by_email("ada@example.com");
    let question = ada.requests_a_code().await;
    let refusal = question.answer(&ada.code().await).await.refused();
    assert_eq!(refusal.kind, "NotAuthorizedException");

    let public = Latchstring::start().await;
    public.separate_sessions(true).await;
    public
        .by_email("ada@example.com")
        .signs_in_for_the_first_time()
        .await;
}
