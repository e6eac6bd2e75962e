//! Events: what a subscriber gets of a user's doings, whatever the door.

use latchstring_tests::{Latchstring, Person, SignedIn};
use serde_json::Value;

latchstring_tests::doors! {
    every: [
        a_first_sign_in_and_the_next_are_published,
        a_refused_sign_in_is_published_for_an_account_only,
        a_remembered_device_is_published_at_once_and_once,
    ],
}

async fn kinds(latchstring: &Latchstring) -> Vec<String> {
    let kind = |event: &Value| event["detail-type"].as_str().unwrap_or_default().to_owned();
    latchstring.events().await.iter().map(kind).collect()
}

#[tokio::test]
async fn a_first_sign_in_and_the_next_are_published() {
    let latchstring = Latchstring::start().await;
    let contacts = [
        latchstring.by_email("ada@example.com"),
        latchstring.by_phone("+1 415 555 0132"),
    ];
    for ada in contacts {
        let before = latchstring.events().await.len();
        let joined: SignedIn = ada.signs_in_for_the_first_time().await;
        ada.signs_in().await;
        let events = latchstring.events().await.split_off(before);
        let kinds: Vec<_> = events.iter().map(|event| &event["detail-type"]).collect();
        assert_eq!(kinds, ["AccountCreated", "SignedIn", "SignedIn"]);
        for event in &events {
            assert_eq!(event["source"], "latchstring");
            let detail = &event["detail"];
            assert_eq!(detail["sub"].as_str(), Some(joined.sub()));
            assert_eq!(detail["client"], latchstring.settings().client_id);
            let is_mail = ada.contact().contains('@');
            assert_eq!(
                detail["method"],
                if is_mail { "email" } else { "phone_number" }
            );
            assert!(!event.to_string().contains(ada.contact()), "{event}");
        }
        assert_ne!(events[1]["detail"]["id"], events[2]["detail"]["id"]);
    }
}

async fn gives_up(contact: &Person) {
    let question = contact.requests_a_code().await;
    let wrong = contact.wrong_codes(3).await;
    let question = question.answer(&wrong[0]).await.challenge("otp");
    let question = question.answer(&wrong[1]).await.challenge("otp");
    question.answer(&wrong[2]).await.failed();
}

/// The sweeper publishes it, so that no function is busy for longer where there is an account.
#[tokio::test]
async fn a_refused_sign_in_is_published_for_an_account_only() {
    let latchstring = Latchstring::start().await;
    latchstring.stop_clock().await;
    let ada = latchstring.by_email("ada@example.com");
    ada.signs_in_for_the_first_time().await;
    for (contact, expected) in [(latchstring.by_email("bob@example.com"), 0), (ada, 1)] {
        gives_up(&contact).await;
        assert_eq!(kinds(&latchstring).await.len(), 2, "not yet overdue");
        latchstring.advance(31).await;
        let refused = kinds(&latchstring).await.split_off(2);
        assert_eq!(refused, vec!["SignInRefused"; expected]);
    }
}

#[tokio::test]
async fn a_remembered_device_is_published_at_once_and_once() {
    let latchstring = Latchstring::start().await;
    latchstring.stop_clock().await;
    let ada = latchstring.by_email("ada@example.com");
    let signed_in = ada.signs_in_for_the_first_time().await;
    for _ in 0..2 {
        signed_in.remembers_the_device().await.expect("signed in");
        // Not by the sweeper: it is not overdue.
        let last = kinds(&latchstring).await.split_off(2);
        assert_eq!(last, ["DeviceRemembered"]);
    }
    latchstring.advance(60).await;
    assert_eq!(kinds(&latchstring).await.len(), 3);
}
