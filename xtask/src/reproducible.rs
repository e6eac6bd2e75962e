//! `cargo xtask reproducible`: two builds of a function have the same bytes.

use std::fs;
use std::time::{Duration, Instant};

use crate::command::Line;
use crate::failure::{Failed, Failure};
use crate::package;
use crate::repository::Repository;
use crate::steps::{renew, show_and_run};
use crate::summary::elapsed;

/// The folder of the clones.
const FOLDER: &str = "target/reproducible";

/// The clones: paths of different lengths, one with a space.
const CLONES: [&str; 2] = ["one", "another clone/of the same commit"];

/// Builds a function in two clones of the last commit, and compares the zips.
pub(crate) fn run(repository: &Repository, function: &str) -> Result<(), Failed> {
    let repeat = format!("cargo xtask reproducible --function {function}");
    let folder = repository.root().join(FOLDER);
    renew(&folder).map_err(|error| Failure::at(&folder)(error).of(&repeat))?;
    let mut zips = Vec::new();
    let mut took = Vec::new();
    for clone in CLONES {
        let begun = Instant::now();
        let path = format!("{FOLDER}/{clone}");
        let line =
            Line::new("git", "git").args(&["clone", "--quiet", "--no-hardlinks", ".", &path]);
        show_and_run(repository, &line)?;
        let clone = Repository::at(folder.join(clone));
        let zip = package::one(&clone, function)?;
        println!("      {} bytes in {path}", zip.len());
        zips.push(zip);
        took.push(begun.elapsed());
    }
    if zips[0] != zips[1] {
        return Err(Failure::DifferentBytes(function.to_owned()).of(&repeat));
    }
    fs::remove_dir_all(&folder).map_err(|error| Failure::at(&folder)(error).of(&repeat))?;
    println!(
        "Two builds of {function} give the same zip of {} bytes, in {}.",
        zips[0].len(),
        elapsed(took.iter().sum::<Duration>())
    );
    Ok(())
}
