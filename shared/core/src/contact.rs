//! The resolvers for people who are signed in: add a name and a second contact, change a contact,
//! and see what became of it.
//!
//! A new contact is pending until a code sent to it is answered; Define puts it on the account.

use std::convert::Infallible;

use thiserror::Error;

use crate::account::{Account, NameError, Names, Sub};
use crate::flow::{AppClient, Purpose};
use crate::flow_opener::{FlowOpener, payload};
use crate::identifier::{Identifier, Method};
use crate::locale::Locale;
use crate::pending::{Pending, PendingOutcome};
use crate::policy::{Deployment, Policy};
use crate::ports::{ChallengeApi, Clock, Directory, Entropy, PortError, Reply, Store, TokenHolder};
use crate::rate_limit::{CaptchaGate, Charge, CodeRequest, RateLimitError, Source};
use crate::sealed::CLOCK_LEEWAY;
use crate::secret::Secret;
use crate::sign_in::{Cause, SignInError, SignInPayload};
use crate::time::Timestamp;

/// Who calls, by the claims of the token that AppSync verified, never by an argument.
#[derive(Clone, Debug)]
pub struct Identity {
    /// `sub`.
    pub sub: Sub,
    /// `token_use`: only `access` is taken.
    pub token_use: String,
    /// `client_id`.
    pub client: String,
    /// `auth_time`: when the person signed in; refreshing does not change it.
    pub auth_time: Timestamp,
    /// The token itself, to ask Cognito whether it still accepts it.
    pub access_token: Secret,
}

/// What became of a pending contact, for its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PendingState {
    /// Its code has not been answered yet.
    Waiting,
    /// It is on the account.
    Done,
    /// It was proved, but another account holds it.
    InUse,
    /// It was not proved in time.
    Expired,
}

/// Why a contact does not change. The text is public; causes are logged by the caller.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ContactError {
    /// A name cannot be shown.
    #[error(transparent)]
    InvalidName(#[from] NameError),
    /// No access token of a served client that Cognito still accepts.
    #[error("Sign in first.")]
    NotSignedIn,
    /// Signed in, but too long ago.
    #[error("It has been a while since you signed in. Sign in again to change this.")]
    ReauthRequired,
    /// It is the account's own already.
    #[error("This is on your account already.")]
    ContactInUse,
    /// What can also go wrong at sign-in.
    #[error(transparent)]
    SignIn(#[from] SignInError),
}

impl ContactError {
    /// The GraphQL error type.
    pub const fn error_type(&self) -> &'static str {
        match self {
            Self::InvalidName(_) => "InvalidName",
            Self::NotSignedIn => "NotSignedIn",
            Self::ReauthRequired => "ReauthRequired",
            Self::ContactInUse => "ContactInUse",
            Self::SignIn(error) => error.error_type(),
        }
    }
}

impl From<RateLimitError> for ContactError {
    fn from(error: RateLimitError) -> Self {
        Self::SignIn(error.into())
    }
}

impl From<PortError> for ContactError {
    fn from(fault: PortError) -> Self {
        Self::SignIn(fault.into())
    }
}

impl From<Cause> for ContactError {
    fn from(cause: Cause) -> Self {
        Self::SignIn(cause.into())
    }
}

/// The resolvers' ports and settings.
#[derive(Debug)]
pub struct Contacts<'a, S, D, T, A, C, E> {
    /// Keys and numbers.
    pub deployment: &'a Deployment,
    /// The pool and client that sessions are opened for.
    pub caller: &'a AppClient,
    /// Pending contacts, budgets.
    pub store: &'a S,
    /// Names are written here.
    pub directory: &'a D,
    /// Whose an access token is.
    pub tokens: &'a T,
    /// Cognito as a client sees it.
    pub api: &'a A,
    /// The time.
    pub clock: &'a C,
    /// Randomness.
    pub entropy: &'a E,
}

impl<S, D, T, A, C, E> Contacts<'_, S, D, T, A, C, E>
where
    S: Store,
    D: Directory,
    T: TokenHolder,
    A: ChallengeApi,
    C: Clock,
    E: Entropy,
{
    /// Writes the names, keeps the contact as pending and sends its code.
    pub async fn sign_up(
        &self,
        identity: &Identity,
        names: &Names,
        contact: &Identifier,
        locale: Option<Locale>,
        source: Option<Source>,
    ) -> Result<SignInPayload, ContactError> {
        let account = freshly_signed_in(self.deployment, self.tokens, self.clock, identity).await?;
        let charge = self.admit(&account, contact, source).await?;
        self.directory.set_names(&account.username, names).await?;
        self.start(&account, contact, locale, source, charge).await
    }

    /// Keeps the contact as pending and sends its code. The present one works until then.
    pub async fn change(
        &self,
        identity: &Identity,
        contact: &Identifier,
        locale: Option<Locale>,
        source: Option<Source>,
    ) -> Result<SignInPayload, ContactError> {
        let account = freshly_signed_in(self.deployment, self.tokens, self.clock, identity).await?;
        let charge = self.admit(&account, contact, source).await?;
        self.start(&account, contact, locale, source, charge).await
    }

    /// What became of the contact that was last asked for.
    pub async fn pending(
        &self,
        identity: &Identity,
        method: Method,
    ) -> Result<Option<PendingState>, ContactError> {
        let account = self.signed_in(identity).await?;
        let pending = self.store.pending(account.attributes.sub(), method).await?;
        Ok(pending.map(|pending| match pending.outcome {
            PendingOutcome::Waiting if self.clock.now() >= pending.expires_at => {
                PendingState::Expired
            }
            PendingOutcome::Waiting => PendingState::Waiting,
            PendingOutcome::Done => PendingState::Done,
            PendingOutcome::InUse => PendingState::InUse,
        }))
    }

    const fn flow_opener(&self) -> FlowOpener<'_, S, A, C, E> {
        FlowOpener {
            deployment: self.deployment,
            caller: self.caller,
            store: self.store,
            api: self.api,
            clock: self.clock,
            entropy: self.entropy,
        }
    }

    /// Plans the code and charges the account, before anything is written for the contact.
    async fn admit(
        &self,
        account: &Account,
        contact: &Identifier,
        source: Option<Source>,
    ) -> Result<Charge, ContactError> {
        let own = account.attributes.verified(contact.method());
        if own.as_ref() == Some(contact) {
            return Err(ContactError::ContactInUse);
        }
        // A signed-in account is not asked for a CAPTCHA.
        let gate = None::<CaptchaGate<'_, Infallible>>;
        let code = CodeRequest {
            identifier: contact,
            device: None,
            source,
        };
        let flow_opener = self.flow_opener();
        let charge = flow_opener.plan(code, gate).await?;
        let sub = account.attributes.sub();
        flow_opener.limiter().charge_account(sub).await?;
        Ok(charge)
    }

    async fn start(
        &self,
        account: &Account,
        contact: &Identifier,
        locale: Option<Locale>,
        source: Option<Source>,
        charge: Charge,
    ) -> Result<SignInPayload, ContactError> {
        let Deployment { policy, keys } = self.deployment;
        let own = account.attributes.verified(contact.method());
        let flow_opener = self.flow_opener();
        let pending = Pending::new(
            account.attributes.sub().clone(),
            contact,
            own.as_ref(),
            self.clock.now().plus(policy.pending_life),
            keys,
            self.entropy,
        );
        self.store.put_pending(&pending).await?;
        let ticket = flow_opener.seal(Purpose::VerifyContact(pending.id), contact, locale, charge);
        let opened = self.api.initiate(&account.username, source).await?;
        let Reply::Challenge(challenge) = opened else {
            return Err(Cause::SessionRefused.into());
        };
        let asked = flow_opener
            .select(challenge, contact, &ticket, source)
            .await?;
        payload(&asked, "otp", &account.username)?.ok_or_else(|| Cause::UnexpectedChallenge.into())
    }

    async fn signed_in(&self, identity: &Identity) -> Result<Account, ContactError> {
        signed_in(&self.deployment.policy, self.tokens, identity).await
    }
}

/// Returns the caller's account, if the sign-in is recent and Cognito still accepts the token.
pub(crate) async fn freshly_signed_in(
    deployment: &Deployment,
    tokens: &impl TokenHolder,
    clock: &impl Clock,
    identity: &Identity,
) -> Result<Account, ContactError> {
    let policy = &deployment.policy;
    let account = signed_in(policy, tokens, identity).await?;
    let now = clock.now();
    if now.since(identity.auth_time) > policy.fresh_for
        || identity.auth_time > now.plus(CLOCK_LEEWAY)
    {
        return Err(ContactError::ReauthRequired);
    }
    Ok(account)
}

/// The caller's account, if Cognito still accepts the token. AppSync alone would take an ID token,
/// another client's, or a revoked one until it expires.
pub(crate) async fn signed_in(
    policy: &Policy,
    tokens: &impl TokenHolder,
    identity: &Identity,
) -> Result<Account, ContactError> {
    let of_ours = policy.clients.contains(&identity.client);
    if identity.token_use != "access" || !of_ours || identity.sub.is_empty() {
        return Err(ContactError::NotSignedIn);
    }
    tokens
        .holder(&identity.access_token)
        .await?
        .filter(|account| *account.attributes.sub() == identity.sub)
        .ok_or(ContactError::NotSignedIn)
}
