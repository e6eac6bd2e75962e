//! A pool that reports missing users: with `LEGACY_POOL`, sign-in creates the account first, as the AWS
//! article does.

use latchstring_local::Options;
use latchstring_tests::{Latchstring, Ticket};

latchstring_tests::doors! {
    every: [
        the_account_is_created_first_and_the_code_gets_tokens,
        a_wrong_code_repeats_the_challenge_and_the_third_fails,
        two_concurrent_first_sign_ins_create_one_account,
        the_next_sign_in_completes_a_half_created_account,
        without_the_setting_a_new_user_gets_unavailable,
        without_the_setting_existing_users_still_sign_in,
        the_setting_has_no_effect_in_a_pool_that_hides_missing_users,
    ],
    Cognito: [
        an_sdk_with_a_ticket_finds_the_account_created,
    ],
}

async fn legacy(legacy_pool: bool) -> Latchstring {
    let options = Options {
        legacy_pool,
        ..Options::default()
    };
    let latchstring = Latchstring::start_with(options).await;
    latchstring.report_missing_users(true).await;
    latchstring
}

#[tokio::test]
async fn the_account_is_created_first_and_the_code_gets_tokens() {
    let latchstring = legacy(true).await;
    for person in [
        latchstring.by_email("Ada@example.com"),
        latchstring.by_phone("+1 415 555 0132"),
    ] {
        let before = latchstring.accounts().await.len();
        let question = person.requests_a_code().await;
        assert!(question.is_of(person.contact()));
        assert_eq!(latchstring.accounts().await.len(), before + 1);
        assert_eq!(person.messages().await.len(), 1);
        let first = question.answer(&person.code().await).await.signed_in();
        let second = person.signs_in().await;
        assert!(first.sub() == second.sub());
        assert_eq!(latchstring.accounts().await.len(), before + 1);
    }
}

#[tokio::test]
async fn a_wrong_code_repeats_the_challenge_and_the_third_fails() {
    let latchstring = legacy(true).await;
    let ada = latchstring.by_email("ada@example.com");
    let question = ada.requests_a_code().await;
    let wrong = ada.wrong_codes(3).await;
    let question = question.answer(&wrong[0]).await.challenge("otp");
    let question = question.answer(&wrong[1]).await.challenge("otp");
    question.answer(&wrong[2]).await.failed();
    ada.signs_in().await;
}

#[tokio::test]
async fn an_sdk_with_a_ticket_finds_the_account_created() {
    let latchstring = legacy(true).await;
    let ada = latchstring.by_email("ada@example.com");
    let Ticket { text, username } = ada.requests_a_ticket(None).await.expect("a ticket");
    let question = latchstring.initiate(&username).await.challenge("select");
    let question = question.select("email", Some(&text)).await.challenge("otp");
    question.answer(&ada.code().await).await.signed_in();
    assert_eq!(latchstring.accounts().await.len(), 1);
}

#[tokio::test]
async fn two_concurrent_first_sign_ins_create_one_account() {
    let latchstring = legacy(true).await;
    let ada = latchstring.by_email("ada@example.com");
    let asking = [ada.clone(), ada.clone()]
        .map(|ada| tokio::spawn(async move { ada.requests_a_code().await }));
    for asked in asking {
        asked.await.expect("each is asked");
    }
    assert_eq!(latchstring.accounts().await.len(), 1);
    ada.signs_in().await;
}

#[tokio::test]
async fn the_next_sign_in_completes_a_half_created_account() {
    for operation in ["AdminCreateUser", "AdminSetUserPassword"] {
        let latchstring = legacy(true).await;
        let ada = latchstring.by_email("ada@example.com");
        latchstring.fail_next(operation, 2).await;
        let refusal = ada.tries_to_request_a_code().await.err().expect("it fails");
        assert_eq!(refusal.kind, "Unavailable");
        assert!(ada.messages().await.is_empty(), "nothing was sent");
        if latchstring.accounts().await.is_empty() {
            ada.signs_in().await;
        } else {
            // A half-created account counts as none: the user needs a proof.
            ada.signs_in_for_the_first_time().await;
        }
        assert_eq!(latchstring.accounts().await.len(), 1, "{operation}");
    }
}

#[tokio::test]
async fn without_the_setting_a_new_user_gets_unavailable() {
    let latchstring = legacy(false).await;
    let ada = latchstring.by_email("ada@example.com");
    let refusal = ada.tries_to_request_a_code().await.err().expect("refused");
    assert_eq!(refusal.kind, "Unavailable");
    assert!(latchstring.accounts().await.is_empty());
    assert!(latchstring.inbox().await.is_empty());
}

#[tokio::test]
async fn without_the_setting_existing_users_still_sign_in() {
    let latchstring = legacy(false).await;
    latchstring.report_missing_users(false).await;
    let ada = latchstring.by_email("ada@example.com");
    ada.signs_in_for_the_first_time().await;
    latchstring.report_missing_users(true).await;
    ada.signs_in().await;
}

#[tokio::test]
async fn the_setting_has_no_effect_in_a_pool_that_hides_missing_users() {
    let latchstring = legacy(true).await;
    latchstring.report_missing_users(false).await;
    let ada = latchstring.by_email("ada@example.com");
    let question = ada.requests_a_code().await;
    assert!(latchstring.accounts().await.is_empty());
    question.answer(&ada.code().await).await.right();
}
