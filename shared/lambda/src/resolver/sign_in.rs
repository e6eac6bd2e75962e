use std::convert::Infallible;

use latchstring_core::flow::AppClient;
use latchstring_core::identifier::{Identifier, IdentifierError, Method};
use latchstring_core::keys::KeyId;
use latchstring_core::locale::Locale;
use latchstring_core::policy::{Deployment, Policy};
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
    /// The pool, and the app client of a request that names none.
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
    /// The app client's id.
    pub(crate) client: Option<String>,
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
    pub(crate) app_client: AppClient,
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
        let policy = self.deployment.policy();
        let typed = input.email_or_phone.expose();
        let identifier = Identifier::parse_by(input.method, typed, &policy.phones)?;
        let app_client = self.client(policy, input.client.as_deref());
        // Like a field that is empty: the client of a request is part of who asks.
        let app_client = app_client.ok_or(IdentifierError::Empty)?;
        policy.check_method(&app_client, &identifier)?;
        let request = SignInRequest {
            identifier,
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
            app_client,
            request,
        })
    }

    /// Returns the client that a request names, if it is served. In session mode that is the one
    /// whose secret the functions have.
    fn client(&self, policy: &Policy, named: Option<&str>) -> Option<AppClient> {
        let own = &self.app_client;
        match named {
            None => Some(own.clone()),
            Some(_) if self.sessions.mode().is_some() => {
                named.filter(|it| *it == own.client()).map(|_| own.clone())
            }
            Some(_) => policy
                .client_named(named)
                .map(|client| AppClient::new(own.pool(), client)),
        }
    }

    /// Returns the client that a continuation is sealed for. For any other text that is the first
    /// one, by which it does not open either.
    pub(crate) fn client_of(&self, deployment: &Deployment, continuation: &Secret) -> AppClient {
        let clients = deployment.policy.clients.iter();
        let clients = clients.map(|client| AppClient::new(self.app_client.pool(), client));
        let mut clients = clients.filter(|_| self.sessions.mode().is_none());
        let opens = |client: &AppClient| {
            let context = self.core(deployment, client).context;
            context.open_continuation(continuation).is_ok()
        };
        clients
            .find(opens)
            .unwrap_or_else(|| self.app_client.clone())
    }

    /// Returns the settings and the keys, among them those that a request names.
    pub(crate) async fn deployment(&self, named: &[KeyId]) -> Result<Deployment, PortError> {
        self.deployment.deployment(named).await
    }

    /// Returns the core's resolver, over the ports of this one.
    pub(crate) fn core<'a>(
        &'a self,
        deployment: &'a Deployment,
        app_client: &'a AppClient,
    ) -> SignIn<'a, (S, D, A, C, E), P, H> {
        SignIn {
            context: Context {
                deployment,
                app_client,
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
