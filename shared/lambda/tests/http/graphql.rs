//! The answers of the GraphQL door over the same resolvers, member by member.

use latchstring_core::ports::Clock;
use latchstring_lambda::config::Doors;
use latchstring_lambda::{Behind, PublicError, answer};
use serde_json::{Value, json};

use crate::world::{ADA, ADAS_SUB, BOB, CLIENT, World, event};

/// Resolves a field as Ada, who has signed in now.
async fn resolve(world: &World, field: &str, arguments: Value) -> Value {
    let token = world.token(&json!({}));
    let event = json!({
        "info": { "fieldName": field },
        "arguments": arguments,
        "identity": {
            "sub": ADAS_SUB,
            "claims": {
                "token_use": "access",
                "client_id": CLIENT,
                "auth_time": world.shared.clock.now().as_secs(),
            },
        },
        "request": { "headers": { "authorization": token } },
    });
    let of_anyone = ["signIn", "signInTicket", "undoContactChange"].contains(&field);
    let answered = if of_anyone {
        answer(&world.sign_in, event).await
    } else {
        answer(&world.accounts, event).await
    };
    answered.expect("a field").value
}

/// Returns a response without its secrets.
fn redacted(mut response: Value) -> Value {
    if let Some(Value::Object(data)) = response.get_mut("data") {
        for name in ["session", "pointer", "resume", "ticket", "device"] {
            if data.get(name).is_some_and(Value::is_string) {
                data.insert(name.to_owned(), json!("…"));
            }
        }
    }
    response
}

#[tokio::test]
async fn the_fields_of_graphql_answer_as_before() {
    let input = |typed: &str| json!({ "input": { "emailOrPhone": typed, "method": "EMAIL" } });
    let mut names = json!({ "givenName": "Ada ", "familyName": "King" });
    let updated = json!({ "input": names });
    names["emailOrPhone"] = json!("+14155550132");
    names["method"] = json!("PHONE_NUMBER");
    let session = |username: &str| {
        json!({ "data": {
            "session": "…",
            "username": username,
            "codeLength": 6,
            "codeAlphabet": "DIGITS",
            "pointer": "…",
            "resume": "…",
            "expiresIn": 300,
            "resendAfter": 30,
        } })
    };
    let error = |name: &str, text: &str| json!({ "error": { "type": name, "message": text } });
    for (field, arguments, expected) in [
        ("signIn", input(ADA), session(ADA)),
        ("signIn", input(BOB), session(BOB)),
        (
            "signInTicket",
            input(ADA),
            json!({ "data": { "ticket": "…", "username": ADA, "expiresIn": 60 } }),
        ),
        (
            "signUp",
            json!({ "input": { "data": names } }),
            session("username-of-ada"),
        ),
        (
            "updateName",
            updated,
            json!({ "data": { "givenName": "Ada", "familyName": "King" } }),
        ),
        (
            "changeContact",
            input("ada@example.org"),
            session("username-of-ada"),
        ),
        (
            "pendingContact",
            json!({ "method": "PHONE_NUMBER" }),
            json!({ "data": null }),
        ),
        (
            "rememberDevice",
            json!({}),
            json!({ "data": { "device": "…", "expiresIn": 15_552_000 } }),
        ),
        ("forgetDevices", json!({}), json!({ "data": true })),
        (
            "signIn",
            json!({ "input": { "emailOrPhone": ADA, "method": "EMAIL", "resume": "k1.x" } }),
            error("InvalidResume", "This sign-in has ended. Start again."),
        ),
        (
            "undoContactChange",
            input(ADA),
            error(
                "InvalidProof",
                "This proof is no longer valid. Sign in with a new code.",
            ),
        ),
        (
            "changeContact",
            input(ADA),
            error("ContactInUse", "This is on your account already."),
        ),
    ] {
        let world = World::new();
        let response = resolve(&world, field, arguments).await;
        assert_eq!(redacted(response), expected, "{field}");
    }
}

#[tokio::test]
async fn a_pending_contact_of_graphql_has_its_words() {
    let world = World::new();
    let arguments = json!({ "input": { "emailOrPhone": "ada@example.org", "method": "EMAIL" } });
    resolve(&world, "changeContact", arguments).await;
    let state = resolve(&world, "pendingContact", json!({ "method": "EMAIL" })).await;
    let expected = json!({ "data": { "method": "EMAIL", "state": "WAITING" } });
    assert_eq!(state, expected);
}

/// A function in front of the resolvers may add the source, for `SOURCE=http`.
#[tokio::test]
async fn a_field_with_a_request_context_is_of_graphql() {
    let world = World::new();
    let event = json!({
        "info": { "fieldName": "signIn" },
        "arguments": { "input": { "emailOrPhone": ADA, "method": "EMAIL" } },
        "requestContext": { "http": { "sourceIp": "192.0.2.1" } },
    });
    let answered = answer(&world.sign_in, event).await.expect("a field");
    assert!(answered.value["data"]["session"].is_string());
}

#[tokio::test]
async fn a_deployment_by_http_alone_refuses_appsync() {
    for doors in [Doors::Both, Doors::Http] {
        let resolver = Behind {
            doors,
            resolver: World::new().sign_in,
        };
        let body = json!({ "emailOrPhone": ADA }).to_string();
        let headers = [("content-type", "application/json")];
        let by_http = event("POST", "/v1/sign-in", &headers, &body);
        let answered = answer(&resolver, by_http).await.unwrap();
        assert_eq!(answered.value["statusCode"], 200);
        // A function in front may have added the member of the other door.
        for context in [json!(null), json!({ "http": { "method": "POST" } })] {
            let field = json!({
                "info": { "fieldName": "signIn" },
                "arguments": { "input": { "emailOrPhone": ADA, "method": "EMAIL" } },
                "requestContext": context,
            });
            let answered = answer(&resolver, field).await;
            match doors {
                Doors::Both => {
                    assert!(answered.unwrap().value["data"]["session"].is_string());
                }
                Doors::Http => assert_eq!(answered.unwrap_err(), PublicError::UnreadableEvent),
            }
        }
    }
}
