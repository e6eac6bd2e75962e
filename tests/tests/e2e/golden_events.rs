//! Cognito's events in and out of the real handlers, over ports in memory: `tests/golden/*.json`.
//!
//! A file is one world and a list of exchanges in it. Keys, clock and randomness are fixed, so the
//! texts in a file are literal, metadata, tickets and codes included: a change of the wire format
//! changes a file. `UPDATE_GOLDEN=1 cargo test --workspace --test e2e golden` then replaces the old
//! texts, and refuses if anything but texts differs.
//!
//! Apart from its response, an event comes back unchanged. The files hold the cases of Cognito's
//! documentation and of published events: null or no `session`, `userNotFound`,
//! `clientMetadata` and `challengeMetadata`, `True` for true, undocumented fields.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::FutureExt as _;
use latchstring_core::account::{Account, Attributes};
use latchstring_core::code::Code;
use latchstring_core::code::CodeLength;
use latchstring_core::flow::{Flow, FlowId, Purpose};
use latchstring_core::identifier::{Identifier, Method};
use latchstring_core::ports::{Clock, FlowStore as _};
use latchstring_core::rate_limit::CodeTerms;
use latchstring_core::sealed::{Proof, Ticket};
use latchstring_core::time::Timestamp;
use latchstring_memory::SeededEntropy;
use latchstring_testkit as testkit;
use serde_json::{Map, Value, json};

latchstring_tests::doors!(all: Cognito);

const POOL: &str = "eu-west-1_GOLDEN000";
const CLIENT: &str = "goldenclient";
/// 2026-01-01T00:00:00Z
const BEGINNING: Timestamp = Timestamp::from_secs(1_767_225_600);

/// The handlers of one file, and their ports.
struct World(testkit::World);

impl World {
    fn new() -> Self {
        let deployment = testkit::deployment(CLIENT, "golden");
        Self(testkit::World::new(deployment, POOL, CLIENT, BEGINNING))
    }

    /// Puts the accounts of a file into the directory.
    fn settle(&self, accounts: &Value) {
        for account in accounts.as_array().into_iter().flatten() {
            let attributes = account["attributes"].as_object().expect("attributes");
            let pairs = attributes
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str().expect("a text")));
            self.0.directory.put(Account {
                username: text(account, "username").to_owned(),
                enabled: true,
                attributes: Attributes::from_pairs(pairs),
            });
        }
    }

    /// Returns a ticket or proof as a file describes it.
    fn seal(&self, sealed: &Value) -> String {
        let keys = &self.0.deployment.keys;
        let app_client = &self.0.app_client;
        let entropy = SeededEntropy::new(2);
        let identifier = |name| {
            let typed = text(sealed, name);
            let method = if typed.starts_with('+') {
                Method::PhoneNumber
            } else {
                Method::Email
            };
            Identifier::parse(method, typed).expect("an identifier")
        };
        if sealed["proofOf"].is_string() {
            let proof = Proof {
                contact: identifier("proofOf"),
                flow: FlowId::from_bytes([9; 16]),
                made_at: self.0.clock.now(),
            };
            let text = proof.seal(keys, app_client, &entropy);
            let earned = Flow::earned(
                proof.flow,
                &proof.contact,
                app_client,
                &self.0.deployment.policy,
                keys,
                proof.made_at,
                &entropy,
            );
            let opened = self.0.store.open_flow(&earned).now_or_never();
            assert!(opened.is_some(), "the store in memory never waits");
            return text;
        }
        let purpose = match text(sealed, "purpose") {
            "sign_in" => Purpose::SignIn,
            "claim" => Purpose::Claim,
            _ => panic!("a ticket has a purpose"),
        };
        let to = identifier("ticketTo");
        let terms = match purpose {
            Purpose::Claim | Purpose::Undo(_) => CodeTerms::uncharged(CodeLength::DEFAULT),
            Purpose::SignIn | Purpose::VerifyContact(_) | Purpose::Decoy => {
                CodeTerms::ordinary(CodeLength::DEFAULT)
            }
        };
        Ticket::new(purpose, to, terms, self.0.clock.now(), &entropy)
            .seal(keys, app_client, &entropy)
    }

    /// Runs the trigger of an exchange, and returns its response or error and the delivered message.
    async fn exchange(&self, exchange: &Value) -> Value {
        let event = exchange["event"].clone();
        let sent = self.0.inbox.messages(None, usize::MAX).len();
        let answered = match text(exchange, "trigger") {
            "define" => testkit::World::handle(&self.0.triggers.define, event.clone()).await,
            "create" => testkit::World::handle(&self.0.triggers.create, event.clone()).await,
            "verify" => testkit::World::handle(&self.0.triggers.verify, event.clone()).await,
            _ => panic!("there are three triggers"),
        };
        let mut seen = match answered {
            Err(error) => json!({ "error": error.to_string() }),
            Ok(mut output) => {
                let response = output["response"].take();
                let mut expected = event;
                expected["response"] = Value::Null;
                assert!(output == expected, "the event comes back unchanged");
                json!({ "response": response })
            }
        };
        let kept = self.0.inbox.messages(None, usize::MAX);
        let delivered = &kept[..kept.len() - sent];
        assert!(delivered.len() <= 1, "one message at most");
        if let Some(delivered) = delivered.first() {
            seen["delivers"] = json!({
                "to": delivered.message.to.as_str(),
                "code": delivered.message.code.as_ref().map(Code::digits),
            });
        }
        seen
    }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// Returns the differences of a file from the actual exchange, in order.
#[derive(Default)]
struct Differences(Vec<Difference>);

struct Difference {
    place: String,
    /// The old text and the new one, if both are texts. Never shown.
    texts: Option<(String, String)>,
}

impl Differences {
    fn add(&mut self, place: &str, expected: &Value, seen: &Value) {
        let texts = match (expected, seen) {
            (expected, seen) if expected == seen => return,
            (Value::Object(expected), Value::Object(seen)) => {
                let names: BTreeSet<_> = expected.keys().chain(seen.keys()).collect();
                for name in names {
                    let of = |object: &Map<String, Value>| object.get(name).cloned();
                    let (expected, seen) = (of(expected), of(seen));
                    self.add(
                        &format!("{place}/{name}"),
                        &expected.unwrap_or_default(),
                        &seen.unwrap_or_default(),
                    );
                }
                return;
            }
            (Value::String(expected), Value::String(seen)) => {
                Some((expected.clone(), seen.clone()))
            }
            _ => None,
        };
        let place = place.to_owned();
        self.0.push(Difference { place, texts });
    }
}

/// Runs a file, and returns its differences from the actual exchange.
async fn play(file: &Value) -> Differences {
    let world = World::new();
    world.settle(&file["accounts"]);
    let mut differences = Differences::default();
    for (number, sealed) in file["sealed"].as_array().into_iter().flatten().enumerate() {
        let place = format!("/sealed/{number}/text");
        differences.add(&place, &sealed["text"], &world.seal(sealed).into());
    }
    for (number, exchange) in file["exchanges"]
        .as_array()
        .expect("a list")
        .iter()
        .enumerate()
    {
        if let Some(seconds) = exchange["advanceSeconds"].as_u64() {
            world.0.clock.advance(Duration::from_secs(seconds));
            continue;
        }
        let seen = world.exchange(exchange).await;
        for part in ["response", "error", "delivers"] {
            let place = format!("/exchanges/{number}/{part}");
            differences.add(&place, &exchange[part], &seen[part]);
        }
    }
    differences
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("the folder of golden files")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect();
    files.sort();
    files
}

/// Replaces old texts by new ones until nothing differs.
async fn update(path: &Path, mut content: String) {
    for _ in 0..100 {
        let file = serde_json::from_str(&content).expect("JSON");
        // One at a time: a later difference may be its consequence.
        let Some(Difference { place, texts }) = play(&file).await.0.into_iter().next() else {
            fs::write(path, content).expect("the file can be written");
            return;
        };
        let (old, new) = texts
            .unwrap_or_else(|| panic!("{}: more than a text differs at {place}", path.display()));
        content = content.replace(&format!("\"{old}\""), &format!("\"{new}\""));
    }
    panic!("the texts do not settle");
}

#[tokio::test]
async fn golden_events_have_unchanged_answers() {
    let files = files();
    assert!(files.len() >= 5, "the files are there");
    for path in files {
        let name = path.file_name().expect("a name").display();
        let content = fs::read_to_string(&path).expect("the file can be read");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            update(&path, content).await;
            continue;
        }
        let file: Value = serde_json::from_str(&content).expect("JSON");
        let differences = play(&file).await.0;
        let places: Vec<_> = differences.iter().map(|d| d.place.as_str()).collect();
        assert!(places.is_empty(), "{name} differs at {places:?}");
    }
}
