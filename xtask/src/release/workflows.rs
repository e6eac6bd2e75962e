//! The workflow files, which nothing else runs before a release.

use crate::command::Line;
use crate::failure::Failed;
use crate::python;
use crate::repository::Repository;
use crate::steps::show_and_run;

/// The folder of the workflow files.
const FOLDER: &str = ".github/workflows";

/// Checks the workflow files against their schema, and for known mistakes of security, without a
/// network.
pub(super) fn check(repository: &Repository) -> Result<(), Failed> {
    let tools = python::environment(repository, "release", "xtask/release-requirements.txt")?;
    let tool = |name: &str| {
        let path = tools.join("bin").join(name);
        let shown = repository.shown(&path);
        Line::new(path, shown)
    };
    let schema = tool("check-jsonschema").args(&["--builtin-schema", "vendor.github-workflows"]);
    let files = ["release.yml", "test.yml"].map(|file| format!("{FOLDER}/{file}"));
    show_and_run(
        repository,
        &schema.args(&files.each_ref().map(|file| &**file)),
    )?;
    let mistakes = tool("zizmor").args(&["--offline", "--quiet", "--min-confidence", "medium"]);
    show_and_run(repository, &mistakes.args(&[FOLDER]))
}
