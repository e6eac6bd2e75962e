//! `latchstring reset-limits`

use std::process::ExitCode;
use std::time::SystemTime;

use clap::Args;
use latchstring_aws::counter_key;
use latchstring_core::identifier::{Country, Identifier, Method};
use latchstring_core::rate_limit::{Resettable, resettable};
use latchstring_core::time::Timestamp;

/// Print the commands that reset a limit which many users share.
///
/// Without an option: the messages, guesses, mail and SMS spend of this day, and the SMS spend of this
/// month. The printed commands need the AWS CLI, and `TABLE_NAME` in the environment. docs/budgets.md
/// explains when to reset a limit.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The SMS breakers of a country and its prefixes in this hour: its ISO code, such as DE
    #[arg(long, value_name = "CODE", value_parser = country)]
    country: Option<Country>,
    /// The breaker of a mail domain in this hour, and its new accounts of this day
    #[arg(long, value_parser = domain, conflicts_with = "country")]
    domain: Option<String>,
}

fn country(code: &str) -> Result<Country, &'static str> {
    Country::parse(code).ok_or("expected an ISO 3166 code of two capital letters, such as DE")
}

/// Parses a domain like that of an address, so that the name of its counter is the same.
fn domain(text: &str) -> Result<String, &'static str> {
    Identifier::parse(Method::Email, &format!("a@{text}"))
        .ok()
        .and_then(|address| Some(address.as_str().rsplit_once('@')?.1.to_owned()))
        .ok_or("expected a mail domain, such as example.com")
}

/// Prints the commands.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let kind = match (arguments.country, &arguments.domain) {
        (Some(country), _) => Resettable::Country(country),
        (None, Some(domain)) => Resettable::Domain(domain),
        (None, None) => Resettable::Deployment,
    };
    let since_1970 = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    let now = Timestamp::from_secs(since_1970.as_secs());
    if kind == Resettable::Deployment {
        println!(
            "# Each reset also allows another day's guesses at codes: do not reset during an attack."
        );
    }
    for (name, counter) in resettable(kind, now) {
        println!("# {name}:");
        println!(
            "aws dynamodb delete-item --table-name \"$TABLE_NAME\" --key '{{\"pk\": {{\"S\": \"{}\"}}}}'",
            counter_key(counter)
        );
    }
    ExitCode::SUCCESS
}
