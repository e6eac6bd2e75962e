//! Email addresses and phone numbers, canonical from the moment they are parsed.
//!
//! Everything that is keyed on an identifier (budgets, codes, leases, look-ups) takes an
//! [`Identifier`], so two spellings of one address can never count as two.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, PhoneNumberType, Region};
use thiserror::Error;

/// The longest canonical identifier in bytes: an address of RFC 5321's 254.
pub const MAX_IDENTIFIER_BYTES: usize = 254;
/// The most digits of an E.164 number, country code included.
const MAX_E164_DIGITS: usize = 15;

/// How a person is reached, by the name of the Cognito attribute that holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// An email address, in the attribute `email`.
    Email,
    /// A phone number, in the attribute `phone_number`.
    PhoneNumber,
}

impl Method {
    /// The name on the wire and of the Cognito attribute.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::PhoneNumber => "phone_number",
        }
    }

    /// The inverse of [`Method::as_str`]; nothing else is a method.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Email, Self::PhoneNumber]
            .into_iter()
            .find(|method| method.as_str() == text)
    }
}

/// An email address: ASCII, lower-cased, its domain in ASCII (punycode) form.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Email(String);

/// A phone number in E.164 form: `+`, country code, subscriber number.
#[derive(Clone)]
pub struct PhoneNumber {
    text: String,
    /// Found out as it was parsed; not known of one that was kept.
    place: Option<Place>,
}

/// Where a number belongs.
#[derive(Clone, Copy)]
struct Place {
    country: Option<Country>,
    /// How many of its digits are its prefix.
    prefix: usize,
}

/// What somebody typed to be reached by, in canonical form. Redacted in `Debug`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Identifier {
    /// An email address.
    Email(Email),
    /// A phone number.
    PhoneNumber(PhoneNumber),
}

/// Why a text is no identifier. The messages never repeat the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum IdentifierError {
    /// Nothing but white space.
    #[error("Enter an email address or a phone number.")]
    Empty,
    /// Longer than any address or number.
    #[error("This is longer than an email address or phone number can be.")]
    TooLong,
    /// A control or formatting character, for instance from a careless paste.
    #[error("This contains a character that cannot be typed; please enter it by hand.")]
    ControlCharacter,
    /// No single `@` between a name and a domain.
    #[error("An email address has the form name@example.com.")]
    NotAnEmail,
    /// The part before the `@` holds something that mail systems do not agree on.
    #[error(
        "The part before the @ may hold letters a-z, digits and some punctuation, and single dots."
    )]
    LocalPart,
    /// The part after the `@` is no public domain name.
    #[error("The part after the @ is not a domain name.")]
    Domain,
    /// A number without its country code.
    #[error("Start the phone number with + and the country code, for instance +1 415 555 0132.")]
    NoCountryCode,
    /// A number with something other than digits and separators.
    #[error("A phone number holds only digits, spaces and ( ) . - after the +.")]
    NotDigits,
    /// A number that no phone can have.
    #[error("This phone number does not exist.")]
    ImpossibleNumber,
    /// A number that is not somebody's own phone: premium rate, shared cost, pager, voicemail,
    /// satellite or another service without a country.
    #[error("Codes cannot be sent to this kind of phone number.")]
    RefusedNumber,
    /// A number of a country that this deployment does not send to.
    #[error("Codes are not sent to phone numbers of this country.")]
    Country,
    /// A number, where this deployment sends no SMS.
    #[error("Codes are not sent to phone numbers here. Use an email address.")]
    NoSms,
    /// An address, where this deployment sends no mail.
    #[error("Codes are not sent to email addresses here. Use a phone number.")]
    NoMail,
}

/// A country by its ISO 3166 code of two letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Country([u8; 2]);

impl Country {
    /// Reads a code of two capital letters that phone numbers belong to.
    pub fn parse(code: &str) -> Option<Self> {
        let region = Region::from_code(code).ok()?;
        Self::of(region).filter(|country| country.as_str() == code)
    }

    /// `None` for services without a country.
    fn of(region: Region) -> Option<Self> {
        let code = region.as_region_str().as_bytes().try_into().ok()?;
        (region != Region::World).then_some(Self(code))
    }

    /// Reads the letters of a country that was parsed before it was kept; nothing more is looked up.
    pub(crate) fn stored(letters: [u8; 2]) -> Option<Self> {
        let is_code = letters.iter().all(u8::is_ascii_uppercase);
        is_code.then_some(Self(letters))
    }

    /// The two letters.
    pub(crate) const fn letters(self) -> [u8; 2] {
        self.0
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl Email {
    /// Parses an address. Outer white space is trimmed; the rest must be a plain
    /// `local@domain` with an ASCII local part.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        let text = admissible(text)?;
        let (local, domain) = text.rsplit_once('@').ok_or(IdentifierError::NotAnEmail)?;
        if local.is_empty() || domain.is_empty() || local.contains('@') {
            return Err(IdentifierError::NotAnEmail);
        }
        if !is_dot_atom(local) || local.len() > 64 {
            return Err(IdentifierError::LocalPart);
        }
        let domain = idna::domain_to_ascii_strict(domain).map_err(|_| IdentifierError::Domain)?;
        if !is_public_domain(&domain) {
            return Err(IdentifierError::Domain);
        }
        let canonical = format!("{}@{domain}", local.to_ascii_lowercase());
        if canonical.len() > MAX_IDENTIFIER_BYTES {
            return Err(IdentifierError::TooLong);
        }
        Ok(Self(canonical))
    }

    /// The canonical address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PhoneNumber {
    /// Parses an international number. Outer white space is trimmed; then `+`, digits, spaces
    /// and `( ) . -`.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        let text = admissible(text)?;
        // Checked before the library sees it: it would read letters as the digits on a keypad.
        let digits = text
            .strip_prefix('+')
            .ok_or(IdentifierError::NoCountryCode)?;
        if !digits
            .chars()
            .all(|c| c.is_ascii_digit() || " ().-".contains(c))
        {
            return Err(IdentifierError::NotDigits);
        }
        let number = PHONE_NUMBER_UTIL
            .parse(text, None)
            .map_err(|_| IdentifierError::ImpossibleNumber)?;
        if !PHONE_NUMBER_UTIL.is_possible_number(&number) {
            return Err(IdentifierError::ImpossibleNumber);
        }
        // Codes without a country are services: satellite (870, 881), shared cost, premium.
        if PHONE_NUMBER_UTIL
            .get_region_for_country_code(number.country_code)
            .is_none_or(|region| region == Region::World)
        {
            return Err(IdentifierError::RefusedNumber);
        }
        match PHONE_NUMBER_UTIL.get_number_type(&number) {
            PhoneNumberType::PremiumRate
            | PhoneNumberType::SharedCost
            // Forwarded at the sender's cost, which earns somebody money.
            | PhoneNumberType::PersonalNumber
            | PhoneNumberType::UAN
            | PhoneNumberType::Pager
            | PhoneNumberType::VoiceMail => Err(IdentifierError::RefusedNumber),
            _ => {
                let text = PHONE_NUMBER_UTIL.format(&number, PhoneNumberFormat::E164);
                // Some countries number their services beyond that; no phone is reached there, and
                // Cognito takes no such number.
                if text.len() > 1 + MAX_E164_DIGITS {
                    return Err(IdentifierError::ImpossibleNumber);
                }
                // A trunk zero goes; where another follows, what is left would be another number
                // each time that it is read (+49 0000000).
                let is_as_typed = digits
                    .chars()
                    .filter(char::is_ascii_digit)
                    .eq(text.chars().skip(1));
                if !is_as_typed && PHONE_NUMBER_UTIL.parse(&text, None).as_ref() != Ok(&number) {
                    return Err(IdentifierError::ImpossibleNumber);
                }
                Ok(Self {
                    text: text.into_owned(),
                    place: Some(Place::of(&number)),
                })
            }
        }
    }

    /// A number that was parsed before it was kept, or that Cognito keeps: of E.164's form. Nothing
    /// more is looked up about it, since loading what is known of numbers takes a trigger's cold start
    /// longer than all the rest of it.
    fn stored(text: &str) -> Result<Self, IdentifierError> {
        let digits = text.strip_prefix('+').unwrap_or_default();
        let is_number = (2..=MAX_E164_DIGITS).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number
            .then(|| Self {
                text: text.to_owned(),
                place: None,
            })
            .ok_or(IdentifierError::ImpossibleNumber)
    }

    /// The number in E.164 form.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn place(&self) -> Place {
        self.place.unwrap_or_else(|| {
            let parsed = PHONE_NUMBER_UTIL.parse(&self.text, None);
            parsed.as_ref().map_or(Place::UNKNOWN, Place::of)
        })
    }

    /// The country, where it can be told: countries that share a code are told apart by the
    /// number, if such a number can exist.
    pub fn country(&self) -> Option<Country> {
        self.place().country
    }

    /// The country code and the first four digits after it: a block of numbers that one operator
    /// hands out.
    pub fn prefix(&self) -> &str {
        let digits = self.text.trim_start_matches('+');
        digits.get(..self.place().prefix).unwrap_or(digits)
    }
}

impl Place {
    const UNKNOWN: Self = Self {
        country: None,
        prefix: 5,
    };

    fn of(number: &rlibphonenumber::PhoneNumber) -> Self {
        Self {
            country: PHONE_NUMBER_UTIL
                .get_region_for_number(number)
                .and_then(Country::of),
            prefix: number.country_code.to_string().len() + 4,
        }
    }
}

// A number is its text, wherever that came from.

impl PartialEq for PhoneNumber {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for PhoneNumber {}

impl PartialOrd for PhoneNumber {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for PhoneNumber {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text.cmp(&other.text)
    }
}

impl Hash for PhoneNumber {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl Identifier {
    /// Parses what was typed as the given method's kind of identifier.
    pub fn parse(method: Method, text: &str) -> Result<Self, IdentifierError> {
        match method {
            Method::Email => Email::parse(text).map(Self::Email),
            Method::PhoneNumber => PhoneNumber::parse(text).map(Self::PhoneNumber),
        }
    }

    /// Reads what was kept in canonical form, here or in Cognito.
    pub(crate) fn stored(method: Method, text: &str) -> Result<Self, IdentifierError> {
        match method {
            Method::Email => Email::parse(text).map(Self::Email),
            Method::PhoneNumber => PhoneNumber::stored(text).map(Self::PhoneNumber),
        }
    }

    /// The canonical text.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Email(email) => email.as_str(),
            Self::PhoneNumber(number) => number.as_str(),
        }
    }

    /// The country of a number, where it can be told; mail knows none.
    pub fn country(&self) -> Option<Country> {
        match self {
            Self::Email(_) => None,
            Self::PhoneNumber(number) => number.country(),
        }
    }

    /// Which kind of identifier this is.
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

/// Trims, and refuses what neither kind of identifier can hold.
fn admissible(text: &str) -> Result<&str, IdentifierError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(IdentifierError::Empty);
    }
    // Four bytes a character at most, so that an address in Unicode is judged by its ASCII form.
    if text.len() > 4 * MAX_IDENTIFIER_BYTES {
        return Err(IdentifierError::TooLong);
    }
    if text.chars().any(is_invisible) {
        return Err(IdentifierError::ControlCharacter);
    }
    Ok(text)
}

/// Controls, and the formatting characters that change how a text looks but not what it says
/// (zero-width, bidirectional, byte-order and variation marks).
pub(crate) fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// RFC 5322 dot-atom, which leaves out quoted local parts: no provider hands them out, and every
/// parser reads them differently.
fn is_dot_atom(local: &str) -> bool {
    local.split('.').all(|atom| {
        !atom.is_empty()
            && atom
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b))
    })
}

/// At least two labels and a last one that is no number: neither a host of the sender's own
/// network nor an address literal.
fn is_public_domain(domain: &str) -> bool {
    domain
        .rsplit_once('.')
        .is_some_and(|(_, last)| last.len() >= 2 && !last.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn email(text: &str) -> Result<String, IdentifierError> {
        Email::parse(text).map(|email| email.as_str().to_owned())
    }

    fn number(text: &str) -> Result<String, IdentifierError> {
        PhoneNumber::parse(text).map(|number| number.as_str().to_owned())
    }

    #[test]
    fn spellings_of_one_address_become_one() {
        for text in [
            "ada@example.com",
            "  Ada@Example.COM\n",
            "ADA@EXAMPLE.COM",
            "ada@ｅxample.com",
        ] {
            assert_eq!(email(text).unwrap(), "ada@example.com", "{text}");
        }
        assert_eq!(
            email("ada@bücher.example").unwrap(),
            "ada@xn--bcher-kva.example"
        );
        assert_eq!(
            email("Ada.L+door@example.co.uk").unwrap(),
            "ada.l+door@example.co.uk",
            "dots and tags belong to the mailbox"
        );
    }

    #[test]
    fn what_is_no_address_is_told_why() {
        use IdentifierError as E;
        let long = format!("{}@example.com", "a".repeat(65));
        let longer = format!("a@{}.com", vec!["b".repeat(60); 5].join("."));
        for (text, why) in [
            ("", E::Empty),
            (" \t ", E::Empty),
            ("ada", E::NotAnEmail),
            ("@example.com", E::NotAnEmail),
            ("ada@", E::NotAnEmail),
            ("ada@b@example.com", E::NotAnEmail),
            ("ada@example", E::Domain),
            ("ada@127.0.0.1", E::Domain),
            ("ada@[127.0.0.1]", E::Domain),
            ("ada@-example.com", E::Domain),
            ("ada@exa mple.com", E::Domain),
            ("ada@example..com", E::Domain),
            ("ada@example.com.", E::Domain),
            ("a da@example.com", E::LocalPart),
            (".ada@example.com", E::LocalPart),
            ("a..da@example.com", E::LocalPart),
            ("\"ada\"@example.com", E::LocalPart),
            ("ädä@example.com", E::LocalPart),
            ("ada<x>@example.com", E::LocalPart),
            (&long, E::LocalPart),
            ("ada\u{0}@example.com", E::ControlCharacter),
            (
                "ada@example.com\r\nBcc: eve@example.com",
                E::ControlCharacter,
            ),
            ("ada\u{200b}@example.com", E::ControlCharacter),
        ] {
            assert_eq!(email(text), Err(why), "{text:?}");
        }
        assert!(matches!(email(&longer), Err(E::TooLong | E::Domain)));
        assert_eq!(email(&"a".repeat(10_000)), Err(E::TooLong));
    }

    #[test]
    fn spellings_of_one_number_become_one() {
        for text in [
            "+14155550132",
            " +1 (415) 555-0132 ",
            "+1.415.555.0132",
            "+1-415-555-0132",
        ] {
            assert_eq!(number(text).unwrap(), "+14155550132", "{text}");
        }
        // A trunk zero that people write in brackets is no part of the number.
        assert_eq!(number("+44 (0)20 7183 8750").unwrap(), "+442071838750");
    }

    #[test]
    fn a_kept_number_has_the_form_that_it_was_kept_in() {
        let stored = |text| Identifier::stored(Method::PhoneNumber, text);
        for text in ["+14155550132", "+4915123456789", "+39061234567"] {
            let parsed = Identifier::parse(Method::PhoneNumber, text);
            assert_eq!(stored(text), parsed);
            let [kept, parsed] = [stored(text), parsed].map(Result::unwrap);
            assert_eq!(kept.country(), parsed.country());
            let prefix = |of: &Identifier| match of {
                Identifier::PhoneNumber(number) => number.prefix().to_owned(),
                Identifier::Email(_) => String::new(),
            };
            assert_eq!(prefix(&kept), prefix(&parsed));
        }
        for text in [
            "",
            "+",
            "+1",
            "14155550132",
            "+1 4155550132",
            "+0123456789",
            "+1234567890123456",
            "+1415555x132",
        ] {
            assert!(stored(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_told_why() {
        use IdentifierError as E;
        for (text, why) in [
            ("", E::Empty),
            ("4155550132", E::NoCountryCode),
            ("0014155550132", E::NoCountryCode),
            // Both libraries in reach would take letters for digits.
            ("+1415555CALL", E::NotDigits),
            ("+1415555O132", E::NotDigits),
            ("+14155550132 ext 7", E::NotDigits),
            ("+14155550132;ext=7", E::NotDigits),
            ("++14155550132", E::NotDigits),
            ("+１４１５５５５０１３２", E::NotDigits),
            ("+", E::ImpossibleNumber),
            ("+()", E::ImpossibleNumber),
            ("+1415", E::ImpossibleNumber),
            ("+141555501321234", E::ImpossibleNumber),
            ("+999123456789", E::ImpossibleNumber),
            // Possible in Japan, but longer than any number of E.164.
            ("+8192392345492392344", E::ImpossibleNumber),
            // More zeros than one trunk zero: another number each time that it is read.
            ("+49000000", E::ImpossibleNumber),
            ("+1415555\u{0}0132", E::ControlCharacter),
            // Premium rate, satellite, shared cost, personal, a company's.
            ("+19005550132", E::RefusedNumber),
            ("+870773111632", E::RefusedNumber),
            ("+881612345678", E::RefusedNumber),
            ("+448430000000", E::RefusedNumber),
            ("+447012345678", E::RefusedNumber),
            ("+443331234567", E::RefusedNumber),
        ] {
            assert_eq!(number(text), Err(why), "{text:?}");
        }
    }

    #[test]
    fn neither_debug_nor_an_error_shows_the_identifier() {
        let identifier = Identifier::parse(Method::Email, "ada@example.com").unwrap();
        assert!(!format!("{identifier:?}").contains("ada"));
        let identifier = Identifier::parse(Method::PhoneNumber, "+14155550132").unwrap();
        assert!(!format!("{identifier:?}").contains("415"));
        let error = Email::parse("eve<secret>@example.com").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("secret"));
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
        fn parsing_what_was_printed_gives_the_same_again(text in "\\PC{0,40}|[a-zA-Z.+]{1,20}@[a-zü]{1,10}\\.[a-z]{2,4}|\\+[0-9 ().-]{1,20}") {
            for method in [Method::Email, Method::PhoneNumber] {
                if let Ok(identifier) = Identifier::parse(method, &text) {
                    let printed = identifier.as_str().to_owned();
                    prop_assert_eq!(Identifier::parse(method, &printed), Ok(identifier));
                    prop_assert!(printed.is_ascii() && printed.len() <= MAX_IDENTIFIER_BYTES);
                }
            }
        }
    }
}
