//! The challenge state machine and the sign-in resolver, tried from outside.
//!
//! [`harness`] plays Cognito: it holds a session's rounds and calls Define, Create and Verify as
//! the pool would, over ports that note every call, fail when told to, and can be interleaved.
//! Nothing under test is replaced.
//!
//! - [`rows`]: one test for each row of the policy table in `latchstring_core::flow`.
//! - The rules of the design, by name: [`fail_closed`], [`authority`], [`attempts`], [`messages`],
//!   [`holders`], [`decoys`], [`proofs`], [`secrecy`], [`no_oracle`],
//!   [`locales`].
//! - [`faults`], [`fault_table`] and [`retries`]: what Lambda and the network do to every step of
//!   every flow.
//! - [`properties`]: what no sequence of events may reach.
//! - [`model`]: what no order of parallel calls may reach, nor a death between any two of them:
//!   every order there is, to a stated depth.
//! - [`sign_in`], [`contacts`], [`budgets`], [`captcha`]: the resolvers over a small Cognito that drives
//!   the same triggers.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails where something is not as it must be"
)]

mod attempts;
mod authority;
mod budgets;
mod captcha;
mod contacts;
mod decoys;
mod fail_closed;
mod fault_table;
mod faults;
mod guess_charges;
mod harness;
mod holders;
mod locales;
mod messages;
mod model;
mod no_oracle;
mod proofs;
mod properties;
mod retries;
mod rows;
mod secrecy;
mod sign_in;
mod uncharged_messages;
