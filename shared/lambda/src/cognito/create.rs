use aws_lambda_events::event::cognito::{
    CognitoEventUserPoolsCreateAuthChallenge, CognitoEventUserPoolsCreateAuthChallengeResponse,
};
use latchstring_core::flow::{Created, ask_again, create};
use latchstring_core::identifier::Method;
use latchstring_core::policy::Deployment;
use latchstring_core::ports::{Clock, CounterStore, Courier, Entropy, FlowStore, PendingStore};
use serde_json::Value;
use tokio::time::Instant;

use super::{DECISION_LIMIT, event};
use crate::delivery::{self, FollowUp, PendingDelivery};
use crate::handler::{FollowsUp, Handler, HandlerResponse, PublicError};
use crate::keys::Deployments;
use crate::log::{self, Decision};
use crate::metrics;
use crate::self_test::{Examined, KeyRingIds, NO_FLOW};
use crate::system::timeout;

/// The private parameter that carries the challenge to Verify.
pub(super) const CHALLENGE: &str = "challenge";

/// Create: issues the challenge, and delivers the code after its response.
#[derive(Clone, Debug)]
pub struct CreateTrigger<S, M, C, E, K = Deployment> {
    /// The source of keys and settings.
    pub deployment: K,
    /// The store of flows.
    pub store: S,
    /// The courier that delivers messages.
    pub courier: M,
    /// The clock.
    pub clock: C,
    /// The source of randomness.
    pub entropy: E,
}

impl<S, M, C, E, K> Handler for CreateTrigger<S, M, C, E, K>
where
    S: FlowStore + PendingStore + CounterStore,
    M: Courier,
    C: Clock,
    E: Entropy,
    K: Deployments,
{
    const FOLLOWS_UP: FollowsUp = FollowsUp::Always;

    async fn examine(&self) -> Examined {
        Examined {
            key_ring: Some(KeyRingIds::read(&self.deployment).await),
            table: Some(self.store.flow(NO_FLOW).await.map(|_| ())),
        }
    }

    async fn handle(&self, raw: Value) -> Result<HandlerResponse, PublicError> {
        let begun = Instant::now();
        let event: CognitoEventUserPoolsCreateAuthChallenge = event::decode(&raw)?;
        let request = event.request;
        let session_event = event::session_event(
            &event.cognito_event_user_pools_header,
            request.user_not_found,
            &request.user_attributes,
            request.session,
            request.client_metadata,
        );
        // Without keys no challenge can be issued.
        let deployment = self.deployment.deployment(&session_event.key_ids()).await;
        let deployment = deployment.map_err(|_| PublicError::Unavailable)?;
        let request = &session_event.request;
        let method = request.method.as_deref().and_then(Method::parse);
        if let (Some(method), Some(_)) = (method, &request.ticket) {
            self.courier.prepare(method);
        }
        let deciding = create(
            &deployment,
            &self.store,
            &self.clock,
            &self.entropy,
            &session_event,
        );
        let left = DECISION_LIMIT.saturating_sub(begun.elapsed());
        let (created, follow_up) = if let Some(decided) = timeout(&self.clock, left, deciding).await
        {
            let challenge = decided.decision.challenge;
            let decision = Decision {
                trigger: "create",
                step: Some(challenge.step.name()),
                outcome: match decided.message {
                    Some(_) => "asks_and_sends",
                    None => "asks",
                },
                keys: &deployment.keys,
                decided: &decided,
                begun,
            };
            decision.log();
            metrics::slot_message(decided.reason);
            let slot = decided.refund_if_unsent;
            let delivery = decided
                .message
                .map(|message| PendingDelivery::code(message, challenge, slot, &deployment.keys));
            (
                decided.decision,
                FollowUp::of(delivery, decided.refund, decided.events),
            )
        } else {
            log::undecided("create", begun);
            let created = ask_again(&deployment, &self.clock, &self.entropy, &session_event);
            (created, None)
        };
        let text = created
            .challenge
            .to_text(&deployment.keys, &session_event.app_client);
        let value = event::encode(raw, &response(&created, text))?;
        Ok(HandlerResponse { value, follow_up })
    }

    async fn follow_up(&self, work: FollowUp, until: Instant) {
        delivery::follow_up(&self.courier, &self.store, &self.clock, work, until).await;
    }
}

fn response(created: &Created, text: String) -> CognitoEventUserPoolsCreateAuthChallengeResponse {
    let mut response = CognitoEventUserPoolsCreateAuthChallengeResponse::default();
    response.public_challenge_parameters = created
        .public
        .to_pairs()
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    // Cognito refuses a challenge without a private parameter.
    response
        .private_challenge_parameters
        .insert(CHALLENGE.to_owned(), text.clone());
    response.challenge_metadata = Some(text);
    response
}
