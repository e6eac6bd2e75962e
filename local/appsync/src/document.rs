//! A query document: parsed, validated, and limited in size.

use apollo_compiler::ExecutableDocument;
use apollo_compiler::Node;
use apollo_compiler::collections::HashMap;
use apollo_compiler::executable::{Operation, OperationType, Selection, SelectionSet};
use apollo_compiler::introspection;
use apollo_compiler::parser::Parser;
use apollo_compiler::validation::{DiagnosticData, Valid};

use crate::answer::{GraphQLError, Refused};
use crate::limits::{MAX_DEPTH, MAX_FIELDS, MAX_TOKENS};
use crate::schema::BoundSchema;

/// The number of errors after which validation stops, as in graphql-java.
const MAX_ERRORS: usize = 100;

/// The reason why a document is not executed.
pub(crate) enum NotExecutable {
    Refused(Refused),
    Invalid(Vec<GraphQLError>),
}

/// Parses and validates `query`.
pub(crate) fn read(
    schema: &BoundSchema,
    query: &str,
) -> Result<Valid<ExecutableDocument>, NotExecutable> {
    let syntax = Parser::new()
        .recursion_limit(MAX_DEPTH)
        .token_limit(MAX_TOKENS)
        .parse_ast(query, "query.graphql")
        .map_err(|_| NotExecutable::Refused(Refused::UNPARSABLE))?;
    syntax
        .to_executable_validate(&schema.schema)
        .map_err(|invalid| {
            let errors = invalid.errors.iter().take(MAX_ERRORS);
            NotExecutable::Invalid(
                errors
                    .map(|found| {
                        let location = found.to_json().locations.first().copied();
                        GraphQLError::invalid(validation_message(found.error), location)
                    })
                    .collect(),
            )
        })
}

/// Selects the operation to execute.
pub(crate) fn operation<'d>(
    document: &'d Valid<ExecutableDocument>,
    name: Option<&str>,
) -> Result<&'d Node<Operation>, NotExecutable> {
    let operation = document.operations.get(name).map_err(|_| {
        NotExecutable::Refused(match name {
            Some(_) => Refused::UNKNOWN_OPERATION,
            None => Refused::NO_OPERATION_NAME,
        })
    })?;
    check_cost(document, operation)
        .map_err(|message| NotExecutable::Invalid(vec![GraphQLError::invalid(message, None)]))?;
    Ok(operation)
}

fn check_cost(
    document: &Valid<ExecutableDocument>,
    operation: &Node<Operation>,
) -> Result<(), String> {
    let size = Measure::default().of(document, &operation.selection_set);
    if size.depth > MAX_DEPTH {
        return Err(format!(
            "The query is nested more than {MAX_DEPTH} levels deep."
        ));
    }
    if size.fields > MAX_FIELDS {
        return Err(format!("The query selects more than {MAX_FIELDS} fields."));
    }
    let introspects = operation
        .root_fields(document)
        .any(|field| matches!(field.name.as_str(), "__schema" | "__type"));
    // The introspection schema has cycles of lists, whose answers grow with each level.
    if introspects && operation.operation_type == OperationType::Query {
        introspection::check_max_depth(document, operation)
            .map_err(|_| "The introspection query is nested too deep.".to_owned())?;
    }
    Ok(())
}

#[derive(Clone, Copy, Default)]
struct Size {
    fields: usize,
    depth: usize,
}

/// Measures selections with every fragment expanded, but visits each fragment only once: thirty
/// short fragments can expand to a billion fields.
#[derive(Default)]
struct Measure<'d> {
    fragments: HashMap<&'d str, Size>,
}

impl<'d> Measure<'d> {
    fn of(&mut self, document: &'d ExecutableDocument, selections: &'d SelectionSet) -> Size {
        let mut total = Size::default();
        for selection in &selections.selections {
            let size = match selection {
                Selection::Field(field) => {
                    let inner = self.of(document, &field.selection_set);
                    Size {
                        fields: inner.fields.saturating_add(1),
                        depth: inner.depth + 1,
                    }
                }
                Selection::InlineFragment(inline) => self.of(document, &inline.selection_set),
                Selection::FragmentSpread(spread) => {
                    self.of_fragment(document, &spread.fragment_name)
                }
            };
            total.fields = total.fields.saturating_add(size.fields);
            total.depth = total.depth.max(size.depth);
        }
        total
    }

    /// Measures a fragment. It terminates, because validation refuses a fragment that contains
    /// itself.
    fn of_fragment(&mut self, document: &'d ExecutableDocument, name: &'d str) -> Size {
        if let Some(size) = self.fragments.get(name) {
            return *size;
        }
        let size = document
            .fragments
            .get(name)
            .map(|fragment| self.of(document, &fragment.selection_set))
            .unwrap_or_default();
        self.fragments.insert(name, size);
        size
    }
}

/// Returns AppSync's wording for the kind of error and apollo-compiler's for the rest. AppSync's
/// own texts quote the value that does not fit. Here the value is left out, because it could be an
/// address.
fn validation_message(error: &DiagnosticData) -> String {
    let (kind, may_quote_a_value) = match error.unstable_error_name() {
        Some("UndefinedField") => ("FieldUndefined", false),
        Some("UndefinedArgument") => ("UnknownArgument", false),
        Some("RequiredArgument") => ("MissingFieldArgument", false),
        Some("MissingSubselection") => ("SubSelectionRequired", false),
        Some("SubselectionOnScalarType" | "SubselectionOnEnumType") => {
            ("SubSelectionNotAllowed", false)
        }
        Some("RequiredField" | "UnsupportedValueType") => ("WrongType", false),
        Some("UndefinedVariable") => ("UndefinedVariable", false),
        Some("UnusedVariable") => ("UnusedVariable", false),
        Some("DisallowedVariableUsage") => ("VariableTypeMismatch", false),
        Some("UniqueVariable") => ("DuplicateVariableName", false),
        Some("VariableInputType") => ("NonInputTypeOnVariable", false),
        Some("UndefinedDefinition") => ("UnknownType", false),
        Some("UndefinedDirective") => ("UnknownDirective", false),
        Some("UnsupportedLocation") => ("MisplacedDirective", false),
        Some("UniqueDirective") => ("DuplicateDirectiveName", false),
        Some("UniqueArgument") => ("DuplicateArgumentNames", false),
        Some("UndefinedFragment") => ("UndefinedFragment", false),
        Some("UnusedFragment") => ("UnusedFragment", false),
        Some("RecursiveFragmentDefinition") => ("FragmentCycle", false),
        Some("InvalidFragmentSpread" | "InvalidFragmentTarget") => ("InvalidFragmentType", false),
        Some("FragmentNameCollision") => ("DuplicateFragmentName", false),
        Some("OperationNameCollision") => ("DuplicateOperationName", false),
        Some("AmbiguousAnonymousOperation") => ("LoneAnonymousOperationViolation", false),
        Some("UndefinedRootOperation") => ("UnknownOperation", false),
        Some("ConflictingFieldName" | "ConflictingFieldType" | "ConflictingFieldArgument") => {
            ("FieldsConflict", false)
        }
        Some(
            "UndefinedEnumValue"
            | "UndefinedInputValue"
            | "UniqueInputValue"
            | "IntCoercionError"
            | "FloatCoercionError",
        ) => ("WrongType", true),
        _ => ("InvalidSyntax", true),
    };
    if may_quote_a_value {
        format!("Validation error of type {kind}: this does not fit the schema")
    } else {
        format!("Validation error of type {kind}: {error}")
    }
}
