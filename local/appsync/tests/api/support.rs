//! An API whose functions return the test's answers and record their calls.

use std::collections::{BTreeMap, HashMap};
use std::future::{Future, pending};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode};
use latchstring_local_appsync::{
    Api, FunctionError, Functions, SchemaError, TokenRefused, Tokens, router,
};
use serde_json::{Value, json};
use tower::ServiceExt as _;

pub(crate) const API_KEY: &str = "da2-testtesttesttesttesttest";
pub(crate) const ALICE: &str = "alice-access";
pub(crate) const ADMIN: &str = "admin-id";

/// A schema with everything that the deployed one lacks: signed-in fields, groups, lists, abstract
/// types.
pub(crate) const SDL: &str = r#"
type Query {
  nothing: String
  me: Person
  people: [Person]!
  numbers: [Int!]
  found: Found
  byKey: Person @aws_api_key
  byEither: Person @aws_api_key @aws_cognito_user_pools
  byAdmins: Person @aws_cognito_user_pools(cognito_groups: ["admins"])
  byMachine: Person @aws_iam
  shared: Shared @aws_api_key @aws_cognito_user_pools
}
type Mutation {
  signIn(input: SignInInput!): SignInPayload! @aws_api_key
  signUp(name: String!): SignInPayload!
  count(size: Size! = SMALL, by: Int, factor: Float, on: AWSDate): Int @aws_api_key
}
enum Method { EMAIL PHONE_NUMBER }
enum Size { SMALL LARGE }
input SignInInput { emailOrPhone: String! method: Method! locale: String tags: [String!] nested: Nested }
input Nested { name: String!, inner: Nested }
type SignInPayload @aws_api_key @aws_cognito_user_pools { session: String! expiresIn: Int! method: Method }
type Person { id: ID! name: String friend: Person height: Float isNew: Boolean email: AWSEmail }
type Shared @aws_api_key @aws_cognito_user_pools {
  open: String
  signedIn: String @aws_cognito_user_pools
  friend: Person
}
type Robot { serial: String }
union Found = Person | Robot
"#;

/// The names of the functions, by the fields of [`SDL`].
pub(crate) fn mapping() -> BTreeMap<String, String> {
    let fields = [
        "Query.me",
        "Query.people",
        "Query.numbers",
        "Query.found",
        "Query.byKey",
        "Query.byEither",
        "Query.byAdmins",
        "Query.byMachine",
        "Query.shared",
        "Mutation.signIn",
        "Mutation.signUp",
        "Mutation.count",
    ];
    fields
        .iter()
        .map(|field| {
            let (_, function) = field.split_once('.').expect("a coordinate has a dot");
            ((*field).to_owned(), function.to_owned())
        })
        .collect()
}

/// The behaviour of a function.
#[derive(Clone)]
pub(crate) enum Reply {
    Answer(Value),
    Throw(&'static str),
    Panic,
    Never,
}

#[derive(Default)]
pub(crate) struct Recorder {
    replies: Mutex<HashMap<String, Reply>>,
    calls: Mutex<Vec<(String, Value)>>,
}

impl Functions for Recorder {
    fn invoke(
        &self,
        function: &str,
        event: Value,
    ) -> Pin<Box<dyn Future<Output = Result<Value, FunctionError>> + Send + '_>> {
        let reply = self.replies.lock().expect("no test panics here")[function].clone();
        self.calls
            .lock()
            .expect("no test panics here")
            .push((function.to_owned(), event));
        Box::pin(async move {
            match reply {
                Reply::Answer(answer) => Ok(answer),
                Reply::Throw(message) => Err(FunctionError {
                    error_type: "Private".to_owned(),
                    message: message.to_owned(),
                }),
                // A panic that the hook does not print.
                Reply::Panic => std::panic::resume_unwind(Box::new("boom")),
                Reply::Never => pending().await,
            }
        })
    }
}

pub(crate) struct KnownTokens;

impl Tokens for KnownTokens {
    fn verify(&self, token: &str) -> Result<Value, TokenRefused> {
        match token {
            ALICE => Ok(json!({
                "sub": "sub-alice", "iss": "https://cognito-idp.example/pool", "username": "alice",
                "token_use": "access", "exp": 4_102_444_800_i64,
            })),
            ADMIN => Ok(json!({
                "sub": "sub-root", "iss": "https://cognito-idp.example/pool", "cognito:username": "root",
                "token_use": "id", "cognito:groups": ["staff", "admins"],
            })),
            "expired" => Err(TokenRefused::Expired),
            "forged" => Err(TokenRefused::Untrusted),
            _ => Err(TokenRefused::Unparsable),
        }
    }
}

pub(crate) fn build(sdl: &str, mapping: BTreeMap<String, String>) -> Result<Api, SchemaError> {
    let functions = Arc::new(Recorder::default());
    Api::new(
        sdl,
        mapping,
        API_KEY.to_owned(),
        functions,
        Arc::new(KnownTokens),
    )
}

pub(crate) struct TestApi {
    router: Router,
    functions: Arc<Recorder>,
}

impl TestApi {
    pub(crate) fn new() -> Self {
        Self::with_time_limit(latchstring_local_appsync::TIME_LIMIT)
    }

    pub(crate) fn with_time_limit(time_limit: Duration) -> Self {
        Self::of(|api| api.with_time_limit(time_limit))
    }

    pub(crate) fn with_resolver_count_limit(limit: usize) -> Self {
        Self::of(|api| api.with_resolver_count_limit(limit))
    }

    fn of(set: impl FnOnce(Api) -> Api) -> Self {
        let functions = Arc::new(Recorder::default());
        let api = Api::new(
            SDL,
            mapping(),
            API_KEY.to_owned(),
            functions.clone(),
            Arc::new(KnownTokens),
        )
        .expect("the test schema is good");
        Self {
            router: router(set(api)),
            functions,
        }
    }

    pub(crate) fn given(self, function: &str, reply: Reply) -> Self {
        self.functions
            .replies
            .lock()
            .expect("no test panics here")
            .insert(function.to_owned(), reply);
        self
    }

    pub(crate) fn answering(self, function: &str, data: Value) -> Self {
        let answer = Value::Object([("data".to_owned(), data)].into_iter().collect());
        self.given(function, Reply::Answer(answer))
    }

    /// Sends a request unchanged and returns its answer unchanged.
    pub(crate) async fn send_raw(&self, request: Request<Body>) -> (StatusCode, HeaderMap, Bytes) {
        let response = self
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("a router is infallible");
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.expect("the body is whole");
        (parts.status, parts.headers, body)
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> (StatusCode, HeaderMap, Value) {
        let (status, headers, body) = self.send_raw(request).await;
        let body = serde_json::from_slice(&body).expect("every answer is JSON");
        (status, headers, body)
    }

    pub(crate) async fn post(
        &self,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> (StatusCode, Value) {
        let mut request = Request::post("/graphql");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(body.into()).expect("the headers are good");
        let peer: SocketAddr = ([127, 0, 0, 1], 5000).into();
        request.extensions_mut().insert(ConnectInfo(peer));
        let (status, _, body) = self.send(request).await;
        (status, body)
    }

    /// Sends a GraphQL request that AppSync answers with 200.
    pub(crate) async fn graphql(&self, headers: &[(&str, &str)], request: Value) -> Value {
        let (status, body) = self.post(headers, request.to_string()).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body
    }

    /// Sends a query with the API key.
    pub(crate) async fn public(&self, query: &str) -> Value {
        self.graphql(&[("x-api-key", API_KEY)], json!({ "query": query }))
            .await
    }

    pub(crate) async fn public_with(&self, query: &str, variables: Value) -> Value {
        let request = json!({ "query": query, "variables": variables });
        self.graphql(&[("x-api-key", API_KEY)], request).await
    }

    /// Sends a query as Alice, who is signed in.
    pub(crate) async fn signed_in(&self, query: &str) -> Value {
        self.graphql(&[("authorization", ALICE)], json!({ "query": query }))
            .await
    }

    /// Returns the functions' calls, in order.
    pub(crate) fn calls(&self) -> Vec<(String, Value)> {
        self.functions
            .calls
            .lock()
            .expect("no test panics here")
            .clone()
    }

    /// Returns the event of the only call.
    pub(crate) fn event(&self) -> Value {
        let mut calls = self.calls();
        assert_eq!(calls.len(), 1);
        calls.remove(0).1
    }
}

/// Returns the answer of a successful sign-in.
pub(crate) fn session() -> Value {
    json!({"session": "s", "expiresIn": 300, "method": "EMAIL"})
}

/// Returns the only error of an answer.
pub(crate) fn only_error(answer: &Value) -> &Value {
    let errors = answer["errors"].as_array().expect("there are errors");
    assert_eq!(errors.len(), 1, "{answer}");
    &errors[0]
}
