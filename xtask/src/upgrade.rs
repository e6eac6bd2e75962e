//! `cargo xtask upgrade`: deploys an earlier version on an emulator, upgrades it to this one and goes
//! back, each time with sign-ins and changes begun (`tests/deployment/upgrade.py`).

use std::fs;
use std::path::{Path, PathBuf};

use crate::command::Line;
use crate::failure::{Failed, Failure};
use crate::node;
use crate::package::{self, Architecture, LAMBDAS};
use crate::python;
use crate::repository::Repository;
use crate::steps::{EMULATORS, binaries, show_and_run};

/// The files that change with every stored or sealed format.
const FORMATS: [&str; 3] = [
    "shared/core/tests/data/formats.txt",
    "shared/aws/src/dynamodb/item.rs",
    "shared/aws/src/dynamodb/outbox.rs",
];

/// The bucket of the packages on the emulator, as in `tests/deployment/deploy_check.py`.
const BUCKET: &str = "latchstring-packages";

/// Builds both versions and moves a deployment between them. Without a revision, the earlier version
/// is the newest release, or else the one before the newest change of a stored format.
pub(crate) fn run(
    repository: &Repository,
    from: Option<String>,
    only: Option<&str>,
) -> Result<(), Failed> {
    let architecture = Architecture::of_this_machine().ok_or_else(|| {
        Failure::NoSuchMachine.of(&"cargo xtask upgrade, on Linux on x86_64 or aarch64")
    })?;
    let python = python::environment(repository, EMULATORS.0, EMULATORS.1)?.join("bin/python");

    let older = older(repository, from)?;
    let older = package_older(repository, architecture, &older)?;
    // After the other version, whose programs have the same place.
    binaries(repository)?;
    let newer = repository.root().join("target/upgrade/packages/newer");
    package::zip_debug(repository, &LAMBDAS, &newer)
        .map_err(|failure| failure.of(&"cargo xtask upgrade"))?;
    template(repository, "infra", architecture, &newer, "newer/")?;

    let name = repository.shown(&python);
    let mut line = Line::new(python, name)
        .args(&["tests/deployment/upgrade.py"])
        .args(&["--older", &repository.shown(&older)])
        .args(&["--newer", &repository.shown(&newer)])
        .args(&["--operator", "target/debug/latchstring"])
        .args(&["--logs", &repository.shown(&repository.deploy_logs())]);
    if let Some(only) = only {
        line = line.args(&["--only", only]);
    }
    show_and_run(repository, &line)
}

/// The commit of the earlier version.
fn older(repository: &Repository, from: Option<String>) -> Result<String, Failed> {
    let ask = |args: &[&str]| Line::new("git", "git").args(args).ask(repository);
    let first = |text: String| text.lines().next().map(str::to_owned);
    let from = from
        .or_else(|| first(ask(&["tag", "--list", "v*", "--sort=-v:refname"])?))
        .or_else(|| {
            let log = ["log", "-1", "--format=%H^", "--"];
            first(ask(&[&log[..], &FORMATS].concat())?)
        })
        .unwrap_or_else(|| "HEAD^".to_owned());
    let commit = ask(&["rev-parse", "--short=12", &format!("{from}^{{commit}}")]);
    let commit = commit.ok_or_else(|| {
        Failure::NoRevision(from.clone()).of(&format!("cargo xtask upgrade --from {from}"))
    })?;
    Ok(commit.trim().to_owned())
}

/// Builds the earlier version in a worktree, with this target folder: the packages of others that both
/// versions have are not compiled again. Returns the folder of its packages.
///
/// Cargo distinguishes members of a workspace by their place in it and not by the workspace, so those
/// of both versions would be each other's. Those of the earlier one are built without debug
/// information, which makes them others. All earlier versions share the worktree: git writes the files
/// that differ, and cargo sees their times.
fn package_older(
    repository: &Repository,
    architecture: Architecture,
    commit: &str,
) -> Result<PathBuf, Failed> {
    let tree = "target/upgrade/older";
    let repeat = format!("cargo xtask upgrade --from {commit}");
    let git = Line::new("git", "git");
    let known = git
        .clone()
        .args(&["-C", tree, "rev-parse", "--show-prefix"]);
    let line = if known.ask(repository).as_deref() == Some("\n") {
        git.args(&["-C", tree, "checkout", "--quiet", "--force", "--detach"])
            .args(&[commit])
    } else {
        // Also where an earlier worktree was deleted by hand, or is that of a moved repository.
        let folder = repository.root().join(tree);
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(|error| Failure::at(&folder)(error).of(&repeat))?;
        }
        git.args(&["worktree", "add", "--quiet", "--force", "--detach"])
            .args(&[tree, commit])
    };
    show_and_run(repository, &line)?;
    let lock = repository.root().join(tree).join("Cargo.lock");
    let lock = fs::read_to_string(&lock).map_err(|error| Failure::at(&lock)(error).of(&repeat))?;
    let has = |name: &&str| lock.contains(&format!("name = \"{name}\""));
    let lambdas: Vec<&str> = LAMBDAS.into_iter().filter(|it| has(it)).collect();

    // Of the whole workspace, as `binaries` builds this version: with the same features.
    let workspace = format!("{tree}/Cargo.toml");
    let mut build = Line::cargo(&["build", "--workspace", "--locked"])
        .args(&["--manifest-path", &workspace, "--target-dir", "target"])
        .args(&["--config", "profile.dev.debug=0"]);
    for name in &lambdas {
        build = build.args(&["--bin", name]);
    }
    show_and_run(repository, &build)?;
    let folder = repository.root().join("target/upgrade/packages/older");
    package::zip_debug(repository, &lambdas, &folder).map_err(|failure| failure.of(&repeat))?;

    let infra = format!("{tree}/infra");
    let app = "bin/upgrade.ts";
    let to = repository.root().join(&infra).join(app);
    fs::copy(repository.root().join("infra").join(app), &to)
        .map_err(|error| Failure::at(&to)(error).of(&repeat))?;
    template(repository, &infra, architecture, &folder, "older/")?;
    Ok(folder)
}

/// Synthesises the stacks of a version.
fn template(
    repository: &Repository,
    infra: &str,
    architecture: Architecture,
    folder: &Path,
    prefix: &str,
) -> Result<(), Failed> {
    node::modules(repository, infra)?;
    let program = format!("{infra}/node_modules/.bin/tsx");
    let synth = Line::new(repository.root().join(&program), program)
        .args(&[&format!("{infra}/bin/upgrade.ts")])
        .args(&["--out", &folder.display().to_string()])
        .args(&["--architecture", architecture.name()])
        .args(&["--bucket", BUCKET, "--prefix", prefix]);
    show_and_run(repository, &synth)
}
