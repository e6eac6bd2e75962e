//! The resolver that undoes the change of a contact, for the owner of the replaced one.
//!
//! The owner proves the replaced contact as in a first sign-in: it belongs to no account, so a right
//! code earns a proof. Whether there is a change to undo is revealed only to the holder of a proof.

use std::time::Duration;

use futures_util::future::try_join;

use super::context::Ports;
use super::error::{Cause, SignInError};
use super::flow_opener::{Answered, ProofAction};
use super::payload::TokensPayload;
use super::sign_in::{SignIn, SignInRequest};
use crate::effects::Clock;
use crate::policy::Deployment;
use crate::ports::{
    AdmissionHook, Captcha, Directory, FlowStore, InvitationStore, LeaseStore, OpenChallenge,
    PortError, Redeemable, RedemptionStore, UndoStore,
};
use crate::record::undo::Undo;
use crate::seal::pseudonym::Pseudonym;
use crate::value::identifier::Identifier;
use crate::value::secret::Secret;

/// The maximum number of times that the proof is answered in its session.
const ANSWERS: u8 = 4;
/// The time between two answers. Define undoes the change at the first one, and lets a second pass
/// before tokens.
const WAIT: Duration = Duration::from_millis(1100);

impl<P, C, H> SignIn<'_, P, C, H>
where
    P: Ports<Store: FlowStore + RedemptionStore + LeaseStore + UndoStore + InvitationStore>,
    C: Captcha,
    H: AdmissionHook,
{
    /// Gives the account back to the owner of a replaced contact, and returns tokens. The proof
    /// answers the first challenge of a session that this request opens; Define restores the
    /// contact.
    ///
    /// # Errors
    /// If the proof is not valid, if there is no change that it can undo, if another account holds
    /// the contact by now, or if a port fails.
    pub async fn undo_contact_change(
        &self,
        request: &SignInRequest,
        proof: &Secret,
    ) -> Result<TokensPayload, SignInError> {
        let SignInRequest {
            identifier, source, ..
        } = request;
        let opened = self.sealed_proof(identifier, proof)?;
        self.earned(identifier, &opened).await?;
        let Undo { username, .. } = self.change_of(identifier).await?;
        let mut challenge = self.initiate_new(&username, *source).await?;
        for _ in 1..ANSWERS {
            challenge = match self.answer_with_proof(challenge, request, proof).await? {
                Answered::Tokens(tokens) => return Ok(TokensPayload::new(username, tokens)),
                Answered::Refused => return Err(self.refused(identifier).await),
                Answered::Asked(challenge) => challenge,
            };
            self.context.clock.sleep(WAIT).await;
        }
        match self.answer_with_proof(challenge, request, proof).await? {
            Answered::Tokens(tokens) => Ok(TokensPayload::new(username, tokens)),
            Answered::Refused => Err(self.refused(identifier).await),
            // The proof is redeemed by this session, and then a port of Define did not answer; or by
            // another one, and then no answer passes.
            Answered::Asked(_) => {
                let redeemed = Redeemable::Proof(opened.flow);
                Err(if self.context.store.is_redeemed(redeemed).await? {
                    SignInError::InvalidProof
                } else {
                    let fault = PortError::new("RespondToAuthChallenge", "asked again");
                    Cause::PortError(fault).into()
                })
            }
        }
    }

    async fn answer_with_proof(
        &self,
        challenge: OpenChallenge,
        request: &SignInRequest,
        proof: &Secret,
    ) -> Result<Answered, SignInError> {
        let SignInRequest {
            identifier, source, ..
        } = request;
        let action = ProofAction::Undo;
        self.context
            .answer(challenge, identifier, proof, action, *source)
            .await
    }

    /// Returns the reason that the session has failed: something that has changed since it was
    /// opened, or a change that is undone, after which a new code signs in.
    async fn refused(&self, contact: &Identifier) -> SignInError {
        match self.change_of(contact).await {
            Ok(_) => Cause::SessionRefused.into(),
            Err(SignInError::NothingToUndo) => {
                let found = self.context.directory.find(contact.as_str()).await;
                match found {
                    Ok(Some(holder)) if holder.attributes.holds(contact) => {
                        SignInError::InvalidProof
                    }
                    Ok(_) => SignInError::NothingToUndo,
                    Err(fault) => fault.into(),
                }
            }
            Err(error) => error,
        }
    }

    /// Returns the record of the change that replaced the contact.
    async fn change_of(&self, contact: &Identifier) -> Result<Undo, SignInError> {
        let (store, directory) = (self.context.store, self.context.directory);
        let Deployment { policy, keys } = self.context.deployment;
        let index = Pseudonym::of_identifier(keys, contact);
        let (account, holder) =
            try_join(store.replaced(index), directory.find(contact.as_str())).await?;
        let account = account.ok_or(SignInError::NothingToUndo)?;
        let now = self.context.clock.now();
        let record = store.undo(&account).await?;
        let record =
            record.filter(|record| record.is_open(policy, now) && record.is_of(contact, keys));
        let record = record.ok_or(SignInError::NothingToUndo)?;
        if holder.is_some_and(|holder| {
            holder.attributes.has(contact) && *holder.attributes.sub() != account
        }) {
            return Err(SignInError::ContactInUse);
        }
        Ok(record)
    }
}
