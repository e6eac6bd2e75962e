//! The AppSync stand-in over HTTP, with the real resolvers behind it. The first line names the
//! credentials (`key`, `token`, both or neither); the rest is the body.

use std::pin::Pin;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::Request;
use latchstring_lambda::answer;
use latchstring_local_appsync::{Api, FunctionError, Functions, TokenRefused, Tokens, router};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::resolvers::authentic;
use super::run;
use crate::world::{ADAS_NAME, ADAS_SUB, ADAS_TOKEN, CLIENT, Contacts, SignIns, World};
use crate::{Outcome, Target};

const SCHEMA: &str = include_str!("../../../infra/schema.graphql");
const KEY: &str = "da2-fuzz";

pub(super) const GRAPHQL: Target = Target {
    name: "graphql",
    check: |input| run(check(input)),
    reaches: &[
        "refused",
        "invalid",
        "errors",
        "public data",
        "signed-in data",
    ],
    dictionary: &[
        "key",
        "token",
        "query",
        "mutation",
        "variables",
        "operationName",
        "input",
        "$input",
        "SignInInput!",
        "signIn",
        "signInTicket",
        "undoContactChange",
        "signUp",
        "updateName",
        "changeContact",
        "pendingContact",
        "rememberDevice",
        "forgetDevices",
        "session",
        "username",
        "codeLength",
        "expiresIn",
        "resendAfter",
        "ticket",
        "device",
        "emailOrPhone",
        "method",
        "EMAIL",
        "PHONE_NUMBER",
        "proof",
        "locale",
        "<proof-bob>",
        "<device>",
        "bob@example.com",
        "+14155550132",
        "fragment F on SignInPayload { session }",
        "...F",
        "... on Mutation {",
        "}",
        "@include(if: true)",
        "@skip(if: false)",
        "__typename",
        "__schema { types { name } }",
        "a: ",
        "subscription",
        "\\u0000",
        "\"\"\"",
        "#",
        "$",
        "{",
        "(",
        ")",
        "[",
        "]",
        "!",
        "null",
        "1e999",
    ],
    golden: None,
};

/// The functions behind the API.
struct Lambdas {
    sign_in: SignIns,
    contacts: Contacts,
}

impl Functions for Lambdas {
    fn invoke(
        &self,
        function: &str,
        event: Value,
    ) -> Pin<Box<dyn Future<Output = Result<Value, FunctionError>> + Send + '_>> {
        let is_sign_in = function == "sign-in";
        Box::pin(async move {
            let answered = if is_sign_in {
                answer(&self.sign_in, event).await
            } else {
                answer(&self.contacts, event).await
            };
            // Every input that passes the schema is readable by its function.
            Ok(answered.expect("an event that can be read").value)
        })
    }
}

/// The tokens of the user pool: Ada's only.
struct AdasToken(u64);

impl Tokens for AdasToken {
    fn verify(&self, token: &str) -> Result<Value, TokenRefused> {
        if token != ADAS_TOKEN {
            return Err(TokenRefused::Untrusted);
        }
        Ok(json!({
            "sub": ADAS_SUB,
            "iss": "https://cognito-idp.example/pool",
            "username": ADAS_NAME,
            "client_id": CLIENT,
            "token_use": "access",
            "auth_time": self.0,
            "exp": u32::MAX,
        }))
    }
}

async fn check(input: &[u8]) -> Outcome {
    let world = World::new();
    let authentic = authentic(&world).await;
    let (who, body) = match input.iter().position(|byte| *byte == b'\n') {
        Some(at) => (&input[..at], &input[at + 1..]),
        None => (input, &[][..]),
    };
    let body = match std::str::from_utf8(body) {
        Ok(text) => authentic.substituted(text).into_bytes(),
        Err(_) => body.to_vec(),
    };
    let who = String::from_utf8_lossy(who);
    let (has_key, has_token) = (who.contains("key"), who.contains("token"));

    let (sign_in, contacts) = world.resolvers();
    let fields = [
        ("Mutation.signIn", "sign-in"),
        ("Mutation.signInTicket", "sign-in"),
        ("Mutation.undoContactChange", "sign-in"),
        ("Mutation.rememberDevice", "contacts"),
        ("Mutation.forgetDevices", "contacts"),
        ("Mutation.signUp", "contacts"),
        ("Mutation.updateName", "contacts"),
        ("Mutation.changeContact", "contacts"),
        ("Query.pendingContact", "contacts"),
    ];
    let fields = fields.map(|(field, function)| (field.to_owned(), function.to_owned()));
    let now = latchstring_core::ports::Clock::now(&world.clock).as_secs();
    let api = Api::new(
        SCHEMA,
        fields.into(),
        KEY.to_owned(),
        Arc::new(Lambdas { sign_in, contacts }),
        Arc::new(AdasToken(now)),
    );
    let api = api.expect("the schema has these fields");

    let mut request = Request::post("/graphql").header("content-type", "application/json");
    if has_key {
        request = request.header("x-api-key", KEY);
    }
    if has_token {
        request = request.header("authorization", ADAS_TOKEN);
    }
    let request = request
        .body(Body::from(body))
        .expect("these headers are well formed");
    let response = router(api)
        .oneshot(request)
        .await
        .expect("a router always answers");
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.expect("a body in memory");
    let answer: Value = serde_json::from_slice(&bytes).expect("an answer is JSON");

    let errors = answer["errors"].as_array().map_or(&[][..], Vec::as_slice);
    for error in errors {
        assert!(error["message"].is_string());
        assert_ne!(error["errorType"], "Internal", "a resolver failed");
        for secret in ["<proof>", "<proof-bob>", "<device>"] {
            let text = error.to_string();
            assert!(
                !text.contains(authentic.text(secret)),
                "an error repeats a secret"
            );
        }
    }
    if parts.status != 200 {
        assert!(matches!(parts.status.as_u16(), 400 | 401 | 413));
        assert!(errors.iter().all(|error| error["errorType"].is_string()));
        assert_eq!(errors.len(), 1);
        return "refused";
    }
    let answer = answer.as_object().expect("an answer is an object");
    let data = answer
        .get("data")
        .expect("an answer has data, perhaps null");
    assert!(has_key || has_token, "answered without credentials");
    assert!(
        world.sent().len() <= 8,
        "more messages than a document may have root fields"
    );
    match data {
        Value::Null => {
            assert!(!errors.is_empty());
            // Nothing was executed, or everything failed.
            if errors.iter().all(|error| error["path"].is_null()) {
                return "invalid";
            }
            "errors"
        }
        _ if !errors.is_empty() => "errors",
        _ if has_token && !has_key => "signed-in data",
        _ => "public data",
    }
}
