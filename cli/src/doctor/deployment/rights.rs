//! The permissions of the functions' roles, by IAM's own simulation: those that the code needs, and those that no
//! function may have. `infra/lib/rights.ts` has the statements.

use super::Deployment;

/// A decision of IAM about a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The action.
    pub action: String,
    /// True if the role may do it.
    pub allowed: bool,
    /// True if the code needs it.
    pub needed: bool,
}

/// A question to the simulation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The actions, without those that are needed.
    pub actions: Vec<&'static str>,
    /// The resource.
    pub resource: String,
    /// The value of `dynamodb:LeadingKeys`; none if the actions have no such condition.
    pub item: Option<&'static str>,
    /// True if the code needs the actions.
    pub needed: bool,
}

/// The rights on the table, with a kind of item that each function reaches, and on the pool.
const NEEDED: [(&str, &[&str], &str, &[&str]); 5] = [
    (
        "define-auth-challenge",
        &[
            "dynamodb:DeleteItem",
            "dynamodb:GetItem",
            "dynamodb:UpdateItem",
        ],
        "lease#doctor",
        &[
            "cognito-idp:AdminGetUser",
            "cognito-idp:AdminUpdateUserAttributes",
            "cognito-idp:AdminUserGlobalSignOut",
        ],
    ),
    (
        "create-auth-challenge",
        &[
            "dynamodb:BatchGetItem",
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:UpdateItem",
        ],
        "flow#doctor",
        &[],
    ),
    (
        "verify-auth-challenge-response",
        &[
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:UpdateItem",
        ],
        "flow#doctor",
        &[],
    ),
    (
        "sign-in",
        &[
            "dynamodb:BatchGetItem",
            "dynamodb:DeleteItem",
            "dynamodb:GetItem",
            "dynamodb:UpdateItem",
        ],
        "lease#doctor",
        &[
            "cognito-idp:AdminCreateUser",
            "cognito-idp:AdminGetUser",
            "cognito-idp:AdminSetUserPassword",
        ],
    ),
    (
        "sign-up",
        &[
            "dynamodb:BatchGetItem",
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:UpdateItem",
        ],
        "pending#doctor",
        &["cognito-idp:AdminUpdateUserAttributes"],
    ),
];

/// What no function may do to the table.
const NEVER_TABLE: &[&str] = &[
    "dynamodb:DeleteTable",
    "dynamodb:Scan",
    "dynamodb:UpdateTable",
];
/// What no function may do to the pool. Only define and sign-up write attributes, and only sign-in makes accounts.
const NEVER_POOL: &[&str] = &[
    "cognito-idp:AdminDisableUser",
    "cognito-idp:DeleteUserPool",
    "cognito-idp:DescribeUserPoolClient",
    "cognito-idp:UpdateUserPool",
    "cognito-idp:UpdateUserPoolClient",
];
/// What only sign-in may do to the pool.
const SIGN_IN_ALONE: &[&str] = &[
    "cognito-idp:AdminCreateUser",
    "cognito-idp:AdminSetUserPassword",
];
/// What no function may do to the key ring.
const NEVER_RING: &[&str] = &[
    "secretsmanager:DeleteSecret",
    "secretsmanager:PutSecretValue",
];
/// What no function may do to anything.
const NEVER: &[&str] = &[
    "iam:PassRole",
    "lambda:UpdateFunctionCode",
    "sts:AssumeRole",
];

/// Returns the questions about a function, as far as its resources are known. `pool` is the pool's ARN, `table` that of
/// the table, and `ring` that of the key ring.
pub fn questions(
    function: &str,
    pool: Option<&str>,
    table: Option<&str>,
    ring: Option<&str>,
) -> Vec<Question> {
    let Some((_, on_table, item, on_pool)) = NEEDED.iter().find(|it| it.0 == function) else {
        return Vec::new();
    };
    let question = |actions: &[&'static str], resource: &str, item, needed| Question {
        actions: actions.to_vec(),
        resource: resource.to_owned(),
        item,
        needed,
    };
    let mut all = vec![question(NEVER, "*", None, false)];
    if let Some(table) = table {
        all.push(question(on_table, table, Some(item), true));
        all.push(question(NEVER_TABLE, table, None, false));
        // An item of a kind that is not the function's.
        all.push(question(on_table, table, Some("other#doctor"), false));
    }
    if let Some(pool) = pool {
        all.push(question(on_pool, pool, None, true));
        all.push(question(NEVER_POOL, pool, None, false));
        if function != "sign-in" {
            all.push(question(SIGN_IN_ALONE, pool, None, false));
        }
    }
    if let Some(ring) = ring {
        all.push(question(
            &["secretsmanager:GetSecretValue"],
            ring,
            None,
            true,
        ));
        all.push(question(NEVER_RING, ring, None, false));
    }
    all.retain(|question| !question.actions.is_empty());
    all
}

/// Returns the ARNs of the pool, the table and the key ring, from a function's ARN.
pub fn arns(deployment: &Deployment, define: &str) -> [Option<String>; 3] {
    // arn:PARTITION:lambda:REGION:ACCOUNT:function:NAME
    let parts: Vec<&str> = define.split(':').collect();
    let [_, partition, _, region, account, ..] = parts[..] else {
        return [None, None, None];
    };
    let place = format!("{region}:{account}");
    let pool = format!(
        "arn:{partition}:cognito-idp:{place}:userpool/{}",
        deployment.pool
    );
    let table = deployment.variable("TABLE_NAME");
    let table = table.map(|it| format!("arn:{partition}:dynamodb:{place}:table/{it}"));
    let ring = deployment.variable("KEY_RING_SECRET");
    let ring = ring.filter(|it| it.starts_with("arn:")).map(str::to_owned);
    [Some(pool), table, ring]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_needed_rights_are_those_of_the_construct() {
        let rights = include_str!("../../../../infra/lib/rights.ts");
        for (function, on_table, item, on_pool) in NEEDED {
            let of = rights
                .split(&format!("  '{function}': {{\n"))
                .nth(1)
                .expect("the function");
            let of = of.split("  },").next().expect("its rights");
            let list = |name: &str| {
                let line = of.lines().find(|line| line.trim().starts_with(name));
                let line = line.expect("the line").split_once('[').expect("a list").1;
                let quoted = line.split('\'').skip(1).step_by(2);
                quoted.map(str::to_owned).collect::<Vec<_>>()
            };
            let named = |actions: &[&str]| {
                let names = actions.iter().filter_map(|it| it.split_once(':'));
                names.map(|(_, name)| name.to_owned()).collect::<Vec<_>>()
            };
            let sorted = |mut names: Vec<String>| {
                names.sort();
                names
            };
            assert_eq!(named(on_table), sorted(list("table")), "{function}");
            assert_eq!(sorted(named(on_pool)), sorted(list("pool")), "{function}");
            let kind = item.split('#').next().expect("a kind").to_owned();
            assert!(list("items").contains(&kind), "{function}");
        }
    }

    #[test]
    fn only_sign_in_may_make_accounts() {
        for (function, ..) in NEEDED {
            let asked = questions(function, Some("pool"), Some("table"), Some("ring"));
            let needs = asked
                .iter()
                .find(|question| question.actions.contains(&"cognito-idp:AdminCreateUser"));
            let needs = needs.expect("the question").needed;
            assert_eq!(needs, function == "sign-in", "{function}");
        }
        assert_eq!(questions("publish-events", None, None, None), []);
    }
}
