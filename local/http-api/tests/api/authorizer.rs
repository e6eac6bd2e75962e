//! The JWT authorizer.

use crate::support::{ACCESS, ID, TestApi, is_refused};

#[tokio::test]
async fn a_token_of_a_client_is_accepted() {
    for token in [ACCESS, ID, "list"] {
        for header in [token.to_owned(), format!("Bearer {token}")] {
            let api = TestApi::new();
            let headers = [("authorization", header.as_str())];
            let (status, ..) = api.send("GET", "/v1/pending", &headers, "").await;
            assert_eq!(status, 200, "{header}");
            assert_eq!(api.calls()[0].0, "account");
        }
    }
}

#[tokio::test]
async fn any_other_token_is_refused_before_the_function() {
    let api = TestApi::new();
    let answer = api.send("GET", "/v1/pending", &[], "").await;
    is_refused(&answer, 401, "Unauthorized");
    assert_eq!(answer.1["www-authenticate"], "Bearer");
    for (token, description) in [
        ("expired", Some("the token has expired")),
        (
            "of another client",
            Some("the token does not have a valid audience"),
        ),
        (
            "of two clients",
            Some("the token does not have a valid audience"),
        ),
        (
            "of no client",
            Some("the token does not have a valid audience"),
        ),
        ("forged", None),
        ("", None),
        ("bearer alice-access", None),
    ] {
        let answer = api
            .send("GET", "/v1/pending", &[("authorization", token)], "")
            .await;
        is_refused(&answer, 401, "Unauthorized");
        let challenge = answer.1["www-authenticate"].to_str().expect("a text");
        assert!(challenge.starts_with("Bearer scope=\"\" error=\"invalid_token\""));
        let described = description.is_none_or(|text| challenge.contains(text));
        assert!(described, "{token}: {challenge}");
    }
    assert!(api.calls().is_empty());
}

#[tokio::test]
async fn an_open_route_ignores_tokens() {
    let api = TestApi::new();
    for token in [ACCESS, "forged"] {
        let (status, ..) = api
            .send("POST", "/v1/sign-in", &[("authorization", token)], "")
            .await;
        assert_eq!(status, 200);
    }
    assert!(
        api.calls()
            .iter()
            .all(|(_, event)| { event["requestContext"].get("authorizer").is_none() })
    );
}
