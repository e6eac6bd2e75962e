//! Writes a proved contact to the account.
//!
//! A lease on the contact admits one flow at a time. Under it, the present holder is looked up.
//! Only a value that no other account holds is written, with its verified mark, in one call.
//! Cognito may refuse a value that is taken, or silently move it. Under the lease, only a program
//! without the lease can cause this.
//! Every step can be repeated, so a trigger that Cognito retries, or that was interrupted, reaches
//! the same result.

use std::time::Duration;

use crate::policy::Deployment;
use crate::ports::{ContactWrite, CounterStore, Directory, LeaseStore, PendingStore, PortError};
use crate::rate_limit::RateLimiter;
use crate::record::flow::Flow;
use crate::record::pending::{Pending, PendingOutcome};
use crate::seal::pseudonym::Pseudonym;
use crate::value::account::Account;
use crate::value::id::PendingId;
use crate::value::identifier::{Identifier, Method};
use crate::value::time::Timestamp;

/// The maximum time that one flow holds the lease: longer than Cognito keeps invoking one trigger.
const LEASE: Duration = Duration::from_secs(30);

/// The reason that a contact is not written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CommitError {
    /// The account has replaced its request, or the request has expired.
    NoLongerPending,
    /// Another account holds the contact.
    ContactInUse,
    /// A port did not answer. The call may be repeated.
    Port(PortError),
}

impl From<PortError> for CommitError {
    fn from(fault: PortError) -> Self {
        Self::Port(fault)
    }
}

pub(super) struct Commit<'a, S, D> {
    pub(super) deployment: &'a Deployment,
    pub(super) store: &'a S,
    pub(super) directory: &'a D,
    pub(super) now: Timestamp,
    pub(super) row: &'a Flow,
    pub(super) account: &'a Account,
    pub(super) contact: &'a Identifier,
    pub(super) id: PendingId,
}

impl<S: PendingStore + LeaseStore + CounterStore, D: Directory> Commit<'_, S, D> {
    /// Returns the replaced contact, if there was one.
    pub(super) async fn run(&self) -> Result<Option<Identifier>, CommitError> {
        let keys = &self.deployment.keys;
        let (sub, method) = (self.account.attributes.sub(), self.contact.method());
        let Some(pending) = self.store.pending(sub, method).await? else {
            return Err(CommitError::NoLongerPending);
        };
        if !pending.is_of(self.id, self.contact, keys) {
            return Err(CommitError::NoLongerPending);
        }
        match pending.outcome {
            PendingOutcome::InUse => return Err(CommitError::ContactInUse),
            PendingOutcome::Done => return Ok(pending.replaces(keys)),
            // The request has expired, or no notice of the change would reach the owner.
            PendingOutcome::Waiting
                if self.now >= pending.expires_at
                    || (pending.replaces(keys).is_none() && self.kept().is_none()) =>
            {
                return Err(CommitError::NoLongerPending);
            }
            PendingOutcome::Waiting => {}
        }
        let on = Pseudonym::of_identifier(keys, self.contact);
        // Equal at every repetition of this flow, which therefore finds its own lease.
        let holder = Pseudonym::of_flow(keys, self.row.id);
        if !self
            .store
            .lease(on, holder, self.now, self.now.plus(LEASE))
            .await?
        {
            return Err(PortError::new("lease", "held").into());
        }
        let outcome = self.take().await?;
        if outcome == PendingOutcome::Done {
            self.forget_devices(&pending).await?;
        }
        self.store
            .settle_pending(sub, method, self.id, outcome)
            .await?;
        // The lease expires without a release; releasing it early only shortens the wait of others.
        let _ = self.store.release(on, holder).await;
        if outcome == PendingOutcome::InUse {
            Err(CommitError::ContactInUse)
        } else {
            Ok(pending.replaces(keys))
        }
    }

    /// Returns the verified contact of the other method, which the account keeps.
    pub(super) fn kept(&self) -> Option<Identifier> {
        let other = match self.contact.method() {
            Method::Email => Method::PhoneNumber,
            Method::PhoneNumber => Method::Email,
        };
        self.account.attributes.verified(other)
    }

    /// Invalidates the device tokens of every contact that the account has or had: those of a
    /// thief, and those of a former holder of the new contact.
    async fn forget_devices(&self, pending: &Pending) -> Result<(), PortError> {
        let limiter = RateLimiter {
            deployment: self.deployment,
            store: self.store,
            now: self.now,
        };
        let replaced = pending.replaces(&self.deployment.keys);
        let known = [Some(self.contact.clone()), self.kept(), replaced];
        limiter.forget_devices(known.iter().flatten()).await
    }

    /// Writes the contact unless another account holds it.
    async fn take(&self) -> Result<PendingOutcome, PortError> {
        if let Some(outcome) = self.holder_says().await? {
            return Ok(outcome);
        }
        let username = &self.account.username;
        match self.directory.set_contact(username, self.contact).await? {
            ContactWrite::Done => Ok(PendingOutcome::Done),
            // A program without the lease took the value, or Cognito refused it although it was
            // free or the account's own. If no account holds it, the call counts as failed, and the
            // repeated answer writes once more.
            ContactWrite::Taken => self
                .holder_says()
                .await?
                .ok_or_else(|| PortError::new("AdminUpdateUserAttributes", "AliasExistsException")),
        }
    }

    /// Returns the outcome that the contact's present holder implies; `None` if there is no holder.
    async fn holder_says(&self) -> Result<Option<PendingOutcome>, PortError> {
        let holder = self.directory.find(self.contact.as_str()).await?;
        Ok(holder
            .filter(|holder| holder.attributes.holds(self.contact))
            .map(|holder| {
                if holder.attributes.sub() == self.account.attributes.sub() {
                    PendingOutcome::Done
                } else {
                    PendingOutcome::InUse
                }
            }))
    }
}
