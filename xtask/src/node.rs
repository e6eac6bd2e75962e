//! npm packages, in the `node_modules` of the folder whose lock file lists them.

use std::fs;
use std::path::Path;

use crate::command::Line;
use crate::console;
use crate::failure::{Failed, Failure};
use crate::repository::Repository;

/// Installs the packages of the folder's lock file, unless they are installed.
pub(crate) fn modules(repository: &Repository, folder: &str) -> Result<(), Failed> {
    let lock = repository.root().join(folder).join("package-lock.json");
    let mut install = Line::new("npm", "npm")
        .args(&["ci", "--prefix", folder])
        .args(&["--no-audit", "--no-fund", "--loglevel=error"]);
    if Path::new("/usr/include/node/node.h").exists() {
        // Packages that compile C for Node.js would download its headers otherwise.
        install = install.quiet_env("npm_config_nodedir", "/usr");
    }
    let wanted =
        fs::read_to_string(&lock).map_err(|error| Failure::at(&lock)(error).of(&install))?;
    // Written last: an unfinished folder has none.
    let made_from = repository
        .root()
        .join(folder)
        .join("node_modules/.made-from");
    if fs::read_to_string(&made_from).is_ok_and(|made| made == wanted) {
        return Ok(());
    }
    console::say(format_args!("      $ {install}"));
    install
        .run(repository)
        .map_err(|failure| failure.of(&install))?;
    fs::write(&made_from, wanted).map_err(|error| Failure::at(&made_from)(error).of(&install))
}
