//! Logs as JSON lines on standard output, one a decision.
//!
//! Never logged: an event, code, address, number, ticket, proof, session or token. A flow is named
//! by a keyed hash of its id.

use std::panic;

use latchstring_core::flow::Decided;
use latchstring_core::keys::KeyRing;
use latchstring_core::label::Label;
use latchstring_core::ports::Fault;
use tracing_subscriber::EnvFilter;

/// Starts logging at a level (`error`, `warn`, `info`, `debug`), and makes a panic log its place
/// instead of its text.
pub(crate) fn init(level: &str) {
    // Only our own crates: what libraries log at lower levels may hold requests.
    let filter = EnvFilter::new(format!("off,latchstring_lambda={level}"));
    let started = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_env_filter(filter)
        .try_init();
    if started.is_ok() {
        panic::set_hook(Box::new(|info| {
            let place = info.location().map(ToString::to_string).unwrap_or_default();
            tracing::error!(place, "panic");
        }));
    }
}

/// The one line of a trigger's decision.
pub(crate) fn decision<T>(
    trigger: &'static str,
    outcome: &str,
    keys: &KeyRing,
    decided: &Decided<T>,
) {
    let flow = decided
        .flow
        .map(|flow| Label::of_flow(keys, flow).to_string());
    let why = decided.why.as_str();
    match &decided.fault {
        None => tracing::info!(trigger, outcome, why, flow, "decision"),
        Some(Fault { call, code }) => {
            tracing::warn!(trigger, outcome, why, flow, call, code, "decision");
        }
    }
}
