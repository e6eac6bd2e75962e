//! The keys, and everything that is derived or sealed with them.

pub mod code;
pub(crate) mod code_terms;
pub mod continuation;
pub(crate) mod device;
pub mod keys;
pub(crate) mod link;
pub(crate) mod pointer;
pub mod pseudonym;
pub mod sealed;
pub(crate) mod session_token;
