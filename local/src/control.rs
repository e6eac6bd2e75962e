//! `POST /control`: what tests may bend. Served only with `--control`.

use std::time::Duration;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Json, Request, State};
use axum::http::StatusCode;
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

async fn control(State(Bent { pool, clock }): State<Bent>, request: Request) -> Response {
    // Read to its end, so that its sender gets to read the refusal.
    let body = to_bytes(request.into_body(), MAX_BODY).await;
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
