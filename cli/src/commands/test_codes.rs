//! `latchstring test-codes`

use std::process::ExitCode;

use clap::Args;
use latchstring_lambda::config::Environment;

/// Print the codes of the test identifiers.
///
/// The environment holds `KEY_RING` and `TEST_IDENTIFIERS` as the functions have them; docs/budgets.md
/// explains test identifiers.
#[derive(Args)]
pub(crate) struct Arguments {}

/// Prints a code and its identifier a line.
pub(crate) fn run(_: &Arguments) -> ExitCode {
    match Environment::Process.test_codes() {
        Ok(codes) => {
            for (test, code) in codes {
                println!("{}  {}", code.digits(), test.identifier.as_str());
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}
