//! The three triggers. Sources: Lambda's API reference (`GetFunctionConfiguration`, `GetPolicy`), and in
//! Cognito's developer guide "Customizing user pool workflows with Lambda triggers": five seconds, then
//! another invocation.

use super::policy::{Verdict, verdict};
use super::unreadable;
use crate::doctor::facts::{Function, Pool, Read, Trigger, Variables};
use crate::doctor::{Finding, Fix};

/// Cognito's own limit; less would end a function that Cognito still waits for.
const TIMEOUT: i32 = 5;
/// Create, which sends codes, and Define, which sends notices, answer first and deliver after.
const SENDER_TIMEOUT: i32 = 15;

struct Names {
    trigger: &'static str,
    policy: &'static str,
    timeout: &'static str,
    variables: &'static str,
}

const fn names(trigger: Trigger) -> Names {
    match trigger {
        Trigger::Define => Names {
            trigger: "trigger.define",
            policy: "trigger.define.permission",
            timeout: "trigger.define.timeout",
            variables: "trigger.define.variables",
        },
        Trigger::Create => Names {
            trigger: "trigger.create",
            policy: "trigger.create.permission",
            timeout: "trigger.create.timeout",
            variables: "trigger.create.variables",
        },
        Trigger::Verify => Names {
            trigger: "trigger.verify",
            policy: "trigger.verify.permission",
            timeout: "trigger.verify.timeout",
            variables: "trigger.verify.variables",
        },
    }
}

const DEPLOY: Fix = Fix::Words("Deploy the functions again (infra/).");

pub(super) fn judge(
    pool: &Pool,
    client: &str,
    trigger: Trigger,
    function: Option<&Read<Function>>,
) -> Vec<Finding> {
    let names = names(trigger);
    let name = trigger.name();
    let function = match function {
        None => {
            let fix = Fix::Command(format!(
                "latchstring attach --user-pool {} --client {client} --stack STACK  # changes nothing without --apply",
                pool.id
            ));
            let says = format!("the pool has no {name} trigger: no user can sign in");
            return vec![Finding::fails(names.trigger, says).with_fix(fix)];
        }
        Some(Err(unread)) => {
            let finding = unreadable(names.trigger, &format!("the function of {name}"), unread);
            return vec![if unread.is_missing() {
                finding.with_fix(DEPLOY)
            } else {
                finding
            }];
        }
        Some(Ok(function)) => function,
    };
    let mut findings = vec![
        ours(function, names.trigger, name),
        permission(pool, function, names.policy, name),
        timeout(function, trigger, names.timeout),
    ];
    match &function.variables {
        Some(variables) => {
            let mut wrong = settings(pool, client, trigger, variables, names.variables);
            if wrong.is_empty() {
                wrong.push(Finding::ok(
                    names.variables,
                    format!("{name} serves this pool and client"),
                ));
            }
            findings.extend(wrong);
        }
        None => findings.push(Finding::unknown(
            names.variables,
            format!(
                "could not read the variables of {name}: they are encrypted (needs kms:Decrypt)"
            ),
        )),
    }
    findings
}

fn ours(function: &Function, check: &'static str, name: &str) -> Finding {
    if let Some(state) = &function.state
        && state != "Active"
    {
        // An idle function is inactive until it is invoked, which takes longer than Cognito waits.
        return Finding::fails(check, format!("the function of {name} is {state}"))
            .with_fix(DEPLOY);
    }
    match &function.runtime {
        Some(runtime) if !runtime.starts_with("provided.") => Finding::fails(
            check,
            format!("the function of {name} runs {runtime}: it is another program"),
        )
        .with_fix(DEPLOY),
        _ => Finding::ok(check, format!("{name} has its function")),
    }
}

fn permission(pool: &Pool, function: &Function, check: &'static str, name: &str) -> Finding {
    let add = || {
        Fix::Command(format!(
            "aws lambda add-permission --function-name {} --statement-id cognito-{} \
             --action lambda:InvokeFunction --principal cognito-idp.amazonaws.com --source-arn {}",
            function.arn, pool.id, pool.arn
        ))
    };
    let policy = match &function.policy {
        Ok(policy) => policy.as_deref(),
        Err(unread) => return unreadable(check, &format!("who may invoke {name}"), unread),
    };
    match policy.map_or(Verdict::Refuses, |policy| verdict(policy, &pool.arn)) {
        Verdict::Permits => Finding::ok(check, format!("this pool may invoke {name}")),
        Verdict::PermitsOthers => Finding::leaks(
            check,
            format!("others than this pool may invoke {name}: a statement of its policy names another principal, or not this pool's ARN alone as the source"),
        )
        .with_fix(Fix::Command(format!(
            "aws lambda get-policy --function-name {}  # then remove-permission by its Sid; for Cognito, add-permission with --source-arn {}",
            function.arn, pool.arn
        ))),
        Verdict::Refuses => Finding::fails(
            check,
            format!("this pool may not invoke {name}: no user can sign in"),
        )
        .with_fix(add()),
        Verdict::Unclear => Finding::unknown(
            check,
            format!("the permission of {name} has conditions that are not understood here"),
        )
        .with_fix(Fix::Command(format!(
            "aws lambda get-policy --function-name {}",
            function.arn
        ))),
    }
}

fn timeout(function: &Function, trigger: Trigger, check: &'static str) -> Finding {
    let name = trigger.name();
    let least = match trigger {
        Trigger::Define | Trigger::Create => SENDER_TIMEOUT,
        Trigger::Verify => TIMEOUT,
    };
    let has = function.timeout;
    if has >= least {
        return Finding::ok(check, format!("{name} has {has} s"));
    }
    let why = match trigger {
        Trigger::Define | Trigger::Create => "delivery comes after its answer",
        Trigger::Verify => "Cognito would wait longer",
    };
    Finding::fails(
        check,
        format!("{name} has {has} s and needs {least}: {why}"),
    )
    .with_fix(Fix::Command(format!(
        "aws lambda update-function-configuration --function-name {} --timeout {least}",
        function.arn
    )))
}

/// Returns the faults of the variables, without their values.
fn settings(
    pool: &Pool,
    client: &str,
    trigger: Trigger,
    variables: &Variables,
    check: &'static str,
) -> Vec<Finding> {
    const SET: Fix = Fix::Words(
        "Set it where the functions are deployed (infra/). By hand, update-function-configuration \
         replaces every variable: read them, change one, write all.",
    );
    let name = trigger.name();
    let fails = |says: &str| Finding::fails(check, format!("{name}: {says}")).with_fix(SET);
    let leaks = |says: &str| Finding::leaks(check, format!("{name}: {says}")).with_fix(SET);
    let mut wrong = Vec::new();
    // Only Define asks the pool; the others receive its id with every event.
    match &variables.pool {
        Some(id) if *id != pool.id => wrong.push(fails("USER_POOL_ID is another pool")),
        None if trigger == Trigger::Define => wrong.push(fails("USER_POOL_ID is not set")),
        _ => {}
    }
    if !variables.clients.iter().any(|id| id == client) {
        wrong.push(fails(
            "CLIENT_IDS does not hold this client: its sessions are refused",
        ));
    }
    if variables.store.as_deref() == Some("memory") {
        wrong.push(fails(
            "STORE is memory, which the three triggers do not share",
        ));
    }
    match (variables.key_ring, variables.key_ring_secret) {
        (false, true) => {}
        (true, false) => wrong.push(leaks(
            "KEY_RING holds the keys where everyone reads them who may read the function: use KEY_RING_SECRET",
        )),
        (true, true) => wrong.push(fails("KEY_RING and KEY_RING_SECRET are both set")),
        (false, false) => wrong.push(fails("neither KEY_RING nor KEY_RING_SECRET is set")),
    }
    if variables.legacy_pool {
        wrong.push(leaks("LEGACY_POOL makes accounts before they are proved"));
    }
    if trigger == Trigger::Create && variables.delivery.as_deref() == Some("inline") {
        wrong.push(leaks(
            "DELIVERY is inline: how long a sign-in takes shows whether something was sent",
        ));
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;
    use crate::doctor::checks::good;
    use crate::doctor::facts::Unread;

    fn of(function: Option<&Read<Function>>, trigger: Trigger) -> Vec<Finding> {
        judge(&good::pool(), good::CLIENT, trigger, function)
    }

    #[test]
    fn each_check_of_a_trigger_separates_safe_from_unsafe() {
        type Break = fn(&mut Function, &mut Variables);
        let cases: [(&str, State, Break); 15] = [
            ("trigger.create", State::Fails, |f, _| {
                f.runtime = Some("nodejs22.x".to_owned());
            }),
            ("trigger.create", State::Fails, |f, _| {
                f.state = Some("Failed".to_owned());
            }),
            ("trigger.create", State::Ok, |f, _| f.runtime = None),
            ("trigger.create.permission", State::Fails, |f, _| {
                f.policy = Ok(None);
            }),
            ("trigger.create.permission", State::Unknown, |f, _| {
                f.policy = Ok(Some("?".to_owned()));
            }),
            ("trigger.create.permission", State::Unknown, |f, _| {
                f.policy = Err(Unread {
                    action: "lambda:GetPolicy",
                    code: "AccessDeniedException".into(),
                });
            }),
            ("trigger.create.timeout", State::Fails, |f, _| {
                f.timeout = 14;
            }),
            ("trigger.create.variables", State::Fails, |_, v| {
                v.clients = vec!["another".to_owned()];
            }),
            ("trigger.create.variables", State::Fails, |_, v| {
                v.store = Some("memory".to_owned());
            }),
            ("trigger.create.variables", State::Fails, |_, v| {
                v.key_ring = true;
            }),
            ("trigger.create.variables", State::Fails, |_, v| {
                v.key_ring_secret = false;
            }),
            ("trigger.create.variables", State::Leaks, |_, v| {
                v.key_ring = true;
                v.key_ring_secret = false;
            }),
            ("trigger.create.variables", State::Leaks, |_, v| {
                v.legacy_pool = true;
            }),
            ("trigger.create.variables", State::Leaks, |_, v| {
                v.delivery = Some("inline".to_owned());
            }),
            ("trigger.create.variables", State::Ok, |_, v| {
                v.delivery = Some("extension".to_owned());
            }),
        ];
        for (check, expected, change) in cases {
            let mut function = good::function(Trigger::Create);
            let mut variables = function.variables.take().expect("they are readable");
            change(&mut function, &mut variables);
            function.variables = Some(variables);
            let findings = of(Some(&Ok(function)), Trigger::Create);
            assert_eq!(good::state(&findings, check), expected, "{check}");
        }
    }

    #[test]
    fn variables_that_cannot_be_decrypted_are_unknown() {
        let mut function = good::function(Trigger::Define);
        function.variables = None;
        let findings = of(Some(&Ok(function)), Trigger::Define);
        assert_eq!(
            good::state(&findings, "trigger.define.variables"),
            State::Unknown
        );
    }

    #[test]
    fn define_needs_its_pool_and_the_others_no_other_one() {
        let of = |trigger, id: Option<&str>| {
            let mut function = good::function(trigger);
            let variables = function.variables.as_mut().expect("they are readable");
            variables.pool = id.map(str::to_owned);
            let findings = of(Some(&Ok(function)), trigger);
            good::state(&findings, names(trigger).variables)
        };
        assert_eq!(of(Trigger::Define, None), State::Fails);
        assert_eq!(of(Trigger::Define, Some("another")), State::Fails);
        assert_eq!(of(Trigger::Verify, None), State::Ok);
        assert_eq!(of(Trigger::Verify, Some("another")), State::Fails);
    }

    #[test]
    fn verify_needs_only_what_cognito_waits() {
        for (timeout, expected) in [(4, State::Fails), (5, State::Ok)] {
            let mut function = good::function(Trigger::Verify);
            function.timeout = timeout;
            let findings = of(Some(&Ok(function)), Trigger::Verify);
            assert_eq!(good::state(&findings, "trigger.verify.timeout"), expected);
        }
    }

    #[test]
    fn a_missing_trigger_or_function_fails() {
        let findings = of(None, Trigger::Define);
        assert_eq!(good::state(&findings, "trigger.define"), State::Fails);
        let gone = Err(Unread {
            action: "lambda:GetFunctionConfiguration",
            code: "ResourceNotFoundException".into(),
        });
        let findings = of(Some(&gone), Trigger::Define);
        assert_eq!(good::state(&findings, "trigger.define"), State::Fails);
    }
}
