//! User attributes: their names, their permitted values, and the effect of a change on other
//! attributes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::error::{ApiError, ApiResult};
use crate::input::Attribute;

/// The attributes every pool has.
pub(crate) const STANDARD: [&str; 20] = [
    "address",
    "birthdate",
    "email",
    "email_verified",
    "family_name",
    "gender",
    "given_name",
    "locale",
    "middle_name",
    "name",
    "nickname",
    "phone_number",
    "phone_number_verified",
    "picture",
    "preferred_username",
    "profile",
    "sub",
    "updated_at",
    "website",
    "zoneinfo",
];

/// A sign-in attribute: an alias, which finds its user once it is verified, or a username attribute,
/// which finds its user at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Alias {
    /// `email`
    Email,
    /// `phone_number`
    PhoneNumber,
}

impl Alias {
    pub(crate) const ALL: [Self; 2] = [Self::Email, Self::PhoneNumber];

    pub(crate) fn attribute(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::PhoneNumber => "phone_number",
        }
    }

    /// Returns whether a text has the shape of the attribute.
    pub(crate) fn fits(self, text: &str) -> bool {
        match self {
            Self::Email => is_email(text),
            Self::PhoneNumber => is_phone_number(text),
        }
    }

    pub(crate) fn verified_attribute(self) -> &'static str {
        match self {
            Self::Email => "email_verified",
            Self::PhoneNumber => "phone_number_verified",
        }
    }
}

/// Reads a flag. Cognito keeps it as it was written: real events show `True`.
pub(crate) fn is_true(flag: &str) -> bool {
    flag.eq_ignore_ascii_case("true")
}

/// The attributes of the pool's schema.
pub(crate) struct Schema<'a> {
    pub(crate) custom: &'a BTreeSet<String>,
    pub(crate) required: &'a BTreeSet<String>,
}

impl Schema<'_> {
    pub(crate) fn has(&self, name: &str) -> bool {
        STANDARD.contains(&name)
            || name
                .strip_prefix("custom:")
                .is_some_and(|name| self.custom.contains(name))
    }

    /// Returns the attributes of a new user. AWS has a text of its own for names that the schema does
    /// not have: all of them, where a change of attributes names one.
    pub(crate) fn create(&self, attributes: &[Attribute]) -> ApiResult<BTreeMap<String, String>> {
        let unknown = attributes.iter().filter(|it| !self.has(&it.name));
        let texts: Vec<String> = unknown
            .map(|it| format!("{}: Attribute does not exist in the schema.\n", it.name))
            .collect();
        if !texts.is_empty() {
            return Err(ApiError::invalid_parameter(format!(
                "Attributes did not conform to the schema: {}",
                texts.concat()
            )));
        }
        self.apply(&BTreeMap::new(), attributes)
    }

    /// Returns the attributes of a user who signs up, who must have the required ones. An
    /// administrator may leave them out.
    pub(crate) fn sign_up(&self, attributes: &[Attribute]) -> ApiResult<BTreeMap<String, String>> {
        let created = self.create(attributes)?;
        let missing = self
            .required
            .iter()
            .find(|name| !created.contains_key(*name));
        match missing {
            None => Ok(created),
            Some(name) => Err(ApiError::invalid_parameter(format!(
                "Attributes did not conform to the schema: {name}: The attribute is required\n"
            ))),
        }
    }

    /// Returns `current` with the request's `changes`. A blank value removes an attribute. An
    /// address that changes becomes unverified unless the same request verifies it.
    pub(crate) fn apply(
        &self,
        current: &BTreeMap<String, String>,
        changes: &[Attribute],
    ) -> ApiResult<BTreeMap<String, String>> {
        let mut result = current.clone();
        for change in changes {
            self.check(change)?;
            if change.value.is_empty() {
                result.remove(&change.name);
            } else {
                result.insert(change.name.clone(), change.value.clone());
            }
        }
        for alias in Alias::ALL {
            let explicit = changes
                .iter()
                .any(|change| change.name == alias.verified_attribute());
            let flag = result
                .get(alias.verified_attribute())
                .is_some_and(|flag| is_true(flag));
            match result.get(alias.attribute()) {
                None if explicit && flag => {
                    return Err(ApiError::invalid_parameter(format!(
                        "{} is required to set {} to true.",
                        alias.attribute(),
                        alias.verified_attribute()
                    )));
                }
                None => {
                    result.remove(alias.verified_attribute());
                }
                Some(value) if !explicit && current.get(alias.attribute()) != Some(value) => {
                    result.insert(alias.verified_attribute().to_owned(), "false".to_owned());
                }
                Some(_) => {}
            }
        }
        Ok(result)
    }

    fn check(&self, change: &Attribute) -> ApiResult<()> {
        let Attribute { name, value } = change;
        if !self.has(name) {
            return Err(ApiError::invalid_parameter(format!(
                "user.{name}: Attribute does not exist in the schema.\n"
            )));
        }
        match name.as_str() {
            "sub" => Err(ApiError::invalid_parameter(
                "user.sub: Attribute cannot be updated.\n",
            )),
            "email" if !value.is_empty() && !is_email(value) => {
                Err(ApiError::invalid_parameter("Invalid email address format."))
            }
            "phone_number" if !value.is_empty() && !is_phone_number(value) => {
                Err(ApiError::invalid_parameter("Invalid phone number format."))
            }
            "email_verified" | "phone_number_verified"
                if !value.is_empty() && !is_true(value) && !value.eq_ignore_ascii_case("false") =>
            {
                Err(ApiError::invalid_parameter(format!(
                    "user.{name}: Value must be true or false.\n"
                )))
            }
            _ => Ok(()),
        }
    }
}

/// Checks the shape of an email address: one `@`, text on both sides, a dot within the domain.
pub(crate) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    !local.is_empty()
        && !domain.contains('@')
        && !text.contains(|c: char| c.is_whitespace() || c.is_control())
        && domain.contains('.')
        && domain.split('.').all(|label| !label.is_empty())
}

/// Checks for E.164: `+` and up to 15 digits.
pub(crate) fn is_phone_number(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (1..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Returns the attribute `identities` of a user of another identity provider.
pub(crate) fn identities(provider: &str, subject: &str) -> String {
    json!([{
        "userId": subject,
        "providerName": provider,
        "providerType": provider,
        "issuer": null,
        "primary": false,
    }])
    .to_string()
}
