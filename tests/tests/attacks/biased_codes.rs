//! A random number generator with an off-by-one range never produces one digit, or one code, and
//! guesses are more likely to be right. (Seen in aws-samples/amazon-cognito-passwordless-auth, in
//! Amplify's passwordless construct, and in Hanko.)

use std::collections::BTreeSet;

use latchstring_tests::Latchstring;

latchstring_tests::doors! {
    Create: [
        every_digit_occurs_in_every_position,
    ],
}

#[tokio::test]
async fn every_digit_occurs_in_every_position() {
    let latchstring = Latchstring::start().await;
    let mut seen = vec![BTreeSet::new(); 6];
    // 250 codes leave out one of the 60 with odds of 60 * 0.9^250, one in five billion.
    for number in 0..250 {
        let person = latchstring.by_email(&format!("person{number}@example.com"));
        person.requests_a_code().await;
        for (place, digit) in person.code().await.chars().take(6).enumerate() {
            seen[place].insert(digit);
        }
    }
    let all: BTreeSet<char> = ('0'..='9').collect();
    for (place, digits) in seen.into_iter().enumerate() {
        assert_eq!(digits, all, "place {place}");
    }
}
