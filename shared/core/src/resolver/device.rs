//! Known devices: where an identifier has signed in, its next codes draw on a budget that no one
//! else can spend.
//!
//! A device token is not a credential: it signs no one in, and a thief can have codes sent that go
//! to the owner. All devices of an identifier share one budget, so that any number of them leaves
//! the same odds to an attacker, and each has a share of it, so that a stolen token cannot spend
//! it all. A token names the generation of each contact; `forgetDevices`, a change of contact and a
//! new account raise the generation, and older tokens count as none.

use super::error::ContactError;
use super::identity::{Identity, freshly_signed_in, signed_in};
use crate::effects::{Clock, Entropy};
use crate::policy::Deployment;
use crate::ports::{Store, TokenHolder};
use crate::rate_limit::RateLimiter;
use crate::seal::device::{Device, METHODS};
use crate::seal::pseudonym::Pseudonym;
use crate::value::app_client::AppClient;
use crate::value::secret::Secret;

/// A device token for a client to keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DevicePayload {
    /// Goes with the next sign-in.
    pub device: Secret,
    /// Seconds until it expires.
    pub expires_in: u32,
}

/// The devices of a signed-in account.
#[derive(Debug)]
pub struct Devices<'a, S, T, C, E> {
    /// Keys and numbers.
    pub deployment: &'a Deployment,
    /// The pool and client that a token is bound to.
    pub caller: &'a AppClient,
    /// The generations.
    pub store: &'a S,
    /// The holder of an access token.
    pub tokens: &'a T,
    /// The time.
    pub clock: &'a C,
    /// Randomness.
    pub entropy: &'a E,
}

impl<S: Store, T: TokenHolder, C: Clock, E: Entropy> Devices<'_, S, T, C, E> {
    /// Remembers the device of an account that signed in lately: the contacts that the account
    /// holds now are known there until the token expires.
    ///
    /// # Errors
    /// If the caller is not signed in, or not lately, or a port fails.
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
        // Tokens of one sign-in share an id: many of them have no more codes than one.
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
    /// still accepts may do so: an owner under attack may be unable to sign in again.
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
