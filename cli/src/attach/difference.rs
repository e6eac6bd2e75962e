//! The differences of two descriptions, member by member.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use super::members::Members;

/// A member that differs. It is printed as `path: before → after`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The names from the outermost member to this one, with dots between them.
    pub path: String,
    /// The value before; none if it was not set.
    pub before: Option<Value>,
    /// The value after; none if it is not set.
    pub after: Option<Value>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |value: &Option<Value>| {
            let value = value.as_ref();
            value.map_or_else(|| "not set".to_owned(), Value::to_string)
        };
        let (before, after) = (shown(&self.before), shown(&self.after));
        write!(f, "{}: {before} → {after}", self.path)
    }
}

/// Returns the members that differ, by path. An empty list or object is the same as none. The order of a
/// list is not compared: Cognito returns its lists of flows, attributes, URLs and scopes in an order of
/// its own.
pub fn differences(before: &Members, after: &Members) -> Vec<Difference> {
    let mut found = Vec::new();
    compare("", before, after, &mut found);
    found
}

fn compare(path: &str, before: &Members, after: &Members, found: &mut Vec<Difference>) {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for name in names {
        let path = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        match (before.get(name), after.get(name)) {
            (Some(Value::Object(before)), Some(Value::Object(after))) => {
                compare(&path, before, after, found);
            }
            (before, after) if comparable(before) != comparable(after) => {
                found.push(Difference {
                    path,
                    before: before.cloned(),
                    after: after.cloned(),
                });
            }
            _ => {}
        }
    }
}

/// Returns the form of a member that is compared; none if it is not set.
fn comparable(value: Option<&Value>) -> Option<Value> {
    let is_empty = match value? {
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    };
    if is_empty {
        return None;
    }
    value.map(unordered)
}

/// Returns the value with its lists in one order.
fn unordered(value: &Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(unordered).collect();
            items.sort_by_cached_key(Value::to_string);
            Value::Array(items)
        }
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), unordered(value)))
            .collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::attach::merge::samples::members;

    fn lines(before: Value, after: Value) -> Vec<String> {
        let found = differences(&members(before), &members(after));
        found.iter().map(Difference::to_string).collect()
    }

    #[test]
    fn a_difference_names_the_path_and_both_values() {
        assert_eq!(
            lines(
                json!({"Same": 1, "Gone": "x", "Within": {"Same": 1, "Other": [1]}}),
                json!({"Same": 1, "New": {"A": 1}, "Within": {"Same": 1, "Other": [1, 2]}}),
            ),
            [
                r#"Gone: "x" → not set"#,
                r#"New: not set → {"A":1}"#,
                "Within.Other: [1] → [1,2]",
            ]
        );
    }

    #[test]
    fn an_empty_list_or_object_is_not_set() {
        let none: [&str; 0] = [];
        assert_eq!(lines(json!({"A": [], "B": 1}), json!({"B": 1})), none);
        assert_eq!(lines(json!({}), json!({"A": {}})), none);
        assert_eq!(lines(json!({"A": ["x"]}), json!({"A": []})).len(), 1);
        assert_eq!(lines(json!({"A": ""}), json!({})).len(), 1);
    }

    #[test]
    fn the_order_of_a_list_is_no_difference() {
        let none: [&str; 0] = [];
        assert_eq!(
            lines(json!({"A": ["x", "y"]}), json!({"A": ["y", "x"]})),
            none
        );
        let (first, second) = (json!({"N": "a"}), json!({"N": "b"}));
        assert_eq!(
            lines(json!({"A": [first, second]}), json!({"A": [second, first]})),
            none
        );
        assert_eq!(
            lines(json!({"A": ["x", "x"]}), json!({"A": ["x"]})).len(),
            1
        );
    }
}
