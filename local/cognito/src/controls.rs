//! Switches that make the pool misbehave in ways tests ask for.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use crate::operations::Operation;
use crate::triggers::Trigger;

/// The switches. Everything is off at first: the pool behaves as Cognito is documented to.
#[derive(Debug)]
pub struct Controls {
    replay_sessions: AtomicBool,
    trigger_runs: AtomicUsize,
    alias_moves: AtomicBool,
    legacy: AtomicBool,
    separate_sessions: AtomicBool,
    failures: Mutex<HashMap<String, usize>>,
    outages: Mutex<BTreeMap<String, SystemTime>>,
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
            failing_triggers: Mutex::default(),
        }
    }
}

impl Controls {
    /// One session may be answered many times, also after a failure; it still expires.
    pub fn set_replay_sessions(&self, on: bool) {
        self.replay_sessions.store(on, Ordering::SeqCst);
    }

    /// Every trigger is invoked this many times in sequence and the last answer counts. 0 counts as 1.
    pub fn set_retry_triggers(&self, runs: usize) {
        self.trigger_runs.store(runs.max(1), Ordering::SeqCst);
    }

    /// `AdminUpdateUserAttributes` that verifies a value somebody else holds verified moves the alias
    /// in silence, as reports say Cognito can, and the previous owner's becomes unverified.
    pub fn set_alias_moves(&self, on: bool) {
        self.alias_moves.store(on, Ordering::SeqCst);
    }

    /// All clients behave as with `PreventUserExistenceErrors=LEGACY`.
    pub fn set_legacy(&self, on: bool) {
        self.legacy.store(on, Ordering::SeqCst);
    }

    /// A session is answered only by the kind of call that opened it: one of `AdminInitiateAuth` by
    /// `AdminRespondToAuthChallenge`, one of `InitiateAuth` by `RespondToAuthChallenge`.
    pub fn set_separate_sessions(&self, on: bool) {
        self.separate_sessions.store(on, Ordering::SeqCst);
    }

    /// The next call of `operation` answers `InternalErrorException` and does nothing; said twice, the
    /// next two. False if there is no such operation.
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

    /// Replaces all outages: each operation given answers `InternalErrorException` until its time, by
    /// the pool's clock, and no other does. A name that is no operation's has no effect.
    pub fn set_outages(&self, outages: BTreeMap<String, SystemTime>) {
        *lock(&self.outages) = outages;
    }

    /// Replaces the triggers that fail: each invocation of one is an error, until another call of
    /// this method.
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

    /// True if this call must fail: an outage, or one failure, which is taken off the count.
    pub(crate) fn takes_failure(&self, operation: &str, now: SystemTime) -> bool {
        if lock(&self.outages)
            .get(operation)
            .is_some_and(|end| now < *end)
        {
            return true;
        }
        let mut failures = lock(&self.failures);
        match failures.get_mut(operation) {
            Some(left) if *left > 0 => {
                *left -= 1;
                true
            }
            _ => false,
        }
    }
}

/// The values under these locks are replaced or counted in one step, so a panic leaves none half
/// written.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
