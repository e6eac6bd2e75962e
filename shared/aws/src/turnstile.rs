//! Cloudflare Turnstile, through the HTTP client of the other adapters.
//!
//! Only the CAPTCHA response of the caller is sent to Cloudflare.

use std::convert::Infallible;
use std::fmt;

use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use latchstring_core::ports::{Captcha, PortError, SecretSource};
use latchstring_core::secret::Secret;
use serde_json::{Value, json};

use crate::TurnstileEnvironment;
use crate::client::{Aws, CallPolicy, transport_code};
use crate::kept_secret::KeptSecret;

const CALL: &str = "siteverify";

/// The action of the widget. A response of another widget of the same site is not accepted.
const ACTION: &str = "sign-in";

/// The maximum length of a response, by Cloudflare's documentation.
const MAX_RESPONSE: usize = 2048;

/// The verification by `siteverify`, which accepts each response once within five minutes. It is
/// never repeated.
#[derive(Clone)]
pub struct Turnstile {
    call: Operation<HttpRequest, Response, Infallible>,
    path: String,
    hostnames: Vec<String>,
    key: KeptSecret,
}

/// A status and a body.
#[derive(Debug)]
struct Response(u16, Vec<u8>);

impl fmt::Debug for Turnstile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Turnstile(…)")
    }
}

impl Turnstile {
    /// Creates the verification of a widget's responses. Connects at the first call.
    pub fn new(aws: &Aws, environment: TurnstileEnvironment) -> Self {
        let TurnstileEnvironment {
            url,
            hostnames,
            key,
        } = environment;
        let host = url.find("://").map_or(0, |at| at + "://".len());
        let path = url[host..].find('/').map_or(url.len(), |at| host + at);
        let (origin, path) = url.split_at(path);
        let (http, timeouts) = aws.outside_aws(CallPolicy::Once);
        let call = Operation::builder()
            .service_name("Turnstile")
            .operation_name(CALL)
            .behavior_version(BehaviorVersion::v2026_01_12())
            .http_client(http)
            .endpoint_url(origin)
            .no_auth()
            .no_retry()
            .timeout_config(timeouts)
            .serializer(|request: HttpRequest| Ok(request))
            .deserializer(|response| {
                let body = response.body().bytes().unwrap_or_default().to_vec();
                Ok(Response(response.status().as_u16(), body))
            })
            .build();
        Self {
            call,
            path: path.to_owned(),
            hostnames,
            key: KeptSecret::new(aws, key),
        }
    }

    fn request(&self, key: &Secret, answer: &Secret) -> Result<HttpRequest, PortError> {
        let body = json!({"secret": key.expose(), "response": answer.expose()});
        let mut request = HttpRequest::new(SdkBody::from(body.to_string()));
        let not_built = |_| PortError::new(CALL, "request not built");
        request.set_method("POST").map_err(not_built)?;
        request.set_uri(self.path.as_str()).map_err(not_built)?;
        let headers = request.headers_mut();
        headers.insert("content-type", "application/json");
        headers.insert("accept", "application/json");
        Ok(request)
    }
}

impl Captcha for Turnstile {
    async fn is_solved(&self, answer: &Secret) -> Result<bool, PortError> {
        if answer.expose().is_empty() || answer.expose().len() > MAX_RESPONSE {
            return Ok(false);
        }
        let key = self.key.read().await?;
        let request = self.request(&key, answer)?;
        let response = self.call.invoke(request).await;
        let response = response.map_err(|error| PortError::new(CALL, transport_code(&error)))?;
        let found = verdict(&response, &self.hostnames);
        if let Err(code) = found
            && code.ends_with("input-secret")
        {
            // The key was rotated; the next request reads it again.
            self.key.forget();
        }
        found.map_err(|code| PortError::new(CALL, code))
    }
}

/// Returns true for a solved CAPTCHA, or an error code if the result is unknown. The response of
/// another site or widget is not accepted.
fn verdict(Response(status, body): &Response, hostnames: &[String]) -> Result<bool, &'static str> {
    const UNREADABLE: &str = "unreadable response";
    let result: Value = serde_json::from_slice(body).map_err(|_| UNREADABLE)?;
    match result["success"].as_bool() {
        Some(true) if *status == 200 => {
            let hostname = result["hostname"].as_str().unwrap_or_default();
            let is_ours = hostnames.iter().any(|ours| ours == hostname);
            Ok(is_ours && result["action"].as_str() == Some(ACTION))
        }
        Some(false) => {
            let codes = result["error-codes"].as_array().ok_or(UNREADABLE)?;
            // Errors of the configuration or of Cloudflare take precedence over errors of the
            // response.
            let service_errors = [
                "missing-input-secret",
                "invalid-input-secret",
                "bad-request",
                "internal-error",
            ];
            let has = |code: &str| codes.iter().any(|found| found.as_str() == Some(code));
            if let Some(code) = service_errors.into_iter().find(|code| has(code)) {
                return Err(code);
            }
            let of_answers = [
                "missing-input-response",
                "invalid-input-response",
                "timeout-or-duplicate",
            ];
            if of_answers.into_iter().any(has) {
                Ok(false)
            } else {
                Err("unknown error")
            }
        }
        _ => Err(UNREADABLE),
    }
}
