//! The members of a request, read under the constraints of Cognito's service model.
//!
//! A value of the wrong JSON type ends the call at once (`SerializationException`). Values that
//! break a constraint are collected and reported together, as in Cognito. No message repeats a
//! value.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::error::{ApiError, ApiResult, Code};

/// A string shape of the service model.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    min: usize,
    max: usize,
    pattern: Option<Pattern>,
}

#[derive(Clone, Copy)]
struct Pattern {
    /// The model's regular expression, for the message.
    text: &'static str,
    holds: fn(&str) -> bool,
}

const MODEL_STRING_MAX: usize = 131_072;

/// `StringType`
pub(crate) const STRING: Shape = Shape {
    min: 0,
    max: MODEL_STRING_MAX,
    pattern: None,
};
/// `SessionType`
pub(crate) const SESSION: Shape = Shape {
    min: 20,
    max: 4096,
    pattern: None,
};
/// `ClientIdType`
pub(crate) const CLIENT_ID: Shape = Shape {
    min: 1,
    max: 128,
    pattern: Some(Pattern {
        text: r"[\w+]+",
        holds: client_id,
    }),
};
/// `UserPoolIdType`
pub(crate) const POOL_ID: Shape = Shape {
    min: 1,
    max: 55,
    pattern: Some(Pattern {
        text: r"[\w-]+_[0-9a-zA-Z]+",
        holds: pool_id,
    }),
};
/// `UsernameType`
pub(crate) const USERNAME: Shape = Shape {
    min: 1,
    max: 128,
    pattern: Some(Pattern {
        text: r"[\p{L}\p{M}\p{S}\p{N}\p{P}]+",
        holds: visible,
    }),
};
/// `GroupNameType`, which has the pattern of a username.
pub(crate) const GROUP_NAME: Shape = USERNAME;
/// `DescriptionType`
pub(crate) const DESCRIPTION: Shape = Shape {
    min: 0,
    max: 2048,
    pattern: None,
};
/// `PasswordType`
pub(crate) const PASSWORD: Shape = Shape {
    min: 0,
    max: 256,
    pattern: Some(Pattern {
        text: r"[\S]+",
        holds: without_space,
    }),
};
/// `TokenModelType`
pub(crate) const TOKEN: Shape = Shape {
    min: 0,
    max: MODEL_STRING_MAX,
    pattern: Some(Pattern {
        text: "[A-Za-z0-9-_=.]+",
        holds: token,
    }),
};
/// `UserFilterType`
pub(crate) const FILTER: Shape = Shape {
    min: 0,
    max: 256,
    pattern: None,
};
/// `SearchPaginationTokenType`
pub(crate) const PAGINATION_TOKEN: Shape = Shape {
    min: 1,
    max: MODEL_STRING_MAX,
    pattern: Some(Pattern {
        text: r"[\S]+",
        holds: without_space,
    }),
};
/// `AttributeNameType`
pub(crate) const ATTRIBUTE_NAME: Shape = Shape {
    min: 1,
    max: 32,
    pattern: Some(Pattern {
        text: r"[\p{L}\p{M}\p{S}\p{N}\p{P}\t\n\r ]+",
        holds: visible_or_blank,
    }),
};
/// `AttributeValueType`
const ATTRIBUTE_VALUE: Shape = Shape {
    min: 0,
    max: 2048,
    pattern: None,
};

fn word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn client_id(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| word(c) || c == '+')
}

fn pool_id(text: &str) -> bool {
    text.rsplit_once('_').is_some_and(|(region, id)| {
        !region.is_empty()
            && region.chars().all(|c| word(c) || c == '-')
            && !id.is_empty()
            && id.chars().all(|c| c.is_ascii_alphanumeric())
    })
}

fn token(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| word(c) || matches!(c, '-' | '=' | '.'))
}

fn without_space(text: &str) -> bool {
    !text.is_empty() && !text.contains(char::is_whitespace)
}

fn visible(text: &str) -> bool {
    !text.is_empty() && text.chars().all(is_visible)
}

fn visible_or_blank(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| is_visible(c) || matches!(c, '\t' | '\n' | '\r' | ' '))
}

/// Returns true for letters, marks, symbols, numbers and punctuation; false for separators,
/// control, format and private characters.
fn is_visible(c: char) -> bool {
    !c.is_whitespace()
        && !c.is_control()
        && !matches!(c,
            '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{e000}'..='\u{f8ff}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}' | '\u{f0000}'..='\u{10ffff}')
}

/// One attribute of a request; an absent value is a blank one.
pub(crate) struct Attribute {
    pub(crate) name: String,
    pub(crate) value: String,
}

/// A request's members.
pub(crate) struct Input {
    members: Map<String, Value>,
    violations: Vec<String>,
}

impl Input {
    pub(crate) fn parse(body: &[u8]) -> ApiResult<Self> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => Ok(Self {
                members,
                violations: Vec::new(),
            }),
            // serde_json's own text can quote the body.
            Ok(_) | Err(_) => Err(ApiError::new(
                Code::Serialization,
                "The request body is not a JSON object.",
            )),
        }
    }

    /// Reads a required string. A missing one is blank until [`Input::finish`] reports it.
    pub(crate) fn required(&mut self, name: &str, shape: Shape) -> ApiResult<String> {
        let value = self.optional(name, shape)?;
        if value.is_none() {
            self.require(name);
        }
        Ok(value.unwrap_or_default())
    }

    pub(crate) fn optional(&mut self, name: &str, shape: Shape) -> ApiResult<Option<String>> {
        match self.members.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(value)) => {
                self.check(&member_path(name), &value, shape);
                Ok(Some(value))
            }
            Some(other) => Err(wrong_type(&other, "String")),
        }
    }

    /// Reads a required string of a closed set.
    pub(crate) fn required_enum(&mut self, name: &str, set: &[&str]) -> ApiResult<String> {
        let value = self.optional_enum(name, set)?;
        if value.is_none() {
            self.require(name);
        }
        Ok(value.unwrap_or_default())
    }

    pub(crate) fn optional_enum(&mut self, name: &str, set: &[&str]) -> ApiResult<Option<String>> {
        let value = self.optional(name, STRING)?;
        if value.as_deref().is_some_and(|value| !set.contains(&value)) {
            self.violate(
                &member_path(name),
                &format!("Member must satisfy enum value set: [{}]", set.join(", ")),
            );
        }
        Ok(value)
    }

    pub(crate) fn flag(&mut self, name: &str) -> ApiResult<bool> {
        match self.members.remove(name) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(value)) => Ok(value),
            Some(other) => Err(wrong_type(&other, "Boolean")),
        }
    }

    pub(crate) fn integer(&mut self, name: &str, min: i64, max: i64) -> ApiResult<Option<i64>> {
        let value = match self.members.remove(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Number(number)) => number.as_i64().ok_or_else(|| {
                ApiError::new(Code::Serialization, "The number is not an Integer.")
            })?,
            Some(other) => return Err(wrong_type(&other, "Integer")),
        };
        let path = member_path(name);
        if value < min {
            self.violate(
                &path,
                &format!("Member must have value greater than or equal to {min}"),
            );
        }
        if value > max {
            self.violate(
                &path,
                &format!("Member must have value less than or equal to {max}"),
            );
        }
        Ok(Some(value))
    }

    /// Reads a map of strings.
    pub(crate) fn strings(&mut self, name: &str) -> ApiResult<Option<BTreeMap<String, String>>> {
        let entries = match self.members.remove(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Object(entries)) => entries,
            Some(other) => return Err(wrong_type(&other, "Map")),
        };
        let path = member_path(name);
        let mut map = BTreeMap::new();
        for (key, value) in entries {
            match value {
                Value::Null => {}
                Value::String(value) => {
                    self.check(&path, &value, STRING);
                    map.insert(key, value);
                }
                other => return Err(wrong_type(&other, "String")),
            }
        }
        Ok(Some(map))
    }

    /// Checks `ContextData`. Nothing here uses it: there is no threat protection.
    pub(crate) fn context_data(&mut self) -> ApiResult<()> {
        let members = match self.members.remove("ContextData") {
            None | Some(Value::Null) => return Ok(()),
            Some(Value::Object(members)) => members,
            Some(other) => return Err(wrong_type(&other, "Structure")),
        };
        let mut context = Input {
            members,
            violations: Vec::new(),
        };
        for name in ["IpAddress", "ServerName", "ServerPath"] {
            context.required(name, STRING)?;
        }
        context.optional("EncodedData", STRING)?;
        match context.members.remove("HttpHeaders") {
            None | Some(Value::Null) => context.require("HttpHeaders"),
            Some(Value::Array(headers)) => {
                if let Some(wrong) = headers.iter().find(|header| !header.is_object()) {
                    return Err(wrong_type(wrong, "Structure"));
                }
            }
            Some(other) => return Err(wrong_type(&other, "List")),
        }
        let inside = |violation: String| violation.replacen("at '", "at 'contextData.", 1);
        let violations = context.violations.into_iter().map(inside);
        self.violations.extend(violations);
        Ok(())
    }

    /// Reads a `ProviderUserIdentifierType`: the provider, the name of an attribute, and its value.
    pub(crate) fn provider_user(&mut self, name: &str) -> ApiResult<(String, String, String)> {
        let members = match self.members.remove(name) {
            None | Some(Value::Null) => {
                self.require(name);
                return Ok(Default::default());
            }
            Some(Value::Object(members)) => members,
            Some(other) => return Err(wrong_type(&other, "Structure")),
        };
        let mut user = Input {
            members,
            violations: Vec::new(),
        };
        let provider = user.optional("ProviderName", STRING)?.unwrap_or_default();
        let attribute = user.optional("ProviderAttributeName", STRING)?;
        let value = user.optional("ProviderAttributeValue", STRING)?;
        Ok((
            provider,
            attribute.unwrap_or_default(),
            value.unwrap_or_default(),
        ))
    }

    /// Reads a list of strings of one shape.
    pub(crate) fn list(&mut self, name: &str, shape: Shape) -> ApiResult<Option<Vec<String>>> {
        let entries = match self.members.remove(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Array(entries)) => entries,
            Some(other) => return Err(wrong_type(&other, "List")),
        };
        let path = member_path(name);
        let mut list = Vec::with_capacity(entries.len());
        for (at, entry) in entries.into_iter().enumerate() {
            let Value::String(entry) = entry else {
                return Err(wrong_type(&entry, "String"));
            };
            self.check(&format!("{path}.{}.member", at + 1), &entry, shape);
            list.push(entry);
        }
        Ok(Some(list))
    }

    /// Reads a list of `{Name, Value}`.
    pub(crate) fn attributes(&mut self, name: &str) -> ApiResult<Option<Vec<Attribute>>> {
        let entries = match self.members.remove(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Array(entries)) => entries,
            Some(other) => return Err(wrong_type(&other, "List")),
        };
        let mut attributes = Vec::with_capacity(entries.len());
        for (at, entry) in entries.into_iter().enumerate() {
            let path = format!("{}.{}.member", member_path(name), at + 1);
            let Value::Object(members) = entry else {
                return Err(wrong_type(&entry, "Structure"));
            };
            let mut entry = Input {
                members,
                violations: Vec::new(),
            };
            let name = entry.optional("Name", STRING)?;
            let value = entry.optional("Value", STRING)?.unwrap_or_default();
            match &name {
                Some(name) => self.check(&format!("{path}.name"), name, ATTRIBUTE_NAME),
                None => self.violate(&format!("{path}.name"), "Member must not be null"),
            }
            self.check(&format!("{path}.value"), &value, ATTRIBUTE_VALUE);
            attributes.push(Attribute {
                name: name.unwrap_or_default(),
                value,
            });
        }
        Ok(Some(attributes))
    }

    pub(crate) fn required_attributes(&mut self, name: &str) -> ApiResult<Vec<Attribute>> {
        let attributes = self.attributes(name)?;
        if attributes.is_none() {
            self.require(name);
        }
        Ok(attributes.unwrap_or_default())
    }

    /// Refuses the call if any member read so far broke a constraint. Unread members are ignored.
    pub(crate) fn finish(self) -> ApiResult<()> {
        if self.violations.is_empty() {
            return Ok(());
        }
        let count = self.violations.len();
        let errors = if count == 1 { "error" } else { "errors" };
        Err(ApiError::invalid_parameter(format!(
            "{count} validation {errors} detected: {}",
            self.violations.join("; ")
        )))
    }

    fn require(&mut self, name: &str) {
        self.violate(&member_path(name), "Member must not be null");
    }

    fn check(&mut self, path: &str, value: &str, shape: Shape) {
        let length = value.chars().count();
        if length < shape.min {
            self.violate(
                path,
                &format!(
                    "Member must have length greater than or equal to {}",
                    shape.min
                ),
            );
        }
        if length > shape.max {
            self.violate(
                path,
                &format!(
                    "Member must have length less than or equal to {}",
                    shape.max
                ),
            );
        }
        if let Some(pattern) = shape.pattern
            && !(pattern.holds)(value)
        {
            self.violate(
                path,
                &format!(
                    "Member must satisfy regular expression pattern: {}",
                    pattern.text
                ),
            );
        }
    }

    fn violate(&mut self, path: &str, constraint: &str) {
        self.violations.push(format!(
            "Value at '{path}' failed to satisfy constraint: {constraint}"
        ));
    }
}

/// Returns the member's name as Cognito's messages show it: with a small first letter.
fn member_path(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(chars).collect()
    })
}

fn wrong_type(value: &Value, wanted: &str) -> ApiError {
    let message = match value {
        Value::Object(_) | Value::Array(_) => {
            "Start of structure or map found where not expected.".to_owned()
        }
        Value::String(_) => format!("STRING_VALUE can not be converted to {wanted}"),
        Value::Number(_) => format!("NUMBER_VALUE can not be converted to {wanted}"),
        Value::Bool(true) => format!("TRUE_VALUE can not be converted to {wanted}"),
        Value::Bool(false) => format!("FALSE_VALUE can not be converted to {wanted}"),
        Value::Null => format!("NULL_VALUE can not be converted to {wanted}"),
    };
    ApiError::new(Code::Serialization, message)
}
