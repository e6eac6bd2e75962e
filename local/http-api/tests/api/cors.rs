//! CORS.

use crate::support::{PAGE, TestApi};

#[tokio::test]
async fn a_preflight_is_answered_without_the_function() {
    let api = TestApi::with_cors();
    for (path, origin) in [
        ("/v1/sign-in", PAGE),
        ("/v1/names", PAGE),
        ("/v1/nothing", PAGE),
    ] {
        let headers = [
            ("origin", origin),
            ("access-control-request-method", "POST"),
        ];
        let (status, headers, body) = api.send("OPTIONS", path, &headers, "").await;
        assert_eq!(status, 204);
        assert!(body.is_empty());
        for (name, value) in [
            ("access-control-allow-origin", PAGE),
            ("access-control-allow-methods", "GET,POST"),
            ("access-control-allow-headers", "authorization,content-type"),
            ("access-control-max-age", "3600"),
        ] {
            assert_eq!(headers[name], value);
        }
    }
    assert!(api.calls().is_empty());
}

#[tokio::test]
async fn another_origin_gets_no_permission() {
    let api = TestApi::with_cors();
    for (method, headers) in [
        ("OPTIONS", vec![("origin", "https://evil.example")]),
        ("POST", vec![("origin", "https://evil.example")]),
        ("POST", vec![]),
    ] {
        let (_, headers, _) = api.send(method, "/v1/sign-in", &headers, "").await;
        let permits = headers
            .keys()
            .any(|name| name.as_str().starts_with("access-control"));
        assert!(!permits, "{method}");
    }
}

#[tokio::test]
async fn an_answer_has_the_apis_headers_and_not_the_functions() {
    let api = TestApi::with_cors();
    // Also an answer of API Gateway itself, so that the page can read it.
    for path in ["/v1/sign-in", "/v1/nothing", "/v1/names"] {
        let (_, headers, _) = api.send("POST", path, &[("origin", PAGE)], "").await;
        assert_eq!(headers["access-control-allow-origin"], PAGE);
        assert_eq!(headers["access-control-expose-headers"], "retry-after");
        assert!(headers.get_all("vary").iter().any(|vary| vary == "origin"));
    }
}

#[tokio::test]
async fn cookies_need_a_permission_of_their_own() {
    const CREDENTIALS: &str = "access-control-allow-credentials";
    for (allows, granted) in [(false, None), (true, Some("true"))] {
        let api = TestApi::with_cors_that(allows);
        for method in ["OPTIONS", "POST"] {
            for (origin, granted) in [(PAGE, granted), ("https://evil.example", None)] {
                let sent = [("origin", origin)];
                let (_, headers, _) = api.send(method, "/v1/sign-in", &sent, "").await;
                let found = headers
                    .get(CREDENTIALS)
                    .map(|it| it.to_str().expect("text"));
                assert_eq!(found, granted, "{method}");
            }
        }
    }
}
