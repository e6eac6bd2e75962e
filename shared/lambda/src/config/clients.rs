//! The settings of single app clients (`CLIENTS`), and the texts of messages (`MESSAGES_FILE`).

use std::collections::{BTreeMap, BTreeSet};
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
            return match has_domains {
                true => Err(ConfigError::Clients("admission")),
                false => Ok(None),
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
        match admission.is_consistent() {
            true => Ok(Some(admission)),
            false => Err(ConfigError::Clients("admission")),
        }
    }
}

impl Environment<'_> {
    /// Returns the settings of each client that has its own.
    fn client_settings(&self) -> Result<BTreeMap<String, ClientSettings>, ConfigError> {
        let clients: Option<BTreeMap<String, ClientSettings>> =
            self.optional(settings::CLIENTS, |text| serde_json::from_str(text))?;
        let clients = clients.unwrap_or_default();
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
        let served = self.clients()?;
        let own = self.client_settings()?;
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
    /// It is no JSON of tenants, languages, kinds and parts, or it names a member twice.
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
