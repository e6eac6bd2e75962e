//! AppSync's rules for access to a field, for an API whose default mode is Cognito.

use apollo_compiler::Schema;
use apollo_compiler::ast::{Directive, FieldDefinition};

use crate::auth::Caller;

const API_KEY: &str = "aws_api_key";
const COGNITO: &str = "aws_cognito_user_pools";
/// The directive that works only where Cognito is the only mode.
pub(crate) const AWS_AUTH: &str = "aws_auth";
/// Directives that open a field to modes that this API does not have.
const OTHER_MODES: [&str; 3] = ["aws_iam", "aws_lambda", "aws_oidc"];

/// Returns true if `caller` may see `field` of the type `type_name`. The field's own directives
/// count; without any, the type's; without those, the default mode.
pub(crate) fn allows(
    schema: &Schema,
    type_name: &str,
    field: &FieldDefinition,
    caller: &Caller,
) -> bool {
    let of_field: Vec<&Directive> = modes(field.directives.iter().map(AsRef::as_ref));
    if !of_field.is_empty() {
        return admits(&of_field, caller);
    }
    let of_type: Vec<&Directive> = schema
        .get_object(type_name)
        .map(|object| modes(object.directives.iter().map(AsRef::as_ref)))
        .unwrap_or_default();
    if !of_type.is_empty() {
        return admits(&of_type, caller);
    }
    matches!(caller, Caller::Cognito { .. })
}

fn modes<'d>(directives: impl Iterator<Item = &'d Directive>) -> Vec<&'d Directive> {
    directives
        .filter(|directive| {
            let name = directive.name.as_str();
            name == API_KEY || name == COGNITO || OTHER_MODES.contains(&name)
        })
        .collect()
}

fn admits(modes: &[&Directive], caller: &Caller) -> bool {
    modes.iter().any(|mode| match caller {
        Caller::ApiKey => mode.name == API_KEY,
        Caller::Cognito { .. } => mode.name == COGNITO && in_a_group(mode, caller),
    })
}

/// Checks the groups. Without `cognito_groups` every signed-in caller is meant.
fn in_a_group(mode: &Directive, caller: &Caller) -> bool {
    let Some(demanded) = mode
        .specified_argument_by_name("cognito_groups")
        .and_then(|groups| groups.as_list())
    else {
        return true;
    };
    demanded
        .iter()
        .filter_map(|group| group.as_str())
        .any(|group| caller.groups().any(|has| has == group))
}
