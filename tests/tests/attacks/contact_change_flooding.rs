//! A signed-in caller changes their own address repeatedly and so has codes sent to any address. A
//! CAPTCHA at sign-in alone does not prevent that.

use crate::{production, refused, victim};

latchstring_tests::doors! {
    every: [
        an_account_sends_codes_to_ten_new_contacts_a_day,
    ],
}

#[tokio::test]
async fn an_account_sends_codes_to_ten_new_contacts_a_day() {
    let latchstring = production().await;
    let attacker = victim(&latchstring).await.signs_in().await;
    for number in 0..10 {
        let stranger = latchstring.by_email(&format!("stranger{number}@example.com"));
        attacker.changes_to(&stranger).await.expect("it is sent");
        assert_eq!(stranger.messages().await.len(), 1);
    }
    let next = latchstring.by_email("next@example.com");
    let refusal = refused(attacker.changes_to(&next).await);
    assert_eq!(refusal.kind, "TooManyRequests");
    assert!(next.messages().await.is_empty());
}
