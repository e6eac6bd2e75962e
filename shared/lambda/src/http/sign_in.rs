use latchstring_core::account::Sub;
use latchstring_core::answer::{self, AnswerAction, AnswerPayload};
use latchstring_core::continuation::CodeEffect;
use latchstring_core::flow::AppClient;
use latchstring_core::keys::KeyId;
use latchstring_core::policy::Deployment;
use latchstring_core::ports::{
    AdmissionHook, Captcha, ChallengeApi, Clock, CounterStore, Directory, Entropy, FlowStore,
    InvitationStore, LeaseStore, OutboxStore, PortError, RedemptionStore, SessionStore, Tokens,
    UndoStore,
};
use latchstring_core::secret::Secret;
use latchstring_core::session::{NewSession, OpenedSession, Sessions};
use latchstring_core::sign_in::Cause;
use latchstring_core::time::Timestamp;

use super::bearer;
use super::browser;
use super::problem::{Failure, Rejection};
use super::response::Response;
use super::routes::{
    AnswerCode, CreateTicket, Json, Operation, ResendCode, Route, SIGN_IN, SignIn, SignInAction,
    UndoContactChange,
};
use super::types::{
    AnswerRequest, AnswerResult, CodePrompt, ContactMethod, IssuedTicket, ResendRequest,
    SessionOpened, SignInRequest, TicketRequest,
};
use super::{Actions, Call, Caller};
use crate::keys::Deployments;
use crate::metrics;
use crate::resolver::{BrowserSessions, OriginSecrets, Requested, SignInInput, SignInResolver};

impl<S, D, A, P, C, E, K, B, H> Actions for SignInResolver<S, D, A, P, C, E, K, B, H>
where
    S: FlowStore
        + RedemptionStore
        + LeaseStore
        + UndoStore
        + InvitationStore
        + CounterStore
        + OutboxStore
        + SessionStore,
    D: Directory,
    A: ChallengeApi,
    P: Captcha,
    C: Clock,
    E: Entropy,
    K: Deployments,
    B: BrowserSessions,
    H: AdmissionHook,
{
    type Action = SignInAction;

    fn routes() -> &'static [Route<Self::Action>] {
        SIGN_IN
    }

    fn clock(&self) -> &impl Clock {
        &self.clock
    }

    fn app_client(&self) -> &AppClient {
        &self.app_client
    }

    fn origin(&self) -> Option<&OriginSecrets> {
        self.origin.as_ref()
    }

    fn sessions(&self) -> &impl BrowserSessions {
        &self.sessions
    }

    async fn act(&self, action: Self::Action, call: &Call<'_>) -> Result<Response, Failure> {
        let event = &call.event;
        Ok(match action {
            SignInAction::SignIn => {
                let Json(input) = SignIn::request(event)?;
                SignIn::response(Json(self.begin(input, call).await?))
            }
            // Without the client's secret, no client can redeem a ticket.
            SignInAction::CreateTicket if self.sessions.mode().is_some() => {
                return Err(Rejection::NotFound.into());
            }
            SignInAction::CreateTicket => {
                let Json(input) = CreateTicket::request(event)?;
                CreateTicket::response(Json(self.ticket(input, call).await?))
            }
            SignInAction::AnswerCode => {
                let Json(input) = AnswerCode::request(event)?;
                let answered = self.answer(input, AnswerAction::SignIn, call).await?;
                answered.response::<AnswerCode>()
            }
            SignInAction::ResendCode => {
                let Json(input) = ResendCode::request(event)?;
                ResendCode::response(Json(self.resend(input, call).await?))
            }
            SignInAction::UndoContactChange => {
                let Json(input) = UndoContactChange::request(event)?;
                let answered = self.answer(input, AnswerAction::Undo, call).await?;
                answered.response::<UndoContactChange>()
            }
        })
    }
}

impl<S, D, A, P, C, E, K, B, H> SignInResolver<S, D, A, P, C, E, K, B, H>
where
    S: FlowStore
        + RedemptionStore
        + LeaseStore
        + UndoStore
        + InvitationStore
        + CounterStore
        + OutboxStore
        + SessionStore,
    D: Directory,
    A: ChallengeApi,
    P: Captcha,
    C: Clock,
    E: Entropy,
    K: Deployments,
    B: BrowserSessions,
    H: AdmissionHook,
{
    async fn requested(&self, input: TicketRequest, call: &Call<'_>) -> Result<Requested, Failure> {
        let typed = input.email_or_phone.0;
        let input = SignInInput {
            client: input.client_id,
            method: ContactMethod::of(input.method, typed.expose()),
            email_or_phone: typed,
            proof: input.proof.map(|proof| proof.0),
            resume: input.resume.map(|resume| resume.0),
            device: input.device.map(|device| device.0),
            captcha: input.captcha.map(|captcha| captcha.0),
            locale: input.locale,
            link_challenge: input.link_challenge,
        };
        let requesting = self.request(input, Some(call.source), call.log_context);
        Ok(requesting.await?)
    }

    async fn begin(&self, input: SignInRequest, call: &Call<'_>) -> Result<CodePrompt, Failure> {
        let effect = match input.existing_only {
            Some(true) => CodeEffect::SignInExisting,
            _ => CodeEffect::SignIn,
        };
        let Requested {
            deployment,
            app_client,
            request,
        } = self.requested(input.into(), call).await?;
        let sign_in = self.core(&deployment, &app_client);
        let payload = sign_in.session(&request).await?;
        let identifier = &request.identifier;
        let continuation = sign_in.context.continuation(&payload, identifier, effect)?;
        CodePrompt::new(continuation, payload).ok_or_else(no_code)
    }

    async fn ticket(&self, input: TicketRequest, call: &Call<'_>) -> Result<IssuedTicket, Failure> {
        let Requested {
            deployment,
            app_client,
            request,
        } = self.requested(input, call).await?;
        let sign_in = self.core(&deployment, &app_client);
        Ok(sign_in.ticket(&request).await?.into())
    }

    async fn answer(
        &self,
        input: AnswerRequest,
        action: AnswerAction,
        call: &Call<'_>,
    ) -> Result<Answered, Failure> {
        if input.answer.0.expose().is_empty() {
            // Cognito takes no empty answer.
            return Err(Rejection::Wrong("answer".to_owned()).into());
        }
        let request = answer::AnswerRequest {
            continuation: input.continuation.0,
            answer: input.answer.0,
            link_secret: input.link_secret.map(|secret| secret.0),
            source: Some(call.source),
        };
        let (named, continuation) = (request.key_ids(), &request.continuation);
        let (deployment, app_client) = self.deployment_of(continuation, &named, call).await?;
        let sign_in = self.core(&deployment, &app_client);
        let answered = sign_in.answer(&request, action).await?;
        match (answered, self.sessions.mode()) {
            (AnswerPayload::SignedIn { tokens, is_new }, Some(mode)) => {
                let sessions = Sessions {
                    context: sign_in.context,
                    tokens: &mode.tokens,
                };
                let opened = self.open(&sessions, tokens, action, call).await?;
                Ok(Answered {
                    result: SessionOpened::new(is_new, opened.expires_in).into(),
                    opened: Some(opened),
                })
            }
            (answered, _) => Ok(Answered {
                result: answered.into(),
                opened: None,
            }),
        }
    }

    /// Opens a session for the tokens of a completed sign-in, in place of the browser's former one.
    async fn open(
        &self,
        sessions: &Sessions<'_, (S, D, A, C, E), B::Tokens>,
        tokens: Tokens,
        action: AnswerAction,
        call: &Call<'_>,
    ) -> Result<OpenedSession, Failure> {
        let claims = bearer::claims(tokens.access.expose()).ok_or_else(no_claims)?;
        let account = Sub::new(claims.sub);
        let replaces = match &call.caller {
            Caller::Anyone(id) => id.clone(),
            _ => None,
        };
        let new = NewSession {
            tokens,
            account,
            username: claims.username.ok_or_else(no_claims)?,
            signed_in_at: Timestamp::from_secs(claims.auth_time.unwrap_or_default()),
            browser: browser::browser(&call.event),
            replaces,
            // Cognito has signed the account out.
            ends_others: action == AnswerAction::Undo,
        };
        let opened = sessions.open(&new).await?;
        if let Some(fault) = &opened.others_left {
            metrics::failed_call(fault);
            tracing::warn!(%fault, "sessions of the account end at their next refresh");
        }
        Ok(opened)
    }

    async fn resend(&self, input: ResendRequest, call: &Call<'_>) -> Result<CodePrompt, Failure> {
        let request = answer::ResendRequest {
            continuation: input.continuation.0,
            source: Some(call.source),
        };
        let (named, continuation) = (request.key_ids(), &request.continuation);
        let (deployment, app_client) = self.deployment_of(continuation, &named, call).await?;
        let sign_in = self.core(&deployment, &app_client);
        let resent = sign_in.resend(&request).await?;
        CodePrompt::after_resend(resent).ok_or_else(no_code)
    }

    /// Returns the deployment and the client of the continuation, and notes the identifier of the continuation for the log line. If the
    /// keys cannot be read, the sign-in goes on: the failure has the continuation.
    async fn deployment_of(
        &self,
        continuation: &Secret,
        named: &[KeyId],
        call: &Call<'_>,
    ) -> Result<(Deployment, AppClient), Failure> {
        let reading = self.deployment(named).await;
        let deployment = reading.map_err(|fault| Failure::Failed {
            error: fault.into(),
            continuation: Some(continuation.clone()),
        })?;
        let app_client = self.client_of(&deployment, continuation);
        let context = self.core(&deployment, &app_client).context;
        if let Ok(continuation) = context.open_continuation(continuation) {
            call.log_context
                .set(&continuation.contact, &deployment.keys);
        }
        Ok((deployment, app_client))
    }
}

/// An answer to a code, and the session that it opened.
struct Answered {
    result: AnswerResult,
    opened: Option<OpenedSession>,
}

impl Answered {
    fn response<O: Operation<Answer = Json<AnswerResult>>>(self) -> Response {
        let response = O::response(Json(self.result));
        match self.opened {
            Some(opened) => browser::with_session(response, &opened.id, opened.expires_in),
            None => response,
        }
    }
}

/// Returns the failure of an access token whose claims cannot be read.
fn no_claims() -> Failure {
    PortError::new("RespondToAuthChallenge", "the access token has no claims").into()
}

/// Returns the failure of a session without a code, which the triggers of this version do not open.
pub(super) fn no_code() -> Failure {
    latchstring_core::sign_in::SignInError::from(Cause::UnexpectedChallenge).into()
}
