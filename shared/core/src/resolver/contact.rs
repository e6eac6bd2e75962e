//! The resolvers for a signed-in account: add a name and a second contact, change a contact, and
//! read the state of a pending contact.
//!
//! A new contact is pending until a code sent to it is answered. Define then writes it to the
//! account.

use std::convert::Infallible;

use super::error::Cause;
pub use super::error::ContactError;
use super::flow_opener::{FlowOpener, payload};
pub use super::identity::Identity;
use super::identity::{freshly_signed_in, signed_in};
use super::payload::SignInPayload;
use crate::effects::{Clock, Entropy};
use crate::policy::Deployment;
use crate::ports::{ChallengeApi, CounterStore, Directory, PendingStore, Reply, TokenHolder};
use crate::rate_limit::{CaptchaGate, CodeRequest};
use crate::record::pending::{Pending, PendingOutcome};
use crate::seal::charge::Charge;
use crate::value::account::{Account, Names};
use crate::value::app_client::AppClient;
use crate::value::identifier::{Identifier, Method};
use crate::value::locale::Locale;
use crate::value::purpose::Purpose;
use crate::value::source::Source;

/// The state of a pending contact, for the account owner.
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

/// The ports and settings of the resolvers for contacts.
#[derive(Debug)]
pub struct Contacts<'a, S, D, T, A, C, E> {
    /// Keys and settings.
    pub deployment: &'a Deployment,
    /// The pool and client that sessions are opened for.
    pub caller: &'a AppClient,
    /// Pending contacts and budgets.
    pub store: &'a S,
    /// The directory that names are written to.
    pub directory: &'a D,
    /// The port that returns the holder of an access token.
    pub tokens: &'a T,
    /// Cognito's API for clients.
    pub api: &'a A,
    /// The current time.
    pub clock: &'a C,
    /// The source of randomness.
    pub entropy: &'a E,
}

impl<S, D, T, A, C, E> Contacts<'_, S, D, T, A, C, E>
where
    S: PendingStore + CounterStore,
    D: Directory,
    T: TokenHolder,
    A: ChallengeApi,
    C: Clock,
    E: Entropy,
{
    /// Writes the names, stores the contact as pending and sends its code.
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

    /// Stores the contact as pending and sends its code. The present contact stays until the code
    /// is answered.
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

    /// Returns the state of the contact that was requested last; `None` if there is none.
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
        // No CAPTCHA is requested from a signed-in account.
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
