//! What comes of a message that is not sent and of a key ring that is not read: the end of
//! docs/faults.md, whose beginning the core's own `fault_table` writes.
//! `UPDATE_GOLDEN=1 cargo test --workspace --test fault_table` writes it anew.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use std::{env, fs};

use latchstring_core::budget::Charge;
use latchstring_core::code::CodeLength;
use latchstring_core::flow::{Caller, Challenge, FlowId, Purpose, Step};
use latchstring_core::identifier::{Identifier, Method};
use latchstring_core::keys::{Key, KeyId, KeyRing};
use latchstring_core::message::Message;
use latchstring_core::policy::{Deployment, Policy};
use latchstring_core::ports::{Courier, DeliveryFault, Fate, Fault, Vault};
use latchstring_core::sealed::Ticket;
use latchstring_core::secret::Secret;
use latchstring_core::time::Timestamp;
use latchstring_lambda::cognito::{CreateTrigger, DefineTrigger, VerifyTrigger};
use latchstring_lambda::{DELIVERY, Handler, Rotating, answer, deliver};
use latchstring_memory::{Inbox, MemoryDirectory, MemoryStore, SeededEntropy};
use latchstring_tests::{StillClock, note};
use serde_json::{Value, json};
use tokio::time::Instant;

const POOL: &str = "eu-west-1_FAULTS";
const CLIENT: &str = "faultsclient";
const START: Timestamp = Timestamp::from_secs(1_800_000_000);
const SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// How a delivery breaks, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Break {
    /// No connection comes about.
    NeverLeft,
    /// The service refuses, or throttles.
    Refused,
    /// The service says nothing until it is given up, and does nothing.
    Hangs,
    /// The message is sent, and nobody knows.
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

    const fn fate(self) -> Fate {
        match self {
            Self::NeverLeft => Fate::NeverLeft,
            Self::Refused => Fate::Refused,
            Self::Hangs | Self::AnswerLost => Fate::Unknown,
        }
    }
}

/// A courier whose next delivery breaks.
struct Breaking {
    inbox: Inbox<StillClock>,
    next: Mutex<Option<Break>>,
}

impl Courier for Breaking {
    async fn deliver(&self, message: &Message) -> Result<(), DeliveryFault> {
        let broken = self.next.lock().expect("no panic").take();
        if broken.is_none_or(|how| how == Break::AnswerLost) {
            self.inbox.deliver(message).await?;
        }
        match broken {
            None => Ok(()),
            Some(how) => Err(DeliveryFault {
                fault: Fault::new("deliver", "broken"),
                fate: how.fate(),
            }),
        }
    }
}

/// A secret that can be read once it is mended.
struct Mended {
    broken: Arc<AtomicBool>,
}

impl Vault for Mended {
    async fn read(&self) -> Result<Secret, Fault> {
        if self.broken.load(Ordering::Relaxed) {
            return Err(Fault::new("GetSecretValue", "broken"));
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
    Policy::for_clients(vec![CLIENT.to_owned()])
}

fn event(trigger: &str, request: &Value) -> Value {
    json!({
        "version": "1",
        "region": "eu-west-1",
        "userPoolId": POOL,
        "userName": "somebody",
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

/// The metadata of a first question.
fn select(entropy: &SeededEntropy) -> Value {
    use latchstring_core::ports::Entropy as _;
    let challenge = Challenge {
        flow: FlowId::from_bytes(entropy.bytes()),
        step: Step::Select,
    };
    json!(challenge.to_text(&keys(), &Caller::new(POOL, CLIENT)))
}

/// Create's event in which a code is to be sent to somebody.
fn sends(method: Method) -> Value {
    let text = match method {
        Method::Email => "ada@example.com",
        Method::PhoneNumber => "+14155550132",
    };
    note(text);
    let entropy = SeededEntropy::new(7);
    let to = Identifier::parse(method, text).expect("an identifier");
    let charge = Charge::free(CodeLength::DEFAULT);
    let caller = Caller::new(POOL, CLIENT);
    let ticket =
        Ticket::new(Purpose::SignIn, to, charge, START, &entropy).seal(&keys(), &caller, &entropy);
    note(&ticket);
    event(
        "CreateAuthChallenge",
        &json!({
            "userAttributes": {},
            "userNotFound": true,
            "session": [round(&select(&entropy), true)],
            "clientMetadata": {"method": method.as_str(), "ticket": ticket},
        }),
    )
}

/// Create's event after the person asked for the code once more.
fn resend(event: &Value, asked: &Value) -> Value {
    let mut event = event.clone();
    let session = event["request"]["session"].as_array_mut();
    let metadata = &asked["response"]["challengeMetadata"];
    session.expect("a session").push(round(metadata, false));
    event["request"]["clientMetadata"] = json!({"action": "resend"});
    event
}

/// What a person sees whose message breaks like this.
async fn person(method: Method, how: Break) -> String {
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
    let asked = sends(method);
    let answered = answer(&create, asked.clone()).await.expect("an answer");
    let question = &answered.value["response"]["publicChallengeParameters"]["step"];
    assert_eq!(question, "otp", "the answer does not depend on it");
    let parcel = answered.parcel.expect("a message");
    deliver(&create, parcel, Instant::now() + DELIVERY).await;
    let arrived = inbox();
    assert_eq!(arrived, usize::from(how == Break::AnswerLost));

    let once_more = resend(&asked, &answered.value);
    let mut when = "at once";
    let at_once = answer(&create, once_more.clone()).await.expect("an answer");
    let parcel = if let Some(parcel) = at_once.parcel {
        parcel
    } else {
        when = "after the cooldown";
        clock.advance(policy().resend_after);
        let later = answer(&create, once_more).await.expect("an answer");
        later.parcel.expect("the cooldown is over")
    };
    deliver(&create, parcel, Instant::now() + DELIVERY).await;
    assert_eq!(inbox(), arrived + 1, "asked for once more, it comes");
    match arrived {
        0 => format!("no message; asked for once more, it comes {when}"),
        _ => format!("–; asked for once more {when}, +1 message"),
    }
}

/// A trigger that reads its keys from a vault which does not answer at first.
fn ring(clock: &StillClock) -> (Rotating<Mended, StillClock>, Arc<AtomicBool>) {
    let broken = Arc::new(AtomicBool::new(true));
    let vault = Mended {
        broken: Arc::clone(&broken),
    };
    (Rotating::new(policy(), vault, clock.clone()), broken)
}

/// What a trigger does without keys; with them, it gives this answer, also when they cannot be read
/// once more.
async fn without_keys<H: Handler>(
    handler: &H,
    event: &Value,
    (member, right): (&str, Value),
    broken: &AtomicBool,
    clock: &StillClock,
) -> Option<Value> {
    let said = answer(handler, event.clone()).await.ok();
    if let Some(said) = &said {
        assert!(said.parcel.is_none(), "nothing is sent without keys");
    }
    for is_broken in [false, true] {
        broken.store(is_broken, Ordering::Relaxed);
        let answered = answer(handler, event.clone()).await.expect("an answer");
        assert_eq!(answered.value["response"][member], right);
        // The ring is old by then.
        clock.advance(Duration::from_secs(601));
    }
    said.map(|said| said.value["response"][member].clone())
}

/// What comes of a first reading that fails, by trigger.
async fn keys_table() -> String {
    let entropy = SeededEntropy::new(3);
    let clock = StillClock::at(START);
    let (deployment, broken) = ring(&clock);
    let define = DefineTrigger {
        deployment,
        store: MemoryStore::default(),
        directory: MemoryDirectory::default(),
        courier: Inbox::new(clock.clone()),
        clock: clock.clone(),
    };
    let ghost = json!({"userAttributes": {}, "userNotFound": true, "session": []});
    let asks = ("challengeName", json!("CUSTOM_CHALLENGE"));
    let event_of = event("DefineAuthChallenge", &ghost);
    let said = without_keys(&define, &event_of, asks.clone(), &broken, &clock).await;
    assert_eq!(said, Some(asks.1), "Define asks");

    let (deployment, broken) = ring(&clock);
    let create = CreateTrigger {
        deployment,
        store: MemoryStore::default(),
        courier: Inbox::new(clock.clone()),
        clock: clock.clone(),
        entropy: SeededEntropy::new(4),
    };
    let event_of = event("CreateAuthChallenge", &ghost);
    let asks = ("publicChallengeParameters", json!({"step": "select"}));
    let said = without_keys(&create, &event_of, asks, &broken, &clock).await;
    assert_eq!(
        said, None,
        "Create fails, and nothing is signed with a key of nobody's"
    );

    let (deployment, broken) = ring(&clock);
    let verify = VerifyTrigger {
        deployment,
        store: MemoryStore::default(),
        clock: clock.clone(),
    };
    let event_of = event(
        "VerifyAuthChallengeResponse",
        &json!({
            "userAttributes": {},
            "userNotFound": true,
            "privateChallengeParameters": {"challenge": select(&entropy)},
            "challengeAnswer": "select",
            "clientMetadata": {"method": "email"},
        }),
    );
    let right = ("answerCorrect", json!(true));
    let said = without_keys(&verify, &event_of, right, &broken, &clock).await;
    assert_eq!(said, Some(json!(false)), "Verify calls nothing right");

    "| trigger | its first reading is lost | a later one is lost |\n|---|---|---|\n\
     | Define | again | – |\n\
     | Create | anew: the trigger fails | – |\n\
     | Verify | again: the answer is called wrong, and not counted | – |\n"
        .to_owned()
}

const BEGINS: &str = "\n## Sending a message\n";

async fn page() -> String {
    let mut page = format!(
        "{BEGINS}\nAfter the answer, so that nothing of it shows there. Whatever breaks is logged and \
         counted ([metrics.md](metrics.md)).\n\n| call | what happens | the person |\n|---|---|---|\n"
    );
    for (call, method) in [
        ("SES SendEmail", Method::Email),
        ("SNS Publish", Method::PhoneNumber),
    ] {
        for how in Break::ALL {
            let seen = person(method, how).await;
            // Invariant: a String can always be written to.
            let _ = writeln!(page, "| {call} | {} | {seen} |", how.word());
        }
    }
    page += "\n## Reading the key ring\n\nSecrets Manager GetSecretValue, at the first event of a \
             process, then every ten minutes. A resolver whose reading is lost answers `error`.\n\n";
    page += &keys_table().await;
    page
}

#[tokio::test]
async fn a_message_or_a_key_ring_may_be_lost_and_the_page_says_what_comes_of_it() {
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
        "docs/faults.md is not what comes out now; UPDATE_GOLDEN=1 writes it:\n{page}"
    );
}
