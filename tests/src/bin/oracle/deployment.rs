//! The Lambdas as processes, each under a host of its own, and what calls them.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use latchstring_local_cognito::{
    ClientConfig, PoolConfig, SigningKeys, Trigger, TriggerError, TriggerFuture, Triggers, UserPool,
};
use latchstring_tests::{Answered, Program, RuntimeApi};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use crate::cloud::Cloud;
use crate::{Class, Sabotage, is_of};

const POOL: &str = "us-east-1_ORACLE000";
const CLIENT: &str = "oracleclient00000000000000";
const RING: &str = r#"{"id": "k1", "secret": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}"#;

/// One function: its process, and its host.
struct Function {
    host: Mutex<RuntimeApi>,
    _program: Program,
}

impl Function {
    async fn start(package: &str, endpoint: &str, sabotage: Option<Sabotage>) -> Self {
        let host = RuntimeApi::listen().await;
        let delivery = match sabotage {
            Some(Sabotage::Delivery) => "inline",
            _ => "extension",
        };
        let variables = [
            ("USER_POOL_ID", POOL),
            ("CLIENT_IDS", CLIENT),
            ("KEY_RING", RING),
            ("TABLE_NAME", "latchstring"),
            ("EMAIL_FROM", "codes@example.org"),
            ("DELIVERY", delivery),
            ("LOG_LEVEL", "error"),
            // Every visitor is somebody new: two codes, and the third is refused.
            ("CODES_PER_MINUTE", "2"),
            ("CODES_PER_HOUR", "2"),
            ("CODES_PER_DAY", "2"),
            ("EXTENDED_CODES_PER_DAY", "0"),
            ("MAIL_UNPROVED_PER_DOMAIN", "10000000"),
            ("MAIL_UNPROVED_PER_HOUR", "10000000"),
            ("ALL_SHORT_GUESSES_PER_DAY", "100000000"),
            ("ALL_CODES_PER_DAY", "100000000"),
            ("MAX_TARGETED_ODDS", "1"),
            ("MAX_SPRAY_ODDS", "1"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "oracle"),
            ("AWS_SECRET_ACCESS_KEY", "oracle"),
            ("AWS_ENDPOINT_URL", endpoint),
        ];
        let mut environment = host.environment();
        environment.extend(variables.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let program = Program::deployed("oracle", package, &environment);
        Self {
            host: Mutex::new(host),
            _program: program,
        }
    }

    async fn answer(&self, event: &Value) -> Value {
        match self.host.lock().await.invoke(event).await {
            Answered::Response(answer) => answer,
            Answered::Error(kind, _) => panic!("a function fails: {kind}"),
        }
    }
}

struct Lambdas {
    define: Function,
    create: Function,
    verify: Function,
}

impl Triggers for Lambdas {
    fn invoke(&self, trigger: Trigger, mut event: Value) -> TriggerFuture<'_> {
        let typed = event["userName"].as_str().unwrap_or_default();
        if is_of(Class::NobodyLongEvent, typed) {
            event["request"]["userAttributes"] = json!({
                "sub": "00000000-0000-4000-8000-000000000000",
                "cognito:user_status": "CONFIRMED",
                "email": typed,
                "email_verified": "true",
            });
        }
        Box::pin(async move {
            let function = match trigger {
                Trigger::Define => &self.define,
                Trigger::Create => &self.create,
                Trigger::Verify => &self.verify,
            };
            Ok::<_, TriggerError>(function.answer(&event).await)
        })
    }
}

/// A call's answer, and how many milliseconds it took.
pub(crate) struct Timed {
    pub(crate) answer: Value,
    pub(crate) millis: f64,
}

/// Everything that runs. It ends with this value.
pub(crate) struct Deployment {
    pub(crate) cloud: Cloud,
    endpoint: String,
    http: reqwest::Client,
    sign_in: Function,
    triggers: Arc<Lambdas>,
    sabotage: Option<Sabotage>,
    server: JoinHandle<()>,
}

impl Deployment {
    pub(crate) async fn start(sabotage: Option<Sabotage>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let start = |package| Function::start(package, &endpoint, sabotage);
        let triggers = Arc::new(Lambdas {
            define: start("latchstring-define-auth-challenge").await,
            create: start("latchstring-create-auth-challenge").await,
            verify: start("latchstring-verify-auth-challenge-response").await,
        });
        let client = ClientConfig::new(CLIENT, "latchstring");
        let pool = UserPool::new(
            PoolConfig::new("us-east-1", POOL, vec![client]),
            SigningKeys::generate(),
            triggers.clone(),
            Arc::new(SystemTime::now),
        );
        let cloud = Cloud::default();
        Self {
            sign_in: start("latchstring-sign-in").await,
            server: cloud.serve(listener, latchstring_local_cognito::router(pool)),
            cloud,
            http: reqwest::Client::new(),
            triggers,
            sabotage,
            endpoint,
        }
    }

    /// A field that sign-in serves, as AppSync invokes it.
    pub(crate) async fn resolve(&self, field: &str, typed: &str) -> Timed {
        let event = json!({
            "arguments": {"input": {"emailOrPhone": typed, "method": "EMAIL"}},
            "identity": null,
            "info": {"fieldName": field, "parentTypeName": "Mutation", "variables": {}},
            "request": {"headers": {}, "domainName": null},
        });
        let begun = Instant::now();
        if self.sabotage == Some(Sabotage::Lookup) {
            self.look_up(typed).await;
        }
        let answer = self.sign_in.answer(&event).await;
        self.timed(begun, answer).await
    }

    /// What a sign-in may do that does not know better: is there an account, and which?
    async fn look_up(&self, typed: &str) {
        let found = self
            .call(
                "AdminGetUser",
                json!({"UserPoolId": POOL, "Username": typed}),
            )
            .await;
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
        // An operation may have nothing to say.
        answer.json().await.unwrap_or_default()
    }

    async fn timed(&self, begun: Instant, answer: Value) -> Timed {
        let millis = begun.elapsed().as_secs_f64() * 1000.0;
        // On Lambda the next caller's Create is another process while this one delivers.
        self.triggers.create.host.lock().await.idle().await;
        Timed { answer, millis }
    }

    /// An anonymous operation of Cognito.
    async fn anonymous(&self, operation: &str, body: Value) -> Timed {
        let begun = Instant::now();
        let answer = self.call(operation, body).await;
        self.timed(begun, answer).await
    }

    /// `InitiateAuth` by whoever knows the client id.
    pub(crate) async fn initiate(&self, typed: &str) -> Timed {
        let body = json!({
            "ClientId": CLIENT, "AuthFlow": "CUSTOM_AUTH", "AuthParameters": {"USERNAME": typed},
        });
        self.anonymous("InitiateAuth", body).await
    }

    /// `RespondToAuthChallenge` by whoever has the session.
    pub(crate) async fn respond(&self, session: &Value, typed: &str, metadata: Value) -> Timed {
        let body = json!({
            "ClientId": CLIENT, "ChallengeName": "CUSTOM_CHALLENGE", "Session": session,
            "ChallengeResponses": {"USERNAME": typed, "ANSWER": "000000x"},
            "ClientMetadata": metadata,
        });
        self.anonymous("RespondToAuthChallenge", body).await
    }

    /// Makes an account that holds this address as verified, and perhaps an unverified number.
    pub(crate) async fn create_account(&self, username: &str, typed: &str, number: Option<&str>) {
        let mut attributes = vec![("email", typed), ("email_verified", "true")];
        attributes.extend(number.map(|number| ("phone_number", number)));
        let attributes: Value = attributes
            .iter()
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
        assert!(made["User"].is_object(), "the account is made");
        self.call(
            "AdminSetUserPassword",
            json!({
                "UserPoolId": POOL, "Username": username, "Permanent": true,
                "Password": "correct-Horse-1",
            }),
        )
        .await;
    }

    /// Disables an account.
    pub(crate) async fn disable(&self, username: &str) {
        let body = json!({"UserPoolId": POOL, "Username": username});
        self.call("AdminDisableUser", body).await;
    }
}

impl Drop for Deployment {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// How slow a courier is, as a rule and at its worst.
pub(crate) const COURIER: [Duration; 2] = [Duration::from_millis(5), Duration::from_millis(40)];
