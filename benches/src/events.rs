//! The events for the functions: typical ones, each of its own flow.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use data_encoding::{BASE64, BASE64URL_NOPAD};
use latchstring_core::account::Sub;
use latchstring_core::code::CodeLength;
use latchstring_core::flow::{
    AppClient, Challenge, Flow, FlowId, Progress, Purpose, State, Step, Subject,
};
use latchstring_core::identifier::{Identifier, Method};
use latchstring_core::keys::{Key, KeyId, KeyRing};
use latchstring_core::policy::{Deployment, Policy};
use latchstring_core::ports::{Clock, Entropy, Finished, FlowStore, SessionFacts};
use latchstring_core::rate_limit::CodeTerms;
use latchstring_core::sealed::Ticket;
use latchstring_core::time::Timestamp;
use latchstring_lambda::cognito::{CreateTrigger, VerifyTrigger};
use latchstring_lambda::{DELIVERY, OsEntropy, SystemClock, answer, follow_up};
use latchstring_memory::{Inbox, MemoryStore};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;

pub(crate) const POOL: &str = "eu-west-1_Benches00";
pub(crate) const CLIENT: &str = "benchesclient";
const ADDRESS: &str = "ada@example.com";
const SUB: &str = "5f0c1a9e-7a39-4d5b-9f53-2b8a1e9f4c11";

/// The items of the AWS stand-in's table, by key.
pub(crate) type Items = Arc<Mutex<BTreeMap<String, Value>>>;

/// The keys of the events and of the functions' configuration.
pub(crate) struct Events {
    keys: KeyRing,
    app_client: AppClient,
    /// The key ring as in the configuration.
    pub(crate) ring: String,
    /// The rows of the events' flows.
    pub(crate) items: Items,
    store: MemoryStore,
    create: CreateTrigger<MemoryStore, Inbox<SystemClock>, SystemClock, OsEntropy>,
    verify: VerifyTrigger<MemoryStore, SystemClock, OsEntropy>,
    runtime: Runtime,
}

/// A flow whose code is known.
struct OpenFlow {
    flow: FlowId,
    /// The previous round.
    select: Value,
    metadata: String,
    code: String,
}

impl Events {
    pub(crate) fn new() -> Option<Self> {
        let secret: [u8; 32] = OsEntropy.bytes();
        let key = Key::new(KeyId::parse("k1").ok()?, &secret).ok()?;
        let keys = KeyRing::new(key, None, None).ok()?;
        let mut policy = Policy::for_clients(vec![CLIENT.to_owned()]);
        // For the flows that are opened in this process: more than all starts and calls of a run.
        let budgets = &mut policy.budgets;
        for limit in [
            &mut budgets.mailbox.per_minute,
            &mut budgets.mailbox.per_hour,
            &mut budgets.mailbox.per_day,
            &mut budgets.short_guesses_per_month,
            &mut budgets.deployment.short_guesses_per_day,
            &mut budgets.mail.unproved_per_domain,
            &mut budgets.mail.unproved_per_hour,
        ] {
            *limit = 1_000_000;
        }
        let deployment = Deployment {
            policy,
            keys: keys.clone(),
        };
        let store = MemoryStore::default();
        Some(Self {
            keys,
            app_client: AppClient::new(POOL, CLIENT),
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
                entropy: OsEntropy,
            },
            store,
            runtime: Builder::new_current_thread().build().ok()?,
            ring: json!({"current": {"id": "k1", "secret": BASE64.encode(&secret)}}).to_string(),
        })
    }

    fn challenge(&self, step: Step) -> String {
        let flow = FlowId::from_bytes(OsEntropy.bytes());
        Challenge { flow, step }.to_text(&self.keys, &self.app_client)
    }

    fn otp_challenge(&self) -> String {
        let now = SystemClock.now();
        self.challenge(Step::Otp(Progress::at_issue(now, CodeLength::DEFAULT)))
    }

    /// Opens a flow by Create, in this process and not in a measured function.
    fn opened(&self) -> Option<OpenFlow> {
        self.runtime.block_on(async {
            let event: Value = serde_json::from_str(&self.create()).ok()?;
            let select = event["request"]["session"][0].clone();
            let created = answer(&self.create, event).await.ok()?;
            follow_up(&self.create, created.follow_up?, Instant::now() + DELIVERY).await;
            let sent = self.create.courier.messages(None, 1);
            let code = sent.first()?.message.code.as_ref()?.digits().to_owned();
            let metadata = created.value["response"]["challengeMetadata"]
                .as_str()?
                .to_owned();
            let flow = Challenge::parse(&metadata, &self.keys, &self.app_client)?.flow;
            Some(OpenFlow {
                flow,
                select,
                metadata,
                code,
            })
        })
    }

    /// Finishes the row of the challenge, as Define does.
    fn finish(&self, metadata: &str) -> Option<()> {
        let challenge = Challenge::parse(metadata, &self.keys, &self.app_client)?;
        let Step::Otp(progress) = challenge.step else {
            return None;
        };
        let sub = Sub::new(SUB);
        let session = SessionFacts {
            client: CLIENT,
            user: Some(&sub),
            issued_at: Some(progress.issued_at),
        };
        let now = SystemClock.now();
        let finishing = self.store.finish(challenge.flow, session, false, now);
        let finished = self.runtime.block_on(finishing).ok()?;
        matches!(finished, Finished::Now(_)).then_some(())
    }

    /// Writes the flow's present state to the table.
    fn keep(&self, id: FlowId) -> Option<()> {
        let flow = self.runtime.block_on(self.store.flow(id)).ok()??;
        let key = format!("flow#{}", BASE64URL_NOPAD.encode(id.as_bytes()));
        let item = item(&key, &flow)?;
        let mut items = self.items.lock().unwrap_or_else(PoisonError::into_inner);
        items.insert(key, item);
        Some(())
    }

    /// Returns an event in which Create sends a code.
    pub(crate) fn create(&self) -> String {
        // Invariant: it is an address.
        let to = Identifier::parse(Method::Email, ADDRESS).expect("an address");
        let terms = CodeTerms::ordinary(CodeLength::DEFAULT);
        let ticket = Ticket::new(Purpose::SignIn, to, terms, SystemClock.now(), &OsEntropy).seal(
            &self.keys,
            &self.app_client,
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

    /// Returns the first event of a sign-in, which sends nothing.
    pub(crate) fn opening(name: &str) -> String {
        trigger(name, &json!({"userAttributes": user(), "session": []}))
    }

    /// Returns an event in which Verify receives a code for an unknown flow.
    pub(crate) fn verify(&self) -> String {
        verify(&self.otp_challenge(), "493026")
    }

    /// Returns an event in which Verify receives the right code for a stored flow.
    pub(crate) fn verify_right(&self) -> String {
        // Invariant: the deployment serves the client, and the store is memory.
        let open = self.opened().expect("a flow");
        self.keep(open.flow).expect("a row");
        verify(&open.metadata, &open.code)
    }

    /// Returns an event in which Define decides after the right answer to the first challenge.
    pub(crate) fn define(&self) -> String {
        let request = json!({
            "userAttributes": user(),
            "session": [passed(&self.challenge(Step::Select))],
        });
        trigger("DefineAuthChallenge", &request)
    }

    /// Returns an event in which Define issues tokens, after a right code.
    pub(crate) fn define_right(&self) -> String {
        // Invariant: as above.
        let open = self.opened().expect("a flow");
        let event = serde_json::from_str(&verify(&open.metadata, &open.code)).unwrap_or_default();
        let verified = self.runtime.block_on(answer(&self.verify, event));
        assert!(verified.is_ok_and(|output| output.value["response"]["answerCorrect"] == true));
        // Define's write returns the finished row.
        self.finish(&open.metadata).expect("a matched row");
        self.keep(open.flow).expect("a row");
        let request = json!({
            "userAttributes": user(),
            "session": [open.select, passed(&open.metadata)],
        });
        trigger("DefineAuthChallenge", &request)
    }

    /// Returns an event in which sign-in opens a session.
    pub(crate) fn sign_in() -> String {
        Self::sign_in_by(ADDRESS, "EMAIL")
    }

    /// Returns such an event with a phone number, for which the metadata of all countries is
    /// loaded.
    pub(crate) fn sign_in_by_phone() -> String {
        Self::sign_in_by("+1 415 555 0132", "PHONE_NUMBER")
    }

    /// Returns an event of an HTTP API in which sign-in opens a session.
    pub(crate) fn sign_in_over_http() -> String {
        json!({
            "version": "2.0",
            "rawPath": "/v1/sign-in",
            "rawQueryString": "",
            "headers": {"content-type": "application/json", "host": "auth.example.com"},
            "requestContext": {
                "http": {"method": "POST", "path": "/v1/sign-in", "sourceIp": "203.0.113.7"},
                "stage": "$default",
            },
            "body": json!({"emailOrPhone": ADDRESS}).to_string(),
            "isBase64Encoded": false,
        })
        .to_string()
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

/// Returns the row of an account owner's flow, as the store writes it to DynamoDB.
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
        "charge": bytes(&flow.terms.to_bytes()),
        "issued_at": time(flow.issued_at),
        "expires_at": time(flow.expires_at),
        "message_charged": {"BOOL": flow.message_charged},
        "sends": number(flow.sends.into()),
        "unsent": number(flow.unsent.into()),
        "held": number(flow.held_guesses.into()),
        "last_sent_at": time(flow.last_sent_at),
        "state": text("open"),
    });
    let ended = match flow.state {
        State::Open => None,
        State::Matched { answer, at } => Some(("matched", answer, at)),
        State::Finished { answer, at } => Some(("finished", answer, at)),
    };
    if let Some((state, answer, at)) = ended {
        item["state"] = text(state);
        item["answer"] = bytes(answer.as_bytes());
        item["at"] = time(at);
        item["attempts"] = json!({"BS": [BASE64.encode(answer.as_bytes())]});
    }
    Some(item)
}

/// Returns Cognito's answer to a look-up of the account.
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
