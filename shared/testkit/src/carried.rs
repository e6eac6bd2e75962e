use std::collections::BTreeMap;

use latchstring_core::account::{Account, Names, Sub};
use latchstring_core::event::{CarriedBy, DueEvents, Event, EventId, OutboxEntry, OutboxPlace};
use latchstring_core::flow::{AnswerDigest, AppClient, Flow, FlowId};
use latchstring_core::identifier::{Identifier, Method};
use latchstring_core::invite::Invitation;
use latchstring_core::message::Message;
use latchstring_core::pending::{Pending, PendingId, PendingOutcome};
use latchstring_core::ports::{
    AccessTokenVerifier, AdmissionDecision, AdmissionHook, AdmissionQuestion, Attempted, Captcha,
    ChallengeApi, Charged, ContactWrite, CounterStore, Counts, Courier, Creation, DeliveryError,
    Directory, EndIf, Enlisted, EventBus, Finished, FlowStore, InvitationStore, LeaseStore, Leased,
    NewAttempt, OpenChallenge, Opened, OutboxStore, PendingStore, PortError, Redeemable, Redeemed,
    RedemptionStore, RefreshApi, Refreshed, Reply, SessionFacts, SessionStore, Taken, UndoStore,
    VerdictWrite, Window,
};
use latchstring_core::pseudonym::Pseudonym;
use latchstring_core::rate_limit::{CodeTerms, Source};
use latchstring_core::secret::Secret;
use latchstring_core::session::{Browser, Session, SessionTokens};
use latchstring_core::time::Timestamp;
use latchstring_core::undo::Undo;

/// A port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Port {
    /// [`Store`](latchstring_core::ports::Store).
    Store,
    /// [`Directory`].
    Directory,
    /// [`AccessTokenVerifier`].
    Tokens,
    /// [`ChallengeApi`].
    ChallengeApi,
    /// [`RefreshApi`].
    RefreshApi,
    /// [`AdmissionHook`].
    AdmissionHook,
    /// [`Captcha`].
    Captcha,
    /// [`Courier`].
    Courier,
    /// [`EventBus`].
    EventBus,
}

/// A call of a port's method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// The port.
    pub port: Port,
    /// The method's name.
    pub name: &'static str,
    /// The kind of item that a call of the store concerns.
    pub item: Option<&'static str>,
    /// True if a call of the store or the directory changes something.
    pub writes: bool,
}

impl Call {
    /// A call that concerns no item, and writes nothing.
    pub const fn of(port: Port, name: &'static str) -> Self {
        Self {
            port,
            name,
            item: None,
            writes: false,
        }
    }

    const fn reads(self, item: &'static str) -> Self {
        Self {
            item: Some(item),
            ..self
        }
    }

    const fn writes(self, item: &'static str) -> Self {
        Self {
            item: Some(item),
            writes: true,
            ..self
        }
    }

    const fn changes(self) -> Self {
        Self {
            writes: true,
            ..self
        }
    }
}

/// Carries calls to ports.
pub trait Carrier: Send + Sync {
    /// Carries a call. `effect` is the call itself: dropped, it has no effect. `outcome` names the
    /// outcome of an effect that succeeded.
    fn carry<T: Send>(
        &self,
        call: Call,
        effect: impl Future<Output = Result<T, PortError>> + Send,
        outcome: fn(&T) -> &'static str,
    ) -> impl Future<Output = Result<T, PortError>> + Send;

    /// Notes the counters that a call reads or writes, and the windows that it writes.
    fn note_counters(&self, _counters: &[Pseudonym], _written: &[&str]) {}

    /// Carries a message to the courier.
    fn deliver(
        &self,
        effect: impl Future<Output = Result<(), DeliveryError>> + Send,
    ) -> impl Future<Output = Result<(), DeliveryError>> + Send {
        effect
    }
}

/// A port whose calls a [`Carrier`] carries.
#[derive(Clone, Debug)]
pub struct Carried<P, C> {
    /// The port itself, for what a test does without the carrier.
    pub port: P,
    /// The carrier.
    pub carrier: C,
}

impl<P, C> Carried<P, C> {
    /// Puts a carrier in front of a port.
    pub const fn new(port: P, carrier: C) -> Self {
        Self { port, carrier }
    }
}

/// Methods that are carried: their call and the word for their outcome.
macro_rules! carried {
    ($port:expr;
     $($name:ident($($argument:ident: $type:ty),*) -> $answer:ty, $call:ident $(($item:expr))?, $outcome:expr;)*) => {
        $(async fn $name(&self, $($argument: $type),*) -> Result<$answer, PortError> {
            let call = Call::of($port, stringify!($name));
            let call = carried!(@call call $call $(($item))?);
            self.carrier.carry(call, self.port.$name($($argument),*), $outcome).await
        })*
    };
    (@call $known:ident plain) => { $known };
    (@call $known:ident changes) => { $known.changes() };
    (@call $known:ident reads($item:expr)) => { $known.reads($item) };
    (@call $known:ident writes($item:expr)) => { $known.writes($item) };
}

const fn item_of(redeemable: Redeemable) -> &'static str {
    match redeemable {
        Redeemable::Ticket(_) => "ticket",
        Redeemable::Proof(_) => "proof",
    }
}

const fn carrier_of(entry: &OutboxEntry) -> &'static str {
    match entry.carried_by {
        CarriedBy::Flow(_) => "flow",
        CarriedBy::Item(_) => "event",
    }
}

const fn done<T>(_: &T) -> &'static str {
    "done"
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "a carrier takes the words of every outcome alike"
)]
const fn yes_or_no(yes: &bool) -> &'static str {
    if *yes { "yes" } else { "no" }
}

#[expect(
    clippy::ref_option,
    reason = "a carrier takes the words of every outcome alike"
)]
const fn found<T>(found: &Option<T>) -> &'static str {
    match found {
        Some(_) => "found",
        None => "nothing",
    }
}

const fn replied(reply: &Reply) -> &'static str {
    match reply {
        Reply::Challenge(_) => "challenge",
        Reply::Tokens(_) => "tokens",
        Reply::UserNotFound => "user not found",
        Reply::Unconfirmed => "unconfirmed",
        Reply::Refused => "refused",
    }
}

impl<P: FlowStore, C: Carrier> FlowStore for Carried<P, C> {
    carried! { Port::Store;
        open_flow(flow: &Flow) -> Opened, writes("flow"), |opened| match opened {
            Opened::New => "new",
            Opened::Before(_) => "before",
        };
        flow(id: FlowId) -> Option<Flow>, reads("flow"), found;
        advance_send(id: FlowId, sends: u8, new_terms: Option<CodeTerms>, now: Timestamp) -> bool,
            writes("flow"), yes_or_no;
        record_message_charge(id: FlowId, sends: u8) -> bool, writes("flow"), yes_or_no;
        reset_resend_cooldown(id: FlowId, sends: u8) -> bool, writes("flow"), yes_or_no;
        record_attempt(id: FlowId, attempt: &NewAttempt<'_>) -> Attempted, writes("flow"),
            |attempted| match attempted {
                Attempted::Recorded(_) => "recorded",
                Attempted::Refused(_) => "refused",
            };
        record_wrong_answer(id: FlowId, answer: AnswerDigest, terms: CodeTerms, refused_at: Option<Timestamp>)
            -> bool, writes("flow"), yes_or_no;
        record_verdict(
            id: FlowId,
            answer: AnswerDigest,
            right: bool,
            terms: CodeTerms,
            limit: u8,
            now: Timestamp
        ) -> VerdictWrite, writes("flow"), |written| match written {
                VerdictWrite::Recorded => "recorded",
                VerdictWrite::Refused(_) => "refused",
            };
        finish(
            id: FlowId,
            session: SessionFacts<'_>,
            contact_written: bool,
            now: Timestamp
        ) -> Finished, writes("flow"), |finished| match finished {
                Finished::Now(_) => "now",
                Finished::Refused(_) => "refused",
            };
        undo_finish(id: FlowId, finished_at: Timestamp) -> bool, writes("flow"), yes_or_no;
    }
}

impl<P: RedemptionStore, C: Carrier> RedemptionStore for Carried<P, C> {
    carried! { Port::Store;
        redeem(redeemable: Redeemable, flow: FlowId, keep_until: Timestamp) -> Redeemed,
            writes(item_of(redeemable)), |redeemed| match redeemed {
                Redeemed::Here => "here",
                Redeemed::Elsewhere => "elsewhere",
            };
        is_redeemed(redeemable: Redeemable) -> bool, reads(item_of(redeemable)), yes_or_no;
    }
}

impl<P: PendingStore, C: Carrier> PendingStore for Carried<P, C> {
    carried! { Port::Store;
        put_pending(pending: &Pending) -> (), writes("pending"), done;
        pending(account: &Sub, method: Method) -> Option<Pending>, reads("pending"), found;
        settle_pending(account: &Sub, method: Method, id: PendingId, outcome: PendingOutcome)
            -> bool, writes("pending"), yes_or_no;
    }
}

impl<P: UndoStore, C: Carrier> UndoStore for Carried<P, C> {
    carried! { Port::Store;
        put_undo(undo: &Undo, over: Option<PendingId>) -> bool, writes("undo"), yes_or_no;
        undo(account: &Sub) -> Option<Undo>, reads("undo"), found;
        close_undo(account: &Sub, id: PendingId, now: Timestamp) -> bool, writes("undo"), yes_or_no;
        put_replaced(contact: Pseudonym, account: &Sub, at: Timestamp, keep_until: Timestamp) -> (),
            writes("replaced"), done;
        replaced(contact: Pseudonym) -> Option<Sub>, reads("replaced"), found;
    }
}

impl<P: InvitationStore, C: Carrier> InvitationStore for Carried<P, C> {
    carried! { Port::Store;
        put_invitation(invitation: &Invitation, keep_until: Timestamp) -> (), writes("invitation"), done;
        redeem_invitation(contact: Pseudonym, username: &str, now: Timestamp) -> Option<Invitation>,
            writes("invitation"), found;
        use_invitation(contact: Pseudonym, username: &str) -> (), writes("invitation"), done;
        withdraw_invitation(contact: Pseudonym) -> (), writes("invitation"), done;
    }
}

impl<P: LeaseStore, C: Carrier> LeaseStore for Carried<P, C> {
    carried! { Port::Store;
        lease(on: Pseudonym, holder: Pseudonym, now: Timestamp, until: Timestamp) -> bool,
            writes("lease"), yes_or_no;
        release(on: Pseudonym, holder: Pseudonym) -> (), writes("lease"), done;
    }
}

impl<P: SessionStore, C: Carrier> SessionStore for Carried<P, C> {
    carried! { Port::Store;
        open_session(session: &Session) -> (), writes("session"), done;
        session(key: Pseudonym) -> Option<Session>, reads("session"), found;
        sessions(keys: &[Pseudonym]) -> Vec<Session>, reads("session"), done;
        note_use(key: Pseudonym, minute: Timestamp, browser: Option<Browser>) -> bool,
            writes("session"), yes_or_no;
        lease_refresh(
            key: Pseudonym,
            refreshes: u32,
            holder: Pseudonym,
            now: Timestamp,
            until: Timestamp
        ) -> Leased, writes("session"), |leased| match leased {
                Leased::Taken(_) => "taken",
                Leased::Refused(_) => "refused",
            };
        store_refresh(key: Pseudonym, holder: Pseudonym, tokens: &SessionTokens) -> bool,
            writes("session"), yes_or_no;
        give_up_refresh(key: Pseudonym, holder: Pseudonym, now: Timestamp) -> (), writes("session"), done;
        end_session(key: Pseudonym, condition: EndIf<'_>) -> Option<Session>, writes("session"), found;
        enlist_session(account: &Sub, key: Pseudonym, limit: usize, keep_until: Timestamp) -> Enlisted,
            writes("sessions"), |enlisted| match enlisted {
                Enlisted::Yes => "yes",
                Enlisted::Full(_) => "full",
            };
        enlisted_sessions(account: &Sub) -> Vec<Pseudonym>, reads("sessions"), done;
        delist_sessions(account: &Sub, keys: &[Pseudonym]) -> (), writes("sessions"), done;
    }
}

impl<P: OutboxStore, C: Carrier> OutboxStore for Carried<P, C> {
    carried! { Port::Store;
        put_event(entry: &OutboxEntry) -> (), writes("event"), done;
        event(id: EventId) -> Option<OutboxEntry>, reads("event"), found;
        due_events(shard: u8, after: Option<&OutboxPlace>, now: Timestamp, limit: u8) -> DueEvents,
            reads("outbox"), done;
        settle_event(entry: &OutboxEntry) -> (), writes(carrier_of(entry)), done;
        drop_event(entry: &OutboxEntry) -> (), writes(carrier_of(entry)), done;
        postpone_event(entry: &OutboxEntry, due: Timestamp) -> (), writes(carrier_of(entry)), done;
    }
}

impl<P: EventBus, C: Carrier> EventBus for Carried<P, C> {
    carried! { Port::EventBus;
        publish(events: &[Event]) -> Vec<bool>, plain, done;
    }
}

impl<P: RefreshApi, C: Carrier> RefreshApi for Carried<P, C> {
    carried! { Port::RefreshApi;
        refresh(token: &Secret) -> Refreshed, plain, |refreshed| match refreshed {
            Refreshed::Tokens(_) => "tokens",
            Refreshed::Ended => "ended",
        };
        revoke(token: &Secret) -> (), plain, done;
    }
}

impl<P: CounterStore, C: Carrier> CounterStore for Carried<P, C> {
    async fn charge(
        &self,
        counter: Pseudonym,
        windows: &[Window],
        keep_until: Timestamp,
    ) -> Result<Charged, PortError> {
        let written: Vec<_> = windows.iter().map(|window| &*window.name).collect();
        self.carrier.note_counters(&[counter], &written);
        let call = Call::of(Port::Store, "charge").writes("counter");
        let effect = self.port.charge(counter, windows, keep_until);
        let outcome = |charged: &Charged| match charged {
            Charged::Yes => "charged",
            Charged::Refused { .. } => "refused",
        };
        self.carrier.carry(call, effect, outcome).await
    }

    async fn counts(&self, counters: &[Pseudonym]) -> Result<Vec<Counts>, PortError> {
        self.carrier.note_counters(counters, &[]);
        let call = Call::of(Port::Store, "counts").reads("counter");
        let effect = self.port.counts(counters);
        self.carrier.carry(call, effect, done).await
    }

    async fn refund(&self, counter: Pseudonym, taken: &[Taken]) -> Result<(), PortError> {
        let written: Vec<_> = taken.iter().map(|taken| &*taken.name).collect();
        self.carrier.note_counters(&[counter], &written);
        let call = Call::of(Port::Store, "refund").writes("counter");
        let effect = self.port.refund(counter, taken);
        self.carrier.carry(call, effect, done).await
    }
}

impl<P: Directory, C: Carrier> Directory for Carried<P, C> {
    carried! { Port::Directory;
        find(name: &str) -> Option<Account>, plain, found;
        create(username: &str, contact: &Identifier, attributes: &BTreeMap<String, String>)
            -> Creation, changes, |created| match created {
            Creation::New { .. } => "new",
            Creation::Taken => "taken",
            Creation::Refused => "refused",
        };
        has_group(group: &str) -> bool, plain, |has| if *has { "found" } else { "none" };
        having(method: Method, contact: &str) -> Vec<Account>, plain, |found| match found.len() {
            0 => "nothing",
            _ => "found",
        };
        delete(username: &str) -> (), changes, done;
        add_to_group(username: &str, group: &str) -> (), changes, done;
        set_password(username: &str, password: &Secret) -> (), changes, done;
        set_contact(username: &str, contact: &Identifier) -> ContactWrite, changes,
            |written| match written {
                ContactWrite::Done => "done",
                ContactWrite::Taken => "taken",
            };
        sign_out(username: &str) -> (), changes, done;
        set_names(username: &str, names: &Names) -> (), changes, done;
    }
}

impl<P: AccessTokenVerifier, C: Carrier> AccessTokenVerifier for Carried<P, C> {
    carried! { Port::Tokens;
        holder(access_token: &Secret) -> Option<Account>, plain, found;
    }
}

impl<P: ChallengeApi, C: Carrier> ChallengeApi for Carried<P, C> {
    carried! { Port::ChallengeApi;
        initiate(app_client: &AppClient, username: &str, source: Option<Source>) -> Reply,
            plain, replied;
        respond(
            app_client: &AppClient,
            challenge: &OpenChallenge,
            answer: &str,
            metadata: &[(&str, &str)],
            source: Option<Source>
        ) -> Reply, plain, replied;
    }
}

impl<P: AdmissionHook, C: Carrier> AdmissionHook for Carried<P, C> {
    carried! { Port::AdmissionHook;
        decide(question: &AdmissionQuestion<'_>) -> AdmissionDecision, plain, |decision| match decision {
            AdmissionDecision::Admit(_) => "admit",
            AdmissionDecision::Refuse => "refuse",
        };
    }
}

impl<P: Captcha, C: Carrier> Captcha for Carried<P, C> {
    carried! { Port::Captcha;
        is_solved(answer: &Secret) -> bool, plain, yes_or_no;
    }
}

impl<P: Courier, C: Carrier> Courier for Carried<P, C> {
    fn prepare(&self, method: Method) {
        self.port.prepare(method);
    }

    async fn deliver(&self, message: &Message) -> Result<(), DeliveryError> {
        self.carrier.deliver(self.port.deliver(message)).await
    }
}
