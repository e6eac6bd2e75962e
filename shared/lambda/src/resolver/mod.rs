//! The resolvers, as both doors call them: AppSync's and HTTP's.
//!
//! A door decodes its events and encodes its responses. The request to the core, the time limit, the
//! log line and the metrics are the same at both, and stand here.

mod account;
mod origin;
mod session_mode;
mod sign_in;
mod source;

use std::sync::OnceLock;
use std::time::Duration;

use latchstring_core::code::LinkChallenge;
use latchstring_core::contact::ContactError;
use latchstring_core::identifier::{Country, Identifier};
use latchstring_core::keys::KeyRing;
use latchstring_core::ports::{Clock, PortError};
use latchstring_core::pseudonym::Pseudonym;
use latchstring_core::rate_limit::Budget;
use latchstring_core::sign_in::{Cause, SignInError};
use tokio::time::Instant;

pub use account::AccountResolver;
pub(crate) use account::{ContactInput, NamesInput};
pub use origin::OriginSecrets;
pub use session_mode::{BrowserSessions, NoSessions, Origins, SessionMode};
pub use sign_in::SignInResolver;
pub(crate) use sign_in::{Requested, SignInInput};
pub use source::SourceOf;

use crate::metrics;
use crate::system::{millis, timeout};

/// The time limit of a resolver: 25 s of the 30 s that AppSync and an HTTP API allow, and of the
/// 29 s of a REST API.
const RESPONSE_LIMIT: Duration = Duration::from_secs(25);

/// The identifier of a request, for its log line, once it is known.
#[derive(Debug, Default)]
pub(crate) struct LogContext(OnceLock<LoggedIdentifier>);

impl LogContext {
    /// Notes the identifier.
    pub(crate) fn set(&self, identifier: &Identifier, keys: &KeyRing) {
        self.0.get_or_init(|| LoggedIdentifier {
            identifier: Pseudonym::of_identifier(keys, identifier),
            country: identifier.country(),
        });
    }
}

#[derive(Debug)]
struct LoggedIdentifier {
    identifier: Pseudonym,
    /// The country of a phone number.
    country: Option<Country>,
}

/// The name of the requested operation in the log line.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Operation<'a> {
    /// A field of the GraphQL API.
    Field(&'a str),
    /// A route of the HTTP door; `None` if there is no such route.
    Route(Option<&'static str>),
}

/// The outcome of a request, for its log line.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outcome<'a> {
    /// It was answered.
    Answered,
    /// A resolver refused it, or a port failed.
    Failed(&'a ContactError),
    /// The door refused it, with an error of this type.
    Rejected(&'static str),
}

/// One request: its name and its beginning, for the log line and the metrics.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    operation: Operation<'a>,
    begun: Instant,
}

impl<'a> Request<'a> {
    /// Begins a request now.
    pub(crate) fn begin(operation: Operation<'a>) -> Self {
        Self {
            operation,
            begun: Instant::now(),
        }
    }

    /// Writes the request's one line, and its metrics.
    pub(crate) fn log(self, outcome: Outcome<'_>, context: &LogContext) {
        let Self { operation, begun } = self;
        let (field, route) = match operation {
            Operation::Field(field) => (Some(field), None),
            Operation::Route(route) => (None, route),
        };
        let logged = context.0.get();
        let identifier = logged.map(|logged| logged.identifier.to_string());
        let time = begun.elapsed();
        let duration_ms = millis(time);
        if let Some(name) = field.or(route) {
            metrics::handler_took(name, time);
        }
        let error = match outcome {
            Outcome::Answered => {
                let outcome = "answered";
                tracing::info!(field, route, outcome, identifier, duration_ms, "resolver");
                return;
            }
            Outcome::Rejected(outcome) => {
                tracing::info!(field, route, outcome, identifier, duration_ms, "resolver");
                return;
            }
            Outcome::Failed(error) => error,
        };
        let outcome = error.error_type();
        match error {
            ContactError::SignIn(SignInError::Unavailable(cause)) => {
                match cause {
                    Cause::PortError(fault) => metrics::failed_call(fault),
                    // An error that Cognito or its configuration caused.
                    _ => metrics::fault("pool"),
                }
                tracing::error!(field, route, outcome, identifier, duration_ms, %cause, "resolver");
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
                    route,
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
                tracing::info!(
                    field,
                    route,
                    outcome,
                    budget,
                    identifier,
                    duration_ms,
                    "resolver"
                );
            }
            _ => tracing::info!(field, route, outcome, identifier, duration_ms, "resolver"),
        }
    }
}

/// Returns the output of a resolver, or `None` after its time limit.
pub(crate) async fn limited<T>(
    clock: &impl Clock,
    resolving: impl Future<Output = T>,
) -> Option<T> {
    timeout(clock, RESPONSE_LIMIT, resolving).await
}

/// Returns the error of a resolver that reached its time limit.
pub(crate) fn timed_out() -> ContactError {
    PortError::new("resolver", "timeout").into()
}

/// Returns the challenge of a client's link secret. One that cannot be read counts as none, so the
/// mail has its code alone.
fn link_challenge(text: Option<&str>) -> Option<LinkChallenge> {
    text.and_then(LinkChallenge::parse)
}
