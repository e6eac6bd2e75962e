//! The output of every command: text for a reader, or with `--json` one object on standard output.
//!
//! With `--json`, text goes to standard error. The object has the members `command` and `outcome`, and those
//! that the command sets; `error` if it failed, and `lines`, the text, if the command sets no member.

use std::fmt::Display;
use std::future::Future;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Map, Value};

static JSON: AtomicBool = AtomicBool::new(false);
static RESULT: Mutex<Printed> = Mutex::new(Printed {
    members: Vec::new(),
    lines: Vec::new(),
});

struct Printed {
    members: Vec<(String, Value)>,
    lines: Vec<String>,
}

fn with<T>(change: impl FnOnce(&mut Printed) -> T) -> T {
    let mut printed = RESULT
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    change(&mut printed)
}

/// Chooses the form of the output.
pub(crate) fn start(json: bool) {
    JSON.store(json, Ordering::Relaxed);
}

/// Reports whether the output is JSON.
pub(crate) fn is_json() -> bool {
    JSON.load(Ordering::Relaxed)
}

/// Prints a line.
pub(crate) fn line(text: String) {
    if is_json() {
        eprintln!("{text}");
        with(|printed| printed.lines.push(text));
    } else {
        println!("{text}");
    }
}

/// Prints a line of the command's text.
macro_rules! say {
    ($($part:tt)*) => {
        $crate::commands::output::line(format!($($part)*))
    };
}
pub(crate) use say;

/// Sets a member of the object.
pub(crate) fn set(name: &str, value: impl Into<Value>) {
    let value = value.into();
    with(|printed| {
        printed.members.retain(|(other, _)| other != name);
        printed.members.push((name.to_owned(), value));
    });
}

/// Prints a problem. Several are one text.
pub(crate) fn error(problem: &impl Display) {
    eprintln!("error: {problem}");
    with(|printed| {
        let before = printed.members.iter_mut().find(|(name, _)| name == "error");
        match before {
            Some((_, Value::String(text))) => *text = format!("{text} {problem}"),
            _ => printed
                .members
                .push(("error".to_owned(), problem.to_string().into())),
        }
    });
}

/// Prints the object of a command, if the output is JSON.
pub(crate) fn finish(command: &str, code: ExitCode) -> ExitCode {
    if !is_json() {
        return code;
    }
    let object = with(|printed| {
        let members = std::mem::take(&mut printed.members);
        let mut object: Map<String, Value> = members.into_iter().collect();
        if object
            .keys()
            .all(|name| name == "error" || name == "outcome")
        {
            object.insert("lines".to_owned(), printed.lines.clone().into());
        }
        object.insert("command".to_owned(), command.into());
        let outcome = if code == ExitCode::SUCCESS {
            "done"
        } else if code == ExitCode::FAILURE {
            "fault"
        } else {
            "not_started"
        };
        object.entry("outcome").or_insert_with(|| outcome.into());
        Value::from(object)
    });
    println!("{object:#}");
    code
}

/// The end of a run that did not do all of its work, with the text for the operator.
pub(crate) enum Failure {
    /// The command could not start: nothing was changed.
    NotStarted(String),
    /// The command did not do all of its work.
    NotDone(String),
}

/// Runs a command to its end, and prints its problem. `Ok(false)` is a fault that it has printed.
pub(crate) fn run(command: impl Future<Output = Result<bool, Failure>>) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let ended = match runtime {
        Ok(runtime) => runtime.block_on(command),
        Err(error) => Err(Failure::NotStarted(format!(
            "the runtime does not start: {error}"
        ))),
    };
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(Failure::NotStarted(problem)) => {
            error(&problem);
            ExitCode::from(2)
        }
        Err(Failure::NotDone(problem)) => {
            error(&problem);
            ExitCode::FAILURE
        }
    }
}
