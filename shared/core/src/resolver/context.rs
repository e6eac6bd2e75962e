//! The settings and ports that every resolver borrows.

use crate::effects::{Clock, Entropy};
use crate::outbox::Events;
use crate::policy::Deployment;
use crate::ports::{ChallengeApi, CounterStore, Directory, OutboxStore, PortError};
use crate::record::event::OutboxEntry;
use crate::value::app_client::AppClient;

/// The types of the ports that every resolver has. A resolver that needs more of the store than the
/// counters and the outbox adds the traits to [`Ports::Store`], as in `P: Ports<Store: PendingStore>`.
pub trait Ports {
    /// The store.
    type Store: CounterStore + OutboxStore;
    /// The accounts.
    type Directory: Directory;
    /// Cognito's API for clients.
    type Api: ChallengeApi;
    /// The clock.
    type Clock: Clock;
    /// The source of randomness.
    type Entropy: Entropy;
}

/// The types of a store, a directory, an API, a clock and an entropy.
impl<S, D, A, C, E> Ports for (S, D, A, C, E)
where
    S: CounterStore + OutboxStore,
    D: Directory,
    A: ChallengeApi,
    C: Clock,
    E: Entropy,
{
    type Store = S;
    type Directory = D;
    type Api = A;
    type Clock = C;
    type Entropy = E;
}

/// The settings and ports of a resolver.
pub struct Context<'a, P: Ports> {
    /// Keys and settings.
    pub deployment: &'a Deployment,
    /// The pool and client that sessions are opened for.
    pub app_client: &'a AppClient,
    /// Budgets, flows, redemptions, leases and pending contacts.
    pub store: &'a P::Store,
    /// Accounts.
    pub directory: &'a P::Directory,
    /// Cognito's API for clients.
    pub api: &'a P::Api,
    /// The current time.
    pub clock: &'a P::Clock,
    /// The source of randomness.
    pub entropy: &'a P::Entropy,
}

impl<P: Ports> Context<'_, P> {
    /// Puts an event into the outbox, if events are published, and returns it if its account is known. A
    /// change whose event cannot be written is not made.
    pub(super) async fn note_event(
        &self,
        entry: impl FnOnce() -> OutboxEntry,
    ) -> Result<Events, PortError> {
        let mut events = Events::default();
        if self.deployment.policy.events {
            let entry = entry();
            self.store.put_event(&entry).await?;
            if let Some(sub) = &entry.sub {
                // By its id: it may have been published before.
                events.add_stored(entry.id(), sub);
            }
        }
        Ok(events)
    }

    /// The client that device tokens are sealed for, whichever client they are remembered at: a
    /// browser is known to the account, and its budget is one.
    pub(crate) fn device_client(&self) -> AppClient {
        let first = self.deployment.policy.clients.first();
        let pool = self.app_client.pool();
        first.map_or_else(
            || self.app_client.clone(),
            |first| AppClient::new(pool, first),
        )
    }
}
