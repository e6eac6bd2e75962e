//! A missing or empty code is compared with a missing or empty answer, and every answer passes.
//! (Seen in the article that first described this design.)

use crate::victim;
use latchstring_tests::Latchstring;

latchstring_tests::doors! {
    both: [
        an_empty_answer_is_never_right,
    ],
}

#[tokio::test]
async fn an_empty_answer_is_never_right() {
    let latchstring = Latchstring::start().await;
    let victim = victim(&latchstring).await;
    // The HTTP door refuses an empty text as no answer; the others are answers there too.
    let empty = victim.requests_a_code().await.answer("").await;
    assert!(!empty.is_right());
    for empty in [" ", "0", "null", "undefined", "000000000000"] {
        // With a code that was sent, and in a session without one.
        victim
            .requests_a_code()
            .await
            .answer(empty)
            .await
            .challenge("otp");
        let opened = latchstring
            .initiate(victim.contact())
            .await
            .challenge("select");
        let decoy = opened.select("email", None).await.challenge("otp");
        decoy.answer(empty).await.challenge("otp");
    }
}
