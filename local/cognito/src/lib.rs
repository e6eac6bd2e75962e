//! A Cognito stand-in: one user pool over HTTP, in memory.
//!
//! It speaks the AWS JSON 1.1 protocol of `AWSCognitoIdentityProviderService`, so that the AWS
//! SDKs, boto3, Amplify and amazon-cognito-identity-js work against it. It enforces the rules of
//! Cognito, so that a passing test predicts behaviour on AWS. It does not depend on Latchstring:
//! the caller supplies the triggers as [`Triggers`].
//!
//! ```text
//! POST / ──▶ wire ──▶ operations/* ──▶ pool (users, sessions, grants)   no lock is held
//!            input     │                                                while a trigger runs
//!                      └──▶ triggers (5 s each) ──▶ the caller's code
//! ```
//!
//! Start with [`UserPool::new`] and [`router`]. [`Controls`] makes the pool misbehave for tests.

mod attributes;
mod config;
mod controls;
mod cors;
mod error;
mod events;
mod grants;
mod groups;
mod input;
mod invocation;
mod keys;
mod operation;
mod operations;
mod password;
mod pool;
mod random;
mod sessions;
mod tokens;
mod triggers;
mod users;
mod wire;

pub use attributes::Alias;
pub use config::{
    AuthFlow, ClientConfig, ClientSecret, ExistenceErrors, PasswordPolicy, PoolConfig, Rotation,
};
pub use controls::Controls;
pub use cors::{Origins, allow_origins, is_local_name};
pub use keys::SigningKeys;
pub use pool::{Now, UserPool};
pub use tokens::TokenError;
pub use triggers::{Trigger, TriggerError, TriggerFuture, Triggers};
pub use wire::{router, router_for};
