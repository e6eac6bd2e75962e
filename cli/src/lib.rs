//! The commands of `latchstring`, the program of a deployment's operator.

pub mod access;
pub mod attach;
pub mod contacts;
pub mod deployed;
pub mod doctor;
pub mod error_code;
pub mod functions;
pub mod invitation;
pub mod live_check;
pub mod person;
pub mod pool_needs;
pub mod rotation;
pub mod signed_call;
pub mod suppression;
pub mod table;
pub mod trace;
pub mod unverified;
pub mod versions;
