//! A missing or empty code is compared with a missing or empty answer, and any answer passes. (In the
//! article that first described this design.)

use crate::victim;
use latchstring_tests::Latchstring;

#[tokio::test]
async fn no_answer_that_says_nothing_is_right() {
    let latchstring = Latchstring::start().await;
    let victim = victim(&latchstring).await;
    for nothing in ["", " ", "0", "null", "undefined", "000000000000"] {
        // With a code on its way, and with none.
        victim
            .asks_for_a_code()
            .await
            .answer(nothing)
            .await
            .asked("otp");
        let opened = latchstring.initiate(victim.contact()).await.asked("select");
        let decoy = opened.select("email", None).await.asked("otp");
        decoy.answer(nothing).await.asked("otp");
    }
}
