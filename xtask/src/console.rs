//! What the tasks print. A step that runs beside others begins each line with its name.

use std::cell::Cell;
use std::fmt;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

thread_local! {
    /// The step that this thread performs beside others.
    static STEP: Cell<Option<&'static str>> = const { Cell::new(None) };
}

/// Whether steps run beside others.
static SHARED: AtomicBool = AtomicBool::new(false);

/// Says that steps run beside others from now on: a program's progress bar would mix with their lines.
pub(crate) fn share() {
    SHARED.store(true, Ordering::Relaxed);
}

/// Returns true if steps run beside others.
pub(crate) fn is_shared() -> bool {
    SHARED.load(Ordering::Relaxed)
}

/// Does work whose lines begin with the name of a step.
pub(crate) fn beside<T>(step: &'static str, work: impl FnOnce() -> T) -> T {
    let before = STEP.replace(Some(step));
    let done = work();
    STEP.set(before);
    done
}

/// Returns the name with which this thread's lines begin, if it works beside another.
pub(crate) fn step() -> Option<&'static str> {
    STEP.get()
}

/// Prints a line.
pub(crate) fn say(line: impl fmt::Display) {
    // As `println!`, but for its panic: a closed terminal must not end a run before its summary.
    let _ = print(step(), format!("{line}\n").as_bytes());
}

/// Prints a line that a program printed, in one piece.
pub(crate) fn print(step: Option<&str>, line: &[u8]) -> io::Result<()> {
    io::stdout().write_all(&labelled(step, line))
}

fn labelled(step: Option<&str>, line: &[u8]) -> Vec<u8> {
    let mut text = step
        .map_or_else(String::new, |step| format!("{step:<8}| "))
        .into_bytes();
    text.extend_from_slice(line);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_step_beside_others_names_itself() {
        assert_eq!(step(), None);
        assert_eq!(labelled(step(), b"ok\n"), b"ok\n");
        beside("web", || {
            assert_eq!(labelled(step(), b"ok\n"), b"web     | ok\n");
        });
        assert_eq!(step(), None);
    }
}
