//! Known devices: where an identifier has signed in, its next codes are charged to a budget that
//! nobody else can spend.
//!
//! What a device is given is no credential: it signs nobody in, and whoever steals it can ask for
//! codes that go to the owner. All devices of an identifier share one budget, so that no number of
//! them leaves more to somebody who guesses.

use std::fmt;

use crate::account::Attributes;
use crate::contact::{ContactError, Identity, signed_in};
use crate::flow::Caller;
use crate::identifier::{Identifier, Method};
use crate::keys::{KeyRing, Use};
use crate::label::Label;
use crate::policy::Deployment;
use crate::ports::{Clock, Entropy, TokenHolder};
use crate::sealed::{Reader, UnsealError, open, seal};
use crate::secret::Secret;
use crate::time::Timestamp;

/// What a device keeps, unsealed: labels of the contacts that its person held, and an end.
#[derive(Clone, PartialEq, Eq)]
pub struct Device {
    contacts: [Label; 2],
    ends: Timestamp,
}

/// What a client is given to keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DevicePayload {
    /// Goes with the next sign-in.
    pub device: Secret,
    /// Seconds until it is worth nothing.
    pub expires_in: u32,
}

impl Device {
    fn new(held: &Attributes, ends: Timestamp, keys: &KeyRing, entropy: &impl Entropy) -> Self {
        let contacts = [Method::Email, Method::PhoneNumber].map(|method| {
            held.verified(method).map_or_else(
                // Nobody's, so that the length says nothing.
                || Label::random(entropy.bytes()),
                |contact| Label::of_identifier(keys, &contact),
            )
        });
        Self { contacts, ends }
    }

    /// Seals it under the key that outlives rotations, for this pool and client.
    fn seal(&self, keys: &KeyRing, caller: &Caller, entropy: &impl Entropy) -> String {
        let mut plain = self.ends.as_millis().to_be_bytes().to_vec();
        for contact in &self.contacts {
            plain.extend_from_slice(contact.as_bytes());
        }
        seal(
            keys.lasting(),
            Use::Device,
            &caller.as_aad(),
            &plain,
            entropy,
        )
    }

    /// Opens what a client sends.
    pub(crate) fn open(
        text: &str,
        keys: &KeyRing,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<Self, UnsealError> {
        let plain = open(keys, Use::Device, &caller.as_aad(), text)?;
        let mut reader = Reader(&plain);
        let ends = Timestamp::from_millis(u64::from_be_bytes(reader.array()?));
        let contacts = [
            Label::random(reader.array()?),
            Label::random(reader.array()?),
        ];
        reader.end()?;
        if now < ends {
            Ok(Self { contacts, ends })
        } else {
            Err(UnsealError::Stale)
        }
    }

    /// Whether this identifier signed in on it.
    pub(crate) fn knows(&self, keys: &KeyRing, identifier: &Identifier) -> bool {
        self.contacts
            .contains(&Label::of_identifier(keys, identifier))
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Device(…)")
    }
}

/// Remembers the device of somebody who is signed in on it: the contacts that the account holds
/// now are known there until the time is up.
pub async fn remember(
    deployment: &Deployment,
    caller: &Caller,
    tokens: &impl TokenHolder,
    clock: &impl Clock,
    entropy: &impl Entropy,
    identity: &Identity,
) -> Result<DevicePayload, ContactError> {
    let Deployment { policy, keys } = deployment;
    let account = signed_in(policy, tokens, identity).await?;
    let ends = clock.now().plus(policy.device_life);
    let device = Device::new(&account.attributes, ends, keys, entropy);
    Ok(DevicePayload {
        device: Secret::new(device.seal(keys, caller, entropy)),
        expires_in: u32::try_from(policy.device_life.as_secs()).unwrap_or(u32::MAX),
    })
}
