//! What the user pool says about a person.

use std::fmt;

use crate::identifier::{Identifier, Method};

/// The attributes of a user that decide anything. Redacted in `Debug`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Attributes {
    sub: String,
    status: String,
    email: Contact,
    phone_number: Contact,
}

#[derive(Clone, Default, PartialEq, Eq)]
struct Contact {
    value: String,
    verified: bool,
}

impl Attributes {
    /// Reads Cognito's names and values. Others are left out; a contact counts as verified only
    /// for the word `true`, which real events also spell `True`.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut attributes = Self::default();
        for (name, value) in pairs {
            match name {
                "sub" => value.clone_into(&mut attributes.sub),
                "cognito:user_status" => value.clone_into(&mut attributes.status),
                "email" => value.clone_into(&mut attributes.email.value),
                "phone_number" => value.clone_into(&mut attributes.phone_number.value),
                "email_verified" => attributes.email.verified = is_true(value),
                "phone_number_verified" => attributes.phone_number.verified = is_true(value),
                _ => {}
            }
        }
        attributes
    }

    /// The same with the user's status, where it comes beside the attributes.
    #[must_use]
    pub fn with_status(mut self, status: &str) -> Self {
        status.clone_into(&mut self.status);
        self
    }

    /// The account's immutable id; empty if Cognito gave none.
    pub fn sub(&self) -> &str {
        &self.sub
    }

    /// Whether this identifier is on the account and verified.
    pub fn holds(&self, identifier: &Identifier) -> bool {
        let contact = match identifier.method() {
            Method::Email => &self.email,
            Method::PhoneNumber => &self.phone_number,
        };
        contact.verified
            && Identifier::parse(identifier.method(), &contact.value)
                .is_ok_and(|held| held == *identifier)
    }

    /// Whether the account was created but never got its password: a creation that stopped half
    /// way. Nobody has signed in to it yet.
    pub fn is_half_created(&self) -> bool {
        self.status == "FORCE_CHANGE_PASSWORD"
    }
}

fn is_true(value: &str) -> bool {
    value.eq_ignore_ascii_case("true")
}

impl fmt::Debug for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Attributes(…)")
    }
}

/// A user as the directory reads it. Redacted in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// The pool's immutable username.
    pub username: String,
    /// False for a user that an administrator disabled.
    pub enabled: bool,
    /// The user's attributes.
    pub attributes: Attributes,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Account(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(email: &str, verified: &str) -> Attributes {
        Attributes::from_pairs([("sub", "s"), ("email", email), ("email_verified", verified)])
    }

    #[test]
    fn a_contact_counts_only_when_it_is_verified() {
        let ada = Identifier::parse(Method::Email, "ada@example.com").unwrap();
        for (verified, counts) in [
            ("true", true),
            ("True", true),
            ("false", false),
            ("", false),
            ("yes", false),
            ("1", false),
        ] {
            assert_eq!(
                with("ada@example.com", verified).holds(&ada),
                counts,
                "{verified}"
            );
        }
        let unverified = Attributes::from_pairs([("email", "ada@example.com")]);
        assert!(!unverified.holds(&ada));
    }

    #[test]
    fn the_pool_may_spell_a_contact_differently() {
        let ada = Identifier::parse(Method::Email, "ada@example.com").unwrap();
        assert!(with("Ada@Example.com", "true").holds(&ada));
        assert!(!with("adb@example.com", "true").holds(&ada));
        assert!(!with("", "true").holds(&ada));
    }

    #[test]
    fn a_number_in_the_email_attribute_is_not_held() {
        let number = Identifier::parse(Method::PhoneNumber, "+14155550132").unwrap();
        assert!(!with("+14155550132", "true").holds(&number));
    }
}
