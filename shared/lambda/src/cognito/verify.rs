use aws_lambda_events::event::cognito::{
    CognitoEventUserPoolsVerifyAuthChallenge, CognitoEventUserPoolsVerifyAuthChallengeResponse,
};
use latchstring_core::flow::{AnswerEvent, Step, Verdict, verify};
use latchstring_core::policy::Deployment;
use latchstring_core::ports::{
    Clock, CounterStore, Entropy, FlowStore, RedemptionStore, UndoStore,
};
use latchstring_core::secret::Secret;
use serde_json::Value;
use tokio::time::Instant;

use super::{RESPONSE_LIMIT, event};
use crate::handler::{Handler, HandlerResponse, PublicError};
use crate::keys::Deployments;
use crate::log::{self, Decision};
use crate::metrics;
use crate::self_test::{Examined, KeyRingIds, NO_FLOW};
use crate::system::timeout;

/// Verify: records an answer and returns its verdict.
#[derive(Clone, Debug)]
pub struct VerifyTrigger<S, C, E, K = Deployment> {
    /// The source of keys and settings.
    pub deployment: K,
    /// The store of flows.
    pub store: S,
    /// The clock.
    pub clock: C,
    /// The source of randomness.
    pub entropy: E,
}

impl<S, C, E, K> Handler for VerifyTrigger<S, C, E, K>
where
    S: FlowStore + RedemptionStore + UndoStore + CounterStore,
    C: Clock,
    E: Entropy,
    K: Deployments,
{
    async fn examine(&self) -> Examined {
        Examined {
            key_ring: Some(KeyRingIds::read(&self.deployment).await),
            table: Some(self.store.flow(NO_FLOW).await.map(|_| ())),
        }
    }

    async fn handle(&self, raw: Value) -> Result<HandlerResponse, PublicError> {
        let begun = Instant::now();
        let event: CognitoEventUserPoolsVerifyAuthChallenge = event::decode(&raw)?;
        let mut request = event.request;
        let answer_event = AnswerEvent {
            app_client: event::app_client(&event.cognito_event_user_pools_header),
            user: event::user(request.user_not_found, &request.user_attributes),
            challenge: request
                .private_challenge_parameters
                .remove(super::create::CHALLENGE),
            // An answer that is not a text cannot be right.
            answer: Secret::new(
                request
                    .challenge_answer
                    .as_ref()
                    .and_then(Value::as_str)
                    .unwrap_or_default(),
            ),
            request: event::request(request.client_metadata),
        };
        let verifying = async {
            let deployment = self
                .deployment
                .deployment(&answer_event.key_ids())
                .await
                .ok()?;
            let verifying = verify(
                &deployment,
                &self.store,
                &self.clock,
                &self.entropy,
                &answer_event,
            );
            let decided = verifying.await;
            Some((deployment, decided))
        };
        let left = RESPONSE_LIMIT.saturating_sub(begun.elapsed());
        let verified = timeout(&self.clock, left, verifying).await;
        let verdict = if let Some(Some((deployment, decided))) = verified {
            let outcome = match decided.decision {
                Verdict::Right(_) => "right",
                Verdict::Wrong => "wrong",
            };
            let decision = Decision {
                trigger: "verify",
                step: decided.answered.as_ref().map(Step::name),
                outcome,
                keys: &deployment.keys,
                decided: &decided,
                begun,
            };
            decision.log();
            metrics::verdict(decided.reason, decided.answered.as_ref());
            decided.decision
        } else {
            log::undecided("verify", begun);
            Verdict::Wrong
        };
        let mut response = CognitoEventUserPoolsVerifyAuthChallengeResponse::default();
        response.answer_correct = matches!(verdict, Verdict::Right(_));
        event::encode(raw, &response).map(HandlerResponse::from)
    }
}
