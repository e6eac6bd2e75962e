//! Browser sessions: the sign-ins of session mode, in which a browser holds a cookie and no token.
//!
//! docs/adr/0035-session-mode.md has the reasons. A session is found by the hash of its id, and its
//! tokens open with the id only. Cognito decides at each refresh whether the session still stands,
//! so it stands no longer than an access token.

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use latchstring_crypto::sha256;
use subtle::{Choice, ConstantTimeEq};
use thiserror::Error;

use super::context::{Context, Ports};
use super::error::Cause;
use super::signed_in::Identity;
use crate::effects::{Clock, Entropy};
use crate::outbox::Events;
use crate::ports::{
    Directory, EndIf, Enlisted, Leased, PortError, RefreshApi, Refreshed, RefreshedTokens,
    SessionStore, Tokens,
};
use crate::record::event::OutboxEntry;
pub use crate::record::session::{
    AccessToken, Browser, Family, FormerToken, RefreshLease, SealedToken, Session, SessionId,
    SessionTokens, System,
};
use crate::record::session::{NewRecord, OpenAccess, Opener};
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
    /// True after an undo of a contact change: all other sessions of the account end.
    pub ends_others: bool,
}

/// A session that was opened.
#[derive(Clone, Debug)]
pub struct OpenedSession {
    /// The id, for the cookie. It is nowhere else.
    pub id: SessionId,
    /// Seconds until the session ends, used or not.
    pub expires_in: u64,
    /// The reason that other sessions which were to end may be left, for logs. Cognito has ended them,
    /// so each ends at its next refresh, and changes nothing until then.
    pub others_left: Option<PortError>,
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
        let digest = |text: &Secret| sha256(text.expose().as_bytes());
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

/// The outcome of a refresh under the lease.
enum Refresh {
    /// A new access token.
    Done(OpenAccess),
    /// Another request has the lease by now. The access token that came too late, if there is one.
    LeaseLost(Option<OpenAccess>),
}

impl<P: Ports<Store: SessionStore>, T: RefreshApi> Sessions<'_, P, T> {
    /// Opens a session for a completed sign-in, and returns its id, which is never returned again.
    ///
    /// # Errors
    /// If the store fails, also at a second attempt. The sign-in is lost, and its tokens are revoked.
    pub async fn open(&self, new: &NewSession) -> Result<OpenedSession, SessionError> {
        let Context {
            deployment,
            store,
            clock,
            entropy,
            ..
        } = &self.context;
        let id = SessionId::from_bytes(entropy.bytes());
        let now = clock.now();
        let record = NewRecord {
            account: new.account.clone(),
            username: new.username.clone(),
            signed_in_at: new.signed_in_at,
            browser: new.browser,
            refresh: &new.tokens.refresh,
            access: &new.tokens.access,
            access_expires_at: now.plus(seconds(new.tokens.expires_in)),
            now,
            life: deployment.policy.session_life,
        };
        let session = Session::new(&self.opener(&id), record, *entropy);
        let others_left = if new.ends_others {
            self.end_all(&session.account).await.err()
        } else {
            None
        };
        if let Err(error) = self.put(&session).await {
            // No cookie leads to them.
            let _ = store
                .end_session(session.key, EndIf::Of(&session.account))
                .await;
            let _ = self.revoke_tokens(&new.tokens.refresh).await;
            return Err(error);
        }
        if let Some(replaced) = &new.replaces {
            // The new session is open in either case. The old one ends with its lifetime.
            if self.sign_out(replaced).await.is_err() {
                clock.sleep(AGAIN).await;
                let _ = self.sign_out(replaced).await;
            }
        }
        Ok(OpenedSession {
            expires_in: now.secs_until(session.expires_at),
            others_left,
            id,
        })
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
        let session = self.used(id, Some(browser)).await?;
        let now = self.context.clock.now();
        let ends_at = session.ends_at(&self.context.deployment.policy);
        let payload = SessionPayload {
            account: session.account.clone(),
            username: session.username.clone(),
            signed_in_at: session.signed_in_at,
            opened_at: session.opened_at,
            expires_in: now.secs_until(ends_at),
        };
        self.access(id, session, Duration::ZERO).await?;
        Ok(payload)
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
        let session = self.used(id, Some(browser)).await?;
        let (sub, client) = (session.account.clone(), session.client.clone());
        let auth_time = session.signed_in_at;
        let access = self.access(id, session, AHEAD).await?;
        Ok(Identity {
            sub,
            token_use: "access".to_owned(),
            client,
            auth_time,
            // They are in the token alone, which the door decodes.
            groups: Vec::new(),
            access_token: access.token,
        })
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
        let session = self.used(id, None).await?;
        let access = self.access(id, session, AHEAD).await?;
        let now = self.context.clock.now();
        Ok(AccessTokenPayload {
            access_token: access.token,
            // Rounded down, so that the app's server does not use an expired token.
            expires_in: access.expires_at.since(now).as_secs(),
        })
    }

    /// Ends the session of an id, and revokes its tokens. Done if there is none.
    ///
    /// # Errors
    /// If the store fails. The tokens are revoked nevertheless if they could be read.
    pub async fn sign_out(&self, id: &SessionId) -> Result<SignedOut, SessionError> {
        let Context { store, clock, .. } = &self.context;
        let done = SignedOut { unrevoked: None };
        let Some(session) = store.session(self.key(id)).await?.filter(self.of_client()) else {
            return Ok(done);
        };
        let condition = EndIf::Of(&session.account);
        let mut ended = store.end_session(session.key, condition).await;
        if ended.is_err() {
            clock.sleep(AGAIN).await;
            ended = store.end_session(session.key, condition).await;
        }
        // A refresh may have replaced the token since the session was read. If the store does not
        // answer, the session ends at Cognito: the item may be gone, and the token in it with it.
        let (session, failed) = match ended {
            Ok(ended) => (ended.unwrap_or(session), None),
            Err(fault) => (session, Some(fault)),
        };
        let token = session.open_refresh(&self.opener(id), &session.tokens.refresh);
        let unrevoked = match token {
            Ok(token) => self.revoke_tokens(&token).await.err(),
            Err(_) => None,
        };
        if let Some(fault) = failed {
            return Err(fault.into());
        }
        self.delist(&session.account, &[session.key]).await;
        Ok(SignedOut { unrevoked })
    }

    /// Signs the account out at Cognito and ends all its sessions. Returns the events to publish after
    /// the response.
    ///
    /// # Errors
    /// If the session has ended, also at Cognito, or a port fails. The request can then be repeated. It
    /// is [`SessionError::NotSignedIn`] if the account was signed out at Cognito meanwhile; the other
    /// sessions had ended before that.
    pub async fn sign_out_everywhere(&self, id: &SessionId) -> Result<Events, SessionError> {
        let session = self.authentic(id, self.live(id).await?)?;
        self.confirm(id, &session).await?;
        // The others first: once Cognito has signed the account out, this session can end no other.
        let now = self.context.clock.now();
        let client = self.context.app_client.client();
        let events = self
            .context
            .note_event(|| OutboxEntry::signed_out(session.key, &session.account, client, now))
            .await?;
        self.end_others(&session.account, session.key).await?;
        match self.context.directory.sign_out(&session.username).await {
            // A deleted account has no tokens.
            Err(fault) if fault.code != "UserNotFoundException" => return Err(fault.into()),
            _ => {}
        }
        self.end(&session.account, Some(session.key)).await?;
        Ok(events)
    }

    /// Returns the sessions of the account, the most recently used one first.
    ///
    /// # Errors
    /// If the session has ended, or a port fails.
    pub async fn list(&self, id: &SessionId) -> Result<Vec<SessionEntry>, SessionError> {
        let current = self.authentic(id, self.live(id).await?)?;
        self.access(id, current.clone(), Duration::ZERO).await?;
        let policy = &self.context.deployment.policy;
        let now = self.context.clock.now();
        let mut sessions = self.sessions_of(&current.account).await?.1;
        sessions.retain(|it| it.is_live(policy, now) && it.account == current.account);
        sessions.sort_by_key(|it| std::cmp::Reverse((it.last_used_at, it.opened_at)));
        let entry = |session: Session| SessionEntry {
            handle: SessionHandle(session.key),
            is_current: session.key == current.key,
            opened_at: session.opened_at,
            last_used_at: session.last_used_at,
            expires_at: session.ends_at(policy),
            browsers: session.browsers.into_iter().collect(),
        };
        Ok(sessions.into_iter().map(entry).collect())
    }

    /// Ends a session of the account. Done if the account's list has none of that handle. The refresh
    /// token of another session cannot be revoked: it opens with its own id only.
    ///
    /// # Errors
    /// If the session of the id has ended, also at Cognito, or a port fails.
    pub async fn revoke(
        &self,
        id: &SessionId,
        handle: SessionHandle,
    ) -> Result<SignedOut, SessionError> {
        let current = self.authentic(id, self.live(id).await?)?;
        let SessionHandle(key) = handle;
        if key == current.key {
            return self.sign_out(id).await;
        }
        let done = SignedOut { unrevoked: None };
        let store = self.context.store;
        // Each question to Cognito takes one session off the list, so a client causes no more of them
        // than it has signed in.
        let listed = store.enlisted_sessions(&current.account).await?;
        if !listed.contains(&key) {
            return Ok(done);
        }
        self.confirm(id, &current).await?;
        store.end_session(key, EndIf::Of(&current.account)).await?;
        self.delist(&current.account, &[key]).await;
        Ok(done)
    }

    fn key(&self, id: &SessionId) -> Pseudonym {
        Pseudonym::of_session(&self.context.deployment.keys, id)
    }

    fn opener<'a>(&'a self, id: &'a SessionId) -> Opener<'a> {
        Opener {
            keys: &self.context.deployment.keys,
            app_client: self.context.app_client,
            id,
        }
    }

    /// Returns a filter for sessions of the served client.
    fn of_client(&self) -> impl Fn(&Session) -> bool {
        |session| session.client == self.context.app_client.client()
    }

    /// Returns the session of an id, if it has not ended.
    async fn live(&self, id: &SessionId) -> Result<Session, SessionError> {
        let session = self.context.store.session(self.key(id)).await?;
        let policy = &self.context.deployment.policy;
        let now = self.context.clock.now();
        session
            .filter(self.of_client())
            .filter(|session| session.is_live(policy, now))
            .ok_or(SessionError::NotSignedIn)
    }

    /// Returns the session if its tokens open, so that its account and times are those that were
    /// written.
    fn authentic(&self, id: &SessionId, session: Session) -> Result<Session, SessionError> {
        let opened = session.open_refresh(&self.opener(id), &session.tokens.refresh);
        match opened {
            Ok(_) => Ok(session),
            Err(_) => Err(SessionError::NotSignedIn),
        }
    }

    /// Asks Cognito whether a session still stands, by a refresh. A session that Cognito has
    /// ended must not end another: a thief would sign the owner out as often as they sign in.
    async fn confirm(&self, id: &SessionId, session: &Session) -> Result<(), SessionError> {
        self.refresh(id, session.clone(), None).await.map(|_| ())
    }

    /// Returns the session of an id, and notes its use if that is due.
    async fn used(
        &self,
        id: &SessionId,
        browser: Option<Browser>,
    ) -> Result<Session, SessionError> {
        let mut session = self.authentic(id, self.live(id).await?)?;
        let now = self.context.clock.now();
        if session.notes(browser, now) {
            let minute = Session::minute(now);
            let store = self.context.store;
            // The next use is noted, if this one is not.
            if store.note_use(session.key, minute, browser).await.is_ok() {
                session.last_used_at = session.last_used_at.max(minute);
            }
        }
        Ok(session)
    }

    /// Returns an access token that is valid for longer than `ahead`, refreshed if need be. If no
    /// refresh is possible, the present one is returned while it is valid.
    async fn access(
        &self,
        id: &SessionId,
        session: Session,
        ahead: Duration,
    ) -> Result<OpenAccess, SessionError> {
        let kept = self.kept(id, &session)?;
        let now = self.context.clock.now();
        let valid = kept.clone().filter(|it| now.plus(ahead) < it.expires_at);
        match valid {
            Some(access) if !session.is_unsettled(now) => Ok(access),
            valid => match self.refresh(id, session, valid).await {
                Err(SessionError::Unavailable(cause)) => {
                    let now = self.context.clock.now();
                    kept.filter(|access| now < access.expires_at)
                        .ok_or(SessionError::Unavailable(cause))
                }
                other => other,
            },
        }
    }

    /// Returns the access token in the session.
    fn kept(&self, id: &SessionId, session: &Session) -> Result<Option<OpenAccess>, SessionError> {
        let opened = session.open_access(&self.opener(id));
        opened.map_err(|_| SessionError::NotSignedIn)
    }

    /// Refreshes the tokens, or waits for another request that does, unless there is a valid access
    /// token.
    ///
    /// If the tokens of this request came too late, it refreshes once more. Both rotations used the
    /// same token, and Cognito may accept only the outcome of the later one, which is not stored.
    async fn refresh(
        &self,
        id: &SessionId,
        mut session: Session,
        valid: Option<OpenAccess>,
    ) -> Result<OpenAccess, SessionError> {
        let Context {
            store,
            clock,
            entropy,
            ..
        } = &self.context;
        let stale = session.refreshes;
        let (mut began, mut pause) = (clock.now(), PAUSES[0]);
        let mut late = None;
        loop {
            let now = clock.now();
            if now.since(began) > PATIENCE {
                return late.ok_or(SessionError::Unavailable(Cause::RefreshUnderWay));
            }
            if !session.is_leased(now) {
                // A new one for each lease: a request that lost its lease holds no later one.
                let holder = Pseudonym::random(entropy.bytes());
                let until = now.plus(LEASE);
                let leased = store
                    .lease_refresh(session.key, session.refreshes, holder, now, until)
                    .await?;
                match leased {
                    Leased::Taken(leased) => match self.lead(id, *leased, holder).await {
                        Ok(Refresh::Done(access)) => return Ok(access),
                        Ok(Refresh::LeaseLost(access)) => {
                            if access.is_some() {
                                // The other one's lease may have just begun.
                                began = clock.now();
                            }
                            late = access.or(late);
                        }
                        Err(SessionError::Unavailable(cause)) => {
                            return late.ok_or(SessionError::Unavailable(cause));
                        }
                        Err(ended) => return Err(ended),
                    },
                    Leased::Refused(None) => return Err(SessionError::NotSignedIn),
                    Leased::Refused(Some(present)) => {
                        if present.refreshes != session.refreshes {
                            began = now;
                        }
                        session = *present;
                    }
                }
            }
            if late.is_none()
                && let Some(access) = self.of_another(id, &session, stale)?
            {
                return Ok(access);
            }
            if late.is_none()
                && let Some(access) = valid
            {
                return Ok(access);
            }
            clock.sleep(pause).await;
            pause = PAUSES[1].min(pause * 2);
            let present = store.session(session.key).await?;
            session = present.ok_or(SessionError::NotSignedIn)?;
            if late.is_none()
                && let Some(access) = self.of_another(id, &session, stale)?
            {
                return Ok(access);
            }
        }
    }

    /// Returns the access token that another request got since this one read the session.
    fn of_another(
        &self,
        id: &SessionId,
        session: &Session,
        stale: u32,
    ) -> Result<Option<OpenAccess>, SessionError> {
        if session.refreshes == stale {
            return Ok(None);
        }
        let now = self.context.clock.now();
        let kept = self.kept(id, session)?;
        Ok(kept.filter(|access| now < access.expires_at))
    }

    /// Refreshes the tokens under the lease.
    async fn lead(
        &self,
        id: &SessionId,
        session: Session,
        holder: Pseudonym,
    ) -> Result<Refresh, SessionError> {
        let Context { store, clock, .. } = &self.context;
        let opener = self.opener(id);
        let open = |token| {
            let text = session.open_refresh(&opener, token);
            text.map_err(|_| SessionError::NotSignedIn)
        };
        let mut used = &session.tokens.refresh;
        let mut reply = self.request(&open(used)?).await;
        if let (Ok(Refreshed::Ended), Some(former)) = (&reply, session.former(clock.now())) {
            used = former;
            reply = self.request(&open(used)?).await;
        }
        match reply {
            Ok(Refreshed::Tokens(tokens)) => {
                self.keep(&opener, &session, holder, used, tokens).await
            }
            Ok(Refreshed::Ended) => {
                let ended = store
                    .end_session(session.key, EndIf::LeasedBy(holder))
                    .await?;
                if ended.is_none() {
                    return Ok(Refresh::LeaseLost(None));
                }
                self.delist(&session.account, &[session.key]).await;
                Err(SessionError::NotSignedIn)
            }
            Err(fault) => {
                // Otherwise it expires later, which only lengthens the wait of others.
                let now = clock.now();
                let _ = store.give_up_refresh(session.key, holder, now).await;
                Err(fault.into())
            }
        }
    }

    /// Calls Cognito, once more if it does not answer. Cognito accepts a rotated token again for the
    /// grace period, so a lost answer costs nothing.
    async fn request(&self, token: &Secret) -> Result<Refreshed, PortError> {
        match self.tokens.refresh(token).await {
            Err(_) => {
                self.context.clock.sleep(AGAIN).await;
                self.tokens.refresh(token).await
            }
            answered => answered,
        }
    }

    /// Stores the tokens of a refresh that used this refresh token of the session.
    async fn keep(
        &self,
        opener: &Opener<'_>,
        session: &Session,
        holder: Pseudonym,
        used: &SealedToken,
        tokens: RefreshedTokens,
    ) -> Result<Refresh, SessionError> {
        let Context {
            store,
            clock,
            entropy,
            ..
        } = &self.context;
        let now = clock.now();
        let expires_at = now.plus(seconds(tokens.expires_in));
        let access = OpenAccess {
            token: tokens.access,
            expires_at,
        };
        let (refresh, former) = match &tokens.refresh {
            Some(next) => (
                session.seal_refresh(opener, next, *entropy),
                Some(FormerToken::rotated(used, now)),
            ),
            None => (used.clone(), session.tokens.former.clone()),
        };
        let kept = SessionTokens {
            refresh,
            former,
            access: Some(session.seal_access(opener, &access.token, expires_at, *entropy)),
        };
        let mut stored = store.store_refresh(session.key, holder, &kept).await;
        if stored.is_err() {
            clock.sleep(AGAIN).await;
            stored = store.store_refresh(session.key, holder, &kept).await;
        }
        match stored {
            // If they are not stored, they are valid nevertheless; the next refresh uses the token
            // before them.
            Ok(true) | Err(_) => Ok(Refresh::Done(access)),
            Ok(false) => {
                if store.session(session.key).await?.is_some() {
                    return Ok(Refresh::LeaseLost(
                        tokens.refresh.is_some().then_some(access),
                    ));
                }
                // The session was signed out meanwhile, and perhaps with the token before this one.
                if let Some(latest) = &tokens.refresh {
                    let _ = self.revoke_tokens(latest).await;
                }
                Err(SessionError::NotSignedIn)
            }
        }
    }

    /// Revokes tokens, with a second call if the first one fails.
    async fn revoke_tokens(&self, token: &Secret) -> Result<(), PortError> {
        match self.tokens.revoke(token).await {
            Err(_) => {
                self.context.clock.sleep(AGAIN).await;
                self.tokens.revoke(token).await
            }
            done => done,
        }
    }

    /// Writes a session and lists it, each with a second attempt.
    async fn put(&self, session: &Session) -> Result<(), SessionError> {
        let Context { store, clock, .. } = &self.context;
        // Listed after it is written, so that a sign-out everywhere ends every session that it finds
        // in the list. Nothing but this call knows the id until then.
        if store.open_session(session).await.is_err() {
            clock.sleep(AGAIN).await;
            store.open_session(session).await?;
        }
        if self.enlist(session).await.is_err() {
            clock.sleep(AGAIN).await;
            self.enlist(session).await?;
        }
        Ok(())
    }

    /// Adds a session to its account's list. If the list has no room, sessions that have ended leave
    /// it, or else the one that was used least recently ends.
    async fn enlist(&self, session: &Session) -> Result<(), SessionError> {
        const ATTEMPTS: usize = 3;
        let Context {
            deployment,
            store,
            clock,
            ..
        } = &self.context;
        let (account, policy) = (&session.account, &deployment.policy);
        let keep_until = session.expires_at.plus(KEEP_LIST);
        for _ in 0..ATTEMPTS {
            let enlisted = store
                .enlist_session(account, session.key, SESSIONS_MAX, keep_until)
                .await?;
            let Enlisted::Full(listed) = enlisted else {
                return Ok(());
            };
            let now = clock.now();
            let mut live = self.found(&listed).await?;
            live.retain(|it| it.is_live(policy, now) && it.account == *account);
            let mut leave: Vec<_> = listed;
            leave.retain(|key| live.iter().all(|it| it.key != *key));
            if leave.is_empty() {
                let least = live.iter().min_by_key(|it| (it.last_used_at, it.opened_at));
                leave.extend(least.map(|it| it.key));
            }
            for key in &leave {
                store.end_session(*key, EndIf::Of(account)).await?;
            }
            store.delist_sessions(account, &leave).await?;
        }
        Err(SessionError::Unavailable(Cause::SessionListFull))
    }

    /// Returns the list of an account, and the sessions in it that exist.
    async fn sessions_of(
        &self,
        account: &Sub,
    ) -> Result<(Vec<Pseudonym>, Vec<Session>), SessionError> {
        let listed = self.context.store.enlisted_sessions(account).await?;
        let found = self.found(&listed).await?;
        Ok((listed, found))
    }

    /// Returns the sessions of these keys that exist.
    async fn found(&self, keys: &[Pseudonym]) -> Result<Vec<Session>, SessionError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        Ok(self.context.store.sessions(keys).await?)
    }

    /// Ends all sessions of an account, with a second attempt.
    async fn end_all(&self, account: &Sub) -> Result<(), PortError> {
        match self.end(account, None).await {
            Err(_) => {
                self.context.clock.sleep(AGAIN).await;
                self.end(account, None).await
            }
            done => done,
        }
    }

    /// Ends the sessions of an account but one. They stay on the list.
    async fn end_others(&self, account: &Sub, but: Pseudonym) -> Result<(), PortError> {
        let store = self.context.store;
        for key in store.enlisted_sessions(account).await? {
            if key != but {
                store.end_session(key, EndIf::Of(account)).await?;
            }
        }
        Ok(())
    }

    /// Ends the sessions of an account, `last` after all others.
    async fn end(&self, account: &Sub, last: Option<Pseudonym>) -> Result<(), PortError> {
        let store = self.context.store;
        let listed = store.enlisted_sessions(account).await?;
        let others = listed.iter().copied().filter(|key| Some(*key) != last);
        for key in others.chain(last) {
            store.end_session(key, EndIf::Of(account)).await?;
        }
        if !listed.is_empty() {
            store.delist_sessions(account, &listed).await?;
        }
        Ok(())
    }

    /// Removes sessions that have ended from the list of an account. One that stays is skipped there.
    async fn delist(&self, account: &Sub, keys: &[Pseudonym]) {
        let _ = self.context.store.delist_sessions(account, keys).await;
    }
}

fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(seconds.into())
}
