//! Whatever is typed becomes an account: the pool fills with other people's addresses, each of them
//! paid for, and their owners find the door taken. (ezauth#197, amazon-cognito-identity-js#502.)

use latchstring_tests::Latchstring;

#[tokio::test]
async fn a_hundred_unproved_addresses_leave_nothing_in_the_pool() {
    let latchstring = Latchstring::start().await;
    for number in 0..100 {
        let stranger = latchstring.by_email(&format!("stranger{number}@example.com"));
        let question = stranger.asks_for_a_code().await;
        question.answer("a guess").await.asked("otp");
    }
    assert_eq!(latchstring.inbox().await.len(), 100, "each was asked");
    assert!(latchstring.accounts().await.is_empty());
    let owner = latchstring.by_email("stranger7@example.com");
    owner.signs_in_for_the_first_time().await;
    assert_eq!(latchstring.accounts().await.len(), 1);
}
