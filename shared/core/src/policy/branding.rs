//! The deployment's own parts of messages.

use std::sync::Arc;

use thiserror::Error;

use super::texts::Texts;
use crate::value::identifier::Email;
use crate::value::locale::Locale;
use crate::value::unicode::is_invisible;

/// The look of a deployment's messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Branding {
    /// The name of the app, if there is one.
    pub app_name: Option<AppName>,
    /// The language if the client requests no supported one.
    pub default_locale: Locale,
    /// The domain for which browsers and iOS fill in a code from an SMS.
    pub sms_domain: Option<SmsDomain>,
    /// The Android app that receives a code from an SMS.
    pub sms_android_hash: Option<AndroidHash>,
    /// The part of a mail that inboxes and lock screens show.
    pub preview: Preview,
    /// The contact that a notice names, for an owner who did not make the change.
    pub support: Option<SupportContact>,
    /// The page that the link of a mail opens. Without it, no mail has a link.
    pub link_url: Option<LinkUrl>,
    /// The app client whose sender messages have; `None` for the deployment's.
    pub sender: Option<String>,
    /// Texts in place of the built-in ones.
    pub texts: Option<Arc<Texts>>,
}

/// The text that a mail offers to an inbox's list and a lock screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preview {
    /// The time of the request and the lifetime of the code. A locked phone then does not show the
    /// code.
    #[default]
    Request,
    /// The code.
    Code,
}

impl Preview {
    /// Parses the word of the setting.
    pub fn parse(text: &str) -> Result<Self, NotBranding> {
        match text {
            "request" => Ok(Self::Request),
            "code" => Ok(Self::Code),
            _ => Err(NotBranding),
        }
    }
}

/// A text that a setting does not accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not what this setting takes")]
pub struct NotBranding;

macro_rules! text_of_a_deployment {
    ($($type:ident),*) => {
        $(
            impl $type {
                /// The text.
                pub fn as_str(&self) -> &str {
                    &self.0
                }
            }
        )*
    };
}

text_of_a_deployment!(AppName, SmsDomain, AndroidHash, SupportContact, LinkUrl);

/// The name of the app: one line of 1 to 30 characters. Subjects contain it, so a line break would
/// start another header. HTML contains it escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppName(String);

impl AppName {
    /// The maximum length in characters.
    pub const MAX_CHARS: usize = 30;

    /// Trims a name and validates it.
    pub fn parse(text: &str) -> Result<Self, NotBranding> {
        let text = text.trim();
        let fits = (1..=Self::MAX_CHARS).contains(&text.chars().count());
        if fits && !text.chars().any(is_invisible) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotBranding)
        }
    }
}

/// A domain such as `example.com`: at least two labels of letters, digits and hyphens, in ASCII
/// form. It has up to 40 characters, so that the text still fits into one part of an SMS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmsDomain(String);

impl SmsDomain {
    /// The maximum length in characters.
    pub const MAX_CHARS: usize = 40;

    /// Validates a domain and converts it to lower case.
    pub fn parse(text: &str) -> Result<Self, NotBranding> {
        let is_label = |label: &str| {
            (1..=63).contains(&label.len())
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let (_, last) = text.rsplit_once('.').ok_or(NotBranding)?;
        if text.len() <= Self::MAX_CHARS
            && text.split('.').all(is_label)
            && !last.bytes().all(|b| b.is_ascii_digit())
        {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(NotBranding)
        }
    }
}

/// The 11 characters by which Android's SMS Retriever recognises an app: the first characters of a
/// hash in base64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AndroidHash(String);

impl AndroidHash {
    /// Validates a hash.
    pub fn parse(text: &str) -> Result<Self, NotBranding> {
        let is_base64 = |b: u8| b.is_ascii_alphanumeric() || b == b'+' || b == b'/';
        if text.len() == 11 && text.bytes().all(is_base64) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotBranding)
        }
    }
}

/// An email address, a phone number or an `https` address of up to 50 characters. A notice shows it
/// as text, in mail and SMS, not as a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SupportContact(String);

impl SupportContact {
    /// The maximum length in characters: an SMS with it still fits into one part.
    pub const MAX_CHARS: usize = 50;

    /// Trims a contact and validates it.
    pub fn parse(text: &str) -> Result<Self, NotBranding> {
        let text = text.trim();
        let is_number = text.bytes().filter(u8::is_ascii_digit).count() >= 3
            && text
                .bytes()
                .all(|b| b.is_ascii_digit() || b" +-.()/".contains(&b));
        let is_web = text.strip_prefix("https://").is_some_and(|rest| {
            rest.contains('.') && rest.bytes().all(|b| b.is_ascii_graphic() && b != b'"')
        });
        let is_one = is_number || is_web || Email::parse(text).is_ok();
        if is_one && text.chars().count() <= Self::MAX_CHARS && !text.chars().any(is_invisible) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotBranding)
        }
    }
}

/// An `https` URL of up to 200 characters, or an `http` one of this computer for development. It has
/// no fragment, because the link's own follows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkUrl(String);

impl LinkUrl {
    /// Returns the address at which the owner of a replaced contact undoes the change.
    pub(crate) fn of_undo(&self) -> String {
        format!("{}#undo", self.0)
    }

    /// The maximum length in characters.
    pub const MAX_CHARS: usize = 200;

    /// Validates a URL.
    pub fn parse(text: &str) -> Result<Self, NotBranding> {
        let (scheme, rest) = text.split_once("://").ok_or(NotBranding)?;
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (authority, None),
        };
        let is_port =
            |port: &str| (1..=5).contains(&port.len()) && port.bytes().all(|b| b.is_ascii_digit());
        let is_local = ["localhost", "127.0.0.1", "[::1]"].contains(&host);
        let is_name = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
        let is_host = is_local || !host.is_empty() && host.bytes().all(is_name);
        let has_plain_characters = text
            .bytes()
            .all(|b| b.is_ascii_graphic() && !b"\"#'<>\\^`{|}".contains(&b));
        let is_one = (scheme == "https" || scheme == "http" && is_local)
            && is_host
            && port.is_none_or(is_port)
            && has_plain_characters;
        if is_one && text.len() <= Self::MAX_CHARS {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotBranding)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_short_line() {
        assert_eq!(
            AppName::parse(" Ada & Söhne ").unwrap().as_str(),
            "Ada & Söhne"
        );
        assert!(AppName::parse(&"é".repeat(30)).is_ok());
        for text in [
            "",
            " ",
            &"e".repeat(31),
            "Acme\r\nBcc: eve@example.com",
            "Ac\u{2028}me",
            "Ac\0me",
            "\u{202e}emcA",
        ] {
            assert_eq!(AppName::parse(text), Err(NotBranding), "{text:?}");
        }
    }

    #[test]
    fn a_domain_is_a_host_name_in_ascii() {
        assert_eq!(
            SmsDomain::parse("Login.Example.com").unwrap().as_str(),
            "login.example.com"
        );
        assert!(SmsDomain::parse("xn--bcher-kva.example").is_ok());
        for text in [
            "",
            "localhost",
            "example.com.",
            ".example.com",
            "example..com",
            "-a.example.com",
            "bücher.example",
            "https://example.com",
            "example.com/x",
            "example.com:443",
            "example.com #1",
            "@example.com",
            "192.0.2.1",
            "a_b.example.com",
            &format!("{}.example.com", "a".repeat(29)),
        ] {
            assert_eq!(SmsDomain::parse(text), Err(NotBranding), "{text:?}");
        }
    }

    #[test]
    fn a_hash_has_eleven_characters_of_base64() {
        assert_eq!(
            AndroidHash::parse("FA+9qCX9VSu").unwrap().as_str(),
            "FA+9qCX9VSu"
        );
        for text in [
            "",
            "FA+9qCX9VS",
            "FA+9qCX9VSuu",
            "FA+9qCX9VS=",
            "FA+9 CX9VSu",
            "FA+9qCX9VSü",
        ] {
            assert_eq!(AndroidHash::parse(text), Err(NotBranding), "{text:?}");
        }
    }

    #[test]
    fn a_support_contact_is_an_address_a_number_or_a_web_page() {
        for text in [
            "help@example.com",
            " +49 (30) 123-456 ",
            "0800 123 456",
            "https://example.com/help?topic=account",
        ] {
            let contact = SupportContact::parse(text).unwrap();
            assert_eq!(contact.as_str(), text.trim());
        }
        let long = format!("https://example.com/{}", "x".repeat(31));
        for text in [
            "",
            "the office",
            "12",
            "http://example.com",
            "https://example",
            "https://example.com/a b",
            "help@example.com\nX",
            "help@example.com\u{202e}",
            &long,
        ] {
            assert_eq!(SupportContact::parse(text), Err(NotBranding), "{text:?}");
        }
    }

    #[test]
    fn a_link_opens_a_secure_page_or_one_of_this_computer() {
        for text in [
            "https://app.example.com/sign-in",
            "https://app.example.com",
            "https://app.example.com:8443/a?b=c&d=%20",
            "http://localhost:8080/",
            "http://127.0.0.1/x",
            "http://[::1]:8080/x",
        ] {
            assert_eq!(LinkUrl::parse(text).unwrap().as_str(), text);
        }
        let long = format!("https://example.com/{}", "x".repeat(181));
        for text in [
            "",
            "app.example.com",
            "http://app.example.com/",
            "http://localhost.example.com/",
            "http://localhost@example.com/",
            "https://user@example.com/",
            "https:///x",
            "https://example.com:/x",
            "https://example.com:port/x",
            "https://example.com/#x",
            "https://example.com/\"x",
            "https://example.com/<x",
            "https://example.com/a b",
            "https://bücher.example/",
            "javascript://example.com/",
            &long,
        ] {
            assert_eq!(LinkUrl::parse(text), Err(NotBranding), "{text:?}");
        }
    }

    #[test]
    fn a_preview_is_one_of_two_words() {
        assert_eq!(Preview::parse("request"), Ok(Preview::Request));
        assert_eq!(Preview::parse("code"), Ok(Preview::Code));
        assert_eq!(Preview::parse("Code"), Err(NotBranding));
    }
}
