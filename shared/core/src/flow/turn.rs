//! What Cognito hands to a trigger.

use super::{Caller, Challenge, Step};
use crate::account::Attributes;
use crate::identifier::Identifier;
use crate::keys::KeyRing;
use crate::secret::Secret;

/// What Define and Create see.
#[derive(Clone, Debug)]
pub struct Turn {
    /// The pool and client of the session.
    pub caller: Caller,
    /// Cognito's `userName`: the pool's username, or for a ghost what was typed.
    pub username: Secret,
    /// Whether there is such a user.
    pub person: Person,
    /// The rounds so far, oldest first.
    pub rounds: Vec<Round>,
    /// What the client said beside its answer.
    pub request: ClientRequest,
}

/// Who the session is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Person {
    /// A user who can sign in, with a `sub`.
    Known(Attributes),
    /// A user whose creation stopped half way: like a ghost, except that they hold contacts.
    HalfCreated(Attributes),
    /// Nobody: not found, or without a `sub`.
    Ghost,
}

impl Person {
    /// Judges what Cognito reports. Without a `sub` there is no user, whatever else is said.
    pub fn new(user_not_found: bool, attributes: Attributes) -> Self {
        if user_not_found || attributes.sub().is_empty() {
            Self::Ghost
        } else if attributes.is_half_created() {
            Self::HalfCreated(attributes)
        } else {
            Self::Known(attributes)
        }
    }
}

/// One answered challenge of the session.
#[derive(Clone, Debug)]
pub struct Round {
    /// Cognito's name of the challenge, for ours `CUSTOM_CHALLENGE`.
    pub challenge_name: String,
    /// Whether Verify called the answer right.
    pub passed: bool,
    /// What Create wrote then.
    pub metadata: Option<String>,
}

/// `ClientMetadata`: said by whoever answers, so never trusted, only asked for.
#[derive(Clone, Debug, Default)]
pub struct ClientRequest {
    /// `method`: how the person wants to be reached.
    pub method: Option<String>,
    /// `ticket`: what lets a flow send.
    pub ticket: Option<Secret>,
    /// `action`: `resend` asks for the same code once more.
    pub action: Option<String>,
}

impl ClientRequest {
    /// Whether the same code is asked for once more.
    pub(crate) fn is_resend(&self) -> bool {
        self.action.as_deref() == Some("resend")
    }
}

/// The last round of a session that is all ours.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Last {
    pub(crate) challenge: Challenge,
    pub(crate) passed: bool,
}

/// A session entry that this deployment did not make, or in an order that it never makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotOurs;

impl Turn {
    /// Whether a session of nobody's was opened for this identifier. Somebody could open it for
    /// another's address, with a ticket for their own mailbox: that a code arrives there would tell
    /// them that nobody has the other address, since a known user's session sends nothing to it.
    /// Whether Cognito shows a ghost's typed name or one that it makes up, in the form of a UUID,
    /// is not known; the latter cannot be guessed and tells nothing.
    pub(crate) fn is_for_ghost(&self, identifier: &Identifier) -> bool {
        let name = self.username.expose();
        Identifier::parse(identifier.method(), name).is_ok_and(|typed| typed == *identifier)
            || is_uuid(name)
    }

    /// The last round, if there is one and every round is ours: of one flow, first `select`, and
    /// never a step back.
    pub(crate) fn last(&self, keys: &KeyRing) -> Result<Option<Last>, NotOurs> {
        let mut last: Option<Last> = None;
        for round in &self.rounds {
            if round.challenge_name != "CUSTOM_CHALLENGE" {
                return Err(NotOurs);
            }
            let text = round.metadata.as_deref().ok_or(NotOurs)?;
            let challenge = Challenge::parse(text, keys, &self.caller).ok_or(NotOurs)?;
            let follows = match &last {
                None => challenge.step == Step::Select,
                Some(before) => {
                    before.challenge.flow == challenge.flow
                        && before.challenge.step.rank() <= challenge.step.rank()
                        && (before.passed || before.challenge.step != Step::Select)
                }
            };
            if !follows {
                return Err(NotOurs);
            }
            last = Some(Last {
                challenge,
                passed: round.passed,
            });
        }
        Ok(last)
    }
}

fn is_uuid(name: &str) -> bool {
    let lengths = name.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && name.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_told_from_what_people_type() {
        assert!(is_uuid("5a26cb19-d880-4ae8-ba8e-a7c7ae5c76fe"));
        for name in [
            "",
            "alice",
            "ada@example.com",
            "5a26cb19d8804ae8ba8ea7c7ae5c76fe",
            "5a26cb19-d880-4ae8-ba8e-a7c7ae5c76fg",
            "5a26cb19-d880-4ae8-ba8e-a7c7ae5c76fe-",
        ] {
            assert!(!is_uuid(name), "{name}");
        }
    }
}
