//! Putting a proved contact on the account.
//!
//! One account at a time may take a value: under a lease on it, the present owner is looked up,
//! and only a value that nobody else holds is written, with the mark that it is verified, in one
//! call. Cognito may refuse a value that is taken or silently move it; under the lease neither
//! happens to us. Every step may be repeated, so a trigger that Cognito retries, or that failed
//! half way, comes to the same end.

use std::time::Duration;

use super::Why;
use crate::policy::Deployment;
use crate::ports::{ContactWrite, Directory, PortError, Store};
use crate::rate_limit::RateLimiter;
use crate::record::flow::Flow;
use crate::record::pending::{Pending, PendingOutcome};
use crate::seal::pseudonym::Pseudonym;
use crate::value::account::Account;
use crate::value::id::PendingId;
use crate::value::identifier::{Identifier, Method};
use crate::value::time::Timestamp;

/// Longer than Cognito keeps invoking one trigger.
const LEASE: Duration = Duration::from_secs(30);

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

impl<S: Store, D: Directory> Commit<'_, S, D> {
    /// The contact that was replaced, if one was; or why nothing moves. A fault means: once more.
    pub(super) async fn run(&self) -> Result<Result<Option<Identifier>, Why>, PortError> {
        let keys = &self.deployment.keys;
        let (sub, method) = (self.account.attributes.sub(), self.contact.method());
        let Some(pending) = self.store.pending(sub, method).await? else {
            return Ok(Err(Why::NoLongerPending));
        };
        if !pending.is_of(self.id, self.contact, keys) {
            return Ok(Err(Why::NoLongerPending));
        }
        match pending.outcome {
            PendingOutcome::InUse => return Ok(Err(Why::ContactInUse)),
            PendingOutcome::Done => return Ok(Ok(pending.replaces(keys))),
            PendingOutcome::Waiting if self.now >= pending.expires_at => {
                return Ok(Err(Why::NoLongerPending));
            }
            PendingOutcome::Waiting => {}
        }
        let on = Pseudonym::of_identifier(keys, self.contact);
        // The same at every repeat of this flow, which therefore finds its own lease.
        let holder = Pseudonym::of_flow(keys, self.row.id);
        if !self
            .store
            .lease(on, holder, self.now, self.now.plus(LEASE))
            .await?
        {
            return Err(PortError::new("lease", "held"));
        }
        let outcome = self.take().await?;
        if outcome == PendingOutcome::Done {
            self.forget_devices(&pending).await?;
        }
        self.store
            .settle_pending(sub, method, self.id, outcome)
            .await?;
        // The lease ends by itself; giving it back early only saves others the wait.
        let _ = self.store.release(on, holder).await;
        Ok(if outcome == PendingOutcome::InUse {
            Err(Why::ContactInUse)
        } else {
            Ok(pending.replaces(keys))
        })
    }

    /// The verified contact of the other method, which the account keeps.
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
            // Somebody outside our lease took it, or Cognito raised it for a value that is free or
            // already ours, which has been seen: look again, and once more if nobody has it.
            ContactWrite::Taken => self
                .holder_says()
                .await?
                .ok_or_else(|| PortError::new("AdminUpdateUserAttributes", "AliasExistsException")),
        }
    }

    /// What follows from who holds the contact now; `None` if nobody does.
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
