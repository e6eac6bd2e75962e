//! An API whose function gives the test's answer and records its calls.

use std::future::{Future, pending};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode};
use latchstring_local_http_api::{
    Cors, FunctionError, Functions, HttpApi, JwtAuthorizer, Route, TokenRefused, Tokens, router,
};
use serde_json::{Value, json};
use tower::ServiceExt as _;

pub(crate) const ACCESS: &str = "alice-access";
pub(crate) const ID: &str = "alice-id";
pub(crate) const PAGE: &str = "http://localhost:5173";

/// The behaviour of the function.
#[derive(Clone)]
pub(crate) enum Reply {
    Answer(Value),
    Throw,
    Panic,
    Never,
}

struct Recorder {
    reply: Reply,
    calls: Mutex<Vec<(String, Value)>>,
}

impl Functions for Recorder {
    fn invoke(
        &self,
        function: &str,
        event: Value,
    ) -> Pin<Box<dyn Future<Output = Result<Value, FunctionError>> + Send + '_>> {
        let mut calls = self.calls.lock().expect("no test panics here");
        calls.push((function.to_owned(), event));
        Box::pin(async move {
            match self.reply.clone() {
                Reply::Answer(answer) => Ok(answer),
                Reply::Throw => Err(FunctionError),
                // A panic that the hook does not print.
                Reply::Panic => std::panic::resume_unwind(Box::new("boom")),
                Reply::Never => pending().await,
            }
        })
    }
}

struct KnownTokens;

impl Tokens for KnownTokens {
    fn verify(&self, token: &str) -> Result<Value, TokenRefused> {
        let claims = |more: Value| {
            let mut claims = json!({
                "sub": "sub-alice", "iss": "https://cognito-idp.example/pool",
                "exp": 4_102_444_800_i64, "verified": true, "cognito:groups": ["staff", "admins"],
            });
            for (name, value) in more.as_object().expect("an object") {
                claims[name] = value.clone();
            }
            Ok(claims)
        };
        match token {
            ACCESS => claims(json!({"client_id": "our-client"})),
            ID => claims(json!({"aud": "our-client"})),
            "list" => claims(json!({"aud": ["another", "our-client"]})),
            "of another client" => claims(json!({"client_id": "another"})),
            // `aud` counts if there is one.
            "of two clients" => claims(json!({"aud": "another", "client_id": "our-client"})),
            "of no client" => claims(json!({})),
            "expired" => Err(TokenRefused::Expired),
            _ => Err(TokenRefused::Untrusted),
        }
    }
}

pub(crate) struct TestApi {
    router: Router,
    functions: Arc<Recorder>,
}

impl TestApi {
    /// An API whose function answers with status 200.
    pub(crate) fn new() -> Self {
        Self::answering(json!({"statusCode": 200, "body": "{}"}))
    }

    pub(crate) fn answering(answer: Value) -> Self {
        Self::with(Reply::Answer(answer), |api| api)
    }

    pub(crate) fn with(reply: Reply, set: impl FnOnce(HttpApi) -> HttpApi) -> Self {
        let functions = Arc::new(Recorder {
            reply,
            calls: Mutex::default(),
        });
        let route = |key: &str, is_signed_in| Route {
            key: key.to_owned(),
            function: if is_signed_in { "account" } else { "open" }.to_owned(),
            is_signed_in,
        };
        let api = HttpApi::new(
            [
                route("POST /v1/sign-in", false),
                route("GET /v1/pending", true),
                route("POST /v1/names", true),
            ],
            functions.clone(),
            JwtAuthorizer {
                tokens: Arc::new(KnownTokens),
                audience: vec!["our-client".to_owned()],
            },
        );
        Self {
            router: router(set(api)),
            functions,
        }
    }

    pub(crate) fn with_cors() -> Self {
        let answer = json!({"statusCode": 200, "body": "{}", "headers": {
            "access-control-allow-origin": "*", "vary": "accept",
        }});
        Self::with(Reply::Answer(answer), |api| {
            api.with_cors(Cors {
                allows_credentials: false,
                allows_origin: Arc::new(|origin| origin == PAGE),
                allow_methods: "GET,POST",
                allow_headers: "authorization,content-type",
                expose_headers: "retry-after",
                max_age: "3600",
            })
        })
    }

    pub(crate) fn with_time_limit(reply: Reply, time_limit: Duration) -> Self {
        Self::with(reply, |api| api.with_time_limit(time_limit))
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> (StatusCode, HeaderMap, Bytes) {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(body.into()).expect("the headers are good");
        let peer: SocketAddr = ([192, 0, 2, 7], 5000).into();
        request.extensions_mut().insert(ConnectInfo(peer));
        let answered = self.router.clone().oneshot(request).await;
        let (parts, body) = answered.expect("a router is infallible").into_parts();
        let body = to_bytes(body, usize::MAX).await.expect("the body is whole");
        (parts.status, parts.headers, body)
    }

    /// Returns the function's calls, in order.
    pub(crate) fn calls(&self) -> Vec<(String, Value)> {
        let calls = self.functions.calls.lock().expect("no test panics here");
        calls.clone()
    }

    /// Returns the event of a request to the open route.
    pub(crate) async fn event(&self, headers: &[(&str, &str)], body: impl Into<Body>) -> Value {
        self.send("POST", "/v1/sign-in", headers, body).await;
        let mut calls = self.calls();
        assert_eq!(calls.len(), 1);
        calls.remove(0).1
    }
}

/// Checks for an answer of API Gateway itself.
pub(crate) fn is_refused(answer: &(StatusCode, HeaderMap, Bytes), status: u16, message: &str) {
    let (found, headers, body) = answer;
    assert_eq!(found.as_u16(), status);
    assert_eq!(headers["content-type"], "application/json");
    assert!(headers.contains_key("apigw-requestid"));
    let body: Value = serde_json::from_slice(body).expect("JSON");
    assert_eq!(body, json!({ "message": message }));
}
