//! The records that outlive an invocation: in the store, and in Cognito's session.

pub(crate) mod challenge;
pub mod event;
pub(crate) mod flow;
pub(crate) mod invitation;
pub mod pending;
pub(crate) mod session;
pub mod undo;
