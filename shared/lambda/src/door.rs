//! The doors of the resolvers: AppSync's and HTTP's, and the operator's. An event shows by its members
//! which of them it came through.

use std::pin::Pin;

use latchstring_core::identifier::Method;
use latchstring_core::ports::{
    AccessTokenVerifier, AdmissionHook, Captcha, ChallengeApi, Clock, CounterStore, Directory,
    Entropy, FlowStore, InvitationStore, LeaseStore, OutboxStore, PendingStore, RedemptionStore,
    SessionStore, UndoStore,
};
use serde_json::Value;
use tokio::time::Instant;

use crate::config::Doors;
use crate::delivery::FollowUp;
use crate::handler::{FollowsUp, Handler, HandlerResponse, PublicError};
use crate::keys::Deployments;
use crate::operator::{self, Operator};
use crate::resolver::{AccountResolver, BrowserSessions, SignInResolver};
use crate::self_test::{Examined, KeyRingIds, NO_FLOW, no_account};
use crate::{appsync, http};

impl<S, D, A, P, C, E, K, B, H> Handler for SignInResolver<S, D, A, P, C, E, K, B, H>
where
    S: FlowStore
        + RedemptionStore
        + LeaseStore
        + UndoStore
        + InvitationStore
        + CounterStore
        + OutboxStore
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
    async fn examine(&self) -> Examined {
        Examined {
            key_ring: Some(KeyRingIds::read(&self.deployment).await),
            table: Some(self.store.flow(NO_FLOW).await.map(|_| ())),
        }
    }

    async fn handle(&self, event: Value) -> Result<HandlerResponse, PublicError> {
        serve(self, &event).await
    }
}

impl<S, D, T, A, C, E, K, B> Handler for AccountResolver<S, D, T, A, C, E, K, B>
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
    async fn examine(&self) -> Examined {
        Examined {
            key_ring: Some(KeyRingIds::read(&self.deployment).await),
            table: Some(
                self.store
                    .pending(&no_account(), Method::Email)
                    .await
                    .map(|_| ()),
            ),
        }
    }

    async fn handle(&self, event: Value) -> Result<HandlerResponse, PublicError> {
        if let Some(operation) = Operator::read(&event) {
            return Ok(operator::serve(self, operation).await.into());
        }
        serve(self, &event).await
    }
}

/// A resolver behind the doors that a deployment opens.
#[derive(Clone, Debug)]
pub struct Behind<H> {
    /// The doors.
    pub doors: Doors,
    /// The resolver.
    pub resolver: H,
}

impl<H: Handler> Handler for Behind<H> {
    const FOLLOWS_UP: FollowsUp = H::FOLLOWS_UP;

    async fn handle(&self, event: Value) -> Result<HandlerResponse, PublicError> {
        // An operator uses no door of clients.
        let is_clients = || Operator::read(&event).is_none();
        if self.doors == Doors::Http && !is_http(&event) && is_clients() {
            return Err(PublicError::UnreadableEvent);
        }
        self.resolver.handle(event).await
    }

    async fn follow_up(&self, work: FollowUp, until: Instant) {
        self.resolver.follow_up(work, until).await;
    }

    async fn examine(&self) -> Examined {
        self.resolver.examine().await
    }
}

/// Lets the door of an event serve it. The future is on the heap and without its type: those of two
/// doors are large, and the compiler would verify each as a part of every caller's.
fn serve<'a>(
    resolver: &'a (impl appsync::Fields + http::Actions),
    event: &'a Value,
) -> Pin<Box<dyn Future<Output = Result<HandlerResponse, PublicError>> + Send + 'a>> {
    if is_http(event) {
        Box::pin(http::serve(resolver, event))
    } else if http::Actions::sessions(resolver).mode().is_some() {
        // Its answers have tokens and sessions of Cognito, which no client of session mode gets.
        Box::pin(std::future::ready(Err(PublicError::UnreadableEvent)))
    } else {
        Box::pin(appsync::serve(resolver, event))
    }
}

/// Returns whether an event came through the HTTP door. AppSync's may have a `requestContext` too,
/// which a function in front added (`SourceOf::Http`). No client can write a member of this level.
fn is_http(event: &Value) -> bool {
    !event["info"].is_object() && event["requestContext"].is_object()
}
