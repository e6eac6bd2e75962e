//! A deployment whose port calls go through one wire, and its pool.

use std::time::Duration;

use latchstring_core::account::Account;
use latchstring_core::policy::Deployment;
use latchstring_core::ports::{AccessTokenVerifier, Clock, Directory, PortError};
use latchstring_core::secret::Secret;
use latchstring_lambda::cognito::DefineTrigger;
use latchstring_lambda::{DELIVERY, Handler, HandlerResponse};
use latchstring_memory::{
    Inbox, ManualClock, MemoryBus, MemoryDirectory, MemoryStore, SeededEntropy,
};
use latchstring_testkit::{Invoke, Trigger, TriggerPorts, Triggers, Wire};
use serde_json::Value;
use tokio::time::Instant;

use crate::Flaky;

/// The time limit of a trigger. Cognito allows 5 s.
const TRIGGER: Duration = Duration::from_millis(3500);

pub(crate) const POOL: &str = "us-east-1_POOL";
pub(crate) const CLIENT: &str = "client";

pub(crate) type Pool = latchstring_testkit::Pool<FlakyTriggers>;

/// The ports that the triggers and resolvers share.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) deployment: Deployment,
    pub(crate) clock: ManualClock,
    pub(crate) entropy: SeededEntropy,
    pub(crate) wire: Wire,
    pub(crate) store: Flaky<MemoryStore>,
    pub(crate) directory: Flaky<MemoryDirectory>,
    pub(crate) inbox: Inbox<ManualClock>,
    pub(crate) bus: Flaky<MemoryBus>,
    pub(crate) pool: Pool,
}

impl World {
    pub(crate) fn new(deployment: Deployment, clock: ManualClock) -> Self {
        let wire = Wire::new(clock.clone());
        let accounts = MemoryDirectory::default();
        let entropy = SeededEntropy::new(1);
        let store = Flaky::new(MemoryStore::with_outbox(), wire.clone());
        let directory = Flaky::new(accounts.clone(), wire.clone());
        let inbox = Inbox::new(clock.clone());
        let bus = Flaky::new(MemoryBus::default(), wire.clone());
        let ports = TriggerPorts {
            store: store.clone(),
            directory: directory.clone(),
            courier: Flaky::new(inbox.clone(), wire.clone()),
            clock: clock.clone(),
            entropy: entropy.clone(),
        };
        let triggers = Triggers::new(&deployment, ports);
        let define = triggers.define.clone();
        let triggers = FlakyTriggers {
            clock: clock.clone(),
            define: DefineTrigger {
                deployment: define.deployment,
                store: define.store,
                directory: define.directory,
                courier: define.courier,
                bus: Some(bus.clone()),
                clock: define.clock,
            },
            triggers,
        };
        Self {
            deployment,
            clock,
            entropy,
            wire,
            store,
            directory,
            inbox,
            bus,
            pool: Pool::new(POOL, CLIENT, accounts, triggers),
        }
    }

    /// Returns the latest code that arrived, and the number of messages with a code.
    pub(crate) fn codes(&self) -> (Option<String>, usize) {
        let messages = self.inbox.messages(None, usize::MAX);
        let codes = messages.iter().filter_map(|it| it.message.code.as_ref());
        let mut codes = codes.map(|code| code.digits().to_owned());
        let latest = codes.next();
        let count = usize::from(latest.is_some()) + codes.count();
        (latest, count)
    }
}

/// Invokes a function, which responds within its time limit.
pub(crate) async fn invoke(
    clock: &ManualClock,
    handler: &impl Handler,
    event: Value,
    time: Duration,
) -> Value {
    let started = clock.now();
    let answered = handler.handle(event).await;
    let HandlerResponse { value, follow_up } = answered.expect("a function does not throw");
    assert!(clock.now().since(started) <= time, "an answer in time");
    if let Some(work) = follow_up {
        let answered = clock.now();
        handler.follow_up(work, Instant::now() + DELIVERY).await;
        let took = clock.now().since(answered);
        assert!(took <= DELIVERY, "the work in time");
    }
    value
}

type Define = DefineTrigger<
    Flaky<MemoryStore>,
    Flaky<MemoryDirectory>,
    Flaky<Inbox<ManualClock>>,
    ManualClock,
    Deployment,
    Flaky<MemoryBus>,
>;

/// The triggers, over ports whose calls the wire carries.
pub(crate) struct FlakyTriggers {
    clock: ManualClock,
    /// Define, with a bus.
    define: Define,
    triggers: Triggers<
        Flaky<MemoryStore>,
        Flaky<MemoryDirectory>,
        Flaky<Inbox<ManualClock>>,
        ManualClock,
        SeededEntropy,
    >,
}

impl Invoke for FlakyTriggers {
    async fn invoke(&self, trigger: Trigger, event: Value) -> Value {
        let (clock, triggers) = (&self.clock, &self.triggers);
        let mut answered = match trigger {
            Trigger::Define => invoke(clock, &self.define, event, TRIGGER).await,
            Trigger::Create => invoke(clock, &triggers.create, event, TRIGGER).await,
            Trigger::Verify => invoke(clock, &triggers.verify, event, TRIGGER).await,
        };
        answered["response"].take()
    }
}

/// The verifier of access tokens that consist of their holder's name.
pub(crate) struct NameTokens(pub(crate) MemoryDirectory);

impl AccessTokenVerifier for NameTokens {
    async fn holder(&self, access_token: &Secret) -> Result<Option<Account>, PortError> {
        self.0.find(access_token.expose()).await
    }
}
