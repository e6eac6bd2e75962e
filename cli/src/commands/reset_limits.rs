//! `latchstring reset-limits`

use std::process::ExitCode;
use std::time::SystemTime;

use clap::Args;
use latchstring_aws::counter_key;
use latchstring_core::identifier::{Country, Identifier, Method};
use latchstring_core::policy::Policy;
use latchstring_core::rate_limit::{Resettable, resettable};
use latchstring_core::time::Timestamp;
use latchstring_lambda::config::Environment;
use serde_json::json;

use super::output::{self, say};

/// Print the commands that reset a limit which many users share.
///
/// Without an option: the messages, guesses, mail and SMS spend of this day, and the SMS spend of this
/// month. The printed commands need the AWS CLI, and `TABLE_NAME` in the environment. docs/budgets.md
/// explains when to reset a limit.
///
/// Large limits are counted in several items, as many as docs/scale.md says. Set the variables of the
/// functions here too: without them, the items of a deployment with default limits are reset.
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
    match Environment::Process.numbers() {
        Ok(policy) => {
            print(arguments, &policy);
            ExitCode::SUCCESS
        }
        Err(error) => {
            output::error(&error);
            ExitCode::from(2)
        }
    }
}

fn print(arguments: &Arguments, policy: &Policy) {
    let kind = match (arguments.country, &arguments.domain) {
        (Some(country), _) => Resettable::Country(country),
        (None, Some(domain)) => Resettable::Domain(domain),
        (None, None) => Resettable::Deployment,
    };
    let since_1970 = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    let now = Timestamp::from_secs(since_1970.as_secs());
    if kind == Resettable::Deployment {
        say!(
            "# Each reset also allows another day's guesses at codes: do not reset during an attack."
        );
    }
    let reset = resettable(policy, kind, now);
    let keys = reset
        .iter()
        .map(|(name, counter)| json!({ "counter": name, "key": counter_key(*counter) }));
    output::set("items", keys.collect::<Vec<_>>());
    for shards in resettable(policy, kind, now).chunk_by(|(name, _), (next, _)| name == next) {
        let keys: Vec<_> = shards
            .iter()
            .map(|(_, shard)| counter_key(*shard))
            .collect();
        let name = shards.first().map_or("", |(name, _)| name);
        if let [key] = &keys[..] {
            say!("# {name}:");
            say!(
                "aws dynamodb delete-item --table-name \"$TABLE_NAME\" --key '{{\"pk\": {{\"S\": \"{key}\"}}}}'"
            );
        } else {
            say!("# {name}, {} shards:", keys.len());
            say!("for pk in {}; do", keys.join(" "));
            say!(
                "  aws dynamodb delete-item --table-name \"$TABLE_NAME\" --key \"{{\\\"pk\\\": {{\\\"S\\\": \\\"$pk\\\"}}}}\""
            );
            say!("done");
        }
    }
}
