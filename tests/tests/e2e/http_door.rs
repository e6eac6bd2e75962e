//! The HTTP door: the account in the call with the code, its own errors, and the callers that it
//! distinguishes. The scenarios of the other files run through it too.

use std::net::{IpAddr, Ipv4Addr};

use latchstring_local::Options;
use latchstring_tests::{Door, Latchstring, note};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

latchstring_tests::doors! {
    every: [
        a_refused_resend_leaves_the_code_valid,
    ],
    Http: [
        a_new_user_has_an_account_when_the_code_was_right,
        without_a_method_the_text_says_what_it_is,
        a_code_of_a_new_contact_is_answered_as_any_other,
        a_request_that_cannot_be_read_is_a_problem,
        api_gateway_answers_what_has_no_route,
        only_a_valid_access_token_is_a_signed_in_caller,
        pages_of_this_machine_may_call,
        a_source_is_the_address_of_the_connection,
    ],
}

/// Starts a service whose users come through the HTTP door.
async fn start() -> Latchstring {
    Latchstring::start().await.through(Door::Http)
}

/// An answer as it came.
struct Answer {
    status: StatusCode,
    kind: Option<String>,
    body: String,
}

impl Answer {
    async fn of(request: reqwest::RequestBuilder) -> Self {
        let response = request.send().await.expect("there is an answer");
        let kind = response.headers().get("content-type");
        let kind = kind.map(|kind| kind.to_str().expect("a text").to_owned());
        Self {
            status: response.status(),
            kind,
            body: response.text().await.expect("the answer is whole"),
        }
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    /// Returns the name of the problem.
    fn problem(&self) -> String {
        assert_eq!(self.kind.as_deref(), Some("application/problem+json"));
        let problem = self.json();
        assert_eq!(problem["status"], self.status.as_u16());
        let error_type = problem["type"].as_str().expect("a type");
        let name = error_type.strip_prefix("urn:latchstring:error:");
        name.expect("a type of ours").to_owned()
    }
}

fn request(latchstring: &Latchstring, method: Method, path: &str) -> reqwest::RequestBuilder {
    let url = format!("{}{path}", latchstring.settings().endpoint);
    latchstring.http().request(method, url)
}

fn post(latchstring: &Latchstring, path: &str) -> reqwest::RequestBuilder {
    request(latchstring, Method::POST, path)
}

#[tokio::test]
async fn a_new_user_has_an_account_when_the_code_was_right() {
    let latchstring = start().await;
    for person in [
        latchstring.by_email("  Ada@Example.COM "),
        latchstring.by_phone(" +1 (415) 555-0132 "),
    ] {
        let before = latchstring.accounts().await.len();
        let question = person.requests_a_code().await;
        let wrong = person.wrong_code().await;
        let question = question.answer(&wrong).await.challenge("otp");
        let accounts = latchstring.accounts().await.len();
        assert_eq!(accounts, before, "a wrong code creates none");
        let answered = question.answer(&person.code().await).await;
        let first = person.completes(answered).await;
        let accounts = latchstring.accounts().await;
        assert_eq!(accounts.len(), before + 1, "the right code creates one");
        let own = accounts.iter().find(|it| it.username == first.username());
        assert_eq!(own.expect("the user's").status, "CONFIRMED");
        assert!(first.id[person.method()] == person.contact());
        assert!(first.id[format!("{}_verified", person.method())] == true);
        // It says of the next sign-in that the account is not new.
        assert!(person.signs_in().await.sub() == first.sub());
        assert_eq!(person.messages().await.len(), 2, "a claim sends nothing");
    }
}

#[tokio::test]
async fn without_a_method_the_text_says_what_it_is() {
    let latchstring = start().await;
    for (typed, to) in [
        ("Ada@example.com", "ada@example.com"),
        ("+1 (415) 555-0132", "+14155550132"),
    ] {
        note(typed);
        note(to);
        let body = json!({"emailOrPhone": typed, "unknown": {"member": 1}});
        let answer = Answer::of(post(&latchstring, "/v1/sign-in").json(&body)).await;
        assert_eq!(answer.status, 200);
        note(answer.json()["continuation"].as_str().expect("a text"));
        note(answer.json()["resume"].as_str().expect("a text"));
        assert!(latchstring.inbox().await[0].to == to);
    }
    let body = json!({"emailOrPhone": "ada"});
    let answer = Answer::of(post(&latchstring, "/v1/sign-in").json(&body)).await;
    assert_eq!(answer.problem(), "InvalidIdentifier");
}

#[tokio::test]
async fn a_code_of_a_new_contact_is_answered_as_any_other() {
    let latchstring = start().await;
    let ada = latchstring.by_phone("+14155550132");
    let signed_in = ada.signs_in_for_the_first_time().await;
    let email = latchstring.by_email("ada@example.com");
    let name = ("Ada", "Lovelace");
    let question = signed_in
        .signs_up(name, &email)
        .await
        .expect("it is recent");
    let wrong = email.wrong_code().await;
    let question = question.answer(&wrong).await.challenge("otp");
    assert_eq!(question.attempts_left(), 2);
    let again = question.answer(&email.code().await).await.signed_in();
    assert_eq!(again.is_new, Some(false));
    assert!(again.sub() == signed_in.sub());
}

/// The extended budget of a number is spent by others before its owner requests a resend.
#[tokio::test]
async fn a_refused_resend_leaves_the_code_valid() {
    let options = Options {
        strict: true,
        ..Options::default()
    };
    let latchstring = Latchstring::start_with(options).await;
    latchstring.advance_to_the_next(3600).await;
    let ada = latchstring.by_phone("+14155550132");
    let question = ada.requests_a_code().await;
    let code = ada.code().await;
    latchstring.advance(60).await;
    while ada.tries_to_request_a_code().await.is_ok() {}
    let sent = ada.messages().await.len();
    let question = question.resend().await.refused_but_open(&question);
    assert_eq!(ada.messages().await.len(), sent, "nothing was sent");
    question.answer(&code).await.right();
}

#[tokio::test]
async fn a_request_that_cannot_be_read_is_a_problem() {
    let latchstring = start().await;
    let json = "application/json";
    let long = format!(r#"{{"emailOrPhone": "{}"}}"#, "a".repeat(64 * 1024));
    for (path, kind, body, status, name) in [
        (
            "/v1/sign-in",
            "text/plain",
            "{}",
            415,
            "UnsupportedMediaType",
        ),
        (
            "/v1/sign-in",
            "application/x-www-form-urlencoded",
            "emailOrPhone=ada%40example.com",
            415,
            "UnsupportedMediaType",
        ),
        ("/v1/sign-in", json, "", 400, "MalformedRequest"),
        ("/v1/sign-in", json, "{", 400, "MalformedRequest"),
        ("/v1/sign-in", json, "[]", 400, "MalformedRequest"),
        ("/v1/sign-in", json, "null", 400, "MalformedRequest"),
        ("/v1/sign-in", json, "{}", 400, "MalformedRequest"),
        (
            "/v1/sign-in",
            json,
            r#"{"emailOrPhone": 1}"#,
            400,
            "MalformedRequest",
        ),
        (
            "/v1/sign-in",
            json,
            r#"{"emailOrPhone": "ada@example.com", "method": "EMAIL"}"#,
            400,
            "MalformedRequest",
        ),
        (
            "/v1/sign-in",
            json,
            r#"{"emailOrPhone": "ada@example.com", "clientId": "another"}"#,
            400,
            "InvalidIdentifier",
        ),
        ("/v1/sign-in", json, &long, 413, "ContentTooLarge"),
        ("/v1/sign-in/answer", json, "{}", 400, "MalformedRequest"),
        (
            "/v1/sign-in/answer",
            json,
            r#"{"continuation": "x", "answer": "123456"}"#,
            400,
            "InvalidContinuation",
        ),
        (
            "/v1/sign-in/resend",
            json,
            r#"{"continuation": ""}"#,
            400,
            "InvalidContinuation",
        ),
        (
            "/v1/contacts/undo",
            json,
            r#"{"continuation": "local.AAAA", "answer": "123456"}"#,
            400,
            "InvalidContinuation",
        ),
    ] {
        let request = post(&latchstring, path).header("content-type", kind);
        let answer = Answer::of(request.body(body.to_owned())).await;
        assert_eq!(answer.status, status, "{path} {name}");
        assert_eq!(answer.problem(), name, "{path}");
        assert!(!answer.body.contains("ada"), "no member is repeated");
    }
    assert!(latchstring.inbox().await.is_empty());
    latchstring
        .by_email("ada@example.com")
        .signs_in_for_the_first_time()
        .await;
}

#[tokio::test]
async fn api_gateway_answers_what_has_no_route() {
    let latchstring = start().await;
    for (method, path) in [
        (Method::GET, "/v1/sign-in"),
        (Method::POST, "/v1/sign-in/"),
        (Method::POST, "/v1/contacts/pending"),
        (Method::GET, "/v1"),
        (Method::DELETE, "/v1/names"),
    ] {
        let answer = Answer::of(request(&latchstring, method, path)).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.body, r#"{"message":"Not Found"}"#);
    }
}

#[tokio::test]
async fn only_a_valid_access_token_is_a_signed_in_caller() {
    let latchstring = start().await;
    let ada = latchstring.by_email("ada@example.com");
    let name = ("Ada", "Lovelace");
    for token in [None, Some(""), Some("junk"), Some("a.b.c")] {
        let names = json!({"givenName": "Ada", "familyName": "Lovelace"});
        let mut request = post(&latchstring, "/v1/names").json(&names);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let answer = Answer::of(request).await;
        assert_eq!(answer.status, 401);
        assert_eq!(answer.body, r#"{"message":"Unauthorized"}"#);
    }
    let signed_in = ada.signs_in_for_the_first_time().await;
    signed_in.renames(name).await.expect("the token is valid");
    signed_in.signs_out().await;
    let refusal = signed_in.renames(name).await.expect_err("it is revoked");
    assert_eq!(refusal.kind, "NotSignedIn");
    // The authorizer accepts an ID token; the function does not.
    let signed_in = ada.signs_in().await.with_the_wrong_token();
    let refusal = signed_in.renames(name).await.expect_err("an ID token");
    assert_eq!(refusal.kind, "NotSignedIn");
    let signed_in = ada.signs_in().await;
    latchstring.advance(3601).await;
    let refusal = signed_in.renames(name).await.expect_err("it has expired");
    assert_eq!(refusal.kind, "Unauthorized", "the authorizer refuses it");
}

#[tokio::test]
async fn pages_of_this_machine_may_call() {
    let latchstring = start().await;
    for (origin, allowed) in [
        (&*latchstring.settings().endpoint, true),
        ("http://localhost:5173", true),
        ("https://evil.example", false),
    ] {
        let preflight = request(&latchstring, Method::OPTIONS, "/v1/names")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header(
                "access-control-request-headers",
                "authorization,content-type",
            );
        let answer = post(&latchstring, "/v1/sign-in").header("origin", origin);
        for (request, header) in [
            (preflight, "access-control-allow-headers"),
            (answer, "access-control-expose-headers"),
        ] {
            let response = request.send().await.expect("there is an answer");
            let permission = response.headers().get("access-control-allow-origin");
            assert_eq!(permission.is_some_and(|it| it == origin), allowed);
            assert_eq!(response.headers().contains_key(header), allowed);
        }
    }
}

#[tokio::test]
async fn a_source_is_the_address_of_the_connection() {
    let options = Options {
        limit_sources: true,
        ..Options::default()
    };
    let latchstring = Latchstring::start_with(options).await;
    latchstring.advance_to_the_next(3600).await;
    let url = format!("{}/v1/sign-in", latchstring.settings().endpoint);
    let mut number = 0;
    let mut requests = async |from: [u8; 4], claimed: &str| {
        let address = IpAddr::V4(Ipv4Addr::from(from));
        let client = reqwest::Client::builder().local_address(address);
        let client = client.build().expect("an HTTP client");
        number += 1;
        let body = json!({"emailOrPhone": format!("user{number}@domain{number}.example")});
        let request = client.post(&url).header("x-forwarded-for", claimed);
        Answer::of(request.json(&body)).await
    };
    for _ in 0..20 {
        assert_eq!(requests([127, 0, 0, 1], "").await.status, 200);
    }
    for claimed in ["", "192.0.2.1", "192.0.2.1, 192.0.2.2"] {
        let refused = requests([127, 0, 0, 1], claimed).await;
        assert_eq!(refused.problem(), "TooManyRequests");
    }
    assert_eq!(requests([127, 0, 0, 2], "127.0.0.1").await.status, 200);
    latchstring.advance(60).await;
    assert_eq!(requests([127, 0, 0, 1], "").await.status, 200);
}
