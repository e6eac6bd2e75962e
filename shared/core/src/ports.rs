//! The ports: the traits through which the core reaches the outside.
//!
//! The traits are async but bound to no executor. Every method of a [`Store`] is one read or one
//! conditional write of one item, with two exceptions: `counts` reads several items, and
//! `put_pending` writes without a condition. The same core therefore runs on memory, on DynamoDB,
//! and under a scheduler that explores every interleaving of port calls.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::Future;

use thiserror::Error;

pub use crate::effects::{Clock, Entropy};
use crate::message::Message;
use crate::record::event::{DueEvents, Event, EventId, OutboxEntry, OutboxPlace};
use crate::record::flow::{AnswerDigest, Flow};
use crate::record::invitation::Invitation;
use crate::record::pending::{Pending, PendingOutcome};
use crate::record::session::{Browser, Session, SessionTokens};
use crate::record::undo::Undo;
use crate::seal::code_terms::CodeTerms;
use crate::seal::keys::KeyId;
use crate::seal::pseudonym::Pseudonym;
use crate::value::account::{Account, Names, Sub};
use crate::value::app_client::AppClient;
use crate::value::id::{FlowId, PendingId, TicketId};
use crate::value::identifier::{Identifier, Method};
use crate::value::locale::Locale;
use crate::value::membership::Membership;
use crate::value::secret::Secret;
use crate::value::source::Source;
use crate::value::time::Timestamp;

/// A port call that failed. Safe to log: `code` is the service's error code, never its message,
/// which may name a user.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{call}: {code}")]
pub struct PortError {
    /// The call, for instance `AdminGetUser`.
    pub call: &'static str,
    /// The error's code, for instance `ThrottlingException` or `timeout`.
    pub code: String,
}

impl PortError {
    /// Creates the error of a call.
    pub fn new(call: &'static str, code: impl Into<String>) -> Self {
        Self {
            call,
            code: code.into(),
        }
    }
}

/// The outcome of [`FlowStore::open_flow`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    /// The row is new; the caller owns the first send.
    New,
    /// Another invocation wrote this row before; it is the authority.
    Before(Box<Flow>),
}

/// The outcome of [`FlowStore::record_verdict`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VerdictWrite {
    /// The attempt is in the row, and a right verdict with it. Only now may the verdict be returned.
    Recorded,
    /// Nothing was written: the row is missing (`None`), no longer open, full, or on other terms,
    /// or its message is not charged.
    Refused(Option<Box<Flow>>),
}

/// The facts of a session with which a row must agree, or a write of that session is refused.
#[derive(Clone, Copy, Debug)]
pub struct SessionFacts<'a> {
    /// The app client.
    pub client: &'a str,
    /// The `sub` of the user; `None` in a session of no account.
    pub user: Option<&'a Sub>,
    /// The time of issue that the challenge states; `None` for the first challenge, which states
    /// none.
    pub issued_at: Option<Timestamp>,
}

/// An answer to a code, as [`FlowStore::record_attempt`] takes it.
#[derive(Clone, Copy, Debug)]
pub struct NewAttempt<'a> {
    /// The answer.
    pub answer: AnswerDigest,
    /// The key that the digest was computed with.
    pub key: &'a KeyId,
    /// The app client of the session.
    pub client: &'a str,
    /// The time of issue that the challenge states.
    pub issued_at: Timestamp,
    /// The number of distinct answers that a row accepts.
    pub limit: u8,
    /// The time of the answer.
    pub now: Timestamp,
}

/// The outcome of [`FlowStore::record_attempt`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempted {
    /// A guess may now be reserved for the answer, on the terms of this row.
    Recorded(Box<Flow>),
    /// Nothing was written. The row as it is; `None` if it is missing.
    Refused(Option<Box<Flow>>),
}

/// The outcome of [`FlowStore::finish`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finished {
    /// This call moved the row from matched to finished, with this result.
    Now(Box<Flow>),
    /// Nothing was written. The row as it is; `None` if it is missing.
    Refused(Option<Box<Flow>>),
}

/// The outcome of [`RedemptionStore::redeem`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redeemed {
    /// This flow holds it: for the first time, or again.
    Here,
    /// Another flow holds it.
    Elsewhere,
}

/// One window of a counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// The name within the counter: 1 to 32 of `a-z` and `0-9`.
    pub name: String,
    /// The amount to add.
    pub amount: u32,
    /// The maximum of the sum.
    pub limit: u32,
}

/// The outcome of [`CounterStore::charge`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charged {
    /// Every window was charged.
    Yes,
    /// No window was charged, because this one has no room. If several have no room, it is the last
    /// of them, or one whose amount alone exceeds its limit.
    Refused {
        /// The index in the list.
        window: usize,
    },
}

/// An amount that was charged to a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The window's name.
    pub name: String,
    /// The amount.
    pub amount: u32,
}

impl Taken {
    /// Returns the amount that a window was charged.
    pub fn of(window: Window) -> Self {
        Self {
            name: window.name,
            amount: window.amount,
        }
    }
}

/// The windows of one counter, by name. A missing window is zero.
pub type Counts = BTreeMap<String, u32>;

/// A ticket or proof, which can be redeemed once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Redeemable {
    /// A ticket, by its id.
    Ticket(TicketId),
    /// A proof, by the flow that earned it.
    Proof(FlowId),
}

/// The rows of flows.
pub trait FlowStore: Send + Sync {
    /// Writes the row unless one with its id exists.
    fn open_flow(&self, flow: &Flow) -> impl Future<Output = Result<Opened, PortError>> + Send;

    /// Reads a row, strongly consistent.
    fn flow(&self, id: FlowId) -> impl Future<Output = Result<Option<Flow>, PortError>> + Send;

    /// Takes the next send: adds one to the row's number of sends, and records `now` as the time of
    /// the latest. Requires that the row is open and that its number is `sends`. True for the one
    /// caller that took it.
    ///
    /// `new_terms` replaces the terms, even by equal ones. The same write marks the message as not
    /// charged, sets the held guesses to zero and empties the wrong answers. Create passes it when
    /// the code becomes longer, when its guess budgets change, or when the row holds too many
    /// guesses.
    fn advance_send(
        &self,
        id: FlowId,
        sends: u8,
        new_terms: Option<CodeTerms>,
        now: Timestamp,
    ) -> impl Future<Output = Result<bool, PortError>> + Send;

    /// Records that a message with the present code was charged, if the row is open and has had
    /// exactly `sends`. True if it was, also when repeated.
    fn record_message_charge(
        &self,
        id: FlowId,
        sends: u8,
    ) -> impl Future<Output = Result<bool, PortError>> + Send;

    /// Records that the latest send never left: clears its time, so that the next send may follow
    /// immediately, and adds one to the unsent sends. Requires that the row is open, has had
    /// exactly `sends`, and that this was not recorded before. True if it was recorded.
    fn reset_resend_cooldown(
        &self,
        id: FlowId,
        sends: u8,
    ) -> impl Future<Output = Result<bool, PortError>> + Send;

    /// Adds the answer to the set of attempts, and one to the held guesses. Returns the row.
    ///
    /// Requires all of these:
    ///
    /// - The row is of a code, and of this client, time of issue and key.
    /// - The row is open, has not expired, and its message is charged.
    /// - The set contains the answer, or has fewer than `limit` answers.
    /// - No wrong verdict was recorded for the answer on the present terms.
    /// - At most `limit` guesses are held before this write.
    fn record_attempt(
        &self,
        id: FlowId,
        attempt: &NewAttempt<'_>,
    ) -> impl Future<Output = Result<Attempted, PortError>> + Send;

    /// Adds the answer to `Flow::wrong_answers`, if the row is open and on these terms. True if it
    /// was added. With `refused_at`, the row has no attempt left: a store with an outbox puts the row
    /// into it by the same write.
    fn record_wrong_answer(
        &self,
        id: FlowId,
        answer: AnswerDigest,
        terms: CodeTerms,
        refused_at: Option<Timestamp>,
    ) -> impl Future<Output = Result<bool, PortError>> + Send;

    /// Adds the answer to the set of attempts, if the row is open and on these terms, and the set
    /// has the answer or fewer than `limit`. If `right`, the same write moves the row to matched,
    /// which also requires that its message is charged.
    fn record_verdict(
        &self,
        id: FlowId,
        answer: AnswerDigest,
        right: bool,
        terms: CodeTerms,
        limit: u8,
        now: Timestamp,
    ) -> impl Future<Output = Result<VerdictWrite, PortError>> + Send;

    /// Moves a matched row to finished, and returns it. Requires that the row is of this client and
    /// time of issue, and of exactly this user or, without one, of no account. A row of a pending
    /// contact also requires `contact_written`. Without it, a store with an outbox puts the row of an
    /// account into it by the same write.
    fn finish(
        &self,
        id: FlowId,
        session: SessionFacts<'_>,
        contact_written: bool,
        now: Timestamp,
    ) -> impl Future<Output = Result<Finished, PortError>> + Send;

    /// Moves a row that was finished at that time back to matched: the caller that finished it could
    /// not decide. The same write takes it out of the outbox. True if it was moved.
    fn undo_finish(
        &self,
        id: FlowId,
        finished_at: Timestamp,
    ) -> impl Future<Output = Result<bool, PortError>> + Send;
}

/// The redemptions of tickets and proofs.
pub trait RedemptionStore: Send + Sync {
    /// Assigns a ticket or proof to a flow unless another flow has it. The record is kept until `keep_until`
    /// at least.
    fn redeem(
        &self,
        redeemable: Redeemable,
        flow: FlowId,
        keep_until: Timestamp,
    ) -> impl Future<Output = Result<Redeemed, PortError>> + Send;

    /// Returns whether a flow holds it.
    fn is_redeemed(
        &self,
        redeemable: Redeemable,
    ) -> impl Future<Output = Result<bool, PortError>> + Send;
}

/// The pending contacts.
pub trait PendingStore: Send + Sync {
    /// Writes a pending contact in place of any other of that account and method.
    fn put_pending(&self, pending: &Pending) -> impl Future<Output = Result<(), PortError>> + Send;

    /// Reads the pending contact of that account and method, strongly consistent.
    fn pending(
        &self,
        account: &Sub,
        method: Method,
    ) -> impl Future<Output = Result<Option<Pending>, PortError>> + Send;

    /// Records the outcome of a pending contact, if it still has that id. True if it has.
    fn settle_pending(
        &self,
        account: &Sub,
        method: Method,
        id: PendingId,
        outcome: PendingOutcome,
    ) -> impl Future<Output = Result<bool, PortError>> + Send;
}

/// The undo records, and the index that finds them by the replaced contact.
pub trait UndoStore: Send + Sync {
    /// Writes the record of an account, in place of the record with the id `over`; without `over`,
    /// only if the account has none. True if it was written, also when repeated.
    fn put_undo(
        &self,
        undo: &Undo,
        over: Option<PendingId>,
    ) -> impl Future<Output = Result<bool, PortError>> + Send;

    /// Reads the record of an account, strongly consistent.
    fn undo(&self, account: &Sub) -> impl Future<Output = Result<Option<Undo>, PortError>> + Send;

    /// Closes the record, if it still has that id. A record that is closed keeps its time. True if
    /// it has that id.
    fn close_undo(
        &self,
        account: &Sub,
        id: PendingId,
        now: Timestamp,
    ) -> impl Future<Output = Result<bool, PortError>> + Send;

    /// Names the account that the contact was replaced in, unless another one is named that it was
    /// replaced in later. Kept until `keep_until` at least.
    fn put_replaced(
        &self,
        contact: Pseudonym,
        account: &Sub,
        at: Timestamp,
        keep_until: Timestamp,
    ) -> impl Future<Output = Result<(), PortError>> + Send;

    /// Reads the account that the contact was replaced in last, strongly consistent.
    fn replaced(
        &self,
        contact: Pseudonym,
    ) -> impl Future<Output = Result<Option<Sub>, PortError>> + Send;
}

/// The invitations.
pub trait InvitationStore: Send + Sync {
    /// Writes an invitation, in place of an earlier one of its contact. Kept until `keep_until` at
    /// least.
    fn put_invitation(
        &self,
        invitation: &Invitation,
        keep_until: Timestamp,
    ) -> impl Future<Output = Result<(), PortError>> + Send;

    /// Redeems the invitation of a contact for an account of this username, if it has not ended and
    /// no other account is created with it. Returns it as it then is, or as it is if it was not
    /// redeemed; `None` if there is none.
    fn redeem_invitation(
        &self,
        contact: Pseudonym,
        username: &str,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Invitation>, PortError>> + Send;

    /// Notes that the account of this username exists. Without effect if another one redeemed it.
    fn use_invitation(
        &self,
        contact: Pseudonym,
        username: &str,
    ) -> impl Future<Output = Result<(), PortError>> + Send;

    /// Removes the invitation of a contact.
    fn withdraw_invitation(
        &self,
        contact: Pseudonym,
    ) -> impl Future<Output = Result<(), PortError>> + Send;
}

/// The leases.
pub trait LeaseStore: Send + Sync {
    /// Takes the lease, unless another holder has it and it has not expired. True if taken.
    fn lease(
        &self,
        on: Pseudonym,
        holder: Pseudonym,
        now: Timestamp,
        until: Timestamp,
    ) -> impl Future<Output = Result<bool, PortError>> + Send;

    /// Releases the lease if `holder` still has it.
    fn release(
        &self,
        on: Pseudonym,
        holder: Pseudonym,
    ) -> impl Future<Output = Result<(), PortError>> + Send;
}

/// The outcome of [`SessionStore::lease_refresh`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leased {
    /// The caller holds the lease on this session.
    Taken(Box<Session>),
    /// Nothing was written. The session as it is; `None` if it is missing.
    Refused(Option<Box<Session>>),
}

/// The condition under which [`SessionStore::end_session`] removes a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndIf<'a> {
    /// It is of this account.
    Of(&'a Sub),
    /// This holder has its lease.
    LeasedBy(Pseudonym),
}

/// The outcome of [`SessionStore::enlist_session`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Enlisted {
    /// The list names the session.
    Yes,
    /// The list has no room. The sessions that it names.
    Full(Vec<Pseudonym>),
}

/// The browser sessions, and the list of those of each account.
pub trait SessionStore: Send + Sync {
    /// Writes a session, under a key that no session had before.
    fn open_session(&self, session: &Session)
    -> impl Future<Output = Result<(), PortError>> + Send;

    /// Reads a session, strongly consistent.
    fn session(
        &self,
        key: Pseudonym,
    ) -> impl Future<Output = Result<Option<Session>, PortError>> + Send;

    /// Reads up to 100 different sessions in one call, strongly consistent, in no order. Leaves out
    /// those that are missing.
    fn sessions(
        &self,
        keys: &[Pseudonym],
    ) -> impl Future<Output = Result<Vec<Session>, PortError>> + Send;

    /// Writes the minute of a use, and adds the browser, if the session exists and the minute is
    /// later than the one that it has; or is the same, and the browser is new. True if written.
    fn note_use(
        &self,
        key: Pseudonym,
        minute: Timestamp,
        browser: Option<Browser>,
    ) -> impl Future<Output = Result<bool, PortError>> + Send;

    /// Takes the lease to refresh the tokens, and returns the session. Requires that it has had
    /// exactly `refreshes`, and that no other holder has a lease that has not expired.
    fn lease_refresh(
        &self,
        key: Pseudonym,
        refreshes: u32,
        holder: Pseudonym,
        now: Timestamp,
        until: Timestamp,
    ) -> impl Future<Output = Result<Leased, PortError>> + Send;

    /// Replaces the tokens, adds one to the number of refreshes, and releases the lease, if `holder`
    /// has it, expired or not. True if it was done, also when repeated.
    fn store_refresh(
        &self,
        key: Pseudonym,
        holder: Pseudonym,
        tokens: &SessionTokens,
    ) -> impl Future<Output = Result<bool, PortError>> + Send;

    /// Makes the lease expire at `now` if `holder` has it. It stays there: the outcome of the refresh
    /// is unknown.
    fn give_up_refresh(
        &self,
        key: Pseudonym,
        holder: Pseudonym,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), PortError>> + Send;

    /// Removes a session on a condition, and returns it. `None` if nothing was removed, or if an
    /// attempt of this call without an answer removed it.
    fn end_session(
        &self,
        key: Pseudonym,
        condition: EndIf<'_>,
    ) -> impl Future<Output = Result<Option<Session>, PortError>> + Send;

    /// Adds a session to the list of its account, if the list names it or fewer than `limit`. The
    /// list is kept until the `keep_until` of its latest session at least.
    fn enlist_session(
        &self,
        account: &Sub,
        key: Pseudonym,
        limit: usize,
        keep_until: Timestamp,
    ) -> impl Future<Output = Result<Enlisted, PortError>> + Send;

    /// Reads the list of an account, strongly consistent. A session in it may be missing.
    fn enlisted_sessions(
        &self,
        account: &Sub,
    ) -> impl Future<Output = Result<Vec<Pseudonym>, PortError>> + Send;

    /// Removes sessions from the list of an account. There is at least one.
    fn delist_sessions(
        &self,
        account: &Sub,
        keys: &[Pseudonym],
    ) -> impl Future<Output = Result<(), PortError>> + Send;
}

/// The counters of the budgets.
pub trait CounterStore: Send + Sync {
    /// Adds each window's amount to its count if every sum stays within its limit, and otherwise
    /// adds none. The counter is kept until the `keep_until` of its latest charge at least. There
    /// is at least one window, and their names differ.
    fn charge(
        &self,
        counter: Pseudonym,
        windows: &[Window],
        keep_until: Timestamp,
    ) -> impl Future<Output = Result<Charged, PortError>> + Send;

    /// Reads the counters in one call, strongly consistent, in the order of `counters`.
    fn counts(
        &self,
        counters: &[Pseudonym],
    ) -> impl Future<Output = Result<Vec<Counts>, PortError>> + Send;

    /// Subtracts these amounts from the counts, if every count has at least its amount. The adapter
    /// never repeats the call: a lost refund stays charged, and nothing is refunded twice.
    fn refund(
        &self,
        counter: Pseudonym,
        taken: &[Taken],
    ) -> impl Future<Output = Result<(), PortError>> + Send;
}

/// The outbox: the events that are still to be published.
pub trait OutboxStore: Send + Sync {
    /// Puts an event into the outbox, unless it was published already. One that is there keeps its
    /// time, and becomes due at the new time.
    fn put_event(&self, entry: &OutboxEntry) -> impl Future<Output = Result<(), PortError>> + Send;

    /// Reads the event of an id that has an item of its own, strongly consistent, if it is still to
    /// be published.
    fn event(
        &self,
        id: EventId,
    ) -> impl Future<Output = Result<Option<OutboxEntry>, PortError>> + Send;

    /// Reads up to `limit` events of a shard that are due at `now`, the longest due first, from the
    /// one after that place. The latest writes may be missing. One that cannot be read is counted, and
    /// does not fail the others.
    fn due_events(
        &self,
        shard: u8,
        after: Option<&OutboxPlace>,
        now: Timestamp,
        limit: u8,
    ) -> impl Future<Output = Result<DueEvents, PortError>> + Send;

    /// Takes an event out of the outbox, because it was published, if it is due at the time that the
    /// entry states. It cannot be put in again.
    fn settle_event(
        &self,
        entry: &OutboxEntry,
    ) -> impl Future<Output = Result<(), PortError>> + Send;

    /// Takes an event out of the outbox, because it did not happen, if it is due at the time that the
    /// entry states. It can be put in again.
    fn drop_event(&self, entry: &OutboxEntry)
    -> impl Future<Output = Result<(), PortError>> + Send;

    /// Makes an event due at another time, if it is due at the time that the entry states.
    fn postpone_event(
        &self,
        entry: &OutboxEntry,
        due: Timestamp,
    ) -> impl Future<Output = Result<(), PortError>> + Send;
}

/// A store of every kind of item, as a deployment has it.
pub trait Store:
    FlowStore
    + RedemptionStore
    + PendingStore
    + UndoStore
    + InvitationStore
    + LeaseStore
    + SessionStore
    + CounterStore
    + OutboxStore
{
}

impl<S> Store for S where
    S: FlowStore
        + RedemptionStore
        + PendingStore
        + UndoStore
        + InvitationStore
        + LeaseStore
        + SessionStore
        + CounterStore
        + OutboxStore
{
}

/// The state of a message whose delivery failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// The request never left, because no connection was made. The message is not on its way.
    NeverLeft,
    /// The service refused the request. The message is not on its way.
    Refused,
    /// The service refused the request as one too many in that second. The message is not on its way.
    Throttled,
    /// The request left without an answer. The message may be on its way.
    Unknown,
}

impl DeliveryOutcome {
    /// The word for logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NeverLeft => "never_left",
            Self::Refused => "refused",
            Self::Throttled => "throttled",
            Self::Unknown => "unknown",
        }
    }
}

/// A failed delivery.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{fault}, {}", .outcome.as_str())]
pub struct DeliveryError {
    /// The cause.
    pub fault: PortError,
    /// The state of the message.
    pub outcome: DeliveryOutcome,
}

/// Delivers messages.
pub trait Courier: Send + Sync {
    /// Says that a message of this method may follow at once, so that the courier can open a
    /// connection meanwhile. Sends nothing.
    fn prepare(&self, _method: Method) {}

    /// Sends a message once. Repeated only if the request provably never left.
    fn deliver(&self, message: &Message) -> impl Future<Output = Result<(), DeliveryError>> + Send;
}

/// The bus that events are published on.
pub trait EventBus: Send + Sync {
    /// Publishes up to ten events in one call. Returns whether the bus took each of them, in their
    /// order. It may take an event and return an error: it is then published again.
    fn publish(
        &self,
        events: &[Event],
    ) -> impl Future<Output = Result<Vec<bool>, PortError>> + Send;
}

/// The bus of a function that publishes nothing.
impl EventBus for Infallible {
    async fn publish(&self, _: &[Event]) -> Result<Vec<bool>, PortError> {
        match *self {}
    }
}

/// The place where the key ring is stored as a text.
pub trait SecretSource: Send + Sync {
    /// Reads the present text.
    fn read(&self) -> impl Future<Output = Result<Secret, PortError>> + Send;

    /// Returns the time when the text of the last read was stored, if the place reports it.
    fn stored_at(&self) -> Option<Timestamp> {
        None
    }
}

/// The outcome of [`Directory::create`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Creation {
    /// The account now exists, with the contact verified and without a password. The username is the
    /// pool's own where contacts are usernames.
    New {
        /// The account's username.
        username: String,
    },
    /// The username or the contact is taken.
    Taken,
    /// The pool's own trigger refuses the account.
    Refused,
}

/// The outcome of [`Directory::set_contact`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContactWrite {
    /// The account holds the contact, verified.
    Done,
    /// The pool reports that another account holds the contact.
    Taken,
}

/// The user pool's accounts.
pub trait Directory: Send + Sync {
    /// Returns the account of that username or verified contact. In a pool whose contacts are
    /// usernames, the contact need not be verified.
    fn find(&self, name: &str) -> impl Future<Output = Result<Option<Account>, PortError>> + Send;

    /// Returns accounts with this text as their contact of the method, verified or not, and also the
    /// profiles of users of other identity providers. There may be more than it returns.
    fn having(
        &self,
        method: Method,
        contact: &str,
    ) -> impl Future<Output = Result<Vec<Account>, PortError>> + Send;

    /// Deletes an account. Done if there is none.
    fn delete(&self, username: &str) -> impl Future<Output = Result<(), PortError>> + Send;

    /// Creates an account that holds `contact` as verified, with these attributes. Sends no message.
    /// Where contacts are usernames, `username` is the contact.
    fn create(
        &self,
        username: &str,
        contact: &Identifier,
        attributes: &BTreeMap<String, String>,
    ) -> impl Future<Output = Result<Creation, PortError>> + Send;

    /// Returns whether the pool has a group of this name.
    fn has_group(&self, group: &str) -> impl Future<Output = Result<bool, PortError>> + Send;

    /// Puts an account into a group. Done if it is in there.
    fn add_to_group(
        &self,
        username: &str,
        group: &str,
    ) -> impl Future<Output = Result<(), PortError>> + Send;

    /// Sets a permanent password, which confirms the account.
    fn set_password(
        &self,
        username: &str,
        password: &Secret,
    ) -> impl Future<Output = Result<(), PortError>> + Send;

    /// Writes a contact and its verified mark in one call. The pool may silently move an alias that
    /// another account holds, so the caller first looks it up, under a lease.
    fn set_contact(
        &self,
        username: &str,
        contact: &Identifier,
    ) -> impl Future<Output = Result<ContactWrite, PortError>> + Send;

    /// Signs the user out everywhere: invalidates every token that was issued before.
    fn sign_out(&self, username: &str) -> impl Future<Output = Result<(), PortError>> + Send;

    /// Writes a user's names.
    fn set_names(
        &self,
        username: &str,
        names: &Names,
    ) -> impl Future<Output = Result<(), PortError>> + Send;
}

/// The verifier of access tokens.
pub trait AccessTokenVerifier: Send + Sync {
    /// Returns the account of an access token that Cognito still accepts: not expired, revoked or
    /// signed out, of a user who exists and is enabled. `None` for any other token.
    fn holder(
        &self,
        access_token: &Secret,
    ) -> impl Future<Output = Result<Option<Account>, PortError>> + Send;
}

/// The question to the deployment's own rule for new accounts.
#[derive(Clone, Copy, Debug)]
pub struct AdmissionQuestion<'a> {
    /// The contact, which was proved.
    pub contact: &'a Identifier,
    /// The app client.
    pub client: &'a str,
    /// The language of the messages, if the client named one.
    pub locale: Option<Locale>,
    /// What the contact's invitation gives the account, if there is one.
    pub invitation: Option<&'a Membership>,
}

/// The answer of the deployment's own rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdmissionDecision {
    /// The account may be created, with this in addition to its invitation.
    Admit(Membership),
    /// It may not.
    Refuse,
}

/// The deployment's own rule for new accounts.
pub trait AdmissionHook: Send + Sync {
    /// Returns the decision. It may be called several times for one account.
    fn decide(
        &self,
        question: &AdmissionQuestion<'_>,
    ) -> impl Future<Output = Result<AdmissionDecision, PortError>> + Send;
}

/// The hook of a deployment without one.
impl AdmissionHook for Infallible {
    async fn decide(&self, _: &AdmissionQuestion<'_>) -> Result<AdmissionDecision, PortError> {
        match *self {}
    }
}

/// The verifier of CAPTCHA responses.
pub trait Captcha: Send + Sync {
    /// Returns whether this is a response to a CAPTCHA of this app's sign-in, solved recently and
    /// presented for the first time. If that cannot be determined, it returns an error, never true.
    fn is_solved(&self, answer: &Secret) -> impl Future<Output = Result<bool, PortError>> + Send;
}

/// The CAPTCHA port of a deployment without a CAPTCHA.
impl Captcha for Infallible {
    async fn is_solved(&self, _: &Secret) -> Result<bool, PortError> {
        match *self {}
    }
}

/// A challenge as a client of Cognito gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenChallenge {
    /// Cognito's session, which the next answer needs.
    pub session: Secret,
    /// `ChallengeParameters`: the trigger's public parameters and `USERNAME`.
    pub parameters: BTreeMap<String, String>,
}

/// The tokens that Cognito issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokens {
    /// The access token.
    pub access: Secret,
    /// The ID token.
    pub id: Secret,
    /// The refresh token.
    pub refresh: Secret,
    /// Seconds until the access token expires.
    pub expires_in: u32,
}

/// Cognito's reply to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// A custom challenge.
    Challenge(OpenChallenge),
    /// Tokens: the answer completed the sign-in.
    Tokens(Tokens),
    /// `UserNotFoundException`: the pool reports missing users.
    UserNotFound,
    /// `UserNotConfirmedException`: the user was made by `SignUp` and never confirmed. Never revealed
    /// to a caller.
    Unconfirmed,
    /// The user may not sign in, because it is disabled or needs a reset; or the session has ended. Never revealed to a caller.
    Refused,
}

/// Cognito's custom authentication: the public operations, as a client calls them, or the signed
/// ones, which also take the client's address. The adapter never repeats a call.
pub trait ChallengeApi: Send + Sync {
    /// `InitiateAuth(CUSTOM_AUTH)` or `AdminInitiateAuth`.
    fn initiate(
        &self,
        app_client: &AppClient,
        username: &str,
        source: Option<Source>,
    ) -> impl Future<Output = Result<Reply, PortError>> + Send;

    /// `RespondToAuthChallenge(CUSTOM_CHALLENGE)` or `AdminRespondToAuthChallenge`.
    fn respond(
        &self,
        app_client: &AppClient,
        challenge: &OpenChallenge,
        answer: &str,
        client_metadata: &[(&str, &str)],
        source: Option<Source>,
    ) -> impl Future<Output = Result<Reply, PortError>> + Send;
}

/// The tokens that Cognito issued for a refresh token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshedTokens {
    /// The access token.
    pub access: Secret,
    /// The refresh token that replaces the given one, if the app client rotates them.
    pub refresh: Option<Secret>,
    /// Seconds until the access token expires.
    pub expires_in: u32,
}

/// The outcome of [`RefreshApi::refresh`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refreshed {
    /// New tokens. Cognito accepts the given refresh token for the client's grace period.
    Tokens(RefreshedTokens),
    /// Cognito no longer accepts the token: it was revoked or rotated, it has expired, or its user
    /// is disabled, deleted or signed out.
    Ended,
}

/// Cognito's refresh tokens, with the secret of the app client. The adapter never repeats a refresh.
pub trait RefreshApi: Send + Sync {
    /// `GetTokensFromRefreshToken`. Any refusal that is not about this token or its user is an error.
    fn refresh(&self, token: &Secret) -> impl Future<Output = Result<Refreshed, PortError>> + Send;

    /// `RevokeToken`: ends the refresh token and every access token of its sign-in. Also done if
    /// Cognito no longer knows the token.
    fn revoke(&self, token: &Secret) -> impl Future<Output = Result<(), PortError>> + Send;
}
