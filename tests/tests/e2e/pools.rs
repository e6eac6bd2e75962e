//! Pools that others wrote too: username attributes, unverified holders, users of other identity
//! providers, and contacts in other forms.

use latchstring_core::holders::OtherHolders;
use latchstring_local::Options;
use latchstring_tests::{Latchstring, Person};
use serde_json::json;

latchstring_tests::doors! {
    every: [
        a_pool_of_username_attributes_serves_a_whole_life,
        an_unverified_holder_is_refused_or_deleted,
        a_federated_user_is_not_doubled_and_its_owner_learns_it,
        a_linked_account_signs_in_by_code,
        another_form_of_a_contact_signs_in_to_its_account,
    ],
}

async fn pool(username_attributes: bool, other_holders: OtherHolders) -> Latchstring {
    Latchstring::start_with(Options {
        username_attributes,
        other_holders,
        ..Options::default()
    })
    .await
}

/// Joins, and expects that another account is in the way.
async fn is_refused(contact: &Person) {
    let refusal = contact.tries_to_join().await.err();
    let refusal = refusal.expect("another account is in the way");
    assert_eq!(refusal.kind, "ContactInUse");
}

#[tokio::test]
async fn a_pool_of_username_attributes_serves_a_whole_life() {
    let latchstring = pool(true, OtherHolders::Refuse).await;
    for contact in [
        latchstring.by_email("Ada@Example.com"),
        latchstring.by_phone("+1 415 555 0132"),
    ] {
        let first = contact.signs_in_for_the_first_time().await;
        let sub = first.id["sub"].as_str();
        assert_eq!(Some(first.username()), sub, "the pool makes the name");
        let second = contact.signs_in().await;
        assert!(first.sub() == second.sub());
    }
    assert_eq!(latchstring.accounts().await.len(), 2);
}

#[tokio::test]
async fn an_unverified_holder_is_refused_or_deleted() {
    for (choice, is_deleted) in [(OtherHolders::Refuse, false), (OtherHolders::Delete, true)] {
        let latchstring = pool(true, choice).await;
        let ada = latchstring.by_email("ada@example.com");
        latchstring.create_account("ada@example.com", &ada).await;
        let unverified = [("email_verified", "false")];
        latchstring
            .set_attributes("ada@example.com", &unverified)
            .await;
        let [before] = &latchstring.accounts().await[..] else {
            panic!("there is one account");
        };
        if is_deleted {
            let joined = ada.tries_to_join().await.expect("a new account");
            assert_ne!(joined.username(), before.username);
        } else {
            is_refused(&ada).await;
        }
        let [after] = &latchstring.accounts().await[..] else {
            panic!("there is one account");
        };
        assert_eq!(after.username != before.username, is_deleted);
    }
}

#[tokio::test]
async fn a_federated_user_is_not_doubled_and_its_owner_learns_it() {
    for username_attributes in [false, true] {
        let latchstring = pool(username_attributes, OtherHolders::Delete).await;
        let email = json!({ "email": "ada@example.com", "email_verified": "false" });
        latchstring.federate("Google", "1", email).await;
        is_refused(&latchstring.by_email("ada@example.com")).await;
        let accounts = latchstring.accounts().await;
        assert_eq!(accounts.len(), 1);
        assert_eq!(accounts[0].username, "Google_1");
        let joined = latchstring
            .by_email("bob@example.com")
            .tries_to_join()
            .await;
        assert!(joined.is_ok(), "another address is free");
    }
}

#[tokio::test]
async fn a_linked_account_signs_in_by_code() {
    let latchstring = pool(false, OtherHolders::Refuse).await;
    let ada = latchstring.by_email("ada@example.com");
    latchstring.create_account("ada", &ada).await;
    latchstring
        .call_cognito(
            "AdminLinkProviderForUser",
            &json!({
                "UserPoolId": latchstring.settings().user_pool_id,
                "DestinationUser": { "ProviderName": "Cognito", "ProviderAttributeValue": "ada" },
                "SourceUser": {
                    "ProviderName": "Google",
                    "ProviderAttributeName": "Cognito_Subject",
                    "ProviderAttributeValue": "1",
                },
            }),
        )
        .await;
    latchstring.federate("Google", "1", json!({})).await;
    let joined = ada.tries_to_join().await.expect("her account");
    assert_eq!(joined.username(), "ada");
    assert_eq!(latchstring.accounts().await.len(), 1);
}

#[tokio::test]
async fn another_form_of_a_contact_signs_in_to_its_account() {
    for (stored, typed, canonical) in [
        ("+5215512345678", "+52 55 1234 5678", "+525512345678"),
        ("+4407400123456", "+44 7400 123456", "+447400123456"),
    ] {
        let latchstring = pool(false, OtherHolders::Refuse).await;
        let ada = latchstring.by_phone(typed);
        latchstring.create_account("ada", &ada).await;
        let other_form = [("phone_number", stored), ("phone_number_verified", "true")];
        latchstring.set_attributes("ada", &other_form).await;
        let joined = ada.tries_to_join().await.expect("her account");
        assert_eq!(joined.username(), "ada");
        let accounts = latchstring.accounts().await;
        assert_eq!(accounts.len(), 1, "no second account");
        assert_eq!(accounts[0].attribute("phone_number"), canonical);
    }
}
