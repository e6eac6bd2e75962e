//! Passwordless sign-in for Amazon Cognito: the pure part.
//!
//! A person gives an email address or a phone number, gets a one-time code, types it, and holds
//! Cognito tokens. Everything that decides is in this crate, as functions from values and ports;
//! it knows no AWS type, clock, environment or randomness of its own, and no executor.
//!
//! - [`identifier`]: email addresses and phone numbers, canonical once parsed.
//! - [`flow`]: the challenge state machine. Its module doc holds the policy table; start there.
//! - [`sign_in`], [`contact`]: the resolvers, the only doors to a ticket.
//! - [`rate_limit`]: which messages are sent, which answers are verified, and how long a code is;
//!   [`odds`] computes the odds that these limits leave to an attacker.
//! - [`pending`]: a contact before it is proved.
//! - [`test_identifier`]: identifiers whose code is fixed.
//! - [`code`], [`sealed`], [`keys`], [`pseudonym`]: the secrets, and what stands for them.
//! - [`message`], [`locale`]: what a person reads, and in which language.
//! - [`ports`]: what the outside must provide.

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
