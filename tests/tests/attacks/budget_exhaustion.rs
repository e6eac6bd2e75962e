//! Requests that cost the attacker nothing and spend the budgets of other users: tickets that are
//! never redeemed, and codes that are never answered. (Adversarial review of this project.)

use latchstring_local::Options;

use crate::{production, production_with, refused, victim};

latchstring_tests::doors! {
    every: [
        unanswered_codes_lengthen_no_code,
        a_refusal_returns_the_time_to_wait,
    ],
    both: [
        three_thousand_tickets_lengthen_no_code,
        unredeemed_tickets_charge_no_budget,
        unredeemed_tickets_of_a_legacy_pool_refuse_no_newcomer,
        unredeemed_tickets_spend_no_sms_budget,
        an_unsent_code_cannot_be_guessed,
        stored_tickets_send_no_more_than_the_budget,
    ],
}

/// Earlier, ten tickets a day locked the account owner out of every new browser.
#[tokio::test]
async fn unredeemed_tickets_charge_no_budget() {
    let latchstring = production().await;
    let victim = victim(&latchstring).await;
    let newcomer = latchstring.by_email("newcomer@example.com");
    latchstring.advance(60).await;
    for person in [&victim, &newcomer] {
        for _ in 0..200 {
            person.ticket().await;
        }
    }
    let question = victim.requests_a_code().await;
    assert_eq!(question.number("codeLength"), 6);
    question.answer(&victim.code().await).await.signed_in();
    newcomer.signs_in_for_the_first_time().await;
}

/// Earlier, one caller lengthened the codes of all users without one message.
#[tokio::test]
async fn three_thousand_tickets_lengthen_no_code() {
    let latchstring = production().await;
    for number in 0..3_060 {
        let person = latchstring.by_email(&format!("user{number}@example.com"));
        person.ticket().await;
    }
    assert!(latchstring.inbox().await.is_empty());
    let victim = latchstring.by_email("victim@example.com");
    let question = victim.requests_a_code().await;
    assert_eq!(question.number("codeLength"), 6);
}

/// Earlier, fifty tickets refused the new users of a mail domain for a day.
#[tokio::test]
async fn unredeemed_tickets_of_a_legacy_pool_refuse_no_newcomer() {
    let latchstring = production_with(Options {
        legacy_pool: true,
        ..Options::default()
    })
    .await;
    latchstring.report_missing_users(true).await;
    for number in 0..60 {
        let person = latchstring.by_email(&format!("user{number}@example.com"));
        person.ticket().await;
    }
    assert!(latchstring.inbox().await.is_empty());
    let newcomer = latchstring.by_email("newcomer@example.com");
    newcomer.signs_in().await;
}

/// Earlier, 166 requests spent the SMS budget of a month.
#[tokio::test]
async fn unredeemed_tickets_spend_no_sms_budget() {
    let latchstring = production().await;
    for number in 0..400 {
        let person = latchstring.by_phone(&format!("+4474{:02}{number:06}", number % 50));
        person.ticket().await;
    }
    let victim = latchstring.by_phone("+447512345678");
    victim.signs_in_for_the_first_time().await;
}

/// Earlier, forty unanswered codes a day lengthened the codes of all users.
#[tokio::test]
async fn unanswered_codes_lengthen_no_code() {
    let latchstring = production().await;
    for number in 0..90 {
        let person = latchstring.by_email(&format!("user{number}@domain{}.example", number / 10));
        person.requests_a_code().await;
    }
    let victim = latchstring.by_email("victim@example.com");
    let question = victim.requests_a_code().await;
    assert_eq!(question.number("codeLength"), 6);
}

/// Tickets are redeemed only after more were requested than the budget allows.
#[tokio::test]
async fn stored_tickets_send_no_more_than_the_budget() {
    let latchstring = production().await;
    let victim = latchstring.by_email("victim@example.com");
    let mut tickets = Vec::new();
    for _ in 0..20 {
        tickets.push(victim.ticket().await);
    }
    for ticket in &tickets {
        let opened = latchstring.initiate("victim@example.com").await;
        opened
            .challenge("select")
            .select("email", Some(ticket))
            .await;
    }
    assert_eq!(victim.messages().await.len(), 2, "planned for two a minute");
    let asked = victim.tries_to_request_a_code().await;
    assert!(asked.is_ok(), "the owner still has the extended budget");
}

/// Earlier, many tickets for one message left flows open whose codes were guessed but never sent.
/// `core/uncharged_messages` derives such a code, and shows that it is never right and that guesses at
/// it are limited.
#[tokio::test]
async fn an_unsent_code_cannot_be_guessed() {
    let latchstring = production().await;
    let victim = victim(&latchstring).await;
    latchstring.advance(3600).await;
    let mut tickets = Vec::new();
    for _ in 0..20 {
        tickets.push(victim.ticket().await);
    }
    let mut unsent = Vec::new();
    for ticket in &tickets {
        let opened = latchstring.initiate("victim@example.com").await;
        let selected = opened
            .challenge("select")
            .select("email", Some(ticket))
            .await;
        let question = selected.challenge("otp");
        if question.parameters().contains_key("refused") {
            unsent.push(question);
        }
    }
    assert_eq!(unsent.len(), 18);
    for mut question in unsent {
        for guess in ["000001", "000002"] {
            question = question.answer(guess).await.challenge("otp");
        }
        question.answer("000003").await.failed();
    }
    latchstring.advance(3600).await;
    let question = victim.requests_a_code().await;
    assert_eq!(question.number("codeLength"), 6, "no guess was counted");
    question.answer(&victim.code().await).await.signed_in();
}

/// The resolver refuses a message over the budget, and says when to retry.
#[tokio::test]
async fn a_refusal_returns_the_time_to_wait() {
    let latchstring = production().await;
    // An SMS has no slots without a CAPTCHA.
    let victim = latchstring.by_phone("+447512345678");
    while victim.tries_to_request_a_code().await.is_ok() {}
    let refusal = refused(victim.tries_to_request_a_code().await);
    assert_eq!(refusal.kind, "TooManyRequests");
    assert!(
        refusal.message.contains("Try again in"),
        "{}",
        refusal.message
    );
}
