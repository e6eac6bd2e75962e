//! A missing or empty code is compared with a missing or empty answer, and every answer passes.
//! (Seen in the article that first described this design.)

use crate::victim;
use latchstring_tests::Latchstring;

#[tokio::test]
async fn an_empty_answer_is_never_right() {
    let latchstring = Latchstring::start().await;
    let victim = victim(&latchstring).await;
    for empty in ["", " ", "0", "null", "undefined", "000000000000"] {
        // With a code that was sent, and in a session without one.
        victim
            .asks_for_a_code()
            .await
            .answer(empty)
            .await
            .asked("otp");
        let opened = latchstring.initiate(victim.contact()).await.asked("select");
        let decoy = opened.select("email", None).await.asked("otp");
        decoy.answer(empty).await.asked("otp");
    }
}
