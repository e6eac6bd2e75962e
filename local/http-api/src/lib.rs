//! A stand-in for an HTTP API of API Gateway.
//!
//! Each route calls one Lambda function with an event of payload format 2.0. A route may have the
//! JWT authorizer of a user pool. The stand-in enforces the rules of API Gateway, so that a passing
//! test predicts behaviour on AWS. It does not depend on Latchstring: the caller supplies routes,
//! functions and tokens.
//!
//! ```text
//! POST /v1/… ──▶ http ──▶ cors ──▶ routes ──▶ authorizer ──▶ event ──▶ functions ──▶ answer
//! ```
//!
//! Start with [`HttpApi::new`] and [`router`]. It has one stage, `$default`, and knows exact paths
//! only: no path parameters, no greedy routes, no throttling. Nothing is logged.

mod answer;
mod api;
mod authorizer;
mod cors;
mod event;
mod functions;
mod http;

pub use api::{HttpApi, MAX_BODY, Route, TIME_LIMIT};
pub use authorizer::{JwtAuthorizer, TokenRefused, Tokens};
pub use cors::Cors;
pub use functions::{FunctionError, Functions};
pub use http::router;
