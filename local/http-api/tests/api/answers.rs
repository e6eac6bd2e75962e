//! The answers to clients.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Reply, TestApi, is_refused};

async fn sent(answer: Value) -> (axum::http::StatusCode, axum::http::HeaderMap, String) {
    let api = TestApi::answering(answer);
    let (status, headers, body) = api.send("POST", "/v1/sign-in", &[], "").await;
    (status, headers, String::from_utf8_lossy(&body).into_owned())
}

#[tokio::test]
async fn status_headers_cookies_and_body_are_the_functions() {
    let (status, headers, body) = sent(json!({
        "statusCode": 429,
        "headers": {"Content-Type": "application/problem+json", "Retry-After": 30},
        "cookies": ["a=1; Secure", "b=2"],
        "body": "{\"a\":1}",
    }))
    .await;
    assert_eq!(status, 429);
    assert_eq!(headers["content-type"], "application/problem+json");
    assert_eq!(headers["retry-after"], "30");
    let cookies: Vec<_> = headers.get_all("set-cookie").iter().collect();
    assert_eq!(cookies, ["a=1; Secure", "b=2"]);
    assert!(headers.contains_key("apigw-requestid"));
    assert_eq!(body, "{\"a\":1}");
}

#[tokio::test]
async fn a_body_in_base64_is_decoded() {
    let answer = json!({"statusCode": 200, "body": "aGk=", "isBase64Encoded": true});
    let (_, headers, body) = sent(answer).await;
    assert_eq!(body, "hi");
    assert_eq!(headers["content-type"], "text/plain;charset=UTF-8");
}

#[tokio::test]
async fn no_content_has_no_type() {
    let (status, headers, body) = sent(json!({"statusCode": 204})).await;
    assert_eq!(status, 204);
    assert_eq!(headers.get("content-type"), None);
    assert!(body.is_empty());
}

#[tokio::test]
async fn an_answer_without_a_status_is_the_body() {
    for answer in [json!({"data": {"a": 1}}), json!("text"), json!(null)] {
        let (status, headers, body) = sent(answer.clone()).await;
        assert_eq!(status, 200);
        assert_eq!(headers["content-type"], "application/json");
        assert_eq!(body, answer.to_string());
    }
}

#[tokio::test]
async fn a_malformed_answer_is_an_internal_error() {
    for answer in [
        json!({"statusCode": "ok"}),
        json!({"statusCode": 42}),
        json!({"statusCode": 200, "body": {"a": 1}}),
        json!({"statusCode": 200, "body": "?", "isBase64Encoded": true}),
        json!({"statusCode": 200, "headers": []}),
        json!({"statusCode": 200, "headers": {"a": ["b"]}}),
        json!({"statusCode": 200, "headers": {"a": "b\nc: d"}}),
        json!({"statusCode": 200, "cookies": [1]}),
    ] {
        let api = TestApi::answering(answer);
        let answer = api.send("POST", "/v1/sign-in", &[], "").await;
        is_refused(&answer, 500, "Internal Server Error");
    }
}

#[tokio::test]
async fn a_function_that_fails_reveals_nothing() {
    for reply in [Reply::Throw, Reply::Panic] {
        let api = TestApi::with(reply, |api| api);
        let answer = api.send("POST", "/v1/sign-in", &[], "").await;
        is_refused(&answer, 500, "Internal Server Error");
    }
}

#[tokio::test]
async fn a_function_that_hangs_is_given_up() {
    let api = TestApi::with_time_limit(Reply::Never, Duration::from_millis(1));
    let answer = api.send("POST", "/v1/sign-in", &[], "").await;
    is_refused(&answer, 503, "Service Unavailable");
}
