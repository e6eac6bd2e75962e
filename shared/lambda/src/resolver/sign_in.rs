use std::convert::Infallible;

use latchstring_core::flow::AppClient;
use latchstring_core::identifier::{Identifier, Method};
use latchstring_core::keys::KeyId;
use latchstring_core::locale::Locale;
use latchstring_core::policy::Deployment;
use latchstring_core::ports::{
    AdmissionHook, Captcha, ChallengeApi, Clock, CounterStore, Directory, Entropy, FlowStore,
    InvitationStore, LeaseStore, OutboxStore, PortError, RedemptionStore, UndoStore,
};
use latchstring_core::rate_limit::Source;
use latchstring_core::secret::Secret;
use latchstring_core::sign_in::{Context, SignIn, SignInError, SignInRequest};

use super::{BrowserSessions, LogContext, NoSessions, OriginSecrets, SourceOf, link_challenge};
use crate::keys::Deployments;

/// The operations for anonymous callers. In GraphQL: `signIn`, `signInTicket` and
/// `undoContactChange`.
#[derive(Clone, Debug)]
pub struct SignInResolver<S, D, A, P, C, E, K = Deployment, B = NoSessions, H = Infallible> {
    /// The source of keys and settings.
    pub deployment: K,
    /// The pool and app client that sessions are opened for.
    pub app_client: AppClient,
    /// True if the pool reports missing users.
    pub legacy_pool: bool,
    /// The part of AppSync's events that holds the client's address.
    pub source: SourceOf,
    /// The secrets of CloudFront, if it stands in front of the HTTP door.
    pub origin: Option<OriginSecrets>,
    /// The store of budgets, redemptions and leases.
    pub store: S,
    /// The accounts.
    pub directory: D,
    /// Cognito's API as a client calls it.
    pub api: A,
    /// The CAPTCHA service, where one is configured.
    pub captcha: Option<P>,
    /// Session mode, or its absence.
    pub sessions: B,
    /// The deployment's own rule for new accounts, if that is the rule.
    pub hook: Option<H>,
    /// The clock.
    pub clock: C,
    /// The source of randomness.
    pub entropy: E,
}

/// A request to sign in, as a door decoded it.
pub(crate) struct SignInInput {
    pub(crate) email_or_phone: Secret,
    pub(crate) method: Method,
    pub(crate) proof: Option<Secret>,
    pub(crate) resume: Option<Secret>,
    pub(crate) device: Option<Secret>,
    pub(crate) captcha: Option<Secret>,
    pub(crate) locale: Option<String>,
    pub(crate) link_challenge: Option<String>,
}

/// A parsed request, and the keys and settings that it is decided with.
pub(crate) struct Requested {
    pub(crate) deployment: Deployment,
    pub(crate) request: SignInRequest,
}

impl<S, D, A, P, C, E, K, B, H> SignInResolver<S, D, A, P, C, E, K, B, H>
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
    /// Parses a request, and reads the keys that it names.
    pub(crate) async fn request(
        &self,
        input: SignInInput,
        source: Option<Source>,
        log_context: &LogContext,
    ) -> Result<Requested, SignInError> {
        let phones = &self.deployment.policy().phones;
        let request = SignInRequest {
            identifier: Identifier::parse_by(input.method, input.email_or_phone.expose(), phones)?,
            proof: input.proof,
            resume: input.resume,
            locale: input.locale.as_deref().and_then(Locale::parse),
            link_challenge: link_challenge(input.link_challenge.as_deref()),
            device: input.device,
            captcha: input.captcha,
            source,
        };
        let deployment = self.deployment(&request.key_ids()).await?;
        log_context.set(&request.identifier, &deployment.keys);
        Ok(Requested {
            deployment,
            request,
        })
    }

    /// Returns the settings and the keys, among them those that a request names.
    pub(crate) async fn deployment(&self, named: &[KeyId]) -> Result<Deployment, PortError> {
        self.deployment.deployment(named).await
    }

    /// Returns the core's resolver, over the ports of this one.
    pub(crate) fn core<'a>(
        &'a self,
        deployment: &'a Deployment,
    ) -> SignIn<'a, (S, D, A, C, E), P, H> {
        SignIn {
            context: Context {
                deployment,
                app_client: &self.app_client,
                store: &self.store,
                directory: &self.directory,
                api: &self.api,
                clock: &self.clock,
                entropy: &self.entropy,
            },
            legacy_pool: self.legacy_pool,
            captcha: self.captcha.as_ref(),
            hook: self.hook.as_ref(),
        }
    }
}
