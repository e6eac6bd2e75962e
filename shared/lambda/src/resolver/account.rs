use latchstring_core::account::Names;
use latchstring_core::contact::{ContactError, ContactMessage, Identity, SignedIn};
use latchstring_core::flow::AppClient;
use latchstring_core::identifier::{Identifier, Method};
use latchstring_core::locale::Locale;
use latchstring_core::policy::Deployment;
use latchstring_core::ports::{
    AccessTokenVerifier, ChallengeApi, Clock, CounterStore, Directory, Entropy, OutboxStore,
    PendingStore, PortError, UndoStore,
};
use latchstring_core::rate_limit::Source;
use latchstring_core::secret::Secret;
use latchstring_core::sign_in::{Context, SignInError, SignInPayload};

use super::{BrowserSessions, LogContext, NoSessions, OriginSecrets, SourceOf, link_challenge};
use crate::keys::Deployments;

/// The operations for signed-in callers. In GraphQL: `signUp`, `updateName`, `changeContact`,
/// `pendingContact`, `rememberDevice` and `forgetDevices`.
#[derive(Clone, Debug)]
pub struct AccountResolver<S, D, T, A, C, E, K = Deployment, B = NoSessions> {
    /// The source of keys and settings.
    pub deployment: K,
    /// The pool, and the app client that serves where a caller's own does not.
    pub app_client: AppClient,
    /// The part of AppSync's events that holds the client's address.
    pub source: SourceOf,
    /// The secrets of CloudFront, if it stands in front of the HTTP door.
    pub origin: Option<OriginSecrets>,
    /// The store of pending contacts, budgets and device generations.
    pub store: S,
    /// The accounts.
    pub directory: D,
    /// The port that returns the holder of an access token.
    pub tokens: T,
    /// Cognito's API as a client calls it.
    pub api: A,
    /// Session mode, or its absence.
    pub sessions: B,
    /// The clock.
    pub clock: C,
    /// The source of randomness.
    pub entropy: E,
}

/// A name, as a door decoded it.
pub(crate) struct NamesInput {
    pub(crate) given_name: String,
    pub(crate) family_name: String,
}

impl NamesInput {
    fn parse(&self) -> Result<Names, ContactError> {
        Ok(Names::parse(&self.given_name, &self.family_name)?)
    }
}

/// A new contact, and the wishes for its message, as a door decoded them.
pub(crate) struct ContactInput {
    pub(crate) email_or_phone: Secret,
    pub(crate) method: Method,
    pub(crate) locale: Option<String>,
    pub(crate) link_challenge: Option<String>,
}

impl ContactInput {
    /// Parses the contact by the rules of the deployment, and notes it for the log line.
    pub(crate) fn parse(
        &self,
        deployment: &Deployment,
        log_context: &LogContext,
    ) -> Result<Identifier, ContactError> {
        let phones = &deployment.policy.phones;
        let contact = Identifier::parse_by(self.method, self.email_or_phone.expose(), phones);
        let contact = contact.map_err(SignInError::from)?;
        log_context.set(&contact, &deployment.keys);
        Ok(contact)
    }

    /// Returns the caller's wishes for the message. A wish that cannot be read counts as missing.
    fn message(&self) -> ContactMessage {
        ContactMessage {
            locale: self.locale.as_deref().and_then(Locale::parse),
            link_challenge: link_challenge(self.link_challenge.as_deref()),
        }
    }
}

impl<S, D, T, A, C, E, K, B> AccountResolver<S, D, T, A, C, E, K, B>
where
    S: PendingStore + UndoStore + CounterStore + OutboxStore,
    D: Directory,
    T: AccessTokenVerifier,
    A: ChallengeApi,
    C: Clock,
    E: Entropy,
    K: Deployments,
    B: BrowserSessions,
{
    /// Returns the settings and the keys. The key of a resume secret is on every ring before it
    /// becomes current, so none is named.
    pub(crate) async fn deployment(&self) -> Result<Deployment, PortError> {
        self.deployment.deployment(&[]).await
    }

    /// Returns the client of the caller's token, for which its sessions are opened. A client that is
    /// not served is refused with its token.
    pub(crate) fn client_of(&self, deployment: &Deployment, identity: &Identity) -> AppClient {
        let own = &self.app_client;
        if self.sessions.mode().is_some() {
            return own.clone();
        }
        match deployment.policy.client_named(Some(&identity.client)) {
            Some(client) => AppClient::new(own.pool(), client),
            None => own.clone(),
        }
    }

    /// Returns the core's resolver, over the ports of this one.
    pub(crate) fn core<'a>(
        &'a self,
        deployment: &'a Deployment,
    ) -> SignedIn<'a, (S, D, A, C, E), T> {
        self.core_of(deployment, &self.app_client)
    }

    /// Returns the same for sessions of this client.
    pub(crate) fn core_of<'a>(
        &'a self,
        deployment: &'a Deployment,
        app_client: &'a AppClient,
    ) -> SignedIn<'a, (S, D, A, C, E), T> {
        SignedIn {
            context: Context {
                deployment,
                app_client,
                store: &self.store,
                directory: &self.directory,
                api: &self.api,
                clock: &self.clock,
                entropy: &self.entropy,
            },
            tokens: &self.tokens,
        }
    }

    /// Writes the names and requests a contact. Returns the contact, and the session that its code
    /// answers.
    pub(crate) async fn sign_up(
        &self,
        deployment: &Deployment,
        identity: &Identity,
        names: &NamesInput,
        contact: &ContactInput,
        source: Option<Source>,
        log_context: &LogContext,
    ) -> Result<(Identifier, SignInPayload), ContactError> {
        let names = names.parse()?;
        let message = contact.message();
        let contact = contact.parse(deployment, log_context)?;
        let client = self.client_of(deployment, identity);
        let checked = deployment.policy.check_method(&client, &contact);
        checked.map_err(SignInError::from)?;
        let account = self.core_of(deployment, &client);
        let signing_up = account.sign_up(identity, &names, &contact, message, source);
        let payload = signing_up.await?;
        Ok((contact, payload))
    }

    /// Requests a contact, or continues such a request by its resume secret. Returns the contact,
    /// and the session that its code answers.
    pub(crate) async fn change_contact(
        &self,
        deployment: &Deployment,
        identity: &Identity,
        contact: &ContactInput,
        resume: Option<Secret>,
        source: Option<Source>,
        log_context: &LogContext,
    ) -> Result<(Identifier, SignInPayload), ContactError> {
        let message = contact.message();
        let contact = contact.parse(deployment, log_context)?;
        let client = self.client_of(deployment, identity);
        let checked = deployment.policy.check_method(&client, &contact);
        checked.map_err(SignInError::from)?;
        let account = self.core_of(deployment, &client);
        let payload = match resume {
            None => {
                let changing = account.change_contact(identity, &contact, message, source);
                changing.await?
            }
            Some(resume) => {
                let resuming = account.resume_contact(identity, &contact, &resume, source);
                resuming.await?
            }
        };
        Ok((contact, payload))
    }

    /// Writes the names, and returns them as they were written.
    pub(crate) async fn update_names(
        &self,
        deployment: &Deployment,
        identity: &Identity,
        names: &NamesInput,
    ) -> Result<Names, ContactError> {
        let names = names.parse()?;
        self.core(deployment).update_names(identity, &names).await?;
        Ok(names)
    }
}
