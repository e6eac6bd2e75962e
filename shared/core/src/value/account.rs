//! Accounts as the user pool describes them.

use std::fmt;

use thiserror::Error;

use super::identifier::{Identifier, Method, PhoneRules};
use crate::value::locale::Locale;
use crate::value::unicode::is_invisible;

/// Cognito's `sub`: the immutable id of an account. Redacted in `Debug`.
///
/// It is a random number, so a store may hold it in the clear, independent of the keys.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sub(String);

impl Sub {
    /// Creates an id from Cognito's text.
    pub fn new(sub: impl Into<String>) -> Self {
        Self(sub.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether Cognito gave no id.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Sub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sub(…)")
    }
}

/// The attributes of a user that decisions depend on. Redacted in `Debug`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Attributes {
    sub: Sub,
    status: String,
    is_linked: bool,
    locale: Option<Locale>,
    email: Contact,
    phone_number: Contact,
}

#[derive(Clone, Default, PartialEq, Eq)]
struct Contact {
    value: String,
    verified: bool,
}

impl Attributes {
    /// Reads the names and values that Cognito sends. Unknown names are left out. A contact counts
    /// as verified only for the word `true`, which real events also spell `True`.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut attributes = Self::default();
        for (name, value) in pairs {
            match name {
                "sub" => attributes.sub = Sub::new(value),
                "cognito:user_status" => value.clone_into(&mut attributes.status),
                "identities" => attributes.is_linked = !value.is_empty(),
                "locale" => attributes.locale = Locale::parse(value),
                "email" => value.clone_into(&mut attributes.email.value),
                "phone_number" => value.clone_into(&mut attributes.phone_number.value),
                "email_verified" => attributes.email.verified = is_true(value),
                "phone_number_verified" => attributes.phone_number.verified = is_true(value),
                _ => {}
            }
        }
        attributes
    }

    /// Sets the user's status, which some calls return beside the attributes.
    #[must_use]
    pub fn with_status(mut self, status: &str) -> Self {
        status.clone_into(&mut self.status);
        self
    }

    /// Replaces the contact of the identifier's method with this one, verified.
    #[must_use]
    pub fn with_verified(mut self, contact: &Identifier) -> Self {
        let held = Contact {
            value: contact.as_str().to_owned(),
            verified: true,
        };
        match contact.method() {
            Method::Email => self.email = held,
            Method::PhoneNumber => self.phone_number = held,
        }
        self
    }

    /// The account's immutable id; empty if Cognito gave none.
    pub const fn sub(&self) -> &Sub {
        &self.sub
    }

    /// The account's language, if messages are written in it.
    pub const fn locale(&self) -> Option<Locale> {
        self.locale
    }

    /// Returns whether this identifier is on the account and verified.
    ///
    /// A contact in canonical form, as this project writes it, is not parsed. The work of a session
    /// is then equal for a user and for no account.
    pub fn holds(&self, identifier: &Identifier) -> bool {
        let method = identifier.method();
        let contact = self.contact(method);
        contact.verified
            && (contact.value == identifier.as_str()
                || Identifier::stored(method, &contact.value).as_ref() == Ok(identifier))
    }

    /// Returns whether this identifier is on the account, verified or not.
    pub fn has(&self, identifier: &Identifier) -> bool {
        let method = identifier.method();
        Identifier::stored(method, &self.contact(method).value).as_ref() == Ok(identifier)
    }

    /// Returns whether this identifier is on the account, verified or not, in any form that is read
    /// as the identifier.
    pub(crate) fn has_in_any_form(&self, identifier: &Identifier, rules: &PhoneRules) -> bool {
        let method = identifier.method();
        let value = &self.contact(method).value;
        self.has(identifier)
            || Identifier::stored_in_any_form(method, value, rules).as_ref() == Ok(identifier)
    }

    /// The contact of a method as the pool has it, verified or not; empty if there is none.
    pub fn contact_text(&self, method: Method) -> &str {
        &self.contact(method).value
    }

    /// Returns whether the account's contact of a method is verified.
    pub(crate) fn is_verified(&self, method: Method) -> bool {
        self.contact(method).verified
    }

    /// Returns the verified contact of a method, if the account has one.
    pub fn verified(&self, method: Method) -> Option<Identifier> {
        let contact = self.contact(method);
        Identifier::stored(method, &contact.value)
            .ok()
            .filter(|_| contact.verified)
    }

    /// Returns the verified contacts, in the order of [`Method::ALL`].
    pub fn verified_contacts(&self) -> [Option<Identifier>; 2] {
        Method::ALL.map(|method| self.verified(method))
    }

    const fn contact(&self, method: Method) -> &Contact {
        match method {
            Method::Email => &self.email,
            Method::PhoneNumber => &self.phone_number,
        }
    }

    /// Returns whether the account was created but never got its password, because its creation was
    /// interrupted. No sign-in to it has happened yet.
    pub fn is_half_created(&self) -> bool {
        self.status == "FORCE_CHANGE_PASSWORD"
    }

    /// Returns whether the account is the profile that Cognito keeps of a user of another identity
    /// provider. An account of this pool that is linked to such a user is none.
    pub fn is_federated(&self) -> bool {
        self.status == "EXTERNAL_PROVIDER"
    }

    /// Returns whether the account was made by `SignUp` and never confirmed.
    pub fn is_unconfirmed(&self) -> bool {
        self.status == "UNCONFIRMED"
    }

    /// Returns whether a code may sign in to the account, once it is complete.
    pub(crate) fn takes_codes(&self) -> bool {
        !self.is_federated() && !self.is_unconfirmed()
    }

    /// Returns whether users of other identity providers are linked to the account.
    pub(crate) const fn is_linked(&self) -> bool {
        self.is_linked
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

/// A user as the directory returns it. Redacted in `Debug`.
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

/// A user's given name and family name, as they are displayed. Redacted in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Names {
    given: String,
    family: String,
}

/// The reason that a name cannot be displayed. The message never repeats the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NameError {
    /// Nothing but white space.
    #[error("Enter your given name and your family name.")]
    Empty,
    /// Longer than [`Names::MAX_CHARS`].
    #[error("A name can have up to 100 characters.")]
    TooLong,
    /// A control or formatting character.
    #[error("A name cannot have control characters or line breaks.")]
    ControlCharacter,
}

impl Names {
    /// The maximum length of a name in characters.
    pub const MAX_CHARS: usize = 100;

    /// Trims both names and checks their characters and lengths.
    ///
    /// # Errors
    /// If a name is empty, longer than [`Names::MAX_CHARS`], or has a control or formatting
    /// character.
    pub fn parse(given: &str, family: &str) -> Result<Self, NameError> {
        let name = |text: &str| {
            let text = text.trim();
            if text.is_empty() {
                Err(NameError::Empty)
            } else if text.chars().count() > Self::MAX_CHARS {
                Err(NameError::TooLong)
            } else if text.chars().any(|c| is_invisible(c) && !is_joiner(c)) {
                Err(NameError::ControlCharacter)
            } else {
                Ok(text.to_owned())
            }
        };
        Ok(Self {
            given: name(given)?,
            family: name(family)?,
        })
    }

    /// The given name.
    pub fn given(&self) -> &str {
        &self.given
    }

    /// The family name.
    pub fn family(&self) -> &str {
        &self.family
    }
}

/// Returns whether a character is a zero-width joiner or non-joiner, which names in Persian and
/// Indic scripts need.
const fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Names(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_trimmed_and_may_be_in_any_script() {
        let names = Names::parse(" Zoë ", "O’Neill-李").unwrap();
        assert_eq!((names.given(), names.family()), ("Zoë", "O’Neill-李"));
        assert!(Names::parse(&"é".repeat(100), "x").is_ok());
    }

    #[test]
    fn a_refused_name_gets_its_reason() {
        for (given, reason) in [
            ("", NameError::Empty),
            (" \t", NameError::Empty),
            ("A\nB", NameError::ControlCharacter),
            ("A\u{202e}B", NameError::ControlCharacter),
            (&"x".repeat(101), NameError::TooLong),
        ] {
            assert_eq!(Names::parse(given, "L"), Err(reason), "{given:?}");
            assert_eq!(Names::parse("A", given), Err(reason), "{given:?}");
        }
    }

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
