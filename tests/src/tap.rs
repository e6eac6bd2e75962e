//! A proxy before a service that records each request and can spoil its reply.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use latchstring_aws::Aws;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::emulator::aws_at;

/// The part of an AWS SDK's request that tests read.
#[derive(Clone)]
pub struct Request {
    /// The operation, as `X-Amz-Target` names it after the dot.
    pub operation: String,
    /// The body.
    pub body: Value,
}

/// The part of a call that is lost.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// The request: the call has no effect.
    Request,
    /// The reply: the call takes effect.
    Reply,
}

/// A proxy that forwards requests to a service and records them.
pub struct Tap {
    endpoint: String,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

struct Shared {
    upstream: String,
    client: reqwest::Client,
    seen: Mutex<Vec<Request>>,
    /// The number of following replies that are lost.
    to_spoil: Mutex<usize>,
    /// The operation whose next call is lost.
    to_lose: Mutex<Option<(&'static str, Lost)>>,
}

impl Tap {
    /// Starts a proxy before a service, on a free port.
    pub async fn before(upstream: &str) -> Self {
        let shared = Arc::new(Shared {
            upstream: upstream.to_owned(),
            client: reqwest::Client::new(),
            seen: Mutex::default(),
            to_spoil: Mutex::default(),
            to_lose: Mutex::default(),
        });
        let router = Router::new()
            .fallback(pass_on)
            .with_state(Arc::clone(&shared));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let server = tokio::spawn(async move {
            axum::serve(listener, router)
                .await
                .expect("accepting goes on");
        });
        Self {
            endpoint: format!("http://{address}"),
            shared,
            server,
        }
    }

    /// Returns AWS behind this proxy.
    pub fn aws(&self) -> Aws {
        aws_at(&self.endpoint).with_slack(20)
    }

    /// Returns its address, as `AWS_ENDPOINT_URL` takes it.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Makes the next request take effect while its caller receives a failure.
    pub fn spoil_next_reply(&self) {
        *lock(&self.shared.to_spoil) += 1;
    }

    /// Makes the next call of an operation fail for its caller.
    pub fn lose_next(&self, operation: &'static str, lost: Lost) {
        *lock(&self.shared.to_lose) = Some((operation, lost));
    }

    /// Returns the requests since the last call of this function.
    pub fn seen(&self) -> Vec<Request> {
        std::mem::take(&mut *lock(&self.shared.seen))
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn pass_on(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get("x-amz-target").cloned();
    let target = target.as_ref().and_then(|target| target.to_str().ok());
    let target = target.unwrap_or_default();
    let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
    let lost = lock(&shared.to_lose).take_if(|(lost, _)| *lost == operation);
    lock(&shared.seen).push(Request {
        operation,
        body: serde_json::from_slice(&body).unwrap_or_default(),
    });
    if matches!(lost, Some((_, Lost::Request))) {
        return failure();
    }
    let mut request = shared.client.post(&shared.upstream).body(body);
    for name in [
        "x-amz-target",
        "content-type",
        "authorization",
        "x-amz-date",
    ] {
        if let Some(value) = headers.get(name) {
            request = request.header(name, value);
        }
    }
    let reply = request.send().await.expect("the service answers");
    let (status, headers) = (reply.status(), reply.headers().clone());
    let body = reply.bytes().await.expect("the service's answer ends");
    if lost.is_some() {
        return failure();
    }
    let mut to_spoil = lock(&shared.to_spoil);
    if let Some(left) = to_spoil.checked_sub(1) {
        *to_spoil = left;
        return failure();
    }
    let kind = headers.get("content-type").cloned();
    let kind = kind.map(|kind| [("content-type", kind)]);
    match kind {
        Some(kind) => (status, kind, body).into_response(),
        None => (status, body).into_response(),
    }
}

fn failure() -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, "{}").into_response()
}
