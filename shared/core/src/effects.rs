//! The effects that values are made with: time and randomness.

use std::future::Future;
use std::time::Duration;

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
