//! The context that the services of one process share: region, endpoint, credentials, time limits
//! and the HTTPS client.
//!
//! Known here: region, credentials and time limits. A lookup through `aws-config` would cost a cold
//! start more than all the rest of it.

use std::time::Duration;

use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;

use crate::AwsEnvironment;
use crate::regions::{AMAZONAWS, suffix};
use crate::roots::AMAZON;

/// AWS, as one process speaks to it. Every service that is reached by it, or by a clone, is asked over
/// the same connections and certificates; couriers have their own.
#[derive(Clone, Debug)]
pub struct Aws {
    pub(crate) environment: AwsEnvironment,
    http: SharedHttpClient,
    /// The one that keeps no connections.
    #[cfg(feature = "delivery")]
    fresh: SharedHttpClient,
    pub(crate) slack: u32,
}

/// The time limits of a client's calls, and their number of attempts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum CallPolicy {
    /// A trigger has 5 s in all and a budget of 3.5 s; two attempts fit. For calls that may be
    /// repeated.
    Call,
    /// `InitiateAuth` and `RespondToAuthChallenge` span three triggers and their cold starts. A
    /// second attempt would start a second flow or spend the session, so there is none.
    #[cfg(feature = "cognito")]
    ThreeTriggers,
    /// Calls with a single-use value: a second attempt would find it used.
    #[cfg(feature = "turnstile")]
    Once,
    /// The user would get two messages by a second attempt, so the SDK makes none, and uses no
    /// connection that was kept: while Lambda freezes the process it may have died, and then
    /// it is unknown whether the request left.
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

/// Returns the roots that a server is checked against: the configured bundle; Amazon's own roots for
/// AWS's own endpoints; the system's for endpoints that another authority may certify, which are
/// custom ones and those of AWS's other partitions.
fn trust(environment: &AwsEnvironment) -> TrustStore {
    let only = |pem: &[u8]| TrustStore::empty().with_pem_certificate(pem);
    match environment {
        AwsEnvironment {
            ca_bundle: Some(bundle),
            ..
        } => only(bundle.pem()),
        AwsEnvironment {
            endpoint_url: None,
            region,
            ..
        } if suffix(region) == AMAZONAWS => only(AMAZON),
        // An emulator needs no proof.
        AwsEnvironment {
            endpoint_url: Some(url),
            ..
        } if url.starts_with("http://") => TrustStore::empty(),
        _ => TrustStore::default(),
    }
}

/// A client that keeps as many connections. Certificates are loaded when it is first used.
fn https(trust: TrustStore, connections: Option<usize>) -> SharedHttpClient {
    let tls = TlsContext::builder().with_trust_store(trust);
    let mut builder = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring));
    builder.set_pool_max_idle_per_host(connections);
    // Invariant: a context is what it was given; building one checks nothing.
    let tls = tls.build().expect("a context");
    builder.tls_context(tls).build_https()
}

impl Aws {
    /// AWS as the environment says. Connects only when asked something.
    pub fn new(environment: AwsEnvironment) -> Self {
        Self {
            http: https(trust(&environment), None),
            #[cfg(feature = "delivery")]
            fresh: https(trust(&environment), Some(0)),
            environment,
            slack: 1,
        }
    }

    /// Creates an instance over other connections.
    #[cfg(test)]
    pub(crate) fn over(environment: AwsEnvironment, http: SharedHttpClient) -> Self {
        Self {
            environment,
            #[cfg(feature = "delivery")]
            fresh: http.clone(),
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

    /// For a service that is not AWS's: a client that believes whom the system does, and how long a
    /// call may take.
    #[cfg(feature = "turnstile")]
    pub(crate) fn beyond(&self, call_policy: CallPolicy) -> (SharedHttpClient, TimeoutConfig) {
        (
            https(TrustStore::default(), None),
            call_policy.config(self.slack).0,
        )
    }

    /// Returns the HTTP client for calls of this policy.
    pub(crate) fn http(&self, call_policy: CallPolicy) -> SharedHttpClient {
        match call_policy {
            #[cfg(feature = "delivery")]
            CallPolicy::Send => self.fresh.clone(),
            _ => self.http.clone(),
        }
    }
}

/// The code of an error of transport, for a service that has no codes of its own.
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

/// The code of an error: the service's own, or ours where it did not answer. Messages are dropped:
/// they may name a user.
pub(crate) fn code_of<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> &str {
    match error {
        SdkError::ServiceError(service) => service.err().code().unwrap_or("unknown error"),
        other => transport_code(other),
    }
}

#[cfg(all(test, feature = "cognito"))]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::process::Command;
    use std::sync::Arc;
    use std::{env, thread};

    use aws_sdk_cognitoidentityprovider::operation::get_user::GetUserInput;
    use rustls::pki_types::PrivateKeyDer;
    use rustls::{ServerConfig, ServerConnection, StreamOwned};

    use super::*;
    use crate::cognito::API;
    use crate::service::{Auth, Service};

    const NAME: &str = "client::tests::aws_is_held_to_amazons_roots_whatever_the_system_trusts";
    /// Set for the second run alone.
    const SERVER: &str = "TRUST_TEST_SERVER";

    /// A TLS server on loopback, and the certificate that it signed for itself.
    fn server() -> (String, String) {
        let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]);
        let own = own.expect("a certificate");
        let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).expect("a key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions of TLS")
            .with_no_client_auth()
            .with_single_cert(vec![own.cert.der().clone()], key)
            .expect("a certificate and its key");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let tls = Arc::new(tls);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let session = ServerConnection::new(Arc::clone(&tls)).expect("a session");
                let mut stream = StreamOwned::new(session, stream);
                // A client that does not trust the certificate hangs up.
                if stream.read(&mut [0; 1024]).is_ok() {
                    let _ =
                        stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
                }
            }
        });
        (format!("https://localhost:{port}/"), own.cert.pem())
    }

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

    /// Returns whether the clients of such an environment take the server's certificate.
    async fn trusts(environment: AwsEnvironment, server: &str) -> bool {
        let mut aws = Aws::new(environment);
        // Only now: the certificates are chosen already, and names of AWS do not lead here.
        aws.environment.endpoint_url = Some(server.to_owned());
        let mut refused = Vec::new();
        for call_policy in [
            CallPolicy::ThreeTriggers,
            #[cfg(feature = "delivery")]
            CallPolicy::Send,
        ] {
            let service = Service::new(&aws, &API, Auth::Anonymous, call_policy);
            let request = GetUserInput::builder().access_token("token").build();
            let error = service.ask(request).await.expect_err("no token is good");
            refused.push(matches!(error, SdkError::DispatchFailure(_)));
        }
        assert!(refused.iter().all(|one| *one == refused[0]));
        !refused[0]
    }

    async fn check_trust(server: &str) {
        for region in ["eu-central-1", "us-gov-west-1"] {
            assert!(!trusts(environment(region, None), server).await, "{region}");
        }
        // The certificate is good: endpoints that the system's authorities vouch for take it.
        assert!(trusts(environment("eu-central-1", Some(server)), server).await);
        assert!(trusts(environment("cn-north-1", None), server).await);
    }

    /// An authority that the system trusts cannot vouch for AWS's own endpoints. The environment names
    /// the system's store, and a test cannot change its own environment: it runs again with another.
    #[test]
    fn aws_is_held_to_amazons_roots_whatever_the_system_trusts() {
        if let Ok(server) = env::var(SERVER) {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            return runtime.unwrap().block_on(check_trust(&server));
        }
        let (url, certificate) = server();
        let file = env::temp_dir().join(format!("trust-{}.pem", std::process::id()));
        std::fs::write(&file, certificate).unwrap();
        let child = Command::new(env::current_exe().unwrap())
            .args(["--exact", NAME, "--nocapture"])
            .env("SSL_CERT_FILE", &file)
            .env(SERVER, &url)
            .output();
        std::fs::remove_file(&file).unwrap();
        let child = child.unwrap();
        let output = String::from_utf8_lossy(&child.stdout).into_owned();
        assert!(child.status.success(), "{output}");
        assert!(output.contains("1 passed"), "{output}");
    }
}
