//! The sessions of custom authentication: the contents of Cognito's opaque session string, and the
//! rules for answering it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::error::{ApiError, ApiResult};
use crate::operation::Access;
use crate::random;
use crate::users::{User, UserId};

/// The subject that a session authenticates.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Subject {
    User(UserId),
    /// No user, but the name that was typed. It stays without a user, even if that name is created
    /// later.
    NoAccount(String),
}

/// A subject in its present state.
pub(crate) enum Party {
    User(User),
    NoAccount(String),
}

impl Party {
    /// Returns the pool's username of the user, or the name that was typed.
    pub(crate) fn username(&self) -> &str {
        match self {
            Self::User(user) => &user.username,
            Self::NoAccount(typed) => typed,
        }
    }

    pub(crate) fn subject(&self) -> Subject {
        match self {
            Self::User(user) => Subject::User(user.id),
            Self::NoAccount(typed) => Subject::NoAccount(typed.clone()),
        }
    }
}

/// One answered challenge.
#[derive(Clone)]
pub(crate) struct Round {
    pub(crate) correct: bool,
    pub(crate) metadata: Option<String>,
}

/// An authentication that waits for an answer.
#[derive(Clone)]
pub(crate) struct Challenge {
    pub(crate) client: String,
    /// The kind of call that opened the session.
    pub(crate) access: Access,
    pub(crate) subject: Subject,
    /// The challenges answered so far.
    pub(crate) rounds: Vec<Round>,
    /// The metadata that Create gave for the waiting challenge.
    pub(crate) metadata: Option<String>,
    pub(crate) private_parameters: BTreeMap<String, String>,
}

enum State {
    Open(Arc<Challenge>),
    /// Answered, or being answered.
    Used,
    /// Its authentication failed.
    Failed,
}

struct Entry {
    expires: SystemTime,
    state: State,
}

/// A session taken for its answer.
pub(crate) struct Taken {
    pub(crate) id: Arc<str>,
    pub(crate) challenge: Arc<Challenge>,
}

/// The time for which an expired session is remembered, to distinguish it from an unknown one.
const REMEMBERED: Duration = Duration::from_mins(15);
/// The maximum number of sessions kept, used ones included; beyond it the oldest are dropped. A
/// used one takes about 200 bytes.
const MAX_SESSIONS: usize = 250_000;

pub(crate) struct Sessions {
    most: usize,
    by_id: HashMap<Arc<str>, Entry>,
    by_expiry: BTreeSet<(SystemTime, Arc<str>)>,
}

impl Default for Sessions {
    fn default() -> Self {
        Self::with_limit(MAX_SESSIONS)
    }
}

impl Sessions {
    fn with_limit(most: usize) -> Self {
        Self {
            most,
            by_id: HashMap::new(),
            by_expiry: BTreeSet::new(),
        }
    }

    /// Opens a session for one answer, and drops those that expired long ago.
    pub(crate) fn open(
        &mut self,
        challenge: Challenge,
        now: SystemTime,
        validity: Duration,
    ) -> ApiResult<String> {
        self.sweep(now);
        let id: Arc<str> = random::opaque::<96>()?.into();
        let expires = now + validity;
        self.by_expiry.insert((expires, Arc::clone(&id)));
        self.by_id.insert(
            Arc::clone(&id),
            Entry {
                expires,
                state: State::Open(Arc::new(challenge)),
            },
        );
        Ok(id.as_ref().to_owned())
    }

    /// Takes a session for its answer, once. `fits` decides if the caller may answer it. A session
    /// that does not fit stays open.
    pub(crate) fn take(
        &mut self,
        id: &str,
        now: SystemTime,
        replay: bool,
        fits: impl FnOnce(&Challenge) -> bool,
    ) -> ApiResult<Taken> {
        let refused = || ApiError::not_authorized("Invalid session for the user.");
        let Some((id, _)) = self.by_id.get_key_value(id) else {
            return Err(refused());
        };
        let id = Arc::clone(id);
        let Some(entry) = self.by_id.get_mut(&id) else {
            return Err(refused());
        };
        if now >= entry.expires {
            return Err(ApiError::not_authorized(
                "Invalid session for the user, session is expired.",
            ));
        }
        let challenge = match &entry.state {
            State::Open(challenge) => Arc::clone(challenge),
            State::Used => {
                return Err(ApiError::not_authorized(
                    "Invalid session for the user, session can only be used once.",
                ));
            }
            State::Failed => return Err(refused()),
        };
        if !fits(&challenge) {
            return Err(refused());
        }
        if !replay {
            entry.state = State::Used;
        }
        Ok(Taken { id, challenge })
    }

    /// Records that the authentication of this session has failed.
    pub(crate) fn fail(&mut self, id: &str) {
        if let Some(entry) = self.by_id.get_mut(id)
            && matches!(entry.state, State::Used)
        {
            entry.state = State::Failed;
        }
    }

    fn sweep(&mut self, now: SystemTime) {
        while let Some((expires, _)) = self.by_expiry.first() {
            if self.by_id.len() < self.most && *expires + REMEMBERED > now {
                break;
            }
            if let Some((_, id)) = self.by_expiry.pop_first() {
                self.by_id.remove(&id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn challenge() -> Challenge {
        Challenge {
            client: "client".to_owned(),
            access: Access::Public,
            subject: Subject::NoAccount("missing".to_owned()),
            rounds: Vec::new(),
            metadata: None,
            private_parameters: BTreeMap::new(),
        }
    }

    #[test]
    fn expired_sessions_are_dropped() {
        let mut sessions = Sessions::default();
        let validity = Duration::from_mins(3);
        for hour in 0..5 {
            let now = SystemTime::UNIX_EPOCH + Duration::from_hours(hour);
            for _ in 0..100 {
                sessions
                    .open(challenge(), now, validity)
                    .expect("randomness");
            }
            assert_eq!(sessions.by_id.len(), 100);
            assert_eq!(sessions.by_expiry.len(), 100);
        }
    }

    #[test]
    fn the_oldest_session_is_dropped_beyond_the_limit() {
        let mut sessions = Sessions::with_limit(100);
        let now = SystemTime::UNIX_EPOCH;
        let first = sessions
            .open(challenge(), now, Duration::from_mins(3))
            .expect("randomness");
        for _ in 0..100 {
            sessions
                .open(challenge(), now, Duration::from_mins(4))
                .expect("randomness");
        }
        assert_eq!(sessions.by_id.len(), 100);
        assert!(sessions.take(&first, now, false, |_| true).is_err());
    }
}
