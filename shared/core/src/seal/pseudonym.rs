//! Keyed hashes that replace values which must not be written down, in keys of the store and in
//! logs.

use std::borrow::Cow;
use std::fmt;

use data_encoding::HEXLOWER;
use latchstring_crypto::sha256;

use super::keys::{KeyRing, Use};
use crate::value::account::Sub;
use crate::value::id::FlowId;
use crate::value::identifier::Identifier;
use crate::value::session_id::SessionId;
use crate::value::source::Source;
use crate::value::time::Timestamp;

/// The first 128 bits of an HMAC-SHA256 under the ring's lasting key. Equal for equal values of one
/// kind; reveals nothing without the key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pseudonym([u8; 16]);

impl Pseudonym {
    fn of(ring: &KeyRing, kind: &str, fields: &[&[u8]]) -> Self {
        let mut all = vec![kind.as_bytes()];
        all.extend_from_slice(fields);
        let mac = ring.lasting().mac(Use::Pseudonym, &all);
        let mut pseudonym = [0; 16];
        pseudonym.copy_from_slice(&mac[..16]);
        Self(pseudonym)
    }

    /// Returns the pseudonym of an identifier, for instance in a lease on it.
    pub fn of_identifier(ring: &KeyRing, identifier: &Identifier) -> Self {
        Self::of(
            ring,
            "identifier",
            &[
                identifier.method().as_str().as_bytes(),
                identifier.as_str().as_bytes(),
            ],
        )
    }

    /// Returns the pseudonym of a flow in logs. Its id must not be logged: a code is derived from
    /// it and a key.
    pub fn of_flow(ring: &KeyRing, flow: FlowId) -> Self {
        Self::of(ring, "flow", &[flow.as_bytes()])
    }

    /// Returns the pseudonym of a mailbox or number in a message budget.
    ///
    /// The plus-tag is left out, and so is all else that large providers ignore: addresses that
    /// differ in them alone usually reach one mailbox.
    pub(crate) fn of_mailbox(ring: &KeyRing, class: &str, identifier: &Identifier) -> Self {
        let (local, domain) = mailbox(identifier);
        Self::of(
            ring,
            "mailbox",
            &[
                class.as_bytes(),
                identifier.method().as_str().as_bytes(),
                local.as_bytes(),
                domain.as_bytes(),
            ],
        )
    }

    /// Returns the pseudonym of the reader of an identifier, for whom a slot has one code.
    pub(crate) fn of_reader(ring: &KeyRing, identifier: &Identifier) -> Self {
        let (local, domain) = reader(identifier);
        let method = identifier.method().as_str().as_bytes();
        Self::of(
            ring,
            "reader",
            &[method, local.as_bytes(), domain.as_bytes()],
        )
    }

    /// Returns the pseudonym of an identifier in a guess budget.
    pub(crate) fn of_guesses(ring: &KeyRing, class: &str, identifier: &Identifier) -> Self {
        Self::of(
            ring,
            "guesses",
            &[
                class.as_bytes(),
                identifier.method().as_str().as_bytes(),
                identifier.as_str().as_bytes(),
            ],
        )
    }

    /// Returns the pseudonym of an identifier in the generation of its device tokens.
    pub fn of_devices(ring: &KeyRing, identifier: &Identifier) -> Self {
        Self::of(
            ring,
            "devices",
            &[
                identifier.method().as_str().as_bytes(),
                identifier.as_str().as_bytes(),
            ],
        )
    }

    /// Returns the pseudonym of a source in a budget.
    pub(crate) fn of_source(ring: &KeyRing, source: Source) -> Self {
        Self::of(ring, "source", &[&source.to_bytes()])
    }

    /// Returns the pseudonym of an account in a budget, and of the lease on it.
    pub fn of_account(ring: &KeyRing, sub: &Sub) -> Self {
        Self::of(ring, "account", &[sub.as_str().as_bytes()])
    }

    /// Returns the pseudonym of one sign-in of an account in the device tokens that it earns.
    pub(crate) fn of_sign_in(ring: &KeyRing, sub: &Sub, at: Timestamp) -> Self {
        let at = at.as_millis().to_be_bytes();
        Self::of(ring, "sign-in", &[sub.as_str().as_bytes(), &at])
    }

    /// Returns the pseudonym of a username in the id of the event of its account's creation. A
    /// username may be a contact, and the id is published.
    pub(crate) fn of_created(ring: &KeyRing, username: &str) -> Self {
        Self::of(ring, "created account", &[username.as_bytes()])
    }

    /// Returns the pseudonym of an invited contact: the key of its invitation.
    pub fn of_invitation(ring: &KeyRing, identifier: &Identifier) -> Self {
        let method = identifier.method().as_str().as_bytes();
        Self::of(
            ring,
            "invitation",
            &[method, identifier.as_str().as_bytes()],
        )
    }

    /// Returns the pseudonym of a browser session's id: the key of its item.
    pub(crate) fn of_session(ring: &KeyRing, id: &SessionId) -> Self {
        Self::of(ring, "session", &[id.as_bytes()])
    }

    /// Creates a pseudonym from the bytes that a ticket or store holds.
    pub const fn stored(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Returns the hash of public values. It is computed without a key, so its input can be
    /// guessed.
    pub fn of_public(kind: &str, fields: &[&[u8]]) -> Self {
        let mut bytes = Vec::new();
        for field in std::iter::once(&kind.as_bytes()).chain(fields) {
            bytes.extend_from_slice(&(field.len() as u64).to_be_bytes());
            bytes.extend_from_slice(field);
        }
        let mut pseudonym = [0; 16];
        pseudonym.copy_from_slice(&sha256(&bytes)[..16]);
        Self(pseudonym)
    }

    /// Creates a pseudonym of random bytes that stands for no value, for instance to hold a lease
    /// with.
    pub const fn random(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The raw bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// Domains of Fastmail. Each name at one of them is a user's alone, and a name at two of them may be
/// two users'.
const FASTMAIL: [&str; 20] = [
    "fastmail.cn",
    "fastmail.co.uk",
    "fastmail.com",
    "fastmail.com.au",
    "fastmail.de",
    "fastmail.es",
    "fastmail.fm",
    "fastmail.im",
    "fastmail.in",
    "fastmail.jp",
    "fastmail.mx",
    "fastmail.net",
    "fastmail.nl",
    "fastmail.org",
    "fastmail.se",
    "fastmail.to",
    "fastmail.tw",
    "fastmail.uk",
    "fastmail.us",
    "sent.com",
];

/// Returns the local part without its plus-tag, and the domain; for a number, the number. Further
/// spellings of one mailbox:
///
/// - Gmail ignores dots, and has two domains: <https://support.google.com/mail/answer/7436150>,
///   <https://support.google.com/mail/answer/10313>.
/// - Proton ignores dots, hyphens and underscores, and a name belongs to one user at all its domains:
///   <https://proton.me/support/change-username>, <https://proton.me/support/addresses-and-aliases>.
/// - Yandex has each mailbox at all its domains:
///   <https://yandex.com/support/domain/additional/mailbox-alias.xml>. No known source confirms that
///   it accepts a hyphen in place of a dot.
/// - Apple's older domains are the same mailbox: <https://support.apple.com/102540>.
/// - Fastmail delivers every address at `ada.fastmail.com` to `ada@fastmail.com`, and so at all its
///   domains: <https://www.fastmail.help/hc/en-us/articles/360060591053>. It publishes no list of
///   them that is known here; [`FASTMAIL`] has those of its own name and one more.
fn mailbox(identifier: &Identifier) -> (Cow<'_, str>, &str) {
    match identifier {
        Identifier::PhoneNumber(number) => (number.as_str().into(), ""),
        Identifier::Email(email) => {
            let (local, domain) = email.as_str().rsplit_once('@').unwrap_or_default();
            // A local part that begins with a plus has no name to fold to.
            let name = match local.split_once('+') {
                Some((name, _)) if !name.is_empty() => name,
                _ => local,
            };
            if let Some((name, domain)) = domain.split_once('.')
                && FASTMAIL.contains(&domain)
            {
                return (name.into(), domain);
            }
            match domain {
                "gmail.com" | "googlemail.com" => (name.replace('.', "").into(), "gmail.com"),
                "proton.me" | "protonmail.com" | "protonmail.ch" | "pm.me" => {
                    (name.replace(['.', '-', '_'], "").into(), "proton.me")
                }
                "yandex.ru" | "yandex.com" | "yandex.by" | "yandex.kz" | "ya.ru" => {
                    (name.replace('-', ".").into(), "yandex.ru")
                }
                "icloud.com" | "me.com" | "mac.com" => (name.into(), "icloud.com"),
                _ => (name.into(), domain),
            }
        }
    }
}

/// Returns the identifier without what its provider ignores in every address: two addresses of one
/// reader always reach one person. Tags stay, because a reader may sort mail by them, and so does all
/// that only some sources confirm.
///
/// The code of a slot depends on it, so it must never unite the addresses of two persons. What
/// `mailbox` unites beyond it is safe for budgets alone.
pub(super) fn reader(identifier: &Identifier) -> (Cow<'_, str>, &str) {
    let email = match identifier {
        Identifier::PhoneNumber(number) => return (number.as_str().into(), ""),
        Identifier::Email(email) => email.as_str(),
    };
    let (local, domain) = email.rsplit_once('@').unwrap_or_default();
    let without = |ignored: &[char]| -> Cow<'_, str> {
        let (name, tag) = local.split_at(local.find('+').unwrap_or(local.len()));
        (name.replace(ignored, "") + tag).into()
    };
    match domain {
        "gmail.com" | "googlemail.com" => (without(&['.']), "gmail.com"),
        "proton.me" | "protonmail.com" | "protonmail.ch" | "pm.me" => {
            (without(&['.', '-', '_']), "proton.me")
        }
        "yandex.ru" | "yandex.com" | "yandex.by" | "yandex.kz" | "ya.ru" => {
            (local.into(), "yandex.ru")
        }
        "icloud.com" | "me.com" | "mac.com" => (local.into(), "icloud.com"),
        _ => (local.into(), domain),
    }
}

/// Returns whether an address is one of any number that its owner, or anyone, can make for a mailbox:
/// it has a tag, or is at a subdomain that Fastmail delivers to one user.
pub(crate) fn is_tagged(identifier: &Identifier) -> bool {
    let Identifier::Email(email) = identifier else {
        return false;
    };
    let (local, domain) = email.as_str().rsplit_once('@').unwrap_or_default();
    let parent = domain.split_once('.').map(|(_, parent)| parent);
    local.find('+').is_some_and(|place| place > 0)
        || parent.is_some_and(|parent| FASTMAIL.contains(&parent))
}

impl fmt::Display for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pseudonym({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::identifier::Method;

    #[test]
    fn spellings_of_one_mailbox_are_one_and_of_two_are_two() {
        for (spellings, is_one) in [
            (["ada.king@gmail.com", "adaking+x@googlemail.com"], true),
            (["ada_k-ing@proton.me", "ada.king@pm.me"], true),
            (["adaking@protonmail.com", "adaking@protonmail.ch"], true),
            (["ada-king@ya.ru", "ada.king@yandex.com"], true),
            (["ada-king@ya.ru", "adaking@ya.ru"], false),
            (["ada.king@me.com", "ada.king+1@icloud.com"], true),
            (["shop@ada.fastmail.com", "ada+1@fastmail.com"], true),
            (["ada@shop.fastmail.fm", "ada@fastmail.fm"], false),
            (["shop@ada.fastmail.co.uk", "ada@fastmail.co.uk"], true),
            (["shop@ada.sent.com", "news@ada.sent.com"], true),
            (["ada@sent.com", "ada@fastmail.com"], false),
            (["shop@ada.example.com", "ada@example.com"], false),
            (["ada.king@icloud.com", "adaking@icloud.com"], false),
            (["ada.king@example.com", "ada.king+1@example.com"], true),
            (["ada.king@example.com", "adaking@example.com"], false),
            (["+1@example.com", "+2@example.com"], false),
        ] {
            let [one, other] =
                spellings.map(|address| Identifier::parse(Method::Email, address).unwrap());
            assert_eq!(mailbox(&one) == mailbox(&other), is_one, "{spellings:?}");
        }
    }

    /// Two addresses of one reader are of one mailbox, and both have a tag or neither has.
    #[test]
    fn readers_are_united_only_where_a_provider_confirms_it() {
        for (spellings, is_one) in [
            (["ada.king@gmail.com", "adaking@googlemail.com"], true),
            (["ada.king+x.y@gmail.com", "adaking+x.y@gmail.com"], true),
            (["ada.king+x.y@gmail.com", "ada.king+xy@gmail.com"], false),
            (["ada.king@gmail.com", "ada.king+x@gmail.com"], false),
            (["ada_k-ing@proton.me", "ada.king@pm.me"], true),
            (["ada-king@ya.ru", "ada-king@yandex.com"], true),
            (["ada-king@ya.ru", "ada.king@ya.ru"], false),
            (["ada@me.com", "ada@icloud.com"], true),
            (["ada@me.com", "ada+1@me.com"], false),
            (["shop@ada.fastmail.com", "ada@fastmail.com"], false),
            (["ada.king@example.com", "adaking@example.com"], false),
            (["ada@example.com", "ada+1@example.com"], false),
        ] {
            let [one, other] =
                spellings.map(|address| Identifier::parse(Method::Email, address).unwrap());
            assert_eq!(reader(&one) == reader(&other), is_one, "{spellings:?}");
            if is_one {
                assert_eq!(mailbox(&one), mailbox(&other), "{spellings:?}");
                assert_eq!(is_tagged(&one), is_tagged(&other), "{spellings:?}");
            }
        }
    }

    #[test]
    fn tags_and_subdomains_of_fastmail_are_tagged() {
        for (address, tagged) in [
            ("ada@example.com", false),
            ("ada+1@example.com", true),
            ("+1@example.com", false),
            ("shop@ada.fastmail.com", true),
            ("ada@fastmail.com", false),
        ] {
            let identifier = Identifier::parse(Method::Email, address).unwrap();
            assert_eq!(is_tagged(&identifier), tagged, "{address}");
        }
    }
}
