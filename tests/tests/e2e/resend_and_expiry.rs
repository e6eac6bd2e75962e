//! A resend of a code, and the end of a code's life.

use latchstring_tests::{Latchstring, Person, Question};

latchstring_tests::doors! {
    every: [
        a_resend_sends_the_same_code_after_the_cooldown_only,
        there_are_two_resends_and_no_third,
        concurrent_resends_of_one_session_send_once,
        a_new_sign_in_has_no_cooldown_and_a_code_of_its_own,
        a_code_lives_for_five_minutes_whatever_was_resent,
        a_code_is_right_to_the_end_of_its_life,
        an_expired_code_fails_and_a_resend_does_not_renew_it,
    ],
    Cognito: [
        a_decoy_expires_and_waits_like_a_real_challenge,
        cognitos_own_session_ends_after_a_quarter_of_an_hour,
        the_word_resend_alone_and_other_actions_are_wrong_answers,
    ],
}

async fn new_and_known() -> Vec<(Latchstring, Person, Question, usize)> {
    let mut flows = Vec::new();
    for known in [false, true] {
        let latchstring = Latchstring::start().await;
        let ada = latchstring.by_email("ada@example.com");
        if known {
            ada.signs_in_for_the_first_time().await;
        }
        let question = ada.requests_a_code().await;
        let sent = ada.messages().await.len();
        flows.push((latchstring, ada, question, sent));
    }
    flows
}

#[tokio::test]
async fn a_resend_sends_the_same_code_after_the_cooldown_only() {
    for (latchstring, ada, question, sent) in new_and_known().await {
        let code = ada.code().await;
        let question = question.resend().await.challenge("otp");
        assert_eq!(ada.messages().await.len(), sent, "it is too soon");
        assert!(question.has_attempts(3), "a resend is not counted");
        assert_eq!(question.number("resendAfter"), 30);

        latchstring.advance(20).await;
        let question = question.resend().await.challenge("otp");
        assert_eq!(ada.messages().await.len(), sent, "it is still too soon");

        latchstring.advance(10).await;
        let question = question.resend().await.challenge("otp");
        assert_eq!(ada.messages().await.len(), sent + 1);
        assert!(ada.code().await == code, "it is the same code");
        assert!(question.has_attempts(3));
        assert_eq!(question.number("resendAfter"), 30);
        assert!(
            question.number("expiresIn") <= 270,
            "the lifetime is unchanged"
        );
        assert!(question.answer(&code).await.is_right());
    }
}

#[tokio::test]
async fn there_are_two_resends_and_no_third() {
    for (latchstring, ada, mut question, sent) in new_and_known().await {
        for expected in [1, 2, 2, 2] {
            latchstring.advance(31).await;
            question = question.resend().await.challenge("otp");
            assert_eq!(ada.messages().await.len(), sent + expected);
        }
        assert_eq!(
            question.number("resendAfter"),
            question.number("expiresIn"),
            "there is no resend before the code expires"
        );
        assert!(question.answer(&ada.code().await).await.is_right());
    }
}

#[tokio::test]
async fn concurrent_resends_of_one_session_send_once() {
    for (latchstring, ada, question, sent) in new_and_known().await {
        latchstring.replay_sessions(true).await;
        latchstring.advance(31).await;
        let asking: Vec<_> = (0..30)
            .map(|_| {
                let question = question.clone();
                tokio::spawn(async move { question.resend().await.challenge("otp") })
            })
            .collect();
        for asked in asking {
            asked.await.expect("each is asked again");
        }
        assert_eq!(ada.messages().await.len(), sent + 1);
        // An older session sends nothing either when the next resend is due.
        latchstring.advance(31).await;
        question.resend().await.challenge("otp");
        assert_eq!(ada.messages().await.len(), sent + 1);
    }
}

#[tokio::test]
async fn the_word_resend_alone_and_other_actions_are_wrong_answers() {
    for (latchstring, ada, question, sent) in new_and_known().await {
        latchstring.advance(31).await;
        let question = question.answer("resend").await.challenge("otp");
        assert_eq!(question.attempts_left(), 2);
        let question = question
            .answer_with("Resend", &[("action", "resend")])
            .await
            .challenge("otp");
        assert_eq!(question.attempts_left(), 1, "only `resend` requests one");
        drop((ada, sent));
    }
}

#[tokio::test]
async fn a_new_sign_in_has_no_cooldown_and_a_code_of_its_own() {
    let latchstring = Latchstring::start().await;
    let ada = latchstring.by_email("ada@example.com");
    let mut codes = Vec::new();
    for sent in 1..=5 {
        ada.requests_a_code().await;
        assert_eq!(ada.messages().await.len(), sent);
        codes.push(ada.code().await);
    }
    codes.sort();
    codes.dedup();
    assert!(codes.len() > 1, "each sign-in has its own code");
}

#[tokio::test]
async fn a_code_lives_for_five_minutes_whatever_was_resent() {
    for (latchstring, ada, question, _) in new_and_known().await {
        latchstring.advance(200).await;
        let question = question.resend().await.challenge("otp");
        let code = ada.code().await;
        latchstring.advance(90).await;
        let question = question
            .answer(&ada.wrong_code().await)
            .await
            .challenge("otp");
        assert!(question.number("expiresIn") <= 10);
        latchstring.advance(10).await;
        question.answer(&code).await.failed();
    }
}

#[tokio::test]
async fn a_code_is_right_to_the_end_of_its_life() {
    for (latchstring, ada, question, _) in new_and_known().await {
        latchstring.advance(290).await;
        assert!(question.answer(&ada.code().await).await.is_right());
    }
}

#[tokio::test]
async fn an_expired_code_fails_and_a_resend_does_not_renew_it() {
    for (latchstring, ada, question, sent) in new_and_known().await {
        latchstring.replay_sessions(true).await;
        latchstring.advance(301).await;
        question.resend().await.failed();
        question.answer(&ada.code().await).await.failed();
        question.answer(&ada.wrong_code().await).await.failed();
        assert_eq!(ada.messages().await.len(), sent);
        // A new sign-in works at once.
        let question = ada.requests_a_code().await;
        assert!(question.answer(&ada.code().await).await.is_right());
    }
}

#[tokio::test]
async fn a_decoy_expires_and_waits_like_a_real_challenge() {
    let latchstring = Latchstring::start().await;
    let question = latchstring
        .initiate("bob@example.com")
        .await
        .challenge("select");
    let question = question.select("email", None).await.challenge("otp");
    latchstring.advance(31).await;
    let question = question.resend().await.challenge("otp");
    assert_eq!(question.number("resendAfter"), 30);
    assert!(latchstring.inbox().await.is_empty());
    latchstring.advance(270).await;
    question.answer("000000").await.failed();
}

#[tokio::test]
async fn cognitos_own_session_ends_after_a_quarter_of_an_hour() {
    let latchstring = Latchstring::start().await;
    let question = latchstring
        .initiate("bob@example.com")
        .await
        .challenge("select");
    latchstring.advance(901).await;
    let refusal = question.select("email", None).await.refused();
    assert_eq!(refusal.kind, "NotAuthorizedException");
    assert!(refusal.message.contains("session is expired"));
}
