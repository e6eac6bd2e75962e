//! Hostile requests: each is refused quickly, and the service stays available.

use std::fmt::Write as _;

use axum::http::StatusCode;
use latchstring_local_appsync::{MAX_BODY, MAX_DEPTH, MAX_FIELDS};
use serde_json::{Value, json};

use crate::support::{API_KEY, TestApi, only_error, session};

const KEY: (&str, &str) = ("x-api-key", API_KEY);

async fn refused_as_unparsable(query: String) {
    let body = json!({ "query": query }).to_string();
    let (status, answer) = TestApi::new().post(&[KEY], body).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(
        answer["errors"][0]["message"],
        "Unable to parse GraphQL query."
    );
}

fn aliases(count: usize) -> String {
    (0..count).fold(String::new(), |mut query, number| {
        write!(query, "a{number}: count ").expect("a string takes all");
        query
    })
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_too_large() {
    let query = |length: usize| {
        let frame = json!({"query": "{ __typename }", "x": ""})
            .to_string()
            .len();
        json!({"query": "{ __typename }", "x": "x".repeat(length - frame)}).to_string()
    };
    let (status, _) = TestApi::new().post(&[KEY], query(MAX_BODY)).await;
    assert_eq!(status, StatusCode::OK);
    let (status, answer) = TestApi::new().post(&[KEY], query(MAX_BODY + 1)).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(
        answer["errors"][0]["errorType"],
        "RequestEntityTooLargeException"
    );
}

#[tokio::test]
async fn a_long_argument_is_accepted() {
    let api = TestApi::new().answering("signIn", session());
    let long = "x".repeat(900_000);
    let query = format!(
        "mutation {{ signIn(input: {{emailOrPhone: \"{long}\", method: EMAIL}}) {{ session }} }}"
    );
    assert_eq!(
        api.public(&query).await,
        json!({"data": {"signIn": {"session": "s"}}})
    );
}

/// amplify-js#8342, and AppSync's guide, "Configuring resolver count limits": the resolvers up to
/// the limit run, and those beyond it fail.
#[tokio::test]
async fn resolvers_beyond_the_limit_are_not_run() {
    for query in [
        format!("mutation {{ {} }}", aliases(3)),
        format!(
            "mutation {{ ...F }} fragment F on Mutation {{ ... {{ {} }} }}",
            aliases(3)
        ),
    ] {
        let api = TestApi::with_resolver_count_limit(2).answering("count", json!(1));
        let answer = api.public(&query).await;
        assert_eq!(answer["data"], json!({"a0": 1, "a1": 1, "a2": null}));
        let error = only_error(&answer);
        assert_eq!(error["path"], json!(["a2"]));
        assert_eq!(error["errorType"], "ResolverExecutionLimitReached");
        assert_eq!(error["data"], Value::Null);
        assert_eq!(error["errorInfo"], Value::Null);
        assert_eq!(api.calls().len(), 2);
    }
}

#[tokio::test]
async fn a_limit_of_one_runs_one_resolver_of_many_aliases() {
    let api = TestApi::with_resolver_count_limit(1).answering("count", json!(1));
    let answer = api
        .public(&format!("mutation {{ {} }}", aliases(1000)))
        .await;
    assert_eq!(answer["errors"].as_array().unwrap().len(), 999);
    assert_eq!(api.calls().len(), 1);
    // The next request has its own count.
    assert_eq!(
        api.public("mutation { count }").await,
        json!({"data": {"count": 1}})
    );
}

#[tokio::test]
async fn fields_that_the_caller_may_not_use_count_for_no_resolver() {
    let api = TestApi::with_resolver_count_limit(1).answering("shared", json!({"open": "yes"}));
    let answer = api.public("{ me { id } shared { open } }").await;
    assert_eq!(only_error(&answer)["errorType"], "Unauthorized");
    assert_eq!(api.calls().len(), 1);
}

#[tokio::test]
async fn the_same_field_written_many_times_is_one_resolver() {
    let api = TestApi::with_resolver_count_limit(1).answering("count", json!(1));
    let answer = api
        .public(&format!("mutation {{ {} }}", "count ".repeat(1000)))
        .await;
    assert_eq!(answer, json!({"data": {"count": 1}}));
    assert_eq!(api.calls().len(), 1);
}

#[tokio::test]
async fn a_document_of_too_many_tokens_is_unparsable() {
    refused_as_unparsable(format!("mutation {{ {} }}", aliases(50_000))).await;
    refused_as_unparsable(format!(
        "{{ me {{ id }} }} {}",
        "{ nothing } ".repeat(50_000)
    ))
    .await;
}

#[tokio::test]
async fn deep_nesting_of_any_kind_is_unparsable() {
    let depth = 20_000;
    let nested = |open: &str, inner: &str, close: &str| {
        format!("{}{inner}{}", open.repeat(depth), close.repeat(depth))
    };
    refused_as_unparsable(nested("{ me ", "{ id }", "}")).await;
    refused_as_unparsable(nested("{ ... ", "{ nothing }", "}")).await;
    let value = nested("[", "1", "]");
    refused_as_unparsable(format!("mutation {{ count(by: {value}) }}")).await;
    let value = nested("{inner: ", "1", "}");
    refused_as_unparsable(format!("mutation {{ count(by: {value}) }}")).await;
    let ty = nested("[", "Int", "]");
    refused_as_unparsable(format!("query($v: {ty}) {{ nothing }}")).await;
}

#[tokio::test]
async fn nesting_up_to_the_limit_is_executed() {
    // `me` is the first level and `id` the last.
    let levels = MAX_DEPTH - 3;
    let query = format!(
        "{{ me {}{{ id }}{} }}",
        "{ friend ".repeat(levels),
        "}".repeat(levels)
    );
    let person = (0..=levels).fold(
        json!({"id": "last"}),
        |friend, _| json!({"id": "1", "friend": friend}),
    );
    let api = TestApi::new().answering("me", person);
    let answer = api.signed_in(&query).await;
    assert_eq!(answer["errors"], Value::Null, "{answer}");
}

#[tokio::test]
async fn nesting_by_fragments_is_bounded_too() {
    let chain = |length: usize| {
        let mut query = "{ me { ...F0 } }".to_owned();
        for number in 0..length {
            write!(
                query,
                " fragment F{number} on Person {{ friend {{ ...F{} }} }}",
                number + 1
            )
            .unwrap();
        }
        write!(query, " fragment F{length} on Person {{ id }}").unwrap();
        query
    };
    let api = TestApi::new().answering("me", Value::Null);
    assert_eq!(
        api.signed_in(&chain(20)).await,
        json!({"data": {"me": null}})
    );
    for length in [MAX_DEPTH, 90, 500] {
        let answer = api.signed_in(&chain(length)).await;
        assert_eq!(answer["data"], Value::Null);
        assert_ne!(answer["errors"], Value::Null);
    }
    assert_eq!(api.calls().len(), 1);
}

#[tokio::test]
async fn fragments_that_double_are_counted_without_expansion() {
    let mut query = "{ me { ...F0 } }".to_owned();
    for number in 0..25 {
        let next = number + 1;
        write!(query, " fragment F{number} on Person {{ a: friend {{ ...F{next} }} b: friend {{ ...F{next} }} }}").unwrap();
    }
    query.push_str(" fragment F25 on Person { id }");
    let answer = TestApi::new().signed_in(&query).await;
    assert_eq!(
        only_error(&answer)["message"],
        format!("The query selects more than {MAX_FIELDS} fields.")
    );
}

#[tokio::test]
async fn circular_introspection_is_refused() {
    let mut types = "{ name }".to_owned();
    for _ in 0..10 {
        types = format!("{{ fields {{ type {types} }} }}");
    }
    let answer = TestApi::new()
        .public(&format!("{{ __schema {{ types {types} }} }}"))
        .await;
    assert_eq!(
        only_error(&answer)["message"],
        "The introspection query is nested too deep."
    );
}

#[tokio::test]
async fn the_usual_introspection_query_is_answered() {
    let query = "query IntrospectionQuery { __schema {
        queryType { name } mutationType { name } subscriptionType { name }
        types { ...FullType }
        directives { name description locations args { ...InputValue } }
      } }
      fragment FullType on __Type { kind name description
        fields(includeDeprecated: true) { name description args { ...InputValue } type { ...TypeRef }
          isDeprecated deprecationReason }
        inputFields { ...InputValue } interfaces { ...TypeRef }
        enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
        possibleTypes { ...TypeRef } }
      fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue }
      fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name
        ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } }";
    let answer = TestApi::new().public(query).await;
    assert_eq!(answer["errors"], Value::Null);
    assert_eq!(answer["data"]["__schema"]["queryType"]["name"], "Query");
}

#[tokio::test]
async fn a_json_body_that_nests_too_deep_is_refused() {
    let variables = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let body = format!(r#"{{"query":"{{ __typename }}","variables":{{"a":{variables}}}}}"#);
    let (status, _) = TestApi::new().post(&[KEY], body).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn an_input_object_of_the_maximum_depth_is_coerced() {
    let api = TestApi::new().answering("signIn", session());
    let nested = (0..100).fold(
        json!({"name": "last"}),
        |inner, _| json!({"name": "n", "inner": inner}),
    );
    let answer = api
        .public_with(
            "mutation($nested: Nested) {
               signIn(input: {emailOrPhone: \"a\", method: EMAIL, nested: $nested}) { session }
             }",
            json!({ "nested": nested }),
        )
        .await;
    assert_eq!(answer["errors"], Value::Null);
    assert_eq!(api.event()["arguments"]["input"]["nested"], nested);
}

#[tokio::test]
async fn the_number_of_returned_errors_is_limited() {
    let query = (0..1000).fold(String::new(), |mut query, number| {
        write!(query, "f{number} ").unwrap();
        query
    });
    let answer = TestApi::new().public(&format!("{{ {query} }}")).await;
    assert_eq!(answer["errors"].as_array().unwrap().len(), 100);
}
