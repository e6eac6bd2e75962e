//! The members of a pool and an app client, and the request that changes none of them.

use serde_json::{Map, Value};

/// A description or a request: its members by name.
pub type Members = Map<String, Value>;

/// The members of `UpdateUserPool`, each with its name in the result of `DescribeUserPool`.
pub const POOL_MEMBERS: &[(&str, &str)] = &[
    ("UserPoolId", "Id"),
    ("PoolName", "Name"),
    ("Policies", "Policies"),
    ("DeletionProtection", "DeletionProtection"),
    ("LambdaConfig", "LambdaConfig"),
    ("AutoVerifiedAttributes", "AutoVerifiedAttributes"),
    ("SmsVerificationMessage", "SmsVerificationMessage"),
    ("EmailVerificationMessage", "EmailVerificationMessage"),
    ("EmailVerificationSubject", "EmailVerificationSubject"),
    ("VerificationMessageTemplate", "VerificationMessageTemplate"),
    ("SmsAuthenticationMessage", "SmsAuthenticationMessage"),
    ("UserAttributeUpdateSettings", "UserAttributeUpdateSettings"),
    ("MfaConfiguration", "MfaConfiguration"),
    ("DeviceConfiguration", "DeviceConfiguration"),
    ("EmailConfiguration", "EmailConfiguration"),
    ("SmsConfiguration", "SmsConfiguration"),
    ("UserPoolTags", "UserPoolTags"),
    ("AdminCreateUserConfig", "AdminCreateUserConfig"),
    ("UserPoolAddOns", "UserPoolAddOns"),
    ("DcrConfiguration", "DcrConfiguration"),
    ("AccountRecoverySetting", "AccountRecoverySetting"),
    ("UserPoolTier", "UserPoolTier"),
    ("KeyConfiguration", "KeyConfiguration"),
    ("IssuerConfiguration", "IssuerConfiguration"),
    ("AcrConfiguration", "AcrConfiguration"),
];

/// The members that `DescribeUserPool` returns and `UpdateUserPool` can neither change nor reset.
pub const POOL_FIXED: &[&str] = &[
    "AliasAttributes",
    "Arn",
    "CreationDate",
    "CustomDomain",
    "Domain",
    "EmailConfigurationFailure",
    "EstimatedNumberOfUsers",
    "LastModifiedDate",
    "SchemaAttributes",
    "SmsConfigurationFailure",
    "Status",
    "UsernameAttributes",
    "UsernameConfiguration",
];

/// The members that `DescribeUserPoolClient` returns and `UpdateUserPoolClient` does not take. Both
/// operations have the same names for all others.
pub const CLIENT_FIXED: &[&str] = &[
    "ClientSecret",
    "ClientType",
    "CreationDate",
    "LastModifiedDate",
];

/// Returns the members of a pool that are in no table: an update would reset them.
pub fn unknown(pool: &Members) -> Vec<&str> {
    let is_known = |name: &str| {
        POOL_FIXED.contains(&name) || POOL_MEMBERS.iter().any(|(_, described)| *described == name)
    };
    pool.iter()
        .filter(|(name, value)| !value.is_null() && !is_known(name))
        .map(|(name, _)| name.as_str())
        .collect()
}

/// Returns the request of `UpdateUserPool` that changes nothing of this pool.
pub fn resend_pool(pool: &Members) -> Members {
    let mut request: Members = POOL_MEMBERS
        .iter()
        .filter_map(|(sent, described)| Some(((*sent).to_owned(), set(pool, described)?.clone())))
        .collect();
    // The older name of TemporaryPasswordValidityDays. Cognito returns both and takes one.
    let days = set(pool, "Policies")
        .and_then(|policies| {
            policies
                .get("PasswordPolicy")?
                .get("TemporaryPasswordValidityDays")
        })
        .is_some_and(|days| !days.is_null());
    let users = request.get_mut("AdminCreateUserConfig");
    if let Some(users) = users.and_then(Value::as_object_mut).filter(|_| days) {
        users.remove("UnusedAccountValidityDays");
    }
    request
}

/// Returns the request of `UpdateUserPoolClient` that changes nothing of this app client. A member that
/// is in no table is sent back too. The client's secret is not among the members.
pub fn resend_client(client: &Members) -> Members {
    client
        .iter()
        .filter(|(name, value)| !value.is_null() && !CLIENT_FIXED.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// Returns a member that is set: in AWS's JSON a null is the same as no member.
pub(crate) fn set<'a>(members: &'a Members, name: &str) -> Option<&'a Value> {
    members.get(name).filter(|value| !value.is_null())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fmt::Debug;

    use aws_sdk_cognitoidentityprovider::operation::update_user_pool::UpdateUserPoolInput;
    use aws_sdk_cognitoidentityprovider::operation::update_user_pool_client::UpdateUserPoolClientInput;
    use aws_sdk_cognitoidentityprovider::types::{UserPoolClientType, UserPoolType};
    use serde_json::json;

    use super::*;
    use crate::attach::merge::samples::{client, pool};

    /// Members of the tables that the SDK of this workspace does not have yet.
    const NEWER_THAN_THE_SDK: [&str; 2] = ["ClientType", "DcrConfiguration"];

    /// Returns the members of a type of the SDK, which its debug format names in snake case, without
    /// underscores. Rust's name of `LogoutURLs` is `logout_urls`.
    fn members_of(value: &impl Debug) -> BTreeSet<String> {
        let text = format!("{value:#?}");
        let members: BTreeSet<String> = text
            .lines()
            .filter_map(|line| line.strip_prefix("    "))
            .filter(|line| line.starts_with(|first: char| first.is_ascii_lowercase()))
            .filter_map(|line| Some(line.split_once(':')?.0.replace('_', "")))
            .collect();
        assert!(members.len() > 20, "{text}");
        members
    }

    /// Returns the members of a table in the same form, without those that the SDK does not have.
    fn form<'a>(table: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
        table
            .filter(|name| !NEWER_THAN_THE_SDK.contains(name))
            .map(str::to_lowercase)
            .collect()
    }

    #[test]
    fn every_member_that_update_user_pool_takes_is_sent() {
        let taken = UpdateUserPoolInput::builder().build().expect("an input");
        let sent = form(POOL_MEMBERS.iter().map(|(sent, _)| *sent));
        assert_eq!(sent, members_of(&taken));
    }

    #[test]
    fn every_described_member_of_a_pool_is_sent_or_fixed() {
        let described = UserPoolType::builder().build();
        let sent = POOL_MEMBERS.iter().map(|(_, described)| *described);
        let known = form(sent.chain(POOL_FIXED.iter().copied()));
        assert_eq!(known, members_of(&described));
    }

    #[test]
    fn every_described_member_of_a_client_is_sent_or_fixed() {
        let taken = UpdateUserPoolClientInput::builder().build();
        let mut known = members_of(&taken.expect("an input"));
        known.extend(form(CLIENT_FIXED.iter().copied()));
        assert_eq!(known, members_of(&UserPoolClientType::builder().build()));
    }

    #[test]
    fn members_newer_than_the_sdk_are_missing_there() {
        let mut present = members_of(&UserPoolType::builder().build());
        present.extend(members_of(&UserPoolClientType::builder().build()));
        for newer in NEWER_THAN_THE_SDK {
            assert!(
                !present.contains(&newer.to_lowercase()),
                "{newer} is there: remove it from this list"
            );
        }
    }

    #[test]
    fn a_pool_is_sent_back_whole() {
        let pool = pool();
        let sent = resend_pool(&pool);
        for (name, described) in POOL_MEMBERS {
            if *name != "AdminCreateUserConfig" {
                assert_eq!(sent[*name], pool[*described], "{name}");
            }
        }
        assert_eq!(sent.len(), POOL_MEMBERS.len());
    }

    #[test]
    fn only_one_name_of_the_temporary_password_limit_is_sent() {
        let mut pool = pool();
        let users = json!({"AllowAdminCreateUserOnly": false});
        assert_eq!(resend_pool(&pool)["AdminCreateUserConfig"], users);
        pool.remove("Policies");
        let sent = resend_pool(&pool);
        assert_eq!(
            sent["AdminCreateUserConfig"]["UnusedAccountValidityDays"],
            3
        );
    }

    #[test]
    fn a_null_is_not_sent() {
        let mut pool = pool();
        pool.insert("SmsConfiguration".to_owned(), Value::Null);
        assert!(!resend_pool(&pool).contains_key("SmsConfiguration"));
        let mut client = client();
        client.insert("AnalyticsConfiguration".to_owned(), Value::Null);
        assert!(!resend_client(&client).contains_key("AnalyticsConfiguration"));
    }

    #[test]
    fn a_member_of_a_pool_in_no_table_is_unknown() {
        let mut pool = pool();
        assert_eq!(unknown(&pool), Vec::<&str>::new());
        pool.insert("Newer".to_owned(), json!({"is": "set"}));
        pool.insert("NotSet".to_owned(), Value::Null);
        assert_eq!(unknown(&pool), ["Newer"]);
    }

    #[test]
    fn a_newer_member_of_a_client_is_sent_back() {
        let mut client = client();
        client.insert("Newer".to_owned(), json!({"is": "set"}));
        assert_eq!(resend_client(&client)["Newer"], json!({"is": "set"}));
    }

    #[test]
    fn the_secret_of_a_client_is_not_sent() {
        let client = client();
        assert_eq!(client["ClientSecret"], "hidden");
        let sent = Value::from(resend_client(&client)).to_string();
        assert!(!sent.contains("hidden"), "{sent}");
        for fixed in CLIENT_FIXED {
            assert!(!sent.contains(&format!("\"{fixed}\"")), "{fixed}");
        }
    }
}
