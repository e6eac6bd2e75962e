//! Tests of the stand-in over its router, against the rules that Cognito enforces.

mod bench;
mod controls;
mod custom_auth;
mod forgot_password;
mod groups;
mod list_users;
mod pre_sign_up;
mod secrets;
mod sessions;
mod tokens;
mod triggers;
mod username_attributes;
mod users;
mod wire;
