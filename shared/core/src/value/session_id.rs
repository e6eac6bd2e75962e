//! The random id of a browser session, which only its browser's cookie holds.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;

use super::secret::Secret;

/// The random id of a browser session: 256 bits. Redacted in `Debug`; the store has its keyed hash.
#[derive(Clone)]
pub struct SessionId([u8; 32]);

impl SessionId {
    /// Creates an id from unpredictable bytes.
    pub(crate) const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Parses the value of a cookie. Each id has one text.
    pub fn parse(cookie: &str) -> Option<Self> {
        if cookie.len() != BASE64URL_NOPAD.encode_len(size_of::<[u8; 32]>()) {
            return None;
        }
        let bytes = BASE64URL_NOPAD.decode(cookie.as_bytes()).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// Returns the value of the cookie: 43 characters that need no quotes.
    pub fn text(&self) -> Secret {
        Secret::new(BASE64URL_NOPAD.encode(&self.0))
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_text_and_parses_from_no_other() {
        let id = SessionId::from_bytes([0xfb; 32]);
        let text = id.text();
        let text = text.expose();
        assert_eq!(text.len(), 43);
        assert_eq!(SessionId::parse(text).unwrap().as_bytes(), id.as_bytes());
        let (head, _) = text.split_at(42);
        for other in [
            "",
            head,
            &format!("{text}A"),
            &format!("{text}="),
            // The two unused bits of the last character are set.
            &format!("{head}t"),
            &format!("{head}+"),
            &format!("{head} "),
        ] {
            assert!(SessionId::parse(other).is_none(), "{other}");
        }
    }

    #[test]
    fn debug_shows_no_id() {
        assert_eq!(
            format!("{:?}", SessionId::from_bytes([1; 32])),
            "SessionId(…)"
        );
    }
}
