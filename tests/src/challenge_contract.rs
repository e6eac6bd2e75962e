//! The contract of custom authentication by public and by signed calls.

use latchstring_core::flow::AppClient;
use latchstring_core::ports::{ChallengeApi, OpenChallenge, PortError, Reply};
use latchstring_core::rate_limit::Source;

/// A pool under test, with both adapters.
pub struct Contract<A> {
    /// By `InitiateAuth` and `RespondToAuthChallenge`.
    pub public: A,
    /// By `AdminInitiateAuth` and `AdminRespondToAuthChallenge`.
    pub signed: A,
    /// The pool and the app client.
    pub app_client: AppClient,
    /// The username of an account that may sign in.
    pub known: String,
    /// The username of an account that is disabled.
    pub disabled: String,
    /// True if a missing account looks like an existing one.
    pub hides_missing_users: bool,
}

promises! {
    $ challenge_contract, challenge_contract_tests, [A: ChallengeApi], Contract<A>;
    a_challenge_is_answered_by_either_kind_of_call,
    a_disabled_account_is_refused,
    a_missing_account_is_hidden_as_the_client_is_configured,
}

/// Returns the sources of a request: none, and an address.
fn sources() -> [Option<Source>; 2] {
    let address = "203.0.113.7".parse().expect("an address");
    [None, Some(Source::new(address))]
}

impl<A> Contract<A> {
    /// Returns both kinds of calls.
    const fn both(&self) -> [&A; 2] {
        [&self.public, &self.signed]
    }
}

async fn a_challenge_is_answered_by_either_kind_of_call<A: ChallengeApi>(c: &Contract<A>) {
    for source in sources() {
        for opened_by in c.both() {
            for answered_by in c.both() {
                let opened = challenge(opened_by.initiate(&c.app_client, &c.known, source).await);
                let metadata = [("method", "email")];
                let reply =
                    answered_by.respond(&c.app_client, &opened, "select", &metadata, source);
                let next = challenge(reply.await);
                assert!(next.parameters["USERNAME"] == opened.parameters["USERNAME"]);
            }
        }
    }
}

async fn a_disabled_account_is_refused<A: ChallengeApi>(c: &Contract<A>) {
    for source in sources() {
        for api in c.both() {
            let reply = api.initiate(&c.app_client, &c.disabled, source).await;
            assert_eq!(reply, Ok(Reply::Refused));
        }
    }
}

async fn a_missing_account_is_hidden_as_the_client_is_configured<A: ChallengeApi>(c: &Contract<A>) {
    for source in sources() {
        for api in c.both() {
            match api.initiate(&c.app_client, "no-such-user", source).await {
                Ok(Reply::Challenge(_)) => assert!(c.hides_missing_users),
                reply => {
                    assert_eq!(reply, Ok(Reply::UserNotFound));
                    assert!(!c.hides_missing_users);
                }
            }
        }
    }
}

/// Returns the challenge of a reply.
fn challenge(reply: Result<Reply, PortError>) -> OpenChallenge {
    match reply {
        Ok(Reply::Challenge(challenge)) => challenge,
        other => panic!("expected a challenge, not {other:?}"),
    }
}
