//! Access to fields by authorisation mode.

use serde_json::{Value, json};

use crate::support::{ADMIN, ALICE, API_KEY, TestApi, only_error, session};

#[tokio::test]
async fn a_public_field_is_refused_to_a_signed_in_caller() {
    let api = TestApi::new().answering("byKey", Value::Null);
    assert_eq!(
        api.signed_in("{ byKey { id } }").await,
        json!({
            "data": {"byKey": null},
            "errors": [{
                "path": ["byKey"],
                "data": null,
                "errorType": "Unauthorized",
                "errorInfo": null,
                "locations": [{"line": 1, "column": 3, "sourceName": null}],
                "message": "Not Authorized to access byKey on type Query",
            }],
        })
    );
    assert_eq!(api.calls(), []);
}

#[tokio::test]
async fn a_signed_in_field_is_refused_to_the_api_key() {
    let api = TestApi::new().answering("signUp", session());
    let answer = api
        .public(r#"mutation { signUp(name: "n") { session } }"#)
        .await;
    assert_eq!(answer["data"], Value::Null);
    let error = only_error(&answer);
    assert_eq!(error["errorType"], "Unauthorized");
    assert_eq!(
        error["message"],
        "Not Authorized to access signUp on type Mutation"
    );
    assert_eq!(api.calls(), []);
}

#[tokio::test]
async fn a_signed_in_caller_uses_the_fields_without_directives() {
    let api = TestApi::new().answering("signUp", session());
    let answer = api
        .signed_in(r#"mutation { signUp(name: "n") { session expiresIn } }"#)
        .await;
    assert_eq!(
        answer,
        json!({"data": {"signUp": {"session": "s", "expiresIn": 300}}})
    );
}

#[tokio::test]
async fn a_field_open_to_both_modes_still_obeys_its_type() {
    let api = TestApi::new().answering("byEither", json!({"id": "1"}));
    let query = "{ byEither { id } }";
    assert_eq!(
        api.signed_in(query).await,
        json!({"data": {"byEither": {"id": "1"}}})
    );
    // `Person` has no directive, so only the default mode may read it.
    let answer = api.public(query).await;
    assert_eq!(answer["data"], json!({"byEither": null}));
    let error = only_error(&answer);
    assert_eq!(error["path"], json!(["byEither", "id"]));
    assert_eq!(
        error["message"],
        "Not Authorized to access id on type Person"
    );
}

#[tokio::test]
async fn a_directive_on_a_field_of_a_type_overrides_the_types_own() {
    let data = json!({"open": "o", "signedIn": "s", "friend": {"id": "1"}});
    let api = TestApi::new().answering("shared", data);
    let query = "{ shared { open signedIn friend { id } } }";
    assert_eq!(api.signed_in(query).await["errors"], Value::Null);
    let answer = api.public(query).await;
    assert_eq!(
        answer["data"],
        json!({"shared": {"open": "o", "signedIn": null, "friend": null}})
    );
    assert_eq!(
        answer["errors"][0]["message"],
        "Not Authorized to access signedIn on type Shared"
    );
    assert_eq!(
        answer["errors"][1]["message"],
        "Not Authorized to access id on type Person"
    );
}

#[tokio::test]
async fn a_field_for_a_group_is_open_to_its_members_only() {
    let api = TestApi::new().answering("byAdmins", Value::Null);
    let query = json!({"query": "{ byAdmins { id } }"});
    let admin = api
        .graphql(&[("authorization", ADMIN)], query.clone())
        .await;
    assert_eq!(admin, json!({"data": {"byAdmins": null}}));
    for headers in [("authorization", ALICE), ("x-api-key", API_KEY)] {
        let answer = api.graphql(&[headers], query.clone()).await;
        assert_eq!(only_error(&answer)["errorType"], "Unauthorized");
    }
}

#[tokio::test]
async fn a_field_of_an_unsupported_mode_is_closed() {
    let api = TestApi::new().answering("byMachine", Value::Null);
    for headers in [("authorization", ADMIN), ("x-api-key", API_KEY)] {
        let answer = api
            .graphql(&[headers], json!({"query": "{ byMachine { id } }"}))
            .await;
        assert_eq!(only_error(&answer)["errorType"], "Unauthorized");
    }
}

#[tokio::test]
async fn introspection_is_open_to_every_caller() {
    let api = TestApi::new();
    let query =
        r#"{ __schema { mutationType { name } } __type(name: "Size") { enumValues { name } } }"#;
    let expected = json!({"data": {
        "__schema": {"mutationType": {"name": "Mutation"}},
        "__type": {"enumValues": [{"name": "SMALL"}, {"name": "LARGE"}]},
    }});
    assert_eq!(api.public(query).await, expected);
    assert_eq!(api.signed_in(query).await, expected);
}
