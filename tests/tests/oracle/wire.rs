//! A carrier that records every external call with its outcome, and with its duration on a clock that
//! nothing else advances.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use latchstring_core::ports::{DeliveryError, PortError};
use latchstring_testkit::{self as testkit, Carrier};
use latchstring_tests::StillClock;

const DELIVER: &str = "deliver";

/// A call and its outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    /// Its name and outcome.
    pub(crate) outcome: String,
    /// Its duration.
    pub(crate) took: Duration,
}

/// Carries calls. Clones share the records.
#[derive(Clone)]
pub(crate) struct Wire {
    seed: u64,
    /// The additional duration of a delivery.
    courier: Duration,
    clock: StillClock,
    records: Arc<Mutex<Records>>,
}

#[derive(Default)]
struct Records {
    calls: Vec<Call>,
    /// The response was given: calls no longer delay it.
    after_response: bool,
}

impl Wire {
    /// Makes a carrier whose latencies the seed determines.
    pub(crate) fn new(seed: u64, courier: Duration, clock: StillClock) -> Self {
        Self {
            seed,
            courier,
            clock,
            records: Arc::default(),
        }
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets whether the next calls happen after the response.
    pub(crate) fn set_after_response(&self, after: bool) {
        self.records().after_response = after;
    }

    /// Returns the calls since the last call of this function.
    pub(crate) fn take(&self) -> Vec<Call> {
        std::mem::take(&mut self.records().calls)
    }

    /// Returns the duration of a call with this outcome. It depends on the outcome, as a found row takes
    /// longer than a missing one.
    fn latency(&self, outcome: &str) -> Duration {
        // FNV-1a: a spread that is the same in every run.
        let hash = outcome
            .bytes()
            .fold(self.seed ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
        Duration::from_millis(1 + (hash >> 32) % 64)
    }

    /// Records a call with this outcome, and advances the clock by its duration.
    pub(crate) fn record(&self, name: &str, outcome: &str) {
        let outcome = format!("{name}: {outcome}");
        let courier = if name == DELIVER {
            self.courier
        } else {
            Duration::ZERO
        };
        let took = self.latency(&outcome) + courier;
        let mut records = self.records();
        if !records.after_response {
            self.clock.advance(took);
        }
        records.calls.push(Call { outcome, took });
    }
}

impl Carrier for Wire {
    async fn carry<T: Send>(
        &self,
        call: testkit::Call,
        effect: impl Future<Output = Result<T, PortError>> + Send,
        outcome: fn(&T) -> &'static str,
    ) -> Result<T, PortError> {
        let ended = effect.await;
        self.record(call.name, ended.as_ref().map_or("fault", outcome));
        ended
    }

    async fn deliver(
        &self,
        effect: impl Future<Output = Result<(), DeliveryError>> + Send,
    ) -> Result<(), DeliveryError> {
        let delivered = effect.await;
        self.record(DELIVER, "done");
        delivered
    }
}
