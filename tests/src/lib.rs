//! End-to-end tests of Latchstring: the harness.
//!
//! [`Latchstring`] is a whole local service on a port of its own. A [`Person`] signs in to it as an
//! app would: with GraphQL and the real AWS SDK over TCP, through the HTTP API, or with the
//! cookie of session mode ([`Door`]). [`Program`] is one of the binaries as a
//! process, and [`RuntimeApi`] the host from which a Lambda binary requests its events.
//! [`Ministack`] is a third-party emulator of AWS, and [`Tap`] is a proxy before it that records
//! each request.
//!
//! ```text
//! let latchstring = Latchstring::start().await;
//! let ada = latchstring.by_email("ada@example.com");
//! let question = ada.requests_a_code().await;
//! let code = ada.code().await;
//! ```
//!
//! No test prints a secret, passing or failing: the types here have no `Debug`, and an assertion is
//! a sentence. Every code, address and token that a test sees is noted ([`note`]), and `cargo xtask
//! test --only tests,leaks` searches the whole output and all logs for them.
#![expect(
    clippy::missing_panics_doc,
    reason = "a harness panics where a test fails"
)]

#[macro_use]
mod promises;

mod browser;
pub mod challenge_contract;
pub mod directory_contract;
mod door;
mod emulator;
mod files;
mod held_mail;
mod person;
mod program;
mod runtime_api;
mod service;
mod still_clock;
pub mod store_contract;
mod tap;
mod tokens;
pub mod trips;

pub use browser::Browser;
pub use door::{Door, OneDoor};
pub use emulator::{Ministack, aws_at};
pub use files::{holds_no_secret, note};
pub use held_mail::HeldMail;
pub use person::{FirstSignIn, Outcome, Person, Question, Refusal, Ticket, Undo};
pub use program::Program;
pub use runtime_api::{Answered, Extensions, RuntimeApi};
pub use service::{Account, Latchstring, Mail};
pub use still_clock::StillClock;
pub use tap::{Lost, Request, Tap};
pub use tokens::SignedIn;
