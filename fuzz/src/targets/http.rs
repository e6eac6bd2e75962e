//! Events of the HTTP door. For every event, the response is one that the service can send: an answer
//! of its route's shape, or a problem of a known type. Tokens are only for the code of a sign-in, and
//! a route for a signed-in user acts only for the holder of a token.

use latchstring_lambda::{Handler, PublicError, answer};
use serde_json::{Value, json};

use super::run;
use crate::world::{ADA, Authentic, BOB, Contacts, SignIns, World, adas_jwt};
use crate::{Outcome, Target};

pub(super) const HTTP: Target = Target {
    name: "http",
    check: |input| run(check(input)),
    reaches: &[
        "no event",
        "unreadable",
        "prompt",
        "ticket",
        "signed in",
        "wrong",
        "device",
        "names",
        "pending",
        "nothing",
        "InvalidIdentifier",
        "InvalidName",
        "InvalidResume",
        "InvalidContinuation",
        "MalformedRequest",
        "NotSignedIn",
        "NotFound",
        "MethodNotAllowed",
        "NothingToUndo",
        "ContactInUse",
        "UnsupportedMediaType",
    ],
    dictionary: &[
        "<jwt>",
        "<continuation>",
        "<continuation-bob>",
        "<code>",
        "<code-bob>",
        "<resume>",
        "<device>",
        "requestContext",
        "http",
        "elb",
        "identity",
        "method",
        "httpMethod",
        "POST",
        "GET",
        "rawPath",
        "path",
        "/v1/sign-in",
        "/v1/sign-in/ticket",
        "/v1/sign-in/answer",
        "/v1/sign-in/resend",
        "/v1/contacts/undo",
        "/v1/sign-up",
        "/v1/names",
        "/v1/contacts/change",
        "/v1/contacts/pending",
        "/v1/devices/remember",
        "/v1/devices/forget",
        "headers",
        "multiValueHeaders",
        "queryStringParameters",
        "multiValueQueryStringParameters",
        "content-type",
        "application/json",
        "authorization",
        "Bearer ",
        "x-forwarded-for",
        "sourceIp",
        "192.0.2.1",
        "body",
        "isBase64Encoded",
        "emailOrPhone",
        "phone_number",
        "continuation",
        "answer",
        "givenName",
        "ada@example.com",
        "bob@example.com",
    ],
    golden: None,
};

/// The types of problems, each with its status.
const PROBLEMS: [(&str, u64); 18] = [
    ("InvalidIdentifier", 400),
    ("InvalidName", 400),
    ("InvalidResume", 400),
    ("InvalidContinuation", 400),
    ("MalformedRequest", 400),
    ("NotSignedIn", 401),
    ("ReauthRequired", 403),
    ("CaptchaRequired", 403),
    ("Forbidden", 403),
    ("NotFound", 404),
    ("MethodNotAllowed", 405),
    ("NotAdmitted", 403),
    ("NothingToUndo", 409),
    ("ContactInUse", 409),
    ("ChangeHeld", 409),
    ("ContentTooLarge", 413),
    ("UnsupportedMediaType", 415),
    ("TooManyRequests", 429),
];

/// The secrets that no problem repeats.
const SECRETS: [&str; 6] = [
    "<jwt>",
    "<continuation>",
    "<continuation-bob>",
    "<resume>",
    "<device>",
    "<proof>",
];

fn request(path: &str, token: &str, body: &Value) -> Value {
    json!({
        "rawPath": path,
        "headers": {
            "content-type": "application/json",
            "authorization": format!("Bearer {token}"),
        },
        "body": body.to_string(),
        "requestContext": { "http": { "method": "POST", "sourceIp": "192.0.2.9" } },
    })
}

async fn body_of(handler: &impl Handler, event: Value) -> Value {
    let answered = answer(handler, event).await.expect("an HTTP event");
    let body = answered.value["body"].as_str().unwrap_or_default();
    serde_json::from_str(body).unwrap_or_default()
}

/// Begins a sign-in of Ada and one of Bob, who has no account, and remembers a device of Ada.
async fn authentic(world: &World, sign_in: &SignIns, accounts: &Contacts) -> Authentic {
    let mut kept = world.sealed().with("<jwt>", &adas_jwt());
    let text = |body: &Value, name: &str| body[name].as_str().unwrap_or_default().to_owned();
    for (who, continuation, code) in [
        (ADA, "<continuation>", "<code>"),
        (BOB, "<continuation-bob>", "<code-bob>"),
    ] {
        let begun = request("/v1/sign-in", "", &json!({ "emailOrPhone": who }));
        let begun = body_of(sign_in, begun).await;
        let (sent, _) = world.sent().pop().expect("a code was sent");
        kept = kept
            .with(continuation, &text(&begun, "continuation"))
            .with(code, &sent.unwrap_or_default());
        if who == ADA {
            kept = kept.with("<resume>", &text(&begun, "resume"));
        }
    }
    let remembered = request("/v1/devices/remember", &adas_jwt(), &json!({}));
    let remembered = body_of(accounts, remembered).await;
    kept.with("<device>", &text(&remembered, "device"))
}

async fn check(input: &[u8]) -> Outcome {
    let world = World::new();
    let (sign_in, accounts) = world.resolvers();
    let authentic = authentic(&world, &sign_in, &accounts).await;
    let text = std::str::from_utf8(input).ok();
    let text = text
        .map(|text| authentic.substituted(text))
        .unwrap_or_default();
    let Ok(mut event) = serde_json::from_str::<Value>(&text) else {
        return "no event";
    };
    // A body is an object in an input, so that its members are changed too.
    if event["body"].is_object() {
        event["body"] = json!(event["body"].to_string());
    }
    if !event["requestContext"].is_object() {
        // GraphQL's events have a target of their own.
        return "unreadable";
    }
    let of_account = event["of"] == "account";
    let before = world.sent().len();
    let answered = if of_account {
        answer(&accounts, event.clone()).await
    } else {
        answer(&sign_in, event.clone()).await
    };
    let response = match answered {
        Ok(answered) => {
            assert!(answered.follow_up.is_none(), "a resolver leaves no work");
            answered.value
        }
        Err(PublicError::UnreadableEvent) => return "unreadable",
        Err(error) => panic!("{error:?}"),
    };
    let sent = world.sent().split_off(before);
    assert!(sent.len() <= 1, "more than one message");
    let (status, body) = well_formed(&event, &response);
    if status >= 400 {
        assert!(sent.is_empty(), "refused, and a message sent");
        return refused(&authentic, status, &body);
    }
    if of_account {
        assert!(
            header(&event, "authorization").is_some_and(|token| token.ends_with(&adas_jwt())),
            "an answer without a token"
        );
    }
    answered_with(&authentic, &event, &body)
}

/// Returns the value of a header, as a service delivers one.
fn header<'a>(event: &'a Value, name: &str) -> Option<&'a str> {
    let of = |headers: &'a Value| {
        let mut found = headers.as_object()?.iter();
        let (_, value) = found.find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        value.as_str().or_else(|| value[0].as_str())
    };
    of(&event["multiValueHeaders"]).or_else(|| of(&event["headers"]))
}

/// Checks that the service can send the response, and returns its status and body.
fn well_formed(event: &Value, response: &Value) -> (u64, Value) {
    let status = response["statusCode"].as_u64().expect("a status");
    let is_alb =
        event["requestContext"]["elb"].is_object() && !event["requestContext"]["http"].is_object();
    let has_lists = is_alb && event["multiValueHeaders"].is_object();
    let headers = if has_lists {
        &response["multiValueHeaders"]
    } else {
        &response["headers"]
    };
    let headers = headers.as_object().expect("headers");
    assert!(headers.contains_key("cache-control"));
    for value in headers.values() {
        assert_eq!(value.is_array(), has_lists);
        let value = value.as_str().or_else(|| value[0].as_str());
        let is_plain = |byte: u8| (b' '..=b'~').contains(&byte);
        assert!(value.is_some_and(|value| value.bytes().all(is_plain)));
    }
    assert_eq!(response["isBase64Encoded"], false);
    assert_eq!(response["statusDescription"].is_string(), is_alb);
    let body = response["body"].as_str().expect("a body");
    if status == 204 {
        assert!(body.is_empty());
        return (status, Value::Null);
    }
    let body: Value = serde_json::from_str(body).expect("a body of JSON");
    assert!(body.is_object());
    (status, body)
}

fn refused(authentic: &Authentic, status: u64, body: &Value) -> Outcome {
    let kind = body["type"].as_str().unwrap_or_default();
    let kind = kind.strip_prefix("urn:latchstring:error:");
    let known = PROBLEMS.iter().find(|(known, _)| Some(*known) == kind);
    // No port of this world fails, so none is `Unavailable`.
    let (kind, of_kind) = known.unwrap_or_else(|| panic!("an unknown problem: {body}"));
    assert_eq!(status, *of_kind);
    assert_eq!(body["status"], status);
    let detail = body["detail"].as_str().expect("a problem has a detail");
    assert!((5..200).contains(&detail.len()));
    let mut text = body.clone();
    // A continuation of a sign-in that goes on is a new one.
    text["continuation"] = Value::Null;
    let text = text.to_string();
    for secret in SECRETS {
        let secret = authentic.text(secret);
        assert!(!text.contains(secret), "a problem contains a secret");
    }
    assert!(
        !text.contains(ADA) && !text.contains(BOB),
        "a problem contains an identifier"
    );
    kind
}

fn answered_with(authentic: &Authentic, event: &Value, body: &Value) -> Outcome {
    if body["status"] == "signed_in" {
        let sent = event["body"].as_str().unwrap_or_default();
        let sent: Value = serde_json::from_str(sent).unwrap_or_default();
        let is_of = |continuation: &str, code: &str| {
            sent["continuation"] == *authentic.text(continuation)
                && sent["answer"].as_str().is_some_and(|typed| {
                    // Other characters of a typed code are ignored.
                    let digits = typed.chars().filter(char::is_ascii_digit);
                    digits.eq(authentic.text(code).chars())
                })
        };
        assert!(
            is_of("<continuation>", "<code>") || is_of("<continuation-bob>", "<code-bob>"),
            "tokens without the code"
        );
        return "signed in";
    }
    for (member, outcome) in [
        ("codeLength", "prompt"),
        ("attemptsLeft", "wrong"),
        ("ticket", "ticket"),
        ("device", "device"),
        ("givenName", "names"),
        ("pending", "pending"),
    ] {
        if body.get(member).is_some() {
            return outcome;
        }
    }
    assert_eq!(*body, Value::Null, "an answer of an unknown shape");
    "nothing"
}
