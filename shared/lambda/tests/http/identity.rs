//! The identity of a request comes from an access token of this pool that Cognito accepts.

use data_encoding::{BASE64URL, BASE64URL_NOPAD};
use latchstring_core::ports::Clock;
use serde_json::{Value, json};

use crate::world::{POOL, Reply, World};

async fn names(world: &World, authorization: &str) -> Reply {
    let headers = [
        ("Authorization", authorization),
        ("Content-Type", "application/json"),
    ];
    let body = json!({ "givenName": "Ada", "familyName": "King" }).to_string();
    world.request("POST", "/v1/names", &headers, &body).await
}

async fn refused(world: &World, authorization: &str, reason: &str) {
    let reply = names(world, authorization).await;
    assert_eq!(
        (reply.status, reply.problem()),
        (401, "NotSignedIn"),
        "{reason}"
    );
    assert_eq!(reply.headers["www-authenticate"], "Bearer");
    assert_eq!(reply.body["detail"], "Sign in first.");
}

#[tokio::test]
async fn a_token_of_the_pool_is_accepted_in_any_spelling_of_bearer() {
    let world = World::new();
    let token = world.token(&json!({}));
    for authorization in [
        format!("Bearer {token}"),
        format!("bearer {token}"),
        format!("  BEARER   {token} "),
    ] {
        assert_eq!(names(&world, &authorization).await.status, 200);
    }
}

#[tokio::test]
async fn a_token_of_another_pool_is_refused() {
    let world = World::new();
    // Cognito accepts each of them: GetUser has no parameter of a pool.
    for iss in [
        "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_OTHER0000",
        &format!("https://cognito-idp.eu-west-1.amazonaws.com/{POOL}/"),
        &format!("https://cognito-idp.eu-west-1.amazonaws.com/{POOL}/x"),
        &format!("https://cognito-idp.eu-west-1.amazonaws.com/x{POOL}"),
        POOL,
        "",
    ] {
        let token = world.token(&json!({ "iss": iss }));
        refused(&world, &format!("Bearer {token}"), iss).await;
    }
    for iss in [Value::Null, json!(1), json!([POOL])] {
        let token = world.token(&json!({ "iss": iss }));
        refused(&world, &format!("Bearer {token}"), "no issuer").await;
    }
}

#[tokio::test]
async fn an_id_token_or_one_of_another_client_is_refused() {
    let world = World::new();
    for changed in [
        json!({ "token_use": "id", "client_id": null }),
        json!({ "token_use": "id" }),
        json!({ "client_id": "another" }),
        json!({ "client_id": null }),
        json!({ "sub": "" }),
        json!({ "sub": "sub-of-bob" }),
    ] {
        let token = world.token(&changed);
        refused(&world, &format!("Bearer {token}"), &changed.to_string()).await;
    }
}

#[tokio::test]
async fn claims_that_cognito_did_not_sign_are_refused() {
    let world = World::new();
    let token = world.token(&json!({ "auth_time": 1 }));
    let mut segments = token.split('.');
    let (header, claims) = (segments.next().unwrap(), segments.next().unwrap());
    let claims = BASE64URL_NOPAD.decode(claims.as_bytes()).unwrap();
    let mut claims: Value = serde_json::from_slice(&claims).unwrap();
    claims["auth_time"] = json!(world.shared.clock.now().as_secs());
    let text = claims.to_string();
    let claims = BASE64URL_NOPAD.encode(text.as_bytes());
    for forged in [
        format!("{header}.{claims}.c2lnbmF0dXJl"),
        format!("{header}.{claims}."),
        format!(
            "{header}.{}.c2lnbmF0dXJl",
            BASE64URL.encode(text.as_bytes())
        ),
        format!("{token}.{claims}"),
        format!("{claims}.{token}"),
        format!("{header}.{claims}"),
        format!("{token}, Bearer {token}"),
        String::new(),
        "...".to_owned(),
    ] {
        refused(&world, &format!("Bearer {forged}"), &forged).await;
    }
}

#[tokio::test]
async fn another_scheme_or_no_token_is_refused() {
    let world = World::new();
    let token = world.token(&json!({}));
    for authorization in [
        String::new(),
        "Bearer".to_owned(),
        token.clone(),
        format!("Basic {token}"),
        format!("Bearer{token}"),
        format!("Bearer\t{token}"),
    ] {
        refused(&world, &authorization, &authorization).await;
    }
    let headers = [("content-type", "application/json")];
    let reply = world.request("POST", "/v1/names", &headers, "{}").await;
    assert_eq!(reply.problem(), "NotSignedIn");
}

#[tokio::test]
async fn every_route_of_an_account_requires_a_token() {
    let world = World::new();
    for (method, path) in [
        ("POST", "/v1/sign-up"),
        ("POST", "/v1/names"),
        ("POST", "/v1/contacts/change"),
        ("GET", "/v1/contacts/pending"),
        ("POST", "/v1/devices/remember"),
        ("POST", "/v1/devices/forget"),
    ] {
        let reply = world.request(method, path, &[], "not even JSON").await;
        assert_eq!(
            (reply.status, reply.problem()),
            (401, "NotSignedIn"),
            "{path}"
        );
    }
}
