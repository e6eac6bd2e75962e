//! The transcript of a run, as Markdown. It holds no secret, code, contact, token or account number.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::Instant;

/// The outcome of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// As expected.
    Ok,
    /// An observation.
    Seen,
    /// It failed.
    Failed,
}

impl Mark {
    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Seen => "seen",
            Self::Failed => "FAILED",
        }
    }
}

/// A transcript.
#[derive(Debug)]
pub struct Transcript {
    text: String,
    account: String,
    show: fn(&str),
    begun: Instant,
    failed: usize,
    settled: Vec<(&'static str, String)>,
}

impl Transcript {
    /// Returns the transcript of a run that begins now. `account` is the number that is left out, and `show` prints
    /// a line of progress.
    pub fn new(title: &str, account: &str, show: fn(&str)) -> Self {
        Self {
            show,
            account: account.to_owned(),
            text: format!("# {title}\n\n"),
            begun: Instant::now(),
            failed: 0,
            settled: Vec::new(),
        }
    }

    /// Returns a text without the number of the account: reasons of AWS have ARNs.
    fn public(&self, text: &str) -> String {
        if self.account.is_empty() {
            return text.to_owned();
        }
        text.replace(&self.account, "ACCOUNT")
    }

    /// Adds a paragraph.
    pub fn paragraph(&mut self, text: &str) {
        let text = self.public(text);
        // Writing to a String does not fail.
        let _ = writeln!(self.text, "{text}\n");
    }

    /// Begins a section, and shows its name.
    pub(super) fn section(&mut self, name: &str) {
        let _ = writeln!(self.text, "\n## {name}\n");
        (self.show)(name);
    }

    /// Adds the outcome of a step, and shows it.
    pub(super) fn line(&mut self, mark: Mark, text: &str) {
        let seconds = self.begun.elapsed().as_secs();
        let (word, text) = (mark.word(), self.public(text));
        let _ = writeln!(self.text, "- {word} (after {seconds} s): {text}");
        (self.show)(&format!("  {word:<6} {text}"));
        if mark == Mark::Failed {
            self.failed += 1;
        }
    }

    /// Adds the outcome of a step that may have failed.
    pub(super) fn outcome(&mut self, what: &str, result: &Result<(), String>) {
        match result {
            Ok(()) => self.line(Mark::Ok, what),
            Err(reason) => self.line(Mark::Failed, &format!("{what}: {reason}")),
        }
    }

    /// Adds what a probe saw of an assumption.
    pub(super) fn settle(&mut self, id: &'static str, seen: &str) {
        let seen = self.public(seen);
        self.settled.push((id, seen));
    }

    /// Adds a failure.
    pub fn fail(&mut self, reason: &str) {
        self.line(Mark::Failed, reason);
    }

    /// Adds a note.
    pub fn note(&mut self, text: &str) {
        self.line(Mark::Seen, text);
    }

    /// Returns what was seen of each assumption: its id and a sentence.
    pub fn seen(&self) -> &[(&'static str, String)] {
        &self.settled
    }

    /// Returns the number of steps that failed.
    pub fn failed(&self) -> usize {
        self.failed
    }

    /// Returns the text, with what was seen of each assumption.
    pub fn text(&self) -> String {
        let mut text = self.text.clone();
        let mut settled = self.settled.clone();
        settled.sort();
        if !settled.is_empty() {
            text.push_str("\n## Assumptions of docs/unverified.md\n\n| id | seen |\n|---|---|\n");
        }
        for (id, seen) in settled {
            let _ = writeln!(text, "| {id} | {} |", seen.replace('|', "/"));
        }
        let failed = self.failed;
        let _ = writeln!(text, "\nSteps that failed: {failed}.");
        text
    }
}

/// Appends the text of a transcript to a file: that of a run is not lost when the run is continued or deleted.
///
/// # Errors
/// If the file cannot be written. The text names it.
pub fn append(file: &Path, text: &str) -> Result<(), String> {
    let write = || -> io::Result<()> {
        let mut file = File::options().create(true).append(true).open(file)?;
        let begin = if file.metadata()?.len() > 0 { "\n" } else { "" };
        file.write_all(format!("{begin}{text}").as_bytes())
    };
    write().map_err(|error| format!("{} cannot be written: {error}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    thread_local! {
        static SHOWN: std::cell::RefCell<String> = const { std::cell::RefCell::new(String::new()) };
    }

    #[test]
    fn the_account_is_in_nothing_that_is_shown_or_kept() {
        let show = |line: &str| SHOWN.with_borrow_mut(|it| it.push_str(line));
        let mut transcript = Transcript::new("Run", "123456789012", show);
        let reason = "arn:aws:iam::123456789012:role/x is denied";
        transcript.paragraph(reason);
        transcript.fail(reason);
        transcript.note(reason);
        transcript.settle("U-01", reason);
        let shown = SHOWN.with_borrow(String::clone);
        let seen = format!("{:?}", transcript.seen());
        for text in [shown, seen, transcript.text()] {
            assert!(!text.contains("123456789012"), "{text}");
            assert!(text.contains("arn:aws:iam::ACCOUNT:role/x"), "{text}");
        }
    }

    #[test]
    fn a_second_transcript_leaves_the_first_in_the_file() {
        let file = std::env::temp_dir().join(format!("transcript-{}.md", std::process::id()));
        append(&file, "# One\n").expect("it is written");
        append(&file, "# Two\n").expect("it is written");
        let text = std::fs::read_to_string(&file).expect("a file");
        assert_eq!(text, "# One\n\n# Two\n");
        std::fs::remove_file(&file).expect("it is removed");
    }
}
