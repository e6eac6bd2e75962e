//! The probes of docs/unverified.md that need a deployment of their own: each shows which way AWS takes. The
//! functions handle every way that the page names.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use aws_sdk_cognitoidentityprovider::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cognitoidentityprovider::types::{AuthFlowType, ChallengeNameType};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use uuid::Uuid;

use super::deployment::Deployment;
use super::person::{IDENTIFIERS, Person, Site};
use super::record::Record;
use super::template::Changes;
use super::transcript::{Mark, Transcript};
use crate::doctor::{Finding, State, probe, source};
use crate::error_code::{ErrorCode, ErrorKind};
use crate::signed_call::{COGNITO, LOGS, SECRETS};

/// The probes by the id of their assumption and their name, in the order in which they run.
pub const PROBES: [(&str, &str); 10] = [
    ("U-03", "concurrent-answers"),
    ("U-07", "temporary-password"),
    ("U-08", "alias-move"),
    ("U-09", "create-clash"),
    ("U-10", "tokens-after-commit"),
    ("U-11", "delete-attributes"),
    ("U-12", "list-users-case"),
    ("U-13", "rotation-and-refresh"),
    ("U-15", "label-race"),
    ("U-23", "read-after-create"),
];

/// The assumption that the first deployment settles.
pub(super) const DEPLOYED: &str = "U-14";

/// The probe that may throttle calls for a second, and so is the last.
pub(super) const QUOTA: (&str, &str) = ("U-22", "password-quota");

/// A deployment that differs from the first, to see what Cognito does with it.
pub(super) struct Variation {
    /// Its name.
    pub(super) name: &'static str,
    /// The ids of the assumptions that it settles.
    pub(super) ids: &'static [&'static str],
    /// True if it needs the tier Plus, which costs more.
    pub(super) is_plus: bool,
    /// The change to the template.
    pub(super) change: fn(&mut Changes),
}

/// The variations, in the order in which they are deployed.
pub(super) const VARIATIONS: &[Variation] = &[
    Variation {
        name: "lite-tier",
        ids: &["U-16"],
        is_plus: false,
        change: |changes| changes.pool.push(("UserPoolTier", json!("LITE"))),
    },
    Variation {
        name: "other-triggers",
        ids: &["U-17", "U-18", "U-19", "U-20"],
        is_plus: false,
        change: other_triggers,
    },
    Variation {
        name: "threat-protection",
        ids: &["U-21"],
        is_plus: true,
        change: |changes| {
            changes.pool.push(("UserPoolTier", json!("PLUS")));
            let enforced = json!({
                "AdvancedSecurityMode": "ENFORCED",
                "AdvancedSecurityAdditionalFlows": { "CustomAuthMode": "ENFORCED" },
            });
            changes.pool.push(("UserPoolAddOns", enforced));
            changes.signed_calls = true;
        },
    },
];

/// Returns the assumptions that a step settles, with the step's name.
pub fn steps() -> Vec<(&'static str, &'static str)> {
    let varied = VARIATIONS.iter();
    let varied = varied.flat_map(|it| it.ids.iter().map(|id| (*id, it.name)));
    varied.chain([(DEPLOYED, "deploy"), QUOTA]).collect()
}

/// The other triggers of a pool that the variation sets. Those for mail and SMS of Cognito need a key of KMS.
const OTHER_TRIGGERS: [&str; 7] = [
    "PreSignUp",
    "PostConfirmation",
    "PreAuthentication",
    "PostAuthentication",
    "PreTokenGeneration",
    "UserMigration",
    "CustomMessage",
];

/// The mark of a line that the trigger of the variation logs.
const TRIGGERED: &str = "live-check trigger";

/// A function that logs the source of each event, and changes nothing. It knows no user to migrate.
const TRIGGER: &str = "\
def handler(event, context):
    print('live-check trigger ' + event['triggerSource'])
    if event['triggerSource'].startswith('UserMigration'):
        raise Exception('no such user')
    return event
";

fn other_triggers(changes: &mut Changes) {
    let name = json!({ "Fn::Sub": "${AWS::StackName}-live-check-trigger" });
    let group = json!({ "Fn::Sub": "/aws/lambda/${AWS::StackName}-live-check-trigger" });
    let arn = json!({
        "Fn::Sub": "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:${AWS::StackName}-live-check-trigger"
    });
    changes.resources = vec![
        (
            "LiveCheckLog",
            json!({
                "Type": "AWS::Logs::LogGroup",
                "DeletionPolicy": "Delete",
                "Properties": { "LogGroupName": group, "RetentionInDays": 1 },
            }),
        ),
        (
            "LiveCheckRole",
            json!({
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "AssumeRolePolicyDocument": { "Version": "2012-10-17", "Statement": [{
                        "Effect": "Allow",
                        "Principal": { "Service": "lambda.amazonaws.com" },
                        "Action": "sts:AssumeRole",
                    }]},
                    "Policies": [{ "PolicyName": "log", "PolicyDocument": {
                        "Version": "2012-10-17",
                        "Statement": [{
                            "Effect": "Allow",
                            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                            "Resource": { "Fn::GetAtt": ["LiveCheckLog", "Arn"] },
                        }],
                    }}],
                },
            }),
        ),
        (
            "LiveCheckTrigger",
            json!({
                "Type": "AWS::Lambda::Function",
                "DependsOn": "LiveCheckLog",
                "Properties": {
                    "FunctionName": name,
                    "Runtime": "python3.13",
                    "Handler": "index.handler",
                    "Role": { "Fn::GetAtt": ["LiveCheckRole", "Arn"] },
                    "Code": { "ZipFile": TRIGGER },
                },
            }),
        ),
        (
            "LiveCheckPermission",
            json!({
                "Type": "AWS::Lambda::Permission",
                "Properties": {
                    "FunctionName": { "Ref": "LiveCheckTrigger" },
                    "Action": "lambda:InvokeFunction",
                    "Principal": "cognito-idp.amazonaws.com",
                    "SourceAccount": { "Ref": "AWS::AccountId" },
                },
            }),
        ),
    ];
    // By its name: the pool waits for no function (docs/adr/0011).
    changes.triggers = OTHER_TRIGGERS.map(|it| (it, arn.clone())).to_vec();
}

struct Probe<'a> {
    deployment: &'a Deployment<'a>,
    site: &'a Site,
}

/// Runs the probes of the doctor and those of this module.
pub(super) async fn run(
    deployment: &Deployment<'_>,
    site: &Site,
    record: &mut Record,
    transcript: &mut Transcript,
) {
    let mut findings = probe::run(deployment.access, &site.pool, &site.client, false).await;
    if let Some((url, key)) = site.graphql.clone() {
        findings.push(source::run(&source::Api { url, key }).await);
    }
    for finding in findings {
        let says = public(&finding);
        let text = format!("{says} ({})", finding.check);
        transcript.line(Mark::Seen, &text);
        for (id, checks) in crate::unverified::BY_DOCTOR {
            if checks.contains(&finding.check) {
                transcript.settle(id, &says);
            }
        }
    }
    let probe = Probe { deployment, site };
    for (id, name) in PROBES.into_iter().chain([QUOTA]) {
        let seen = probe.run(name, record).await;
        let seen = seen.unwrap_or_else(|reason| format!("not settled: {reason}"));
        transcript.line(Mark::Seen, &format!("{seen} ({name})"));
        transcript.settle(id, &seen);
    }
}

/// Returns what a finding says without the address of this machine.
fn public(finding: &Finding) -> String {
    if finding.check != "probe.source" {
        return finding.says.clone();
    }
    let entry = "the entry before the last of x-forwarded-for";
    match finding.state {
        State::Ok => format!("{entry} is the same in two requests, and none that the client wrote"),
        State::Leaks => format!("{entry} is one that the client wrote"),
        State::Fails => format!("{entry} is missing, or differs between two requests"),
        State::Note | State::Unknown => "the API did not return x-forwarded-for".to_owned(),
    }
}

impl Probe<'_> {
    async fn run(&self, name: &str, record: &mut Record) -> Result<String, String> {
        match name {
            "concurrent-answers" => self.concurrent_answers().await,
            "temporary-password" => self.temporary_password().await,
            "alias-move" => self.alias_move().await,
            "create-clash" => self.create_clash().await,
            "tokens-after-commit" => self.tokens_after_commit().await,
            "delete-attributes" => self.delete_attributes().await,
            "list-users-case" => self.list_users_case().await,
            "rotation-and-refresh" => self.rotation_and_refresh().await,
            "label-race" => self.label_race(record).await,
            "read-after-create" => self.read_after_create().await,
            "password-quota" => self.password_quota().await,
            _ => Err("there is no such probe".to_owned()),
        }
    }

    /// Calls an administrator's operation of Cognito on the pool.
    async fn admin(&self, operation: &str, mut input: Value) -> Result<Value, String> {
        input["UserPoolId"] = json!(self.site.pool);
        let called = self.deployment.calls.write(COGNITO, operation, &input);
        called.await.map_err(|error| error.code().to_string())
    }

    /// Creates an account with this attribute, verified or not, and returns its username.
    async fn create(&self, email: &str, verified: bool) -> Result<String, String> {
        let username = Uuid::new_v4().to_string();
        let made = self.admin(
            "AdminCreateUser",
            json!({
                "Username": username,
                "MessageAction": "SUPPRESS",
                "UserAttributes": [
                    { "Name": "email", "Value": email },
                    { "Name": "email_verified", "Value": verified.to_string() },
                ],
            }),
        );
        made.await.map(|_| username)
    }

    async fn attribute(&self, username: &str, name: &str) -> Result<String, String> {
        let user = self
            .admin("AdminGetUser", json!({ "Username": username }))
            .await?;
        let list = user["UserAttributes"].as_array().into_iter().flatten();
        let found = list.into_iter().find(|it| it["Name"] == name);
        let value = found.and_then(|it| it["Value"].as_str());
        Ok(value.unwrap_or_default().to_owned())
    }

    /// Answers one session twice at once with the right code.
    async fn concurrent_answers(&self) -> Result<String, String> {
        let (site, identifier) = (self.site, "hedy@live-check.example");
        Person::new(site).sign_in(identifier).await?;
        let ticket = Person::new(site)
            .post("sign-in/ticket", &json!({ "emailOrPhone": identifier }))
            .await?;
        let text = |name: &str| ticket.body[name].as_str().unwrap_or_default().to_owned();
        let username = text("username");
        let opened = site
            .cognito
            .initiate_auth()
            .client_id(&site.client)
            .auth_flow(AuthFlowType::CustomAuth)
            .auth_parameters("USERNAME", &username)
            .send()
            .await
            .map_err(|error| code("InitiateAuth", &error))?;
        let answer = |session: &str, answer: &str, ticket: Option<String>| {
            let call = site
                .cognito
                .respond_to_auth_challenge()
                .client_id(&site.client)
                .challenge_name(ChallengeNameType::CustomChallenge)
                .session(session)
                .challenge_responses("USERNAME", &username)
                .challenge_responses("ANSWER", answer);
            match ticket {
                Some(ticket) => call
                    .client_metadata("method", "email")
                    .client_metadata("ticket", ticket),
                None => call,
            }
            .send()
        };
        let chosen = answer(
            opened.session().unwrap_or_default(),
            "-",
            Some(text("ticket")),
        )
        .await;
        let chosen = chosen.map_err(|error| code("RespondToAuthChallenge", &error))?;
        let session = chosen.session().unwrap_or_default().to_owned();
        let right = site.code(identifier).to_owned();
        let (one, two) = tokio::join!(
            answer(&session, &right, None),
            answer(&session, &right, None)
        );
        let mut outcomes = [one, two].map(|it| match it {
            Ok(output) if output.authentication_result().is_some() => "tokens".to_owned(),
            Ok(_) => "another challenge".to_owned(),
            Err(error) => ErrorCode::of(&error).to_string(),
        });
        outcomes.sort();
        Ok(format!(
            "one session, answered twice at once with the right code: {} and {}",
            outcomes[0], outcomes[1]
        ))
    }

    /// Signs in to an account that only an administrator has created.
    async fn temporary_password(&self) -> Result<String, String> {
        let identifier = "annie@live-check.example";
        let username = self.create(identifier, true).await?;
        let get = || self.admin("AdminGetUser", json!({ "Username": username }));
        let before = get().await?["UserStatus"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let signed_in = Person::new(self.site).sign_in(identifier).await;
        let after = get().await?["UserStatus"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let outcome = match signed_in {
            Ok(()) => "tokens".to_owned(),
            Err(reason) => reason,
        };
        Ok(format!(
            "AdminCreateUser without a password leaves {before}; a sign-in by code gives {outcome} and leaves {after}"
        ))
    }

    /// Marks an address as verified that another account holds verified.
    async fn alias_move(&self) -> Result<String, String> {
        let address = "move@live-check.example";
        let owner = self.create(address, true).await?;
        let other = self.create("other@live-check.example", true).await?;
        let moved = self.admin(
            "AdminUpdateUserAttributes",
            json!({
                "Username": other,
                "UserAttributes": [
                    { "Name": "email", "Value": address },
                    { "Name": "email_verified", "Value": "true" },
                ],
            }),
        );
        if let Err(code) = moved.await {
            return Ok(format!("AdminUpdateUserAttributes refuses it by {code}"));
        }
        let verified = self.attribute(&owner, "email_verified").await?;
        Ok(format!(
            "AdminUpdateUserAttributes moves the alias; the former owner's email_verified is \"{verified}\""
        ))
    }

    /// Creates an account with an address that another account holds verified.
    async fn create_clash(&self) -> Result<String, String> {
        let address = "clash@live-check.example";
        self.create(address, true).await?;
        Ok(match self.create(address, true).await {
            Err(code) => format!("AdminCreateUser refuses it by {code}"),
            Ok(_) => "AdminCreateUser creates a second account".to_owned(),
        })
    }

    /// Reads the claims of tokens that Define issued after it wrote the address.
    async fn tokens_after_commit(&self) -> Result<String, String> {
        let (old, new) = ("alan@live-check.example", "radia@live-check.example");
        let mut person = Person::new(self.site);
        person.sign_in(old).await?;
        let prompt = person.begin("contacts/change", new).await?;
        person.finish(prompt, new).await?;
        let claims = claims(person.id_token()).ok_or("the ID token cannot be read")?;
        Ok(match claims["email"].as_str() {
            Some(email) if email == new => {
                "the ID token has the address that Define wrote".to_owned()
            }
            _ => "the ID token has the address from before: a refresh renews it".to_owned(),
        })
    }

    /// Deletes the address of an account by its access token, which may not write it.
    async fn delete_attributes(&self) -> Result<String, String> {
        let mut person = Person::new(self.site);
        person.sign_in("shafi@live-check.example").await?;
        let delete = self.site.cognito.delete_user_attributes();
        let delete = delete.access_token(person.access_token());
        let deleted = delete.user_attribute_names("email").send().await;
        Ok(match deleted {
            Ok(_) => {
                "DeleteUserAttributes deletes an attribute that the client may not write".to_owned()
            }
            Err(error) => format!(
                "DeleteUserAttributes refuses an attribute that the client may not write by {}",
                ErrorCode::of(&error)
            ),
        })
    }

    /// Looks an address up by another case.
    async fn list_users_case(&self) -> Result<String, String> {
        self.create("Case@live-check.example", true).await?;
        let count = async |address: &str| {
            let filter = format!("email = \"{address}\"");
            let found = self.admin("ListUsers", json!({ "Filter": filter })).await?;
            Ok::<_, String>(found["Users"].as_array().map_or(0, Vec::len))
        };
        let same = count("Case@live-check.example").await?;
        let other = count("case@live-check.example").await?;
        Ok(format!(
            "the filter of ListUsers finds {same} account by the stored case and {other} by another"
        ))
    }

    /// Makes an app client with both ways to refresh.
    async fn rotation_and_refresh(&self) -> Result<String, String> {
        let made = self.admin("CreateUserPoolClient", client_of_both());
        Ok(match made.await {
            Err(code) => {
                format!("a client with rotation and ALLOW_REFRESH_TOKEN_AUTH is refused by {code}")
            }
            Ok(made) => {
                let id = &made["UserPoolClient"]["ClientId"];
                self.admin("DeleteUserPoolClient", json!({ "ClientId": id }))
                    .await?;
                "a client may have rotation and ALLOW_REFRESH_TOKEN_AUTH".to_owned()
            }
        })
    }

    /// Moves a staging label from one version of a secret to two others at once.
    async fn label_race(&self, record: &mut Record) -> Result<String, String> {
        let name = format!("{}-label-race", record.stack);
        record.add("secret", &name)?;
        let calls = &self.deployment.calls;
        let write = async |operation: &str, input: Value| {
            let done = calls.write(SECRETS, operation, &input).await;
            done.map_err(|error| error.code().to_string())
        };
        let made = write(
            "CreateSecret",
            json!({
                "Name": name,
                "SecretString": "1",
                "ClientRequestToken": Uuid::new_v4().to_string(),
            }),
        );
        let first = made.await?["VersionId"].clone();
        let mut versions = Vec::new();
        for number in ["2", "3"] {
            let token = Uuid::new_v4().to_string();
            write(
                "PutSecretValue",
                json!({
                    "SecretId": name,
                    "SecretString": number,
                    "ClientRequestToken": token,
                    "VersionStages": [format!("live-check-{number}")],
                }),
            )
            .await?;
            versions.push(token);
        }
        let move_to = |version: &str| {
            write(
                "UpdateSecretVersionStage",
                json!({
                    "SecretId": name,
                    "VersionStage": "AWSCURRENT",
                    "MoveToVersionId": version,
                    "RemoveFromVersionId": first,
                }),
            )
        };
        let (one, two) = tokio::join!(move_to(&versions[0]), move_to(&versions[1]));
        let moved = [one, two].into_iter().flatten().count();
        Ok(format!(
            "of two moves of AWSCURRENT at once from one version, {moved} succeeded"
        ))
    }

    /// Reads an account at once after its creation, by its username and by its address.
    async fn read_after_create(&self) -> Result<String, String> {
        let mut missing = [0, 0];
        for number in 0..10 {
            let address = format!("read{number}@live-check.example");
            let username = self.create(&address, true).await?;
            let read = [username, address].map(|name| json!({ "Username": name }));
            for (input, missing) in read.into_iter().zip(&mut missing) {
                if self.admin("AdminGetUser", input).await.is_err() {
                    *missing += 1;
                }
            }
        }
        Ok(format!(
            "of 10 accounts, {} could not be read by their username at once, and {} not by their address",
            missing[0], missing[1]
        ))
    }

    /// Sets more passwords in a second than `UserAccountRecovery` allows, and then updates an account.
    ///
    /// The quota is that of all pools of the account in the Region, so it is left alone if there is another.
    async fn password_quota(&self) -> Result<String, String> {
        const CALLS: usize = 48;
        let input = json!({ "MaxResults": 60 });
        let pools = self.deployment.calls.read(COGNITO, "ListUserPools", &input);
        let pools = pools.await.map_err(|error| error.code().to_string())?;
        let mut pools = pools["UserPools"].as_array().into_iter().flatten();
        if pools.any(|it| it["Id"] != *self.site.pool) {
            return Err(
                "another user pool of this Region shares the quota and would be throttled"
                    .to_owned(),
            );
        }
        let mut names = Vec::new();
        for number in 0..8 {
            let address = format!("quota{number}@live-check.example");
            names.push(self.create(&address, false).await?);
        }
        let mut set = Vec::new();
        for number in 0..CALLS {
            let password = format!("Aa1!{}", Uuid::new_v4());
            let input = json!({
                "Username": names[number % names.len()],
                "Password": password,
                "Permanent": true,
            });
            set.push(self.admin("AdminSetUserPassword", input));
        }
        let outcomes = futures_util::future::join_all(set).await;
        let is_busy = |code: &str| ErrorCode::from(code).kind() == ErrorKind::Busy;
        let busy = outcomes
            .iter()
            .filter(|it| it.as_ref().is_err_and(|code| is_busy(code)));
        let busy = busy.count();
        let update = self.admin(
            "AdminUpdateUserAttributes",
            json!({
                "Username": names[0],
                "UserAttributes": [{ "Name": "given_name", "Value": "Ada" }],
            }),
        );
        let update = match update.await {
            Ok(_) => "succeeded".to_owned(),
            Err(code) => format!("answered {code}"),
        };
        Ok(format!(
            "{busy} of {CALLS} AdminSetUserPassword at once were throttled; AdminUpdateUserAttributes at once after them {update}"
        ))
    }
}

/// Tests a variation that is deployed.
pub(super) async fn observe(
    variation: &Variation,
    deployment: &Deployment<'_>,
    site: &Site,
    record: &Record,
    transcript: &mut Transcript,
) {
    let signed_in = Person::new(site).sign_in(IDENTIFIERS[0]).await;
    let probe = Probe { deployment, site };
    let seen = match &signed_in {
        Ok(()) => "a sign-in by code gives tokens".to_owned(),
        Err(reason) => format!("a sign-in by code fails: {reason}"),
    };
    if variation.name != "other-triggers" {
        let pool = probe
            .admin("DescribeUserPool", json!({}))
            .await
            .unwrap_or_default();
        let tier = pool["UserPool"]["UserPoolTier"]
            .as_str()
            .unwrap_or("unknown");
        let seen = format!("{seen}, in the tier {tier}");
        transcript.line(Mark::Seen, &seen);
        for id in variation.ids {
            transcript.settle(id, &seen);
        }
        return;
    }
    // An account made by an administrator, and a first sign-in.
    let _ = probe.create("triggers@live-check.example", true).await;
    let _ = probe::run(deployment.access, &site.pool, &site.client, false).await;
    let sources = probe.triggered(record).await;
    let ran = |name: &str| match &sources {
        Err(reason) => format!("not settled: {reason}"),
        Ok(sources) => {
            let of: Vec<&str> = sources
                .iter()
                .map(String::as_str)
                .filter(|it| it.starts_with(name))
                .collect();
            match &of[..] {
                [] => format!("{name} is not invoked"),
                of => format!("{name} is invoked: {}", of.join(", ")),
            }
        }
    };
    let all = [
        ("U-17", vec!["PostConfirmation"]),
        (
            "U-18",
            vec!["PreAuthentication", "PostAuthentication", "TokenGeneration"],
        ),
        ("U-19", vec!["UserMigration"]),
        ("U-20", vec!["CustomMessage"]),
    ];
    for (id, names) in all {
        let mut parts: Vec<String> = names.into_iter().map(ran).collect();
        if id == "U-18" {
            parts.push(seen.clone());
        }
        let seen = parts.join("; ");
        transcript.line(Mark::Seen, &seen);
        transcript.settle(id, &seen);
    }
}

impl Probe<'_> {
    /// Returns the sources of the events that the other triggers got.
    async fn triggered(&self, record: &Record) -> Result<BTreeSet<String>, String> {
        let group = format!("/aws/lambda/{}-live-check-trigger", record.stack);
        let input = json!({ "logGroupName": group });
        // Logs arrive some seconds after the event.
        let limit = if record.dry_run { 2 } else { 60 };
        let (limit, begun) = (Duration::from_secs(limit), Instant::now());
        loop {
            let found = self
                .deployment
                .calls
                .read(LOGS, "FilterLogEvents", &input)
                .await;
            let found = found.map_err(|error| error.code().to_string())?;
            let events = found["events"].as_array().into_iter().flatten();
            let sources: BTreeSet<String> = events
                .filter_map(|it| it["message"].as_str()?.split_once(TRIGGERED))
                .map(|(_, source)| source.trim().to_owned())
                .collect();
            if begun.elapsed() >= limit {
                return Ok(sources);
            }
            tokio::time::sleep(limit / 10).await;
        }
    }
}

/// Returns an app client with both ways to refresh. While it is there, it reveals no account and writes no contact.
fn client_of_both() -> Value {
    json!({
        "ClientName": "live-check",
        "ExplicitAuthFlows": ["ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        "RefreshTokenRotation": { "Feature": "ENABLED", "RetryGracePeriodSeconds": 60 },
        "PreventUserExistenceErrors": "ENABLED",
        "WriteAttributes": ["name"],
    })
}

/// Returns the claims of a token, which Cognito issued to this program a moment ago.
fn claims(token: &str) -> Option<Value> {
    let body = token.split('.').nth(1)?;
    serde_json::from_slice(&BASE64URL_NOPAD.decode(body.as_bytes()).ok()?).ok()
}

fn code<E: ProvideErrorMetadata, R>(operation: &str, error: &SdkError<E, R>) -> String {
    format!("{operation} answered {}", ErrorCode::of(error))
}

#[cfg(test)]
mod tests {
    use super::super::stand_in::StandIn;
    use super::*;
    use crate::doctor::read::patient;

    #[tokio::test]
    async fn the_quota_is_not_used_up_beside_another_pool() {
        let played = async |pools: Value| {
            let aws = StandIn::new(move |call| match &*call.operation {
                "ListUserPools" => (200, json!({ "UserPools": pools }).to_string()),
                _ => (200, "{}".to_owned()),
            });
            let deployment = Deployment::new(&aws.access);
            let outputs = [("HttpUrl", "x"), ("UserPoolId", "own"), ("ClientIds", "x")];
            let outputs = outputs.map(|(a, b)| (a.to_owned(), b.to_owned())).into();
            let ring = r#"{"id": "k1", "secret": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}"#;
            let site = Site::new(&outputs, patient(&aws.access), ring, "2027-01-31", None);
            let site = &site.expect("a site");
            let probe = Probe {
                deployment: &deployment,
                site,
            };
            let seen = probe.password_quota().await;
            (seen, aws.calls("AdminSetUserPassword").len())
        };
        let (seen, calls) = played(json!([{ "Id": "own" }, { "Id": "another" }])).await;
        let error = seen.expect_err("another pool");
        assert!(error.contains("shares the quota"), "{error}");
        assert_eq!(calls, 0);
        let (seen, calls) = played(json!([{ "Id": "own" }])).await;
        assert!(seen.is_ok());
        assert_eq!(calls, 48);
    }

    #[test]
    fn the_client_of_a_probe_reveals_and_writes_nothing() {
        let client = client_of_both();
        assert_eq!(client["PreventUserExistenceErrors"], "ENABLED");
        assert_eq!(client["WriteAttributes"], json!(["name"]));
    }
}
