//! The deployment's own rule for new accounts: a function that is invoked for its decision.

use std::collections::{BTreeMap, BTreeSet};

use aws_runtime::user_agent::ApiMetadata;
use aws_sdk_lambda::meta::PKG_VERSION;
use aws_sdk_lambda::operation::invoke::InvokeInput;
use aws_sdk_lambda::primitives::Blob;
use latchstring_core::invite::Membership;
use latchstring_core::locale::Locale;
use latchstring_core::ports::{AdmissionDecision, AdmissionHook, AdmissionQuestion, PortError};
use serde::{Deserialize, Serialize};

use crate::client::{Aws, CallPolicy, code_of};
use crate::service::{Api, Auth, Service, requests};

const CALL: &str = "Invoke";

pub(crate) static API: Api = Api {
    host: "lambda",
    signing_name: "lambda",
    sdk: ApiMetadata::new("lambda", PKG_VERSION),
    protocol: |_| (),
};

requests! { aws_sdk_lambda:
    invoke: Invoke, InvokeInput, InvokeOutput, InvokeError;
}

/// The event of the function.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    contact: &'a str,
    method: &'a str,
    client: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    locale: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invitation: Option<Extras>,
}

/// The answer of the function. A member that is missing or of another type is no answer.
#[derive(Deserialize)]
struct Answer {
    admit: bool,
    #[serde(flatten)]
    extras: Extras,
}

#[derive(Default, Serialize, Deserialize)]
struct Extras {
    #[serde(default)]
    attributes: BTreeMap<String, String>,
    #[serde(default)]
    groups: BTreeSet<String>,
}

/// The rule that a Lambda function of the customer decides.
#[derive(Clone, Debug)]
pub struct LambdaAdmissionHook {
    service: Service,
    function: String,
}

impl LambdaAdmissionHook {
    /// Creates the rule of the function with this name or ARN. Connects at the first call.
    pub fn new(aws: &Aws, function: impl Into<String>) -> Self {
        Self {
            service: Service::new(aws, &API, Auth::SigV4, CallPolicy::Hook),
            function: function.into(),
        }
    }
}

impl AdmissionHook for LambdaAdmissionHook {
    async fn decide(
        &self,
        question: &AdmissionQuestion<'_>,
    ) -> Result<AdmissionDecision, PortError> {
        let invitation = question.invitation.map(|membership| Extras {
            attributes: membership.attributes().clone(),
            groups: membership.groups().clone(),
        });
        let event = serde_json::to_vec(&Event {
            contact: question.contact.as_str(),
            method: question.contact.method().as_str(),
            client: question.client,
            locale: question.locale.map(Locale::tag),
            invitation,
        });
        let event = event.map_err(|_| PortError::new(CALL, "unwritable event"))?;
        let request = InvokeInput::builder()
            .function_name(&self.function)
            .payload(Blob::new(event))
            .build();
        let output = self.service.send(request).await;
        let output = output.map_err(|error| PortError::new(CALL, code_of(&error)))?;
        if output.function_error.is_some() {
            return Err(PortError::new(CALL, "the function threw an error"));
        }
        let payload = output.payload.unwrap_or_else(|| Blob::new([]));
        decision(payload.as_ref())
    }
}

/// Returns the decision of an answer.
fn decision(payload: &[u8]) -> Result<AdmissionDecision, PortError> {
    let answer: Answer = serde_json::from_slice(payload)
        .map_err(|_| PortError::new(CALL, "the function's answer has no boolean `admit`"))?;
    if !answer.admit {
        return Ok(AdmissionDecision::Refuse);
    }
    let Extras { attributes, groups } = answer.extras;
    Membership::new(attributes, groups)
        .map(AdmissionDecision::Admit)
        .map_err(|_| {
            PortError::new(
                CALL,
                "the function's attributes or groups are not permitted",
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_true_admits() {
        let admits =
            |payload: &str| decision(payload.as_bytes()).map(|it| it != AdmissionDecision::Refuse);
        assert_eq!(admits(r#"{"admit": true}"#), Ok(true));
        assert_eq!(
            admits(r#"{"admit": true, "groups": ["staff"], "more": 1}"#),
            Ok(true)
        );
        assert_eq!(admits(r#"{"admit": false}"#), Ok(false));
        for payload in [
            "",
            "null",
            "true",
            "{}",
            r#"{"admit": "true"}"#,
            r#"{"admit": 1}"#,
            r#"{"admit": true, "groups": "staff"}"#,
            r#"{"admit": true, "groups": ["a group"]}"#,
            r#"{"admit": true, "attributes": {"email": "eve@example.com"}}"#,
            r#"{"errorMessage": "it rains"}"#,
        ] {
            assert!(admits(payload).is_err(), "{payload}");
        }
    }
}
