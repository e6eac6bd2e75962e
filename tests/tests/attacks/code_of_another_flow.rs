//! The attacker requests a code for their own mailbox and enters it in the victim's session.

use crate::victim;
use latchstring_tests::Latchstring;

latchstring_tests::doors! {
    every: [
        a_code_does_not_answer_another_users_session,
    ],
}

#[tokio::test]
async fn a_code_does_not_answer_another_users_session() {
    let latchstring = Latchstring::start().await;
    let victim = victim(&latchstring).await;
    let attacker = latchstring.by_email("attacker@example.com");
    attacker.requests_a_code().await;
    let code = attacker.code().await;
    let session = victim.requests_a_code().await;
    let asked = session.answer(&code).await.challenge("otp");
    assert_eq!(asked.attempts_left(), 2, "it counts as a wrong answer");
}
