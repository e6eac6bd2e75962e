//! The answer of the resolvers that open a session.

use crate::value::secret::Secret;

/// A session with its next question asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInPayload {
    /// Cognito's session, for `RespondToAuthChallenge`.
    pub session: Secret,
    /// `USERNAME`, for the same: the identifier, or with a proof the pool's username.
    pub username: Secret,
    /// Digits of the code.
    pub code_length: u32,
    /// Seconds until the code or proof expires.
    pub expires_in: u32,
    /// Seconds until `resend` sends again.
    pub resend_after: u32,
}
