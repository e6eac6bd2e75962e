//! A session: one answer, of one user, at one client, for a limited time.

use std::sync::Arc;

use serde_json::json;

use crate::bench::*;

const USED: &str =
    "NotAuthorizedException: Invalid session for the user, session can only be used once.";
const EXPIRED: &str = "NotAuthorizedException: Invalid session for the user, session is expired.";
const INVALID: &str = "NotAuthorizedException: Invalid session for the user.";

#[tokio::test]
async fn a_session_is_opaque_and_within_the_models_length() {
    let bench = Bench::new();
    let challenge = bench.initiate("missing").await;
    assert!((20..=4096).contains(&session(&challenge).len()));
}

#[tokio::test]
async fn a_session_answered_before_is_refused() {
    let bench = Bench::new();
    bench.create_verified("ada", "ada@example.com").await;
    let challenge = bench.initiate("ada").await;
    bench
        .ok(
            "RespondToAuthChallenge",
            answer_body(session(&challenge), "ada", "wrong"),
        )
        .await;
    for answer in ["wrong", RIGHT] {
        let body = answer_body(session(&challenge), "ada", answer);
        assert_eq!(bench.refused("RespondToAuthChallenge", body).await, USED);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_session_answered_200_times_in_parallel_is_used_once() {
    let bench = Arc::new(Bench::new());
    bench.create_verified("ada", "ada@example.com").await;
    let challenge = bench.initiate("ada").await;
    let body = answer_body(session(&challenge), "ada", RIGHT);
    let answers: Vec<_> = (0..200)
        .map(|_| {
            let (bench, body) = (Arc::clone(&bench), body.clone());
            tokio::spawn(async move { bench.call("RespondToAuthChallenge", body).await.body })
        })
        .collect();
    let mut tokens = 0;
    for answer in answers {
        let body = answer.await.expect("no call panics");
        if body["AuthenticationResult"].is_object() {
            tokens += 1;
        } else {
            assert_eq!(refusal(&body), USED);
        }
    }
    assert_eq!(tokens, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_parallel_users_each_sign_in_as_themselves() {
    let bench = Arc::new(Bench::new());
    let sign_ins: Vec<_> = (0..200)
        .map(|number| {
            let bench = Arc::clone(&bench);
            tokio::spawn(async move {
                let name = format!("user{number}");
                bench
                    .create_verified(&name, &format!("{name}@example.com"))
                    .await;
                let tokens = bench.sign_in(&format!("{name}@EXAMPLE.com")).await;
                assert_eq!(claims(text(&tokens, "IdToken"))["cognito:username"], name);
            })
        })
        .collect();
    for sign_in in sign_ins {
        sign_in.await.expect("every user signs in");
    }
}

#[tokio::test]
async fn a_session_is_bound_to_its_client() {
    let bench = Bench::new();
    bench.create_verified("ada", "ada@example.com").await;
    let challenge = bench.initiate("ada").await;
    let mut body = answer_body(session(&challenge), "ada", RIGHT);
    body["ClientId"] = json!(SIBLING);
    assert_eq!(bench.refused("RespondToAuthChallenge", body).await, INVALID);
    bench
        .ok(
            "RespondToAuthChallenge",
            answer_body(session(&challenge), "ada", RIGHT),
        )
        .await;
}

#[tokio::test]
async fn a_session_is_bound_to_its_user() {
    let bench = Bench::new();
    bench.create_verified("ada", "ada@example.com").await;
    bench.create_verified("bob", "bob@example.com").await;
    let challenge = bench.initiate("ada").await;
    for other in ["bob", "bob@example.com", "missing", ""] {
        let body = answer_body(session(&challenge), other, RIGHT);
        assert_eq!(
            bench.refused("RespondToAuthChallenge", body).await,
            INVALID,
            "{other}"
        );
    }
    let missing = bench.initiate("missing").await;
    let body = answer_body(session(&missing), "ada", RIGHT);
    assert_eq!(bench.refused("RespondToAuthChallenge", body).await, INVALID);
}

#[tokio::test]
async fn any_name_of_the_sessions_user_answers_it_in_any_case() {
    let bench = Bench::new();
    let verified = json!({
        "email": "ada@example.com",
        "email_verified": "true",
        "phone_number": "+4915112345678",
        "phone_number_verified": "true",
    });
    bench.create("ada", verified).await;
    for name in [
        "ada",
        "ADA",
        "ada@example.com",
        "Ada@Example.COM",
        "+4915112345678",
    ] {
        let challenge = bench.initiate("ada@example.com").await;
        let body = answer_body(session(&challenge), name, RIGHT);
        bench.ok("RespondToAuthChallenge", body).await;
    }
}

#[tokio::test]
async fn an_alias_that_was_lost_no_longer_answers() {
    let bench = Bench::new();
    bench.create_verified("ada", "ada@example.com").await;
    let challenge = bench.initiate("ada@example.com").await;
    bench
        .ok(
            "AdminUpdateUserAttributes",
            update_body("ada", json!({ "email": "new@example.com" })),
        )
        .await;
    let body = answer_body(session(&challenge), "ada@example.com", RIGHT);
    assert_eq!(bench.refused("RespondToAuthChallenge", body).await, INVALID);
}

#[tokio::test]
async fn a_session_expires_counted_from_its_own_challenge() {
    let bench = Bench::new();
    bench.create_verified("ada", "ada@example.com").await;
    let first = bench.initiate("ada").await;
    bench.advance(899);
    let second = bench
        .ok(
            "RespondToAuthChallenge",
            answer_body(session(&first), "ada", "wrong"),
        )
        .await;
    bench.advance(899);
    let third = bench
        .ok(
            "RespondToAuthChallenge",
            answer_body(session(&second), "ada", "wrong"),
        )
        .await;
    bench.advance(900);
    let body = answer_body(session(&third), "ada", RIGHT);
    assert_eq!(bench.refused("RespondToAuthChallenge", body).await, EXPIRED);
}

#[tokio::test]
async fn a_failed_authentication_ends_its_session() {
    let bench = Bench::new();
    bench.create_verified("ada", "ada@example.com").await;
    let mut challenge = bench.initiate("ada").await;
    for _ in 0..2 {
        let body = answer_body(session(&challenge), "ada", "wrong");
        challenge = bench.ok("RespondToAuthChallenge", body).await;
    }
    let body = answer_body(session(&challenge), "ada", "wrong");
    bench.refused("RespondToAuthChallenge", body.clone()).await;
    assert_eq!(bench.refused("RespondToAuthChallenge", body).await, INVALID);
}

#[tokio::test]
async fn an_unknown_session_is_refused() {
    let bench = Bench::new();
    bench.create_verified("ada", "ada@example.com").await;
    let body = answer_body(&"A".repeat(400), "ada", RIGHT);
    assert_eq!(bench.refused("RespondToAuthChallenge", body).await, INVALID);
    assert_eq!(
        bench
            .refused("RespondToAuthChallenge", answer_body("short", "ada", RIGHT))
            .await,
        "InvalidParameterException: 1 validation error detected: Value at 'session' failed to \
         satisfy constraint: Member must have length greater than or equal to 20"
    );
    assert_eq!(
        bench
            .refused(
                "RespondToAuthChallenge",
                answer_body(&"A".repeat(4097), "ada", RIGHT)
            )
            .await,
        "InvalidParameterException: 1 validation error detected: Value at 'session' failed to \
         satisfy constraint: Member must have length less than or equal to 4096"
    );
}
