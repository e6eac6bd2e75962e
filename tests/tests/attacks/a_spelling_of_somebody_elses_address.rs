//! Another spelling of an address counts as another address, for the budget or for the account: each
//! gives guesses anew. (amplify-js#3949, identity-js#524.)

use crate::production;
use latchstring_tests::Latchstring;

const SPELLINGS: [&str; 4] = [
    "victim@example.com",
    "Victim@Example.COM",
    " victim@example.com ",
    "VICTIM@EXAMPLE.COM",
];

#[tokio::test]
async fn every_spelling_spends_one_budget() {
    let latchstring = production().await;
    let mut sent = 0;
    for spelling in SPELLINGS.into_iter().cycle().take(3 * SPELLINGS.len()) {
        let person = latchstring.by_email(spelling);
        sent += usize::from(person.tries_to_ask_for_a_code().await.is_ok());
    }
    assert_eq!(sent, 6, "a minute's budget, and the extended one");
    assert_eq!(latchstring.inbox().await.len(), 6);
}

#[tokio::test]
async fn every_spelling_opens_one_account() {
    let latchstring = Latchstring::start().await;
    let first = latchstring.by_email(SPELLINGS[0]);
    let sub = first.signs_in_for_the_first_time().await.sub().to_owned();
    for spelling in SPELLINGS {
        let signed_in = latchstring.by_email(spelling).signs_in().await;
        assert!(signed_in.sub() == sub, "{spelling:?}");
    }
    assert_eq!(latchstring.accounts().await.len(), 1);
}
