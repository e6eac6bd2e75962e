//! A clock for handlers whose ports take real time.

use std::time::Duration;

use latchstring_core::ports::Clock;
use latchstring_core::time::Timestamp;
use latchstring_lambda::SystemClock;
use latchstring_memory::ManualClock;

/// Stands still but for what a test does to it. What waits by it waits for real: it is a limit that
/// no call comes to. Clones share it.
#[derive(Clone, Debug)]
pub struct StillClock(ManualClock);

impl StillClock {
    /// A clock that stands at `now`.
    pub fn at(now: Timestamp) -> Self {
        Self(ManualClock::at(now))
    }

    /// Moves it forward.
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
