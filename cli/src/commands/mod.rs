//! The commands, one module each.

pub(crate) mod attach;
pub(crate) mod completions;
mod confirm;
mod deployment;
pub(crate) mod doctor;
pub(crate) mod erase;
pub(crate) mod fix_contacts;
pub(crate) mod invite;
pub(crate) mod live_check;
pub(crate) mod local;
pub(crate) mod messages;
pub(crate) mod odds;
pub(crate) mod output;
pub(crate) mod reset_limits;
pub(crate) mod restart;
pub(crate) mod rollback;
pub(crate) mod rotate_keys;
pub(crate) mod settings;
pub(crate) mod test_codes;
pub(crate) mod trace;
pub(crate) mod unlock;
