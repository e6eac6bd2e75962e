//! Recovery of an account by its user, which a pool may leave to an admin.

use latchstring_local_cognito::ExistenceErrors;
use serde_json::{Value, json};

use crate::bench::*;

const PASSWORD: &str = "A-new-password-1";

fn open() -> Bench {
    Bench::with(|config| config.self_recovery = true)
}

fn body(username: &str, more: &Value) -> Value {
    let mut body = json!({ "ClientId": CLIENT, "Username": username });
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    body
}

fn confirming(username: &str, code: &str) -> Value {
    body(
        username,
        &json!({ "ConfirmationCode": code, "Password": PASSWORD }),
    )
}

async fn confirmed(bench: &Bench, username: &str) {
    bench
        .create_verified(username, &format!("{username}@example.com"))
        .await;
    let password = json!({
        "UserPoolId": POOL, "Username": username, "Password": PASSWORD, "Permanent": true,
    });
    bench.ok("AdminSetUserPassword", password).await;
}

#[tokio::test]
async fn a_pool_of_admins_recovers_no_account() {
    let bench = Bench::new();
    confirmed(&bench, "ada").await;
    for name in ["ada", "missing"] {
        for (operation, body) in [
            ("ForgotPassword", body(name, &Value::Null)),
            ("ConfirmForgotPassword", confirming(name, "000000")),
        ] {
            assert_eq!(
                bench.refused(operation, body).await,
                "NotAuthorizedException: Password recovery is not permitted for this user pool"
            );
        }
    }
    assert_eq!(bench.pool.reset_code("ada"), None);
}

#[tokio::test]
async fn a_code_resets_the_password_once() {
    let bench = open();
    confirmed(&bench, "ada").await;
    let early = bench.refused("ConfirmForgotPassword", confirming("ada", "000000"));
    assert!(early.await.starts_with("ExpiredCodeException"));
    bench.ok("ForgotPassword", body("ada", &Value::Null)).await;
    let code = bench.pool.reset_code("ada").expect("a code");
    let wrong = bench.refused("ConfirmForgotPassword", confirming("ada", "wrong"));
    assert!(wrong.await.starts_with("CodeMismatchException"));
    let right = confirming("ada", &code);
    assert_eq!(
        bench.ok("ConfirmForgotPassword", right.clone()).await,
        json!({})
    );
    let again = bench.refused("ConfirmForgotPassword", right).await;
    assert!(again.starts_with("ExpiredCodeException"));
}

#[tokio::test]
async fn a_missing_or_disabled_user_looks_like_one_with_a_code() {
    let bench = open();
    for name in ["ada", "disabled"] {
        confirmed(&bench, name).await;
    }
    bench.create("unverified", json!({})).await;
    let password = json!({
        "UserPoolId": POOL, "Username": "unverified", "Password": PASSWORD, "Permanent": true,
    });
    bench.ok("AdminSetUserPassword", password).await;
    bench.ok("AdminDisableUser", named("disabled")).await;
    let known = bench.ok("ForgotPassword", body("ada", &Value::Null)).await;
    for name in ["disabled", "missing", "unverified"] {
        let answer = bench.ok("ForgotPassword", body(name, &Value::Null)).await;
        assert_eq!(answer, known, "{name}");
        assert_eq!(bench.pool.reset_code(name), None, "{name}");
    }
    for name in ["disabled", "missing"] {
        let refused = bench.refused("ConfirmForgotPassword", confirming(name, "000000"));
        assert!(refused.await.starts_with("CodeMismatchException"), "{name}");
    }
}

#[tokio::test]
async fn a_client_that_reveals_users_names_the_reason() {
    let bench = Bench::with(|config| {
        config.self_recovery = true;
        let client = config.clients.first_mut().expect("a client");
        client.prevent_user_existence_errors = ExistenceErrors::Legacy;
    });
    confirmed(&bench, "ada").await;
    bench.create("unverified", json!({})).await;
    for (name, error) in [
        ("missing", "UserNotFoundException"),
        ("unverified", "NotAuthorizedException"),
    ] {
        let refused = bench.refused("ForgotPassword", body(name, &Value::Null));
        assert!(refused.await.starts_with(error), "{name}");
    }
    bench.ok("AdminDisableUser", named("ada")).await;
    let refused = bench
        .refused("ForgotPassword", body("ada", &Value::Null))
        .await;
    assert_eq!(refused, "NotAuthorizedException: User is disabled.");
}
