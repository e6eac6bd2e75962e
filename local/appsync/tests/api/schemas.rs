//! The schemas that an API accepts, and the deployed schema.

use std::collections::BTreeMap;

use latchstring_local_appsync::SchemaError;

use crate::support::{SDL, build, mapping};

const DEPLOYED: &str = include_str!("../../../../infra/schema.graphql");

fn to_functions(fields: &[&str]) -> BTreeMap<String, String> {
    fields
        .iter()
        .map(|field| ((*field).to_owned(), "f".to_owned()))
        .collect()
}

#[test]
fn the_deployed_schema_is_an_api() {
    let fields = [
        "Mutation.signIn",
        "Mutation.signInTicket",
        "Mutation.undoContactChange",
        "Mutation.rememberDevice",
        "Mutation.forgetDevices",
        "Mutation.signUp",
        "Mutation.updateName",
        "Mutation.changeContact",
        "Query.pendingContact",
    ];
    build(DEPLOYED, to_functions(&fields)).unwrap();
}

#[test]
fn everything_in_the_deployed_schema_is_described() {
    use apollo_compiler::schema::ExtendedType;
    use apollo_compiler::{Node, Schema};

    let directives = "directive @aws_api_key on OBJECT | FIELD_DEFINITION
                      directive @aws_cognito_user_pools on OBJECT | FIELD_DEFINITION";
    let schema = Schema::builder()
        .parse(directives, "prelude.graphql")
        .parse(DEPLOYED, "schema.graphql")
        .build()
        .unwrap();
    let mut undescribed = Vec::new();
    for (name, definition) in schema.types.iter().filter(|(_, ty)| !ty.is_built_in()) {
        let mut check = |what: String, description: Option<&str>| {
            if description.is_none_or(str::is_empty) {
                undescribed.push(what);
            }
        };
        check(name.to_string(), definition.description().map(Node::as_str));
        match definition {
            ExtendedType::Object(object) => {
                for (field, definition) in &object.fields {
                    check(format!("{name}.{field}"), definition.description.as_deref());
                }
            }
            ExtendedType::InputObject(input) => {
                for (field, definition) in &input.fields {
                    check(format!("{name}.{field}"), definition.description.as_deref());
                }
            }
            ExtendedType::Enum(values) => {
                for (value, definition) in &values.values {
                    check(format!("{name}.{value}"), definition.description.as_deref());
                }
            }
            _ => {}
        }
    }
    assert_eq!(undescribed, Vec::<String>::new());
}

#[test]
fn a_root_field_without_a_function_is_an_error() {
    let mut functions = mapping();
    functions.remove("Mutation.signUp");
    let error = build(SDL, functions).unwrap_err();
    assert!(matches!(error, SchemaError::Unresolved(field) if field == "Mutation.signUp"));
}

#[test]
fn a_nullable_root_field_with_arguments_needs_its_function_too() {
    let mut functions = mapping();
    functions.remove("Mutation.count");
    let error = build(SDL, functions).unwrap_err();
    assert!(matches!(error, SchemaError::Unresolved(field) if field == "Mutation.count"));
}

#[test]
fn a_function_for_an_unknown_field_is_an_error() {
    for field in ["Mutation.signin", "Person.friend", "signIn", ""] {
        let mut functions = mapping();
        functions.insert(field.to_owned(), "f".to_owned());
        let error = build(SDL, functions).unwrap_err();
        assert!(matches!(error, SchemaError::UnknownField(unknown) if unknown == field));
    }
}

#[test]
fn a_schema_that_appsync_refuses_is_an_error() {
    let schemas = [
        "",
        "type Query {",
        "type Query { a: Nope }",
        "type Query { a: Int @nope }",
        "type Mutation { a: Int }",
        "type Query { a(b: Person): Int } type Person { id: ID }",
    ];
    for sdl in schemas {
        let error = build(sdl, to_functions(&["Query.a"])).unwrap_err();
        assert!(matches!(error, SchemaError::Invalid(_)), "{sdl}: {error}");
    }
}

#[test]
fn an_unsupported_schema_feature_is_refused() {
    let schemas = [
        "type Query { a: Int } type Subscription { b: Int @aws_subscribe(mutations: [\"c\"]) }",
        "type Query { a: Int @aws_auth(cognito_groups: [\"admins\"]) }",
    ];
    for sdl in schemas {
        let error = build(sdl, to_functions(&["Query.a"])).unwrap_err();
        assert!(
            matches!(error, SchemaError::Unsupported(_)),
            "{sdl}: {error}"
        );
    }
}
