//! The leases under which a contact of an account is written.
//!
//! The lease on the account admits one change or undo of it at a time, so a record and the write
//! that it stands for are not separated. The lease on the contact admits one account at a time.

use std::time::Duration;

use crate::policy::Deployment;
use crate::ports::{LeaseStore, PortError};
use crate::seal::pseudonym::Pseudonym;
use crate::value::account::Sub;
use crate::value::id::FlowId;
use crate::value::identifier::Identifier;
use crate::value::time::Timestamp;

/// The maximum time that one flow holds a lease: longer than Cognito keeps invoking one trigger.
const LEASE: Duration = Duration::from_secs(30);

/// The two leases, held by one flow. They expire without a release.
pub(super) struct Leases {
    account: Pseudonym,
    contact: Pseudonym,
    /// Equal at every repetition of the flow, which therefore finds its own leases.
    holder: Pseudonym,
}

impl Leases {
    /// Takes the leases.
    ///
    /// # Errors
    /// If another flow holds one of them, or a port fails.
    pub(super) async fn take(
        store: &impl LeaseStore,
        Deployment { keys, .. }: &Deployment,
        account: &Sub,
        contact: &Identifier,
        flow: FlowId,
        now: Timestamp,
    ) -> Result<Self, PortError> {
        let leases = Self {
            account: Pseudonym::of_account(keys, account),
            contact: Pseudonym::of_identifier(keys, contact),
            holder: Pseudonym::of_flow(keys, flow),
        };
        let Self { holder, .. } = leases;
        let until = now.plus(LEASE);
        let held = || PortError::new("lease", "held");
        if !store.lease(leases.account, holder, now, until).await? {
            return Err(held());
        }
        if !store.lease(leases.contact, holder, now, until).await? {
            let _ = store.release(leases.account, holder).await;
            return Err(held());
        }
        Ok(leases)
    }

    /// Releases the leases early, which only shortens the wait of others.
    pub(super) async fn release(self, store: &impl LeaseStore) {
        let _ = store.release(self.contact, self.holder).await;
        let _ = store.release(self.account, self.holder).await;
    }
}
