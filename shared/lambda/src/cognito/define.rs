use aws_lambda_events::event::cognito::{
    CognitoEventUserPoolsDefineAuthChallenge, CognitoEventUserPoolsDefineAuthChallengeResponse,
};
use latchstring_core::flow::{Next, define};
use latchstring_core::policy::Deployment;
use latchstring_core::ports::{Clock, Courier, Directory, Store};
use serde_json::Value;
use tokio::time::{Instant, timeout};

use super::delivery::deliver;
use super::{BUDGET, DECIDING, event};
use crate::handler::{Handler, PublicError};
use crate::keys::Deployments;
use crate::log;

/// Define: what comes next.
#[derive(Clone, Debug)]
pub struct DefineTrigger<S, D, M, C, K = Deployment> {
    /// Keys and numbers.
    pub deployment: K,
    /// Flows.
    pub store: S,
    /// Accounts, read again before tokens are issued.
    pub directory: D,
    /// Who tells a contact that it was replaced.
    pub courier: M,
    /// The time.
    pub clock: C,
}

impl<S: Store, D: Directory, M: Courier, C: Clock, K: Deployments> Handler
    for DefineTrigger<S, D, M, C, K>
{
    async fn handle(&self, raw: Value) -> Result<Value, PublicError> {
        let deadline = Instant::now() + BUDGET;
        let event: CognitoEventUserPoolsDefineAuthChallenge = event::decode(&raw)?;
        let request = event.request;
        let turn = event::turn(
            &event.cognito_event_user_pools_header,
            request.user_not_found,
            &request.user_attributes,
            request.session,
            request.client_metadata,
        );
        let deciding = async {
            let deployment = self.deployment.deployment(&turn.key_ids()).await.ok()?;
            let (store, directory) = (&self.store, &self.directory);
            let decided = define(&deployment, store, directory, &self.clock, &turn).await;
            Some((deployment, decided))
        };
        let next = if let Ok(Some((deployment, decided))) = timeout(DECIDING, deciding).await {
            let outcome = match decided.decision {
                Next::Challenge => "challenge",
                Next::IssueTokens => "issue_tokens",
                Next::Fail => "fail",
            };
            log::decision("define", outcome, &deployment.keys, &decided);
            deliver(&self.courier, decided.message.as_ref(), deadline).await;
            decided.decision
        } else {
            tracing::warn!(trigger = "define", "out of time, or without keys");
            Next::Challenge
        };
        let mut response = CognitoEventUserPoolsDefineAuthChallengeResponse::default();
        match next {
            Next::Challenge => response.challenge_name = Some("CUSTOM_CHALLENGE".to_owned()),
            Next::IssueTokens => response.issue_tokens = true,
            Next::Fail => response.fail_authentication = true,
        }
        event::encode(raw, &response)
    }
}
