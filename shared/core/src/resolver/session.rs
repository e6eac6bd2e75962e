//! Browser sessions: the sign-ins of session mode, in which a browser holds a cookie and no token.
//!
//! docs/adr/0034-session-mode.md has the reasons. A session is found by the hash of its id, and its
//! tokens open with the id only. Cognito decides at each refresh whether the session still stands,
//! so it stands no longer than an access token.

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};
use thiserror::Error;

use super::context::{Context, Ports};
use super::error::Cause;
use super::signed_in::Identity;
use crate::effects::{Clock, Entropy};
use crate::ports::{
    Directory, EndIf, Enlisted, Leased, PortError, RefreshApi, Refreshed, RefreshedTokens,
    SessionStore, Tokens,
};
use crate::record::session::{OpenAccess, Opener};
pub use crate::record::session::{
    AccessToken, Browser, Family, FormerToken, RefreshLease, SealedToken, Session, SessionId,
    SessionTokens, System,
};
use crate::seal::pseudonym::Pseudonym;
use crate::value::account::Sub;
use crate::value::secret::Secret;
use crate::value::time::Timestamp;

/// The maximum number of sessions of an account. One call of the store reads them all.
pub const SESSIONS_MAX: usize = 50;

/// The remaining life below which an access token is not handed out.
const AHEAD: Duration = Duration::from_secs(60);
/// The maximum time of one refresh: two calls of Cognito and a write.
const LEASE: Duration = Duration::from_secs(12);
/// The time for which a request waits for another one's refresh: a lease and a little more.
const PATIENCE: Duration = Duration::from_secs(13);
/// The first and the longest pause between two looks at another request's refresh.
const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(800)];
/// The pause before a call is repeated.
const AGAIN: Duration = Duration::from_millis(200);
/// The time for which the list of an account is kept after its latest session expired.
const KEEP_LIST: Duration = Duration::from_secs(24 * 3600);

/// The reason that there is no session. The text is public; the Lambda logs the cause.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The id is unknown, or its session has ended.
    #[error("Sign in first.")]
    NotSignedIn,
    /// A port does not answer, or Cognito is configured incorrectly.
    #[error("Sign-in is not available at the moment. Try again in a minute.")]
    Unavailable(Cause),
}

impl SessionError {
    /// The error type.
    pub const fn error_type(&self) -> &'static str {
        match self {
            Self::NotSignedIn => "NotSignedIn",
            Self::Unavailable(_) => "Unavailable",
        }
    }
}

impl From<PortError> for SessionError {
    fn from(fault: PortError) -> Self {
        Self::Unavailable(Cause::PortError(fault))
    }
}

/// A completed sign-in that becomes a session.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// The tokens. The ID token is not kept.
    pub tokens: Tokens,
    /// The claim `sub` of the access token.
    pub account: Sub,
    /// The claim `username`.
    pub username: String,
    /// The claim `auth_time`.
    pub signed_in_at: Timestamp,
    /// The browser.
    pub browser: Browser,
    /// The session that the browser had before, which is signed out.
    pub replaces: Option<SessionId>,
}

/// A session that was opened.
#[derive(Clone, Debug)]
pub struct OpenedSession {
    /// The id, for the cookie. It is nowhere else.
    pub id: SessionId,
    /// Seconds until the session ends, used or not.
    pub expires_in: u64,
}

/// A session without its tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionPayload {
    /// The account.
    pub account: Sub,
    /// The pool's username.
    pub username: String,
    /// The time of the sign-in.
    pub signed_in_at: Timestamp,
    /// The time when the session was opened.
    pub opened_at: Timestamp,
    /// Seconds until the session ends if it is not used.
    pub expires_in: u64,
}

/// An access token, for the app's server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessTokenPayload {
    /// The token.
    pub access_token: Secret,
    /// Seconds until it expires.
    pub expires_in: u64,
}

/// A session of an account's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionEntry {
    /// The name by which it is revoked.
    pub handle: SessionHandle,
    /// True of the session that the list was requested in.
    pub is_current: bool,
    /// The browsers that it was used from.
    pub browsers: Vec<Browser>,
    /// The time when it was opened.
    pub opened_at: Timestamp,
    /// The minute of its last use.
    pub last_used_at: Timestamp,
    /// The time when it ends if it is not used.
    pub expires_at: Timestamp,
}

/// The name of a session in the list of its account: the hash of its id. It opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionHandle(Pseudonym);

impl SessionHandle {
    /// Parses a handle of a list.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        let bytes = bytes.try_into().ok()?;
        Some(Self(Pseudonym::stored(bytes)))
    }

    /// The text of the handle.
    pub fn text(self) -> String {
        BASE64URL_NOPAD.encode(self.0.as_bytes())
    }
}

/// A sign-out that was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedOut {
    /// The reason that Cognito could not revoke the tokens, for logs. No cookie leads to them any
    /// more, and they expire.
    pub unrevoked: Option<PortError>,
}

/// The credential of the app's server, with which it may fetch access tokens.
#[derive(Clone)]
pub struct ServerCredential(Vec<Secret>);

/// The proof that a request has the server credential.
#[derive(Clone, Copy, Debug)]
pub struct AppServer(());

impl ServerCredential {
    /// The minimum length of a credential in characters.
    pub const MIN_CHARS: usize = 32;

    /// Parses one credential, or two that are separated by a space while one replaces the other.
    pub fn parse(text: &str) -> Option<Self> {
        let accepted: Vec<_> = text.split_ascii_whitespace().map(Secret::new).collect();
        let is_long = |it: &Secret| it.expose().len() >= Self::MIN_CHARS;
        let is_one = matches!(accepted.len(), 1 | 2) && accepted.iter().all(is_long);
        is_one.then_some(Self(accepted))
    }

    /// Returns the proof if the header is a credential. Compares in constant time.
    pub fn admit(&self, header: Option<&Secret>) -> Option<AppServer> {
        // Digests, because the time of a comparison depends on the length of both texts.
        let digest = |text: &Secret| Sha256::digest(text.expose().as_bytes());
        let given = digest(header?);
        let is_equal = self.0.iter().fold(Choice::from(0), |found, accepted| {
            found | digest(accepted).ct_eq(&given)
        });
        bool::from(is_equal).then_some(AppServer(()))
    }
}

impl std::fmt::Debug for ServerCredential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ServerCredential(…)")
    }
}

/// The operations on browser sessions.
pub struct Sessions<'a, P: Ports, T> {
    /// The settings and ports.
    pub context: Context<'a, P>,
    /// Cognito's refresh tokens.
    pub tokens: &'a T,
}

impl<P: Ports<Store: SessionStore>, T: RefreshApi> Sessions<'_, P, T> {
    /// Opens a session for a completed sign-in, and returns its id, which is never returned again.
    ///
    /// # Errors
    /// If the account was signed out everywhere meanwhile, or a port fails.
    pub async fn open(&self, new: &NewSession) -> Result<OpenedSession, SessionError> {
        todo!()
    }

    /// Returns the session of an id without its tokens, and notes its use.
    ///
    /// # Errors
    /// If the session has ended, or a port fails.
    pub async fn current(
        &self,
        id: &SessionId,
        browser: Browser,
    ) -> Result<SessionPayload, SessionError> {
        todo!()
    }

    /// Returns the signed-in caller of an id, for the operations of an account, and notes the use.
    ///
    /// # Errors
    /// If the session has ended, or a port fails.
    pub async fn identity(
        &self,
        id: &SessionId,
        browser: Browser,
    ) -> Result<Identity, SessionError> {
        todo!()
    }

    /// Returns an access token to the app's server, and notes the use.
    ///
    /// # Errors
    /// If the session has ended, or a port fails.
    pub async fn access_token(
        &self,
        id: &SessionId,
        _: &AppServer,
    ) -> Result<AccessTokenPayload, SessionError> {
        todo!()
    }

    /// Ends the session of an id, and revokes its tokens. Done if there is none.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn sign_out(&self, id: &SessionId) -> Result<SignedOut, SessionError> {
        todo!()
    }

    /// Signs the account out at Cognito and ends all its sessions.
    ///
    /// # Errors
    /// If the session has ended, or a port fails. The request can then be repeated.
    pub async fn sign_out_everywhere(&self, id: &SessionId) -> Result<(), SessionError> {
        todo!()
    }

    /// Returns the sessions of the account, the most recently used one first.
    ///
    /// # Errors
    /// If the session has ended, or a port fails.
    pub async fn list(&self, id: &SessionId) -> Result<Vec<SessionEntry>, SessionError> {
        todo!()
    }

    /// Ends another session of the account. Done if the account has none of that handle.
    ///
    /// # Errors
    /// If the session of the id has ended, or a port fails.
    pub async fn revoke(&self, id: &SessionId, handle: SessionHandle) -> Result<(), SessionError> {
        todo!()
    }

    /// Ends all sessions of an account, without a call of Cognito.
    ///
    /// # Errors
    /// If the store fails. The call can then be repeated.
    pub async fn end_all(&self, account: &Sub) -> Result<(), SessionError> {
        todo!()
    }
}
