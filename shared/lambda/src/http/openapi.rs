use serde_json::{Value, json};

/// The OpenAPI 3.1 document of the door.
pub fn openapi() -> Value {
    json!({})
}
