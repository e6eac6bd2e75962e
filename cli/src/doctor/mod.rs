//! Reads a deployed pool and says what is safe, what leaks or will fail, and the fix.
//!
//! [`read::facts`] asks AWS, with read-only calls; [`checks::judge`] decides, as a function of what was
//! read; [`report`] prints. [`probe`] tries the live pool with a flow for nobody. What a check holds
//! against Cognito is from its public documentation, named where the check is.

pub mod checks;
pub mod facts;
mod finding;
pub mod probe;
pub mod read;
pub mod report;
pub mod signed;
pub mod source;

pub use finding::{Finding, Fix, State};
