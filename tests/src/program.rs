//! The binaries of the workspace as processes.

use std::collections::BTreeMap;
use std::env;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::files::{keep_output, root};

/// The time limit for a process to print or do something.
const PATIENCE: Duration = Duration::from_secs(30);

const PACKAGES: [&str; 6] = [
    "latchstring-local",
    "latchstring-define-auth-challenge",
    "latchstring-create-auth-challenge",
    "latchstring-verify-auth-challenge-response",
    "latchstring-sign-in",
    "latchstring-sign-up",
];

/// Returns the path of a package's binary.
///
/// Cargo is called once and builds what is out of date: the tests of this package alone do not
/// build the binaries of others, and `CARGO_BIN_EXE_…` names only the package's own.
fn binary(package: &str) -> PathBuf {
    static BINARIES: OnceLock<Result<BTreeMap<String, PathBuf>, String>> = OnceLock::new();
    match BINARIES.get_or_init(build) {
        Err(errors) => panic!("cargo builds the binaries:\n{errors}"),
        Ok(binaries) => binaries
            .get(package)
            .unwrap_or_else(|| panic!("{package} has a binary"))
            .clone(),
    }
}

/// Returns a cargo that runs as it would from a shell at the root.
fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()).stdin(Stdio::null());
    // Cargo describes the tests' package to them. A build script that runs again when such a
    // variable changes would run again here and in the user's next build.
    for (name, _) in env::vars_os() {
        let ours = name.to_str().is_some_and(|name| {
            [
                "CARGO_PKG_",
                "CARGO_MANIFEST_",
                "CARGO_BIN_",
                "CARGO_CRATE_",
            ]
            .iter()
            .any(|prefix| name.starts_with(prefix))
        });
        if ours {
            command.env_remove(name);
        }
    }
    command
}

fn build() -> Result<BTreeMap<String, PathBuf>, String> {
    let mut command = cargo();
    // Of the whole workspace, as the tests are built: for the package alone, cargo resolves other
    // features, and compiles the AWS SDK a second time. A package's binary has its name.
    command.args(["build", "--locked", "--message-format=json", "--workspace"]);
    for package in PACKAGES {
        command.args(["--bin", package]);
    }
    let output = command.output().expect("cargo can be started");
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    Ok(String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|message| {
            let path = message["executable"].as_str()?;
            Some((message["target"]["name"].as_str()?.to_owned(), path.into()))
        })
        .collect())
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
        let mut program = Self::start_anothers(command);
        program.name = Some(name.to_owned());
        program
    }

    /// Starts a third-party program, whose output may hold secrets and is not kept.
    pub(crate) fn start_anothers(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
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
