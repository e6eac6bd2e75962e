//! `latchstring unlock`

use std::process::ExitCode;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use latchstring_aws::counter_key;
use latchstring_aws::dynamodb::lease_key;
use latchstring_cli::access;
use latchstring_cli::deployed::Deployed;
use latchstring_cli::person::{Pool, Who};
use latchstring_cli::signed_call::SignedCalls;
use latchstring_cli::table::{Seen, Table, number};
use latchstring_core::account::Sub;
use latchstring_core::identifier::Identifier;
use latchstring_core::ports::{Clock as _, CounterStore};
use latchstring_core::pseudonym::Pseudonym;
use latchstring_core::rate_limit::{OwnLimit, own_limits};
use latchstring_core::time::Timestamp;
use latchstring_lambda::SystemClock;
use serde_json::{Value, json};

use super::deployment::{DeploymentArguments, READING, parse};
use super::output::{self, Failure, say};

/// The attempts at a counter that requests change meanwhile.
const ATTEMPTS: u32 = 5;

/// Lift the limits of one contact and its account, so that its owner can request a code.
///
/// A limit that several users share stays: see reset-limits. Shows the limits. Changes nothing without
/// --apply.
#[derive(Args)]
#[command(after_help = after_help())]
pub(crate) struct Arguments {
    /// The email address, or the phone number that starts with +
    #[arg(value_name = "ADDRESS", value_parser = NonEmptyStringValueParser::new())]
    contact: String,
    #[command(flatten)]
    deployment: DeploymentArguments,
    /// Also lift the limits of guesses, which only make codes longer. An attacker gets further guesses, which
    /// the odds do not count
    #[arg(long)]
    guesses: bool,
    /// Lift the limits
    #[arg(long)]
    apply: bool,
}

fn after_help() -> String {
    access::help("latchstring unlock ada@example.com --stack Latchstring")
        + &format!(
            "\n
It needs {READING};
for the table dynamodb:BatchGetItem, dynamodb:GetItem and with --apply dynamodb:UpdateItem; for the pool
cognito-idp:ListUsers. docs/budgets.md explains the limits.

The exit status is 0 on success, 1 if not all could be lifted, 2 if the command could not start."
        )
}

/// Shows the limits, and lifts them with `--apply`.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    output::run(unlock(arguments))
}

async fn unlock(arguments: &Arguments) -> Result<bool, Failure> {
    let (access, deployed) = arguments.deployment.read().await?;
    let contact = &parse(&arguments.contact, &deployed)?;
    let who = Who::Contact(contact.clone());
    let pool = Pool {
        calls: SignedCalls::new(&access),
        id: &deployed.pool,
    };
    let (account, _) = pool
        .find(&who, &deployed.deployment.policy.phones)
        .await
        .map_err(Failure::NotStarted)?;
    let sub = account.as_ref().map(|it| Sub::new(&*it.sub));
    let state = BudgetState {
        deployed: &deployed,
        store: &deployed.store(&access),
        table: &Table::new(SignedCalls::new(&access), &deployed.table),
        contact,
        sub: sub.as_ref(),
    };
    let limits = state.limits().await.map_err(Failure::NotStarted)?;
    state.show(&limits).await.map_err(Failure::NotStarted)?;
    let is_lifted =
        |limit: &OwnLimit| limit.count > 0 && (arguments.guesses || !limit.counts_guesses);
    let lifted = limits.iter().filter(|limit| is_lifted(limit)).count();
    if !arguments.apply {
        say!(
            "{}",
            if lifted == 0 {
                "There is nothing to lift."
            } else {
                "Nothing was changed. Run the command with --apply to lift these limits."
            }
        );
        return Ok(true);
    }
    let mut is_done = true;
    let mut removed = Vec::new();
    let mut counters: Vec<Pseudonym> = limits.iter().map(|limit| limit.counter).collect();
    counters.sort_unstable();
    counters.dedup();
    for counter in counters {
        match state.lift(counter, &is_lifted).await {
            Ok(Some(seen)) => removed.extend(seen),
            Ok(None) => is_done = false,
            Err(problem) => return Err(Failure::NotDone(problem)),
        }
    }
    for limit in &removed {
        say!(
            "Lifted: {} per {}, {} of {}",
            limit.counted,
            limit.period,
            limit.count,
            limit.limit
        );
    }
    output::set("lifted", removed.iter().map(in_json).collect::<Vec<_>>());
    if removed.is_empty() && is_done {
        say!("There is nothing to lift.");
    }
    if !is_done {
        say!("A counter changed at each attempt, and stays: run the command again.");
    }
    Ok(is_done)
}

/// The limits of one contact and its account.
pub(super) struct BudgetState<'a, S> {
    pub(super) deployed: &'a Deployed,
    pub(super) store: &'a S,
    pub(super) table: &'a Table<'a>,
    pub(super) contact: &'a Identifier,
    pub(super) sub: Option<&'a Sub>,
}

impl<S: CounterStore> BudgetState<'_, S> {
    /// Reads the limits.
    pub(super) async fn limits(&self) -> Result<Vec<OwnLimit>, String> {
        let Self {
            deployed,
            store,
            contact,
            sub,
            ..
        } = *self;
        let now = SystemClock.now();
        let limits = own_limits(&deployed.deployment, store, Some(contact), sub, now).await;
        limits.map_err(|error| error.to_string())
    }

    /// Prints the limits that count something, and the leases that are held.
    pub(super) async fn show(&self, limits: &[OwnLimit]) -> Result<(), String> {
        let used: Vec<_> = limits.iter().filter(|limit| limit.count > 0).collect();
        if used.is_empty() {
            say!("No limit of the contact or its account counts anything.");
        }
        for limit in used {
            let OwnLimit {
                counted,
                period,
                count,
                limit: most,
                ends_in,
                ..
            } = limit;
            let spent = if limit.is_spent() { ", spent" } else { "" };
            say!(
                "{counted} per {period}: {count} of {most}{spent}, until {}",
                in_words(*ends_in)
            );
        }
        output::set("limits", limits.iter().map(in_json).collect::<Vec<_>>());
        let leases = self.leases().await?;
        for until in &leases {
            say!(
                "A first sign-in or a change of a contact is under way, and others wait for it until {until}: it \
                 ends by itself."
            );
        }
        output::set("leasedUntil", leases);
        let wait = self.deployed.deployment.policy.resend_after.as_secs();
        say!(
            "The wait before a resend, {wait} s, is a flow's own: a new sign-in does not wait for it."
        );
        Ok(())
    }

    /// Returns the ends of the leases that are held.
    async fn leases(&self) -> Result<Vec<String>, String> {
        let keys = &self.deployed.deployment.keys;
        let now = SystemClock.now().as_millis();
        let contact = Pseudonym::of_identifier(keys, self.contact);
        let account = self.sub.map(|sub| Pseudonym::of_account(keys, sub));
        let mut ends = Vec::new();
        for on in [Some(contact), account].into_iter().flatten() {
            let item = self.table.get(&lease_key(on)).await;
            let item = item.map_err(|error| error.to_string())?;
            let until = item.and_then(|item| number(&item, "until"));
            if let Some(until) = until.filter(|until| *until > now) {
                ends.push(at(until));
            }
        }
        Ok(ends)
    }

    /// Removes the windows of a counter that are to be lifted, and returns them as they were; `None` if
    /// requests changed the counter at each attempt.
    async fn lift(
        &self,
        counter: Pseudonym,
        is_lifted: &impl Fn(&OwnLimit) -> bool,
    ) -> Result<Option<Vec<OwnLimit>>, String> {
        for _ in 0..ATTEMPTS {
            let limits = self.limits().await?.into_iter();
            let limits: Vec<OwnLimit> = limits
                .filter(|limit| limit.counter == counter && is_lifted(limit))
                .collect();
            if limits.is_empty() {
                return Ok(Some(limits));
            }
            let seen = limits.iter().map(|limit| Seen {
                window: limit.window.clone(),
                count: limit.count,
            });
            let seen: Vec<Seen> = seen.collect();
            let key = counter_key(counter);
            let removed = self.table.remove_windows(&key, &seen);
            if removed.await.map_err(|error| error.to_string())? {
                return Ok(Some(limits));
            }
        }
        Ok(None)
    }
}

fn in_json(limit: &OwnLimit) -> Value {
    json!({
        "counted": limit.counted,
        "period": limit.period,
        "count": limit.count,
        "limit": limit.limit,
        "spent": limit.is_spent(),
        "endsInSeconds": limit.ends_in,
    })
}

/// Returns a time, in milliseconds since 1970, as text.
pub(super) fn at(millis: u64) -> String {
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_millis(millis);
    humantime::format_rfc3339_millis(time).to_string()
}

/// Returns the time after these seconds as text.
fn in_words(seconds: u64) -> String {
    let now: Timestamp = SystemClock.now();
    at((now.as_secs() + seconds) * 1000)
}
