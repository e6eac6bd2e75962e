//! A stand-in of AWS for the tests of this module, which records what is called.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use crate::access::Access;

/// A call: its operation, or method and path, and its body.
pub(super) struct Call {
    pub(super) operation: String,
    pub(super) body: String,
}

/// The stand-in. It serves until the test ends.
pub(super) struct StandIn {
    pub(super) access: Access,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl StandIn {
    /// Starts it. `answer` returns a status and a body.
    pub(super) fn new(answer: impl Fn(&Call) -> (u16, String) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let calls = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&calls);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.expect("a connection");
                let call = read(&mut stream);
                let (status, body) = answer(&call);
                kept.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(call);
                let head = format!(
                    "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all((head + &body).as_bytes());
            }
        });
        let access = Access {
            region: "eu-west-1".to_owned(),
            access_key_id: "key".to_owned(),
            secret_access_key: "secret".to_owned(),
            session_token: None,
            endpoint_url: Some(format!("http://127.0.0.1:{port}")),
        };
        Self { access, calls }
    }

    /// Returns the bodies of the calls of an operation.
    pub(super) fn calls(&self, operation: &str) -> Vec<String> {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let of = calls.iter().filter(|it| it.operation == operation);
        of.map(|it| it.body.clone()).collect()
    }
}

fn read(stream: &mut TcpStream) -> Call {
    let mut text = Vec::new();
    let mut part = [0; 4096];
    loop {
        let all = String::from_utf8_lossy(&text).into_owned();
        if let Some((head, body)) = all.split_once("\r\n\r\n") {
            let head = head.to_lowercase();
            let header = |name: &str| {
                let found = head.lines().find_map(|it| it.strip_prefix(name));
                found.map(str::trim).map(str::to_owned)
            };
            let length = header("content-length:").and_then(|it| it.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                let first = all.lines().next().unwrap_or_default();
                let form = body
                    .strip_prefix("Action=")
                    .and_then(|it| it.split('&').next());
                let target = all
                    .lines()
                    .find(|it| it.to_lowercase().starts_with("x-amz-target:"));
                let target = target.and_then(|it| it.rsplit('.').next());
                let path = first.trim_end_matches(" HTTP/1.1");
                return Call {
                    operation: form.or(target).unwrap_or(path).to_owned(),
                    body: body.to_owned(),
                };
            }
        }
        let count = stream.read(&mut part).expect("a request");
        assert!(count > 0, "an interrupted request");
        text.extend_from_slice(&part[..count]);
    }
}

/// The answer to a resource that is missing.
pub(super) fn missing() -> (u16, String) {
    (404, r#"{"__type": "ResourceNotFoundException"}"#.to_owned())
}

/// The answer to a stack that is missing.
pub(super) fn no_stack() -> (u16, String) {
    let error = "<E><Error><Code>ValidationError</Code><Message>none</Message></Error></E>";
    (400, error.to_owned())
}
