//! Configuration: read once, at start, from the environment into typed sections. An error names
//! the variable and what it takes, never its value. docs/configuration.md lists [`VARIABLES`]; a
//! test holds the two together.

use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use data_encoding::BASE64;
use latchstring_aws::AwsEnvironment;
use latchstring_core::code::CodeLength;
use latchstring_core::flow::Caller;
use latchstring_core::keys::{Key, KeyId, KeyRing};
use latchstring_core::locale::Locale;
use latchstring_core::message::{AndroidHash, AppName, Branding, SmsDomain};
use latchstring_core::policy::{Budget, Deployment, Policy};
use serde::Deserialize;
use thiserror::Error;

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
    KEY_RING = "KEY_RING", None, "JSON: current, next and previous, each with id and secret";
    STORE = "STORE", None, "memory";
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

#[derive(Deserialize)]
struct RingText {
    current: KeyText,
    next: Option<KeyText>,
    previous: Option<KeyText>,
}

#[derive(Deserialize)]
struct KeyText {
    id: String,
    secret: String,
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

    /// Keys and numbers.
    ///
    /// # Errors
    /// If a variable is missing or out of bounds.
    pub fn deployment(&self) -> Result<Deployment, ConfigError> {
        let digits = self.number(CODE_LENGTH, CodeLength::MIN..=CodeLength::MAX)?;
        let policy = Policy {
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
        };
        Ok(Deployment {
            policy,
            keys: self.keys()?,
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

    /// Checks that flows are to be kept in memory: the only store yet.
    ///
    /// # Errors
    /// If anything else is asked for, or nothing.
    pub fn store_in_memory(&self) -> Result<(), ConfigError> {
        match self.text(STORE)?.as_str() {
            "memory" => Ok(()),
            _ => Err(ConfigError::Invalid(STORE)),
        }
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

    fn keys(&self) -> Result<KeyRing, ConfigError> {
        let invalid = || ConfigError::Invalid(KEY_RING);
        let ring: RingText = serde_json::from_str(&self.text(KEY_RING)?).map_err(|_| invalid())?;
        let key = |text: KeyText| {
            let id = KeyId::parse(&text.id).map_err(|_| invalid())?;
            let secret = BASE64
                .decode(text.secret.as_bytes())
                .map_err(|_| invalid())?;
            Key::new(id, &secret).map_err(|_| invalid())
        };
        let next = ring.next.map(key).transpose()?;
        let previous = ring.previous.map(key).transpose()?;
        KeyRing::new(key(ring.current)?, next, previous).map_err(|_| invalid())
    }
}

#[cfg(test)]
mod tests {
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
        let Deployment { policy, keys } = environment.deployment().unwrap();
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
            let error = environment
                .deployment()
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
            let error = Environment::Pairs(&pairs).deployment().unwrap_err();
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
        let branding = Environment::Pairs(&pairs)
            .deployment()
            .unwrap()
            .policy
            .branding;
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

    #[test]
    fn a_store_must_be_chosen() {
        assert!(Environment::Pairs(LEAST).store_in_memory().is_err());
        let pairs = with("STORE", "memory");
        assert!(Environment::Pairs(&pairs).store_in_memory().is_ok());
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
