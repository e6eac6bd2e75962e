//! Session mode. Sources: docs/adr/0035-session-mode.md, and Cognito's API reference
//! (`RefreshTokenRotationType`, `UserPoolClientType`).

use super::{client, unreadable};
use crate::doctor::facts::{Client, Facts, HttpApi, Read, SessionMode};
use crate::doctor::{Finding, Fix};

/// The grace period that a refresh needs, whose process may end before it stores the tokens. It is also
/// the longest that Cognito takes.
const GRACE_SECONDS: i32 = 60;

const DEPLOY: Fix = Fix::Words("Deploy in session mode again (docs/session-mode.md).");

/// Returns no finding where session mode is off, except about a function that could not be read while
/// the app client has a secret.
pub(super) fn judge(facts: &Facts) -> Vec<Finding> {
    let Some(mode) = &facts.session_mode else {
        return match &facts.client {
            Ok(client) if client.secret => unread(facts),
            _ => Vec::new(),
        };
    };
    let mut findings = functions(facts);
    findings.push(credential(mode));
    findings.extend(cors(&mode.apis));
    if let Ok(client) = &facts.client {
        findings.push(lifetime(client, facts));
        findings.push(rotation(client));
    }
    findings.extend(direct(facts));
    findings
}

fn unread(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (resolver, read) in &facts.resolvers {
        if let Err(unread) = read {
            let what = format!("the variables of {}", resolver.name());
            findings.push(unreadable("session.functions", &what, unread));
        }
    }
    findings
}

/// Both functions read cookies, or a browser that signs in gets no session.
fn functions(facts: &Facts) -> Vec<Finding> {
    const CHECK: &str = "session.functions";
    let mut findings = unread(facts);
    let without: Vec<_> = facts
        .resolvers
        .iter()
        .filter(|(_, read)| !matches!(read, Ok(Some(it)) if it.session_mode) && read.is_ok())
        .map(|(resolver, _)| resolver.name())
        .collect();
    if !without.is_empty() {
        let says = format!(
            "session mode is off, or could not be read, in {}",
            without.join(", ")
        );
        findings.push(Finding::fails(CHECK, says).with_fix(DEPLOY));
    }
    if findings.is_empty() {
        findings.push(Finding::ok(
            CHECK,
            "both functions of the API are in session mode",
        ));
    }
    findings
}

fn credential(mode: &SessionMode) -> Finding {
    const CHECK: &str = "session.credential";
    match &mode.credential {
        None => Finding::note(
            CHECK,
            "there is no server credential: the app's server gets no access token",
        ),
        Some(Err(unread)) => unreadable(CHECK, "the server credential", unread),
        Some(Ok(true)) => Finding::ok(CHECK, "the server credential can be read"),
        Some(Ok(false)) => Finding::fails(
            CHECK,
            "the secret is no server credential: one text of at least 32 characters, or two separated by a space",
        )
        .with_fix(Fix::Words(
            "Store another one, and give it to the app's server (docs/keys.md).",
        )),
    }
}

fn cors(apis: &Read<Vec<HttpApi>>) -> Vec<Finding> {
    const CHECK: &str = "session.cors";
    match apis {
        Err(unread) => vec![unreadable(CHECK, "the HTTP API", unread)],
        Ok(apis) if apis.is_empty() => vec![Finding::note(
            CHECK,
            "no HTTP API of API Gateway may call sign-up: the CORS of what is in front was not read",
        )],
        Ok(apis) => apis.iter().map(|api| origins(CHECK, api)).collect(),
    }
}

fn origins(check: &'static str, api: &HttpApi) -> Finding {
    let id = &api.id;
    let open: Vec<_> = api.origins.iter().filter(|it| it.contains('*')).collect();
    if open.is_empty() {
        let count = api.origins.len();
        let says =
            format!("the API {id} lets pages of {count} other origins call it, and no others");
        return Finding::ok(check, says);
    }
    Finding::leaks(
        check,
        format!("the API {id} lets pages of any origin call it: {open:?}"),
    )
    .with_fix(Fix::Words(
        "List the origins in sessionMode.origins, and deploy.",
    ))
}

fn lifetime(client: &Client, facts: &Facts) -> Finding {
    const CHECK: &str = "session.lifetime";
    let minutes = facts
        .resolvers
        .iter()
        .filter_map(|(_, read)| read.as_ref().ok()?.as_ref()?.session_minutes)
        .max();
    let Some(minutes) = minutes else {
        return Finding::unknown(CHECK, "could not read SESSION_HOURS of the functions");
    };
    let refresh = client.refresh_minutes;
    if refresh >= minutes {
        return Finding::ok(
            CHECK,
            format!("a refresh token ({refresh} min) outlives a session ({minutes} min)"),
        );
    }
    Finding::fails(
        CHECK,
        format!("a refresh token ({refresh} min) expires before its session ({minutes} min): the user must sign in again earlier than SESSION_HOURS says"),
    )
    .with_fix(Fix::Words(
        "Raise the client's RefreshTokenValidity (pool.refreshTokenLife), or lower SESSION_HOURS.",
    ))
}

fn rotation(client: &Client) -> Finding {
    const CHECK: &str = "session.rotation";
    let id = || client.id.clone();
    if !client.rotation {
        return Finding::note(
            CHECK,
            "refresh tokens do not rotate: each is of use until its session ends",
        )
        .with_fix(Fix::Client(
            id(),
            r#".RefreshTokenRotation = {Feature: "ENABLED", RetryGracePeriodSeconds: 60} | .ExplicitAuthFlows -= ["ALLOW_REFRESH_TOKEN_AUTH"]"#,
        ));
    }
    let grace = client.grace_seconds;
    if grace >= GRACE_SECONDS {
        return Finding::ok(
            CHECK,
            format!("refresh tokens rotate, with {grace} s of grace"),
        );
    }
    Finding::fails(
        CHECK,
        format!("a rotated refresh token is accepted for {grace} s only: a refresh that is interrupted signs the user out"),
    )
    .with_fix(Fix::Client(
        id(),
        ".RefreshTokenRotation.RetryGracePeriodSeconds = 60",
    ))
}

/// Only a client without a secret takes direct calls. The triggers refuse one that is not served, but
/// they run.
fn direct(facts: &Facts) -> Vec<Finding> {
    const CHECK: &str = "session.direct";
    let Ok(siblings) = &facts.siblings else {
        // `clients` reports it.
        return Vec::new();
    };
    let open: Vec<_> = siblings
        .iter()
        .filter_map(|sibling| sibling.as_ref().ok())
        .filter(|sibling| !sibling.secret && client::allows_custom(sibling))
        .collect();
    if open.is_empty() {
        let says = "no other client lets anyone start a flow at Cognito without a secret";
        return vec![Finding::ok(CHECK, says)];
    }
    open.into_iter()
        .map(|sibling| {
            Finding::leaks(
                CHECK,
                format!(
                    "client {} has no secret and allows custom authentication: anyone can start a flow at Cognito, past the HTTP API",
                    sibling.id
                ),
            )
            .with_fix(Fix::Client(
                sibling.id.clone(),
                r#".ExplicitAuthFlows = ["ALLOW_REFRESH_TOKEN_AUTH"] | .RefreshTokenRotation = {Feature: "DISABLED"}"#,
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;
    use crate::doctor::checks::{good, judge as judge_all};
    use crate::doctor::facts::{ResolverVariables, Unread};

    fn api(origins: &[&str]) -> HttpApi {
        HttpApi {
            id: "abc123".to_owned(),
            origins: origins.iter().map(|it| (*it).to_owned()).collect(),
        }
    }

    /// A deployment in session mode as it should be.
    fn facts() -> Facts {
        let mut facts = good::facts();
        let variables = ResolverVariables {
            session_mode: true,
            client_secret: true,
            ..good::resolver_variables()
        };
        for (_, read) in &mut facts.resolvers {
            *read = Ok(Some(variables.clone()));
        }
        let client = facts.client.as_mut().expect("a client");
        client.secret = true;
        client.flows.retain(|flow| flow == "ALLOW_CUSTOM_AUTH");
        (client.rotation, client.grace_seconds) = (true, 60);
        facts.apis = Ok(Vec::new());
        facts.session_mode = Some(SessionMode {
            credential: Some(Ok(true)),
            apis: Ok(vec![api(&["https://app.example.com"])]),
        });
        facts
    }

    fn client(facts: &mut Facts) -> &mut Client {
        facts.client.as_mut().expect("a client")
    }

    fn mode(facts: &mut Facts) -> &mut SessionMode {
        facts.session_mode.as_mut().expect("session mode")
    }

    fn denied<T>() -> Read<T> {
        Err(Unread {
            action: "secretsmanager:GetSecretValue",
            code: "AccessDeniedException".into(),
        })
    }

    #[test]
    fn a_correct_deployment_in_session_mode_has_no_findings() {
        for finding in judge_all(&facts(), good::CLIENT) {
            assert_eq!(finding.state, State::Ok, "{finding:?}");
        }
    }

    #[test]
    fn without_session_mode_nothing_is_said() {
        assert_eq!(judge(&good::facts()), []);
        // An operator with the rights of before sees what it saw.
        let mut facts = good::facts();
        facts.resolvers[0].1 = denied();
        assert_eq!(judge(&facts), []);
        client(&mut facts).secret = true;
        assert_eq!(
            good::state(&judge(&facts), "session.functions"),
            State::Unknown
        );
    }

    #[test]
    fn each_check_of_session_mode_separates_right_from_wrong() {
        type Break = fn(&mut Facts);
        let cases: [(&str, State, Break); 15] = [
            ("session.functions", State::Fails, |f| {
                f.resolvers[1].1 = Ok(Some(good::resolver_variables()));
            }),
            ("session.functions", State::Fails, |f| {
                f.resolvers[1].1 = Ok(None);
            }),
            ("session.functions", State::Unknown, |f| {
                f.resolvers[1].1 = denied();
            }),
            ("session.credential", State::Fails, |f| {
                mode(f).credential = Some(Ok(false));
            }),
            ("session.credential", State::Note, |f| {
                mode(f).credential = None;
            }),
            ("session.credential", State::Unknown, |f| {
                mode(f).credential = Some(denied());
            }),
            ("session.cors", State::Leaks, |f| {
                mode(f).apis = Ok(vec![api(&["https://app.example.com", "*"])]);
            }),
            ("session.cors", State::Leaks, |f| {
                mode(f).apis = Ok(vec![api(&["https://*"])]);
            }),
            ("session.cors", State::Note, |f| {
                mode(f).apis = Ok(Vec::new());
            }),
            ("session.cors", State::Unknown, |f| mode(f).apis = denied()),
            ("session.lifetime", State::Fails, |f| {
                client(f).refresh_minutes = 43_199;
            }),
            ("session.lifetime", State::Unknown, |f| {
                for (_, read) in &mut f.resolvers {
                    let variables = read.as_mut().expect("it was read");
                    variables.as_mut().expect("variables").session_minutes = None;
                }
            }),
            ("session.rotation", State::Note, |f| {
                client(f).rotation = false;
            }),
            ("session.rotation", State::Fails, |f| {
                client(f).grace_seconds = 59;
            }),
            ("session.direct", State::Leaks, |f| {
                f.siblings = Ok(vec![Ok(good::client())]);
            }),
        ];
        for (check, expected, change) in cases {
            let mut facts = facts();
            change(&mut facts);
            assert_eq!(good::state(&judge(&facts), check), expected, "{check}");
        }
    }

    #[test]
    fn another_client_is_harmless_with_a_secret_or_without_the_flow() {
        let mut with_secret = good::client();
        with_secret.secret = true;
        let mut refreshes = good::client();
        refreshes
            .flows
            .retain(|flow| flow == "ALLOW_REFRESH_TOKEN_AUTH");
        let mut facts = facts();
        facts.siblings = Ok(vec![Ok(with_secret), Ok(refreshes)]);
        assert_eq!(good::state(&judge(&facts), "session.direct"), State::Ok);
        // Without any flow set, Cognito allows custom authentication.
        let mut unset = good::client();
        unset.flows.clear();
        facts.siblings = Ok(vec![Ok(unset)]);
        assert_eq!(good::state(&judge(&facts), "session.direct"), State::Leaks);
    }

    #[test]
    fn the_functions_of_a_secret_are_known_only_if_all_were_read() {
        let mut facts = facts();
        assert_eq!(facts.client_secret(), Some(true));
        facts.resolvers[0].1 = Ok(Some(good::resolver_variables()));
        assert_eq!(facts.client_secret(), Some(false));
        facts.resolvers[0].1 = Ok(None);
        assert_eq!(facts.client_secret(), None);
        facts.resolvers.clear();
        assert_eq!(facts.client_secret(), None);
    }
}
