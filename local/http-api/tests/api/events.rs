//! The event of payload format 2.0.

use serde_json::{Value, json};

use crate::support::{ACCESS, TestApi};

const JSON: (&str, &str) = ("content-type", "application/json");

/// The members of the sample in AWS's developer guide, "Create AWS Lambda proxy integrations for HTTP
/// APIs in API Gateway".
#[tokio::test]
async fn an_event_has_the_members_of_awss_sample() {
    let api = TestApi::new();
    let headers = [
        ("Host", "id.execute-api.us-east-1.amazonaws.com"),
        ("User-Agent", "agent"),
        ("Authorization", ACCESS),
        ("Header1", "value1"),
        ("Header2", "value1"),
        ("Header2", "value2"),
        ("Cookie", "cookie1=a; cookie2=b"),
        ("Cookie", "cookie3=c"),
        JSON,
    ];
    let path = "/v1/names?parameter1=value1&parameter1=value2&parameter2=value";
    api.send("POST", path, &headers, "{}").await;
    let mut event = api.calls().remove(0).1;
    let context = &mut event["requestContext"];
    for (member, form) in [("requestId", "000000000000000="), ("time", "")] {
        let value = context[member].take();
        let value = value.as_str().expect("a text");
        assert!(
            value.len() > 10 && (form.is_empty() || value == form),
            "{value}"
        );
    }
    assert!(context["timeEpoch"].take().is_u64());
    assert_eq!(
        event,
        json!({
            "version": "2.0",
            "routeKey": "POST /v1/names",
            "rawPath": "/v1/names",
            "rawQueryString": "parameter1=value1&parameter1=value2&parameter2=value",
            "cookies": ["cookie1=a", "cookie2=b", "cookie3=c"],
            "headers": {
                "authorization": ACCESS,
                "content-type": "application/json",
                "header1": "value1",
                "header2": "value1,value2",
                "host": "id.execute-api.us-east-1.amazonaws.com",
                "user-agent": "agent",
                "x-forwarded-for": "192.0.2.7",
                "x-forwarded-port": "443",
                "x-forwarded-proto": "https",
            },
            "queryStringParameters": {"parameter1": "value1,value2", "parameter2": "value"},
            "requestContext": {
                "accountId": "123456789012",
                "apiId": "local",
                "authorizer": {"jwt": {
                    "claims": {
                        "sub": "sub-alice", "iss": "https://cognito-idp.example/pool",
                        "exp": "4102444800", "verified": "true",
                        "cognito:groups": "[staff admins]", "client_id": "our-client",
                    },
                    "scopes": null,
                }},
                "domainName": "id.execute-api.us-east-1.amazonaws.com",
                "domainPrefix": "id",
                "http": {
                    "method": "POST",
                    "path": "/v1/names",
                    "protocol": "HTTP/1.1",
                    "sourceIp": "192.0.2.7",
                    "userAgent": "agent",
                },
                "requestId": null,
                "routeKey": "POST /v1/names",
                "stage": "$default",
                "time": null,
                "timeEpoch": null,
            },
            "body": "{}",
            "isBase64Encoded": false,
        })
    );
}

#[tokio::test]
async fn what_a_request_lacks_its_event_lacks() {
    let event = TestApi::new().event(&[], "").await;
    for member in ["body", "cookies", "queryStringParameters"] {
        assert_eq!(event.get(member), None, "{member}");
    }
    assert_eq!(event["rawQueryString"], "");
    assert_eq!(event["requestContext"].get("authorizer"), None);
}

/// Else a client could choose its own source.
#[tokio::test]
async fn the_source_is_the_connections_whatever_is_forwarded() {
    let headers = [
        ("x-forwarded-for", "198.51.100.1, 198.51.100.2"),
        ("x-forwarded-for", "198.51.100.3"),
        ("forwarded", "for=198.51.100.4"),
    ];
    let event = TestApi::new().event(&headers, "").await;
    assert_eq!(event["requestContext"]["http"]["sourceIp"], "192.0.2.7");
    assert_eq!(
        event["headers"]["x-forwarded-for"],
        "198.51.100.1, 198.51.100.2, 198.51.100.3, 192.0.2.7"
    );
}

#[tokio::test]
async fn only_a_text_is_passed_as_it_is() {
    for (kind, is_text) in [
        ("application/json", true),
        ("Application/JSON; charset=utf-8", true),
        ("text/plain", true),
        ("application/xml", true),
        ("application/javascript", true),
        ("application/problem+json", false),
        ("application/x-www-form-urlencoded", false),
        ("application/octet-stream", false),
        ("", false),
    ] {
        let event = TestApi::new().event(&[("content-type", kind)], "{}").await;
        assert_eq!(event["isBase64Encoded"], !is_text, "{kind}");
        assert_eq!(event["body"], if is_text { "{}" } else { "e30=" }, "{kind}");
    }
    let event = TestApi::new().event(&[], "{}").await;
    assert_eq!(event["isBase64Encoded"], true, "no type");
    let event = TestApi::new().event(&[JSON], vec![0xff]).await;
    assert_eq!(event["isBase64Encoded"], true, "no UTF-8");
    assert_eq!(event["body"], Value::from("/w=="));
}
