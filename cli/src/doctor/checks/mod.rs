//! The checks: from what was read to findings, and nothing else.

mod accounts;
mod api;
mod client;
mod messages;
mod odds;
mod phones;
mod policy;
mod pool;
mod session;
mod triggers;

pub use accounts::accounts;

use crate::doctor::facts::{Facts, Trigger, Unread, Variables};
use crate::doctor::{Finding, Fix};

/// Every finding, in the report's order.
pub fn judge(facts: &Facts, client: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    match &facts.pool {
        Ok(pool) => findings.extend(pool::judge(pool, &pool::Uses::of(facts))),
        Err(unread) => findings.push(unreadable("pool", "the user pool", unread)),
    }
    let names_are_aliases = facts
        .pool
        .as_ref()
        .map_or(true, |pool| pool.has_alias(client::PREFERRED_USERNAME));
    match &facts.client {
        Ok(client) => findings.extend(client::served(
            client,
            names_are_aliases,
            code_seconds(facts),
            facts.client_secret(),
        )),
        Err(unread) => findings.push(unreadable("client", "the app client", unread)),
    }
    match &facts.siblings {
        Ok(siblings) if siblings.is_empty() => {
            findings.push(Finding::ok("clients", "the pool has no other app client"));
        }
        Ok(siblings) => {
            let served = served(facts);
            for sibling in siblings {
                match sibling {
                    Ok(sibling) => {
                        findings.extend(client::sibling(sibling, names_are_aliases, &served));
                    }
                    Err(unread) => {
                        findings.push(unreadable("clients", "another app client", unread));
                    }
                }
            }
        }
        Err(unread) => findings.push(unreadable("clients", "the pool's app clients", unread)),
    }
    if let Ok(pool) = &facts.pool {
        for trigger in Trigger::ALL {
            let function = facts.functions.iter().find(|(of, _)| *of == trigger);
            findings.extend(triggers::judge(
                pool,
                client,
                trigger,
                function.map(|(_, function)| function),
            ));
        }
    }
    findings.extend(session::judge(facts));
    findings.extend(api::judge(&facts.apis));
    findings.extend(odds::judge(variables(facts, Trigger::Create)));
    findings.extend(messages::email(
        &facts.email,
        variables(facts, Trigger::Create).and_then(|variables| variables.mail),
    ));
    findings.extend(messages::sms(
        &facts.sms,
        variables(facts, Trigger::Create).and_then(|variables| variables.monthly_sms),
    ));
    findings.extend(phones::judge(
        &facts.sms,
        facts.metadata_days,
        variables(facts, Trigger::Create),
    ));
    findings
}

pub(super) fn unreadable(check: &'static str, what: &str, unread: &Unread) -> Finding {
    let says = format!("could not read {what}: {unread}");
    let finding = if unread.is_missing() {
        Finding::fails(check, says)
    } else {
        Finding::unknown(check, says)
    };
    match unread.code.kind().advice() {
        Some(advice) => finding.with_fix(Fix::Words(advice)),
        None => finding,
    }
}

fn variables(facts: &Facts, wanted: Trigger) -> Option<&Variables> {
    let (_, function) = facts.functions.iter().find(|(of, _)| *of == wanted)?;
    function.as_ref().ok()?.variables.as_ref()
}

/// Returns the lifetime of a code in seconds from Create's variables; none if it is unknown.
fn code_seconds(facts: &Facts) -> Option<i32> {
    match &variables(facts, Trigger::Create)?.code_seconds {
        Some(text) => text.trim().parse().ok(),
        None => Some(300),
    }
}

/// The clients that the triggers serve.
fn served(facts: &Facts) -> Vec<String> {
    variables(facts, Trigger::Define).map_or_else(Vec::new, |variables| variables.clients.clone())
}

/// An account, a pool and a client as they should be, for the tests of all checks.
#[cfg(test)]
pub(crate) mod good {
    use crate::doctor::facts::*;

    pub(crate) const POOL: &str = "eu-west-1_Good00000";
    pub(crate) const CLIENT: &str = "goodclient";
    pub(crate) const ARN: &str =
        "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_Good00000";

    pub(crate) fn pool() -> Pool {
        Pool {
            id: POOL.to_owned(),
            arn: ARN.to_owned(),
            alias_attributes: vec!["email".to_owned(), "phone_number".to_owned()],
            username_attributes: Vec::new(),
            case_sensitive: false,
            admin_create_only: true,
            recovery: vec!["admin_only".to_owned()],
            mfa: "OFF".to_owned(),
            password_length: 32,
            deletion_protection: true,
            threat_protection: None,
            required: vec!["sub".to_owned()],
            triggers: Trigger::ALL.map(|trigger| (trigger, arn(trigger))).to_vec(),
            sends_sms: false,
            other_triggers: Vec::new(),
        }
    }

    pub(crate) fn client() -> Client {
        Client {
            id: CLIENT.to_owned(),
            flows: vec![
                "ALLOW_CUSTOM_AUTH".to_owned(),
                "ALLOW_REFRESH_TOKEN_AUTH".to_owned(),
            ],
            hides_missing_users: true,
            oauth: false,
            secret: false,
            writable: vec!["given_name".to_owned()],
            session_minutes: 15,
            revocation: true,
            rotation: false,
            grace_seconds: 0,
            refresh_minutes: 43_200,
        }
    }

    fn arn(trigger: Trigger) -> String {
        format!(
            "arn:aws:lambda:eu-west-1:123456789012:function:{}",
            trigger.name()
        )
    }

    pub(crate) fn function(trigger: Trigger) -> Function {
        Function {
            arn: arn(trigger),
            runtime: Some("provided.al2023".to_owned()),
            state: Some("Active".to_owned()),
            timeout: 15,
            variables: Some(Variables {
                pool: Some(POOL.to_owned()),
                clients: vec![CLIENT.to_owned()],
                store: Some("dynamodb".to_owned()),
                key_ring_secret: true,
                email: true,
                email_from: Some("Good <codes@example.com>".to_owned()),
                sms: true,
                guesses: Some(Guesses {
                    targeted: 0.0009,
                    max_targeted: 0.001,
                    sprayed: 0.08,
                    max_sprayed: 0.1,
                    accounts: 10_000,
                }),
                mail: Some(MailLimits {
                    codes_per_day: 100_000,
                    unproved_per_hour: 1_000,
                }),
                monthly_sms: Some(400.0),
                ..Variables::default()
            }),
            policy: Ok(Some(format!(
                r#"{{"Statement": [{{"Effect": "Allow",
                    "Principal": {{"Service": "cognito-idp.amazonaws.com"}},
                    "Action": "lambda:InvokeFunction",
                    "Condition": {{"ArnLike": {{"AWS:SourceArn": "{ARN}"}}}}}}]}}"#
            ))),
        }
    }

    pub(crate) fn resolver_variables() -> ResolverVariables {
        ResolverVariables {
            session_mode: false,
            http_only: false,
            client_secret: false,
            session_minutes: Some(43_200),
        }
    }

    pub(crate) fn facts() -> Facts {
        Facts {
            pool: Ok(pool()),
            client: Ok(client()),
            siblings: Ok(Vec::new()),
            functions: Trigger::ALL
                .map(|trigger| (trigger, Ok(function(trigger))))
                .to_vec(),
            resolvers: Resolver::ALL
                .map(|resolver| (resolver, Ok(Some(resolver_variables()))))
                .to_vec(),
            session_mode: None,
            apis: Ok(vec![GraphqlApi {
                name: "good-latchstring".to_owned(),
                keys: Ok(vec![300]),
            }]),
            email: Email {
                used: Used::Yes,
                quota: Ok(Quota {
                    daily: 100_000.0,
                    per_second: 14.0,
                }),
                sending: Ok(true),
                verified: Some(Ok(true)),
                dkim: Some(Ok(true)),
                configuration_set: Some(Ok(ConfigurationSet::Found { tracks: false })),
                suppresses_complaints: Ok(false),
            },
            sms: Sms {
                used: Used::Yes,
                sandbox: Ok(false),
                spend_limit: Ok(Some("400".to_owned())),
            },
            metadata_days: 10,
        }
    }

    /// The check's state in findings.
    pub(crate) fn state(findings: &[crate::doctor::Finding], check: &str) -> crate::doctor::State {
        let of_check: Vec<_> = findings.iter().filter(|f| f.check == check).collect();
        assert_eq!(of_check.len(), 1, "{check}: {findings:#?}");
        of_check[0].state
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;
    use crate::doctor::facts::GraphqlApi;
    use crate::error_code::ErrorKind;

    #[test]
    fn a_correct_deployment_has_no_findings() {
        let findings = judge(&good::facts(), good::CLIENT);
        assert!(findings.len() > 20);
        for finding in findings {
            assert_eq!(finding.state, State::Ok, "{finding:?}");
        }
    }

    #[test]
    fn an_unread_fact_is_never_ok() {
        fn denied<T>() -> Result<T, Unread> {
            Err(Unread {
                action: "cognito-idp:DescribeUserPool",
                code: "AccessDeniedException".into(),
            })
        }
        type Break = fn(&mut Facts);
        let cases: [(&str, Break); 15] = [
            ("pool", |f| f.pool = denied()),
            ("client", |f| f.client = denied()),
            ("clients", |f| f.siblings = denied()),
            ("clients", |f| f.siblings = Ok(vec![denied()])),
            ("trigger.define", |f| f.functions[0].1 = denied()),
            ("api.keys", |f| f.apis = denied()),
            ("api.keys", |f| {
                f.apis = Ok(vec![GraphqlApi {
                    name: "good-latchstring".to_owned(),
                    keys: denied(),
                }]);
            }),
            ("email.sandbox", |f| f.email.quota = denied()),
            ("email.sending", |f| f.email.sending = denied()),
            ("email.sender", |f| f.email.verified = Some(denied())),
            ("email.dkim", |f| f.email.dkim = Some(denied())),
            ("email.configuration-set", |f| {
                f.email.configuration_set = Some(denied());
            }),
            ("email.suppression", |f| {
                f.email.suppresses_complaints = denied();
            }),
            ("sms.sandbox", |f| f.sms.sandbox = denied()),
            ("sms.spend-limit", |f| f.sms.spend_limit = denied()),
        ];
        for (check, change) in cases {
            let mut facts = good::facts();
            change(&mut facts);
            let findings = judge(&facts, good::CLIENT);
            let found = findings.iter().find(|finding| finding.check == check);
            let found = found.expect("the check has a finding");
            assert_eq!(found.state, State::Unknown, "{check}");
            assert_eq!(
                found.fix,
                ErrorKind::Denied.advice().map(Fix::Words),
                "{check}"
            );
            assert!(
                found.says.contains("cognito-idp:DescribeUserPool"),
                "{check}"
            );
        }
    }

    #[test]
    fn a_preferred_username_as_alias_is_reported_for_each_client() {
        let mut facts = good::facts();
        let mut client = good::client();
        client.writable.push("preferred_username".to_owned());
        facts.siblings = Ok(vec![Ok(client.clone())]);
        facts.client = Ok(client);
        let states = |facts: &Facts| {
            let findings = judge(facts, good::CLIENT);
            ["client.writable", "clients.writable"].map(|check| good::state(&findings, check))
        };
        assert_eq!(states(&facts), [State::Ok; 2]);
        let pool = facts.pool.as_mut().expect("a pool");
        pool.alias_attributes.push("preferred_username".to_owned());
        assert_eq!(states(&facts), [State::Leaks; 2]);
        facts.pool = Err(Unread {
            action: "cognito-idp:DescribeUserPool",
            code: "AccessDeniedException".into(),
        });
        assert_eq!(states(&facts), [State::Leaks; 2]);
    }

    #[test]
    fn a_missing_resource_fails() {
        let mut facts = good::facts();
        facts.pool = Err(Unread {
            action: "cognito-idp:DescribeUserPool",
            code: "ResourceNotFoundException".into(),
        });
        let findings = judge(&facts, good::CLIENT);
        assert_eq!(good::state(&findings, "pool"), State::Fails);
    }
}
