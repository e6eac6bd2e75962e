//! `latchstring-local`: its port, its shutdown, its output.

use std::time::{Duration, Instant};

use latchstring_tests::{Latchstring, Program};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};

/// Returns a port that was free a moment ago.
async fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    listener.local_addr().expect("an address").port()
}

#[tokio::test]
async fn it_prints_its_address_and_example_commands() {
    let mut program = Program::local("local-greeting", &["--port", "0"]);
    let address = program.address().await;
    let latchstring = Latchstring::at(&address).await;
    assert_eq!(latchstring.settings().endpoint, address);
    program.signal("TERM");
    let (_, printed) = program.ended().await;
    assert_eq!(
        printed.matches("\n  curl ").count(),
        5,
        "five example commands"
    );
    assert!(printed.contains(&format!("{address}/v1/sign-in")));
    assert!(printed.contains(&format!("{address}/graphql")));
    assert!(printed.contains(&format!("{address}/inbox.json")));
    assert!(printed.contains(&latchstring.settings().api_key));
}

#[tokio::test]
async fn in_session_mode_it_prints_the_server_credential() {
    let arguments = ["--port", "0", "--session-mode"];
    let mut program = Program::local("local-session-greeting", &arguments);
    let address = program.address().await;
    let config = reqwest::get(format!("{address}/config.json")).await;
    let config = config.expect("it answers").text().await.expect("text");
    program.signal("TERM");
    let (_, printed) = program.ended().await;
    let credential = printed
        .lines()
        .map(str::trim)
        .find(|line| line.len() == 43 && !line.contains(' '))
        .expect("a random credential");
    assert!(config.contains("\"sessionMode\":true"));
    assert!(!config.contains(credential), "it is for no page");
    assert_eq!(printed.matches("\n  curl ").count(), 3);
}

#[tokio::test]
async fn settings_of_session_mode_are_checked() {
    for arguments in [
        ["--server-credential", "short"],
        ["--allow-origin", "http://app.example.test"],
    ] {
        let arguments = [&["--port", "0", "--session-mode"][..], &arguments].concat();
        let mut program = Program::local("local-session-arguments", &arguments);
        let (status, printed) = program.ended().await;
        assert_eq!(status.code(), Some(1), "{arguments:?}");
        assert_eq!(printed.lines().count(), 1, "the error is one line");
    }
}

#[tokio::test]
async fn the_port_is_honoured() {
    let port = free_port().await;
    let mut program = Program::local("local-port", &["--port", &port.to_string()]);
    let address = program.address().await;
    assert_eq!(address, format!("http://127.0.0.1:{port}"));
    TcpStream::connect(("127.0.0.1", port))
        .await
        .expect("it listens there");
}

#[tokio::test]
async fn a_port_in_use_is_reported_with_a_fix() {
    let taken = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let mut program = Program::local("local-taken", &["--port", &port]);
    let (status, printed) = program.ended().await;
    assert_eq!(status.code(), Some(1));
    assert!(printed.contains(&format!("Port {port}")) && printed.contains("taken"));
    assert!(printed.contains("--port"), "the error names the option");
    assert_eq!(printed.lines().count(), 1, "the error is one line");
}

#[tokio::test]
async fn unknown_arguments_are_reported() {
    for arguments in [
        ["--port", "x"].as_slice(),
        &["--port", "65536"],
        &["--port", "-1"],
        &["--nothing"],
        &["nothing"],
    ] {
        let mut program = Program::local("local-arguments", arguments);
        let (status, printed) = program.ended().await;
        assert_eq!(status.code(), Some(2), "{arguments:?}");
        assert!(printed.contains("error:") && printed.contains("--help"));
    }
}

#[tokio::test]
async fn ctrl_c_and_termination_end_it_at_once_whatever_is_connected() {
    for signal in ["INT", "TERM"] {
        let mut program = Program::local("local-signal", &["--port", "0"]);
        let address = program.address().await;
        // One connection without a request, and one that is kept alive.
        let idle = TcpStream::connect(address.replace("http://", "")).await;
        let latchstring = Latchstring::at(&address).await;
        latchstring
            .by_email("ada@example.com")
            .requests_a_code()
            .await;
        let begun = Instant::now();
        program.signal(signal);
        let (status, _) = program.ended().await;
        assert!(begun.elapsed() < Duration::from_secs(2), "{signal} ends it");
        assert!(status.success(), "{signal} is an orderly end");
        drop(idle);
    }
}

#[tokio::test]
async fn there_is_no_control_unless_requested() {
    let mut program = Program::local("local-no-control", &["--port", "0"]);
    let latchstring = Latchstring::at(&program.address().await).await;
    let (status, _) = latchstring.control(&json!({"advanceSeconds": 301})).await;
    assert_eq!(status, 404);
}

/// The name of another site may resolve to this machine (DNS rebinding).
#[tokio::test]
async fn it_answers_to_names_of_this_machine_only() {
    let mut program = Program::local("local-host", &["--port", "0"]);
    let address = program.address().await;
    let latchstring = Latchstring::at(&address).await;
    let port = address.rsplit(':').next().expect("a port");
    for path in ["/", "/inbox.json", "/config.json", "/graphql"] {
        for (host, refused) in [
            (format!("localhost:{port}"), false),
            (format!("127.0.0.1:{port}"), false),
            (format!("app.localhost:{port}"), false),
            (format!("10.0.2.2:{port}"), false),
            (format!("dev.example.test:{port}"), true),
            (format!("evil.example:{port}"), true),
            ("localhost.evil.example".to_owned(), true),
        ] {
            let request = latchstring.http().get(format!("{address}{path}"));
            let response = request.header("host", &host).send().await;
            let status = response.expect("there is an answer").status();
            assert_eq!(status == 421, refused, "{host}{path}: {status}");
        }
    }
}

/// Web views of Capacitor, Ionic and Tauri have their own origins, and an Android emulator has its
/// own name for this machine.
#[tokio::test]
async fn local_web_views_get_permission_and_other_origins_none() {
    let arguments = [
        "--port",
        "0",
        "--allow-origin",
        "http://dev.example.test:3000",
    ];
    let mut program = Program::local("local-origins", &arguments);
    let address = program.address().await;
    let latchstring = Latchstring::at(&address).await;
    for (origin, allowed) in [
        ("capacitor://localhost", true),
        ("ionic://localhost", true),
        ("tauri://localhost", true),
        ("http://app.localhost:3000", true),
        ("http://localhost:5173", true),
        ("http://dev.example.test:3000", true),
        ("https://dev.example.test", false),
        ("http://localhost.evil.example", false),
        ("null", false),
    ] {
        for path in ["/", "/graphql", "/config.json"] {
            let preflight = latchstring
                .http()
                .request(Method::OPTIONS, format!("{address}{path}"))
                .header("origin", origin)
                .header("access-control-request-method", "POST")
                .header("access-control-request-headers", "x-amz-target");
            let response = preflight.send().await.expect("there is an answer");
            let permission = response.headers().get("access-control-allow-origin");
            assert_eq!(
                permission.is_some_and(|permission| permission == origin),
                allowed,
                "{origin}{path}"
            );
        }
    }
}

/// The Android emulator's guide on networking, and emulators such as Genymotion whose host is 10.0.3.2.
#[tokio::test]
async fn a_host_name_of_the_command_line_is_served() {
    let arguments = ["--port", "0", "--allow-host", "dev.example.test"];
    let mut program = Program::local("local-allow-host", &arguments);
    let address = program.address().await;
    let latchstring = Latchstring::at(&address).await;
    for (host, status) in [
        ("dev.example.test:4180", 200),
        ("localhost", 200),
        ("evil.dev.example.test", 421),
    ] {
        let request = latchstring.http().get(format!("{address}/config.json"));
        let response = request.header("host", host).send().await;
        assert_eq!(response.expect("there is an answer").status(), status);
    }
}

/// Otherwise a page could move the clock and break the pool of a developer who is testing.
#[tokio::test]
async fn a_page_of_another_origin_cannot_control_the_service() {
    let mut program = Program::local("local-control-origin", &["--port", "0", "--control"]);
    let address = program.address().await;
    let latchstring = Latchstring::at(&address).await;
    let own = [
        ("origin", address.as_str()),
        ("sec-fetch-site", "same-origin"),
    ];
    for (headers, content_type, status) in [
        (&[][..], "application/json", 200),
        (&own, "application/json; charset=utf-8", 200),
        (
            &[("origin", "https://evil.example")],
            "application/json",
            403,
        ),
        // A request that browsers send without a preflight.
        (&[("origin", "https://evil.example")], "text/plain", 403),
        (&[("origin", "null")], "text/plain", 403),
        // Another port of this machine is also another origin.
        (
            &[("origin", "http://localhost:5173")],
            "application/json",
            403,
        ),
        (
            &[("origin", "capacitor://localhost")],
            "application/json",
            403,
        ),
        (&[("sec-fetch-site", "cross-site")], "application/json", 403),
        (&[("sec-fetch-site", "same-site")], "application/json", 403),
        (&[], "text/plain", 415),
        (&[], "application/x-www-form-urlencoded", 415),
    ] {
        let mut request = latchstring.http().post(format!("{address}/control"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.header("content-type", content_type);
        let response = request.body(r#"{"legacy":false}"#).send().await;
        let response = response.expect("there is an answer");
        assert_eq!(response.status(), status, "{headers:?} {content_type}");
        let permission = response.headers().get("access-control-allow-origin");
        assert_eq!(permission, None, "{headers:?}");
    }
    let preflight = latchstring
        .http()
        .request(Method::OPTIONS, format!("{address}/control"))
        .header("origin", "http://localhost:5173")
        .header("access-control-request-method", "POST");
    let response = preflight.send().await.expect("there is an answer");
    let permission = response.headers().get("access-control-allow-origin");
    assert_eq!(permission, None);
}

/// The API is deployed with `resolverCountLimit: 1`: requests are what the web ACL counts.
#[tokio::test]
async fn one_request_runs_one_mutation() {
    let mut program = Program::local("local-aliases", &["--port", "0"]);
    let address = program.address().await;
    let latchstring = Latchstring::at(&address).await;
    let field = |alias: &str| {
        format!(
            r#"{alias}: signIn(input: {{emailOrPhone: "{alias}@example.com", method: EMAIL}}) {{ codeLength }}"#
        )
    };
    let query = format!(
        "mutation {{ {} {} {} }}",
        field("a"),
        field("b"),
        field("c")
    );
    let request = latchstring
        .http()
        .post(format!("{address}/graphql"))
        .header("x-api-key", &latchstring.settings().api_key)
        .json(&json!({ "query": query }));
    let response = request.send().await.expect("there is an answer");
    let answer: Value = response.json().await.expect("JSON");
    let error = &answer["errors"][0];
    assert_eq!(error["path"], json!(["b"]));
    assert_eq!(error["errorType"], "ResolverExecutionLimitReached");
    // `signIn` is never null, so the error of one is the answer for all.
    assert_eq!(answer["data"], Value::Null);
    let inbox = latchstring.http().get(format!("{address}/inbox.json"));
    let inbox = inbox.send().await.expect("there is an answer");
    let inbox: Value = inbox.json().await.expect("JSON");
    let inbox = inbox.as_array().expect("a list");
    assert_eq!(inbox.len(), 1, "one code was sent");
    assert_eq!(inbox[0]["to"], "a@example.com");
}

/// Two tabs of one browser refresh at the same moment, with the same token.
#[tokio::test]
async fn a_rotated_refresh_token_is_valid_for_the_grace_period() {
    let deployed = include_str!("../../../infra/lib/pool.ts");
    assert!(
        deployed.contains("retryGracePeriodSeconds: session ? 60 : 30 }"),
        "the deployed value is the default"
    );
    for (options, grace) in [
        (&[][..], 30),
        (&["--rotation-grace", "10"], 10),
        (&["--rotation-grace", "0"], 0),
    ] {
        let arguments = ["--port", "0", "--control", "--rotate-refresh-tokens"];
        let arguments = [&arguments[..], options].concat();
        let mut program = Program::local("local-rotation", &arguments);
        let latchstring = Latchstring::at(&program.address().await).await;
        latchstring.stop_clock().await;
        let ada = latchstring.by_email("ada@example.com");
        let ada = ada.signs_in_for_the_first_time().await;
        let refreshes = async || ada.tries_to_refresh().await;
        assert_eq!(refreshes().await, Ok(()), "the first tab");
        if grace > 0 {
            latchstring.advance(grace - 1).await;
            assert_eq!(refreshes().await, Ok(()), "the second tab within {grace} s");
            latchstring.advance(1).await;
        }
        let reuse = Err("RefreshTokenReuseException".to_owned());
        assert_eq!(refreshes().await, reuse, "after {grace} s");
    }
}

#[tokio::test]
async fn wrong_names_and_origins_of_the_command_line_are_refused() {
    for (arguments, hint) in [
        (
            ["--allow-host", "dev.example.test:4180"],
            "without scheme or port",
        ),
        (
            ["--allow-host", "http://dev.example.test"],
            "without scheme or port",
        ),
        (
            ["--allow-origin", "dev.example.test"],
            "http://dev.example.test:3000",
        ),
        (
            ["--allow-origin", "http://dev.example.test/"],
            "without a path",
        ),
        (["--allow-origin", "*"], "http://dev.example.test:3000"),
        (["--rotation-grace", "61"], "0..=60"),
    ] {
        let mut program = Program::local("local-arguments", &arguments);
        let (status, printed) = program.ended().await;
        assert_eq!(status.code(), Some(2), "{arguments:?}");
        assert!(printed.contains(hint), "{arguments:?}: {printed}");
    }
}

/// Returns the message of the refused `signIn` of this number.
async fn refusal_of(latchstring: &Latchstring, number: &str) -> String {
    let person = latchstring.by_phone(number);
    match person.tries_to_request_a_code().await {
        Ok(_) => panic!("{number} is accepted"),
        Err(refused) => refused.message,
    }
}

/// python-phonenumbers#318: the local service refuses the numbers that a deployment refuses.
#[tokio::test]
async fn countries_kinds_and_ranges_can_be_set() {
    let arguments = [
        "--port",
        "0",
        "--sms-countries",
        "DE,HK:0.05",
        "--sms-number-kinds",
        "mobile",
        "--phone-ranges",
        "HK:+8524545XXXX",
    ];
    let mut program = Program::local("local-phones", &arguments);
    let latchstring = Latchstring::at(&program.address().await).await;
    let german = latchstring.by_phone("+4915123456789");
    german.signs_in_for_the_first_time().await;
    assert!(
        refusal_of(&latchstring, "+14155550132")
            .await
            .contains("of this country")
    );
    // The numbers of a range count as possible landlines.
    for number in ["+493012345678", "+85245451234"] {
        let message = refusal_of(&latchstring, number).await;
        assert!(message.contains("landline"), "{number}: {message}");
    }
}

#[tokio::test]
async fn wrong_countries_kinds_and_ranges_of_arguments_are_refused() {
    for (arguments, hint) in [
        (["--sms-countries", "UK"], "ISO codes"),
        (["--sms-number-kinds", "landline"], "fixed_line_or_mobile"),
        (["--phone-ranges", "+1621NXXXXXX"], "US:+1621NXXXXXX"),
    ] {
        let mut program = Program::local("local-phone-arguments", &arguments);
        let (status, printed) = program.ended().await;
        assert_eq!(status.code(), Some(2), "{arguments:?}");
        assert!(printed.contains(hint), "{arguments:?}: {printed}");
    }
}

/// The pages run only their own files, and no site can frame them.
#[tokio::test]
async fn the_pages_come_with_a_strict_policy() {
    let mut program = Program::local("local-pages", &["--port", "0"]);
    let address = program.address().await;
    let latchstring = Latchstring::at(&address).await;
    for path in [
        "/",
        "/inbox",
        "/app.js",
        "/latchstring.js",
        "/latchstring-session.js",
        "/style.css",
    ] {
        let request = latchstring.http().get(format!("{address}{path}"));
        let response = request.send().await.expect("there is an answer");
        assert_eq!(response.status(), 200, "{path}");
        let policy = response.headers()["content-security-policy"].to_str();
        let policy = policy.expect("ASCII");
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(part), "{path}: {part}");
        }
        assert!(!policy.contains("unsafe"), "{path}");
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    }
}

#[tokio::test]
async fn strict_gives_productions_budgets() {
    let arguments = ["--port", "0", "--strict", "--control"];
    let mut program = Program::local("local-strict", &arguments);
    let latchstring = Latchstring::at(&program.address().await).await;
    latchstring.advance_to_the_next(24 * 3600).await;
    let ada = latchstring.by_email("ada@example.com");
    for _ in 0..6 {
        ada.requests_a_code().await;
    }
    assert!(!ada.has_a_code_left().await, "too many");
}

#[tokio::test]
async fn legacy_pool_creates_accounts_first() {
    let arguments = ["--port", "0", "--legacy-pool", "--control"];
    let mut program = Program::local("local-legacy", &arguments);
    let latchstring = Latchstring::at(&program.address().await).await;
    latchstring.report_missing_users(true).await;
    let ada = latchstring.by_email("ada@example.com");
    ada.signs_in().await;
    assert_eq!(latchstring.accounts().await.len(), 1);
}

#[test]
fn the_demo_succeeds() {
    let output = Program::demo();
    assert!(output.status.success());
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(printed.contains("steps succeeded"));
    assert!(output.stderr.is_empty());
}

/// The binary prints no secret for valid or invalid input.
#[tokio::test]
async fn nothing_that_is_printed_during_sign_ins_is_a_secret() {
    let mut program = Program::local("local-sign-ins", &["--port", "0", "--control"]);
    let latchstring = Latchstring::at(&program.address().await).await;
    let ada = latchstring.by_email("ada@example.com");
    let bob = latchstring.by_phone("+14155550132");
    for person in [&ada, &bob] {
        let question = person.requests_a_code().await;
        let question = question
            .answer(&person.wrong_code().await)
            .await
            .challenge("otp");
        latchstring.advance(31).await;
        let question = question.resend().await.challenge("otp");
        let proof = question.answer(&person.code().await).await.proof();
        let forged = format!("{proof}x");
        assert!(person.presents(&forged).await.is_err());
        let question = person.presents(&proof).await.expect("the proof is taken");
        let signed_in = question.answer(&proof).await.signed_in();
        assert!(person.presents(&proof).await.is_err(), "it is used");
        signed_in.refreshes().await;
        // Every port fails that can fail.
        for operation in ["InitiateAuth", "RespondToAuthChallenge"] {
            latchstring.fail_next(operation, 1).await;
            assert!(person.tries_to_request_a_code().await.is_err());
        }
        let question = person.requests_a_code().await;
        let code = person.code().await;
        latchstring.fail_next("AdminGetUser", 2).await;
        let question = question.answer(&code).await.challenge("otp");
        question.answer(&code).await.signed_in();
        let ticket = person.ticket().await;
        let question = latchstring
            .initiate(person.contact())
            .await
            .challenge("select");
        question.select("pigeon", Some(&ticket)).await.failed();
        let question = person.requests_a_code().await;
        for wrong in person.wrong_codes(2).await {
            question.answer(&wrong).await;
        }
        latchstring.disable(signed_in.username()).await;
        person.requests_a_code().await;
    }
    for typed in ["ada@example.com\u{0}", "ada", "+1415555CALL", ""] {
        assert!(
            latchstring
                .by_email(typed)
                .tries_to_request_a_code()
                .await
                .is_err()
        );
    }

    program.signal("INT");
    let (status, printed) = program.ended().await;
    assert!(status.success(), "the process ended normally");
    assert!(!printed.contains("panicked"), "nothing panicked");
    assert!(
        latchstring_tests::holds_no_secret(&printed),
        "nothing printed is a secret"
    );
}
