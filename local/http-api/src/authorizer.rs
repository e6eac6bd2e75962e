//! The JWT authorizer.

use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use serde_json::{Map, Value};

/// The user pool's tokens, as the authorizer checks them.
pub trait Tokens: Send + Sync + 'static {
    /// Returns the claims of a token whose signature, issuer and times are valid. A revoked token is
    /// valid until it expires.
    fn verify(&self, token: &str) -> Result<Value, TokenRefused>;
}

/// The reason why a token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefused {
    /// It has expired.
    #[error("the token has expired")]
    Expired,
    /// It is not a token of the issuer.
    #[error("the token is not of this issuer")]
    Untrusted,
}

/// The JWT authorizer of the routes for signed-in callers. Its identity source is
/// `$request.header.Authorization`.
pub struct JwtAuthorizer {
    /// The issuer's tokens.
    pub tokens: Arc<dyn Tokens>,
    /// The app clients. A token is for one of them by its `aud` or, without one, by its `client_id`.
    pub audience: Vec<String>,
}

/// The value of `www-authenticate` for a refused caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unauthorized(pub(crate) &'static str);

impl JwtAuthorizer {
    /// Returns the claims of the caller's token, as the event has them.
    pub(crate) fn authorize(
        &self,
        headers: &HeaderMap,
    ) -> Result<Map<String, Value>, Unauthorized> {
        let offered = headers.get(AUTHORIZATION).ok_or(Unauthorized("Bearer"))?;
        let token = offered.to_str().map_err(|_| INVALID)?;
        let token = token.strip_prefix("Bearer ").unwrap_or(token).trim();
        let claims = self.tokens.verify(token).map_err(|refused| match refused {
            TokenRefused::Expired => EXPIRED,
            TokenRefused::Untrusted => INVALID,
        })?;
        let audience = claims.get("aud").or_else(|| claims.get("client_id"));
        if !audience.is_some_and(|audience| self.is_for_us(audience)) {
            return Err(OF_ANOTHER_CLIENT);
        }
        let Value::Object(claims) = claims else {
            return Err(INVALID);
        };
        let claims = claims.into_iter();
        Ok(claims
            .map(|(name, value)| (name, Value::String(text(&value))))
            .collect())
    }

    fn is_for_us(&self, audience: &Value) -> bool {
        let known = |audience: &Value| {
            audience
                .as_str()
                .is_some_and(|audience| self.audience.iter().any(|own| own == audience))
        };
        match audience {
            Value::Array(all) => all.iter().any(known),
            one => known(one),
        }
    }
}

const EXPIRED: Unauthorized = Unauthorized(
    "Bearer scope=\"\" error=\"invalid_token\" error_description=\"the token has expired\"",
);
const OF_ANOTHER_CLIENT: Unauthorized = Unauthorized(
    "Bearer scope=\"\" error=\"invalid_token\" error_description=\"the token does not have a valid audience\"",
);
const INVALID: Unauthorized = Unauthorized("Bearer scope=\"\" error=\"invalid_token\"");

/// Returns a claim as the event has it: every claim is a text, and a list has brackets and spaces.
fn text(claim: &Value) -> String {
    match claim {
        Value::String(text) => text.clone(),
        Value::Array(all) => {
            let all: Vec<_> = all.iter().map(text).collect();
            format!("[{}]", all.join(" "))
        }
        other => other.to_string(),
    }
}
