//! The limit of wrong answers: in sequence, repeated and concurrent.

use latchstring_tests::{Latchstring, Outcome, Person, Question};

latchstring_tests::doors! {
    every: [
        after_a_wrong_code_the_right_one_still_works,
        after_the_third_wrong_code_the_right_one_fails,
        an_older_session_does_not_give_attempts_back,
        the_same_wrong_code_again_costs_nothing,
        every_session_ends,
        of_200_guesses_at_once_only_three_are_verified,
        of_200_guesses_with_the_right_one_three_are_verified,
        one_guess_made_100_times_at_once_is_one_attempt,
        one_session_answered_50_times_at_once_is_served_once,
    ],
    Cognito: [
        the_right_code_passes_again_only_for_a_moment,
        cognitos_session_is_answered_once,
        no_caller_answers_another_callers_session,
    ],
}

/// Returns a flow of a new user and one of a known user, each in its own service: the person, the
/// challenge for the code, and true for the known user.
async fn new_and_known() -> Vec<(Latchstring, Person, Question, bool)> {
    let mut flows = Vec::new();
    for known in [false, true] {
        let latchstring = Latchstring::start().await;
        let ada = latchstring.by_email("ada@example.com");
        if known {
            ada.signs_in_for_the_first_time().await;
        }
        let question = ada.requests_a_code().await;
        flows.push((latchstring, ada, question, known));
    }
    flows
}

/// Checks for a right answer: tokens for a known user. A new user gets a proof, or an account.
fn is_right(outcome: Outcome, known: bool) {
    if known {
        outcome.signed_in();
    } else {
        outcome.right();
    }
}

/// Checks that there are neither tokens nor a proof.
fn is_not_right(outcome: &Outcome) {
    assert!(!outcome.is_right(), "it is not right");
}

#[tokio::test]
async fn after_a_wrong_code_the_right_one_still_works() {
    for (_, ada, question, known) in new_and_known().await {
        let wrong = ada.wrong_codes(2).await;
        let question = question.answer(&wrong[0]).await.challenge("otp");
        assert_eq!(question.attempts_left(), 2);
        let question = question.answer(&wrong[1]).await.challenge("otp");
        assert_eq!(question.attempts_left(), 1);
        is_right(question.answer(&ada.code().await).await, known);
        let sent = if known { 2 } else { 1 };
        assert_eq!(ada.messages().await.len(), sent, "a typo sends nothing");
    }
}

#[tokio::test]
async fn after_the_third_wrong_code_the_right_one_fails() {
    for (latchstring, ada, first, _) in new_and_known().await {
        latchstring.replay_sessions(true).await;
        let wrong = ada.wrong_codes(3).await;
        let second = first.answer(&wrong[0]).await.challenge("otp");
        let third = second.answer(&wrong[1]).await.challenge("otp");
        third.answer(&wrong[2]).await.failed();
        let code = ada.code().await;
        for question in [&first, &second, &third] {
            question.answer(&code).await.failed();
        }
    }
}

#[tokio::test]
async fn an_older_session_does_not_give_attempts_back() {
    for (latchstring, ada, first, known) in new_and_known().await {
        latchstring.replay_sessions(true).await;
        let wrong = ada.wrong_codes(3).await;
        let question = first.answer(&wrong[0]).await.challenge("otp");
        assert_eq!(question.attempts_left(), 2);
        let question = first.answer(&wrong[1]).await.challenge("otp");
        assert_eq!(question.attempts_left(), 1, "the flow has one count");
        // The last attempt is right.
        is_right(first.answer(&ada.code().await).await, known);
        is_not_right(&first.answer(&wrong[2]).await);
    }
}

#[tokio::test]
async fn cognitos_session_is_answered_once() {
    for (_, ada, question, _) in new_and_known().await {
        question
            .answer(&ada.wrong_code().await)
            .await
            .challenge("otp");
        let refusal = question.answer(&ada.code().await).await.refused();
        assert_eq!(refusal.kind, "NotAuthorizedException");
        assert!(refusal.message.contains("can only be used once"));
    }
}

#[tokio::test]
async fn the_same_wrong_code_again_costs_nothing() {
    for (_, ada, question, known) in new_and_known().await {
        let wrong = ada.wrong_code().await;
        let mut question = question;
        for _ in 0..5 {
            question = question.answer(&wrong).await.challenge("otp");
            assert_eq!(question.attempts_left(), 2);
        }
        is_right(question.answer(&ada.code().await).await, known);
    }
}

#[tokio::test]
async fn every_session_ends() {
    for (_, ada, question, _) in new_and_known().await {
        let wrong = ada.wrong_code().await;
        let mut question = question;
        let mut rounds = 0;
        let refusal = loop {
            match question.answer(&wrong).await {
                Outcome::Asked(next) => question = next,
                other => break other.refused(),
            }
            rounds += 1;
            assert!(rounds < 100, "the session ends");
        };
        assert!(refusal.is_a_failed_sign_in());
    }
}

#[tokio::test]
async fn the_right_code_passes_again_only_for_a_moment() {
    for (latchstring, ada, question, known) in new_and_known().await {
        latchstring.replay_sessions(true).await;
        let code = ada.code().await;
        is_right(question.answer(&code).await, known);
        latchstring.advance(5).await;
        is_right(question.answer(&code).await, known);
        for seconds in [11, 60, 300] {
            latchstring.advance(seconds).await;
            is_not_right(&question.answer(&code).await);
            is_not_right(&question.answer(&ada.wrong_code().await).await);
        }
    }
}

#[tokio::test]
async fn of_200_guesses_at_once_only_three_are_verified() {
    for (latchstring, ada, question, _) in new_and_known().await {
        latchstring.replay_sessions(true).await;
        let before = latchstring.verdicts(&["wrong", "right"]);
        let guesses = ada.wrong_codes(200).await;
        let guessing: Vec<_> = guesses
            .into_iter()
            .map(|guess| {
                let question = question.clone();
                tokio::spawn(async move { question.answer(&guess).await })
            })
            .collect();
        let mut asked = 0;
        for guess in guessing {
            match guess.await.expect("each guess has an outcome") {
                Outcome::Asked(_) => asked += 1,
                other => other.failed(),
            }
        }
        assert_eq!(
            latchstring.verdicts(&["wrong", "right"]) - before,
            3,
            "three guesses are verified"
        );
        assert_eq!(latchstring.verdicts(&["no_attempt_left"]), 197);
        assert!(asked <= 2, "the third wrong answer ends it");
        question.answer(&ada.code().await).await.failed();
    }
}

#[tokio::test]
async fn of_200_guesses_with_the_right_one_three_are_verified() {
    for (latchstring, ada, question, _) in new_and_known().await {
        latchstring.replay_sessions(true).await;
        let before = latchstring.verdicts(&["wrong", "right"]);
        let mut guesses = ada.wrong_codes(199).await;
        guesses.insert(100, ada.code().await);
        let guessing: Vec<_> = guesses
            .into_iter()
            .map(|guess| {
                let question = question.clone();
                tokio::spawn(async move { question.answer(&guess).await })
            })
            .collect();
        for guess in guessing {
            guess.await.expect("each guess has an outcome");
        }
        let judged = latchstring.verdicts(&["wrong", "right"]) - before;
        assert!((1..=3).contains(&judged), "at most three are verified");
    }
}

#[tokio::test]
async fn one_guess_made_100_times_at_once_is_one_attempt() {
    for (latchstring, ada, question, known) in new_and_known().await {
        latchstring.replay_sessions(true).await;
        let wrong = ada.wrong_code().await;
        let guessing: Vec<_> = (0..100)
            .map(|_| {
                let (question, wrong) = (question.clone(), wrong.clone());
                tokio::spawn(async move { question.answer(&wrong).await.challenge("otp") })
            })
            .collect();
        for guess in guessing {
            let asked = guess.await.expect("each is asked again");
            assert_eq!(asked.attempts_left(), 2);
        }
        is_right(question.answer(&ada.code().await).await, known);
    }
}

#[tokio::test]
async fn one_session_answered_50_times_at_once_is_served_once() {
    for (latchstring, ada, question, _) in new_and_known().await {
        let code = ada.code().await;
        let answering: Vec<_> = (0..50)
            .map(|_| {
                let (question, code) = (question.clone(), code.clone());
                tokio::spawn(
                    async move { !matches!(question.answer(&code).await, Outcome::Refused(_)) },
                )
            })
            .collect();
        let mut served = 0;
        for answer in answering {
            served += usize::from(answer.await.expect("each has an outcome"));
        }
        assert_eq!(served, 1);
        assert!(latchstring.accounts().await.len() <= 1);
    }
}

#[tokio::test]
async fn no_caller_answers_another_callers_session() {
    let latchstring = Latchstring::start().await;
    let ada = latchstring.by_email("ada@example.com");
    let bob = latchstring.by_email("bob@example.com");
    ada.signs_in_for_the_first_time().await;
    bob.signs_in_for_the_first_time().await;
    let mut question = ada.requests_a_code().await;
    let code = ada.code().await;
    bob.contact().clone_into(&mut question.username);
    let refusal = question.answer(&code).await.refused();
    assert_eq!(refusal.kind, "NotAuthorizedException");
    // The session is unused: Ada continues.
    ada.contact().clone_into(&mut question.username);
    question.answer(&code).await.signed_in();
}
