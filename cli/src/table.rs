//! Items of a deployment's table as an operator reads, changes and removes them: DynamoDB's own JSON.

use std::collections::BTreeMap;

use latchstring_aws::dynamodb::window_name;
use serde_json::{Map, Value, json};

use crate::signed_call::{CallError, DYNAMODB, SignedCalls};

/// An item: its attributes by name, each with its type as DynamoDB's JSON has it.
pub type Item = Map<String, Value>;

/// A window of a counter with the count that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The name of the window.
    pub window: String,
    /// The count.
    pub count: u32,
}

/// The table of a deployment.
pub struct Table<'a> {
    calls: SignedCalls<'a>,
    name: &'a str,
}

impl<'a> Table<'a> {
    /// Returns the table of this name.
    pub const fn new(calls: SignedCalls<'a>, name: &'a str) -> Self {
        Self { calls, name }
    }

    /// Reads an item, strongly consistent.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn get(&self, key: &str) -> Result<Option<Item>, CallError> {
        let input = json!({ "TableName": self.name, "Key": key_of(key), "ConsistentRead": true });
        let mut output = self.calls.read(DYNAMODB, "GetItem", &input).await?;
        Ok(match output["Item"].take() {
            Value::Object(item) if !item.is_empty() => Some(item),
            _ => None,
        })
    }

    /// Reads every item that a filter admits, page by page, strongly consistent. Reads the whole table, and
    /// costs as much.
    ///
    /// # Errors
    /// If a call fails.
    pub async fn scan(
        &self,
        filter: &str,
        names: &[(&str, &str)],
        values: &[(&str, &str)],
    ) -> Result<Vec<Item>, CallError> {
        let names: BTreeMap<_, _> = names.iter().copied().collect();
        let values = values.iter();
        let values: BTreeMap<_, _> = values
            .map(|(name, it)| (*name, json!({ "S": it })))
            .collect();
        let mut input = json!({
            "TableName": self.name,
            "ConsistentRead": true,
            "FilterExpression": filter,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
        });
        let mut items = Vec::new();
        loop {
            let mut page = self.calls.read(DYNAMODB, "Scan", &input).await?;
            if let Value::Array(found) = page["Items"].take() {
                items.extend(found.into_iter().filter_map(|item| match item {
                    Value::Object(item) => Some(item),
                    _ => None,
                }));
            }
            match page["LastEvaluatedKey"].take() {
                Value::Object(last) if !last.is_empty() => {
                    input["ExclusiveStartKey"] = last.into();
                }
                _ => return Ok(items),
            }
        }
    }

    /// Removes an item if it is there. True if this call removed it.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn delete(&self, key: &str) -> Result<bool, CallError> {
        let input = json!({
            "TableName": self.name,
            "Key": key_of(key),
            "ConditionExpression": "attribute_exists(pk)",
        });
        self.conditional("DeleteItem", &input).await
    }

    /// Removes an item whose time in this attribute is `now` or before, or that has none. True if this call
    /// removed it. Both times have the attribute's unit.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn delete_ended(&self, key: &str, ends: &str, now: u64) -> Result<bool, CallError> {
        let input = json!({
            "TableName": self.name,
            "Key": key_of(key),
            "ConditionExpression": "attribute_exists(#pk) AND (attribute_not_exists(#ends) OR #ends <= :now)",
            "ExpressionAttributeNames": { "#pk": "pk", "#ends": ends },
            "ExpressionAttributeValues": { ":now": { "N": now.to_string() } },
        });
        self.conditional("DeleteItem", &input).await
    }

    /// Removes windows of a counter, if each still has the count that was read: a charge that was made
    /// since is not lost. True if they were removed.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn remove_windows(&self, key: &str, seen: &[Seen]) -> Result<bool, CallError> {
        let (mut names, mut values) = (Map::new(), Map::new());
        let (mut removed, mut conditions) = (Vec::new(), Vec::new());
        for (number, Seen { window, count }) in seen.iter().enumerate() {
            names.insert(format!("#w{number}"), window_name(window).into());
            values.insert(format!(":c{number}"), json!({ "N": count.to_string() }));
            removed.push(format!("#w{number}"));
            conditions.push(format!("#w{number} = :c{number}"));
        }
        let input = json!({
            "TableName": self.name,
            "Key": key_of(key),
            "UpdateExpression": format!("REMOVE {}", removed.join(", ")),
            "ConditionExpression": conditions.join(" AND "),
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
        });
        self.conditional("UpdateItem", &input).await
    }

    /// Writes on a condition. False if it did not hold.
    async fn conditional(&self, operation: &str, input: &Value) -> Result<bool, CallError> {
        match self.calls.write(DYNAMODB, operation, input).await {
            Ok(_) => Ok(true),
            Err(error) if error.code().as_str() == "ConditionalCheckFailedException" => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn key_of(key: &str) -> Value {
    json!({ "pk": { "S": key } })
}

/// Returns a text attribute of an item.
pub fn text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?["S"].as_str()
}

/// Returns a number attribute of an item.
pub fn number(item: &Item, name: &str) -> Option<u64> {
    item.get(name)?["N"].as_str()?.parse().ok()
}

/// Returns the value of an attribute without its type. Bytes are seals, digests and tokens, and are left
/// out.
pub fn plain(value: &Value) -> Value {
    let Some((kind, value)) = value.as_object().and_then(|it| it.iter().next()) else {
        return Value::Null;
    };
    match (&**kind, value) {
        ("S" | "BOOL" | "SS", value) => value.clone(),
        ("N", Value::String(digits)) => digits
            .parse::<u64>()
            .map_or_else(|_| digits.as_str().into(), Value::from),
        ("M", Value::Object(members)) => members
            .iter()
            .map(|(name, value)| (name.clone(), plain(value)))
            .collect::<Map<_, _>>()
            .into(),
        ("L", Value::Array(list)) => list.iter().map(plain).collect::<Vec<_>>().into(),
        ("B" | "BS", _) => REDACTED.into(),
        _ => Value::Null,
    }
}

/// The word in place of a secret.
pub const REDACTED: &str = "redacted";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_loses_its_type_and_bytes_are_redacted() {
        for (stored, expected) in [
            (json!({"S": "a"}), json!("a")),
            (json!({"N": "7"}), json!(7)),
            (json!({"N": "-7"}), json!("-7")),
            (json!({"BOOL": true}), json!(true)),
            (json!({"SS": ["a"]}), json!(["a"])),
            (json!({"B": "c2VjcmV0"}), json!(REDACTED)),
            (json!({"BS": ["c2VjcmV0"]}), json!(REDACTED)),
            (
                json!({"M": {"x": {"B": "c2VjcmV0"}}}),
                json!({"x": REDACTED}),
            ),
            (json!({"L": [{"N": "1"}]}), json!([1])),
        ] {
            assert_eq!(plain(&stored), expected, "{stored}");
        }
    }
}
