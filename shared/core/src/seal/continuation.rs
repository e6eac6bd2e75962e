//! Continuations: what a client of the HTTP door keeps between two calls of one sign-in.
//!
//! The text is opaque to the client. It is sealed as the texts of [`super::sealed`] are, and bound to
//! one pool and one app client. It permits what its content permits: to answer Cognito's session, or
//! to redeem a proof.

use std::time::Duration;

use super::keys::{KeyRing, Use};
use super::sealed::{Reader, UnsealError, fresh, open_up_to, put_identifier, seal};
use crate::effects::Entropy;
use crate::value::app_client::AppClient;
use crate::value::identifier::Identifier;
use crate::value::secret::Secret;
use crate::value::time::Timestamp;

/// The maximum length of a continuation in bytes; a longer text is not decoded.
pub const MAX_CONTINUATION_BYTES: usize = 8192;

/// The maximum age of a continuation: the longest time that Cognito can be configured to keep a
/// session between two answers.
pub const CONTINUATION_LIFE: Duration = Duration::from_secs(15 * 60);

/// The sealed content is padded to a multiple of this length. So continuations have one length, of
/// under 4 kB, unless Cognito's session has more than about 2,600 characters. Its exact length, which
/// may depend on the user, is not revealed.
const STEP_BYTES: usize = 3000;
/// The greatest padded length that fits into [`MAX_CONTINUATION_BYTES`].
const MAX_CONTENT_BYTES: usize = 2 * STEP_BYTES;

/// The state of a sign-in between two calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Continuation {
    /// The identifier that the code was sent to.
    pub contact: Identifier,
    /// The part that is left of the sign-in.
    pub stage: Stage,
    /// The time of issue.
    pub made_at: Timestamp,
}

/// The part that is left of a sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The code.
    Code {
        /// Cognito's session.
        session: Secret,
        /// The name that Cognito gives the session.
        username: Secret,
        /// True if the code signs in; false if it puts a contact on an account.
        is_sign_in: bool,
    },
    /// The account, after a right code in a session of no account.
    Claim {
        /// The proof that the code earned.
        proof: Secret,
        /// True if an earlier call with the proof created the account.
        is_new: bool,
    },
}

impl Continuation {
    /// Seals the continuation under the ring's current key; `None` if Cognito's session is too long.
    pub fn seal(
        &self,
        ring: &KeyRing,
        app_client: &AppClient,
        entropy: &impl Entropy,
    ) -> Option<String> {
        let mut plain = Vec::with_capacity(STEP_BYTES);
        plain.push(match &self.stage {
            Stage::Code {
                is_sign_in: true, ..
            } => 1,
            Stage::Code { .. } => 2,
            Stage::Claim { is_new: false, .. } => 3,
            Stage::Claim { .. } => 4,
        });
        plain.extend_from_slice(&self.made_at.as_millis().to_be_bytes());
        put_identifier(&mut plain, &self.contact);
        match &self.stage {
            Stage::Code {
                session, username, ..
            } => {
                put_text(&mut plain, session)?;
                put_text(&mut plain, username)?;
            }
            Stage::Claim { proof, .. } => put_text(&mut plain, proof)?,
        }
        let padded = plain.len().next_multiple_of(STEP_BYTES);
        if padded > MAX_CONTENT_BYTES {
            return None;
        }
        plain.resize(padded, 0);
        Some(seal(
            ring.current(),
            Use::Continuation,
            &app_client.as_aad(),
            &plain,
            entropy,
        ))
    }

    /// Opens a continuation that is at most [`CONTINUATION_LIFE`] old.
    pub fn open(
        text: &str,
        ring: &KeyRing,
        app_client: &AppClient,
        now: Timestamp,
    ) -> Result<Self, UnsealError> {
        let plain = open_up_to(
            MAX_CONTINUATION_BYTES,
            ring,
            Use::Continuation,
            &app_client.as_aad(),
            text,
        )?;
        let mut reader = Reader(&plain);
        let kind = reader.byte()?;
        let made_at = Timestamp::from_millis(u64::from_be_bytes(reader.array()?));
        let contact = reader.identifier()?;
        let stage = match kind {
            1 | 2 => Stage::Code {
                session: text_of(&mut reader)?,
                username: text_of(&mut reader)?,
                is_sign_in: kind == 1,
            },
            3 | 4 => Stage::Claim {
                proof: text_of(&mut reader)?,
                is_new: kind == 4,
            },
            _ => return Err(UnsealError::Forged),
        };
        fresh(made_at, now, CONTINUATION_LIFE)?;
        Ok(Self {
            contact,
            stage,
            made_at,
        })
    }
}

fn put_text(plain: &mut Vec<u8>, text: &Secret) -> Option<()> {
    let text = text.expose().as_bytes();
    plain.extend_from_slice(&u16::try_from(text.len()).ok()?.to_be_bytes());
    plain.extend_from_slice(text);
    Some(())
}

fn text_of(reader: &mut Reader<'_>) -> Result<Secret, UnsealError> {
    let length = u16::from_be_bytes(reader.array()?);
    let (text, rest) = reader
        .0
        .split_at_checked(usize::from(length))
        .ok_or(UnsealError::Forged)?;
    reader.0 = rest;
    let text = std::str::from_utf8(text).map_err(|_| UnsealError::Forged)?;
    Ok(Secret::new(text))
}
