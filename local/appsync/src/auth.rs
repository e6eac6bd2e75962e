//! Authentication of the caller by an API key or a token of the user pool.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use serde_json::Value;
use subtle::ConstantTimeEq as _;

use crate::tokens::{TokenRefused, Tokens};

const API_KEY_HEADER: &str = "x-api-key";

/// An authenticated caller.
#[derive(Clone)]
pub(crate) enum Caller {
    ApiKey,
    Cognito { claims: Value },
}

impl Caller {
    /// The groups that the token names.
    pub(crate) fn groups(&self) -> impl Iterator<Item = &str> {
        let claims = match self {
            Self::ApiKey => None,
            Self::Cognito { claims } => Some(claims),
        };
        claims
            .and_then(|claims| claims["cognito:groups"].as_array())
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
    }
}

/// AppSync's answer to an unauthenticated caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unauthorized(pub(crate) &'static str);

const NOT_AUTHORIZED: Unauthorized = Unauthorized("You are not authorized to make this call.");

/// Authenticates a request. An API key takes precedence: a token beside it is ignored.
pub(crate) fn authenticate(
    headers: &HeaderMap,
    api_key: &str,
    tokens: &dyn Tokens,
) -> Result<Caller, Unauthorized> {
    if let Some(offered) = headers.get(API_KEY_HEADER) {
        return if bool::from(offered.as_bytes().ct_eq(api_key.as_bytes())) {
            Ok(Caller::ApiKey)
        } else {
            Err(NOT_AUTHORIZED)
        };
    }
    let Some(authorization) = headers.get(AUTHORIZATION) else {
        return Err(Unauthorized("Valid authorization header not provided."));
    };
    let token = authorization
        .to_str()
        .map_err(|_| refusal(TokenRefused::Unparsable))?;
    let token = token.strip_prefix("Bearer ").unwrap_or(token).trim();
    match tokens.verify(token) {
        Ok(claims) => Ok(Caller::Cognito { claims }),
        Err(refused) => Err(refusal(refused)),
    }
}

fn refusal(refused: TokenRefused) -> Unauthorized {
    match refused {
        TokenRefused::Unparsable => Unauthorized("Unable to parse JWT token."),
        TokenRefused::Expired => Unauthorized("Token has expired."),
        TokenRefused::Untrusted => NOT_AUTHORIZED,
    }
}
