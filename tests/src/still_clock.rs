//! A clock for handlers whose ports take real time.

use std::time::Duration;

use latchstring_core::ports::Clock;
use latchstring_core::time::Timestamp;
use latchstring_lambda::SystemClock;
use latchstring_memory::ManualClock;

/// A clock that moves only when a test advances it. A wait by it takes real time, as a limit that
/// no call reaches. Clones share it.
#[derive(Clone, Debug)]
pub struct StillClock(ManualClock);

impl StillClock {
    /// Makes a clock that stands at `now`.
    pub fn at(now: Timestamp) -> Self {
        Self(ManualClock::at(now))
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        self.0.advance(by);
    }
}

impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn sleep(&self, time: Duration) -> impl Future<Output = ()> + Send {
        SystemClock.sleep(time)
    }
}
