//! A flow for an address without account, on the live pool: tests the behavior that the design
//! relies on.
//!
//! The address is random and of a domain that can have no mailbox (RFC 2606), and without a ticket the
//! flow is a decoy: it writes and sends nothing. The calls are the public ones, which need no right, and
//! those of [`signed`]. Cognito does not count a missing user as active.

use std::collections::HashMap;

use aws_sdk_cognitoidentityprovider::Client;
use aws_sdk_cognitoidentityprovider::types::{AuthFlowType, ChallengeNameType};
use uuid::Uuid;

use crate::access::Access;
use crate::doctor::read::patient;
use crate::doctor::{Finding, Fix, signed};
use crate::error_code::ErrorCode;

/// A challenge, or the code of the error that came instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// A challenge: what the session carries on with, and the public parameters.
    Challenge {
        /// The session.
        session: String,
        /// `ChallengeParameters`
        parameters: HashMap<String, String>,
    },
    /// Tokens.
    Tokens,
    /// An error.
    Refused(String),
}

impl Reply {
    pub(crate) fn session(&self) -> Option<&str> {
        match self {
            Self::Challenge { session, .. } => Some(session),
            _ => None,
        }
    }

    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        match self {
            Self::Challenge { parameters, .. } => parameters.get(name).map(String::as_str),
            _ => None,
        }
    }
}

/// The observations of the probe.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The address.
    pub address: String,
    /// `InitiateAuth`
    pub opened: Reply,
    /// The answer that names the method, in `ClientMetadata`.
    pub chosen: Option<Reply>,
    /// Wrong codes, one after another, for as long as there are attempts.
    pub guesses: Vec<Reply>,
    /// The first session, answered a second time.
    pub replayed: Option<Reply>,
}

/// Reports whether Cognito refuses a flow without the client's secret, as it must if the client has one.
pub async fn refused(access: &Access, client_id: &str) -> Finding {
    refusal(&open(&patient(access), client_id, &address()).await)
}

fn refusal(opened: &Reply) -> Finding {
    const CHECK: &str = "probe.secret";
    match opened {
        Reply::Refused(code) if code == "NotAuthorizedException" => Finding::ok(
            CHECK,
            "Cognito refuses to start a flow without the client's secret",
        ),
        Reply::Refused(code) => Finding::unknown(
            CHECK,
            format!("a flow without the client's secret was refused, but by {code}"),
        ),
        _ => Finding::leaks(
            CHECK,
            "Cognito starts a flow without the client's secret: anyone can, past the HTTP API",
        ),
    }
}

/// Makes the flows, and reports how the pool behaved. `signed_calls` says whether the deployed
/// functions make signed calls.
pub async fn run(
    access: &Access,
    pool_id: &str,
    client_id: &str,
    signed_calls: bool,
) -> Vec<Finding> {
    let cognito = patient(access);
    let mut findings = judge(&see(&cognito, client_id).await);
    let seen = signed::see(&cognito, pool_id, client_id).await;
    findings.push(signed::judge(&seen, signed_calls));
    findings
}

/// Returns a random address that can have no mailbox.
pub(crate) fn address() -> String {
    format!("{}@probe.invalid", Uuid::new_v4().simple())
}

async fn see(cognito: &Client, client_id: &str) -> Seen {
    let address = address();
    let opened = open(cognito, client_id, &address).await;
    let mut seen = Seen {
        address,
        opened,
        chosen: None,
        guesses: Vec::new(),
        replayed: None,
    };
    let Some(first) = seen.opened.session() else {
        return seen;
    };
    let choose = |session| answer(cognito, client_id, &seen.address, session, "-", true);
    let chosen = choose(first.to_owned()).await;
    let mut last = chosen.clone();
    while let Some(session) = last.session() {
        // Different ones: the same answer again is not another attempt.
        let guess = format!("{:06}", seen.guesses.len());
        if seen.guesses.len() == 6 || last.parameter("step") != Some("otp") {
            break;
        }
        let session = session.to_owned();
        last = answer(cognito, client_id, &seen.address, session, &guess, false).await;
        seen.guesses.push(last.clone());
    }
    // Last, for Cognito may end a flow whose session is answered twice.
    seen.replayed = Some(choose(first.to_owned()).await);
    seen.chosen = Some(chosen);
    seen
}

async fn open(cognito: &Client, client_id: &str, address: &str) -> Reply {
    let output = cognito
        .initiate_auth()
        .auth_flow(AuthFlowType::CustomAuth)
        .client_id(client_id)
        .auth_parameters("USERNAME", address)
        .send()
        .await;
    match output {
        Ok(output) if output.authentication_result().is_some() => Reply::Tokens,
        Ok(output) => challenge(output.session, output.challenge_parameters),
        Err(error) => Reply::Refused(ErrorCode::of(&error).to_string()),
    }
}

async fn answer(
    cognito: &Client,
    client_id: &str,
    address: &str,
    session: String,
    answer: &str,
    choosing: bool,
) -> Reply {
    let mut call = cognito
        .respond_to_auth_challenge()
        .client_id(client_id)
        .challenge_name(ChallengeNameType::CustomChallenge)
        .session(session)
        .challenge_responses("USERNAME", address)
        .challenge_responses("ANSWER", answer);
    if choosing {
        call = call.client_metadata("method", "email");
    }
    match call.send().await {
        Ok(output) if output.authentication_result().is_some() => Reply::Tokens,
        Ok(output) => challenge(output.session, output.challenge_parameters),
        Err(error) => Reply::Refused(ErrorCode::of(&error).to_string()),
    }
}

pub(crate) fn challenge(
    session: Option<String>,
    parameters: Option<HashMap<String, String>>,
) -> Reply {
    match session {
        Some(session) => Reply::Challenge {
            session,
            parameters: parameters.unwrap_or_default(),
        },
        None => Reply::Refused("no session".to_owned()),
    }
}

/// Returns the findings on the pool's behavior.
pub fn judge(seen: &Seen) -> Vec<Finding> {
    const GHOST: &str = "probe.ghost";
    match &seen.opened {
        Reply::Challenge { .. } => {}
        Reply::Tokens => {
            return vec![Finding::leaks(
                GHOST,
                "the pool issued tokens to an address without an account, unasked",
            )];
        }
        Reply::Refused(code) if code == "UserNotFoundException" => {
            return vec![
                Finding::leaks(
                    GHOST,
                    "the pool says that an address has no account: anyone can ask it about any address",
                )
                .with_fix(Fix::Words(
                    "Set PreventUserExistenceErrors to ENABLED; see client.existence-errors.",
                )),
            ];
        }
        Reply::Refused(code) => {
            return vec![Finding::fails(
                GHOST,
                format!("a flow could not be opened: InitiateAuth answered {code}"),
            )];
        }
    }
    let mut findings = vec![if seen.opened.parameter("step") == Some("select") {
        Finding::ok(GHOST, "the triggers run for an address without an account")
    } else {
        Finding::fails(
            GHOST,
            "the first challenge is not Latchstring's: other triggers answer",
        )
    }];
    findings.push(username(seen));
    if let Some(chosen) = &seen.chosen {
        findings.push(metadata(chosen));
    }
    findings.push(rounds(seen));
    findings.extend(seen.replayed.as_ref().map(replay));
    findings
}

fn username(seen: &Seen) -> Finding {
    const CHECK: &str = "probe.username";
    match seen.opened.parameter("USERNAME") {
        Some(name) if name == seen.address => {
            Finding::ok(CHECK, "ChallengeParameters.USERNAME is what was typed")
        }
        Some(_) => Finding::note(
            CHECK,
            "ChallengeParameters.USERNAME is another name than what was typed: a direct caller may tell accounts apart by it",
        ),
        None => Finding::note(
            CHECK,
            "ChallengeParameters has no USERNAME: resolvers go on with what was typed",
        ),
    }
}

/// The step is passed only if Verify saw the method in `ClientMetadata`, and reached only if Define saw
/// what Create put into the session.
fn metadata(chosen: &Reply) -> Finding {
    const CHECK: &str = "probe.metadata";
    match chosen {
        Reply::Challenge { .. } if chosen.parameter("step") == Some("otp") => Finding::ok(
            CHECK,
            "ClientMetadata and challenge metadata reach the triggers",
        ),
        Reply::Challenge { .. } => Finding::fails(
            CHECK,
            "naming a method led to no code: ClientMetadata or challenge metadata did not reach the triggers",
        ),
        Reply::Tokens => Finding::leaks(CHECK, "naming a method was enough for tokens"),
        Reply::Refused(code) => Finding::fails(
            CHECK,
            format!("naming a method ended the flow: RespondToAuthChallenge answered {code}"),
        ),
    }
}

fn rounds(seen: &Seen) -> Finding {
    const CHECK: &str = "probe.rounds";
    let chain = || {
        [Some(&seen.opened), seen.chosen.as_ref()]
            .into_iter()
            .flatten()
            .chain(&seen.guesses)
    };
    if chain().any(|reply| *reply == Reply::Tokens) {
        return Finding::leaks(CHECK, "a wrong code was enough for tokens");
    }
    let allowed: Option<usize> = seen
        .chosen
        .as_ref()
        .and_then(|chosen| chosen.parameter("attemptsLeft"))
        .and_then(|left| left.parse().ok());
    let Some(allowed) = allowed else {
        return Finding::fails(
            CHECK,
            "the pool requested no code, so no wrong code was answered",
        );
    };
    let sessions: Vec<_> = chain().filter_map(Reply::session).collect();
    let renewed = sessions.windows(2).all(|pair| pair[0] != pair[1]);
    // The last wrong answer ends the flow.
    let ended = matches!(seen.guesses.last(), Some(Reply::Refused(code)) if code == "NotAuthorizedException");
    let tried = seen.guesses.len();
    if tried != allowed || !ended {
        return Finding::fails(
            CHECK,
            format!(
                "{allowed} wrong codes should end a flow; here {tried} were taken or it went on"
            ),
        );
    }
    if renewed {
        Finding::ok(
            CHECK,
            format!("a flow takes {allowed} wrong codes, each with a new session, and ends"),
        )
    } else {
        Finding::note(
            CHECK,
            format!("a flow takes {allowed} wrong codes and ends; its session stays the same"),
        )
    }
}

/// Whatever Cognito does, an old session gains nothing: the flow's own row decides.
fn replay(replayed: &Reply) -> Finding {
    const CHECK: &str = "probe.replay";
    match replayed {
        Reply::Challenge { .. } => Finding::note(
            CHECK,
            "a session can be answered more than once; that gains nothing, the flow's own row decides",
        ),
        Reply::Tokens => Finding::leaks(CHECK, "a used session was good for tokens"),
        Reply::Refused(code) if code == "NotAuthorizedException" => {
            Finding::ok(CHECK, "a session can be answered once")
        }
        Reply::Refused(code) => Finding::unknown(
            CHECK,
            format!("could not tell whether a session can be answered twice: {code}"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;
    use crate::doctor::checks::good::state;

    const ADDRESS: &str = "x@probe.invalid";

    fn challenge(session: &str, step: &str, left: &str) -> Reply {
        let parameters = [
            ("USERNAME", ADDRESS),
            ("step", step),
            ("attemptsLeft", left),
        ];
        Reply::Challenge {
            session: session.to_owned(),
            parameters: parameters
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
        }
    }

    fn refused(code: &str) -> Reply {
        Reply::Refused(code.to_owned())
    }

    fn seen() -> Seen {
        Seen {
            address: ADDRESS.to_owned(),
            opened: challenge("1", "select", ""),
            chosen: Some(challenge("2", "otp", "2")),
            guesses: vec![
                challenge("3", "otp", "1"),
                refused("NotAuthorizedException"),
            ],
            replayed: Some(refused("NotAuthorizedException")),
        }
    }

    #[test]
    fn a_client_with_a_secret_must_not_start_a_flow_without_it() {
        for (opened, expected) in [
            (refused("NotAuthorizedException"), State::Ok),
            (refused("TooManyRequestsException"), State::Unknown),
            (challenge("1", "select", ""), State::Leaks),
            (Reply::Tokens, State::Leaks),
        ] {
            assert_eq!(refusal(&opened).state, expected, "{opened:?}");
        }
    }

    #[test]
    fn a_correct_pool_passes_the_probe() {
        assert!(
            judge(&seen())
                .iter()
                .all(|finding| finding.state == State::Ok)
        );
    }

    #[test]
    fn each_deviation_is_reported() {
        type Bend = fn(&mut Seen);
        let cases: [(&str, State, Bend); 13] = [
            ("probe.ghost", State::Leaks, |s| s.opened = Reply::Tokens),
            ("probe.ghost", State::Leaks, |s| {
                s.opened = refused("UserNotFoundException");
            }),
            ("probe.ghost", State::Fails, |s| {
                s.opened = refused("NotAuthorizedException");
            }),
            ("probe.ghost", State::Fails, |s| {
                s.opened = challenge("1", "", "");
            }),
            ("probe.username", State::Note, |s| {
                s.address = "y@probe.invalid".to_owned();
            }),
            ("probe.metadata", State::Fails, |s| {
                s.chosen = Some(challenge("2", "select", "2"));
            }),
            ("probe.metadata", State::Leaks, |s| {
                s.chosen = Some(Reply::Tokens);
            }),
            ("probe.rounds", State::Leaks, |s| {
                s.guesses = vec![Reply::Tokens];
            }),
            ("probe.rounds", State::Fails, |s| {
                s.guesses[1] = challenge("4", "otp", "0");
            }),
            ("probe.rounds", State::Fails, |s| s.guesses.truncate(1)),
            ("probe.rounds", State::Note, |s| {
                s.guesses[0] = challenge("2", "otp", "1");
            }),
            ("probe.replay", State::Note, |s| {
                s.replayed = Some(challenge("9", "otp", "2"));
            }),
            ("probe.replay", State::Leaks, |s| {
                s.replayed = Some(Reply::Tokens);
            }),
        ];
        for (check, expected, bend) in cases {
            let mut seen = seen();
            bend(&mut seen);
            assert_eq!(state(&judge(&seen), check), expected, "{check}");
        }
    }
}
