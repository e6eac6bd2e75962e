//! Known devices. The codes of an identifier that has signed in on a device are charged to a budget
//! that no other caller can spend.
//!
//! A device token is not a credential. It signs no user in, and a thief can only have codes sent to
//! the owner. All devices of an identifier share one budget, so their number does not change an
//! attacker's odds. Each has a share of it, so a stolen token cannot spend it all.
//!
//! A token names the generation of each contact. `forgetDevices`, a change of contact and a new
//! account raise the generation, and older tokens become invalid.

use super::error::ContactError;
use super::identity::{Identity, freshly_signed_in, signed_in};
use crate::effects::{Clock, Entropy};
use crate::policy::Deployment;
use crate::ports::{CounterStore, TokenHolder};
use crate::rate_limit::RateLimiter;
use crate::seal::device::{Device, METHODS};
use crate::seal::pseudonym::Pseudonym;
use crate::value::app_client::AppClient;
use crate::value::secret::Secret;

/// A device token for a client to store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DevicePayload {
    /// The token, to be sent with the next sign-in.
    pub device: Secret,
    /// Seconds until it expires.
    pub expires_in: u32,
}

/// The devices of a signed-in account.
#[derive(Debug)]
pub struct Devices<'a, S, T, C, E> {
    /// Keys and settings.
    pub deployment: &'a Deployment,
    /// The pool and client that a token is bound to.
    pub caller: &'a AppClient,
    /// The store of generations.
    pub store: &'a S,
    /// The port that returns the holder of an access token.
    pub tokens: &'a T,
    /// The current time.
    pub clock: &'a C,
    /// The source of randomness.
    pub entropy: &'a E,
}

impl<S: CounterStore, T: TokenHolder, C: Clock, E: Entropy> Devices<'_, S, T, C, E> {
    /// Issues a device token to an account that signed in recently. It names the contacts that the
    /// account holds now, until it expires.
    ///
    /// # Errors
    /// If the caller is not signed in, or not recently, or a port fails.
    pub async fn remember(&self, identity: &Identity) -> Result<DevicePayload, ContactError> {
        let Deployment { policy, keys } = self.deployment;
        let account = freshly_signed_in(self.deployment, self.tokens, self.clock, identity).await?;
        let held = METHODS.map(|method| account.attributes.verified(method));
        let limiter = self.limiter();
        limiter.keep_generations(held.iter().flatten()).await?;
        let generations = limiter
            .device_generations([held[0].as_ref(), held[1].as_ref()])
            .await?;
        let ends = self.clock.now().plus(policy.device_life);
        // Tokens of one sign-in share an id, so many of them get no more codes than one.
        let id = Pseudonym::of_sign_in(keys, &identity.sub, identity.auth_time);
        let device = Device::new(
            id,
            &account.attributes,
            generations,
            ends,
            keys,
            self.entropy,
        );
        Ok(DevicePayload {
            device: Secret::new(device.seal(keys, self.caller, self.entropy)),
            expires_in: u32::try_from(policy.device_life.as_secs()).unwrap_or(u32::MAX),
        })
    }

    /// Invalidates every device token of the account's contacts. Any access token that Cognito
    /// still accepts is sufficient, because an owner under attack may be unable to sign in again.
    ///
    /// # Errors
    /// If the caller is not signed in, or a port fails.
    pub async fn forget(&self, identity: &Identity) -> Result<(), ContactError> {
        let account = signed_in(&self.deployment.policy, self.tokens, identity).await?;
        let held = METHODS.map(|method| account.attributes.verified(method));
        self.limiter().forget_devices(held.iter().flatten()).await?;
        Ok(())
    }

    fn limiter(&self) -> RateLimiter<'_, S> {
        RateLimiter {
            deployment: self.deployment,
            store: self.store,
            now: self.clock.now(),
        }
    }
}
