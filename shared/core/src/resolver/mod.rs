//! The resolvers of the API, which alone issue tickets.

pub mod answer;
pub mod contact;
pub(crate) mod context;
pub mod device;
pub(crate) mod error;
mod flow_opener;
pub mod invite;
mod names;
mod payload;
pub mod session;
pub mod sign_in;
pub(crate) mod signed_in;
mod undo;
