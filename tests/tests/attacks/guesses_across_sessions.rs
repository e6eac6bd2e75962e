//! Three guesses a code, and any number of codes: the guesses have no limit. (better-auth#11162,
//! kratos#4606, hanko#213, supabase/auth#2819; no peer limits guesses across sessions.)

use crate::production;

latchstring_tests::doors! {
    every: [
        a_day_allows_eight_guesses_at_six_digit_codes,
    ],
}

#[tokio::test]
async fn a_day_allows_eight_guesses_at_six_digit_codes() {
    let latchstring = production().await;
    let victim = latchstring.by_email("victim@example.com");
    let wrong = ["wrong 1", "wrong 2", "wrong 3"];
    let mut codes = std::collections::BTreeMap::new();
    for _minute in 0..24 * 60 / 10 {
        loop {
            let mut question = victim.requests_a_code().await;
            let in_slot_mode = question.number("codeLength") == 12;
            *codes.entry(question.number("codeLength")).or_insert(0) += 1;
            for guess in &wrong[..2] {
                question = question.answer(guess).await.challenge("otp");
            }
            question.answer(wrong[2]).await.failed();
            if in_slot_mode {
                break;
            }
        }
        latchstring.advance(600).await;
    }
    // Three codes of six digits, of which one answer was not compared, seven of eight digits, and the
    // rest of ten digits, where a guess is right with odds of one in ten billion. Each slot has a message
    // with a code of 60 bits.
    assert_eq!(codes, [(6, 3), (8, 7), (10, 100), (12, 144)].into());
    assert_eq!(latchstring.verdicts(&["guesses_spent"]), 1);
    assert_eq!(latchstring.verdicts(&["wrong"]), 3 * 254 - 1);
    assert_eq!(victim.messages().await.len(), 254);
}
