//! AppSync's events. For every event, the answer is data of its field's shape or an error of a
//! known type, and the resolver acts only for a permitted caller.

use latchstring_core::flow::Purpose;
use latchstring_core::identifier::{Identifier, Method};
use latchstring_core::ports::Clock;
use latchstring_core::sealed::Ticket;
use latchstring_lambda::{Handler, PublicError, answer};
use serde_json::{Value, json};

use super::run;
use crate::world::{ADA, ADAS_SUB, ADAS_TOKEN, Authentic, BOB, CLIENT, World};
use crate::{Outcome, Target};

pub(super) const RESOLVERS: Target = Target {
    name: "resolvers",
    check: |input| run(check(input)),
    reaches: &[
        "no event",
        "unreadable",
        "session",
        "session by proof",
        "ticket",
        "ticket by proof",
        "ticket of a device",
        "device",
        "change",
        "name",
        "pending",
        "nothing pending",
        "InvalidIdentifier",
        "InvalidName",
        "InvalidProof",
        "NotSignedIn",
        "ReauthRequired",
        "ContactInUse",
        "TooManyRequests",
        "InvalidResume",
    ],
    dictionary: &[
        "<proof>",
        "<proof-bob>",
        "<device>",
        "<token>",
        "<ticket>",
        "signIn",
        "signInTicket",
        "undoContactChange",
        "signUp",
        "updateName",
        "changeContact",
        "pendingContact",
        "rememberDevice",
        "forgetDevices",
        "EMAIL",
        "PHONE_NUMBER",
        "input",
        "data",
        "emailOrPhone",
        "method",
        "proof",
        "resume",
        "linkChallenge",
        "device",
        "locale",
        "de",
        "givenName",
        "familyName",
        "ada@example.com",
        "bob@example.com",
        "+1 415 555 0132",
        "+881 6",
        "identity",
        "claims",
        "sub",
        "sub-of-ada",
        "token_use",
        "access",
        "id",
        "client_id",
        "goldenclient",
        "auth_time",
        "request",
        "headers",
        "authorization",
        "Bearer ",
        "x-forwarded-for",
        "192.0.2.1",
        "info",
        "fieldName",
        "arguments",
    ],
    golden: None,
};

/// The error types that a resolver may name.
const TYPES: [&str; 12] = [
    "InvalidIdentifier",
    "InvalidName",
    "InvalidProof",
    "InvalidResume",
    "InvalidContinuation",
    "TooManyRequests",
    "NotSignedIn",
    "NothingToUndo",
    "ReauthRequired",
    "ContactInUse",
    "ChangeHeld",
    "Unavailable",
];

/// Makes sealed texts, and a device that Ada signed in on.
pub(super) async fn authentic(world: &World) -> Authentic {
    let now = world.clock.now().as_secs();
    let event = json!({
        "info": { "fieldName": "rememberDevice" },
        "identity": { "sub": ADAS_SUB, "claims": { "token_use": "access", "client_id": CLIENT, "auth_time": now } },
        "request": { "headers": { "authorization": ADAS_TOKEN } },
    });
    let (_, account) = world.resolvers();
    let remembered = answer(&account, event).await;
    let device = remembered.expect("Ada is signed in").value["data"]["device"].take();
    world
        .sealed()
        .with("<device>", device.as_str().unwrap_or_default())
        .with("\"<now>\"", &now.to_string())
}

async fn check(input: &[u8]) -> Outcome {
    let world = World::new();
    let authentic = authentic(&world).await;
    let text = std::str::from_utf8(input).ok();
    let text = text
        .map(|text| authentic.substituted(text))
        .unwrap_or_default();
    let Ok(event) = serde_json::from_str::<Value>(&text) else {
        return "no event";
    };
    let (sign_in, contacts) = world.resolvers();
    // The earlier request.
    let _ = answer(&contacts, event["after"].clone()).await;
    let field = event["info"]["fieldName"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    if matches!(&*field, "signIn" | "signInTicket" | "undoContactChange") {
        checked(&world, &authentic, &sign_in, &event).await
    } else {
        checked(&world, &authentic, &contacts, &event).await
    }
}

async fn checked(
    world: &World,
    authentic: &Authentic,
    resolver: &impl Handler,
    event: &Value,
) -> Outcome {
    // Repeated requests are refused at some point, whichever limit that is.
    let times = if event["again"] == true { 11 } else { 1 };
    let mut outcome = "unreadable";
    for _ in 0..times {
        let before = world.sent().len();
        let answered = match answer(resolver, event.clone()).await {
            Ok(answered) => answered,
            Err(PublicError::UnreadableEvent) => return "unreadable",
            Err(error) => panic!("{error:?}"),
        };
        assert!(answered.follow_up.is_none(), "a resolver leaves no work");
        let sent = world.sent().split_off(before);
        let object = answered.value.as_object().expect("an answer is an object");
        assert_eq!(object.len(), 1);
        assert!(sent.len() <= 1, "more than one message");
        outcome = match (object.get("data"), object.get("error")) {
            (Some(data), None) => check_data(world, authentic, event, data, &sent),
            (None, Some(error)) => {
                assert!(sent.is_empty(), "refused, and a message sent");
                refused(authentic, error)
            }
            _ => panic!("neither data nor an error"),
        };
        if event["again"] == true {
            world.clock.sleep(std::time::Duration::from_secs(1)).await;
        }
    }
    outcome
}

fn refused(authentic: &Authentic, error: &Value) -> Outcome {
    let kind = error["type"].as_str().unwrap_or_default();
    let kind = TYPES.iter().find(|known| **known == kind);
    let kind = kind.expect("a known type of error");
    assert_ne!(*kind, "Unavailable", "no port of this world fails");
    let message = error["message"].as_str().expect("an error has a message");
    assert!((5..200).contains(&message.len()));
    for secret in ["<proof>", "<proof-bob>", "<device>", "<token>", "<ticket>"] {
        assert!(!message.contains(authentic.text(secret)));
    }
    assert!(
        !message.contains(ADA) && !message.contains(BOB),
        "an error contains an identifier"
    );
    kind
}

/// Returns the typed identifier by its method, parsed by the schema's types.
fn typed(input: &Value) -> Identifier {
    let method = match input["method"].as_str() {
        Some("EMAIL") => Method::Email,
        Some("PHONE_NUMBER") => Method::PhoneNumber,
        _ => panic!("data without a method"),
    };
    let typed = input["emailOrPhone"].as_str().unwrap_or_default();
    Identifier::parse(method, typed).expect("data for an invalid identifier")
}

/// Checks that a field of a signed-in user was called with Ada's token, and after a recent sign-in
/// if the field needs one.
fn check_identity(world: &World, event: &Value, field: &str) {
    let signed_in = [
        "signUp",
        "updateName",
        "changeContact",
        "pendingContact",
        "rememberDevice",
        "forgetDevices",
    ];
    if !signed_in.contains(&field) {
        return;
    }
    let identity = &event["identity"];
    assert_eq!(identity["sub"], ADAS_SUB);
    assert_eq!(identity["claims"]["token_use"], "access");
    assert_eq!(identity["claims"]["client_id"], CLIENT);
    let token = event["request"]["headers"]["authorization"].as_str();
    assert!(token.is_some_and(|token| token.ends_with(ADAS_TOKEN)));
    if matches!(field, "signUp" | "changeContact" | "rememberDevice") {
        let at = identity["claims"]["auth_time"].as_u64().unwrap_or_default();
        let age = i128::from(world.clock.now().as_secs()) - i128::from(at);
        assert!((-31..=611).contains(&age), "signed in {age} s ago");
    }
}

/// Checks that data is for a permitted caller, and of its field's shape.
fn check_data(
    world: &World,
    authentic: &Authentic,
    event: &Value,
    data: &Value,
    sent: &[(Option<String>, String)],
) -> Outcome {
    let input = &event["arguments"]["input"];
    let field = event["info"]["fieldName"].as_str().unwrap_or_default();
    check_identity(world, event, field);
    match field {
        "signIn" => {
            is_session(data);
            let to = typed(input);
            let Some(proof) = input["proof"].as_str() else {
                assert_eq!(data["username"], to.as_str());
                assert!(sent.iter().all(|(_, sent)| *sent == to.as_str()));
                return "session";
            };
            check_proof(authentic, proof, &to);
            assert!(sent.is_empty(), "a proof needs no code");
            "session by proof"
        }
        "signInTicket" => {
            let to = typed(input);
            let now = world.clock.now();
            let opened = Ticket::open(
                data["ticket"].as_str().unwrap_or_default(),
                &world.deployment.keys,
                &world.app_client,
                now,
                world.deployment.policy.ticket_life,
            );
            let opened = opened.expect("a ticket of ours");
            assert_eq!(opened.contact, to);
            assert!(sent.is_empty(), "a ticket sends nothing yet");
            let Some(proof) = input["proof"].as_str() else {
                assert_eq!(opened.purpose, Purpose::SignIn.into());
                // The flag of a known device.
                if opened.terms.to_bytes()[1] & 0b100 == 0 {
                    return "ticket";
                }
                assert_eq!(
                    input["device"],
                    *authentic.text("<device>"),
                    "a forged device"
                );
                assert_eq!(to.as_str(), ADA, "a device of another account");
                return "ticket of a device";
            };
            assert_eq!(opened.purpose, Purpose::Claim.into());
            check_proof(authentic, proof, &to);
            "ticket by proof"
        }
        "rememberDevice" => {
            assert!(
                data["device"]
                    .as_str()
                    .is_some_and(|device| device.len() > 100)
            );
            "device"
        }
        "forgetDevices" => {
            assert_eq!(*data, true);
            "forgotten"
        }
        "updateName" => {
            let name = |key: &str| input[key].as_str().unwrap_or_default().trim().to_owned();
            assert_eq!(data["givenName"], name("givenName"));
            assert_eq!(data["familyName"], name("familyName"));
            "name"
        }
        "signUp" | "changeContact" => {
            is_session(data);
            let input = if field == "signUp" {
                &input["data"]
            } else {
                input
            };
            let to = typed(input);
            assert!(sent.iter().all(|(_, sent)| *sent == to.as_str()));
            "change"
        }
        "pendingContact" => match data {
            Value::Null => "nothing pending",
            data => {
                assert_eq!(data["state"], "WAITING");
                assert_eq!(data["method"], event["arguments"]["method"]);
                "pending"
            }
        },
        _ => panic!("data for an unknown field"),
    }
}

fn is_session(data: &Value) {
    for number in ["codeLength", "expiresIn", "resendAfter"] {
        assert!(data[number].is_u64(), "{number}");
    }
    for text in ["session", "username"] {
        assert!(data[text].is_string(), "{text}");
    }
    assert_eq!(data.as_object().map(serde_json::Map::len), Some(8));
}

fn check_proof(authentic: &Authentic, proof: &str, of: &Identifier) {
    let known = [("<proof>", ADA), ("<proof-bob>", BOB)];
    assert!(
        known
            .iter()
            .any(|(name, who)| proof == authentic.text(name) && of.as_str() == *who),
        "a forged proof"
    );
}
