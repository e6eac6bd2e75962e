//! The trigger `PreSignUp`, and the attributes of a new user.

use latchstring_local_cognito::{Trigger, TriggerError};
use serde_json::{Value, json};

use crate::bench::*;

const MISSING: &str = "UserNotFoundException: User does not exist.";

fn with_trigger() -> Bench {
    Bench::with(|config| {
        config.pre_sign_up = true;
        config.custom_attributes = ["tier".to_owned()].into();
    })
}

#[tokio::test]
async fn a_pool_without_the_trigger_invokes_none() {
    let bench = Bench::new();
    bench.create("ada", json!({})).await;
    assert!(bench.triggers.events(Trigger::PreSignUp).is_empty());
    let pool = json!({ "UserPoolId": POOL });
    let described = bench.ok("DescribeUserPool", pool).await;
    assert!(described["UserPool"]["LambdaConfig"]["PreSignUp"].is_null());
}

#[tokio::test]
async fn the_trigger_sees_the_user_before_there_is_one() {
    let bench = with_trigger();
    let mut body = create_body(
        "ada",
        json!({ "email": "ada@example.com", "email_verified": "true", "custom:tier": "gold" }),
    );
    body["ValidationData"] = json!([{ "Name": "code", "Value": "7" }]);
    body["ClientMetadata"] = json!({ "from": "a test" });
    let user = bench.ok("AdminCreateUser", body).await["User"].clone();
    assert_eq!(attribute(&user, "custom:tier").as_deref(), Some("gold"));
    let event = bench.triggers.last(Trigger::PreSignUp);
    assert_eq!(event["triggerSource"], "PreSignUp_AdminCreateUser");
    assert_eq!(event["userName"], "ada");
    assert_eq!(
        event["callerContext"]["clientId"],
        "CLIENT_ID_NOT_APPLICABLE"
    );
    let request = &event["request"];
    assert_eq!(request["validationData"], json!({ "code": "7" }));
    assert_eq!(request["clientMetadata"], json!({ "from": "a test" }));
    let attributes = &request["userAttributes"];
    assert_eq!(attributes["cognito:user_status"], "FORCE_CHANGE_PASSWORD");
    assert_eq!(attributes["custom:tier"], "gold");
    // It has no sub yet.
    assert!(attributes["sub"].is_null());
    let pool = json!({ "UserPoolId": POOL });
    let described = bench.ok("DescribeUserPool", pool).await;
    assert!(described["UserPool"]["LambdaConfig"]["PreSignUp"].is_string());
}

#[tokio::test]
async fn a_trigger_that_throws_refuses_the_user() {
    let bench = with_trigger();
    bench.triggers.script(|trigger, _| {
        (trigger == Trigger::PreSignUp).then(|| {
            Err(TriggerError {
                message: "not one of us".to_owned(),
            })
        })
    });
    assert_eq!(
        bench
            .refused("AdminCreateUser", create_body("ada", json!({})))
            .await,
        "UserLambdaValidationException: PreSignUp failed with error not one of us."
    );
    assert_eq!(bench.refused("AdminGetUser", named("ada")).await, MISSING);
    bench.triggers.script(|_, _| None);
    bench.create("ada", json!({})).await;
}

#[tokio::test]
async fn a_control_makes_a_pool_refuse_every_user() {
    let bench = Bench::new();
    bench
        .pool
        .controls()
        .set_failing_triggers(vec![Trigger::PreSignUp]);
    let refused = bench
        .refused("AdminCreateUser", create_body("ada", json!({})))
        .await;
    assert!(
        refused.starts_with("UserLambdaValidationException"),
        "{refused}"
    );
    bench.pool.controls().set_failing_triggers(Vec::new());
    bench.create("ada", json!({})).await;
}

#[tokio::test]
async fn an_answer_that_is_no_event_refuses_the_user() {
    let bench = with_trigger();
    for response in [Value::Null, json!({ "autoVerifyEmail": "yes" })] {
        bench.triggers.respond(Trigger::PreSignUp, response);
        assert_eq!(
            bench
                .refused("AdminCreateUser", create_body("ada", json!({})))
                .await,
            "InvalidLambdaResponseException: Unrecognizable lambda output"
        );
    }
    assert_eq!(bench.refused("AdminGetUser", named("ada")).await, MISSING);
}

#[tokio::test]
async fn a_new_user_has_only_attributes_of_the_schema() {
    let bench = with_trigger();
    let unknown = json!({ "custom:shoe": "9", "custom:tier": "gold", "hat": "7" });
    assert_eq!(
        bench
            .refused("AdminCreateUser", create_body("ada", unknown))
            .await,
        "InvalidParameterException: Attributes did not conform to the schema: \
         custom:shoe: Attribute does not exist in the schema.\n\
         hat: Attribute does not exist in the schema.\n"
    );
    // The trigger is not asked about a call that is refused.
    assert!(bench.triggers.events(Trigger::PreSignUp).is_empty());
    assert_eq!(bench.refused("AdminGetUser", named("ada")).await, MISSING);
}
