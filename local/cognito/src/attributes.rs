//! User attributes: which there are, what they may hold, and what a change of one does to another.

use std::collections::{BTreeMap, BTreeSet};

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

/// An attribute that, once verified, finds its user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Alias {
    Email,
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

    pub(crate) fn verified_attribute(self) -> &'static str {
        match self {
            Self::Email => "email_verified",
            Self::PhoneNumber => "phone_number_verified",
        }
    }
}

/// Cognito keeps a flag as it was written: real events show `True`.
pub(crate) fn is_true(flag: &str) -> bool {
    flag.eq_ignore_ascii_case("true")
}

/// What stands in the pool's schema.
pub(crate) struct Schema<'a> {
    pub(crate) custom: &'a BTreeSet<String>,
}

impl Schema<'_> {
    pub(crate) fn has(&self, name: &str) -> bool {
        STANDARD.contains(&name)
            || name
                .strip_prefix("custom:")
                .is_some_and(|name| self.custom.contains(name))
    }

    /// `current` after the request's `changes`: a blank value removes an attribute, and an address
    /// that changes is not verified unless the same request says so.
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
            let said = changes
                .iter()
                .any(|change| change.name == alias.verified_attribute());
            let flag = result
                .get(alias.verified_attribute())
                .is_some_and(|flag| is_true(flag));
            match result.get(alias.attribute()) {
                None if said && flag => {
                    return Err(ApiError::invalid_parameter(format!(
                        "{} is required to set {} to true.",
                        alias.attribute(),
                        alias.verified_attribute()
                    )));
                }
                None => {
                    result.remove(alias.verified_attribute());
                }
                Some(value) if !said && current.get(alias.attribute()) != Some(value) => {
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

/// Shaped like an address: one `@`, something on both sides, a dot within the domain.
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

/// E.164: `+` and up to 15 digits.
pub(crate) fn is_phone_number(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (1..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}
