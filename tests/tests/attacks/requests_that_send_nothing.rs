//! Requests that cost the attacker nothing and were charged to others: tickets that are never
//! redeemed, and codes that are never answered. (Hostile review of this project.)

use crate::{production, refused, victim};

/// Ten tickets a day shut an owner out of every new browser, in silence.
#[tokio::test]
async fn tickets_that_are_never_redeemed_cost_their_owner_nothing() {
    let latchstring = production().await;
    let victim = victim(&latchstring).await;
    let newcomer = latchstring.by_email("newcomer@example.com");
    latchstring.advance(60).await;
    for person in [&victim, &newcomer] {
        for _ in 0..200 {
            person.ticket().await;
        }
    }
    let question = victim.asks_for_a_code().await;
    assert_eq!(question.number("codeLength"), 6);
    question.answer(&victim.code().await).await.signed_in();
    newcomer.signs_in_for_the_first_time().await;
}

/// One caller lengthened all users' codes without one message.
#[tokio::test]
async fn three_thousand_tickets_lengthen_no_code() {
    let latchstring = production().await;
    for number in 0..3_060 {
        let person = latchstring.by_email(&format!("user{number}@example.com"));
        person.ticket().await;
    }
    assert!(latchstring.inbox().await.is_empty());
    let victim = latchstring.by_email("victim@example.com");
    let question = victim.asks_for_a_code().await;
    assert_eq!(question.number("codeLength"), 6);
}

/// 166 requests spent the month's SMS.
#[tokio::test]
async fn tickets_for_numbers_spend_no_money() {
    let latchstring = production().await;
    for number in 0..400 {
        let person = latchstring.by_phone(&format!("+4474{:02}{number:06}", number % 50));
        person.ticket().await;
    }
    let victim = latchstring.by_phone("+447512345678");
    victim.signs_in_for_the_first_time().await;
}

/// Forty abandoned codes a day lengthened all users' codes.
#[tokio::test]
async fn codes_that_are_never_answered_lengthen_no_code() {
    let latchstring = production().await;
    for number in 0..90 {
        let person = latchstring.by_email(&format!("user{number}@domain{}.example", number / 10));
        person.asks_for_a_code().await;
    }
    let victim = latchstring.by_email("victim@example.com");
    let question = victim.asks_for_a_code().await;
    assert_eq!(question.number("codeLength"), 6);
}

/// A ticket kept until its budget is spent sends no message.
#[tokio::test]
async fn tickets_kept_for_later_send_no_more_than_the_budget() {
    let latchstring = production().await;
    let victim = latchstring.by_email("victim@example.com");
    let mut tickets = Vec::new();
    for _ in 0..20 {
        tickets.push(victim.ticket().await);
    }
    for ticket in &tickets {
        let opened = latchstring.initiate("victim@example.com").await;
        opened.asked("select").select("email", Some(ticket)).await;
    }
    assert_eq!(victim.messages().await.len(), 2, "planned for two a minute");
    let asked = victim.tries_to_ask_for_a_code().await;
    assert!(asked.is_ok(), "the owner still has the extended budget");
}

/// Many tickets for one message left flows open whose codes were guessed and never sent. That such a
/// code is never right, and its guesses are bounded all the same, `core/uncharged_messages` shows,
/// which can derive it.
#[tokio::test]
async fn codes_that_were_never_sent_cannot_be_guessed() {
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
        let selected = opened.asked("select").select("email", Some(ticket)).await;
        let question = selected.asked("otp");
        if question.parameters().contains_key("refused") {
            unsent.push(question);
        }
    }
    assert_eq!(unsent.len(), 18);
    for mut question in unsent {
        for guess in ["000001", "000002"] {
            question = question.answer(guess).await.asked("otp");
        }
        question.answer("000003").await.failed();
    }
    latchstring.advance(3600).await;
    let question = victim.asks_for_a_code().await;
    assert_eq!(question.number("codeLength"), 6, "none was a guess");
    question.answer(&victim.code().await).await.signed_in();
}

/// A message that cannot be sent is refused by the resolver in its own words.
#[tokio::test]
async fn a_refusal_says_when_to_try_again() {
    let latchstring = production().await;
    let victim = latchstring.by_email("victim@example.com");
    while victim.tries_to_ask_for_a_code().await.is_ok() {}
    let refusal = refused(victim.tries_to_ask_for_a_code().await);
    assert_eq!(refusal.kind, "TooManyRequests");
    assert!(
        refusal.message.contains("Try again in"),
        "{}",
        refusal.message
    );
}
