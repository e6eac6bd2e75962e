//! Triggers that throw, answer with an invalid response, or do not answer.

use std::sync::atomic::Ordering;
use std::time::Duration;

use latchstring_local_cognito::{Trigger, TriggerError};
use serde_json::{Value, json};

use crate::bench::*;

const UNRECOGNIZABLE: &str = "InvalidLambdaResponseException: Unrecognizable lambda output";

#[tokio::test]
async fn a_trigger_that_throws_is_quoted_and_its_session_ends() {
    let cases = [
        (Trigger::Define, "DefineAuthChallenge"),
        (Trigger::Create, "CreateAuthChallenge"),
        (Trigger::Verify, "VerifyAuthChallengeResponse"),
    ];
    for (throwing, name) in cases {
        let bench = Bench::new();
        bench.create_verified("ada", "ada@example.com").await;
        let challenge = bench.initiate("ada").await;
        bench.triggers.script(move |trigger, _| {
            (trigger == throwing).then(|| {
                Err(TriggerError {
                    message: "it rains".to_owned(),
                })
            })
        });
        let body = answer_body(session(&challenge), "ada", "wrong");
        assert_eq!(
            bench.refused("RespondToAuthChallenge", body.clone()).await,
            format!("UserLambdaValidationException: {name} failed with error it rains.")
        );
        bench.triggers.script(|_, _| None);
        assert_eq!(
            bench.refused("RespondToAuthChallenge", body).await,
            "NotAuthorizedException: Invalid session for the user."
        );
    }
}

#[tokio::test]
async fn a_trigger_that_panics_counts_as_one_that_threw() {
    let bench = Bench::new();
    // The test pool's Define panics if its event has no session; a script can panic as well.
    bench.triggers.script(|trigger, event| {
        assert!(
            trigger != Trigger::Create,
            "a panic in {}",
            event["triggerSource"]
        );
        None
    });
    let refused = bench.refused("InitiateAuth", initiate_body("ada")).await;
    assert_eq!(
        refused,
        "UserLambdaValidationException: CreateAuthChallenge failed with error Unhandled."
    );
}

#[tokio::test]
async fn an_answer_without_the_whole_event_is_unrecognizable() {
    let bench = Bench::new();
    for broken in [
        json!(null),
        json!("CUSTOM_CHALLENGE"),
        json!({}),
        json!({ "response": { "challengeName": "CUSTOM_CHALLENGE" } }),
    ] {
        bench.triggers.script(move |_, _| Some(Ok(broken.clone())));
        assert_eq!(
            bench.refused("InitiateAuth", initiate_body("ada")).await,
            UNRECOGNIZABLE
        );
    }
    for dropped in [
        "version",
        "region",
        "userPoolId",
        "userName",
        "callerContext",
        "triggerSource",
        "request",
        "response",
    ] {
        bench.triggers.script(move |_, event| {
            let mut event = event.clone();
            event["response"] = json!({ "challengeName": "CUSTOM_CHALLENGE" });
            event.as_object_mut().expect("an object").remove(dropped);
            Some(Ok(event))
        });
        assert_eq!(
            bench.refused("InitiateAuth", initiate_body("ada")).await,
            UNRECOGNIZABLE,
            "{dropped}"
        );
    }
}

#[tokio::test]
async fn a_response_of_the_wrong_types_is_unrecognizable() {
    let bench = Bench::new();
    let define = [
        json!({}),
        json!({ "issueTokens": false, "failAuthentication": false }),
        json!({ "issueTokens": "true" }),
        json!({ "challengeName": 1 }),
        json!({ "failAuthentication": 0 }),
    ];
    for response in define {
        bench.triggers.respond(Trigger::Define, response.clone());
        let refused = bench.refused("InitiateAuth", initiate_body("ada")).await;
        assert_eq!(refused, UNRECOGNIZABLE, "{response}");
    }
    let create = [
        json!({ "privateChallengeParameters": { "n": 1 } }),
        json!({ "privateChallengeParameters": ["a"] }),
        json!({ "privateChallengeParameters": { "a": "b" }, "publicChallengeParameters": "x" }),
        json!({ "privateChallengeParameters": { "a": "b" }, "challengeMetadata": {} }),
    ];
    for response in create {
        bench.triggers.respond(Trigger::Create, response.clone());
        let refused = bench.refused("InitiateAuth", initiate_body("ada")).await;
        assert_eq!(refused, UNRECOGNIZABLE, "{response}");
    }
    for response in [
        json!({}),
        json!({ "answerCorrect": null }),
        json!({ "answerCorrect": "true" }),
    ] {
        bench.triggers.script(|_, _| None);
        let challenge = bench.initiate("ada").await;
        bench.triggers.respond(Trigger::Verify, response.clone());
        let body = answer_body(session(&challenge), "ada", "x");
        let refused = bench.refused("RespondToAuthChallenge", body).await;
        assert_eq!(refused, UNRECOGNIZABLE, "{response}");
    }
}

#[tokio::test]
async fn a_challenge_of_another_name_is_refused() {
    let bench = Bench::new();
    bench.triggers.respond(
        Trigger::Define,
        json!({ "challengeName": "PASSWORD_VERIFIER" }),
    );
    assert_eq!(
        bench.refused("InitiateAuth", initiate_body("ada")).await,
        "InvalidParameterException: A challengeName other than CUSTOM_CHALLENGE is not supported \
         by this stand-in."
    );
}

#[tokio::test]
async fn failure_takes_precedence_over_tokens() {
    let bench = Bench::new();
    bench.create_verified("ada", "ada@example.com").await;
    let both = json!({ "issueTokens": true, "failAuthentication": true });
    bench.triggers.respond(Trigger::Define, both);
    assert_eq!(
        bench.refused("InitiateAuth", initiate_body("ada")).await,
        "NotAuthorizedException: Incorrect username or password."
    );
}

#[tokio::test]
async fn define_may_issue_tokens_at_once() {
    let bench = Bench::new();
    bench.create_verified("ada", "ada@example.com").await;
    bench
        .triggers
        .respond(Trigger::Define, json!({ "issueTokens": true }));
    let result = bench.ok("InitiateAuth", initiate_body("ada")).await;
    assert!(result["AuthenticationResult"]["AccessToken"].is_string());
}

#[tokio::test]
async fn a_challenge_without_a_private_parameter_fails() {
    let bench = Bench::new();
    for response in [
        json!({ "publicChallengeParameters": { "hint": "x" } }),
        json!({ "publicChallengeParameters": { "hint": "x" }, "privateChallengeParameters": {} }),
    ] {
        bench.triggers.respond(Trigger::Create, response);
        assert_eq!(
            bench.refused("InitiateAuth", initiate_body("ada")).await,
            "NotAuthorizedException: Incorrect username or password."
        );
    }
}

#[tokio::test]
async fn the_public_parameters_cannot_replace_the_username() {
    let bench = Bench::new();
    let response = json!({
        "publicChallengeParameters": { "USERNAME": "another user" },
        "privateChallengeParameters": { "a": "b" },
    });
    bench.triggers.respond(Trigger::Create, response);
    let challenge = bench.initiate("ada").await;
    assert_eq!(
        challenge["ChallengeParameters"],
        json!({ "USERNAME": "ada" })
    );
}

#[tokio::test]
async fn a_challenge_without_metadata_is_null_in_the_next_session() {
    let bench = Bench::new();
    bench.triggers.respond(
        Trigger::Create,
        json!({ "privateChallengeParameters": { "a": "b" } }),
    );
    let challenge = bench.initiate("ada").await;
    bench
        .ok(
            "RespondToAuthChallenge",
            answer_body(session(&challenge), "ada", "x"),
        )
        .await;
    let define = bench.triggers.last(Trigger::Define);
    assert_eq!(
        define["request"]["session"][0]["challengeMetadata"],
        Value::Null
    );
}

fn bench_with_short_timeout() -> Bench {
    Bench::with(|config| config.trigger_timeout = Duration::from_millis(500))
}

#[tokio::test]
async fn a_trigger_that_does_not_answer_in_time_is_invoked_again() {
    let bench = bench_with_short_timeout();
    bench.triggers.silent.store(2, Ordering::SeqCst);
    bench.initiate("ada").await;
    assert_eq!(bench.triggers.events(Trigger::Define).len(), 3);
    assert_eq!(bench.triggers.events(Trigger::Create).len(), 1);
}

#[tokio::test]
async fn a_trigger_that_does_not_answer_three_times_fails_the_call() {
    let bench = bench_with_short_timeout();
    bench.triggers.silent.store(3, Ordering::SeqCst);
    assert_eq!(
        bench.refused("InitiateAuth", initiate_body("ada")).await,
        "UnexpectedLambdaException: DefineAuthChallenge failed with error Socket timeout while \
         invoking Lambda function."
    );
    assert_eq!(bench.triggers.events(Trigger::Define).len(), 3);
}

#[tokio::test]
async fn cognito_waits_five_seconds() {
    let bench = Bench::new();
    assert_eq!(bench.pool.config().trigger_timeout, Duration::from_secs(5));
}
