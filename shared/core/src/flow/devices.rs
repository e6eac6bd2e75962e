//! The known devices of an account whose contact changes.

use futures_util::future::try_join;

use crate::policy::Deployment;
use crate::ports::{CounterStore, PortError};
use crate::rate_limit::RateLimiter;
use crate::value::identifier::Identifier;
use crate::value::time::Timestamp;

/// Invalidates the device tokens of contacts that an account has or had: those of a thief, and those
/// of a former holder of a contact. `at_end` is a contact whose tokens end only at that time.
///
/// # Errors
/// If a port fails: some tokens may still be valid. Safe to repeat.
pub(super) async fn forget_devices(
    deployment: &Deployment,
    store: &impl CounterStore,
    now: Timestamp,
    contacts: impl IntoIterator<Item = &Identifier>,
    at_end: Option<(&Identifier, Timestamp)>,
) -> Result<(), PortError> {
    let limiter = RateLimiter {
        deployment,
        store,
        now,
    };
    let ending = async {
        match at_end {
            Some((contact, at)) => limiter.forget_devices_at(contact, at).await,
            None => Ok(()),
        }
    };
    try_join(limiter.forget_devices(contacts), ending).await?;
    Ok(())
}
