//! `latchstring restart`

use std::process::ExitCode;

use clap::Args;
use latchstring_cli::access;
use latchstring_cli::versions::{Versions, functions};
use serde_json::{Value, json};

use super::deployment::DeploymentArguments;
use super::output::{self, Failure, say};

/// Start new functions, so that no warm one has a secret from before.
///
/// A function with the alias "live" is published again as a new version, which the alias then names.
/// Without --apply it changes nothing. No sign-in is interrupted.
#[derive(Args)]
#[command(after_help = after_help())]
pub(crate) struct Arguments {
    #[command(flatten)]
    deployment: DeploymentArguments,
    /// Restart the functions
    #[arg(long)]
    apply: bool,
}

fn after_help() -> String {
    access::help("latchstring restart --stack Latchstring --apply")
        + "\n
It is refused after rollback: the version that was deployed last is not the one that serves, and only
that one can be published. It needs the permissions cloudformation:DescribeStacks with --stack, and for
the functions lambda:GetFunctionConfiguration and lambda:GetAlias, with --apply also
lambda:UpdateFunctionConfiguration, lambda:PublishVersion and lambda:UpdateAlias.

The exit status is 0 on success, 1 if a function could not restart, 2 if the command could not start."
}

/// Restarts the functions, and prints the outcome.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    output::run(perform(arguments))
}

/// Finds every restart before the first one.
async fn perform(arguments: &Arguments) -> Result<bool, Failure> {
    let (access, define) = arguments.deployment.define().await?;
    let versions = Versions::new(&access);
    let mut restarts = Vec::new();
    for function in functions(&define).map_err(Failure::NotStarted)? {
        let restart = versions.restart_of(&function).await;
        restarts.extend(restart.map_err(Failure::NotDone)?);
    }
    let mut done: Vec<Value> = Vec::new();
    for restart in &restarts {
        let (function, from) = (&restart.function, restart.version());
        let to = if arguments.apply {
            let restarted = versions.restart(restart).await;
            restarted.map_err(|problem| {
                Failure::NotDone(format!(
                    "{problem}. {} of {} functions are restarted: repeat the command",
                    done.len(),
                    restarts.len()
                ))
            })?
        } else {
            None
        };
        match (from, to) {
            (Some(from), Some(to)) => say!("{function}: version {from} restarted as {to}"),
            (Some(from), None) => say!("{function}: version {from}"),
            (None, _) if arguments.apply => say!("{function}: restarted"),
            (None, _) => say!("{function}: no alias"),
        }
        done.push(json!({ "function": function, "from": from, "to": to }));
    }
    output::set("functions", done);
    output::set("applied", arguments.apply);
    if !arguments.apply {
        say!("Nothing has changed: repeat with --apply.");
    }
    Ok(true)
}
