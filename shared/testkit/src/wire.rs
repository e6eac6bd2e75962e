use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use latchstring_core::ports::{Clock as _, DeliveryError, DeliveryOutcome, PortError};
use latchstring_core::pseudonym::Pseudonym;
use latchstring_memory::ManualClock;

use crate::{Call, Carrier};

/// A fault of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Break {
    /// The request is lost: nothing happened.
    Before,
    /// The answer is lost: it happened, and the caller does not know.
    After,
    /// The service takes no more: nothing happened.
    Throttled,
    /// Nothing happens, and no answer comes until the caller gives up.
    Hangs,
    /// Nothing happens, no answer comes, and the adapter does not give up.
    Never,
    /// It happens, no answer comes, and the adapter does not give up.
    NeverAfter,
}

/// The time that an adapter waits for an answer: two attempts, one of Cognito's calls that span
/// triggers, or one refresh.
const PATIENCE: Duration = Duration::from_millis(2500);
const PATIENCE_FOR_TRIGGERS: Duration = Duration::from_secs(12);
const PATIENCE_FOR_A_REFRESH: Duration = Duration::from_secs(4);

/// A carrier that notes each call, breaks the calls that a test names, and lets interleaved futures
/// take turns. Clones share it.
#[derive(Clone, Debug)]
pub struct Wire {
    calls: Arc<Mutex<Calls>>,
    clock: ManualClock,
}

#[derive(Debug, Default)]
struct Calls {
    noted: Vec<&'static str>,
    /// The triggers that are running, each inside the one before it.
    running: Vec<&'static str>,
    /// Each kind of item that a call concerned, with the trigger that called; none for a resolver.
    items: BTreeSet<(Option<&'static str>, &'static str)>,
    breaks: BTreeMap<usize, Break>,
    takes_turns: bool,
    /// The requests of each counter in each second, once a test requests them.
    load: Option<BTreeMap<(Pseudonym, u64), Load>>,
}

/// The requests of one counter in one second.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// The number of reads.
    pub reads: u32,
    /// The number of writes.
    pub writes: u32,
    /// The windows that were written.
    pub windows: BTreeSet<String>,
}

impl Wire {
    /// Returns a wire that breaks nothing. Its clock advances when a call hangs.
    pub fn new(clock: ManualClock) -> Self {
        Self {
            calls: Arc::default(),
            clock,
        }
    }

    /// Returns the names of the calls since the last [`Wire::clear`], in order.
    pub fn calls(&self) -> Vec<&'static str> {
        self.state().noted.clone()
    }

    /// Forgets the calls so far, and what was to break.
    pub fn clear(&self) {
        let mut calls = self.state();
        calls.noted.clear();
        calls.breaks.clear();
    }

    /// From now on, the calls of these numbers (from 0) break, each once.
    pub fn will_break(&self, breaks: impl IntoIterator<Item = (usize, Break)>) {
        self.clear();
        self.state().breaks.extend(breaks);
    }

    /// Looks at the effects of calls: the calls of this function are not noted, and none breaks.
    pub fn pause<T>(&self, look: impl FnOnce() -> T) -> T {
        let (noted, breaks) = {
            let mut calls = self.state();
            let breaks = std::mem::take(&mut calls.breaks);
            (calls.noted.clone(), breaks)
        };
        let seen = look();
        let mut calls = self.state();
        (calls.noted, calls.breaks) = (noted, breaks);
        seen
    }

    /// Runs a trigger, whose calls are noted as its own.
    pub async fn run<T>(&self, trigger: &'static str, work: impl Future<Output = T>) -> T {
        self.state().running.push(trigger);
        let done = work.await;
        self.state().running.pop();
        done
    }

    /// Returns the kinds of item that calls concerned so far, each with the trigger that called; none
    /// for a resolver.
    pub fn items(&self) -> BTreeSet<(Option<&'static str>, &'static str)> {
        self.state().items.clone()
    }

    /// From now on, the requests of each counter are counted.
    pub fn count_requests(&self) {
        self.state().load = Some(BTreeMap::new());
    }

    /// Returns the requests of each counter in each second since [`Wire::count_requests`].
    pub fn load(&self) -> BTreeMap<(Pseudonym, u64), Load> {
        self.state().load.clone().unwrap_or_default()
    }

    /// From now on, every call lets other futures go first.
    pub fn take_turns(&self) {
        self.state().takes_turns = true;
    }

    /// Carries a call that no decorator makes.
    pub async fn carry_call<T>(
        &self,
        call: &'static str,
        effect: impl Future<Output = Result<T, PortError>> + Send,
    ) -> Result<T, PortError> {
        self.turn().await;
        let broken = {
            let mut calls = self.state();
            let number = calls.noted.len();
            calls.noted.push(call);
            calls.breaks.remove(&number)
        };
        let lost = || Err(PortError::new(call, "lost"));
        match broken {
            None => effect.await,
            Some(Break::Before) => lost(),
            Some(Break::After) => {
                effect.await?;
                lost()
            }
            Some(Break::Throttled) => Err(PortError::new(call, "ThrottlingException")),
            Some(Break::Hangs) => {
                self.clock.advance(match call {
                    "initiate" | "respond" => PATIENCE_FOR_TRIGGERS,
                    "refresh" => PATIENCE_FOR_A_REFRESH,
                    _ => PATIENCE,
                });
                Err(PortError::new(call, "timeout"))
            }
            Some(Break::Never) => std::future::pending().await,
            Some(Break::NeverAfter) => {
                effect.await?;
                std::future::pending().await
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, Calls> {
        // A test that panics reads no more of it.
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn turn(&self) {
        let mut waits = self.state().takes_turns;
        std::future::poll_fn(|_| {
            if std::mem::take(&mut waits) {
                Poll::Pending
            } else {
                Poll::Ready(())
            }
        })
        .await;
    }
}

impl Carrier for Wire {
    fn note_counters(&self, counters: &[Pseudonym], written: &[&str]) {
        let second = self.clock.now().as_secs();
        let mut state = self.state();
        let Some(load) = &mut state.load else {
            return;
        };
        for counter in counters {
            let load = load.entry((*counter, second)).or_default();
            if written.is_empty() {
                load.reads += 1;
            } else {
                load.writes += 1;
            }
            for window in written {
                if !load.windows.contains(*window) {
                    load.windows.insert((*window).to_owned());
                }
            }
        }
    }

    async fn carry<T: Send>(
        &self,
        call: Call,
        effect: impl Future<Output = Result<T, PortError>> + Send,
        _: fn(&T) -> &'static str,
    ) -> Result<T, PortError> {
        if let Some(item) = call.item {
            let mut state = self.state();
            let trigger = state.running.last().copied();
            state.items.insert((trigger, item));
        }
        self.carry_call(call.name, effect).await
    }

    async fn deliver(
        &self,
        effect: impl Future<Output = Result<(), DeliveryError>> + Send,
    ) -> Result<(), DeliveryError> {
        let effect = async { effect.await.map_err(|error| error.fault) };
        let delivered = self.carry_call("deliver", effect).await;
        delivered.map_err(|fault| DeliveryError {
            fault,
            outcome: DeliveryOutcome::Unknown,
        })
    }
}
