//! `latchstring live-check`

use std::fs;
use std::io::{self, IsTerminal, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use clap::Args;
use latchstring_cli::access::{self, Access};
use latchstring_cli::live_check::{
    self, Options, Record, Transcript, account_of, append, delete, refuse_taken,
};

use super::output::{self, Failure, say};

/// The time in which a second Ctrl-C is the first, signalled again.
const SAME_CTRL_C: Duration = Duration::from_secs(2);

/// Deploy a release into an empty account, test it and every assumption about AWS, and delete it.
///
/// It needs credentials and the packages of a release, and no mailbox: the accounts are test identifiers, to
/// which nothing is sent. docs/unverified.md lists the assumptions.
#[derive(Args)]
#[command(after_help = after_help())]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Arguments {
    /// The folder of the packages: the zips of the functions and latchstring.template.json
    #[arg(long, value_name = "DIR", required_unless_present_any = ["resume", "delete"])]
    packages: Option<PathBuf>,
    /// The folder of the packages to upgrade to, such as those of the next release; by default the same
    #[arg(long, value_name = "DIR")]
    upgrade: Option<PathBuf>,
    /// The name of the stack, with which every name begins
    #[arg(long, value_name = "NAME", default_value = "latchstring-live-check", value_parser = name)]
    stack: String,
    /// The file that names what is made
    #[arg(
        long,
        value_name = "FILE",
        default_value = "latchstring-live-check.json"
    )]
    record: PathBuf,
    /// The file of the transcript, to which it is appended
    #[arg(long, value_name = "FILE", default_value = "latchstring-live-check.md")]
    transcript: PathBuf,
    /// Go on with the run of this record
    #[arg(long, value_name = "FILE", conflicts_with_all = ["packages", "upgrade", "delete"])]
    resume: Option<PathBuf>,
    /// Delete everything that this record names, and do nothing else
    #[arg(long, value_name = "FILE", conflicts_with_all = ["packages", "upgrade"])]
    delete: Option<PathBuf>,
    /// Keep what was made, for --resume and --delete
    #[arg(long)]
    keep: bool,
    /// Also test threat protection, for which Cognito charges the tier Plus
    #[arg(long)]
    plus: bool,
    /// Go on without a confirmation
    #[arg(long)]
    yes: bool,
    /// Run on the emulator of the environment; the transcript lists what that replaces
    #[arg(long)]
    dry_run: bool,
}

fn name(text: &str) -> Result<String, &'static str> {
    // A bucket's name has 63 characters at most, and holds the account and a time besides.
    let is_name = (1..=32).contains(&text.len())
        && text.starts_with(|it: char| it.is_ascii_lowercase())
        && text
            .chars()
            .all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-');
    if is_name {
        Ok(text.to_owned())
    } else {
        Err("expected 1 to 32 lower-case letters, digits and hyphens, a letter first")
    }
}

fn after_help() -> String {
    access::help("latchstring live-check --packages latchstring-lambdas-arm64")
        + "\n
Use an account that has nothing else. The credentials need the permission to create and delete each of the
resources of the template, among them IAM roles: AdministratorAccess of an empty account.

The exit status is 0 if every step succeeded and everything is deleted, 1 if a step failed, and 2 if the
command could not start."
}

/// Runs or deletes, and prints the outcome.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    output::run(async {
        let (access, record) = start(arguments).await.map_err(Failure::NotStarted)?;
        perform(arguments, &access, record)
            .await
            .map_err(Failure::NotDone)
    })
}

/// Reads what the run begins with, and asks the operator.
async fn start(arguments: &Arguments) -> Result<(Access, Record), String> {
    let access = Access::for_stack()?;
    let is_emulated = access.endpoint_url.is_some();
    if is_emulated != arguments.dry_run {
        return Err(
            "--dry-run and AWS_ENDPOINT_URL belong together: set both, or neither for AWS"
                .to_owned(),
        );
    }
    let account = account_of(&access)
        .await
        .map_err(|error| error.to_string())?;
    let record = match (&arguments.resume, &arguments.delete) {
        (Some(file), _) | (None, Some(file)) => Record::read(file)?,
        (None, None) => fresh(arguments, &access, &account).await?,
    };
    if record.account != account || record.region != access.region {
        return Err(format!(
            "{} is of the account {} in {}, and the credentials are of {account} in {}",
            record.file().display(),
            record.account,
            record.region,
            access.region
        ));
    }
    confirm(arguments, &record)?;
    Ok((access, record))
}

/// Runs and deletes. Returns true if every step succeeded.
async fn perform(
    arguments: &Arguments,
    access: &Access,
    mut record: Record,
) -> Result<bool, String> {
    let mut transcript = begin(&record);
    let mut failure = None;
    if arguments.delete.is_none() {
        let options = Options {
            packages: match &arguments.packages {
                Some(folder) => folder.clone(),
                None => record.packages.clone(),
            },
            upgrade: match &arguments.upgrade {
                Some(folder) => Some(folder.clone()),
                None => Some(record.upgrade.clone()).filter(|it| !it.as_os_str().is_empty()),
            },
            plus: arguments.plus,
        };
        // Dropping the run at Ctrl-C leaves the record, which names what was made.
        let ended = tokio::select! {
            ended = live_check::run(access, &options, &mut record, &mut transcript) => ended,
            _ = tokio::signal::ctrl_c() => Err("interrupted".to_owned()),
        };
        failure = ended.err();
        if let Some(reason) = &failure {
            transcript.fail(reason);
        }
    }
    if arguments.keep && arguments.delete.is_none() {
        let file = record.file().display();
        transcript.note(&format!(
            "kept: go on with --resume {file}, or delete all with --delete {file}"
        ));
    } else {
        let deleted = tokio::select! {
            deleted = delete(access, &mut record, &mut transcript) => deleted,
            () = another_ctrl_c() => Err("interrupted".to_owned()),
        };
        if let Err(reason) = deleted {
            let file = record.file().display();
            transcript.fail(&format!(
                "not everything is deleted: {reason} Run it again with --delete {file}"
            ));
        } else {
            // All that it named is gone.
            let _ = fs::remove_file(record.file());
        }
    }
    append(&arguments.transcript, &transcript.text())?;
    let shown = arguments.transcript.display().to_string();
    say!("The transcript is {shown}.");
    output::set("failed", transcript.failed());
    output::set("transcript", shown);
    let seen = transcript.seen().iter();
    let seen: serde_json::Map<_, _> = seen
        .map(|(id, seen)| ((*id).to_owned(), seen.clone().into()))
        .collect();
    output::set("seen", seen);
    Ok(transcript.failed() == 0 && failure.is_none())
}

/// Waits for a Ctrl-C that is not the one before: a terminal signals the program, and so does npx.
async fn another_ctrl_c() {
    tokio::time::sleep(SAME_CTRL_C).await;
    // Without the signal, nothing interrupts.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Returns the record of a new run.
async fn fresh(arguments: &Arguments, access: &Access, account: &str) -> Result<Record, String> {
    let file = &arguments.record;
    if file.exists() {
        let file = file.display();
        return Err(format!(
            "{file} is the record of another run: go on with --resume {file}, or delete what it made with \
             --delete {file}"
        ));
    }
    refuse_taken(access, &arguments.stack).await?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let now = now.unwrap_or_default().as_secs();
    let mut record = Record::new(file, account, &access.region, &arguments.stack, now);
    record.dry_run = arguments.dry_run;
    Ok(record)
}

/// Asks before anything is made or deleted.
fn confirm(arguments: &Arguments, record: &Record) -> Result<(), String> {
    let Record {
        account, region, ..
    } = record;
    let what = if arguments.delete.is_some() {
        format!(
            "Delete the stack {} and the bucket {}",
            record.stack, record.bucket
        )
    } else {
        format!(
            "Deploy the stack {}, change it some times and delete it",
            record.stack
        )
    };
    let cost = if arguments.plus {
        "At list prices this costs less than 3 US dollars: Cognito charges about 60 active users, the tier \
         Plus included; the rest is cents."
    } else {
        "At list prices this costs less than 1 US dollar: about 60 active users of Cognito, which the free \
         tier usually covers, some secrets for an hour, and cents of requests."
    };
    if arguments.yes || arguments.dry_run {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return Err(
            "standard input is no terminal: add --yes to run without a question".to_owned(),
        );
    }
    eprint!(
        "{what} in the AWS account {account}, Region {region}?\n{cost}\nType the account's number to go on: "
    );
    let _ = io::stderr().flush();
    let mut line = String::new();
    let read = io::stdin().read_line(&mut line);
    read.map_err(|error| format!("standard input cannot be read: {error}"))?;
    if line.trim() == account {
        Ok(())
    } else {
        Err("not confirmed: nothing was changed".to_owned())
    }
}

fn begin(record: &Record) -> Transcript {
    let title = if record.dry_run {
        "Dry run of latchstring live-check on an emulator"
    } else {
        "latchstring live-check"
    };
    let mut transcript = Transcript::new(title, &record.account, show);
    let at = humantime::format_rfc3339_seconds(SystemTime::now());
    let end = record.account.len().saturating_sub(4);
    let end = record.account.get(end..).unwrap_or_default();
    transcript.paragraph(&format!(
        "Version {}, Region {}, an account that ends in {end}, begun at {at}.",
        env!("CARGO_PKG_VERSION"),
        record.region
    ));
    transcript
}

fn show(line: &str) {
    output::line(line.to_owned());
}
