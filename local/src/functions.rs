//! The Lambdas' handlers, wired to memory and, through the real AWS SDK, to the Cognito stand-in.

use std::pin::Pin;
use std::sync::Arc;

use latchstring_aws::{
    Aws, CognitoCalls, CognitoChallengeApi, CognitoDirectory, CognitoRefreshTokens, CognitoTokens,
    KeptSecret,
};
use latchstring_core::flow::AppClient;
use latchstring_core::policy::Deployment;
use latchstring_lambda::cognito::{CreateTrigger, DefineTrigger, VerifyTrigger};
use latchstring_lambda::config::{ConfigError, Environment};
use latchstring_lambda::http::openapi;
use latchstring_lambda::resolver::{AccountResolver, SessionMode, SignInResolver, SourceOf};
use latchstring_lambda::{OsEntropy, OutboxSweeper, PublicError, Publishing, answer};
use latchstring_local_appsync as appsync;
use latchstring_local_cognito::{Trigger, TriggerError, TriggerFuture, Triggers};
use latchstring_local_http_api as http_api;
use latchstring_memory::{FixedCaptcha, Inbox, MemoryBus, MemoryStore};
use latchstring_testkit::Carried;
use serde_json::{Value, json};

use crate::clock::LocalClock;
use crate::deliveries::Deliveries;
use crate::outages::PortOutages;
use crate::sessions::SessionSecrets;

const SIGN_IN: &str = "sign-in";
const SIGN_UP: &str = "sign-up";

/// A port whose calls fail, without effect, while [`PortOutages`] says so.
type Failing<P> = Carried<P, PortOutages>;
type LocalStore = Failing<MemoryStore>;
type LocalCourier = Failing<Inbox<LocalClock>>;
/// Session mode, if it is on.
type LocalSessions = Option<SessionMode<CognitoRefreshTokens, KeptSecret>>;

type LocalAccount = AccountResolver<
    LocalStore,
    CognitoDirectory,
    CognitoTokens,
    CognitoChallengeApi,
    LocalClock,
    OsEntropy,
    Deployment,
    LocalSessions,
>;

/// Every function of the deployment.
pub(crate) struct Lambdas {
    deliveries: Deliveries,
    define: Arc<
        DefineTrigger<
            LocalStore,
            CognitoDirectory,
            LocalCourier,
            LocalClock,
            Deployment,
            MemoryBus,
        >,
    >,
    sweeper: OutboxSweeper<LocalStore, CognitoDirectory, MemoryBus, LocalClock>,
    create: Arc<CreateTrigger<LocalStore, LocalCourier, LocalClock, OsEntropy>>,
    verify: VerifyTrigger<LocalStore, LocalClock, OsEntropy>,
    sign_in: SignInResolver<
        LocalStore,
        CognitoDirectory,
        CognitoChallengeApi,
        Failing<FixedCaptcha>,
        LocalClock,
        OsEntropy,
        Deployment,
        LocalSessions,
    >,
    account: Arc<Publishing<LocalAccount, LocalStore, MemoryBus, LocalClock>>,
}

/// The dependencies of the functions.
pub(crate) struct Wiring {
    pub(crate) deployment: Deployment,
    pub(crate) aws: Aws,
    pub(crate) pool: String,
    pub(crate) client: String,
    pub(crate) legacy_pool: bool,
    pub(crate) cognito_calls: CognitoCalls,
    pub(crate) session_secrets: Option<SessionSecrets>,
    pub(crate) captcha: Option<FixedCaptcha>,
    pub(crate) inbox: Inbox<LocalClock>,
    pub(crate) bus: MemoryBus,
    pub(crate) deliveries: Deliveries,
    pub(crate) clock: LocalClock,
    pub(crate) outages: PortOutages,
}

impl Lambdas {
    /// The field of the schema that each function serves.
    pub(crate) const FIELDS: [(&'static str, &'static str); 9] = [
        ("Mutation.signIn", SIGN_IN),
        ("Mutation.signInTicket", SIGN_IN),
        ("Mutation.undoContactChange", SIGN_IN),
        ("Mutation.rememberDevice", SIGN_UP),
        ("Mutation.forgetDevices", SIGN_UP),
        ("Mutation.signUp", SIGN_UP),
        ("Mutation.updateName", SIGN_UP),
        ("Mutation.changeContact", SIGN_UP),
        ("Query.pendingContact", SIGN_UP),
    ];

    /// Returns the routes of the HTTP API: those of its OpenAPI document. The function sign-up serves
    /// signed-in callers, whose tokens the authorizer checks, as infra/lib/http-api.ts deploys it. In
    /// session mode a cookie names the caller, which no authorizer reads.
    pub(crate) fn routes(is_session_mode: bool) -> Vec<http_api::Route> {
        let document = openapi();
        let paths = document["paths"].as_object().into_iter().flatten();
        let operations = paths.flat_map(|(path, item)| {
            let operations = item.as_object().into_iter().flatten();
            operations.map(move |(method, operation)| (method, path, operation))
        });
        operations
            .map(|(method, path, operation)| {
                let is_for_anyone = operation["tags"][0] == "sign-in";
                let mut schemes = operation["security"].as_array().into_iter().flatten();
                let takes_token = schemes.any(|scheme| scheme["accessToken"].is_array());
                http_api::Route {
                    key: format!("{} {path}", method.to_uppercase()),
                    function: if is_for_anyone { SIGN_IN } else { SIGN_UP }.to_owned(),
                    is_signed_in: takes_token && !is_session_mode,
                }
            })
            .collect()
    }

    pub(crate) fn new(wiring: Wiring) -> Result<Self, ConfigError> {
        let Wiring {
            deployment,
            aws,
            pool,
            client,
            legacy_pool,
            cognito_calls,
            session_secrets,
            captcha,
            inbox,
            bus,
            deliveries,
            clock,
            outages,
        } = wiring;
        let store = Failing::new(
            if deployment.policy.events {
                MemoryStore::with_outbox()
            } else {
                MemoryStore::default()
            },
            outages.clone(),
        );
        let courier = Failing::new(inbox, outages.clone());
        let directory = CognitoDirectory::new(&aws, &pool);
        let settings = session_secrets.as_ref().map(SessionSecrets::settings);
        let environment = Environment::Pairs(settings.as_ref().map_or(&[], |all| &all[..]));
        let sessions = environment.session_mode(
            |secret| CognitoRefreshTokens::new(&aws, &client, Some(secret)),
            |credential| KeptSecret::new(&aws, credential),
        )?;
        let api = CognitoChallengeApi::by(cognito_calls, &aws, &pool, &client)
            .with_secret(&aws, environment.client_secret()?);
        let app_client = AppClient::new(pool, client);
        Ok(Self {
            deliveries,
            define: Arc::new(DefineTrigger {
                deployment: deployment.clone(),
                store: store.clone(),
                directory: directory.clone(),
                courier: courier.clone(),
                bus: Some(bus.clone()),
                clock: clock.clone(),
            }),
            sweeper: OutboxSweeper {
                store: store.clone(),
                directory: directory.clone(),
                bus: bus.clone(),
                clock: clock.clone(),
            },
            create: Arc::new(CreateTrigger {
                deployment: deployment.clone(),
                store: store.clone(),
                courier,
                clock: clock.clone(),
                entropy: OsEntropy,
            }),
            verify: VerifyTrigger {
                deployment: deployment.clone(),
                store: store.clone(),
                clock: clock.clone(),
                entropy: OsEntropy,
            },
            sign_in: SignInResolver {
                hook: None,
                deployment: deployment.clone(),
                app_client: app_client.clone(),
                legacy_pool,
                source: SourceOf::Off,
                origin: None,
                sessions: sessions.clone(),
                store: store.clone(),
                directory: directory.clone(),
                api: api.clone(),
                captcha: captcha.map(|captcha| Failing::new(captcha, outages)),
                clock: clock.clone(),
                entropy: OsEntropy,
            },
            account: Arc::new(Publishing {
                handler: AccountResolver {
                    deployment,
                    app_client,
                    // Every caller is 127.0.0.1 here.
                    source: SourceOf::Off,
                    origin: None,
                    sessions,
                    store: store.clone(),
                    directory,
                    tokens: CognitoTokens::new(&aws),
                    api,
                    clock: clock.clone(),
                    entropy: OsEntropy,
                },
                store,
                bus: Some(bus),
                clock,
            }),
        })
    }
}

impl Triggers for Lambdas {
    fn invoke(&self, trigger: Trigger, event: Value) -> TriggerFuture<'_> {
        Box::pin(async move {
            let answered = match trigger {
                Trigger::Define => answer(&*self.define, event)
                    .await
                    .map(|answer| self.deliveries.start(&self.define, answer)),
                Trigger::Create => answer(&*self.create, event)
                    .await
                    .map(|answer| self.deliveries.start(&self.create, answer)),
                Trigger::Verify => answer(&self.verify, event).await.map(|answer| answer.value),
                // The pool has none, unless a control makes it fail.
                Trigger::PreSignUp | Trigger::PostConfirmation => Ok(event),
            };
            answered.map_err(|error| TriggerError {
                message: error.to_string(),
            })
        })
    }
}

type Invocation<'a, E> = Pin<Box<dyn Future<Output = Result<Value, E>> + Send + 'a>>;

impl Lambdas {
    /// Invokes the function sign-up with an event of the operator.
    pub(crate) async fn operate(&self, event: Value) -> Value {
        let answered = self.invoke(SIGN_UP, event).await;
        answered.unwrap_or_else(|error| json!({ "error": { "message": error.to_string() } }))
    }

    /// Publishes what is overdue in the outbox, as the schedule has it done.
    pub(crate) async fn sweep(&self) {
        // It does not fail: a fault is in the log.
        let _ = answer(&self.sweeper, Value::Null).await;
    }

    /// Invokes the function of this name.
    fn invoke(&self, function: &str, event: Value) -> Invocation<'_, PublicError> {
        let function = [SIGN_IN, SIGN_UP]
            .into_iter()
            .find(|name| *name == function);
        Box::pin(async move {
            match function {
                Some(SIGN_IN) => answer(&self.sign_in, event)
                    .await
                    .map(|answer| answer.value),
                Some(_) => answer(&*self.account, event)
                    .await
                    .map(|answer| self.deliveries.start(&self.account, answer)),
                None => Err(PublicError::Internal),
            }
        })
    }
}

impl appsync::Functions for Lambdas {
    fn invoke(&self, function: &str, event: Value) -> Invocation<'_, appsync::FunctionError> {
        let invoked = self.invoke(function, event);
        Box::pin(async move {
            invoked.await.map_err(|error| appsync::FunctionError {
                error_type: "Internal".to_owned(),
                message: error.to_string(),
            })
        })
    }
}

impl http_api::Functions for Lambdas {
    fn invoke(&self, function: &str, event: Value) -> Invocation<'_, http_api::FunctionError> {
        let invoked = self.invoke(function, event);
        Box::pin(async move { invoked.await.map_err(|_| http_api::FunctionError) })
    }
}
