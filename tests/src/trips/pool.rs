//! A user pool that invokes the real triggers, each at the end of the line.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use latchstring_core::identifier::Method;
use latchstring_core::ports::{ChallengeApi, Directory, OpenChallenge, PortError, Reply};
use latchstring_core::rate_limit::Source;
use latchstring_core::secret::Secret;
use latchstring_lambda::cognito::{CreateTrigger, DefineTrigger, VerifyTrigger};
use latchstring_lambda::{DELIVERY, Handler, answer, deliver};
use latchstring_memory::{Inbox, MemoryDirectory, MemoryStore, SeededEntropy};
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::line::{Hop, Line};
use super::ports::Far;
use crate::StillClock;

pub(super) const POOL: &str = "eu-west-1_TRIPS0000";
pub(super) const CLIENT: &str = "tripsclient";
const CUSTOM_CHALLENGE: &str = "CUSTOM_CHALLENGE";

pub(super) type FarStore = Far<MemoryStore>;
pub(super) type FarInbox = Far<Inbox<StillClock>>;

/// A user pool that does not reveal missing users.
pub(super) struct Pool {
    pub(super) line: Line,
    /// The accounts that Cognito itself reads, without a trip.
    pub(super) accounts: MemoryDirectory,
    pub(super) define: Arc<DefineTrigger<FarStore, Far<MemoryDirectory>, FarInbox, StillClock>>,
    pub(super) create: Arc<CreateTrigger<FarStore, FarInbox, StillClock, SeededEntropy>>,
    pub(super) verify: Arc<VerifyTrigger<FarStore, StillClock>>,
    pub(super) sessions: Mutex<BTreeMap<String, Session>>,
}

/// A session that waits for an answer.
pub(super) struct Session {
    username: String,
    rounds: Vec<Value>,
    /// Create's response.
    asked: Value,
}

/// Cognito's next step.
pub(super) enum Next {
    Challenge(OpenChallenge),
    Tokens,
    Failed,
}

impl Pool {
    pub(super) async fn initiate(&self, username: &str) -> Next {
        let session = Session {
            username: username.to_owned(),
            rounds: Vec::new(),
            asked: Value::Null,
        };
        self.go_on(session, &json!({})).await
    }

    pub(super) async fn respond(&self, session: &Secret, answer: &str, said: &Value) -> Next {
        let taken = self
            .sessions
            .lock()
            .expect("nothing panics")
            .remove(session.expose());
        let mut session = taken.expect("a session that was opened here");
        let request = json!({
            "privateChallengeParameters": session.asked["privateChallengeParameters"],
            "challengeAnswer": answer,
        });
        let event = self.event(&session, request, said).await;
        let verified = self.invoke(&self.verify, "verify", event).await;
        session.rounds.push(json!({
            "challengeName": CUSTOM_CHALLENGE,
            "challengeResult": verified["answerCorrect"],
            "challengeMetadata": session.asked["challengeMetadata"],
        }));
        self.go_on(session, said).await
    }

    async fn go_on(&self, mut session: Session, said: &Value) -> Next {
        let rounds = json!({ "session": session.rounds });
        let event = self.event(&session, rounds.clone(), said).await;
        let defined = self.invoke(&self.define, "define", event).await;
        if defined["issueTokens"] == true {
            return Next::Tokens;
        }
        if defined["challengeName"] != CUSTOM_CHALLENGE {
            return Next::Failed;
        }
        let event = self.event(&session, rounds, said).await;
        session.asked = self.invoke(&self.create, "create", event).await;
        let mut parameters: BTreeMap<String, String> = session.asked["publicChallengeParameters"]
            .as_object()
            .expect("public parameters")
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().expect("a text").to_owned()))
            .collect();
        parameters.insert("USERNAME".to_owned(), session.username.clone());
        let mut sessions = self.sessions.lock().expect("nothing panics");
        let name = format!("session {}", sessions.len());
        sessions.insert(name.clone(), session);
        Next::Challenge(OpenChallenge {
            session: Secret::new(name),
            parameters,
        })
    }

    /// Makes one invocation and returns its response. The message that it leaves is delivered after
    /// that.
    async fn invoke<H: Handler + 'static>(
        &self,
        trigger: &Arc<H>,
        name: &'static str,
        event: Value,
    ) -> Value {
        self.line.trip(Hop::Invoke, "Lambda", name).await;
        let answer = answer(&**trigger, event).await.expect("a Cognito event");
        if let Some(delivery) = answer.delivery {
            let trigger = Arc::clone(trigger);
            self.line.aside(async move {
                deliver(&*trigger, delivery, Instant::now() + DELIVERY).await;
            });
        }
        answer.value["response"].clone()
    }

    async fn event(&self, session: &Session, mut request: Value, said: &Value) -> Value {
        let found = self.accounts.find(&session.username).await;
        let account = found.expect("memory always answers");
        let mut attributes = Map::new();
        let mut username = session.username.clone();
        if let Some(account) = &account {
            username.clone_from(&account.username);
            let known = &account.attributes;
            attributes.insert("sub".to_owned(), json!(known.sub().as_str()));
            attributes.insert("cognito:user_status".to_owned(), json!("CONFIRMED"));
            for contact in [Method::Email, Method::PhoneNumber]
                .into_iter()
                .filter_map(|method| known.verified(method))
            {
                let name = contact.method().as_str();
                attributes.insert(name.to_owned(), json!(contact.as_str()));
                attributes.insert(format!("{name}_verified"), json!("true"));
            }
        }
        request["userAttributes"] = attributes.into();
        request["userNotFound"] = json!(account.is_none());
        request["clientMetadata"] = said.clone();
        json!({
            "version": "1",
            "region": "eu-west-1",
            "userPoolId": POOL,
            "userName": username,
            "callerContext": { "clientId": CLIENT },
            "request": request,
            "response": {},
        })
    }
}

/// Cognito's API as the resolver calls it.
#[derive(Clone)]
pub(super) struct FarPool(pub(super) Arc<Pool>);

impl ChallengeApi for FarPool {
    async fn initiate(&self, username: &str, _: Option<Source>) -> Result<Reply, PortError> {
        let Self(pool) = self;
        pool.line
            .trip(Hop::Cognito, "Cognito", "InitiateAuth")
            .await;
        Ok(reply(pool.initiate(username).await))
    }

    async fn respond(
        &self,
        challenge: &OpenChallenge,
        answer: &str,
        client_metadata: &[(&str, &str)],
        _: Option<Source>,
    ) -> Result<Reply, PortError> {
        let Self(pool) = self;
        pool.line
            .trip(Hop::Cognito, "Cognito", "RespondToAuthChallenge")
            .await;
        let said: Value = client_metadata
            .iter()
            .map(|(name, value)| ((*name).to_owned(), json!(value)))
            .collect();
        Ok(reply(pool.respond(&challenge.session, answer, &said).await))
    }
}

fn reply(next: Next) -> Reply {
    match next {
        Next::Challenge(challenge) => Reply::Challenge(challenge),
        Next::Tokens | Next::Failed => Reply::Refused,
    }
}
