//! Keyed hashes that stand for something that must not be written down: in keys of the store and
//! in logs.

use std::fmt;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::account::Sub;
use crate::budget::Source;
use crate::flow::FlowId;
use crate::identifier::Identifier;
use crate::keys::{KeyRing, Use};

/// 128 bits of HMAC-SHA256 under the ring's lasting key. Equal for equal things of one kind;
/// says nothing to anyone without the key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label([u8; 16]);

impl Label {
    fn of(ring: &KeyRing, kind: &str, fields: &[&[u8]]) -> Self {
        let mut all = vec![kind.as_bytes()];
        all.extend_from_slice(fields);
        let mac = ring.lasting().mac(Use::Label, &all);
        let mut label = [0; 16];
        label.copy_from_slice(&mac[..16]);
        Self(label)
    }

    /// Stands for an identifier, for instance in a lease on it.
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

    /// Stands for a flow in logs: its id is half of what makes a code.
    pub fn of_flow(ring: &KeyRing, flow: FlowId) -> Self {
        Self::of(ring, "flow", &[flow.as_bytes()])
    }

    /// Stands for what an identifier has used up of a budget in one month.
    pub(crate) fn of_budget(
        ring: &KeyRing,
        budget: &str,
        identifier: &Identifier,
        month: u64,
    ) -> Self {
        Self::of(
            ring,
            "budget",
            &[
                budget.as_bytes(),
                identifier.method().as_str().as_bytes(),
                identifier.as_str().as_bytes(),
                &month.to_be_bytes(),
            ],
        )
    }

    /// Stands for what a source has used up of its budget in one hour.
    pub(crate) fn of_source(ring: &KeyRing, source: Source, hour: u64) -> Self {
        Self::of(ring, "source", &[&source.to_bytes(), &hour.to_be_bytes()])
    }

    /// Stands for what an account has used up of its budget for new contacts in one day.
    pub(crate) fn of_account(ring: &KeyRing, sub: &Sub, day: u64) -> Self {
        Self::of(
            ring,
            "account",
            &[sub.as_str().as_bytes(), &day.to_be_bytes()],
        )
    }

    /// Names something that is nobody's: anybody can tell what it stands for, no key is needed.
    pub(crate) fn of_public(kind: &str, fields: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        for field in std::iter::once(&kind.as_bytes()).chain(fields) {
            hash.update((field.len() as u64).to_be_bytes());
            hash.update(field);
        }
        let mut label = [0; 16];
        label.copy_from_slice(&hash.finalize()[..16]);
        Self(label)
    }

    /// A label that is nobody else's, to hold a lease with.
    pub const fn random(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The raw bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Label({self})")
    }
}
