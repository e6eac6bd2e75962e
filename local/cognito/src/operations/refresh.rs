//! New tokens for a refresh token, and its revocation.

use serde_json::{Value, json};

use super::nothing;
use super::secret::check_secret;
use crate::config::ClientConfig;
use crate::error::{ApiError, ApiResult, Code};
use crate::input::{CLIENT_ID, Input, STRING, TOKEN};
use crate::pool::UserPool;
use crate::tokens;

pub(super) async fn get_tokens(pool: &UserPool, mut input: Input) -> ApiResult<Value> {
    let token = input.required("RefreshToken", TOKEN)?;
    let client_id = input.required("ClientId", CLIENT_ID)?;
    let secret = input.optional("ClientSecret", STRING)?;
    // Only a pre-token trigger receives it, and this stand-in has none.
    input.strings("ClientMetadata")?;
    input.finish()?;
    let client = pool.client(&client_id)?;
    check_secret(client, secret.as_deref(), Code::NotAuthorized)?;
    let result = refresh(pool, client, &token).await?;
    Ok(json!({ "AuthenticationResult": result }))
}

/// Returns the `AuthenticationResult` for a refresh token: the user's present attributes, in the
/// grant of the sign-in.
pub(super) async fn refresh(
    pool: &UserPool,
    client: &ClientConfig,
    token: &str,
) -> ApiResult<Value> {
    let keys = pool.keys().wait().await?;
    let now = pool.now();
    let (grant, next, user) = {
        let mut state = pool.state();
        let state = &mut *state;
        let users = &state.users;
        let (grant, next) =
            state
                .grants
                .refresh(token, client, now, |grant| match users.get(grant.user) {
                    None => Err(ApiError::not_authorized("Invalid Refresh Token")),
                    Some(user) if !user.enabled => Err(ApiError::user_disabled()),
                    Some(_) => Ok(()),
                })?;
        let user = users
            .get(grant.user)
            .cloned()
            .ok_or_else(ApiError::incorrect_login)?;
        (grant, next, user)
    };
    let mut result = tokens::issue(pool.config(), client, &keys, &grant, &user, now)?;
    if let Some(next) = next {
        result["RefreshToken"] = json!(next);
    }
    Ok(result)
}

pub(super) fn revoke(pool: &UserPool, mut input: Input) -> ApiResult<Value> {
    let token = input.required("Token", TOKEN)?;
    let client_id = input.required("ClientId", CLIENT_ID)?;
    let secret = input.optional("ClientSecret", STRING)?;
    input.finish()?;
    let client = pool.client(&client_id)?;
    check_secret(client, secret.as_deref(), Code::Unauthorized)?;
    if !client.enable_token_revocation {
        return Err(ApiError::new(
            Code::UnsupportedOperation,
            "Token revocation is not enabled for this client.",
        ));
    }
    if token.split('.').count() == 3 {
        return Err(ApiError::new(
            Code::UnsupportedTokenType,
            "Unsupported token type",
        ));
    }
    pool.state().grants.revoke(&token, &client.id)?;
    Ok(nothing())
}
