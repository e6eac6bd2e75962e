//! The tokens of a browser session, sealed for its item of the store.
//!
//! The key is an HMAC of the session's id under a subkey of the lasting key. So a token opens only
//! where both are: the deployment's key, which no copy of the table has, and the cookie, which no
//! server has between two requests. A session lives longer than a key of the rotation.
//!
//! A token is kept as bytes: one byte for the form, the length of the key's name, the name, then
//! nonce, ciphertext and tag.

use std::fmt;

use latchstring_crypto::NONCE_BYTES;
use zeroize::Zeroizing;

use super::keys::{Key, KeyRing, Use};
use super::sealed::UnsealError;
use crate::effects::Entropy;
use crate::value::secret::Secret;
use crate::value::session_id::SessionId;

const FORM: u8 = 1;
/// The maximum length of a sealed token. Cognito's have about 2 kB.
const MAX_BYTES: usize = 16 * 1024;

/// A token in the item of a browser session.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedToken(Vec<u8>);

impl SealedToken {
    /// Wraps stored bytes, which are verified when they are opened.
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// The bytes to store.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Seals a token of the session with this id, in the item that these fields describe.
    pub(crate) fn seal(
        ring: &KeyRing,
        id: &SessionId,
        bound_to: &[&[u8]],
        token: &Secret,
        entropy: &impl Entropy,
    ) -> Self {
        let key = ring.lasting();
        let nonce: [u8; NONCE_BYTES] = entropy.bytes();
        let (aad, plain) = (aad(key, bound_to), token.expose().as_bytes());
        let sealed = latchstring_crypto::seal(&sealing_key(key, id), nonce, &aad, plain)
            // Invariant: the cipher refuses only messages of over 256 GiB.
            .expect("a token can be sealed");
        let name = key.id().as_str().as_bytes();
        // Invariant: a key id has 1 to 16 bytes.
        let mut bytes = vec![FORM, u8::try_from(name.len()).unwrap_or(u8::MAX)];
        for part in [name, &nonce, &sealed] {
            bytes.extend_from_slice(part);
        }
        Self(bytes)
    }

    /// Opens the token of the session with this id.
    pub(crate) fn open(
        &self,
        ring: &KeyRing,
        id: &SessionId,
        bound_to: &[&[u8]],
    ) -> Result<Secret, UnsealError> {
        let [FORM, length, rest @ ..] = &*self.0 else {
            return Err(UnsealError::Forged);
        };
        let (name, rest) = rest
            .split_at_checked(usize::from(*length))
            .ok_or(UnsealError::Forged)?;
        let (nonce, sealed) = rest
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or(UnsealError::Forged)?;
        if sealed.len() > MAX_BYTES {
            return Err(UnsealError::Forged);
        }
        let name = str::from_utf8(name).map_err(|_| UnsealError::Forged)?;
        let key = ring
            .find(Use::Session, name)
            .ok_or(UnsealError::KeyUnknown)?;
        let aad = aad(key, bound_to);
        let token = latchstring_crypto::open(&sealing_key(key, id), *nonce, &aad, sealed)
            .ok_or(UnsealError::Forged)?;
        let token = String::from_utf8(token).map_err(|_| UnsealError::Forged)?;
        Ok(Secret::new(token))
    }
}

impl fmt::Debug for SealedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedToken(…)")
    }
}

/// Returns the key that seals the tokens of a session.
fn sealing_key(key: &Key, id: &SessionId) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(key.mac(Use::Session, &[id.as_bytes()]))
}

/// Returns the associated data. Each field is length-prefixed, so no two lists have the same encoding.
fn aad(key: &Key, bound_to: &[&[u8]]) -> Vec<u8> {
    let mut data = b"latchstring session".to_vec();
    data.push(FORM);
    for field in std::iter::once(&key.id().as_str().as_bytes()).chain(bound_to) {
        data.extend_from_slice(&(field.len() as u64).to_be_bytes());
        data.extend_from_slice(field);
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::keys::KeyId;
    use crate::testing::{Seeded, keys};

    const BOUND: &[&[u8]] = &[b"item", b"refresh"];

    fn id(byte: u8) -> SessionId {
        SessionId::from_bytes([byte; 32])
    }

    fn sealed() -> SealedToken {
        let token = Secret::new("a token");
        SealedToken::seal(&keys(), &id(1), BOUND, &token, &Seeded::new(1))
    }

    #[test]
    fn a_token_opens_with_its_cookie_and_item_alone() {
        let ring = keys();
        let open = |id: &SessionId, bound: &[&[u8]]| sealed().open(&ring, id, bound);
        assert_eq!(open(&id(1), BOUND), Ok(Secret::new("a token")));
        assert_eq!(open(&id(2), BOUND), Err(UnsealError::Forged));
        let others: [&[&[u8]]; 3] = [&[b"item"], &[b"itemr", b"efresh"], &[b"item", b"access"]];
        for other in others {
            assert_eq!(open(&id(1), other), Err(UnsealError::Forged));
        }
    }

    #[test]
    fn a_token_opens_after_rotations_while_its_key_is_lasting() {
        let key =
            |name: &str, byte: u8| Key::new(KeyId::parse(name).unwrap(), &[byte; 32]).unwrap();
        // `keys` has the key k1 of ones alone.
        let rotated = KeyRing::new(key("k3", 3), None, Some(key("k2", 2))).unwrap();
        assert_eq!(
            sealed().open(&rotated, &id(1), BOUND),
            Err(UnsealError::KeyUnknown)
        );
        let lasting = rotated.with_lasting(key("k1", 1)).unwrap();
        assert!(sealed().open(&lasting, &id(1), BOUND).is_ok());
    }

    #[test]
    fn any_change_of_the_bytes_is_refused() {
        let bytes = sealed().as_bytes().to_vec();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            let opened = SealedToken::from_bytes(changed).open(&keys(), &id(1), BOUND);
            assert!(opened.is_err(), "byte {at}");
            let cut = SealedToken::from_bytes(&bytes[..at]);
            assert!(cut.open(&keys(), &id(1), BOUND).is_err(), "{at} bytes");
        }
    }

    #[test]
    fn a_token_of_cognitos_length_is_sealed_in_a_hundred_bytes_more() {
        let token = Secret::new("t".repeat(2_000));
        let sealed = SealedToken::seal(&keys(), &id(1), BOUND, &token, &Seeded::new(1));
        assert!(sealed.as_bytes().len() < 2_100);
        assert_eq!(sealed.open(&keys(), &id(1), BOUND), Ok(token));
        assert_eq!(format!("{sealed:?}"), "SealedToken(…)");
    }
}
