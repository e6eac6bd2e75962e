//! A browser session: the stored sign-in of one browser in session mode.
//!
//! Its item is found by the keyed hash of the id in the browser's cookie. The tokens in it open with
//! that id only, and only in an item whose lasting fields are unchanged.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::effects::Entropy;
use crate::policy::Policy;
use crate::seal::keys::KeyRing;
use crate::seal::pseudonym::Pseudonym;
use crate::seal::sealed::UnsealError;
pub use crate::seal::session_token::SealedToken;
use crate::value::account::Sub;
use crate::value::app_client::AppClient;
pub use crate::value::browser::{Browser, Family, System};
use crate::value::secret::Secret;
pub use crate::value::session_id::SessionId;
use crate::value::time::Timestamp;

/// The maximum grace period of Cognito, for which a refresh token may stay valid after a rotation.
const GRACE: Duration = Duration::from_secs(60);
/// The unit of the time of last use.
const MINUTE: Duration = Duration::from_secs(60);

/// A browser session as the store keeps it, by the hash of its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The key of the item.
    pub key: Pseudonym,
    /// The account.
    pub account: Sub,
    /// The pool's username of the account.
    pub username: String,
    /// The app client that issued the tokens.
    pub client: String,
    /// The time of the sign-in, which a refresh does not change.
    pub signed_in_at: Timestamp,
    /// The time when the session was opened.
    pub opened_at: Timestamp,
    /// The time when it ends, used or not.
    pub expires_at: Timestamp,
    /// The minute of the last use.
    pub last_used_at: Timestamp,
    /// The browsers that it was used from.
    pub browsers: BTreeSet<Browser>,
    /// The tokens.
    pub tokens: SessionTokens,
    /// The number of refreshes.
    pub refreshes: u32,
    /// The lease of the latest refresh that has not ended.
    pub lease: Option<RefreshLease>,
}

/// The tokens of a browser session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionTokens {
    /// The refresh token.
    pub refresh: SealedToken,
    /// The refresh token before it, while Cognito may still accept that.
    pub former: Option<FormerToken>,
    /// The access token, unless none is kept.
    pub access: Option<AccessToken>,
}

/// A refresh token that was rotated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormerToken {
    /// The token.
    pub token: SealedToken,
    /// The end of the longest grace period.
    pub until: Timestamp,
}

/// An access token with its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessToken {
    /// The token.
    pub token: SealedToken,
    /// The time when it expires.
    pub expires_at: Timestamp,
}

/// The permission of one request to refresh the tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefreshLease {
    /// The request.
    pub holder: Pseudonym,
    /// The time when the lease expires.
    pub until: Timestamp,
}

/// An opened access token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OpenAccess {
    pub(crate) token: Secret,
    pub(crate) expires_at: Timestamp,
}

/// The keys and the cookie, with which tokens of a session are sealed and opened.
pub(crate) struct Opener<'a> {
    pub(crate) keys: &'a KeyRing,
    pub(crate) app_client: &'a AppClient,
    pub(crate) id: &'a SessionId,
}

/// The content of a new session.
pub(crate) struct NewRecord<'a> {
    pub(crate) account: Sub,
    pub(crate) username: String,
    pub(crate) signed_in_at: Timestamp,
    pub(crate) browser: Browser,
    pub(crate) refresh: &'a Secret,
    pub(crate) access: &'a Secret,
    pub(crate) access_expires_at: Timestamp,
    pub(crate) now: Timestamp,
    pub(crate) life: Duration,
}

impl FormerToken {
    /// Returns the former token of a rotation at that time.
    pub(crate) fn rotated(token: &SealedToken, now: Timestamp) -> Self {
        Self {
            token: token.clone(),
            until: now.plus(GRACE),
        }
    }
}

const REFRESH: &[u8] = b"refresh";
const ACCESS: &[u8] = b"access";

impl Session {
    /// Creates the session of the id in `with`.
    pub(crate) fn new(with: &Opener<'_>, new: NewRecord<'_>, entropy: &impl Entropy) -> Self {
        let mut session = Self {
            key: Pseudonym::of_session(with.keys, with.id),
            account: new.account,
            username: new.username,
            client: with.app_client.client().to_owned(),
            signed_in_at: new.signed_in_at,
            opened_at: new.now,
            expires_at: new.now.plus(new.life),
            last_used_at: Self::minute(new.now),
            browsers: BTreeSet::from([new.browser]),
            tokens: SessionTokens {
                refresh: SealedToken::from_bytes([]),
                former: None,
                access: None,
            },
            refreshes: 0,
            lease: None,
        };
        session.tokens.refresh = session.seal_refresh(with, new.refresh, entropy);
        let access = session.seal_access(with, new.access, new.access_expires_at, entropy);
        session.tokens.access = Some(access);
        session
    }

    /// Returns the minute of a time of use.
    pub(crate) fn minute(at: Timestamp) -> Timestamp {
        let minute = MINUTE.as_secs();
        Timestamp::from_secs(at.as_secs() / minute * minute)
    }

    /// Returns the time when the session ends if it is not used. Lower settings hold for sessions
    /// that exist.
    pub(crate) fn ends_at(&self, policy: &Policy) -> Timestamp {
        self.expires_at
            .min(self.opened_at.plus(policy.session_life))
            .min(self.last_used_at.plus(policy.session_idle))
    }

    /// Returns whether its end has not come.
    pub(crate) fn is_live(&self, policy: &Policy, now: Timestamp) -> bool {
        now < self.ends_at(policy)
    }

    /// Returns whether this use must be written: the first one of a minute, or of a browser.
    pub(crate) fn notes(&self, browser: Option<Browser>, now: Timestamp) -> bool {
        Self::minute(now) > self.last_used_at
            || browser.is_some_and(|browser| !self.browsers.contains(&browser))
    }

    /// Returns whether a request holds the lease at that time.
    pub(crate) fn is_leased(&self, now: Timestamp) -> bool {
        self.lease.is_some_and(|lease| now < lease.until)
    }

    /// Returns whether the outcome of the latest refresh is unknown: its lease expired before it
    /// ended. Cognito may have rotated the refresh token, and then accepts it for the grace period
    /// only.
    pub(crate) fn is_unsettled(&self, now: Timestamp) -> bool {
        self.lease.is_some_and(|lease| lease.until <= now)
    }

    /// Seals a refresh token for this session.
    pub(crate) fn seal_refresh(
        &self,
        with: &Opener<'_>,
        token: &Secret,
        entropy: &impl Entropy,
    ) -> SealedToken {
        self.bound(with, REFRESH, Timestamp::default(), |fields| {
            SealedToken::seal(with.keys, with.id, fields, token, entropy)
        })
    }

    /// Seals an access token for this session.
    pub(crate) fn seal_access(
        &self,
        with: &Opener<'_>,
        token: &Secret,
        expires_at: Timestamp,
        entropy: &impl Entropy,
    ) -> AccessToken {
        let token = self.bound(with, ACCESS, expires_at, |fields| {
            SealedToken::seal(with.keys, with.id, fields, token, entropy)
        });
        AccessToken { token, expires_at }
    }

    /// Opens a refresh token of this session.
    pub(crate) fn open_refresh(
        &self,
        with: &Opener<'_>,
        token: &SealedToken,
    ) -> Result<Secret, UnsealError> {
        self.bound(with, REFRESH, Timestamp::default(), |fields| {
            token.open(with.keys, with.id, fields)
        })
    }

    /// Opens the access token, if one is kept.
    pub(crate) fn open_access(&self, with: &Opener<'_>) -> Result<Option<OpenAccess>, UnsealError> {
        let Some(AccessToken { token, expires_at }) = &self.tokens.access else {
            return Ok(None);
        };
        let token = self.bound(with, ACCESS, *expires_at, |fields| {
            token.open(with.keys, with.id, fields)
        })?;
        Ok(Some(OpenAccess {
            token,
            expires_at: *expires_at,
        }))
    }

    /// Returns the former token, while Cognito may still accept it.
    pub(crate) fn former(&self, now: Timestamp) -> Option<&SealedToken> {
        let former = self.tokens.former.as_ref()?;
        (now < former.until).then_some(&former.token)
    }

    /// Calls with the fields that a token of this session is bound to.
    fn bound<T>(
        &self,
        with: &Opener<'_>,
        kind: &[u8],
        expires_at: Timestamp,
        call: impl FnOnce(&[&[u8]]) -> T,
    ) -> T {
        let [pool, client] = with.app_client.as_aad();
        let millis = |at: Timestamp| at.as_millis().to_be_bytes();
        call(&[
            kind,
            &millis(expires_at),
            self.key.as_bytes(),
            pool,
            client,
            self.client.as_bytes(),
            self.account.as_str().as_bytes(),
            self.username.as_bytes(),
            &millis(self.signed_in_at),
            &millis(self.opened_at),
            &millis(self.expires_at),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Seeded, keys};

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_030);

    fn session(opener: &Opener<'_>) -> Session {
        let new = NewRecord {
            account: Sub::new("sub"),
            username: "ada".to_owned(),
            signed_in_at: NOW,
            browser: Browser::OTHER,
            refresh: &Secret::new("refresh"),
            access: &Secret::new("access"),
            access_expires_at: NOW.plus(Duration::from_secs(300)),
            now: NOW,
            life: Duration::from_secs(1_000),
        };
        Session::new(opener, new, &Seeded::new(1))
    }

    /// A table that was tampered with gives no session to another account, and no session more time.
    #[test]
    fn tokens_open_in_an_unchanged_item_only() {
        let (keys, app_client) = (keys(), AppClient::new("pool", "client"));
        let id = SessionId::from_bytes([1; 32]);
        let opener = Opener {
            keys: &keys,
            app_client: &app_client,
            id: &id,
        };
        let whole = session(&opener);
        let opens = |session: &Session| {
            let refresh = session.open_refresh(&opener, &session.tokens.refresh);
            let access = session.open_access(&opener);
            assert_eq!(refresh.is_ok(), access.is_ok());
            refresh.is_ok()
        };
        assert!(opens(&whole));
        let later = NOW.plus(MINUTE);
        let changes: [&dyn Fn(&mut Session); 8] = [
            &|it| it.key = Pseudonym::random([2; 16]),
            &|it| it.account = Sub::new("another"),
            &|it| it.username = "bob".to_owned(),
            &|it| it.client = "another".to_owned(),
            &|it| it.signed_in_at = later,
            &|it| it.opened_at = later,
            &|it| it.expires_at = later,
            &|it| {
                let refresh = it.tokens.refresh.clone();
                let access = it.tokens.access.as_mut().unwrap();
                it.tokens.refresh = std::mem::replace(&mut access.token, refresh);
            },
        ];
        for (number, change) in changes.iter().enumerate() {
            let mut other = whole.clone();
            change(&mut other);
            assert!(!opens(&other), "change {number}");
        }
        let mut longer = whole.clone();
        longer.tokens.access.as_mut().unwrap().expires_at = later;
        assert!(longer.open_access(&opener).is_err());
        let mut used = whole.clone();
        (used.last_used_at, used.refreshes) = (later, 7);
        used.browsers.clear();
        assert!(opens(&used), "what changes is not bound");
    }

    #[test]
    fn a_use_is_noted_once_a_minute_and_browser() {
        let (keys, app_client) = (keys(), AppClient::new("pool", "client"));
        let id = SessionId::from_bytes([1; 32]);
        let opener = Opener {
            keys: &keys,
            app_client: &app_client,
            id: &id,
        };
        let session = session(&opener);
        assert_eq!(session.last_used_at, Timestamp::from_secs(1_800_000_000));
        let at = |secs: u64| Timestamp::from_secs(1_800_000_000 + secs);
        let firefox = Browser::of("Firefox/150.0");
        assert!(!session.notes(Some(Browser::OTHER), at(59)));
        assert!(!session.notes(None, at(59)));
        assert!(session.notes(Some(firefox), at(59)));
        assert!(session.notes(None, at(60)));
    }
}
