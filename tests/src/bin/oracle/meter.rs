//! The stand-ins' own time and the calls to them, apart from the functions'.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

/// Records when a stand-in or this program is at work. Clones share one record.
#[derive(Clone, Default)]
pub(crate) struct Meter(Arc<Inner>);

#[derive(Default)]
struct Inner {
    state: Mutex<State>,
    under_way: watch::Sender<usize>,
}

#[derive(Default)]
struct State {
    /// The number of stand-ins at work, and since when there is one.
    at_work: usize,
    since: Option<Instant>,
    total: Duration,
    calls: u32,
}

/// A call that is under way, until this value is dropped.
pub(crate) struct UnderWay(Meter);

impl Meter {
    fn state<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A stand-in begins to work.
    pub(crate) fn begin(&self) {
        self.state(|state| {
            if state.at_work == 0 {
                state.since = Some(Instant::now());
            }
            state.at_work += 1;
        });
    }

    /// A stand-in ends its work, or waits for a function.
    pub(crate) fn end(&self) {
        self.state(|state| {
            state.at_work -= 1;
            if state.at_work == 0
                && let Some(since) = state.since.take()
            {
                state.total += since.elapsed();
            }
        });
    }

    /// A function calls a stand-in. A `counted` call is to Cognito or to the table; the time of the
    /// others, to a courier, is not taken for a stand-in's.
    pub(crate) fn call(&self, counted: bool) -> UnderWay {
        self.0.under_way.send_modify(|number| *number += 1);
        if counted {
            self.state(|state| state.calls += 1);
        }
        UnderWay(self.clone())
    }

    /// Waits until no call is under way.
    pub(crate) async fn quiet(&self) {
        let mut number = self.0.under_way.subscribe();
        let quiet = number.wait_for(|number| *number == 0).await;
        assert!(quiet.is_ok(), "the sender is in this value");
    }

    /// Begins a measurement.
    pub(crate) fn reset(&self) {
        self.state(|state| {
            assert_eq!(state.at_work, 0, "it is quiet");
            *state = State::default();
        });
    }

    /// The stand-ins' time since the measurement began, and the number of calls to them.
    pub(crate) fn read(&self) -> (Duration, u32) {
        self.state(|state| {
            let running = state.since.map_or(Duration::ZERO, |since| since.elapsed());
            (state.total + running, state.calls)
        })
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.0.under_way.send_modify(|number| *number -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: Duration = Duration::from_millis(5);

    #[test]
    fn the_time_of_two_at_once_counts_once() {
        let meter = Meter::default();
        let begun = Instant::now();
        meter.begin();
        meter.begin();
        std::thread::sleep(TIME);
        meter.end();
        meter.end();
        let all = begun.elapsed();
        let (time, _) = meter.read();
        assert!(time >= TIME && time <= all);
        std::thread::sleep(TIME);
        assert_eq!(meter.read().0, time, "no stand-in is at work");
    }

    #[tokio::test]
    async fn a_call_is_counted_and_ends_with_its_value() {
        let meter = Meter::default();
        let (counted, other) = (meter.call(true), meter.call(false));
        assert_eq!(meter.read().1, 1);
        drop((counted, other));
        meter.quiet().await;
        meter.reset();
        assert_eq!(meter.read(), (Duration::ZERO, 0));
    }
}
