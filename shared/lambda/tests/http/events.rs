//! The events of each service, from AWS's documentation, and the responses in the form that the
//! service takes.

use latchstring_lambda::PublicError;
use serde_json::{Value, json};

use crate::world::{ADA, Reply, World};

const GOLDEN: [(&str, &str); 5] = [
    ("http_api", include_str!("events/http_api.json")),
    ("function_url", include_str!("events/function_url.json")),
    ("rest_api", include_str!("events/rest_api.json")),
    ("load_balancer", include_str!("events/load_balancer.json")),
    (
        "load_balancer_multi_value",
        include_str!("events/load_balancer_multi_value.json"),
    ),
];
const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn golden() -> impl Iterator<Item = (&'static str, Value)> {
    GOLDEN
        .map(|(name, text)| (name, serde_json::from_str(text).unwrap()))
        .into_iter()
}

/// The event of a service, for another route and body.
fn event(golden: &Value, path: &str, body: &Value) -> Value {
    let mut event = golden["event"].clone();
    let member = if event["rawPath"].is_string() {
        "rawPath"
    } else {
        "path"
    };
    event[member] = json!(path);
    event["body"] = json!(body.to_string());
    event
}

/// Sets a header of an event.
fn set(event: &mut Value, name: &str, value: &str) {
    if event["multiValueHeaders"].is_object() {
        event["multiValueHeaders"][name] = json!([value]);
    }
    if event["headers"].is_object() {
        event["headers"][name] = json!(value);
    }
}

/// Decodes a response, whose headers may be lists.
fn reply(response: &Value) -> Reply {
    let mut response = response.clone();
    if response["headers"].is_null() {
        let headers = response["multiValueHeaders"].as_object().unwrap();
        let first = |(name, values): (&String, &Value)| (name.clone(), values[0].clone());
        response["headers"] = Value::Object(headers.iter().map(first).collect());
    }
    Reply::of(&response)
}

/// Changes the address that the service itself writes.
fn from(event: &mut Value, address: &str) {
    if event["requestContext"]["http"].is_object() {
        event["requestContext"]["http"]["sourceIp"] = json!(address);
    } else if event["requestContext"]["identity"].is_object() {
        event["requestContext"]["identity"]["sourceIp"] = json!(address);
    } else {
        set(event, "x-forwarded-for", &format!("192.0.2.99, {address}"));
    }
}

#[tokio::test]
async fn each_service_gets_the_response_in_its_form() {
    for (name, golden) in golden() {
        let world = World::new();
        let response = world.send(golden["event"].clone()).await.unwrap();
        assert_eq!(response, golden["response"], "{name}");
        // The order of members is part of the bytes.
        assert_eq!(response["body"], golden["response"]["body"], "{name}");
    }
}

#[tokio::test]
async fn a_user_signs_in_through_each_service() {
    for (name, golden) in golden() {
        let world = World::new();
        let body = json!({ "emailOrPhone": ADA });
        let begun = world.send(event(&golden, "/v1/sign-in", &body)).await;
        let begun = reply(&begun.unwrap());
        assert_eq!((begun.status, world.sent()), (200, 1), "{name}");
        let (code, _) = world.code();
        let body = json!({ "continuation": begun.text_of("continuation"), "answer": code });
        let answered = world
            .send(event(&golden, "/v1/sign-in/answer", &body))
            .await;
        let answered = reply(&answered.unwrap());
        assert_eq!(answered.body["status"], "signed_in", "{name}");
    }
}

#[tokio::test]
async fn a_query_and_a_token_are_read_from_each_service() {
    for (name, golden) in golden() {
        let world = World::new();
        let mut event = event(&golden, "/v1/contacts/pending", &json!({}));
        if event["requestContext"]["http"].is_object() {
            event["requestContext"]["http"]["method"] = json!("GET");
        } else {
            event["httpMethod"] = json!("GET");
        }
        if name == "load_balancer_multi_value" {
            event["multiValueQueryStringParameters"] = json!({ "method": ["email"] });
        } else {
            event["queryStringParameters"] = json!({ "method": "email" });
        }
        set(
            &mut event,
            "authorization",
            &format!("Bearer {}", world.token(&json!({}))),
        );
        let response = reply(&world.send(event).await.unwrap());
        assert_eq!(response.text, r#"{"pending":null}"#, "{name}");
    }
}

#[tokio::test]
async fn the_source_is_the_part_that_the_service_writes() {
    for (name, golden) in golden() {
        let world = World::with(|policy| policy.budgets.source.per_minute = 1);
        let statuses = [
            ("203.0.113.7", "192.0.2.1", 200),
            // The address is the same, whatever a client writes.
            ("203.0.113.7", "192.0.2.2", 429),
            ("203.0.113.8", "192.0.2.2", 200),
            ("2001:db8::1", "192.0.2.2", 200),
            ("2001:db8::2", "192.0.2.3", 429),
            // All requests without an address share one source.
            ("unknown", "192.0.2.4", 200),
            ("", "192.0.2.5", 429),
        ];
        for (number, (address, written, status)) in statuses.into_iter().enumerate() {
            let body = json!({ "emailOrPhone": format!("user{number}@example.com") });
            let mut event = event(&golden, "/v1/sign-in", &body);
            if name.starts_with("load_balancer") {
                set(
                    &mut event,
                    "x-forwarded-for",
                    &format!("{written}, {address}"),
                );
            } else {
                set(&mut event, "x-forwarded-for", written);
                from(&mut event, address);
            }
            set(
                &mut event,
                "cloudfront-viewer-address",
                &format!("{written}:443"),
            );
            let response = world.send(event).await.unwrap();
            assert_eq!(response["statusCode"], status, "{name}: {address}");
        }
    }
}

#[tokio::test]
async fn a_load_balancer_may_add_the_port_of_the_client() {
    let world = World::with(|policy| policy.budgets.source.per_minute = 1);
    let (_, golden) = golden().find(|(name, _)| *name == "load_balancer").unwrap();
    for (number, (address, status)) in [
        ("203.0.113.7:4711", 200),
        ("203.0.113.7:4712", 429),
        ("[2001:db8::1]:4711", 200),
        ("[2001:db8::1]:4712", 429),
    ]
    .into_iter()
    .enumerate()
    {
        let body = json!({ "emailOrPhone": format!("user{number}@example.com") });
        let mut event = event(&golden, "/v1/sign-in", &body);
        from(&mut event, address);
        let response = world.send(event).await.unwrap();
        assert_eq!(response["statusCode"], status, "{address}");
    }
}

#[tokio::test]
async fn behind_cloudfront_its_header_is_the_source() {
    let limited = |secrets: &str| {
        let world = World::with(|policy| policy.budgets.source.per_minute = 1);
        world.behind_cloudfront(secrets)
    };
    for (name, golden) in golden() {
        let world = limited(SECRET);
        for (number, (viewer, status)) in [
            ("198.51.100.10:46532", 200),
            ("198.51.100.10:1", 429),
            ("198.51.100.11:46532", 200),
            ("2001:db8:1::1:46532", 200),
            ("[2001:db8:1::2]:443", 429),
            // Without a port it is not CloudFront's form.
            ("198.51.100.12", 200),
            ("", 429),
        ]
        .into_iter()
        .enumerate()
        {
            let body = json!({ "emailOrPhone": format!("user{number}@example.com") });
            let mut event = event(&golden, "/v1/sign-in", &body);
            set(&mut event, "x-origin-verify", SECRET);
            set(&mut event, "cloudfront-viewer-address", viewer);
            // An edge of CloudFront, another one for each request.
            from(&mut event, &format!("64.252.186.{number}"));
            let response = world.send(event).await.unwrap();
            assert_eq!(response["statusCode"], status, "{name}: {viewer}");
        }
    }
}

#[tokio::test]
async fn a_request_past_cloudfront_is_forbidden() {
    let next = "fedcba9876543210fedcba9876543210";
    let world = World::new().behind_cloudfront(&format!("{SECRET},{next}"));
    for (name, golden) in golden() {
        for (path, other) in [
            ("/v1/sign-in", 200),
            ("/v1/names", 401),
            ("/v1/unknown", 404),
        ] {
            for (header, is_right) in [
                (None, false),
                (Some(""), false),
                (Some(&SECRET[1..]), false),
                (Some(&*format!("{SECRET}{SECRET}")), false),
                (Some(&*format!("{SECRET}, {SECRET}")), false),
                (Some(&*format!("{SECRET},{next}")), false),
                (Some(&*SECRET.to_uppercase()), false),
                (Some(SECRET), true),
                (Some(next), true),
            ] {
                let body = json!({ "emailOrPhone": ADA, "resume": "k1.forged" });
                let mut event = event(&golden, path, &body);
                if let Some(header) = header {
                    set(&mut event, "X-Origin-Verify", header);
                }
                let response = reply(&world.send(event).await.unwrap());
                if is_right {
                    let other = if other == 200 { 400 } else { other };
                    assert_eq!(response.status, other, "{name} {path}");
                } else {
                    assert_eq!(
                        (response.status, response.problem()),
                        (403, "Forbidden"),
                        "{name} {path} {header:?}"
                    );
                }
            }
        }
    }
    assert_eq!(world.sent(), 0);
}

#[tokio::test]
async fn an_event_of_another_service_is_unreadable() {
    let world = World::new();
    for event in [
        json!({ "requestContext": {} }),
        json!({ "requestContext": { "http": {} } }),
        json!({ "requestContext": { "http": { "method": "POST" } } }),
        json!({ "requestContext": { "http": { "method": 1 } }, "rawPath": "/v1/sign-in" }),
        json!({ "requestContext": { "elb": {} }, "path": "/v1/sign-in" }),
        json!({ "requestContext": { "elb": null }, "httpMethod": "POST", "path": "/v1/sign-in" }),
        json!({ "requestContext": { "identity": {} }, "httpMethod": "POST" }),
        json!({ "requestContext": { "connectionId": "secret-secret", "eventType": "MESSAGE" } }),
        json!({ "requestContext": "secret-secret" }),
        json!({ "Records": [] }),
        json!({}),
        json!([]),
        json!(null),
    ] {
        let error = world.send(event.clone()).await.unwrap_err();
        assert_eq!(error, PublicError::UnreadableEvent, "{event}");
        assert_eq!(error.to_string(), "The event could not be read.");
    }
}

#[tokio::test]
async fn an_event_of_graphql_is_answered_as_before() {
    let world = World::new();
    let event = json!({
        "info": { "fieldName": "signInTicket" },
        "arguments": { "input": { "emailOrPhone": "ada", "method": "EMAIL" } },
        "request": { "headers": {} },
    });
    let response = world.send(event).await.unwrap();
    assert_eq!(response["error"]["type"], "InvalidIdentifier");
    assert_eq!(response.as_object().unwrap().len(), 1);
}
