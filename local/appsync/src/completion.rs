//! The completion of a function's data to the schema.

use apollo_compiler::ast::{FieldDefinition, Type};
use apollo_compiler::parser::LineColumn;
use apollo_compiler::resolvers::{FieldError, ObjectValue, ResolveInfo, ResolvedValue};
use apollo_compiler::response::{JsonValue, ResponseDataPathSegment};
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::{Name, Schema};
use serde_json::{Map, Value};

use crate::access;
use crate::answer::{GraphQLError, Path};
use crate::auth::Caller;
use crate::faults::{Faults, slashed};

/// The parts of the request that completion needs.
#[derive(Clone, Copy)]
pub(crate) struct Completion<'r> {
    pub(crate) schema: &'r Schema,
    pub(crate) caller: &'r Caller,
    pub(crate) faults: &'r Faults,
}

impl<'r> Completion<'r> {
    /// Refuses the field to a caller who may not see it.
    pub(crate) fn check_access(
        self,
        type_name: &Name,
        info: &ResolveInfo<'_>,
        path: &Path,
    ) -> Result<(), FieldError> {
        if access::allows(self.schema, type_name, info.field_definition(), self.caller) {
            return Ok(());
        }
        let message = format!(
            "Not Authorized to access {} on type {type_name}",
            info.field_name()
        );
        let error_type = "Unauthorized".to_owned();
        Err(self.fail(GraphQLError::resolver(
            path.clone(),
            error_type,
            message,
            location(info),
        )))
    }

    /// Records the reason that a field has no value. apollo-compiler then makes the field, or its
    /// parent, null.
    pub(crate) fn fail(self, error: GraphQLError) -> FieldError {
        self.faults.add(error);
        // Never shown: see `Faults::with`.
        FieldError {
            message: String::new(),
        }
    }

    /// Completes `value` as the field `definition` of the type `parent`.
    pub(crate) fn field(
        self,
        parent: &Name,
        definition: &FieldDefinition,
        value: Value,
        path: Path,
    ) -> Result<ResolvedValue<'r>, FieldError> {
        self.value(parent, &definition.ty, value, path)
    }

    fn value(
        self,
        parent: &Name,
        ty: &Type,
        value: Value,
        path: Path,
    ) -> Result<ResolvedValue<'r>, FieldError> {
        if value.is_null() {
            return if ty.is_non_null() {
                let message = format!(
                    "Cannot return null for non-nullable type: '{}' within parent '{parent}' ({})",
                    ty.inner_named_type(),
                    slashed(&path)
                );
                Err(self.fail(GraphQLError::completion(path, message)))
            } else {
                Ok(ResolvedValue::null())
            };
        }
        match ty {
            Type::List(item) | Type::NonNullList(item) => self.list(parent, item, value, path),
            Type::Named(name) | Type::NonNullNamed(name) => self.named(name, value, path),
        }
    }

    fn list(
        self,
        parent: &Name,
        item_type: &Type,
        value: Value,
        path: Path,
    ) -> Result<ResolvedValue<'r>, FieldError> {
        let Value::Array(items) = value else {
            return Err(self.mismatch(path, "LIST"));
        };
        let mut completed = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            let mut path = path.clone();
            path.push(ResponseDataPathSegment::ListIndex(index));
            match self.value(parent, item_type, item, path) {
                Ok(item) => completed.push(item),
                // The error is recorded; null propagates up to the next nullable position.
                Err(error) if item_type.is_non_null() => return Err(error),
                Err(_) => completed.push(ResolvedValue::null()),
            }
        }
        Ok(ResolvedValue::list(completed))
    }

    fn named(self, name: &Name, value: Value, path: Path) -> Result<ResolvedValue<'r>, FieldError> {
        match self.schema.types.get(name) {
            Some(ExtendedType::Object(_)) => self.object(name.clone(), value, path),
            Some(ExtendedType::Interface(_) | ExtendedType::Union(_)) => {
                // AppSync also uses the type that the resolver names.
                let is = value["__typename"]
                    .as_str()
                    .and_then(|name| Name::new(name).ok());
                match is {
                    Some(is) if self.schema.is_subtype(name, &is) => self.object(is, value, path),
                    _ => Err(self.mismatch(path, "OBJECT")),
                }
            }
            Some(ExtendedType::Enum(definition)) => match value.as_str() {
                Some(text) if definition.values.contains_key(text) => Ok(ResolvedValue::leaf(text)),
                _ => Err(self.unserializable(name, path)),
            },
            _ => match scalar(name, value) {
                Some(leaf) => Ok(ResolvedValue::Leaf(leaf)),
                None => Err(self.unserializable(name, path)),
            },
        }
    }

    fn object(
        self,
        type_name: Name,
        value: Value,
        path: Path,
    ) -> Result<ResolvedValue<'r>, FieldError> {
        let Value::Object(fields) = value else {
            return Err(self.mismatch(path, "OBJECT"));
        };
        Ok(ResolvedValue::object(Completed {
            completion: self,
            type_name,
            fields,
            path,
        }))
    }

    fn mismatch(self, path: Path, expected: &str) -> FieldError {
        let message = format!(
            "Can't resolve value ({}) : type mismatch error, expected type {expected}",
            slashed(&path)
        );
        self.fail(GraphQLError::completion(path, message))
    }

    /// Records a value of the wrong type. AppSync also shows the value.
    fn unserializable(self, name: &Name, path: Path) -> FieldError {
        let message = format!(
            "Can't serialize value ({}) : Expected type '{name}'",
            slashed(&path)
        );
        self.fail(GraphQLError::completion(path, message))
    }
}

/// Reads a JSON value as one of GraphQL's own scalars; AWS's are passed through.
fn scalar(name: &str, value: Value) -> Option<JsonValue> {
    let fits = match name {
        "Int" => value.as_i64().is_some_and(|int| i32::try_from(int).is_ok()),
        "Float" => return value.as_f64().map(JsonValue::from),
        "String" => value.is_string(),
        "Boolean" => value.is_boolean(),
        "ID" => value.is_string() || value.is_i64(),
        _ => true,
    };
    fits.then(|| value.into())
}

/// An object that a function returned.
struct Completed<'r> {
    completion: Completion<'r>,
    type_name: Name,
    fields: Map<String, Value>,
    path: Path,
}

impl ObjectValue for Completed<'_> {
    fn type_name(&self) -> &str {
        &self.type_name
    }

    fn resolve_field<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        let mut path = self.path.clone();
        path.push(response_key(info));
        self.completion.check_access(&self.type_name, info, &path)?;
        let value = self
            .fields
            .get(info.field_name())
            .cloned()
            .unwrap_or_default();
        self.completion
            .field(&self.type_name, info.field_definition(), value, path)
    }
}

/// The last step of the path to a field.
pub(crate) fn response_key(info: &ResolveInfo<'_>) -> ResponseDataPathSegment {
    // A resolved field has at least one selection.
    ResponseDataPathSegment::Field(info.field_selections()[0].response_key().clone())
}

/// The field's position in the query text.
pub(crate) fn location(info: &ResolveInfo<'_>) -> Option<LineColumn> {
    info.field_selections()[0]
        .response_key()
        .location()?
        .line_column(&info.document().sources)
}
