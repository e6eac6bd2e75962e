//! The context that the services of one process share: region, endpoint, credentials, time limits
//! and the HTTPS client.
//!
//! Region, credentials and time limits come from the environment. A lookup through `aws-config`
//! would add more to a cold start than everything else in it.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;

use crate::AwsEnvironment;
use crate::http_client::Connections;
use crate::regions::suffix;
use crate::trust::Roots;

/// The AWS context of one process. All services created from it, or from a clone, share its
/// connections and certificates; couriers have connections of their own.
#[derive(Clone, Debug)]
pub struct Aws {
    pub(crate) environment: AwsEnvironment,
    connections: Connections,
    http: SharedHttpClient,
    /// The HTTP client of messages.
    #[cfg(feature = "delivery")]
    messages: SharedHttpClient,
    #[cfg(feature = "delivery")]
    message_connections: Connections,
    pub(crate) slack: u32,
}

/// The time limits of a client's calls, and their number of attempts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum CallPolicy {
    /// Two attempts within 3.5 s, the time limit of a trigger of the 5 s that Cognito waits. For
    /// calls that may be repeated.
    Call,
    /// One attempt. `InitiateAuth` and `RespondToAuthChallenge` span three triggers and their cold
    /// starts. A second attempt would start a second flow or spend the session.
    #[cfg(feature = "cognito")]
    ThreeTriggers,
    /// One attempt. A refresh of tokens spans the trigger before tokens, if the pool has one. The
    /// caller decides about a second one.
    #[cfg(feature = "cognito")]
    Refresh,
    /// One attempt. The caller decides about a second one, and has a shorter limit.
    #[cfg(feature = "hook")]
    Hook,
    /// One attempt, for calls with a single-use value: a second attempt would find it used.
    #[cfg(feature = "turnstile")]
    Once,
    /// One attempt, by the HTTP client of messages. A second attempt could send the message twice.
    #[cfg(feature = "delivery")]
    Send,
}

impl CallPolicy {
    pub(crate) fn config(self, slack: u32) -> (TimeoutConfig, RetryConfig) {
        const ATTEMPT: Duration = Duration::from_millis(1200);
        let (attempt, whole, retries) = match self {
            Self::Call => {
                let retries = RetryConfig::standard()
                    .with_max_attempts(2)
                    .with_initial_backoff(Duration::from_millis(50));
                (ATTEMPT, Duration::from_millis(2500), retries)
            }
            #[cfg(feature = "cognito")]
            Self::ThreeTriggers => {
                let whole = Duration::from_secs(12);
                (whole, whole, RetryConfig::disabled())
            }
            #[cfg(feature = "cognito")]
            Self::Refresh => {
                let whole = Duration::from_secs(4);
                (whole, whole, RetryConfig::disabled())
            }
            #[cfg(feature = "hook")]
            Self::Hook => {
                let whole = Duration::from_secs(2);
                (whole, whole, RetryConfig::disabled())
            }
            #[cfg(feature = "turnstile")]
            Self::Once => {
                let whole = Duration::from_secs(2);
                (whole, whole, RetryConfig::disabled())
            }
            #[cfg(feature = "delivery")]
            Self::Send => (ATTEMPT, ATTEMPT, RetryConfig::disabled()),
        };
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_millis(500) * slack)
            .operation_attempt_timeout(attempt * slack)
            .operation_timeout(whole * slack)
            .build();
        (timeouts, retries)
    }
}

impl Aws {
    /// Creates the context of an environment. Connects at the first call.
    pub fn new(environment: AwsEnvironment) -> Self {
        let connections = Connections::new(Roots::of(&environment));
        #[cfg(feature = "delivery")]
        let message_connections = connections.for_messages();
        Self {
            #[cfg(feature = "delivery")]
            messages: SharedHttpClient::new(message_connections.clone()),
            #[cfg(feature = "delivery")]
            message_connections,
            http: SharedHttpClient::new(connections.clone()),
            connections,
            environment,
            slack: 1,
        }
    }

    /// Creates a context with another HTTP client.
    #[cfg(test)]
    pub(crate) fn with_http_client(environment: AwsEnvironment, http: SharedHttpClient) -> Self {
        let connections = Connections::new(Roots::of(&environment));
        Self {
            #[cfg(feature = "delivery")]
            message_connections: connections.for_messages(),
            connections,
            environment,
            #[cfg(feature = "delivery")]
            messages: http.clone(),
            http,
            slack: 1,
        }
    }

    /// Multiplies all time limits by `slack`, for an emulator that shares its machine
    /// with hundreds of callers at once.
    #[must_use]
    pub fn with_slack(self, slack: u32) -> Self {
        Self { slack, ..self }
    }

    /// Returns the URL of a service, which has this name in its host names.
    pub(crate) fn url(&self, service: &str) -> String {
        let AwsEnvironment {
            endpoint_url,
            region,
            ..
        } = &self.environment;
        let aws = || format!("https://{service}.{region}.{}", suffix(region));
        endpoint_url.clone().unwrap_or_else(aws)
    }

    /// Has a connection to the service opened while the key ring is read: the first call goes there
    /// next, and a user waits for it.
    #[cfg(any(feature = "dynamodb", feature = "cognito"))]
    pub(crate) fn open_while_keys_are_read(&self, service: &str) {
        self.connections.register(&self.url(service));
    }

    /// Begins to open a connection to the service for a message that may follow.
    #[cfg(feature = "delivery")]
    pub(crate) fn open_ahead_of_a_message(&self, service: &str) {
        self.message_connections.open_ahead(&self.url(service));
    }

    #[cfg(feature = "secrets")]
    pub(crate) fn connections(&self) -> Connections {
        self.connections.clone()
    }

    /// Returns a client and time limits for a service outside AWS. The client verifies servers
    /// against the system's roots.
    #[cfg(feature = "turnstile")]
    pub(crate) fn outside_aws(&self, call_policy: CallPolicy) -> (SharedHttpClient, TimeoutConfig) {
        (
            SharedHttpClient::new(Connections::new(Roots::System)),
            call_policy.config(self.slack).0,
        )
    }

    /// Returns the HTTP client for calls of this policy.
    pub(crate) fn http(&self, call_policy: CallPolicy) -> SharedHttpClient {
        match call_policy {
            #[cfg(feature = "delivery")]
            CallPolicy::Send => self.messages.clone(),
            _ => self.http.clone(),
        }
    }
}

/// Returns the code of a transport error, for a service without error codes of its own.
pub(crate) fn transport_code<E, R>(error: &SdkError<E, R>) -> &'static str {
    match error {
        SdkError::ServiceError(_) => "unknown error",
        SdkError::TimeoutError(_) => "timeout",
        SdkError::DispatchFailure(failure) if failure.is_timeout() => "connect timeout",
        SdkError::DispatchFailure(_) => "connection failed",
        SdkError::ResponseError(_) => "unreadable response",
        _ => "request not built",
    }
}

/// Returns the code of an error: the service's, or a local code if the service did not answer.
/// Messages are dropped because they may name a user.
pub(crate) fn code_of<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> &str {
    match error {
        SdkError::ServiceError(service) => service.err().code().unwrap_or("unknown error"),
        other => transport_code(other),
    }
}

#[cfg(all(test, feature = "cognito"))]
mod tests {
    use std::env;
    use std::process::Command;

    use aws_sdk_cognitoidentityprovider::operation::get_user::GetUserInput;
    use latchstring_testkit::TlsServer;

    use super::*;
    use crate::cognito::API;
    use crate::service::{Auth, Service};

    const NAME: &str = "client::tests::aws_endpoints_are_verified_by_amazons_roots_only";
    /// Set for the second run only.
    const SERVER: &str = "TRUST_TEST_SERVER";

    fn environment(region: &str, endpoint_url: Option<&str>) -> AwsEnvironment {
        AwsEnvironment {
            region: region.to_owned(),
            access_key_id: String::new(),
            secret_access_key: String::new(),
            session_token: None,
            endpoint_url: endpoint_url.map(str::to_owned),
            ca_bundle: None,
        }
    }

    /// Returns true if the clients of such an environment accept the server's certificate.
    async fn trusts(environment: AwsEnvironment, server: &str) -> bool {
        let mut aws = Aws::new(environment);
        // Set last: the roots are chosen by now, and AWS's host names do not resolve to the server.
        aws.environment.endpoint_url = Some(server.to_owned());
        let mut refused = Vec::new();
        for call_policy in [
            CallPolicy::ThreeTriggers,
            #[cfg(feature = "delivery")]
            CallPolicy::Send,
        ] {
            let service = Service::new(&aws, &API, Auth::Anonymous, call_policy);
            let request = GetUserInput::builder().access_token("token").build();
            let error = service
                .send(request)
                .await
                .expect_err("the token is invalid");
            refused.push(matches!(error, SdkError::DispatchFailure(_)));
        }
        assert!(refused.iter().all(|one| *one == refused[0]));
        !refused[0]
    }

    async fn check_trust(server: &str) {
        for region in ["eu-central-1", "us-gov-west-1"] {
            assert!(!trusts(environment(region, None), server).await, "{region}");
        }
        // The certificate is valid, so an endpoint verified by the system's roots is accepted.
        assert!(trusts(environment("eu-central-1", Some(server)), server).await);
        assert!(trusts(environment("cn-north-1", None), server).await);
    }

    /// A certificate of an authority that only the system trusts is not accepted for AWS's
    /// endpoints. An environment variable names the system's store, and a test cannot change its
    /// own environment, so it runs itself again with another.
    #[test]
    fn aws_endpoints_are_verified_by_amazons_roots_only() {
        if let Ok(server) = env::var(SERVER) {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            return runtime.unwrap().block_on(check_trust(&server));
        }
        let server = TlsServer::start(|_| b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
        let file = env::temp_dir().join(format!("trust-{}.pem", std::process::id()));
        std::fs::write(&file, &server.certificate).unwrap();
        let child = Command::new(env::current_exe().unwrap())
            .args(["--exact", NAME, "--nocapture"])
            .env("SSL_CERT_FILE", &file)
            .env(SERVER, &server.url)
            .output();
        std::fs::remove_file(&file).unwrap();
        let child = child.unwrap();
        let output = String::from_utf8_lossy(&child.stdout).into_owned();
        assert!(child.status.success(), "{output}");
        assert!(output.contains("1 passed"), "{output}");
    }
}
