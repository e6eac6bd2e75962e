//! Each Lambda as its own process, invoked as Lambda does: by a host of the Runtime API.

use latchstring_core::identifier::Method;
use latchstring_tests::{Answered, Extensions, Program, RuntimeApi, holds_no_secret, note};
use serde_json::{Value, json};

use crate::after_response::sends_to;

pub(crate) const POOL: &str = "eu-west-1_PROCESSES";
pub(crate) const CLIENT: &str = "processclient";
/// The secrets of the configuration, which are never printed either.
const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
/// The bytes of that key.
pub(crate) const SECRET: [u8; 32] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25,
    26, 27, 28, 29, 30, 31,
];
const AWS_SECRET: &str = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY00";

pub(crate) const DEFINE: &str = "latchstring-define-auth-challenge";
pub(crate) const CREATE: &str = "latchstring-create-auth-challenge";
const VERIFY: &str = "latchstring-verify-auth-challenge-response";
const SIGN_IN: &str = "latchstring-sign-in";
const SIGN_UP: &str = "latchstring-sign-up";
const ALL: [&str; 5] = [DEFINE, CREATE, VERIFY, SIGN_IN, SIGN_UP];

/// The required settings of each Lambda.
pub(crate) fn needs(package: &str) -> Vec<(String, String)> {
    note(KEY);
    note(AWS_SECRET);
    let ring = json!({"current": {"id": "k1", "secret": KEY}}).to_string();
    let mut variables = vec![
        ("USER_POOL_ID", POOL),
        ("CLIENT_IDS", CLIENT),
        ("KEY_RING", &ring),
        ("STORE", "memory"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", AWS_SECRET),
        // No server listens there.
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
    ];
    if [CREATE, VERIFY].contains(&package) {
        variables.retain(|(name, _)| *name != "USER_POOL_ID");
    }
    variables
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// Starts a Lambda at the default log level, and its host.
async fn start(package: &str) -> (Program, RuntimeApi) {
    let host = RuntimeApi::listen().await;
    let mut environment = host.environment();
    environment.extend(needs(package));
    let program = Program::lambda(package, package, &environment);
    (program, host)
}

/// Ends a Lambda as Lambda does, and checks its output: each line is JSON without a secret.
pub(crate) async fn end(mut program: Program) -> Vec<Value> {
    program.signal("KILL");
    let (_, printed) = program.ended().await;
    assert!(holds_no_secret(&printed), "nothing printed is a secret");
    printed
        .lines()
        .map(|line| serde_json::from_str(line).expect("each line is JSON"))
        .collect()
}

pub(crate) fn trigger_event(trigger: &str, request: &Value) -> Value {
    json!({
        "version": "1",
        "region": "eu-west-1",
        "userPoolId": POOL,
        "userName": "ada@example.com",
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": CLIENT},
        "triggerSource": format!("{trigger}_Authentication"),
        "request": request,
        "response": {},
    })
}

pub(crate) fn sign_in_event(typed: &str) -> Value {
    note(typed);
    json!({
        "arguments": {"input": {"emailOrPhone": typed, "method": "EMAIL"}},
        "identity": null,
        "info": {"fieldName": "signIn", "parentTypeName": "Mutation", "variables": {}},
        "request": {"headers": {}, "domainName": null},
    })
}

/// Returns a call without a signed-in user.
fn contact_event(field: &str) -> Value {
    json!({
        "arguments": {"method": "EMAIL"},
        "identity": null,
        "info": {"fieldName": field, "parentTypeName": "Mutation", "variables": {}},
        "request": {"headers": {}, "domainName": null},
    })
}

/// Returns an event that the Lambda serves.
fn event_of(package: &str) -> Value {
    let missing = json!({"userAttributes": {}, "userNotFound": true, "session": []});
    match package {
        DEFINE => trigger_event("DefineAuthChallenge", &missing),
        CREATE => trigger_event("CreateAuthChallenge", &missing),
        VERIFY => trigger_event(
            "VerifyAuthChallengeResponse",
            &json!({
                "userAttributes": {},
                "userNotFound": true,
                "privateChallengeParameters": {"challenge": "k1.forged"},
                "challengeAnswer": "493026",
            }),
        ),
        SIGN_UP => contact_event("signUp"),
        _ => sign_in_event("not an address"),
    }
}

pub(crate) fn response(answered: Answered) -> Value {
    match answered {
        Answered::Response(response) => response,
        Answered::Error(kind, _) => panic!("it answered with an error: {kind}"),
    }
}

#[tokio::test]
async fn define_requests_a_challenge_at_the_first_call() {
    let (program, mut host) = start(DEFINE).await;
    let event = event_of(DEFINE);
    let answer = response(host.invoke(&event).await);
    assert_eq!(
        answer["response"],
        json!({"challengeName": "CUSTOM_CHALLENGE", "failAuthentication": false, "issueTokens": false})
    );
    assert!(
        answer["request"] == event["request"],
        "the event comes back unchanged"
    );
    let log = end(program).await;
    let logged = log.iter().any(|line| {
        line["trigger"] == "define"
            && line["outcome"] == "challenge"
            && line["reason"] == "opened"
            && line["duration_ms"].is_u64()
    });
    assert!(logged, "the decision is logged");
}

#[tokio::test]
async fn verify_accepts_creates_challenge_in_another_process() {
    let (creating, mut create) = start(CREATE).await;
    let (verifying, mut verify) = start(VERIFY).await;
    let created = response(create.invoke(event_of(CREATE)).await);
    let created = &created["response"];
    assert_eq!(
        created["publicChallengeParameters"],
        json!({"step": "select"})
    );
    let challenge = created["privateChallengeParameters"]["challenge"]
        .as_str()
        .expect("a private parameter");
    assert!(created["challengeMetadata"] == challenge);
    assert!(challenge.len() < 512 && challenge.starts_with("k1."));

    for (method, right) in [("email", true), ("phone_number", true), ("pigeon", false)] {
        let request = json!({
            "userAttributes": {},
            "userNotFound": true,
            "privateChallengeParameters": {"challenge": challenge},
            "challengeAnswer": "select",
            "clientMetadata": {"method": method},
        });
        let event = trigger_event("VerifyAuthChallengeResponse", &request);
        let answer = response(verify.invoke(event).await);
        assert_eq!(answer["response"], json!({ "answerCorrect": right }));
    }
    assert!(!end(creating).await.is_empty(), "Create logs");
    let log = end(verifying).await;
    let verdicts = log.iter().filter(|line| line["trigger"] == "verify");
    assert_eq!(verdicts.count(), 3, "Verify logs each verdict");
}

#[tokio::test]
async fn verify_refuses_a_forged_challenge() {
    let (program, mut host) = start(VERIFY).await;
    note("493026");
    let answer = response(host.invoke(event_of(VERIFY)).await);
    assert_eq!(answer["response"], json!({"answerCorrect": false}));
    end(program).await;
}

#[tokio::test]
async fn sign_in_refuses_an_invalid_address() {
    let (program, mut host) = start(SIGN_IN).await;
    let answer = response(host.invoke(event_of(SIGN_IN)).await);
    assert_eq!(answer["error"]["type"], "InvalidIdentifier");
    assert!(answer["error"]["message"].is_string());
    assert!(answer["data"].is_null());
    end(program).await;
}

#[tokio::test]
async fn sign_in_writes_the_days_of_the_api_key_at_most_hourly() {
    const IN_2100: &str = "4102444800";
    for (expires, least, most) in [(None, 0, 0), (Some(IN_2100), 1, 2)] {
        let mut host = RuntimeApi::listen().await;
        let mut environment = host.environment();
        environment.extend(needs(SIGN_IN));
        environment.extend(expires.map(|at| ("API_KEY_EXPIRES".to_owned(), at.to_owned())));
        let program = Program::lambda(SIGN_IN, SIGN_IN, &environment);
        for _ in 0..3 {
            response(host.invoke(event_of(SIGN_IN)).await);
        }
        let log = end(program).await;
        let days = log
            .iter()
            .filter_map(|line| line["ApiKeyDaysLeft"].as_u64());
        let days: Vec<u64> = days.collect();
        // Two if an hour ends meanwhile.
        assert!((least..=most).contains(&days.len()), "{days:?}");
        assert!(
            days.iter().all(|days| (1..40_000).contains(days)),
            "{days:?}"
        );
    }
}

#[tokio::test]
async fn sign_up_refuses_a_caller_who_is_not_signed_in() {
    let (program, mut host) = start(SIGN_UP).await;
    for field in [
        "signUp",
        "updateName",
        "changeContact",
        "pendingContact",
        "rememberDevice",
        "forgetDevices",
    ] {
        let answer = response(host.invoke(contact_event(field)).await);
        assert_eq!(answer["error"]["type"], "NotSignedIn", "{field}");
    }
    end(program).await;
}

#[tokio::test]
async fn when_cognito_times_out_sign_in_logs_no_address() {
    let (program, mut host) = start(SIGN_IN).await;
    let event = sign_in_event("ada@example.com");
    let answer = response(host.invoke(event).await);
    assert_eq!(answer["error"]["type"], "Unavailable");
    let log = end(program).await;
    let logged = log.iter().any(|line| {
        line["level"] == "ERROR"
            && line["cause"]
                .as_str()
                .is_some_and(|c| c.contains("InitiateAuth"))
    });
    assert!(logged, "the cause is logged");
}

/// Returns a request for a ticket, which needs no call to Cognito.
fn ticket_event(typed: &str, method: &str) -> Value {
    let mut event = sign_in_event(typed);
    event["info"]["fieldName"] = json!("signInTicket");
    event["arguments"]["input"]["method"] = json!(method);
    event
}

async fn is_refused(host: &mut RuntimeApi, event: &Value) -> bool {
    let answer = response(host.invoke(event).await);
    answer["error"]["type"] == "TooManyRequests"
}

fn counted_refusal(log: &[Value]) -> &Value {
    log.iter()
        .find(|line| line["RefusedByBudget"] == 1)
        .expect("it is counted")
}

#[tokio::test]
async fn a_refused_sign_in_counts_the_budget_and_its_country() {
    let mut host = RuntimeApi::listen().await;
    let mut environment = host.environment();
    environment.extend(needs(SIGN_IN));
    // A ticket is not charged, so only a budget of zero refuses it.
    for (name, value) in [("SMS_COUNTRIES", "DE"), ("SMS_SPEND_PER_DAY", "0")] {
        environment.push((name.to_owned(), value.to_owned()));
    }
    let program = Program::lambda(SIGN_IN, SIGN_IN, &environment);
    let event = ticket_event("+4915123456700", "PHONE_NUMBER");
    let refused = is_refused(&mut host, &event).await;
    assert!(refused);
    let log = end(program).await;
    let counted = counted_refusal(&log);
    assert_eq!(counted["Budget"], "spend");
    assert_eq!(counted["Country"], "DE");
    let refusal = log
        .iter()
        .find(|line| line["outcome"] == "TooManyRequests")
        .expect("it is logged");
    assert_eq!(refusal["country"], "DE");
}

/// The spend was used up between the ticket and its redemption.
#[tokio::test]
async fn a_refused_message_counts_the_budget_and_its_country() {
    let (spend, codes) = (("SMS_SPEND_PER_DAY", "0"), ("ALL_CODES_PER_DAY", "1"));
    let number = "+4915123456701";
    for (method, to, setting, budget, country) in [
        (Method::PhoneNumber, number, spend, "spend", Some("DE")),
        (Method::PhoneNumber, number, codes, "deployment", None),
        (
            Method::Email,
            "grace@example.com",
            codes,
            "deployment",
            None,
        ),
    ] {
        let mut host = RuntimeApi::listen().await;
        let mut environment = host.environment();
        environment.extend(needs(CREATE));
        for (name, value) in [("SMS_COUNTRIES", "DE"), setting] {
            environment.push((name.to_owned(), value.to_owned()));
        }
        let program = Program::lambda(CREATE, CREATE, &environment);
        if setting == codes {
            response(host.invoke(&sends_to(method, to)).await);
        }
        let answer = response(host.invoke(&sends_to(method, to)).await);
        let parameters = &answer["response"]["publicChallengeParameters"];
        assert_eq!(parameters["refused"], "TooManyRequests", "{budget}");
        let log = end(program).await;
        let counted = counted_refusal(&log);
        assert_eq!(counted["Budget"], budget);
        assert_eq!(counted["Country"], country.unwrap_or("none"), "{budget}");
        let decision = log.iter().find(|line| line["reason"] == "message_refused");
        let decision = decision.expect("it is logged");
        assert_eq!(decision["budget"], budget);
        assert_eq!(decision["country"].as_str(), country, "{budget}");
    }
}

#[tokio::test]
async fn an_unreadable_event_gets_a_fixed_text_and_the_next_is_served() {
    let unreadable = [
        "null".to_owned(),
        "5".to_owned(),
        r#""ada@example.com""#.to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        json!({"request": "ada@example.com", "arguments": "ada@example.com"}).to_string(),
        json!({"arguments": {"input": {"emailOrPhone": 5}}, "info": {"fieldName": "signIn"}})
            .to_string(),
    ];
    for package in ALL {
        let (program, mut host) = start(package).await;
        for event in &unreadable {
            match host.invoke(event).await {
                Answered::Error(kind, message) => {
                    assert_eq!(kind, "UnreadableEvent", "{package}");
                    assert_eq!(message, "The event could not be read.", "{package}");
                }
                Answered::Response(_) => panic!("{package} accepts an unreadable event"),
            }
        }
        // Events that AWS never sends.
        for event in [
            "",
            "not JSON: ada@example.com",
            "{\"request\": ada@example.com}",
        ] {
            match host.invoke(event).await {
                Answered::Error(_, message) => {
                    assert!(!message.contains("ada@"), "{package} repeats nothing");
                }
                Answered::Response(_) => panic!("{package} accepts an unreadable event"),
            }
        }
        response(host.invoke(event_of(package)).await);
        end(program).await;
    }
}

#[tokio::test]
async fn a_variable_that_is_missing_stops_it_and_is_named() {
    for package in ALL {
        for (missing, _) in needs(package) {
            if missing == "AWS_ENDPOINT_URL" {
                continue;
            }
            let mut environment = RuntimeApi::listen().await.environment();
            environment.extend(
                needs(package)
                    .into_iter()
                    .filter(|(name, _)| *name != missing),
            );
            // A replacement is named if there is one.
            let named = match missing.as_str() {
                "KEY_RING" => "KEY_RING_SECRET",
                "STORE" => "TABLE_NAME",
                name => name,
            };
            let message = stops(package, &environment).await;
            assert!(
                message.starts_with(&format!("{named} is not set")),
                "{package}"
            );
        }
    }
}

#[tokio::test]
async fn a_mail_sender_is_required_only_if_mail_is_sent() {
    let table = [("STORE", "dynamodb"), ("TABLE_NAME", "flows")];
    let with = |package, more: &[(&str, &str)]| {
        let mut environment = needs(package);
        environment.retain(|(name, _)| name != "STORE");
        let more = table.iter().chain(more);
        environment.extend(more.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        environment
    };
    for package in [CREATE, DEFINE] {
        let (off, sms) = (("EMAIL", "false"), ("SMS_COUNTRIES", "DE"));
        for (more, says) in [
            (&[sms][..], "EMAIL_FROM is not set"),
            (&[off], "EMAIL is false and SMS_COUNTRIES is not set"),
        ] {
            let mut environment = RuntimeApi::listen().await.environment();
            environment.extend(with(package, more));
            let message = stops(package, &environment).await;
            assert!(message.starts_with(says), "{package}: {message}");
        }
        let mut host = RuntimeApi::listen().await;
        let mut environment = host.environment();
        environment.extend(with(package, &[off, sms]));
        let program = Program::lambda(package, package, &environment);
        response(host.invoke(event_of(package)).await);
        end(program).await;
    }
}

#[tokio::test]
async fn an_invalid_setting_stops_the_start_and_its_value_is_hidden() {
    const WRONG: &str = "wrong-value-493026";
    note(WRONG);
    for package in ALL {
        let common = [
            "KEY_RING",
            "STORE",
            "CODE_LENGTH",
            "CODE_SECONDS",
            "LOG_LEVEL",
        ];
        for name in common {
            let mut environment = RuntimeApi::listen().await.environment();
            environment.extend(
                needs(package)
                    .into_iter()
                    .filter(|(other, _)| other != name),
            );
            environment.push((name.to_owned(), WRONG.to_owned()));
            let message = stops(package, &environment).await;
            assert!(message.starts_with(name), "{package} names {name}");
            assert!(
                !message.contains("493026"),
                "the message does not contain the value"
            );
        }
    }
}

/// Starts a Lambda that must stop on its own, and returns the error that it logs.
async fn stops(package: &str, environment: &[(String, String)]) -> String {
    let mut program = Program::lambda("lambda-stops", package, environment);
    let (status, printed) = program.ended().await;
    assert!(!status.success(), "{package} stops");
    assert!(holds_no_secret(&printed), "nothing printed is a secret");
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines.len(), 1, "{package} logs one line");
    let line: Value = serde_json::from_str(lines[0]).expect("it is JSON");
    assert_eq!(line["level"], "ERROR");
    line["error"].as_str().expect("the error").to_owned()
}

/// Cognito and AppSync may forward a client's input: an escape that is not a character of Unicode.
#[tokio::test]
async fn an_event_that_is_not_unicode_gets_an_error_without_content() {
    for package in ALL {
        for inline in [false, true] {
            let mut host = RuntimeApi::listen().await;
            let mut environment = host.environment();
            environment.extend(needs(package));
            if inline {
                environment.push(("DELIVERY".to_owned(), "inline".to_owned()));
            }
            let program = Program::lambda(package, package, &environment);
            let good = event_of(package).to_string();
            for bad in [
                good.replacen('{', r#"{"a": "kept secret \ud800", "#, 1),
                good.replacen('{', r#"{"a": "kept secret \udc00\ud800", "#, 1),
                good.replacen('{', r#"{"a": kept secret, "#, 1),
                String::new(),
            ] {
                let Answered::Error(kind, text) = host.invoke(&bad).await else {
                    panic!("{package} accepts an invalid event");
                };
                assert_eq!(kind, "UnreadableEvent", "{package}");
                assert_eq!(text, "The event could not be read.", "{package}");
            }
            response(host.invoke(&good).await);
            let log = Value::from(end(program).await).to_string();
            assert!(!log.contains("kept secret"), "{package} logs the event");
            assert!(!log.contains("column"), "{package} logs where it ends");
            assert_eq!(log.matches("event is not valid JSON").count(), 4);
        }
    }
}

/// Without events it leaves no work, so its start is shorter.
#[tokio::test]
async fn sign_up_is_an_extension_only_with_events() {
    for (events, is_extension) in [("off", false), ("default", true)] {
        let mut host = RuntimeApi::that(Extensions::Taken).await;
        let mut environment = host.environment();
        environment.extend(needs(SIGN_UP));
        environment.push(("EVENTS".to_owned(), events.to_owned()));
        let program = Program::lambda("events", SIGN_UP, &environment);
        response(host.invoke(event_of(SIGN_UP)).await);
        host.idle().await;
        assert_eq!(host.has_extension(), is_extension, "{events}");
        end(program).await;
    }
}
