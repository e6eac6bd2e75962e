//! The template as a run deploys it: nothing is kept after the stack, and there are test identifiers.

use serde_json::{Map, Value, json};

/// The changes that a dry run makes to the template, with the reason of each: the emulator differs from AWS.
pub const REPLACED: [&str; 7] = [
    "the conditions of IAM statements are removed: the emulator knows neither dynamodb:LeadingKeys nor ses:FromAddress",
    "ses:SendEmail is permitted for every resource: the emulator does not find the identity of a mail",
    "a secret of an IAM statement is named by its id: a reference to a secret is its name there",
    "passwords have 12 characters at least: the emulator makes none that is longer",
    "LEGACY_POOL is true, and UNDO_HOURS 0: the emulator reports missing users whatever the client says",
    "an alarm on an expression is one on its first metric: the emulator computes no expression",
    "the HTTP API is called at the emulator's path: no resolver of names knows its host",
];

/// A set of the changes that make a template the one of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Changes {
    /// Variables of the functions.
    pub(super) variables: Vec<(&'static str, String)>,
    /// Members of the user pool.
    pub(super) pool: Vec<(&'static str, Value)>,
    /// Members of each app client that the template makes.
    pub(super) client: Vec<(&'static str, Value)>,
    /// Further resources, by logical id.
    pub(super) resources: Vec<(&'static str, Value)>,
    /// Further outputs, by name.
    pub(super) outputs: Vec<(&'static str, Value)>,
    /// Other triggers of the pool, by name, all with the same function.
    pub(super) triggers: Vec<(&'static str, Value)>,
    /// True if the functions make signed calls, and are permitted to.
    pub(super) signed_calls: bool,
    /// True if the emulator is what it is deployed on.
    pub(super) dry_run: bool,
}

impl Changes {
    /// Returns the template with the changes.
    ///
    /// # Errors
    /// If the text is not a template.
    pub(super) fn apply(&self, text: &str) -> Result<Value, String> {
        let mut template: Value = serde_json::from_str(text)
            .map_err(|_| "the template is not JSON: take the file of the release".to_owned())?;
        let resources = template["Resources"].as_object_mut();
        let resources = resources.ok_or("the template has no resources")?;
        for resource in resources.values_mut() {
            // Nothing is kept: the account is empty afterwards.
            resource["DeletionPolicy"] = json!("Delete");
            resource["UpdateReplacePolicy"] = json!("Delete");
            self.change(resource);
            if self.dry_run {
                adapt(resource);
            }
        }
        if self.signed_calls {
            permit_signed_calls(resources);
        }
        for (id, resource) in &self.resources {
            resources.insert((*id).to_owned(), resource.clone());
        }
        for (name, value) in &self.outputs {
            template["Outputs"][*name] = json!({ "Value": value });
        }
        Ok(template)
    }

    fn change(&self, resource: &mut Value) {
        let kind = resource["Type"].as_str().unwrap_or_default().to_owned();
        let properties = &mut resource["Properties"];
        match kind.as_str() {
            "AWS::Cognito::UserPool" => {
                properties["DeletionProtection"] = json!("INACTIVE");
                for (name, value) in &self.pool {
                    properties[*name] = value.clone();
                }
                for (name, value) in &self.triggers {
                    properties["LambdaConfig"][*name] = value.clone();
                }
            }
            "AWS::Cognito::UserPoolClient" => {
                for (name, value) in &self.client {
                    properties[*name] = value.clone();
                }
            }
            "AWS::Lambda::Function" => {
                let variables = properties["Environment"]["Variables"].as_object_mut();
                // A function of a deployment has the table; the sweeper of the outbox knows no client.
                let served = variables.filter(|it| it.contains_key("CLIENT_IDS"));
                if let Some(variables) = served {
                    for (name, value) in &self.variables {
                        variables.insert((*name).to_owned(), json!(value));
                    }
                }
            }
            _ => {}
        }
    }
}

/// Sets signed calls, and permits them to the two functions that open sessions.
fn permit_signed_calls(resources: &mut Map<String, Value>) {
    let mut roles = Vec::new();
    for resource in resources.values_mut() {
        let properties = &mut resource["Properties"];
        let name = properties["FunctionName"].to_string();
        if name.contains("-sign-in") || name.contains("-sign-up") {
            properties["Environment"]["Variables"]["COGNITO_CALLS"] = json!("signed");
            roles.push(json!({ "Ref": properties["Role"]["Fn::GetAtt"][0] }));
        }
    }
    let is_pool = |resource: &Value| resource["Type"] == "AWS::Cognito::UserPool";
    let pool = resources.iter().find(|(_, it)| is_pool(it));
    let Some((pool, _)) = pool else { return };
    let policy = json!({
        "Type": "AWS::IAM::Policy",
        "Properties": {
            "PolicyName": "live-check",
            "Roles": roles,
            "PolicyDocument": { "Version": "2012-10-17", "Statement": [{
                "Effect": "Allow",
                "Action": ["cognito-idp:AdminInitiateAuth", "cognito-idp:AdminRespondToAuthChallenge"],
                "Resource": { "Fn::GetAtt": [pool, "Arn"] },
            }]},
        },
    });
    resources.insert("LiveCheckSignedCalls".to_owned(), policy);
}

/// Changes what the emulator does otherwise than AWS: [`REPLACED`].
fn adapt(resource: &mut Value) {
    let kind = resource["Type"].as_str().unwrap_or_default().to_owned();
    let properties = &mut resource["Properties"];
    match kind.as_str() {
        "AWS::Cognito::UserPool" => {
            properties["Policies"]["PasswordPolicy"]["MinimumLength"] = json!(12);
        }
        "AWS::IAM::Role" => {
            let policies = properties["Policies"].as_array_mut();
            for policy in policies.into_iter().flatten() {
                adapt_policy(&mut policy["PolicyDocument"]);
            }
        }
        "AWS::CloudWatch::Alarm" => adapt_alarm(properties),
        "AWS::IAM::Policy" => adapt_policy(&mut properties["PolicyDocument"]),
        "AWS::Lambda::Function" => {
            if let Some(variables) = properties["Environment"]["Variables"].as_object_mut() {
                if variables.contains_key("CLIENT_IDS") {
                    variables.insert("UNDO_HOURS".to_owned(), json!("0"));
                }
                let handler = properties["FunctionName"].to_string();
                if handler.contains("-sign-in") {
                    properties["Environment"]["Variables"]["LEGACY_POOL"] = json!("true");
                }
            }
        }
        _ => {}
    }
}

/// Makes an alarm on an expression one on its first metric.
fn adapt_alarm(properties: &mut Value) {
    let Some(members) = properties.as_object_mut() else {
        return;
    };
    let Some(metrics) = members.remove("Metrics") else {
        return;
    };
    let mut stats = metrics
        .as_array()
        .into_iter()
        .flatten()
        .map(|it| &it["MetricStat"]);
    let Some(first) = stats.find(|it| it.is_object()) else {
        return;
    };
    for (name, value) in first["Metric"].as_object().into_iter().flatten() {
        members.insert(name.clone(), value.clone());
    }
    let stat = first["Stat"].as_str().unwrap_or_default();
    let kind = if stat.starts_with('p') {
        "ExtendedStatistic"
    } else {
        "Statistic"
    };
    members.insert(kind.to_owned(), json!(stat));
    members.insert("Period".to_owned(), first["Period"].clone());
}

fn adapt_policy(document: &mut Value) {
    let statements = document["Statement"].as_array_mut();
    for statement in statements.into_iter().flatten() {
        let Some(members) = statement.as_object_mut() else {
            continue;
        };
        members.remove("Condition");
        match members.get("Action").and_then(Value::as_str) {
            Some("ses:SendEmail") => {
                members.insert("Resource".to_owned(), json!("*"));
            }
            Some("secretsmanager:GetSecretValue") => by_id(members),
            _ => {}
        }
    }
}

/// Names the secrets of a statement by their ids instead of by references.
fn by_id(statement: &mut Map<String, Value>) {
    let named = |secret: &Value| match secret["Ref"].as_str() {
        Some(id) => json!({ "Fn::GetAtt": [id, "Id"] }),
        None => secret.clone(),
    };
    let Some(found) = statement.get("Resource") else {
        return;
    };
    let found = match found.as_array() {
        Some(list) => list.iter().map(named).collect(),
        None => vec![named(found)],
    };
    statement.insert("Resource".to_owned(), Value::Array(found));
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = r#"{"Resources": {
        "Pool": {"Type": "AWS::Cognito::UserPool", "DeletionPolicy": "Retain",
                 "Properties": {"DeletionProtection": "ACTIVE"}},
        "SignIn": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": {"Fn::Join": ["", ["x", "-sign-in"]]},
                   "Environment": {"Variables": {"CLIENT_IDS": "a"}}}},
        "Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Threshold": 5, "Metrics": [
            {"Id": "share", "Expression": "100 * bad / all"},
            {"Id": "bad", "MetricStat": {"Metric": {"Namespace": "N", "MetricName": "Bad"}, "Period": 900, "Stat": "Sum"}}]}},
        "Sweeper": {"Type": "AWS::Lambda::Function", "Properties": {"Environment": {"Variables": {}}}},
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"Policies": [{"PolicyDocument": {"Statement": [
            {"Action": "secretsmanager:GetSecretValue", "Resource": {"Ref": "Ring"}, "Condition": {}},
            {"Action": "ses:SendEmail", "Resource": []}]}}]}}
    }}"#;

    fn changes(dry_run: bool) -> Changes {
        Changes {
            variables: vec![("CODE_SECONDS", "240".to_owned())],
            dry_run,
            ..Changes::default()
        }
    }

    #[test]
    fn a_deployment_of_a_run_is_deleted_with_its_stack() {
        let template = changes(false).apply(TEMPLATE).expect("a template");
        let resources = template["Resources"].as_object().expect("resources");
        for resource in resources.values() {
            assert_eq!(resource["DeletionPolicy"], "Delete");
            assert_eq!(resource["UpdateReplacePolicy"], "Delete");
        }
        assert_eq!(
            resources["Pool"]["Properties"]["DeletionProtection"],
            "INACTIVE"
        );
        let variables = |id: &str| resources[id]["Properties"]["Environment"]["Variables"].clone();
        assert_eq!(
            variables("SignIn"),
            json!({"CLIENT_IDS": "a", "CODE_SECONDS": "240"})
        );
        assert_eq!(variables("Sweeper"), json!({}));
        let statement =
            &resources["Role"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"][0];
        assert!(statement.get("Condition").is_some());
    }

    #[test]
    fn a_dry_run_changes_what_the_emulator_does_not_know() {
        let template = changes(true).apply(TEMPLATE).expect("a template");
        let resources = &template["Resources"];
        let statements =
            &resources["Role"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"];
        assert_eq!(
            statements[0]["Resource"],
            json!([{"Fn::GetAtt": ["Ring", "Id"]}])
        );
        assert_eq!(statements[0].get("Condition"), None);
        assert_eq!(statements[1]["Resource"], "*");
        let variables = &resources["SignIn"]["Properties"]["Environment"]["Variables"];
        assert_eq!(variables["LEGACY_POOL"], "true");
        let alarm = json!({
            "Threshold": 5, "Namespace": "N", "MetricName": "Bad", "Period": 900, "Statistic": "Sum"
        });
        assert_eq!(resources["Alarm"]["Properties"], alarm);
        assert!(changes(true).apply("{}").is_err());
    }
}
