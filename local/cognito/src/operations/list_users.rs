//! `ListUsers`: its filter and its pages.

use serde_json::{Value, json};

use super::attributes::user_type;
use crate::attributes::is_email;
use crate::error::{ApiError, ApiResult};
use crate::input::{ATTRIBUTE_NAME, FILTER, Input, PAGINATION_TOKEN, POOL_ID};
use crate::pool::UserPool;
use crate::users::User;

const MAX_USERS: i64 = 60;

pub(super) fn run(pool: &UserPool, mut input: Input) -> ApiResult<Value> {
    let pool_id = input.required("UserPoolId", POOL_ID)?;
    let only = input.list("AttributesToGet", ATTRIBUTE_NAME)?;
    let limit = input.integer("Limit", 0, MAX_USERS)?.unwrap_or(MAX_USERS);
    let page = input.optional("PaginationToken", PAGINATION_TOKEN)?;
    let filter = input.optional("Filter", FILTER)?;
    input.finish()?;
    pool.check_pool_id(&pool_id)?;
    let filter = filter
        .as_deref()
        .map(str::trim)
        .filter(|filter| !filter.is_empty());
    let filter = filter.map(Filter::parse).transpose()?;
    let schema = pool.schema();
    if only.iter().flatten().any(|name| !schema.has(name)) {
        return Err(ApiError::invalid_parameter(
            "One or more requested attributes do not exist in user pool.",
        ));
    }
    let after = page
        .as_deref()
        .map(read_page)
        .transpose()?
        .unwrap_or_default();
    // A limit of 0 means the default.
    let limit = usize::try_from(limit).unwrap_or_default();
    let limit = if limit == 0 { 60 } else { limit };

    let state = pool.state();
    let mut matching = state
        .users
        .after(after)
        .filter(|user| filter.as_ref().is_none_or(|filter| filter.matches(user)));
    let mut users = Vec::new();
    let mut last = after;
    for user in matching.by_ref().take(limit) {
        if let Some(only) = &only
            && only
                .iter()
                .any(|name| name != "sub" && user.attribute(name).is_none())
        {
            return Err(ApiError::invalid_parameter(
                "One or more requested attributes are not set for every user in the results.",
            ));
        }
        users.push(user_type(user, only.as_deref()));
        last = user.id.number();
    }
    let mut output = json!({ "Users": users });
    if matching.next().is_some() {
        output["PaginationToken"] = json!(write_page(last));
    }
    Ok(output)
}

/// `attribute = "value"` or `attribute ^= "value"`.
struct Filter {
    attribute: String,
    prefix: bool,
    value: String,
}

impl Filter {
    fn parse(text: &str) -> ApiResult<Self> {
        let broken = || ApiError::invalid_parameter("Error while parsing filter");
        let (left, right) = text.split_once('=').ok_or_else(broken)?;
        let (left, prefix) = left
            .strip_suffix('^')
            .map_or((left, false), |left| (left, true));
        let attribute = left.trim().trim_matches('"').to_owned();
        let quoted = right
            .trim()
            .strip_prefix('"')
            .and_then(|right| right.strip_suffix('"'))
            .ok_or_else(broken)?;
        let mut value = String::with_capacity(quoted.len());
        let mut chars = quoted.chars();
        while let Some(c) = chars.next() {
            match c {
                '\\' => value.push(chars.next().ok_or_else(broken)?),
                '"' => return Err(broken()),
                c => value.push(c),
            }
        }
        if !SEARCHABLE.contains(&attribute.as_str()) {
            return Err(ApiError::invalid_parameter("Invalid search attribute"));
        }
        Ok(Self {
            attribute,
            prefix,
            value,
        })
    }

    fn matches(&self, user: &User) -> bool {
        let sub;
        let held = match self.attribute.as_str() {
            "username" => Some(user.username.as_str()),
            "sub" => {
                sub = user.sub.to_string();
                Some(sub.as_str())
            }
            "cognito:user_status" => Some(user.status.as_str()),
            "status" => Some(if user.enabled { "Enabled" } else { "Disabled" }),
            name => user.attribute(name),
        };
        // The pool ignores case in the attributes that identify a user.
        let fold = matches!(
            self.attribute.as_str(),
            "username" | "email" | "cognito:user_status"
        ) || is_email(&self.value);
        held.is_some_and(|held| {
            let (held, value) = if fold {
                (held.to_lowercase(), self.value.to_lowercase())
            } else {
                (held.to_owned(), self.value.clone())
            };
            if self.prefix {
                held.starts_with(&value)
            } else {
                held == value
            }
        })
    }
}

/// The attributes that a filter may name.
const SEARCHABLE: [&str; 10] = [
    "username",
    "email",
    "phone_number",
    "name",
    "given_name",
    "family_name",
    "preferred_username",
    "cognito:user_status",
    "status",
    "sub",
];

pub(super) fn write_page(last: u64) -> String {
    data_encoding::BASE64URL_NOPAD.encode(&last.to_be_bytes())
}

pub(super) fn read_page(token: &str) -> ApiResult<u64> {
    data_encoding::BASE64URL_NOPAD
        .decode(token.as_bytes())
        .ok()
        .and_then(|bytes| Some(u64::from_be_bytes(bytes.try_into().ok()?)))
        .ok_or_else(|| ApiError::invalid_parameter("Invalid pagination token"))
}
