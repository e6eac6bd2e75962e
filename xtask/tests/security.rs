//! SECURITY.md names a test in every row of its table, and each is there.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot read the tree has failed"
)]

mod named;

#[test]
fn every_threat_names_a_test_that_is_there() {
    let rows = named::rows("SECURITY.md", "| threat |");
    assert!(rows.len() > 20, "the table is found");
    for row in rows {
        let tests = named::tests(&row);
        assert!(!tests.is_empty(), "no test: {row}");
        tests.into_iter().for_each(named::check);
    }
}
