//! The options that name a deployment, and a person of it.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use latchstring_cli::access::Access;
use latchstring_cli::deployed::{Deployed, Named};
use latchstring_cli::person::Who;
use latchstring_core::identifier::Identifier;

use super::output::Failure;

/// The deployment.
#[derive(Args)]
pub(crate) struct DeploymentArguments {
    /// The stack of Latchstring, whose output names the function define-auth-challenge
    #[arg(
        long,
        value_name = "NAME",
        required_unless_present = "function",
        conflicts_with = "function"
    )]
    stack: Option<String>,
    /// The name or ARN of the function define-auth-challenge, instead of --stack
    #[arg(long, value_name = "NAME_OR_ARN")]
    function: Option<String>,
}

/// The person: a contact or an account.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub(crate) struct PersonArguments {
    /// The email address, or the phone number that starts with +
    #[arg(value_name = "ADDRESS", value_parser = NonEmptyStringValueParser::new())]
    contact: Option<String>,
    /// The sub of the account, instead of ADDRESS
    #[arg(long, value_name = "SUB", value_parser = sub)]
    sub: Option<String>,
}

fn sub(text: &str) -> Result<String, &'static str> {
    let is_sub = text.len() == 36 && text.bytes().all(|it| it.is_ascii_hexdigit() || it == b'-');
    let sub = is_sub.then(|| text.to_owned());
    sub.ok_or("expected the sub of an account, 36 characters of 0-9, a-f and -")
}

impl DeploymentArguments {
    /// Reads the environment.
    fn access(&self) -> Result<(Access, Named<'_>), Failure> {
        let (access, named) = match (&self.function, &self.stack) {
            (Some(function), _) => (Access::for_function(function), Named::Function(function)),
            (None, stack) => (
                Access::for_stack(),
                // The options require the stack where the function is not given.
                Named::Stack(stack.as_deref().unwrap_or_default()),
            ),
        };
        Ok((access.map_err(Failure::NotStarted)?, named))
    }

    /// Reads the environment, and the name or ARN of the function define-auth-challenge.
    pub(crate) async fn define(&self) -> Result<(Access, String), Failure> {
        let (access, named) = self.access()?;
        let define = named.define(&access).await.map_err(Failure::NotStarted)?;
        Ok((access, define))
    }

    /// Reads the environment and the deployment.
    pub(crate) async fn read(&self) -> Result<(Access, Deployed), Failure> {
        let (access, named) = self.access()?;
        let deployed = Deployed::read(&access, named).await;
        let deployed = deployed.map_err(Failure::NotStarted)?;
        Ok((access, deployed))
    }
}

impl PersonArguments {
    /// Parses the person by the rules of the deployment.
    pub(crate) fn who(&self, deployed: &Deployed) -> Result<Who, Failure> {
        match (&self.contact, &self.sub) {
            (_, Some(sub)) => Ok(Who::Sub(sub.clone())),
            (contact, None) => {
                parse(contact.as_deref().unwrap_or_default(), deployed).map(Who::Contact)
            }
        }
    }
}

/// Parses a contact by the rules of the deployment.
pub(crate) fn parse(contact: &str, deployed: &Deployed) -> Result<Identifier, Failure> {
    let contact = Who::contact(contact, &deployed.deployment.policy.phones);
    contact.map_err(|error| Failure::NotStarted(error.to_string()))
}

/// The lines of the help about the calls by which a deployment is read.
pub(crate) const READING: &str = "\
cloudformation:DescribeStacks with --stack, lambda:GetFunctionConfiguration and
secretsmanager:GetSecretValue (with a key of its own also kms:Decrypt)";
