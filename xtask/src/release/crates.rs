//! The crates that `cargo install latchstring-cli` takes.

use crate::command::Line;
use crate::failure::Failed;
use crate::steps::show_and_run;

use super::Release;

/// The published crates. Each manifest says `publish = true`, and `xtask/tests/layering.rs` compares.
pub(crate) const CRATES: [&str; 5] = [
    "latchstring-crypto",
    "latchstring-core",
    "latchstring-aws",
    "latchstring-lambda",
    "latchstring-cli",
];

impl Release<'_> {
    /// Packages the published crates as the registry takes them, with each other's new version. A
    /// rehearsal does not build them from their packages: this takes minutes.
    pub(super) fn crates(&self) -> Result<(), Failed> {
        let mut line = Line::cargo(&[
            "package",
            "--quiet",
            "--locked",
            "--target-dir",
            "target/crates",
        ]);
        if self.is_rehearsal {
            line = line.args(&["--no-verify", "--allow-dirty"]);
        }
        for package in CRATES {
            line = line.args(&["--package", package]);
        }
        show_and_run(self.repository, &line)
    }
}
