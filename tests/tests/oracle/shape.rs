//! The differences between two stories, with random values masked.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::classes::Story;
use crate::world::{Seen, Typed};

/// A step, and the part of it that differs.
pub(crate) type Difference = (&'static str, String);

/// The places of values that are random in each answer.
const RANDOM: [&str; 15] = [
    "/continuation",
    "/pointer",
    "/resume",
    "/ticket",
    "/Session",
    "/ChallengeParameters/proof",
    "/ChallengeParameters/pointer",
    "/ChallengeParameters/resume",
    "/data/signIn/session",
    "/data/signIn/pointer",
    "/data/signIn/resume",
    "/data/changeContact/pointer",
    "/data/changeContact/resume",
    "/data/signInTicket/ticket",
    "/data/changeContact/session",
];
/// Headers that are random in each answer, or follow from the body, which is compared.
const NOT_COMPARED: [&str; 4] = [
    "date",
    "x-amzn-requestid",
    "apigw-requestid",
    "content-length",
];

/// Returns the body with random values and identifiers masked by as many bytes.
fn masked(seen: &Seen) -> String {
    let json = seen.json();
    let random = RANDOM
        .iter()
        .filter_map(|place| json.pointer(place)?.as_str())
        .filter(|text| !text.is_empty());
    let mut body = seen.body.clone();
    for text in random {
        body = body.replace(text, &"x".repeat(text.len()));
    }
    for typed in Typed::ALL.map(Typed::text) {
        body = body.replace(typed, &"t".repeat(typed.len()));
    }
    body
}

fn headers(seen: &Seen) -> Vec<(&str, &[u8])> {
    seen.headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_bytes()))
        .filter(|(name, _)| !NOT_COMPARED.contains(name))
        .collect()
}

/// Adds every place at which two answers differ.
fn places(one: &Value, other: &Value, at: &str, found: &mut BTreeSet<String>) {
    match (one, other) {
        (Value::Object(ones), Value::Object(others)) => {
            for name in ones.keys().chain(others.keys()) {
                let at = format!("{at}/{name}");
                let value = |of: &Value| of.get(name).cloned().unwrap_or_default();
                places(&value(one), &value(other), &at, found);
            }
        }
        _ if one == other => {}
        _ => {
            found.insert(at.to_owned());
        }
    }
}

/// Returns the differences between two answers to a step.
fn of_step(step: &'static str, one: &Seen, other: &Seen) -> BTreeSet<Difference> {
    let mut parts = BTreeSet::new();
    if one.status != other.status {
        parts.insert("status".to_owned());
    }
    if headers(one) != headers(other) {
        parts.insert("headers".to_owned());
    }
    let (masked_one, masked_other) = (masked(one), masked(other));
    if masked_one != masked_other {
        let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
        let mut found = BTreeSet::new();
        places(&parse(&masked_one), &parse(&masked_other), "", &mut found);
        if found.is_empty() {
            found.insert("bytes".to_owned());
        }
        parts.extend(found);
    }
    if one.calls != other.calls {
        parts.insert("calls".to_owned());
    }
    if one.took != other.took {
        parts.insert("time".to_owned());
    }
    if one.after != other.after {
        parts.insert("delivery".to_owned());
    }
    parts.into_iter().map(|part| (step, part)).collect()
}

/// Returns a step of a story.
pub(crate) fn step<'a>(story: &'a Story, step: &str) -> Option<&'a Seen> {
    let found = story.iter().find(|(name, _)| *name == step);
    found.map(|(_, seen)| seen)
}

/// Returns the differences between two stories.
pub(crate) fn differences(one: &Story, other: &Story) -> BTreeSet<Difference> {
    let steps: BTreeSet<&'static str> = one.iter().chain(other).map(|(step, _)| *step).collect();
    steps
        .into_iter()
        .flat_map(|name| match (step(one, name), step(other, name)) {
            (Some(one), Some(other)) => of_step(name, one, other),
            _ => BTreeSet::from([(name, "not there".to_owned())]),
        })
        .collect()
}
