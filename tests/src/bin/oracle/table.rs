//! A table of DynamoDB's in memory: the part of the protocol that [`DynamoStore`] uses.
//!
//! The third-party emulator is the better check of requests, and the contract of stores runs on
//! both. This one answers in microseconds, evenly. The emulator takes milliseconds of Python, which
//! would hide a look-up.
//!
//! [`DynamoStore`]: latchstring_aws::DynamoStore

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

type Item = Map<String, Value>;

/// One table.
#[derive(Default)]
pub(crate) struct Table(Mutex<BTreeMap<String, Item>>);

impl Table {
    /// Removes every item.
    pub(crate) fn clear(&self) {
        let mut items = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        items.clear();
    }

    /// Answers an operation, as `X-Amz-Target` names it after the dot.
    pub(crate) fn answer(&self, operation: &str, request: &Value) -> Response {
        let written = |written| match written {
            Ok(item) if request["ReturnValues"] == "ALL_NEW" => {
                reply(StatusCode::OK, &json!({ "Attributes": item }))
            }
            Ok(_) => reply(StatusCode::OK, &json!({})),
            Err(item) => refused(item, request),
        };
        match operation {
            "GetItem" => {
                let items = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                let found = items.get(key(&request["Key"]));
                let found = found.map_or_else(|| json!({}), |item| json!({ "Item": item }));
                reply(StatusCode::OK, &found)
            }
            "BatchGetItem" => {
                let items = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                let tables = request["RequestItems"].as_object().expect("tables");
                let responses: Map<String, Value> = tables
                    .iter()
                    .map(|(table, asked)| {
                        let keys = asked["Keys"].as_array().into_iter().flatten();
                        let found = keys.filter_map(|of| items.get(key(of)).cloned());
                        let found: Vec<Value> = found.map(Value::Object).collect();
                        (table.clone(), found.into())
                    })
                    .collect();
                let body = json!({ "Responses": responses, "UnprocessedKeys": {} });
                reply(StatusCode::OK, &body)
            }
            "PutItem" => written(self.write(&request["Item"], request, |item| {
                item.clone_from(request["Item"].as_object().expect("an item"));
            })),
            "UpdateItem" => written(self.write(&request["Key"], request, |item| {
                update(item, request);
            })),
            "DeleteItem" => {
                let mut before = Item::new();
                let deleted = self.write(&request["Key"], request, |item| {
                    before = std::mem::take(item);
                });
                match deleted {
                    Ok(_) if request["ReturnValues"] == "ALL_OLD" && !before.is_empty() => {
                        reply(StatusCode::OK, &json!({ "Attributes": before }))
                    }
                    deleted => written(deleted),
                }
            }
            "Query" => reply(StatusCode::OK, &self.due(request)),
            other => panic!("{other} is not spoken here"),
        }
    }

    /// Returns a page of an index whose key has a number second, in its order.
    fn due(&self, request: &Value) -> Value {
        let items = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let expression = request["KeyConditionExpression"].as_str().expect("a key");
        let words: Vec<&str> = words(expression).into_iter().rev().collect();
        let is_found = |item: &&Item| {
            let words = words.clone();
            let item = Some(*item);
            Condition {
                words,
                item,
                request,
            }
            .any()
        };
        // `#partition = :value AND #order <= :value`, from its end.
        let order = attribute(words[2], request);
        let place = |item: &Item| (item.get(order).and_then(number), item["pk"].to_string());
        let mut found: Vec<&Item> = items.values().filter(is_found).collect();
        found.sort_by_key(|item| place(item));
        if let Some(start) = request["ExclusiveStartKey"].as_object() {
            found.retain(|item| place(item) > place(start));
        }
        let limit = request["Limit"].as_u64().expect("a limit");
        let limit = usize::try_from(limit).expect("a limit");
        let mut page = json!({ "Items": found.iter().take(limit).collect::<Vec<_>>() });
        if let Some(last) = found.get(limit - 1) {
            let partition = words.last().map(|word| attribute(word, request));
            let names = [Some("pk"), Some(order), partition].into_iter().flatten();
            let keys = names.map(|name| (name.to_owned(), last[name].clone()));
            page["LastEvaluatedKey"] = keys.collect::<Item>().into();
        }
        page
    }

    /// Changes one item if the condition holds, and returns it; otherwise returns it as it is.
    fn write(
        &self,
        of: &Value,
        request: &Value,
        change: impl FnOnce(&mut Item),
    ) -> Result<Item, Option<Item>> {
        let mut items = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = items.get(key(of));
        if let Some(condition) = request["ConditionExpression"].as_str() {
            let mut condition = Condition {
                words: words(condition).into_iter().rev().collect(),
                item: before,
                request,
            };
            if !condition.any() {
                return Err(before.cloned());
            }
        }
        let key = key(of).to_owned();
        let mut item = items.remove(&key).unwrap_or_default();
        change(&mut item);
        // A deleted item has not even a key.
        if !item.is_empty() || request.get("UpdateExpression").is_some() {
            item.insert("pk".to_owned(), json!({ "S": key }));
            items.insert(key, item.clone());
        }
        Ok(item)
    }
}

fn key(of: &Value) -> &str {
    of["pk"]["S"].as_str().expect("a key")
}

fn reply(status: StatusCode, body: &Value) -> Response {
    let kind = [(CONTENT_TYPE, "application/x-amz-json-1.0")];
    (status, kind, body.to_string()).into_response()
}

fn refused(item: Option<Item>, request: &Value) -> Response {
    let mut body = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
        "message": "The conditional request failed",
    });
    if let Some(item) = item
        && request["ReturnValuesOnConditionCheckFailure"] == "ALL_OLD"
    {
        body["Item"] = item.into();
    }
    reply(StatusCode::BAD_REQUEST, &body)
}

/// The kinds of sets, each with the kind of its members.
const KINDS: [[&str; 2]; 2] = [["BS", "B"], ["SS", "S"]];

/// An expression's words and signs.
fn words(expression: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = expression.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if "(),".contains(first) {
            1
        } else if "<>=".contains(first) {
            rest.find(|c| !"<>=".contains(c)).unwrap_or(rest.len())
        } else {
            let ends = |c: char| c.is_whitespace() || "(),<>=".contains(c);
            rest.find(ends).unwrap_or(rest.len())
        };
        words.push(&rest[..length]);
        rest = rest[length..].trim_start();
    }
    words
}

/// The attribute that a word of an expression names.
fn attribute<'a>(word: &'a str, request: &'a Value) -> &'a str {
    let named = request["ExpressionAttributeNames"][word].as_str();
    named.unwrap_or(word)
}

/// A condition that is being read, the next word last.
struct Condition<'a> {
    words: Vec<&'a str>,
    item: Option<&'a Item>,
    request: &'a Value,
}

impl<'a> Condition<'a> {
    fn word(&mut self) -> &'a str {
        self.words.pop().expect("the condition goes on")
    }

    fn next_is(&mut self, word: &str) -> bool {
        let is = self.words.last() == Some(&word);
        if is {
            self.words.pop();
        }
        is
    }

    fn any(&mut self) -> bool {
        let mut holds = self.all();
        while self.next_is("OR") {
            // It is read even where it no longer matters.
            holds |= self.all();
        }
        holds
    }

    fn all(&mut self) -> bool {
        let mut holds = self.one();
        while self.next_is("AND") {
            holds &= self.one();
        }
        holds
    }

    fn one(&mut self) -> bool {
        if self.next_is("NOT") {
            return !self.one();
        }
        if self.next_is("(") {
            let holds = self.any();
            assert!(self.next_is(")"), "it is closed");
            return holds;
        }
        match self.words.last().copied() {
            Some("attribute_not_exists") => {
                let [word] = self.arguments();
                self.value(word).is_none()
            }
            Some("attribute_exists") => {
                let [word] = self.arguments();
                self.value(word).is_some()
            }
            Some("contains") => {
                let [set, one] = self.arguments();
                let (set, one) = (self.value(set), self.value(one));
                set.zip(one).is_some_and(|(set, one)| {
                    KINDS.iter().any(|[set_of, kind]| {
                        let members = set[set_of].as_array();
                        members.is_some_and(|members| members.contains(&one[kind]))
                    })
                })
            }
            _ => {
                let left = self.operand();
                let sign = self.word();
                let right = self.operand();
                left.zip(right)
                    .is_some_and(|(left, right)| compare(&left, sign, &right))
            }
        }
    }

    /// The words in the brackets of a function.
    fn arguments<const N: usize>(&mut self) -> [&'a str; N] {
        self.word();
        std::array::from_fn(|_| {
            // The opening bracket, or a comma.
            self.word();
            let argument = self.word();
            if self.words.last() == Some(&")") {
                self.words.pop();
            }
            argument
        })
    }

    fn operand(&mut self) -> Option<Value> {
        if self.words.last() == Some(&"size") {
            let [set] = self.arguments();
            let size = self.value(set)?["BS"].as_array()?.len();
            return Some(json!({ "N": size.to_string() }));
        }
        let word = self.word();
        self.value(word)
    }

    fn value(&self, word: &str) -> Option<Value> {
        if word.starts_with(':') {
            return Some(self.request["ExpressionAttributeValues"][word].clone());
        }
        self.item?.get(attribute(word, self.request)).cloned()
    }
}

fn number(value: &Value) -> Option<i64> {
    value["N"].as_str()?.parse().ok()
}

fn compare(left: &Value, sign: &str, right: &Value) -> bool {
    let ordered = || number(left).zip(number(right));
    match sign {
        "=" => left == right,
        "<>" => left != right,
        "<" => ordered().is_some_and(|(left, right)| left < right),
        ">" => ordered().is_some_and(|(left, right)| left > right),
        "<=" => ordered().is_some_and(|(left, right)| left <= right),
        ">=" => ordered().is_some_and(|(left, right)| left >= right),
        other => panic!("{other} is not spoken here"),
    }
}

/// `SET #a = :a, #a = #a + :a, #a = if_not_exists(#a, :a), … ADD #b :b, … DELETE #c :c, … REMOVE #d, …`
fn update(item: &mut Item, request: &Value) {
    let expression = request["UpdateExpression"].as_str().expect("a change");
    let mut clause = "SET";
    let mut words = words(expression).into_iter().peekable();
    while let Some(word) = words.next() {
        match word {
            "SET" | "ADD" | "DELETE" | "REMOVE" => clause = word,
            "," => {}
            word if clause == "REMOVE" => {
                item.remove(attribute(word, request));
            }
            word => {
                words.next_if_eq(&"=");
                let mut value = words.next().expect("a value");
                let mut adds = clause == "ADD";
                if value.starts_with('#') {
                    // Of an attribute itself and a number.
                    words.next_if_eq(&"+").expect("a sum");
                    value = words.next().expect("a value");
                    adds = true;
                }
                let name = attribute(word, request).to_owned();
                if value == "if_not_exists" {
                    let arguments: Vec<&str> = words.by_ref().take_while(|it| *it != ")").collect();
                    if item.contains_key(attribute(arguments[1], request)) {
                        continue;
                    }
                    value = arguments[3];
                }
                let value = &request["ExpressionAttributeValues"][value];
                if clause == "DELETE" {
                    let left = item.get(&name).and_then(|before| without(before, value));
                    match left {
                        Some(left) => item.insert(name, left),
                        None => item.remove(&name),
                    };
                    continue;
                }
                let before = item.get(&name).filter(|_| adds);
                let after = before.map_or_else(|| value.clone(), |before| add(before, value));
                item.insert(name, after);
            }
        }
    }
}

/// A sum, or a union.
fn add(before: &Value, value: &Value) -> Value {
    if let Some((before, value)) = number(before).zip(number(value)) {
        return json!({ "N": (before + value).to_string() });
    }
    let kind = set_kind(before);
    let mut members = before[kind].as_array().cloned().unwrap_or_default();
    for member in value[kind].as_array().into_iter().flatten() {
        if !members.contains(member) {
            members.push(member.clone());
        }
    }
    json!({ kind: members })
}

/// A set without these members; `None` if none is left.
fn without(before: &Value, value: &Value) -> Option<Value> {
    let kind = set_kind(before);
    let leaving = value[kind].as_array()?;
    let members = before[kind].as_array()?.iter();
    let left: Vec<_> = members.filter(|it| !leaving.contains(it)).collect();
    (!left.is_empty()).then(|| json!({ kind: left }))
}

fn set_kind(set: &Value) -> &'static str {
    if set["SS"].is_array() { "SS" } else { "BS" }
}
