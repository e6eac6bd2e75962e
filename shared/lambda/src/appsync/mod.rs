//! The resolvers behind the GraphQL API.
//!
//! The event is AppSync's context, in a type of our own: the identity type of `aws_lambda_events`
//! loses `sub` and `claims`. The answer is `{"data": …}` or `{"error": {"type", "message"}}`, which
//! the `APPSYNC_JS` resolver turns into `util.error`.

mod contact;
mod sign_in;

use std::time::Duration;

use latchstring_core::contact::ContactError;
use latchstring_core::identifier::Method;
use latchstring_core::ports::Fault;
use latchstring_core::sign_in::{SignInError, SignInPayload};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

pub use contact::ContactResolver;
pub use sign_in::SignInResolver;

use crate::handler::PublicError;

/// A resolver's whole time: AppSync gives 30 s.
const BUDGET: Duration = Duration::from_secs(25);

/// The data of a field, or why there is none. Every resolver's errors are among the latter.
type Outcome = Result<Value, ContactError>;

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum GraphqlMethod {
    Email,
    PhoneNumber,
}

impl From<GraphqlMethod> for Method {
    fn from(method: GraphqlMethod) -> Self {
        match method {
            GraphqlMethod::Email => Self::Email,
            GraphqlMethod::PhoneNumber => Self::PhoneNumber,
        }
    }
}

fn arguments<T: DeserializeOwned>(event: &Value) -> Result<T, PublicError> {
    T::deserialize(&event["arguments"]).map_err(|_| PublicError::UnreadableEvent)
}

/// `SignInPayload` of the schema.
fn session(payload: &SignInPayload) -> Value {
    json!({
        "session": payload.session.expose(),
        "username": payload.username.expose(),
        "codeLength": payload.code_length,
        "expiresIn": payload.expires_in,
        "resendAfter": payload.resend_after,
    })
}

/// Resolves the event's field within [`BUDGET`], logs the outcome in one line and words it for
/// AppSync.
async fn respond(
    event: Value,
    resolve: impl AsyncFnOnce(&Value, &str) -> Result<Outcome, PublicError>,
) -> Result<Value, PublicError> {
    let field = event["info"]["fieldName"]
        .as_str()
        .ok_or(PublicError::UnreadableEvent)?;
    let outcome = match tokio::time::timeout(BUDGET, resolve(&event, field)).await {
        Ok(outcome) => outcome?,
        Err(_) => Err(Fault::new("resolver", "timeout").into()),
    };
    Ok(match outcome {
        Ok(data) => {
            tracing::info!(field, outcome = "answered", "resolver");
            json!({ "data": data })
        }
        Err(error) => {
            let outcome = error.error_type();
            if let ContactError::SignIn(SignInError::Unavailable(cause)) = &error {
                tracing::error!(field, outcome, %cause, "resolver");
            } else {
                tracing::info!(field, outcome, "resolver");
            }
            json!({ "error": { "type": outcome, "message": error.to_string() } })
        }
    })
}
