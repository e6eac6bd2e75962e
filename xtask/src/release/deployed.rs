//! The release's packages, deployed on an emulator of AWS with the release's own programs.

use crate::deploy_check;
use crate::failure::{Failed, Failure};

use super::programs::archive_of_this_machine;
use super::{Release, STAGE, unpack};

impl Release<'_> {
    /// Unpacks the functions, the templates and the programs as a user does, and plays the scenarios.
    pub(super) fn deployed(&self) -> Result<(), Failed> {
        let architecture = deploy_check::this_machine()?.name();
        let lambdas = format!("latchstring-lambdas-{architecture}.zip");
        let (packages, programs) = (format!("{STAGE}/packages"), format!("{STAGE}/programs"));
        let root = self.repository.root();
        let of_this_machine = archive_of_this_machine()?;
        for (archive, folder) in [(lambdas, &packages), (of_this_machine, &programs)] {
            unpack(&self.folder.join(archive), &root.join(folder))
                .map_err(|why: Failure| why.of(&"cargo xtask release"))?;
        }
        deploy_check::play(self.repository, &root.join(packages), &programs)
    }
}
