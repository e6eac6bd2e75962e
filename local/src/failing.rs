//! Ports that `POST /control` makes fail for a time, for every caller in the process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use latchstring_core::account::Sub;
use latchstring_core::flow::{AnswerDigest, Flow, FlowId};
use latchstring_core::identifier::Method;
use latchstring_core::message::Message;
use latchstring_core::pending::{Pending, PendingId, PendingOutcome};
use latchstring_core::ports::{
    Attempted, Captcha, Charged, Clock, Counts, Courier, DeliveryError, DeliveryOutcome, Finished,
    Opened, PortError, Redeemed, Store, Taken, Token, VerdictWrite, Window,
};
use latchstring_core::pseudonym::Pseudonym;
use latchstring_core::rate_limit::Charge;
use latchstring_core::secret::Secret;
use latchstring_core::time::Timestamp;

use crate::clock::LocalClock;

/// A port that can be made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Port {
    Store,
    Courier,
    Captcha,
}

impl Port {
    pub(crate) const ALL: [Self; 3] = [Self::Store, Self::Courier, Self::Captcha];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Courier => "courier",
            Self::Captcha => "captcha",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|port| port.name() == name)
    }
}

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

/// A port whose calls fail, without effect, while [`PortOutages`] says so.
#[derive(Clone, Debug)]
pub(crate) struct Failing<P> {
    inner: P,
    outages: PortOutages,
}

impl<P> Failing<P> {
    pub(crate) fn new(inner: P, outages: &PortOutages) -> Self {
        Self {
            inner,
            outages: outages.clone(),
        }
    }

    fn store(&self, call: &'static str) -> Result<&P, PortError> {
        self.outages.check(Port::Store, call)?;
        Ok(&self.inner)
    }
}

impl<P: Store> Store for Failing<P> {
    async fn open_flow(&self, flow: &Flow) -> Result<Opened, PortError> {
        self.store("open_flow")?.open_flow(flow).await
    }

    async fn flow(&self, id: FlowId) -> Result<Option<Flow>, PortError> {
        self.store("flow")?.flow(id).await
    }

    async fn advance_send(
        &self,
        id: FlowId,
        sends: u8,
        lengthened: Option<Charge>,
        now: Timestamp,
    ) -> Result<bool, PortError> {
        let store = self.store("advance_send")?;
        store.advance_send(id, sends, lengthened, now).await
    }

    async fn reset_resend_cooldown(&self, id: FlowId, sends: u8) -> Result<bool, PortError> {
        let store = self.store("reset_resend_cooldown")?;
        store.reset_resend_cooldown(id, sends).await
    }

    async fn record_attempt(
        &self,
        id: FlowId,
        answer: AnswerDigest,
        charge: Charge,
        limit: u8,
    ) -> Result<Attempted, PortError> {
        let store = self.store("attempt")?;
        store.record_attempt(id, answer, charge, limit).await
    }

    async fn count(
        &self,
        id: FlowId,
        answer: AnswerDigest,
        charge: Charge,
    ) -> Result<bool, PortError> {
        self.store("count")?.count(id, answer, charge).await
    }

    async fn record_verdict(
        &self,
        id: FlowId,
        answer: AnswerDigest,
        right: bool,
        limit: u8,
        now: Timestamp,
    ) -> Result<VerdictWrite, PortError> {
        let store = self.store("record_verdict")?;
        store.record_verdict(id, answer, right, limit, now).await
    }

    async fn finish(&self, id: FlowId, now: Timestamp) -> Result<Finished, PortError> {
        self.store("finish")?.finish(id, now).await
    }

    async fn redeem(
        &self,
        token: Token,
        flow: FlowId,
        keep_until: Timestamp,
    ) -> Result<Redeemed, PortError> {
        let store = self.store("redeem")?;
        store.redeem(token, flow, keep_until).await
    }

    async fn is_redeemed(&self, token: Token) -> Result<bool, PortError> {
        self.store("is_redeemed")?.is_redeemed(token).await
    }

    async fn put_pending(&self, pending: &Pending) -> Result<(), PortError> {
        self.store("put_pending")?.put_pending(pending).await
    }

    async fn pending(&self, account: &Sub, method: Method) -> Result<Option<Pending>, PortError> {
        self.store("pending")?.pending(account, method).await
    }

    async fn settle_pending(
        &self,
        account: &Sub,
        method: Method,
        id: PendingId,
        outcome: PendingOutcome,
    ) -> Result<bool, PortError> {
        let store = self.store("settle_pending")?;
        store.settle_pending(account, method, id, outcome).await
    }

    async fn lease(
        &self,
        on: Pseudonym,
        holder: Pseudonym,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, PortError> {
        let store = self.store("lease")?;
        store.lease(on, holder, now, until).await
    }

    async fn release(&self, on: Pseudonym, holder: Pseudonym) -> Result<(), PortError> {
        self.store("release")?.release(on, holder).await
    }

    async fn charge(
        &self,
        counter: Pseudonym,
        windows: &[Window],
        keep_until: Timestamp,
    ) -> Result<Charged, PortError> {
        let store = self.store("charge")?;
        store.charge(counter, windows, keep_until).await
    }

    async fn counts(&self, counters: &[Pseudonym]) -> Result<Vec<Counts>, PortError> {
        self.store("counts")?.counts(counters).await
    }

    async fn refund(&self, counter: Pseudonym, taken: &[Taken]) -> Result<(), PortError> {
        self.store("refund")?.refund(counter, taken).await
    }
}

impl<P: Courier> Courier for Failing<P> {
    async fn deliver(&self, message: &Message) -> Result<(), DeliveryError> {
        let checked = self.outages.check(Port::Courier, "deliver");
        checked.map_err(|fault| DeliveryError {
            fault,
            outcome: DeliveryOutcome::Refused,
        })?;
        self.inner.deliver(message).await
    }
}

impl<P: Captcha> Captcha for Failing<P> {
    async fn is_answered(&self, answer: &Secret) -> Result<bool, PortError> {
        self.outages.check(Port::Captcha, "is_answered")?;
        self.inner.is_answered(answer).await
    }
}
