//! `latchstring invite`

use std::process::ExitCode;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use latchstring_cli::access::{self, Access};
use latchstring_cli::attach::stack;
use latchstring_cli::invitation::{Contact, InvitationError, SignUpFunction, Terms};
use latchstring_cli::signed_call::SignedCalls;

use super::output::{self, say};

/// Invite a contact to an account where sign-up is not open, or withdraw the invitation.
///
/// An earlier invitation of the contact is replaced. Nothing is sent: tell the owner of the contact
/// yourself. The contact is printed and logged nowhere.
#[derive(Args)]
#[command(after_help = after_help())]
pub(crate) struct Arguments {
    /// The email address, or the phone number that starts with +
    #[arg(value_name = "ADDRESS", value_parser = NonEmptyStringValueParser::new())]
    contact: String,
    /// The kind of the contact, by default by whether it has an @
    #[arg(long, value_name = "METHOD", value_parser = ["EMAIL", "PHONE_NUMBER"])]
    method: Option<String>,
    /// The days for which the invitation is valid, 1 to 90 [default: 7]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=90))]
    days: Option<u8>,
    /// A group of the pool that the account is put into; may be repeated
    #[arg(long, value_name = "NAME")]
    group: Vec<String>,
    /// An attribute of the account, custom or standard, but no contact; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = attribute)]
    attribute: Vec<(String, String)>,
    /// Withdraw the invitation of the contact. An account that was created with it stays
    #[arg(long, conflicts_with_all = ["days", "group", "attribute"])]
    withdraw: bool,
    /// The name or ARN of the function sign-up
    #[arg(
        long,
        value_name = "NAME_OR_ARN",
        required_unless_present = "stack",
        conflicts_with = "stack"
    )]
    function: Option<String>,
    /// The stack of Latchstring, whose output names the function, instead of --function
    #[arg(long, value_name = "NAME")]
    stack: Option<String>,
}

fn after_help() -> String {
    access::help("latchstring invite ada@example.com --stack Latchstring --group staff")
        + "\n
It needs the permission lambda:InvokeFunction for the function sign-up, and with --stack also
cloudformation:DescribeStacks. docs/admission.md, \"Rules of your own\", explains invitations.

The exit status is 0 on success, 1 if the function refused or did not answer, 2 if the command could not
start."
}

fn attribute(text: &str) -> Result<(String, String), &'static str> {
    text.split_once('=')
        .filter(|(name, _)| !name.is_empty())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .ok_or("expected a name, = and a value, such as custom:team=blue")
}

/// Invites or withdraws, and prints the outcome.
pub(crate) fn run(arguments: Arguments) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let withdraw = arguments.withdraw;
    let done = match runtime {
        Ok(runtime) => runtime.block_on(perform(arguments)),
        Err(error) => Err(format!("the runtime does not start: {error}")),
    };
    match done {
        Ok(Ok(())) => {
            output::set("outcome", if withdraw { "withdrawn" } else { "invited" });
            say!(
                "{}",
                if withdraw {
                    "Withdrawn. An account that was created with the invitation stays."
                } else {
                    "Invited. Nothing was sent: tell the owner of the contact."
                }
            );
            ExitCode::SUCCESS
        }
        Ok(Err(error)) => {
            let (outcome, error_type) = match &error {
                InvitationError::Refused { error_type, .. } => ("refused", Some(&**error_type)),
                _ => ("unknown", None),
            };
            output::set("outcome", outcome);
            output::set("errorType", error_type);
            output::error(&error);
            ExitCode::FAILURE
        }
        Err(problem) => {
            output::error(&problem);
            ExitCode::from(2)
        }
    }
}

async fn perform(arguments: Arguments) -> Result<Result<(), InvitationError>, String> {
    let (access, function) = match (arguments.function, arguments.stack) {
        (Some(function), _) => (Access::for_function(&function)?, function),
        // The options require the one or the other.
        (None, name) => {
            let access = Access::for_stack()?;
            let function = function_of(&access, &name.unwrap_or_default()).await?;
            (access, function)
        }
    };
    let sign_up = SignUpFunction::new(&access, function);
    let contact = Contact {
        email_or_phone: arguments.contact,
        method: arguments.method,
    };
    if arguments.withdraw {
        return Ok(sign_up.withdraw(&contact).await);
    }
    let terms = Terms {
        days: arguments.days,
        groups: arguments.group.into_iter().collect(),
        attributes: arguments.attribute.into_iter().collect(),
    };
    Ok(sign_up.invite(&contact, &terms).await)
}

async fn function_of(access: &Access, name: &str) -> Result<String, String> {
    let outputs = stack::read(&SignedCalls::new(access), name).await;
    let outputs = outputs.map_err(|error| error.to_string())?;
    stack::sign_up(name, &outputs)
}
