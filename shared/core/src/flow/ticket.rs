//! The ticket of the first answer. Verify redeems it, so only the session in which this answer
//! passed can use it, and Create does not check it again.

use std::time::Duration;

use super::Why;
use super::turn::{AccountState, ClientRequest};
use crate::policy::Deployment;
use crate::ports::{PortError, Redeemed, Store, Token};
use crate::seal::keys::{KeyId, Use};
use crate::seal::sealed::{Ticket, UnsealError};
use crate::value::app_client::AppClient;
use crate::value::id::FlowId;
use crate::value::identifier::Method;
use crate::value::purpose::Purpose;
use crate::value::time::Timestamp;

/// The outcome of a ticket in the first answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// The ticket is redeemed for this flow, or it opens none and the flow continues as a decoy.
    Admitted,
    /// The flow ends, which reveals nothing about an account: the ticket has expired or was used,
    /// or its key is not on the ring.
    Ended(Why),
}

/// The first answer to a flow.
pub(super) struct FirstAnswer<'a> {
    pub(super) caller: &'a AppClient,
    pub(super) person: &'a AccountState,
    pub(super) request: &'a ClientRequest,
    pub(super) flow: FlowId,
    pub(super) now: Timestamp,
}

impl FirstAnswer<'_> {
    /// Redeems the ticket for this flow by one conditional write, which may be repeated.
    pub(super) async fn admit(
        &self,
        deployment: &Deployment,
        store: &impl Store,
    ) -> Result<Admission, PortError> {
        let life = deployment.policy.ticket_life;
        let ticket = match open(deployment, self.caller, self.request, self.now, life) {
            Ok(ticket) => ticket,
            // Create may have the key. If the answer passed here, the ticket would open a flow
            // unredeemed.
            Err(why @ (Why::TicketStale | Why::TicketKeyUnknown)) => {
                return Ok(Admission::Ended(why));
            }
            Err(_) => return Ok(Admission::Admitted),
        };
        // A new account may not be visible everywhere immediately: its ticket stays valid until it
        // is. A claim sends nothing, and its proof is redeemed once.
        let holds = matches!(self.person, AccountState::Known(person) if person.holds(&ticket.to));
        if ticket.purpose == Purpose::Claim && !holds {
            return Ok(Admission::Admitted);
        }
        let keep_until = ticket.made_at.plus(life * 2);
        let redeemed = store
            .redeem(Token::Ticket(ticket.id), self.flow, keep_until)
            .await?;
        Ok(match redeemed {
            Redeemed::Here => Admission::Admitted,
            Redeemed::Elsewhere => Admission::Ended(Why::TicketRedeemed),
        })
    }
}

/// Opens the ticket of a request, if it is at most `life` old; an error is the reason that it opens
/// no flow.
pub(super) fn open(
    Deployment { keys, .. }: &Deployment,
    caller: &AppClient,
    request: &ClientRequest,
    now: Timestamp,
    life: Duration,
) -> Result<Ticket, Why> {
    let text = request.ticket.as_ref().ok_or(Why::TicketMissing)?;
    let text = text.expose();
    let is_known = |id: KeyId| keys.find(Use::Ticket, id.as_str()).is_some();
    if KeyId::named_by(text).is_some_and(|id| !is_known(id)) {
        return Err(Why::TicketKeyUnknown);
    }
    let ticket = Ticket::open(text, keys, caller, now, life).map_err(|error| match error {
        UnsealError::Forged => Why::TicketForged,
        UnsealError::Stale => Why::TicketStale,
    })?;
    // A resolver charges every code and no claim. Only a leaked key seals another ticket.
    if ticket.charge.is_charged() == (ticket.purpose == Purpose::Claim) {
        return Err(Why::TicketForged);
    }
    let method = request.method.as_deref().and_then(Method::parse);
    if method == Some(ticket.to.method()) {
        Ok(ticket)
    } else {
        Err(Why::TicketMethod)
    }
}
