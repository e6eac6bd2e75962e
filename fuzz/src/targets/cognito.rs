//! The Cognito stand-in over HTTP. A line is a call, `Operation {…}`, with `!` before it if it is
//! signed. `<session>`, `<access>` and `<refresh>` stand for the values of an earlier answer.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use latchstring_local_cognito::{
    ClientConfig, PoolConfig, SigningKeys, Trigger, TriggerFuture, Triggers, UserPool, router,
};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::run;
use crate::{Outcome, Target};

const POOL: &str = "eu-west-1_FUZZ00000";
const CLIENT: &str = "fuzzclient";
const RIGHT_ANSWER: &str = "open sesame";
/// The maximum number of calls: more give no new outcomes.
const CALLS: usize = 12;

pub(super) const COGNITO: Target = Target {
    name: "cognito",
    check: |input| run(check(input)),
    reaches: &["nothing", "refused", "answered", "tokens"],
    dictionary: &[
        "!",
        "AdminCreateUser",
        "AdminDeleteUser",
        "AdminDisableUser",
        "AdminEnableUser",
        "AdminGetUser",
        "AdminInitiateAuth",
        "AdminRespondToAuthChallenge",
        "AdminSetUserPassword",
        "AdminUpdateUserAttributes",
        "AdminUserGlobalSignOut",
        "DeleteUser",
        "DescribeUserPool",
        "DescribeUserPoolClient",
        "GetTokensFromRefreshToken",
        "GetUser",
        "GlobalSignOut",
        "InitiateAuth",
        "ListUserPoolClients",
        "ListUsers",
        "RespondToAuthChallenge",
        "RevokeToken",
        "UpdateUserAttributes",
        "UserPoolId",
        "eu-west-1_FUZZ00000",
        "ClientId",
        "fuzzclient",
        "AuthFlow",
        "CUSTOM_AUTH",
        "REFRESH_TOKEN_AUTH",
        "AuthParameters",
        "USERNAME",
        "REFRESH_TOKEN",
        "ChallengeName",
        "CUSTOM_CHALLENGE",
        "ChallengeResponses",
        "ANSWER",
        "open sesame",
        "Session",
        "<session>",
        "AccessToken",
        "<access>",
        "RefreshToken",
        "<refresh>",
        "Token",
        "ClientMetadata",
        "Username",
        "ada",
        "bob",
        "ADA",
        "UserAttributes",
        "Name",
        "Value",
        "email",
        "email_verified",
        "true",
        "phone_number",
        "ada@example.com",
        "Ada@Example.com",
        "MessageAction",
        "SUPPRESS",
        "Permanent",
        "Password",
        "Filter",
        "email = \"ada@example.com\"",
        "sub ^= \"a\"",
        "Limit",
        "PaginationToken",
        "AttributesToGet",
        "ForceAliasCreation",
        "Passw0rd!",
        "+14155550132",
    ],
    golden: None,
};

/// Triggers of one challenge with one right answer.
struct OneChallenge;

impl Triggers for OneChallenge {
    fn invoke(&self, trigger: Trigger, mut event: Value) -> TriggerFuture<'_> {
        let request = &event["request"];
        event["response"] = match trigger {
            Trigger::Define => {
                let rounds = request["session"].as_array().map_or(&[][..], Vec::as_slice);
                let passed = rounds
                    .last()
                    .is_some_and(|round| round["challengeResult"] == true)
                    && request["userNotFound"] != true;
                json!({
                    "issueTokens": passed,
                    "failAuthentication": !passed && rounds.len() >= 3,
                    "challengeName": if passed { Value::Null } else { json!("CUSTOM_CHALLENGE") },
                })
            }
            Trigger::Create => json!({
                "publicChallengeParameters": { "hint": "a door" },
                "privateChallengeParameters": { "right": RIGHT_ANSWER },
                "challengeMetadata": "round",
            }),
            Trigger::Verify => {
                json!({ "answerCorrect": request["challengeAnswer"] == RIGHT_ANSWER })
            }
            Trigger::PreSignUp | Trigger::PostConfirmation => json!({}),
        };
        Box::pin(async move { Ok(event) })
    }
}

/// Values of earlier answers.
#[derive(Default)]
struct EarlierAnswers {
    session: String,
    access: String,
    refresh: String,
}

impl EarlierAnswers {
    fn note(&mut self, answer: &Value) {
        let tokens = &answer["AuthenticationResult"];
        for (kept, new) in [
            (&mut self.session, &answer["Session"]),
            (&mut self.access, &tokens["AccessToken"]),
            (&mut self.refresh, &tokens["RefreshToken"]),
        ] {
            if let Some(new) = new.as_str() {
                new.clone_into(kept);
            }
        }
    }

    fn substituted(&self, line: &str) -> String {
        line.replace("<session>", &self.session)
            .replace("<access>", &self.access)
            .replace("<refresh>", &self.refresh)
    }
}

fn pool() -> Router {
    let keys = SigningKeys::shared();
    let clients = vec![ClientConfig::new(CLIENT, "fuzz")];
    let config = PoolConfig::new("eu-west-1", POOL, clients);
    let now = || UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    router(UserPool::new(
        config,
        keys,
        Arc::new(OneChallenge),
        Arc::new(now),
    ))
}

async fn call(
    pool: &Router,
    operation: &str,
    is_signed: bool,
    body: String,
) -> (StatusCode, HeaderMap, Value) {
    let mut request = Request::post("/").header(
        "x-amz-target",
        format!("AWSCognitoIdentityProviderService.{operation}"),
    );
    if is_signed {
        request = request.header("authorization", "AWS4-HMAC-SHA256 fuzz");
    }
    // An invalid header makes the request invalid.
    let Ok(request) = request.body(Body::from(body)) else {
        return (StatusCode::BAD_REQUEST, HeaderMap::new(), Value::Null);
    };
    let response = pool.clone().oneshot(request).await;
    let (parts, body) = response.expect("a router always answers").into_parts();
    let bytes = to_bytes(body, usize::MAX).await.expect("a body in memory");
    let body = if bytes.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(&bytes).expect("an answer is JSON")
    };
    (parts.status, parts.headers, body)
}

async fn check(input: &[u8]) -> Outcome {
    let Ok(text) = std::str::from_utf8(input) else {
        return "nothing";
    };
    let pool = pool();
    let mut earlier = EarlierAnswers::default();
    let mut outcome = "nothing";
    for line in text.lines().take(CALLS) {
        let (is_signed, call_line) = match line.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, line),
        };
        let (operation, body) = call_line.split_once(' ').unwrap_or((call_line, ""));
        let body = earlier.substituted(body);
        let (status, headers, answer) = call(&pool, operation, is_signed, body.clone()).await;
        if headers.is_empty() {
            continue;
        }
        outcome = if status == StatusCode::OK {
            assert!(answer.is_object() || answer.is_null());
            if answer["AuthenticationResult"].is_object() {
                check_tokens_are_earned(operation, &body, &earlier);
                "tokens"
            } else {
                "answered"
            }
        } else {
            assert!(status.is_client_error(), "{operation}: {status}");
            let kind = answer["__type"].as_str().expect("a refusal has a type");
            assert_eq!(headers["x-amzn-errortype"], *format!("{kind}:"));
            let message = answer["message"].as_str().unwrap_or_default();
            for secret in [&earlier.session, &earlier.access, &earlier.refresh] {
                assert!(
                    secret.is_empty() || !message.contains(&**secret),
                    "a refusal repeats a secret"
                );
            }
            // A missing attribute is named in the refusal, as AWS does; no answer equals its name.
            let is_a_name = body.contains(&format!(r#""Name":"{RIGHT_ANSWER}""#));
            assert!(
                is_a_name || !message.contains(RIGHT_ANSWER),
                "a refusal repeats an answer"
            );
            "refused"
        };
        earlier.note(&answer);
    }
    check_that_contacts_are_unique(&pool).await;
    outcome
}

/// Checks that tokens are issued only for the right answer, or for a refresh token.
fn check_tokens_are_earned(operation: &str, body: &str, earlier: &EarlierAnswers) {
    // Invariant: a successful call had a JSON body.
    let body: Value = serde_json::from_str(body).expect("a call is JSON");
    match operation {
        "RespondToAuthChallenge" | "AdminRespondToAuthChallenge" => {
            assert_eq!(body["ChallengeResponses"]["ANSWER"], RIGHT_ANSWER);
            assert_eq!(body["Session"], earlier.session);
        }
        "InitiateAuth" | "AdminInitiateAuth" => {
            assert!(!earlier.refresh.is_empty());
            assert_eq!(body["AuthParameters"]["REFRESH_TOKEN"], earlier.refresh);
        }
        "GetTokensFromRefreshToken" => {
            assert!(!earlier.refresh.is_empty());
            assert_eq!(body["RefreshToken"], earlier.refresh);
        }
        _ => panic!("tokens from {operation}"),
    }
}

/// Checks that a verified contact or a name belongs to one account.
async fn check_that_contacts_are_unique(pool: &Router) {
    let body = json!({ "UserPoolId": POOL }).to_string();
    let (status, _, answer) = call(pool, "ListUsers", true, body).await;
    assert_eq!(status, StatusCode::OK);
    let users = answer["Users"].as_array().expect("users");
    let mut seen = std::collections::BTreeSet::new();
    for user in users {
        let of = |name: &str| {
            let attributes = user["Attributes"].as_array().into_iter().flatten();
            let mut attributes = attributes.filter(|attribute| attribute["Name"] == name);
            attributes
                .next()
                .and_then(|attribute| attribute["Value"].as_str())
        };
        let name = user["Username"].as_str().expect("a user has a name");
        assert!(
            seen.insert(("Username", name.to_lowercase())),
            "two users with one name"
        );
        for contact in ["email", "phone_number"] {
            if of(&format!("{contact}_verified")) == Some("true")
                && let Some(value) = of(contact)
            {
                assert!(
                    seen.insert((contact, value.to_lowercase())),
                    "two users with one {contact}"
                );
            }
        }
    }
}
