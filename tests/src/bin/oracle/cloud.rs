//! AWS at one address of loopback: the Cognito stand-in, a table, and a courier as slow as is wanted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::meter::Meter;
use crate::table::Table;

/// What is neither Cognito nor the network. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Cloud(Arc<Inner>);

#[derive(Default)]
struct Inner {
    table: Table,
    meter: Meter,
    /// How long SES or SNS takes for a message, in milliseconds.
    courier: AtomicU64,
    messages: AtomicU64,
}

impl Cloud {
    /// From now on the courier takes so long.
    pub(crate) fn courier_takes(&self, time: Duration) {
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.0.courier.store(millis, Ordering::SeqCst);
    }

    /// How many messages were sent.
    pub(crate) fn messages(&self) -> u64 {
        self.0.messages.load(Ordering::SeqCst)
    }

    /// The time of the stand-ins, and the calls to them.
    pub(crate) fn meter(&self) -> &Meter {
        &self.0.meter
    }

    /// Forgets what is in the table.
    pub(crate) fn clear(&self) {
        self.0.table.clear();
    }

    /// Serves what is here, and for the rest this Cognito.
    pub(crate) fn serve(&self, listener: TcpListener, cognito: Router) -> JoinHandle<()> {
        let app = cognito.layer(from_fn_with_state(self.clone(), ours));
        tokio::spawn(async move {
            axum::serve(listener, app).await.expect("accepting goes on");
        })
    }
}

/// Answers in a task of its own: a call whose caller has gone runs to its end, as it does on AWS, and
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
    /// SES takes JSON at a path of its own, SNS a form at the root.
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
    use latchstring_tests::aws_at;
    use latchstring_tests::store_contract::{Contract, run};

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn the_store_on_this_table_keeps_every_promise() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let nobody = Router::new().route("/", post(|| async {}));
        let server = Cloud::default().serve(listener, nobody);
        let aws = aws_at(&endpoint).with_slack(20);
        run(&Contract {
            store: Arc::new(DynamoStore::new(&aws, "latchstring", OsEntropy)),
            entropy: OsEntropy,
            now: SystemClock.now(),
        })
        .await;
        server.abort();
    }
}
