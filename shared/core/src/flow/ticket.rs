//! The ticket of the first answer. Verify redeems it, so only the session in which this answer
//! passed can use it. Create opens the ticket again, but does not redeem it.

use std::time::Duration;

use super::event::{AccountState, ClientRequest};
use crate::policy::Deployment;
use crate::ports::{PortError, Redeemable, Redeemed, RedemptionStore};
use crate::seal::sealed::{Ticket, UnsealError};
use crate::value::app_client::AppClient;
use crate::value::id::FlowId;
use crate::value::identifier::Method;
use crate::value::purpose::Purpose;
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
        store: &impl RedemptionStore,
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
        if ticket.purpose == Purpose::Claim && !holds {
            return Ok(());
        }
        let keep_until = ticket.made_at.plus(life * 2);
        let redeemed = store
            .redeem(Redeemable::Ticket(ticket.id), self.flow, keep_until)
            .await?;
        match redeemed {
            Redeemed::Here => Ok(()),
            Redeemed::Elsewhere => Err(FirstAnswerError::Ended(TicketEnd::Redeemed)),
        }
    }
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
    // A resolver seals budgets into the ticket of every code, and into no ticket of a claim. Any
    // other ticket was sealed with a leaked key.
    if ticket.terms.is_charged() == (ticket.purpose == Purpose::Claim) {
        return Err(TicketError::Forged);
    }
    // Only a sign-in has slots, and no code of a slot is fixed. Otherwise a flow without a message
    // could take the message of a slot.
    if ticket.terms.is_slot()
        && (!matches!(ticket.purpose, Purpose::SignIn | Purpose::Decoy)
            || policy.is_test(&ticket.contact, now))
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
