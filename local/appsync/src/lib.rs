//! An AppSync stand-in over one GraphQL schema.
//!
//! It executes an SDL document as AWS AppSync would with one unit resolver a root field. Each
//! resolver calls one Lambda function with AppSync's context as its event. The directives
//! `@aws_api_key` and `@aws_cognito_user_pools` decide who may call it. It enforces the rules of
//! AppSync, so that a passing test predicts behaviour on AWS. It does not depend on Latchstring:
//! the caller supplies schema, functions and tokens.
//!
//! ```text
//! POST /graphql ──▶ http ──▶ auth ──▶ request ──▶ document ──▶ execution ──▶ answer
//!                                                 (valid,      │   (per root field:
//!                                                  small)      │    access, event, functions)
//!                                                              └──▶ completion (the function's data)
//! ```
//!
//! Start with [`Api::new`] and [`router`]. GraphQL itself is `apollo-compiler`; this crate adds the
//! parts of AppSync. Nothing is logged, and no error text repeats an argument: both could contain
//! an address.

mod access;
mod answer;
mod api;
mod auth;
mod completion;
mod document;
mod event;
mod execution;
mod faults;
mod functions;
mod http;
mod limits;
mod request;
mod schema;
mod tokens;
mod variables;

pub use api::Api;
pub use functions::{FunctionError, Functions};
pub use http::router;
pub use limits::{MAX_BODY, MAX_DEPTH, MAX_FIELDS, MAX_RESOLVERS, MAX_TOKENS, TIME_LIMIT};
pub use schema::SchemaError;
pub use tokens::{TokenRefused, Tokens};
