//! Every call that leaves a function: noted with what came of it, and with the time it took on a
//! clock that nothing else moves.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use latchstring_core::account::{Account, Names, Sub};
use latchstring_core::flow::{AnswerDigest, Flow, FlowId};
use latchstring_core::identifier::{Identifier, Method};
use latchstring_core::message::Message;
use latchstring_core::pending::{Pending, PendingId, PendingOutcome};
use latchstring_core::ports::{
    Attempted, Captcha, ChallengeApi, Charged, ContactWrite, Counts, Courier, Creation,
    DeliveryError, Directory, Finished, OpenChallenge, Opened, PortError, Redeemed, Reply, Store,
    Taken, Token, TokenHolder, VerdictWrite, Window,
};
use latchstring_core::pseudonym::Pseudonym;
use latchstring_core::rate_limit::{Charge, Source};
use latchstring_core::secret::Secret;
use latchstring_core::time::Timestamp;
use latchstring_tests::StillClock;

const DELIVER: &str = "deliver";

/// A call, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    /// Its name, and its outcome.
    pub(crate) told: String,
    /// How long it took.
    pub(crate) took: Duration,
}

/// Carries calls. Clones share what is noted.
#[derive(Clone)]
pub(crate) struct Wire {
    seed: u64,
    /// What a delivery takes besides.
    courier: Duration,
    clock: StillClock,
    noted: Arc<Mutex<Noted>>,
}

#[derive(Default)]
struct Noted {
    calls: Vec<Call>,
    /// The response was given: what is called now keeps nobody waiting.
    after_response: bool,
}

impl Wire {
    /// With latencies that the seed determines.
    pub(crate) fn new(seed: u64, courier: Duration, clock: StillClock) -> Self {
        Self {
            seed,
            courier,
            clock,
            noted: Arc::default(),
        }
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on, calls happen before the response, or after.
    pub(crate) fn set_after_response(&self, after: bool) {
        self.noted().after_response = after;
    }

    /// The calls since the last time.
    pub(crate) fn take(&self) -> Vec<Call> {
        std::mem::take(&mut self.noted().calls)
    }

    /// How long a call with this outcome takes: what is found takes another time than what is not.
    fn latency(&self, told: &str) -> Duration {
        // FNV-1a: any spread will do, as long as it comes again.
        let hash = told
            .bytes()
            .fold(self.seed ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
        Duration::from_millis(1 + (hash >> 32) % 64)
    }

    /// Notes a call that ended like this, and lets its time pass.
    pub(crate) fn note(&self, name: &str, outcome: &str) {
        let told = format!("{name}: {outcome}");
        let courier = if name == DELIVER {
            self.courier
        } else {
            Duration::ZERO
        };
        let took = self.latency(&told) + courier;
        let mut noted = self.noted();
        if !noted.after_response {
            self.clock.advance(took);
        }
        noted.calls.push(Call { told, took });
    }

    async fn carry<T>(
        &self,
        name: &str,
        effect: impl Future<Output = Result<T, PortError>> + Send,
        outcome: impl Fn(&T) -> &'static str + Send,
    ) -> Result<T, PortError> {
        let ended = effect.await;
        self.note(name, ended.as_ref().map_or("fault", outcome));
        ended
    }
}

/// A port at the other end of the wire.
#[derive(Clone)]
pub(crate) struct Noting<P> {
    pub(crate) port: P,
    pub(crate) wire: Wire,
}

/// Methods that pass everything on and note how it ended.
macro_rules! carried {
    ($($name:ident($($argument:ident: $type:ty),*) -> $answer:ty, $outcome:expr;)*) => {
        $(async fn $name(&self, $($argument: $type),*) -> Result<$answer, PortError> {
            let effect = self.port.$name($($argument),*);
            self.wire.carry(stringify!($name), effect, $outcome).await
        })*
    };
}

const fn done<T>(_: &T) -> &'static str {
    "done"
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "outcomes are looked at, whatever they are"
)]
const fn yes_or_no(yes: &bool) -> &'static str {
    if *yes { "yes" } else { "no" }
}

#[expect(
    clippy::ref_option,
    reason = "outcomes are looked at, whatever they are"
)]
const fn found<T>(found: &Option<T>) -> &'static str {
    match found {
        Some(_) => "found",
        None => "nothing",
    }
}

impl<P: Store> Store for Noting<P> {
    carried! {
        open_flow(flow: &Flow) -> Opened, |opened| match opened {
            Opened::New => "new",
            Opened::Before(_) => "before",
        };
        flow(id: FlowId) -> Option<Flow>, found;
        advance_send(id: FlowId, sends: u8, lengthened: Option<Charge>, now: Timestamp) -> bool, yes_or_no;
        reset_resend_cooldown(id: FlowId, sends: u8) -> bool, yes_or_no;
        count(id: FlowId, answer: AnswerDigest, charge: Charge) -> bool, yes_or_no;
        record_attempt(id: FlowId, answer: AnswerDigest, charge: Charge, limit: u8) -> Attempted,
            |attempted| match attempted {
                Attempted::Held => "held",
                Attempted::Counted => "counted",
                Attempted::Refused(_) => "refused",
            };
        record_verdict(id: FlowId, answer: AnswerDigest, right: bool, limit: u8, now: Timestamp) -> VerdictWrite,
            |judged| match judged {
                VerdictWrite::Recorded => "recorded",
                VerdictWrite::Refused(_) => "refused",
            };
        finish(id: FlowId, now: Timestamp) -> Finished, |finished| match finished {
            Finished::Now => "now",
            Finished::Before(_) => "before",
            Finished::Refused => "refused",
        };
        redeem(token: Token, flow: FlowId, keep_until: Timestamp) -> Redeemed,
            |redeemed| match redeemed {
                Redeemed::Here => "here",
                Redeemed::Elsewhere => "elsewhere",
            };
        is_redeemed(token: Token) -> bool, yes_or_no;
        put_pending(pending: &Pending) -> (), done;
        pending(account: &Sub, method: Method) -> Option<Pending>, found;
        settle_pending(account: &Sub, method: Method, id: PendingId, outcome: PendingOutcome)
            -> bool, yes_or_no;
        lease(on: Pseudonym, holder: Pseudonym, now: Timestamp, until: Timestamp) -> bool, yes_or_no;
        release(on: Pseudonym, holder: Pseudonym) -> (), done;
        charge(counter: Pseudonym, windows: &[Window], keep_until: Timestamp) -> Charged,
            |charged| match charged {
                Charged::Yes => "charged",
                Charged::Refused { .. } => "refused",
            };
        counts(counters: &[Pseudonym]) -> Vec<Counts>, done;
        refund(counter: Pseudonym, taken: &[Taken]) -> (), done;
    }
}

impl<P: Directory> Directory for Noting<P> {
    carried! {
        find(name: &str) -> Option<Account>, found;
        create(username: &str, contact: &Identifier) -> Creation, |created| match created {
            Creation::New => "new",
            Creation::Taken => "taken",
        };
        set_password(username: &str, password: &Secret) -> (), done;
        set_contact(username: &str, contact: &Identifier) -> ContactWrite, |written| match written {
            ContactWrite::Done => "done",
            ContactWrite::Taken => "taken",
        };
        set_names(username: &str, names: &Names) -> (), done;
    }
}

impl<P: TokenHolder> TokenHolder for Noting<P> {
    carried! {
        holder(access_token: &Secret) -> Option<Account>, found;
    }
}

const fn replied(reply: &Reply) -> &'static str {
    match reply {
        Reply::Challenge(_) => "challenge",
        Reply::UserNotFound => "user not found",
        Reply::Refused => "refused",
    }
}

impl<P: ChallengeApi> ChallengeApi for Noting<P> {
    carried! {
        initiate(username: &str, source: Option<Source>) -> Reply, replied;
        respond(
            challenge: &OpenChallenge,
            answer: &str,
            metadata: &[(&str, &str)],
            source: Option<Source>
        ) -> Reply, replied;
    }
}

impl<P: Captcha> Captcha for Noting<P> {
    carried! {
        is_answered(answer: &Secret) -> bool, yes_or_no;
    }
}

impl<P: Courier> Courier for Noting<P> {
    async fn deliver(&self, message: &Message) -> Result<(), DeliveryError> {
        let delivered = self.port.deliver(message).await;
        self.wire.note(DELIVER, "done");
        delivered
    }
}
