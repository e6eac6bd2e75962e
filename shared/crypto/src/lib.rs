//! The cryptographic functions of the core: XChaCha20-Poly1305, HMAC, HKDF and SHA-256.
//!
//! The libraries are generic, and generic code is compiled where its types are chosen. Here they are
//! chosen in a crate of its own, which a debug build optimises. In the core, which it does not, the
//! ciphers took half of the time of the core's tests.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// The length of a nonce of [`seal`].
pub const NONCE_BYTES: usize = 24;

/// Encrypts a text by XChaCha20-Poly1305, and appends the tag, which also covers `bound_to`. Returns
/// `None` for a text of more than 256 GiB.
pub fn seal(
    key: &[u8; 32],
    nonce: [u8; NONCE_BYTES],
    bound_to: &[u8],
    plain: &[u8],
) -> Option<Vec<u8>> {
    let payload = Payload {
        msg: plain,
        aad: bound_to,
    };
    XChaCha20Poly1305::new(key.into())
        .encrypt(&XNonce::from(nonce), payload)
        .ok()
}

/// Decrypts what [`seal`] made with the same values. Returns `None` if the tag is another.
pub fn open(
    key: &[u8; 32],
    nonce: [u8; NONCE_BYTES],
    bound_to: &[u8],
    sealed: &[u8],
) -> Option<Vec<u8>> {
    let payload = Payload {
        msg: sealed,
        aad: bound_to,
    };
    XChaCha20Poly1305::new(key.into())
        .decrypt(&XNonce::from(nonce), payload)
        .ok()
}

/// Returns the HMAC-SHA256 of the fields. Each field is length-prefixed, so no two lists have the same
/// encoding.
#[expect(
    clippy::missing_panics_doc,
    reason = "HMAC accepts a key of any length"
)]
pub fn mac(key: &[u8; 32], fields: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key)
        // Invariant: HMAC accepts a key of any length.
        .expect("32 bytes key an HMAC");
    for field in fields {
        mac.update(&(field.len() as u64).to_be_bytes());
        mac.update(field);
    }
    mac.finalize().into_bytes().into()
}

/// Returns the SHA-256 of the bytes.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Derives keys from a secret by HKDF-SHA256 without a salt.
pub struct Derivation(Hkdf<Sha256>);

impl Derivation {
    /// Extracts the key that the others are derived from.
    pub fn new(secret: &[u8]) -> Self {
        Self(Hkdf::new(None, secret))
    }

    /// Writes the key for a use into `key`.
    #[expect(clippy::missing_panics_doc, reason = "HKDF derives 32 bytes")]
    pub fn expand(&self, info: &[u8], key: &mut [u8; 32]) {
        self.0
            .expand(info, key)
            // Invariant: HKDF refuses only lengths over 8,160 bytes.
            .expect("32 bytes are derived");
    }
}
