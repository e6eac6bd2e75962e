//! `latchstring erase` and `latchstring export`

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

use clap::Args;
use latchstring_aws::dynamodb::replaced_key;
use latchstring_cli::access::{self, Access};
use latchstring_cli::deployed::Deployed;
use latchstring_cli::person::{AccountInPool, Found, Kind, KnownPerson, Pool, Who, collect};
use latchstring_cli::signed_call::SignedCalls;
use latchstring_cli::table::{Table, text};
use latchstring_core::account::Sub;
use latchstring_core::identifier::Method;
use latchstring_core::ports::{Clock as _, PendingStore as _, UndoStore as _};
use latchstring_core::time::Timestamp;
use latchstring_lambda::SystemClock;
use serde_json::{Map, Value, json};

use super::confirm::confirm;
use super::deployment::{DeploymentArguments, PersonArguments, READING};
use super::output::{self, Failure, say};
use super::unlock::at;

/// The passes over the table: requests may write items while others are removed.
const PASSES: u32 = 3;

/// The data that stays, where it is, and when it goes.
const STAYS: [&str; 11] = [
    "Flows stay until an hour after their codes have expired, and counters of guesses until an hour after their \
     period, which is 30 days at most. Without them a session that is replayed would have further guesses. The \
     table's TTL removes them, up to days later. A counter is a keyed hash with numbers. A flow has the contact sealed, and the sub.",
    "What is stored under a contact that the account has not proved stays: it may be another person's.",
    "Log lines of the functions name the person by a keyed hash alone. They go with the retention of the log \
     groups. CloudTrail has the call that deletes the account, with its username, for as long as its trail keeps it. trace looks \
     up an address in SES's suppression list: that call may put the address into CloudTrail too.",
    "A contact that was an argument of a command is in the history of the shell, and is in the list of processes \
     while the command runs. --sub names the account without it.",
    "Delivery logs of SNS hold phone numbers, if they are on: they go with the retention of their log group.",
    "SES's suppression list keeps an address that bounced or complained: aws sesv2 delete-suppressed-destination \
     --email-address ADDRESS removes it.",
    "Events that were published hold the sub, and are with their consumers.",
    "Tokens that Cognito issued are valid until they expire, an access token for an hour by default, where a \
     server does not ask Cognito.",
    "The generation of device tokens, a keyed hash and a number, stays until no token can be valid: at most 401 \
     days. Without it a token that was ended would be valid again.",
    "Counters of a source, a device token and an ended slot are keyed hashes that are found by no person, and end \
     within days. Those of a mail domain and a country name no person. Records of redeemed tickets and proofs hold random numbers alone, and end within a day.",
    "Backups of the table, such as point-in-time recovery, keep the items for at most 35 days, or as long as you \
     keep the backup.",
];

/// Erase everything about one person: the account in the pool, and its items in the table.
///
/// Lists them, and what cannot be erased. Changes nothing without --apply. Run it again after an error: it goes
/// on where it ended.
#[derive(Args)]
#[command(after_help = erase_help())]
pub(crate) struct EraseArguments {
    #[command(flatten)]
    person: PersonArguments,
    #[command(flatten)]
    deployment: DeploymentArguments,
    /// Erase them
    #[arg(long)]
    apply: bool,
    /// Answer the question before they are erased
    #[arg(long, requires = "apply")]
    yes: bool,
    /// Erase them though the change of a contact can be undone: who holds the account may be a thief, and its
    /// owner loses it for good. --yes does not imply it
    #[arg(long, requires = "apply")]
    despite_undo: bool,
}

/// Print everything that is stored about one person, as JSON.
///
/// Seals, digests and tokens are left out. Only reads.
#[derive(Args)]
#[command(after_help = export_help())]
pub(crate) struct ExportArguments {
    #[command(flatten)]
    person: PersonArguments,
    #[command(flatten)]
    deployment: DeploymentArguments,
}

fn erase_help() -> String {
    access::help("latchstring erase ada@example.com --stack Latchstring")
        + &format!(
            "\n
It needs {READING};
for the table dynamodb:Scan, dynamodb:GetItem, dynamodb:BatchGetItem and with --apply dynamodb:DeleteItem;
for the pool cognito-idp:ListUsers, and with --apply cognito-idp:AdminDisableUser,
cognito-idp:AdminEnableUser and cognito-idp:AdminDeleteUser. The scan reads the whole table. docs/one-user.md explains the list.

The exit status is 0 on success, 1 if something is left, 2 if the command could not start."
        )
}

fn export_help() -> String {
    access::help("latchstring export ada@example.com --stack Latchstring")
        + &format!(
            "\n
It needs {READING};
for the table dynamodb:Scan, dynamodb:GetItem and dynamodb:BatchGetItem; for the pool cognito-idp:ListUsers
and cognito-idp:AdminListGroupsForUser. The scan reads the whole table.

The exit status is 0 on success, 2 if the command could not start."
        )
}

/// Lists what is stored, and erases it with `--apply`.
pub(crate) fn erase(arguments: &EraseArguments) -> ExitCode {
    output::run(async {
        let (access, deployed) = arguments.deployment.read().await?;
        let who = arguments.person.who(&deployed)?;
        let data = PersonalData::find(&access, &deployed, &who).await?;
        data.erase(arguments, &who).await
    })
}

/// Prints what is stored.
pub(crate) fn export(arguments: &ExportArguments) -> ExitCode {
    output::start(true);
    output::run(async {
        let (access, deployed) = arguments.deployment.read().await?;
        let who = arguments.person.who(&deployed)?;
        let data = PersonalData::find(&access, &deployed, &who).await?;
        data.export().await
    })
}

/// A person of a deployment.
struct PersonalData<'a> {
    access: &'a Access,
    deployed: &'a Deployed,
    pool: Pool<'a>,
    table: Table<'a>,
    account: Option<AccountInPool>,
    person: KnownPerson,
}

impl<'a> PersonalData<'a> {
    async fn find(access: &'a Access, deployed: &'a Deployed, who: &Who) -> Result<Self, Failure> {
        let found = Self::look(access, deployed, who).await;
        let (data, others) = found.map_err(Failure::NotStarted)?;
        if !others.is_empty() {
            say!(
                "Other accounts hold the contact without a proof, and may be another person's: {}. Name one with \
                 --sub.",
                others.join(", ")
            );
        }
        output::set("unprovedHolders", others);
        for method in &data.person.not_proved {
            say!(
                "{}: not proved: left. What is stored under this contact may be another person's. Once no \
                 account holds it, name it as ADDRESS.",
                method.as_str()
            );
        }
        let not_proved = data
            .person
            .not_proved
            .iter()
            .map(|it| it.as_str().to_owned());
        output::set("notProved", not_proved.collect::<Vec<_>>());
        Ok(data)
    }

    /// Returns the person, and the accounts that hold the contact without a proof.
    async fn look(
        access: &'a Access,
        deployed: &'a Deployed,
        who: &Who,
    ) -> Result<(Self, Vec<String>), String> {
        let pool = Pool {
            calls: SignedCalls::new(access),
            id: &deployed.pool,
        };
        let (account, others) = pool.find(who, &deployed.deployment.policy.phones).await?;
        let is_held = !others.is_empty();
        let person = KnownPerson::of(who, account.as_ref(), is_held, &deployed.deployment);
        let data = Self {
            access,
            deployed,
            pool,
            table: Table::new(SignedCalls::new(access), &deployed.table),
            account,
            person,
        };
        Ok((data, others))
    }

    async fn items(&self) -> Result<Vec<Found>, String> {
        let store = self.deployed.store(self.access);
        let now = SystemClock.now();
        collect(
            &self.table,
            &store,
            &self.deployed.deployment,
            &self.person,
            now,
        )
        .await
    }

    /// Returns the latest time until which the change of a contact can be undone: one of the account, or one
    /// that replaced a contact of the person in another account. Without the items, none could.
    async fn undoable_until(&self, items: &[Found]) -> Result<Option<Timestamp>, String> {
        let Deployed { deployment, .. } = self.deployed;
        let (store, now) = (self.deployed.store(self.access), SystemClock.now());
        let own = self.person.sub.as_deref();
        let replaced = items.iter().filter(|it| it.kind == Kind::Replaced);
        let others = replaced.filter_map(|it| text(&it.item, "sub"));
        let subs: BTreeSet<&str> = own.into_iter().chain(others).collect();
        let mut latest = None;
        for sub in subs {
            let undo = store.undo(&Sub::new(sub)).await;
            let Some(undo) = undo.map_err(|error| error.to_string())? else {
                continue;
            };
            let key = replaced_key(undo.replaced);
            if own != Some(sub) && !items.iter().any(|it| it.key == key) {
                continue;
            }
            let who = Who::Sub(sub.to_owned());
            let (account, _) = self.pool.find(&who, &deployment.policy.phones).await?;
            let until =
                account.and_then(|it| undo.undoable_until(&it.attributes(), deployment, now));
            latest = latest.max(until);
        }
        Ok(latest)
    }

    async fn erase(&self, arguments: &EraseArguments, who: &Who) -> Result<bool, Failure> {
        let items = self.items().await.map_err(Failure::NotStarted)?;
        match &self.account {
            Some(account) => say!(
                "The account {} in the pool {}",
                account.sub,
                self.deployed.pool
            ),
            None => say!("No account in the pool {}", self.deployed.pool),
        }
        let counts = counts(&items);
        for (kind, count) in &counts {
            say!("{count} of the table: {kind}");
        }
        if counts.is_empty() {
            say!("No item of the table");
        }
        output::set("account", self.account.as_ref().map(|it| it.sub.clone()));
        output::set("items", json!(counts));
        output::set("stays", STAYS.map(str::to_owned).to_vec());
        say_expiring(&items);
        let undoable = self.undoable_until(&items).await;
        let undoable = undoable.map_err(Failure::NotStarted)?;
        let undoable = undoable.map(|until| at(until.as_millis()));
        output::set("undoableUntil", undoable.clone());
        let refusal = undoable.map(|until| refusal(&until));
        if !arguments.apply {
            say!("");
            say!("This stays:");
            for line in STAYS {
                say!("- {line}");
            }
            say!("");
            if let Some(refusal) = &refusal {
                say!("{refusal}");
            }
            say!(
                "Nothing was changed. Run the command with --apply to erase the account and the items."
            );
            return Ok(true);
        }
        if let Some(refusal) = refusal.filter(|_| !arguments.despite_undo) {
            return Err(Failure::NotStarted(refusal));
        }
        let word = self.account.as_ref().map_or("erase", |it| &it.sub);
        let question = "The account and the items are erased, and cannot be restored.";
        confirm(question, word, arguments.yes).map_err(Failure::NotStarted)?;
        let (again, items) = self.again(arguments, who).await.map_err(Failure::NotDone)?;
        let is_done = again.apply(items).await.map_err(Failure::NotDone)?;
        say!(
            "{}",
            if is_done {
                "Erased. The command without --apply says what stays."
            } else {
                "Something is left: run the command again in a minute."
            }
        );
        Ok(is_done)
    }

    /// Disables the account, so that it changes no more, and looks at the person again: while the question
    /// waited, a contact may have been changed. Enables the account if it may not be erased any more.
    async fn again(
        &self,
        arguments: &EraseArguments,
        who: &Who,
    ) -> Result<(Self, Vec<Found>), String> {
        if let Some(account) = &self.account {
            let disabled = self.pool.disable(&account.username).await;
            disabled.map_err(|error| error.to_string())?;
        }
        let again = self.unchanged(arguments, who).await;
        if let Err(problem) = &again
            && let Some(account) = &self.account
            && account.user["Enabled"] == true
        {
            let enabled = self.pool.enable(&account.username).await;
            enabled.map_err(|error| {
                format!(
                    "{problem} The account {} stays disabled: {error}",
                    account.sub
                )
            })?;
        }
        again
    }

    /// Returns the person of now with the items.
    ///
    /// # Errors
    /// If the account is another one, or may not be erased any more. The text says so.
    async fn unchanged(
        &self,
        arguments: &EraseArguments,
        who: &Who,
    ) -> Result<(Self, Vec<Found>), String> {
        let (again, _) = Self::look(self.access, self.deployed, who).await?;
        let sub = |data: &Self| data.account.as_ref().map(|it| it.sub.clone());
        if sub(&again) != sub(self) {
            return Err("The account is another one meanwhile: run the command again.".to_owned());
        }
        let items = again.items().await?;
        if !arguments.despite_undo
            && let Some(until) = again.undoable_until(&items).await?
        {
            return Err(refusal(&at(until.as_millis())));
        }
        Ok((again, items))
    }

    /// Removes the items, deletes the account, which is disabled, and removes what requests wrote meanwhile.
    /// An account that is still there is found again by the next run, with its contacts.
    async fn apply(&self, mut items: Vec<Found>) -> Result<bool, String> {
        let mut removed = 0_u32;
        for pass in 0..PASSES {
            for item in items.iter().filter(|it| is_removable(it)) {
                removed += u32::from(self.remove(item).await?);
            }
            if let (0, Some(account)) = (pass, &self.account) {
                let deleted = self.pool.delete(&account.username).await;
                deleted.map_err(|error| error.to_string())?;
                say!("The account {} was deleted.", account.sub);
            }
            items = self.items().await?;
            if !items.iter().any(is_removable) {
                break;
            }
        }
        say!("{removed} items were removed.");
        output::set("removed", removed);
        say_expiring(&items);
        items.retain(is_removable);
        output::set("left", json!(counts(&items)));
        Ok(items.is_empty())
    }

    async fn remove(&self, found: &Found) -> Result<bool, String> {
        let now = SystemClock.now();
        let removed = match found.kind {
            // A flow under way holds it, for half a minute at most.
            Kind::Lease => {
                let now = now.as_millis();
                self.table.delete_ended(&found.key, "until", now).await
            }
            Kind::Flow | Kind::Guesses => {
                let now = now.as_secs();
                self.table.delete_ended(&found.key, "ttl", now).await
            }
            _ => self.table.delete(&found.key).await,
        };
        removed.map_err(|error| error.to_string())
    }

    async fn export(&self) -> Result<bool, Failure> {
        let not_read = |error: String| Failure::NotStarted(error);
        let items = self.items().await.map_err(not_read)?;
        let keys = &self.deployed.deployment.keys;
        let mut exported: Vec<Value> = items
            .iter()
            .map(|item| item.exported(keys, &self.person))
            .collect();
        self.open_pending(&items, &mut exported).await?;
        if let Some(account) = &self.account {
            let groups = self.pool.groups(&account.username).await;
            output::set(
                "groups",
                groups.map_err(|error| not_read(error.to_string()))?,
            );
        }
        output::set("account", self.account.as_ref().map(described));
        output::set("items", exported);
        output::set("notIncluded", STAYS.map(str::to_owned).to_vec());
        Ok(true)
    }

    /// Adds the contacts of pending requests to their items.
    async fn open_pending(&self, items: &[Found], exported: &mut [Value]) -> Result<(), Failure> {
        let Some(sub) = self.person.sub.as_deref().map(Sub::new) else {
            return Ok(());
        };
        let store = self.deployed.store(self.access);
        for method in Method::ALL {
            let pending = store.pending(&sub, method).await;
            let pending = pending.map_err(|error| Failure::NotStarted(error.to_string()))?;
            let contact = pending.and_then(|it| it.contact(&self.deployed.deployment.keys));
            let ends = format!("#{}#{}", method.as_str(), sub.as_str());
            let is_this = |it: &Found| it.kind == Kind::Pending && it.key.ends_with(&ends);
            if let (Some(contact), Some(place)) = (contact, items.iter().position(is_this)) {
                exported[place]["contact"] = contact.as_str().into();
            }
        }
        Ok(())
    }
}

/// Returns why a person is not erased while the change of a contact can be undone.
fn refusal(until: &str) -> String {
    format!(
        "The change of a contact can be undone until {until}. Who holds the account may be a thief, and its owner \
         could not get it back. Run the command after that time. If the owner has shown in another way that the \
         request is theirs, pass --despite-undo; --yes does not imply it."
    )
}

/// Returns whether an item is to be removed now.
fn is_removable(found: &Found) -> bool {
    found.kind != Kind::Devices && found.stays_until(SystemClock.now()).is_none()
}

/// Prints the items that must stay until the store removes them, by kind, with the latest of their times.
fn say_expiring(items: &[Found]) {
    let now = SystemClock.now();
    let mut kinds: BTreeMap<&str, (u32, u64)> = BTreeMap::new();
    for item in items {
        if let Some(until) = item.stays_until(now) {
            let (count, latest) = kinds.entry(item.kind.words()).or_default();
            (*count, *latest) = (*count + 1, until.max(*latest));
        }
    }
    let mut expiring = Map::new();
    for (kind, (count, until)) in kinds {
        let until = at(until * 1000);
        say!("{count} of the table stay, and expire at {until}: {kind}");
        let of_kind = json!({ "count": count, "until": until });
        expiring.insert(kind.to_owned(), of_kind);
    }
    output::set("expiring", expiring);
}

fn counts(items: &[Found]) -> BTreeMap<&'static str, u32> {
    let mut counts = BTreeMap::new();
    for item in items {
        *counts.entry(item.kind.words()).or_default() += 1;
    }
    counts
}

/// Returns the description of an account, with its attributes by name.
fn described(account: &AccountInPool) -> Value {
    let attributes = account.user["Attributes"].as_array().into_iter().flatten();
    let attributes: Map<String, Value> = attributes
        .filter_map(|it| Some((it["Name"].as_str()?.to_owned(), it["Value"].clone())))
        .collect();
    json!({
        "username": account.username,
        "sub": account.sub,
        "status": account.user["UserStatus"],
        "enabled": account.user["Enabled"],
        "created": account.user["UserCreateDate"],
        "modified": account.user["UserLastModifiedDate"],
        "attributes": attributes,
    })
}
