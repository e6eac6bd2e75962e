//! Codes sent to numbers that earn the attacker money: premium-rate numbers, and blocks of ordinary
//! numbers of a colluding operator. (supabase/auth#605, shesha-framework#4773, authgear#5527.)

use crate::{production, refused};
use latchstring_tests::Latchstring;

latchstring_tests::doors! {
    every: [
        a_number_block_gets_thirty_codes_an_hour,
        a_country_gets_two_hundred_unproved_codes_an_hour,
        numbers_with_special_tariffs_get_no_message,
    ],
}

/// Requests codes for numbers with one prefix until one is refused. Returns the number of codes.
async fn pumped(latchstring: &Latchstring, block: &str) -> usize {
    for sent in 0..200 {
        let number = latchstring.by_phone(&format!("{block}{sent:03}"));
        if let Err(refusal) = number.tries_to_request_a_code().await {
            assert_eq!(refusal.kind, "TooManyRequests");
            assert!(number.messages().await.is_empty());
            return sent;
        }
        assert_eq!(number.messages().await.len(), 1);
    }
    panic!("no budget stops it")
}

#[tokio::test]
async fn a_number_block_gets_thirty_codes_an_hour() {
    let latchstring = production().await;
    // A block is the country code and four digits.
    assert_eq!(pumped(&latchstring, "+447400100").await, 30);
    let elsewhere = latchstring.by_phone("+447512345678");
    elsewhere.signs_in_for_the_first_time().await;
    latchstring.advance(3600).await;
    assert_eq!(pumped(&latchstring, "+447400200").await, 30);
}

#[tokio::test]
async fn a_country_gets_two_hundred_unproved_codes_an_hour() {
    let latchstring = production().await;
    let mut sent = 0;
    for block in 0..20 {
        let before = sent;
        for number in 0..15 {
            let typed = format!("+4474{block:02}{number:06}");
            let person = latchstring.by_phone(&typed);
            sent += usize::from(person.tries_to_request_a_code().await.is_ok());
        }
        if sent == before {
            break;
        }
    }
    assert_eq!(sent, 200);
    let abroad = latchstring.by_phone("+14155550132");
    abroad.signs_in_for_the_first_time().await;
}

#[tokio::test]
async fn numbers_with_special_tariffs_get_no_message() {
    let latchstring = production().await;
    for number in [
        "+19005550132",
        "+881612345678",
        "+447012345678",
        "+18005551234",
        "+442071838750",
    ] {
        let person = latchstring.by_phone(number);
        let refusal = refused(person.tries_to_request_a_code().await);
        assert_eq!(refusal.kind, "InvalidIdentifier", "{number}");
    }
    assert!(latchstring.inbox().await.is_empty());
}
