//! Lambda's Extensions API, as far as a function needs it that is its own extension:
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html>.
//!
//! Not the crate `lambda-extension`: it speaks over a connection for registering and another one
//! for the rest, made one after the other in a cold start, and prints what goes wrong beside the log.

use http::Response;
use http_body_util::BodyExt;
use lambda_runtime::Error;
use lambda_runtime_api_client::body::Body;
use lambda_runtime_api_client::{PooledClient, build_request};
use serde::Deserialize;

const NAME: &str = "latchstring-delivery";

/// This process, as Lambda knows it.
#[derive(Debug)]
pub(crate) struct Extension {
    client: PooledClient,
    id: String,
}

/// An invocation that has begun.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Begun {
    pub(crate) request_id: String,
    /// When the function must be over, in milliseconds since the Unix epoch.
    pub(crate) deadline_ms: u64,
}

impl Extension {
    /// Registers for invocations. SHUTDOWN is refused to an extension inside the function.
    pub(crate) async fn register() -> Result<Self, Error> {
        let client = PooledClient::builder().build();
        let request = build_request()
            .method("POST")
            .uri("/2020-01-01/extension/register")
            .header("lambda-extension-name", NAME)
            .header("content-type", "application/json")
            .body(Body::from(r#"{"events":["INVOKE"]}"#))?;
        let response = granted(client.call(request).await?)?;
        let id = response.headers().get("lambda-extension-identifier");
        let id = id.ok_or("an extension without an identifier")?;
        let id = id.to_str()?.to_owned();
        // Read to its end, the connection serves again.
        response.into_body().collect().await?;
        Ok(Self { client, id })
    }

    /// Says that the last invocation is over, and waits for the next.
    pub(crate) async fn next(&self) -> Result<Begun, Error> {
        let request = build_request()
            .uri("/2020-01-01/extension/event/next")
            .header("lambda-extension-identifier", &self.id)
            .body(Body::empty())?;
        let response = granted(self.client.call(request).await?)?;
        let event = response.into_body().collect().await?.to_bytes();
        Ok(serde_json::from_slice(&event)?)
    }
}

fn granted<B>(response: Response<B>) -> Result<Response<B>, Error> {
    if response.status().is_success() {
        Ok(response)
    } else {
        Err(format!("the Extensions API answers {}", response.status()).into())
    }
}
