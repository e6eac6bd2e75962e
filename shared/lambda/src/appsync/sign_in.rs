use latchstring_core::ports::{
    AdmissionHook, Captcha, ChallengeApi, Clock, CounterStore, Directory, Entropy, FlowStore,
    InvitationStore, LeaseStore, OutboxStore, RedemptionStore, UndoStore,
};
use latchstring_core::secret::Secret;
use latchstring_core::sign_in::SignInError;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, Fields, GraphqlMethod, arguments, session, tokens};
use crate::handler::PublicError;
use crate::keys::Deployments;
use crate::resolver::{BrowserSessions, LogContext, Requested, SignInInput, SignInResolver};

#[derive(Deserialize)]
struct Arguments {
    input: Input,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    client_id: Option<String>,
    email_or_phone: String,
    method: GraphqlMethod,
    proof: Option<String>,
    resume: Option<String>,
    complete: Option<bool>,
    device: Option<String>,
    captcha: Option<String>,
    locale: Option<String>,
    link_challenge: Option<String>,
}

impl<S, D, A, P, C, E, K, B, H> Fields for SignInResolver<S, D, A, P, C, E, K, B, H>
where
    S: FlowStore
        + RedemptionStore
        + LeaseStore
        + UndoStore
        + InvitationStore
        + CounterStore
        + OutboxStore,
    D: Directory,
    A: ChallengeApi,
    P: Captcha,
    C: Clock,
    E: Entropy,
    K: Deployments,
    B: BrowserSessions,
    H: AdmissionHook,
{
    fn clock(&self) -> &impl Clock {
        &self.clock
    }

    async fn resolve(
        &self,
        event: &Value,
        field: &str,
        log_context: &LogContext,
    ) -> Result<Answer, PublicError> {
        let Arguments { input } = arguments(event)?;
        let complete = input.complete.unwrap_or_default();
        let input = SignInInput {
            client: input.client_id,
            email_or_phone: Secret::new(input.email_or_phone),
            method: input.method.into(),
            proof: input.proof.map(Secret::new),
            resume: input.resume.map(Secret::new),
            device: input.device.map(Secret::new),
            captcha: input.captcha.map(Secret::new),
            locale: input.locale,
            link_challenge: input.link_challenge,
        };
        let requested = self.request(input, self.source.of(event), log_context);
        let Requested {
            deployment,
            app_client,
            request,
        } = match requested.await {
            Ok(requested) => requested,
            Err(error) => return Ok(Err(error.into())),
        };
        let sign_in = self.core(&deployment, &app_client);
        let answered = match field {
            "signIn" => match &request.proof {
                Some(proof) if complete => {
                    let completing = sign_in.tokens(&request, proof);
                    completing.await.map(|payload| tokens(&payload))
                }
                _ => {
                    let opening = sign_in.session(&request);
                    opening.await.map(|payload| session(&payload))
                }
            },
            "signInTicket" => sign_in.ticket(&request).await.map(|payload| {
                json!({
                    "ticket": payload.ticket.expose(),
                    "username": payload.username.expose(),
                    "expiresIn": payload.expires_in,
                })
            }),
            "undoContactChange" => match &request.proof {
                Some(proof) => {
                    let undoing = sign_in.undo_contact_change(&request, proof);
                    undoing.await.map(|payload| tokens(&payload))
                }
                None => Err(SignInError::InvalidProof),
            },
            _ => return Err(PublicError::UnreadableEvent),
        };
        Ok(answered.map(Into::into).map_err(Into::into))
    }
}
