//! Plans, charges and refunds.

use std::collections::{BTreeMap, BTreeSet};
use std::iter;
use std::mem;
use std::time::Duration;

use futures_util::future::join_all;

use super::captcha::CaptchaGate;
use super::counters::{
    ALL, CAPTCHA_RESPONSES, COUNT, Counter, DAY, EXTENDED_GUESSES, GUESSES, HOUR, LONG, LONGEST,
    MINUTE, SENT, SHORT, SPEND, Shard, SlotWindows, TAGGED, UNPROVED, domain_of, grace_of,
    grace_window, mail_windows, mailbox_window, sms_windows, window_at,
};
use super::error::{RateLimitError, Refusal};
use crate::policy::budgets::{Budget, DeploymentBudget, MessageBudget, Price};
use crate::policy::{DEVICE_DAYS_MAX, Deployment, Policy};
use crate::ports::{Captcha, Charged, CounterStore, Counts, PortError, Taken, Window};
use crate::record::flow::Flow;
use crate::seal::code_terms::{
    BudgetTerms, CaptchaState, CodeTerms, Destination, Requester, Tier, UnprovedMail,
};
use crate::seal::device::Device;
use crate::seal::keys::KeyId;
use crate::seal::pseudonym::{Pseudonym, is_tagged};
use crate::value::account::Sub;
use crate::value::code_length::CodeLength;
use crate::value::identifier::{Email, Identifier};
use crate::value::purpose::Purpose;
use crate::value::source::Source;
use crate::value::time::Timestamp;

/// The time in seconds after which a request refused by a mail breaker, or by a breaker of an hour
/// that has ended, may be repeated. A message counts as unproved until its code is answered
/// correctly, so room may return at any time.
const BREAKER_RETRY_SECONDS: u64 = 60;
/// The factor by which a solved CAPTCHA extends a mail breaker.
const SOLVED_FACTOR: u32 = 10;

/// The maximum time from the reservation of a send to the outcome of its charge: no trigger runs
/// longer.
const CHARGE_OUTCOME_KNOWN_AFTER: Duration = Duration::from_secs(10);
/// The time for which a counter is kept after its period: longer than the lifetime of any code.
const KEEP: Duration = Duration::from_secs(3600);

/// The number of mailboxes that can spend a domain's new accounts of a day.
const MAILBOXES_PER_DOMAIN: u32 = 10;
/// The smallest limit of a mailbox's new accounts in a day. The mailboxes of a domain share 64
/// windows (`mailbox_window`), so several may share this limit.
pub(super) const MIN_ACCOUNTS_PER_MAILBOX: u32 = 5;

/// The number of messages in a slot to all tagged addresses of one mailbox. Without this limit, an
/// attacker who makes up tags could send any number; any number of tags would have any number of
/// codes.
pub(super) const TAGGED_PER_SLOT: u32 = 2;

/// The amount by which a generation of device tokens is raised.
const RAISE: u32 = 2;
/// The amount by which a change raises the generation of the replaced contact. The tokens of the one
/// before stay valid until the change cannot be undone. Any further raise makes the distance larger,
/// and ends them.
const RAISE_BY_A_CHANGE: u32 = 1;

/// A request for a code, to be planned.
pub(crate) struct CodeRequest<'a> {
    pub(crate) identifier: &'a Identifier,
    /// The content of a device token.
    pub(crate) device: Option<Device>,
    pub(crate) source: Option<Source>,
    /// True for a sign-in: slot mode serves it where the budgets of its mailbox are spent.
    pub(crate) is_sign_in: bool,
}

/// The outcome of [`RateLimiter::reserve_guess`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guess {
    /// The guess is charged to each budget that counts it: the verdict may be recorded.
    Reserved,
    /// A budget is spent: the code is no longer verifiable, and the answer gets no verdict.
    Spent,
}

/// The outcome of [`RateLimiter::charge_message`].
pub(crate) enum MessageCharge {
    /// The message is charged, and to be sent. The refund is of the slot that it took: if the message
    /// is not sent, another flow of the slot may send it.
    Charged(Option<Refund>),
    /// A message with the code of this slot was charged before: none is sent, and none is charged.
    SentInSlot,
}

/// Charges messages and guesses at one point in time.
#[derive(Debug)]
pub(crate) struct RateLimiter<'a, S> {
    /// The settings and keys.
    pub(crate) deployment: &'a Deployment,
    /// The counters.
    pub(crate) store: &'a S,
    /// The time.
    pub(crate) now: Timestamp,
}

/// A window that may refuse, with its budget and its end.
pub(super) struct Limit {
    pub(super) window: Window,
    budget: Budget,
    pub(super) retry_after: u64,
}

/// The limits of one counter that one event is charged to, by one conditional write.
pub(super) struct Bill {
    pub(super) counter: Counter,
    pub(super) limits: Vec<Limit>,
}

impl Bill {
    /// Returns the refusal by the limit at this place.
    fn refusal(&self, window: usize) -> RateLimitError {
        let limit = &self.limits[window];
        RateLimitError::Refused(Refusal {
            retry_after: limit.retry_after,
            budget: limit.budget,
        })
    }
}

/// The budgets that the guesses at a code draw on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct GuessBudgets {
    requester: Requester,
    tier: Tier,
    /// True for the extended budget of a mailbox, which only the longest codes draw on.
    extended: bool,
}

impl GuessBudgets {
    /// Returns the budgets of a code: those of the tier in its terms, but of no higher tier than
    /// the length of the code permits.
    fn of(policy: &Policy, code_length: CodeLength, budgets: BudgetTerms) -> Self {
        let highest = if code_length == CodeLength::SLOT {
            Tier::Slot
        } else if code_length >= CodeLength::LONGEST {
            Tier::Longest
        } else if code_length >= policy.long_code_length {
            Tier::Long
        } else {
            Tier::Short
        };
        let tier = budgets.tier.min(highest);
        Self {
            requester: budgets.requester,
            tier,
            extended: tier == Tier::Longest && budgets.extended,
        }
    }
}

/// Windows of one counter that were charged.
pub(crate) struct Receipt {
    counter: Pseudonym,
    taken: Vec<Taken>,
}

impl Receipt {
    fn to_refund(&self) -> Refund {
        Refund::of(self.counter, self.taken.clone())
    }
}

/// Counters that were read in one call.
pub(super) struct Reading(BTreeMap<Pseudonym, Counts>);

impl Reading {
    pub(super) fn count(&self, counter: &Counter, window: &str) -> u32 {
        self.0
            .get(&counter.pseudonym)
            .and_then(|counts| counts.get(window))
            .copied()
            .unwrap_or_default()
    }

    /// Returns the names of the windows of a counter.
    fn windows(&self, counter: &Counter) -> impl Iterator<Item = &str> {
        let counts = self.0.get(&counter.pseudonym).into_iter().flatten();
        counts.map(|(name, _)| &**name)
    }

    /// Returns the first limit that has no room.
    fn first_full<'a>(&self, bill: &'a Bill) -> Option<&'a Limit> {
        bill.limits.iter().find(|limit| {
            self.count(&bill.counter, &limit.window.name)
                .checked_add(limit.window.amount)
                .is_none_or(|sum| sum > limit.window.limit)
        })
    }
}

/// Mail of one hour.
#[derive(Clone)]
struct MailCounters {
    domain: Counter,
    all: Counter,
    /// The windows of all mail: sent, and unproved.
    windows: [String; 2],
}

/// The counters of guesses at a requester's codes. `identifier` counts only guesses; the others
/// count messages too.
struct GuessCounters {
    mailbox: Counter,
    /// The guesses at short codes of the identifier.
    identifier: Counter,
    /// The guesses of all; `None` for known devices, which are not counted.
    deployment: Option<Counter>,
    token: Option<Counter>,
}

impl GuessCounters {
    fn pseudonyms(&self) -> impl Iterator<Item = Pseudonym> {
        [self.mailbox, self.identifier]
            .into_iter()
            .chain(self.deployment)
            .chain(self.token)
            .map(|counter| counter.pseudonym)
    }
}

/// The counters of SMS to a destination in an hour.
#[derive(Clone, Copy)]
struct SmsCounters {
    destination: Destination,
    country: Counter,
    /// The counter of the number's prefix; `None` if it is the country's.
    prefix: Option<Counter>,
}

/// The counters of one requester that a plan depends on. A counter that the plan does not need is
/// not read, because all requests would read it.
struct Counters {
    guesses: GuessCounters,
    /// The SMS spend of the day and of the month, for an SMS.
    spend: Option<[Counter; 2]>,
    sms: Option<SmsCounters>,
    /// The mail domain and all mail, in this hour and in the one before.
    mail: Option<[MailCounters; 2]>,
    source: Option<(Pseudonym, Counter)>,
}

impl Counters {
    fn pseudonyms(&self) -> impl Iterator<Item = Pseudonym> {
        let others = self
            .spend
            .into_iter()
            .flatten()
            .chain(self.sms.map(|sms| sms.country))
            .chain(self.sms.and_then(|sms| sms.prefix))
            .chain(
                self.mail
                    .iter()
                    .flatten()
                    .flat_map(|mail| [mail.domain, mail.all]),
            )
            .chain(self.source.map(|(_, counter)| counter))
            .map(|counter| counter.pseudonym);
        self.guesses.pseudonyms().chain(others)
    }
}

/// The plan that the counters allow a requester.
struct PlanDraft {
    budgets: BudgetTerms,
    /// The shortest tier whose guess budgets have room.
    shortest_tier: Tier,
    /// The spent budget that requires a CAPTCHA.
    captcha: Option<Budget>,
    refusal: Option<Refusal>,
}

/// The request that a plan is for.
#[derive(Clone, Copy)]
struct PlanInput<'a> {
    requester: Requester,
    identifier: &'a Identifier,
    price: Option<u32>,
    captcha_state: CaptchaState,
    /// True if the message before it was charged to the extended budget.
    extended: bool,
    /// The condition on which slot mode serves the request; `None` if it does not.
    slots: Option<SlotCondition>,
    /// The state of the present slot, once it is known that the request needs one.
    slot: SlotState,
}

/// The condition on which slot mode serves a request.
#[derive(Clone, Copy)]
enum SlotCondition {
    /// A CAPTCHA, if one is on: for mail.
    CaptchaIfOn,
    /// A CAPTCHA: for an SMS.
    Captcha,
    /// None: for an SMS to the identifier of a known device.
    Nothing,
}

/// The state of a slot.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SlotState {
    /// A message may be sent.
    Open,
    /// A message was sent, whose code is that of further flows too.
    Sent,
    /// The tagged addresses of the mailbox have had their messages.
    Full {
        /// Seconds until the next slot.
        retry_after: u64,
    },
}

/// The budget of a mailbox that a message draws on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum MailboxBudget {
    Ordinary,
    Extended,
    Slot,
}

/// The first budget that requires a CAPTCHA, and the first that refuses.
#[derive(Default)]
struct Blockers {
    captcha: Option<Budget>,
    refusal: Option<Refusal>,
}

impl Blockers {
    fn refuse(&mut self, limit: &Limit) {
        self.refusal.get_or_insert(Refusal {
            retry_after: limit.retry_after,
            budget: limit.budget,
        });
    }

    fn require_captcha(&mut self, captcha_state: CaptchaState, budget: Budget) {
        if captcha_state == CaptchaState::Unsolved {
            self.captcha.get_or_insert(budget);
        }
    }

    /// Refuses if a limit has no room; the first such limit counts.
    fn refuse_if_full(&mut self, reading: &Reading, bill: &Bill) {
        if let Some(limit) = reading.first_full(bill) {
            self.refuse(limit);
        }
    }
}

impl<S: CounterStore> RateLimiter<'_, S> {
    /// Plans a code, from the counters alone: the plan does not depend on whether there is an
    /// account. It reads counters and charges none, with one exception: a CAPTCHA response is
    /// charged to its source before it is verified. A request that is refused or never redeemed
    /// therefore spends no other budget.
    ///
    /// A known device whose budgets are spent is treated as unknown.
    ///
    /// # Errors
    /// If a budget is spent, a CAPTCHA was not solved, no message may be sent to the identifier, or
    /// a port fails.
    pub(crate) async fn plan<P: Captcha>(
        &self,
        request: CodeRequest<'_>,
        gate: Option<CaptchaGate<'_, P>>,
    ) -> Result<CodeTerms, RateLimitError> {
        let Deployment { policy, keys } = self.deployment;
        let identifier = request.identifier;
        let price = policy.price(identifier)?;
        let source = request
            .source
            .map(|source| Pseudonym::of_source(keys, source));
        let device_token = request
            .device
            .and_then(|device| Some((device.id(), device.generation_of(keys, identifier)?)));
        let destination = match identifier {
            Identifier::PhoneNumber(number) => Some(Destination::of(number)),
            Identifier::Email(_) => None,
        };
        let unknown = self.counters(Requester::Unknown, identifier, destination, source);
        let devices = Counter::devices(keys, identifier, self.now);
        let device = device_token.map(|(id, _)| {
            self.counters(Requester::KnownDevice(id), identifier, destination, None)
        });
        let pseudonyms = unknown
            .pseudonyms()
            .chain(device.iter().flat_map(Counters::pseudonyms))
            .chain([devices.pseudonym])
            .collect();
        let reading = self.read(pseudonyms).await?;

        let mut is_known_device = false;
        if let (Some(counters), Some((id, generation))) = (device, device_token)
            && self.is_valid(generation, &reading, &devices)
        {
            is_known_device = true;
            let input = PlanInput {
                requester: Requester::KnownDevice(id),
                identifier,
                price,
                captcha_state: CaptchaState::NotApplicable,
                extended: false,
                slots: None,
                slot: SlotState::Open,
            };
            let draft = self.draft(&reading, &counters, &counters.guesses, input);
            if draft.refusal.is_none() {
                return Ok(self.code_terms(draft.budgets, identifier));
            }
        }

        let input = PlanInput {
            requester: Requester::Unknown,
            identifier,
            price,
            captcha_state: match gate {
                None => CaptchaState::NotApplicable,
                Some(_) => CaptchaState::Unsolved,
            },
            extended: false,
            slots: self.slot_condition(&request, is_known_device),
            slot: SlotState::Open,
        };
        let mut draft = self.draft(&reading, &unknown, &unknown.guesses, input);
        let input = match draft.budgets.tier {
            Tier::Slot => {
                let slot = self.slot_state(identifier).await?;
                let input = PlanInput { slot, ..input };
                draft = self.draft(&reading, &unknown, &unknown.guesses, input);
                input
            }
            Tier::Short | Tier::Long | Tier::Longest => input,
        };
        if let (Some(gate), Some(budget)) = (&gate, draft.captcha) {
            // A request that would be refused anyway does not need a CAPTCHA.
            let solved = PlanInput {
                captcha_state: CaptchaState::Solved,
                ..input
            };
            let solved = self.draft(&reading, &unknown, &unknown.guesses, solved);
            if let Some(refusal) = solved.refusal {
                return Err(RateLimitError::Refused(refusal));
            }
            let answer = gate.answer(budget)?;
            if let Some((_, counter)) = unknown.source {
                self.charge_captcha_response(counter).await?;
            }
            gate.check(answer, budget).await?;
            draft = solved;
        }
        match draft.refusal {
            Some(refusal) => Err(RateLimitError::Refused(refusal)),
            None => Ok(self.code_terms(draft.budgets, identifier)),
        }
    }

    /// Returns whether device tokens of this generation are valid: of the present one, or of the one
    /// before it, if their contact was replaced and that can still be undone.
    fn is_valid(&self, generation: u32, reading: &Reading, devices: &Counter) -> bool {
        let present = reading.count(devices, COUNT);
        let was_replaced = generation.checked_add(RAISE_BY_A_CHANGE) == Some(present);
        let can_be_undone = |window| grace_of(window).is_some_and(|until| self.now < until);
        generation == present
            || (was_replaced
                && !self.deployment.policy.undo_life.is_zero()
                && reading.windows(devices).any(can_be_undone))
    }

    /// Returns the condition on which slot mode serves a request. A test identifier gets no message,
    /// and a new contact of an account has other budgets.
    fn slot_condition(
        &self,
        request: &CodeRequest<'_>,
        is_known_device: bool,
    ) -> Option<SlotCondition> {
        let policy = &self.deployment.policy;
        let identifier = request.identifier;
        if !request.is_sign_in || policy.slot.is_zero() || policy.is_test(identifier, self.now) {
            return None;
        }
        Some(match identifier {
            Identifier::Email(_) => SlotCondition::CaptchaIfOn,
            Identifier::PhoneNumber(_) if is_known_device => SlotCondition::Nothing,
            Identifier::PhoneNumber(_) => SlotCondition::Captcha,
        })
    }

    /// Reads the state of the present slot. Only a request in slot mode needs this read. The message
    /// of a decoy counts too: a request for a user whom Cognito refuses is planned like any other.
    async fn slot_state(&self, identifier: &Identifier) -> Result<SlotState, PortError> {
        let keys = &self.deployment.keys;
        let counter = self.slot_counter(keys.current().id(), identifier, self.now);
        let reading = self.read([counter.pseudonym].into()).await?;
        let windows = SlotWindows::of(keys, identifier);
        let count = |window: &str| reading.count(&counter, window);
        Ok(
            if count(&windows.message) > 0 || count(&windows.decoy) > 0 {
                SlotState::Sent
            } else if is_tagged(identifier) && count(TAGGED) >= TAGGED_PER_SLOT {
                SlotState::Full {
                    retry_after: self.now.secs_until(counter.ends),
                }
            } else {
                SlotState::Open
            },
        )
    }

    /// Plans the next message of a flow, on the flow's own terms. The code is never shorter. It is
    /// longer only if a guess budget of the present code is spent. Guesses and breakers are charged
    /// in the windows in which the code was issued, so the counters of that time are read.
    pub(crate) async fn plan_resend(
        &self,
        terms: CodeTerms,
        identifier: &Identifier,
        issued_at: Timestamp,
    ) -> Result<CodeTerms, RateLimitError> {
        let Some(budgets) = terms.budgets else {
            return Ok(terms);
        };
        if terms.is_slot() {
            // A new sign-in serves instead.
            return Err(RateLimitError::Refused(Refusal {
                retry_after: BREAKER_RETRY_SECONDS,
                budget: Budget::Mailbox,
            }));
        }
        let price = self.deployment.policy.price(identifier)?;
        let at_issue = RateLimiter {
            now: issued_at,
            ..*self
        };
        let BudgetTerms {
            requester,
            source,
            // As planned first: a stored number has lost what the deployment's own ranges say of it.
            destination,
            ..
        } = budgets;
        let issued = at_issue.counters(requester, identifier, destination, source);
        let counters = Counters {
            mail: issued.mail,
            sms: issued.sms,
            ..self.counters(requester, identifier, destination, source)
        };
        let guesses = issued.guesses;
        let pseudonyms = counters.pseudonyms().chain(guesses.pseudonyms()).collect();
        let reading = self.read(pseudonyms).await?;
        let input = PlanInput {
            requester: budgets.requester,
            identifier,
            price,
            captcha_state: budgets.captcha_state,
            extended: budgets.extended,
            slots: None,
            slot: SlotState::Open,
        };
        let draft = self.draft(&reading, &counters, &guesses, input);
        // Without a solved CAPTCHA, a flow does not get the budgets that a solved one grants.
        let unsolved = draft.captcha.map(|budget| Refusal {
            retry_after: BREAKER_RETRY_SECONDS,
            budget,
        });
        if let Some(refusal) = draft.refusal.or(unsolved) {
            return Err(RateLimitError::Refused(refusal));
        }
        let mut next = self.code_terms(
            BudgetTerms {
                tier: draft.shortest_tier.max(budgets.tier),
                ..draft.budgets
            },
            identifier,
        );
        next.code_length = next.code_length.max(terms.code_length);
        Ok(next)
    }

    /// Charges one message that is about to be sent. Only the invocation that owns the send calls
    /// this.
    ///
    /// The source is charged first, so that a refused source spends no other budget. The mailbox or
    /// slot is next, so that one identifier cannot spend shared budgets. A refused message is charged
    /// to no budget. One whose slot has a message is charged to its source alone.
    ///
    /// # Errors
    /// If a budget is spent or a port fails.
    pub(crate) async fn charge_message(
        &self,
        flow: &Flow,
        identifier: &Identifier,
    ) -> Result<MessageCharge, RateLimitError> {
        let Some(budgets) = flow.terms.budgets else {
            return Ok(MessageCharge::Charged(None));
        };
        let mut receipts = Vec::new();
        let [source, own, shared] = self.bills(&budgets, flow, identifier)?;
        self.charge_all(&source, &mut receipts).await?;
        let mut slot = None;
        if budgets.tier == Tier::Slot {
            match self.take_slot(&own).await {
                Ok(Some(receipt)) => {
                    slot = Some(receipt.to_refund());
                    receipts.push(receipt);
                }
                Ok(None) => return Ok(MessageCharge::SentInSlot),
                Err(error) => {
                    self.refund_receipts(receipts).await;
                    return Err(error);
                }
            }
        } else {
            self.charge_all(&own, &mut receipts).await?;
        }
        self.charge_all(&shared, &mut receipts).await?;
        Ok(MessageCharge::Charged(slot))
    }

    /// Takes the message of a slot; `None` if it was taken before.
    async fn take_slot(&self, own: &[Bill]) -> Result<Option<Receipt>, RateLimitError> {
        // Invariant: a slot has one bill. Its last window is that of the reader.
        let Some(bill) = own.first() else {
            return Ok(None);
        };
        Ok(match self.try_charge(bill).await? {
            Ok(receipt) => Some(receipt),
            Err(window) if window + 1 == bill.limits.len() => None,
            Err(window) => return Err(bill.refusal(window)),
        })
    }

    /// Charges bills at the same time, and adds their receipts to those of earlier ones. If one
    /// fails, all receipts are refunded.
    async fn charge_all(
        &self,
        bills: &[Bill],
        receipts: &mut Vec<Receipt>,
    ) -> Result<(), RateLimitError> {
        let charged = join_all(bills.iter().map(|bill| self.charge_bill(bill))).await;
        let mut failed = None;
        for outcome in charged {
            match outcome {
                Ok(receipt) => receipts.push(receipt),
                Err(error) => failed = Some(error),
            }
        }
        let Some(error) = failed else {
            return Ok(());
        };
        self.refund_receipts(mem::take(receipts)).await;
        Err(error)
    }

    /// Returns the terms of a ticket, with a code at least as long as its tier requires. A leaked
    /// key alone can seal a ticket, so the code length in the ticket is not trusted.
    pub(crate) fn with_minimum_length(
        &self,
        terms: CodeTerms,
        identifier: &Identifier,
    ) -> CodeTerms {
        let Some(budgets) = terms.budgets else {
            return terms;
        };
        let tier = if budgets.extended {
            Tier::Longest
        } else {
            budgets.tier
        };
        let required = self.code_terms(BudgetTerms { tier, ..budgets }, identifier);
        CodeTerms {
            code_length: required.code_length.max(terms.code_length),
            ..required
        }
    }

    /// Reserves a guess at the flow's code, before a verdict is recorded or returned. The
    /// reservation stays charged unless the flow succeeds.
    ///
    /// # Errors
    /// If a port fails: the answer gets no verdict.
    pub(crate) async fn reserve_guess(
        &self,
        flow: &Flow,
        contact: &Identifier,
    ) -> Result<Guess, PortError> {
        let bills = self.guess_bills(flow, contact);
        let charged = join_all(bills.iter().map(|bill| self.charge_bill(bill))).await;
        let mut receipts = Vec::new();
        let mut outcome = Ok(Guess::Reserved);
        for charged in charged {
            match charged {
                Ok(receipt) => receipts.push(receipt),
                Err(RateLimitError::Port(fault)) => outcome = Err(fault),
                Err(_) if outcome.is_ok() => outcome = Ok(Guess::Spent),
                Err(_) => {}
            }
        }
        if outcome != Ok(Guess::Reserved) {
            self.refund_receipts(receipts).await;
        }
        outcome
    }

    /// Returns whether a guess at the flow's code would be refused now. Charges no budget.
    pub(crate) async fn is_spent(
        &self,
        flow: &Flow,
        contact: &Identifier,
    ) -> Result<bool, PortError> {
        let bills = self.guess_bills(flow, contact);
        let pseudonyms = bills.iter().map(|bill| bill.counter.pseudonym).collect();
        let reading = self.read(pseudonyms).await?;
        Ok(bills.iter().any(|bill| reading.first_full(bill).is_some()))
    }

    /// Charges an account, and each contact that it holds, for a contact that it requests. Without
    /// this charge, one account could have any number of codes sent to identifiers of others. The
    /// contacts are charged because a user can delete the account and sign in again.
    pub(crate) async fn charge_new_contact(
        &self,
        sub: &Sub,
        held: impl IntoIterator<Item = Identifier>,
    ) -> Result<Vec<Receipt>, RateLimitError> {
        let Deployment { policy, keys } = self.deployment;
        let of_contacts = held
            .into_iter()
            .map(|contact| Pseudonym::of_mailbox(keys, "contacts", &contact));
        let bills: Vec<_> = iter::once(Pseudonym::of_account(keys, sub))
            .chain(of_contacts)
            .map(|pseudonym| {
                let counter = Counter::account(pseudonym, self.now);
                let limit = policy.budgets.contacts_per_day;
                let limits = vec![self.period_limit(COUNT, limit, Budget::Contacts, &counter)];
                Bill { counter, limits }
            })
            .collect();
        let mut receipts = Vec::new();
        self.charge_all(&bills, &mut receipts).await?;
        Ok(receipts)
    }

    /// Refunds a request for a contact whose flow was not opened, so that no message was sent.
    pub(crate) async fn refund_new_contact(&self, receipts: Vec<Receipt>) {
        self.refund_receipts(receipts).await;
    }

    /// Charges the registrable mail domain of an account that is about to be created for a proof,
    /// and the share that its mailbox has of the domain's accounts. Plus-tags and deleted accounts of one mailbox
    /// therefore cannot spend the domain's share, and subdomains have no further one. A shared
    /// domain has only the limit of each mailbox.
    pub(crate) async fn charge_new_account(
        &self,
        identifier: &Identifier,
    ) -> Result<Option<Receipt>, RateLimitError> {
        let Identifier::Email(email) = identifier else {
            return Ok(None);
        };
        let Deployment { policy, keys } = self.deployment;
        let mail = &policy.budgets.mail;
        let domain = domain_of(email);
        if mail.is_shared(domain) {
            let counter = Counter::mailbox_accounts(keys, identifier, self.now);
            let limits = vec![self.period_limit(
                COUNT,
                MIN_ACCOUNTS_PER_MAILBOX,
                Budget::NewAccounts,
                &counter,
            )];
            return self.charge_bill(&Bill { counter, limits }).await.map(Some);
        }
        let counter = Counter::accounts(domain, self.now);
        let share = mail
            .accounts_per_domain
            .div_ceil(MAILBOXES_PER_DOMAIN)
            .max(MIN_ACCOUNTS_PER_MAILBOX);
        let limits = [
            (mailbox_window(keys, identifier), share),
            (COUNT.to_owned(), mail.accounts_per_domain),
        ];
        let limits = limits
            .into_iter()
            .map(|(name, limit)| self.period_limit(name, limit, Budget::NewAccounts, &counter))
            .collect();
        self.charge_bill(&Bill { counter, limits }).await.map(Some)
    }

    /// Refunds an account that was not created.
    pub(crate) async fn refund_new_account(&self, receipt: Option<Receipt>) {
        self.refund_receipts(receipt.into_iter().collect()).await;
    }

    /// Returns the generation of each identifier's device tokens.
    pub(crate) async fn device_generations<const N: usize>(
        &self,
        identifiers: [Option<&Identifier>; N],
    ) -> Result<[u32; N], PortError> {
        let keys = &self.deployment.keys;
        let counters = identifiers.map(|it| it.map(|it| Counter::devices(keys, it, self.now)));
        let pseudonyms: BTreeSet<_> = counters.iter().flatten().map(|it| it.pseudonym).collect();
        if pseudonyms.is_empty() {
            return Ok([0; N]);
        }
        let reading = self.read(pseudonyms).await?;
        Ok(counters.map(|it| it.map_or(0, |it| reading.count(&it, COUNT))))
    }

    /// Invalidates all present device tokens of these identifiers.
    ///
    /// # Errors
    /// If a port fails: some tokens may still be valid. Safe to repeat.
    pub(crate) async fn forget_devices(
        &self,
        identifiers: impl IntoIterator<Item = &Identifier>,
    ) -> Result<(), PortError> {
        self.raise_generations(identifiers, RAISE).await
    }

    /// Invalidates the present device tokens of an identifier at that time, or at the next raise of
    /// their generation if that comes first.
    ///
    /// # Errors
    /// If a port fails: the tokens may stay valid. Safe to repeat with the same time.
    pub(crate) async fn forget_devices_at(
        &self,
        identifier: &Identifier,
        at: Timestamp,
    ) -> Result<(), PortError> {
        // Refused if this change has raised the generation before.
        let grace = single_charge(grace_window(at), 1);
        let raise = generation_window(RAISE_BY_A_CHANGE);
        self.charge_devices(identifier, &[raise, grace]).await
    }

    /// Keeps the generations of these identifiers for as long as a token that is issued now may be
    /// valid. A generation that the store cleaned up would start from zero, and a later raise would
    /// revive invalidated tokens.
    ///
    /// # Errors
    /// If a port fails.
    pub(crate) async fn keep_generations(
        &self,
        identifiers: impl IntoIterator<Item = &Identifier>,
    ) -> Result<(), PortError> {
        self.raise_generations(identifiers, 0).await
    }

    async fn raise_generations(
        &self,
        identifiers: impl IntoIterator<Item = &Identifier>,
        amount: u32,
    ) -> Result<(), PortError> {
        let raise = [generation_window(amount)];
        let raising = identifiers
            .into_iter()
            .map(|identifier| self.charge_devices(identifier, &raise));
        for raised in join_all(raising).await {
            raised?;
        }
        Ok(())
    }

    async fn charge_devices(
        &self,
        identifier: &Identifier,
        windows: &[Window],
    ) -> Result<(), PortError> {
        // Every token of an older generation must expire before its generation is cleaned up. This
        // includes a token issued before the setting of its lifetime was lowered, so the maximum
        // counts. One more day allows for clocks that differ.
        let keep_until = self
            .now
            .plus(Duration::from_secs(DAY * (DEVICE_DAYS_MAX + 1)));
        let counter = Counter::devices(&self.deployment.keys, identifier, keep_until);
        self.store
            .charge(counter.pseudonym, windows, counter.ends)
            .await?;
        Ok(())
    }

    /// Returns the shard of a counter of so many shards that the identifier is charged to.
    fn shard(&self, identifier: &Identifier, at: Timestamp, count: u32) -> Shard {
        Shard::of(&self.deployment.keys, identifier, at, count)
    }

    fn deployment_counter(
        &self,
        requester: Requester,
        identifier: &Identifier,
        at: Timestamp,
    ) -> Counter {
        let count = self.deployment.policy.deployment_shards(requester);
        Counter::deployment(requester, self.shard(identifier, at, count), at)
    }

    fn spend_counter(&self, requester: Requester, identifier: &Identifier) -> Counter {
        let count = self.deployment.policy.spend_shards();
        Counter::spend(requester, self.shard(identifier, self.now, count), self.now)
    }

    fn domain_counter(&self, email: &Email, identifier: &Identifier, at: Timestamp) -> Counter {
        let domain = domain_of(email);
        let count = self.deployment.policy.domain_shards(domain);
        Counter::domain(domain, self.shard(identifier, at, count), at)
    }

    fn sms_counters(
        &self,
        requester: Requester,
        identifier: &Identifier,
        destination: Destination,
        at: Timestamp,
    ) -> SmsCounters {
        let policy = &self.deployment.policy;
        let (country, count) = (destination.country, policy.country_shards());
        let prefix = match identifier {
            Identifier::PhoneNumber(number) if count > 1 => {
                let [prefix, _] = sms_windows(number, destination);
                let part = self.shard(identifier, at, policy.prefix_shards());
                Some(Counter::prefixes(
                    requester, country, &prefix, part, count, at,
                ))
            }
            _ => None,
        };
        let shard = self.shard(identifier, at, count);
        SmsCounters {
            destination,
            country: Counter::country(requester, country, shard, at),
            prefix,
        }
    }

    fn guess_counters(&self, requester: Requester, identifier: &Identifier) -> GuessCounters {
        let (keys, now) = (&self.deployment.keys, self.now);
        GuessCounters {
            mailbox: Counter::mailbox(keys, requester, identifier, now),
            identifier: Counter::guesses(keys, requester, identifier, now),
            deployment: (requester == Requester::Unknown)
                .then(|| self.deployment_counter(requester, identifier, now)),
            token: match requester {
                Requester::KnownDevice(id) => Some(Counter::device_token(&id, now)),
                Requester::Unknown => None,
            },
        }
    }

    fn counters(
        &self,
        requester: Requester,
        identifier: &Identifier,
        destination: Option<Destination>,
        source: Option<Pseudonym>,
    ) -> Counters {
        let now = self.now;
        let earlier = Timestamp::from_secs(now.as_secs().saturating_sub(HOUR));
        let unknown = requester == Requester::Unknown;
        Counters {
            guesses: self.guess_counters(requester, identifier),
            spend: matches!(identifier, Identifier::PhoneNumber(_)).then(|| {
                [
                    self.deployment_counter(requester, identifier, now),
                    self.spend_counter(requester, identifier),
                ]
            }),
            sms: destination
                .map(|destination| self.sms_counters(requester, identifier, destination, now)),
            mail: match identifier {
                Identifier::Email(email) if unknown => {
                    let at = |at| MailCounters {
                        domain: self.domain_counter(email, identifier, at),
                        all: self.deployment_counter(requester, identifier, at),
                        windows: mail_windows(at),
                    };
                    Some([at(now), at(earlier)])
                }
                _ => None,
            },
            source: source
                .filter(|_| unknown)
                .map(|source| (source, Counter::source(source, now))),
        }
    }

    /// Returns the plan that the counters allow. Messages are planned by the present counters,
    /// guesses by the counters of the time at which the code is issued.
    fn draft(
        &self,
        reading: &Reading,
        counters: &Counters,
        guesses: &GuessCounters,
        input: PlanInput<'_>,
    ) -> PlanDraft {
        let PlanInput {
            requester,
            identifier,
            price,
            captcha_state,
            ..
        } = input;
        let mut blockers = Blockers::default();
        let source = self.plan_source(reading, counters, captcha_state, &mut blockers);
        let mailboxes = [counters.guesses.mailbox, guesses.mailbox];
        let own = self.plan_mailbox(reading, mailboxes, input, &mut blockers);
        let extended = own == MailboxBudget::Extended;
        if let (Some(messages), Some(guesses)) = (counters.guesses.token, guesses.token) {
            blockers.refuse_if_full(reading, &self.token_bill(messages));
            blockers.refuse_if_full(reading, &self.token_guesses(guesses));
        }
        let shortest_tier = self.tier(reading, guesses, requester);
        // The guesses of a slot draw on no budget of the deployment.
        if shortest_tier == Tier::Longest && own != MailboxBudget::Slot {
            blockers.require_captcha(captcha_state, Budget::Deployment);
        }
        let guess_budgets = GuessBudgets {
            requester,
            tier: match own {
                MailboxBudget::Ordinary => shortest_tier,
                MailboxBudget::Extended => Tier::Longest,
                MailboxBudget::Slot => Tier::Slot,
            },
            extended,
        };
        if guess_budgets.tier == Tier::Longest
            && let Some(deployment) = guesses.deployment
            && let Some(bill) = self.shared_guesses(guess_budgets, deployment)
        {
            blockers.refuse_if_full(reading, &bill);
        }
        // A flow whose slot has a message sends none, so no budget of messages refuses it.
        let mut unused = Blockers::default();
        let sends = if input.slot == SlotState::Sent {
            &mut unused
        } else {
            &mut blockers
        };
        let unproved_mail = self.plan_unproved_mail(reading, counters, input, sends);
        for bill in counters
            .sms
            .iter()
            .flat_map(|sms| self.sms_bills(sms, identifier))
        {
            sends.refuse_if_full(reading, &bill);
        }
        for bill in self.shared_bills(requester, identifier, price) {
            sends.refuse_if_full(reading, &bill);
        }
        PlanDraft {
            budgets: BudgetTerms {
                requester,
                tier: guess_budgets.tier,
                extended,
                captcha_state,
                source,
                destination: counters.sms.map(|sms| sms.destination),
                unproved_mail,
            },
            shortest_tier,
            captcha: blockers.captcha,
            refusal: blockers.refusal,
        }
    }

    /// Returns the source that the message is charged to.
    fn plan_source(
        &self,
        reading: &Reading,
        counters: &Counters,
        captcha_state: CaptchaState,
        blockers: &mut Blockers,
    ) -> Option<Pseudonym> {
        let (pseudonym, counter) = counters.source?;
        let bill = self.source_bill(counter);
        let Some(full) = reading.first_full(&bill) else {
            return Some(pseudonym);
        };
        if captcha_state == CaptchaState::Solved {
            // The CAPTCHA response is charged instead of the message.
            blockers.refuse_if_full(reading, &self.captcha_bill(counter));
            return None;
        }
        blockers.require_captcha(captcha_state, Budget::Source);
        blockers.refuse(full);
        Some(pseudonym)
    }

    /// Returns the budget that the message is charged to. A resend stays in the extended one while it
    /// has room: on other terms, the code that came before would not be accepted if the charge
    /// failed.
    fn plan_mailbox(
        &self,
        reading: &Reading,
        [now, at_issue]: [Counter; 2],
        input: PlanInput<'_>,
        blockers: &mut Blockers,
    ) -> MailboxBudget {
        let requester = input.requester;
        let bills = |extended| {
            [
                self.mailbox_bill(now, requester, extended),
                self.mailbox_guesses(at_issue, requester, extended),
            ]
        };
        let has_room = |bills: &[Bill]| bills.iter().all(|bill| reading.first_full(bill).is_none());
        if input.extended && has_room(&bills(true)) {
            return MailboxBudget::Extended;
        }
        let normal = bills(false);
        let Some(full) = normal.iter().find_map(|bill| reading.first_full(bill)) else {
            return MailboxBudget::Ordinary;
        };
        if requester != Requester::Unknown {
            blockers.refuse(full);
            return MailboxBudget::Ordinary;
        }
        let extended = bills(true);
        let Some(full) = extended.iter().find_map(|bill| reading.first_full(bill)) else {
            blockers.require_captcha(input.captcha_state, Budget::Mailbox);
            return MailboxBudget::Extended;
        };
        match (input.slots, input.captcha_state) {
            (None, _) | (Some(SlotCondition::Captcha), CaptchaState::NotApplicable) => {
                blockers.refuse(full);
                return MailboxBudget::Extended;
            }
            (Some(SlotCondition::Nothing), _) => {}
            (Some(SlotCondition::CaptchaIfOn | SlotCondition::Captcha), captcha_state) => {
                blockers.require_captcha(captcha_state, Budget::Mailbox);
            }
        }
        if let SlotState::Full { retry_after } = input.slot {
            blockers.refusal.get_or_insert(Refusal {
                retry_after,
                budget: Budget::Mailbox,
            });
        }
        MailboxBudget::Slot
    }

    /// Returns the shortest tier whose guess budgets have room.
    fn tier(&self, reading: &Reading, counters: &GuessCounters, requester: Requester) -> Tier {
        let budgets = &self.deployment.policy.budgets;
        let own = if requester == Requester::Unknown {
            budgets.short_guesses_per_month
        } else {
            budgets.device.short_guesses_per_month
        };
        let DeploymentBudget {
            short_guesses_per_day,
            long_guesses_per_day,
            ..
        } = budgets.deployment;
        let shared = |window, limit| {
            let has_room =
                |counter: Counter| reading.count(&counter, window) < counter.share(limit);
            counters.deployment.is_none_or(has_room)
        };
        let longer = self.mailbox_guesses(counters.mailbox, requester, false);
        if reading.count(&counters.identifier, SHORT) < own && shared(SHORT, short_guesses_per_day)
        {
            Tier::Short
        } else if shared(LONG, long_guesses_per_day) && reading.first_full(&longer).is_none() {
            Tier::Long
        } else {
            Tier::Longest
        }
    }

    /// Returns the present limits of the mail breakers.
    fn plan_unproved_mail(
        &self,
        reading: &Reading,
        counters: &Counters,
        input: PlanInput<'_>,
        blockers: &mut Blockers,
    ) -> UnprovedMail {
        let (Some([now, before]), Identifier::Email(email)) = (&counters.mail, input.identifier)
        else {
            return UnprovedMail::default();
        };
        let budget = &self.deployment.policy.budgets.mail;
        let of_domain = |mail: &MailCounters, window| reading.count(&mail.domain, window);
        let of_all =
            |mail: &MailCounters, place: usize| reading.count(&mail.all, &mail.windows[place]);
        // Half of the mail of both hours, less what the hour before left unproved. Otherwise the
        // unproved mail of one hour would raise the limit of the next.
        let half = |now: u32, before: u32, unproved_before: u32| {
            (now.saturating_add(before) / 2).saturating_sub(unproved_before)
        };
        let all = now.all.share(budget.unproved_per_hour);
        let domain = now.domain.share(budget.unproved_at(domain_of(email)));
        let factor = match input.captcha_state {
            CaptchaState::Solved => SOLVED_FACTOR,
            CaptchaState::NotApplicable | CaptchaState::Unsolved => 1,
        };
        let limits = UnprovedMail {
            domain: domain.saturating_mul(factor).max(half(
                of_domain(now, SENT),
                of_domain(before, SENT),
                of_domain(before, UNPROVED),
            )),
            all: all.saturating_mul(factor).max(half(
                of_all(now, 0),
                of_all(before, 0),
                of_all(before, 1),
            )),
        };
        for (unproved, limit, budget) in [
            (of_domain(now, UNPROVED), limits.domain, Budget::Domain),
            (of_all(now, 1), limits.all, Budget::Mail),
        ] {
            if unproved >= limit {
                blockers.require_captcha(input.captcha_state, budget);
                blockers.refuse(&unproved_limit(UNPROVED, limit, budget));
            }
        }
        limits
    }

    fn code_terms(&self, budgets: BudgetTerms, identifier: &Identifier) -> CodeTerms {
        let policy = &self.deployment.policy;
        let code_length = match budgets.tier {
            Tier::Slot => CodeLength::SLOT,
            // A fixed code cannot be longer.
            _ if policy.is_test(identifier, self.now) => policy.long_code_length,
            Tier::Short => policy.code_length,
            Tier::Long => policy.long_code_length,
            Tier::Longest => CodeLength::LONGEST,
        };
        CodeTerms {
            code_length,
            budgets: Some(budgets),
        }
    }

    /// Returns the bills of one message, in the stages in which they are charged: those of its
    /// source, of its mailbox or slot, and of others.
    fn bills(
        &self,
        budgets: &BudgetTerms,
        flow: &Flow,
        identifier: &Identifier,
    ) -> Result<[Vec<Bill>; 3], RateLimitError> {
        let price = self.deployment.policy.price(identifier)?;
        let keys = &self.deployment.keys;
        let requester = budgets.requester;
        let mut own = if budgets.tier == Tier::Slot {
            vec![self.slot_bill(flow, identifier)]
        } else {
            let mailbox = Counter::mailbox(keys, requester, identifier, self.now);
            vec![self.mailbox_bill(mailbox, requester, budgets.extended)]
        };
        if let Requester::KnownDevice(id) = requester {
            own.push(self.token_bill(Counter::device_token(&id, self.now)));
        }
        let mut shared = self.shared_bills(requester, identifier, price);
        shared.extend(self.unproved_bills(budgets, identifier, flow.issued_at));
        let source = budgets
            .source
            .map(|source| self.source_bill(Counter::source(source, self.now)));
        Ok([source.into_iter().collect(), own, merged(shared)])
    }

    /// Returns the budget of messages in the slot of a flow: one to the reader of the identifier, and
    /// a few to all tagged addresses of its mailbox. The window of the reader is the last.
    ///
    /// The limit of tagged addresses counts decoys too. Otherwise the last tag that is refused would
    /// show that no earlier one is of a disabled user.
    fn slot_bill(&self, flow: &Flow, identifier: &Identifier) -> Bill {
        let counter = self.slot_counter(&flow.key, identifier, flow.issued_at);
        let windows = SlotWindows::of(&self.deployment.keys, identifier);
        let message = match flow.purpose {
            Purpose::Decoy => windows.decoy,
            Purpose::SignIn | Purpose::Claim | Purpose::VerifyContact(_) | Purpose::Undo(_) => {
                windows.message
            }
        };
        let tagged = is_tagged(identifier).then_some((TAGGED.to_owned(), TAGGED_PER_SLOT));
        let limits = tagged
            .into_iter()
            .chain([(message, 1)])
            .map(|(name, limit)| self.period_limit(name, limit, Budget::Mailbox, &counter))
            .collect();
        Bill { counter, limits }
    }

    pub(super) fn slot_counter(
        &self,
        key: &KeyId,
        identifier: &Identifier,
        at: Timestamp,
    ) -> Counter {
        let Deployment { policy, keys } = self.deployment;
        Counter::slot(keys, key, identifier, policy.slot_at(at))
    }

    fn source_bill(&self, counter: Counter) -> Bill {
        let budget = self.deployment.policy.budgets.source;
        let limits = vec![
            self.limit('m', MINUTE, budget.per_minute, Budget::Source),
            self.limit('h', HOUR, budget.per_hour, Budget::Source),
        ];
        Bill { counter, limits }
    }

    /// Returns the budget of a source's verified CAPTCHA responses, which limits the calls to the
    /// verifier.
    fn captcha_bill(&self, counter: Counter) -> Bill {
        let limit = self.deployment.policy.budgets.source.solved_per_hour;
        let limits = vec![self.period_limit(CAPTCHA_RESPONSES, limit, Budget::Source, &counter)];
        Bill { counter, limits }
    }

    async fn charge_captcha_response(&self, counter: Counter) -> Result<(), RateLimitError> {
        self.charge_bill(&self.captcha_bill(counter)).await?;
        Ok(())
    }

    pub(super) fn mailbox_bill(
        &self,
        counter: Counter,
        requester: Requester,
        extended: bool,
    ) -> Bill {
        let (budget, budget_name) = self.messages(requester, extended);
        let [m, h, d] = match requester {
            Requester::Unknown if extended => ["xm", "xh", "xd"],
            _ => ["m", "h", "d"],
        };
        let MessageBudget {
            per_minute,
            per_hour,
            per_day,
        } = budget;
        let limits = vec![
            self.limit(m, MINUTE, per_minute, budget_name),
            self.limit(h, HOUR, per_hour, budget_name),
            self.limit(d, DAY, per_day, budget_name),
        ];
        Bill { counter, limits }
    }

    /// Returns the budget of messages to one mailbox or number.
    const fn messages(&self, requester: Requester, extended: bool) -> (MessageBudget, Budget) {
        let budgets = &self.deployment.policy.budgets;
        match (requester, extended) {
            (Requester::Unknown, false) => (budgets.mailbox, Budget::Mailbox),
            (Requester::Unknown, true) => (budgets.extended, Budget::Mailbox),
            (Requester::KnownDevice(_), _) => (budgets.device.messages, Budget::Device),
        }
    }

    /// Returns the number of attempts at the codes of this many messages.
    fn attempts_at(&self, messages: u32) -> u32 {
        messages.saturating_mul(u32::from(self.deployment.policy.attempts))
    }

    /// Returns the budget of guesses in a day at codes of eight and more digits of one mailbox: as
    /// many as its messages have attempts. They have a window of their own in the mailbox's
    /// counter, so they are limited independently of the messages sent.
    pub(super) fn mailbox_guesses(
        &self,
        counter: Counter,
        requester: Requester,
        extended: bool,
    ) -> Bill {
        let (messages, budget) = self.messages(requester, extended);
        let name = match requester {
            Requester::Unknown if extended => EXTENDED_GUESSES,
            _ => GUESSES,
        };
        let limit = self.attempts_at(messages.in_a_day());
        let limits = vec![self.period_limit(name, limit, budget, &counter)];
        Bill { counter, limits }
    }

    /// Returns the budget of guesses in a day at codes of eight and more digits that were requested
    /// with one device token.
    fn token_guesses(&self, counter: Counter) -> Bill {
        let limit = self.deployment.policy.budgets.device.per_token_and_day;
        let limits =
            vec![self.period_limit(GUESSES, self.attempts_at(limit), Budget::Device, &counter)];
        Bill { counter, limits }
    }

    /// Returns the budget of guesses in a day at all codes of a tier. Known devices are not
    /// counted.
    fn shared_guesses(&self, guess_budgets: GuessBudgets, counter: Counter) -> Option<Bill> {
        if guess_budgets.requester != Requester::Unknown {
            return None;
        }
        let budget = self.deployment.policy.budgets.deployment;
        let (window, limit) = match guess_budgets.tier {
            Tier::Short => (SHORT, budget.short_guesses_per_day),
            Tier::Long => (LONG, budget.long_guesses_per_day),
            Tier::Longest => (LONGEST, self.attempts_at(budget.messages_per_day)),
            Tier::Slot => return None,
        };
        let limits = vec![self.period_limit(window, limit, Budget::Deployment, &counter)];
        Some(Bill { counter, limits })
    }

    fn token_bill(&self, counter: Counter) -> Bill {
        let limit = self.deployment.policy.budgets.device.per_token_and_day;
        let limits = vec![self.period_limit(COUNT, limit, Budget::Device, &counter)];
        Bill { counter, limits }
    }

    /// Returns the budgets of all messages of the day, and of the cost of SMS in the day and month.
    fn shared_bills(
        &self,
        requester: Requester,
        identifier: &Identifier,
        price: Option<u32>,
    ) -> Vec<Bill> {
        let budgets = &self.deployment.policy.budgets;
        let deployment = self.deployment_counter(requester, identifier, self.now);
        let mut day = Vec::new();
        if requester == Requester::Unknown {
            let limit = budgets.deployment.messages_per_day;
            day.push(self.period_limit(ALL, limit, Budget::Deployment, &deployment));
        }
        let cost = |Price(limit): Price, amount, budget, counter: &Counter| Limit {
            window: Window {
                name: SPEND.to_owned(),
                amount,
                limit: counter.share(limit),
            },
            budget,
            retry_after: self.now.secs_until(counter.ends),
        };
        let mut bills = Vec::new();
        if let Some(amount) = price {
            let spend = self.spend_counter(requester, identifier);
            day.push(cost(
                budgets.sms.spend_per_day,
                amount,
                Budget::Spend,
                &deployment,
            ));
            let month = cost(
                budgets.sms.spend_per_month,
                amount,
                Budget::MonthlySpend,
                &spend,
            );
            bills.push(Bill {
                counter: spend,
                limits: vec![month],
            });
        }
        if !day.is_empty() {
            bills.push(Bill {
                counter: deployment,
                limits: day,
            });
        }
        bills
    }

    /// Returns the breakers of the hour in which the code was issued, where a success refunds them.
    fn unproved_bills(
        &self,
        budgets: &BudgetTerms,
        identifier: &Identifier,
        issued_at: Timestamp,
    ) -> Vec<Bill> {
        match (identifier, budgets.destination, budgets.requester) {
            (Identifier::PhoneNumber(_), Some(destination), requester) => {
                let sms = self.sms_counters(requester, identifier, destination, issued_at);
                self.sms_bills(&sms, identifier)
            }
            (Identifier::Email(email), _, Requester::Unknown) => {
                let UnprovedMail { domain, all } = budgets.unproved_mail;
                let limits = |sent: &str, unproved: &str, limit, budget| {
                    vec![
                        unproved_limit(sent, u32::MAX, budget),
                        unproved_limit(unproved, limit, budget),
                    ]
                };
                let [sent, unproved] = mail_windows(issued_at);
                vec![
                    Bill {
                        counter: self.domain_counter(email, identifier, issued_at),
                        limits: limits(SENT, UNPROVED, domain, Budget::Domain),
                    },
                    Bill {
                        counter: self.deployment_counter(Requester::Unknown, identifier, issued_at),
                        limits: limits(&sent, &unproved, all, Budget::Mail),
                    },
                ]
            }
            _ => Vec::new(),
        }
    }

    /// Returns the breakers of a number's prefix and of its country.
    fn sms_bills(&self, counters: &SmsCounters, identifier: &Identifier) -> Vec<Bill> {
        let Identifier::PhoneNumber(number) = identifier else {
            return Vec::new();
        };
        let sms = &self.deployment.policy.budgets.sms;
        let [prefix, country] = sms_windows(number, counters.destination);
        let of_prefix = counters.prefix.unwrap_or(counters.country);
        let limit = sms.unproved_per_prefix;
        let prefix = self.period_limit(prefix, limit, Budget::Prefix, &of_prefix);
        let limit = sms.unproved_per_country;
        let country = self.period_limit(country, limit, Budget::Country, &counters.country);
        merged(vec![
            Bill {
                counter: of_prefix,
                limits: vec![prefix],
            },
            Bill {
                counter: counters.country,
                limits: vec![country],
            },
        ])
    }

    /// Returns the budgets of a guess at the flow's code, in the periods in which it was issued.
    fn guess_bills(&self, flow: &Flow, contact: &Identifier) -> Vec<Bill> {
        let Deployment { policy, keys } = self.deployment;
        let limits = &policy.budgets;
        let Some(budgets) = flow.terms.budgets else {
            return Vec::new();
        };
        let guess_budgets = GuessBudgets::of(policy, flow.terms.code_length, budgets);
        let GuessBudgets {
            requester,
            tier,
            extended,
        } = guess_budgets;
        let at = flow.issued_at;
        if tier == Tier::Slot {
            let counter = self.slot_counter(&flow.key, contact, at);
            let SlotWindows { guesses, .. } = SlotWindows::of(keys, contact);
            let limit = policy.guesses_per_slot();
            let limits = vec![self.period_limit(guesses, limit, Budget::Mailbox, &counter)];
            return vec![Bill { counter, limits }];
        }
        let mut bills = Vec::with_capacity(2);
        if tier == Tier::Short {
            let (limit, budget) = match requester {
                Requester::Unknown => (limits.short_guesses_per_month, Budget::Mailbox),
                Requester::KnownDevice(_) => {
                    (limits.device.short_guesses_per_month, Budget::Device)
                }
            };
            let counter = Counter::guesses(keys, requester, contact, at);
            let limits = vec![self.period_limit(SHORT, limit, budget, &counter)];
            bills.push(Bill { counter, limits });
        } else {
            let counter = Counter::mailbox(keys, requester, contact, at);
            bills.push(self.mailbox_guesses(counter, requester, extended));
            if let Requester::KnownDevice(id) = requester {
                bills.push(self.token_guesses(Counter::device_token(&id, at)));
            }
        }
        let deployment = self.deployment_counter(requester, contact, at);
        bills.extend(self.shared_guesses(guess_budgets, deployment));
        bills
    }

    /// Returns the limit of a window of this length, named by its number.
    fn limit(
        &self,
        kind: impl std::fmt::Display,
        length: u64,
        limit: u32,
        budget: Budget,
    ) -> Limit {
        let (number, ends) = window_at(self.now, length);
        Limit {
            window: single_charge(format!("{kind}{number}"), limit),
            budget,
            retry_after: self.now.secs_until(ends),
        }
    }

    /// Returns the limit of a window that lasts as long as its counter: the counter's share of
    /// `limit`.
    pub(super) fn period_limit(
        &self,
        name: impl Into<String>,
        limit: u32,
        budget: Budget,
        counter: &Counter,
    ) -> Limit {
        Limit {
            window: single_charge(name, counter.share(limit)),
            budget,
            retry_after: match self.now.secs_until(counter.ends) {
                // A breaker of the hour in which the code was issued.
                0 => BREAKER_RETRY_SECONDS,
                seconds => seconds,
            },
        }
    }

    /// Reads counters in one call.
    pub(super) async fn read(&self, counters: BTreeSet<Pseudonym>) -> Result<Reading, PortError> {
        let counters: Vec<_> = counters.into_iter().collect();
        let counts = self.store.counts(&counters).await?;
        Ok(Reading(counters.into_iter().zip(counts).collect()))
    }

    async fn charge_bill(&self, bill: &Bill) -> Result<Receipt, RateLimitError> {
        let charged = self.try_charge(bill).await?;
        charged.map_err(|window| bill.refusal(window))
    }

    /// Charges a bill, or returns the place of the limit that refuses.
    async fn try_charge(&self, bill: &Bill) -> Result<Result<Receipt, usize>, PortError> {
        let windows: Vec<_> = bill.limits.iter().map(|it| it.window.clone()).collect();
        let Counter {
            pseudonym, ends, ..
        } = bill.counter;
        let keep_until = ends.plus(KEEP);
        Ok(
            match self.store.charge(pseudonym, &windows, keep_until).await? {
                Charged::Yes => Ok(Receipt {
                    counter: pseudonym,
                    taken: windows.into_iter().map(Taken::of).collect(),
                }),
                Charged::Refused { window } => Err(window),
            },
        )
    }

    /// Refunds the charges of a message, a guess, a contact or a new account that did not take place. If a
    /// refund is lost, a budget stays a little smaller.
    async fn refund_receipts(&self, receipts: Vec<Receipt>) {
        let refunds = receipts
            .iter()
            .map(|receipt| self.store.refund(receipt.counter, &receipt.taken));
        let _ = join_all(refunds).await;
    }

    /// Returns the refund of the guesses and unproved messages of a flow whose code was proved. Only
    /// the call that moved the flow to finished may call this, once. If the refund is lost, a
    /// budget stays a little smaller; no refund is repeated.
    pub(crate) fn refund(&self, flow: &Flow, contact: &Identifier) -> Option<Refund> {
        let budgets = flow.terms.budgets?;
        let (requester, at) = (budgets.requester, flow.issued_at);
        // The right answer, unless it was a link, and the wrong ones that were counted on the same
        // terms; the row matches an answer only on the terms that it was charged on. Never more than
        // the held guesses.
        let guesses = u32::try_from(flow.wrong_answers.len())
            .unwrap_or(u32::MAX)
            .saturating_add(u32::from(!flow.was_answered_by_link()))
            .min(u32::from(flow.held_guesses));
        // A resend this recent may still be refused and its charge refunded. It must not be
        // refunded a second time.
        let may_be_refused =
            flow.sends > 1 && self.now.since(flow.last_sent_at) < CHARGE_OUTCOME_KNOWN_AFTER;
        let messages = flow.sends.saturating_sub(flow.unsent);
        let messages = u32::from(messages.saturating_sub(u8::from(may_be_refused)));
        let mut taken: BTreeMap<Pseudonym, Vec<Taken>> = BTreeMap::new();
        let mut give = |counter: Counter, name: &str, amount: u32| {
            if amount > 0 {
                let name = name.to_owned();
                let refunds = taken.entry(counter.pseudonym).or_default();
                refunds.push(Taken { name, amount });
            }
        };
        for Bill { counter, limits } in self.guess_bills(flow, contact) {
            for limit in limits {
                give(counter, &limit.window.name, guesses);
            }
        }
        match (contact, budgets.destination, requester) {
            (Identifier::PhoneNumber(_), Some(destination), _) => {
                let sms = self.sms_counters(requester, contact, destination, at);
                for Bill { counter, limits } in self.sms_bills(&sms, contact) {
                    for limit in limits {
                        give(counter, &limit.window.name, messages);
                    }
                }
            }
            (Identifier::Email(email), _, Requester::Unknown) => {
                let domain = self.domain_counter(email, contact, at);
                give(domain, UNPROVED, messages);
                let [_, unproved] = mail_windows(at);
                let deployment = self.deployment_counter(requester, contact, at);
                give(deployment, &unproved, messages);
            }
            _ => {}
        }
        (!taken.is_empty()).then_some(Refund(taken))
    }
}

/// The refund of a flow that succeeded, to be made once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund(BTreeMap<Pseudonym, Vec<Taken>>);

impl Refund {
    /// Returns the refund of amounts that were charged to one counter.
    pub fn of(counter: Pseudonym, taken: Vec<Taken>) -> Self {
        Self([(counter, taken)].into())
    }

    /// Makes the refund: one write for each counter, all at the same time.
    pub async fn make(self, store: &impl CounterStore) {
        let refunds = self
            .0
            .iter()
            .map(|(counter, taken)| store.refund(*counter, taken));
        let _ = join_all(refunds).await;
    }
}

/// Returns whether guesses at the two draw on the same budgets.
pub(crate) fn has_same_guess_budgets(policy: &Policy, one: CodeTerms, other: CodeTerms) -> bool {
    let budgets = |terms: CodeTerms| {
        let budgets = terms.budgets?;
        Some(GuessBudgets::of(policy, terms.code_length, budgets))
    };
    one.code_length == other.code_length && budgets(one) == budgets(other)
}

fn unproved_limit(window: &str, limit: u32, budget: Budget) -> Limit {
    Limit {
        window: single_charge(window, limit),
        budget,
        retry_after: BREAKER_RETRY_SECONDS,
    }
}

/// Merges the bills of one counter, so that it is charged by one write.
fn merged(bills: Vec<Bill>) -> Vec<Bill> {
    let mut merged: Vec<Bill> = Vec::with_capacity(bills.len());
    for bill in bills {
        match merged
            .iter_mut()
            .find(|other| other.counter.pseudonym == bill.counter.pseudonym)
        {
            Some(other) => other.limits.extend(bill.limits),
            None => merged.push(bill),
        }
    }
    merged
}

fn generation_window(amount: u32) -> Window {
    Window {
        name: COUNT.to_owned(),
        amount,
        limit: u32::MAX,
    }
}

fn single_charge(name: impl Into<String>, limit: u32) -> Window {
    Window {
        name: name.into(),
        amount: 1,
        limit,
    }
}
