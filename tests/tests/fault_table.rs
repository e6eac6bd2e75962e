//! The effect of a message that is not sent and of a key ring that is not read: the end of
//! docs/faults.md, whose beginning the core's own `fault_table` writes.
//! `UPDATE_GOLDEN=1 cargo test --workspace --test fault_table` writes it again.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use std::{env, fs};

use latchstring_aws::CognitoChallengeApi;
use latchstring_core::account::{Account, Attributes};
use latchstring_core::code::CodeLength;
use latchstring_core::flow::{AppClient, Challenge, FlowId, Purpose, Step};
use latchstring_core::identifier::{Identifier, Method};
use latchstring_core::keys::{Key, KeyId, KeyRing};
use latchstring_core::message::Message;
use latchstring_core::policy::{Deployment, Policy};
use latchstring_core::ports::{
    Clock, Courier, DeliveryError, DeliveryOutcome, FlowStore, PortError, SecretSource,
};
use latchstring_core::rate_limit::{CodeTerms, Countries, Price};
use latchstring_core::sealed::Ticket;
use latchstring_core::secret::Secret;
use latchstring_core::time::Timestamp;
use latchstring_lambda::cognito::{CreateTrigger, DefineTrigger, VerifyTrigger};
use latchstring_lambda::resolver::{NoSessions, SignInResolver, SourceOf};
use latchstring_lambda::{DELIVERY, Handler, OsEntropy, Rotating, answer, follow_up};
use latchstring_memory::{Inbox, MemoryDirectory, MemoryStore, SeededEntropy};
use latchstring_tests::{StillClock, aws_at, note};
use serde_json::{Value, json};
use tokio::time::Instant;

const POOL: &str = "eu-west-1_FAULTS";
const CLIENT: &str = "faultsclient";
const START: Timestamp = Timestamp::from_secs(1_800_000_000);
const SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// The ways in which a delivery breaks, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Break {
    /// No connection is made.
    NeverLeft,
    /// The service refuses, or throttles.
    Refused,
    /// The service does not answer within the time limit, and does not send.
    Hangs,
    /// The message is sent, but the courier gets no answer.
    AnswerLost,
}

impl Break {
    const ALL: [Self; 4] = [
        Self::NeverLeft,
        Self::Refused,
        Self::Hangs,
        Self::AnswerLost,
    ];

    const fn word(self) -> &'static str {
        match self {
            Self::NeverLeft => "does not leave",
            Self::Refused => "is refused or throttled",
            Self::Hangs => "hangs, and is lost",
            Self::AnswerLost => "does its work, and its answer is lost",
        }
    }

    const fn outcome(self) -> DeliveryOutcome {
        match self {
            Self::NeverLeft => DeliveryOutcome::NeverLeft,
            Self::Refused => DeliveryOutcome::Refused,
            Self::Hangs | Self::AnswerLost => DeliveryOutcome::Unknown,
        }
    }
}

/// A courier whose next delivery breaks.
struct Breaking {
    inbox: Inbox<StillClock>,
    next: Mutex<Option<Break>>,
}

impl Courier for Breaking {
    async fn deliver(&self, message: &Message) -> Result<(), DeliveryError> {
        let broken = self.next.lock().expect("no panic").take();
        if broken.is_none_or(|how| how == Break::AnswerLost) {
            self.inbox.deliver(message).await?;
        }
        match broken {
            None => Ok(()),
            Some(how) => Err(DeliveryError {
                fault: PortError::new("deliver", "broken"),
                outcome: how.outcome(),
            }),
        }
    }
}

/// A secret that cannot be read while it is broken.
struct Fixed {
    broken: Arc<AtomicBool>,
}

impl SecretSource for Fixed {
    async fn read(&self) -> Result<Secret, PortError> {
        if self.broken.load(Ordering::Relaxed) {
            return Err(PortError::new("GetSecretValue", "broken"));
        }
        let ring = json!({"current": {"id": "k1", "secret": SECRET}});
        Ok(Secret::new(ring.to_string()))
    }
}

fn keys() -> KeyRing {
    let secret: Vec<u8> = (0..32).collect();
    let key = Key::new(KeyId::parse("k1").expect("an id"), &secret).expect("a key");
    KeyRing::new(key, None, None).expect("one key is a ring")
}

fn policy() -> Policy {
    let mut policy = Policy::for_clients(vec![CLIENT.to_owned()]);
    policy.budgets.sms.countries = Countries::All(Price::hundredths(10));
    policy
}

fn event_of(trigger: &str, request: &Value) -> Value {
    json!({
        "version": "1",
        "region": "eu-west-1",
        "userPoolId": POOL,
        "userName": "ada",
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": CLIENT},
        "triggerSource": format!("{trigger}_Authentication"),
        "request": request,
        "response": {},
    })
}

/// An earlier round of the session.
fn round(metadata: &Value, passed: bool) -> Value {
    json!({
        "challengeName": "CUSTOM_CHALLENGE",
        "challengeResult": passed,
        "challengeMetadata": metadata,
    })
}

/// The metadata of a first challenge.
fn select(entropy: &SeededEntropy) -> Value {
    use latchstring_core::ports::Entropy as _;
    let challenge = Challenge {
        flow: FlowId::from_bytes(entropy.bytes()),
        step: Step::Select,
    };
    json!(challenge.to_text(&keys(), &AppClient::new(POOL, CLIENT)))
}

/// Create's event that sends a code.
fn sends(method: Method, now: Timestamp) -> Value {
    let text = match method {
        Method::Email => "ada@example.com",
        Method::PhoneNumber => "+14155550132",
    };
    note(text);
    let entropy = SeededEntropy::new(now.as_millis());
    let to = Identifier::parse(method, text).expect("an identifier");
    let terms = CodeTerms::ordinary(CodeLength::DEFAULT);
    let app_client = AppClient::new(POOL, CLIENT);
    let ticket =
        Ticket::new(Purpose::SignIn, to, terms, now, &entropy).seal(&keys(), &app_client, &entropy);
    note(&ticket);
    event_of(
        "CreateAuthChallenge",
        &json!({
            "userAttributes": {},
            "userNotFound": true,
            "session": [round(&select(&entropy), true)],
            "clientMetadata": {"method": method.as_str(), "ticket": ticket},
        }),
    )
}

/// Create's event after the user requested a resend.
fn resend(event: &Value, asked: &Value) -> Value {
    let mut event = event.clone();
    let session = event["request"]["session"].as_array_mut();
    let metadata = &asked["response"]["challengeMetadata"];
    session.expect("a session").push(round(metadata, false));
    event["request"]["clientMetadata"] = json!({"action": "resend"});
    event
}

/// The effect of a broken delivery on the user.
async fn effect(method: Method, how: Break) -> String {
    let clock = StillClock::at(START);
    let create = CreateTrigger {
        deployment: Deployment {
            policy: policy(),
            keys: keys(),
        },
        store: MemoryStore::default(),
        courier: Breaking {
            inbox: Inbox::new(clock.clone()),
            next: Mutex::new(Some(how)),
        },
        clock: clock.clone(),
        entropy: SeededEntropy::new(1),
    };
    let inbox = || create.courier.inbox.messages(None, usize::MAX).len();
    let asked = sends(method, START);
    let answered = answer(&create, asked.clone()).await.expect("an answer");
    let question = &answered.value["response"]["publicChallengeParameters"]["step"];
    assert_eq!(question, "otp", "the answer does not depend on it");
    let work = answered.follow_up.expect("a message");
    follow_up(&create, work, Instant::now() + DELIVERY).await;
    let arrived = inbox();
    assert_eq!(arrived, usize::from(how == Break::AnswerLost));

    let once_more = resend(&asked, &answered.value);
    let mut when = "immediately";
    let at_once = answer(&create, once_more.clone()).await.expect("an answer");
    let work = if let Some(work) = at_once.follow_up {
        work
    } else {
        when = "after the cooldown";
        clock.advance(policy().resend_after);
        let later = answer(&create, once_more).await.expect("an answer");
        later.follow_up.expect("the cooldown has ended")
    };
    follow_up(&create, work, Instant::now() + DELIVERY).await;
    assert_eq!(inbox(), arrived + 1, "the resend arrives");
    match arrived {
        0 => format!("no message; a resend {when} delivers it"),
        _ => format!("–; a resend {when}: +1 message"),
    }
}

/// Returns a key ring whose source does not answer at first.
fn ring(clock: &StillClock) -> (Rotating<Fixed, StillClock>, Arc<AtomicBool>) {
    let broken = Arc::new(AtomicBool::new(true));
    let source = Fixed {
        broken: Arc::clone(&broken),
    };
    (Rotating::new(policy(), source, clock.clone()), broken)
}

/// A user at the challenge for a code, with the right code.
struct Asked {
    id: FlowId,
    /// Verify's event with the right code.
    verify: Value,
    /// Define's event after Verify accepted it.
    define: Value,
}

/// Opens a flow of Ada's in this store, by functions that have their keys.
async fn asked(store: &MemoryStore, clock: &StillClock) -> Asked {
    let deployment = Deployment {
        policy: policy(),
        keys: keys(),
    };
    let create = CreateTrigger {
        deployment: deployment.clone(),
        store: store.clone(),
        courier: Inbox::new(clock.clone()),
        clock: clock.clone(),
        entropy: SeededEntropy::new(clock.now().as_millis()),
    };
    let mut event = sends(Method::Email, clock.now());
    event["request"]["userNotFound"] = Value::Null;
    event["request"]["userAttributes"] = adas_attributes();
    let answered = answer(&create, event.clone()).await.expect("an answer");
    let work = answered.follow_up.expect("a message");
    follow_up(&create, work, Instant::now() + DELIVERY).await;
    let sent = create.courier.messages(None, 1);
    let code = sent[0].message.code.as_ref().expect("a code").digits();
    note(code);
    let question = &answered.value["response"]["challengeMetadata"];
    let text = question.as_str().expect("a text");
    let app_client = AppClient::new(POOL, CLIENT);
    let challenge = Challenge::parse(text, &keys(), &app_client).expect("a challenge");
    let verify = json!({
        "userAttributes": adas_attributes(),
        "privateChallengeParameters": {"challenge": question},
        "challengeAnswer": code,
    });
    let rounds = [
        event["request"]["session"][0].clone(),
        round(question, true),
    ];
    let define = json!({"userAttributes": adas_attributes(), "session": rounds});
    Asked {
        id: challenge.flow,
        verify: event_of("VerifyAuthChallengeResponse", &verify),
        define: event_of("DefineAuthChallenge", &define),
    }
}

fn adas_attributes() -> Value {
    json!({
        "sub": "sub-of-ada",
        "cognito:user_status": "CONFIRMED",
        "email": "ada@example.com",
        "email_verified": "true",
    })
}

/// Returns the response of a handler without keys; null if it failed.
async fn answered<H: Handler>(handler: &H, event: &Value) -> Value {
    match answer(handler, event.clone()).await {
        Err(_) => Value::Null,
        Ok(answered) => {
            let delivery = answered.follow_up.and_then(|work| work.delivery);
            assert!(delivery.is_none(), "nothing is sent here");
            answered.value
        }
    }
}

/// Makes the ring old, and its source unreadable.
fn ages(clock: &StillClock, broken: &AtomicBool) {
    clock.advance(Duration::from_secs(601));
    broken.store(true, Ordering::Relaxed);
}

async fn define_without_keys() -> [&'static str; 2] {
    let clock = StillClock::at(START);
    let (store, (deployment, broken)) = (MemoryStore::default(), ring(&clock));
    let directory = MemoryDirectory::default();
    let attributes = adas_attributes();
    let pairs = attributes.as_object().expect("an object").iter();
    let pairs = pairs.map(|(name, value)| (name.as_str(), value.as_str().unwrap_or_default()));
    directory.put(Account {
        username: "ada".to_owned(),
        enabled: true,
        attributes: Attributes::from_pairs(pairs),
    });
    let verify = VerifyTrigger {
        deployment: Deployment {
            policy: policy(),
            keys: keys(),
        },
        store: store.clone(),
        clock: clock.clone(),
        entropy: OsEntropy,
    };
    let define = DefineTrigger {
        deployment,
        store: store.clone(),
        directory,
        courier: Inbox::new(clock.clone()),
        bus: None::<std::convert::Infallible>,
        clock: clock.clone(),
    };
    let proved = async || {
        let asked = asked(&store, &clock).await;
        let right = answered(&verify, &asked.verify).await;
        assert_eq!(right["response"]["answerCorrect"], true);
        asked.define
    };
    let event = proved().await;
    let said = answered(&define, &event).await;
    broken.store(false, Ordering::Relaxed);
    let then = answered(&define, &event).await;
    assert_eq!(then["response"]["issueTokens"], true);
    ages(&clock, &broken);
    let later = answered(&define, &proved().await).await;
    let word = |said: &Value| match &said["response"] {
        tokens if tokens["issueTokens"] == true => "–",
        asks if asks["challengeName"] == "CUSTOM_CHALLENGE" => "again",
        _ => "restart",
    };
    [word(&said), word(&later)]
}

async fn create_without_keys() -> [&'static str; 2] {
    let clock = StillClock::at(START);
    let (deployment, broken) = ring(&clock);
    let create = CreateTrigger {
        deployment,
        store: MemoryStore::default(),
        courier: Inbox::new(clock.clone()),
        clock: clock.clone(),
        entropy: SeededEntropy::new(4),
    };
    let opening = json!({"userAttributes": {}, "userNotFound": true, "session": []});
    let event = event_of("CreateAuthChallenge", &opening);
    let said = answered(&create, &event).await;
    broken.store(false, Ordering::Relaxed);
    let then = answered(&create, &event).await;
    let word = |said: &Value| match &said["response"]["publicChallengeParameters"]["step"] {
        step if step == "select" => "–",
        _ => "restart: the trigger fails",
    };
    assert_eq!(word(&then), "–");
    ages(&clock, &broken);
    let later = answered(&create, &event).await;
    [word(&said), word(&later)]
}

async fn verify_without_keys() -> [&'static str; 2] {
    let clock = StillClock::at(START);
    let (store, (deployment, broken)) = (MemoryStore::default(), ring(&clock));
    let verify = VerifyTrigger {
        deployment,
        store: store.clone(),
        clock: clock.clone(),
        entropy: OsEntropy,
    };
    let asked_now = asked(&store, &clock).await;
    let said = answered(&verify, &asked_now.verify).await;
    let row = store.flow(asked_now.id).await.expect("an answer");
    let counted = row.expect("a flow").attempts.len();
    assert_eq!(counted, 0, "and not counted");
    broken.store(false, Ordering::Relaxed);
    let then = answered(&verify, &asked_now.verify).await;
    ages(&clock, &broken);
    let asked_later = asked(&store, &clock).await;
    let later = answered(&verify, &asked_later.verify).await;
    let word = |said: &Value| match &said["response"]["answerCorrect"] {
        right if *right == true => "–",
        _ => "again: the answer counts as wrong, and is not recorded",
    };
    assert_eq!(word(&then), "–");
    [word(&said), word(&later)]
}

async fn resolver_without_keys() -> [&'static str; 2] {
    let clock = StillClock::at(START);
    let (deployment, broken) = ring(&clock);
    let nowhere = aws_at("http://127.0.0.1:1");
    let sign_in = SignInResolver {
        hook: None::<Infallible>,
        deployment,
        app_client: AppClient::new(POOL, CLIENT),
        legacy_pool: false,
        source: SourceOf::Off,
        origin: None,
        sessions: NoSessions,
        store: MemoryStore::default(),
        directory: MemoryDirectory::default(),
        api: CognitoChallengeApi::new(&nowhere, CLIENT),
        captcha: None::<Infallible>,
        clock: clock.clone(),
        entropy: SeededEntropy::new(5),
    };
    // The operation that calls no Cognito API.
    let event = json!({
        "arguments": {"input": {"emailOrPhone": "ada@example.com", "method": "EMAIL"}},
        "identity": null,
        "info": {"fieldName": "signInTicket", "parentTypeName": "Mutation", "variables": {}},
        "request": {"headers": {}, "domainName": null},
    });
    let said = answered(&sign_in, &event).await;
    broken.store(false, Ordering::Relaxed);
    let then = answered(&sign_in, &event).await;
    ages(&clock, &broken);
    let later = answered(&sign_in, &event).await;
    let word = |said: &Value| match &said["error"]["type"] {
        Value::Null if said["data"]["ticket"].is_string() => "–",
        _ => "error",
    };
    assert_eq!(word(&then), "–");
    [word(&said), word(&later)]
}

/// Returns the table of the effects of a failed read: the first one and a later one.
async fn keys_table() -> String {
    let mut table =
        "| function | the first read is lost | a later read is lost |\n|---|---|---|\n".to_owned();
    for (function, [first, later]) in [
        ("Define", define_without_keys().await),
        ("Create", create_without_keys().await),
        ("Verify", verify_without_keys().await),
        (
            "sign-in, and the other resolvers",
            resolver_without_keys().await,
        ),
    ] {
        let _ = writeln!(table, "| {function} | {first} | {later} |");
    }
    table
}

const BEGINS: &str = "\n## Sending a message\n";

async fn page() -> String {
    let mut page = format!(
        "{BEGINS}\nMessages are sent after the answer, so the answer shows no fault. Each fault is logged \
         and counted ([metrics.md](metrics.md)).\n\n| call | fault | effect on the user |\n|---|---|---|\n"
    );
    for (call, method) in [
        ("SES SendEmail", Method::Email),
        ("SNS Publish", Method::PhoneNumber),
    ] {
        for how in Break::ALL {
            let seen = effect(method, how).await;
            // Invariant: a String can always be written to.
            let _ = writeln!(page, "| {call} | {} | {seen} |", how.word());
        }
    }
    page += "\n## Reading the key ring\n\nEach process calls Secrets Manager GetSecretValue at its first \
             event, then every ten minutes. If it cannot be read, the last ring is used for 24 hours; \
             then each event counts as a first read.\n\n";
    page += &keys_table().await;
    page
}

#[tokio::test]
async fn the_page_lists_the_effect_of_a_lost_message_or_key_ring() {
    let page = page().await;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/faults.md");
    let kept = fs::read_to_string(&path).unwrap_or_default();
    let before = kept.split(BEGINS).next().unwrap_or_default();
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, format!("{before}{page}")).expect("the page is written");
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept.ends_with(&page),
        "docs/faults.md is out of date; UPDATE_GOLDEN=1 writes it:\n{page}"
    );
}
