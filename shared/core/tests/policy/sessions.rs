//! Browser sessions, over refresh tokens as Cognito keeps them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::Duration;

use latchstring_core::account::Sub;
use latchstring_core::ports::{Clock, Directory as _, SessionStore as _};
use latchstring_core::secret::Secret;
use latchstring_core::session::{
    AppServer, Browser, NewSession, OpenedSession, SESSIONS_MAX, ServerCredential, SessionEntry,
    SessionError, SessionHandle, SessionId, SessionPayload, Sessions, SignedOut,
};
use latchstring_core::sign_in::Context;
use latchstring_core::time::Timestamp;
use latchstring_memory::{
    ManualClock, MemoryDirectory, MemoryRefreshTokens, MemoryStore, SeededEntropy,
};
use latchstring_testkit::FixedChallenges;

use crate::harness::{ADAS_NAME, BOBS_NAME, Break, Flaky, Strand, World, now};

/// The grace period of the app client.
pub(crate) const GRACE: Duration = Duration::from_secs(60);
const MINUTE: Duration = Duration::from_secs(60);
/// The number of the call `refresh`, after `session`, `note_use` and `lease_refresh`.
const REFRESH: usize = 3;
/// The lifetime of access tokens.
pub(crate) const ACCESS: Duration = Duration::from_secs(300);

pub(crate) type Ports<C> = (
    Flaky<MemoryStore>,
    Flaky<MemoryDirectory>,
    FixedChallenges,
    C,
    SeededEntropy,
);
pub(crate) type Resolver<'a, C> = Sessions<'a, Ports<C>, Flaky<MemoryRefreshTokens>>;

/// A deployment in session mode.
pub(crate) struct Mode<C = ManualClock> {
    pub(crate) world: World,
    pub(crate) tokens: Flaky<MemoryRefreshTokens>,
    clock: C,
    api: FixedChallenges,
}

impl Mode {
    /// Returns a pool with Ada's account, whose client rotates refresh tokens.
    pub(crate) fn new() -> Self {
        Self::with(|tokens| tokens.with_rotation(GRACE))
    }

    pub(crate) fn with(change: impl FnOnce(MemoryRefreshTokens) -> MemoryRefreshTokens) -> Self {
        let world = World::with_ada();
        let tokens = MemoryRefreshTokens::new(world.directory.port.clone(), world.clock.clone());
        Self {
            tokens: Flaky::new(change(tokens), world.wire.clone()),
            clock: world.clock.clone(),
            world,
            api: FixedChallenges::default(),
        }
    }

    /// Returns the same deployment with a clock by which parallel requests wait at the same time.
    fn fair(self) -> Mode<FairClock> {
        Mode {
            clock: FairClock {
                clock: self.world.clock.clone(),
                sleepers: Arc::default(),
            },
            world: self.world,
            tokens: self.tokens,
            api: self.api,
        }
    }

    /// Returns the same deployment under another configuration.
    fn reconfigured(&self, change: impl FnOnce(&mut World)) -> Self {
        Self {
            world: self.world.reconfigured(change),
            tokens: self.tokens.clone(),
            clock: self.clock.clone(),
            api: self.api.clone(),
        }
    }
}

impl<C: Clock> Mode<C> {
    pub(crate) fn sessions(&self) -> Resolver<'_, C> {
        Sessions {
            context: Context {
                deployment: &self.world.deployment,
                app_client: &self.world.app_client,
                store: &self.world.store,
                directory: &self.world.directory,
                api: &self.api,
                clock: &self.clock,
                entropy: &self.world.entropy,
            },
            tokens: &self.tokens,
        }
    }

    /// Returns a completed sign-in.
    pub(crate) fn signed_in(&self, username: &str, replaces: Option<&SessionId>) -> NewSession {
        NewSession {
            tokens: self.tokens.port.sign_in(username),
            account: sub_of(username),
            username: username.to_owned(),
            signed_in_at: self.world.clock.now(),
            browser: chrome(),
            replaces: replaces.cloned(),
            ends_others: false,
        }
    }

    pub(crate) fn open(&self) -> SessionId {
        self.open_as(ADAS_NAME)
    }

    /// Signs Ada out at Cognito, past the sessions: as an operator does, or Define after an undo.
    pub(crate) fn sign_out_ada(&self) {
        now(self.world.directory.port.sign_out(ADAS_NAME)).unwrap();
    }

    fn open_as(&self, username: &str) -> SessionId {
        let new = self.signed_in(username, None);
        let OpenedSession { id, .. } = now(self.sessions().open(&new)).unwrap();
        self.world.wire.clear();
        id
    }

    pub(crate) fn current(&self, id: &SessionId) -> Result<SessionPayload, SessionError> {
        now(self.sessions().current(id, chrome()))
    }

    /// Returns the access token of a session.
    fn token(&self, id: &SessionId) -> Result<String, SessionError> {
        let token = now(self.sessions().access_token(id, &server()))?;
        Ok(token.access_token.expose().to_owned())
    }

    fn list(&self, id: &SessionId) -> Vec<SessionEntry> {
        now(self.sessions().list(id)).unwrap()
    }

    fn after(&self, by: Duration) -> &Self {
        self.world.clock.advance(by);
        self
    }
}

/// A clock by which the waits of parallel requests overlap.
#[derive(Clone)]
struct FairClock {
    clock: ManualClock,
    sleepers: Arc<Mutex<BTreeMap<u64, Timestamp>>>,
}

impl Clock for FairClock {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn sleep(&self, time: Duration) {
        let until = self.clock.now().plus(time);
        let number = {
            let mut sleepers = self.sleepers.lock().unwrap();
            let number = sleepers.last_key_value().map_or(0, |(last, _)| last + 1);
            sleepers.insert(number, until);
            number
        };
        std::future::poll_fn(|_| {
            if self.clock.now() < until {
                return Poll::Pending;
            }
            self.sleepers.lock().unwrap().remove(&number);
            Poll::Ready(())
        })
        .await;
    }
}

/// Runs requests at the same time, each one call in turn. The clock moves when all of them wait.
fn at_once<T>(clock: &FairClock, strands: Vec<Strand<'_, T>>) -> Vec<T> {
    let mut context = TaskContext::from_waker(Waker::noop());
    let mut ended: Vec<_> = strands.iter().map(|_| None).collect();
    let mut running: BTreeMap<_, _> = strands.into_iter().enumerate().collect();
    while !running.is_empty() {
        running.retain(|place, strand| match strand.as_mut().poll(&mut context) {
            Poll::Ready(value) => {
                ended[*place] = Some(value);
                false
            }
            Poll::Pending => true,
        });
        let next = {
            let sleepers = clock.sleepers.lock().unwrap();
            let all_wait = sleepers.len() == running.len();
            sleepers.values().min().copied().filter(|_| all_wait)
        };
        if let Some(until) = next {
            clock.clock.advance(until.since(clock.now()));
        }
    }
    ended.into_iter().flatten().collect()
}

pub(crate) fn chrome() -> Browser {
    Browser::of("Chrome/150.0 (Windows)")
}

pub(crate) fn sub_of(username: &str) -> Sub {
    match username {
        ADAS_NAME => Sub::new("sub-of-ada"),
        other => Sub::new(format!("sub-of-{other}")),
    }
}

/// Returns the app's server.
pub(crate) fn server() -> AppServer {
    let text = "0123456789abcdef0123456789abcdef";
    let credential = ServerCredential::parse(text).unwrap();
    credential.admit(Some(&Secret::new(text))).unwrap()
}

fn is_unavailable<T: std::fmt::Debug>(answered: &Result<T, SessionError>) -> bool {
    matches!(answered, Err(SessionError::Unavailable(_)))
}

#[test]
fn an_opened_session_is_found_by_its_cookie_alone() {
    let mode = Mode::new();
    let opened = now(mode.sessions().open(&mode.signed_in(ADAS_NAME, None))).unwrap();
    assert_eq!(opened.expires_in, 30 * 24 * 3600);
    let cookie = opened.id.text();
    let id = SessionId::parse(cookie.expose()).unwrap();
    let payload = mode.current(&id).unwrap();
    assert_eq!(payload.account, sub_of(ADAS_NAME));
    assert_eq!(payload.username, ADAS_NAME);
    assert_eq!(payload.signed_in_at, mode.world.clock.now());
    assert_eq!(payload.expires_in, 7 * 24 * 3600);
    assert_eq!(mode.token(&id).unwrap(), "access-0-0");
    let identity = now(mode.sessions().identity(&id, chrome())).unwrap();
    assert_eq!(identity.client, "client");
    assert_eq!(identity.access_token, Secret::new("access-0-0"));
    assert_eq!(mode.tokens.port.refreshes(), 0, "the token is kept");
}

#[test]
fn the_store_holds_neither_a_cookie_nor_a_token() {
    let mode = Mode::new();
    let id = mode.open();
    let store = &mode.world.store.port;
    let listed = now(store.enlisted_sessions(&sub_of(ADAS_NAME))).unwrap();
    let [key] = listed[..] else {
        panic!("{} sessions", listed.len());
    };
    let session = now(store.session(key)).unwrap().unwrap();
    let access = session.tokens.access.clone().unwrap();
    for token in [&session.tokens.refresh, &access.token] {
        let bytes = token.as_bytes();
        for secret in ["refresh-0", "access-0"] {
            assert!(
                bytes
                    .windows(secret.len())
                    .all(|part| part != secret.as_bytes())
            );
        }
    }
    let shown = format!("{session:?} {id:?}");
    assert!(!shown.contains(id.text().expose()));
    assert!(SessionId::parse(&SessionHandle::text(mode.list(&id)[0].handle)).is_none());
}

#[test]
fn unknown_expired_and_foreign_cookies_are_alike() {
    let mode = Mode::new();
    let idle = mode.open();
    mode.after(Duration::from_secs(8 * 24 * 3600));
    let fresh = mode.open();
    let other_client = mode.reconfigured(|world| {
        world.app_client = latchstring_core::flow::AppClient::new("pool", "second");
    });
    let foreign = other_client.open();
    let unknown = SessionId::parse(&"A".repeat(43)).unwrap();
    for id in [&idle, &foreign, &unknown] {
        for call in 0..5 {
            mode.world.wire.clear();
            let sessions = mode.sessions();
            let handle = mode.list(&fresh)[0].handle;
            mode.world.wire.clear();
            let refused = match call {
                0 => mode.current(id).err(),
                1 => mode.token(id).err(),
                2 => now(sessions.list(id)).err(),
                3 => now(sessions.revoke(id, handle)).err(),
                _ => now(sessions.sign_out_everywhere(id)).err(),
            };
            assert_eq!(refused, Some(SessionError::NotSignedIn));
            assert_eq!(mode.world.wire.calls(), ["session"]);
        }
    }
    assert!(mode.current(&fresh).is_ok());
    assert!(other_client.current(&foreign).is_ok());
}

#[test]
fn a_session_ends_after_its_idle_and_its_whole_life() {
    let policy = Mode::new().world.deployment.policy;
    // Idle time counts from the minute of the last use, at which the tests begin.
    for (idle, life, use_every, ends) in [
        (
            policy.session_idle,
            policy.session_life,
            None,
            policy.session_idle,
        ),
        (
            policy.session_idle,
            policy.session_life,
            Some(policy.session_idle / 2),
            policy.session_life,
        ),
        (
            policy.session_life * 2,
            policy.session_life,
            None,
            policy.session_life,
        ),
    ] {
        let mode = Mode::new().reconfigured(|world| {
            let policy = &mut world.deployment.policy;
            (policy.session_idle, policy.session_life) = (idle, life);
        });
        let id = mode.open();
        let mut passed = Duration::ZERO;
        while let Some(step) = use_every.filter(|step| passed + *step < ends) {
            mode.after(step);
            passed += step;
            let left = mode.current(&id).unwrap().expires_in;
            assert_eq!(left, ends.saturating_sub(passed).min(idle).as_secs());
        }
        mode.after(ends.saturating_sub(passed + Duration::from_millis(1)));
        let sessions = mode.sessions();
        assert_eq!(now(sessions.list(&id)).unwrap().len(), 1);
        mode.after(Duration::from_millis(1));
        assert_eq!(mode.current(&id), Err(SessionError::NotSignedIn));
    }
}

#[test]
fn a_lower_setting_holds_for_sessions_that_exist() {
    let mode = Mode::new();
    let id = mode.open();
    mode.after(Duration::from_secs(2 * 3600));
    for (idle, life, stands) in [(1, 720, false), (168, 1, false), (3, 3, true)] {
        let mode = mode.reconfigured(|world| {
            let policy = &mut world.deployment.policy;
            policy.session_idle = Duration::from_secs(idle * 3600);
            policy.session_life = Duration::from_secs(life * 3600);
        });
        assert_eq!(
            now(mode.sessions().list(&id)).is_ok(),
            stands,
            "{idle}, {life}"
        );
    }
}

#[test]
fn a_use_is_written_once_a_minute_and_for_a_new_browser() {
    let mode = Mode::new();
    let id = mode.open();
    let firefox = Browser::of("Firefox/150.0 (Linux)");
    let writes = |browser| {
        mode.world.wire.clear();
        now(mode.sessions().current(&id, browser)).unwrap();
        let calls = mode.world.wire.calls();
        calls.iter().filter(|call| **call == "note_use").count()
    };
    assert_eq!(writes(chrome()), 0);
    mode.after(MINUTE.saturating_sub(Duration::from_millis(1)));
    assert_eq!(writes(chrome()), 0);
    assert_eq!(writes(firefox), 1);
    assert_eq!(writes(firefox), 0);
    mode.after(Duration::from_millis(1));
    assert_eq!(writes(firefox), 1);
    assert_eq!(writes(chrome()), 0);
    let [entry] = &mode.list(&id)[..] else {
        panic!("one session");
    };
    assert_eq!(entry.browsers, [chrome(), firefox]);
    assert_eq!(entry.last_used_at, mode.world.clock.now());
    assert!(entry.is_current);
}

#[test]
fn an_access_token_is_refreshed_a_minute_before_its_end() {
    for rotates in [true, false] {
        let mode = Mode::with(|tokens| {
            if rotates {
                tokens.with_rotation(GRACE)
            } else {
                tokens
            }
        });
        let id = mode.open();
        mode.after(ACCESS.saturating_sub(MINUTE + Duration::from_millis(1)));
        assert_eq!(mode.token(&id).unwrap(), "access-0-0");
        mode.after(Duration::from_millis(1));
        assert!(mode.current(&id).is_ok());
        assert_eq!(mode.tokens.port.refreshes(), 0, "it needs no refresh yet");
        assert_eq!(mode.token(&id).unwrap(), "access-0-1");
        assert_eq!(mode.token(&id).unwrap(), "access-0-1");
        // Later than the grace period, so a token that was not stored would be refused.
        mode.after(ACCESS);
        assert!(mode.current(&id).is_ok());
        assert_eq!(mode.token(&id).unwrap(), "access-0-2");
    }
}

#[test]
fn twenty_parallel_requests_rotate_once() {
    let mode = Mode::new().fair();
    let id = mode.open();
    mode.after(ACCESS);
    mode.world.wire.take_turns();
    let sessions = mode.sessions();
    let server = server();
    let request = |number: usize| -> Strand<'_, Result<String, SessionError>> {
        let (sessions, id, server) = (&sessions, &id, &server);
        Box::pin(async move {
            if number.is_multiple_of(2) {
                let token = sessions.access_token(id, server).await?.access_token;
                return Ok(token.expose().to_owned());
            }
            let identity = sessions.identity(id, chrome()).await?;
            Ok(identity.access_token.expose().to_owned())
        })
    };
    let tokens = at_once(&mode.clock, (0..20).map(request).collect());
    assert_eq!(tokens.len(), 20);
    assert!(
        tokens
            .iter()
            .all(|token| token.as_deref() == Ok("access-0-1"))
    );
    assert_eq!(mode.tokens.port.refreshes(), 1);
}

#[test]
fn waiting_requests_take_over_a_refresh_that_died() {
    let mode = Mode::new().fair();
    let id = mode.open();
    mode.after(ACCESS);
    let sessions = mode.sessions();
    let server = server();
    // The holder dies once Cognito has rotated the token.
    mode.world.wire.will_break([(REFRESH, Break::NeverAfter)]);
    let mut holder = Box::pin(sessions.access_token(&id, &server));
    let mut context = TaskContext::from_waker(Waker::noop());
    assert!(holder.as_mut().poll(&mut context).is_pending());
    assert_eq!(mode.tokens.port.refreshes(), 1);
    drop(holder);
    mode.world.wire.take_turns();
    let began = mode.world.clock.now();
    let strands = (0..5).map(|_| -> Strand<'_, _> {
        Box::pin(async { sessions.access_token(&id, &server).await })
    });
    let tokens = at_once(&mode.clock, strands.collect());
    assert!(tokens.iter().all(Result::is_ok), "{tokens:?}");
    assert_eq!(mode.tokens.port.refreshes(), 2);
    let waited = mode.world.clock.now().since(began);
    assert!(waited < Duration::from_secs(14), "{waited:?}");
}

#[test]
fn a_lost_reply_of_a_refresh_signs_no_user_out() {
    for (how, refreshes) in [
        (Break::After, 2),
        (Break::Before, 1),
        (Break::Throttled, 1),
        (Break::Hangs, 1),
    ] {
        let mode = Mode::new();
        let id = mode.open();
        mode.after(ACCESS);
        mode.world.wire.will_break([(REFRESH, how)]);
        assert!(mode.token(&id).is_ok(), "{how:?}");
        assert_eq!(mode.tokens.port.refreshes(), refreshes);
        mode.after(ACCESS);
        assert!(mode.token(&id).is_ok(), "{how:?}, later");
    }
}

#[test]
fn without_cognito_a_session_is_unavailable_and_not_ended() {
    let silent = |mode: &Mode| {
        let breaks = [REFRESH, REFRESH + 1].map(|at| (at, Break::Throttled));
        mode.world.wire.will_break(breaks);
    };
    let mode = Mode::new();
    let id = mode.open();
    mode.after(ACCESS.saturating_sub(MINUTE));
    silent(&mode);
    let kept = now(mode.sessions().access_token(&id, &server())).unwrap();
    assert_eq!(kept.access_token, Secret::new("access-0-0"), "it is valid");
    assert!(kept.expires_in < 60, "{}", kept.expires_in);
    for _ in 0..3 {
        mode.after(MINUTE);
        silent(&mode);
        assert!(is_unavailable(&mode.current(&id)));
        mode.after(MINUTE);
        silent(&mode);
        assert!(is_unavailable(&mode.token(&id)));
    }
    mode.world.wire.clear();
    assert!(mode.current(&id).is_ok());
}

/// Cognito's limit, of which no order of calls gets around: the reply was lost twice, and the next
/// request comes after the grace period.
#[test]
fn a_lost_rotation_ends_a_session_after_the_grace_period() {
    let lost = |mode: &Mode, id: &SessionId| {
        let breaks = [REFRESH, REFRESH + 1].map(|at| (at, Break::After));
        mode.world.wire.will_break(breaks);
        assert!(is_unavailable(&mode.token(id)));
        mode.world.wire.clear();
    };
    for (wait, stands) in [
        (GRACE.saturating_sub(Duration::from_secs(1)), true),
        (GRACE, false),
    ] {
        let mode = Mode::new();
        let id = mode.open();
        mode.after(ACCESS);
        lost(&mode, &id);
        mode.after(wait);
        assert_eq!(mode.token(&id).is_ok(), stands, "after {wait:?}");
    }
}

/// Breaks every call of a request that refreshes, in every way.
#[test]
fn whichever_call_of_a_refresh_breaks_the_session_stands() {
    let mut served = 0;
    for how in [Break::Before, Break::After, Break::Throttled, Break::Hangs] {
        for at in 0..6 {
            let mode = Mode::new();
            let id = mode.open();
            mode.after(ACCESS);
            mode.world.wire.will_break([(at, how)]);
            let answered = mode.token(&id);
            served += usize::from(answered.is_ok());
            assert!(
                answered.is_ok() || is_unavailable(&answered),
                "{how:?} at {at}"
            );
            mode.world.wire.clear();
            assert!(mode.token(&id).is_ok(), "{how:?} at {at}");
            mode.after(ACCESS);
            assert!(mode.token(&id).is_ok(), "{how:?} at {at}, later");
        }
    }
    assert!(served >= 12, "{served}");
}

#[test]
fn the_former_token_is_used_when_the_present_one_is_refused() {
    let mode = Mode::with(|tokens| tokens.with_rotation(GRACE).strict());
    let id = mode.open();
    mode.after(ACCESS);
    let key = now(mode.world.store.port.enlisted_sessions(&sub_of(ADAS_NAME))).unwrap()[0];
    let before = now(mode.world.store.port.session(key)).unwrap().unwrap();
    assert!(mode.token(&id).is_ok());
    // A slower request used the former token too, and its reply ended the token that is stored.
    let slow = mode.sessions();
    let opened = Mode {
        world: mode.world.reconfigured(|world| {
            world.store = Flaky::new(MemoryStore::default(), world.wire.clone());
        }),
        tokens: mode.tokens.clone(),
        clock: mode.clock.clone(),
        api: mode.api.clone(),
    };
    now(opened.world.store.port.open_session(&before)).unwrap();
    assert!(opened.token(&id).is_ok());
    assert_eq!(mode.tokens.port.refreshes(), 2);
    // The access token is still valid for five minutes, so the next refresh is made early.
    let after = now(mode.world.store.port.session(key)).unwrap().unwrap();
    let mut due = after.clone();
    due.tokens.access = None;
    now(mode.world.store.port.open_session(&due)).unwrap();
    let token = now(slow.access_token(&id, &server())).unwrap();
    assert_eq!(token.access_token, Secret::new("access-0-3"));
    mode.after(ACCESS);
    assert!(mode.token(&id).is_ok(), "and its successor is stored");
}

#[test]
fn a_refusal_by_cognito_ends_the_session() {
    let mode = Mode::new();
    let (id, other) = (mode.open(), mode.open());
    // As an operator does, past the sessions.
    now(mode.world.directory.port.sign_out(ADAS_NAME)).unwrap();
    mode.after(ACCESS.saturating_sub(Duration::from_millis(1)));
    assert!(mode.current(&id).is_ok(), "as true as its access token");
    mode.after(Duration::from_millis(1));
    assert_eq!(mode.current(&id), Err(SessionError::NotSignedIn));
    mode.world.wire.clear();
    assert_eq!(mode.current(&id), Err(SessionError::NotSignedIn));
    assert_eq!(mode.world.wire.calls(), ["session"], "it is gone");
    let left = now(mode.world.store.port.enlisted_sessions(&sub_of(ADAS_NAME))).unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(mode.token(&other), Err(SessionError::NotSignedIn));
}

/// A table that was changed makes no session of another account.
#[test]
fn a_changed_item_is_no_session() {
    let mode = Mode::new();
    let id = mode.open();
    let store = &mode.world.store.port;
    let key = now(store.enlisted_sessions(&sub_of(ADAS_NAME))).unwrap()[0];
    let mut session = now(store.session(key)).unwrap().unwrap();
    session.account = sub_of(BOBS_NAME);
    now(store.open_session(&session)).unwrap();
    assert_eq!(mode.current(&id), Err(SessionError::NotSignedIn));
    assert_eq!(mode.token(&id), Err(SessionError::NotSignedIn));
    let everywhere = now(mode.sessions().sign_out_everywhere(&id));
    assert_eq!(everywhere, Err(SessionError::NotSignedIn));
}

#[test]
fn a_sign_out_revokes_the_tokens_and_may_be_repeated() {
    let mode = Mode::new();
    let (id, other) = (mode.open(), mode.open());
    mode.after(ACCESS);
    assert!(mode.token(&id).is_ok());
    assert_eq!(mode.tokens.port.live(), 2);
    for _ in 0..2 {
        let done = now(mode.sessions().sign_out(&id)).unwrap();
        assert_eq!(done, SignedOut { unrevoked: None });
        assert_eq!(mode.current(&id), Err(SessionError::NotSignedIn));
    }
    assert_eq!(mode.tokens.port.live(), 1, "the latest token was revoked");
    assert_eq!(mode.list(&other).len(), 1);
    assert!(mode.current(&other).is_ok());
}

#[test]
fn a_sign_out_ends_the_session_also_without_cognito() {
    let mode = Mode::new();
    let id = mode.open();
    mode.world
        .wire
        .will_break([(2, Break::Before), (3, Break::Before)]);
    let done = now(mode.sessions().sign_out(&id)).unwrap();
    assert!(done.unrevoked.is_some());
    assert_eq!(mode.current(&id), Err(SessionError::NotSignedIn));
}

#[test]
fn a_new_sign_in_replaces_the_browsers_session() {
    let mode = Mode::new();
    let before = mode.open();
    let new = mode.signed_in(ADAS_NAME, Some(&before));
    let id = now(mode.sessions().open(&new)).unwrap().id;
    assert_eq!(mode.current(&before), Err(SessionError::NotSignedIn));
    assert!(mode.current(&id).is_ok());
    assert_eq!(mode.tokens.port.live(), 1);
    assert_eq!(mode.list(&id).len(), 1);
}

#[test]
fn a_sign_out_everywhere_ends_every_session() {
    let mode = Mode::new();
    mode.world.put_bob();
    let (ada, elsewhere, bob) = (mode.open(), mode.open(), mode.open_as(BOBS_NAME));
    assert!(now(mode.sessions().sign_out_everywhere(&ada)).is_ok());
    for id in [&ada, &elsewhere] {
        assert_eq!(mode.current(id), Err(SessionError::NotSignedIn));
    }
    assert!(mode.current(&bob).is_ok());
    assert_eq!(mode.tokens.port.live(), 1, "only Bob's");
    assert_eq!(mode.list(&bob).len(), 1);
    let again = mode.open();
    assert_eq!(mode.list(&again).len(), 1);
}

#[test]
fn a_sign_out_everywhere_that_breaks_can_be_repeated() {
    for how in [Break::Before, Break::After, Break::Hangs] {
        for at in 0..14 {
            let mode = Mode::new();
            let (ada, elsewhere) = (mode.open(), mode.open());
            mode.world.wire.will_break([(at, how)]);
            let sessions = mode.sessions();
            let answered = now(sessions.sign_out_everywhere(&ada));
            mode.world.wire.clear();
            if answered.is_err() {
                // Its own session is the last that ends.
                let again = now(sessions.sign_out_everywhere(&ada));
                let ended = mode.current(&ada).is_err();
                assert!(again.is_ok() || ended, "{how:?} at {at}: {again:?}");
            }
            for id in [&ada, &elsewhere] {
                let current = mode.current(id);
                assert_eq!(current, Err(SessionError::NotSignedIn), "{how:?} at {at}");
            }
            assert_eq!(mode.tokens.port.live(), 0);
        }
    }
}

#[test]
fn a_session_is_revoked_in_its_own_account_only() {
    let mode = Mode::new();
    mode.world.put_bob();
    let (ada, stolen, bob) = (mode.open(), mode.open(), mode.open_as(BOBS_NAME));
    let entries = mode.list(&ada);
    assert_eq!(entries.len(), 2);
    let thiefs = entries.iter().find(|entry| !entry.is_current).unwrap();
    let handle = SessionHandle::parse(&thiefs.handle.text()).unwrap();
    assert_eq!(
        now(mode.sessions().revoke(&bob, handle)),
        Ok(SignedOut { unrevoked: None })
    );
    assert!(mode.current(&stolen).is_ok(), "of another account");
    for _ in 0..2 {
        assert_eq!(
            now(mode.sessions().revoke(&ada, handle)),
            Ok(SignedOut { unrevoked: None })
        );
        assert_eq!(mode.current(&stolen), Err(SessionError::NotSignedIn));
    }
    assert_eq!(mode.list(&ada).len(), 1);
    // A handle that is not on the list causes no question to Cognito.
    mode.world.wire.clear();
    now(mode.sessions().revoke(&ada, handle)).unwrap();
    assert_eq!(mode.world.wire.calls(), ["session", "enlisted_sessions"]);
    let own = mode.list(&ada)[0].handle;
    assert_eq!(
        now(mode.sessions().revoke(&ada, own)),
        Ok(SignedOut { unrevoked: None })
    );
    assert_eq!(mode.current(&ada), Err(SessionError::NotSignedIn));
}

#[test]
fn one_session_too_many_ends_the_one_used_least() {
    let mode = Mode::new();
    let mut ids = Vec::new();
    for _ in 0..SESSIONS_MAX {
        ids.push(mode.open());
    }
    mode.after(MINUTE);
    for (number, id) in ids.iter().enumerate() {
        if number != 7 {
            assert!(mode.current(id).is_ok());
        }
    }
    let further = mode.open();
    assert_eq!(mode.current(&ids[7]), Err(SessionError::NotSignedIn));
    assert_eq!(mode.list(&further).len(), SESSIONS_MAX);
    // Sessions that have ended go first.
    now(mode.sessions().sign_out(&ids[3])).unwrap();
    mode.after(mode.world.deployment.policy.session_idle);
    let id = mode.open();
    assert_eq!(mode.list(&id).len(), 1);
    let listed = now(mode.world.store.port.enlisted_sessions(&sub_of(ADAS_NAME))).unwrap();
    assert!(listed.len() <= SESSIONS_MAX);
}

#[test]
fn a_credential_is_compared_whole_and_may_be_rotated() {
    let (old, new) = ("o".repeat(32), "n".repeat(40));
    let admits = |credential: &ServerCredential, header: &str| {
        credential.admit(Some(&Secret::new(header))).is_some()
    };
    let both = ServerCredential::parse(&format!(" {old} {new}\n")).unwrap();
    assert!(admits(&both, &old) && admits(&both, &new));
    let one = ServerCredential::parse(&new).unwrap();
    assert!(admits(&one, &new));
    assert!(one.admit(None).is_none());
    for header in [
        "",
        &old,
        &new[1..],
        &format!("{new}n"),
        &format!("{old} {new}"),
    ] {
        assert!(!admits(&one, header), "{header}");
    }
    assert!(!admits(&both, &format!("{old} {new}")));
    for text in [
        "",
        " ",
        &new[9..],
        &format!("{new} short"),
        &format!("{old} {new} {old}"),
    ] {
        assert!(ServerCredential::parse(text).is_none(), "{text}");
    }
    assert_eq!(format!("{one:?}"), "ServerCredential(…)");
}
