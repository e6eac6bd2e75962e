//! Responses, and their form for each kind of event.

use latchstring_core::outbox::Events;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::delivery::FollowUp;
use crate::handler::HandlerResponse;

/// An HTTP response, with the events to publish after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Response {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Option<String>,
    events: Events,
}

/// The form of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// That of an HTTP API and of function URLs: with cookies in a member of their own.
    HttpApi,
    /// That of a REST API.
    RestApi,
    /// That of a load balancer: with the reason phrase.
    LoadBalancer,
    /// That of a load balancer whose target group has multi-value headers.
    LoadBalancerMultiValue,
}

impl Response {
    /// Creates a response without a body.
    pub(super) fn empty(status: u16) -> Self {
        Self {
            status,
            headers: vec![("cache-control", "no-store".to_owned())],
            body: None,
            events: Events::default(),
        }
    }

    /// Creates a response with a body.
    pub(super) fn json(status: u16, media_type: &str, body: &impl Serialize) -> Self {
        Self {
            // Texts, numbers and objects with texts as keys: serialisation cannot fail.
            body: Some(serde_json::to_string(body).unwrap_or_default()),
            ..Self::empty(status).with("content-type", media_type)
        }
    }

    /// Adds a header, whose name is in lower case.
    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// Adds events.
    pub(super) fn leaving(self, events: Events) -> Self {
        Self { events, ..self }
    }

    /// Returns the response to the Lambda invocation.
    pub(super) fn into_handler_response(self, form: Form) -> HandlerResponse {
        HandlerResponse {
            value: self.to_event(form),
            follow_up: FollowUp::of(None, None, self.events),
        }
    }

    fn to_event(&self, form: Form) -> Value {
        let many = form == Form::LoadBalancerMultiValue;
        let (cookies, headers): (Vec<_>, Vec<_>) = self
            .headers
            .iter()
            .partition(|(name, _)| form == Form::HttpApi && *name == "set-cookie");
        let headers: Map<String, Value> = headers
            .into_iter()
            .map(|(name, value)| {
                let value = if many { json!([value]) } else { json!(value) };
                ((*name).to_owned(), value)
            })
            .collect();
        let mut event = json!({
            "statusCode": self.status,
            "isBase64Encoded": false,
            "body": self.body.as_deref().unwrap_or_default(),
        });
        event[if many { "multiValueHeaders" } else { "headers" }] = Value::Object(headers);
        if !cookies.is_empty() {
            let cookies: Vec<_> = cookies.iter().map(|(_, value)| value).collect();
            event["cookies"] = json!(cookies);
        }
        if matches!(form, Form::LoadBalancer | Form::LoadBalancerMultiValue) {
            let reason = http::StatusCode::from_u16(self.status)
                .ok()
                .and_then(|status| status.canonical_reason());
            event["statusDescription"] =
                json!(format!("{} {}", self.status, reason.unwrap_or_default()));
        }
        event
    }
}
