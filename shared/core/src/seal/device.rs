//! The token of a known device: the contacts of the account that signed in there, each with its
//! generation.

use std::fmt;

use super::keys::{KeyRing, Use};
use super::pseudonym::Pseudonym;
use super::sealed::{Reader, UnsealError, open, seal};
use crate::effects::Entropy;
use crate::value::account::Attributes;
use crate::value::app_client::AppClient;
use crate::value::identifier::Identifier;
use crate::value::time::Timestamp;

/// The content of a device token.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Device {
    id: [u8; 16],
    contacts: [Known; 2],
    ends: Timestamp,
}

/// A contact that the account held, with its generation at that time.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Known {
    contact: Pseudonym,
    generation: u32,
}

impl Device {
    pub(crate) fn new(
        id: Pseudonym,
        held: &Attributes,
        generations: [u32; 2],
        ends: Timestamp,
        keys: &KeyRing,
        entropy: &impl Entropy,
    ) -> Self {
        let held = held.verified_contacts();
        let contacts = [0, 1].map(|place| Known {
            contact: held[place].as_ref().map_or_else(
                // A random pseudonym that stands for no contact, so that the length reveals
                // nothing.
                || Pseudonym::random(entropy.bytes()),
                |contact| Pseudonym::of_identifier(keys, contact),
            ),
            generation: generations[place],
        });
        Self {
            id: *id.as_bytes(),
            contacts,
            ends,
        }
    }

    /// Seals the token under the key that outlives rotations, for this pool and client.
    pub(crate) fn seal(
        &self,
        keys: &KeyRing,
        app_client: &AppClient,
        entropy: &impl Entropy,
    ) -> String {
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
            &app_client.as_aad(),
            &plain,
            entropy,
        )
    }

    /// Opens a token that a client sends.
    pub(crate) fn open(
        text: &str,
        keys: &KeyRing,
        app_client: &AppClient,
        now: Timestamp,
    ) -> Result<Self, UnsealError> {
        let plain = open(keys, Use::Device, &app_client.as_aad(), text)?;
        let mut reader = Reader(&plain);
        let ends = reader.time()?;
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

    /// The id of the sign-in that earned the token, by which its share of the budget is counted.
    pub(crate) const fn id(&self) -> [u8; 16] {
        self.id
    }

    /// Returns the token's generation for the identifier, if the identifier signed in on the
    /// device.
    pub(crate) fn generation_of(&self, keys: &KeyRing, identifier: &Identifier) -> Option<u32> {
        let contact = Pseudonym::of_identifier(keys, identifier);
        let known = self
            .contacts
            .iter()
            .find(|known| known.contact == contact)?;
        Some(known.generation)
    }
}

/// Returns a token of fixed content, for the golden texts of formats.
#[cfg(test)]
pub(crate) fn sealed(
    held: &Attributes,
    ends: Timestamp,
    keys: &KeyRing,
    app_client: &AppClient,
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
    .seal(keys, app_client, entropy)
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Device(…)")
    }
}
