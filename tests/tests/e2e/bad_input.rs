//! Malformed input gets a clear response that repeats no part of the input, and the next request
//! works.

use std::time::Duration;

use latchstring_tests::{Latchstring, Question};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

latchstring_tests::doors! {
    every: [
        an_unusual_answer_is_wrong_or_refused,
    ],
    GraphQl: [
        the_api_refuses_a_malformed_graphql_request,
        documents_and_variables_that_violate_the_schema_are_refused,
        a_request_of_a_megabyte_is_refused_one_just_below_is_read,
        the_api_wants_its_key_and_post_and_json,
        an_invalid_identifier_is_reported_as_invalid,
    ],
    Cognito: [
        unusual_metadata_is_ignored,
        cognito_refuses_a_malformed_request,
        cognito_refuses_a_megabyte,
        any_name_may_begin_a_session_and_only_reaches_a_decoy,
    ],
    NoDoor: [
        the_control_refuses_unknown_names,
        the_clock_goes_at_most_ten_years_ahead,
        the_control_refuses_invalid_json_and_too_much_json,
        the_control_refuses_an_unknown_operation,
        a_refused_control_changes_nothing,
        an_inbox_returns_the_newest_and_refuses_unknown_filters,
        a_missing_page_is_not_found,
        bytes_that_are_not_http_end_only_their_connection,
        a_hundred_silent_connections_delay_no_request,
    ],
}

const MEGABYTE: usize = 1024 * 1024;

/// The response to a request.
struct Answer {
    status: u16,
    body: Value,
}

impl Answer {
    async fn of(response: reqwest::Response) -> Self {
        let status = response.status().as_u16();
        let body = response.json().await;
        Self {
            status,
            body: body.expect("the answer is JSON"),
        }
    }

    /// Returns the message of an error in any of the formats.
    fn message(&self) -> &str {
        [
            &self.body["message"],
            &self.body["errors"][0]["message"],
            &self.body["__type"],
        ]
        .into_iter()
        .find_map(Value::as_str)
        .expect("an error has a message")
    }

    fn kind(&self) -> &str {
        [&self.body["__type"], &self.body["errors"][0]["errorType"]]
            .into_iter()
            .find_map(Value::as_str)
            .unwrap_or_default()
    }
}

/// Checks that the next request works.
async fn still_works(latchstring: &Latchstring) {
    let sent = latchstring.inbox().await.len();
    // A new address each time: a single one would spend its budget.
    let person = latchstring.by_email(&format!("person{sent}@example.com"));
    person.requests_a_code().await;
    assert_eq!(latchstring.inbox().await.len(), sent + 1);
}

async fn graphql(latchstring: &Latchstring, body: impl Into<reqwest::Body>) -> Answer {
    let request = latchstring
        .http()
        .post(latchstring.settings().graphql_url())
        .header("content-type", "application/json")
        .header("x-api-key", &latchstring.settings().api_key)
        .body(body);
    Answer::of(request.send().await.expect("there is an answer")).await
}

fn sign_in_with(input: &Value) -> String {
    let query = "mutation ($input: SignInInput!) { signIn(input: $input) { session } }";
    json!({"query": query, "variables": {"input": input}}).to_string()
}

async fn cognito(
    latchstring: &Latchstring,
    target: &str,
    body: impl Into<reqwest::Body>,
) -> Answer {
    let request = latchstring
        .http()
        .post(&latchstring.settings().endpoint)
        .header("content-type", "application/x-amz-json-1.1")
        .header(
            "x-amz-target",
            format!("AWSCognitoIdentityProviderService.{target}"),
        )
        .body(body);
    Answer::of(request.send().await.expect("there is an answer")).await
}

#[tokio::test]
async fn the_api_refuses_a_malformed_graphql_request() {
    let latchstring = Latchstring::start().await;
    let deep = "[".repeat(100_000);
    for body in [
        "",
        " ",
        "{",
        "not JSON",
        "\u{0}",
        "[]",
        "5",
        "null",
        "\"text\"",
        "{}",
        &deep,
        r#"{"query": 5}"#,
        r#"{"query": null}"#,
        r#"{"query": "{ nothing }", "variables": 5}"#,
        r#"{"query": "{ nothing }", "operationName": 5}"#,
        r#"[{"query": "{ nothing }"}]"#,
        r#"{"query": "mutation {"}"#,
    ] {
        let answer = graphql(&latchstring, body.to_owned()).await;
        assert_eq!(answer.status, 400);
        assert_eq!(answer.kind(), "MalformedHttpRequestException");
        assert!(!answer.message().is_empty());
        still_works(&latchstring).await;
    }
    let nested = format!("{{ {} }}", "nothing { ".repeat(5000));
    let nested = graphql(&latchstring, json!({ "query": nested }).to_string()).await;
    assert_eq!(nested.status, 400);
    still_works(&latchstring).await;
    let not_utf8 = graphql(&latchstring, vec![0xff_u8; 10]).await;
    assert_eq!(not_utf8.status, 400);
    still_works(&latchstring).await;
}

#[tokio::test]
async fn documents_and_variables_that_violate_the_schema_are_refused() {
    let latchstring = Latchstring::start().await;
    let mut bodies: Vec<String> = [
        json!({}),
        json!({"emailOrPhone": "ada@example.com"}),
        json!({"method": "EMAIL"}),
        json!({"emailOrPhone": "ada@example.com", "method": "PIGEON"}),
        json!({"emailOrPhone": "ada@example.com", "method": "email"}),
        json!({"emailOrPhone": "ada@example.com", "method": 1}),
        json!({"emailOrPhone": "ada@example.com", "method": null}),
        json!({"emailOrPhone": 14_155_550_132_u64, "method": "PHONE_NUMBER"}),
        json!({"emailOrPhone": null, "method": "EMAIL"}),
        json!({"emailOrPhone": ["ada@example.com", "bob@example.com"], "method": "EMAIL"}),
        json!({"emailOrPhone": {"a": 1}, "method": "EMAIL"}),
        json!({"emailOrPhone": "ada@example.com", "method": "EMAIL", "proof": 5}),
        json!({"emailOrPhone": "ada@example.com", "method": "EMAIL", "admin": true}),
    ]
    .iter()
    .map(sign_in_with)
    .collect();
    let documents = [
        "mutation { signOut }",
        "query { signIn }",
        "mutation { signIn { session } }",
        "subscription { signIn }",
        "{ __schema { types { nothing } } }",
    ];
    bodies.extend(documents.map(|query| json!({ "query": query }).to_string()));
    for (number, body) in bodies.into_iter().enumerate() {
        let answer = graphql(&latchstring, body).await;
        assert_eq!(answer.status, 200, "body {number}");
        assert!(answer.body["data"].is_null(), "there is no data");
        assert!(!answer.message().is_empty());
        assert!(
            !answer.message().contains("example.com"),
            "the input is not repeated"
        );
        still_works(&latchstring).await;
    }
    assert!(
        latchstring
            .by_email("ada@example.com")
            .messages()
            .await
            .is_empty(),
        "nothing was sent"
    );
}

#[tokio::test]
async fn a_request_of_a_megabyte_is_refused_one_just_below_is_read() {
    let latchstring = Latchstring::start().await;
    for size in [MEGABYTE + 1, 8 * MEGABYTE] {
        let input = json!({"emailOrPhone": "a".repeat(size), "method": "EMAIL"});
        let answer = graphql(&latchstring, sign_in_with(&input)).await;
        assert_eq!(answer.status, 413);
        assert_eq!(answer.kind(), "RequestEntityTooLargeException");
        still_works(&latchstring).await;
    }
    let input = json!({"emailOrPhone": "a".repeat(MEGABYTE - 1000), "method": "EMAIL"});
    let answer = graphql(&latchstring, sign_in_with(&input)).await;
    assert_eq!(answer.kind(), "InvalidIdentifier");
    assert!(answer.message().len() < 200, "the input is not repeated");
    let input = json!({
        "emailOrPhone": "ada@example.com",
        "method": "EMAIL",
        "proof": "a".repeat(MEGABYTE - 1000),
    });
    let answer = graphql(&latchstring, sign_in_with(&input)).await;
    assert_eq!(answer.kind(), "InvalidProof");
    still_works(&latchstring).await;
}

#[tokio::test]
async fn the_api_wants_its_key_and_post_and_json() {
    let latchstring = Latchstring::start().await;
    let url = latchstring.settings().graphql_url();
    let key = latchstring.settings().api_key.as_str();
    let body = sign_in_with(&json!({"emailOrPhone": "ada@example.com", "method": "EMAIL"}));
    let http = latchstring.http();
    let post = || http.post(&url).header("content-type", "application/json");
    for (request, status) in [
        (post(), 401),
        (post().header("x-api-key", "da2-wrong"), 401),
        (post().header("x-api-key", ""), 401),
        (post().header("authorization", "Bearer x.y.z"), 401),
        (http.get(&url).header("x-api-key", key), 405),
        (http.delete(&url).header("x-api-key", key), 405),
        (
            http.post(&url)
                .header("x-api-key", key)
                .header("content-type", "text/plain"),
            415,
        ),
    ] {
        let response = request.body(body.clone()).send().await;
        let answer = Answer::of(response.expect("there is an answer")).await;
        assert_eq!(answer.status, status);
        assert!(!answer.message().is_empty());
        still_works(&latchstring).await;
    }
}

#[tokio::test]
async fn an_invalid_identifier_is_reported_as_invalid() {
    let latchstring = Latchstring::start().await;
    let long = format!("{}@example.net", "a".repeat(300));
    let emails = [
        "",
        " ",
        "\t\n",
        "ada",
        "ada@",
        "@example.net",
        "ada@example",
        "ada@@example.net",
        "ada@example.net, bob@example.net",
        "ada@exa mple.com",
        "a\u{0}da@example.net",
        "ada@example.net\r\nBcc: bob@example.net",
        "a\u{200b}da@example.net",
        "ada\u{202e}@example.net",
        "ada@exam\u{2011}ple.net",
        "a\u{7f}da@example.net",
        "\"ada\"@example.net",
        "ada@[127.0.0.1]",
        "<ada@example.net>",
        "+14155550132",
        &long,
    ];
    let numbers = [
        "",
        "+",
        "4155550132",
        "0041 44 668 18 00",
        "+1415555CALL",
        "+1 415 555 0132 ext. 5",
        "+1415555013\u{00b2}",
        "+1415555\u{0}0132",
        "+4155550132\n+14155550132",
        "++14155550132",
        "+1",
        "+12",
        "+14155550132141555501321415555",
        "+999 123 456 789",
        "+1 900 555 0132",
        "+870 773 111 632",
        "ada@example.net",
        "sms:+14155550132",
        "+1 211 555 0132",
        "+1 800 555 1234",
    ];
    let cases = [("EMAIL", emails.as_slice()), ("PHONE_NUMBER", &numbers)];
    for (method, texts) in cases {
        for text in texts {
            let input = json!({"emailOrPhone": text, "method": method});
            let answer = graphql(&latchstring, sign_in_with(&input)).await;
            assert_eq!(answer.status, 200);
            assert_eq!(answer.kind(), "InvalidIdentifier");
            assert!(answer.body["data"].is_null());
            let typed = text.trim();
            let message = answer.message();
            assert!(message.ends_with('.'), "it is a sentence");
            assert!(
                typed.len() < 4 || !message.contains(typed),
                "the input is not repeated"
            );
        }
        still_works(&latchstring).await;
    }
    assert_eq!(latchstring.inbox().await.len(), 2, "nothing else was sent");
}

#[tokio::test]
async fn an_unusual_answer_is_wrong_or_refused() {
    let latchstring = Latchstring::start().await;
    let ada = latchstring.by_email("ada@example.com");
    ada.signs_in_for_the_first_time().await;
    let too_long = "9".repeat(200_000);
    for answer in [
        "",
        " ",
        "12345",
        "1234567",
        "abcdef",
        "\u{0}\u{1}\u{2}",
        "१२३४५६",
        "🗝",
        "null",
        "{}",
        "-1",
        "1e5",
        "resend",
        "select",
        &"9".repeat(10_000),
        &" ".repeat(10_000),
        &too_long,
    ] {
        let question = ada.requests_a_code().await;
        let sent = ada.messages().await.len();
        match question.answer(answer).await {
            latchstring_tests::Outcome::Asked(next) => {
                assert_eq!(next.step(), "otp");
                assert_eq!(next.attempts_left(), 2, "the answer is wrong");
                next.answer(&ada.code().await).await.signed_in();
            }
            other => {
                let refusal = other.refused();
                let kinds = if answer.is_empty() {
                    ["MalformedRequest", ""]
                } else {
                    assert!(answer == too_long, "only a far too long answer is refused");
                    ["InvalidParameterException", "ContentTooLarge"]
                };
                assert!(kinds.contains(&&*refusal.kind));
                // Cognito or the door refused it before any trigger, so the session is unchanged.
                question.answer(&ada.code().await).await.signed_in();
            }
        }
        assert_eq!(ada.messages().await.len(), sent);
    }
}

#[tokio::test]
async fn unusual_metadata_is_ignored() {
    let latchstring = Latchstring::start().await;
    let ada = latchstring.by_email("ada@example.com");
    ada.signs_in_for_the_first_time().await;
    let long = "x".repeat(10_000);
    for (name, value) in [
        ("action", "RESEND"),
        ("action", ""),
        ("action", &long),
        ("ticket", &long),
        ("method", "\u{0}"),
        ("", ""),
        (&long, "1"),
        ("userNotFound", "false"),
        ("answerCorrect", "true"),
    ] {
        let question = ada.requests_a_code().await;
        let question = question.answer_with("resend", &[(name, value)]).await;
        let question: Question = question.challenge("otp");
        assert_eq!(question.attempts_left(), 2);
        question.answer(&ada.code().await).await.signed_in();
    }
}

#[tokio::test]
async fn cognito_refuses_a_malformed_request() {
    let latchstring = Latchstring::start().await;
    let settings = latchstring.settings();
    let respond = |session: &str, responses: Value| {
        json!({
            "ClientId": settings.client_id,
            "ChallengeName": "CUSTOM_CHALLENGE",
            "Session": session,
            "ChallengeResponses": responses,
        })
        .to_string()
    };
    let right = json!({"USERNAME": "ada@example.com", "ANSWER": "000000"});
    let initiate = |parameters: Value| {
        json!({
            "AuthFlow": "CUSTOM_AUTH",
            "ClientId": settings.client_id,
            "AuthParameters": parameters,
        })
        .to_string()
    };
    let session = "s".repeat(100);
    let pool = json!({"UserPoolId": settings.user_pool_id}).to_string();
    let cases: Vec<(&str, String, &str)> = vec![
        ("NoSuchOperation", "{}".into(), "UnknownOperationException"),
        ("", "{}".into(), "UnknownOperationException"),
        ("InitiateAuth", String::new(), "SerializationException"),
        ("InitiateAuth", "not JSON".into(), "SerializationException"),
        ("InitiateAuth", "[]".into(), "SerializationException"),
        (
            "InitiateAuth",
            "[".repeat(100_000),
            "SerializationException",
        ),
        ("InitiateAuth", "{}".into(), "InvalidParameterException"),
        ("InitiateAuth", initiate(json!(5)), "SerializationException"),
        (
            "InitiateAuth",
            initiate(json!({"USERNAME": 5})),
            "SerializationException",
        ),
        (
            "InitiateAuth",
            initiate(json!({})),
            "InvalidParameterException",
        ),
        (
            "InitiateAuth",
            initiate(json!({"USERNAME": ""})),
            "InvalidParameterException",
        ),
        (
            "RespondToAuthChallenge",
            "{}".into(),
            "InvalidParameterException",
        ),
        (
            "RespondToAuthChallenge",
            respond(&session, json!(5)),
            "SerializationException",
        ),
        (
            "RespondToAuthChallenge",
            respond(&session, json!({})),
            "InvalidParameterException",
        ),
        (
            "RespondToAuthChallenge",
            respond("short", right.clone()),
            "InvalidParameterException",
        ),
        (
            "RespondToAuthChallenge",
            respond(&"s".repeat(5000), right.clone()),
            "InvalidParameterException",
        ),
        (
            "RespondToAuthChallenge",
            respond(&session, right),
            "NotAuthorizedException",
        ),
        ("ListUsers", pool, "MissingAuthenticationTokenException"),
        (
            "GetUser",
            json!({"AccessToken": "x.y.z"}).to_string(),
            "NotAuthorizedException",
        ),
    ];
    for (target, body, kind) in cases {
        let answer = cognito(&latchstring, target, body).await;
        assert_eq!(answer.status, 400, "{target}, {kind}");
        assert_eq!(answer.kind(), kind, "{target}");
        assert!(
            !answer.message().contains("example.com"),
            "the input is not repeated"
        );
        still_works(&latchstring).await;
    }
}

#[tokio::test]
async fn cognito_refuses_a_megabyte() {
    let latchstring = Latchstring::start().await;
    let ada = latchstring.by_email("ada@example.com");
    for size in [MEGABYTE + 1, 8 * MEGABYTE] {
        let body = json!({
            "AuthFlow": "CUSTOM_AUTH",
            "ClientId": latchstring.settings().client_id,
            "AuthParameters": {"USERNAME": ada.contact(), "x": "x".repeat(size)},
        });
        let answer = cognito(&latchstring, "InitiateAuth", body.to_string()).await;
        assert_eq!(answer.status, 413);
        still_works(&latchstring).await;
    }
}

#[tokio::test]
async fn any_name_may_begin_a_session_and_only_reaches_a_decoy() {
    let latchstring = Latchstring::start().await;
    let long = "a".repeat(10_000);
    for name in [
        "a\u{0}b",
        "\u{202e}",
        "' OR 1=1 --",
        "{{7*7}}",
        "+1415555CALL",
        &long,
        "🗝",
    ] {
        match latchstring.initiate(name).await {
            latchstring_tests::Outcome::Asked(question) => {
                let question = question.select("email", None).await.challenge("otp");
                assert_eq!(question.attempts_left(), 3);
            }
            other => assert_eq!(other.refused().kind, "InvalidParameterException"),
        }
        still_works(&latchstring).await;
    }
}

#[tokio::test]
async fn the_control_refuses_unknown_names() {
    let latchstring = Latchstring::start().await;
    for wanted in [
        json!(null),
        json!(5),
        json!([]),
        json!({"advanceSeconds": -1}),
        json!({"advanceSeconds": 1.5}),
        json!({"advanceSeconds": "301"}),
        json!({"advanceSeconds": 10 * 365 * 24 * 3600 + 1}),
        json!({"advanceSeconds": u64::MAX}),
        json!({"replaySessions": "yes"}),
        json!({"retryTriggers": 0}),
        json!({"retryTriggers": 11}),
        json!({"retryTriggers": -1}),
        json!({"advanceMinutes": 1}),
        json!({"failNext": 5}),
        json!({"failTriggers": "DefineAuthChallenge"}),
        json!({"failFor": ["store"]}),
        json!({"failFor": {"store": -1}}),
        json!({"throttleFor": {"store": 1}}),
        json!({"failFor": {"store": 10 * 365 * 24 * 3600 + 1}}),
    ] {
        let (status, body) = latchstring.control(&wanted).await;
        assert_eq!(status, 400, "{wanted} is refused");
        assert!(body["message"].is_string(), "the response has a reason");
        still_works(&latchstring).await;
    }
}

#[tokio::test]
async fn the_clock_goes_at_most_ten_years_ahead() {
    let latchstring = Latchstring::start().await;
    let six_years = json!({"advanceSeconds": 6 * 365 * 24 * 3600});
    let (status, _) = latchstring.control(&six_years).await;
    assert_eq!(status, 200);
    let (status, _) = latchstring.control(&six_years).await;
    assert_eq!(status, 400);
    still_works(&latchstring).await;
}

#[tokio::test]
async fn the_control_refuses_invalid_json_and_too_much_json() {
    let latchstring = Latchstring::start().await;
    let url = format!("{}/control", latchstring.settings().endpoint);
    let much = json!({"failNext": "x".repeat(8 * MEGABYTE)}).to_string();
    for body in ["", "{", "not JSON", &much] {
        let request = latchstring
            .http()
            .post(&url)
            .header("content-type", "application/json")
            .body(body.to_owned());
        let response = request.send().await.expect("there is an answer");
        assert_eq!(Answer::of(response).await.status, 400);
        still_works(&latchstring).await;
    }
}

#[tokio::test]
async fn the_control_refuses_an_unknown_operation() {
    let latchstring = Latchstring::start().await;
    for operation in ["AdminGetUsers", "admingetuser", ""] {
        let (status, _) = latchstring.control(&json!({"failNext": operation})).await;
        assert_eq!(status, 400, "a mistyped operation is refused");
    }
}

#[tokio::test]
async fn a_refused_control_changes_nothing() {
    let latchstring = Latchstring::start().await;
    let ada = latchstring.by_email("ada@example.com");
    let question = ada.requests_a_code().await;
    let wanted = json!({"advanceSeconds": 301, "retryTriggers": 0});
    let (status, _) = latchstring.control(&wanted).await;
    assert_eq!(status, 400);
    question.answer(&ada.code().await).await.proof();
}

#[tokio::test]
async fn an_inbox_returns_the_newest_and_refuses_unknown_filters() {
    let latchstring = Latchstring::start().await;
    for typed in ["ada@example.com", "bob@example.com", "ada@example.com"] {
        latchstring.by_email(typed).requests_a_code().await;
    }
    let inbox = |query: &str| {
        let url = format!("{}/inbox.json?{query}", latchstring.settings().endpoint);
        let request = latchstring.http().get(url);
        async { Answer::of(request.send().await.expect("there is an answer")).await }
    };
    for (query, messages) in [
        ("limit=1", 1),
        ("to=ada@example.com", 2),
        ("to=ada@example.com&limit=1", 1),
        ("to=newcomer@example.com", 0),
        ("", 3),
    ] {
        let answer = inbox(query).await;
        assert_eq!(
            answer.body.as_array().map(Vec::len),
            Some(messages),
            "{query}"
        );
    }
    for query in ["limit=-1", "limit=x", "from=ada@example.com"] {
        assert_eq!(inbox(query).await.status, 400, "{query}");
    }
    still_works(&latchstring).await;
}

#[tokio::test]
async fn a_missing_page_is_not_found() {
    let latchstring = Latchstring::start().await;
    let endpoint = &latchstring.settings().endpoint;
    for path in [
        "/nothing",
        "/inbox.json/",
        "/..%2f..%2fetc%2fpasswd",
        "/us-east-1_OTHER/.well-known/jwks.json",
        "/%00",
    ] {
        let response = latchstring
            .http()
            .get(format!("{endpoint}{path}"))
            .send()
            .await;
        let answer = Answer::of(response.expect("there is an answer")).await;
        assert_eq!(answer.status, 404, "{path}");
        still_works(&latchstring).await;
    }
    for path in ["/inbox", "/inbox.json", "/config.json"] {
        let response = latchstring
            .http()
            .put(format!("{endpoint}{path}"))
            .send()
            .await;
        assert_eq!(response.expect("there is an answer").status(), 405);
    }
}

/// Sends bytes over TCP. Returns the first line of the response; empty if the connection closes
/// without one.
async fn raw(latchstring: &Latchstring, bytes: &[u8]) -> String {
    let address = latchstring.settings().endpoint.replace("http://", "");
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    // The service may close the connection before it has read everything.
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
    let mut answer = Vec::new();
    let read = timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await;
    // A reset ends the connection as well.
    let _ = read.expect("the connection ends");
    let answer = String::from_utf8_lossy(&answer);
    answer.lines().next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn bytes_that_are_not_http_end_only_their_connection() {
    let latchstring = Latchstring::start().await;
    let mut headers = b"GET / HTTP/1.1\r\nhost: localhost\r\n".to_vec();
    headers.extend(format!("x: {}\r\n\r\n", "x".repeat(MEGABYTE)).into_bytes());
    for bytes in [
        b"".as_slice(),
        b"hello\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-length: -1\r\n\r\n",
        b"POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-length: 99999999999999999999\r\n\r\n",
        &headers,
    ] {
        let status = raw(&latchstring, bytes).await;
        assert!(
            status.is_empty() || status.starts_with("HTTP/1.1 4"),
            "the connection is closed or the request refused"
        );
        still_works(&latchstring).await;
    }
    // A body that is announced and never sent.
    let half = "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\
                x-amz-target: AWSCognitoIdentityProviderService.InitiateAuth\r\n\r\n{";
    raw(&latchstring, half.as_bytes()).await;
    let key = &latchstring.settings().api_key;
    let half = format!(
        "POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\nx-api-key: {key}\r\n\r\n{{"
    );
    raw(&latchstring, half.as_bytes()).await;
    still_works(&latchstring).await;
}

#[tokio::test]
async fn a_hundred_silent_connections_delay_no_request() {
    let latchstring = Latchstring::start().await;
    let address = latchstring.settings().endpoint.replace("http://", "");
    let mut idle = Vec::new();
    for _ in 0..100 {
        idle.push(TcpStream::connect(&address).await.expect("it listens"));
    }
    still_works(&latchstring).await;
    drop(idle);
    still_works(&latchstring).await;
}
