//! Define: decides Cognito's next step. Only this trigger has Cognito issue tokens: the function
//! `commit` of this file is the one place that returns [`Next::IssueTokens`].

use strum::IntoStaticStr;

use super::Decided;
use super::commit::{Commit, CommitError};
use super::ticket::{AdmissionError, FirstAnswer, TicketEnd};
use super::turn::{AccountState, Last, NotOurs, Turn};
use crate::effects::Clock;
use crate::message::Message;
use crate::policy::{Deployment, REPLAY_GRACE};
use crate::ports::{Directory, Finished, Store, TokenStore};
use crate::rate_limit::RateLimiter;
use crate::record::challenge::{Challenge, Progress, Step};
use crate::record::flow::{Flow, State, Subject};
use crate::value::id::FlowId;
use crate::value::identifier::{Identifier, Method};
use crate::value::purpose::Purpose;
use crate::value::time::Timestamp;

/// Cognito's next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Call Create for a challenge.
    Challenge,
    /// Issue tokens.
    IssueTokens,
    /// Fail the authentication.
    Fail,
}

/// The reasons of Define's decisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
#[cfg_attr(test, derive(strum::EnumIter))]
#[strum(serialize_all = "snake_case")]
#[non_exhaustive]
#[expect(missing_docs, reason = "a variant is described by its word in logs")]
pub enum DefineReason {
    ClientNotServed,
    #[strum(to_string = "session_not_ours")]
    NotOurs,
    Opened,
    TooManyRounds,
    MethodKnown,
    MethodUnknown,
    TicketKeyUnknown,
    TicketStale,
    #[strum(to_string = "ticket_redeemed_elsewhere")]
    TicketRedeemed,
    AskedAgain,
    NoAttemptLeft,
    Expired,
    FlowMissing,
    FlowDisagrees,
    FlowNotMatched,
    FlowOver,
    Proved,
    TokensIssued,
    #[strum(to_string = "no_longer_the_holder")]
    NoLongerHolder,
    NoLongerPending,
    ContactInUse,
    #[strum(to_string = "fault")]
    PortError,
}

impl From<TicketEnd> for DefineReason {
    fn from(end: TicketEnd) -> Self {
        match end {
            TicketEnd::KeyUnknown => Self::TicketKeyUnknown,
            TicketEnd::Stale => Self::TicketStale,
            TicketEnd::Redeemed => Self::TicketRedeemed,
        }
    }
}

/// Decides the next step. It does not fail: if a port does not answer, the same challenge is
/// repeated.
pub async fn define(
    deployment: &Deployment,
    store: &impl Store,
    directory: &impl Directory,
    clock: &impl Clock,
    turn: &Turn,
) -> Decided<Next, DefineReason> {
    if !deployment.policy.serves(&turn.caller) {
        return Decided::new(Next::Fail, DefineReason::ClientNotServed, None);
    }
    match turn.last(&deployment.keys) {
        Err(NotOurs) => Decided::new(Next::Fail, DefineReason::NotOurs, None),
        Ok(None) => Decided::new(Next::Challenge, DefineReason::Opened, None),
        Ok(Some(last)) => {
            let answered = last.challenge.step;
            after(deployment, store, directory, clock, turn, last)
                .await
                .to(answered)
        }
    }
}

async fn after(
    deployment: &Deployment,
    store: &impl Store,
    directory: &impl Directory,
    clock: &impl Clock,
    turn: &Turn,
    Last { challenge, passed }: Last,
) -> Decided<Next, DefineReason> {
    let policy = &deployment.policy;
    let flow = challenge.flow;
    let decided = |next, why| Decided::new(next, why, Some(flow));
    if turn.rounds.len() > policy.max_rounds() {
        return decided(Next::Fail, DefineReason::TooManyRounds);
    }
    let progress = match challenge.step {
        Step::Select if passed => return decided(Next::Challenge, DefineReason::MethodKnown),
        Step::Select => {
            return after_refused_select(deployment, store, clock.now(), turn, flow).await;
        }
        Step::Otp(progress) | Step::Claim(progress) => progress,
    };
    let row = match store.flow(flow).await {
        Err(fault) => return Decided::fault(Next::Challenge, DefineReason::PortError, flow, fault),
        Ok(row) => row,
    };
    let now = clock.now();
    match row {
        None if passed => decided(Next::Fail, DefineReason::FlowMissing),
        None => after_wrong_decoy(deployment, turn, challenge, progress, now),
        Some(row) if !row.agrees(&challenge, &turn.caller) => {
            decided(Next::Fail, DefineReason::FlowDisagrees)
        }
        Some(row) if passed => commit(deployment, store, directory, now, turn, &row).await,
        Some(row) => after_wrong(deployment, &row, now),
    }
}

/// Decides after a first answer that did not pass: Verify refused it, or a port did not answer.
/// Only then is the ticket checked again. The flow ends if the ticket has expired or is used, so
/// that an app starts again immediately. Otherwise the challenge is repeated.
async fn after_refused_select(
    deployment: &Deployment,
    store: &impl TokenStore,
    now: Timestamp,
    turn: &Turn,
    flow: FlowId,
) -> Decided<Next, DefineReason> {
    let decided = |next, why| Decided::new(next, why, Some(flow));
    let method = turn.request.method.as_deref().and_then(Method::parse);
    if method.is_none() {
        return decided(Next::Fail, DefineReason::MethodUnknown);
    }
    let first = FirstAnswer {
        caller: &turn.caller,
        person: &turn.person,
        request: &turn.request,
        flow,
        now,
    };
    match first.admit(deployment, store).await {
        Err(AdmissionError::Port(fault)) => {
            Decided::fault(Next::Challenge, DefineReason::PortError, flow, fault)
        }
        Err(AdmissionError::Ended(end)) => decided(Next::Fail, end.into()),
        Ok(()) => decided(Next::Challenge, DefineReason::AskedAgain),
    }
}

/// Decides after a right answer: tokens for a known user who is still the verified holder, the
/// proof if there is no account.
async fn commit(
    deployment: &Deployment,
    store: &impl Store,
    directory: &impl Directory,
    now: Timestamp,
    turn: &Turn,
    row: &Flow,
) -> Decided<Next, DefineReason> {
    let Deployment { policy, keys } = deployment;
    let decided = |next, why| Decided::new(next, why, Some(row.id));
    let again = |fault| Decided::fault(Next::Challenge, DefineReason::PortError, row.id, fault);
    if !row.is_answered(now) {
        return decided(Next::Fail, DefineReason::FlowNotMatched);
    }
    let subject = match (&row.subject, &turn.person) {
        // This session was opened for no account, even if the name belongs to one by now.
        (Subject::NoAccount, _) => return decided(Next::Challenge, DefineReason::Proved),
        (Subject::Known(subject), AccountState::Known(person)) if subject == person.sub() => {
            subject
        }
        _ => return decided(Next::Fail, DefineReason::FlowDisagrees),
    };
    let Some(contact) = row.contact(keys) else {
        return decided(Next::Fail, DefineReason::FlowDisagrees);
    };
    // The account is read again. Otherwise a code sent to an old mailbox would outlive the change.
    let account = match directory.find(turn.username.expose()).await {
        Err(fault) => return again(fault),
        Ok(account) => account.filter(|account| {
            account.enabled
                && !account.attributes.is_half_created()
                && account.attributes.sub() == subject
        }),
    };
    let Some(account) = account else {
        return decided(Next::Fail, DefineReason::NoLongerHolder);
    };
    let notice = if let Purpose::VerifyContact(id) = row.purpose {
        let commit = Commit {
            deployment,
            store,
            directory,
            now,
            row,
            account: &account,
            contact: &contact,
            id,
        };
        match commit.run().await {
            Err(CommitError::Port(fault)) => return again(fault),
            Err(CommitError::NoLongerPending) => {
                return decided(Next::Fail, DefineReason::NoLongerPending);
            }
            Err(CommitError::ContactInUse) => {
                return decided(Next::Fail, DefineReason::ContactInUse);
            }
            Ok(replaced) => {
                let branding = &policy.branding;
                // A notice warns the account owner, who may not be the caller: the owner's language
                // has priority.
                let locale = account.attributes.locale().or(row.locale);
                let told = |contact: &Identifier| policy.may_be_told(contact, now);
                replaced
                    .filter(told)
                    .map(|old| Message::contact_replaced(branding, locale, old, now))
                    .or_else(|| {
                        let kept = commit.kept().filter(told)?;
                        Some(Message::contact_added(branding, locale, kept, now))
                    })
            }
        }
    } else if account.attributes.holds(&contact) {
        None
    } else {
        return decided(Next::Fail, DefineReason::NoLongerHolder);
    };
    match store.finish(row.id, now).await {
        Err(fault) => again(fault),
        Ok(Finished::Now) => {
            let limiter = RateLimiter {
                deployment,
                store,
                now,
            };
            limiter.refund(row, &contact).await;
            Decided {
                message: notice,
                ..decided(Next::IssueTokens, DefineReason::TokensIssued)
            }
        }
        Ok(Finished::Before(at)) if now.since(at) <= REPLAY_GRACE => {
            decided(Next::IssueTokens, DefineReason::TokensIssued)
        }
        Ok(Finished::Before(_)) => decided(Next::Fail, DefineReason::FlowOver),
        Ok(Finished::Refused) => decided(Next::Fail, DefineReason::FlowNotMatched),
    }
}

fn after_wrong(
    Deployment { policy, .. }: &Deployment,
    row: &Flow,
    now: Timestamp,
) -> Decided<Next, DefineReason> {
    let decided = |next, why| Decided::new(next, why, Some(row.id));
    if row.is_answered(now) {
        // The right answer was recorded and the verdict lost: it passes the next time.
        decided(Next::Challenge, DefineReason::AskedAgain)
    } else if row.state != State::Open {
        decided(Next::Fail, DefineReason::FlowOver)
    } else if row.is_expired(now) {
        decided(Next::Fail, DefineReason::Expired)
    } else if row.attempts.len() >= usize::from(policy.attempts) {
        decided(Next::Fail, DefineReason::NoAttemptLeft)
    } else {
        decided(Next::Challenge, DefineReason::AskedAgain)
    }
}

/// Decides after a wrong answer to a decoy, which has no row: it counts in the metadata, and ends
/// as a real flow does.
fn after_wrong_decoy(
    Deployment { policy, .. }: &Deployment,
    turn: &Turn,
    challenge: Challenge,
    progress: Progress,
    now: Timestamp,
) -> Decided<Next, DefineReason> {
    let decided = |next, why| Decided::new(next, why, Some(challenge.flow));
    let used = progress
        .used
        .saturating_add(u8::from(!turn.request.is_resend()));
    if now >= progress.issued_at.plus(policy.code_life) {
        decided(Next::Fail, DefineReason::Expired)
    } else if used >= policy.attempts {
        decided(Next::Fail, DefineReason::NoAttemptLeft)
    } else {
        decided(Next::Challenge, DefineReason::AskedAgain)
    }
}
