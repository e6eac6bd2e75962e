//! Requests of a client of the deployment: no signature, and JSON both ways.

use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::byte_stream::ByteStream;
use serde_json::Value;

/// The time limit of a request: that of API Gateway.
const LIMIT: Duration = Duration::from_secs(30);

/// An answer.
#[derive(Debug)]
pub(super) struct Reply {
    /// The status.
    pub(super) status: u16,
    /// The body; null if it is not JSON.
    pub(super) body: Value,
}

/// Sends JSON and returns the answer, of any status.
pub(super) async fn post(
    url: &str,
    headers: &[(&'static str, &str)],
    body: &Value,
) -> Result<Reply, String> {
    let mut request = HttpRequest::new(body.to_string().into());
    let unsent = || format!("{url} is not a URL");
    request.set_method("POST").map_err(|_| unsent())?;
    request.set_uri(url).map_err(|_| unsent())?;
    let json = ("content-type", "application/json");
    for (name, value) in [&[json], headers].concat() {
        let added = request.headers_mut().try_insert(name, value.to_owned());
        added.map_err(|_| format!("a value of {name} cannot be sent"))?;
    }
    let connector = Connector::builder()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build();
    let exchange = async {
        let response = connector.call(request).await.ok()?;
        let status = response.status().as_u16();
        let body = ByteStream::new(response.into_body()).collect().await.ok()?;
        let body = serde_json::from_slice(&body.into_bytes()).unwrap_or_default();
        Some(Reply { status, body })
    };
    let reply = tokio::time::timeout(LIMIT, exchange).await;
    reply
        .ok()
        .flatten()
        .ok_or_else(|| "the HTTP API does not answer".to_owned())
}
