//! Verify: verifies an answer.
//!
//! The first answer passes if it names a method, and its ticket, if this deployment sealed it, is
//! valid and redeemed for this flow.
//!
//! For a code or proof, the row is read, and the right answer is derived and compared in constant
//! time. For a code, three conditional writes follow, each only after the one before it succeeded:
//!
//! 1. The answer is added to the row's set of attempts and one to the held guesses, if the row is
//!    open and has room.
//! 2. A guess is reserved in the budgets.
//! 3. The row moves to matched, or counts the answer as wrong, if its terms are still those of that
//!    guess.
//!
//! For a proof, the attempt and its verdict are one conditional write. Only then is the verdict
//! returned. An answer that found no budget has no verdict: when it is repeated, it needs a guess
//! again.
//!
//! A code whose message was not charged has no right answer. Without this rule, an attacker could
//! guess at flows whose message a budget refused, at no cost of messages.
//!
//! Guesses in parallel can therefore exceed neither the limit of the row nor a budget. One flow can
//! hold at most one guess more of a shared budget than it has attempts. A crash or fault in between
//! loses no right answer, which passes when it is repeated, and leaves no guess uncounted whose
//! verdict was returned.

use strum::IntoStaticStr;

use super::Decided;
use super::ticket::{AdmissionError, FirstAnswer, TicketEnd};
use super::turn::{AccountState, ClientRequest};
use crate::effects::Clock;
use crate::policy::Deployment;
use crate::ports::{
    Attempted, CounterStore, FlowStore, PortError, Redeemed, Token, TokenStore, VerdictWrite,
};
use crate::rate_limit::{Guess, RateLimiter};
use crate::record::challenge::{Challenge, Step};
use crate::record::flow::{AnswerDigest, Flow, Subject};
use crate::seal::code::Answer;
use crate::seal::keys::{KeyId, Use};
use crate::seal::sealed::{Proof, UnsealError};
use crate::value::app_client::AppClient;
use crate::value::identifier::{Identifier, Method};
use crate::value::purpose::Purpose;
use crate::value::secret::Secret;
use crate::value::time::Timestamp;

/// The input of Verify: no session, but the private parameter of the current challenge.
#[derive(Clone, Debug)]
pub struct Response {
    /// The pool and client of the session.
    pub caller: AppClient,
    /// The user of the session, if there is one.
    pub person: AccountState,
    /// The private parameter that Create wrote.
    pub challenge: Option<String>,
    /// The answer.
    pub answer: Secret,
    /// The client's data beside its answer.
    pub request: ClientRequest,
}

impl Response {
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
    NotOurs,
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

/// The reason that a proof is not right.
enum ProofError {
    Forged,
    Stale,
    /// Its contact is another's.
    OfAnother,
    /// Another flow redeemed it.
    Redeemed,
    /// A port did not answer.
    Port(PortError),
}

impl From<PortError> for ProofError {
    fn from(fault: PortError) -> Self {
        Self::Port(fault)
    }
}

/// Verifies an answer. It does not fail: if a port does not answer, the answer is wrong, and either
/// not counted or free to repeat.
pub async fn verify(
    deployment: &Deployment,
    store: &(impl FlowStore + TokenStore + CounterStore),
    clock: &impl Clock,
    response: &Response,
) -> Decided<Verdict, VerifyReason> {
    let Deployment { policy, keys } = deployment;
    if !policy.serves(&response.caller) {
        return Decided::new(Verdict::Wrong, VerifyReason::ClientNotServed, None);
    }
    let challenge = response
        .challenge
        .as_deref()
        .and_then(|text| Challenge::parse(text, keys, &response.caller));
    let Some(challenge) = challenge else {
        return Decided::new(Verdict::Wrong, VerifyReason::NotOurs, None);
    };
    answer(deployment, store, clock, response, &challenge)
        .await
        .to(challenge.step)
}

async fn answer(
    deployment: &Deployment,
    store: &(impl FlowStore + TokenStore + CounterStore),
    clock: &impl Clock,
    response: &Response,
    challenge: &Challenge,
) -> Decided<Verdict, VerifyReason> {
    let decided = |verdict, why| Decided::new(verdict, why, Some(challenge.flow));
    let request = &response.request;
    match challenge.step {
        Step::Select => match request.method.as_deref().and_then(Method::parse) {
            Some(_) => {
                let first = FirstAnswer {
                    caller: &response.caller,
                    person: &response.person,
                    request,
                    flow: challenge.flow,
                    now: clock.now(),
                };
                match first.admit(deployment, store).await {
                    Err(AdmissionError::Port(fault)) => Decided::fault(
                        Verdict::Wrong,
                        VerifyReason::PortError,
                        challenge.flow,
                        fault,
                    ),
                    Err(AdmissionError::Ended(end)) => decided(Verdict::Wrong, end.into()),
                    Ok(()) => decided(Verdict::Right(Verified(())), VerifyReason::MethodKnown),
                }
            }
            None => decided(Verdict::Wrong, VerifyReason::MethodUnknown),
        },
        Step::Otp(_) if response.answer.expose() == "resend" && request.is_resend() => {
            decided(Verdict::Wrong, VerifyReason::ResendAsked)
        }
        Step::Otp(_) | Step::Claim(_) => {
            verify_answer(deployment, store, clock, response, challenge).await
        }
    }
}

async fn verify_answer(
    deployment: &Deployment,
    store: &(impl FlowStore + TokenStore + CounterStore),
    clock: &impl Clock,
    response: &Response,
    challenge: &Challenge,
) -> Decided<Verdict, VerifyReason> {
    let Deployment { policy, keys } = deployment;
    let flow = challenge.flow;
    let decided = |verdict, why| Decided::new(verdict, why, Some(flow));
    let row = match store.flow(flow).await {
        Err(fault) => return Decided::fault(Verdict::Wrong, VerifyReason::PortError, flow, fault),
        Ok(None) => return decided(Verdict::Wrong, VerifyReason::FlowMissing),
        Ok(Some(row)) => row,
    };
    // Create opens no such row: guesses at its code would be charged to no budget.
    let uncharged = row.purpose != Purpose::Claim && !row.charge.is_charged();
    if uncharged || !row.agrees(challenge, &response.caller) || !is_for(&row, &response.person) {
        return decided(Verdict::Wrong, VerifyReason::FlowDisagrees);
    }
    let (Some(contact), Some(key)) = (row.contact(keys), keys.find(Use::Answer, row.key.as_str()))
    else {
        return decided(Verdict::Wrong, VerifyReason::FlowDisagrees);
    };
    let answer = Answer::new(response.answer.expose());
    let digest = AnswerDigest::of(key, flow, answer.as_bytes());
    let now = clock.now();
    if row.accepts_again(digest, now) {
        return decided(Verdict::Right(Verified(())), VerifyReason::RightAgain);
    }
    if row.is_expired(now) {
        return decided(Verdict::Wrong, VerifyReason::Expired);
    }
    // The row alone refuses these, so that they hold no budget meanwhile.
    if row.is_answered(now) {
        return decided(Verdict::Wrong, VerifyReason::FlowOver);
    }
    if !row.attempts.contains(&digest) && row.attempts.len() >= usize::from(policy.attempts) {
        return decided(Verdict::Wrong, VerifyReason::NoAttemptLeft);
    }
    let checked = match row.purpose {
        Purpose::SignIn | Purpose::VerifyContact(_) => row
            .code(policy, keys, &contact)
            .is_some_and(|code| {
                code.matches(&answer) && row.subject != Subject::Decoy && row.message_charged
            })
            .then_some(())
            .ok_or(VerifyReason::WrongAnswer),
        Purpose::Claim => {
            match verify_proof(deployment, store, response, &row, &contact, now).await {
                Ok(()) => Ok(()),
                Err(ProofError::Forged) => Err(VerifyReason::ProofForged),
                Err(ProofError::Stale) => Err(VerifyReason::ProofStale),
                Err(ProofError::OfAnother) => Err(VerifyReason::ProofOfAnother),
                Err(ProofError::Redeemed) => Err(VerifyReason::ProofRedeemed),
                Err(ProofError::Port(fault)) => {
                    return Decided::fault(Verdict::Wrong, VerifyReason::PortError, flow, fault);
                }
            }
        }
    };
    let right = checked.is_ok();
    let charge = row.charge;
    let refused = |row: Option<Box<Flow>>| match row {
        // Another answer was faster: the same right one, the last attempt, or the end of the flow.
        Some(row) if row.accepts_again(digest, now) => {
            decided(Verdict::Right(Verified(())), VerifyReason::RightAgain)
        }
        Some(row) if row.is_answered(now) => decided(Verdict::Wrong, VerifyReason::FlowOver),
        // A resend was faster: this answers a code that a longer one has replaced.
        Some(row) if row.charge != charge => decided(Verdict::Wrong, VerifyReason::CodeReplaced),
        Some(_) => decided(Verdict::Wrong, VerifyReason::NoAttemptLeft),
        None => decided(Verdict::Wrong, VerifyReason::FlowMissing),
    };
    let limiter = RateLimiter {
        deployment,
        store,
        now,
    };
    // An answer that cannot be right is no guess: it must not spend the owner's budget.
    if row.purpose != Purpose::Claim && row.message_charged {
        match store
            .record_attempt(flow, digest, charge, policy.attempts)
            .await
        {
            Err(fault) => {
                return Decided::fault(Verdict::Wrong, VerifyReason::PortError, flow, fault);
            }
            Ok(Attempted::Refused(row)) => return refused(row),
            Ok(Attempted::Counted) => return decided(Verdict::Wrong, VerifyReason::WrongAnswer),
            // This includes an answer that came before and found no budget, right or wrong. Its
            // verdict was never returned, so it needs a guess like any other.
            Ok(Attempted::Held) => {}
        }
        match limiter.reserve_guess(&row, &contact).await {
            Err(fault) => {
                return Decided::fault(Verdict::Wrong, VerifyReason::PortError, flow, fault);
            }
            Ok(Guess::Spent) => return decided(Verdict::Wrong, VerifyReason::GuessesSpent),
            Ok(Guess::Reserved) => {}
        }
        if let Err(why) = checked {
            // If this is lost, the same answer costs another guess.
            return match store.count(flow, digest, charge).await {
                Err(fault) => Decided::fault(Verdict::Wrong, VerifyReason::PortError, flow, fault),
                Ok(_) => decided(Verdict::Wrong, why),
            };
        }
    }
    match store
        .record_verdict(flow, digest, right, charge, policy.attempts, now)
        .await
    {
        Err(fault) => Decided::fault(Verdict::Wrong, VerifyReason::PortError, flow, fault),
        Ok(VerdictWrite::Recorded) => match checked {
            Ok(()) => decided(Verdict::Right(Verified(())), VerifyReason::Right),
            Err(why) => decided(Verdict::Wrong, why),
        },
        Ok(VerdictWrite::Refused(row)) => refused(row),
    }
}

/// Returns whether the user of the session may answer the row. A known user's row is for that user
/// only. A row of no account stays one, even if the name belongs to an account by now; it ends in a
/// proof, never in tokens.
fn is_for(row: &Flow, person: &AccountState) -> bool {
    match (&row.subject, person) {
        (Subject::Known(subject), AccountState::Known(person)) => subject == person.sub(),
        (Subject::Known(_), AccountState::NoAccount) => false,
        (Subject::NoAccount | Subject::Decoy, _) => true,
    }
}

/// Verifies a proof. It is right if it is of this flow's contact, fresh, earned by the flow that it
/// names, and redeemed by no other flow, and if the user holds the contact.
///
/// A key alone cannot forge one: the row of the flow that earned it must agree. It is redeemed
/// before the verdict is recorded; the same flow may repeat that.
async fn verify_proof(
    Deployment { policy, keys }: &Deployment,
    store: &(impl FlowStore + TokenStore),
    response: &Response,
    row: &Flow,
    contact: &Identifier,
    now: Timestamp,
) -> Result<(), ProofError> {
    let opened = Proof::open(
        response.answer.expose(),
        keys,
        &response.caller,
        now,
        policy.proof_life,
    );
    let proof = match opened {
        Ok(proof) => proof,
        Err(UnsealError::Forged | UnsealError::KeyUnknown) => return Err(ProofError::Forged),
        Err(UnsealError::Stale) => return Err(ProofError::Stale),
    };
    let holds = matches!(&response.person, AccountState::Known(person) if person.holds(contact));
    if proof.of != *contact || !holds {
        return Err(ProofError::OfAnother);
    }
    let earned = store.flow(proof.flow).await?.is_some_and(|earned| {
        earned.proves(contact, &response.caller, keys, now, policy.proof_life)
    });
    if !earned {
        return Err(ProofError::Forged);
    }
    let keep_until = proof.made_at.plus(policy.proof_life * 2);
    let redeeming = store.redeem(Token::Proof(proof.flow), row.id, keep_until);
    match redeeming.await? {
        Redeemed::Here => Ok(()),
        Redeemed::Elsewhere => Err(ProofError::Redeemed),
    }
}
