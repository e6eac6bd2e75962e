//! The CAPTCHA after the circuit breaker of mail has tripped: a known and an unknown user get equal
//! responses, and a solved CAPTCHA permits a sign-in.

use latchstring_local::Options;
use latchstring_tests::{Latchstring, Person, Refusal};

latchstring_tests::doors! {
    every: [
        a_required_captcha_is_equal_with_and_without_an_account,
        a_captcha_response_that_was_not_required_stays_valid,
    ],
    // With a ticket, which session mode has not.
    both: [
        a_solved_captcha_permits_one_sign_in_once,
    ],
}

/// Starts a service that requires a CAPTCHA from the third unproved mail on, and sends two.
async fn sprayed() -> Latchstring {
    let options = Options {
        captcha: true,
        ..Options::default()
    };
    let latchstring = Latchstring::start_with(options).await;
    for typed in ["eve@example.com", "mallory@example.com"] {
        latchstring.by_email(typed).requests_a_code().await;
    }
    latchstring
}

async fn refused(person: &Person) -> Refusal {
    let refused = person.tries_to_request_a_code().await;
    refused.err().expect("it is refused")
}

#[tokio::test]
async fn a_solved_captcha_permits_one_sign_in_once() {
    let latchstring = sprayed().await;
    let ada = latchstring.by_email("ada@example.com");
    assert_eq!(refused(&ada).await.kind, "CaptchaRequired");
    assert!(ada.messages().await.is_empty(), "nothing was sent");

    let solved = ada.clone().solving("person-1");
    let question = solved.requests_a_code().await;
    // A proof needs no captcha.
    ada.completes(question.answer(&ada.code().await).await)
        .await;

    assert_eq!(refused(&solved).await.kind, "CaptchaRequired", "used");
    let wrong = ada.clone().solving("person-100");
    assert_eq!(refused(&wrong).await.kind, "CaptchaRequired");
    let ticket = ada.requests_a_ticket(None).await.err().expect("refused");
    assert_eq!(ticket.kind, "CaptchaRequired");
    let again = ada.solving("person-2").requests_a_ticket(None).await;
    assert!(again.is_ok(), "a ticket for a captcha");
}

#[tokio::test]
async fn a_required_captcha_is_equal_with_and_without_an_account() {
    let options = Options {
        captcha: true,
        ..Options::default()
    };
    let latchstring = Latchstring::start_with(options).await;
    let ada = latchstring.by_email("ada@example.com");
    ada.signs_in_for_the_first_time().await;
    let bob = latchstring.by_email("bob@example.com");
    for typed in ["eve@example.com", "mallory@example.com"] {
        latchstring.by_email(typed).requests_a_code().await;
    }
    for answer in [None, Some("nonsense")] {
        let [known, unknown] = [&ada, &bob].map(|person| match answer {
            None => person.clone(),
            Some(answer) => person.clone().solving(answer),
        });
        let (known, unknown) = (refused(&known).await, refused(&unknown).await);
        assert_eq!(known.kind, unknown.kind);
        assert_eq!(known.message, unknown.message);
    }
}

#[tokio::test]
async fn a_captcha_response_that_was_not_required_stays_valid() {
    let latchstring = Latchstring::start_with(Options {
        captcha: true,
        ..Options::default()
    })
    .await;
    let ada = latchstring.by_email("ada@example.com").solving("person-1");
    ada.requests_a_code().await;
    ada.requests_a_code().await;
    ada.requests_a_code().await;
    assert_eq!(
        refused(&ada).await.kind,
        "CaptchaRequired",
        "the third request used the response"
    );
}
