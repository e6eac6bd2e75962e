//! Accounts of a username-attribute pool that hold a contact which they have not proved.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;

use clap::ValueEnum;
use latchstring_cli::attach::holders::{Holder, Scan};
use latchstring_cli::pool_needs::UnverifiedHolder;
use latchstring_cli::signed_call::{COGNITO, CallError};
use serde_json::{Value, json};

use super::{Aws, Failure, not_started};
use crate::commands::output::say;

/// The fate of unverified holders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Unverified {
    /// They stay, and the owner of the contact cannot sign in while they hold it
    Refuse,
    /// Those without any verified contact are deleted
    Delete,
}

/// The most accounts that are listed.
const LISTED: usize = 100;
/// The pages between two writes of the file.
const PAGES: u64 = 50;

/// Reads every account that is left to read, and lists the holders.
pub(super) async fn list(
    aws: &Aws<'_>,
    contacts: &[&str],
    resume: Option<&str>,
) -> Result<Scan, Failure> {
    let mut scan = match resume {
        Some(file) => read(file, aws.pool_id)?,
        None => Scan {
            user_pool: aws.pool_id.to_owned(),
            next: Some(String::new()),
            ..Scan::default()
        },
    };
    let mut pages = 0_u64;
    while let Some(next) = scan.next.clone() {
        if let Err(error) = page(aws, contacts, &next, &mut scan).await {
            if scan.read == 0 {
                return Err(not_started(&error));
            }
            write(&scan)?;
            return Err(Failure::NotStarted(format!(
                "{error} {} accounts were read: go on with --resume {}. If Cognito refuses the page, begin \
                 again without it.",
                scan.read,
                file_of(aws.pool_id)
            )));
        }
        pages += 1;
        if pages.is_multiple_of(PAGES) {
            eprintln!("{} accounts were read", scan.read);
            write(&scan)?;
        }
    }
    show(&scan);
    if !scan.holders.is_empty() {
        write(&scan)?;
        say!("All of them are in {}.", file_of(aws.pool_id));
    }
    Ok(scan)
}

/// Reads a page. The empty token is that of the first.
async fn page(
    aws: &Aws<'_>,
    contacts: &[&str],
    next: &str,
    scan: &mut Scan,
) -> Result<(), CallError> {
    const OPERATION: &str = "ListUsers";
    if scan.read == 0 {
        eprintln!("Reading the accounts ({OPERATION})");
    }
    let mut input = json!({ "UserPoolId": aws.pool_id });
    if !next.is_empty() {
        input["PaginationToken"] = next.into();
    }
    let page = aws.calls.read(COGNITO, OPERATION, &input).await?;
    let users = page["Users"].as_array();
    let users = users.ok_or_else(|| Aws::without(OPERATION, "the response lists nothing"))?;
    let holders = users.iter().filter_map(|user| Holder::of(user, contacts));
    scan.holders.extend(holders);
    scan.read += users.len() as u64;
    scan.next = page["PaginationToken"].as_str().map(str::to_owned);
    Ok(())
}

fn show(scan: &Scan) {
    let (holders, read) = (&scan.holders, scan.read);
    if holders.is_empty() {
        say!("None of the {read} accounts holds a contact that it has not proved.");
        return;
    }
    say!(
        "{} of the {read} accounts hold a contact that they have not proved:",
        holders.len()
    );
    for holder in holders.iter().take(LISTED) {
        let Holder {
            sub, status, kind, ..
        } = holder;
        say!("  {sub} ({status}, {})", kind.name());
    }
    if holders.len() > LISTED {
        say!("  and {} more", holders.len() - LISTED);
    }
}

/// Returns the question before a deletion; none if no account would be deleted.
pub(super) fn question(scan: &Scan) -> Option<String> {
    let mut by_status: BTreeMap<&str, u64> = BTreeMap::new();
    for holder in &scan.holders {
        if holder.kind == UnverifiedHolder::Unproved {
            *by_status.entry(&holder.status).or_default() += 1;
        }
    }
    let counts = by_status.iter();
    let counts: Vec<String> = counts
        .map(|(status, count)| format!("{count} {status}"))
        .collect();
    (!counts.is_empty()).then(|| {
        format!(
            "Accounts without a verified contact are deleted, with everything that Cognito keeps of them: {}. \
             That cannot be undone. A CONFIRMED one may be in use.",
            counts.join(", ")
        )
    })
}

/// Deletes the accounts of the scan that have no verified contact, each after it was read once more.
/// Returns true if none of them is left.
pub(super) async fn delete(
    aws: &Aws<'_>,
    contacts: &[&str],
    mut scan: Scan,
) -> Result<bool, Failure> {
    let (mut deleted, mut kept) = (0_u64, 0_u64);
    let doomed: Vec<Holder> = scan.holders.clone();
    for holder in doomed
        .iter()
        .filter(|it| it.kind == UnverifiedHolder::Unproved)
    {
        match delete_one(aws, contacts, holder).await {
            Ok(true) => deleted += 1,
            Ok(false) => kept += 1,
            Err(error) => {
                write(&scan)?;
                return Err(Failure::NotChanged(format!(
                    "{error} {deleted} accounts were deleted: go on with --resume {}.",
                    file_of(aws.pool_id)
                )));
            }
        }
        scan.holders.retain(|left| left != holder);
        if (deleted + kept).is_multiple_of(PAGES) {
            eprintln!("{deleted} accounts were deleted");
            write(&scan)?;
        }
    }
    write(&scan)?;
    say!("{deleted} accounts were deleted.");
    if kept > 0 {
        say!("{kept} were changed since they were listed, and stay: run the command again.");
    }
    Ok(kept == 0)
}

/// Returns false if the account is no longer the holder that was listed.
async fn delete_one(aws: &Aws<'_>, contacts: &[&str], listed: &Holder) -> Result<bool, CallError> {
    let is_missing = |error: &CallError| error.code().as_str() == "UserNotFoundException";
    let input = json!({ "UserPoolId": aws.pool_id, "Username": listed.username });
    let mut user = match aws.calls.read(COGNITO, "AdminGetUser", &input).await {
        Ok(user) => user,
        Err(error) if is_missing(&error) => return Ok(true),
        Err(error) => return Err(error),
    };
    // Cognito returns the username in a form of its own where it was given by a contact.
    user["Username"] = Value::from(listed.username.clone());
    if Holder::of(&user, contacts).as_ref() != Some(listed) {
        return Ok(false);
    }
    match aws.calls.write(COGNITO, "AdminDeleteUser", &input).await {
        Err(error) if !is_missing(&error) => Err(error),
        _ => Ok(true),
    }
}

fn file_of(pool_id: &str) -> String {
    format!("{pool_id}-unverified.json")
}

fn read(file: &str, pool_id: &str) -> Result<Scan, Failure> {
    let not = |problem: String| Failure::NotStarted(format!("{file}: {problem}"));
    let text = fs::read_to_string(file).map_err(|error| not(error.to_string()))?;
    let scan = serde_json::from_str(&text).unwrap_or_default();
    let scan = Scan::of_json(&scan);
    let scan = scan.ok_or_else(|| not("it is not the file of a scan".to_owned()))?;
    if scan.user_pool != pool_id {
        return Err(not(format!("it is of the pool {}", scan.user_pool)));
    }
    Ok(scan)
}

/// Replaces the file, which only this user may read, in one step.
fn write(scan: &Scan) -> Result<(), Failure> {
    let name = file_of(&scan.user_pool);
    let write = || {
        let new = format!("{name}.new");
        // Of an earlier run, or another user's in a shared directory: it is not written to.
        if fs::symlink_metadata(&new).is_ok() {
            fs::remove_file(&new)?;
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file: File = options.open(&new)?;
        writeln!(file, "{:#}", scan.to_json())?;
        file.sync_all()?;
        fs::rename(&new, &name)
    };
    write().map_err(|error: std::io::Error| Failure::NotChanged(format!("{name}: {error}")))
}
