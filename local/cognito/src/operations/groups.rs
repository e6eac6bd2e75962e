//! The operations on groups and their members.

use serde_json::{Value, json};

use super::attributes::timestamp;
use crate::error::{ApiError, ApiResult};
use crate::groups::Group;
use crate::input::{DESCRIPTION, GROUP_NAME, Input, PAGINATION_TOKEN, POOL_ID, USERNAME};
use crate::pool::{State, UserPool};
use crate::users::UserId;

/// The maximum of `PrecedenceType`, which is a 32-bit integer.
const PRECEDENCE_MAX: i64 = i32::MAX as i64;

pub(super) fn create(pool: &UserPool, mut input: Input) -> ApiResult<Value> {
    let name = input.required("GroupName", GROUP_NAME)?;
    let pool_id = input.required("UserPoolId", POOL_ID)?;
    let description = input.optional("Description", DESCRIPTION)?;
    let precedence = input.integer("Precedence", 0, PRECEDENCE_MAX)?;
    let role = input.optional("RoleArn", DESCRIPTION)?;
    input.finish()?;
    pool.check_pool_id(&pool_id)?;
    if role.is_some() {
        return Err(ApiError::unsupported("A group with a role"));
    }
    let group = Group {
        name,
        description,
        precedence,
        created: pool.now(),
    };
    pool.state().groups.create(group.clone())?;
    Ok(json!({ "Group": group_type(pool, &group) }))
}

pub(super) fn get(pool: &UserPool, mut input: Input) -> ApiResult<Value> {
    let name = input.required("GroupName", GROUP_NAME)?;
    let pool_id = input.required("UserPoolId", POOL_ID)?;
    input.finish()?;
    pool.check_pool_id(&pool_id)?;
    let state = pool.state();
    Ok(json!({ "Group": group_type(pool, state.groups.get(&name)?) }))
}

/// Adds a user to a group. Done if it is a member.
pub(super) fn add(pool: &UserPool, input: Input) -> ApiResult<Value> {
    with_member(pool, input, |state, id, group| {
        if let Some(user) = state.users.get_mut(id) {
            user.groups.insert(group);
        }
    })
}

/// Removes a user from a group. Done if it is no member.
pub(super) fn remove(pool: &UserPool, input: Input) -> ApiResult<Value> {
    with_member(pool, input, |state, id, group| {
        if let Some(user) = state.users.get_mut(id) {
            user.groups.remove(&group);
        }
    })
}

/// Returns all groups of a user, in one page.
pub(super) fn of_user(pool: &UserPool, mut input: Input) -> ApiResult<Value> {
    let username = input.required("Username", USERNAME)?;
    let pool_id = input.required("UserPoolId", POOL_ID)?;
    input.integer("Limit", 0, 60)?;
    input.optional("NextToken", PAGINATION_TOKEN)?;
    input.finish()?;
    pool.check_pool_id(&pool_id)?;
    let state = pool.state();
    let user = state
        .users
        .find(&username)
        .ok_or_else(ApiError::user_not_found)?;
    let groups = user.groups.iter();
    let groups: ApiResult<Vec<Value>> = groups
        .map(|name| Ok(group_type(pool, state.groups.get(name)?)))
        .collect();
    Ok(json!({ "Groups": groups? }))
}

/// Reads the members that name a user and a group, and continues under the lock with both.
fn with_member(
    pool: &UserPool,
    mut input: Input,
    then: impl FnOnce(&mut State, UserId, String),
) -> ApiResult<Value> {
    let pool_id = input.required("UserPoolId", POOL_ID)?;
    let username = input.required("Username", USERNAME)?;
    let group = input.required("GroupName", GROUP_NAME)?;
    input.finish()?;
    pool.check_pool_id(&pool_id)?;
    let mut state = pool.state();
    let id = state
        .users
        .resolve(&username)
        .ok_or_else(ApiError::user_not_found)?;
    state.groups.get(&group)?;
    then(&mut state, id, group);
    Ok(Value::Null)
}

/// `GroupType`
fn group_type(pool: &UserPool, group: &Group) -> Value {
    let created = timestamp(group.created);
    let mut output = json!({
        "GroupName": group.name,
        "UserPoolId": pool.config().pool_id,
        "LastModifiedDate": created,
        "CreationDate": created,
    });
    if let Some(description) = &group.description {
        output["Description"] = json!(description);
    }
    if let Some(precedence) = group.precedence {
        output["Precedence"] = json!(precedence);
    }
    output
}
