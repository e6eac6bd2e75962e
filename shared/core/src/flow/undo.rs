//! Undoes the change of a contact, for the owner of the replaced one, who has proved it.
//!
//! Every step can be repeated, so a trigger that Cognito retries, or that was interrupted, reaches
//! the same result. The record is closed last: until then no contact of the account can be changed.
//! Closing it also refuses every request that was made before ([`Undo::admits`]).

use futures_util::future::try_join3;

use super::devices::forget_devices;
use super::leases::Leases;
use crate::policy::Deployment;
use crate::ports::{
    ContactWrite, CounterStore, Directory, LeaseStore, OutboxStore, PendingStore, PortError,
    UndoStore,
};
use crate::record::event::OutboxEntry;
use crate::record::flow::Flow;
use crate::record::pending::PendingOutcome;
use crate::value::account::{Account, Attributes, Sub};
use crate::value::id::PendingId;
use crate::value::identifier::Identifier;
use crate::value::time::Timestamp;

/// The reason that a change is not undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum UndoError {
    /// There is no open record of this change, or the account has a third contact by now.
    Nothing,
    /// Another account holds the replaced contact.
    ContactInUse,
    /// The account is disabled or deleted.
    NoAccount,
    /// A port did not answer. The call may be repeated.
    Port(PortError),
}

impl From<PortError> for UndoError {
    fn from(fault: PortError) -> Self {
        Self::Port(fault)
    }
}

/// The outcome of an undo that succeeded.
pub(super) enum Undone {
    /// This flow closed the record.
    Now {
        /// The account, which holds the replaced contact again.
        account: Account,
    },
    /// The change was undone at this time, by this flow or another one.
    Before(Timestamp),
}

pub(super) struct UndoChange<'a, S, D> {
    pub(super) deployment: &'a Deployment,
    pub(super) store: &'a S,
    pub(super) directory: &'a D,
    pub(super) now: Timestamp,
    pub(super) row: &'a Flow,
    pub(super) account: &'a Account,
    /// The replaced contact, which the proof is of.
    pub(super) contact: &'a Identifier,
    pub(super) id: PendingId,
}

impl<S, D> UndoChange<'_, S, D>
where
    S: PendingStore + UndoStore + LeaseStore + CounterStore + OutboxStore,
    D: Directory,
{
    pub(super) async fn run(&self) -> Result<Undone, UndoError> {
        let Self {
            deployment,
            store,
            contact,
            row,
            now,
            ..
        } = *self;
        let sub = self.account.attributes.sub();
        let leases = Leases::take(store, deployment, sub, contact, row.id, now).await?;
        match self.restore(sub).await {
            // The write may be on its way, so the leases are kept.
            Err(UndoError::Port(fault)) => Err(fault.into()),
            outcome => {
                leases.release(store).await;
                outcome
            }
        }
    }

    async fn restore(&self, sub: &Sub) -> Result<Undone, UndoError> {
        let (store, directory) = (self.store, self.directory);
        let Deployment { policy, keys } = self.deployment;
        let username = &*self.account.username;
        let (record, account, holder) = try_join3(
            store.undo(sub),
            directory.find(username),
            directory.find(self.contact.as_str()),
        )
        .await?;
        let is_the_account = |found: &Account| found.attributes.sub() == sub;
        let account = account.filter(|account| account.enabled && is_the_account(account));
        let account = account.ok_or(UndoError::NoAccount)?;
        let record =
            record.filter(|record| record.id == self.id && record.is_of(self.contact, keys));
        let record = record.ok_or(UndoError::Nothing)?;
        let holds = |attributes: &Attributes| attributes.holds(self.contact);
        if let Some(at) = record.closed_at
            && holds(&account.attributes)
        {
            return Ok(Undone::Before(at));
        }
        // A new contact that was deleted does not protect its owner.
        if !record.is_open(policy, self.now) || !record.accounts_for(&account.attributes, keys) {
            return Err(UndoError::Nothing);
        }
        // Where contacts are usernames, an unverified holder is in the way too.
        let is_in_the_way = |holder: &Account| holder.attributes.has(self.contact);
        if holder.is_some_and(|holder| is_in_the_way(&holder) && !is_the_account(&holder)) {
            return Err(UndoError::ContactInUse);
        }
        if self.deployment.policy.events {
            let entries = OutboxEntry::change_undone(self.row, record.id, record.method, self.now);
            for entry in &entries {
                store.put_event(entry).await?;
            }
        }
        // If this flow ends after the write, the record no longer holds the account. The tokens of
        // the new contact's owner must be invalid by then.
        directory.sign_out(username).await?;
        // Nor may its request be committed once more.
        let (method, outcome) = (record.method, PendingOutcome::Undone);
        store
            .settle_pending(sub, method, record.id, outcome)
            .await?;
        match directory.set_contact(username, self.contact).await? {
            ContactWrite::Done => {}
            // A program without the lease took the value. The repeated answer looks it up again.
            ContactWrite::Taken => {
                let call = "AdminUpdateUserAttributes";
                return Err(PortError::new(call, "AliasExistsException").into());
            }
        }
        let held = account.attributes.verified_contacts();
        let held = held.iter().flatten().filter(|held| *held != self.contact);
        let known = held.chain([self.contact]);
        forget_devices(self.deployment, store, self.now, known, None).await?;
        // A sign-in by the new contact may have ended since the first sign-out.
        directory.sign_out(username).await?;
        if !store.close_undo(sub, record.id, self.now).await? {
            return Err(PortError::new("close_undo", "another record").into());
        }
        Ok(Undone::Now { account })
    }
}
