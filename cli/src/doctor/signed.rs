//! Flows for an address without account over the signed calls. Tests whether a client can answer
//! their session by the public call.
//!
//! AWS's documentation does not say. A deployment with `COGNITO_CALLS=signed` relies on it, since its
//! resolvers open and select by signed calls, and its clients answer by the public one.

use aws_sdk_cognitoidentityprovider::Client;
use aws_sdk_cognitoidentityprovider::types::{AuthFlowType, ChallengeNameType};

use crate::doctor::Finding;
use crate::doctor::probe::{Reply, address, challenge};
use crate::error_code::ErrorCode;

/// A flow over signed calls, up to the answer after the selection.
#[derive(Clone, Debug)]
pub struct Flow {
    /// `AdminInitiateAuth`
    pub opened: Reply,
    /// `AdminRespondToAuthChallenge`, which names the method.
    pub chosen: Option<Reply>,
    /// A resend, which costs no attempt and, of a decoy, sends nothing.
    pub answered: Option<Reply>,
}

/// The observed flows.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The flow that `RespondToAuthChallenge` answers at last.
    pub mixed: Flow,
    /// The flow that signed calls alone answer. Made only if the other one was refused: it shows whether
    /// the kind of the call was the reason.
    pub signed: Option<Flow>,
}

pub(crate) async fn see(cognito: &Client, pool_id: &str, client_id: &str) -> Seen {
    let of = Target {
        cognito,
        pool_id,
        client_id,
    };
    let mixed = of.flow(true).await;
    let signed = match &mixed.answered {
        Some(Reply::Refused(_)) => Some(of.flow(false).await),
        _ => None,
    };
    Seen { mixed, signed }
}

/// Returns the reply that an output or error of any of the calls is.
macro_rules! reply {
    ($output:expr) => {
        match $output {
            Ok(output) if output.authentication_result().is_some() => Reply::Tokens,
            Ok(output) => challenge(output.session, output.challenge_parameters),
            Err(error) => Reply::Refused(ErrorCode::of(&error).to_string()),
        }
    };
}

struct Target<'a> {
    cognito: &'a Client,
    pool_id: &'a str,
    client_id: &'a str,
}

impl Target<'_> {
    async fn flow(&self, answer_publicly: bool) -> Flow {
        let address = address();
        let opened = self.open(&address).await;
        let mut flow = Flow {
            opened,
            chosen: None,
            answered: None,
        };
        if let Some(session) = flow.opened.session() {
            let metadata = ("method", "email");
            let chosen = self.answer(&address, session, "-", metadata).await;
            if let Some(session) = chosen.session() {
                let metadata = ("action", "resend");
                flow.answered = Some(if answer_publicly {
                    self.answer_publicly(&address, session, metadata).await
                } else {
                    self.answer(&address, session, "resend", metadata).await
                });
            }
            flow.chosen = Some(chosen);
        }
        flow
    }

    async fn open(&self, address: &str) -> Reply {
        let output = self
            .cognito
            .admin_initiate_auth()
            .user_pool_id(self.pool_id)
            .client_id(self.client_id)
            .auth_flow(AuthFlowType::CustomAuth)
            .auth_parameters("USERNAME", address)
            .send()
            .await;
        reply!(output)
    }

    async fn answer(
        &self,
        address: &str,
        session: &str,
        answer: &str,
        (name, value): (&str, &str),
    ) -> Reply {
        let output = self
            .cognito
            .admin_respond_to_auth_challenge()
            .user_pool_id(self.pool_id)
            .client_id(self.client_id)
            .challenge_name(ChallengeNameType::CustomChallenge)
            .session(session)
            .challenge_responses("USERNAME", address)
            .challenge_responses("ANSWER", answer)
            .client_metadata(name, value)
            .send()
            .await;
        reply!(output)
    }

    async fn answer_publicly(
        &self,
        address: &str,
        session: &str,
        (name, value): (&str, &str),
    ) -> Reply {
        let output = self
            .cognito
            .respond_to_auth_challenge()
            .client_id(self.client_id)
            .challenge_name(ChallengeNameType::CustomChallenge)
            .session(session)
            .challenge_responses("USERNAME", address)
            .challenge_responses("ANSWER", "resend")
            .client_metadata(name, value)
            .send()
            .await;
        reply!(output)
    }
}

/// Returns whether clients can answer the sessions of signed calls. Where the deployed functions make
/// such calls, anything but a yes is a failure.
pub fn judge(seen: &Seen, signed_calls: bool) -> Finding {
    const CHECK: &str = "probe.signed";
    let otherwise = |says: String| {
        if signed_calls {
            Finding::fails(CHECK, format!("COGNITO_CALLS is signed, but {says}"))
        } else {
            Finding::note(
                CHECK,
                format!("{says}; leave COGNITO_CALLS at public unless DOORS is http"),
            )
        }
    };
    let Flow {
        opened,
        chosen,
        answered,
    } = &seen.mixed;
    let replies = [Some(opened), chosen.as_ref(), answered.as_ref()];
    if replies.contains(&Some(&Reply::Tokens)) {
        return Finding::leaks(
            CHECK,
            "an address without an account got tokens by signed calls",
        );
    }
    match (opened, chosen, answered) {
        (Reply::Refused(code), ..) if code == "AccessDeniedException" => otherwise(
            "the signed calls were not tried: this needs cognito-idp:AdminInitiateAuth and \
             cognito-idp:AdminRespondToAuthChallenge"
                .to_owned(),
        ),
        (Reply::Refused(code), ..) => otherwise(format!("AdminInitiateAuth answered {code}")),
        (_, Some(Reply::Refused(code)), _) => {
            otherwise(format!("AdminRespondToAuthChallenge answered {code}"))
        }
        (_, _, Some(reply @ Reply::Challenge { .. })) if reply.parameter("step") == Some("otp") => {
            Finding::ok(
                CHECK,
                "a client can answer a session of signed calls by the public call: \
                 COGNITO_CALLS may be signed",
            )
        }
        (_, _, Some(Reply::Refused(code))) if seen.signed.as_ref().is_some_and(is_answered) => {
            otherwise(format!(
                "only a signed call answers a session of signed calls; the public one got {code}"
            ))
        }
        _ => otherwise("the flow over signed calls requested no code".to_owned()),
    }
}

fn is_answered(flow: &Flow) -> bool {
    let step = flow.answered.as_ref().and_then(|it| it.parameter("step"));
    step == Some("otp")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;
    use crate::doctor::checks::good;
    use crate::doctor::facts::{Resolver, ResolverVariables};

    fn asked(step: &str) -> Reply {
        Reply::Challenge {
            session: step.to_owned(),
            parameters: [("step".to_owned(), step.to_owned())].into(),
        }
    }

    fn refused(code: &str) -> Reply {
        Reply::Refused(code.to_owned())
    }

    fn flow(answered: Reply) -> Flow {
        Flow {
            opened: asked("select"),
            chosen: Some(asked("otp")),
            answered: Some(answered),
        }
    }

    fn seen() -> Seen {
        Seen {
            mixed: flow(asked("otp")),
            signed: None,
        }
    }

    #[test]
    fn an_accepted_public_answer_permits_signed_calls() {
        for signed_calls in [false, true] {
            assert_eq!(judge(&seen(), signed_calls).state, State::Ok);
        }
    }

    #[test]
    fn no_client_answers_where_http_is_served_alone() {
        let mut facts = good::facts();
        assert!(!facts.clients_answer_signed_calls());
        for (_, function) in &mut facts.functions {
            let function = function.as_mut().expect("a function");
            function.variables.as_mut().expect("variables").signed_calls = true;
        }
        assert!(facts.clients_answer_signed_calls(), "without resolvers");
        let of = |http_only| {
            Ok(Some(ResolverVariables {
                http_only,
                ..good::resolver_variables()
            }))
        };
        for (one, other, answers) in [(true, true, false), (true, false, true)] {
            let both = [one, other].map(of);
            facts.resolvers = Resolver::ALL.into_iter().zip(both).collect();
            assert_eq!(facts.clients_answer_signed_calls(), answers);
        }
        facts.resolvers[0].1 = Ok(None);
        assert!(facts.clients_answer_signed_calls(), "not known");
    }

    #[test]
    fn tokens_for_no_account_are_a_leak() {
        type Bend = fn(&mut Seen);
        let bends: [Bend; 3] = [
            |s| s.mixed.opened = Reply::Tokens,
            |s| s.mixed.chosen = Some(Reply::Tokens),
            |s| s.mixed.answered = Some(Reply::Tokens),
        ];
        for bend in bends {
            let mut seen = seen();
            bend(&mut seen);
            assert_eq!(judge(&seen, false).state, State::Leaks);
        }
    }

    #[test]
    fn any_other_outcome_fails_where_signed_calls_are_deployed() {
        type Bend = fn(&mut Seen);
        let cases: [(&str, Bend); 7] = [
            ("cognito-idp:AdminInitiateAuth", |s| {
                s.mixed.opened = refused("AccessDeniedException");
            }),
            ("AdminInitiateAuth answered UserNotFoundException", |s| {
                s.mixed.opened = refused("UserNotFoundException");
            }),
            ("AdminRespondToAuthChallenge answered X", |s| {
                s.mixed.chosen = Some(refused("X"));
            }),
            ("only a signed call", |s| {
                s.mixed.answered = Some(refused("NotAuthorizedException"));
                s.signed = Some(flow(asked("otp")));
            }),
            // Not even a signed call is answered: then the kind is not the reason.
            ("requested no code", |s| {
                s.mixed.answered = Some(refused("NotAuthorizedException"));
                s.signed = Some(flow(refused("NotAuthorizedException")));
            }),
            ("requested no code", |s| {
                s.mixed.answered = Some(asked("select"));
            }),
            ("requested no code", |s| {
                s.mixed.chosen = Some(asked(""));
                s.mixed.answered = Some(asked(""));
            }),
        ];
        for (says, bend) in cases {
            let mut seen = seen();
            bend(&mut seen);
            for (signed_calls, state) in [(false, State::Note), (true, State::Fails)] {
                let found = judge(&seen, signed_calls);
                assert_eq!(found.state, state, "{says}");
                assert!(found.says.contains(says), "{}", found.says);
            }
        }
    }
}
