//! Ports that `POST /control` makes fail for a time, for every caller in the process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use latchstring_core::ports::{Clock, DeliveryError, DeliveryOutcome, PortError};
use latchstring_core::time::Timestamp;
use latchstring_testkit::{Call, Carrier, Port};

use crate::clock::LocalClock;

/// The ports that can be made to fail, by their names in `failFor`.
pub(crate) const PORTS: [(&str, Port); 3] = [
    ("store", Port::Store),
    ("courier", Port::Courier),
    ("captcha", Port::Captcha),
];

/// The ports that fail now, by the service's clock. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct PortOutages {
    clock: LocalClock,
    ends: Arc<Mutex<BTreeMap<Port, Timestamp>>>,
}

impl PortOutages {
    pub(crate) fn new(clock: LocalClock) -> Self {
        Self {
            clock,
            ends: Arc::default(),
        }
    }

    /// Replaces all outages: each port given fails until its time, and no other fails.
    pub(crate) fn set(&self, ends: BTreeMap<Port, Timestamp>) {
        *self.ends() = ends;
    }

    fn ends(&self) -> MutexGuard<'_, BTreeMap<Port, Timestamp>> {
        // The map is replaced as a whole, so a panic leaves none half written.
        self.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check(&self, port: Port, call: &'static str) -> Result<(), PortError> {
        let now = self.clock.now();
        let fails = self.ends().get(&port).is_some_and(|end| now < *end);
        if fails {
            return Err(PortError::new(call, "control.failFor"));
        }
        Ok(())
    }
}

impl Carrier for PortOutages {
    async fn carry<T: Send>(
        &self,
        call: Call,
        effect: impl Future<Output = Result<T, PortError>> + Send,
        _: fn(&T) -> &'static str,
    ) -> Result<T, PortError> {
        self.check(call.port, call.name)?;
        effect.await
    }

    async fn deliver(
        &self,
        effect: impl Future<Output = Result<(), DeliveryError>> + Send,
    ) -> Result<(), DeliveryError> {
        let checked = self.check(Port::Courier, "deliver");
        checked.map_err(|fault| DeliveryError {
            fault,
            outcome: DeliveryOutcome::Refused,
        })?;
        effect.await
    }
}
