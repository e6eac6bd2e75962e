//! Define: decides Cognito's next step. Only this trigger has Cognito issue tokens.
//!
//! The functions `finish`, `finish_with_contact` and `finish_with_undo` of this file are the only
//! ones that return [`Next::IssueTokens`].
//! `shared/lambda/src/cognito/define.rs` then sets `issueTokens` in the response.

use std::time::Duration;

use futures_util::future::join;
use strum::IntoStaticStr;

use super::Decided;
use super::commit::{Commit, CommitError};
use super::event::{AccountState, InvalidSession, LastRound, SessionEvent};
use super::ticket::{FirstAnswer, FirstAnswerError, TicketEnd};
use super::undo::{UndoChange, UndoError, Undone};
use crate::effects::Clock;
use crate::message::{LinkUrl, Message, Remedy};
use crate::outbox::Events;
use crate::policy::{Deployment, REPLAY_GRACE};
use crate::ports::{Directory, Finished, PortError, SessionFacts, Store};
use crate::rate_limit::{RateLimiter, Refund};
use crate::record::challenge::{Challenge, Progress, Step};
use crate::record::event::{EventId, OutboxEntry};
use crate::record::flow::{Flow, State, Subject};
use crate::value::account::{Account, Sub};
use crate::value::identifier::{Identifier, Method};
use crate::value::locale::Locale;
use crate::value::purpose::Purpose;
use crate::value::time::Timestamp;

/// The time after a sign-out in which Cognito may revoke new tokens too: 0.6 s was observed
/// (aws/aws-sdk-java#2449).
const SIGN_OUT_TAKES: Duration = Duration::from_secs(1);

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
    InvalidSession,
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
    ChangeHeld,
    ChangeUndone,
    NothingToUndo,
}

impl From<TicketEnd> for DefineReason {
    fn from(end: TicketEnd) -> Self {
        match end {
            TicketEnd::KeyUnknown => Self::TicketKeyUnknown,
            TicketEnd::Stale => Self::TicketStale,
            TicketEnd::Redeemed => Self::TicketRedeemed,
            TicketEnd::Over => Self::FlowOver,
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
    event: &SessionEvent,
) -> Decided<Next, DefineReason> {
    if !deployment.policy.serves(&event.app_client) {
        return Decided::new(Next::Fail, DefineReason::ClientNotServed, None);
    }
    let LastRound { challenge, passed } = match event.last(&deployment.keys) {
        Err(InvalidSession) => return Decided::new(Next::Fail, DefineReason::InvalidSession, None),
        Ok(None) => return Decided::new(Next::Challenge, DefineReason::Opened, None),
        Ok(Some(last)) => last,
    };
    let define = Define {
        deployment,
        store,
        directory,
        clock,
        event,
        challenge: &challenge,
    };
    let decided = define.decide(passed).await.unwrap_or_else(|fault| {
        let reason = DefineReason::PortError;
        Decided::fault(Next::Challenge, reason, challenge.flow, fault)
    });
    decided.answering(challenge.step)
}

struct Define<'a, S, D, C> {
    deployment: &'a Deployment,
    store: &'a S,
    directory: &'a D,
    clock: &'a C,
    event: &'a SessionEvent,
    /// The challenge of the last round.
    challenge: &'a Challenge,
}

impl<S: Store, D: Directory, C: Clock> Define<'_, S, D, C> {
    fn decided(&self, next: Next, reason: DefineReason) -> Decided<Next, DefineReason> {
        Decided::new(next, reason, Some(self.challenge.flow))
    }

    async fn decide(&self, passed: bool) -> Result<Decided<Next, DefineReason>, PortError> {
        if self.event.rounds.len() > self.deployment.policy.max_rounds() {
            return Ok(self.decided(Next::Fail, DefineReason::TooManyRounds));
        }
        let progress = match self.challenge.step {
            Step::Select if passed && self.event.request.completes() => {
                return match &self.event.user {
                    AccountState::Known(user) => self.finish(user.sub(), None).await,
                    AccountState::NoAccount => {
                        Ok(self.decided(Next::Fail, DefineReason::FlowDisagrees))
                    }
                };
            }
            Step::Select if passed => {
                return Ok(self.decided(Next::Challenge, DefineReason::MethodKnown));
            }
            // A wrong proof redeems no ticket.
            Step::Select if self.event.request.completes() => {
                return Ok(self.decided(Next::Challenge, DefineReason::AskedAgain));
            }
            Step::Select => return self.after_refused_select().await,
            Step::Otp(progress) | Step::Claim(progress) => progress,
        };
        if passed {
            return match (&self.event.user, self.challenge.step) {
                (AccountState::Known(user), _) => {
                    self.finish(user.sub(), Some(progress.issued_at)).await
                }
                // Create returns the proof, if the row has the right answer.
                (AccountState::NoAccount, Step::Otp(_)) => {
                    Ok(self.decided(Next::Challenge, DefineReason::Proved))
                }
                // A proof is answered only in the session of an account.
                (AccountState::NoAccount, _) => {
                    Ok(self.decided(Next::Fail, DefineReason::FlowDisagrees))
                }
            };
        }
        let row = self.store.flow(self.challenge.flow).await?;
        let now = self.clock.now();
        Ok(match row {
            None => self.after_wrong_decoy(progress, now),
            Some(row) if !row.agrees(self.challenge, &self.event.app_client) => {
                self.decided(Next::Fail, DefineReason::FlowDisagrees)
            }
            Some(row) => self.after_wrong(&row, now),
        })
    }

    /// Decides after a first answer that did not pass: Verify refused it, or a port did not answer.
    /// Only then is the ticket checked again. The flow ends if the ticket has expired, another flow
    /// redeemed it, its key is unknown, or the flow that it continues has ended. The client then
    /// starts again immediately. Otherwise the challenge is repeated.
    async fn after_refused_select(&self) -> Result<Decided<Next, DefineReason>, PortError> {
        let event = self.event;
        let method = event.request.method.as_deref().and_then(Method::parse);
        if method.is_none() {
            return Ok(self.decided(Next::Fail, DefineReason::MethodUnknown));
        }
        let first = FirstAnswer {
            app_client: &event.app_client,
            user: &event.user,
            request: &event.request,
            flow: self.challenge.flow,
            now: self.clock.now(),
        };
        match first.admit(self.deployment, self.store).await {
            Ok(()) => Ok(self.decided(Next::Challenge, DefineReason::AskedAgain)),
            Err(FirstAnswerError::Ended(end)) => Ok(self.decided(Next::Fail, end.into())),
            Err(FirstAnswerError::Port(fault)) => Err(fault),
        }
    }

    /// Decides after a right answer in the session of an account. Tokens are issued to the verified
    /// holder of the contact, or to the account that requested it.
    ///
    /// The row is finished while the account is read, because a user waits. A finished row
    /// alone issues no tokens: the decision needs the replies of the store and of the directory. If
    /// the directory does not answer, the row that this call finished is moved back to matched, and
    /// the challenge is repeated.
    async fn finish(
        &self,
        user: &Sub,
        issued_at: Option<Timestamp>,
    ) -> Result<Decided<Next, DefineReason>, PortError> {
        let Self {
            deployment,
            store,
            directory,
            event,
            challenge,
            ..
        } = *self;
        let now = self.clock.now();
        let session = event.user.facts(&event.app_client, issued_at);
        // The account is read again. Otherwise a code that went to a replaced contact would still
        // sign in.
        let (finished, account) = join(
            store.finish(challenge.flow, session, false, now),
            directory.find(event.username.expose()),
        )
        .await;
        let (row, finished_now) = match finished? {
            Finished::Now(row) => (row, true),
            Finished::Refused(Some(row)) => (row, false),
            Finished::Refused(None) => {
                return Ok(self.decided(Next::Fail, DefineReason::FlowMissing));
            }
        };
        let decided = self.issue(user, session, &row, finished_now, account, now);
        let decided = decided.await?;
        if finished_now && deployment.policy.events && decided.decision != Next::IssueTokens {
            // The row was finished, and no tokens are issued for it.
            self.drop_sign_in(&row, now).await;
        }
        Ok(decided)
    }

    /// Takes the sign-in of a row out of the outbox. If the write is lost, the event is published.
    async fn drop_sign_in(&self, row: &Flow, now: Timestamp) {
        let entry = OutboxEntry::of_flow(row, now);
        let _ = self.store.drop_event(&entry).await;
    }

    /// Decides by the row that this call finished, or found, and by the account.
    async fn issue(
        &self,
        user: &Sub,
        session: SessionFacts<'_>,
        row: &Flow,
        finished_now: bool,
        account: Result<Option<Account>, PortError>,
        now: Timestamp,
    ) -> Result<Decided<Next, DefineReason>, PortError> {
        let Self {
            deployment,
            store,
            event,
            challenge,
            ..
        } = *self;
        let agrees = match challenge.step {
            Step::Select => row.is_claim_of(challenge, &event.app_client),
            Step::Otp(_) | Step::Claim(_) => row.agrees(challenge, &event.app_client),
        };
        if !agrees {
            return Ok(self.decided(Next::Fail, DefineReason::FlowDisagrees));
        }
        if !row.right_answer_still_counts(now) {
            let reason = match row.state {
                State::Finished { .. } => DefineReason::FlowOver,
                State::Open | State::Matched { .. } => DefineReason::FlowNotMatched,
            };
            return Ok(self.decided(Next::Fail, reason));
        }
        match &row.subject {
            // This session was opened for no account, even if the name belongs to one by now.
            Subject::NoAccount => {
                return Ok(self.decided(Next::Challenge, DefineReason::Proved));
            }
            Subject::Known(subject) if subject == user => {}
            Subject::Known(_) => {
                return Ok(self.decided(Next::Fail, DefineReason::FlowDisagrees));
            }
        }
        let Some(contact) = row.contact(&deployment.keys) else {
            return Ok(self.decided(Next::Fail, DefineReason::FlowDisagrees));
        };
        if account.is_err() && finished_now {
            // Without this write, the finished row would refuse the right answer after 15 s,
            // although no decision was made. If the write is lost, that happens.
            let _ = store.undo_finish(row.id, now).await;
        }
        let account = account?.filter(|account| {
            account.enabled
                && !account.attributes.is_half_created()
                && account.attributes.takes_codes()
                && account.attributes.sub() == user
        });
        let Some(account) = account else {
            return Ok(self.decided(Next::Fail, DefineReason::NoLongerHolder));
        };
        let changing = self.change(row, &account, &contact, session, now);
        if let Some(decided) = changing.await? {
            return Ok(decided);
        }
        Ok(if !account.attributes.holds(&contact) {
            self.decided(Next::Fail, DefineReason::NoLongerHolder)
        } else if matches!(row.state, State::Finished { .. }) {
            Decided {
                refund: finished_now
                    .then(|| self.refund(row, &contact, now))
                    .flatten(),
                events: if finished_now {
                    self.signed_in(row, &account, now)
                } else {
                    Events::default()
                },
                ..self.decided(Next::IssueTokens, DefineReason::TokensIssued)
            }
        } else {
            self.decided(Next::Fail, DefineReason::FlowNotMatched)
        })
    }

    /// Commits the pending contact of the row, or undoes the change of its contact. `None` for a row
    /// that changes no contact.
    async fn change(
        &self,
        row: &Flow,
        account: &Account,
        contact: &Identifier,
        session: SessionFacts<'_>,
        now: Timestamp,
    ) -> Result<Option<Decided<Next, DefineReason>>, PortError> {
        let Self {
            deployment,
            store,
            directory,
            ..
        } = *self;
        let decided = match row.purpose {
            Purpose::VerifyContact(id) => {
                let commit = Commit {
                    deployment,
                    store,
                    directory,
                    now,
                    row,
                    account,
                    contact,
                    id,
                };
                self.finish_with_contact(&commit, session).await?
            }
            Purpose::Undo(id) => {
                let undo = UndoChange {
                    deployment,
                    store,
                    directory,
                    now,
                    row,
                    account,
                    contact,
                    id,
                };
                self.finish_with_undo(&undo, session).await?
            }
            Purpose::SignIn | Purpose::Claim | Purpose::Decoy => return Ok(None),
        };
        Ok(Some(decided))
    }

    /// Returns the event of a sign-in, and for a proof that of its account's creation.
    fn signed_in(&self, row: &Flow, account: &Account, now: Timestamp) -> Events {
        let mut events = Events::default();
        if self.deployment.policy.events {
            events.add(OutboxEntry::of_flow(row, now));
        }
        if self.deployment.policy.events && row.purpose == Purpose::Claim {
            // It exists: its password came before its first sign-in.
            let created = OutboxEntry::id_of_account(&self.deployment.keys, &account.username);
            events.add_stored(created, account.attributes.sub());
        }
        events
    }

    /// Returns events that are in the outbox since before the change.
    fn stored<const N: usize>(&self, row: &Flow, ids: [EventId; N]) -> Events {
        let mut events = Events::default();
        if let Some(user) = row.user().filter(|_| self.deployment.policy.events) {
            for id in ids {
                events.add_stored(id, user);
            }
        }
        events
    }

    fn refund(&self, row: &Flow, contact: &Identifier, now: Timestamp) -> Option<Refund> {
        let limiter = RateLimiter {
            deployment: self.deployment,
            store: self.store,
            now,
        };
        limiter.refund(row, contact)
    }

    /// Writes the proved contact to the account, and only then finishes the row.
    async fn finish_with_contact(
        &self,
        commit: &Commit<'_, S, D>,
        session: SessionFacts<'_>,
    ) -> Result<Decided<Next, DefineReason>, PortError> {
        let replaced = match commit.run().await {
            Ok(replaced) => replaced,
            Err(CommitError::NoLongerPending) => {
                return Ok(self.decided(Next::Fail, DefineReason::NoLongerPending));
            }
            Err(CommitError::Held) => {
                return Ok(self.decided(Next::Fail, DefineReason::ChangeHeld));
            }
            Err(CommitError::ContactInUse) => {
                return Ok(self.decided(Next::Fail, DefineReason::ContactInUse));
            }
            Err(CommitError::Port(fault)) => return Err(fault),
        };
        let Commit { row, now, .. } = *commit;
        let finishing = self.store.finish(row.id, session, true, now);
        Ok(match finishing.await? {
            Finished::Now(row) => Decided {
                message: self.notice(commit, replaced),
                refund: self.refund(&row, commit.contact, now),
                events: self.stored(&row, [OutboxEntry::id_of_change(commit.id)]),
                ..self.decided(Next::IssueTokens, DefineReason::TokensIssued)
            },
            Finished::Refused(row) => self.finished_before(row, now),
        })
    }

    /// Decides for a row that this call did not finish.
    fn finished_before(
        &self,
        row: Option<Box<Flow>>,
        now: Timestamp,
    ) -> Decided<Next, DefineReason> {
        match row.map(|row| row.state) {
            Some(State::Finished { at, .. }) if now.since(at) <= REPLAY_GRACE => {
                self.decided(Next::IssueTokens, DefineReason::TokensIssued)
            }
            Some(State::Finished { .. }) => self.decided(Next::Fail, DefineReason::FlowOver),
            Some(State::Open | State::Matched { .. }) | None => {
                self.decided(Next::Fail, DefineReason::FlowNotMatched)
            }
        }
    }

    /// Restores the replaced contact, and only then finishes the row.
    ///
    /// Cognito revokes tokens that it issues less than a second after a global sign-out. So the
    /// challenge is repeated first, and the same proof passes again.
    async fn finish_with_undo(
        &self,
        undo: &UndoChange<'_, S, D>,
        session: SessionFacts<'_>,
    ) -> Result<Decided<Next, DefineReason>, PortError> {
        let undone = match undo.run().await {
            Ok(undone) => undone,
            Err(UndoError::Nothing) => {
                return Ok(self.decided(Next::Fail, DefineReason::NothingToUndo));
            }
            Err(UndoError::ContactInUse) => {
                return Ok(self.decided(Next::Fail, DefineReason::ContactInUse));
            }
            Err(UndoError::NoAccount) => {
                return Ok(self.decided(Next::Fail, DefineReason::NoLongerHolder));
            }
            Err(UndoError::Port(fault)) => return Err(fault),
        };
        let UndoChange { row, now, .. } = *undo;
        match undone {
            Undone::Now { account } => {
                return Ok(Decided {
                    message: self.notice_of_undo(undo, &account),
                    events: self.stored(row, OutboxEntry::ids_of_undo(undo.id)),
                    ..self.decided(Next::Challenge, DefineReason::ChangeUndone)
                });
            }
            Undone::Before(at) if now.since(at) < SIGN_OUT_TAKES => {
                return Ok(self.decided(Next::Challenge, DefineReason::AskedAgain));
            }
            Undone::Before(_) => {}
        }
        let finishing = self.store.finish(row.id, session, true, now);
        Ok(match finishing.await? {
            Finished::Now(_) => self.decided(Next::IssueTokens, DefineReason::TokensIssued),
            Finished::Refused(row) => self.finished_before(row, now),
        })
    }

    /// Returns the notice that a change was undone, to the account's contact of the other method.
    /// The owner of the restored contact is the caller.
    fn notice_of_undo(&self, undo: &UndoChange<'_, S, D>, account: &Account) -> Option<Message> {
        let policy = &self.deployment.policy;
        let kept = account.attributes.verified(undo.contact.method().other())?;
        let locale = Some(self.locale_of_notice(account));
        let branding = policy.branding_of(&self.event.app_client);
        policy
            .may_get_notice(&kept, undo.now)
            .then(|| Message::change_undone(branding, locale, kept, undo.now))
    }

    /// Returns the language of a notice. The default is the deployment's: a caller chooses the app
    /// client, and with it a client's own default.
    fn locale_of_notice(&self, account: &Account) -> Locale {
        let branding = &self.deployment.policy.branding;
        let own = account.attributes.locale();
        own.unwrap_or(branding.default_locale)
    }

    /// Returns the notice of a change of contact, to the replaced contact. If there is none, or it
    /// may get no notice, the contact of the other method gets it. The notice warns the account
    /// owner of a caller who may be an attacker, so its language is the account's or the default,
    /// never the request's.
    fn notice(&self, commit: &Commit<'_, S, D>, replaced: Option<Identifier>) -> Option<Message> {
        let policy = &self.deployment.policy;
        let branding = policy.branding_of(&self.event.app_client);
        let now = commit.now;
        let locale = Some(self.locale_of_notice(commit.account));
        let may_get = |contact: &Identifier| policy.may_get_notice(contact, now);
        let page = branding.link_url.as_ref().map(LinkUrl::of_undo);
        let remedy = Remedy {
            undo_for: Some(policy.undo_life).filter(|life| !life.is_zero()),
            link: page.as_deref(),
        };
        replaced
            .filter(may_get)
            .map(|old| Message::contact_replaced(branding, locale, old, now, remedy))
            .or_else(|| {
                let kept = commit.kept().filter(may_get)?;
                Some(Message::contact_added(branding, locale, kept, now))
            })
    }

    fn after_wrong(&self, row: &Flow, now: Timestamp) -> Decided<Next, DefineReason> {
        if row.right_answer_still_counts(now) {
            // The right answer was recorded and the verdict lost: it passes the next time.
            self.decided(Next::Challenge, DefineReason::AskedAgain)
        } else if row.state != State::Open {
            self.decided(Next::Fail, DefineReason::FlowOver)
        } else if row.is_expired(now) {
            self.decided(Next::Fail, DefineReason::Expired)
        } else if row.attempts.len() >= usize::from(self.deployment.policy.attempts) {
            self.decided(Next::Fail, DefineReason::NoAttemptLeft)
        } else {
            self.decided(Next::Challenge, DefineReason::AskedAgain)
        }
    }

    /// Decides after a wrong answer to a decoy without a row. The metadata counts its answers, and
    /// the decoy ends when a real flow would.
    fn after_wrong_decoy(&self, progress: Progress, now: Timestamp) -> Decided<Next, DefineReason> {
        let policy = &self.deployment.policy;
        let used = progress
            .used
            .saturating_add(u8::from(self.event.request.is_counted()));
        if now >= progress.issued_at.plus(policy.code_life) {
            self.decided(Next::Fail, DefineReason::Expired)
        } else if used >= policy.attempts {
            self.decided(Next::Fail, DefineReason::NoAttemptLeft)
        } else {
            self.decided(Next::Challenge, DefineReason::AskedAgain)
        }
    }
}
