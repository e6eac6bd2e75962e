//! The CAPTCHA: the outcome of every response of Cloudflare's siteverify, and of a timeout.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use latchstring_aws::{SecretSetting, Turnstile, TurnstileEnvironment};
use latchstring_core::ports::{Captcha, PortError};
use latchstring_core::secret::Secret;
use latchstring_tests::{Ministack, aws_at};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

const PATH: &str = "/turnstile/v0/siteverify";

/// A siteverify with one response to every request, which keeps the requests.
struct Siteverify {
    url: String,
    asked: Arc<Mutex<Vec<Value>>>,
    server: JoinHandle<()>,
}

impl Siteverify {
    async fn says(status: u16, body: &Value) -> Self {
        Self::answers(status, body.to_string()).await
    }

    async fn answers(status: u16, body: String) -> Self {
        let status = StatusCode::from_u16(status).expect("a status");
        let asked = Arc::<Mutex<Vec<Value>>>::default();
        let kept = Arc::clone(&asked);
        let router = Router::new().fallback(
            move |method: Method, uri: Uri, headers: HeaderMap, sent: Bytes| {
                assert_eq!((method, uri.to_string()), (Method::POST, PATH.to_owned()));
                assert_eq!(headers["content-type"], "application/json");
                assert!(!headers.contains_key("authorization"), "nothing is signed");
                let sent = serde_json::from_slice(&sent).expect("JSON");
                kept.lock().expect("no panic").push(sent);
                let answer = (status, body.clone());
                async move { answer }
            },
        );
        let (url, listener) = listen().await;
        let server = tokio::spawn(async move {
            axum::serve(listener, router)
                .await
                .expect("accepting goes on");
        });
        Self { url, asked, server }
    }

    fn asked(&self) -> Vec<Value> {
        self.asked.lock().expect("no panic").clone()
    }

    async fn is_solved(&self, answer: &str) -> Result<bool, PortError> {
        turnstile(&self.url).is_solved(&Secret::new(answer)).await
    }
}

impl Drop for Siteverify {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn listen() -> (String, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    (format!("http://{address}{PATH}"), listener)
}

fn turnstile(url: &str) -> Turnstile {
    let key = SecretSetting::Text(Secret::new("key-of-the-widget"));
    Turnstile::new(&aws_at("http://127.0.0.1:1"), environment(url, key))
}

fn environment(url: &str, key: SecretSetting) -> TurnstileEnvironment {
    TurnstileEnvironment {
        url: url.to_owned(),
        hostnames: vec!["example.com".to_owned(), "www.example.com".to_owned()],
        key,
    }
}

/// Cloudflare's response for a right answer.
fn success() -> Value {
    json!({
        "success": true,
        "challenge_ts": "2026-11-25T08:24:53.000Z",
        "hostname": "www.example.com",
        "error-codes": [],
        "action": "sign-in",
        "cdata": "",
        "metadata": {"ephemeral_id": "x:9f78e0ed210960d7693b167e"},
    })
}

fn failure(code: &str) -> Value {
    json!({"success": false, "error-codes": [code], "messages": []})
}

fn changed(member: &str, value: Value) -> Value {
    let mut said = success();
    said[member] = value;
    said
}

#[tokio::test]
async fn a_response_is_verified_once_without_data_of_the_caller() {
    let siteverify = Siteverify::says(200, &success()).await;
    assert_eq!(siteverify.is_solved("token").await, Ok(true));
    let sent = json!({"secret": "key-of-the-widget", "response": "token"});
    assert_eq!(siteverify.asked(), [sent]);
}

#[tokio::test]
async fn a_response_of_another_site_or_purpose_is_refused() {
    for said in [
        changed("hostname", json!("example.org")),
        changed("hostname", json!("example.com.evil.example")),
        changed("hostname", Value::Null),
        changed("action", json!("newsletter")),
        changed("action", json!("")),
        changed("action", Value::Null),
    ] {
        let siteverify = Siteverify::says(200, &said).await;
        assert_eq!(siteverify.is_solved("token").await, Ok(false), "{said}");
    }
}

#[tokio::test]
async fn a_wrong_expired_or_used_answer_is_wrong() {
    for code in [
        "missing-input-response",
        "invalid-input-response",
        "timeout-or-duplicate",
    ] {
        let siteverify = Siteverify::says(200, &failure(code)).await;
        assert_eq!(siteverify.is_solved("token").await, Ok(false), "{code}");
        assert_eq!(siteverify.asked().len(), 1, "{code} is not tried again");
    }
}

#[tokio::test]
async fn a_malformed_answer_is_not_sent() {
    let siteverify = Siteverify::says(200, &success()).await;
    assert_eq!(siteverify.is_solved("").await, Ok(false));
    assert_eq!(siteverify.is_solved(&"x".repeat(2049)).await, Ok(false));
    assert!(siteverify.asked().is_empty());
    assert_eq!(siteverify.is_solved(&"x".repeat(2048)).await, Ok(true));
}

#[tokio::test]
async fn any_other_response_is_an_error_and_never_a_success() {
    for (status, said, code) in [
        (200, failure("internal-error"), "internal-error"),
        (200, failure("bad-request"), "bad-request"),
        (200, failure("invalid-input-secret"), "invalid-input-secret"),
        (200, failure("missing-input-secret"), "missing-input-secret"),
        (
            200,
            json!({"success": false, "error-codes": ["invalid-input-response", "internal-error"]}),
            "internal-error",
        ),
        (200, failure("something-new"), "unknown error"),
        (200, json!({"success": false}), "unreadable response"),
        (200, json!({"success": "true"}), "unreadable response"),
        (200, json!({}), "unreadable response"),
        (200, json!([]), "unreadable response"),
        (500, success(), "unreadable response"),
        (403, success(), "unreadable response"),
    ] {
        let siteverify = Siteverify::says(status, &said).await;
        let expected = Err(PortError::new("siteverify", code));
        assert_eq!(siteverify.is_solved("token").await, expected, "{said}");
        assert_eq!(siteverify.asked().len(), 1, "{said}: not tried again");
    }
    for (status, body) in [(200, "<html>"), (200, ""), (502, "Bad Gateway")] {
        let siteverify = Siteverify::answers(status, body.to_owned()).await;
        let expected = Err(PortError::new("siteverify", "unreadable response"));
        assert_eq!(siteverify.is_solved("token").await, expected, "{body}");
    }
}

#[tokio::test]
async fn a_timeout_and_a_refused_connection_are_errors() {
    let (url, listener) = listen().await;
    let silent = turnstile(&url).is_solved(&Secret::new("token")).await;
    assert_eq!(silent, Err(PortError::new("siteverify", "timeout")));
    drop(listener);
    let closed = turnstile(&url).is_solved(&Secret::new("token")).await;
    assert_eq!(
        closed,
        Err(PortError::new("siteverify", "connection failed"))
    );
}

#[tokio::test]
async fn the_key_is_read_again_when_it_is_refused() {
    let ministack = Ministack::shared().await;
    let id = "latchstring/turnstile";
    let create = json!({"Name": id, "SecretString": "old-key\n"});
    ministack.call("secretsmanager.CreateSecret", &create).await;
    let siteverify = Siteverify::says(200, &failure("invalid-input-secret")).await;
    let key = SecretSetting::Secret(id.to_owned());
    let turnstile = Turnstile::new(&ministack.aws(), environment(&siteverify.url, key));
    let answer = Secret::new("token");
    turnstile.is_solved(&answer).await.expect_err("a fault");
    let put = json!({"SecretId": id, "SecretString": "new-key"});
    ministack.call("secretsmanager.PutSecretValue", &put).await;
    turnstile.is_solved(&answer).await.expect_err("a fault");
    let keys: Vec<_> = siteverify
        .asked()
        .iter()
        .map(|sent| sent["secret"].clone())
        .collect();
    assert_eq!(keys, ["old-key", "new-key"]);

    let nowhere = SecretSetting::Secret("latchstring/none".to_owned());
    let turnstile = Turnstile::new(&ministack.aws(), environment(&siteverify.url, nowhere));
    let fault = turnstile.is_solved(&answer).await.expect_err("no key");
    assert_eq!(fault.call, "GetSecretValue");
    assert_eq!(siteverify.asked().len(), 2);
}

#[test]
fn no_key_and_no_answer_shows_in_debug() {
    let shown = format!("{:?}", turnstile("https://example.com/x"));
    assert_eq!(shown, "Turnstile(…)");
}
