//! Mail to addresses that do not exist harms the sender's account: SES reviews one at a bounce rate
//! of 5 %. (Adversarial review of this project.)

use crate::production;

latchstring_tests::doors! {
    every: [
        one_domain_gets_a_hundred_unproved_mails_an_hour,
        plus_tags_of_one_mailbox_share_its_budget,
        a_catch_all_domain_gets_fifty_accounts_a_day,
    ],
}

#[tokio::test]
async fn one_domain_gets_a_hundred_unproved_mails_an_hour() {
    let latchstring = production().await;
    let mut sent = 0;
    for number in 0..250 {
        let person = latchstring.by_email(&format!("made-up-{number}@example.com"));
        sent += usize::from(person.tries_to_request_a_code().await.is_ok());
    }
    assert_eq!(sent, 100);
    let elsewhere = latchstring.by_email("victim@example.org");
    elsewhere.signs_in_for_the_first_time().await;
}

#[tokio::test]
async fn plus_tags_of_one_mailbox_share_its_budget() {
    let latchstring = production().await;
    let mut sent = 0;
    for tag in 0..150 {
        let person = latchstring.by_email(&format!("victim+{tag}@example.com"));
        sent += usize::from(person.tries_to_request_a_code().await.is_ok());
    }
    assert_eq!(sent, 6 + 2, "with two of the slot");
    // They remain different accounts.
    latchstring.advance(3600).await;
    let tagged = latchstring.by_email("victim+1@example.com");
    let of_tagged = tagged.signs_in_for_the_first_time().await;
    latchstring.advance(60).await;
    let plain = latchstring.by_email("victim@example.com");
    let of_plain = plain.signs_in_for_the_first_time().await;
    assert_ne!(of_tagged.sub(), of_plain.sub());
}

#[tokio::test]
async fn a_catch_all_domain_gets_fifty_accounts_a_day() {
    let latchstring = production().await;
    let mut made = 0;
    for number in 0..60 {
        let person = latchstring.by_email(&format!("user{number}@catch-all.example"));
        let mut first = person.nearly_signs_in().await;
        made += usize::from(first.completes().await.is_ok());
    }
    assert_eq!(made, 50);
    latchstring
        .by_email("victim@example.com")
        .signs_in_for_the_first_time()
        .await;
}
