//! Events of accounts, and the outbox from which they are published.
//!
//! An event names the account, the app client, the method and the time, and never a contact. An entry
//! of the outbox is one event that is still to be published. It is written by the write that makes
//! the change, or before a change that another system makes. An entry of the second kind is an
//! intent: the sweeper finds out whether the change was made.

use std::fmt;
use std::time::Duration;

use strum::{EnumString, IntoStaticStr};

use super::flow::{Flow, State};
use crate::seal::keys::KeyRing;
use crate::seal::pseudonym::Pseudonym;
use crate::value::account::Sub;
use crate::value::id::{FlowId, PendingId};
use crate::value::identifier::Method;
use crate::value::time::Timestamp;

/// The number of shards of the outbox. A shard bears 1,000 writes a second of DynamoDB, and an event
/// costs it two.
pub const OUTBOX_SHARDS: u8 = 32;

/// The time after which an event is published that the function which wrote it has not published. It
/// is longer than a function has after its response.
pub const OVERDUE: Duration = Duration::from_secs(30);

/// The time after which an intent is looked into. It is longer than any function runs.
pub const INTENT_OVERDUE: Duration = Duration::from_secs(120);

/// The same for the steps of an undo, which the owner can repeat while the proof is valid: up to ten
/// minutes.
pub const UNDO_OVERDUE: Duration = Duration::from_secs(900);

/// The time for which the outbox keeps an event that cannot be published.
pub const KEEP_EVENT: Duration = Duration::from_secs(14 * 24 * 3600);

/// The time for which the outbox keeps the id of an event that was published.
pub const KEEP_PUBLISHED: Duration = Duration::from_secs(24 * 3600);

/// The kinds of events. Their words are the detail types of `EventBridge`, and are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, IntoStaticStr, EnumString)]
#[cfg_attr(test, derive(strum::EnumIter))]
#[non_exhaustive]
pub enum EventKind {
    /// An account exists, and its first sign-in may follow.
    AccountCreated,
    /// A contact of the account was added, replaced or restored.
    ContactChanged,
    /// A right code or proof led to tokens.
    SignedIn,
    /// Every answer that a flow permits was wrong.
    SignInRefused,
    /// Every token of the account that was issued before is invalid.
    SignedOutEverywhere,
    /// A browser or app of the account was given a device token.
    DeviceRemembered,
}

impl EventKind {
    /// Returns the word.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Parses the word.
    pub fn parse(word: &str) -> Option<Self> {
        word.parse().ok()
    }
}

/// The id of an event. It is computed from what happened, so that an event which is published twice
/// has the same id both times. It reveals nothing of the ids that it is computed from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId([u8; 16]);

impl EventId {
    /// Computes the id of the event of this kind about this.
    pub(crate) fn of(kind: EventKind, about: &[u8]) -> Self {
        let word = kind.as_str().as_bytes();
        let mut hashed = b"latchstring event\0".to_vec();
        hashed.extend_from_slice(word);
        hashed.push(0);
        hashed.extend_from_slice(about);
        let digest = latchstring_crypto::sha256(&hashed);
        let mut id = [0; 16];
        id.copy_from_slice(&digest[..16]);
        // Version 8 of RFC 9562: an id of the maker's own.
        id[6] = id[6] & 0x0f | 0x80;
        id[8] = id[8] & 0x3f | 0x80;
        Self(id)
    }

    /// Creates an id from stored bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes to store.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, byte) in self.0.iter().enumerate() {
            if matches!(n, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventId({self})")
    }
}

/// One event, as it is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The id, the same each time that the event is published.
    pub id: EventId,
    /// The kind.
    pub kind: EventKind,
    /// The account.
    pub sub: Sub,
    /// The app client.
    pub client: String,
    /// The method of the contact, where the event is about one.
    pub method: Option<Method>,
    /// The time.
    pub at: Timestamp,
}

/// The item of the store that carries an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CarriedBy {
    /// The row of a flow: the write of its change is that of the entry.
    Flow(FlowId),
    /// An item of its own.
    Item(EventId),
}

/// The change that an intent is about, and that another system makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Intent {
    /// The account of this username gets its password, and so can be used.
    Account {
        /// The username, which is never published.
        username: String,
    },
    /// The contact of this request is written to the account.
    Contact(PendingId),
}

/// One event that is to be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxEntry {
    /// The item that carries it.
    pub carried_by: CarriedBy,
    /// The kind.
    pub kind: EventKind,
    /// The account. `None` for a flow of no account, of which no event is published, and for an
    /// account that is only known by its username yet.
    pub sub: Option<Sub>,
    /// The app client.
    pub client: String,
    /// The method of the contact.
    pub method: Option<Method>,
    /// The time of the event.
    pub at: Timestamp,
    /// The time from which the sweeper publishes it.
    pub due: Timestamp,
    /// The change that is not known to be made.
    pub intent: Option<Intent>,
}

/// A place in a shard of the outbox, as its store writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxPlace(String);

impl OutboxPlace {
    /// Creates a place from what the store wrote.
    pub const fn new(written: String) -> Self {
        Self(written)
    }

    /// What the store wrote.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A page of a shard of the outbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DueEvents {
    /// The entries, the longest due first.
    pub entries: Vec<OutboxEntry>,
    /// The number of further entries that cannot be read.
    pub unreadable: u32,
    /// The place after which the next page begins; `None` if this is the last.
    pub last: Option<OutboxPlace>,
}

impl OutboxEntry {
    /// Returns the entry that the row of a flow carries since `at`, the time of its latest change.
    pub fn of_flow(flow: &Flow, at: Timestamp) -> Self {
        let kind = match flow.state {
            State::Finished { .. } => EventKind::SignedIn,
            State::Open | State::Matched { .. } => EventKind::SignInRefused,
        };
        Self {
            carried_by: CarriedBy::Flow(flow.id),
            kind,
            sub: flow.user().cloned(),
            client: flow.client.clone(),
            method: flow.method,
            at,
            due: at.plus(OVERDUE),
            intent: None,
        }
    }

    /// Creates the intent of an account that is about to be usable.
    pub(crate) fn account_created(
        keys: &KeyRing,
        username: &str,
        client: &str,
        method: Method,
        at: Timestamp,
    ) -> Self {
        let id = Self::id_of_account(keys, username);
        let intent = Intent::Account {
            username: username.to_owned(),
        };
        Self {
            intent: Some(intent),
            due: at.plus(INTENT_OVERDUE),
            ..Self::new(
                id,
                EventKind::AccountCreated,
                None,
                client,
                Some(method),
                at,
            )
        }
    }

    /// Returns the id of the creation of the account with this username.
    pub(crate) fn id_of_account(keys: &KeyRing, username: &str) -> EventId {
        let created = Pseudonym::of_created(keys, username);
        EventId::of(EventKind::AccountCreated, created.as_bytes())
    }

    /// Creates the intent of the change that the account of a flow requested.
    pub(crate) fn contact_changed(
        flow: &Flow,
        request: PendingId,
        method: Method,
        at: Timestamp,
    ) -> Self {
        let kind = EventKind::ContactChanged;
        let id = Self::id_of_change(request);
        Self {
            intent: Some(Intent::Contact(request)),
            due: at.plus(INTENT_OVERDUE),
            ..Self::new(id, kind, flow.user(), &flow.client, Some(method), at)
        }
    }

    /// Returns the id of the change of contact by this request.
    pub(crate) fn id_of_change(request: PendingId) -> EventId {
        EventId::of(EventKind::ContactChanged, request.as_bytes())
    }

    /// Creates the two entries of an undo: the restored contact and the sign-out. Written before
    /// both, and published also if the undo is never completed.
    pub(crate) fn change_undone(
        flow: &Flow,
        request: PendingId,
        method: Method,
        at: Timestamp,
    ) -> [Self; 2] {
        let [changed, signed_out] = Self::ids_of_undo(request);
        let entry = |id, kind, method| Self {
            due: at.plus(UNDO_OVERDUE),
            ..Self::new(id, kind, flow.user(), &flow.client, method, at)
        };
        [
            entry(changed, EventKind::ContactChanged, Some(method)),
            entry(signed_out, EventKind::SignedOutEverywhere, None),
        ]
    }

    /// Returns the ids of [`Self::change_undone`].
    pub(crate) fn ids_of_undo(request: PendingId) -> [EventId; 2] {
        let about = [&request.as_bytes()[..], b"undo"].concat();
        [EventKind::ContactChanged, EventKind::SignedOutEverywhere]
            .map(|kind| EventId::of(kind, &about))
    }

    /// Creates the entry of a global sign-out that a session requests. Written before it, and
    /// published whether or not it succeeded.
    pub(crate) fn signed_out(session: Pseudonym, sub: &Sub, client: &str, at: Timestamp) -> Self {
        let kind = EventKind::SignedOutEverywhere;
        let about = [&session.as_bytes()[..], &at.as_millis().to_be_bytes()].concat();
        Self {
            due: at.plus(OVERDUE),
            ..Self::new(EventId::of(kind, &about), kind, Some(sub), client, None, at)
        }
    }

    /// Creates the entry of a device token. There is one for all tokens of one sign-in.
    pub(crate) fn device_remembered(
        sub: &Sub,
        client: &str,
        signed_in: Timestamp,
        at: Timestamp,
    ) -> Self {
        let kind = EventKind::DeviceRemembered;
        let about = [
            sub.as_str().as_bytes(),
            &signed_in.as_millis().to_be_bytes()[..],
        ];
        let id = EventId::of(kind, &about.concat());
        Self {
            due: at.plus(OVERDUE),
            ..Self::new(id, kind, Some(sub), client, None, at)
        }
    }

    fn new(
        id: EventId,
        kind: EventKind,
        sub: Option<&Sub>,
        client: &str,
        method: Option<Method>,
        at: Timestamp,
    ) -> Self {
        Self {
            carried_by: CarriedBy::Item(id),
            kind,
            sub: sub.cloned(),
            client: client.to_owned(),
            method,
            at,
            due: at,
            intent: None,
        }
    }

    /// Returns the id of the event.
    pub fn id(&self) -> EventId {
        match self.carried_by {
            CarriedBy::Flow(flow) => EventId::of(self.kind, flow.as_bytes()),
            CarriedBy::Item(id) => id,
        }
    }

    /// Returns the shard of the outbox that has it.
    pub fn shard(&self) -> u8 {
        shard_of(self.carried_by)
    }

    /// Returns the event; `None` if its account is not known.
    pub(crate) fn event(&self) -> Option<Event> {
        Some(Event {
            id: self.id(),
            kind: self.kind,
            sub: self.sub.clone()?,
            client: self.client.clone(),
            method: self.method,
            at: self.at,
        })
    }
}

/// Returns the shard of an item. Ids are random or digests, so the shards fill alike.
pub fn shard_of(carried_by: CarriedBy) -> u8 {
    let id = match &carried_by {
        CarriedBy::Flow(id) => id.as_bytes(),
        CarriedBy::Item(id) => id.as_bytes(),
    };
    id[0] % OUTBOX_SHARDS
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator;

    use super::*;

    /// Subscribers store them.
    #[test]
    fn ids_and_words_of_events_are_unchanged() {
        let all = EventKind::iter().map(|kind| format!("{kind:?} {}", EventId::of(kind, b"about")));
        let all: Vec<_> = all.collect();
        assert_eq!(all, GOLDEN);
        for kind in EventKind::iter() {
            assert_eq!(EventKind::parse(kind.as_str()), Some(kind));
            assert_eq!(format!("{kind:?}"), kind.as_str());
        }
    }

    const GOLDEN: [&str; 6] = [
        "AccountCreated 84c1d901-6f40-8f28-a42c-39a0a4fedcd5",
        "ContactChanged f09282e9-26fd-865e-b2f7-d70c19481a14",
        "SignedIn 7422d943-3b51-8690-9408-66316f6c06c0",
        "SignInRefused 0d7a2323-4014-8b41-87d1-4fe85fef753b",
        "SignedOutEverywhere 492abea2-27f1-8900-9825-ca674be948b5",
        "DeviceRemembered 8afd42ae-f58a-84a5-8cf4-d2296e816d20",
    ];
}
