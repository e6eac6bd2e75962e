//! The steps of `cargo xtask test`.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Instant;

use clap::ValueEnum;

use crate::command::Line;
use crate::deploy_check;
use crate::failure::{Failed, Failure};
use crate::instructions;
use crate::leaks;
use crate::node;
use crate::python;
use crate::repository::Repository;
use crate::results::Counts;
use crate::summary::{self, Ran, elapsed};
use crate::tools;

/// The emulators' environment and the file that lists its packages.
pub(crate) const EMULATORS: (&str, &str) = ("emulators", "tests/emulators/requirements.txt");

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Step {
    /// Formatting (rustfmt)
    Fmt,
    /// Lints, warnings included (clippy)
    Clippy,
    /// Permitted dependencies, licences, sources, advisories (cargo-deny, deny.toml)
    Deny,
    /// The documentation builds without warnings (rustdoc)
    Docs,
    /// The emulator of AWS that tests run on is installed (pip, into target/tools)
    Emulators,
    /// All tests (cargo test)
    Tests,
    /// The number of instructions of the handlers (valgrind)
    Instructions,
    /// The CDK construct, its templates and resolvers (tsc, eslint, node --test, cfn-lint)
    Infra,
    /// The TypeScript client and the examples, against the local service (node --test)
    Clients,
    /// The pages in a browser (Chromium)
    Web,
    /// Packages of the debug build, deployed on an emulator of AWS
    Deploy,
    /// No code, address, number, ticket or token is in the tests' output and logs
    Leaks,
}

impl Step {
    /// All steps in the order in which they run.
    pub(crate) const ALL: [Self; 12] = [
        Self::Fmt,
        Self::Clippy,
        Self::Deny,
        Self::Docs,
        Self::Emulators,
        Self::Tests,
        Self::Instructions,
        Self::Infra,
        Self::Clients,
        Self::Web,
        Self::Deploy,
        Self::Leaks,
    ];

    /// Returns its name for `--only`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Fmt => "fmt",
            Self::Clippy => "clippy",
            Self::Deny => "deny",
            Self::Docs => "docs",
            Self::Emulators => "emulators",
            Self::Tests => "tests",
            Self::Instructions => "instructions",
            Self::Infra => "infra",
            Self::Clients => "clients",
            Self::Web => "web",
            Self::Deploy => "deploy",
            Self::Leaks => "leaks",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Fmt => "formatting",
            Self::Clippy => "lints",
            Self::Deny => "dependency rules",
            Self::Docs => "documentation",
            Self::Emulators => "emulators for the tests",
            Self::Tests => "all tests",
            Self::Instructions => "instructions of the handlers",
            Self::Infra => "the infrastructure",
            Self::Clients => "the TypeScript client and the examples",
            Self::Web => "the pages in a browser",
            Self::Deploy => "packages, deployed on an emulator",
            Self::Leaks => "search for leaks in what the tests printed and logged",
        }
    }
}

/// Runs the steps in order and prints their outcomes. Returns true if all passed.
pub(crate) fn run(repository: &Repository, steps: &[Step], keep_going: bool) -> bool {
    tools::provide(repository, steps);
    let missing = tools::missing(repository, steps);
    if !missing.is_empty() {
        println!("Not started. Missing:");
        for (name, install) in missing {
            println!("  {name}: install it with `{install}`");
        }
        return false;
    }

    let started = Instant::now();
    let mut ran = Vec::new();
    let mut counts = None;
    for (done, step) in steps.iter().copied().enumerate() {
        let place = format!("[{}/{}] {}", done + 1, steps.len(), step.name());
        let so_far = elapsed(started.elapsed());
        println!("{place}: {} ({so_far} so far)", step.title());
        let begun = Instant::now();
        let failed = perform(step, repository, keep_going, &mut counts).err();
        let took = begun.elapsed();
        let stop = failed.is_some() && !keep_going;
        let result = if failed.is_some() { "FAILED" } else { "ok" };
        println!("{place}: {result}, {}\n", elapsed(took));
        ran.push(Ran { step, took, failed });
        if stop {
            break;
        }
    }
    for line in summary::lines(steps, &ran, started.elapsed(), counts) {
        println!("{line}");
    }
    ran.iter().all(|ran| ran.failed.is_none())
}

fn perform(
    step: Step,
    repository: &Repository,
    keep_going: bool,
    counts: &mut Option<Counts>,
) -> Result<(), Failed> {
    match step {
        Step::Fmt => show_and_run(repository, &Line::cargo(&["fmt", "--all", "--", "--check"])),
        Step::Clippy => show_and_run(
            repository,
            &Line::cargo(&["clippy", "--workspace", "--all-targets", "--locked"])
                .args(&["--", "-D", "warnings"]),
        ),
        Step::Deny => deny(repository),
        Step::Docs => show_and_run(
            repository,
            &Line::cargo(&["doc", "--workspace", "--no-deps", "--locked"])
                .env("RUSTDOCFLAGS", "-D warnings"),
        ),
        Step::Emulators => {
            python::environment(repository, EMULATORS.0, EMULATORS.1)?;
            Ok(())
        }
        Step::Tests => {
            binaries(repository)?;
            let (counted, ended) = tests(repository, keep_going);
            *counts.get_or_insert_default() += counted;
            ended
        }
        Step::Instructions => instructions::run(repository, false),
        Step::Infra => infra(repository, counts.get_or_insert_default()),
        Step::Clients => clients(repository, counts.get_or_insert_default()),
        Step::Web => {
            binaries(repository)?;
            node_tests(repository, "web/tests", counts.get_or_insert_default())
        }
        Step::Deploy => deploy_check::debug(repository),
        Step::Leaks => leaks::check(repository)
            .map_err(|failure| failure.of(&"cargo xtask test --only tests,leaks")),
    }
}

pub(crate) fn show_and_run(repository: &Repository, line: &Line) -> Result<(), Failed> {
    println!("      $ {line}");
    line.run(repository).map_err(|failure| failure.of(line))
}

fn deny(repository: &Repository) -> Result<(), Failed> {
    let tool = tools::cargo_deny(repository)?;
    let check = tool
        .clone()
        .args(&["--locked", "check", "bans", "licenses", "sources"]);
    show_and_run(repository, &check)?;

    let fetched = tool.clone().args(&["--locked", "fetch", "db"]);
    if fetched.ask(repository).is_some() {
        let check = tool.args(&["--locked", "check", "advisories"]);
        return show_and_run(repository, &check);
    }
    let Some(stored) = tools::advisory_database() else {
        println!(
            "      Not checked: advisories. Their database cannot be fetched, and none is stored."
        );
        println!("      With a network: cargo deny fetch db");
        return Ok(());
    };
    let date = Line::new("git", "git")
        .args(&["-C", &stored.display().to_string()])
        .args(&["log", "-1", "--format=%cs"])
        .ask(repository);
    let date = date.as_deref().map_or("an unknown day", str::trim);
    println!("      The advisory database cannot be fetched: the stored one of {date} is checked.");
    // Yanked crates are those of the registry's index as it is stored.
    let check = tool.args(&["--frozen", "check", "advisories"]);
    show_and_run(repository, &check)
}

fn tests(repository: &Repository, keep_going: bool) -> (Counts, Result<(), Failed>) {
    let mut line = Line::cargo(&["test", "--workspace", "--locked"])
        // Colours would hide words from the search for leaks.
        .quiet_env("CARGO_TERM_COLOR", "never");
    if keep_going {
        line = line.args(&["--no-fail-fast"]);
    }
    // Passing tests too: the search for leaks reads their output.
    let line = line.args(&["--", "--show-output"]);

    let folders = [repository.test_output(), repository.test_secrets()];
    for folder in folders {
        if let Err(failure) = renew(&folder).map_err(Failure::at(folder)) {
            return (Counts::default(), Err(failure.of(&line)));
        }
    }
    println!("      $ {line}");
    let (counts, ended) = line.run_and_keep(repository, &repository.cargo_test_output());
    let ended = match ended {
        Ok(()) if counts.is_nothing() => Err(Failure::NoTests),
        ended => ended,
    };
    (counts, ended.map_err(|failure| failure.of(&line)))
}

/// Builds the binaries that tests start. Of the whole workspace, as the tests are built: for some
/// packages alone, cargo selects other features and compiles the AWS SDK a second time.
pub(crate) fn binaries(repository: &Repository) -> Result<(), Failed> {
    let build = Line::cargo(&["build", "--workspace", "--bins", "--locked"]);
    show_and_run(repository, &build)
}

fn clients(repository: &Repository, counts: &mut Counts) -> Result<(), Failed> {
    binaries(repository)?;
    node_tests(repository, "clients/typescript", counts)?;
    let tools = python::environment(repository, "examples", "examples/requirements.txt")?;
    let validator = tools.join("bin/openapi-spec-validator");
    let name = repository.shown(&validator);
    let validate = Line::new(validator, name).args(&["docs/openapi.json"]);
    show_and_run(repository, &validate)?;
    node_tests(repository, "examples", counts)
}

fn infra(repository: &Repository, counts: &mut Counts) -> Result<(), Failed> {
    node_tests(repository, "infra", counts)?;
    let synth = Line::new("npm", "npm")
        .args(&["run", "synth", "--silent", "--prefix", "infra"])
        .args(&["--", "--out", "../target/infra"]);
    show_and_run(repository, &synth)?;
    let tool = python::environment(repository, "infra", "infra/requirements.txt")?;
    let tool = tool.join("bin/cfn-lint");
    let name = repository.shown(&tool);
    let lint = Line::new(tool, name)
        // CDK adds dependencies that a reference implies already.
        .args(&["--ignore-checks", "W3005", "--"])
        .args(&["target/infra/latchstring.template.json"])
        .args(&["target/infra/latchstring-existing-pool.template.json"])
        .args(&["target/infra/latchstring-session-mode.template.json"])
        .args(&["target/infra/latchstring-session-mode-existing-pool.template.json"]);
    show_and_run(repository, &lint)
}

/// Runs the tests of a folder with a package.json: `npm test`, which runs `node --test`.
fn node_tests(repository: &Repository, folder: &str, counts: &mut Counts) -> Result<(), Failed> {
    node::modules(repository, folder)?;
    // Otherwise npm prints the package's name and version, which look like an address.
    let line = Line::new("npm", "npm").args(&["test", "--silent", "--prefix", folder]);
    let output = repository.test_output();
    fs::create_dir_all(&output).map_err(|error| Failure::at(&output)(error).of(&line))?;
    let kept = output.join(format!("{}.txt", folder.replace('/', "-")));
    println!("      $ {line}");
    let (counted, ended) = line.run_and_keep(repository, &kept);
    *counts += counted;
    let ended = match ended {
        Ok(()) if counted.is_nothing() => Err(Failure::NoTests),
        ended => ended,
    };
    ended.map_err(|failure| failure.of(&line))
}

/// Makes a folder empty.
fn renew(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::create_dir_all(folder)
}
