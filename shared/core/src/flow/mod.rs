//! The challenge state machine: Define, Create and Verify as functions from Cognito's event and the
//! ports to a decision.
//!
//! Create writes two texts that Cognito carries in its opaque session. Define and Create see the
//! challenge metadata of every round so far. Verify sees the private parameter of the current
//! round. Both contain a [`Challenge`], authenticated under the deployment's key.
//!
//! The authority is the [`Flow`] row in the store. Purpose, subject, contact, key, time of issue
//! and expiry are written once; attempts and sends only grow. An answer to a challenge that
//! disagrees with the row is wrong. Replaying an older session therefore gains nothing.
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
//! | 3 | `select` wrong, without the action `complete`: method unknown, or a ticket that has expired, that another flow redeemed, whose key is not on the ring, or that continues a flow which has ended (row 24) | | fail | |
//! | 4 | `select` passed, valid ticket, known or no account | written | challenge | `otp`: reserve, charge and send; in slot mode, if a message of the slot was sent: the same, nothing sent; refused by a budget: `otp` with `refused`, nothing sent |
//! | 5 | `select` passed, ticket for a contact that the account has not requested, or has replaced, or whose account was deleted | none | challenge | `otp`: decoy, nothing sent |
//! | 6 | `select` passed; ticket missing, forged or of another method | none | challenge | `otp`: decoy |
//! | 7 | `select` passed, ticket of a claim, known holder | written | challenge | `claim`: nothing sent |
//! | 8 | `otp` or `claim` wrong, attempts left, not expired | open | challenge | the same again; with no attempt left if a guess budget of the code is spent. `resend` sends once more after the cooldown. If a guess budget is spent, the code is longer; one of ten digits becomes valid again on another budget, or the resend is refused. A resend also renews the terms of a row that refuses every answer. In slot mode none is sent |
//! | 9 | `otp` or `claim` wrong, none left or expired | open | fail | |
//! | 10 | `otp` wrong | none (decoy) | challenge or fail, by the metadata's count | the same again |
//! | 11 | `otp` passed, no account | matched | challenge | `claim`: hands out the proof |
//! | 12 | `otp` or `claim` passed, known, still the verified holder; or the contact is still requested and free, and is now written to the account | matched, to finished | **tokens** | |
//! | 13 | `otp` or `claim` passed, known, no longer the holder, or disabled; or the contact is no longer requested, or in use | matched | fail | |
//! | 14 | passed, known, but the row is missing, open, of another user, or finished over 15 s ago | | fail | |
//! | 15 | `claim` of row 11, answered in the same session: a proof is answered only in a new session | | fail | |
//! | 16 | any, and the store or directory does not answer | | challenge | the same again, nothing sent |
//! | 17 | `select` passed, ticket of the purpose decoy: a user whom Cognito refuses | written, as decoy | challenge | `otp`: reserve and charge, in slot mode to the window of decoys; nothing sent |
//! | 18 | `select` passed, ticket of a claim, session of no account or of a user who does not hold the contact | none | challenge | `otp`: decoy; the resolver opens a new session |
//! | 19 | `otp` or `claim` wrong | matched, or finished at most 15 s ago | challenge; fail if finished earlier | the same again |
//! | 20 | `otp` passed, no account, but the row is missing, open, of an account, or finished over 15 s ago | | challenge | the same again, no proof |
//! | 21 | `select` passed by a proof, known, still the verified holder | written as matched, to finished | **tokens** | |
//! | 22 | `select` wrong: a proof that is forged, expired or redeemed, or of a contact that the user does not hold | none | challenge | `select` |
//! | 23 | `select` passed, ticket that continues a flow which waits for an answer: of a sign-in in the session of any user, of a new contact in that of its account | open | challenge | `otp` of that flow, with the progress of its row: nothing charged, nothing sent. From here on, rows 8 to 14, 19 and 20. The code of an account is right in a session of that account alone |
//! | 24 | `select` wrong: a ticket that continues a flow which is unknown, answered, expired, without an attempt left, a claim, or of another contact, client or purpose, or a new contact of another account | any, or none | fail | |
//! | 25 | `select` passed by a proof with the action `undo`, known, and the record of the change is open: the contact is restored, every token invalidated, and the record closed | written as matched | challenge | `select` |
//! | 26 | the same, and the record was closed at least 1 s ago | matched, to finished | **tokens** | |
//! | 27 | the same, but the record has expired or is of another change, or the contact is in use | matched | fail | |
//!
//! Verify: `select` passes for a known method, unless its ticket ends the flow (rows 3 and 24).
//! Before it passes, Verify redeems the ticket if it can open or continue a flow. So Create need not
//! check the redemption.
//!
//! `select` with the action `complete` passes only for a proof: it is redeemed for this flow, and
//! the row of the claim is written as matched. No such answer redeems a ticket or sends a message.
//! The same holds for the action `undo`, whose proof is of the contact that the record names.
//!
//! `otp` and `claim` pass only after the right answer was recorded, first as an attempt, then as
//! the verdict, in an open row that had room. A proof has one write for both (see [`verify`]). The
//! same answer passes again: in a matched row until it expires, or for 15 s after the match if that
//! is later; in a finished row for 15 s after it was finished.

mod commit;
mod create;
mod define;
mod devices;
mod event;
mod leases;
mod ticket;
mod undo;
mod verify;

pub use create::{
    CreateReason, Created, DisplayedProgress, Handles, PublicParameters, Refused, ask_again,
    create, reset_resend_cooldown,
};
pub use define::{DefineReason, Next, define};
pub use event::{AccountState, ClientRequest, Round, SessionEvent};
pub use verify::{AnswerEvent, Verdict, Verified, VerifyReason, verify};

use crate::message::Message;
use crate::outbox::Events;
use crate::ports::PortError;
use crate::rate_limit::{Refund, Refusal};
pub use crate::record::challenge::{Challenge, Progress, Step};
pub use crate::record::flow::{AnswerDigest, Flow, State, Subject, sealed_contact};
pub use crate::value::app_client::AppClient;
pub use crate::value::id::FlowId;
use crate::value::identifier::Country;
pub use crate::value::purpose::{Purpose, TicketPurpose};

/// A decision of type `T` with its reason `R`, its message, and the facts that a log may state.
#[derive(Clone, Debug)]
pub struct Decided<T, R> {
    /// The decision for Cognito.
    pub decision: T,
    /// The one message that the Lambda delivers, once: a code, or a notice of a change of contact.
    pub message: Option<Message>,
    /// The refund of a flow that succeeded, to be made once, after the response.
    pub refund: Option<Refund>,
    /// The refund of the slot that the message took, to be made once if the message never left.
    pub refund_if_unsent: Option<Refund>,
    /// The events to publish, once, after the response.
    pub events: Events,
    /// The reason. Its word in logs and metrics is `<&str>::from(reason)`.
    pub reason: R,
    /// The flow, if it is known.
    pub flow: Option<FlowId>,
    /// The step that was answered, if Verify or Define recognises it.
    pub answered: Option<Step>,
    /// The port call that failed, if one did.
    pub fault: Option<PortError>,
    /// The budget that refused a message, if one did.
    pub refusal: Option<Refusal>,
    /// The country of the number that the refused message was for.
    pub refused_country: Option<Country>,
}

impl<T, R> Decided<T, R> {
    fn new(decision: T, reason: R, flow: Option<FlowId>) -> Self {
        Self {
            decision,
            message: None,
            refund: None,
            refund_if_unsent: None,
            events: Events::default(),
            reason,
            flow,
            answered: None,
            fault: None,
            refusal: None,
            refused_country: None,
        }
    }

    fn answering(self, answered: Step) -> Self {
        Self {
            answered: Some(answered),
            ..self
        }
    }

    fn fault(decision: T, reason: R, flow: FlowId, fault: PortError) -> Self {
        Self {
            fault: Some(fault),
            ..Self::new(decision, reason, Some(flow))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use strum::IntoEnumIterator;

    use super::*;

    /// The words of logs and metrics, for which operators search.
    #[test]
    fn words_of_reasons_are_unchanged() {
        fn words<R: IntoEnumIterator + Into<&'static str>>(trigger: &str, text: &mut String) {
            for reason in R::iter() {
                writeln!(text, "{trigger}: {}", reason.into()).unwrap();
            }
        }
        let mut now = String::new();
        words::<DefineReason>("define", &mut now);
        words::<CreateReason>("create", &mut now);
        words::<VerifyReason>("verify", &mut now);
        assert_eq!(now, include_str!("../../tests/data/reasons.txt"));
    }
}
