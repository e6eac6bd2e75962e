//! `SignUp`, `ConfirmSignUp` and `ResendConfirmationCode`, which anyone may call. Nothing is sent: the
//! code of a message is kept, for tests to read.

use serde_json::{Value, json};

use super::secret::check_hash;
use super::users::check_name;
use crate::attributes::Alias;
use crate::config::ClientConfig;
use crate::error::{ApiError, ApiResult, Code};
use crate::events::{self, SignUp};
use crate::input::{CLIENT_ID, Input, PASSWORD, STRING, USERNAME};
use crate::invocation;
use crate::password;
use crate::pool::{State, UserPool};
use crate::random;
use crate::triggers::Trigger;
use crate::users::{OnClash, Status, User, UserId};

pub(super) async fn run(pool: &UserPool, mut input: Input) -> ApiResult<Value> {
    let (client_id, username, hash) = caller(&mut input)?;
    let password = input.required("Password", PASSWORD)?;
    let mut attributes = input.attributes("UserAttributes")?.unwrap_or_default();
    let validation_data = input.attributes("ValidationData")?;
    let client_metadata = input.strings("ClientMetadata")?;
    input.finish()?;
    let client = client(pool, &client_id, hash.as_ref(), &username)?;
    if !pool.config().open_sign_up {
        return Err(ApiError::not_authorized(
            "SignUp is not permitted for this user pool",
        ));
    }
    let verifies = |name: &str| Alias::ALL.iter().any(|it| it.verified_attribute() == name);
    if attributes.iter().any(|it| verifies(&it.name)) {
        return Err(ApiError::not_authorized(
            "A client attempted to write unauthorized attribute",
        ));
    }
    check_name(pool, &username, &mut attributes)?;
    password::check(&pool.config().password_policy, &password)?;
    let mut attributes = pool.schema().sign_up(&attributes)?;
    let mut is_confirmed = false;
    if pool.config().pre_sign_up || pool.controls().fails_trigger(Trigger::PreSignUp) {
        let event = SignUp {
            config: pool.config(),
            client: Some(&client.id),
            username: &username,
            attributes: &attributes,
            validation_data: validation_data.as_deref(),
            client_metadata: client_metadata.as_ref(),
        };
        let answered = invocation::run(pool, Trigger::PreSignUp, event.pre_sign_up()).await?;
        let [confirms, email, phone] = events::admitted(&answered)?;
        is_confirmed = confirms;
        for (alias, verifies) in [(Alias::Email, email), (Alias::PhoneNumber, phone)] {
            if verifies && attributes.contains_key(alias.attribute()) {
                attributes.insert(alias.verified_attribute().to_owned(), "true".to_owned());
            }
        }
    }
    let status = if is_confirmed {
        Status::Confirmed
    } else {
        Status::Unconfirmed
    };
    let user = {
        let mut state = pool.state();
        let created = state
            .users
            .create(username, attributes, status, OnClash::Refuse, pool.now());
        let user = created.map_err(exists)?;
        if !is_confirmed {
            user.confirmation = Some(code()?);
        }
        user.clone()
    };
    if is_confirmed {
        confirmed(pool, client, &user).await?;
    }
    Ok(json!({ "UserConfirmed": is_confirmed, "UserSub": user.sub.to_string() }))
}

pub(super) async fn confirm(pool: &UserPool, mut input: Input) -> ApiResult<Value> {
    let (client_id, username, hash) = caller(&mut input)?;
    let code = input.required("ConfirmationCode", STRING)?;
    let force_alias = input.flag("ForceAliasCreation")?;
    input.strings("ClientMetadata")?;
    input.finish()?;
    let client = client(pool, &client_id, hash.as_ref(), &username)?;
    let user = {
        let mut state = pool.state();
        let Some(user) = state.users.find(&username).cloned() else {
            // The error of a user whose code has expired.
            return Err(if pool.hides_missing_users(client) {
                expired()
            } else {
                ApiError::user_not_found()
            });
        };
        if user.status != Status::Unconfirmed {
            return Err(ApiError::not_authorized(format!(
                "User cannot be confirmed. Current status is {}",
                user.status.as_str()
            )));
        }
        let expected = user.confirmation.as_ref().ok_or_else(expired)?;
        if *expected != code {
            return Err(ApiError::new(
                Code::WrongConfirmation,
                "Invalid verification code provided, please try again.",
            ));
        }
        verify(pool, &mut state, &user, force_alias)?
    };
    confirmed(pool, client, &user).await?;
    Ok(super::nothing())
}

pub(super) fn resend(pool: &UserPool, mut input: Input) -> ApiResult<Value> {
    let (client_id, username, hash) = caller(&mut input)?;
    input.strings("ClientMetadata")?;
    input.finish()?;
    let client = client(pool, &client_id, hash.as_ref(), &username)?;
    let mut state = pool.state();
    let Some(id) = state.users.resolve(&username) else {
        return if pool.hides_missing_users(client) {
            Ok(delivery())
        } else {
            Err(ApiError::user_not_found())
        };
    };
    if let Some(user) = state.users.get_mut(id) {
        if user.status != Status::Unconfirmed {
            return Err(ApiError::invalid_parameter("User is already confirmed."));
        }
        user.confirmation = Some(code()?);
    }
    Ok(delivery())
}

/// Reads the members that each of these calls has.
pub(super) fn caller(input: &mut Input) -> ApiResult<(String, String, Option<String>)> {
    let client_id = input.required("ClientId", CLIENT_ID)?;
    let username = input.required("Username", USERNAME)?;
    let hash = input.optional("SecretHash", STRING)?;
    Ok((client_id, username, hash))
}

pub(super) fn client<'a>(
    pool: &'a UserPool,
    id: &str,
    hash: Option<&String>,
    username: &str,
) -> ApiResult<&'a ClientConfig> {
    let client = pool.client(id)?;
    check_hash(client, hash, username)?;
    Ok(client)
}

/// Confirms a user, and verifies the contact to which the code was sent: the address, or else the
/// number.
fn verify(pool: &UserPool, state: &mut State, user: &User, force: bool) -> ApiResult<User> {
    let mut attributes = user.attributes.clone();
    let contact = Alias::ALL
        .into_iter()
        .find(|alias| attributes.contains_key(alias.attribute()));
    if let Some(alias) = contact {
        attributes.insert(alias.verified_attribute().to_owned(), "true".to_owned());
    }
    let on_clash = if force {
        OnClash::Move
    } else {
        OnClash::Refuse
    };
    let id: UserId = user.id;
    let now = pool.now();
    state.users.set_attributes(id, attributes, on_clash, now)?;
    let user = state
        .users
        .get_mut(id)
        .ok_or_else(ApiError::user_not_found)?;
    user.status = Status::Confirmed;
    user.confirmation = None;
    Ok(user.clone())
}

async fn confirmed(pool: &UserPool, client: &ClientConfig, user: &User) -> ApiResult<()> {
    if pool.config().post_confirmation {
        let event = events::post_confirmation(pool.config(), &client.id, user);
        invocation::run(pool, Trigger::PostConfirmation, event).await?;
    }
    Ok(())
}

/// Returns the error of a name that is taken, which reveals it: `PreventUserExistenceErrors` does not
/// cover `SignUp`.
fn exists(error: ApiError) -> ApiError {
    match error.code {
        Code::AliasExists => ApiError {
            code: Code::UsernameExists,
            ..error
        },
        _ => error,
    }
}

pub(super) fn expired() -> ApiError {
    ApiError::new(
        Code::ExpiredConfirmation,
        "Invalid code provided, please request a code again.",
    )
}

pub(super) fn delivery() -> Value {
    json!({ "CodeDeliveryDetails": {
        "AttributeName": "email",
        "DeliveryMedium": "EMAIL",
        "Destination": "u***@e***",
    }})
}

pub(super) fn code() -> ApiResult<String> {
    let random = random::opaque::<6>()?;
    let digits = random.bytes().map(|byte| char::from(b'0' + byte % 10));
    Ok(digits.take(6).collect())
}
