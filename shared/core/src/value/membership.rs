//! What a new account gets besides its contact: attributes and groups.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use thiserror::Error;

/// The maximum number of groups, and of attributes.
const MAX: usize = 20;
/// Cognito's maximum length of a group's name, in characters.
const MAX_GROUP_CHARS: usize = 128;
/// Cognito's maximum length of a value, in characters.
const MAX_VALUE_CHARS: usize = 2048;
/// Cognito's maximum length of a custom attribute's name without its prefix, in characters.
const MAX_NAME_CHARS: usize = 20;

/// The standard attributes that sign no one in and say nothing about a contact.
const STANDARD: [&str; 13] = [
    "address",
    "birthdate",
    "family_name",
    "gender",
    "given_name",
    "locale",
    "middle_name",
    "name",
    "nickname",
    "picture",
    "profile",
    "website",
    "zoneinfo",
];

/// The attributes and groups of a new account. Redacted in `Debug`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Membership {
    attributes: BTreeMap<String, String>,
    groups: BTreeSet<String>,
}

/// The reason that attributes and groups are refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MembershipError {
    /// More than 20 attributes, or more than 20 groups.
    #[error("An invitation has at most 20 attributes and 20 groups.")]
    TooMany,
    /// An attribute that is neither a custom one nor of the permitted standard ones.
    #[error(
        "This attribute cannot be set: use a custom attribute, or a standard one that is no contact."
    )]
    Attribute,
    /// A value that is too long, or has control characters.
    #[error("The value of an attribute has more than 2048 characters, or a control character.")]
    Value,
    /// A name that no group can have.
    #[error("The name of a group has 1 to 128 characters, and no white space.")]
    Group,
    /// A group that the pool does not have.
    #[error("The pool has no such group: create it first.")]
    NoSuchGroup,
}

impl Membership {
    /// Creates a membership. Contacts, `sub` and `preferred_username` cannot be set: they sign in.
    ///
    /// # Errors
    /// If a name or a value is not one that Cognito takes, or may decide who signs in.
    pub fn new(
        attributes: BTreeMap<String, String>,
        groups: BTreeSet<String>,
    ) -> Result<Self, MembershipError> {
        if attributes.len() > MAX || groups.len() > MAX {
            return Err(MembershipError::TooMany);
        }
        for (name, value) in &attributes {
            if !is_settable(name) {
                return Err(MembershipError::Attribute);
            }
            if value.chars().count() > MAX_VALUE_CHARS || value.chars().any(char::is_control) {
                return Err(MembershipError::Value);
            }
        }
        if !groups.iter().all(|group| is_group(group)) {
            return Err(MembershipError::Group);
        }
        Ok(Self { attributes, groups })
    }

    /// Adds another membership, whose attributes take precedence.
    #[must_use]
    pub fn with(mut self, other: Self) -> Self {
        self.attributes.extend(other.attributes);
        self.groups.extend(other.groups);
        self
    }

    /// The attributes by their names.
    pub const fn attributes(&self) -> &BTreeMap<String, String> {
        &self.attributes
    }

    /// The names of the groups.
    pub const fn groups(&self) -> &BTreeSet<String> {
        &self.groups
    }
}

fn is_settable(name: &str) -> bool {
    match name.strip_prefix("custom:") {
        Some(custom) => {
            let is_of_a_name = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
            (1..=MAX_NAME_CHARS).contains(&custom.len()) && custom.chars().all(is_of_a_name)
        }
        None => STANDARD.contains(&name),
    }
}

fn is_group(name: &str) -> bool {
    let is_refused = |c: char| c.is_control() || c.is_whitespace();
    (1..=MAX_GROUP_CHARS).contains(&name.chars().count()) && !name.chars().any(is_refused)
}

impl fmt::Debug for Membership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Membership(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &str, value: &str) -> Result<Membership, MembershipError> {
        let attributes = [(name.to_owned(), value.to_owned())].into();
        Membership::new(attributes, BTreeSet::new())
    }

    fn of(group: &str) -> Result<Membership, MembershipError> {
        Membership::new(BTreeMap::new(), [group.to_owned()].into())
    }

    #[test]
    fn an_attribute_that_signs_in_cannot_be_set() {
        for name in [
            "sub",
            "email",
            "email_verified",
            "phone_number",
            "phone_number_verified",
            "preferred_username",
            "cognito:user_status",
            "dev:custom:tier",
            "custom:",
            "custom:a name",
            "custom:longer_than_20_characters",
            "updated_at",
            "",
        ] {
            assert_eq!(with(name, "x"), Err(MembershipError::Attribute), "{name}");
        }
        for name in ["custom:tier", "given_name", "locale"] {
            assert!(with(name, "x").is_ok(), "{name}");
        }
    }

    #[test]
    fn a_value_and_a_group_are_within_the_limits_of_cognito() {
        assert!(with("name", &"ä".repeat(2048)).is_ok());
        for value in [&*"x".repeat(2049), "a\nb"] {
            assert_eq!(with("name", value), Err(MembershipError::Value));
        }
        assert!(of(&"ä".repeat(128)).is_ok());
        for group in [&*"x".repeat(129), "", "a group", "a\u{7}"] {
            assert_eq!(of(group), Err(MembershipError::Group), "{group}");
        }
        let many: BTreeSet<_> = (0..21).map(|number| format!("g{number}")).collect();
        let refused = Membership::new(BTreeMap::new(), many);
        assert_eq!(refused, Err(MembershipError::TooMany));
    }
}
