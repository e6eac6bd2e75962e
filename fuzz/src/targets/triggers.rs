//! Cognito's events. For every event, the answer has the trigger's shape. Tokens, right answers,
//! messages and proofs result only from values that this deployment made.

use latchstring_core::flow::{Challenge, Purpose, Step};
use latchstring_core::sealed::{Proof, Ticket};
use latchstring_lambda::{Handler, PublicError};
use latchstring_testkit as testkit;
use serde_json::{Map, Value, json};

use super::run;
use crate::world::{ADAS_SUB, Authentic, BOB, CLIENT, POOL, World};
use crate::{Outcome, Target};

const WORDS: &[&str] = &[
    "<open-select>",
    "<open>",
    "<open-code>",
    "<matched-select>",
    "<matched>",
    "<matched-code>",
    "<ghost-select>",
    "<ghost>",
    "<ghost-code>",
    "<proved-select>",
    "<proved>",
    "<proved-code>",
    "<claim-select>",
    "<claim>",
    "<claimed-select>",
    "<claimed>",
    "<claimed-code>",
    "<decoy-select>",
    "<decoy>",
    "<ticket>",
    "<ticket-bob>",
    "<ticket-claim>",
    "<ticket-contact>",
    "<proof>",
    "<proof-bob>",
    "true",
    "True",
    "email",
    "phone_number",
    "resend",
    "request",
    "session",
    "userAttributes",
    "userNotFound",
    "clientMetadata",
    "challengeMetadata",
    "challengeResult",
    "challengeName",
    "CUSTOM_CHALLENGE",
    "SRP_A",
    "privateChallengeParameters",
    "challenge",
    "challengeAnswer",
    "callerContext",
    "clientId",
    "goldenclient",
    "userPoolId",
    "userName",
    "sub",
    "sub-of-ada",
    "username-of-ada",
    "ada@example.com",
    "bob@example.com",
    "email_verified",
    "cognito:user_status",
    "FORCE_CHANGE_PASSWORD",
    "method",
    "ticket",
    "action",
    "response",
];

pub(super) const DEFINE: Target = Target {
    name: "define",
    check: |input| run(define(input)),
    reaches: &["no event", "unreadable", "challenge", "tokens", "fail"],
    dictionary: WORDS,
    golden: Some("define"),
};

pub(super) const CREATE: Target = Target {
    name: "create",
    check: |input| run(create(input)),
    reaches: &["no event", "unreadable", "challenge", "sends", "proof"],
    dictionary: WORDS,
    golden: Some("create"),
};

pub(super) const VERIFY: Target = Target {
    name: "verify",
    check: |input| run(verify(input)),
    reaches: &["no event", "unreadable", "wrong", "select", "code", "proof"],
    dictionary: WORDS,
    golden: Some("verify"),
};

/// Returns the event of a JSON input, and the values made for it.
async fn event(world: &World, input: &[u8]) -> Option<(Value, Authentic)> {
    let text = std::str::from_utf8(input).ok()?;
    serde_json::from_str::<Value>(text).ok()?;
    let authentic = world.authentic(text).await;
    let event = serde_json::from_str(&authentic.substituted(text)).ok()?;
    Some((event, authentic))
}

/// Returns the trigger's response, and asserts that the event comes back unchanged. An unreadable
/// event is refused with the one public text for that.
async fn respond(trigger: &impl Handler, event: &Value) -> Option<Map<String, Value>> {
    match testkit::World::handle(trigger, event.clone()).await {
        Ok(mut answer) => {
            let response = answer["response"].take();
            let mut expected = event.clone();
            expected["response"] = Value::Null;
            assert!(
                answer == expected,
                "the event does not come back as it went in"
            );
            let Value::Object(response) = response else {
                panic!("a response is an object")
            };
            Some(response)
        }
        Err(PublicError::UnreadableEvent) => None,
        Err(error) => panic!("{error:?}"),
    }
}

fn names(response: &Map<String, Value>) -> Vec<&str> {
    let mut names: Vec<_> = response.keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

/// Returns true if the event is of the served pool and client.
fn is_served(event: &Value) -> bool {
    event["userPoolId"] == POOL && event["callerContext"]["clientId"] == CLIENT
}

/// Returns true if Cognito says that the session is Ada's.
fn is_adas(event: &Value) -> bool {
    let request = &event["request"];
    request["userAttributes"]["sub"] == ADAS_SUB && request["userNotFound"] != true
}

fn last_round(event: &Value) -> &Value {
    let rounds = event["request"]["session"].as_array();
    rounds
        .and_then(|rounds| rounds.last())
        .unwrap_or(&Value::Null)
}

async fn define(input: &[u8]) -> Outcome {
    let world = World::new();
    let Some((event, authentic)) = event(&world, input).await else {
        return "no event";
    };
    let Some(response) = respond(&world.triggers.define, &event).await else {
        return "unreadable";
    };
    assert_eq!(
        names(&response),
        ["challengeName", "failAuthentication", "issueTokens"]
    );
    let what = (
        &response["challengeName"],
        &response["failAuthentication"],
        &response["issueTokens"],
    );
    let outcome = match what {
        (name, Value::Bool(false), Value::Bool(false)) if name == "CUSTOM_CHALLENGE" => "challenge",
        (Value::Null, Value::Bool(true), Value::Bool(false)) => "fail",
        (Value::Null, Value::Bool(false), Value::Bool(true)) => "tokens",
        _ => panic!("{what:?} is not a decision"),
    };
    if outcome == "tokens" {
        let last = last_round(&event);
        let earned = ["<matched>", "<claimed>"].map(|name| authentic.text(name));
        assert_eq!(last["challengeName"], "CUSTOM_CHALLENGE");
        assert_eq!(last["challengeResult"], true);
        assert!(
            last["challengeMetadata"]
                .as_str()
                .is_some_and(|text| earned.contains(&text)),
            "tokens for a flow without a right answer"
        );
        assert!(
            is_served(&event) && is_adas(&event),
            "tokens for another user"
        );
    }
    assert_eq!(
        world.sent().len(),
        authentic.sent,
        "Define sends nothing here"
    );
    outcome
}

async fn create(input: &[u8]) -> Outcome {
    let world = World::new();
    let Some((event, authentic)) = event(&world, input).await else {
        return "no event";
    };
    let Some(response) = respond(&world.triggers.create, &event).await else {
        return "unreadable";
    };
    assert_eq!(
        names(&response),
        [
            "challengeMetadata",
            "privateChallengeParameters",
            "publicChallengeParameters"
        ]
    );
    let metadata = response["challengeMetadata"].as_str().unwrap_or_default();
    let private = &response["privateChallengeParameters"];
    assert_eq!(*private, json!({ "challenge": metadata }));
    assert!((1..512).contains(&metadata.len()));

    let public = response["publicChallengeParameters"].as_object();
    let public = public.expect("public parameters are an object");
    assert!(public.values().all(Value::is_string));
    let step = public["step"].as_str().unwrap_or_default();
    match step {
        "select" => assert_eq!(public.len(), 1),
        "otp" | "claim" => {
            for number in ["codeLength", "attemptsLeft", "expiresIn", "resendAfter"] {
                let text = public[number].as_str().unwrap_or_default();
                assert!(text.parse::<u64>().is_ok(), "{number}");
            }
        }
        _ => panic!("{step} is not a step"),
    }

    // The event is repeated, as after a timeout of Cognito's: nothing is sent twice.
    respond(&world.triggers.create, &event).await;
    let sent = world.sent().split_off(authentic.sent);
    assert!(sent.len() <= 1, "{} messages", sent.len());
    if let Some((code, to)) = sent.first() {
        let metadata = &event["request"]["clientMetadata"];
        if metadata["action"] == "resend" {
            // The cooldown of every flow here is still running.
            assert_ne!(
                last_round(&event)["challengeMetadata"],
                *authentic.text("<open>")
            );
        }
        let ticket = metadata["ticket"].as_str().unwrap_or_default();
        let policy = &world.deployment.policy;
        let keys = &world.deployment.keys;
        let now = latchstring_core::ports::Clock::now(&world.clock);
        let opened = Ticket::open(ticket, keys, &world.app_client, now, policy.ticket_life);
        let opened = opened.expect("a message without a ticket");
        assert_ne!(opened.purpose, Purpose::Claim.into());
        assert_eq!(
            opened.contact.as_str(),
            to,
            "a message to another recipient"
        );
        assert!(is_served(&event));
        assert_eq!(last_round(&event)["challengeResult"], true);
        let code = code.as_deref().expect("what Create sends is a code");
        let response = Value::Object(response.clone()).to_string();
        assert!(
            !response.contains(&format!("\"{code}\"")),
            "the response reveals the code"
        );
    }
    if let Some(proof) = public.get("proof") {
        assert_eq!(step, "claim");
        assert_eq!(
            last_round(&event)["challengeMetadata"],
            *authentic.text("<proved>")
        );
        assert_eq!(last_round(&event)["challengeResult"], true);
        assert!(is_served(&event) && sent.is_empty());
        let now = latchstring_core::ports::Clock::now(&world.clock);
        let proof = Proof::open(
            proof.as_str().unwrap_or_default(),
            &world.deployment.keys,
            &world.app_client,
            now,
            world.deployment.policy.proof_life,
        );
        assert_eq!(proof.expect("a proof of ours").contact.as_str(), BOB);
        return "proof";
    }
    if sent.is_empty() {
        "challenge"
    } else {
        "sends"
    }
}

/// Returns the digits of an answer, with the separators of a pasted code removed.
fn digits(typed: &str) -> String {
    typed
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .map(|c| match u32::from(c) {
            wide @ 0xff10..=0xff19 => char::from_digit(wide - 0xff10, 10).unwrap_or(c),
            _ => c,
        })
        .collect()
}

async fn verify(input: &[u8]) -> Outcome {
    let world = World::new();
    let Some((event, authentic)) = event(&world, input).await else {
        return "no event";
    };
    let Some(response) = respond(&world.triggers.verify, &event).await else {
        return "unreadable";
    };
    assert_eq!(names(&response), ["answerCorrect"]);
    let right = response["answerCorrect"]
        .as_bool()
        .expect("a verdict is a bool");
    let again = respond(&world.triggers.verify, &event).await;
    assert_eq!(again, Some(response), "another verdict for the same event");
    assert_eq!(world.sent().len(), authentic.sent, "Verify sends nothing");
    if !right {
        return "wrong";
    }

    assert!(is_served(&event), "right for a client that is not served");
    let request = &event["request"];
    let question = request["privateChallengeParameters"]["challenge"].as_str();
    let question = question.expect("right without a challenge");
    let challenge = Challenge::parse(question, &world.deployment.keys, &world.app_client);
    let answer = request["challengeAnswer"].as_str().unwrap_or_default();
    match challenge.expect("right for a foreign challenge").step {
        Step::Select => {
            let method = request["clientMetadata"]["method"].as_str();
            assert!(matches!(method, Some("email" | "phone_number")));
            "select"
        }
        Step::Otp(_) => {
            let flow = ["open", "matched", "ghost", "proved"]
                .into_iter()
                .find(|name| question == authentic.text(&format!("<{name}>")));
            let flow = flow.expect("right for a flow without a code");
            assert_eq!(digits(answer), authentic.text(&format!("<{flow}-code>")));
            let known = matches!(flow, "open" | "matched");
            assert!(!known || is_adas(&event), "right for another user");
            "code"
        }
        Step::Claim(_) => {
            assert!(!answer.is_empty());
            let proofs = ["<proof>", "<claimed-code>"];
            assert!(proofs.iter().any(|name| answer == authentic.text(name)));
            assert!(is_adas(&event), "a proof accepted from another user");
            "proof"
        }
    }
}
