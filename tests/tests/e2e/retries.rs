//! Cognito invokes a trigger again that did not respond in time, while the first invocation
//! continues. At each call of a sign-in, one message is sent, the code is the same, and a right answer
//! stays right.

use latchstring_tests::{Latchstring, Outcome, Question};

latchstring_tests::doors! {
    every: [
        a_trigger_may_be_retried_in_any_one_call,
        every_trigger_may_be_retried_in_every_call,
        with_every_trigger_retried_only_the_third_wrong_answer_fails,
        with_every_trigger_retried_the_last_attempt_can_be_right,
    ],
    Cognito: [
        a_decoy_counts_a_retried_answer_once,
    ],
}

/// The number of calls of a first sign-in and a second one.
const CALLS: usize = 9;

/// A first sign-in and a second one, in which the calls are counted.
struct Story {
    latchstring: Latchstring,
    retried: Option<usize>,
    call: usize,
}

impl Story {
    /// Has each trigger of the next call invoked three times, if the call has the chosen number.
    async fn next_call(&mut self) {
        let times = if self.retried.is_none_or(|call| call == self.call) {
            3
        } else {
            1
        };
        self.latchstring.invoke_triggers(times).await;
        self.call += 1;
    }

    async fn answer(&mut self, question: Question, answer: &str) -> Outcome {
        self.next_call().await;
        question.answer(answer).await
    }

    async fn play(&mut self) {
        let ada = self.latchstring.by_email("ada@example.com");

        self.next_call().await;
        let question = ada.requests_a_code().await;
        assert_eq!(ada.messages().await.len(), 1, "one message");
        let code = ada.code().await;

        let wrong = ada.wrong_code().await;
        let question = self.answer(question, &wrong).await.challenge("otp");
        assert_eq!(question.attempts_left(), 2, "one attempt");

        self.latchstring.advance(31).await;
        self.next_call().await;
        let question = question.resend().await.challenge("otp");
        assert_eq!(ada.messages().await.len(), 2, "one message more");
        assert!(ada.code().await == code, "the same code");
        assert!(question.has_attempts(2), "no attempt");

        match self.answer(question, &code).await {
            // The HTTP door makes the next two calls itself.
            Outcome::SignedIn(_) => self.call += 2,
            answered => {
                let proof = answered.proof();
                self.next_call().await;
                let question = ada.presents(&proof).await.expect("the proof is taken");
                assert_eq!(self.latchstring.accounts().await.len(), 1);
                self.answer(question, &proof).await.signed_in();
            }
        }

        self.next_call().await;
        let question = ada.requests_a_code().await;
        let wrong = ada.wrong_code().await;
        let question = self.answer(question, &wrong).await.challenge("otp");
        assert_eq!(question.attempts_left(), 2, "one attempt");
        let code = ada.code().await;
        self.answer(question, &code).await.signed_in();

        assert_eq!(ada.messages().await.len(), 3);
        assert_eq!(self.latchstring.accounts().await.len(), 1);
        assert_eq!(self.call, CALLS);
    }
}

#[tokio::test]
async fn a_trigger_may_be_retried_in_any_one_call() {
    for retried in 0..CALLS {
        let latchstring = Latchstring::start().await;
        let retried = Some(retried);
        Story {
            latchstring,
            retried,
            call: 0,
        }
        .play()
        .await;
    }
}

#[tokio::test]
async fn every_trigger_may_be_retried_in_every_call() {
    let latchstring = Latchstring::start().await;
    Story {
        latchstring,
        retried: None,
        call: 0,
    }
    .play()
    .await;
}

#[tokio::test]
async fn with_every_trigger_retried_only_the_third_wrong_answer_fails() {
    let latchstring = Latchstring::start().await;
    latchstring.invoke_triggers(3).await;
    let ada = latchstring.by_email("ada@example.com");
    let wrong = ada.wrong_codes(4).await;
    let question = ada.requests_a_code().await;
    let code = ada.code().await;
    let wrong: Vec<_> = wrong.iter().filter(|wrong| **wrong != code).collect();
    let question = question.answer(wrong[0]).await.challenge("otp");
    let question = question.answer(wrong[1]).await.challenge("otp");
    assert_eq!(question.attempts_left(), 1);
    question.answer(wrong[2]).await.failed();
}

#[tokio::test]
async fn with_every_trigger_retried_the_last_attempt_can_be_right() {
    let latchstring = Latchstring::start().await;
    latchstring.invoke_triggers(3).await;
    let ada = latchstring.by_email("ada@example.com");
    ada.signs_in_for_the_first_time().await;
    let question = ada.requests_a_code().await;
    let wrong = ada.wrong_codes(2).await;
    let question = question.answer(&wrong[0]).await.challenge("otp");
    let question = question.answer(&wrong[1]).await.challenge("otp");
    question.answer(&ada.code().await).await.signed_in();
}

#[tokio::test]
async fn a_decoy_counts_a_retried_answer_once() {
    let latchstring = Latchstring::start().await;
    latchstring.invoke_triggers(3).await;
    let question = latchstring
        .initiate("bob@example.com")
        .await
        .challenge("select");
    let question = question.select("email", None).await.challenge("otp");
    let question = question.answer("000000").await.challenge("otp");
    assert_eq!(question.attempts_left(), 2);
    let question = question.answer("000001").await.challenge("otp");
    assert_eq!(question.attempts_left(), 1);
    question.answer("000002").await.failed();
    assert!(latchstring.inbox().await.is_empty());
}
