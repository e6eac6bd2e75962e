//! The events that the functions are given: typical ones, each of a flow of its own.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use data_encoding::{BASE64, BASE64URL_NOPAD};
use latchstring_core::code::CodeLength;
use latchstring_core::flow::{
    Caller, Challenge, Flow, FlowId, Progress, Purpose, State, Step, Subject,
};
use latchstring_core::identifier::{Identifier, Method};
use latchstring_core::keys::{Key, KeyId, KeyRing};
use latchstring_core::policy::{Deployment, Policy};
use latchstring_core::ports::{Clock, Entropy, Store};
use latchstring_core::rate_limit::Charge;
use latchstring_core::sealed::Ticket;
use latchstring_core::time::Timestamp;
use latchstring_lambda::cognito::{CreateTrigger, VerifyTrigger};
use latchstring_lambda::{DELIVERY, OsEntropy, SystemClock, answer, deliver};
use latchstring_memory::{Inbox, MemoryStore};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;

pub(crate) const POOL: &str = "eu-west-1_Benches00";
pub(crate) const CLIENT: &str = "benchesclient";
const ADDRESS: &str = "ada@example.com";
const SUB: &str = "5f0c1a9e-7a39-4d5b-9f53-2b8a1e9f4c11";

/// What the table of the stand-in for AWS holds: items by their key.
pub(crate) type Items = Arc<Mutex<BTreeMap<String, Value>>>;

/// What the events are sealed with, and the functions are given.
pub(crate) struct Events {
    keys: KeyRing,
    caller: Caller,
    /// The ring as configuration holds it.
    pub(crate) ring: String,
    /// The rows of the flows that events are of.
    pub(crate) items: Items,
    store: MemoryStore,
    create: CreateTrigger<MemoryStore, Inbox<SystemClock>, SystemClock, OsEntropy>,
    verify: VerifyTrigger<MemoryStore, SystemClock>,
    runtime: Runtime,
}

/// A flow whose code somebody has.
struct Asked {
    flow: FlowId,
    /// The round before.
    select: Value,
    metadata: String,
    code: String,
}

impl Events {
    pub(crate) fn new() -> Option<Self> {
        let secret: [u8; 32] = OsEntropy.bytes();
        let key = Key::new(KeyId::parse("k1").ok()?, &secret).ok()?;
        let keys = KeyRing::new(key, None, None).ok()?;
        let deployment = Deployment {
            policy: Policy::for_clients(vec![CLIENT.to_owned()]),
            keys: keys.clone(),
        };
        let store = MemoryStore::default();
        Some(Self {
            keys,
            caller: Caller::new(POOL, CLIENT),
            items: Items::default(),
            create: CreateTrigger {
                deployment: deployment.clone(),
                store: store.clone(),
                courier: Inbox::new(SystemClock),
                clock: SystemClock,
                entropy: OsEntropy,
            },
            verify: VerifyTrigger {
                deployment,
                store: store.clone(),
                clock: SystemClock,
            },
            store,
            runtime: Builder::new_current_thread().build().ok()?,
            ring: json!({"current": {"id": "k1", "secret": BASE64.encode(&secret)}}).to_string(),
        })
    }

    fn challenge(&self, step: Step) -> String {
        let flow = FlowId::from_bytes(OsEntropy.bytes());
        Challenge { flow, step }.to_text(&self.keys, &self.caller)
    }

    fn asked(&self) -> String {
        let now = SystemClock.now();
        self.challenge(Step::Otp(Progress::at_issue(now, CodeLength::DEFAULT)))
    }

    /// A flow that Create opened, here and not in a function that is measured.
    fn opened(&self) -> Option<Asked> {
        self.runtime.block_on(async {
            let event: Value = serde_json::from_str(&self.create()).ok()?;
            let select = event["request"]["session"][0].clone();
            let asked = answer(&self.create, event).await.ok()?;
            deliver(&self.create, asked.parcel?, Instant::now() + DELIVERY).await;
            let sent = self.create.courier.messages(None, 1);
            let code = sent.first()?.message.code.as_ref()?.digits().to_owned();
            let metadata = asked.value["response"]["challengeMetadata"]
                .as_str()?
                .to_owned();
            let flow = Challenge::parse(&metadata, &self.keys, &self.caller)?.flow;
            Some(Asked {
                flow,
                select,
                metadata,
                code,
            })
        })
    }

    /// Puts the flow as it is now into the table.
    fn keep(&self, id: FlowId) -> Option<()> {
        let flow = self.runtime.block_on(self.store.flow(id)).ok()??;
        let key = format!("flow#{}", BASE64URL_NOPAD.encode(id.as_bytes()));
        let item = item(&key, &flow)?;
        let mut items = self.items.lock().unwrap_or_else(PoisonError::into_inner);
        items.insert(key, item);
        Some(())
    }

    /// Create is to send a code.
    pub(crate) fn create(&self) -> String {
        // Invariant: it is an address.
        let to = Identifier::parse(Method::Email, ADDRESS).expect("an address");
        let charge = Charge::free(CodeLength::DEFAULT);
        let ticket = Ticket::new(Purpose::SignIn, to, charge, SystemClock.now(), &OsEntropy).seal(
            &self.keys,
            &self.caller,
            &OsEntropy,
        );
        let request = json!({
            "userAttributes": user(),
            "challengeName": "CUSTOM_CHALLENGE",
            "session": [passed(&self.challenge(Step::Select))],
            "clientMetadata": {"method": "email", "ticket": ticket},
        });
        trigger("CreateAuthChallenge", &request)
    }

    /// The first event of a sign-in, which sends nothing.
    pub(crate) fn opening(name: &str) -> String {
        trigger(name, &json!({"userAttributes": user(), "session": []}))
    }

    /// Verify is given a code for a flow that it knows nothing of.
    pub(crate) fn verify(&self) -> String {
        verify(&self.asked(), "493026")
    }

    /// Verify is given the right code for a flow that the table holds.
    pub(crate) fn verify_right(&self) -> String {
        // Invariant: the deployment serves the client, and the store is memory.
        let asked = self.opened().expect("a flow");
        self.keep(asked.flow).expect("a row");
        verify(&asked.metadata, &asked.code)
    }

    /// Define is to say what follows the right answer to the first question.
    pub(crate) fn define(&self) -> String {
        let request = json!({
            "userAttributes": user(),
            "session": [passed(&self.challenge(Step::Select))],
        });
        trigger("DefineAuthChallenge", &request)
    }

    /// Define is to issue tokens, after a code that Verify called right.
    pub(crate) fn define_right(&self) -> String {
        // Invariant: as above.
        let asked = self.opened().expect("a flow");
        let event = serde_json::from_str(&verify(&asked.metadata, &asked.code)).unwrap_or_default();
        let verified = self.runtime.block_on(answer(&self.verify, event));
        assert!(verified.is_ok_and(|said| said.value["response"]["answerCorrect"] == true));
        self.keep(asked.flow).expect("a row");
        let request = json!({
            "userAttributes": user(),
            "session": [asked.select, passed(&asked.metadata)],
        });
        trigger("DefineAuthChallenge", &request)
    }

    /// Sign-in is to open a session.
    pub(crate) fn sign_in() -> String {
        Self::sign_in_by(ADDRESS, "EMAIL")
    }

    /// The same with a number, which the metadata of all countries' numbers has to be loaded for.
    pub(crate) fn sign_in_by_phone() -> String {
        Self::sign_in_by("+1 415 555 0132", "PHONE_NUMBER")
    }

    fn sign_in_by(typed: &str, method: &str) -> String {
        json!({
            "arguments": {"input": {"emailOrPhone": typed, "method": method}},
            "identity": null,
            "info": {"fieldName": "signIn", "parentTypeName": "Mutation", "variables": {}},
            "request": {"headers": {}, "domainName": null},
        })
        .to_string()
    }
}

fn verify(metadata: &str, code: &str) -> String {
    let request = json!({
        "userAttributes": user(),
        "privateChallengeParameters": {"challenge": metadata},
        "challengeAnswer": code,
        "clientMetadata": {},
    });
    trigger("VerifyAuthChallengeResponse", &request)
}

/// A row of somebody who is known, as our store writes it into DynamoDB.
fn item(key: &str, flow: &Flow) -> Option<Value> {
    let Subject::Known(sub) = &flow.subject else {
        return None;
    };
    let text = |text: &str| json!({"S": text});
    let number = |number: u64| json!({"N": number.to_string()});
    let time = |time: Timestamp| number(time.as_millis());
    let bytes = |bytes: &[u8]| json!({"B": BASE64.encode(bytes)});
    let mut item = json!({
        "pk": text(key),
        "ttl": number(flow.expires_at.as_secs()),
        "client": text(&flow.client),
        "purpose": text(flow.purpose.as_str()),
        "subject": text("known"),
        "sub": text(sub.as_str()),
        "contact": text(flow.contact.as_text()),
        "key": text(flow.key.as_str()),
        "charge": bytes(&flow.charge.to_bytes()),
        "issued_at": time(flow.issued_at),
        "expires_at": time(flow.expires_at),
        "sends": number(flow.sends.into()),
        "last_sent_at": time(flow.last_sent_at),
        "state": text("open"),
    });
    if let State::Matched { answer, at } = flow.state {
        item["state"] = text("matched");
        item["answer"] = bytes(answer.as_bytes());
        item["at"] = time(at);
        item["attempts"] = json!({"BS": [BASE64.encode(answer.as_bytes())]});
    }
    Some(item)
}

/// Cognito's answer when it is asked for the account.
pub(crate) fn account() -> Value {
    let attributes: Vec<_> = ["sub", "email", "email_verified"]
        .map(|name| json!({"Name": name, "Value": user()[name]}))
        .into();
    json!({
        "Username": SUB,
        "Enabled": true,
        "UserStatus": "CONFIRMED",
        "UserAttributes": attributes,
    })
}

fn user() -> Value {
    json!({
        "sub": SUB,
        "email": ADDRESS,
        "email_verified": "true",
        "cognito:user_status": "CONFIRMED",
    })
}

fn passed(metadata: &str) -> Value {
    json!({
        "challengeName": "CUSTOM_CHALLENGE",
        "challengeResult": true,
        "challengeMetadata": metadata,
    })
}

fn trigger(trigger: &str, request: &Value) -> String {
    json!({
        "version": "1",
        "region": "eu-west-1",
        "userPoolId": POOL,
        "userName": SUB,
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": CLIENT},
        "triggerSource": format!("{trigger}_Authentication"),
        "request": request,
        "response": {},
    })
    .to_string()
}
