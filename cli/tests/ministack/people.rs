//! `trace`, `unlock`, `export` and `erase`, as programs, on a deployment whose pool, table, key ring, logs
//! and functions' variables are in the emulator. The triggers and the resolver run in this process, write to
//! that table, and their own log lines are put into the logs.

use std::collections::BTreeSet;
use std::io::{Read as _, Write};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex, MutexGuard};

use data_encoding::BASE64;
use latchstring_aws::{DynamoStore, counter_key};
use latchstring_cli::signed_call::SignedCalls;
use latchstring_cli::table::{Seen, Table};
use latchstring_core::account::{Account, Attributes, Sub};
use latchstring_core::flow::AppClient;
use latchstring_core::identifier::{Identifier, Method};
use latchstring_core::invite::{Invitation, Membership};
use latchstring_core::pending::{Pending, PendingId, PendingOutcome};
use latchstring_core::policy::Deployment;
use latchstring_core::ports::{
    Clock as _, CounterStore as _, InvitationStore as _, LeaseStore as _, PendingStore as _,
    SessionStore as _, UndoStore as _, Window,
};
use latchstring_core::pseudonym::Pseudonym;
use latchstring_core::rate_limit::{Resettable, own_limits, resettable};
use latchstring_core::sealed::SealedContact;
use latchstring_core::session::{SealedToken, Session, SessionTokens};
use latchstring_core::time::Timestamp;
use latchstring_core::undo::Undo;
use latchstring_lambda::resolver::{NoSessions, SignInResolver, SourceOf};
use latchstring_lambda::{DELIVERY, Handler, OsEntropy, SystemClock, answer, follow_up};
use latchstring_memory::{FixedCaptcha, Inbox, MemoryDirectory};
use latchstring_testkit::{self as testkit, Invoke, Trigger, TriggerPorts, Triggers};
use latchstring_tests::{Ministack, holds_no_secret, note};
use serde_json::{Value, json};
use tokio::time::Instant;
use tracing_subscriber::fmt::MakeWriter;

use super::FUNCTIONS;

const ADA: &str = "ada@example.com";
const BOB: &str = "bob@example.com";
/// The address that Ada's present one replaced.
const FORMER: &str = "ada@example.org";
const CLIENT: &str = "web";

type Store = DynamoStore<OsEntropy>;
type Pool = testkit::Pool<Live>;
type SignIns = SignInResolver<Store, MemoryDirectory, Pool, FixedCaptcha, SystemClock, OsEntropy>;

/// The log lines of the functions in this process.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    /// Starts to collect lines, in the format of the functions.
    fn collect() -> Self {
        let lines = Self::default();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_writer(lines.clone())
            .finish();
        tracing::subscriber::set_global_default(subscriber).expect("the first subscriber");
        lines
    }

    fn buffer(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().expect("no test has failed")
    }

    fn take(&self) -> Vec<String> {
        let bytes = std::mem::take(&mut *self.buffer());
        let text = String::from_utf8(bytes).expect("text");
        text.lines().map(str::to_owned).collect()
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.buffer().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// The triggers on the emulated table.
struct Live(Triggers<Store, MemoryDirectory, Inbox<SystemClock>, SystemClock, OsEntropy>);

impl Live {
    async fn handle(trigger: &impl Handler, event: Value) -> Value {
        let answered = answer(trigger, event).await;
        let Ok(answered) = answered else {
            panic!("an event of Cognito's");
        };
        if let Some(work) = answered.follow_up {
            follow_up(trigger, work, Instant::now() + DELIVERY).await;
        }
        let mut value = answered.value;
        value["response"].take()
    }
}

impl Invoke for Live {
    async fn invoke(&self, trigger: Trigger, event: Value) -> Value {
        let Self(triggers) = self;
        match trigger {
            Trigger::Define => Live::handle(&triggers.define, event).await,
            Trigger::Create => Live::handle(&triggers.create, event).await,
            Trigger::Verify => Live::handle(&triggers.verify, event).await,
        }
    }
}

struct World {
    emulator: &'static Ministack,
    pool: String,
    sub: String,
    deployment: Deployment,
    store: Store,
    inbox: Inbox<SystemClock>,
    sign_in: SignIns,
    lines: Lines,
}

const TABLE: &str = "people";
/// 2100-01-01, in milliseconds since 1970.
const LATER: u64 = 4_102_444_800_000;

impl World {
    async fn deploy() -> Self {
        let emulator = Ministack::shared().await;
        let deployment = testkit::deployment(CLIENT, "k1");
        emulator.create_table(TABLE).await;
        let ring = json!({ "id": "k1", "secret": BASE64.encode(&[7; 32]) }).to_string();
        let secret = json!({ "Name": "people/ring", "SecretString": ring });
        emulator.call("secretsmanager.CreateSecret", &secret).await;
        let pool = Self::pool(emulator).await;
        let proved = json!([
            { "Name": "email", "Value": ADA },
            { "Name": "email_verified", "Value": "true" },
        ]);
        let sub = Self::create_account(emulator, &pool, "ada", &proved).await;
        super::people_functions(emulator.endpoint(), &FUNCTIONS, &pool, TABLE).await;
        let function = json!({ "Value": "people-define-auth-challenge" });
        let template = json!({
            "Resources": {
                "Topic": { "Type": "AWS::SNS::Topic", "Properties": { "TopicName": "people" } },
            },
            "Outputs": { "DefineAuthChallenge": function },
        });
        super::create_stack(emulator.endpoint(), "people", &template, 1).await;
        let directory = MemoryDirectory::default();
        directory.put(Account {
            username: "ada".to_owned(),
            enabled: true,
            attributes: Attributes::from_pairs([
                ("sub", &*sub),
                ("cognito:user_status", "CONFIRMED"),
                ("email", ADA),
                ("email_verified", "true"),
            ]),
        });
        let store = DynamoStore::new(&emulator.aws(), TABLE, OsEntropy);
        let inbox = Inbox::new(SystemClock);
        let ports = TriggerPorts {
            store: store.clone(),
            directory: directory.clone(),
            courier: inbox.clone(),
            clock: SystemClock,
            entropy: OsEntropy,
        };
        let live = Live(Triggers::new(&deployment, ports));
        let sign_in = SignInResolver {
            hook: None,
            deployment: deployment.clone(),
            app_client: AppClient::new("eu-west-1_Tested", CLIENT),
            legacy_pool: false,
            source: SourceOf::Off,
            origin: None,
            sessions: NoSessions,
            store: store.clone(),
            directory: directory.clone(),
            api: Pool::new("eu-west-1_Tested", CLIENT, directory, live),
            captcha: None,
            clock: SystemClock,
            entropy: OsEntropy,
        };
        Self {
            emulator,
            pool,
            sub,
            deployment,
            store,
            inbox,
            sign_in,
            lines: Lines::collect(),
        }
    }

    async fn pool(emulator: &Ministack) -> String {
        let target = "AWSCognitoIdentityProviderService.CreateUserPool";
        let input = json!({ "PoolName": "people", "AliasAttributes": ["email", "phone_number"] });
        let made = emulator.call(target, &input).await;
        made["UserPool"]["Id"].as_str().expect("an id").to_owned()
    }

    /// Creates an account, and returns its `sub`.
    async fn create_account(
        emulator: &Ministack,
        pool: &str,
        username: &str,
        attributes: &Value,
    ) -> String {
        let target = "AWSCognitoIdentityProviderService.AdminCreateUser";
        let input = json!({
            "UserPoolId": pool,
            "Username": username,
            "MessageAction": "SUPPRESS",
            "UserAttributes": attributes,
        });
        let made = emulator.call(target, &input).await;
        let attributes = made["User"]["Attributes"].as_array().expect("attributes");
        let sub = attributes.iter().find(|it| it["Name"] == "sub");
        sub.expect("a sub")["Value"]
            .as_str()
            .expect("text")
            .to_owned()
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        let event = json!({
            "version": "2.0",
            "rawPath": path,
            "rawQueryString": "",
            "headers": { "content-type": "application/json" },
            "requestContext": { "http": { "method": "POST", "path": path, "sourceIp": "192.0.2.1" } },
            "body": body.to_string(),
            "isBase64Encoded": false,
        });
        let answered = answer(&self.sign_in, event).await;
        let Ok(answered) = answered else {
            panic!("an HTTP event");
        };
        let body = answered.value["body"].as_str().expect("a body");
        serde_json::from_str(body).expect("JSON")
    }

    /// Requests a code, and returns the continuation and the code.
    async fn requests(&self, address: &str) -> (Value, String) {
        let begun = self
            .post("/v1/sign-in", &json!({ "emailOrPhone": address }))
            .await;
        let arrived = self.inbox.messages(Some(address), 1);
        let code = arrived.first().and_then(|it| it.message.code.as_ref());
        let code = code.expect("a code arrived").digits().to_owned();
        note(&code);
        (begun["continuation"].clone(), code)
    }

    async fn answers(&self, continuation: &Value, code: &str) -> Value {
        let body = json!({ "continuation": continuation, "answer": code });
        self.post("/v1/sign-in/answer", &body).await
    }

    /// Puts the lines of the functions into their log groups.
    async fn log(&self) {
        let now = SystemClock.now().as_millis();
        for line in self.lines.take() {
            let fields: Value = serde_json::from_str(&line).expect("JSON");
            let function = match fields["trigger"].as_str() {
                Some("define") => FUNCTIONS[0],
                Some("verify") => FUNCTIONS[2],
                None if fields["message"] == "resolver" => FUNCTIONS[3],
                _ => FUNCTIONS[1],
            };
            let group = format!("/aws/lambda/people-{function}");
            let stream = json!({ "logGroupName": group, "logStreamName": "one" });
            let _ = self
                .try_call(
                    "Logs_20140328.CreateLogGroup",
                    &json!({ "logGroupName": group }),
                )
                .await;
            let _ = self
                .try_call("Logs_20140328.CreateLogStream", &stream)
                .await;
            let mut events = stream;
            events["logEvents"] = json!([{ "timestamp": now, "message": line }]);
            self.emulator
                .call("Logs_20140328.PutLogEvents", &events)
                .await;
        }
    }

    /// Calls an operation that may be refused.
    async fn try_call(&self, target: &str, body: &Value) -> bool {
        let scope = "Credential=test/20260101/eu-west-1/any/aws4_request";
        let sent = reqwest::Client::new()
            .post(self.emulator.endpoint())
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", target)
            .header("authorization", format!("AWS4-HMAC-SHA256 {scope}"))
            .body(body.to_string())
            .send();
        sent.await.expect("an answer").status().is_success()
    }

    /// Writes, by the store of the functions, an item of each kind that a sign-in does not.
    async fn fill(&self) {
        let keys = &self.deployment.keys;
        let (sub, now) = (Sub::new(&*self.sub), SystemClock.now());
        let later = Timestamp::from_millis(LATER);
        let ada = Identifier::parse(Method::Email, ADA).expect("an address");
        let former = Identifier::parse(Method::Email, FORMER).expect("an address");
        let old = Pseudonym::of_identifier(keys, &former);
        let contact = Pseudonym::of_identifier(keys, &ada);
        let id = PendingId::from_bytes([1; 16]);
        let pending = Pending {
            account: sub.clone(),
            method: Method::PhoneNumber,
            id,
            contact: SealedContact::from_text("k1.sealed"),
            replaces: None,
            expires_at: later,
            outcome: PendingOutcome::Waiting,
        };
        self.store.put_pending(&pending).await.expect("a write");
        let undo = Undo {
            account: sub.clone(),
            id,
            username: "ada".to_owned(),
            method: Method::Email,
            replaced: old,
            contact,
            replaced_at: now,
            expires_at: later,
            closed_at: None,
        };
        assert!(self.store.put_undo(&undo, None).await.expect("a write"));
        let replaced = self.store.put_replaced(old, &sub, now, later);
        replaced.await.expect("a write");
        let invitation = Invitation {
            contact: Pseudonym::of_invitation(keys, &ada),
            until: later,
            membership: Membership::default(),
            redeemed_by: Some("ada".to_owned()),
            is_used: true,
        };
        let put = self.store.put_invitation(&invitation, later);
        put.await.expect("a write");
        let bob = Identifier::parse(Method::Email, BOB).expect("an address");
        let invitation = Invitation {
            contact: Pseudonym::of_invitation(keys, &bob),
            redeemed_by: None,
            is_used: false,
            ..invitation
        };
        let put = self.store.put_invitation(&invitation, later);
        put.await.expect("a write");
        let ended = self.store.lease(contact, old, now, now).await;
        assert!(ended.expect("a write"));
        let key = Pseudonym::random([8; 16]);
        let session = Session {
            key,
            account: sub.clone(),
            username: "ada".to_owned(),
            client: CLIENT.to_owned(),
            signed_in_at: now,
            opened_at: now,
            expires_at: later,
            last_used_at: now,
            browsers: BTreeSet::new(),
            tokens: SessionTokens {
                refresh: SealedToken::from_bytes(b"not-to-be-printed"),
                former: None,
                access: None,
            },
            refreshes: 0,
            lease: None,
        };
        self.store.open_session(&session).await.expect("a write");
        let enlisted = self.store.enlist_session(&sub, key, 10, later).await;
        enlisted.expect("a write");
        let devices = Pseudonym::of_devices(keys, &ada);
        let raised = [Window {
            name: "n".to_owned(),
            amount: 2,
            limit: 10,
        }];
        let charged = self.store.charge(devices, &raised, later).await;
        charged.expect("a write");
    }

    /// Runs a command for this deployment.
    async fn run(&self, arguments: &[&str]) -> (i32, Value, String) {
        let arguments: Vec<String> = arguments.iter().map(|it| (*it).to_owned()).collect();
        let endpoint = self.emulator.endpoint().to_owned();
        let run = move || {
            Command::new(env!("CARGO_BIN_EXE_latchstring"))
                .args(&arguments)
                .args(["--stack", "people", "--json"])
                .env_clear()
                .env("AWS_REGION", super::REGION)
                .env("AWS_ACCESS_KEY_ID", "test")
                .env("AWS_SECRET_ACCESS_KEY", "test")
                .env("AWS_ENDPOINT_URL", endpoint)
                .output()
                .expect("it starts")
        };
        let Output {
            status,
            stdout,
            stderr,
        } = tokio::task::spawn_blocking(run).await.expect("it ends");
        let [printed, text] = [stdout, stderr].map(|it| String::from_utf8(it).expect("text"));
        assert!(
            holds_no_secret(&printed) && holds_no_secret(&text),
            "a secret was printed"
        );
        assert!(!printed.contains("not-to-be-printed"));
        let printed = serde_json::from_str(&printed).unwrap_or_else(|_| panic!("no JSON: {text}"));
        (status.code().expect("a status"), printed, text)
    }

    /// Does something with the generation of Ada's device tokens.
    async fn devices<T>(&self, with: impl AsyncFnOnce(Table<'_>, String) -> T) -> T {
        let access = super::access(self.emulator.endpoint());
        let table = Table::new(SignedCalls::new(&access), TABLE);
        let ada = Identifier::parse(Method::Email, ADA).expect("an address");
        let devices = Pseudonym::of_devices(&self.deployment.keys, &ada);
        with(table, counter_key(devices)).await
    }

    /// Returns the items of the table.
    async fn items(&self) -> Vec<Value> {
        let scanned = json!({ "TableName": TABLE });
        let target = "DynamoDB_20120810.Scan";
        let mut scanned = self.emulator.call(target, &scanned).await;
        match scanned["Items"].take() {
            Value::Array(items) => items,
            _ => panic!("no items"),
        }
    }

    /// Returns whether the account of Ada is in the pool.
    async fn has_ada(&self) -> bool {
        let user = json!({ "UserPoolId": self.pool, "Username": "ada" });
        let target = "AWSCognitoIdentityProviderService.AdminGetUser";
        self.try_call(target, &user).await
    }

    /// Sets the TTL of each flow to a time that has passed, as if the store had not yet removed it.
    async fn age_flows(&self) {
        for item in self.items().await {
            if item["pk"]["S"]
                .as_str()
                .expect("a key")
                .starts_with("flow#")
            {
                let aged = json!({
                    "TableName": TABLE,
                    "Key": { "pk": item["pk"] },
                    "UpdateExpression": "SET #ttl = :past",
                    "ExpressionAttributeNames": { "#ttl": "ttl" },
                    "ExpressionAttributeValues": { ":past": { "N": "1000000000" } },
                });
                self.emulator
                    .call("DynamoDB_20120810.UpdateItem", &aged)
                    .await;
            }
        }
    }

    /// Returns the keys of the counters of Ada that count guesses.
    async fn guesses_of_ada(&self) -> BTreeSet<String> {
        let ada = Identifier::parse(Method::Email, ADA).expect("an address");
        let now = SystemClock.now();
        let own = own_limits(&self.deployment, &self.store, Some(&ada), None, now).await;
        let own = own.expect("limits").into_iter();
        let guesses = own.filter(|limit| limit.counts_guesses);
        let keys: BTreeSet<_> = guesses.map(|limit| counter_key(limit.counter)).collect();
        let stored = self.items().await;
        let stored = stored.iter().filter_map(|item| item["pk"]["S"].as_str());
        stored
            .filter(|key| keys.contains(*key))
            .map(str::to_owned)
            .collect()
    }

    /// Returns the numbers of items of the table, by the beginning of their keys.
    async fn kinds(&self) -> Value {
        let mut kinds = json!({});
        for item in self.items().await {
            let key = item["pk"]["S"].as_str().expect("a key");
            let (kind, _) = key.split_once('#').expect("a kind");
            let count = kinds[kind].as_u64().unwrap_or_default() + 1;
            kinds[kind] = count.into();
        }
        kinds
    }
}

/// Returns the count of a limit, by the words for what it counts and its maximum.
fn count(printed: &Value, counted: &str, limit: u32) -> u64 {
    let mut limits = printed["limits"].as_array().expect("limits").iter();
    let found = limits.find(|it| it["counted"] == counted && it["limit"] == limit);
    let found = found.unwrap_or_else(|| panic!("no limit of {counted}"));
    found["count"].as_u64().expect("a count")
}

#[tokio::test]
async fn the_sign_ins_of_a_person_are_traced_unlocked_and_erased() {
    let world = World::deploy().await;
    let (continuation, code) = world.requests(ADA).await;
    let wrong: String = code
        .chars()
        .rev()
        .map(|digit| if digit == '0' { '1' } else { '0' })
        .collect();
    world.answers(&continuation, &wrong).await;
    let (continuation, code) = world.requests(ADA).await;
    let answered = world.answers(&continuation, &code).await;
    assert!(
        answered["tokens"].is_object() || answered["accessToken"].is_string(),
        "signed in"
    );
    world.requests(BOB).await;
    world.log().await;
    world.fill().await;
    every_counter_is_known(&world).await;
    traces(&world).await;
    unlocks(&world).await;
    exports(&world).await;
    keeps_later_charges(&world).await;
    rotates(&world).await;
    leaves_unproved_contacts(&world).await;
    refuses_while_a_change_can_be_undone(&world).await;
    looks_again_after_the_question(&world).await;
    erases(&world).await;
}

/// Every counter that sign-ins charge is one that `unlock` or `reset-limits` finds. No person leads
/// to that of a source.
async fn every_counter_is_known(world: &World) {
    let World {
        deployment, store, ..
    } = world;
    let now = SystemClock.now();
    let mut known = BTreeSet::new();
    for at in [now, Timestamp::from_secs(now.as_secs() - 120)] {
        for address in [ADA, BOB] {
            let contact = Identifier::parse(Method::Email, address).expect("an address");
            let own = own_limits(deployment, store, Some(&contact), None, at).await;
            known.extend(own.expect("limits").into_iter().map(|limit| limit.counter));
        }
        for kind in [Resettable::Deployment, Resettable::Domain("example.com")] {
            let shared = resettable(&deployment.policy, kind, at).into_iter();
            known.extend(shared.map(|(_, counter)| counter));
        }
    }
    let mut known: BTreeSet<String> = known.into_iter().map(counter_key).collect();
    known.insert(world.devices(async |_, key| key).await);
    let mut charged = 0;
    for item in world.items().await {
        let key = item["pk"]["S"].as_str().expect("a key");
        let has = |window: &str| {
            let names = item.as_object().expect("attributes").keys();
            names.filter(|name| name.starts_with(window)).count() > 0
        };
        // No other counter has windows of a minute and none of a day.
        let is_of_source = has("n_m") && !has("n_d");
        if key.starts_with("counter#") && !is_of_source {
            charged += 1;
            assert!(known.contains(key), "{item:#}");
        }
    }
    assert!(charged > 4, "{charged}");
}

/// The sign-ins of Ada are shown in their order, with deliveries and flows.
async fn traces(world: &World) {
    let (status, traced, text) = world.run(&["trace", ADA]).await;
    assert_eq!(status, 0, "{text}");
    let stories = traced["lines"].as_array().expect("lines").iter();
    let stories: Vec<&str> = stories.filter_map(|it| it["story"].as_str()).collect();
    let tells = |words: &str| stories.iter().filter(|it| it.starts_with(words)).count();
    for (words, times) in [
        ("POST /v1/sign-in was answered.", 2),
        ("A code was made, and its message goes out.", 2),
        ("The service accepted the message (email).", 2),
        ("The code was wrong.", 1),
        ("The code was right.", 1),
        ("Tokens were issued: the sign-in succeeded.", 1),
    ] {
        assert_eq!(tells(words), times, "{words} in {stories:#?}");
    }
    let begins = |place: usize, words: &str| stories[place].starts_with(words);
    assert!(begins(0, "The first challenge was made"), "{stories:#?}");
    assert!(begins(stories.len() - 1, "POST /v1/sign-in/answer"));
    assert_eq!(
        (&traced["flows"], &traced["deliveries"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(traced["account"], *world.sub);
    let (status, _, text) = world
        .run(&["trace", ADA, "--until", "2h", "--since", "3h"])
        .await;
    assert!(
        status == 0 && text.contains("no line names the contact"),
        "{text}"
    );
}

/// The limits of Ada are lifted, those of guesses only with the option, and no other's.
async fn unlocks(world: &World) {
    // The day's messages, and a guess of a flow that did not succeed.
    let (status, shown, _) = world.run(&["unlock", ADA]).await;
    assert_eq!((status, count(&shown, "messages", 10)), (0, 2));
    assert_eq!(count(&shown, "guesses at short codes", 8), 1);
    let (status, lifted, text) = world.run(&["unlock", ADA, "--apply"]).await;
    assert_eq!(status, 0, "{text}");
    assert!(lifted["lifted"].as_array().is_some_and(|it| !it.is_empty()));
    let (_, shown, _) = world.run(&["unlock", ADA]).await;
    assert_eq!(count(&shown, "messages", 10), 0);
    assert_eq!(
        count(&shown, "guesses at short codes", 8),
        1,
        "guesses stay"
    );
    world.run(&["unlock", ADA, "--guesses", "--apply"]).await;
    let (_, shown, text) = world.run(&["unlock", ADA]).await;
    assert_eq!(count(&shown, "guesses at short codes", 8), 0);
    assert!(text.contains("There is nothing to lift."), "{text}");
    let (_, shown, _) = world.run(&["unlock", BOB]).await;
    assert_eq!(count(&shown, "messages", 10), 1, "another's limits stay");
}

/// Everything of Ada is exported, without seals and tokens.
async fn exports(world: &World) {
    let (status, exported, text) = world.run(&["export", ADA]).await;
    assert_eq!(status, 0, "{text}");
    assert_eq!(exported["account"]["attributes"]["email"], ADA);
    let items = exported["items"].as_array().expect("items");
    let of = |kind: &'static str| items.iter().filter(move |it| it["kind"] == kind);
    for kind in [
        "pending contact",
        "undo record",
        "record of a replaced contact",
        "invitation",
        "lease",
        "browser session",
        "list of browser sessions",
        "generation of device tokens",
    ] {
        assert_eq!(of(kind).count(), 1, "{kind}");
    }
    assert_eq!(of("flow").count(), 2);
    assert!(of("flow").all(|flow| flow["contact"] == ADA && flow["attempts"] == "redacted"));
    assert_eq!(
        of("browser session").next().expect("one")["refresh"],
        "redacted"
    );
    assert!(!exported.to_string().contains("k1.sealed"));
}

/// A window that another request charged since it was read stays.
async fn keeps_later_charges(world: &World) {
    let seen = |count| {
        let window = "n".to_owned();
        [Seen { window, count }]
    };
    let removed = world.devices(async |table, key| table.remove_windows(&key, &seen(1)).await);
    let removed = removed.await;
    assert_eq!(removed, Ok(false));
}

/// A rotation checks that the functions read the secret.
async fn rotates(world: &World) {
    let rotate = ["rotate-keys", "--secret", "people/ring"];
    let prepared = world
        .run(&[&rotate[..], &["prepare", "--apply"]].concat())
        .await;
    assert_eq!(prepared.0, 0, "{}", prepared.2);
    let (status, early, _) = world.run(&[&rotate[..], &["activate"]].concat()).await;
    assert_eq!(
        (status, &early["functionsChecked"]),
        (1, &json!(FUNCTIONS.len()))
    );
    let other = ["rotate-keys", "--secret", "people/other", "activate"];
    let (status, refused, _) = world.run(&other).await;
    let error = refused["error"].as_str().expect("an error");
    assert!(
        status == 1 && error.contains("reads the secret people/ring"),
        "{error}"
    );
    tracing::error!(
        call = "GetSecretValue",
        code = "timeout",
        "key ring not read"
    );
    world.log().await;
    let (_, refused, _) = world.run(&[&rotate[..], &["activate"]].concat()).await;
    let error = refused["error"].as_str().expect("an error");
    assert!(error.contains("failed to read the key ring"), "{error}");
}

/// An account that holds Bob's address without a proof leads to nothing of Bob's.
async fn leaves_unproved_contacts(world: &World) {
    let held = json!([{ "Name": "email", "Value": BOB }]);
    let mallory = World::create_account(world.emulator, &world.pool, "mallory", &held).await;
    let before = world.kinds().await;
    let (status, exported, text) = world.run(&["export", "--sub", &mallory]).await;
    assert_eq!((status, &exported["items"]), (0, &json!([])), "{text}");
    for who in [&["--sub", &mallory][..], &[BOB]] {
        let (status, shown, text) = world.run(&[&["erase"], who].concat()).await;
        assert_eq!((status, &shown["items"]), (0, &json!({})), "{text}");
        assert_eq!(shown["notProved"], json!(["email"]));
        assert!(text.contains("not proved: left"), "{text}");
    }
    let erase = ["erase", "--sub", &mallory, "--apply", "--yes"];
    let (status, erased, text) = world.run(&erase).await;
    assert_eq!((status, &erased["removed"]), (0, &json!(0)), "{text}");
    assert_eq!(world.kinds().await, before);
}

/// An account whose change of a contact can be undone stays, and so does what the undo needs.
async fn refuses_while_a_change_can_be_undone(world: &World) {
    let before = world.kinds().await;
    let until = "2100-01-01T00:00:00.000Z";
    let (status, shown, text) = world.run(&["erase", ADA]).await;
    assert_eq!((status, &shown["undoableUntil"]), (0, &json!(until)));
    assert!(text.contains("--despite-undo"), "{text}");
    for contact in [ADA, FORMER] {
        let erase = ["erase", contact, "--apply", "--yes"];
        let (status, refused, text) = world.run(&erase).await;
        let error = refused["error"].as_str().unwrap_or_default();
        assert!(status == 2 && error.contains("--despite-undo"), "{text}");
        assert!(error.contains(until), "{error}");
    }
    assert_eq!(world.kinds().await, before);
    assert!(world.has_ada().await, "the account stays");
}

/// A change of a contact that is committed while the question waits keeps the account, which then signs in
/// as before.
async fn looks_again_after_the_question(world: &World) {
    let items = world.items().await;
    let is_undo = |it: &&Value| {
        it["pk"]["S"]
            .as_str()
            .is_some_and(|key| key.starts_with("undo#"))
    };
    let undo = items.iter().find(is_undo).expect("an undo record").clone();
    let of_undo = |member: &str, value: &Value| json!({ "TableName": TABLE, member: value });
    let key = of_undo("Key", &json!({ "pk": undo["pk"] }));
    let table = world.emulator;
    table.call("DynamoDB_20120810.DeleteItem", &key).await;

    let program = env!("CARGO_BIN_EXE_latchstring");
    let erase = format!(
        "{program} erase --sub {} --apply --stack people --json",
        world.sub
    );
    // A terminal for the question.
    let mut asked = Command::new("script")
        .args(["--quiet", "--return", "--command", &erase, "/dev/null"])
        .env_clear()
        .env("AWS_REGION", super::REGION)
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_ENDPOINT_URL", table.endpoint())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut output = asked.stdout.take().expect("a pipe");
    let until_asked = move || {
        let (mut text, mut byte) = (Vec::new(), [0]);
        while !text.ends_with(b"to go on:") {
            output.read_exact(&mut byte).expect("it asks");
            text.push(byte[0]);
        }
        output
    };
    let mut output = tokio::task::spawn_blocking(until_asked)
        .await
        .expect("a question");
    table
        .call("DynamoDB_20120810.PutItem", &of_undo("Item", &undo))
        .await;
    let answer = format!("{}\n", world.sub);
    let until_ended = move || {
        let mut input = asked.stdin.take().expect("a pipe");
        input.write_all(answer.as_bytes()).expect("it reads");
        let mut text = String::new();
        output.read_to_string(&mut text).expect("text");
        (asked.wait().expect("it ends"), text)
    };
    let ended = tokio::task::spawn_blocking(until_ended).await;
    let (status, text) = ended.expect("it ends");
    assert!(
        status.code() == Some(1) && text.contains("--despite-undo"),
        "{text}"
    );
    let user = json!({ "UserPoolId": world.pool, "Username": "ada" });
    let target = "AWSCognitoIdentityProviderService.AdminGetUser";
    assert_eq!(
        table.call(target, &user).await["Enabled"],
        true,
        "it signs in"
    );
}

/// Everything of Ada is erased, and then of Bob, who has no account. Flows and guesses stay until they
/// have ended.
async fn erases(world: &World) {
    let before = world.kinds().await;
    let guesses = world.guesses_of_ada().await;
    assert!(!guesses.is_empty());
    let (status, shown, _) = world.run(&["erase", "--sub", &world.sub]).await;
    assert_eq!((status, &shown["items"]["flow"]), (0, &json!(2)));
    assert_eq!(world.kinds().await, before, "nothing was changed");
    let unconfirmed = ["erase", "--sub", &world.sub, "--apply", "--despite-undo"];
    let refused = world.run(&unconfirmed).await;
    assert_eq!(refused.0, 2, "there is no terminal to confirm it on");
    let erase = ["erase", ADA, "--apply", "--yes", "--despite-undo"];
    let (status, erased, text) = world.run(&erase).await;
    assert_eq!((status, &erased["left"]), (0, &json!({})), "{text}");
    assert_eq!(world.kinds().await["flow"], 3, "a flow ends a replay");
    assert_eq!(world.guesses_of_ada().await, guesses);
    let expiring = &erased["expiring"];
    assert_eq!(expiring["flow"]["count"], 2);
    let until = expiring["counter of guesses"]["until"].as_str();
    assert!(until.is_some_and(|it| text.contains(it)), "{expiring}");
    let after = world.kinds().await;
    let generation = world
        .devices(async |table, key| table.get(&key).await)
        .await;
    assert!(matches!(generation, Ok(Some(_))), "ended tokens stay ended");
    for kind in [
        "pending", "undo", "replaced", "lease", "session", "sessions",
    ] {
        assert_eq!(after[kind], Value::Null, "{kind}");
    }
    assert_eq!(after["invitation"], 1, "Bob's invitation stays");
    assert!(!world.has_ada().await, "the account is gone");
    let (status, again, _) = world.run(&["erase", ADA, "--apply", "--yes"]).await;
    assert_eq!((status, &again["removed"]), (0, &json!(0)));
    world.age_flows().await;
    let (status, again, _) = world.run(&["erase", ADA, "--apply", "--yes"]).await;
    assert_eq!((status, &again["removed"]), (0, &json!(2)));
    assert_eq!(world.kinds().await["flow"], 1, "Bob's flow stays");
    let (status, erased, _) = world.run(&["erase", BOB, "--apply", "--yes"]).await;
    assert_eq!((status, &erased["left"]), (0, &json!({})));
    let after = world.kinds().await;
    assert_eq!(
        (&after["flow"], &after["invitation"]),
        (&Value::Null, &Value::Null)
    );
}
