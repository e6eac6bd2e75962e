use std::sync::{Arc, Mutex};

use latchstring_core::ports::Entropy;
use rand::rngs::ChaCha20Rng;
use rand::{Rng, SeedableRng};

use crate::lock;

/// Entropy that returns the same bytes in the same order for the same seed. Clones share it. For
/// tests only.
#[derive(Clone, Debug)]
pub struct SeededEntropy(Arc<Mutex<ChaCha20Rng>>);

impl SeededEntropy {
    /// Makes entropy from a seed.
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(ChaCha20Rng::seed_from_u64(seed))))
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        lock(&self.0).fill_bytes(buffer);
    }
}
