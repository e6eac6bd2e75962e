//! The events of Cognito's triggers, and the parsing of their answers.
//!
//! Shapes: the Developer Guide's pages on the triggers. Unset members are left out
//! (`clientMetadata`, `userNotFound`), as in published events. The `challengeMetadata` of a
//! challenge without metadata is null in the session.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::attributes::Alias;
use crate::config::PoolConfig;
use crate::error::{ApiError, ApiResult, Code};
use crate::input::Attribute;
use crate::sessions::{Party, Round};
use crate::triggers::Trigger;
use crate::users::{Status, User};

/// The only supported challenge.
pub(crate) const CUSTOM_CHALLENGE: &str = "CUSTOM_CHALLENGE";

/// The common part of all events of one call.
pub(crate) struct Context<'a> {
    pub(crate) config: &'a PoolConfig,
    pub(crate) client_id: &'a str,
    pub(crate) party: &'a Party,
    pub(crate) client_metadata: Option<&'a BTreeMap<String, String>>,
}

impl Context<'_> {
    pub(crate) fn define(&self, rounds: &[Round]) -> Value {
        let mut request = self.request();
        request.insert("session".to_owned(), session(rounds));
        self.event(
            Trigger::Define,
            &request,
            &json!({ "challengeName": null, "issueTokens": null, "failAuthentication": null }),
        )
    }

    pub(crate) fn create(&self, rounds: &[Round]) -> Value {
        let mut request = self.request();
        request.insert("challengeName".to_owned(), json!(CUSTOM_CHALLENGE));
        request.insert("session".to_owned(), session(rounds));
        self.event(
            Trigger::Create,
            &request,
            &json!({
                "publicChallengeParameters": null,
                "privateChallengeParameters": null,
                "challengeMetadata": null,
            }),
        )
    }

    pub(crate) fn verify(&self, private: &BTreeMap<String, String>, answer: &str) -> Value {
        let mut request = self.request();
        request.insert("privateChallengeParameters".to_owned(), json!(private));
        request.insert("challengeAnswer".to_owned(), json!(answer));
        self.event(Trigger::Verify, &request, &json!({ "answerCorrect": null }))
    }

    fn request(&self) -> Map<String, Value> {
        let mut request = Map::new();
        match self.party {
            Party::User(user) => {
                request.insert("userAttributes".to_owned(), user_attributes(user));
            }
            Party::NoAccount(_) => {
                request.insert("userAttributes".to_owned(), json!({}));
                request.insert("userNotFound".to_owned(), json!(true));
            }
        }
        if let Some(metadata) = self.client_metadata {
            request.insert("clientMetadata".to_owned(), json!(metadata));
        }
        request
    }

    fn event(&self, trigger: Trigger, request: &Map<String, Value>, response: &Value) -> Value {
        json!({
            "version": "1",
            "region": self.config.region,
            "userPoolId": self.config.pool_id,
            "userName": self.party.username(),
            "callerContext": {
                "awsSdkVersion": "aws-sdk-unknown-unknown",
                "clientId": self.client_id,
            },
            "triggerSource": format!("{}_Authentication", trigger.name()),
            "request": request,
            "response": response,
        })
    }
}

/// The client of an event that no app client caused.
const NO_CLIENT: &str = "CLIENT_ID_NOT_APPLICABLE";

/// A user that `AdminCreateUser` or `SignUp` is about to create.
pub(crate) struct SignUp<'a> {
    pub(crate) config: &'a PoolConfig,
    /// The app client of `SignUp`; `None` for `AdminCreateUser`.
    pub(crate) client: Option<&'a str>,
    pub(crate) username: &'a str,
    pub(crate) attributes: &'a BTreeMap<String, String>,
    pub(crate) validation_data: Option<&'a [Attribute]>,
    pub(crate) client_metadata: Option<&'a BTreeMap<String, String>>,
}

impl SignUp<'_> {
    pub(crate) fn pre_sign_up(&self) -> Value {
        let mut attributes = self.attributes.clone();
        if self.client.is_none() {
            let status = Status::ForceChangePassword.as_str();
            attributes.insert("cognito:user_status".to_owned(), status.to_owned());
        }
        let validation_data = self.validation_data.map(|data| {
            let data = data.iter();
            data.map(|it| (it.name.clone(), json!(it.value)))
                .collect::<Map<String, Value>>()
        });
        let mut request = Map::new();
        request.insert("userAttributes".to_owned(), json!(attributes));
        request.insert("validationData".to_owned(), json!(validation_data));
        if let Some(metadata) = self.client_metadata {
            request.insert("clientMetadata".to_owned(), json!(metadata));
        }
        json!({
            "version": "1",
            "region": self.config.region,
            "userPoolId": self.config.pool_id,
            "userName": self.username,
            "callerContext": {
                "awsSdkVersion": "aws-sdk-unknown-unknown",
                "clientId": self.client.unwrap_or(NO_CLIENT),
            },
            "triggerSource": match self.client {
                None => "PreSignUp_AdminCreateUser",
                Some(_) => "PreSignUp_SignUp",
            },
            "request": request,
            "response": {
                "autoConfirmUser": false,
                "autoVerifyEmail": false,
                "autoVerifyPhone": false,
            },
        })
    }
}

/// The event of `PostConfirmation` after `ConfirmSignUp`, or after a `SignUp` that `PreSignUp`
/// confirmed.
pub(crate) fn post_confirmation(config: &PoolConfig, client: &str, user: &User) -> Value {
    json!({
        "version": "1",
        "region": config.region,
        "userPoolId": config.pool_id,
        "userName": user.username,
        "callerContext": {
            "awsSdkVersion": "aws-sdk-unknown-unknown",
            "clientId": client,
        },
        "triggerSource": "PostConfirmation_ConfirmSignUp",
        "request": { "userAttributes": user_attributes(user) },
        "response": {},
    })
}

fn session(rounds: &[Round]) -> Value {
    rounds
        .iter()
        .map(|round| {
            json!({
                "challengeName": CUSTOM_CHALLENGE,
                "challengeResult": round.correct,
                "challengeMetadata": round.metadata,
            })
        })
        .collect()
}

fn user_attributes(user: &User) -> Value {
    let mut attributes: Map<String, Value> = user
        .attributes
        .iter()
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect();
    attributes.insert("sub".to_owned(), json!(user.sub.to_string()));
    attributes.insert(
        "cognito:user_status".to_owned(),
        json!(user.status.as_str()),
    );
    for alias in Alias::ALL {
        if let Some(value) = user.verified(alias) {
            attributes.insert(format!("cognito:{}_alias", alias.attribute()), json!(value));
        }
    }
    Value::Object(attributes)
}

/// The decision of Define.
pub(crate) enum Decision {
    IssueTokens,
    Fail,
    Challenge,
}

/// The challenge that Create made.
pub(crate) struct Created {
    pub(crate) public: BTreeMap<String, String>,
    pub(crate) private: BTreeMap<String, String>,
    pub(crate) metadata: Option<String>,
}

/// Reads Define's answer. Failure takes precedence over tokens, and tokens over a further
/// challenge.
pub(crate) fn decision(output: &Value) -> ApiResult<Decision> {
    let response = response(output)?;
    let issue = flag(response, "issueTokens")?.unwrap_or(false);
    let fail = flag(response, "failAuthentication")?.unwrap_or(false);
    let challenge = string(response, "challengeName")?;
    match (fail, issue, challenge.as_deref()) {
        (true, _, _) => Ok(Decision::Fail),
        (false, true, _) => Ok(Decision::IssueTokens),
        (false, false, Some(CUSTOM_CHALLENGE)) => Ok(Decision::Challenge),
        (false, false, Some(_)) => Err(ApiError::unsupported(
            "A challengeName other than CUSTOM_CHALLENGE",
        )),
        (false, false, None) => Err(unrecognizable()),
    }
}

pub(crate) fn created(output: &Value) -> ApiResult<Created> {
    let response = response(output)?;
    Ok(Created {
        public: strings(response, "publicChallengeParameters")?,
        private: strings(response, "privateChallengeParameters")?,
        metadata: string(response, "challengeMetadata")?,
    })
}

pub(crate) fn verdict(output: &Value) -> ApiResult<bool> {
    flag(response(output)?, "answerCorrect")?.ok_or_else(unrecognizable)
}

/// Reads the answer of `PreSignUp`, which refuses a user only by an error: its flags `autoConfirmUser`,
/// `autoVerifyEmail` and `autoVerifyPhone`.
pub(crate) fn admitted(output: &Value) -> ApiResult<[bool; 3]> {
    let response = response(output)?;
    let flag = |name| flag(response, name).map(|flag| flag.unwrap_or(false));
    Ok([
        flag("autoConfirmUser")?,
        flag("autoVerifyEmail")?,
        flag("autoVerifyPhone")?,
    ])
}

/// Returns the response within a trigger's output. Cognito requires the whole event back.
fn response(output: &Value) -> ApiResult<&Map<String, Value>> {
    let strings = [
        "version",
        "region",
        "userPoolId",
        "userName",
        "triggerSource",
    ];
    let whole = strings.iter().all(|name| output[*name].is_string())
        && output["callerContext"].is_object()
        && output["request"].is_object();
    output["response"]
        .as_object()
        .filter(|_| whole)
        .ok_or_else(unrecognizable)
}

fn flag(response: &Map<String, Value>, name: &str) -> ApiResult<Option<bool>> {
    match response.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(value)) => Ok(Some(*value)),
        Some(_) => Err(unrecognizable()),
    }
}

fn string(response: &Map<String, Value>, name: &str) -> ApiResult<Option<String>> {
    match response.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(value)) => Ok(Some(value.clone())),
        Some(_) => Err(unrecognizable()),
    }
}

fn strings(response: &Map<String, Value>, name: &str) -> ApiResult<BTreeMap<String, String>> {
    match response.get(name) {
        None | Some(Value::Null) => Ok(BTreeMap::new()),
        Some(Value::Object(entries)) => entries
            .iter()
            .map(|(key, value)| match value {
                Value::String(value) => Ok((key.clone(), value.clone())),
                _ => Err(unrecognizable()),
            })
            .collect(),
        Some(_) => Err(unrecognizable()),
    }
}

fn unrecognizable() -> ApiError {
    ApiError::new(Code::InvalidLambdaResponse, "Unrecognizable lambda output")
}
