//! The operations, a file per group.

mod attributes;
mod describe;
mod forgot_password;
mod groups;
mod initiate;
mod list_clients;
mod list_users;
mod refresh;
mod respond;
mod secret;
mod self_service;
mod sign_up;
mod users;

use serde_json::{Value, json};

use crate::error::ApiResult;
use crate::input::Input;
use crate::operation::{Access, Operation};
use crate::pool::UserPool;

/// Runs an operation on the body of its request.
pub(crate) async fn run(operation: Operation, pool: &UserPool, body: &[u8]) -> ApiResult<Value> {
    if let Some(error) = pool.controls().takes_failure(operation.name(), pool.now()) {
        return Err(error);
    }
    let input = Input::parse(body)?;
    match operation {
        Operation::AdminAddUserToGroup => groups::add(pool, input),
        Operation::AdminCreateUser => users::create(pool, input).await,
        Operation::AdminDeleteUser => users::delete(pool, input),
        Operation::AdminDisableUser => users::set_enabled(pool, input, false),
        Operation::AdminEnableUser => users::set_enabled(pool, input, true),
        Operation::AdminGetUser => users::get(pool, input),
        Operation::AdminLinkProviderForUser => users::link(pool, input),
        Operation::ConfirmForgotPassword => forgot_password::confirm(pool, input),
        Operation::ForgotPassword => forgot_password::run(pool, input),
        Operation::ConfirmSignUp => sign_up::confirm(pool, input).await,
        Operation::ResendConfirmationCode => sign_up::resend(pool, input),
        Operation::SignUp => sign_up::run(pool, input).await,
        Operation::AdminInitiateAuth => initiate::run(pool, input, Access::Admin).await,
        Operation::AdminListGroupsForUser => groups::of_user(pool, input),
        Operation::AdminRemoveUserFromGroup => groups::remove(pool, input),
        Operation::AdminRespondToAuthChallenge => respond::run(pool, input, Access::Admin).await,
        Operation::AdminSetUserPassword => users::set_password(pool, input),
        Operation::AdminUpdateUserAttributes => users::update_attributes(pool, input),
        Operation::AdminUserGlobalSignOut => users::sign_out(pool, input),
        Operation::CreateGroup => groups::create(pool, input),
        Operation::DeleteUser => self_service::delete(pool, input),
        Operation::DescribeUserPool => describe::pool(pool, input),
        Operation::DescribeUserPoolClient => describe::client(pool, input),
        Operation::GetGroup => groups::get(pool, input),
        Operation::GetTokensFromRefreshToken => refresh::get_tokens(pool, input).await,
        Operation::GetUser => self_service::get(pool, input),
        Operation::GlobalSignOut => self_service::sign_out(pool, input),
        Operation::InitiateAuth => initiate::run(pool, input, Access::Public).await,
        Operation::ListUserPoolClients => list_clients::run(pool, input),
        Operation::ListUsers => list_users::run(pool, input),
        Operation::RespondToAuthChallenge => respond::run(pool, input, Access::Public).await,
        Operation::RevokeToken => refresh::revoke(pool, input),
        Operation::UpdateUserAttributes => self_service::update_attributes(pool, input),
    }
}

/// The output of an operation whose output has no members.
fn nothing() -> Value {
    json!({})
}
