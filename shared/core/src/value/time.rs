//! Points in time, as a `Clock` returns them.

use std::time::Duration;

/// Milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(u64);

impl Timestamp {
    /// Creates a time from milliseconds since the Unix epoch.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Creates a time from whole seconds since the Unix epoch.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1000))
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down.
    pub const fn as_secs(self) -> u64 {
        self.0 / 1000
    }

    /// Returns the time after a duration; saturates at the maximum.
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        let by = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(by))
    }

    /// Returns the duration since `earlier`; zero if it is in the future.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// Returns the whole seconds until `later`, rounded up; zero if it is past.
    pub fn secs_until(self, later: Self) -> u64 {
        later.0.saturating_sub(self.0).div_ceil(1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_of_a_second_still_counts_as_one() {
        let now = Timestamp::from_millis(1_500);
        assert_eq!(now.secs_until(Timestamp::from_millis(1_501)), 1);
        assert_eq!(now.secs_until(Timestamp::from_millis(2_500)), 1);
        assert_eq!(now.secs_until(now), 0);
        assert_eq!(now.secs_until(Timestamp::from_millis(3)), 0);
    }

    #[test]
    fn time_does_not_wrap() {
        let end = Timestamp::from_millis(u64::MAX);
        assert_eq!(end.plus(Duration::from_secs(1)), end);
        assert_eq!(Timestamp::default().since(end), Duration::ZERO);
    }
}
