use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use latchstring_core::flow::AppClient;
use latchstring_core::ports::{ChallengeApi, OpenChallenge, PortError, Reply};
use latchstring_core::rate_limit::Source;
use latchstring_core::secret::Secret;

/// Custom authentication without triggers: the first challenge is always the selection, and the next
/// one is for a code. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct FixedChallenges {
    ticket: Arc<Mutex<Option<String>>>,
}

impl FixedChallenges {
    /// Returns the ticket of the latest answer.
    pub fn ticket(&self) -> Option<String> {
        let ticket = self.ticket.lock();
        ticket.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn challenge(parameters: &[(&str, &str)]) -> Reply {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let parameters = parameters.iter().chain(&[("USERNAME", "username")]);
    Reply::Challenge(OpenChallenge {
        session: Secret::new("A".repeat(1_000)),
        parameters: parameters.map(owned).collect::<BTreeMap<_, _>>(),
    })
}

impl ChallengeApi for FixedChallenges {
    async fn initiate(
        &self,
        _: &AppClient,
        _: &str,
        _: Option<Source>,
    ) -> Result<Reply, PortError> {
        Ok(challenge(&[("step", "select")]))
    }

    async fn respond(
        &self,
        _: &AppClient,
        _: &OpenChallenge,
        _: &str,
        client_metadata: &[(&str, &str)],
        _: Option<Source>,
    ) -> Result<Reply, PortError> {
        let ticket = client_metadata.iter().find(|(name, _)| *name == "ticket");
        let ticket = ticket.map(|(_, ticket)| (*ticket).to_owned());
        *self.ticket.lock().unwrap_or_else(PoisonError::into_inner) = ticket;
        Ok(challenge(&[
            ("step", "otp"),
            ("codeLength", "6"),
            ("attemptsLeft", "3"),
            ("expiresIn", "300"),
            ("resendAfter", "30"),
        ]))
    }
}
