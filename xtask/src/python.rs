//! Python packages, in environments of their own inside `target`.

use std::fs;
use std::path::PathBuf;

use crate::command::Line;
use crate::console;
use crate::failure::{Failed, Failure};
use crate::repository::Repository;

/// Returns the environment `name` with the packages of `requirements`, a file of pinned versions by
/// its path in the repository. An environment made from the same file is kept; otherwise it is made
/// from scratch.
pub(crate) fn environment(
    repository: &Repository,
    name: &str,
    requirements: &str,
) -> Result<PathBuf, Failed> {
    let folder = repository.tools().join(name);
    let shown = repository.shown(&folder);
    let list = repository.root().join(requirements);
    let again = format!("python3 -m venv {shown}");
    let wanted = fs::read_to_string(&list).map_err(|error| Failure::at(&list)(error).of(&again))?;
    // Written last: an unfinished environment has none.
    let made_from = folder.join("made-from.txt");
    if fs::read_to_string(&made_from).is_ok_and(|made| made == wanted) {
        return Ok(folder);
    }

    console::say(format_args!(
        "Installing {requirements} into {shown}, this once."
    ));
    let create = Line::new("python3", "python3").args(&["-m", "venv", "--clear", &shown]);
    console::say(format_args!("      $ {create}"));
    create
        .run(repository)
        .map_err(|failure| failure.of(&create))?;
    let pip = folder.join("bin/pip");
    let pip_name = repository.shown(&pip);
    let install = Line::new(pip, pip_name)
        .args(&["install", "--quiet", "--disable-pip-version-check"])
        .args(&["--requirement", requirements]);
    console::say(format_args!("      $ {install}"));
    install
        .run(repository)
        .map_err(|failure| failure.of(&install))?;
    fs::write(&made_from, wanted).map_err(|error| Failure::at(&made_from)(error).of(&again))?;
    Ok(folder)
}
