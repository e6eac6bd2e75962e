//! App clients with a secret: no call without it starts anything.

use std::time::Duration;

use axum::http::StatusCode;
use data_encoding::BASE64;
use latchstring_local_cognito::{AuthFlow, ClientSecret, Rotation, Trigger};
use serde_json::{Value, json};

use crate::bench::*;

const SECRET: &str = "a-secret-of-the-client";

fn confidential() -> Bench {
    Bench::with_client(|client| client.secret = Some(ClientSecret::new(SECRET)))
}

/// Returns the documented hash: Base64(HMAC-SHA256(secret, username + client id)).
fn hash_of(username: &str) -> Value {
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, SECRET.as_bytes());
    let message = format!("{username}{CLIENT}");
    let tag = aws_lc_rs::hmac::sign(&key, message.as_bytes());
    json!(BASE64.encode(tag.as_ref()))
}

fn not_received() -> String {
    format!(
        "NotAuthorizedException: Client {CLIENT} is configured with secret but SECRET_HASH was not received"
    )
}

fn not_verified() -> String {
    format!("NotAuthorizedException: Unable to verify secret hash for client {CLIENT}")
}

/// Returns a body with a hash over this name.
fn with_hash(mut body: Value, parameters: &str, username: &str) -> Value {
    body[parameters]["SECRET_HASH"] = hash_of(username);
    body
}

#[tokio::test]
async fn without_the_hash_no_flow_starts_for_any_user() {
    let bench = confidential();
    bench.create("ada", json!({})).await;
    for name in ["ada", "missing", ""] {
        let body = initiate_body(name);
        assert_eq!(bench.refused("InitiateAuth", body).await, not_received());
        let other = with_hash(initiate_body(name), "AuthParameters", "another");
        assert_eq!(bench.refused("InitiateAuth", other).await, not_verified());
        let mut admin = initiate_body(name);
        admin["UserPoolId"] = json!(POOL);
        assert_eq!(
            bench.refused("AdminInitiateAuth", admin).await,
            not_received()
        );
    }
    assert!(bench.triggers.events(Trigger::Define).is_empty());
    for flow in ["USER_PASSWORD_AUTH", "USER_SRP_AUTH", "USER_AUTH"] {
        let mut body = initiate_body("ada");
        body["AuthFlow"] = json!(flow);
        assert_eq!(bench.refused("InitiateAuth", body).await, not_received());
    }
}

#[tokio::test]
async fn each_answer_needs_the_hash_of_its_username() {
    let bench = confidential();
    bench.create("ada", json!({})).await;
    let body = with_hash(initiate_body("ada"), "AuthParameters", "ada");
    let session = bench.ok("InitiateAuth", body).await["Session"].clone();
    let session = session.as_str().expect("a session");
    let answer = || answer_body(session, "ada", RIGHT);
    let respond = "RespondToAuthChallenge";
    assert_eq!(bench.refused(respond, answer()).await, not_received());
    let other = with_hash(answer(), "ChallengeResponses", "bob");
    assert_eq!(bench.refused(respond, other).await, not_verified());
    assert!(bench.triggers.events(Trigger::Verify).is_empty());
    let right = with_hash(answer(), "ChallengeResponses", "ada");
    let tokens = bench.ok(respond, right).await;
    assert!(tokens["AuthenticationResult"]["AccessToken"].is_string());
}

/// Signs Ada in to a confidential client, and returns its tokens.
async fn signed_in(bench: &Bench) -> Value {
    bench.create("ada", json!({})).await;
    let body = with_hash(initiate_body("ada"), "AuthParameters", "ada");
    let session = bench.ok("InitiateAuth", body).await["Session"].clone();
    let answer = answer_body(session.as_str().expect("a session"), "ada", RIGHT);
    let answer = with_hash(answer, "ChallengeResponses", "ada");
    bench.ok("RespondToAuthChallenge", answer).await["AuthenticationResult"].clone()
}

#[tokio::test]
async fn a_refresh_and_a_revocation_need_the_secret_itself() {
    let bench = Bench::with_client(|client| {
        client.secret = Some(ClientSecret::new(SECRET));
        client.refresh_token_rotation = Some(Rotation {
            grace: Duration::from_secs(60),
        });
    });
    let token = signed_in(&bench).await["RefreshToken"].clone();
    let body = |member: &str, secret: Option<&str>| {
        let mut body = json!({ "ClientId": CLIENT, member: token });
        if let Some(secret) = secret {
            body["ClientSecret"] = json!(secret);
        }
        body
    };
    let hash = hash_of("ada");
    for (operation, member) in [
        ("GetTokensFromRefreshToken", "RefreshToken"),
        ("RevokeToken", "Token"),
    ] {
        for secret in [None, Some("another"), hash.as_str()] {
            let refused = bench.call(operation, body(member, secret)).await;
            assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{operation}");
        }
        bench.ok(operation, body(member, Some(SECRET))).await;
    }
    let refresh = body("RefreshToken", Some(SECRET));
    assert_eq!(
        bench.refused("GetTokensFromRefreshToken", refresh).await,
        "NotAuthorizedException: Refresh Token has been revoked"
    );
}

#[tokio::test]
async fn a_refresh_by_initiate_auth_needs_the_hash_of_the_user() {
    let bench = Bench::with_client(|client| {
        client.secret = Some(ClientSecret::new(SECRET));
        client.explicit_auth_flows.insert(AuthFlow::RefreshToken);
    });
    let tokens = signed_in(&bench).await;
    let body = json!({
        "AuthFlow": "REFRESH_TOKEN_AUTH",
        "ClientId": CLIENT,
        "AuthParameters": { "REFRESH_TOKEN": tokens["RefreshToken"] },
    });
    assert_eq!(
        bench.refused("InitiateAuth", body.clone()).await,
        not_received()
    );
    let other = with_hash(body.clone(), "AuthParameters", "bob");
    assert_eq!(bench.refused("InitiateAuth", other).await, not_verified());
    let right = with_hash(body, "AuthParameters", "ada");
    bench.ok("InitiateAuth", right).await;
}

#[tokio::test]
async fn an_access_token_needs_no_secret_and_a_description_has_it() {
    let bench = confidential();
    let tokens = signed_in(&bench).await;
    let get = json!({ "AccessToken": tokens["AccessToken"] });
    assert_eq!(bench.ok("GetUser", get).await["Username"], "ada");
    let describe = json!({ "UserPoolId": POOL, "ClientId": CLIENT });
    let described = bench.ok("DescribeUserPoolClient", describe).await;
    assert_eq!(described["UserPoolClient"]["ClientSecret"], SECRET);
    let describe = json!({ "UserPoolId": POOL, "ClientId": SIBLING });
    let described = bench.ok("DescribeUserPoolClient", describe).await;
    assert!(described["UserPoolClient"].get("ClientSecret").is_none());
    assert_eq!(
        format!("{:?}", ClientSecret::new(SECRET)),
        "ClientSecret(…)"
    );
}
