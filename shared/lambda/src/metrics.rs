//! Metrics in the embedded metric format: each a JSON line of its own on standard output, at every
//! log level. docs/metrics.md lists [`METRICS`]; a test compares the two.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use latchstring_core::flow::{CreateReason, Step, VerifyReason};
use latchstring_core::identifier::{Country, Identifier};
use latchstring_core::ports::{Clock, PortError};
use latchstring_core::rate_limit::Budget;
use latchstring_core::time::Timestamp;
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::system::SystemClock;
use crate::system::millis;

/// The target of the events that carry a metric's line in their only field.
pub(crate) const TARGET: &str = "latchstring_metrics";

const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

static KEY_RING: Hourly = Hourly::new();
static NAMESPACE: OnceLock<String> = OnceLock::new();
static API_KEY: OnceLock<ApiKey> = OnceLock::new();

/// A metric, as the documentation lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// The metric's name.
    pub name: &'static str,
    /// The unit, in `CloudWatch`'s word.
    pub unit: &'static str,
    /// The sets of dimensions that it is published by.
    pub dimensions: &'static [&'static [&'static str]],
}

macro_rules! metrics {
    ($($ident:ident = $name:literal, $unit:literal, $dimensions:expr;)*) => {
        $(const $ident: Metric = Metric { name: $name, unit: $unit, dimensions: $dimensions };)*
        /// Every metric that is written.
        pub const METRICS: &[Metric] = &[$($ident),*];
    };
}

metrics! {
    CODES_SENT = "CodesSent", "Count", &[&[], &["Channel"], &["Channel", "Country"]];
    SLOT_MESSAGES = "SlotMessages", "Count", &[&[]];
    VERIFIED = "Verified", "Count", &[&[]];
    CODES_VERIFIED = "CodesVerified", "Count", &[&[]];
    FAILED = "Failed", "Count", &[&[]];
    REFUSED_BY_BUDGET = "RefusedByBudget", "Count", &[&[], &["Budget"], &["Budget", "Country"]];
    CAPTCHA_REQUIRED = "CaptchaRequired", "Count", &[&[], &["Budget"]];
    CONTACT_CHANGE_UNDONE = "ContactChangeUndone", "Count", &[&[]];
    FAULTS = "Faults", "Count", &[&[], &["Call"]];
    THROTTLED_CALLS = "ThrottledCalls", "Count", &[&[], &["Call"]];
    DELIVERY_ERRORS = "DeliveryErrors", "Count", &[&[], &["Code"]];
    DELIVERY_MS = "DeliveryMs", "Milliseconds", &[&["Channel"]];
    HANDLER_MS = "HandlerMs", "Milliseconds", &[&["Function"]];
    EVENTS_OVERDUE_SECONDS = "EventsOverdueSeconds", "Seconds", &[&[]];
    API_KEY_DAYS_LEFT = "ApiKeyDaysLeft", "Count", &[&[]];
    KEY_RING_AGE_DAYS = "KeyRingAgeDays", "Count", &[&[]];
}

/// Sets the namespace of the metrics and the expiry of AppSync's API key, once for the process.
pub(crate) fn init(namespace: &str, api_key_expires: Option<Timestamp>) {
    NAMESPACE.get_or_init(|| namespace.to_owned());
    if let Some(expires) = api_key_expires {
        API_KEY.get_or_init(|| ApiKey::new(expires));
    }
}

/// A value that is written once in each hour with an invocation.
#[derive(Debug, Default)]
struct Hourly {
    /// The hour since 1970 of the last line; 0 before the first.
    written: AtomicU64,
}

impl Hourly {
    const fn new() -> Self {
        Self {
            written: AtomicU64::new(0),
        }
    }

    /// Returns true at the first call of an hour.
    fn is_due(&self, now: Timestamp) -> bool {
        let hour = now.as_secs() / HOUR;
        self.written.swap(hour, Ordering::Relaxed) != hour
    }
}

/// AppSync's API key, whose remaining days are written once in each hour with an invocation.
struct ApiKey {
    expires: Timestamp,
    hourly: Hourly,
}

impl ApiKey {
    const fn new(expires: Timestamp) -> Self {
        Self {
            expires,
            hourly: Hourly::new(),
        }
    }

    /// Returns the whole days that are left, once in each hour. An expired key has none.
    fn days_left(&self, now: Timestamp) -> Option<u64> {
        let left = self.expires.as_secs().saturating_sub(now.as_secs());
        self.hourly.is_due(now).then_some(left / DAY)
    }
}

/// Returns the dimension value of a channel.
pub(crate) const fn channel(to: &Identifier) -> &'static str {
    match to {
        Identifier::Email(_) => "email",
        Identifier::PhoneNumber(_) => "sms",
    }
}

/// Returns the dimension value of a country.
fn word(country: Option<&Country>) -> &str {
    country.map_or("none", Country::as_str)
}

pub(crate) fn code_sent(to: &Identifier) {
    let country = to.country();
    let dimensions = [
        ("Channel", channel(to)),
        ("Country", word(country.as_ref())),
    ];
    write(&CODES_SENT, 1, &dimensions);
}

/// Writes the time since the oldest event of the outbox was overdue; 0 if none is.
pub(crate) fn events_overdue(seconds: u64) {
    write(&EVENTS_OVERDUE_SECONDS, seconds, &[]);
}

/// Counts the message of a slot: the budgets of its mailbox are spent.
pub(crate) fn slot_message(reason: CreateReason) {
    if reason == CreateReason::SlotReserved {
        write(&SLOT_MESSAGES, 1, &[]);
    }
}

pub(crate) fn delivery_error(code: &str) {
    write(&DELIVERY_ERRORS, 1, &[("Code", code)]);
}

/// Counts a change of a contact that the owner of the replaced one has undone.
pub(crate) fn contact_change_undone() {
    write(&CONTACT_CHANGE_UNDONE, 1, &[]);
}

/// Counts a call that failed or timed out, so that a user waited or repeated a step.
pub(crate) fn fault(call: &str) {
    write(&FAULTS, 1, &[("Call", call)]);
}

/// Counts a failed call as [`fault`] does, and once more if AWS refused it because of a quota.
pub(crate) fn failed_call(fault: &PortError) {
    self::fault(fault.call);
    if is_throttling(&fault.code) {
        write(&THROTTLED_CALLS, 1, &[("Call", fault.call)]);
    }
}

/// Returns true for the error codes by which AWS refuses a call because of a quota.
fn is_throttling(code: &str) -> bool {
    matches!(
        code,
        "TooManyRequestsException"
            | "ThrottlingException"
            | "Throttling"
            | "ThrottledException"
            | "RequestThrottledException"
            | "ProvisionedThroughputExceededException"
            | "RequestLimitExceeded"
    )
}

pub(crate) fn delivery_took(to: &Identifier, time: Duration) {
    write(&DELIVERY_MS, millis(time), &[("Channel", channel(to))]);
}

pub(crate) fn handler_took(function: &str, time: Duration) {
    write(&HANDLER_MS, millis(time), &[("Function", function)]);
    if let Some(days) = API_KEY
        .get()
        .and_then(|key| key.days_left(SystemClock.now()))
    {
        write(&API_KEY_DAYS_LEFT, days, &[]);
    }
}

/// Writes the whole days since the key ring was stored, once in each hour.
pub(crate) fn key_ring_read(stored_at: Timestamp, now: Timestamp) {
    if KEY_RING.is_due(now) {
        write(
            &KEY_RING_AGE_DAYS,
            now.since(stored_at).as_secs() / DAY,
            &[],
        );
    }
}

/// Returns the country of a refusal for logs and metrics: that of a breaker only. Other budgets may
/// refuse a request before its country is known to be served, and each country is a metric of its
/// own, which costs money.
pub(crate) fn country_of_refusal(
    budget: Option<Budget>,
    country: Option<&Country>,
) -> Option<&Country> {
    country.filter(|_| budget.is_some_and(Budget::is_of_a_country))
}

pub(crate) fn refused_by_budget(budget: &str, country: Option<&Country>) {
    let dimensions = [("Budget", budget), ("Country", word(country))];
    write(&REFUSED_BY_BUDGET, 1, &dimensions);
}

pub(crate) fn captcha_required(budget: &str) {
    write(&CAPTCHA_REQUIRED, 1, &[("Budget", budget)]);
}

/// Counts the verdict of an answer: a code or proof that is right for the first time, or wrong. An
/// answer without a flow row is not counted, nor a wrong one to the first challenge: any caller can
/// send such answers at no cost, and would hold the alarm for wrong answers.
pub(crate) fn verdict(reason: VerifyReason, answered: Option<&Step>) {
    for metric in counted(reason, answered) {
        write(metric, 1, &[]);
    }
}

/// Returns the metrics that count a verdict. A proof is no code, so it is not in the conversion.
fn counted(reason: VerifyReason, answered: Option<&Step>) -> &'static [Metric] {
    match reason {
        VerifyReason::Right if matches!(answered, Some(Step::Otp(_))) => {
            &[VERIFIED, CODES_VERIFIED]
        }
        VerifyReason::Right => &[VERIFIED],
        _ if answered == Some(&Step::Select) => &[],
        VerifyReason::WrongAnswer
        | VerifyReason::NoAttemptLeft
        | VerifyReason::Expired
        | VerifyReason::GuessesSpent
        | VerifyReason::FlowOver
        | VerifyReason::ProofForged
        | VerifyReason::ProofStale
        | VerifyReason::ProofRedeemed
        | VerifyReason::ProofOfAnother => &[FAILED],
        _ => &[],
    }
}

fn write(metric: &Metric, value: u64, dimensions: &[(&'static str, &str)]) {
    let line = line(metric, value, dimensions);
    tracing::info!(target: TARGET, line);
}

fn line(metric: &Metric, value: u64, dimensions: &[(&'static str, &str)]) -> String {
    let line = Embedded {
        metric,
        value,
        dimensions,
    };
    // Texts and numbers only: serialisation cannot fail.
    serde_json::to_string(&line).unwrap_or_default()
}

/// A line of the format that is serialised without an intermediate value: each call writes two.
struct Embedded<'a> {
    metric: &'a Metric,
    value: u64,
    dimensions: &'a [(&'static str, &'a str)],
}

#[derive(serde::Serialize)]
#[serde(rename_all = "PascalCase")]
struct About<'a> {
    timestamp: u64,
    cloud_watch_metrics: [Directive<'a>; 1],
}

#[derive(serde::Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive<'a> {
    namespace: &'a str,
    dimensions: &'static [&'static [&'static str]],
    metrics: [Named; 1],
}

#[derive(serde::Serialize)]
#[serde(rename_all = "PascalCase")]
struct Named {
    name: &'static str,
    unit: &'static str,
}

impl Serialize for Embedded<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Metric {
            name,
            unit,
            dimensions,
        } = *self.metric;
        let mut line = serializer.serialize_map(None)?;
        for (name, value) in self.dimensions {
            line.serialize_entry(name, value)?;
        }
        line.serialize_entry(name, &self.value)?;
        let directive = Directive {
            namespace: NAMESPACE.get().map_or("Latchstring", String::as_str),
            dimensions,
            metrics: [Named { name, unit }],
        };
        let about = About {
            timestamp: SystemClock.now().as_millis(),
            cloud_watch_metrics: [directive],
        };
        line.serialize_entry("_aws", &about)?;
        line.end()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use latchstring_core::code::CodeLength;
    use latchstring_core::flow::Progress;
    use latchstring_core::identifier::Method;
    use serde_json::Value;

    use super::*;

    /// 2020 and 2100, in milliseconds: neither seconds nor microseconds lie between.
    const PLAUSIBLE: std::ops::Range<u64> = 1_577_836_800_000..4_102_444_800_000;

    #[test]
    fn every_line_is_valid_in_the_embedded_metric_format() {
        for metric in METRICS {
            let named: BTreeSet<&str> = metric
                .dimensions
                .iter()
                .copied()
                .flatten()
                .copied()
                .collect();
            let dimensions: Vec<_> = named.into_iter().map(|name| (name, "value")).collect();
            let line = line(metric, 7, &dimensions);
            assert!(!line.contains('\n'));
            let line: Value = serde_json::from_str(&line).unwrap();
            let at = line["_aws"]["Timestamp"].as_u64().unwrap();
            assert!(PLAUSIBLE.contains(&at), "{at}");
            let directives = line["_aws"]["CloudWatchMetrics"].as_array().unwrap();
            assert_eq!(directives.len(), 1);
            let directive = &directives[0];
            assert_eq!(directive["Namespace"], "Latchstring");
            for set in directive["Dimensions"].as_array().unwrap() {
                let set = set.as_array().unwrap();
                assert!(set.len() <= 30);
                for name in set {
                    let value = line[name.as_str().unwrap()].as_str();
                    assert!(value.is_some_and(|value| !value.is_empty()), "{name}");
                }
            }
            let defined = directive["Metrics"].as_array().unwrap();
            assert_eq!(defined.len(), 1);
            assert_eq!(line[defined[0]["Name"].as_str().unwrap()], 7);
            let unit = defined[0]["Unit"].as_str().unwrap();
            assert!(
                ["Count", "Milliseconds", "Seconds"].contains(&unit),
                "{unit}"
            );
        }
    }

    #[test]
    fn the_days_of_a_key_are_written_once_an_hour() {
        let now = 20_000 * DAY;
        let key = ApiKey::new(Timestamp::from_secs(now + 45 * DAY));
        let at = |seconds: u64| key.days_left(Timestamp::from_secs(now + seconds));
        assert_eq!(at(0), Some(45));
        assert_eq!([at(1), at(3599)], [None; 2]);
        assert_eq!(at(3600), Some(44));
        assert_eq!(at(3601), None);
        // A process that was frozen for a year.
        assert_eq!(at(365 * DAY), Some(0));
    }

    #[test]
    fn a_code_is_in_the_conversion_and_a_proof_is_not() {
        let progress = Progress {
            issued_at: Timestamp::from_secs(1_800_000_000),
            last_sent_at: Timestamp::from_secs(1_800_000_000),
            sends: 1,
            unsent: 0,
            used: 0,
            code_length: CodeLength::DEFAULT,
        };
        let (code, proof) = (Step::Otp(progress), Step::Claim(progress));
        let names = |reason, step| -> Vec<&str> {
            let counted = counted(reason, Some(step));
            counted.iter().map(|metric| metric.name).collect()
        };
        let right = VerifyReason::Right;
        assert_eq!(names(right, &code), ["Verified", "CodesVerified"]);
        assert_eq!(names(right, &proof), ["Verified"]);
        assert_eq!(names(VerifyReason::RightAgain, &code), [""; 0]);
        assert_eq!(names(VerifyReason::WrongAnswer, &code), ["Failed"]);
        let at_first = names(VerifyReason::WrongAnswer, &Step::Select);
        assert_eq!(at_first, [""; 0]);
    }

    #[test]
    fn a_call_over_a_quota_is_a_throttled_one() {
        for code in ["TooManyRequestsException", "ThrottlingException"] {
            assert!(is_throttling(code), "{code}");
        }
        // Of one user, and of a courier that does not answer.
        for code in [
            "LimitExceededException",
            "timeout",
            "InternalErrorException",
        ] {
            assert!(!is_throttling(code), "{code}");
        }
    }

    #[test]
    fn a_channel_and_a_country_reveal_nothing_else() {
        for (method, typed, expected) in [
            (Method::Email, "ada@example.com", ("email", None)),
            (Method::PhoneNumber, "+4915123456789", ("sms", Some("DE"))),
            (Method::PhoneNumber, "+14155550132", ("sms", Some("US"))),
        ] {
            let to = Identifier::parse(method, typed).unwrap();
            let country = to.country();
            let country = country.as_ref().map(Country::as_str);
            assert_eq!((channel(&to), country), expected);
        }
    }

    #[test]
    fn the_alarms_look_at_metrics_that_are_written() {
        let alarms = include_str!("../../../infra/lib/alarms.ts");
        let watched: Vec<&str> = alarms
            .split("ours(namespace, '")
            .skip(1)
            .filter_map(|rest| rest.split('\'').next())
            .collect();
        assert!(watched.len() >= 4, "the alarms are found");
        for name in watched {
            // Each metric is published as a total and by its channel.
            let metric = METRICS.iter().find(|metric| metric.name == name);
            let dimensions = metric.expect("it is written").dimensions;
            assert!(dimensions.contains(&[].as_slice()), "{name} as a whole");
        }
        let sms = alarms.contains("'CodesSent', HOUR, { Channel: 'sms' }");
        assert!(sms && CODES_SENT.dimensions.contains(&["Channel"].as_slice()));
    }

    #[test]
    fn documentation_lists_every_metric_with_its_dimensions() {
        let documentation = include_str!("../../../docs/metrics.md");
        let listed: Vec<&str> = documentation
            .lines()
            .take_while(|line| !line.starts_with("## Log lines"))
            .filter(|line| line.starts_with("| `"))
            .collect();
        for Metric {
            name,
            unit,
            dimensions,
        } in METRICS
        {
            let sets: Vec<String> = dimensions
                .iter()
                .map(|set| match set {
                    [] => "none".to_owned(),
                    set => set.join(" and "),
                })
                .collect();
            let row = format!("| `{name}` | {unit} | {} |", sets.join("; "));
            let found = listed.iter().any(|line| line.starts_with(&row));
            assert!(found, "docs/metrics.md does not have {row}");
        }
        assert_eq!(listed.len(), METRICS.len(), "one row for each metric");
    }
}
