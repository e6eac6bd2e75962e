//! Checks of the API keys of AppSync. Source: AppSync's API reference, `ApiKey` (a key is valid for at most 365
//! days, and deleted 60 days after its expiry).

use super::unreadable;
use crate::doctor::facts::{GraphqlApi, Read};
use crate::doctor::{Finding, Fix};

const CHECK: &str = "api.keys";

/// The fewest days that a key should have left; the alarm `api-key` of the construct has the same.
const DAYS: i64 = 45;

const RENEW: Fix = Fix::Words(
    "Deploy with a later expiry: graphql.keysExpire, or the parameter ApiKeyExpires (docs/keys.md).",
);

pub(super) fn judge(apis: &Read<Vec<GraphqlApi>>) -> Vec<Finding> {
    match apis {
        Err(unread) => vec![unreadable(CHECK, "the GraphQL APIs", unread)],
        Ok(apis) if apis.is_empty() => vec![Finding::ok(
            CHECK,
            "no GraphQL API takes this pool's tokens and API keys, so no key can expire",
        )],
        Ok(apis) => apis.iter().map(keys).collect(),
    }
}

fn keys(api: &GraphqlApi) -> Finding {
    let GraphqlApi { name, keys } = api;
    let keys = match keys {
        Err(unread) => return unreadable(CHECK, "the API keys", unread),
        Ok(keys) => keys,
    };
    let valid = keys.iter().filter(|days| **days >= 0).min();
    match (valid, keys.iter().max()) {
        (Some(days), _) if *days >= DAYS => Finding::ok(
            CHECK,
            format!("the API key of {name} expires in {days} days"),
        ),
        (Some(days), _) => Finding::fails(
            CHECK,
            format!("the API key of {name} expires in {days} days; after that no user can sign in with it"),
        )
        .with_fix(RENEW),
        (None, Some(days)) => Finding::fails(
            CHECK,
            format!(
                "the API key of {name} expired {} days ago: no user can sign in with it",
                -days
            ),
        )
        .with_fix(RENEW),
        (None, None) => Finding::fails(
            CHECK,
            format!("{name} takes API keys and has none: no user can begin a sign-in"),
        )
        .with_fix(RENEW),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;
    use crate::doctor::checks::good;

    fn of(keys: Read<Vec<i64>>) -> Finding {
        let api = GraphqlApi {
            name: "acme-latchstring".to_owned(),
            keys,
        };
        let mut findings = judge(&Ok(vec![api]));
        assert_eq!(findings.len(), 1);
        findings.remove(0)
    }

    #[test]
    fn a_key_fails_before_it_expires_and_after() {
        for (keys, expected, words) in [
            (vec![45], State::Ok, "in 45 days"),
            (vec![44], State::Fails, "in 44 days"),
            (vec![0], State::Fails, "in 0 days"),
            (vec![-3], State::Fails, "3 days ago"),
            (vec![-3, -9], State::Fails, "3 days ago"),
            (vec![], State::Fails, "has none"),
            // The next key does not help the clients that have the first.
            (vec![300, 20], State::Fails, "in 20 days"),
            // A key that expired was replaced.
            (vec![300, -20], State::Ok, "in 300 days"),
        ] {
            let finding = of(Ok(keys.clone()));
            assert_eq!(finding.state, expected, "{keys:?}");
            assert!(finding.says.contains(words), "{}", finding.says);
            assert_eq!(finding.fix.is_some(), expected == State::Fails, "{keys:?}");
        }
    }

    #[test]
    fn without_a_graphql_api_no_key_can_expire() {
        assert_eq!(good::state(&judge(&Ok(Vec::new())), CHECK), State::Ok);
    }

    #[test]
    fn the_alarm_of_the_construct_has_the_same_limit() {
        let construct = include_str!("../../../../infra/lib/graphql-api.ts");
        assert!(construct.contains(&format!("const KEY_DAYS = {DAYS};")));
    }
}
