use std::sync::Arc;

use latchstring_core::flow::AppClient;
use latchstring_core::keys::{Key, KeyId, KeyRing};
use latchstring_core::policy::{Deployment, Policy};
use latchstring_core::rate_limit::{Countries, Price};
use latchstring_core::time::Timestamp;
use latchstring_lambda::{DELIVERY, Handler, PublicError, answer, follow_up};
use latchstring_memory::{Inbox, ManualClock, MemoryDirectory, MemoryStore, SeededEntropy};
use serde_json::Value;
use tokio::time::Instant;

use crate::{Invoke, Trigger, TriggerPorts, Triggers};

/// Returns a deployment for one client, with one key. It sends SMS to every country.
///
/// # Panics
/// If `key` is not a key id.
pub fn deployment(client: &str, key: &str) -> Deployment {
    let mut policy = Policy::for_clients(vec![client.to_owned()]);
    policy.budgets.sms.countries = Countries::All(Price::hundredths(10));
    let id = KeyId::parse(key).expect("an id");
    // Invariant: 32 bytes are enough.
    let key = Key::new(id, &[7; 32]).expect("a key");
    Deployment {
        policy,
        keys: KeyRing::new(key, None, None).expect("one key is a ring"),
    }
}

/// A deployment on the ports in memory, with an injected clock and entropy.
pub struct World {
    /// The settings and keys.
    pub deployment: Deployment,
    /// The served pool and client.
    pub app_client: AppClient,
    /// The clock.
    pub clock: ManualClock,
    /// The store.
    pub store: MemoryStore,
    /// The accounts.
    pub directory: MemoryDirectory,
    /// The messages that arrived.
    pub inbox: Inbox<ManualClock>,
    /// The triggers over these ports.
    pub triggers:
        Triggers<MemoryStore, MemoryDirectory, Inbox<ManualClock>, ManualClock, SeededEntropy>,
}

impl World {
    /// Makes a deployment with an empty pool.
    pub fn new(deployment: Deployment, pool: &str, client: &str, now: Timestamp) -> Self {
        let clock = ManualClock::at(now);
        let (store, directory) = (MemoryStore::default(), MemoryDirectory::default());
        let inbox = Inbox::new(clock.clone());
        let ports = TriggerPorts {
            store: store.clone(),
            directory: directory.clone(),
            courier: inbox.clone(),
            clock: clock.clone(),
            entropy: SeededEntropy::new(1),
        };
        Self {
            triggers: Triggers::new(&deployment, ports),
            app_client: AppClient::new(pool, client),
            deployment,
            clock,
            store,
            directory,
            inbox,
        }
    }

    /// Invokes a trigger and does the work that its response leaves.
    pub async fn handle(trigger: &impl Handler, event: Value) -> Result<Value, PublicError> {
        let answer = answer(trigger, event).await?;
        if let Some(work) = answer.follow_up {
            follow_up(trigger, work, Instant::now() + DELIVERY).await;
        }
        Ok(answer.value)
    }
}

impl Invoke for Arc<World> {
    async fn invoke(&self, trigger: Trigger, event: Value) -> Value {
        let triggers = &self.triggers;
        let answered = match trigger {
            Trigger::Define => World::handle(&triggers.define, event).await,
            Trigger::Create => World::handle(&triggers.create, event).await,
            Trigger::Verify => World::handle(&triggers.verify, event).await,
        };
        // Invariant: the pool makes well-formed events.
        answered.expect("an event of Cognito's")["response"].take()
    }
}
