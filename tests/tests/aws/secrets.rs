//! The key ring in Secrets Manager, and its rotation.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use latchstring_aws::SecretsManager;
use latchstring_core::keys::KeyId;
use latchstring_core::policy::Policy;
use latchstring_core::ports::{Clock, SecretSource};
use latchstring_core::time::Timestamp;
use latchstring_lambda::{Deployments, Rotating};
use latchstring_memory::ManualClock;
use latchstring_tests::{Ministack, aws_at, note};
use serde_json::{Value, json};

/// A key ring that no other test uses.
fn ring(current: &str, previous: Option<&str>) -> String {
    let secret = "c2VjcmV0LW9mLXRoZS1zZWNyZXRzLXRlc3QtMDEyMzQ1Njc=";
    note(secret);
    let key = |id: &str| json!({"id": id, "secret": secret});
    let previous = previous.map_or(Value::Null, key);
    json!({"current": key(current), "previous": previous}).to_string()
}

async fn current<V: SecretSource, C: Clock>(keys: &Rotating<V, C>, named: &str) -> String {
    let named = KeyId::parse(named).expect("a key id");
    let deployment = keys.deployment(&[named]).await.expect("a ring");
    deployment.keys.current().id().as_str().to_owned()
}

#[tokio::test]
async fn a_key_that_is_made_current_is_used_without_a_restart() {
    let ministack = Ministack::shared().await;
    let created = json!({"Name": "latchstring/keys", "SecretString": ring("k1", None)});
    ministack
        .call("secretsmanager.CreateSecret", &created)
        .await;
    let clock = ManualClock::at(Timestamp::from_secs(1_800_000_000));
    let source = SecretsManager::new(&ministack.aws(), "latchstring/keys");
    let policy = Policy::for_clients(Vec::new());
    assert_eq!(source.stored_at(), None, "it was not read yet");
    let keys = Rotating::new(policy, source.clone(), clock.clone());
    assert_eq!(current(&keys, "k1").await, "k1");
    let stored_at = source.stored_at().expect("the time of the version");
    let age =
        SystemTime::now().duration_since(UNIX_EPOCH + Duration::from_secs(stored_at.as_secs()));
    assert!(age.is_ok_and(|age| age.as_secs() < 600), "{stored_at:?}");

    let put = json!({"SecretId": "latchstring/keys", "SecretString": ring("k2", Some("k1"))});
    ministack.call("secretsmanager.PutSecretValue", &put).await;
    assert_eq!(current(&keys, "k1").await, "k1", "the cached ring is used");
    clock.advance(Duration::from_secs(30));
    assert_eq!(
        current(&keys, "k2").await,
        "k2",
        "a new reader gets the new key"
    );
}

#[tokio::test]
async fn an_unreadable_secret_is_an_error_with_the_services_code() {
    let ministack = Ministack::shared().await;
    let missing = SecretsManager::new(&ministack.aws(), "latchstring/none");
    let fault = missing.read().await.expect_err("there is none");
    assert_eq!(
        fault.to_string(),
        "GetSecretValue: ResourceNotFoundException"
    );
    let unreachable = SecretsManager::new(&aws_at("http://127.0.0.1:1"), "latchstring/keys");
    let fault = unreachable.read().await.expect_err("no server listens");
    assert_eq!(fault.to_string(), "GetSecretValue: connection failed");
}
