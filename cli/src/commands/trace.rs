//! `latchstring trace`

use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use latchstring_cli::access::{self, Access};
use latchstring_cli::deployed::Deployed;
use latchstring_cli::person::{Pool, Who};
use latchstring_cli::signed_call::SignedCalls;
use latchstring_cli::suppression;
use latchstring_cli::table::Table;
use latchstring_cli::trace::{self, FLOWS, Line, Story};
use latchstring_core::account::Sub;
use latchstring_core::identifier::Identifier;
use latchstring_core::pseudonym::Pseudonym;
use serde_json::{Value, json};

use super::deployment::{DeploymentArguments, READING, parse};
use super::output::{self, Failure, say};
use super::unlock::{BudgetState, at};

/// Show the sign-ins of one contact as one story: the log lines of all functions in the order of time,
/// the delivery of its messages, and its budgets.
///
/// Only reads. The logs hold no contact: the lines are found by its pseudonym.
#[derive(Args)]
#[command(after_help = after_help())]
pub(crate) struct Arguments {
    /// The email address, or the phone number that starts with +
    #[arg(value_name = "ADDRESS", value_parser = NonEmptyStringValueParser::new())]
    contact: String,
    #[command(flatten)]
    deployment: DeploymentArguments,
    /// The beginning: a time such as 2027-01-31T09:00:00Z, or the time before now, such as 2h
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = moment)]
    since: Moment,
    /// The end, by default now
    #[arg(
        long,
        value_name = "TIME",
        default_value = "0s",
        hide_default_value = true,
        value_parser = moment
    )]
    until: Moment,
}

/// A point in time, or a time before now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    At(SystemTime),
    Before(Duration),
}

fn moment(text: &str) -> Result<Moment, &'static str> {
    if let Ok(before) = humantime::parse_duration(text) {
        return Ok(Moment::Before(before));
    }
    let time = humantime::parse_rfc3339_weak(text);
    time.map(Moment::At)
        .map_err(|_| "expected a time such as 2027-01-31T09:00:00Z, or 2h for two hours ago")
}

impl Moment {
    /// Returns the time in milliseconds since 1970.
    fn millis(self, now: SystemTime) -> u64 {
        let time = match self {
            Self::At(time) => time,
            Self::Before(before) => now.checked_sub(before).unwrap_or(UNIX_EPOCH),
        };
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }
}

fn after_help() -> String {
    access::help("latchstring trace ada@example.com --stack Latchstring --since 2h")
        + &format!(
            "\n
It needs {READING};
for the log groups of the functions logs:FilterLogEvents; for the table dynamodb:BatchGetItem and
dynamodb:GetItem; for the pool cognito-idp:ListUsers; for mail ses:GetSuppressedDestination.
docs/metrics.md lists the lines of the logs.

The exit status is 0 if the lines were read, 1 if a part could not be, 2 if the command could not start."
        )
}

/// Prints the story.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    output::run(tell(arguments))
}

async fn tell(arguments: &Arguments) -> Result<bool, Failure> {
    let (access, deployed) = arguments.deployment.read().await?;
    let contact = &parse(&arguments.contact, &deployed)?;
    let who = Who::Contact(contact.clone());
    let now = SystemTime::now();
    let (from, until) = (arguments.since.millis(now), arguments.until.millis(now));
    if from >= until {
        return Err(Failure::NotStarted(
            "--since is not before --until: name an earlier beginning".to_owned(),
        ));
    }
    let pseudonym = Pseudonym::of_identifier(&deployed.deployment.keys, contact).to_string();
    say!("The pseudonym of the contact in the logs is {pseudonym}.");
    output::set("pseudonym", &*pseudonym);
    let parts = [
        account(&access, &deployed, &who).await,
        lines(&access, &deployed, &pseudonym, from, until).await,
        suppressed(&access, contact).await,
    ];
    let mut is_whole = true;
    for part in parts {
        if let Err(problem) = part {
            output::error(&problem);
            is_whole = false;
        }
    }
    if let Err(problem) = budgets(&access, &deployed, &who, contact).await {
        output::error(&problem);
        is_whole = false;
    }
    Ok(is_whole)
}

async fn account(access: &Access, deployed: &Deployed, who: &Who) -> Result<(), String> {
    let (account, others) = find(access, deployed, who).await?;
    match &account {
        None => say!(
            "No account holds the contact as a verified one: a sign-in creates one, if it is admitted."
        ),
        Some(account) => {
            let status = account.user["UserStatus"].as_str().unwrap_or("unknown");
            let disabled = if account.user["Enabled"] == false {
                "; it is disabled, so its sign-ins get no code"
            } else {
                ""
            };
            say!(
                "The account {} holds it, in the state {status}{disabled}.",
                account.sub
            );
        }
    }
    if !others.is_empty() {
        say!(
            "Other accounts hold it without a proof, which have no part in its sign-in: {}.",
            others.join(", ")
        );
    }
    output::set("account", account.map(|it| it.sub));
    Ok(())
}

async fn find(
    access: &Access,
    deployed: &Deployed,
    who: &Who,
) -> Result<(Option<latchstring_cli::person::AccountInPool>, Vec<String>), String> {
    let pool = Pool {
        calls: SignedCalls::new(access),
        id: &deployed.pool,
    };
    pool.find(who, &deployed.deployment.policy.phones).await
}

async fn lines(
    access: &Access,
    deployed: &Deployed,
    pseudonym: &str,
    from: u64,
    until: u64,
) -> Result<(), String> {
    let logs = deployed.logs(access).await?;
    let calls = SignedCalls::new(access);
    let story = trace::read(&calls, &logs, pseudonym, from, until).await;
    let story = story.map_err(|error| error.to_string())?;
    say!("");
    if story.lines.is_empty() {
        say!(
            "From {} to {} no line names the contact: no request for it arrived, or the functions' LOG_LEVEL \
             is above info.",
            at(from),
            at(until)
        );
    }
    for line in &story.lines {
        say!(
            "{}  {:<30}  {}",
            at(line.at / 1000),
            line.function,
            line.story()
        );
    }
    if story.is_cut {
        say!(
            "The lines of {FLOWS} of {} flows were read: name a shorter time for the others.",
            story.flows
        );
    }
    if !story.lines.is_empty() {
        say!("");
        say!("{}", delivery(&story));
    }
    let lines = story.lines.iter().map(in_json);
    output::set("lines", lines.collect::<Vec<Value>>());
    output::set("flows", story.flows);
    output::set("deliveries", count(&story, "delivered"));
    output::set("failedDeliveries", count(&story, "delivery failed"));
    Ok(())
}

fn in_json(line: &Line) -> Value {
    json!({
        "at": at(line.at / 1000),
        "function": line.function,
        "story": line.story(),
        "fields": line.fields,
    })
}

fn count(story: &Story, message: &str) -> usize {
    let lines = story.lines.iter();
    lines
        .filter(|line| line.fields["message"] == message)
        .count()
}

fn delivery(story: &Story) -> String {
    let (delivered, failed) = (count(story, "delivered"), count(story, "delivery failed"));
    match (delivered, failed) {
        (0, 0) => "No message was sent to the contact in this time.".to_owned(),
        (delivered, 0) => format!(
            "{delivered} messages were accepted by the service. Whether they arrived is not in these logs: \
             docs/delivery.md, \"Failures that AWS reports later\"."
        ),
        (delivered, failed) => format!(
            "{delivered} messages were accepted by the service, and {failed} were not delivered: \
             docs/delivery.md has the codes."
        ),
    }
}

async fn suppressed(access: &Access, contact: &Identifier) -> Result<(), String> {
    let Identifier::Email(_) = contact else {
        return Ok(());
    };
    let reason = suppression::reason(access, contact.as_str()).await?;
    if let Some(reason) = &reason {
        say!(
            "SES suppresses the address since a {}: it accepts mail to it and sends none. Once the mailbox works, \
             remove it with aws sesv2 delete-suppressed-destination.",
            reason.to_lowercase()
        );
    }
    output::set("suppressed", reason);
    Ok(())
}

async fn budgets(
    access: &Access,
    deployed: &Deployed,
    who: &Who,
    contact: &Identifier,
) -> Result<(), String> {
    let (account, _) = find(access, deployed, who).await?;
    let sub = account.map(|it| Sub::new(&*it.sub));
    let state = BudgetState {
        deployed,
        store: &deployed.store(access),
        table: &Table::new(SignedCalls::new(access), &deployed.table),
        contact,
        sub: sub.as_ref(),
    };
    say!("");
    let limits = state.limits().await?;
    state.show(&limits).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_moment_or_a_time_before_now() {
        let now = UNIX_EPOCH + Duration::from_secs(1_000_000);
        for (text, expected) in [
            ("2h", 992_800_000),
            ("0s", 1_000_000_000),
            ("100days", 0),
            ("1970-01-02T00:00:00Z", 86_400_000),
        ] {
            let moment = moment(text).expect("a time");
            assert_eq!(moment.millis(now), expected, "{text}");
        }
        assert!(moment("yesterday").is_err());
    }
}
