//! Writes a proved contact to the account.
//!
//! Leases on the account and on the contact admit one flow at a time. Under them, the present
//! holder is looked up. Only a value that no other account holds is written, with its verified mark,
//! in one call. Cognito may refuse a value that is taken, or silently move it. Under the leases,
//! only a program without them can cause this.
//!
//! Before a verified contact is replaced, the record is written by which its owner can undo that.
//! While the record of another change holds the account, nothing is written, and no lease is taken: a
//! request that its code cannot commit must not be in the way of the undo. The known devices of the
//! replaced contact stay known for as long as the record is open: its owner may need them.
//! Every step can be repeated, so a trigger that Cognito retries, or that was interrupted, reaches
//! the same result.

use futures_util::future::try_join;

use super::devices::forget_devices;
use super::leases::Leases;
use crate::policy::Deployment;
use crate::ports::{
    ContactWrite, CounterStore, Directory, LeaseStore, OutboxStore, PendingStore, PortError,
    UndoStore,
};
use crate::record::event::OutboxEntry;
use crate::record::flow::Flow;
use crate::record::pending::{Pending, PendingOutcome};
use crate::record::undo::Undo;
use crate::value::account::Account;
use crate::value::id::PendingId;
use crate::value::identifier::Identifier;
use crate::value::time::Timestamp;

/// The reason that a contact is not written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CommitError {
    /// The account has replaced its request or the contact that it replaces, or the request has
    /// expired.
    NoLongerPending,
    /// The record of another change holds the account, or the request was made before that change.
    Held,
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

impl<S, D> Commit<'_, S, D>
where
    S: PendingStore + UndoStore + LeaseStore + CounterStore + OutboxStore,
    D: Directory,
{
    /// Returns the replaced contact, if there was one.
    pub(super) async fn run(&self) -> Result<Option<Identifier>, CommitError> {
        let keys = &self.deployment.keys;
        let (sub, method) = (self.account.attributes.sub(), self.contact.method());
        let (store, account) = (self.store, self.account);
        let (pending, undo) = try_join(store.pending(sub, method), store.undo(sub)).await?;
        let pending = pending.ok_or(CommitError::NoLongerPending)?;
        if !pending.is_of(self.id, self.contact, keys) {
            return Err(CommitError::NoLongerPending);
        }
        match pending.outcome {
            PendingOutcome::InUse => return Err(CommitError::ContactInUse),
            PendingOutcome::Undone => return Err(CommitError::NoLongerPending),
            // Undone since. Tokens would be those of its former holder.
            PendingOutcome::Done if !self.account.attributes.holds(self.contact) => {
                return Err(CommitError::NoLongerPending);
            }
            PendingOutcome::Done => return Ok(pending.replaces(keys)),
            // The request has expired, or no notice of the change would reach the owner.
            PendingOutcome::Waiting
                if self.now >= pending.expires_at
                    || (pending.replaces(keys).is_none() && self.kept().is_none()) =>
            {
                return Err(CommitError::NoLongerPending);
            }
            PendingOutcome::Waiting if self.is_held(&pending, undo.as_ref(), account) => {
                return Err(CommitError::Held);
            }
            PendingOutcome::Waiting => {}
        }
        let Self {
            deployment,
            contact,
            row,
            now,
            ..
        } = *self;
        let leases = Leases::take(store, deployment, sub, contact, row.id, now).await?;
        let outcome = match self.take(&pending).await {
            Ok(outcome) => outcome,
            // The write may be on its way, so the leases are kept.
            Err(CommitError::Port(fault)) => return Err(fault.into()),
            Err(refused) => {
                leases.release(store).await;
                return Err(refused);
            }
        };
        if outcome == PendingOutcome::Done {
            // Read again: another invocation of this flow may have written it, at another time.
            let undo = store.undo(sub).await?.filter(|undo| undo.id == self.id);
            let undo_until = undo.map(|undo| undo.expires_at);
            self.forget_devices(&pending, undo_until).await?;
        }
        store.settle_pending(sub, method, self.id, outcome).await?;
        leases.release(store).await;
        if outcome == PendingOutcome::InUse {
            Err(CommitError::ContactInUse)
        } else {
            Ok(pending.replaces(keys))
        }
    }

    /// Returns the verified contact of the other method, which the account keeps.
    pub(super) fn kept(&self) -> Option<Identifier> {
        let other = self.contact.method().other();
        self.account.attributes.verified(other)
    }

    /// Invalidates the device tokens of every contact that the account has or had. Those of the
    /// replaced contact stay valid until the change cannot be undone.
    async fn forget_devices(
        &self,
        pending: &Pending,
        undo_until: Option<Timestamp>,
    ) -> Result<(), PortError> {
        let (replaced, kept) = (pending.replaces(&self.deployment.keys), self.kept());
        let at_end = replaced.as_ref().zip(undo_until);
        let now = replaced.as_ref().filter(|_| at_end.is_none());
        let known = [Some(self.contact), kept.as_ref(), now];
        let known = known.into_iter().flatten();
        forget_devices(self.deployment, self.store, self.now, known, at_end).await
    }

    /// Writes the contact unless another account holds it, or another change holds the account.
    async fn take(&self, pending: &Pending) -> Result<PendingOutcome, CommitError> {
        let keys = &self.deployment.keys;
        let username = &self.account.username;
        let sub = self.account.attributes.sub();
        // Another change may have been made before this flow took the leases.
        let (undo, account) = try_join(self.store.undo(sub), self.directory.find(username)).await?;
        let account = account.filter(|account| account.attributes.sub() == sub);
        let account = account.ok_or(CommitError::NoLongerPending)?;
        if self.is_held(pending, undo.as_ref(), &account) {
            return Err(CommitError::Held);
        }
        let (account, own) = (
            account.attributes,
            undo.as_ref().filter(|undo| undo.id == self.id),
        );
        if let Some(outcome) = self.holder_says().await? {
            return Ok(outcome);
        }
        // The record and the notice are for the contact that the write replaces.
        if account.verified(pending.method) != pending.replaces(keys) {
            return Err(CommitError::NoLongerPending);
        }
        if own.is_none() {
            self.record(pending, undo.as_ref()).await?;
        }
        if self.deployment.policy.events {
            let (row, method) = (self.row, pending.method);
            let entry = OutboxEntry::contact_changed(row, self.id, method, self.now);
            self.store.put_event(&entry).await?;
        }
        match self.directory.set_contact(username, self.contact).await? {
            ContactWrite::Done => Ok(PendingOutcome::Done),
            // A program without the lease took the value, or Cognito refused it although it was
            // free or the account's own. If no account holds it, the call counts as failed, and the
            // repeated answer writes once more.
            ContactWrite::Taken => {
                let outcome = self.holder_says().await?.ok_or_else(|| {
                    PortError::new("AdminUpdateUserAttributes", "AliasExistsException")
                })?;
                if outcome == PendingOutcome::InUse {
                    self.store.close_undo(sub, self.id, self.now).await?;
                }
                Ok(outcome)
            }
        }
    }

    /// Returns true if the record of another change holds the account, if this request was made before
    /// that change, or if this change is undone.
    fn is_held(&self, pending: &Pending, undo: Option<&Undo>, account: &Account) -> bool {
        undo.is_some_and(|undo| {
            if undo.id == self.id {
                return undo.closed_at.is_some();
            }
            let held = undo.holds_until(&account.attributes, self.deployment, self.now);
            held.is_some() || !undo.admits(pending.requested_at(&self.deployment.policy))
        })
    }

    /// Writes the record by which this change can be undone, in place of one that no longer holds
    /// the account. The index comes first: without its record it finds nothing.
    async fn record(&self, pending: &Pending, over: Option<&Undo>) -> Result<(), PortError> {
        let Deployment { policy, keys } = self.deployment;
        let (life, now) = (policy.undo_life, self.now);
        let replaced = pending.replaces(keys).filter(|_| !life.is_zero());
        let Some(replaced) = replaced else {
            return Ok(());
        };
        let (account, contact) = (self.account, self.contact);
        let undo = Undo::new(self.id, account, &replaced, contact, keys, now, life);
        self.store
            .put_replaced(undo.replaced, &undo.account, now, undo.expires_at)
            .await?;
        if self.store.put_undo(&undo, over.map(|undo| undo.id)).await? {
            Ok(())
        } else {
            Err(PortError::new("put_undo", "another record"))
        }
    }

    /// Returns the outcome that the contact's present holder implies; `None` if there is no holder.
    async fn holder_says(&self) -> Result<Option<PendingOutcome>, PortError> {
        let holder = self.directory.find(self.contact.as_str()).await?;
        Ok(holder.and_then(|Account { attributes, .. }| {
            if attributes.sub() == self.account.attributes.sub() {
                let is_done = attributes.holds(self.contact);
                is_done.then_some(PendingOutcome::Done)
            } else {
                // Where contacts are usernames, an unverified holder is in the way too.
                let is_taken = attributes.has(self.contact);
                is_taken.then_some(PendingOutcome::InUse)
            }
        }))
    }
}
