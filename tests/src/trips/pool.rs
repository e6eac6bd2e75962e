//! A user pool that invokes the real triggers, each at the end of the line.

use std::sync::Arc;

use latchstring_lambda::{DELIVERY, Handler, answer, follow_up};
use latchstring_memory::{Inbox, MemoryDirectory, MemoryStore, SeededEntropy};
use latchstring_testkit::{self as testkit, Carried, Invoke, Trigger, Triggers};
use serde_json::Value;
use tokio::time::Instant;

use super::line::{Hop, Line};
use super::ports::Far;
use crate::StillClock;

pub(super) const POOL: &str = "eu-west-1_TRIPS0000";
pub(super) const CLIENT: &str = "tripsclient";

type FarInbox = Far<Inbox<StillClock>>;
/// The triggers, whose ports are at the end of the line.
type OnLine = Triggers<Far<MemoryStore>, Far<MemoryDirectory>, FarInbox, StillClock, SeededEntropy>;

/// A user pool, which Cognito itself reads without a trip.
pub(super) type Pool = testkit::Pool<FarTriggers>;
/// The pool as the resolver calls it.
pub(super) type FarPool = Carried<Pool, Line>;

/// The triggers at the end of a line.
pub(super) struct FarTriggers {
    pub(super) line: Line,
    pub(super) triggers: Arc<OnLine>,
}

impl FarTriggers {
    /// Makes one invocation. The work that it leaves is done after the response.
    async fn call<H: Handler + 'static>(
        &self,
        name: &'static str,
        event: Value,
        trigger: fn(&OnLine) -> &H,
    ) -> Value {
        self.line.trip(Hop::Invoke, "Lambda", name).await;
        let answered = answer(trigger(&self.triggers), event).await;
        let answer = answered.expect("a Cognito event");
        if let Some(work) = answer.follow_up {
            let triggers = Arc::clone(&self.triggers);
            self.line.aside(async move {
                follow_up(trigger(&triggers), work, Instant::now() + DELIVERY).await;
            });
        }
        answer.value["response"].clone()
    }
}

impl Invoke for FarTriggers {
    async fn invoke(&self, trigger: Trigger, event: Value) -> Value {
        match trigger {
            Trigger::Define => self.call("define", event, |it| &it.define).await,
            Trigger::Create => self.call("create", event, |it| &it.create).await,
            Trigger::Verify => self.call("verify", event, |it| &it.verify).await,
        }
    }
}
