//! Prints the figures that docs/scale.md keeps: `cargo xtask round-trips` and `cargo xtask load`.

use crate::command::Line;
use crate::failure::Failed;
use crate::repository::Repository;
use crate::steps::show_and_run;

/// Counts the trips that a user waits for, and writes the tables into the document if requested.
pub(crate) fn round_trips(repository: &Repository, write: bool) -> Result<(), Failed> {
    // Of the whole workspace, as the tests are built: for the package alone it would have other
    // features, and the AWS SDK would be compiled once more.
    let build = Line::cargo(&["build", "--quiet", "--locked", "--workspace"])
        .args(&["--example", "round_trips"]);
    show_and_run(repository, &build)?;
    let name = "target/debug/examples/round_trips";
    let mut line = Line::new(name, name);
    if write {
        line = line.args(&["--write"]);
    }
    line.run(repository).map_err(|failure| failure.of(&line))
}

/// Measures a release build of the local service at its limit.
pub(crate) fn load(repository: &Repository) -> Result<(), Failed> {
    let local = ["--release", "--locked", "--package", "latchstring-local"];
    let build = Line::cargo(&["build"])
        .args(&local)
        .args(&["--bins", "--example", "load"]);
    let load = Line::cargo(&["run", "--quiet"])
        .args(&local)
        .args(&["--example", "load"]);
    show_and_run(repository, &build)?;
    show_and_run(repository, &load)
}
