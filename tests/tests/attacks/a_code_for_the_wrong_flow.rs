//! The attacker requests a code to their own mailbox and answers the victim's session with it.

use crate::victim;
use latchstring_tests::Latchstring;

#[tokio::test]
async fn my_code_does_not_answer_your_session() {
    let latchstring = Latchstring::start().await;
    let victim = victim(&latchstring).await;
    let attacker = latchstring.by_email("attacker@example.com");
    attacker.asks_for_a_code().await;
    let code = attacker.code().await;
    let session = victim.asks_for_a_code().await;
    let asked = session.answer(&code).await.asked("otp");
    assert_eq!(
        asked.attempts_left(),
        2,
        "it is a wrong answer like any other"
    );
}
