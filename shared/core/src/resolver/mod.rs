//! The resolvers of the API, which alone issue tickets.

pub mod contact;
pub mod device;
pub(crate) mod error;
mod flow_opener;
mod identity;
pub mod names;
mod payload;
pub mod sign_in;
