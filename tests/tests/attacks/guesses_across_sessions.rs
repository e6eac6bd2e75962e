//! Three guesses a code, and any number of codes: the guesses have no limit. (better-auth#11162,
//! kratos#4606, hanko#213, supabase/auth#2819; no peer limits guesses across sessions.)

use crate::production;

#[tokio::test]
async fn a_day_allows_eight_guesses_at_six_digit_codes() {
    let latchstring = production().await;
    let victim = latchstring.by_email("victim@example.com");
    let wrong = ["wrong 1", "wrong 2", "wrong 3"];
    let mut codes = std::collections::BTreeMap::new();
    for _minute in 0..24 * 60 / 10 {
        while let Ok(mut question) = victim.tries_to_request_a_code().await {
            *codes.entry(question.number("codeLength")).or_insert(0) += 1;
            for guess in &wrong[..2] {
                question = question.answer(guess).await.challenge("otp");
            }
            question.answer(wrong[2]).await.failed();
        }
        latchstring.advance(600).await;
    }
    // Three codes of six digits, of which one answer was not compared, seven of eight digits, and the
    // rest of ten digits, where a guess is right with odds of one in ten billion.
    assert_eq!(codes, [(6, 3), (8, 7), (10, 100)].into());
    assert_eq!(latchstring.verdicts(&["guesses_spent"]), 1);
    assert_eq!(latchstring.verdicts(&["wrong"]), 3 * 110 - 1);
    assert_eq!(victim.messages().await.len(), 110);
}
