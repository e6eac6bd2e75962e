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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invitation_permits_one_username_before_its_end() {
        let now = Timestamp::from_secs(1000);
        let open = Invitation {
            contact: Pseudonym::random([1; 16]),
            until: Timestamp::from_secs(1001),
            membership: Membership::default(),
            redeemed_by: None,
            is_used: false,
        };
        assert!(open.permits("one", now));
        assert!(!open.permits("one", open.until));
        let redeemed = Invitation {
            redeemed_by: Some("one".to_owned()),
            ..open
        };
        assert!(redeemed.permits("one", now));
        assert!(!redeemed.permits("other", now));
        let used = Invitation {
            is_used: true,
            ..redeemed
        };
        assert!(!used.permits("one", now));
    }
}
