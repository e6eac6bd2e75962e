//! The versions of a deployment's functions, and the way back to those before.
//!
//! The pool, the APIs and the schedule invoke the alias `live` of each function. To go back is to let
//! the aliases name the versions before.

use aws_sdk_lambda as lambda;
use lambda::Client;
use lambda::primitives::Blob;
use serde_json::Value;

use crate::access::{Access, ONCE, READ, client};
use crate::error_code::ErrorCode;

/// The alias that the construct makes.
pub const ALIAS: &str = "live";

/// The functions, by the end of their names. The last is there only with events.
const FUNCTIONS: [&str; 6] = [
    "define-auth-challenge",
    "create-auth-challenge",
    "verify-auth-challenge-response",
    "sign-in",
    "sign-up",
    "publish-events",
];

/// The way back of one function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The function's name or ARN.
    pub function: String,
    /// The version that its alias names.
    pub from: u64,
    /// The version before.
    pub to: u64,
    /// The revision of the alias: another operator's change makes it another.
    revision: Option<String>,
}

/// Returns the functions of the deployment of which this is the name or ARN of Define.
///
/// # Errors
/// If it is the name of another function. The text says so.
pub fn functions(define: &str) -> Result<Vec<String>, String> {
    let prefix = define.strip_suffix(FUNCTIONS[0]);
    let prefix = prefix.ok_or_else(|| format!("{define} is not a function {}", FUNCTIONS[0]))?;
    Ok(FUNCTIONS.map(|name| format!("{prefix}{name}")).into())
}

/// Returns the newest version before this one.
fn before(versions: impl IntoIterator<Item = u64>, version: u64) -> Option<u64> {
    versions.into_iter().filter(|it| *it < version).max()
}

/// Returns the mark of an alias that went back from this version.
fn mark(from: u64) -> String {
    format!("rolled back from version {from}")
}

/// The functions of an account and Region.
#[derive(Debug)]
pub struct Versions {
    reads: Client,
    writes: Client,
}

impl Versions {
    /// Connects at the first call.
    pub fn new(access: &Access) -> Self {
        Self {
            reads: client!(lambda, access, READ),
            writes: client!(lambda, access, ONCE),
        }
    }

    /// Returns the way back of a function; `None` if there is no such function, which is so for
    /// `publish-events` without events, or if its alias went back already.
    ///
    /// # Errors
    /// If the function has no alias or no earlier version, or a call fails.
    pub async fn way_back(&self, function: &str) -> Result<Option<Step>, String> {
        let alias = self.reads.get_alias().function_name(function).name(ALIAS);
        let alias = match alias.send().await {
            Ok(alias) => alias,
            Err(error) => {
                let code = ErrorCode::of(&error);
                let is_missing = code.to_string() == "ResourceNotFoundException";
                if is_missing && function.ends_with(FUNCTIONS[5]) {
                    return Ok(None);
                }
                return Err(if is_missing {
                    format!(
                        "{function} has no alias {ALIAS}: deploy the version before instead, as docs/upgrading.md says"
                    )
                } else {
                    format!("lambda:GetAlias of {function} answered {code}")
                });
            }
        };
        let from = alias.function_version().and_then(|text| text.parse().ok());
        let from: u64 = from.ok_or_else(|| format!("{function}:{ALIAS} names no version"))?;
        let versions = self.reads.list_versions_by_function();
        let pages = versions.function_name(function).into_paginator().items();
        let versions = pages.send().collect::<Result<Vec<_>, _>>().await;
        let versions = versions.map_err(|error| {
            let code = ErrorCode::of(&error);
            format!("lambda:ListVersionsByFunction of {function} answered {code}")
        })?;
        let numbers = versions.iter().filter_map(|it| it.version()?.parse().ok());
        let numbers: Vec<u64> = numbers.collect();
        let description = alias.description().unwrap_or_default();
        if numbers
            .iter()
            .any(|of| *of > from && description == mark(*of))
        {
            return Ok(None);
        }
        let to = before(numbers, from)
            .ok_or_else(|| format!("{function} has no version before {from}"))?;
        Ok(Some(Step {
            function: function.to_owned(),
            from,
            to,
            revision: alias.revision_id().map(str::to_owned),
        }))
    }

    /// Has the earlier version examine itself. One from before self-tests cannot, and passes.
    ///
    /// # Errors
    /// If it finds a fault. The text has what it found.
    pub async fn examine(&self, step: &Step) -> Result<(), String> {
        let invoked = self
            .writes
            .invoke()
            .function_name(&step.function)
            .qualifier(step.to.to_string())
            .payload(Blob::new(r#"{"selfTest":{}}"#))
            .send()
            .await;
        let invoked = invoked.map_err(|error| {
            let code = ErrorCode::of(&error);
            format!("lambda:InvokeFunction of {} answered {code}", step.function)
        })?;
        let payload = invoked.payload().map(Blob::as_ref).unwrap_or_default();
        let answer: Value = serde_json::from_slice(payload).unwrap_or_default();
        let found = &answer["selfTest"];
        if found["ok"] == false {
            let faults = &found["faults"];
            return Err(format!(
                "version {} of {} cannot serve: {faults}",
                step.to, step.function
            ));
        }
        Ok(())
    }

    /// Lets the alias name the earlier version.
    ///
    /// # Errors
    /// If the call fails, also because the alias was changed meanwhile.
    pub async fn go_back(&self, step: &Step) -> Result<(), String> {
        let update = self
            .writes
            .update_alias()
            .function_name(&step.function)
            .name(ALIAS)
            .function_version(step.to.to_string())
            .description(mark(step.from))
            .set_revision_id(step.revision.clone());
        let updated = update.send().await;
        updated.map(|_| ()).map_err(|error| {
            let code = ErrorCode::of(&error);
            format!("lambda:UpdateAlias of {} answered {code}", step.function)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_before_is_the_newest_lower_one() {
        assert_eq!(before([1, 2, 4, 5], 4), Some(2));
        assert_eq!(before([4, 5], 4), None);
    }

    #[test]
    fn the_functions_have_the_prefix_of_define() {
        let all = functions("acme-define-auth-challenge").unwrap();
        assert_eq!(all[3], "acme-sign-in");
        assert!(functions("acme-sign-in").is_err());
    }
}
