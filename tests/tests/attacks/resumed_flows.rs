//! The attacker continues flows by resume secrets: to get more attempts, to enter another user's
//! flow, or to keep a code alive.

use crate::{production, refused, victim};
use latchstring_tests::Latchstring;

latchstring_tests::doors! {
    every: [
        resumes_do_not_multiply_attempts,
        a_resume_secret_enters_no_flow_of_another_user,
        a_leaked_resume_secret_signs_in_no_caller_without_the_code,
        no_resume_keeps_a_code_alive,
    ],
}

#[tokio::test]
async fn resumes_do_not_multiply_attempts() {
    let latchstring = production().await;
    let victim = latchstring.by_email("victim@example.com");
    let asked = victim.requests_a_code().await;
    let mut verified = 0;
    for wrong in victim.wrong_codes(10).await {
        let Ok(question) = victim.resumes(asked.resume()).await else {
            break;
        };
        question.answer(&wrong).await;
        verified += 1;
    }
    assert_eq!(verified, 3);
    assert_eq!(latchstring.verdicts(&["wrong"]), 3);
    let ended = refused(victim.resumes(asked.resume()).await);
    assert_eq!(ended.kind, "InvalidResume");
    assert_eq!(victim.messages().await.len(), 1);
}

#[tokio::test]
async fn a_resume_secret_enters_no_flow_of_another_user() {
    let latchstring = Latchstring::start().await;
    let victim = victim(&latchstring).await;
    victim.requests_a_code().await;
    let attacker = latchstring.by_email("attacker@example.com");
    let own = attacker.requests_a_code().await;
    let code = attacker.code().await;
    let ended = refused(victim.resumes(own.resume()).await);
    assert_eq!(ended.kind, "InvalidResume");
    // It continues the attacker's own flow, which ends as the attacker's own.
    let question = attacker.resumes(own.resume()).await.expect("it waits");
    question.answer(&code).await.right();
}

#[tokio::test]
async fn a_leaked_resume_secret_signs_in_no_caller_without_the_code() {
    let latchstring = Latchstring::start().await;
    let victim = victim(&latchstring).await;
    let leaked = victim.requests_a_code().await.resume().to_owned();
    let before = victim.messages().await.len();
    let question = victim.resumes(&leaked).await.expect("it waits");
    let question = question.answer("0").await.challenge("otp");
    assert!(question.attempts_left() < 3, "an answer counts");
    assert_eq!(victim.messages().await.len(), before);
}

#[tokio::test]
async fn no_resume_keeps_a_code_alive() {
    let latchstring = Latchstring::start().await;
    let victim = victim(&latchstring).await;
    let mut resume = victim.requests_a_code().await.resume().to_owned();
    for _ in 0..4 {
        latchstring.advance(70).await;
        let question = victim.resumes(&resume).await.expect("it waits");
        question.resume().clone_into(&mut resume);
    }
    latchstring.advance(30).await;
    let ended = refused(victim.resumes(&resume).await);
    assert_eq!(ended.kind, "InvalidResume");
}
