//! Requests that are not executed, and their answers.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use serde_json::{Value, json};

use crate::support::{API_KEY, TestApi, only_error, session};

const KEY: (&str, &str) = ("x-api-key", API_KEY);
/// A value of the client, which no answer may contain.
const SECRET: &str = "alice";

fn refused(error_type: &str, message: &str) -> Value {
    json!({"errors": [{"errorType": error_type, "message": message}]})
}

#[tokio::test]
async fn an_empty_body_is_malformed() {
    let (status, body) = TestApi::new().post(&[KEY], "").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(
        body,
        refused("MalformedHttpRequestException", "Request body is empty.")
    );
}

#[tokio::test]
async fn a_body_that_is_not_a_graphql_request_is_malformed() {
    let bodies = [
        "meow",
        "{}",
        "{}}",
        "[]",
        r#"[{"query":"{ __typename }"}]"#,
        r#"{"query":null}"#,
        r#"{"query":5}"#,
        r#"{"query":""}"#,
        r#"{"query":"{"}"#,
        r#"{"query":"mutation { signIn(input: "}"#,
        r#"{"query":"{ __typename }","variables":"{}"}"#,
        r#"{"query":"{ __typename }","variables":[]}"#,
        r#"{"query":"{ __typename }","operationName":7}"#,
        "{\"query\":\"\u{0}\"}",
    ];
    for body in bodies {
        let (status, answer) = TestApi::new().post(&[KEY], body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
        let expected = refused(
            "MalformedHttpRequestException",
            "Unable to parse GraphQL query.",
        );
        assert_eq!(answer, expected, "{body}");
    }
    let (status, _) = TestApi::new().post(&[KEY], vec![0xff, 0xfe]).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn only_post_is_answered() {
    for method in [Method::GET, Method::PUT, Method::DELETE, Method::PATCH] {
        let request = Request::builder()
            .method(method)
            .uri("/graphql?query={__typename}")
            .header("x-api-key", API_KEY)
            .body(Body::empty())
            .unwrap();
        let (status, headers, body) = TestApi::new().send(request).await;
        assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(headers["allow"], "POST");
        assert_eq!(body["errors"][0]["message"], "Only POST is answered here.");
    }
}

#[tokio::test]
async fn only_the_content_types_json_and_graphql_are_accepted() {
    let body = r#"{"query":"{ __typename }"}"#;
    for good in [
        "application/json",
        "application/json; charset=UTF-8",
        "Application/GraphQL",
    ] {
        let (status, _) = TestApi::new()
            .post(&[KEY, ("content-type", good)], body)
            .await;
        assert_eq!(status, StatusCode::OK, "{good}");
    }
    for bad in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "",
        "json",
    ] {
        let (status, answer) = TestApi::new()
            .post(&[KEY, ("content-type", bad)], body)
            .await;
        assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{bad}");
        assert_eq!(
            answer["errors"][0]["errorType"],
            "UnsupportedMediaTypeException"
        );
    }
}

#[tokio::test]
async fn one_of_several_operations_must_be_named() {
    let api = TestApi::new();
    let query = "query A { a: __typename } query B { b: __typename }";
    let named = api
        .graphql(&[KEY], json!({"query": query, "operationName": "B"}))
        .await;
    assert_eq!(named, json!({"data": {"b": "Query"}}));
    for name in [Value::Null, json!("")] {
        let body = json!({"query": query, "operationName": name});
        let (status, answer) = api.post(&[KEY], body.to_string()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert_eq!(
            answer,
            refused("BadRequestException", "Missing operation name.")
        );
    }
    let body = json!({"query": query, "operationName": SECRET});
    let (status, answer) = api.post(&[KEY], body.to_string()).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(
        answer,
        refused("BadRequestException", "Unknown operation name.")
    );
}

#[tokio::test]
async fn a_field_that_does_not_exist_is_a_validation_error() {
    let answer = TestApi::new().public("{badfield}").await;
    assert_eq!(
        answer,
        json!({
            "data": null,
            "errors": [{
                "path": null,
                "locations": [{"line": 1, "column": 2, "sourceName": null}],
                "message": "Validation error of type FieldUndefined: type `Query` does not have a field `badfield`",
            }],
        })
    );
}

#[tokio::test]
async fn an_invalid_document_is_explained_without_its_values() {
    let sign_in = |input: &str| format!("mutation {{ signIn(input: {input}) {{ session }} }}");
    let cases = [
        ("{ me }".to_owned(), "SubSelectionRequired"),
        ("{ numbers { x } }".to_owned(), "SubSelectionNotAllowed"),
        ("{ me(by: alice) { id } }".to_owned(), "UnknownArgument"),
        (
            "mutation { signIn { session } }".to_owned(),
            "MissingFieldArgument",
        ),
        (
            sign_in("{emailOrPhone: \"alice\", method: alice}"),
            "WrongType",
        ),
        (
            sign_in("{emailOrPhone: \"alice\", method: \"alice\"}"),
            "WrongType",
        ),
        (
            sign_in("{emailOrPhone: [\"alice\"], method: EMAIL}"),
            "WrongType",
        ),
        (sign_in("{emailOrPhone: alice, method: EMAIL}"), "WrongType"),
        (sign_in("{emailOrPhone: \"alice\"}"), "WrongType"),
        (
            sign_in("{emailOrPhone: \"a\", method: EMAIL, alice: 1}"),
            "WrongType",
        ),
        (sign_in("null"), "MissingFieldArgument"),
        (sign_in("\"alice\""), "WrongType"),
        (sign_in("$missing"), "UndefinedVariable"),
        (
            "mutation { count(by: 99999999999) }".to_owned(),
            "WrongType",
        ),
        ("query($a: Int) { nothing }".to_owned(), "UnusedVariable"),
        (
            "query($a: Nope) { nothing @skip(if: $a) }".to_owned(),
            "UnknownType",
        ),
        (
            "query($a: Person) { nothing @skip(if: $a) }".to_owned(),
            "NonInputTypeOnVariable",
        ),
        (
            "query($a: Int) { nothing @skip(if: $a) }".to_owned(),
            "VariableTypeMismatch",
        ),
        ("{ nothing @nope }".to_owned(), "UnknownDirective"),
        ("{ nothing @aws_api_key }".to_owned(), "MisplacedDirective"),
        ("{ ...F }".to_owned(), "UndefinedFragment"),
        (
            "{ nothing } fragment F on Query { nothing }".to_owned(),
            "UnusedFragment",
        ),
        (
            "{ ...F } fragment F on Query { ...F }".to_owned(),
            "FragmentCycle",
        ),
        (
            "{ me { ... on Robot { serial } } }".to_owned(),
            "InvalidFragmentType",
        ),
        (
            "{ nothing } query Q { nothing }".to_owned(),
            "LoneAnonymousOperationViolation",
        ),
        (
            "query Q { nothing } query Q { nothing }".to_owned(),
            "DuplicateOperationName",
        ),
        (
            "mutation { count(by: 1) count(by: 2) }".to_owned(),
            "FieldsConflict",
        ),
        ("subscription { nothing }".to_owned(), "UnknownOperation"),
    ];
    let api = TestApi::new().answering("signIn", session());
    for (query, kind) in cases {
        let body = json!({ "query": query }).to_string();
        let (status, answer) = api.post(&[KEY], body).await;
        assert_eq!(status, StatusCode::OK, "{query}");
        assert_eq!(answer["data"], Value::Null, "{query}");
        let error = &answer["errors"][0];
        let message = error["message"].as_str().unwrap();
        let start = format!("Validation error of type {kind}: ");
        assert!(message.starts_with(&start), "{query}: {message}");
        assert_eq!(error["path"], Value::Null);
        assert!(!answer.to_string().contains(SECRET), "{answer}");
    }
    assert_eq!(api.calls(), []);
}

#[tokio::test]
async fn a_variable_that_does_not_fit_is_named_without_its_value() {
    let api = TestApi::new().answering("signIn", session());
    let query = "mutation($input: SignInInput!) { signIn(input: $input) { session } }";
    let null = "Variable 'input' has coerced Null value for NonNull type 'SignInInput!'";
    let invalid = "Variable 'input' has an invalid value: ";
    let cases = [
        (json!({}), null.to_owned()),
        (json!({"input": null}), null.to_owned()),
        (json!({"Input": {"emailOrPhone": SECRET}}), null.to_owned()),
        (
            json!({"input": SECRET}),
            format!("{invalid}variable input is not of type SignInInput"),
        ),
        (
            json!({"input": {"emailOrPhone": SECRET, "method": SECRET}}),
            format!("{invalid}input field SignInInput.method is not of type Method"),
        ),
        (
            json!({"input": {"emailOrPhone": {SECRET: SECRET}, "method": "EMAIL"}}),
            format!("{invalid}input field SignInInput.emailOrPhone is not of type String"),
        ),
        (
            json!({"input": {"emailOrPhone": SECRET}}),
            format!("{invalid}Missing value for non-null input object field SignInInput.method"),
        ),
        (
            json!({"input": {"emailOrPhone": null, "method": "EMAIL"}}),
            format!(
                "{invalid}null value for input field SignInInput.emailOrPhone of non-null type String!"
            ),
        ),
        (
            json!({"input": {"emailOrPhone": "a", "method": "EMAIL", SECRET: 1}}),
            format!("{invalid}it has a field that is not in type SignInInput"),
        ),
    ];
    for (variables, message) in cases {
        let answer = api.public_with(query, variables).await;
        assert_eq!(answer["data"], Value::Null);
        let error = only_error(&answer);
        assert_eq!(error["message"], message);
        assert_eq!(error["path"], Value::Null);
        assert_eq!(
            error["locations"],
            json!([{"line": 1, "column": 10, "sourceName": null}])
        );
        assert!(!answer.to_string().contains(SECRET));
    }
    assert_eq!(api.calls(), []);
}

#[tokio::test]
async fn an_argument_null_after_validation_is_an_error_of_its_field() {
    let api = TestApi::new().answering("count", json!(1));
    // With a default value, a nullable variable is allowed here.
    let query = "mutation($size: Size) { count(size: $size) }";
    assert_eq!(
        api.public_with(query, json!({"size": null})).await,
        json!({
            "data": {"count": null},
            "errors": [{
                "path": ["count"],
                "data": null,
                "errorType": "ValidationError",
                "errorInfo": null,
                "locations": null,
                "message": "The arguments of /count do not fit.",
            }],
        })
    );
    assert_eq!(api.calls(), []);
    assert_eq!(
        api.public_with(query, json!({})).await,
        json!({"data": {"count": 1}})
    );
    assert_eq!(api.event()["arguments"], json!({"size": "SMALL"}));
}
