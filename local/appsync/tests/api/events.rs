//! The event of a function.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use crate::support::{ADMIN, ALICE, API_KEY, TestApi, session};

#[tokio::test]
async fn the_event_is_the_context_of_a_unit_resolver() {
    let api = TestApi::new().answering("signIn", session());
    let query = "mutation Go($address: String!) {
      start: signIn(input: {emailOrPhone: $address, method: EMAIL}) { session expires: expiresIn }
    }";
    let headers = [
        ("X-Api-Key", API_KEY),
        ("Accept-Language", "pt"),
        ("Accept-Language", "en"),
    ];
    let variables = json!({"address": "a@example.com", "unused": 1});
    let request = json!({"query": query, "operationName": "Go", "variables": variables});
    let answer = api.graphql(&headers, request).await;
    assert_eq!(
        answer,
        json!({"data": {"start": {"session": "s", "expires": 300}}})
    );
    let event = api.event();
    let query_text = event["info"]["selectionSetGraphQL"].as_str().unwrap();
    assert_eq!(query_text, "{\n  session\n  expires: expiresIn\n}");
    assert_eq!(
        event,
        json!({
            "arguments": {"input": {"emailOrPhone": "a@example.com", "method": "EMAIL"}},
            "identity": null,
            "source": null,
            "request": {
                "headers": {
                    "x-api-key": API_KEY,
                    "accept-language": "pt, en",
                    "x-forwarded-for": "127.0.0.1, 198.18.0.1",
                },
                "domainName": null,
            },
            "prev": null,
            "info": {
                "fieldName": "signIn",
                "parentTypeName": "Mutation",
                "variables": {"address": "a@example.com"},
                "selectionSetList": ["session", "expires"],
                "selectionSetGraphQL": query_text,
            },
            "stash": {},
        })
    );
}

#[tokio::test]
async fn the_event_of_a_signed_in_caller_has_the_tokens_claims() {
    let api = TestApi::new().answering("me", Value::Null);
    let headers = [
        ("authorization", ALICE),
        ("x-forwarded-for", "203.0.113.7, 198.51.100.1"),
        ("x-forwarded-for", "192.0.2.9"),
    ];
    api.graphql(&headers, json!({"query": "{ me { id } }"}))
        .await;
    let event = api.event();
    let identity = &event["identity"];
    assert_eq!(identity["sub"], "sub-alice");
    assert_eq!(identity["issuer"], "https://cognito-idp.example/pool");
    assert_eq!(identity["username"], "alice");
    assert_eq!(identity["claims"]["token_use"], "access");
    assert_eq!(identity["defaultAuthStrategy"], "ALLOW");
    assert_eq!(identity["groups"], Value::Null);
    // The client claims the first three; the last one is the connection's.
    let sources = ["203.0.113.7", "198.51.100.1", "192.0.2.9", "127.0.0.1"];
    assert_eq!(identity["sourceIp"], json!(sources));
    assert_eq!(
        event["request"]["headers"]["x-forwarded-for"],
        format!("{}, 198.18.0.1", sources.join(", "))
    );
    assert_eq!(event["request"]["headers"]["authorization"], ALICE);
}

/// aws-mobile-appsync-sdk-js#584: the header of consecutive events of one client.
#[tokio::test]
async fn each_request_of_a_client_comes_through_another_edge() {
    let last_two = async |api: &TestApi, requests: usize| -> Vec<[String; 2]> {
        for _ in 0..requests {
            let headers = [("x-api-key", API_KEY), ("x-forwarded-for", "203.0.113.7")];
            api.graphql(&headers, json!({"query": "mutation { count }"}))
                .await;
        }
        let calls = api.calls();
        calls
            .iter()
            .map(|(_, event)| {
                let header = event["request"]["headers"]["x-forwarded-for"].as_str();
                let mut entries = header.expect("a text").rsplit(", ").map(str::to_owned);
                let edge = entries.next().expect("an edge");
                [entries.next().expect("a client"), edge]
            })
            .collect()
    };
    let api = TestApi::new().answering("count", json!(1));
    let seen = last_two(&api, 5).await;
    assert!(seen.iter().all(|[client, _]| client == "127.0.0.1"));
    assert!(seen.windows(2).all(|pair| pair[0][1] != pair[1][1]));
    let again = TestApi::new().answering("count", json!(1));
    assert_eq!(last_two(&again, 5).await, seen, "the order is fixed");
}

#[tokio::test]
async fn an_id_token_gives_its_username_and_groups() {
    let api = TestApi::new().answering("me", Value::Null);
    api.graphql(
        &[("authorization", ADMIN)],
        json!({"query": "{ me { id } }"}),
    )
    .await;
    let event = api.event();
    assert_eq!(event["identity"]["username"], "root");
    assert_eq!(event["identity"]["groups"], json!(["staff", "admins"]));
}

#[tokio::test]
async fn without_a_known_connection_there_is_no_source() {
    let api = TestApi::new().answering("me", Value::Null);
    let request = Request::post("/graphql")
        .header("authorization", ALICE)
        .body(Body::from(r#"{"query":"{ me { id } }"}"#))
        .unwrap();
    api.send(request).await;
    let event = api.event();
    assert_eq!(event["identity"]["sourceIp"], json!([]));
    assert_eq!(event["request"]["headers"].get("x-forwarded-for"), None);
}

#[tokio::test]
async fn an_argument_that_is_absent_stays_absent_and_null_stays_null() {
    let query = "mutation($locale: String, $tags: [String!]) {
      signIn(input: {emailOrPhone: \"a\", method: EMAIL, locale: $locale, tags: $tags}) { session }
    }";
    let arguments = |variables: Value| async {
        let api = TestApi::new().answering("signIn", session());
        api.public_with(query, variables).await;
        api.event()["arguments"]["input"].clone()
    };
    let bare = json!({"emailOrPhone": "a", "method": "EMAIL"});
    assert_eq!(arguments(json!({})).await, bare);
    assert_eq!(
        arguments(json!({"locale": null, "tags": ["x"]})).await,
        json!({"emailOrPhone": "a", "method": "EMAIL", "locale": null, "tags": ["x"]})
    );
}

#[tokio::test]
async fn absent_and_null_differ_in_input_objects_and_arguments() {
    let api = TestApi::new()
        .answering("signIn", session())
        .answering("count", json!(1));
    let input = json!({"emailOrPhone": "a", "method": "PHONE_NUMBER", "locale": null});
    api.public_with(
        "mutation($input: SignInInput!) { signIn(input: $input) { session } }",
        json!({ "input": input }),
    )
    .await;
    api.public("mutation($by: Int) { count(by: $by, factor: null) }")
        .await;
    let calls = api.calls();
    assert_eq!(calls[0].1["arguments"], json!({ "input": input }));
    assert_eq!(
        calls[1].1["arguments"],
        json!({"size": "SMALL", "factor": null})
    );
}

#[tokio::test]
async fn variables_are_coerced_by_the_schema() {
    let api = TestApi::new()
        .answering("signIn", session())
        .answering("count", json!(1));
    api.public_with(
        "mutation($tags: [String!], $size: Size = LARGE) {
           signIn(input: {emailOrPhone: \"a\", method: EMAIL, tags: $tags}) { session }
           count(size: $size, by: 7, factor: 2)
         }",
        json!({"tags": "one"}),
    )
    .await;
    let calls = api.calls();
    assert_eq!(calls[0].1["arguments"]["input"]["tags"], json!(["one"]));
    assert_eq!(
        calls[1].1["arguments"],
        json!({"size": "LARGE", "by": 7, "factor": 2})
    );
    assert_eq!(
        calls[1].1["info"]["variables"],
        json!({"tags": ["one"], "size": "LARGE"})
    );
    assert_eq!(calls[1].1["info"]["selectionSetList"], json!([]));
    assert_eq!(calls[1].1["info"]["selectionSetGraphQL"], "");
}

#[tokio::test]
async fn the_selection_list_expands_fragments_without_skipped_fields() {
    let api = TestApi::new().answering("me", Value::Null);
    api.signed_in(
        "query($no: Boolean = false) {
           me { ...Names best: friend { ... on Person { id } } height @include(if: $no) }
           me { name isNew @skip(if: true) __typename }
         }
         fragment Names on Person { id name }",
    )
    .await;
    assert_eq!(
        api.event()["info"]["selectionSetList"],
        json!(["id", "name", "best", "best/id", "__typename"])
    );
}
