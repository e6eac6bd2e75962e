//! `POST /control`: what tests may bend. Served only with `--control`.

use std::time::Duration;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Json, Request, State};
use axum::http::header::{CONTENT_TYPE, HOST, ORIGIN};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use latchstring_local_cognito::UserPool;
use serde::Deserialize;
use serde_json::json;

use crate::clock::LocalClock;

/// The most that is read of a request.
const MAX_BODY: usize = 16 * 1024 * 1024;

/// The furthest that one request moves the clock: ten years.
const MAX_ADVANCE_SECONDS: u64 = 10 * 365 * 24 * 3600;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Control {
    advance_seconds: Option<u64>,
    stop_clock: Option<bool>,
    replay_sessions: Option<bool>,
    retry_triggers: Option<usize>,
    alias_moves: Option<bool>,
    legacy: Option<bool>,
    fail_next: Option<String>,
}

#[derive(Clone)]
struct Bent {
    pool: UserPool,
    clock: LocalClock,
}

pub(crate) fn router(pool: UserPool, clock: LocalClock) -> Router {
    Router::new()
        .route("/control", post(control))
        .method_not_allowed_fallback(crate::pages::not_allowed)
        .with_state(Bent { pool, clock })
}

/// True for a page of another origin, be it on this machine: it could stop the clock or break the
/// pool of whoever tests here. Browsers send `Origin` with every POST, and programs send none.
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

/// Also what no page sends to another origin without asking for permission first.
fn is_json(headers: &HeaderMap) -> bool {
    let essence = headers
        .get(CONTENT_TYPE)
        .and_then(|content_type| content_type.to_str().ok())
        .and_then(|content_type| content_type.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

async fn control(State(Bent { pool, clock }): State<Bent>, request: Request) -> Response {
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
    // Read to its end, so that its sender gets to read the refusal.
    let body = to_bytes(request.into_body(), MAX_BODY).await;
    if let Some((status, message)) = refusal {
        return (status, Json(json!({ "message": message }))).into_response();
    }
    let wanted = body
        .ok()
        .and_then(|body| serde_json::from_slice(&body).ok());
    let Some(wanted): Option<Control> = wanted else {
        return refused(
            "Send JSON with any of advanceSeconds, stopClock, replaySessions, retryTriggers, \
             aliasMoves, legacy, failNext.",
        );
    };
    if wanted
        .advance_seconds
        .is_some_and(|s| s > MAX_ADVANCE_SECONDS)
    {
        return refused("advanceSeconds is more than ten years.");
    }
    if wanted.stop_clock == Some(false) {
        return refused("A stopped clock cannot be started again: leave stopClock out.");
    }
    if wanted
        .retry_triggers
        .is_some_and(|n| !(1..=10).contains(&n))
    {
        return refused("retryTriggers is 1 to 10.");
    }
    let controls = pool.controls();
    if wanted
        .fail_next
        .as_ref()
        .is_some_and(|operation| !controls.fail_next(operation))
    {
        return refused("failNext names no operation of Cognito's that is served here.");
    }
    if wanted.stop_clock == Some(true) {
        clock.stop();
    }
    if let Some(seconds) = wanted.advance_seconds {
        clock.advance(Duration::from_secs(seconds));
    }
    if let Some(on) = wanted.replay_sessions {
        controls.set_replay_sessions(on);
    }
    if let Some(runs) = wanted.retry_triggers {
        controls.set_retry_triggers(runs);
    }
    if let Some(on) = wanted.alias_moves {
        controls.set_alias_moves(on);
    }
    if let Some(on) = wanted.legacy {
        controls.set_legacy(on);
    }
    Json(json!({})).into_response()
}

fn refused(message: &str) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({ "message": message }))).into_response()
}
