//! The HTTP door over the ports in memory. Every response is compared with the OpenAPI document.
#![expect(clippy::unwrap_used, reason = "a failed expectation fails its test")]

mod accounts;
mod bad_input;
mod clients;
mod documented;
mod events;
mod graphql;
mod identity;
mod invitations;
mod sessions;
mod sign_in;
mod world;
