//! The settings that Latchstring needs of a pool and an app client, in a request with all the others.

use serde_json::{Value, json};

use super::members::{Members, resend_client, resend_pool, set};
use crate::pool_needs::{
    CONTACTS as SIGN_IN_CONTACTS, may_refuse_sign_ins, missing_aliases, unmet_attributes,
};

/// The ARNs of the three triggers.
#[derive(Clone, Debug)]
pub struct Triggers {
    /// Define auth challenge.
    pub define: String,
    /// Create auth challenge.
    pub create: String,
    /// Verify auth challenge response.
    pub verify: String,
}

/// The attributes that sign-in finds an account by.
const CONTACTS: [&str; 4] = [
    "email",
    "email_verified",
    "phone_number",
    "phone_number_verified",
];

/// The lifetime of a session of a challenge in minutes, the longest that Cognito takes: a session must
/// outlive a code.
const SESSION_MINUTES: u32 = 15;

/// The use of the pool by the functions, as the operator states it.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct Uses {
    /// The one contact that users sign in with; none for both.
    pub only: Option<String>,
    /// True if the functions make signed calls.
    pub signed_calls: bool,
    /// True if the other ways to sign in and to write a contact are closed too.
    pub harden: bool,
    /// True if the operator decided about unverified holders.
    pub decides_unverified: bool,
    /// True if the functions know the secret of the app client, and serve HTTP alone.
    pub secret_known: bool,
    /// True if the functions are in session mode.
    pub session_mode: bool,
}

/// Returns every reason for which this pool cannot be attached, with what to do.
pub fn refusal(pool: &Members, uses: &Uses) -> Option<String> {
    let reasons = [
        case(pool),
        mfa(pool),
        username_attributes(pool, uses),
        missing_contact(pool, uses),
        required_attributes(pool, uses),
        threat_protection(pool, uses),
    ];
    let reasons: Vec<String> = reasons.into_iter().flatten().collect();
    (!reasons.is_empty()).then(|| reasons.join(" "))
}

/// Returns the reason for which this app client cannot be attached, with what to do.
pub fn client_refusal(id: &str, client: &Members, uses: &Uses) -> Option<String> {
    let has_secret = set(client, "ClientSecret").is_some();
    if has_secret && !uses.secret_known && !uses.session_mode {
        return Some(format!(
            "Client {id} has a secret. Cognito refuses every call that does not prove it, and clients of AppSync \
             do not have it. It works where the functions serve HTTP alone and have the secret: in session mode, \
             or with api: 'http' and CLIENT_SECRET_SECRET. Then pass --secret-known. Otherwise name a client \
             without a secret."
        ));
    }
    (uses.session_mode && !has_secret).then(|| {
        format!(
            "Client {id} has no secret, which session mode needs, and Cognito never gives it one. Make another \
             client, with --generate-secret."
        )
    })
}

/// Returns the triggers of custom authentication that are set to other functions, by name.
pub fn replaced(pool: &Members, triggers: &Triggers) -> Vec<(&'static str, String)> {
    let present = |name: &str| set(pool, "LambdaConfig")?.get(name)?.as_str();
    let all = [
        ("DefineAuthChallenge", &triggers.define),
        ("CreateAuthChallenge", &triggers.create),
        ("VerifyAuthChallengeResponse", &triggers.verify),
    ];
    all.into_iter()
        .filter_map(|(name, new)| {
            let present = present(name)?;
            (present != new).then(|| (name, present.to_owned()))
        })
        .collect()
}

/// Returns the contacts that are usernames of the pool; none in an alias pool.
pub fn username_contacts(pool: &Members) -> Vec<&str> {
    strings(pool, "UsernameAttributes")
}

/// Reports whether a token of the app client may write a contact. Without a list it may write every
/// standard attribute.
pub fn writes_contacts(client: &Members) -> bool {
    let listed = strings(client, "WriteAttributes");
    listed.is_empty() || listed.iter().any(|name| CONTACTS.contains(name))
}

/// Without the member, Cognito's default is case-sensitive.
fn case(pool: &Members) -> Option<String> {
    let usernames = set(pool, "UsernameConfiguration");
    let is_insensitive = usernames.is_some_and(|usernames| usernames["CaseSensitive"] == false);
    (!is_insensitive).then(|| {
        "In this pool names are case-sensitive: Ada@example.com and ada@example.com are two accounts, and \
         sign-in finds the second alone. Cognito cannot change that. Create a pool with CaseSensitive false."
            .to_owned()
    })
}

fn mfa(pool: &Members) -> Option<String> {
    match text(pool, "MfaConfiguration") {
        None | Some("OFF") => None,
        Some(mfa) => Some(format!(
            "This pool has MFA ({mfa}). AWS does not document that custom authentication requires the \
             second factor, so a user who has one may be able to sign in with a code alone. \
             UpdateUserPool also cannot send all settings of MFA back. Turn MFA off, or use another pool."
        )),
    }
}

/// In a username-attribute pool the first account that writes a contact holds it, verified or not.
fn username_attributes(pool: &Members, uses: &Uses) -> Option<String> {
    if username_contacts(pool).is_empty() {
        return None;
    }
    if !uses.harden {
        return Some(
            "This is a username-attribute pool: an account holds a contact before it is verified. It is served \
             only where no user can sign up at Cognito or write a contact: pass --harden."
                .to_owned(),
        );
    }
    (!uses.decides_unverified).then(|| {
        "Accounts of this username-attribute pool may hold contacts that they have not proved. They never sign \
         in with a code. Pass --unverified refuse to keep them, or --unverified delete to delete them, so that \
         the owner of the contact can sign in."
            .to_owned()
    })
}

fn missing_contact(pool: &Members, uses: &Uses) -> Option<String> {
    let usernames = username_contacts(pool);
    let (kind, present) = if usernames.is_empty() {
        ("an alias attribute", strings(pool, "AliasAttributes"))
    } else {
        ("a username attribute", usernames)
    };
    let missing = missing_aliases(&present);
    let only = uses.only.as_deref();
    let needed = |contact: &&&str| only.is_none_or(|only| only == **contact);
    missing.iter().find(needed)?;
    let advice = match missing[..] {
        ["phone_number"] if only.is_none() => {
            " If the functions send no SMS (SMS_COUNTRIES is not set), pass --only email."
        }
        ["email"] if only.is_none() => {
            " If the functions send no mail (EMAIL is false), pass --only phone_number."
        }
        _ => "",
    };
    Some(format!(
        "{} is not {kind} of this pool, so that no user can sign in with it. Cognito cannot change \
         that. Create a pool with the alias attributes {}.{advice}",
        missing.join(" and "),
        SIGN_IN_CONTACTS.join(" and "),
    ))
}

fn required_attributes(pool: &Members, uses: &Uses) -> Option<String> {
    let schema = set(pool, "SchemaAttributes").and_then(Value::as_array);
    let required = schema.into_iter().flatten();
    let required = required
        .filter(|attribute| attribute["Required"] == true)
        .filter_map(|attribute| attribute["Name"].as_str());
    let unmet = unmet_attributes(required, uses.only.as_deref());
    (!unmet.is_empty()).then(|| {
        format!(
            "Every account of this pool must have {}: a new account has one contact alone, so that Cognito \
             refuses it. Cognito cannot change that. Create a pool that requires nothing, or the one contact \
             that users sign in with (--only).",
            unmet.join(", ")
        )
    })
}

fn threat_protection(pool: &Members, uses: &Uses) -> Option<String> {
    let add_ons = set(pool, "UserPoolAddOns")?;
    let mode = add_ons["AdvancedSecurityAdditionalFlows"]["CustomAuthMode"].as_str();
    may_refuse_sign_ins(mode, uses.signed_calls).then(|| {
        "Threat protection of this pool is ENFORCED for custom authentication. It sees the addresses of Lambda \
         and may refuse the sign-ins of all users, who then get no code. Set CustomAuthMode to AUDIT, or deploy \
         the functions with COGNITO_CALLS=signed and SOURCE, and pass --signed-calls."
            .to_owned()
    })
}

/// Returns the request of `UpdateUserPool` that sets the triggers. With `harden` it also closes the
/// public sign-up and the recovery of passwords.
pub fn attach_pool(pool: &Members, triggers: &Triggers, harden: bool) -> Members {
    let mut request = resend_pool(pool);
    extend(
        &mut request,
        "LambdaConfig",
        [
            ("DefineAuthChallenge", json!(triggers.define)),
            ("CreateAuthChallenge", json!(triggers.create)),
            ("VerifyAuthChallengeResponse", json!(triggers.verify)),
        ],
    );
    if harden {
        let only_admin = [("AllowAdminCreateUserOnly", json!(true))];
        extend(&mut request, "AdminCreateUserConfig", only_admin);
        let recovery = json!({"RecoveryMechanisms": [{"Name": "admin_only", "Priority": 1}]});
        request.insert("AccountRecoverySetting".to_owned(), recovery);
    }
    request
}

/// Returns the request of `UpdateUserPoolClient` that sets what the triggers need. With `harden` it also
/// closes the other ways to sign in, and no token may write an attribute that sign-in finds an account by.
pub fn attach_client(client: &Members, pool: &Members, harden: bool) -> Members {
    let mut request = resend_client(client);
    let flows = flows(client, harden);
    let mut put = |name: &str, value: Value| request.insert(name.to_owned(), value);
    put("ExplicitAuthFlows", json!(flows));
    put("PreventUserExistenceErrors", json!("ENABLED"));
    put("AuthSessionValidity", json!(SESSION_MINUTES));
    put("EnableTokenRevocation", json!(true));
    if harden {
        // The auth flows govern the API alone: managed login and identity providers are switched here.
        put("AllowedOAuthFlowsUserPoolClient", json!(false));
        put("SupportedIdentityProviders", json!(["COGNITO"]));
        put("WriteAttributes", json!(writable(client, pool)));
        request.remove("AllowedOAuthFlows");
        request.remove("AllowedOAuthScopes");
    }
    request
}

/// Returns the auth flows: those that the triggers need and, without `harden`, those that are set.
fn flows(client: &Members, harden: bool) -> Vec<&str> {
    const REFRESH: &str = "ALLOW_REFRESH_TOKEN_AUTH";
    let rotation = set(client, "RefreshTokenRotation");
    let rotates = rotation.is_some_and(|rotation| rotation["Feature"] == "ENABLED");
    // AWS requires ALLOW_REFRESH_TOKEN_AUTH to be off where refresh tokens rotate.
    let needed = if rotates {
        vec!["ALLOW_CUSTOM_AUTH"]
    } else {
        vec!["ALLOW_CUSTOM_AUTH", REFRESH]
    };
    if harden {
        return needed;
    }
    let mut present = strings(client, "ExplicitAuthFlows");
    // Without flows, Cognito takes refresh, SRP and custom.
    if present.is_empty() {
        present.push("ALLOW_USER_SRP_AUTH");
    }
    let mut flows = Vec::new();
    for flow in present.into_iter().map(newer).chain(needed) {
        let is_excluded = rotates && flow == REFRESH;
        if !is_excluded && !flows.contains(&flow) {
            flows.push(flow);
        }
    }
    flows
}

/// Returns the present name of an auth flow. Cognito does not take names of both kinds in one list.
fn newer(flow: &str) -> &str {
    match flow {
        "ADMIN_NO_SRP_AUTH" => "ALLOW_ADMIN_USER_PASSWORD_AUTH",
        "CUSTOM_AUTH_FLOW_ONLY" => "ALLOW_CUSTOM_AUTH",
        "USER_PASSWORD_AUTH" => "ALLOW_USER_PASSWORD_AUTH",
        flow => flow,
    }
}

/// Returns the attributes that a token of the client may write once it is hardened. The list is never
/// empty.
fn writable<'a>(client: &'a Members, pool: &'a Members) -> Vec<&'a str> {
    let mutable = mutable(pool);
    // As an alias it could be set to the address of a user who has no account yet.
    let alias = strings(pool, "AliasAttributes").contains(&"preferred_username");
    let is_harmless =
        |name: &&str| !(CONTACTS.contains(name) || alias && *name == "preferred_username");
    let mut listed = strings(client, "WriteAttributes");
    if listed.is_empty() {
        // By AWS's reference an unset list means the standard attributes. Reports from live pools say
        // every attribute; an app that decides by a custom one must name it to keep it writable.
        listed.clone_from(&mutable);
        listed.retain(|name| !name.starts_with("custom:") && !name.starts_with("dev:"));
    }
    listed.retain(is_harmless);
    if listed.is_empty() {
        // Cognito reads an empty list as every standard attribute. One that finds no account remains.
        let harmless: Vec<&str> = mutable.into_iter().filter(is_harmless).collect();
        let first = harmless.first().copied().unwrap_or("locale");
        listed.push(if harmless.contains(&"locale") {
            "locale"
        } else {
            first
        });
    }
    listed
}

/// Returns the attributes of the pool that an app client could be permitted to write.
fn mutable(pool: &Members) -> Vec<&str> {
    let attributes = set(pool, "SchemaAttributes").and_then(Value::as_array);
    attributes
        .into_iter()
        .flatten()
        .filter(|attribute| attribute["Mutable"] == true)
        .filter_map(|attribute| attribute["Name"].as_str())
        .filter(|name| !["sub", "identities"].contains(name))
        .collect()
}

/// Sets members of a member, and keeps its others.
fn extend<const N: usize>(request: &mut Members, name: &str, with: [(&str, Value); N]) {
    let value = request.get(name).and_then(Value::as_object);
    let mut value = value.cloned().unwrap_or_default();
    value.extend(with.map(|(name, value)| (name.to_owned(), value)));
    request.insert(name.to_owned(), Value::from(value));
}

fn text<'a>(members: &'a Members, name: &str) -> Option<&'a str> {
    members.get(name)?.as_str()
}

/// Returns a list of texts; an unset one is empty.
fn strings<'a>(members: &'a Members, name: &str) -> Vec<&'a str> {
    let list = set(members, name).and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

#[cfg(test)]
pub(super) mod samples {
    use super::super::members::{CLIENT_FIXED, POOL_FIXED, POOL_MEMBERS};
    use super::*;

    pub(in crate::attach) fn members(value: Value) -> Members {
        let Value::Object(members) = value else {
            panic!("not an object: {value}");
        };
        members
    }

    /// Returns members with other values for some of them. A null removes a member.
    pub(in crate::attach) fn with(mut of: Members, others: Value) -> Members {
        for (name, value) in members(others) {
            if value.is_null() {
                of.remove(&name);
            } else {
                of.insert(name, value);
            }
        }
        of
    }

    /// A pool with every member set, each to a value of its own, so that a lost one is missed.
    pub(in crate::attach) fn pool() -> Members {
        let described = POOL_MEMBERS.iter().map(|(_, described)| *described);
        let all = described.chain(POOL_FIXED.iter().copied());
        let pool = all.map(|name| (name.to_owned(), json!({"is": name})));
        with(
            pool.collect(),
            json!({
                "Id": "eu-west-1_Abc",
                "Name": "users",
                "LambdaConfig": {
                    "PostConfirmation": "arn:other",
                    "PreTokenGenerationConfig": {"LambdaVersion": "V2_0", "LambdaArn": "arn:pre"},
                },
                "Policies": {
                    "PasswordPolicy": {"MinimumLength": 12, "TemporaryPasswordValidityDays": 3},
                },
                "AdminCreateUserConfig": {
                    "AllowAdminCreateUserOnly": false,
                    "UnusedAccountValidityDays": 3,
                },
                "AliasAttributes": ["email", "phone_number"],
                "UsernameAttributes": null,
                "UsernameConfiguration": {"CaseSensitive": false},
                "MfaConfiguration": "OFF",
                "SchemaAttributes": [
                    {"Name": "sub", "Mutable": false},
                    {"Name": "email", "Mutable": true},
                    {"Name": "phone_number", "Mutable": true},
                    {"Name": "email_verified", "Mutable": true},
                    {"Name": "locale", "Mutable": true},
                    {"Name": "preferred_username", "Mutable": true},
                    {"Name": "custom:plan", "Mutable": true},
                    {"Name": "identities", "Mutable": true},
                ],
            }),
        )
    }

    /// An app client with members that must change, that must not, and that an update does not take.
    pub(in crate::attach) fn client() -> Members {
        let fixed = CLIENT_FIXED.iter().copied();
        let others = [
            "ClientName",
            "CallbackURLs",
            "TokenValidityUnits",
            "ReadAttributes",
        ];
        let client = fixed.chain(others);
        let client = client.map(|name| (name.to_owned(), json!({"is": name})));
        with(
            client.collect(),
            json!({
                "UserPoolId": "eu-west-1_Abc",
                "ClientId": "web",
                "ClientSecret": "hidden",
                "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
                "WriteAttributes": ["email", "phone_number", "preferred_username", "locale"],
                "PreventUserExistenceErrors": "LEGACY",
                "AuthSessionValidity": 3,
                "EnableTokenRevocation": false,
            }),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::samples::{client, members, pool, with};
    use super::*;
    use crate::attach::difference::{Difference, differences};

    fn triggers() -> Triggers {
        Triggers {
            define: "arn:define".to_owned(),
            create: "arn:create".to_owned(),
            verify: "arn:verify".to_owned(),
        }
    }

    /// Returns the lines of the differences, as they are printed.
    fn lines(before: &Members, after: &Members) -> Vec<String> {
        let found = differences(before, after);
        found.iter().map(Difference::to_string).collect()
    }

    /// Returns the auth flows of the sample client, with other values for some members.
    fn flows_of(others: Value, harden: bool) -> Value {
        attach_client(&with(client(), others), &pool(), harden)["ExplicitAuthFlows"].clone()
    }

    /// Returns the writable attributes of a hardened client with this list.
    fn writable_of(listed: &Value, pool: &Members) -> Value {
        let client = with(client(), json!({ "WriteAttributes": listed }));
        attach_client(&client, pool, true)["WriteAttributes"].clone()
    }

    #[test]
    fn a_pool_gets_the_triggers_and_keeps_the_others() {
        let pool = pool();
        assert_eq!(
            lines(&resend_pool(&pool), &attach_pool(&pool, &triggers(), false)),
            [
                r#"LambdaConfig.CreateAuthChallenge: not set → "arn:create""#,
                r#"LambdaConfig.DefineAuthChallenge: not set → "arn:define""#,
                r#"LambdaConfig.VerifyAuthChallengeResponse: not set → "arn:verify""#,
            ]
        );
    }

    #[test]
    fn a_pool_without_triggers_gets_them() {
        for none in [json!(null), json!({})] {
            let pool = with(pool(), json!({ "LambdaConfig": none }));
            let attached = attach_pool(&pool, &triggers(), false);
            let lambdas = attached["LambdaConfig"].as_object().expect("triggers");
            assert_eq!(lambdas.len(), 3);
        }
    }

    #[test]
    fn a_hardened_pool_has_no_sign_up_and_no_recovery() {
        let pool = pool();
        let hardened = attach_pool(&pool, &triggers(), true);
        assert_eq!(
            lines(&attach_pool(&pool, &triggers(), false), &hardened),
            [
                r#"AccountRecoverySetting.RecoveryMechanisms: not set → [{"Name":"admin_only","Priority":1}]"#,
                r#"AccountRecoverySetting.is: "AccountRecoverySetting" → not set"#,
                "AdminCreateUserConfig.AllowAdminCreateUserOnly: false → true",
            ]
        );
    }

    #[test]
    fn a_pool_with_username_attributes_is_refused() {
        let pool = pool();
        assert_eq!(refusal(&pool, &Uses::default()), None);
        let pool = with(pool, json!({"UsernameAttributes": ["email"]}));
        let refused = refusal(&pool, &Uses::default()).expect("a refusal");
        assert!(refused.contains("username-attribute"), "{refused}");
        assert_eq!(
            refusal(
                &with(pool, json!({"UsernameAttributes": []})),
                &Uses::default()
            ),
            None
        );
    }

    #[test]
    fn a_pool_with_mfa_is_refused() {
        for mfa in ["ON", "OPTIONAL"] {
            let pool = with(pool(), json!({ "MfaConfiguration": mfa }));
            let refused = refusal(&pool, &Uses::default()).expect("a refusal");
            assert!(
                refused.contains("may be able to sign in with a code alone"),
                "{refused}"
            );
        }
        let unset = with(pool(), json!({"MfaConfiguration": null}));
        assert_eq!(refusal(&unset, &Uses::default()), None);
    }

    #[test]
    fn a_pool_without_the_aliases_of_sign_in_is_refused() {
        let refused = |aliases: Value, only: Option<&str>| {
            let uses = Uses {
                only: only.map(str::to_owned),
                ..Uses::default()
            };
            refusal(&with(pool(), json!({ "AliasAttributes": aliases })), &uses)
        };
        let both = "email and phone_number is not an alias";
        for (aliases, only, expected) in [
            (json!(null), None, Some(both)),
            (json!([]), Some("email"), Some(both)),
            (json!(["preferred_username"]), None, Some(both)),
            (json!(["email"]), None, Some("pass --only email")),
            (
                json!(["phone_number"]),
                None,
                Some("pass --only phone_number"),
            ),
            (
                json!(["email"]),
                Some("phone_number"),
                Some("phone_number is not"),
            ),
            (json!(["email"]), Some("email"), None),
            (json!(["phone_number"]), Some("phone_number"), None),
            (json!(["email", "phone_number"]), None, None),
        ] {
            let refused = refused(aliases.clone(), only);
            match expected {
                None => assert_eq!(refused, None, "{aliases}"),
                Some(expected) => {
                    let refused = refused.expect("a refusal");
                    assert!(refused.contains(expected), "{refused}");
                }
            }
        }
    }

    #[test]
    fn a_pool_whose_threat_protection_may_refuse_is_refused() {
        let refused = |custom: &str, signed_calls| {
            let add_ons = json!({
                "AdvancedSecurityMode": "ENFORCED",
                "AdvancedSecurityAdditionalFlows": {"CustomAuthMode": custom},
            });
            let uses = Uses {
                signed_calls,
                ..Uses::default()
            };
            refusal(&with(pool(), json!({ "UserPoolAddOns": add_ons })), &uses)
        };
        let enforced = refused("ENFORCED", false).expect("a refusal");
        assert!(enforced.contains("pass --signed-calls"), "{enforced}");
        assert_eq!(refused("ENFORCED", true), None);
        assert_eq!(refused("AUDIT", false), None);
        let standard = json!({"UserPoolAddOns": {"AdvancedSecurityMode": "ENFORCED"}});
        assert_eq!(refusal(&with(pool(), standard), &Uses::default()), None);
    }

    #[test]
    fn a_client_gets_what_triggers_need_and_keeps_its_flows() {
        let client = client();
        assert_eq!(
            lines(
                &resend_client(&client),
                &attach_client(&client, &pool(), false)
            ),
            [
                "AuthSessionValidity: 3 → 15",
                "EnableTokenRevocation: false → true",
                r#"ExplicitAuthFlows: ["ALLOW_USER_SRP_AUTH","ALLOW_REFRESH_TOKEN_AUTH"] → ["ALLOW_USER_SRP_AUTH","ALLOW_REFRESH_TOKEN_AUTH","ALLOW_CUSTOM_AUTH"]"#,
                r#"PreventUserExistenceErrors: "LEGACY" → "ENABLED""#,
            ]
        );
    }

    #[test]
    fn a_client_without_flows_keeps_those_of_the_default() {
        let expected = json!([
            "ALLOW_USER_SRP_AUTH",
            "ALLOW_CUSTOM_AUTH",
            "ALLOW_REFRESH_TOKEN_AUTH"
        ]);
        for unset in [json!(null), json!([])] {
            assert_eq!(
                flows_of(json!({ "ExplicitAuthFlows": unset }), false),
                expected
            );
        }
    }

    #[test]
    fn older_names_of_flows_become_the_newer() {
        for (older, newer) in [
            ("USER_PASSWORD_AUTH", "ALLOW_USER_PASSWORD_AUTH"),
            ("ADMIN_NO_SRP_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH"),
        ] {
            assert_eq!(
                flows_of(json!({"ExplicitAuthFlows": [older]}), false),
                json!([newer, "ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"])
            );
        }
        assert_eq!(
            flows_of(
                json!({"ExplicitAuthFlows": ["CUSTOM_AUTH_FLOW_ONLY"]}),
                false
            ),
            json!(["ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"])
        );
    }

    #[test]
    fn rotating_refresh_tokens_exclude_the_refresh_flow() {
        let rotating = |others: Value, harden| {
            let rotation = json!({"RefreshTokenRotation": {"Feature": "ENABLED"}});
            flows_of(Value::from(with(members(rotation), others)), harden)
        };
        assert_eq!(rotating(json!({}), true), json!(["ALLOW_CUSTOM_AUTH"]));
        let kept = json!(["ALLOW_USER_SRP_AUTH", "ALLOW_CUSTOM_AUTH"]);
        assert_eq!(rotating(json!({}), false), kept);
        assert_eq!(rotating(json!({"ExplicitAuthFlows": []}), false), kept);
        let off = json!({"RefreshTokenRotation": {"Feature": "DISABLED"}});
        assert_eq!(
            rotating(off, true),
            json!(["ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"])
        );
    }

    #[test]
    fn a_hardened_client_has_no_other_flow_and_writes_no_contact() {
        assert_eq!(
            flows_of(json!({}), true),
            json!(["ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"])
        );
        let pool = pool();
        let listed = client()["WriteAttributes"].clone();
        let expected = json!(["preferred_username", "locale"]);
        assert_eq!(writable_of(&listed, &pool), expected);
        // A client without a list gets the standard attributes, and no custom one.
        for unset in [json!(null), json!([])] {
            assert_eq!(
                writable_of(&unset, &pool),
                json!(["locale", "preferred_username"])
            );
        }
        assert_eq!(
            writable_of(&json!(["custom:plan"]), &pool),
            json!(["custom:plan"])
        );
    }

    #[test]
    fn a_hardened_client_does_not_sign_in_by_oauth() {
        let open = json!({
            "AllowedOAuthFlowsUserPoolClient": true,
            "AllowedOAuthFlows": ["code", "implicit"],
            "AllowedOAuthScopes": ["openid"],
            "SupportedIdentityProviders": ["COGNITO", "Google"],
        });
        let open = with(client(), open);
        let closed = attach_client(&open, &pool(), true);
        assert_eq!(closed["AllowedOAuthFlowsUserPoolClient"], false);
        assert!(!closed.contains_key("AllowedOAuthFlows"));
        assert!(!closed.contains_key("AllowedOAuthScopes"));
        assert_eq!(closed["SupportedIdentityProviders"], json!(["COGNITO"]));
        let kept = attach_client(&open, &pool(), false);
        for name in [
            "AllowedOAuthFlowsUserPoolClient",
            "AllowedOAuthFlows",
            "SupportedIdentityProviders",
        ] {
            assert_eq!(kept[name], open[name], "{name}");
        }
    }

    #[test]
    fn preferred_username_is_not_writable_where_it_is_an_alias() {
        let aliases = json!({"AliasAttributes": ["email", "phone_number", "preferred_username"]});
        let pool = with(pool(), aliases);
        let listed = client()["WriteAttributes"].clone();
        for listed in [listed, json!(null)] {
            assert_eq!(writable_of(&listed, &pool), json!(["locale"]));
        }
    }

    #[test]
    fn the_list_of_writable_attributes_is_never_empty() {
        let pool = with(
            pool(),
            json!({"AliasAttributes": ["email", "preferred_username"]}),
        );
        for listed in [
            json!(["email"]),
            json!(["email", "phone_number"]),
            json!(["preferred_username"]),
        ] {
            assert_eq!(writable_of(&listed, &pool), json!(["locale"]));
        }
        let schema = json!([
            {"Name": "locale", "Mutable": false},
            {"Name": "custom:plan", "Mutable": true},
        ]);
        let pool = with(pool, json!({ "SchemaAttributes": schema }));
        assert_eq!(
            writable_of(&json!(["email"]), &pool),
            json!(["custom:plan"])
        );
        let pool = with(pool, json!({"SchemaAttributes": []}));
        assert_eq!(writable_of(&json!(["email"]), &pool), json!(["locale"]));
    }
}
