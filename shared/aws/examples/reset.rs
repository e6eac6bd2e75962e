//! Where the budgets of a deployment and of a country's numbers are in the table, to be reset:
//! `cargo xtask reset [--country DE]`.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that speaks to a person"
)]

use std::process::ExitCode;
use std::time::SystemTime;

use latchstring_aws::counter_key;
use latchstring_core::budget::resettable;
use latchstring_core::identifier::Country;
use latchstring_core::time::Timestamp;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let country = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => None,
        ["--country", code] => {
            let Some(country) = Country::parse(code) else {
                eprintln!("A country is two capital letters, for instance DE.");
                return ExitCode::FAILURE;
            };
            Some(country)
        }
        _ => {
            eprintln!("Usage: cargo xtask reset [--country DE]");
            return ExitCode::FAILURE;
        }
    };
    let since_1970 = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    let now = Timestamp::from_secs(since_1970.as_secs());
    for (bearer, counter) in resettable(country, now) {
        println!("# what {bearer}s are charged to:");
        println!(
            "aws dynamodb delete-item --table-name \"$TABLE_NAME\" --key '{{\"pk\": {{\"S\": \"{}\"}}}}'",
            counter_key(counter)
        );
    }
    ExitCode::SUCCESS
}
