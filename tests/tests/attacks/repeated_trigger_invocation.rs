//! Cognito invokes a slow trigger again, and each invocation creates and sends its own code. The
//! user receives three codes, of which one works. (amplify-cli#5425, amplify-js#4805; the
//! best-known defect of custom authentication.)

use crate::victim;
use latchstring_tests::Latchstring;

latchstring_tests::doors! {
    every: [
        three_invocations_send_one_message_and_its_code_works,
    ],
}

#[tokio::test]
async fn three_invocations_send_one_message_and_its_code_works() {
    let latchstring = Latchstring::start().await;
    let victim = victim(&latchstring).await;
    let before = victim.messages().await.len();
    latchstring.invoke_triggers(3).await;
    let question = victim.requests_a_code().await;
    assert_eq!(victim.messages().await.len(), before + 1);
    question.answer(&victim.code().await).await.signed_in();
}
