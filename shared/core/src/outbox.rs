//! Publishes the events of the outbox.
//!
//! The function that made a change publishes its event after the response. The sweeper publishes what
//! is overdue: an event of a function that died, or that the bus did not take, and the intents of
//! changes that another system makes. So each event is published at least once, and sometimes more
//! often; it has the same id each time.

use std::time::Duration;

use futures_util::future::join_all;

use crate::effects::Clock;
use crate::ports::{Directory, EventBus, OutboxStore, PendingStore, PortError};
use crate::record::event::{
    Event, EventId, INTENT_OVERDUE, Intent, OUTBOX_SHARDS, OutboxEntry, OutboxPlace,
};
use crate::record::pending::PendingOutcome;
use crate::value::account::Sub;
use crate::value::time::Timestamp;

/// The number of events that one call of the bus takes.
const BATCH: u8 = 10;

/// The number of pages of a shard that are swept before those of the next.
const PAGES: u8 = 4;

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

/// Publishes entries, and takes those out of the outbox that the bus took. Returns their number.
async fn publish(
    store: &impl OutboxStore,
    bus: &impl EventBus,
    entries: &[OutboxEntry],
) -> Result<u32, PortError> {
    let (entries, events): (Vec<&OutboxEntry>, Vec<Event>) = entries
        .iter()
        .filter_map(|entry| Some((entry, entry.event()?)))
        .unzip();
    let mut number = 0_u32;
    for (entries, events) in entries
        .chunks(usize::from(BATCH))
        .zip(events.chunks(usize::from(BATCH)))
    {
        let taken = bus.publish(events).await?;
        let taken = entries.iter().zip(taken).filter(|(_, taken)| *taken);
        let settling = taken.map(|(entry, _)| store.settle_event(entry));
        for settled in join_all(settling).await {
            settled?;
            number = number.saturating_add(1);
        }
    }
    Ok(number)
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
    /// The number of entries that could not be read or decided. They stay.
    pub skipped: u32,
    /// The first fault. What it did not concern was swept nevertheless.
    pub fault: Option<PortError>,
}

impl Swept {
    fn note(&mut self, fault: PortError) {
        self.fault.get_or_insert(fault);
    }
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
    ///
    /// The shards take turns, and each minute another one is the first: the backlog of one does not
    /// delay the others.
    pub async fn run(&self, until: Timestamp) -> Swept {
        let mut swept = Swept::default();
        let minute = self.clock.now().as_millis() / 60_000;
        let mut places: Vec<_> = (0..OUTBOX_SHARDS).map(|shard| (shard, None)).collect();
        let first = minute % u64::from(OUTBOX_SHARDS);
        places.rotate_left(usize::try_from(first).unwrap_or_default());
        while !places.is_empty() {
            let mut left = Vec::new();
            for (shard, place) in places {
                match self.turn(shard, place, until, &mut swept).await {
                    Ok(None) => {}
                    Ok(Some(place)) => left.push((shard, Some(place))),
                    // The others are swept nevertheless.
                    Err(fault) => swept.note(fault),
                }
                if self.clock.now() >= until {
                    return swept;
                }
            }
            places = left;
        }
        swept
    }

    /// Publishes some pages of a shard. Returns the place of the next one.
    async fn turn(
        &self,
        shard: u8,
        mut place: Option<OutboxPlace>,
        until: Timestamp,
        swept: &mut Swept,
    ) -> Result<Option<OutboxPlace>, PortError> {
        for _ in 0..PAGES {
            let now = self.clock.now();
            let store = self.store;
            let due = store.due_events(shard, place.as_ref(), now, BATCH).await?;
            if due.unreadable > 0 {
                swept.skipped = swept.skipped.saturating_add(due.unreadable);
                swept.note(PortError::new("due_events", "an entry is unreadable"));
            }
            self.page(&due.entries, now, swept).await?;
            place = due.last;
            if place.is_none() || self.clock.now() >= until {
                break;
            }
        }
        Ok(place)
    }

    /// Publishes the entries of a page, without those that cannot be decided. They stay, and the
    /// next page begins after them.
    async fn page(
        &self,
        due: &[OutboxEntry],
        now: Timestamp,
        swept: &mut Swept,
    ) -> Result<(), PortError> {
        if let Some(age) = due.iter().map(|entry| now.since(entry.due)).max() {
            swept.oldest = swept.oldest.max(Some(age));
        }
        let mut publishing = Vec::new();
        for entry in due {
            match self.decide(entry, now, swept).await {
                Ok(entry) => publishing.extend(entry),
                Err(fault) => {
                    swept.skipped = swept.skipped.saturating_add(1);
                    swept.note(fault);
                }
            }
        }
        let taken = publish(self.store, self.bus, &publishing).await?;
        swept.published = swept.published.saturating_add(taken);
        if usize::try_from(taken).unwrap_or(usize::MAX) < publishing.len() {
            swept.note(PortError::new("publish", "an event was refused"));
        }
        Ok(())
    }

    /// Drops or postpones an entry, or returns it to be published.
    async fn decide(
        &self,
        entry: &OutboxEntry,
        now: Timestamp,
        swept: &mut Swept,
    ) -> Result<Option<OutboxEntry>, PortError> {
        match self.next(entry, now).await? {
            Next::Publish(entry) => return Ok(Some(entry)),
            Next::Drop => {
                self.store.drop_event(entry).await?;
                swept.dropped = swept.dropped.saturating_add(1);
            }
            Next::Postpone(due) => {
                self.store.postpone_event(entry, due).await?;
                swept.postponed = swept.postponed.saturating_add(1);
            }
        }
        Ok(None)
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
