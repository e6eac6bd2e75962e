//! A test pool: only the test moves its clock, and its triggers are a small custom sign-in.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use latchstring_local_cognito::{
    ClientConfig, PoolConfig, SigningKeys, Trigger, TriggerError, TriggerFuture, Triggers,
    UserPool, router,
};
use serde_json::{Value, json};
use tower::ServiceExt;

pub(crate) const POOL: &str = "eu-central-1_Bench1234";
pub(crate) const CLIENT: &str = "benchclient0000000000000001";
pub(crate) const SIBLING: &str = "benchclient0000000000000002";
pub(crate) const START: u64 = 1_800_000_000;
/// The answer that the bench's Verify accepts.
pub(crate) const RIGHT: &str = "open sesame";

/// A replacement for an invocation: it receives the event and may return an answer instead of the
/// bench's own.
type Script = Box<dyn Fn(Trigger, &Value) -> Option<Result<Value, TriggerError>> + Send + Sync>;

/// A custom sign-in: one challenge, three answers, tokens for the right one. It records its events.
#[derive(Default)]
pub(crate) struct BenchTriggers {
    events: Mutex<Vec<(Trigger, Value)>>,
    script: Mutex<Option<Script>>,
    /// The number of invocations that never answer.
    pub(crate) silent: AtomicU64,
}

impl BenchTriggers {
    pub(crate) fn events(&self, trigger: Trigger) -> Vec<Value> {
        let events = self.events.lock().expect("no test panics here");
        events
            .iter()
            .filter(|(of, _)| *of == trigger)
            .map(|(_, event)| event.clone())
            .collect()
    }

    pub(crate) fn last(&self, trigger: Trigger) -> Value {
        self.events(trigger).pop().expect("the trigger ran")
    }

    pub(crate) fn script(
        &self,
        script: impl Fn(Trigger, &Value) -> Option<Result<Value, TriggerError>> + Send + Sync + 'static,
    ) {
        *self.script.lock().expect("no test panics here") = Some(Box::new(script));
    }

    /// Makes one trigger answer with this response from now on.
    pub(crate) fn respond(&self, trigger: Trigger, response: Value) {
        self.script(move |of, event| {
            (of == trigger).then(|| {
                let mut event = event.clone();
                event["response"] = response.clone();
                Ok(event)
            })
        });
    }
}

impl Triggers for BenchTriggers {
    fn invoke(&self, trigger: Trigger, event: Value) -> TriggerFuture<'_> {
        self.events
            .lock()
            .expect("no test panics here")
            .push((trigger, event.clone()));
        let scripted = {
            let script = self.script.lock().expect("no test panics here");
            script.as_ref().and_then(|script| script(trigger, &event))
        };
        let silent = self
            .silent
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                left.checked_sub(1)
            })
            .is_ok();
        Box::pin(async move {
            if silent {
                std::future::pending::<()>().await;
            }
            scripted.unwrap_or_else(|| Ok(answer(trigger, event)))
        })
    }
}

fn answer(trigger: Trigger, mut event: Value) -> Value {
    event["response"] = match trigger {
        Trigger::Define => {
            let rounds = event["request"]["session"]
                .as_array()
                .expect("Define sees the session");
            let passed = rounds
                .last()
                .is_some_and(|round| round["challengeResult"] == true);
            json!({
                "issueTokens": passed,
                "failAuthentication": !passed && rounds.len() >= 3,
                "challengeName": if passed { Value::Null } else { json!("CUSTOM_CHALLENGE") },
            })
        }
        Trigger::Create => {
            let round = event["request"]["session"].as_array().map_or(0, Vec::len);
            json!({
                "publicChallengeParameters": { "hint": "a door" },
                "privateChallengeParameters": { "right": RIGHT },
                "challengeMetadata": format!("round {round}"),
            })
        }
        Trigger::PreSignUp | Trigger::PostConfirmation => return event,
        Trigger::Verify => {
            let request = &event["request"];
            let right = &request["privateChallengeParameters"]["right"];
            json!({ "answerCorrect": request["challengeAnswer"] == *right })
        }
    };
    event
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

pub(crate) struct Bench {
    pub(crate) pool: UserPool,
    pub(crate) triggers: Arc<BenchTriggers>,
    router: Router,
    clock: Arc<AtomicU64>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    /// Creates a pool whose first client is changed by the test.
    pub(crate) fn with_client(change: impl FnOnce(&mut ClientConfig)) -> Self {
        Self::with(|config| change(&mut config.clients[0]))
    }

    pub(crate) fn with(change: impl FnOnce(&mut PoolConfig)) -> Self {
        let keys = SigningKeys::shared();
        let clients = vec![
            ClientConfig::new(CLIENT, "bench"),
            ClientConfig::new(SIBLING, "sibling"),
        ];
        let mut config = PoolConfig::new("eu-central-1", POOL, clients);
        change(&mut config);
        let clock = Arc::new(AtomicU64::new(START));
        let now = {
            let clock = Arc::clone(&clock);
            move || -> SystemTime { UNIX_EPOCH + Duration::from_secs(clock.load(Ordering::SeqCst)) }
        };
        let triggers = Arc::new(BenchTriggers::default());
        let pool = UserPool::new(config, keys, triggers.clone(), Arc::new(now));
        Self {
            router: router(pool.clone()),
            pool,
            triggers,
            clock,
        }
    }

    /// Returns another handle on the same pool.
    pub(crate) fn elsewhere(&self) -> Self {
        Self {
            pool: self.pool.clone(),
            triggers: Arc::clone(&self.triggers),
            router: self.router.clone(),
            clock: Arc::clone(&self.clock),
        }
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.clock.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("a router always answers");
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX)
            .await
            .expect("the body is in memory");
        let body = if bytes.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&bytes).expect("every body is JSON")
        };
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    /// Sends a call as an SDK does, signed where AWS requires a signature.
    pub(crate) async fn call(&self, operation: &str, body: impl ToString) -> Answer {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri("/")
            .header("content-type", "application/x-amz-json-1.1")
            .header(
                "x-amz-target",
                format!("AWSCognitoIdentityProviderService.{operation}"),
            );
        if ["Admin", "List", "Describe", "CreateGroup", "GetGroup"]
            .iter()
            .any(|prefix| operation.starts_with(prefix))
        {
            request = request.header(
                "authorization",
                "AWS4-HMAC-SHA256 Credential=local/20270115/eu-central-1/cognito-idp/aws4_request",
            );
        }
        self.send(
            request
                .body(Body::from(body.to_string()))
                .expect("a valid request"),
        )
        .await
    }

    pub(crate) async fn ok(&self, operation: &str, body: Value) -> Value {
        let answer = self.call(operation, body).await;
        assert_eq!(
            answer.status,
            StatusCode::OK,
            "{operation}: {}",
            answer.body
        );
        answer.body
    }

    /// Returns the refusal of a call, as `Code: message`.
    pub(crate) async fn refused(&self, operation: &str, body: Value) -> String {
        let answer = self.call(operation, body).await;
        assert_eq!(
            answer.status,
            StatusCode::BAD_REQUEST,
            "{operation}: {}",
            answer.body
        );
        refusal(&answer.body)
    }

    pub(crate) async fn create(&self, username: &str, attributes: Value) -> Value {
        self.ok("AdminCreateUser", create_body(username, attributes))
            .await
    }

    /// Creates a user with a verified email address.
    pub(crate) async fn create_verified(&self, username: &str, email: &str) {
        self.create(
            username,
            json!({ "email": email, "email_verified": "true" }),
        )
        .await;
    }

    pub(crate) async fn admin_get(&self, username: &str) -> Value {
        self.ok("AdminGetUser", named(username)).await
    }

    pub(crate) async fn initiate(&self, username: &str) -> Value {
        self.ok("InitiateAuth", initiate_body(username)).await
    }

    /// Signs in and returns the `AuthenticationResult`.
    pub(crate) async fn sign_in(&self, username: &str) -> Value {
        let challenge = self.initiate(username).await;
        let body = answer_body(session(&challenge), username, RIGHT);
        self.ok("RespondToAuthChallenge", body).await["AuthenticationResult"].clone()
    }
}

pub(crate) fn refusal(body: &Value) -> String {
    let code = body["__type"].as_str().expect("a refusal has a type");
    format!("{code}: {}", body["message"].as_str().unwrap_or_default())
}

pub(crate) fn initiate_body(username: &str) -> Value {
    json!({ "AuthFlow": "CUSTOM_AUTH", "ClientId": CLIENT, "AuthParameters": { "USERNAME": username } })
}

pub(crate) fn answer_body(session: &str, username: &str, answer: &str) -> Value {
    json!({
        "ClientId": CLIENT,
        "ChallengeName": "CUSTOM_CHALLENGE",
        "Session": session,
        "ChallengeResponses": { "USERNAME": username, "ANSWER": answer },
    })
}

pub(crate) fn create_body(username: &str, attributes: Value) -> Value {
    json!({
        "UserPoolId": POOL,
        "Username": username,
        "MessageAction": "SUPPRESS",
        "UserAttributes": attribute_list(attributes),
    })
}

pub(crate) fn named(username: &str) -> Value {
    json!({ "UserPoolId": POOL, "Username": username })
}

pub(crate) fn update_body(username: &str, attributes: Value) -> Value {
    json!({
        "UserPoolId": POOL,
        "Username": username,
        "UserAttributes": attribute_list(attributes),
    })
}

pub(crate) fn attribute_list(attributes: Value) -> Value {
    let Value::Object(attributes) = attributes else {
        panic!("attributes are an object")
    };
    attributes
        .into_iter()
        .map(|(name, value)| json!({ "Name": name, "Value": value }))
        .collect()
}

pub(crate) fn session(challenge: &Value) -> &str {
    challenge["Session"]
        .as_str()
        .expect("a challenge has a session")
}

pub(crate) fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member]
        .as_str()
        .unwrap_or_else(|| panic!("{member} is a string"))
}

/// Returns an attribute of an output's list.
pub(crate) fn attribute(output: &Value, name: &str) -> Option<String> {
    let list = output["UserAttributes"]
        .as_array()
        .or_else(|| output["Attributes"].as_array());
    let found = list
        .expect("a list of attributes")
        .iter()
        .find(|entry| entry["Name"] == name);
    found.map(|entry| text(entry, "Value").to_owned())
}

/// Returns the claims of a JWT, unverified.
pub(crate) fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).expect("a JWT has three parts");
    let bytes = data_encoding::BASE64URL_NOPAD
        .decode(part.as_bytes())
        .expect("base64url");
    serde_json::from_slice(&bytes).expect("claims are JSON")
}
