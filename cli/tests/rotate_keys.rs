//! The rotation of a key ring in an emulator of Secrets Manager that others wrote. After each change the
//! functions' parser reads the ring, which then opens what was sealed before or no longer does.

use std::process::{Command, Output, Stdio};
use std::time::Duration;

use latchstring_cli::access::Access;
use latchstring_cli::rotation::{Change, Plan, RingSecret, SecretError, Step, StoredRing};
use latchstring_core::code::CodeLength;
use latchstring_core::flow::{AppClient, Purpose};
use latchstring_core::identifier::{Identifier, Method};
use latchstring_core::keys::KeyId;
use latchstring_core::ports::Clock as _;
use latchstring_core::pseudonym::Pseudonym;
use latchstring_core::rate_limit::CodeTerms;
use latchstring_core::sealed::Ticket;
use latchstring_lambda::{OsEntropy, RingText, SystemClock};
use latchstring_tests::{Lost, Ministack, Tap, holds_no_secret, note};
use serde_json::{Value, json};

const TEN_MINUTES: Duration = Duration::from_secs(600);
/// An hour for a contact that waits to be proved, and ten minutes.
const SEVENTY_MINUTES: Duration = Duration::from_secs(4200);

fn access(endpoint: &str) -> Access {
    Access {
        region: "eu-west-1".to_owned(),
        access_key_id: "test".to_owned(),
        secret_access_key: "test".to_owned(),
        session_token: None,
        endpoint_url: Some(endpoint.to_owned()),
    }
}

fn key(id: &str) -> Value {
    // 40 bytes in base64, another one for each id.
    let secret = format!("{id:A<40}{}", "B".repeat(16));
    note(&secret);
    json!({"id": id, "secret": secret})
}

/// A secret of the emulator, behind a proxy that can lose calls.
struct World {
    emulator: &'static Ministack,
    tap: Tap,
    name: String,
}

impl World {
    /// Stores a secret with this text.
    async fn of(name: &str, text: String) -> Self {
        let emulator = Ministack::shared().await;
        let created = json!({"Name": name, "SecretString": text});
        emulator.call("secretsmanager.CreateSecret", &created).await;
        Self {
            emulator,
            tap: Tap::before(emulator.endpoint()).await,
            name: name.to_owned(),
        }
    }

    /// Stores the secret of a new deployment, as `CloudFormation` generates it.
    async fn new(name: &str) -> Self {
        Self::of(name, key("k1").to_string()).await
    }

    fn secret(&self) -> RingSecret {
        RingSecret::new(&access(self.tap.endpoint()), &*self.name)
    }

    async fn stored_text(&self) -> String {
        let request = json!({"SecretId": self.name});
        let call = self
            .emulator
            .call("secretsmanager.GetSecretValue", &request);
        let answer = call.await;
        answer["SecretString"].as_str().expect("a text").to_owned()
    }

    /// Returns the stored ring. Its secrets must not be printed from now on.
    async fn stored(&self) -> RingText {
        let text = &*self.stored_text().await;
        let value: Value = serde_json::from_str(text).expect("JSON");
        for key in value.as_object().expect("roles").values() {
            note(key["secret"].as_str().unwrap_or_default());
        }
        let ring = RingText::parse(text).expect("a ring");
        assert!(ring.ring().is_some(), "the functions read it");
        ring
    }

    /// Makes a change after this time, and returns the stored ring.
    async fn make(&self, change: &Change, later: Duration) -> Result<RingText, String> {
        let secret = self.secret();
        let read = secret.read().await.map_err(|error| error.to_string())?;
        let ring = planned(&read, change, later)?;
        let replaced = secret.replace(&read, &ring).await;
        replaced.map_err(|error| error.to_string())?;
        assert!(self.stored().await == ring, "the planned ring is stored");
        Ok(ring)
    }

    async fn step(&self, step: Step, later: Duration) -> Result<RingText, String> {
        self.make(&Change::Step(step), later).await
    }

    /// Runs the program with a step and its options.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = latchstring(self.emulator.endpoint());
        command.args(["--secret", &self.name]).args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.command(arguments).output().expect("it starts");
        printed(&output)
    }
}

fn planned(read: &StoredRing, change: &Change, later: Duration) -> Result<RingText, String> {
    let plan = Plan {
        ring: &read.ring,
        stored_at: read.stored_at,
        now: SystemClock.now().plus(later),
        pending_life: Duration::from_secs(3600),
        entropy: &OsEntropy,
    };
    plan.after(change).map_err(|refusal| refusal.to_string())
}

fn latchstring(endpoint: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_latchstring"));
    command
        .arg("rotate-keys")
        .env_clear()
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_ENDPOINT_URL", endpoint);
    command
}

/// Returns the exit status and everything that was printed, without a secret in it.
fn printed(output: &Output) -> (i32, String) {
    let text = [&*output.stdout, &*output.stderr].concat();
    let text = String::from_utf8(text).expect("text");
    assert!(holds_no_secret(&text), "a secret was printed");
    (output.status.code().expect("an exit status"), text)
}

/// The leak of one key.
fn leak(key: KeyId) -> Change {
    Change::Revoke {
        key,
        also_lasting: false,
    }
}

fn address() -> Identifier {
    Identifier::parse(Method::Email, "ada@example.com").expect("an address")
}

/// Returns a ticket that the current key of a ring seals.
fn ticket(ring: &RingText) -> String {
    let charge = CodeTerms::uncharged(CodeLength::DEFAULT);
    let ticket = Ticket::new(
        Purpose::SignIn,
        address(),
        charge,
        SystemClock.now(),
        &OsEntropy,
    );
    let keys = ring.ring().expect("a ring");
    let text = ticket.seal(&keys, &AppClient::new("pool", "client"), &OsEntropy);
    note(&text);
    text
}

fn opens(ring: &RingText, ticket: &str) -> bool {
    let keys = ring.ring().expect("a ring");
    let app_client = AppClient::new("pool", "client");
    Ticket::open(
        ticket,
        &keys,
        &app_client,
        SystemClock.now(),
        SEVENTY_MINUTES,
    )
    .is_ok()
}

/// Returns the name of an address in the table, which only the lasting key decides.
fn pseudonym(ring: &RingText) -> String {
    Pseudonym::of_identifier(&ring.ring().expect("a ring"), &address()).to_string()
}

fn ids(ring: &RingText) -> String {
    let roles = ring
        .roles()
        .map(|(role, key)| format!("{role} {}", key.id()));
    roles.collect::<Vec<_>>().join(", ")
}

fn alone(current: &Value) -> RingText {
    RingText::parse(&current.to_string()).expect("a ring")
}

/// Rotates once, and returns the ring. The key before it opens its tickets until it is retired.
async fn rotates(world: &World, before: &RingText) -> RingText {
    let (old, name) = (ticket(before), pseudonym(before));
    let prepared = world.step(Step::Prepare, SEVENTY_MINUTES).await;
    let prepared = prepared.expect("the ring has one key");
    assert!(opens(&prepared, &old));
    assert!(prepared.current == before.current, "it is in use");

    let early = world.step(Step::Activate, Duration::ZERO).await;
    let early = early.expect_err("functions use the ring before");
    assert!(early.starts_with("it is too early to activate"), "{early}");
    let activated = world.step(Step::Activate, TEN_MINUTES).await;
    let activated = activated.expect("the functions know the key");
    let new = ticket(&activated);
    assert!(opens(&activated, &old) && opens(&prepared, &new));
    assert!(!opens(before, &new), "a new key seals");

    for again in [Step::Prepare, Step::Activate] {
        let refusal = world.step(again, SEVENTY_MINUTES).await;
        let refusal = refusal.expect_err("a rotation is under way");
        let expected = format!("the next step of this ring is retire, not {again}");
        assert_eq!(refusal, expected);
    }
    let early = world.step(Step::Retire, TEN_MINUTES).await;
    let early = early.expect_err("a contact may wait to be proved");
    assert!(early.starts_with("it is too early to retire"), "{early}");
    let retired = world.step(Step::Retire, SEVENTY_MINUTES).await;
    let retired = retired.expect("no text of the old key is valid");
    assert!(opens(&retired, &new) && !opens(&retired, &old));
    assert!(opens(&activated, &new), "a function with the ring before");

    for ring in [&prepared, &activated, &retired] {
        assert_eq!(pseudonym(ring), name, "budgets and devices stay");
    }
    retired
}

#[tokio::test]
async fn two_rotations_keep_the_lasting_key_and_repeat_no_id() {
    let world = World::new("rotation/twice").await;
    let first = world.stored().await;
    let once = rotates(&world, &first).await;
    let twice = rotates(&world, &once).await;
    let id = |ring: &RingText| ring.current.id().to_owned();
    assert_ne!(id(&once), id(&twice));
    for ring in [&once, &twice] {
        assert_eq!(ids(ring), format!("current {}, lasting k1", id(ring)));
    }
}

#[tokio::test]
async fn a_step_that_is_interrupted_changes_nothing_and_is_repeated() {
    let world = World::new("rotation/interrupted").await;
    let mut before = world.stored().await;
    for step in [Step::Prepare, Step::Activate, Step::Retire] {
        for (operation, lost) in [
            ("PutSecretValue", Lost::Request),
            ("PutSecretValue", Lost::Reply),
            ("UpdateSecretVersionStage", Lost::Request),
        ] {
            world.tap.lose_next(operation, lost);
            let error = world.step(step, SEVENTY_MINUTES).await;
            let error = error.expect_err("a call fails");
            let expected = format!("secretsmanager:{operation} answered an unknown error");
            assert!(error.starts_with(&expected), "{error}");
            assert!(error.ends_with("nothing changed"), "{error}");
            assert!(world.stored().await == before, "{step}");
        }
        let repeated = world.step(step, SEVENTY_MINUTES).await;
        before = repeated.expect("nothing is in its way");
    }
}

#[tokio::test]
async fn a_change_whose_last_reply_is_lost_is_found_to_be_made() {
    let world = World::new("rotation/lost-reply").await;
    world.tap.seen();
    world.tap.lose_next("UpdateSecretVersionStage", Lost::Reply);
    let made = world.step(Step::Prepare, Duration::ZERO).await;
    assert!(made.expect("it took effect").next.is_some());
    let seen = world.tap.seen().into_iter();
    let operations: Vec<_> = seen.map(|request| request.operation).collect();
    let expected = [
        "GetSecretValue",
        "PutSecretValue",
        "UpdateSecretVersionStage",
        "GetSecretValue",
    ];
    assert_eq!(operations, expected, "no write is repeated");
}

/// Two operators read one ring, and then both replace it.
#[tokio::test]
async fn of_two_operators_at_once_only_one_changes_the_ring() {
    let leaked = leak(KeyId::parse("k1").expect("an id"));
    let prepare = Change::Step(Step::Prepare);
    for (number, [one, other]) in [
        [&prepare, &prepare],
        [&leaked, &prepare],
        [&prepare, &leaked],
        [&leaked, &leaked],
    ]
    .into_iter()
    .enumerate()
    {
        let world = World::new(&format!("rotation/race-{number}")).await;
        let (ada, bob) = (world.secret(), world.secret());
        let read_by_ada = ada.read().await.expect("a ring");
        let read_by_bob = bob.read().await.expect("a ring");
        let of_ada = planned(&read_by_ada, one, Duration::ZERO).expect("a ring");
        let of_bob = planned(&read_by_bob, other, Duration::ZERO).expect("a ring");
        assert_eq!(ada.replace(&read_by_ada, &of_ada).await, Ok(()));
        let refused = bob.replace(&read_by_bob, &of_bob).await;
        assert_eq!(refused, Err(SecretError::Changed));
        assert!(world.stored().await == of_ada, "{number}");
        // A second step of the first operator by the same reading is refused, too.
        let refused = ada.replace(&read_by_ada, &of_bob).await;
        assert_eq!(refused, Err(SecretError::Changed));
        assert!(world.stored().await == of_ada, "{number}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_programs_at_once_only_one_prepares_a_key() {
    let world = World::new("rotation/programs").await;
    let start = |_| {
        let mut command = world.command(&["prepare", "--apply"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("it starts")
    };
    let programs: Vec<_> = (0..4).map(start).collect();
    let outputs: Vec<_> = programs
        .into_iter()
        .map(|program| printed(&program.wait_with_output().expect("it ends")))
        .collect();
    let (made, refused): (Vec<_>, Vec<_>) = outputs.iter().partition(|(code, _)| *code == 0);
    assert_eq!((made.len(), refused.len()), (1, 3), "{outputs:?}");
    assert!(refused.iter().all(|(code, _)| *code == 1));
    let ring = world.stored().await;
    let next = ring.next.expect("a next key");
    let named = format!("after:  current k1, next {}, lasting k1", next.id());
    assert!(made[0].1.contains(&named), "{}", made[0].1);
}

/// A leak of each role, in a ring that has all of them.
#[tokio::test]
async fn a_revoked_key_opens_nothing_and_budgets_outlive_all_but_one() {
    for leaked in ["k1", "k2", "k3", "k4"] {
        let text = json!({
            "lasting": key("k1"), "previous": key("k2"), "current": key("k3"), "next": key("k4"),
        });
        let world = World::of(&format!("rotation/leak-{leaked}"), text.to_string()).await;
        let before = world.stored().await;
        let id = KeyId::parse(leaked).expect("an id");
        let after = world.make(&leak(id), Duration::ZERO).await;
        let after = after.expect("a leak does not wait");
        for key in ["k1", "k2", "k3", "k4"].map(key) {
            let forged = ticket(&alone(&key));
            assert!(!opens(&after, &forged), "{leaked}");
        }
        assert!(opens(&after, &ticket(&after)));
        let new = after.current.id();
        let (is_kept, expected) = if leaked == "k1" {
            (false, format!("current {new}"))
        } else {
            (true, format!("current {new}, lasting k1"))
        };
        assert_eq!(ids(&after), expected, "{leaked}");
        assert_eq!(pseudonym(&after) == pseudonym(&before), is_kept, "{leaked}");
    }
}

#[tokio::test]
async fn a_leak_in_each_state_of_a_rotation_ends_the_rotation() {
    let steps = [Step::Prepare, Step::Activate, Step::Retire];
    for count in 0..=steps.len() {
        let world = World::new(&format!("rotation/leak-after-{count}")).await;
        let mut ring = world.stored().await;
        for step in &steps[..count] {
            ring = world.step(*step, SEVENTY_MINUTES).await.expect("a step");
        }
        let old = ticket(&ring);
        let leaked = KeyId::parse(ring.current.id()).expect("an id");
        let is_lasting = ring
            .lasting
            .is_none_or(|lasting| lasting.id() == leaked.as_str());
        let after = world.make(&leak(leaked), Duration::ZERO).await;
        let after = after.expect("a leak does not wait");
        assert!(!opens(&after, &old), "{count}");
        assert_eq!(after.lasting.is_none(), is_lasting, "{count}");
        // The next rotation begins at once.
        let prepared = world.step(Step::Prepare, Duration::ZERO).await;
        assert!(prepared.is_ok_and(|ring| opens(&ring, &ticket(&after))));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_shows_a_step_and_makes_it_with_apply() {
    let world = World::new("rotation/program").await;
    let first = world.stored().await;
    let (code, text) = world.run(&["status"]);
    assert_eq!(code, 0);
    for line in ["current   k1\n", "next step prepare, possible now\n"] {
        assert!(text.contains(line), "{text}");
    }
    let (code, text) = world.run(&["prepare"]);
    assert_eq!(code, 0);
    let shown = "after:  current k1, next (new), lasting k1\n";
    assert!(text.contains(shown), "{text}");
    assert!(world.stored().await == first, "nothing is stored");

    let (code, text) = world.run(&["prepare", "--apply"]);
    assert_eq!(code, 0);
    assert!(text.contains("next step is activate, in 10 minutes"));
    let prepared = world.stored().await;
    let next = prepared.next.as_ref().expect("a next key").id().to_owned();
    assert!(text.contains(&format!("next {next}")), "{text}");
    let (code, text) = world.run(&["activate", "--apply"]);
    assert_eq!(code, 1);
    assert!(
        text.contains("too early to activate: wait 10 minutes"),
        "{text}"
    );
    let (code, text) = world.run(&["status"]);
    assert_eq!(code, 0);
    let waits = "next step activate, in 10 minutes\n";
    assert!(text.contains(waits) && text.contains(&next), "{text}");
    assert!(world.stored().await == prepared, "a refused step");

    let (code, text) = world.run(&["revoke", "--key", "k9", "--apply"]);
    assert_eq!(code, 1);
    assert!(text.contains("no key of the ring has the id k9"), "{text}");
    let (code, text) = world.run(&["revoke", "--key", "k1"]);
    assert_eq!(code, 0);
    assert!(text.contains("after:  current (new)\n"), "{text}");
    assert!(!text.contains("latchstring restart"), "{text}");
    assert!(world.stored().await == prepared, "nothing is stored");
    let (code, text) = world.run(&["revoke", "--key", "k1", "--apply"]);
    assert_eq!(code, 0);
    let restarts = text.contains("\n  latchstring restart --stack STACK --apply\n");
    assert!(restarts && text.contains("devices are unknown"), "{text}");
    let revoked = world.stored().await;
    assert_eq!(ids(&revoked), format!("current {}", revoked.current.id()));
}

/// A leak of the whole secret: the lasting key of the ring leaked with the current one.
#[tokio::test(flavor = "multi_thread")]
async fn a_lasting_key_that_stays_after_a_leak_is_named() {
    let text = json!({"current": key("k2"), "lasting": key("k1")}).to_string();
    let world = World::of("rotation/kept", text.clone()).await;
    let (code, text_of_plan) = world.run(&["revoke", "--key", "k2"]);
    assert_eq!(code, 0);
    let warned = "Warning: the lasting key k1 stays in the ring.";
    assert!(text_of_plan.contains(warned), "{text_of_plan}");
    assert!(
        text_of_plan.contains("add --also-lasting"),
        "{text_of_plan}"
    );

    let (code, made) = world.run(&["revoke", "--key", "k2", "--apply"]);
    assert_eq!(code, 0);
    let last = made.lines().last().expect("a line");
    assert!(last.contains("this is not finished"), "{made}");
    assert!(last.contains("\"revoke --key k1 --apply\""), "{made}");
    let (code, finished) = world.run(&["revoke", "--key", "k1", "--apply"]);
    assert_eq!(code, 0);
    assert!(!finished.contains("Warning"), "{finished}");
    assert!(world.stored().await.lasting.is_none());

    let world = World::of("rotation/kept-none", text).await;
    let (code, made) = world.run(&["revoke", "--key", "k2", "--also-lasting", "--apply"]);
    assert_eq!(code, 0);
    assert!(!made.contains("Warning"), "{made}");
    assert!(made.contains("devices are unknown"), "{made}");
    let stored = world.stored().await;
    assert_eq!(ids(&stored), format!("current {}", stored.current.id()));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_setting_of_the_waiting_time_is_read() {
    let world = World::new("rotation/environment").await;
    let mut command = world.command(&["status"]);
    command
        .env("EMAIL", "ada@example.com")
        .env("RESENDS", "many");
    let (code, text) = printed(&command.output().expect("it starts"));
    assert_eq!(code, 0, "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_with_unknown_members_is_not_replaced() {
    let with = |mut key: Value| {
        key["created"] = json!(1);
        key
    };
    for (number, (text, named)) in [
        (
            json!({"current": key("k1"), "note": {"of": "us"}, "next": null}),
            "note",
        ),
        (json!({ "current": with(key("k1")) }), "current.created"),
        (with(key("k1")), "current.created"),
        (
            json!({"current": key("k2"), "lasting": with(key("k1"))}),
            "lasting.created",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let text = text.to_string();
        let world = World::of(&format!("rotation/unknown-{number}"), text.clone()).await;
        assert_eq!(world.run(&["status"]).0, 0);
        for arguments in [
            &["prepare"][..],
            &["prepare", "--apply"],
            &["revoke", "--key", "k1", "--apply"],
        ] {
            let (code, printed) = world.run(arguments);
            assert_eq!(code, 1);
            let error = format!("a new ring would lose them: {named}. Install");
            assert!(printed.contains(&error), "{printed}");
        }
        let read = world.secret().read().await.expect("a ring");
        let refused = world.secret().replace(&read, &read.ring).await;
        let expected = SecretError::UnknownMembers(vec![named.to_owned()]);
        assert_eq!(refused, Err(expected));
        assert_eq!(world.stored_text().await, text, "nothing is stored");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wait_for_retire_follows_the_setting() {
    let text = json!({"current": key("k2"), "previous": key("k1"), "lasting": key("k1")});
    let world = World::of("rotation/setting", text.to_string()).await;
    for (seconds, waits) in [("600", "20 minutes"), ("86400", "1450 minutes")] {
        let mut command = world.command(&["retire", "--apply"]);
        let output = command.env("PENDING_SECONDS", seconds).output();
        let (code, text) = printed(&output.expect("it starts"));
        assert_eq!(code, 1);
        assert!(text.contains(&format!("wait {waits}")), "{text}");
    }
    let mut command = world.command(&["retire"]);
    let output = command.env("PENDING_SECONDS", "1").output();
    assert_eq!(printed(&output.expect("it starts")).0, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_no_ring_is_neither_printed_nor_replaced() {
    let text = r#"{"password": "hunter2-of-another-program"}"#;
    note("hunter2-of-another-program");
    let world = World::of("rotation/no-ring", text.to_owned()).await;
    for arguments in [&["status"][..], &["prepare", "--apply"]] {
        let (code, text) = world.run(arguments);
        assert_eq!(code, 1);
        assert!(text.contains("holds no key ring"), "{text}");
    }
    let missing = World {
        name: "rotation/none".to_owned(),
        ..world
    };
    let (code, text) = missing.run(&["status"]);
    assert_eq!(code, 1);
    assert!(
        text.contains("answered ResourceNotFoundException; nothing changed. Check the names"),
        "{text}"
    );
}

/// Starts an AWS that permits nothing.
async fn denying() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let deny = async || {
        let body = r#"{"__type": "AccessDeniedException", "Message": "no"}"#;
        (axum::http::StatusCode::BAD_REQUEST, body)
    };
    let router = axum::Router::new().fallback(deny);
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_permission_the_program_names_it() {
    let output = latchstring(&denying().await)
        .args(["--secret", "keys", "status"])
        .output();
    let (code, text) = printed(&output.expect("it starts"));
    assert_eq!(code, 1);
    assert!(
        text.contains("permission secretsmanager:GetSecretValue"),
        "{text}"
    );
}

#[test]
fn without_credentials_or_in_another_region_nothing_is_called() {
    let nowhere = || latchstring("http://127.0.0.1:1");
    let arn = "arn:aws:secretsmanager:us-east-1:000000000000:secret:keys-AbCdEf";
    let output = nowhere().args(["--secret", arn, "status"]).output();
    let (code, text) = printed(&output.expect("it starts"));
    assert_eq!(code, 2);
    assert!(
        text.contains("not the ARN of a secret in AWS_REGION"),
        "{text}"
    );
    let mut command = nowhere();
    command
        .args(["--secret", "keys", "status"])
        .env_remove("AWS_REGION");
    let (code, text) = printed(&command.output().expect("it starts"));
    assert_eq!(code, 2);
    assert!(text.contains("AWS_REGION is not set"), "{text}");
}
