//! The bus: events reach a subscriber of `EventBridge`, and one that the bus refuses is published later.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use latchstring_aws::{Aws, DynamoStore, EventBridge};
use latchstring_core::account::Sub;
use latchstring_core::event::{CarriedBy, EventId, EventKind, OutboxEntry};
use latchstring_core::identifier::Method;
use latchstring_core::ports::{Clock, OutboxStore};
use latchstring_core::time::Timestamp;
use latchstring_lambda::{OsEntropy, OutboxSweeper, SystemClock, answer};
use latchstring_memory::MemoryDirectory;
use latchstring_tests::{Ministack, aws_at};
use serde_json::{Value, json};
use tokio::net::TcpListener;

const SUB: &str = "5d4c3b2a-0000-4000-8000-000000000000";

/// A bus of an account that the caller has no permission in.
const FOREIGN: &str = "arn:aws:events:eu-west-1:999999999999:event-bus/theirs";

/// A table with an outbox, a bus, and a queue that a rule of the bus sends events to.
struct Subscription {
    ministack: &'static Ministack,
    name: &'static str,
    queue: String,
}

impl Subscription {
    async fn new(name: &'static str) -> Self {
        let ministack = Ministack::shared().await;
        ministack.create_table(name).await;
        let bus = json!({ "Name": name });
        ministack.call("AWSEvents.CreateEventBus", &bus).await;
        let queue = json!({ "QueueName": name });
        let made = ministack.call("AmazonSQS.CreateQueue", &queue).await;
        let queue = made["QueueUrl"].as_str().expect("a URL").to_owned();
        let of_queue = json!({ "QueueUrl": queue, "AttributeNames": ["QueueArn"] });
        let known = ministack.call("AmazonSQS.GetQueueAttributes", &of_queue);
        let arn = known.await["Attributes"]["QueueArn"].clone();
        let pattern = json!({ "source": ["latchstring"] }).to_string();
        let rule = json!({ "Name": name, "EventBusName": name, "EventPattern": pattern });
        ministack.call("AWSEvents.PutRule", &rule).await;
        let target = json!({ "Id": "queue", "Arn": arn });
        let targets = json!({ "Rule": name, "EventBusName": name, "Targets": [target] });
        let put = ministack.call("AWSEvents.PutTargets", &targets).await;
        assert_eq!(put["FailedEntryCount"], 0, "{put}");
        Self {
            ministack,
            name,
            queue,
        }
    }

    /// Puts an event into the outbox, which is overdue.
    async fn put(&self, kind: EventKind, number: u8) -> OutboxEntry {
        let aws = self.ministack.aws();
        let at = Timestamp::from_millis(1_767_225_600_120);
        let entry = OutboxEntry {
            carried_by: CarriedBy::Item(EventId::from_bytes([number; 16])),
            kind,
            sub: Some(Sub::new(SUB)),
            client: "client".to_owned(),
            method: (kind == EventKind::ContactChanged).then_some(Method::PhoneNumber),
            at,
            due: SystemClock.now(),
            intent: None,
        };
        let store = DynamoStore::new(&aws, self.name, OsEntropy);
        store.put_event(&entry).await.expect("it is written");
        entry
    }

    /// Invokes publish-events, with a bus of this name at this address. Returns the number of the
    /// events that it published.
    async fn sweep(&self, bus: &str, at: &Aws) -> Value {
        let aws = self.ministack.aws();
        let sweeper = OutboxSweeper {
            store: DynamoStore::new(&aws, self.name, OsEntropy).with_outbox(true),
            directory: MemoryDirectory::default(),
            bus: EventBridge::new(at, bus),
            clock: SystemClock,
        };
        let swept = answer(&sweeper, json!({ "source": "aws.scheduler" })).await;
        swept.expect("a response").value["published"].clone()
    }

    /// Returns what the subscriber got since the last call.
    async fn received(&self) -> Vec<Value> {
        let mut all = Vec::new();
        loop {
            let next = json!({ "QueueUrl": self.queue, "MaxNumberOfMessages": 10 });
            let received = self.ministack.call("AmazonSQS.ReceiveMessage", &next).await;
            let messages = received["Messages"].as_array().cloned().unwrap_or_default();
            if messages.is_empty() {
                return all;
            }
            let bodies = messages.iter().map(|it| it["Body"].as_str().expect("text"));
            all.extend(bodies.map(|body| serde_json::from_str::<Value>(body).expect("JSON")));
        }
    }
}

/// Returns how often each id was received.
fn ids(received: &[Value]) -> BTreeMap<String, usize> {
    let mut ids = BTreeMap::new();
    for event in received {
        let id = event["detail"]["id"].as_str().expect("an id");
        *ids.entry(id.to_owned()).or_default() += 1;
    }
    ids
}

#[tokio::test]
async fn a_subscriber_gets_each_event_once_and_as_documented() {
    let subscription = Subscription::new("events-subscribed").await;
    let kinds = [
        EventKind::AccountCreated,
        EventKind::ContactChanged,
        EventKind::SignedIn,
        EventKind::SignInRefused,
        EventKind::SignedOutEverywhere,
        EventKind::DeviceRemembered,
    ];
    for (kind, number) in kinds.into_iter().zip(1..) {
        subscription.put(kind, number).await;
    }
    let aws = subscription.ministack.aws();
    assert_eq!(subscription.sweep(subscription.name, &aws).await, 6);
    let mut received = subscription.received().await;
    received.sort_by_key(|event| event["detail"]["id"].to_string());
    for ((kind, number), event) in kinds.into_iter().zip(1_u8..).zip(&received) {
        assert_eq!(event["source"], "latchstring");
        assert_eq!(event["detail-type"], kind.as_str());
        let mut expected = json!({
            "version": 1, "id": EventId::from_bytes([number; 16]).to_string(), "sub": SUB,
            "client": "client", "time": "2026-01-01T00:00:00.120Z",
        });
        if kind == EventKind::ContactChanged {
            expected["method"] = json!("phone_number");
        }
        assert_eq!(event["detail"], expected);
    }
    assert_eq!(received.len(), 6);
    assert_eq!(subscription.sweep(subscription.name, &aws).await, 0);
    assert_eq!(subscription.received().await, [] as [Value; 0]);
}

/// Returns AWS behind a proxy that sends the second event of each call to a bus of another account.
/// The emulator refuses that event in a response of status 200.
async fn with_a_foreign_second(ministack: &Ministack) -> Aws {
    let upstream = ministack.endpoint().to_owned();
    let redirect = move |headers: HeaderMap, body: Bytes| async move {
        let mut request: Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!(headers["x-amz-target"], "AWSEvents.PutEvents");
        request["Entries"][1]["EventBusName"] = json!(FOREIGN);
        let mut sent = reqwest::Client::new().post(upstream);
        for name in ["authorization", "content-type", "x-amz-target"] {
            sent = sent.header(name, &headers[name]);
        }
        let answered = sent.body(request.to_string()).send().await;
        let body = answered.expect("an answer").text().await.expect("text");
        assert!(body.contains(r#""FailedEntryCount": 1"#), "{body}");
        (StatusCode::OK, body).into_response()
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async { axum::serve(listener, Router::new().fallback(redirect)).await });
    aws_at(&url).with_slack(20)
}

#[tokio::test]
async fn a_refused_event_of_a_taken_call_keeps_its_id_for_later() {
    let subscription = Subscription::new("events-refused").await;
    let mut expected = BTreeMap::new();
    // In one shard, so that one call has them all.
    for number in [1, 33, 65] {
        let entry = subscription.put(EventKind::SignedIn, number).await;
        expected.insert(entry.id().to_string(), 1);
    }
    let (ministack, name) = (subscription.ministack, subscription.name);
    // All are refused, then one.
    assert_eq!(subscription.sweep(FOREIGN, &ministack.aws()).await, 0);
    assert_eq!(subscription.received().await, [] as [Value; 0]);
    let partly = with_a_foreign_second(ministack).await;
    assert_eq!(subscription.sweep(name, &partly).await, 2);
    let mut received = subscription.received().await;
    assert_eq!(received.len(), 2);
    assert_eq!(subscription.sweep(name, &ministack.aws()).await, 1);
    received.extend(subscription.received().await);
    assert_eq!(ids(&received), expected);
}
