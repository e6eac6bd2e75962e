//! Only an existing account is throttled, or it is throttled earlier or with another error.
//! (SkillsSphere-AI#1484.)

use crate::{production, refused, victim};

latchstring_tests::doors! {
    every: [
        throttling_is_equal_with_and_without_an_account,
    ],
}

#[tokio::test]
async fn throttling_is_equal_with_and_without_an_account() {
    let latchstring = production().await;
    let victim = victim(&latchstring).await;
    let stranger = latchstring.by_email("stranger@example.com");
    let mut slots = Vec::new();
    // The victim's first sign-in no longer counts.
    latchstring.advance_to_the_next(24 * 3600).await;
    let mut seen = Vec::new();
    for person in [&victim, &stranger] {
        let mut granted = 0;
        let question = loop {
            let question = person.requests_a_code().await;
            match question.number("codeLength") {
                12 => break question,
                digits => granted += digits,
            }
        };
        seen.push((granted, question.number("expiresIn")));
        slots.push(person.messages().await.len());
    }
    assert!(seen[0] == seen[1]);
    // The victim's first sign-in had a message.
    assert_eq!(slots[0], slots[1] + 1);
    // An SMS is refused with the same error, with and without an account.
    let numbers = ["+447512345678", "+447512345679"].map(|number| latchstring.by_phone(number));
    numbers[0].signs_in_for_the_first_time().await;
    latchstring.advance_to_the_next(24 * 3600).await;
    let mut seen = Vec::new();
    for person in &numbers {
        while person.tries_to_request_a_code().await.is_ok() {}
        let refusal = refused(person.requests_a_ticket(None).await);
        seen.push((refusal.kind, refusal.message));
    }
    assert!(seen[0] == seen[1]);
}
