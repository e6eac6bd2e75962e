//! A deployment as an operator finds it: the function define-auth-challenge, whose variables name the
//! pool, the table and the key ring, and hold the settings. They are those of the version that serves.

use std::collections::HashMap;

use aws_sdk_lambda as lambda;
use lambda::operation::get_function_configuration::GetFunctionConfigurationOutput;
use latchstring_aws::{Aws, AwsEnvironment, DynamoStore};
use latchstring_core::keys::KeyRing;
use latchstring_core::policy::{Deployment, Policy};
use latchstring_lambda::config::Environment;
use latchstring_lambda::{OsEntropy, RingText};

use crate::access::{Access, READ, client};
use crate::attach::stack;
use crate::error_code::{ErrorCode, ErrorKind};
use crate::functions::{ALIAS, FUNCTIONS};
use crate::rotation::RingSecret;
use crate::signed_call::SignedCalls;

const CONFIGURATION: &str = "lambda:GetFunctionConfiguration";

/// The way in which the operator names a deployment.
#[derive(Clone, Copy, Debug)]
pub enum Named<'a> {
    /// The name of a stack with the output `DefineAuthChallenge`.
    Stack(&'a str),
    /// The name or ARN of the function define-auth-challenge.
    Function(&'a str),
}

impl Named<'_> {
    /// Returns the name or ARN of the function define-auth-challenge.
    ///
    /// # Errors
    /// If the stack cannot be read, or has no such output.
    pub async fn define(self, access: &Access) -> Result<String, String> {
        match self {
            Self::Function(function) => Ok(function.to_owned()),
            Self::Stack(name) => {
                let outputs = stack::read(&SignedCalls::new(access), name).await;
                let mut outputs = outputs.map_err(|error| error.to_string())?;
                outputs.remove("DefineAuthChallenge").ok_or_else(|| {
                    format!(
                        "the stack {name} has no output DefineAuthChallenge: name the stack of Latchstring, or \
                         pass --function"
                    )
                })
            }
        }
    }
}

/// A deployment.
#[derive(Debug)]
pub struct Deployed {
    /// The id of the user pool.
    pub pool: String,
    /// The name of the table.
    pub table: String,
    /// The settings and the keys.
    pub deployment: Deployment,
    /// The name of the function define-auth-challenge.
    function: String,
}

/// The logs of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionLog {
    /// The end of the function's name, such as `sign-in`.
    pub function: String,
    /// The log group.
    pub group: String,
    /// The variable `KEY_RING_SECRET`.
    pub key_ring_secret: Option<String>,
}

impl Deployed {
    /// Reads the settings and the key ring.
    ///
    /// # Errors
    /// If a call fails, or a variable of the function is missing or cannot be read. The text says what to do.
    pub async fn read(access: &Access, named: Named<'_>) -> Result<Self, String> {
        let function = named.define(access).await?;
        let lambda = client!(lambda, access, READ);
        let configuration = serving(&lambda, &function).await;
        let configuration = configuration.map_err(|code| not_read(&code))?;
        let variables = configuration.environment().and_then(|it| it.variables());
        let empty = HashMap::new();
        let variables = variables.unwrap_or(&empty);
        let policy = policy(variables)?;
        let variable = |name: &str| {
            let value = variables.get(name).map(|it| it.trim().to_owned());
            value.filter(|it| !it.is_empty())
        };
        let required = |name: &str| {
            variable(name).ok_or_else(|| {
                format!(
                    "{function} has no variable {name}: name the function define-auth-challenge of a deployment"
                )
            })
        };
        let keys = if let Some(text) = variable("KEY_RING") {
            RingText::parse(&text).and_then(|ring| ring.ring())
        } else {
            let secret = RingSecret::new(access, required("KEY_RING_SECRET")?);
            let stored = secret.read().await.map_err(|error| error.to_string())?;
            stored.ring.ring()
        };
        let keys: KeyRing = keys.ok_or("the key ring cannot be read")?;
        let name = configuration.function_name().unwrap_or(&function);
        Ok(Self {
            pool: required("USER_POOL_ID")?,
            table: required("TABLE_NAME")?,
            deployment: Deployment { policy, keys },
            function: name.to_owned(),
        })
    }

    /// Returns the store in the table.
    pub fn store(&self, access: &Access) -> DynamoStore<OsEntropy> {
        let aws = Aws::new(AwsEnvironment {
            region: access.region.clone(),
            access_key_id: access.access_key_id.clone(),
            secret_access_key: access.secret_access_key.clone(),
            session_token: access.session_token.clone(),
            endpoint_url: access.endpoint_url.clone(),
            ca_bundle: None,
        });
        DynamoStore::new(&aws, &self.table, OsEntropy)
    }

    /// Returns the logs of the functions that exist, as [`logs`] does.
    ///
    /// # Errors
    /// If a call fails.
    pub async fn logs(&self, access: &Access) -> Result<Vec<FunctionLog>, String> {
        logs(access, &self.function).await
    }
}

/// Returns the logs of the functions that exist, by the names that the construct gives them: those of
/// one deployment differ in their end alone. A function with another name has no entry.
///
/// # Errors
/// If a call fails.
pub async fn logs(access: &Access, define: &str) -> Result<Vec<FunctionLog>, String> {
    let lambda = client!(lambda, access, READ);
    let mut logs = Vec::new();
    for (function, name) in beside(define) {
        match serving(&lambda, &name).await {
            Ok(configuration) => {
                let group = configuration.logging_config().and_then(|it| it.log_group());
                let default = format!("/aws/lambda/{name}");
                let variables = configuration.environment().and_then(|it| it.variables());
                let secret = variables.and_then(|it| it.get("KEY_RING_SECRET"));
                logs.push(FunctionLog {
                    function: function.to_owned(),
                    group: group.map_or(default, str::to_owned),
                    key_ring_secret: secret.cloned(),
                });
            }
            Err(code) if code.kind() == ErrorKind::Missing => {}
            Err(code) => return Err(not_read(&code)),
        }
    }
    Ok(logs)
}

/// Returns the configuration of the version that serves: the one that the name qualifies, or that the alias
/// of the construct names, or without such an alias the newest configuration.
async fn serving(
    lambda: &lambda::Client,
    function: &str,
) -> Result<GetFunctionConfigurationOutput, ErrorCode> {
    let read = || lambda.get_function_configuration().function_name(function);
    if !is_qualified(function) {
        match read().qualifier(ALIAS).send().await {
            Ok(configuration) => return Ok(configuration),
            Err(error) => {
                let code = ErrorCode::of(&error);
                if code.kind() != ErrorKind::Missing {
                    return Err(code);
                }
            }
        }
    }
    read().send().await.map_err(|error| ErrorCode::of(&error))
}

/// Returns whether a name or an ARN of a function also names a version or an alias.
fn is_qualified(function: &str) -> bool {
    let colons = function.matches(':').count();
    // arn:aws:lambda:REGION:ACCOUNT:function:NAME
    colons > if function.starts_with("arn:") { 6 } else { 0 }
}

/// Returns the functions of a deployment with their names, by the name of its define-auth-challenge.
fn beside(define: &str) -> Vec<(&str, String)> {
    // The seventh part of an ARN.
    let define = match define.strip_prefix("arn:") {
        Some(rest) => rest.split(':').nth(5).unwrap_or(define),
        // A name, which may have an alias.
        None => define.split(':').next().unwrap_or(define),
    };
    match define.strip_suffix(FUNCTIONS[0]) {
        None => vec![(define, define.to_owned())],
        Some(prefix) => FUNCTIONS
            .iter()
            .map(|function| (*function, format!("{prefix}{function}")))
            .collect(),
    }
}

fn policy(variables: &HashMap<String, String>) -> Result<Policy, String> {
    let pairs: Vec<_> = variables
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    let policy = Environment::Pairs(&pairs).numbers();
    policy.map_err(|error| format!("a setting of the function: {error}"))
}

fn not_read(code: &ErrorCode) -> String {
    let advice = code.kind().advice().unwrap_or("Check the name.");
    format!("{CONFIGURATION} answered {code}. {advice}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_of_a_deployment_differ_in_their_end_alone() {
        let named = beside("acme-define-auth-challenge");
        assert_eq!(named.len(), FUNCTIONS.len());
        assert_eq!(named[3], ("sign-in", "acme-sign-in".to_owned()));
        let arn = "arn:aws:lambda:eu-west-1:111122223333:function:acme-define-auth-challenge:live";
        assert_eq!(beside(arn), named);
        assert_eq!(beside("acme-define-auth-challenge:live"), named);
        assert_eq!(beside("define"), [("define", "define".to_owned())]);
    }

    #[test]
    fn an_alias_after_a_name_or_an_arn_is_found() {
        let arn = "arn:aws:lambda:eu-west-1:111122223333:function:define";
        for function in ["define", arn] {
            assert!(!is_qualified(function), "{function}");
            assert!(is_qualified(&format!("{function}:live")), "{function}");
        }
    }

    #[test]
    fn a_setting_out_of_bounds_is_named() {
        let variables = HashMap::from([("CODE_LENGTH".to_owned(), "5".to_owned())]);
        let error = policy(&variables).expect_err("out of bounds");
        assert!(error.contains("CODE_LENGTH"), "{error}");
    }
}
