//! The contract of custom authentication by public and by signed calls.

use latchstring_core::ports::{ChallengeApi, OpenChallenge, Reply};
use latchstring_core::rate_limit::Source;

/// A pool under test, with both adapters.
pub struct Contract<A> {
    /// By `InitiateAuth` and `RespondToAuthChallenge`.
    pub public: A,
    /// By `AdminInitiateAuth` and `AdminRespondToAuthChallenge`.
    pub signed: A,
    /// The username of an account that may sign in.
    pub known: String,
    /// The username of an account that is disabled.
    pub disabled: String,
    /// True if a missing account looks like an existing one.
    pub hides_missing_users: bool,
}

/// Runs every test of the contract.
///
/// # Panics
/// If a test fails.
pub async fn run<A: ChallengeApi>(contract: &Contract<A>) {
    let Contract {
        public,
        signed,
        known,
        disabled,
        hides_missing_users,
    } = contract;
    let address = "203.0.113.7".parse().expect("an address");
    for source in [None, Some(Source::new(address))] {
        for opened_by in [public, signed] {
            for answered_by in [public, signed] {
                let opened = asked(opened_by.initiate(known, source).await);
                let answered =
                    answered_by.respond(&opened, "select", &[("method", "email")], source);
                let answered = asked(answered.await);
                assert!(answered.parameters["USERNAME"] == opened.parameters["USERNAME"]);
            }
            let refused = opened_by.initiate(disabled, source).await;
            assert_eq!(refused, Ok(Reply::Refused), "a disabled account");
            match opened_by.initiate("no-such-user", source).await {
                Ok(Reply::Challenge(_)) => assert!(*hides_missing_users),
                reply => {
                    assert_eq!(reply, Ok(Reply::UserNotFound));
                    assert!(!*hides_missing_users);
                }
            }
        }
    }
}

fn asked(reply: Result<Reply, latchstring_core::ports::PortError>) -> OpenChallenge {
    match reply {
        Ok(Reply::Challenge(challenge)) => challenge,
        other => panic!("a challenge was expected, not {other:?}"),
    }
}
