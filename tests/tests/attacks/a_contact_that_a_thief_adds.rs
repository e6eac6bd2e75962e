//! A thief with a stolen access token that is still fresh adds a number of their own to the
//! account, and signs in by it for good. The owner has to hear of it.

use crate::production;

#[tokio::test]
async fn the_owner_hears_of_a_number_that_was_added() {
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
