//! A whole deployment that records every external call: the real handlers, the real SDK to the Cognito
//! stand-in over TCP, GraphQL as AppSync serves it, and a store in memory.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use axum::http::HeaderMap;
use latchstring_aws::{
    CognitoChallengeApi, CognitoDirectory, CognitoRefreshTokens, CognitoTokens, KeptSecret,
    SecretSetting,
};
use latchstring_core::admission::{AdmissionRule, Domain};
use latchstring_core::flow::AppClient;
use latchstring_core::holders::OtherHolders;
use latchstring_core::policy::Deployment;
use latchstring_core::ports::{Clock, Directory};
use latchstring_core::secret::Secret;
use latchstring_core::time::Timestamp;
use latchstring_lambda::resolver::{
    AccountResolver, Origins, SessionMode, SignInResolver, SourceOf,
};
use latchstring_lambda::{
    DELIVERY, FollowUp, Handler, HandlerResponse, PublicError, answer, follow_up,
};
use latchstring_local_appsync as appsync;
use latchstring_local_cognito::{
    ClientConfig, ClientSecret, PoolConfig, SigningKeys, Trigger, TriggerError, TriggerFuture,
    Triggers, UserPool,
};
use latchstring_local_http_api as http_api;
use latchstring_memory::{FixedCaptcha, Inbox, MemoryStore, SeededEntropy};
use latchstring_testkit::{self as testkit, Carried, TriggerPorts};
use latchstring_tests::{StillClock, aws_at, note};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::wire::{Call, Wire};

pub(crate) const POOL: &str = "us-east-1_ORACLE000";
pub(crate) const CLIENT: &str = "oracleclient00000000000000";
/// The right answer to the CAPTCHA.
pub(crate) const SOLVED: &str = "solved";
/// The secret of the app client in session mode.
const SECRET: &str = "the-secret-of-the-app-client";
const KEY: &str = "da2-oracle";
const SIGN_IN: &str = "sign-in";
const CONTACTS: &str = "contacts";
const SCHEMA: &str = include_str!("../../../infra/schema.graphql");
/// The routes of the HTTP API that a caller names an identifier at.
const ROUTES: [(&str, &str); 6] = [
    ("POST /v1/sign-in", SIGN_IN),
    ("POST /v1/sign-in/ticket", SIGN_IN),
    ("POST /v1/sign-in/answer", SIGN_IN),
    ("POST /v1/sign-in/resend", SIGN_IN),
    ("POST /v1/contacts/change", CONTACTS),
    ("GET /v1/contacts/pending", CONTACTS),
];
/// The beginning of a minute and of an hour.
const START: Timestamp = Timestamp::from_secs(1_800_000_000);

/// A deliberate fault, which the tests must detect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Sabotage {
    #[default]
    Nothing,
    /// Delivery before the response, as with `DELIVERY=inline`.
    DeliveryInside,
    /// `signIn` looks for the account first.
    LookUp,
}

/// The kind of identifier that the caller types.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Typed {
    #[default]
    Address,
    Number,
}

impl Typed {
    pub(crate) const ALL: [Self; 2] = [Self::Address, Self::Number];

    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Address => "visitor@example.com",
            Self::Number => "+14155550132",
        }
    }

    /// Another spelling, for resolvers only: Cognito does not read it.
    const fn spelled(self) -> &'static str {
        match self {
            Self::Address => "\u{202a}mailto:Visitor@ｅxample。com\u{202c}",
            Self::Number => "tel:＋1 (415) ٥٥٥\u{2011}0132",
        }
    }

    /// Returns the attribute that holds it.
    pub(crate) const fn attribute(self) -> &'static str {
        match self {
            Self::Address => "email",
            Self::Number => "phone_number",
        }
    }

    /// Returns its name in GraphQL.
    pub(crate) const fn method(self) -> &'static str {
        match self {
            Self::Address => "EMAIL",
            Self::Number => "PHONE_NUMBER",
        }
    }

    pub(crate) const fn other(self) -> Self {
        match self {
            Self::Address => Self::Number,
            Self::Number => Self::Address,
        }
    }
}

/// The length of a deployment's codes, by the guess budgets that are spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tier {
    #[default]
    Short,
    /// The identifier's budget is spent.
    Long,
    /// The deployment's budget is spent, too.
    Longest,
}

/// The rule for new accounts, and what it says of the identifier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Rule {
    #[default]
    Open,
    /// Only invited contacts are admitted, and the identifier is not invited.
    NotInvited,
    /// Only invited contacts are admitted, and the identifier is invited.
    Invited,
    /// Only addresses of another domain are admitted.
    OtherDomain,
}

/// The configuration of a deployment, and the identifier that is typed there.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
pub(crate) struct Setting {
    /// The seed of the latencies.
    pub(crate) seed: u64,
    pub(crate) typed: Typed,
    /// True if resolvers receive another spelling of it.
    pub(crate) spelled: bool,
    /// The guess budgets that are spent.
    pub(crate) tier: Tier,
    /// True if a CAPTCHA is configured, with [`SOLVED`] as its right answer.
    pub(crate) captcha: bool,
    pub(crate) rule: Rule,
    /// The additional duration of a delivery.
    pub(crate) courier: Duration,
    pub(crate) sabotage: Sabotage,
    /// True if browsers have a cookie, and the app client a secret.
    pub(crate) session_mode: bool,
    /// True if the pool has username attributes.
    pub(crate) username_attributes: bool,
    /// True if events are written with the changes.
    pub(crate) events: bool,
}

impl Setting {
    /// Returns the text that resolvers receive.
    pub(crate) const fn text(&self) -> &'static str {
        if self.spelled {
            self.typed.spelled()
        } else {
            self.typed.text()
        }
    }
}

/// A port whose calls are recorded.
type Recorded<P> = Carried<P, Wire>;
type Store = Recorded<MemoryStore>;
type Accounts = Recorded<CognitoDirectory>;
type BrowserSessions = Option<SessionMode<Recorded<CognitoRefreshTokens>, KeptSecret>>;
type Mailbox = Recorded<Inbox<StillClock>>;

/// The Lambdas.
struct Lambdas {
    triggers: testkit::Triggers<Store, Accounts, Mailbox, StillClock, SeededEntropy>,
    sign_in: SignInResolver<
        Store,
        Accounts,
        Recorded<CognitoChallengeApi>,
        Recorded<FixedCaptcha>,
        StillClock,
        SeededEntropy,
        Deployment,
        BrowserSessions,
    >,
    contacts: AccountResolver<
        Store,
        Accounts,
        Recorded<CognitoTokens>,
        Recorded<CognitoChallengeApi>,
        StillClock,
        SeededEntropy,
        Deployment,
        BrowserSessions,
    >,
    wire: Wire,
    sabotage: Sabotage,
    /// The work that responses left.
    pending: Mutex<Vec<FollowUp>>,
}

impl Lambdas {
    fn take_pending(&self) -> Vec<FollowUp> {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *pending)
    }

    /// Returns a trigger's response. Keeps the work that it leaves for later, or does it first.
    async fn responded(&self, by: &impl Handler, answer: HandlerResponse) -> Value {
        if let Some(work) = answer.follow_up {
            if self.sabotage == Sabotage::DeliveryInside {
                follow_up(by, work, Instant::now() + DELIVERY).await;
            } else {
                let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
                pending.push(work);
            }
        }
        answer.value
    }
}

/// Returns the values that Cognito decides by, and the lengths of those that it puts into its session,
/// where they may affect the session's length.
fn observed(trigger: Trigger, answer: &Value) -> (&'static str, String) {
    let response = &answer["response"];
    let length = |value: &Value| value.as_str().map_or(0, str::len);
    match trigger {
        Trigger::Define => ("define", response.to_string()),
        Trigger::Verify => ("verify", response.to_string()),
        Trigger::Create => {
            let metadata = length(&response["challengeMetadata"]);
            let private = length(&response["privateChallengeParameters"]["challenge"]);
            ("create", format!("{metadata} and {private} bytes"))
        }
        Trigger::PreSignUp | Trigger::PostConfirmation => ("pre sign-up", response.to_string()),
    }
}

impl Triggers for Lambdas {
    fn invoke(&self, trigger: Trigger, event: Value) -> TriggerFuture<'_> {
        Box::pin(async move {
            let answered = match trigger {
                Trigger::Define => match answer(&self.triggers.define, event).await {
                    Ok(answer) => Ok(self.responded(&self.triggers.define, answer).await),
                    Err(error) => Err(error),
                },
                Trigger::Create => match answer(&self.triggers.create, event).await {
                    Ok(answer) => Ok(self.responded(&self.triggers.create, answer).await),
                    Err(error) => Err(error),
                },
                Trigger::Verify => answer(&self.triggers.verify, event)
                    .await
                    .map(|answer| answer.value),
                Trigger::PreSignUp | Trigger::PostConfirmation => Ok(event),
            };
            let (name, outcome) = observed(trigger, answered.as_ref().unwrap_or(&Value::Null));
            self.wire.record(name, &outcome);
            answered.map_err(|error| TriggerError {
                message: error.to_string(),
            })
        })
    }
}

type Invocation<'a, E> = Pin<Box<dyn Future<Output = Result<Value, E>> + Send + 'a>>;

impl Lambdas {
    /// Invokes a resolver with an event of either API.
    fn invoke(&self, function: &str, event: Value) -> Invocation<'_, PublicError> {
        let is_about_contacts = function == CONTACTS;
        Box::pin(async move {
            if self.sabotage == Sabotage::LookUp {
                let body = event["body"].as_str().unwrap_or_default();
                let body: Value = serde_json::from_str(body).unwrap_or_default();
                let typed = event["arguments"]["input"]["emailOrPhone"].as_str();
                let typed = typed.or(body["emailOrPhone"].as_str());
                let found = self.sign_in.directory.find(typed.unwrap_or_default()).await;
                assert!(found.is_ok(), "the pool answers");
            }
            let answered = if is_about_contacts {
                answer(&self.contacts, event).await
            } else {
                answer(&self.sign_in, event).await
            };
            answered.map(|answer| answer.value)
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

/// The pool's tokens, which the APIs verify.
struct PoolTokens(UserPool);

impl appsync::Tokens for PoolTokens {
    fn verify(&self, token: &str) -> Result<Value, appsync::TokenRefused> {
        let verified = self.0.verify_jwt(token);
        verified.map_err(|_| appsync::TokenRefused::Untrusted)
    }
}

impl http_api::Tokens for PoolTokens {
    fn verify(&self, token: &str) -> Result<Value, http_api::TokenRefused> {
        let verified = self.0.verify_jwt(token);
        verified.map_err(|_| http_api::TokenRefused::Untrusted)
    }
}

/// The response to a step, and the calls behind it.
pub(crate) struct Seen {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    /// The calls before the response.
    pub(crate) calls: Vec<Call>,
    /// The calls after the response.
    pub(crate) after: Vec<Call>,
    /// The time from the request to the response.
    pub(crate) took: Duration,
}

impl Seen {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

/// A deployment.
pub(crate) struct World {
    pub(crate) typed: Typed,
    /// The text that resolvers receive.
    pub(crate) text: &'static str,
    pub(crate) is_session_mode: bool,
    pub(crate) rule: Rule,
    endpoint: String,
    http: reqwest::Client,
    clock: StillClock,
    pub(crate) wire: Wire,
    lambdas: Arc<Lambdas>,
    inbox: Inbox<StillClock>,
    pub(crate) pool: UserPool,
    server: JoinHandle<()>,
}

impl World {
    pub(crate) async fn start(setting: Setting) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let endpoint = format!("http://{address}");
        let clock = StillClock::at(START);
        let wire = Wire::new(setting.seed, setting.courier, clock.clone());
        let inbox = Inbox::new(clock.clone());
        let lambdas = Arc::new(lambdas(&endpoint, &wire, &clock, &inbox, setting));
        let now = clock.clone();
        let client = ClientConfig {
            secret: setting.session_mode.then(|| ClientSecret::new(SECRET)),
            ..ClientConfig::new(CLIENT, "latchstring")
        };
        let mut config = PoolConfig::new("us-east-1", POOL, vec![client]);
        config.username_attributes = setting.username_attributes;
        let pool = UserPool::new(
            config,
            SigningKeys::shared(),
            lambdas.clone(),
            Arc::new(move || UNIX_EPOCH + Duration::from_millis(now.now().as_millis())),
        );
        let fields = [
            ("Mutation.signIn", SIGN_IN),
            ("Mutation.signInTicket", SIGN_IN),
            ("Mutation.undoContactChange", SIGN_IN),
            ("Mutation.rememberDevice", CONTACTS),
            ("Mutation.forgetDevices", CONTACTS),
            ("Mutation.signUp", CONTACTS),
            ("Mutation.updateName", CONTACTS),
            ("Mutation.changeContact", CONTACTS),
            ("Query.pendingContact", CONTACTS),
        ]
        .map(|(field, function)| (field.to_owned(), function.to_owned()));
        let api = appsync::Api::new(
            SCHEMA,
            fields.into(),
            KEY.to_owned(),
            lambdas.clone(),
            Arc::new(PoolTokens(pool.clone())),
        )
        .expect("the schema fits");
        let routes = ROUTES.map(|(key, function)| http_api::Route {
            key: key.to_owned(),
            function: function.to_owned(),
            is_signed_in: function == CONTACTS && !setting.session_mode,
        });
        let authorizer = http_api::JwtAuthorizer {
            tokens: Arc::new(PoolTokens(pool.clone())),
            audience: vec![CLIENT.to_owned()],
        };
        let http_api = http_api::HttpApi::new(routes, lambdas.clone(), authorizer);
        let service = appsync::router(api)
            .merge(http_api::router(http_api))
            .merge(latchstring_local_cognito::router(pool.clone()));
        let server = tokio::spawn(async move {
            axum::serve(listener, service)
                .await
                .expect("accepting goes on");
        });
        Self {
            typed: setting.typed,
            text: setting.text(),
            is_session_mode: setting.session_mode,
            rule: setting.rule,
            endpoint,
            http: reqwest::Client::new(),
            clock,
            wire,
            lambdas,
            inbox,
            pool,
            server,
        }
    }

    /// Invites an identifier, as an operator.
    pub(crate) async fn invite(&self, typed: Typed, text: &str) {
        let invited = json!({"emailOrPhone": text, "method": typed.attribute()});
        let event = json!({ "invite": invited });
        let answered = answer(&self.lambdas.contacts, event).await;
        let answered = answered.expect("an operator's event").value;
        assert_eq!(answered, json!({}), "the contact is invited");
    }

    /// Moves the clock to this number of seconds after the start.
    pub(crate) fn at_secs(&self, secs: u64) {
        let then = START.plus(Duration::from_secs(secs));
        let left = then.since(self.clock.now());
        assert!(!left.is_zero(), "the clock does not go back");
        self.clock.advance(left);
    }

    /// Returns the code of the latest message.
    pub(crate) fn code(&self) -> String {
        let newest = self.inbox.messages(None, 1);
        let last = newest.first().expect("a message");
        let code = last.message.code.as_ref().expect("a code");
        note(code.digits());
        code.digits().to_owned()
    }

    /// Sends a request, and does the pending work after its response.
    async fn step(&self, request: reqwest::RequestBuilder) -> Seen {
        self.wire.take();
        let begun = self.clock.now();
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.text().await.expect("text");
        let took = self.clock.now().since(begun);
        let calls = self.wire.take();
        self.wire.set_after_response(true);
        for work in self.lambdas.take_pending() {
            let until = Instant::now() + DELIVERY;
            follow_up(&self.lambdas.triggers.create, work, until).await;
        }
        self.wire.set_after_response(false);
        let after = self.wire.take();
        Seen {
            status,
            headers,
            body,
            calls,
            after,
            took,
        }
    }

    /// Sends a public mutation.
    pub(crate) async fn graphql(&self, query: &str, input: &Value) -> Seen {
        self.graphql_as(("x-api-key", KEY), query, input).await
    }

    /// Sends an operation with a header that authorizes it.
    pub(crate) async fn graphql_as(
        &self,
        (header, credential): (&str, &str),
        query: &str,
        input: &Value,
    ) -> Seen {
        let body = json!({"query": query, "variables": {"input": input}});
        let url = format!("{}/graphql", self.endpoint);
        let request = self.http.post(url).header(header, credential);
        self.step(request.json(&body)).await
    }

    /// Sends a request to the HTTP API.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Seen {
        let url = format!("{}/v1/{path}", self.endpoint);
        self.step(self.of_page(self.http.post(url)).json(body))
            .await
    }

    /// Adds the marks of the app's own page, in session mode.
    fn of_page(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        if !self.is_session_mode {
            return request;
        }
        let request = request.header("x-latchstring", "1");
        request.header("sec-fetch-site", "same-origin")
    }

    /// Sends a request of a signed-in caller to the HTTP API: with a body, or to read. The caller has a
    /// token, or in session mode a cookie.
    pub(crate) async fn http_as(&self, token: &str, path: &str, body: Option<&Value>) -> Seen {
        let url = format!("{}/v1/{path}", self.endpoint);
        let request = match body {
            Some(body) => self.http.post(url).json(body),
            None => self.http.get(url),
        };
        if self.is_session_mode {
            let request = self.of_page(request).header("cookie", token);
            return self.step(request).await;
        }
        self.step(request.bearer_auth(token)).await
    }

    /// Calls an anonymous operation of Cognito.
    pub(crate) async fn cognito(&self, operation: &str, body: &Value) -> Seen {
        let target = format!("AWSCognitoIdentityProviderService.{operation}");
        let request = self.http.post(format!("{}/", self.endpoint));
        let request = request
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", target)
            .body(body.to_string());
        self.step(request).await
    }

    /// Calls an administrator's operation of Cognito.
    pub(crate) async fn admin(&self, operation: &str, username: &str, more: &[(&str, Value)]) {
        let mut body = json!({"UserPoolId": POOL, "Username": username});
        for (name, value) in more {
            body[*name] = value.clone();
        }
        let target = format!("AWSCognitoIdentityProviderService.{operation}");
        let request = self
            .http
            .post(format!("{}/", self.endpoint))
            .header("authorization", "AWS4-HMAC-SHA256 any")
            .header("x-amz-target", target)
            .body(body.to_string());
        let answer = request.send().await.expect("an answer");
        assert!(answer.status().is_success(), "{operation}");
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn lambdas(
    endpoint: &str,
    wire: &Wire,
    clock: &StillClock,
    inbox: &Inbox<StillClock>,
    setting: Setting,
) -> Lambdas {
    let mut deployment = testkit::deployment(CLIENT, "k1");
    let policy = &mut deployment.policy;
    policy.contacts_are_usernames = setting.username_attributes;
    policy.other_holders = OtherHolders::Refuse;
    policy.events = setting.events;
    if setting.tier != Tier::Short {
        policy.budgets.short_guesses_per_month = 0;
    }
    if setting.tier == Tier::Longest {
        policy.budgets.deployment.short_guesses_per_day = 0;
        policy.budgets.deployment.long_guesses_per_day = 0;
    }
    match setting.rule {
        Rule::Open => {}
        Rule::NotInvited | Rule::Invited => policy.admission.rule = AdmissionRule::Invited,
        Rule::OtherDomain => {
            policy.admission.rule = AdmissionRule::Domains;
            policy
                .admission
                .admitted
                .extend(Domain::parse("staff.example"));
        }
    }
    // Real time is not measured here.
    let aws = aws_at(endpoint).with_slack(20);
    let store = if setting.events {
        MemoryStore::with_outbox()
    } else {
        MemoryStore::default()
    };
    let store = recorded(store, wire);
    let directory = recorded(CognitoDirectory::new(&aws, POOL), wire);
    let courier = recorded(inbox.clone(), wire);
    let tokens = recorded(CognitoTokens::new(&aws), wire);
    let secret = setting
        .session_mode
        .then(|| SecretSetting::Text(Secret::new(SECRET)));
    let api = CognitoChallengeApi::new(&aws, CLIENT).with_secret(&aws, secret.clone());
    let api = recorded(api, wire);
    let sessions = setting.session_mode.then(|| SessionMode {
        tokens: recorded(CognitoRefreshTokens::new(&aws, CLIENT, secret), wire),
        credential: None,
        origins: Origins::default(),
    });
    let ports = TriggerPorts {
        store: store.clone(),
        directory: directory.clone(),
        courier,
        clock: clock.clone(),
        entropy: SeededEntropy::new(1),
    };
    Lambdas {
        triggers: testkit::Triggers::new(&deployment, ports),
        contacts: AccountResolver {
            deployment: deployment.clone(),
            app_client: AppClient::new(POOL, CLIENT),
            source: SourceOf::Off,
            origin: None,
            sessions: sessions.clone(),
            store: store.clone(),
            directory: directory.clone(),
            tokens,
            api: api.clone(),
            clock: clock.clone(),
            entropy: SeededEntropy::new(3),
        },
        sign_in: SignInResolver {
            hook: None,
            deployment,
            app_client: AppClient::new(POOL, CLIENT),
            legacy_pool: false,
            source: SourceOf::Off,
            origin: None,
            sessions,
            store,
            directory,
            api,
            captcha: setting
                .captcha
                .then(|| recorded(FixedCaptcha::new([SOLVED]), wire)),
            clock: clock.clone(),
            entropy: SeededEntropy::new(2),
        },
        wire: wire.clone(),
        sabotage: setting.sabotage,
        pending: Mutex::default(),
    }
}

fn recorded<P>(port: P, wire: &Wire) -> Recorded<P> {
    Recorded::new(port, wire.clone())
}
