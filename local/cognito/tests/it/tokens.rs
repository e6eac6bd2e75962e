//! Tokens: their claims, their lifetime, and their end.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use latchstring_local_cognito::{Rotation, TokenError};
use serde_json::{Value, json};

use crate::bench::*;

const REVOKED: &str = "NotAuthorizedException: Access Token has been revoked";

async fn ada() -> (Bench, Value) {
    ada_of(Bench::new()).await
}

async fn ada_of(bench: Bench) -> (Bench, Value) {
    bench
        .create(
            "ada",
            json!({
                "email": "ada@example.com",
                "email_verified": "True",
                "phone_number": "+4915112345678",
                "given_name": "Ada",
            }),
        )
        .await;
    let tokens = bench.sign_in("ada").await;
    (bench, tokens)
}

fn rotating(grace: u64) -> Bench {
    Bench::with_client(|client| {
        client.refresh_token_rotation = Some(Rotation {
            grace: Duration::from_secs(grace),
        });
    })
}

fn get_user(tokens: &Value) -> Value {
    json!({ "AccessToken": tokens["AccessToken"] })
}

fn refresh_with(token: &Value) -> Value {
    json!({ "ClientId": CLIENT, "RefreshToken": token })
}

fn refresh_auth(token: &Value) -> Value {
    json!({
        "AuthFlow": "REFRESH_TOKEN_AUTH",
        "ClientId": CLIENT,
        "AuthParameters": { "REFRESH_TOKEN": token },
    })
}

#[tokio::test]
async fn the_tokens_have_cognitos_claims() {
    let (bench, tokens) = ada().await;
    let id = claims(text(&tokens, "IdToken"));
    let access = claims(text(&tokens, "AccessToken"));
    let issuer = format!("https://cognito-idp.eu-central-1.amazonaws.com/{POOL}");
    let sub = attribute(&bench.admin_get("ada").await, "sub");
    for (claims, token_use) in [(&id, "id"), (&access, "access")] {
        assert_eq!(claims["iss"], issuer);
        assert_eq!(claims["token_use"], token_use);
        assert_eq!(claims["sub"].as_str(), sub.as_deref());
        assert_eq!(claims["auth_time"], START);
        assert_eq!(claims["iat"], START);
        assert_eq!(claims["exp"], START + 3600);
        assert_eq!(text(claims, "jti").len(), 36);
    }
    assert_ne!(id["jti"], access["jti"]);
    for shared in ["origin_jti", "event_id"] {
        assert_eq!(text(&id, shared), text(&access, shared));
    }
    assert_eq!(id["aud"], CLIENT);
    assert_eq!(id["cognito:username"], "ada");
    assert_eq!(id["email"], "ada@example.com");
    assert_eq!(id["email_verified"], true);
    assert_eq!(id["phone_number_verified"], false);
    assert_eq!(id["given_name"], "Ada");
    assert_eq!(access["client_id"], CLIENT);
    assert_eq!(access["username"], "ada");
    assert_eq!(access["scope"], "aws.cognito.signin.user.admin");
    for private in ["email", "phone_number", "aud"] {
        assert!(access.get(private).is_none());
    }
}

#[tokio::test]
async fn the_published_keys_verify_the_tokens() {
    let (bench, tokens) = ada().await;
    let request = Request::get(format!("/{POOL}/.well-known/jwks.json")).body(Body::empty());
    let set = bench.send(request.expect("a valid request")).await.body;
    let set: JwkSet = serde_json::from_value(set).expect("a key set");
    assert_eq!(set.keys.len(), 2);
    let mut kids = Vec::new();
    for name in ["IdToken", "AccessToken"] {
        let token = text(&tokens, name);
        let kid = jsonwebtoken::decode_header(token)
            .expect("a header")
            .kid
            .expect("a kid");
        let key = DecodingKey::from_jwk(set.find(&kid).expect("a published key")).expect("a key");
        let mut validation = Validation::new(Algorithm::RS256);
        validation.validate_exp = false;
        validation.validate_aud = false;
        jsonwebtoken::decode::<Value>(token, &key, &validation).expect("a good signature");
        kids.push(kid);
    }
    assert_ne!(kids[0], kids[1]);
}

/// AppSync and every other service know the keys, but no revocations.
#[tokio::test]
async fn other_services_verify_both_tokens_until_they_expire() {
    let (bench, tokens) = ada().await;
    let claims = |name| bench.pool.verify_jwt(text(&tokens, name));
    assert_eq!(claims("AccessToken").expect("good")["username"], "ada");
    assert_eq!(claims("IdToken").expect("good")["token_use"], "id");
    bench.ok("AdminDeleteUser", named("ada")).await;
    assert!(
        claims("AccessToken").is_ok(),
        "other services do not see the revocation"
    );
    bench.advance(3600);
    assert_eq!(claims("AccessToken"), Err(TokenError::Expired));
    assert_eq!(claims("IdToken"), Err(TokenError::Expired));
    let mut forged = text(&tokens, "IdToken").to_owned();
    forged.push('A');
    assert!(bench.pool.verify_jwt(&forged).is_err());
    assert_eq!(bench.pool.verify_jwt("no token"), Err(TokenError::Invalid));
}

#[tokio::test]
async fn an_access_token_expires() {
    let (bench, tokens) = ada().await;
    bench.advance(3599);
    bench.ok("GetUser", get_user(&tokens)).await;
    bench.advance(1);
    assert_eq!(
        bench.refused("GetUser", get_user(&tokens)).await,
        "NotAuthorizedException: Access Token has expired"
    );
}

#[tokio::test]
async fn a_token_that_is_not_an_access_token_of_the_pool_is_refused() {
    let (bench, tokens) = ada().await;
    let access = text(&tokens, "AccessToken");
    let (signed, signature) = access.rsplit_once('.').expect("a JWT has three parts");
    let flipped = if signature.starts_with('A') { "B" } else { "A" };
    let tampered = format!("{signed}.{flipped}{}", &signature[1..]);
    let unsigned = {
        let header = data_encoding::BASE64URL_NOPAD.encode(br#"{"alg":"none"}"#);
        let payload = signed.split('.').nth(1).expect("a payload");
        format!("{header}.{payload}.")
    };
    for (token, complaint) in [
        ("garbage", "Invalid Access Token"),
        ("a.b.c", "Invalid Access Token"),
        (text(&tokens, "IdToken"), "Invalid Access Token"),
        (&unsigned, "Invalid Access Token"),
        (&tampered, "Could not verify signature for Access Token"),
    ] {
        assert_eq!(
            bench
                .refused("GetUser", json!({ "AccessToken": token }))
                .await,
            format!("NotAuthorizedException: {complaint}")
        );
    }
    // Another pool with the same keys.
    let other = Bench::with(|config| config.pool_id = "eu-central-1_Other".to_owned());
    assert_eq!(
        other.refused("GetUser", get_user(&tokens)).await,
        "NotAuthorizedException: Invalid Access Token"
    );
}

#[tokio::test]
async fn signing_out_revokes_tokens_of_the_same_second() {
    for by_admin in [true, false] {
        let (bench, tokens) = ada().await;
        let elsewhere = bench.sign_in("ada").await;
        if by_admin {
            bench.ok("AdminUserGlobalSignOut", named("ada")).await;
        } else {
            bench.ok("GlobalSignOut", get_user(&tokens)).await;
        }
        let after = bench.sign_in("ada").await;
        for revoked in [&tokens, &elsewhere] {
            assert_eq!(bench.refused("GetUser", get_user(revoked)).await, REVOKED);
            assert_eq!(
                bench
                    .refused("InitiateAuth", refresh_auth(&revoked["RefreshToken"]))
                    .await,
                "NotAuthorizedException: Refresh Token has been revoked"
            );
        }
        bench.ok("GetUser", get_user(&after)).await;
        bench
            .ok("InitiateAuth", refresh_auth(&after["RefreshToken"]))
            .await;
    }
}

#[tokio::test]
async fn an_access_token_deletes_its_own_account_only() {
    let (bench, tokens) = ada().await;
    let elsewhere = bench.sign_in("ada").await;
    bench.create("bob", json!({})).await;
    let bobs = bench.sign_in("bob").await;
    for no_access_token in [json!("garbage"), tokens["IdToken"].clone()] {
        let body = json!({ "AccessToken": no_access_token });
        assert_eq!(
            bench.refused("DeleteUser", body).await,
            "NotAuthorizedException: Invalid Access Token"
        );
    }

    // An operation without an output has an empty body.
    let answer = bench.call("DeleteUser", get_user(&tokens)).await;
    assert_eq!((answer.status.as_u16(), answer.body), (200, Value::Null));

    for revoked in [&tokens, &elsewhere] {
        for operation in ["GetUser", "DeleteUser"] {
            assert_eq!(
                bench.refused(operation, get_user(revoked)).await,
                "UserNotFoundException: User does not exist."
            );
        }
        assert_eq!(
            bench
                .refused("InitiateAuth", refresh_auth(&revoked["RefreshToken"]))
                .await,
            "NotAuthorizedException: Invalid Refresh Token"
        );
    }
    bench.ok("GetUser", get_user(&bobs)).await;
    // The address is available for a new account.
    let verified = json!({ "email": "ada@example.com", "email_verified": "true" });
    bench.create("augusta", verified).await;
}

#[tokio::test]
async fn a_token_that_was_signed_out_deletes_no_account() {
    let (bench, tokens) = ada().await;
    bench.ok("GlobalSignOut", get_user(&tokens)).await;
    assert_eq!(
        bench.refused("DeleteUser", get_user(&tokens)).await,
        REVOKED
    );
    bench.admin_get("ada").await;
}

#[tokio::test]
async fn revoking_a_refresh_token_ends_its_own_tokens_and_no_others() {
    let (bench, tokens) = ada().await;
    let elsewhere = bench.sign_in("ada").await;
    let refreshed = bench
        .ok(
            "GetTokensFromRefreshToken",
            refresh_with(&tokens["RefreshToken"]),
        )
        .await["AuthenticationResult"]
        .clone();
    let revoke = json!({ "ClientId": CLIENT, "Token": tokens["RefreshToken"] });
    assert_eq!(bench.ok("RevokeToken", revoke.clone()).await, json!({}));
    bench.ok("RevokeToken", revoke).await;
    for revoked in [&tokens, &refreshed] {
        assert_eq!(bench.refused("GetUser", get_user(revoked)).await, REVOKED);
    }
    bench.ok("GetUser", get_user(&elsewhere)).await;
    let access = json!({ "ClientId": CLIENT, "Token": elsewhere["AccessToken"] });
    assert_eq!(
        bench.refused("RevokeToken", access).await,
        "UnsupportedTokenTypeException: Unsupported token type"
    );
    let foreign = json!({ "ClientId": SIBLING, "Token": elsewhere["RefreshToken"] });
    assert!(
        bench
            .refused("RevokeToken", foreign)
            .await
            .starts_with("UnauthorizedException")
    );
    bench.ok("GetUser", get_user(&elsewhere)).await;
}

#[tokio::test]
async fn without_revocation_there_is_no_origin_and_nothing_to_revoke() {
    let bench = Bench::with_client(|client| client.enable_token_revocation = false);
    let (bench, tokens) = ada_of(bench).await;
    assert!(
        claims(text(&tokens, "AccessToken"))
            .get("origin_jti")
            .is_none()
    );
    let revoke = json!({ "ClientId": CLIENT, "Token": tokens["RefreshToken"] });
    assert!(
        bench
            .refused("RevokeToken", revoke)
            .await
            .starts_with("UnsupportedOperationException")
    );
    // Signing out still works.
    bench.ok("GlobalSignOut", get_user(&tokens)).await;
    assert_eq!(bench.refused("GetUser", get_user(&tokens)).await, REVOKED);
}

#[tokio::test]
async fn refreshed_tokens_show_present_attributes_of_the_same_sign_in() {
    let (bench, tokens) = ada().await;
    let before = claims(text(&tokens, "IdToken"));
    bench
        .ok(
            "AdminUpdateUserAttributes",
            update_body("ada", json!({ "given_name": "Augusta" })),
        )
        .await;
    bench.advance(100);
    let by_flow = bench
        .ok("InitiateAuth", refresh_auth(&tokens["RefreshToken"]))
        .await;
    assert_eq!(by_flow["ChallengeParameters"], json!({}));
    let by_call = bench
        .ok(
            "GetTokensFromRefreshToken",
            refresh_with(&tokens["RefreshToken"]),
        )
        .await;
    for result in [by_flow, by_call] {
        let result = &result["AuthenticationResult"];
        assert!(result.get("RefreshToken").is_none());
        let after = claims(text(result, "IdToken"));
        assert_eq!(after["given_name"], "Augusta");
        for kept in ["auth_time", "origin_jti", "sub"] {
            assert_eq!(after[kept], before[kept]);
        }
        assert_eq!(after["iat"], START + 100);
        assert_ne!(after["jti"], before["jti"]);
        bench.ok("GetUser", get_user(result)).await;
    }
    // Tokens issued before do not change.
    assert_eq!(before["given_name"], "Ada");
}

#[tokio::test]
async fn a_refresh_token_expires_and_is_valid_for_its_client_only() {
    let (bench, tokens) = ada().await;
    let mut foreign = refresh_with(&tokens["RefreshToken"]);
    foreign["ClientId"] = json!(SIBLING);
    let invalid = "NotAuthorizedException: Invalid Refresh Token";
    assert_eq!(
        bench.refused("GetTokensFromRefreshToken", foreign).await,
        invalid
    );
    for junk in [json!("junk"), tokens["AccessToken"].clone()] {
        assert_eq!(
            bench
                .refused("GetTokensFromRefreshToken", refresh_with(&junk))
                .await,
            invalid
        );
    }
    let month = 30 * 24 * 3600;
    bench.advance(month - 1);
    bench
        .ok(
            "GetTokensFromRefreshToken",
            refresh_with(&tokens["RefreshToken"]),
        )
        .await;
    bench.advance(1);
    assert_eq!(
        bench
            .refused(
                "GetTokensFromRefreshToken",
                refresh_with(&tokens["RefreshToken"])
            )
            .await,
        "NotAuthorizedException: Refresh Token has expired"
    );
    // A new sign-in drops grants that ended long ago.
    bench.advance(month);
    bench.sign_in("ada").await;
    assert_eq!(
        bench
            .refused(
                "GetTokensFromRefreshToken",
                refresh_with(&tokens["RefreshToken"])
            )
            .await,
        invalid
    );
}

#[tokio::test]
async fn rotation_returns_a_new_refresh_token_and_voids_the_old_one() {
    let (bench, tokens) = ada_of(rotating(0)).await;
    assert_eq!(
        bench
            .refused("InitiateAuth", refresh_auth(&tokens["RefreshToken"]))
            .await,
        "UnsupportedOperationException: This API does not support refresh token rotation"
    );
    let first = refresh_with(&tokens["RefreshToken"]);
    let rotated = bench.ok("GetTokensFromRefreshToken", first.clone()).await;
    let second = &rotated["AuthenticationResult"]["RefreshToken"];
    assert!(second.is_string());
    assert_ne!(*second, tokens["RefreshToken"]);
    let reused = bench.refused("GetTokensFromRefreshToken", first).await;
    assert!(reused.starts_with("RefreshTokenReuseException"), "{reused}");
    let next = bench
        .ok("GetTokensFromRefreshToken", refresh_with(second))
        .await;
    let origin = &claims(text(&tokens, "IdToken"))["origin_jti"];
    let id = claims(text(&next["AuthenticationResult"], "IdToken"));
    assert_eq!(id["origin_jti"], *origin);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn without_grace_200_refreshes_at_once_succeed_exactly_once() {
    let (bench, tokens) = ada_of(rotating(0)).await;
    let bench = Arc::new(bench);
    let calls: Vec<_> = (0..200)
        .map(|_| {
            let (bench, body) = (Arc::clone(&bench), refresh_with(&tokens["RefreshToken"]));
            tokio::spawn(async move { bench.call("GetTokensFromRefreshToken", body).await.body })
        })
        .collect();
    let mut served = 0;
    for call in calls {
        let body = call.await.expect("no call panics");
        if body["AuthenticationResult"].is_object() {
            served += 1;
        } else {
            assert_eq!(body["__type"], "RefreshTokenReuseException");
        }
    }
    assert_eq!(served, 1);
}

#[tokio::test]
async fn within_the_grace_a_rotated_token_still_works() {
    let (bench, tokens) = ada_of(rotating(30)).await;
    let first = refresh_with(&tokens["RefreshToken"]);
    bench.ok("GetTokensFromRefreshToken", first.clone()).await;
    bench.advance(29);
    bench.ok("GetTokensFromRefreshToken", first.clone()).await;
    // The grace counts from the first use.
    bench.advance(1);
    let reused = bench.refused("GetTokensFromRefreshToken", first).await;
    assert!(reused.starts_with("RefreshTokenReuseException"), "{reused}");
}

#[tokio::test]
async fn a_rotated_token_lives_no_longer_than_the_first() {
    let (bench, tokens) = ada_of(rotating(0)).await;
    bench.advance(29 * 24 * 3600);
    let rotated = bench
        .ok(
            "GetTokensFromRefreshToken",
            refresh_with(&tokens["RefreshToken"]),
        )
        .await;
    bench.advance(24 * 3600);
    let second = &rotated["AuthenticationResult"]["RefreshToken"];
    assert_eq!(
        bench
            .refused("GetTokensFromRefreshToken", refresh_with(second))
            .await,
        "NotAuthorizedException: Refresh Token has expired"
    );
}
