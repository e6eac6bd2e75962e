//! The deployment's secrets: a ring of keys, and the subkeys that each use derives from a key.
//!
//! A subkey never serves two uses. HKDF-SHA256 derives one subkey for codes, one for answer
//! digests, and so on. A leak of one subkey reveals nothing about another.
//!
//! `KeyRing::find` finds a key on the ring by its use. The lasting key seals and opens device
//! tokens, and computes pseudonyms, pointers and the codes of test identifiers. It opens no ticket,
//! proof, resume secret, continuation or session. It is one half of the key of a browser session's
//! tokens; the other half is the cookie. It stays for years, so its uses are few: a leak of it
//! permits no sign-in, except as a test identifier.

use std::fmt;

use latchstring_crypto::Derivation;
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// The minimum length of a key's secret in bytes.
pub const KEY_BYTES: usize = 32;

/// The name of a key of the ring; sent in the clear beside the texts that the key protects.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(String);

/// The reason that a text is not a [`KeyId`], or that keys do not form a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeyError {
    /// A name other than 1 to 16 of `a-z`, `0-9` and `-`.
    #[error("a key id is 1 to 16 characters of a-z, 0-9 and -")]
    Id,
    /// A secret shorter than [`KEY_BYTES`].
    #[error("a key needs at least 32 bytes of secret")]
    Short,
    /// Two keys of one ring with equal names.
    #[error("two keys of the ring have the same id")]
    Twice,
}

impl KeyId {
    /// Parses a name of 1 to 16 characters of `a-z`, `0-9` and `-`.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let named = (1..=16).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if named {
            Ok(Self(text.to_owned()))
        } else {
            Err(KeyError::Id)
        }
    }

    /// Returns the name before the first dot of a sealed text. The text is untrusted.
    pub(crate) fn named_by(text: &str) -> Option<Self> {
        let (id, _) = text.split_once('.')?;
        Self::parse(id).ok()
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One key of the ring, with a subkey for each use.
#[derive(Clone)]
pub struct Key {
    id: KeyId,
    subkeys: Subkeys,
}

#[derive(Clone, Zeroize, ZeroizeOnDrop)]
struct Subkeys([[u8; 32]; Use::ALL.len()]);

/// The use of a subkey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// Deriving one-time codes.
    Code,
    /// Computing digests of answers, stored as the set of attempts.
    Answer,
    /// Sealing tickets.
    Ticket,
    /// Sealing proofs.
    Proof,
    /// Sealing the contact in a flow row.
    Contact,
    /// Authenticating challenge metadata.
    Challenge,
    /// Computing the hashes that stand for an identifier, account or flow in keys of the store and
    /// in logs.
    Pseudonym,
    /// Sealing device tokens.
    Device,
    /// Sealing resume secrets.
    Resume,
    /// Computing pointers.
    Pointer,
    /// Sealing continuations.
    Continuation,
    /// Deriving, with the id of a browser session, the key that seals its tokens.
    Session,
}

impl Use {
    pub(crate) const ALL: [Self; 12] = [
        Self::Code,
        Self::Answer,
        Self::Ticket,
        Self::Proof,
        Self::Contact,
        Self::Challenge,
        Self::Pseudonym,
        Self::Device,
        Self::Resume,
        Self::Pointer,
        Self::Continuation,
        Self::Session,
    ];

    const fn info(self) -> &'static str {
        match self {
            Self::Code => "latchstring v1 code",
            Self::Answer => "latchstring v1 answer",
            Self::Ticket => "latchstring v1 ticket",
            Self::Proof => "latchstring v1 proof",
            Self::Contact => "latchstring v1 contact",
            Self::Challenge => "latchstring v1 challenge",
            Self::Pseudonym => "latchstring v1 label",
            Self::Device => "latchstring v1 device",
            Self::Resume => "latchstring v1 resume",
            Self::Pointer => "latchstring v1 pointer",
            Self::Continuation => "latchstring v1 continuation",
            Self::Session => "latchstring v1 session",
        }
    }
}

impl Key {
    /// Derives the subkeys of `secret`, which has at least [`KEY_BYTES`] bytes of OS randomness.
    pub fn new(id: KeyId, secret: &[u8]) -> Result<Self, KeyError> {
        if secret.len() < KEY_BYTES {
            return Err(KeyError::Short);
        }
        let derivation = Derivation::new(secret);
        let mut subkeys = Subkeys([[0; 32]; Use::ALL.len()]);
        for usage in Use::ALL {
            derivation.expand(usage.info().as_bytes(), &mut subkeys.0[usage as usize]);
        }
        Ok(Self { id, subkeys })
    }

    /// The key's name.
    pub const fn id(&self) -> &KeyId {
        &self.id
    }

    pub(crate) const fn subkey(&self, usage: Use) -> &[u8; 32] {
        &self.subkeys.0[usage as usize]
    }

    /// Returns the HMAC-SHA256, under the subkey of a use, of the fields. Each field is
    /// length-prefixed, so no two lists have the same encoding.
    pub(crate) fn mac(&self, usage: Use, fields: &[&[u8]]) -> [u8; 32] {
        latchstring_crypto::mac(self.subkey(usage), fields)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({}, …)", self.id.as_str())
    }
}

/// The keys in use. New texts are made under `current`. Texts under `previous`, or already under
/// `next`, are still accepted, so that a rotation interrupts no user.
#[derive(Clone, Debug)]
pub struct KeyRing {
    current: Key,
    others: Vec<Key>,
    lasting: Option<Key>,
}

impl KeyRing {
    /// Creates a ring of the current key and those that are accepted beside it.
    pub fn new(current: Key, next: Option<Key>, previous: Option<Key>) -> Result<Self, KeyError> {
        let others: Vec<Key> = next.into_iter().chain(previous).collect();
        let ids: std::collections::BTreeSet<_> = others.iter().map(Key::id).collect();
        if ids.len() < others.len() || ids.contains(current.id()) {
            return Err(KeyError::Twice);
        }
        Ok(Self {
            current,
            others,
            lasting: None,
        })
    }

    /// Adds a key for everything that must outlive a rotation. Without one, the current key is
    /// used; each rotation then resets budgets and leases, and ends known devices and browser
    /// sessions.
    pub fn with_lasting(self, key: Key) -> Result<Self, KeyError> {
        // One key may be the lasting one and also have another role.
        let same = |other: &Key| other.subkeys.0 == key.subkeys.0;
        let other = self.find(Use::Device, key.id.as_str());
        if other.is_some_and(|other| !same(other)) {
            return Err(KeyError::Twice);
        }
        Ok(Self {
            lasting: Some(key),
            ..self
        })
    }

    /// The key for everything that must outlive a rotation.
    pub fn lasting(&self) -> &Key {
        self.lasting.as_ref().unwrap_or(&self.current)
    }

    /// The key that new texts are made under.
    pub const fn current(&self) -> &Key {
        &self.current
    }

    /// Returns the ids of the keys that are accepted beside the current one: the next and the previous.
    pub fn accepted(&self) -> impl Iterator<Item = &KeyId> {
        self.others.iter().map(Key::id)
    }

    /// Returns the key of that name, if it is on the ring in a role that serves the use.
    pub(crate) fn find(&self, usage: Use, id: &str) -> Option<&Key> {
        let lasting = match usage {
            Use::Code
            | Use::Answer
            | Use::Ticket
            | Use::Proof
            | Use::Contact
            | Use::Challenge
            | Use::Resume
            | Use::Continuation => None,
            Use::Pseudonym | Use::Device | Use::Pointer | Use::Session => self.lasting.as_ref(),
        };
        lasting
            .into_iter()
            .chain(std::iter::once(&self.current))
            .chain(&self.others)
            .find(|key| key.id.as_str() == id)
    }

    /// Returns whether a key of that name is on the ring, in any role.
    pub fn names(&self, id: &str) -> bool {
        self.find(Use::Device, id).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: &str, byte: u8) -> Key {
        Key::new(KeyId::parse(id).unwrap(), &[byte; 32]).unwrap()
    }

    #[test]
    fn every_use_has_a_subkey_of_its_own() {
        let key = key("k1", 1);
        let mut seen = std::collections::BTreeSet::new();
        for usage in Use::ALL {
            assert!(seen.insert(*key.subkey(usage)), "{usage:?}");
        }
    }

    #[test]
    fn a_mac_depends_on_where_one_field_ends_and_the_next_begins() {
        let key = key("k1", 1);
        assert_ne!(
            key.mac(Use::Code, &[b"ab", b"c"]),
            key.mac(Use::Code, &[b"a", b"bc"])
        );
    }

    #[test]
    fn a_ring_finds_its_keys_by_name_and_no_other() {
        let ring = KeyRing::new(key("b", 2), Some(key("c", 3)), Some(key("a", 1))).unwrap();
        for id in ["a", "b", "c"] {
            assert!(ring.names(id));
            assert_eq!(ring.find(Use::Ticket, id).unwrap().id().as_str(), id);
        }
        assert!(!ring.names("d"));
        assert_eq!(ring.current().id().as_str(), "b");
    }

    #[test]
    fn a_ring_with_two_keys_of_one_name_is_refused() {
        let error = KeyRing::new(key("a", 1), None, Some(key("a", 2))).unwrap_err();
        assert_eq!(error, KeyError::Twice);
    }

    #[test]
    fn a_key_may_go_on_as_the_lasting_one_under_its_own_name_only() {
        let ring = || KeyRing::new(key("b", 2), None, Some(key("a", 1))).unwrap();
        assert_eq!(ring().lasting().id().as_str(), "b", "without one");
        let lasting = ring().with_lasting(key("a", 1)).unwrap();
        assert_eq!(lasting.lasting().id().as_str(), "a");
        let other = ring().with_lasting(key("l", 9)).unwrap();
        assert!(other.names("l"));
        assert_eq!(
            ring().with_lasting(key("a", 9)).unwrap_err(),
            KeyError::Twice
        );
    }

    /// Every use and every role: a key that is only lasting serves pseudonyms, pointers, devices and
    /// browser sessions.
    #[test]
    fn a_lasting_key_serves_devices_pseudonyms_and_pointers_alone() {
        let ring = KeyRing::new(
            key("current", 2),
            Some(key("next", 3)),
            Some(key("previous", 1)),
        );
        let ring = ring.unwrap().with_lasting(key("lasting", 9)).unwrap();
        for usage in Use::ALL {
            for role in ["current", "next", "previous"] {
                assert!(ring.find(usage, role).is_some(), "{usage:?}, {role}");
            }
            let lasts = [Use::Device, Use::Pseudonym, Use::Pointer, Use::Session];
            let serves = lasts.contains(&usage);
            assert_eq!(ring.find(usage, "lasting").is_some(), serves, "{usage:?}");
            assert!(ring.find(usage, "none").is_none(), "{usage:?}");
        }
    }

    #[test]
    fn short_secrets_and_odd_names_are_refused() {
        assert_eq!(
            Key::new(KeyId::parse("a").unwrap(), &[0; 31]).unwrap_err(),
            KeyError::Short
        );
        for id in ["", "A", "a.b", "a b", "12345678901234567", "ä"] {
            assert_eq!(KeyId::parse(id).unwrap_err(), KeyError::Id, "{id:?}");
        }
    }

    #[test]
    fn debug_shows_no_key() {
        assert_eq!(format!("{:?}", key("k1", 7)), "Key(k1, …)");
    }
}
