//! The source of a handler's settings and keys at the start of each invocation.

use std::future::{Future, ready};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use latchstring_core::keys::{KeyId, KeyRing};
use latchstring_core::policy::{Deployment, Policy};
use latchstring_core::ports::{Clock, PortError, SecretSource};
use latchstring_core::time::Timestamp;

use crate::metrics;
use crate::ring_text::ring;

/// The maximum age of a key ring that was read from the secret source.
pub const RING_MAX_AGE: Duration = Duration::from_secs(600);
/// The maximum age of a key ring while the secret source does not answer. It bounds the time for
/// which a removed key stays in use. A shorter outage interrupts no sign-in.
const MAX_AGE_IN_AN_OUTAGE: Duration = Duration::from_secs(24 * 3600);
/// The minimum time between two reads, whatever keys events name.
const PAUSE: Duration = Duration::from_secs(30);

/// A source of the settings and keys that decisions use.
pub trait Deployments: Send + Sync {
    /// Returns the settings and keys of this invocation. `named` are the keys that its event names.
    /// One that is not on the ring may be newer than the ring.
    fn deployment(
        &self,
        named: &[KeyId],
    ) -> impl Future<Output = Result<Deployment, PortError>> + Send;

    /// Returns the settings alone, which need no key.
    fn policy(&self) -> &Policy;
}

/// A deployment that never changes.
impl Deployments for Deployment {
    fn deployment(
        &self,
        _: &[KeyId],
    ) -> impl Future<Output = Result<Deployment, PortError>> + Send {
        ready(Ok(self.clone()))
    }

    fn policy(&self) -> &Policy {
        &self.policy
    }
}

/// Settings, and a key ring from a secret source.
///
/// The ring is read again when it is old, and when an event names a key that it does not hold.
/// While the source does not answer, the last ring stays in use for 24 hours.
#[derive(Debug)]
pub struct Rotating<V, C> {
    policy: Policy,
    source: V,
    clock: C,
    cache: Mutex<Cache>,
}

#[derive(Debug, Default)]
struct Cache {
    ring: Option<KeyRing>,
    read_at: Timestamp,
    tried_at: Timestamp,
}

impl Cache {
    /// Returns the ring, unless it is too old to be used.
    fn usable(&self, now: Timestamp) -> Option<KeyRing> {
        let ring = self.ring.as_ref()?;
        (now.since(self.read_at) <= MAX_AGE_IN_AN_OUTAGE).then(|| ring.clone())
    }
}

impl<V: SecretSource, C: Clock> Rotating<V, C> {
    /// Creates a source that reads nothing before the first invocation.
    pub fn new(policy: Policy, source: V, clock: C) -> Self {
        Self {
            policy,
            source,
            clock,
            cache: Mutex::default(),
        }
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        // Each change under the lock is a single assignment, so a poisoned lock holds a whole
        // value.
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the ring, or `None` when it is time to read it.
    fn cached(&self, named: &[KeyId]) -> Option<KeyRing> {
        let now = self.clock.now();
        let mut cache = self.cache();
        let ring = cache.usable(now)?;
        let is_old = now.since(cache.read_at) >= RING_MAX_AGE;
        let is_behind = named.iter().any(|id| !ring.names(id.as_str()));
        if (is_old || is_behind) && now.since(cache.tried_at) >= PAUSE {
            cache.tried_at = now;
            return None;
        }
        Some(ring)
    }

    async fn read(&self) -> Result<KeyRing, PortError> {
        let text = self.source.read().await?;
        if let Some(stored_at) = self.source.stored_at() {
            metrics::key_ring_read(stored_at, self.clock.now());
        }
        ring(text.expose()).ok_or_else(|| PortError::new("key ring", "not a key ring"))
    }
}

impl<V: SecretSource, C: Clock> Deployments for Rotating<V, C> {
    async fn deployment(&self, named: &[KeyId]) -> Result<Deployment, PortError> {
        let keys = match self.cached(named) {
            Some(ring) => ring,
            None => match self.read().await {
                Ok(ring) => {
                    let now = self.clock.now();
                    *self.cache() = Cache {
                        ring: Some(ring.clone()),
                        read_at: now,
                        tried_at: now,
                    };
                    ring
                }
                Err(fault) => {
                    let PortError { call, code } = &fault;
                    tracing::error!(call, code, "key ring not read");
                    self.cache().usable(self.clock.now()).ok_or(fault)?
                }
            },
        };
        Ok(Deployment {
            policy: self.policy.clone(),
            keys,
        })
    }

    fn policy(&self) -> &Policy {
        &self.policy
    }
}

/// One of two sources, by configuration.
#[derive(Debug)]
pub enum FixedOrRotating<V, C> {
    /// Keys from the environment.
    Fixed(Deployment),
    /// Keys from a secret source.
    Rotating(Rotating<V, C>),
}

impl<V: SecretSource, C: Clock> Deployments for FixedOrRotating<V, C> {
    async fn deployment(&self, named: &[KeyId]) -> Result<Deployment, PortError> {
        match self {
            Self::Fixed(deployment) => deployment.deployment(named).await,
            Self::Rotating(rotating) => rotating.deployment(named).await,
        }
    }

    fn policy(&self) -> &Policy {
        match self {
            Self::Fixed(deployment) => deployment.policy(),
            Self::Rotating(rotating) => rotating.policy(),
        }
    }
}

#[cfg(test)]
mod tests {
    use latchstring_core::secret::Secret;
    use latchstring_memory::ManualClock;

    use super::*;

    /// A secret source that counts its reads.
    #[derive(Debug, Default)]
    struct Counted {
        text: Mutex<Option<String>>,
        reads: Mutex<u32>,
    }

    impl SecretSource for &Counted {
        async fn read(&self) -> Result<Secret, PortError> {
            *self.reads.lock().unwrap() += 1;
            let text = self.text.lock().unwrap().clone();
            text.map(Secret::new)
                .ok_or_else(|| PortError::new("GetSecretValue", "timeout"))
        }
    }

    impl Counted {
        fn holds(&self, current: &str, others: &[(&str, &str)]) {
            let key = |id: &str| format!(r#"{{"id": "{id}", "secret": "{}"}}"#, "A".repeat(64));
            let others = others
                .iter()
                .map(|(role, id)| format!(r#", "{role}": {}"#, key(id)));
            let others = others.collect::<String>();
            let text = format!(r#"{{"current": {}{others}}}"#, key(current));
            *self.text.lock().unwrap() = Some(text);
        }

        fn is_silent(&self) {
            *self.text.lock().unwrap() = None;
        }

        fn reads(&self) -> u32 {
            *self.reads.lock().unwrap()
        }
    }

    fn rotating<'a>(
        source: &'a Counted,
        clock: &ManualClock,
    ) -> Rotating<&'a Counted, ManualClock> {
        Rotating::new(Policy::for_clients(Vec::new()), source, clock.clone())
    }

    /// Returns the current key's id, or `none`.
    async fn current<V: SecretSource, C: Clock>(of: &Rotating<V, C>, named: &[&str]) -> String {
        let named: Vec<_> = named.iter().map(|id| KeyId::parse(id).unwrap()).collect();
        match of.deployment(&named).await {
            Ok(deployment) => deployment.keys.current().id().as_str().to_owned(),
            Err(_) => "none".to_owned(),
        }
    }

    fn clock() -> ManualClock {
        ManualClock::at(Timestamp::from_secs(1_800_000_000))
    }

    #[tokio::test]
    async fn a_ring_is_read_once_and_again_when_it_is_ten_minutes_old() {
        let (source, clock) = (Counted::default(), clock());
        source.holds("k1", &[]);
        let keys = rotating(&source, &clock);
        for _ in 0..3 {
            assert_eq!(current(&keys, &["k1"]).await, "k1");
        }
        assert_eq!(source.reads(), 1);
        source.holds("k2", &[("previous", "k1")]);
        clock.advance(Duration::from_secs(599));
        assert_eq!(current(&keys, &["k1"]).await, "k1");
        clock.advance(Duration::from_secs(1));
        assert_eq!(current(&keys, &["k1"]).await, "k2");
        assert_eq!(source.reads(), 2);
    }

    #[tokio::test]
    async fn unknown_keys_reread_the_ring_at_most_every_thirty_seconds() {
        let (source, clock) = (Counted::default(), clock());
        source.holds("k1", &[]);
        let keys = rotating(&source, &clock);
        assert_eq!(current(&keys, &[]).await, "k1");
        source.holds("k2", &[("previous", "k1")]);
        clock.advance(Duration::from_secs(29));
        assert_eq!(current(&keys, &["k2"]).await, "k1", "too soon");
        clock.advance(Duration::from_secs(1));
        assert_eq!(current(&keys, &["k1", "k2"]).await, "k2");
        for _ in 0..5 {
            assert_eq!(current(&keys, &["forged"]).await, "k2");
        }
        assert_eq!(source.reads(), 2, "forged names read nothing");
        clock.advance(Duration::from_secs(30));
        assert_eq!(current(&keys, &["forged"]).await, "k2");
        assert_eq!(current(&keys, &["forged"]).await, "k2");
        assert_eq!(source.reads(), 3);
    }

    #[tokio::test]
    async fn an_unavailable_secret_source_keeps_the_last_ring_in_use() {
        let (source, clock) = (Counted::default(), clock());
        source.holds("k1", &[]);
        let keys = rotating(&source, &clock);
        assert_eq!(current(&keys, &[]).await, "k1");
        source.is_silent();
        clock.advance(Duration::from_secs(3600));
        for _ in 0..3 {
            assert_eq!(current(&keys, &[]).await, "k1");
        }
        assert_eq!(source.reads(), 2, "not read at every invocation");
        *source.text.lock().unwrap() = Some("no ring".to_owned());
        clock.advance(Duration::from_secs(30));
        assert_eq!(current(&keys, &[]).await, "k1");
    }

    #[tokio::test]
    async fn a_ring_serves_no_longer_than_a_day_in_an_outage() {
        let (source, clock) = (Counted::default(), clock());
        source.holds("k1", &[]);
        let keys = rotating(&source, &clock);
        assert_eq!(current(&keys, &[]).await, "k1");
        source.is_silent();
        clock.advance(Duration::from_secs(24 * 3600));
        assert_eq!(current(&keys, &[]).await, "k1");
        clock.advance(Duration::from_millis(1));
        assert_eq!(current(&keys, &[]).await, "none");
        // The next invocation reads again at once.
        source.holds("k2", &[]);
        assert_eq!(current(&keys, &[]).await, "k2");
    }

    #[tokio::test]
    async fn without_a_ring_no_decision_is_made_and_it_is_read_again() {
        let (source, clock) = (Counted::default(), clock());
        let keys = rotating(&source, &clock);
        assert_eq!(current(&keys, &[]).await, "none");
        source.holds("k1", &[("next", "k2")]);
        assert_eq!(current(&keys, &["k2"]).await, "k1");
        assert_eq!(source.reads(), 2);
    }
}
