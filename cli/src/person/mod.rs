//! One person: the account in the pool and the items of the table that are found by its id or by its
//! contacts.

mod account;
mod items;

pub use account::{AccountInPool, Pool, Who};
pub use items::{Found, Kind, KnownPerson, collect};
