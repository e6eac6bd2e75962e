//! The HTTP door: JSON over an HTTP API, a function URL, a REST API or a load balancer.
//!
//! `routes` is the table of routes, `types` has the members of requests and answers, `problem` the
//! errors. docs/http.md describes the door to authors of clients, docs/openapi.json to programs.

mod account;
mod bearer;
mod browser;
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
use latchstring_core::session::{AppServer, SessionId};
use serde_json::Value;

pub use openapi::openapi;
pub(crate) use types::{InvitationRequest, InvitedContact};

use self::event::Event;
use self::problem::{Failure, Rejection};
use self::response::Response;
use self::routes::{Auth, Route, find};
use crate::handler::{HandlerResponse, PublicError};
use crate::resolver::{
    BrowserSessions, LogContext, Operation, OriginSecrets, Outcome, Request, SessionMode, limited,
    timed_out,
};

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

    /// Session mode, or its absence.
    fn sessions(&self) -> &impl BrowserSessions;

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
    caller: Caller,
    log_context: &'a LogContext,
}

/// The caller of a route.
enum Caller {
    /// Anyone, perhaps with the cookie of a session.
    Anyone(Option<SessionId>),
    /// A client with an access token, whose claims are not yet verified.
    Bearer(Identity),
    /// A browser with the cookie of a session, which may have ended.
    Browser(SessionId),
    /// The app's own server, with the cookie of its browser.
    Server(SessionId, AppServer),
}

impl Call<'_> {
    /// Returns the session of the cookie.
    fn browser_session(&self) -> Result<&SessionId, ContactError> {
        match &self.caller {
            Caller::Browser(id) => Ok(id),
            _ => Err(ContactError::NotSignedIn),
        }
    }
}

/// Answers an event within the time limit, and logs the outcome in one line.
pub(crate) async fn serve<R: Actions>(
    resolver: &R,
    event: &Value,
) -> Result<HandlerResponse, PublicError> {
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
    Ok(response.into_handler_response(event.form()))
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
    let mode = resolver.sessions().mode();
    let server = match mode {
        Some(mode) => browser::app_server(&event, mode).await?,
        None => None,
    };
    let named = match server {
        Some(server) => browser::named_source(&event, server)?,
        None => None,
    };
    let call = Call {
        source: named.unwrap_or_else(|| event.source(origin)),
        caller: caller(&event, route.auth, resolver.app_client(), mode, server)?,
        event,
        log_context,
    };
    resolver.act(route.action, &call).await
}

/// Returns the caller, if the route serves it.
fn caller<T, V>(
    event: &Event<'_>,
    auth: Auth,
    app_client: &AppClient,
    mode: Option<&SessionMode<T, V>>,
    server: Option<AppServer>,
) -> Result<Caller, Failure> {
    let authorization = event.header("authorization");
    if auth == Auth::Bearer && (authorization.is_some() || mode.is_none()) {
        // No browser adds a token on its own, so a foreign page cannot send one.
        let identity = bearer::identity(authorization.as_deref(), app_client.pool());
        let identity = identity.ok_or(ContactError::NotSignedIn)?;
        return Ok(Caller::Bearer(identity));
    }
    let Some(mode) = mode else {
        return match auth {
            Auth::Anonymous => Ok(Caller::Anyone(None)),
            _ => Err(Rejection::NotFound.into()),
        };
    };
    browser::admit_page(event, &mode.origins)?;
    let id = browser::session_id(event);
    match auth {
        Auth::Anonymous | Auth::Ending => Ok(Caller::Anyone(id)),
        Auth::Bearer | Auth::Cookie => {
            let id = id.ok_or(ContactError::NotSignedIn)?;
            Ok(Caller::Browser(id))
        }
        Auth::Server => {
            let server = server.ok_or(Rejection::NotTheServer)?;
            let id = id.ok_or(ContactError::NotSignedIn)?;
            Ok(Caller::Server(id, server))
        }
    }
}
