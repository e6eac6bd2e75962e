//! The servers that a Lambda trusts as AWS, and as Cloudflare, over TLS.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use latchstring_testkit::TlsServer;
use latchstring_tests::{Program, RuntimeApi};
use serde_json::json;

use crate::lambdas::{end, needs, response, sign_in_event};

const SIGN_IN: &str = "latchstring-sign-in";
const AMAZON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/aws/src/roots.pem");

/// A server on loopback with its own certificate, which responds to no request.
struct Server {
    url: String,
    /// The certificate, as a file.
    certificate: PathBuf,
    /// The first line of each request from a client that trusted the server.
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Starts a server whose certificate is written to the file `name`.
    fn start(name: &str) -> Self {
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let kept = Arc::clone(&requests);
        let server = TlsServer::start(move |request| {
            let text = String::from_utf8_lossy(request);
            let line = text.lines().next().unwrap_or_default().to_owned();
            kept.lock().expect("no panic").push(line);
            b""
        });
        let certificate = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::write(&certificate, server.certificate).expect("a file");
        Self {
            url: server.url,
            certificate,
            requests,
        }
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("no panic").clone()
    }

    fn file(&self) -> &str {
        self.certificate.to_str().expect("a path in UTF-8")
    }
}

/// Starts a Lambda with these settings and requests two codes, which fails.
async fn request_two_codes(field: &str, settings: &[(&str, &str)]) {
    let mut host = RuntimeApi::listen().await;
    let mut environment = host.environment();
    environment.extend(needs(SIGN_IN));
    environment.retain(|(name, _)| settings.iter().all(|(set, _)| name != set));
    for (name, value) in settings {
        environment.push(((*name).to_owned(), (*value).to_owned()));
    }
    let program = Program::lambda(SIGN_IN, SIGN_IN, &environment);
    for person in ["ada@example.com", "bob@example.com"] {
        let mut event = sign_in_event(person);
        event["info"]["fieldName"] = json!(field);
        event["arguments"]["input"]["captcha"] = json!("solved");
        let answer = response(host.invoke(&event).await);
        assert_eq!(answer["error"]["type"], "Unavailable");
    }
    end(program).await;
}

#[tokio::test]
async fn a_custom_endpoint_is_verified_by_the_named_bundle() {
    let aws = Server::start("bundle.pem");
    request_two_codes(
        "signIn",
        &[
            ("AWS_ENDPOINT_URL", &aws.url),
            ("AWS_CA_BUNDLE", aws.file()),
        ],
    )
    .await;
    assert_eq!(aws.requests(), ["POST / HTTP/1.1"; 2]);
}

#[tokio::test]
async fn a_named_bundle_replaces_the_systems_trust_store() {
    let aws = Server::start("instead.pem");
    let system = ("SSL_CERT_FILE", aws.file());
    request_two_codes(
        "signIn",
        &[
            ("AWS_ENDPOINT_URL", &aws.url),
            ("AWS_CA_BUNDLE", AMAZON),
            system,
        ],
    )
    .await;
    assert_eq!(aws.requests(), [""; 0]);
}

#[tokio::test]
async fn a_custom_endpoint_is_verified_by_the_systems_trust_store() {
    let aws = Server::start("system.pem");
    request_two_codes(
        "signIn",
        &[
            ("AWS_ENDPOINT_URL", &aws.url),
            ("SSL_CERT_FILE", aws.file()),
        ],
    )
    .await;
    assert_eq!(aws.requests(), ["POST / HTTP/1.1"; 2]);
}

#[tokio::test]
async fn cloudflare_is_verified_by_the_systems_trust_store() {
    let cloudflare = Server::start("cloudflare.pem");
    let url = format!("{}/siteverify", cloudflare.url);
    request_two_codes(
        "signInTicket",
        &[
            ("AWS_CA_BUNDLE", AMAZON),
            ("SSL_CERT_FILE", cloudflare.file()),
            ("TURNSTILE_URL", &url),
            ("TURNSTILE_KEY", "key-of-the-widget"),
            ("TURNSTILE_HOSTNAMES", "app.example.com"),
            // Every request requires a CAPTCHA.
            ("ALL_SHORT_GUESSES_PER_DAY", "0"),
            ("ALL_LONG_GUESSES_PER_DAY", "0"),
        ],
    )
    .await;
    assert_eq!(cloudflare.requests(), ["POST /siteverify HTTP/1.1"; 2]);
}
