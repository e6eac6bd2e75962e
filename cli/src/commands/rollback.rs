//! `latchstring rollback`

use std::process::ExitCode;

use clap::Args;
use latchstring_cli::access::{self, Access};
use latchstring_cli::deployed::Named;
use latchstring_cli::versions::{Step, Versions, functions};
use serde_json::{Value, json};

use super::output::{self, Failure, say};

/// Go back to the versions of the functions that served before.
///
/// Sign-ins that have begun go on: each version reads what the other stored. The stack is not changed;
/// its next deployment moves the functions forward again. A second call changes nothing.
///
/// The settings of a version come back with it. So a version with other settings or clients than the one that
/// serves is refused, and one that does not report them.
#[derive(Args)]
#[command(after_help = after_help())]
pub(crate) struct Arguments {
    /// The stack of Latchstring
    #[arg(long, value_name = "NAME")]
    stack: String,
    /// Print the versions, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Also go back to versions with other settings, clients or table, or without a self-test
    #[arg(long)]
    despite_differences: bool,
}

fn after_help() -> String {
    access::help("latchstring rollback --stack Latchstring")
        + "\n
Lambda does not store the version that served before. The way back leads to the newest version below
the serving one; after a deployment that failed, that one may never have served. To name another one:
aws lambda update-alias --function-name NAME --name live --function-version N.

It needs the permissions cloudformation:DescribeStacks, and for the functions lambda:GetAlias,
lambda:ListVersionsByFunction, lambda:InvokeFunction and lambda:UpdateAlias. It needs the alias
\"live\", which the construct makes; docs/upgrading.md has the way back without it.

The exit status is 0 on success, 1 if a function could not go back, 2 if the command could not start."
}

/// Goes back, and prints the outcome.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    output::run(perform(arguments))
}

/// Finds every way back and has every earlier version examine itself, before the first alias moves.
async fn perform(arguments: &Arguments) -> Result<bool, Failure> {
    let access = Access::for_stack().map_err(Failure::NotStarted)?;
    let define = Named::Stack(&arguments.stack).define(&access).await;
    let define = define.map_err(Failure::NotStarted)?;
    let versions = Versions::new(&access);
    let mut steps = Vec::new();
    for function in functions(&define).map_err(Failure::NotStarted)? {
        let step = versions.way_back(&function).await;
        steps.extend(step.map_err(Failure::NotDone)?);
    }
    let mut differences = Vec::new();
    for step in &steps {
        let difference = versions.examine(step).await;
        differences.extend(difference.map_err(Failure::NotDone)?);
    }
    output::set("differences", differences.clone());
    if !differences.is_empty() && !arguments.despite_differences {
        return Err(Failure::NotDone(refusal(&differences)));
    }
    if !arguments.dry_run {
        for step in &steps {
            versions.go_back(step).await.map_err(Failure::NotDone)?;
        }
    }
    print(&steps, arguments.dry_run);
    Ok(true)
}

fn refusal(differences: &[String]) -> String {
    let differences = differences.join("; ");
    format!(
        "{differences}. Nothing was changed. Compare the variables of the two versions (aws lambda \
         get-function-configuration --function-name NAME --qualifier N). If the earlier ones are right, pass \
         --despite-differences; otherwise deploy the version before with the settings of now"
    )
}

fn print(steps: &[Step], dry_run: bool) {
    let to_json = |it: &Step| json!({ "function": it.function, "from": it.from, "to": it.to });
    output::set(
        "functions",
        steps.iter().map(to_json).collect::<Vec<Value>>(),
    );
    for Step {
        function, from, to, ..
    } in steps
    {
        say!("{function}: version {from} to {to}");
    }
    if steps.is_empty() {
        say!("The functions went back already. Nothing was changed.");
    } else if dry_run {
        say!("Nothing was changed.");
    }
}
