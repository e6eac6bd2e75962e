//! Wrappers of the ports for tests and the local service.
//!
//! - [`Carried`]: the one decorator of every port. Its [`Carrier`] sees each call and decides whether
//!   it reaches the port, and what returns.
//! - [`Wire`]: a carrier that notes each call, breaks the calls that a test names, and lets
//!   interleaved futures take turns.

mod carried;
mod wire;

pub use carried::{Call, Carried, Carrier, Port};
pub use wire::{Break, Wire};
