//! The failure of a step.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

use thiserror::Error;

/// The reason that a step failed, in words that follow the step's name.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    #[error("{program} could not be started: {error}")]
    Start { program: String, error: io::Error },
    #[error("it ended with {0}")]
    Ended(ExitStatus),
    #[error("{path}: {error}", path = path.display())]
    File { path: PathBuf, error: io::Error },
    #[error("its output could not be kept: {0}")]
    Capture(io::Error),
    #[error("a process that the tests started still runs and holds their output open: end it")]
    Orphan,
    #[error(
        "{package} needs version {}.{} of the C library and Lambda has {}.{}: built on this \
         machine it would not start there. Build it on Debian 12 or an older system, or for the \
         other architecture, which is built against Lambda's own version",
        .needs.0, .needs.1, .has.0, .has.1
    )]
    NewerLibrary {
        package: String,
        needs: (u32, u32),
        has: (u32, u32),
    },
    #[error("Lambda does not support this machine's architecture")]
    NoSuchMachine,
    #[error("Rust's library for {0} is not installed")]
    NoTarget(String),
    #[error("the zip could not be made: {0}")]
    Zip(io::Error),
    #[error("two builds of {0} differ: compare the zips of the clones in target/reproducible")]
    DifferentBytes(String),
    #[error(
        "{package} names a path of this machine, so that another clone builds other bytes: {path}"
    )]
    NamesPath { package: String, path: String },
    #[error("the packages must have one version: {0}")]
    Versions(String),
    #[error("CHANGELOG.md has no section [{0}]")]
    NotInChangelog(String),
    #[error("the members of the workspace cannot be listed")]
    NoMetadata,
    #[error("git knows no revision {0}")]
    NoRevision(String),
    #[error("no test ran")]
    NoTests,
    #[error("a function takes more instructions than agreed (see above)")]
    Instructions,
    #[error("valgrind counted nothing: the function to measure was not called by its name")]
    NothingCounted,
    #[error("{path} is not in this workspace; start it by `cargo xtask`", path = .0.display())]
    NoRepository(PathBuf),
    #[error("the search has no valid input: {0}")]
    Toothless(String),
    #[error("secrets were printed or logged at {0} places (see above)")]
    Leaks(usize),
}

/// A step that failed.
#[derive(Debug)]
pub(crate) struct Failed {
    /// The command that repeats it, for a shell at the root.
    pub(crate) repeat: String,
    pub(crate) why: Failure,
}

impl Failure {
    /// Names the file that an I/O error is about.
    pub(crate) fn at(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |error| Self::File { path, error }
    }

    /// Adds the command that failed.
    pub(crate) fn of(self, repeat: &impl ToString) -> Failed {
        Failed {
            repeat: repeat.to_string(),
            why: self,
        }
    }
}
