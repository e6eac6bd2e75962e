//! A user pool that holds sessions, invokes the real triggers with events as Cognito does, and
//! delivers the messages that they leave.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use latchstring_core::account::Account;
use latchstring_core::identifier::Method;
use latchstring_core::message::Message;
use latchstring_core::policy::Deployment;
use latchstring_core::ports::{
    ChallengeApi, Clock, Courier, DeliveryError, DeliveryOutcome, Directory, Entropy,
    OpenChallenge, PortError, Reply, TokenHolder,
};
use latchstring_core::rate_limit::Source;
use latchstring_core::secret::Secret;
use latchstring_lambda::cognito::{CreateTrigger, DefineTrigger, VerifyTrigger};
use latchstring_lambda::{DELIVERY, Handler, HandlerResponse};
use latchstring_memory::{ManualClock, MemoryDirectory, MemoryStore, SeededEntropy};
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use latchstring_testkit::Wire;

use crate::Flaky;

/// The time limit of a trigger. Cognito allows 5 s.
const TRIGGER: Duration = Duration::from_millis(3500);

pub(crate) const POOL: &str = "us-east-1_POOL";
pub(crate) const CLIENT: &str = "client";

/// The state that the triggers and resolvers share.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) deployment: Deployment,
    pub(crate) clock: ManualClock,
    pub(crate) entropy: Random,
    pub(crate) wire: Wire,
    pub(crate) store: Flaky<MemoryStore>,
    pub(crate) directory: Flaky<MemoryDirectory>,
    pub(crate) mail: Mailbox,
    sessions: Arc<Mutex<BTreeMap<String, Session>>>,
}

/// Randomness that is the same in every run.
#[derive(Clone)]
pub(crate) struct Random(Arc<SeededEntropy>);

impl Entropy for Random {
    fn fill(&self, buffer: &mut [u8]) {
        self.0.fill(buffer);
    }
}

/// The messages that users received. Its courier hangs like any port.
#[derive(Clone)]
pub(crate) struct Mailbox {
    wire: Wire,
    messages: Arc<Mutex<Vec<Message>>>,
}

impl Mailbox {
    /// Returns the latest message with a code, and the number of such messages.
    pub(crate) fn codes(&self) -> (Option<String>, usize) {
        let messages = self.messages.lock().unwrap();
        let mut codes = messages.iter().filter_map(|message| message.code.as_ref());
        let count = codes.clone().count();
        let latest = codes.next_back().map(|code| code.digits().to_owned());
        (latest, count)
    }
}

impl Courier for Mailbox {
    async fn deliver(&self, message: &Message) -> Result<(), DeliveryError> {
        let effect = async {
            self.messages.lock().unwrap().push(message.clone());
            Ok(())
        };
        let delivered = self.wire.carry_call("deliver", effect).await;
        delivered.map_err(|fault| DeliveryError {
            fault,
            outcome: DeliveryOutcome::Unknown,
        })
    }
}

/// A session between two answers.
struct Session {
    username: String,
    account: Option<Account>,
    rounds: Vec<Value>,
    private: Value,
}

/// The outcome of a call for the client.
pub(crate) enum AuthOutcome {
    Challenge(OpenChallenge),
    Tokens,
    Failed,
}

impl World {
    pub(crate) fn new(deployment: Deployment, clock: ManualClock) -> Self {
        let wire = Wire::new(clock.clone());
        Self {
            deployment,
            clock,
            entropy: Random(Arc::new(SeededEntropy::new(1))),
            store: Flaky::new(MemoryStore::default(), wire.clone()),
            directory: Flaky::new(MemoryDirectory::default(), wire.clone()),
            mail: Mailbox {
                wire: wire.clone(),
                messages: Arc::default(),
            },
            wire,
            sessions: Arc::default(),
        }
    }

    /// Invokes a function, which responds within its time limit.
    pub(crate) async fn invoke(
        &self,
        handler: &impl Handler,
        event: Value,
        time: Duration,
    ) -> Value {
        let started = self.clock.now();
        let answered = handler.handle(event).await;
        let HandlerResponse { value, delivery } = answered.expect("a function does not throw");
        assert!(self.clock.now().since(started) <= time, "an answer in time");
        if let Some(delivery) = delivery {
            let answered = self.clock.now();
            handler.deliver(delivery, Instant::now() + DELIVERY).await;
            let took = self.clock.now().since(answered);
            assert!(took <= DELIVERY, "a delivery in time");
        }
        value
    }

    async fn trigger(&self, name: &str, handler: &impl Handler, mut event: Value) -> Value {
        event["triggerSource"] = json!(format!("{name}_Authentication"));
        let answered = Box::pin(self.invoke(handler, event, TRIGGER)).await;
        answered["response"].clone()
    }

    async fn define(&self, event: Value) -> Value {
        let handler = DefineTrigger {
            deployment: self.deployment.clone(),
            store: self.store.clone(),
            directory: self.directory.clone(),
            courier: self.mail.clone(),
            clock: self.clock.clone(),
        };
        self.trigger("DefineAuthChallenge", &handler, event).await
    }

    async fn create(&self, event: Value) -> Value {
        let handler = CreateTrigger {
            deployment: self.deployment.clone(),
            store: self.store.clone(),
            courier: self.mail.clone(),
            clock: self.clock.clone(),
            entropy: self.entropy.clone(),
        };
        self.trigger("CreateAuthChallenge", &handler, event).await
    }

    async fn verify(&self, event: Value) -> Value {
        let handler = VerifyTrigger {
            deployment: self.deployment.clone(),
            store: self.store.clone(),
            clock: self.clock.clone(),
        };
        self.trigger("VerifyAuthChallengeResponse", &handler, event)
            .await
    }

    async fn found(&self, name: &str) -> Option<Account> {
        let found = self.directory.port.find(name).await;
        found
            .expect("memory answers")
            .filter(|account| account.enabled)
    }

    /// Invokes Define, and Create if there is another challenge.
    async fn continue_auth(&self, mut session: Session, metadata: &Value) -> AuthOutcome {
        let next = self.define(session.event(metadata)).await;
        if next["failAuthentication"] == true {
            return AuthOutcome::Failed;
        }
        if next["issueTokens"] == true {
            return AuthOutcome::Tokens;
        }
        let mut event = session.event(metadata);
        event["request"]["challengeName"] = json!("CUSTOM_CHALLENGE");
        let created = self.create(event).await;
        session.private = created["privateChallengeParameters"].clone();
        session.rounds.push(json!({
            "challengeName": "CUSTOM_CHALLENGE",
            "challengeMetadata": created["challengeMetadata"],
        }));
        let public = created["publicChallengeParameters"].as_object();
        let mut parameters: BTreeMap<_, _> = public
            .expect("parameters")
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
            .collect();
        parameters.insert("USERNAME".to_owned(), session.username.clone());
        let mut sessions = self.sessions.lock().unwrap();
        let token = format!("session {}", self.wire.calls().len());
        sessions.insert(token.clone(), session);
        AuthOutcome::Challenge(OpenChallenge {
            session: Secret::new(token),
            parameters,
        })
    }

    /// `InitiateAuth`, called by an SDK.
    pub(crate) async fn start(&self, username: &str) -> OpenChallenge {
        match self.open(username).await {
            AuthOutcome::Challenge(challenge) => challenge,
            AuthOutcome::Tokens | AuthOutcome::Failed => panic!("a challenge is expected"),
        }
    }

    async fn open(&self, username: &str) -> AuthOutcome {
        let account = self.found(username).await;
        let session = Session {
            username: account
                .as_ref()
                .map_or(username, |account| &account.username)
                .to_owned(),
            account,
            rounds: Vec::new(),
            private: Value::Null,
        };
        self.continue_auth(session, &json!({})).await
    }

    /// `RespondToAuthChallenge`, called by a client or by the resolver.
    pub(crate) async fn answer(
        &self,
        challenge: &OpenChallenge,
        answer: &str,
        metadata: &[(&str, &str)],
    ) -> AuthOutcome {
        let session = self
            .sessions
            .lock()
            .unwrap()
            .remove(challenge.session.expose());
        let Some(mut session) = session else {
            return AuthOutcome::Failed;
        };
        let metadata = Value::Object(
            metadata
                .iter()
                .map(|(name, value)| ((*name).to_owned(), json!(value)))
                .collect::<Map<_, _>>(),
        );
        let mut event = session.event(&metadata);
        event["request"]["privateChallengeParameters"] = session.private.clone();
        event["request"]["challengeAnswer"] = json!(answer);
        let verified = self.verify(event).await;
        let round = session.rounds.last_mut().expect("a challenge was issued");
        round["challengeResult"] = verified["answerCorrect"].clone();
        self.continue_auth(session, &metadata).await
    }
}

impl Session {
    fn event(&self, metadata: &Value) -> Value {
        let attributes: Map<String, Value> = self.account.iter().flat_map(pairs).collect();
        json!({
            "version": "1",
            "region": "us-east-1",
            "userPoolId": POOL,
            "userName": self.username,
            "callerContext": {"awsSdkVersion": "", "clientId": CLIENT},
            "request": {
                "userAttributes": attributes,
                "userNotFound": self.account.is_none(),
                "session": self.rounds,
                "clientMetadata": metadata,
            },
            "response": {},
        })
    }
}

/// Returns the attributes of an account that the triggers read.
fn pairs(account: &Account) -> Vec<(String, Value)> {
    let Account { attributes, .. } = account;
    let status = if attributes.is_half_created() {
        "FORCE_CHANGE_PASSWORD"
    } else {
        "CONFIRMED"
    };
    let mut pairs = vec![
        ("sub".to_owned(), json!(attributes.sub().as_str())),
        ("cognito:user_status".to_owned(), json!(status)),
    ];
    for method in [Method::Email, Method::PhoneNumber] {
        if let Some(contact) = attributes.verified(method) {
            let name = method.as_str();
            pairs.push((name.to_owned(), json!(contact.as_str())));
            pairs.push((format!("{name}_verified"), json!("true")));
        }
    }
    pairs
}

impl ChallengeApi for World {
    async fn initiate(&self, username: &str, _: Option<Source>) -> Result<Reply, PortError> {
        let effect = async { Ok(reply(Box::pin(self.open(username)).await)) };
        self.wire.carry_call("InitiateAuth", effect).await
    }

    async fn respond(
        &self,
        challenge: &OpenChallenge,
        answer: &str,
        client_metadata: &[(&str, &str)],
        _: Option<Source>,
    ) -> Result<Reply, PortError> {
        let effect = async {
            Ok(reply(
                Box::pin(self.answer(challenge, answer, client_metadata)).await,
            ))
        };
        self.wire.carry_call("RespondToAuthChallenge", effect).await
    }
}

fn reply(outcome: AuthOutcome) -> Reply {
    match outcome {
        AuthOutcome::Challenge(challenge) => Reply::Challenge(challenge),
        AuthOutcome::Failed => Reply::Refused,
        AuthOutcome::Tokens => panic!("a resolver never gets tokens"),
    }
}

/// Access tokens that consist of their holder's name.
impl TokenHolder for World {
    async fn holder(&self, access_token: &Secret) -> Result<Option<Account>, PortError> {
        let effect = async { Ok(self.found(access_token.expose()).await) };
        self.wire.carry_call("GetUser", effect).await
    }
}
