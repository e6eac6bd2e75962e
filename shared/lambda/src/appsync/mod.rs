//! The resolvers behind the GraphQL API.
//!
//! The event is AppSync's context, in a type of our own: the identity type of `aws_lambda_events`
//! loses `sub` and `claims`. The answer is `{"data": …}` or `{"error": {"type", "message"}}`, which
//! the `APPSYNC_JS` resolver turns into `util.error`.

mod contact;
mod sign_in;

use std::net::Ipv4Addr;
use std::sync::OnceLock;
use std::time::Duration;

use latchstring_core::account::Sub;
use latchstring_core::contact::{ContactError, Identity};
use latchstring_core::identifier::{Country, Identifier, Method};
use latchstring_core::keys::KeyRing;
use latchstring_core::label::Label;
use latchstring_core::ports::{Clock, Fault};
use latchstring_core::rate_limit::{Budget, Source};
use latchstring_core::secret::Secret;
use latchstring_core::sign_in::{Cause, SignInError, SignInPayload};
use latchstring_core::time::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::Instant;

pub use contact::ContactResolver;
pub use sign_in::SignInResolver;

use crate::delivery::millis;
use crate::handler::PublicError;
use crate::metrics;
use crate::system::within;

/// A resolver's whole time: AppSync gives 30 s.
const BUDGET: Duration = Duration::from_secs(25);

/// The data of a field, or why there is none. Every resolver's errors are among the latter.
type Outcome = Result<Value, ContactError>;

/// Whom a request is about, once that is known; for its log line.
type About = OnceLock<Whom>;

struct Whom {
    identifier: Label,
    /// A number's.
    country: Option<Country>,
}

impl Whom {
    fn is(identifier: &Identifier, keys: &KeyRing) -> Self {
        Self {
            identifier: Label::of_identifier(keys, identifier),
            country: identifier.country(),
        }
    }
}

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

/// What AppSync says about a caller whose token it verified, as far as we read it.
#[derive(Deserialize)]
struct CognitoIdentity {
    sub: String,
    claims: Claims,
}

#[derive(Deserialize)]
struct Claims {
    token_use: String,
    /// An ID token has none.
    client_id: Option<String>,
    auth_time: Option<u64>,
}

/// `None` for anybody whom AppSync did not verify by a token of the pool, or who sent none.
fn identity(event: &Value) -> Option<Identity> {
    let CognitoIdentity { sub, claims } = CognitoIdentity::deserialize(&event["identity"]).ok()?;
    let token = event["request"]["headers"]["authorization"].as_str()?;
    let token = token.strip_prefix("Bearer ").unwrap_or(token);
    Some(Identity {
        sub: Sub::new(sub),
        token_use: claims.token_use,
        client: claims.client_id.unwrap_or_default(),
        auth_time: Timestamp::from_secs(claims.auth_time.unwrap_or_default()),
        access_token: Secret::new(token),
    })
}

/// Where the request comes from: the address at this place of `X-Forwarded-For`, counted from the
/// right, because what stands further left was said by the client. `None` if that is not
/// configured. Whatever has no address there is one source together: it gets no budget of its own
/// by saying nothing.
fn source(event: &Value, position: Option<usize>) -> Option<Source> {
    let position = position?;
    let address = event["request"]["headers"]["x-forwarded-for"]
        .as_str()
        .and_then(|seen| seen.rsplit(',').nth(position.checked_sub(1)?))
        .and_then(|address| address.trim().parse().ok());
    Some(Source::new(address.unwrap_or(Ipv4Addr::UNSPECIFIED.into())))
}

/// Resolves the event's field within [`BUDGET`], logs the outcome in one line and words it for
/// AppSync.
async fn respond(
    event: Value,
    clock: &impl Clock,
    resolve: impl AsyncFnOnce(&Value, &str, &About) -> Result<Outcome, PublicError>,
) -> Result<Value, PublicError> {
    let field = event["info"]["fieldName"]
        .as_str()
        .ok_or(PublicError::UnreadableEvent)?;
    let begun = Instant::now();
    let about = About::default();
    let resolving = resolve(&event, field, &about);
    let outcome = match within(clock, BUDGET, resolving).await {
        Some(outcome) => outcome?,
        None => Err(Fault::new("resolver", "timeout").into()),
    };
    let about = about.get();
    let identifier = about.map(|whom| whom.identifier.to_string());
    let time = begun.elapsed();
    let duration_ms = millis(time);
    metrics::handler_took(field, time);
    Ok(match outcome {
        Ok(data) => {
            let outcome = "answered";
            tracing::info!(field, outcome, identifier, duration_ms, "resolver");
            json!({ "data": data })
        }
        Err(error) => {
            let outcome = error.error_type();
            match &error {
                ContactError::SignIn(SignInError::Unavailable(cause)) => {
                    metrics::fault(match cause {
                        Cause::Fault(fault) => fault.call,
                        // What Cognito, or its setting, is the reason of.
                        _ => "pool",
                    });
                    tracing::error!(field, outcome, identifier, duration_ms, %cause, "resolver");
                }
                ContactError::SignIn(SignInError::TooManyRequests { budget, .. }) => {
                    // Of a breaker; the others may refuse before it is known that the country is
                    // served, and each is a metric of its own, which costs.
                    let country = about.and_then(|whom| whom.country.as_ref());
                    let country = country.filter(|_| budget.is_some_and(Budget::is_of_a_country));
                    // Refused by Create, whose line and metric name the budget.
                    let budget = budget.map(Budget::as_str);
                    if let Some(budget) = budget {
                        metrics::refused_by_budget(budget, country);
                    }
                    let country = country.map(Country::as_str);
                    tracing::info!(
                        field,
                        outcome,
                        budget,
                        country,
                        identifier,
                        duration_ms,
                        "resolver"
                    );
                }
                ContactError::SignIn(SignInError::CaptchaRequired { budget }) => {
                    let budget = budget.as_str();
                    metrics::captcha_required(budget);
                    tracing::info!(field, outcome, budget, identifier, duration_ms, "resolver");
                }
                _ => tracing::info!(field, outcome, identifier, duration_ms, "resolver"),
            }
            json!({ "error": { "type": outcome, "message": error.to_string() } })
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_counted_from_the_right_where_a_client_cannot_write() {
        let of = |header: &str, position| {
            let event = json!({"request": {"headers": {"x-forwarded-for": header}}});
            source(&event, position)
        };
        let at = |address: &str| address.parse().ok().map(Source::new);
        let seen = "192.0.2.9, 198.51.100.1,  2001:db8::1";
        assert_eq!(of(seen, Some(1)), at("2001:db8::1"));
        assert_eq!(of(seen, Some(2)), at("198.51.100.1"));
        assert_eq!(of(seen, Some(3)), at("192.0.2.9"));
        let together = at("0.0.0.0");
        assert_eq!(of(seen, Some(4)), together);
        assert_eq!(of(seen, None), None, "not configured");
        for odd in ["", "unknown", "192.0.2.9:1234", "192.0.2"] {
            assert_eq!(of(odd, Some(1)), together, "{odd}");
        }
        assert_eq!(source(&json!({"request": null}), Some(1)), together);
    }
}
