//! The door of the GraphQL API.
//!
//! The event is AppSync's context, decoded into a type of this crate: the identity type of
//! `aws_lambda_events` drops `sub` and `claims`. The response is `{"data": …}` or `{"error":
//! {"type", "message"}}`, which the `APPSYNC_JS` resolver turns into `util.error`.

mod account;
mod sign_in;

use latchstring_core::account::Sub;
use latchstring_core::code::CodeAlphabet;
use latchstring_core::contact::{ContactError, Identity};
use latchstring_core::identifier::Method;
use latchstring_core::outbox::Events;
use latchstring_core::ports::Clock;
use latchstring_core::secret::Secret;
use latchstring_core::sign_in::{SignInPayload, TokensPayload};
use latchstring_core::time::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::delivery::FollowUp;
use crate::handler::{HandlerResponse, PublicError};
use crate::resolver::{LogContext, Operation, Outcome, Request, limited, timed_out};

/// The data of a field, or the reason that there is none. [`ContactError`] contains the errors of
/// every resolver.
type Answer = Result<Resolved, ContactError>;

/// The data of a field, with the events to publish after the response.
pub(crate) struct Resolved {
    data: Value,
    events: Events,
}

impl From<Value> for Resolved {
    fn from(data: Value) -> Self {
        Self {
            data,
            events: Events::default(),
        }
    }
}

/// A resolver, as this door calls it.
pub(crate) trait Fields: Send + Sync {
    /// The clock of the time limit.
    fn clock(&self) -> &impl Clock;

    /// Resolves a field.
    fn resolve(
        &self,
        event: &Value,
        field: &str,
        log_context: &LogContext,
    ) -> impl Future<Output = Result<Answer, PublicError>> + Send;
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum GraphqlMethod {
    Email,
    PhoneNumber,
}

impl From<GraphqlMethod> for Method {
    fn from(method: GraphqlMethod) -> Self {
        match method {
            GraphqlMethod::Email => Self::Email,
            GraphqlMethod::PhoneNumber => Self::PhoneNumber,
        }
    }
}

fn arguments<T: DeserializeOwned>(event: &Value) -> Result<T, PublicError> {
    T::deserialize(&event["arguments"]).map_err(|_| PublicError::UnreadableEvent)
}

/// Returns the `SignInPayload` of the schema.
fn session(payload: &SignInPayload) -> Value {
    json!({
        "session": payload.session.expose(),
        "username": payload.username.expose(),
        "codeLength": payload.code_length,
        "codeAlphabet": payload.code_alphabet.map(graphql_alphabet),
        "pointer": payload.pointer,
        "resume": payload.resume.as_ref().map(Secret::expose),
        "expiresIn": payload.expires_in,
        "resendAfter": payload.resend_after,
    })
}

const fn graphql_alphabet(alphabet: CodeAlphabet) -> &'static str {
    match alphabet {
        CodeAlphabet::Digits => "DIGITS",
        CodeAlphabet::Base32 => "BASE32",
    }
}

fn tokens(payload: &TokensPayload) -> Value {
    let TokensPayload { username, tokens } = payload;
    json!({
        "username": username.expose(),
        "tokens": {
            "accessToken": tokens.access.expose(),
            "idToken": tokens.id.expose(),
            "refreshToken": tokens.refresh.expose(),
            "expiresIn": tokens.expires_in,
        },
    })
}

/// The part of the identity that AppSync verified which a resolver reads.
#[derive(Deserialize)]
struct CognitoIdentity {
    sub: String,
    claims: Claims,
}

#[derive(Deserialize)]
struct Claims {
    token_use: String,
    /// The app client of an access token. An ID token has none.
    client_id: Option<String>,
    auth_time: Option<u64>,
    #[serde(rename = "cognito:groups", default)]
    groups: Vec<String>,
}

/// Returns `None` for a caller without a token, or whose token AppSync did not verify for the pool.
fn identity(event: &Value) -> Option<Identity> {
    let CognitoIdentity { sub, claims } = CognitoIdentity::deserialize(&event["identity"]).ok()?;
    let token = event["request"]["headers"]["authorization"].as_str()?;
    let token = token.strip_prefix("Bearer ").unwrap_or(token);
    Some(Identity {
        sub: Sub::new(sub),
        token_use: claims.token_use,
        client: claims.client_id.unwrap_or_default(),
        auth_time: Timestamp::from_secs(claims.auth_time.unwrap_or_default()),
        groups: claims.groups,
        access_token: Secret::new(token),
    })
}

/// Resolves the event's field within the time limit, logs the outcome in one line and returns
/// AppSync's response.
pub(crate) async fn serve(
    resolver: &impl Fields,
    event: &Value,
) -> Result<HandlerResponse, PublicError> {
    let field = event["info"]["fieldName"]
        .as_str()
        .ok_or(PublicError::UnreadableEvent)?;
    let request = Request::begin(Operation::Field(field));
    let log_context = LogContext::default();
    let resolving = resolver.resolve(event, field, &log_context);
    let answer = match limited(resolver.clock(), resolving).await {
        Some(answer) => answer?,
        None => Err(timed_out()),
    };
    Ok(match answer {
        Ok(Resolved { data, events }) => {
            request.log(Outcome::Answered, &log_context);
            HandlerResponse {
                value: json!({ "data": data }),
                follow_up: FollowUp::of(None, None, events),
            }
        }
        Err(error) => {
            request.log(Outcome::Failed(&error), &log_context);
            let error = json!({ "type": error.error_type(), "message": error.to_string() });
            json!({ "error": error }).into()
        }
    })
}
