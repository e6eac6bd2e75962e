//! The GraphQL request in an HTTP body.

use serde_json::{Map, Value};

use crate::answer::Refused;

/// A GraphQL request, parsed but not validated.
pub(crate) struct Request {
    pub(crate) query: String,
    pub(crate) operation_name: Option<String>,
    pub(crate) variables: Map<String, Value>,
}

/// Reads `{"query", "operationName", "variables"}`. Null and absent are equal. AppSync has one
/// answer for everything that is not such an object, batches included.
pub(crate) fn parse(body: &[u8]) -> Result<Request, Refused> {
    if body.is_empty() {
        return Err(Refused::EMPTY_BODY);
    }
    let Ok(Value::Object(mut body)) = serde_json::from_slice(body) else {
        return Err(Refused::UNPARSABLE);
    };
    let Some(Value::String(query)) = body.remove("query") else {
        return Err(Refused::UNPARSABLE);
    };
    let operation_name = match body.remove("operationName") {
        None | Some(Value::Null) => None,
        Some(Value::String(name)) => Some(name).filter(|name| !name.is_empty()),
        Some(_) => return Err(Refused::UNPARSABLE),
    };
    let variables = match body.remove("variables") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(variables)) => variables,
        Some(_) => return Err(Refused::UNPARSABLE),
    };
    Ok(Request {
        query,
        operation_name,
        variables,
    })
}
