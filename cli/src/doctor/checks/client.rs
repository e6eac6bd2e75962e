//! App clients. Sources: Cognito's API reference (`UserPoolClientType`), and in its developer guide
//! "Managing user existence error responses" and "Working with attributes and permissions".

use crate::doctor::facts::Client;
use crate::doctor::{Finding, Fix};

/// Attributes that an account is found by.
const CONTACTS: [&str; 4] = [
    "email",
    "email_verified",
    "phone_number",
    "phone_number_verified",
];

/// An attribute that an account is found by where it is an alias of the pool. It could be set to the
/// address of a user who has no account yet.
pub(super) const PREFERRED_USERNAME: &str = "preferred_username";

/// The flow that AWS requires to be off where refresh tokens rotate (Cognito's developer guide, "Refresh
/// tokens"). `GetTokensFromRefreshToken` works without it.
const REFRESH: &str = "ALLOW_REFRESH_TOKEN_AUTH";

/// The change to the flows that a client needs to be served.
const fn flows(client: &Client) -> &'static str {
    if client.rotation {
        r#".ExplicitAuthFlows = ["ALLOW_CUSTOM_AUTH"]"#
    } else {
        r#".ExplicitAuthFlows = ["ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]"#
    }
}

/// The change to the flows of a client that the triggers refuse: its sessions can still be refreshed. An
/// empty list would allow SRP, so that a client with rotation keeps custom authentication.
const fn sibling_flows(client: &Client) -> &'static str {
    if client.rotation {
        flows(client)
    } else {
        r#".ExplicitAuthFlows = ["ALLOW_REFRESH_TOKEN_AUTH"]"#
    }
}

/// The client that the app uses. `names_are_aliases` if `preferred_username` is an alias of the pool, or
/// may be. `secret_known` if the functions have the client's secret; none if that was not read.
pub(super) fn served(
    client: &Client,
    names_are_aliases: bool,
    code_seconds: Option<i32>,
    secret_known: Option<bool>,
) -> Vec<Finding> {
    vec![
        existence(client, "client.existence-errors"),
        custom(client),
        extra_flows(client, "client.flows", flows(client)),
        oauth(client, "client.oauth"),
        refresh(client),
        writable(client, names_are_aliases, "client.writable"),
        secret(client, secret_known),
        session(client, code_seconds),
        revocation(client),
    ]
}

/// Another client of the pool: what it allows, it allows for the same accounts.
pub(super) fn sibling(client: &Client, names_are_aliases: bool, served: &[String]) -> Vec<Finding> {
    let is_served = served.contains(&client.id);
    let change = if is_served {
        flows(client)
    } else {
        sibling_flows(client)
    };
    let mut findings = vec![
        existence(client, "clients.existence-errors"),
        extra_flows(client, "clients.flows", change),
        oauth(client, "clients.oauth"),
        writable(client, names_are_aliases, "clients.writable"),
    ];
    // A sign-in may be for any client of the list.
    if is_served && !allows_custom(client) {
        let text = format!(
            "client {} is in CLIENT_IDS, and custom authentication is not allowed: no user can sign in at it",
            client.id
        );
        let finding = Finding::fails("clients.custom-auth", text);
        findings.push(finding.with_fix(fix(client, change)));
    }
    if is_served && client.secret {
        findings.push(
            Finding::fails(
                "clients.secret",
                format!(
                    "client {} is in CLIENT_IDS and has a secret, which the functions have of the first client alone",
                    client.id
                ),
            )
            .with_fix(Fix::Words(
                "A secret cannot be removed: make a client without one and put it in CLIENT_IDS.",
            )),
        );
    }
    if allows_custom(client) && !is_served {
        findings.push(Finding::note(
            "clients.triggers",
            format!(
                "client {} reaches the triggers, which refuse it: it is not in CLIENT_IDS",
                client.id
            ),
        ));
    }
    findings
}

fn fix(client: &Client, change: &'static str) -> Fix {
    Fix::Client(client.id.clone(), change)
}

pub(super) fn allows_custom(client: &Client) -> bool {
    client.flows.is_empty()
        || client
            .flows
            .iter()
            .any(|flow| flow == "ALLOW_CUSTOM_AUTH" || flow == "CUSTOM_AUTH_FLOW_ONLY")
}

fn existence(client: &Client, check: &'static str) -> Finding {
    let id = &client.id;
    if client.hides_missing_users {
        return Finding::ok(
            check,
            format!("client {id} does not tell who has an account"),
        );
    }
    Finding::leaks(
        check,
        format!(
            "client {id} reveals to any caller which identifiers have accounts: PreventUserExistenceErrors is LEGACY"
        ),
    )
    .with_fix(fix(client, r#".PreventUserExistenceErrors = "ENABLED""#))
}

fn custom(client: &Client) -> Finding {
    const CHECK: &str = "client.custom-auth";
    if allows_custom(client) {
        Finding::ok(CHECK, "custom authentication is allowed")
    } else {
        Finding::fails(
            CHECK,
            "custom authentication is not allowed: no user can sign in",
        )
        .with_fix(fix(client, flows(client)))
    }
}

/// Without any flow set, a client allows SRP, custom authentication and refresh.
fn extra_flows(client: &Client, check: &'static str, change: &'static str) -> Finding {
    let id = &client.id;
    if client.flows.is_empty() {
        return Finding::leaks(
            check,
            format!("client {id} has no auth flows set, which allows password sign-in (SRP)"),
        )
        .with_fix(fix(client, change));
    }
    let ours = [
        "ALLOW_CUSTOM_AUTH",
        "ALLOW_REFRESH_TOKEN_AUTH",
        "CUSTOM_AUTH_FLOW_ONLY",
    ];
    let extra: Vec<_> = client
        .flows
        .iter()
        .map(String::as_str)
        .filter(|flow| !ours.contains(flow))
        .collect();
    if extra.is_empty() {
        return Finding::ok(check, format!("client {id} allows no other auth flow"));
    }
    Finding::leaks(
        check,
        format!(
            "client {id} allows other ways to sign in, past every budget: {}",
            extra.join(", ")
        ),
    )
    .with_fix(fix(client, change))
}

/// Auth flows govern the API alone. Managed login and identity providers sign in by OAuth.
fn oauth(client: &Client, check: &'static str) -> Finding {
    let id = &client.id;
    if !client.oauth {
        return Finding::ok(check, format!("client {id} does not sign in by OAuth"));
    }
    Finding::leaks(
        check,
        format!(
            "client {id} signs in by OAuth too: managed login may take passwords, and an identity provider may take an alias"
        ),
    )
    .with_fix(fix(
        client,
        r#".AllowedOAuthFlowsUserPoolClient = false | .SupportedIdentityProviders = ["COGNITO"]
      | del(.AllowedOAuthFlows, .AllowedOAuthScopes)"#,
    ))
}

/// Tokens show what was proved after they are refreshed.
fn refresh(client: &Client) -> Finding {
    const CHECK: &str = "client.refresh";
    let has = |wanted| client.flows.iter().any(|flow| flow == wanted);
    if client.rotation && has(REFRESH) {
        return Finding::note(
            CHECK,
            format!("refresh tokens rotate and {REFRESH} is on: AWS wants it off, and may refuse the next change of this client"),
        )
        .with_fix(fix(
            client,
            r#".ExplicitAuthFlows -= ["ALLOW_REFRESH_TOKEN_AUTH"]"#,
        ));
    }
    if client.rotation || has(REFRESH) || has("CUSTOM_AUTH_FLOW_ONLY") || client.flows.is_empty() {
        Finding::ok(CHECK, "tokens can be refreshed")
    } else {
        Finding::fails(
            CHECK,
            "tokens cannot be refreshed: a changed contact does not show until the next sign-in",
        )
        .with_fix(fix(client, flows(client)))
    }
}

fn writable(client: &Client, names_are_aliases: bool, check: &'static str) -> Finding {
    let id = &client.id;
    let open: Vec<_> = if client.writable.is_empty() {
        vec!["every standard attribute"]
    } else {
        CONTACTS
            .into_iter()
            .chain(names_are_aliases.then_some(PREFERRED_USERNAME))
            .filter(|name| client.writable.iter().any(|writable| writable == name))
            .collect()
    };
    if open.is_empty() {
        return Finding::ok(
            check,
            format!("client {id} lets no token write what an account is found by"),
        );
    }
    // An empty list means every standard attribute to Cognito, before the change and after it.
    let change = if names_are_aliases {
        r#".WriteAttributes |= ((. // []) - ["email", "email_verified", "phone_number", "phone_number_verified", "preferred_username"] | if . == [] then ["given_name", "family_name", "locale"] else . end)"#
    } else {
        r#".WriteAttributes |= ((. // []) - ["email", "email_verified", "phone_number", "phone_number_verified"] | if . == [] then ["given_name", "family_name", "locale"] else . end)"#
    };
    Finding::leaks(
        check,
        format!(
            "client {id} lets the holder of a token write {}: an account is found by it without proof",
            open.join(", ")
        ),
    )
    .with_fix(fix(client, change))
}

fn secret(client: &Client, known: Option<bool>) -> Finding {
    const CHECK: &str = "client.secret";
    match (client.secret, known) {
        (true, Some(true)) => Finding::ok(CHECK, "the client has a secret, and the functions know it"),
        (true, None) => Finding::unknown(
            CHECK,
            "the client has a secret, and it was not read whether the functions behind the API have CLIENT_SECRET_SECRET",
        ),
        (true, Some(false)) => Finding::fails(
            CHECK,
            "the client has a secret, so every call needs a SECRET_HASH, and the functions have no CLIENT_SECRET_SECRET",
        )
        .with_fix(Fix::Words(
            "A secret cannot be removed: deploy in session mode, or make a client without one and put it in CLIENT_IDS.",
        )),
        (false, Some(true)) => Finding::fails(
            CHECK,
            "the client has no secret, and the functions send a SECRET_HASH, which Cognito then refuses",
        )
        .with_fix(Fix::Words(
            "A client never gets a secret: make one with GenerateSecret and put it in CLIENT_IDS.",
        )),
        (false, _) => Finding::ok(CHECK, "the client has no secret"),
    }
}

fn session(client: &Client, code_seconds: Option<i32>) -> Finding {
    const CHECK: &str = "client.session-validity";
    let Some(life) = code_seconds else {
        return Finding::unknown(
            CHECK,
            "could not compare a session's life with a code's: CODE_SECONDS of CreateAuthChallenge was not read",
        );
    };
    let session = client.session_minutes.saturating_mul(60);
    if session >= life {
        return Finding::ok(
            CHECK,
            format!("a session ({session} s) outlives a code ({life} s)"),
        );
    }
    Finding::fails(
        CHECK,
        format!("a session ends after {session} s, before its code does ({life} s)"),
    )
    .with_fix(fix(client, ".AuthSessionValidity = 15"))
}

fn revocation(client: &Client) -> Finding {
    const CHECK: &str = "client.revocation";
    if client.revocation {
        Finding::ok(CHECK, "tokens can be revoked")
    } else {
        Finding::leaks(
            CHECK,
            "tokens cannot be revoked: a stolen one works until it expires",
        )
        .with_fix(fix(client, ".EnableTokenRevocation = true"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;
    use crate::doctor::checks::good;

    fn named(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn each_check_of_the_client_separates_safe_from_unsafe() {
        type Break = fn(&mut Client);
        let cases: [(&str, State, Break); 13] = [
            ("client.oauth", State::Leaks, |c| c.oauth = true),
            ("client.existence-errors", State::Leaks, |c| {
                c.hides_missing_users = false;
            }),
            ("client.custom-auth", State::Fails, |c| {
                c.flows = named(&["ALLOW_REFRESH_TOKEN_AUTH"]);
            }),
            ("client.flows", State::Leaks, |c| c.flows = named(&[])),
            ("client.flows", State::Leaks, |c| {
                c.flows.push("ALLOW_USER_PASSWORD_AUTH".to_owned());
            }),
            ("client.flows", State::Leaks, |c| {
                c.flows.push("ALLOW_SOMETHING_NEW".to_owned());
            }),
            ("client.refresh", State::Fails, |c| {
                c.flows = named(&["ALLOW_CUSTOM_AUTH"]);
            }),
            ("client.refresh", State::Ok, |c| {
                c.flows = named(&["ALLOW_CUSTOM_AUTH"]);
                c.rotation = true;
            }),
            ("client.refresh", State::Note, |c| c.rotation = true),
            ("client.writable", State::Leaks, |c| c.writable = Vec::new()),
            ("client.writable", State::Leaks, |c| {
                c.writable.push("phone_number".to_owned());
            }),
            ("client.session-validity", State::Fails, |c| {
                c.session_minutes = 4;
            }),
            ("client.revocation", State::Leaks, |c| c.revocation = false),
        ];
        for (check, expected, change) in cases {
            let mut client = good::client();
            change(&mut client);
            let findings = served(&client, false, Some(300), None);
            assert_eq!(good::state(&findings, check), expected, "{check}");
        }
    }

    #[test]
    fn a_secret_is_right_if_the_functions_know_it() {
        for (has, known, expected) in [
            (false, None, State::Ok),
            (false, Some(false), State::Ok),
            (false, Some(true), State::Fails),
            (true, None, State::Unknown),
            (true, Some(false), State::Fails),
            (true, Some(true), State::Ok),
        ] {
            let client = Client {
                secret: has,
                ..good::client()
            };
            let findings = served(&client, false, Some(300), known);
            assert_eq!(
                good::state(&findings, "client.secret"),
                expected,
                "{has} {known:?}"
            );
        }
    }

    #[test]
    fn a_preferred_username_is_not_writable_where_it_is_an_alias() {
        let mut client = good::client();
        client.writable.push(PREFERRED_USERNAME.to_owned());
        let of = |names_are_aliases| {
            let findings = served(&client, names_are_aliases, Some(300), None);
            let others = sibling(&client, names_are_aliases, &[]);
            [
                good::state(&findings, "client.writable"),
                good::state(&others, "clients.writable"),
            ]
        };
        assert_eq!(of(false), [State::Ok; 2]);
        assert_eq!(of(true), [State::Leaks; 2]);
        let finding = writable(&client, true, "client.writable");
        let fix = format!("{:?}", finding.fix);
        assert!(fix.contains("preferred_username"), "{fix}");
        // What remains of a list may be empty, which opens every standard attribute.
        let (_, after) = fix
            .split_once("preferred_username")
            .expect("the subtraction");
        assert!(after.contains("if . == [] then"), "{fix}");
    }

    #[test]
    fn no_fix_puts_the_refresh_flow_beside_rotation() {
        let changes = |findings: Vec<Finding>| -> Vec<_> {
            let fixes = findings.into_iter().filter_map(|finding| finding.fix);
            fixes
                .filter_map(|fix| match fix {
                    Fix::Client(_, change) => Some(change),
                    _ => None,
                })
                .filter(|change| change.contains("Flows ="))
                .collect()
        };
        let mut client = good::client();
        client.flows = Vec::new();
        let both = r#".ExplicitAuthFlows = ["ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]"#;
        let refresh = r#".ExplicitAuthFlows = ["ALLOW_REFRESH_TOKEN_AUTH"]"#;
        let custom = r#".ExplicitAuthFlows = ["ALLOW_CUSTOM_AUTH"]"#;
        let served_id = [client.id.clone()];
        assert_eq!(changes(served(&client, false, Some(300), None)), [both]);
        assert_eq!(changes(sibling(&client, false, &served_id)), [both]);
        assert_eq!(changes(sibling(&client, false, &[])), [refresh]);
        client.rotation = true;
        assert_eq!(changes(served(&client, false, Some(300), None)), [custom]);
        assert_eq!(changes(sibling(&client, false, &served_id)), [custom]);
        assert_eq!(changes(sibling(&client, false, &[])), [custom]);
    }

    #[test]
    fn a_session_may_end_with_its_code_but_not_before() {
        let mut client = good::client();
        client.session_minutes = 5;
        let of = |client: &Client, life| {
            good::state(
                &served(client, false, life, None),
                "client.session-validity",
            )
        };
        assert_eq!(of(&client, Some(300)), State::Ok);
        assert_eq!(of(&client, Some(301)), State::Fails);
        assert_eq!(of(&client, None), State::Unknown);
    }

    #[test]
    fn another_client_may_not_reveal_write_or_take_passwords() {
        let mut other = good::client();
        other.id = "other".to_owned();
        other.hides_missing_users = false;
        other.flows = Vec::new();
        other.writable = Vec::new();
        let findings = sibling(&other, false, &[good::CLIENT.to_owned()]);
        for check in [
            "clients.existence-errors",
            "clients.flows",
            "clients.writable",
        ] {
            assert_eq!(good::state(&findings, check), State::Leaks);
        }
        assert_eq!(good::state(&findings, "clients.triggers"), State::Note);
        let served_too = sibling(&good::client(), false, &[good::CLIENT.to_owned()]);
        assert!(served_too.iter().all(|finding| finding.state == State::Ok));
        let mut unusable = good::client();
        unusable.secret = true;
        unusable.flows = vec!["ALLOW_REFRESH_TOKEN_AUTH".to_owned()];
        let findings = sibling(&unusable, false, &[good::CLIENT.to_owned()]);
        for check in ["clients.custom-auth", "clients.secret"] {
            assert_eq!(good::state(&findings, check), State::Fails);
        }
        let findings = sibling(&unusable, false, &[]);
        assert!(findings.iter().all(|finding| finding.state != State::Fails));
    }
}
