//! The publication of events after a response, and the sweeper of the outbox, which a schedule invokes.

use std::time::Duration;

use latchstring_core::outbox::{Events, Sweep};
use latchstring_core::ports::{Clock, Directory, EventBus, OutboxStore, PendingStore};
use latchstring_core::time::Timestamp;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::delivery::FollowUp;
use crate::handler::{FollowsUp, Handler, HandlerResponse, PublicError};
use crate::metrics;
use crate::self_test::Examined;
use crate::system::{millis, timeout};

/// The time of one sweep. What is left is swept a minute later.
const SWEEP: Duration = Duration::from_secs(40);

/// The time limit of the function, if a port does not answer. It is below Lambda's, so that it is logged.
const SWEEP_LIMIT: Duration = Duration::from_secs(50);

/// Publishes what is overdue in the outbox, whatever its event is.
#[derive(Clone, Debug)]
pub struct OutboxSweeper<S, D, B, C> {
    /// The outbox.
    pub store: S,
    /// The accounts.
    pub directory: D,
    /// The bus.
    pub bus: B,
    /// The clock.
    pub clock: C,
}

impl<S, D, B, C> Handler for OutboxSweeper<S, D, B, C>
where
    S: OutboxStore + PendingStore,
    D: Directory,
    B: EventBus,
    C: Clock,
{
    async fn handle(&self, _: Value) -> Result<HandlerResponse, PublicError> {
        let begun = Instant::now();
        let sweep = Sweep {
            store: &self.store,
            directory: &self.directory,
            bus: &self.bus,
            clock: &self.clock,
        };
        let sweeping = sweep.run(self.clock.now().plus(SWEEP));
        let Some(swept) = timeout(&self.clock, SWEEP_LIMIT, sweeping).await else {
            metrics::fault("sweep");
            tracing::error!(call = "sweep", code = "timeout", "events not published");
            return Ok(json!({ "published": 0 }).into());
        };
        let (published, dropped, postponed) = (swept.published, swept.dropped, swept.postponed);
        let skipped = swept.skipped;
        let overdue = swept.oldest.unwrap_or_default().as_secs();
        metrics::events_overdue(overdue);
        let duration_ms = millis(begun.elapsed());
        if let Some(fault) = swept.fault {
            metrics::failed_call(&fault);
            let (call, code) = (fault.call, fault.code);
            tracing::error!(
                call,
                code,
                published,
                skipped,
                overdue,
                duration_ms,
                "events not published"
            );
        } else {
            tracing::info!(
                published,
                dropped,
                postponed,
                overdue,
                duration_ms,
                "events published"
            );
        }
        Ok(json!({ "published": published }).into())
    }

    /// It has no key ring.
    async fn examine(&self) -> Examined {
        let due = self.store.due_events(0, None, Timestamp::default(), 1);
        Examined {
            key_ring: None,
            table: Some(due.await.map(|_| ())),
        }
    }
}

/// A function that sends no message, with the bus on which its events are published after the response.
#[derive(Clone, Debug)]
pub struct Publishing<H, S, B, C> {
    /// The function.
    pub handler: H,
    /// The outbox.
    pub store: S,
    /// The bus, if events are published.
    pub bus: Option<B>,
    /// The clock.
    pub clock: C,
}

impl<H, S, B, C> Handler for Publishing<H, S, B, C>
where
    H: Handler,
    S: OutboxStore,
    B: EventBus,
    C: Clock,
{
    const FOLLOWS_UP: FollowsUp = FollowsUp::WithEvents;

    async fn handle(&self, event: Value) -> Result<HandlerResponse, PublicError> {
        self.handler.handle(event).await
    }

    async fn examine(&self) -> Examined {
        self.handler.examine().await
    }

    async fn follow_up(&self, work: FollowUp, until: Instant) {
        let (store, clock) = (&self.store, &self.clock);
        publish(store, self.bus.as_ref(), clock, work.events, until).await;
    }
}

/// Publishes the events of a response, once, before `until`. The sweeper publishes what is left.
pub(crate) async fn publish(
    store: &impl OutboxStore,
    bus: Option<&impl EventBus>,
    clock: &impl Clock,
    events: Events,
    until: Instant,
) {
    let Some(bus) = bus.filter(|_| !events.is_empty()) else {
        return;
    };
    let left = until.saturating_duration_since(Instant::now());
    match timeout(clock, left, events.publish(store, bus)).await {
        Some(Ok(())) => {}
        Some(Err(fault)) => {
            let (call, code) = (fault.call, fault.code);
            tracing::warn!(call, code, "events left to the sweeper");
        }
        None => tracing::warn!("events left to the sweeper: no time left"),
    }
}
