//! What Cognito hands to a trigger.

use crate::record::challenge::{Challenge, Step};
use crate::seal::keys::{KeyId, KeyRing};
use crate::value::account::Attributes;
use crate::value::app_client::AppClient;
use crate::value::secret::Secret;

/// What Define and Create see.
#[derive(Clone, Debug)]
pub struct Turn {
    /// The pool and client of the session.
    pub caller: AppClient,
    /// Cognito's `userName`: the pool's username, or for a ghost what was typed.
    pub username: Secret,
    /// Whether there is such a user.
    pub person: AccountState,
    /// The rounds so far, oldest first.
    pub rounds: Vec<Round>,
    /// What the client said beside its answer.
    pub request: ClientRequest,
}

/// Who the session is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountState {
    /// A user who can sign in, with a `sub`.
    Known(Attributes),
    /// Nobody: not found, without a `sub`, or half created.
    NoAccount,
}

impl AccountState {
    /// Judges what Cognito reports. Without a `sub` there is no user, whatever else is said.
    pub fn new(user_not_found: bool, attributes: Attributes) -> Self {
        if user_not_found || attributes.sub().is_empty() || attributes.is_half_created() {
            Self::NoAccount
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
    /// The keys that the session and the ticket name.
    pub fn key_ids(&self) -> Vec<KeyId> {
        let ticket = self.request.ticket.as_ref().map(Secret::expose);
        let rounds = self.rounds.iter();
        let rounds = rounds.filter_map(|round| round.metadata.as_deref());
        rounds.chain(ticket).filter_map(KeyId::named_by).collect()
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
                        && (before.passed
                            || before.challenge.step != Step::Select
                            || challenge.step == Step::Select)
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
