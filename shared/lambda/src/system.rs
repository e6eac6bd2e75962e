//! The ports that the operating system implements.

use std::future::Future;
use std::pin::pin;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::future::{Either, select};
use latchstring_core::ports::{Clock, Entropy};
use latchstring_core::time::Timestamp;
use rand::TryRng;
use rand::rngs::SysRng;

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::from_millis(millis(since))
    }

    fn sleep(&self, time: Duration) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(time)
    }
}

/// Returns a time in milliseconds.
pub(crate) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Returns the output of a future, or `None` if it does not finish within the time. An unfinished
/// future is dropped.
pub(crate) async fn timeout<T>(
    clock: &impl Clock,
    time: Duration,
    doing: impl Future<Output = T>,
) -> Option<T> {
    // An async block, so that the wait begins only when the future is pending.
    let expired = async { clock.sleep(time).await };
    match select(pin!(doing), pin!(expired)).await {
        Either::Left((done, _)) => Some(done),
        Either::Right(_) => None,
    }
}

/// The system's randomness, read for each value: a process that Lambda restored from a snapshot
/// must not repeat the values of another one.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        SysRng
            .try_fill_bytes(buffer)
            // Invariant: getrandom(2) does not fail on a system that has booted. If it did, the
            // handler's catch_unwind would turn the panic into a refusal: nothing is made without
            // randomness.
            .expect("the operating system gives randomness");
    }
}
