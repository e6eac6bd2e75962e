use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use latchstring_core::ports::{Captcha, PortError};
use latchstring_core::secret::Secret;

use crate::lock;

/// A CAPTCHA with a fixed list of right answers, each valid once. Clones share them.
#[derive(Clone, Debug)]
pub struct FixedCaptcha {
    left: Arc<Mutex<BTreeSet<String>>>,
    asked: Arc<Mutex<usize>>,
}

impl FixedCaptcha {
    /// Makes a CAPTCHA that accepts these answers.
    pub fn new<T: Into<String>>(answers: impl IntoIterator<Item = T>) -> Self {
        let left = answers.into_iter().map(Into::into).collect();
        Self {
            left: Arc::new(Mutex::new(left)),
            asked: Arc::default(),
        }
    }

    /// Returns the number of verifications.
    pub fn asked(&self) -> usize {
        *lock(&self.asked)
    }
}

impl Captcha for FixedCaptcha {
    async fn is_solved(&self, answer: &Secret) -> Result<bool, PortError> {
        *lock(&self.asked) += 1;
        Ok(lock(&self.left).remove(answer.expose()))
    }
}
