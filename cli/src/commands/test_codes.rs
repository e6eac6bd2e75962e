//! `latchstring test-codes`

use std::process::ExitCode;

use clap::Args;
use latchstring_lambda::config::Environment;
use serde_json::json;

use super::output::{self, say};

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
            let list = codes.iter().map(|(test, code)| {
                json!({ "identifier": test.identifier.as_str(), "code": code.digits() })
            });
            output::set("codes", list.collect::<Vec<_>>());
            for (test, code) in codes {
                say!("{}  {}", code.digits(), test.identifier.as_str());
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            output::error(&error);
            ExitCode::from(2)
        }
    }
}
