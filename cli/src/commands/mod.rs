//! The commands, one module each.

pub(crate) mod attach;
pub(crate) mod doctor;
pub(crate) mod fix_contacts;
pub(crate) mod invite;
pub(crate) mod messages;
pub(crate) mod odds;
pub(crate) mod reset_limits;
pub(crate) mod rollback;
pub(crate) mod rotate_keys;
pub(crate) mod settings;
pub(crate) mod test_codes;
