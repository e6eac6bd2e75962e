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

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::env;
use std::sync::Mutex;

use latchstring_core::account::{Account, Attributes};
use latchstring_core::flow::AppClient;
use latchstring_core::keys::{Key, KeyId, KeyRing};
use latchstring_core::policy::{Deployment, Policy};
use latchstring_core::ports::{ChallengeApi, OpenChallenge, PortError, Reply};
use latchstring_core::rate_limit::{Countries, MessageBudget, Price, Source};
use latchstring_core::secret::Secret;
use latchstring_core::time::Timestamp;
use latchstring_lambda::appsync::{SignInResolver, SourceOf};
use latchstring_lambda::cognito::{CreateTrigger, DefineTrigger, VerifyTrigger};
use latchstring_lambda::{DELIVERY, Handler, HandlerResponse, answer, deliver};
use latchstring_memory::{Inbox, ManualClock, MemoryDirectory, MemoryStore, SeededEntropy};
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

/// Cognito as seen by the resolver, without triggers: both challenges are always the same.
#[derive(Default)]
struct FixedChallenges {
    /// The ticket of the latest answer.
    ticket: Mutex<String>,
}

impl ChallengeApi for &FixedChallenges {
    async fn initiate(&self, _: &str, _: Option<Source>) -> Result<Reply, PortError> {
        Ok(challenge(&[("step", "select")]))
    }

    async fn respond(
        &self,
        _: &OpenChallenge,
        _: &str,
        client_metadata: &[(&str, &str)],
        _: Option<Source>,
    ) -> Result<Reply, PortError> {
        let ticket = client_metadata.iter().find(|(name, _)| *name == "ticket");
        let (_, ticket) = ticket.expect("a ticket");
        (*ticket).clone_into(&mut self.ticket.lock().expect("nothing panics"));
        Ok(challenge(&[
            ("step", "otp"),
            ("codeLength", "6"),
            ("attemptsLeft", "3"),
            ("expiresIn", "300"),
            ("resendAfter", "30"),
        ]))
    }
}

fn challenge(parameters: &[(&str, &str)]) -> Reply {
    let parameters = parameters
        .iter()
        .chain(&[("USERNAME", USERNAME)])
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect::<BTreeMap<_, _>>();
    Reply::Challenge(OpenChallenge {
        session: Secret::new("A".repeat(1_000)),
        parameters,
    })
}

type Memory = Inbox<ManualClock>;

struct World {
    runtime: Runtime,
    inbox: Memory,
    challenges: &'static FixedChallenges,
    sign_in: SignInResolver<
        MemoryStore,
        MemoryDirectory,
        &'static FixedChallenges,
        Infallible,
        ManualClock,
        SeededEntropy,
    >,
    define: DefineTrigger<MemoryStore, MemoryDirectory, Memory, ManualClock>,
    create: CreateTrigger<MemoryStore, Memory, ManualClock, SeededEntropy>,
    verify: VerifyTrigger<MemoryStore, ManualClock>,
}

impl World {
    fn new() -> Self {
        let mut policy = Policy::for_clients(vec![CLIENT.to_owned()]);
        policy.budgets.sms.countries = Countries::All(Price::hundredths(10));
        policy.budgets.mailbox = MessageBudget {
            per_minute: 1_000,
            per_hour: 1_000,
            per_day: 1_000,
        };
        policy.budgets.short_guesses_per_month = 1_000;
        policy.budgets.mail.unproved_per_domain = 1_000;
        policy.budgets.source.per_minute = 1_000;
        policy.budgets.source.per_hour = 1_000;
        let key = Key::new(KeyId::parse("counted").expect("an id"), &[7; 32]).expect("a key");
        let deployment = Deployment {
            policy,
            keys: KeyRing::new(key, None, None).expect("one key is a ring"),
        };
        let clock = ManualClock::at(Timestamp::from_secs(1_800_000_000));
        let (store, directory) = (MemoryStore::default(), MemoryDirectory::default());
        let inbox = Inbox::new(clock.clone());
        directory.put(Account {
            username: USERNAME.to_owned(),
            enabled: true,
            attributes: Attributes::from_pairs(ATTRIBUTES),
        });
        let challenges: &'static FixedChallenges = Box::leak(Box::default());
        Self {
            runtime: Builder::new_current_thread()
                .enable_time()
                .build()
                .expect("a runtime"),
            challenges,
            sign_in: SignInResolver {
                deployment: deployment.clone(),
                caller: AppClient::new(POOL, CLIENT),
                legacy_pool: false,
                source: SourceOf::AppSync,
                store: store.clone(),
                directory: directory.clone(),
                api: challenges,
                captcha: None,
                clock: clock.clone(),
                entropy: SeededEntropy::new(1),
            },
            define: DefineTrigger {
                deployment: deployment.clone(),
                store: store.clone(),
                directory,
                courier: inbox.clone(),
                clock: clock.clone(),
            },
            create: CreateTrigger {
                deployment: deployment.clone(),
                store: store.clone(),
                courier: inbox.clone(),
                clock: clock.clone(),
                entropy: SeededEntropy::new(2),
            },
            verify: VerifyTrigger {
                deployment,
                store,
                clock,
            },
            inbox,
        }
    }

    /// Runs one whole sign-in and measures the function of the given name.
    fn sign_in(&self, measured_name: &str) {
        let signed_in = self.call(measured_name == "sign-in", &self.sign_in, resolver_event());
        assert_eq!(signed_in["data"]["codeLength"], 6);
        let ticket = self
            .challenges
            .ticket
            .lock()
            .expect("nothing panics")
            .clone();
        let metadata = json!({ "method": "phone_number", "ticket": ticket });

        let opened = self.call(false, &self.define, event(DEFINE, json!({ "session": [] })));
        assert_eq!(opened["response"]["challengeName"], "CUSTOM_CHALLENGE");
        let request = json!({ "session": [], "challengeName": "CUSTOM_CHALLENGE" });
        let select = self.call(false, &self.create, event(CREATE, request));
        let passed = self.call(false, &self.verify, answered(&select, "select", &metadata));
        assert_eq!(passed["response"]["answerCorrect"], true);

        let rounds = json!([round(&select)]);
        let mut request = json!({ "session": rounds, "clientMetadata": metadata });
        self.call(false, &self.define, event(DEFINE, request.clone()));
        request["challengeName"] = json!("CUSTOM_CHALLENGE");
        let otp = self.call(
            measured_name == "create",
            &self.create,
            event(CREATE, request),
        );
        assert_eq!(otp["response"]["publicChallengeParameters"]["step"], "otp");

        let code = self.code();
        let right = self.call(
            measured_name == "verify",
            &self.verify,
            answered(&otp, &code, &json!({})),
        );
        assert_eq!(right["response"]["answerCorrect"], true);
        let rounds = json!({ "session": [round(&select), round(&otp)] });
        let issued = self.call(
            measured_name == "define",
            &self.define,
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
        if let Some(delivery) = answer.delivery {
            self.runtime.block_on(async {
                deliver(handler, delivery, Instant::now() + DELIVERY).await;
            });
        }
        answer.value
    }

    fn code(&self) -> String {
        let newest = self.inbox.messages(None, 1);
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
