//! An AWS that accepts every write and holds mail back, to see when a courier is called.

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// DynamoDB in which every write succeeds, and SES that responds only when it is released.
pub struct HeldMail {
    endpoint: String,
    post: watch::Sender<Post>,
    server: JoinHandle<()>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Post {
    arrived: usize,
    let_go: bool,
}

impl HeldMail {
    /// Listens on a free port.
    pub async fn listen() -> Self {
        let post = watch::Sender::default();
        let router = Router::new().fallback(take).with_state(post.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let server = tokio::spawn(async move {
            axum::serve(listener, router)
                .await
                .expect("accepting goes on");
        });
        Self {
            endpoint: format!("http://{address}"),
            post,
            server,
        }
    }

    /// Returns its address, as `AWS_ENDPOINT_URL` takes it.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Returns the number of mails so far.
    pub fn arrived(&self) -> usize {
        self.post.borrow().arrived
    }

    /// Waits until a mail arrives.
    pub async fn arrival(&self) {
        let mut post = self.post.subscribe();
        let arrived = post.wait_for(|post| post.arrived > 0).await;
        assert!(arrived.is_ok(), "a mail comes");
    }

    /// Responds to the held requests.
    pub fn let_go(&self) {
        self.post.send_modify(|post| post.let_go = true);
    }
}

impl Drop for HeldMail {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn take(State(post): State<watch::Sender<Post>>, headers: HeaderMap) -> Response {
    if headers.contains_key("x-amz-target") {
        return "{}".into_response();
    }
    post.send_modify(|post| post.arrived += 1);
    let _ = post.subscribe().wait_for(|post| post.let_go).await;
    "{\"MessageId\": \"1\"}".into_response()
}
