//! A deployment in memory, and a client of its HTTP door.

use std::sync::{Arc, Mutex};

use data_encoding::BASE64URL_NOPAD;
use latchstring_core::account::{Account, Attributes};
use latchstring_core::flow::AppClient;
use latchstring_core::message::Content;
use latchstring_core::policy::Policy;
use latchstring_core::ports::{AccessTokenVerifier, Clock, Directory, PortError};
use latchstring_core::secret::Secret;
use latchstring_core::time::Timestamp;
use latchstring_lambda::resolver::{
    AccountResolver, NoSessions, OriginSecrets, SignInResolver, SourceOf,
};
use latchstring_lambda::{PublicError, answer};
use latchstring_memory::{FixedCaptcha, ManualClock, MemoryDirectory, MemoryStore, SeededEntropy};
use latchstring_testkit as testkit;
use serde_json::{Value, json};

use crate::documented;

pub(crate) const POOL: &str = "eu-west-1_TESTED000";
pub(crate) const CLIENT: &str = "testedclient";
pub(crate) const ADA: &str = "ada@example.com";
pub(crate) const BOB: &str = "bob@example.com";
pub(crate) const ADAS_NAME: &str = "username-of-ada";
pub(crate) const ADAS_SUB: &str = "sub-of-ada";

type Pool = testkit::Pool<Arc<testkit::World>>;
pub(crate) type SignIns =
    SignInResolver<MemoryStore, MemoryDirectory, Pool, FixedCaptcha, ManualClock, SeededEntropy>;
pub(crate) type Accounts =
    AccountResolver<MemoryStore, MemoryDirectory, Issued, Pool, ManualClock, SeededEntropy>;

/// The verifier of access tokens. Like Cognito it accepts exactly the tokens that it issued, of any
/// pool of the region.
#[derive(Clone)]
pub(crate) struct Issued {
    accounts: MemoryDirectory,
    tokens: Arc<Mutex<Vec<String>>>,
}

impl Issued {
    /// Issues an access token of Ada, who signs in now, with these claims changed.
    pub(crate) fn token(&self, now: Timestamp, changed: &Value) -> String {
        let mut claims = json!({
            "iss": format!("https://cognito-idp.eu-west-1.amazonaws.com/{POOL}"),
            "sub": ADAS_SUB,
            "username": ADAS_NAME,
            "token_use": "access",
            "client_id": CLIENT,
            "auth_time": now.as_secs(),
        });
        for (name, value) in changed.as_object().into_iter().flatten() {
            claims[name] = value.clone();
        }
        let claims = BASE64URL_NOPAD.encode(claims.to_string().as_bytes());
        let token = format!("eyJhbGciOiJSUzI1NiJ9.{claims}.c2lnbmF0dXJl");
        self.tokens.lock().unwrap().push(token.clone());
        token
    }
}

impl AccessTokenVerifier for Issued {
    async fn holder(&self, access_token: &Secret) -> Result<Option<Account>, PortError> {
        let known = {
            let tokens = self.tokens.lock().unwrap();
            tokens.iter().any(|token| token == access_token.expose())
        };
        if known {
            self.accounts.find(ADAS_NAME).await
        } else {
            Ok(None)
        }
    }
}

/// A response, decoded.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u64,
    pub(crate) headers: Value,
    pub(crate) text: String,
    pub(crate) body: Value,
}

impl Reply {
    /// Decodes a function's response.
    pub(crate) fn of(response: &Value) -> Self {
        let text = response["body"].as_str().expect("a body").to_owned();
        Self {
            status: response["statusCode"].as_u64().expect("a status"),
            headers: response["headers"].clone(),
            body: serde_json::from_str(&text).unwrap_or_default(),
            text,
        }
    }

    /// The name of its problem.
    pub(crate) fn problem(&self) -> &str {
        let kind = self.body["type"].as_str().unwrap_or_default();
        kind.strip_prefix("urn:latchstring:error:")
            .unwrap_or_default()
    }

    /// A text of its body.
    pub(crate) fn text_of(&self, member: &str) -> String {
        let text = self.body[member].as_str();
        text.unwrap_or_else(|| panic!("no {member} in {}", self.text))
            .to_owned()
    }
}

/// A deployment with Ada in the pool, who has an address.
pub(crate) struct World {
    pub(crate) shared: Arc<testkit::World>,
    pub(crate) issued: Issued,
    pub(crate) sign_in: SignIns,
    pub(crate) accounts: Accounts,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    /// Makes a world with other settings.
    pub(crate) fn with(change: impl FnOnce(&mut Policy)) -> Self {
        let mut deployment = testkit::deployment(CLIENT, "k1");
        change(&mut deployment.policy);
        let now = Timestamp::from_secs(1_800_000_000);
        let shared = Arc::new(testkit::World::new(deployment, POOL, CLIENT, now));
        shared.directory.put(Account {
            username: ADAS_NAME.to_owned(),
            enabled: true,
            attributes: Attributes::from_pairs([
                ("sub", ADAS_SUB),
                ("cognito:user_status", "CONFIRMED"),
                ("email", ADA),
                ("email_verified", "true"),
            ]),
        });
        let issued = Issued {
            accounts: shared.directory.clone(),
            tokens: Arc::default(),
        };
        let api = Pool::new(POOL, CLIENT, shared.directory.clone(), Arc::clone(&shared));
        let app_client = AppClient::new(POOL, CLIENT);
        Self {
            sign_in: SignInResolver {
                hook: None,
                deployment: shared.deployment.clone(),
                app_client: app_client.clone(),
                legacy_pool: false,
                source: SourceOf::Off,
                origin: None,
                sessions: NoSessions,
                store: shared.store.clone(),
                directory: shared.directory.clone(),
                api: api.clone(),
                captcha: None,
                clock: shared.clock.clone(),
                entropy: SeededEntropy::new(3),
            },
            accounts: AccountResolver {
                deployment: shared.deployment.clone(),
                app_client,
                source: SourceOf::Off,
                origin: None,
                sessions: NoSessions,
                store: shared.store.clone(),
                directory: shared.directory.clone(),
                tokens: issued.clone(),
                api,
                clock: shared.clock.clone(),
                entropy: SeededEntropy::new(4),
            },
            issued,
            shared,
        }
    }

    /// Puts CloudFront in front of the door.
    pub(crate) fn behind_cloudfront(mut self, secrets: &str) -> Self {
        self.sign_in.origin = OriginSecrets::parse(secrets);
        self.accounts.origin = OriginSecrets::parse(secrets);
        self
    }

    /// Returns an access token of Ada that Cognito accepts, with these claims changed.
    pub(crate) fn token(&self, changed: &Value) -> String {
        self.issued.token(self.shared.clock.now(), changed)
    }

    /// Sends an event to the function of its path.
    pub(crate) async fn send(&self, event: Value) -> Result<Value, PublicError> {
        let path = event["rawPath"].as_str().or(event["path"].as_str());
        let response = if is_of_accounts(path.unwrap_or_default()) {
            answer(&self.accounts, event).await
        } else {
            answer(&self.sign_in, event).await
        };
        response.map(|response| {
            assert!(response.follow_up.is_none(), "a resolver leaves no work");
            response.value
        })
    }

    /// Sends a request of an HTTP API, and compares the response with the document.
    pub(crate) async fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Reply {
        let event = event(method, path, headers, body);
        let response = self.send(event).await.expect("an HTTP event");
        let reply = Reply::of(&response);
        assert_eq!(reply.headers["cache-control"], "no-store");
        let (path, _) = path.split_once('?').unwrap_or((path, ""));
        documented::check(method, path, &reply);
        reply
    }

    /// Posts JSON without a token.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        let headers = [("content-type", "application/json")];
        self.request("POST", path, &headers, &body.to_string())
            .await
    }

    /// Posts JSON as Ada, who has signed in now.
    pub(crate) async fn post_as_ada(&self, path: &str, body: &Value) -> Reply {
        let bearer = format!("Bearer {}", self.token(&json!({})));
        let headers = [
            ("content-type", "application/json"),
            ("authorization", &bearer),
        ];
        self.request("POST", path, &headers, &body.to_string())
            .await
    }

    /// Begins a sign-in, and returns the continuation.
    pub(crate) async fn begin(&self, typed: &str) -> String {
        let body = json!({ "emailOrPhone": typed });
        let begun = self.post("/v1/sign-in", &body).await;
        assert_eq!(begun.status, 200, "{}", begun.text);
        begun.text_of("continuation")
    }

    /// Answers a code.
    pub(crate) async fn answer(&self, continuation: &str, code: &str) -> Reply {
        let body = json!({ "continuation": continuation, "answer": code });
        self.post("/v1/sign-in/answer", &body).await
    }

    /// The latest code that arrived, and its recipient.
    pub(crate) fn code(&self) -> (String, String) {
        let messages = self.shared.inbox.messages(None, usize::MAX).into_iter();
        let mut codes = messages.filter_map(|arrived| {
            let code = arrived.message.code.as_ref()?.digits().to_owned();
            Some((code, arrived.message.to.as_str().to_owned()))
        });
        codes.next().expect("a code arrived")
    }

    /// The text of the latest mail.
    pub(crate) fn mail(&self) -> String {
        let messages = self.shared.inbox.messages(None, 1);
        match &messages[0].message.content {
            Content::Mail { text, .. } | Content::Sms { text } => text.clone(),
        }
    }

    /// The number of messages so far.
    pub(crate) fn sent(&self) -> usize {
        self.shared.inbox.messages(None, usize::MAX).len()
    }
}

/// Returns whether the function sign-up serves a path.
pub(crate) fn is_of_accounts(path: &str) -> bool {
    let parts = [
        "sign-up",
        "names",
        "change",
        "pending",
        "devices",
        "invitations",
        "session",
        "sign-out",
    ];
    parts.iter().any(|part| path.contains(part))
}

/// Returns the event of an HTTP API for a request.
pub(crate) fn event(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Value {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let parameters: serde_json::Map<_, _> = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .collect();
    let headers: serde_json::Map<_, _> = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), json!(value)))
        .collect();
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers,
        "queryStringParameters": parameters,
        "requestContext": {
            "http": { "method": method, "path": path, "sourceIp": "192.0.2.1" },
        },
        "body": body,
        "isBase64Encoded": false,
    })
}

/// A code of the same length that is not right, another one for each number below ten.
pub(crate) fn wrong(code: &str, number: u32) -> String {
    let (rest, last) = code.split_at(code.len() - 1);
    let last = last.chars().next().and_then(|digit| digit.to_digit(10));
    format!("{rest}{}", (last.unwrap_or_default() + number + 1) % 10)
}
