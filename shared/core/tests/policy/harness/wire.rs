//! The wire between the core and its ports. `hanging_ports` of `shared/lambda` uses it too.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use latchstring_core::account::{Account, Names, Sub};
use latchstring_core::flow::{AnswerDigest, Flow, FlowId};
use latchstring_core::identifier::{Identifier, Method};
use latchstring_core::pending::{Pending, PendingId, PendingOutcome};
use latchstring_core::ports::{
    Attempted, Captcha, Charged, ContactWrite, Counts, Creation, Directory, Finished, Opened,
    PortError, Redeemed, Store, Taken, Token, VerdictWrite, Window,
};
use latchstring_core::pseudonym::Pseudonym;
use latchstring_core::rate_limit::Charge;
use latchstring_core::secret::Secret;
use latchstring_core::time::Timestamp;
use latchstring_memory::{FixedCaptcha, ManualClock, MemoryDirectory, MemoryStore};

/// What can happen to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Break {
    /// The request is lost: nothing happened.
    Before,
    /// The answer is lost: it happened, and the caller does not know.
    After,
    /// The service takes no more: nothing happened.
    Throttled,
    /// Nothing happens, and no answer comes until the caller gives up.
    Hangs,
    /// Nothing happens, no answer comes, and the adapter does not give up.
    Never,
    /// It happens, no answer comes, and the adapter does not give up.
    NeverAfter,
}

/// What an adapter waits for an answer: two attempts, or one of Cognito's calls that span triggers.
const PATIENCE: Duration = Duration::from_millis(2500);
const PATIENCE_FOR_TRIGGERS: Duration = Duration::from_secs(12);

/// Notes every port call, breaks those it is told to, and is where interleaved futures take turns.
/// Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Wire {
    calls: Arc<Mutex<Calls>>,
    clock: ManualClock,
}

#[derive(Debug, Default)]
struct Calls {
    noted: Vec<&'static str>,
    /// The triggers that are running, each inside the one before it.
    running: Vec<&'static str>,
    /// Each kind of row that was called for, with the trigger that did; none for a resolver.
    rows: BTreeSet<(Option<&'static str>, &'static str)>,
    breaks: BTreeMap<usize, Break>,
    takes_turns: bool,
}

impl Wire {
    /// A wire that breaks nothing.
    pub(crate) fn new(clock: ManualClock) -> Self {
        Self {
            calls: Arc::default(),
            clock,
        }
    }

    /// The calls since the last [`Wire::clear`], in order.
    pub(crate) fn calls(&self) -> Vec<&'static str> {
        self.calls.lock().unwrap().noted.clone()
    }

    /// Forgets the calls so far, and what was to break.
    pub(crate) fn clear(&self) {
        let mut calls = self.calls.lock().unwrap();
        calls.noted.clear();
        calls.breaks.clear();
    }

    /// From now on, the calls of these numbers (from 0) break, each once.
    pub(crate) fn will_break(&self, breaks: impl IntoIterator<Item = (usize, Break)>) {
        self.clear();
        self.calls.lock().unwrap().breaks.extend(breaks);
    }

    /// Runs a trigger, whose calls are noted as its own.
    pub(crate) async fn run<T>(&self, trigger: &'static str, work: impl Future<Output = T>) -> T {
        self.calls.lock().unwrap().running.push(trigger);
        let done = work.await;
        self.calls.lock().unwrap().running.pop();
        done
    }

    /// The kinds of row that were called for so far, each with the trigger that did; none for a
    /// resolver.
    pub(crate) fn rows(&self) -> BTreeSet<(Option<&'static str>, &'static str)> {
        self.calls.lock().unwrap().rows.clone()
    }

    /// Carries a call that concerns a kind of row.
    async fn carry_row<T>(
        &self,
        row: &'static str,
        call: &'static str,
        effect: impl Future<Output = Result<T, PortError>> + Send,
    ) -> Result<T, PortError> {
        {
            let mut calls = self.calls.lock().unwrap();
            let trigger = calls.running.last().copied();
            calls.rows.insert((trigger, row));
        }
        self.carry(call, effect).await
    }

    /// From now on, every call lets other futures go first.
    pub(crate) fn take_turns(&self) {
        self.calls.lock().unwrap().takes_turns = true;
    }

    /// Carries a call.
    pub(crate) async fn carry<T>(
        &self,
        call: &'static str,
        effect: impl Future<Output = Result<T, PortError>> + Send,
    ) -> Result<T, PortError> {
        self.turn().await;
        let broken = {
            let mut calls = self.calls.lock().unwrap();
            let number = calls.noted.len();
            calls.noted.push(call);
            calls.breaks.remove(&number)
        };
        let lost = || Err(PortError::new(call, "lost"));
        match broken {
            None => effect.await,
            Some(Break::Before) => lost(),
            Some(Break::After) => {
                effect.await?;
                lost()
            }
            Some(Break::Throttled) => Err(PortError::new(call, "ThrottlingException")),
            Some(Break::Hangs) => {
                self.clock.advance(match call {
                    "initiate" | "respond" => PATIENCE_FOR_TRIGGERS,
                    _ => PATIENCE,
                });
                Err(PortError::new(call, "timeout"))
            }
            Some(Break::Never) => std::future::pending().await,
            Some(Break::NeverAfter) => {
                effect.await?;
                std::future::pending().await
            }
        }
    }

    async fn turn(&self) {
        let mut waits = self.calls.lock().unwrap().takes_turns;
        std::future::poll_fn(|_| {
            if std::mem::take(&mut waits) {
                Poll::Pending
            } else {
                Poll::Ready(())
            }
        })
        .await;
    }
}

/// A port at the other end of a [`Wire`].
#[derive(Clone, Debug)]
pub(crate) struct Flaky<P> {
    /// The port itself, for what a test does behind the core's back.
    pub(crate) port: P,
    pub(crate) wire: Wire,
}

const fn row_of(token: Token) -> &'static str {
    match token {
        Token::Ticket(_) => "ticket",
        Token::Proof(_) => "proof",
    }
}

impl Store for Flaky<MemoryStore> {
    async fn open_flow(&self, flow: &Flow) -> Result<Opened, PortError> {
        let effect = self.port.open_flow(flow);
        self.wire.carry_row("flow", "open_flow", effect).await
    }

    async fn flow(&self, id: FlowId) -> Result<Option<Flow>, PortError> {
        self.wire
            .carry_row("flow", "flow", self.port.flow(id))
            .await
    }

    async fn advance_send(
        &self,
        id: FlowId,
        sends: u8,
        lengthened: Option<Charge>,
        now: Timestamp,
    ) -> Result<bool, PortError> {
        let effect = self.port.advance_send(id, sends, lengthened, now);
        self.wire.carry_row("flow", "advance_send", effect).await
    }

    async fn reset_resend_cooldown(&self, id: FlowId, sends: u8) -> Result<bool, PortError> {
        let effect = self.port.reset_resend_cooldown(id, sends);
        self.wire
            .carry_row("flow", "reset_resend_cooldown", effect)
            .await
    }

    async fn record_attempt(
        &self,
        id: FlowId,
        answer: AnswerDigest,
        charge: Charge,
        limit: u8,
    ) -> Result<Attempted, PortError> {
        let effect = self.port.record_attempt(id, answer, charge, limit);
        self.wire.carry_row("flow", "attempt", effect).await
    }

    async fn count(
        &self,
        id: FlowId,
        answer: AnswerDigest,
        charge: Charge,
    ) -> Result<bool, PortError> {
        let effect = self.port.count(id, answer, charge);
        self.wire.carry_row("flow", "count", effect).await
    }

    async fn record_verdict(
        &self,
        id: FlowId,
        answer: AnswerDigest,
        right: bool,
        limit: u8,
        now: Timestamp,
    ) -> Result<VerdictWrite, PortError> {
        let effect = self.port.record_verdict(id, answer, right, limit, now);
        self.wire.carry_row("flow", "record_verdict", effect).await
    }

    async fn finish(&self, id: FlowId, now: Timestamp) -> Result<Finished, PortError> {
        self.wire
            .carry_row("flow", "finish", self.port.finish(id, now))
            .await
    }

    async fn redeem(
        &self,
        token: Token,
        flow: FlowId,
        keep_until: Timestamp,
    ) -> Result<Redeemed, PortError> {
        let effect = self.port.redeem(token, flow, keep_until);
        self.wire.carry_row(row_of(token), "redeem", effect).await
    }

    async fn is_redeemed(&self, token: Token) -> Result<bool, PortError> {
        let effect = self.port.is_redeemed(token);
        self.wire
            .carry_row(row_of(token), "is_redeemed", effect)
            .await
    }

    async fn put_pending(&self, pending: &Pending) -> Result<(), PortError> {
        let effect = self.port.put_pending(pending);
        self.wire.carry_row("pending", "put_pending", effect).await
    }

    async fn pending(&self, account: &Sub, method: Method) -> Result<Option<Pending>, PortError> {
        let effect = self.port.pending(account, method);
        self.wire.carry_row("pending", "pending", effect).await
    }

    async fn settle_pending(
        &self,
        account: &Sub,
        method: Method,
        id: PendingId,
        outcome: PendingOutcome,
    ) -> Result<bool, PortError> {
        let effect = self.port.settle_pending(account, method, id, outcome);
        self.wire
            .carry_row("pending", "settle_pending", effect)
            .await
    }

    async fn lease(
        &self,
        on: Pseudonym,
        holder: Pseudonym,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, PortError> {
        let effect = self.port.lease(on, holder, now, until);
        self.wire.carry_row("lease", "lease", effect).await
    }

    async fn release(&self, on: Pseudonym, holder: Pseudonym) -> Result<(), PortError> {
        let effect = self.port.release(on, holder);
        self.wire.carry_row("lease", "release", effect).await
    }

    async fn charge(
        &self,
        counter: Pseudonym,
        windows: &[Window],
        keep_until: Timestamp,
    ) -> Result<Charged, PortError> {
        let effect = self.port.charge(counter, windows, keep_until);
        self.wire.carry_row("counter", "charge", effect).await
    }

    async fn counts(&self, counters: &[Pseudonym]) -> Result<Vec<Counts>, PortError> {
        let effect = self.port.counts(counters);
        self.wire.carry_row("counter", "counts", effect).await
    }

    async fn refund(&self, counter: Pseudonym, taken: &[Taken]) -> Result<(), PortError> {
        let effect = self.port.refund(counter, taken);
        self.wire.carry_row("counter", "refund", effect).await
    }
}

impl Captcha for Flaky<FixedCaptcha> {
    async fn is_answered(&self, answer: &Secret) -> Result<bool, PortError> {
        let effect = self.port.is_answered(answer);
        self.wire.carry("is_answered", effect).await
    }
}

impl Directory for Flaky<MemoryDirectory> {
    async fn find(&self, name: &str) -> Result<Option<Account>, PortError> {
        self.wire.carry("find", self.port.find(name)).await
    }

    async fn create(&self, username: &str, contact: &Identifier) -> Result<Creation, PortError> {
        let effect = self.port.create(username, contact);
        self.wire.carry("create", effect).await
    }

    async fn set_password(&self, username: &str, password: &Secret) -> Result<(), PortError> {
        let effect = self.port.set_password(username, password);
        self.wire.carry("set_password", effect).await
    }

    async fn set_contact(
        &self,
        username: &str,
        contact: &Identifier,
    ) -> Result<ContactWrite, PortError> {
        let effect = self.port.set_contact(username, contact);
        self.wire.carry("set_contact", effect).await
    }

    async fn set_names(&self, username: &str, names: &Names) -> Result<(), PortError> {
        let effect = self.port.set_names(username, names);
        self.wire.carry("set_names", effect).await
    }
}
