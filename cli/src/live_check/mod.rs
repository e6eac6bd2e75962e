//! Deploys a released version into an empty account, plays sign-ins there, tests each assumption of
//! docs/unverified.md, changes the deployment and back, and deletes all that it made.
//!
//! Codes are read from no mailbox: the accounts are test identifiers, whose code follows from the key ring
//! (docs/budgets.md). [`Record`] is a file that names everything before it is made, so that an interrupted
//! run can be continued or deleted.

mod deployment;
mod http;
mod person;
mod probes;
mod record;
mod run;
mod scenarios;
#[cfg(test)]
mod stand_in;
mod template;
mod transcript;

pub use probes::{PROBES, steps};
pub use record::Record;
pub use run::{Options, account_of, delete, refuse_taken, run};
pub use template::REPLACED;
pub use transcript::{Transcript, append};
