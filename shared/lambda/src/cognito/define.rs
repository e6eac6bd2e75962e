use std::convert::Infallible;
use std::mem;

use aws_lambda_events::event::cognito::{
    CognitoEventUserPoolsDefineAuthChallenge, CognitoEventUserPoolsDefineAuthChallengeResponse,
};
use futures_util::future::join;
use latchstring_core::flow::{DefineReason, Next, Step, define};
use latchstring_core::policy::Deployment;
use latchstring_core::ports::{Clock, Courier, Directory, EventBus, Store};
use serde_json::Value;
use tokio::time::Instant;

use super::{DECISION_LIMIT, event};
use crate::delivery::{self, FollowUp, PendingDelivery};
use crate::handler::{FollowsUp, Handler, HandlerResponse, PublicError};
use crate::keys::Deployments;
use crate::log::{self, Decision};
use crate::metrics;
use crate::outbox;
use crate::self_test::{Examined, KeyRingIds, NO_FLOW};
use crate::system::timeout;

/// Define: decides the next step of a session.
#[derive(Clone, Debug)]
pub struct DefineTrigger<S, D, M, C, K = Deployment, B = Infallible> {
    /// The source of keys and settings.
    pub deployment: K,
    /// The store of flows.
    pub store: S,
    /// The accounts, read again before tokens are issued.
    pub directory: D,
    /// The courier that notifies a contact of a change.
    pub courier: M,
    /// The bus, if events are published.
    pub bus: Option<B>,
    /// The clock.
    pub clock: C,
}

impl<S, D, M, C, K, B> Handler for DefineTrigger<S, D, M, C, K, B>
where
    S: Store,
    D: Directory,
    M: Courier,
    C: Clock,
    K: Deployments,
    B: EventBus,
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
        let event: CognitoEventUserPoolsDefineAuthChallenge = event::decode(&raw)?;
        let request = event.request;
        let session_event = event::session_event(
            &event.cognito_event_user_pools_header,
            request.user_not_found,
            &request.user_attributes,
            request.session,
            request.client_metadata,
        );
        let deciding = async {
            let deployment = self
                .deployment
                .deployment(&session_event.key_ids())
                .await
                .ok()?;
            let (store, directory) = (&self.store, &self.directory);
            let decided = define(&deployment, store, directory, &self.clock, &session_event).await;
            Some((deployment, decided))
        };
        let left = DECISION_LIMIT.saturating_sub(begun.elapsed());
        let (next, follow_up) =
            if let Some(Some((deployment, decided))) = timeout(&self.clock, left, deciding).await {
                let outcome = match decided.decision {
                    Next::Challenge => "challenge",
                    Next::IssueTokens => "issue_tokens",
                    Next::Fail => "fail",
                };
                let keys = &deployment.keys;
                let decision = Decision {
                    trigger: "define",
                    step: decided.answered.as_ref().map(Step::name),
                    outcome,
                    keys,
                    decided: &decided,
                    begun,
                };
                decision.log();
                if decided.reason == DefineReason::ChangeUndone {
                    metrics::contact_change_undone();
                }
                let delivery = decided
                    .message
                    .map(|message| PendingDelivery::notice(message, decided.flow, keys));
                (
                    decided.decision,
                    FollowUp::of(delivery, decided.refund, decided.events),
                )
            } else {
                log::undecided("define", begun);
                (Next::Challenge, None)
            };
        let mut response = CognitoEventUserPoolsDefineAuthChallengeResponse::default();
        match next {
            Next::Challenge => response.challenge_name = Some("CUSTOM_CHALLENGE".to_owned()),
            Next::IssueTokens => response.issue_tokens = true,
            Next::Fail => response.fail_authentication = true,
        }
        let value = event::encode(raw, &response)?;
        Ok(HandlerResponse { value, follow_up })
    }

    async fn follow_up(&self, mut work: FollowUp, until: Instant) {
        let (store, clock) = (&self.store, &self.clock);
        let events = mem::take(&mut work.events);
        join(
            delivery::follow_up(&self.courier, store, clock, work, until),
            outbox::publish(store, self.bus.as_ref(), clock, events, until),
        )
        .await;
    }
}
