//! Verify: verifies an answer.
//!
//! The first answer passes if it names a method and its ticket does not end the flow: the ticket
//! has not expired, its key is on the ring, and no other flow has redeemed it. A ticket that can
//! open no flow passes too, unredeemed, and leads to a decoy: missing, forged, of another method, or
//! of a claim by a user who does not hold the contact.
//!
//! For a code or proof, the row is read, and the right answer is derived and compared in constant
//! time. For a code, three steps follow, each only after the one before it succeeded:
//!
//! 1. `record_attempt` adds the answer to the row's set of attempts, and one to its held guesses,
//!    if the row is open and has room. This write counts the attempt.
//! 2. `reserve_guess` charges one guess to each budget, by one conditional write for each counter.
//! 3. `record_verdict` moves the row to matched if the answer is right. Otherwise
//!    `record_wrong_answer` adds the answer to the row's wrong ones. Each writes only if the row
//!    still has the terms on which the guess was reserved.
//!
//! For a proof, `record_verdict` alone records the attempt and its verdict. Only then is a verdict
//! returned. If a budget has no guess left, Verify returns wrong and records no verdict. The same
//! answer needs a guess again when the client repeats it.
//!
//! A code whose message was not charged has no right answer, and `record_verdict` alone counts the
//! attempt. Without this rule, an attacker could guess at flows whose message a budget refused, at
//! no cost of messages.
//!
//! The store does not count these answers: the first answer, `resend`, and an answer to a flow that
//! has no row, has expired, has ended or has no attempt left. Neither does it count an answer whose
//! challenge or user disagrees with the row. Equal answers to one flow count as one attempt. A flow
//! without a row is a decoy, and Create counts its answers in the challenge.
//!
//! Guesses in parallel can therefore exceed neither the limit of the row nor a budget. A repeated
//! answer can reserve another guess. But a flow with N attempts holds at most N + 1 guesses for each
//! message. A row that holds them all refuses every answer until a resend
//! is charged. A crash or fault in between
//! loses no right answer: it passes when it is repeated. Every guess whose verdict was returned is
//! counted.

use strum::IntoStaticStr;

use super::Decided;
use super::event::{AccountState, ClientRequest};
use super::ticket::{FirstAnswer, FirstAnswerError, TicketEnd};
use crate::effects::Clock;
use crate::policy::Deployment;
use crate::ports::{
    Attempted, CounterStore, FlowStore, PortError, Redeemable, Redeemed, RedemptionStore,
    VerdictWrite,
};
use crate::rate_limit::{Guess, RateLimiter};
use crate::record::challenge::{Challenge, Step};
use crate::record::flow::{AnswerDigest, Flow, State, Subject};
use crate::seal::code::Answer;
use crate::seal::code_terms::CodeTerms;
use crate::seal::keys::{KeyId, Use};
use crate::seal::sealed::{Proof, UnsealError};
use crate::value::app_client::AppClient;
use crate::value::identifier::{Identifier, Method};
use crate::value::purpose::Purpose;
use crate::value::secret::Secret;
use crate::value::time::Timestamp;

/// The input of Verify: no session, but the private parameter of the current challenge.
#[derive(Clone, Debug)]
pub struct AnswerEvent {
    /// The pool and client of the session.
    pub app_client: AppClient,
    /// The user of the session, if there is one.
    pub user: AccountState,
    /// The private parameter that Create wrote.
    pub challenge: Option<String>,
    /// The answer.
    pub answer: Secret,
    /// The client's data beside its answer.
    pub request: ClientRequest,
}

impl AnswerEvent {
    /// The names of the keys of the challenge and the ticket, and of the answer, if it is a proof.
    pub fn key_ids(&self) -> Vec<KeyId> {
        let texts = self.challenge.as_deref().into_iter();
        let ticket = self.request.ticket.as_ref().map(Secret::expose);
        let texts = texts.chain(ticket).chain([self.answer.expose()]);
        texts.filter_map(KeyId::named_by).collect()
    }
}

/// A verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The answer is right.
    Right(Verified),
    /// The answer is wrong, or cannot be verified.
    Wrong,
}

/// Evidence that an answer was right and that this was recorded. Only this module creates it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified(());

/// The reasons of Verify's decisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
#[cfg_attr(test, derive(strum::EnumIter))]
#[strum(serialize_all = "snake_case")]
#[non_exhaustive]
#[expect(missing_docs, reason = "a variant is described by its word in logs")]
pub enum VerifyReason {
    ClientNotServed,
    #[strum(to_string = "session_not_ours")]
    InvalidSession,
    MethodKnown,
    MethodUnknown,
    TicketKeyUnknown,
    TicketStale,
    #[strum(to_string = "ticket_redeemed_elsewhere")]
    TicketRedeemed,
    ResendAsked,
    GuessesSpent,
    Right,
    RightAgain,
    #[strum(to_string = "wrong")]
    WrongAnswer,
    CodeReplaced,
    NoAttemptLeft,
    Expired,
    FlowMissing,
    FlowDisagrees,
    FlowOver,
    ProofForged,
    ProofStale,
    #[strum(to_string = "proof_redeemed_elsewhere")]
    ProofRedeemed,
    ProofOfAnother,
    #[strum(to_string = "fault")]
    PortError,
}

impl From<TicketEnd> for VerifyReason {
    fn from(end: TicketEnd) -> Self {
        match end {
            TicketEnd::KeyUnknown => Self::TicketKeyUnknown,
            TicketEnd::Stale => Self::TicketStale,
            TicketEnd::Redeemed => Self::TicketRedeemed,
        }
    }
}

/// The reason that an answer is wrong, or cannot be verified.
enum VerifyError {
    Because(VerifyReason),
    /// A port did not answer.
    Port(PortError),
}

impl From<VerifyReason> for VerifyError {
    fn from(reason: VerifyReason) -> Self {
        Self::Because(reason)
    }
}

impl From<PortError> for VerifyError {
    fn from(fault: PortError) -> Self {
        Self::Port(fault)
    }
}

/// Verifies an answer. It does not fail: if a port does not answer, the answer is wrong. The client
/// may repeat it. The repetition is no further attempt, but it can cost another guess.
pub async fn verify(
    deployment: &Deployment,
    store: &(impl FlowStore + RedemptionStore + CounterStore),
    clock: &impl Clock,
    event: &AnswerEvent,
) -> Decided<Verdict, VerifyReason> {
    let Deployment { policy, keys } = deployment;
    if !policy.serves(&event.app_client) {
        return Decided::new(Verdict::Wrong, VerifyReason::ClientNotServed, None);
    }
    let challenge = event
        .challenge
        .as_deref()
        .and_then(|text| Challenge::parse(text, keys, &event.app_client));
    let Some(challenge) = challenge else {
        return Decided::new(Verdict::Wrong, VerifyReason::InvalidSession, None);
    };
    let verify = Verify {
        deployment,
        store,
        clock,
        event,
        challenge: &challenge,
    };
    let flow = challenge.flow;
    let decided = match verify.decide().await {
        Ok(reason) => Decided::new(Verdict::Right(Verified(())), reason, Some(flow)),
        Err(VerifyError::Because(reason)) => Decided::new(Verdict::Wrong, reason, Some(flow)),
        Err(VerifyError::Port(fault)) => {
            Decided::fault(Verdict::Wrong, VerifyReason::PortError, flow, fault)
        }
    };
    decided.answering(challenge.step)
}

struct Verify<'a, S, C> {
    deployment: &'a Deployment,
    store: &'a S,
    clock: &'a C,
    event: &'a AnswerEvent,
    challenge: &'a Challenge,
}

/// An answer to a row, on the terms that the row had when it was read.
#[derive(Clone, Copy)]
struct Attempt {
    digest: AnswerDigest,
    terms: CodeTerms,
    now: Timestamp,
}

impl Attempt {
    /// Returns the outcome of a write that the row refused.
    fn refused(self, row: Option<Box<Flow>>) -> Result<VerifyReason, VerifyError> {
        let Some(row) = row else {
            return Err(VerifyReason::FlowMissing.into());
        };
        if row.repeats_right_answer(self.digest, self.now) {
            // A parallel request with the same right answer was faster.
            Ok(VerifyReason::RightAgain)
        } else if row.state != State::Open {
            Err(VerifyReason::FlowOver.into())
        } else if row.terms != self.terms {
            // A resend was faster: this answers a code that a longer one has replaced.
            Err(VerifyReason::CodeReplaced.into())
        } else {
            Err(VerifyReason::NoAttemptLeft.into())
        }
    }
}

impl<S: FlowStore + RedemptionStore + CounterStore, C: Clock> Verify<'_, S, C> {
    /// Returns the reason that the answer is right.
    async fn decide(&self) -> Result<VerifyReason, VerifyError> {
        let request = &self.event.request;
        match self.challenge.step {
            Step::Select if request.method.as_deref().and_then(Method::parse).is_none() => {
                Err(VerifyReason::MethodUnknown.into())
            }
            Step::Select => {
                let first = FirstAnswer {
                    app_client: &self.event.app_client,
                    user: &self.event.user,
                    request,
                    flow: self.challenge.flow,
                    now: self.clock.now(),
                };
                match first.admit(self.deployment, self.store).await {
                    Ok(()) => Ok(VerifyReason::MethodKnown),
                    Err(FirstAnswerError::Ended(end)) => Err(VerifyReason::from(end).into()),
                    Err(FirstAnswerError::Port(fault)) => Err(fault.into()),
                }
            }
            Step::Otp(_) if self.event.answer.expose() == "resend" && request.is_resend() => {
                Err(VerifyReason::ResendAsked.into())
            }
            Step::Otp(_) | Step::Claim(_) => self.verify_answer().await,
        }
    }

    async fn verify_answer(&self) -> Result<VerifyReason, VerifyError> {
        let Deployment { policy, keys } = self.deployment;
        let (event, flow) = (self.event, self.challenge.flow);
        let row = self.store.flow(flow).await?;
        let row = row.ok_or(VerifyReason::FlowMissing)?;
        // Create never opens a row of a code whose terms name no budget. Guesses at such a code
        // would be charged to no budget.
        let has_no_budgets = row.purpose != Purpose::Claim && !row.terms.is_charged();
        let agrees = row.agrees(self.challenge, &event.app_client);
        if has_no_budgets || !agrees || !is_for(&row, &event.user) {
            return Err(VerifyReason::FlowDisagrees.into());
        }
        let contact = row.contact(keys).ok_or(VerifyReason::FlowDisagrees)?;
        let key = keys.find(Use::Answer, row.key.as_str());
        let key = key.ok_or(VerifyReason::FlowDisagrees)?;
        let answer = Answer::new(event.answer.expose());
        let digest = AnswerDigest::of(key, flow, answer.as_bytes());
        let now = self.clock.now();
        if row.repeats_right_answer(digest, now) {
            return Ok(VerifyReason::RightAgain);
        }
        if row.is_expired(now) {
            return Err(VerifyReason::Expired.into());
        }
        // Answers that the row alone can refuse are refused here, before a guess is reserved.
        if row.state != State::Open {
            return Err(VerifyReason::FlowOver.into());
        }
        if !row.attempts.contains(&digest) && row.attempts.len() >= usize::from(policy.attempts) {
            return Err(VerifyReason::NoAttemptLeft.into());
        }
        let verdict = match row.purpose {
            // A decoy does the same work.
            Purpose::SignIn | Purpose::VerifyContact(_) | Purpose::Decoy => row
                .code(policy, keys, &contact)
                .is_some_and(|code| {
                    code.matches(&answer) && row.purpose != Purpose::Decoy && row.message_charged
                })
                .then_some(())
                .ok_or(VerifyReason::WrongAnswer),
            Purpose::Claim => match self.verify_proof(&row, &contact, now).await {
                Ok(()) => Ok(()),
                Err(VerifyError::Because(reason)) => Err(reason),
                Err(VerifyError::Port(fault)) => return Err(fault.into()),
            },
        };
        let attempt = Attempt {
            digest,
            terms: row.terms,
            now,
        };
        self.record(&row, &contact, attempt, verdict).await
    }

    /// Records the attempt and then its verdict. An answer to a charged code first needs a guess.
    async fn record(
        &self,
        row: &Flow,
        contact: &Identifier,
        attempt: Attempt,
        verdict: Result<(), VerifyReason>,
    ) -> Result<VerifyReason, VerifyError> {
        let (store, flow) = (self.store, row.id);
        let limit = self.deployment.policy.attempts;
        let Attempt { digest, terms, now } = attempt;
        // An answer to a code whose message was not charged is not a guess: it must not spend the
        // owner's budget. An answer to a decoy with a row is charged like any other.
        if row.purpose != Purpose::Claim && row.message_charged {
            match store.record_attempt(flow, digest, terms, limit).await? {
                Attempted::Refused(row) => return attempt.refused(row),
                Attempted::WrongBefore => return Err(VerifyReason::WrongAnswer.into()),
                // An earlier answer with these digits may have found its guess budget spent. Its
                // verdict was never returned, so the repetition needs a guess like any other.
                Attempted::Recorded => {}
            }
            let limiter = RateLimiter {
                deployment: self.deployment,
                store,
                now,
            };
            match limiter.reserve_guess(row, contact).await? {
                Guess::Spent => return Err(VerifyReason::GuessesSpent.into()),
                Guess::Reserved => {}
            }
            if let Err(reason) = verdict {
                // If this write is lost, the same answer costs another guess.
                store.record_wrong_answer(flow, digest, terms).await?;
                return Err(reason.into());
            }
        }
        let right = verdict.is_ok();
        let recording = store.record_verdict(flow, digest, right, terms, limit, now);
        match recording.await? {
            VerdictWrite::Recorded => {
                verdict?;
                Ok(VerifyReason::Right)
            }
            VerdictWrite::Refused(row) => attempt.refused(row),
        }
    }

    /// Verifies a proof. It is right if it is of this flow's contact, fresh, earned by the flow that
    /// it names, and redeemed by no other flow, and if the user holds the contact.
    ///
    /// A key alone cannot forge one: the row of the flow that earned it must agree. It is redeemed
    /// before the verdict is recorded; the same flow may repeat that.
    async fn verify_proof(
        &self,
        row: &Flow,
        contact: &Identifier,
        now: Timestamp,
    ) -> Result<(), VerifyError> {
        let Deployment { policy, keys } = self.deployment;
        let AnswerEvent {
            app_client, user, ..
        } = self.event;
        let text = self.event.answer.expose();
        let proof = Proof::open(text, keys, app_client, now, policy.proof_life).map_err(
            |error| match error {
                UnsealError::Forged | UnsealError::KeyUnknown => VerifyReason::ProofForged,
                UnsealError::Stale => VerifyReason::ProofStale,
            },
        )?;
        let holds = matches!(user, AccountState::Known(user) if user.holds(contact));
        if proof.contact != *contact || !holds {
            return Err(VerifyReason::ProofOfAnother.into());
        }
        let earned =
            self.store.flow(proof.flow).await?.is_some_and(|earned| {
                earned.proves(contact, app_client, keys, now, policy.proof_life)
            });
        if !earned {
            return Err(VerifyReason::ProofForged.into());
        }
        let keep_until = proof.made_at.plus(policy.proof_life * 2);
        let redeemable = Redeemable::Proof(proof.flow);
        match self.store.redeem(redeemable, row.id, keep_until).await? {
            Redeemed::Here => Ok(()),
            Redeemed::Elsewhere => Err(VerifyReason::ProofRedeemed.into()),
        }
    }
}

/// Returns whether the user of the session may answer the row. A known user's row is for that user
/// only. A row of no account stays one, even if the name belongs to an account by now; it ends in a
/// proof, never in tokens.
fn is_for(row: &Flow, user: &AccountState) -> bool {
    match (&row.subject, user) {
        (Subject::Known(subject), AccountState::Known(user)) => subject == user.sub(),
        (Subject::Known(_), AccountState::NoAccount) => false,
        (Subject::NoAccount, _) => true,
    }
}
