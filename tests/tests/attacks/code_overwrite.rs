//! With one record an account, a second sign-in by any caller overwrites the first code, and a
//! second attempt finds no record. (Seen in a widely copied Terraform module.)

use crate::victim;
use latchstring_tests::Latchstring;

latchstring_tests::doors! {
    every: [
        an_attackers_request_does_not_replace_the_victims_code,
    ],
}

#[tokio::test]
async fn an_attackers_request_does_not_replace_the_victims_code() {
    let latchstring = Latchstring::start().await;
    let victim = victim(&latchstring).await;
    let typing = victim.requests_a_code().await;
    let code = victim.code().await;
    for _ in 0..5 {
        let strangers = victim.requests_a_code().await;
        strangers.answer("wrong").await.challenge("otp");
    }
    let again = typing.answer("mistyped").await.challenge("otp");
    again.answer(&code).await.signed_in();
}
