//! The servers that a Lambda trusts as AWS, and as Cloudflare, over TLS.

use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;

use latchstring_tests::{Program, RuntimeApi};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::json;

use crate::lambdas::{end, needs, response, sign_in_event};

const SIGN_IN: &str = "latchstring-sign-in";
const AMAZON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/aws/src/roots.pem");

/// A server on loopback with its own certificate, which answers no request.
struct Somebody {
    url: String,
    /// The certificate, as a file.
    certificate: PathBuf,
    /// The first line of each request from a client that trusted the server.
    told: Arc<Mutex<Vec<String>>>,
}

impl Somebody {
    /// `name` distinguishes its file from others.
    fn listens(name: &str) -> Self {
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
        let certificate = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::write(&certificate, own.cert.pem()).expect("a file");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let told = Arc::<Mutex<Vec<String>>>::default();
        let (tls, kept) = (Arc::new(tls), Arc::clone(&told));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let session = ServerConnection::new(Arc::clone(&tls)).expect("a session");
                let mut bytes = [0; 1024];
                // A client without trust closes the connection.
                if let Ok(read) = StreamOwned::new(session, stream).read(&mut bytes) {
                    let text = String::from_utf8_lossy(&bytes[..read]).into_owned();
                    let line = text.lines().next().unwrap_or_default().to_owned();
                    kept.lock().expect("no panic").push(line);
                }
            }
        });
        Self {
            url: format!("https://localhost:{port}"),
            certificate,
            told,
        }
    }

    fn told(&self) -> Vec<String> {
        self.told.lock().expect("no panic").clone()
    }

    fn file(&self) -> &str {
        self.certificate.to_str().expect("a path in UTF-8")
    }
}

/// Has a process with these settings sign two people in, which comes to nothing.
async fn sign_two_in(field: &str, settings: &[(&str, &str)]) {
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
async fn an_endpoint_is_believed_by_the_bundle_that_is_named() {
    let aws = Somebody::listens("bundle.pem");
    sign_two_in(
        "signIn",
        &[
            ("AWS_ENDPOINT_URL", &aws.url),
            ("AWS_CA_BUNDLE", aws.file()),
        ],
    )
    .await;
    assert_eq!(aws.told(), ["POST / HTTP/1.1"; 2]);
}

#[tokio::test]
async fn a_bundle_is_believed_instead_of_the_system() {
    let aws = Somebody::listens("instead.pem");
    let system = ("SSL_CERT_FILE", aws.file());
    sign_two_in(
        "signIn",
        &[
            ("AWS_ENDPOINT_URL", &aws.url),
            ("AWS_CA_BUNDLE", AMAZON),
            system,
        ],
    )
    .await;
    assert_eq!(aws.told(), [""; 0]);
}

#[tokio::test]
async fn an_endpoint_of_ones_own_is_believed_by_the_systems_store() {
    let aws = Somebody::listens("system.pem");
    sign_two_in(
        "signIn",
        &[
            ("AWS_ENDPOINT_URL", &aws.url),
            ("SSL_CERT_FILE", aws.file()),
        ],
    )
    .await;
    assert_eq!(aws.told(), ["POST / HTTP/1.1"; 2]);
}

#[tokio::test]
async fn cloudflare_is_verified_by_the_systems_trust_store() {
    let cloudflare = Somebody::listens("cloudflare.pem");
    let url = format!("{}/siteverify", cloudflare.url);
    sign_two_in(
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
    assert_eq!(cloudflare.told(), ["POST /siteverify HTTP/1.1"; 2]);
}
