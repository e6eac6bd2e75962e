//! The HTTP door: JSON over an HTTP API, a function URL, a REST API or a load balancer.
//!
//! `routes` is the table of routes, `types` has the members of requests and answers, `problem` the
//! errors. docs/http.md describes the door to authors of clients, docs/openapi.json to programs.

mod account;
mod bearer;
mod event;
mod openapi;
mod problem;
mod response;
mod routes;
mod sign_in;
mod types;

use latchstring_core::contact::{ContactError, Identity};
use latchstring_core::flow::AppClient;
use latchstring_core::ports::Clock;
use latchstring_core::rate_limit::Source;
use serde_json::Value;

pub use openapi::openapi;

use self::event::Event;
use self::problem::{Failure, Rejection};
use self::response::Response;
use self::routes::{Auth, Route, find};
use crate::handler::PublicError;
use crate::resolver::{LogContext, Operation, OriginSecrets, Outcome, Request, limited, timed_out};

/// The header of the secret that CloudFront adds, in lower case.
const ORIGIN_HEADER: &str = "x-origin-verify";

/// A resolver, as this door calls it.
pub(crate) trait Actions: Send + Sync {
    /// The actions of the resolver's routes.
    type Action: Copy + Send + Sync + 'static;

    /// The resolver's routes.
    fn routes() -> &'static [Route<Self::Action>];

    /// The clock of the time limit.
    fn clock(&self) -> &impl Clock;

    /// The pool whose tokens are accepted, and the client that is served.
    fn app_client(&self) -> &AppClient;

    /// The secrets of the proxy that every request comes through, if there is one.
    fn origin(&self) -> Option<&OriginSecrets>;

    /// Performs the action of a route.
    fn act(
        &self,
        action: Self::Action,
        call: &Call<'_>,
    ) -> impl Future<Output = Result<Response, Failure>> + Send;
}

/// A call of a route.
pub(crate) struct Call<'a> {
    event: Event<'a>,
    source: Source,
    /// The caller of a route for signed-in users.
    identity: Option<Identity>,
    log_context: &'a LogContext,
}

/// Answers an event within the time limit, and logs the outcome in one line.
pub(crate) async fn serve<R: Actions>(resolver: &R, event: &Value) -> Result<Value, PublicError> {
    let event = Event::read(event).ok_or(PublicError::UnreadableEvent)?;
    let found = find(R::routes(), event.method, event.path());
    let name = found.as_ref().ok().map(|route| route.name);
    let request = Request::begin(Operation::Route(name));
    let log_context = LogContext::default();
    let acting = act(resolver, event, found, &log_context);
    let outcome = match limited(resolver.clock(), acting).await {
        Some(outcome) => outcome,
        None => Err(timed_out().into()),
    };
    let response = match outcome {
        Ok(response) => {
            request.log(Outcome::Answered, &log_context);
            response
        }
        Err(failure) => {
            request.log(failure.outcome(), &log_context);
            failure.response()
        }
    };
    Ok(response.to_event(event.form()))
}

async fn act<R: Actions>(
    resolver: &R,
    event: Event<'_>,
    found: Result<&Route<R::Action>, Rejection>,
    log_context: &LogContext,
) -> Result<Response, Failure> {
    let origin = resolver.origin();
    if origin.is_some_and(|secrets| !secrets.admit(event.header(ORIGIN_HEADER).as_deref())) {
        return Err(Rejection::Forbidden.into());
    }
    let route = found?;
    let identity = match route.auth {
        Auth::Anonymous => None,
        Auth::Bearer => {
            let authorization = event.header("authorization");
            let pool = resolver.app_client().pool();
            let identity = bearer::identity(authorization.as_deref(), pool);
            Some(identity.ok_or(ContactError::NotSignedIn)?)
        }
    };
    let call = Call {
        event,
        source: event.source(origin),
        identity,
        log_context,
    };
    resolver.act(route.action, &call).await
}
