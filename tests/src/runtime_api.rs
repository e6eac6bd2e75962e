//! The host from which a Lambda binary requests its events: the part of AWS's Runtime API and
//! Extensions API that one invocation at a time needs, on loopback.
//!
//! Not the crate `lambda-simulator` (0.2): it would enable features of reqwest, rustls and axum for
//! the whole workspace, and the AWS SDK would be compiled twice.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// The time limit of a function here, its start included.
const PATIENCE: Duration = Duration::from_secs(30);
const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:latchstring";

/// A function's answer.
#[derive(PartialEq)]
pub enum Answered {
    /// A response.
    Response(Value),
    /// An error: `errorType` and `errorMessage`.
    Error(String, String),
}

/// The host's response to an extension that registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extensions {
    /// It accepts the extension, and invokes the function again only after the extension requests
    /// the next event.
    Taken,
    /// It has no Extensions API.
    Refused,
    /// It never answers.
    Silent,
}

/// A host for one function.
pub struct RuntimeApi {
    address: String,
    host: Host,
    events: mpsc::UnboundedSender<Event>,
    answers: mpsc::UnboundedReceiver<Answered>,
    server: JoinHandle<()>,
}

struct Event {
    body: String,
    time: Duration,
}

/// An invocation that the extension is notified of.
struct Told {
    id: String,
    deadline: u64,
}

#[derive(Clone)]
struct Host {
    extensions: Extensions,
    events: Arc<Mutex<mpsc::UnboundedReceiver<Event>>>,
    answers: mpsc::UnboundedSender<Answered>,
    tell: mpsc::UnboundedSender<Told>,
    told: Arc<Mutex<mpsc::UnboundedReceiver<Told>>>,
    state: watch::Sender<Progress>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    registered: bool,
    /// The number of requests for an invocation.
    requested: u64,
    /// The number of invocations so far.
    given: u64,
    /// The number of times that the extension requested the next event.
    asked: u64,
    /// True while the function's posts get no response.
    holding: bool,
}

impl Progress {
    /// Returns true if a new invocation may be given: the work of the last one is done.
    const fn is_idle(&self) -> bool {
        !self.registered || self.asked > self.given
    }
}

impl RuntimeApi {
    /// Listens on a free port, and accepts an extension.
    pub async fn listen() -> Self {
        Self::that(Extensions::Taken).await
    }

    /// Listens on a free port.
    pub async fn that(extensions: Extensions) -> Self {
        let (events, waiting) = mpsc::unbounded_channel();
        let (answered, answers) = mpsc::unbounded_channel();
        let (tell, told) = mpsc::unbounded_channel();
        let host = Host {
            extensions,
            events: Arc::new(Mutex::new(waiting)),
            answers: answered,
            tell,
            told: Arc::new(Mutex::new(told)),
            state: watch::Sender::default(),
        };
        let mut router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/{outcome}", post(ended));
        if extensions != Extensions::Refused {
            router = router
                .route("/2020-01-01/extension/register", post(register))
                .route("/2020-01-01/extension/event/next", get(next_told));
        }
        let router = router.with_state(host.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let server = tokio::spawn(async move {
            axum::serve(listener, router)
                .await
                .expect("accepting goes on");
        });
        Self {
            address,
            host,
            events,
            answers,
            server,
        }
    }

    /// Returns the variables that Lambda sets for the function's process.
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

    /// Gives the function one event, unchanged, and waits for its answer.
    pub async fn invoke(&mut self, event: impl ToString) -> Answered {
        self.invoke_for(event, PATIENCE).await
    }

    /// Gives the function one event with this time until its deadline, and waits for its answer.
    pub async fn invoke_for(&mut self, event: impl ToString, time: Duration) -> Answered {
        let body = event.to_string();
        let event = Event { body, time };
        self.events.send(event).expect("the host is running");
        timeout(PATIENCE, self.answers.recv())
            .await
            .expect("the function answers in time")
            .expect("the host is running")
    }

    /// Waits until the function requests the next invocation: the last one has ended in it.
    pub async fn ready(&self) {
        let mut state = self.host.state.subscribe();
        timeout(
            PATIENCE,
            state.wait_for(|state| state.requested > state.given),
        )
        .await
        .expect("the function requests in time")
        .expect("the host is running");
    }

    /// Holds back the response to the function's posts from now on: for the function they are not
    /// posted yet.
    pub fn hold(&self) {
        self.host.state.send_modify(|state| state.holding = true);
    }

    /// Responds to the held posts.
    pub fn let_go(&self) {
        self.host.state.send_modify(|state| state.holding = false);
    }

    /// Returns true if the function registered an extension.
    pub fn has_extension(&self) -> bool {
        self.host.state.borrow().registered
    }

    /// Waits until the extension requests the next event: Lambda would freeze the process now.
    pub async fn idle(&self) {
        let mut state = self.host.state.subscribe();
        timeout(PATIENCE, state.wait_for(Progress::is_idle))
            .await
            .expect("the invocation ends in time")
            .expect("the host is running");
    }

    /// Returns true if Lambda would freeze the process now.
    pub fn is_idle(&self) -> bool {
        self.host.state.borrow().is_idle()
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn next(State(host): State<Host>) -> Response {
    host.state.send_modify(|state| state.requested += 1);
    let mut state = host.state.subscribe();
    if state.wait_for(Progress::is_idle).await.is_err() {
        return StatusCode::GONE.into_response();
    }
    let Some(Event { body, time }) = host.events.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("a clock that is right");
    let deadline = (now + time).as_millis();
    let mut id = String::new();
    host.state.send_modify(|state| {
        state.given += 1;
        id = format!("request-{}", state.given);
        if state.registered {
            let id = id.clone();
            let deadline = u64::try_from(deadline).expect("this millennium");
            host.tell
                .send(Told { id, deadline })
                .expect("the host is running");
        }
    });
    let headers = [
        ("lambda-runtime-aws-request-id", id),
        ("lambda-runtime-invoked-function-arn", FUNCTION.to_owned()),
        ("lambda-runtime-deadline-ms", deadline.to_string()),
        ("content-type", "application/json".to_owned()),
    ];
    (headers, body).into_response()
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
    let mut state = host.state.subscribe();
    let _ = state.wait_for(|state| !state.holding).await;
    StatusCode::ACCEPTED
}

async fn register(State(host): State<Host>, Json(wanted): Json<Value>) -> Response {
    if host.extensions == Extensions::Silent {
        std::future::pending::<()>().await;
    }
    // Lambda refuses it to an extension inside the function, too.
    if wanted["events"] != json!(["INVOKE"]) {
        return StatusCode::FORBIDDEN.into_response();
    }
    host.state.send_modify(|state| state.registered = true);
    let headers = [("lambda-extension-identifier", "extension")];
    let function = json!({
        "functionName": "latchstring",
        "functionVersion": "$LATEST",
        "handler": "bootstrap",
    });
    (headers, Json(function)).into_response()
}

async fn next_told(State(host): State<Host>) -> Response {
    host.state.send_modify(|state| state.asked += 1);
    let Some(Told { id, deadline }) = host.told.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    Json(json!({
        "eventType": "INVOKE",
        "deadlineMs": deadline,
        "requestId": id,
        "invokedFunctionArn": FUNCTION,
        "tracing": {"type": "X-Amzn-Trace-Id", "value": "Root=1-0"},
    }))
    .into_response()
}
