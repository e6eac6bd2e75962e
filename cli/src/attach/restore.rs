//! The way back: the request that undoes what `attach` changed, and nothing else.

use std::collections::BTreeSet;

use serde_json::Value;

use super::difference::{Difference, differences};
use super::members::Members;

/// Returns the present settings with the members that differ between `before` and `after` as they were
/// before. Members that were changed since, and that `attach` did not change, stay.
///
/// # Errors
/// The members that `attach` changed and that were changed again since, with the value that `attach` wrote
/// and the present one.
pub fn restored(
    before: &Members,
    after: &Members,
    now: &Members,
) -> Result<Members, Vec<Difference>> {
    let mut conflicts = Vec::new();
    let restored = merge("", before, after, now, &mut conflicts);
    if conflicts.is_empty() {
        Ok(restored)
    } else {
        Err(conflicts)
    }
}

fn merge(
    path: &str,
    before: &Members,
    after: &Members,
    now: &Members,
    conflicts: &mut Vec<Difference>,
) -> Members {
    let mut restored = now.clone();
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for name in names {
        let path = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        let (was, written, is) = (before.get(name), after.get(name), now.get(name));
        if is_same(was, written) || is_same(was, is) {
            continue;
        }
        if is_same(written, is) {
            put(&mut restored, name, was.cloned());
            continue;
        }
        let empty = Members::new();
        match (
            within(was, &empty),
            within(written, &empty),
            within(is, &empty),
        ) {
            (Some(was), Some(written), Some(is)) => {
                let merged = merge(&path, was, written, is, conflicts);
                put(&mut restored, name, Some(Value::from(merged)));
            }
            _ => conflicts.push(Difference {
                path,
                before: written.cloned(),
                after: is.cloned(),
            }),
        }
    }
    restored
}

/// Returns the members of an object; an unset one has none.
fn within<'a>(value: Option<&'a Value>, empty: &'a Members) -> Option<&'a Members> {
    value.map_or(Some(empty), Value::as_object)
}

fn put(members: &mut Members, name: &str, value: Option<Value>) {
    match value {
        Some(value) => members.insert(name.to_owned(), value),
        None => members.remove(name),
    };
}

/// Compares as the differences are shown: an empty list or object is not set, and lists have no order.
fn is_same(one: Option<&Value>, other: Option<&Value>) -> bool {
    let alone = |value: Option<&Value>| {
        let mut members = Members::new();
        put(&mut members, "", value.cloned());
        members
    };
    differences(&alone(one), &alone(other)).is_empty()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::attach::members::{resend_client, resend_pool};
    use crate::attach::merge::samples::{client, members, pool, with};
    use crate::attach::merge::{Triggers, attach_client, attach_pool};

    fn triggers() -> Triggers {
        Triggers {
            define: "arn:define".to_owned(),
            create: "arn:create".to_owned(),
            verify: "arn:verify".to_owned(),
        }
    }

    #[test]
    fn what_attach_changed_is_restored_whole() {
        for harden in [false, true] {
            let (pool, client) = (pool(), client());
            let before = resend_pool(&pool);
            let after = attach_pool(&pool, &triggers(), harden);
            assert_eq!(restored(&before, &after, &after), Ok(before.clone()));
            // A second run finds nothing to do.
            assert_eq!(restored(&before, &after, &before), Ok(before.clone()));
            let before = resend_client(&client);
            let after = attach_client(&client, &pool, harden);
            assert_eq!(restored(&before, &after, &after), Ok(before.clone()));
        }
    }

    #[test]
    fn what_others_changed_since_stays() {
        let before = resend_pool(&pool());
        let after = attach_pool(&pool(), &triggers(), true);
        let mut now = with(after.clone(), json!({"UserPoolTags": {"team": "new"}}));
        now["LambdaConfig"]["CustomMessage"] = json!("arn:message");
        let restored = restored(&before, &after, &now).expect("no conflict");
        assert_eq!(restored["UserPoolTags"], json!({"team": "new"}));
        assert_eq!(restored["LambdaConfig"]["CustomMessage"], "arn:message");
        let triggers = &restored["LambdaConfig"];
        assert_eq!(triggers.get("DefineAuthChallenge"), None);
        assert_eq!(triggers["PostConfirmation"], "arn:other");
    }

    #[test]
    fn a_change_of_what_attach_changed_is_a_conflict() {
        let before = resend_pool(&pool());
        let after = attach_pool(&pool(), &triggers(), false);
        let mut now = after.clone();
        now["LambdaConfig"]["DefineAuthChallenge"] = json!("arn:newer");
        let conflicts = restored(&before, &after, &now).expect_err("a conflict");
        let lines: Vec<String> = conflicts.iter().map(Difference::to_string).collect();
        assert_eq!(
            lines,
            [r#"LambdaConfig.DefineAuthChallenge: "arn:define" → "arn:newer""#]
        );
    }

    #[test]
    fn a_member_that_was_not_set_is_removed_again() {
        let before = members(json!({"A": 1, "Lists": ["y", "x"]}));
        let after = members(json!({"A": 1, "B": {"C": 2}, "Lists": ["x"]}));
        let now = members(json!({"A": 9, "B": {"C": 2}, "Lists": ["x"]}));
        let expected = members(json!({"A": 9, "Lists": ["y", "x"]}));
        assert_eq!(restored(&before, &after, &now), Ok(expected));
        // Within a member that was not set, what others added stays.
        let now = members(json!({"B": {"C": 2, "D": 3}, "Lists": ["x"]}));
        let found = restored(&before, &after, &now).expect("no conflict");
        assert_eq!(found["B"], json!({"D": 3}));
    }
}
