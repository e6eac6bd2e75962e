//! docs/pools.md names a test, a check or a reason in every row, and each test and check is there.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot read the tree has failed"
)]

#[expect(dead_code, reason = "a row here may name a check instead of a test")]
mod named;

use std::fs;

/// The heads of the tables, each with its columns of states.
const TABLES: [(&str, std::ops::Range<usize>); 2] =
    [("| pool | state |", 1..2), ("| pool with | Lite |", 1..4)];

#[test]
fn every_pool_has_a_state_with_its_proof() {
    let checks = checks();
    let mut count = 0;
    for (head, columns) in TABLES {
        for row in named::rows("docs/pools.md", head) {
            let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
            let proof = cells.last().expect("a last column");
            let tests = named::tests(&row);
            for test in &tests {
                named::check(test);
            }
            let quoted = proof.split('`').skip(1).step_by(2);
            let named: Vec<&str> = quoted.filter(|it| checks.contains(*it)).collect();
            for state in &cells[columns.clone()] {
                match state.split([' ', ',']).next().unwrap_or_default() {
                    "works" => assert!(!tests.is_empty(), "no test: {row}"),
                    "refused" | "reported" => assert!(!named.is_empty(), "no check: {row}"),
                    "unverified" => assert!(row.contains("because"), "no reason: {row}"),
                    _ => assert_eq!(*state, "not offered", "{row}"),
                }
                count += 1;
            }
        }
    }
    assert!(count > 60, "{count}: the tables are found");
}

/// Returns the texts of the doctor's checks, the names of the checks among them.
fn checks() -> std::collections::BTreeSet<String> {
    let folder = named::root().join("cli/src/doctor/checks");
    let files = fs::read_dir(folder).expect("the checks");
    let texts = files.map(|file| fs::read_to_string(file.expect("a file").path()).expect("text"));
    let quoted = texts.flat_map(|text| {
        let quoted = text.split('"').skip(1).step_by(2);
        quoted.map(str::to_owned).collect::<Vec<_>>()
    });
    quoted.filter(|text| text.contains('.')).collect()
}
