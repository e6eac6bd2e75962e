//! Configuration: read once, at start, from the environment into typed sections. An error names the
//! setting and the values it takes, never its present value. A new setting is a row in `settings`.
//! If it sets a field of the policy, the row says so; any other is read by a method here.
//! CONTRIBUTING.md lists the places outside this module.

mod clients;
mod settings;

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use std::time::Duration;

use latchstring_aws::{
    AwsEnvironment, CaBundle, CognitoCalls, SecretSetting, TurnstileEnvironment,
};
use latchstring_core::admission::{AdmissionRule, Domain};
use latchstring_core::code::{Code, CodeLength};
use latchstring_core::flow::AppClient;
use latchstring_core::holders::OtherHolders;
use latchstring_core::identifier::{
    Country, Identifier, Method, NumberKinds, PhoneRanges, PhoneRules,
};
use latchstring_core::invite::Membership;
use latchstring_core::odds::Odds;
use latchstring_core::policy::{Deployment, Policy};
use latchstring_core::ports::SecretSource;
use latchstring_core::rate_limit::{Countries, Price};
use latchstring_core::secret::Secret;
use latchstring_core::session::ServerCredential;
use latchstring_core::test_identifier::TestIdentifier;
use latchstring_core::time::Timestamp;
use thiserror::Error;
use tracing::Level;

pub use clients::{MessagesError, messages};
pub use settings::{SETTINGS, Setting, Takes};

use crate::keys::{FixedOrRotating, Rotating};
use crate::resolver::{OriginSecrets, Origins, SessionMode, SourceOf};
use crate::ring_text::ring;
use crate::system::SystemClock;

/// The greatest number of app clients. A continuation is tried for each of them.
const MAX_CLIENTS: usize = 50;

/// An error in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ConfigError {
    /// A variable without a default is not set.
    #[error("{} is not set: expected {}", .0.name, .0.takes)]
    Missing(&'static Setting),
    /// A variable holds a value that it does not take.
    #[error("{} has an invalid value: expected {}", .0.name, .0.takes)]
    Invalid(&'static Setting),
    /// Codes under attack would be shorter than ordinary ones.
    #[error("LONG_CODE_LENGTH is less than CODE_LENGTH: set it to CODE_LENGTH or more")]
    CodeLengths,
    /// Test identifiers are set where real messages are sent.
    #[error(
        "TEST_IDENTIFIERS is set in production: remove it, or set TEST_IDENTIFIERS_IN_PRODUCTION to true"
    )]
    TestIdentifiers,
    /// The calls are signed, but it is not confirmed that a client can answer their sessions.
    #[error(
        "COGNITO_CALLS is signed, but clients answer these sessions by public calls: run \
         `latchstring doctor --probe` and, if probe.signed is ok, set SIGNED_SESSIONS_CONFIRMED to true"
    )]
    SignedSessions,
    /// A change could be undone by a proof, and a pool that reports missing users gives none.
    #[error(
        "LEGACY_POOL is true, so no change of a contact could be undone: set UNDO_HOURS to 0 for every function"
    )]
    UndoOfLegacyPool,
    /// Cognito would take calls of anyone for the app client.
    #[error(
        "SESSION_MODE is on, so the app client needs a secret: set CLIENT_SECRET_SECRET or CLIENT_SECRET"
    )]
    SessionsWithoutSecret,
    /// Accounts of a legacy pool are created before their contact is proved.
    #[error("LEGACY_POOL is true, so a rule would be no secret: set ADMISSION to open")]
    AdmissionOfLegacyPool,
    /// Accounts of a legacy pool are created before their contact is proved, by anyone.
    #[error("LEGACY_POOL is true, so anyone could cause events: set EVENTS to off")]
    EventsOfLegacyPool,
    /// The sweeper of the outbox has no bus.
    #[error("EVENTS is off, so there is nothing to publish: set it to a bus")]
    NoEvents,
    /// Accounts of a legacy pool are created before their contact is proved.
    #[error(
        "LEGACY_POOL is true, so no contact is proved before its account exists: set OTHER_HOLDERS to ignore and USERNAME_ATTRIBUTES to false"
    )]
    HoldersOfLegacyPool,
    /// An unverified holder of a contact would be in the way of its owner, and no one would say so.
    #[error("USERNAME_ATTRIBUTES is true: set OTHER_HOLDERS to refuse or delete")]
    UsernameAttributes,
    /// Domains without the rule that reads them, or that rule without a domain.
    #[error(
        "ADMISSION is domains exactly if ADMITTED_DOMAINS or REFUSED_DOMAINS is set: set both, or neither"
    )]
    Admission,
    /// A function without the rule that calls it, or that rule without a function.
    #[error("ADMISSION is hook exactly if ADMISSION_HOOK is set: set both, or neither")]
    AdmissionHook,
    /// Neither mail nor SMS may be sent.
    #[error(
        "EMAIL is false and SMS_COUNTRIES is not set, so no code could be sent: set one of them"
    )]
    NoChannel,
    /// A member of the settings of a client, or the list that its id must be in.
    #[error("CLIENTS has an invalid member: {0}")]
    Clients(&'static str),
    /// Session mode serves the client whose secret the functions have.
    #[error("SESSION_MODE is on, so CLIENTS may have the first client of CLIENT_IDS alone")]
    ClientsOfSessions,
    /// A text of the file of messages.
    #[error(
        "MESSAGES_FILE has a text that is not accepted: run `latchstring messages check` on the file"
    )]
    Messages,
    /// The budgets leave an attacker better odds than this ceiling allows.
    #[error(
        "the budgets leave odds above {}; `latchstring odds` prints them and their sources",
        .0.name
    )]
    Odds(&'static Setting),
}

/// The source of the settings.
#[derive(Clone, Copy)]
pub enum Environment<'a> {
    /// The environment of the process.
    Process,
    /// A list of names and values.
    Pairs(&'a [(&'a str, &'a str)]),
}

/// The doors that the resolvers serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doors {
    /// AppSync's and HTTP's.
    Both,
    /// HTTP's alone.
    Http,
}

/// The party that answers a session which a resolver opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnsweredBy {
    /// A client, by the public `RespondToAuthChallenge`.
    Client,
    /// This server, by the call that belongs to the one that opened the session.
    Server,
}

/// The point in time at which messages are delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryMode {
    /// After the response where the host accepts an extension, otherwise before it.
    Auto,
    /// After the response. Without an extension the function does not start.
    Extension,
    /// Before the response.
    Inline,
}

/// The place that holds flows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreChoice {
    /// The memory of this process, which also keeps the messages; for a test of a single function.
    Memory,
    /// The DynamoDB table of that name.
    Table(String),
}

impl Environment<'_> {
    fn read(&self, name: &str) -> Option<String> {
        match self {
            Self::Process => std::env::var(name).ok(),
            Self::Pairs(pairs) => pairs
                .iter()
                .find(|(set, _)| *set == name)
                .map(|(_, value)| (*value).to_owned()),
        }
    }

    /// Returns the log level.
    ///
    /// # Errors
    /// If the variable is not a log level.
    pub fn log_level(&self) -> Result<Level, ConfigError> {
        match &*self.text(settings::LOG_LEVEL)? {
            "error" => Ok(Level::ERROR),
            "warn" => Ok(Level::WARN),
            "info" => Ok(Level::INFO),
            _ => Err(ConfigError::Invalid(settings::LOG_LEVEL)),
        }
    }

    /// Returns the namespace of the metrics.
    ///
    /// # Errors
    /// If the variable is not a valid namespace.
    pub fn metrics_namespace(&self) -> Result<String, ConfigError> {
        let namespace = self.text(settings::METRICS_NAMESPACE)?;
        let is_one = namespace.len() <= 255
            && !namespace.starts_with(':')
            && !namespace.starts_with("AWS/")
            && namespace
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || ".-_/#: ".contains(c));
        is_one
            .then_some(namespace)
            .ok_or(ConfigError::Invalid(settings::METRICS_NAMESPACE))
    }

    /// Returns the expiry of AppSync's API key, if there is one.
    ///
    /// # Errors
    /// If the variable is not a whole number of 32 bits.
    pub fn api_key_expires(&self) -> Result<Option<Timestamp>, ConfigError> {
        let seconds = self.optional(settings::API_KEY_EXPIRES, str::parse::<u32>)?;
        Ok(seconds.map(|seconds| Timestamp::from_secs(seconds.into())))
    }

    /// Returns the point in time at which messages are delivered.
    ///
    /// # Errors
    /// If the variable is not one of the modes.
    pub fn delivery(&self) -> Result<DeliveryMode, ConfigError> {
        match self.text(settings::DELIVERY)?.as_str() {
            "auto" => Ok(DeliveryMode::Auto),
            "extension" => Ok(DeliveryMode::Extension),
            "inline" => Ok(DeliveryMode::Inline),
            _ => Err(ConfigError::Invalid(settings::DELIVERY)),
        }
    }

    /// Returns the settings with the source of the keys: `KEY_RING`, or the secret source that
    /// `open` makes of `KEY_RING_SECRET`.
    ///
    /// # Errors
    /// If a variable is missing or out of bounds, or if not exactly one of the two is set.
    pub fn deployments<V: SecretSource>(
        &self,
        open: impl FnOnce(String) -> V,
    ) -> Result<FixedOrRotating<V, SystemClock>, ConfigError> {
        let mut policy = self.policy()?;
        self.set_texts(&mut policy)?;
        let keys = self.optional(settings::KEY_RING, |text| ring(text).ok_or(()))?;
        let secret = self.optional(settings::KEY_RING_SECRET, str::parse)?;
        match (keys, secret) {
            (Some(keys), None) => Ok(FixedOrRotating::Fixed(Deployment { policy, keys })),
            (None, Some(secret)) => {
                let rotating = Rotating::new(policy, open(secret), SystemClock);
                Ok(FixedOrRotating::Rotating(rotating))
            }
            (Some(_), Some(_)) => Err(ConfigError::Invalid(settings::KEY_RING_SECRET)),
            (None, None) => Err(ConfigError::Missing(settings::KEY_RING_SECRET)),
        }
    }

    /// Returns the settings, if their odds for an attacker are within the ceilings.
    ///
    /// # Errors
    /// If a variable is missing or out of bounds, or the odds are above a ceiling.
    pub fn policy(&self) -> Result<Policy, ConfigError> {
        let mut policy = Policy {
            clients: self.clients()?,
            ..self.numbers()?
        };
        if !policy.mail && policy.budgets.sms.countries.is_empty() {
            return Err(ConfigError::NoChannel);
        }
        if !policy.admission.is_consistent() {
            return Err(ConfigError::Admission);
        }
        if policy.contacts_are_usernames && policy.other_holders == OtherHolders::Ignore {
            return Err(ConfigError::UsernameAttributes);
        }
        policy.of_clients = self.client_policies(&policy)?;
        let odds = Odds::of(&policy, self.accounts()?);
        let [targeted, sprayed] = self.ceilings()?;
        if odds.with_a_stolen_device() > targeted {
            Err(ConfigError::Odds(settings::MAX_TARGETED_ODDS))
        } else if odds.sprayed() > sprayed {
            Err(ConfigError::Odds(settings::MAX_SPRAY_ODDS))
        } else {
            Ok(policy)
        }
    }

    /// Returns the variables of the app clients as they are set, if any are served.
    pub(crate) fn clients_text(&self) -> Option<String> {
        let ids = self.read(settings::CLIENT_IDS.name)?;
        let own = self.read(settings::CLIENTS.name).unwrap_or_default();
        Some(format!("{ids}\n{own}"))
    }

    /// Returns the variables that are set and that the construct sets alike in every function with
    /// clients, one a line.
    pub(crate) fn settings_text(&self) -> String {
        let alike = |it: &&&Setting| it.in_construct && it.name != settings::COGNITO_CALLS.name;
        let set = SETTINGS.iter().filter(alike);
        set.filter_map(|setting| Some(format!("{}={}\n", setting.name, self.read(setting.name)?)))
            .collect()
    }

    /// Returns the ceilings of the odds: for one account, and for any account.
    ///
    /// # Errors
    /// If a variable is out of bounds.
    pub fn ceilings(&self) -> Result<[f64; 2], ConfigError> {
        Ok([
            self.share(settings::MAX_TARGETED_ODDS)?,
            self.share(settings::MAX_SPRAY_ODDS)?,
        ])
    }

    /// Returns the settings alone: for no app client yet, and without a check of the odds.
    ///
    /// # Errors
    /// If a variable is out of bounds.
    pub fn numbers(&self) -> Result<Policy, ConfigError> {
        let mut policy = Policy::for_clients(Vec::new());
        self.set_fields(&mut policy)?;
        if policy.long_code_length < policy.code_length {
            return Err(ConfigError::CodeLengths);
        }
        policy.phones = self.phones()?;
        policy.test_identifiers = self.test_identifiers(&policy.phones)?;
        Ok(policy)
    }

    /// Returns the lifetime of a contact that waits to be proved.
    ///
    /// # Errors
    /// If the variable is out of bounds.
    pub fn pending_life(&self) -> Result<Duration, ConfigError> {
        self.seconds(settings::PENDING_SECONDS)
    }

    /// Returns the number of accounts that the odds are computed for.
    ///
    /// # Errors
    /// If the variable is out of bounds.
    pub fn accounts(&self) -> Result<u32, ConfigError> {
        self.number(settings::ACCOUNTS)
    }

    /// Returns the part of an event that holds the client's address.
    ///
    /// # Errors
    /// If the variable holds an unknown word.
    pub fn source(&self) -> Result<SourceOf, ConfigError> {
        match &*self.text(settings::SOURCE)? {
            "appsync" => Ok(SourceOf::AppSync),
            "http" => Ok(SourceOf::Http),
            "off" => Ok(SourceOf::Off),
            _ => Err(ConfigError::Invalid(settings::SOURCE)),
        }
    }

    /// Returns the secrets that CloudFront adds to each request of the HTTP door. Returns `None` if
    /// CloudFront does not stand in front of it.
    ///
    /// # Errors
    /// If the variable is neither empty nor one or two secrets.
    pub fn cloudfront(&self) -> Result<Option<OriginSecrets>, ConfigError> {
        self.optional(settings::CLOUDFRONT_SECRET, |text| {
            OriginSecrets::parse(text).ok_or(())
        })
    }

    /// Returns the keys of the Cloudflare Turnstile widget, which a client solves where a budget
    /// requires a CAPTCHA. Returns `None` if no key is set.
    ///
    /// # Errors
    /// If both keys are set, no host name is set, or the URL is neither https nor loopback.
    pub fn turnstile(&self) -> Result<Option<TurnstileEnvironment>, ConfigError> {
        let key = self.secret(settings::TURNSTILE_KEY, settings::TURNSTILE_KEY_SECRET)?;
        let Some(key) = key else {
            return Ok(None);
        };
        let hostnames: Vec<String> = self
            .text(settings::TURNSTILE_HOSTNAMES)?
            .split(',')
            .map(|name| name.trim().to_ascii_lowercase())
            .collect();
        if hostnames.iter().any(String::is_empty) {
            return Err(ConfigError::Invalid(settings::TURNSTILE_HOSTNAMES));
        }
        let url = self.text(settings::TURNSTILE_URL)?;
        if !url.starts_with("https://") && !url.starts_with("http://127.0.0.1:") {
            return Err(ConfigError::Invalid(settings::TURNSTILE_URL));
        }
        Ok(Some(TurnstileEnvironment {
            url,
            hostnames,
            key,
        }))
    }

    /// Returns the secret of the app client, if it has one.
    ///
    /// # Errors
    /// If both settings are set.
    pub fn client_secret(&self) -> Result<Option<SecretSetting>, ConfigError> {
        self.secret(settings::CLIENT_SECRET, settings::CLIENT_SECRET_SECRET)
    }

    /// Returns the credential of the app's own server, if there is one.
    ///
    /// # Errors
    /// If both settings are set, or the credential is too short.
    pub fn server_credential(&self) -> Result<Option<SecretSetting>, ConfigError> {
        self.optional(settings::SERVER_CREDENTIAL, |text| {
            ServerCredential::parse(text).ok_or(())
        })?;
        let named = settings::SERVER_CREDENTIAL_SECRET;
        self.secret(settings::SERVER_CREDENTIAL, named)
    }

    /// Returns session mode, if it is on, with the ports that these functions make of the secret of
    /// the app client and of the server credential.
    ///
    /// # Errors
    /// If the app client has no secret, or a variable is invalid.
    pub fn session_mode<T, V>(
        &self,
        tokens: impl FnOnce(SecretSetting) -> T,
        credential: impl FnOnce(SecretSetting) -> V,
    ) -> Result<Option<SessionMode<T, V>>, ConfigError> {
        if !self.is_session_mode()? {
            return Ok(None);
        }
        let secret = self.client_secret()?;
        let secret = secret.ok_or(ConfigError::SessionsWithoutSecret)?;
        if self.has_other_client()? {
            return Err(ConfigError::ClientsOfSessions);
        }
        let origins = self.optional(settings::SESSION_ORIGINS, |text| {
            Origins::parse(text).ok_or(())
        })?;
        Ok(Some(SessionMode {
            tokens: tokens(secret),
            credential: self.server_credential()?.map(credential),
            origins: origins.unwrap_or_default(),
        }))
    }

    /// Returns the doors that the resolvers serve. In session mode it is HTTP's alone.
    ///
    /// # Errors
    /// If the variable holds another word.
    pub fn doors(&self) -> Result<Doors, ConfigError> {
        match &*self.text(settings::DOORS)? {
            "both" if self.is_session_mode()? => Ok(Doors::Http),
            "both" => Ok(Doors::Both),
            "http" => Ok(Doors::Http),
            _ => Err(ConfigError::Invalid(settings::DOORS)),
        }
    }

    fn is_session_mode(&self) -> Result<bool, ConfigError> {
        match &*self.text(settings::SESSION_MODE)? {
            "on" => Ok(true),
            "off" => Ok(false),
            _ => Err(ConfigError::Invalid(settings::SESSION_MODE)),
        }
    }

    /// Returns a secret that is in one variable, or that another one names.
    fn secret(
        &self,
        text: &'static Setting,
        named: &'static Setting,
    ) -> Result<Option<SecretSetting>, ConfigError> {
        let text = self.optional(text, |text| Ok::<_, ()>(Secret::new(text)))?;
        let id: Option<String> = self.optional(named, str::parse)?;
        match (text, id) {
            (None, None) => Ok(None),
            (Some(text), None) => Ok(Some(SecretSetting::Text(text))),
            (None, Some(id)) => Ok(Some(SecretSetting::Secret(id))),
            (Some(_), Some(_)) => Err(ConfigError::Invalid(named)),
        }
    }

    /// Returns the name or ARN of the function that decides about new accounts, if that is the rule.
    ///
    /// # Errors
    /// If it is missing, or set with another rule.
    pub fn admission_hook(&self) -> Result<Option<String>, ConfigError> {
        let function: Option<String> = self.optional(settings::ADMISSION_HOOK, str::parse)?;
        let is_rule = self.has_rule(|rule| rule == AdmissionRule::Hook)?;
        if function.is_some() == is_rule {
            Ok(function)
        } else {
            Err(ConfigError::AdmissionHook)
        }
    }

    /// Returns the name or ARN of the bus that events are published on; `None` if they are off.
    ///
    /// # Errors
    /// If the variable names no bus.
    pub fn event_bus(&self) -> Result<Option<String>, ConfigError> {
        let bus = self.text(settings::EVENTS)?;
        let name = match bus.strip_prefix("arn:") {
            Some(arn) => arn.split_once(":event-bus/").map(|(_, name)| name),
            None => Some(&*bus),
        };
        let is_part = |b: u8| b.is_ascii_alphanumeric() || b"._-/".contains(&b);
        let is_name = |it: &&str| (1..=256).contains(&it.len()) && it.bytes().all(is_part);
        if !name.is_some_and(|name| is_name(&name)) {
            return Err(ConfigError::Invalid(settings::EVENTS));
        }
        Ok(Some(bus).filter(|bus| bus != "off"))
    }

    fn events(&self, _: &'static Setting) -> Result<bool, ConfigError> {
        Ok(self.event_bus()?.is_some())
    }

    fn admission_rule(&self, setting: &'static Setting) -> Result<AdmissionRule, ConfigError> {
        match &*self.text(setting)? {
            "open" => Ok(AdmissionRule::Open),
            "domains" => Ok(AdmissionRule::Domains),
            "invited" => Ok(AdmissionRule::Invited),
            "hook" => Ok(AdmissionRule::Hook),
            _ => Err(ConfigError::Invalid(setting)),
        }
    }

    fn other_holders(&self, setting: &'static Setting) -> Result<OtherHolders, ConfigError> {
        match &*self.text(setting)? {
            "ignore" => Ok(OtherHolders::Ignore),
            "refuse" => Ok(OtherHolders::Refuse),
            "delete" => Ok(OtherHolders::Delete),
            _ => Err(ConfigError::Invalid(setting)),
        }
    }

    fn group(&self, setting: &'static Setting) -> Result<Option<String>, ConfigError> {
        self.optional(setting, |text| {
            let is_group = text.len() <= 128 && !text.contains(char::is_whitespace);
            is_group.then(|| text.to_owned()).ok_or(())
        })
    }

    /// Reads the groups of a list, each of which an invitation can name.
    fn groups(&self, setting: &'static Setting) -> Result<BTreeSet<String>, ConfigError> {
        self.listed(setting, |group| {
            Membership::new(BTreeMap::new(), [group.to_owned()].into()).is_ok()
        })
    }

    /// Reads the attributes of a list, each of which an invitation can set.
    fn attributes(&self, setting: &'static Setting) -> Result<BTreeSet<String>, ConfigError> {
        self.listed(setting, |name| {
            let attribute = [(name.to_owned(), String::new())];
            Membership::new(attribute.into(), BTreeSet::new()).is_ok()
        })
    }

    fn listed(
        &self,
        setting: &'static Setting,
        is_valid: impl Fn(&str) -> bool,
    ) -> Result<BTreeSet<String>, ConfigError> {
        let listed = self.text(setting)?;
        let names = listed.split(',').map(str::trim).filter(|it| !it.is_empty());
        names
            .map(|name| is_valid(name).then(|| name.to_owned()))
            .collect::<Option<_>>()
            .ok_or(ConfigError::Invalid(setting))
    }

    fn admission_domains(&self, setting: &'static Setting) -> Result<Vec<Domain>, ConfigError> {
        let listed = self.text(setting)?;
        let domains = listed.split(',').map(str::trim).filter(|it| !it.is_empty());
        domains
            .map(Domain::parse)
            .collect::<Option<_>>()
            .ok_or(ConfigError::Invalid(setting))
    }

    fn domains(&self, setting: &'static Setting) -> Result<Vec<String>, ConfigError> {
        let listed = self.text(setting)?;
        let domains = listed.split(',').map(str::trim).filter(|it| !it.is_empty());
        domains
            .map(|domain| {
                // Parsed like the domain of an address, so that the two compare.
                let address = Identifier::parse(Method::Email, &format!("a@{domain}")).ok()?;
                let (_, domain) = address.as_str().rsplit_once('@')?;
                Some(domain.to_owned())
            })
            .collect::<Option<_>>()
            .ok_or(ConfigError::Invalid(setting))
    }

    /// Parses the test identifiers. Where real messages are sent, they need a second setting.
    fn test_identifiers(&self, phones: &PhoneRules) -> Result<Vec<TestIdentifier>, ConfigError> {
        let listed = self.text(settings::TEST_IDENTIFIERS)?;
        if listed.is_empty() {
            return Ok(Vec::new());
        }
        if self.text(settings::STORE)? != "memory"
            && !self.parsed(settings::TEST_IDENTIFIERS_IN_PRODUCTION)?
        {
            return Err(ConfigError::TestIdentifiers);
        }
        listed
            .split(',')
            .map(|text| TestIdentifier::parse(text, phones))
            .collect::<Option<_>>()
            .ok_or(ConfigError::Invalid(settings::TEST_IDENTIFIERS))
    }

    /// Returns the test identifiers with the code of each under the keys of `KEY_RING`.
    ///
    /// # Errors
    /// If a variable is missing or out of bounds.
    pub fn test_codes(&self) -> Result<Vec<(TestIdentifier, Code)>, ConfigError> {
        let policy = self.numbers()?;
        let keys = ring(&self.text(settings::KEY_RING)?)
            .ok_or(ConfigError::Invalid(settings::KEY_RING))?;
        let length = policy.long_code_length;
        let tests = policy.test_identifiers.into_iter();
        Ok(tests
            .map(|test| {
                let code = Code::fixed(&keys, length, &test.identifier);
                (test, code)
            })
            .collect())
    }

    /// Returns the countries that SMS are sent to, with the price of one SMS.
    fn countries(&self, setting: &'static Setting) -> Result<Countries, ConfigError> {
        let usual = self.required(settings::SMS_PRICE, Price::parse)?;
        let listed = self.text(setting)?;
        let country = |entry: &str| {
            let (code, price) = match entry.split_once(':') {
                Some((code, price)) => (code, Price::parse(price.trim())?),
                None => (entry, usual),
            };
            Some((Country::parse(code.trim())?, price))
        };
        listed
            .split(',')
            .filter(|_| !listed.is_empty())
            .map(country)
            .collect::<Option<_>>()
            .map(Countries::Only)
            .ok_or(ConfigError::Invalid(setting))
    }

    /// Returns the rules for phone numbers.
    ///
    /// # Errors
    /// If a variable is out of bounds.
    pub fn phones(&self) -> Result<PhoneRules, ConfigError> {
        Ok(PhoneRules {
            kinds: self.required(settings::SMS_NUMBER_KINDS, NumberKinds::parse)?,
            more: self.required(settings::PHONE_RANGES, PhoneRanges::parse)?,
        })
    }

    /// Returns the pool and app client that `signIn` opens sessions for: the first of `CLIENT_IDS`.
    ///
    /// # Errors
    /// If a variable is missing.
    pub fn app_client(&self) -> Result<AppClient, ConfigError> {
        let client = self.clients()?.swap_remove(0);
        Ok(AppClient::new(self.user_pool()?, client))
    }

    /// Returns the user pool's id.
    ///
    /// # Errors
    /// If it is missing.
    pub fn user_pool(&self) -> Result<String, ConfigError> {
        self.text(settings::USER_POOL_ID)
    }

    /// Returns true if the pool reports missing users.
    ///
    /// # Errors
    /// If the variable is neither `true` nor `false`, or changes could be undone in such a pool.
    pub fn legacy_pool(&self) -> Result<bool, ConfigError> {
        let is_legacy = self.parsed(settings::LEGACY_POOL)?;
        if is_legacy && !self.hours(settings::UNDO_HOURS)?.is_zero() {
            return Err(ConfigError::UndoOfLegacyPool);
        }
        if is_legacy && self.has_rule(|rule| rule != AdmissionRule::Open)? {
            return Err(ConfigError::AdmissionOfLegacyPool);
        }
        if is_legacy && self.event_bus()?.is_some() {
            return Err(ConfigError::EventsOfLegacyPool);
        }
        if is_legacy && self.other_holders(settings::OTHER_HOLDERS)? != OtherHolders::Ignore {
            return Err(ConfigError::HoldersOfLegacyPool);
        }
        Ok(is_legacy)
    }

    /// Returns the calls that open a session and answer its first challenge.
    ///
    /// # Errors
    /// If the variable holds another word, or the calls are signed, a client answers the session, and
    /// `SIGNED_SESSIONS_CONFIRMED` is not `true`. Cognito does not document that it accepts the client's
    /// public answer, and a pool that refuses it would refuse every sign-in.
    pub fn cognito_calls(&self, answered_by: AnsweredBy) -> Result<CognitoCalls, ConfigError> {
        let confirmed = self.parsed(settings::SIGNED_SESSIONS_CONFIRMED)?;
        // By HTTP no client answers.
        let confirmed = confirmed || self.doors()? == Doors::Http;
        match &*self.text(settings::COGNITO_CALLS)? {
            "public" => Ok(CognitoCalls::Public),
            "signed" if confirmed || answered_by == AnsweredBy::Server => Ok(CognitoCalls::Signed),
            "signed" => Err(ConfigError::SignedSessions),
            _ => Err(ConfigError::Invalid(settings::COGNITO_CALLS)),
        }
    }

    /// Returns the place that holds flows.
    ///
    /// # Errors
    /// If the variable is not a store, or the table's name is missing.
    pub fn store(&self) -> Result<StoreChoice, ConfigError> {
        match self.text(settings::STORE)?.as_str() {
            "memory" => Ok(StoreChoice::Memory),
            "dynamodb" => Ok(StoreChoice::Table(self.text(settings::TABLE_NAME)?)),
            _ => Err(ConfigError::Invalid(settings::STORE)),
        }
    }

    /// Returns the name of the table.
    ///
    /// # Errors
    /// If it is missing.
    pub fn table(&self) -> Result<String, ConfigError> {
        self.text(settings::TABLE_NAME)
    }

    /// Returns the sender of mail, or `None` where no mail is sent.
    ///
    /// # Errors
    /// If it is missing or not a sender.
    pub fn email_from<T: FromStr>(&self) -> Result<Option<T>, ConfigError> {
        if self.parsed(settings::EMAIL)? {
            self.parsed(settings::EMAIL_FROM).map(Some)
        } else {
            Ok(None)
        }
    }

    /// Returns the address that replies go to.
    ///
    /// # Errors
    /// If it is not an address.
    pub fn email_reply_to<T: FromStr>(&self) -> Result<Option<T>, ConfigError> {
        self.optional(settings::EMAIL_REPLY_TO, str::parse)
    }

    /// Returns the name of the configuration set that SES applies to mail.
    ///
    /// # Errors
    /// Never: any name is accepted.
    pub fn ses_configuration_set(&self) -> Result<Option<String>, ConfigError> {
        self.optional(settings::SES_CONFIGURATION_SET, str::parse)
    }

    /// Returns the sender id that phones show.
    ///
    /// # Errors
    /// If it is not a sender id.
    pub fn sms_sender_id<T: FromStr>(&self) -> Result<Option<T>, ConfigError> {
        self.optional(settings::SMS_SENDER_ID, str::parse)
    }

    /// Returns the number that SMS are sent from.
    ///
    /// # Errors
    /// If it is not a phone number.
    pub fn sms_origination_number<T: FromStr>(&self) -> Result<Option<T>, ConfigError> {
        self.optional(settings::SMS_ORIGINATION_NUMBER, str::parse)
    }

    /// Returns the id of the sender in India's register.
    ///
    /// # Errors
    /// If it is not an id.
    pub fn sms_entity_id<T: FromStr>(&self) -> Result<Option<T>, ConfigError> {
        self.optional(settings::SMS_ENTITY_ID, str::parse)
    }

    /// Returns the ids of the message templates in India's register.
    ///
    /// # Errors
    /// If they are not ids by kind.
    pub fn sms_template_ids<T: FromStr>(&self) -> Result<Option<T>, ConfigError> {
        self.optional(settings::SMS_TEMPLATE_IDS, str::parse)
    }

    /// Returns the Region and credentials of AWS.
    ///
    /// # Errors
    /// If a variable is missing.
    pub fn aws(&self) -> Result<AwsEnvironment, ConfigError> {
        Ok(AwsEnvironment {
            region: self.text(settings::AWS_REGION)?,
            access_key_id: self.text(settings::AWS_ACCESS_KEY_ID)?,
            secret_access_key: self.text(settings::AWS_SECRET_ACCESS_KEY)?,
            session_token: self.optional(settings::AWS_SESSION_TOKEN, str::parse)?,
            endpoint_url: self.optional(settings::AWS_ENDPOINT_URL, str::parse)?,
            ca_bundle: self.optional(settings::AWS_CA_BUNDLE, CaBundle::read)?,
        })
    }

    /// Returns the value if it is set and not empty, otherwise the default.
    fn text(&self, setting: &'static Setting) -> Result<String, ConfigError> {
        self.read(setting.name)
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty())
            .or_else(|| setting.default.map(str::to_owned))
            .ok_or(ConfigError::Missing(setting))
    }

    /// Parses the value if it is set.
    fn optional<T, E>(
        &self,
        setting: &'static Setting,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, ConfigError> {
        match &*self.text(setting)? {
            "" => Ok(None),
            text => parse(text)
                .map(Some)
                .map_err(|_| ConfigError::Invalid(setting)),
        }
    }

    /// Parses the value or the default.
    fn required<T>(
        &self,
        setting: &'static Setting,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, ConfigError> {
        parse(&self.text(setting)?).ok_or(ConfigError::Invalid(setting))
    }

    fn parsed<T: FromStr>(&self, setting: &'static Setting) -> Result<T, ConfigError> {
        self.text(setting)?
            .parse()
            .map_err(|_| ConfigError::Invalid(setting))
    }

    /// Parses a whole number within the bounds of the table.
    fn number<T: FromStr + Copy + Into<u64>>(
        &self,
        setting: &'static Setting,
    ) -> Result<T, ConfigError> {
        let number: T = self.parsed(setting)?;
        match setting.takes {
            Takes::Whole(least, most, _) if (least..=most).contains(&number.into()) => Ok(number),
            _ => Err(ConfigError::Invalid(setting)),
        }
    }

    fn share(&self, setting: &'static Setting) -> Result<f64, ConfigError> {
        let share = self.parsed(setting)?;
        if (0.0..=1.0).contains(&share) {
            Ok(share)
        } else {
            Err(ConfigError::Invalid(setting))
        }
    }

    fn digits(&self, setting: &'static Setting) -> Result<CodeLength, ConfigError> {
        CodeLength::new(self.number(setting)?).ok_or(ConfigError::Invalid(setting))
    }

    fn seconds(&self, setting: &'static Setting) -> Result<Duration, ConfigError> {
        self.number(setting).map(Duration::from_secs)
    }

    fn minutes(&self, setting: &'static Setting) -> Result<Duration, ConfigError> {
        let minutes: u64 = self.number(setting)?;
        Ok(Duration::from_secs(minutes * 60))
    }

    fn hours(&self, setting: &'static Setting) -> Result<Duration, ConfigError> {
        let hours: u64 = self.number(setting)?;
        Ok(Duration::from_secs(hours * 3600))
    }

    fn days(&self, setting: &'static Setting) -> Result<Duration, ConfigError> {
        let days: u64 = self.number(setting)?;
        Ok(Duration::from_secs(days * 24 * 3600))
    }

    fn clients(&self) -> Result<Vec<String>, ConfigError> {
        let clients: Vec<String> = self
            .text(settings::CLIENT_IDS)?
            .split(',')
            .map(|client| client.trim().to_owned())
            .collect();
        if clients.iter().any(String::is_empty) || clients.len() > MAX_CLIENTS {
            return Err(ConfigError::Invalid(settings::CLIENT_IDS));
        }
        Ok(clients)
    }
}

#[cfg(test)]
mod tests {
    use latchstring_core::identifier::Country;
    use latchstring_core::locale::Locale;
    use latchstring_core::message::{AndroidHash, AppName, Preview, SmsDomain, SupportContact};
    use latchstring_core::ports::PortError;

    use super::*;

    const RING: &str = r#"{"current": {"id": "k2", "secret": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="},
        "previous": {"id": "k1", "secret": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}}"#;
    const MINIMAL: &[(&str, &str)] = &[
        ("USER_POOL_ID", "eu-west-1_pool"),
        ("CLIENT_IDS", "web, app"),
        ("KEY_RING", RING),
    ];

    fn with<'a>(name: &'a str, value: &'a str) -> Vec<(&'a str, &'a str)> {
        let mut pairs = vec![(name, value)];
        pairs.extend_from_slice(MINIMAL);
        pairs
    }

    #[test]
    fn a_minimal_configuration_has_the_defaults() {
        let environment = Environment::Pairs(MINIMAL);
        let FixedOrRotating::Fixed(Deployment { policy, keys }) = deployments(MINIMAL).unwrap()
        else {
            panic!("the keys are there");
        };
        let defaults = Policy::for_clients(vec!["web".into(), "app".into()]);
        assert_eq!(format!("{policy:?}"), format!("{defaults:?}"));
        assert_eq!(keys.current().id().as_str(), "k2");
        assert!(keys.names("k1"));
        assert_eq!(
            environment.app_client().unwrap(),
            AppClient::new("eu-west-1_pool", "web")
        );
        assert!(!environment.legacy_pool().unwrap());
        assert_eq!(environment.log_level().unwrap(), Level::INFO);
    }

    /// A value of each setting of the policy that is a text.
    const TEXTS: &[(&str, &str)] = &[
        ("SMS_COUNTRIES", "DE"),
        ("SMS_SPEND_PER_DAY", "11"),
        ("SMS_SPEND_PER_MONTH", "101"),
        ("MAIL_SHARED_DOMAINS", "example.com"),
        ("ADMITTED_DOMAINS", "example.com,*.example.org"),
        ("REFUSED_DOMAINS", "guests.example.org"),
        ("INVITERS_GROUP", "admins"),
        ("INVITERS_MAY_GIVE", "staff,editors"),
        ("INVITERS_MAY_SET", "custom:tier,given_name"),
        ("EVENTS", "default"),
        ("SMS_NUMBER_KINDS", "voip"),
        (
            "PHONE_RANGES",
            "HK:+8524545XXXX,+521XXXXXXXXXX=+52XXXXXXXXXX",
        ),
        ("TEST_IDENTIFIERS", "ada@example.com=2027-01-31"),
        ("APP_NAME", "Ada"),
        ("SUPPORT_CONTACT", "help@example.com"),
        ("LINK_URL", "https://example.com/link"),
        ("SMS_DOMAIN", "example.com"),
        ("SMS_ANDROID_HASH", "FA+9qCX9VSu"),
    ];

    /// Returns a valid value that is not the default.
    fn another(setting: &Setting) -> Option<String> {
        let default = setting.default?;
        let other = |words: &[&str]| {
            let word = words.iter().find(|word| **word != default);
            word.map(|word| (*word).to_owned())
        };
        match setting.takes {
            Takes::Whole(_, most, _) => {
                let number: u64 = default.parse().unwrap();
                let next = if number < most {
                    number + 1
                } else {
                    number - 1
                };
                Some(next.to_string())
            }
            Takes::Word(words) => other(words),
            Takes::Flag => other(&["true", "false"]),
            Takes::Share | Takes::Text(_) => TEXTS
                .iter()
                .find(|(name, _)| *name == setting.name)
                .map(|(_, text)| (*text).to_owned()),
        }
    }

    /// Returns the path and the text of each field of a policy that has no fields inside.
    fn fields(policy: &Policy) -> BTreeMap<String, String> {
        let text = format!("{policy:#?}");
        let lines: Vec<_> = text.lines().collect();
        let indent = |line: &str| line.len() - line.trim_start().len();
        let name = |line: &str| {
            let (name, _) = line.trim_start().split_once(": ")?;
            let is_name = name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
            is_name.then(|| name.to_owned())
        };
        let mut path = Vec::new();
        let mut fields = BTreeMap::new();
        for (at, line) in lines.iter().enumerate() {
            let Some(field) = name(line) else { continue };
            path.retain(|(outer, _)| *outer < indent(line));
            path.push((indent(line), field));
            let inside = lines[at + 1..].iter();
            let inside: Vec<_> = inside.take_while(|it| indent(it) > indent(line)).collect();
            if inside.iter().all(|line| name(line).is_none()) {
                let names: Vec<_> = path.iter().map(|(_, name)| name.as_str()).collect();
                fields.insert(names.join("."), format!("{line}{inside:?}"));
            }
        }
        fields
    }

    /// A field without a setting would keep its default, whatever an operator sets.
    #[test]
    fn each_field_of_the_policy_is_set_by_one_setting() {
        let read = |pairs: &[(&str, &str)]| {
            let policy = Environment::Pairs(pairs).numbers();
            fields(&policy.unwrap_or_else(|error| panic!("{pairs:?}: {error}")))
        };
        let mut defaults = read(&[]);
        // `policy` sets it.
        for set_by_policy in ["clients", "of_clients", "branding.sender", "branding.texts"] {
            assert!(defaults.remove(set_by_policy).is_some(), "{set_by_policy}");
        }
        let mut setters: BTreeMap<_, Vec<&str>> = BTreeMap::new();
        for setting in SETTINGS {
            let Some(value) = another(setting) else {
                continue;
            };
            // Test identifiers need the store `memory`.
            let set = read(&[(setting.name, &value), ("STORE", "memory")]);
            for (path, default) in &defaults {
                let setters = setters.entry(path).or_default();
                if set.get(path) != Some(default) {
                    setters.push(setting.name);
                }
            }
        }
        assert!(setters.len() > 45, "{setters:?}");
        setters.retain(|_, by| by.len() != 1);
        assert!(setters.is_empty(), "{setters:?}");
    }

    #[test]
    fn a_missing_variable_is_named() {
        for (name, _) in MINIMAL {
            let rest: Vec<_> = MINIMAL.iter().copied().filter(|(n, _)| n != name).collect();
            let environment = Environment::Pairs(&rest);
            let error = deployments(&rest)
                .map(|_| ())
                .and(environment.app_client().map(|_| ()))
                .unwrap_err();
            assert!(error.to_string().starts_with(name), "{error}");
        }
    }

    #[test]
    fn a_value_out_of_bounds_is_refused_without_the_value() {
        for (name, value) in [
            ("CODE_LENGTH", "5"),
            ("CODE_LENGTH", "11"),
            ("CODE_ATTEMPTS", "0"),
            ("CODE_ATTEMPTS", "6"),
            ("CODE_SECONDS", "601"),
            ("CODE_SECONDS", "five"),
            ("RESEND_SECONDS", "14"),
            ("RESENDS", "-1"),
            ("TICKET_SECONDS", "301"),
            ("PROOF_SECONDS", "29"),
            ("PENDING_SECONDS", "599"),
            ("FRESH_SECONDS", "86401"),
            ("CODES_PER_MINUTE", "0"),
            ("CODES_PER_HOUR", "10001"),
            ("CODES_PER_DAY", "1e3"),
            ("LONG_CODE_LENGTH", "5"),
            ("SHORT_GUESSES_PER_MONTH", "-1"),
            ("DEVICE_DAYS", "401"),
            ("DEVICE_CODES_PER_DAY", "0"),
            ("CONTACTS_PER_DAY", "0"),
            ("ALL_CODES_PER_DAY", "0"),
            ("ACCOUNTS", "0"),
            ("MAX_TARGETED_ODDS", "1.1"),
            ("MAX_SPRAY_ODDS", "NaN"),
            ("SOURCE_CODES_PER_HOUR", "0"),
            ("ADMISSION", "closed"),
            ("OTHER_HOLDERS", "secret-secret"),
            ("USERNAME_ATTRIBUTES", "email"),
            ("ADMITTED_DOMAINS", "secret-secret"),
            ("REFUSED_DOMAINS", "*"),
            ("INVITERS_MAY_GIVE", "staff,secret secret"),
            ("INVITERS_MAY_SET", "custom:tier,email"),
            ("SMS_COUNTRIES", "USA"),
            ("SMS_COUNTRIES", "us"),
            ("SMS_COUNTRIES", "UK"),
            ("SMS_NUMBER_KINDS", "landline"),
            ("SMS_NUMBER_KINDS", "premium_rate"),
            ("PHONE_RANGES", "+1621NXXXXXX"),
            ("PHONE_RANGES", "US:+1NXXNXXXXXX"),
            ("SMS_COUNTRIES", "US,"),
            ("SMS_COUNTRIES", "US:secret-secret"),
            ("SMS_PRICE", "0.123456"),
            ("SMS_SPEND_PER_DAY", "10001"),
            ("APP_NAME", "a secret-secret name of 31 chars"),
            ("APP_NAME", "two\nlines"),
            ("DEFAULT_LOCALE", "tlh"),
            ("SMS_DOMAIN", "https://example.com"),
            ("SMS_ANDROID_HASH", "short"),
            ("EMAIL_PREVIEW", "secret-secret"),
            ("SUPPORT_CONTACT", "secret-secret"),
            ("LINK_URL", "https://example.com/#secret-secret"),
            ("CLIENT_IDS", "web,,app"),
            ("KEY_RING", "secret-secret"),
            (
                "KEY_RING",
                r#"{"current": {"id": "k1", "secret": "c2hvcnQ="}}"#,
            ),
            ("KEY_RING", r#"{"current": {"id": "K 1", "secret": ""}}"#),
        ] {
            let pairs = with(name, value);
            let error = deployments(&pairs).unwrap_err();
            assert!(error.to_string().starts_with(name), "{name}: {error}");
            assert!(!error.to_string().contains("secret-secret"), "{error}");
        }
    }

    /// The bounds are those of the table: each bound is accepted, and the next number is not.
    #[test]
    fn a_whole_number_is_accepted_up_to_both_bounds() {
        for setting in SETTINGS {
            let Takes::Whole(least, most, _) = setting.takes else {
                continue;
            };
            let taken = |value: u64| {
                let value = value.to_string();
                let pairs = [(setting.name, value.as_str())];
                let read = Environment::Pairs(&pairs);
                match read.numbers().err().or(read.accounts().err()) {
                    // The other length is invalid.
                    None | Some(ConfigError::CodeLengths) => true,
                    Some(error) => {
                        assert_eq!(error, ConfigError::Invalid(setting));
                        false
                    }
                }
            };
            let name = setting.name;
            assert!(taken(least) && taken(most), "{name}");
            assert!(!taken(most + 1), "{name}");
            assert!(least == 0 || !taken(least - 1), "{name}");
        }
    }

    #[test]
    fn a_code_under_attack_shorter_than_an_ordinary_one_is_refused() {
        let pairs = with("CODE_LENGTH", "9");
        let error = deployments(&pairs).unwrap_err();
        assert_eq!(error, ConfigError::CodeLengths);
    }

    #[test]
    fn a_flag_and_a_log_level_accept_their_values_only() {
        for (value, flag) in [("true", Some(true)), ("false", Some(false)), ("yes", None)] {
            let pairs = [("LEGACY_POOL", value), ("UNDO_HOURS", "0")];
            assert_eq!(Environment::Pairs(&pairs).legacy_pool().ok(), flag);
        }
        let pairs = with("LOG_LEVEL", "loud");
        assert!(Environment::Pairs(&pairs).log_level().is_err());
    }

    /// No proof is ever earned there, so a change would only hold the account.
    #[test]
    fn a_legacy_pool_with_an_undo_does_not_start() {
        let legacy = ("LEGACY_POOL", "true");
        for hours in [Some("72"), Some("1"), None] {
            let undo = hours.map(|hours| ("UNDO_HOURS", hours));
            let pairs: Vec<_> = [legacy].into_iter().chain(undo).collect();
            let refused = Environment::Pairs(&pairs).legacy_pool();
            assert_eq!(refused, Err(ConfigError::UndoOfLegacyPool), "{hours:?}");
        }
        let pairs = [("UNDO_HOURS", "24")];
        assert_eq!(Environment::Pairs(&pairs).legacy_pool(), Ok(false));
    }

    #[test]
    fn events_need_a_bus_and_accounts_that_are_proved_first() {
        let bus = |text| Environment::Pairs(&[("EVENTS", text)]).event_bus();
        assert_eq!(Environment::Pairs(&[]).event_bus(), Ok(None));
        assert_eq!(bus("off"), Ok(None));
        let arn = "arn:aws:events:eu-central-1:123456789012:event-bus/app";
        for text in ["default", "app-bus", "aws.partner/example.com/1", arn] {
            assert_eq!(bus(text), Ok(Some(text.to_owned())));
        }
        for text in ["a bus", "x:y", "arn:aws:events:eu-central-1:1:rule/app"] {
            assert_eq!(bus(text), Err(ConfigError::Invalid(settings::EVENTS)));
        }
        let pairs = [("LEGACY_POOL", "true"), ("UNDO_HOURS", "0")];
        assert_eq!(Environment::Pairs(&pairs).legacy_pool(), Ok(true));
        let pairs = [&pairs[..], &[("EVENTS", "default")]].concat();
        let refused = Environment::Pairs(&pairs).legacy_pool();
        assert_eq!(refused, Err(ConfigError::EventsOfLegacyPool));
    }

    #[test]
    fn signed_calls_start_only_where_their_sessions_can_be_answered() {
        use AnsweredBy::{Client, Server};
        let calls = |pairs: &[(&str, &str)], by| Environment::Pairs(pairs).cognito_calls(by);
        let signed = ("COGNITO_CALLS", "signed");
        let confirmed = ("SIGNED_SESSIONS_CONFIRMED", "true");
        for by in [Client, Server] {
            assert_eq!(calls(&[], by), Ok(CognitoCalls::Public));
            assert_eq!(calls(&[confirmed], by), Ok(CognitoCalls::Public));
            assert_eq!(calls(&[signed, confirmed], by), Ok(CognitoCalls::Signed));
            for word in ["Signed", "admin"] {
                let refused = calls(&[("COGNITO_CALLS", word), confirmed], by);
                assert_eq!(refused, Err(ConfigError::Invalid(settings::COGNITO_CALLS)));
            }
            let refused = calls(&[signed, ("SIGNED_SESSIONS_CONFIRMED", "yes")], by);
            let expected = ConfigError::Invalid(settings::SIGNED_SESSIONS_CONFIRMED);
            assert_eq!(refused, Err(expected));
        }
        assert_eq!(calls(&[signed], Server), Ok(CognitoCalls::Signed));
        assert_eq!(calls(&[signed], Client), Err(ConfigError::SignedSessions));
        let both = calls(&[signed, ("DOORS", "both")], Client);
        assert_eq!(both, Err(ConfigError::SignedSessions));
        for alone in [("DOORS", "http"), ("SESSION_MODE", "on")] {
            assert_eq!(calls(&[signed, alone], Client), Ok(CognitoCalls::Signed));
        }
        let refused = calls(&[signed, ("DOORS", "graphql")], Client);
        assert_eq!(refused, Err(ConfigError::Invalid(settings::DOORS)));
    }

    #[test]
    fn a_secret_is_set_or_named_and_not_both() {
        type Read = fn(&Environment<'_>) -> Result<Option<SecretSetting>, ConfigError>;
        let secrets: [(&str, &str, Read); 2] = [
            ("CLIENT_SECRET", "CLIENT_SECRET_SECRET", |it| {
                it.client_secret()
            }),
            ("SERVER_CREDENTIAL", "SERVER_CREDENTIAL_SECRET", |it| {
                it.server_credential()
            }),
        ];
        let long = "0123456789abcdef0123456789abcdef";
        for (text, named, read) in secrets {
            let none = read(&Environment::Pairs(MINIMAL)).unwrap();
            assert!(none.is_none());
            let given = read(&Environment::Pairs(&with(text, long))).unwrap();
            let is_it = |it: &Secret| it.expose() == long;
            assert!(matches!(given, Some(SecretSetting::Text(it)) if is_it(&it)));
            let pairs = with(named, "latchstring/secret");
            let given = read(&Environment::Pairs(&pairs)).unwrap();
            assert!(matches!(given, Some(SecretSetting::Secret(id)) if id == "latchstring/secret"));
            let both = [&pairs[..], &[(text, long)]].concat();
            let error = read(&Environment::Pairs(&both)).unwrap_err();
            assert!(error.to_string().contains(named) && !error.to_string().contains(long));
        }
        for text in [&long[1..], "a b", &format!("{long} {long} {long}")] {
            let pairs = with("SERVER_CREDENTIAL", text);
            let error = Environment::Pairs(&pairs).server_credential().unwrap_err();
            assert_eq!(error, ConfigError::Invalid(settings::SERVER_CREDENTIAL));
        }
    }

    #[test]
    fn budgets_above_the_odds_are_refused_with_the_ceiling() {
        for (name, value, ceiling) in [
            ("CODES_PER_DAY", "1000", "MAX_TARGETED_ODDS"),
            ("SHORT_GUESSES_PER_MONTH", "30", "MAX_TARGETED_ODDS"),
            ("DEVICE_SHORT_GUESSES_PER_MONTH", "30", "MAX_TARGETED_ODDS"),
            ("ALL_SHORT_GUESSES_PER_DAY", "1200", "MAX_SPRAY_ODDS"),
            ("ALL_LONG_GUESSES_PER_DAY", "90000", "MAX_SPRAY_ODDS"),
        ] {
            let pairs = with(name, value);
            let error = Environment::Pairs(&pairs).policy().unwrap_err();
            assert!(error.to_string().contains(ceiling), "{name}: {error}");
            let pairs = [&pairs[..], &[(ceiling, "1")]].concat();
            let error = Environment::Pairs(&pairs).policy().err();
            assert_eq!(error, None, "{name} with a higher ceiling");
        }
        let pairs = [
            MINIMAL,
            &[("ALL_SHORT_GUESSES_PER_DAY", "1200"), ("ACCOUNTS", "10")],
        ]
        .concat();
        assert!(Environment::Pairs(&pairs).policy().is_ok(), "few accounts");
    }

    #[test]
    fn sms_go_to_listed_countries_at_their_or_the_default_price() {
        let pairs = [
            MINIMAL,
            &[("SMS_COUNTRIES", "US:0.0079, DE"), ("SMS_PRICE", "0.08")],
        ]
        .concat();
        let policy = Environment::Pairs(&pairs).policy().unwrap();
        let [us, de] = ["US", "DE"].map(|code| Country::parse(code).unwrap());
        let [low, usual] = ["0.0079", "0.08"].map(|price| Price::parse(price).unwrap());
        let listed = Countries::Only([(us, low), (de, usual)].into());
        assert_eq!(policy.budgets.sms.countries, listed);
        let none = Environment::Pairs(MINIMAL).policy().unwrap();
        let nowhere = Countries::Only([].into());
        assert_eq!(none.budgets.sms.countries, nowhere);
    }

    #[test]
    fn phone_rules_are_those_of_the_settings() {
        let phones = |more: &[(&'static str, &'static str)]| {
            let pairs = [MINIMAL, more].concat();
            Environment::Pairs(&pairs).policy().unwrap().phones
        };
        assert_eq!(phones(&[]), PhoneRules::default());
        let set = phones(&[
            ("SMS_NUMBER_KINDS", "mobile, voip"),
            ("PHONE_RANGES", "HK:+8524545XXXX"),
        ]);
        assert_eq!(Some(set.kinds), NumberKinds::parse("voip,mobile"));
        assert_eq!(Some(set.more), PhoneRanges::parse("HK:+8524545XXXX"));
        // A test identifier is parsed by the same rules.
        let test = [
            ("STORE", "memory"),
            ("PHONE_RANGES", "HK:+8524545XXXX"),
            ("TEST_IDENTIFIERS", "+852 4545 1234=2027-01-31"),
        ];
        let pairs = [MINIMAL, &test].concat();
        let policy = Environment::Pairs(&pairs).policy().unwrap();
        let identifier = &policy.test_identifiers[0].identifier;
        assert_eq!(identifier.as_str(), "+85245451234");
    }

    #[test]
    fn mail_or_sms_may_be_left_out_but_not_both() {
        let read = |more: &[(&'static str, &'static str)]| {
            let pairs = [MINIMAL, more].concat();
            let environment = Environment::Pairs(&pairs);
            environment.policy()?;
            environment.email_from::<String>()
        };
        let (off, sms) = (("EMAIL", "false"), ("SMS_COUNTRIES", "DE"));
        let from = ("EMAIL_FROM", "codes@example.com");
        assert_eq!(read(&[from]), Ok(Some("codes@example.com".to_owned())));
        assert_eq!(read(&[off, sms]), Ok(None));
        assert_eq!(
            read(&[sms]),
            Err(ConfigError::Missing(settings::EMAIL_FROM))
        );
        assert_eq!(read(&[off]), Err(ConfigError::NoChannel));
        assert_eq!(
            read(&[("EMAIL", "no")]),
            Err(ConfigError::Invalid(settings::EMAIL))
        );
    }

    #[test]
    fn a_test_identifier_in_production_needs_a_second_setting() {
        let listed = (
            "TEST_IDENTIFIERS",
            "ada@example.com=2027-01-31, +14155550132=2027-01-31",
        );
        let read = |more: &[(&'static str, &'static str)]| {
            let pairs = [MINIMAL, &[listed], more].concat();
            let policy = Environment::Pairs(&pairs).policy();
            policy.map(|policy| policy.test_identifiers.len())
        };
        let refused = Err(ConfigError::TestIdentifiers);
        assert_eq!(read(&[]), refused);
        assert_eq!(read(&[("STORE", "dynamodb")]), refused);
        assert_eq!(read(&[("STORE", "memory")]), Ok(2));
        assert_eq!(read(&[("TEST_IDENTIFIERS_IN_PRODUCTION", "true")]), Ok(2));
        let without_an_end = with("TEST_IDENTIFIERS", "ada@example.com");
        let pairs = [&without_an_end[..], &[("STORE", "memory")]].concat();
        let error = Environment::Pairs(&pairs).policy().err();
        assert_eq!(
            error,
            Some(ConfigError::Invalid(settings::TEST_IDENTIFIERS))
        );
    }

    #[test]
    fn a_source_is_read_from_the_configured_api_or_not_at_all() {
        assert_eq!(Environment::Pairs(MINIMAL).source(), Ok(SourceOf::Off));
        for (value, source) in [
            ("off", SourceOf::Off),
            ("appsync", SourceOf::AppSync),
            ("http", SourceOf::Http),
        ] {
            let pairs = with("SOURCE", value);
            assert_eq!(Environment::Pairs(&pairs).source(), Ok(source));
        }
        for value in ["1", "AppSync", "x-forwarded-for"] {
            let pairs = with("SOURCE", value);
            assert!(Environment::Pairs(&pairs).source().is_err());
        }
    }

    #[test]
    fn a_secret_of_cloudfront_is_long_or_none() {
        const LONG: &str = "0123456789abcdef0123456789abcdef";
        let read = |value: &str| {
            let found = Environment::Pairs(&[("CLOUDFRONT_SECRET", value)]).cloudfront();
            found.map(|secrets| secrets.is_some())
        };
        assert_eq!(read(""), Ok(false));
        assert_eq!(read(LONG), Ok(true));
        assert_eq!(read(&format!("{LONG}, {LONG}x")), Ok(true));
        let invalid = Err(ConfigError::Invalid(settings::CLOUDFRONT_SECRET));
        for value in [
            &LONG[1..],
            &format!("{LONG},"),
            &format!("{LONG},short"),
            &format!("{LONG},{LONG},{LONG}"),
            &format!("{LONG} {LONG}"),
        ] {
            assert_eq!(read(value), invalid, "{value}");
        }
        let pairs = [("CLOUDFRONT_SECRET", LONG)];
        let secrets = Environment::Pairs(&pairs).cloudfront().unwrap();
        assert!(!format!("{secrets:?}").contains("0123"));
    }

    #[test]
    fn a_captcha_is_on_with_one_key_a_host_name_and_tls() {
        let read = |pairs: &[(&str, &str)]| {
            let found = Environment::Pairs(pairs).turnstile();
            found.map(|turnstile| turnstile.is_some())
        };
        assert_eq!(read(&[]), Ok(false));
        let key = ("TURNSTILE_KEY", "secret-secret");
        let kept = ("TURNSTILE_KEY_SECRET", "latchstring/turnstile");
        let at = ("TURNSTILE_HOSTNAMES", "Example.com, www.example.com");
        for pairs in [
            &[key, at][..],
            &[kept, at],
            &[key, at, ("TURNSTILE_URL", "http://127.0.0.1:8787/x")],
        ] {
            assert_eq!(read(pairs), Ok(true));
        }
        for (pairs, named) in [
            (&[key][..], settings::TURNSTILE_HOSTNAMES),
            (
                &[key, ("TURNSTILE_HOSTNAMES", "a,,b")],
                settings::TURNSTILE_HOSTNAMES,
            ),
            (&[key, kept, at], settings::TURNSTILE_KEY_SECRET),
            (
                &[key, at, ("TURNSTILE_URL", "http://example.com/x")],
                settings::TURNSTILE_URL,
            ),
            (
                &[key, at, ("TURNSTILE_URL", "http://127.0.0.1.example.com/x")],
                settings::TURNSTILE_URL,
            ),
        ] {
            assert_eq!(read(pairs), Err(ConfigError::Invalid(named)));
        }
        let pairs = [key, at];
        let turnstile = Environment::Pairs(&pairs).turnstile().unwrap().unwrap();
        assert_eq!(turnstile.hostnames, ["example.com", "www.example.com"]);
        assert!(!format!("{turnstile:?}").contains("secret-secret"));
    }

    #[test]
    fn a_namespace_must_be_valid_in_cloudwatch() {
        for (value, taken) in [
            ("", Some("Latchstring")),
            ("My App/Sign-in", Some("My App/Sign-in")),
            (":x", None),
            ("AWS/Lambda", None),
            ("näme", None),
        ] {
            let pairs = with("METRICS_NAMESPACE", value);
            let namespace = Environment::Pairs(&pairs).metrics_namespace();
            assert_eq!(namespace.ok().as_deref(), taken, "{value}");
        }
    }

    #[test]
    fn the_expiry_of_the_api_key_is_a_number_of_seconds() {
        for (value, seconds) in [
            ("", Ok(None)),
            ("1800000000", Ok(Some(1_800_000_000))),
            ("2027-06-01", Err(())),
            ("-1", Err(())),
            ("18446744073709551615", Err(())),
        ] {
            let pairs = with("API_KEY_EXPIRES", value);
            let expires = Environment::Pairs(&pairs).api_key_expires();
            let expires = expires.map(|at| at.map(Timestamp::as_secs)).map_err(drop);
            assert_eq!(expires, seconds, "{value}");
        }
    }

    #[test]
    fn delivery_is_one_of_three_words() {
        use DeliveryMode::{Auto, Extension, Inline};
        for (value, mode) in [
            ("", Some(Auto)),
            ("auto", Some(Auto)),
            ("extension", Some(Extension)),
            ("inline", Some(Inline)),
            ("Inline", None),
            ("later", None),
        ] {
            let pairs = with("DELIVERY", value);
            assert_eq!(Environment::Pairs(&pairs).delivery().ok(), mode, "{value}");
        }
    }

    #[test]
    fn messages_contain_the_configured_branding() {
        let pairs = [
            MINIMAL,
            &[
                ("APP_NAME", " Ada & Söhne "),
                ("DEFAULT_LOCALE", "pt-BR"),
                ("SMS_DOMAIN", "Example.com"),
                ("SMS_ANDROID_HASH", "FA+9qCX9VSu"),
                ("EMAIL_PREVIEW", "code"),
                ("SUPPORT_CONTACT", "help@example.com"),
            ],
        ]
        .concat();
        let branding = Environment::Pairs(&pairs).policy().unwrap().branding;
        assert_eq!(branding.app_name, AppName::parse("Ada & Söhne").ok());
        assert_eq!(branding.default_locale, Locale::Pt);
        assert_eq!(branding.sms_domain, SmsDomain::parse("example.com").ok());
        assert_eq!(
            branding.sms_android_hash,
            AndroidHash::parse("FA+9qCX9VSu").ok()
        );
        assert_eq!(branding.preview, Preview::Code);
        let support = SupportContact::parse("help@example.com").ok();
        assert_eq!(branding.support, support);
    }

    #[test]
    fn each_setting_of_mail_and_sms_is_read_by_its_own_name() {
        type Reader = fn(&Environment<'_>) -> Result<Option<u8>, ConfigError>;
        let readers: [(&'static Setting, Reader); 5] = [
            (settings::EMAIL_REPLY_TO, |e| e.email_reply_to()),
            (settings::SMS_SENDER_ID, |e| e.sms_sender_id()),
            (settings::SMS_ORIGINATION_NUMBER, |e| {
                e.sms_origination_number()
            }),
            (settings::SMS_ENTITY_ID, |e| e.sms_entity_id()),
            (settings::SMS_TEMPLATE_IDS, |e| e.sms_template_ids()),
        ];
        for (variable, read) in readers {
            for (value, expected) in [
                ("7", Ok(Some(7))),
                ("", Ok(None)),
                ("x", Err(ConfigError::Invalid(variable))),
            ] {
                let pairs = with(variable.name, value);
                assert_eq!(read(&Environment::Pairs(&pairs)), expected);
            }
        }
    }

    #[test]
    fn every_language_is_accepted_as_the_default() {
        for locale in Locale::ALL {
            let Takes::Word(words) = settings::DEFAULT_LOCALE.takes else {
                panic!("a language is a word");
            };
            assert!(words.contains(&locale.tag()), "{locale:?}");
        }
    }

    /// A secret source that is never read.
    #[derive(Debug)]
    struct Unread;

    impl SecretSource for Unread {
        async fn read(&self) -> Result<Secret, PortError> {
            Err(PortError::new("read", "not in this test"))
        }
    }

    fn deployments(
        pairs: &[(&str, &str)],
    ) -> Result<FixedOrRotating<Unread, SystemClock>, ConfigError> {
        Environment::Pairs(pairs).deployments(|_| Unread)
    }

    #[test]
    fn keys_come_from_the_environment_or_a_secret_not_both() {
        let both = with("KEY_RING_SECRET", "latchstring/keys");
        let error = deployments(&both).unwrap_err();
        assert_eq!(error, ConfigError::Invalid(settings::KEY_RING_SECRET));
        let secret: Vec<_> = both
            .into_iter()
            .filter(|(name, _)| *name != "KEY_RING")
            .collect();
        let rotating = deployments(&secret).unwrap();
        assert!(matches!(rotating, FixedOrRotating::Rotating(_)));
    }

    #[test]
    fn flows_are_kept_in_a_table_unless_memory_is_configured() {
        let missing = Environment::Pairs(MINIMAL).store();
        assert_eq!(missing, Err(ConfigError::Missing(settings::TABLE_NAME)));
        for (pairs, choice) in [
            (
                with("TABLE_NAME", "flows"),
                StoreChoice::Table("flows".into()),
            ),
            (with("STORE", "memory"), StoreChoice::Memory),
        ] {
            assert_eq!(Environment::Pairs(&pairs).store(), Ok(choice));
        }
        let pairs = with("STORE", "a file");
        let error = Environment::Pairs(&pairs).store();
        assert_eq!(error, Err(ConfigError::Invalid(settings::STORE)));
    }
}
