//! The request's variables, coerced to the types that the operation declares.

use apollo_compiler::ExecutableDocument;
use apollo_compiler::Schema;
use apollo_compiler::executable::{Operation, VariableDefinition};
use apollo_compiler::request::coerce_variable_values;
use apollo_compiler::response::{JsonMap, JsonValue};
use apollo_compiler::validation::Valid;
use serde_json::{Map, Value};

use crate::answer::GraphQLError;

/// Coerces `values`. The error names the variable and the expected type, never the value.
pub(crate) fn coerce(
    schema: &Valid<Schema>,
    document: &ExecutableDocument,
    operation: &Operation,
    values: Map<String, Value>,
) -> Result<Valid<JsonMap>, GraphQLError> {
    let values: JsonMap = values
        .into_iter()
        .map(|(name, value)| (name.into(), JsonValue::from(value)))
        .collect();
    coerce_variable_values(schema, operation, &values).map_err(|error| {
        let complaint = without_value(&error.message().to_string());
        explain(schema, document, operation, &values, complaint)
    })
}

fn explain(
    schema: &Valid<Schema>,
    document: &ExecutableDocument,
    operation: &Operation,
    values: &JsonMap,
    complaint: Option<String>,
) -> GraphQLError {
    let culprit = operation.variables.iter().find(|variable| {
        let alone = Operation {
            variables: vec![(*variable).clone()],
            ..operation.clone()
        };
        coerce_variable_values(schema, &alone, values).is_err()
    });
    let Some(variable) = culprit else {
        return GraphQLError::invalid("The variables do not fit the query.".to_owned(), None);
    };
    let location = variable
        .location()
        .and_then(|span| span.line_column(&document.sources));
    GraphQLError::invalid(message(variable, values, complaint), location)
}

fn message(variable: &VariableDefinition, values: &JsonMap, complaint: Option<String>) -> String {
    let VariableDefinition { name, ty, .. } = variable;
    let is_null = values.get(name.as_str()).is_none_or(JsonValue::is_null);
    match complaint {
        _ if is_null => format!("Variable '{name}' has coerced Null value for NonNull type '{ty}'"),
        Some(complaint) => format!("Variable '{name}' has an invalid value: {complaint}"),
        None => format!("Variable '{name}' has an invalid value"),
    }
}

/// Returns apollo-compiler's message without the client's value, or `None` if the form of the text
/// is unknown.
fn without_value(complaint: &str) -> Option<String> {
    if let Some(rest) = complaint.strip_prefix("could not coerce ") {
        let (what, value_and_type) = rest.split_once(": ")?;
        let (_, ty) = value_and_type.rsplit_once(" to type ")?;
        return Some(format!("{what} is not of type {ty}"));
    }
    if complaint.starts_with("Input object has key ") {
        let (_, ty) = complaint.rsplit_once(" not in type ")?;
        return Some(format!("it has a field that is not in type {ty}"));
    }
    let names_only = [
        "missing value for ",
        "Missing value for ",
        "null value for ",
    ];
    names_only
        .iter()
        .any(|start| complaint.starts_with(start))
        .then(|| complaint.to_owned())
}

#[cfg(test)]
mod tests {
    use super::without_value;

    #[test]
    fn a_value_that_imitates_the_message_is_still_removed() {
        let complaint =
            r#"could not coerce input field SignInInput.method: "x: y to type Z" to type Method"#;
        assert_eq!(
            without_value(complaint).as_deref(),
            Some("input field SignInInput.method is not of type Method")
        );
    }

    #[test]
    fn a_message_of_an_unknown_form_is_dropped() {
        assert_eq!(without_value("cannot take \"a@example.com\""), None);
    }
}
