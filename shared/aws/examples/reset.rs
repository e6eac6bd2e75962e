//! Prints the commands that reset the budgets of a deployment, of a country's numbers or of a mail
//! domain: `cargo xtask reset [--country DE | --domain example.com]`.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that speaks to a person"
)]

use std::process::ExitCode;
use std::time::SystemTime;

use latchstring_aws::counter_key;
use latchstring_core::identifier::Country;
use latchstring_core::rate_limit::{Resettable, resettable};
use latchstring_core::time::Timestamp;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let kind = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => Resettable::Deployment,
        ["--domain", domain] => Resettable::Domain(domain),
        ["--country", code] => {
            let Some(country) = Country::parse(code) else {
                eprintln!("A country is two capital letters, for instance DE.");
                return ExitCode::FAILURE;
            };
            Resettable::Country(country)
        }
        _ => {
            eprintln!("Usage: cargo xtask reset [--country DE | --domain example.com]");
            return ExitCode::FAILURE;
        }
    };
    let since_1970 = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    let now = Timestamp::from_secs(since_1970.as_secs());
    for (name, counter) in resettable(kind, now) {
        println!("# {name}:");
        println!(
            "aws dynamodb delete-item --table-name \"$TABLE_NAME\" --key '{{\"pk\": {{\"S\": \"{}\"}}}}'",
            counter_key(counter)
        );
    }
    ExitCode::SUCCESS
}
