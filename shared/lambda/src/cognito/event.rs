//! Decodes Cognito's JSON into the core's types and encodes the response, with `aws_lambda_events`.
//!
//! The crate's types refuse values that real events hold: a `session` that is `null` or missing,
//! and `null` for `userNotFound`. So nulls are removed and the session is filled in before
//! decoding. The response is written into the original event, which keeps all its other fields.

use std::collections::HashMap;

use aws_lambda_events::event::cognito::{
    CognitoEventUserPoolsChallengeResult, CognitoEventUserPoolsHeader,
};
use latchstring_core::account::Attributes;
use latchstring_core::flow::{AccountState, AppClient, ClientRequest, Round, SessionEvent};
use latchstring_core::secret::Secret;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::handler::PublicError;

/// Decodes an event of one trigger.
pub(super) fn decode<T: DeserializeOwned>(event: &Value) -> Result<T, PublicError> {
    let mut event = without_nulls(event);
    let object = event.as_object_mut().ok_or(PublicError::UnreadableEvent)?;
    // Triggers write into an empty response object; an emulator may omit it.
    object.insert("response".to_owned(), Value::Object(Map::new()));
    object
        .entry("callerContext")
        .or_insert_with(|| Value::Object(Map::new()));
    object
        .get_mut("request")
        .and_then(Value::as_object_mut)
        .ok_or(PublicError::UnreadableEvent)?
        .entry("session")
        .or_insert_with(|| Value::Array(Vec::new()));
    serde_json::from_value(event).map_err(|_| PublicError::UnreadableEvent)
}

/// Writes the response into the event.
pub(super) fn encode(mut event: Value, response: &impl Serialize) -> Result<Value, PublicError> {
    let response = serde_json::to_value(response).map_err(|_| PublicError::Internal)?;
    event
        .as_object_mut()
        .ok_or(PublicError::UnreadableEvent)?
        .insert("response".to_owned(), response);
    Ok(event)
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(object) => object
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name.clone(), without_nulls(value)))
            .collect(),
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        other => other.clone(),
    }
}

/// Returns the session's pool and app client. An event that does not name them belongs to an app
/// client that is not served.
pub(super) fn app_client<T>(header: &CognitoEventUserPoolsHeader<T>) -> AppClient {
    AppClient::new(
        header.user_pool_id.as_deref().unwrap_or_default(),
        header
            .caller_context
            .client_id
            .as_deref()
            .unwrap_or_default(),
    )
}

pub(super) fn user(user_not_found: bool, attributes: &HashMap<String, String>) -> AccountState {
    let pairs = attributes
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    AccountState::new(user_not_found, Attributes::from_pairs(pairs))
}

pub(super) fn request(mut client_metadata: HashMap<String, String>) -> ClientRequest {
    ClientRequest {
        method: client_metadata.remove("method"),
        ticket: client_metadata.remove("ticket").map(Secret::new),
        action: client_metadata.remove("action"),
        link_secret: client_metadata.remove("linkSecret").map(Secret::new),
    }
}

/// Returns the fields that Define's and Create's events have in common.
pub(super) fn session_event<T>(
    header: &CognitoEventUserPoolsHeader<T>,
    user_not_found: bool,
    attributes: &HashMap<String, String>,
    session: Vec<Option<CognitoEventUserPoolsChallengeResult>>,
    client_metadata: HashMap<String, String>,
) -> SessionEvent {
    SessionEvent {
        app_client: app_client(header),
        username: Secret::new(header.user_name.as_deref().unwrap_or_default()),
        user: user(user_not_found, attributes),
        // A null entry is not from Latchstring, so it is kept as a round without a name.
        rounds: session
            .into_iter()
            .map(|entry| {
                let entry = entry.unwrap_or_default();
                Round {
                    challenge_name: entry.challenge_name.unwrap_or_default(),
                    passed: entry.challenge_result,
                    metadata: entry.challenge_metadata,
                }
            })
            .collect(),
        request: request(client_metadata),
    }
}
