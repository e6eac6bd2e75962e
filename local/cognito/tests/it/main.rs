//! What Cognito enforces, held against the stand-in over its router.

mod bench;
mod controls;
mod custom_auth;
mod list_users;
mod sessions;
mod tokens;
mod triggers;
mod users;
mod wire;
