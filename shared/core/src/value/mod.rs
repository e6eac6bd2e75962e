//! Values, which all other modules use. None of them reads a clock or a key.

pub mod account;
pub(crate) mod app_client;
pub(crate) mod browser;
pub(crate) mod code_alphabet;
pub(crate) mod code_length;
pub(crate) mod id;
pub mod identifier;
pub mod locale;
pub(crate) mod membership;
pub(crate) mod purpose;
pub mod secret;
pub(crate) mod session_id;
pub(crate) mod slot;
pub(crate) mod source;
pub mod time;
pub(crate) mod unicode;
