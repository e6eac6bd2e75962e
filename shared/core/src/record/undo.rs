//! The record by which the change of a verified contact can be undone.
//!
//! An account has at most one. While it is open, no contact of the account can be changed: neither
//! by the new contact, nor by a request that was made before the change.
//!
//! A deployment that turns the undo off has no open records, whatever an earlier setting has written.
//!
//! The contacts are there as pseudonyms: who undoes the change names the replaced contact. So the
//! record outlives a rotation of the keys.

use std::time::Duration;

use crate::policy::{Deployment, Policy};
use crate::seal::keys::KeyRing;
use crate::seal::pseudonym::Pseudonym;
use crate::value::account::{Account, Attributes, Sub};
use crate::value::id::PendingId;
use crate::value::identifier::{Identifier, Method};
use crate::value::time::Timestamp;

/// The time after which a change whose record was written has ended: longer than a flow holds the
/// lease on the account. If the account then still holds the old contact, the change failed.
const CHANGE_TAKES: Duration = Duration::from_secs(30);
/// The time for which an account stays held once its record is closed. A request that checked its
/// access token before the sign-out of an undo may write its pending contact in this time, and is
/// refused later. A resolver takes at most 25 s; the rest is for clocks that differ.
const SETTLING: Duration = Duration::from_secs(60);

/// The undo record as the store keeps it, by account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undo {
    /// The account.
    pub account: Sub,
    /// The id of the request for the new contact.
    pub id: PendingId,
    /// The pool's username of the account.
    pub username: String,
    /// The method of both contacts.
    pub method: Method,
    /// The verified contact that was replaced.
    pub replaced: Pseudonym,
    /// The new contact.
    pub contact: Pseudonym,
    /// The time of the change.
    pub replaced_at: Timestamp,
    /// The time until which the change can be undone.
    pub expires_at: Timestamp,
    /// The time when the change was undone, or when it failed.
    pub closed_at: Option<Timestamp>,
}

impl Undo {
    /// Returns the record of a change that is about to be made.
    pub(crate) fn new(
        id: PendingId,
        account: &Account,
        replaced: &Identifier,
        contact: &Identifier,
        keys: &KeyRing,
        now: Timestamp,
        life: Duration,
    ) -> Self {
        Self {
            account: account.attributes.sub().clone(),
            id,
            username: account.username.clone(),
            method: contact.method(),
            replaced: Pseudonym::of_identifier(keys, replaced),
            contact: Pseudonym::of_identifier(keys, contact),
            replaced_at: now,
            expires_at: now.plus(life),
            closed_at: None,
        }
    }

    /// Returns whether the change can be undone at that time.
    pub(crate) fn is_open(&self, policy: &Policy, now: Timestamp) -> bool {
        !policy.undo_life.is_zero() && self.closed_at.is_none() && now < self.expires_at
    }

    /// Returns the time until which the change can be undone; `None` if it cannot, or if the change
    /// failed.
    pub fn undoable_until(
        &self,
        account: &Attributes,
        Deployment { policy, keys }: &Deployment,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let is_undoable = self.is_open(policy, now) && !self.failed(account, keys, now);
        is_undoable.then_some(self.expires_at)
    }

    /// Returns the time until which no contact of the account can be changed; `None` if that is
    /// over, or if the change failed.
    pub(crate) fn holds_until(
        &self,
        account: &Attributes,
        deployment: &Deployment,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let until = match self.closed_at {
            Some(at) => at.plus(SETTLING),
            None => self.undoable_until(account, deployment, now)?,
        };
        (now < until).then_some(until)
    }

    /// Returns whether a pending contact was requested late enough to be committed: after the
    /// change, or after it was undone. An attacker may have prepared an earlier one.
    pub(crate) fn admits(&self, requested_at: Timestamp) -> bool {
        let since = match self.closed_at {
            Some(at) => at.plus(SETTLING),
            None => self.replaced_at,
        };
        requested_at > since
    }

    /// Returns whether this contact was replaced.
    pub(crate) fn is_of(&self, replaced: &Identifier, keys: &KeyRing) -> bool {
        self.replaced == Pseudonym::of_identifier(keys, replaced)
    }

    /// Returns whether the account's contact is the new one or the replaced one, or was deleted. An
    /// operator may have written a third one since.
    pub(crate) fn accounts_for(&self, account: &Attributes, keys: &KeyRing) -> bool {
        let present = account.verified(self.method);
        let present = present.map(|contact| Pseudonym::of_identifier(keys, &contact));
        present.is_none_or(|present| present == self.replaced || present == self.contact)
    }

    fn failed(&self, account: &Attributes, keys: &KeyRing, now: Timestamp) -> bool {
        let present = account.verified(self.method);
        now >= self.replaced_at.plus(CHANGE_TAKES)
            && present.is_some_and(|present| self.is_of(&present, keys))
    }
}
