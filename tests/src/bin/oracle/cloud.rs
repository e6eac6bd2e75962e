//! AWS at one address of loopback: the Cognito stand-in, a table, and a courier of a given speed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::meter::Meter;
use crate::table::Table;

/// The longest time that Cognito holds a call back: a function that waits for it shows it.
const HOLD: Duration = Duration::from_millis(50);

/// The table, the courier and the meter. Clones share one state.
#[derive(Clone, Default)]
pub(crate) struct Cloud(Arc<Inner>);

#[derive(Default)]
struct Inner {
    table: Table,
    meter: Meter,
    /// The time that SES or SNS takes for a message, in milliseconds.
    courier: AtomicU64,
    messages: AtomicU64,
    /// True while Cognito answers no `InitiateAuth`.
    holds: watch::Sender<bool>,
}

impl Cloud {
    /// Sets the time that the courier takes from now on.
    pub(crate) fn courier_takes(&self, time: Duration) {
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.0.courier.store(millis, Ordering::SeqCst);
    }

    /// Returns the number of messages so far.
    pub(crate) fn messages(&self) -> u64 {
        self.0.messages.load(Ordering::SeqCst)
    }

    /// The time of the stand-ins, and the calls to them.
    pub(crate) fn meter(&self) -> &Meter {
        &self.0.meter
    }

    /// Holds back Cognito's answers to `InitiateAuth`, or lets them go.
    ///
    /// On AWS a session takes longer to open than the table takes to answer. Here a call that Cognito
    /// refuses could be quicker, and its answer would be work for a function that needs no session any
    /// more.
    pub(crate) fn hold(&self, holds: bool) {
        self.0.holds.send_replace(holds);
    }

    /// Waits while calls are held. Returns true if this one was, until its caller had gone.
    async fn was_held(&self) -> bool {
        let mut holds = self.0.holds.subscribe();
        let was = *holds.borrow();
        was && timeout(HOLD, holds.wait_for(|holds| !holds)).await.is_ok()
    }

    /// Removes every item of the table.
    pub(crate) fn clear(&self) {
        self.0.table.clear();
    }

    /// Serves the table and the courier, and for all other calls this Cognito.
    pub(crate) fn serve(&self, listener: TcpListener, cognito: Router) -> JoinHandle<()> {
        let app = cognito.layer(from_fn_with_state(self.clone(), ours));
        tokio::spawn(async move {
            axum::serve(listener, app).await.expect("accepting goes on");
        })
    }
}

/// Answers in a separate task: a call whose caller has gone runs to its end, as it does on AWS, and
/// is under way until then.
async fn ours(State(cloud): State<Cloud>, request: Request, next: Next) -> Response {
    let target = |headers: &HeaderMap| {
        let target = headers.get("x-amz-target")?.to_str().ok()?;
        Some(target.to_owned())
    };
    let target = target(request.headers());
    let under_way = cloud.0.meter.call(target.is_some());
    let answering = async move {
        let _under_way = under_way;
        let Some(target) = target else {
            return cloud.deliver(request).await;
        };
        if target.ends_with(".InitiateAuth") && cloud.was_held().await {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
        cloud.0.meter.begin();
        let answer = if target.starts_with("DynamoDB") {
            let body = to_bytes(request.into_body(), usize::MAX).await;
            let body = serde_json::from_slice(&body.expect("a body")).expect("JSON");
            let (_, operation) = target.split_once('.').expect("an operation");
            cloud.0.table.answer(operation, &body)
        } else {
            next.run(request).await
        };
        cloud.0.meter.end();
        answer
    };
    tokio::spawn(answering).await.expect("it answers")
}

impl Cloud {
    /// Accepts a message: SES takes JSON at its own path, SNS a form at the root.
    async fn deliver(&self, request: Request) -> Response {
        self.0.messages.fetch_add(1, Ordering::SeqCst);
        let millis = self.0.courier.load(Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(millis)).await;
        if request.uri().path() == "/" {
            "<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult>\
             </PublishResponse>"
                .into_response()
        } else {
            "{\"MessageId\": \"1\"}".into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::post;
    use latchstring_aws::DynamoStore;
    use latchstring_core::ports::Clock;
    use latchstring_lambda::{OsEntropy, SystemClock};
    use latchstring_tests::store_contract::Contract;
    use latchstring_tests::{aws_at, store_contract_tests};

    use super::*;

    /// Returns a store on this table, whose server ends with the test's runtime.
    async fn stores() -> [((), Contract<DynamoStore<OsEntropy>, OsEntropy>); 1] {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let no_cognito = Router::new().route("/", post(|| async {}));
        Cloud::default().serve(listener, no_cognito);
        let aws = aws_at(&endpoint).with_slack(20);
        let store = DynamoStore::new(&aws, "latchstring", OsEntropy);
        let contract = Contract {
            store: Arc::new(store.with_outbox(true)),
            entropy: OsEntropy,
            now: SystemClock.now(),
        };
        [((), contract)]
    }

    store_contract_tests!(stores);
}
