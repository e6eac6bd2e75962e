//! The events that Cognito sends to a trigger.

use crate::ports::SessionFacts;
use crate::record::challenge::{Challenge, Step};
use crate::record::flow::{Flow, Subject};
use crate::seal::keys::{KeyId, KeyRing};
use crate::value::account::Attributes;
use crate::value::app_client::AppClient;
use crate::value::secret::Secret;
use crate::value::time::Timestamp;

/// The input of Define and Create.
#[derive(Clone, Debug)]
pub struct SessionEvent {
    /// The pool and client of the session.
    pub app_client: AppClient,
    /// Cognito's `userName`: the pool's username, or the typed text if there is no account.
    pub username: Secret,
    /// The user of the session, if there is one.
    pub user: AccountState,
    /// The rounds so far, oldest first.
    pub rounds: Vec<Round>,
    /// The client's data beside its answer.
    pub request: ClientRequest,
}

/// The user of a session, if there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountState {
    /// A user who can sign in, with a `sub`.
    Known(Attributes),
    /// There is no account: not found, without a `sub`, half-created, or one that takes no code.
    NoAccount,
}

impl AccountState {
    /// Interprets Cognito's report. Without a `sub` there is no user, whatever its other fields
    /// are.
    pub fn new(user_not_found: bool, attributes: Attributes) -> Self {
        let has_none = user_not_found || attributes.sub().is_empty();
        if has_none || attributes.is_half_created() || !attributes.takes_codes() {
            Self::NoAccount
        } else {
            Self::Known(attributes)
        }
    }

    /// Returns whether an answer of this user to the row may be right. A known user's row is for that
    /// user only. A row of no account stays one, even if the name belongs to an account by now; it
    /// ends in a proof, never in tokens.
    pub(super) fn may_answer(&self, row: &Flow) -> bool {
        match (&row.subject, self) {
            (Subject::Known(subject), Self::Known(user)) => subject == user.sub(),
            (Subject::Known(_), Self::NoAccount) => false,
            (Subject::NoAccount, _) => true,
        }
    }

    /// Returns the facts with which a row must agree, whose challenge states this time of issue.
    pub(super) fn facts<'a>(
        &'a self,
        app_client: &'a AppClient,
        issued_at: Option<Timestamp>,
    ) -> SessionFacts<'a> {
        SessionFacts {
            client: app_client.client(),
            user: match self {
                Self::Known(user) => Some(user.sub()),
                Self::NoAccount => None,
            },
            issued_at,
        }
    }
}

/// One answered challenge of the session.
#[derive(Clone, Debug)]
pub struct Round {
    /// Cognito's name of the challenge; `CUSTOM_CHALLENGE` for this project's.
    pub challenge_name: String,
    /// True if Verify accepted the answer.
    pub passed: bool,
    /// The metadata that Create wrote then.
    pub metadata: Option<String>,
}

/// `ClientMetadata`: untrusted data of the client. It can request an action and proves nothing.
#[derive(Clone, Debug, Default)]
pub struct ClientRequest {
    /// `method`: the method by which the user wants the code.
    pub method: Option<String>,
    /// `ticket`: the permission for a flow to send.
    pub ticket: Option<Secret>,
    /// `action`: `resend` requests another message with a code; `complete` and `undo` state that the
    /// answer to the first challenge is a proof, and `undo` that the proof undoes a change; `link`
    /// that the answer to a code is the token of a link.
    pub action: Option<String>,
    /// `linkSecret`: the secret of the client that requested the link.
    pub link_secret: Option<Secret>,
}

impl ClientRequest {
    /// Returns whether the request is for a resend.
    pub(crate) fn is_resend(&self) -> bool {
        self.action.as_deref() == Some("resend")
    }

    /// Returns whether the answer to a code is the token of a link. Such an answer is never counted
    /// as wrong.
    pub(crate) fn is_link(&self) -> bool {
        self.action.as_deref() == Some("link")
    }

    /// Returns whether a wrong answer to a decoy without a row is counted.
    pub(crate) fn is_counted(&self) -> bool {
        !self.is_resend() && !self.is_link()
    }

    /// Returns whether the answer to the first challenge is a proof.
    pub(crate) fn completes(&self) -> bool {
        self.action.as_deref() == Some("complete") || self.undoes()
    }

    /// Returns whether that proof is of a replaced contact, to undo the change.
    pub(crate) fn undoes(&self) -> bool {
        self.action.as_deref() == Some("undo")
    }
}

/// The last round of a session whose rounds are all valid.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LastRound {
    pub(crate) challenge: Challenge,
    pub(crate) passed: bool,
}

/// A session entry that this deployment did not make, or an order that it never makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InvalidSession;

impl SessionEvent {
    /// The names of the keys of the session and the ticket.
    pub fn key_ids(&self) -> Vec<KeyId> {
        let ticket = self.request.ticket.as_ref().map(Secret::expose);
        let rounds = self.rounds.iter();
        let rounds = rounds.filter_map(|round| round.metadata.as_deref());
        rounds.chain(ticket).filter_map(KeyId::named_by).collect()
    }

    /// Returns the last round, if there is one. Every round must be of this deployment and of one
    /// flow: first `select`, and never a step back. A `select` that passed may be followed by the
    /// code of another flow, which the session continues.
    pub(crate) fn last(&self, keys: &KeyRing) -> Result<Option<LastRound>, InvalidSession> {
        let mut last: Option<LastRound> = None;
        for round in &self.rounds {
            if round.challenge_name != "CUSTOM_CHALLENGE" {
                return Err(InvalidSession);
            }
            let text = round.metadata.as_deref().ok_or(InvalidSession)?;
            let challenge = Challenge::parse(text, keys, &self.app_client).ok_or(InvalidSession)?;
            let follows = match &last {
                None => challenge.step == Step::Select,
                Some(before) => {
                    let resumes = before.passed
                        && before.challenge.step == Step::Select
                        && matches!(challenge.step, Step::Otp(_));
                    (resumes || before.challenge.flow == challenge.flow)
                        && before.challenge.step.rank() <= challenge.step.rank()
                        && (before.passed
                            || before.challenge.step != Step::Select
                            || challenge.step == Step::Select)
                }
            };
            if !follows {
                return Err(InvalidSession);
            }
            last = Some(LastRound {
                challenge,
                passed: round.passed,
            });
        }
        Ok(last)
    }
}
