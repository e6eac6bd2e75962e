//! The challenge state machine and the resolvers, tested through their public interface.
//!
//! [`harness`] simulates Cognito: it holds a session's rounds and calls Define, Create and Verify
//! as the pool does. Its ports record every call, fail on demand, and can be interleaved. No code
//! under test is replaced.
//!
//! - [`rows`]: a test for each row of the policy table in `latchstring_core::flow`.
//! - The rules of the design, by name: [`fail_closed`], [`authority`], [`attempts`], [`messages`],
//!   [`holders`], [`decoys`], [`proofs`], [`completions`], [`secrecy`],
//!   [`resumes`], [`links`], [`no_oracle`], [`locales`].
//! - [`faults`], [`fault_table`] and [`retries`]: the effect of Lambda's and the network's faults
//!   on every step of every flow.
//! - [`properties`]: states that no sequence of events reaches.
//! - [`model`]: states that no order of parallel calls reaches, nor the death of a process between
//!   any two of them: all orders, to a stated depth.
//! - [`undo`], [`replaced_devices`]: the change of a contact is undone by the owner of the replaced
//!   one, whose known devices stay known for that time.
//! - [`events`]: the outbox, with a process that dies at each call.
//! - [`load`]: the requests of each counter in a second of 10,000 sign-ins.
//! - [`sessions`]: browser sessions, with a model of parallel refreshes and sign-outs.
//! - [`slots`]: slot mode, with a model of two requests in a slot and a simulation of 30 days.
//! - [`sign_in`], [`answers`], [`contacts`], [`budgets`], [`captcha`]: the resolvers over a small Cognito that
//!   calls the same triggers.
#![expect(clippy::unwrap_used, reason = "a failed expectation fails its test")]

mod admissions;
mod answers;
mod attempts;
mod authority;
mod budgets;
mod captcha;
mod completions;
mod contacts;
mod decoys;
mod events;
mod fail_closed;
mod fault_table;
mod faults;
mod guess_charges;
mod harness;
mod holders;
mod links;
mod load;
mod locales;
mod messages;
mod model;
mod no_oracle;
mod other_holders;
mod proofs;
mod properties;
mod replaced_devices;
mod resumes;
mod retries;
mod rows;
mod secrecy;
mod session_faults;
mod sessions;
mod shards;
mod sign_in;
mod slots;
mod uncharged_messages;
mod undo;
