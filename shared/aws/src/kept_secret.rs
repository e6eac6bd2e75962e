//! A secret that a setting holds or names.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use latchstring_core::ports::{PortError, SecretSource};
use latchstring_core::secret::Secret;

use crate::SecretSetting;
use crate::client::Aws;
use crate::secrets::SecretsManager;

/// The time for which a secret is used before it is read again.
const MAX_AGE: Duration = Duration::from_secs(600);
/// The time for which the last secret stays in use while it cannot be read.
const KEEP: Duration = Duration::from_secs(3600);
/// The time between two readings because of a refusal.
const PAUSE: Duration = Duration::from_secs(5);

/// A secret that is read at its first use, and again when it is ten minutes old. While it cannot be
/// read, the last one stays in use for an hour. Clones share it.
#[derive(Clone)]
pub struct KeptSecret(Kind);

#[derive(Clone)]
enum Kind {
    Given(Secret),
    Kept(SecretsManager, Arc<Mutex<Option<Kept>>>),
}

/// A secret that was read.
#[derive(Clone)]
struct Kept {
    secret: Secret,
    /// The time of the reading, by both clocks: Linux stops the first one while a function is frozen,
    /// and the second one may be set.
    at: (Instant, SystemTime),
    /// True if it was refused, so it may have been replaced.
    is_refused: bool,
    /// The time of the latest reading because of a refusal.
    read_again_at: Option<Instant>,
}

impl Kept {
    fn age(&self) -> Duration {
        let (instant, time) = self.at;
        instant.elapsed().max(time.elapsed().unwrap_or_default())
    }

    fn is_current(&self) -> bool {
        let read_again = self.read_again_at.is_some_and(|at| at.elapsed() < PAUSE);
        self.age() < MAX_AGE && (!self.is_refused || read_again)
    }
}

impl KeptSecret {
    /// Creates the secret of a setting. Connects at the first call.
    pub fn new(aws: &Aws, setting: SecretSetting) -> Self {
        Self(match setting {
            SecretSetting::Text(secret) => Kind::Given(secret),
            SecretSetting::Secret(id) => Kind::Kept(SecretsManager::new(aws, id), Arc::default()),
        })
    }

    /// Has a later call read the secret again: it was refused, so it may have been replaced.
    #[cfg(any(feature = "cognito", feature = "turnstile"))]
    pub(crate) fn forget(&self) {
        if let Kind::Kept(_, kept) = &self.0
            && let Some(kept) = &mut *kept.lock().unwrap_or_else(PoisonError::into_inner)
        {
            kept.is_refused = true;
        }
    }

    /// Reads a secret that was refused again, at most every five seconds.
    #[cfg(feature = "cognito")]
    pub(crate) async fn read_again(&self) -> Result<Secret, PortError> {
        self.forget();
        self.read().await
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
            Some(kept) if kept.is_current() => Ok(kept.secret),
            known => match source.read().await {
                Ok(read) => {
                    let secret = Secret::new(read.expose().trim());
                    let now = Instant::now();
                    let refused = known.filter(|known| known.is_refused);
                    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                    *kept = Some(Kept {
                        secret: secret.clone(),
                        at: (now, SystemTime::now()),
                        is_refused: false,
                        read_again_at: refused.map(|_| now),
                    });
                    Ok(secret)
                }
                Err(fault) => {
                    let usable = known.filter(|kept| kept.age() < KEEP);
                    usable.map(|kept| kept.secret).ok_or(fault)
                }
            },
        }
    }
}

impl fmt::Debug for KeptSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeptSecret(…)")
    }
}
