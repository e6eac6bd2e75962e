//! Links: the token that a mail carries beside the code, and the challenge that binds it to the
//! client that requested it.
//!
//! The client keeps a link secret, and sends its challenge with the request: SHA-256 of the secret's
//! text, as in RFC 7636. The flow row has the challenge. An answer by link has the token and the
//! secret. So a token alone, from a forwarded mail or a link scanner, is no answer.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use latchstring_crypto::sha256;
use subtle::{Choice, ConstantTimeEq};

use crate::value::secret::Secret;

/// The challenge of a link secret.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct LinkChallenge([u8; 32]);

impl LinkChallenge {
    /// Decodes the 43 characters of base64url that a client sends.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// Returns the challenge of a secret.
    pub fn of(secret: &Secret) -> Self {
        Self(sha256(secret.expose().as_bytes()))
    }

    /// Creates a challenge from stored bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes to store.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Compares with the challenge of a secret in constant time.
    pub(crate) fn is_of(&self, secret: &Secret) -> Choice {
        self.0.ct_eq(&Self::of(secret).0)
    }
}

impl fmt::Debug for LinkChallenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkChallenge(…)")
    }
}

/// The token of a link: the 128 bits of which the code is the remainder.
#[derive(Clone)]
pub struct LinkToken([u8; 16]);

impl LinkToken {
    pub(super) const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Formats the token as the 22 characters of base64url that a mail carries.
    pub fn text(&self) -> String {
        BASE64URL_NOPAD.encode(&self.0)
    }

    /// Compares with an answer in a time that depends on the answer's length alone.
    pub(crate) fn matches(&self, answer: &str) -> Choice {
        self.text().as_bytes().ct_eq(answer.as_bytes())
    }
}

impl fmt::Debug for LinkToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkToken(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7636, appendix B.
    #[test]
    fn a_challenge_is_that_of_rfc_7636() {
        let secret = Secret::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        let challenge = LinkChallenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert_eq!(challenge, Some(LinkChallenge::of(&secret)));
        assert!(bool::from(challenge.unwrap().is_of(&secret)));
        let other = Secret::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl");
        assert!(!bool::from(challenge.unwrap().is_of(&other)));
    }

    #[test]
    fn a_challenge_has_32_bytes_in_one_spelling() {
        for text in [
            "",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM=",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cN",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cMA",
        ] {
            assert_eq!(LinkChallenge::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_token_has_one_spelling_and_debug_shows_neither() {
        let token = LinkToken::from_bytes([0xfb; 16]);
        let text = token.text();
        assert_eq!(text, "-_v7-_v7-_v7-_v7-_v7-w");
        assert!(bool::from(token.matches(&text)));
        for other in ["", "-_v7-_v7-_v7-_v7-_v7-x", "-_v7-_v7-_v7-_v7-_v7-w "] {
            assert!(!bool::from(token.matches(other)), "{other:?}");
        }
        assert_eq!(format!("{token:?}"), "LinkToken(…)");
        let challenge = LinkChallenge::of(&Secret::new("secret"));
        assert_eq!(format!("{challenge:?}"), "LinkChallenge(…)");
    }
}
