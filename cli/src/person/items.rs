//! The items of the table that belong to a person.
//!
//! Those with a key that follows from the person are read by it. A flow and an event have random keys, so
//! they are found by a scan: by the account's `sub` or username in them, or, for a flow without an account,
//! by the contact that is sealed in it.
//!
//! A contact that the account has not proved leads to no item: it may be another person's.

use std::collections::BTreeMap;

use data_encoding::BASE64URL_NOPAD;
use latchstring_aws::dynamodb::{
    counter_key, invitation_key, lease_key, pending_key, replaced_key, session_key,
    session_list_key, undo_key,
};
use latchstring_core::account::Sub;
use latchstring_core::flow::{FlowId, sealed_contact};
use latchstring_core::identifier::{Identifier, Method};
use latchstring_core::keys::KeyRing;
use latchstring_core::policy::Deployment;
use latchstring_core::ports::{CounterStore, PortError};
use latchstring_core::pseudonym::Pseudonym;
use latchstring_core::rate_limit::own_limits;
use latchstring_core::sealed::SealedContact;
use latchstring_core::time::Timestamp;
use serde_json::{Map, Value};

use crate::person::{AccountInPool, Who};
use crate::table::{Item, REDACTED, Table, number, plain, text};

/// The kind of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A flow.
    Flow,
    /// An event of the outbox.
    Event,
    /// A pending contact.
    Pending,
    /// An undo record.
    Undo,
    /// The account that a contact was replaced in.
    Replaced,
    /// An invitation.
    Invitation,
    /// A lease.
    Lease,
    /// A browser session.
    Session,
    /// The list of the browser sessions of an account.
    SessionList,
    /// A counter of a budget.
    Counter,
    /// A counter of a budget that counts guesses, perhaps beside messages.
    Guesses,
    /// The generation of the device tokens of a contact.
    Devices,
    /// An item of another version.
    Other,
}

impl Kind {
    /// Returns the words for an item of this kind.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Flow => "flow",
            Self::Event => "event of the outbox",
            Self::Pending => "pending contact",
            Self::Undo => "undo record",
            Self::Replaced => "record of a replaced contact",
            Self::Invitation => "invitation",
            Self::Lease => "lease",
            Self::Session => "browser session",
            Self::SessionList => "list of browser sessions",
            Self::Counter => "counter of a budget",
            Self::Guesses => "counter of guesses",
            Self::Devices => "generation of device tokens",
            Self::Other => "item of another version",
        }
    }

    fn of(key: &str) -> Self {
        match key.split('#').next().unwrap_or_default() {
            "flow" => Self::Flow,
            "event" => Self::Event,
            "pending" => Self::Pending,
            "undo" => Self::Undo,
            "replaced" => Self::Replaced,
            "invitation" => Self::Invitation,
            "lease" => Self::Lease,
            "session" => Self::Session,
            "sessions" => Self::SessionList,
            "counter" => Self::Counter,
            _ => Self::Other,
        }
    }
}

/// An item that was found.
#[derive(Clone)]
pub struct Found {
    /// The kind.
    pub kind: Kind,
    /// The partition key.
    pub key: String,
    /// The attributes.
    pub item: Item,
}

/// What is known of a person.
#[derive(Clone, Default)]
pub struct KnownPerson {
    /// The `sub` of the account.
    pub sub: Option<String>,
    /// The username of the account.
    pub username: Option<String>,
    /// The contacts, each proved by the account, or held by none.
    pub contacts: Vec<Identifier>,
    /// The methods of the other contacts, which may be another person's.
    pub not_proved: Vec<Method>,
}

impl KnownPerson {
    /// Returns the person whom the operator named, with the account that was found. `is_held` says whether
    /// other accounts hold the contact without a proof.
    pub fn of(
        who: &Who,
        account: Option<&AccountInPool>,
        is_held: bool,
        deployment: &Deployment,
    ) -> Self {
        let mut person = Self::default();
        match who {
            Who::Sub(sub) => person.sub = Some(sub.clone()),
            Who::Contact(contact) if account.is_none() && is_held => {
                person.not_proved.push(contact.method());
            }
            Who::Contact(contact) => person.contacts.push(contact.clone()),
        }
        if let Some(account) = account {
            person.add(account, deployment);
        }
        person
    }

    fn add(&mut self, account: &AccountInPool, deployment: &Deployment) {
        let phones = &deployment.policy.phones;
        self.sub = Some(account.sub.clone());
        self.username = Some(account.username.clone());
        for contact in account.contacts(phones) {
            if !account.has_proved(&contact, phones) {
                self.not_proved.push(contact.method());
            } else if !self.contacts.contains(&contact) {
                self.contacts.push(contact);
            }
        }
    }
}

/// Returns the items of a person, by key.
///
/// # Errors
/// If a call fails.
pub async fn collect(
    table: &Table<'_>,
    store: &impl CounterStore,
    deployment: &Deployment,
    person: &KnownPerson,
    now: Timestamp,
) -> Result<Vec<Found>, String> {
    let keys = &deployment.keys;
    let mut found = BTreeMap::new();
    for (key, kind) in computed(store, deployment, person, now).await? {
        let item = table.get(&key).await.map_err(|error| error.to_string())?;
        if let Some(item) = item {
            found.insert(key.clone(), Found { kind, key, item });
        }
    }
    // Keys that an item which was found names.
    let mut named = Vec::new();
    for Found { kind, item, .. } in found.values() {
        match kind {
            Kind::Undo => named.extend(hashes(item, "replaced").into_iter().map(replaced_key)),
            Kind::SessionList => {
                named.extend(hashes(item, "sessions").into_iter().map(session_key));
            }
            _ => {}
        }
    }
    for key in named {
        let item = table.get(&key).await.map_err(|error| error.to_string())?;
        if let Some(item) = item {
            let kind = Kind::of(&key);
            found.insert(key.clone(), Found { kind, key, item });
        }
    }
    for item in scanned(table, person).await? {
        let Some(key) = text(&item, "pk").map(str::to_owned) else {
            continue;
        };
        let kind = Kind::of(&key);
        if is_of(person, keys, kind, &key, &item) {
            found.insert(key.clone(), Found { kind, key, item });
        }
    }
    Ok(found.into_values().collect())
}

/// Returns the keys that follow from the person.
async fn computed(
    store: &impl CounterStore,
    deployment: &Deployment,
    person: &KnownPerson,
    now: Timestamp,
) -> Result<BTreeMap<String, Kind>, String> {
    let keys = &deployment.keys;
    let mut computed = Vec::new();
    let mut limits = Vec::new();
    let sub = person.sub.as_deref().map(Sub::new);
    if let Some(sub) = &sub {
        computed.push((undo_key(sub), Kind::Undo));
        computed.push((session_list_key(sub), Kind::SessionList));
        for method in Method::ALL {
            computed.push((pending_key(sub, method), Kind::Pending));
        }
        computed.push((lease_key(Pseudonym::of_account(keys, sub)), Kind::Lease));
        for at in periods(now) {
            let of_account = own_limits(deployment, store, None, Some(sub), at).await;
            limits.extend(of_account.map_err(|error| text_of(&error))?);
        }
    }
    for contact in &person.contacts {
        let pseudonym = Pseudonym::of_identifier(keys, contact);
        computed.push((lease_key(pseudonym), Kind::Lease));
        computed.push((replaced_key(pseudonym), Kind::Replaced));
        let invitation = Pseudonym::of_invitation(keys, contact);
        computed.push((invitation_key(invitation), Kind::Invitation));
        let devices = Pseudonym::of_devices(keys, contact);
        computed.push((counter_key(devices), Kind::Devices));
        for at in periods(now) {
            let of_contact = own_limits(deployment, store, Some(contact), None, at).await;
            limits.extend(of_contact.map_err(|error| text_of(&error))?);
        }
    }
    // A counter may have several limits: those of guesses come last, and name its kind.
    limits.sort_by_key(|it| it.counts_guesses);
    computed.extend(limits.into_iter().map(|it| {
        let kind = if it.counts_guesses {
            Kind::Guesses
        } else {
            Kind::Counter
        };
        (counter_key(it.counter), kind)
    }));
    Ok(computed.into_iter().collect())
}

/// Returns the times in whose periods counters may still be stored: the store removes those that have ended
/// up to days late.
fn periods(now: Timestamp) -> impl Iterator<Item = Timestamp> {
    const DAY: u64 = 24 * 3600;
    let days = [0, 1, 2, 3, 30];
    days.into_iter()
        .map(move |days| Timestamp::from_secs(now.as_secs().saturating_sub(days * DAY)))
}

fn text_of(error: &PortError) -> String {
    error.to_string()
}

/// Reads the items that may be the person's: those of its account, and the flows of no account.
async fn scanned(table: &Table<'_>, person: &KnownPerson) -> Result<Vec<Item>, String> {
    let mut filters = Vec::new();
    let mut names = Vec::new();
    let mut values = Vec::new();
    if let Some(sub) = &person.sub {
        filters.push("#sub = :sub");
        names.push(("#sub", "sub"));
        values.push((":sub", &**sub));
    }
    if let Some(username) = &person.username {
        filters.push("#username = :username OR #redeemed_by = :username");
        names.extend([("#username", "username"), ("#redeemed_by", "redeemed_by")]);
        values.push((":username", &**username));
    }
    if !person.contacts.is_empty() {
        filters.push("begins_with(#pk, :flow)");
        names.push(("#pk", "pk"));
        values.push((":flow", "flow#"));
    }
    if filters.is_empty() {
        return Ok(Vec::new());
    }
    let found = table.scan(&filters.join(" OR "), &names, &values).await;
    found.map_err(|error| error.to_string())
}

/// Returns whether a scanned item is the person's.
fn is_of(person: &KnownPerson, keys: &KeyRing, kind: Kind, key: &str, item: &Item) -> bool {
    let is = |name: &str, value: &Option<String>| {
        value.is_some() && text(item, name) == value.as_deref()
    };
    is("sub", &person.sub)
        || is("username", &person.username)
        || is("redeemed_by", &person.username)
        || (kind == Kind::Flow
            && contact_of_flow(keys, key, item)
                .is_some_and(|contact| person.contacts.contains(&contact)))
}

fn flow_id(key: &str) -> Option<FlowId> {
    let id = BASE64URL_NOPAD.decode(key.strip_prefix("flow#")?.as_bytes());
    Some(FlowId::from_bytes(id.ok()?.try_into().ok()?))
}

/// Returns the contact of a flow; `None` if its key has left the ring.
fn contact_of_flow(keys: &KeyRing, key: &str, item: &Item) -> Option<Identifier> {
    let sealed = SealedContact::from_text(text(item, "contact")?);
    let (purpose, client) = (text(item, "purpose")?, text(item, "client")?);
    sealed_contact(keys, flow_id(key)?, purpose, client, &sealed)
}

/// Returns the keyed hashes of an attribute, which has one or a set of them.
fn hashes(item: &Item, name: &str) -> Vec<Pseudonym> {
    let Some(value) = item.get(name) else {
        return Vec::new();
    };
    let one = value["B"].as_str().into_iter();
    let set = value["BS"].as_array().into_iter().flatten();
    one.chain(set.filter_map(Value::as_str))
        .filter_map(|text| data_encoding::BASE64.decode(text.as_bytes()).ok())
        .filter_map(|bytes| bytes.try_into().ok().map(Pseudonym::stored))
        .collect()
}

impl Found {
    /// Returns the time at which the store removes the item, in seconds since 1970, if it must stay until
    /// then; `None` if it may be removed.
    ///
    /// Without its flow, a replayed session of Cognito would open the flow again, with no attempt used;
    /// without the counter, the guesses would not count.
    pub fn stays_until(&self, now: Timestamp) -> Option<u64> {
        let ends = match self.kind {
            Kind::Flow | Kind::Guesses => number(&self.item, "ttl"),
            _ => None,
        };
        ends.filter(|ends| *ends > now.as_secs())
    }

    /// Returns the item for an export: without seals, digests and tokens, with the contact that is sealed in
    /// a flow, and with the name that logs have for the flow. A code is derived from the id of a flow, which
    /// is therefore left out. So are the names of other accounts.
    pub fn exported(&self, keys: &KeyRing, person: &KnownPerson) -> Value {
        let mut members = Map::new();
        members.insert("kind".to_owned(), self.kind.words().into());
        for (name, value) in &self.item {
            let value = match &**name {
                "pk" => continue,
                "contact" | "replaces" if self.kind == Kind::Flow || self.kind == Kind::Pending => {
                    REDACTED.into()
                }
                "sub" if text(&self.item, name) != person.sub.as_deref() => REDACTED.into(),
                "username" | "redeemed_by"
                    if text(&self.item, name) != person.username.as_deref() =>
                {
                    REDACTED.into()
                }
                _ => plain(value),
            };
            members.insert(name.clone(), value);
        }
        match self.kind {
            Kind::Flow => {
                if let Some(contact) = contact_of_flow(keys, &self.key, &self.item) {
                    members.insert("contact".to_owned(), contact.as_str().into());
                }
                if let Some(id) = flow_id(&self.key) {
                    let name = Pseudonym::of_flow(keys, id).to_string();
                    members.insert("flow".to_owned(), name.into());
                }
            }
            _ => {
                members.insert("key".to_owned(), self.key.as_str().into());
            }
        }
        members.into()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_export_has_no_name_of_another_account() {
        let deployment = latchstring_testkit::deployment("web", "k1");
        let of = |sub: &str, username: &str| Found {
            kind: Kind::Replaced,
            key: "replaced#1".to_owned(),
            item: serde_json::from_value(json!({
                "sub": { "S": sub },
                "username": { "S": username },
                "redeemed_by": { "S": username },
            }))
            .expect("an item"),
        };
        let person = KnownPerson {
            sub: Some("one".to_owned()),
            username: Some("ada".to_owned()),
            contacts: Vec::new(),
            not_proved: Vec::new(),
        };
        for (sub, username, seen) in [
            ("one", "ada", ["one", "ada"]),
            ("two", "bob", [REDACTED; 2]),
        ] {
            let exported = of(sub, username).exported(&deployment.keys, &person);
            assert_eq!([&exported["sub"], &exported["username"]], seen);
            assert_eq!(exported["redeemed_by"], seen[1]);
        }
    }

    #[test]
    fn only_a_proved_or_a_free_contact_is_the_persons() {
        let deployment = latchstring_testkit::deployment("web", "k1");
        let email = Identifier::parse(Method::Email, "ada@example.com").expect("an address");
        let account = AccountInPool {
            username: "ada".to_owned(),
            sub: "one".to_owned(),
            user: json!({ "Attributes": [
                { "Name": "email", "Value": "ada@example.com" },
                { "Name": "email_verified", "Value": "true" },
                { "Name": "phone_number", "Value": "+4915112345678" },
                { "Name": "phone_number_verified", "Value": "false" },
            ] }),
        };
        let by_sub = Who::Sub("one".to_owned());
        let by_contact = Who::Contact(email.clone());
        for (who, account, is_held, contacts, not_proved) in [
            (&by_sub, Some(&account), false, 1, vec![Method::PhoneNumber]),
            (
                &by_contact,
                Some(&account),
                true,
                1,
                vec![Method::PhoneNumber],
            ),
            (&by_contact, None, false, 1, vec![]),
            (&by_contact, None, true, 0, vec![Method::Email]),
            (&by_sub, None, false, 0, vec![]),
        ] {
            let person = KnownPerson::of(who, account, is_held, &deployment);
            assert_eq!(person.contacts, vec![email.clone(); contacts]);
            assert_eq!(person.not_proved, not_proved);
        }
    }
}
