//! The settings of single app clients (`CLIENTS`), and the texts of messages (`MESSAGES_FILE`).

use std::collections::{BTreeMap, BTreeSet};
#[cfg(feature = "couriers")]
use std::str::FromStr;
use std::sync::Arc;

use latchstring_core::admission::{Admission, AdmissionRule, Domain};
use latchstring_core::clients::ClientPolicy;
use latchstring_core::locale::Locale;
use latchstring_core::message::{
    AndroidHash, AppName, LinkUrl, SmsDomain, SupportContact, TextError, Texts, texts,
};
use latchstring_core::policy::Policy;
use serde::Deserialize;
use thiserror::Error;

use super::{ConfigError, Environment, settings};

/// The texts of a file that are the deployment's own.
const DEPLOYMENT: &str = "default";

/// The greatest size of a file of texts.
const FILE_BYTES_MAX: u64 = 512 * 1024;

/// The settings of one client, as the setting has them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct ClientSettings {
    app_name: Option<String>,
    default_locale: Option<String>,
    support_contact: Option<String>,
    link_url: Option<String>,
    sms_domain: Option<String>,
    sms_android_hash: Option<String>,
    methods: Option<BTreeSet<Method>>,
    admission: Option<Rule>,
    admitted_domains: Option<Vec<String>>,
    refused_domains: Option<Vec<String>>,
    email_from: Option<String>,
    email_reply_to: Option<String>,
    ses_configuration_set: Option<String>,
    sms_sender_id: Option<String>,
    messages: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "snake_case")]
enum Method {
    Email,
    PhoneNumber,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Rule {
    Open,
    Domains,
    Invited,
    Hook,
}

#[cfg(feature = "couriers")]
/// The sender of one client's mail and SMS. What is missing is the deployment's.
pub(crate) struct ClientSender<M, S> {
    pub(crate) from: Option<M>,
    pub(crate) reply_to: Option<M>,
    pub(crate) configuration_set: Option<String>,
    pub(crate) sender_id: Option<S>,
}

/// Parses a member, if it is set.
fn member<T>(
    name: &'static str,
    text: Option<&String>,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, ConfigError> {
    text.map(|text| parse(text.trim()).ok_or(ConfigError::Clients(name)))
        .transpose()
}

impl ClientSettings {
    fn policy(&self, client: &str, policy: &Policy) -> Result<ClientPolicy, ConfigError> {
        let mut own = ClientPolicy::of(policy);
        let branding = &mut own.branding;
        branding.sender = Some(client.to_owned());
        let app_name = member("appName", self.app_name.as_ref(), |text| {
            AppName::parse(text).ok()
        })?;
        branding.app_name = app_name.or_else(|| branding.app_name.take());
        let locale = |text: &str| {
            let known = Locale::ALL.iter().find(|locale| locale.tag() == text);
            known.copied()
        };
        let default_locale = member("defaultLocale", self.default_locale.as_ref(), locale)?;
        branding.default_locale = default_locale.unwrap_or(branding.default_locale);
        let support = member("supportContact", self.support_contact.as_ref(), |text| {
            SupportContact::parse(text).ok()
        })?;
        branding.support = support.or_else(|| branding.support.take());
        let link_url = member("linkUrl", self.link_url.as_ref(), |text| {
            LinkUrl::parse(text).ok()
        })?;
        branding.link_url = link_url.or_else(|| branding.link_url.take());
        let sms_domain = member("smsDomain", self.sms_domain.as_ref(), |text| {
            SmsDomain::parse(text).ok()
        })?;
        branding.sms_domain = sms_domain.or_else(|| branding.sms_domain.take());
        let hash = member("smsAndroidHash", self.sms_android_hash.as_ref(), |text| {
            AndroidHash::parse(text).ok()
        })?;
        branding.sms_android_hash = hash.or_else(|| branding.sms_android_hash.take());
        if let Some(methods) = &self.methods {
            own.mail = methods.contains(&Method::Email);
            own.sms = methods.contains(&Method::PhoneNumber);
        }
        let sends_sms = !policy.budgets.sms.countries.is_empty();
        if !(own.mail && policy.mail || own.sms && sends_sms) {
            return Err(ConfigError::Clients("methods"));
        }
        own.admission = self.admission()?.unwrap_or(own.admission);
        Ok(own)
    }

    fn admission(&self) -> Result<Option<Admission>, ConfigError> {
        let Some(rule) = self.admission else {
            let has_domains = self.admitted_domains.is_some() || self.refused_domains.is_some();
            return if has_domains {
                Err(ConfigError::Clients("admission"))
            } else {
                Ok(None)
            };
        };
        let domains = |name, listed: &Option<Vec<String>>| {
            let listed = listed.iter().flatten();
            let domains: Option<_> = listed.map(|text| Domain::parse(text)).collect();
            domains.ok_or(ConfigError::Clients(name))
        };
        let admission = Admission {
            rule: match rule {
                Rule::Open => AdmissionRule::Open,
                Rule::Domains => AdmissionRule::Domains,
                Rule::Invited => AdmissionRule::Invited,
                Rule::Hook => AdmissionRule::Hook,
            },
            admitted: domains("admittedDomains", &self.admitted_domains)?,
            refused: domains("refusedDomains", &self.refused_domains)?,
        };
        if admission.is_consistent() {
            Ok(Some(admission))
        } else {
            Err(ConfigError::Clients("admission"))
        }
    }
}

impl Environment<'_> {
    /// Returns the settings of each client that has its own.
    fn client_settings(&self) -> Result<BTreeMap<String, ClientSettings>, ConfigError> {
        let clients: Option<BTreeMap<String, ClientSettings>> =
            self.optional(settings::CLIENTS, |text| serde_json::from_str(text))?;
        let Some(clients) = clients else {
            return Ok(BTreeMap::new());
        };
        let served = self.clients()?;
        if clients.keys().any(|client| !served.contains(client)) {
            return Err(ConfigError::Clients("CLIENT_IDS"));
        }
        Ok(clients)
    }

    /// Returns the policies of clients that have their own.
    pub(super) fn client_policies(
        &self,
        policy: &Policy,
    ) -> Result<BTreeMap<String, ClientPolicy>, ConfigError> {
        let clients = self.client_settings()?.into_iter();
        let own = clients.map(|(client, settings)| {
            let own = settings.policy(&client, policy)?;
            Ok((client, own))
        });
        own.collect()
    }

    /// Returns whether the rule of the deployment, or of a client, is one that `is` accepts.
    pub(super) fn has_rule(&self, is: fn(AdmissionRule) -> bool) -> Result<bool, ConfigError> {
        let own = self.client_settings()?;
        let mut rules = vec![self.admission_rule(settings::ADMISSION)?];
        for client in own.values() {
            rules.extend(client.admission()?.map(|admission| admission.rule));
        }
        Ok(rules.into_iter().any(is))
    }

    /// Returns whether a client other than the first has settings.
    pub(super) fn has_other_client(&self) -> Result<bool, ConfigError> {
        let own = self.client_settings()?;
        if own.is_empty() {
            return Ok(false);
        }
        let served = self.clients()?;
        Ok(own.keys().any(|client| Some(client) != served.first()))
    }

    /// Returns the senders of clients.
    #[cfg(feature = "couriers")]
    pub(crate) fn client_senders<M: FromStr, S: FromStr>(
        &self,
    ) -> Result<BTreeMap<String, ClientSender<M, S>>, ConfigError> {
        let clients = self.client_settings()?.into_iter();
        let senders = clients.map(|(client, own)| {
            let address = |name, text| member(name, text, |text: &str| text.parse().ok());
            let sender = ClientSender {
                from: address("emailFrom", own.email_from.as_ref())?,
                reply_to: address("emailReplyTo", own.email_reply_to.as_ref())?,
                configuration_set: own.ses_configuration_set,
                sender_id: member("smsSenderId", own.sms_sender_id.as_ref(), |text| {
                    text.parse().ok()
                })?,
            };
            Ok((client, sender))
        });
        senders.collect()
    }

    /// Sets the texts of messages, from the file that holds them.
    pub(super) fn set_texts(&self, policy: &mut Policy) -> Result<(), ConfigError> {
        let file: Option<String> = self.optional(settings::MESSAGES_FILE, str::parse)?;
        let own = self.client_settings()?;
        let Some(file) = file else {
            // The functions that send nothing have no file.
            return Ok(());
        };
        let tenants = read(&file).ok_or(ConfigError::Invalid(settings::MESSAGES_FILE))?;
        let mut tenants = messages(&tenants).map_err(|_| ConfigError::Messages)?;
        for (client, settings) in own {
            let named = match &settings.messages {
                Some(named) => Some(tenants.get(named).ok_or(ConfigError::Clients("messages"))?),
                None => tenants.get(DEPLOYMENT),
            };
            if let Some(client) = policy.of_clients.get_mut(&client) {
                client.branding.texts = named.cloned();
            }
        }
        policy.branding.texts = tenants.remove(DEPLOYMENT);
        Ok(())
    }
}

fn read(file: &str) -> Option<String> {
    let size = std::fs::metadata(file).ok()?.len();
    let text = std::fs::read_to_string(file).ok()?;
    (size <= FILE_BYTES_MAX).then_some(text)
}

/// A fault of a file of texts.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MessagesError {
    /// It is no JSON of tenants, languages, kinds and parts.
    #[error("not a JSON object of tenants, languages, kinds and parts: {0}")]
    Form(String),
    /// A text is not accepted.
    #[error("{tenant}.{error}")]
    Text {
        /// The tenant.
        tenant: String,
        /// The place of the text, and its fault.
        error: TextError,
    },
}

type Parts = BTreeMap<String, BTreeMap<String, BTreeMap<String, String>>>;

/// Reads the texts of messages: an object of tenants, whose members are languages, kinds and parts.
///
/// # Errors
/// Every fault of every text.
pub fn messages(file: &str) -> Result<BTreeMap<String, Arc<Texts>>, Vec<MessagesError>> {
    let tenants: BTreeMap<String, Parts> =
        serde_json::from_str(file).map_err(|error| vec![MessagesError::Form(error.to_string())])?;
    let mut faults = Vec::new();
    let mut read = BTreeMap::new();
    for (tenant, languages) in &tenants {
        let languages = languages.iter();
        let given = languages.flat_map(|(language, kinds)| {
            let kinds = kinds.iter();
            kinds.flat_map(move |(kind, parts)| {
                let parts = parts.iter();
                parts.map(move |(part, text)| (&**language, &**kind, &**part, &**text))
            })
        });
        match texts(given) {
            Ok(texts) => {
                read.insert(tenant.clone(), Arc::new(texts));
            }
            Err(found) => faults.extend(found.into_iter().map(|error| MessagesError::Text {
                tenant: tenant.clone(),
                error,
            })),
        }
    }
    if faults.is_empty() {
        Ok(read)
    } else {
        Err(faults)
    }
}

#[cfg(test)]
mod tests {
    use latchstring_core::flow::AppClient;
    use latchstring_core::identifier::Identifier;

    use super::*;

    const RING: &str = r#"{"id": "k1", "secret": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}"#;

    fn pairs<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let least = [
            ("USER_POOL_ID", "eu-west-1_pool"),
            ("CLIENT_IDS", "web,acme"),
            ("KEY_RING", RING),
            ("APP_NAME", "Deployment"),
            ("SMS_DOMAIN", "example.com"),
        ];
        // The first of a name counts.
        more.iter().chain(&least).copied().collect()
    }

    fn policy(more: &[(&str, &str)]) -> Result<Policy, ConfigError> {
        Environment::Pairs(&pairs(more)).policy()
    }

    fn client(id: &str) -> AppClient {
        AppClient::new("eu-west-1_pool", id)
    }

    #[test]
    fn a_client_has_its_own_settings_and_else_the_deployments() {
        let own = r#"{"acme": {"appName": "Acme", "defaultLocale": "de", "supportContact": "help@acme.example",
            "linkUrl": "https://acme.example/", "smsAndroidHash": "FA+9qCX9VSu", "methods": ["email"],
            "admission": "domains", "admittedDomains": ["acme.example"]}}"#;
        let policy = policy(&[("CLIENTS", own)]).unwrap();
        let [web, acme] = ["web", "acme"].map(client);
        let branding = policy.branding_of(&acme);
        assert_eq!(branding.app_name, AppName::parse("Acme").ok());
        assert_eq!(branding.default_locale, Locale::De);
        assert_eq!(
            branding.support,
            SupportContact::parse("help@acme.example").ok()
        );
        assert_eq!(
            branding.link_url,
            LinkUrl::parse("https://acme.example/").ok()
        );
        assert_eq!(
            branding.sms_android_hash,
            AndroidHash::parse("FA+9qCX9VSu").ok()
        );
        assert_eq!(branding.sms_domain, SmsDomain::parse("example.com").ok());
        assert_eq!(branding.sender.as_deref(), Some("acme"));
        assert_eq!(policy.admission_of(&acme).rule, AdmissionRule::Domains);
        let number = Identifier::parse(
            latchstring_core::identifier::Method::PhoneNumber,
            "+14155550132",
        );
        let number = number.unwrap();
        assert!(policy.check_method(&acme, &number).is_err());
        // The other has none.
        assert_eq!(*policy.branding_of(&web), policy.branding);
        assert!(policy.branding.sender.is_none());
        assert!(policy.admission_of(&web).is_open());
        assert!(policy.check_method(&web, &number).is_ok());
        assert_eq!(policy.admissions().count(), 2);
    }

    #[test]
    fn a_member_that_is_not_accepted_is_named_without_its_value() {
        for (own, named) in [
            (
                r#"{"acme": {"appName": "SECRET-SECRET-SECRET-SECRET-SECRET"}}"#,
                "appName",
            ),
            (r#"{"acme": {"defaultLocale": "SECRET"}}"#, "defaultLocale"),
            (
                r#"{"acme": {"supportContact": "SECRET"}}"#,
                "supportContact",
            ),
            (r#"{"acme": {"linkUrl": "http://SECRET"}}"#, "linkUrl"),
            (r#"{"acme": {"smsDomain": "SECRET"}}"#, "smsDomain"),
            (
                r#"{"acme": {"smsAndroidHash": "SECRET"}}"#,
                "smsAndroidHash",
            ),
            (r#"{"acme": {"methods": []}}"#, "methods"),
            (r#"{"acme": {"methods": ["phone_number"]}}"#, "methods"),
            (r#"{"acme": {"admission": "domains"}}"#, "admission"),
            (
                r#"{"acme": {"admittedDomains": ["SECRET.example"]}}"#,
                "admission",
            ),
            (
                r#"{"acme": {"admission": "invited", "refusedDomains": ["SECRET.example"]}}"#,
                "admission",
            ),
            (
                r#"{"acme": {"admission": "domains", "refusedDomains": ["@SECRET"]}}"#,
                "refusedDomains",
            ),
            (r#"{"SECRET": {}}"#, "CLIENT_IDS"),
        ] {
            let error = policy(&[("CLIENTS", own)]).unwrap_err();
            assert_eq!(error, ConfigError::Clients(named), "{own}");
            assert!(!error.to_string().contains("SECRET"));
        }
        for own in [
            "SECRET",
            "[]",
            r#"{"acme": {"SECRET": 1}}"#,
            r#"{"acme": {"admission": "SECRET"}}"#,
            r#"{"acme": {"methods": ["SECRET"]}}"#,
        ] {
            let error = policy(&[("CLIENTS", own)]).unwrap_err();
            assert_eq!(error, ConfigError::Invalid(settings::CLIENTS), "{own}");
        }
        let ids = vec!["c"; 51].join(",");
        let error = policy(&[("CLIENT_IDS", &ids)]).unwrap_err();
        assert_eq!(error, ConfigError::Invalid(settings::CLIENT_IDS));
    }

    #[test]
    fn a_rule_of_a_client_is_one_of_the_deployment() {
        let own = ("CLIENTS", r#"{"acme": {"admission": "hook"}}"#);
        let hook = |more: &[(&str, &str)]| {
            let pairs = pairs(more);
            Environment::Pairs(&pairs).admission_hook()
        };
        assert_eq!(hook(&[own]), Err(ConfigError::AdmissionHook));
        let named = hook(&[own, ("ADMISSION_HOOK", "admit")]);
        assert_eq!(named, Ok(Some("admit".to_owned())));
        let legacy = pairs(&[own, ("LEGACY_POOL", "true"), ("UNDO_HOURS", "0")]);
        let legacy = Environment::Pairs(&legacy).legacy_pool();
        assert_eq!(legacy, Err(ConfigError::AdmissionOfLegacyPool));
    }

    #[test]
    fn session_mode_takes_settings_of_the_first_client_alone() {
        let read = |own: &str| {
            let pairs = pairs(&[
                ("CLIENTS", own),
                ("SESSION_MODE", "on"),
                ("CLIENT_SECRET", "s3cret"),
            ]);
            let mode = Environment::Pairs(&pairs).session_mode(|_| (), |_| ());
            mode.map(|mode| mode.is_some())
        };
        assert_eq!(read(r#"{"web": {"appName": "Web"}}"#), Ok(true));
        let refused = read(r#"{"acme": {"appName": "Acme"}}"#);
        assert_eq!(refused, Err(ConfigError::ClientsOfSessions));
    }

    fn written(name: &str, text: &str) -> std::path::PathBuf {
        let folder = std::env::temp_dir();
        let file = folder.join(format!("latchstring-{}-{name}.json", std::process::id()));
        std::fs::write(&file, text).unwrap();
        file
    }

    fn subjects(tenant: &str) -> String {
        let languages: BTreeMap<_, _> = Locale::ALL
            .iter()
            .map(|locale| {
                let subject = format!("{tenant} {}", locale.tag());
                (
                    locale.tag(),
                    serde_json::json!({ "sign_in_code": { "subject": subject } }),
                )
            })
            .collect();
        serde_json::json!({ tenant: languages }).to_string()
    }

    #[test]
    fn texts_are_those_of_the_tenant_that_a_client_names() {
        let read = |file: &std::path::Path, own: &str| {
            let file = file.to_str().unwrap();
            let pairs = pairs(&[("CLIENTS", own), ("MESSAGES_FILE", file)]);
            let environment = Environment::Pairs(&pairs);
            let mut policy = environment.policy()?;
            environment.set_texts(&mut policy)?;
            Ok::<_, ConfigError>(policy)
        };
        let file = written("texts", &subjects("acme"));
        let policy = read(&file, r#"{"acme": {"messages": "acme"}}"#).unwrap();
        assert!(policy.branding.texts.is_none());
        assert!(policy.branding_of(&client("acme")).texts.is_some());
        let refused = read(&file, r#"{"acme": {"messages": "other"}}"#).unwrap_err();
        assert_eq!(refused, ConfigError::Clients("messages"));
        // That of the deployment is also of a client that names none.
        let file = written("default", &subjects("default"));
        let policy = read(&file, r#"{"acme": {"appName": "Acme"}}"#).unwrap();
        assert!(policy.branding.texts.is_some());
        assert_eq!(
            policy.branding_of(&client("acme")).texts,
            policy.branding.texts
        );
        let file = written(
            "fault",
            r#"{"acme": {"en": {"sign_in_code": {"subject": "x"}}}}"#,
        );
        assert_eq!(read(&file, "{}").unwrap_err(), ConfigError::Messages);
        let nowhere = std::path::Path::new("/nowhere.json");
        let missing = read(nowhere, "{}").unwrap_err();
        assert_eq!(missing, ConfigError::Invalid(settings::MESSAGES_FILE));
    }

    #[test]
    fn every_fault_of_a_file_of_texts_is_named() {
        let form = messages("[]").unwrap_err();
        assert!(matches!(&form[..], [MessagesError::Form(_)]), "{form:?}");
        let file = r#"{"acme": {"en": {"sign_in_code": {"subject": "{code}"}}}, "b": {"xx": {"y": {"z": ""}}}}"#;
        let faults = messages(file).unwrap_err();
        let texts: Vec<_> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(texts.len(), 7, "{texts:?}");
        assert!(texts[0].starts_with("acme.en.sign_in_code.subject: {code}"));
        assert!(texts[6].starts_with("b.xx.y.z: no language"));
    }
}
