//! The parts that the resolvers share: the plan of a code, the ticket, and the first challenge.

use super::context::{Context, Ports};
use super::error::{Cause, SignInError};
use super::payload::SignInPayload;
use crate::effects::Clock;
use crate::policy::Deployment;
use crate::ports::{Captcha, ChallengeApi, OpenChallenge, PortError, Reply, Tokens};
use crate::rate_limit::{CaptchaGate, CodeRequest, RateLimiter};
use crate::seal::code_terms::CodeTerms;
use crate::seal::link::LinkChallenge;
use crate::seal::sealed::{Resume, Ticket};
use crate::value::code_alphabet::CodeAlphabet;
use crate::value::id::FlowId;
use crate::value::identifier::Identifier;
use crate::value::locale::Locale;
use crate::value::purpose::TicketPurpose;
use crate::value::secret::Secret;
use crate::value::source::Source;

/// The parameter of every challenge that names the user of the session.
pub(super) const USERNAME: &str = "USERNAME";

/// The action of a proof that answers the first challenge.
#[derive(Clone, Copy)]
pub(crate) enum ProofAction {
    /// Completes a sign-in.
    Complete,
    /// Undoes the change of a contact.
    Undo,
}

impl ProofAction {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Undo => "undo",
        }
    }
}

/// The outcome of a proof that answers the first challenge.
pub(crate) enum Answered {
    /// The sign-in is complete.
    Tokens(Tokens),
    /// The session has ended.
    Refused,
    /// The same challenge again.
    Asked(OpenChallenge),
}

/// The steps by which a resolver opens a flow.
impl<P: Ports> Context<'_, P> {
    /// Answers the first challenge with the method and the ticket. If Cognito returns `select`
    /// again, because a port of the triggers did not answer, answers it a second time.
    pub(crate) async fn select(
        &self,
        mut challenge: OpenChallenge,
        identifier: &Identifier,
        ticket: &Secret,
        source: Option<Source>,
    ) -> Result<OpenChallenge, SignInError> {
        let metadata = [
            ("method", identifier.method().as_str()),
            ("ticket", ticket.expose()),
        ];
        for _ in 0..2 {
            if step(&challenge) != Some("select") {
                return Err(Cause::UnexpectedChallenge.into());
            }
            let responding = self.api.respond(&challenge, "select", &metadata, source);
            challenge = match responding.await? {
                Reply::Challenge(challenge) => challenge,
                Reply::Tokens(_) => return Err(Cause::UnexpectedChallenge.into()),
                Reply::UserNotFound | Reply::Unconfirmed | Reply::Refused => {
                    return Err(Cause::SessionRefused.into());
                }
            };
            if step(&challenge) != Some("select") {
                return Ok(challenge);
            }
        }
        Err(Cause::PortError(PortError::new("RespondToAuthChallenge", "asked again")).into())
    }

    /// Answers the first challenge with a ticket that continues a flow. The session ends if that
    /// flow has ended.
    pub(crate) async fn resume(
        &self,
        challenge: OpenChallenge,
        identifier: &Identifier,
        username: &str,
        ticket: &Secret,
        source: Option<Source>,
    ) -> Result<SignInPayload, SignInError> {
        let asked = match self.select(challenge, identifier, ticket, source).await {
            Err(SignInError::Unavailable(Cause::SessionRefused)) => {
                return Err(SignInError::InvalidResume);
            }
            asked => asked?,
        };
        payload(&asked, "otp", username)?.ok_or_else(|| Cause::UnexpectedChallenge.into())
    }

    /// Answers the first challenge with a proof. Cognito returns it again if the triggers accept no
    /// proof, as for an account that they do not see yet, or if one of their ports does not answer.
    pub(crate) async fn answer(
        &self,
        challenge: OpenChallenge,
        identifier: &Identifier,
        proof: &Secret,
        action: ProofAction,
        source: Option<Source>,
    ) -> Result<Answered, SignInError> {
        let metadata = [
            ("method", identifier.method().as_str()),
            ("action", action.as_str()),
        ];
        if step(&challenge) != Some("select") {
            return Err(Cause::UnexpectedChallenge.into());
        }
        let responding = self
            .api
            .respond(&challenge, proof.expose(), &metadata, source);
        match responding.await? {
            Reply::Tokens(tokens) => Ok(Answered::Tokens(tokens)),
            Reply::Challenge(challenge) => Ok(Answered::Asked(challenge)),
            Reply::UserNotFound | Reply::Unconfirmed | Reply::Refused => Ok(Answered::Refused),
        }
    }

    pub(crate) fn seal(
        &self,
        purpose: impl Into<TicketPurpose>,
        identifier: &Identifier,
        locale: Option<Locale>,
        link_challenge: Option<LinkChallenge>,
        terms: CodeTerms,
    ) -> Secret {
        let to = identifier.clone();
        let ticket = Ticket {
            locale,
            link_challenge,
            ..Ticket::new(purpose, to, terms, self.clock.now(), self.entropy)
        };
        Secret::new(ticket.seal(&self.deployment.keys, self.app_client, self.entropy))
    }

    /// Seals a ticket that continues the flow of a resume secret, if the flow is of this identifier
    /// and has the purpose of the ticket; `None` if the secret is not of this client, or its code has
    /// expired.
    pub(crate) fn seal_resumption(
        &self,
        resume: &Secret,
        identifier: &Identifier,
        purpose: impl FnOnce(FlowId) -> TicketPurpose,
    ) -> Option<Secret> {
        let Deployment { policy, keys } = self.deployment;
        let now = self.clock.now();
        let life = policy.code_life;
        let resume = Resume::open(resume.expose(), keys, self.app_client, now, life).ok()?;
        // Nothing is sent, so no language and no link is needed.
        let uncharged = self.uncharged();
        Some(self.seal(purpose(resume.flow), identifier, None, None, uncharged))
    }

    /// Plans one code. The code is charged only after its ticket is redeemed.
    pub(crate) async fn plan(
        &self,
        request: CodeRequest<'_>,
        gate: Option<CaptchaGate<'_, impl Captcha>>,
    ) -> Result<CodeTerms, SignInError> {
        Ok(self.limiter().plan(request, gate).await?)
    }

    pub(crate) fn limiter(&self) -> RateLimiter<'_, P::Store> {
        RateLimiter {
            deployment: self.deployment,
            store: self.store,
            now: self.clock.now(),
        }
    }

    /// Returns the terms of a flow that sends nothing.
    pub(crate) const fn uncharged(&self) -> CodeTerms {
        CodeTerms::uncharged(self.deployment.policy.code_length)
    }
}

pub(super) fn step(challenge: &OpenChallenge) -> Option<&str> {
    challenge.parameters.get("step").map(String::as_str)
}

/// Returns a number of the challenge.
pub(super) fn number(challenge: &OpenChallenge, name: &str) -> Result<u32, SignInError> {
    let text = challenge.parameters.get(name);
    text.and_then(|text| text.parse().ok())
        .ok_or(SignInError::Unavailable(Cause::UnexpectedChallenge))
}

/// Returns the payload, if the challenge is at that step.
///
/// # Errors
/// If the triggers sent no message, or a number is missing from the challenge.
pub(crate) fn payload(
    challenge: &OpenChallenge,
    wanted: &str,
    username: &str,
) -> Result<Option<SignInPayload>, SignInError> {
    if step(challenge) != Some(wanted) {
        return Ok(None);
    }
    match challenge.parameters.get("refused").map(String::as_str) {
        None => {}
        Some("TooManyRequests") => {
            let retry_after = challenge.parameters.get("retryAfter");
            return Err(SignInError::TooManyRequests {
                retry_after: retry_after.and_then(|text| text.parse().ok()).unwrap_or(60),
                budget: None,
            });
        }
        // The cause is in the triggers' logs.
        Some(_) => return Err(Cause::PortError(PortError::new("send", "refused")).into()),
    }
    let text = |name: &str| challenge.parameters.get(name);
    let number = |name: &str| number(challenge, name);
    Ok(Some(SignInPayload {
        session: challenge.session.clone(),
        username: Secret::new(username),
        session_username: text(USERNAME)
            .map_or_else(|| Secret::new(username), |name| Secret::new(&**name)),
        code_length: number("codeLength")?,
        code_alphabet: text("codeAlphabet").and_then(|name| CodeAlphabet::parse(name)),
        pointer: text("pointer").cloned(),
        resume: text("resume").map(|resume| Secret::new(&**resume)),
        attempts_left: number("attemptsLeft")?,
        expires_in: number("expiresIn")?,
        resend_after: number("resendAfter")?,
    }))
}
