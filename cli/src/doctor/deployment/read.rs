//! Reads the deployment from AWS and DNS. Every call only reads, has a time limit, and reports a denial.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use aws_smithy_xml::decode::{Document, try_data};
use latchstring_core::event::OUTBOX_SHARDS;
use latchstring_lambda::RingText;
use serde_json::{Value, json};

use super::rights::{self, Decision, Question};
use super::{Alarm, Api, Deployment, Events, Function, HttpApi, Ring, Sender, Sms, Table, dns};
use crate::access::Access;
use crate::doctor::facts::{Facts, Read, Trigger, Unread};
use crate::doctor::read::api_ids;
use crate::functions::{FUNCTIONS, SWEEPER};
use crate::signed_call::{
    API_GATEWAY, APPSYNC, CLOUDWATCH, CallError, DYNAMODB, EVENTS, FormService, IAM, JsonService,
    LAMBDA, QUOTAS, RestService, SECRETS, SES, SMS_VOICE, SignedCalls, WAF, encoded,
};

/// The longest list of alarms, quotas or addresses that is read.
const PAGES: usize = 20;

struct Reader<'a> {
    calls: SignedCalls<'a>,
}

/// Reads what the checks need. `facts` are those of the pool, which lead to the functions; none is returned if
/// the pool's triggers are not named as the construct names them. `resolver` answers questions about names.
pub async fn facts(
    access: &Access,
    facts: &Facts,
    client: &str,
    resolver: Option<SocketAddr>,
) -> Option<Deployment> {
    let pool = facts.pool.as_ref().ok()?;
    let define = pool.triggers.iter().find(|(of, _)| *of == Trigger::Define);
    let define = define.map(|(_, arn)| arn.as_str())?;
    let (prefix, qualifier) = names(define)?;
    let reader = Reader {
        calls: SignedCalls::new(access),
    };
    let mut functions = Vec::new();
    for name in FUNCTIONS {
        let arn = format!("{prefix}{name}");
        functions.push((name, reader.function(&arn, qualifier).await));
    }
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let now = now.unwrap_or_default().as_secs();
    let short = prefix.rsplit(':').next().unwrap_or_default().to_owned();
    let mut deployment = Deployment {
        pool: pool.id.clone(),
        client: client.to_owned(),
        functions,
        table: None,
        ring: None,
        rights: Vec::new(),
        alarms: reader.alarms(&short).await,
        prefix: short,
        pool_rates: reader.pool_rates(&pool.arn).await,
        apis: reader.apis(&pool.id).await,
        http_apis: reader
            .http_apis(&format!("{prefix}sign-in"), qualifier)
            .await,
        concurrency: reader.concurrency().await,
        quotas: reader.quotas().await,
        mails_per_second: facts.email.quota.clone().map(|quota| quota.per_second),
        events: None,
        suppressed: reader.suppressed().await,
        sender: None,
        sms: None,
        now,
    };
    let variable = |name: &str| deployment.variable(name).map(str::to_owned);
    let (table, ring, bus) = (
        variable("TABLE_NAME"),
        variable("KEY_RING_SECRET"),
        variable("EVENTS"),
    );
    let sender = variable("EMAIL_FROM").filter(|_| variable("EMAIL").as_deref() != Some("false"));
    let countries = variable("SMS_COUNTRIES");
    let named = ["SMS_SENDER_ID", "SMS_ORIGINATION_NUMBER"];
    let named = named.iter().any(|name| variable(name).is_some());
    if let Some(name) = &table {
        deployment.table = Some(reader.table(name).await);
    }
    if let Some(id) = &ring {
        deployment.ring = Some(reader.ring(id, now).await);
    }
    if let (Some(bus), Some(table)) = (&bus, &table) {
        let sweeper = format!("{prefix}{SWEEPER}");
        deployment.events = Some(Events {
            bus: reader.bus(bus).await,
            rules: reader.rules(&sweeper).await,
            overdue: reader.overdue(table, now).await,
        });
    }
    if let Some(from) = &sender {
        deployment.sender = reader.sender(from, resolver).await;
    }
    if let Some(countries) = &countries {
        let list = countries
            .split(',')
            .map(|it| it.split(':').next().unwrap_or(it));
        deployment.sms = Some(Sms {
            countries: list.map(|it| it.trim().to_owned()).collect(),
            named,
            own: reader.own_senders().await,
        });
    }
    let arns = rights::arns(&deployment, define);
    let [pool, table, ring] = arns.each_ref().map(Option::as_deref);
    for (name, read) in &deployment.functions {
        let Ok(Some(function)) = read else { continue };
        let questions = rights::questions(name, pool, table, ring);
        if !questions.is_empty() {
            let decisions = reader.decisions(&function.role, questions).await;
            deployment.rights.push((name, decisions));
        }
    }
    Some(deployment)
}

/// Returns the ARN of define's function before its own name, and its qualifier; none if it is named otherwise.
pub(crate) fn names(define: &str) -> Option<(&str, Option<&str>)> {
    const NAME: &str = "define-auth-challenge";
    let at = define.rfind(NAME)?;
    match &define[at + NAME.len()..] {
        "" => Some((&define[..at], None)),
        rest => Some((&define[..at], Some(rest.strip_prefix(':')?))),
    }
}

fn unread(action: &'static str, error: &CallError) -> Unread {
    Unread {
        action,
        code: error.code(),
    }
}

/// Returns none for a resource that is missing, also by the codes of API Gateway, SES and WAF.
fn optional<T>(read: Read<T>) -> Read<Option<T>> {
    const MISSING: [&str; 2] = ["NotFoundException", "WAFNonexistentItemException"];
    match read {
        Ok(found) => Ok(Some(found)),
        Err(unread) if unread.is_missing() || MISSING.contains(&unread.code.as_str()) => Ok(None),
        Err(unread) => Err(unread),
    }
}

fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value[name].as_array().into_iter().flatten()
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

impl Reader<'_> {
    async fn get(&self, service: RestService, action: &'static str, path: &str) -> Read<Value> {
        let operation = action
            .split_once(':')
            .map_or(action, |(_, operation)| operation);
        let read = self.calls.read_path(service, operation, path).await;
        read.map_err(|error| unread(action, &error))
    }

    async fn json(&self, service: JsonService, action: &'static str, input: Value) -> Read<Value> {
        let operation = action
            .split_once(':')
            .map_or(action, |(_, operation)| operation);
        let read = self.calls.read(service, operation, &input).await;
        read.map_err(|error| unread(action, &error))
    }

    async fn form(
        &self,
        service: FormService,
        action: &'static str,
        fields: &[(&str, &str)],
    ) -> Read<String> {
        let operation = action
            .split_once(':')
            .map_or(action, |(_, operation)| operation);
        let read = self.calls.read_form(service, operation, fields).await;
        read.map_err(|error| unread(action, &error))
    }

    async fn function(&self, arn: &str, qualifier: Option<&str>) -> Read<Option<Function>> {
        let query = qualifier.map_or_else(String::new, |it| format!("?Qualifier={}", encoded(it)));
        let path = format!(
            "/2015-03-31/functions/{}/configuration{query}",
            encoded(arn)
        );
        let action = "lambda:GetFunctionConfiguration";
        let Some(found) = optional(self.get(LAMBDA, action, &path).await)? else {
            return Ok(None);
        };
        let path = format!("/2019-09-30/functions/{}/concurrency", encoded(arn));
        let reserved = self
            .get(LAMBDA, "lambda:GetFunctionConcurrency", &path)
            .await;
        let environment = &found["Environment"];
        let variables = environment["Variables"].as_object();
        let variables = variables.into_iter().flatten().map(|(name, value)| {
            let value = value.as_str().unwrap_or_default().to_owned();
            (name.clone(), value)
        });
        Ok(Some(Function {
            role: text(&found, "Role"),
            variables: environment["Error"].is_null().then(|| variables.collect()),
            architecture: found["Architectures"][0]
                .as_str()
                .unwrap_or("x86_64")
                .to_owned(),
            modified: text(&found, "LastModified"),
            version: text(&found, "Version"),
            reserved: reserved
                .ok()
                .and_then(|it| it["ReservedConcurrentExecutions"].as_u64()),
        }))
    }

    async fn table(&self, name: &str) -> Read<Table> {
        let input = || json!({ "TableName": name });
        let found = self
            .json(DYNAMODB, "dynamodb:DescribeTable", input())
            .await?;
        let table = &found["Table"];
        let kinds: BTreeMap<&str, &str> = list(table, "AttributeDefinitions")
            .filter_map(|it| Some((it["AttributeName"].as_str()?, it["AttributeType"].as_str()?)))
            .collect();
        let keys = |of: &Value| {
            let keys = list(of, "KeySchema").map(|key| {
                let name = text(key, "AttributeName");
                let kind = kinds.get(&*name).copied().unwrap_or_default();
                format!("{name}:{kind}:{}", text(key, "KeyType"))
            });
            keys.collect::<Vec<_>>()
        };
        let indices = list(table, "GlobalSecondaryIndexes");
        let indices = indices.map(|index| (text(index, "IndexName"), keys(index)));
        let ttl = self
            .json(DYNAMODB, "dynamodb:DescribeTimeToLive", input())
            .await;
        let ttl = ttl.map(|ttl| {
            let ttl = &ttl["TimeToLiveDescription"];
            let is_on = matches!(
                ttl["TimeToLiveStatus"].as_str(),
                Some("ENABLED" | "ENABLING")
            );
            is_on.then(|| text(ttl, "AttributeName"))
        });
        let backups = self
            .json(DYNAMODB, "dynamodb:DescribeContinuousBackups", input())
            .await;
        let recovery = backups.map(|it| {
            let recovery = &it["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"];
            recovery["PointInTimeRecoveryStatus"] == "ENABLED"
        });
        Ok(Table {
            status: text(table, "TableStatus"),
            keys: keys(table),
            indices: indices.collect(),
            on_demand: table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST",
            ttl,
            recovery,
        })
    }

    async fn ring(&self, id: &str, now: u64) -> Read<Ring> {
        let input = json!({ "SecretId": id });
        let found = self
            .json(SECRETS, "secretsmanager:GetSecretValue", input)
            .await?;
        let ring = found["SecretString"].as_str().and_then(RingText::parse);
        let stored = &found["CreatedDate"];
        let is_valid = ring.as_ref().is_some_and(|ring| ring.ring().is_some());
        Ok(Ring {
            is_valid,
            days: days(stored, now),
            rotating: ring.is_some_and(|ring| ring.next.is_some() || ring.previous.is_some()),
        })
    }

    async fn decisions(&self, role: &str, questions: Vec<Question>) -> Read<Vec<Decision>> {
        let mut found = Vec::new();
        for question in questions {
            let mut fields = vec![
                ("PolicySourceArn".to_owned(), role.to_owned()),
                (
                    "ResourceArns.member.1".to_owned(),
                    question.resource.clone(),
                ),
            ];
            for (number, action) in question.actions.iter().enumerate() {
                let name = format!("ActionNames.member.{}", number + 1);
                fields.push((name, (*action).to_owned()));
            }
            if let Some(item) = question.item {
                let entry = "ContextEntries.member.1";
                for (name, value) in [
                    ("ContextKeyName", "dynamodb:LeadingKeys"),
                    ("ContextKeyType", "stringList"),
                    ("ContextKeyValues.member.1", item),
                ] {
                    fields.push((format!("{entry}.{name}"), value.to_owned()));
                }
            }
            let fields: Vec<(&str, &str)> = fields.iter().map(|(a, b)| (&**a, &**b)).collect();
            let xml = self
                .form(IAM, "iam:SimulatePrincipalPolicy", &fields)
                .await?;
            found.extend(
                members(&xml, &["EvalActionName", "EvalDecision"])
                    .into_iter()
                    .map(|[action, decision]| Decision {
                        allowed: decision == "allowed",
                        action,
                        needed: question.needed,
                    }),
            );
        }
        Ok(found)
    }

    async fn alarms(&self, prefix: &str) -> Read<Vec<Alarm>> {
        let mut found = Vec::new();
        let mut token = String::new();
        for _ in 0..PAGES {
            let mut fields = vec![("AlarmNamePrefix", prefix), ("MaxRecords", "100")];
            if !token.is_empty() {
                fields.push(("NextToken", &token));
            }
            let xml = self
                .form(CLOUDWATCH, "cloudwatch:DescribeAlarms", &fields)
                .await?;
            found.extend(alarms_of(&xml));
            match crate::signed_call::first(&xml, "NextToken") {
                Some(next) if !next.is_empty() => token = next,
                _ => break,
            }
        }
        Ok(found)
    }

    async fn pool_rates(&self, pool: &str) -> Read<Option<Vec<u64>>> {
        let input = json!({ "ResourceArn": pool });
        let found = self.json(WAF, "wafv2:GetWebACLForResource", input).await;
        let found = optional(found)?.unwrap_or_default();
        let Some(acl) = found.get("WebACL").filter(|it| it.is_object()) else {
            return Ok(None);
        };
        let rules = list(acl, "Rules");
        let rates =
            rules.filter_map(|rule| rule["Statement"]["RateBasedStatement"]["Limit"].as_u64());
        Ok(Some(rates.collect()))
    }

    async fn apis(&self, pool_id: &str) -> Read<Vec<Api>> {
        let list_of = async |action: &'static str, path: &str, member: &str| {
            let operation = action.split_once(':').map_or(action, |(_, it)| it);
            let read = self.calls.read_list(APPSYNC, operation, path, member).await;
            read.map_err(|error| unread(action, &error))
        };
        let apis = list_of("appsync:ListGraphqlApis", "/v1/apis", "graphqlApis").await?;
        let of_pool = |api: &&Value| {
            let others = list(api, "additionalAuthenticationProviders").chain([*api]);
            let mut others = others.map(|it| &it["userPoolConfig"]["userPoolId"]);
            others.any(|it| it == pool_id)
        };
        let mut found = Vec::new();
        for api in apis.iter().filter(of_pool) {
            let path = format!("/v1/apis/{}", text(api, "apiId"));
            let sources = format!("{path}/datasources");
            let sources = list_of("appsync:ListDataSources", &sources, "dataSources").await?;
            let sources: BTreeMap<String, String> = sources
                .iter()
                .map(|it| {
                    (
                        text(it, "name"),
                        text(&it["lambdaConfig"], "lambdaFunctionArn"),
                    )
                })
                .collect();
            let mut fields = BTreeMap::new();
            for kind in ["Query", "Mutation"] {
                let path = format!("{path}/types/{kind}/resolvers");
                for resolver in list_of("appsync:ListResolvers", &path, "resolvers").await? {
                    let field = format!("{kind}.{}", text(&resolver, "fieldName"));
                    let source = sources.get(&text(&resolver, "dataSourceName"));
                    fields.insert(field, source.filter(|it| !it.is_empty()).cloned());
                }
            }
            found.push(Api {
                name: text(api, "name"),
                fields,
            });
        }
        Ok(found)
    }

    /// Reads the HTTP APIs that the policy of a function names, with their routes.
    async fn http_apis(&self, function: &str, qualifier: Option<&str>) -> Read<Vec<HttpApi>> {
        let query = qualifier.map_or_else(String::new, |it| format!("?Qualifier={}", encoded(it)));
        let path = format!("/2015-03-31/functions/{}/policy{query}", encoded(function));
        let policy = optional(self.get(LAMBDA, "lambda:GetPolicy", &path).await)?;
        let policy = policy.unwrap_or_default();
        let mut found = Vec::new();
        for id in api_ids(policy["Policy"].as_str().unwrap_or_default()) {
            let path = format!("/v2/apis/{id}");
            // An API of another kind, or one that is gone, has no integrations there.
            let integrations = self.pages(&format!("{path}/integrations")).await;
            let Some(integrations) = optional(integrations)? else {
                continue;
            };
            let functions: BTreeMap<String, String> = integrations
                .iter()
                .map(|it| (text(it, "integrationId"), text(it, "integrationUri")))
                .collect();
            let routes = self.pages(&format!("{path}/routes")).await?;
            let routes = routes.iter().map(|route| {
                let target = text(route, "target");
                let function = functions.get(target.trim_start_matches("integrations/"));
                (text(route, "routeKey"), function.cloned())
            });
            found.push(HttpApi {
                id,
                routes: routes.collect(),
            });
        }
        Ok(found)
    }

    /// Reads the items of a list of API Gateway, page by page.
    async fn pages(&self, path: &str) -> Read<Vec<Value>> {
        let mut found = Vec::new();
        let mut query = "?maxResults=100".to_owned();
        for _ in 0..PAGES {
            let page = self
                .get(API_GATEWAY, "apigateway:GET", &format!("{path}{query}"))
                .await?;
            found.extend(list(&page, "items").cloned());
            match page["nextToken"].as_str() {
                Some(next) => query = format!("?maxResults=100&nextToken={}", encoded(next)),
                None => break,
            }
        }
        Ok(found)
    }

    async fn concurrency(&self) -> Read<u64> {
        let action = "lambda:GetAccountSettings";
        let found = self
            .get(LAMBDA, action, "/2016-08-19/account-settings/")
            .await?;
        Ok(found["AccountLimit"]["ConcurrentExecutions"]
            .as_u64()
            .unwrap_or_default())
    }

    async fn quotas(&self) -> Read<Vec<(String, f64)>> {
        let mut found = Vec::new();
        let mut input = json!({ "ServiceCode": "cognito-idp", "MaxResults": 100 });
        for _ in 0..PAGES {
            let action = "servicequotas:ListServiceQuotas";
            let page = self.json(QUOTAS, action, input.clone()).await?;
            let quotas = list(&page, "Quotas");
            found.extend(
                quotas.filter_map(|it| Some((text(it, "QuotaName"), it["Value"].as_f64()?))),
            );
            match page["NextToken"].as_str() {
                Some(next) => input["NextToken"] = json!(next),
                None => break,
            }
        }
        Ok(found)
    }

    async fn bus(&self, arn: &str) -> Read<bool> {
        let name = arn.rsplit('/').next().unwrap_or(arn);
        let found = self.json(EVENTS, "events:DescribeEventBus", json!({ "Name": name }));
        optional(found.await).map(|it| it.is_some())
    }

    async fn rules(&self, sweeper: &str) -> Read<Vec<String>> {
        let input = json!({ "TargetArn": sweeper });
        let found = self
            .json(EVENTS, "events:ListRuleNamesByTarget", input)
            .await?;
        let mut states = Vec::new();
        for name in list(&found, "RuleNames") {
            let input = json!({ "Name": name });
            let rule = self.json(EVENTS, "events:DescribeRule", input).await?;
            states.push(text(&rule, "State"));
        }
        Ok(states)
    }

    async fn overdue(&self, table: &str, now: u64) -> Read<u64> {
        // The alarm `events-overdue` has the same time.
        let until = now.saturating_sub(300) * 1000;
        let mut count = 0;
        for shard in 0..OUTBOX_SHARDS {
            let input = json!({
                "TableName": table,
                "IndexName": "outbox",
                "Select": "COUNT",
                "KeyConditionExpression": "#outbox = :outbox AND #due <= :until",
                "ExpressionAttributeNames": { "#outbox": "outbox", "#due": "due" },
                "ExpressionAttributeValues": {
                    ":outbox": { "S": format!("outbox#{shard:02}") },
                    ":until": { "N": until.to_string() },
                },
            });
            let found = self.json(DYNAMODB, "dynamodb:Query", input).await?;
            count += found["Count"].as_u64().unwrap_or_default();
        }
        Ok(count)
    }

    /// Counts the suppressed addresses by reason. No address is kept.
    async fn suppressed(&self) -> Read<BTreeMap<String, usize>> {
        let mut counts = BTreeMap::new();
        let mut path = "/v2/email/suppression/addresses?PageSize=1000".to_owned();
        for _ in 0..PAGES {
            let found = self
                .get(SES, "ses:ListSuppressedDestinations", &path)
                .await?;
            for entry in list(&found, "SuppressedDestinationSummaries") {
                *counts.entry(text(entry, "Reason")).or_insert(0) += 1;
            }
            let Some(next) = found["NextToken"].as_str() else {
                break;
            };
            path = format!(
                "/v2/email/suppression/addresses?NextToken={}&PageSize=1000",
                encoded(next)
            );
        }
        Ok(counts)
    }

    async fn sender(&self, from: &str, resolver: Option<SocketAddr>) -> Option<Sender> {
        let address = from
            .rsplit_once('<')
            .map_or(from, |(_, it)| it.trim_end_matches('>'));
        let (_, domain) = address.trim().rsplit_once('@')?;
        let path = format!("/v2/email/identities/{}", encoded(domain));
        let identity = self.get(SES, "ses:GetEmailIdentity", &path).await;
        let mail_from = optional(identity).map(|identity| {
            let identity = identity.unwrap_or_default();
            let attributes = &identity["MailFromAttributes"];
            let name = text(attributes, "MailFromDomain");
            (!name.is_empty()).then(|| (name, text(attributes, "MailFromDomainStatus")))
        });
        let spf = match (&mail_from, resolver) {
            (Ok(Some((name, _))), Some(resolver)) => {
                let texts = dns::texts(resolver, name).await;
                Some(texts.map(|texts| texts.iter().any(|it| includes_ses(it))))
            }
            (Ok(Some(_)), None) => Some(Err(NO_RESOLVER.to_owned())),
            _ => None,
        };
        Some(Sender {
            domain: domain.to_owned(),
            dmarc: dmarc(domain, resolver).await,
            mail_from,
            spf,
        })
    }

    async fn own_senders(&self) -> Read<Vec<String>> {
        let mut found = Vec::new();
        for (action, member) in [
            ("sms-voice:DescribePhoneNumbers", "PhoneNumbers"),
            ("sms-voice:DescribeSenderIds", "SenderIds"),
        ] {
            let page = self
                .json(SMS_VOICE, action, json!({ "MaxResults": 100 }))
                .await?;
            let countries = list(&page, member).map(|it| text(it, "IsoCountryCode"));
            found.extend(countries);
        }
        found.sort();
        found.dedup();
        Ok(found)
    }
}

const NO_RESOLVER: &str = "this system names no resolver: pass --dns";

/// Returns the policy of DMARC of a domain, or of the nearest domain above it that has one.
async fn dmarc(domain: &str, resolver: Option<SocketAddr>) -> Result<Option<String>, String> {
    let resolver = resolver.ok_or(NO_RESOLVER)?;
    let mut name = domain;
    while name.contains('.') {
        let texts = dns::texts(resolver, &format!("_dmarc.{name}")).await?;
        let record = texts
            .iter()
            .find(|it| it.trim_start().starts_with("v=DMARC1"));
        if let Some(record) = record {
            let tags = record.split(';').filter_map(|tag| tag.split_once('='));
            let is_of = |tag: &str| tags.clone().find(|(name, _)| name.trim() == tag);
            // A policy of its own for the domains below.
            let below = (name != domain).then(|| is_of("sp")).flatten();
            let policy = below
                .or_else(|| is_of("p"))
                .map(|(_, value)| value.trim().to_owned());
            return Ok(Some(policy.unwrap_or_else(|| "none".to_owned())));
        }
        name = name.split_once('.').map_or("", |(_, above)| above);
    }
    Ok(None)
}

fn includes_ses(record: &str) -> bool {
    record.starts_with("v=spf1") && record.contains("include:amazonses.com")
}

/// Returns the whole days since a time, which AWS states in seconds since 1970.
fn days(time: &Value, now: u64) -> u64 {
    let seconds = time.as_f64().unwrap_or_default().max(0.0);
    let at = Duration::try_from_secs_f64(seconds).unwrap_or_default();
    now.saturating_sub(at.as_secs()) / (24 * 3600)
}

/// Returns the texts of two elements that each member of a list has, in this order.
fn members(xml: &str, names: &[&str; 2]) -> Vec<[String; 2]> {
    let mut found = Vec::new();
    let mut part = None;
    let mut document = Document::new(xml);
    while let Some(element) = document.next_start_element() {
        let name = element.local().to_owned();
        if !names.contains(&&*name) {
            continue;
        }
        let text = try_data(&mut document.scoped_to(element))
            .unwrap_or_default()
            .into_owned();
        match part.take() {
            None => part = Some((name, text)),
            Some((first, other)) if first == names[0] => found.push([other, text]),
            Some((_, other)) => found.push([text, other]),
        }
    }
    found
}

/// Reads the alarms of `DescribeAlarms`.
fn alarms_of(xml: &str) -> Vec<Alarm> {
    let mut found: Vec<Alarm> = Vec::new();
    let mut enabled = true;
    let mut in_actions = false;
    let mut document = Document::new(xml);
    while let Some(element) = document.next_start_element() {
        let name = element.local().to_owned();
        match &*name {
            "AlarmName" | "StateValue" | "ActionsEnabled" => {
                let text = try_data(&mut document.scoped_to(element))
                    .unwrap_or_default()
                    .into_owned();
                in_actions = false;
                match (&*name, found.last_mut()) {
                    ("AlarmName", _) => {
                        enabled = true;
                        found.push(Alarm {
                            name: text,
                            state: String::new(),
                            acts: false,
                        });
                    }
                    ("StateValue", Some(alarm)) => alarm.state = text,
                    ("ActionsEnabled", Some(alarm)) => {
                        enabled = text == "true";
                        alarm.acts &= enabled;
                    }
                    _ => {}
                }
            }
            "AlarmActions" => in_actions = true,
            // An action is a member with a text, and no other member follows it before another list begins.
            "member" if in_actions => {
                if let Some(alarm) = found.last_mut() {
                    alarm.acts = enabled;
                }
                in_actions = false;
            }
            "member" => {}
            _ => in_actions = false,
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_functions_are_found_beside_define_with_its_alias() {
        let prefix = "arn:aws:lambda:eu-west-1:1:function:acme-";
        let plain = format!("{prefix}define-auth-challenge");
        assert_eq!(names(&plain), Some((prefix, None)));
        let alias = format!("{plain}:live");
        assert_eq!(names(&alias), Some((prefix, Some("live"))));
        assert_eq!(names("arn:aws:lambda:eu-west-1:1:function:other"), None);
    }

    /// The order of the elements of `DescribeAlarms` in `CloudWatch`'s API reference.
    #[test]
    fn an_alarm_acts_if_an_action_is_on() {
        let alarm = |name: &str, enabled: bool, actions: &str| {
            format!(
                "<member><AlarmArn>a</AlarmArn><AlarmName>{name}</AlarmName><ActionsEnabled>{enabled}</ActionsEnabled>\
                 <OKActions/><AlarmActions>{actions}</AlarmActions><InsufficientDataActions/>\
                 <StateValue>OK</StateValue><Dimensions><member><Name>n</Name></member></Dimensions></member>"
            )
        };
        let on = "<member>arn:aws:sns:eu-west-1:1:topic</member>";
        let alarms = [
            alarm("a", true, on),
            alarm("b", false, on),
            alarm("c", true, ""),
        ];
        let xml = format!("<R><MetricAlarms>{}</MetricAlarms></R>", alarms.concat());
        let found = alarms_of(&xml);
        let acts: Vec<_> = found
            .iter()
            .map(|it| (&*it.name, it.acts, &*it.state))
            .collect();
        assert_eq!(
            acts,
            [("a", true, "OK"), ("b", false, "OK"), ("c", false, "OK")]
        );
    }

    #[test]
    fn decisions_are_read_in_any_order_of_their_elements() {
        let xml = "<R><E><member><EvalActionName>a</EvalActionName><EvalDecision>allowed</EvalDecision></member>\
                   <member><EvalDecision>implicitDeny</EvalDecision><EvalActionName>b</EvalActionName></member></E></R>";
        let expected = [["a", "allowed"], ["b", "implicitDeny"]];
        assert_eq!(members(xml, &["EvalActionName", "EvalDecision"]), expected);
    }

    #[test]
    fn the_days_of_a_time_are_whole() {
        assert_eq!(days(&json!(1_000_000.5), 1_000_000 + 3 * 86_400 + 5), 3);
        assert_eq!(days(&json!(2_000_000), 1_000_000), 0);
    }

    #[test]
    fn spf_names_the_mail_servers_of_ses() {
        assert!(includes_ses("v=spf1 include:amazonses.com -all"));
        assert!(!includes_ses("v=spf1 include:_spf.example.com -all"));
        assert!(!includes_ses("include:amazonses.com"));
    }
}
