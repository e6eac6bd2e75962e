//! The operations by name, and the authorisation of their calls.

/// The authorisation of a call: an admin's credentials or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Public,
    Admin,
}

/// An operation this stand-in knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    AdminAddUserToGroup,
    AdminCreateUser,
    AdminDeleteUser,
    AdminDisableUser,
    AdminEnableUser,
    AdminGetUser,
    AdminInitiateAuth,
    AdminLinkProviderForUser,
    AdminListGroupsForUser,
    AdminRemoveUserFromGroup,
    AdminRespondToAuthChallenge,
    AdminSetUserPassword,
    AdminUpdateUserAttributes,
    AdminUserGlobalSignOut,
    ConfirmForgotPassword,
    ConfirmSignUp,
    CreateGroup,
    DeleteUser,
    DescribeUserPool,
    DescribeUserPoolClient,
    ForgotPassword,
    GetGroup,
    GetTokensFromRefreshToken,
    GetUser,
    GlobalSignOut,
    InitiateAuth,
    ListUserPoolClients,
    ListUsers,
    ResendConfirmationCode,
    RespondToAuthChallenge,
    RevokeToken,
    SignUp,
    UpdateUserAttributes,
}

impl Operation {
    pub(crate) const ALL: [Self; 33] = [
        Self::AdminAddUserToGroup,
        Self::AdminCreateUser,
        Self::AdminDeleteUser,
        Self::AdminDisableUser,
        Self::AdminEnableUser,
        Self::AdminGetUser,
        Self::AdminInitiateAuth,
        Self::AdminLinkProviderForUser,
        Self::AdminListGroupsForUser,
        Self::AdminRemoveUserFromGroup,
        Self::AdminRespondToAuthChallenge,
        Self::AdminSetUserPassword,
        Self::AdminUpdateUserAttributes,
        Self::AdminUserGlobalSignOut,
        Self::ConfirmForgotPassword,
        Self::ConfirmSignUp,
        Self::CreateGroup,
        Self::DeleteUser,
        Self::DescribeUserPool,
        Self::DescribeUserPoolClient,
        Self::ForgotPassword,
        Self::GetGroup,
        Self::GetTokensFromRefreshToken,
        Self::GetUser,
        Self::GlobalSignOut,
        Self::InitiateAuth,
        Self::ListUserPoolClients,
        Self::ListUsers,
        Self::ResendConfirmationCode,
        Self::RespondToAuthChallenge,
        Self::RevokeToken,
        Self::SignUp,
        Self::UpdateUserAttributes,
    ];

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|operation| operation.name() == name)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::AdminAddUserToGroup => "AdminAddUserToGroup",
            Self::AdminCreateUser => "AdminCreateUser",
            Self::AdminDeleteUser => "AdminDeleteUser",
            Self::AdminDisableUser => "AdminDisableUser",
            Self::AdminEnableUser => "AdminEnableUser",
            Self::AdminGetUser => "AdminGetUser",
            Self::AdminLinkProviderForUser => "AdminLinkProviderForUser",
            Self::AdminInitiateAuth => "AdminInitiateAuth",
            Self::AdminListGroupsForUser => "AdminListGroupsForUser",
            Self::AdminRemoveUserFromGroup => "AdminRemoveUserFromGroup",
            Self::AdminRespondToAuthChallenge => "AdminRespondToAuthChallenge",
            Self::AdminSetUserPassword => "AdminSetUserPassword",
            Self::AdminUpdateUserAttributes => "AdminUpdateUserAttributes",
            Self::ConfirmForgotPassword => "ConfirmForgotPassword",
            Self::ConfirmSignUp => "ConfirmSignUp",
            Self::AdminUserGlobalSignOut => "AdminUserGlobalSignOut",
            Self::CreateGroup => "CreateGroup",
            Self::DeleteUser => "DeleteUser",
            Self::DescribeUserPool => "DescribeUserPool",
            Self::DescribeUserPoolClient => "DescribeUserPoolClient",
            Self::ForgotPassword => "ForgotPassword",
            Self::GetGroup => "GetGroup",
            Self::GetTokensFromRefreshToken => "GetTokensFromRefreshToken",
            Self::GetUser => "GetUser",
            Self::GlobalSignOut => "GlobalSignOut",
            Self::InitiateAuth => "InitiateAuth",
            Self::ListUserPoolClients => "ListUserPoolClients",
            Self::ResendConfirmationCode => "ResendConfirmationCode",
            Self::ListUsers => "ListUsers",
            Self::RespondToAuthChallenge => "RespondToAuthChallenge",
            Self::SignUp => "SignUp",
            Self::RevokeToken => "RevokeToken",
            Self::UpdateUserAttributes => "UpdateUserAttributes",
        }
    }

    /// Returns true if AWS credentials must sign it.
    pub(crate) fn is_signed(self) -> bool {
        !matches!(
            self,
            Self::ConfirmForgotPassword
                | Self::ConfirmSignUp
                | Self::DeleteUser
                | Self::ForgotPassword
                | Self::GetTokensFromRefreshToken
                | Self::GetUser
                | Self::GlobalSignOut
                | Self::InitiateAuth
                | Self::ResendConfirmationCode
                | Self::RespondToAuthChallenge
                | Self::RevokeToken
                | Self::SignUp
                | Self::UpdateUserAttributes
        )
    }
}
