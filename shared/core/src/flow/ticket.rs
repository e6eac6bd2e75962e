//! The ticket of the first answer. Verify redeems it, so only the session in which this answer
//! passed can use it. Create opens the ticket again, but does not redeem it.

use std::time::Duration;

use futures_util::future::try_join;

use super::event::{AccountState, ClientRequest};
use crate::policy::Deployment;
use crate::ports::{FlowStore, PortError, Redeemable, Redeemed, RedemptionStore};
use crate::record::flow::{Flow, State};
use crate::seal::sealed::{Ticket, UnsealError};
use crate::value::app_client::AppClient;
use crate::value::id::FlowId;
use crate::value::identifier::Method;
use crate::value::purpose::{Purpose, TicketPurpose};
use crate::value::time::Timestamp;

/// The reason that a first answer does not pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FirstAnswerError {
    /// The flow ends, which reveals nothing about an account.
    Ended(TicketEnd),
    /// A port did not answer.
    Port(PortError),
}

impl From<PortError> for FirstAnswerError {
    fn from(fault: PortError) -> Self {
        Self::Port(fault)
    }
}

/// The reason that a ticket ends its flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TicketEnd {
    /// Its key is not on the ring.
    KeyUnknown,
    /// It has expired.
    Stale,
    /// Another flow redeemed it.
    Redeemed,
    /// The flow that it continues has ended, or is of another contact, client or purpose.
    Over,
}

/// The reason that a ticket opens no flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TicketError {
    /// There is none.
    Missing,
    /// This deployment did not seal it, or not with these terms.
    Forged,
    /// Its key is not on the ring.
    KeyUnknown,
    /// It has expired.
    Stale,
    /// It is for another method.
    OfAnotherMethod,
}

/// The first answer to a flow.
pub(super) struct FirstAnswer<'a> {
    pub(super) app_client: &'a AppClient,
    pub(super) user: &'a AccountState,
    pub(super) request: &'a ClientRequest,
    pub(super) flow: FlowId,
    pub(super) now: Timestamp,
}

impl FirstAnswer<'_> {
    /// Redeems the ticket for this flow by one conditional write, which may be repeated. Succeeds
    /// also with a ticket that opens no flow, which continues as a decoy.
    pub(super) async fn admit(
        &self,
        deployment: &Deployment,
        store: &(impl FlowStore + RedemptionStore),
    ) -> Result<(), FirstAnswerError> {
        let life = deployment.policy.ticket_life;
        let ticket = match open(deployment, self.app_client, self.request, self.now, life) {
            Ok(ticket) => ticket,
            // Create may have the key. If the answer passed here, the ticket would open a flow
            // unredeemed.
            Err(TicketError::KeyUnknown) => {
                return Err(FirstAnswerError::Ended(TicketEnd::KeyUnknown));
            }
            Err(TicketError::Stale) => return Err(FirstAnswerError::Ended(TicketEnd::Stale)),
            Err(TicketError::Missing | TicketError::Forged | TicketError::OfAnotherMethod) => {
                return Ok(());
            }
        };
        // A new account may not be visible everywhere immediately. Until it is, the ticket is not
        // redeemed. A claim sends nothing, and its proof is redeemed once.
        let holds = matches!(self.user, AccountState::Known(user) if user.holds(&ticket.contact));
        if ticket.purpose == Purpose::Claim.into() && !holds {
            return Ok(());
        }
        let keep_until = ticket.made_at.plus(life * 2);
        let redeeming = store.redeem(Redeemable::Ticket(ticket.id), self.flow, keep_until);
        let redeemed = match ticket.purpose {
            TicketPurpose::Open(_) => redeeming.await?,
            TicketPurpose::Resume(flow) | TicketPurpose::ResumeContact(flow) => {
                let (redeemed, row) = try_join(redeeming, store.flow(flow)).await?;
                if !row.is_some_and(|row| self.may_resume(deployment, &row, &ticket)) {
                    return Err(FirstAnswerError::Ended(TicketEnd::Over));
                }
                redeemed
            }
        };
        match redeemed {
            Redeemed::Here => Ok(()),
            Redeemed::Elsewhere => Err(FirstAnswerError::Ended(TicketEnd::Redeemed)),
        }
    }

    /// Returns whether the flow waits for an answer of this session.
    fn may_resume(&self, deployment: &Deployment, row: &Flow, ticket: &Ticket) -> bool {
        continues(row, ticket, deployment, self.app_client, self.user)
            && row.state == State::Open
            && !row.is_expired(self.now)
            && row.attempts.len() < usize::from(deployment.policy.attempts)
    }
}

/// Returns whether a ticket may continue the row in a session of this client and user. The row of a
/// claim or of an undo is never continued.
///
/// A sign-in continues in the session of any user. If it ended where the user is not the row's, a
/// session of any other name would show whether the row is of an account. Verify sees to it that a
/// code of an account is right in a session of that account alone.
pub(super) fn continues(
    row: &Flow,
    ticket: &Ticket,
    Deployment { keys, .. }: &Deployment,
    app_client: &AppClient,
    user: &AccountState,
) -> bool {
    let is_permitted = match (ticket.purpose, row.purpose) {
        (TicketPurpose::Resume(_), Purpose::SignIn | Purpose::Decoy) => true,
        (TicketPurpose::ResumeContact(_), Purpose::VerifyContact(_)) => user.may_answer(row),
        _ => false,
    };
    is_permitted
        && row.client == app_client.client()
        && row.contact(keys).as_ref() == Some(&ticket.contact)
}

/// Opens the ticket of a request, if it is at most `life` old.
pub(super) fn open(
    Deployment { policy, keys }: &Deployment,
    app_client: &AppClient,
    request: &ClientRequest,
    now: Timestamp,
    life: Duration,
) -> Result<Ticket, TicketError> {
    let text = request.ticket.as_ref().ok_or(TicketError::Missing)?;
    let opened = Ticket::open(text.expose(), keys, app_client, now, life);
    let ticket = opened.map_err(|error| match error {
        UnsealError::Forged => TicketError::Forged,
        UnsealError::KeyUnknown => TicketError::KeyUnknown,
        UnsealError::Stale => TicketError::Stale,
    })?;
    // A resolver seals budgets into every ticket that sends a code, and into no other. Any other
    // ticket was sealed with a leaked key.
    let sends = !matches!(
        ticket.purpose,
        TicketPurpose::Open(Purpose::Claim)
            | TicketPurpose::Resume(_)
            | TicketPurpose::ResumeContact(_)
    );
    if ticket.terms.is_charged() != sends {
        return Err(TicketError::Forged);
    }
    // Only a sign-in has slots, and no code of a slot is fixed. Otherwise a flow without a message
    // could take the message of a slot.
    if ticket.terms.is_slot()
        && (!matches!(
            ticket.purpose,
            TicketPurpose::Open(Purpose::SignIn | Purpose::Decoy)
        ) || policy.is_test(&ticket.contact, now))
    {
        return Err(TicketError::Forged);
    }
    let method = request.method.as_deref().and_then(Method::parse);
    if method == Some(ticket.contact.method()) {
        Ok(ticket)
    } else {
        Err(TicketError::OfAnotherMethod)
    }
}
