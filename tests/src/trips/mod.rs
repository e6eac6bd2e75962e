//! Counts the trips between machines that a user waits for, and the requests that each service
//! gets.
//!
//! A [`Journey`] is one user's way to tokens through the real handlers, on virtual time: every port
//! call, invocation and request is a trip of the duration in a table. With trips of one unit, the
//! time is the number of sequential trips. With the assumed milliseconds of [`Hop::assumed_ms`], it
//! is the time that a user notices. Other systems are the list of trips that their source code
//! makes.

mod line;
mod others;
mod pool;
mod ports;
mod tables;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use latchstring_core::account::{Account, Attributes};
use latchstring_core::flow::AppClient;
use latchstring_core::identifier::Method;
use latchstring_core::secret::Secret;
use latchstring_core::time::Timestamp;
use latchstring_lambda::resolver::{NoSessions, SignInResolver, SourceOf};
use latchstring_lambda::{OsEntropy, answer};
use latchstring_memory::{Inbox, MemoryDirectory, MemoryStore, SeededEntropy};
use latchstring_testkit::{Answer, TriggerPorts, Triggers, deployment};
use serde_json::{Value, json};

use crate::StillClock;

pub use line::{Gone, Hop, Latencies, Line};
pub use others::{ARTICLE, ARTICLE_NEW, Other, PEER};
use pool::{CLIENT, FarPool, FarTriggers, POOL, Pool};
use ports::Far;
pub use tables::{Column, Table, columns, document, in_document, round_trips, tables};

/// The user who signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// A user with an account.
    Known,
    /// A user without an account.
    New,
}

/// A part of the way for which a user waits.
#[derive(Clone, Debug)]
pub struct Leg {
    /// The user's action.
    pub name: &'static str,
    /// The time until the user sees the response.
    pub took: u64,
    /// The time until the message is with SES or SNS.
    pub message_after: Option<u64>,
    /// The number of requests of each operation of each service.
    pub requests: BTreeMap<(&'static str, &'static str), usize>,
}

impl Leg {
    fn of<T>(name: &'static str, gone: Gone<T>) -> (Self, T) {
        let Gone {
            output,
            took,
            message_after,
            requests,
        } = gone;
        let leg = Self {
            name,
            took,
            message_after,
            requests,
        };
        (leg, output)
    }
}

/// A duration of one unit for every trip: the total is the number of sequential trips.
pub const fn each_one(_: Hop) -> u64 {
    1
}

/// One user's way to tokens.
pub struct Journey {
    line: Line,
    resolver: SignInResolver<
        Far<MemoryStore>,
        Far<MemoryDirectory>,
        FarPool,
        Infallible,
        StillClock,
        OsEntropy,
    >,
    pool: Pool,
    inbox: Inbox<StillClock>,
    method: Method,
    typed: &'static str,
}

impl Journey {
    /// Returns its legs for this method, with these durations.
    pub fn go(who: Who, method: Method, latencies: Latencies) -> Vec<Leg> {
        // The handlers read the time that is left to them.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime");
        let _entered = runtime.enter();
        let journey = Self::begin(who, method, latencies);
        let (asking, question) = journey.sign_in("signIn", None);
        let code = journey.code();
        let (answering, next) = journey.answer("the code", &question, &code);
        match (who, next) {
            (Who::Known, Answer::Tokens) => vec![asking, answering],
            (Who::New, Answer::Challenge(challenge)) => {
                let proof = challenge.parameters.get("proof").expect("a proof").clone();
                let (completing, done) = journey.sign_in("signIn with the proof", Some(&proof));
                assert!(done["tokens"].is_object(), "the proof leads to tokens");
                vec![asking, answering, completing]
            }
            _ => panic!("the code leads to tokens or, for a new user, to a proof"),
        }
    }

    fn begin(who: Who, method: Method, latencies: Latencies) -> Self {
        let deployment = deployment(CLIENT, "trips");
        let line = Line::new(latencies);
        let clock = StillClock::at(Timestamp::from_secs(1_800_000_000));
        let accounts = MemoryDirectory::default();
        let inbox = Inbox::new(clock.clone());
        let store = Far::new(MemoryStore::default(), line.clone());
        let directory = Far::new(accounts.clone(), line.clone());
        let courier = Far::new(inbox.clone(), line.clone());
        let typed = match method {
            Method::Email => "ada@example.com",
            Method::PhoneNumber => "+14155550132",
        };
        if who == Who::Known {
            let name = method.as_str();
            accounts.put(Account {
                username: "username-of-ada".to_owned(),
                enabled: true,
                attributes: Attributes::from_pairs([
                    ("sub", "sub-of-ada"),
                    ("cognito:user_status", "CONFIRMED"),
                    (name, typed),
                    (&*format!("{name}_verified"), "true"),
                ]),
            });
        }
        let ports = TriggerPorts {
            store: store.clone(),
            directory: directory.clone(),
            courier,
            clock: clock.clone(),
            entropy: SeededEntropy::new(1),
        };
        let triggers = FarTriggers {
            line: line.clone(),
            triggers: Arc::new(Triggers::new(&deployment, ports)),
        };
        let pool = Pool::new(POOL, CLIENT, accounts, triggers);
        Self {
            resolver: SignInResolver {
                hook: None,
                deployment,
                app_client: AppClient::new(POOL, CLIENT),
                legacy_pool: false,
                source: SourceOf::Off,
                origin: None,
                sessions: NoSessions,
                store,
                directory,
                api: FarPool::new(pool.clone(), line.clone()),
                captcha: None,
                clock,
                entropy: OsEntropy,
            },
            line,
            pool,
            inbox,
            method,
            typed,
        }
    }

    /// Requests a code, or tokens for a proof: returns the `SignInPayload`.
    fn sign_in(&self, name: &'static str, proof: Option<&str>) -> (Leg, Value) {
        let method = match self.method {
            Method::Email => "EMAIL",
            Method::PhoneNumber => "PHONE_NUMBER",
        };
        let input = json!({
            "emailOrPhone": self.typed,
            "method": method,
            "proof": proof,
            "complete": true,
        });
        let event = json!({
            "arguments": { "input": input },
            "identity": null,
            "request": { "headers": {} },
            "info": { "fieldName": "signIn" },
        });
        let run = self.line.go(async {
            self.line.trip(Hop::Client, "AppSync", "queries").await;
            self.line.trip(Hop::Invoke, "Lambda", "sign-in").await;
            answer(&self.resolver, event).await
        });
        let (leg, answered) = Leg::of(name, run);
        let mut answered = answered.expect("an AppSync event").value;
        assert!(answered["error"].is_null(), "{}", answered["error"]["type"]);
        (leg, answered["data"].take())
    }

    /// Sends an answer directly to Cognito.
    fn answer(&self, name: &'static str, question: &Value, answer: &str) -> (Leg, Answer) {
        let session = Secret::new(question["session"].as_str().expect("a session"));
        let said = json!({});
        let run = self.line.go(async {
            self.line
                .trip(Hop::Client, "Cognito", "RespondToAuthChallenge")
                .await;
            self.pool.respond(&session, answer, &said).await
        });
        Leg::of(name, run)
    }

    fn code(&self) -> String {
        let newest = self.inbox.messages(None, 1);
        let message = &newest.first().expect("a message").message;
        message.code.as_ref().expect("a code").digits().to_owned()
    }
}
