//! An attacker has events published at the operator's expense, or reads a contact in them.
//! (Adversarial review of this project.)

use latchstring_tests::{Latchstring, Person};
use serde_json::Value;

use crate::production;

latchstring_tests::doors! {
    every: [
        an_attacker_causes_events_of_spent_codes_only,
    ],
}

/// Longer than an event waits for the sweeper.
const OVERDUE: u64 = 61;

/// Answers a code wrong as often as it permits.
async fn gives_up(contact: &Person) {
    let mut question = contact.requests_a_code().await;
    for guess in ["wrong 1", "wrong 2"] {
        question = question.answer(guess).await.challenge("otp");
    }
    question.answer("wrong 3").await.failed();
}

fn kinds(events: &[Value]) -> Vec<&str> {
    let kinds = events.iter().map(|event| event["detail-type"].as_str());
    kinds.map(Option::unwrap_or_default).collect()
}

#[tokio::test]
async fn an_attacker_causes_events_of_spent_codes_only() {
    let latchstring: Latchstring = production().await;
    let victim = latchstring.by_email("victim@example.com");
    let no_account = latchstring.by_email("no.account@example.com");
    victim.signs_in_for_the_first_time().await;
    let before = latchstring.events().await.len();

    // Requests, without an answer and with one wrong answer.
    for contact in [&victim, &no_account] {
        contact.requests_a_code().await;
        latchstring.advance(600).await;
        let question = contact.requests_a_code().await;
        question.answer("wrong 1").await.challenge("otp");
        latchstring.advance(600).await;
    }
    assert_eq!(latchstring.events().await.len(), before, "nothing happened");

    // The guesses of the day end with the third code: its last answer is not compared.
    for spent in [1, 2, 2] {
        for contact in [&victim, &no_account] {
            gives_up(contact).await;
        }
        latchstring.advance(600).await;
        let events = latchstring.events().await.split_off(before);
        assert_eq!(kinds(&events), vec!["SignInRefused"; spent]);
        for contact in [&victim, &no_account] {
            let text = events.iter().map(Value::to_string).collect::<String>();
            assert!(!text.contains(contact.contact()), "{text}");
        }
    }

    // What was published comes again by no request.
    latchstring.advance(OVERDUE).await;
    assert_eq!(latchstring.events().await.len(), before + 2);
}
