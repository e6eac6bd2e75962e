//! Accounts that are disabled, deleted or changed, before or after a code is requested.

use latchstring_tests::{Latchstring, Person, Question, SignedIn};

latchstring_tests::doors! {
    every: [
        a_disabled_user_gets_a_decoy_and_no_code,
        a_user_disabled_before_the_answer_gets_no_tokens,
        a_user_deleted_before_the_answer_gets_no_tokens,
        a_code_sent_to_an_old_address_does_not_outlive_the_change,
        the_next_holder_of_an_old_address_gets_a_new_account,
        an_unverified_address_signs_in_to_no_existing_account,
    ],
    both: [
        a_username_session_signs_in_by_its_own_contact_only,
    ],
}

async fn ada_with_an_account(latchstring: &Latchstring) -> (Person, SignedIn) {
    let ada = latchstring.by_email("ada@example.com");
    let signed_in = ada.signs_in_for_the_first_time().await;
    (ada, signed_in)
}

/// Checks that a sign-in sent nothing and cannot succeed, but looks like any other.
async fn leads_nowhere(ada: &Person, sent: usize, question: Question, code: &str) {
    assert_eq!(ada.messages().await.len(), sent, "nothing was sent");
    assert!(question.is_of(ada.contact()));
    assert_eq!(question.number("codeLength"), 6);
    assert!(!question.answer(code).await.is_right());
}

#[tokio::test]
async fn a_disabled_user_gets_a_decoy_and_no_code() {
    let latchstring = Latchstring::start().await;
    let (ada, signed_in) = ada_with_an_account(&latchstring).await;
    let ordinary = ada.requests_a_code().await.session_length();
    let code = ada.code().await;
    latchstring.disable(signed_in.username()).await;
    let question = ada.requests_a_code().await;
    assert_eq!(question.session_length(), ordinary);
    leads_nowhere(&ada, 2, question, &code).await;
    assert_eq!(latchstring.accounts().await.len(), 1);
}

#[tokio::test]
async fn a_user_disabled_before_the_answer_gets_no_tokens() {
    let latchstring = Latchstring::start().await;
    let (ada, signed_in) = ada_with_an_account(&latchstring).await;
    let question = ada.requests_a_code().await;
    let code = ada.code().await;
    latchstring.disable(signed_in.username()).await;
    let refusal = question.answer(&code).await.refused();
    assert!(refusal.is_of_an_ended_session());
}

#[tokio::test]
async fn a_user_deleted_before_the_answer_gets_no_tokens() {
    let latchstring = Latchstring::start().await;
    let (ada, signed_in) = ada_with_an_account(&latchstring).await;
    let question = ada.requests_a_code().await;
    let code = ada.code().await;
    latchstring.delete(signed_in.username()).await;
    question.answer(&code).await.refused();
    // A later sign-in creates a new account.
    let again = ada.signs_in_for_the_first_time().await;
    assert!(again.sub() != signed_in.sub(), "it is another account");
}

#[tokio::test]
async fn a_code_sent_to_an_old_address_does_not_outlive_the_change() {
    let latchstring = Latchstring::start().await;
    let (ada, signed_in) = ada_with_an_account(&latchstring).await;
    let question = ada.requests_a_code().await;
    let code = ada.code().await;
    let new = latchstring.by_email("ada@example.org");
    let change = [("email", new.contact()), ("email_verified", "true")];
    latchstring
        .set_attributes(signed_in.username(), &change)
        .await;
    question.answer(&code).await.refused();
    let signed_in_again = new.signs_in().await;
    assert!(signed_in_again.sub() == signed_in.sub());
    assert!(signed_in_again.id["email"] == new.contact());
}

#[tokio::test]
async fn the_next_holder_of_an_old_address_gets_a_new_account() {
    let latchstring = Latchstring::start().await;
    let (ada, signed_in) = ada_with_an_account(&latchstring).await;
    let new = latchstring.by_email("ada@example.org");
    let change = [("email", new.contact()), ("email_verified", "true")];
    latchstring
        .set_attributes(signed_in.username(), &change)
        .await;
    let other = ada.signs_in_for_the_first_time().await;
    assert!(other.sub() != signed_in.sub());
    assert_eq!(latchstring.accounts().await.len(), 2);
}

#[tokio::test]
async fn an_unverified_address_signs_in_to_no_existing_account() {
    let latchstring = Latchstring::start().await;
    let (ada, signed_in) = ada_with_an_account(&latchstring).await;
    let question = ada.requests_a_code().await;
    let code = ada.code().await;
    latchstring
        .set_attributes(signed_in.username(), &[("email_verified", "false")])
        .await;
    question.answer(&code).await.refused();
    // A caller that proves it now gets an account of its own.
    let other = ada.signs_in_for_the_first_time().await;
    assert!(other.sub() != signed_in.sub());
}

#[tokio::test]
async fn a_username_session_signs_in_by_its_own_contact_only() {
    let latchstring = Latchstring::start().await;
    let (ada, signed_in) = ada_with_an_account(&latchstring).await;
    // A session by username with the ticket of the account's own contact is equal to one by contact.
    let ticket = ada.ticket().await;
    let question = latchstring
        .initiate(signed_in.username())
        .await
        .challenge("select");
    let question = question
        .select("email", Some(&ticket))
        .await
        .challenge("otp");
    let again = question.answer(&ada.code().await).await.signed_in();
    assert!(again.sub() == signed_in.sub());
    // With the ticket of another contact it earns a proof of that contact, and no tokens.
    let number = latchstring.by_phone("+14155550132");
    let ticket = number.ticket().await;
    let question = latchstring
        .initiate(signed_in.username())
        .await
        .challenge("select");
    let question = question
        .select("phone_number", Some(&ticket))
        .await
        .challenge("otp");
    question.answer(&number.code().await).await.proof();
}
