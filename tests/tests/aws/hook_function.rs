//! The function that decides about new accounts: its event, and each of its answers.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::http::{StatusCode, Uri};
use axum::response::IntoResponse;
use latchstring_aws::LambdaAdmissionHook;
use latchstring_core::identifier::{Identifier, Method};
use latchstring_core::invite::Membership;
use latchstring_core::locale::Locale;
use latchstring_core::ports::{AdmissionDecision, AdmissionHook, AdmissionQuestion, PortError};
use latchstring_tests::{aws_at, note};
use serde_json::{Value, json};
use tokio::net::TcpListener;

const CONTACT: &str = "ada.hook@example.com";

type Invocations = Arc<Mutex<Vec<(String, Value)>>>;

/// Decides by a function that answers so: the decision, and the paths and events of the invocations.
async fn decide(
    answer: (u16, bool, &'static str),
    locale: Option<Locale>,
    invitation: Option<&Membership>,
) -> (Result<AdmissionDecision, PortError>, Vec<(String, Value)>) {
    note(CONTACT);
    let invocations = Invocations::default();
    let noted = Arc::clone(&invocations);
    let function = move |uri: Uri, body: Bytes| async move {
        let event = serde_json::from_slice(&body).expect("JSON");
        noted
            .lock()
            .expect("no panic")
            .push((uri.path().to_owned(), event));
        let (status, is_error, text) = answer;
        let error = is_error.then_some([("x-amz-function-error", "Unhandled")]);
        let status = StatusCode::from_u16(status).expect("a status");
        match error {
            Some(error) => (status, error, text).into_response(),
            None => (status, text).into_response(),
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let served =
        tokio::spawn(async { axum::serve(listener, Router::new().fallback(function)).await });
    let hook = LambdaAdmissionHook::new(&aws_at(&url), "admit:live");
    let contact = Identifier::parse(Method::Email, CONTACT).expect("an address");
    let decided = hook
        .decide(&AdmissionQuestion {
            contact: &contact,
            client: "client",
            locale,
            invitation,
        })
        .await;
    served.abort();
    let invocations = invocations.lock().expect("no panic").clone();
    (decided, invocations)
}

#[tokio::test]
async fn the_function_gets_the_contact_and_its_invitation() {
    let attributes = [("custom:team".to_owned(), "blue".to_owned())];
    let groups = ["staff".to_owned()];
    let membership = Membership::new(attributes.into(), groups.into()).expect("a membership");
    let admitted = (200, false, r#"{"admit": true, "groups": ["editors"]}"#);
    let (decided, invocations) = decide(admitted, Some(Locale::De), Some(&membership)).await;
    let Ok(AdmissionDecision::Admit(given)) = decided else {
        panic!("it admits");
    };
    assert_eq!(given.groups(), &["editors".to_owned()].into());
    let [(path, event)] = &invocations[..] else {
        panic!("one invocation");
    };
    assert_eq!(path, "/2015-03-31/functions/admit%3Alive/invocations");
    assert_eq!(
        *event,
        json!({
            "contact": CONTACT, "method": "email", "client": "client", "locale": "de",
            "invitation": { "attributes": { "custom:team": "blue" }, "groups": ["staff"] },
        })
    );
    let (decided, invocations) = decide((200, false, r#"{"admit": false}"#), None, None).await;
    assert_eq!(decided, Ok(AdmissionDecision::Refuse));
    let event = json!({ "contact": CONTACT, "method": "email", "client": "client" });
    assert_eq!(invocations[0].1, event);
}

/// An error of the function is no answer, whatever its payload says, and neither is one of Lambda.
#[tokio::test]
async fn a_function_that_throws_or_is_missing_admits_no_one() {
    for answer in [
        (200, true, r#"{"admit": true}"#),
        (200, true, r#"{"errorMessage": "it rains"}"#),
        (200, false, r#"{"admit": "true"}"#),
        (200, false, ""),
        (404, false, r#"{"admit": true}"#),
        (429, false, r#"{"admit": true}"#),
        (500, false, r#"{"admit": true}"#),
    ] {
        let (decided, invocations) = decide(answer, None, None).await;
        let fault = decided.expect_err("no decision");
        assert_eq!(fault.call, "Invoke");
        assert!(!fault.to_string().contains("rains"));
        // The core invokes it once more, within its own time.
        assert_eq!(invocations.len(), 1, "{answer:?}");
    }
}
