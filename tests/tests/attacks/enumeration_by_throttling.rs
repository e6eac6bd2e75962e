//! Only an existing account is throttled, or it is throttled earlier or with another error.
//! (SkillsSphere-AI#1484.)

use crate::{production, refused, victim};

#[tokio::test]
async fn throttling_is_equal_with_and_without_an_account() {
    let latchstring = production().await;
    let victim = victim(&latchstring).await;
    let stranger = latchstring.by_email("stranger@example.com");
    // The victim's first sign-in no longer counts.
    latchstring.advance_to_the_next(24 * 3600).await;
    let mut seen = Vec::new();
    for person in [&victim, &stranger] {
        let mut granted = 0;
        let refusal = loop {
            match person.tries_to_request_a_code().await {
                Ok(question) => granted += question.number("codeLength"),
                Err(refusal) => break refusal,
            }
        };
        seen.push((granted, refusal.kind, refusal.message));
    }
    assert!(seen[0] == seen[1]);
    // A request for a ticket is refused with the same error.
    let mut seen = Vec::new();
    for person in [&victim, &stranger] {
        let refusal = refused(person.requests_a_ticket(None).await);
        seen.push((refusal.kind, refusal.message));
    }
    assert!(seen[0] == seen[1]);
}
