//! Ports for the unit tests of this crate. All other tests use `latchstring-memory`.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::effects::Entropy;
use crate::seal::keys::{Key, KeyId, KeyRing};

/// Deterministic bytes: different at every call, equal for equal seeds.
pub(crate) struct Seeded(AtomicU64);

impl Seeded {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed << 32))
    }
}

impl Entropy for Seeded {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            let n = self.0.fetch_add(1, Ordering::Relaxed);
            chunk.copy_from_slice(&n.to_be_bytes()[..chunk.len()]);
        }
    }
}

pub(crate) fn keys() -> KeyRing {
    // Invariant: the id is well formed and 32 bytes are enough.
    let key = Key::new(KeyId::parse("k1").expect("an id"), &[1; 32]).expect("a key");
    KeyRing::new(key, None, None).expect("one key is a ring")
}
