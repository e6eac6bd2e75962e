//! The part of Lambda's Extensions API for an extension inside the function's own process:
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html>.
//!
//! The crate `lambda-extension` is not used: it opens two connections one after the other in a cold
//! start, and it prints errors outside the log.

use http::Response;
use http_body_util::BodyExt;
use lambda_runtime::Error;
use lambda_runtime_api_client::body::Body;
use lambda_runtime_api_client::{PooledClient, build_request};
use serde::Deserialize;

const NAME: &str = "latchstring-delivery";

/// This process as a registered extension.
#[derive(Debug)]
pub(crate) struct Extension {
    client: PooledClient,
    id: String,
}

/// An invocation that has started.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StartedInvocation {
    pub(crate) request_id: String,
    /// The function's deadline, in milliseconds since the Unix epoch.
    pub(crate) deadline_ms: u64,
}

impl Extension {
    /// Registers for invocations. Lambda refuses SHUTDOWN to an extension inside the function.
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
        // Reading the body to its end permits the reuse of the connection.
        response.into_body().collect().await?;
        Ok(Self { client, id })
    }

    /// Reports the last invocation as finished, and waits for the next.
    pub(crate) async fn next(&self) -> Result<StartedInvocation, Error> {
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
