//! The binaries of the workspace as processes.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use crate::files::{keep_output, root};

/// The time limit for a process to print or do something.
const PATIENCE: Duration = Duration::from_secs(30);

/// Returns the path of a package's binary, beside the tests' own. The tests build nothing: with
/// `cargo test`, cargo builds only the binaries of the tested package.
fn binary(package: &str) -> PathBuf {
    let tests = env::current_exe().expect("the path of the running program");
    // target/debug/deps/e2e-…
    let folder = tests.ancestors().nth(2).expect("a folder of a profile");
    let path = folder.join(package);
    if let Err(fault) = is_current(&path) {
        panic!("{package} {fault}: cargo build --workspace --bins");
    }
    path
}

/// Checks that a binary exists and is not older than one of the sources that cargo lists beside it.
fn is_current(path: &Path) -> Result<(), String> {
    let changed = |path: &Path| path.metadata().and_then(|of| of.modified());
    let built = changed(path).map_err(|_| "is not built".to_owned())?;
    let listed = fs::read_to_string(path.with_extension("d"))
        .map_err(|_| "has no list of its sources".to_owned())?;
    let (_, sources) = listed.split_once(": ").unwrap_or_default();
    // Spaces in a path are escaped.
    let sources = sources.trim().replace("\\ ", "\0");
    for source in sources.split(' ').map(|source| source.replace('\0', " ")) {
        if !changed(Path::new(&source)).is_ok_and(|changed| changed <= built) {
            return Err(format!("is older than {source}"));
        }
    }
    Ok(())
}

/// A process. Dropping the value ends it, by its id.
pub struct Program {
    /// The output of a process of this workspace is kept under this name, for the search for leaks.
    name: Option<String>,
    child: Child,
    printed: watch::Receiver<String>,
}

impl Program {
    /// Starts a program whose output is kept under `name`.
    pub fn start(name: &str, command: &mut Command) -> Self {
        let mut program = Self::spawn(command.stdin(Stdio::null()));
        program.name = Some(name.to_owned());
        program
    }

    /// Starts a third-party program, whose output may hold secrets and is not kept. Its standard
    /// input ends with this process.
    pub(crate) fn start_third_party(command: &mut Command) -> Self {
        Self::spawn(command.stdin(Stdio::piped()))
    }

    fn spawn(command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program can be started");
        let (copy, printed) = watch::channel(String::new());
        let copy = Arc::new(copy);
        collect(child.stdout.take().expect("a pipe"), Arc::clone(&copy));
        collect(child.stderr.take().expect("a pipe"), copy);
        Self {
            name: None,
            child,
            printed,
        }
    }

    /// Starts `latchstring-local`.
    pub fn local(name: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new(binary("latchstring-local"));
        command.args(arguments).env_remove("LEGACY_POOL");
        Self::start(name, &mut command)
    }

    /// Runs `latchstring-local demo` to its end. Its output is not kept: it shows the codes of
    /// example users.
    pub fn demo() -> Output {
        Command::new(binary("latchstring-local"))
            .arg("demo")
            .stdin(Stdio::null())
            .output()
            .expect("the demo runs")
    }

    /// Starts a Lambda with these variables and no others.
    pub fn lambda(name: &str, package: &str, environment: &[(String, String)]) -> Self {
        Self::function(name, &binary(package), environment)
    }

    /// Starts a Lambda that was built before, from a folder of `target`.
    pub fn built(
        name: &str,
        profile: &str,
        package: &str,
        environment: &[(String, String)],
    ) -> Self {
        let program = root().join("target").join(profile).join(package);
        Self::function(name, &program, environment)
    }

    fn function(name: &str, program: &Path, environment: &[(String, String)]) -> Self {
        let mut command = Command::new(program);
        command.env_clear();
        for (name, value) in environment {
            command.env(name, value);
        }
        Self::start(name, &mut command)
    }

    /// Returns the address that the local service prints when it is ready.
    pub async fn address(&mut self) -> String {
        let after = self.line_after("listens on ").await;
        let after = after.expect("the address is printed");
        let address = after.split_whitespace().next();
        address.expect("an address").to_owned()
    }

    /// Returns the rest of the first line in which it prints a text; `None` if it ends before.
    pub(crate) async fn line_after(&mut self, text: &str) -> Option<String> {
        let line = |printed: &str| {
            let (_, after) = printed.split_once(text)?;
            Some(after.split_once('\n')?.0.to_owned())
        };
        let printed = timeout(
            PATIENCE,
            self.printed.wait_for(|printed| line(printed).is_some()),
        )
        .await
        .expect("it is printed in time")
        .ok()?;
        line(&printed)
    }

    /// Waits until a whole line with this text is printed.
    pub async fn printed_line(&mut self, text: &str) {
        let line = self.line_after(text).await;
        assert!(line.is_some(), "it is printed before the end");
    }

    /// Returns the id of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Returns the output so far, of both streams.
    pub fn printed(&self) -> String {
        self.printed.borrow().clone()
    }

    /// Sends a signal by its name, such as `INT` for Ctrl-C.
    pub fn signal(&self, signal: &str) {
        // The shell's own `kill`: the program is not installed everywhere.
        let sent = Command::new("sh")
            .args(["-c", "kill -\"$0\" \"$1\"", signal])
            .arg(self.child.id().to_string())
            .status()
            .expect("a shell");
        assert!(sent.success(), "the signal is sent");
    }

    /// Waits for the process to end without a signal. Returns its status and its output.
    pub async fn ended(&mut self) -> (ExitStatus, String) {
        let closed = self.printed.wait_for(|_| false);
        // It holds both streams until it ends.
        assert!(
            timeout(PATIENCE, closed)
                .await
                .expect("the process ends in time")
                .is_err(),
            "both streams end"
        );
        let status = self.child.wait().expect("the process is a child");
        (status, self.printed())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Fails only if the process has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(name) = &self.name {
            keep_output(name, self.printed.borrow().as_bytes());
        }
    }
}

fn collect(stream: impl Read + Send + 'static, copy: Arc<watch::Sender<String>>) {
    thread::spawn(move || {
        let mut stream = BufReader::new(stream);
        let mut line = Vec::new();
        while stream.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
            copy.send_modify(|text| text.push_str(&String::from_utf8_lossy(&line)));
            line.clear();
        }
    });
}
