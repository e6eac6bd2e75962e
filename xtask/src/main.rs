//! The tasks of Latchstring. `cargo xtask test` is the one test command.
#![expect(
    clippy::print_stdout,
    reason = "a command-line program prints its result"
)]

mod bench;
mod command;
mod console;
mod deploy_check;
mod failure;
mod fuzz;
mod instructions;
mod leaks;
mod node;
mod package;
mod python;
mod release;
mod repository;
mod reproducible;
mod results;
mod scale;
mod steps;
mod summary;
mod tools;
mod upgrade;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use command::Line;
use failure::{Failed, Failure};
use package::Architecture;
use repository::Repository;
use steps::Step;

/// The tasks of Latchstring.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    Test(Test),
    Package(Package),
    Release(Release),
    Reproducible(Reproducible),
    /// Deploy a release's packages on an emulator of AWS, and sign in, sign up and change a contact
    /// there
    ///
    /// The step `deploy` of `cargo xtask test` does the same with packages of the debug build.
    ///
    /// The emulator is ministack, installed into target/tools and started on a free port. The same
    /// scenarios are played at the local service. The output of both is kept in
    /// target/deploy-check.
    DeployCheck,
    /// Upgrade a deployment on an emulator of AWS from an earlier version to this one and back, with
    /// sign-ins and changes begun each time
    ///
    /// Both versions are debug builds. The earlier one is built in target/upgrade. docs/upgrading.md
    /// lists what is begun with one version and finished with the other.
    Upgrade {
        /// The earlier version [default: the newest release, else the one before the newest change
        /// of a stored format]
        #[arg(long, value_name = "REV")]
        from: Option<String>,
        /// Only the kinds of state whose names contain this
        #[arg(long, value_name = "TEXT")]
        only: Option<String>,
    },
    /// Count the instructions of the handlers with valgrind, and compare with the agreed numbers
    ///
    /// They run over the ports in memory, built with the release's optimisation but without its
    /// linking (the profile `counted`, a minute or two once). The agreed numbers are in
    /// xtask/instructions.txt, and callgrind's own output in target/instructions.
    Instructions {
        /// Replace the agreed numbers with the present ones
        #[arg(long)]
        bless: bool,
    },
    /// Print the trips that a user waits for and the requests to each service, counted through the
    /// handlers
    RoundTrips {
        /// Put the tables into docs/scale.md
        #[arg(long)]
        write: bool,
    },
    /// Sign in to a release build of the local service, with increasing concurrency, up to its
    /// limit
    ///
    /// It runs on a free port of this machine, for about a minute once it is built. Other work on
    /// the machine affects the figures.
    Load,
    /// Measure the Lambdas against an empty one, and against the same job on Go, Node.js and Python
    ///
    /// Builds the Lambdas as they are deployed, installs the compared programs into target and
    /// benches/peers, and prints one table; then the output of `round-trips` and `load`, unless
    /// --only names rows. A missing program is named with the command that installs it; `cargo
    /// xtask bench --help` lists more.
    #[command(disable_help_flag = true)]
    Bench {
        /// See `cargo xtask bench --help`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Explore the orders of parallel calls deeper than the tests do, and print the number of
    /// states
    Model,
    Fuzz(Fuzz),
    /// Print the odds that the budgets leave to an attacker, and the messages that one address may get
    ///
    /// It is `latchstring odds` of this repository: for the defaults, or for the variables that are
    /// set.
    #[command(disable_help_flag = true)]
    Odds {
        /// See `cargo xtask odds --help`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Measure whether the response time reveals an account
    #[command(disable_help_flag = true)]
    Oracle {
        /// See `cargo xtask oracle --help`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

/// Run every check, and start none after one has failed.
///
/// With the tests among them, seven steps run beside the builds and the tests; each of their lines
/// begins with the step's name. The one that runs when another step fails is run to its end.
///
/// Needs Rust with rustfmt and clippy (rust-toolchain.toml names the version), a C compiler, git,
/// Python, Node.js, chromium-headless-shell (or chromium), valgrind, fonts-inter and
/// fonts-vlgothic. A missing program is named, with the command that installs it, before the first
/// check starts. As root, apt-get first installs those that Debian has. Nothing else is installed
/// outside this repository.
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

/// Run libFuzzer to find an input that a decoder must not accept as it does.
///
/// fuzz/README.md lists the targets and explains how to handle a finding. The inputs worth keeping
/// are in target/fuzz, where the next run begins.
#[derive(Args)]
struct Fuzz {
    /// The target: a folder of fuzz/seeds [default: each in turn]
    target: Option<String>,

    /// The time in seconds for each target
    #[arg(long, default_value_t = 60)]
    seconds: u32,

    /// Repeat this input of the target instead
    #[arg(long, requires = "target", value_name = "FILE")]
    input: Option<String>,
}

/// Build the Lambdas and put them, as zips, beside the template that deploys them.
///
/// For this machine's own architecture it needs Rust, and Node.js with npm. For the other one, `rustup target
/// add` must have been run, and cargo-zigbuild is installed into target/tools.
#[derive(Args)]
struct Package {
    /// The Lambdas' architecture [default: this machine's]
    #[arg(long, value_enum)]
    arch: Option<Architecture>,
}

/// Make everything that a release publishes, in target/dist: the Lambdas of both architectures with
/// their templates, the programs `latchstring` and `latchstring-local`, the npm packages (that of
/// the construct carries the Lambdas), the Terraform module, the crates of each program (as
/// `CycloneDX`), the notes, and the checksums. At the end the packages are used from an empty folder,
/// without Rust, and the functions are deployed on an emulator of AWS.
///
/// docs/releasing.md says how a release is published.
#[derive(Args)]
struct Release {
    /// The Lambdas' architectures, separated by commas
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_value = "arm64,x86_64"
    )]
    arch: Vec<Architecture>,

    /// Take the programs of all systems from this folder, which has one folder for each target,
    /// and build none
    #[arg(long, value_name = "FOLDER", conflicts_with = "rehearse")]
    programs: Option<PathBuf>,

    /// Name this address of the repository in the npm packages, such as <https://github.com/a/b>
    #[arg(long, value_name = "URL")]
    repository: Option<String>,

    /// Take this machine's debug builds: every step of a release in a minute. Never publish them
    #[arg(long, conflicts_with = "arch")]
    rehearse: bool,
}

/// Build a function's zip twice, in two clones of the last commit in different folders, and compare
/// the bytes.
///
/// Some minutes on two cores. The clones are in target/reproducible, and are removed if the zips are
/// equal.
#[derive(Args)]
struct Reproducible {
    /// The function
    #[arg(long, default_value = "latchstring-verify-auth-challenge-response",
          value_parser = package::LAMBDAS)]
    function: String,
}

fn main() -> ExitCode {
    let task = Cli::parse().task;
    let repository = match Repository::find() {
        Ok(repository) => repository,
        Err(failure) => {
            println!("error: {failure}");
            return ExitCode::FAILURE;
        }
    };
    match task {
        Task::Test(test) => {
            let steps = Step::chosen(&test.only);
            match steps::run(&repository, &steps, test.keep_going) {
                Ok(passed) => exit(passed),
                Err(failed) => told(Err(failed)),
            }
        }
        Task::Model => {
            let line = Line::cargo(&["test", "--release", "--locked"])
                .args(&["--package", "latchstring-core", "--test", "policy"])
                .args(&["--", "model::", "--nocapture"])
                .env("MODEL", "deep");
            println!("      $ {line}");
            ran(&repository, &line)
        }
        Task::Instructions { bless } => told(instructions::run(&repository, bless)),
        Task::RoundTrips { write } => told(scale::round_trips(&repository, write)),
        Task::Load => told(scale::load(&repository)),
        Task::Fuzz(Fuzz {
            target,
            seconds,
            input,
        }) => told(fuzz::run(
            &repository,
            target.as_deref(),
            seconds,
            input.as_deref(),
        )),
        Task::Odds { arguments } => odds(&repository, arguments),
        Task::Oracle { arguments } => oracle(&repository, &arguments),
        Task::Bench { arguments } => {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            told(bench::run(&repository, &arguments))
        }
        Task::Upgrade { from, only } => told(upgrade::run(&repository, from, only.as_deref())),
        Task::DeployCheck => told(deploy_check::release(&repository)),
        Task::Release(Release {
            arch,
            programs,
            repository: address,
            rehearse,
        }) => {
            let architectures = if rehearse {
                Architecture::of_this_machine().into_iter().collect()
            } else {
                arch
            };
            let options = release::Options {
                architectures: &architectures,
                programs: programs.as_deref(),
                address: address.as_deref(),
                is_rehearsal: rehearse,
            };
            told(release::run(&repository, &options))
        }
        Task::Reproducible(Reproducible { function }) => {
            told(reproducible::run(&repository, &function))
        }
        Task::Package(Package { arch }) => {
            let architecture = arch.or(Architecture::of_this_machine());
            let packaged = architecture
                .ok_or_else(|| Failure::NoSuchMachine.of(&"cargo xtask package --arch arm64"))
                .and_then(|architecture| package::run(&repository, architecture));
            told(packaged)
        }
    }
}

fn odds(repository: &Repository, mut arguments: Vec<String>) -> ExitCode {
    // Of the whole workspace, as the tests are built.
    let line = Line::cargo(&["build", "--quiet", "--locked", "--workspace"]);
    match steps::show_and_run(repository, &line.args(&["--bin", "latchstring"])) {
        Ok(()) => {
            let name = "target/debug/latchstring";
            arguments.insert(0, "odds".to_owned());
            passed_on(repository, Line::new(name, name), &arguments)
        }
        failed => told(failed),
    }
}

fn oracle(repository: &Repository, arguments: &[String]) -> ExitCode {
    let has = |wanted: &[&str]| arguments.iter().any(|one| wanted.contains(&&**one));
    // Of the whole workspace, as the tests are built: for one package it would have other features,
    // and the AWS SDK would be compiled once more. Its crates are optimised, and not their
    // dependencies, which the tests have built.
    let mut line = Line::cargo(&["build", "--quiet", "--locked", "--workspace"]).args(&[
        "--config",
        "profile.dev.opt-level=2",
        "--bin",
        "oracle",
    ]);
    for lambda in package::LAMBDAS {
        line = line.args(&["--bin", lambda]);
    }
    let mut built = steps::show_and_run(repository, &line);
    if has(&["counted", "--profile=counted"]) && !has(&["--help", "-h"]) {
        built = built.and_then(|()| package::counted(repository));
    }
    match built {
        Ok(()) => {
            let name = "target/debug/oracle";
            passed_on(repository, Line::new(name, name), arguments)
        }
        failed => told(failed),
    }
}

/// Runs a command that is the whole task.
fn ran(repository: &Repository, line: &Line) -> ExitCode {
    told(line.run(repository).map_err(|failure| failure.of(line)))
}

/// Runs a program that takes the rest of the command line and prints its own errors.
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

/// Prints the reason that a task failed, and the command that repeats it.
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
