//! The bucket and the stack of a run: `CloudFormation` and S3 by signed calls.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use aws_smithy_xml::decode::{Document, try_data};
use latchstring_aws::dns_suffix;
use serde_json::{Value, json};

use super::record::Record;
use super::template::Changes;
use crate::access::Access;
use crate::attach::stack;
use crate::error_code::ErrorKind;
use crate::functions::FUNCTIONS;
use crate::signed_call::{
    CLOUDFORMATION, CallError, LAMBDA, LOGS, PathCall, S3, SECRETS, SignedCalls, first,
};

/// The template of a release.
const TEMPLATE: &str = "latchstring.template.json";

/// The longest that the upload of a package may take.
const UPLOAD: Duration = Duration::from_secs(300);

/// The longest that the stack may take for one change.
const CHANGE: Duration = Duration::from_secs(45 * 60);

/// The deployment of a run.
pub(super) struct Deployment<'a> {
    pub(super) access: &'a Access,
    pub(super) calls: SignedCalls<'a>,
}

impl<'a> Deployment<'a> {
    pub(super) fn new(access: &'a Access) -> Self {
        Self {
            access,
            calls: SignedCalls::new(access),
        }
    }

    /// The time between two looks at the stack.
    fn pause(&self) -> Duration {
        match self.access.endpoint_url {
            Some(_) => Duration::from_millis(300),
            None => Duration::from_secs(5),
        }
    }

    async fn s3(
        &self,
        operation: &str,
        method: &'static str,
        target: &str,
        body: Vec<u8>,
    ) -> Result<String, CallError> {
        let call = PathCall {
            operation,
            method,
            target,
            body,
            limit: UPLOAD,
        };
        self.calls.call_path(S3, call).await
    }

    /// Makes the bucket, and puts the packages of a folder under a prefix.
    pub(super) async fn upload(
        &self,
        record: &mut Record,
        folder: &Path,
        prefix: &str,
    ) -> Result<usize, String> {
        let region = &self.access.region;
        // The oldest Region takes no name of itself.
        let body = if region == "us-east-1" {
            String::new()
        } else {
            format!(
                "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
                 <LocationConstraint>{region}</LocationConstraint></CreateBucketConfiguration>"
            )
        };
        record.write()?;
        let path = format!("/{}", record.bucket);
        let made = self
            .s3("CreateBucket", "PUT", &path, body.into_bytes())
            .await;
        match made {
            Ok(_) => {}
            Err(error) if error.code().as_str() == "BucketAlreadyOwnedByYou" => {}
            Err(error) => return Err(error.to_string()),
        }
        let mut zips = packages(folder)?;
        zips.sort();
        for zip in &zips {
            let bytes = fs::read(folder.join(zip))
                .map_err(|error| format!("{zip} cannot be read: {error}"))?;
            self.put(record, &format!("{prefix}{zip}"), bytes).await?;
        }
        Ok(zips.len())
    }

    async fn put(&self, record: &mut Record, key: &str, bytes: Vec<u8>) -> Result<(), String> {
        record.add_key(key)?;
        let path = format!("/{}/{key}", record.bucket);
        let put = self.s3("PutObject", "PUT", &path, bytes).await;
        put.map(drop).map_err(|error| error.to_string())
    }

    /// Creates the stack by the template of a folder with the changes, and waits for it. `prefix` is that of the
    /// packages. A stack that this run did not create is never changed.
    pub(super) async fn create(
        &self,
        record: &mut Record,
        folder: &Path,
        prefix: &str,
        changes: &Changes,
    ) -> Result<BTreeMap<String, String>, String> {
        let fields = self.fields(record, folder, prefix, changes).await?;
        let id = if let Some(id) = self.resumed(record).await? {
            id
        } else {
            self.refuse_taken(&record.stack).await?;
            let sent = self.send("CreateStack", &record.stack, &fields).await;
            let xml = sent.map_err(|error| error.to_string())?;
            let id = first(&xml, "StackId").ok_or("CreateStack returned no id")?;
            record.stack_id = Some(id.clone());
            record.write()?;
            id
        };
        self.settle(&id).await?;
        self.outputs(&id).await
    }

    /// Changes the stack that this run created, and waits for it.
    pub(super) async fn update(
        &self,
        record: &mut Record,
        folder: &Path,
        prefix: &str,
        changes: &Changes,
    ) -> Result<BTreeMap<String, String>, String> {
        let id = id_of(record)?.to_owned();
        let fields = self.fields(record, folder, prefix, changes).await?;
        self.still(&id).await?;
        match self.send("UpdateStack", &id, &fields).await {
            Ok(_) => {}
            Err(CallError::Refused { message, .. })
                if message.contains("No updates are to be performed") => {}
            Err(error) => return Err(error.to_string()),
        }
        self.settle(&id).await?;
        self.outputs(&id).await
    }

    async fn send(
        &self,
        operation: &str,
        stack: &str,
        fields: &[(String, String)],
    ) -> Result<String, CallError> {
        let mut all = vec![("StackName", stack)];
        all.extend(fields.iter().map(|(a, b)| (&**a, &**b)));
        self.calls.write_form(CLOUDFORMATION, operation, &all).await
    }

    /// Puts the template into the bucket, and returns the fields of a request that deploys it, without the stack.
    async fn fields(
        &self,
        record: &mut Record,
        folder: &Path,
        prefix: &str,
        changes: &Changes,
    ) -> Result<Vec<(String, String)>, String> {
        let text = fs::read_to_string(folder.join(TEMPLATE))
            .map_err(|error| format!("{TEMPLATE} cannot be read: {error}"))?;
        let template = changes.apply(&text)?;
        let key = format!("{prefix}{}.json", record.stack);
        self.put(record, &key, template.to_string().into_bytes())
            .await?;
        let mut fields = vec![
            ("TemplateURL".to_owned(), self.url(record, &key)),
            (
                "Capabilities.member.1".to_owned(),
                "CAPABILITY_IAM".to_owned(),
            ),
            (
                "Capabilities.member.2".to_owned(),
                "CAPABILITY_NAMED_IAM".to_owned(),
            ),
        ];
        for (number, (name, value)) in parameters(&template, record, prefix).iter().enumerate() {
            let member = format!("Parameters.member.{}", number + 1);
            fields.push((format!("{member}.ParameterKey"), (*name).to_owned()));
            fields.push((format!("{member}.ParameterValue"), value.clone()));
        }
        Ok(fields)
    }

    /// Returns the id of the stack that this run created; none if it created none. A stack whose creation was not
    /// answered is known by its parameter `Bucket`, which no other run has.
    pub(super) async fn own(&self, record: &mut Record) -> Result<Option<String>, String> {
        if record.stack_id.is_none() {
            let described = self.describe(&record.stack).await?.unwrap_or_default();
            if parameter(&described, "Bucket").as_ref() == Some(&record.bucket) {
                record.stack_id = first(&described, "StackId");
                record.write()?;
            }
        }
        Ok(record.stack_id.clone())
    }

    /// Returns the id of the stack that an interrupted run created. Deletes it if its creation failed.
    async fn resumed(&self, record: &mut Record) -> Result<Option<String>, String> {
        let Some(id) = self.own(record).await? else {
            return Ok(None);
        };
        match self.still(&id).await?.as_deref() {
            None => {}
            Some("CREATE_FAILED" | "ROLLBACK_COMPLETE" | "ROLLBACK_FAILED") => {
                self.delete_stack(&id).await?;
                self.delete_logs(&record.stack).await?;
            }
            Some(_) => return Ok(Some(id)),
        }
        record.stack_id = None;
        record.write()?;
        Ok(None)
    }

    /// Waits for a change that an interrupted run began, and returns the status.
    async fn still(&self, stack: &str) -> Result<Option<String>, String> {
        let begun = Instant::now();
        while begun.elapsed() < CHANGE {
            match self.status(stack).await? {
                Some(status) if status.ends_with("IN_PROGRESS") => {}
                status => return Ok(status),
            }
            tokio::time::sleep(self.pause()).await;
        }
        Err("the stack does not become ready".to_owned())
    }

    fn url(&self, record: &Record, key: &str) -> String {
        let bucket = &record.bucket;
        let region = &self.access.region;
        match &self.access.endpoint_url {
            Some(endpoint) => format!("{}/{bucket}/{key}", endpoint.trim_end_matches('/')),
            None => format!("https://{bucket}.s3.{region}.{}/{key}", dns_suffix(region)),
        }
    }

    /// Returns the status of the stack; none if there is no such stack.
    async fn status(&self, stack: &str) -> Result<Option<String>, String> {
        let xml = self.describe(stack).await?;
        let status = xml.and_then(|xml| first(&xml, "StackStatus"));
        Ok(status.filter(|it| it != "DELETE_COMPLETE"))
    }

    /// Returns the description of the stack; none if there is no such stack.
    async fn describe(&self, stack: &str) -> Result<Option<String>, String> {
        let fields = [("StackName", stack)];
        match self
            .calls
            .read_form(CLOUDFORMATION, "DescribeStacks", &fields)
            .await
        {
            Ok(xml) => Ok(Some(xml)),
            Err(error) if error.code().kind() == ErrorKind::Invalid => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Waits until the stack does not change, and returns an error unless that succeeded.
    async fn settle(&self, stack: &str) -> Result<(), String> {
        let begun = Instant::now();
        while begun.elapsed() < CHANGE {
            match self.status(stack).await?.as_deref() {
                Some("CREATE_COMPLETE" | "UPDATE_COMPLETE") => return Ok(()),
                Some(status) if status.ends_with("IN_PROGRESS") => {}
                Some(status) => {
                    let reasons = self.reasons(stack).await;
                    return Err(format!("the stack is {status}: {reasons}"));
                }
                None => return Err("the stack is gone".to_owned()),
            }
            tokio::time::sleep(self.pause()).await;
        }
        Err(format!(
            "the stack is not ready after {} s",
            CHANGE.as_secs()
        ))
    }

    /// Returns the reasons of the resources that failed.
    async fn reasons(&self, stack: &str) -> String {
        let fields = [("StackName", stack)];
        let events = self
            .calls
            .read_form(CLOUDFORMATION, "DescribeStackEvents", &fields);
        let xml = events.await.unwrap_or_default();
        let failed = failures(&xml);
        if failed.is_empty() {
            "no event has a reason".to_owned()
        } else {
            failed.join("; ")
        }
    }

    /// Returns the outputs of the stack.
    pub(super) async fn outputs(&self, stack: &str) -> Result<BTreeMap<String, String>, String> {
        let outputs = stack::read(&self.calls, stack).await;
        outputs.map_err(|error| error.to_string())
    }

    /// Deletes the stack and waits until it is gone.
    pub(super) async fn delete_stack(&self, stack: &str) -> Result<(), String> {
        if self.status(stack).await?.is_none() {
            return Ok(());
        }
        let fields = [("StackName", stack)];
        let deleted = self
            .calls
            .write_form(CLOUDFORMATION, "DeleteStack", &fields);
        deleted.await.map_err(|error| error.to_string())?;
        let begun = Instant::now();
        while begun.elapsed() < CHANGE {
            match self.status(stack).await?.as_deref() {
                None => return Ok(()),
                Some("DELETE_FAILED") => {
                    let reasons = self.reasons(stack).await;
                    return Err(format!("the stack is DELETE_FAILED: {reasons}"));
                }
                Some(_) => tokio::time::sleep(self.pause()).await,
            }
        }
        Err(format!("the stack is there after {} s", CHANGE.as_secs()))
    }

    /// Deletes the objects and the bucket. What is gone already is no error.
    pub(super) async fn delete_bucket(&self, record: &Record) -> Result<(), String> {
        let bucket = &record.bucket;
        let targets = record.keys.iter().map(|key| format!("/{bucket}/{key}"));
        let objects = targets.map(|target| ("DeleteObject", target));
        let all = objects.chain([("DeleteBucket", format!("/{bucket}"))]);
        for (operation, target) in all {
            match self.s3(operation, "DELETE", &target, Vec::new()).await {
                Ok(_) | Err(CallError::Refused { status: 404, .. }) => {}
                Err(error) => return Err(error.to_string()),
            }
        }
        Ok(())
    }

    /// Refuses a name of a stack under which there is a stack, a function or a log group.
    pub(super) async fn refuse_taken(&self, stack: &str) -> Result<(), String> {
        let taken = if self.status(stack).await?.is_some() {
            Some(format!("a stack {stack}"))
        } else if let Some(function) = self.function(stack).await? {
            Some(format!("a function {function}"))
        } else {
            let groups = self.log_groups(stack).await?;
            groups.first().map(|group| format!("a log group {group}"))
        };
        match taken {
            Some(what) => Err(format!(
                "there is {what} in this account and Region, which this run would change and delete: choose \
                 another --stack, or an empty account"
            )),
            None => Ok(()),
        }
    }

    /// Returns the first function that is there and has a name of this stack's functions.
    pub(super) async fn function(&self, stack: &str) -> Result<Option<String>, String> {
        for function in FUNCTIONS {
            let name = format!("{stack}-{function}");
            let path = format!("/2015-03-31/functions/{name}/configuration");
            let read = self
                .calls
                .read_path(LAMBDA, "GetFunctionConfiguration", &path);
            match read.await {
                Ok(_) => return Ok(Some(name)),
                Err(error) if error.code().kind() == ErrorKind::Missing => {}
                Err(error) => return Err(error.to_string()),
            }
        }
        Ok(None)
    }

    /// Returns the log groups that are there and have a name of this stack's functions.
    async fn log_groups(&self, stack: &str) -> Result<Vec<String>, String> {
        let mut groups = Vec::new();
        for function in FUNCTIONS {
            let name = format!("/aws/lambda/{stack}-{function}");
            // They are sorted, so that a group of just this name is on the first page.
            let input = json!({ "logGroupNamePrefix": name });
            let found = self.calls.read(LOGS, "DescribeLogGroups", &input).await;
            let found = found.map_err(|error| error.to_string())?;
            let mut found = found["logGroups"].as_array().into_iter().flatten();
            if found.any(|it| it["logGroupName"] == *name) {
                groups.push(name);
            }
        }
        Ok(groups)
    }

    /// Deletes the log groups of the functions that the stack left, and returns how many there were.
    pub(super) async fn delete_logs(&self, stack: &str) -> Result<usize, String> {
        let groups = self.log_groups(stack).await?;
        for group in &groups {
            let input = json!({ "logGroupName": group });
            let gone = self.calls.write(LOGS, "DeleteLogGroup", &input).await;
            gone.map_err(|error| error.to_string())?;
        }
        Ok(groups.len())
    }

    /// Deletes another resource of the record.
    pub(super) async fn delete_other(&self, kind: &str, id: &str) -> Result<(), String> {
        let gone = match kind {
            "secret" => {
                let input = json!({ "SecretId": id, "ForceDeleteWithoutRecovery": true });
                self.calls.write(SECRETS, "DeleteSecret", &input).await
            }
            kind => {
                return Err(format!(
                    "{kind} is not a kind of resource that this program made"
                ));
            }
        };
        match gone {
            Ok(_) => Ok(()),
            Err(error) if error.code().kind() == ErrorKind::Missing => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// Returns the id of the stack that a run created.
///
/// # Errors
/// If the record has none: by its name alone, a stack is neither changed nor deleted.
pub(super) fn id_of(record: &Record) -> Result<&str, String> {
    record.stack_id.as_deref().ok_or_else(|| {
        format!(
            "the record names no stack {} that this run created: delete the run with --delete, and begin again",
            record.stack
        )
    })
}

/// Returns the value of a parameter of a stack's description.
fn parameter(xml: &str, name: &str) -> Option<String> {
    let mut document = Document::new(xml);
    let (mut key, mut value) = (None, None);
    while let Some(element) = document.next_start_element() {
        let text = match element.local() {
            "member" => {
                (key, value) = (None, None);
                continue;
            }
            "ParameterKey" => &mut key,
            "ParameterValue" => &mut value,
            _ => continue,
        };
        *text = try_data(&mut document.scoped_to(element))
            .ok()
            .map(String::from);
        if key.as_deref() == Some(name) && value.is_some() {
            return value;
        }
    }
    None
}

/// Returns the names of the zips in a folder.
fn packages(folder: &Path) -> Result<Vec<String>, String> {
    let shown = folder.display();
    let unreadable = |error| format!("{shown} cannot be read: {error}");
    let entries = fs::read_dir(folder).map_err(unreadable)?;
    let names = entries
        .filter_map(Result::ok)
        .filter_map(|entry| entry.file_name().into_string().ok());
    let zips: Vec<String> = names
        .filter(|name| Path::new(name).extension().is_some_and(|it| it == "zip"))
        .collect();
    if zips.is_empty() || !folder.join(TEMPLATE).is_file() {
        return Err(format!(
            "{shown} has no packages: name the folder with the zips of the functions and {TEMPLATE}"
        ));
    }
    Ok(zips)
}

/// Checks that a folder has packages.
///
/// # Errors
/// If it has none. The text names the folder.
pub(super) fn check_packages(folder: &Path) -> Result<(), String> {
    packages(folder).map(drop)
}

/// Returns the parameters of a run, as far as the template has them.
fn parameters(template: &Value, record: &Record, prefix: &str) -> Vec<(&'static str, String)> {
    let all = [
        ("Bucket", record.bucket.clone()),
        ("Prefix", prefix.to_owned()),
        ("Api", "both".to_owned()),
        ("ApiKeyExpires", record.days.1.to_string()),
        // No message is sent: every account of a run is a test identifier.
        ("EmailFromAddress", "codes@live-check.example".to_owned()),
        ("SmsCountries", "US".to_owned()),
    ];
    let known = |(name, _): &(&str, String)| template["Parameters"].get(*name).is_some();
    all.into_iter().filter(known).collect()
}

/// Returns the resources that failed with their reasons, the first failure first.
fn failures(xml: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut document = Document::new(xml);
    let (mut id, mut status) = (String::new(), String::new());
    while let Some(element) = document.next_start_element() {
        let name = element.local().to_owned();
        if !matches!(
            &*name,
            "LogicalResourceId" | "ResourceStatus" | "ResourceStatusReason" | "member"
        ) {
            continue;
        }
        if name == "member" {
            (id, status) = (String::new(), String::new());
            continue;
        }
        let text = try_data(&mut document.scoped_to(element)).unwrap_or_default();
        match &*name {
            "LogicalResourceId" => id = text.into_owned(),
            "ResourceStatus" => status = text.into_owned(),
            _ if status.ends_with("FAILED") => found.push(format!("{id}: {text}")),
            _ => {}
        }
    }
    // The newest event is the first.
    found.reverse();
    found.truncate(5);
    found
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::super::stand_in::{StandIn, missing, no_stack};
    use super::*;

    #[tokio::test]
    async fn a_name_with_a_log_group_or_a_function_is_refused() {
        let groups = |names: &[&str]| {
            let groups: Vec<_> = names
                .iter()
                .map(|it| json!({ "logGroupName": it }))
                .collect();
            json!({ "logGroups": groups }).to_string()
        };
        let refused = async |group: &str, function: bool| {
            let groups = groups(&[group]);
            let aws = StandIn::new(move |call| match &*call.operation {
                "DescribeStacks" => no_stack(),
                "DescribeLogGroups" => (200, groups.clone()),
                path if function && path.ends_with("/functions/live-sign-in/configuration") => {
                    (200, "{}".to_owned())
                }
                _ => missing(),
            });
            Deployment::new(&aws.access).refuse_taken("live").await
        };
        let error = refused("/aws/lambda/live-sign-in", false).await;
        let error = error.expect_err("a log group of this name");
        assert!(
            error.contains("a log group /aws/lambda/live-sign-in"),
            "{error}"
        );
        assert!(error.contains("choose another --stack"), "{error}");
        let error = refused("-", true)
            .await
            .expect_err("a function of this name");
        assert!(error.contains("a function live-sign-in"), "{error}");
        assert_eq!(refused("/aws/lambda/live-sign-in-2", false).await, Ok(()));
    }

    /// The id of the stack of a run.
    const ID: &str = "arn:aws:cloudformation:eu-west-1:1:stack/live/1";

    /// A folder with a template, and the record of a run in it.
    fn begun(name: &str) -> (std::path::PathBuf, Record) {
        let folder = std::env::temp_dir().join(format!("live-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let template = r#"{"Parameters": {"Bucket": {}}, "Resources": {}}"#;
        fs::write(folder.join(TEMPLATE), template).expect("it is written");
        let record = folder.join("record.json");
        let record = Record::new(&record, "1", "eu-west-1", "live", 1_800_000_000);
        (folder, record)
    }

    /// AWS with a stack of the name, which has this bucket.
    fn with_stack(bucket: &str) -> StandIn {
        let described = format!(
            "<R><StackId>{ID}</StackId><Parameters><member><ParameterKey>Bucket</ParameterKey>\
             <ParameterValue>{bucket}</ParameterValue></member></Parameters>\
             <StackStatus>ROLLBACK_COMPLETE</StackStatus></R>"
        );
        StandIn::new(move |call| match &*call.operation {
            "DescribeStacks" => (200, described.clone()),
            "DeleteStack" => (400, "<E/>".to_owned()),
            it if it.ends_with("/configuration") => missing(),
            _ => (200, "{}".to_owned()),
        })
    }

    #[tokio::test]
    async fn a_stack_of_the_name_is_not_touched_without_its_id() {
        let (folder, mut record) = begun("others");
        let aws = with_stack("another");
        let deployment = Deployment::new(&aws.access);
        let changes = Changes::default();
        let created = deployment.create(&mut record, &folder, "v1/", &changes);
        let error = created.await.expect_err("the stack is another's");
        assert!(error.contains("there is a stack live"), "{error}");
        let updated = deployment.update(&mut record, &folder, "v1/", &changes);
        let error = updated.await.expect_err("no id");
        assert!(
            error.contains("names no stack live that this run created"),
            "{error}"
        );
        let mut transcript = super::super::Transcript::new("", "1", |_| ());
        let deleted = super::super::delete(&aws.access, &mut record, &mut transcript);
        assert_eq!(deleted.await, Ok(()));
        for call in [
            "CreateStack",
            "UpdateStack",
            "DeleteStack",
            "DeleteLogGroup",
        ] {
            assert_eq!(aws.calls(call).len(), 0, "{call}");
        }
        fs::remove_dir_all(&folder).expect("it is removed");
    }

    #[tokio::test]
    async fn log_groups_of_a_later_deployment_are_left() {
        let (folder, mut record) = begun("logs");
        record.stack_id = Some(ID.to_owned());
        let deleted = async |is_taken: bool| {
            let group = "/aws/lambda/live-sign-in";
            let groups = json!({ "logGroups": [{ "logGroupName": group }] }).to_string();
            let aws = StandIn::new(move |call| match &*call.operation {
                "DescribeStacks" => no_stack(),
                "DescribeLogGroups" => (200, groups.clone()),
                it if it.ends_with("/configuration") && !is_taken => missing(),
                _ => (200, "{}".to_owned()),
            });
            let (mut record, show) = (record.clone(), |_: &str| ());
            let mut transcript = super::super::Transcript::new("", "1", show);
            let done = super::super::delete(&aws.access, &mut record, &mut transcript);
            assert_eq!(done.await, Ok(()));
            aws.calls("DeleteLogGroup").len()
        };
        assert_eq!(deleted(true).await, 0);
        assert_eq!(deleted(false).await, 1);
        fs::remove_dir_all(&folder).expect("it is removed");
    }

    #[tokio::test]
    async fn a_stack_whose_creation_was_not_answered_is_found() {
        let (folder, mut record) = begun("own");
        let aws = with_stack(&record.bucket);
        let own = Deployment::new(&aws.access).own(&mut record).await;
        assert_eq!(own, Ok(Some(ID.to_owned())));
        assert_eq!(Record::read(record.file()), Ok(record));
        fs::remove_dir_all(&folder).expect("it is removed");
    }

    #[tokio::test]
    async fn a_stack_is_created_changed_and_deleted_by_its_id() {
        let (folder, mut record) = begun("id");
        let deleted = std::sync::atomic::AtomicBool::new(false);
        let aws = StandIn::new(move |call| match &*call.operation {
            "CreateStack" => (200, format!("<R><StackId>{ID}</StackId></R>")),
            "DescribeStacks" if !call.body.contains("stack%2Flive") => no_stack(),
            "DescribeStacks" if deleted.load(Ordering::Relaxed) => no_stack(),
            "DescribeStacks" => (
                200,
                "<R><StackStatus>CREATE_COMPLETE</StackStatus></R>".to_owned(),
            ),
            "DeleteStack" => {
                deleted.store(true, Ordering::Relaxed);
                (200, String::new())
            }
            it if it.ends_with("/configuration") => missing(),
            _ => (200, "{}".to_owned()),
        });
        let deployment = Deployment::new(&aws.access);
        let changes = Changes::default();
        let created = deployment.create(&mut record, &folder, "v1/", &changes);
        created.await.expect("it is created");
        assert_eq!(Record::read(record.file()), Ok(record.clone()));
        let updated = deployment.update(&mut record, &folder, "v1/", &changes);
        updated.await.expect("it is changed");
        let mut transcript = super::super::Transcript::new("", "1", |_| ());
        let deleted = super::super::delete(&aws.access, &mut record, &mut transcript);
        assert_eq!(deleted.await, Ok(()));
        for call in ["UpdateStack", "DeleteStack"] {
            let calls = aws.calls(call);
            assert!(
                calls.len() == 1 && calls[0].contains("stack%2Flive%2F1"),
                "{calls:?}"
            );
        }
        fs::remove_dir_all(&folder).expect("it is removed");
    }

    #[test]
    fn the_resources_that_failed_are_named_with_their_reasons() {
        let event = |id: &str, status: &str, reason: &str| {
            format!(
                "<member><LogicalResourceId>{id}</LogicalResourceId><ResourceStatus>{status}</ResourceStatus>\
                 <ResourceStatusReason>{reason}</ResourceStatusReason></member>"
            )
        };
        let xml = [
            event("Table", "CREATE_FAILED", "cancelled"),
            event("Pool", "CREATE_FAILED", "no such &lt;trigger&gt;"),
            event("Log", "CREATE_IN_PROGRESS", "begun"),
        ]
        .concat();
        let xml = format!("<R><StackEvents>{xml}</StackEvents></R>");
        assert_eq!(
            failures(&xml),
            ["Pool: no such <trigger>", "Table: cancelled"]
        );
    }

    #[test]
    fn only_parameters_of_the_template_are_given() {
        let record = Record::new(Path::new("x"), "1", "eu-west-1", "Live", 1_800_000_000);
        let template = json!({"Parameters": {"Prefix": {}, "Api": {}}});
        let given = parameters(&template, &record, "v1/");
        assert_eq!(
            given,
            [("Prefix", "v1/".to_owned()), ("Api", "both".to_owned())]
        );
    }
}
