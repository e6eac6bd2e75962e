//! The doors of the scenarios: each test of `tests/tests/e2e` and `tests/tests/attacks` says through
//! which doors it runs, by `doors!` in its file.

use std::fs;
use std::path::Path;

/// Returns the tests of a source that its `doors!` does not list.
fn unlisted(source: &str) -> Vec<&str> {
    let (_, block) = source.split_once("doors!").unwrap_or_default();
    if block.starts_with("(all:") {
        return Vec::new();
    }
    let block = block.split("\n}\n").next().unwrap_or_default();
    let listed: Vec<_> = block
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .collect();
    let tests = source.split("#[tokio::test").skip(1).filter_map(|rest| {
        let (_, name) = rest.split_once("async fn ")?;
        name.split('(').next()
    });
    tests.filter(|test| !listed.contains(test)).collect()
}

#[test]
fn every_scenario_says_through_which_doors_it_runs() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/tests");
    let mut files = 0;
    for folder in ["e2e", "attacks"] {
        let folder = fs::read_dir(tests.join(folder)).expect("the folder of scenarios");
        for file in folder {
            let path = file.expect("an entry").path();
            let source = fs::read_to_string(&path).expect("a source");
            let unlisted = unlisted(&source);
            assert!(unlisted.is_empty(), "{}: {unlisted:?}", path.display());
            files += usize::from(source.contains("doors!"));
        }
    }
    assert!(files > 40, "the scenarios are found");
}

#[test]
fn a_test_that_is_not_listed_is_found() {
    let source = "latchstring_tests::doors! {\n    both: [a_b],\n}\n\n\
        #[tokio::test]\nasync fn a_b() {}\n\
        #[tokio::test(flavor = \"multi_thread\")]\nasync fn b() {}\n";
    assert_eq!(unlisted(source), ["b"]);
    assert!(unlisted(&source.replace("[a_b]", "[a_b, b]")).is_empty());
    let none = source.replace("doors", "windows");
    assert_eq!(unlisted(&none), ["a_b", "b"]);
}
