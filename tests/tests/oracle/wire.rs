//! Every call that leaves a function: noted with what came of it, and with the time it took on a
//! clock that nothing else moves.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use latchstring_core::ports::{DeliveryError, PortError};
use latchstring_testkit::{self as testkit, Carrier};
use latchstring_tests::StillClock;

const DELIVER: &str = "deliver";

/// A call, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    /// Its name, and its outcome.
    pub(crate) told: String,
    /// How long it took.
    pub(crate) took: Duration,
}

/// Carries calls. Clones share what is noted.
#[derive(Clone)]
pub(crate) struct Wire {
    seed: u64,
    /// What a delivery takes besides.
    courier: Duration,
    clock: StillClock,
    noted: Arc<Mutex<Noted>>,
}

#[derive(Default)]
struct Noted {
    calls: Vec<Call>,
    /// The response was given: what is called now keeps nobody waiting.
    after_response: bool,
}

impl Wire {
    /// With latencies that the seed determines.
    pub(crate) fn new(seed: u64, courier: Duration, clock: StillClock) -> Self {
        Self {
            seed,
            courier,
            clock,
            noted: Arc::default(),
        }
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on, calls happen before the response, or after.
    pub(crate) fn set_after_response(&self, after: bool) {
        self.noted().after_response = after;
    }

    /// The calls since the last time.
    pub(crate) fn take(&self) -> Vec<Call> {
        std::mem::take(&mut self.noted().calls)
    }

    /// How long a call with this outcome takes: what is found takes another time than what is not.
    fn latency(&self, told: &str) -> Duration {
        // FNV-1a: any spread will do, as long as it comes again.
        let hash = told
            .bytes()
            .fold(self.seed ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
        Duration::from_millis(1 + (hash >> 32) % 64)
    }

    /// Notes a call that ended like this, and lets its time pass.
    pub(crate) fn note(&self, name: &str, outcome: &str) {
        let told = format!("{name}: {outcome}");
        let courier = if name == DELIVER {
            self.courier
        } else {
            Duration::ZERO
        };
        let took = self.latency(&told) + courier;
        let mut noted = self.noted();
        if !noted.after_response {
            self.clock.advance(took);
        }
        noted.calls.push(Call { told, took });
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
        self.note(call.name, ended.as_ref().map_or("fault", outcome));
        ended
    }

    async fn deliver(
        &self,
        effect: impl Future<Output = Result<(), DeliveryError>> + Send,
    ) -> Result<(), DeliveryError> {
        let delivered = effect.await;
        self.note(DELIVER, "done");
        delivered
    }
}
