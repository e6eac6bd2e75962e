//! Switches with which tests make the pool misbehave.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use crate::error::ApiError;
use crate::operation::Operation;
use crate::triggers::Trigger;

/// The switches. All are off at first, and the pool behaves as Cognito's documentation says.
#[derive(Debug)]
pub struct Controls {
    replay_sessions: AtomicBool,
    trigger_runs: AtomicUsize,
    alias_moves: AtomicBool,
    legacy: AtomicBool,
    separate_sessions: AtomicBool,
    failures: Mutex<HashMap<String, usize>>,
    outages: Mutex<BTreeMap<String, SystemTime>>,
    throttles: Mutex<BTreeMap<String, SystemTime>>,
    failing_triggers: Mutex<Vec<Trigger>>,
}

impl Default for Controls {
    fn default() -> Self {
        Self {
            replay_sessions: AtomicBool::new(false),
            trigger_runs: AtomicUsize::new(1),
            alias_moves: AtomicBool::new(false),
            legacy: AtomicBool::new(false),
            separate_sessions: AtomicBool::new(false),
            failures: Mutex::default(),
            outages: Mutex::default(),
            throttles: Mutex::default(),
            failing_triggers: Mutex::default(),
        }
    }
}

impl Controls {
    /// Lets one session be answered many times, also after a failure. It still expires.
    pub fn set_replay_sessions(&self, on: bool) {
        self.replay_sessions.store(on, Ordering::SeqCst);
    }

    /// Invokes every trigger this many times in sequence; the last answer counts. 0 counts as 1.
    pub fn set_retry_triggers(&self, runs: usize) {
        self.trigger_runs.store(runs.max(1), Ordering::SeqCst);
    }

    /// Lets `AdminUpdateUserAttributes` move a verified alias silently from its present owner, as
    /// reports say that Cognito can. The previous owner's value becomes unverified.
    pub fn set_alias_moves(&self, on: bool) {
        self.alias_moves.store(on, Ordering::SeqCst);
    }

    /// Makes all clients behave as with `PreventUserExistenceErrors=LEGACY`.
    pub fn set_legacy(&self, on: bool) {
        self.legacy.store(on, Ordering::SeqCst);
    }

    /// Binds a session to the kind of call that opened it: `AdminInitiateAuth` to
    /// `AdminRespondToAuthChallenge`, `InitiateAuth` to `RespondToAuthChallenge`.
    pub fn set_separate_sessions(&self, on: bool) {
        self.separate_sessions.store(on, Ordering::SeqCst);
    }

    /// Makes the next call of `operation` fail with `InternalErrorException` and change nothing. A
    /// second call of this method adds a second failure. Returns false if the operation does not
    /// exist.
    pub fn fail_next(&self, operation: &str) -> bool {
        if Operation::named(operation).is_none() {
            return false;
        }
        let mut failures = lock(&self.failures);
        *failures.entry(operation.to_owned()).or_default() += 1;
        true
    }

    /// The names of the operations that can be made to fail.
    pub fn operations() -> impl Iterator<Item = &'static str> {
        Operation::ALL.into_iter().map(Operation::name)
    }

    /// Replaces all outages. Each named operation fails with `InternalErrorException` until its
    /// time, by the pool's clock. No other operation fails. Unknown names have no effect.
    pub fn set_outages(&self, outages: BTreeMap<String, SystemTime>) {
        *lock(&self.outages) = outages;
    }

    /// Replaces all throttles. Each named operation is refused with `TooManyRequestsException` until
    /// its time, by the pool's clock. Unknown names have no effect.
    pub fn set_throttles(&self, throttles: BTreeMap<String, SystemTime>) {
        *lock(&self.throttles) = throttles;
    }

    /// Replaces the set of failing triggers. Each invocation of one is an error, until the next
    /// call of this method.
    pub fn set_failing_triggers(&self, triggers: Vec<Trigger>) {
        *lock(&self.failing_triggers) = triggers;
    }

    pub(crate) fn replay_sessions(&self) -> bool {
        self.replay_sessions.load(Ordering::SeqCst)
    }

    pub(crate) fn trigger_runs(&self) -> usize {
        self.trigger_runs.load(Ordering::SeqCst)
    }

    pub(crate) fn alias_moves(&self) -> bool {
        self.alias_moves.load(Ordering::SeqCst)
    }

    pub(crate) fn legacy(&self) -> bool {
        self.legacy.load(Ordering::SeqCst)
    }

    pub(crate) fn separate_sessions(&self) -> bool {
        self.separate_sessions.load(Ordering::SeqCst)
    }

    pub(crate) fn fails_trigger(&self, trigger: Trigger) -> bool {
        lock(&self.failing_triggers).contains(&trigger)
    }

    /// Returns the error of a call that must fail: while it is throttled, in an outage, or for one
    /// counted failure, which is used up.
    pub(crate) fn takes_failure(&self, operation: &str, now: SystemTime) -> Option<ApiError> {
        let lasts = |ends: &Mutex<BTreeMap<String, SystemTime>>| {
            lock(ends).get(operation).is_some_and(|end| now < *end)
        };
        if lasts(&self.throttles) {
            return Some(ApiError::too_many_requests());
        }
        if lasts(&self.outages) {
            return Some(ApiError::internal());
        }
        let mut failures = lock(&self.failures);
        let left = failures.get_mut(operation).filter(|left| **left > 0)?;
        *left -= 1;
        Some(ApiError::internal())
    }
}

/// Locks a value. The values are replaced or counted in one step, so a panic leaves none half
/// written.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
