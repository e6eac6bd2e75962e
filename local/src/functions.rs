//! The Lambdas, wired to memory and, through the real AWS SDK, to the Cognito stand-in.

use std::pin::Pin;

use latchstring_aws::{AwsEnvironment, CognitoChallengeApi, CognitoDirectory};
use latchstring_core::flow::Caller;
use latchstring_core::policy::Deployment;
use latchstring_lambda::appsync::SignInResolver;
use latchstring_lambda::cognito::{CreateTrigger, DefineTrigger, VerifyTrigger};
use latchstring_lambda::{OsEntropy, PublicError, answer};
use latchstring_local_appsync::{FunctionError, Functions};
use latchstring_local_cognito::{Trigger, TriggerError, TriggerFuture, Triggers};
use latchstring_memory::{Inbox, MemoryStore};
use serde_json::Value;

use crate::clock::LocalClock;

/// Every function of the deployment.
pub(crate) struct Lambdas {
    define: DefineTrigger<MemoryStore, CognitoDirectory, LocalClock>,
    create: CreateTrigger<MemoryStore, Inbox<LocalClock>, LocalClock, OsEntropy>,
    verify: VerifyTrigger<MemoryStore, LocalClock>,
    sign_in:
        SignInResolver<MemoryStore, CognitoDirectory, CognitoChallengeApi, LocalClock, OsEntropy>,
}

/// What the functions are wired to.
pub(crate) struct Wiring {
    pub(crate) deployment: Deployment,
    pub(crate) aws: AwsEnvironment,
    pub(crate) pool: String,
    pub(crate) client: String,
    pub(crate) legacy_pool: bool,
    pub(crate) inbox: Inbox<LocalClock>,
    pub(crate) clock: LocalClock,
}

impl Lambdas {
    /// The field of the schema that each function serves.
    pub(crate) const FIELDS: [(&'static str, &'static str); 2] = [
        ("Mutation.signIn", "sign-in"),
        ("Mutation.signInTicket", "sign-in"),
    ];

    pub(crate) fn new(wiring: Wiring) -> Self {
        let Wiring {
            deployment,
            aws,
            pool,
            client,
            legacy_pool,
            inbox,
            clock,
        } = wiring;
        let store = MemoryStore::default();
        let directory = CognitoDirectory::new(&aws, &pool);
        Self {
            define: DefineTrigger {
                deployment: deployment.clone(),
                store: store.clone(),
                directory: directory.clone(),
                clock: clock.clone(),
            },
            create: CreateTrigger {
                deployment: deployment.clone(),
                store: store.clone(),
                courier: inbox,
                clock: clock.clone(),
                entropy: OsEntropy,
            },
            verify: VerifyTrigger {
                deployment: deployment.clone(),
                store: store.clone(),
                clock: clock.clone(),
            },
            sign_in: SignInResolver {
                deployment,
                caller: Caller::new(pool, client.clone()),
                legacy_pool,
                store,
                directory,
                api: CognitoChallengeApi::new(&aws, client),
                clock,
                entropy: OsEntropy,
            },
        }
    }
}

impl Triggers for Lambdas {
    fn invoke(&self, trigger: Trigger, event: Value) -> TriggerFuture<'_> {
        Box::pin(async move {
            let answered = match trigger {
                Trigger::Define => answer(&self.define, event).await,
                Trigger::Create => answer(&self.create, event).await,
                Trigger::Verify => answer(&self.verify, event).await,
            };
            answered.map_err(|error| TriggerError {
                message: error.to_string(),
            })
        })
    }
}

impl Functions for Lambdas {
    fn invoke(
        &self,
        function: &str,
        event: Value,
    ) -> Pin<Box<dyn Future<Output = Result<Value, FunctionError>> + Send + '_>> {
        let known = function == "sign-in";
        Box::pin(async move {
            let answered = if known {
                answer(&self.sign_in, event).await
            } else {
                Err(PublicError::Internal)
            };
            answered.map_err(|error| FunctionError {
                error_type: "Internal".to_owned(),
                message: error.to_string(),
            })
        })
    }
}
