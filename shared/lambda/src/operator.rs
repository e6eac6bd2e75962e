//! The door of the operator: an event that only a principal whom IAM lets invoke the function can send.
//!
//! An event of a client always has the context of the service that it came through. So an object with
//! one of these members alone is no client's.

use serde::Deserialize;
use serde_json::{Value, json};

use latchstring_core::contact::ContactError;
use latchstring_core::ports::{
    AccessTokenVerifier, ChallengeApi, Clock, CounterStore, Directory, Entropy, InvitationStore,
    OutboxStore, PendingStore, SessionStore, UndoStore,
};

use crate::http::{InvitationRequest, InvitedContact};
use crate::keys::Deployments;
use crate::resolver::{
    AccountResolver, BrowserSessions, LogContext, Operation, Outcome, Request, limited, timed_out,
};

/// An operation of the operator.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) enum Operator {
    /// Invites a contact.
    Invite(InvitationRequest),
    /// Withdraws the invitation of a contact.
    WithdrawInvitation(InvitedContact),
}

impl Operator {
    /// Returns the operation of an event; `None` if it has none.
    pub(crate) fn read(event: &Value) -> Option<Self> {
        Self::deserialize(event).ok()
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::Invite(_) => "operator invite",
            Self::WithdrawInvitation(_) => "operator withdraw",
        }
    }
}

/// Performs an operation, and logs the outcome in one line. Returns `{}`, or `{"error": {"type",
/// "message"}}`.
pub(crate) async fn serve<S, D, T, A, C, E, K, B>(
    resolver: &AccountResolver<S, D, T, A, C, E, K, B>,
    operation: Operator,
) -> Value
where
    S: PendingStore + UndoStore + InvitationStore + CounterStore + OutboxStore + SessionStore,
    D: Directory,
    T: AccessTokenVerifier,
    A: ChallengeApi,
    C: Clock,
    E: Entropy,
    K: Deployments,
    B: BrowserSessions,
{
    let request = Request::begin(Operation::Route(Some(operation.name())));
    let log_context = LogContext::default();
    let performing = perform(resolver, operation, &log_context);
    let performed = limited(&resolver.clock, performing).await;
    match performed.unwrap_or_else(|| Err(timed_out())) {
        Ok(()) => {
            request.log(Outcome::Answered, &log_context);
            json!({})
        }
        Err(error) => {
            request.log(Outcome::Failed(&error), &log_context);
            json!({ "error": { "type": error.error_type(), "message": error.to_string() } })
        }
    }
}

async fn perform<S, D, T, A, C, E, K, B>(
    resolver: &AccountResolver<S, D, T, A, C, E, K, B>,
    operation: Operator,
    log_context: &LogContext,
) -> Result<(), ContactError>
where
    S: PendingStore + UndoStore + InvitationStore + CounterStore + OutboxStore + SessionStore,
    D: Directory,
    T: AccessTokenVerifier,
    A: ChallengeApi,
    C: Clock,
    E: Entropy,
    K: Deployments,
    B: BrowserSessions,
{
    let deployment = resolver.deployment().await?;
    let context = resolver.core(&deployment).context;
    match operation {
        Operator::Invite(input) => {
            let new = input.parse(&deployment, log_context)?;
            context.invite(&new).await
        }
        Operator::WithdrawInvitation(input) => {
            let contact = input.parse(&deployment, log_context)?;
            context.withdraw_invitation(&contact).await
        }
    }
}
