//! The pool's JWTs: their claims, and the conditions under which an access token is valid.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::attributes;
use crate::config::{ClientConfig, PoolConfig};
use crate::error::{ApiError, ApiResult};
use crate::grants::Grant;
use crate::keys::{Keys, Unverified};
use crate::users::User;

/// The reason why an access token is refused; the text is Cognito's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not one of this pool's access tokens.
    #[error("Invalid Access Token")]
    Invalid,
    /// It claims to be one, but the pool did not sign it.
    #[error("Could not verify signature for Access Token")]
    Signature,
    /// It has expired.
    #[error("Access Token has expired")]
    Expired,
    /// It was revoked, or its user signed out.
    #[error("Access Token has been revoked")]
    Revoked,
    /// Its user was deleted.
    #[error("User does not exist.")]
    UserNotFound,
    /// Its user is disabled.
    #[error("User is disabled.")]
    UserDisabled,
}

impl From<Unverified> for TokenError {
    fn from(why: Unverified) -> Self {
        match why {
            Unverified::Malformed => Self::Invalid,
            Unverified::Signature => Self::Signature,
        }
    }
}

impl From<TokenError> for ApiError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::UserNotFound => Self::user_not_found(),
            _ => Self::not_authorized(error.to_string()),
        }
    }
}

/// The only scope of tokens that the hosted UI did not issue.
const SCOPE: &str = "aws.cognito.signin.user.admin";

/// Returns the `AuthenticationResult` for a grant, with the user's present attributes.
pub(crate) fn issue(
    config: &PoolConfig,
    client: &ClientConfig,
    keys: &Keys,
    grant: &Grant,
    user: &User,
    now: SystemTime,
) -> ApiResult<Value> {
    let access = keys
        .access
        .sign(&access_claims(config, client, grant, user, now))?;
    let id = keys.id.sign(&id_claims(config, client, grant, user, now))?;
    Ok(json!({
        "AccessToken": access,
        "IdToken": id,
        "ExpiresIn": client.access_token_validity.as_secs(),
        "TokenType": "Bearer",
    }))
}

pub(crate) fn issuer(config: &PoolConfig) -> String {
    format!(
        "https://cognito-idp.{}.amazonaws.com/{}",
        config.region, config.pool_id
    )
}

fn access_claims(
    config: &PoolConfig,
    client: &ClientConfig,
    grant: &Grant,
    user: &User,
    now: SystemTime,
) -> Value {
    let mut claims = common_claims(
        config,
        client,
        grant,
        user,
        now,
        client.access_token_validity,
    );
    claims.insert("token_use".to_owned(), json!("access"));
    claims.insert("client_id".to_owned(), json!(client.id));
    claims.insert("username".to_owned(), json!(user.username));
    claims.insert("scope".to_owned(), json!(SCOPE));
    Value::Object(claims)
}

fn id_claims(
    config: &PoolConfig,
    client: &ClientConfig,
    grant: &Grant,
    user: &User,
    now: SystemTime,
) -> Value {
    let mut claims: Map<String, Value> = user
        .attributes
        .iter()
        .map(|(name, value)| (name.clone(), claim(name, value)))
        .collect();
    claims.extend(common_claims(
        config,
        client,
        grant,
        user,
        now,
        client.id_token_validity,
    ));
    claims.insert("token_use".to_owned(), json!("id"));
    claims.insert("aud".to_owned(), json!(client.id));
    claims.insert("cognito:username".to_owned(), json!(user.username));
    Value::Object(claims)
}

/// Returns an attribute as the ID token shows it.
fn claim(name: &str, value: &str) -> Value {
    match name {
        "email_verified" | "phone_number_verified" => json!(attributes::is_true(value)),
        "updated_at" => value
            .parse::<i64>()
            .map_or_else(|_| json!(value), |seconds| json!(seconds)),
        "address" => json!({ "formatted": value }),
        _ => json!(value),
    }
}

fn common_claims(
    config: &PoolConfig,
    client: &ClientConfig,
    grant: &Grant,
    user: &User,
    now: SystemTime,
    validity: Duration,
) -> Map<String, Value> {
    let mut claims = Map::new();
    claims.insert("sub".to_owned(), json!(user.sub.to_string()));
    claims.insert("iss".to_owned(), json!(issuer(config)));
    claims.insert("event_id".to_owned(), json!(grant.id.to_string()));
    claims.insert("auth_time".to_owned(), json!(seconds(grant.auth_time)));
    claims.insert("iat".to_owned(), json!(seconds(now)));
    claims.insert("exp".to_owned(), json!(seconds(now + validity)));
    claims.insert("jti".to_owned(), json!(Uuid::new_v4().to_string()));
    if client.enable_token_revocation || client.refresh_token_rotation.is_some() {
        claims.insert("origin_jti".to_owned(), json!(grant.origin.to_string()));
    }
    // A user without groups has no such claim.
    if !user.groups.is_empty() {
        claims.insert("cognito:groups".to_owned(), json!(user.groups));
    }
    claims
}

/// Verifies the signature and expiry of an access token; returns its claims and its grant.
pub(crate) fn read_access(
    config: &PoolConfig,
    keys: &Keys,
    token: &str,
    now: SystemTime,
) -> Result<(Uuid, Value), TokenError> {
    let claims = keys.access.verify(token)?;
    let grant = claims["event_id"]
        .as_str()
        .and_then(|id| Uuid::parse_str(id).ok())
        .filter(|_| claims["token_use"] == "access")
        .ok_or(TokenError::Invalid)?;
    own_and_current(config, &claims, now)?;
    Ok((grant, claims))
}

/// Verifies the signature and expiry of an access or an ID token; returns its claims.
pub(crate) fn read(
    config: &PoolConfig,
    keys: &Keys,
    token: &str,
    now: SystemTime,
) -> Result<Value, TokenError> {
    let claims = keys
        .access
        .verify(token)
        .or_else(|_| keys.id.verify(token))?;
    own_and_current(config, &claims, now)?;
    Ok(claims)
}

/// Checks issuer and expiry. Pools may share their keys, so the issuer counts too.
fn own_and_current(config: &PoolConfig, claims: &Value, now: SystemTime) -> Result<(), TokenError> {
    let expires = claims["exp"]
        .as_u64()
        .filter(|_| claims["iss"] == json!(issuer(config)))
        .ok_or(TokenError::Invalid)?;
    if seconds(now) >= expires {
        return Err(TokenError::Expired);
    }
    Ok(())
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}
