//! Rows as items of the table.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::str::FromStr;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use data_encoding::BASE64URL_NOPAD;
use latchstring_core::account::Sub;
use latchstring_core::code::LinkChallenge;
use latchstring_core::event::EventId;
use latchstring_core::flow::{AnswerDigest, Flow, FlowId, Purpose, State, Subject};
use latchstring_core::identifier::Method;
use latchstring_core::invite::{Invitation, Membership};
use latchstring_core::keys::KeyId;
use latchstring_core::locale::Locale;
use latchstring_core::pending::{Pending, PendingId, PendingOutcome};
use latchstring_core::ports::Redeemable;
use latchstring_core::pseudonym::Pseudonym;
use latchstring_core::rate_limit::CodeTerms;
use latchstring_core::sealed::SealedContact;
use latchstring_core::session::{
    AccessToken, Browser, FormerToken, RefreshLease, SealedToken, Session, SessionTokens,
};
use latchstring_core::time::Timestamp;
use latchstring_core::undo::Undo;

pub(super) type Item = HashMap<String, AttributeValue>;

/// The partition key.
pub(super) const PK: &str = "pk";
pub(super) const TTL: &str = "ttl";

/// The version of items, and the attribute for it. An item without it has version 1; of those that
/// are written now, only browser sessions have it. An item of a later version is not read.
const VERSION: (&str, u8) = ("version", 1);

/// The `sub` of a flow without an account. It makes the writes equal to those of a flow with an
/// account.
const NO_SUB: &str = "00000000-0000-0000-0000-000000000000";

pub(super) const OPEN: &str = "open";
pub(super) const MATCHED: &str = "matched";
pub(super) const FINISHED: &str = "finished";

pub(super) fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

pub(super) fn number(number: impl Into<u64>) -> AttributeValue {
    AttributeValue::N(number.into().to_string())
}

pub(super) fn bytes(bytes: &[u8]) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}

pub(super) fn time(time: Timestamp) -> AttributeValue {
    number(time.as_millis())
}

/// Returns whether an item is of a later version than this one reads.
pub(super) fn is_later(item: &Item) -> bool {
    let (name, version) = VERSION;
    item.contains_key(name)
        && Row(item)
            .number(name)
            .is_none_or(|of: u32| of > version.into())
}

/// Returns a reader of an item, unless it is of a later version.
pub(super) fn row(item: &Item) -> Option<Row<'_>> {
    (!is_later(item)).then_some(Row(item))
}

/// Returns the `sub` that a row of this user has.
pub(super) fn sub_of(user: Option<&Sub>) -> &str {
    user.map_or(NO_SUB, Sub::as_str)
}

/// Returns a TTL in whole seconds, rounded up.
pub(super) fn ttl(keep_until: Timestamp) -> AttributeValue {
    number(keep_until.as_millis().div_ceil(1000))
}

pub(super) fn answers<'a>(answers: impl IntoIterator<Item = &'a AnswerDigest>) -> AttributeValue {
    let answers = answers
        .into_iter()
        .map(|answer| Blob::new(answer.as_bytes()));
    AttributeValue::Bs(answers.collect())
}

pub(super) fn flow_key(id: FlowId) -> String {
    key("flow", id.as_bytes())
}

pub(super) fn redeemable_key(redeemable: Redeemable) -> String {
    match redeemable {
        Redeemable::Ticket(id) => key("ticket", id.as_bytes()),
        Redeemable::Proof(flow) => key("proof", flow.as_bytes()),
    }
}

pub(super) fn event_key(id: EventId) -> String {
    key("event", id.as_bytes())
}

/// The partition key of a pending contact.
pub fn pending_key(account: &Sub, method: Method) -> String {
    format!("pending#{}#{}", method.as_str(), account.as_str())
}

/// The partition key of an undo record.
pub fn undo_key(account: &Sub) -> String {
    format!("undo#{}", account.as_str())
}

/// The partition key of the account that a contact was replaced in.
pub fn replaced_key(contact: Pseudonym) -> String {
    key("replaced", contact.as_bytes())
}

/// The partition key of an invitation.
pub fn invitation_key(contact: Pseudonym) -> String {
    key("invitation", contact.as_bytes())
}

/// The partition key of a lease.
pub fn lease_key(on: Pseudonym) -> String {
    key("lease", on.as_bytes())
}

/// The partition key of a browser session.
pub fn session_key(key: Pseudonym) -> String {
    self::key("session", key.as_bytes())
}

/// The partition key of the list of an account's browser sessions.
pub fn session_list_key(account: &Sub) -> String {
    format!("sessions#{}", account.as_str())
}

/// The partition key of a counter's item.
pub fn counter_key(counter: Pseudonym) -> String {
    key("counter", counter.as_bytes())
}

fn key(kind: &str, id: &[u8]) -> String {
    format!("{kind}#{}", BASE64URL_NOPAD.encode(id))
}

fn item<const N: usize>(pairs: [(&str, AttributeValue); N]) -> Item {
    pairs.map(|(name, value)| (name.to_owned(), value)).into()
}

pub(super) fn of_flow(flow: &Flow, keep_until: Timestamp) -> Item {
    let mut item = item([
        (PK, text(&flow_key(flow.id))),
        (TTL, ttl(keep_until)),
        ("client", text(&flow.client)),
        ("purpose", text(flow.purpose.as_str())),
        ("contact", text(flow.contact.as_text())),
        ("key", text(flow.key.as_str())),
        ("charge", bytes(&flow.terms.to_bytes())),
        (
            "message_charged",
            AttributeValue::Bool(flow.message_charged),
        ),
        ("issued_at", time(flow.issued_at)),
        ("expires_at", time(flow.expires_at)),
        ("sends", number(flow.sends)),
        ("unsent", number(flow.unsent)),
        ("held", number(flow.held_guesses)),
        ("last_sent_at", time(flow.last_sent_at)),
    ]);
    let mut set = |name: &str, value| item.insert(name.to_owned(), value);
    if let Purpose::VerifyContact(id) | Purpose::Undo(id) = flow.purpose {
        set("pending", bytes(id.as_bytes()));
    }
    if let Some(challenge) = &flow.link_challenge {
        set("link", bytes(challenge.as_bytes()));
    }
    if let Some(method) = flow.method {
        set("method", text(method.as_str()));
    }
    if let Some(locale) = flow.locale {
        set("locale", text(locale.tag()));
    }
    let (subject, sub) = match &flow.subject {
        Subject::Known(sub) => ("known", sub.as_str()),
        Subject::NoAccount => ("ghost", sub_of(None)),
    };
    set("subject", text(subject));
    set("sub", text(sub));
    for (name, digests) in [
        ("attempts", &flow.attempts),
        ("counted", &flow.wrong_answers),
    ] {
        if !digests.is_empty() {
            set(name, answers(digests));
        }
    }
    let (state, right) = match flow.state {
        State::Open => (OPEN, None),
        State::Matched { answer, at } => (MATCHED, Some((answer, at))),
        State::Finished { answer, at } => (FINISHED, Some((answer, at))),
    };
    set("state", text(state));
    if let Some((answer, at)) = right {
        set("answer", bytes(answer.as_bytes()));
        set("at", time(at));
    }
    item
}

pub(super) fn to_flow(id: FlowId, item: &Item) -> Option<Flow> {
    let row = row(item)?;
    let right = || {
        Some((
            AnswerDigest::from_bytes(row.bytes("answer")?),
            row.time("at")?,
        ))
    };
    Some(Flow {
        id,
        client: row.text("client")?.to_owned(),
        purpose: match row.text("purpose")? {
            "sign_in" => Purpose::SignIn,
            "claim" => Purpose::Claim,
            "verify_contact" => {
                Purpose::VerifyContact(PendingId::from_bytes(row.bytes("pending")?))
            }
            "decoy" => Purpose::Decoy,
            "undo" => Purpose::Undo(PendingId::from_bytes(row.bytes("pending")?)),
            _ => return None,
        },
        subject: match row.text("subject")? {
            "known" => Subject::Known(Sub::new(row.text("sub")?)),
            "ghost" => Subject::NoAccount,
            _ => return None,
        },
        contact: SealedContact::from_text(row.text("contact")?),
        terms: CodeTerms::from_bytes(&row.bytes("charge")?)?,
        // A row that an earlier version wrote has none.
        link_challenge: match item.get("link") {
            None => None,
            Some(_) => Some(LinkChallenge::from_bytes(row.bytes("link")?)),
        },
        message_charged: row.is_true("message_charged")?,
        key: KeyId::parse(row.text("key")?).ok()?,
        issued_at: row.time("issued_at")?,
        expires_at: row.time("expires_at")?,
        sends: row.number("sends")?,
        unsent: row.number("unsent")?,
        last_sent_at: row.time("last_sent_at")?,
        method: row.text("method").and_then(Method::parse),
        // An unknown locale of a later version is read as none.
        locale: row.text("locale").and_then(Locale::parse),
        attempts: row.answers("attempts")?,
        wrong_answers: row.answers("counted")?,
        held_guesses: row.number("held")?,
        state: match row.text("state")? {
            OPEN => State::Open,
            MATCHED => right().map(|(answer, at)| State::Matched { answer, at })?,
            FINISHED => right().map(|(answer, at)| State::Finished { answer, at })?,
            _ => return None,
        },
    })
}

pub(super) fn of_pending(pending: &Pending, keep_until: Timestamp) -> Item {
    let mut item = item([
        (PK, text(&pending_key(&pending.account, pending.method))),
        (TTL, ttl(keep_until)),
        ("id", bytes(pending.id.as_bytes())),
        ("contact", text(pending.contact.as_text())),
        ("expires_at", time(pending.expires_at)),
        ("outcome", text(outcome_name(pending.outcome))),
    ]);
    if let Some(replaces) = &pending.replaces {
        item.insert("replaces".to_owned(), text(replaces.as_text()));
    }
    item
}

pub(super) fn to_pending(account: &Sub, method: Method, item: &Item) -> Option<Pending> {
    let row = row(item)?;
    Some(Pending {
        account: account.clone(),
        method,
        id: PendingId::from_bytes(row.bytes("id")?),
        contact: SealedContact::from_text(row.text("contact")?),
        replaces: match item.get("replaces") {
            None => None,
            Some(_) => Some(SealedContact::from_text(row.text("replaces")?)),
        },
        expires_at: row.time("expires_at")?,
        outcome: match row.text("outcome")? {
            "waiting" => PendingOutcome::Waiting,
            "done" => PendingOutcome::Done,
            "in_use" => PendingOutcome::InUse,
            "undone" => PendingOutcome::Undone,
            _ => return None,
        },
    })
}

pub(super) fn to_undo(account: &Sub, item: &Item) -> Option<Undo> {
    let row = row(item)?;
    Some(Undo {
        account: account.clone(),
        id: PendingId::from_bytes(row.bytes("id")?),
        username: row.text("username")?.to_owned(),
        method: Method::parse(row.text("method")?)?,
        replaced: Pseudonym::stored(row.bytes("replaced")?),
        contact: Pseudonym::stored(row.bytes("contact")?),
        replaced_at: row.time("replaced_at")?,
        expires_at: row.time("expires_at")?,
        closed_at: match item.get("closed_at") {
            None => None,
            Some(_) => Some(row.time("closed_at")?),
        },
    })
}

pub(super) fn of_invitation(invitation: &Invitation, keep_until: Timestamp) -> Item {
    let membership = &invitation.membership;
    let attributes = membership.attributes().iter();
    let attributes = attributes.map(|(name, value)| (name.clone(), text(value)));
    let mut item = item([
        (PK, text(&invitation_key(invitation.contact))),
        (TTL, ttl(keep_until)),
        ("until", time(invitation.until)),
        ("attributes", AttributeValue::M(attributes.collect())),
        ("used", AttributeValue::Bool(invitation.is_used)),
    ]);
    if !membership.groups().is_empty() {
        let groups = membership.groups().iter().cloned().collect();
        item.insert("groups".to_owned(), AttributeValue::Ss(groups));
    }
    if let Some(username) = &invitation.redeemed_by {
        item.insert("redeemed_by".to_owned(), text(username));
    }
    item
}

pub(super) fn to_invitation(contact: Pseudonym, item: &Item) -> Option<Invitation> {
    let row = row(item)?;
    let attributes = match item.get("attributes") {
        None => BTreeMap::new(),
        Some(value) => {
            let attributes = value.as_m().ok()?.iter();
            let text = |(name, value): (&String, &AttributeValue)| {
                Some((name.clone(), value.as_s().ok()?.clone()))
            };
            attributes.map(text).collect::<Option<_>>()?
        }
    };
    let groups = match item.get("groups") {
        None => BTreeSet::new(),
        Some(value) => value.as_ss().ok()?.iter().cloned().collect(),
    };
    Some(Invitation {
        contact,
        until: row.time("until")?,
        membership: Membership::new(attributes, groups).ok()?,
        redeemed_by: match item.get("redeemed_by") {
            None => None,
            Some(_) => Some(row.text("redeemed_by")?.to_owned()),
        },
        is_used: *item.get("used")?.as_bool().ok()?,
    })
}

pub(super) fn of_session(session: &Session, keep_until: Timestamp) -> Item {
    let mut item = item([
        (PK, text(&session_key(session.key))),
        (TTL, ttl(keep_until)),
        (VERSION.0, number(VERSION.1)),
        ("sub", text(session.account.as_str())),
        ("username", text(&session.username)),
        ("client", text(&session.client)),
        ("signed_in_at", time(session.signed_in_at)),
        ("opened_at", time(session.opened_at)),
        ("expires_at", time(session.expires_at)),
        ("last_used_at", time(session.last_used_at)),
        ("refreshes", number(session.refreshes)),
    ]);
    let tokens = of_session_tokens(&session.tokens);
    item.extend(tokens.map(|(name, value)| (name.to_owned(), value)));
    if !session.browsers.is_empty() {
        item.insert("browsers".to_owned(), browsers(&session.browsers));
    }
    if let Some(lease) = session.lease {
        item.insert("lease_holder".to_owned(), bytes(lease.holder.as_bytes()));
        item.insert("lease_until".to_owned(), time(lease.until));
    }
    item
}

/// Returns the attributes of a session's tokens. One that is missing has no attribute.
pub(super) fn of_session_tokens(
    tokens: &SessionTokens,
) -> impl Iterator<Item = (&'static str, AttributeValue)> + use<> {
    let SessionTokens {
        refresh,
        former,
        access,
    } = tokens;
    let former = former.as_ref().map(|former| {
        [
            ("former", bytes(former.token.as_bytes())),
            ("former_until", time(former.until)),
        ]
    });
    let access = access.as_ref().map(|access| {
        [
            ("access", bytes(access.token.as_bytes())),
            ("access_expires_at", time(access.expires_at)),
        ]
    });
    let refresh = [("refresh", bytes(refresh.as_bytes()))];
    refresh
        .into_iter()
        .chain(former.into_iter().flatten())
        .chain(access.into_iter().flatten())
}

pub(super) fn browsers<'a>(browsers: impl IntoIterator<Item = &'a Browser>) -> AttributeValue {
    AttributeValue::Ss(browsers.into_iter().map(|it| it.text()).collect())
}

pub(super) fn to_session(key: Pseudonym, item: &Item) -> Option<Session> {
    let row = row(item)?;
    // Every version of them has one.
    row.number::<u8>(VERSION.0)?;
    Some(Session {
        key,
        account: Sub::new(row.text("sub")?),
        username: row.text("username")?.to_owned(),
        client: row.text("client")?.to_owned(),
        signed_in_at: row.time("signed_in_at")?,
        opened_at: row.time("opened_at")?,
        expires_at: row.time("expires_at")?,
        last_used_at: row.time("last_used_at")?,
        browsers: match item.get("browsers") {
            None => BTreeSet::new(),
            Some(value) => {
                let texts = value.as_ss().ok()?.iter();
                texts.map(|text| Browser::stored(text)).collect()
            }
        },
        tokens: SessionTokens {
            refresh: row.token("refresh")?,
            former: match item.get("former") {
                None => None,
                Some(_) => Some(FormerToken {
                    token: row.token("former")?,
                    until: row.time("former_until")?,
                }),
            },
            access: match item.get("access") {
                None => None,
                Some(_) => Some(AccessToken {
                    token: row.token("access")?,
                    expires_at: row.time("access_expires_at")?,
                }),
            },
        },
        refreshes: row.number("refreshes")?,
        lease: match item.get("lease_holder") {
            None => None,
            Some(_) => Some(RefreshLease {
                holder: Pseudonym::stored(row.bytes("lease_holder")?),
                until: row.time("lease_until")?,
            }),
        },
    })
}

/// Returns the sessions that a list names. An empty set is stored as a missing attribute.
pub(super) fn to_session_list(item: &Item) -> Option<Vec<Pseudonym>> {
    row(item)?;
    let Some(value) = item.get("sessions") else {
        return Some(Vec::new());
    };
    let keys = value.as_bs().ok()?.iter();
    keys.map(|key| key.as_ref().try_into().ok().map(Pseudonym::stored))
        .collect()
}

pub(super) fn pseudonyms(keys: &[Pseudonym]) -> AttributeValue {
    AttributeValue::Bs(keys.iter().map(|key| Blob::new(key.as_bytes())).collect())
}

pub(super) const fn outcome_name(outcome: PendingOutcome) -> &'static str {
    match outcome {
        PendingOutcome::Waiting => "waiting",
        PendingOutcome::Done => "done",
        PendingOutcome::InUse => "in_use",
        PendingOutcome::Undone => "undone",
    }
}

/// A reader of an item's attributes; an attribute of another form is `None`.
pub(super) struct Row<'a>(pub(super) &'a Item);

impl<'a> Row<'a> {
    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        self.0.get(name)?.as_s().ok().map(String::as_str)
    }

    pub(super) fn number<T: FromStr>(&self, name: &str) -> Option<T> {
        self.0.get(name)?.as_n().ok()?.parse().ok()
    }

    fn is_true(&self, name: &str) -> Option<bool> {
        self.0.get(name)?.as_bool().ok().copied()
    }

    pub(super) fn time(&self, name: &str) -> Option<Timestamp> {
        self.number(name).map(Timestamp::from_millis)
    }

    pub(super) fn bytes<const N: usize>(&self, name: &str) -> Option<[u8; N]> {
        self.0.get(name)?.as_b().ok()?.as_ref().try_into().ok()
    }

    fn token(&self, name: &str) -> Option<SealedToken> {
        let bytes = self.0.get(name)?.as_b().ok()?;
        Some(SealedToken::from_bytes(bytes.as_ref()))
    }

    /// An empty set is stored as a missing attribute, because DynamoDB has no empty sets.
    fn answers(&self, name: &str) -> Option<BTreeSet<AnswerDigest>> {
        let Some(value) = self.0.get(name) else {
            return Some(BTreeSet::new());
        };
        let answers = value.as_bs().ok()?.iter();
        answers
            .map(|answer| {
                answer
                    .as_ref()
                    .try_into()
                    .ok()
                    .map(AnswerDigest::from_bytes)
            })
            .collect()
    }
}
