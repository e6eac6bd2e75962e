//! Production's budgets: 2 codes a minute, 5 an hour and 10 a day for one address, whoever asks
//! and whether or not anybody has it.

use latchstring_local::Options;
use latchstring_tests::{Latchstring, Person};

const DAY: u64 = 24 * 3600;

/// A service that keeps production's budgets, at the beginning of a day.
async fn strict() -> Latchstring {
    let options = Options {
        strict: true,
        ..Options::default()
    };
    let latchstring = Latchstring::start_with(options).await;
    latchstring.advance_to_the_next(DAY).await;
    latchstring
}

/// Asks for so many codes, all of which are sent.
async fn asks(person: &Person, codes: usize) {
    let before = person.messages().await.len();
    for _ in 0..codes {
        person.asks_for_a_code().await;
    }
    assert_eq!(person.messages().await.len(), before + codes);
}

/// Asks for one too many: what is said.
async fn is_refused(person: &Person) -> String {
    let before = person.messages().await.len();
    let refusal = person
        .tries_to_ask_for_a_code()
        .await
        .err()
        .expect("it is one too many");
    assert_eq!(refusal.kind, "TooManyRequests");
    assert_eq!(person.messages().await.len(), before, "nothing was sent");
    refusal.message
}

#[tokio::test]
async fn there_are_two_codes_a_minute_five_an_hour_and_ten_a_day() {
    let latchstring = strict().await;
    let ada = latchstring.by_email("ada@example.com");
    for hour in 0..2 {
        asks(&ada, 2).await;
        assert!(is_refused(&ada).await.contains("seconds"));
        latchstring.advance(60).await;
        asks(&ada, 2).await;
        latchstring.advance(60).await;
        asks(&ada, 1).await;
        let unit = ["minutes", "hours"][hour];
        assert!(is_refused(&ada).await.contains(unit), "hour {hour}");
        latchstring.advance(3600).await;
    }
    is_refused(&ada).await;
    latchstring.advance(DAY).await;
    asks(&ada, 2).await;
}

#[tokio::test]
async fn a_refusal_says_the_same_of_a_stranger_and_of_a_user() {
    let latchstring = strict().await;
    let known = latchstring.by_email("ada@example.com");
    let stranger = latchstring.by_email("bob@example.com");
    known.signs_in_for_the_first_time().await;
    latchstring.advance(DAY).await;
    let mut said = Vec::new();
    for person in [&known, &stranger] {
        asks(person, 2).await;
        let message = is_refused(person).await;
        // The seconds that are left differ by the time between the two.
        said.push(message.replace(|c: char| c.is_ascii_digit(), ""));
    }
    assert!(said[0] == said[1], "the words are the same");
}

#[tokio::test]
async fn all_spellings_of_an_address_share_one_budget_and_another_address_has_its_own() {
    let latchstring = strict().await;
    asks(&latchstring.by_email("ada@example.com"), 1).await;
    asks(&latchstring.by_email(" ADA@Example.com "), 1).await;
    is_refused(&latchstring.by_email("aDa@example.com")).await;
    asks(&latchstring.by_email("bob@example.com"), 2).await;
}

#[tokio::test]
async fn a_ticket_is_charged_like_a_code_and_a_proof_is_not_charged() {
    let latchstring = strict().await;
    let ada = latchstring.by_email("ada@example.com");
    let proof = ada.earns_a_proof().await;
    ada.ticket().await;
    is_refused(&ada).await;
    let refusal = ada
        .asks_for_a_ticket(None)
        .await
        .err()
        .expect("one too many");
    assert_eq!(refusal.kind, "TooManyRequests");
    let question = ada.presents(&proof).await.expect("a proof is free");
    question.answer(&proof).await.signed_in();
}

#[tokio::test]
async fn fifty_requests_at_once_get_two_codes() {
    let latchstring = strict().await;
    let ada = latchstring.by_email("ada@example.com");
    let asking: Vec<_> = (0..50)
        .map(|_| {
            let ada = ada.clone();
            tokio::spawn(async move { ada.tries_to_ask_for_a_code().await.is_ok() })
        })
        .collect();
    let mut granted = 0;
    for asked in asking {
        granted += usize::from(asked.await.expect("each is answered"));
    }
    assert_eq!(granted, 2);
    assert_eq!(ada.messages().await.len(), 2);
}

#[tokio::test]
async fn the_owner_signs_in_on_a_known_device_after_a_stranger_has_spent_the_day() {
    let latchstring = strict().await;
    let ada = latchstring.by_email("ada@example.com");
    let device = ada.signs_in_for_the_first_time().await;
    let device = device.remembers_the_device().await.expect("signed in");
    latchstring.advance(DAY).await;
    for _ in 0..2 {
        asks(&ada, 2).await;
        latchstring.advance(60).await;
        asks(&ada, 2).await;
        latchstring.advance(60).await;
        asks(&ada, 1).await;
        latchstring.advance(3600).await;
    }
    is_refused(&ada).await;
    let at_home = ada.clone().on_device(&device);
    let question = at_home.asks_for_a_code().await;
    let code = at_home.code().await;
    assert_eq!(code.len(), 6, "a stranger's codes have long been longer");
    question.answer(&code).await.signed_in();
    is_refused(&ada).await;
    let of_another = latchstring.by_email("bob@example.com").on_device(&device);
    asks(&of_another, 2).await;
    is_refused(&of_another).await;
}

#[tokio::test]
async fn codes_lengthen_after_three_that_nobody_proved() {
    let latchstring = strict().await;
    let ada = latchstring.by_email("ada@example.com");
    let mut digits = Vec::new();
    for _ in 0..4 {
        let question = ada.asks_for_a_code().await;
        let code = ada.code().await;
        assert_eq!(question.number("codeLength"), code.len() as u64);
        digits.push(code.len());
        latchstring.advance(1800).await;
    }
    assert_eq!(digits, [6, 6, 6, 8]);
    ada.signs_in_for_the_first_time().await;
}

#[tokio::test]
async fn only_who_is_signed_in_is_remembered() {
    let latchstring = Latchstring::start().await;
    let query = "mutation { rememberDevice { device expiresIn } }";
    let refusal = latchstring
        .graphql("rememberDevice", query, serde_json::json!({}))
        .await
        .expect_err("an API key is nobody's");
    assert_eq!(refusal.kind, "Unauthorized");
    let ada = latchstring.by_email("ada@example.com");
    let signed_in = ada.signs_in_for_the_first_time().await;
    let refused = signed_in
        .with_the_wrong_token()
        .remembers_the_device()
        .await;
    assert_eq!(
        refused.err().map(|refusal| refusal.kind),
        Some("NotSignedIn".to_owned())
    );
}

#[tokio::test]
async fn here_everybody_may_try_things_out_twenty_times_a_minute() {
    let latchstring = Latchstring::start().await;
    asks(&latchstring.by_email("ada@example.com"), 20).await;
}
