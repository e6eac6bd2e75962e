//! The two doors of the resolvers: AppSync's and HTTP's. An event shows by its members which of the
//! two it came through.

use latchstring_core::ports::{
    AccessTokenVerifier, Captcha, ChallengeApi, Clock, CounterStore, Directory, Entropy, FlowStore,
    LeaseStore, PendingStore, RedemptionStore, UndoStore,
};
use serde_json::Value;

use crate::handler::{Handler, HandlerResponse, PublicError};
use crate::keys::Deployments;
use crate::resolver::{AccountResolver, SignInResolver};
use crate::{appsync, http};

impl<S, D, A, P, C, E, K> Handler for SignInResolver<S, D, A, P, C, E, K>
where
    S: FlowStore + RedemptionStore + LeaseStore + UndoStore + CounterStore,
    D: Directory,
    A: ChallengeApi,
    P: Captcha,
    C: Clock,
    E: Entropy,
    K: Deployments,
{
    async fn handle(&self, event: Value) -> Result<HandlerResponse, PublicError> {
        serve(self, &event).await
    }
}

impl<S, D, T, A, C, E, K> Handler for AccountResolver<S, D, T, A, C, E, K>
where
    S: PendingStore + UndoStore + CounterStore,
    D: Directory,
    T: AccessTokenVerifier,
    A: ChallengeApi,
    C: Clock,
    E: Entropy,
    K: Deployments,
{
    async fn handle(&self, event: Value) -> Result<HandlerResponse, PublicError> {
        serve(self, &event).await
    }
}

async fn serve(
    resolver: &(impl appsync::Fields + http::Actions),
    event: &Value,
) -> Result<HandlerResponse, PublicError> {
    let answer = if event["requestContext"].is_object() {
        http::serve(resolver, event).await
    } else {
        appsync::serve(resolver, event).await
    };
    answer.map(HandlerResponse::from)
}
