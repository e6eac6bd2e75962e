//! Counting tests from what `cargo test` and `node --test` print.

use std::fmt;
use std::ops::AddAssign;

/// The number of tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) ignored: u64,
}

impl Counts {
    /// Adds the numbers of a line, if it is a result line of one test binary, `test result: ok. 3
    /// passed; 0 failed; 1 ignored; …`, or of Node's, `ℹ pass 3`.
    pub(crate) fn add_line(&mut self, line: &str) {
        if let Some((what, number)) = line
            .strip_prefix("ℹ ")
            .and_then(|result| result.trim_end().split_once(' '))
        {
            if let Ok(number) = number.parse::<u64>() {
                match what {
                    "pass" => self.passed += number,
                    // Node does not count a cancelled test as failed, but it is not a success.
                    "fail" | "cancelled" => self.failed += number,
                    "skipped" | "todo" => self.ignored += number,
                    _ => {}
                }
            }
            return;
        }
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

    /// Returns true if no test was run.
    pub(crate) fn is_nothing(self) -> bool {
        self.passed == 0 && self.failed == 0
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, more: Self) {
        self.passed += more.passed;
        self.failed += more.failed;
        self.ignored += more.ignored;
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
    fn the_results_of_node_are_added_too() {
        let mut counts = Counts::default();
        for line in [
            "✔ a test named ℹ pass 9 (1.2ms)\n",
            "ℹ tests 12\n",
            "ℹ suites 0\n",
            "ℹ pass 8\n",
            "ℹ fail 2\n",
            "ℹ cancelled 1\n",
            "ℹ skipped 1\n",
            "ℹ todo 0\n",
            "ℹ duration_ms 2824.239953\n",
        ] {
            counts.add_line(line);
        }
        assert_eq!(
            counts,
            Counts {
                passed: 8,
                failed: 3,
                ignored: 1
            }
        );
    }

    #[test]
    fn a_run_without_tests_is_empty() {
        let mut counts = Counts::default();
        counts.add_line("test result: ok. 0 passed; 0 failed; 3 ignored; 0 measured");
        assert!(counts.is_nothing());
    }
}
