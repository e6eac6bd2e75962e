//! Items of the version before: they are read, and what is written is read by that version too.
//!
//! docs/upgrading.md has the rules for a change of an item.

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::HEXLOWER;
use latchstring_core::account::Sub;
use latchstring_core::flow::FlowId;
use latchstring_core::identifier::Method;
use latchstring_core::pseudonym::Pseudonym;
use latchstring_core::time::Timestamp;

use super::item::{self, Item, PK, Row, is_later};
use super::{AttributeValue, counts_in, outbox, unreadable};
use aws_sdk_dynamodb::primitives::Blob;

const ROWS: &str = include_str!("../../tests/data/rows.txt");

/// The kinds of items, each with the attributes that the version before knows: it ignores any other,
/// and loses it where it writes a whole item. An attribute that must not be lost or ignored needs a
/// new version of the item and a setting that permits to write it, off by default.
const KNOWN: &[(&str, &[&str])] = &[
    (
        "flow",
        &[
            "pk",
            "ttl",
            "by",
            "client",
            "purpose",
            "pending",
            "contact",
            "key",
            "charge",
            "message_charged",
            "issued_at",
            "expires_at",
            "sends",
            "unsent",
            "held",
            "last_sent_at",
            "link",
            "method",
            "locale",
            "subject",
            "sub",
            "attempts",
            "counted",
            "state",
            "answer",
            "at",
            "outbox",
            "due",
            "noted",
        ],
    ),
    (
        "pending",
        &[
            "pk",
            "ttl",
            "id",
            "contact",
            "replaces",
            "expires_at",
            "outcome",
        ],
    ),
    (
        "undo",
        &[
            "pk",
            "ttl",
            "id",
            "username",
            "method",
            "replaced",
            "contact",
            "replaced_at",
            "expires_at",
            "closed_at",
        ],
    ),
    ("replaced", &["pk", "ttl", "sub", "expires_at"]),
    (
        "invitation",
        &[
            "pk",
            "ttl",
            "until",
            "attributes",
            "groups",
            "redeemed_by",
            "used",
        ],
    ),
    ("lease", &["pk", "ttl", "holder", "until"]),
    ("ticket", &["pk", "ttl", "flow"]),
    ("proof", &["pk", "ttl", "flow"]),
    ("counter", &["pk", "ttl", "by"]),
    (
        "session",
        &[
            "pk",
            "ttl",
            "by",
            "version",
            "sub",
            "username",
            "client",
            "signed_in_at",
            "opened_at",
            "expires_at",
            "last_used_at",
            "refreshes",
            "refresh",
            "former",
            "former_until",
            "access",
            "access_expires_at",
            "browsers",
            "lease_holder",
            "lease_until",
        ],
    ),
    ("sessions", &["pk", "ttl", "sessions"]),
    (
        "event",
        &[
            "pk", "ttl", "outbox", "due", "noted", "kind", "sub", "client", "method", "username",
            "pending",
        ],
    ),
];

fn hex(text: &str) -> Vec<u8> {
    HEXLOWER.decode(text.as_bytes()).unwrap()
}

fn value(kind: &str, text: &str) -> AttributeValue {
    let each = || text.split(',');
    match kind {
        "S" => AttributeValue::S(text.to_owned()),
        "N" => AttributeValue::N(text.to_owned()),
        "BOOL" => AttributeValue::Bool(text == "true"),
        "B" => AttributeValue::B(Blob::new(hex(text))),
        "BS" => AttributeValue::Bs(each().map(|it| Blob::new(hex(it))).collect()),
        "SS" => AttributeValue::Ss(each().map(str::to_owned).collect()),
        "M" => {
            let pairs = each().map(|it| it.split_once('=').unwrap());
            let pairs = pairs.map(|(name, text)| (name.to_owned(), item::text(text)));
            AttributeValue::M(pairs.collect())
        }
        other => panic!("{other} is no type"),
    }
}

/// Returns the items by kind.
fn rows() -> BTreeMap<&'static str, Item> {
    let mut rows: BTreeMap<_, Item> = BTreeMap::new();
    for line in ROWS.lines().filter(|line| !line.starts_with('#')) {
        let [key, name, kind, text] = line.splitn(4, ' ').collect::<Vec<_>>().try_into().unwrap();
        let row = rows.entry(key.split('#').next().unwrap()).or_default();
        row.insert(PK.to_owned(), item::text(key));
        row.insert(name.to_owned(), value(kind, text));
    }
    rows
}

fn known(kind: &str) -> BTreeSet<&'static str> {
    let (_, known) = KNOWN.iter().find(|(of, _)| *of == kind).unwrap();
    known.iter().copied().collect()
}

fn sub() -> Sub {
    Sub::new("8a1d2b3c-4e5f-4a6b-8c7d-9e0f1a2b3c4d")
}

fn until(item: &Item) -> Timestamp {
    Timestamp::from_secs(Row(item).number("ttl").unwrap())
}

#[test]
fn items_of_the_version_before_are_read_and_written_alike() {
    let rows = rows();
    let of = |kind: &str| &rows[kind];
    let flow = item::to_flow(FlowId::from_bytes([7; 16]), of("flow")).unwrap();
    assert_eq!(item::of_flow(&flow, until(of("flow"))), *of("flow"));
    let pending = item::to_pending(&sub(), Method::Email, of("pending")).unwrap();
    let written = item::of_pending(&pending, until(of("pending")));
    assert_eq!(written, *of("pending"));
    let invited = Pseudonym::stored([5; 16]);
    let invitation = item::to_invitation(invited, of("invitation")).unwrap();
    let written = item::of_invitation(&invitation, until(of("invitation")));
    assert_eq!(written, *of("invitation"));
    let session = item::to_session(Pseudonym::stored([6; 16]), of("session")).unwrap();
    assert_eq!(
        item::of_session(&session, until(of("session"))),
        *of("session")
    );

    let undo = item::to_undo(&sub(), of("undo")).unwrap();
    assert_eq!(
        (undo.username.as_str(), undo.method),
        ("ada", Method::Email)
    );
    assert!(undo.closed_at.is_some());
    let list = item::to_session_list(of("sessions")).unwrap();
    assert_eq!(list, [Pseudonym::stored([6; 16])]);
    assert_eq!(counts_in(of("counter"))["h500000"], 4);
    let entry = outbox::to_entry(of("event")).unwrap();
    assert_eq!(entry.sub, Some(sub()));
}

#[test]
fn an_item_has_no_attribute_that_the_version_before_ignores() {
    for (kind, row) in rows() {
        let known = known(kind);
        let strange = row.keys().map(String::as_str);
        let strange = strange.filter(|it| !known.contains(it) && !it.starts_with(super::WINDOW));
        assert_eq!(strange.collect::<Vec<_>>(), [""; 0], "{kind}: {RULE}");
    }
}

const RULE: &str = "docs/upgrading.md says how an item changes; then list it in KNOWN";

/// The attributes in expressions are `#name`, those of whole items a name in quotes.
#[test]
fn every_attribute_and_kind_in_the_code_is_listed() {
    let listed: BTreeSet<&str> = KNOWN
        .iter()
        .flat_map(|(_, names)| *names)
        .copied()
        .collect();
    let code = [
        include_str!("mod.rs"),
        include_str!("outbox.rs"),
        include_str!("item.rs"),
    ];
    for source in code {
        for rest in source.split('#').skip(1) {
            let ends = rest.find(|c: char| !c.is_ascii_lowercase() && c != '_');
            let name = &rest[..ends.unwrap_or(rest.len())];
            // `#w` is a window of a counter, and a comment has `#name`.
            let is_other = ["", "w", "name", "names"].contains(&name);
            assert!(is_other || listed.contains(name), "#{name}: {RULE}");
        }
    }
    let kinds: BTreeSet<&str> = KNOWN.iter().map(|(kind, _)| *kind).collect();
    let [_, _, items] = code;
    let keys = items.split("key(\"").skip(1);
    let formats = items.split("format!(\"").skip(1);
    let formats = formats.filter_map(|it| Some(it.split_once('#')?.0));
    for kind in keys
        .filter_map(|it| Some(it.split_once('"')?.0))
        .chain(formats)
    {
        let is_key = kind.chars().all(|c| c.is_ascii_lowercase());
        assert!(!is_key || kinds.contains(kind), "{kind}: {RULE}");
    }
}

#[test]
fn an_item_of_a_later_version_is_not_read() {
    let mut rows = rows();
    for (kind, row) in &mut rows {
        assert!(!is_later(row), "{kind}");
        row.insert("version".to_owned(), item::number(2u8));
        assert!(is_later(row), "{kind}");
    }
    assert_eq!(
        item::to_flow(FlowId::from_bytes([7; 16]), &rows["flow"]),
        None
    );
    assert_eq!(
        item::to_pending(&sub(), Method::Email, &rows["pending"]),
        None
    );
    assert_eq!(item::to_undo(&sub(), &rows["undo"]), None);
    let contact = Pseudonym::stored([5; 16]);
    assert_eq!(item::to_invitation(contact, &rows["invitation"]), None);
    assert_eq!(item::to_session(contact, &rows["session"]), None);
    assert_eq!(item::to_session_list(&rows["sessions"]), None);
    assert!(outbox::to_entry(&rows["event"]).is_none());
    let refused = unreadable("GetItem", &rows["flow"]);
    assert_eq!(
        (refused.call, &*refused.code),
        ("ReadLaterVersion", "GetItem")
    );
}
