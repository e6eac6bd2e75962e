//! The effects that values are made with: time and randomness.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};

use crate::value::time::Timestamp;

/// The current time and delays.
pub trait Clock: Send + Sync {
    /// Returns the current time.
    fn now(&self) -> Timestamp;
    /// Waits for a duration.
    fn sleep(&self, time: Duration) -> impl Future<Output = ()> + Send;
}

/// A source of unpredictable random bytes: the operating system's, except in tests.
pub trait Entropy: Send + Sync {
    /// Fills the buffer with random bytes.
    fn fill(&self, buffer: &mut [u8]);

    /// Returns an array of random bytes.
    fn bytes<const N: usize>(&self) -> [u8; N]
    where
        Self: Sized,
    {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }
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
        Either::Right(((), _)) => None,
    }
}
