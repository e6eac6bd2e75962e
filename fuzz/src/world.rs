//! A deployment in memory after some sign-ins, for events to refer to.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt as _;
use latchstring_core::account::{Account, Attributes};
use latchstring_core::code::{Code, CodeLength};
use latchstring_core::flow::{AppClient, Flow, FlowId, Purpose};
use latchstring_core::identifier::{Identifier, Method};
use latchstring_core::keys::{Key, KeyId, KeyRing};
use latchstring_core::pending::PendingId;
use latchstring_core::policy::{Deployment, Policy};
use latchstring_core::ports::{
    ChallengeApi, Clock, Directory, Entropy, FlowStore as _, OpenChallenge, PortError, Reply,
    TokenHolder,
};
use latchstring_core::rate_limit::{Charge, Countries, Price, Source};
use latchstring_core::sealed::{Proof, Ticket};
use latchstring_core::secret::Secret;
use latchstring_core::time::Timestamp;
use latchstring_lambda::appsync::{AccountResolver, SignInResolver, SourceOf};
use latchstring_lambda::cognito::{CreateTrigger, DefineTrigger, VerifyTrigger};
use latchstring_lambda::{DELIVERY, Handler, PublicError, answer, deliver};
use latchstring_memory::{Inbox, ManualClock, MemoryDirectory, MemoryStore, SeededEntropy};
use serde_json::{Value, json};
use tokio::time::Instant;

// The values of the golden events, which are seeds.
pub(crate) const POOL: &str = "eu-west-1_GOLDEN000";
pub(crate) const CLIENT: &str = "goldenclient";
const KEY: &str = "golden";
const NOW: Timestamp = Timestamp::from_secs(1_767_225_600);

pub(crate) const ADA: &str = "ada@example.com";
pub(crate) const BOB: &str = "bob@example.com";
pub(crate) const ADAS_NAME: &str = "username-of-ada";
pub(crate) const ADAS_SUB: &str = "sub-of-ada";
pub(crate) const ADAS_TOKEN: &str = "access-token-of-ada";

const DEFINE: &str = "DefineAuthChallenge";
const CREATE: &str = "CreateAuthChallenge";
const VERIFY: &str = "VerifyAuthChallengeResponse";

pub(crate) type SignIns =
    SignInResolver<MemoryStore, MemoryDirectory, Cognito, Infallible, ManualClock, SeededEntropy>;
pub(crate) type Contacts =
    AccountResolver<MemoryStore, MemoryDirectory, Tokens, Cognito, ManualClock, SeededEntropy>;

/// The triggers and their dependencies.
pub(crate) struct World {
    pub(crate) deployment: Deployment,
    pub(crate) caller: AppClient,
    pub(crate) clock: ManualClock,
    pub(crate) directory: MemoryDirectory,
    store: MemoryStore,
    entropy: SeededEntropy,
    inbox: Inbox<ManualClock>,
    pub(crate) define: DefineTrigger<MemoryStore, MemoryDirectory, Inbox<ManualClock>, ManualClock>,
    pub(crate) create: CreateTrigger<MemoryStore, Inbox<ManualClock>, ManualClock, SeededEntropy>,
    pub(crate) verify: VerifyTrigger<MemoryStore, ManualClock>,
}

impl World {
    /// Creates a deployment with Ada in the pool, who has an address.
    pub(crate) fn new() -> Self {
        let mut policy = Policy::for_clients(vec![CLIENT.to_owned()]);
        policy.budgets.sms.countries = Countries::All(Price::hundredths(10));
        let deployment = Deployment {
            policy,
            keys: key_ring(KEY, 7),
        };
        let clock = ManualClock::at(NOW);
        let store = MemoryStore::default();
        let directory = MemoryDirectory::default();
        let inbox = Inbox::new(clock.clone());
        directory.put(Account {
            username: ADAS_NAME.to_owned(),
            enabled: true,
            attributes: Attributes::from_pairs([
                ("sub", ADAS_SUB),
                ("email", ADA),
                ("email_verified", "true"),
            ]),
        });
        Self {
            caller: AppClient::new(POOL, CLIENT),
            define: DefineTrigger {
                deployment: deployment.clone(),
                store: store.clone(),
                directory: directory.clone(),
                courier: inbox.clone(),
                clock: clock.clone(),
            },
            create: CreateTrigger {
                deployment: deployment.clone(),
                store: store.clone(),
                courier: inbox.clone(),
                clock: clock.clone(),
                entropy: SeededEntropy::new(1),
            },
            verify: VerifyTrigger {
                deployment: deployment.clone(),
                store: store.clone(),
                clock: clock.clone(),
            },
            deployment,
            clock,
            directory,
            store,
            entropy: SeededEntropy::new(2),
            inbox,
        }
    }

    /// Returns the resolvers of this deployment.
    pub(crate) fn resolvers(self: &Arc<Self>) -> (SignIns, Contacts) {
        let cognito = Cognito {
            world: Arc::clone(self),
            sessions: Arc::default(),
        };
        let sign_in = SignInResolver {
            deployment: self.deployment.clone(),
            caller: self.caller.clone(),
            legacy_pool: false,
            source: SourceOf::AppSync,
            store: self.store.clone(),
            directory: self.directory.clone(),
            api: cognito.clone(),
            captcha: None,
            clock: self.clock.clone(),
            entropy: SeededEntropy::new(3),
        };
        let contacts = AccountResolver {
            deployment: self.deployment.clone(),
            caller: self.caller.clone(),
            source: SourceOf::AppSync,
            store: self.store.clone(),
            directory: self.directory.clone(),
            tokens: Tokens(self.directory.clone()),
            api: cognito,
            clock: self.clock.clone(),
            entropy: SeededEntropy::new(4),
        };
        (sign_in, contacts)
    }

    /// Returns the messages so far: the code and the recipient.
    pub(crate) fn sent(&self) -> Vec<(Option<String>, String)> {
        let of = |code: &Code| code.digits().to_owned();
        let messages = self.inbox.messages(None, usize::MAX).into_iter();
        messages
            .rev()
            .map(|arrived| {
                let message = &arrived.message;
                (
                    message.code.as_ref().map(of),
                    message.to.as_str().to_owned(),
                )
            })
            .collect()
    }

    pub(crate) fn ticket(&self, purpose: Purpose, to: &str) -> String {
        let charge = match purpose {
            Purpose::Claim => Charge::free(CodeLength::DEFAULT),
            Purpose::SignIn | Purpose::VerifyContact(_) | Purpose::Decoy => {
                Charge::ordinary(CodeLength::DEFAULT)
            }
        };
        let ticket = Ticket::new(purpose, email(to), charge, self.clock.now(), &self.entropy);
        ticket.seal(&self.deployment.keys, &self.caller, &self.entropy)
    }

    pub(crate) fn proof(&self, of: &str) -> String {
        let proof = Proof {
            of: email(of),
            flow: FlowId::from_bytes(self.entropy.bytes()),
            made_at: self.clock.now(),
        };
        let Deployment { policy, keys } = &self.deployment;
        let earned = Flow::earned(
            proof.flow,
            &proof.of,
            &self.caller,
            policy,
            keys,
            proof.made_at,
            &self.entropy,
        );
        let opened = self.store.open_flow(&earned).now_or_never();
        assert!(opened.is_some(), "the store in memory never waits");
        proof.seal(&self.deployment.keys, &self.caller, &self.entropy)
    }

    /// Invokes a trigger and delivers the message of its response.
    pub(crate) async fn invoke(
        &self,
        trigger: &impl Handler,
        event: Value,
    ) -> Result<Value, PublicError> {
        let answer = answer(trigger, event).await?;
        if let Some(delivery) = answer.delivery {
            deliver(trigger, delivery, Instant::now() + DELIVERY).await;
        }
        Ok(answer.value)
    }

    async fn called(&self, trigger: &impl Handler, event: Value) -> Value {
        let answered = self.invoke(trigger, event).await;
        // Invariant: `Session::event` is an event.
        let mut answered = answered.expect("a trigger answers an event of the pool's");
        answered["response"].take()
    }

    /// Opens a session, as `InitiateAuth` does.
    pub(crate) async fn initiate(&self, username: &str) -> Session {
        // Invariant: the directory in memory does not fail.
        let found = self.directory.find(username).await.expect("no fault");
        let mut session = Session {
            attributes: json!({}),
            is_known: found.is_some(),
            username: username.to_owned(),
            rounds: Vec::new(),
            question: String::new(),
            public: BTreeMap::new(),
        };
        if let Some(account) = found {
            session.attributes = json!({ "sub": account.attributes.sub().as_str() });
            for method in [Method::Email, Method::PhoneNumber] {
                if let Some(contact) = account.attributes.verified(method) {
                    let name = method.as_str();
                    session.attributes[name] = contact.as_str().into();
                    session.attributes[format!("{name}_verified")] = "true".into();
                }
            }
            session.username = account.username;
        }
        let response = self
            .called(&self.define, session.event(DEFINE, &json!({})))
            .await;
        assert_eq!(response["challengeName"], "CUSTOM_CHALLENGE");
        let created = self
            .called(&self.create, session.event(CREATE, &json!({})))
            .await;
        session.set_challenge(&created);
        session
    }

    /// Returns Verify's verdict.
    pub(crate) async fn verdict(&self, session: &Session, answer: &str, metadata: &Value) -> bool {
        let mut event = session.event(VERIFY, metadata);
        event["request"]["challengeAnswer"] = answer.into();
        event["request"]["privateChallengeParameters"] = json!({ "challenge": session.question });
        self.called(&self.verify, event).await["answerCorrect"] == true
    }

    /// Answers as `RespondToAuthChallenge` does; returns true if another challenge follows.
    pub(crate) async fn respond(
        &self,
        session: &mut Session,
        answer: &str,
        metadata: &Value,
    ) -> bool {
        let passed = self.verdict(session, answer, metadata).await;
        session.rounds.push(json!({
            "challengeName": "CUSTOM_CHALLENGE",
            "challengeResult": passed,
            "challengeMetadata": session.question,
        }));
        let defined = self
            .called(&self.define, session.event(DEFINE, metadata))
            .await;
        if defined["challengeName"].is_null() {
            return false;
        }
        let created = self
            .called(&self.create, session.event(CREATE, metadata))
            .await;
        session.set_challenge(&created);
        true
    }

    /// Returns a session at the challenge of this ticket, and the code that was sent.
    pub(crate) async fn at_challenge(&self, username: &str, ticket: &str) -> (Session, String) {
        let mut session = self.initiate(username).await;
        let before = self.sent().len();
        let metadata = json!({ "method": "email", "ticket": ticket });
        self.respond(&mut session, "", &metadata).await;
        let code = self
            .sent()
            .drain(before..)
            .next()
            .and_then(|(code, _)| code);
        (session, code.unwrap_or_default())
    }

    /// Returns this deployment's sealed texts, by the names that inputs use.
    pub(crate) fn sealed(&self) -> Authentic {
        let pending = PendingId::from_bytes(self.entropy.bytes());
        let texts = [
            ("<ticket>", self.ticket(Purpose::SignIn, ADA)),
            ("<ticket-bob>", self.ticket(Purpose::SignIn, BOB)),
            ("<ticket-claim>", self.ticket(Purpose::Claim, ADA)),
            (
                "<ticket-contact>",
                self.ticket(Purpose::VerifyContact(pending), BOB),
            ),
            ("<ticket-decoy>", self.ticket(Purpose::Decoy, BOB)),
            ("<proof>", self.proof(ADA)),
            ("<proof-bob>", self.proof(BOB)),
            ("<token>", ADAS_TOKEN.to_owned()),
        ];
        Authentic {
            texts: texts.map(|(name, text)| (name.to_owned(), text)).into(),
            sent: 0,
        }
    }

    /// Returns the sealed texts, and the challenges of the flows that the input names, each at
    /// another stage.
    pub(crate) async fn authentic(&self, input: &str) -> Authentic {
        let mut kept = self.sealed();
        let flows = [
            ("open", ADA, Purpose::SignIn),
            ("matched", ADA, Purpose::SignIn),
            ("ghost", BOB, Purpose::SignIn),
            ("proved", BOB, Purpose::SignIn),
            ("claim", ADA, Purpose::Claim),
            ("claimed", ADA, Purpose::Claim),
            ("decoy", ADA, Purpose::SignIn),
        ];
        for (name, whose, purpose) in flows {
            if !input.contains(&format!("<{name}")) {
                continue;
            }
            let (username, ticket) = match name {
                "decoy" => (whose, String::new()),
                "claim" | "claimed" => (ADAS_NAME, self.ticket(purpose, whose)),
                _ => (whose, self.ticket(purpose, whose)),
            };
            let (session, mut answer) = self.at_challenge(username, &ticket).await;
            if name == "claimed" {
                answer = self.proof(whose);
            }
            if matches!(name, "matched" | "proved" | "claimed") {
                assert!(self.verdict(&session, &answer, &json!({})).await);
            }
            let select = session.rounds[0]["challengeMetadata"].as_str();
            kept = kept
                .with(&format!("<{name}-select>"), select.unwrap_or_default())
                .with(&format!("<{name}>"), &session.question)
                .with(&format!("<{name}-code>"), &answer);
        }
        kept.sent = self.sent().len();
        kept
    }
}

/// The values that a world has made.
pub(crate) struct Authentic {
    texts: BTreeMap<String, String>,
    /// The number of messages that this took.
    pub(crate) sent: usize,
}

impl Authentic {
    /// Adds a text under a name.
    pub(crate) fn with(mut self, name: &str, text: &str) -> Self {
        self.texts.insert(name.to_owned(), text.to_owned());
        self
    }

    /// Returns the text of that name in inputs.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.texts.get(name).map_or("", String::as_str)
    }

    /// Returns an input with the texts substituted for their names.
    pub(crate) fn substituted(&self, input: &str) -> String {
        let mut text = input.to_owned();
        for (name, authentic) in &self.texts {
            if text.contains(name) {
                text = text.replace(name, authentic);
            }
        }
        text
    }
}

/// A session of Cognito's.
pub(crate) struct Session {
    username: String,
    attributes: Value,
    is_known: bool,
    rounds: Vec<Value>,
    question: String,
    public: BTreeMap<String, String>,
}

impl Session {
    /// Returns the event of a trigger.
    fn event(&self, trigger: &str, metadata: &Value) -> Value {
        json!({
            "version": "1",
            "region": "eu-west-1",
            "userPoolId": POOL,
            "userName": self.username,
            "callerContext": { "awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": CLIENT },
            "triggerSource": format!("{trigger}_Authentication"),
            "request": {
                "userAttributes": self.attributes,
                "userNotFound": !self.is_known,
                "session": self.rounds,
                "clientMetadata": metadata,
            },
            "response": {},
        })
    }

    fn set_challenge(&mut self, created: &Value) {
        let metadata = created["challengeMetadata"].as_str();
        metadata.unwrap_or_default().clone_into(&mut self.question);
        let public = created["publicChallengeParameters"].as_object();
        self.public = public
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
            .collect();
    }
}

/// The pool as a client sees it, over the triggers of a world.
#[derive(Clone)]
pub(crate) struct Cognito {
    world: Arc<World>,
    sessions: Arc<Mutex<Vec<Option<Session>>>>,
}

impl Cognito {
    fn challenge(&self, session: Session) -> Reply {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let mut parameters = session.public.clone();
        parameters.insert("USERNAME".to_owned(), session.username.clone());
        let name = sessions.len().to_string();
        sessions.push(Some(session));
        Reply::Challenge(OpenChallenge {
            session: Secret::new(name),
            parameters,
        })
    }
}

impl ChallengeApi for Cognito {
    async fn initiate(&self, username: &str, _: Option<Source>) -> Result<Reply, PortError> {
        Ok(self.challenge(self.world.initiate(username).await))
    }

    async fn respond(
        &self,
        challenge: &OpenChallenge,
        answer: &str,
        client_metadata: &[(&str, &str)],
        _: Option<Source>,
    ) -> Result<Reply, PortError> {
        let number = challenge.session.expose().parse::<usize>();
        let session = number.ok().and_then(|number| {
            let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
            sessions.get_mut(number)?.take()
        });
        let Some(mut session) = session else {
            return Ok(Reply::Refused);
        };
        let metadata = client_metadata
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Value::from(*value)))
            .collect();
        let goes_on = self
            .world
            .respond(&mut session, answer, &Value::Object(metadata))
            .await;
        Ok(if goes_on {
            self.challenge(session)
        } else {
            Reply::Refused
        })
    }
}

/// The verifier of Ada's access token and no other.
#[derive(Clone)]
pub(crate) struct Tokens(MemoryDirectory);

impl TokenHolder for Tokens {
    async fn holder(&self, access_token: &Secret) -> Result<Option<Account>, PortError> {
        if access_token.expose() == ADAS_TOKEN {
            self.0.find(ADAS_NAME).await
        } else {
            Ok(None)
        }
    }
}

/// Makes a key ring of one key.
pub(crate) fn key_ring(id: &str, byte: u8) -> KeyRing {
    // Invariant: the ids here are well formed, and 32 bytes are enough.
    let key = Key::new(KeyId::parse(id).expect("an id"), &[byte; 32]).expect("a key");
    KeyRing::new(key, None, None).expect("one key is a ring")
}

/// Parses an address of this crate.
pub(crate) fn email(text: &str) -> Identifier {
    // Invariant: it is one of the addresses of this file.
    Identifier::parse(Method::Email, text).expect("an address")
}
