//! Verify: verifies an answer.
//!
//! The first answer passes if it names a method and its ticket does not end the flow: the ticket
//! has not expired, its key is on the ring, and no other flow has redeemed it. A ticket that
//! continues a flow ends the session unless that flow waits for an answer. A ticket that can
//! open no flow passes too, unredeemed, and leads to a decoy: missing, forged, of another method, or
//! of a claim by a user who does not hold the contact.
//!
//! For a code there are three steps, each only after the one before it succeeded:
//!
//! 1. `record_attempt` adds the answer to the row's set of attempts, and one to its held guesses,
//!    if the row agrees with the session, is open and has room. This write counts the attempt, and
//!    returns the row.
//! 2. `reserve_guess` charges one guess to each budget, by one conditional write for each counter.
//! 3. The right answer is derived and compared in constant time.
//!    `record_verdict` moves the row to matched if the answer is right. Otherwise
//!    `record_wrong_answer` adds the answer to the row's wrong ones. Each writes only if the row
//!    still has the terms on which the guess was reserved.
//!
//! A proof may answer the first challenge too, with the action `complete` or `undo`. Then
//! `open_flow` writes the row of the claim or of the undo as matched, with this attempt.
//!
//! A link is answered by its token and the secret of the client that requested it. If both are right,
//! `record_verdict` alone records the attempt and the verdict, without a guess. If one is wrong,
//! nothing is written: neither can be guessed.
//!
//! For a proof, its row and that of the flow that earned it are read at once, and `record_verdict`
//! alone records the attempt and its verdict.
//!
//! A right verdict is always recorded before it is returned. So is a wrong one, except that of a
//! proof that answers the first challenge, and of a link: they write no row and count no attempt. If a
//! budget has no guess left, Verify returns wrong without a verdict, whatever the answer is. The same
//! answer needs a guess again when the client repeats it.
//!
//! A code whose message was not charged has no right answer, and `record_verdict` alone counts the
//! attempt. Without this rule, an attacker could guess at flows whose message a budget refused, at
//! no cost of messages.
//!
//! The code of an account is right in a session of that account alone. A session of any other user
//! that continues the flow gets the same verdicts on wrong answers, after the same calls.
//!
//! The store does not count these answers: the first answer, `resend`, and an answer to a flow that
//! has no row, has expired, has ended or has no attempt left. Neither does it count an answer whose
//! challenge disagrees with the row. Equal answers to one flow count as one attempt. A flow
//! without a row is a decoy, and `decoy_again` of Create counts its answers in the challenge.
//!
//! Guesses in parallel can therefore exceed neither the limit of the row nor a budget. A repeated
//! answer can reserve another guess. But a flow with N attempts holds at most N + 1 guesses for each
//! message. A row that holds them all refuses every answer until a resend is charged. A crash or
//! fault between these writes loses no right answer. Repeated while the code is valid, it passes if
//! the row and the budgets still have a guess for it. Every guess whose verdict was returned is
//! counted.

use futures_util::future::try_join;
use strum::IntoStaticStr;

use super::Decided;
use super::event::{AccountState, ClientRequest};
use super::ticket::{FirstAnswer, FirstAnswerError, TicketEnd};
use crate::effects::{Clock, Entropy};
use crate::policy::Deployment;
use crate::ports::{
    Attempted, CounterStore, FlowStore, NewAttempt, Opened, PortError, Redeemable, Redeemed,
    RedemptionStore, UndoStore, VerdictWrite,
};
use crate::rate_limit::{Guess, RateLimiter};
use crate::record::challenge::{Challenge, Step};
use crate::record::flow::{AnswerDigest, Flow, NewFlow, State, Subject};
use crate::seal::code::Answer;
use crate::seal::code_terms::CodeTerms;
use crate::seal::keys::{KeyId, Use};
use crate::seal::link::LinkChallenge;
use crate::seal::sealed::{Proof, UnsealError};
use crate::value::account::Attributes;
use crate::value::app_client::AppClient;
use crate::value::code_alphabet::CodeAlphabet;
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
    WrongLink,
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
            TicketEnd::Over => Self::FlowOver,
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
    store: &(impl FlowStore + RedemptionStore + UndoStore + CounterStore),
    clock: &impl Clock,
    entropy: &impl Entropy,
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
        entropy,
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

struct Verify<'a, S, C, E> {
    deployment: &'a Deployment,
    store: &'a S,
    clock: &'a C,
    entropy: &'a E,
    event: &'a AnswerEvent,
    challenge: &'a Challenge,
}

/// An answer to a row, on the terms that the row had then.
#[derive(Clone, Copy)]
struct Attempt {
    digest: AnswerDigest,
    terms: CodeTerms,
    now: Timestamp,
}

/// A row that agrees with the session, its contact, and the answer to it.
struct Agreeing {
    row: Flow,
    contact: Identifier,
    attempt: Attempt,
}

impl<S, C, E> Verify<'_, S, C, E>
where
    S: FlowStore + RedemptionStore + UndoStore + CounterStore,
    C: Clock,
    E: Entropy,
{
    /// Returns the reason that the answer is right.
    async fn decide(&self) -> Result<VerifyReason, VerifyError> {
        let request = &self.event.request;
        match self.challenge.step {
            Step::Select if request.method.as_deref().and_then(Method::parse).is_none() => {
                Err(VerifyReason::MethodUnknown.into())
            }
            Step::Select if request.completes() => self.complete().await,
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
            Step::Otp(_) if request.is_link() => self.verify_link().await,
            Step::Otp(progress) => self.verify_code(progress.issued_at).await,
            Step::Claim(_) => self.verify_claim().await,
        }
    }

    /// Verifies the answer to a code. The first write counts the attempt and returns the row, so
    /// no read comes before it.
    async fn verify_code(&self, issued_at: Timestamp) -> Result<VerifyReason, VerifyError> {
        let client = self.event.app_client.client();
        // The key of the challenge is the row's, unless the ring was rotated after the row was
        // written. The row then refuses the attempt, which is repeated with the row's key.
        let named = self.event.challenge.as_deref().and_then(KeyId::named_by);
        let mut key = named.ok_or(VerifyReason::InvalidSession)?;
        loop {
            let now = self.clock.now();
            let digest = self.digest(&key)?;
            let attempt = NewAttempt {
                answer: digest,
                key: &key,
                client,
                issued_at,
                limit: self.deployment.policy.attempts,
                now,
            };
            let recorded = self.store.record_attempt(self.challenge.flow, &attempt);
            let row = match recorded.await? {
                Attempted::Recorded(row) => {
                    return self.judge(self.agreeing(*row, digest, now)?).await;
                }
                Attempted::Refused(None) => return Err(VerifyReason::FlowMissing.into()),
                Attempted::Refused(Some(row)) => row,
            };
            let digest = if row.key == key {
                digest
            } else {
                self.digest(&row.key)?
            };
            let Some(Agreeing { row, attempt, .. }) = self.still_open(*row, digest, now)? else {
                return Ok(VerifyReason::RightAgain);
            };
            let wrong = VerifyReason::WrongAnswer;
            if !row.message_charged {
                // An answer to a code whose message was not charged is not a guess: it must not
                // spend the owner's budget.
                return self.record_verdict(&row, attempt, Err(wrong)).await;
            }
            if row.wrong_answers.contains(&attempt.digest) {
                return Err(wrong.into());
            }
            if row.key == key {
                return Err(VerifyReason::NoAttemptLeft.into());
            }
            key = row.key;
        }
    }

    /// Verifies the token of a link, with the secret of the client that requested it. Both must be
    /// right. A wrong answer is not recorded, and no guess is reserved: neither can be guessed.
    async fn verify_link(&self) -> Result<VerifyReason, VerifyError> {
        let Deployment { policy, keys } = self.deployment;
        let (now, flow) = (self.clock.now(), self.challenge.flow);
        let row = self.store.flow(flow).await?;
        let row = row.ok_or(VerifyReason::FlowMissing)?;
        let wrong = VerifyReason::WrongLink;
        let secret = self.event.request.link_secret.as_ref().ok_or(wrong)?;
        let token = self.event.answer.expose();
        let key = keys.find(Use::Answer, row.key.as_str());
        let key = key.ok_or(VerifyReason::FlowDisagrees)?;
        let digest = AnswerDigest::of_link(key, flow, token, secret);
        let Some(Agreeing {
            row,
            contact,
            attempt,
        }) = self.still_open(row, digest, now)?
        else {
            return Ok(VerifyReason::RightAgain);
        };
        // A decoy, and a row without a link, do the same work.
        let challenge = row
            .link_challenge
            .unwrap_or(LinkChallenge::from_bytes([0; 32]));
        let matches = row.code(policy, keys, &contact).is_some_and(|code| {
            bool::from(code.link_token().matches(token) & challenge.is_of(secret))
        });
        let may_match =
            row.link_challenge.is_some() && row.purpose != Purpose::Decoy && row.message_charged;
        if !(matches && may_match && self.event.user.may_answer(&row)) {
            return Err(wrong.into());
        }
        self.record_verdict(&row, attempt, Ok(())).await
    }

    /// Verifies the answer to a claim, a proof.
    async fn verify_claim(&self) -> Result<VerifyReason, VerifyError> {
        let Deployment { policy, keys } = self.deployment;
        let AnswerEvent { app_client, .. } = self.event;
        let now = self.clock.now();
        let text = self.event.answer.expose();
        let proof = Proof::open(text, keys, app_client, now, policy.proof_life);
        let flow = self.challenge.flow;
        let (row, earned) = match &proof {
            Ok(proof) => try_join(self.store.flow(flow), self.store.flow(proof.flow)).await?,
            Err(_) => (self.store.flow(flow).await?, None),
        };
        let row = row.ok_or(VerifyReason::FlowMissing)?;
        let digest = self.digest(&row.key)?;
        let Some(agreeing) = self.still_open(row, digest, now)? else {
            return Ok(VerifyReason::RightAgain);
        };
        let verdict = match proof {
            Ok(proof) => self.verify_proof(&proof, earned.as_ref(), &agreeing).await,
            Err(error) => Err(unreadable_proof(error).into()),
        };
        let verdict = match verdict {
            Ok(()) => Ok(()),
            Err(VerifyError::Because(reason)) => Err(reason),
            Err(VerifyError::Port(fault)) => return Err(fault.into()),
        };
        let Agreeing { row, attempt, .. } = agreeing;
        self.record_verdict(&row, attempt, verdict).await
    }

    /// Verifies a proof that answers the first challenge, and writes the row of the claim, or of the
    /// undo, matched. Define then finishes it. A wrong proof counts no attempt: it cannot be guessed.
    ///
    /// The proof is redeemed while the row of the flow that earned it is read. So it is redeemed even
    /// if that row does not confirm it. Only a leaked key can seal such a proof.
    async fn complete(&self) -> Result<VerifyReason, VerifyError> {
        let Deployment { policy, keys } = self.deployment;
        let AnswerEvent {
            app_client, user, ..
        } = self.event;
        let (now, flow) = (self.clock.now(), self.challenge.flow);
        let text = self.event.answer.expose();
        let proof = Proof::open(text, keys, app_client, now, policy.proof_life);
        let proof = proof.map_err(unreadable_proof)?;
        let contact = &proof.contact;
        // A new account may not be visible everywhere immediately. Until it is, the proof is not
        // redeemed.
        let AccountState::Known(user) = user else {
            return Err(VerifyReason::ProofOfAnother.into());
        };
        let purpose = self.purpose_of_proof(user, contact).await?;
        let purpose = purpose.ok_or(VerifyReason::ProofOfAnother)?;
        let (earned, redeemed) = try_join(
            self.store.flow(proof.flow),
            self.store.redeem(
                Redeemable::Proof(proof.flow),
                flow,
                proof.keep_redemption(policy.proof_life),
            ),
        )
        .await?;
        let proves =
            |earned: &Flow| earned.proves(contact, app_client, keys, now, policy.proof_life);
        if !earned.as_ref().is_some_and(proves) {
            return Err(VerifyReason::ProofForged.into());
        }
        if redeemed == Redeemed::Elsewhere {
            return Err(VerifyReason::ProofRedeemed.into());
        }
        let new = NewFlow {
            id: flow,
            app_client,
            purpose,
            subject: Subject::Known(user.sub().clone()),
            contact,
            locale: None,
            terms: CodeTerms::uncharged(policy.code_length),
            link_challenge: None,
        };
        let row = Flow::new(&new, policy, keys, now, self.entropy);
        let answer = self.digest(&row.key)?;
        let row = Flow {
            attempts: [answer].into(),
            state: State::Matched { answer, at: now },
            ..row
        };
        match self.store.open_flow(&row).await? {
            Opened::New => Ok(VerifyReason::Right),
            Opened::Before(row)
                if row.is_claim_of(self.challenge, app_client)
                    && row.repeats_right_answer(self.digest(&row.key)?, now) =>
            {
                Ok(VerifyReason::RightAgain)
            }
            Opened::Before(_) => Err(VerifyReason::FlowOver.into()),
        }
    }

    /// Returns the answer, read by the alphabet of the challenge. A flow keeps its alphabet.
    fn answer(&self) -> Answer {
        let alphabet = match self.challenge.step {
            Step::Otp(progress) => progress.code_length.alphabet(),
            Step::Select | Step::Claim(_) => CodeAlphabet::Digits,
        };
        Answer::of(self.event.answer.expose(), alphabet)
    }

    /// Returns the purpose for which a proof of this contact may answer in the session of the user:
    /// the contact is the user's, or was replaced, and the caller asks to undo that. `None` for any
    /// other contact. Define checks that the change can still be undone.
    async fn purpose_of_proof(
        &self,
        user: &Attributes,
        contact: &Identifier,
    ) -> Result<Option<Purpose>, PortError> {
        if !self.event.request.undoes() {
            return Ok(user.holds(contact).then_some(Purpose::Claim));
        }
        let keys = &self.deployment.keys;
        let undo = self.store.undo(user.sub()).await?;
        let undo = undo.filter(|undo| undo.is_of(contact, keys));
        Ok(undo.map(|undo| Purpose::Undo(undo.id)))
    }

    fn digest(&self, key: &KeyId) -> Result<AnswerDigest, VerifyError> {
        let key = self.deployment.keys.find(Use::Answer, key.as_str());
        let key = key.ok_or(VerifyReason::FlowDisagrees)?;
        let answer = self.answer();
        let flow = self.challenge.flow;
        Ok(AnswerDigest::of(key, flow, answer.as_bytes()))
    }

    /// Returns the row with its contact and this answer, if it agrees with the session.
    ///
    /// The code of a sign-in may be answered in the session of any user, but is right only if
    /// [`AccountState::may_answer`].
    fn agreeing(
        &self,
        row: Flow,
        digest: AnswerDigest,
        now: Timestamp,
    ) -> Result<Agreeing, VerifyError> {
        let AnswerEvent {
            app_client, user, ..
        } = self.event;
        // Create never opens a row of a code whose terms name no budget. Guesses at such a code
        // would be charged to no budget.
        let has_no_budgets = row.purpose != Purpose::Claim && !row.terms.is_charged();
        let is_sign_in = matches!(row.purpose, Purpose::SignIn | Purpose::Decoy);
        let may_answer = is_sign_in || user.may_answer(&row);
        if has_no_budgets || !row.agrees(self.challenge, app_client) || !may_answer {
            return Err(VerifyReason::FlowDisagrees.into());
        }
        let contact = row.contact(&self.deployment.keys);
        let contact = contact.ok_or(VerifyReason::FlowDisagrees)?;
        let attempt = Attempt {
            digest,
            terms: row.terms,
            now,
        };
        Ok(Agreeing {
            row,
            contact,
            attempt,
        })
    }

    /// Returns the row if it waits for an answer, and has room for this one. Returns `None` if it has
    /// this answer as the right one.
    fn still_open(
        &self,
        row: Flow,
        digest: AnswerDigest,
        now: Timestamp,
    ) -> Result<Option<Agreeing>, VerifyError> {
        let agreeing = self.agreeing(row, digest, now)?;
        let Agreeing { row, attempt, .. } = &agreeing;
        if self.repeats_right_answer(row, *attempt) {
            return Ok(None);
        }
        if row.is_expired(now) {
            return Err(VerifyReason::Expired.into());
        }
        if row.state != State::Open {
            return Err(VerifyReason::FlowOver.into());
        }
        let limit = usize::from(self.deployment.policy.attempts);
        if !row.attempts.contains(&attempt.digest) && row.attempts.len() >= limit {
            return Err(VerifyReason::NoAttemptLeft.into());
        }
        Ok(Some(agreeing))
    }

    /// Returns whether this answer was the right one of the row, still counts, and may be right in
    /// this session.
    fn repeats_right_answer(&self, row: &Flow, Attempt { digest, now, .. }: Attempt) -> bool {
        row.repeats_right_answer(digest, now) && self.event.user.may_answer(row)
    }

    /// Returns the outcome of a write that the row refused.
    fn refused(
        &self,
        row: Option<Box<Flow>>,
        attempt: Attempt,
    ) -> Result<VerifyReason, VerifyError> {
        let Some(row) = row else {
            return Err(VerifyReason::FlowMissing.into());
        };
        if self.repeats_right_answer(&row, attempt) {
            // A parallel request with the same right answer was faster.
            Ok(VerifyReason::RightAgain)
        } else if row.state != State::Open {
            Err(VerifyReason::FlowOver.into())
        } else if row.terms != attempt.terms {
            // A resend was faster: this answers a code that a longer one has replaced.
            Err(VerifyReason::CodeReplaced.into())
        } else {
            Err(VerifyReason::NoAttemptLeft.into())
        }
    }

    /// Reserves a guess for a recorded attempt, and then records its verdict.
    async fn judge(&self, agreeing: Agreeing) -> Result<VerifyReason, VerifyError> {
        let Agreeing {
            row,
            contact,
            attempt,
        } = agreeing;
        let Deployment { policy, keys } = self.deployment;
        let limiter = RateLimiter {
            deployment: self.deployment,
            store: self.store,
            now: attempt.now,
        };
        // An earlier answer with these digits may have found its guess budget spent. Verify then
        // returned wrong without a verdict, so the repetition needs a guess like any other. An
        // answer to a decoy with a row is charged like any other.
        match limiter.reserve_guess(&row, &contact).await? {
            Guess::Spent => return Err(VerifyReason::GuessesSpent.into()),
            Guess::Reserved => {}
        }
        let answer = self.answer();
        // A decoy does the same work.
        let right = row.code(policy, keys, &contact).is_some_and(|code| {
            code.matches(&answer) && row.purpose != Purpose::Decoy && row.message_charged
        });
        if right && !self.event.user.may_answer(&row) {
            // Not recorded as wrong, because it is right in the session of the row's account.
            return Err(VerifyReason::FlowDisagrees.into());
        }
        if right {
            return self.record_verdict(&row, attempt, Ok(())).await;
        }
        // If this write is lost, the same answer costs another guess.
        let Attempt { digest, terms, now } = attempt;
        // Written alike for an account and for none.
        let is_last = row.attempts.len() >= usize::from(policy.attempts);
        let refused_at = (policy.events && is_last).then_some(now);
        self.store
            .record_wrong_answer(row.id, digest, terms, refused_at)
            .await?;
        Err(VerifyReason::WrongAnswer.into())
    }

    /// Records a verdict, with the attempt if it was not recorded before.
    async fn record_verdict(
        &self,
        row: &Flow,
        attempt: Attempt,
        verdict: Result<(), VerifyReason>,
    ) -> Result<VerifyReason, VerifyError> {
        let limit = self.deployment.policy.attempts;
        let Attempt { digest, terms, now } = attempt;
        let right = verdict.is_ok();
        let recording = self
            .store
            .record_verdict(row.id, digest, right, terms, limit, now);
        match recording.await? {
            VerdictWrite::Recorded => {
                verdict?;
                Ok(VerifyReason::Right)
            }
            VerdictWrite::Refused(row) => self.refused(row, attempt),
        }
    }

    /// Verifies a proof. It is right if it is of this flow's contact, earned by the flow that it
    /// names, and redeemed by no other flow, and if the user holds the contact.
    ///
    /// A key alone cannot forge one: the row of the flow that earned it must agree. It is redeemed
    /// before the verdict is recorded; the same flow may repeat that.
    async fn verify_proof(
        &self,
        proof: &Proof,
        earned: Option<&Flow>,
        agreeing: &Agreeing,
    ) -> Result<(), VerifyError> {
        let Deployment { policy, keys } = self.deployment;
        let AnswerEvent {
            app_client, user, ..
        } = self.event;
        let Agreeing {
            row,
            contact,
            attempt,
        } = agreeing;
        let holds = matches!(user, AccountState::Known(user) if user.holds(contact));
        if proof.contact != *contact || !holds {
            return Err(VerifyReason::ProofOfAnother.into());
        }
        let proves = |earned: &Flow| {
            earned.proves(contact, app_client, keys, attempt.now, policy.proof_life)
        };
        if !earned.is_some_and(proves) {
            return Err(VerifyReason::ProofForged.into());
        }
        let keep_until = proof.keep_redemption(policy.proof_life);
        let redeemable = Redeemable::Proof(proof.flow);
        match self.store.redeem(redeemable, row.id, keep_until).await? {
            Redeemed::Here => Ok(()),
            Redeemed::Elsewhere => Err(VerifyReason::ProofRedeemed.into()),
        }
    }
}

const fn unreadable_proof(error: UnsealError) -> VerifyReason {
    match error {
        UnsealError::Forged | UnsealError::KeyUnknown => VerifyReason::ProofForged,
        UnsealError::Stale => VerifyReason::ProofStale,
    }
}
