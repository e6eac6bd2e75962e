use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use latchstring_core::ports::{Clock, PortError, RefreshApi, Refreshed, RefreshedTokens, Tokens};
use latchstring_core::secret::Secret;
use latchstring_core::time::Timestamp;

use crate::{ManualClock, MemoryDirectory, lock};

/// The lifetime of access tokens in seconds.
const ACCESS_SECONDS: u32 = 300;

/// Refresh tokens as Cognito keeps them: a rotated one is valid for the grace period, and the tokens
/// of a sign-in end together. Clones share them.
#[derive(Clone, Debug)]
pub struct MemoryRefreshTokens {
    state: Arc<Mutex<State>>,
    directory: MemoryDirectory,
    clock: ManualClock,
    /// `None` without rotation.
    grace: Option<Duration>,
    is_strict: bool,
}

#[derive(Debug, Default)]
struct State {
    sign_ins: Vec<SignIn>,
    /// By token: its sign-in, and the time when it was rotated.
    tokens: BTreeMap<String, (usize, Option<Timestamp>)>,
    refreshes: usize,
}

#[derive(Debug)]
struct SignIn {
    username: String,
    /// The user's sign-outs before it.
    sign_outs: u32,
    is_revoked: bool,
    /// The latest refresh token.
    latest: String,
}

impl MemoryRefreshTokens {
    /// Makes an app client without rotation.
    pub fn new(directory: MemoryDirectory, clock: ManualClock) -> Self {
        Self {
            state: Arc::default(),
            directory,
            clock,
            grace: None,
            is_strict: false,
        }
    }

    /// Makes the client rotate tokens, with this grace period.
    #[must_use]
    pub fn with_rotation(self, grace: Duration) -> Self {
        Self {
            grace: Some(grace),
            ..self
        }
    }

    /// Makes the second use of a token within its grace period end what the first one returned. AWS
    /// does not document whether Cognito does that.
    #[must_use]
    pub fn strict(self) -> Self {
        Self {
            is_strict: true,
            ..self
        }
    }

    /// Issues the tokens of a sign-in.
    pub fn sign_in(&self, username: &str) -> Tokens {
        let mut state = lock(&self.state);
        let sign_in = state.sign_ins.len();
        let refresh = format!("refresh-{sign_in}-0");
        state.sign_ins.push(SignIn {
            username: username.to_owned(),
            sign_outs: self.directory.sign_outs(username),
            is_revoked: false,
            latest: refresh.clone(),
        });
        state.tokens.insert(refresh.clone(), (sign_in, None));
        Tokens {
            access: Secret::new(format!("access-{sign_in}-0")),
            id: Secret::new("id"),
            refresh: Secret::new(refresh),
            expires_in: ACCESS_SECONDS,
        }
    }

    /// Returns the number of refreshes that succeeded.
    pub fn refreshes(&self) -> usize {
        lock(&self.state).refreshes
    }

    /// Returns the number of sign-ins whose latest refresh token is valid.
    pub fn live(&self) -> usize {
        let state = lock(&self.state);
        let live = state.sign_ins.iter().filter(|it| self.is_live(it));
        live.count()
    }

    fn is_live(&self, sign_in: &SignIn) -> bool {
        !sign_in.is_revoked && sign_in.sign_outs == self.directory.sign_outs(&sign_in.username)
    }

    fn is_usable(&self, rotated: Option<Timestamp>) -> bool {
        let grace = self.grace.unwrap_or_default();
        rotated.is_none_or(|at| self.clock.now() < at.plus(grace))
    }
}

impl RefreshApi for MemoryRefreshTokens {
    async fn refresh(&self, token: &Secret) -> Result<Refreshed, PortError> {
        let mut state = lock(&self.state);
        let Some((sign_in, rotated)) = state.tokens.get(token.expose()).copied() else {
            return Ok(Refreshed::Ended);
        };
        if !self.is_live(&state.sign_ins[sign_in]) || !self.is_usable(rotated) {
            return Ok(Refreshed::Ended);
        }
        state.refreshes += 1;
        let number = state.refreshes;
        let refresh = self.grace.map(|_| format!("refresh-{sign_in}-{number}"));
        if let Some(next) = &refresh {
            let now = self.clock.now();
            let rotated = Some(rotated.unwrap_or(now));
            state
                .tokens
                .insert(token.expose().to_owned(), (sign_in, rotated));
            let latest = std::mem::replace(&mut state.sign_ins[sign_in].latest, next.clone());
            if self.is_strict && latest != token.expose() {
                state.tokens.remove(&latest);
            }
            state.tokens.insert(next.clone(), (sign_in, None));
        }
        Ok(Refreshed::Tokens(RefreshedTokens {
            access: Secret::new(format!("access-{sign_in}-{number}")),
            refresh: refresh.map(Secret::new),
            expires_in: ACCESS_SECONDS,
        }))
    }

    /// A token that was rotated revokes nothing. AWS does not document that it does.
    async fn revoke(&self, token: &Secret) -> Result<(), PortError> {
        let mut state = lock(&self.state);
        if let Some((sign_in, None)) = state.tokens.get(token.expose()).copied() {
            state.sign_ins[sign_in].is_revoked = true;
        }
        Ok(())
    }
}
