//! Failures of Cognito's operations, one call at a time: no user is locked out, no account is created
//! twice, and the next attempt continues.

use latchstring_local::Options;
use latchstring_tests::{FirstSignIn, Latchstring, Person};
use serde_json::json;

latchstring_tests::doors! {
    every: [
        one_failure_while_an_account_is_created_is_hidden,
        after_a_failed_creation_the_same_proof_creates_it,
        a_half_created_account_is_unowned_until_it_is_proved_again,
        after_an_unavailable_session_the_next_one_opens,
        a_throttled_call_reveals_no_account_and_charges_nothing,
        an_unavailable_claim_leaves_the_proof_valid,
        a_right_code_stays_right_when_the_record_cannot_be_read,
        one_failed_read_of_the_record_is_hidden,
        a_wrong_code_needs_no_record_and_stays_wrong,
        an_operation_fails_for_its_time_and_no_longer,
        a_creation_whose_operation_is_down_goes_on_after_the_outage,
        an_unavailable_store_costs_no_attempt_and_opens_no_flow,
        a_message_lost_in_an_outage_arrives_with_a_resend,
        an_unreachable_captcha_service_admits_no_request,
        an_outage_ends_before_its_time_when_it_is_cleared,
    ],
    Proof: [
        a_right_proof_stays_right_when_the_record_cannot_be_read,
        requesting_a_code_looks_up_no_user,
    ],
    Cognito: [
        a_trigger_fails_until_it_is_cleared,
    ],
    NoDoor: [
        names_that_cannot_fail_are_refused_with_those_that_can,
    ],
}

/// The number of attempts of the directory's client.
const ATTEMPTS: u32 = 2;

/// Returns a new user before the account is created.
async fn new_user() -> (Latchstring, Person, FirstSignIn) {
    let latchstring = Latchstring::start().await;
    let bob = latchstring.by_email("bob@example.com");
    let first = bob.nearly_signs_in().await;
    (latchstring, bob, first)
}

const OF_A_CREATION: [&str; 3] = ["AdminGetUser", "AdminCreateUser", "AdminSetUserPassword"];

#[tokio::test]
async fn one_failure_while_an_account_is_created_is_hidden() {
    for operation in OF_A_CREATION {
        let (latchstring, _, mut first) = new_user().await;
        latchstring.fail_next(operation, 1).await;
        first.completes().await.expect("the account is created");
        assert_eq!(latchstring.accounts().await.len(), 1, "{operation}");
    }
}

#[tokio::test]
async fn after_a_failed_creation_the_same_proof_creates_it() {
    for operation in OF_A_CREATION {
        let (latchstring, _, mut first) = new_user().await;
        latchstring.fail_next(operation, ATTEMPTS).await;
        let refusal = first.completes().await.err().expect("it fails");
        assert_eq!(refusal.kind, "Unavailable", "{operation}");
        first.completes().await.expect("the account is created");
        assert_eq!(latchstring.accounts().await.len(), 1, "{operation}");
    }
}

#[tokio::test]
async fn a_half_created_account_is_unowned_until_it_is_proved_again() {
    let (latchstring, bob, mut first) = new_user().await;
    latchstring
        .fail_next("AdminSetUserPassword", ATTEMPTS)
        .await;
    first.completes().await.err().expect("it fails");
    let accounts = latchstring.accounts().await;
    assert_eq!(accounts.len(), 1);
    assert_eq!(accounts[0].status, "FORCE_CHANGE_PASSWORD");
    assert!(accounts[0].attribute("email") == bob.contact());

    // The client lost the proof: a new code leads to a new one, and to the same account.
    let signed_in = bob.signs_in_for_the_first_time().await;
    assert!(signed_in.username() == accounts[0].username);
    let accounts = latchstring.accounts().await;
    assert_eq!(accounts.len(), 1);
    assert_eq!(accounts[0].status, "CONFIRMED");
    bob.signs_in().await;
}

#[tokio::test]
async fn after_an_unavailable_session_the_next_one_opens() {
    for operation in ["InitiateAuth", "RespondToAuthChallenge"] {
        let latchstring = Latchstring::start().await;
        let ada = latchstring.by_email("ada@example.com");
        latchstring.fail_next(operation, 1).await;
        let refusal = ada.tries_to_request_a_code().await.err().expect("it fails");
        assert_eq!(refusal.kind, "Unavailable", "{operation}");
        assert!(ada.messages().await.is_empty(), "nothing was sent");
        ada.signs_in_for_the_first_time().await;
        assert_eq!(latchstring.accounts().await.len(), 1);
    }
}

#[tokio::test]
async fn a_throttled_call_reveals_no_account_and_charges_nothing() {
    for operation in ["InitiateAuth", "RespondToAuthChallenge"] {
        let latchstring = Latchstring::start().await;
        latchstring.advance_to_the_next(86_400).await;
        let ada = latchstring.by_email("ada@example.com");
        let newcomer = latchstring.by_email("bob@example.com");
        ada.signs_in_for_the_first_time().await;
        latchstring.advance(3_600).await;
        let sent = latchstring.inbox().await.len();
        latchstring.throttle_for(&[(operation, 60)]).await;
        let mut refusals = Vec::new();
        // More than the mailbox's budget for a day.
        for person in [&ada, &newcomer].into_iter().cycle().take(24) {
            let refusal = person.tries_to_request_a_code().await.err();
            let refusal = refusal.expect("it is throttled");
            refusals.push((refusal.kind, refusal.message));
        }
        assert_eq!(refusals[0].0, "Unavailable", "{operation}");
        refusals.dedup();
        assert_eq!(refusals.len(), 1, "{operation}: one answer for both");
        assert_eq!(latchstring.inbox().await.len(), sent, "nothing was sent");
        latchstring.advance(60).await;
        for person in [&ada, &newcomer] {
            let question = person.requests_a_code().await;
            assert_eq!(
                question.number("codeLength"),
                6,
                "{operation}: nothing was charged"
            );
        }
        ada.signs_in().await;
    }
}

#[tokio::test]
async fn an_unavailable_claim_leaves_the_proof_valid() {
    for operation in ["InitiateAuth", "RespondToAuthChallenge"] {
        let (latchstring, _, mut first) = new_user().await;
        latchstring.fail_next(operation, 1).await;
        let refusal = first.completes().await.err().expect("it fails");
        assert_eq!(refusal.kind, "Unavailable", "{operation}");
        first.completes().await.expect("the account is created");
        assert_eq!(latchstring.accounts().await.len(), 1);
    }
}

#[tokio::test]
async fn a_right_code_stays_right_when_the_record_cannot_be_read() {
    let latchstring = Latchstring::start().await;
    let ada = latchstring.by_email("ada@example.com");
    let first = ada.signs_in_for_the_first_time().await;
    let question = ada.requests_a_code().await;
    let code = ada.code().await;
    latchstring.fail_next("AdminGetUser", ATTEMPTS).await;
    let question = question.answer(&code).await.challenge("otp");
    let again = question.answer(&code).await.signed_in();
    assert!(again.sub() == first.sub());
}

#[tokio::test]
async fn a_right_proof_stays_right_when_the_record_cannot_be_read() {
    let latchstring = Latchstring::start().await;
    let bob = latchstring.by_email("bob@example.com");
    let proof = bob.earns_a_proof().await;
    let question = bob.presents(&proof).await.expect("the proof is taken");
    latchstring.fail_next("AdminGetUser", ATTEMPTS).await;
    let question = question.answer(&proof).await.challenge("claim");
    question.answer(&proof).await.signed_in();
}

#[tokio::test]
async fn one_failed_read_of_the_record_is_hidden() {
    let latchstring = Latchstring::start().await;
    let ada = latchstring.by_email("ada@example.com");
    ada.signs_in_for_the_first_time().await;
    let question = ada.requests_a_code().await;
    latchstring.fail_next("AdminGetUser", 1).await;
    question.answer(&ada.code().await).await.signed_in();
}

#[tokio::test]
async fn a_wrong_code_needs_no_record_and_stays_wrong() {
    let latchstring = Latchstring::start().await;
    let ada = latchstring.by_email("ada@example.com");
    ada.signs_in_for_the_first_time().await;
    let question = ada.requests_a_code().await;
    latchstring.fail_next("AdminGetUser", ATTEMPTS).await;
    let question = question
        .answer(&ada.wrong_code().await)
        .await
        .challenge("otp");
    assert_eq!(question.attempts_left(), 2);
}

#[tokio::test]
async fn requesting_a_code_looks_up_no_user() {
    let latchstring = Latchstring::start().await;
    let ada = latchstring.by_email("ada@example.com");
    let bob = latchstring.by_email("bob@example.com");
    ada.signs_in_for_the_first_time().await;
    // A call of one of these would fail the request, or make it slower for one of the two.
    for operation in ["AdminGetUser", "AdminCreateUser", "ListUsers"] {
        latchstring.fail_next(operation, ATTEMPTS).await;
    }
    ada.requests_a_code().await;
    let question = bob.requests_a_code().await;
    let proof = question.answer(&bob.code().await).await.proof();
    // No failure was used.
    let listed = latchstring
        .cognito()
        .list_users()
        .user_pool_id(&latchstring.settings().user_pool_id)
        .send()
        .await;
    assert!(listed.is_err(), "no call reached it");
    let refusal = bob.presents(&proof).await.err().expect("it fails");
    assert_eq!(refusal.kind, "Unavailable");
}

/// An SDK's retry hides one failure, but not an outage.
#[tokio::test]
async fn an_operation_fails_for_its_time_and_no_longer() {
    let latchstring = Latchstring::start().await;
    let ada = latchstring.by_email("ada@example.com");
    let first = ada.signs_in_for_the_first_time().await;
    let question = ada.requests_a_code().await;
    let code = ada.code().await;
    latchstring.fail_for(&[("AdminGetUser", 30)]).await;
    let question = question.answer(&code).await.challenge("otp");
    latchstring.advance(29).await;
    let question = question.answer(&code).await.challenge("otp");
    latchstring.advance(1).await;
    let again = question.answer(&code).await.signed_in();
    assert!(again.sub() == first.sub());
}

#[tokio::test]
async fn a_creation_whose_operation_is_down_goes_on_after_the_outage() {
    for operation in OF_A_CREATION {
        let (latchstring, _, mut first) = new_user().await;
        latchstring.fail_for(&[(operation, 60)]).await;
        for _ in 0..2 {
            let refusal = first.completes().await.err().expect("it fails");
            assert_eq!(refusal.kind, "Unavailable", "{operation}");
        }
        latchstring.advance(60).await;
        first.completes().await.expect("the account is created");
        assert_eq!(latchstring.accounts().await.len(), 1, "{operation}");
    }
}

#[tokio::test]
async fn an_unavailable_store_costs_no_attempt_and_opens_no_flow() {
    let latchstring = Latchstring::start().await;
    let ada = latchstring.by_email("ada@example.com");
    let bob = latchstring.by_email("bob@example.com");
    let question = ada.requests_a_code().await;
    let code = ada.code().await;
    latchstring.fail_for(&[("store", 20)]).await;
    let question = question.answer(&code).await.challenge("otp");
    let refusal = bob.tries_to_request_a_code().await.err().expect("it fails");
    assert_eq!(refusal.kind, "Unavailable");
    assert!(bob.messages().await.is_empty(), "nothing was sent");
    latchstring.advance(20).await;
    let question = question
        .answer(&ada.wrong_code().await)
        .await
        .challenge("otp");
    assert_eq!(question.attempts_left(), 2);
    question.answer(&code).await.right();
    bob.signs_in_for_the_first_time().await;
}

#[tokio::test]
async fn a_message_lost_in_an_outage_arrives_with_a_resend() {
    let latchstring = Latchstring::start().await;
    let ada = latchstring.by_email("ada@example.com");
    latchstring.fail_for(&[("courier", 31)]).await;
    let question = ada.requests_a_code().await;
    latchstring.advance(30).await;
    let question = question.resend().await.challenge("otp");
    assert!(ada.messages().await.is_empty(), "neither arrived");
    latchstring.advance(30).await;
    let question = question.resend().await.challenge("otp");
    assert_eq!(ada.messages().await.len(), 1);
    question.answer(&ada.code().await).await.right();
}

#[tokio::test]
async fn an_unreachable_captcha_service_admits_no_request() {
    let options = Options {
        captcha: true,
        ..Options::default()
    };
    let latchstring = Latchstring::start_with(options).await;
    for typed in ["eve@example.com", "mallory@example.com"] {
        latchstring.by_email(typed).requests_a_code().await;
    }
    let ada = latchstring.by_email("ada@example.com").solving("person-1");
    latchstring.fail_for(&[("captcha", 10)]).await;
    let refusal = ada.tries_to_request_a_code().await.err().expect("it fails");
    assert_eq!(refusal.kind, "Unavailable");
    assert!(ada.messages().await.is_empty(), "nothing was sent");
    latchstring.advance(10).await;
    let question = ada.requests_a_code().await;
    question.answer(&ada.code().await).await.right();
}

#[tokio::test]
async fn an_outage_ends_before_its_time_when_it_is_cleared() {
    let latchstring = Latchstring::start().await;
    let ada = latchstring.by_email("ada@example.com");
    for (name, other) in [("store", "courier"), ("InitiateAuth", "AdminGetUser")] {
        latchstring.fail_for(&[(name, 60)]).await;
        let refusal = ada.tries_to_request_a_code().await.err().expect("it fails");
        assert_eq!(refusal.kind, "Unavailable", "{name}");
        latchstring.fail_for(&[(other, 60)]).await;
        ada.requests_a_code().await;
        // The inbox answers after the delivery, which follows the response.
        latchstring.inbox().await;
        latchstring.fail_for(&[(name, 60), (other, 60)]).await;
        latchstring.fail_for(&[]).await;
        ada.requests_a_code().await;
        let messages = ada.messages().await.len();
        assert_eq!(messages, if other == "courier" { 1 } else { 3 }, "{name}");
    }
}

/// A trigger's error ends the session, so the app starts again; a retry meets the same error.
#[tokio::test]
async fn a_trigger_fails_until_it_is_cleared() {
    let latchstring = Latchstring::start().await;
    let ada = latchstring.by_email("ada@example.com");
    let first = ada.signs_in_for_the_first_time().await;
    for trigger in ["DefineAuthChallenge", "CreateAuthChallenge"] {
        latchstring.fail_triggers(&[trigger]).await;
        for _ in 0..3 {
            let refusal = ada.tries_to_request_a_code().await.err().expect("it fails");
            assert_eq!(refusal.kind, "Unavailable", "{trigger}");
        }
        latchstring.fail_triggers(&[]).await;
    }
    for _ in 0..3 {
        let question = ada.requests_a_code().await;
        let code = ada.code().await;
        latchstring
            .fail_triggers(&["VerifyAuthChallengeResponse"])
            .await;
        let refusal = question.answer(&code).await.refused();
        assert_eq!(refusal.kind, "UserLambdaValidationException");
        latchstring.fail_triggers(&[]).await;
        let refusal = question.answer(&code).await.refused();
        assert_eq!(
            refusal.kind, "NotAuthorizedException",
            "the session has ended"
        );
    }
    let again = ada.signs_in().await;
    assert!(again.sub() == first.sub());
}

#[tokio::test]
async fn names_that_cannot_fail_are_refused_with_those_that_can() {
    let latchstring = Latchstring::start().await;
    for (wanted, known) in [
        (
            json!({"failTriggers": ["CustomMessage"]}),
            "CreateAuthChallenge",
        ),
        (json!({"failTriggers": [""]}), "VerifyAuthChallengeResponse"),
        (
            json!({"failFor": {"stores": 5}}),
            "store, courier, captcha, Admin",
        ),
        (
            json!({"failFor": {"store": 5, "ListDevices": 5}}),
            "RespondToAuthChallenge",
        ),
        (json!({"failNext": "store"}), "AdminGetUser"),
    ] {
        let (status, body) = latchstring.control(&wanted).await;
        assert_eq!(status, 400, "{wanted}");
        let message = body["message"].as_str().expect("a message");
        assert!(message.contains(known), "{wanted}: {message}");
    }
    // The known name beside an unknown one has no effect either.
    latchstring
        .by_email("ada@example.com")
        .signs_in_for_the_first_time()
        .await;
}
