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

use crate::table::Table;

/// What is neither Cognito nor the network. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Cloud(Arc<Inner>);

#[derive(Default)]
struct Inner {
    table: Table,
    /// How long SES takes for a mail, in milliseconds.
    courier: AtomicU64,
    mails: AtomicU64,
}

impl Cloud {
    /// From now on the courier takes so long.
    pub(crate) fn courier_takes(&self, time: Duration) {
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.0.courier.store(millis, Ordering::SeqCst);
    }

    /// How many mails were sent.
    pub(crate) fn mails(&self) -> u64 {
        self.0.mails.load(Ordering::SeqCst)
    }

    /// Serves what is here, and for the rest this Cognito.
    pub(crate) fn serve(&self, listener: TcpListener, cognito: Router) -> JoinHandle<()> {
        let app = cognito.layer(from_fn_with_state(self.clone(), ours));
        tokio::spawn(async move {
            axum::serve(listener, app).await.expect("accepting goes on");
        })
    }
}

async fn ours(State(cloud): State<Cloud>, request: Request, next: Next) -> Response {
    let target = |headers: &HeaderMap| {
        let target = headers.get("x-amz-target")?.to_str().ok()?;
        Some(target.to_owned())
    };
    match target(request.headers()) {
        Some(target) if target.starts_with("DynamoDB") => {
            let body = to_bytes(request.into_body(), usize::MAX).await;
            let body = serde_json::from_slice(&body.expect("a body")).expect("JSON");
            let (_, operation) = target.split_once('.').expect("an operation");
            cloud.0.table.answer(operation, &body)
        }
        Some(_) => next.run(request).await,
        None => {
            cloud.0.mails.fetch_add(1, Ordering::SeqCst);
            let millis = cloud.0.courier.load(Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(millis)).await;
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
