//! An attacker with a stolen access token adds a phone number to the account and keeps access
//! through it. The account owner must be notified.

use crate::production;

latchstring_tests::doors! {
    every: [
        the_owner_is_notified_of_an_added_number,
    ],
}

#[tokio::test]
async fn the_owner_is_notified_of_an_added_number() {
    let latchstring = production().await;
    let owner = latchstring.by_email("victim@example.com");
    let stolen = owner.signs_in_for_the_first_time().await;
    let before = owner.messages().await.len();
    let thief = latchstring.by_phone("+4915123456789");
    let question = stolen.changes_to(&thief).await.expect("it is fresh");
    question.answer(&thief.code().await).await.signed_in();

    let messages = owner.messages().await;
    assert_eq!(messages.len(), before + 1);
    assert!(messages[0].code.is_empty(), "the newest is a notice");
}
