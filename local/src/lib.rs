//! All of Latchstring on one local port: a Cognito stand-in, the HTTP API, an AppSync stand-in over
//! `infra/schema.graphql`, the pages, the inbox, and the handlers of the Lambdas. Everything is in
//! memory.
//!
//! ```text
//! POST /v1/…    ──▶ API Gateway stand-in ──┐
//! POST /graphql ──▶ AppSync stand-in ──────┴──▶ sign-in, sign-up ──┐ the real AWS SDK
//! POST /        ──▶ Cognito stand-in ◀─────────────────────────────┘
//!                     └──▶ define, create, verify ──▶ inbox ──▶ GET /inbox.json
//! ```

mod clock;
mod control;
mod deliveries;
pub mod demo;
mod events;
mod functions;
mod host;
mod outages;
mod pages;
mod service;
mod sessions;
mod settings;

pub use deliveries::Deliveries;
pub use service::{Options, Service, ServiceError};
pub use settings::Settings;
