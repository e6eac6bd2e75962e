//! The order and contents of the triggers' events, and the answers to the client.

use latchstring_local_cognito::{AuthFlow, ExistenceErrors, Trigger};
use serde_json::{Value, json};

use crate::bench::*;

#[tokio::test]
async fn the_right_answer_gives_tokens() {
    let bench = Bench::new();
    bench.create_verified("ada", "ada@example.com").await;
    let challenge = bench.initiate("ada@example.com").await;
    assert_eq!(challenge["ChallengeName"], "CUSTOM_CHALLENGE");
    assert_eq!(
        challenge["ChallengeParameters"],
        json!({ "USERNAME": "ada", "hint": "a door" })
    );
    let result = bench
        .ok(
            "RespondToAuthChallenge",
            answer_body(session(&challenge), "ada@example.com", RIGHT),
        )
        .await;
    let tokens = &result["AuthenticationResult"];
    assert_eq!(tokens["TokenType"], "Bearer");
    assert_eq!(tokens["ExpiresIn"], 3600);
    assert_eq!(result["ChallengeParameters"], json!({}));
    assert!(result["Session"].is_null());
    for token in ["AccessToken", "IdToken", "RefreshToken"] {
        assert!(!text(tokens, token).is_empty());
    }
}

#[tokio::test]
async fn a_wrong_answer_opens_a_new_session_and_the_third_fails() {
    let bench = Bench::new();
    bench.create_verified("ada", "ada@example.com").await;
    let first = bench.initiate("ada").await;
    let second = bench
        .ok(
            "RespondToAuthChallenge",
            answer_body(session(&first), "ada", "wrong"),
        )
        .await;
    assert_eq!(second["ChallengeName"], "CUSTOM_CHALLENGE");
    assert_ne!(session(&first), session(&second));
    let third = bench
        .ok(
            "RespondToAuthChallenge",
            answer_body(session(&second), "ada", "wrong"),
        )
        .await;
    let refused = bench
        .refused(
            "RespondToAuthChallenge",
            answer_body(session(&third), "ada", "wrong"),
        )
        .await;
    assert_eq!(
        refused,
        "NotAuthorizedException: Incorrect username or password."
    );
}

#[tokio::test]
async fn define_and_create_see_the_session_verify_the_parameters() {
    let bench = Bench::new();
    bench.create_verified("ada", "ada@example.com").await;
    let challenge = bench.initiate("ada").await;
    let attributes = bench.triggers.last(Trigger::Define)["request"]["userAttributes"].clone();
    let sub = text(&attributes, "sub").to_owned();
    let expected = |source: &str, request: Value, response: Value| {
        json!({
            "version": "1",
            "region": "eu-central-1",
            "userPoolId": POOL,
            "userName": "ada",
            "callerContext": { "awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": CLIENT },
            "triggerSource": source,
            "request": request,
            "response": response,
        })
    };
    let attributes = json!({
        "sub": sub,
        "email": "ada@example.com",
        "email_verified": "true",
        "cognito:email_alias": "ada@example.com",
        "cognito:user_status": "FORCE_CHANGE_PASSWORD",
    });
    let no_decision =
        json!({ "challengeName": null, "issueTokens": null, "failAuthentication": null });
    let no_challenge = json!({
        "publicChallengeParameters": null,
        "privateChallengeParameters": null,
        "challengeMetadata": null,
    });
    assert_eq!(
        bench.triggers.last(Trigger::Define),
        expected(
            "DefineAuthChallenge_Authentication",
            json!({ "userAttributes": attributes, "session": [] }),
            no_decision.clone(),
        )
    );
    assert_eq!(
        bench.triggers.last(Trigger::Create),
        expected(
            "CreateAuthChallenge_Authentication",
            json!({
                "userAttributes": attributes,
                "session": [],
                "challengeName": "CUSTOM_CHALLENGE",
            }),
            no_challenge.clone(),
        )
    );

    bench
        .ok(
            "RespondToAuthChallenge",
            answer_body(session(&challenge), "ada", "wrong"),
        )
        .await;
    assert_eq!(
        bench.triggers.last(Trigger::Verify),
        expected(
            "VerifyAuthChallengeResponse_Authentication",
            json!({
                "userAttributes": attributes,
                "privateChallengeParameters": { "right": RIGHT },
                "challengeAnswer": "wrong",
            }),
            json!({ "answerCorrect": null }),
        )
    );
    let rounds = json!([{
        "challengeName": "CUSTOM_CHALLENGE",
        "challengeResult": false,
        "challengeMetadata": "round 0",
    }]);
    assert_eq!(
        bench.triggers.last(Trigger::Define),
        expected(
            "DefineAuthChallenge_Authentication",
            json!({ "userAttributes": attributes, "session": rounds }),
            no_decision,
        )
    );
    assert_eq!(
        bench.triggers.last(Trigger::Create),
        expected(
            "CreateAuthChallenge_Authentication",
            json!({
                "userAttributes": attributes,
                "session": rounds,
                "challengeName": "CUSTOM_CHALLENGE",
            }),
            no_challenge,
        )
    );
}

#[tokio::test]
async fn answer_metadata_reaches_all_triggers_start_metadata_none() {
    let bench = Bench::new();
    bench.create_verified("ada", "ada@example.com").await;
    let mut body = initiate_body("ada");
    body["ClientMetadata"] = json!({ "method": "email" });
    let challenge = bench.ok("InitiateAuth", body).await;
    for trigger in [Trigger::Define, Trigger::Create] {
        assert!(
            bench.triggers.last(trigger)["request"]
                .get("clientMetadata")
                .is_none()
        );
    }
    let mut body = answer_body(session(&challenge), "ada", "wrong");
    body["ClientMetadata"] = json!({ "method": "email" });
    let challenge = bench.ok("RespondToAuthChallenge", body).await;
    for trigger in [Trigger::Verify, Trigger::Define, Trigger::Create] {
        let request = &bench.triggers.last(trigger)["request"];
        assert_eq!(request["clientMetadata"], json!({ "method": "email" }));
    }
    // It is not kept for the next round either.
    bench
        .ok(
            "RespondToAuthChallenge",
            answer_body(session(&challenge), "ada", "wrong"),
        )
        .await;
    for trigger in [Trigger::Verify, Trigger::Define, Trigger::Create] {
        assert!(
            bench.triggers.last(trigger)["request"]
                .get("clientMetadata")
                .is_none()
        );
    }
}

#[tokio::test]
async fn each_answer_looks_the_user_up_again() {
    let bench = Bench::new();
    bench.create_verified("ada", "ada@example.com").await;
    let challenge = bench.initiate("ada").await;
    bench
        .ok(
            "AdminUpdateUserAttributes",
            update_body("ada", json!({ "given_name": "Ada" })),
        )
        .await;
    bench
        .ok(
            "RespondToAuthChallenge",
            answer_body(session(&challenge), "ada", "wrong"),
        )
        .await;
    for trigger in [Trigger::Verify, Trigger::Define, Trigger::Create] {
        let request = &bench.triggers.last(trigger)["request"];
        assert_eq!(request["userAttributes"]["given_name"], "Ada");
    }
}

/// Runs an admin call during Define, just before Define issues tokens.
fn call_during_define(bench: &Bench, operation: &'static str, body: Value) {
    let admin = bench.elsewhere();
    bench.triggers.script(move |trigger, event| {
        let passed = event["request"]["session"][0]["challengeResult"] == true;
        if trigger == Trigger::Define && passed {
            let call = admin.ok(operation, body.clone());
            tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(call));
        }
        None
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tokens_show_what_define_changed_before_it_issued_them() {
    let bench = Bench::new();
    bench
        .create("ada", json!({ "email": "ada@example.com" }))
        .await;
    let verify = json!({ "email_verified": "true" });
    call_during_define(
        &bench,
        "AdminUpdateUserAttributes",
        update_body("ada", verify),
    );
    let tokens = bench.sign_in("ada").await;
    assert_eq!(claims(text(&tokens, "IdToken"))["email_verified"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_disabled_or_deleted_while_define_runs_gets_no_tokens() {
    for (operation, refusal) in [
        (
            "AdminDisableUser",
            "NotAuthorizedException: User is disabled.",
        ),
        (
            "AdminDeleteUser",
            "NotAuthorizedException: Incorrect username or password.",
        ),
    ] {
        let bench = Bench::new();
        bench.create_verified("ada", "ada@example.com").await;
        call_during_define(&bench, operation, named("ada"));
        let challenge = bench.initiate("ada").await;
        let body = answer_body(session(&challenge), "ada", RIGHT);
        assert_eq!(bench.refused("RespondToAuthChallenge", body).await, refusal);
    }
}

#[tokio::test]
async fn a_missing_user_runs_the_triggers_and_never_gets_tokens() {
    let bench = Bench::new();
    let challenge = bench.initiate("Missing@Example.com").await;
    assert_eq!(
        challenge["ChallengeParameters"]["USERNAME"],
        "Missing@Example.com"
    );
    for trigger in [Trigger::Define, Trigger::Create] {
        let event = bench.triggers.last(trigger);
        assert_eq!(event["userName"], "Missing@Example.com");
        assert_eq!(event["request"]["userNotFound"], true);
        assert_eq!(event["request"]["userAttributes"], json!({}));
    }
    let wrong = answer_body(session(&challenge), "missing@example.com", "wrong");
    let challenge = bench.ok("RespondToAuthChallenge", wrong).await;
    assert_eq!(
        bench.triggers.last(Trigger::Verify)["request"]["userNotFound"],
        true
    );
    let right = answer_body(session(&challenge), "Missing@Example.com", RIGHT);
    assert_eq!(
        bench.refused("RespondToAuthChallenge", right).await,
        "NotAuthorizedException: Incorrect username or password."
    );
}

#[tokio::test]
async fn a_session_without_a_user_fails_after_that_user_is_created() {
    let bench = Bench::new();
    let challenge = bench.initiate("ada@example.com").await;
    bench.create_verified("ada", "ada@example.com").await;
    let wrong = answer_body(session(&challenge), "ada@example.com", "wrong");
    let challenge = bench.ok("RespondToAuthChallenge", wrong).await;
    assert_eq!(
        bench.triggers.last(Trigger::Verify)["request"]["userNotFound"],
        true
    );
    assert_eq!(
        challenge["ChallengeParameters"]["USERNAME"],
        "ada@example.com"
    );
    let right = answer_body(session(&challenge), "ada@example.com", RIGHT);
    assert_eq!(
        bench.refused("RespondToAuthChallenge", right).await,
        "NotAuthorizedException: Incorrect username or password."
    );
}

#[tokio::test]
async fn a_known_user_has_no_flag_in_the_event() {
    let bench = Bench::new();
    bench.create_verified("ada", "ada@example.com").await;
    bench.initiate("ada").await;
    assert!(
        bench.triggers.last(Trigger::Define)["request"]
            .get("userNotFound")
            .is_none()
    );
}

#[tokio::test]
async fn a_legacy_client_reports_a_missing_user() {
    let bench = Bench::with_client(|client| {
        client.prevent_user_existence_errors = ExistenceErrors::Legacy;
    });
    assert_eq!(
        bench
            .refused("InitiateAuth", initiate_body("missing"))
            .await,
        "UserNotFoundException: User does not exist."
    );
    assert!(bench.triggers.events(Trigger::Define).is_empty());
}

#[tokio::test]
async fn a_user_deleted_between_two_answers_is_missing() {
    let bench = Bench::new();
    bench.create_verified("ada", "ada@example.com").await;
    let challenge = bench.initiate("ada").await;
    bench.ok("AdminDeleteUser", named("ada")).await;
    // Another user of the same name does not inherit the session.
    bench.create_verified("ada", "ada@example.com").await;
    assert_eq!(
        bench
            .refused(
                "RespondToAuthChallenge",
                answer_body(session(&challenge), "ada", RIGHT)
            )
            .await,
        "NotAuthorizedException: Incorrect username or password."
    );
}

#[tokio::test]
async fn a_disabled_user_neither_starts_nor_answers_nor_refreshes() {
    let bench = Bench::new();
    bench.create_verified("ada", "ada@example.com").await;
    let tokens = bench.sign_in("ada").await;
    let challenge = bench.initiate("ada").await;
    bench.ok("AdminDisableUser", named("ada")).await;
    let disabled = "NotAuthorizedException: User is disabled.";
    assert_eq!(
        bench.refused("InitiateAuth", initiate_body("ada")).await,
        disabled
    );
    let answer = answer_body(session(&challenge), "ada", RIGHT);
    assert_eq!(
        bench.refused("RespondToAuthChallenge", answer).await,
        disabled
    );
    let refresh = json!({ "ClientId": CLIENT, "RefreshToken": tokens["RefreshToken"] });
    assert_eq!(
        bench.refused("GetTokensFromRefreshToken", refresh).await,
        disabled
    );
    let get = json!({ "AccessToken": tokens["AccessToken"] });
    assert_eq!(bench.refused("GetUser", get.clone()).await, disabled);
    // Disabling revoked the tokens permanently; signing in works again.
    bench.ok("AdminEnableUser", named("ada")).await;
    assert_eq!(
        bench.refused("GetUser", get).await,
        "NotAuthorizedException: Access Token has been revoked"
    );
    bench.sign_in("ada").await;
}

#[tokio::test]
async fn users_sign_in_in_both_statuses() {
    let bench = Bench::new();
    bench.create_verified("ada", "ada@example.com").await;
    assert_eq!(
        bench.admin_get("ada").await["UserStatus"],
        "FORCE_CHANGE_PASSWORD"
    );
    bench.sign_in("ada").await;
    let body =
        json!({ "UserPoolId": POOL, "Username": "ada", "Password": "Aa1!aaaa", "Permanent": true });
    bench.ok("AdminSetUserPassword", body).await;
    bench.sign_in("ada").await;
    let define = bench.triggers.last(Trigger::Define);
    assert_eq!(
        define["request"]["userAttributes"]["cognito:user_status"],
        "CONFIRMED"
    );
}

#[tokio::test]
async fn the_admin_calls_run_the_same_flow() {
    let bench = Bench::new();
    bench.create_verified("ada", "ada@example.com").await;
    let mut body = initiate_body("ada");
    body["UserPoolId"] = json!(POOL);
    let challenge = bench.ok("AdminInitiateAuth", body).await;
    let mut body = answer_body(session(&challenge), "ada", RIGHT);
    body["UserPoolId"] = json!(POOL);
    let result = bench.ok("AdminRespondToAuthChallenge", body).await;
    assert!(result["AuthenticationResult"]["AccessToken"].is_string());
}

#[tokio::test]
async fn an_incomplete_context_of_an_admin_call_is_refused() {
    let bench = Bench::new();
    bench.create_verified("ada", "ada@example.com").await;
    let mut initiate = initiate_body("ada");
    initiate["UserPoolId"] = json!(POOL);
    let whole = json!({
        "IpAddress": "203.0.113.7",
        "ServerName": "app",
        "ServerPath": "/",
        "HttpHeaders": [],
    });
    initiate["ContextData"] = whole.clone();
    let challenge = bench.ok("AdminInitiateAuth", initiate.clone()).await;
    let mut respond = answer_body(session(&challenge), "ada", RIGHT);
    respond["UserPoolId"] = json!(POOL);
    for (member, path) in [
        ("IpAddress", "ipAddress"),
        ("ServerName", "serverName"),
        ("ServerPath", "serverPath"),
        ("HttpHeaders", "httpHeaders"),
    ] {
        let mut context = whole.clone();
        context.as_object_mut().unwrap().remove(member);
        for (operation, body) in [
            ("AdminInitiateAuth", &initiate),
            ("AdminRespondToAuthChallenge", &respond),
        ] {
            let mut body = body.clone();
            body["ContextData"] = context.clone();
            assert_eq!(
                bench.refused(operation, body).await,
                format!(
                    "InvalidParameterException: 1 validation error detected: Value at \
                     'contextData.{path}' failed to satisfy constraint: Member must not be null"
                )
            );
        }
    }
    respond["ContextData"] = whole;
    bench.ok("AdminRespondToAuthChallenge", respond).await;
}

#[tokio::test]
async fn a_flow_the_client_does_not_allow_is_refused() {
    let bench = Bench::with_client(|client| client.explicit_auth_flows.clear());
    bench.create_verified("ada", "ada@example.com").await;
    assert_eq!(
        bench.refused("InitiateAuth", initiate_body("ada")).await,
        "InvalidParameterException: CUSTOM_AUTH is not enabled for the client."
    );
    let body = json!({
        "AuthFlow": "USER_PASSWORD_AUTH",
        "ClientId": CLIENT,
        "AuthParameters": { "USERNAME": "ada", "PASSWORD": "x" },
    });
    assert_eq!(
        bench.refused("InitiateAuth", body.clone()).await,
        "InvalidParameterException: USER_PASSWORD_AUTH flow not enabled for this client"
    );
    let mut body = body;
    body["AuthFlow"] = json!("ADMIN_USER_PASSWORD_AUTH");
    assert_eq!(
        bench.refused("InitiateAuth", body.clone()).await,
        "InvalidParameterException: Initiate Auth method not supported."
    );
    body["UserPoolId"] = json!(POOL);
    assert_eq!(
        bench.refused("AdminInitiateAuth", body).await,
        "InvalidParameterException: Auth flow not enabled for this client"
    );
}

#[tokio::test]
async fn an_unsupported_feature_is_refused_by_name() {
    let bench = Bench::with_client(|client| {
        client.explicit_auth_flows.insert(AuthFlow::UserSrp);
    });
    bench.create_verified("ada", "ada@example.com").await;
    let mut srp = initiate_body("ada");
    srp["AuthFlow"] = json!("USER_SRP_AUTH");
    assert_eq!(
        bench.refused("InitiateAuth", srp).await,
        "InvalidParameterException: USER_SRP_AUTH is not supported by this stand-in."
    );
    let mut custom_srp = initiate_body("ada");
    custom_srp["AuthParameters"]["CHALLENGE_NAME"] = json!("SRP_A");
    assert_eq!(
        bench.refused("InitiateAuth", custom_srp).await,
        "InvalidParameterException: CUSTOM_AUTH that begins with SRP_A is not supported by this stand-in."
    );
    let mut mfa = answer_body(&"x".repeat(20), "ada", "1");
    mfa["ChallengeName"] = json!("SMS_MFA");
    assert_eq!(
        bench.refused("RespondToAuthChallenge", mfa).await,
        "InvalidParameterException: The challenge SMS_MFA is not supported by this stand-in."
    );
    let mut hash = initiate_body("ada");
    hash["AuthParameters"]["SECRET_HASH"] = json!("abc");
    assert_eq!(
        bench.refused("InitiateAuth", hash).await,
        format!("NotAuthorizedException: Unable to verify secret hash for client {CLIENT}")
    );
}

#[tokio::test]
async fn a_missing_parameter_is_named() {
    let bench = Bench::new();
    let mut body = initiate_body("ada");
    body["AuthParameters"] = json!({});
    assert_eq!(
        bench.refused("InitiateAuth", body).await,
        "InvalidParameterException: Missing required parameter USERNAME"
    );
    let challenge = bench.initiate("ada").await;
    for missing in ["USERNAME", "ANSWER"] {
        let mut body = answer_body(session(&challenge), "ada", "x");
        body["ChallengeResponses"]
            .as_object_mut()
            .expect("an object")
            .remove(missing);
        assert_eq!(
            bench.refused("RespondToAuthChallenge", body).await,
            format!("InvalidParameterException: Missing required parameter {missing}")
        );
    }
    let mut body = answer_body(session(&challenge), "ada", "x");
    body.as_object_mut().expect("an object").remove("Session");
    assert_eq!(
        bench.refused("RespondToAuthChallenge", body).await,
        "InvalidParameterException: Missing required parameter Session"
    );
    // None of these calls used the session up.
    bench
        .ok(
            "RespondToAuthChallenge",
            answer_body(session(&challenge), "ada", "x"),
        )
        .await;
}

#[tokio::test]
async fn unknown_clients_and_pools_do_not_exist() {
    let bench = Bench::new();
    let mut body = initiate_body("ada");
    body["ClientId"] = json!("nosuchclient");
    assert_eq!(
        bench.refused("InitiateAuth", body).await,
        "ResourceNotFoundException: User pool client nosuchclient does not exist."
    );
    let mut body = named("ada");
    body["UserPoolId"] = json!("eu-central-1_Other");
    assert_eq!(
        bench.refused("AdminGetUser", body).await,
        "ResourceNotFoundException: User pool eu-central-1_Other does not exist."
    );
}
