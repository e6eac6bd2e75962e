//! `ForgotPassword` and `ConfirmForgotPassword`, which anyone may call. Nothing is sent: the code of a
//! message is kept, for tests to read.

use serde_json::Value;

use super::sign_up::{caller, client, code, delivery, expired};
use crate::attributes::Alias;
use crate::error::{ApiError, ApiResult, Code};
use crate::input::{Input, PASSWORD, STRING};
use crate::password;
use crate::pool::UserPool;
use crate::users::{Status, User};

pub(super) fn run(pool: &UserPool, mut input: Input) -> ApiResult<Value> {
    let (client_id, username, hash) = caller(&mut input)?;
    input.strings("ClientMetadata")?;
    input.finish()?;
    let client = client(pool, &client_id, hash.as_ref(), &username)?;
    if !pool.config().self_recovery {
        return Err(not_offered());
    }
    let hides = pool.hides_missing_users(client);
    let mut state = pool.state();
    let found = state.users.find(&username).map(|user| (user.id, who(user)));
    match found {
        Some((id, Ok(()))) => {
            let user = state.users.get_mut(id);
            user.ok_or_else(ApiError::user_not_found)?.reset = Some(code()?);
            Ok(delivery())
        }
        Some((_, Err(Unable::State))) => Err(ApiError::not_authorized(
            "User password cannot be reset in the current state.",
        )),
        // The answers for these are simulated.
        _ if hides => Ok(delivery()),
        Some((_, Err(Unable::Disabled))) => Err(ApiError::user_disabled()),
        Some((_, Err(Unable::Unverified))) => Err(ApiError::invalid_parameter(
            "Cannot reset password for the user as there is no registered/verified email or phone_number",
        )),
        None => Err(ApiError::user_not_found()),
    }
}

pub(super) fn confirm(pool: &UserPool, mut input: Input) -> ApiResult<Value> {
    let (client_id, username, hash) = caller(&mut input)?;
    let given = input.required("ConfirmationCode", STRING)?;
    let password = input.required("Password", PASSWORD)?;
    input.strings("ClientMetadata")?;
    input.finish()?;
    let client = client(pool, &client_id, hash.as_ref(), &username)?;
    if !pool.config().self_recovery {
        return Err(not_offered());
    }
    password::check(&pool.config().password_policy, &password)?;
    let hides = pool.hides_missing_users(client);
    let mut state = pool.state();
    let found = state.users.find(&username);
    let (id, expected) = match found {
        Some(user) if user.enabled => (user.id, user.reset.clone().ok_or_else(expired)?),
        _ if hides => return Err(mismatch()),
        Some(_) => return Err(ApiError::user_disabled()),
        None => return Err(ApiError::user_not_found()),
    };
    if expected != given {
        return Err(mismatch());
    }
    let user = state.users.get_mut(id);
    user.ok_or_else(ApiError::user_not_found)?.reset = None;
    Ok(super::nothing())
}

/// The reason that no code is sent to a user.
enum Unable {
    Disabled,
    State,
    Unverified,
}

fn who(user: &User) -> Result<(), Unable> {
    if !user.enabled {
        Err(Unable::Disabled)
    } else if matches!(
        user.status,
        Status::ForceChangePassword | Status::ExternalProvider
    ) {
        Err(Unable::State)
    } else if Alias::ALL.iter().all(|it| user.verified(*it).is_none()) {
        Err(Unable::Unverified)
    } else {
        Ok(())
    }
}

fn not_offered() -> ApiError {
    ApiError::not_authorized("Password recovery is not permitted for this user pool")
}

fn mismatch() -> ApiError {
    ApiError::new(
        Code::WrongConfirmation,
        "Invalid verification code provided, please try again.",
    )
}
