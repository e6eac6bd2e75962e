//! A contact that a signed-in user requested and has not proved yet.
//!
//! It is in the store and never in the user pool: with an unverified value in the pool, neither the
//! old nor the new value could sign in. An account has at most one pending contact of each method,
//! and a newer request replaces it. The record stays until it expires or is replaced, also after it
//! has an outcome.

use crate::effects::Entropy;
use crate::policy::Policy;
use crate::seal::keys::KeyRing;
use crate::seal::sealed::SealedContact;
use crate::value::account::Sub;
pub use crate::value::id::PendingId;
use crate::value::identifier::{Identifier, Method};
use crate::value::time::Timestamp;

/// The stored outcome of a pending contact. Expiry is not stored; it follows from the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PendingOutcome {
    /// Its code has not been answered yet.
    Waiting,
    /// It is on the account, verified.
    Done,
    /// It was proved, but another account holds it.
    InUse,
    /// It was on the account, and the change is undone.
    Undone,
}

/// A pending contact as the store keeps it, by account and method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// The account that requested it.
    pub account: Sub,
    /// The method of the contact.
    pub method: Method,
    /// The id of the request.
    pub id: PendingId,
    /// The value; readable with the key only.
    pub contact: SealedContact,
    /// The verified contact that it replaces, which is then notified. Without one, the account's
    /// other verified contact is notified. Readable with the key only.
    pub replaces: Option<SealedContact>,
    /// The time when the request expires.
    pub expires_at: Timestamp,
    /// The outcome.
    pub outcome: PendingOutcome,
}

/// The roles that the two contacts are sealed with, so that neither can be read as the other.
const NEW: &[u8] = b"new";
const OLD: &[u8] = b"old";

impl Pending {
    /// Creates a request with a random id.
    pub(crate) fn new(
        account: Sub,
        contact: &Identifier,
        replaces: Option<&Identifier>,
        expires_at: Timestamp,
        keys: &KeyRing,
        entropy: &impl Entropy,
    ) -> Self {
        let id = PendingId::from_bytes(entropy.bytes());
        let seal = |role: &[u8], contact| {
            let bound_to = [role, account.as_str().as_bytes(), id.as_bytes()];
            SealedContact::seal(keys.current(), contact, &bound_to, entropy)
        };
        let (sealed, replaces) = (seal(NEW, contact), replaces.map(|old| seal(OLD, old)));
        Self {
            account,
            method: contact.method(),
            id,
            contact: sealed,
            replaces,
            expires_at,
            outcome: PendingOutcome::Waiting,
        }
    }

    /// Returns whether this is the request of that id, and can still be proved for that contact.
    pub(crate) fn is_waiting_for(
        &self,
        id: PendingId,
        contact: &Identifier,
        keys: &KeyRing,
        now: Timestamp,
    ) -> bool {
        self.is_of(id, contact, keys)
            && self.outcome == PendingOutcome::Waiting
            && now < self.expires_at
    }

    /// Returns whether this is the request of that id, for that contact.
    pub(crate) fn is_of(&self, id: PendingId, contact: &Identifier, keys: &KeyRing) -> bool {
        self.id == id
            && self
                .contact
                .open(keys, &self.bound_to(NEW))
                .is_ok_and(|pending| pending == *contact)
    }

    /// Returns the contact, for an operator; `None` if it was not sealed for this request, or if its key
    /// is no longer on the ring.
    pub fn contact(&self, keys: &KeyRing) -> Option<Identifier> {
        self.contact.open(keys, &self.bound_to(NEW)).ok()
    }

    /// Returns the time of the request, if the setting of its life has not changed since.
    pub(crate) fn requested_at(&self, policy: &Policy) -> Timestamp {
        let life = u64::try_from(policy.pending_life.as_millis()).unwrap_or(u64::MAX);
        Timestamp::from_millis(self.expires_at.as_millis().saturating_sub(life))
    }

    /// Returns the verified contact that this one replaces.
    pub(crate) fn replaces(&self, keys: &KeyRing) -> Option<Identifier> {
        let old = self.replaces.as_ref()?;
        old.open(keys, &self.bound_to(OLD)).ok()
    }

    fn bound_to<'a>(&'a self, role: &'a [u8]) -> [&'a [u8]; 3] {
        [role, self.account.as_str().as_bytes(), self.id.as_bytes()]
    }
}
