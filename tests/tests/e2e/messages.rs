//! The messages that users receive, and their language.

use latchstring_tests::{Latchstring, Person};

latchstring_tests::doors! {
    every: [
        a_mail_has_a_subject_a_text_and_html_and_an_sms_has_a_text,
        an_unsupported_language_is_not_an_error,
        only_a_users_own_messages_have_the_users_language,
        a_new_contact_gets_a_message_in_the_requested_language,
    ],
}

async fn latest(person: &Person) -> String {
    person.messages().await.remove(0).text
}

#[tokio::test]
async fn a_mail_has_a_subject_a_text_and_html_and_an_sms_has_a_text() {
    let latchstring = Latchstring::start().await;
    let ada = latchstring.by_email("ada@example.com").reading("fr-CA");
    ada.requests_a_code().await;
    let mail = ada.messages().await.remove(0);
    assert_eq!(mail.subject.as_deref(), Some("Votre code de connexion"));
    assert!(mail.text.contains(&mail.code));
    let html = mail.html.expect("a mail has HTML");
    assert!(html.contains("<html lang=\"fr\"") && html.contains(&format!(">{}<", mail.code)));
    let bob = latchstring.by_phone("+14155550132").reading("pt_BR");
    bob.requests_a_code().await;
    let sms = bob.messages().await.remove(0);
    assert!(
        sms.text
            .starts_with(&format!("{} é o seu codigo", sms.code))
    );
    assert!(sms.subject.is_none() && sms.html.is_none());
}

#[tokio::test]
async fn an_unsupported_language_is_not_an_error() {
    let latchstring = Latchstring::start().await;
    let long = "x".repeat(10_000);
    for (number, locale) in ["", "tlh", "zh-Hant-TW", "*", "\n", &long]
        .into_iter()
        .enumerate()
    {
        let ada = latchstring.by_email(&format!("ada{number}@example.com"));
        ada.clone().reading(locale).requests_a_code().await;
        assert!(latest(&ada).await.starts_with("Your sign-in code"));
    }
}

#[tokio::test]
async fn only_a_users_own_messages_have_the_users_language() {
    let latchstring = Latchstring::start().await;
    let ada = latchstring.by_email("ada@example.com");
    let signed_in = ada.signs_in_for_the_first_time().await;
    latchstring
        .set_attributes(signed_in.username(), &[("locale", "de-CH")])
        .await;
    let question = ada.requests_a_code().await;
    assert!(latest(&ada).await.starts_with("Ihr Anmeldecode"));
    latchstring.advance(30).await;
    question.resend().await;
    assert_eq!(ada.messages().await.len(), 3);
    assert!(latest(&ada).await.starts_with("Ihr Anmeldecode"));
    let bob = latchstring.by_email("bob@example.com");
    bob.requests_a_code().await;
    assert!(latest(&bob).await.starts_with("Your sign-in code"));
}

#[tokio::test]
async fn a_new_contact_gets_a_message_in_the_requested_language() {
    let latchstring = Latchstring::start().await;
    let ada = latchstring.by_email("ada@example.com");
    let signed_in = ada.signs_in_for_the_first_time().await;
    let new = latchstring.by_email("ada@example.org").reading("es-419");
    signed_in.changes_to(&new).await.expect("a code is sent");
    assert!(latest(&new).await.starts_with("Tu código de confirmación"));
    let number = latchstring.by_phone("+14155550132").reading("ja");
    let asked = signed_in.signs_up(("Ada", "Lovelace"), &number).await;
    asked.expect("a code is sent");
    assert!(latest(&number).await.contains("確認コード"));
}
