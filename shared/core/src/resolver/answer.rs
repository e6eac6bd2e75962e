//! The answer to a code, and the resend, for a client of the HTTP door.
//!
//! The client keeps one continuation in place of Cognito's session, and no proof. A first sign-in
//! completes in the call that has the right code.

use std::time::Duration;

use super::context::{Context, Ports};
use super::error::{Cause, SignInError};
use super::flow_opener::{USERNAME, number, payload, step};
use super::payload::SignInPayload;
use super::sign_in::{IsNew, SignIn, SignInRequest};
use crate::effects::{Clock, timeout};
use crate::ports::{
    AdmissionHook, Captcha, ChallengeApi, FlowStore, InvitationStore, LeaseStore, OpenChallenge,
    PortError, RedemptionStore, Reply, Tokens, UndoStore,
};
use crate::seal::continuation::{CodeEffect, Continuation, Stage};
use crate::seal::keys::KeyId;
use crate::value::identifier::Identifier;
use crate::value::secret::Secret;
use crate::value::source::Source;

/// The time of one call in which it must return, so that a proof is not lost with it. A resolver has
/// 25 s, and reads its keys first.
const ANSWER_LIMIT: Duration = Duration::from_secs(21);

/// An answer to a code.
#[derive(Clone, Debug)]
pub struct AnswerRequest {
    /// The newest continuation of the sign-in.
    pub continuation: Secret,
    /// The code, or the token of a link. Without effect if the continuation holds a proof.
    pub answer: Secret,
    /// The secret of the client that requested the link. If there is one, the answer is a token.
    pub link_secret: Option<Secret>,
    /// The source of the request, if it is known.
    pub source: Option<Source>,
}

impl AnswerRequest {
    /// The name of the key of the continuation.
    pub fn key_ids(&self) -> Vec<KeyId> {
        key_ids(&self.continuation)
    }
}

/// A request for a resend.
#[derive(Clone, Debug)]
pub struct ResendRequest {
    /// The newest continuation of the sign-in.
    pub continuation: Secret,
    /// The source of the request, if it is known.
    pub source: Option<Source>,
}

impl ResendRequest {
    /// The name of the key of the continuation.
    pub fn key_ids(&self) -> Vec<KeyId> {
        key_ids(&self.continuation)
    }
}

fn key_ids(continuation: &Secret) -> Vec<KeyId> {
    KeyId::named_by(continuation.expose()).into_iter().collect()
}

/// The effect of a right code for an identifier without an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerAction {
    /// It creates the account and signs in.
    SignIn,
    /// It undoes the change of the contact.
    Undo,
}

/// The outcome of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnswerPayload {
    /// The answer was right.
    SignedIn {
        /// The tokens.
        tokens: Tokens,
        /// True if this call created the account, or an earlier one whose continuation it has.
        is_new: bool,
    },
    /// The answer was wrong, or a port of the triggers did not answer. In the second case the same
    /// answer costs no further attempt.
    Wrong {
        /// The continuation for the next answer.
        continuation: Secret,
        /// The number of attempts left.
        attempts_left: u32,
        /// Seconds until the code expires.
        expires_in: u32,
        /// Seconds until `resend` sends another message.
        resend_after: u32,
    },
}

/// The challenge after a resend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResendPayload {
    /// The continuation for the next answer.
    pub continuation: Secret,
    /// The challenge.
    pub payload: SignInPayload,
}

/// An error that may leave a sign-in to be continued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerError {
    /// The reason.
    pub error: SignInError,
    /// The continuation with which the same call can be repeated, if the sign-in has not ended.
    pub continuation: Option<Secret>,
}

impl<E: Into<SignInError>> From<E> for AnswerError {
    fn from(error: E) -> Self {
        Self {
            error: error.into(),
            continuation: None,
        }
    }
}

impl<P: Ports> Context<'_, P> {
    /// Seals the continuation of an open session, which has sent a code of this effect to this
    /// identifier.
    pub fn continuation(
        &self,
        payload: &SignInPayload,
        identifier: &Identifier,
        effect: CodeEffect,
    ) -> Result<Secret, SignInError> {
        self.seal_continuation(
            identifier,
            Stage::Code {
                session: payload.session.clone(),
                username: payload.session_username.clone(),
                effect,
            },
        )
    }

    fn seal_continuation(
        &self,
        identifier: &Identifier,
        stage: Stage,
    ) -> Result<Secret, SignInError> {
        let continuation = Continuation {
            contact: identifier.clone(),
            stage,
            made_at: self.clock.now(),
        };
        continuation
            .seal(&self.deployment.keys, self.app_client, self.entropy)
            .map(Secret::new)
            .ok_or_else(|| Cause::SessionTooLong.into())
    }

    /// Opens a continuation.
    ///
    /// # Errors
    /// `InvalidContinuation` for any text but a continuation of this deployment and client that has
    /// not expired.
    pub fn open_continuation(&self, continuation: &Secret) -> Result<Continuation, SignInError> {
        Continuation::open(
            continuation.expose(),
            &self.deployment.keys,
            self.app_client,
            self.clock.now(),
        )
        .map_err(|_| SignInError::InvalidContinuation)
    }
}

/// Cognito's session of a continuation.
struct Session<'a> {
    /// The continuation, which is returned if Cognito does not answer.
    text: &'a Secret,
    contact: Identifier,
    challenge: OpenChallenge,
    effect: CodeEffect,
}

impl<P, C, H> SignIn<'_, P, C, H>
where
    P: Ports<Store: FlowStore + RedemptionStore + LeaseStore + UndoStore + InvitationStore>,
    C: Captcha,
    H: AdmissionHook,
{
    /// Answers with a code, or with the token of a link. A right answer returns tokens. If the
    /// identifier has no account, the same call creates it, or undoes the change of the contact.
    ///
    /// # Errors
    /// `InvalidContinuation` if the sign-in has ended. Every other error that leaves the sign-in open
    /// has a continuation. If the code was right and a port failed after it, the continuation holds
    /// the proof, and the same call completes the sign-in.
    pub async fn answer(
        &self,
        request: &AnswerRequest,
        action: AnswerAction,
    ) -> Result<AnswerPayload, AnswerError> {
        let AnswerRequest {
            continuation: text,
            answer,
            link_secret,
            source,
        } = request;
        let begun = self.context.clock.now();
        let continuation = self.context.open_continuation(text)?;
        let (contact, proof, is_new) = match continuation.stage {
            Stage::Claim { proof, is_new } => (continuation.contact, proof, IsNew::new(is_new)),
            Stage::Code {
                effect: CodeEffect::Contact,
                ..
            } if action == AnswerAction::Undo => {
                // A code that puts a contact on an account undoes nothing.
                return Err(SignInError::InvalidContinuation.into());
            }
            Stage::Code {
                session,
                username,
                effect,
            } => {
                let session = Session {
                    text,
                    contact: continuation.contact,
                    challenge: open_challenge(session, &username),
                    effect,
                };
                let link = link_secret
                    .as_ref()
                    .map(|secret| [("action", "link"), ("linkSecret", secret.expose())]);
                let sending = self.respond(
                    &session,
                    answer.expose(),
                    link.as_ref().map_or(&[], |pairs| &pairs[..]),
                    *source,
                );
                let challenge = match sending.await? {
                    Replied::Tokens(tokens) if action == AnswerAction::SignIn => {
                        let is_new = false;
                        return Ok(AnswerPayload::SignedIn { tokens, is_new });
                    }
                    // The contact signs in to an account. Its tokens are dropped.
                    Replied::Tokens(_) => return Err(SignInError::ContactInUse.into()),
                    Replied::Challenge(challenge) => challenge,
                };
                match challenge.parameters.get("proof") {
                    None => return self.asked_again(&session, &challenge),
                    // Only who has proved the identifier learns it. The proof is dropped.
                    Some(_)
                        if action == AnswerAction::SignIn
                            && effect == CodeEffect::SignInExisting =>
                    {
                        return Err(SignInError::NoAccount.into());
                    }
                    Some(proof) => (session.contact, Secret::new(&**proof), IsNew::new(false)),
                }
            }
        };
        let request = SignInRequest {
            identifier: contact,
            proof: None,
            resume: None,
            locale: None,
            link_challenge: None,
            device: None,
            captcha: None,
            source: *source,
        };
        let elapsed = self.context.clock.now().since(begun);
        let left = ANSWER_LIMIT.saturating_sub(elapsed);
        self.claim(&request, proof, is_new, action, left).await
    }

    /// Has the code sent once more, if its time has come.
    ///
    /// # Errors
    /// `InvalidContinuation` if the sign-in has ended. Every other error has a continuation: the
    /// message was refused, or a port failed.
    pub async fn resend(&self, request: &ResendRequest) -> Result<ResendPayload, AnswerError> {
        let ResendRequest {
            continuation: text,
            source,
        } = request;
        let Continuation { contact, stage, .. } = self.context.open_continuation(text)?;
        let Stage::Code {
            session,
            username,
            effect,
        } = stage
        else {
            // The code was right.
            return Err(SignInError::InvalidContinuation.into());
        };
        let session = Session {
            text,
            contact,
            challenge: open_challenge(session, &username),
            effect,
        };
        let resend = [("action", "resend")];
        let challenge = match self.respond(&session, "resend", &resend, *source).await? {
            Replied::Challenge(challenge) => challenge,
            Replied::Tokens(_) => return Err(session.keeping(Cause::UnexpectedChallenge)),
        };
        let name = match effect {
            CodeEffect::SignIn | CodeEffect::SignInExisting => session.contact.as_str(),
            CodeEffect::Contact => username.expose(),
        };
        match payload(&challenge, "otp", name) {
            Ok(Some(payload)) => Ok(ResendPayload {
                continuation: self
                    .context
                    .continuation(&payload, &session.contact, effect)?,
                payload,
            }),
            Ok(None) => Err(session.keeping(Cause::UnexpectedChallenge)),
            Err(error) => Err(AnswerError {
                continuation: Some(self.next(&session, &challenge)?),
                error,
            }),
        }
    }

    /// Answers the session. What Cognito refuses is a session that has ended.
    async fn respond(
        &self,
        session: &Session<'_>,
        answer: &str,
        metadata: &[(&str, &str)],
        source: Option<Source>,
    ) -> Result<Replied, AnswerError> {
        let Context {
            api, app_client, ..
        } = self.context;
        let responding = api.respond(app_client, &session.challenge, answer, metadata, source);
        let replied = timeout(self.context.clock, ANSWER_LIMIT, responding).await;
        match replied.unwrap_or_else(|| Err(PortError::new("RespondToAuthChallenge", "timeout"))) {
            Ok(Reply::Tokens(tokens)) => Ok(Replied::Tokens(tokens)),
            Ok(Reply::Challenge(challenge)) => Ok(Replied::Challenge(challenge)),
            Ok(Reply::UserNotFound | Reply::Unconfirmed | Reply::Refused) => {
                Err(SignInError::InvalidContinuation.into())
            }
            // Whether the answer arrived is not known. If it did not, the session takes it again.
            Err(fault) => Err(session.keeping(fault)),
        }
    }

    fn asked_again(
        &self,
        session: &Session<'_>,
        challenge: &OpenChallenge,
    ) -> Result<AnswerPayload, AnswerError> {
        if step(challenge) != Some("otp") {
            return Err(session.keeping(Cause::UnexpectedChallenge));
        }
        Ok(AnswerPayload::Wrong {
            continuation: self.next(session, challenge)?,
            attempts_left: number(challenge, "attemptsLeft")?,
            expires_in: number(challenge, "expiresIn")?,
            resend_after: number(challenge, "resendAfter")?,
        })
    }

    /// Seals the continuation of the session after another answer.
    fn next(
        &self,
        session: &Session<'_>,
        challenge: &OpenChallenge,
    ) -> Result<Secret, SignInError> {
        let parameters = &session.challenge.parameters;
        let named = challenge.parameters.get(USERNAME);
        let username = named.or_else(|| parameters.get(USERNAME));
        self.context.seal_continuation(
            &session.contact,
            Stage::Code {
                session: challenge.session.clone(),
                username: Secret::new(username.map_or("", String::as_str)),
                effect: session.effect,
            },
        )
    }

    /// Completes a sign-in, or an undo, by the proof. If it takes too long or a port does not answer,
    /// the error has a continuation with the proof. A proof is redeemed once, however often it is
    /// sealed.
    async fn claim(
        &self,
        request: &SignInRequest,
        proof: Secret,
        is_new: IsNew,
        action: AnswerAction,
        time: Duration,
    ) -> Result<AnswerPayload, AnswerError> {
        let claiming = async {
            match action {
                AnswerAction::SignIn => self.tokens_of(request, &proof, &is_new).await,
                AnswerAction::Undo => self.undo_contact_change(request, &proof).await,
            }
        };
        let claimed = timeout(self.context.clock, time, claiming).await;
        let late = || Err(PortError::new("answer", "timeout").into());
        match claimed.unwrap_or_else(late) {
            Ok(payload) => Ok(AnswerPayload::SignedIn {
                tokens: payload.tokens,
                is_new: is_new.get(),
            }),
            // Used by an earlier call whose answer was lost, or expired.
            Err(SignInError::InvalidProof) => Err(SignInError::InvalidContinuation.into()),
            Err(
                error @ (SignInError::TooManyRequests { .. }
                | SignInError::CaptchaRequired { .. }
                | SignInError::Unavailable(_)),
            ) => {
                let is_new = is_new.get();
                let stage = Stage::Claim { proof, is_new };
                let sealed = self.context.seal_continuation(&request.identifier, stage);
                Err(AnswerError {
                    continuation: sealed.ok(),
                    error,
                })
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl Session<'_> {
    /// Returns an error after which the session can be answered again.
    fn keeping(&self, error: impl Into<SignInError>) -> AnswerError {
        AnswerError {
            error: error.into(),
            continuation: Some(self.text.clone()),
        }
    }
}

/// Cognito's reply in a session that has not ended.
enum Replied {
    Tokens(Tokens),
    Challenge(OpenChallenge),
}

fn open_challenge(session: Secret, username: &Secret) -> OpenChallenge {
    let name = (USERNAME.to_owned(), username.expose().to_owned());
    OpenChallenge {
        session,
        parameters: [name].into(),
    }
}
