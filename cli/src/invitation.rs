//! Invitations: the events by which an operator makes the function sign-up write and withdraw them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use aws_sdk_lambda as lambda;
use lambda::Client;
use lambda::primitives::Blob;
use serde_json::{Value, json};

use crate::access::{Access, ONCE, client};
use crate::error_code::ErrorCode;

const INVOKE: &str = "lambda:InvokeFunction";

/// The contact of an invitation. Not in `Debug`: its types print no contact.
#[derive(Clone)]
pub struct Contact {
    /// An email address, or a phone number that starts with `+`.
    pub email_or_phone: String,
    /// `EMAIL` or `PHONE_NUMBER`. Without it, a text with `@` is an email address.
    pub method: Option<String>,
}

/// An invitation.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// The days for which it is valid. The function has a default.
    pub days: Option<u8>,
    /// The groups of the account.
    pub groups: BTreeSet<String>,
    /// The attributes of the account.
    pub attributes: BTreeMap<String, String>,
}

/// The reason for which an invitation was not written or withdrawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvitationError {
    /// The function refused it. Nothing changed, unless the type is `Unavailable`.
    Refused {
        /// The type of the error, as in docs/protocol.md.
        error_type: String,
        /// The text of the error, without the contact.
        message: String,
    },
    /// The function was not invoked, or its answer did not arrive.
    NotInvoked(ErrorCode),
    /// The function threw an error.
    Crashed,
    /// The answer is not one to an invitation.
    Unreadable,
}

impl fmt::Display for InvitationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused {
                error_type,
                message,
            } => write!(f, "{error_type}: {message}"),
            Self::NotInvoked(code) => {
                write!(f, "{INVOKE} answered {code}")?;
                match code.kind().advice() {
                    Some(advice) => write!(f, ". {advice}"),
                    None => Ok(()),
                }
            }
            Self::Crashed => {
                f.write_str("the function threw an error: its log has the reason")
            }
            Self::Unreadable => f.write_str(
                "the answer is not one to an invitation: name the function sign-up of a version that has \
                 invitations",
            ),
        }
    }
}

/// The function sign-up of a deployment.
#[derive(Debug)]
pub struct SignUpFunction {
    client: Client,
    function: String,
}

impl SignUpFunction {
    /// Returns the function of this name or ARN.
    pub fn new(access: &Access, function: impl Into<String>) -> Self {
        Self {
            client: client!(lambda, access, ONCE),
            function: function.into(),
        }
    }

    /// Invites a contact, in place of an earlier invitation of it. Sends nothing.
    ///
    /// # Errors
    /// If the function refuses it, or does not answer.
    pub async fn invite(&self, contact: &Contact, terms: &Terms) -> Result<(), InvitationError> {
        self.invoke(&invite(contact, terms)).await
    }

    /// Withdraws the invitation of a contact. Succeeds too if there is none.
    ///
    /// # Errors
    /// If the function refuses it, or does not answer.
    pub async fn withdraw(&self, contact: &Contact) -> Result<(), InvitationError> {
        self.invoke(&json!({ "withdrawInvitation": of(contact) }))
            .await
    }

    async fn invoke(&self, event: &Value) -> Result<(), InvitationError> {
        let invoked = self
            .client
            .invoke()
            .function_name(&self.function)
            .payload(Blob::new(event.to_string()))
            .send()
            .await;
        let output = invoked.map_err(|error| InvitationError::NotInvoked(ErrorCode::of(&error)))?;
        if output.function_error().is_some() {
            // Its text may quote the event.
            return Err(InvitationError::Crashed);
        }
        let payload = output.payload().map(Blob::as_ref).unwrap_or_default();
        answer(payload)
    }
}

fn of(contact: &Contact) -> Value {
    let mut event = json!({ "emailOrPhone": contact.email_or_phone });
    if let Some(method) = &contact.method {
        event["method"] = method.as_str().into();
    }
    event
}

fn invite(contact: &Contact, terms: &Terms) -> Value {
    let mut event = of(contact);
    event["groups"] = json!(terms.groups);
    event["attributes"] = json!(terms.attributes);
    if let Some(days) = terms.days {
        event["days"] = days.into();
    }
    json!({ "invite": event })
}

/// Reads the answer of the function: `{}`, or an error.
fn answer(payload: &[u8]) -> Result<(), InvitationError> {
    let answer: Value = serde_json::from_slice(payload).map_err(|_| InvitationError::Unreadable)?;
    let error = &answer["error"];
    match (error["type"].as_str(), error["message"].as_str()) {
        (Some(error_type), Some(message)) => Err(InvitationError::Refused {
            error_type: error_type.to_owned(),
            message: message.to_owned(),
        }),
        _ if answer == json!({}) => Ok(()),
        _ => Err(InvitationError::Unreadable),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_empty_object_is_a_success() {
        assert_eq!(answer(b"{}"), Ok(()));
        let refused = answer(br#"{"error": {"type": "SignUpIsOpen", "message": "It is open."}}"#);
        assert_eq!(
            refused,
            Err(InvitationError::Refused {
                error_type: "SignUpIsOpen".to_owned(),
                message: "It is open.".to_owned()
            })
        );
        for payload in [
            "",
            "null",
            "[]",
            "true",
            r#"{"data": {}}"#,
            r#"{"error": "it rains"}"#,
        ] {
            assert_eq!(
                answer(payload.as_bytes()),
                Err(InvitationError::Unreadable),
                "{payload}"
            );
        }
    }
}
