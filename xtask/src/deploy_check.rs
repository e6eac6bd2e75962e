//! Deploys packages on a third-party emulator and plays the sign-in scenarios there and at the local
//! service: those of a release build by `cargo xtask deploy-check`, those of the debug build, which
//! compiles nothing twice, by `cargo xtask test`, and those that a release has packed.

use std::path::Path;

use crate::command::Line;
use crate::failure::{Failed, Failure};
use crate::package::{self, Architecture};
use crate::python;
use crate::repository::Repository;
use crate::steps::{EMULATORS, binaries, show_and_run};

/// Builds a release's packages for this machine, where the emulator runs them, and plays the
/// scenarios.
pub(crate) fn release(repository: &Repository) -> Result<(), Failed> {
    let architecture = this_machine()?;
    package::run(repository, architecture)?;
    binaries(repository)?;
    let packages = package::folder(repository, architecture);
    play(repository, &packages, "target/debug")
}

/// Packages the debug build, which has its binaries, and plays the scenarios.
pub(crate) fn debug(repository: &Repository) -> Result<(), Failed> {
    let architecture = this_machine()?;
    let packages = package::debug(repository, architecture)?;
    play(repository, &packages, "target/debug")
}

/// The processor of this machine, which runs the functions on the emulator.
pub(crate) fn this_machine() -> Result<Architecture, Failed> {
    Architecture::of_this_machine().ok_or_else(|| {
        Failure::NoSuchMachine.of(&"cargo xtask deploy-check, on Linux on x86_64 or aarch64")
    })
}

/// Plays the scenarios with these packages, and with the programs of a folder, named from the root.
pub(crate) fn play(repository: &Repository, packages: &Path, programs: &str) -> Result<(), Failed> {
    let python = python::environment(repository, EMULATORS.0, EMULATORS.1)?.join("bin/python");
    let name = repository.shown(&python);
    let check = Line::new(python, name)
        .args(&["tests/deployment/deploy_check.py"])
        .args(&["--packages", &repository.shown(packages)])
        .args(&["--local", &format!("{programs}/latchstring-local")])
        .args(&["--doctor", &format!("{programs}/latchstring")])
        .args(&["--logs", &repository.shown(&repository.deploy_logs())]);
    show_and_run(repository, &check)
}
