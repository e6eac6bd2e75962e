//! Switches that make the pool misbehave in ways tests ask for.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::operations::Operation;

/// The switches. Everything is off at first: the pool behaves as Cognito is documented to.
#[derive(Debug)]
pub struct Controls {
    replay_sessions: AtomicBool,
    trigger_runs: AtomicUsize,
    alias_moves: AtomicBool,
    legacy: AtomicBool,
    failures: Mutex<HashMap<String, usize>>,
}

impl Default for Controls {
    fn default() -> Self {
        Self {
            replay_sessions: AtomicBool::new(false),
            trigger_runs: AtomicUsize::new(1),
            alias_moves: AtomicBool::new(false),
            legacy: AtomicBool::new(false),
            failures: Mutex::default(),
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

    /// The next call of `operation` answers `InternalErrorException` and does nothing; said twice, the
    /// next two. False if there is no such operation.
    pub fn fail_next(&self, operation: &str) -> bool {
        if Operation::named(operation).is_none() {
            return false;
        }
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        *failures.entry(operation.to_owned()).or_default() += 1;
        true
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

    /// Whether this call is one that was told to fail; takes one failure off the count.
    pub(crate) fn takes_failure(&self, operation: &str) -> bool {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        match failures.get_mut(operation) {
            Some(left) if *left > 0 => {
                *left -= 1;
                true
            }
            _ => false,
        }
    }
}
