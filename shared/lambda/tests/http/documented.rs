//! A comparison of responses with the OpenAPI document.

use std::sync::OnceLock;

use serde_json::Value;

use crate::world::Reply;

pub(crate) fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(latchstring_lambda::http::openapi)
}

/// Panics if the document does not have this response of this route.
pub(crate) fn check(method: &str, path: &str, reply: &Reply) {
    let operation = &document()["paths"][path][method.to_ascii_lowercase()];
    // The document states an unknown path and another method in words.
    if operation.is_null() || reply.status == 405 {
        assert!([403, 404, 405].contains(&reply.status), "{method} {path}");
        let problem = &document()["components"]["schemas"]["Problem"];
        conforms(problem, &reply.body, "problem");
        return;
    }
    let response = &operation["responses"][reply.status.to_string()];
    assert!(
        response.is_object(),
        "{method} {path} has no {} {}",
        reply.status,
        reply.text
    );
    let Some(content) = response["content"].as_object() else {
        assert_eq!((&*reply.text, reply.status), ("", 204));
        return;
    };
    let media_type = reply.headers["content-type"].as_str().expect("a type");
    let content = &content[media_type];
    conforms(&content["schema"], &reply.body, path);
    if reply.status >= 400 {
        let example = &content["examples"][reply.problem()]["value"];
        assert!(
            example.is_object(),
            "{method} {path} has no {}",
            reply.problem()
        );
        for member in ["type", "title", "status"] {
            assert_eq!(example[member], reply.body[member]);
        }
        for (header, lower) in [
            ("WWW-Authenticate", "www-authenticate"),
            ("Retry-After", "retry-after"),
        ] {
            let is_documented = response["headers"][header].is_object();
            assert_eq!(is_documented, reply.headers[lower].is_string(), "{header}");
        }
    }
}

/// Panics if a value does not conform to a schema, or has a member that the schema does not state.
fn conforms(schema: &Value, value: &Value, place: &str) {
    if let Some(to) = schema["$ref"].as_str() {
        let target = document().pointer(to.trim_start_matches('#'));
        return conforms(target.expect("a schema"), value, place);
    }
    for union in ["oneOf", "anyOf"] {
        if let Some(variants) = schema[union].as_array() {
            let of = variants.iter().filter(|variant| accepts(variant, value));
            let of: Vec<_> = of.collect();
            assert_eq!(of.len(), 1, "{place}: {value}");
            return conforms(of[0], value, place);
        }
    }
    let expected = schema["type"].as_str().expect("a type");
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    assert_eq!(found, expected, "{place}");
    if let Some(words) = schema["enum"].as_array() {
        assert!(words.contains(value), "{place}: {value}");
    }
    if let (Some(number), Some(most)) = (value.as_u64(), schema["maximum"].as_u64()) {
        let least = schema["minimum"].as_u64().unwrap_or_default();
        assert!((least..=most).contains(&number), "{place}: {number}");
    }
    if let (Some(text), Some(most)) = (value.as_str(), schema["maxLength"].as_u64()) {
        assert!(text.len() as u64 <= most, "{place}: {}", text.len());
    }
    let Some(object) = value.as_object() else {
        return;
    };
    for required in schema["required"].as_array().into_iter().flatten() {
        let name = required.as_str().expect("a name");
        assert!(object.contains_key(name), "{place} has no {name}");
    }
    for (name, value) in object {
        let property = &schema["properties"][name];
        assert!(property.is_object(), "{place} has the unknown {name}");
        conforms(property, value, &format!("{place}.{name}"));
    }
}

/// Returns whether a variant of a union is that of the value.
fn accepts(variant: &Value, value: &Value) -> bool {
    let target = variant["$ref"].as_str();
    let target = target.and_then(|to| document().pointer(to.trim_start_matches('#')));
    let schema = target.unwrap_or(variant);
    match &schema["properties"]["status"]["enum"] {
        Value::Array(words) => words.contains(&value["status"]),
        _ => value.is_null() == (schema["type"] == "null"),
    }
}
