use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A TLS server on loopback with a self-signed certificate for `localhost`. It runs until the process
/// ends.
pub struct TlsServer {
    /// Its address, without a path.
    pub url: String,
    /// Its certificate in PEM.
    pub certificate: String,
}

impl TlsServer {
    /// Starts a server. `respond` gets the beginning of each request of a client that trusts the
    /// certificate, and returns the response.
    ///
    /// # Panics
    /// If no port is free.
    pub fn start(respond: impl Fn(&[u8]) -> &'static [u8] + Send + 'static) -> Self {
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
                let mut bytes = [0; 1024];
                // A client that does not trust the certificate closes the connection.
                if let Ok(read) = stream.read(&mut bytes) {
                    let _ = stream.write_all(respond(&bytes[..read]));
                }
            }
        });
        Self {
            url: format!("https://localhost:{port}"),
            certificate: own.cert.pem(),
        }
    }
}
