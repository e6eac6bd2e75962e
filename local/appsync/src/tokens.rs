//! The user pool's tokens, as AppSync checks them.

use serde_json::Value;

/// The user pool's tokens, as AppSync checks them.
pub trait Tokens: Send + Sync + 'static {
    /// The claims of an access or id token of the pool (`token_use` tells which) whose signature and
    /// expiry hold. AppSync takes both kinds, and a revoked token until it expires.
    fn verify(&self, token: &str) -> Result<Value, TokenRefused>;
}

/// Why AppSync does not take a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefused {
    /// It is not a JWT.
    #[error("the token cannot be parsed")]
    Unparsable,
    /// It was good once.
    #[error("the token has expired")]
    Expired,
    /// It is of another pool, forged, or neither an access nor an id token.
    #[error("the token is not of this pool")]
    Untrusted,
}
