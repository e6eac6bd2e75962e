//! One function as a process: started, called, and its use of resources read from the kernel.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::host::{Host, Invocation};

/// A function, and the command that starts it.
pub(crate) struct Function {
    pub(crate) name: &'static str,
    /// The program and its arguments.
    pub(crate) command: Vec<String>,
    pub(crate) folder: PathBuf,
    pub(crate) environment: Vec<(&'static str, String)>,
    /// The deployed size in bytes: the binary, or the bundle without the runtime.
    pub(crate) size: Option<u64>,
}

/// A process, and its host.
pub(crate) struct Running {
    child: Child,
    host: Host,
    log: PathBuf,
    pub(crate) init: Duration,
}

/// The resources that a process has used.
#[derive(Clone, Copy)]
pub(crate) struct Usage {
    pub(crate) cpu: Duration,
    /// The peak of its memory, in bytes.
    pub(crate) peak: u64,
}

impl Function {
    /// Starts the function and waits until it polls its first event. Its output goes to `logs`.
    pub(crate) fn start(&self, logs: &Path) -> Result<Running, String> {
        self.start_under(&[], logs)
    }

    /// Starts the function as the last arguments of another program.
    pub(crate) fn start_under(&self, wrapper: &[String], logs: &Path) -> Result<Running, String> {
        let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", self.name);
        let mut host = Host::listen().map_err(|error| failed(&error))?;
        let log = logs.join(format!("{}.log", self.name.replace([' ', ':', ','], "-")));
        let output = File::create(&log).map_err(|error| failed(&error))?;
        let errors = output.try_clone().map_err(|error| failed(&error))?;
        let mut words = wrapper.iter().chain(&self.command);
        let mut command = Command::new(words.next().map_or("", String::as_str));
        command
            .args(words)
            .current_dir(&self.folder)
            .env_clear()
            .envs([
                ("AWS_LAMBDA_RUNTIME_API", host.address.as_str()),
                ("AWS_LAMBDA_FUNCTION_NAME", "latchstring"),
                ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
                ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
                ("AWS_LAMBDA_LOG_STREAM_NAME", "stream"),
                ("AWS_LAMBDA_LOG_GROUP_NAME", "group"),
                ("AWS_REGION", "eu-west-1"),
                ("AWS_DEFAULT_REGION", "eu-west-1"),
                ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
                ("AWS_SECRET_ACCESS_KEY", "not-a-secret"),
                ("AWS_SESSION_TOKEN", "not-a-token"),
                ("LANG", "en_US.UTF-8"),
                ("TZ", ":UTC"),
                ("PATH", "/usr/local/bin:/usr/bin:/bin"),
            ])
            .env("LAMBDA_TASK_ROOT", &self.folder)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors);
        let begun = Instant::now();
        let child = command.spawn().map_err(|error| failed(&error))?;
        let polled = host.first_poll();
        let mut running = Running {
            child,
            host,
            log,
            init: Duration::ZERO,
        };
        running.init = polled.map_err(|error| running.with_output(&error))? - begun;
        Ok(running)
    }
}

impl Running {
    pub(crate) fn invoke(&mut self, event: String) -> Result<Invocation, String> {
        self.host
            .invoke(event)
            .map_err(|error| self.with_output(&error))
    }

    pub(crate) fn usage(&self) -> Option<Usage> {
        let folder = PathBuf::from(format!("/proc/{}", self.child.id()));
        let status = fs::read_to_string(folder.join("status")).ok()?;
        let peak = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))?
            .trim()
            .trim_end_matches(" kB")
            .parse::<u64>()
            .ok()?;
        // Nanoseconds on a processor, by thread. Those of ended threads are lost, but functions
        // keep their threads.
        let mut cpu = 0;
        for task in fs::read_dir(folder.join("task")).ok()?.flatten() {
            let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
            cpu += text.split(' ').next()?.parse::<u64>().ok()?;
        }
        Some(Usage {
            cpu: Duration::from_nanos(cpu),
            peak: peak * 1024,
        })
    }

    /// Signals the process to end, and waits.
    pub(crate) fn terminate(mut self) {
        let id = self.child.id().to_string();
        let signalled = Command::new("kill").args(["-TERM", &id]).status();
        if signalled.is_ok_and(|status| status.success()) {
            // The process has ended, so dropping it has no further effect.
            let _ = self.child.wait();
        }
    }

    /// Returns an error with the end of the function's output.
    fn with_output(&self, error: &str) -> String {
        let log = self.log.display();
        let printed = fs::read_to_string(&self.log).unwrap_or_default();
        let start = printed.len().saturating_sub(1500);
        let end = printed.get(start..).unwrap_or_default();
        format!("{error}\n{log} ends:\n{end}")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The process has ended or ends now.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the percentile: the value that this many in a hundred do not exceed.
pub(crate) fn percentile(values: &mut [Duration], hundredths: usize) -> Duration {
    values.sort_unstable();
    let last = values.len().saturating_sub(1);
    values
        .get(last * hundredths / 100)
        .copied()
        .unwrap_or_default()
}
