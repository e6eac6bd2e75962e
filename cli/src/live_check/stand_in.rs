//! A stand-in of AWS for the tests of this module, which records what is called.

use std::net::TcpListener;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode, Uri};

use crate::access::Access;

/// A call: its operation, or method and path, and its body.
pub(super) struct Call {
    pub(super) operation: String,
    pub(super) body: String,
}

/// The stand-in. It serves until the test ends.
pub(super) struct StandIn {
    pub(super) access: Access,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl StandIn {
    /// Starts it. `answer` returns a status and a body.
    pub(super) fn new(answer: impl Fn(&Call) -> (u16, String) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        listener.set_nonblocking(true).expect("a socket");
        let listener = tokio::net::TcpListener::from_std(listener).expect("a socket");
        let calls = Arc::new(Mutex::new(Vec::new()));
        let (kept, answer) = (Arc::clone(&calls), Arc::new(Mutex::new(answer)));
        let handle = async move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
            let call = call(&format!("{method} {uri}"), &headers, &body);
            let answer = answer.lock().unwrap_or_else(PoisonError::into_inner);
            let (status, body) = answer(&call);
            kept.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(call);
            (StatusCode::from_u16(status).expect("a status"), body)
        };
        let router = Router::new().fallback(handle);
        tokio::spawn(async move { axum::serve(listener, router).await });
        let access = Access {
            region: "eu-west-1".to_owned(),
            access_key_id: "key".to_owned(),
            secret_access_key: "secret".to_owned(),
            session_token: None,
            endpoint_url: Some(format!("http://127.0.0.1:{port}")),
        };
        Self { access, calls }
    }

    /// Returns the bodies of the calls of an operation.
    pub(super) fn calls(&self, operation: &str) -> Vec<String> {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let of = calls.iter().filter(|it| it.operation == operation);
        of.map(|it| it.body.clone()).collect()
    }
}

fn call(request: &str, headers: &HeaderMap, body: &[u8]) -> Call {
    let body = String::from_utf8_lossy(body).into_owned();
    let form = body.strip_prefix("Action=");
    let form = form.and_then(|it| it.split('&').next());
    let target = headers.get("x-amz-target").and_then(|it| it.to_str().ok());
    let target = target.and_then(|it| it.rsplit('.').next());
    Call {
        operation: form.or(target).unwrap_or(request).to_owned(),
        body,
    }
}

/// The answer to a resource that is missing.
pub(super) fn missing() -> (u16, String) {
    (404, r#"{"__type": "ResourceNotFoundException"}"#.to_owned())
}

/// The answer to a stack that is missing.
pub(super) fn no_stack() -> (u16, String) {
    let error = "<E><Error><Code>ValidationError</Code><Message>none</Message></Error></E>";
    (400, error.to_owned())
}
