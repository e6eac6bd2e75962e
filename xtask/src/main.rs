//! The chores of Latchstring. `cargo xtask test` is the one test command.
#![expect(
    clippy::print_stdout,
    reason = "a chore talks to the person who started it"
)]

mod command;
mod failure;
mod leaks;
mod repository;
mod results;
mod steps;
mod summary;
mod tools;

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use repository::Repository;
use steps::Step;

/// The chores of Latchstring.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    Test(Test),
}

/// Run every check, in order, and stop at the first that fails.
///
/// Needs Rust with rustfmt and clippy (rust-toolchain.toml names the version), a C compiler and
/// git; what is missing is named, with the command that installs it, before anything starts.
/// cargo-deny is built into target/tools if it is not there yet (about 5 minutes, once); nothing is
/// installed outside this repository.
#[derive(Args)]
#[command(after_help = "\
Examples:
  cargo xtask test                      everything
  cargo xtask test --only fmt,clippy    two steps, in their usual order
  cargo xtask test --only tests,leaks   the tests, and the search of what they printed
  cargo xtask test --keep-going         every step, also after one has failed

What the tests print is kept in target/test-output/cargo-test.txt. The last line is
`N passed, N failed` and counts tests. The exit status is 0 only if every step passed.")]
struct Test {
    /// Run only these steps, separated by commas
    #[arg(long, value_enum, value_delimiter = ',', value_name = "STEP,…")]
    only: Vec<Step>,

    /// Run the remaining steps, and all test binaries, after a failure
    #[arg(long)]
    keep_going: bool,
}

fn main() -> ExitCode {
    let Chore::Test(test) = Cli::parse().chore;
    let repository = match Repository::find() {
        Ok(repository) => repository,
        Err(failure) => {
            println!("error: {failure}");
            return ExitCode::FAILURE;
        }
    };
    let steps: Vec<Step> = Step::ALL
        .into_iter()
        .filter(|step| test.only.is_empty() || test.only.contains(step))
        .collect();
    if steps::run(&repository, &steps, test.keep_going) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
