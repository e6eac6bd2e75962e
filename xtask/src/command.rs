//! Runs other programs: always at the root, without input, and printed as a command that a
//! developer can repeat.
//!
//! Children stay in this process's group: Ctrl-C on a terminal ends them together with it.

use std::env;
use std::ffi::OsString;
use std::fmt::{self, Write as _};
use std::fs::File;
use std::io::{self, BufRead, BufReader, PipeReader, Write};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use crate::console;
use crate::failure::Failure;
use crate::repository::Repository;
use crate::results::Counts;

/// The time after a program's end during which its children may still hold its output open.
const GRACE: Duration = Duration::from_secs(5);

/// A program and its arguments.
#[derive(Clone)]
pub(crate) struct Line {
    program: OsString,
    name: String,
    args: Vec<String>,
    env: Vec<(&'static str, String)>,
    /// Set like `env`, but not printed: a developer who repeats the command does not need it.
    quiet_env: Vec<(&'static str, String)>,
}

impl Line {
    pub(crate) fn new(program: impl Into<OsString>, name: impl Into<String>) -> Self {
        Self {
            program: program.into(),
            name: name.into(),
            args: Vec::new(),
            env: Vec::new(),
            quiet_env: Vec::new(),
        }
    }

    /// Returns the cargo that started this process, so that `cargo +nightly xtask` means one
    /// toolchain throughout.
    pub(crate) fn cargo(args: &[&str]) -> Self {
        let program = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        Self::new(program, "cargo").args(args)
    }

    pub(crate) fn args(mut self, args: &[&str]) -> Self {
        self.args.extend(args.iter().map(ToString::to_string));
        self
    }

    pub(crate) fn env(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.env.push((name, value.into()));
        self
    }

    pub(crate) fn quiet_env(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.quiet_env.push((name, value.into()));
        self
    }

    fn command(&self, repository: &Repository) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(&self.args)
            .current_dir(repository.root())
            .stdin(Stdio::null());
        // `cargo run` describes xtask's package in the environment. A build script that runs again
        // when such a variable changes would run again here and in the user's next build. In a hook,
        // git names the repository in the environment, also for commands in another one.
        for (name, _) in env::vars_os() {
            let ours = name.to_str().is_some_and(|name| {
                let prefixes = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"];
                let of_git = ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"];
                prefixes.iter().any(|prefix| name.starts_with(prefix)) || of_git.contains(&name)
            });
            if ours {
                command.env_remove(name);
            }
        }
        if console::is_shared() {
            command.env("CARGO_TERM_PROGRESS_WHEN", "never");
        }
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command.envs(self.quiet_env.iter().map(|(name, value)| (name, value)));
        command
    }

    fn start_failure(&self, error: io::Error) -> Failure {
        Failure::Start {
            program: self.name.clone(),
            error,
        }
    }

    /// Runs it with the output of this process; in a step beside others, with the step's name
    /// before each line.
    pub(crate) fn run(&self, repository: &Repository) -> Result<(), Failure> {
        if console::step().is_some() {
            return self.copied(repository, |_| Ok(()));
        }
        let status = self
            .command(repository)
            .status()
            .map_err(|error| self.start_failure(error))?;
        success(status)
    }

    /// Runs it without output. Returns the text that it printed, if it succeeded.
    pub(crate) fn ask(&self, repository: &Repository) -> Option<String> {
        let output = self.command(repository).output().ok()?;
        output
            .status
            .success()
            .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs it, prints its output and keeps it in a file, and counts the tests in it.
    pub(crate) fn run_and_keep(
        &self,
        repository: &Repository,
        path: &Path,
    ) -> (Counts, Result<(), Failure>) {
        let counts = Arc::default();
        let ended = self.keep(repository, path, &counts);
        let counts = *lock(&counts);
        (counts, ended)
    }

    fn keep(
        &self,
        repository: &Repository,
        path: &Path,
        counts: &Arc<Mutex<Counts>>,
    ) -> Result<(), Failure> {
        let mut file = File::create(path).map_err(Failure::at(path))?;
        let counts = Arc::clone(counts);
        self.copied(repository, move |line| {
            file.write_all(line)?;
            lock(&counts).add_line(&String::from_utf8_lossy(line));
            Ok(())
        })
    }

    /// Runs it, prints its output, and hands out each line.
    fn copied(
        &self,
        repository: &Repository,
        each: impl FnMut(&[u8]) -> io::Result<()> + Send + 'static,
    ) -> Result<(), Failure> {
        // One pipe for both streams keeps their lines in order.
        let (output, input) = io::pipe().map_err(Failure::Capture)?;
        let mut command = self.command(repository);
        command
            .stdout(input.try_clone().map_err(Failure::Capture)?)
            .stderr(input);
        let mut child = command.spawn().map_err(|error| self.start_failure(error))?;
        // It holds the copies of the pipe's writing end.
        drop(command);

        let (done, ended) = mpsc::channel();
        let step = console::step();
        thread::spawn(move || {
            // After the grace period there is no receiver.
            let _ = done.send(copy(output, step, each));
        });
        let status = child.wait().map_err(Failure::Capture)?;
        ended
            .recv_timeout(GRACE)
            .map_err(|_| Failure::Orphan)?
            .map_err(Failure::Capture)?;
        success(status)
    }
}

fn success(status: ExitStatus) -> Result<(), Failure> {
    if status.success() {
        Ok(())
    } else {
        Err(Failure::Ended(status))
    }
}

/// Prints lines, and hands each out.
fn copy(
    output: PipeReader,
    step: Option<&str>,
    mut each: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut output = BufReader::new(output);
    let mut line = Vec::new();
    while output.read_until(b'\n', &mut line)? > 0 {
        console::print(step, &line)?;
        each(&line)?;
        line.clear();
    }
    Ok(())
}

/// A count is valid at any moment, even after a thread that held it panicked.
fn lock(counts: &Mutex<Counts>) -> MutexGuard<'_, Counts> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Prints it for a shell at the root.
impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.env {
            write!(f, "{name}={} ", quoted(value))?;
        }
        f.write_str(&self.name)?;
        for arg in &self.args {
            f.write_char(' ')?;
            f.write_str(&quoted(arg))?;
        }
        Ok(())
    }
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./@=,:+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_shown_as_a_shell_takes_it() {
        let line = Line::new("/somewhere/cargo", "cargo")
            .args(&["doc", "it's one"])
            .env("RUSTDOCFLAGS", "-D warnings")
            .quiet_env("CARGO_TERM_COLOR", "never");
        assert_eq!(
            line.to_string(),
            r"RUSTDOCFLAGS='-D warnings' cargo doc 'it'\''s one'"
        );
    }
}
