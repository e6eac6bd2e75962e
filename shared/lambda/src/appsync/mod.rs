//! The resolvers behind the GraphQL API.
//!
//! The event is AppSync's context, decoded into a type of this crate: the identity type of
//! `aws_lambda_events` drops `sub` and `claims`. The response is `{"data": …}` or `{"error":
//! {"type", "message"}}`, which the `APPSYNC_JS` resolver turns into `util.error`.

mod account;
mod sign_in;

use std::net::Ipv4Addr;
use std::sync::OnceLock;
use std::time::Duration;

use latchstring_core::account::Sub;
use latchstring_core::code::{CodeAlphabet, LinkChallenge};
use latchstring_core::contact::{ContactError, Identity};
use latchstring_core::identifier::{Country, Identifier, Method};
use latchstring_core::keys::KeyRing;
use latchstring_core::ports::{Clock, PortError};
use latchstring_core::pseudonym::Pseudonym;
use latchstring_core::rate_limit::{Budget, Source};
use latchstring_core::secret::Secret;
use latchstring_core::sign_in::{Cause, SignInError, SignInPayload, TokensPayload};
use latchstring_core::time::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::Instant;

pub use account::AccountResolver;
pub use sign_in::SignInResolver;

use crate::delivery::millis;
use crate::handler::PublicError;
use crate::metrics;
use crate::system::timeout;

/// The time limit of a resolver: 25 s of the 30 s that AppSync allows.
const RESPONSE_LIMIT: Duration = Duration::from_secs(25);

/// The data of a field, or the reason that there is none. [`ContactError`] contains the errors of
/// every resolver.
type Outcome = Result<Value, ContactError>;

/// The identifier of a request, for its log line, once it is known.
type LogContext = OnceLock<LoggedIdentifier>;

struct LoggedIdentifier {
    identifier: Pseudonym,
    /// The country of a phone number.
    country: Option<Country>,
}

impl LoggedIdentifier {
    fn is(identifier: &Identifier, keys: &KeyRing) -> Self {
        Self {
            identifier: Pseudonym::of_identifier(keys, identifier),
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

/// Returns the challenge of a client's link secret. One that cannot be read counts as none, so the
/// mail has its code alone.
fn link_challenge(text: Option<&str>) -> Option<LinkChallenge> {
    text.and_then(LinkChallenge::parse)
}

/// Returns the `SignInPayload` of the schema.
fn session(payload: &SignInPayload) -> Value {
    json!({
        "session": payload.session.expose(),
        "username": payload.username.expose(),
        "codeLength": payload.code_length,
        "codeAlphabet": payload.code_alphabet.map(graphql_alphabet),
        "pointer": payload.pointer,
        "resume": payload.resume.as_ref().map(Secret::expose),
        "expiresIn": payload.expires_in,
        "resendAfter": payload.resend_after,
    })
}

const fn graphql_alphabet(alphabet: CodeAlphabet) -> &'static str {
    match alphabet {
        CodeAlphabet::Digits => "DIGITS",
        CodeAlphabet::Base32 => "BASE32",
    }
}

fn tokens(payload: &TokensPayload) -> Value {
    let TokensPayload { username, tokens } = payload;
    json!({
        "username": username.expose(),
        "tokens": {
            "accessToken": tokens.access.expose(),
            "idToken": tokens.id.expose(),
            "refreshToken": tokens.refresh.expose(),
            "expiresIn": tokens.expires_in,
        },
    })
}

/// The part of the identity that AppSync verified which a resolver reads.
#[derive(Deserialize)]
struct CognitoIdentity {
    sub: String,
    claims: Claims,
}

#[derive(Deserialize)]
struct Claims {
    token_use: String,
    /// The app client of an access token. An ID token has none.
    client_id: Option<String>,
    auth_time: Option<u64>,
}

/// Returns `None` for a caller without a token, or whose token AppSync did not verify for the pool.
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

/// The part of an event that holds the client's address.
///
/// Events without an address there share one source, so a client gains no budget by hiding its
/// address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SourceOf {
    /// Sources are not distinguished.
    #[default]
    Off,
    /// AppSync's `x-forwarded-for` header.
    ///
    /// It ends with the client's address as `CloudFront` saw it and the address of the `CloudFront`
    /// edge, which differs between requests. The client itself can set the entries further left.
    /// (Events in aws-mobile-appsync-sdk-js#584.) A header with one entry has no edge.
    AppSync,
    /// `requestContext.http.sourceIp` of an HTTP API or function URL, which AWS sets.
    Http,
}

impl SourceOf {
    /// Returns the source of an event, or `None` where sources are not distinguished.
    pub fn of(self, event: &Value) -> Option<Source> {
        let address = match self {
            Self::Off => return None,
            Self::AppSync => {
                let header = event["request"]["headers"]["x-forwarded-for"].as_str();
                header.and_then(|header| {
                    let mut entries = header.rsplit(',');
                    let last = entries.next();
                    entries.next().or(last)
                })
            }
            Self::Http => event["requestContext"]["http"]["sourceIp"].as_str(),
        };
        let address = address.and_then(|address| address.trim().parse().ok());
        Some(Source::new(address.unwrap_or(Ipv4Addr::UNSPECIFIED.into())))
    }
}

/// Resolves the event's field within [`RESPONSE_LIMIT`], logs the outcome in one line and returns AppSync's
/// response.
async fn respond(
    event: Value,
    clock: &impl Clock,
    resolve: impl AsyncFnOnce(&Value, &str, &LogContext) -> Result<Outcome, PublicError>,
) -> Result<Value, PublicError> {
    let field = event["info"]["fieldName"]
        .as_str()
        .ok_or(PublicError::UnreadableEvent)?;
    let begun = Instant::now();
    let log_context = LogContext::default();
    let resolving = resolve(&event, field, &log_context);
    let outcome = match timeout(clock, RESPONSE_LIMIT, resolving).await {
        Some(outcome) => outcome?,
        None => Err(PortError::new("resolver", "timeout").into()),
    };
    let logged = log_context.get();
    let identifier = logged.map(|logged| logged.identifier.to_string());
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
                        Cause::PortError(fault) => fault.call,
                        // An error that Cognito or its configuration caused.
                        _ => "pool",
                    });
                    tracing::error!(field, outcome, identifier, duration_ms, %cause, "resolver");
                }
                ContactError::SignIn(SignInError::TooManyRequests { budget, .. }) => {
                    let country = logged.and_then(|logged| logged.country.as_ref());
                    let country = metrics::country_of_refusal(*budget, country);
                    // Create refused the request. Its own log line and metric name the budget.
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
    fn a_source_is_read_where_a_client_cannot_write() {
        let at = |address: &str| address.parse().ok().map(Source::new);
        let together = at("0.0.0.0");
        for (header, source) in [
            // Two requests of one client, as in aws-mobile-appsync-sdk-js#584: each has another
            // edge.
            ("203.0.113.7, 64.252.186.150", at("203.0.113.7")),
            ("203.0.113.7, 64.252.186.11", at("203.0.113.7")),
            // An entry that the client sent stands further left.
            ("192.0.2.9, 203.0.113.7, 64.252.186.150", at("203.0.113.7")),
            ("2001:db8::1,  2600:9000::1", at("2001:db8::1")),
            ("203.0.113.7", at("203.0.113.7")),
            ("", together),
            ("unknown, 64.252.186.150", together),
            ("192.0.2.9:1234, 64.252.186.150", together),
            ("192.0.2, 64.252.186.150", together),
        ] {
            let event = json!({"request": {"headers": {"x-forwarded-for": header}}});
            assert_eq!(SourceOf::AppSync.of(&event), source, "{header:?}");
            assert_eq!(SourceOf::Off.of(&event), None);
            assert_eq!(
                SourceOf::Http.of(&event),
                together,
                "a header is not trusted"
            );
        }
        assert_eq!(SourceOf::AppSync.of(&json!({"request": null})), together);
        let event = json!({"requestContext": {"http": {"sourceIp": "203.0.113.7"}}});
        assert_eq!(SourceOf::Http.of(&event), at("203.0.113.7"));
    }
}
