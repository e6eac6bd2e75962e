//! What the resolvers have in common: the budget, the ticket, and the first question.

use super::sign_in::{Cause, SignInError, SignInPayload};
use crate::budget::{Bearer, Charge, Gate, Source, Till};
use crate::flow::{Caller, Purpose};
use crate::identifier::Identifier;
use crate::locale::Locale;
use crate::policy::Deployment;
use crate::ports::{Captcha, ChallengeApi, Clock, Entropy, Fault, OpenChallenge, Reply, Store};
use crate::sealed::Ticket;
use crate::secret::Secret;

/// The way to a flow that may send.
pub(crate) struct Door<'a, S, A, C, E> {
    pub(crate) deployment: &'a Deployment,
    pub(crate) caller: &'a Caller,
    pub(crate) store: &'a S,
    pub(crate) api: &'a A,
    pub(crate) clock: &'a C,
    pub(crate) entropy: &'a E,
}

impl<S: Store, A: ChallengeApi, C: Clock, E: Entropy> Door<'_, S, A, C, E> {
    /// Answers the first question with the method and the ticket. Asked the same again, because a
    /// port of the triggers did not answer, it answers once more.
    pub(crate) async fn select(
        &self,
        mut challenge: OpenChallenge,
        identifier: &Identifier,
        ticket: &Secret,
    ) -> Result<OpenChallenge, SignInError> {
        let metadata = [
            ("method", identifier.method().as_str()),
            ("ticket", ticket.expose()),
        ];
        for _ in 0..2 {
            if step(&challenge) != Some("select") {
                return Err(Cause::UnexpectedChallenge.into());
            }
            challenge = match self.api.respond(&challenge, "select", &metadata).await? {
                Reply::Challenge(challenge) => challenge,
                Reply::UserNotFound | Reply::Refused => return Err(Cause::SessionRefused.into()),
            };
            if step(&challenge) != Some("select") {
                return Ok(challenge);
            }
        }
        Err(Cause::Fault(Fault::new("RespondToAuthChallenge", "asked again")).into())
    }

    pub(crate) fn seal(
        &self,
        purpose: Purpose,
        identifier: &Identifier,
        locale: Option<Locale>,
        charge: Charge,
    ) -> Secret {
        let to = identifier.clone();
        let ticket = Ticket {
            locale,
            ..Ticket::new(purpose, to, charge, self.clock.now(), self.entropy)
        };
        Secret::new(ticket.seal(&self.deployment.keys, self.caller, self.entropy))
    }

    /// Charges one code to the identifier.
    pub(crate) async fn charge(
        &self,
        identifier: &Identifier,
        bearer: Bearer,
        source: Option<Source>,
        gate: Option<Gate<'_, impl Captcha>>,
    ) -> Result<Charge, SignInError> {
        let till = Till {
            deployment: self.deployment,
            store: self.store,
            now: self.clock.now(),
            gate,
        };
        till.charge(identifier, bearer, source).await
    }

    /// What a flow goes by that sends nothing.
    pub(crate) const fn free(&self) -> Charge {
        Charge::free(self.deployment.policy.code_length)
    }
}

fn step(challenge: &OpenChallenge) -> Option<&str> {
    challenge.parameters.get("step").map(String::as_str)
}

/// The payload, if the challenge asks for that step; an error if its numbers are missing.
pub(crate) fn payload(
    challenge: &OpenChallenge,
    wanted: &str,
    username: &str,
) -> Result<Option<SignInPayload>, SignInError> {
    if step(challenge) != Some(wanted) {
        return Ok(None);
    }
    let number = |name: &str| {
        challenge
            .parameters
            .get(name)
            .and_then(|text| text.parse().ok())
            .ok_or(SignInError::Unavailable(Cause::UnexpectedChallenge))
    };
    Ok(Some(SignInPayload {
        session: challenge.session.clone(),
        username: Secret::new(username),
        code_length: number("codeLength")?,
        expires_in: number("expiresIn")?,
        resend_after: number("resendAfter")?,
    }))
}
