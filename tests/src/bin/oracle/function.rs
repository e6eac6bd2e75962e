//! One Lambda: its process, its host, and the CPU time of its invocations.

use std::fs;
use std::path::Path;
use std::time::Duration;

use latchstring_tests::{Answered, Program, RuntimeApi};
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::task::yield_now;
use tokio::time::sleep;

use crate::meter::Meter;

/// The number of looks at a process before the thread sleeps.
const LOOKS: u32 = 10;

/// A function and the CPU time of its invocations.
pub(crate) struct Function {
    host: Mutex<RuntimeApi>,
    program: Program,
    meter: Meter,
    /// Of the invocations since the measurement began, in nanoseconds.
    spent: Mutex<u64>,
}

impl Function {
    pub(crate) async fn start(
        profile: &str,
        package: &str,
        variables: &[(String, String)],
        meter: &Meter,
    ) -> Self {
        let host = RuntimeApi::listen().await;
        let mut environment = host.environment();
        environment.extend_from_slice(variables);
        let program = Program::built("oracle", profile, package, &environment);
        Self {
            host: Mutex::new(host),
            program,
            meter: meter.clone(),
            spent: Mutex::default(),
        }
    }

    /// Answers an event. The stand-ins count as at work until the function has it, and again from its
    /// response on: the caller of this has called [`Meter::begin`].
    ///
    /// The process waits for its host before and after: both samples of its CPU time are taken while
    /// it sleeps. Its work after the host has taken the response, such as a delivery, is not included.
    pub(crate) async fn answer(&self, event: &Value) -> Value {
        let mut host = self.host.lock().await;
        host.ready().await;
        host.idle().await;
        let event = event.to_string();
        let before = cpu_time(self.program.id()).await;
        host.hold();
        self.meter.end();
        let answered = host.invoke(event).await;
        self.meter.begin();
        let after = cpu_time(self.program.id()).await;
        host.let_go();
        *self.spent.lock().await += after - before;
        match answered {
            Answered::Response(answer) => answer,
            Answered::Error(kind, _) => panic!("a function fails: {kind}"),
        }
    }

    /// Waits until the process has nothing to do.
    pub(crate) async fn quiet(&self) {
        let host = self.host.lock().await;
        host.ready().await;
        host.idle().await;
    }

    /// Begins a measurement.
    pub(crate) async fn reset(&self) {
        *self.spent.lock().await = 0;
    }

    /// Microseconds of CPU time since the measurement began.
    pub(crate) async fn spent(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let nanos = *self.spent.lock().await as f64;
        nanos / 1000.0
    }
}

/// Returns the nanoseconds of CPU time of all threads of a process, once all of them sleep: the
/// kernel updates the figure of a thread when it leaves the processor.
async fn cpu_time(process: u32) -> u64 {
    let tasks = format!("/proc/{process}/task");
    for looked in 0_u32.. {
        if let Some(time) = cpu_time_asleep(Path::new(&tasks)) {
            return time;
        }
        // As a rule it sleeps some microseconds later; on a busy machine it waits for a processor.
        if looked < LOOKS {
            yield_now().await;
        } else {
            sleep(Duration::from_millis(1)).await;
        }
    }
    unreachable!("a process that works comes to an end")
}

fn cpu_time_asleep(tasks: &Path) -> Option<u64> {
    let mut total = 0;
    for task in fs::read_dir(tasks).expect("the process is there") {
        let task = task.expect("a thread").path();
        let state = fs::read_to_string(task.join("stat")).ok()?;
        // After the name, which is in brackets.
        let (_, state) = state.rsplit_once(") ")?;
        if !state.starts_with('S') {
            return None;
        }
        let times = fs::read_to_string(task.join("schedstat")).ok()?;
        total += times.split_whitespace().next()?.parse::<u64>().ok()?;
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_process_that_sleeps_takes_no_time() {
        let mut command = std::process::Command::new("sleep");
        let mut child = command.arg("30").spawn().expect("a process");
        let first = cpu_time(child.id()).await;
        let second = cpu_time(child.id()).await;
        child.kill().expect("it runs");
        child.wait().expect("it has ended");
        assert!(first > 0, "its start took some");
        assert_eq!(first, second);
    }
}
