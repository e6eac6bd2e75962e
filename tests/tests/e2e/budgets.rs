//! The default budgets: for one address 2 codes a minute, 5 an hour and 10 a day, and then 4, 30 and
//! 100 codes of ten digits. They hold for every caller, with and without an account.

use latchstring_local::Options;
use latchstring_tests::{Latchstring, Person};

latchstring_tests::doors! {
    every: [
        beyond_two_codes_a_minute_there_are_four_of_ten_digits,
        an_owner_signs_in_by_the_code_of_the_slot,
        a_day_has_a_hundred_and_ten_codes,
        a_refusal_reads_the_same_with_and_without_an_account,
        all_spellings_of_one_address_share_one_budget,
        fifty_requests_at_once_send_no_more_than_the_budget,
        an_owner_on_a_known_device_signs_in_after_the_day_is_spent,
        codes_lengthen_after_eight_wrong_answers,
        devices_that_were_forgotten_draw_on_the_common_budget_again,
        the_local_service_allows_twenty_codes_a_minute,
    ],
    GraphQl: [
        only_a_signed_in_user_is_remembered,
    ],
    Proof: [
        a_ticket_is_charged_when_redeemed_and_a_proof_is_not,
    ],
}

const DAY: u64 = 24 * 3600;

/// Starts a service with the default budgets, at the beginning of a day.
async fn strict() -> Latchstring {
    let options = Options {
        strict: true,
        ..Options::default()
    };
    let latchstring = Latchstring::start_with(options).await;
    latchstring.advance_to_the_next(DAY).await;
    latchstring
}

/// Requests this number of codes, all of which are sent.
async fn asks(person: &Person, codes: usize) {
    let before = person.messages().await.len();
    for _ in 0..codes {
        person.requests_a_code().await;
    }
    assert_eq!(person.messages().await.len(), before + codes);
}

/// Requests one code too many. It is in slot mode.
async fn is_in_slot_mode(person: &Person) {
    assert!(!person.has_a_code_left().await, "a budget is spent");
}

/// Requests one SMS too many, which has no slots without a CAPTCHA. Returns the refusal.
async fn is_refused(person: &Person) -> String {
    let before = person.messages().await.len();
    let refusal = person
        .tries_to_request_a_code()
        .await
        .err()
        .expect("the request is refused");
    assert_eq!(refusal.kind, "TooManyRequests");
    assert_eq!(person.messages().await.len(), before, "nothing was sent");
    refusal.message
}

/// Returns the lengths of the codes for this number of requests.
async fn lengths(person: &Person, codes: usize) -> Vec<u64> {
    let mut lengths = Vec::new();
    for _ in 0..codes {
        let question = person.requests_a_code().await;
        lengths.push(question.number("codeLength"));
    }
    lengths
}

#[tokio::test]
async fn beyond_two_codes_a_minute_there_are_four_of_ten_digits() {
    let latchstring = strict().await;
    let ada = latchstring.by_email("ada@example.com");
    assert_eq!(lengths(&ada, 6).await, [6, 6, 10, 10, 10, 10]);
    is_in_slot_mode(&ada).await;
    latchstring.advance(60).await;
    assert_eq!(lengths(&ada, 3).await, [6, 6, 10]);
    latchstring.advance(60).await;
    assert_eq!(lengths(&ada, 2).await, [6, 10], "five an hour");
    latchstring.advance(3600).await;
    assert_eq!(lengths(&ada, 1).await, [6]);
}

/// An attacker spends the codes of an address, and causes the message of the slot. The owner signs in
/// by it on a new browser, at once and in the next slot.
#[tokio::test]
async fn an_owner_signs_in_by_the_code_of_the_slot() {
    let latchstring = strict().await;
    let ada = latchstring.by_email("ada@example.com");
    ada.signs_in_for_the_first_time().await;
    latchstring.stop_clock().await;
    latchstring.advance_to_the_next(600).await;
    for typed in [str::to_uppercase, str::to_lowercase] {
        while ada.has_a_code_left().await {}
        let sent = ada.messages().await.len();
        let question = ada.requests_a_code().await;
        assert_eq!(ada.messages().await.len(), sent, "one message in a slot");
        assert_eq!(question.number("codeLength"), 12);
        let code = ada.code().await;
        assert_eq!(code.len(), 12);
        let hyphens = format!("{}-{}-{}", &code[..4], &code[4..8], &code[8..]);
        let wrong = question.answer("0000-0000-0000").await.challenge("otp");
        assert_eq!(wrong.parameters()["codeAlphabet"], "base32");
        let answered = wrong.answer(&typed(&hyphens)).await;
        answered.signed_in();
        let question = ada.requests_a_code().await;
        question.answer(&typed(&code)).await.signed_in();
        latchstring.advance(600).await;
    }
}

#[tokio::test]
async fn a_day_has_a_hundred_and_ten_codes() {
    let latchstring = strict().await;
    let ada = latchstring.by_email("ada@example.com");
    let mut codes = 0;
    for hour in 0..5 {
        for _ in 0..12 {
            while ada.has_a_code_left().await {
                codes += 1;
            }
            latchstring.advance(60).await;
        }
        latchstring.advance(3600 - 12 * 60).await;
        assert!(hour > 0 || codes == 35, "{codes} in the first hour");
    }
    assert_eq!(codes, 110);
    is_in_slot_mode(&ada).await;
    latchstring.advance(DAY).await;
    asks(&ada, 2).await;
}

#[tokio::test]
async fn a_refusal_reads_the_same_with_and_without_an_account() {
    let latchstring = strict().await;
    let known = latchstring.by_phone("+14155550132");
    let stranger = latchstring.by_phone("+14155550133");
    known.signs_in_for_the_first_time().await;
    latchstring.advance(DAY).await;
    let mut said = Vec::new();
    for person in [&known, &stranger] {
        asks(person, 6).await;
        let message = is_refused(person).await;
        // The remaining seconds differ by the time between the two requests.
        said.push(message.replace(|c: char| c.is_ascii_digit(), ""));
    }
    assert!(said[0] == said[1], "the texts are equal");
}

#[tokio::test]
async fn all_spellings_of_one_address_share_one_budget() {
    let latchstring = strict().await;
    asks(&latchstring.by_email("ada@example.com"), 3).await;
    asks(&latchstring.by_email(" ADA@Example.com "), 3).await;
    is_in_slot_mode(&latchstring.by_email("aDa@example.com")).await;
    is_in_slot_mode(&latchstring.by_email("ada+tag@example.com")).await;
    asks(&latchstring.by_email("bob@example.com"), 2).await;
}

#[tokio::test]
async fn a_ticket_is_charged_when_redeemed_and_a_proof_is_not() {
    let latchstring = strict().await;
    let ada = latchstring.by_phone("+14155550132");
    let proof = ada.earns_a_proof().await;
    for _ in 0..50 {
        ada.ticket().await;
    }
    asks(&ada, 5).await;
    is_refused(&ada).await;
    let refusal = ada
        .requests_a_ticket(None)
        .await
        .err()
        .expect("one too many");
    assert_eq!(refusal.kind, "TooManyRequests");
    let question = ada.presents(&proof).await.expect("a proof is free");
    question.answer(&proof).await.signed_in();
}

#[tokio::test]
async fn fifty_requests_at_once_send_no_more_than_the_budget() {
    let latchstring = strict().await;
    let ada = latchstring.by_email("ada@example.com");
    let asking: Vec<_> = (0..50)
        .map(|_| {
            let ada = ada.clone();
            tokio::spawn(async move { ada.tries_to_request_a_code().await.is_ok() })
        })
        .collect();
    let mut granted = 0;
    for asked in asking {
        granted += usize::from(asked.await.expect("each is answered"));
    }
    // Concurrent requests compete for the same two codes, and for the message of one slot.
    let sent = ada.messages().await.len();
    assert!((2..=7).contains(&sent), "{sent}");
    assert!(granted >= sent, "{granted}");
}

#[tokio::test]
async fn an_owner_on_a_known_device_signs_in_after_the_day_is_spent() {
    let latchstring = strict().await;
    let ada = latchstring.by_email("ada@example.com");
    let device = ada.signs_in_for_the_first_time().await;
    let device = device.remembers_the_device().await.expect("signed in");
    latchstring.advance(DAY).await;
    while latchstring
        .by_email("ada@example.com")
        .has_a_code_left()
        .await
    {}
    is_in_slot_mode(&ada).await;
    let at_home = ada.clone().on_device(&device);
    let question = at_home.requests_a_code().await;
    let code = at_home.code().await;
    assert_eq!(
        code.len(),
        6,
        "the codes of an unknown requester have ten digits by now"
    );
    question.answer(&code).await.signed_in();
    is_in_slot_mode(&ada).await;
    let of_another = latchstring.by_email("bob@example.com").on_device(&device);
    asks(&of_another, 6).await;
    is_in_slot_mode(&of_another).await;
}

#[tokio::test]
async fn codes_lengthen_after_eight_wrong_answers() {
    let latchstring = strict().await;
    let ada = latchstring.by_email("ada@example.com");
    let mut digits = Vec::new();
    for _ in 0..4 {
        let mut question = ada.requests_a_code().await;
        let code = ada.code().await;
        assert_eq!(question.number("codeLength"), code.len() as u64);
        digits.push(code.len());
        for wrong in 0..2 {
            question = question
                .answer(&format!("wrong{wrong}"))
                .await
                .challenge("otp");
        }
        question.answer("wrong").await;
        latchstring.advance(1800).await;
    }
    assert_eq!(digits, [6, 6, 6, 8]);
    ada.signs_in_for_the_first_time().await;
}

#[tokio::test]
async fn devices_that_were_forgotten_draw_on_the_common_budget_again() {
    let latchstring = strict().await;
    let ada = latchstring.by_email("ada@example.com");
    let signed_in = ada.signs_in_for_the_first_time().await;
    let device = signed_in.remembers_the_device().await.expect("signed in");
    signed_in.forgets_the_devices().await.expect("signed in");
    latchstring.advance(60).await;
    while ada.has_a_code_left().await {}
    is_in_slot_mode(&ada.clone().on_device(&device)).await;
}

#[tokio::test]
async fn only_a_signed_in_user_is_remembered() {
    let latchstring = Latchstring::start().await;
    let query = "mutation { rememberDevice { device expiresIn } }";
    let refusal = latchstring
        .graphql("rememberDevice", query, serde_json::json!({}))
        .await
        .expect_err("an API key is no user's");
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
async fn the_local_service_allows_twenty_codes_a_minute() {
    let latchstring = Latchstring::start().await;
    asks(&latchstring.by_email("ada@example.com"), 20).await;
}
