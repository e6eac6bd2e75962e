//! The host that a Lambda binary asks for its events: AWS's Runtime API on loopback, as much of it
//! as one invocation at a time needs.
//!
//! Not the crate `lambda-simulator` (0.2): it would switch on features of reqwest, rustls and axum
//! for the whole workspace, and the AWS SDK would be compiled twice.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// How long a function may take here, its start included.
const PATIENCE: Duration = Duration::from_secs(30);
const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:latchstring";

/// What a function answered.
#[derive(PartialEq)]
pub enum Answered {
    /// A response.
    Response(Value),
    /// An error: `errorType` and `errorMessage`.
    Error(String, String),
}

/// A host for one function.
pub struct RuntimeApi {
    address: String,
    events: mpsc::UnboundedSender<String>,
    answers: mpsc::UnboundedReceiver<Answered>,
    server: JoinHandle<()>,
}

#[derive(Clone)]
struct Host {
    events: Arc<Mutex<mpsc::UnboundedReceiver<String>>>,
    answers: mpsc::UnboundedSender<Answered>,
}

impl RuntimeApi {
    /// Listens on a free port.
    pub async fn listen() -> Self {
        let (events, waiting) = mpsc::unbounded_channel();
        let (answered, answers) = mpsc::unbounded_channel();
        let host = Host {
            events: Arc::new(Mutex::new(waiting)),
            answers: answered,
        };
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/{outcome}", post(ended))
            .with_state(host);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let server = tokio::spawn(async move {
            axum::serve(listener, router)
                .await
                .expect("accepting goes on");
        });
        Self {
            address,
            events,
            answers,
            server,
        }
    }

    /// What Lambda sets for the function's process.
    pub fn environment(&self) -> Vec<(String, String)> {
        [
            ("AWS_LAMBDA_RUNTIME_API", self.address.as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", "latchstring"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "stream"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "group"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    /// Gives the function one event, as it stands, and waits for what it answers.
    pub async fn invoke(&mut self, event: impl ToString) -> Answered {
        self.events
            .send(event.to_string())
            .expect("the host is there");
        timeout(PATIENCE, self.answers.recv())
            .await
            .expect("the function answers in time")
            .expect("the host is there")
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn next(State(host): State<Host>) -> Response {
    let Some(event) = host.events.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let deadline = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("a clock that is right")
        + PATIENCE;
    let headers = [
        ("lambda-runtime-aws-request-id", "request".to_owned()),
        ("lambda-runtime-invoked-function-arn", FUNCTION.to_owned()),
        (
            "lambda-runtime-deadline-ms",
            deadline.as_millis().to_string(),
        ),
        ("content-type", "application/json".to_owned()),
    ];
    (headers, event).into_response()
}

async fn ended(
    State(host): State<Host>,
    Path((_, outcome)): Path<(String, String)>,
    body: String,
) -> StatusCode {
    let body = serde_json::from_str::<Value>(&body).expect("a function answers JSON");
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let answered = match outcome.as_str() {
        "response" => Answered::Response(body),
        "error" => Answered::Error(text("errorType"), text("errorMessage")),
        _ => return StatusCode::NOT_FOUND,
    };
    // The test may have ended already.
    let _ = host.answers.send(answered);
    StatusCode::ACCEPTED
}
