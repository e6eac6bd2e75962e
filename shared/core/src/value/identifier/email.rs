//! Email addresses.

use super::{IdentifierError, MAX_IDENTIFIER_BYTES, is_outside, strip_scheme};
use crate::value::unicode::{is_invisible, is_of_a_label, out_of_context};

/// The maximum length of the part before the `@` in bytes (RFC 5321, 4.5.3.1.1).
const MAX_LOCAL_BYTES: usize = 64;

/// The characters of a domain that IDNA2003 and IDNA2008 read as different domains (UTS 46,
/// "Deviations"), and the capital of the first, which versions of UTS 46 map differently.
const DEVIATIONS: [char; 5] = ['ß', 'ẞ', 'ς', '\u{200c}', '\u{200d}'];

/// An email address: ASCII, in lower case, its domain in ASCII (punycode) form.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Email(String);

impl Email {
    /// Parses an address: a plain `local@domain` with an ASCII local part and a domain that
    /// IDNA2008 allows. White space and invisible characters around it, and a leading `mailto:`,
    /// are dropped.
    ///
    /// # Errors
    /// If the text is not such an address.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        let text = strip_scheme(text.trim_matches(is_outside), "mailto:").trim_matches(is_outside);
        // At most four bytes a character. The ASCII form of a Unicode address is measured below.
        if text.len() > 4 * MAX_IDENTIFIER_BYTES {
            return Err(IdentifierError::TooLong);
        }
        if text.is_empty() {
            return Err(IdentifierError::Empty);
        }
        let (local, domain) = text.rsplit_once('@').unwrap_or((text, ""));
        let in_local = local.chars().find(|c| is_invisible(*c));
        let in_domain = domain.chars().find(|c| is_invisible(*c) && !is_joiner(*c));
        if let Some(c) = in_local.or(in_domain) {
            return Err(IdentifierError::InvisibleCharacter(c));
        }
        if local.contains('<') && domain.ends_with('>') {
            return Err(IdentifierError::DisplayName);
        }
        if local.is_empty() || domain.is_empty() || local.contains('@') {
            return Err(IdentifierError::NotAnEmail);
        }
        dot_atom(local)?;
        let domain = ascii_domain(domain)?;
        let canonical = format!("{}@{domain}", local.to_ascii_lowercase());
        if canonical.len() > MAX_IDENTIFIER_BYTES {
            return Err(IdentifierError::TooLong);
        }
        Ok(Self(canonical))
    }

    /// Reads a stored address. One whose domain has a character of [`DEVIATIONS`] is refused: the system
    /// that verified it may have mailed `strasse.example` for `straße.example`, which has another owner.
    ///
    /// # Errors
    /// If the text is not an address that all senders of mail read as the same one.
    pub(super) fn stored(text: &str) -> Result<Self, IdentifierError> {
        let deviates = |c: char| DEVIATIONS.contains(&c);
        match text.chars().find(|c| deviates(*c)) {
            Some(deviation) => Err(IdentifierError::DomainCharacter(deviation)),
            None => Self::parse(text),
        }
    }

    /// The address in canonical form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the address with its domain in Unicode, if that differs.
    pub(super) fn unicode(&self) -> Option<String> {
        let (local, domain) = self.0.rsplit_once('@')?;
        let (unicode, outcome) = idna::domain_to_unicode(domain);
        (outcome.is_ok() && unicode != domain).then(|| format!("{local}@{unicode}"))
    }

    /// The domain, in ASCII.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

/// Accepts only a dot-atom (RFC 5322, 3.2.3).
///
/// Quoted local parts are refused, because mail systems read them differently. So are a dot at
/// either end and consecutive dots. NTT Docomo and au handed out such addresses until 2009
/// (`a..b.@docomo.ne.jp`); they violate RFC 5322, and Amazon SES refuses them.
fn dot_atom(local: &str) -> Result<(), IdentifierError> {
    let is_of_an_atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c);
    if let Some(c) = local.chars().find(|c| *c != '.' && !is_of_an_atom(*c)) {
        return Err(IdentifierError::LocalCharacter(c));
    }
    // An encoded word (RFC 2047): software that decodes it reads another address.
    if local.contains("=?") {
        return Err(IdentifierError::LocalCharacter('?'));
    }
    if local.split('.').any(str::is_empty) {
        return Err(IdentifierError::LocalDots);
    }
    if local.len() > MAX_LOCAL_BYTES {
        return Err(IdentifierError::LocalTooLong);
    }
    Ok(())
}

/// Returns the ASCII form of a public domain name: at least two labels, the last one not a number.
fn ascii_domain(typed: &str) -> Result<String, IdentifierError> {
    let error = |named: Option<char>| {
        let joiner = typed.chars().find(|c| is_joiner(*c));
        joiner.map_or_else(
            || named.map_or(IdentifierError::Domain, IdentifierError::DomainCharacter),
            IdentifierError::InvisibleCharacter,
        )
    };
    // The character as typed, if it is the cause: UTS 46 replaces some characters by others.
    let typed_cause = || typed.chars().find(|c| !is_of_a_domain(*c));
    let ascii = idna::domain_to_ascii_strict(typed).map_err(|_| error(typed_cause()))?;
    if ascii.split('.').any(|label| label.starts_with("xn--")) {
        let (unicode, outcome) = idna::domain_to_unicode(&ascii);
        outcome.map_err(|_| IdentifierError::Domain)?;
        let cause = unicode.split('.').find_map(|label| {
            label
                .chars()
                .find(|c| !is_of_a_label(*c))
                .or_else(|| out_of_context(label))
        });
        if let Some(cause) = cause {
            return Err(error(typed_cause().or(Some(cause))));
        }
    }
    let is_public = ascii
        .rsplit_once('.')
        .is_some_and(|(_, last)| last.len() >= 2 && !last.bytes().all(|b| b.is_ascii_digit()));
    is_public.then_some(ascii).ok_or(IdentifierError::Domain)
}

/// Returns whether a character is one of the two invisible joiners that some scripts need between
/// letters; many Persian names have U+200C. UTS 46 accepts them only where they have a visible
/// effect.
fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

/// Returns whether a typed character can be part of a domain name after the mapping of UTS 46.
fn is_of_a_domain(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric() || c == '-' || c == '.';
    }
    // A combining mark or a right-to-left letter is invalid alone, but can be valid after a letter
    // of its script. So this checks only the characters of its mapping.
    let (mapped, _) = idna::domain_to_unicode(c.encode_utf8(&mut [0; 4]));
    mapped.chars().all(|c| c == '.' || is_of_a_label(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn email(text: &str) -> Result<String, IdentifierError> {
        Email::parse(text).map(|email| email.as_str().to_owned())
    }

    #[test]
    fn spellings_of_one_address_become_one() {
        for text in [
            "ada@example.com",
            "  Ada@Example.COM\n",
            "ADA@EXAMPLE.COM",
            "ada@ｅxample.com",
            // Copied from a chat, a PDF or a link.
            "\u{202a}ada@example.com\u{202c}",
            "\u{feff} ada@example.com\u{200b} ",
            "mailto:ada@example.com",
            "\u{200e}MAILTO: ada@example.com",
        ] {
            assert_eq!(email(text).unwrap(), "ada@example.com", "{text}");
        }
        assert_eq!(
            email("ada@bücher.example").unwrap(),
            "ada@xn--bcher-kva.example"
        );
        assert_eq!(
            email("Ada.L+flow_opener@example.co.uk").unwrap(),
            "ada.l+flow_opener@example.co.uk",
            "dots and tags belong to the mailbox"
        );
    }

    #[test]
    fn a_refused_address_names_its_cause() {
        use IdentifierError as E;
        let long = format!("{}@example.com", "a".repeat(65));
        let longer = format!("a@{}.com", vec!["b".repeat(60); 5].join("."));
        for (text, reason) in [
            ("", E::Empty),
            (" \t ", E::Empty),
            ("\u{200b}", E::Empty),
            ("mailto:", E::Empty),
            ("ada", E::NotAnEmail),
            ("@example.com", E::NotAnEmail),
            ("ada@", E::NotAnEmail),
            ("ada@b@example.com", E::NotAnEmail),
            ("Ada Lovelace <ada@example.com>", E::DisplayName),
            ("\"Lovelace, Ada\" <ada@example.com>", E::DisplayName),
            ("<ada@example.com>", E::DisplayName),
            ("ada@example", E::Domain),
            ("ada@127.0.0.1", E::Domain),
            ("ada@[127.0.0.1]", E::DomainCharacter('[')),
            ("ada@-example.com", E::Domain),
            ("ada@exa mple.com", E::DomainCharacter(' ')),
            ("ada@example.com?subject=hi", E::DomainCharacter('?')),
            ("ada@example..com", E::Domain),
            ("ada@example.com.", E::Domain),
            ("a da@example.com", E::LocalCharacter(' ')),
            (".ada@example.com", E::LocalDots),
            ("ada.@example.com", E::LocalDots),
            // EC-CUBE#1325: NTT Docomo once handed out such addresses.
            ("a..da@docomo.example", E::LocalDots),
            ("\"ada\"@example.com", E::LocalCharacter('"')),
            ("=?utf-8?q?ada?=@example.com", E::LocalCharacter('?')),
            ("ädä@example.com", E::LocalCharacter('ä')),
            ("ada<x>@example.com", E::LocalCharacter('<')),
            ("o’ada@example.com", E::LocalCharacter('’')),
            (&long, E::LocalTooLong),
            ("ada\u{0}@example.com", E::InvisibleCharacter('\0')),
            ("ada@example.com\0", E::InvisibleCharacter('\0')),
            (
                "ada@example.com\r\nBcc: eve@example.com",
                E::InvisibleCharacter('\r'),
            ),
            ("ada\u{200b}@example.com", E::InvisibleCharacter('\u{200b}')),
            ("ada@exam\u{200c}ple.com", E::InvisibleCharacter('\u{200c}')),
            // tchap-ios#258: keyboards that replace punctuation by typographic forms.
            ("ada@my–site.example", E::DomainCharacter('–')),
            ("ada@my\u{2011}site.example", E::DomainCharacter('\u{2011}')),
            ("ada@exam’ple.com", E::DomainCharacter('’')),
            ("ada@exam'ple.com", E::DomainCharacter('\'')),
            // The heart is in the punycode, so no user can retype it, but the error can name it.
            ("ada@xn--iny-zx5a.example", E::DomainCharacter('♥')),
            ("ada@a・b.example", E::DomainCharacter('・')),
        ] {
            assert_eq!(email(text), Err(reason), "{text:?}");
        }
        assert!(matches!(email(&longer), Err(E::TooLong | E::Domain)));
        assert_eq!(email(&"a".repeat(10_000)), Err(E::TooLong));
    }

    #[test]
    fn a_reason_names_one_character_and_no_more() {
        let reason = |text: &str| email(text).unwrap_err().to_string();
        assert_eq!(
            reason("ada@my–site.example"),
            "The part after the @ contains “–” (U+2013), which a domain name cannot have there."
        );
        assert_eq!(
            reason("ada\u{200b}@example.com"),
            "This contains an invisible character (U+200B). Delete it, or type the text by hand."
        );
    }

    /// The domains of `tests/data/generate.py`, as the Python package `idna` reads them by IDNA2008
    /// after the mapping of UTS 46.
    #[test]
    fn domains_are_those_of_idna2008() {
        let rows = include_str!("../../../tests/data/idna2008.txt")
            .lines()
            .filter_map(|line| line.strip_prefix("domain\t"));
        let mut count = 0;
        for row in rows {
            let (domain, ascii) = row.split_once('\t').unwrap();
            let parsed = email(&format!("ada@{domain}")).ok();
            let expected = (ascii != "-").then(|| format!("ada@{ascii}"));
            assert_eq!(parsed, expected, "{domain}");
            count += 1;
        }
        assert!(count > 50);
    }
}
