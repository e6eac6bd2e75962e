//! The operations of an access token's holder.

use serde_json::{Value, json};

use super::attributes::list;
use super::nothing;
use crate::attributes::STANDARD;
use crate::error::{ApiError, ApiResult};
use crate::input::{Input, TOKEN};
use crate::pool::UserPool;
use crate::users::OnClash;

pub(super) fn get(pool: &UserPool, mut input: Input) -> ApiResult<Value> {
    let token = input.required("AccessToken", TOKEN)?;
    input.finish()?;
    let (user, _) = pool.user_of_access_token(&token)?;
    Ok(json!({ "Username": user.username, "UserAttributes": list(&user, None) }))
}

pub(super) fn delete(pool: &UserPool, mut input: Input) -> ApiResult<Value> {
    let token = input.required("AccessToken", TOKEN)?;
    input.finish()?;
    let (user, _) = pool.user_of_access_token(&token)?;
    pool.state().users.delete(user.id);
    Ok(Value::Null)
}

pub(super) fn sign_out(pool: &UserPool, mut input: Input) -> ApiResult<Value> {
    let token = input.required("AccessToken", TOKEN)?;
    input.finish()?;
    let (user, _) = pool.user_of_access_token(&token)?;
    pool.state().grants.sign_out(user.id);
    Ok(nothing())
}

/// Changes the user's own attributes. Nothing is sent: a changed address is unverified until an
/// admin verifies it.
pub(super) fn update_attributes(pool: &UserPool, mut input: Input) -> ApiResult<Value> {
    let changes = input.required_attributes("UserAttributes")?;
    let token = input.required("AccessToken", TOKEN)?;
    input.finish()?;
    let (user, claims) = pool.user_of_access_token(&token)?;
    let client = pool.client(claims["client_id"].as_str().unwrap_or_default())?;
    let schema = pool.schema();
    for change in &changes {
        let name = change.name.as_str();
        // A token holder may write neither the flags of verification nor the sub.
        let reserved = matches!(name, "sub" | "email_verified" | "phone_number_verified");
        let writable = match &client.write_attributes {
            Some(writable) if !writable.is_empty() => writable.contains(name),
            _ => STANDARD.contains(&name),
        };
        if schema.has(name) && (reserved || !writable) {
            return Err(ApiError::not_authorized(
                "A client attempted to write unauthorized attribute",
            ));
        }
    }
    let mut state = pool.state();
    let attributes = {
        let user = state
            .users
            .get(user.id)
            .ok_or_else(ApiError::user_not_found)?;
        schema.apply(&user.attributes, &changes)?
    };
    state
        .users
        .set_attributes(user.id, attributes, OnClash::Refuse, pool.now())?;
    Ok(json!({ "CodeDeliveryDetailsList": [] }))
}
