//! Logs as JSON lines on standard output, one for each decision.
//!
//! Never logged: an event, code, address, number, ticket, proof, session or token. A flow and an
//! identifier are named by keyed hashes. docs/metrics.md lists the lines and their fields.

use std::fmt;
use std::panic;

use latchstring_core::flow::Decided;
use latchstring_core::identifier::Country;
use latchstring_core::keys::KeyRing;
use latchstring_core::ports::PortError;
use latchstring_core::pseudonym::Pseudonym;
use latchstring_core::rate_limit::Budget;
use tokio::time::Instant;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::{Format, Json, JsonFields, Writer, format};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use crate::metrics;
use crate::system::millis;

/// Starts logging at a level (`error`, `warn`, `info`), and makes a panic log its place
/// instead of its text.
pub(crate) fn init(level: Level) {
    // Only the crates of this workspace: libraries may log requests at lower levels. Not an
    // `EnvFilter`, which compiles regular expressions at every cold start.
    let filter = Targets::new()
        .with_target("latchstring_lambda", level)
        .with_target(metrics::TARGET, Level::INFO);
    let lines = Lines(format().json().flatten_event(true).with_current_span(false));
    let started = tracing_subscriber::fmt()
        .event_format(lines)
        .fmt_fields(JsonFields::new())
        // The filter above sets the level.
        .with_max_level(LevelFilter::TRACE)
        .finish()
        .with(filter)
        .try_init();
    if started.is_ok() {
        panic::set_hook(Box::new(|info| {
            let place = info.location().map(ToString::to_string).unwrap_or_default();
            tracing::error!(place, "panic");
        }));
    }
}

/// Formats log events as JSON, and metrics as the lines that they already are.
struct Lines(Format<Json>);

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        if event.metadata().target() == metrics::TARGET {
            let mut line = Line(String::new());
            event.record(&mut line);
            writeln!(writer, "{}", line.0)
        } else {
            self.0.format_event(context, writer, event)
        }
    }
}

/// The text of a metric's only field.
struct Line(String);

impl Visit for Line {
    fn record_str(&mut self, _: &Field, value: &str) {
        value.clone_into(&mut self.0);
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

/// Logs a trigger without a decision: its time limit passed, or the key ring was not read.
pub(crate) fn undecided(trigger: &'static str, begun: Instant) {
    let time = begun.elapsed();
    let (outcome, duration_ms) = ("none", millis(time));
    tracing::error!(trigger, outcome, duration_ms, "decision");
    metrics::fault("decision");
    metrics::handler_took(trigger, time);
}

/// A trigger's decision.
pub(crate) struct Decision<'a, T, R> {
    pub(crate) trigger: &'static str,
    pub(crate) step: Option<&'static str>,
    pub(crate) outcome: &'static str,
    pub(crate) keys: &'a KeyRing,
    pub(crate) decided: &'a Decided<T, R>,
    pub(crate) begun: Instant,
}

impl<T, R: Copy + Into<&'static str>> Decision<'_, T, R> {
    /// Writes the decision's one line.
    pub(crate) fn log(&self) {
        let Self {
            trigger,
            step,
            outcome,
            keys,
            decided,
            begun,
        } = *self;
        let flow = decided
            .flow
            .map(|flow| Pseudonym::of_flow(keys, flow).to_string());
        let identifier = decided
            .message
            .as_ref()
            .map(|message| Pseudonym::of_identifier(keys, &message.to).to_string());
        let reason: &'static str = decided.reason.into();
        let time = begun.elapsed();
        let duration_ms = millis(time);
        let refusing = decided.refusal.map(|refusal| refusal.budget);
        let country = metrics::country_of_refusal(refusing, decided.refused_country.as_ref());
        let budget = refusing.map(Budget::as_str);
        if let Some(budget) = budget {
            metrics::refused_by_budget(budget, country);
        }
        let country = country.map(Country::as_str);
        match &decided.fault {
            None => tracing::info!(
                trigger,
                step,
                outcome,
                reason,
                flow,
                identifier,
                budget,
                country,
                duration_ms,
                "decision"
            ),
            Some(fault) => {
                metrics::failed_call(fault);
                let PortError { call, code } = fault;
                tracing::warn!(
                    trigger,
                    step,
                    outcome,
                    reason,
                    flow,
                    identifier,
                    duration_ms,
                    call,
                    code,
                    "decision"
                );
            }
        }
        metrics::handler_took(trigger, time);
    }
}
