//! Invitations: who may have an account although the rule for new accounts does not admit the contact.

use std::time::Duration;

use super::context::{Context, Ports};
use super::error::ContactError;
use super::signed_in::{Identity, SignedIn};
use crate::effects::Clock;
use crate::policy::admission::Admission;
use crate::ports::{AccessTokenVerifier, Directory, InvitationStore};
pub use crate::record::invitation::{Invitation, Membership, MembershipError};
use crate::seal::pseudonym::Pseudonym;
use crate::value::identifier::Identifier;

/// The longest life of an invitation.
pub const INVITATION_LIFE_MAX: Duration = Duration::from_secs(90 * 24 * 3600);

/// The time for which an invitation is kept after its end, or after its use.
const KEEP: Duration = Duration::from_secs(24 * 3600);

/// A new invitation.
#[derive(Clone, Debug)]
pub struct NewInvitation {
    /// The contact.
    pub contact: Identifier,
    /// The time for which it is valid.
    pub life: Duration,
    /// What the account gets.
    pub membership: Membership,
}

impl<P: Ports<Store: InvitationStore>, T: AccessTokenVerifier> SignedIn<'_, P, T> {
    /// Invites a contact, if the caller is in the group that may, and may give what the invitation
    /// gives. A recent sign-in is required.
    ///
    /// # Errors
    /// If the caller may not invite so, sign-up is open, or a port fails.
    pub async fn invite(
        &self,
        identity: &Identity,
        new: &NewInvitation,
    ) -> Result<(), ContactError> {
        self.inviter(identity).await?;
        let policy = &self.context.deployment.policy;
        let membership = &new.membership;
        let may_give = membership.groups().is_subset(&policy.inviters_may_give)
            && membership
                .attributes()
                .keys()
                .all(|name| policy.inviters_may_set.contains(name));
        if !may_give {
            return Err(ContactError::MembershipNotPermitted);
        }
        self.context.invite(new).await
    }

    /// Withdraws the invitation of a contact, if the caller is in the group that may. Done if there
    /// is none.
    ///
    /// # Errors
    /// If the caller may not invite, sign-up is open, or a port fails.
    pub async fn withdraw_invitation(
        &self,
        identity: &Identity,
        contact: &Identifier,
    ) -> Result<(), ContactError> {
        self.inviter(identity).await?;
        self.context.withdraw_invitation(contact).await
    }

    /// Succeeds if the caller may invite. Cognito verifies the token, and so the groups in it.
    async fn inviter(&self, identity: &Identity) -> Result<(), ContactError> {
        self.fresh_account(identity).await?;
        let group = &self.context.deployment.policy.inviters;
        let may = group
            .as_ref()
            .is_some_and(|it| identity.groups.contains(it));
        may.then_some(()).ok_or(ContactError::NotAnInviter)
    }
}

impl<P: Ports<Store: InvitationStore>> Context<'_, P> {
    /// Invites a contact, for a caller that IAM admitted. An earlier invitation of the contact is
    /// replaced. Nothing is sent, and no account is looked up. Each group is, one after the other:
    /// in a pool without it, the account would be created and never be completed.
    ///
    /// # Errors
    /// If sign-up is open, the invitation would last too long, a group does not exist, or a port
    /// fails.
    pub async fn invite(&self, new: &NewInvitation) -> Result<(), ContactError> {
        self.needs_a_rule()?;
        if new.life.is_zero() || new.life > INVITATION_LIFE_MAX {
            return Err(ContactError::InvitationLife);
        }
        for group in new.membership.groups() {
            if !self.directory.has_group(group).await? {
                return Err(MembershipError::NoSuchGroup.into());
            }
        }
        let until = self.clock.now().plus(new.life);
        let invitation = Invitation {
            contact: self.invited(&new.contact),
            until,
            membership: new.membership.clone(),
            redeemed_by: None,
            is_used: false,
        };
        let keep_until = until.plus(KEEP);
        self.store.put_invitation(&invitation, keep_until).await?;
        Ok(())
    }

    /// Withdraws the invitation of a contact, for a caller that IAM admitted. An account that was
    /// created with it stays.
    ///
    /// # Errors
    /// If sign-up is open, or the store fails.
    pub async fn withdraw_invitation(&self, contact: &Identifier) -> Result<(), ContactError> {
        self.needs_a_rule()?;
        let contact = self.invited(contact);
        self.store.withdraw_invitation(contact).await?;
        Ok(())
    }

    /// Without a rule, the function has no right on invitations.
    fn needs_a_rule(&self) -> Result<(), ContactError> {
        let is_open = self.deployment.policy.admissions().all(Admission::is_open);
        (!is_open).then_some(()).ok_or(ContactError::SignUpIsOpen)
    }

    fn invited(&self, contact: &Identifier) -> Pseudonym {
        Pseudonym::of_invitation(&self.deployment.keys, contact)
    }
}
