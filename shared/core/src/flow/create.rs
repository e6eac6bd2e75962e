//! Create: builds the challenge and the message to deliver.

use std::time::Duration;

use strum::IntoStaticStr;

use super::event::{AccountState, LastRound, SessionEvent};
use super::ticket::{TicketError, continues};
use super::{Decided, ticket};
use crate::effects::{Clock, Entropy};
use crate::message::{Link, Message};
use crate::policy::{Deployment, Policy, REPLAY_GRACE};
use crate::ports::{CounterStore, Finished, FlowStore, Opened, PendingStore, PortError};
use crate::rate_limit::{
    MessageCharge, RateLimitError, RateLimiter, Refusal, has_same_guess_budgets,
};
use crate::record::challenge::{Challenge, Progress, Step};
use crate::record::flow::{Flow, NewFlow, State, Subject};
use crate::seal::keys::KeyRing;
use crate::seal::pointer::Pointer;
use crate::seal::sealed::{Proof, Resume, Ticket};
use crate::value::account::Attributes;
use crate::value::app_client::AppClient;
use crate::value::code_alphabet::CodeAlphabet;
use crate::value::code_length::CodeLength;
use crate::value::id::FlowId;
use crate::value::identifier::Identifier;
use crate::value::purpose::{Purpose, TicketPurpose};
use crate::value::secret::Secret;
use crate::value::time::Timestamp;

/// The maximum time from Verify's check of a ticket to Create's: no round of triggers takes longer.
const TICKET_LEEWAY: Duration = Duration::from_secs(15);

/// A challenge for the client.
#[derive(Clone, Debug)]
pub struct Created {
    /// The content of the metadata and of the private parameter.
    pub challenge: Challenge,
    /// The public parameters for the client.
    pub public: PublicParameters,
}

/// The public parameters, of one shape for a decoy and a real flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicParameters {
    /// Step `select`: choose a method.
    Select,
    /// Step `otp`: enter the code.
    Otp(DisplayedProgress, Handles),
    /// Step `claim`: answer with the proof, which is here in a session of no account.
    Claim(DisplayedProgress, Option<Secret>),
}

/// The texts by which a client finds and continues its flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handles {
    /// The pointer of the flow, with the shape of the code.
    pub pointer: String,
    /// The resume secret.
    pub resume: Secret,
}

/// The displayed facts about a code or proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DisplayedProgress {
    /// The number of digits of a code.
    pub code_length: u8,
    /// The alphabet of the code.
    pub code_alphabet: CodeAlphabet,
    /// The number of attempts left.
    pub attempts_left: u8,
    /// Seconds until the code or proof expires.
    pub expires_in: u64,
    /// Seconds until `resend` sends again; if no resend is left, seconds until the code expires.
    pub resend_after: u64,
    /// The reason that no message was sent, if one was due.
    pub refused: Option<Refused>,
}

/// The reason that a message was not sent, as the client gets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// A budget is spent.
    TooManyRequests {
        /// Seconds until a next message may be allowed.
        retry_after: u64,
    },
    /// A port did not answer.
    Unavailable,
}

impl PublicParameters {
    /// Returns the names and values on the wire.
    pub fn to_pairs(&self) -> Vec<(&'static str, String)> {
        let (step, displayed, handles, proof) = match self {
            Self::Select => ("select", None, None, None),
            Self::Otp(displayed, handles) => ("otp", Some(displayed), Some(handles), None),
            Self::Claim(displayed, proof) => ("claim", Some(displayed), None, proof.as_ref()),
        };
        let mut pairs = vec![("step", step.to_owned())];
        if let Some(displayed) = displayed {
            pairs.extend([
                ("codeLength", displayed.code_length.to_string()),
                ("attemptsLeft", displayed.attempts_left.to_string()),
                ("expiresIn", displayed.expires_in.to_string()),
                ("resendAfter", displayed.resend_after.to_string()),
            ]);
        }
        if let Some(Handles { pointer, resume }) = handles {
            pairs.extend([
                ("pointer", pointer.clone()),
                ("resume", resume.expose().to_owned()),
            ]);
        }
        if let Self::Otp(displayed, _) = self {
            pairs.push(("codeAlphabet", displayed.code_alphabet.as_str().to_owned()));
        }
        match displayed.and_then(|it| it.refused) {
            None => {}
            Some(Refused::Unavailable) => pairs.push(("refused", "Unavailable".to_owned())),
            Some(Refused::TooManyRequests { retry_after }) => pairs.extend([
                ("refused", "TooManyRequests".to_owned()),
                ("retryAfter", retry_after.to_string()),
            ]),
        }
        if let Some(proof) = proof {
            pairs.push(("proof", proof.expose().to_owned()));
        }
        pairs
    }
}

/// The reasons of Create's decisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
#[cfg_attr(test, derive(strum::EnumIter))]
#[strum(serialize_all = "snake_case")]
#[non_exhaustive]
#[expect(missing_docs, reason = "a variant is described by its word in logs")]
pub enum CreateReason {
    Opened,
    DecoyOpened,
    CodeReserved,
    CodeFixed,
    CodeReservedBefore,
    SlotReserved,
    SlotSentBefore,
    TicketMissing,
    TicketForged,
    TicketKeyUnknown,
    TicketStale,
    #[strum(to_string = "ticket_of_another_method")]
    TicketMethod,
    NotTheHolder,
    ClaimOpened,
    Resumed,
    AskedAgain,
    Resent,
    ResendTooSoon,
    MessageRefused,
    FlowMissing,
    FlowDisagrees,
    FlowOver,
    Proved,
    NoLongerPending,
    #[strum(to_string = "fault")]
    PortError,
}

impl From<TicketError> for CreateReason {
    fn from(error: TicketError) -> Self {
        match error {
            TicketError::Missing => Self::TicketMissing,
            TicketError::Forged => Self::TicketForged,
            TicketError::KeyUnknown => Self::TicketKeyUnknown,
            TicketError::Stale => Self::TicketStale,
            TicketError::OfAnotherMethod => Self::TicketMethod,
        }
    }
}

/// Builds the challenge that [`define`](super::define) permitted. It does not fail: if a port does
/// not answer, the same challenge is repeated and nothing is sent.
pub async fn create(
    deployment: &Deployment,
    store: &(impl FlowStore + PendingStore + CounterStore),
    clock: &impl Clock,
    entropy: &impl Entropy,
    event: &SessionEvent,
) -> Decided<Created, CreateReason> {
    let create = Create {
        deployment,
        store,
        entropy,
        event,
        now: clock.now(),
    };
    let last = if deployment.policy.serves(&event.app_client) {
        event.last(&deployment.keys)
    } else {
        Ok(None)
    };
    match last {
        // Cognito calls Create only after Define. A session that Define would have refused begins
        // again.
        Ok(None) | Err(_) => {
            let flow = FlowId::from_bytes(entropy.bytes());
            create.select(flow, CreateReason::Opened)
        }
        Ok(Some(LastRound { challenge, passed })) => match challenge.step {
            // After a proof Define issues tokens. It could not decide, so the challenge is repeated.
            Step::Select if passed && !event.request.completes() => {
                create.open(challenge.flow).await
            }
            Step::Select => create.select(challenge.flow, CreateReason::AskedAgain),
            Step::Otp(progress) if passed => create.prove(challenge, progress).await,
            Step::Otp(progress) | Step::Claim(progress) => create.again(challenge, progress).await,
        },
    }
}

/// Repeats the challenge from the session alone, for a trigger that has no time left for
/// [`create`].
pub fn ask_again(
    deployment: &Deployment,
    clock: &impl Clock,
    entropy: &impl Entropy,
    event: &SessionEvent,
) -> Created {
    let challenge = match event.last(&deployment.keys) {
        Ok(Some(last)) => last.challenge,
        Ok(None) | Err(_) => Challenge {
            flow: FlowId::from_bytes(entropy.bytes()),
            step: Step::Select,
        },
    };
    created(
        deployment,
        &event.app_client,
        entropy,
        challenge,
        clock.now(),
    )
}

/// Records that a send provably never left, so that a resend may follow immediately, without the
/// cooldown. The write is conditional: a later send keeps its own cooldown.
pub async fn reset_resend_cooldown(
    store: &impl FlowStore,
    sent: &Challenge,
) -> Result<bool, PortError> {
    match sent.step {
        Step::Otp(progress) => store.reset_resend_cooldown(sent.flow, progress.sends).await,
        Step::Select | Step::Claim(_) => Ok(false),
    }
}

/// The reason that a valid ticket opens no row. The challenge is then a decoy's.
enum NoRow {
    /// The account replaced its request, or was deleted after it. No message is sent, so none is
    /// charged. Otherwise an account could spend the budgets of another owner unnoticed.
    NoLongerPending,
    /// A claim is only for the account that was just created. The resolver sees from the step that
    /// it must try again.
    NotTheHolder,
    /// A port did not answer: the same challenge is repeated.
    Port(PortError),
}

impl From<PortError> for NoRow {
    fn from(fault: PortError) -> Self {
        Self::Port(fault)
    }
}

struct Create<'a, S, E> {
    deployment: &'a Deployment,
    store: &'a S,
    entropy: &'a E,
    event: &'a SessionEvent,
    now: Timestamp,
}

impl<S: FlowStore + PendingStore + CounterStore, E: Entropy> Create<'_, S, E> {
    fn select(&self, flow: FlowId, reason: CreateReason) -> Decided<Created, CreateReason> {
        self.decided(flow, Step::Select, reason)
    }

    /// Reserves the send after step `select`, for which Verify redeemed the ticket.
    async fn open(&self, flow: FlowId) -> Decided<Created, CreateReason> {
        let Deployment { policy, keys } = self.deployment;
        let ticket = match self.ticket() {
            Ok(ticket) => ticket,
            // Verify had the key, and redeemed the ticket for this flow. The next invocation of
            // Create may have the key too.
            Err(TicketError::KeyUnknown) => {
                return self.select(flow, CreateReason::TicketKeyUnknown);
            }
            Err(error) => {
                return self.decoy(flow, policy.code_length, error.into());
            }
        };
        let purpose = match ticket.purpose {
            TicketPurpose::Open(purpose) => purpose,
            TicketPurpose::Resume(resumed) | TicketPurpose::ResumeContact(resumed) => {
                return self.resume(flow, resumed, &ticket).await;
            }
        };
        let digits = ticket.terms.code_length;
        let subject = match self.subject(&ticket, purpose).await {
            Ok(subject) => subject,
            Err(NoRow::NoLongerPending) => {
                return self.decoy(flow, digits, CreateReason::NoLongerPending);
            }
            Err(NoRow::NotTheHolder) => {
                return self.decoy(flow, digits, CreateReason::NotTheHolder);
            }
            Err(NoRow::Port(fault)) => return self.fault(flow, Step::Select, fault),
        };
        // A user's own language is used only in messages to that user.
        let own = match (&subject, &self.event.user) {
            (Subject::Known(_), AccountState::Known(user)) => user.locale(),
            _ => None,
        };
        // The message of a slot is for all who request it, so none of them chooses its language.
        let requested = ticket.locale.filter(|_| !ticket.terms.is_slot());
        let new = NewFlow {
            id: flow,
            app_client: &self.event.app_client,
            purpose,
            subject,
            contact: &ticket.contact,
            locale: requested.or(own),
            terms: ticket.terms,
            // An SMS has no link.
            link_challenge: match ticket.contact {
                Identifier::Email(_) => ticket.link_challenge,
                Identifier::PhoneNumber(_) => None,
            },
        };
        let row = Flow::new(&new, policy, keys, self.now, self.entropy);
        match self.store.open_flow(&row).await {
            Err(fault) => self.fault(flow, Step::Select, fault),
            Ok(Opened::Before(row)) => self.opened_before(&row, &ticket.contact).await,
            Ok(Opened::New) => {
                let reason = match (purpose, &row.subject) {
                    (Purpose::Claim, _) => CreateReason::ClaimOpened,
                    (Purpose::Decoy, _) => CreateReason::DecoyOpened,
                    _ if policy.is_test(&ticket.contact, row.issued_at) => CreateReason::CodeFixed,
                    _ if row.terms.is_slot() => CreateReason::SlotReserved,
                    (_, Subject::Known(_) | Subject::NoAccount) => CreateReason::CodeReserved,
                };
                self.charge_and_attach_message(row, &ticket.contact, reason)
                    .await
            }
        }
    }

    /// Continues a flow in this session, which Verify permitted: with the progress of its row, and
    /// without a message or a charge.
    async fn resume(
        &self,
        first: FlowId,
        resumed: FlowId,
        ticket: &Ticket,
    ) -> Decided<Created, CreateReason> {
        let row = match self.store.flow(resumed).await {
            Ok(row) => row,
            Err(fault) => return self.fault(first, Step::Select, fault),
        };
        let SessionEvent {
            app_client, user, ..
        } = self.event;
        let row = row.filter(|row| continues(row, ticket, self.deployment, app_client, user));
        match row {
            Some(row) => {
                self.present_with_budgets(&row, &ticket.contact, CreateReason::Resumed)
                    .await
            }
            // The account was deleted since Verify read the row.
            None => self.decoy(
                first,
                self.deployment.policy.code_length,
                CreateReason::FlowDisagrees,
            ),
        }
    }

    /// Repeats the challenge of the invocation that owns the send. If that one sent nothing,
    /// because a budget refused or a port failed, this one sends nothing either.
    ///
    /// In slot mode the counter of the slot permits one message, however many invocations charge it.
    /// So this one charges what no other has recorded: without a resend, the code of the flow would
    /// otherwise never be right.
    async fn opened_before(&self, row: &Flow, to: &Identifier) -> Decided<Created, CreateReason> {
        if row.terms.is_slot() && !row.message_charged {
            let reason = CreateReason::SlotReserved;
            return self
                .charge_and_attach_message(row.clone(), to, reason)
                .await;
        }
        let decided = self.decided(row.id, step_of(row), CreateReason::CodeReservedBefore);
        if row.sends > row.unsent || row.terms.is_slot() {
            return decided;
        }
        let refused = match self
            .limiter()
            .plan_resend(row.terms, to, row.issued_at)
            .await
        {
            Err(error) => error,
            Ok(_) => RateLimitError::Port(PortError::new("send", "not sent before")),
        };
        refuse(decided, refused, &self.deployment.policy, to)
    }

    const fn limiter(&self) -> RateLimiter<'_, S> {
        RateLimiter {
            deployment: self.deployment,
            store: self.store,
            now: self.now,
        }
    }

    /// Charges the message of a send that this invocation owns, and returns the challenge with the
    /// message. A refused message is not sent, and the row records that.
    async fn charge_and_attach_message(
        &self,
        mut row: Flow,
        to: &Identifier,
        reason: CreateReason,
    ) -> Decided<Created, CreateReason> {
        // Looked up once: the charge and the metrics of the message depend on a number's country.
        let to = &match row.purpose {
            Purpose::Claim => to.clone(),
            _ => self.deployment.policy.phones.placed(to.clone()),
        };
        match self.charge(&row, to).await {
            Ok(MessageCharge::Charged(slot)) => {
                let mut decided = self.decided(row.id, step_of(&row), reason);
                decided.message = self.message(&row, to);
                decided.refund_if_unsent = slot;
                decided
            }
            Ok(MessageCharge::SentInSlot) => {
                row.unsent = row.unsent.saturating_add(1);
                row.last_sent_at = Timestamp::default();
                let reason = match reason {
                    CreateReason::SlotReserved => CreateReason::SlotSentBefore,
                    other => other,
                };
                self.decided(row.id, step_of(&row), reason)
            }
            Err(error) => {
                // If this write is lost, the cooldown stays, and the row counts the refused send.
                if self.store.reset_resend_cooldown(row.id, row.sends).await == Ok(true) {
                    row.unsent = row.unsent.saturating_add(1);
                    row.last_sent_at = Timestamp::default();
                }
                let decided = self.decided(row.id, step_of(&row), CreateReason::MessageRefused);
                refuse(decided, error, &self.deployment.policy, to)
            }
        }
    }

    /// Charges the message of a send, and then records in the row that its code may be answered.
    /// If a message of the slot was charged before, first records that this flow sends none, so that
    /// its success refunds none.
    async fn charge(&self, row: &Flow, to: &Identifier) -> Result<MessageCharge, RateLimitError> {
        if row.purpose == Purpose::Claim {
            return Ok(MessageCharge::Charged(None));
        }
        let charged = self.limiter().charge_message(row, to).await?;
        let recorded = async {
            if matches!(charged, MessageCharge::SentInSlot) {
                // False if another invocation recorded it.
                self.store.reset_resend_cooldown(row.id, row.sends).await?;
            }
            Ok(row.message_charged || self.store.record_message_charge(row.id, row.sends).await?)
        };
        let error = match recorded.await {
            Ok(true) => return Ok(charged),
            Ok(false) => PortError::new("record_message_charge", "the row has changed"),
            Err(fault) => fault,
        };
        // After a failure here the message stays charged: the record may have been written. But the
        // message of the slot is not sent, so another flow may send it.
        if let MessageCharge::Charged(Some(slot)) = charged {
            slot.make(self.store).await;
        }
        Err(error.into())
    }

    /// Returns the subject of a flow of this ticket.
    ///
    /// For a sign-in, the code goes to the identifier of the ticket in every session. Only the
    /// session of the contact's holder ends in tokens; any other ends in a proof of the contact.
    /// Otherwise an attacker could open a session for a guessed username, answer it with a ticket
    /// for their own mailbox, and see from a missing message that the username has an account.
    ///
    /// A pending contact is looked up under the account of the session, so its ticket has no effect
    /// in any other session.
    async fn subject(&self, ticket: &Ticket, purpose: Purpose) -> Result<Subject, NoRow> {
        let keys = &self.deployment.keys;
        let known = |user: &Attributes| Subject::Known(user.sub().clone());
        match (&self.event.user, purpose) {
            (AccountState::Known(user), Purpose::SignIn | Purpose::Claim)
                if user.holds(&ticket.contact) =>
            {
                Ok(known(user))
            }
            (_, Purpose::SignIn | Purpose::Decoy) => Ok(Subject::NoAccount),
            (_, Purpose::Claim | Purpose::Undo(_)) => Err(NoRow::NotTheHolder),
            (AccountState::Known(user), Purpose::VerifyContact(id)) => {
                let pending = self
                    .store
                    .pending(user.sub(), ticket.contact.method())
                    .await?;
                let waits = pending.is_some_and(|pending| {
                    pending.is_waiting_for(id, &ticket.contact, keys, self.now)
                });
                if waits {
                    Ok(known(user))
                } else {
                    Err(NoRow::NoLongerPending)
                }
            }
            // The account was deleted after it made the request.
            (AccountState::NoAccount, Purpose::VerifyContact(_)) => Err(NoRow::NoLongerPending),
        }
    }

    fn ticket(&self) -> Result<Ticket, TicketError> {
        let SessionEvent {
            app_client,
            request,
            ..
        } = self.event;
        // Verify has just checked its age.
        let life = self.deployment.policy.ticket_life + TICKET_LEEWAY;
        let ticket = ticket::open(self.deployment, app_client, request, self.now, life)?;
        let terms = self
            .limiter()
            .with_minimum_length(ticket.terms, &ticket.contact);
        Ok(Ticket { terms, ..ticket })
    }

    /// Returns whether the account that requested this contact is deleted. The request then sends
    /// nothing, so it is charged to no budget of the contact's owner.
    ///
    /// In a sign-in only the contact decides what is charged. Its requester may be anyone, and could
    /// see from the budgets whether the account still holds it.
    fn requester_is_deleted(&self, row: &Flow) -> bool {
        matches!(
            (&row.subject, &self.event.user, row.purpose),
            (
                Subject::Known(_),
                AccountState::NoAccount,
                Purpose::VerifyContact(_)
            )
        )
    }

    /// Returns the message of a row whose send this invocation owns.
    fn message(&self, row: &Flow, contact: &Identifier) -> Option<Message> {
        let Deployment { policy, keys } = self.deployment;
        let may_receive = match (&row.subject, &self.event.user, row.purpose) {
            (_, _, Purpose::Claim | Purpose::Decoy | Purpose::Undo(_))
            | (Subject::Known(_), AccountState::NoAccount, Purpose::VerifyContact(_)) => false,
            // The holder of an address may have changed since the first send.
            (Subject::Known(subject), AccountState::Known(user), Purpose::SignIn)
                if subject == user.sub() =>
            {
                user.holds(contact)
            }
            // A session of another name continues the flow: a message that is charged is sent.
            (Subject::Known(_), _, Purpose::SignIn)
            // The account itself requested a pending contact. Define checks that the request still
            // stands.
            | (Subject::Known(_), AccountState::Known(_), Purpose::VerifyContact(_))
            | (Subject::NoAccount, _, _) => true,
        };
        if !may_receive || policy.is_test(contact, row.issued_at) {
            return None;
        }
        let code = row.code(policy, keys, contact)?;
        // The message of a slot is for all who request it, so none of their clients gives it its look.
        let branding = if row.terms.is_slot() {
            &policy.branding
        } else {
            policy.branding_of(&self.event.app_client)
        };
        let link_url = branding.link_url.as_ref();
        let link = link_url
            // The mail of a slot is for every flow of it, also for one whose client has a secret.
            .filter(|_| row.link_challenge.is_some() || row.terms.is_slot())
            .map(|url| {
                let pointer = pointer(policy, keys, row.id, &row.progress());
                Link::new(url, &pointer, &code.link_token())
            });
        Some(Message::code(
            branding,
            row.locale,
            contact.clone(),
            code,
            link.as_ref(),
            row.purpose,
            row.issued_at,
            row.expires_at.since(self.now),
        ))
    }

    /// Repeats the challenge after a wrong answer, or after an answer whose verdict was lost. Sends
    /// another code, if a resend was requested and the cooldown has ended.
    async fn again(
        &self,
        challenge: Challenge,
        progress: Progress,
    ) -> Decided<Created, CreateReason> {
        let row = match self.store.flow(challenge.flow).await {
            Err(fault) => return self.fault(challenge.flow, challenge.step, fault),
            Ok(row) => row.filter(|row| row.agrees(&challenge, &self.event.app_client)),
        };
        let resend = self.event.request.is_resend() && matches!(challenge.step, Step::Otp(_));
        let Some(mut row) = row else {
            return self.decoy_again(challenge, progress, resend);
        };
        let contact = row.contact(&self.deployment.keys);
        let Some(contact) = contact.filter(|_| row.purpose != Purpose::Claim) else {
            return self.decided(row.id, step_of(&row), CreateReason::AskedAgain);
        };
        let guesses_exhausted = self.guesses_exhausted(&row);
        if !resend {
            let reason = CreateReason::AskedAgain;
            return self.present_with_budgets(&row, &contact, reason).await;
        }
        // The session's challenge states the number of sends so far. In a retried trigger or a
        // replayed session it is no longer the row's number, and nothing is sent.
        if row.state != State::Open
            || row.sends != progress.sends
            || !self.resend_is_due(&row.progress())
        {
            return self.present(&row, CreateReason::ResendTooSoon);
        }
        // A parallel answer used the last attempt after Define read the row.
        if row.attempts.len() >= usize::from(self.deployment.policy.attempts) {
            return self.present(&row, CreateReason::FlowOver);
        }
        let terms = match self
            .limiter()
            .plan_resend(row.terms, &contact, row.issued_at)
            .await
        {
            Ok(terms) => terms,
            Err(error) => {
                let reason = CreateReason::MessageRefused;
                let decided = self.present_with_budgets(&row, &contact, reason).await;
                return refuse(decided, error, &self.deployment.policy, &contact);
            }
        };
        // A row that refuses every answer gets new terms even if they are alike: otherwise a message
        // would be charged whose code cannot be verified. They hold no guess, and accept an answer
        // only once that message is charged. So the guesses of a flow stay in proportion to its
        // messages.
        let is_same = has_same_guess_budgets(&self.deployment.policy, terms, row.terms);
        let new_terms = (guesses_exhausted || !is_same).then_some(terms);
        let advanced = self
            .store
            .advance_send(row.id, row.sends, new_terms, self.now)
            .await;
        match advanced {
            Err(fault) => self.fault(row.id, step_of(&row), fault),
            Ok(false) => self.present(&row, CreateReason::ResendTooSoon),
            Ok(true) => {
                row.message_charged &= new_terms.is_none();
                row.terms = terms;
                row.sends = row.sends.saturating_add(1);
                row.last_sent_at = self.now;
                if self.requester_is_deleted(&row) {
                    // The row counts the send, so the challenge looks like any other resend's.
                    return self.present(&row, CreateReason::NoLongerPending);
                }
                self.charge_and_attach_message(row, &contact, CreateReason::Resent)
                    .await
            }
        }
    }

    /// Returns whether an open row refuses every answer, whatever the budgets allow. Lost replies
    /// and equal answers in parallel hold several guesses for one attempt.
    fn guesses_exhausted(&self, row: &Flow) -> bool {
        row.state == State::Open && row.held_guesses > self.deployment.policy.attempts
    }

    /// Returns the present challenge of a row. No attempt is left while the row refuses every
    /// answer.
    fn present(&self, row: &Flow, reason: CreateReason) -> Decided<Created, CreateReason> {
        let mut decided = self.decided(row.id, step_of(row), reason);
        if self.guesses_exhausted(row) {
            without_attempts(&mut decided);
        }
        decided
    }

    /// Returns the same challenge. No attempt is left while a guess budget of the code is spent,
    /// either.
    async fn present_with_budgets(
        &self,
        row: &Flow,
        contact: &Identifier,
        reason: CreateReason,
    ) -> Decided<Created, CreateReason> {
        let mut decided = self.present(row, reason);
        if row.state == State::Open
            && !self.guesses_exhausted(row)
            && self.limiter().is_spent(row, contact).await == Ok(true)
        {
            without_attempts(&mut decided);
        }
        decided
    }

    /// Repeats the challenge of a decoy without a row, and counts its answer in the metadata.
    /// Create does not see the text of the answer. So an answer with the action `resend` or `link` is
    /// never counted, even if its text is a code.
    fn decoy_again(
        &self,
        challenge: Challenge,
        mut progress: Progress,
        resend: bool,
    ) -> Decided<Created, CreateReason> {
        if self.event.request.is_counted() {
            progress.used = progress.used.saturating_add(1);
        } else if resend && self.resend_is_due(&progress) {
            progress.sends = progress.sends.saturating_add(1);
            progress.last_sent_at = self.now;
        }
        let step = match challenge.step {
            Step::Claim(_) => Step::Claim(progress),
            Step::Select | Step::Otp(_) => Step::Otp(progress),
        };
        self.decided(challenge.flow, step, CreateReason::FlowMissing)
    }

    fn resend_is_due(&self, progress: &Progress) -> bool {
        let policy = &self.deployment.policy;
        // In slot mode a new sign-in serves instead.
        progress.code_length != CodeLength::SLOT
            && progress.sends.saturating_sub(progress.unsent) <= policy.resends
            && self.now >= progress.last_sent_at.plus(policy.resend_after)
            && self.now < progress.issued_at.plus(policy.code_life)
    }

    /// Hands out the proof after a right code in a session of no account. In the session of an
    /// account, Define repeated the challenge because a port did not answer. It is repeated here
    /// too, and the same answer passes again.
    async fn prove(
        &self,
        challenge: Challenge,
        progress: Progress,
    ) -> Decided<Created, CreateReason> {
        let Deployment { keys, .. } = self.deployment;
        let app_client = &self.event.app_client;
        // A row of an account refuses this: the proof is only for a session of no account.
        let no_account = AccountState::NoAccount;
        let session = no_account.facts(app_client, Some(progress.issued_at));
        let finishing = self.store.finish(challenge.flow, session, false, self.now);
        let (row, finished_now) = match finishing.await {
            Err(fault) => return self.fault(challenge.flow, challenge.step, fault),
            Ok(Finished::Now(row)) => (Some(row), true),
            Ok(Finished::Refused(row)) => (row, false),
        };
        let Some(row) = row.filter(|row| row.agrees(&challenge, app_client)) else {
            return self.decided(
                challenge.flow,
                Step::Otp(progress),
                CreateReason::FlowMissing,
            );
        };
        let again = |reason| self.decided(row.id, step_of(&row), reason);
        if row.subject != Subject::NoAccount {
            return again(CreateReason::AskedAgain);
        }
        let Some(contact) = row.contact(keys) else {
            return again(CreateReason::FlowDisagrees);
        };
        if !matches!(row.state, State::Finished { at, .. } if self.now.since(at) <= REPLAY_GRACE) {
            return again(CreateReason::FlowOver);
        }
        let refund = finished_now.then(|| self.limiter().refund(&row, &contact));
        // The flow's id redeems the proof, so it is one proof however often it is handed out.
        let proof = Proof {
            contact,
            flow: row.id,
            made_at: self.now,
        };
        let proof = Secret::new(proof.seal(keys, &self.event.app_client, self.entropy));
        let step = Step::Claim(Progress::at_issue(self.now, progress.code_length));
        let mut decided = self.decided(row.id, step, CreateReason::Proved);
        decided.refund = refund.flatten();
        if let PublicParameters::Claim(_, slot) = &mut decided.decision.public {
            *slot = Some(proof);
        }
        decided
    }

    /// Opens a decoy without a row. Its challenge looks like a real one. Writes nothing and sends
    /// nothing; no answer is right.
    fn decoy(
        &self,
        flow: FlowId,
        digits: CodeLength,
        reason: CreateReason,
    ) -> Decided<Created, CreateReason> {
        self.decided(
            flow,
            Step::Otp(Progress::at_issue(self.now, digits)),
            reason,
        )
    }

    fn decided(
        &self,
        flow: FlowId,
        step: Step,
        reason: CreateReason,
    ) -> Decided<Created, CreateReason> {
        let challenge = Challenge { flow, step };
        let app_client = &self.event.app_client;
        let created = created(
            self.deployment,
            app_client,
            self.entropy,
            challenge,
            self.now,
        );
        Decided::new(created, reason, Some(flow))
    }

    fn fault(&self, flow: FlowId, step: Step, fault: PortError) -> Decided<Created, CreateReason> {
        Decided {
            fault: Some(fault),
            ..self.decided(flow, step, CreateReason::PortError)
        }
    }
}

fn created(
    Deployment { policy, keys }: &Deployment,
    app_client: &AppClient,
    entropy: &impl Entropy,
    challenge: Challenge,
    now: Timestamp,
) -> Created {
    let public = match &challenge.step {
        Step::Select => PublicParameters::Select,
        Step::Otp(progress) => {
            let resume = Resume {
                flow: challenge.flow,
                made_at: now,
            };
            let handles = Handles {
                pointer: pointer(policy, keys, challenge.flow, progress),
                resume: Secret::new(resume.seal(keys, app_client, entropy)),
            };
            PublicParameters::Otp(displayed(policy, progress, policy.code_life, now), handles)
        }
        Step::Claim(progress) => {
            PublicParameters::Claim(displayed(policy, progress, policy.proof_life, now), None)
        }
    };
    Created { challenge, public }
}

/// Returns the pointer of a flow. The flows of a slot have one, because each accepts the link that
/// another has caused. It names no identifier, since a decoy has none.
fn pointer(policy: &Policy, keys: &KeyRing, flow: FlowId, progress: &Progress) -> String {
    let pointer = if progress.code_length == CodeLength::SLOT {
        Pointer::of_slot(keys, policy.slot_at(progress.issued_at))
    } else {
        Pointer::of_flow(keys, flow)
    };
    pointer.text(progress.code_length)
}

fn step_of(row: &Flow) -> Step {
    match row.purpose {
        Purpose::SignIn | Purpose::VerifyContact(_) | Purpose::Decoy => Step::Otp(row.progress()),
        Purpose::Claim => Step::Claim(row.progress()),
        // Such a row is written in answer to the first challenge, and no other step follows.
        Purpose::Undo(_) => Step::Select,
    }
}

fn displayed(
    policy: &Policy,
    progress: &Progress,
    life: Duration,
    now: Timestamp,
) -> DisplayedProgress {
    let expires_in = now.secs_until(progress.issued_at.plus(life));
    let is_last = progress.code_length == CodeLength::SLOT
        || progress.sends.saturating_sub(progress.unsent) > policy.resends;
    let resend_after = if is_last {
        expires_in
    } else {
        now.secs_until(progress.last_sent_at.plus(policy.resend_after))
    };
    DisplayedProgress {
        code_length: progress.code_length.digits(),
        code_alphabet: progress.code_length.alphabet(),
        attempts_left: policy.attempts.saturating_sub(progress.used),
        expires_in,
        resend_after,
        refused: None,
    }
}

/// Shows that no attempt is left.
fn without_attempts(decided: &mut Decided<Created, CreateReason>) {
    if let PublicParameters::Otp(displayed, _) = &mut decided.decision.public {
        displayed.attempts_left = 0;
    }
}

/// Adds the reason that no message was sent to a challenge.
fn refuse(
    mut decided: Decided<Created, CreateReason>,
    error: RateLimitError,
    policy: &Policy,
    to: &Identifier,
) -> Decided<Created, CreateReason> {
    let (refused, refusal, fault) = match error {
        RateLimitError::Refused(refusal) => {
            let Refusal { retry_after, .. } = refusal;
            (
                Refused::TooManyRequests { retry_after },
                Some(refusal),
                None,
            )
        }
        RateLimitError::Port(fault) => (Refused::Unavailable, None, Some(fault)),
        // The settings changed since the ticket was issued.
        RateLimitError::Identifier(_) | RateLimitError::CaptchaRequired { .. } => {
            (Refused::Unavailable, None, None)
        }
    };
    if let PublicParameters::Otp(displayed, _) = &mut decided.decision.public {
        displayed.refused = Some(refused);
    }
    decided.refusal = refusal;
    decided.refused_country = refusal.and_then(|_| match to {
        Identifier::PhoneNumber(number) => policy.phones.country_of(number),
        Identifier::Email(_) => None,
    });
    decided.fault = fault;
    decided
}
