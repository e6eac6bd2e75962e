//! The resolvers as processes, invoked with events of an HTTP API.

use latchstring_tests::{Answered, Program, RuntimeApi, note};
use serde_json::{Value, json};

use crate::lambdas::{end, needs, response};

const SIGN_IN: &str = "latchstring-sign-in";
const SIGN_UP: &str = "latchstring-sign-up";
const SECRET: &str = "c2VjcmV0IG9mIGNsb3VkZnJvbnQgZm9yIHRlc3Rz";

fn event(path: &str, body: &Value) -> Value {
    json!({
        "version": "2.0",
        "rawPath": path,
        "headers": {"content-type": "application/json"},
        "requestContext": {"http": {"method": "POST", "sourceIp": "192.0.2.7"}},
        "body": body.to_string(),
        "isBase64Encoded": false,
    })
}

async fn start(package: &str, more: &[(&str, &str)]) -> (Program, RuntimeApi) {
    let host = RuntimeApi::listen().await;
    let mut environment = host.environment();
    environment.extend(needs(package));
    for (name, value) in more {
        environment.push(((*name).to_owned(), (*value).to_owned()));
    }
    let program = Program::lambda(package, package, &environment);
    (program, host)
}

/// Returns the status of a response, and the type of its problem.
async fn invoke(host: &mut RuntimeApi, event: &Value) -> (u64, String) {
    let response = response(host.invoke(event).await);
    let body: Value = response["body"]
        .as_str()
        .and_then(|body| serde_json::from_str(body).ok())
        .expect("a problem");
    let kind = body["type"].as_str().unwrap_or_default();
    let kind = kind.rsplit(':').next().unwrap_or_default().to_owned();
    (response["statusCode"].as_u64().unwrap_or_default(), kind)
}

#[tokio::test]
async fn a_request_is_logged_by_its_route_and_nothing_else() {
    let (typed, path) = ("grace@example.com", "/v1/secret-path-of-a-caller");
    note(typed);
    note(path);
    let (program, mut host) = start(SIGN_IN, &[]).await;
    let body = json!({"emailOrPhone": typed});
    // Cognito does not answer: no server listens there.
    let refused = invoke(&mut host, &event("/v1/sign-in", &body)).await;
    assert_eq!(refused, (503, "Unavailable".to_owned()));
    let refused = invoke(&mut host, &event(path, &body)).await;
    assert_eq!(refused, (404, "NotFound".to_owned()));
    // The other function serves it.
    let refused = invoke(&mut host, &event("/v1/names", &body)).await;
    assert_eq!(refused, (404, "NotFound".to_owned()));
    let log = end(program).await;
    let lines: Vec<_> = log
        .iter()
        .filter(|line| line["message"] == "resolver")
        .collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0]["route"], "POST /v1/sign-in");
    assert_eq!(lines[0]["outcome"], "Unavailable");
    assert!(lines[0]["identifier"].is_string() && lines[0]["cause"].is_string());
    assert!(lines[0]["field"].is_null());
    for line in &lines[1..] {
        assert_eq!(line["outcome"], "NotFound");
        assert!(line["route"].is_null() && line["identifier"].is_null());
    }
    let timed: Vec<_> = log
        .iter()
        .filter(|line| line["HandlerMs"].is_u64())
        .collect();
    assert_eq!(timed.len(), 1);
    assert_eq!(timed[0]["Function"], "POST /v1/sign-in");
}

#[tokio::test]
async fn both_functions_require_the_secret_of_cloudfront() {
    note(SECRET);
    let set = [("CLOUDFRONT_SECRET", SECRET)];
    for (package, path, admitted) in [
        (SIGN_IN, "/v1/sign-in/answer", (400, "MalformedRequest")),
        (SIGN_UP, "/v1/names", (401, "NotSignedIn")),
    ] {
        let (program, mut host) = start(package, &set).await;
        let mut event = event(path, &json!({}));
        let refused = invoke(&mut host, &event).await;
        assert_eq!(refused, (403, "Forbidden".to_owned()));
        event["headers"]["x-origin-verify"] = json!(SECRET);
        let (status, kind) = admitted;
        let answered = invoke(&mut host, &event).await;
        assert_eq!(answered, (status, kind.to_owned()));
        end(program).await;
    }
}

#[tokio::test]
async fn an_unreadable_http_event_gets_a_fixed_text() {
    let (program, mut host) = start(SIGN_UP, &[]).await;
    let unreadable = json!({"requestContext": {"http": {"method": "ada@example.com"}}});
    match host.invoke(&unreadable).await {
        Answered::Error(kind, text) => {
            assert_eq!(kind, "UnreadableEvent");
            assert_eq!(text, "The event could not be read.");
        }
        Answered::Response(response) => panic!("it answered: {response}"),
    }
    end(program).await;
}
