//! The resolvers for a signed-in account: add a name and a second contact, change a contact, and
//! read the state of a pending contact.
//!
//! A new contact is pending until a code sent to it is answered. Define then writes it to the
//! account.

use std::convert::Infallible;

use super::context::Ports;
pub use super::error::ContactError;
use super::error::{Cause, SignInError};
use super::flow_opener::payload;
use super::payload::SignInPayload;
pub use super::signed_in::{Identity, SignedIn};
use crate::effects::Clock;
use crate::policy::Deployment;
use crate::ports::{
    AccessTokenVerifier, ChallengeApi, Directory, OpenChallenge, PendingStore, Reply, UndoStore,
};
use crate::rate_limit::{CaptchaGate, CodeRequest, Receipt};
use crate::record::pending::{Pending, PendingId, PendingOutcome};
use crate::seal::code_terms::CodeTerms;
use crate::seal::link::LinkChallenge;
use crate::value::account::{Account, Names};
use crate::value::identifier::{Identifier, Method};
use crate::value::locale::Locale;
use crate::value::purpose::{Purpose, TicketPurpose};
use crate::value::secret::Secret;
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
    /// It was not proved in time, or its change is undone.
    Expired,
}

/// The message of a request for a new contact.
#[derive(Clone, Copy, Debug, Default)]
pub struct ContactMessage {
    /// The requested language, if messages are written in it.
    pub locale: Option<Locale>,
    /// The challenge of the client's link secret, if a mail may have a link.
    pub link_challenge: Option<LinkChallenge>,
}

/// A request for a new contact that the budgets admit.
struct Admitted {
    terms: CodeTerms,
    /// The charges of the account and its contacts.
    receipts: Vec<Receipt>,
}

impl<P, T> SignedIn<'_, P, T>
where
    P: Ports<Store: PendingStore + UndoStore>,
    T: AccessTokenVerifier,
{
    /// Writes the names, opens a session in which Create sends the code of the contact, and stores
    /// the contact as pending.
    pub async fn sign_up(
        &self,
        identity: &Identity,
        names: &Names,
        contact: &Identifier,
        message: ContactMessage,
        source: Option<Source>,
    ) -> Result<SignInPayload, ContactError> {
        let account = self.changeable_account(identity).await?;
        let admitted = self.admit(&account, contact, source).await?;
        self.start(&account, Some(names), contact, message, source, admitted)
            .await
    }

    /// Opens a session in which Create sends the code of the contact, and stores the contact as
    /// pending. The present contact stays until the code is answered.
    pub async fn change_contact(
        &self,
        identity: &Identity,
        contact: &Identifier,
        message: ContactMessage,
        source: Option<Source>,
    ) -> Result<SignInPayload, ContactError> {
        let account = self.changeable_account(identity).await?;
        let admitted = self.admit(&account, contact, source).await?;
        self.start(&account, None, contact, message, source, admitted)
            .await
    }

    /// Opens another session for the flow of a contact that this account requested, by its resume
    /// secret. Nothing is written, sent or charged. While a change holds the account, none is opened:
    /// the code would be refused.
    pub async fn resume_contact(
        &self,
        identity: &Identity,
        contact: &Identifier,
        resume: &Secret,
        source: Option<Source>,
    ) -> Result<SignInPayload, ContactError> {
        let account = self.changeable_account(identity).await?;
        let context = &self.context;
        let ticket = context.seal_resumption(resume, contact, TicketPurpose::ResumeContact);
        let ticket = ticket.ok_or(SignInError::InvalidResume)?;
        let username = &account.username;
        let opening = context.api.initiate(context.app_client, username, source);
        let Reply::Challenge(challenge) = opening.await? else {
            return Err(Cause::SessionRefused.into());
        };
        let resuming = context.resume(challenge, contact, username, &ticket, source);
        Ok(resuming.await?)
    }

    /// Returns the state of the contact that was requested last; `None` if there is none.
    pub async fn pending_contact(
        &self,
        identity: &Identity,
        method: Method,
    ) -> Result<Option<PendingState>, ContactError> {
        let account = self.account(identity).await?;
        let pending = self
            .context
            .store
            .pending(account.attributes.sub(), method)
            .await?;
        Ok(pending.map(|pending| match pending.outcome {
            PendingOutcome::Waiting if self.context.clock.now() >= pending.expires_at => {
                PendingState::Expired
            }
            PendingOutcome::Undone => PendingState::Expired,
            PendingOutcome::Waiting => PendingState::Waiting,
            PendingOutcome::Done => PendingState::Done,
            PendingOutcome::InUse => PendingState::InUse,
        }))
    }

    /// Returns the caller's account, if the sign-in is recent and no change holds the account. Commit
    /// checks the latter again.
    async fn changeable_account(&self, identity: &Identity) -> Result<Account, ContactError> {
        let context = &self.context;
        // Nothing is read for a `sub` before Cognito has accepted its token: the HTTP door verifies no
        // signature.
        let account = self.fresh_account(identity).await?;
        let undo = context.store.undo(account.attributes.sub()).await?;
        let now = context.clock.now();
        let held = &account.attributes;
        let until = undo.and_then(|undo| undo.holds_until(held, context.deployment, now));
        match until {
            Some(until) => Err(ContactError::ChangeHeld {
                retry_after: now.secs_until(until),
            }),
            None => Ok(account),
        }
    }

    /// Plans the code and charges the account, before anything is written for the contact.
    async fn admit(
        &self,
        account: &Account,
        contact: &Identifier,
        source: Option<Source>,
    ) -> Result<Admitted, ContactError> {
        let own = account.attributes.verified(contact.method());
        if own.as_ref() == Some(contact) {
            return Err(ContactError::ContactInUse);
        }
        // An account without a verified contact has not signed in by Latchstring, and no notice of
        // the change would reach its owner. Cognito does not document whether a token holder can
        // delete contacts by `DeleteUserAttributes`.
        let held = account.attributes.verified_contacts();
        if held.iter().all(Option::is_none) {
            return Err(ContactError::NotSignedIn);
        }
        // No CAPTCHA is requested from a signed-in account.
        let gate = None::<CaptchaGate<'_, Infallible>>;
        let code = CodeRequest {
            identifier: contact,
            device: None,
            source,
            is_sign_in: false,
        };
        let terms = self.context.plan(code, gate).await?;
        let sub = account.attributes.sub();
        let receipts = self
            .context
            .limiter()
            .charge_new_contact(sub, held.into_iter().flatten())
            .await?;
        Ok(Admitted { terms, receipts })
    }

    /// Opens the session and answers its first challenge. Until that answer no message can be sent,
    /// so a fault before it refunds the account: anyone can have Cognito throttle a username. A
    /// fault after it may follow a message, and refunds nothing.
    async fn start(
        &self,
        account: &Account,
        names: Option<&Names>,
        contact: &Identifier,
        message: ContactMessage,
        source: Option<Source>,
        admitted: Admitted,
    ) -> Result<SignInPayload, ContactError> {
        let context = &self.context;
        let Admitted { terms, receipts } = admitted;
        let (challenge, pending) = match self.open(account, names, contact, source).await {
            Ok(opened) => opened,
            Err(error) => {
                context.limiter().refund_new_contact(receipts).await;
                return Err(error);
            }
        };
        let ticket = context.seal(
            Purpose::VerifyContact(pending),
            contact,
            message.locale,
            message.link_challenge,
            terms,
        );
        let selecting = context.select(challenge, contact, &ticket, source);
        let asked = selecting.await?;
        payload(&asked, "otp", &account.username)?.ok_or_else(|| Cause::UnexpectedChallenge.into())
    }

    /// Writes the names, opens a session, and then stores the contact as pending. In this order, a
    /// session that does not open leaves an earlier request of the account as it is.
    async fn open(
        &self,
        account: &Account,
        names: Option<&Names>,
        contact: &Identifier,
        source: Option<Source>,
    ) -> Result<(OpenChallenge, PendingId), ContactError> {
        let context = &self.context;
        let Deployment { policy, keys } = context.deployment;
        if let Some(names) = names {
            let directory = context.directory;
            directory.set_names(&account.username, names).await?;
        }
        let opening = context
            .api
            .initiate(context.app_client, &account.username, source);
        let opened = opening.await?;
        let Reply::Challenge(challenge) = opened else {
            return Err(Cause::SessionRefused.into());
        };
        let own = account.attributes.verified(contact.method());
        let pending = Pending::new(
            account.attributes.sub().clone(),
            contact,
            own.as_ref(),
            context.clock.now().plus(policy.pending_life),
            keys,
            context.entropy,
        );
        context.store.put_pending(&pending).await?;
        Ok((challenge, pending.id))
    }
}
