//! The response of the resolvers that open a session.

use crate::ports::Tokens;
use crate::value::code_alphabet::CodeAlphabet;
use crate::value::secret::Secret;

/// An open session at its next challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInPayload {
    /// Cognito's session, for `RespondToAuthChallenge`.
    pub session: Secret,
    /// The `USERNAME` for `RespondToAuthChallenge`: the identifier, with a proof the pool's username,
    /// or a random one for an unconfirmed user where contacts are usernames.
    pub username: Secret,
    /// The name that Cognito gives the session: the pool's username of a known user, or a random one
    /// if Cognito refuses the user. For a continuation alone: a caller must not learn it.
    pub session_username: Secret,
    /// The number of characters of the code.
    pub code_length: u32,
    /// The alphabet of the code; `None` in the session of a proof.
    pub code_alphabet: Option<CodeAlphabet>,
    /// The pointer of the flow; `None` in the session of a proof.
    pub pointer: Option<String>,
    /// The resume secret of the flow; `None` in the session of a proof.
    pub resume: Option<Secret>,
    /// The number of attempts left.
    pub attempts_left: u32,
    /// Seconds until the code or proof expires.
    pub expires_in: u32,
    /// Seconds until `resend` sends another message.
    pub resend_after: u32,
}

/// The tokens of a completed sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokensPayload {
    /// The pool's username.
    pub username: Secret,
    /// The tokens.
    pub tokens: Tokens,
}

impl TokensPayload {
    pub(crate) fn new(username: String, tokens: Tokens) -> Self {
        Self {
            username: Secret::new(username),
            tokens,
        }
    }
}
