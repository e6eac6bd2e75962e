//! The HTTP client. It writes a request at most once, and keeps connections for later requests.
//!
//! A message must never be sent twice, and a request that was written to a dead connection may be
//! a lost message. So a kept connection is used only if both of these hold, and otherwise a new one:
//!
//! - It carried a response, to its end, not longer ago than its idle time, by two clocks: the one
//!   that Linux stops while a machine is suspended, and the wall clock. A connection that was opened
//!   ahead of its first request counts as used when it was opened.
//! - The kernel has received nothing since then: no data, no close, no reset.
//!
//! If hyper has seen a close or sees it then, it returns the request as long as none of it was
//! written, and the request goes over a new connection. A request that was written is never repeated
//! here. docs/adr/0025-kept-connections.md has the argument.

use std::error::Error;
use std::mem;
use std::net;
use std::os::fd::AsFd as _;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use http::header::HOST;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderValue, Request, Uri};
use http_body_util::BodyExt as _;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector as TcpConnector;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use thiserror::Error;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::timeout;
use tower_service::Service as _;

use crate::trust::Roots;

/// The longest time without use after which a connection still carries a call that may fail. AWS
/// states no idle time of its endpoints. Its SDKs keep connections for this long or longer.
const IDLE: Duration = Duration::from_secs(60);
/// The same for messages, where a failure may be a lost message.
#[cfg(feature = "delivery")]
const MESSAGE_IDLE: Duration = Duration::from_secs(2);
/// The longest time for which a call waits for a connection that another call uses, before it opens
/// one of its own: about as long as that takes within a region.
const PATIENCE: Duration = Duration::from_millis(2);
/// The time limit of a connection that is opened ahead.
const OPENING: Duration = Duration::from_millis(500);

type Connector = HttpsConnector<TcpConnector>;
type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;
type Cause = Box<dyn Error + Send + Sync>;

/// The error of a request that provably never left: no byte of it was written.
#[derive(Debug, Error)]
#[error("the request never left")]
pub(crate) struct NeverLeft(#[source] Cause);

/// The client. Clones share its connections and certificates.
#[derive(Clone, Debug)]
pub(crate) struct Connections {
    connector: Arc<LazyConnector>,
    idle: Duration,
    patience: Duration,
    kept: Arc<Mutex<Vec<Kept>>>,
    under_way: Arc<UnderWay>,
    /// The hosts to which the next [`Connections::open_expected`] opens connections.
    expected: Arc<Mutex<Vec<Host>>>,
}

/// The connections that carry a request or are being opened, by their hosts.
#[derive(Debug, Default)]
struct UnderWay {
    hosts: Mutex<Vec<(Host, Use)>>,
    one_ended: Notify,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    Request,
    Opening,
}

/// One of these connections, until this is dropped.
struct Entry {
    under_way: Arc<UnderWay>,
    of: (Host, Use),
}

/// The connector. Certificates are loaded at its first use.
#[derive(Debug)]
struct LazyConnector {
    roots: Roots,
    connector: OnceLock<Connector>,
}

/// A connection without a request.
#[derive(Debug)]
struct Kept {
    connection: Connection,
    used: Moment,
}

/// An open connection.
#[derive(Debug)]
struct Connection {
    host: Host,
    sender: SendRequest<SdkBody>,
    /// The socket below TLS, to read its state from the kernel.
    socket: net::TcpStream,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Host {
    scheme: Scheme,
    authority: Authority,
}

/// A time by both clocks. Linux defines that the first stands still while the machine is suspended.
#[derive(Clone, Copy, Debug)]
struct Moment {
    monotonic: Instant,
    wall: SystemTime,
}

impl Moment {
    fn now() -> Self {
        Self {
            monotonic: Instant::now(),
            wall: SystemTime::now(),
        }
    }

    /// Returns true if at most `idle` has passed by both clocks. A wall clock that was set back
    /// says nothing, so it counts as too long.
    fn is_recent(self, now: Self, idle: Duration) -> bool {
        let by_wall = now.wall.duration_since(self.wall);
        now.monotonic.duration_since(self.monotonic) <= idle && by_wall.is_ok_and(|it| it <= idle)
    }
}

impl UnderWay {
    fn enter(self: &Arc<Self>, host: Host, usage: Use) -> Entry {
        self.hosts().push((host.clone(), usage));
        Entry {
            under_way: Arc::clone(self),
            of: (host, usage),
        }
    }

    fn hosts(&self) -> MutexGuard<'_, Vec<(Host, Use)>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has(&self, host: &Host, usage: Use) -> bool {
        self.hosts()
            .iter()
            .any(|(of, used)| of == host && *used == usage)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut hosts = self.under_way.hosts();
        if let Some(place) = hosts.iter().position(|entry| *entry == self.of) {
            hosts.swap_remove(place);
        }
        drop(hosts);
        self.under_way.one_ended.notify_waiters();
    }
}

/// The failure of a request on an open connection.
enum Failure {
    /// hyper returned the request, so none of it was written.
    NeverLeft(Box<Request<SdkBody>>, Cause),
    /// The request was written, in part at least.
    Lost(Cause),
}

impl Connection {
    /// Returns true if the kernel has received nothing that was not read: no data, no close and no
    /// reset. The check does not depend on the runtime, which may not have polled the socket since
    /// the process was frozen.
    fn is_silent(&self) -> bool {
        let peeked = self.socket.peek(&mut [0]);
        peeked.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
    }

    /// Sends a request, and reads the response to its end.
    async fn exchange(
        &mut self,
        request: Request<SdkBody>,
    ) -> Result<http::Response<SdkBody>, Failure> {
        let sent = self.sender.try_send_request(request).await;
        let response = sent.map_err(|mut error| match error.take_message() {
            Some(request) => Failure::NeverLeft(Box::new(request), error.into_error().into()),
            None => Failure::Lost(error.into_error().into()),
        })?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await;
        let body = body.map_err(|error| Failure::Lost(error.into()))?;
        Ok(http::Response::from_parts(parts, body.to_bytes().into()))
    }
}

impl Connections {
    /// Creates a client that verifies servers against these roots. Loads them at its first use.
    pub(crate) fn new(roots: Roots) -> Self {
        Self {
            connector: Arc::new(LazyConnector {
                roots,
                connector: OnceLock::new(),
            }),
            idle: IDLE,
            patience: PATIENCE,
            kept: Arc::default(),
            under_way: Arc::default(),
            expected: Arc::default(),
        }
    }

    /// Returns a client for messages, with connections of its own and the same certificates.
    #[cfg(feature = "delivery")]
    pub(crate) fn for_messages(&self) -> Self {
        Self {
            connector: Arc::clone(&self.connector),
            idle: MESSAGE_IDLE,
            patience: Duration::ZERO,
            kept: Arc::default(),
            under_way: Arc::default(),
            expected: Arc::default(),
        }
    }

    async fn send(
        &self,
        request: HttpRequest,
        connect_timeout: Option<Duration>,
    ) -> Result<HttpResponse, ConnectorError> {
        let invalid = |cause: Cause| ConnectorError::user(NeverLeft(cause).into());
        let request = request.try_into_http1x();
        let request = request.map_err(|error| invalid(error.into()))?;
        let (host, request) = in_origin_form(request).map_err(invalid)?;
        let kept = match self.take(&host) {
            None => self.wait_for(&host).await,
            kept => kept,
        };
        let _entry = self.under_way.enter(host.clone(), Use::Request);
        self.send_over(kept, host, request, connect_timeout).await
    }

    /// Sends a request over this connection. Without one, or if the request provably never left, it
    /// goes over a new one.
    async fn send_over(
        &self,
        kept: Option<Connection>,
        host: Host,
        mut request: Request<SdkBody>,
        connect_timeout: Option<Duration>,
    ) -> Result<HttpResponse, ConnectorError> {
        if let Some(mut connection) = kept {
            match connection.exchange(request).await {
                Ok(response) => return self.keep(connection, response),
                Err(Failure::Lost(cause)) => return Err(ConnectorError::io(cause)),
                Err(Failure::NeverLeft(returned, _)) => request = *returned,
            }
        }
        let connecting = self.connect(host);
        let connected = match connect_timeout {
            Some(limit) => timeout(limit, connecting).await,
            None => Ok(connecting.await),
        };
        let mut connection = match connected {
            Ok(Ok(connection)) => connection,
            Ok(Err(cause)) => return Err(ConnectorError::io(NeverLeft(cause).into())),
            Err(elapsed) => {
                return Err(ConnectorError::timeout(NeverLeft(elapsed.into()).into()));
            }
        };
        match connection.exchange(request).await {
            Ok(response) => self.keep(connection, response),
            Err(Failure::Lost(cause)) => Err(ConnectorError::io(cause)),
            Err(Failure::NeverLeft(_, cause)) => Err(ConnectorError::io(NeverLeft(cause).into())),
        }
    }

    /// Takes the last used connection to this host that may be used. Until it is put back, no other
    /// request finds it.
    fn take(&self, host: &Host) -> Option<Connection> {
        let now = Moment::now();
        loop {
            let Kept { connection, used } = {
                let mut kept = self.kept();
                let place = kept
                    .iter()
                    .rposition(|kept| kept.connection.host == *host)?;
                kept.remove(place)
            };
            if used.is_recent(now, self.idle) && connection.is_silent() {
                return Some(connection);
            }
        }
    }

    /// Waits for a connection to this host that is being opened, or a short time for one that another
    /// request uses.
    async fn wait_for(&self, host: &Host) -> Option<Connection> {
        match self.wait_while(host, Use::Opening, OPENING).await {
            None => self.wait_while(host, Use::Request, self.patience).await,
            opened => opened,
        }
    }

    async fn wait_while(&self, host: &Host, usage: Use, limit: Duration) -> Option<Connection> {
        if limit.is_zero() {
            return None;
        }
        let taking = async {
            loop {
                let ended = self.under_way.one_ended.notified();
                if !self.under_way.has(host, usage) {
                    return self.take(host);
                }
                ended.await;
                if let Some(connection) = self.take(host) {
                    return Some(connection);
                }
            }
        };
        timeout(limit, taking).await.ok().flatten()
    }

    /// Registers the host of this URL, to which the first calls of the process will go.
    #[cfg(any(feature = "dynamodb", feature = "cognito"))]
    pub(crate) fn register(&self, url: &str) {
        let mut expected = self.expected.lock().unwrap_or_else(PoisonError::into_inner);
        expected.extend(host_of(url));
    }

    /// Begins to open a connection to each expected host, once. A call there uses it instead of
    /// opening one. If it cannot be opened, the call has the error of its own.
    #[cfg(feature = "secrets")]
    pub(crate) fn open_expected(&self) {
        let mut expected = self.expected.lock().unwrap_or_else(PoisonError::into_inner);
        for host in mem::take(&mut *expected) {
            self.open(host);
        }
    }

    /// Begins to open a connection to the host of this URL, unless one can be used.
    #[cfg(feature = "delivery")]
    pub(crate) fn open_ahead(&self, url: &str) {
        let Some(host) = host_of(url) else {
            return;
        };
        let now = Moment::now();
        let is_kept = self
            .kept()
            .iter()
            .any(|kept| kept.connection.host == host && kept.used.is_recent(now, self.idle));
        if !is_kept && !self.under_way.has(&host, Use::Opening) {
            self.open(host);
        }
    }

    #[cfg(any(feature = "secrets", feature = "delivery"))]
    fn open(&self, host: Host) {
        let client = self.clone();
        let entry = self.under_way.enter(host.clone(), Use::Opening);
        tokio::spawn(async move {
            if let Ok(Ok(connection)) = timeout(OPENING, client.connect(host)).await {
                client.put(connection);
            }
            drop(entry);
        });
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, connection: Connection) {
        let used = Moment::now();
        let mut kept = self.kept();
        kept.retain(|kept| kept.used.is_recent(used, self.idle));
        kept.push(Kept { connection, used });
    }

    /// Keeps the connection of a response, unless the server has failed, and returns the response.
    fn keep(
        &self,
        connection: Connection,
        response: http::Response<SdkBody>,
    ) -> Result<HttpResponse, ConnectorError> {
        if !response.status().is_server_error() {
            self.put(connection);
        }
        HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
    }

    async fn connect(&self, host: Host) -> Result<Connection, Cause> {
        let connector = self.connector.get();
        let uri = Uri::builder()
            .scheme(host.scheme.clone())
            .authority(host.authority.clone())
            .path_and_query("/");
        let stream = connector.clone().call(uri.build()?).await?;
        let socket = tcp(&stream).as_fd().try_clone_to_owned()?;
        let (mut sender, connection) = handshake(stream).await?;
        // The caller has its own error, with the request.
        tokio::spawn(async move { drop(connection.await) });
        sender.ready().await?;
        Ok(Connection {
            host,
            sender,
            socket: socket.into(),
        })
    }
}

impl LazyConnector {
    fn get(&self) -> &Connector {
        self.connector.get_or_init(|| connector(&self.roots))
    }
}

impl HttpClient for Connections {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(LimitedClient {
            client: self.clone(),
            connect_timeout: settings.connect_timeout(),
        })
    }
}

/// The client with the time limit of a connection. The time limit of a whole attempt is the SDK's.
#[derive(Debug)]
struct LimitedClient {
    client: Connections,
    connect_timeout: Option<Duration>,
}

impl HttpConnector for LimitedClient {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (client, limit) = (self.client.clone(), self.connect_timeout);
        HttpConnectorFuture::new(async move { client.send(request, limit).await })
    }
}

/// Returns the host of a URL that has one.
#[cfg(any(feature = "dynamodb", feature = "cognito", feature = "delivery"))]
fn host_of(url: &str) -> Option<Host> {
    let parts = url.parse::<Uri>().ok()?.into_parts();
    Some(Host {
        scheme: parts.scheme?,
        authority: parts.authority?,
    })
}

/// Returns the host of a request, and the request as it is written to a connection: with a path
/// instead of a URL, and with the header `Host`.
fn in_origin_form(mut request: Request<SdkBody>) -> Result<(Host, Request<SdkBody>), Cause> {
    let mut uri = mem::take(request.uri_mut()).into_parts();
    let (Some(scheme), Some(authority)) = (uri.scheme.take(), uri.authority.take()) else {
        return Err("the URL has no host".into());
    };
    let path = uri.path_and_query.take();
    uri.path_and_query = path.or_else(|| Some(PathAndQuery::from_static("/")));
    *request.uri_mut() = Uri::from_parts(uri)?;
    if !request.headers().contains_key(HOST) {
        let default = if scheme == Scheme::HTTPS { 443 } else { 80 };
        let named = match authority.port_u16() {
            Some(port) if port != default => authority.as_str(),
            _ => authority.host(),
        };
        let named = HeaderValue::from_str(named)?;
        request.headers_mut().insert(HOST, named);
    }
    Ok((Host { scheme, authority }, request))
}

/// Returns the socket of a stream.
fn tcp(stream: &Stream) -> &TcpStream {
    match stream {
        MaybeHttpsStream::Http(tcp) => tcp.inner(),
        MaybeHttpsStream::Https(tls) => tls.inner().get_ref().0.inner().inner(),
    }
}

/// Creates the connector: TLS without early data, which an attacker could replay, and HTTP/1.1,
/// where a connection has one request at a time.
fn connector(roots: &Roots) -> Connector {
    let mut tcp = TcpConnector::new();
    tcp.set_nodelay(true);
    tcp.enforce_http(false);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    // Invariant: the provider has suites of both versions.
    let versions = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions of TLS");
    let tls = versions
        .with_root_certificates(roots.certificates())
        .with_no_client_auth();
    HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http()
        .enable_http1()
        .wrap_connector(tcp)
}

#[cfg(all(test, feature = "delivery"))]
mod tests {
    use latchstring_testkit::Step::{Close, HangUp, Respond, Say, Wait};
    use latchstring_testkit::{ScriptedServer, Step};

    use super::*;

    const OK: Step = Respond("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
    const FAILED: Step =
        Respond("HTTP/1.1 500 Internal Server Error\r\ncontent-length: 2\r\n\r\n{}");
    const LAST: Step =
        Respond("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}");
    const TIMEOUT: &str = "HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n";

    fn client() -> Connections {
        Connections::new(Roots::None).for_messages()
    }

    fn request(server: &ScriptedServer) -> HttpRequest {
        let mut request = HttpRequest::new(SdkBody::from("message"));
        request.set_method("POST").expect("a method");
        let url = format!("{}/v2/send", server.url);
        request.set_uri(url).expect("a URL");
        request
    }

    async fn sends(client: &Connections, server: &ScriptedServer) {
        let sent = client.send(request(server), None).await;
        assert!(sent.is_ok(), "{sent:?}");
    }

    /// Sends two messages, and expects the connections of all requests.
    async fn two(scripts: &[&[Step]], expected: &[usize]) {
        let server = ScriptedServer::start(scripts);
        let client = client();
        sends(&client, &server).await;
        sends(&client, &server).await;
        assert_eq!(server.connections(), expected);
    }

    #[tokio::test]
    async fn messages_in_a_row_share_a_connection() {
        two(&[&[OK, OK]], &[0, 0]).await;
    }

    #[tokio::test]
    async fn a_connection_is_not_kept_after_a_failure_of_the_server() {
        two(&[&[FAILED], &[OK]], &[0, 1]).await;
        two(&[&[LAST], &[OK]], &[0, 1]).await;
    }

    #[tokio::test]
    async fn a_request_names_its_host_and_path() {
        let server = ScriptedServer::start(&[&[OK]]);
        sends(&client(), &server).await;
        let [(_, request)] = &server.requests()[..] else {
            panic!("one request");
        };
        assert!(
            request.starts_with("POST /v2/send HTTP/1.1\r\n"),
            "{request}"
        );
        let host = server.url.strip_prefix("http://").unwrap();
        assert!(
            request.contains(&format!("\r\nhost: {host}\r\n")),
            "{request}"
        );
        assert!(request.ends_with("\r\n\r\nmessage"), "{request}");
    }

    /// The runtime does not run between the close and the next message, as if the process had been
    /// frozen. So only the kernel knows of the close.
    #[tokio::test]
    async fn a_close_that_the_runtime_has_not_seen_is_found() {
        for scripts in [
            &[&[OK, Wait, Close][..], &[OK]][..],
            &[&[OK, Wait, Say(TIMEOUT)], &[OK]],
        ] {
            let server = ScriptedServer::start(scripts);
            let client = client();
            sends(&client, &server).await;
            server.proceed();
            sends(&client, &server).await;
            assert_eq!(server.connections(), [0, 1]);
        }
    }

    /// The connection closes between the checks and the request.
    #[tokio::test]
    async fn a_request_that_was_not_written_goes_over_a_new_connection() {
        let server = ScriptedServer::start(&[&[OK, Wait, Close], &[OK]]);
        let client = client();
        sends(&client, &server).await;
        let request = request(&server).try_into_http1x().unwrap();
        let (host, request) = in_origin_form(request).unwrap();
        let kept = client.take(&host);
        assert!(kept.is_some());
        server.proceed();
        // The runtime learns of the close, and hyper has not ended the connection yet.
        tokio::task::yield_now().await;
        let sent = client.send_over(kept, host, request, None).await;
        assert!(sent.unwrap().status().is_success());
        assert_eq!(server.connections(), [0, 1]);
    }

    #[tokio::test]
    async fn a_request_that_was_written_is_not_repeated() {
        for scripts in [&[&[OK, HangUp][..], &[OK]][..], &[&[HangUp], &[OK]]] {
            let server = ScriptedServer::start(scripts);
            let client = client();
            let mut sent = client.send(request(&server), None).await;
            if sent.is_ok() {
                sent = client.send(request(&server), None).await;
            }
            let lost = sent.unwrap_err();
            assert!(!lost.into_source().is::<NeverLeft>());
            assert!(server.connections().iter().all(|number| *number == 0));
        }
    }

    #[tokio::test]
    async fn two_messages_at_once_never_share_a_connection() {
        let server = ScriptedServer::start(&[&[OK, OK], &[OK]]);
        let client = client();
        sends(&client, &server).await;
        tokio::join!(sends(&client, &server), sends(&client, &server));
        let mut connections = server.connections();
        connections.sort_unstable();
        assert_eq!(connections, [0, 0, 1]);
    }

    fn calls(patience: Duration) -> Connections {
        Connections {
            patience,
            ..Connections::new(Roots::None)
        }
    }

    #[tokio::test]
    async fn a_call_waits_for_a_connection_that_is_soon_free() {
        let server = ScriptedServer::start(&[&[OK, OK]]);
        let calls = calls(Duration::from_secs(60));
        tokio::join!(sends(&calls, &server), sends(&calls, &server));
        assert_eq!(server.connections(), [0, 0]);
    }

    #[tokio::test]
    async fn a_call_opens_a_connection_if_no_other_is_soon_free() {
        let server = ScriptedServer::start(&[&[Wait, OK], &[OK]]);
        let calls = calls(Duration::from_millis(1));
        let second = async {
            sends(&calls, &server).await;
            server.proceed();
        };
        tokio::join!(sends(&calls, &server), second);
        assert_eq!(server.connections().len(), 2);
        assert!(server.connections().contains(&1));
    }

    #[tokio::test]
    async fn a_call_uses_the_connection_that_was_opened_ahead() {
        let server = ScriptedServer::start(&[&[OK, OK]]);
        let calls = calls(Duration::ZERO);
        calls.register(&server.url);
        calls.open_expected();
        assert!(calls.kept.lock().unwrap().is_empty());
        sends(&calls, &server).await;
        // Nothing is expected any more.
        calls.open_expected();
        sends(&calls, &server).await;
        assert_eq!(server.connections(), [0, 0]);
    }

    #[tokio::test]
    async fn a_message_uses_the_connection_that_was_opened_ahead() {
        let server = ScriptedServer::start(&[&[OK, OK]]);
        let client = client();
        client.open_ahead(&server.url);
        client.open_ahead(&server.url);
        sends(&client, &server).await;
        client.open_ahead(&server.url);
        sends(&client, &server).await;
        assert_eq!(server.connections(), [0, 0]);
    }

    #[tokio::test]
    async fn a_close_of_a_connection_that_was_opened_ahead_is_found() {
        let server = ScriptedServer::start(&[&[Wait, Close], &[OK]]);
        let calls = calls(Duration::ZERO);
        calls.register(&server.url);
        calls.open_expected();
        while calls.kept.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        server.proceed();
        sends(&calls, &server).await;
        assert_eq!(server.connections(), [1]);
    }

    #[tokio::test]
    async fn a_call_has_its_own_error_if_nothing_could_be_opened_ahead() {
        let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let calls = calls(Duration::ZERO);
        calls.register(&url);
        calls.open_expected();
        let mut request = HttpRequest::new(SdkBody::empty());
        request.set_uri(url).expect("a URL");
        let lost = calls.send(request, None).await.unwrap_err();
        assert!(lost.into_source().is::<NeverLeft>());
    }

    /// Calls other than messages may be repeated, or fail without a loss.
    #[tokio::test]
    async fn a_call_uses_a_connection_for_longer_than_a_message() {
        let server = ScriptedServer::start(&[&[OK, OK], &[OK]]);
        let calls = Connections::new(Roots::None);
        sends(&calls, &server).await;
        calls.kept.lock().unwrap()[0].used.wall -= Duration::from_secs(30);
        sends(&calls, &server).await;
        assert!(calls.for_messages().kept.lock().unwrap().is_empty());
        sends(&calls.for_messages(), &server).await;
        assert_eq!(server.connections(), [0, 0, 1]);
    }

    #[tokio::test]
    async fn a_connection_that_was_idle_for_long_is_not_used() {
        const LONG: Duration = Duration::from_secs(3);
        let ages: [fn(&mut Moment); 3] = [
            |used| used.monotonic -= LONG,
            // The monotonic clock stood still while the process was frozen.
            |used| used.wall -= LONG,
            // The wall clock was set back.
            |used| used.wall += LONG,
        ];
        for age in ages {
            let server = ScriptedServer::start(&[&[OK], &[OK]]);
            let client = client();
            sends(&client, &server).await;
            age(&mut client.kept.lock().unwrap()[0].used);
            sends(&client, &server).await;
            assert_eq!(server.connections(), [0, 1]);
        }
    }
}
