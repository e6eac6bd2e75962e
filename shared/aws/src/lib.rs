//! Latchstring's ports on AWS services, one feature each.

#[cfg(feature = "sdk")]
mod client;
#[cfg(feature = "cognito")]
mod cognito;
#[cfg(feature = "delivery")]
mod delivery;
#[cfg(feature = "dynamodb")]
pub mod dynamodb;
#[cfg(feature = "secrets")]
mod secrets;
#[cfg(feature = "ses")]
mod ses;
#[cfg(feature = "sns")]
mod sns;

use std::fmt;

#[cfg(feature = "sdk")]
pub use client::Aws;
#[cfg(feature = "cognito")]
pub use cognito::{CognitoChallengeApi, CognitoDirectory, CognitoTokens};
#[cfg(feature = "delivery")]
pub use delivery::Couriers;
#[cfg(feature = "dynamodb")]
pub use dynamodb::{DynamoStore, counter_key};
#[cfg(feature = "secrets")]
pub use secrets::SecretsManager;
#[cfg(feature = "ses")]
pub use ses::{EmailSender, NotASender, SesCourier};
#[cfg(feature = "sns")]
pub use sns::{NotASmsSender, OriginationNumber, SenderId, SnsCourier};

/// Where AWS is and who we are, as Lambda's environment says.
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
}

impl fmt::Debug for AwsEnvironment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AwsEnvironment({}, …)", self.region)
    }
}
