use latchstring_core::flow::AppClient;
use latchstring_core::identifier::Identifier;
use latchstring_core::locale::Locale;
use latchstring_core::policy::Deployment;
use latchstring_core::ports::{
    Captcha, ChallengeApi, Clock, CounterStore, Directory, Entropy, FlowStore, LeaseStore,
    RedemptionStore, UndoStore,
};
use latchstring_core::secret::Secret;
use latchstring_core::sign_in::{Context, SignIn, SignInError, SignInRequest};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{GraphqlMethod, LogContext, LoggedIdentifier, Outcome, SourceOf, respond};
use crate::handler::{Handler, HandlerResponse, PublicError};
use crate::keys::Deployments;

#[derive(Deserialize)]
struct Arguments {
    input: Input,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
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

/// The fields for anonymous callers: `signIn`, `signInTicket` and `undoContactChange`.
#[derive(Clone, Debug)]
pub struct SignInResolver<S, D, A, P, C, E, K = Deployment> {
    /// The source of keys and settings.
    pub deployment: K,
    /// The pool and app client that sessions are opened for.
    pub app_client: AppClient,
    /// True if the pool reports missing users.
    pub legacy_pool: bool,
    /// The part of an event that holds the client's address.
    pub source: SourceOf,
    /// The store of budgets, redemptions and leases.
    pub store: S,
    /// The accounts.
    pub directory: D,
    /// Cognito's API as a client calls it.
    pub api: A,
    /// The CAPTCHA service, where one is configured.
    pub captcha: Option<P>,
    /// The clock.
    pub clock: C,
    /// The source of randomness.
    pub entropy: E,
}

impl<S, D, A, P, C, E, K> Handler for SignInResolver<S, D, A, P, C, E, K>
where
    S: FlowStore + RedemptionStore + LeaseStore + UndoStore + CounterStore,
    D: Directory,
    A: ChallengeApi,
    P: Captcha,
    C: Clock,
    E: Entropy,
    K: Deployments,
{
    async fn handle(&self, event: Value) -> Result<HandlerResponse, PublicError> {
        let resolving = respond(event, &self.clock, async |event, field, log_context| {
            self.resolve(event, field, log_context).await
        });
        resolving.await.map(HandlerResponse::from)
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
    async fn resolve(
        &self,
        event: &Value,
        field: &str,
        log_context: &LogContext,
    ) -> Result<Outcome, PublicError> {
        let Arguments { input } = super::arguments(event)?;
        let complete = input.complete.unwrap_or_default();
        let method = input.method.into();
        let phones = &self.deployment.policy().phones;
        let identifier = match Identifier::parse_by(method, &input.email_or_phone, phones) {
            Ok(identifier) => identifier,
            Err(error) => return Ok(Err(SignInError::from(error).into())),
        };
        let request = SignInRequest {
            identifier,
            proof: input.proof.map(Secret::new),
            resume: input.resume.map(Secret::new),
            locale: input.locale.as_deref().and_then(Locale::parse),
            link_challenge: super::link_challenge(input.link_challenge.as_deref()),
            device: input.device.map(Secret::new),
            captcha: input.captcha.map(Secret::new),
            source: self.source.of(event),
        };
        let deployment = match self.deployment.deployment(&request.key_ids()).await {
            Ok(deployment) => deployment,
            Err(fault) => return Ok(Err(fault.into())),
        };
        log_context.get_or_init(|| LoggedIdentifier::is(&request.identifier, &deployment.keys));
        let sign_in = SignIn::<(S, D, A, C, E), P> {
            context: Context {
                deployment: &deployment,
                app_client: &self.app_client,
                store: &self.store,
                directory: &self.directory,
                api: &self.api,
                clock: &self.clock,
                entropy: &self.entropy,
            },
            legacy_pool: self.legacy_pool,
            captcha: self.captcha.as_ref(),
        };
        let answered = match field {
            "signIn" => match &request.proof {
                Some(proof) if complete => {
                    let completing = sign_in.tokens(&request, proof);
                    completing.await.map(|payload| super::tokens(&payload))
                }
                _ => {
                    let opening = sign_in.session(&request);
                    opening.await.map(|payload| super::session(&payload))
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
                    undoing.await.map(|payload| super::tokens(&payload))
                }
                None => Err(SignInError::InvalidProof),
            },
            _ => return Err(PublicError::UnreadableEvent),
        };
        Ok(answered.map_err(Into::into))
    }
}
