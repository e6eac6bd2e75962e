//! The sweeper of the outbox, as a function that a schedule invokes.

use std::time::Duration;

use latchstring_core::outbox::{Events, Sweep};
use latchstring_core::ports::{Clock, Directory, EventBus, OutboxStore, PendingStore};
use latchstring_core::time::Timestamp;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::handler::{Handler, HandlerResponse, PublicError};
use crate::metrics;
use crate::self_test::Examined;
use crate::system::{millis, timeout};

/// The time of one sweep. What is left is swept a minute later.
const SWEEP: Duration = Duration::from_secs(40);

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
        let swept = sweep.run(self.clock.now().plus(SWEEP)).await;
        let (published, dropped, postponed) = (swept.published, swept.dropped, swept.postponed);
        let skipped = swept.skipped;
        let overdue = swept.oldest.unwrap_or_default().as_secs();
        metrics::events_overdue(overdue);
        let duration_ms = millis(begun.elapsed());
        if let Some(fault) = swept.fault {
            let (call, code) = (fault.call, fault.code);
            metrics::fault(call);
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
