//! A stand-in for AWS on loopback, over TLS, under the host names of AWS's endpoints. It grants every
//! request, serves the stored items, and counts requests and connections.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

use crate::events::{self, Events, Items};
use crate::http::{self, Duplex};

/// The file of the system's roots in Debian, and so in most containers.
const SYSTEM_ROOTS: &str = "/etc/ssl/certs/ca-certificates.crt";

/// The hosts of the services that a function calls. Each SDK makes a connection to each of them.
pub(crate) const HOSTS: [&str; 4] = [
    "dynamodb.eu-west-1.amazonaws.com",
    "secretsmanager.eu-west-1.amazonaws.com",
    "cognito-idp.eu-west-1.amazonaws.com",
    "email.eu-west-1.amazonaws.com",
];

/// The stand-in.
pub(crate) struct Aws {
    /// The file of its authority alone.
    pub(crate) authority: PathBuf,
    /// The file of its authority after Amazon's roots, for Latchstring's functions: they load as
    /// many roots as from the binary, and one more.
    pub(crate) amazon: PathBuf,
    /// The file of its authority after the system's roots, which runtimes load by default.
    pub(crate) system: PathBuf,
    requests: Arc<Mutex<Requests>>,
}

/// The requests to AWS since a row began.
#[derive(Clone, Debug, Default)]
pub(crate) struct Requests {
    /// Their number by operation.
    pub(crate) operations: BTreeMap<String, usize>,
    /// The connections that carried them.
    pub(crate) connections: usize,
}

struct Shared {
    tls: Arc<ServerConfig>,
    latency: Duration,
    secret: String,
    items: Items,
    requests: Arc<Mutex<Requests>>,
}

impl Aws {
    /// Starts a stand-in that takes `latency` for each answer and holds the key ring and the rows
    /// of these events. Certificates are written to the folder.
    pub(crate) fn start(folder: &Path, latency: Duration, events: &Events) -> Result<Self, String> {
        let failed = |error: &dyn std::fmt::Display| format!("the stand-in for AWS: {error}");
        let (tls, authority) = certificates().map_err(|error| failed(&error))?;
        let listener = TcpListener::bind("127.0.0.1:443").map_err(|error| failed(&error))?;
        let write = |name: &str, text: String| {
            let path = folder.join(name);
            fs::write(&path, text).map_err(|error| failed(&error))?;
            Ok::<_, String>(path)
        };
        let system = fs::read_to_string(SYSTEM_ROOTS).unwrap_or_default();
        let amazon = include_str!("../../shared/aws/src/roots.pem");
        let requests = Arc::default();
        let aws = Self {
            amazon: write("amazon-and-authority.pem", format!("{amazon}{authority}"))?,
            system: write("system-and-authority.pem", format!("{system}{authority}"))?,
            authority: write("authority.pem", authority)?,
            requests: Arc::clone(&requests),
        };
        let shared = Arc::new(Shared {
            tls: Arc::new(tls),
            latency,
            secret: events.ring.clone(),
            items: Arc::clone(&events.items),
            requests,
        });
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                thread::spawn(move || {
                    // A connection breaks when its function ends.
                    let _ = shared.serve(stream);
                });
            }
        });
        Ok(aws)
    }

    /// Returns the requests since the last call.
    pub(crate) fn requests(&self) -> Requests {
        std::mem::take(&mut *self.requests.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Creates an authority for this run, and the server's configuration with a certificate of it.
fn certificates() -> Result<(ServerConfig, String), Box<dyn std::error::Error>> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
        .distinguished_name
        .push(DnType::CommonName, "The benches' authority");
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let params = CertificateParams::new(HOSTS.map(str::to_owned))?;
    let certificate = params.signed_by(&key, &authority)?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)?;
    Ok((tls, authority.pem()))
}

impl Shared {
    fn serve(&self, stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let tls = ServerConnection::new(Arc::clone(&self.tls)).map_err(io::Error::other)?;
        let mut stream = Duplex::new(StreamOwned::new(tls, stream));
        let mut is_counted = false;
        while let Some(request) = http::read(&mut stream)? {
            let operation = match request.target.rsplit_once('.') {
                Some((_, operation)) => operation.to_owned(),
                None => "SendEmail".to_owned(),
            };
            let answer = self.answer(&operation, &request.body);
            {
                let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
                *requests.operations.entry(operation).or_default() += 1;
                requests.connections += usize::from(!is_counted);
                is_counted = true;
            }
            if !self.latency.is_zero() {
                thread::sleep(self.latency);
            }
            match answer {
                Some((kind, body)) => http::write(
                    &mut stream,
                    200,
                    &format!("content-type: {kind}\r\nx-amzn-requestid: 0\r\n"),
                    &body,
                )?,
                None => http::write(&mut stream, 400, "", "{}")?,
            }
        }
        Ok(())
    }

    /// Returns the stored item whose key the request names, under this name.
    fn item(&self, body: &[u8], name: &str) -> Value {
        let request: Value = serde_json::from_slice(body).unwrap_or_default();
        let key = request["Key"]["pk"]["S"].as_str().unwrap_or_default();
        let items = self.items.lock().unwrap_or_else(PoisonError::into_inner);
        items
            .get(key)
            .map_or_else(|| json!({}), |item| json!({ name: item }))
    }

    fn answer(&self, operation: &str, body: &[u8]) -> Option<(&'static str, String)> {
        let session = "a-session-of-the-length-that-cognito-asks-for-at-least";
        let json = match operation {
            "GetItem" => self.item(body, "Item"),
            // The stored row is as after the update.
            "UpdateItem" if body.windows(7).any(|text| text == b"ALL_NEW") => {
                self.item(body, "Attributes")
            }
            "PutItem" | "UpdateItem" => json!({}),
            // Counters: none has counted yet.
            "BatchGetItem" => json!({"Responses": {}, "UnprocessedKeys": {}}),
            "AdminGetUser" => events::account(),
            "GetSecretValue" => json!({"Name": "ring", "SecretString": self.secret}),
            "InitiateAuth" => json!({
                "ChallengeName": "CUSTOM_CHALLENGE",
                "Session": session,
                "ChallengeParameters": {"USERNAME": "ada", "step": "select"},
            }),
            "RespondToAuthChallenge" => json!({
                "ChallengeName": "CUSTOM_CHALLENGE",
                "Session": session,
                "ChallengeParameters": {
                    "USERNAME": "ada",
                    "step": "otp",
                    "codeLength": "6",
                    "codeAlphabet": "digits",
                    "pointer": "6AAAAAAAAAAAA",
                    "resume": "k1.a-text-that-the-resolver-passes-on",
                    "expiresIn": "300",
                    "resendAfter": "30",
                    "attemptsLeft": "3",
                },
            }),
            // Latchstring uses version 2 of SES, in JSON; the peers use version 1, in XML.
            "SendEmail" if body.starts_with(b"{") => json!({"MessageId": "0"}),
            "SendEmail" => {
                let sent = "<SendEmailResponse xmlns=\"http://ses.amazonaws.com/doc/2010-12-01/\">\
                     <SendEmailResult><MessageId>0</MessageId></SendEmailResult>\
                     <ResponseMetadata><RequestId>0</RequestId></ResponseMetadata>\
                     </SendEmailResponse>";
                return Some(("text/xml", sent.to_owned()));
            }
            _ => return None,
        };
        Some(("application/x-amz-json-1.1", json.to_string()))
    }
}
