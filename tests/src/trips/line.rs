//! Virtual time: every trip between two machines takes the time in a table, and no other time
//! passes. Simultaneous trips overlap.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// The kind of a trip, by its two ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hop {
    /// The user's device to `AppSync` or Cognito, over the public network.
    Client,
    /// AWS invokes a function that is warm: `AppSync` a resolver, Cognito a trigger.
    Invoke,
    /// A function to Cognito, without the triggers that Cognito invokes meanwhile.
    Cognito,
    /// A function to `DynamoDB`.
    DynamoDb,
    /// A function to KMS.
    Kms,
    /// A function to SES or SNS.
    Message,
}

impl Hop {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::Client,
        Self::Invoke,
        Self::Cognito,
        Self::DynamoDb,
        Self::Kms,
        Self::Message,
    ];

    /// Returns its name for the tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Client => "a user's device to AWS",
            Self::Invoke => "AWS invokes a warm function",
            Self::Cognito => "a function to Cognito",
            Self::DynamoDb => "a function to DynamoDB",
            Self::Kms => "a function to KMS",
            Self::Message => "a function to SES or SNS",
        }
    }

    /// Returns the assumed duration of the round trip in milliseconds. It was not measured on AWS.
    pub const fn assumed_ms(self) -> u64 {
        match self {
            Self::Client => 80,
            Self::Invoke => 12,
            Self::Cognito => 25,
            Self::DynamoDb => 5,
            Self::Kms => 15,
            Self::Message => 60,
        }
    }
}

/// The duration of each kind of trip.
pub type Latencies = fn(Hop) -> u64;

type Aside = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The one line of time that all ports of a journey share. Clones share it.
#[derive(Clone)]
pub struct Line(Arc<Inner>);

struct Inner {
    latencies: Latencies,
    state: Mutex<State>,
    aside: Mutex<Vec<Aside>>,
}

#[derive(Default)]
struct State {
    now: u64,
    /// The earliest end of a trip that is under way.
    next: Option<u64>,
    requests: BTreeMap<(&'static str, &'static str), usize>,
    message_at: Option<u64>,
}

/// The outcome of running a future on the line.
pub struct Gone<T> {
    /// The future's output.
    pub output: T,
    /// The time that it took.
    pub took: u64,
    /// The time after which the first message was with SES or SNS.
    pub message_after: Option<u64>,
    /// The number of requests of each operation of each service, including those after the
    /// response.
    pub requests: BTreeMap<(&'static str, &'static str), usize>,
}

impl Line {
    /// Makes a line at time 0.
    pub fn new(latencies: Latencies) -> Self {
        Self(Arc::new(Inner {
            latencies,
            state: Mutex::default(),
            aside: Mutex::default(),
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn aside_list(&self) -> MutexGuard<'_, Vec<Aside>> {
        self.0.aside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes one request and waits for its response.
    pub async fn trip(&self, hop: Hop, service: &'static str, operation: &'static str) {
        let ends = {
            let mut state = self.state();
            *state.requests.entry((service, operation)).or_default() += 1;
            state.now + (self.0.latencies)(hop)
        };
        poll_fn(|_| {
            let mut state = self.state();
            if state.now >= ends {
                return Poll::Ready(());
            }
            state.next = Some(state.next.map_or(ends, |next| next.min(ends)));
            Poll::Pending
        })
        .await;
        if hop == Hop::Message {
            let mut state = self.state();
            let now = state.now;
            state.message_at.get_or_insert(now);
        }
    }

    /// Runs work beside everything else, which does not wait for it.
    pub fn aside(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.aside_list().push(Box::pin(work));
    }

    /// Runs a future to its end, and then the work beside it.
    ///
    /// # Panics
    /// If it waits for anything but trips.
    pub fn go<T>(&self, work: impl Future<Output = T>) -> Gone<T> {
        let begun = {
            let mut state = self.state();
            (state.requests, state.message_at) = Default::default();
            state.now
        };
        let mut work = pin!(work);
        let mut context = Context::from_waker(Waker::noop());
        let mut ended = None;
        loop {
            self.state().next = None;
            if ended.is_none()
                && let Poll::Ready(output) = work.as_mut().poll(&mut context)
            {
                ended = Some((output, self.state().now - begun));
            }
            let mut aside = std::mem::take(&mut *self.aside_list());
            aside.retain_mut(|work| work.as_mut().poll(&mut context).is_pending());
            self.aside_list().extend(aside);
            let is_idle = self.aside_list().is_empty();
            let mut state = self.state();
            match (state.next, ended.take()) {
                (_, Some((output, took))) if is_idle => {
                    return Gone {
                        output,
                        took,
                        message_after: state.message_at.map(|at| at - begun),
                        requests: std::mem::take(&mut state.requests),
                    };
                }
                (Some(next), still) => {
                    state.now = next;
                    ended = still;
                }
                (None, _) => panic!("it waits for something other than a trip"),
            }
        }
    }
}
