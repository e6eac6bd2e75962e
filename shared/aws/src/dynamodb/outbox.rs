//! The outbox: items of their own, and the rows of flows, in one sparse index.
//!
//! The index has the partition key `outbox`, which names a shard, and the sort key `due`. An item
//! without them is not in it. The write that makes a change therefore puts the event into the outbox,
//! and the write that settles it takes it out. An entry is read from the index alone, so the index
//! also has the attributes of [`PROJECTED`].

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::operation::query::QueryInput;
use aws_sdk_dynamodb::types::AttributeValue;
use data_encoding::BASE64URL_NOPAD;
use latchstring_core::account::Sub;
use latchstring_core::event::{
    CarriedBy, DueEvents, EventId, EventKind, Intent, KEEP_EVENT, KEEP_PUBLISHED, OVERDUE,
    OutboxEntry, OutboxPlace, shard_of,
};
use latchstring_core::flow::FlowId;
use latchstring_core::identifier::Method;
use latchstring_core::pending::PendingId;
use latchstring_core::ports::{Entropy, OutboxStore, PortError};
use latchstring_core::time::Timestamp;

use super::item::{self, FINISHED, Item, PK, Row, bytes, text, time, ttl};
use super::{DynamoStore, Update, unreadable};
use crate::client::code_of;

/// The name of the index.
pub const OUTBOX_INDEX: &str = "outbox";

/// The attributes of the index besides its keys and the table's.
pub const PROJECTED: [&str; 9] = [
    "kind", "sub", "client", "method", "noted", "subject", "state", "username", "pending",
];

/// The time for which a flow is kept at least, after its event was published: longer than its own.
const KEEP_FLOW: Duration = Duration::from_secs(2 * 3600);

/// The part of an update that puts the row of a flow into the outbox.
pub(super) const NOTE_FLOW: &str = "#outbox = :outbox, #due = :due, #noted = :noted, #ttl = :ttl";

/// The values of [`NOTE_FLOW`].
pub(super) fn note_flow(id: FlowId, at: Timestamp) -> [(&'static str, AttributeValue); 4] {
    let due = at.plus(OVERDUE);
    [
        (":outbox", shard(shard_of(CarriedBy::Flow(id)))),
        (":due", time(due)),
        (":noted", time(at)),
        (":ttl", ttl(due.plus(KEEP_EVENT))),
    ]
}

fn shard(number: u8) -> AttributeValue {
    AttributeValue::S(format!("outbox#{number:02}"))
}

fn key_of(carried_by: CarriedBy) -> String {
    match carried_by {
        CarriedBy::Flow(id) => item::flow_key(id),
        CarriedBy::Item(id) => item::event_key(id),
    }
}

fn carrier(key: &str) -> Option<CarriedBy> {
    let (kind, id) = key.split_once('#')?;
    let id = BASE64URL_NOPAD.decode(id.as_bytes()).ok()?;
    let id = id.try_into().ok()?;
    match kind {
        "flow" => Some(CarriedBy::Flow(FlowId::from_bytes(id))),
        "event" => Some(CarriedBy::Item(EventId::from_bytes(id))),
        _ => None,
    }
}

/// Returns the place of an item in its shard, from the keys of the index and of the table.
fn place_of(keys: &Item) -> Option<OutboxPlace> {
    let due = keys.get("due")?.as_n().ok()?;
    Some(OutboxPlace::new(format!("{due} {}", Row(keys).text(PK)?)))
}

/// Returns the keys of an item at this place.
fn start_after(number: u8, place: &OutboxPlace) -> Option<Item> {
    let (due, key) = place.as_str().split_once(' ')?;
    let keys = [
        ("outbox", shard(number)),
        ("due", AttributeValue::N(due.to_owned())),
        (PK, text(key)),
    ];
    Some(keys.map(|(name, value)| (name.to_owned(), value)).into())
}

pub(super) fn to_entry(item: &Item) -> Option<OutboxEntry> {
    let row = Row(item);
    if item::is_later(item) {
        return None;
    }
    let carried_by = carrier(row.text(PK)?)?;
    let has = |name: &str| item.contains_key(name);
    let method = if has("method") {
        Some(Method::parse(row.text("method")?)?)
    } else {
        None
    };
    let sub = || Some(Sub::new(row.text("sub")?));
    let (kind, sub, intent) = match carried_by {
        CarriedBy::Flow(_) => (
            if row.text("state")? == FINISHED {
                EventKind::SignedIn
            } else {
                EventKind::SignInRefused
            },
            if row.text("subject")? == "known" {
                sub()
            } else {
                None
            },
            None,
        ),
        CarriedBy::Item(_) => {
            let intent = if has("username") {
                let username = row.text("username")?.to_owned();
                Some(Intent::Account { username })
            } else if has("pending") {
                Some(Intent::Contact(PendingId::from_bytes(
                    row.bytes("pending")?,
                )))
            } else {
                None
            };
            let sub = if has("sub") { sub() } else { None };
            (EventKind::parse(row.text("kind")?)?, sub, intent)
        }
    };
    Some(OutboxEntry {
        carried_by,
        kind,
        sub,
        client: row.text("client")?.to_owned(),
        method,
        at: row.time("noted")?,
        due: row.time("due")?,
        intent,
    })
}

impl<E: Entropy> DynamoStore<E> {
    /// Takes an item out of the index, if it is due when the entry says.
    async fn take_out(&self, entry: &OutboxEntry) -> Result<(), PortError> {
        let keep_until = match entry.carried_by {
            CarriedBy::Flow(_) => entry.due.plus(KEEP_FLOW),
            CarriedBy::Item(_) => entry.due.plus(KEEP_PUBLISHED),
        };
        self.update(Update {
            key: key_of(entry.carried_by),
            change: "SET #ttl = :ttl REMOVE #outbox, #due",
            condition: "#due = :due",
            values: [(":ttl", ttl(keep_until)), (":due", time(entry.due))],
        })
        .await
        .map(|_| ())
    }
}

impl<E: Entropy> OutboxStore for DynamoStore<E> {
    async fn put_event(&self, entry: &OutboxEntry) -> Result<(), PortError> {
        let mut change = "SET #kind = :kind, #client = :client, \
             #noted = if_not_exists(#noted, :noted), #outbox = :outbox, #due = :due, #ttl = :ttl"
            .to_owned();
        let mut values = vec![
            (":kind", text(entry.kind.as_str())),
            (":client", text(&entry.client)),
            (":noted", time(entry.at)),
            (":outbox", shard(entry.shard())),
            (":due", time(entry.due)),
            (":ttl", ttl(entry.due.plus(KEEP_EVENT))),
        ];
        if let Some(sub) = &entry.sub {
            change.push_str(", #sub = :sub");
            values.push((":sub", text(sub.as_str())));
        }
        if let Some(method) = entry.method {
            change.push_str(", #method = :method");
            values.push((":method", text(method.as_str())));
        }
        match &entry.intent {
            None => {}
            Some(Intent::Account { username }) => {
                change.push_str(", #username = :username");
                values.push((":username", text(username)));
            }
            Some(Intent::Contact(request)) => {
                change.push_str(", #pending = :pending");
                values.push((":pending", bytes(request.as_bytes())));
            }
        }
        self.update(Update {
            key: key_of(entry.carried_by),
            change: &change,
            condition: "attribute_not_exists(#pk) OR attribute_exists(#outbox)",
            values,
        })
        .await
        .map(|_| ())
    }

    async fn event(&self, id: EventId) -> Result<Option<OutboxEntry>, PortError> {
        let item = self.read(item::event_key(id)).await?;
        item.filter(|item| item.contains_key("outbox"))
            .map(|item| to_entry(&item).ok_or_else(|| unreadable("GetItem", &item)))
            .transpose()
    }

    async fn due_events(
        &self,
        shard: u8,
        after: Option<&OutboxPlace>,
        now: Timestamp,
        limit: u8,
    ) -> Result<DueEvents, PortError> {
        let names = [("#outbox", "outbox"), ("#due", "due")];
        let names = names.map(|(name, attribute)| (name.to_owned(), attribute.to_owned()));
        let values = [(":outbox", self::shard(shard)), (":now", time(now))];
        let values = values.map(|(name, value)| (name.to_owned(), value));
        let request = QueryInput::builder()
            .table_name(&self.table)
            .index_name(OUTBOX_INDEX)
            .key_condition_expression("#outbox = :outbox AND #due <= :now")
            .set_expression_attribute_names(Some(names.into()))
            .set_expression_attribute_values(Some(HashMap::from(values)))
            .set_exclusive_start_key(after.and_then(|place| start_after(shard, place)))
            .limit(i32::from(limit))
            .build();
        let output = self.service.send(request).await;
        let output = output.map_err(|error| PortError::new("Query", code_of(&error)))?;
        let items = output.items.unwrap_or_default();
        let entries: Vec<_> = items.iter().filter_map(to_entry).collect();
        let unreadable = items.len() - entries.len();
        Ok(DueEvents {
            entries,
            unreadable: u32::try_from(unreadable).unwrap_or(u32::MAX),
            last: output.last_evaluated_key.as_ref().and_then(place_of),
        })
    }

    async fn settle_event(&self, entry: &OutboxEntry) -> Result<(), PortError> {
        self.take_out(entry).await
    }

    async fn drop_event(&self, entry: &OutboxEntry) -> Result<(), PortError> {
        match entry.carried_by {
            CarriedBy::Flow(_) => self.take_out(entry).await,
            CarriedBy::Item(id) => {
                let due = (":due", time(entry.due));
                self.delete(item::event_key(id), "#due = :due", due, None)
                    .await
                    .map(|_| ())
            }
        }
    }

    async fn postpone_event(&self, entry: &OutboxEntry, due: Timestamp) -> Result<(), PortError> {
        self.update(Update {
            key: key_of(entry.carried_by),
            change: "SET #due = :later, #ttl = :ttl",
            condition: "#due = :due",
            values: [
                (":later", time(due)),
                (":due", time(entry.due)),
                (":ttl", ttl(due.plus(KEEP_EVENT))),
            ],
        })
        .await
        .map(|_| ())
    }
}
