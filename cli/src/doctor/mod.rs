//! Reads a deployed pool and says what is safe, what leaks or will fail, and the fix.
//!
//! [`read::facts`] asks AWS, with read-only calls; [`checks::judge`] decides, as a function of what was
//! read; [`report`] prints. [`probe`] tests the live pool with a flow for an address without account.
//! Facts about Cognito are from its public documentation, which each check names.

pub mod checks;
pub mod deployment;
pub mod facts;
mod finding;
pub mod probe;
pub mod read;
pub mod report;
pub mod signed;
pub mod source;

pub use finding::{Finding, Fix, State};
