//! The operations, a file per group.

mod attributes;
mod describe;
mod initiate;
mod list_clients;
mod list_users;
mod refresh;
mod respond;
mod self_service;
mod users;

use serde_json::{Value, json};

use crate::error::{ApiError, ApiResult};
use crate::input::Input;
use crate::pool::UserPool;

/// The authorisation of a call: an admin's credentials or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Public,
    Admin,
}

/// An operation this stand-in knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    AdminCreateUser,
    AdminDeleteUser,
    AdminDisableUser,
    AdminEnableUser,
    AdminGetUser,
    AdminInitiateAuth,
    AdminRespondToAuthChallenge,
    AdminSetUserPassword,
    AdminUpdateUserAttributes,
    AdminUserGlobalSignOut,
    DeleteUser,
    DescribeUserPool,
    DescribeUserPoolClient,
    GetTokensFromRefreshToken,
    GetUser,
    GlobalSignOut,
    InitiateAuth,
    ListUserPoolClients,
    ListUsers,
    RespondToAuthChallenge,
    RevokeToken,
    UpdateUserAttributes,
}

impl Operation {
    pub(crate) const ALL: [Self; 22] = [
        Self::AdminCreateUser,
        Self::AdminDeleteUser,
        Self::AdminDisableUser,
        Self::AdminEnableUser,
        Self::AdminGetUser,
        Self::AdminInitiateAuth,
        Self::AdminRespondToAuthChallenge,
        Self::AdminSetUserPassword,
        Self::AdminUpdateUserAttributes,
        Self::AdminUserGlobalSignOut,
        Self::DeleteUser,
        Self::DescribeUserPool,
        Self::DescribeUserPoolClient,
        Self::GetTokensFromRefreshToken,
        Self::GetUser,
        Self::GlobalSignOut,
        Self::InitiateAuth,
        Self::ListUserPoolClients,
        Self::ListUsers,
        Self::RespondToAuthChallenge,
        Self::RevokeToken,
        Self::UpdateUserAttributes,
    ];

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|operation| operation.name() == name)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::AdminCreateUser => "AdminCreateUser",
            Self::AdminDeleteUser => "AdminDeleteUser",
            Self::AdminDisableUser => "AdminDisableUser",
            Self::AdminEnableUser => "AdminEnableUser",
            Self::AdminGetUser => "AdminGetUser",
            Self::AdminInitiateAuth => "AdminInitiateAuth",
            Self::AdminRespondToAuthChallenge => "AdminRespondToAuthChallenge",
            Self::AdminSetUserPassword => "AdminSetUserPassword",
            Self::AdminUpdateUserAttributes => "AdminUpdateUserAttributes",
            Self::AdminUserGlobalSignOut => "AdminUserGlobalSignOut",
            Self::DeleteUser => "DeleteUser",
            Self::DescribeUserPool => "DescribeUserPool",
            Self::DescribeUserPoolClient => "DescribeUserPoolClient",
            Self::GetTokensFromRefreshToken => "GetTokensFromRefreshToken",
            Self::GetUser => "GetUser",
            Self::GlobalSignOut => "GlobalSignOut",
            Self::InitiateAuth => "InitiateAuth",
            Self::ListUserPoolClients => "ListUserPoolClients",
            Self::ListUsers => "ListUsers",
            Self::RespondToAuthChallenge => "RespondToAuthChallenge",
            Self::RevokeToken => "RevokeToken",
            Self::UpdateUserAttributes => "UpdateUserAttributes",
        }
    }

    /// Returns true if AWS credentials must sign it.
    pub(crate) fn is_signed(self) -> bool {
        !matches!(
            self,
            Self::DeleteUser
                | Self::GetTokensFromRefreshToken
                | Self::GetUser
                | Self::GlobalSignOut
                | Self::InitiateAuth
                | Self::RespondToAuthChallenge
                | Self::RevokeToken
                | Self::UpdateUserAttributes
        )
    }

    pub(crate) async fn run(self, pool: &UserPool, body: &[u8]) -> ApiResult<Value> {
        if pool.controls().takes_failure(self.name(), pool.now()) {
            return Err(ApiError::internal());
        }
        let input = Input::parse(body)?;
        match self {
            Self::AdminCreateUser => users::create(pool, input),
            Self::AdminDeleteUser => users::delete(pool, input),
            Self::AdminDisableUser => users::set_enabled(pool, input, false),
            Self::AdminEnableUser => users::set_enabled(pool, input, true),
            Self::AdminGetUser => users::get(pool, input),
            Self::AdminInitiateAuth => initiate::run(pool, input, Access::Admin).await,
            Self::AdminRespondToAuthChallenge => respond::run(pool, input, Access::Admin).await,
            Self::AdminSetUserPassword => users::set_password(pool, input),
            Self::AdminUpdateUserAttributes => users::update_attributes(pool, input),
            Self::AdminUserGlobalSignOut => users::sign_out(pool, input),
            Self::DeleteUser => self_service::delete(pool, input),
            Self::DescribeUserPool => describe::pool(pool, input),
            Self::DescribeUserPoolClient => describe::client(pool, input),
            Self::GetTokensFromRefreshToken => refresh::get_tokens(pool, input).await,
            Self::GetUser => self_service::get(pool, input),
            Self::GlobalSignOut => self_service::sign_out(pool, input),
            Self::InitiateAuth => initiate::run(pool, input, Access::Public).await,
            Self::ListUserPoolClients => list_clients::run(pool, input),
            Self::ListUsers => list_users::run(pool, input),
            Self::RespondToAuthChallenge => respond::run(pool, input, Access::Public).await,
            Self::RevokeToken => refresh::revoke(pool, input),
            Self::UpdateUserAttributes => self_service::update_attributes(pool, input),
        }
    }
}

/// The output of an operation whose output has no members.
fn nothing() -> Value {
    json!({})
}
