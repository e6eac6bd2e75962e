//! Breaks every external call of the operations on browser sessions, for the part of docs/faults.md
//! about them. The test `fault_table` writes it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use latchstring_core::ports::SessionStore as _;
use latchstring_core::session::{NewSession, SessionError, SessionHandle, SessionId};

use crate::fault_table::service;
use crate::harness::{ADAS_NAME, Break, now};
use crate::sessions::{ACCESS, Mode, chrome, server, sub_of};

const MINUTE: Duration = Duration::from_secs(60);

/// More attempts than any user needs.
const ATTEMPTS: usize = 8;

/// An operation on browser sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Open,
    Replace,
    OpenAfterUndo,
    Current,
    Refresh,
    List,
    Revoke,
    SignOut,
    SignOutEverywhere,
}

impl Operation {
    pub(crate) const ALL: [Self; 9] = [
        Self::Open,
        Self::Replace,
        Self::OpenAfterUndo,
        Self::Current,
        Self::Refresh,
        Self::List,
        Self::Revoke,
        Self::SignOut,
        Self::SignOutEverywhere,
    ];

    const fn title(self) -> &'static str {
        match self {
            Self::Open => "Opening a session after a right code",
            Self::Replace => "Opening a session in place of the browser's former one",
            Self::OpenAfterUndo => "Opening a session after the undo of a contact change",
            Self::Current => "Reading the session",
            Self::Refresh => "Reading the access token, which has to be refreshed",
            Self::List => "Listing the sessions",
            Self::Revoke => "Ending another session",
            Self::SignOut => "Signing out",
            Self::SignOutEverywhere => "Signing out everywhere",
        }
    }

    /// Returns the resolver function that serves it.
    const fn function(self) -> &'static str {
        match self {
            Self::Open | Self::Replace | Self::OpenAfterUndo => "sign-in",
            _ => "sign-up",
        }
    }
}

/// An operation that was played to its end.
struct Played {
    calls: Vec<&'static str>,
    seen: Vec<&'static str>,
    items: BTreeSet<(&'static str, &'static str)>,
}

/// A user who repeats an operation until it succeeds.
struct Run<'m> {
    mode: &'m Mode,
    seen: Vec<&'static str>,
}

impl Run<'_> {
    /// Repeats an operation while it is unavailable. `None` if the session has ended.
    fn repeat<T>(&mut self, operation: impl Fn(&Mode) -> Result<T, SessionError>) -> Option<T> {
        for _ in 0..ATTEMPTS {
            match operation(self.mode) {
                Ok(done) => return Some(done),
                Err(SessionError::Unavailable(_)) => self.seen.push("error"),
                Err(_) => return None,
            }
            self.mode.world.clock.advance(Duration::from_secs(5));
        }
        panic!("locked out");
    }

    /// Opens a session. After a failure the user signs in again.
    fn open(&mut self, change: impl Fn(&mut NewSession)) -> SessionId {
        for _ in 0..ATTEMPTS {
            let live = self.mode.tokens.port.live();
            let mut new = self.mode.signed_in(ADAS_NAME, None);
            change(&mut new);
            match now(self.mode.sessions().open(&new)) {
                Ok(opened) => {
                    if opened.others_left.is_some() {
                        self.seen.push("others until their refresh");
                    }
                    return opened.id;
                }
                Err(_) => self.seen.push("restart"),
            }
            if self.mode.tokens.port.live() > live {
                self.seen.push("not revoked");
            }
        }
        panic!("locked out");
    }

    fn is_out(&self, id: &SessionId) -> bool {
        now(self.mode.sessions().current(id, chrome())) == Err(SessionError::NotSignedIn)
    }
}

/// Plays an operation in which the calls of these numbers break.
fn play(operation: Operation, breaks: &[(usize, Break)]) -> Played {
    let mode = Mode::new();
    let (id, other) = match operation {
        Operation::Open => (None, None),
        _ => (Some(mode.open()), Some(mode.open())),
    };
    if operation == Operation::OpenAfterUndo {
        // As Define does before it issues the tokens.
        mode.sign_out_ada();
    }
    mode.world.clock.advance(match operation {
        Operation::Refresh => ACCESS,
        _ => MINUTE,
    });
    mode.world.wire.will_break(breaks.iter().copied());
    let mut run = Run {
        mode: &mode,
        seen: Vec::new(),
    };
    let own = id.clone();
    let own = own.as_ref();
    match operation {
        Operation::Open => {
            let opened = run.open(|_| {});
            end(&run, &[&opened], &[]);
        }
        Operation::Replace => {
            let opened = run.open(|new| new.replaces = own.cloned());
            let replaced = own.expect("a session");
            let is_left = mode.world.wire.pause(|| !run.is_out(replaced));
            if is_left {
                run.seen.push("the former one stays");
                end(&run, &[&opened], &[]);
            } else {
                end(&run, &[&opened], &[replaced]);
            }
        }
        Operation::OpenAfterUndo => {
            let opened = run.open(|new| new.ends_others = true);
            // Whatever broke, the others end with their access tokens.
            mode.world.clock.advance(ACCESS);
            let others = [own.expect("a session"), other.as_ref().expect("a session")];
            end(&run, &[&opened], &others);
        }
        _ => played_in_a_session(&mut run, operation, own.expect("a session"), other.as_ref()),
    }
    let Run { seen, .. } = run;
    let items = mode.world.wire.items().into_iter();
    Played {
        calls: mode.world.wire.calls(),
        seen,
        items: items
            .map(|(_, item)| (operation.function(), item))
            .collect(),
    }
}

fn played_in_a_session(
    run: &mut Run<'_>,
    operation: Operation,
    id: &SessionId,
    other: Option<&SessionId>,
) {
    let other = other.expect("a session");
    match operation {
        Operation::Current => {
            let current = run.repeat(|mode| now(mode.sessions().current(id, chrome())));
            assert!(current.is_some(), "the session stands");
            end(run, &[id, other], &[]);
        }
        Operation::Refresh => {
            let token = run.repeat(|mode| now(mode.sessions().access_token(id, &server())));
            assert!(token.is_some(), "the session stands");
            end(run, &[id, other], &[]);
        }
        Operation::List => {
            let listed = run.repeat(|mode| now(mode.sessions().list(id)));
            assert_eq!(listed.map(|it| it.len()), Some(2));
            end(run, &[id, other], &[]);
        }
        Operation::Revoke => {
            let handle = handle_of(run.mode, other);
            let done = run.repeat(|mode| now(mode.sessions().revoke(id, handle)));
            assert!(done.is_some(), "the session stands");
            end(run, &[id], &[other]);
        }
        Operation::SignOut => {
            let done = run.repeat(|mode| now(mode.sessions().sign_out(id)));
            if done.expect("a sign-out succeeds").unrevoked.is_some()
                || run.mode.tokens.port.live() > 1
            {
                run.seen.push("not revoked");
            }
            end(run, &[other], &[id]);
        }
        _ => {
            let done = run.repeat(|mode| now(mode.sessions().sign_out_everywhere(id)));
            if done.is_none() {
                run.seen.push("then signed out");
            }
            end(run, &[], &[id, other]);
            assert_eq!(run.mode.tokens.port.live(), 0);
        }
    }
}

/// Asserts which sessions stand, now and at their next refresh, and which have ended.
fn end(run: &Run<'_>, stand: &[&SessionId], ended: &[&SessionId]) {
    run.mode.world.wire.pause(|| {
        for id in ended {
            assert!(run.is_out(id), "it has ended");
        }
        for wait in [Duration::ZERO, Duration::from_secs(13), ACCESS] {
            run.mode.world.clock.advance(wait);
            for id in stand {
                let token = now(run.mode.sessions().access_token(id, &server()));
                assert!(token.is_ok(), "it stands: {token:?}");
            }
        }
    });
}

/// Returns the handle of a session.
fn handle_of(mode: &Mode, id: &SessionId) -> SessionHandle {
    mode.world.wire.pause(|| {
        let listed = now(mode.sessions().list(id)).unwrap();
        let current = listed.iter().find(|entry| entry.is_current);
        current.expect("it is in the list").handle
    })
}

fn cell(operation: Operation, breaks: &[(usize, Break)]) -> String {
    let mut seen = play(operation, breaks).seen;
    seen.dedup();
    if seen.is_empty() {
        "–".to_owned()
    } else {
        seen.join(", ")
    }
}

fn table(operation: Operation) -> String {
    let usual = play(operation, &[]);
    assert!(usual.seen.is_empty(), "{operation:?}: {:?}", usual.seen);
    let mut table = format!(
        "\n### {}\n\n| call | is lost | its answer is lost | also at the next call |\n|---|---|---|---|\n",
        operation.title()
    );
    for (number, call) in usual.calls.iter().enumerate() {
        let [lost, throttled, hangs] = [Break::Before, Break::Throttled, Break::Hangs]
            .map(|how| cell(operation, &[(number, how)]));
        assert_eq!(
            [&throttled, &hangs],
            [&lost, &lost],
            "{operation:?}: {call}"
        );
        let answer_lost = cell(operation, &[(number, Break::After)]);
        let both = [number, number + 1].map(|number| (number, Break::Before));
        let both = cell(operation, &both);
        // Invariant: writing to a String does not fail.
        let _ = writeln!(
            table,
            "| {}: `{call}` | {lost} | {answer_lost} | {both} |",
            service(call)
        );
    }
    table
}

const INTRODUCTION: &str = "
## Browser sessions

The calls of [session mode](adr/0035-session-mode.md). The test follows the user to the end and checks that

- a session stands at its next refresh, unless it was to end,
- a session that was to end has no access token left, and
- the tokens of a sign-in that no cookie leads to are revoked.

`restart`: the sign-in is lost, its tokens are revoked, and the user signs in again; a new account exists then, and is not new a second time. `not revoked`: no cookie leads to the tokens, and they expire unrevoked. `the former one stays`: until its lifetime ends, or the user ends it in the list. `others until their refresh`: the other sessions, which Cognito has ended, answer until their access token expires. `then signed out`: the repeated request is `NotSignedIn`, and every session has ended. The last column breaks the call and the one after it, which is its repetition where it has one.
";

/// Returns the part of the page about sessions.
pub(crate) fn page() -> String {
    let tables = Operation::ALL.map(table).concat();
    format!("{INTRODUCTION}{tables}")
}

/// Returns the kinds of item that each function reaches for sessions.
pub(crate) fn items() -> BTreeSet<(&'static str, &'static str)> {
    let mut reached = BTreeSet::new();
    for operation in Operation::ALL {
        let usual = play(operation, &[]);
        for number in 0..usual.calls.len() {
            reached.extend(play(operation, &[(number, Break::Before)]).items);
        }
        reached.extend(usual.items);
    }
    reached
}

/// An opening that fails leaves nothing in the table, and tokens of no use.
#[test]
fn a_session_that_is_not_opened_leaves_no_item_and_no_token() {
    for (breaks, name) in [([0, 1], "open_session"), ([1, 2], "enlist_session")] {
        let mode = Mode::new();
        let new = mode.signed_in(ADAS_NAME, None);
        mode.world
            .wire
            .will_break(breaks.map(|at| (at, Break::After)));
        let refused = now(mode.sessions().open(&new)).map(|opened| opened.expires_in);
        assert!(
            matches!(refused, Err(SessionError::Unavailable(_))),
            "{name}"
        );
        assert_eq!(mode.world.wire.calls()[breaks[0]], name);
        assert_eq!(mode.tokens.port.live(), 0, "{name}: the tokens are revoked");
        let store = &mode.world.store.port;
        let listed = now(store.enlisted_sessions(&sub_of(ADAS_NAME))).unwrap();
        for key in listed {
            assert_eq!(now(store.session(key)).unwrap(), None, "{name}");
        }
    }
}

/// A thief's session that the operator ended at Cognito, or that an undo left for an hour.
#[test]
fn a_session_that_cognito_has_ended_ends_no_other() {
    for expired in [false, true] {
        for call in 0..3 {
            let mode = Mode::new();
            let thief = mode.open();
            mode.sign_out_ada();
            let owner = mode.open();
            let handle = handle_of(&mode, &owner);
            if expired {
                mode.world.clock.advance(ACCESS);
            }
            let sessions = mode.sessions();
            let refused = match call {
                0 => now(sessions.revoke(&thief, handle)).err(),
                1 => now(sessions.sign_out_everywhere(&thief)).err(),
                _ if !expired => continue,
                _ => now(sessions.list(&thief)).err(),
            };
            assert_eq!(refused, Some(SessionError::NotSignedIn), "{call}");
            assert!(now(sessions.current(&owner, chrome())).is_ok(), "{call}");
            assert_eq!(now(sessions.list(&owner)).unwrap().len(), 1, "it is gone");
        }
    }
}

/// Without an answer of Cognito it is not known whether the session stands.
#[test]
fn a_session_that_cognito_does_not_confirm_ends_no_other() {
    for everywhere in [false, true] {
        let mode = Mode::new();
        let (id, other) = (mode.open(), mode.open());
        let handle = handle_of(&mode, &other);
        // `session`, the list if one session is to end, `lease_refresh`, and the two calls of Cognito.
        let first = if everywhere { 2 } else { 3 };
        let breaks = [first, first + 1].map(|call| (call, Break::Before));
        mode.world.wire.will_break(breaks);
        let sessions = mode.sessions();
        let refused = if everywhere {
            now(sessions.sign_out_everywhere(&id)).map(|_| ())
        } else {
            now(sessions.revoke(&id, handle)).map(|_| ())
        };
        assert!(matches!(refused, Err(SessionError::Unavailable(_))));
        for id in [&id, &other] {
            assert!(now(sessions.current(id, chrome())).is_ok());
        }
    }
}
