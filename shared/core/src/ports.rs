//! What the core needs from outside, as few and as small as serve.
//!
//! The traits are async but bound to no executor. Every [`Store`] method is one read or one
//! conditional write of one item, so the same core runs on memory, on DynamoDB, and under a
//! scheduler that explores every interleaving of port calls.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::Future;

use thiserror::Error;

pub use crate::effects::{Clock, Entropy};
use crate::message::Message;
use crate::record::flow::{AnswerDigest, Flow};
use crate::record::pending::{Pending, PendingOutcome};
use crate::seal::charge::Charge;
use crate::seal::pseudonym::Pseudonym;
use crate::value::account::{Account, Names, Sub};
use crate::value::id::{FlowId, PendingId, TicketId};
use crate::value::identifier::{Identifier, Method};
use crate::value::secret::Secret;
use crate::value::source::Source;
use crate::value::time::Timestamp;

/// An outward call that did not do what it should. Safe to log: `code` is the service's own word
/// for what went wrong, never its message, which may name a user.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{call}: {code}")]
pub struct PortError {
    /// The call, for instance `AdminGetUser`.
    pub call: &'static str,
    /// The error's code, for instance `ThrottlingException` or `timeout`.
    pub code: String,
}

impl PortError {
    /// A fault of `call`.
    pub fn new(call: &'static str, code: impl Into<String>) -> Self {
        Self {
            call,
            code: code.into(),
        }
    }
}

/// What became of [`Store::open_flow`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    /// The row is new; the caller owns the first send.
    New,
    /// Another invocation wrote it before: its row, which is the authority.
    Before(Box<Flow>),
}

/// What became of [`Store::record_verdict`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VerdictWrite {
    /// The attempt and its verdict are in the row; only now may the verdict be told.
    Recorded,
    /// Nothing was written: the row is gone (`None`), no longer open, full, or on other terms, or
    /// its message is not charged.
    Refused(Option<Box<Flow>>),
}

/// The outcome of [`Store::record_attempt`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempted {
    /// A guess may be reserved for the answer now.
    Held,
    /// A guess was reserved for the answer before, and it was wrong. Nothing was written.
    Counted,
    /// Nothing was written: the row is gone (`None`), no longer open, full, or on other terms, or
    /// its message is not charged.
    Refused(Option<Box<Flow>>),
}

/// What became of [`Store::finish`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finished {
    /// The row moved from matched to finished.
    Now,
    /// It had done so before, at that time.
    Before(Timestamp),
    /// It is missing or was never matched.
    Refused,
}

/// What became of [`Store::redeem`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redeemed {
    /// This flow holds it: now for the first time, or again.
    Here,
    /// Another flow holds it.
    Elsewhere,
}

/// One count among those of a counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its name within the counter: 1 to 32 of `a-z` and `0-9`.
    pub name: String,
    /// How much is added.
    pub amount: u32,
    /// What the sum may be at most.
    pub limit: u32,
}

/// What became of [`Store::charge`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charged {
    /// Every window was charged.
    Yes,
    /// No window was, because this one has no room: the last such in the order given. One that
    /// could never take its amount may be named before another that is full.
    Refused {
        /// Its place in the list.
        window: usize,
    },
}

/// An amount that a window was charged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The window's name.
    pub name: String,
    /// The amount.
    pub amount: u32,
}

impl Taken {
    /// Returns what a charged window took.
    pub fn of(window: Window) -> Self {
        Self {
            name: window.name,
            amount: window.amount,
        }
    }
}

/// The windows of one counter, by name. A window that is missing stands at zero.
pub type Counts = BTreeMap<String, u32>;

/// What can be redeemed once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Token {
    /// A ticket, by its id.
    Ticket(TicketId),
    /// A proof, by the flow that earned it.
    Proof(FlowId),
}

/// Flows, redemptions, pending contacts, leases and counters.
pub trait Store: Send + Sync {
    /// Writes the row unless one of that id is there.
    fn open_flow(&self, flow: &Flow) -> impl Future<Output = Result<Opened, PortError>> + Send;

    /// Reads a row, strongly consistent.
    fn flow(&self, id: FlowId) -> impl Future<Output = Result<Option<Flow>, PortError>> + Send;

    /// Takes send number `sends + 1` if the row is open and has had exactly `sends` so far, and
    /// notes `now` as the time of the latest. With other terms, which bring a longer code, no message
    /// is charged yet, and no guess is held or counted any more. True for the one caller that won it.
    fn advance_send(
        &self,
        id: FlowId,
        sends: u8,
        lengthened: Option<Charge>,
        now: Timestamp,
    ) -> impl Future<Output = Result<bool, PortError>> + Send;

    /// Records that a message with the present code was charged, if the row is open and has had
    /// exactly `sends`. True if it did, each time.
    fn record_message_charge(
        &self,
        id: FlowId,
        sends: u8,
    ) -> impl Future<Output = Result<bool, PortError>> + Send;

    /// Records that the latest send never left: clears its time, so that the next send may follow
    /// at once, and adds one to the unsent ones, if the row is open, has had exactly `sends`, and
    /// this was not recorded before. True if it did.
    fn reset_resend_cooldown(
        &self,
        id: FlowId,
        sends: u8,
    ) -> impl Future<Output = Result<bool, PortError>> + Send;

    /// Adds the answer to the set of attempts and one to the guesses held, if the row is open, its
    /// message charged and on these terms, the set has the answer or fewer than `limit`, the answer is not counted, and
    /// `limit` guesses at most are held.
    fn record_attempt(
        &self,
        id: FlowId,
        answer: AnswerDigest,
        charge: Charge,
        limit: u8,
    ) -> impl Future<Output = Result<Attempted, PortError>> + Send;

    /// Adds a wrong answer to the counted ones, if the row is open and on these terms. True if it
    /// did.
    fn count(
        &self,
        id: FlowId,
        answer: AnswerDigest,
        charge: Charge,
    ) -> impl Future<Output = Result<bool, PortError>> + Send;

    /// Adds the answer to the set of attempts if the row is open and on these terms, and the set
    /// holds the answer already or has fewer than `limit`; in the same write moves the row to
    /// matched if `right`, which also needs its message to be charged.
    fn record_verdict(
        &self,
        id: FlowId,
        answer: AnswerDigest,
        right: bool,
        charge: Charge,
        limit: u8,
        now: Timestamp,
    ) -> impl Future<Output = Result<VerdictWrite, PortError>> + Send;

    /// Moves a matched row to finished.
    fn finish(
        &self,
        id: FlowId,
        now: Timestamp,
    ) -> impl Future<Output = Result<Finished, PortError>> + Send;

    /// Ties a token to a flow unless another flow has it; kept until `keep_until` at least.
    fn redeem(
        &self,
        token: Token,
        flow: FlowId,
        keep_until: Timestamp,
    ) -> impl Future<Output = Result<Redeemed, PortError>> + Send;

    /// Whether a flow holds the token.
    fn is_redeemed(&self, token: Token) -> impl Future<Output = Result<bool, PortError>> + Send;

    /// Writes a pending contact in place of any other of that account and method.
    fn put_pending(&self, pending: &Pending) -> impl Future<Output = Result<(), PortError>> + Send;

    /// The pending contact of that account and method, strongly consistent.
    fn pending(
        &self,
        account: &Sub,
        method: Method,
    ) -> impl Future<Output = Result<Option<Pending>, PortError>> + Send;

    /// Notes what became of a pending contact, if it is still the one of that id. True if it is.
    fn settle_pending(
        &self,
        account: &Sub,
        method: Method,
        id: PendingId,
        outcome: PendingOutcome,
    ) -> impl Future<Output = Result<bool, PortError>> + Send;

    /// Takes the lease unless another holder has it and its time is not up. True if taken.
    fn lease(
        &self,
        on: Pseudonym,
        holder: Pseudonym,
        now: Timestamp,
        until: Timestamp,
    ) -> impl Future<Output = Result<bool, PortError>> + Send;

    /// Gives the lease back if `holder` still has it.
    fn release(
        &self,
        on: Pseudonym,
        holder: Pseudonym,
    ) -> impl Future<Output = Result<(), PortError>> + Send;

    /// Adds each window's amount to its count if every sum stays within its limit, and else
    /// none; kept until `keep_until` at least. Windows are at least one, of different names.
    fn charge(
        &self,
        counter: Pseudonym,
        windows: &[Window],
        keep_until: Timestamp,
    ) -> impl Future<Output = Result<Charged, PortError>> + Send;

    /// Reads the counters at once, strongly consistent, in the order given.
    fn counts(
        &self,
        counters: &[Pseudonym],
    ) -> impl Future<Output = Result<Vec<Counts>, PortError>> + Send;

    /// Takes these amounts off the counts, if every one of them has as much. Never repeated by the
    /// adapter: what is lost stays charged, and nothing is refunded twice.
    fn refund(
        &self,
        counter: Pseudonym,
        taken: &[Taken],
    ) -> impl Future<Output = Result<(), PortError>> + Send;
}

/// What is known of a message whose delivery failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// The request never left: no connection came about. The message is not on its way.
    NeverLeft,
    /// The service refused the request. The message is not on its way.
    Refused,
    /// The request left and no answer tells: the message may be on its way.
    Unknown,
}

impl DeliveryOutcome {
    /// The word for logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NeverLeft => "never_left",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
        }
    }
}

/// A delivery that failed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{fault}, {}", .outcome.as_str())]
pub struct DeliveryError {
    /// What went wrong.
    pub fault: PortError,
    /// What is known of the message.
    pub outcome: DeliveryOutcome,
}

/// Delivers messages.
pub trait Courier: Send + Sync {
    /// Sends once. Never repeated unless the request provably never left.
    fn deliver(&self, message: &Message) -> impl Future<Output = Result<(), DeliveryError>> + Send;
}

/// Where the key ring is kept as a text.
pub trait SecretSource: Send + Sync {
    /// The text, as it is now.
    fn read(&self) -> impl Future<Output = Result<Secret, PortError>> + Send;
}

/// What became of [`Directory::create`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Creation {
    /// The account exists now, with the contact verified and without a password.
    New,
    /// The username or the contact is taken.
    Taken,
}

/// What became of [`Directory::set_contact`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContactWrite {
    /// The account holds the contact, verified.
    Done,
    /// The pool says that somebody else does.
    Taken,
}

/// The user pool's accounts.
pub trait Directory: Send + Sync {
    /// The account of that username or verified contact.
    fn find(&self, name: &str) -> impl Future<Output = Result<Option<Account>, PortError>> + Send;

    /// Creates an account that holds `contact` as verified. Sends no message.
    fn create(
        &self,
        username: &str,
        contact: &Identifier,
    ) -> impl Future<Output = Result<Creation, PortError>> + Send;

    /// Sets a permanent password, which confirms the account.
    fn set_password(
        &self,
        username: &str,
        password: &Secret,
    ) -> impl Future<Output = Result<(), PortError>> + Send;

    /// Writes a contact and that it is verified, in one call. The pool may move an alias that
    /// another account holds without a word, so the caller looks first, under a lease.
    fn set_contact(
        &self,
        username: &str,
        contact: &Identifier,
    ) -> impl Future<Output = Result<ContactWrite, PortError>> + Send;

    /// Writes a person's names.
    fn set_names(
        &self,
        username: &str,
        names: &Names,
    ) -> impl Future<Output = Result<(), PortError>> + Send;
}

/// Whose access token it is.
pub trait TokenHolder: Send + Sync {
    /// The account of an access token that Cognito still accepts: not expired, revoked or signed
    /// out, of a user who exists and is enabled. `None` for any other.
    fn holder(
        &self,
        access_token: &Secret,
    ) -> impl Future<Output = Result<Option<Account>, PortError>> + Send;
}

/// Tells people from programs.
pub trait Captcha: Send + Sync {
    /// Whether this is the answer of a person to a riddle of this app's sign-in, given lately and
    /// shown here for the first time. What cannot be found out is a fault, never a yes.
    fn is_answered(&self, answer: &Secret) -> impl Future<Output = Result<bool, PortError>> + Send;
}

/// Where no captcha is on.
impl Captcha for Infallible {
    async fn is_answered(&self, _: &Secret) -> Result<bool, PortError> {
        match *self {}
    }
}

/// A challenge as a client of Cognito holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenChallenge {
    /// Cognito's session, which the next answer needs.
    pub session: Secret,
    /// `ChallengeParameters`, the trigger's public parameters and `USERNAME`.
    pub parameters: BTreeMap<String, String>,
}

/// What Cognito said to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// A custom challenge.
    Challenge(OpenChallenge),
    /// `UserNotFoundException`: the pool reports missing users.
    UserNotFound,
    /// The user may not sign in: disabled, unconfirmed, in need of a reset; or the session is
    /// dead. Never told to a caller.
    Refused,
}

/// Cognito's custom authentication: the public operations, as a client calls them, or the signed ones,
/// which also take the client's address. Never repeated by the adapter.
pub trait ChallengeApi: Send + Sync {
    /// `InitiateAuth(CUSTOM_AUTH)` or `AdminInitiateAuth`.
    fn initiate(
        &self,
        username: &str,
        source: Option<Source>,
    ) -> impl Future<Output = Result<Reply, PortError>> + Send;

    /// `RespondToAuthChallenge(CUSTOM_CHALLENGE)` or `AdminRespondToAuthChallenge`.
    fn respond(
        &self,
        challenge: &OpenChallenge,
        answer: &str,
        client_metadata: &[(&str, &str)],
        source: Option<Source>,
    ) -> impl Future<Output = Result<Reply, PortError>> + Send;
}
