//! The password policy. Passwords are checked and not kept: no flow here uses one.

use crate::config::PasswordPolicy;
use crate::error::{ApiError, ApiResult, Code};

/// The characters Cognito counts as symbols.
const SYMBOLS: &str = "^$*.[]{}()?\"!@#%&/\\,><':;|_~`=+-";

pub(crate) fn check(policy: &PasswordPolicy, password: &str) -> ApiResult<()> {
    let has = |holds: fn(char) -> bool| password.chars().any(holds);
    let complaint = if password.chars().count() < policy.minimum_length {
        "Password not long enough"
    } else if policy.require_numbers && !has(|c| c.is_ascii_digit()) {
        "Password must have numeric characters"
    } else if policy.require_lowercase && !has(|c| c.is_ascii_lowercase()) {
        "Password must have lowercase characters"
    } else if policy.require_uppercase && !has(|c| c.is_ascii_uppercase()) {
        "Password must have uppercase characters"
    } else if policy.require_symbols && !has(|c| SYMBOLS.contains(c)) {
        "Password must have symbol characters"
    } else {
        return Ok(());
    };
    Err(ApiError::new(
        Code::InvalidPassword,
        format!("Password did not conform with policy: {complaint}"),
    ))
}
