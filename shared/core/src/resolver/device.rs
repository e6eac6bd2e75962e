//! Known devices. The codes of an identifier that has signed in on a device are charged to a budget
//! that no other caller can spend.
//!
//! A device token is not a credential. It signs no user in, and a thief can only have codes sent to
//! the owner. All devices of an identifier share one budget, so their number does not change an
//! attacker's odds. The tokens of one sign-in have one share of it, so a stolen token cannot spend
//! it all.
//!
//! A token carries the generation of each of the account's contacts. `forgetDevices`, a change of
//! contact and a new account raise the generation, and older tokens become invalid. Those of a
//! replaced contact do so when the change can no longer be undone.

use super::context::{Context, Ports};
use super::error::ContactError;
use super::signed_in::{Identity, SignedIn};
use crate::effects::Clock;
use crate::outbox::Events;
use crate::policy::Deployment;
use crate::ports::AccessTokenVerifier;
use crate::record::event::OutboxEntry;
use crate::seal::device::Device;
use crate::seal::pseudonym::Pseudonym;
use crate::value::secret::Secret;

/// A device token for a client to store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DevicePayload {
    /// The token, to be sent with the next sign-in.
    pub device: Secret,
    /// Seconds until it expires.
    pub expires_in: u32,
    /// The events to publish after the response.
    pub events: Events,
}

impl<P: Ports, T: AccessTokenVerifier> SignedIn<'_, P, T> {
    /// Issues a device token to an account that signed in recently. Until it expires, the token
    /// names the contacts that the account holds now.
    ///
    /// # Errors
    /// If the caller is not signed in, or not recently, or a port fails.
    pub async fn remember_device(
        &self,
        identity: &Identity,
    ) -> Result<DevicePayload, ContactError> {
        let Context {
            deployment: Deployment { policy, keys },
            clock,
            entropy,
            ..
        } = self.context;
        let account = self.fresh_account(identity).await?;
        let held = account.attributes.verified_contacts();
        let limiter = self.context.limiter();
        limiter.keep_generations(held.iter().flatten()).await?;
        let generations = limiter
            .device_generations([held[0].as_ref(), held[1].as_ref()])
            .await?;
        let now = clock.now();
        let (sub, signed_in) = (&identity.sub, identity.auth_time);
        let events = self
            .context
            .note_event(|| OutboxEntry::device_remembered(sub, &identity.client, signed_in, now))
            .await?;
        let ends = now.plus(policy.device_life);
        // Tokens of one sign-in share an id, so many of them get no more codes than one.
        let id = Pseudonym::of_sign_in(keys, &identity.sub, identity.auth_time);
        let device = Device::new(id, &account.attributes, generations, ends, keys, entropy);
        Ok(DevicePayload {
            device: Secret::new(device.seal(keys, &self.context.device_client(), entropy)),
            expires_in: u32::try_from(policy.device_life.as_secs()).unwrap_or(u32::MAX),
            events,
        })
    }

    /// Invalidates every device token of the account's contacts. Any access token that Cognito
    /// still accepts is sufficient, because an owner under attack may be unable to sign in again.
    ///
    /// # Errors
    /// If the caller is not signed in, or a port fails.
    pub async fn forget_devices(&self, identity: &Identity) -> Result<(), ContactError> {
        let account = self.account(identity).await?;
        let held = account.attributes.verified_contacts();
        let limiter = self.context.limiter();
        limiter.forget_devices(held.iter().flatten()).await?;
        Ok(())
    }
}
