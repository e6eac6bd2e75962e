//! SECURITY.md names a test in every row of its table, and each is there.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot read the tree has failed"
)]

mod named;

#[test]
fn every_threat_names_an_existing_test() {
    named::check_rows("SECURITY.md", "| threat |", 20);
}
