//! The steps of a run, each of which can be repeated.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::json;

use super::deployment::{Deployment, check_packages, id_of};
use super::person::{Person, Site, test_identifiers};
use super::probes;
use super::record::{PREFIXES, Record};
use super::scenarios::{SCENARIOS, play};
use super::template::{Changes, REPLACED};
use super::transcript::{Mark, Transcript};
use crate::access::Access;
use crate::doctor::read::patient;
use crate::signed_call::{CallError, SECRETS, STS, SignedCalls, first};

/// The options of a run.
#[derive(Clone, Debug)]
pub struct Options {
    /// The folder of the packages.
    pub packages: PathBuf,
    /// The folder of the packages of the upgrade; the same if none is given.
    pub upgrade: Option<PathBuf>,
    /// True to set threat protection, which costs more.
    pub plus: bool,
}

/// Returns the account of the credentials.
///
/// # Errors
/// If AWS does not name it.
pub async fn account_of(access: &Access) -> Result<String, CallError> {
    let calls = SignedCalls::new(access);
    let xml = calls.read_form(STS, "GetCallerIdentity", &[]).await?;
    Ok(first(&xml, "Account").unwrap_or_default())
}

/// Refuses a name of a stack that is taken: by a stack, or by a function or log group that would have the name of
/// one of the run.
///
/// # Errors
/// If it is taken, or AWS does not say so. The text names what takes it.
pub async fn refuse_taken(access: &Access, stack: &str) -> Result<(), String> {
    Deployment::new(access).refuse_taken(stack).await
}

/// Runs the steps that are not done, and writes what they show.
///
/// # Errors
/// A step on which the others depend failed. What was made is in the record.
pub async fn run(
    access: &Access,
    options: &Options,
    record: &mut Record,
    transcript: &mut Transcript,
) -> Result<(), String> {
    check_packages(&options.packages)?;
    let upgrade = options.upgrade.as_ref().unwrap_or(&options.packages);
    check_packages(upgrade)?;
    record.packages.clone_from(&options.packages);
    record.upgrade.clone_from(upgrade);
    let run = Run {
        access,
        deployment: Deployment::new(access),
    };
    if record.dry_run {
        transcript.section("What the dry run replaces");
        for replaced in REPLACED {
            transcript.line(Mark::Seen, replaced);
        }
    }
    run.create(record, transcript).await?;
    let site = run.site(record).await?;
    if !record.is_done("scenarios") {
        scenarios(&site, transcript, &SCENARIOS).await;
        record.finish("scenarios")?;
    }
    if !record.is_done("probes") {
        transcript.section("Probes");
        probes::run(&run.deployment, &site, record, transcript).await;
        record.finish("probes")?;
    }
    if !record.is_done("upgrade") {
        run.upgrade(record, transcript, &site).await?;
        record.finish("upgrade")?;
    }
    for variation in probes::VARIATIONS {
        if record.is_done(variation.name) || variation.is_plus && !options.plus {
            continue;
        }
        transcript.section(variation.name);
        let back = run.variation(record, transcript, &site, variation).await;
        transcript.outcome("deployed as before", &back);
        // Otherwise --resume repeats it, and so its end.
        if back.is_ok() {
            record.finish(variation.name)?;
        }
    }
    Ok(())
}

struct Run<'a> {
    access: &'a Access,
    deployment: Deployment<'a>,
}

impl Run<'_> {
    /// The changes of every deployment of a run.
    fn changes(record: &Record) -> Changes {
        let is_true = || "true".to_owned();
        Changes {
            variables: vec![
                ("TEST_IDENTIFIERS", test_identifiers(&record.days.0)),
                ("TEST_IDENTIFIERS_IN_PRODUCTION", is_true()),
                // A stack may take minutes to change while a code waits.
                ("CODE_SECONDS", "600".to_owned()),
            ],
            dry_run: record.dry_run,
            ..Changes::default()
        }
    }

    async fn create(&self, record: &mut Record, transcript: &mut Transcript) -> Result<(), String> {
        if record.is_done("create") {
            return self.deployment.own(record).await.map(drop);
        }
        transcript.section("Deploy");
        let folder = record.packages.clone();
        let count = self.deployment.upload(record, &folder, PREFIXES[0]).await?;
        transcript.line(Mark::Ok, &format!("{count} packages uploaded"));
        let changes = Self::changes(record);
        let outputs = self
            .deployment
            .create(record, &folder, PREFIXES[0], &changes);
        let outputs = outputs.await?;
        let shown = format!("the stack created, with {} outputs", outputs.len());
        transcript.line(Mark::Ok, &shown);
        transcript.settle(
            probes::DEPLOYED,
            "the pool was created before the functions that it names",
        );
        record.finish("create")
    }

    async fn site(&self, record: &Record) -> Result<Site, String> {
        let outputs = self.deployment.outputs(id_of(record)?).await?;
        let ring = self.ring(&outputs).await?;
        let endpoint = self.access.endpoint_url.as_deref();
        let cognito = patient(self.access);
        Site::new(&outputs, cognito, &ring, &record.days.0, endpoint)
    }

    /// Reads the key ring, from which the codes of the test identifiers follow.
    async fn ring(&self, outputs: &BTreeMap<String, String>) -> Result<String, String> {
        let id = outputs.get("KeyRingSecret");
        let id = id.ok_or("the stack has no output KeyRingSecret")?;
        let input = json!({ "SecretId": id });
        let read = self
            .deployment
            .calls
            .read(SECRETS, "GetSecretValue", &input);
        let secret = read.await.map_err(|error| error.to_string())?;
        let ring = secret["SecretString"].as_str().map(str::to_owned);
        ring.ok_or_else(|| "the key ring is not a text".to_owned())
    }

    /// Deploys other packages with a changed setting while a sign-in is open, and back while another is.
    async fn upgrade(
        &self,
        record: &mut Record,
        transcript: &mut Transcript,
        site: &Site,
    ) -> Result<(), String> {
        transcript.section("Upgrade and roll back");
        let mut changed = Self::changes(record);
        changed.variables.push(("CODE_SECONDS", "590".to_owned()));
        let before = Self::changes(record);
        let folders = [record.upgrade.clone(), record.packages.clone()];
        self.deployment
            .upload(record, &folders[0], PREFIXES[1])
            .await?;
        let steps = [
            (
                "a sign-in from before the upgrade ends after it",
                &folders[0],
                PREFIXES[1],
                changed,
            ),
            (
                "a sign-in from before the roll-back ends after it",
                &folders[1],
                PREFIXES[0],
                before,
            ),
        ];
        for (what, folder, prefix, changes) in steps {
            let identifier = "katherine@live-check.example";
            let mut person = Person::new(site);
            let prompt = person.begin("sign-in", identifier).await;
            let deployed = self.deployment.update(record, folder, prefix, &changes);
            deployed.await?;
            transcript.line(Mark::Ok, &format!("deployed from {prefix}"));
            let ended = match prompt {
                Ok(prompt) => person.finish(prompt, identifier).await,
                Err(reason) => Err(reason),
            };
            transcript.outcome(what, &ended);
            let again = Person::new(site)
                .sign_in("margaret@live-check.example")
                .await;
            transcript.outcome("a sign-in from after it ends too", &again);
        }
        Ok(())
    }

    /// Deploys a variation, tests it, and deploys the first deployment again. An error is that of the last.
    async fn variation(
        &self,
        record: &mut Record,
        transcript: &mut Transcript,
        site: &Site,
        variation: &probes::Variation,
    ) -> Result<(), String> {
        let mut changes = Self::changes(record);
        (variation.change)(&mut changes);
        let folder = record.packages.clone();
        let deployed = self
            .deployment
            .update(record, &folder, PREFIXES[0], &changes);
        let deployed = deployed.await;
        let shown = deployed.as_ref().map(drop).map_err(Clone::clone);
        if let Err(reason) = &shown {
            // A pool that AWS refuses is an observation.
            let seen = format!("not deployed: {reason}");
            for id in variation.ids {
                transcript.settle(id, &seen);
            }
            transcript.line(Mark::Seen, &seen);
        } else {
            transcript.line(Mark::Ok, "deployed");
            probes::observe(variation, &self.deployment, site, record, transcript).await;
        }
        let back = Self::changes(record);
        let back = self.deployment.update(record, &folder, PREFIXES[0], &back);
        back.await.map(drop)
    }
}

async fn scenarios(site: &Site, transcript: &mut Transcript, names: &[&str]) {
    transcript.section("Scenarios");
    for name in names {
        let played = play(name, site).await;
        transcript.outcome(name, &played);
    }
}

/// Deletes all that a record names.
///
/// # Errors
/// The first deletion that failed. The record still names what is left.
pub async fn delete(
    access: &Access,
    record: &mut Record,
    transcript: &mut Transcript,
) -> Result<(), String> {
    let deployment = Deployment::new(access);
    transcript.section("Delete");
    while let Some((kind, id)) = record.others.last().cloned() {
        deployment.delete_other(&kind, &id).await?;
        transcript.line(Mark::Ok, &format!("a {kind} deleted"));
        record.others.pop();
        record.write()?;
    }
    match deployment.own(record).await? {
        None => transcript.line(Mark::Ok, "this run created no stack"),
        Some(id) => {
            deployment.delete_stack(&id).await?;
            transcript.line(Mark::Ok, "the stack deleted");
            // The name may have become that of another deployment, whose log groups have the same names.
            let shown = if let Some(function) = deployment.function(&record.stack).await? {
                format!("log groups left: {function} is another deployment's")
            } else {
                let logs = deployment.delete_logs(&record.stack).await?;
                format!("{logs} log groups that the stack left deleted")
            };
            transcript.line(Mark::Ok, &shown);
        }
    }
    deployment.delete_bucket(record).await?;
    let keys = record.keys.len();
    record.keys.clear();
    transcript.line(
        Mark::Ok,
        &format!("the bucket deleted, with {keys} objects"),
    );
    record.finish("delete")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::stand_in::StandIn;
    use super::*;

    #[tokio::test]
    async fn a_variation_that_is_not_reverted_is_not_done() {
        let folder = std::env::temp_dir().join(format!("live-variation-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        for (name, text) in [
            ("latchstring.template.json", r#"{"Resources": {}}"#),
            ("a.zip", ""),
        ] {
            fs::write(folder.join(name), text).expect("it is written");
        }
        let played = async |status: u16| {
            let outputs = ["KeyRingSecret", "HttpUrl", "UserPoolId", "ClientIds"].map(|name| {
                format!(
                    "<member><OutputKey>{name}</OutputKey><OutputValue>x</OutputValue></member>"
                )
            });
            let described = outputs.concat() + "<StackStatus>UPDATE_COMPLETE</StackStatus>";
            let aws = StandIn::new(move |call| match &*call.operation {
                "DescribeStacks" => (200, format!("<R>{described}</R>")),
                "UpdateStack" => (status, "<E/>".to_owned()),
                "GetSecretValue" => {
                    let ring = json!({
                        "id": "k1",
                        "secret": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
                    });
                    (200, json!({ "SecretString": ring.to_string() }).to_string())
                }
                _ => (200, "{}".to_owned()),
            });
            let file = folder.join("record.json");
            let mut record = Record::new(&file, "1", "eu-west-1", "live", 1_800_000_000);
            let id = "arn:aws:cloudformation:eu-west-1:1:stack/live/1";
            record.stack_id = Some(id.to_owned());
            let done = ["create", "scenarios", "probes", "upgrade", "other-triggers"];
            record.done = done.map(str::to_owned).to_vec();
            let options = Options {
                packages: folder.clone(),
                upgrade: None,
                plus: false,
            };
            let mut transcript = Transcript::new("", "1", |_| ());
            let ended = run(&aws.access, &options, &mut record, &mut transcript).await;
            assert_eq!(ended, Ok(()));
            assert_eq!(aws.calls("UpdateStack").len(), 2);
            record.is_done("lite-tier")
        };
        assert!(played(200).await);
        assert!(!played(400).await);
        fs::remove_dir_all(&folder).expect("it is removed");
    }
}
