//! Every wrong answer sends a new code, at the cost of the victim and of the deployment. (Seen in a
//! kit of serverless triggers.)

use crate::victim;
use latchstring_tests::Latchstring;

latchstring_tests::doors! {
    every: [
        a_wrong_answer_sends_nothing_and_keeps_the_code,
    ],
}

#[tokio::test]
async fn a_wrong_answer_sends_nothing_and_keeps_the_code() {
    let latchstring = Latchstring::start().await;
    let victim = victim(&latchstring).await;
    let question = victim.requests_a_code().await;
    let sent = victim.messages().await.len();
    let code = victim.code().await;
    let question = question.answer("mistyped").await.challenge("otp");
    let question = question.answer("again").await.challenge("otp");
    assert_eq!(victim.messages().await.len(), sent);
    question.answer(&code).await.signed_in();
}
