//! The file that names what a run makes, before it is made.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// The prefixes of the packages in the bucket: of the first deployment, and of the one that it is changed to.
pub(super) const PREFIXES: [&str; 2] = ["v1/", "v2/"];

/// The resources of a run, and the steps that are done. It holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The AWS account.
    pub account: String,
    /// The Region.
    pub region: String,
    /// The name of the stack, with which every name begins.
    pub stack: String,
    /// The id of the stack, once this run created it: a name may become that of another's stack.
    pub stack_id: Option<String>,
    /// The bucket of the packages and templates.
    pub bucket: String,
    /// The folder of the packages.
    pub packages: PathBuf,
    /// The folder of the packages of the upgrade.
    pub upgrade: PathBuf,
    /// True if an emulator replaces AWS.
    pub dry_run: bool,
    /// The keys of the objects in the bucket.
    pub keys: Vec<String>,
    /// Further resources: a kind and an id.
    pub others: Vec<(String, String)>,
    /// The names of the steps that are done.
    pub done: Vec<String>,
    /// The last day of the test identifiers, and the time at which the API keys expire, in seconds since 1970.
    pub days: (String, u64),
    file: PathBuf,
}

impl Record {
    /// Returns the record of a run that has made nothing. `now` is the time in seconds since 1970.
    pub fn new(file: &Path, account: &str, region: &str, stack: &str, now: u64) -> Self {
        const DAY: u64 = 24 * 3600;
        let time = |seconds| std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        let last = humantime::format_rfc3339_seconds(time(now + 2 * DAY)).to_string();
        Self {
            account: account.to_owned(),
            region: region.to_owned(),
            stack: stack.to_owned(),
            stack_id: None,
            // Names of buckets are the same for all accounts.
            bucket: format!("{}{now:x}", bucket_prefix(stack, account)),
            packages: PathBuf::new(),
            upgrade: PathBuf::new(),
            dry_run: false,
            keys: Vec::new(),
            others: Vec::new(),
            done: Vec::new(),
            days: (last.chars().take(10).collect(), now + 30 * DAY),
            file: file.to_owned(),
        }
    }

    /// Returns its file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Reads a record.
    ///
    /// # Errors
    /// If the file cannot be read, or is not a record of this program. The text names the file.
    pub fn read(file: &Path) -> Result<Self, String> {
        let shown = file.display();
        let text =
            fs::read_to_string(file).map_err(|error| format!("{shown} cannot be read: {error}"))?;
        let value: Value = serde_json::from_str(&text).unwrap_or_default();
        Self::of(&value, file)
            .ok_or_else(|| format!("{shown} is not a record of latchstring live-check"))
    }

    fn of(value: &Value, file: &Path) -> Option<Self> {
        if value["version"] != 1 {
            return None;
        }
        let text = |name: &str| value[name].as_str().map(str::to_owned);
        let list = |name: &str| -> Option<Vec<String>> {
            let list = value[name].as_array()?.iter();
            list.map(|it| it.as_str().map(str::to_owned)).collect()
        };
        let others = value["others"].as_array()?.iter();
        let others =
            others.map(|it| Some((it[0].as_str()?.to_owned(), it[1].as_str()?.to_owned())));
        let others = others.collect::<Option<Vec<_>>>()?;
        let (stack, bucket) = (text("stack")?, text("bucket")?);
        // A run gives everything that it makes a name that begins with the stack's: a record that names
        // another resource was not written by one, and nothing of it is deleted.
        let begins = |id: &str| {
            id.strip_prefix(&stack)
                .is_some_and(|rest| rest.starts_with('-'))
        };
        let (account, region) = (text("account")?, text("region")?);
        let is_bucket = bucket
            .strip_prefix(&bucket_prefix(&stack, &account))
            .is_some_and(|time| u64::from_str_radix(time, 16).is_ok());
        let keys = list("keys")?;
        let stack_id = text("stackId");
        let of_stack = format!(":cloudformation:{region}:{account}:stack/{stack}/");
        let is_stack = stack_id.as_ref().is_none_or(|id| id.contains(&of_stack));
        let is_own = is_bucket && is_stack && keys.iter().all(|key| is_key(key));
        if !is_own || !others.iter().all(|(_, id)| begins(id)) {
            return None;
        }
        Some(Self {
            account,
            region,
            stack,
            stack_id,
            bucket,
            packages: text("packages")?.into(),
            upgrade: text("upgrade")?.into(),
            dry_run: value["dryRun"].as_bool()?,
            keys,
            others,
            done: list("done")?,
            days: (text("lastDay")?, value["keysExpire"].as_u64()?),
            file: file.to_owned(),
        })
    }

    fn value(&self) -> Value {
        json!({
            "version": 1,
            "account": self.account,
            "region": self.region,
            "stack": self.stack,
            "stackId": self.stack_id,
            "bucket": self.bucket,
            "packages": self.packages,
            "upgrade": self.upgrade,
            "dryRun": self.dry_run,
            "keys": self.keys,
            "others": self.others,
            "done": self.done,
            "lastDay": self.days.0,
            "keysExpire": self.days.1,
        })
    }

    /// Writes the record. The file is replaced as a whole.
    ///
    /// # Errors
    /// If the file cannot be written. The text names the file.
    pub fn write(&self) -> Result<(), String> {
        let value = self.value();
        let write = || -> io::Result<()> {
            let fresh = self.file.with_extension("new");
            let mut file = fs::File::create(&fresh)?;
            writeln!(file, "{value:#}")?;
            file.sync_all()?;
            fs::rename(&fresh, &self.file)
        };
        write().map_err(|error| format!("{} cannot be written: {error}", self.file.display()))
    }

    /// Adds an object of the bucket, before it is made.
    ///
    /// # Errors
    /// If the file cannot be written, or could not be read again with this key.
    pub fn add_key(&mut self, key: &str) -> Result<(), String> {
        if !is_key(key) {
            return Err(format!(
                "{key} is no key of a run: name each zip with letters, digits, hyphens and dots only"
            ));
        }
        if !self.keys.iter().any(|it| it == key) {
            self.keys.push(key.to_owned());
        }
        self.write()
    }

    /// Adds another resource, before it is made.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn add(&mut self, kind: &str, id: &str) -> Result<(), String> {
        self.others.push((kind.to_owned(), id.to_owned()));
        self.write()
    }

    /// Reports whether a step is done.
    pub fn is_done(&self, step: &str) -> bool {
        self.done.iter().any(|it| it == step)
    }

    /// Marks a step as done.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn finish(&mut self, step: &str) -> Result<(), String> {
        if !self.is_done(step) {
            self.done.push(step.to_owned());
        }
        self.write()
    }
}

/// Returns the begin of the name of a run's bucket.
fn bucket_prefix(stack: &str, account: &str) -> String {
    format!("{}-{account}-", stack.to_lowercase())
}

/// Reports whether a run may have made an object of this key.
fn is_key(key: &str) -> bool {
    let name = PREFIXES.iter().find_map(|it| key.strip_prefix(it));
    name.is_some_and(|name| {
        let is_plain = |it: char| it.is_ascii_alphanumeric() || "-_.".contains(it);
        !name.is_empty() && name.chars().all(is_plain)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_of_what_no_run_makes_is_refused() {
        let record = Record::new(Path::new("x"), "1", "eu-west-1", "live", 1_800_000_000);
        let read = |change: fn(&mut Value)| {
            let mut value = record.value();
            change(&mut value);
            Record::of(&value, Path::new("x")).is_some()
        };
        assert!(read(|it| it["keys"] = json!(["v1/a.zip", "v2/live.json"])));
        let changes: [fn(&mut Value); 7] = [
            |it| it["bucket"] = json!("another"),
            |it| it["bucket"] = json!("live-2-6b49d200"),
            |it| it["bucket"] = json!("live-1-6b49d200/v1"),
            |it| it["keys"] = json!(["backup/a.zip"]),
            |it| it["keys"] = json!(["v1/../../another/a.zip"]),
            |it| it["keys"] = json!(["v1/"]),
            |it| it["stackId"] = json!("arn:aws:cloudformation:eu-west-1:1:stack/another/1"),
        ];
        for (number, change) in changes.into_iter().enumerate() {
            assert!(!read(change), "{number}");
        }
    }

    #[test]
    fn a_record_that_is_written_is_read_again() {
        let folder = std::env::temp_dir().join(format!("live-check-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let file = folder.join("record.json");
        let mut record = Record::new(&file, "123456789012", "eu-west-1", "Live", 1_800_000_000);
        record.packages = "target/dist".into();
        record.add_key("v1/a.zip").expect("it is written");
        record.add_key("v1/a.zip").expect("it is written");
        assert!(record.add_key("v1/a (1).zip").is_err());
        record.add("secret", "Live-a").expect("it is written");
        record.finish("create").expect("it is written");
        record.stack_id =
            Some("arn:aws:cloudformation:eu-west-1:123456789012:stack/Live/1".to_owned());
        record.write().expect("it is written");
        assert_eq!(Record::read(&file), Ok(record.clone()));
        assert_eq!(record.keys.len(), 1);
        assert_eq!(record.days.0, "2027-01-17");
        assert!(record.is_done("create") && !record.is_done("delete"));
        record.add("secret", "Liver-b").expect("it is written");
        assert!(Record::read(&file).is_err(), "a secret of another stack");
        fs::write(&file, "{}").expect("it is written");
        assert!(Record::read(&file).is_err());
        fs::remove_dir_all(&folder).expect("it is removed");
    }
}
