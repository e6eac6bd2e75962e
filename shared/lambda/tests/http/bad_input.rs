//! Requests that are not requests of a client. No answer repeats a value of one.

use serde_json::json;

use crate::documented::document;
use crate::world::{ADA, World};

const JSON: (&str, &str) = ("content-type", "application/json");

/// The methods and paths of the document.
fn routes() -> Vec<(String, String)> {
    let paths = document()["paths"].as_object().unwrap();
    let routes = paths.iter().flat_map(|(path, operations)| {
        let methods = operations.as_object().unwrap().keys();
        methods.map(move |method| (method.to_ascii_uppercase(), path.clone()))
    });
    routes.collect()
}

#[tokio::test]
async fn an_unknown_path_is_not_found() {
    let world = World::new();
    for path in [
        "/",
        "",
        "/v1",
        "/v1/",
        "/v1/sign-in/",
        "/v1//sign-in",
        "/v1/sign-in/unknown",
        "/v1/SIGN-IN",
        "/v1/sign-in%2fanswer",
        "/v2/sign-in",
        "/sign-in",
        "/xv1/sign-in",
        "/v1/accounts/../sign-in",
        "/openapi.json",
    ] {
        let reply = world.request("POST", path, &[JSON], "{}").await;
        assert_eq!((reply.status, reply.problem()), (404, "NotFound"), "{path}");
    }
    // Each function serves its own routes alone.
    let event = json!({
        "rawPath": "/v1/names",
        "requestContext": { "http": { "method": "POST" } },
    });
    let answered = latchstring_lambda::answer(&world.sign_in, event).await;
    assert_eq!(answered.unwrap().value["statusCode"], 404);
}

#[tokio::test]
async fn a_stage_or_a_base_path_may_stand_before_a_route() {
    let world = World::new();
    for before in ["", "/prod", "/auth/api", "/v1"] {
        let path = format!("{before}/v1/sign-in/ticket");
        let body = json!({ "emailOrPhone": ADA }).to_string();
        let event = json!({
            "rawPath": path,
            "headers": { "content-type": "application/json" },
            "body": body,
            "requestContext": { "http": { "method": "POST", "sourceIp": "192.0.2.1" } },
        });
        let response = world.send(event).await.unwrap();
        assert_eq!(response["statusCode"], 200, "{path}");
    }
}

#[tokio::test]
async fn another_method_is_not_allowed_and_the_right_one_named() {
    let world = World::new();
    let routes = routes();
    assert_eq!(routes.len(), 18);
    for (allowed, path) in routes {
        for method in [
            "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "", "post",
        ] {
            if method == allowed {
                continue;
            }
            let reply = world.request(method, &path, &[JSON], "{}").await;
            assert_eq!((reply.status, reply.problem()), (405, "MethodNotAllowed"));
            assert_eq!(reply.headers["allow"], *allowed, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn a_body_of_another_type_is_refused() {
    let world = World::new();
    let body = json!({ "emailOrPhone": ADA }).to_string();
    for content_type in [
        "application/x-www-form-urlencoded",
        "text/plain",
        "application/jsonp",
        "application/json-patch+json",
        "text/plain; application/json",
        "",
    ] {
        let headers = [("content-type", content_type)];
        let reply = world.request("POST", "/v1/sign-in", &headers, &body).await;
        assert_eq!(
            (reply.status, reply.problem()),
            (415, "UnsupportedMediaType")
        );
    }
    let reply = world.request("POST", "/v1/sign-in", &[], &body).await;
    assert_eq!(reply.status, 415);
    assert_eq!(world.sent(), 0);
    for content_type in ["application/json; charset=utf-8", "Application/JSON"] {
        let headers = [("Content-Type", content_type)];
        let path = "/v1/sign-in/ticket";
        let reply = world.request("POST", path, &headers, &body).await;
        assert_eq!(reply.status, 200, "{content_type}");
    }
}

#[tokio::test]
async fn a_body_over_64_kb_is_too_large_in_either_encoding() {
    let world = World::new();
    let padded = |length: usize| {
        let body = json!({ "emailOrPhone": ADA, "unknown": "" }).to_string();
        let padding = " ".repeat(length - body.len());
        format!("{body}{padding}")
    };
    for (length, status) in [(65_536, 200), (65_537, 413), (200_000, 413)] {
        let body = padded(length);
        let path = "/v1/sign-in/ticket";
        let reply = world.request("POST", path, &[JSON], &body).await;
        assert_eq!(reply.status, status, "{length}");
        let event = json!({
            "rawPath": path,
            "headers": { "content-type": "application/json" },
            "body": data_encoding::BASE64.encode(body.as_bytes()),
            "isBase64Encoded": true,
            "requestContext": { "http": { "method": "POST", "sourceIp": "192.0.2.1" } },
        });
        let response = world.send(event).await.unwrap();
        assert_eq!(response["statusCode"], status, "{length} in base64");
    }
    let reply = world
        .request("POST", "/v1/sign-in", &[JSON], &padded(65_537))
        .await;
    assert_eq!(reply.problem(), "ContentTooLarge");
}

#[tokio::test]
async fn a_malformed_body_is_a_problem_without_its_values() {
    let world = World::new();
    for (body, detail) in [
        ("", "The body is not valid JSON."),
        ("secret-secret", "The body is not valid JSON."),
        (
            "{\"emailOrPhone\": \"secret-secret\"",
            "The body is not valid JSON.",
        ),
        ("\"secret-secret\"", "The body is not a JSON object."),
        ("[{}]", "The body is not a JSON object."),
        ("null", "The body is not a JSON object."),
        ("{}", "The member `emailOrPhone` is missing."),
        (
            "{\"secret-secret\": 1}",
            "The member `emailOrPhone` is missing.",
        ),
        (
            "{\"emailOrPhone\": {\"secret-secret\": 1}}",
            "The member `emailOrPhone` has a wrong type or value.",
        ),
        (
            "{\"emailOrPhone\": null}",
            "The member `emailOrPhone` has a wrong type or value.",
        ),
        (
            "{\"emailOrPhone\": \"a\", \"method\": \"secret-secret\"}",
            "The member `method` has a wrong type or value.",
        ),
        (
            "{\"emailOrPhone\": \"a\", \"resume\": [\"secret-secret\"]}",
            "The member `resume` has a wrong type or value.",
        ),
    ] {
        let reply = world.request("POST", "/v1/sign-in", &[JSON], body).await;
        assert_eq!((reply.status, reply.problem()), (400, "MalformedRequest"));
        assert_eq!(reply.body["detail"], detail, "{body}");
        assert!(!reply.text.contains("secret-secret"));
    }
    let deep = "[".repeat(60_000);
    let reply = world.request("POST", "/v1/sign-in", &[JSON], &deep).await;
    assert_eq!(reply.problem(), "MalformedRequest");
    assert_eq!(world.sent(), 0);
}

#[tokio::test]
async fn every_route_names_its_missing_member() {
    let world = World::new();
    for (path, member) in [
        ("/v1/sign-in", "emailOrPhone"),
        ("/v1/sign-in/ticket", "emailOrPhone"),
        ("/v1/sign-in/answer", "continuation"),
        ("/v1/sign-in/resend", "continuation"),
        ("/v1/contacts/undo", "continuation"),
        ("/v1/sign-up", "emailOrPhone"),
        ("/v1/names", "givenName"),
        ("/v1/contacts/change", "emailOrPhone"),
    ] {
        let reply = world.post_as_ada(path, &json!({})).await;
        let detail = format!("The member `{member}` is missing.");
        assert_eq!(reply.body["detail"], detail, "{path}");
    }
}

#[tokio::test]
async fn unknown_members_are_ignored() {
    let world = World::new();
    let body = json!({
        "emailOrPhone": ADA,
        "proof": "forged",
        "complete": true,
        "username": "username-of-ada",
        "nested": { "emailOrPhone": 1 },
    });
    let reply = world.post("/v1/sign-in", &body).await;
    assert_eq!((reply.status, world.sent()), (200, 1));
}

#[tokio::test]
async fn an_identifier_is_refused_with_its_reason_alone() {
    let world = World::new();
    for typed in ["", "ada", "ada@", "@example.com", "+1", "<ada@example.com>"] {
        let body = json!({ "emailOrPhone": typed });
        let reply = world.post("/v1/sign-in", &body).await;
        assert_eq!((reply.status, reply.problem()), (400, "InvalidIdentifier"));
        assert!(!reply.text.contains("ada@") && !reply.text.contains("example.com\""));
    }
}
