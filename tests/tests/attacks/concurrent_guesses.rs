//! The counter is read, compared and then written: a thousand simultaneous guesses all read zero.
//! (In Amazon Cognito itself, 1,587 guesses at a reset code instead of 20; Pentagrid 2021.)

use crate::victim;
use latchstring_tests::Latchstring;

latchstring_tests::doors! {
    every: [
        of_1587_guesses_at_once_three_are_verified,
    ],
}

#[tokio::test]
async fn of_1587_guesses_at_once_three_are_verified() {
    let latchstring = Latchstring::start().await;
    let victim = victim(&latchstring).await;
    latchstring.replay_sessions(true).await;
    let question = victim.requests_a_code().await;
    let before = latchstring.verdicts(&["wrong"]);
    let guesses: Vec<_> = victim
        .wrong_codes(1587)
        .await
        .into_iter()
        .map(|guess| {
            let question = question.clone();
            tokio::spawn(async move { question.answer(&guess).await })
        })
        .collect();
    for guess in guesses {
        guess.await.expect("an answer");
    }
    assert_eq!(latchstring.verdicts(&["wrong"]) - before, 3);
}
