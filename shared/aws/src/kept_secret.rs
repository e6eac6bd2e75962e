//! A secret that a setting holds or names.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use latchstring_core::ports::{PortError, SecretSource};
use latchstring_core::secret::Secret;

use crate::SecretSetting;
use crate::client::Aws;
use crate::secrets::SecretsManager;

/// The time for which a secret is used before it is read again.
const MAX_AGE: Duration = Duration::from_secs(600);

/// A secret that is read at its first use, and again when it is ten minutes old. While it cannot be
/// read, the last one stays in use. Clones share it.
#[derive(Clone)]
pub struct KeptSecret(Kind);

#[derive(Clone)]
enum Kind {
    Given(Secret),
    Kept(SecretsManager, Arc<Mutex<Option<(Instant, Secret)>>>),
}

impl KeptSecret {
    /// Creates the secret of a setting. Connects at the first call.
    pub fn new(aws: &Aws, setting: SecretSetting) -> Self {
        Self(match setting {
            SecretSetting::Text(secret) => Kind::Given(secret),
            SecretSetting::Secret(id) => Kind::Kept(SecretsManager::new(aws, id), Arc::default()),
        })
    }

    /// Has the next call read the secret again: it was refused, so it may have been replaced.
    pub(crate) fn forget(&self) {
        if let Kind::Kept(_, kept) = &self.0 {
            *kept.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }
}

impl SecretSource for KeptSecret {
    async fn read(&self) -> Result<Secret, PortError> {
        let (source, kept) = match &self.0 {
            Kind::Given(secret) => return Ok(secret.clone()),
            Kind::Kept(source, kept) => (source, kept),
        };
        let known = kept.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match known {
            Some((at, secret)) if at.elapsed() < MAX_AGE => Ok(secret),
            known => match source.read().await {
                Ok(read) => {
                    let secret = Secret::new(read.expose().trim());
                    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                    *kept = Some((Instant::now(), secret.clone()));
                    Ok(secret)
                }
                Err(fault) => known.map(|(_, secret)| secret).ok_or(fault),
            },
        }
    }
}

impl fmt::Debug for KeptSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeptSecret(…)")
    }
}
