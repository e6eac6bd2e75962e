//! The self-test of a function: what it would serve with, read and reported without serving.
//!
//! The event is `{"selfTest": {}}`. An event of a client always has the context of the service that it
//! came through, so only a principal whom IAM lets invoke the function can send this one.
//! docs/upgrading.md describes the answer. It has no secret and no contact.

use latchstring_core::account::Sub;
use latchstring_core::flow::FlowId;
use latchstring_core::keys::KeyRing;
use latchstring_core::ports::PortError;
use latchstring_core::pseudonym::Pseudonym;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::config::{ConfigError, Environment, StoreChoice};
use crate::delivery::FollowUp;
use crate::handler::{FollowsUp, Handler, HandlerResponse, PublicError};
use crate::keys::Deployments;

/// A flow that no table has, because the ids of flows are random.
pub(crate) const NO_FLOW: FlowId = FlowId::from_bytes([0; 16]);

/// Returns an account that no pool has.
pub(crate) fn no_account() -> Sub {
    Sub::new("00000000-0000-0000-0000-000000000000")
}

/// The parts that a handler has read for a self-test.
#[derive(Clone, Debug, Default)]
pub struct Examined {
    /// The ids of the key ring, or the reason that it could not be read; `None` if the function uses
    /// none.
    pub key_ring: Option<Result<KeyRingIds, PortError>>,
    /// The outcome of one read of the table; `None` if the function read none.
    pub table: Option<Result<(), PortError>>,
}

/// The ids of the keys of a ring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRingIds {
    current: String,
    accepted: Vec<String>,
    lasting: String,
}

impl KeyRingIds {
    /// Reads the key ring.
    pub(crate) async fn read(deployments: &impl Deployments) -> Result<Self, PortError> {
        let deployment = deployments.deployment(&[]).await?;
        Ok(Self::of(&deployment.keys))
    }

    fn of(ring: &KeyRing) -> Self {
        Self {
            current: ring.current().id().as_str().to_owned(),
            accepted: ring.accepted().map(|id| id.as_str().to_owned()).collect(),
            lasting: ring.lasting().id().as_str().to_owned(),
        }
    }

    fn to_json(&self) -> Value {
        json!({ "current": self.current, "accepted": self.accepted, "lasting": self.lasting })
    }
}

/// The facts of a self-test that are known at start.
pub(crate) struct Facts {
    /// The table's name; `None` in memory.
    table: Option<String>,
    /// The hash of the clients that are served; `None` if the function serves none.
    clients: Option<String>,
    /// The hash of the settings that the construct sets in every function with clients.
    settings: String,
}

impl Facts {
    pub(crate) fn of(environment: &Environment<'_>) -> Result<Self, ConfigError> {
        Ok(Self {
            table: match environment.store()? {
                StoreChoice::Memory => None,
                StoreChoice::Table(name) => Some(name),
            },
            clients: environment
                .clients_text()
                .map(|text| hash("clients", &text)),
            settings: hash("settings", &environment.settings_text()),
        })
    }
}

fn hash(kind: &str, text: &str) -> String {
    Pseudonym::of_public(kind, &[text.as_bytes()]).to_string()
}

/// A handler that also answers self-tests.
pub(crate) struct SelfTested<H> {
    pub(crate) facts: Facts,
    pub(crate) handler: H,
}

impl<H: Handler> SelfTested<H> {
    async fn test(&self) -> Value {
        let Examined { key_ring, table } = self.handler.examine().await;
        let fault = |error: &PortError| format!("{}: {}", error.call, error.code);
        let faults: Vec<String> = [
            key_ring.as_ref().and_then(|read| read.as_ref().err()),
            table.as_ref().and_then(|read| read.as_ref().err()),
        ]
        .into_iter()
        .flatten()
        .map(fault)
        .collect();
        let ok = faults.is_empty();
        tracing::info!(ok, faults = faults.join(", "), "self-test");
        json!({ "selfTest": {
            "ok": ok,
            "faults": faults,
            "version": env!("CARGO_PKG_VERSION"),
            "table": { "name": self.facts.table, "reads": matches!(table, Some(Ok(()))) },
            "keyRing": key_ring.and_then(Result::ok).map(|ids| ids.to_json()),
            "clients": self.facts.clients,
            "settings": self.facts.settings,
        } })
    }
}

impl<H: Handler> Handler for SelfTested<H> {
    const FOLLOWS_UP: FollowsUp = H::FOLLOWS_UP;

    async fn handle(&self, event: Value) -> Result<HandlerResponse, PublicError> {
        if event == json!({ "selfTest": {} }) {
            return Ok(self.test().await.into());
        }
        self.handler.handle(event).await
    }

    async fn examine(&self) -> Examined {
        self.handler.examine().await
    }

    async fn follow_up(&self, work: FollowUp, until: Instant) {
        self.handler.follow_up(work, until).await;
    }
}

#[cfg(test)]
mod tests {
    use latchstring_core::keys::{Key, KeyId};
    use latchstring_core::policy::{Deployment, Policy};

    use super::*;

    fn keys() -> KeyRing {
        let key = |id, byte| Key::new(KeyId::parse(id).unwrap(), &[byte; 32]).unwrap();
        KeyRing::new(key("k2", 2), None, Some(key("k1", 1))).unwrap()
    }

    struct Examines {
        table: Result<(), PortError>,
    }

    impl Handler for Examines {
        async fn handle(&self, event: Value) -> Result<HandlerResponse, PublicError> {
            Ok(event.into())
        }

        async fn examine(&self) -> Examined {
            let deployment = Deployment {
                policy: Policy::for_clients(Vec::new()),
                keys: keys(),
            };
            Examined {
                key_ring: Some(KeyRingIds::read(&deployment).await),
                table: Some(self.table.clone()),
            }
        }
    }

    fn tested(table: Result<(), PortError>, clients: &str) -> SelfTested<Examines> {
        let pairs = [("TABLE_NAME", "acme"), ("CLIENT_IDS", clients)];
        SelfTested {
            facts: Facts::of(&Environment::Pairs(&pairs)).unwrap(),
            handler: Examines { table },
        }
    }

    async fn answer(of: &SelfTested<Examines>) -> Value {
        let event = json!({ "selfTest": {} });
        of.handle(event).await.unwrap().value["selfTest"].clone()
    }

    #[tokio::test]
    async fn a_self_test_reports_table_key_ring_and_clients() {
        let one = answer(&tested(Ok(()), "a,b")).await;
        assert_eq!(one["ok"], true);
        assert_eq!(one["version"], env!("CARGO_PKG_VERSION"));
        assert_eq!(one["table"], json!({ "name": "acme", "reads": true }));
        let ids = json!({ "current": "k2", "accepted": ["k1"], "lasting": "k2" });
        assert_eq!(one["keyRing"], ids);
        let other = answer(&tested(Ok(()), "a,c")).await;
        assert_ne!(one["clients"], other["clients"]);
        assert_eq!(one["settings"], other["settings"]);
    }

    #[tokio::test]
    async fn a_self_test_fails_if_the_table_cannot_be_read() {
        let refused = Err(PortError::new("GetItem", "AccessDeniedException"));
        let answer = answer(&tested(refused, "a")).await;
        assert_eq!(answer["ok"], false);
        assert_eq!(answer["faults"], json!(["GetItem: AccessDeniedException"]));
        assert_eq!(answer["table"]["reads"], false);
    }

    #[tokio::test]
    async fn an_event_with_more_members_is_no_self_test() {
        let tested = tested(Ok(()), "a");
        for event in [
            json!({ "selfTest": {}, "requestContext": {} }),
            json!({ "selfTest": { "more": 1 } }),
            json!({ "arguments": { "selfTest": {} } }),
        ] {
            let answered = tested.handle(event.clone()).await.unwrap();
            assert_eq!(answered.value, event);
        }
    }
}
