//! ministack, an emulator of AWS: the `DynamoDB`, `EventBridge`, SES, SNS and Secrets Manager that the tests of
//! `latchstring-aws` run against.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, process};

use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement,
    KeyType, Projection, ProjectionType, ScalarAttributeType, TimeToLiveSpecification,
};
use latchstring_aws::dynamodb::{OUTBOX_INDEX, PROJECTED};
use latchstring_aws::{Aws, AwsEnvironment};
use reqwest::RequestBuilder;
use serde_json::Value;
use tokio::sync::OnceCell;

use crate::files::root;
use crate::program::Program;

/// Becomes the program `$0`. When its standard input ends, which is a pipe from this process, a
/// watcher ends the program and removes the folder `$1`: a static value is never dropped.
const UNTIL_INPUT_ENDS: &str = r#"exec 3<&0
(read -r _ <&3; kill -9 $$; rm -rf "$1") >/dev/null 2>&1 &
exec "$0" </dev/null 3<&-"#;

/// The emulator that the tests of one process share.
static SHARED: OnceCell<Ministack> = OnceCell::const_new();

/// An emulator on a free port of loopback, with a folder of its own for its state. The process ends
/// when the value is dropped or this process ends, and the folder is removed then.
pub struct Ministack {
    endpoint: String,
    _program: Program,
}

impl Ministack {
    /// Returns the emulator that the tests of this process share. Each test uses tables, pools and
    /// secrets of its own.
    pub async fn shared() -> &'static Self {
        SHARED.get_or_init(Self::start).await
    }

    /// Starts an emulator and waits until it answers.
    pub async fn start() -> Self {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let binary = root().join("target/tools/emulators/bin/ministack");
        assert!(
            binary.is_file(),
            "the AWS emulator is not installed: run `cargo xtask test --only emulators`"
        );
        // Another process may take the port that was just free.
        for _ in 0..5 {
            let number = STARTED.fetch_add(1, Ordering::Relaxed);
            let folder = format!("latchstring-emulator-{}-{number}", process::id());
            let folder = env::temp_dir().join(folder);
            fs::create_dir_all(&folder).expect("a folder in the system's for temporary files");
            let port = free_port();
            let endpoint = format!("http://127.0.0.1:{port}");
            let mut program = Program::start_third_party(
                Command::new("sh")
                    .args(["-c", UNTIL_INPUT_ENDS])
                    .args([&binary, &folder])
                    .current_dir(&folder)
                    .env("IOT_MTLS_ENABLED", "0")
                    .env("BIND_HOST", "127.0.0.1")
                    .env("MINISTACK_HOST", "127.0.0.1")
                    .env("GATEWAY_PORT", port.to_string())
                    .env("AWS_ENDPOINT_URL", &endpoint)
                    .env("STATE_DIR", &folder)
                    .env("PYTHONUNBUFFERED", "1"),
            );
            let answers = program.line_after("Running on ").await.is_some();
            let ministack = Self {
                endpoint,
                _program: program,
            };
            if answers {
                return ministack;
            }
        }
        panic!("the AWS emulator does not start");
    }

    /// Returns its address, as `AWS_ENDPOINT_URL` takes it.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Returns AWS as the adapters know it, with time limits for a machine that is busy with tests.
    pub fn aws(&self) -> Aws {
        aws_at(&self.endpoint).with_slack(20)
    }

    /// Creates the table of a deployment.
    pub async fn create_table(&self, name: &str) {
        let client = self.dynamodb();
        let attributes = [
            ("pk", ScalarAttributeType::S),
            ("outbox", ScalarAttributeType::S),
            ("due", ScalarAttributeType::N),
        ];
        let attributes = attributes.map(|(name, kind)| {
            let attribute = AttributeDefinition::builder().attribute_name(name);
            let attribute = attribute.attribute_type(kind).build();
            attribute.expect("a definition")
        });
        let part = |name: &str, kind| {
            let part = KeySchemaElement::builder().attribute_name(name);
            part.key_type(kind).build().expect("a key")
        };
        let projection = Projection::builder()
            .projection_type(ProjectionType::Include)
            .set_non_key_attributes(Some(PROJECTED.map(str::to_owned).into()));
        let outbox = GlobalSecondaryIndex::builder()
            .index_name(OUTBOX_INDEX)
            .key_schema(part("outbox", KeyType::Hash))
            .key_schema(part("due", KeyType::Range))
            .projection(projection.build())
            .build()
            .expect("an index");
        client
            .create_table()
            .table_name(name)
            .set_attribute_definitions(Some(attributes.into()))
            .global_secondary_indexes(outbox)
            .key_schema(part("pk", KeyType::Hash))
            .billing_mode(BillingMode::PayPerRequest)
            .send()
            .await
            .expect("the table is made");
        let ttl = TimeToLiveSpecification::builder()
            .attribute_name("ttl")
            .enabled(true);
        client
            .update_time_to_live()
            .table_name(name)
            .time_to_live_specification(ttl.build().expect("a specification"))
            .send()
            .await
            .expect("the table cleans itself");
    }

    /// Marks an address as verified in SES.
    pub async fn verify_email(&self, address: &str) {
        let address = address.replace('@', "%40");
        let form = format!("Action=VerifyEmailIdentity&Version=2010-12-01&EmailAddress={address}");
        let request = self
            .signed("ses")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form);
        let answer = request.send().await.expect("an answer");
        assert!(answer.status().is_success(), "the address is verified");
    }

    /// Calls an operation of a JSON service by its target, and returns the response.
    pub async fn call(&self, target: &str, body: &Value) -> Value {
        call(&self.endpoint, target, body).await
    }

    /// Builds a request with the part of a signature that the emulator reads.
    fn signed(&self, service: &str) -> RequestBuilder {
        signed(&self.endpoint, service)
    }

    /// Returns the size in bytes of the largest item of each kind, by the prefix of its key, as
    /// DynamoDB counts it.
    pub async fn sizes(&self, table: &str) -> BTreeMap<String, usize> {
        let scanned = self.dynamodb().scan().table_name(table).send().await;
        let mut sizes = BTreeMap::new();
        for item in scanned.expect("the items").items() {
            let key = item["pk"].as_s().expect("a text");
            let kind = key.split('#').next().unwrap_or_default();
            let bytes = item.iter().map(|(name, value)| name.len() + size(value));
            let largest = sizes.entry(kind.to_owned()).or_insert(0);
            *largest = bytes.sum::<usize>().max(*largest);
        }
        sizes
    }

    fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Credentials, Region};
        let credentials = Credentials::new("test", "test", None, None, "test");
        aws_sdk_dynamodb::Client::from_conf(
            Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new("eu-west-1"))
                .credentials_provider(credentials)
                .endpoint_url(&self.endpoint)
                .http_client(aws_smithy_http_client::Builder::new().build_http())
                .build(),
        )
    }
}

/// Calls an operation of Cognito at an address of loopback, and returns the response.
pub(crate) async fn call_cognito(endpoint: &str, operation: &str, body: &Value) -> Value {
    let target = format!("AWSCognitoIdentityProviderService.{operation}");
    call(endpoint, &target, body).await
}

async fn call(endpoint: &str, target: &str, body: &Value) -> Value {
    let (target_service, _) = target.split_once('.').expect("a service and an operation");
    let service = match target_service {
        "AWSCognitoIdentityProviderService" => "cognito-idp",
        service => service,
    };
    let request = signed(endpoint, service)
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", target)
        .body(body.to_string());
    let answer = request.send().await.expect("an answer");
    assert!(answer.status().is_success(), "{target}");
    answer.json().await.expect("JSON")
}

/// Builds a request with the part of a signature that the emulator reads.
fn signed(endpoint: &str, service: &str) -> RequestBuilder {
    let scope = format!("Credential=test/20260101/eu-west-1/{service}/aws4_request");
    reqwest::Client::new()
        .post(endpoint)
        .header("authorization", format!("AWS4-HMAC-SHA256 {scope}"))
}

/// AWS at an address of loopback.
pub fn aws_at(endpoint: &str) -> Aws {
    Aws::new(AwsEnvironment {
        region: "eu-west-1".to_owned(),
        access_key_id: "test".to_owned(),
        secret_access_key: "test".to_owned(),
        session_token: None,
        endpoint_url: Some(endpoint.to_owned()),
        ca_bundle: None,
    })
}

fn size(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        // Two digits a byte, and one more.
        AttributeValue::N(digits) => digits.len().div_ceil(2) + 1,
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::Bool(_) => 1,
        AttributeValue::Ss(set) => 3 + set.iter().map(|text| text.len() + 1).sum::<usize>(),
        AttributeValue::Bs(set) => 3 + set.iter().map(|b| b.as_ref().len() + 1).sum::<usize>(),
        _ => panic!("no other type is kept"),
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}
