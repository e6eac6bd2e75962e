//! Attaches Latchstring to a user pool that exists already.
//!
//! `UpdateUserPool` and `UpdateUserPoolClient` reset every member that a request leaves out. So a change
//! is a request with the whole description ([`members`]), in which [`merge`] sets what Latchstring needs.
//! Descriptions stay JSON: a type of the SDK would drop the members that are newer than the SDK.

pub mod detach;
pub mod difference;
pub mod holders;
pub mod members;
pub mod merge;
pub mod restore;
pub mod stack;
