//! Adding a contact, and changing one.

use latchstring_tests::{Latchstring, Outcome, Person, SignedIn};

latchstring_tests::doors! {
    every: [
        a_second_contact_with_a_name_signs_in_to_the_same_account,
        a_changed_address_signs_in_and_the_old_one_is_only_notified,
        an_address_stays_with_its_owner_when_another_user_adds_it,
        of_two_accounts_that_prove_one_address_one_gets_it,
        a_typo_is_fixed_by_signing_in_with_the_old_address,
        an_abandoned_sign_up_blocks_no_account,
        a_code_sent_to_the_old_mailbox_does_not_outlive_the_change,
        only_a_fresh_access_token_changes_a_contact,
        names_and_contacts_are_checked_and_the_message_says_why,
        a_name_alone_is_written_long_after_the_sign_in,
        a_name_is_refused_after_signing_out,
        a_right_code_stays_right_if_writing_the_contact_fails,
        with_every_trigger_retried_a_contact_changes_once,
    ],
    both: [
        an_id_token_changes_neither_contact_nor_name,
    ],
}

const NAME: (&str, &str) = ("Ada", "Lovelace");

/// Returns a user who signed in by phone, and the address to be added.
async fn ada_by_phone(latchstring: &Latchstring) -> (SignedIn, Person) {
    let phone = latchstring.by_phone("+1 415 555 0132");
    let signed_in = phone.signs_in_for_the_first_time().await;
    (signed_in, latchstring.by_email("ada@example.com"))
}

/// Adds an address to an account by its code.
async fn proves(signed_in: &SignedIn, contact: &Person) -> SignedIn {
    let question = signed_in.changes_to(contact).await.expect("a code is sent");
    question.answer(&contact.code().await).await.signed_in()
}

#[tokio::test]
async fn a_second_contact_with_a_name_signs_in_to_the_same_account() {
    let latchstring = Latchstring::start().await;
    let (ada, email) = ada_by_phone(&latchstring).await;
    let question = ada.signs_up(NAME, &email).await.expect("a code is sent");
    assert!(
        question.is_of(ada.username()),
        "signed-in users read their own contact"
    );
    assert_eq!(ada.pending_email().await.as_deref(), Some("WAITING"));
    question.answer(&email.code().await).await.signed_in();
    assert_eq!(ada.pending_email().await.as_deref(), Some("DONE"));
    let refreshed = ada.refreshes().await;
    assert!(refreshed.id["email"] == email.contact());
    assert!(refreshed.id["email_verified"] == true);
    assert!(refreshed.id["phone_number_verified"] == true);
    assert!(refreshed.id["given_name"] == "Ada" && refreshed.id["family_name"] == "Lovelace");
    assert!(email.signs_in().await.sub() == ada.sub());
    assert_eq!(latchstring.accounts().await.len(), 1);
}

#[tokio::test]
async fn a_changed_address_signs_in_and_the_old_one_is_only_notified() {
    let latchstring = Latchstring::start().await;
    let old = latchstring.by_email("ada@example.com");
    let ada = old.signs_in_for_the_first_time().await;
    let new = latchstring.by_email("ada@example.org");
    let question = ada.changes_to(&new).await.expect("a code is sent");
    let code = new.code().await;
    assert!(
        old.signs_in().await.sub() == ada.sub(),
        "the old address works until then"
    );
    question.answer(&code).await.signed_in();
    let notice = old.messages().await.into_iter().next().expect("a notice");
    assert!(notice.code.is_empty() && notice.text.contains("was changed on"));
    assert!(
        !notice.text.contains(new.contact()),
        "the notice does not name the new address"
    );
    assert!(new.signs_in().await.sub() == ada.sub());
    old.has_no_account().await;
    assert_eq!(latchstring.accounts().await.len(), 1);
}

/// The attack of the AWS article: Alice owns an address; Bob signs in by phone and signs up with it.
#[tokio::test]
async fn an_address_stays_with_its_owner_when_another_user_adds_it() {
    for aliases_move in [false, true] {
        let latchstring = Latchstring::start().await;
        latchstring.move_aliases(aliases_move).await;
        let email = latchstring.by_email("alice@example.com");
        let alice = email.signs_in_for_the_first_time().await;
        let phone = latchstring.by_phone("+1 415 555 0132");
        let bob = phone.signs_in_for_the_first_time().await;
        let question = bob.signs_up(NAME, &email).await.expect("it looks free");
        assert!(
            email.signs_in().await.sub() == alice.sub(),
            "without the proof"
        );
        // Alice gives him the code.
        let code = email.messages().await.remove(1).code;
        question.answer(&code).await.failed();
        assert_eq!(bob.pending_email().await.as_deref(), Some("IN_USE"));
        assert!(email.signs_in().await.sub() == alice.sub(), "and with it");
        assert!(
            phone.signs_in().await.sub() == bob.sub(),
            "Bob keeps his own"
        );
    }
}

#[tokio::test]
async fn of_two_accounts_that_prove_one_address_one_gets_it() {
    for aliases_move in [false, true] {
        let latchstring = Latchstring::start().await;
        latchstring.move_aliases(aliases_move).await;
        let email = latchstring.by_email("both@example.com");
        let mut answering = Vec::new();
        for number in ["+1 415 555 0132", "+1 415 555 0133"] {
            let person = latchstring
                .by_phone(number)
                .signs_in_for_the_first_time()
                .await;
            let question = person.changes_to(&email).await.expect("a code is sent");
            answering.push((question, email.code().await));
        }
        let [one, other] = [&answering[0], &answering[1]];
        let outcomes = tokio::join!(one.0.answer(&one.1), other.0.answer(&other.1));
        let mut owners = 0;
        for (outcome, (_, code)) in [outcomes.0, outcomes.1].into_iter().zip(&answering) {
            // The concurrent call gets the challenge again.
            let outcome = match outcome {
                Outcome::Asked(question) => question.answer(code).await,
                outcome => outcome,
            };
            owners += usize::from(matches!(outcome, Outcome::SignedIn(_)));
        }
        assert_eq!(owners, 1);
        let accounts = latchstring.accounts().await;
        let verified = accounts
            .iter()
            .filter(|account| account.attribute("email_verified") == "true");
        assert_eq!(verified.count(), 1);
        email.signs_in().await;
    }
}

#[tokio::test]
async fn a_typo_is_fixed_by_signing_in_with_the_old_address() {
    let latchstring = Latchstring::start().await;
    let old = latchstring.by_email("ada@example.com");
    let ada = old.signs_in_for_the_first_time().await;
    ada.changes_to(&latchstring.by_email("ada@exmaple.org"))
        .await
        .expect("a code is sent, to another user");
    let again = old.signs_in().await;
    assert!(again.sub() == ada.sub());
    let new = latchstring.by_email("ada@example.org");
    proves(&again, &new).await;
    assert!(new.signs_in().await.sub() == ada.sub());
}

#[tokio::test]
async fn an_abandoned_sign_up_blocks_no_account() {
    let latchstring = Latchstring::start().await;
    let (ada, email) = ada_by_phone(&latchstring).await;
    ada.signs_up(NAME, &email).await.expect("a code is sent");
    let owner = email.signs_in_for_the_first_time().await;
    assert!(owner.sub() != ada.sub(), "whose mailbox it is");
    latchstring.advance(3600).await;
    let ada = latchstring.by_phone("+1 415 555 0132").signs_in().await;
    assert_eq!(ada.pending_email().await.as_deref(), Some("EXPIRED"));
}

#[tokio::test]
async fn a_code_sent_to_the_old_mailbox_does_not_outlive_the_change() {
    let latchstring = Latchstring::start().await;
    let old = latchstring.by_email("ada@example.com");
    let ada = old.signs_in_for_the_first_time().await;
    let new = latchstring.by_email("ada@example.org");
    let question = ada.changes_to(&new).await.expect("a code is sent");
    let lingering = old.requests_a_code().await;
    let old_code = old.code().await;
    question.answer(&new.code().await).await.signed_in();
    lingering.answer(&old_code).await.refused();
}

#[tokio::test]
async fn only_a_fresh_access_token_changes_a_contact() {
    let latchstring = Latchstring::start().await;
    let (ada, email) = ada_by_phone(&latchstring).await;
    let phone = latchstring.by_phone("+1 415 555 0132");
    let refused =
        |outcome: Result<_, latchstring_tests::Refusal>| outcome.err().expect("refused").kind;
    latchstring.advance(601).await;
    assert_eq!(refused(ada.changes_to(&email).await), "ReauthRequired");
    let refreshed = ada.refreshes().await;
    assert_eq!(
        refused(refreshed.changes_to(&email).await),
        "ReauthRequired"
    );
    let fresh = phone.signs_in().await;
    fresh.signs_out().await;
    assert_eq!(refused(fresh.changes_to(&email).await), "NotSignedIn");
    assert!(email.messages().await.is_empty());
}

#[tokio::test]
async fn names_and_contacts_are_checked_and_the_message_says_why() {
    let latchstring = Latchstring::start().await;
    let (ada, email) = ada_by_phone(&latchstring).await;
    for (name, kind) in [
        (("", "Lovelace"), "InvalidName"),
        (("Ada\n", "Love\u{0}lace"), "InvalidName"),
    ] {
        let refusal = ada.signs_up(name, &email).await.err().expect("refused");
        assert_eq!(refusal.kind, kind);
    }
    let nonsense = latchstring.by_email("ada@nowhere");
    let refusal = ada.changes_to(&nonsense).await.err().expect("refused");
    assert_eq!(refusal.kind, "InvalidIdentifier");
    let own = latchstring.by_phone("+14155550132");
    let refusal = ada.changes_to(&own).await.err().expect("refused");
    assert_eq!(refusal.kind, "ContactInUse");
    let newcomer = latchstring.by_email("newcomer@example.com");
    assert!(newcomer.messages().await.is_empty());
}

#[tokio::test]
async fn a_name_alone_is_written_long_after_the_sign_in() {
    let latchstring = Latchstring::start().await;
    let (ada, _) = ada_by_phone(&latchstring).await;
    latchstring.advance(601).await;
    let written = ada.renames((" Ada ", "Lovelace")).await.expect("written");
    assert_eq!(written["givenName"], "Ada", "trimmed");
    let refreshed = ada.refreshes().await;
    assert!(refreshed.id["given_name"] == "Ada" && refreshed.id["family_name"] == "Lovelace");
    let empty = ada.renames(("Ada", " ")).await.expect_err("refused");
    assert_eq!(empty.kind, "InvalidName");
}

#[tokio::test]
async fn an_id_token_changes_neither_contact_nor_name() {
    let latchstring = Latchstring::start().await;
    let (ada, email) = ada_by_phone(&latchstring).await;
    let wrong = ada.with_the_wrong_token();
    let refusal = wrong.changes_to(&email).await.err().expect("refused");
    assert_eq!(refusal.kind, "NotSignedIn");
    let refusal = wrong.renames(NAME).await.expect_err("refused");
    assert_eq!(refusal.kind, "NotSignedIn");
}

#[tokio::test]
async fn a_name_is_refused_after_signing_out() {
    let latchstring = Latchstring::start().await;
    let (ada, _) = ada_by_phone(&latchstring).await;
    ada.signs_out().await;
    let refusal = ada.renames(NAME).await.expect_err("refused");
    assert_eq!(refusal.kind, "NotSignedIn");
}

/// Each call to Cognito fails, once or until the SDK gives up. The challenge is repeated, and the same
/// code changes the contact.
#[tokio::test]
async fn a_right_code_stays_right_if_writing_the_contact_fails() {
    for operation in ["AdminGetUser", "AdminUpdateUserAttributes"] {
        for calls in [1, 2] {
            let latchstring = Latchstring::start().await;
            let (ada, email) = ada_by_phone(&latchstring).await;
            let question = ada.changes_to(&email).await.expect("a code is sent");
            let code = email.code().await;
            latchstring.fail_next(operation, calls).await;
            match question.answer(&code).await {
                Outcome::Asked(again) => {
                    again.answer(&code).await.signed_in();
                }
                outcome => {
                    outcome.signed_in();
                }
            }
            assert!(email.signs_in().await.sub() == ada.sub());
        }
    }
}

#[tokio::test]
async fn with_every_trigger_retried_a_contact_changes_once() {
    let latchstring = Latchstring::start().await;
    let old = latchstring.by_email("ada@example.com");
    let ada = old.signs_in_for_the_first_time().await;
    latchstring.invoke_triggers(3).await;
    let new = latchstring.by_email("ada@example.org");
    proves(&ada, &new).await;
    assert_eq!(new.messages().await.len(), 1);
    let notices = old.messages().await;
    assert_eq!(notices.iter().filter(|m| m.code.is_empty()).count(), 1);
}
