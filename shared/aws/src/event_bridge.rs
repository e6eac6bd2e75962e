//! The bus of events: Amazon `EventBridge`.

use std::time::{Duration, UNIX_EPOCH};

use aws_runtime::user_agent::ApiMetadata;
use aws_sdk_eventbridge::meta::PKG_VERSION;
use aws_sdk_eventbridge::operation::put_events::PutEventsInput;
use aws_sdk_eventbridge::primitives::DateTime;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use latchstring_core::account::Sub;
use latchstring_core::event::Event;
use latchstring_core::identifier::Method;
use latchstring_core::ports::{EventBus, PortError};
use serde::Serialize;

use crate::client::{Aws, CallPolicy, code_of};
use crate::service::{Api, Auth, Service, requests};

const CALL: &str = "PutEvents";

/// The source of every event, by which rules select them.
pub const EVENT_SOURCE: &str = "latchstring";

/// The version of the detail. A later one only adds members.
const VERSION: u8 = 1;

pub(crate) static API: Api = Api {
    host: "events",
    signing_name: "events",
    sdk: ApiMetadata::new("eventbridge", PKG_VERSION),
    protocol: |_| (),
};

requests! { aws_sdk_eventbridge:
    put_events: PutEvents, PutEventsInput, PutEventsOutput, PutEventsError;
}

/// The detail of an event, as docs/events.md describes it.
#[derive(Serialize)]
struct Detail<'a> {
    version: u8,
    id: String,
    sub: &'a str,
    client: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'a str>,
    time: String,
}

/// Returns the detail of an event as JSON.
pub fn event_detail(event: &Event) -> String {
    let at = UNIX_EPOCH + Duration::from_millis(event.at.as_millis());
    let detail = Detail {
        version: VERSION,
        id: event.id.to_string(),
        sub: Sub::as_str(&event.sub),
        client: &event.client,
        method: event.method.map(Method::as_str),
        time: humantime::format_rfc3339_millis(at).to_string(),
    };
    // Texts and a number are always written.
    serde_json::to_string(&detail).unwrap_or_default()
}

/// A bus of Amazon `EventBridge`.
#[derive(Clone, Debug)]
pub struct EventBridge {
    service: Service,
    bus: String,
}

impl EventBridge {
    /// Creates the bus with this name or ARN. Connects at the first call.
    pub fn new(aws: &Aws, bus: impl Into<String>) -> Self {
        Self {
            service: Service::new(aws, &API, Auth::SigV4, CallPolicy::Call),
            bus: bus.into(),
        }
    }

    fn entry(&self, event: &Event) -> PutEventsRequestEntry {
        let millis = i64::try_from(event.at.as_millis()).unwrap_or(i64::MAX);
        PutEventsRequestEntry::builder()
            .event_bus_name(&self.bus)
            .source(EVENT_SOURCE)
            .detail_type(event.kind.as_str())
            .detail(event_detail(event))
            .time(DateTime::from_millis(millis))
            .build()
    }
}

impl EventBus for EventBridge {
    async fn publish(&self, events: &[Event]) -> Result<Vec<bool>, PortError> {
        let entries = events.iter().map(|event| self.entry(event));
        let request = PutEventsInput::builder()
            .set_entries(Some(entries.collect()))
            .build();
        let output = self.service.send(request).await;
        let output = output.map_err(|error| PortError::new(CALL, code_of(&error)))?;
        let taken = output.entries.unwrap_or_default();
        let taken: Vec<_> = taken.iter().map(|it| it.event_id.is_some()).collect();
        if taken.len() == events.len() {
            Ok(taken)
        } else {
            Err(PortError::new(CALL, "unreadable response"))
        }
    }
}

#[cfg(test)]
mod tests {
    use latchstring_core::event::{EventId, EventKind};
    use latchstring_core::time::Timestamp;

    use super::*;

    /// Subscribers read it.
    #[test]
    fn the_detail_of_an_event_is_unchanged() {
        let event = Event {
            id: EventId::from_bytes([0x2a; 16]),
            kind: EventKind::SignedIn,
            sub: Sub::new("5d4c3b2a-0000-4000-8000-000000000000"),
            client: "1example23456789".to_owned(),
            method: Some(Method::Email),
            at: Timestamp::from_millis(1_767_225_600_120),
        };
        assert_eq!(
            event_detail(&event),
            r#"{"version":1,"id":"2a2a2a2a-2a2a-2a2a-2a2a-2a2a2a2a2a2a","sub":"5d4c3b2a-0000-4000-8000-000000000000","client":"1example23456789","method":"email","time":"2026-01-01T00:00:00.120Z"}"#
        );
        let event = Event {
            method: None,
            ..event
        };
        assert!(!event_detail(&event).contains("method"));
    }
}
