//! SECURITY.md names a test in every row of its table, and each is there.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot read the tree has failed"
)]

use std::fs;
use std::path::Path;

/// The file that a test's path is about, and the test's name.
fn place(named: &str) -> (String, &str) {
    let (module, name) = named.rsplit_once("::").expect("a module and a name");
    let file = match module.split_once('/') {
        Some(("core", module)) => format!("shared/core/tests/policy/{module}.rs"),
        Some(("attacks", module)) => format!("tests/tests/attacks/{module}.rs"),
        Some(("oracle", module)) => format!("tests/tests/oracle/{module}.rs"),
        Some(("e2e", module)) => format!("tests/tests/e2e/{module}.rs"),
        Some(("processes", module)) => format!("tests/tests/processes/{module}.rs"),
        Some(("fuzz", module)) => format!("fuzz/tests/{module}.rs"),
        Some(("messages", module)) => format!("shared/core/tests/messages/{module}.rs"),
        Some(("lambda", module)) => format!("shared/lambda/src/{module}.rs"),
        Some((other, _)) => panic!("{other} is no place for tests"),
        None if module == "handler" => "shared/lambda/src/handler.rs".to_owned(),
        None => format!("shared/core/src/{module}.rs"),
    };
    (file, name)
}

/// Whether there is a function of this name that is run as a test.
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

#[test]
fn every_threat_names_a_test_that_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask is a folder of the workspace");
    let read = |file: &str| fs::read_to_string(root.join(file)).unwrap_or_default();
    let security = read("SECURITY.md");
    let rows: Vec<_> = security
        .lines()
        .skip_while(|line| !line.starts_with("| threat |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .collect();
    assert!(rows.len() > 20, "the table is found");
    for row in rows {
        let tests = row.rsplit('|').nth(1).expect("a last column");
        let mut named = tests
            .split('`')
            .skip(1)
            .step_by(2)
            .filter(|t| t.contains("::"));
        let first = named.next();
        assert!(first.is_some(), "no test: {row}");
        for test in first.into_iter().chain(named) {
            let (file, name) = place(test);
            let source = read(&file);
            let there = match name {
                "*" => source.contains("#[test]") || source.contains("#[tokio::test]"),
                name => is_a_test(&source, name),
            };
            assert!(there, "{test} is not in {file}");
        }
    }
}
