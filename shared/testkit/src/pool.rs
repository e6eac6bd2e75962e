use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use latchstring_core::account::Account;
use latchstring_core::flow::AppClient;
use latchstring_core::ports::{ChallengeApi, Directory, OpenChallenge, PortError, Reply, Tokens};
use latchstring_core::rate_limit::Source;
use latchstring_core::secret::Secret;
use latchstring_memory::MemoryDirectory;
use serde_json::{Map, Value, json};

const CUSTOM_CHALLENGE: &str = "CUSTOM_CHALLENGE";

/// A trigger of custom authentication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// `DefineAuthChallenge`.
    Define,
    /// `CreateAuthChallenge`.
    Create,
    /// `VerifyAuthChallengeResponse`.
    Verify,
}

impl Trigger {
    /// Returns its name, as an event's `triggerSource` begins.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Define => "DefineAuthChallenge",
            Self::Create => "CreateAuthChallenge",
            Self::Verify => "VerifyAuthChallengeResponse",
        }
    }
}

/// Invokes triggers: with the delays, limits and deliveries of a test.
pub trait Invoke: Send + Sync {
    /// Invokes a trigger, and returns its `response`.
    fn invoke(&self, trigger: Trigger, event: Value) -> impl Future<Output = Value> + Send;
}

/// A user pool that does not reveal missing users. It holds sessions, and invokes triggers with
/// Cognito's events. Clones share it.
pub struct Pool<T>(Arc<Inner<T>>);

struct Inner<T> {
    id: &'static str,
    client: &'static str,
    accounts: MemoryDirectory,
    triggers: T,
    /// The open sessions by their number; an answer takes its session.
    sessions: Mutex<Vec<Option<Session>>>,
}

/// A session of custom authentication.
#[derive(Clone)]
pub struct Session {
    /// The app client that opened it, which alone answers it.
    client: String,
    username: String,
    account: Option<Account>,
    rounds: Vec<Value>,
    /// Create's latest response.
    challenge: Value,
}

/// Cognito's next step.
pub enum Next {
    /// Another challenge.
    Challenge,
    /// Tokens.
    Tokens,
    /// The session has failed.
    Failed,
}

/// Cognito's answer to a client.
pub enum Answer {
    /// Another challenge.
    Challenge(OpenChallenge),
    /// Tokens.
    Tokens,
    /// The session has failed.
    Failed,
}

impl<T> Clone for Pool<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Invoke> Pool<T> {
    /// Makes a pool with these accounts and triggers.
    pub fn new(
        id: &'static str,
        client: &'static str,
        accounts: MemoryDirectory,
        triggers: T,
    ) -> Self {
        Self(Arc::new(Inner {
            id,
            client,
            accounts,
            triggers,
            sessions: Mutex::default(),
        }))
    }

    /// Returns the triggers.
    pub fn triggers(&self) -> &T {
        &self.0.triggers
    }

    /// Opens a session, which the caller keeps.
    ///
    /// # Panics
    ///
    /// Never: the directory in memory does not fail.
    pub async fn open(&self, username: &str) -> (Session, Next) {
        self.open_for(self.0.client, username).await
    }

    async fn open_for(&self, client: &str, username: &str) -> (Session, Next) {
        // Invariant: the directory in memory does not fail.
        let found = self.0.accounts.find(username).await.expect("no fault");
        let account = found.filter(|account| account.enabled);
        let mut session = Session {
            client: client.to_owned(),
            username: account
                .as_ref()
                .map_or(username, |account| &account.username)
                .to_owned(),
            account,
            rounds: Vec::new(),
            challenge: Value::Null,
        };
        let next = self.continue_auth(&mut session, &json!({})).await;
        (session, next)
    }

    /// Returns Verify's verdict, and leaves the session unchanged.
    pub async fn verdict(&self, session: &Session, answer: &str, metadata: &Value) -> bool {
        let request = json!({
            "privateChallengeParameters": session.challenge["privateChallengeParameters"],
            "challengeAnswer": answer,
        });
        let verified = self.invoke(Trigger::Verify, session, request, metadata);
        verified.await["answerCorrect"] == true
    }

    /// Answers the challenge of a session.
    pub async fn answer(&self, session: &mut Session, answer: &str, metadata: &Value) -> Next {
        let passed = self.verdict(session, answer, metadata).await;
        session.rounds.push(json!({
            "challengeName": CUSTOM_CHALLENGE,
            "challengeResult": passed,
            "challengeMetadata": session.challenge["challengeMetadata"],
        }));
        self.continue_auth(session, metadata).await
    }

    /// `InitiateAuth`: opens a session, which the pool keeps.
    pub async fn initiate(&self, username: &str) -> Answer {
        let (session, next) = self.open(username).await;
        self.answered(session, &next)
    }

    /// `RespondToAuthChallenge`.
    pub async fn respond(&self, session: &Secret, answer: &str, metadata: &Value) -> Answer {
        self.respond_as(self.0.client, session, answer, metadata)
            .await
    }

    async fn respond_as(
        &self,
        client: &str,
        session: &Secret,
        answer: &str,
        metadata: &Value,
    ) -> Answer {
        let number = session.expose().parse::<usize>();
        let taken = number.ok().and_then(|number| {
            let mut sessions = self.sessions();
            let session = sessions.get_mut(number)?;
            session.take_if(|session| session.client == client)
        });
        let Some(mut session) = taken else {
            return Answer::Failed;
        };
        let next = self.answer(&mut session, answer, metadata).await;
        self.answered(session, &next)
    }

    /// Invokes Define, and Create if another challenge follows.
    async fn continue_auth(&self, session: &mut Session, metadata: &Value) -> Next {
        let rounds = json!({ "session": session.rounds });
        let defined = self.invoke(Trigger::Define, session, rounds, metadata);
        let defined = defined.await;
        if defined["issueTokens"] == true {
            return Next::Tokens;
        }
        if defined["failAuthentication"] == true || defined["challengeName"] != CUSTOM_CHALLENGE {
            return Next::Failed;
        }
        let request = json!({ "session": session.rounds, "challengeName": CUSTOM_CHALLENGE });
        let created = self.invoke(Trigger::Create, session, request, metadata);
        session.challenge = created.await;
        Next::Challenge
    }

    async fn invoke(
        &self,
        trigger: Trigger,
        session: &Session,
        mut request: Value,
        metadata: &Value,
    ) -> Value {
        let (id, client) = (self.0.id, &session.client);
        let account = session.account.as_ref();
        request["userAttributes"] = account.map(attributes).unwrap_or_default().into();
        request["userNotFound"] = json!(account.is_none());
        request["clientMetadata"] = metadata.clone();
        let (region, _) = id.split_once('_').unwrap_or_default();
        let event = json!({
            "version": "1",
            "region": region,
            "userPoolId": id,
            "userName": session.username,
            "callerContext": { "awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": client },
            "triggerSource": format!("{}_Authentication", trigger.name()),
            "request": request,
            "response": {},
        });
        // The futures of handlers are large: on the heap, they do not add up on the stack.
        Box::pin(self.0.triggers.invoke(trigger, event)).await
    }

    fn answered(&self, session: Session, next: &Next) -> Answer {
        match next {
            Next::Tokens => Answer::Tokens,
            Next::Failed => Answer::Failed,
            Next::Challenge => {
                let parameters = session.parameters();
                let mut sessions = self.sessions();
                let number = sessions.len().to_string();
                sessions.push(Some(session));
                Answer::Challenge(OpenChallenge {
                    session: Secret::new(number),
                    parameters,
                })
            }
        }
    }

    fn sessions(&self) -> MutexGuard<'_, Vec<Option<Session>>> {
        // Every change is one push or take.
        let sessions = self.0.sessions.lock();
        sessions.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    /// Returns the metadata of the present challenge.
    pub fn metadata(&self) -> &str {
        let metadata = self.challenge["challengeMetadata"].as_str();
        metadata.unwrap_or_default()
    }

    /// Returns the answered rounds, as an event has them.
    pub fn rounds(&self) -> &[Value] {
        &self.rounds
    }

    /// Returns the public parameters of the present challenge.
    fn parameters(&self) -> BTreeMap<String, String> {
        let public = self.challenge["publicChallengeParameters"].as_object();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let public = public.into_iter().flatten();
        public
            .map(|(name, value)| (name.clone(), text(value)))
            .chain([("USERNAME".to_owned(), self.username.clone())])
            .collect()
    }
}

/// Returns tokens that no service issued.
pub fn tokens() -> Tokens {
    Tokens {
        access: Secret::new("an access token"),
        id: Secret::new("an ID token"),
        refresh: Secret::new("a refresh token"),
        expires_in: 3600,
    }
}

/// Returns the attributes of an account that the triggers read.
fn attributes(account: &Account) -> Map<String, Value> {
    let attributes = &account.attributes;
    let status = if attributes.is_half_created() {
        "FORCE_CHANGE_PASSWORD"
    } else {
        "CONFIRMED"
    };
    let mut pairs = Map::new();
    pairs.insert("sub".to_owned(), json!(attributes.sub().as_str()));
    pairs.insert("cognito:user_status".to_owned(), json!(status));
    for contact in attributes.verified_contacts().into_iter().flatten() {
        let name = contact.method().as_str();
        pairs.insert(name.to_owned(), json!(contact.as_str()));
        pairs.insert(format!("{name}_verified"), json!("true"));
    }
    pairs
}

impl<T: Invoke> ChallengeApi for Pool<T> {
    async fn initiate(
        &self,
        app_client: &AppClient,
        username: &str,
        _: Option<Source>,
    ) -> Result<Reply, PortError> {
        let opening = Box::pin(self.open_for(app_client.client(), username));
        let (session, next) = opening.await;
        Ok(self.answered(session, &next).into())
    }

    async fn respond(
        &self,
        app_client: &AppClient,
        challenge: &OpenChallenge,
        answer: &str,
        client_metadata: &[(&str, &str)],
        _: Option<Source>,
    ) -> Result<Reply, PortError> {
        let metadata = client_metadata
            .iter()
            .map(|(name, value)| ((*name).to_owned(), json!(value)))
            .collect();
        let client = app_client.client();
        let answer = self.respond_as(client, &challenge.session, answer, &metadata);
        Ok(Box::pin(answer).await.into())
    }
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Challenge(challenge) => Self::Challenge(challenge),
            Answer::Tokens => Self::Tokens(tokens()),
            Answer::Failed => Self::Refused,
        }
    }
}
