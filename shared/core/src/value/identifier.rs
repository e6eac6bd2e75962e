//! Email addresses and phone numbers, in canonical form from the moment they are parsed.
//!
//! Everything keyed on an identifier (budgets, codes, leases, look-ups) takes an [`Identifier`].
//! Two spellings of one address therefore never count as two.

use std::fmt;

use rlibphonenumber::Region;
use thiserror::Error;

use crate::value::unicode::{Named, is_format};

mod email;
mod phone;
mod plan;

pub use email::Email;
pub use phone::PhoneNumber;
pub use plan::{METADATA, Metadata, NumberKind, NumberKinds, PhoneRanges, PhoneRules};

/// The maximum length of a canonical identifier in bytes: 254, as RFC 5321 limits an address.
pub const MAX_IDENTIFIER_BYTES: usize = 254;

/// The kind of an identifier, named as the Cognito attribute that holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// An email address, in the attribute `email`.
    Email,
    /// A phone number, in the attribute `phone_number`.
    PhoneNumber,
}

impl Method {
    /// Both methods, in the order of the contacts in a device token.
    pub const ALL: [Self; 2] = [Self::Email, Self::PhoneNumber];

    /// The other method.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Email => Self::PhoneNumber,
            Self::PhoneNumber => Self::Email,
        }
    }

    /// The name on the wire and of the Cognito attribute.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::PhoneNumber => "phone_number",
        }
    }

    /// Parses a name that [`Method::as_str`] returns; `None` for any other text.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == text)
    }
}

/// An email address or phone number in canonical form. Redacted in `Debug`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Identifier {
    /// An email address.
    Email(Email),
    /// A phone number.
    PhoneNumber(PhoneNumber),
}

/// The reason that a text is not an identifier. A message names at most one character of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum IdentifierError {
    /// Nothing but white space and invisible characters.
    #[error("Enter an email address or a phone number.")]
    Empty,
    /// Longer than any address or number.
    #[error("This is longer than an email address or phone number can be.")]
    TooLong,
    /// A control or formatting character inside the text, for instance from a paste.
    #[error("This contains an invisible character ({}). Delete it, or type the text by hand.", Named(*.0))]
    InvisibleCharacter(char),
    /// No single `@` between a local part and a domain.
    #[error("An email address has the form name@example.com, with one @.")]
    NotAnEmail,
    /// An address with a display name: `Ada <ada@example.com>`.
    #[error("Enter the email address alone, without a name and without < and >.")]
    DisplayName,
    /// A character in the part before the `@` that mail systems treat differently.
    #[error(
        "The part before the @ cannot contain {}. It may contain letters a-z, digits and some punctuation.",
        Named(*.0)
    )]
    LocalCharacter(char),
    /// A dot at the beginning or the end of the part before the `@`, or two in a row.
    #[error("The part before the @ cannot begin or end with a dot or have two dots in a row.")]
    LocalDots,
    /// More than 64 characters before the `@`.
    #[error("The part before the @ is longer than 64 characters.")]
    LocalTooLong,
    /// A character that a domain name cannot have at its place.
    #[error("The part after the @ contains {}, which a domain name cannot have there.", Named(*.0))]
    DomainCharacter(char),
    /// The part after the `@` is not a public domain name.
    #[error("The part after the @ is not a domain name like example.com.")]
    Domain,
    /// A number without its country code.
    #[error("Start the phone number with + and the country code, for instance +1 415 555 0132.")]
    NoCountryCode,
    /// A character in a number that is neither a digit nor a separator.
    #[error(
        "A phone number cannot contain {}. Use digits, spaces and ( ) . - after the +.",
        Named(*.0)
    )]
    NumberCharacter(char),
    /// A calling code that is not assigned.
    #[error("There is no country code like this. Check the digits after the +.")]
    UnknownCallingCode,
    /// A number with fewer digits than any number of its country.
    #[error("This phone number is too short. Check that no digit is missing.")]
    NumberTooShort,
    /// A number with more digits than any number of its country.
    #[error("This phone number is too long. Check its digits.")]
    NumberTooLong,
    /// A number with a count of digits that no number of its country has.
    #[error("No phone number of this country has this many digits.")]
    NumberLength,
    /// A number in a range that no known numbering plan has opened.
    #[error("No phone number that begins like this is known to be in use. Check its digits.")]
    UnknownRange,
    /// A number in a form that its country no longer uses; the new form in words.
    #[error("This is an old form of the number. Enter the new one: {0}.")]
    OldForm(&'static str),
    /// A number of a kind that receives no codes.
    #[error("Codes are not sent to {0}. Use a mobile number.")]
    Kind(NumberKind),
    /// A number of Argentina in the form of a landline, in a deployment that sends no codes to
    /// landlines.
    #[error(
        "Codes are not sent to a landline. If this is a mobile number, write +54 9 before the area code."
    )]
    ArgentineLandline,
    /// A number of a country that this deployment does not send to.
    #[error("Codes are not sent to phone numbers of this country.")]
    Country,
    /// A number, in a deployment that sends no SMS.
    #[error("Codes are not sent to phone numbers here. Use an email address.")]
    NoSms,
    /// An address, in a deployment that sends no mail.
    #[error("Codes are not sent to email addresses here. Use a phone number.")]
    NoMail,
}

/// A country by its two-letter ISO 3166 code. GB does not include Guernsey, Jersey and the Isle of
/// Man (GG, JE, IM), nor US Puerto Rico (PR): each has its own code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Country([u8; 2]);

/// Every country with phone numbers in the metadata. The list is here because loading the metadata
/// to read a setting would delay each start.
const COUNTRIES: &str = "\
    AC AD AE AF AG AI AL AM AO AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO \
    BQ BR BS BT BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK \
    DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ \
    GR GT GU GW GY HK HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM \
    KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO \
    MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH \
    PK PL PM PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR \
    SS ST SV SX SY SZ TA TC TD TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG US UY UZ VA VC \
    VE VG VI VN VU WF WS XK YE YT ZA ZM ZW";

impl Country {
    /// Parses two capital letters of a country with phone numbers. `UK` is not one: the United
    /// Kingdom is `GB`.
    pub fn parse(code: &str) -> Option<Self> {
        let letters = code.as_bytes().try_into().ok()?;
        COUNTRIES
            .split(' ')
            .any(|known| known == code)
            .then_some(Self(letters))
    }

    /// Returns the country of a region; `None` for services without a country.
    fn of(region: Region) -> Option<Self> {
        let code = region.as_region_str().as_bytes().try_into().ok()?;
        (region != Region::World).then_some(Self(code))
    }

    /// Reads the letters of a stored country, which was checked when it was parsed.
    pub(crate) fn stored(letters: [u8; 2]) -> Option<Self> {
        let is_code = letters.iter().all(u8::is_ascii_uppercase);
        is_code.then_some(Self(letters))
    }

    /// The two letters.
    pub(crate) const fn letters(self) -> [u8; 2] {
        self.0
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl Identifier {
    /// Parses an identifier of a method as a user typed it. Numbers follow the built-in rules.
    ///
    /// # Errors
    /// If the text is not an identifier of that method.
    pub fn parse(method: Method, text: &str) -> Result<Self, IdentifierError> {
        Self::parse_by(method, text, &PhoneRules::default())
    }

    /// Parses an identifier of a method as a user typed it. Numbers follow these rules.
    ///
    /// # Errors
    /// If the text is not an identifier of that method.
    pub fn parse_by(
        method: Method,
        text: &str,
        rules: &PhoneRules,
    ) -> Result<Self, IdentifierError> {
        match method {
            Method::Email => Email::parse(text).map(Self::Email),
            Method::PhoneNumber => PhoneNumber::parse_by(text, rules).map(Self::PhoneNumber),
        }
    }

    /// Reads a stored contact, from the store or from Cognito, in canonical form. An address may have
    /// its domain in Unicode, if all senders of mail read it as the same one.
    ///
    /// # Errors
    /// If the text is not in that form.
    pub fn stored(method: Method, text: &str) -> Result<Self, IdentifierError> {
        match method {
            Method::Email => Email::stored(text).map(Self::Email),
            Method::PhoneNumber => PhoneNumber::stored(text).map(Self::PhoneNumber),
        }
    }

    /// Reads a stored contact, in any form that these rules read as an identifier.
    ///
    /// # Errors
    /// If it is none, or if senders of mail read its domain as different ones.
    pub fn stored_in_any_form(
        method: Method,
        text: &str,
        rules: &PhoneRules,
    ) -> Result<Self, IdentifierError> {
        match method {
            Method::Email => Self::stored(method, text),
            Method::PhoneNumber => Self::parse_by(method, text, rules),
        }
    }

    /// Returns the canonical text, and after it the other texts that a pool may hold and that these
    /// rules read as this identifier: a domain in Unicode, a trunk zero, the old form of a number.
    pub fn forms(&self, rules: &PhoneRules) -> Vec<String> {
        let others = match self {
            Self::Email(email) => email.unicode().into_iter().collect(),
            Self::PhoneNumber(number) => number.other_forms(rules),
        };
        let method = self.method();
        let canonical = self.as_str().to_owned();
        let is_other = |text: &String| {
            let read = Self::stored_in_any_form(method, text, rules);
            *text != canonical && read.as_ref() == Ok(self)
        };
        let others: Vec<String> = others.into_iter().filter(is_other).collect();
        [canonical].into_iter().chain(others).collect()
    }

    /// The canonical text.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Email(email) => email.as_str(),
            Self::PhoneNumber(number) => number.as_str(),
        }
    }

    /// The country of a number, if its plan shows it; `None` for email.
    pub fn country(&self) -> Option<Country> {
        match self {
            Self::Email(_) => None,
            Self::PhoneNumber(number) => number.country(),
        }
    }

    /// The kind of this identifier.
    pub const fn method(&self) -> Method {
        match self {
            Self::Email(_) => Method::Email,
            Self::PhoneNumber(_) => Method::PhoneNumber,
        }
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(…)")
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhoneNumber(…)")
    }
}

/// Returns whether a character around an identifier is not part of it.
fn is_outside(c: char) -> bool {
    c.is_whitespace() || is_format(c)
}

/// Drops a scheme such as `mailto:` from the front, in any case.
fn strip_scheme<'a>(text: &'a str, scheme: &str) -> &'a str {
    match text.split_at_checked(scheme.len()) {
        Some((head, rest)) if head.eq_ignore_ascii_case(scheme) => rest,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn neither_debug_nor_an_error_shows_the_identifier() {
        let identifier = Identifier::parse(Method::Email, "ada@example.com").unwrap();
        assert!(!format!("{identifier:?}").contains("ada"));
        let identifier = Identifier::parse(Method::PhoneNumber, "+14155550132").unwrap();
        assert!(!format!("{identifier:?}").contains("415"));
        let error = Email::parse("eve<secret>@example.com").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("secret"));
        let error = PhoneNumber::parse("+1 415 555 0199 x7").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("0199"));
    }

    #[test]
    fn a_method_is_known_only_by_its_exact_name() {
        assert_eq!(Method::parse("email"), Some(Method::Email));
        assert_eq!(Method::parse("phone_number"), Some(Method::PhoneNumber));
        for text in ["", "EMAIL", "phone", "email ", "e\u{301}mail"] {
            assert_eq!(Method::parse(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn parsing_what_was_printed_gives_the_same_again(text in "\\PC{0,40}|[+٤۴４\u{200e}\u{2011} 0-9.]{8,20}|[a-zA-Z.+]{1,20}@[a-zü]{1,10}\\.[a-z]{2,4}|\\+[0-9 ().-]{1,20}") {
            for method in Method::ALL {
                if let Ok(identifier) = Identifier::parse(method, &text) {
                    let printed = identifier.as_str().to_owned();
                    prop_assert_eq!(Identifier::parse(method, &printed), Ok(identifier));
                    prop_assert!(printed.is_ascii() && printed.len() <= MAX_IDENTIFIER_BYTES);
                }
            }
        }
    }
}
