//! `cargo xtask fuzz`: the targets of `fuzz/`, driven by libFuzzer.

use std::fs;

use crate::command::Line;
use crate::failure::{Failed, Failure};
use crate::repository::Repository;
use crate::steps::show_and_run;

/// Builds the targets and runs one of them, or each in turn.
pub(crate) fn run(
    repository: &Repository,
    target: Option<&str>,
    seconds: u32,
    input: Option<&str>,
) -> Result<(), Failed> {
    let seeds = repository.root().join("fuzz/seeds");
    let targets = match target {
        Some(target) => vec![target.to_owned()],
        None => folders(&seeds).map_err(|failure| failure.of(&"cargo xtask fuzz"))?,
    };
    build(repository)?;
    for target in targets {
        let found = format!("target/fuzz/{target}");
        let folder = repository.root().join(&found);
        fs::create_dir_all(&folder)
            .map_err(|error| Failure::at(folder)(error).of(&"cargo xtask fuzz"))?;
        let libfuzzer = Line::new("target/debug/libfuzzer", "target/debug/libfuzzer")
            .env("LATCHSTRING_FUZZ", target.as_str());
        let line = match input {
            Some(input) => libfuzzer.args(&[input]),
            None => libfuzzer.args(&[
                &format!("-max_total_time={seconds}"),
                // An input that takes this long is a finding too.
                "-timeout=20",
                "-max_len=4096",
                "-print_final_stats=1",
                &format!("-artifact_prefix=target/fuzz/{target}-"),
                &found,
                &format!("fuzz/seeds/{target}"),
            ]),
        };
        show_and_run(repository, &line)?;
    }
    Ok(())
}

/// Builds the targets as the tests are built, so that third-party crates need no second build. The
/// crates of the workspace are instrumented, and optimised a little.
fn build(repository: &Repository) -> Result<(), Failed> {
    let wrapper = repository.root().join("fuzz/instrument.sh");
    let line = Line::cargo(&["build", "--workspace", "--locked", "--bin", "libfuzzer"])
        .args(&["--features", "latchstring-fuzz/libfuzzer"])
        .env("RUSTC_WORKSPACE_WRAPPER", wrapper.display().to_string())
        .env("CARGO_PROFILE_DEV_OPT_LEVEL", "1");
    show_and_run(repository, &line)
}

fn folders(of: &std::path::Path) -> Result<Vec<String>, Failure> {
    let entries = fs::read_dir(of).map_err(Failure::at(of))?;
    let mut names: Vec<_> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    names.sort();
    Ok(names)
}
