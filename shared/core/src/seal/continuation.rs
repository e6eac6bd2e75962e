//! Continuations: what a client of the HTTP door keeps between two calls of one sign-in.
//!
//! The text is opaque to the client. It is sealed as the texts of [`super::sealed`] are, and bound to
//! one pool and one app client. It permits what its content permits: to answer Cognito's session, or
//! to redeem a proof.

use std::time::Duration;

use super::keys::{KeyRing, Use};
use super::sealed::{
    Reader, UnsealError, fresh, open_up_to, put_identifier, put_text, put_time, seal,
};
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
        /// The effect of the right code.
        effect: CodeEffect,
    },
    /// The account, after a right code in a session of no account.
    Claim {
        /// The proof that the code earned.
        proof: Secret,
        /// True if an earlier call with the proof created the account.
        is_new: bool,
    },
}

/// The effect of a right code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeEffect {
    /// It signs in. Without an account it makes one.
    SignIn,
    /// It signs in to an account that exists.
    SignInExisting,
    /// It puts a contact on an account.
    Contact,
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
            Stage::Code { effect, .. } => match effect {
                CodeEffect::SignIn => 1,
                CodeEffect::Contact => 2,
                CodeEffect::SignInExisting => 5,
            },
            Stage::Claim { is_new: false, .. } => 3,
            Stage::Claim { .. } => 4,
        });
        put_time(&mut plain, self.made_at);
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
        let made_at = reader.time()?;
        let contact = reader.identifier()?;
        let stage = match kind {
            1 | 2 | 5 => Stage::Code {
                session: reader.text()?,
                username: reader.text()?,
                effect: match kind {
                    1 => CodeEffect::SignIn,
                    2 => CodeEffect::Contact,
                    _ => CodeEffect::SignInExisting,
                },
            },
            3 | 4 => Stage::Claim {
                proof: reader.text()?,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::keys::{Key, KeyId};
    use crate::seal::sealed::{Proof, Resume, Ticket, open};
    use crate::testing::{Seeded, keys};
    use crate::value::identifier::Method;

    const NOW: Timestamp = Timestamp::from_secs(1_000_000);

    fn app_client() -> AppClient {
        AppClient::new("eu-west-1_pool", "client")
    }

    fn of_session(session: &str, username: &str) -> Continuation {
        Continuation {
            contact: Identifier::parse(Method::Email, "ada@example.com").unwrap(),
            stage: Stage::Code {
                session: Secret::new(session),
                username: Secret::new(username),
                effect: CodeEffect::SignIn,
            },
            made_at: NOW,
        }
    }

    fn sealed(continuation: &Continuation) -> String {
        let text = continuation.seal(&keys(), &app_client(), &Seeded::new(1));
        text.unwrap()
    }

    fn opened(text: &str) -> Result<Continuation, UnsealError> {
        Continuation::open(text, &keys(), &app_client(), NOW)
    }

    #[test]
    fn a_continuation_opens_as_it_was_sealed() {
        let code = of_session("session", "username");
        let stages = [
            code.stage.clone(),
            Stage::Code {
                session: Secret::new(""),
                username: Secret::new("é"),
                effect: CodeEffect::Contact,
            },
            Stage::Code {
                session: Secret::new("session"),
                username: Secret::new("username"),
                effect: CodeEffect::SignInExisting,
            },
            Stage::Claim {
                proof: Secret::new("proof"),
                is_new: false,
            },
            Stage::Claim {
                proof: Secret::new("proof"),
                is_new: true,
            },
        ];
        for stage in stages {
            for contact in [
                code.contact.clone(),
                Identifier::parse(Method::PhoneNumber, "+14155550132").unwrap(),
            ] {
                let continuation = Continuation {
                    contact,
                    stage: stage.clone(),
                    made_at: NOW,
                };
                assert_eq!(opened(&sealed(&continuation)), Ok(continuation));
            }
        }
    }

    /// The length does not depend on the user.
    #[test]
    fn a_session_of_any_usual_length_has_one_size() {
        let size = |session: usize, username: usize| {
            sealed(&of_session(&"s".repeat(session), &"u".repeat(username))).len()
        };
        assert_eq!(size(1, 1), 4057);
        assert_eq!(size(2600, 128), 4057);
        assert_eq!(size(900, 36), size(917, 254));
        assert_eq!(size(2900, 36), size(4096, 254), "and one size above");
        let claim = Continuation {
            stage: Stage::Claim {
                proof: Secret::new("p".repeat(500)),
                is_new: true,
            },
            ..of_session("", "")
        };
        assert_eq!(sealed(&claim).len(), 4057);
    }

    /// Cognito's API has sessions of at most 4096 characters.
    #[test]
    fn a_session_of_the_greatest_length_fits() {
        let longest = of_session(&"s".repeat(4096), &"u".repeat(254));
        let text = sealed(&longest);
        assert!(text.len() + "longest-key-name".len() <= MAX_CONTINUATION_BYTES);
        assert_eq!(opened(&text), Ok(longest));
        for too_long in [6000, 70_000] {
            let continuation = of_session(&"s".repeat(too_long), "u");
            let text = continuation.seal(&keys(), &app_client(), &Seeded::new(1));
            assert_eq!(text, None);
        }
        assert_eq!(
            opened(&"A".repeat(MAX_CONTINUATION_BYTES + 1)),
            Err(UnsealError::Forged)
        );
    }

    #[test]
    fn a_continuation_of_another_pool_client_or_key_is_forged() {
        let text = sealed(&of_session("session", "username"));
        for other in [
            AppClient::new("eu-west-1_pool", "other"),
            AppClient::new("eu-west-1_other", "client"),
        ] {
            let opened = Continuation::open(&text, &keys(), &other, NOW);
            assert_eq!(opened, Err(UnsealError::Forged));
        }
        let named = |id: &str, byte| Key::new(KeyId::parse(id).unwrap(), &[byte; 32]).unwrap();
        let ring = |current, previous| KeyRing::new(current, None, previous).unwrap();
        let opened = |ring: &KeyRing| Continuation::open(&text, ring, &app_client(), NOW);
        let forged = Err(UnsealError::Forged);
        assert_eq!(opened(&ring(named("k1", 2), None)), forged);
        assert!(opened(&ring(named("k2", 2), Some(named("k1", 1)))).is_ok());
        let unknown = Err(UnsealError::KeyUnknown);
        assert_eq!(opened(&ring(named("k2", 2), None)), unknown);
        let lasting = ring(named("k2", 2), None).with_lasting(named("k1", 1));
        assert_eq!(opened(&lasting.unwrap()), unknown, "it rotates");
    }

    #[test]
    fn a_continuation_is_stale_after_the_life_of_a_session() {
        let text = sealed(&of_session("session", "username"));
        let at = |secs: u64| {
            Continuation::open(&text, &keys(), &app_client(), Timestamp::from_secs(secs))
        };
        assert!(at(1_000_900).is_ok());
        assert_eq!(at(1_000_901), Err(UnsealError::Stale));
        assert!(at(999_970).is_ok());
        assert_eq!(at(999_969), Err(UnsealError::Stale));
    }

    #[test]
    fn a_continuation_is_no_other_sealed_text() {
        let (ring, life) = (keys(), CONTINUATION_LIFE);
        let text = sealed(&of_session("session", "username"));
        let forged = UnsealError::Forged;
        assert_eq!(
            Ticket::open(&text, &ring, &app_client(), NOW, life).unwrap_err(),
            forged
        );
        assert_eq!(
            Proof::open(&text, &ring, &app_client(), NOW, life).unwrap_err(),
            forged
        );
        assert_eq!(
            Resume::open(&text, &ring, &app_client(), NOW, life).unwrap_err(),
            forged
        );
        for usage in Use::ALL {
            if usage != Use::Continuation {
                let bound = app_client();
                let opened =
                    open_up_to(MAX_CONTINUATION_BYTES, &ring, usage, &bound.as_aad(), &text);
                assert_eq!(opened, Err(forged), "{usage:?}");
                let other = seal(
                    ring.current(),
                    usage,
                    &bound.as_aad(),
                    &[0; 3000],
                    &Seeded::new(2),
                );
                assert_eq!(
                    super::Continuation::open(&other, &ring, &bound, NOW),
                    Err(forged)
                );
            }
        }
        // The other texts are short, and a longer one is not decoded.
        let bound = app_client();
        assert_eq!(
            open(&ring, Use::Continuation, &bound.as_aad(), &text),
            Err(forged)
        );
    }

    #[test]
    fn a_changed_character_anywhere_spoils_a_continuation() {
        let text = sealed(&of_session("session", "username"));
        for place in (0..text.len()).step_by(13) {
            let mut forged = text.clone().into_bytes();
            forged[place] = if forged[place] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            assert_eq!(opened(&forged), Err(UnsealError::Forged), "{place}");
        }
    }

    #[test]
    fn content_of_no_continuation_is_forged() {
        let plain = |kind: u8, length: u16, size: usize| {
            let mut plain = vec![kind];
            plain.extend_from_slice(&NOW.as_millis().to_be_bytes());
            put_identifier(&mut plain, &of_session("", "").contact);
            plain.extend_from_slice(&length.to_be_bytes());
            plain.resize(size, 0xff);
            let bound = app_client();
            let text = seal(
                keys().current(),
                Use::Continuation,
                &bound.as_aad(),
                &plain,
                &Seeded::new(3),
            );
            opened(&text)
        };
        for (kind, length, size) in [(0, 0, 3000), (6, 0, 3000), (1, 5000, 3000), (3, 9, 275)] {
            assert_eq!(plain(kind, length, size), Err(UnsealError::Forged));
        }
        assert_eq!(plain(3, 3, 275), Err(UnsealError::Forged), "no UTF-8");
        assert!(plain(3, 0, 267).is_ok());
    }

    #[test]
    fn debug_shows_nothing_that_was_sealed() {
        let shown = format!("{:?}", of_session("the session", "the name"));
        for secret in ["the session", "the name", "ada"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}
