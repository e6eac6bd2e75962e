//! Decides on the facts of a deployment. Nothing is read here.

use std::collections::{BTreeMap, BTreeSet};

use super::rights::Decision;
use super::{Alarm, Api, Deployment, Function, HttpApi, Ring, Sender, Sms, Table};
use crate::doctor::facts::{Read, Unread};
use crate::doctor::{Finding, Fix};
use crate::functions::SWEEPER;

const DEPLOY: Fix = Fix::Words("Deploy the stack again.");

/// The variables that every function of a deployment has alike, where it has them.
const SHARED: [&str; 6] = [
    "TABLE_NAME",
    "KEY_RING_SECRET",
    "USER_POOL_ID",
    "CLIENT_IDS",
    "EVENTS",
    "METRICS_NAMESPACE",
];

/// The days after which a key ring should be rotated (docs/keys.md).
const KEY_DAYS: u64 = 365;

/// The invocations of a sign-in by AppSync, and the seconds of one: docs/scale.md counts and measures them.
const INVOCATIONS: f64 = 8.0;
const SECONDS: f64 = 0.06;

/// The calls of a sign-in that the functions make at Cognito without a signature.
const PUBLIC_CALLS: f64 = 2.0;

/// The countries whose networks refuse SMS of a sender that is not registered. Source: AWS End User Messaging's
/// guide, "Supported countries and regions for SMS messaging".
const REGISTERED: [&str; 14] = [
    "AE", "BY", "CA", "CN", "EG", "IN", "JO", "KW", "PH", "QA", "RU", "SA", "TR", "US",
];

/// Returns the findings. `expected` is the number of sign-ins a second that is expected.
pub fn judge(deployment: &Deployment, expected: Option<f64>) -> Vec<Finding> {
    let mut findings = vec![agreement(deployment)];
    findings.extend(versions(deployment));
    findings.extend(
        deployment
            .table
            .as_ref()
            .map(|it| table(deployment, it))
            .into_iter()
            .flatten(),
    );
    findings.extend(deployment.ring.as_ref().map(ring).into_iter().flatten());
    findings.push(apis(&deployment.apis, &deployment.prefix));
    findings.push(routes(&deployment.http_apis, &deployment.prefix));
    findings.extend(rights(deployment));
    findings.extend(alarms(&deployment.alarms, &deployment.prefix));
    findings.push(pool_rates(deployment, expected));
    findings.push(concurrency(deployment, expected));
    findings.extend(
        expected
            .map(|rate| quotas(deployment, rate))
            .into_iter()
            .flatten(),
    );
    findings.extend(events(deployment));
    findings.push(suppressed(&deployment.suppressed));
    findings.extend(deployment.sender.as_ref().map(sender).into_iter().flatten());
    findings.extend(deployment.sms.as_ref().map(senders));
    findings.push(source(deployment));
    findings
}

fn unreadable(check: &'static str, what: &str, unread: &Unread) -> Finding {
    super::super::checks::unreadable(check, what, unread)
}

fn known(deployment: &Deployment) -> impl Iterator<Item = (&'static str, &Function)> {
    let functions = deployment.functions.iter();
    functions.filter_map(|(name, read)| Some((*name, read.as_ref().ok()?.as_ref()?)))
}

/// The functions are there and name the same resources. No value is printed.
fn agreement(deployment: &Deployment) -> Finding {
    const CHECK: &str = "functions.agree";
    for (name, read) in &deployment.functions {
        match read {
            Err(unread) => return unreadable(CHECK, &format!("the function {name}"), unread),
            Ok(None) if *name != SWEEPER => {
                return Finding::fails(CHECK, format!("there is no function {name}"))
                    .with_fix(DEPLOY);
            }
            Ok(Some(function)) if function.variables.is_none() => {
                return Finding::unknown(
                    CHECK,
                    format!("the variables of {name} are encrypted (needs kms:Decrypt)"),
                );
            }
            Ok(_) => {}
        }
    }
    let differ = SHARED.into_iter().filter(|variable| {
        let values: BTreeSet<&str> = known(deployment)
            .filter_map(|(_, function)| function.variable(variable))
            .collect();
        values.len() > 1
    });
    let differ: Vec<&str> = differ.collect();
    let pools: BTreeSet<&str> = known(deployment)
        .filter_map(|(_, function)| function.variable("USER_POOL_ID"))
        .collect();
    if !differ.is_empty() {
        let says = format!("the functions differ in {}", differ.join(", "));
        return Finding::fails(CHECK, says).with_fix(DEPLOY);
    }
    if pools.iter().any(|pool| *pool != deployment.pool) {
        let says = "the functions serve another pool, which shares their names";
        return Finding::fails(CHECK, says).with_fix(DEPLOY);
    }
    let count = known(deployment).count();
    Finding::ok(
        CHECK,
        format!("the {count} functions name the same table, key ring, pool, clients and events"),
    )
}

/// The functions are of one deployment: one processor, one kind of version, and one time of change.
fn versions(deployment: &Deployment) -> Vec<Finding> {
    const CHECK: &str = "functions.version";
    let of = |part: fn(&Function) -> &str| {
        let parts: BTreeSet<&str> = known(deployment).map(|(_, it)| part(it)).collect();
        parts
    };
    let processors = of(|it| &it.architecture);
    if processors.is_empty() {
        return Vec::new();
    }
    if processors.len() > 1 {
        let says =
            "the functions are built for different processors: they are of different releases";
        return vec![Finding::fails(CHECK, says).with_fix(DEPLOY)];
    }
    let latest = of(|it| &it.version)
        .into_iter()
        .filter(|it| *it == "$LATEST")
        .count();
    let all = known(deployment).all(|(_, it)| it.version == "$LATEST");
    if latest > 0 && !all {
        let says =
            "some functions are published versions and some are not: an upgrade was not finished";
        return vec![Finding::fails(CHECK, says).with_fix(DEPLOY)];
    }
    let times: Vec<_> = known(deployment)
        .filter_map(|(_, it)| humantime::parse_rfc3339_weak(it.modified.get(..19)?).ok())
        .collect();
    let spread = match (times.iter().min(), times.iter().max()) {
        (Some(first), Some(last)) => last.duration_since(*first).unwrap_or_default().as_secs(),
        _ => 0,
    };
    if spread > 3600 {
        return vec![Finding::note(
            CHECK,
            format!(
                "the functions were changed {} hours apart: if that was no change of one setting, they are of \
                 different releases",
                spread / 3600
            ),
        )];
    }
    vec![Finding::ok(CHECK, "the functions were deployed together")]
}

fn table(deployment: &Deployment, read: &Read<Table>) -> Vec<Finding> {
    const SCHEMA: &str = "table.schema";
    const TTL: &str = "table.ttl";
    const BACKUP: &str = "table.backup";
    let name = deployment.variable("TABLE_NAME").unwrap_or_default();
    let table = match read {
        Err(unread) => return vec![unreadable(SCHEMA, "the table", unread)],
        Ok(table) => table,
    };
    let index = table.indices.get("outbox").map(Vec::as_slice);
    let needs_index = deployment.events.is_some();
    let has_index = index.is_some_and(|keys| keys == ["outbox:S:HASH", "due:N:RANGE"]);
    let schema = if table.status != "ACTIVE" {
        Finding::fails(SCHEMA, format!("the table is {}", table.status))
    } else if table.keys != ["pk:S:HASH"] {
        let says = "the table's key is not the text pk alone: no flow can be stored";
        Finding::fails(SCHEMA, says).with_fix(DEPLOY)
    } else if needs_index && !has_index {
        let says = "the table has no index outbox by outbox and due: no event is published";
        Finding::fails(SCHEMA, says).with_fix(DEPLOY)
    } else if !table.on_demand {
        Finding::note(
            SCHEMA,
            "the table has provisioned capacity: above it, sign-ins fail",
        )
        .with_fix(Fix::Command(format!(
            "aws dynamodb update-table --table-name {name} --billing-mode PAY_PER_REQUEST"
        )))
    } else {
        Finding::ok(
            SCHEMA,
            "the table has the key and the capacity that the functions need",
        )
    };
    let ttl = match &table.ttl {
        Err(unread) => unreadable(TTL, "the table's time to live", unread),
        Ok(Some(attribute)) if attribute == "ttl" => {
            Finding::ok(TTL, "items that have expired are deleted")
        }
        Ok(_) => Finding::fails(
            TTL,
            "items that have expired stay in the table: it grows, and pseudonyms are kept for ever",
        )
        .with_fix(Fix::Command(format!(
            "aws dynamodb update-time-to-live --table-name {name} --time-to-live-specification \
             Enabled=true,AttributeName=ttl"
        ))),
    };
    let backup = match &table.recovery {
        Err(unread) => unreadable(BACKUP, "the table's backups", unread),
        Ok(true) => Finding::ok(BACKUP, "the table can be restored to a point in time"),
        Ok(false) => Finding::note(
            BACKUP,
            "the table has no point-in-time recovery: after its loss, sign-ins under way end, and known devices \
             and invitations are gone",
        ),
    };
    vec![schema, ttl, backup]
}

fn ring(read: &Read<Ring>) -> Vec<Finding> {
    const RING: &str = "keys.ring";
    const AGE: &str = "keys.age";
    const ROTATE: &str = "latchstring rotate-keys --help  # three steps, without an interruption";
    let ring = match read {
        Err(unread) => return vec![unreadable(RING, "the key ring", unread)],
        Ok(ring) => ring,
    };
    if !ring.is_valid {
        let says = "the secret is no key ring: once their copies are old, the functions send and accept no code";
        let fix =
            Fix::Words("Restore the version with the staging label AWSPREVIOUS of the secret.");
        return vec![Finding::fails(RING, says).with_fix(fix)];
    }
    let days = ring.days;
    let says = format!("the key ring was stored {days} days ago");
    let age = if days > KEY_DAYS {
        let says = format!("{says}; rotate its keys once a year");
        Finding::note(AGE, says).with_fix(Fix::Command(ROTATE.to_owned()))
    } else if ring.rotating && days > 7 {
        let says = format!("{says}, in the middle of a rotation");
        Finding::note(AGE, says).with_fix(Fix::Command(ROTATE.to_owned()))
    } else {
        Finding::ok(AGE, says)
    };
    vec![
        Finding::ok(RING, "the functions can read the key ring"),
        age,
    ]
}

/// The fields of the schema. A field is a name before its arguments or its type, and not in a description.
fn fields() -> Vec<String> {
    // A link, so that a package of this crate has the file.
    let schema = include_str!("schema.graphql");
    // Every second part is a description.
    let parts = schema.split("\"\"\"").step_by(2);
    let text: String = parts.collect();
    let mut kind = "";
    let mut found = Vec::new();
    for line in text.lines() {
        match line {
            "type Query {" => kind = "Query",
            "type Mutation {" => kind = "Mutation",
            "}" => kind = "",
            field if !kind.is_empty() => {
                let name = field
                    .trim()
                    .split_once(['(', ':'])
                    .map_or("", |(name, _)| name);
                if !name.is_empty() && name.chars().all(char::is_alphanumeric) {
                    found.push(format!("{kind}.{name}"));
                }
            }
            _ => {}
        }
    }
    found
}

/// The GraphQL APIs with the functions of this deployment.
fn apis(read: &Read<Vec<Api>>, prefix: &str) -> Finding {
    const CHECK: &str = "api.resolvers";
    let apis = match read {
        Err(unread) => return unreadable(CHECK, "the resolvers of the GraphQL APIs", unread),
        Ok(apis) => apis,
    };
    let ours = |function: &Option<String>| {
        let name = function
            .as_deref()
            .and_then(|arn| arn.split(":function:").nth(1));
        name.is_some_and(|name| name.starts_with(prefix))
    };
    let mut served = apis
        .iter()
        .filter(|api| api.fields.values().any(ours))
        .peekable();
    if served.peek().is_none() {
        return Finding::ok(CHECK, "no GraphQL API calls these functions");
    }
    let mut wrong = Vec::new();
    for api in served {
        for field in fields() {
            match api.fields.get(&field) {
                Some(function) if ours(function) => {}
                Some(_) => wrong.push(format!("{field} of {} calls another function", api.name)),
                None => wrong.push(format!("{field} of {} has no resolver", api.name)),
            }
        }
    }
    if wrong.is_empty() {
        Finding::ok(
            CHECK,
            "every field of the GraphQL API calls a function of this deployment",
        )
    } else {
        Finding::fails(CHECK, wrong.join("; ")).with_fix(DEPLOY)
    }
}

/// The routes that every HTTP API of a deployment has. Those of invitations and of session mode are there only with
/// them.
const ROUTES: [&str; 11] = [
    "GET /v1/contacts/pending",
    "POST /v1/contacts/change",
    "POST /v1/contacts/undo",
    "POST /v1/devices/forget",
    "POST /v1/devices/remember",
    "POST /v1/names",
    "POST /v1/sign-in",
    "POST /v1/sign-in/answer",
    "POST /v1/sign-in/resend",
    "POST /v1/sign-in/ticket",
    "POST /v1/sign-up",
];

/// The HTTP APIs with the functions of this deployment.
fn routes(read: &Read<Vec<HttpApi>>, prefix: &str) -> Finding {
    const CHECK: &str = "api.routes";
    let apis = match read {
        Err(unread) => return unreadable(CHECK, "the routes of the HTTP APIs", unread),
        Ok(apis) => apis,
    };
    let ours = |function: &Option<String>| {
        let function = function.as_deref().unwrap_or_default();
        function.contains(&format!(":function:{prefix}"))
    };
    let mut wrong = Vec::new();
    for api in apis {
        // A route for every path passes each to the functions.
        let is_greedy = api.routes.iter().any(|(route, function)| {
            (route == "$default" || route.contains("{proxy+}")) && ours(function)
        });
        for route in ROUTES {
            match api.routes.get(route) {
                Some(function) if ours(function) => {}
                Some(_) => wrong.push(format!("{route} of {} calls another function", api.id)),
                None if is_greedy => {}
                None => wrong.push(format!("{} has no {route}", api.id)),
            }
        }
    }
    if apis.is_empty() {
        Finding::ok(CHECK, "no HTTP API calls these functions")
    } else if wrong.is_empty() {
        Finding::ok(
            CHECK,
            "every route of the HTTP API calls a function of this deployment",
        )
    } else {
        Finding::fails(CHECK, wrong.join("; ")).with_fix(DEPLOY)
    }
}

fn rights(deployment: &Deployment) -> Vec<Finding> {
    const NEEDED: &str = "iam.needed";
    const EXCESS: &str = "iam.excess";
    let names = |decisions: &[Decision], needed| {
        let wrong = decisions
            .iter()
            .filter(|it| it.needed == needed && it.allowed != needed)
            .map(|it| it.action.clone());
        wrong
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect::<Vec<_>>()
            .join(", ")
    };
    let (mut missing, mut excess) = (Vec::new(), Vec::new());
    for (name, read) in &deployment.rights {
        match read {
            Err(unread) => {
                return vec![unreadable(
                    NEEDED,
                    &format!("the permissions of {name}"),
                    unread,
                )];
            }
            Ok(decisions) => {
                missing.extend(
                    Some(names(decisions, true))
                        .filter(|it| !it.is_empty())
                        .map(|it| format!("{name}: {it}")),
                );
                excess.extend(
                    Some(names(decisions, false))
                        .filter(|it| !it.is_empty())
                        .map(|it| format!("{name}: {it}")),
                );
            }
        }
    }
    if deployment.rights.is_empty() {
        return Vec::new();
    }
    let fix = || {
        Fix::Words(
            "Remove statements from the roles that the stack did not make, and deploy it again.",
        )
    };
    vec![
        if missing.is_empty() {
            Finding::ok(NEEDED, "every function may do what it needs")
        } else {
            let says = format!(
                "functions may not do what they need: {}",
                missing.join("; ")
            );
            Finding::fails(NEEDED, says).with_fix(fix())
        },
        if excess.is_empty() {
            Finding::ok(EXCESS, "no function may do what only others, or none, need")
        } else {
            let says = format!(
                "functions may do more than they need: {}",
                excess.join("; ")
            );
            Finding::leaks(EXCESS, says).with_fix(fix())
        },
    ]
}

fn alarms(read: &Read<Vec<Alarm>>, prefix: &str) -> Vec<Finding> {
    const ACTIONS: &str = "alarms.actions";
    const STATE: &str = "alarms.state";
    let alarms = match read {
        Err(unread) => return vec![unreadable(ACTIONS, "the alarms", unread)],
        Ok(alarms) => alarms,
    };
    let names = |silent: &mut dyn Iterator<Item = &Alarm>| {
        let names: Vec<&str> = silent
            .map(|it| it.name.strip_prefix(prefix).unwrap_or(&it.name))
            .collect();
        names.join(", ")
    };
    let silent = alarms.iter().filter(|it| !it.acts).count();
    let topic = || Fix::Words("Deploy with alarms.actions, or the parameter AlarmTopic.");
    let actions = if alarms.is_empty() {
        Finding::fails(
            ACTIONS,
            "there is no alarm of this deployment: the operator learns of an outage from users",
        )
        .with_fix(topic())
    } else if silent == alarms.len() {
        let says = format!(
            "none of the {silent} alarms has an action that is on: the operator is not notified"
        );
        Finding::fails(ACTIONS, says).with_fix(topic())
    } else if silent > 0 {
        let which = names(&mut alarms.iter().filter(|it| !it.acts));
        Finding::note(
            ACTIONS,
            format!("alarms without an action that is on: {which}"),
        )
        .with_fix(topic())
    } else {
        Finding::ok(
            ACTIONS,
            format!("each of the {} alarms notifies", alarms.len()),
        )
    };
    let loud = names(&mut alarms.iter().filter(|it| it.state == "ALARM"));
    let state = if loud.is_empty() {
        Finding::ok(STATE, "no alarm is on")
    } else {
        Finding::note(
            STATE,
            format!("alarms that are on: {loud} (docs/operations.md)"),
        )
    };
    vec![actions, state]
}

/// A rate rule of the pool's web ACL counts the addresses from which the functions make public calls as one
/// client.
fn pool_rates(deployment: &Deployment, expected: Option<f64>) -> Finding {
    const CHECK: &str = "waf.pool";
    let rates = match &deployment.pool_rates {
        Err(unread) => return unreadable(CHECK, "the pool's web ACL", unread),
        Ok(None) => {
            return Finding::ok(
                CHECK,
                "the pool has no web ACL that could refuse the functions",
            );
        }
        Ok(Some(rates)) => rates,
    };
    let lowest = match rates.iter().min() {
        None => return Finding::ok(CHECK, "the pool's web ACL has no rate rule"),
        Some(lowest) => *lowest,
    };
    let mut known = known(deployment);
    if known.any(|(_, it)| it.variable("COGNITO_CALLS") == Some("signed")) {
        return Finding::ok(
            CHECK,
            "the functions make signed calls, which the pool's web ACL does not count",
        );
    }
    let fix = Fix::Words(
        "Put the rate rule on the API instead (waf), set COGNITO_CALLS to signed, or exempt the functions' addresses.",
    );
    let says = format!(
        "the pool's web ACL refuses an address after {lowest} requests in five minutes, and counts the addresses of \
         the functions, which all users share"
    );
    match expected {
        Some(rate) if rate * PUBLIC_CALLS * 300.0 > whole(lowest) => Finding::fails(
            CHECK,
            format!("{says}: at {rate} sign-ins a second it refuses users"),
        )
        .with_fix(fix),
        Some(rate) => Finding::ok(
            CHECK,
            format!("the pool's web ACL leaves room for {rate} sign-ins a second"),
        ),
        None => Finding::note(
            CHECK,
            format!("{says}; --expect compares it with your load"),
        )
        .with_fix(fix),
    }
}

/// A number of AWS as a fraction. None is near the limit of precision.
#[expect(clippy::cast_precision_loss, reason = "the numbers are quotas")]
fn whole(number: u64) -> f64 {
    number as f64
}

fn concurrency(deployment: &Deployment, expected: Option<f64>) -> Finding {
    const CHECK: &str = "lambda.concurrency";
    let limit = match &deployment.concurrency {
        Err(unread) => return unreadable(CHECK, "the account's concurrency", unread),
        Ok(limit) => *limit,
    };
    let fix = Fix::Command(
        "aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 \
         --desired-value 1000"
            .to_owned(),
    );
    let reserved: Vec<&str> = known(deployment)
        .filter(|(_, it)| it.reserved == Some(0))
        .map(|(name, _)| name)
        .collect();
    if !reserved.is_empty() {
        let says = format!(
            "no invocation is permitted of {}: its reserved concurrency is 0",
            reserved.join(", ")
        );
        return Finding::fails(CHECK, says);
    }
    let needed = expected.map(|rate| (rate * INVOCATIONS * SECONDS * 2.0).ceil());
    match needed {
        Some(needed) if needed > whole(limit) => Finding::fails(
            CHECK,
            format!(
                "the account runs {limit} invocations at once; the expected load needs {needed}, with a reserve of \
                 the same size"
            ),
        )
        .with_fix(fix),
        None if limit < 100 => Finding::note(
            CHECK,
            format!(
                "the account runs {limit} invocations at once, all its functions together: about {:.0} sign-ins a \
                 second",
                whole(limit) / (INVOCATIONS * SECONDS * 2.0)
            ),
        )
        .with_fix(fix),
        _ => Finding::ok(CHECK, format!("the account runs {limit} invocations at once")),
    }
}

/// The quotas that a sign-in uses, against the expected load. Source: docs/scale.md.
fn quotas(deployment: &Deployment, rate: f64) -> Vec<Finding> {
    const COGNITO: &str = "quota.cognito";
    const MAIL: &str = "quota.mail";
    const CATEGORIES: [(&str, f64); 2] = [("UserAuthentication", 1.0), ("UserRead", 1.0)];
    let mut findings = Vec::new();
    findings.push(match &deployment.quotas {
        Err(unread) => unreadable(COGNITO, "Cognito's quotas", unread),
        Ok(quotas) => {
            let found = CATEGORIES.into_iter().filter_map(|(category, calls)| {
                let named = |name: &str| name.replace(' ', "").contains(category);
                let (_, value) = quotas.iter().find(|(name, _)| named(name))?;
                Some((category, calls, *value))
            });
            let found: Vec<_> = found.collect();
            let short = found.iter().find(|(_, calls, value)| rate * calls > *value);
            match short {
                None if found.is_empty() => {
                    Finding::unknown(COGNITO, "Service Quotas names none of Cognito's categories")
                }
                None => Finding::ok(
                    COGNITO,
                    format!("Cognito's quotas leave room for {rate} sign-ins a second"),
                ),
                Some((category, calls, value)) => Finding::fails(
                    COGNITO,
                    format!(
                        "{category} is {value} a second; {rate} sign-ins a second need {}",
                        rate * calls
                    ),
                )
                .with_fix(Fix::Words(
                    "Request an increase in Service Quotas, Amazon Cognito User Pools.",
                )),
            }
        }
    });
    if deployment.sender.is_some() {
        findings.push(match &deployment.mails_per_second {
            Err(unread) => unreadable(MAIL, "SES's rate", unread),
            Ok(mails) if *mails < rate => Finding::fails(
                MAIL,
                format!(
                    "SES sends {mails} mails a second; {rate} sign-ins a second by mail need {rate}"
                ),
            )
            .with_fix(Fix::Words("Request a higher sending rate of SES.")),
            Ok(mails) => Finding::ok(MAIL, format!("SES sends {mails} mails a second")),
        });
    }
    findings
}

fn events(deployment: &Deployment) -> Vec<Finding> {
    const BUS: &str = "events.bus";
    const SCHEDULE: &str = "events.schedule";
    const OVERDUE: &str = "events.overdue";
    let Some(events) = &deployment.events else {
        return Vec::new();
    };
    let bus = match &events.bus {
        Err(unread) => unreadable(BUS, "the bus of the events", unread),
        Ok(true) => Finding::ok(BUS, "the bus of the events is there"),
        Ok(false) => Finding::fails(
            BUS,
            "the bus of the events is missing: they wait in the table, for 14 days",
        )
        .with_fix(DEPLOY),
    };
    let schedule = match &events.rules {
        Err(unread) => unreadable(SCHEDULE, "the schedule of publish-events", unread),
        Ok(states) if states.iter().any(|it| it == "ENABLED") => {
            Finding::ok(SCHEDULE, "a rule invokes publish-events")
        }
        Ok(_) => Finding::fails(SCHEDULE, "no rule that is on invokes publish-events: events that a function did not publish wait").with_fix(DEPLOY),
    };
    let overdue = match &events.overdue {
        Err(unread) => unreadable(OVERDUE, "the outbox", unread),
        Ok(0) => Finding::ok(OVERDUE, "no event is overdue"),
        Ok(count) => Finding::fails(
            OVERDUE,
            format!("{count} events are overdue by more than five minutes"),
        )
        .with_fix(Fix::Words(
            "Look at the log of publish-events (docs/operations.md, events-overdue).",
        )),
    };
    vec![bus, schedule, overdue]
}

fn suppressed(read: &Read<BTreeMap<String, usize>>) -> Finding {
    const CHECK: &str = "email.suppressed";
    match read {
        Err(unread) => unreadable(CHECK, "the suppressed addresses", unread),
        Ok(counts) if counts.is_empty() => {
            Finding::ok(CHECK, "SES suppresses no address of this account")
        }
        Ok(counts) => {
            let counts: Vec<String> = counts
                .iter()
                .map(|(reason, count)| format!("{count} by {reason}"))
                .collect();
            let fix = "aws sesv2 delete-suppressed-destination --email-address ADDRESS  # if its owner wants mail again";
            Finding::note(
                CHECK,
                format!("SES sends nothing to some addresses: {}", counts.join(", ")),
            )
            .with_fix(Fix::Command(fix.to_owned()))
        }
    }
}

fn sender(sender: &Sender) -> Vec<Finding> {
    const DMARC: &str = "email.dmarc";
    const MAIL_FROM: &str = "email.mail-from";
    const SPF: &str = "email.spf";
    let domain = &sender.domain;
    let dmarc = match &sender.dmarc {
        Err(reason) => Finding::unknown(DMARC, reason.clone()),
        Ok(None) => Finding::fails(
            DMARC,
            format!("{domain} has no DMARC record: large providers refuse or hide its mail, and anyone can pose as it"),
        )
        .with_fix(Fix::Command(format!("_dmarc.{domain}. TXT \"v=DMARC1; p=none\"  # then quarantine or reject"))),
        Ok(Some(policy)) if policy == "none" => Finding::note(
            DMARC,
            format!("the DMARC policy of {domain} is none: mail that poses as it is delivered"),
        ),
        Ok(Some(policy)) => Finding::ok(DMARC, format!("the DMARC policy of {domain} is {policy}")),
    };
    let mail_from = match &sender.mail_from {
        Err(unread) => unreadable(MAIL_FROM, "the identity of the sender", unread),
        Ok(None) => Finding::note(
            MAIL_FROM,
            format!(
                "mail of {domain} has the MAIL FROM domain of SES: only DKIM aligns it with DMARC"
            ),
        ),
        Ok(Some((name, state))) if state == "SUCCESS" || state == "Success" => {
            Finding::ok(MAIL_FROM, format!("the MAIL FROM domain {name} is set up"))
        }
        Ok(Some((name, state))) => Finding::fails(
            MAIL_FROM,
            format!("the MAIL FROM domain {name} is {state}: SES uses its own, or sends nothing"),
        )
        .with_fix(Fix::Words("Set its MX and TXT records as SES shows them.")),
    };
    let spf = sender.spf.as_ref().map(|spf| match spf {
        Err(reason) => Finding::unknown(SPF, reason.clone()),
        Ok(true) => Finding::ok(SPF, "SPF of the MAIL FROM domain includes SES"),
        Ok(false) => Finding::fails(SPF, "SPF of the MAIL FROM domain does not include SES")
            .with_fix(Fix::Words(
                "Add the TXT record \"v=spf1 include:amazonses.com ~all\".",
            )),
    });
    [Some(dmarc), Some(mail_from), spf]
        .into_iter()
        .flatten()
        .collect()
}

fn senders(sms: &Sms) -> Finding {
    const CHECK: &str = "sms.senders";
    let own = match &sms.own {
        Err(unread) => return unreadable(CHECK, "the senders of SMS", unread),
        Ok(own) => own,
    };
    let missing: Vec<&str> = sms
        .countries
        .iter()
        .map(String::as_str)
        .filter(|it| REGISTERED.contains(it) && !own.iter().any(|own| own == it))
        .collect();
    if missing.is_empty() {
        let says = "every country that demands a registered sender has one of this account";
        return Finding::ok(CHECK, says);
    }
    let says = format!(
        "no registered sender for {}: their networks refuse or replace others{}",
        missing.join(", "),
        if sms.named {
            ", also the one that the functions name"
        } else {
            ""
        }
    );
    Finding::fails(CHECK, says).with_fix(Fix::Words(
        "Register a number or sender id for each in AWS End User Messaging, or remove the country.",
    ))
}

/// The source of requests by AppSync, where budgets count by it.
fn source(deployment: &Deployment) -> Finding {
    const CHECK: &str = "source";
    let sign_in = known(deployment).find(|(name, _)| *name == "sign-in");
    let Some((_, sign_in)) = sign_in else {
        return Finding::unknown(CHECK, "the function sign-in was not read");
    };
    match (sign_in.variable("SOURCE"), sign_in.variable("DOORS")) {
        (_, Some("http")) => Finding::ok(
            CHECK,
            "requests by HTTP have a source that no client can write",
        ),
        (Some("appsync"), _) => Finding::note(
            CHECK,
            "SOURCE is appsync: doctor --probe --api shows whether the header can be trusted",
        ),
        (None | Some("off"), _) => Finding::note(
            CHECK,
            "requests by AppSync have no source: budgets by source do not count them (docs/budgets.md)",
        ),
        (Some(other), _) => Finding::ok(CHECK, format!("SOURCE is {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;
    use crate::doctor::checks::good::state;
    use crate::doctor::deployment::Events;
    use crate::functions::FUNCTIONS;

    fn function(name: &str) -> Function {
        let variables = [
            ("TABLE_NAME", "table"),
            (
                "KEY_RING_SECRET",
                "arn:aws:secretsmanager:eu-west-1:1:secret:ring",
            ),
            ("USER_POOL_ID", "pool"),
            ("SOURCE", "none"),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Function {
            role: format!("arn:aws:iam::1:role/{name}"),
            variables: Some(variables.into()),
            architecture: "arm64".to_owned(),
            modified: "2026-11-30T10:00:00.000+0000".to_owned(),
            version: "7".to_owned(),
            reserved: None,
        }
    }

    fn good() -> Deployment {
        let index = ["outbox:S:HASH", "due:N:RANGE"].map(str::to_owned).to_vec();
        let resolvers = fields().into_iter().map(|field| {
            let function = "arn:aws:lambda:eu-west-1:1:function:acme-sign-in";
            (field, Some(function.to_owned()))
        });
        let routes = ROUTES.into_iter().map(|route| {
            let function = "arn:aws:lambda:eu-west-1:1:function:acme-sign-in:live";
            (route.to_owned(), Some(function.to_owned()))
        });
        let decision = |action: &str, allowed| Decision {
            action: action.to_owned(),
            allowed,
            needed: allowed,
        };
        Deployment {
            pool: "pool".to_owned(),
            client: "client".to_owned(),
            prefix: "acme-".to_owned(),
            functions: FUNCTIONS
                .map(|name| (name, Ok(Some(function(name)))))
                .to_vec(),
            table: Some(Ok(Table {
                status: "ACTIVE".to_owned(),
                keys: vec!["pk:S:HASH".to_owned()],
                indices: [("outbox".to_owned(), index)].into(),
                on_demand: true,
                ttl: Ok(Some("ttl".to_owned())),
                recovery: Ok(true),
            })),
            ring: Some(Ok(Ring {
                is_valid: true,
                days: 30,
                rotating: false,
            })),
            rights: vec![(
                "sign-in",
                Ok(vec![decision("a:Do", true), decision("a:Not", false)]),
            )],
            alarms: Ok(vec![Alarm {
                name: "acme-faults".to_owned(),
                state: "OK".to_owned(),
                acts: true,
            }]),
            pool_rates: Ok(None),
            apis: Ok(vec![Api {
                name: "acme".to_owned(),
                fields: resolvers.collect(),
            }]),
            http_apis: Ok(vec![HttpApi {
                id: "abc".to_owned(),
                routes: routes.collect(),
            }]),
            concurrency: Ok(1000),
            quotas: Ok(vec![(
                "Rate of UserAuthentication requests".to_owned(),
                120.0,
            )]),
            mails_per_second: Ok(200.0),
            events: Some(Events {
                bus: Ok(true),
                rules: Ok(vec!["ENABLED".to_owned()]),
                overdue: Ok(0),
            }),
            suppressed: Ok(BTreeMap::new()),
            sender: Some(Sender {
                domain: "example.com".to_owned(),
                dmarc: Ok(Some("reject".to_owned())),
                mail_from: Ok(Some((
                    "bounce.example.com".to_owned(),
                    "SUCCESS".to_owned(),
                ))),
                spf: Some(Ok(true)),
            }),
            sms: Some(Sms {
                countries: vec!["DE".to_owned(), "US".to_owned()],
                named: false,
                own: Ok(vec!["US".to_owned()]),
            }),
            now: 1_800_000_000,
        }
    }

    fn set(deployment: &mut Deployment, at: usize, name: &str, value: &str) {
        let (_, read) = &mut deployment.functions[at];
        let function = read
            .as_mut()
            .expect("it is read")
            .as_mut()
            .expect("it is there");
        let variables = function.variables.as_mut().expect("they are read");
        variables.insert(name.to_owned(), value.to_owned());
    }

    fn bend(deployment: &mut Deployment, change: impl FnOnce(&mut Function)) {
        change(
            deployment.functions[0]
                .1
                .as_mut()
                .expect("read")
                .as_mut()
                .expect("there"),
        );
    }

    fn table_of(deployment: &mut Deployment) -> &mut Table {
        let table = deployment.table.as_mut().expect("a table");
        table.as_mut().expect("it is read")
    }

    fn ring_of(deployment: &mut Deployment) -> &mut Ring {
        deployment
            .ring
            .as_mut()
            .expect("a ring")
            .as_mut()
            .expect("it is read")
    }

    fn sender_of(deployment: &mut Deployment) -> &mut Sender {
        deployment.sender.as_mut().expect("a sender")
    }

    fn events_of(deployment: &mut Deployment) -> &mut Events {
        deployment.events.as_mut().expect("events")
    }

    fn denied<T>() -> Read<T> {
        Err(Unread {
            action: "service:Action",
            code: "AccessDeniedException".into(),
        })
    }

    #[test]
    fn a_correct_deployment_is_in_order() {
        for expected in [None, Some(50.0)] {
            let findings = judge(&good(), expected);
            assert!(findings.len() > 20);
            for finding in findings {
                assert_eq!(finding.state, State::Ok, "{finding:?}");
            }
        }
    }

    #[test]
    fn the_fields_of_the_schema_are_those_of_the_construct() {
        let construct = include_str!("../../../../infra/lib/graphql-api.ts");
        let named = construct
            .split("export const FIELDS")
            .nth(1)
            .expect("the fields");
        let named = named.split("};").next().expect("their end");
        let mut of_construct: Vec<&str> = named
            .lines()
            .filter_map(|line| line.trim().strip_prefix('\'')?.split('\'').next())
            .collect();
        let mut of_schema = fields();
        of_construct.sort_unstable();
        of_schema.sort_unstable();
        assert_eq!(of_schema, of_construct);
    }

    #[test]
    fn the_routes_are_those_of_the_construct() {
        let construct = include_str!("../../../../infra/lib/http-api.ts");
        let named = construct.split("export const ROUTES").nth(1);
        let named = named.expect("the routes").split("};").next();
        let named = named.expect("their end").lines();
        let mut of_construct: Vec<&str> = named
            .filter_map(|line| line.trim().strip_prefix('\'')?.split('\'').next())
            .collect();
        of_construct.sort_unstable();
        assert_eq!(ROUTES[..], of_construct);
    }

    type Bend = fn(&mut Deployment);

    #[test]
    #[expect(clippy::too_many_lines, reason = "one table")]
    fn each_fault_is_reported_by_its_check() {
        use State::{Fails, Leaks, Note, Unknown};
        let cases: [(&str, State, Bend); 39] = [
            ("functions.agree", Fails, |d| {
                set(d, 1, "TABLE_NAME", "another");
            }),
            ("functions.agree", Fails, |d| {
                set(d, 3, "KEY_RING_SECRET", "another");
            }),
            ("functions.agree", Fails, |d| d.pool = "another".to_owned()),
            ("functions.agree", Fails, |d| d.functions[2].1 = Ok(None)),
            ("functions.agree", Unknown, |d| {
                bend(d, |f| f.variables = None);
            }),
            ("functions.version", Fails, |d| {
                bend(d, |f| f.architecture = "x86_64".to_owned());
            }),
            ("functions.version", Fails, |d| {
                bend(d, |f| f.version = "$LATEST".to_owned());
            }),
            ("functions.version", Note, |d| {
                bend(d, |f| {
                    f.modified = "2026-11-29T10:00:00.000+0000".to_owned();
                });
            }),
            ("table.schema", Fails, |d| {
                table_of(d).keys.push("sk:S:RANGE".to_owned());
            }),
            ("table.schema", Fails, |d| {
                table_of(d).status = "ARCHIVED".to_owned();
            }),
            ("table.schema", Fails, |d| table_of(d).indices.clear()),
            ("table.schema", Note, |d| table_of(d).on_demand = false),
            ("table.ttl", Fails, |d| table_of(d).ttl = Ok(None)),
            ("table.ttl", Fails, |d| {
                table_of(d).ttl = Ok(Some("expires".to_owned()));
            }),
            ("table.backup", Note, |d| table_of(d).recovery = Ok(false)),
            ("keys.ring", Fails, |d| ring_of(d).is_valid = false),
            ("keys.age", Note, |d| ring_of(d).days = 366),
            ("keys.age", Note, |d| ring_of(d).rotating = true),
            ("api.resolvers", Fails, |d| {
                let api = &mut d.apis.as_mut().expect("read")[0];
                api.fields.remove("Mutation.signIn");
            }),
            ("api.resolvers", Fails, |d| {
                let api = &mut d.apis.as_mut().expect("read")[0];
                let other = "arn:aws:lambda:eu-west-1:1:function:other-sign-in".to_owned();
                api.fields.insert("Mutation.signIn".to_owned(), Some(other));
            }),
            ("api.routes", Fails, |d| {
                let api = &mut d.http_apis.as_mut().expect("read")[0];
                api.routes.remove("POST /v1/sign-in");
            }),
            ("iam.needed", Fails, |d| {
                d.rights[0].1.as_mut().expect("read")[0].allowed = false;
            }),
            ("iam.excess", Leaks, |d| {
                d.rights[0].1.as_mut().expect("read")[1].allowed = true;
            }),
            ("alarms.actions", Fails, |d| d.alarms = Ok(Vec::new())),
            ("alarms.actions", Fails, |d| {
                d.alarms.as_mut().expect("read")[0].acts = false;
            }),
            ("alarms.state", Note, |d| {
                d.alarms.as_mut().expect("read")[0].state = "ALARM".to_owned();
            }),
            ("waf.pool", Fails, |d| {
                d.pool_rates = Ok(Some(vec![1_000, 300_000]));
            }),
            ("lambda.concurrency", Fails, |d| d.concurrency = Ok(10)),
            ("lambda.concurrency", Fails, |d| {
                bend(d, |f| f.reserved = Some(0));
            }),
            ("quota.cognito", Fails, |d| {
                d.quotas.as_mut().expect("read")[0].1 = 49.0;
            }),
            ("quota.mail", Fails, |d| d.mails_per_second = Ok(14.0)),
            ("events.bus", Fails, |d| events_of(d).bus = Ok(false)),
            ("events.schedule", Fails, |d| {
                events_of(d).rules = Ok(vec!["DISABLED".to_owned()]);
            }),
            ("events.overdue", Fails, |d| events_of(d).overdue = Ok(3)),
            ("email.suppressed", Note, |d| {
                d.suppressed = Ok([("BOUNCE".to_owned(), 2)].into());
            }),
            ("email.dmarc", Fails, |d| sender_of(d).dmarc = Ok(None)),
            ("email.dmarc", Note, |d| {
                sender_of(d).dmarc = Ok(Some("none".to_owned()));
            }),
            ("email.spf", Fails, |d| sender_of(d).spf = Some(Ok(false))),
            ("sms.senders", Fails, |d| {
                d.sms.as_mut().expect("SMS").own = Ok(Vec::new());
            }),
        ];
        for (number, (check, expected, bend)) in cases.into_iter().enumerate() {
            let mut deployment = good();
            bend(&mut deployment);
            let findings = judge(&deployment, Some(50.0));
            assert_eq!(state(&findings, check), expected, "{number}: {findings:#?}");
            let others = findings
                .iter()
                .filter(|it| it.check != check && it.state != State::Ok);
            assert_eq!(others.count(), 0, "{number}: {check} alone: {findings:#?}");
        }
    }

    #[test]
    fn an_unread_part_of_a_deployment_is_never_ok() {
        let cases: [(&str, Bend); 18] = [
            ("functions.agree", |d| d.functions[0].1 = denied()),
            ("table.schema", |d| d.table = Some(denied())),
            ("table.ttl", |d| table_of(d).ttl = denied()),
            ("table.backup", |d| table_of(d).recovery = denied()),
            ("keys.ring", |d| d.ring = Some(denied())),
            ("api.resolvers", |d| d.apis = denied()),
            ("api.routes", |d| d.http_apis = denied()),
            ("iam.needed", |d| d.rights[0].1 = denied()),
            ("alarms.actions", |d| d.alarms = denied()),
            ("waf.pool", |d| d.pool_rates = denied()),
            ("lambda.concurrency", |d| d.concurrency = denied()),
            ("quota.cognito", |d| d.quotas = denied()),
            ("quota.mail", |d| d.mails_per_second = denied()),
            ("events.bus", |d| events_of(d).bus = denied()),
            ("events.schedule", |d| events_of(d).rules = denied()),
            ("events.overdue", |d| events_of(d).overdue = denied()),
            ("email.suppressed", |d| d.suppressed = denied()),
            ("sms.senders", |d| {
                d.sms.as_mut().expect("SMS").own = denied();
            }),
        ];
        for (check, bend) in cases {
            let mut deployment = good();
            bend(&mut deployment);
            let findings = judge(&deployment, Some(50.0));
            assert_eq!(state(&findings, check), State::Unknown, "{check}");
        }
    }

    #[test]
    fn a_limit_is_noted_where_no_load_is_expected() {
        let mut deployment = good();
        deployment.concurrency = Ok(10);
        deployment.pool_rates = Ok(Some(vec![1_000]));
        let findings = judge(&deployment, None);
        assert_eq!(state(&findings, "lambda.concurrency"), State::Note);
        assert_eq!(state(&findings, "waf.pool"), State::Note);
        set(&mut deployment, 3, "COGNITO_CALLS", "signed");
        assert_eq!(state(&judge(&deployment, None), "waf.pool"), State::Ok);
    }

    #[test]
    fn each_check_of_a_deployment_has_its_reason() {
        let page = include_str!("../../../../docs/doctor.md");
        for finding in judge(&good(), Some(50.0)) {
            let name = format!("`{}`", finding.check);
            assert!(page.contains(&name), "docs/doctor.md has no {name}");
            let why = crate::doctor::deployment::why(finding.check);
            assert!(
                !why.is_empty() && why != "See docs/doctor.md.",
                "{}",
                finding.check
            );
        }
    }

    #[test]
    fn a_source_that_is_not_set_is_noted() {
        let mut deployment = good();
        set(&mut deployment, 3, "SOURCE", "off");
        assert_eq!(state(&judge(&deployment, None), "source"), State::Note);
        set(&mut deployment, 3, "SOURCE", "");
        assert_eq!(state(&judge(&deployment, None), "source"), State::Note);
        set(&mut deployment, 3, "DOORS", "http");
        assert_eq!(state(&judge(&deployment, None), "source"), State::Ok);
    }
}
