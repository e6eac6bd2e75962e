//! Known devices: where an identifier has signed in, its next codes draw on a budget that no one
//! else can spend.
//!
//! A device token is not a credential: it signs no one in, and a thief can have codes sent that go
//! to the owner. All devices of an identifier share one budget, so that any number of them leaves
//! the same odds to an attacker, and each has a share of it, so that a stolen token cannot spend
//! it all. A token names the generation of each contact; `forgetDevices`, a change of contact and a
//! new account raise the generation, and older tokens count as none.

use std::fmt;

use crate::account::Attributes;
use crate::contact::{ContactError, Identity, freshly_signed_in, signed_in};
use crate::flow::AppClient;
use crate::identifier::{Identifier, Method};
use crate::keys::{KeyRing, Use};
use crate::policy::Deployment;
use crate::ports::{Clock, Entropy, Store, TokenHolder};
use crate::pseudonym::Pseudonym;
use crate::rate_limit::RateLimiter;
use crate::sealed::{Reader, UnsealError, open, seal};
use crate::secret::Secret;
use crate::time::Timestamp;

/// A device token, opened.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Device {
    id: [u8; 16],
    contacts: [Known; 2],
    ends: Timestamp,
}

/// A contact that the account held, and the generation of its tokens then.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Known {
    contact: Pseudonym,
    generation: u32,
}

/// A device token for a client to keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DevicePayload {
    /// Goes with the next sign-in.
    pub device: Secret,
    /// Seconds until it expires.
    pub expires_in: u32,
}

const METHODS: [Method; 2] = [Method::Email, Method::PhoneNumber];

impl Device {
    fn new(
        id: Pseudonym,
        held: &Attributes,
        generations: [u32; 2],
        ends: Timestamp,
        keys: &KeyRing,
        entropy: &impl Entropy,
    ) -> Self {
        let contacts = [0, 1].map(|place| Known {
            contact: held.verified(METHODS[place]).map_or_else(
                // Of no contact, so that the length says nothing.
                || Pseudonym::random(entropy.bytes()),
                |contact| Pseudonym::of_identifier(keys, &contact),
            ),
            generation: generations[place],
        });
        Self {
            id: *id.as_bytes(),
            contacts,
            ends,
        }
    }

    /// Seals it under the key that outlives rotations, for this pool and client.
    fn seal(&self, keys: &KeyRing, caller: &AppClient, entropy: &impl Entropy) -> String {
        let mut plain = self.ends.as_millis().to_be_bytes().to_vec();
        plain.extend_from_slice(&self.id);
        for Known {
            contact,
            generation,
        } in &self.contacts
        {
            plain.extend_from_slice(contact.as_bytes());
            plain.extend_from_slice(&generation.to_be_bytes());
        }
        seal(
            keys.lasting(),
            Use::Device,
            &caller.as_aad(),
            &plain,
            entropy,
        )
    }

    /// Opens the token that a client sends.
    pub(crate) fn open(
        text: &str,
        keys: &KeyRing,
        caller: &AppClient,
        now: Timestamp,
    ) -> Result<Self, UnsealError> {
        let plain = open(keys, Use::Device, &caller.as_aad(), text)?;
        let mut reader = Reader(&plain);
        let ends = Timestamp::from_millis(u64::from_be_bytes(reader.array()?));
        let id = reader.array()?;
        let mut known = || {
            Ok::<_, UnsealError>(Known {
                contact: Pseudonym::stored(reader.array()?),
                generation: u32::from_be_bytes(reader.array()?),
            })
        };
        let contacts = [known()?, known()?];
        reader.end()?;
        if now < ends {
            Ok(Self { id, contacts, ends })
        } else {
            Err(UnsealError::Stale)
        }
    }

    /// The id of the sign-in that earned it, by which its share is counted.
    pub(crate) const fn id(&self) -> [u8; 16] {
        self.id
    }

    /// Returns the generation that the token names for the identifier, if the identifier signed in
    /// on the device.
    pub(crate) fn generation_of(&self, keys: &KeyRing, identifier: &Identifier) -> Option<u32> {
        let contact = Pseudonym::of_identifier(keys, identifier);
        let known = self
            .contacts
            .iter()
            .find(|known| known.contact == contact)?;
        Some(known.generation)
    }
}

/// A token of fixed content, for the golden texts of formats.
#[cfg(test)]
pub(crate) fn sealed(
    held: &Attributes,
    ends: Timestamp,
    keys: &KeyRing,
    caller: &AppClient,
    entropy: &impl Entropy,
) -> String {
    Device::new(
        Pseudonym::stored([9; 16]),
        held,
        [1, 2],
        ends,
        keys,
        entropy,
    )
    .seal(keys, caller, entropy)
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Device(…)")
    }
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
    /// still accepts may do so: forgetting only protects, and an owner under attack may be unable
    /// to sign in again.
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
