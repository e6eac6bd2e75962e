//! The steps of `cargo xtask test`.

use std::fs;
use std::io;
use std::panic;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use clap::ValueEnum;

use crate::command::Line;
use crate::console;
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
    /// The programs that the tests start (cargo build)
    Build,
    /// All tests (cargo test)
    Tests,
    /// The number of instructions of the handlers (valgrind)
    Instructions,
    /// The CDK construct, its templates and resolvers (tsc, eslint, node --test, cfn-lint)
    Infra,
    /// The TypeScript clients, a Next.js app and the examples, against the local service (node --test)
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
    pub(crate) const ALL: [Self; 13] = [
        Self::Fmt,
        Self::Clippy,
        Self::Deny,
        Self::Docs,
        Self::Emulators,
        Self::Build,
        Self::Tests,
        Self::Instructions,
        Self::Infra,
        Self::Clients,
        Self::Web,
        Self::Deploy,
        Self::Leaks,
    ];

    /// The steps that run beside the tests, one after the other: they leave a core idle for more
    /// than half of their time.
    const BESIDE: [Self; 3] = [Self::Web, Self::Clients, Self::Infra];

    /// Returns the steps of `only`, or all, and the build that they need.
    pub(crate) fn chosen(only: &[Self]) -> Vec<Self> {
        let is_chosen = |step: &Self| only.is_empty() || only.contains(step);
        let needs_build =
            |step: &Self| matches!(step, Self::Tests | Self::Clients | Self::Web | Self::Deploy);
        let builds = only.iter().any(needs_build);
        Self::ALL
            .into_iter()
            .filter(|step| is_chosen(step) || builds && *step == Self::Build)
            .collect()
    }

    /// Returns its name for `--only`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Fmt => "fmt",
            Self::Clippy => "clippy",
            Self::Deny => "deny",
            Self::Docs => "docs",
            Self::Emulators => "emulators",
            Self::Build => "build",
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
            Self::Build => "the programs that the tests start",
            Self::Tests => "all tests",
            Self::Instructions => "instructions of the handlers",
            Self::Infra => "the infrastructure",
            Self::Clients => "the TypeScript clients, a Next.js app and the examples",
            Self::Web => "the pages in a browser",
            Self::Deploy => "packages, deployed on an emulator",
            Self::Leaks => "search for leaks in what the tests printed and logged",
        }
    }
}

/// Runs the steps and prints their outcomes. Returns true if all passed.
///
/// They run in order. But if the tests are among them, those of [`Step::BESIDE`] run beside the
/// tests and what follows, up to the search for leaks, which reads what all have printed.
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

    let run = Run {
        repository,
        steps,
        keep_going,
        started: Instant::now(),
        stopped: AtomicBool::new(false),
    };
    let (front, beside) = lanes(steps);
    let mut done = Done::default();
    thread::scope(|scope| {
        let mut lane = None;
        for step in front {
            if step == Step::Tests && !run.is_stopped() {
                // Before anything prints into them.
                if let Err(failed) = empty_output(repository) {
                    run.note(step, Duration::ZERO, Err(failed), &mut done);
                    continue;
                }
                let (run, beside) = (&run, &beside);
                lane = Some(scope.spawn(move || {
                    let mut done = Done::default();
                    for step in beside {
                        console::beside(step.name(), || run.step(*step, &mut done));
                    }
                    done
                }));
            }
            if step == Step::Leaks
                && let Some(lane) = lane.take()
            {
                join(lane, &mut done);
            }
            run.step(step, &mut done);
        }
        if let Some(lane) = lane {
            join(lane, &mut done);
        }
    });
    for line in summary::lines(steps, &done.ran, run.started.elapsed(), done.counts) {
        println!("{line}");
    }
    done.ran.iter().all(|ran| ran.failed.is_none())
}

/// Returns the steps that run in order, and those that run beside the tests.
fn lanes(steps: &[Step]) -> (Vec<Step>, Vec<Step>) {
    if !steps.contains(&Step::Tests) {
        return (steps.to_vec(), Vec::new());
    }
    let is_beside = |step: &Step| Step::BESIDE.contains(step);
    (
        steps
            .iter()
            .copied()
            .filter(|step| !is_beside(step))
            .collect(),
        Step::BESIDE
            .into_iter()
            .filter(|step| steps.contains(step))
            .collect(),
    )
}

/// The outcomes of the steps of a lane.
#[derive(Default)]
struct Done {
    ran: Vec<Ran>,
    counts: Option<Counts>,
}

fn join(lane: ScopedJoinHandle<'_, Done>, done: &mut Done) {
    match lane.join() {
        Ok(more) => {
            done.ran.extend(more.ran);
            if let Some(counts) = more.counts {
                *done.counts.get_or_insert_default() += counts;
            }
        }
        Err(panic) => panic::resume_unwind(panic),
    }
}

/// A run of the steps.
struct Run<'a> {
    repository: &'a Repository,
    steps: &'a [Step],
    keep_going: bool,
    started: Instant,
    /// Set by the first failure, unless the run keeps going.
    stopped: AtomicBool,
}

impl Run<'_> {
    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Runs a step, unless an earlier failure has stopped the run.
    fn step(&self, step: Step, done: &mut Done) {
        if self.is_stopped() {
            return;
        }
        let so_far = elapsed(self.started.elapsed());
        let place = self.place(step);
        console::say(format_args!("{place}: {} ({so_far} so far)", step.title()));
        let begun = Instant::now();
        let ended = perform(step, self.repository, self.keep_going, &mut done.counts);
        self.note(step, begun.elapsed(), ended, done);
    }

    fn note(&self, step: Step, took: Duration, ended: Result<(), Failed>, done: &mut Done) {
        let failed = ended.err();
        if failed.is_some() && !self.keep_going {
            self.stopped.store(true, Ordering::Relaxed);
        }
        let result = if failed.is_some() { "FAILED" } else { "ok" };
        let place = self.place(step);
        console::say(format_args!("{place}: {result}, {}\n", elapsed(took)));
        done.ran.push(Ran { step, took, failed });
    }

    fn place(&self, step: Step) -> String {
        let number = self.steps.iter().take_while(|one| **one != step).count() + 1;
        format!("[{number}/{}] {}", self.steps.len(), step.name())
    }
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
        Step::Build => binaries(repository),
        Step::Tests => {
            let (counted, ended) = tests(repository, keep_going);
            *counts.get_or_insert_default() += counted;
            ended
        }
        Step::Instructions => instructions::run(repository, false),
        Step::Infra => infra(repository, counts.get_or_insert_default()),
        Step::Clients => clients(repository, counts.get_or_insert_default()),
        Step::Web => node_tests(repository, "web/tests", counts.get_or_insert_default()),
        Step::Deploy => deploy_check::debug(repository),
        Step::Leaks => leaks::check(repository)
            .map_err(|failure| failure.of(&"cargo xtask test --only tests,leaks")),
    }
}

pub(crate) fn show_and_run(repository: &Repository, line: &Line) -> Result<(), Failed> {
    console::say(format_args!("      $ {line}"));
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

/// Empties the folders in which the tests' output and secrets are kept.
fn empty_output(repository: &Repository) -> Result<(), Failed> {
    for folder in [repository.test_output(), repository.test_secrets()] {
        renew(&folder)
            .map_err(|error| Failure::at(folder)(error).of(&"cargo xtask test --only tests"))?;
    }
    Ok(())
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

    console::say(format_args!("      $ {line}"));
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
    node_tests(repository, "clients/typescript", counts)?;
    node_tests(repository, "clients/next", counts)?;
    // It has no dependency but the programs.
    npm_test(repository, "npm/latchstring", counts)?;
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
        // Between them they have every resource and parameter of the four.
        .args(&["target/infra/latchstring-existing-pool.template.json"])
        .args(&["target/infra/latchstring-session-mode.template.json"]);
    show_and_run(repository, &lint)
}

/// Runs the tests of a folder with a package.json: `npm test`, which runs `node --test`.
fn node_tests(repository: &Repository, folder: &str, counts: &mut Counts) -> Result<(), Failed> {
    node::modules(repository, folder)?;
    npm_test(repository, folder, counts)
}

fn npm_test(repository: &Repository, folder: &str, counts: &mut Counts) -> Result<(), Failed> {
    // Otherwise npm prints the package's name and version, which look like an address.
    let line = Line::new("npm", "npm").args(&["test", "--silent", "--prefix", folder]);
    let output = repository.test_output();
    fs::create_dir_all(&output).map_err(|error| Failure::at(&output)(error).of(&line))?;
    let kept = output.join(format!("{}.txt", folder.replace('/', "-")));
    console::say(format_args!("      $ {line}"));
    let (counted, ended) = line.run_and_keep(repository, &kept);
    *counts += counted;
    let ended = match ended {
        Ok(()) if counted.is_nothing() => Err(Failure::NoTests),
        ended => ended,
    };
    ended.map_err(|failure| failure.of(&line))
}

/// Makes a folder empty.
pub(crate) fn renew(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::create_dir_all(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_chosen_step_runs_once() {
        for only in [
            &Step::ALL[..],
            &[Step::Web, Step::Leaks],
            &[Step::Tests, Step::Web],
        ] {
            let steps = Step::chosen(only);
            let (front, beside) = lanes(&steps);
            for step in Step::ALL {
                let runs = front
                    .iter()
                    .chain(&beside)
                    .filter(|one| **one == step)
                    .count();
                assert_eq!(runs, usize::from(steps.contains(&step)), "{step:?}");
            }
            assert_eq!(beside.is_empty(), !only.contains(&Step::Tests));
        }
        assert_eq!(Step::chosen(&[]), Step::ALL);
    }

    #[test]
    fn a_step_that_starts_programs_has_them_built() {
        assert_eq!(Step::chosen(&[Step::Web]), [Step::Build, Step::Web]);
        assert_eq!(Step::chosen(&[Step::Fmt]), [Step::Fmt]);
    }
}
