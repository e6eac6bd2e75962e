//! The switches.

use axum::http::StatusCode;
use latchstring_local_cognito::Trigger;
use serde_json::json;

use crate::bench::*;

#[tokio::test]
async fn with_replay_a_session_is_answered_many_times() {
    let bench = Bench::new();
    bench.create_verified("ada", "ada@example.com").await;
    bench.pool.controls().set_replay_sessions(true);
    let challenge = bench.initiate("ada").await;
    for _ in 0..5 {
        bench
            .ok(
                "RespondToAuthChallenge",
                answer_body(session(&challenge), "ada", "wrong"),
            )
            .await;
    }
    let right = answer_body(session(&challenge), "ada", RIGHT);
    bench.ok("RespondToAuthChallenge", right.clone()).await;
    bench.ok("RespondToAuthChallenge", right.clone()).await;
    // The other rules still apply.
    bench.advance(900);
    assert_eq!(
        bench.refused("RespondToAuthChallenge", right).await,
        "NotAuthorizedException: Invalid session for the user, session is expired."
    );
}

#[tokio::test]
async fn a_separate_session_is_answered_only_by_its_kind_of_call() {
    const CALLS: [(&str, &str); 2] = [
        ("InitiateAuth", "RespondToAuthChallenge"),
        ("AdminInitiateAuth", "AdminRespondToAuthChallenge"),
    ];
    for separate in [false, true] {
        for (opened_by, initiate) in [(0, CALLS[0].0), (1, CALLS[1].0)] {
            for (answered_by, respond) in [(0, CALLS[0].1), (1, CALLS[1].1)] {
                let bench = Bench::new();
                bench.create_verified("ada", "ada@example.com").await;
                bench.pool.controls().set_separate_sessions(separate);
                let mut body = initiate_body("ada");
                body["UserPoolId"] = json!(POOL);
                let first = bench.ok(initiate, body).await;
                // The rule holds for the session of an answer too.
                let mut body = answer_body(session(&first), "ada", "wrong");
                body["UserPoolId"] = json!(POOL);
                let second = bench.ok(CALLS[opened_by].1, body).await;
                let mut body = answer_body(session(&second), "ada", RIGHT);
                body["UserPoolId"] = json!(POOL);
                if separate && opened_by != answered_by {
                    assert_eq!(
                        bench.refused(respond, body).await,
                        "NotAuthorizedException: Invalid session for the user."
                    );
                } else {
                    bench.ok(respond, body).await;
                }
            }
        }
    }
}

#[tokio::test]
async fn retried_triggers_run_in_sequence_and_the_last_answer_counts() {
    let bench = Bench::new();
    bench.create_verified("ada", "ada@example.com").await;
    bench.pool.controls().set_retry_triggers(3);
    let runs = std::sync::atomic::AtomicUsize::new(0);
    bench.triggers.script(move |trigger, event| {
        (trigger == Trigger::Create).then(|| {
            let run = runs.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let mut event = event.clone();
            event["response"] = json!({
                "publicChallengeParameters": { "run": run.to_string() },
                "privateChallengeParameters": { "right": RIGHT },
            });
            Ok(event)
        })
    });
    let challenge = bench.initiate("ada").await;
    assert_eq!(challenge["ChallengeParameters"]["run"], "2");
    bench
        .ok(
            "RespondToAuthChallenge",
            answer_body(session(&challenge), "ada", RIGHT),
        )
        .await;
    assert_eq!(bench.triggers.events(Trigger::Define).len(), 6);
    assert_eq!(bench.triggers.events(Trigger::Create).len(), 3);
    assert_eq!(bench.triggers.events(Trigger::Verify).len(), 3);
}

#[tokio::test]
async fn with_moving_aliases_an_update_takes_an_alias_silently() {
    let bench = Bench::new();
    bench.create_verified("ada", "one@example.com").await;
    bench.create_verified("bob", "two@example.com").await;
    let take = update_body(
        "bob",
        json!({ "email": "one@example.com", "email_verified": "true" }),
    );
    assert_eq!(
        bench
            .refused("AdminUpdateUserAttributes", take.clone())
            .await,
        "AliasExistsException: An account with the given email already exists."
    );
    bench.pool.controls().set_alias_moves(true);
    bench.ok("AdminUpdateUserAttributes", take).await;
    assert_eq!(bench.admin_get("one@example.com").await["Username"], "bob");
    let ada = bench.admin_get("ada").await;
    assert_eq!(attribute(&ada, "email").as_deref(), Some("one@example.com"));
    assert_eq!(attribute(&ada, "email_verified").as_deref(), Some("false"));
    assert_eq!(
        bench
            .refused("AdminGetUser", named("two@example.com"))
            .await,
        "UserNotFoundException: User does not exist."
    );
}

#[tokio::test]
async fn legacy_applies_to_all_clients_until_it_is_off() {
    let bench = Bench::new();
    bench.pool.controls().set_legacy(true);
    assert_eq!(
        bench
            .refused("InitiateAuth", initiate_body("missing"))
            .await,
        "UserNotFoundException: User does not exist."
    );
    bench.pool.controls().set_legacy(false);
    bench.initiate("missing").await;
}

#[tokio::test]
async fn a_call_set_to_fail_answers_500_once_and_changes_nothing() {
    let bench = Bench::new();
    assert!(bench.pool.controls().fail_next("AdminCreateUser"));
    assert!(!bench.pool.controls().fail_next("AdminCreateUsers"));
    let body = create_body("ada", json!({}));
    let answer = bench.call("AdminCreateUser", body.clone()).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.body["__type"], "InternalErrorException");
    assert_eq!(
        bench.refused("AdminGetUser", named("ada")).await,
        "UserNotFoundException: User does not exist."
    );
    bench.ok("AdminCreateUser", body).await;
}
