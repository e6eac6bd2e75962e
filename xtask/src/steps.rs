//! The steps of `cargo xtask test`.

use std::env;
use std::fs;
use std::io;
use std::panic;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
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
    /// The CDK construct, its templates and resolvers, the Terraform module, and the examples for other
    /// tools (tsc, eslint, node --test, cfn-lint, terraform plan)
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

    /// The steps that run beside the others, one after the other: most of them, and the builds,
    /// leave a core idle for part of their time. Those that need no program of ours are first.
    const BESIDE: [Self; 7] = [
        Self::Emulators,
        Self::Deny,
        Self::Infra,
        Self::Instructions,
        Self::Web,
        Self::Clients,
        Self::Deploy,
    ];

    /// Returns the steps that must have ended before it begins, if they run at all.
    const fn needs(self) -> &'static [Self] {
        match self {
            Self::Clients | Self::Web => &[Self::Build],
            Self::Tests | Self::Deploy => &[Self::Emulators, Self::Build],
            _ => &[],
        }
    }

    /// Returns the steps of `only`, or all, and those that they need.
    pub(crate) fn chosen(only: &[Self]) -> Vec<Self> {
        let is_chosen = |step: &Self| {
            let is_needed = only.iter().any(|one| one.needs().contains(step));
            only.is_empty() || only.contains(step) || is_needed
        };
        Self::ALL.into_iter().filter(is_chosen).collect()
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

/// Runs the steps and prints their outcomes. Returns true if all passed. Fails if the folders of what
/// they print cannot be emptied.
///
/// They run in order. But if the tests are among them, those of [`Step::BESIDE`] run beside the
/// others, up to the search for leaks.
pub(crate) fn run(
    repository: &Repository,
    steps: &[Step],
    keep_going: bool,
) -> Result<bool, Failed> {
    tools::provide(repository, steps);
    let missing = tools::missing(repository, steps);
    if !missing.is_empty() {
        println!("Not started. Missing:");
        for (name, install) in missing {
            println!("  {name}: install it with `{install}`");
        }
        return Ok(false);
    }

    if steps.contains(&Step::Tests) {
        // Before anything prints into them.
        empty_output(repository)?;
    }

    let run = Run {
        repository,
        steps,
        keep_going,
        started: Instant::now(),
        stopped: AtomicBool::new(false),
        ended: Default::default(),
    };
    let lanes = lanes(steps);
    if !lanes.beside.is_empty() {
        console::share();
    }
    let mut done = thread::scope(|scope| {
        let beside = scope.spawn(|| run.lane(&lanes.beside, true));
        let mut done = run.lane(&lanes.front, false);
        match beside.join() {
            Ok(beside) => done.add(beside),
            Err(panic) => panic::resume_unwind(panic),
        }
        done
    });
    done.add(run.lane(&lanes.last, false));
    for line in summary::lines(steps, &done.ran, run.started.elapsed(), done.counts) {
        println!("{line}");
    }
    Ok(done.ran.iter().all(|ran| ran.failed.is_none()))
}

/// The steps of a run: those of each lane run in order.
#[derive(Default)]
struct Lanes {
    front: Vec<Step>,
    /// Beside them.
    beside: Vec<Step>,
    /// After both.
    last: Vec<Step>,
}

fn lanes(steps: &[Step]) -> Lanes {
    if !steps.contains(&Step::Tests) {
        return Lanes {
            front: steps.to_vec(),
            ..Lanes::default()
        };
    }
    let chosen = |among: &[Step]| {
        let mut among = among.to_vec();
        among.retain(|step| steps.contains(step));
        among
    };
    // It reads what all have printed.
    let last = [Step::Leaks];
    let mut front = Step::ALL.to_vec();
    front.retain(|step| !Step::BESIDE.contains(step) && !last.contains(step));
    Lanes {
        front: chosen(&front),
        beside: chosen(&Step::BESIDE),
        last: chosen(&last),
    }
}

/// The outcomes of the steps of a lane.
#[derive(Default)]
struct Done {
    ran: Vec<Ran>,
    counts: Option<Counts>,
}

impl Done {
    fn add(&mut self, more: Self) {
        self.ran.extend(more.ran);
        if let Some(counts) = more.counts {
            *self.counts.get_or_insert_default() += counts;
        }
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
    /// The steps that have ended or will not begin, in the order of [`Step::ALL`].
    ended: [OnceLock<()>; Step::ALL.len()],
}

/// Marks the steps of a lane as ended, also when it panics: otherwise the other lane would wait for
/// ever.
struct Ends<'a>(&'a Run<'a>, &'a [Step]);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.stopped.store(true, Ordering::Relaxed);
        }
        for step in self.1 {
            self.0.end(*step);
        }
    }
}

impl Run<'_> {
    fn lane(&self, steps: &[Step], is_beside: bool) -> Done {
        let _ends = Ends(self, steps);
        let mut done = Done::default();
        for step in steps {
            for needed in step.needs().iter().filter(|one| self.steps.contains(one)) {
                self.ended[*needed as usize].wait();
            }
            if is_beside {
                console::beside(step.name(), || self.step(*step, &mut done));
            } else {
                self.step(*step, &mut done);
            }
            self.end(*step);
        }
        done
    }

    fn end(&self, step: Step) {
        self.ended[step as usize].get_or_init(|| ());
    }

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
        console::say(
            "      Not checked: advisories. Their database cannot be fetched, and none is stored.",
        );
        console::say("      With a network: cargo deny fetch db");
        return Ok(());
    };
    let date = Line::new("git", "git")
        .args(&["-C", &stored.display().to_string()])
        .args(&["log", "-1", "--format=%cs"])
        .ask(repository);
    let date = date.as_deref().map_or("an unknown day", str::trim);
    console::say(format_args!(
        "      The advisory database cannot be fetched: the stored one of {date} is checked."
    ));
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
        .args(&["target/infra/latchstring-session-mode.template.json"])
        .args(&["examples/infrastructure/sam.yaml"]);
    show_and_run(repository, &lint)?;
    terraform(repository, "infra/terraform", counts)?;
    // It deploys the template that was synthesised.
    node_tests(repository, "examples/infrastructure", counts)
}

/// Plans the Terraform module of a folder, by the program that `TERRAFORM` names or else the only one
/// of a package registry, which is for Linux on `x86_64`.
pub(crate) fn terraform(
    repository: &Repository,
    module: &str,
    counts: &mut Counts,
) -> Result<(), Failed> {
    if env::var_os("TERRAFORM").is_none_or(|it| it.is_empty())
        && !cfg!(all(target_arch = "x86_64", target_os = "linux"))
    {
        console::say(
            "      Not planned: the Terraform module. Set TERRAFORM to a Terraform or OpenTofu.",
        );
        return Ok(());
    }
    let tools = python::environment(
        repository,
        "terraform",
        "infra/terraform/test/requirements.txt",
    )?;
    let line = Line::new("npm", "npm")
        .args(&["run", "terraform:plan", "--silent", "--prefix", "infra"])
        // As seen from `infra`, where npm runs it.
        .env(
            "PYTHON",
            format!("../{}/bin/python", repository.shown(&tools)),
        )
        .env("MODULE", format!("../{module}"));
    counted(repository, &line, "infra-terraform", counts)
}

/// Runs the tests of a folder with a package.json: `npm test`, which runs `node --test`.
fn node_tests(repository: &Repository, folder: &str, counts: &mut Counts) -> Result<(), Failed> {
    node::modules(repository, folder)?;
    npm_test(repository, folder, counts)
}

fn npm_test(repository: &Repository, folder: &str, counts: &mut Counts) -> Result<(), Failed> {
    // Otherwise npm prints the package's name and version, which look like an address.
    let line = Line::new("npm", "npm").args(&["test", "--silent", "--prefix", folder]);
    counted(repository, &line, &folder.replace('/', "-"), counts)
}

/// Runs tests, counts them, and keeps what they print in a file of this name.
fn counted(
    repository: &Repository,
    line: &Line,
    name: &str,
    counts: &mut Counts,
) -> Result<(), Failed> {
    let output = repository.test_output();
    fs::create_dir_all(&output).map_err(|error| Failure::at(&output)(error).of(line))?;
    let kept = output.join(format!("{name}.txt"));
    console::say(format_args!("      $ {line}"));
    let (counted, ended) = line.run_and_keep(repository, &kept);
    *counts += counted;
    let ended = match ended {
        Ok(()) if counted.is_nothing() => Err(Failure::NoTests),
        ended => ended,
    };
    ended.map_err(|failure| failure.of(line))
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
            let lanes = lanes(&steps);
            let all = [&lanes.front, &lanes.beside, &lanes.last].map(|lane| &**lane);
            for step in Step::ALL {
                let runs = all.concat().iter().filter(|one| **one == step).count();
                assert_eq!(runs, usize::from(steps.contains(&step)), "{step:?}");
            }
            assert_eq!(lanes.beside.is_empty(), !only.contains(&Step::Tests));
        }
        assert_eq!(Step::chosen(&[]), Step::ALL);
    }

    #[test]
    fn no_lane_waits_for_a_step_that_waits_for_it() {
        let lanes = lanes(&Step::ALL);
        let (mut front, mut beside) = (lanes.front.into_iter(), lanes.beside.into_iter());
        let mut next = [front.next(), beside.next()];
        let mut ended = Vec::new();
        while next != [None, None] {
            let before = ended.len();
            for (next, lane) in next.iter_mut().zip([&mut front, &mut beside]) {
                if let Some(step) = *next
                    && step.needs().iter().all(|needed| ended.contains(needed))
                {
                    ended.push(step);
                    *next = lane.next();
                }
            }
            assert!(ended.len() > before, "{next:?} wait");
        }
        assert_eq!(lanes.last, [Step::Leaks]);
    }

    #[test]
    fn a_step_has_its_own_place_among_those_that_ended() {
        for (place, step) in Step::ALL.into_iter().enumerate() {
            assert_eq!(step as usize, place);
        }
    }

    #[test]
    fn a_step_that_starts_programs_has_them_built() {
        assert_eq!(Step::chosen(&[Step::Web]), [Step::Build, Step::Web]);
        assert_eq!(Step::chosen(&[Step::Fmt]), [Step::Fmt]);
    }
}
