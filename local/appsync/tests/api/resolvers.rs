//! The handling of a function's answer.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use crate::support::{API_KEY, Reply, TestApi, only_error, session};

const SIGN_IN: &str = r#"mutation { signIn(input: {emailOrPhone: "a@example.com", method: EMAIL}) { session expiresIn } }"#;

#[tokio::test]
async fn an_error_of_the_function_becomes_an_error_of_the_field() {
    let error = json!({"error": {"type": "InvalidIdentifier", "message": "That is no address."}});
    let api = TestApi::new().given("signIn", Reply::Answer(error));
    assert_eq!(
        api.public(SIGN_IN).await,
        json!({
            "data": null,
            "errors": [{
                "path": ["signIn"],
                "data": null,
                "errorType": "InvalidIdentifier",
                "errorInfo": null,
                "locations": [{"line": 1, "column": 12, "sourceName": null}],
                "message": "That is no address.",
            }],
        })
    );
}

#[tokio::test]
async fn the_text_of_a_function_that_throws_is_not_revealed() {
    let api = TestApi::new().given("signIn", Reply::Throw("it broke"));
    let answer = api.public(SIGN_IN).await;
    let error = only_error(&answer);
    assert_eq!(error["errorType"], "Internal");
    assert_eq!(error["message"], "Something went wrong.");
}

#[tokio::test]
async fn a_function_that_panics_ends_its_field_and_nothing_else() {
    let api = TestApi::new()
        .given("count", Reply::Panic)
        .answering("signIn", session());
    let answer = api
        .public(
            r#"mutation { count signIn(input: {emailOrPhone: "a", method: EMAIL}) { session } }"#,
        )
        .await;
    assert_eq!(
        answer["data"],
        json!({"count": null, "signIn": {"session": "s"}})
    );
    assert_eq!(only_error(&answer)["errorType"], "Internal");
}

#[tokio::test]
async fn a_function_that_never_answers_times_out() {
    let api = TestApi::with_time_limit(Duration::from_millis(5))
        .given("count", Reply::Never)
        .given("signIn", Reply::Never);
    let answer = api.public("mutation { a: count b: count }").await;
    assert_eq!(answer["data"], json!({"a": null, "b": null}));
    for error in answer["errors"].as_array().unwrap() {
        assert_eq!(error["errorType"], "Lambda:ExecutionTimeoutException");
        assert_eq!(error["message"], "Execution timed out.");
    }
}

#[tokio::test]
async fn an_answer_of_another_shape_is_internal() {
    let shapes = [
        json!(null),
        json!("session"),
        json!([]),
        json!({}),
        json!({"session": "s"}),
        json!({"data": {}, "error": {"type": "T", "message": "m"}}),
        json!({"error": null}),
        json!({"error": {"type": "T"}}),
        json!({"error": {"type": 1, "message": "m"}}),
    ];
    for shape in shapes {
        let api = TestApi::new().given("signIn", Reply::Answer(shape));
        let answer = api.public(SIGN_IN).await;
        let error = only_error(&answer);
        assert_eq!(error["errorType"], "Internal");
        assert_eq!(error["message"], "Something went wrong.");
        assert_eq!(answer["data"], Value::Null);
    }
}

#[tokio::test]
async fn missing_data_is_an_error_at_its_path() {
    let api = TestApi::new().answering("signIn", json!({"session": "s"}));
    assert_eq!(
        api.public(SIGN_IN).await,
        json!({
            "data": null,
            "errors": [{
                "path": ["signIn", "expiresIn"],
                "locations": null,
                "message": "Cannot return null for non-nullable type: 'Int' within parent 'SignInPayload' (/signIn/expiresIn)",
            }],
        })
    );
}

#[tokio::test]
async fn missing_data_of_a_non_null_field_is_an_error() {
    let api = TestApi::new().answering("signIn", Value::Null);
    assert_eq!(
        only_error(&api.public(SIGN_IN).await)["message"],
        "Cannot return null for non-nullable type: 'SignInPayload' within parent 'Mutation' (/signIn)"
    );
}

#[tokio::test]
async fn data_of_the_wrong_type_is_an_error_without_the_value() {
    let cases = [
        (
            json!("me"),
            "/me",
            "Can't resolve value (/me) : type mismatch error, expected type OBJECT",
        ),
        (
            json!([]),
            "/me",
            "Can't resolve value (/me) : type mismatch error, expected type OBJECT",
        ),
        (
            json!({"id": {}}),
            "/me/id",
            "Can't serialize value (/me/id) : Expected type 'ID'",
        ),
        (
            json!({"id": "1", "name": 5}),
            "/me/name",
            "Can't serialize value (/me/name) : Expected type 'String'",
        ),
        (
            json!({"id": "1", "isNew": "secret"}),
            "/me/isNew",
            "Can't serialize value (/me/isNew) : Expected type 'Boolean'",
        ),
        (
            json!({"id": "1", "height": "secret"}),
            "/me/height",
            "Can't serialize value (/me/height) : Expected type 'Float'",
        ),
    ];
    for (data, path, message) in cases {
        let api = TestApi::new().answering("me", data);
        let answer = api.signed_in("{ me { id name height isNew } }").await;
        let error = only_error(&answer);
        assert_eq!(error["message"], message);
        let reported: Vec<&str> = error["path"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str)
            .collect();
        assert_eq!(format!("/{}", reported.join("/")), path);
        assert!(!answer.to_string().contains("secret"));
    }
}

#[tokio::test]
async fn numbers_and_enums_must_fit_their_types() {
    let query =
        "mutation { signIn(input: {emailOrPhone: \"a\", method: EMAIL}) { method expiresIn } }";
    for (data, path) in [
        (json!({"expiresIn": 2_147_483_648_i64}), "expiresIn"),
        (json!({"expiresIn": 1.5}), "expiresIn"),
        (json!({"expiresIn": "5"}), "expiresIn"),
        (json!({"expiresIn": 5, "method": "PIGEON"}), "method"),
        (json!({"expiresIn": 5, "method": 1}), "method"),
    ] {
        let answer = TestApi::new().answering("signIn", data).public(query).await;
        assert_eq!(only_error(&answer)["path"], json!(["signIn", path]));
    }
}

#[tokio::test]
async fn scalars_are_passed_through() {
    let person = json!({"id": 7, "height": 2, "email": "a@example.com", "friend": {"id": "8", "friend": null}});
    let api = TestApi::new().answering("me", person);
    assert_eq!(
        api.signed_in("{ me { id name height email friend { id friend { id } } } }")
            .await,
        json!({"data": {"me": {
            "id": 7, "name": null, "height": 2.0, "email": "a@example.com",
            "friend": {"id": "8", "friend": null},
        }}})
    );
}

#[tokio::test]
async fn a_bad_list_item_is_null_or_makes_the_list_null() {
    let api = TestApi::new()
        .answering(
            "people",
            json!([{"id": "1"}, "who", {"name": "no id"}, null]),
        )
        .answering("numbers", json!([1, "two"]));
    let answer = api.signed_in("{ people { id } }").await;
    assert_eq!(
        answer["data"],
        json!({"people": [{"id": "1"}, null, null, null]})
    );
    assert_eq!(
        answer["errors"][0]["message"],
        "Can't resolve value (/people[1]) : type mismatch error, expected type OBJECT"
    );
    assert_eq!(answer["errors"][1]["path"], json!(["people", 2, "id"]));
    let answer = api.signed_in("{ numbers }").await;
    assert_eq!(answer["data"], json!({"numbers": null}));
    assert_eq!(only_error(&answer)["path"], json!(["numbers", 1]));

    let api = TestApi::new().answering("numbers", json!(1));
    assert_eq!(
        only_error(&api.signed_in("{ numbers }").await)["message"],
        "Can't resolve value (/numbers) : type mismatch error, expected type LIST"
    );
}

#[tokio::test]
async fn an_abstract_type_is_resolved_by_the_named_type() {
    let query = "{ found { __typename ... on Robot { serial } ... on Person { id } } }";
    let api = TestApi::new().answering("found", json!({"__typename": "Robot", "serial": "R2"}));
    assert_eq!(
        api.signed_in(query).await,
        json!({"data": {"found": {"__typename": "Robot", "serial": "R2"}}})
    );
    for typename in [json!(null), json!("Shared"), json!("No such"), json!("é")] {
        let api = TestApi::new().answering("found", json!({"__typename": typename}));
        let answer = api.signed_in(query).await;
        assert_eq!(answer["data"], json!({"found": null}));
        only_error(&answer);
    }
}

#[tokio::test]
async fn mutations_run_in_the_order_in_which_they_are_written() {
    let api = TestApi::new()
        .answering("signIn", session())
        .answering("count", json!(3));
    let query = "mutation { c: count ...Rest b: count(by: 2) }
        fragment Rest on Mutation { a: signIn(input: {emailOrPhone: \"a\", method: EMAIL}) { session } }";
    let request = Request::post("/graphql")
        .header("x-api-key", API_KEY)
        .body(Body::from(json!({ "query": query }).to_string()))
        .unwrap();
    let (_, _, body) = api.send_raw(request).await;
    assert_eq!(body, r#"{"data":{"c":3,"a":{"session":"s"},"b":3}}"#);
    let order: Vec<String> = api
        .calls()
        .into_iter()
        .map(|(function, _)| function)
        .collect();
    assert_eq!(order, ["count", "signIn", "count"]);
}

#[tokio::test]
async fn a_failed_non_null_mutation_stops_the_later_ones() {
    let api = TestApi::new()
        .given("signIn", Reply::Throw("no"))
        .answering("count", json!(3));
    let answer = api
        .public(
            "mutation { signIn(input: {emailOrPhone: \"a\", method: EMAIL}) { session } count }",
        )
        .await;
    assert_eq!(answer["data"], Value::Null);
    assert_eq!(api.calls().len(), 1);
}

#[tokio::test]
async fn a_field_without_a_function_is_null() {
    assert_eq!(
        TestApi::new().signed_in("{ nothing }").await,
        json!({"data": {"nothing": null}})
    );
}
