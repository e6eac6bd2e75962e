//! `cargo xtask deploy-check`: deploys the packages on a third-party emulator and plays the sign-in
//! scenarios there and at the local service.

use crate::command::Line;
use crate::failure::{Failed, Failure};
use crate::package::{self, Architecture};
use crate::python;
use crate::repository::Repository;
use crate::steps::{EMULATORS, show_and_run};

/// Builds packages for this machine, where the emulator runs them, and plays the scenarios.
pub(crate) fn run(repository: &Repository) -> Result<(), Failed> {
    let architecture = Architecture::of_this_machine().ok_or_else(|| {
        Failure::NoSuchMachine.of(&"cargo xtask deploy-check, on Linux on x86_64 or aarch64")
    })?;
    package::run(repository, architecture)?;
    let local = Line::cargo(&[
        "build",
        "--locked",
        "--workspace",
        "--bin",
        "latchstring-local",
    ])
    .args(&["--target-dir", "target"]);
    show_and_run(repository, &local)?;

    let python = python::environment(repository, EMULATORS.0, EMULATORS.1)?.join("bin/python");
    let name = repository.shown(&python);
    let packages = package::folder(repository, architecture);
    let check = Line::new(python, name)
        .args(&["tests/deployment/deploy_check.py"])
        .args(&["--packages", &repository.shown(&packages)])
        .args(&["--local", "target/debug/latchstring-local"])
        .args(&["--logs", &repository.shown(&repository.deploy_logs())]);
    show_and_run(repository, &check)
}
