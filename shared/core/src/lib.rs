//! Passwordless sign-in for Amazon Cognito: the pure part.
//!
//! A person gives an email address or a phone number, gets a one-time code, types it, and holds
//! Cognito tokens. Everything that decides is in this crate, as functions from values and ports;
//! it knows no AWS type, clock, environment or randomness of its own, and no executor.
//!
//! The modules stand on floors. A module imports from floors below its own; `xtask/tests/layering.rs`
//! checks that. From the lowest:
//!
//! - `value`: [`identifier`], [`account`], [`locale`], [`time`], [`secret`], ids.
//! - `effects`: clock and entropy.
//! - `seal`: [`keys`], [`code`], [`sealed`] (tickets, proofs), device tokens, [`pseudonym`].
//! - [`policy`]: settings and budgets; [`test_identifier`]; [`odds`], those that the budgets leave to
//!   an attacker.
//! - `record`: the flow row, the challenge in Cognito's session, [`pending`] contacts.
//! - [`message`]: mails and SMS, in every language.
//! - [`ports`]: the traits that the outside implements.
//! - [`rate_limit`]: which messages are sent, which answers are verified, and how long a code is.
//! - [`flow`]: the challenge state machine. Its module doc holds the policy table; start there.
//! - `resolver`: [`sign_in`], [`contact`], [`device`], [`names`]. They alone issue tickets.

mod effects;
pub mod flow;
pub mod message;
pub mod policy;
pub mod ports;
pub mod rate_limit;
mod record;
mod resolver;
mod seal;
mod value;

pub use policy::{odds, test_identifier};
pub use record::pending;
pub use resolver::{contact, device, names, sign_in};
pub use seal::{code, keys, pseudonym, sealed};
pub use value::{account, identifier, locale, secret, time};

#[cfg(test)]
mod formats;
#[cfg(test)]
mod testing;
