//! The outcome of a run, in a table.

use std::time::Duration;

use crate::failure::Failed;
use crate::results::Counts;
use crate::steps::Step;

/// The outcome of one step.
pub(crate) struct Ran {
    pub(crate) step: Step,
    pub(crate) took: Duration,
    pub(crate) failed: Option<Failed>,
}

/// Formats a duration for the table.
pub(crate) fn elapsed(time: Duration) -> String {
    let tenths = time.as_millis() / 100;
    let seconds = tenths / 10;
    match seconds {
        0..60 => format!("{seconds}.{} s", tenths % 10),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60),
    }
}

/// Returns the table, the failures with the commands that repeat them, and last, if tests were run,
/// their number.
pub(crate) fn lines(
    steps: &[Step],
    ran: &[Ran],
    total: Duration,
    counts: Option<Counts>,
) -> Vec<String> {
    let mut lines = vec![row("step", "time", "result")];
    for step in steps {
        lines.push(match ran.iter().find(|ran| ran.step == *step) {
            None => row(step.name(), "", "not run"),
            Some(Ran { took, failed, .. }) => {
                let result = if failed.is_none() { "ok" } else { "FAILED" };
                row(step.name(), &elapsed(*took), result)
            }
        });
    }
    lines.push(row("total", &elapsed(total), ""));
    for ran in ran {
        if let Some(Failed { repeat, why }) = &ran.failed {
            lines.push(String::new());
            lines.push(format!("{} failed: {why}.", ran.step.name()));
            lines.push(format!("To repeat it, at the repository's root: {repeat}"));
        }
    }
    if let Some(counts) = counts {
        lines.push(String::new());
        if counts.ignored > 0 {
            lines.push(format!("{} ignored", counts.ignored));
        }
        lines.push(counts.to_string());
    }
    lines
}

fn row(step: &str, time: &str, result: &str) -> String {
    format!("{step:<13}{time:>11}  {result}")
        .trim_end()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Failure;

    #[test]
    fn times_are_readable() {
        for (millis, text) in [
            (0, "0.0 s"),
            (940, "0.9 s"),
            (59_999, "59.9 s"),
            (65_000, "1 min 05 s"),
            (3_599_999, "59 min 59 s"),
            (3_720_000, "1 h 02 min"),
        ] {
            assert_eq!(elapsed(Duration::from_millis(millis)), text);
        }
    }

    #[test]
    fn a_failure_names_its_command_and_the_count_is_last() {
        let ran = [
            Ran {
                step: Step::Clippy,
                took: Duration::from_secs(65),
                failed: None,
            },
            Ran {
                step: Step::Tests,
                took: Duration::from_secs(2),
                failed: Some(Failure::NoTests.of(&"cargo test")),
            },
        ];
        let counts = Counts {
            passed: 0,
            failed: 0,
            ignored: 3,
        };
        let lines = lines(
            &[Step::Clippy, Step::Tests, Step::Leaks],
            &ran,
            Duration::from_secs(67),
            Some(counts),
        );
        assert_eq!(
            lines,
            [
                "step                time  result",
                "clippy        1 min 05 s  ok",
                "tests              2.0 s  FAILED",
                "leaks                     not run",
                "total         1 min 07 s",
                "",
                "tests failed: no test ran.",
                "To repeat it, at the repository's root: cargo test",
                "",
                "3 ignored",
                "0 passed, 0 failed",
            ]
        );
    }
}
