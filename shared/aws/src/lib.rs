//! Latchstring's ports on AWS services, each behind a feature, and the CAPTCHA service, which is
//! reached through the same HTTP client.

#[cfg(feature = "hook")]
mod admission_hook;
#[cfg(feature = "sdk")]
mod client;
#[cfg(feature = "cognito")]
mod cognito;
#[cfg(feature = "delivery")]
mod delivery;
#[cfg(feature = "dynamodb")]
pub mod dynamodb;
#[cfg(feature = "events")]
mod event_bridge;
#[cfg(feature = "sdk")]
mod http_client;
#[cfg(feature = "secrets")]
mod kept_secret;
#[cfg(feature = "sdk")]
mod regions;
mod roots;
#[cfg(feature = "secrets")]
mod secrets;
#[cfg(feature = "sdk")]
mod service;
#[cfg(feature = "ses")]
mod ses;
#[cfg(feature = "sns")]
mod sns;
#[cfg(feature = "sdk")]
mod trust;
#[cfg(feature = "turnstile")]
mod turnstile;

use std::fmt;

use latchstring_core::secret::Secret;

#[cfg(feature = "hook")]
pub use admission_hook::LambdaAdmissionHook;
#[cfg(feature = "sdk")]
pub use client::Aws;
#[cfg(feature = "cognito")]
pub use cognito::{CognitoChallengeApi, CognitoDirectory, CognitoRefreshTokens, CognitoTokens};
#[cfg(feature = "delivery")]
pub use delivery::Couriers;
#[cfg(feature = "dynamodb")]
pub use dynamodb::{DynamoStore, counter_key};
#[cfg(feature = "events")]
pub use event_bridge::{EVENT_SOURCE, EventBridge, event_detail};
#[cfg(feature = "secrets")]
pub use kept_secret::KeptSecret;
#[cfg(feature = "sdk")]
pub use regions::suffix as dns_suffix;
pub use roots::{CaBundle, NotABundle};
#[cfg(feature = "secrets")]
pub use secrets::SecretsManager;
#[cfg(feature = "ses")]
pub use ses::{EmailSender, MailSettings, NotASender, SesCourier};
#[cfg(feature = "sns")]
pub use sns::{
    DltId, DltTemplates, NotADltId, NotASmsSender, OriginationNumber, SenderId, SmsSettings,
    SnsCourier,
};
#[cfg(feature = "turnstile")]
pub use turnstile::Turnstile;

/// The AWS region, endpoint and credentials from Lambda's environment.
#[derive(Clone)]
pub struct AwsEnvironment {
    /// `AWS_REGION`.
    pub region: String,
    /// `AWS_ACCESS_KEY_ID`.
    pub access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret_access_key: String,
    /// `AWS_SESSION_TOKEN`.
    pub session_token: Option<String>,
    /// `AWS_ENDPOINT_URL`: an emulator or stand-in instead of AWS.
    pub endpoint_url: Option<String>,
    /// `AWS_CA_BUNDLE`: the roots to trust instead of the usual ones.
    pub ca_bundle: Option<CaBundle>,
}

impl fmt::Debug for AwsEnvironment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AwsEnvironment({}, …)", self.region)
    }
}

/// The calls by which a resolver opens a session and answers its first challenge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CognitoCalls {
    /// `InitiateAuth` and `RespondToAuthChallenge`, as a client makes them.
    #[default]
    Public,
    /// `AdminInitiateAuth` and `AdminRespondToAuthChallenge`.
    Signed,
}

/// A widget of Cloudflare Turnstile.
#[derive(Clone, Debug)]
pub struct TurnstileEnvironment {
    /// `TURNSTILE_URL`: the base URL of `siteverify`.
    pub url: String,
    /// `TURNSTILE_HOSTNAMES`: the hosts on which the widget may be solved.
    pub hostnames: Vec<String>,
    /// The widget's secret key: `TURNSTILE_KEY` or `TURNSTILE_KEY_SECRET`.
    pub key: SecretSetting,
}

/// A secret of the deployment, besides the key ring.
#[derive(Clone, Debug)]
pub enum SecretSetting {
    /// The secret itself.
    Text(Secret),
    /// The name or ARN of a secret of AWS Secrets Manager that holds it.
    Secret(String),
}
