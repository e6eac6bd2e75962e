//! Checks a function's resource policy for Cognito's permission. Source: Lambda's developer guide, "Using
//! resource-based IAM policies", and IAM's reference of policy elements.

use serde_json::Value;

const COGNITO: &str = "cognito-idp.amazonaws.com";

/// The permission that a policy gives to one pool.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The pool may invoke the function, and others may not.
    Permits,
    /// The pool may, and so may others.
    PermitsOthers,
    /// The pool may not.
    Refuses,
    /// It says something that is not understood here.
    Unclear,
}

pub(super) fn verdict(policy: &str, pool_arn: &str) -> Verdict {
    let Ok(policy) = serde_json::from_str::<Value>(policy) else {
        return Verdict::Unclear;
    };
    let mut permits = false;
    let mut others = false;
    let mut unclear = false;
    for statement in list(&policy["Statement"]) {
        let principal = &statement["Principal"];
        let anyone = principal == "*" || strings(&principal["AWS"]).contains(&"*");
        let cognito = anyone || strings(&principal["Service"]).contains(&COGNITO);
        let invokes = strings(&statement["Action"]).iter().any(|action| {
            ["lambda:invokefunction", "lambda:*", "*"].contains(&action.to_lowercase().as_str())
        });
        let invokes = invokes || statement["Action"].is_null();
        if statement["Effect"] != "Allow" || principal.is_null() {
            // Few people write a Deny or a NotPrincipal here; what they mean depends on the whole
            // policy.
            unclear = true;
        } else if !cognito {
            // Who invokes Create without Cognito skips Verify, which redeems tickets.
            others |= invokes;
        } else if invokes {
            match scope(statement, pool_arn) {
                Scope::This => permits = true,
                Scope::All => {
                    permits = true;
                    others = true;
                }
                Scope::Another => {}
                Scope::Unclear => unclear = true,
            }
        }
    }
    match (permits, others, unclear) {
        (_, _, true) => Verdict::Unclear,
        (true, true, _) => Verdict::PermitsOthers,
        (true, false, _) => Verdict::Permits,
        (false, ..) => Verdict::Refuses,
    }
}

enum Scope {
    This,
    All,
    Another,
    Unclear,
}

/// Returns the pools that a statement's conditions leave. A pattern or an account leaves other pools
/// of the account too; only the ARN itself is this pool alone.
fn scope(statement: &Value, pool_arn: &str) -> Scope {
    let account = pool_arn.split(':').nth(4).unwrap_or_default();
    let Some(operators) = statement["Condition"].as_object() else {
        return Scope::All;
    };
    let mut holds = true;
    let mut bound = false;
    for (operator, keys) in operators {
        for (key, value) in keys.as_object().into_iter().flatten() {
            let wanted = strings(value);
            let wild = ["ArnLike", "ArnEquals", "StringLike"].contains(&operator.as_str());
            let plain = operator == "StringEquals";
            match key.to_lowercase().as_str() {
                "aws:sourcearn" if wild => {
                    holds &= wanted.iter().any(|pattern| matches(pattern, pool_arn));
                    bound |= wanted.iter().all(|pattern| *pattern == pool_arn);
                }
                "aws:sourcearn" if plain => {
                    holds &= wanted.contains(&pool_arn);
                    bound |= wanted.iter().all(|arn| *arn == pool_arn);
                }
                "aws:sourceaccount" if wild || plain => {
                    holds &= wanted.contains(&account);
                }
                _ => return Scope::Unclear,
            }
        }
    }
    match (holds, bound) {
        (false, _) => Scope::Another,
        (true, true) => Scope::This,
        (true, false) => Scope::All,
    }
}

/// Reports whether the text fits a pattern in which `*` is any text and `?` any character.
fn matches(pattern: &str, text: &str) -> bool {
    let mut pattern = pattern.chars();
    let mut rest = text.chars();
    match pattern.next() {
        None => text.is_empty(),
        Some('*') => loop {
            if matches(pattern.as_str(), rest.as_str()) {
                return true;
            }
            if rest.next().is_none() {
                return false;
            }
        },
        Some(wanted) => {
            rest.next()
                .is_some_and(|first| wanted == '?' || wanted == first)
                && matches(pattern.as_str(), rest.as_str())
        }
    }
}

/// One thing or a list of them, as a list.
fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(values) => values.iter().collect(),
        Value::Null => Vec::new(),
        value => vec![value],
    }
}

fn strings(value: &Value) -> Vec<&str> {
    list(value).into_iter().filter_map(Value::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::checks::good::ARN;

    fn of(statement: &str) -> Verdict {
        verdict(&format!(r#"{{"Statement": {statement}}}"#), ARN)
    }

    fn allow(condition: &str) -> Verdict {
        of(&format!(
            r#"[{{"Effect": "Allow", "Principal": {{"Service": "cognito-idp.amazonaws.com"}},
                "Action": "lambda:InvokeFunction"{condition}}}]"#
        ))
    }

    #[test]
    fn a_policy_is_parsed_or_reported_as_unknown() {
        let with = |condition: &str| allow(&format!(r#", "Condition": {{{condition}}}"#));
        let pool = |operator: &str, arn: &str| {
            with(&format!(r#""{operator}": {{"aws:SourceArn": "{arn}"}}"#))
        };
        assert_eq!(pool("ArnLike", ARN), Verdict::Permits);
        assert_eq!(pool("StringEquals", ARN), Verdict::Permits);
        let any_of_ours = "arn:aws:cognito-idp:*:123456789012:userpool/*";
        assert_eq!(pool("ArnLike", any_of_ours), Verdict::PermitsOthers);
        assert_eq!(pool("StringEquals", any_of_ours), Verdict::Refuses);
        assert_eq!(
            pool("ArnLike", &ARN.replace("Good", "Evil")),
            Verdict::Refuses
        );
        assert_eq!(pool("ArnLike", "*"), Verdict::PermitsOthers);
        assert_eq!(pool("ArnNotLike", ARN), Verdict::Unclear);
        assert_eq!(
            with(r#""StringEquals": {"AWS:SourceAccount": "123456789012"}"#),
            Verdict::PermitsOthers
        );
        let with_account = format!(
            r#""ArnLike": {{"AWS:SourceArn": "{ARN}"}},
               "StringEquals": {{"AWS:SourceAccount": "123456789012"}}"#
        );
        assert_eq!(with(&with_account), Verdict::Permits);
        for operator in ["StringEquals", "ArnEquals"] {
            let two = ARN.replace("Good", "Evil");
            let two = format!(r#""{operator}": {{"aws:SourceArn": ["{ARN}", "{two}"]}}"#);
            assert_eq!(with(&two), Verdict::PermitsOthers);
        }
        assert_eq!(
            with(r#""StringEquals": {"AWS:SourceAccount": "999999999999"}"#),
            Verdict::Refuses
        );
        assert_eq!(allow(""), Verdict::PermitsOthers);
        assert_eq!(of("[]"), Verdict::Refuses);
        assert_eq!(verdict("nonsense", ARN), Verdict::Unclear);
        assert_eq!(
            of(r#"{"Effect": "Allow", "Principal": "*", "Action": ["lambda:*"]}"#),
            Verdict::PermitsOthers
        );
        assert_eq!(
            of(r#"{"Effect": "Deny", "Principal": "*", "Action": "lambda:*"}"#),
            Verdict::Unclear
        );
        assert_eq!(
            of(
                r#"{"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "*"}"#
            ),
            Verdict::Refuses
        );
    }

    #[test]
    fn another_principal_that_may_invoke_is_reported() {
        let pool = r#"{"Effect": "Allow", "Principal": {"Service": "cognito-idp.amazonaws.com"},
            "Action": "lambda:InvokeFunction", "Condition": {"ArnLike": {"aws:SourceArn": "POOL"}}}"#
            .replace("POOL", ARN);
        let with = |statement: &str| of(&format!("[{pool}, {statement}]"));
        for principal in [
            r#"{"AWS": "arn:aws:iam::999999999999:root"}"#,
            r#"{"Service": "events.amazonaws.com"}"#,
        ] {
            let may = |action: &str| {
                with(&format!(
                    r#"{{"Effect": "Allow", "Principal": {principal}, "Action": "{action}"}}"#
                ))
            };
            assert_eq!(may("lambda:InvokeFunction"), Verdict::PermitsOthers);
            assert_eq!(may("lambda:GetFunction"), Verdict::Permits);
        }
        assert_eq!(
            with(r#"{"Effect": "Allow", "NotPrincipal": {"AWS": "x"}, "Action": "lambda:*"}"#),
            Verdict::Unclear
        );
    }
}
