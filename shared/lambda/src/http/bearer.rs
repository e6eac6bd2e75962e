//! The identity of a request, from the access token that it carries.
//!
//! The claims are decoded here and verified by Cognito: the core asks `GetUser` with the token, which
//! verifies its signature, its expiry and whether it was revoked. `GetUser` would also accept a token
//! of another pool, therefore the issuer is compared. An authorizer in front of the function is only
//! a further filter.

use data_encoding::BASE64URL_NOPAD;
use latchstring_core::account::Sub;
use latchstring_core::contact::Identity;
use latchstring_core::secret::Secret;
use latchstring_core::time::Timestamp;
use serde::Deserialize;

/// The claims of a token that a resolver reads.
#[derive(Deserialize)]
pub(super) struct Claims {
    iss: String,
    pub(super) sub: String,
    token_use: String,
    /// The app client of an access token. An ID token has none.
    client_id: Option<String>,
    /// The pool's username, in an access token.
    pub(super) username: Option<String>,
    pub(super) auth_time: Option<u64>,
    #[serde(rename = "cognito:groups", default)]
    pub(super) groups: Vec<String>,
}

/// Returns the identity of an `Authorization` header; `None` if it has no token of this pool.
pub(super) fn identity(authorization: Option<&str>, pool: &str) -> Option<Identity> {
    let (scheme, token) = authorization?.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let token = token.trim();
    let claims = claims(token)?;
    let (_, issuer) = claims.iss.rsplit_once('/')?;
    (issuer == pool).then(|| Identity {
        sub: Sub::new(claims.sub),
        token_use: claims.token_use,
        client: claims.client_id.unwrap_or_default(),
        auth_time: Timestamp::from_secs(claims.auth_time.unwrap_or_default()),
        groups: claims.groups,
        access_token: Secret::new(token),
    })
}

/// Returns the claims of a token, which are not verified.
pub(super) fn claims(token: &str) -> Option<Claims> {
    let mut segments = token.split('.');
    // Exactly three, so that Cognito reads the same claims.
    let (Some(_header), Some(claims), Some(_signature), None) = (
        segments.next(),
        segments.next(),
        segments.next(),
        segments.next(),
    ) else {
        return None;
    };
    let claims = BASE64URL_NOPAD.decode(claims.as_bytes()).ok()?;
    serde_json::from_slice(&claims).ok()
}
