//! The Terraform module, in an archive that a `source` can name.

use std::path::{Path, PathBuf};

use crate::failure::{Failed, Failure};
use crate::package;
use crate::results::Counts;
use crate::steps;

use super::{Release, STAGE, contents, files, unpack, write};

/// The folder of the module. Its tests are not published.
const MODULE: &str = "infra/terraform";

impl Release<'_> {
    /// Packs the module, and plans deployments with what was packed.
    pub(super) fn terraform(&self) -> Result<(), Failed> {
        let unpacked = format!("{STAGE}/terraform");
        let pack = || {
            let root = self.repository.root();
            let archive = self.folder.join("latchstring-terraform.zip");
            write(&archive, &package::stored(&contents(module(root)?)?)?)?;
            unpack(&archive, &root.join(&unpacked))
        };
        pack().map_err(|why: Failure| why.of(&"cargo xtask release"))?;
        steps::terraform(self.repository, &unpacked, &mut Counts::default())
    }
}

/// Returns the names and paths of the module's files, and of the licences.
fn module(root: &Path) -> Result<Vec<(String, PathBuf)>, Failure> {
    let folder = root.join(MODULE);
    let mut all = files(&folder)?;
    // Not what a developer's Terraform leaves there, such as a state.
    all.retain(|(_, path)| path.extension().is_some_and(|it| it == "tf"));
    for (name, path) in files(&folder.join("generated"))? {
        all.push((format!("generated/{name}"), path));
    }
    for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
        all.push((licence.to_owned(), root.join(licence)));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::Repository;

    #[test]
    fn every_file_that_the_module_reads_is_packed() {
        let repository = Repository::find().expect("the workspace");
        let packed = module(repository.root())
            .and_then(contents)
            .expect("the module");
        let has = |name: &str| packed.iter().any(|(packed, _)| packed == name);
        let pattern = regex::Regex::new(r"\$\{path\.module\}/([\w./-]+)").expect("a pattern");
        let mut read = 0;
        for (name, text) in &packed {
            let text = str::from_utf8(text).expect("text");
            for found in pattern.captures_iter(text) {
                assert!(has(&found[1]), "{name} reads {}", &found[1]);
                read += 1;
            }
        }
        assert!(read > 3 && has("LICENSE-MIT"));
        assert!(packed.iter().all(|(name, _)| !name.starts_with("test")));
    }
}
