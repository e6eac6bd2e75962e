//! Who may have a new account: the rules, invitations, and the pool's own trigger.

use latchstring_core::admission::{Admission, AdmissionRule, Domain};
use latchstring_local::Options;
use latchstring_tests::{Latchstring, Person, Refusal, SignedIn};
use serde_json::json;

latchstring_tests::doors! {
    both: [
        an_invited_contact_joins_with_its_groups_and_attributes,
        a_contact_without_an_invitation_learns_it_after_its_code,
        an_invitation_ends_is_withdrawn_and_is_used_once,
        a_domain_admits_and_so_does_an_invitation_beside_it,
        an_account_that_exists_signs_in_under_any_rule,
        a_member_of_the_group_invites_and_withdraws,
        a_new_invitation_replaces_the_one_before,
        the_pools_own_trigger_refuses_as_a_rule_does,
        an_invitation_to_a_missing_group_is_refused,
        an_interrupted_account_is_completed_as_invited,
    ],
}

async fn by_invitation() -> Latchstring {
    Latchstring::start_by_invitation(Options::default()).await
}

async fn of_one_domain() -> Latchstring {
    let rule = Admission {
        rule: AdmissionRule::Domains,
        admitted: vec![Domain::parse("staff.example").expect("a domain")],
        refused: Vec::new(),
    };
    Latchstring::start_with_rule(rule, Options::default()).await
}

/// Joins, and expects the refusal of the rule.
async fn is_refused(contact: &Person) {
    let refusal = contact.tries_to_join().await.err();
    let refusal = refusal.expect("the contact is not admitted");
    assert_eq!(refusal.kind, "NotAdmitted");
}

async fn joins(contact: &Person) -> SignedIn {
    let joined: Result<SignedIn, Refusal> = contact.tries_to_join().await;
    joined.expect("the contact is admitted")
}

#[tokio::test]
async fn an_invited_contact_joins_with_its_groups_and_attributes() {
    let latchstring = by_invitation().await;
    latchstring.create_group("staff").await;
    for contact in [
        latchstring.by_email("bob@example.com"),
        latchstring.by_phone("+1 415 555 0132"),
    ] {
        let members = json!({
            "groups": ["staff", "admins"], "attributes": { "custom:tier": "gold" },
        });
        latchstring.invite(&contact, members).await;
        let joined = joins(&contact).await;
        for claims in [&joined.id, &joined.access] {
            assert_eq!(claims["cognito:groups"], json!(["admins", "staff"]));
        }
        assert_eq!(joined.id["custom:tier"], "gold");
        let again = contact.signs_in().await;
        assert!(again.sub() == joined.sub(), "it is the same account");
    }
    assert_eq!(latchstring.accounts().await.len(), 2);
}

#[tokio::test]
async fn a_contact_without_an_invitation_learns_it_after_its_code() {
    let latchstring = by_invitation().await;
    let bob = latchstring.by_email("bob@example.com");
    let eve = latchstring.by_email("eve@example.com");
    latchstring.invite(&eve, json!({})).await;
    let question = bob.requests_a_code().await;
    question
        .answer(&bob.wrong_code().await)
        .await
        .challenge("otp");
    is_refused(&bob).await;
    assert!(latchstring.accounts().await.is_empty());
    joins(&eve).await;
    assert_eq!(latchstring.accounts().await.len(), 1);
}

#[tokio::test]
async fn an_invitation_ends_is_withdrawn_and_is_used_once() {
    let latchstring = by_invitation().await;
    let bob = latchstring.by_email("bob@example.com");
    latchstring.invite(&bob, json!({ "days": 2 })).await;
    latchstring.advance(2 * 24 * 3600).await;
    is_refused(&bob).await;

    latchstring.invite(&bob, json!({})).await;
    latchstring.withdraw_invitation(&bob).await;
    is_refused(&bob).await;

    latchstring.invite(&bob, json!({})).await;
    let joined = joins(&bob).await;
    latchstring.delete(joined.username()).await;
    is_refused(&bob).await;
    assert!(latchstring.accounts().await.is_empty());
}

#[tokio::test]
async fn a_domain_admits_and_so_does_an_invitation_beside_it() {
    let latchstring = of_one_domain().await;
    let colleague = latchstring.by_email("Eve@STAFF.example");
    let guest = latchstring.by_email("bob@example.com");
    let number = latchstring.by_phone("+1 415 555 0132");
    joins(&colleague).await;
    for contact in [
        &guest,
        &number,
        &latchstring.by_email("eve@sub.staff.example"),
    ] {
        is_refused(contact).await;
    }
    for contact in [&guest, &number] {
        latchstring.invite(contact, json!({})).await;
        joins(contact).await;
    }
    assert_eq!(latchstring.accounts().await.len(), 3);
}

#[tokio::test]
async fn an_account_that_exists_signs_in_under_any_rule() {
    for latchstring in [by_invitation().await, of_one_domain().await] {
        let ada = latchstring.by_email("ada@example.com");
        latchstring.create_account("made-by-hand", &ada).await;
        let joined = joins(&ada).await;
        assert_eq!(joined.username(), "made-by-hand");
        assert!(ada.signs_in().await.sub() == joined.sub());
        assert_eq!(latchstring.accounts().await.len(), 1);
    }
}

#[tokio::test]
async fn a_member_of_the_group_invites_and_withdraws() {
    let latchstring = by_invitation().await;
    let ada = latchstring.by_email("ada@example.com");
    latchstring
        .invite(&ada, json!({ "groups": ["admins"] }))
        .await;
    let admin = joins(&ada).await;
    let (bob, eve) = (
        latchstring.by_email("bob@example.com"),
        latchstring.by_email("eve@example.com"),
    );
    let listed = json!({ "groups": ["editors"], "attributes": { "custom:tier": "tin" } });
    for contact in [&bob, &eve] {
        let invited = admin.invites(contact, listed.clone()).await;
        invited.expect("an inviter");
    }
    let withdrawn = admin.withdraws_the_invitation(&eve).await;
    withdrawn.expect("an inviter");
    is_refused(&eve).await;
    let joined = joins(&bob).await;
    assert_eq!(joined.access["cognito:groups"], json!(["editors"]));
    assert_eq!(joined.id["custom:tier"], "tin");
    // The group counts while Cognito accepts the token.
    admin.signs_out().await;
    let refused = admin.invites(&eve, json!({})).await.unwrap_err();
    assert_ne!(refused.kind, "NotAnInviter");
    is_refused(&eve).await;
}

#[tokio::test]
async fn a_new_invitation_replaces_the_one_before() {
    let latchstring = by_invitation().await;
    let bob = latchstring.by_email("bob@example.com");
    let members = json!({ "groups": ["admins"], "attributes": { "custom:tier": "gold" } });
    latchstring.invite(&bob, members).await;
    latchstring
        .invite(&bob, json!({ "attributes": { "custom:tier": "tin" } }))
        .await;
    let joined = joins(&bob).await;
    assert!(joined.id["cognito:groups"].is_null());
    assert_eq!(joined.id["custom:tier"], "tin");
}

#[tokio::test]
async fn the_pools_own_trigger_refuses_as_a_rule_does() {
    let latchstring = Latchstring::start().await;
    let bob = latchstring.by_email("bob@example.com");
    latchstring.fail_triggers(&["PreSignUp"]).await;
    is_refused(&bob).await;
    assert!(latchstring.accounts().await.is_empty());
    latchstring.fail_triggers(&[]).await;
    joins(&bob).await;
    // An account that exists needs none.
    latchstring.fail_triggers(&["PreSignUp"]).await;
    bob.signs_in().await;
}

#[tokio::test]
async fn an_invitation_to_a_missing_group_is_refused() {
    let latchstring = by_invitation().await;
    let bob = latchstring.by_email("bob@example.com");
    let invitation = json!({ "emailOrPhone": "bob@example.com", "groups": ["later"] });
    let event = json!({ "invite": invitation });
    let (status, body) = latchstring.control(&event).await;
    assert_ne!(status, 200);
    assert!(body.to_string().contains("no such group"), "{body}");
    is_refused(&bob).await;
    latchstring.create_group("later").await;
    let (status, _) = latchstring.control(&event).await;
    assert_eq!(status, 200);
    assert_eq!(joins(&bob).await.id["cognito:groups"], json!(["later"]));
    assert_eq!(latchstring.accounts().await.len(), 1);
}

#[tokio::test]
async fn an_interrupted_account_is_completed_as_invited() {
    for operation in [
        "AdminCreateUser",
        "AdminAddUserToGroup",
        "AdminSetUserPassword",
    ] {
        let latchstring = by_invitation().await;
        let bob = latchstring.by_email("bob@example.com");
        latchstring
            .invite(&bob, json!({ "groups": ["admins"] }))
            .await;
        let mut first = bob.nearly_signs_in().await;
        latchstring.fail_for(&[(operation, 60)]).await;
        let refusal = first.completes().await.err().expect("an outage");
        assert_eq!(refusal.kind, "Unavailable", "{operation}");
        latchstring.fail_for(&[]).await;
        let joined = first.completes().await.expect("the same proof");
        assert_eq!(
            joined.id["cognito:groups"],
            json!(["admins"]),
            "{operation}"
        );
        latchstring.delete(joined.username()).await;
        is_refused(&bob).await;
    }
}
