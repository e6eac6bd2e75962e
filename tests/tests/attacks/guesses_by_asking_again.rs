//! Three guesses a code, and as many codes as requested: no bound at all. (better-auth#11162,
//! kratos#4606, hanko#213, supabase/auth#2819; no peer bounds guesses across sessions.)

use crate::production;

#[tokio::test]
async fn a_day_of_asking_again_is_eight_guesses_at_six_digits() {
    let latchstring = production().await;
    let victim = latchstring.by_email("victim@example.com");
    let wrong = ["wrong 1", "wrong 2", "wrong 3"];
    let mut codes = std::collections::BTreeMap::new();
    for _minute in 0..24 * 60 / 10 {
        while let Ok(mut question) = victim.tries_to_ask_for_a_code().await {
            *codes.entry(question.number("codeLength")).or_insert(0) += 1;
            for guess in &wrong[..2] {
                question = question.answer(guess).await.asked("otp");
            }
            question.answer(wrong[2]).await.failed();
        }
        latchstring.advance(600).await;
    }
    // Three codes of six digits, of which one answer was not compared, seven of eight, and what is
    // left of ten, where a guess is right once in ten thousand million.
    assert_eq!(codes, [(6, 3), (8, 7), (10, 100)].into());
    assert_eq!(latchstring.verdicts(&["guesses_spent"]), 1);
    assert_eq!(latchstring.verdicts(&["wrong"]), 3 * 110 - 1);
    assert_eq!(victim.messages().await.len(), 110);
}
