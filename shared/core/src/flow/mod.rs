//! The challenge state machine: Define, Create and Verify as functions from Cognito's event and the
//! ports to a decision.
//!
//! Cognito carries two of this project's texts in its opaque session: challenge metadata, which
//! Define and Create see for every round so far, and a private parameter, which Verify sees for the
//! current round. Both contain a [`Challenge`], authenticated under the deployment's key. The
//! authority is the [`Flow`] row in the store: purpose, subject, contact, key, time of issue and
//! expiry are written once, attempts and sends only grow, and a challenge that disagrees with the
//! row is a wrong answer. Replaying an older session therefore gains nothing.
//!
//! # The policy
//!
//! *known* is a user of the pool who holds the ticket's contact as verified, or has requested it.
//! *no account* is any other: a name that Cognito reports as not found, a half-created user, or one
//! who does not hold the contact. A *decoy* looks like a real flow and never succeeds. The column
//! "row" is the [`State`] of the flow's row.
//!
//! | # | last round | row | Define | Create |
//! |---|---|---|---|---|
//! | 1 | none | | challenge | `select`: a random flow id, nothing sent |
//! | 2 | not ours, or out of order, or of a client not served, or too many | | fail | |
//! | 3 | `select` wrong: method unknown, or a ticket that has expired, that another flow redeemed, or whose key is not on the ring | | fail | |
//! | 4 | `select` passed, valid ticket, known or no account | written | challenge | `otp`: reserve, charge and send; refused by a budget: `otp` with `refused`, nothing sent |
//! | 5 | `select` passed, ticket for a contact that the account has not requested, or has replaced | none; in a session of no account, written as decoy | challenge | `otp`: nothing sent |
//! | 6 | `select` passed, no valid ticket | none | challenge | `otp`: decoy |
//! | 7 | `select` passed, ticket of a claim, known holder | written | challenge | `claim`: nothing sent |
//! | 8 | `otp` or `claim` wrong, attempts left, not expired | open | challenge | the same again, or no attempt left if the guess budgets of its length are spent; `resend` sends once more after the cooldown, a longer code if they are |
//! | 9 | `otp` or `claim` wrong, none left or expired | open | fail | |
//! | 10 | `otp` wrong | none (decoy) | challenge or fail, by the metadata's count | the same again |
//! | 11 | `otp` passed, no account | matched | challenge | `claim`: hands out the proof |
//! | 12 | `otp` or `claim` passed, known, still the verified holder; or the contact is still requested and free, and is now written to the account | matched, to finished | **tokens** | |
//! | 13 | `otp` or `claim` passed, known, no longer the holder, or disabled; or the contact is no longer requested, or in use | matched | fail | |
//! | 14 | passed, but the row is missing, open, another's, or finished over 15 s ago | | fail | |
//! | 15 | the proof's own step `claim` answered in a session of no account | | fail | |
//! | 16 | any, and the store or directory does not answer | | challenge | the same again, nothing sent |
//!
//! Verify: `select` passes for a known method, with a ticket that is redeemed for this flow or that
//! opens none. The session itself therefore shows Create that the ticket is redeemed. `otp` and
//! `claim` pass only if the right answer and its attempt were written together into an open row that
//! had room (see [`verify`]), or if that answer is repeated: until the code expires, and for 15 s
//! after tokens were issued.

mod commit;
mod create;
mod define;
mod ticket;
mod turn;
mod verify;

pub use create::{
    Created, Expectation, PublicParameters, Refused, ask_again, create, reset_resend_cooldown,
};
pub use define::{Next, define};
pub use turn::{AccountState, ClientRequest, Round, Turn};
pub use verify::{Response, Verdict, Verified, verify};

use crate::message::Message;
use crate::ports::PortError;
use crate::rate_limit::Refusal;
pub use crate::record::challenge::{Challenge, Progress, Step};
pub use crate::record::flow::{AnswerDigest, Flow, State, Subject};
pub use crate::value::app_client::AppClient;
pub use crate::value::id::FlowId;
pub use crate::value::purpose::Purpose;

/// A decision with its message and the facts that a log may state.
#[derive(Clone, Debug)]
pub struct Decided<T> {
    /// The decision for Cognito.
    pub decision: T,
    /// The one message to deliver, once, by the owner of this value: a code, or the notice of a
    /// change of contact.
    pub message: Option<Message>,
    /// The reason.
    pub why: Why,
    /// The flow, if it is known.
    pub flow: Option<FlowId>,
    /// The step that was answered, if Verify or Define recognises it.
    pub answered: Option<Step>,
    /// The port call that failed, if one did.
    pub fault: Option<PortError>,
    /// The budget that refused a message, if one did.
    pub refusal: Option<Refusal>,
}

impl<T> Decided<T> {
    fn new(decision: T, why: Why, flow: Option<FlowId>) -> Self {
        Self {
            decision,
            message: None,
            why,
            flow,
            answered: None,
            fault: None,
            refusal: None,
        }
    }

    fn to(self, answered: Step) -> Self {
        Self {
            answered: Some(answered),
            ..self
        }
    }

    fn fault(decision: T, flow: FlowId, fault: PortError) -> Self {
        Self {
            fault: Some(fault),
            ..Self::new(decision, Why::PortError, Some(flow))
        }
    }
}

/// The reasons, one word each, equal in logs and tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(
    missing_docs,
    reason = "each variant is described by its text in `as_str`"
)]
pub enum Why {
    Opened,
    MethodKnown,
    MethodUnknown,
    ClientNotServed,
    NotOurs,
    TooManyRounds,
    CodeReserved,
    CodeFixed,
    CodeReservedBefore,
    TicketMissing,
    TicketForged,
    TicketKeyUnknown,
    TicketStale,
    TicketRedeemed,
    TicketMethod,
    NotTheHolder,
    ClaimOpened,
    AskedAgain,
    Resent,
    ResendTooSoon,
    ResendAsked,
    MessageRefused,
    GuessesSpent,
    Right,
    RightAgain,
    WrongAnswer,
    CodeReplaced,
    NoAttemptLeft,
    Expired,
    FlowMissing,
    FlowDisagrees,
    FlowNotMatched,
    FlowOver,
    Proved,
    TokensIssued,
    NoLongerHolder,
    NoLongerPending,
    ContactInUse,
    ProofForged,
    ProofStale,
    ProofRedeemed,
    ProofOfAnother,
    PortError,
}

impl Why {
    /// The word for logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::MethodKnown => "method_known",
            Self::MethodUnknown => "method_unknown",
            Self::ClientNotServed => "client_not_served",
            Self::NotOurs => "session_not_ours",
            Self::TooManyRounds => "too_many_rounds",
            Self::CodeReserved => "code_reserved",
            Self::CodeFixed => "code_fixed",
            Self::CodeReservedBefore => "code_reserved_before",
            Self::TicketMissing => "ticket_missing",
            Self::TicketForged => "ticket_forged",
            Self::TicketKeyUnknown => "ticket_key_unknown",
            Self::TicketStale => "ticket_stale",
            Self::TicketRedeemed => "ticket_redeemed_elsewhere",
            Self::TicketMethod => "ticket_of_another_method",
            Self::NotTheHolder => "not_the_holder",
            Self::ClaimOpened => "claim_opened",
            Self::AskedAgain => "asked_again",
            Self::Resent => "resent",
            Self::ResendTooSoon => "resend_too_soon",
            Self::ResendAsked => "resend_asked",
            Self::MessageRefused => "message_refused",
            Self::GuessesSpent => "guesses_spent",
            Self::Right => "right",
            Self::RightAgain => "right_again",
            Self::WrongAnswer => "wrong",
            Self::CodeReplaced => "code_replaced",
            Self::NoAttemptLeft => "no_attempt_left",
            Self::Expired => "expired",
            Self::FlowMissing => "flow_missing",
            Self::FlowDisagrees => "flow_disagrees",
            Self::FlowNotMatched => "flow_not_matched",
            Self::FlowOver => "flow_over",
            Self::Proved => "proved",
            Self::TokensIssued => "tokens_issued",
            Self::NoLongerHolder => "no_longer_the_holder",
            Self::NoLongerPending => "no_longer_pending",
            Self::ContactInUse => "contact_in_use",
            Self::ProofForged => "proof_forged",
            Self::ProofStale => "proof_stale",
            Self::ProofRedeemed => "proof_redeemed_elsewhere",
            Self::ProofOfAnother => "proof_of_another",
            Self::PortError => "fault",
        }
    }
}
