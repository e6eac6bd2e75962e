//! The pool. Sources: Cognito's API reference (`UserPoolType`), and in its developer guide "User pool
//! attributes", "Security best practices" and "Adding MFA to a user pool".

use crate::doctor::facts::{Facts, Pool, Used};
use crate::doctor::{Finding, Fix};
use crate::pool_needs::{CONTACTS, may_refuse_sign_ins, missing_aliases, unmet_attributes};

/// A new account's password is 100 characters of all four classes.
const PASSWORD_LENGTH: i32 = 100;

const ANEW: Fix = Fix::Words(
    "Cognito cannot change this: make a new pool (infra/ does) and move its users there.",
);

/// The use of the pool by the deployed functions.
pub(super) struct Uses {
    email: Used,
    sms: Used,
    signed_calls: bool,
    /// True if a token may write a contact.
    writes_contacts: bool,
    /// True if the functions know that contacts are usernames; none if that was not read.
    username_attributes: Option<bool>,
}

impl Uses {
    pub(super) fn of(facts: &Facts) -> Self {
        Self {
            email: facts.email.used,
            sms: facts.sms.used,
            signed_calls: facts.signed_calls(),
            writes_contacts: facts.writes_contacts(),
            username_attributes: facts.username_attributes(),
        }
    }

    /// The one contact that users sign in with, if it is known that there is only one.
    fn only(&self) -> Option<&'static str> {
        match (self.email, self.sms) {
            (Used::Yes, Used::No) => Some("email"),
            (Used::No, Used::Yes) => Some("phone_number"),
            _ => None,
        }
    }
}

pub(super) fn judge(pool: &Pool, uses: &Uses) -> Vec<Finding> {
    vec![
        aliases(pool, uses),
        case(pool),
        required(pool, uses),
        sign_up(pool),
        recovery(pool),
        mfa(pool),
        password(pool),
        deletion(pool),
    ]
    .into_iter()
    .chain(preferred_username(pool))
    .chain(own_sms(pool))
    .chain(other_triggers(pool))
    .chain(threats(pool, uses))
    .collect()
}

/// Checks the alias attributes. An alias signs in once it is verified. A username attribute signs in
/// at once, so the first account that writes another user's address holds it.
fn aliases(pool: &Pool, uses: &Uses) -> Finding {
    const CHECK: &str = "pool.aliases";
    let names = pool.username_attributes.join(" and ");
    if !names.is_empty() && (!pool.admin_create_only || uses.writes_contacts) {
        return Finding::leaks(
            CHECK,
            format!(
                "{names} signs in as a username, also unverified, and any user can write it: an account may hold the contact of another user"
            ),
        )
        .with_fix(Fix::Words(
            "latchstring attach --harden --unverified refuse, with every client of the pool: docs/existing-pools.md#username-attribute-pools.",
        ));
    }
    let (kind, present) = if names.is_empty() {
        ("an alias", &pool.alias_attributes)
    } else {
        ("a username attribute", &pool.username_attributes)
    };
    let missing = missing_aliases(present);
    let is_unused = |contact: &&str| match *contact {
        "email" => uses.email == Used::No,
        _ => uses.sms == Used::No,
    };
    let says = format!(
        "{} is not {kind}: no user can sign in with it",
        missing.join(" and ")
    );
    let all_unused = missing.len() < CONTACTS.len() && missing.iter().all(is_unused);
    if !missing.is_empty() && !all_unused {
        return Finding::fails(CHECK, says).with_fix(ANEW);
    }
    // Of a pool that is not attached yet no function was read.
    if uses.username_attributes == Some(names.is_empty()) && !pool.triggers.is_empty() {
        let (says, fix) = if names.is_empty() {
            (
                "email and phone number are aliases, and the functions take them for usernames: USERNAME_ATTRIBUTES is set",
                "Remove USERNAME_ATTRIBUTES from the functions.",
            )
        } else {
            (
                "contacts are usernames of the pool, and the functions take them for aliases",
                "Set USERNAME_ATTRIBUTES to true for every function.",
            )
        };
        return Finding::fails(CHECK, says).with_fix(Fix::Words(fix));
    }
    if !names.is_empty() {
        Finding::note(
            CHECK,
            format!("{names} signs in as a username, also unverified; only the functions write it"),
        )
    } else if missing.is_empty() {
        Finding::ok(CHECK, "email and phone number are aliases")
    } else {
        Finding::note(CHECK, format!("{says}, and the functions do not use it"))
    }
}

/// Cognito finds an account by this alias without proof; who may write it is a matter of each client.
fn preferred_username(pool: &Pool) -> Option<Finding> {
    pool.has_alias(super::client::PREFERRED_USERNAME).then(|| {
        Finding::note(
            "pool.preferred-username",
            "preferred_username is an alias too: no client may let the holder of a token write it (client.writable)",
        )
    })
}

fn case(pool: &Pool) -> Finding {
    const CHECK: &str = "pool.case";
    if pool.case_sensitive {
        Finding::fails(
            CHECK,
            "names are case-sensitive: an address written in capitals is another one",
        )
        .with_fix(ANEW)
    } else {
        Finding::ok(CHECK, "names are not case-sensitive")
    }
}

/// Sign-in makes an account with one contact and nothing else.
fn required(pool: &Pool, uses: &Uses) -> Finding {
    const CHECK: &str = "pool.required-attributes";
    let required = pool.required.iter().map(String::as_str);
    let names = unmet_attributes(required, uses.only());
    if names.is_empty() {
        let says = match uses.only() {
            Some(only) if pool.required.iter().any(|name| name == only) => {
                format!("an account needs {only}, which each has")
            }
            _ => "an account needs no attribute".to_owned(),
        };
        return Finding::ok(CHECK, says);
    }
    let says = format!(
        "every account must have {}: a first sign-in does not know that",
        names.join(", ")
    );
    Finding::fails(CHECK, says).with_fix(ANEW)
}

fn sign_up(pool: &Pool) -> Finding {
    const CHECK: &str = "pool.sign-up";
    if pool.admin_create_only {
        return Finding::ok(CHECK, "only resolvers make accounts");
    }
    Finding::leaks(
        CHECK,
        "anyone can call SignUp: it reveals which usernames exist and makes unproved accounts",
    )
    .with_fix(Fix::Pool(
        ".AdminCreateUserConfig.AllowAdminCreateUserOnly = true",
    ))
}

fn recovery(pool: &Pool) -> Finding {
    const CHECK: &str = "pool.recovery";
    if pool.recovery == ["admin_only"] {
        return Finding::ok(CHECK, "only an admin recovers accounts");
    }
    Finding::leaks(
        CHECK,
        "anyone can call ForgotPassword: it sends Cognito's own codes, past every budget",
    )
    .with_fix(Fix::Pool(
        r#".AccountRecoverySetting = {RecoveryMechanisms: [{Name: "admin_only", Priority: 1}]}"#,
    ))
}

fn mfa(pool: &Pool) -> Finding {
    const CHECK: &str = "pool.mfa";
    let fix = || {
        Fix::Command(format!(
            "aws cognito-idp set-user-pool-mfa-config --user-pool-id {} --mfa-configuration OFF",
            pool.id
        ))
    };
    match pool.mfa.as_str() {
        "OFF" => Finding::ok(CHECK, "the pool has no second factor"),
        // AWS does not document that custom authentication requires the second factor.
        "OPTIONAL" => Finding::leaks(
            CHECK,
            "second factors are optional: a user who has one may be able to sign in with a code alone",
        )
        .with_fix(fix()),
        _ => Finding::leaks(
            CHECK,
            "a second factor is required: a user who has one may be able to sign in with a code alone, and a new \
             user has none",
        )
        .with_fix(fix()),
    }
}

fn password(pool: &Pool) -> Finding {
    const CHECK: &str = "pool.password-policy";
    if pool.password_length <= PASSWORD_LENGTH {
        Finding::ok(CHECK, "a new account's random password passes the policy")
    } else {
        Finding::fails(
            CHECK,
            "passwords must be longer than the 100 characters a new account gets",
        )
        .with_fix(Fix::Pool(".Policies.PasswordPolicy.MinimumLength = 32"))
    }
}

fn deletion(pool: &Pool) -> Finding {
    const CHECK: &str = "pool.deletion-protection";
    if pool.deletion_protection {
        Finding::ok(CHECK, "the pool is protected against deletion")
    } else {
        Finding::note(
            CHECK,
            "the pool, and every account, can be deleted by one call",
        )
        .with_fix(Fix::Pool(r#".DeletionProtection = "ACTIVE""#))
    }
}

/// `GetUserAttributeVerificationCode` takes any access token and sends through the pool's own settings.
fn own_sms(pool: &Pool) -> Option<Finding> {
    pool.sends_sms.then(|| {
        Finding::note(
            "pool.own-sms",
            "Cognito can send SMS of its own: a signed-in user can request codes to their number, past every budget",
        )
        .with_fix(Fix::Words(
            "If nothing else needs SmsConfiguration, remove it from the pool.",
        ))
    })
}

fn other_triggers(pool: &Pool) -> Option<Finding> {
    const CHECK: &str = "pool.other-triggers";
    if pool.other_triggers.is_empty() {
        return None;
    }
    let says = format!(
        "other triggers are set ({}): PreSignUp runs when an account is made, and an error that it \
         throws is NotAdmitted to the user, without an account; PreAuthentication, \
         PostAuthentication and PreTokenGeneration at sign-ins, where each may refuse and takes time",
        pool.other_triggers.join(", ")
    );
    Some(Finding::note(CHECK, says))
}

fn threats(pool: &Pool, uses: &Uses) -> Option<Finding> {
    const CHECK: &str = "pool.threat-protection";
    let (mode, custom) = pool.threat_protection.as_ref()?;
    let says = format!(
        "threat protection is {mode}, for custom authentication {}",
        custom.as_deref().unwrap_or("off")
    );
    if may_refuse_sign_ins(custom.as_deref(), uses.signed_calls) {
        let says = format!(
            "{says}: it sees the addresses of Lambda, and may refuse the sign-ins of all users; they get no code"
        );
        let audit = r#".UserPoolAddOns.AdvancedSecurityAdditionalFlows.CustomAuthMode = "AUDIT""#;
        return Some(Finding::fails(CHECK, says).with_fix(Fix::Pool(audit)));
    }
    Some(Finding::note(CHECK, says))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;
    use crate::doctor::checks::good;

    const USES: Uses = Uses {
        email: Used::Yes,
        sms: Used::Yes,
        signed_calls: false,
        writes_contacts: false,
        username_attributes: Some(false),
    };

    #[test]
    fn each_check_of_the_pool_separates_safe_from_unsafe() {
        type Break = fn(&mut Pool);
        let cases: [(&str, State, Break); 19] = [
            ("pool.aliases", State::Leaks, |p| {
                p.username_attributes = vec!["email".to_owned()];
                p.admin_create_only = false;
            }),
            ("pool.aliases", State::Fails, |p| {
                p.alias_attributes = vec!["email".to_owned()];
            }),
            ("pool.preferred-username", State::Note, |p| {
                p.alias_attributes.push("preferred_username".to_owned());
            }),
            ("pool.case", State::Fails, |p| p.case_sensitive = true),
            ("pool.required-attributes", State::Fails, |p| {
                p.required.push("email".to_owned());
            }),
            ("pool.sign-up", State::Leaks, |p| {
                p.admin_create_only = false;
            }),
            ("pool.recovery", State::Leaks, |p| p.recovery = Vec::new()),
            ("pool.recovery", State::Leaks, |p| {
                p.recovery.push("verified_email".to_owned());
            }),
            ("pool.mfa", State::Leaks, |p| p.mfa = "ON".to_owned()),
            ("pool.mfa", State::Leaks, |p| p.mfa = "OPTIONAL".to_owned()),
            ("pool.mfa", State::Leaks, |p| p.mfa = String::new()),
            ("pool.password-policy", State::Fails, |p| {
                p.password_length = 101;
            }),
            ("pool.deletion-protection", State::Note, |p| {
                p.deletion_protection = false;
            }),
            ("pool.own-sms", State::Note, |p| p.sends_sms = true),
            ("pool.other-triggers", State::Note, |p| {
                p.other_triggers = vec!["PreSignUp"];
            }),
            ("pool.threat-protection", State::Note, |p| {
                p.threat_protection = Some(("AUDIT".to_owned(), None));
            }),
            ("pool.threat-protection", State::Note, |p| {
                p.threat_protection = Some(("ENFORCED".to_owned(), None));
            }),
            ("pool.threat-protection", State::Note, |p| {
                let audit = Some("AUDIT".to_owned());
                p.threat_protection = Some(("ENFORCED".to_owned(), audit));
            }),
            ("pool.threat-protection", State::Fails, |p| {
                let enforced = Some("ENFORCED".to_owned());
                p.threat_protection = Some(("AUDIT".to_owned(), enforced));
            }),
        ];
        for (check, expected, change) in cases {
            let mut pool = good::pool();
            change(&mut pool);
            let findings = judge(&pool, &USES);
            assert_eq!(good::state(&findings, check), expected, "{check}");
        }
    }

    #[test]
    fn a_trigger_of_new_accounts_is_noted_with_its_refusal() {
        let mut pool = good::pool();
        pool.other_triggers = vec!["PreSignUp"];
        let findings = judge(&pool, &USES);
        let found = findings.iter().find(|it| it.check == "pool.other-triggers");
        let says = &found.expect("a finding").says;
        assert!(says.contains("NotAdmitted"), "{says}");
    }

    #[test]
    fn a_missing_alias_is_noted_where_no_function_uses_it() {
        let state = |aliases: &[&str], email, sms| {
            let mut pool = good::pool();
            pool.alias_attributes = aliases.iter().map(|it| (*it).to_owned()).collect();
            let uses = Uses { email, sms, ..USES };
            good::state(&judge(&pool, &uses), "pool.aliases")
        };
        assert_eq!(state(&["email"], Used::Yes, Used::No), State::Note);
        assert_eq!(state(&["email"], Used::Yes, Used::Unknown), State::Fails);
        assert_eq!(state(&["email"], Used::No, Used::Yes), State::Fails);
        assert_eq!(state(&["phone_number"], Used::No, Used::Yes), State::Note);
        assert_eq!(state(&["phone_number"], Used::Yes, Used::Yes), State::Fails);
        assert_eq!(state(&[], Used::No, Used::No), State::Fails);
    }

    #[test]
    fn usernames_are_served_where_only_the_functions_write_them() {
        let judged = |usernames: &[&str], uses: &Uses, open: bool| {
            let mut pool = good::pool();
            pool.username_attributes = usernames.iter().map(|it| (*it).to_owned()).collect();
            pool.alias_attributes = Vec::new();
            pool.admin_create_only = !open;
            good::state(&judge(&pool, uses), "pool.aliases")
        };
        let uses = Uses {
            username_attributes: Some(true),
            ..USES
        };
        let both = &["email", "phone_number"];
        assert_eq!(judged(both, &uses, false), State::Note);
        assert_eq!(judged(both, &uses, true), State::Leaks);
        assert_eq!(judged(&["email"], &uses, false), State::Fails);
        let open = Uses {
            writes_contacts: true,
            ..uses
        };
        assert_eq!(judged(both, &open, false), State::Leaks);
        // The functions must know it.
        assert_eq!(judged(both, &USES, false), State::Fails);
        let uses = Uses {
            username_attributes: None,
            sms: Used::No,
            ..USES
        };
        assert_eq!(judged(&["email"], &uses, false), State::Note);
        // And they must not take aliases for usernames.
        let uses = Uses {
            username_attributes: Some(true),
            ..USES
        };
        let mut pool = good::pool();
        let state = |pool: &Pool| good::state(&judge(pool, &uses), "pool.aliases");
        assert_eq!(state(&pool), State::Fails);
        // Of functions that another pool invokes nothing is known.
        pool.triggers.clear();
        assert_eq!(state(&pool), State::Ok);
    }

    #[test]
    fn the_longest_required_password_passes() {
        let mut pool = good::pool();
        pool.password_length = 100;
        let findings = judge(&pool, &USES);
        assert_eq!(good::state(&findings, "pool.password-policy"), State::Ok);
    }

    #[test]
    fn the_only_contact_may_be_required() {
        let judged = |required: &[&str], email, sms| {
            let mut pool = good::pool();
            pool.required = required.iter().map(|it| (*it).to_owned()).collect();
            let uses = Uses { email, sms, ..USES };
            good::state(&judge(&pool, &uses), "pool.required-attributes")
        };
        assert_eq!(judged(&["sub", "email"], Used::Yes, Used::No), State::Ok);
        assert_eq!(judged(&["email"], Used::Yes, Used::Yes), State::Fails);
        assert_eq!(judged(&["email"], Used::Yes, Used::Unknown), State::Fails);
        assert_eq!(judged(&["email"], Used::No, Used::Yes), State::Fails);
        let phone = &["phone_number"];
        assert_eq!(judged(phone, Used::No, Used::Yes), State::Ok);
        assert_eq!(
            judged(&["email", "name"], Used::Yes, Used::No),
            State::Fails
        );
    }

    #[test]
    fn signed_calls_show_enforced_protection_the_client() {
        let mut pool = good::pool();
        let enforced = || "ENFORCED".to_owned();
        pool.threat_protection = Some((enforced(), Some(enforced())));
        let uses = Uses {
            signed_calls: true,
            ..USES
        };
        let findings = judge(&pool, &uses);
        assert_eq!(
            good::state(&findings, "pool.threat-protection"),
            State::Note
        );
    }
}
