use aws_lambda_events::event::cognito::{
    CognitoEventUserPoolsCreateAuthChallenge, CognitoEventUserPoolsCreateAuthChallengeResponse,
};
use latchstring_core::flow::{Created, ask_again, create};
use latchstring_core::policy::Deployment;
use latchstring_core::ports::{Clock, Courier, Entropy, Store};
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::delivery::deliver;
use super::{BUDGET, DECIDING, event};
use crate::handler::{Handler, PublicError};
use crate::keys::Deployments;
use crate::log;

/// The private parameter that carries the challenge to Verify.
pub(super) const CHALLENGE: &str = "challenge";

/// Create: asks the question and delivers the code.
#[derive(Clone, Debug)]
pub struct CreateTrigger<S, M, C, E, K = Deployment> {
    /// Keys and numbers.
    pub deployment: K,
    /// Flows.
    pub store: S,
    /// Who delivers.
    pub courier: M,
    /// The time.
    pub clock: C,
    /// Randomness.
    pub entropy: E,
}

impl<S: Store, M: Courier, C: Clock, E: Entropy, K: Deployments> Handler
    for CreateTrigger<S, M, C, E, K>
{
    async fn handle(&self, raw: Value) -> Result<Value, PublicError> {
        let begun = Instant::now();
        let event: CognitoEventUserPoolsCreateAuthChallenge = event::decode(&raw)?;
        let request = event.request;
        let turn = event::turn(
            &event.cognito_event_user_pools_header,
            request.user_not_found,
            &request.user_attributes,
            request.session,
            request.client_metadata,
        );
        // Without keys there is no question that could be asked.
        let deployment = self.deployment.deployment(&turn.key_ids()).await;
        let deployment = deployment.map_err(|_| PublicError::Unavailable)?;
        let deciding = create(&deployment, &self.store, &self.clock, &self.entropy, &turn);
        let created = if let Ok(decided) = timeout_at(begun + DECIDING, deciding).await {
            let outcome = decided.decision.challenge.step.name();
            log::decision("create", outcome, &deployment.keys, &decided);
            deliver(&self.courier, decided.message.as_ref(), begun + BUDGET).await;
            decided.decision
        } else {
            tracing::warn!(trigger = "create", "out of time");
            ask_again(&deployment, &self.clock, &self.entropy, &turn)
        };
        let text = created.challenge.to_text(&deployment.keys, &turn.caller);
        event::encode(raw, &response(&created, text))
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
