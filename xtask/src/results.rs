//! Counting tests from what `cargo test` prints.

use std::fmt;

/// How many tests there were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) ignored: u64,
}

impl Counts {
    /// Adds what a line tells, if it is a result line of one test binary:
    /// `test result: ok. 3 passed; 0 failed; 1 ignored; …`.
    pub(crate) fn add_line(&mut self, line: &str) {
        // Not only at the start of a line: a process that a test started may have written there.
        let Some((_, result)) = line.split_once("test result: ") else {
            return;
        };
        let Some((_, counts)) = result.split_once(". ") else {
            return;
        };
        for count in counts.split("; ") {
            let Some((number, what)) = count.trim().split_once(' ') else {
                continue;
            };
            let Ok(number) = number.parse::<u64>() else {
                continue;
            };
            match what {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
        }
    }

    /// Whether no test was run at all.
    pub(crate) fn is_nothing(self) -> bool {
        self.passed == 0 && self.failed == 0
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_results_of_all_binaries_are_added_up() {
        let mut counts = Counts::default();
        for line in [
            "running 14 tests\n",
            "test results: none ... ok\n",
            "test result: ok. 12 passed; 0 failed; 2 ignored; 0 measured; 7 filtered out; finished in 0.01s\n",
            "test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.20s\n",
            "a line without endtest result: ok. 1 passed; 0 failed; 0 ignored\n",
        ] {
            counts.add_line(line);
        }
        assert_eq!(
            counts,
            Counts {
                passed: 16,
                failed: 1,
                ignored: 2
            }
        );
        assert_eq!(counts.to_string(), "16 passed, 1 failed");
    }

    #[test]
    fn a_run_without_tests_is_nothing() {
        let mut counts = Counts::default();
        counts.add_line("test result: ok. 0 passed; 0 failed; 3 ignored; 0 measured");
        assert!(counts.is_nothing());
    }
}
