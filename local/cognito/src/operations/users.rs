//! The admin operations on one user.

use serde_json::{Value, json};

use super::attributes::{list, timestamp, user_type};
use super::nothing;
use crate::attributes::{Alias, identities};
use crate::error::{ApiError, ApiResult};
use crate::events::{self, SignUp};
use crate::input::{Attribute, Input, PASSWORD, POOL_ID, USERNAME};
use crate::invocation;
use crate::password;
use crate::pool::{State, UserPool};
use crate::triggers::Trigger;
use crate::users::{OnClash, Status, User, UserId};

pub(super) async fn create(pool: &UserPool, mut input: Input) -> ApiResult<Value> {
    let pool_id = input.required("UserPoolId", POOL_ID)?;
    let username = input.required("Username", USERNAME)?;
    let attributes = input.attributes("UserAttributes")?.unwrap_or_default();
    let temporary_password = input.optional("TemporaryPassword", PASSWORD)?;
    let force_alias = input.flag("ForceAliasCreation")?;
    let validation_data = input.attributes("ValidationData")?;
    let client_metadata = input.strings("ClientMetadata")?;
    let message_action = input.optional_enum("MessageAction", &["RESEND", "SUPPRESS"])?;
    input.finish()?;
    pool.check_pool_id(&pool_id)?;
    if message_action.as_deref() != Some("SUPPRESS") {
        // A resolver without SUPPRESS would send messages to real users.
        return Err(ApiError::unsupported("A MessageAction other than SUPPRESS"));
    }
    let mut attributes = attributes;
    check_name(pool, &username, &mut attributes)?;
    // Without a temporary password Cognito generates one and mails it. Here it is not needed.
    if let Some(temporary_password) = temporary_password {
        password::check(&pool.config().password_policy, &temporary_password)?;
    }
    let attributes = pool.schema().create(&attributes)?;
    if pool.config().pre_sign_up || pool.controls().fails_trigger(Trigger::PreSignUp) {
        let event = SignUp {
            config: pool.config(),
            client: None,
            username: &username,
            attributes: &attributes,
            validation_data: validation_data.as_deref(),
            client_metadata: client_metadata.as_ref(),
        };
        let answered = invocation::run(pool, Trigger::PreSignUp, event.pre_sign_up()).await?;
        events::admitted(&answered)?;
    }
    let on_clash = if force_alias {
        OnClash::Move
    } else {
        OnClash::Refuse
    };
    let mut state = pool.state();
    let user = state.users.create(
        username,
        attributes,
        Status::ForceChangePassword,
        on_clash,
        pool.now(),
    )?;
    Ok(json!({ "User": user_type(user, None) }))
}

/// Checks the name of a new user. Where attributes are usernames, it is also the attribute.
pub(super) fn check_name(
    pool: &UserPool,
    username: &str,
    attributes: &mut Vec<Attribute>,
) -> ApiResult<()> {
    let config = pool.config();
    let mut fitting = config
        .sign_in_attributes
        .iter()
        .filter(|alias| alias.fits(username));
    match (config.username_attributes, fitting.next()) {
        (false, None) => Ok(()),
        (false, Some(Alias::Email)) => Err(ApiError::invalid_parameter(
            "Username cannot be of email format, since user pool is configured for email alias.",
        )),
        (false, Some(Alias::PhoneNumber)) => Err(ApiError::invalid_parameter(
            "Username cannot be of phone number format, since user pool is configured for phone number alias.",
        )),
        (true, None) => {
            let text = match config.sign_in_attributes.iter().next_back() {
                Some(Alias::PhoneNumber) if config.sign_in_attributes.len() == 2 => {
                    "Username should be either an email or a phone number."
                }
                Some(Alias::PhoneNumber) => "Username should be a phone number.",
                _ => "Username should be an email.",
            };
            Err(ApiError::invalid_parameter(text))
        }
        (true, Some(alias)) => {
            let name = alias.attribute();
            match attributes.iter().find(|it| it.name == name) {
                Some(given) if given.value != username => Err(ApiError::invalid_parameter(
                    format!("The attribute {name} differs from the username."),
                )),
                Some(_) => Ok(()),
                None => {
                    attributes.push(Attribute {
                        name: name.to_owned(),
                        value: username.to_owned(),
                    });
                    Ok(())
                }
            }
        }
    }
}

/// `AdminLinkProviderForUser`: links a user of another identity provider to an account of the pool. The
/// user must not have signed in with a profile of its own.
pub(super) fn link(pool: &UserPool, mut input: Input) -> ApiResult<Value> {
    let pool_id = input.required("UserPoolId", POOL_ID)?;
    let (destination_provider, _, username) = input.provider_user("DestinationUser")?;
    let (provider, by, subject) = input.provider_user("SourceUser")?;
    input.finish()?;
    pool.check_pool_id(&pool_id)?;
    if destination_provider != "Cognito" || by != "Cognito_Subject" {
        return Err(ApiError::unsupported(
            "A link other than of a Cognito_Subject to an account of the pool",
        ));
    }
    let mut state = pool.state();
    if state
        .users
        .resolve(&format!("{provider}_{subject}"))
        .is_some()
    {
        return Err(ApiError::invalid_parameter(
            "Merging is not currently supported, please create a SourceUser with no user account.",
        ));
    }
    let id = state
        .users
        .resolve(&username)
        .ok_or_else(ApiError::user_not_found)?;
    change(pool, &mut state, id, |user| {
        let identities = identities(&provider, &subject);
        user.attributes.insert("identities".to_owned(), identities);
    });
    Ok(nothing())
}

pub(super) fn get(pool: &UserPool, input: Input) -> ApiResult<Value> {
    with_user(pool, input, |state, id| {
        let user = state.users.get(id).ok_or_else(ApiError::user_not_found)?;
        Ok(json!({
            "Username": user.username,
            "UserAttributes": list(user, None),
            "UserCreateDate": timestamp(user.created),
            "UserLastModifiedDate": timestamp(user.modified),
            "Enabled": user.enabled,
            "UserStatus": user.status.as_str(),
        }))
    })
}

pub(super) fn delete(pool: &UserPool, input: Input) -> ApiResult<Value> {
    with_user(pool, input, |state, id| {
        state.users.delete(id);
        Ok(Value::Null)
    })
}

/// Enables or disables a user. Disabling also revokes the user's tokens; enabling does not restore
/// them.
pub(super) fn set_enabled(pool: &UserPool, input: Input, enabled: bool) -> ApiResult<Value> {
    with_user(pool, input, |state, id| {
        change(pool, state, id, |user| user.enabled = enabled);
        if !enabled {
            state.grants.sign_out(id);
        }
        Ok(nothing())
    })
}

pub(super) fn sign_out(pool: &UserPool, input: Input) -> ApiResult<Value> {
    with_user(pool, input, |state, id| {
        state.grants.sign_out(id);
        Ok(nothing())
    })
}

pub(super) fn set_password(pool: &UserPool, mut input: Input) -> ApiResult<Value> {
    let password = input.required("Password", PASSWORD)?;
    let permanent = input.flag("Permanent")?;
    with_user(pool, input, |state, id| {
        password::check(&pool.config().password_policy, &password)?;
        let status = if permanent {
            Status::Confirmed
        } else {
            Status::ForceChangePassword
        };
        change(pool, state, id, |user| user.status = status);
        Ok(nothing())
    })
}

pub(super) fn update_attributes(pool: &UserPool, mut input: Input) -> ApiResult<Value> {
    let changes = input.required_attributes("UserAttributes")?;
    with_user(pool, input, |state, id| {
        let user = state.users.get(id).ok_or_else(ApiError::user_not_found)?;
        let attributes = pool.schema().apply(&user.attributes, &changes)?;
        let on_clash = if pool.controls().alias_moves() {
            OnClash::Move
        } else {
            OnClash::Refuse
        };
        state
            .users
            .set_attributes(id, attributes, on_clash, pool.now())?;
        Ok(nothing())
    })
}

/// Reads the members that name a user, and continues under the lock with that user.
fn with_user(
    pool: &UserPool,
    mut input: Input,
    then: impl FnOnce(&mut State, UserId) -> ApiResult<Value>,
) -> ApiResult<Value> {
    let pool_id = input.required("UserPoolId", POOL_ID)?;
    let username = input.required("Username", USERNAME)?;
    input.finish()?;
    pool.check_pool_id(&pool_id)?;
    let mut state = pool.state();
    let id = state
        .users
        .resolve(&username)
        .ok_or_else(ApiError::user_not_found)?;
    then(&mut state, id)
}

fn change(pool: &UserPool, state: &mut State, id: UserId, change: impl FnOnce(&mut User)) {
    if let Some(user) = state.users.get_mut(id) {
        change(user);
        user.modified = pool.now();
    }
}
