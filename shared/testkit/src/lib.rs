//! Wrappers of the ports, and a deployment without AWS, for tests and the local service.
//!
//! - [`Carried`]: the one decorator of every port. Its [`Carrier`] sees each call and decides whether
//!   it reaches the port, and what returns.
//! - [`Wire`]: a carrier that notes each call, breaks the calls that a test names, and lets
//!   interleaved futures take turns.
//! - [`Pool`]: a user pool that invokes triggers with Cognito's events.
//! - [`FixedChallenges`]: custom authentication without triggers, with the same challenges each time.
//! - `Triggers`, with the feature `lambda`: the three triggers of a deployment over the same ports.
//! - `World`, with the feature `lambda`: a deployment on the ports in memory.
//! - [`ScriptedServer`]: an HTTP server that responds, says or closes as a test demands.
//! - `TlsServer`, with the feature `tls`: a TLS server with its own certificate.

mod carried;
mod fixed_challenges;
mod pool;
mod scripted_server;
#[cfg(feature = "tls")]
mod tls;
#[cfg(feature = "lambda")]
mod triggers;
mod wire;
#[cfg(feature = "lambda")]
mod world;

pub use carried::{Call, Carried, Carrier, Port};
pub use fixed_challenges::FixedChallenges;
pub use pool::{Answer, Invoke, Next, Pool, Session, Trigger, tokens};
pub use scripted_server::{ScriptedServer, Step};
#[cfg(feature = "tls")]
pub use tls::TlsServer;
#[cfg(feature = "lambda")]
pub use triggers::{TriggerPorts, Triggers};
pub use wire::{Break, Load, Wire};
#[cfg(feature = "lambda")]
pub use world::{World, deployment};
