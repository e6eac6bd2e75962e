//! The doors of the resolvers: AppSync's and HTTP's, and the operator's. An event shows by its members
//! which of them it came through.

use std::pin::Pin;

use latchstring_core::ports::{
    AccessTokenVerifier, AdmissionHook, Captcha, ChallengeApi, Clock, CounterStore, Directory,
    Entropy, FlowStore, InvitationStore, LeaseStore, PendingStore, RedemptionStore, SessionStore,
    UndoStore,
};
use serde_json::Value;

use crate::handler::{Handler, HandlerResponse, PublicError};
use crate::keys::Deployments;
use crate::operator::{self, Operator};
use crate::resolver::{AccountResolver, BrowserSessions, SignInResolver};
use crate::{appsync, http};

impl<S, D, A, P, C, E, K, B, H> Handler for SignInResolver<S, D, A, P, C, E, K, B, H>
where
    S: FlowStore
        + RedemptionStore
        + LeaseStore
        + UndoStore
        + InvitationStore
        + CounterStore
        + SessionStore,
    D: Directory,
    A: ChallengeApi,
    P: Captcha,
    C: Clock,
    E: Entropy,
    K: Deployments,
    B: BrowserSessions,
    H: AdmissionHook,
{
    async fn handle(&self, event: Value) -> Result<HandlerResponse, PublicError> {
        serve(self, &event).await.map(HandlerResponse::from)
    }
}

impl<S, D, T, A, C, E, K, B> Handler for AccountResolver<S, D, T, A, C, E, K, B>
where
    S: PendingStore + UndoStore + InvitationStore + CounterStore + SessionStore,
    D: Directory,
    T: AccessTokenVerifier,
    A: ChallengeApi,
    C: Clock,
    E: Entropy,
    K: Deployments,
    B: BrowserSessions,
{
    async fn handle(&self, event: Value) -> Result<HandlerResponse, PublicError> {
        if let Some(operation) = Operator::read(&event) {
            return Ok(operator::serve(self, operation).await.into());
        }
        serve(self, &event).await.map(HandlerResponse::from)
    }
}

/// Lets the door of an event serve it. The future is on the heap and without its type: those of two
/// doors are large, and the compiler would verify each as a part of every caller's.
fn serve<'a>(
    resolver: &'a (impl appsync::Fields + http::Actions),
    event: &'a Value,
) -> Pin<Box<dyn Future<Output = Result<Value, PublicError>> + Send + 'a>> {
    // AppSync's event may have a `requestContext` too, which a function in front added
    // (`SourceOf::Http`). No client can write a member of this level.
    if event["info"].is_object() || !event["requestContext"].is_object() {
        Box::pin(appsync::serve(resolver, event))
    } else {
        Box::pin(http::serve(resolver, event))
    }
}
