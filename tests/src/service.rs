//! A local service, with its observations and controls for tests.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::Write;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_cognitoidentityprovider::config::retry::RetryConfig;
use aws_sdk_cognitoidentityprovider::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_cognitoidentityprovider::types::{AttributeType, MessageActionType};
use aws_sdk_cognitoidentityprovider::{Client, Config};
use latchstring_core::admission::{Admission, AdmissionRule};
use latchstring_core::identifier;
use latchstring_local::{Options, Service, Settings};
use reqwest::Method;
use reqwest::header::HeaderValue;
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, oneshot};
use tracing::dispatcher::set_default;
use tracing::{Dispatch, Level};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;

use crate::browser::Browser;
use crate::door::Door;
use crate::files::{keep_output, note};
use crate::person::{Person, Refusal, code_of};

/// The time limit of any one request: beyond it a call hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// The number of concurrent calls of the HTTP door. On AWS each has a process of its own; here they
/// share one with Cognito, and connect to it within a time limit, on a machine that may be busy.
const PLACES: usize = 16;

/// A whole local service. Clones are the same one; it ends with the last of them.
#[derive(Clone)]
pub struct Latchstring {
    inner: Arc<Inner>,
    door: Door,
}

struct Inner {
    settings: Settings,
    /// The places of concurrent calls of the HTTP door.
    places: Semaphore,
    http: reqwest::Client,
    cognito: Client,
    /// `None` if another process runs it.
    own: Option<Own>,
}

/// A service in this process, with threads of its own, so that its logs are separate from those of
/// every other service.
struct Own {
    runtime: Option<Runtime>,
    log: Log,
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn bytes(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for Log {
    fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
        self.bytes().extend_from_slice(buffer);
        Ok(buffer.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
        keep_output("services", &self.log.bytes());
    }
}

/// An account, as an administrator sees it.
pub struct Account {
    /// The pool's username.
    pub username: String,
    /// Cognito's word for its status.
    pub status: String,
    attributes: Vec<AttributeType>,
}

impl Account {
    /// Returns the value of an attribute, or an empty text if it is missing.
    pub fn attribute(&self, name: &str) -> &str {
        self.attributes
            .iter()
            .find(|attribute| attribute.name() == name)
            .and_then(AttributeType::value)
            .unwrap_or_default()
    }
}

/// A message that arrived.
pub struct Mail {
    /// `email` or `sms`.
    pub channel: String,
    /// The recipient.
    pub to: String,
    /// The subject, if it is a mail.
    pub subject: Option<String>,
    /// The text.
    pub text: String,
    /// The HTML part, if it is a mail.
    pub html: Option<String>,
    /// The code; empty in a notice.
    pub code: String,
}

impl Latchstring {
    /// Starts a new service with the defaults of `cargo run -- --control`.
    pub async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    /// Starts a new service with a rule for new accounts, a custom attribute, `custom:tier`, and a
    /// group of inviters, `admins`, who may give the group `editors` and set `custom:tier`.
    pub async fn start_with_rule(rule: Admission, options: Options) -> Self {
        Self::start_with(Options {
            admission: rule,
            inviters: Some("admins".to_owned()),
            inviters_may_give: ["editors".to_owned()].into(),
            inviters_may_set: ["custom:tier".to_owned()].into(),
            custom_attributes: ["tier".to_owned()].into(),
            ..options
        })
        .await
    }

    /// Starts a new service where only invited contacts may have an account.
    pub async fn start_by_invitation(options: Options) -> Self {
        let rule = Admission {
            rule: AdmissionRule::Invited,
            ..Admission::default()
        };
        Self::start_with_rule(rule, options).await
    }

    /// Starts a new service. It always has a free port and `POST /control`.
    pub async fn start_with(options: Options) -> Self {
        let options = Options {
            port: 0,
            control: true,
            session_mode: options.session_mode || Door::current() == Door::Session,
            ..options
        };
        let log = Log::default();
        let runtime = runtime_that_logs_to(&log);
        let (ready, settings) = oneshot::channel();
        runtime.spawn(async move {
            let service = Service::bind(options).await.expect("the service starts");
            // The test may have ended already.
            let _ = ready.send(service.settings().clone());
            service.serve().await
        });
        let settings = settings.await.expect("the service starts");
        let runtime = Some(runtime);
        let latchstring = Self::new(settings, Some(Own { runtime, log }));
        // The outcome of a test must not depend on the speed of the machine.
        latchstring.bend(json!({ "stopClock": true })).await;
        latchstring
    }

    /// Returns the service that another process runs at this address.
    pub async fn at(endpoint: &str) -> Self {
        let config: Value = reqwest::get(format!("{endpoint}/config.json"))
            .await
            .expect("the service answers")
            .json()
            .await
            .expect("the configuration is JSON");
        let text = |name: &str| config[name].as_str().expect("a text").to_owned();
        let settings = Settings {
            region: text("region"),
            user_pool_id: text("userPoolId"),
            client_id: text("clientId"),
            other_client: config["clients"][1].as_str().map(str::to_owned),
            endpoint: text("endpoint"),
            api_key: text("apiKey"),
            server_credential: None,
        };
        Self::new(settings, None)
    }

    fn new(settings: Settings, own: Option<Own>) -> Self {
        let config = Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new(settings.region.clone()))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .endpoint_url(&settings.endpoint)
            .retry_config(RetryConfig::disabled())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        let http = reqwest::Client::builder()
            .timeout(PATIENCE)
            .build()
            .expect("an HTTP client");
        let inner = Arc::new(Inner {
            settings,
            places: Semaphore::new(PLACES),
            http,
            cognito: Client::from_conf(config),
            own,
        });
        let door = Door::current();
        Self { inner, door }
    }

    /// Returns the settings that a client is configured with.
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// Returns the AWS SDK's client, as any app has it.
    pub fn cognito(&self) -> &Client {
        &self.inner.cognito
    }

    /// Returns an HTTP client without the SDK. Every request ends within 30 s.
    pub fn http(&self) -> &reqwest::Client {
        &self.inner.http
    }

    /// Returns a user who types this email address.
    pub fn by_email(&self, typed: &str) -> Person {
        Person::new(self, identifier::Method::Email, typed)
    }

    /// Returns a user who types this phone number.
    pub fn by_phone(&self, typed: &str) -> Person {
        Person::new(self, identifier::Method::PhoneNumber, typed)
    }

    /// Returns the door by which users reach it.
    pub(crate) const fn door(&self) -> Door {
        self.door
    }

    /// Returns the same service, reached by this door.
    #[must_use]
    pub fn through(self, door: Door) -> Self {
        Self { door, ..self }
    }

    /// Returns the access token that the app's server gets for a browser.
    ///
    /// # Errors
    /// If the browser is not signed in.
    pub async fn token_of(&self, browser: &Browser) -> Result<String, Refusal> {
        let credential = self.settings().server_credential.as_ref();
        let credential = credential.expect("session mode").expose();
        let (name, path) = ("x-latchstring-server", "session/token");
        let request = self.request(Method::GET, path).header(name, credential);
        let answer = self
            .answer(browser.send(request), Some(browser), Value::Null)
            .await?;
        let token = answer["accessToken"].as_str().expect("a token");
        note(token);
        Ok(token.to_owned())
    }

    /// Calls a route of the HTTP API from a page in this browser, in session mode.
    ///
    /// # Errors
    /// The problem of the answer.
    pub async fn browse(
        &self,
        browser: &Browser,
        method: Method,
        path: &str,
        body: Value,
    ) -> Result<Value, Refusal> {
        let request = browser.send(self.request(method, path));
        self.answer(request, Some(browser), body).await
    }

    /// Calls a route of the HTTP API for anyone, or as a signed-in user with this access token. Returns
    /// the answer, or null without a body.
    pub(crate) async fn call(
        &self,
        access_token: Option<&str>,
        method: Method,
        path: &str,
        body: Value,
    ) -> Result<Value, Refusal> {
        let mut request = self.request(method, path);
        if let Some(token) = access_token {
            request = request.bearer_auth(token);
        }
        if self.door == Door::Session {
            request = Browser::default().send(request);
        }
        self.answer(request, None, body).await
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}/v1/{path}", self.settings().endpoint);
        self.http().request(method, url)
    }

    /// Sends a request of the HTTP API. Checks what holds for every answer.
    async fn answer(
        &self,
        mut request: reqwest::RequestBuilder,
        browser: Option<&Browser>,
        mut body: Value,
    ) -> Result<Value, Refusal> {
        if let Some(members) = body.as_object_mut() {
            members.retain(|_, value| !value.is_null());
            request = request.json(&body);
        }
        let place = self.inner.places.acquire().await;
        let place = place.expect("it is never closed");
        let response = request.send().await.expect("the API answers");
        let status = response.status();
        let headers = response.headers().clone();
        let text = response.text().await.expect("the answer is whole");
        drop(place);
        if let Some(browser) = browser {
            browser.keep(&headers);
        }
        let answer = match text.as_str() {
            "" => Value::Null,
            text => serde_json::from_str(text).expect("the API answers JSON"),
        };
        let is_ours = status.is_success() || answer["type"].is_string();
        if !is_ours {
            assert_eq!(status.as_u16(), 401, "API Gateway refuses tokens only");
            return Err(Refusal::new("Unauthorized", ""));
        }
        assert_eq!(headers["cache-control"], "no-store");
        if status.is_success() {
            let kind = headers.get("content-type");
            assert_eq!(kind.is_none(), answer.is_null());
            assert!(kind.is_none_or(|kind| kind == "application/json"));
            return Ok(answer);
        }
        assert_eq!(headers["content-type"], "application/problem+json");
        Err(refusal(
            &answer,
            status.as_u16(),
            headers.get("retry-after"),
            &body,
        ))
    }

    /// Sends a public query to the GraphQL API: returns one field's data, or its error.
    pub async fn graphql(
        &self,
        field: &str,
        query: &str,
        variables: Value,
    ) -> Result<Value, Refusal> {
        let key = ("x-api-key", self.settings().api_key.as_str());
        self.graphql_as(key, field, query, variables).await
    }

    /// Sends a query with a given authorization header.
    pub async fn graphql_as(
        &self,
        (header, credential): (&str, &str),
        field: &str,
        query: &str,
        variables: Value,
    ) -> Result<Value, Refusal> {
        let mut answer: Value = self
            .http()
            .post(self.settings().graphql_url())
            .header(header, credential)
            .json(&json!({ "query": query, "variables": variables }))
            .send()
            .await
            .expect("the API answers")
            .json()
            .await
            .expect("the API answers JSON");
        match answer["errors"].get(0) {
            None => Ok(answer["data"][field].take()),
            Some(error) => Err(Refusal::new(
                error["errorType"].as_str().unwrap_or_default(),
                error["message"].as_str().unwrap_or_default(),
            )),
        }
    }

    /// Returns the events so far, the oldest first, as a subscriber gets them.
    pub async fn events(&self) -> Vec<Value> {
        let url = format!("{}/events.json", self.settings().endpoint);
        let answer = self.http().get(url).send().await.expect("an answer");
        let mut events: Vec<Value> = answer.json().await.expect("a list");
        events.reverse();
        events
    }

    /// Returns all messages that were sent, newest first.
    pub async fn inbox(&self) -> Vec<Mail> {
        let url = format!("{}/inbox.json", self.settings().endpoint);
        let messages: Vec<Value> = self
            .http()
            .get(url)
            .send()
            .await
            .expect("the inbox answers")
            .json()
            .await
            .expect("the inbox is a JSON array");
        messages
            .into_iter()
            .map(|message| {
                let text = |name: &str| message[name].as_str().expect("a text").to_owned();
                let code = message["code"].as_str().unwrap_or_default();
                note(code);
                Mail {
                    channel: text("channel"),
                    to: text("to"),
                    subject: message["subject"].as_str().map(str::to_owned),
                    text: text("text"),
                    html: message["html"].as_str().map(str::to_owned),
                    code: code.to_owned(),
                }
            })
            .collect()
    }

    /// Returns every account of the pool.
    pub async fn accounts(&self) -> Vec<Account> {
        let listed = self
            .cognito()
            .list_users()
            .user_pool_id(&self.settings().user_pool_id)
            .send()
            .await
            .unwrap_or_else(|error| panic!("ListUsers: {}", code_of(&error)));
        listed
            .users()
            .iter()
            .map(|user| Account {
                username: user.username().unwrap_or_default().to_owned(),
                status: user.user_status().map_or("", |s| s.as_str()).to_owned(),
                attributes: user.attributes().to_vec(),
            })
            .collect()
    }

    /// Disables an account.
    pub async fn disable(&self, username: &str) {
        let disabled = self
            .cognito()
            .admin_disable_user()
            .user_pool_id(&self.settings().user_pool_id)
            .username(username)
            .send()
            .await;
        done(
            "AdminDisableUser",
            disabled.map_err(|error| code_of(&error)),
        );
    }

    /// Deletes an account.
    pub async fn delete(&self, username: &str) {
        let deleted = self
            .cognito()
            .admin_delete_user()
            .user_pool_id(&self.settings().user_pool_id)
            .username(username)
            .send()
            .await;
        done("AdminDeleteUser", deleted.map_err(|error| code_of(&error)));
    }

    /// Sets attributes of an account directly in the pool.
    pub async fn set_attributes(&self, username: &str, attributes: &[(&str, &str)]) {
        let attributes = attributes.iter().map(|(name, value)| {
            AttributeType::builder()
                .name(*name)
                .value(*value)
                .build()
                .expect("an attribute with a name")
        });
        let updated = self
            .cognito()
            .admin_update_user_attributes()
            .user_pool_id(&self.settings().user_pool_id)
            .username(username)
            .set_user_attributes(Some(attributes.collect()))
            .send()
            .await;
        done(
            "AdminUpdateUserAttributes",
            updated.map_err(|error| code_of(&error)),
        );
    }

    /// Creates a group of the pool.
    pub async fn create_group(&self, name: &str) {
        let created = self
            .cognito()
            .create_group()
            .user_pool_id(&self.settings().user_pool_id)
            .group_name(name)
            .send()
            .await;
        done("CreateGroup", created.map_err(|error| code_of(&error)));
    }

    /// Adds an account to a group.
    pub async fn add_to_group(&self, username: &str, group: &str) {
        let added = self
            .cognito()
            .admin_add_user_to_group()
            .user_pool_id(&self.settings().user_pool_id)
            .username(username)
            .group_name(group)
            .send()
            .await;
        done(
            "AdminAddUserToGroup",
            added.map_err(|error| code_of(&error)),
        );
    }

    /// Creates an account with a verified contact, as an operator does.
    pub async fn create_account(&self, username: &str, contact: &Person) {
        let name = contact.method();
        let attributes = [
            (name, contact.contact()),
            (&format!("{name}_verified"), "true"),
        ];
        let attributes = attributes.map(|(name, value)| {
            let attribute = AttributeType::builder().name(name).value(value);
            attribute.build().expect("an attribute with a name")
        });
        let created = self
            .cognito()
            .admin_create_user()
            .user_pool_id(&self.settings().user_pool_id)
            .username(username)
            .message_action(MessageActionType::Suppress)
            .set_user_attributes(Some(attributes.into()))
            .send()
            .await;
        done("AdminCreateUser", created.map_err(|error| code_of(&error)));
    }

    /// Invites a contact, as an operator does, with further members of the invitation.
    pub async fn invite(&self, contact: &Person, members: Value) {
        let invitation = contact.invitation(members);
        self.bend(json!({ "invite": invitation })).await;
    }

    /// Withdraws the invitation of a contact, as an operator does.
    pub async fn withdraw_invitation(&self, contact: &Person) {
        let contact = contact.invitation(json!({}));
        self.bend(json!({ "withdrawInvitation": contact })).await;
    }

    /// Calls an operation of Cognito, which must succeed, and returns the response.
    pub async fn call_cognito(&self, operation: &str, body: &Value) -> Value {
        crate::emulator::call_cognito(&self.settings().endpoint, operation, body).await
    }

    /// Signs a user in at another identity provider, as managed login does.
    pub async fn federate(&self, provider: &str, subject: &str, attributes: Value) {
        let user = json!({ "provider": provider, "subject": subject, "attributes": attributes });
        self.bend(json!({ "federate": user })).await;
    }

    /// Sends `POST /control`: returns its status and body.
    pub async fn control(&self, wanted: &Value) -> (u16, Value) {
        let url = format!("{}/control", self.settings().endpoint);
        let response = self
            .http()
            .post(url)
            .json(wanted)
            .send()
            .await
            .expect("the control answers");
        let status = response.status().as_u16();
        (status, response.json().await.expect("it answers JSON"))
    }

    async fn bend(&self, wanted: Value) {
        let (status, _) = self.control(&wanted).await;
        assert_eq!(status, 200, "the control takes {wanted}");
    }

    /// Stops the clock: only [`Latchstring::advance`] moves it from now on.
    pub async fn stop_clock(&self) {
        self.bend(json!({ "stopClock": true })).await;
    }

    /// Moves the clock forward.
    pub async fn advance(&self, seconds: u64) {
        self.bend(json!({ "advanceSeconds": seconds })).await;
    }

    /// Moves the clock to the next multiple of `window` seconds since 1970, where budgets begin
    /// again, so that a test of budgets never crosses such a moment. Only valid as the first
    /// advance of a service.
    pub async fn advance_to_the_next(&self, window: u64) {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("a clock that is right")
            .as_secs();
        // One more second, because the fraction of the clock is not known.
        self.advance(window - now % window + 1).await;
    }

    /// Allows or forbids repeated answers to one session.
    pub async fn replay_sessions(&self, on: bool) {
        self.bend(json!({ "replaySessions": on })).await;
    }

    /// Makes Cognito invoke each trigger `times` times and use the last response.
    pub async fn invoke_triggers(&self, times: u32) {
        self.bend(json!({ "retryTriggers": times })).await;
    }

    /// Makes the pool move a taken alias silently, or raise an error for it.
    pub async fn move_aliases(&self, on: bool) {
        self.bend(json!({ "aliasMoves": on })).await;
    }

    /// Makes the pool report missing users, or not.
    pub async fn report_missing_users(&self, on: bool) {
        self.bend(json!({ "legacy": on })).await;
    }

    /// Accepts an answer only by the kind of call that opened the session, or by both kinds.
    pub async fn separate_sessions(&self, on: bool) {
        self.bend(json!({ "separateSessions": on })).await;
    }

    /// Makes the next calls of an operation fail, so many of them.
    pub async fn fail_next(&self, operation: &str, calls: u32) {
        for _ in 0..calls {
            self.bend(json!({ "failNext": operation })).await;
        }
    }

    /// Makes these operations of Cognito's and ports fail for so many seconds, and no others.
    pub async fn fail_for(&self, failures: &[(&str, u64)]) {
        let failures: BTreeMap<&str, u64> = failures.iter().copied().collect();
        self.bend(json!({ "failFor": failures })).await;
    }

    /// Makes Cognito refuse these operations as too many for so many seconds, and no others.
    pub async fn throttle_for(&self, throttles: &[(&str, u64)]) {
        let throttles: BTreeMap<&str, u64> = throttles.iter().copied().collect();
        self.bend(json!({ "throttleFor": throttles })).await;
    }

    /// Makes each invocation of these triggers fail, and of no others.
    pub async fn fail_triggers(&self, names: &[&str]) {
        self.bend(json!({ "failTriggers": names })).await;
    }

    /// Returns the log of the triggers and resolvers so far. Only for a service in this process.
    pub fn log(&self) -> Vec<Value> {
        let own = self.inner.own.as_ref().expect("a service in this process");
        let bytes = own.log.bytes().clone();
        String::from_utf8(bytes)
            .expect("logs are UTF-8")
            .lines()
            .map(|line| serde_json::from_str(line).expect("a log is JSON, a line each"))
            .collect()
    }

    /// Returns the number of Verify's decisions with one of these reasons.
    pub fn verdicts(&self, reason: &[&str]) -> usize {
        self.log()
            .iter()
            .filter(|line| line["trigger"] == "verify")
            .filter(|line| {
                line["reason"]
                    .as_str()
                    .is_some_and(|word| reason.contains(&word))
            })
            .count()
    }
}

/// Returns the refusal that a problem of the HTTP door stands for. Checks its members.
fn refusal(
    problem: &Value,
    status: u16,
    retry_after: Option<&HeaderValue>,
    request: &Value,
) -> Refusal {
    let error_type = problem["type"].as_str().expect("a type");
    let name = error_type.strip_prefix("urn:latchstring:error:");
    let name = name.expect("a type of ours");
    assert_eq!(problem["status"], status, "{name}");
    assert!(problem["title"].is_string(), "{name}");
    if status == 429 {
        let seconds = problem["retryAfter"].to_string();
        assert!(
            retry_after.is_some_and(|header| *header == *seconds),
            "{name}"
        );
    }
    let detail = problem["detail"].as_str().expect("a detail");
    let sent = ["emailOrPhone", "continuation", "answer", "resume", "device"];
    for sent in sent
        .into_iter()
        .filter_map(|member| request[member].as_str())
    {
        // A short answer may be a part of a word.
        let is_repeated = sent.len() > 7 && detail.contains(sent);
        assert!(!is_repeated, "{name} repeats no member of the request");
    }
    Refusal::new(name, detail).with_continuation(problem["continuation"].as_str())
}

fn done<T>(operation: &str, result: Result<T, impl Display>) {
    if let Err(code) = result {
        panic!("{operation}: {code}");
    }
}

/// Makes a runtime whose threads log JSON as the Lambdas do, at every level and from every crate of
/// the workspace.
fn runtime_that_logs_to(log: &Log) -> Runtime {
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_max_level(LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .finish()
        .with(Targets::new().with_target("latchstring", Level::TRACE));
    let dispatch = Dispatch::new(subscriber);
    Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        // For as long as the thread lives.
        .on_thread_start(move || mem::forget(set_default(&dispatch)))
        .build()
        .expect("a runtime")
}
