//! The protocol: malformed calls, and the form of refusals.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::bench::*;

fn post() -> axum::http::request::Builder {
    Request::builder().method(Method::POST).uri("/")
}

#[tokio::test]
async fn a_refusal_has_the_form_of_aws() {
    let bench = Bench::new();
    let answer = bench.call("AdminGetUser", named("missing")).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(
        answer.body,
        json!({ "__type": "UserNotFoundException", "message": "User does not exist." })
    );
    assert_eq!(answer.headers["x-amzn-errortype"], "UserNotFoundException:");
    assert_eq!(answer.headers["content-type"], "application/x-amz-json-1.1");
    assert_eq!(answer.headers["x-amzn-requestid"].len(), 36);
}

#[tokio::test]
async fn an_unknown_operation_is_refused() {
    let bench = Bench::new();
    for operation in ["forgotPassword", "initiateauth", ""] {
        let answer = bench.call(operation, json!({})).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert_eq!(answer.body["__type"], "UnknownOperationException");
    }
    let untargeted = post().body(Body::from("{}")).expect("a valid request");
    assert_eq!(
        bench.send(untargeted).await.body["__type"],
        "UnknownOperationException"
    );
}

#[tokio::test]
async fn admin_calls_without_a_signature_are_refused() {
    let bench = Bench::new();
    bench.create("ada", json!({})).await;
    for operation in [
        "AdminCreateUser",
        "AdminDeleteUser",
        "AdminDisableUser",
        "AdminEnableUser",
        "AdminGetUser",
        "AdminInitiateAuth",
        "AdminLinkProviderForUser",
        "AdminRespondToAuthChallenge",
        "AdminSetUserPassword",
        "AdminUpdateUserAttributes",
        "AdminUserGlobalSignOut",
        "DescribeUserPool",
        "DescribeUserPoolClient",
        "ListUserPoolClients",
        "ListUsers",
    ] {
        for header in [None, Some("Bearer x")] {
            let mut request = post().header(
                "x-amz-target",
                format!("AWSCognitoIdentityProviderService.{operation}"),
            );
            if let Some(header) = header {
                request = request.header("authorization", header);
            }
            let body = Body::from(named("ada").to_string());
            let answer = bench
                .send(request.body(body).expect("a valid request"))
                .await;
            assert_eq!(
                refusal(&answer.body),
                "MissingAuthenticationTokenException: Missing Authentication Token",
                "{operation}"
            );
        }
    }
}

#[tokio::test]
async fn a_body_that_is_not_a_json_object_does_not_parse() {
    let bench = Bench::new();
    for body in ["", "{", "[]", "\"x\"", "null", "{\"a\": \"\\ud800\"}"] {
        let answer = bench.call("InitiateAuth", body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert_eq!(answer.body["__type"], "SerializationException", "{body}");
    }
}

#[tokio::test]
async fn a_deeply_nested_body_does_not_parse() {
    let bench = Bench::new();
    let body = format!("{}{}", "{\"a\":".repeat(50_000), "1".repeat(3));
    let answer = bench.call("InitiateAuth", body).await;
    assert_eq!(answer.body["__type"], "SerializationException");
}

#[tokio::test]
async fn members_of_the_wrong_type_do_not_parse() {
    let bench = Bench::new();
    let mut number = initiate_body("ada");
    number["ClientId"] = json!(7);
    assert_eq!(
        bench.refused("InitiateAuth", number).await,
        "SerializationException: NUMBER_VALUE can not be converted to String"
    );
    let mut list = initiate_body("ada");
    list["AuthParameters"] = json!(["USERNAME"]);
    assert!(
        bench
            .refused("InitiateAuth", list)
            .await
            .starts_with("SerializationException")
    );
    let mut nested = initiate_body("ada");
    nested["AuthParameters"]["USERNAME"] = json!({ "S": "ada" });
    assert!(
        bench
            .refused("InitiateAuth", nested)
            .await
            .starts_with("SerializationException")
    );
    let mut flag = create_body("ada", json!({}));
    flag["ForceAliasCreation"] = json!("true");
    assert!(
        bench
            .refused("AdminCreateUser", flag)
            .await
            .starts_with("SerializationException")
    );
    let mut attributes = create_body("ada", json!({}));
    attributes["UserAttributes"] = json!([{ "Name": "email", "Value": 1 }]);
    assert!(
        bench
            .refused("AdminCreateUser", attributes)
            .await
            .starts_with("SerializationException")
    );
}

#[tokio::test]
async fn broken_constraints_are_reported_together_without_values() {
    let bench = Bench::new();
    let body = json!({ "AuthFlow": "SECRET_FLOW", "ClientId": "not a client" });
    assert_eq!(
        bench.refused("InitiateAuth", body).await,
        "InvalidParameterException: 2 validation errors detected: Value at 'authFlow' failed to \
         satisfy constraint: Member must satisfy enum value set: [USER_SRP_AUTH, \
         REFRESH_TOKEN_AUTH, REFRESH_TOKEN, CUSTOM_AUTH, ADMIN_NO_SRP_AUTH, USER_PASSWORD_AUTH, \
         ADMIN_USER_PASSWORD_AUTH, USER_AUTH]; Value at 'clientId' failed to satisfy constraint: \
         Member must satisfy regular expression pattern: [\\w+]+"
    );
    assert_eq!(
        bench.refused("GetUser", json!({})).await,
        "InvalidParameterException: 1 validation error detected: Value at 'accessToken' failed to \
         satisfy constraint: Member must not be null"
    );
    for username in ["", "a b", "a\u{200b}b", "a\nb", &"x".repeat(129)] {
        let refused = bench.refused("AdminGetUser", named(username)).await;
        assert!(
            refused.starts_with("InvalidParameterException: "),
            "{refused}"
        );
    }
    let mut long = create_body("ada", json!({}));
    long["UserAttributes"] = json!([{ "Name": "x".repeat(33), "Value": "y".repeat(2049) }]);
    let refused = bench.refused("AdminCreateUser", long).await;
    assert!(refused.contains("2 validation errors"), "{refused}");
    assert!(
        refused.contains("'userAttributes.1.member.name'"),
        "{refused}"
    );
}

#[tokio::test]
async fn unknown_members_are_ignored() {
    let bench = Bench::new();
    let mut body = initiate_body("ada");
    body["AnalyticsMetadata"] = json!({ "AnalyticsEndpointId": "x" });
    body["SomethingNew"] = json!([1, 2, 3]);
    bench.ok("InitiateAuth", body).await;
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_at_once() {
    let bench = Bench::new();
    for size in [1024 * 1024 + 1, 40 * 1024 * 1024] {
        let answer = bench.call("InitiateAuth", "x".repeat(size)).await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(answer.body["__type"], "RequestEntityTooLargeException");
    }
}

#[tokio::test]
async fn a_real_socket_gets_the_same_answers() {
    let bench = Bench::new();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let address = listener.local_addr().expect("an address");
    let router = latchstring_local_cognito::router(bench.pool.clone());
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    for (size, expected) in [(2, "HTTP/1.1 400"), (2 * 1024 * 1024, "HTTP/1.1 413")] {
        let mut socket = tokio::net::TcpStream::connect(address)
            .await
            .expect("a connection");
        let head = format!(
            "POST / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {size}\r\n\
             X-Amz-Target: AWSCognitoIdentityProviderService.GetUser\r\n\r\n"
        );
        socket.write_all(head.as_bytes()).await.expect("sent");
        let body = if size == 2 {
            "{}".to_owned()
        } else {
            "x".repeat(size)
        };
        socket.write_all(body.as_bytes()).await.expect("sent");
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.expect("an answer");
        assert!(answer.starts_with(expected), "{answer}");
    }
    server.abort();
}

#[tokio::test]
async fn pages_of_this_machine_may_call_and_others_get_no_permission() {
    let bench = Bench::new();
    let preflight = |origin: &str| {
        Request::builder()
            .method(Method::OPTIONS)
            .uri("/")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header(
                "access-control-request-headers",
                "amz-sdk-invocation-id,amz-sdk-request,authorization,cache-control,content-type,\
                 x-amz-target,x-amz-user-agent",
            )
            .body(Body::empty())
            .expect("a valid request")
    };
    let answer = bench.send(preflight("http://localhost:5173")).await;
    assert!(answer.status.is_success());
    assert_eq!(
        answer.headers["access-control-allow-origin"],
        "http://localhost:5173"
    );
    assert!(
        answer.headers["access-control-allow-methods"]
            .to_str()
            .is_ok_and(|m| m.contains("POST"))
    );
    let allowed = answer.headers["access-control-allow-headers"]
        .to_str()
        .expect("text");
    for header in [
        "x-amz-target",
        "x-amz-user-agent",
        "content-type",
        "authorization",
        "cache-control",
    ] {
        assert!(allowed.contains(header), "{header}");
    }

    let call = |origin: &str| {
        post()
            .header("origin", origin)
            .header(
                "x-amz-target",
                "AWSCognitoIdentityProviderService.InitiateAuth",
            )
            .body(Body::from(initiate_body("missing").to_string()))
            .expect("a valid request")
    };
    let answer = bench.send(call("http://[::1]:8080")).await;
    assert_eq!(
        answer.headers["access-control-allow-origin"],
        "http://[::1]:8080"
    );
    let exposed = answer.headers["access-control-expose-headers"]
        .to_str()
        .expect("text");
    assert!(exposed.to_lowercase().contains("x-amzn-requestid"));
    assert!(exposed.to_lowercase().contains("x-amzn-errortype"));

    for request in [
        preflight("https://evil.example"),
        call("https://evil.example"),
    ] {
        let answer = bench.send(request).await;
        assert!(!answer.headers.contains_key("access-control-allow-origin"));
    }
}

/// ministack#1762 and cognito-local#390: the keys must not be at AWS, which has no such pool.
#[tokio::test]
async fn the_discovery_document_names_keys_at_the_requested_host() {
    let bench = Bench::new();
    for host in ["127.0.0.1:4180", "[::1]:4180", "10.0.2.2:4180"] {
        let request = Request::get(format!("/{POOL}/.well-known/openid-configuration"))
            .header("host", host)
            .body(Body::empty())
            .expect("a valid request");
        let answer = bench.send(request).await;
        let issuer = format!("https://cognito-idp.eu-central-1.amazonaws.com/{POOL}");
        assert_eq!(answer.body["issuer"], issuer, "the issuer of the tokens");
        let keys = answer.body["jwks_uri"].as_str().expect("a text");
        assert_eq!(keys, format!("http://{host}/{POOL}/.well-known/jwks.json"));
        let path = keys.strip_prefix(&format!("http://{host}"));
        let request = Request::get(path.expect("of this host"))
            .body(Body::empty())
            .expect("a valid request");
        let keys = bench.send(request).await.body;
        assert_eq!(keys["keys"][0]["kty"], "RSA");
    }
}

#[tokio::test]
async fn a_preflight_is_answered_through_a_merged_router() {
    let bench = Bench::new();
    let pages = axum::Router::new().route("/", axum::routing::get(async || "pages"));
    let merged = pages.merge(latchstring_local_cognito::router(bench.pool.clone()));
    let request = Request::builder()
        .method(Method::OPTIONS)
        .uri("/")
        .header("origin", "http://127.0.0.1:3000")
        .header("access-control-request-method", "POST")
        .body(Body::empty())
        .expect("a valid request");
    let response = tower::ServiceExt::oneshot(merged, request)
        .await
        .expect("an answer");
    assert!(
        response
            .headers()
            .contains_key("access-control-allow-origin")
    );
}

#[tokio::test]
async fn no_refusal_repeats_a_secret() {
    let bench = Bench::new();
    let secret = "s3cr3t-value-that-must-not-come-back";
    let bodies = [
        (
            "InitiateAuth",
            json!({ "AuthFlow": secret, "ClientId": CLIENT }),
        ),
        (
            "InitiateAuth",
            json!({ "AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": CLIENT,
            "AuthParameters": { "REFRESH_TOKEN": secret } }),
        ),
        (
            "RespondToAuthChallenge",
            answer_body(secret, secret, secret),
        ),
        ("GetUser", json!({ "AccessToken": secret })),
        ("GetUser", json!({ "AccessToken": [secret] })),
        (
            "RevokeToken",
            json!({ "Token": secret, "ClientId": CLIENT }),
        ),
        (
            "GetTokensFromRefreshToken",
            json!({ "RefreshToken": secret, "ClientId": CLIENT }),
        ),
        ("AdminGetUser", named(secret)),
        (
            "AdminCreateUser",
            create_body("ada", json!({ "email": secret })),
        ),
        (
            "AdminSetUserPassword",
            json!({ "UserPoolId": POOL, "Username": secret, "Password": secret }),
        ),
        (
            "ListUsers",
            json!({ "UserPoolId": POOL, "Filter": format!("x = {secret}") }),
        ),
    ];
    for (operation, body) in bodies {
        let answer = bench.call(operation, body).await;
        assert_ne!(answer.status, StatusCode::OK, "{operation}");
        assert!(
            !answer.body.to_string().contains(secret),
            "{operation}: {}",
            answer.body
        );
    }
}
