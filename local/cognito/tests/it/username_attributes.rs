//! Pools with username attributes, sign-up by users themselves, and users of other identity providers.

use std::collections::BTreeMap;

use latchstring_local_cognito::{Alias, Trigger};
use serde_json::{Value, json};

use crate::bench::*;

const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "Aa1!aaaaaaaa";

fn by_contact() -> Bench {
    Bench::with(|config| config.username_attributes = true)
}

fn open(username_attributes: bool) -> Bench {
    Bench::with(|config| {
        config.username_attributes = username_attributes;
        config.open_sign_up = true;
    })
}

fn sign_up_body(username: &str, attributes: Value) -> Value {
    json!({
        "ClientId": CLIENT,
        "Username": username,
        "Password": PASSWORD,
        "UserAttributes": attribute_list(attributes),
    })
}

fn confirm_body(username: &str, code: &str) -> Value {
    json!({ "ClientId": CLIENT, "Username": username, "ConfirmationCode": code })
}

#[tokio::test]
async fn a_username_attribute_is_unique_and_finds_its_user() {
    let bench = by_contact();
    let user = bench.create(EMAIL, json!({})).await["User"].clone();
    let username = text(&user, "Username").to_owned();
    assert_eq!(attribute(&user, "sub"), Some(username.clone()));
    assert_eq!(attribute(&user, "email").as_deref(), Some(EMAIL));
    assert_eq!(attribute(&user, "email_verified").as_deref(), Some("false"));
    for name in [EMAIL, "ADA@example.com", &username] {
        assert_eq!(bench.admin_get(name).await["Username"], *username);
    }
    let body = create_body(EMAIL, json!({ "email_verified": "true" }));
    assert_eq!(
        bench.refused("AdminCreateUser", body).await,
        "UsernameExistsException: User account already exists"
    );
    bench.create("bob@example.com", json!({})).await;
    let body = update_body(
        "bob@example.com",
        json!({ "email": EMAIL, "email_verified": "true" }),
    );
    assert_eq!(
        bench.refused("AdminUpdateUserAttributes", body).await,
        "AliasExistsException: An account with the given email already exists."
    );
}

#[tokio::test]
async fn only_a_sign_in_attribute_is_a_username() {
    let bench = by_contact();
    let body = create_body("ada", json!({}));
    assert_eq!(
        bench.refused("AdminCreateUser", body).await,
        "InvalidParameterException: Username should be either an email or a phone number."
    );
    let bench = Bench::with(|config| {
        config.username_attributes = true;
        config.sign_in_attributes = [Alias::Email].into();
    });
    let body = create_body("+14155550132", json!({}));
    assert_eq!(
        bench.refused("AdminCreateUser", body).await,
        "InvalidParameterException: Username should be an email."
    );
    let described = bench.ok("DescribeUserPool", json!({ "UserPoolId": POOL }));
    let described = described.await["UserPool"].clone();
    assert_eq!(described["UsernameAttributes"], json!(["email"]));
    assert!(described["AliasAttributes"].is_null());
}

#[tokio::test]
async fn an_unverified_username_attribute_signs_in() {
    let bench = by_contact();
    bench.create(EMAIL, json!({})).await;
    bench.sign_in(EMAIL).await;
    let event = bench.triggers.last(Trigger::Define);
    assert_eq!(
        event["request"]["userAttributes"]["email_verified"],
        "false"
    );
    let alias = Bench::new();
    alias.create("ada", json!({ "email": EMAIL })).await;
    alias.initiate(EMAIL).await;
    let event = alias.triggers.last(Trigger::Define);
    assert_eq!(event["request"]["userNotFound"], true);
}

#[tokio::test]
async fn a_single_alias_finds_by_that_attribute_alone() {
    let bench = Bench::with(|config| config.sign_in_attributes = [Alias::Email].into());
    let number = json!({ "phone_number": "+14155550132", "phone_number_verified": "true" });
    bench.create("ada", number.clone()).await;
    bench.create("bob", number).await;
    bench.refused("AdminGetUser", named("+14155550132")).await;
}

#[tokio::test]
async fn sign_up_is_closed_unless_it_is_open() {
    let bench = Bench::new();
    let body = sign_up_body("ada", json!({ "email": EMAIL }));
    assert_eq!(
        bench.refused("SignUp", body).await,
        "NotAuthorizedException: SignUp is not permitted for this user pool"
    );
}

#[tokio::test]
async fn a_user_signs_up_and_confirms() {
    for by_contact in [false, true] {
        let bench = open(by_contact);
        let name = if by_contact { EMAIL } else { "ada" };
        let body = sign_up_body(name, json!({ "email": EMAIL }));
        let signed_up = bench.ok("SignUp", body.clone()).await;
        assert_eq!(signed_up["UserConfirmed"], false);
        assert!(
            bench
                .refused("SignUp", body)
                .await
                .starts_with("UsernameExistsException"),
        );
        assert_eq!(bench.admin_get(name).await["UserStatus"], "UNCONFIRMED");
        assert_eq!(
            bench.refused("InitiateAuth", initiate_body(name)).await,
            "UserNotConfirmedException: User is not confirmed."
        );
        let wrong = bench.refused("ConfirmSignUp", confirm_body(name, "wrong"));
        assert!(wrong.await.starts_with("CodeMismatchException"));
        bench
            .ok(
                "ResendConfirmationCode",
                json!({ "ClientId": CLIENT, "Username": name }),
            )
            .await;
        let code = bench.pool.confirmation_code(name).expect("a code");
        bench.ok("ConfirmSignUp", confirm_body(name, &code)).await;
        let user = bench.admin_get(EMAIL).await;
        assert_eq!(user["UserStatus"], "CONFIRMED");
        assert_eq!(attribute(&user, "email_verified").as_deref(), Some("true"));
    }
}

#[tokio::test]
async fn a_sign_up_is_unverified_and_has_what_is_required() {
    let bench = Bench::with(|config| {
        config.open_sign_up = true;
        config.required_attributes = ["email".to_owned()].into();
    });
    let body = sign_up_body("ada", json!({ "email": EMAIL, "email_verified": "true" }));
    let refused = bench.refused("SignUp", body).await;
    assert!(refused.starts_with("NotAuthorizedException"), "{refused}");
    let refused = bench
        .refused("SignUp", sign_up_body("ada", json!({})))
        .await;
    assert!(refused.contains("email: The attribute is required"));
    // An administrator may.
    bench.create("ada", json!({})).await;
}

#[tokio::test]
async fn the_triggers_of_sign_up_run_around_it() {
    let bench = Bench::with(|config| {
        config.open_sign_up = true;
        config.pre_sign_up = true;
        config.post_confirmation = true;
    });
    let flags = json!({ "autoConfirmUser": true, "autoVerifyEmail": true });
    bench.triggers.respond(Trigger::PreSignUp, flags);
    let body = sign_up_body("ada", json!({ "email": EMAIL }));
    let signed_up = bench.ok("SignUp", body).await;
    assert_eq!(signed_up["UserConfirmed"], true);
    let before = bench.triggers.last(Trigger::PreSignUp);
    assert_eq!(before["triggerSource"], "PreSignUp_SignUp");
    assert_eq!(before["callerContext"]["clientId"], CLIENT);
    let after = bench.triggers.last(Trigger::PostConfirmation);
    assert_eq!(after["triggerSource"], "PostConfirmation_ConfirmSignUp");
    assert_eq!(after["request"]["userAttributes"]["email_verified"], "true");
    // It is not invoked for a user whom an administrator creates.
    bench.create("bob", json!({})).await;
    assert_eq!(bench.triggers.events(Trigger::PostConfirmation).len(), 1);
}

#[tokio::test]
async fn a_federated_profile_is_found_by_its_username_alone() {
    for username_attributes in [false, true] {
        let bench = Bench::with(|config| config.username_attributes = username_attributes);
        let attributes = [("email", EMAIL), ("email_verified", "true")];
        let attributes = attributes.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let federate = || {
            let attributes = BTreeMap::from(attributes.clone());
            bench.pool.federate("Google", "1", attributes)
        };
        assert_eq!(federate().as_deref(), Some("Google_1"));
        assert_eq!(federate().as_deref(), Some("Google_1"), "the same profile");
        bench.refused("AdminGetUser", named(EMAIL)).await;
        let profile = bench.admin_get("Google_1").await;
        assert_eq!(profile["UserStatus"], "EXTERNAL_PROVIDER");
        let listed = json!({ "UserPoolId": POOL, "Filter": format!("email = \"{EMAIL}\"") });
        let listed = bench.ok("ListUsers", listed).await;
        assert_eq!(listed["Users"][0]["Username"], "Google_1");
        assert_eq!(
            bench
                .refused("InitiateAuth", initiate_body("Google_1"))
                .await,
            "NotAuthorizedException: User is not authorized to get auth details."
        );
        // A second account with the same address is possible.
        let name = if username_attributes { EMAIL } else { "ada" };
        bench.create_verified(name, EMAIL).await;
    }
}

#[tokio::test]
async fn a_linked_user_is_the_account_of_the_pool() {
    let bench = Bench::new();
    bench.create_verified("ada", EMAIL).await;
    let link = |subject: &str| {
        json!({
            "UserPoolId": POOL,
            "DestinationUser": { "ProviderName": "Cognito", "ProviderAttributeValue": "ada" },
            "SourceUser": {
                "ProviderName": "Google",
                "ProviderAttributeName": "Cognito_Subject",
                "ProviderAttributeValue": subject,
            },
        })
    };
    bench.ok("AdminLinkProviderForUser", link("1")).await;
    let federated = bench.pool.federate("Google", "1", BTreeMap::new());
    assert_eq!(federated.as_deref(), Some("ada"));
    assert!(attribute(&bench.admin_get("ada").await, "identities").is_some());
    bench.sign_in(EMAIL).await;
    bench.pool.federate("Google", "2", BTreeMap::new());
    let refused = bench.refused("AdminLinkProviderForUser", link("2")).await;
    assert!(
        refused.starts_with("InvalidParameterException"),
        "{refused}"
    );
}
