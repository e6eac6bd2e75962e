//! AWS as the commands reach it: region, endpoint and credentials of the environment, and clients of the
//! SDK whose calls have a time limit. [`help`] is the text
//! about them.

use std::env;
use std::time::Duration;

use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::SharedHttpClient;

/// The AWS endpoint and the credentials.
pub struct Access {
    /// `AWS_REGION`
    pub region: String,
    /// `AWS_ACCESS_KEY_ID`
    pub access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`
    pub secret_access_key: String,
    /// `AWS_SESSION_TOKEN`
    pub session_token: Option<String>,
    /// `AWS_ENDPOINT_URL`
    pub endpoint_url: Option<String>,
}

impl Access {
    /// Reads the environment for calls that concern this user pool.
    ///
    /// # Errors
    ///
    /// A variable is not set, or the pool is in another region. The text names it.
    pub fn for_pool(pool: &str) -> Result<Self, String> {
        let region = required("AWS_REGION")?;
        // A pool's id begins with its region.
        if pool.split_once('_').map(|(of, _)| of) != Some(region.as_str()) {
            return Err(format!(
                "{pool} is not the id of a pool in AWS_REGION, {region}: set AWS_REGION to the pool's region"
            ));
        }
        Self::in_region(region)
    }

    /// Reads the environment for calls that concern this secret, which a name or an ARN gives.
    ///
    /// # Errors
    ///
    /// A variable is not set, or the secret is in another region. The text names it.
    pub fn for_secret(secret: &str) -> Result<Self, String> {
        Self::for_named("secret", secret)
    }

    /// Reads the environment for calls that concern this function, which a name or an ARN gives.
    ///
    /// # Errors
    ///
    /// A variable is not set, or the function is in another region. The text names it.
    pub fn for_function(function: &str) -> Result<Self, String> {
        Self::for_named("function", function)
    }

    /// Reads the environment for calls that concern a stack, which its name gives.
    ///
    /// # Errors
    ///
    /// A variable is not set. The text names it.
    pub fn for_stack() -> Result<Self, String> {
        Self::in_region(required("AWS_REGION")?)
    }

    fn for_named(kind: &str, name: &str) -> Result<Self, String> {
        let region = required("AWS_REGION")?;
        // The region is the fourth part of an ARN.
        let is_elsewhere =
            name.starts_with("arn:") && name.split(':').nth(3).is_none_or(|part| part != region);
        if is_elsewhere {
            return Err(format!(
                "{name} is not the ARN of a {kind} in AWS_REGION, {region}: set AWS_REGION to the {kind}'s region"
            ));
        }
        Self::in_region(region)
    }

    fn in_region(region: String) -> Result<Self, String> {
        Ok(Self {
            region,
            access_key_id: required("AWS_ACCESS_KEY_ID")?,
            secret_access_key: required("AWS_SECRET_ACCESS_KEY")?,
            session_token: optional("AWS_SESSION_TOKEN"),
            endpoint_url: optional("AWS_ENDPOINT_URL"),
        })
    }
}

/// Returns the help about region and credentials, with an example of a command that uses them.
pub fn help(example: &str) -> String {
    format!(
        "\
Region and credentials come from the environment: AWS_REGION, AWS_ACCESS_KEY_ID,
AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN. With the AWS CLI signed in:

  export AWS_REGION=eu-west-1
  eval \"$(aws configure export-credentials --format env)\"
  {example}

AWS_ENDPOINT_URL names an emulator instead."
    )
}

fn optional(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn required(name: &str) -> Result<String, String> {
    optional(name).ok_or_else(|| format!("{name} is not set: --help shows how to set credentials"))
}

/// The attempts of a call and their time limits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallPolicy {
    /// The number of attempts.
    pub(crate) attempts: u32,
    /// The time limit of an attempt.
    pub(crate) attempt: Duration,
    /// The time limit of the call, with all its attempts.
    pub(crate) call: Duration,
    /// The pause before the second attempt; each further one is twice as long.
    pub(crate) pause: Duration,
}

/// A call that only reads.
pub(crate) const READ: CallPolicy = CallPolicy {
    attempts: 3,
    attempt: Duration::from_secs(5),
    call: Duration::from_secs(12),
    pause: Duration::from_millis(500),
};

/// A call that is never repeated: a second attempt might follow another operator's, or spend a session.
pub(crate) const ONCE: CallPolicy = CallPolicy {
    attempts: 1,
    attempt: READ.call,
    ..READ
};

/// A client that believes whom the system believes.
pub(crate) fn https() -> SharedHttpClient {
    Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https()
}

/// A client of one service. Each SDK has a configuration of its own with the same members.
macro_rules! client {
    ($sdk:ident, $access:expr, $policy:expr) => {{
        use $sdk::config::retry::RetryConfig;
        use $sdk::config::timeout::TimeoutConfig;
        use $sdk::config::{BehaviorVersion, Credentials, Region};
        let access: &$crate::access::Access = $access;
        let policy: $crate::access::CallPolicy = $policy;
        let credentials = Credentials::new(
            &access.access_key_id,
            &access.secret_access_key,
            access.session_token.clone(),
            None,
            "environment",
        );
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(::std::time::Duration::from_secs(3))
            .operation_attempt_timeout(policy.attempt)
            .operation_timeout(policy.call)
            .build();
        let retries = RetryConfig::standard()
            .with_max_attempts(policy.attempts)
            .with_initial_backoff(policy.pause);
        let mut config = $sdk::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new(access.region.clone()))
            .credentials_provider(credentials)
            .timeout_config(timeouts)
            .http_client($crate::access::https())
            .retry_config(retries);
        if let Some(url) = &access.endpoint_url {
            config = config.endpoint_url(url);
        }
        $sdk::Client::from_conf(config.build())
    }};
}
pub(crate) use client;
