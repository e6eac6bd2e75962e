//! `POST /control`: the changes that tests make to the service. Served only with `--control`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Json, Request, State};
use axum::http::header::{CONTENT_TYPE, HOST, ORIGIN};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use latchstring_core::ports::Clock;
use latchstring_local_cognito::{Controls, Trigger, UserPool};
use latchstring_testkit::Port;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::clock::LocalClock;
use crate::functions::Lambdas;
use crate::outages::{PORTS, PortOutages};

/// The maximum size of a request body.
const MAX_BODY: usize = 16 * 1024 * 1024;

/// The longest time in a request: ten years.
const MAX_SECONDS: u64 = 10 * 365 * 24 * 3600;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Control {
    advance_seconds: Option<u64>,
    stop_clock: Option<bool>,
    replay_sessions: Option<bool>,
    retry_triggers: Option<usize>,
    alias_moves: Option<bool>,
    legacy: Option<bool>,
    separate_sessions: Option<bool>,
    fail_next: Option<String>,
    fail_triggers: Option<Vec<String>>,
    fail_for: Option<BTreeMap<String, u64>>,
    throttle_for: Option<BTreeMap<String, u64>>,
    federate: Option<Federated>,
}

/// A sign-in at another identity provider.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Federated {
    provider: String,
    subject: String,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
}

#[derive(Clone)]
struct Controlled {
    pool: UserPool,
    clock: LocalClock,
    outages: PortOutages,
    lambdas: Arc<Lambdas>,
}

pub(crate) fn router(
    pool: UserPool,
    clock: LocalClock,
    outages: PortOutages,
    lambdas: Arc<Lambdas>,
) -> Router {
    Router::new()
        .route("/control", post(control))
        .method_not_allowed_fallback(crate::pages::not_allowed)
        .with_state(Controlled {
            pool,
            clock,
            outages,
            lambdas,
        })
}

/// True for a page of another origin, also on this machine: it could stop the clock or break the
/// pool of a developer who tests here. Browsers send `Origin` with every POST, and programs send none.
fn is_cross_origin(headers: &HeaderMap) -> bool {
    let is_own = |origin: &str| {
        let host = headers.get(HOST).and_then(|host| host.to_str().ok());
        origin.strip_prefix("http://") == host && host.is_some()
    };
    let is_foreign_origin = headers
        .get(ORIGIN)
        .is_some_and(|origin| !origin.to_str().is_ok_and(is_own));
    let is_foreign_site = headers
        .get("sec-fetch-site")
        .is_some_and(|site| site != "same-origin" && site != "none");
    is_foreign_origin || is_foreign_site
}

/// True for JSON, which no page sends to another origin without a preflight request.
fn is_json(headers: &HeaderMap) -> bool {
    let essence = headers
        .get(CONTENT_TYPE)
        .and_then(|content_type| content_type.to_str().ok())
        .and_then(|content_type| content_type.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

/// True for an event that an operator sends to the function sign-up.
fn is_operators(event: &Value) -> bool {
    let members = event.as_object();
    members.is_some_and(|members| {
        let is_known = |name| members.contains_key(name);
        members.len() == 1 && (is_known("invite") || is_known("withdrawInvitation"))
    })
}

async fn control(State(controlled): State<Controlled>, request: Request) -> Response {
    let refusal = if is_cross_origin(request.headers()) {
        Some((
            StatusCode::FORBIDDEN,
            "Pages of another origin may not call /control.",
        ))
    } else if !is_json(request.headers()) {
        Some((
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "The content type must be application/json.",
        ))
    } else {
        None
    };
    // The whole body is read, so that its sender can read the refusal.
    let body = to_bytes(request.into_body(), MAX_BODY).await;
    if let Some((status, message)) = refusal {
        return (status, Json(json!({ "message": message }))).into_response();
    }
    let requested: Option<Value> = body
        .ok()
        .and_then(|body| serde_json::from_slice(&body).ok());
    if let Some(event) = requested.as_ref().filter(|event| is_operators(event)) {
        let answered = controlled.lambdas.operate(event.clone()).await;
        return match answered["error"]["message"].as_str() {
            None => Json(json!({})).into_response(),
            Some(message) => refused(message),
        };
    }
    let requested = requested.and_then(|requested| serde_json::from_value(requested).ok());
    let Some(requested): Option<Control> = requested else {
        return refused(
            "Send JSON with any of advanceSeconds, stopClock, replaySessions, retryTriggers, \
             aliasMoves, legacy, separateSessions, failNext, failTriggers, failFor, \
             throttleFor, federate, or with one of invite and withdrawInvitation alone.",
        );
    };
    match controlled.apply(requested) {
        Ok(()) => Json(json!({})).into_response(),
        Err(message) => refused(&message),
    }
}

impl Controlled {
    /// Applies a request as a whole, or no part of it if one is refused.
    fn apply(&self, requested: Control) -> Result<(), String> {
        let Self {
            pool,
            clock,
            outages,
            lambdas: _,
        } = self;
        let ahead = clock.ahead().as_secs();
        let total = requested.advance_seconds.map(|s| s.saturating_add(ahead));
        if total.is_some_and(|s| s > MAX_SECONDS) {
            return Err("The clock would be more than ten years ahead.".to_owned());
        }
        if requested.stop_clock == Some(false) {
            return Err("A stopped clock cannot be started again: leave stopClock out.".to_owned());
        }
        if requested
            .retry_triggers
            .is_some_and(|n| !(1..=10).contains(&n))
        {
            return Err("retryTriggers is 1 to 10.".to_owned());
        }
        let triggers = requested
            .fail_triggers
            .as_deref()
            .map(triggers)
            .transpose()?;
        let failures = requested.fail_for.map(Failures::of).transpose()?;
        let throttles = requested
            .throttle_for
            .map(Failures::throttles)
            .transpose()?;
        let controls = pool.controls();
        if requested
            .fail_next
            .as_ref()
            .is_some_and(|operation| !controls.fail_next(operation))
        {
            return Err(unknown("failNext", Controls::operations()));
        }
        if requested.stop_clock == Some(true) {
            clock.stop();
        }
        if let Some(seconds) = requested.advance_seconds {
            clock.advance(Duration::from_secs(seconds));
        }
        if let Some(on) = requested.replay_sessions {
            controls.set_replay_sessions(on);
        }
        if let Some(runs) = requested.retry_triggers {
            controls.set_retry_triggers(runs);
        }
        if let Some(Federated {
            provider,
            subject,
            attributes,
        }) = requested.federate
        {
            pool.federate(&provider, &subject, attributes);
        }
        if let Some(on) = requested.alias_moves {
            controls.set_alias_moves(on);
        }
        if let Some(on) = requested.legacy {
            controls.set_legacy(on);
        }
        if let Some(on) = requested.separate_sessions {
            controls.set_separate_sessions(on);
        }
        if let Some(triggers) = triggers {
            controls.set_failing_triggers(triggers);
        }
        if let Some(Failures { operations, ports }) = failures {
            let operations = operations
                .into_iter()
                .map(|(name, time)| (name, clock.system_time() + time));
            controls.set_outages(operations.collect());
            let ports = ports
                .into_iter()
                .map(|(port, time)| (port, clock.now().plus(time)));
            outages.set(ports.collect());
        }
        if let Some(throttles) = throttles {
            let throttles = throttles
                .into_iter()
                .map(|(name, time)| (name, clock.system_time() + time));
            controls.set_throttles(throttles.collect());
        }
        Ok(())
    }
}

/// The time for which each operation and each port fails.
struct Failures {
    operations: BTreeMap<String, Duration>,
    ports: BTreeMap<Port, Duration>,
}

impl Failures {
    /// Returns the time for which each operation is throttled.
    fn throttles(requested: BTreeMap<String, u64>) -> Result<BTreeMap<String, Duration>, String> {
        let Self { operations, ports } = Self::of(requested)?;
        if ports.is_empty() {
            Ok(operations)
        } else {
            Err(unknown("throttleFor", Controls::operations()))
        }
    }

    fn of(requested: BTreeMap<String, u64>) -> Result<Self, String> {
        let mut failures = Self {
            operations: BTreeMap::new(),
            ports: BTreeMap::new(),
        };
        for (name, seconds) in requested {
            if seconds > MAX_SECONDS {
                return Err("A failure has a time of more than ten years.".to_owned());
            }
            let time = Duration::from_secs(seconds);
            if let Some((_, port)) = PORTS.into_iter().find(|(known, _)| *known == name) {
                failures.ports.insert(port, time);
            } else if Controls::operations().any(|operation| operation == name) {
                failures.operations.insert(name, time);
            } else {
                let ports = PORTS.into_iter().map(|(name, _)| name);
                return Err(unknown("failFor", ports.chain(Controls::operations())));
            }
        }
        Ok(failures)
    }
}

fn triggers(requested: &[String]) -> Result<Vec<Trigger>, String> {
    let known = || Trigger::ALL.into_iter();
    let found = requested
        .iter()
        .map(|name| known().find(|trigger| trigger.name() == name));
    let found: Option<Vec<Trigger>> = found.collect();
    found.ok_or_else(|| unknown("failTriggers", known().map(Trigger::name)))
}

fn unknown(field: &str, known: impl Iterator<Item = &'static str>) -> String {
    let known: Vec<&str> = known.collect();
    format!(
        "{field} has an unknown name. Known are {}.",
        known.join(", ")
    )
}

fn refused(message: &str) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({ "message": message }))).into_response()
}
