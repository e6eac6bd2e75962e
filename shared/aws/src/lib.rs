//! Latchstring's ports on AWS services, one feature each.
//!
//! The configuration of a client is made by hand: region, credentials and time limits are known,
//! and a lookup through `aws-config` would cost a cold start more than all the rest of it.

#[cfg(feature = "cognito")]
mod cognito;

use std::fmt;

#[cfg(feature = "cognito")]
pub use cognito::{CognitoChallengeApi, CognitoDirectory, CognitoTokens};

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
