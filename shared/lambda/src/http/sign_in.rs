use latchstring_core::answer::{self, AnswerAction};
use latchstring_core::flow::AppClient;
use latchstring_core::keys::KeyId;
use latchstring_core::policy::Deployment;
use latchstring_core::ports::{
    Captcha, ChallengeApi, Clock, CounterStore, Directory, Entropy, FlowStore, LeaseStore,
    RedemptionStore, UndoStore,
};
use latchstring_core::secret::Secret;
use latchstring_core::sign_in::Cause;

use super::problem::{Failure, Rejection};
use super::response::Response;
use super::routes::{
    AnswerCode, CreateTicket, Json, Operation, ResendCode, Route, SIGN_IN, SignIn, SignInAction,
    UndoContactChange,
};
use super::types::{
    AnswerRequest, AnswerResult, CodePrompt, ContactMethod, IssuedTicket, ResendRequest,
    SignInRequest,
};
use super::{Actions, Call};
use crate::keys::Deployments;
use crate::resolver::{OriginSecrets, Requested, SignInInput, SignInResolver};

impl<S, D, A, P, C, E, K> Actions for SignInResolver<S, D, A, P, C, E, K>
where
    S: FlowStore + RedemptionStore + LeaseStore + UndoStore + CounterStore,
    D: Directory,
    A: ChallengeApi,
    P: Captcha,
    C: Clock,
    E: Entropy,
    K: Deployments,
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

    async fn act(&self, action: Self::Action, call: &Call<'_>) -> Result<Response, Failure> {
        let event = &call.event;
        Ok(match action {
            SignInAction::SignIn => {
                let Json(input) = SignIn::request(event)?;
                SignIn::response(Json(self.begin(input, call).await?))
            }
            SignInAction::CreateTicket => {
                let Json(input) = CreateTicket::request(event)?;
                CreateTicket::response(Json(self.ticket(input, call).await?))
            }
            SignInAction::AnswerCode => {
                let Json(input) = AnswerCode::request(event)?;
                let answering = self.answer(input, AnswerAction::SignIn, call);
                AnswerCode::response(Json(answering.await?))
            }
            SignInAction::ResendCode => {
                let Json(input) = ResendCode::request(event)?;
                ResendCode::response(Json(self.resend(input, call).await?))
            }
            SignInAction::UndoContactChange => {
                let Json(input) = UndoContactChange::request(event)?;
                let answering = self.answer(input, AnswerAction::Undo, call);
                UndoContactChange::response(Json(answering.await?))
            }
        })
    }
}

impl<S, D, A, P, C, E, K> SignInResolver<S, D, A, P, C, E, K>
where
    S: FlowStore + RedemptionStore + LeaseStore + UndoStore + CounterStore,
    D: Directory,
    A: ChallengeApi,
    P: Captcha,
    C: Clock,
    E: Entropy,
    K: Deployments,
{
    async fn requested(&self, input: SignInRequest, call: &Call<'_>) -> Result<Requested, Failure> {
        let served = self.app_client.client();
        if input.client_id.is_some_and(|client| client != served) {
            return Err(Rejection::InvalidClient.into());
        }
        let typed = input.email_or_phone.0;
        let input = SignInInput {
            method: ContactMethod::of(input.method, typed.expose()),
            email_or_phone: typed,
            proof: None,
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
        let Requested {
            deployment,
            request,
        } = self.requested(input, call).await?;
        let sign_in = self.core(&deployment);
        let payload = sign_in.session(&request).await?;
        let identifier = &request.identifier;
        let continuation = sign_in.context.continuation(&payload, identifier)?;
        CodePrompt::new(continuation, payload).ok_or_else(no_code)
    }

    async fn ticket(&self, input: SignInRequest, call: &Call<'_>) -> Result<IssuedTicket, Failure> {
        let Requested {
            deployment,
            request,
        } = self.requested(input, call).await?;
        Ok(self.core(&deployment).ticket(&request).await?.into())
    }

    async fn answer(
        &self,
        input: AnswerRequest,
        action: AnswerAction,
        call: &Call<'_>,
    ) -> Result<AnswerResult, Failure> {
        let request = answer::AnswerRequest {
            continuation: input.continuation.0,
            answer: input.answer.0,
            link_secret: input.link_secret.map(|secret| secret.0),
            source: Some(call.source),
        };
        let (named, continuation) = (request.key_ids(), &request.continuation);
        let deployment = self.deployment_of(continuation, &named, call).await?;
        Ok(self
            .core(&deployment)
            .answer(&request, action)
            .await?
            .into())
    }

    async fn resend(&self, input: ResendRequest, call: &Call<'_>) -> Result<CodePrompt, Failure> {
        let request = answer::ResendRequest {
            continuation: input.continuation.0,
            source: Some(call.source),
        };
        let (named, continuation) = (request.key_ids(), &request.continuation);
        let deployment = self.deployment_of(continuation, &named, call).await?;
        let resent = self.core(&deployment).resend(&request).await?;
        CodePrompt::after_resend(resent).ok_or_else(no_code)
    }

    /// Returns the deployment, and notes the identifier of the continuation for the log line. If the
    /// keys cannot be read, the sign-in goes on: the failure has the continuation.
    async fn deployment_of(
        &self,
        continuation: &Secret,
        named: &[KeyId],
        call: &Call<'_>,
    ) -> Result<Deployment, Failure> {
        let reading = self.deployment(named).await;
        let deployment = reading.map_err(|fault| Failure::Failed {
            error: fault.into(),
            continuation: Some(continuation.clone()),
        })?;
        let context = self.core(&deployment).context;
        if let Ok(continuation) = context.open_continuation(continuation) {
            call.log_context
                .set(&continuation.contact, &deployment.keys);
        }
        Ok(deployment)
    }
}

/// Returns the failure of a session without a code, which the triggers of this version do not open.
pub(super) fn no_code() -> Failure {
    latchstring_core::sign_in::SignInError::from(Cause::UnexpectedChallenge).into()
}
