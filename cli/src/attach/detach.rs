//! The way back without a file: the request that takes the triggers off, and nothing else.

use serde_json::{Value, json};

use super::members::{Members, resend_client, resend_pool, set};
use super::merge::Triggers;

/// The auth flow that only the triggers serve, by both of its names.
const CUSTOM: [&str; 2] = ["ALLOW_CUSTOM_AUTH", "CUSTOM_AUTH_FLOW_ONLY"];
const REFRESH: &str = "ALLOW_REFRESH_TOKEN_AUTH";

const TRIGGERS: [&str; 3] = [
    "DefineAuthChallenge",
    "CreateAuthChallenge",
    "VerifyAuthChallengeResponse",
];

/// Returns the function of the same name and account, without a version or alias.
fn unqualified(arn: &str) -> &str {
    match arn.match_indices(':').nth(6) {
        Some((place, _)) => &arn[..place],
        None => arn,
    }
}

fn is_of(name: &str, function: &str, ours: Option<&Triggers>) -> bool {
    let Some(ours) = ours else {
        return true;
    };
    let own = match name {
        "DefineAuthChallenge" => &ours.define,
        "CreateAuthChallenge" => &ours.create,
        _ => &ours.verify,
    };
    unqualified(own) == unqualified(function)
}

fn present<'a>(pool: &'a Members, name: &str) -> Option<&'a str> {
    set(pool, "LambdaConfig")?.get(name)?.as_str()
}

/// Returns the triggers of custom authentication that are of other functions, by name: they stay.
pub fn kept<'a>(pool: &'a Members, ours: Option<&Triggers>) -> Vec<(&'static str, &'a str)> {
    TRIGGERS
        .into_iter()
        .filter_map(|name| Some((name, present(pool, name)?)))
        .filter(|(name, function)| !is_of(name, function, ours))
        .collect()
}

/// Returns the request of `UpdateUserPool` that takes off the triggers of these functions; without them,
/// those of any function.
pub fn detach_pool(pool: &Members, ours: Option<&Triggers>) -> Members {
    let mut request = resend_pool(pool);
    if let Some(Value::Object(triggers)) = request.get_mut("LambdaConfig") {
        for name in TRIGGERS {
            if present(pool, name).is_some_and(|function| is_of(name, function, ours)) {
                triggers.remove(name);
            }
        }
    }
    request
}

/// Returns the request of `UpdateUserPoolClient` without the auth flow of custom authentication. Where no
/// other is left, refresh stays: without a list, Cognito would take its default, which has custom
/// authentication.
pub fn detach_client(client: &Members) -> Members {
    let mut request = resend_client(client);
    let Some(Value::Array(flows)) = request.get_mut("ExplicitAuthFlows") else {
        return request;
    };
    let before = flows.len();
    flows.retain(|flow| flow.as_str().is_none_or(|flow| !CUSTOM.contains(&flow)));
    if flows.is_empty() && before > 0 {
        flows.push(json!(REFRESH));
    }
    request
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attach::merge::samples::{client, members, pool, with};
    use crate::attach::merge::{attach_client, attach_pool};

    const FUNCTION: &str = "arn:aws:lambda:eu-west-1:000000000000:function:a-";

    fn triggers() -> Triggers {
        let of = |name: &str| format!("{FUNCTION}{name}");
        Triggers {
            define: of("define"),
            create: of("create"),
            verify: of("verify"),
        }
    }

    #[test]
    fn triggers_of_the_stack_are_taken_off_and_others_stay() {
        let attached = attach_pool(&pool(), &triggers(), false);
        let described = with(pool(), json!({ "LambdaConfig": attached["LambdaConfig"] }));
        let detached = detach_pool(&described, Some(&triggers()));
        assert_eq!(detached, resend_pool(&pool()));
        assert_eq!(detached, detach_pool(&described, None));
        let mut other = described.clone();
        other["LambdaConfig"]["DefineAuthChallenge"] = json!("arn:other");
        assert_eq!(
            kept(&other, Some(&triggers())),
            [("DefineAuthChallenge", "arn:other")]
        );
        let detached = detach_pool(&other, Some(&triggers()));
        assert_eq!(detached["LambdaConfig"]["DefineAuthChallenge"], "arn:other");
        assert_eq!(detached["LambdaConfig"].get("CreateAuthChallenge"), None);
        assert_eq!(kept(&other, None), []);
    }

    #[test]
    fn a_trigger_of_an_alias_is_one_of_the_function() {
        let mut described = pool();
        described["LambdaConfig"]["DefineAuthChallenge"] = json!(format!("{FUNCTION}define:live"));
        assert_eq!(kept(&described, Some(&triggers())), []);
    }

    #[test]
    fn a_client_loses_custom_authentication_alone() {
        let attached = attach_client(&client(), &pool(), false);
        let detached = detach_client(&attached);
        let flows = detached["ExplicitAuthFlows"].as_array().expect("flows");
        assert!(!flows.contains(&json!("ALLOW_CUSTOM_AUTH")), "{flows:?}");
        assert_eq!(
            flows.len() + 1,
            attached["ExplicitAuthFlows"].as_array().map_or(0, Vec::len)
        );
        let only = members(json!({"ExplicitAuthFlows": ["ALLOW_CUSTOM_AUTH"]}));
        assert_eq!(detach_client(&only)["ExplicitAuthFlows"], json!([REFRESH]));
        let default = members(json!({"ClientName": "Web"}));
        assert_eq!(detach_client(&default), default);
    }
}
