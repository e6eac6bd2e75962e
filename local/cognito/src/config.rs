//! The settings of a pool and its app clients.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use crate::attributes::Alias;

/// One user pool, with case-insensitive names.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are the pool's own settings"
)]
pub struct PoolConfig {
    /// The AWS region the pool claims to be in, e.g. `eu-central-1`.
    pub region: String,
    /// The pool's id: the region, an underscore, letters and digits.
    pub pool_id: String,
    /// The pool's name, as `DescribeUserPool` returns it.
    pub name: String,
    /// The app clients.
    pub clients: Vec<ClientConfig>,
    /// The rules for passwords.
    pub password_policy: PasswordPolicy,
    /// The time after which an unanswered trigger is invoked again. Cognito's is five seconds;
    /// tests shorten it.
    pub trigger_timeout: Duration,
    /// Custom string attributes, named without `custom:`.
    pub custom_attributes: BTreeSet<String>,
    /// The groups that exist from the start.
    pub groups: BTreeSet<String>,
    /// True if the pool has the trigger `PreSignUp`.
    pub pre_sign_up: bool,
    /// True if the pool has the trigger `PostConfirmation`.
    pub post_confirmation: bool,
    /// The attributes that sign in.
    pub sign_in_attributes: BTreeSet<Alias>,
    /// True if they are `UsernameAttributes`: they sign in unverified, and the pool makes usernames
    /// itself. Otherwise they are `AliasAttributes`.
    pub username_attributes: bool,
    /// True if `SignUp` is open to everyone: `AllowAdminCreateUserOnly` is off.
    pub open_sign_up: bool,
    /// True if users recover their accounts themselves: `AccountRecoverySetting` is not `admin_only`.
    pub self_recovery: bool,
    /// The attributes that a user who signs up must have.
    pub required_attributes: BTreeSet<String>,
}

impl PoolConfig {
    /// A pool with Cognito's defaults.
    pub fn new(
        region: impl Into<String>,
        pool_id: impl Into<String>,
        clients: Vec<ClientConfig>,
    ) -> Self {
        Self {
            region: region.into(),
            pool_id: pool_id.into(),
            name: "latchstring".to_owned(),
            clients,
            password_policy: PasswordPolicy::default(),
            trigger_timeout: Duration::from_secs(5),
            custom_attributes: BTreeSet::new(),
            groups: BTreeSet::new(),
            pre_sign_up: false,
            post_confirmation: false,
            sign_in_attributes: Alias::ALL.into(),
            username_attributes: false,
            open_sign_up: false,
            self_recovery: false,
            required_attributes: BTreeSet::new(),
        }
    }
}

/// The secret of an app client: redacted in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientSecret(String);

impl ClientSecret {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecret(…)")
    }
}

/// One app client.
#[derive(Debug, Clone)]
pub struct ClientConfig {
    /// The client id.
    pub id: String,
    /// The secret that its calls must prove, if it has one.
    pub secret: Option<ClientSecret>,
    /// The client's name.
    pub name: String,
    /// The flows it may use.
    pub explicit_auth_flows: BTreeSet<AuthFlow>,
    /// The lifetime of a session, counted from its own challenge.
    pub auth_session_validity: Duration,
    /// The lifetime of an access token.
    pub access_token_validity: Duration,
    /// The lifetime of an ID token.
    pub id_token_validity: Duration,
    /// The lifetime of a refresh token.
    pub refresh_token_validity: Duration,
    /// The answer to calls for users that do not exist.
    pub prevent_user_existence_errors: ExistenceErrors,
    /// True if tokens can be revoked and carry `origin_jti`.
    pub enable_token_revocation: bool,
    /// Refresh token rotation, if on.
    pub refresh_token_rotation: Option<Rotation>,
    /// The attributes that a token holder may write. `None` is Cognito's default: every standard
    /// attribute.
    pub write_attributes: Option<BTreeSet<String>>,
}

impl ClientConfig {
    /// Creates a client without a secret, for custom authentication and refresh. Sessions live 15 minutes, ID and
    /// access tokens one hour, refresh tokens 30 days. Missing users are not revealed.
    pub fn new(id: impl Into<String>, name: impl Into<String>) -> Self {
        const HOUR: Duration = Duration::from_hours(1);
        Self {
            id: id.into(),
            secret: None,
            name: name.into(),
            explicit_auth_flows: BTreeSet::from([AuthFlow::Custom, AuthFlow::RefreshToken]),
            auth_session_validity: Duration::from_mins(15),
            access_token_validity: HOUR,
            id_token_validity: HOUR,
            refresh_token_validity: 24 * 30 * HOUR,
            prevent_user_existence_errors: ExistenceErrors::Enabled,
            enable_token_revocation: true,
            refresh_token_rotation: None,
            write_attributes: None,
        }
    }
}

/// A flow that an app client may use: an `ALLOW_…` value of Cognito's `ExplicitAuthFlows`. Only
/// custom authentication and refresh are served. The others are only described.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AuthFlow {
    /// `ALLOW_CUSTOM_AUTH`
    Custom,
    /// `ALLOW_REFRESH_TOKEN_AUTH`
    RefreshToken,
    /// `ALLOW_USER_SRP_AUTH`
    UserSrp,
    /// `ALLOW_USER_PASSWORD_AUTH`
    UserPassword,
    /// `ALLOW_ADMIN_USER_PASSWORD_AUTH`
    AdminUserPassword,
    /// `ALLOW_USER_AUTH`
    UserAuth,
}

impl AuthFlow {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Custom => "ALLOW_CUSTOM_AUTH",
            Self::RefreshToken => "ALLOW_REFRESH_TOKEN_AUTH",
            Self::UserSrp => "ALLOW_USER_SRP_AUTH",
            Self::UserPassword => "ALLOW_USER_PASSWORD_AUTH",
            Self::AdminUserPassword => "ALLOW_ADMIN_USER_PASSWORD_AUTH",
            Self::UserAuth => "ALLOW_USER_AUTH",
        }
    }
}

/// Cognito's `PreventUserExistenceErrors`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExistenceErrors {
    /// The triggers run for a missing user too, with `userNotFound`.
    Enabled,
    /// A missing user is `UserNotFoundException`.
    Legacy,
}

/// Refresh token rotation.
#[derive(Debug, Clone, Copy)]
pub struct Rotation {
    /// The time for which a rotated token still works, at most 60 seconds.
    pub grace: Duration,
}

/// The pool's password policy.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are Cognito's own four flags"
)]
pub struct PasswordPolicy {
    /// The minimum number of characters, 6 to 99.
    pub minimum_length: usize,
    /// Requires an upper-case letter.
    pub require_uppercase: bool,
    /// Requires a lower-case letter.
    pub require_lowercase: bool,
    /// Requires a digit.
    pub require_numbers: bool,
    /// Requires a symbol.
    pub require_symbols: bool,
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self {
            minimum_length: 8,
            require_uppercase: true,
            require_lowercase: true,
            require_numbers: true,
            require_symbols: true,
        }
    }
}
