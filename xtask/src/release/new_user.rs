//! The release's packages, used from an empty folder without Rust.

use crate::command::Line;
use crate::failure::Failed;
use crate::steps::show_and_run;

use super::{FOLDER, Release};

impl Release<'_> {
    /// Installs the npm packages, synthesises a stack, starts the local service, signs in as README
    /// says, and runs the doctor.
    pub(super) fn new_user(&self) -> Result<(), Failed> {
        let line = Line::new("node", "node").args(&["npm/new-user.mjs", FOLDER]);
        show_and_run(self.repository, &line)
    }
}
