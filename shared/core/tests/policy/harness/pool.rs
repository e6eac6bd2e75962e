//! A simulation of Cognito's API for clients, over the same triggers.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use latchstring_core::flow::Next;
use latchstring_core::flow::{AppClient, ClientRequest};
use latchstring_core::ports::{ChallengeApi, Directory, OpenChallenge, PortError, Reply};
use latchstring_core::rate_limit::Source;
use latchstring_core::secret::Secret;
use latchstring_core::sign_in::Context;
use latchstring_memory::{ManualClock, MemoryDirectory, MemoryStore, SeededEntropy};
use latchstring_testkit::tokens;

use super::{Flaky, Session, World, now};

/// A user pool that keeps its sessions.
pub(crate) struct Pool<'w> {
    world: &'w World,
    /// True for `PreventUserExistenceErrors=LEGACY`.
    legacy: bool,
    /// The number of further sessions in which an existing user is not visible.
    unseen_for: Mutex<usize>,
    sessions: Mutex<BTreeMap<String, Session<'w>>>,
    /// The number of challenges so far. No two have the same session.
    challenges: AtomicUsize,
}

/// The ports of a resolver over a pool.
pub(crate) type Ports<'w> = (
    Flaky<MemoryStore>,
    Flaky<MemoryDirectory>,
    Pool<'w>,
    ManualClock,
    SeededEntropy,
);

impl<'w> Pool<'w> {
    /// The settings and ports of a resolver.
    pub(crate) fn context(&self) -> Context<'_, Ports<'w>> {
        Context {
            deployment: &self.world.deployment,
            app_client: &self.world.app_client,
            store: &self.world.store,
            directory: &self.world.directory,
            api: self,
            clock: &self.world.clock,
            entropy: &self.world.entropy,
        }
    }

    /// Returns a pool that never reports a missing user.
    pub(crate) fn of(world: &'w World) -> Self {
        Self {
            world,
            legacy: false,
            unseen_for: Mutex::new(0),
            sessions: Mutex::default(),
            challenges: AtomicUsize::default(),
        }
    }

    /// Returns a pool that reports a missing user.
    pub(crate) fn legacy(world: &'w World) -> Self {
        Self {
            legacy: true,
            ..Self::of(world)
        }
    }

    /// Hides new users in the next sessions.
    pub(crate) fn slow(self, sessions: usize) -> Self {
        *self.unseen_for.lock().unwrap() = sessions;
        self
    }

    /// Returns the same sessions in another world.
    pub(crate) fn moved_to<'other>(&self, world: &'other World) -> Pool<'other> {
        let sessions = self.sessions.lock().unwrap();
        let moved = sessions
            .iter()
            .map(|(name, session)| (name.clone(), session.moved_to(world)));
        Pool {
            world,
            legacy: self.legacy,
            unseen_for: Mutex::new(0),
            sessions: Mutex::new(moved.collect()),
            challenges: AtomicUsize::new(self.challenges.load(Ordering::Relaxed)),
        }
    }

    /// Returns the session of that name, for an answer.
    pub(crate) fn session(&self, session: &Secret) -> Session<'w> {
        let mut sessions = self.sessions.lock().unwrap();
        sessions.remove(session.expose()).expect("an open session")
    }

    /// Takes the session of a challenge. A session is answered once, and by the name that the
    /// challenge states or an alias of it.
    fn taken(&self, challenge: &OpenChallenge) -> Option<Session<'w>> {
        let named = challenge.parameters.get("USERNAME")?;
        let found = now(self.world.directory.port.find(named)).unwrap();
        let mut sessions = self.sessions.lock().unwrap();
        let text = challenge.session.expose();
        let username = &sessions.get(text)?.username;
        let is_of_it =
            username == named || found.is_some_and(|account| account.username == *username);
        is_of_it.then(|| sessions.remove(text)).flatten()
    }

    fn challenge(&self, session: Session<'w>) -> Reply {
        let mut sessions = self.sessions.lock().unwrap();
        let number = self.challenges.fetch_add(1, Ordering::Relaxed);
        let name = format!("session {number:04} of {}", session.metadata);
        let mut parameters: BTreeMap<_, _> = session
            .public
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        parameters.insert("USERNAME".to_owned(), session.username.clone());
        sessions.insert(name.clone(), session);
        Reply::Challenge(OpenChallenge {
            session: Secret::new(name),
            parameters,
        })
    }

    async fn open(&self, username: &str) -> Reply {
        let found = now(self.world.directory.port.find(username)).unwrap();
        let unseen = {
            let mut unseen_for = self.unseen_for.lock().unwrap();
            let unseen = found.is_some() && *unseen_for > 0;
            *unseen_for -= usize::from(unseen);
            unseen
        };
        match found {
            Some(account) if !account.enabled => Reply::Refused,
            Some(account) if account.attributes.is_unconfirmed() => Reply::Unconfirmed,
            Some(_) if self.legacy && unseen => Reply::UserNotFound,
            None if self.legacy => Reply::UserNotFound,
            _ => self.challenge(Session::initiate(self.world, username, unseen).await),
        }
    }
}

impl ChallengeApi for Pool<'_> {
    async fn initiate(
        &self,
        app_client: &AppClient,
        username: &str,
        _: Option<Source>,
    ) -> Result<Reply, PortError> {
        assert_eq!(*app_client, self.world.app_client);
        let effect = async { Ok(self.open(username).await) };
        self.world.wire.carry_call("initiate", effect).await
    }

    async fn respond(
        &self,
        app_client: &AppClient,
        challenge: &OpenChallenge,
        answer: &str,
        client_metadata: &[(&str, &str)],
        _: Option<Source>,
    ) -> Result<Reply, PortError> {
        assert_eq!(*app_client, self.world.app_client);
        let said = |name| {
            let found = client_metadata.iter().find(|(said, _)| *said == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let request = ClientRequest {
            method: said("method"),
            ticket: said("ticket").map(Secret::new),
            action: said("action"),
            link_secret: said("linkSecret").map(Secret::new),
        };
        let effect = async {
            let Some(mut session) = self.taken(challenge) else {
                return Ok(Reply::Refused);
            };
            session.respond(answer, request).await;
            Ok(match session.ended {
                None => self.challenge(session),
                Some(Next::IssueTokens) => Reply::Tokens(tokens()),
                Some(Next::Fail | Next::Challenge) => Reply::Refused,
            })
        };
        self.world.wire.carry_call("respond", effect).await
    }
}
