//! Checks the tests that a table of a document names.

use std::fs;
use std::path::{Path, PathBuf};

pub(crate) fn root() -> PathBuf {
    let parent = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    parent
        .expect("xtask is a folder of the workspace")
        .to_owned()
}

/// Checks that each row of the tables with this head names a test, and that each test that it names
/// exists. Returns the rows, each with the files of its tests.
pub(crate) fn check_rows(document: &str, head: &str, at_least: usize) -> Vec<(String, String)> {
    let rows = rows(document, head);
    assert!(rows.len() >= at_least, "{document}: the tables are found");
    let checked = rows.into_iter().map(|row| {
        let tests = tests(&row);
        assert!(!tests.is_empty(), "no test: {row}");
        let sources = tests.into_iter().map(check).collect();
        (row, sources)
    });
    checked.collect()
}

/// Returns the rows of each table with this head, without the head and the line below it.
pub(crate) fn rows(document: &str, head: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(document)).expect("the document");
    let mut rows = Vec::new();
    let mut lines = text.lines();
    while lines.any(|line| line.starts_with(head)) {
        let of_table = lines.by_ref().skip(1);
        rows.extend(
            of_table
                .take_while(|line| line.starts_with('|'))
                .map(str::to_owned),
        );
    }
    rows
}

/// Returns the tests in the last column of a row: every text between backticks that names a test.
pub(crate) fn tests(row: &str) -> Vec<&str> {
    let column = row.rsplit('|').nth(1).expect("a last column");
    let quoted = column.split('`').skip(1).step_by(2);
    quoted
        .filter(|name| name.contains("::") || is_a_script(name))
        .collect()
}

fn is_a_script(name: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|extension| extension == "js" || extension == "ts")
}

/// Returns the places of a module of the core, on whichever floor it is.
fn in_core(module: &str) -> Vec<String> {
    let floors = fs::read_dir(root().join("shared/core/src")).expect("the core");
    let names = floors.filter_map(|floor| floor.ok()?.file_name().into_string().ok());
    let files = names.map(|floor| format!("shared/core/src/{floor}/{module}.rs"));
    files.collect()
}

/// Returns the files that may hold a module of tests.
fn files(module: &str) -> Vec<String> {
    let Some((place, module)) = module.split_once('/') else {
        return match module {
            "handler" => vec!["shared/lambda/src/handler.rs".to_owned()],
            module => in_core(module),
        };
    };
    match place {
        "core" => vec![format!("shared/core/tests/policy/{module}.rs")],
        "messages" => vec![format!("shared/core/tests/messages/{module}.rs")],
        "http" => vec![format!("shared/lambda/tests/http/{module}.rs")],
        "identifier" => vec![format!("shared/core/src/value/identifier/{module}.rs")],
        "attacks" | "oracle" | "e2e" | "processes" => {
            vec![format!("tests/tests/{place}/{module}.rs")]
        }
        "aws" => vec![
            format!("tests/tests/aws/{module}.rs"),
            format!("shared/aws/src/{module}.rs"),
        ],
        "fuzz" => vec![format!("fuzz/tests/{module}.rs")],
        "lambda" => vec![format!("shared/lambda/src/{module}.rs")],
        "cognito" => vec![
            format!("local/cognito/tests/it/{module}.rs"),
            format!("local/cognito/src/{module}.rs"),
        ],
        "appsync" => vec![format!("local/appsync/tests/api/{module}.rs")],
        "local" => vec![format!("local/src/{module}.rs")],
        "doctor" => vec![
            format!("cli/tests/{module}.rs"),
            format!("cli/src/doctor/{module}.rs"),
        ],
        "xtask" => vec![format!("xtask/tests/{module}.rs")],
        other => panic!("{other} does not hold tests"),
    }
}

/// Returns whether there is a function of this name that is run as a test.
fn is_a_test(source: &str, name: &str) -> bool {
    let lines: Vec<_> = source.lines().map(str::trim_start).collect();
    let function = format!("fn {name}(");
    let declares = |line: &str| line.trim_start_matches("async ").starts_with(&function);
    lines.iter().enumerate().any(|(at, line)| {
        let before = lines[..at].iter().rev();
        let mut above = before.take_while(|line| line.starts_with(['#', '/']));
        declares(line)
            && above.any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test"))
    })
}

/// Checks that a named test is there: `place/module::name`, `place/module::*`, a file of tests in
/// JavaScript or TypeScript, or such a file and the title of a test in it after `::`. Returns the file's text.
pub(crate) fn check(test: &str) -> String {
    let read = |file: &str| fs::read_to_string(root().join(file)).ok();
    let script = test.split_once("::").filter(|(file, _)| is_a_script(file));
    if let Some((file, title)) = script {
        let source = read(file).unwrap_or_default();
        let is_there =
            ['"', '`', '\''].map(|quote| source.contains(&format!("{quote}{title}{quote}")));
        assert!(is_there.contains(&true), "{test} does not exist");
        return source;
    }
    if is_a_script(test) {
        return read(test).unwrap_or_else(|| panic!("{test} does not exist"));
    }
    let (module, name) = test.rsplit_once("::").expect("a module and a name");
    let sources: Vec<_> = files(module).iter().filter_map(|file| read(file)).collect();
    let has_it = |source: &String| match name {
        "*" => source.contains("#[test]") || source.contains("#[tokio::test]"),
        name => is_a_test(source, name),
    };
    let source = sources.into_iter().find(has_it);
    source.unwrap_or_else(|| panic!("{test} does not exist"))
}
