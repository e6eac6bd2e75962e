//! The limits of one identifier or account alone, which an operator may read and lift.

use std::collections::BTreeSet;

use super::counters::{COUNT, Counter, SHORT, SlotWindows, TAGGED, domain_of};
use super::limiter::{Bill, MIN_ACCOUNTS_PER_MAILBOX, RateLimiter, TAGGED_PER_SLOT};
use crate::policy::Deployment;
use crate::policy::budgets::Budget;
use crate::ports::{CounterStore, PortError};
use crate::seal::code_terms::Requester;
use crate::seal::pseudonym::{Pseudonym, is_tagged};
use crate::value::account::Sub;
use crate::value::identifier::Identifier;
use crate::value::time::Timestamp;

/// A limit of one identifier or account, with its present count.
///
/// Addresses of one mailbox share the limits of its messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnLimit {
    /// The counted events.
    pub counted: &'static str,
    /// True if guesses at codes are counted: an operator who lifts it permits further guesses, which
    /// the odds do not count.
    pub counts_guesses: bool,
    /// The counter.
    pub counter: Pseudonym,
    /// The window of the counter.
    pub window: String,
    /// The present count.
    pub count: u32,
    /// The length of the window in words.
    pub period: &'static str,
    /// The maximum of the count.
    pub limit: u32,
    /// The seconds until the window ends.
    pub ends_in: u64,
}

impl OwnLimit {
    /// Returns whether the limit has no room for another event.
    pub const fn is_spent(&self) -> bool {
        self.count >= self.limit
    }
}

/// Returns the limits of an identifier and of its account, if one is named, at this time. A limit that
/// several users share is not among them. Those of one device token cannot be found by its identifier.
///
/// # Errors
/// If the store fails.
pub async fn own_limits(
    deployment: &Deployment,
    store: &impl CounterStore,
    identifier: Option<&Identifier>,
    account: Option<&Sub>,
    now: Timestamp,
) -> Result<Vec<OwnLimit>, PortError> {
    let limiter = RateLimiter {
        deployment,
        store,
        now,
    };
    let mut bills = Vec::new();
    if let Some(identifier) = identifier {
        bills.extend(of_mailbox(&limiter, identifier));
        bills.extend(of_slot(&limiter, identifier));
        bills.extend(new_accounts(&limiter, identifier));
        let keys = &deployment.keys;
        let contacts = Pseudonym::of_mailbox(keys, "contacts", identifier);
        bills.push(contacts_of(
            &limiter,
            contacts,
            "requests for a new contact by its holder",
        ));
    }
    if let Some(account) = account {
        let account = Pseudonym::of_account(&deployment.keys, account);
        bills.push(contacts_of(
            &limiter,
            account,
            "requests for a new contact by the account",
        ));
    }
    let counters: BTreeSet<_> = bills
        .iter()
        .map(|(_, _, _, it)| it.counter.pseudonym)
        .collect();
    if counters.is_empty() {
        return Ok(Vec::new());
    }
    let reading = limiter.read(counters).await?;
    let limits = bills
        .iter()
        .flat_map(|(counted, period, counts_guesses, bill)| {
            // A budget of messages has three windows, and any other one of its counter's period.
            let periods = match bill.limits.len() {
                3 => ["minute", "hour", "day"],
                _ => [*period; 3],
            };
            bill.limits
                .iter()
                .zip(periods)
                .map(|(limit, period)| OwnLimit {
                    counted,
                    period,
                    counts_guesses: *counts_guesses,
                    counter: bill.counter.pseudonym,
                    count: reading.count(&bill.counter, &limit.window.name),
                    window: limit.window.name.clone(),
                    limit: limit.window.limit,
                    ends_in: limit.retry_after,
                })
        });
    Ok(limits.collect())
}

/// A bill with the words for its events and for its period, and whether the events are guesses.
type Named = (&'static str, &'static str, bool, Bill);

fn of_mailbox<S: CounterStore>(
    limiter: &RateLimiter<'_, S>,
    identifier: &Identifier,
) -> Vec<Named> {
    let Deployment { policy, keys } = limiter.deployment;
    let (budgets, now) = (&policy.budgets, limiter.now);
    let unknown = Requester::Unknown;
    // The counters of known devices do not depend on the device, except those of its token.
    let device = Requester::KnownDevice([0; 16]);
    let [of_unknown, of_device] =
        [unknown, device].map(|requester| Counter::mailbox(keys, requester, identifier, now));
    let short = |requester, limit, budget| {
        let counter = Counter::guesses(keys, requester, identifier, now);
        let limits = vec![limiter.period_limit(SHORT, limit, budget, &counter)];
        Bill { counter, limits }
    };
    vec![
        (
            "messages",
            "day",
            false,
            limiter.mailbox_bill(of_unknown, unknown, false),
        ),
        (
            "messages of the extended budget",
            "day",
            false,
            limiter.mailbox_bill(of_unknown, unknown, true),
        ),
        (
            "guesses at short codes",
            "30 days",
            true,
            short(unknown, budgets.short_guesses_per_month, Budget::Mailbox),
        ),
        (
            "guesses at longer codes",
            "day",
            true,
            limiter.mailbox_guesses(of_unknown, unknown, false),
        ),
        (
            "guesses at longer codes of the extended budget",
            "day",
            true,
            limiter.mailbox_guesses(of_unknown, unknown, true),
        ),
        (
            "messages for known devices",
            "day",
            false,
            limiter.mailbox_bill(of_device, device, false),
        ),
        (
            "guesses at short codes of known devices",
            "30 days",
            true,
            short(
                device,
                budgets.device.short_guesses_per_month,
                Budget::Device,
            ),
        ),
        (
            "guesses at longer codes of known devices",
            "day",
            true,
            limiter.mailbox_guesses(of_device, device, false),
        ),
    ]
}

fn of_slot<S: CounterStore>(limiter: &RateLimiter<'_, S>, identifier: &Identifier) -> Vec<Named> {
    let Deployment { policy, keys } = limiter.deployment;
    if policy.slot.is_zero() {
        return Vec::new();
    }
    let counter = limiter.slot_counter(keys.current().id(), identifier, limiter.now);
    let SlotWindows {
        message,
        decoy,
        guesses,
    } = SlotWindows::of(keys, identifier);
    let bill = |name: String, limit| {
        let limits = vec![limiter.period_limit(name, limit, Budget::Mailbox, &counter)];
        Bill { counter, limits }
    };
    let mut bills = vec![
        ("messages of this slot", "slot", false, bill(message, 1)),
        (
            "messages of this slot for a refused user",
            "slot",
            false,
            bill(decoy, 1),
        ),
        (
            "guesses at the code of this slot",
            "slot",
            true,
            bill(guesses, policy.guesses_per_slot()),
        ),
    ];
    if is_tagged(identifier) {
        let tagged = bill(TAGGED.to_owned(), TAGGED_PER_SLOT);
        bills.push((
            "messages of this slot to tagged addresses",
            "slot",
            false,
            tagged,
        ));
    }
    bills
}

/// Returns the limit of new accounts of a mailbox at a shared domain. At other domains, all mailboxes
/// share the counter.
fn new_accounts<S: CounterStore>(
    limiter: &RateLimiter<'_, S>,
    identifier: &Identifier,
) -> Option<Named> {
    let Deployment { policy, keys } = limiter.deployment;
    let Identifier::Email(email) = identifier else {
        return None;
    };
    if !policy.budgets.mail.is_shared(domain_of(email)) {
        return None;
    }
    let counter = Counter::mailbox_accounts(keys, identifier, limiter.now);
    let limit = MIN_ACCOUNTS_PER_MAILBOX;
    let limits = vec![limiter.period_limit(COUNT, limit, Budget::NewAccounts, &counter)];
    Some(("new accounts", "day", false, Bill { counter, limits }))
}

fn contacts_of<S: CounterStore>(
    limiter: &RateLimiter<'_, S>,
    of: Pseudonym,
    what: &'static str,
) -> Named {
    let counter = Counter::account(of, limiter.now);
    let limit = limiter.deployment.policy.budgets.contacts_per_day;
    let limits = vec![limiter.period_limit(COUNT, limit, Budget::Contacts, &counter)];
    (what, "day", false, Bill { counter, limits })
}
