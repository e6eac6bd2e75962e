//! `GET /events.json`: the events that were published, as a subscriber gets them.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use latchstring_aws::{EVENT_SOURCE, event_detail};
use latchstring_memory::MemoryBus;
use serde_json::{Value, json};

use crate::deliveries::Deliveries;
use crate::functions::Lambdas;

#[derive(Clone)]
struct Published {
    bus: MemoryBus,
    deliveries: Deliveries,
    lambdas: Arc<Lambdas>,
}

pub(crate) fn router(bus: MemoryBus, deliveries: Deliveries, lambdas: Arc<Lambdas>) -> Router {
    Router::new()
        .route("/events.json", get(events))
        .method_not_allowed_fallback(crate::pages::not_allowed)
        .with_state(Published {
            bus,
            deliveries,
            lambdas,
        })
}

/// Returns the events, newest first, in the form in which `EventBridge` hands them to a target. What is
/// overdue is published first: no schedule runs here.
async fn events(State(published): State<Published>) -> Response {
    published.deliveries.settled().await;
    published.lambdas.sweep().await;
    let events = published.bus.events(usize::MAX);
    let events: Vec<Value> = events
        .iter()
        .map(|event| {
            let detail: Value = serde_json::from_str(&event_detail(event)).unwrap_or_default();
            json!({
                "source": EVENT_SOURCE,
                "detail-type": event.kind.as_str(),
                "detail": detail,
            })
        })
        .collect();
    Json(events).into_response()
}
