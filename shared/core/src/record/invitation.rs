//! The invitation of a contact, which permits one account.
//!
//! The contact is there as a pseudonym under the lasting key, so an invitation outlives a rotation.

use crate::seal::pseudonym::Pseudonym;
pub use crate::value::membership::{Membership, MembershipError};
use crate::value::time::Timestamp;

/// An invitation as the store keeps it, by contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// The contact.
    pub contact: Pseudonym,
    /// The time when it ends.
    pub until: Timestamp,
    /// What the account gets.
    pub membership: Membership,
    /// The username of the account that is created with it, once a right code redeems it.
    pub redeemed_by: Option<String>,
    /// True once that account exists, with its groups.
    pub is_used: bool,
}

impl Invitation {
    /// Returns whether an account of this username may be created with it.
    pub fn permits(&self, username: &str, now: Timestamp) -> bool {
        let redeemed_by = self.redeemed_by.as_deref();
        !self.is_used && now < self.until && redeemed_by.is_none_or(|by| by == username)
    }
}
