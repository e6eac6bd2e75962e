//! Prints the codes of the test identifiers: `cargo xtask test-codes`. It reads `KEY_RING` and
//! `TEST_IDENTIFIERS` as the Lambdas do.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that prints its result"
)]

use std::process::ExitCode;

use latchstring_lambda::config::Environment;

fn main() -> ExitCode {
    match Environment::Process.test_codes() {
        Ok(codes) => {
            for (test, code) in codes {
                println!("{}  {}", code.digits(), test.identifier.as_str());
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
