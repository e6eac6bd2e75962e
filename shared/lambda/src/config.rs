//! Configuration: read once, at start, from the environment into typed sections. An error names
//! the variable and what it takes, never its value. docs/configuration.md lists [`VARIABLES`]; a
//! test holds the two together.

use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use latchstring_aws::AwsEnvironment;
use latchstring_core::code::CodeLength;
use latchstring_core::flow::Caller;
use latchstring_core::locale::Locale;
use latchstring_core::message::{AndroidHash, AppName, Branding, SmsDomain};
use latchstring_core::policy::{Budget, Deployment, Policy};
use latchstring_core::ports::Vault;
use thiserror::Error;

use crate::keys::{FixedOrRotating, Rotating, ring};
use crate::system::SystemClock;

/// A variable, as the documentation lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What it is without being set; `None` if it must be set.
    pub default: Option<&'static str>,
    /// What it takes.
    pub takes: &'static str,
}

macro_rules! variables {
    ($($ident:ident = $name:literal, $default:expr, $takes:literal;)*) => {
        $(const $ident: Variable = Variable { name: $name, default: $default, takes: $takes };)*
        /// Every variable that is read.
        pub const VARIABLES: &[Variable] = &[$($ident),*];
    };
}

variables! {
    USER_POOL_ID = "USER_POOL_ID", None, "the user pool's id";
    CLIENT_IDS = "CLIENT_IDS", None, "app client ids, separated by commas";
    KEY_RING = "KEY_RING", Some(""), "JSON: current, next and previous, each with id and secret";
    KEY_RING_SECRET = "KEY_RING_SECRET", Some(""), "the name or ARN of a secret that holds the key ring";
    STORE = "STORE", Some("dynamodb"), "dynamodb or memory";
    TABLE_NAME = "TABLE_NAME", None, "a table's name";
    EMAIL_FROM = "EMAIL_FROM", None, "address, or Name <address>";
    SES_CONFIGURATION_SET = "SES_CONFIGURATION_SET", Some(""), "a configuration set's name";
    SMS_SENDER_ID = "SMS_SENDER_ID", Some(""), "3 to 11 letters and digits";
    SMS_ORIGINATION_NUMBER = "SMS_ORIGINATION_NUMBER", Some(""), "5 to 15 digits, with or without +";
    LEGACY_POOL = "LEGACY_POOL", Some("false"), "true or false";
    CODE_LENGTH = "CODE_LENGTH", Some("6"), "6 to 10 digits";
    CODE_ATTEMPTS = "CODE_ATTEMPTS", Some("3"), "1 to 5 answers";
    CODE_SECONDS = "CODE_SECONDS", Some("300"), "60 to 600 seconds";
    RESEND_SECONDS = "RESEND_SECONDS", Some("30"), "15 to 300 seconds";
    RESENDS = "RESENDS", Some("2"), "0 to 5 sends";
    TICKET_SECONDS = "TICKET_SECONDS", Some("60"), "15 to 300 seconds";
    PROOF_SECONDS = "PROOF_SECONDS", Some("180"), "30 to 600 seconds";
    PENDING_SECONDS = "PENDING_SECONDS", Some("3600"), "600 to 86400 seconds";
    FRESH_SECONDS = "FRESH_SECONDS", Some("600"), "60 to 86400 seconds";
    CODES_PER_MINUTE = "CODES_PER_MINUTE", Some("2"), "1 to 1000 codes";
    CODES_PER_HOUR = "CODES_PER_HOUR", Some("5"), "1 to 10000 codes";
    CODES_PER_DAY = "CODES_PER_DAY", Some("10"), "1 to 100000 codes";
    APP_NAME = "APP_NAME", Some(""), "a name of 1 to 30 characters";
    DEFAULT_LOCALE = "DEFAULT_LOCALE", Some("en"), "en, fr, de, es, pt or ja";
    SMS_DOMAIN = "SMS_DOMAIN", Some(""), "a domain of up to 40 characters";
    SMS_ANDROID_HASH = "SMS_ANDROID_HASH", Some(""), "11 characters of base64";
    LOG_LEVEL = "LOG_LEVEL", Some("info"), "error, warn, info or debug";
    AWS_REGION = "AWS_REGION", None, "the region; Lambda sets it";
    AWS_ACCESS_KEY_ID = "AWS_ACCESS_KEY_ID", None, "credentials; Lambda sets them";
    AWS_SECRET_ACCESS_KEY = "AWS_SECRET_ACCESS_KEY", None, "credentials; Lambda sets them";
    AWS_SESSION_TOKEN = "AWS_SESSION_TOKEN", Some(""), "credentials; Lambda sets them";
    AWS_ENDPOINT_URL = "AWS_ENDPOINT_URL", Some(""), "an emulator's URL instead of AWS";
}

/// What is wrong with the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ConfigError {
    /// A variable that has no default is not set.
    #[error("{} is not set; it takes {}", .0.name, .0.takes)]
    Missing(Variable),
    /// A variable does not hold what it takes.
    #[error("{} is set to something that it does not take; it takes {}", .0.name, .0.takes)]
    Invalid(Variable),
}

/// Where variables are read from.
#[derive(Clone, Copy)]
pub enum Environment<'a> {
    /// The process's own.
    Process,
    /// A list of names and values.
    Pairs(&'a [(&'a str, &'a str)]),
}

/// Where flows are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreChoice {
    /// In this process, and nothing is delivered beyond it: to try a function by itself.
    Memory,
    /// In the table of that name.
    Table(String),
}

impl Environment<'_> {
    fn read(&self, wanted: &str) -> Option<String> {
        match self {
            Self::Process => std::env::var(wanted).ok(),
            Self::Pairs(pairs) => pairs
                .iter()
                .find(|(name, _)| *name == wanted)
                .map(|(_, value)| (*value).to_owned()),
        }
    }

    /// The log level.
    ///
    /// # Errors
    /// If it is none.
    pub fn log_level(&self) -> Result<String, ConfigError> {
        let level = self.text(LOG_LEVEL)?;
        if ["error", "warn", "info", "debug"].contains(&level.as_str()) {
            Ok(level)
        } else {
            Err(ConfigError::Invalid(LOG_LEVEL))
        }
    }

    /// Settings, and where the keys come from: `KEY_RING`, or a vault that `open` makes of
    /// `KEY_RING_SECRET`.
    ///
    /// # Errors
    /// If a variable is missing or out of bounds, or not exactly one of the two is set.
    pub fn deployments<V: Vault>(
        &self,
        open: impl FnOnce(String) -> V,
    ) -> Result<FixedOrRotating<V, SystemClock>, ConfigError> {
        let policy = self.policy()?;
        let keys = self.optional(KEY_RING, |text| ring(text).ok_or(()))?;
        let secret = self.optional(KEY_RING_SECRET, str::parse)?;
        match (keys, secret) {
            (Some(keys), None) => Ok(FixedOrRotating::Fixed(Deployment { policy, keys })),
            (None, Some(secret)) => {
                let rotating = Rotating::new(policy, open(secret), SystemClock);
                Ok(FixedOrRotating::Rotating(rotating))
            }
            (Some(_), Some(_)) => Err(ConfigError::Invalid(KEY_RING_SECRET)),
            (None, None) => Err(ConfigError::Missing(KEY_RING_SECRET)),
        }
    }

    /// The settings.
    ///
    /// # Errors
    /// If a variable is missing or out of bounds.
    pub fn policy(&self) -> Result<Policy, ConfigError> {
        let digits = self.number(CODE_LENGTH, CodeLength::MIN..=CodeLength::MAX)?;
        Ok(Policy {
            clients: self.clients()?,
            code_length: CodeLength::new(digits).ok_or(ConfigError::Invalid(CODE_LENGTH))?,
            attempts: self.number(CODE_ATTEMPTS, 1..=5)?,
            code_life: self.seconds(CODE_SECONDS, 60..=600)?,
            resend_after: self.seconds(RESEND_SECONDS, 15..=300)?,
            resends: self.number(RESENDS, 0..=5)?,
            ticket_life: self.seconds(TICKET_SECONDS, 15..=300)?,
            proof_life: self.seconds(PROOF_SECONDS, 30..=600)?,
            pending_life: self.seconds(PENDING_SECONDS, 600..=86_400)?,
            fresh_for: self.seconds(FRESH_SECONDS, 60..=86_400)?,
            budget: Budget {
                per_minute: self.number(CODES_PER_MINUTE, 1..=1000)?,
                per_hour: self.number(CODES_PER_HOUR, 1..=10_000)?,
                per_day: self.number(CODES_PER_DAY, 1..=100_000)?,
            },
            branding: self.branding()?,
        })
    }

    fn branding(&self) -> Result<Branding, ConfigError> {
        Ok(Branding {
            app_name: self.optional(APP_NAME, AppName::parse)?,
            default_locale: Locale::parse(&self.text(DEFAULT_LOCALE)?)
                .ok_or(ConfigError::Invalid(DEFAULT_LOCALE))?,
            sms_domain: self.optional(SMS_DOMAIN, SmsDomain::parse)?,
            sms_android_hash: self.optional(SMS_ANDROID_HASH, AndroidHash::parse)?,
        })
    }

    /// The pool and client that sign-in opens sessions for: the first of `CLIENT_IDS`.
    ///
    /// # Errors
    /// If a variable is missing.
    pub fn caller(&self) -> Result<Caller, ConfigError> {
        let client = self.clients()?.swap_remove(0);
        Ok(Caller::new(self.user_pool()?, client))
    }

    /// The user pool's id.
    ///
    /// # Errors
    /// If it is missing.
    pub fn user_pool(&self) -> Result<String, ConfigError> {
        self.text(USER_POOL_ID)
    }

    /// Whether the pool reports missing users.
    ///
    /// # Errors
    /// If the variable is neither `true` nor `false`.
    pub fn legacy_pool(&self) -> Result<bool, ConfigError> {
        self.parsed(LEGACY_POOL)
    }

    /// Where flows are kept.
    ///
    /// # Errors
    /// If it is no store, or the table's name is missing.
    pub fn store(&self) -> Result<StoreChoice, ConfigError> {
        match self.text(STORE)?.as_str() {
            "memory" => Ok(StoreChoice::Memory),
            "dynamodb" => Ok(StoreChoice::Table(self.text(TABLE_NAME)?)),
            _ => Err(ConfigError::Invalid(STORE)),
        }
    }

    /// Who mail is from.
    ///
    /// # Errors
    /// If it is missing or no sender.
    pub fn email_from<T: FromStr>(&self) -> Result<T, ConfigError> {
        self.parsed(EMAIL_FROM)
    }

    /// What SES does with mail, by the name of a configuration set.
    ///
    /// # Errors
    /// Never: any name may be one.
    pub fn ses_configuration_set(&self) -> Result<Option<String>, ConfigError> {
        self.optional(SES_CONFIGURATION_SET, str::parse)
    }

    /// The name that phones show.
    ///
    /// # Errors
    /// If it is none.
    pub fn sms_sender_id<T: FromStr>(&self) -> Result<Option<T>, ConfigError> {
        self.optional(SMS_SENDER_ID, str::parse)
    }

    /// The number that SMS are from.
    ///
    /// # Errors
    /// If it is none.
    pub fn sms_origination_number<T: FromStr>(&self) -> Result<Option<T>, ConfigError> {
        self.optional(SMS_ORIGINATION_NUMBER, str::parse)
    }

    /// Where AWS is and who we are.
    ///
    /// # Errors
    /// If a variable is missing.
    pub fn aws(&self) -> Result<AwsEnvironment, ConfigError> {
        Ok(AwsEnvironment {
            region: self.text(AWS_REGION)?,
            access_key_id: self.text(AWS_ACCESS_KEY_ID)?,
            secret_access_key: self.text(AWS_SECRET_ACCESS_KEY)?,
            session_token: self.optional(AWS_SESSION_TOKEN, str::parse)?,
            endpoint_url: self.optional(AWS_ENDPOINT_URL, str::parse)?,
        })
    }

    /// Set and not empty, or the default.
    fn text(&self, variable: Variable) -> Result<String, ConfigError> {
        self.read(variable.name)
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty())
            .or_else(|| variable.default.map(str::to_owned))
            .ok_or(ConfigError::Missing(variable))
    }

    /// What is parsed if it is set.
    fn optional<T, E>(
        &self,
        variable: Variable,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, ConfigError> {
        match &*self.text(variable)? {
            "" => Ok(None),
            text => parse(text)
                .map(Some)
                .map_err(|_| ConfigError::Invalid(variable)),
        }
    }

    fn parsed<T: FromStr>(&self, variable: Variable) -> Result<T, ConfigError> {
        self.text(variable)?
            .parse()
            .map_err(|_| ConfigError::Invalid(variable))
    }

    fn number<T: FromStr + PartialOrd>(
        &self,
        variable: Variable,
        bounds: RangeInclusive<T>,
    ) -> Result<T, ConfigError> {
        let number = self.parsed(variable)?;
        if bounds.contains(&number) {
            Ok(number)
        } else {
            Err(ConfigError::Invalid(variable))
        }
    }

    fn seconds(
        &self,
        variable: Variable,
        bounds: RangeInclusive<u64>,
    ) -> Result<Duration, ConfigError> {
        self.number(variable, bounds).map(Duration::from_secs)
    }

    fn clients(&self) -> Result<Vec<String>, ConfigError> {
        let clients: Vec<String> = self
            .text(CLIENT_IDS)?
            .split(',')
            .map(|client| client.trim().to_owned())
            .collect();
        if clients.iter().any(String::is_empty) {
            return Err(ConfigError::Invalid(CLIENT_IDS));
        }
        Ok(clients)
    }
}

#[cfg(test)]
mod tests {
    use latchstring_core::ports::Fault;
    use latchstring_core::secret::Secret;

    use super::*;

    const RING: &str = r#"{"current": {"id": "k2", "secret": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="},
        "previous": {"id": "k1", "secret": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}}"#;
    const LEAST: &[(&str, &str)] = &[
        ("USER_POOL_ID", "eu-west-1_pool"),
        ("CLIENT_IDS", "web, app"),
        ("KEY_RING", RING),
    ];

    fn with<'a>(name: &'a str, value: &'a str) -> Vec<(&'a str, &'a str)> {
        let mut pairs = vec![(name, value)];
        pairs.extend_from_slice(LEAST);
        pairs
    }

    #[test]
    fn the_least_configuration_gives_the_defaults() {
        let environment = Environment::Pairs(LEAST);
        let FixedOrRotating::Fixed(Deployment { policy, keys }) = deployments(LEAST).unwrap()
        else {
            panic!("the keys are there");
        };
        let defaults = Policy::for_clients(vec!["web".into(), "app".into()]);
        assert_eq!(format!("{policy:?}"), format!("{defaults:?}"));
        assert_eq!(keys.current().id().as_str(), "k2");
        assert!(keys.find("k1").is_some());
        assert_eq!(
            environment.caller().unwrap(),
            Caller::new("eu-west-1_pool", "web")
        );
        assert!(!environment.legacy_pool().unwrap());
        assert_eq!(environment.log_level().unwrap(), "info");
    }

    #[test]
    fn what_is_missing_is_named() {
        for (name, _) in LEAST {
            let rest: Vec<_> = LEAST.iter().copied().filter(|(n, _)| n != name).collect();
            let environment = Environment::Pairs(&rest);
            let error = deployments(&rest)
                .map(|_| ())
                .and(environment.caller().map(|_| ()))
                .unwrap_err();
            assert!(error.to_string().starts_with(name), "{error}");
        }
    }

    #[test]
    fn what_is_out_of_bounds_is_named_and_not_repeated() {
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
            ("APP_NAME", "a secret-secret name of 31 chars"),
            ("APP_NAME", "two\nlines"),
            ("DEFAULT_LOCALE", "tlh"),
            ("SMS_DOMAIN", "https://example.com"),
            ("SMS_ANDROID_HASH", "short"),
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

    #[test]
    fn a_flag_is_true_or_false_and_a_level_a_level() {
        for (value, flag) in [("true", Some(true)), ("false", Some(false)), ("yes", None)] {
            let pairs = with("LEGACY_POOL", value);
            assert_eq!(Environment::Pairs(&pairs).legacy_pool().ok(), flag);
        }
        let pairs = with("LOG_LEVEL", "loud");
        assert!(Environment::Pairs(&pairs).log_level().is_err());
    }

    #[test]
    fn messages_bear_what_is_configured() {
        let pairs = [
            LEAST,
            &[
                ("APP_NAME", " Ada & Söhne "),
                ("DEFAULT_LOCALE", "pt-BR"),
                ("SMS_DOMAIN", "Example.com"),
                ("SMS_ANDROID_HASH", "FA+9qCX9VSu"),
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
    }

    #[test]
    fn every_language_is_taken_as_the_default() {
        for locale in Locale::ALL {
            assert!(DEFAULT_LOCALE.takes.contains(locale.tag()), "{locale:?}");
        }
    }

    /// A vault that is never read.
    #[derive(Debug)]
    struct Unread;

    impl Vault for Unread {
        async fn read(&self) -> Result<Secret, Fault> {
            Err(Fault::new("read", "not in this test"))
        }
    }

    fn deployments(
        pairs: &[(&str, &str)],
    ) -> Result<FixedOrRotating<Unread, SystemClock>, ConfigError> {
        Environment::Pairs(pairs).deployments(|_| Unread)
    }

    #[test]
    fn keys_come_from_the_environment_or_from_a_secret_and_not_from_both() {
        let both = with("KEY_RING_SECRET", "latchstring/keys");
        let error = deployments(&both).unwrap_err();
        assert_eq!(error, ConfigError::Invalid(KEY_RING_SECRET));
        let secret: Vec<_> = both
            .into_iter()
            .filter(|(name, _)| *name != "KEY_RING")
            .collect();
        let rotating = deployments(&secret).unwrap();
        assert!(matches!(rotating, FixedOrRotating::Rotating(_)));
    }

    #[test]
    fn flows_are_kept_in_a_table_unless_memory_is_asked_for() {
        let missing = Environment::Pairs(LEAST).store();
        assert_eq!(missing, Err(ConfigError::Missing(TABLE_NAME)));
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
        assert_eq!(error, Err(ConfigError::Invalid(STORE)));
    }

    #[test]
    fn the_documentation_lists_every_variable_with_its_default_and_bounds() {
        let documentation = include_str!("../../../docs/configuration.md");
        let listed: Vec<&str> = documentation
            .lines()
            .filter(|line| line.starts_with("| `"))
            .collect();
        for Variable {
            name,
            default,
            takes,
        } in VARIABLES
        {
            let row = format!("| `{name}` |");
            let row = listed
                .iter()
                .find(|line| line.starts_with(&row))
                .unwrap_or_else(|| panic!("docs/configuration.md does not list {name}"));
            let default = match default {
                None => "must be set".to_owned(),
                Some("") => "not set".to_owned(),
                Some(default) => format!("`{default}`"),
            };
            assert!(row.contains(&format!("| {default} | {takes} |")), "{row}");
        }
        assert_eq!(listed.len(), VARIABLES.len(), "a row for each and no other");
    }
}
