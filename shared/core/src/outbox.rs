//! Publishes the events of the outbox.
//!
//! The function that made a change publishes its event after the response. The sweeper publishes what
//! is overdue: an event of a function that died, or that the bus did not take, and the intents of
//! changes that another system makes. So each event is published at least once, and sometimes more
//! often; it has the same id each time.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;

use crate::effects::Clock;
use crate::ports::{Directory, EventBus, OutboxStore, PendingStore, PortError};
use crate::record::event::{Event, EventId, INTENT_OVERDUE, Intent, OUTBOX_SHARDS, OutboxEntry};
use crate::record::pending::PendingOutcome;
use crate::value::account::Sub;
use crate::value::time::Timestamp;

/// The number of events that one call of the bus takes.
const BATCH: u8 = 10;

/// The events that a decision leaves, to be published after the response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Events {
    /// Those of which only the id is known here. They are read first: a repeated decision does not
    /// know when the entry was written.
    stored: Vec<(EventId, Sub)>,
    entries: Vec<OutboxEntry>,
}

impl Events {
    pub(crate) fn add(&mut self, entry: OutboxEntry) {
        self.entries.push(entry);
    }

    /// Adds an event of this account that may be in the outbox, by its id.
    pub(crate) fn add_stored(&mut self, id: EventId, sub: &Sub) {
        self.stored.push((id, sub.clone()));
    }

    /// Returns whether there is nothing to publish.
    pub const fn is_empty(&self) -> bool {
        self.stored.is_empty() && self.entries.is_empty()
    }

    /// Publishes them once.
    ///
    /// # Errors
    /// If a port fails. The sweeper then publishes them.
    pub async fn publish(
        self,
        store: &impl OutboxStore,
        bus: &impl EventBus,
    ) -> Result<(), PortError> {
        let mut entries = Vec::new();
        for (id, sub) in self.stored {
            let entry = store.event(id).await?;
            entries.extend(entry.map(|entry| OutboxEntry {
                sub: Some(sub),
                ..entry
            }));
        }
        entries.extend(self.entries);
        publish(store, bus, &entries).await.map(|_| ())
    }
}

/// Publishes entries, and takes those out of the outbox that the bus took. Returns whether it took
/// all of them.
async fn publish(
    store: &impl OutboxStore,
    bus: &impl EventBus,
    entries: &[OutboxEntry],
) -> Result<bool, PortError> {
    let (entries, events): (Vec<&OutboxEntry>, Vec<Event>) = entries
        .iter()
        .filter_map(|entry| Some((entry, entry.event()?)))
        .unzip();
    let mut all = true;
    for (entries, events) in entries
        .chunks(usize::from(BATCH))
        .zip(events.chunks(usize::from(BATCH)))
    {
        let taken = bus.publish(events).await?;
        all &= taken.len() == events.len() && taken.iter().all(|taken| *taken);
        let taken = entries.iter().zip(taken).filter(|(_, taken)| *taken);
        let settling = taken.map(|(entry, _)| store.settle_event(entry));
        for settled in join_all(settling).await {
            settled?;
        }
    }
    Ok(all)
}

/// The outcome of a sweep.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// The number of events that were published.
    pub published: u32,
    /// The number of entries that were dropped, because nothing happened.
    pub dropped: u32,
    /// The number of intents whose change is not decided yet.
    pub postponed: u32,
    /// The age of the oldest event that was overdue, from the time that it should have been published
    /// by; `None` if none was.
    pub oldest: Option<Duration>,
    /// The first fault. Other shards were swept nevertheless.
    pub fault: Option<PortError>,
}

/// What to do with an entry that is due.
enum Next {
    Publish(OutboxEntry),
    Drop,
    Postpone(Timestamp),
}

/// The sweeper.
pub struct Sweep<'a, S, D, B, C> {
    /// The outbox, and the pending contacts, which decide some intents.
    pub store: &'a S,
    /// The accounts, which decide the others.
    pub directory: &'a D,
    /// The bus.
    pub bus: &'a B,
    /// The clock.
    pub clock: &'a C,
}

impl<S, D, B, C> Sweep<'_, S, D, B, C>
where
    S: OutboxStore + PendingStore,
    D: Directory,
    B: EventBus,
    C: Clock,
{
    /// Publishes what is overdue, until nothing is, or until the time.
    pub async fn run(&self, until: Timestamp) -> Swept {
        let mut swept = Swept::default();
        for shard in 0..OUTBOX_SHARDS {
            if let Err(fault) = self.shard(shard, until, &mut swept).await {
                swept.fault.get_or_insert(fault);
            }
            if self.clock.now() >= until {
                break;
            }
        }
        swept
    }

    async fn shard(&self, shard: u8, until: Timestamp, swept: &mut Swept) -> Result<(), PortError> {
        // The index may still have an entry that this run took out.
        let mut seen = BTreeSet::new();
        loop {
            let now = self.clock.now();
            let due = self.store.due_events(shard, now, BATCH).await?;
            let is_last = due.len() < usize::from(BATCH);
            let fresh = |it: &OutboxEntry| seen.insert((it.carried_by, it.kind, it.due));
            let due: Vec<_> = due.into_iter().filter(fresh).collect();
            if due.is_empty() {
                return Ok(());
            }
            if let Some(age) = due.iter().map(|entry| now.since(entry.due)).max() {
                swept.oldest = swept.oldest.max(Some(age));
            }
            let mut publishing = Vec::new();
            for entry in due {
                match self.next(&entry, now).await {
                    Ok(Next::Publish(entry)) => publishing.push(entry),
                    Ok(Next::Drop) => {
                        self.store.drop_event(&entry).await?;
                        swept.dropped += 1;
                    }
                    Ok(Next::Postpone(due)) => {
                        self.store.postpone_event(&entry, due).await?;
                        swept.postponed += 1;
                    }
                    // An intent that cannot be decided is not in the way of the others.
                    Err(fault) => {
                        swept.fault.get_or_insert(fault);
                    }
                }
            }
            if !publish(self.store, self.bus, &publishing).await? {
                return Err(PortError::new("publish", "an event was refused"));
            }
            let published = u32::try_from(publishing.len()).unwrap_or(u32::MAX);
            swept.published = swept.published.saturating_add(published);
            if is_last || self.clock.now() >= until {
                return Ok(());
            }
        }
    }

    /// Finds out whether the change of an entry was made.
    async fn next(&self, entry: &OutboxEntry, now: Timestamp) -> Result<Next, PortError> {
        let publish = || Next::Publish(entry.clone());
        match (&entry.intent, &entry.sub) {
            (Some(Intent::Account { username }), _) => {
                let found = self.directory.find(username).await?;
                let account = found.filter(|account| account.username == *username);
                Ok(match account {
                    Some(account) if !account.attributes.is_half_created() => {
                        let sub = Some(account.attributes.sub().clone());
                        Next::Publish(OutboxEntry {
                            sub,
                            ..entry.clone()
                        })
                    }
                    // The next sign-in that completes it puts the event in again.
                    _ => Next::Drop,
                })
            }
            (Some(Intent::Contact(request)), Some(sub)) => {
                let Some(method) = entry.method else {
                    return Ok(Next::Drop);
                };
                let pending = self.store.pending(sub, method).await?;
                Ok(match pending.filter(|pending| pending.id == *request) {
                    Some(pending) => match pending.outcome {
                        PendingOutcome::InUse => Next::Drop,
                        PendingOutcome::Waiting if now < pending.expires_at => {
                            Next::Postpone(pending.expires_at.plus(INTENT_OVERDUE))
                        }
                        // Also if it waits: the contact may be written and its outcome lost.
                        _ => publish(),
                    },
                    None => publish(),
                })
            }
            (Some(Intent::Contact(_)) | None, None) => Ok(Next::Drop),
            (None, Some(_)) => Ok(publish()),
        }
    }
}
