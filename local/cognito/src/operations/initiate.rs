//! `InitiateAuth` and `AdminInitiateAuth`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::refresh::refresh;
use super::respond::continue_auth;
use super::secret::check_hash;
use crate::config::{AuthFlow, ClientConfig};
use crate::error::{ApiError, ApiResult, Code};
use crate::input::{CLIENT_ID, Input, POOL_ID, SESSION};
use crate::operation::Access;
use crate::pool::UserPool;
use crate::sessions::Party;
use crate::users::Status;

/// `AuthFlowType`
const FLOWS: [&str; 8] = [
    "USER_SRP_AUTH",
    "REFRESH_TOKEN_AUTH",
    "REFRESH_TOKEN",
    "CUSTOM_AUTH",
    "ADMIN_NO_SRP_AUTH",
    "USER_PASSWORD_AUTH",
    "ADMIN_USER_PASSWORD_AUTH",
    "USER_AUTH",
];

pub(super) async fn run(pool: &UserPool, mut input: Input, access: Access) -> ApiResult<Value> {
    let pool_id = match access {
        Access::Admin => Some(input.required("UserPoolId", POOL_ID)?),
        Access::Public => None,
    };
    let flow = input.required_enum("AuthFlow", &FLOWS)?;
    let client_id = input.required("ClientId", CLIENT_ID)?;
    let parameters = input.strings("AuthParameters")?.unwrap_or_default();
    // Not passed to the triggers of custom authentication: they receive the metadata of an answer.
    input.strings("ClientMetadata")?;
    input.optional("Session", SESSION)?;
    if access == Access::Admin {
        input.context_data()?;
    }
    input.finish()?;
    if let Some(pool_id) = pool_id {
        pool.check_pool_id(&pool_id)?;
    }
    let client = pool.client(&client_id)?;
    let hash = parameters.get("SECRET_HASH");
    match flow.as_str() {
        "CUSTOM_AUTH" => {
            let username = parameters.get("USERNAME").map_or("", String::as_str);
            check_hash(client, hash, username)?;
            check_flow(client, AuthFlow::Custom, &flow, access)?;
            custom(pool, client, &parameters, access).await
        }
        "REFRESH_TOKEN_AUTH" | "REFRESH_TOKEN" => {
            if client.refresh_token_rotation.is_some() {
                return Err(ApiError::new(
                    Code::UnsupportedOperation,
                    "This API does not support refresh token rotation",
                ));
            }
            check_flow(client, AuthFlow::RefreshToken, &flow, access)?;
            let token = parameters
                .get("REFRESH_TOKEN")
                .ok_or_else(|| ApiError::missing_parameter("REFRESH_TOKEN"))?;
            // The hash is over the name of the token's user, which the call does not have.
            let username = pool.username_of_refresh_token(token);
            check_hash(client, hash, username.as_deref().unwrap_or_default())?;
            let result = refresh(pool, client, token).await?;
            Ok(json!({ "AuthenticationResult": result, "ChallengeParameters": {} }))
        }
        flow => {
            let username = parameters.get("USERNAME").map_or("", String::as_str);
            check_hash(client, hash, username)?;
            check_flow(client, allowance(flow, access)?, flow, access)?;
            Err(ApiError::unsupported(flow))
        }
    }
}

/// The setting that a client needs for a flow that this stand-in does not continue.
fn allowance(flow: &str, access: Access) -> ApiResult<AuthFlow> {
    match (flow, access) {
        ("USER_SRP_AUTH", _) => Ok(AuthFlow::UserSrp),
        ("USER_PASSWORD_AUTH", Access::Public) => Ok(AuthFlow::UserPassword),
        ("ADMIN_NO_SRP_AUTH" | "ADMIN_USER_PASSWORD_AUTH", Access::Admin) => {
            Ok(AuthFlow::AdminUserPassword)
        }
        ("USER_AUTH", _) => Ok(AuthFlow::UserAuth),
        _ => Err(ApiError::invalid_parameter(
            "Initiate Auth method not supported.",
        )),
    }
}

fn check_flow(client: &ClientConfig, flow: AuthFlow, name: &str, access: Access) -> ApiResult<()> {
    if client.explicit_auth_flows.contains(&flow) {
        return Ok(());
    }
    Err(ApiError::invalid_parameter(match (access, flow) {
        (Access::Admin, AuthFlow::AdminUserPassword) => {
            "Auth flow not enabled for this client".to_owned()
        }
        (_, AuthFlow::UserPassword) => format!("{name} flow not enabled for this client"),
        _ => format!("{name} is not enabled for the client."),
    }))
}

async fn custom(
    pool: &UserPool,
    client: &ClientConfig,
    parameters: &BTreeMap<String, String>,
    access: Access,
) -> ApiResult<Value> {
    let username = parameters
        .get("USERNAME")
        .filter(|name| !name.is_empty())
        .ok_or_else(|| ApiError::missing_parameter("USERNAME"))?;
    if parameters.contains_key("SRP_A") || parameters.contains_key("CHALLENGE_NAME") {
        return Err(ApiError::unsupported("CUSTOM_AUTH that begins with SRP_A"));
    }
    let user = pool.state().users.find(username).cloned();
    let party = match user {
        Some(user) if !user.enabled => return Err(ApiError::user_disabled()),
        Some(user) if user.status == Status::Unconfirmed => {
            return Err(ApiError::new(
                Code::UserNotConfirmed,
                "User is not confirmed.",
            ));
        }
        Some(user) if user.status == Status::ExternalProvider => {
            return Err(ApiError::not_authorized(
                "User is not authorized to get auth details.",
            ));
        }
        Some(user) => Party::User(user),
        None if pool.hides_missing_users(client) => Party::NoAccount(username.clone()),
        None => return Err(ApiError::user_not_found()),
    };
    continue_auth(pool, client, &party, Vec::new(), None, access).await
}
