//! Authentication of requests.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};

use crate::support::{ALICE, API_KEY, TestApi};

const QUERY: &str = r#"{"query":"{ __typename }"}"#;

fn unauthorized(message: &str) -> Value {
    json!({"errors": [{"errorType": "UnauthorizedException", "message": message}]})
}

#[tokio::test]
async fn the_api_key_is_accepted() {
    let (status, body) = TestApi::new().post(&[("x-api-key", API_KEY)], QUERY).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(body, json!({"data": {"__typename": "Query"}}));
}

#[tokio::test]
async fn a_token_is_accepted_with_and_without_bearer() {
    for token in [ALICE.to_owned(), format!("Bearer {ALICE}")] {
        let (status, _) = TestApi::new()
            .post(&[("authorization", &token)], QUERY)
            .await;
        assert_eq!(status, StatusCode::OK);
    }
}

#[tokio::test]
async fn a_request_without_credentials_is_refused() {
    let (status, body) = TestApi::new().post(&[], QUERY).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        body,
        unauthorized("Valid authorization header not provided.")
    );
}

#[tokio::test]
async fn a_wrong_api_key_is_refused() {
    let longer = format!("{API_KEY}x");
    for key in ["", "da2", "da2-testtesttesttesttesttesT", &longer] {
        let (status, body) = TestApi::new().post(&[("x-api-key", key)], QUERY).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
        assert_eq!(
            body,
            unauthorized("You are not authorized to make this call.")
        );
    }
}

#[tokio::test]
async fn an_invalid_token_is_refused_with_the_reason() {
    let cases = [
        ("junk", "Unable to parse JWT token."),
        ("expired", "Token has expired."),
        ("forged", "You are not authorized to make this call."),
    ];
    for (token, message) in cases {
        let (status, body) = TestApi::new()
            .post(&[("authorization", token)], QUERY)
            .await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
        assert_eq!(body, unauthorized(message));
    }
}

#[tokio::test]
async fn an_api_key_takes_precedence_over_a_valid_token() {
    let api = TestApi::new().answering("me", Value::Null);
    let both = [("x-api-key", API_KEY), ("authorization", ALICE)];
    let answer = api.graphql(&both, json!({"query": "{ me { id } }"})).await;
    assert_eq!(answer["errors"][0]["errorType"], "Unauthorized");

    let (status, _) = api
        .post(&[("x-api-key", "wrong"), ("authorization", ALICE)], QUERY)
        .await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_refusal_names_its_type_in_a_header() {
    let request = Request::post("/graphql").body(Body::from(QUERY)).unwrap();
    let (_, headers, _) = TestApi::new().send(request).await;
    assert_eq!(headers["x-amzn-errortype"], "UnauthorizedException");
}

#[tokio::test]
async fn a_refusal_without_credentials_does_not_depend_on_the_body() {
    for body in ["", "{", "[]", r#"{"query":"{ nonsense }"}"#] {
        let (status, _) = TestApi::new().post(&[], body).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
    }
}
