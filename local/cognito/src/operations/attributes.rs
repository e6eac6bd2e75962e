//! The representation of users in outputs.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::users::User;

/// `AttributeListType`, of the named attributes or of all.
pub(super) fn list(user: &User, only: Option<&[String]>) -> Value {
    let wanted = |name: &str| only.is_none_or(|only| only.iter().any(|wanted| wanted == name));
    let sub = wanted("sub").then(|| json!({ "Name": "sub", "Value": user.sub.to_string() }));
    let others = user
        .attributes
        .iter()
        .filter(|(name, _)| wanted(name))
        .map(|(name, value)| json!({ "Name": name, "Value": value }));
    sub.into_iter().chain(others).collect()
}

/// `UserType`
pub(super) fn user_type(user: &User, only: Option<&[String]>) -> Value {
    json!({
        "Username": user.username,
        "Attributes": list(user, only),
        "UserCreateDate": timestamp(user.created),
        "UserLastModifiedDate": timestamp(user.modified),
        "Enabled": user.enabled,
        "UserStatus": user.status.as_str(),
    })
}

/// Returns seconds since 1970, to the millisecond.
pub(super) fn timestamp(time: SystemTime) -> f64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    std::time::Duration::new(since.as_secs(), since.subsec_millis() * 1_000_000).as_secs_f64()
}
