//! A message for each request, without a cooldown: the attacker floods the victim's phone.
//! (amazon-cognito-passwordless-auth's step-up has no cooldown; aws-sdk-js#3488.)

use crate::victim;
use latchstring_tests::Latchstring;

latchstring_tests::doors! {
    every: [
        a_code_is_sent_once_in_thirty_seconds_and_three_times,
    ],
}

#[tokio::test]
async fn a_code_is_sent_once_in_thirty_seconds_and_three_times() {
    let latchstring = Latchstring::start().await;
    let victim = victim(&latchstring).await;
    let before = victim.messages().await.len();
    let mut question = victim.requests_a_code().await;
    for resends in 0..4_usize {
        let sent = before + 1 + resends.min(2);
        latchstring.advance(29).await;
        question = question.resend().await.challenge("otp");
        assert_eq!(victim.messages().await.len(), sent, "after {resends}");
        latchstring.advance(1).await;
        question = question.resend().await.challenge("otp");
    }
    assert_eq!(victim.messages().await.len(), before + 3);
    let code = victim.code().await;
    question.answer(&code).await.signed_in();
}
