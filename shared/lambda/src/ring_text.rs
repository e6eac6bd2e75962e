//! The text of a key ring, as `KEY_RING` and the secret hold it.

use std::fmt;

use data_encoding::BASE64;
use latchstring_core::keys::{KEY_BYTES, Key, KeyId, KeyRing};
use latchstring_core::secret::Secret;
use serde::{Deserialize, Serialize};

/// The keys of a ring by role, with their secrets.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct RingText {
    /// The key that new texts are made under.
    pub current: KeyText,
    /// A key that is accepted already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<KeyText>,
    /// A key that is still accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<KeyText>,
    /// The key for everything that must outlive a rotation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lasting: Option<KeyText>,
}

/// The id and secret of one key.
#[derive(Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct KeyText {
    id: String,
    secret: String,
}

/// A key ring, or only its current key: `CloudFormation` can generate no more for a new deployment.
#[derive(Deserialize)]
#[serde(untagged)]
enum Format {
    Ring(RingText),
    Alone(KeyText),
}

impl RingText {
    /// Parses the format of `KEY_RING` and of the secret.
    pub fn parse(text: &str) -> Option<Self> {
        match serde_json::from_str(text).ok()? {
            Format::Ring(ring) => Some(ring),
            Format::Alone(current) => Some(Self {
                current,
                next: None,
                previous: None,
                lasting: None,
            }),
        }
    }

    /// Returns the ring, unless an id or secret is invalid or two keys have the same id.
    pub fn ring(&self) -> Option<KeyRing> {
        let other = |text: &Option<KeyText>| match text {
            None => Some(None),
            Some(text) => text.key().map(Some),
        };
        let (next, previous) = (other(&self.next)?, other(&self.previous)?);
        let ring = KeyRing::new(self.current.key()?, next, previous).ok()?;
        match other(&self.lasting)? {
            None => Some(ring),
            Some(lasting) => ring.with_lasting(lasting).ok(),
        }
    }

    /// Returns the text to store. Returns `None` if the functions could not read it.
    pub fn to_text(&self) -> Option<Secret> {
        let text = serde_json::to_string(self).ok()?;
        ring(&text)?;
        Some(Secret::new(text))
    }

    /// Returns the keys, each with its role.
    pub fn roles(&self) -> impl Iterator<Item = (&'static str, &KeyText)> {
        [
            ("current", Some(&self.current)),
            ("next", self.next.as_ref()),
            ("previous", self.previous.as_ref()),
            ("lasting", self.lasting.as_ref()),
        ]
        .into_iter()
        .filter_map(|(role, key)| Some((role, key?)))
    }
}

impl KeyText {
    /// Creates the text of a key.
    pub fn new(id: &KeyId, secret: &[u8; KEY_BYTES]) -> Self {
        Self {
            id: id.as_str().to_owned(),
            secret: BASE64.encode(secret),
        }
    }

    /// The name of the key.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns whether both keys have the same secret, whatever their names.
    pub fn has_secret_of(&self, other: &Self) -> bool {
        self.secret == other.secret
    }

    fn key(&self) -> Option<Key> {
        let secret = BASE64.decode(self.secret.as_bytes()).ok()?;
        Key::new(KeyId::parse(&self.id).ok()?, &secret).ok()
    }
}

impl fmt::Debug for KeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyText({}, …)", self.id)
    }
}

/// Parses a key ring in the format of `KEY_RING` and of the secret.
pub(crate) fn ring(text: &str) -> Option<KeyRing> {
    RingText::parse(text)?.ring()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: &str, byte: u8) -> KeyText {
        KeyText::new(&KeyId::parse(id).unwrap(), &[byte; KEY_BYTES])
    }

    fn whole() -> RingText {
        RingText {
            current: key("k2", 2),
            next: Some(key("k3", 3)),
            previous: Some(key("k1", 1)),
            lasting: Some(key("k1", 1)),
        }
    }

    #[test]
    fn a_ring_may_have_a_lasting_key() {
        let secret = BASE64.encode(&[7; 32]);
        let key = |id: &str| format!(r#"{{"id": "{id}", "secret": "{secret}"}}"#);
        let text = format!(r#"{{"current": {}, "lasting": {}}}"#, key("k2"), key("k1"));
        let read = ring(&text).unwrap();
        assert_eq!(read.current().id().as_str(), "k2");
        assert_eq!(read.lasting().id().as_str(), "k1");
        assert_eq!(ring(&key("k1")).unwrap().lasting().id().as_str(), "k1");
    }

    #[test]
    fn a_single_key_is_a_ring_of_one() {
        let secret = "A".repeat(64);
        let alone = ring(&format!(r#"{{"id": "k1", "secret": "{secret}"}}"#)).unwrap();
        assert_eq!(alone.current().id().as_str(), "k1");
        let whole = format!(r#"{{"current": {{"id": "k1", "secret": "{secret}"}}}}"#);
        assert!(ring(&whole).is_some());
        for text in [r#"{"id": "k1"}"#, r#"{"id": "k1", "secret": "A"}"#, "{}"] {
            assert!(ring(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_stored_text_is_read_as_the_ring_that_it_was_made_of() {
        let text = whole().to_text().unwrap();
        assert_eq!(RingText::parse(text.expose()), Some(whole()));
        let alone = RingText {
            next: None,
            previous: None,
            lasting: None,
            ..whole()
        };
        let text = alone.to_text().unwrap();
        assert!(!text.expose().contains("null"), "a role that is not filled");
        assert_eq!(RingText::parse(text.expose()), Some(alone));
        let roles: Vec<_> = whole()
            .roles()
            .map(|(role, key)| format!("{role} {}", key.id()))
            .collect();
        assert_eq!(
            roles,
            ["current k2", "next k3", "previous k1", "lasting k1"]
        );
    }

    #[test]
    fn a_ring_that_functions_refuse_has_no_text() {
        let short = KeyText {
            id: "k3".to_owned(),
            secret: BASE64.encode(&[3; KEY_BYTES - 1]),
        };
        let unnamed = KeyText {
            id: "K 3".to_owned(),
            secret: BASE64.encode(&[3; KEY_BYTES]),
        };
        for next in [short, unnamed, key("k2", 3), key("k1", 3)] {
            let ring = RingText {
                next: Some(next),
                ..whole()
            };
            assert!(ring.to_text().is_none(), "{ring:?}");
        }
        let lasting = Some(key("k2", 9));
        assert!(RingText { lasting, ..whole() }.to_text().is_none());
    }

    #[test]
    fn debug_shows_ids_and_no_secret() {
        let shown = format!("{:?}", whole());
        assert!(shown.contains("KeyText(k3, …)"), "{shown}");
        for byte in 1..=3 {
            assert!(!shown.contains(&BASE64.encode(&[byte; KEY_BYTES])));
        }
    }
}
