use latchstring_core::policy::Deployment;
use latchstring_lambda::cognito::{CreateTrigger, DefineTrigger, VerifyTrigger};

/// The ports that the triggers of a deployment share.
#[derive(Clone, Debug)]
pub struct TriggerPorts<S, D, M, C, E> {
    /// The store of flows.
    pub store: S,
    /// The accounts.
    pub directory: D,
    /// The courier.
    pub courier: M,
    /// The clock.
    pub clock: C,
    /// The source of randomness.
    pub entropy: E,
}

/// The three triggers of a deployment.
#[derive(Clone, Debug)]
pub struct Triggers<S, D, M, C, E> {
    /// Define.
    pub define: DefineTrigger<S, D, M, C>,
    /// Create.
    pub create: CreateTrigger<S, M, C, E>,
    /// Verify.
    pub verify: VerifyTrigger<S, C, E>,
}

impl<S: Clone, D, M: Clone, C: Clone, E: Clone> Triggers<S, D, M, C, E> {
    /// Makes the triggers of a deployment over these ports.
    pub fn new(deployment: &Deployment, ports: TriggerPorts<S, D, M, C, E>) -> Self {
        let TriggerPorts {
            store,
            directory,
            courier,
            clock,
            entropy,
        } = ports;
        Self {
            define: DefineTrigger {
                deployment: deployment.clone(),
                store: store.clone(),
                directory,
                courier: courier.clone(),
                bus: None,
                clock: clock.clone(),
            },
            create: CreateTrigger {
                deployment: deployment.clone(),
                store: store.clone(),
                courier,
                clock: clock.clone(),
                entropy: entropy.clone(),
            },
            verify: VerifyTrigger {
                deployment: deployment.clone(),
                store,
                clock,
                entropy,
            },
        }
    }
}
