//! The user pool's tokens, as AppSync checks them.

use serde_json::Value;

/// The user pool's tokens, as AppSync checks them.
pub trait Tokens: Send + Sync + 'static {
    /// Returns the claims of an access or ID token of the pool (`token_use` names the kind) whose
    /// signature and expiry are valid. AppSync accepts both kinds, and a revoked token until it
    /// expires.
    fn verify(&self, token: &str) -> Result<Value, TokenRefused>;
}

/// The reason why AppSync refuses a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefused {
    /// It is not a JWT.
    #[error("the token cannot be parsed")]
    Unparsable,
    /// It has expired.
    #[error("the token has expired")]
    Expired,
    /// It is of another pool, forged, or neither an access nor an id token.
    #[error("the token is not of this pool")]
    Untrusted,
}
