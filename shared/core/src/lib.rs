//! Passwordless sign-in for Amazon Cognito: the pure part.
//!
//! A user gives an email address or a phone number, receives a one-time code, types it, and gets
//! Cognito tokens. This crate makes every decision, as functions of values and ports. It uses no
//! AWS type, clock, environment, randomness or executor of its own.
//!
//! The modules form floors. A module imports from lower floors only; `xtask/tests/layering.rs`
//! checks that. From the lowest:
//!
//! - `value`: [`identifier`], [`account`], [`locale`], [`time`], [`secret`], ids.
//! - `effects`: clock and entropy.
//! - `seal`: [`keys`], [`code`], [`sealed`] (tickets, proofs), device tokens, [`continuation`],
//!   [`pseudonym`].
//! - [`policy`]: settings and budgets, [`admission`], [`test_identifier`], and [`odds`]: the odds that the budgets
//!   leave to an attacker.
//! - `record`: the flow row, the challenge in Cognito's session, [`pending`] contacts, [`undo`]
//!   records, invitations, browser sessions, [`event`]s and their outbox.
//! - [`message`]: mails and SMS, in every language.
//! - [`ports`]: the traits that adapters implement.
//! - [`rate_limit`]: which messages are sent, which answers are verified, and how long a code is.
//! - [`outbox`]: publishes events, and sweeps those that were not published.
//! - [`flow`]: the challenge state machine. Its module doc has the policy table; start there.
//! - `resolver`: [`sign_in`], [`answer`], [`contact`], [`device`], names, browser sessions
//!   ([`session`]). Only this module issues tickets.

mod effects;
pub mod flow;
pub mod message;
pub mod outbox;
pub mod policy;
pub mod ports;
pub mod rate_limit;
mod record;
mod resolver;
mod seal;
mod value;

pub use policy::{admission, clients, holders, odds, test_identifier};
pub use record::{event, pending, undo};
pub use resolver::{answer, contact, device, invite, session, sign_in};
pub use seal::{code, continuation, keys, pseudonym, sealed};
pub use value::{account, identifier, locale, secret, time};

#[cfg(test)]
mod formats;
#[cfg(test)]
mod testing;
