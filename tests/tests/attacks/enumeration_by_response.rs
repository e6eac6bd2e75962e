//! "User already exists", "no verified phone", a masked number, `sub` only for existing users, an
//! error only for missing ones: each reveals which accounts exist. (Amplify's passwordless
//! construct; aws-samples/amazon-cognito-passwordless-auth;
//! amazon-cognito-passwordless-email-auth.)

use crate::victim;
use latchstring_tests::Latchstring;

latchstring_tests::doors! {
    every: [
        challenges_and_errors_are_equal_without_an_account,
    ],
}

#[tokio::test]
async fn challenges_and_errors_are_equal_without_an_account() {
    let latchstring = Latchstring::start().await;
    let victim = victim(&latchstring).await;
    let stranger = latchstring.by_email("stranger@example.com");
    let mut seen = Vec::new();
    for person in [&victim, &stranger] {
        let first = person.requests_a_code().await;
        assert!(first.is_of(person.contact()), "the typed address");
        let mut lengths = vec![first.session_length()];
        let mut steps = Vec::new();
        let mut question = first;
        for wrong in ["wrong 1", "wrong 2"] {
            question = question.answer(wrong).await.challenge("otp");
            lengths.push(question.session_length());
            let mut names: Vec<_> = question
                .parameters()
                .into_keys()
                .map(str::to_owned)
                .collect();
            names.sort();
            steps.push((names, question.attempts_left()));
        }
        let refusal = question.answer("wrong 3").await.refused();
        assert!(refusal.is_a_failed_sign_in());
        seen.push((lengths, steps, refusal.message));
    }
    assert!(seen[0] == seen[1]);
}
