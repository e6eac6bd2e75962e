//! The facts that are read of a deployment: plain values, which the checks verify.
//!
//! No variable's value is kept but those the checks compare, and none is ever printed.

use std::fmt;

use latchstring_core::identifier::PhoneRules;

use crate::error_code::{ErrorCode, ErrorKind};
use crate::pool_needs::{AccountStates, CONTACTS, UnverifiedHolder};

/// Something read, or the call that did not return it.
pub type Read<T> = Result<T, Unread>;

/// A call that did not return what was to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// The IAM action of the call.
    pub action: &'static str,
    /// The code of the error.
    pub code: ErrorCode,
}

impl Unread {
    /// Reports whether the resource does not exist.
    pub fn is_missing(&self) -> bool {
        self.code.kind() == ErrorKind::Missing
    }
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { action, code } = self;
        match code.kind() {
            ErrorKind::Denied => write!(f, "needs {action}"),
            ErrorKind::Missing => write!(f, "it does not exist ({action})"),
            _ => write!(f, "{action} answered {code}"),
        }
    }
}

/// Everything that is read.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The user pool.
    pub pool: Read<Pool>,
    /// The app client that was named.
    pub client: Read<Client>,
    /// Every other app client of the pool.
    pub siblings: Read<Vec<Read<Client>>>,
    /// The three triggers' functions, for those that the pool names.
    pub functions: Vec<(Trigger, Read<Function>)>,
    /// The functions behind the APIs; empty if the triggers' names do not lead to them.
    pub resolvers: Vec<(Resolver, Read<Option<ResolverVariables>>)>,
    /// Session mode's side; none if no resolver has it.
    pub session_mode: Option<SessionMode>,
    /// The GraphQL APIs that take the pool's tokens and API keys.
    pub apis: Read<Vec<GraphqlApi>>,
    /// Email's side.
    pub email: Email,
    /// SMS's side.
    pub sms: Sms,
    /// The age of the metadata of phone numbers that is built in, in days.
    pub metadata_days: u64,
}

impl Facts {
    /// The rules for phone numbers, as far as Create's variables could be read.
    pub fn phones(&self) -> PhoneRules {
        self.functions
            .iter()
            .find(|(of, _)| *of == Trigger::Create)
            .and_then(|(_, function)| function.as_ref().ok()?.variables.as_ref())
            .map(|variables| variables.phones.clone())
            .unwrap_or_default()
    }

    /// Reports whether every function behind the APIs has the secret of the app client; none if a
    /// function's variables were not read.
    pub fn client_secret(&self) -> Option<bool> {
        let known = |read: &Read<Option<ResolverVariables>>| {
            let variables = read.as_ref().ok()?.as_ref()?;
            Some(variables.client_secret)
        };
        let known: Option<Vec<bool>> = self.resolvers.iter().map(|(_, it)| known(it)).collect();
        known
            .filter(|it| !it.is_empty())
            .map(|it| it.into_iter().all(|known| known))
    }

    /// Reports whether the functions know that contacts are the pool's usernames; none if no function's
    /// variables were read.
    pub fn username_attributes(&self) -> Option<bool> {
        let functions = self.functions.iter();
        let mut read = functions
            .filter_map(|(_, function)| function.as_ref().ok()?.variables.as_ref())
            .map(|variables| variables.username_attributes)
            .peekable();
        read.peek()?;
        Some(read.all(|known| known))
    }

    /// Reports whether a token of an app client may write a contact, or may: a client was not read.
    pub fn writes_contacts(&self) -> bool {
        let siblings = self.siblings.as_deref().unwrap_or_default();
        let mut clients = siblings.iter().chain([&self.client]);
        let writes = |client: &Read<Client>| client.as_ref().map_or(true, Client::writes_contacts);
        self.siblings.is_err() || clients.any(writes)
    }

    /// Reports whether a function's variables set signed calls. The resolvers are not read; a deployment gives
    /// this setting to every function.
    pub fn signed_calls(&self) -> bool {
        let functions = self.functions.iter();
        functions
            .filter_map(|(_, function)| function.as_ref().ok()?.variables.as_ref())
            .any(|variables| variables.signed_calls)
    }

    /// Reports whether clients answer sessions of signed calls: not where every function behind the
    /// APIs serves the HTTP door alone.
    pub fn clients_answer_signed_calls(&self) -> bool {
        let is_http_only = |read: &Read<Option<ResolverVariables>>| {
            let variables = read.as_ref().ok().and_then(Option::as_ref);
            variables.is_some_and(|variables| variables.http_only)
        };
        let of_http = self.resolvers.iter().all(|(_, it)| is_http_only(it));
        self.signed_calls() && (self.resolvers.is_empty() || !of_http)
    }
}

/// The accounts of a pool.
#[derive(Clone, Debug)]
pub struct Accounts {
    /// The number of all of them.
    pub total: u64,
    /// Verified contacts that are not in canonical form.
    pub strange: Vec<Strange>,
    /// The numbers of them by state.
    pub states: AccountStates,
    /// In a username-attribute pool: accounts that hold a contact which they have not proved, by `sub`.
    pub unverified: Vec<(String, UnverifiedHolder)>,
}

/// A verified contact that is not in canonical form.
#[derive(Clone, Debug)]
pub struct Strange {
    /// The account's `sub`.
    pub sub: String,
    /// The attribute that holds the contact.
    pub attribute: &'static str,
    /// Its form.
    pub form: Form,
}

/// The form of a contact that is not canonical.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Sign-in reads it as another text.
    Other,
    /// Sign-in refuses it.
    Refused,
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Other => "another form",
            Self::Refused => "refused",
        })
    }
}

/// One of the three triggers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// Define auth challenge.
    Define,
    /// Create auth challenge.
    Create,
    /// Verify auth challenge response.
    Verify,
}

impl Trigger {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Define, Self::Create, Self::Verify];

    /// Its key in the pool's `LambdaConfig`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Define => "DefineAuthChallenge",
            Self::Create => "CreateAuthChallenge",
            Self::Verify => "VerifyAuthChallengeResponse",
        }
    }
}

/// One of the two functions behind the APIs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolver {
    /// sign-in
    SignIn,
    /// sign-up
    SignUp,
}

impl Resolver {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::SignIn, Self::SignUp];

    /// The end of its function's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SignIn => "sign-in",
            Self::SignUp => "sign-up",
        }
    }
}

/// The part of a resolver's variables that the checks compare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolverVariables {
    /// True if `SESSION_MODE` is `on`.
    pub session_mode: bool,
    /// True if the HTTP door is served alone, by `DOORS` or in session mode.
    pub http_only: bool,
    /// True if `CLIENT_SECRET` or `CLIENT_SECRET_SECRET` is set.
    pub client_secret: bool,
    /// `SESSION_HOURS` in minutes; none if it has an invalid value.
    pub session_minutes: Option<u64>,
}

/// Session mode's side.
#[derive(Clone, Debug)]
pub struct SessionMode {
    /// True if the server credential is one; none if it is not set.
    pub credential: Option<Read<bool>>,
    /// The HTTP APIs that may call sign-up.
    pub apis: Read<Vec<HttpApi>>,
}

/// An HTTP API of API Gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpApi {
    /// Its id.
    pub id: String,
    /// The origins that its CORS allows; none without CORS.
    pub origins: Vec<String>,
}

/// A user pool.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct Pool {
    /// Its id.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// Attributes that sign in besides the username, once verified.
    pub alias_attributes: Vec<String>,
    /// Attributes that sign in instead of a username.
    pub username_attributes: Vec<String>,
    /// True if names that differ in case are two names.
    pub case_sensitive: bool,
    /// True if only an administrator creates accounts.
    pub admin_create_only: bool,
    /// Ways to recover an account, by name.
    pub recovery: Vec<String>,
    /// `OFF`, `OPTIONAL` or `ON`.
    pub mfa: String,
    /// True if Cognito can send SMS of its own.
    pub sends_sms: bool,
    /// The least length of a password.
    pub password_length: i32,
    /// True if deletion protection is on.
    pub deletion_protection: bool,
    /// Threat protection's mode, and that of custom authentication.
    pub threat_protection: Option<(String, Option<String>)>,
    /// Attributes that every account must have.
    pub required: Vec<String>,
    /// The three triggers' functions, by ARN.
    pub triggers: Vec<(Trigger, String)>,
    /// The names of other triggers that are set.
    pub other_triggers: Vec<&'static str>,
}

impl Pool {
    /// Reports whether the attribute is an alias.
    pub fn has_alias(&self, attribute: &str) -> bool {
        self.alias_attributes.iter().any(|alias| alias == attribute)
    }
}

/// An app client.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct Client {
    /// Its id.
    pub id: String,
    /// Its auth flows; none means that none were set.
    pub flows: Vec<String>,
    /// True if Cognito answers for missing users as for others.
    pub hides_missing_users: bool,
    /// True if it signs in by OAuth: managed login and identity providers.
    pub oauth: bool,
    /// True if it has a secret.
    pub secret: bool,
    /// Attributes that a token's holder may write; none means that none were set.
    pub writable: Vec<String>,
    /// The time that a challenge may wait for its answer, in minutes.
    pub session_minutes: i32,
    /// True if tokens can be revoked.
    pub revocation: bool,
    /// True if refresh tokens rotate.
    pub rotation: bool,
    /// The time for which a rotated refresh token is still accepted, in seconds.
    pub grace_seconds: i32,
    /// The lifetime of a refresh token in minutes.
    pub refresh_minutes: u64,
}

impl Client {
    /// Reports whether the holder of a token may write a contact or its mark.
    pub fn writes_contacts(&self) -> bool {
        let is_contact =
            |name: &String| CONTACTS.contains(&name.strip_suffix("_verified").unwrap_or(name));
        self.writable.is_empty() || self.writable.iter().any(is_contact)
    }
}

/// A trigger's function.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name or ARN, as the pool has it.
    pub arn: String,
    /// The managed runtime that it names; none for a container.
    pub runtime: Option<String>,
    /// `Active`, `Failed` and so on.
    pub state: Option<String>,
    /// Its time limit in seconds.
    pub timeout: i32,
    /// Its variables, or that they could not be decrypted.
    pub variables: Option<Variables>,
    /// Its resource policy as JSON; none if it has none.
    pub policy: Read<Option<String>>,
}

/// The part of a function's variables that the checks compare.
#[derive(Clone, Default, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct Variables {
    /// `USER_POOL_ID`
    pub pool: Option<String>,
    /// `CLIENT_IDS`
    pub clients: Vec<String>,
    /// `DELIVERY`
    pub delivery: Option<String>,
    /// `STORE`
    pub store: Option<String>,
    /// `CODE_SECONDS`
    pub code_seconds: Option<String>,
    /// `LEGACY_POOL`
    pub legacy_pool: bool,
    /// True if `COGNITO_CALLS` is `signed`.
    pub signed_calls: bool,
    /// True if `USERNAME_ATTRIBUTES` is `true`.
    pub username_attributes: bool,
    /// True if `KEY_RING` is set.
    pub key_ring: bool,
    /// True if `KEY_RING_SECRET` is set.
    pub key_ring_secret: bool,
    /// True if mail is sent: `EMAIL` is not false.
    pub email: bool,
    /// `EMAIL_FROM`
    pub email_from: Option<String>,
    /// `SES_CONFIGURATION_SET`
    pub configuration_set: Option<String>,
    /// True if `SMS_COUNTRIES` names a country.
    pub sms: bool,
    /// `SMS_NUMBER_KINDS` and `PHONE_RANGES`; the defaults if a variable holds what it does not take.
    pub phones: PhoneRules,
    /// The odds that the budgets leave to an attacker; none if one of their variables has an invalid
    /// value.
    pub guesses: Option<Guesses>,
    /// The mail that the budgets allow; none as for `guesses`.
    pub mail: Option<MailLimits>,
    /// The highest cost of SMS that the budgets allow in a calendar month, in US dollars; none as for
    /// `guesses`.
    pub monthly_sms: Option<f64>,
}

/// The odds of an attacker who guesses for a year, each with its ceiling. A function does not start
/// with odds above the ceiling.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Guesses {
    /// The probability that an attacker with one of its known devices enters one account.
    pub targeted: f64,
    /// `MAX_TARGETED_ODDS`
    pub max_targeted: f64,
    /// The probability that an attacker enters any account.
    pub sprayed: f64,
    /// `MAX_SPRAY_ODDS`
    pub max_sprayed: f64,
    /// `ACCOUNTS`: the number of accounts.
    pub accounts: u32,
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Variables(…)")
    }
}

/// A GraphQL API that takes the pool's tokens and API keys.
#[derive(Clone, Debug)]
pub struct GraphqlApi {
    /// Its name.
    pub name: String,
    /// The whole days that each of its keys has left; below 0 if the key has expired.
    pub keys: Read<Vec<i64>>,
}

/// The use of a channel, as far as Create's variables can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Used {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// The variables could not be read.
    Unknown,
}

/// Email's side.
#[derive(Clone, Debug)]
pub struct Email {
    /// The use of mail by Create.
    pub used: Used,
    /// The account's quota.
    pub quota: Read<Quota>,
    /// True if the account may send.
    pub sending: Read<bool>,
    /// True if the sender, or a domain that contains it, is verified; none without a sender.
    pub verified: Option<Read<bool>>,
    /// True if the sender's domain signs with DKIM; none without a sender.
    pub dkim: Option<Read<bool>>,
    /// The configuration set; none if none is used.
    pub configuration_set: Option<Read<ConfigurationSet>>,
    /// True if a complaint puts the address on the account's suppression list.
    pub suppresses_complaints: Read<bool>,
}

/// A quota of SES, for all mail of the account in this Region.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quota {
    /// Mails in 24 hours; below 0 is without limit.
    pub daily: f64,
    /// Mails a second.
    pub per_second: f64,
}

/// The mail that the budgets allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MailLimits {
    /// `ALL_CODES_PER_DAY`
    pub codes_per_day: u32,
    /// `MAIL_UNPROVED_PER_HOUR`
    pub unproved_per_hour: u32,
}

/// A configuration set of SES, as far as it concerns the mails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigurationSet {
    /// There is none of that name.
    Missing,
    /// It exists.
    Found {
        /// An enabled destination is subscribed to opens or clicks: SES then adds a picture to each
        /// mail, or rewrites its links.
        tracks: bool,
    },
}

/// SMS's side.
#[derive(Clone, Debug)]
pub struct Sms {
    /// The use of SMS by Create: it may send to a country.
    pub used: Used,
    /// True if only verified numbers get messages.
    pub sandbox: Read<bool>,
    /// US dollars a month; none is the default of one dollar.
    pub spend_limit: Read<Option<String>>,
}
