//! The chores of Latchstring. `cargo xtask test` is the one test command.
#![expect(
    clippy::print_stdout,
    reason = "a chore talks to the person who started it"
)]

mod bench;
mod command;
mod deploy_check;
mod failure;
mod fuzz;
mod instructions;
mod leaks;
mod node;
mod package;
mod python;
mod repository;
mod results;
mod scale;
mod steps;
mod summary;
mod tools;

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use command::Line;
use failure::{Failed, Failure};
use package::Architecture;
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
    Package(Package),
    /// Deploy the packages on an emulator of AWS, and sign in, sign up and change a contact there
    ///
    /// The emulator is ministack, installed into target/tools and started on a free port. The same
    /// scenarios are played at the local service. What each printed is kept in target/deploy-check.
    DeployCheck,
    /// Count the instructions of the handlers with valgrind, and compare with what was agreed
    ///
    /// They run over the ports in memory, built with the release's optimisation but without its
    /// linking (the profile `counted`, a minute or two once). What was agreed stands in
    /// xtask/instructions.txt, and callgrind's own output in target/instructions.
    Instructions {
        /// Agree to what is counted now
        #[arg(long)]
        bless: bool,
    },
    /// Print what a person waits for and what each service is asked, counted through the handlers
    RoundTrips {
        /// Put the tables into docs/scale.md
        #[arg(long)]
        write: bool,
    },
    /// Sign in to a release build of the local service, ever more at once, to where it bends
    ///
    /// On a free port of this machine, for about a minute once it is built. Other work on the
    /// machine shows in the figures.
    Load,
    /// Measure the Lambdas against an empty one, and against the same job on Go, Node.js and Python
    ///
    /// Builds the Lambdas as they are deployed, installs what they are compared with into target and
    /// benches/peers, and prints one table; then what `round-trips` and `load` print, unless --only
    /// names rows. What is not there to be compared with is named, with what installs it; `cargo
    /// xtask bench --help` lists more.
    #[command(disable_help_flag = true)]
    Bench {
        /// See `cargo xtask bench --help`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Explore the orders of parallel calls deeper than the tests do, and print what that came to
    Model,
    Fuzz(Fuzz),
    /// Measure whether it shows in the time of an answer who has an account
    #[command(disable_help_flag = true)]
    Oracle {
        /// See `cargo xtask oracle --help`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Print what the budgets leave to somebody who guesses: the defaults', or the environment's
    Odds,
    /// Print the codes of the test identifiers of the environment
    TestCodes,
    /// Print the commands that reset the deployment's budgets of today, or a country's of this hour
    Reset {
        /// The country's ISO code
        #[arg(long)]
        country: Option<String>,
    },
    /// Say what is safe in a deployed pool, what leaks or will fail, and how to mend it
    #[command(disable_help_flag = true)]
    Doctor {
        /// See `cargo xtask doctor --help`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

/// Run every check, in order, and stop at the first that fails.
///
/// Needs Rust with rustfmt and clippy (rust-toolchain.toml names the version), a C compiler, git,
/// Python, Node.js, chromium, valgrind, fonts-inter and fonts-vlgothic. What is missing is named,
/// with the command that installs it, before anything starts; as root, apt-get installs what Debian
/// has of it first. cargo-deny is built into target/tools if it is not there yet (about a minute,
/// once). Nothing else is installed outside this repository.
#[derive(Args)]
#[command(after_help = "\
Examples:
  cargo xtask test                      everything
  cargo xtask test --only fmt,clippy    two steps, in their usual order
  cargo xtask test --only tests,leaks   the tests, and the search of what they printed
  cargo xtask test --keep-going         every step, also after one has failed

What the tests print is kept in target/test-output. The last line is
`N passed, N failed` and counts tests. The exit status is 0 only if every step passed.")]
struct Test {
    /// Run only these steps, separated by commas
    #[arg(long, value_enum, value_delimiter = ',', value_name = "STEP,…")]
    only: Vec<Step>,

    /// Run the remaining steps, and all test binaries, after a failure
    #[arg(long)]
    keep_going: bool,
}

/// Let libFuzzer look for an input that a decoder must not take as it does.
///
/// fuzz/README.md lists the targets and says what to do with a finding. What was found worth keeping
/// is in target/fuzz and is where the next run begins.
#[derive(Args)]
struct Fuzz {
    /// The target: a folder of fuzz/seeds [default: each in turn]
    target: Option<String>,

    /// How long each target is tried
    #[arg(long, default_value_t = 60)]
    seconds: u32,

    /// Repeat this input of the target instead
    #[arg(long, requires = "target", value_name = "FILE")]
    input: Option<String>,
}

/// Build the Lambdas and put them, as zips, beside the template that deploys them.
///
/// For this machine's own architecture it needs nothing but Rust. For the other one, `rustup target
/// add` must have been run, and cargo-zigbuild is installed into target/tools.
#[derive(Args)]
struct Package {
    /// The Lambdas' architecture [default: this machine's]
    #[arg(long, value_enum)]
    arch: Option<Architecture>,
}

fn main() -> ExitCode {
    let chore = Cli::parse().chore;
    let repository = match Repository::find() {
        Ok(repository) => repository,
        Err(failure) => {
            println!("error: {failure}");
            return ExitCode::FAILURE;
        }
    };
    match chore {
        Chore::Test(test) => {
            let steps: Vec<Step> = Step::ALL
                .into_iter()
                .filter(|step| test.only.is_empty() || test.only.contains(step))
                .collect();
            exit(steps::run(&repository, &steps, test.keep_going))
        }
        Chore::Model => {
            let line = Line::cargo(&["test", "--release", "--locked"])
                .args(&["--package", "latchstring-core", "--test", "policy"])
                .args(&["--", "model::", "--nocapture"])
                .env("MODEL", "deep");
            println!("      $ {line}");
            ran(&repository, &line)
        }
        Chore::Instructions { bless } => told(instructions::run(&repository, bless)),
        Chore::RoundTrips { write } => told(scale::round_trips(&repository, write)),
        Chore::Load => told(scale::load(&repository)),
        Chore::Fuzz(Fuzz {
            target,
            seconds,
            input,
        }) => told(fuzz::run(
            &repository,
            target.as_deref(),
            seconds,
            input.as_deref(),
        )),
        Chore::Odds => ran(
            &repository,
            &program(&["latchstring-lambda", "--example", "odds"]),
        ),
        Chore::TestCodes => ran(
            &repository,
            &program(&["latchstring-lambda", "--example", "test_codes"]),
        ),
        Chore::Reset { country } => {
            let mut line = Line::cargo(&["run", "--quiet", "--locked"])
                .args(&["--package", "latchstring-aws", "--example", "reset"])
                .args(&["--features", "dynamodb", "--"]);
            if let Some(country) = &country {
                line = line.args(&["--country", country]);
            }
            ran(&repository, &line)
        }
        Chore::Doctor { arguments } => passed_on(
            &repository,
            program(&["latchstring-doctor", "--"]),
            &arguments,
        ),
        Chore::Oracle { arguments } => oracle(&repository, &arguments),
        Chore::Bench { arguments } => {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            told(bench::run(&repository, &arguments))
        }
        Chore::DeployCheck => told(deploy_check::run(&repository)),
        Chore::Package(Package { arch }) => {
            let architecture = arch.or(Architecture::of_this_machine());
            let packaged = architecture
                .ok_or_else(|| Failure::NoSuchMachine.of(&"cargo xtask package --arch arm64"))
                .and_then(|architecture| package::run(&repository, architecture));
            told(packaged)
        }
    }
}

/// A program of a package of ours.
fn program(arguments: &[&str]) -> Line {
    Line::cargo(&["run", "--quiet", "--locked", "--package"]).args(arguments)
}

fn oracle(repository: &Repository, arguments: &[String]) -> ExitCode {
    let asks_for_help = |argument: &String| ["--help", "-h"].contains(&&**argument);
    // Of the whole workspace, as the tests are built: by its package it would have other features,
    // and the AWS SDK would be compiled once more.
    let program = Line::cargo(&["build", "--quiet", "--locked", "--workspace"]);
    let mut built = steps::show_and_run(repository, &program.args(&["--bin", "oracle"]));
    if !arguments.iter().any(asks_for_help) {
        built = built.and_then(|()| package::release(repository, &[]));
    }
    match built {
        Ok(()) => {
            let name = "target/debug/oracle";
            passed_on(repository, Line::new(name, name), arguments)
        }
        failed => told(failed),
    }
}

/// Runs a line that is all of a chore.
fn ran(repository: &Repository, line: &Line) -> ExitCode {
    told(line.run(repository).map_err(|failure| failure.of(line)))
}

/// Runs a program that takes the rest of the command line and says by itself what there is to say.
fn passed_on(repository: &Repository, line: Line, arguments: &[String]) -> ExitCode {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let line = line.args(&arguments);
    match line.run(repository) {
        Err(Failure::Ended(status)) => status
            .code()
            .and_then(|code| u8::try_from(code).ok())
            .map_or(ExitCode::FAILURE, ExitCode::from),
        ended => told(ended.map_err(|failure| failure.of(&line))),
    }
}

fn exit(passed: bool) -> ExitCode {
    if passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Says why a chore did not come to its end, and how to repeat what failed.
fn told(ended: Result<(), Failed>) -> ExitCode {
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failed { repeat, why }) => {
            println!("error: {why}.");
            println!("To repeat what failed, at the repository's root: {repeat}");
            ExitCode::FAILURE
        }
    }
}
