//! Three guesses a code, and as many codes as one asks for: no bound at all. (better-auth#11162,
//! kratos#4606, hanko#213, supabase/auth#2819; no peer bounds guesses across sessions.)

use crate::production;

#[tokio::test]
async fn a_day_of_asking_again_is_thirty_guesses() {
    let latchstring = production().await;
    let victim = latchstring.by_email("victim@example.com");
    let wrong = ["wrong 1", "wrong 2", "wrong 3"];
    let mut codes = 0;
    for _minute in 0..24 * 60 / 10 {
        while let Ok(mut question) = victim.tries_to_ask_for_a_code().await {
            codes += 1;
            for guess in &wrong[..2] {
                question = question.answer(guess).await.asked("otp");
            }
            question.answer(wrong[2]).await.failed();
        }
        latchstring.advance(600).await;
    }
    assert_eq!(codes, 10);
    assert_eq!(latchstring.verdicts(&["wrong"]), 30);
    assert_eq!(victim.messages().await.len(), 10);
}
