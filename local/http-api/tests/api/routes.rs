//! The routes, and the limits of a request.

use latchstring_local_http_api::MAX_BODY;

use crate::support::{TestApi, is_refused};

#[tokio::test]
async fn a_route_calls_its_own_function() {
    let api = TestApi::new();
    let (status, ..) = api.send("POST", "/v1/sign-in?a=b", &[], "").await;
    assert_eq!(status, 200);
    let calls = api.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].0, "open");
}

/// API Gateway has no answer 405: without a route there is no path.
#[tokio::test]
async fn an_unknown_path_or_method_is_not_found() {
    let api = TestApi::new();
    for (method, path) in [
        ("POST", "/v1"),
        ("POST", "/v1/"),
        ("POST", "/v1/sign-in/"),
        ("POST", "/v1/sign-in/answer"),
        ("POST", "/v1//sign-in"),
        ("POST", "/v1/Sign-In"),
        ("GET", "/v1/sign-in"),
        ("PUT", "/v1/sign-in"),
        ("OPTIONS", "/v1/sign-in"),
        // No token is verified for a path that is not there.
        ("POST", "/v1/pending"),
    ] {
        is_refused(&api.send(method, path, &[], "").await, 404, "Not Found");
    }
    assert!(api.calls().is_empty());
}

#[tokio::test]
async fn a_body_of_more_than_10_mb_is_refused() {
    let api = TestApi::new();
    let answer = api.send("POST", "/v1/sign-in", &[], vec![b' '; MAX_BODY]);
    assert_eq!(answer.await.0, 200);
    let answer = api.send("POST", "/v1/sign-in", &[], vec![b' '; MAX_BODY + 1]);
    is_refused(&answer.await, 413, "Request Entity Too Large");
    assert_eq!(api.calls().len(), 1);
}
