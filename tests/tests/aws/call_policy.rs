//! The time limit and the attempts of each client at a service that does not respond. The clock is
//! virtual: it advances only when all tasks wait.

use std::fmt::Debug;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use latchstring_aws::{
    Aws, CognitoChallengeApi, CognitoDirectory, CognitoRefreshTokens, CognitoTokens, DynamoStore,
    EmailSender, MailSettings, SecretSetting, SecretsManager, SesCourier, SmsSettings, SnsCourier,
    Turnstile, TurnstileEnvironment,
};
use latchstring_core::flow::FlowId;
use latchstring_core::identifier::{Identifier, Method};
use latchstring_core::message::{Content, Kind, Message};
use latchstring_core::ports::{
    AccessTokenVerifier, Captcha, ChallengeApi, Courier, DeliveryError, DeliveryOutcome, Directory,
    Entropy, FlowStore, OpenChallenge, PortError, RefreshApi, SecretSource,
};
use latchstring_core::secret::Secret;
use latchstring_lambda::OsEntropy;
use latchstring_tests::aws_at;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// A service that accepts connections and does not respond.
struct Silent {
    url: String,
    connections: Arc<AtomicUsize>,
    server: JoinHandle<()>,
}

impl Silent {
    async fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = url(listener.local_addr());
        let connections = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&connections);
        let server = tokio::spawn(async move {
            let mut kept = Vec::new();
            loop {
                kept.push(listener.accept().await.expect("a connection"));
                counted.fetch_add(1, Ordering::Relaxed);
            }
        });
        Self {
            url,
            connections,
            server,
        }
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// A service that no connection reaches: its queue holds one connection and is full.
struct Full {
    url: String,
    _socket: (TcpListener, TcpStream),
}

impl Full {
    async fn listen() -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        let any = "127.0.0.1:0".parse().expect("an address");
        socket.bind(any).expect("a free port");
        let listener = socket.listen(0).expect("it listens");
        let address = listener.local_addr().expect("an address");
        let first = TcpStream::connect(address)
            .await
            .expect("one connection fits");
        Self {
            url: url(Ok(address)),
            _socket: (listener, first),
        }
    }
}

fn url(address: std::io::Result<std::net::SocketAddr>) -> String {
    format!("http://{}", address.expect("an address"))
}

#[derive(Clone, Copy, Debug)]
enum Client {
    Store,
    Directory,
    Tokens,
    Refresh,
    Revoke,
    SecretSource,
    Initiate,
    Respond,
    SignedInitiate,
    SignedRespond,
    Mail,
    Sms,
    Captcha,
}

impl Client {
    fn challenges(self, aws: &Aws) -> CognitoChallengeApi {
        match self {
            Self::SignedInitiate | Self::SignedRespond => {
                CognitoChallengeApi::signed(aws, "pool", "app")
            }
            _ => CognitoChallengeApi::new(aws, "app"),
        }
    }

    /// Makes a call to the service at this address, which fails.
    async fn ask(self, url: &str) -> Failure {
        let aws = &aws_at(url);
        match self {
            Self::Store => {
                let store = DynamoStore::new(aws, "latchstring", OsEntropy);
                fails(store.flow(FlowId::from_bytes(OsEntropy.bytes())).await)
            }
            Self::Directory => fails(CognitoDirectory::new(aws, "pool").find("ada").await),
            Self::Refresh | Self::Revoke => {
                let tokens = CognitoRefreshTokens::new(aws, "app", None);
                let token = Secret::new("token");
                match self {
                    Self::Refresh => fails(tokens.refresh(&token).await),
                    _ => fails(tokens.revoke(&token).await),
                }
            }
            Self::Tokens => fails(CognitoTokens::new(aws).holder(&Secret::new("token")).await),
            Self::SecretSource => fails(SecretsManager::new(aws, "keys").read().await),
            Self::Initiate | Self::SignedInitiate => fails(
                self.challenges(aws)
                    .initiate(&app_client(), "ada", None)
                    .await,
            ),
            Self::Respond | Self::SignedRespond => {
                let open = OpenChallenge {
                    session: Secret::new("session"),
                    parameters: [("USERNAME".to_owned(), "ada".to_owned())].into(),
                };
                let api = self.challenges(aws);
                fails(api.respond(&app_client(), &open, "000000", &[], None).await)
            }
            Self::Mail => {
                let settings = MailSettings {
                    from: EmailSender::parse("codes@example.org").expect("a sender"),
                    reply_to: None,
                    configuration_set: None,
                };
                let mail = Content::Mail {
                    subject: "Code".to_owned(),
                    text: "Code".to_owned(),
                    html: "<p>Code</p>".to_owned(),
                };
                let courier = SesCourier::new(aws, settings, OsEntropy);
                delivery_fails(
                    courier
                        .deliver(&to(Method::Email, "ada@example.com", mail))
                        .await,
                )
            }
            Self::Sms => {
                let text = "Code".to_owned();
                let sms = to(Method::PhoneNumber, "+12065550142", Content::Sms { text });
                let courier = SnsCourier::new(aws, SmsSettings::default());
                delivery_fails(courier.deliver(&sms).await)
            }
            Self::Captcha => {
                let environment = TurnstileEnvironment {
                    url: format!("{url}/turnstile/v0/siteverify"),
                    hostnames: Vec::new(),
                    key: SecretSetting::Text(Secret::new("key-of-the-widget")),
                };
                let turnstile = Turnstile::new(aws, environment);
                fails(turnstile.is_solved(&Secret::new("answer")).await)
            }
        }
    }
}

/// The code of an error, and the outcome of a message.
type Failure = (String, Option<DeliveryOutcome>);

fn app_client() -> latchstring_core::flow::AppClient {
    latchstring_core::flow::AppClient::new("pool", "app")
}

fn fails<T: Debug>(answer: Result<T, PortError>) -> Failure {
    (answer.expect_err("no service answers").code, None)
}

fn delivery_fails(delivered: Result<(), DeliveryError>) -> Failure {
    let failed = delivered.expect_err("no service answers");
    (failed.fault.code, Some(failed.outcome))
}

fn to(method: Method, text: &str, content: Content) -> Message {
    Message {
        to: Identifier::parse(method, text).expect("an identifier"),
        kind: Kind::SignInCode,
        code: None,
        content,
        sender: None,
    }
}

/// Milliseconds.
type Span = RangeInclusive<u128>;

#[tokio::test(start_paused = true)]
async fn a_silent_peer_times_out_and_is_retried_as_the_call_allows() {
    // Two attempts of 1.2 s and a pause of up to 50 ms, all within 2.5 s.
    const CALL: Span = 2400..=2500;
    const SEND: Span = 1200..=1210;
    const THREE_TRIGGERS: Span = 12_000..=12_010;
    const CAPTCHA: Span = 2000..=2010;
    const REFRESH: Span = 4000..=4010;
    for (client, time, asked) in [
        (Client::Store, CALL, 2),
        (Client::Directory, CALL, 2),
        (Client::Tokens, CALL, 2),
        (Client::Refresh, REFRESH, 1),
        (Client::Revoke, CALL, 2),
        (Client::SecretSource, CALL, 2),
        (Client::Initiate, THREE_TRIGGERS, 1),
        (Client::Respond, THREE_TRIGGERS, 1),
        (Client::SignedInitiate, THREE_TRIGGERS, 1),
        (Client::SignedRespond, THREE_TRIGGERS, 1),
        (Client::Mail, SEND, 1),
        (Client::Sms, SEND, 1),
        (Client::Captcha, CAPTCHA, 1),
    ] {
        let mut seen = Vec::new();
        // The clock may advance before a slow kernel connects. The call then fails as if there were
        // no connection, which is another case.
        for _ in 0..3 {
            let silent = Silent::listen().await;
            let begin = Instant::now();
            let (code, outcome) = client.ask(&silent.url).await;
            let took = begin.elapsed().as_millis();
            let connections = silent.connections.load(Ordering::Relaxed);
            seen.push((code, outcome, took, connections));
            if connections == asked {
                break;
            }
        }
        let (code, outcome, took, connections) = seen.pop().expect("a call was made");
        assert_eq!(connections, asked, "{client:?}");
        assert_eq!(code, "timeout", "{client:?}");
        assert!(
            outcome.is_none_or(|outcome| outcome == DeliveryOutcome::Unknown),
            "{client:?}"
        );
        assert!(time.contains(&took), "{client:?} took {took} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_times_out_after_half_a_second() {
    // Retried once: a repeatable call, and a message, because it never left.
    const TWICE: Span = 1000..=1060;
    const ONCE: Span = 500..=510;
    for (client, time) in [
        (Client::Store, TWICE),
        (Client::Directory, TWICE),
        (Client::Tokens, TWICE),
        (Client::Refresh, ONCE),
        (Client::Revoke, TWICE),
        (Client::SecretSource, TWICE),
        (Client::Initiate, ONCE),
        (Client::Respond, ONCE),
        (Client::SignedInitiate, ONCE),
        (Client::SignedRespond, ONCE),
        (Client::Mail, TWICE),
        (Client::Sms, TWICE),
        (Client::Captcha, ONCE),
    ] {
        let full = Full::listen().await;
        let begin = Instant::now();
        let (code, outcome) = client.ask(&full.url).await;
        let took = begin.elapsed().as_millis();
        assert!(code.starts_with("connect"), "{client:?}: {code}");
        assert!(
            outcome.is_none_or(|outcome| outcome == DeliveryOutcome::NeverLeft),
            "{client:?}"
        );
        assert!(time.contains(&took), "{client:?} took {took} ms");
    }
}
