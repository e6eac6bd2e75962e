//! The four functions on a typical event each, for valgrind to count: `cargo xtask instructions`.
//!
//! One known user signs in by phone repeatedly, through the real handlers over the ports in memory:
//! `signIn` reads the budgets and seals the ticket, Create opens it and writes the message, Verify
//! records the right code (its first call, which redeems the ticket, is not measured), Define issues
//! tokens. Clock and randomness are fixed. Only the order within hash maps differs between runs, by
//! less than 1 %.
//!
//! The only argument names the measured function. Only its calls go through [`measured`], whose
//! name selects the code that callgrind counts. The first sign-in is not measured, because it
//! initializes lazy values.

use std::convert::Infallible;
use std::env;

use latchstring_core::account::{Account, Attributes};
use latchstring_core::rate_limit::MessageBudget;
use latchstring_core::time::Timestamp;
use latchstring_lambda::resolver::{NoSessions, SignInResolver, SourceOf};
use latchstring_lambda::{DELIVERY, Handler, HandlerResponse, answer, follow_up};
use latchstring_memory::{ManualClock, MemoryDirectory, MemoryStore, SeededEntropy};
use latchstring_testkit::{self as testkit, FixedChallenges};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;

/// The number of measured calls of a function. xtask divides by it.
const SIGN_INS: usize = 20;

const POOL: &str = "eu-west-1_COUNTED00";
const CLIENT: &str = "countedclient";
const NUMBER: &str = "+14155550132";
const DEFINE: &str = "DefineAuthChallenge";
const CREATE: &str = "CreateAuthChallenge";
const VERIFY: &str = "VerifyAuthChallengeResponse";
const USERNAME: &str = "5f0c1f9e-6c1b-4b8e-9a53-0f9d0c6f9a11";

fn main() {
    let measured_name = env::args().nth(1).unwrap_or_default();
    assert!(
        ["sign-in", "create", "verify", "define"].contains(&&*measured_name),
        "the argument is sign-in, create, verify or define"
    );
    let world = World::new();
    world.sign_in("nothing");
    for _ in 0..SIGN_INS {
        world.sign_in(&measured_name);
    }
}

/// The code that callgrind counts: everything until this function returns.
#[inline(never)]
fn measured(runtime: &Runtime, handler: &impl Handler, event: Value) -> HandlerResponse {
    handled(runtime, handler, event)
}

#[inline(never)]
fn handled(runtime: &Runtime, handler: &impl Handler, event: Value) -> HandlerResponse {
    let answered = runtime.block_on(answer(handler, event));
    answered.expect("the event is one of the handler's")
}

struct World {
    runtime: Runtime,
    memory: testkit::World,
    challenges: FixedChallenges,
    sign_in: SignInResolver<
        MemoryStore,
        MemoryDirectory,
        FixedChallenges,
        Infallible,
        ManualClock,
        SeededEntropy,
    >,
}

impl World {
    fn new() -> Self {
        let mut deployment = testkit::deployment(CLIENT, "counted");
        let budgets = &mut deployment.policy.budgets;
        budgets.mailbox = MessageBudget {
            per_minute: 1_000,
            per_hour: 1_000,
            per_day: 1_000,
        };
        budgets.short_guesses_per_month = 1_000;
        budgets.mail.unproved_per_domain = 1_000;
        budgets.source.per_minute = 1_000;
        budgets.source.per_hour = 1_000;
        let now = Timestamp::from_secs(1_800_000_000);
        let memory = testkit::World::new(deployment.clone(), POOL, CLIENT, now);
        memory.directory.put(Account {
            username: USERNAME.to_owned(),
            enabled: true,
            attributes: Attributes::from_pairs(ATTRIBUTES),
        });
        let challenges = FixedChallenges::default();
        Self {
            runtime: Builder::new_current_thread()
                .enable_time()
                .build()
                .expect("a runtime"),
            sign_in: SignInResolver {
                hook: None,
                deployment,
                app_client: memory.app_client.clone(),
                legacy_pool: false,
                source: SourceOf::AppSync,
                origin: None,
                sessions: NoSessions,
                store: memory.store.clone(),
                directory: memory.directory.clone(),
                api: challenges.clone(),
                captcha: None,
                clock: memory.clock.clone(),
                entropy: SeededEntropy::new(2),
            },
            challenges,
            memory,
        }
    }

    /// Runs one whole sign-in and measures the function of the given name.
    fn sign_in(&self, measured_name: &str) {
        let triggers = &self.memory.triggers;
        let signed_in = self.call(measured_name == "sign-in", &self.sign_in, resolver_event());
        assert_eq!(signed_in["data"]["codeLength"], 6);
        let ticket = self.challenges.ticket().expect("a ticket");
        let metadata = json!({ "method": "phone_number", "ticket": ticket });

        let opened = self.call(
            false,
            &triggers.define,
            event(DEFINE, json!({ "session": [] })),
        );
        assert_eq!(opened["response"]["challengeName"], "CUSTOM_CHALLENGE");
        let request = json!({ "session": [], "challengeName": "CUSTOM_CHALLENGE" });
        let select = self.call(false, &triggers.create, event(CREATE, request));
        let passed = self.call(
            false,
            &triggers.verify,
            answered(&select, "select", &metadata),
        );
        assert_eq!(passed["response"]["answerCorrect"], true);

        let rounds = json!([round(&select)]);
        let mut request = json!({ "session": rounds, "clientMetadata": metadata });
        self.call(false, &triggers.define, event(DEFINE, request.clone()));
        request["challengeName"] = json!("CUSTOM_CHALLENGE");
        let otp = self.call(
            measured_name == "create",
            &triggers.create,
            event(CREATE, request),
        );
        assert_eq!(otp["response"]["publicChallengeParameters"]["step"], "otp");

        let code = self.code();
        let right = self.call(
            measured_name == "verify",
            &triggers.verify,
            answered(&otp, &code, &json!({})),
        );
        assert_eq!(right["response"]["answerCorrect"], true);
        let rounds = json!({ "session": [round(&select), round(&otp)] });
        let issued = self.call(
            measured_name == "define",
            &triggers.define,
            event(DEFINE, rounds),
        );
        assert_eq!(issued["response"]["issueTokens"], true);
    }

    fn call(&self, counts: bool, handler: &impl Handler, event: Value) -> Value {
        let answer = if counts {
            measured(&self.runtime, handler, event)
        } else {
            handled(&self.runtime, handler, event)
        };
        if let Some(work) = answer.follow_up {
            self.runtime.block_on(async {
                follow_up(handler, work, Instant::now() + DELIVERY).await;
            });
        }
        answer.value
    }

    fn code(&self) -> String {
        let newest = self.memory.inbox.messages(None, 1);
        let message = &newest.first().expect("a message").message;
        let code = message.code.as_ref().expect("a code");
        code.digits().to_owned()
    }
}

const ATTRIBUTES: [(&str, &str); 6] = [
    ("sub", "0e4f9b1c-3d57-4a5a-9a39-6a40a5ad5a11"),
    ("cognito:user_status", "CONFIRMED"),
    ("phone_number", NUMBER),
    ("phone_number_verified", "true"),
    ("email", "ada@example.com"),
    ("email_verified", "true"),
];

/// Returns an event of Cognito's with this request in it.
fn event(trigger: &str, mut request: Value) -> Value {
    request["userAttributes"] = ATTRIBUTES
        .iter()
        .map(|(name, value)| ((*name).to_owned(), json!(value)))
        .collect();
    json!({
        "version": "1",
        "region": "eu-west-1",
        "userPoolId": POOL,
        "userName": USERNAME,
        "callerContext": { "awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": CLIENT },
        "triggerSource": format!("{trigger}_Authentication"),
        "request": request,
        "response": {},
    })
}

/// Returns Verify's event for an answer to the challenge that Create issued.
fn answered(created: &Value, answer: &str, metadata: &Value) -> Value {
    event(
        VERIFY,
        json!({
            "privateChallengeParameters": created["response"]["privateChallengeParameters"],
            "challengeAnswer": answer,
            "clientMetadata": metadata,
        }),
    )
}

/// Returns the session entry that Cognito keeps for a challenge that was answered correctly.
fn round(created: &Value) -> Value {
    json!({
        "challengeName": "CUSTOM_CHALLENGE",
        "challengeResult": true,
        "challengeMetadata": created["response"]["challengeMetadata"],
    })
}

/// Returns `AppSync`'s event for `signIn`.
fn resolver_event() -> Value {
    json!({
        "arguments": { "input": { "emailOrPhone": "+1 415 555 0132", "method": "PHONE_NUMBER" } },
        "identity": null,
        "source": null,
        "request": {
            "headers": {
                "x-forwarded-for": "192.0.2.44, 198.51.100.7",
                "user-agent": "an app",
                "content-type": "application/json",
                "x-api-key": "da2-counted",
            },
            "domainName": null,
        },
        "info": {
            "fieldName": "signIn",
            "parentTypeName": "Mutation",
            "selectionSetList": ["session", "username", "codeLength"],
            "variables": {},
        },
        "stash": {},
        "prev": null,
    })
}
