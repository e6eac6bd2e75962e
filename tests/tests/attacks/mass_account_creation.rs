//! Every typed address becomes an account. The pool fills with addresses of other users, each
//! account is billed, and the address owners cannot sign up. (ezauth#197,
//! amazon-cognito-identity-js#502.)

use latchstring_tests::Latchstring;

latchstring_tests::doors! {
    every: [
        a_hundred_unproved_addresses_create_no_account,
    ],
}

#[tokio::test]
async fn a_hundred_unproved_addresses_create_no_account() {
    let latchstring = Latchstring::start().await;
    for number in 0..100 {
        let stranger = latchstring.by_email(&format!("stranger{number}@example.com"));
        let question = stranger.requests_a_code().await;
        question.answer("a guess").await.challenge("otp");
    }
    assert_eq!(latchstring.inbox().await.len(), 100, "each received a code");
    assert!(latchstring.accounts().await.is_empty());
    let owner = latchstring.by_email("stranger7@example.com");
    owner.signs_in_for_the_first_time().await;
    assert_eq!(latchstring.accounts().await.len(), 1);
}
