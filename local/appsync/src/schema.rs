//! The schema, and the mapping of root fields to functions.

use std::collections::{BTreeMap, HashMap};

use apollo_compiler::ast::{FieldDefinition, OperationType};
use apollo_compiler::collections::HashMap as ApolloMap;
use apollo_compiler::schema::Implementers;
use apollo_compiler::validation::Valid;
use apollo_compiler::{Name, Schema};

use crate::access;

/// The definitions that every AppSync schema can use without declaring them.
const PRELUDE: &str = r"
directive @aws_api_key on OBJECT | FIELD_DEFINITION
directive @aws_auth(cognito_groups: [String!]) on OBJECT | FIELD_DEFINITION
directive @aws_cognito_user_pools(cognito_groups: [String!]) on OBJECT | FIELD_DEFINITION
directive @aws_iam on OBJECT | FIELD_DEFINITION
directive @aws_lambda on OBJECT | FIELD_DEFINITION
directive @aws_oidc on OBJECT | FIELD_DEFINITION
directive @aws_subscribe(mutations: [String!]) on FIELD_DEFINITION
scalar AWSDate
scalar AWSDateTime
scalar AWSEmail
scalar AWSIPAddress
scalar AWSJSON
scalar AWSPhone
scalar AWSTime
scalar AWSTimestamp
scalar AWSURL
";

/// The reason why an [`Api`](crate::Api) cannot be created.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// The SDL does not parse or is not a valid schema.
    #[error("the schema is not valid:\n{0}")]
    Invalid(String),
    /// The schema uses a feature that this stand-in does not have.
    #[error("{0} is not supported here")]
    Unsupported(&'static str),
    /// A root field has no function.
    #[error("no function resolves {0}")]
    Unresolved(String),
    /// A function is mapped to a field that the schema does not have.
    #[error("the schema has no root field {0}")]
    UnknownField(String),
}

/// A valid schema whose root fields have their functions.
pub(crate) struct BoundSchema {
    pub(crate) schema: Valid<Schema>,
    pub(crate) implementers: ApolloMap<Name, Implementers>,
    functions: HashMap<(Name, Name), String>,
}

impl BoundSchema {
    pub(crate) fn new(
        sdl: &str,
        field_to_function: BTreeMap<String, String>,
    ) -> Result<Self, SchemaError> {
        let schema = parse(sdl)?;
        refuse_unsupported(&schema)?;
        let functions = bind(&schema, field_to_function)?;
        Ok(Self {
            implementers: schema.implementers_map(),
            schema,
            functions,
        })
    }

    /// Returns the function that resolves a root field; a field without one is null.
    pub(crate) fn function(&self, type_name: &Name, field: &Name) -> Option<&str> {
        // The map is small and a clone of a `Name` is a reference count.
        self.functions
            .get(&(type_name.clone(), field.clone()))
            .map(String::as_str)
    }
}

fn parse(sdl: &str) -> Result<Valid<Schema>, SchemaError> {
    Schema::builder()
        .parse(PRELUDE, "appsync.graphql")
        .parse(sdl, "schema.graphql")
        .build()
        .map_err(|invalid| SchemaError::Invalid(invalid.errors.to_string()))?
        .validate()
        .map_err(|invalid| SchemaError::Invalid(invalid.errors.to_string()))
}

fn refuse_unsupported(schema: &Valid<Schema>) -> Result<(), SchemaError> {
    if schema.root_operation(OperationType::Subscription).is_some() {
        return Err(SchemaError::Unsupported("a subscription type"));
    }
    let mut directives = schema.types.values().flat_map(|definition| {
        let of_fields = definition
            .as_object()
            .into_iter()
            .flat_map(|object| object.fields.values())
            .flat_map(|field| field.directives.iter().map(|directive| &directive.name));
        let of_type = definition
            .directives()
            .iter()
            .map(|directive| &directive.name);
        of_type.chain(of_fields)
    });
    // AppSync ignores it as soon as an API has a second authorisation mode, so it would protect
    // nothing.
    if directives.any(|name| name == access::AWS_AUTH) {
        return Err(SchemaError::Unsupported("@aws_auth beside an API key"));
    }
    Ok(())
}

fn bind(
    schema: &Valid<Schema>,
    mut field_to_function: BTreeMap<String, String>,
) -> Result<HashMap<(Name, Name), String>, SchemaError> {
    let mut functions = HashMap::new();
    for operation in [OperationType::Query, OperationType::Mutation] {
        let Some(root) = schema
            .root_operation(operation)
            .and_then(|name| schema.get_object(name))
        else {
            continue;
        };
        for (field, definition) in &root.fields {
            let coordinate = format!("{}.{field}", root.name);
            if let Some(function) = field_to_function.remove(&coordinate) {
                functions.insert((root.name.clone(), field.clone()), function);
            } else if !can_stay_null(definition) {
                return Err(SchemaError::Unresolved(coordinate));
            }
        }
    }
    match field_to_function.into_keys().next() {
        Some(coordinate) => Err(SchemaError::UnknownField(coordinate)),
        None => Ok(functions),
    }
}

/// Returns true for a field that may have no resolver. AppSync answers null for it. This is
/// intended only for the field that fills an empty query type.
fn can_stay_null(definition: &FieldDefinition) -> bool {
    definition.arguments.is_empty() && !definition.ty.is_non_null()
}
