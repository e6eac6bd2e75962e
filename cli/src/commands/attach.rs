//! `latchstring attach`

pub(crate) mod detach;
mod restore;
mod unverified;

use std::fs::OpenOptions;
use std::io::Write;
use std::process::ExitCode;
use std::time::SystemTime;

use clap::Args;
use latchstring_cli::access::{self, Access};
use latchstring_cli::attach::difference::{Difference, differences};
use latchstring_cli::attach::members::{Members, resend_client, resend_pool, unknown};
use latchstring_cli::attach::merge::{
    Triggers, Uses, attach_client, attach_pool, client_refusal, refusal, replaced,
    username_contacts, writes_contacts,
};
use latchstring_cli::attach::stack;
use latchstring_cli::pool_needs::{AccountState, AccountStates, CONTACTS};
use latchstring_cli::signed_call::{COGNITO, CallError, SignedCalls};
use serde_json::{Value, json};

use unverified::Unverified;

use super::confirm::confirm;
use super::output::{self, say};

/// Set the triggers of a user pool that exists, and what its app clients need, and keep its other settings.
///
/// Shows the difference. Changes nothing without --apply.
#[derive(Args)]
#[command(after_help = after_help())]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Arguments {
    /// The user pool's id
    #[arg(long, value_name = "ID")]
    user_pool: String,
    /// The id of an app client that signs in with Latchstring; may be repeated
    #[arg(long, value_name = "ID")]
    client: Vec<String>,
    /// The stack of Latchstring, whose outputs name the triggers
    #[arg(
        long,
        value_name = "NAME",
        required_unless_present_any = ["define", "create", "verify", "restore"],
        conflicts_with_all = ["define", "create", "verify"]
    )]
    stack: Option<String>,
    /// The function of the trigger Define auth challenge, instead of --stack
    #[arg(long, value_name = "ARN", value_parser = arn, requires_all = ["create", "verify"])]
    define: Option<String>,
    /// The function of the trigger Create auth challenge, instead of --stack
    #[arg(long, value_name = "ARN", value_parser = arn, requires_all = ["define", "verify"])]
    create: Option<String>,
    /// The function of the trigger Verify auth challenge response, instead of --stack
    #[arg(long, value_name = "ARN", value_parser = arn, requires_all = ["define", "create"])]
    verify: Option<String>,
    /// Also close the public sign-up, the recovery of passwords and every other way to sign in. Not for a
    /// pool whose users still sign in with passwords. A username-attribute pool is served only with it
    #[arg(long)]
    harden: bool,
    /// With --harden, for a username-attribute pool: keep or delete accounts that hold a contact which they
    /// have not proved. None of them ever signs in with a code
    #[arg(long, value_enum, requires = "harden")]
    unverified: Option<unverified::Unverified>,
    /// Go on with the scan for such accounts, or with their deletion, from the file that it wrote
    #[arg(long, value_name = "FILE", requires = "unverified")]
    resume: Option<String>,
    /// The one contact that users sign in with, where the functions send only mail or only SMS. A pool must
    /// have both as alias attributes otherwise
    #[arg(long, value_name = "CONTACT", value_parser = CONTACTS)]
    only: Option<String>,
    /// The functions have `COGNITO_CALLS=signed`. A pool that enforces threat protection for custom
    /// authentication is refused otherwise
    #[arg(long)]
    signed_calls: bool,
    /// The functions serve HTTP alone and know the secret of the clients, as in session mode. A client with a
    /// secret is refused otherwise; --stack of a deployment in session mode says it too
    #[arg(long)]
    secret_known: bool,
    /// Also read every account, and count them by their state with the outcome of a sign-in
    #[arg(long)]
    accounts: bool,
    /// Undo what a change did, from the file that it wrote. What was changed since stays; where it concerns
    /// the same settings, nothing is changed
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["stack", "define", "create", "verify", "client", "harden", "accounts"]
    )]
    restore: Option<String>,
    /// Make the changes
    #[arg(long)]
    apply: bool,
    /// Answer the questions before other triggers are replaced and before accounts are deleted
    #[arg(long, requires = "apply")]
    yes: bool,
}

fn after_help() -> String {
    access::help(
        "latchstring attach --user-pool eu-west-1_Example00 --client 1example23456789 --stack Latchstring",
    ) + "\n
--apply first writes the settings as they were to a file in the working directory.
docs/existing-pools.md, \"An existing pool\", lists the permissions it needs.

The exit status is 0 on success; 1 if a change was refused or a setting is not as it was sent; 2 if the
command changed nothing because it could not start."
}

fn arn(text: &str) -> Result<String, &'static str> {
    let is_arn = text.starts_with("arn:");
    let arn = is_arn.then(|| text.to_owned());
    arn.ok_or("expected the ARN of a Lambda function, which begins with arn:")
}

/// The end of a run that did not do all of its work, with the text for the operator.
enum Failure {
    /// Nothing was changed.
    NotStarted(String),
    /// A change was refused, or it is unknown whether it was made.
    NotChanged(String),
}

/// Attaches the pool and prints the differences.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    ended(attach(arguments))
}

/// Runs a change to its end.
fn ended(change: impl Future<Output = Result<bool, Failure>>) -> ExitCode {
    output::run(async {
        change.await.map_err(|failure| match failure {
            Failure::NotStarted(problem) => output::Failure::NotStarted(problem),
            Failure::NotChanged(problem) => output::Failure::NotDone(problem),
        })
    })
}

/// Returns true if all is as it was sent, or nothing was to be sent.
async fn attach(arguments: &Arguments) -> Result<bool, Failure> {
    let access = Access::for_pool(&arguments.user_pool).map_err(Failure::NotStarted)?;
    let aws = Aws {
        calls: SignedCalls::new(&access),
        pool_id: &arguments.user_pool,
    };
    if let Some(file) = &arguments.restore {
        return restore::run(&aws, file, arguments.apply).await;
    }
    let plan = plan(&aws, arguments).await?;
    if arguments.accounts {
        // A remark, which stops nothing.
        match aws.account_states().await {
            Ok(states) if !states.any(|_| true) => say!("The pool has no account."),
            Ok(states) => {
                say!("Accounts by state, with the outcome of a sign-in:");
                states.lines().for_each(|line| say!("  {line}"));
            }
            Err(error) => say!("The accounts are not counted: {error}"),
        }
    }
    let contacts: Vec<&str> = plan.usernames.iter().map(String::as_str).collect();
    let scan = match arguments.unverified {
        Some(_) if !contacts.is_empty() => {
            let resume = arguments.resume.as_deref();
            Some(unverified::list(&aws, &contacts, resume).await?)
        }
        _ => None,
    };
    let doomed = scan.filter(|_| arguments.unverified == Some(Unverified::Delete));
    if arguments.apply {
        if let Some(question) = replacement(&plan.replaced) {
            confirm(&question, "replace", arguments.yes).map_err(Failure::NotStarted)?;
        }
        if let Some(question) = doomed.as_ref().and_then(unverified::question) {
            confirm(&question, aws.pool_id, arguments.yes).map_err(Failure::NotStarted)?;
        }
    } else if let Some(question) = replacement(&plan.replaced) {
        say!("{question}");
    }
    if !contacts.is_empty() {
        say!(
            "The functions need USERNAME_ATTRIBUTES=true, and OTHER_HOLDERS=refuse or OTHER_HOLDERS=delete."
        );
    }
    let mut is_as_sent = make(&aws, &plan.changes, arguments.apply).await?;
    match doomed {
        Some(_) if arguments.apply && !is_as_sent => {
            say!("No account was deleted, because the pool is not as it was sent: run it again.");
        }
        // Only now no other account can sign up.
        Some(scan) if arguments.apply => {
            is_as_sent = unverified::delete(&aws, &contacts, scan).await?;
        }
        Some(scan) => {
            if let Some(question) = unverified::question(&scan) {
                say!("With --apply: {question}");
            }
        }
        None => {}
    }
    let changes = |change: &Change<'_>| !change.differences().is_empty();
    if !arguments.apply && !arguments.accounts && plan.changes.iter().any(changes) {
        say!("With --accounts it shows which accounts can sign in afterwards.");
    }
    Ok(is_as_sent)
}

/// Returns the question before triggers are replaced; none if none are.
fn replacement(replaced: &[(&str, String)]) -> Option<String> {
    let lines = replaced
        .iter()
        .map(|(name, arn)| format!("{name} is {arn}"));
    let lines: Vec<String> = lines.collect();
    (!lines.is_empty()).then(|| {
        format!(
            "Triggers of custom authentication are set already, and are replaced: {}. Apps that sign in by them \
             cannot do so afterwards.",
            lines.join(", ")
        )
    })
}

/// Shows the changes, and makes those that are needed. Returns true if all is as it was sent.
async fn make(aws: &Aws<'_>, changes: &[Change<'_>], applies: bool) -> Result<bool, Failure> {
    for change in changes {
        show(&change.of.to_string(), &change.differences());
    }
    let needed = changes.iter();
    let needed = needed.filter(|change| !change.differences().is_empty());
    let needed: Vec<&Change<'_>> = needed.collect();
    let in_json = needed.iter().map(|change| {
        let differences = change.differences();
        let lines: Vec<String> = differences.iter().map(Difference::to_string).collect();
        json!({ "of": change.of.to_string(), "differences": lines })
    });
    output::set("changes", in_json.collect::<Vec<_>>());
    output::set("applied", applies && !needed.is_empty());
    if needed.is_empty() {
        say!("There is nothing to change.");
        return Ok(true);
    }
    if !applies {
        say!("Nothing was changed. Run the command with --apply to make these changes.");
        return Ok(true);
    }
    let copy = keep(aws.pool_id, changes).map_err(|error| {
        Failure::NotStarted(format!(
            "the settings cannot be written to a file before the change: {error}. Run the command in a \
             directory that you may write to."
        ))
    })?;
    output::set("settingsBefore", &*copy);
    say!("The settings as they were are in {copy}: --restore {copy} undoes the change.");
    apply(aws, &needed).await
}

/// The part of AWS that the command reads and changes.
struct Aws<'a> {
    calls: SignedCalls<'a>,
    pool_id: &'a str,
}

/// A pool or an app client.
#[derive(Clone, Copy)]
enum Of<'a> {
    Pool(&'a str),
    Client(&'a str),
}

impl std::fmt::Display for Of<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Pool(id) => write!(f, "Pool {id}"),
            Self::Client(id) => write!(f, "Client {id}"),
        }
    }
}

impl Of<'_> {
    /// Returns the request that changes nothing of this description.
    fn resend(self, described: &Members) -> Members {
        match self {
            Self::Pool(_) => resend_pool(described),
            Self::Client(_) => resend_client(described),
        }
    }
}

/// A change of a pool or an app client.
struct Change<'a> {
    of: Of<'a>,
    described: Members,
    request: Members,
}

impl Change<'_> {
    fn differences(&self) -> Vec<Difference> {
        differences(&self.of.resend(&self.described), &self.request)
    }

    /// Reports whether another description shows a change that was made since the first one.
    fn is_outdated(&self, now: &Members) -> bool {
        const DATE: &str = "LastModifiedDate";
        self.described.get(DATE) != now.get(DATE)
            || self.of.resend(&self.described) != self.of.resend(now)
    }
}

impl Aws<'_> {
    /// Reads a pool or an app client, and prints the action first.
    async fn describe(&self, action: &str, of: Of<'_>) -> Result<Members, CallError> {
        let (operation, member, input) = match of {
            Of::Pool(id) => ("DescribeUserPool", "UserPool", json!({ "UserPoolId": id })),
            Of::Client(id) => (
                "DescribeUserPoolClient",
                "UserPoolClient",
                json!({ "UserPoolId": self.pool_id, "ClientId": id }),
            ),
        };
        eprintln!("{action} {of} ({operation})");
        let output = self.calls.read(COGNITO, operation, &input).await?;
        match output {
            Value::Object(mut output) => match output.remove(member) {
                Some(Value::Object(described)) => Ok(described),
                _ => Err(Self::without(operation, "the response describes nothing")),
            },
            _ => Err(Self::without(operation, "the response is not an object")),
        }
    }

    fn without(operation: &str, reason: &'static str) -> CallError {
        CallError::Unanswered {
            action: format!("cognito-idp:{operation}"),
            reason,
        }
    }

    async fn update(&self, change: &Change<'_>) -> Result<(), CallError> {
        let operation = match change.of {
            Of::Pool(_) => "UpdateUserPool",
            Of::Client(_) => "UpdateUserPoolClient",
        };
        eprintln!("Changing {} ({operation})", change.of);
        let input = Value::from(change.request.clone());
        self.calls.write(COGNITO, operation, &input).await?;
        Ok(())
    }

    /// Reads every account, a page of 60 a call.
    async fn account_states(&self) -> Result<AccountStates, CallError> {
        const OPERATION: &str = "ListUsers";
        eprintln!("Reading the accounts ({OPERATION})");
        let mut states = AccountStates::default();
        let mut input = json!({ "UserPoolId": self.pool_id });
        loop {
            let page = self.calls.read(COGNITO, OPERATION, &input).await?;
            let users = page["Users"].as_array();
            let users =
                users.ok_or_else(|| Self::without(OPERATION, "the response lists nothing"))?;
            for user in users {
                let user_status = user["UserStatus"].as_str().unwrap_or_default();
                let is_enabled = user["Enabled"] != false;
                let holds_contact = CONTACTS.iter().any(|contact| is_verified(user, contact));
                states.count(AccountState::of(is_enabled, user_status, holds_contact));
            }
            match page["PaginationToken"].as_str() {
                Some(next) => input["PaginationToken"] = next.into(),
                None => return Ok(states),
            }
        }
    }

    /// Reads the triggers, and whether the stack has session mode.
    async fn triggers(&self, arguments: &Arguments) -> Result<(Triggers, bool), Failure> {
        if let (Some(define), Some(create), Some(verify)) =
            (&arguments.define, &arguments.create, &arguments.verify)
        {
            let triggers = Triggers {
                define: define.clone(),
                create: create.clone(),
                verify: verify.clone(),
            };
            return Ok((triggers, false));
        }
        // The options require the stack where the triggers are not given.
        let stack = arguments.stack.as_deref().unwrap_or_default();
        eprintln!("Reading Stack {stack} (DescribeStacks)");
        let outputs = stack::read(&self.calls, stack).await;
        let outputs = outputs.map_err(|error| not_started(&error))?;
        let triggers = stack::triggers(stack, &outputs).map_err(Failure::NotStarted)?;
        Ok((triggers, outputs.contains_key("ServerCredentialSecret")))
    }

    /// Returns the app clients that are not named and whose tokens may write a contact, by id.
    async fn open_siblings(&self, named: &[String]) -> Result<Vec<String>, CallError> {
        const OPERATION: &str = "ListUserPoolClients";
        eprintln!("Reading the other clients ({OPERATION})");
        let mut input = json!({ "UserPoolId": self.pool_id, "MaxResults": 60 });
        let mut open = Vec::new();
        loop {
            let page = self.calls.read(COGNITO, OPERATION, &input).await?;
            let clients = page["UserPoolClients"].as_array();
            let clients =
                clients.ok_or_else(|| Self::without(OPERATION, "the response lists nothing"))?;
            for id in clients.iter().filter_map(|it| it["ClientId"].as_str()) {
                let is_named = named.iter().any(|named| named == id);
                if !is_named && writes_contacts(&self.describe("Reading", Of::Client(id)).await?) {
                    open.push(id.to_owned());
                }
            }
            match page["NextToken"].as_str() {
                Some(next) => input["NextToken"] = next.into(),
                None => return Ok(open),
            }
        }
    }
}

/// The changes, and what the operator must know before them.
struct Plan<'a> {
    changes: Vec<Change<'a>>,
    /// The triggers that are replaced, by name with the present function.
    replaced: Vec<(&'static str, String)>,
    /// The contacts that are usernames of the pool.
    usernames: Vec<String>,
}

/// Refuses a pool with a setting that an update would reset.
fn known(pool: &Members) -> Result<(), Failure> {
    let unknown = unknown(pool);
    if unknown.is_empty() {
        return Ok(());
    }
    Err(Failure::NotStarted(format!(
        "DescribeUserPool returned settings that this version of latchstring does not know: {}. \
         UpdateUserPool would reset them. Install the newest version, and run the command again.",
        unknown.join(", ")
    )))
}

/// Reads the pool, the app clients and the triggers, and returns the changes that they need.
async fn plan<'a>(aws: &Aws<'_>, arguments: &'a Arguments) -> Result<Plan<'a>, Failure> {
    let of = Of::Pool(&arguments.user_pool);
    let pool = aws
        .describe("Reading", of)
        .await
        .map_err(|error| not_started(&error))?;
    let mut uses = Uses {
        only: arguments.only.clone(),
        signed_calls: arguments.signed_calls,
        harden: arguments.harden,
        decides_unverified: arguments.unverified.is_some(),
        secret_known: arguments.secret_known,
        session_mode: false,
    };
    if let Some(refusal) = refusal(&pool, &uses) {
        return Err(Failure::NotStarted(refusal));
    }
    known(&pool)?;
    let mut clients: Vec<(&'a str, Members)> = Vec::new();
    for (number, id) in arguments.client.iter().enumerate() {
        if !arguments.client[..number].contains(id) {
            let client = aws.describe("Reading", Of::Client(id)).await;
            clients.push((id, client.map_err(|error| not_started(&error))?));
        }
    }
    let usernames = username_contacts(&pool);
    if !usernames.is_empty() {
        let open = aws.open_siblings(&arguments.client).await;
        let open = open.map_err(|error| not_started(&error))?;
        if !open.is_empty() {
            return Err(Failure::NotStarted(format!(
                "Tokens of client {} may write a contact, and in a username-attribute pool an account holds a \
                 contact that it only wrote. Name each with --client, or take email, email_verified, \
                 phone_number and phone_number_verified from its WriteAttributes.",
                open.join(", client ")
            )));
        }
    }
    let (triggers, session_mode) = aws.triggers(arguments).await?;
    uses.session_mode = session_mode;
    let refusals = clients
        .iter()
        .filter_map(|(id, client)| client_refusal(id, client, &uses));
    let refusals: Vec<String> = refusals.collect();
    if !refusals.is_empty() {
        return Err(Failure::NotStarted(refusals.join(" ")));
    }
    let harden = arguments.harden;
    let mut changes = vec![Change {
        of,
        request: attach_pool(&pool, &triggers, harden),
        described: pool.clone(),
    }];
    changes.extend(clients.into_iter().map(|(id, client)| Change {
        of: Of::Client(id),
        request: attach_client(&client, &pool, harden),
        described: client,
    }));
    Ok(Plan {
        changes,
        replaced: replaced(&pool, &triggers),
        usernames: usernames.into_iter().map(str::to_owned).collect(),
    })
}

/// Reports whether a user of `ListUsers` has the attribute and its verified mark.
fn is_verified(user: &Value, contact: &str) -> bool {
    let attributes = || user["Attributes"].as_array().into_iter().flatten();
    let mark = format!("{contact}_verified");
    let is_true = |it: &Value| {
        it.as_str()
            .is_some_and(|it| it.eq_ignore_ascii_case("true"))
    };
    attributes().any(|it| it["Name"] == contact)
        && attributes().any(|it| it["Name"] == *mark && is_true(&it["Value"]))
}

/// Makes the changes, and compares each with the description after it. Returns true if all is as sent.
async fn apply(aws: &Aws<'_>, changes: &[&Change<'_>]) -> Result<bool, Failure> {
    let mut is_as_sent = true;
    for (number, change) in changes.iter().enumerate() {
        // Nothing was changed before the first update.
        let stop = |problem: String| {
            if number == 0 {
                Failure::NotStarted(problem)
            } else {
                Failure::NotChanged(format!("{problem} The changes before this one were made."))
            }
        };
        // Cognito has no conditional update, so a change between this call and the next one is lost.
        let now = aws.describe("Reading again", change.of).await;
        let now = now.map_err(|error| stop(error.to_string()))?;
        if change.is_outdated(&now) {
            return Err(stop(format!(
                "{} was changed by another request since this command read it, and is left as it is. \
                 Run the command again.",
                change.of
            )));
        }
        let updated = aws.update(change).await;
        updated.map_err(|error| not_changed(&error))?;
        let found = aws.describe("Comparing", change.of).await;
        let found = found.map_err(|error| not_changed(&error))?;
        let lost = differences(&change.request, &change.of.resend(&found));
        if !lost.is_empty() {
            show(&format!("{} is not as it was sent", change.of), &lost);
            is_as_sent = false;
        }
    }
    say!(
        "{}",
        if is_as_sent {
            "Done."
        } else {
            "Done, but not all settings are as they were sent: compare them with the file, and correct them."
        }
    );
    Ok(is_as_sent)
}

/// Writes what an update can restore, and what is sent, to a new file, which only this user may read. Returns its name.
/// Each run writes a file of its own: the first holds the settings from before Latchstring.
fn keep(pool_id: &str, changes: &[Change<'_>]) -> std::io::Result<String> {
    let now = humantime::format_rfc3339_millis(SystemTime::now()).to_string();
    let name = format!("{pool_id}-before-{}.json", now.replace([':', '.'], "-"));
    let mut settings = json!({ "clients": [], "attached": { "clients": [] } });
    for change in changes {
        // The request that changes nothing is without the client's secret.
        let kept = Value::from(change.of.resend(&change.described));
        let sent = Value::from(change.request.clone());
        let file = |settings: &mut Value, value| match change.of {
            Of::Pool(_) => settings["pool"] = value,
            Of::Client(_) => {
                if let Some(clients) = settings["clients"].as_array_mut() {
                    clients.push(value);
                }
            }
        };
        file(&mut settings, kept);
        file(&mut settings["attached"], sent);
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&name)?;
    writeln!(file, "{settings:#}")?;
    // The file is the only copy once the update is made.
    file.sync_all()?;
    Ok(name)
}

fn show(what: &str, found: &[Difference]) {
    if found.is_empty() {
        say!("{what}: nothing to change");
        return;
    }
    say!("{what}:");
    for difference in found {
        say!("  {difference}");
    }
}

fn not_started(error: &CallError) -> Failure {
    Failure::NotStarted(error.to_string())
}

fn not_changed(error: &CallError) -> Failure {
    Failure::NotChanged(format!(
        "{error} The command without --apply shows what is left to change."
    ))
}
