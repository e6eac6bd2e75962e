//! `latchstring detach`

use std::process::ExitCode;

use clap::Args;
use latchstring_cli::access::{self, Access};
use latchstring_cli::attach::detach::{detach_client, detach_pool, kept};
use latchstring_cli::attach::merge::Triggers;
use latchstring_cli::attach::stack;
use latchstring_cli::signed_call::SignedCalls;

use super::{Aws, Change, Failure, Of, ended, known, make, not_started};
use crate::commands::output::say;

/// Take the triggers off a user pool, and the auth flow of custom authentication off its app clients.
///
/// Shows the difference. Changes nothing without --apply. To restore all settings as they were before attach,
/// pass the file that it wrote to attach --restore.
#[derive(Args)]
#[command(after_help = after_help())]
pub(crate) struct DetachArguments {
    /// The user pool's id
    #[arg(long, value_name = "ID")]
    user_pool: String,
    /// The id of an app client that signed in with Latchstring; may be repeated
    #[arg(long, value_name = "ID")]
    client: Vec<String>,
    /// The stack of Latchstring: triggers of other functions stay. Without it, the three triggers are taken off
    /// whatever their functions are
    #[arg(long, value_name = "NAME")]
    stack: Option<String>,
    /// Make the changes
    #[arg(long)]
    apply: bool,
}

fn after_help() -> String {
    access::help("latchstring detach --user-pool eu-west-1_Example00 --client 1example23456789")
        + "\n
It needs cognito-idp:DescribeUserPool and cognito-idp:DescribeUserPoolClient; with --apply also
cognito-idp:UpdateUserPool and cognito-idp:UpdateUserPoolClient, and for a pool that sends SMS by a role
iam:PassRole; with --stack cloudformation:DescribeStacks.

--apply first writes the settings as they were to a file in the working directory.

The exit status is 0 on success; 1 if a change was refused or a setting is not as it was sent; 2 if the
command changed nothing because it could not start."
}

/// Detaches the pool and prints the differences.
pub(crate) fn run(arguments: &DetachArguments) -> ExitCode {
    ended(detach(arguments))
}

async fn detach(arguments: &DetachArguments) -> Result<bool, Failure> {
    let access = Access::for_pool(&arguments.user_pool).map_err(Failure::NotStarted)?;
    let aws = Aws {
        calls: SignedCalls::new(&access),
        pool_id: &arguments.user_pool,
    };
    let ours = match &arguments.stack {
        None => None,
        Some(name) => Some(triggers(&aws, name).await?),
    };
    let of = Of::Pool(&arguments.user_pool);
    let pool = aws.describe("Reading", of).await;
    let pool = pool.map_err(|error| not_started(&error))?;
    known(&pool)?;
    for (name, function) in kept(&pool, ours.as_ref()) {
        say!("{name} is {function}, which is not of the stack, and stays.");
    }
    let mut changes = vec![Change {
        of,
        request: detach_pool(&pool, ours.as_ref()),
        described: pool,
    }];
    for (number, id) in arguments.client.iter().enumerate() {
        if arguments.client[..number].contains(id) {
            continue;
        }
        let of = Of::Client(id);
        let client = aws.describe("Reading", of).await;
        let client = client.map_err(|error| not_started(&error))?;
        changes.push(Change {
            of,
            request: detach_client(&client),
            described: client,
        });
    }
    say!(
        "Settings of attach that hide accounts or close other ways to sign in stay: attach --restore FILE \
         restores them."
    );
    make(&aws, &changes, arguments.apply).await
}

async fn triggers(aws: &Aws<'_>, stack: &str) -> Result<Triggers, Failure> {
    eprintln!("Reading Stack {stack} (DescribeStacks)");
    let outputs = stack::read(&aws.calls, stack).await;
    let outputs = outputs.map_err(|error| not_started(&error))?;
    stack::triggers(stack, &outputs).map_err(Failure::NotStarted)
}
