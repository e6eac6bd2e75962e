//! The versions of a deployment's functions: the way back to those before, and the restart of those that
//! serve.
//!
//! The pool, the APIs and the schedule invoke the alias `live` of each function. To go back is to let
//! the aliases name the versions before. A version cannot be changed, so to restart it is to publish it
//! again.

use std::time::{Duration, Instant, SystemTime};

use aws_sdk_lambda as lambda;
use lambda::Client;
use lambda::error::{ProvideErrorMetadata, SdkError};
use lambda::operation::get_function_configuration::GetFunctionConfigurationOutput;
use lambda::primitives::Blob;
use lambda::types::{FunctionConfiguration, LastUpdateStatus, State};
use serde_json::Value;

use crate::access::{Access, ONCE, READ, client};
use crate::error_code::{ErrorCode, ErrorKind};
use crate::functions::{ALIAS, FUNCTIONS, SWEEPER};

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
    let alias = define
        .strip_suffix(ALIAS)
        .and_then(|it| it.strip_suffix(':'));
    let define = alias.unwrap_or(define);
    let prefix = define.strip_suffix(FUNCTIONS[0]);
    let prefix = prefix.ok_or_else(|| format!("{define} is not a function {}", FUNCTIONS[0]))?;
    Ok(FUNCTIONS.map(|name| format!("{prefix}{name}")).into())
}

/// A version: its number, and the one that it restarted.
type Version = (u64, Option<u64>);

/// Returns the newest version before this one, which is not the one that it restarted.
fn before(versions: &[Version], version: u64) -> Option<u64> {
    let mut first = version;
    let restarted = |of: u64| versions.iter().find(|(it, _)| *it == of)?.1;
    while let Some(earlier) = restarted(first).filter(|it| *it < first) {
        first = earlier;
    }
    let numbers = versions.iter().map(|(number, _)| *number);
    numbers.filter(|it| *it < first).max()
}

/// The description of a version that restarted another one, before its number.
const RESTART_OF: &str = "restart of version ";

fn number_and_restarted(version: &FunctionConfiguration) -> Option<Version> {
    let number = version.version()?.parse().ok()?;
    let restarted = version
        .description()
        .and_then(|it| it.strip_prefix(RESTART_OF));
    Some((number, restarted.and_then(|it| it.parse().ok())))
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

    /// Returns the alias of a function; `None` if the function or the alias is missing.
    async fn alias(&self, function: &str) -> Result<Option<Alias>, String> {
        let alias = self.reads.get_alias().function_name(function).name(ALIAS);
        let alias = match alias.send().await {
            Ok(alias) => alias,
            Err(error) => {
                let code = ErrorCode::of(&error);
                if code.kind() == ErrorKind::Missing {
                    return Ok(None);
                }
                return Err(format!("lambda:GetAlias of {function} answered {code}"));
            }
        };
        let weights = alias
            .routing_config()
            .and_then(|it| it.additional_version_weights());
        if weights.is_some_and(|it| !it.is_empty()) {
            return Err(format!(
                "a deployment moves the alias {ALIAS} of {function}: wait for its end, or stop it in CodeDeploy"
            ));
        }
        let version = alias.function_version().and_then(|text| text.parse().ok());
        Ok(Some(Alias {
            version: version.ok_or_else(|| format!("{function}:{ALIAS} names no version"))?,
            description: alias.description().unwrap_or_default().to_owned(),
            revision: alias.revision_id().map(str::to_owned),
        }))
    }

    /// Returns the way back of a function; `None` if there is no such function, which is so for
    /// `publish-events` without events, or if its alias went back already.
    ///
    /// Lambda does not store the version that an alias named before. The way back leads to the newest lower
    /// version, without those that the serving one restarted.
    ///
    /// # Errors
    /// If the function has no alias or no earlier version, or a call fails.
    pub async fn way_back(&self, function: &str) -> Result<Option<Step>, String> {
        let Some(alias) = self.alias(function).await? else {
            if function.ends_with(SWEEPER) {
                return Ok(None);
            }
            return Err(format!(
                "{function} has no alias {ALIAS}: deploy the version before instead, as docs/upgrading.md says"
            ));
        };
        let from = alias.version;
        let versions = self.reads.list_versions_by_function();
        let pages = versions.function_name(function).into_paginator().items();
        let versions = pages.send().collect::<Result<Vec<_>, _>>().await;
        let versions = versions.map_err(|error| {
            let code = ErrorCode::of(&error);
            format!("lambda:ListVersionsByFunction of {function} answered {code}")
        })?;
        let versions: Vec<Version> = versions.iter().filter_map(number_and_restarted).collect();
        if versions
            .iter()
            .any(|(of, _)| *of > from && alias.description == mark(*of))
        {
            return Ok(None);
        }
        let to = before(&versions, from)
            .ok_or_else(|| format!("{function} has no version before {from}"))?;
        Ok(Some(Step {
            function: function.to_owned(),
            from,
            to,
            revision: alias.revision,
        }))
    }

    /// Has the earlier version and the serving one examine themselves. Returns the difference between
    /// them, as text; `None` if both have the same settings, clients and table.
    ///
    /// # Errors
    /// If the earlier version finds a fault, or a call fails. The text has what it found.
    pub async fn examine(&self, step: &Step) -> Result<Option<String>, String> {
        let Step {
            function, from, to, ..
        } = step;
        let earlier = self.self_test(function, *to).await?;
        if let SelfTest::Found(found) = &earlier
            && found["ok"] == false
        {
            let faults = &found["faults"];
            return Err(format!("version {to} of {function} cannot serve: {faults}"));
        }
        let serving = self.self_test(function, *from).await?;
        let difference = match (&earlier, &serving) {
            (SelfTest::Missing(why), _) => Some(format!("version {to} {why}")),
            (_, SelfTest::Missing(why)) => Some(format!(
                "version {from}, which serves, {why}, so the two cannot be compared"
            )),
            (SelfTest::Found(earlier), SelfTest::Found(serving)) => {
                let differing = differing(earlier, serving);
                (!differing.is_empty()).then(|| {
                    let differing = differing.join(" and ");
                    format!("version {to} has other {differing} than version {from}, which serves")
                })
            }
        };
        Ok(difference.map(|it| format!("{function}: {it}")))
    }

    async fn self_test(&self, function: &str, version: u64) -> Result<SelfTest, String> {
        let invoked = self
            .writes
            .invoke()
            .function_name(function)
            .qualifier(version.to_string())
            .payload(Blob::new(r#"{"selfTest":{}}"#))
            .send()
            .await;
        let invoked = invoked.map_err(|error| failed("InvokeFunction", function, &error))?;
        if let Some(error) = invoked.function_error() {
            return Ok(SelfTest::Missing(format!(
                "failed in its self-test with {error}"
            )));
        }
        let payload = invoked.payload().map(Blob::as_ref).unwrap_or_default();
        let mut answer: Value = serde_json::from_slice(payload).unwrap_or_default();
        let found = answer.get_mut("selfTest").map(Value::take);
        Ok(match found {
            Some(found) if found["ok"].is_boolean() => SelfTest::Found(found),
            _ => SelfTest::Missing("has no self-test".to_owned()),
        })
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
        let updated = updated.map(|_| ());
        updated.map_err(|error| failed("UpdateAlias", &step.function, &error))
    }

    /// Returns the restart of a function; `None` if there is no such function, which is so for
    /// `publish-events` without events.
    ///
    /// # Errors
    /// If the function is missing, a deployment moves its alias, its alias names a version that differs
    /// from what was deployed last, or a call fails.
    pub async fn restart_of(&self, function: &str) -> Result<Option<Restart>, String> {
        let newest = self.reads.get_function_configuration();
        let newest = match newest.function_name(function).send().await {
            Ok(newest) => newest,
            Err(error) => {
                let is_missing = ErrorCode::of(&error).kind() == ErrorKind::Missing;
                if is_missing && function.ends_with(SWEEPER) {
                    return Ok(None);
                }
                return Err(failed("GetFunctionConfiguration", function, &error));
            }
        };
        let alias = self.alias(function).await?;
        if let Some(Alias { version, .. }) = &alias {
            let serving = self.reads.get_function_configuration();
            let serving = serving
                .function_name(function)
                .qualifier(version.to_string());
            let serving = serving.send().await;
            let serving =
                serving.map_err(|error| failed("GetFunctionConfiguration", function, &error))?;
            if !is_alike(&serving, &newest) {
                return Err(format!(
                    "version {version} of {function} serves, but another one was deployed last, and only that \
                     one can be published: deploy the one that is to serve. Until then a warm function reads \
                     its secrets again within ten minutes"
                ));
            }
        }
        Ok(Some(Restart {
            function: function.to_owned(),
            code: newest.code_sha256().map(str::to_owned),
            alias,
        }))
    }

    /// Waits until the change of a function, or of a new version, has ended.
    async fn ready(&self, function: &str, version: Option<u64>) -> Result<(), String> {
        const LIMIT: Duration = Duration::from_secs(120);
        const PAUSE: Duration = Duration::from_millis(300);
        let until = Instant::now() + LIMIT;
        while Instant::now() < until {
            let read = self.reads.get_function_configuration();
            let read = read.function_name(function);
            let read = read.set_qualifier(version.map(|it| it.to_string()));
            let read = read.send().await;
            let read =
                read.map_err(|error| failed("GetFunctionConfiguration", function, &error))?;
            let (state, update) = (read.state(), read.last_update_status());
            if state == Some(&State::Failed) || update == Some(&LastUpdateStatus::Failed) {
                return Err(format!("Lambda could not change {function}"));
            }
            if state != Some(&State::Pending) && update != Some(&LastUpdateStatus::InProgress) {
                return Ok(());
            }
            tokio::time::sleep(PAUSE).await;
        }
        let seconds = LIMIT.as_secs();
        Err(format!(
            "the change of {function} does not end within {seconds} s"
        ))
    }

    /// Restarts a function, and returns the version that serves now; `None` without an alias.
    ///
    /// # Errors
    /// If a call fails. The alias then names the version that it named before.
    pub async fn restart(&self, restart: &Restart) -> Result<Option<u64>, String> {
        let function = &*restart.function;
        // Lambda restarts a function, and publishes a version, only where something differs.
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = now.unwrap_or_default().as_millis();
        let update = self.writes.update_function_configuration();
        let update = update.function_name(function);
        let updated = update.description(format!("restarted at {now}"));
        let updated = updated.send().await;
        updated.map_err(|error| failed("UpdateFunctionConfiguration", function, &error))?;
        self.ready(function, None).await?;
        let Some(alias) = &restart.alias else {
            return Ok(None);
        };
        let publish = self.writes.publish_version().function_name(function);
        let publish = publish.set_code_sha256(restart.code.clone());
        let published = publish.description(format!("{RESTART_OF}{}", alias.version));
        let published = published.send().await;
        let published = published.map_err(|error| failed("PublishVersion", function, &error))?;
        let version = published.version().and_then(|text| text.parse().ok());
        let version: u64 = version.ok_or_else(|| format!("{function} has no new version"))?;
        self.ready(function, Some(version)).await?;
        let moved = self
            .writes
            .update_alias()
            .function_name(function)
            .name(ALIAS)
            .function_version(version.to_string())
            .set_revision_id(alias.revision.clone());
        let moved = moved.send().await;
        moved.map_err(|error| failed("UpdateAlias", function, &error))?;
        Ok(Some(version))
    }
}

/// The alias of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Alias {
    version: u64,
    description: String,
    /// Another operator's change makes it another.
    revision: Option<String>,
}

/// The restart of one function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restart {
    /// The function's name or ARN.
    pub function: String,
    /// The hash of the code.
    code: Option<String>,
    alias: Option<Alias>,
}

impl Restart {
    /// Returns the version that serves; `None` without an alias.
    pub fn version(&self) -> Option<u64> {
        self.alias.as_ref().map(|it| it.version)
    }
}

/// The answer of a version to the self-test.
enum SelfTest {
    /// The findings.
    Found(Value),
    /// None, and the reason, as a verb with its object.
    Missing(String),
}

/// Returns the names of the parts in which two self-tests differ.
fn differing(one: &Value, other: &Value) -> Vec<&'static str> {
    let parts = [
        ("settings", "/settings"),
        ("clients", "/clients"),
        ("table", "/table/name"),
    ];
    let differs = |part: &(&str, &str)| one.pointer(part.1) != other.pointer(part.1);
    let names = parts.into_iter().filter(differs).map(|(name, _)| name);
    names.collect()
}

/// Returns whether a version would be the other one, if it were published.
fn is_alike(one: &GetFunctionConfigurationOutput, other: &GetFunctionConfigurationOutput) -> bool {
    let facts = |of: &GetFunctionConfigurationOutput| {
        let variables = of.environment().and_then(|it| it.variables());
        (
            of.code_sha256().map(str::to_owned),
            variables.filter(|it| !it.is_empty()).cloned(),
            of.role().map(str::to_owned),
            of.memory_size(),
            of.timeout(),
        )
    };
    facts(one) == facts(other)
}

fn failed<E: ProvideErrorMetadata, R>(
    action: &str,
    function: &str,
    error: &SdkError<E, R>,
) -> String {
    let code = ErrorCode::of(error);
    format!("lambda:{action} of {function} answered {code}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_before_is_the_newest_lower_one() {
        let versions = |all: &[u64]| all.iter().map(|it| (*it, None)).collect::<Vec<_>>();
        assert_eq!(before(&versions(&[1, 2, 4, 5]), 4), Some(2));
        assert_eq!(before(&versions(&[4, 5]), 4), None);
    }

    #[test]
    fn a_restarted_version_is_not_the_version_before() {
        let versions = [(1, None), (2, None), (3, Some(2)), (4, Some(3)), (5, None)];
        assert_eq!(before(&versions, 4), Some(1));
        assert_eq!(before(&versions, 5), Some(4));
        assert_eq!(before(&[(1, Some(1))], 1), None);
    }

    #[test]
    fn the_functions_have_the_prefix_of_define() {
        let all = functions("acme-define-auth-challenge").unwrap();
        assert_eq!(all[3], "acme-sign-in");
        assert_eq!(functions("acme-define-auth-challenge:live").unwrap(), all);
        assert!(functions("acme-sign-in").is_err());
    }
}
