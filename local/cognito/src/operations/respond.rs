//! `RespondToAuthChallenge` and `AdminRespondToAuthChallenge`, and the last part of custom
//! authentication, which the first call and every answer share.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::secret::check_hash;
use crate::config::ClientConfig;
use crate::error::{ApiError, ApiResult};
use crate::events::{self, CUSTOM_CHALLENGE, Context, Created, Decision};
use crate::input::{CLIENT_ID, Input, POOL_ID, SESSION};
use crate::invocation;
use crate::operation::Access;
use crate::pool::{State, UserPool};
use crate::sessions::{Challenge, Party, Round, Subject};
use crate::tokens;
use crate::triggers::Trigger;
use crate::users::{User, UserId};

/// `ChallengeNameType`
const CHALLENGES: [&str; 16] = [
    "SMS_MFA",
    "EMAIL_OTP",
    "SOFTWARE_TOKEN_MFA",
    "SELECT_MFA_TYPE",
    "MFA_SETUP",
    "PASSWORD_VERIFIER",
    "CUSTOM_CHALLENGE",
    "SELECT_CHALLENGE",
    "DEVICE_SRP_AUTH",
    "DEVICE_PASSWORD_VERIFIER",
    "ADMIN_NO_SRP_AUTH",
    "NEW_PASSWORD_REQUIRED",
    "SMS_OTP",
    "PASSWORD",
    "WEB_AUTHN",
    "PASSWORD_SRP",
];

pub(super) async fn run(pool: &UserPool, mut input: Input, access: Access) -> ApiResult<Value> {
    let pool_id = match access {
        Access::Admin => Some(input.required("UserPoolId", POOL_ID)?),
        Access::Public => None,
    };
    let client_id = input.required("ClientId", CLIENT_ID)?;
    let challenge_name = input.required_enum("ChallengeName", &CHALLENGES)?;
    let session = input.optional("Session", SESSION)?;
    let responses = input.strings("ChallengeResponses")?.unwrap_or_default();
    let client_metadata = input.strings("ClientMetadata")?;
    if access == Access::Admin {
        input.context_data()?;
    }
    input.finish()?;
    if let Some(pool_id) = pool_id {
        pool.check_pool_id(&pool_id)?;
    }
    let client = pool.client(&client_id)?;
    if challenge_name != CUSTOM_CHALLENGE {
        return Err(ApiError::unsupported(&format!(
            "The challenge {challenge_name}"
        )));
    }
    let session = session.ok_or_else(|| ApiError::missing_parameter("Session"))?;
    let username = responses
        .get("USERNAME")
        .ok_or_else(|| ApiError::missing_parameter("USERNAME"))?;
    let answer = responses
        .get("ANSWER")
        .ok_or_else(|| ApiError::missing_parameter("ANSWER"))?;
    check_hash(client, responses.get("SECRET_HASH"), username)?;

    let taken = {
        let mut state = pool.state();
        let State {
            users, sessions, ..
        } = &mut *state;
        sessions.take(
            &session,
            pool.now(),
            pool.controls().replay_sessions(),
            |challenge| {
                let separate = pool.controls().separate_sessions();
                challenge.client == client.id
                    && (challenge.access == access || !separate)
                    && match &challenge.subject {
                        // The user may have been deleted meanwhile; that is handled below.
                        Subject::User(id) => {
                            users.get(*id).is_none() || users.resolve(username) == Some(*id)
                        }
                        Subject::NoAccount(typed) => {
                            typed.to_lowercase() == username.to_lowercase()
                        }
                    }
            },
        )?
    };
    let result = answered(
        pool,
        client,
        &taken.challenge,
        answer,
        client_metadata.as_ref(),
        access,
    )
    .await;
    if result.is_err() {
        pool.state().sessions.fail(&taken.id);
    }
    result
}

/// Verifies the answer and continues.
async fn answered(
    pool: &UserPool,
    client: &ClientConfig,
    challenge: &Challenge,
    answer: &str,
    client_metadata: Option<&BTreeMap<String, String>>,
    access: Access,
) -> ApiResult<Value> {
    let party = match &challenge.subject {
        Subject::User(id) => Party::User(usable(pool, client, &pool.state(), *id)?),
        Subject::NoAccount(typed) => Party::NoAccount(typed.clone()),
    };
    let context = Context {
        config: pool.config(),
        client_id: &client.id,
        party: &party,
        client_metadata,
    };
    let event = context.verify(&challenge.private_parameters, answer);
    let correct = events::verdict(&invocation::run(pool, Trigger::Verify, event).await?)?;
    let mut rounds = challenge.rounds.clone();
    rounds.push(Round {
        correct,
        metadata: challenge.metadata.clone(),
    });
    continue_auth(pool, client, &party, rounds, client_metadata, access).await
}

/// Invokes Define and carries out its decision.
pub(super) async fn continue_auth(
    pool: &UserPool,
    client: &ClientConfig,
    party: &Party,
    rounds: Vec<Round>,
    client_metadata: Option<&BTreeMap<String, String>>,
    access: Access,
) -> ApiResult<Value> {
    let context = Context {
        config: pool.config(),
        client_id: &client.id,
        party,
        client_metadata,
    };
    let define = invocation::run(pool, Trigger::Define, context.define(&rounds)).await?;
    match events::decision(&define)? {
        Decision::Fail => Err(ApiError::incorrect_login()),
        Decision::IssueTokens => issue(pool, client, party).await,
        Decision::Challenge => {
            let create = invocation::run(pool, Trigger::Create, context.create(&rounds)).await?;
            challenge(
                pool,
                client,
                party,
                rounds,
                events::created(&create)?,
                access,
            )
        }
    }
}

/// Returns the challenge that Create made, in a new session.
fn challenge(
    pool: &UserPool,
    client: &ClientConfig,
    party: &Party,
    rounds: Vec<Round>,
    created: Created,
    access: Access,
) -> ApiResult<Value> {
    if created.private.is_empty() {
        return Err(ApiError::incorrect_login());
    }
    let mut parameters = created.public;
    parameters.insert("USERNAME".to_owned(), party.username().to_owned());
    let challenge = Challenge {
        client: client.id.clone(),
        access,
        subject: party.subject(),
        rounds,
        metadata: created.metadata,
        private_parameters: created.private,
    };
    let session =
        pool.state()
            .sessions
            .open(challenge, pool.now(), client.auth_session_validity)?;
    Ok(json!({
        "ChallengeName": CUSTOM_CHALLENGE,
        "Session": session,
        "ChallengeParameters": parameters,
    }))
}

/// Issues tokens of the user's present state, which the triggers may have changed.
async fn issue(pool: &UserPool, client: &ClientConfig, party: &Party) -> ApiResult<Value> {
    let Party::User(user) = party else {
        return Err(ApiError::incorrect_login());
    };
    let keys = pool.keys().wait().await?;
    let now = pool.now();
    let (user, grant, refresh_token) = {
        let mut state = pool.state();
        let user = usable(pool, client, &state, user.id)?;
        let (grant, refresh_token) = state.grants.issue(user.id, client, now)?;
        (user, grant, refresh_token)
    };
    let mut result = tokens::issue(pool.config(), client, &keys, &grant, &user, now)?;
    result["RefreshToken"] = json!(refresh_token);
    Ok(json!({ "AuthenticationResult": result, "ChallengeParameters": {} }))
}

/// Returns the user if it exists and may sign in.
fn usable(pool: &UserPool, client: &ClientConfig, state: &State, id: UserId) -> ApiResult<User> {
    let user = state
        .users
        .get(id)
        .ok_or_else(|| pool.missing_user(client))?;
    if !user.enabled {
        return Err(ApiError::user_disabled());
    }
    Ok(user.clone())
}
