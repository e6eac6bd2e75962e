//! The paths of the repository.

use std::env;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// The checkout that the tasks work on.
pub(crate) struct Repository {
    root: PathBuf,
}

impl Repository {
    /// The checkout whose xtask was started, from whichever folder.
    pub(crate) fn find() -> Result<Self, Failure> {
        // Cargo sets it for `cargo run`. The path of compile time would name another checkout if
        // two of them share a target folder.
        let package = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        match package.parent() {
            Some(root) if root.join("xtask").is_dir() && root.join("Cargo.lock").is_file() => {
                Ok(Self::at(root))
            }
            _ => Err(Failure::NoRepository(package)),
        }
    }

    /// The checkout in a folder.
    pub(crate) fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the folder of the tests' output and the logs of the services that they start. It is
    /// inside `target` wherever cargo itself builds to, for the tests to find.
    pub(crate) fn test_output(&self) -> PathBuf {
        self.root.join("target/test-output")
    }

    /// Returns the file of `cargo test`'s output.
    pub(crate) fn cargo_test_output(&self) -> PathBuf {
        self.test_output().join("cargo-test.txt")
    }

    /// Returns the folder in which tests note their secrets, one a line, in files of any name
    /// ending in `.txt`.
    pub(crate) fn test_secrets(&self) -> PathBuf {
        self.root.join("target/test-secrets")
    }

    /// Returns the folder of the emulator's and the local service's output in `deploy-check`.
    pub(crate) fn deploy_logs(&self) -> PathBuf {
        self.root.join("target/deploy-check")
    }

    /// Returns the folder of tools that are built for this repository alone.
    pub(crate) fn tools(&self) -> PathBuf {
        self.root.join("target/tools")
    }

    /// Returns a path relative to the root.
    pub(crate) fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.root)
            .unwrap_or(path)
            .display()
            .to_string()
    }
}
