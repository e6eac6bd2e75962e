//! `latchstring invite` as a program, against a Lambda that keeps the events and returns a fixed answer.

use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;

const ADDRESS: &str = "ada@example.com";
const STACK: &str = "<DescribeStacksResponse><Outputs><member><OutputKey>SignUp</OutputKey>\
    <OutputValue>acme-sign-up</OutputValue></member></Outputs></DescribeStacksResponse>";

/// The invocations, and the answer of each further one.
#[derive(Clone)]
struct Lambda {
    invoked: Arc<Mutex<Vec<(String, Value)>>>,
    answer: Value,
    throws: bool,
    stack: &'static str,
}

impl Lambda {
    fn answering(answer: Value) -> Self {
        Self {
            invoked: Arc::default(),
            answer,
            throws: false,
            stack: STACK,
        }
    }

    async fn serve(&self) -> String {
        let router = Router::new()
            .route("/2015-03-31/functions/{name}/invocations", post(invoke))
            .route("/", post(describe))
            .with_state(self.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move { axum::serve(listener, router).await });
        format!("http://{address}")
    }

    fn invoked(&self) -> Vec<(String, Value)> {
        self.invoked.lock().expect("no panic").clone()
    }
}

async fn invoke(
    State(lambda): State<Lambda>,
    Path(name): Path<String>,
    headers: HeaderMap,
    event: String,
) -> Response {
    assert!(headers.contains_key("authorization"), "unsigned");
    let event = serde_json::from_str(&event).expect("JSON");
    lambda.invoked.lock().expect("no panic").push((name, event));
    if lambda.answer == "denied" {
        let error = HeaderName::from_static("x-amzn-errortype");
        let message = Json(json!({ "Message": ADDRESS }));
        return (
            StatusCode::FORBIDDEN,
            [(error, "AccessDeniedException")],
            message,
        )
            .into_response();
    }
    if lambda.throws {
        let error = HeaderName::from_static("x-amz-function-error");
        return ([(error, "Unhandled")], Json(lambda.answer)).into_response();
    }
    Json(lambda.answer).into_response()
}

async fn describe(State(lambda): State<Lambda>, form: String) -> &'static str {
    assert!(form.contains("Action=DescribeStacks"), "{form}");
    lambda.stack
}

fn invite(endpoint: &str, arguments: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_latchstring"))
        .arg("invite")
        .args(arguments)
        .env_clear()
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_ENDPOINT_URL", endpoint)
        .output()
        .expect("it starts");
    for text in [&output.stdout, &output.stderr] {
        assert!(
            !String::from_utf8_lossy(text).contains(ADDRESS),
            "{output:?}"
        );
    }
    output
}

/// Runs the program where the function has this answer. Returns the status, the texts and the events.
async fn run(lambda: &Lambda, arguments: &'static [&'static str]) -> (i32, String, String) {
    let endpoint = lambda.serve().await;
    let running = tokio::task::spawn_blocking(move || invite(&endpoint, arguments));
    let output = running.await.expect("it ends");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    let status = output.status.code().expect("a status");
    (status, text(output.stdout), text(output.stderr))
}

#[tokio::test]
async fn an_invitation_is_an_event_of_the_function() {
    let lambda = Lambda::answering(json!({}));
    let (status, text, _) = run(&lambda, &[ADDRESS, "--function", "acme-sign-up"]).await;
    assert_eq!(
        (status, &*text),
        (
            0,
            "Invited. Nothing was sent: tell the owner of the contact.\n"
        )
    );
    let arguments = &[
        ADDRESS,
        "--function",
        "arn:aws:lambda:eu-west-1:111122223333:function:acme-sign-up",
        "--method",
        "EMAIL",
        "--days",
        "3",
        "--group",
        "staff",
        "--group",
        "admins",
        "--attribute",
        "custom:team=a=b",
        "--attribute",
        "locale=de",
        "--json",
    ];
    let (status, text, _) = run(&lambda, arguments).await;
    let printed: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((status, &printed["outcome"]), (0, &"invited".into()));
    let whole = json!({
        "emailOrPhone": ADDRESS,
        "method": "EMAIL",
        "days": 3,
        "groups": ["admins", "staff"],
        "attributes": { "custom:team": "a=b", "locale": "de" },
    });
    let least = json!({ "emailOrPhone": ADDRESS, "groups": [], "attributes": {} });
    assert_eq!(
        lambda.invoked(),
        [
            ("acme-sign-up".to_owned(), json!({ "invite": least })),
            (
                "arn:aws:lambda:eu-west-1:111122223333:function:acme-sign-up".to_owned(),
                json!({ "invite": whole })
            ),
        ]
    );
}

#[tokio::test]
async fn a_withdrawal_finds_the_function_by_the_stack() {
    let lambda = Lambda::answering(json!({}));
    let (status, text, _) = run(&lambda, &["--withdraw", ADDRESS, "--stack", "acme"]).await;
    assert_eq!(status, 0);
    assert!(text.starts_with("Withdrawn."), "{text}");
    let event = json!({ "withdrawInvitation": { "emailOrPhone": ADDRESS } });
    assert_eq!(lambda.invoked(), [("acme-sign-up".to_owned(), event)]);
}

#[tokio::test]
async fn a_stack_without_the_function_is_not_started() {
    let lambda = Lambda {
        stack: "<DescribeStacksResponse/>",
        ..Lambda::answering(json!({}))
    };
    let (status, _, error) = run(&lambda, &[ADDRESS, "--stack", "acme"]).await;
    assert_eq!(status, 2);
    assert!(error.contains("no output SignUp"), "{error}");
    assert!(lambda.invoked().is_empty());
}

#[tokio::test]
async fn a_refusal_is_printed_with_its_type() {
    let refusal = json!({ "error": { "type": "SignUpIsOpen", "message": "Sign-up is open." } });
    let lambda = Lambda::answering(refusal.clone());
    let (status, _, error) = run(&lambda, &[ADDRESS, "--function", "f"]).await;
    assert_eq!(
        (status, &*error),
        (1, "error: SignUpIsOpen: Sign-up is open.\n")
    );
    let (status, text, _) = run(&lambda, &[ADDRESS, "--function", "f", "--json"]).await;
    let printed: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((status, &printed["outcome"]), (1, &"refused".into()));
    assert_eq!(printed["errorType"], refusal["error"]["type"]);
    assert_eq!(printed["error"], "SignUpIsOpen: Sign-up is open.");
}

#[tokio::test]
async fn a_function_that_fails_is_no_success() {
    for (answer, throws, expected) in [
        (json!({}), true, "threw an error"),
        (json!({ "data": null }), false, "not one to an invitation"),
        (
            json!("denied"),
            false,
            "lambda:InvokeFunction answered AccessDeniedException",
        ),
    ] {
        let lambda = Lambda {
            throws,
            ..Lambda::answering(answer)
        };
        let (status, text, error) = run(&lambda, &[ADDRESS, "--function", "f"]).await;
        assert_eq!((status, &*text), (1, ""), "{error}");
        assert!(error.contains(expected), "{error}");
        // A second attempt could follow a withdrawal.
        assert_eq!(lambda.invoked().len(), 1);
    }
}

#[test]
fn arguments_that_cannot_be_meant_do_not_start() {
    for arguments in [
        &[ADDRESS] as &[&str],
        &[ADDRESS, "--function", "f", "--stack", "s"],
        &[ADDRESS, "--function", "f", "--days", "0"],
        &[ADDRESS, "--function", "f", "--days", "91"],
        &[ADDRESS, "--function", "f", "--attribute", "custom:team"],
        &[ADDRESS, "--function", "f", "--method", "FAX"],
        &[ADDRESS, "--function", "f", "--withdraw", "--group", "staff"],
        &[
            ADDRESS,
            "--function",
            "arn:aws:lambda:us-east-1:111122223333:function:f",
        ],
        &["", "--function", "f"],
    ] {
        let output = invite("http://127.0.0.1:9", arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}
