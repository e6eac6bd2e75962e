//! The doctor against two services: the local service, whose pool is correct, and a host that denies
//! every call.

use std::process::{Command, Output};

use latchstring_cli::access::Access;
use latchstring_cli::doctor::{Finding, State, checks, probe, read, source};
use latchstring_core::identifier::PhoneRules;
use latchstring_local::{Options, Service, Settings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const SECRET: &str = "not-to-be-printed";

async fn service() -> Settings {
    let options = Options {
        control: true,
        ..Options::default()
    };
    let service = Service::bind(options).await.expect("a free port");
    let settings = service.settings().clone();
    tokio::spawn(service.serve());
    settings
}

async fn bend(settings: &Settings, body: &'static str) {
    let sent = reqwest::Client::new()
        .post(format!("{}/control", settings.endpoint))
        .header("content-type", "application/json")
        .body(body)
        .send()
        .await;
    assert!(sent.expect("it answers").status().is_success());
}

fn access(endpoint: &str) -> Access {
    Access {
        region: "us-east-1".to_owned(),
        access_key_id: "local".to_owned(),
        secret_access_key: SECRET.to_owned(),
        session_token: None,
        endpoint_url: Some(endpoint.to_owned()),
    }
}

async fn read_of(settings: &Settings) -> Vec<Finding> {
    let access = access(&settings.endpoint);
    let facts = read::facts(&access, &settings.user_pool_id, &settings.client_id).await;
    checks::judge(&facts, &settings.client_id)
}

async fn probed(settings: &Settings) -> Vec<Finding> {
    let Settings {
        endpoint,
        user_pool_id,
        client_id,
        ..
    } = settings;
    probe::run(&access(endpoint), user_pool_id, client_id, false).await
}

fn state(findings: &[Finding], check: &str) -> State {
    let found = findings.iter().find(|finding| finding.check == check);
    found
        .unwrap_or_else(|| panic!("{check} is not reported"))
        .state
}

fn doctor(endpoint: &str, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_latchstring"))
        .arg("doctor")
        .args(["--user-pool", "us-east-1_LOCAL0000"])
        .args(["--client", "latchstringlocalclient0000"])
        .args(arguments)
        .env_clear()
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "local")
        .env("AWS_SECRET_ACCESS_KEY", SECRET)
        .env("AWS_ENDPOINT_URL", endpoint)
        .output()
        .expect("it starts")
}

/// An AWS that denies every call, in the format of each of its protocols.
async fn denying() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = Vec::new();
                let mut buffer = [0; 4096];
                while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                    request.extend_from_slice(&buffer[..read]);
                    let text = String::from_utf8_lossy(&request).to_lowercase();
                    let Some((head, body)) = text.split_once("\r\n\r\n") else {
                        continue;
                    };
                    let length = head
                        .lines()
                        .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok())
                        .unwrap_or(0);
                    if body.len() >= length {
                        break;
                    }
                }
                let query = String::from_utf8_lossy(&request).contains("x-www-form-urlencoded");
                let body = if query {
                    "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"
                } else {
                    r#"{"__type":"AccessDeniedException","message":"no"}"#
                };
                let response = format!(
                    "HTTP/1.1 400 Bad Request\r\nx-amzn-errortype: AccessDeniedException\r\n\
                     content-length: {}\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                );
                // A client that has disconnected needs no response.
                let _ = stream.write_all(response.as_bytes()).await;
            });
        }
    });
    format!("http://{address}")
}

#[tokio::test]
async fn the_pool_of_the_local_service_has_no_findings() {
    let settings = service().await;
    let findings = read_of(&settings).await;
    let of_the_pool: Vec<_> = findings
        .iter()
        .filter(|finding| finding.check.starts_with("pool.") || finding.check.starts_with("client"))
        .collect();
    assert!(of_the_pool.len() > 14);
    for finding in of_the_pool {
        // The lifetime of a code is a variable of a function, and the service has no Lambda.
        let unread = finding.check == "client.session-validity";
        assert_eq!(finding.state.is_wrong(), unread, "{finding:?}");
    }
    assert_eq!(state(&findings, "trigger.create"), State::Unknown);
    assert_eq!(state(&findings, "email.sandbox"), State::Unknown);
}

#[tokio::test]
async fn reading_and_probing_find_a_pool_that_reports_missing_users() {
    let settings = service().await;
    bend(&settings, r#"{"legacy": true}"#).await;
    let findings = read_of(&settings).await;
    assert_eq!(state(&findings, "client.existence-errors"), State::Leaks);
    assert_eq!(state(&probed(&settings).await, "probe.ghost"), State::Leaks);
}

async fn put(settings: &Settings, username: &str, attributes: &[(&str, &str)]) {
    let pairs = attributes
        .iter()
        .map(|(name, value)| serde_json::json!({ "Name": name, "Value": value }));
    let body = serde_json::json!({
        "UserPoolId": settings.user_pool_id,
        "Username": username,
        "MessageAction": "SUPPRESS",
        "UserAttributes": pairs.collect::<Vec<_>>(),
    });
    let sent = reqwest::Client::new()
        .post(&settings.endpoint)
        .header("content-type", "application/x-amz-json-1.1")
        .header(
            "x-amz-target",
            "AWSCognitoIdentityProviderService.AdminCreateUser",
        )
        .header("authorization", "AWS4-HMAC-SHA256 Credential=local/20261128/us-east-1/cognito-idp/aws4_request, SignedHeaders=host, Signature=0")
        .body(body.to_string())
        .send()
        .await
        .expect("it answers");
    let status = sent.status();
    let text = sent.text().await.expect("a text");
    assert!(status.is_success(), "{text}");
}

/// amplify-js#13567: older accounts with a contact that is not canonical.
#[tokio::test(flavor = "multi_thread")]
async fn accounts_with_a_contact_unknown_to_sign_in_are_listed() {
    let settings = service().await;
    // More than one page.
    for number in 0..70 {
        let phone = format!("+1415555{number:04}");
        let verified = ("phone_number_verified", "true");
        put(
            &settings,
            &format!("user-{number}"),
            &[("phone_number", &phone), verified],
        )
        .await;
    }
    let access = access(&settings.endpoint);
    let pool = &settings.user_pool_id;
    let all = async || {
        let accounts = read::accounts(&access, pool, &PhoneRules::default(), &[]).await;
        checks::accounts(&accounts, pool)
    };
    let listed = async || all().await.remove(0);
    let states = all().await.remove(1);
    assert_eq!(states.state, State::Note);
    let temporary = "70 FORCE_CHANGE_PASSWORD: the first sign-in replaces";
    assert!(states.says.starts_with(temporary), "{}", states.says);
    let found = listed().await;
    assert_eq!(found.state, State::Ok, "{}", found.says);
    assert!(found.says.contains("70 accounts"));
    let old = "+5215512345678";
    put(
        &settings,
        "from-before",
        &[("phone_number", old), ("phone_number_verified", "true")],
    )
    .await;
    let found = listed().await;
    assert_eq!(found.state, State::Fails);
    assert!(
        found
            .says
            .starts_with("1 verified contacts of the pool's 71")
    );
    assert!(found.says.contains("(phone_number, another form)"));
    let output = doctor(&settings.endpoint, &["--accounts"]);
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(text.contains("accounts.contacts") && !text.contains(old));
}

#[tokio::test]
async fn a_probe_finds_what_the_design_relies_on_and_sends_nothing() {
    let settings = service().await;
    let findings = probed(&settings).await;
    assert_eq!(findings.len(), 6);
    for finding in &findings {
        assert_eq!(finding.state, State::Ok, "{finding:?}");
    }
    let inbox = reqwest::get(format!("{}/inbox.json", settings.endpoint)).await;
    let inbox = inbox.expect("it answers").text().await.expect("a text");
    assert_eq!(inbox, "[]");
}

#[tokio::test]
async fn a_probe_detects_a_pool_whose_sessions_can_be_replayed() {
    let settings = service().await;
    bend(&settings, r#"{"replaySessions": true}"#).await;
    let findings = probed(&settings).await;
    assert_eq!(state(&findings, "probe.replay"), State::Note);
    assert_eq!(state(&findings, "probe.rounds"), State::Ok);
}

#[tokio::test]
async fn a_probe_detects_whether_clients_can_answer_signed_sessions() {
    let settings = service().await;
    let access = access(&settings.endpoint);
    let (pool, client) = (&settings.user_pool_id, &settings.client_id);
    for (body, expected) in [
        (r#"{"separateSessions": false}"#, [State::Ok, State::Ok]),
        (r#"{"separateSessions": true}"#, [State::Note, State::Fails]),
    ] {
        bend(&settings, body).await;
        for (signed_calls, expected) in [false, true].into_iter().zip(expected) {
            let findings = probe::run(&access, pool, client, signed_calls).await;
            assert_eq!(state(&findings, "probe.signed"), expected);
            // The public flow is unaffected.
            assert_eq!(state(&findings, "probe.rounds"), State::Ok);
        }
    }
}

#[tokio::test]
async fn a_probe_without_permission_names_what_the_signed_calls_need() {
    let endpoint = denying().await;
    for (signed_calls, expected) in [(false, State::Note), (true, State::Fails)] {
        let findings = probe::run(&access(&endpoint), "us-east-1_P", "c", signed_calls).await;
        assert_eq!(state(&findings, "probe.signed"), expected);
        let found = findings.last().expect("there is a finding");
        assert!(found.says.contains("cognito-idp:AdminInitiateAuth"));
    }
}

/// A GraphQL API that returns `x-forwarded-for` as AppSync delivers it, with or without an edge behind
/// the client. It requires its API key.
async fn api(edge: &'static str) -> String {
    let forwarding = move |headers: axum::http::HeaderMap| async move {
        let of = |name: &str| headers[name].to_str().expect("text").to_owned();
        let asked = of("x-latchstring-probe") == "source" && of("x-api-key") == "key";
        let forwarded = format!("{}, 203.0.113.7{edge}", of("x-forwarded-for"));
        let header = asked.then_some(("x-latchstring-forwarded-for", forwarded));
        let headers: axum::response::AppendHeaders<Vec<_>> =
            axum::response::AppendHeaders(header.into_iter().collect());
        (headers, "{}")
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let router = axum::Router::new().route("/graphql", axum::routing::post(forwarding));
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}/graphql")
}

#[tokio::test]
async fn a_probe_shows_the_forwarded_header_and_how_it_is_read() {
    let run = async |url: String, key: &str| {
        let key = key.to_owned();
        source::run(&source::Api { url, key }).await
    };
    let whole = run(api(", 64.252.186.150").await, "key").await;
    assert_eq!(whole.state, State::Ok, "{}", whole.says);
    assert!(
        whole
            .says
            .contains("192.0.2.1, 203.0.113.7, 64.252.186.150")
    );
    let without_an_edge = run(api("").await, "key").await;
    assert_eq!(without_an_edge.state, State::Leaks);
    let refused = run(api("").await, "another").await;
    assert_eq!(refused.state, State::Unknown);
    let nowhere = run("http://127.0.0.1:9/graphql".to_owned(), "key").await;
    assert_eq!(nowhere.state, State::Unknown);
}

#[tokio::test]
async fn a_probe_accepts_triggers_that_run_twice() {
    let settings = service().await;
    bend(&settings, r#"{"retryTriggers": 2}"#).await;
    for finding in probed(&settings).await {
        assert_eq!(finding.state, State::Ok, "{finding:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_permissions_a_check_is_unknown_and_names_them() {
    let endpoint = denying().await;
    let output = doctor(&endpoint, &[]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).expect("text");
    for right in [
        "cognito-idp:DescribeUserPool",
        "cognito-idp:DescribeUserPoolClient",
        "cognito-idp:ListUserPoolClients",
        "ses:GetSendQuota",
        "ses:GetAccountSendingEnabled",
        "sns:GetSMSSandboxAccountStatus",
        "sns:GetSMSAttributes",
    ] {
        assert!(
            text.contains(&format!("needs {right} (")),
            "{right}: {text}"
        );
    }
    assert!(
        !text.contains("\nok ") && !text.starts_with("ok "),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_prints_json_without_secrets_and_returns_a_status() {
    let settings = service().await;
    let output = doctor(&settings.endpoint, &["--json", "--probe"]);
    // The local service has no Lambda, SES or SNS, so some findings are unknown.
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).expect("text");
    let report: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(report["healthy"], false);
    let checks = report["findings"].as_array().expect("a list");
    assert!(checks.iter().any(|found| found["check"] == "probe.rounds"));
    assert!(!text.contains(SECRET));
}

#[test]
fn a_pool_of_another_region_is_refused_before_any_call() {
    let output = Command::new(env!("CARGO_BIN_EXE_latchstring"))
        .arg("doctor")
        .args(["--user-pool", "eu-west-1_Example00", "--client", "c"])
        .env_clear()
        .env("AWS_REGION", "us-east-1")
        .output()
        .expect("it starts");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("not the id of a pool in AWS_REGION"));
}
