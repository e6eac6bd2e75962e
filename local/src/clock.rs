//! The clock of the whole process, which `POST /control` can move forward.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use latchstring_core::ports::Clock;
use latchstring_core::time::Timestamp;
use latchstring_lambda::SystemClock;

/// The system's clock until it is stopped, plus the time added by [`LocalClock::advance`]. Clones
/// share both.
#[derive(Clone, Debug, Default)]
pub(crate) struct LocalClock {
    stopped_at: Arc<OnceLock<Timestamp>>,
    ahead_millis: Arc<AtomicU64>,
}

impl LocalClock {
    pub(crate) fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.ahead_millis.fetch_add(by, Ordering::SeqCst);
    }

    /// Stops the clock: from now on only [`LocalClock::advance`] and a wait move it.
    pub(crate) fn stop(&self) {
        self.stopped_at.get_or_init(|| SystemClock.now());
    }

    /// Returns the time that was added.
    pub(crate) fn ahead(&self) -> Duration {
        Duration::from_millis(self.ahead_millis.load(Ordering::SeqCst))
    }

    pub(crate) fn system_time(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(self.now().as_millis())
    }
}

impl Clock for LocalClock {
    fn now(&self) -> Timestamp {
        let stopped_at = self.stopped_at.get().copied();
        stopped_at
            .unwrap_or_else(|| SystemClock.now())
            .plus(self.ahead())
    }

    /// Waits. A stopped clock then moves by the time that was waited.
    async fn sleep(&self, time: Duration) {
        SystemClock.sleep(time).await;
        if self.stopped_at.get().is_some() {
            self.advance(time);
        }
    }
}
