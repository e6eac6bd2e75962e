//! The Lambdas under their hosts, the stand-ins that they call, and the calls to them.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use latchstring_local_cognito::{
    ClientConfig, PoolConfig, SigningKeys, Trigger, TriggerError, TriggerFuture, Triggers, UserPool,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::cloud::Cloud;
use crate::function::Function;
use crate::visit::{Channel, Contact};
use crate::{Door, Sabotage};

const POOL: &str = "us-east-1_ORACLE000";
const CLIENT: &str = "oracleclient00000000000000";
/// A client that is not served.
const UNKNOWN_CLIENT: &str = "unknownclient0000000000000";
const RING: &str = r#"{"id": "k1", "secret": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}"#;

/// The function that serves `changeContact`.
const CONTACTS: &str = "latchstring-sign-up";

/// The time that a courier takes, as a rule and for the class of a slow one.
pub(crate) const COURIER: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(8)];

/// The functions in the order of [`Measured::cpu`].
pub(crate) const FUNCTIONS: [&str; 5] = ["sign-in", "contacts", "define", "create", "verify"];

fn variables(endpoint: &str, sabotage: Option<Sabotage>) -> Vec<(String, String)> {
    let delivery = match sabotage {
        Some(Sabotage::Delivery) => "inline",
        _ => "extension",
    };
    [
        ("USER_POOL_ID", POOL),
        ("CLIENT_IDS", CLIENT),
        ("KEY_RING", RING),
        ("TABLE_NAME", "latchstring"),
        ("EMAIL_FROM", "codes@example.org"),
        ("DELIVERY", delivery),
        ("LOG_LEVEL", "error"),
        // One code a contact; the second is refused.
        ("CODES_PER_MINUTE", "1"),
        ("CODES_PER_HOUR", "1"),
        ("CODES_PER_DAY", "1"),
        ("EXTENDED_CODES_PER_DAY", "0"),
        ("CODE_SECONDS", "600"),
        // No resend is due within a block.
        ("RESEND_SECONDS", "300"),
        ("TICKET_SECONDS", "300"),
        ("FRESH_SECONDS", "86400"),
        ("CONTACTS_PER_DAY", "1000"),
        ("MAIL_UNPROVED_PER_DOMAIN", "10000000"),
        ("MAIL_UNPROVED_PER_HOUR", "10000000"),
        ("SMS_COUNTRIES", "US:0.00001"),
        ("SMS_SPEND_PER_DAY", "10000"),
        ("SMS_SPEND_PER_MONTH", "10000"),
        ("SMS_UNPROVED_PER_PREFIX", "1000000"),
        ("SMS_UNPROVED_PER_COUNTRY", "10000000"),
        ("ALL_SHORT_GUESSES_PER_DAY", "100000000"),
        ("ALL_LONG_GUESSES_PER_DAY", "100000000"),
        ("ALL_CODES_PER_DAY", "100000000"),
        ("MAX_TARGETED_ODDS", "1"),
        ("MAX_SPRAY_ODDS", "1"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "oracle"),
        ("AWS_SECRET_ACCESS_KEY", "oracle"),
        ("AWS_ENDPOINT_URL", endpoint),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

struct Lambdas {
    define: Function,
    create: Function,
    verify: Function,
    /// Contacts whose sessions' events are as long as a user's.
    long: Mutex<BTreeMap<String, Contact>>,
    /// True while Define issues tokens at once, to sign in the account that calls `changeContact`.
    issues: AtomicBool,
}

impl Triggers for Lambdas {
    fn invoke(&self, trigger: Trigger, mut event: Value) -> TriggerFuture<'_> {
        if self.issues.load(Ordering::SeqCst) {
            event["response"] = json!({"issueTokens": true, "failAuthentication": false});
            return Box::pin(async move { Ok(event) });
        }
        {
            let long = self.long.lock().unwrap_or_else(PoisonError::into_inner);
            let typed = event["userName"].as_str().unwrap_or_default();
            if let Some(contact) = long.get(typed) {
                event["request"]["userAttributes"] = contact.attributes_of_a_user();
                event["userName"] = json!("00000000-0000-4000-8000-000000000000");
            }
        }
        Box::pin(async move {
            let function = match trigger {
                Trigger::Define => &self.define,
                Trigger::Create => &self.create,
                Trigger::Verify => &self.verify,
                Trigger::PreSignUp | Trigger::PostConfirmation => return Ok(event),
            };
            Ok::<_, TriggerError>(function.answer(&event).await)
        })
    }
}

/// A call's answer, and its figures.
pub(crate) struct Measured {
    pub(crate) answer: Value,
    /// Microseconds of CPU time in each of [`FUNCTIONS`], up to its response.
    pub(crate) cpu: [f64; FUNCTIONS.len()],
    /// Microseconds that the caller waited, without the time of the stand-ins.
    pub(crate) wait: f64,
    /// The number of calls of the functions before the answer.
    pub(crate) calls: u32,
}

impl Measured {
    /// Returns the answer without what is random or counts seconds: values of one word by their
    /// length, and texts without their digits.
    pub(crate) fn shape(&self) -> String {
        fn masked(value: &Value, name: &str) -> Value {
            match value {
                Value::String(text) if text.contains(' ') => text
                    .split(|c: char| c.is_ascii_digit())
                    .filter(|part| !part.is_empty())
                    .collect(),
                Value::String(text) if name == "retry-after" => (!text.is_empty()).into(),
                Value::String(text) => text.len().into(),
                Value::Number(_) if ["expiresIn", "resendAfter", "retryAfter"].contains(&name) => {
                    Value::Null
                }
                Value::Array(all) => all.iter().map(|value| masked(value, name)).collect(),
                Value::Object(all) => all
                    .iter()
                    .map(|(name, value)| (name.clone(), masked(value, name)))
                    .collect(),
                other => other.clone(),
            }
        }
        masked(&self.answer, "").to_string()
    }
}

/// An account that is signed in.
pub(crate) struct SignedIn {
    username: String,
    identity: Value,
    token: String,
}

/// The functions and stand-ins. They end with this value.
pub(crate) struct Deployment {
    pub(crate) cloud: Cloud,
    endpoint: String,
    http: reqwest::Client,
    sign_in_function: Function,
    contacts: Function,
    triggers: Arc<Lambdas>,
    sabotage: Option<Sabotage>,
    pub(crate) door: Door,
    /// The number of requests of the HTTP API, each of which has a source of its own.
    requests: AtomicU32,
    server: JoinHandle<()>,
}

impl Deployment {
    pub(crate) async fn start(profile: &str, door: Door, sabotage: Option<Sabotage>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let cloud = Cloud::default();
        let variables = variables(&endpoint, sabotage);
        let start = |package| Function::start(profile, package, &variables, cloud.meter());
        let triggers = Arc::new(Lambdas {
            define: start("latchstring-define-auth-challenge").await,
            create: start("latchstring-create-auth-challenge").await,
            verify: start("latchstring-verify-auth-challenge-response").await,
            long: Mutex::default(),
            issues: AtomicBool::new(false),
        });
        let client = ClientConfig {
            auth_session_validity: Duration::from_secs(900),
            ..ClientConfig::new(CLIENT, "latchstring")
        };
        let pool = UserPool::new(
            PoolConfig::new("us-east-1", POOL, vec![client]),
            SigningKeys::shared(),
            triggers.clone(),
            Arc::new(SystemTime::now),
        );
        Self {
            sign_in_function: start("latchstring-sign-in").await,
            contacts: start(CONTACTS).await,
            server: cloud.serve(listener, latchstring_local_cognito::router(pool)),
            cloud,
            http: reqwest::Client::new(),
            triggers,
            sabotage,
            door,
            requests: AtomicU32::new(0),
            endpoint,
        }
    }

    fn functions(&self) -> [&Function; FUNCTIONS.len()] {
        let Lambdas {
            define,
            create,
            verify,
            ..
        } = &*self.triggers;
        [
            &self.sign_in_function,
            &self.contacts,
            define,
            create,
            verify,
        ]
    }

    /// Waits until no process and no stand-in has anything to do.
    async fn quiet(&self) {
        // A session that was given up may go on calling functions, and these deliver.
        self.cloud.meter().quiet().await;
        for function in self.functions() {
            function.quiet().await;
        }
        self.cloud.meter().quiet().await;
    }

    /// Makes a call. Everything is quiet before it and after it.
    async fn measured(&self, call: impl Future<Output = Value> + Send) -> Measured {
        self.quiet().await;
        for function in self.functions() {
            function.reset().await;
        }
        let meter = self.cloud.meter();
        meter.reset();
        let begun = Instant::now();
        let answer = call.await;
        let waited = begun.elapsed();
        let (others, calls) = meter.read();
        let wait = waited.saturating_sub(others).as_secs_f64() * 1e6;
        self.cloud.hold(false);
        self.quiet().await;
        let mut cpu = [0.0; FUNCTIONS.len()];
        for (cpu, function) in cpu.iter_mut().zip(self.functions()) {
            *cpu = function.spent().await;
        }
        Measured {
            answer,
            cpu,
            wait,
            calls,
        }
    }

    async fn invoke(&self, function: &Function, event: Value) -> Value {
        let meter = self.cloud.meter();
        meter.begin();
        let answer = function.answer(&event).await;
        meter.end();
        answer
    }

    /// An event of sign-in that names a contact.
    async fn resolve(&self, event: Value, contact: &Contact) -> Measured {
        self.measured(async {
            if self.sabotage == Some(Sabotage::Lookup) {
                self.look_up(&contact.text).await;
            }
            let answer = self.invoke(&self.sign_in_function, event).await;
            self.read(answer)
        })
        .await
    }

    /// A request for a code.
    pub(crate) async fn sign_in(&self, contact: &Contact) -> Measured {
        let event = match self.door {
            Door::Appsync => event("signIn", contact),
            Door::Http => self.request("sign-in", &typed(contact)),
        };
        self.resolve(event, contact).await
    }

    /// A request for a ticket.
    pub(crate) async fn ticket(&self, contact: &Contact) -> Measured {
        let event = match self.door {
            Door::Appsync => event("signInTicket", contact),
            Door::Http => self.request("sign-in/ticket", &typed(contact)),
        };
        self.resolve(event, contact).await
    }

    /// A request for a code, for an app client that is not served.
    pub(crate) async fn unknown_client(&self, contact: &Contact) -> Measured {
        let event = match self.door {
            Door::Appsync => {
                let mut event = event("signIn", contact);
                event["arguments"]["input"]["clientId"] = json!(UNKNOWN_CLIENT);
                event
            }
            Door::Http => {
                let mut typed = typed(contact);
                typed["clientId"] = json!(UNKNOWN_CLIENT);
                self.request("sign-in", &typed)
            }
        };
        self.resolve(event, contact).await
    }

    /// `signIn` for a contact whose budget is spent. Cognito opens no session before the refusal.
    pub(crate) async fn refused_sign_in(&self, contact: &Contact) -> Measured {
        self.cloud.hold(true);
        self.sign_in(contact).await
    }

    /// `changeContact` by an account that is signed in.
    pub(crate) async fn change_contact(&self, by: &SignedIn, contact: &Contact) -> Measured {
        let event = match self.door {
            Door::Appsync => {
                let mut event = event("changeContact", contact);
                event["identity"] = by.identity.clone();
                event["request"]["headers"] = json!({"authorization": by.token});
                event
            }
            Door::Http => {
                let mut event = self.request("contacts/change", &typed(contact));
                event["headers"]["authorization"] = format!("Bearer {}", by.token).into();
                event
            }
        };
        let changing = async { self.read(self.invoke(&self.contacts, event).await) };
        self.measured(changing).await
    }

    /// A wrong answer, at the HTTP door.
    pub(crate) async fn answer(&self, continuation: &Value) -> Measured {
        let body = json!({"continuation": continuation, "answer": "000000x"});
        let event = self.request("sign-in/answer", &body);
        let answering = async { self.read(self.invoke(&self.sign_in_function, event).await) };
        self.measured(answering).await
    }

    /// A resend, at the HTTP door.
    pub(crate) async fn resend(&self, continuation: &Value) -> Measured {
        let body = json!({ "continuation": continuation });
        let event = self.request("sign-in/resend", &body);
        let resending = async { self.read(self.invoke(&self.sign_in_function, event).await) };
        self.measured(resending).await
    }

    /// Returns the event of a request to the HTTP API.
    fn request(&self, path: &str, body: &Value) -> Value {
        // Few enough for the block 10.0.0.0/8.
        let number = 10 << 24 | self.requests.fetch_add(1, Ordering::Relaxed);
        let (path, source) = (format!("/v1/{path}"), Ipv4Addr::from(number));
        json!({
            "version": "2.0", "routeKey": format!("POST {path}"), "rawPath": path,
            "rawQueryString": "", "headers": {"content-type": "application/json"},
            "requestContext": {
                "http": {"method": "POST", "path": path, "sourceIp": source},
                "stage": "$default",
            },
            "body": body.to_string(), "isBase64Encoded": false,
        })
    }

    /// Reads a function's answer. That of the HTTP door has a body as text.
    fn read(&self, mut answer: Value) -> Value {
        if self.door == Door::Http {
            let body = answer["body"].as_str().unwrap_or_default();
            answer["body"] = serde_json::from_str(body).expect("the body is JSON");
        }
        answer
    }

    /// A look-up of the account, which no resolver of this project makes.
    async fn look_up(&self, typed: &str) {
        let body = json!({"UserPoolId": POOL, "Username": typed});
        let found = self.call("AdminGetUser", body).await;
        if let Some(username) = found["Username"].as_str() {
            let body = json!({"UserPoolId": POOL, "Username": username});
            self.call("AdminGetUser", body).await;
        }
    }

    async fn call(&self, operation: &str, body: Value) -> Value {
        let target = format!("AWSCognitoIdentityProviderService.{operation}");
        let request = self.http.post(format!("{}/", self.endpoint));
        let request = request
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", target)
            .header("authorization", "AWS4-HMAC-SHA256 any")
            .body(body.to_string());
        let answer = request.send().await.expect("an answer");
        // Some operations answer nothing.
        answer.json().await.unwrap_or_default()
    }

    /// `InitiateAuth` by a caller with the client id.
    pub(crate) async fn initiate(&self, contact: &Contact) -> Measured {
        let body = initiate(&contact.text);
        self.measured(self.call("InitiateAuth", body)).await
    }

    /// `RespondToAuthChallenge` by a caller with the session.
    pub(crate) async fn respond(
        &self,
        session: &Value,
        contact: &Contact,
        metadata: Value,
    ) -> Measured {
        let body = json!({
            "ClientId": CLIENT, "ChallengeName": "CUSTOM_CHALLENGE", "Session": session,
            "ChallengeResponses": {"USERNAME": contact.text, "ANSWER": "000000x"},
            "ClientMetadata": metadata,
        });
        self.measured(self.call("RespondToAuthChallenge", body))
            .await
    }

    /// Creates an account that holds this contact as verified, and perhaps an unverified one of the
    /// other kind.
    pub(crate) async fn create_account(&self, username: &str, contact: &Contact) {
        let attributes: Value = contact
            .attributes()
            .into_iter()
            .map(|(name, value)| json!({"Name": name, "Value": value}))
            .collect();
        let made = self
            .call(
                "AdminCreateUser",
                json!({
                    "UserPoolId": POOL, "Username": username, "MessageAction": "SUPPRESS",
                    "UserAttributes": attributes,
                }),
            )
            .await;
        assert!(made["User"].is_object(), "the account is made: {made}");
        self.call(
            "AdminSetUserPassword",
            json!({
                "UserPoolId": POOL, "Username": username, "Permanent": true,
                "Password": "correct-Horse-1",
            }),
        )
        .await;
    }

    /// Gives the sessions of this contact, which no account holds, the events of a user.
    pub(crate) fn lengthen_events(&self, contact: &Contact) {
        let mut long = self
            .triggers
            .long
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        long.insert(contact.text.clone(), contact.clone());
    }

    /// Disables an account.
    pub(crate) async fn disable(&self, username: &str) {
        let body = json!({"UserPoolId": POOL, "Username": username});
        self.call("AdminDisableUser", body).await;
    }

    /// Deletes an account.
    pub(crate) async fn delete(&self, username: &str) {
        let body = json!({"UserPoolId": POOL, "Username": username});
        self.call("AdminDeleteUser", body).await;
    }

    /// Signs in an account, without a code.
    pub(crate) async fn signed_in(&self, username: &str) -> SignedIn {
        self.triggers.issues.store(true, Ordering::SeqCst);
        let answer = self.call("InitiateAuth", initiate(username)).await;
        self.triggers.issues.store(false, Ordering::SeqCst);
        let token = answer["AuthenticationResult"]["AccessToken"].as_str();
        let token = token.expect("a token").to_owned();
        let body = json!({"UserPoolId": POOL, "Username": username});
        let user = self.call("AdminGetUser", body).await;
        let attributes = user["UserAttributes"].as_array().into_iter().flatten();
        let sub = attributes
            .filter(|attribute| attribute["Name"] == "sub")
            .find_map(|attribute| attribute["Value"].as_str());
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        SignedIn {
            username: username.to_owned(),
            identity: json!({
                "sub": sub.expect("a sub"),
                "claims": {
                    "token_use": "access",
                    "client_id": CLIENT,
                    "auth_time": now.expect("a clock that is right").as_secs(),
                },
            }),
            token,
        }
    }

    /// Removes every item of the table, and the contacts with long events.
    pub(crate) fn clear(&self) {
        self.cloud.clear();
        let mut long = self
            .triggers
            .long
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        long.clear();
    }
}

impl SignedIn {
    pub(crate) fn username(&self) -> &str {
        &self.username
    }
}

fn initiate(username: &str) -> Value {
    json!({
        "ClientId": CLIENT, "AuthFlow": "CUSTOM_AUTH", "AuthParameters": {"USERNAME": username},
    })
}

/// Returns the body of a request that names a contact.
fn typed(contact: &Contact) -> Value {
    json!({ "emailOrPhone": contact.text })
}

fn event(field: &str, contact: &Contact) -> Value {
    let method = match contact.channel {
        Channel::Mail => "EMAIL",
        Channel::Sms => "PHONE_NUMBER",
    };
    json!({
        "arguments": {"input": {"emailOrPhone": contact.text, "method": method}},
        "identity": null,
        "info": {"fieldName": field, "parentTypeName": "Mutation", "variables": {}},
        "request": {"headers": {}, "domainName": null},
    })
}

impl Drop for Deployment {
    fn drop(&mut self) {
        self.server.abort();
    }
}
