//! Events: each change has one, at least once, whatever breaks, and nothing else has.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use latchstring_core::account::{Account, Sub};
use latchstring_core::event::{CarriedBy, Event, EventId, EventKind, Intent, OutboxEntry};
use latchstring_core::flow::Next;
use latchstring_core::keys::KeyRing;
use latchstring_core::outbox::{Events, Sweep, Swept};
use latchstring_core::pending::{Pending, PendingId, PendingOutcome};
use latchstring_core::ports::{
    Clock, Directory as _, EventBus, OutboxStore as _, PendingStore as _, PortError,
};
use latchstring_core::sealed::SealedContact;
use latchstring_core::secret::Secret;
use latchstring_core::time::Timestamp;
use latchstring_memory::MemoryStore;

use crate::contacts::{Tokens, change, holds, identity, last_code, resolver as account};
use crate::harness::{
    ADA, ADAS_NAME, BOB, Break, Flaky, NUMBER, Pool, World, identifier, key, now,
};
use crate::sessions::Mode;
use crate::sign_in::{earned_proof, request, resolver, widen_budgets};
use crate::undo::{NEW, replace, undoing};

/// Longer than anything stays in the outbox that can be decided.
const LONG: u64 = 8000;

/// Longer than the intent of a new account waits for the sweeper.
pub(crate) const OVERDUE: u64 = 600;

/// Returns a deployment with events.
pub(crate) fn with_events(world: &World) -> World {
    world.reconfigured(|world| {
        world.deployment.policy.events = true;
        world.store = Flaky::new(MemoryStore::with_outbox(), world.wire.clone());
    })
}

fn ada() -> World {
    with_events(&World::with_ada())
}

fn sweep(world: &World) -> Swept {
    let sweep = Sweep {
        store: &world.store.port,
        directory: &world.directory.port,
        bus: &world.bus.port,
        clock: &world.clock,
    };
    now(sweep.run(world.clock.now().plus(Duration::from_secs(40))))
}

/// Publishes the events of a response.
fn publish(world: &World, events: Events) {
    assert!(!events.is_empty());
    now(events.publish(&world.store.port, &world.bus.port)).unwrap();
}

/// Returns the events so far, the oldest first.
fn published(world: &World) -> Vec<Event> {
    let mut events = world.bus.port.events(usize::MAX);
    events.reverse();
    events
}

fn kinds(world: &World) -> Vec<EventKind> {
    published(world).iter().map(|event| event.kind).collect()
}

/// Returns the kinds of the different events, in the order of their first publication.
pub(crate) fn different(world: &World) -> Vec<EventKind> {
    let mut seen = BTreeSet::new();
    let mut kinds = Vec::new();
    for event in published(world) {
        if seen.insert(event.id) {
            kinds.push(event.kind);
        }
    }
    kinds
}

/// Events of each of these kinds are published, and of no other, once the sweeper was there. A flow
/// that fails after its row was finished leaves an event, and its repetition another.
pub(crate) fn are_published(world: &World, wanted: &[EventKind]) {
    world.after_secs(LONG);
    sweep(world);
    let found: BTreeSet<EventKind> = kinds(world).into_iter().collect();
    assert_eq!(found, wanted.iter().copied().collect());
    settled(world);
}

/// Nothing is left, however long the sweeper goes on.
fn settled(world: &World) {
    let before = published(world).len();
    world.after_secs(LONG);
    sweep(world);
    world.after_secs(LONG);
    assert_eq!(sweep(world), Swept::default());
    assert_eq!(published(world).len(), before, "{:?}", kinds(world));
}

#[test]
fn a_sign_in_is_published_after_the_response() {
    let world = ada();
    let reply = world.at_otp(ADA).answer(&world.code());
    assert_eq!(reply.next(), Next::IssueTokens);
    let [event] = &published(&world)[..] else {
        panic!("{:?}", kinds(&world))
    };
    assert_eq!(event.kind, EventKind::SignedIn);
    assert_eq!(event.sub.as_str(), "sub-of-ada");
    assert_eq!(event.client, "client");
    assert_eq!(event.method, Some(identifier(ADA).method()));
    assert_eq!(event.at, world.clock.now());
    settled(&world);
}

#[test]
fn without_events_nothing_is_written_or_called() {
    let calls = |world: World| {
        let reply = world.at_otp(ADA).answer(&last_code(&world));
        assert_eq!(reply.next(), Next::IssueTokens);
        let pool = Pool::of(&world);
        let proof = earned_proof(&world, BOB);
        now(resolver(&world, &pool).tokens(&request(BOB, None), &Secret::new(proof))).unwrap();
        (world.wire.calls(), published(&world).len())
    };
    let (off, none) = calls(World::with_ada());
    assert_eq!(none, 0);
    let (on, all) = calls(ada());
    assert_eq!(all, 3);
    let extra = ["put_event", "event", "publish", "settle_event"];
    assert!(off.iter().all(|call| !extra.contains(call)), "{off:?}");
    let rest: Vec<_> = on
        .into_iter()
        .filter(|call| !extra.contains(call))
        .collect();
    assert_eq!(rest, off);
}

#[test]
fn a_first_sign_in_publishes_the_account_first() {
    let world = ada();
    let pool = Pool::of(&world);
    let proof = earned_proof(&world, BOB);
    assert_eq!(kinds(&world), []);
    now(resolver(&world, &pool).tokens(&request(BOB, None), &Secret::new(proof))).unwrap();
    assert_eq!(
        kinds(&world),
        [EventKind::AccountCreated, EventKind::SignedIn]
    );
    let bob = now(world.directory.port.find(BOB)).unwrap().unwrap();
    for event in published(&world) {
        assert_eq!(event.sub, *bob.attributes.sub());
    }
    settled(&world);
}

#[test]
fn a_change_and_its_undo_are_published() {
    let world = ada();
    let mut session = change(&world, ADAS_NAME, NEW);
    assert_eq!(session.answer(&last_code(&world)).next(), Next::IssueTokens);
    assert_eq!(kinds(&world), [EventKind::ContactChanged]);
    settled(&world);
    let proof = earned_proof(&world, ADA);
    let mut session = world.initiate(ADAS_NAME);
    now(session.respond(&proof, undoing()));
    world.after_millis(1100);
    now(session.respond(&proof, undoing()));
    assert_eq!(session.ended, Some(Next::IssueTokens));
    let all = [
        EventKind::ContactChanged,
        EventKind::ContactChanged,
        EventKind::SignedOutEverywhere,
    ];
    assert_eq!(kinds(&world), all);
    assert_eq!(different(&world), all, "with ids of their own");
    settled(&world);
}

#[test]
fn only_the_last_wrong_answer_of_an_account_is_an_event() {
    for (typed, expected) in [(ADA, vec![EventKind::SignInRefused]), (BOB, vec![])] {
        let world = ada();
        let mut session = world.at_otp(typed);
        for wrong in world.wrong_codes().take(2) {
            session.answer(&wrong);
        }
        world.after_secs(31);
        assert_eq!(sweep(&world), Swept::default(), "{typed}");
        let wrong = world.wrong_codes().nth(2).unwrap();
        let reply = session.answer(&wrong);
        assert_eq!(reply.next(), Next::Fail);
        assert_eq!(kinds(&world), [], "the sweeper alone publishes it");
        world.after_secs(31);
        sweep(&world);
        assert_eq!(kinds(&world), expected, "{typed}");
        settled(&world);
    }
}

/// The calls of a wrong answer do not show whether there is an account.
#[test]
fn wrong_answers_make_equal_calls_with_and_without_account() {
    let calls = |typed| {
        let world = ada();
        let mut session = world.at_otp(typed);
        for wrong in world.wrong_codes().take(3) {
            session.answer(&wrong);
        }
        world.wire.calls()
    };
    assert_eq!(calls(ADA), calls(BOB));
}

#[test]
fn one_sign_in_remembers_many_devices_as_one_event() {
    let world = ada();
    let pool = Pool::of(&world);
    let tokens = Tokens(&world);
    let asking = identity(&world, ADAS_NAME);
    let remember = || now(account(&pool, &tokens).remember_device(&asking)).unwrap();
    let first = remember();
    assert_eq!(sweep(&world), Swept::default(), "not yet overdue");
    publish(&world, first.events);
    assert_eq!(kinds(&world), [EventKind::DeviceRemembered]);
    for _ in 0..3 {
        publish(&world, remember().events);
    }
    world.after_secs(31);
    sweep(&world);
    assert_eq!(kinds(&world), [EventKind::DeviceRemembered]);
    settled(&world);
}

/// The process of another one died.
#[test]
fn a_device_that_no_function_published_is_swept() {
    let world = ada();
    let (pool, tokens) = (Pool::of(&world), Tokens(&world));
    let asking = identity(&world, ADAS_NAME);
    now(account(&pool, &tokens).remember_device(&asking)).unwrap();
    world.after_secs(30);
    assert_eq!(sweep(&world).published, 1);
    assert_eq!(kinds(&world), [EventKind::DeviceRemembered]);
    settled(&world);
}

#[test]
fn a_global_sign_out_by_a_session_is_an_event() {
    let mut mode = Mode::new();
    mode.world = with_events(&mode.world);
    for is_published in [true, false] {
        let id = mode.open();
        let before = published(&mode.world).len();
        let signed_out = now(mode.sessions().sign_out_everywhere(&id)).unwrap();
        if is_published {
            publish(&mode.world, signed_out);
        } else {
            mode.world.after_secs(31);
            sweep(&mode.world);
        }
        let all = kinds(&mode.world)[before..].to_vec();
        assert_eq!(all, [EventKind::SignedOutEverywhere]);
        settled(&mode.world);
    }
}

/// The row is finished, and the account may not sign in.
#[test]
fn a_right_code_without_tokens_is_no_event() {
    let world = ada();
    let mut session = world.at_otp(ADA);
    let code = world.code();
    world.put_ada(&[("email", "other@example.com")]);
    let reply = session.answer(&code);
    assert_eq!(reply.next(), Next::Fail);
    settled(&world);
    assert_eq!(kinds(&world), []);
}

#[test]
fn an_event_that_the_bus_does_not_take_is_published_later() {
    let world = ada();
    let mut session = world.at_otp(ADA);
    let code = world.code();
    world.wire.clear();
    session.clone().answer(&code);
    let calls = world.wire.calls();
    let number = calls.iter().position(|call| *call == "publish").unwrap();
    for broken in [Break::Before, Break::After, Break::Hangs] {
        let world = ada();
        session = world.at_otp(ADA);
        world.wire.will_break([(number, broken)]);
        let reply = session.answer(&world.code());
        assert_eq!(reply.next(), Next::IssueTokens);
        assert_eq!(sweep(&world), Swept::default(), "not yet overdue");
        world.after_secs(31);
        assert_eq!(sweep(&world).published, 1, "{broken:?}");
        assert_eq!(different(&world), [EventKind::SignedIn]);
        settled(&world);
    }
}

/// A process dies at any call of a first sign-in, before or after its effect. Whatever the user does
/// next, each change that was made is published, with one id, and no change that was not made.
#[test]
fn no_event_is_lost_when_a_process_dies_in_a_first_sign_in() {
    for dies in [Break::Before, Break::After] {
        for number in 0..60 {
            let world = ada();
            let proof = earned_proof(&world, BOB);
            let pool = Pool::of(&world);
            world
                .wire
                .will_break((number..number + 40).map(|number| (number, dies)));
            let _ = now(resolver(&world, &pool).tokens(&request(BOB, None), &Secret::new(proof)));
            world.wire.clear();
            let completes = |account: &Account| !account.attributes.is_half_created();
            let exists = || {
                let found = now(world.directory.port.find(BOB)).unwrap();
                found.is_some_and(|account| completes(&account))
            };
            let created = |world: &World| different(world).contains(&EventKind::AccountCreated);
            let existed = exists();
            world.after_secs(LONG);
            sweep(&world);
            assert_eq!(created(&world), existed, "{number} {dies:?}");
            // He signs in again.
            if !existed {
                let pool = Pool::of(&world);
                let proof = earned_proof(&world, BOB);
                let signing_in = resolver(&world, &pool);
                now(signing_in.tokens(&request(BOB, None), &Secret::new(proof))).unwrap();
                world.after_secs(LONG);
                sweep(&world);
            }
            let all = different(&world);
            let count = all.iter().filter(|it| **it == EventKind::AccountCreated);
            assert_eq!(count.count(), 1, "{number} {dies:?}: {all:?}");
            settled(&world);
        }
    }
}

/// The same for a change of contact. One that was refused or never made is not published, unless its
/// write may have been made.
#[test]
fn no_event_is_lost_when_a_process_dies_in_a_change() {
    for dies in [Break::Before, Break::After] {
        for number in 0..40 {
            let world = ada();
            let mut session = change(&world, ADAS_NAME, NEW);
            let code = last_code(&world);
            world
                .wire
                .will_break((number..number + 40).map(|number| (number, dies)));
            session.answer(&code);
            world.wire.clear();
            world.after_secs(LONG);
            sweep(&world);
            let changed = holds(&world, ADAS_NAME, NEW);
            let is_published = different(&world).contains(&EventKind::ContactChanged);
            assert!(is_published || !changed, "{number} {dies:?}");
            settled(&world);
        }
    }
}

#[test]
fn no_sign_in_is_lost_when_a_process_dies() {
    for dies in [Break::Before, Break::After] {
        for number in 0..16 {
            let world = ada();
            let mut session = world.at_otp(ADA);
            let code = world.code();
            world
                .wire
                .will_break((number..number + 40).map(|number| (number, dies)));
            let reply = session.answer(&code);
            world.wire.clear();
            world.after_secs(31);
            sweep(&world);
            let issued = reply.next() == Next::IssueTokens;
            let is_published = different(&world) == [EventKind::SignedIn];
            assert!(is_published || !issued, "{number} {dies:?}");
            settled(&world);
        }
    }
}

/// A contact that another account took meanwhile.
#[test]
fn a_refused_change_is_no_event() {
    let world = ada();
    let mut session = change(&world, ADAS_NAME, NUMBER);
    world.put_account("username-of-carol", NUMBER);
    let reply = session.answer(&last_code(&world));
    assert_eq!(reply.next(), Next::Fail);
    settled(&world);
    assert_eq!(kinds(&world), []);
}

#[test]
fn many_overdue_events_are_published_in_one_sweep() {
    let world = ada().reconfigured(widen_budgets);
    let silent = world.reconfigured(|world| world.has_bus = false);
    for _ in 0..100 {
        let reply = silent.at_otp(ADA).answer(&last_code(&silent));
        assert_eq!(reply.next(), Next::IssueTokens);
        world.after_secs(3600);
    }
    assert_eq!(kinds(&world), []);
    let swept = sweep(&world);
    assert_eq!((swept.published, swept.fault), (100, None));
    assert!(swept.oldest > Some(Duration::from_secs(99 * 3600)));
    assert_eq!(different(&world).len(), 100);
    settled(&world);
}

/// Cognito does not answer, for one intent or for all.
#[test]
fn an_intent_that_cannot_be_decided_holds_up_no_other_event() {
    let world = ada().reconfigured(|world| world.has_bus = false);
    let pool = Pool::of(&world);
    let proof = earned_proof(&world, BOB);
    now(resolver(&world, &pool).session(&request(BOB, Some(&proof)))).unwrap();
    world.at_otp(ADA).answer(&last_code(&world));
    world.after_secs(LONG);
    let silent = || Sweep {
        store: &world.store.port,
        directory: &world.directory,
        bus: &world.bus.port,
        clock: &world.clock,
    };
    let until = world.clock.now().plus(Duration::from_secs(40));
    world.wire.will_break([(0, Break::Before)]);
    let swept = now(silent().run(until));
    assert!(swept.fault.is_some());
    assert_eq!(kinds(&world), [EventKind::SignedIn]);
    assert_eq!(now(silent().run(until)).published, 1);
    let all = different(&world);
    assert_eq!(all, [EventKind::SignedIn, EventKind::AccountCreated]);
    settled(&world);
}

/// Puts an event of a device into a shard. It is due now.
fn put(world: &World, shard: u8, number: u16) -> OutboxEntry {
    let mut id = [0; 16];
    id[0] = shard;
    id[1..3].copy_from_slice(&number.to_be_bytes());
    let now_is = world.clock.now();
    let entry = OutboxEntry {
        carried_by: CarriedBy::Item(EventId::from_bytes(id)),
        kind: EventKind::DeviceRemembered,
        sub: Some(Sub::new("sub-of-ada")),
        client: "client".to_owned(),
        method: None,
        at: now_is,
        due: now_is,
        intent: None,
    };
    assert_eq!(entry.shard(), shard);
    now(world.store.port.put_event(&entry)).unwrap();
    entry
}

/// Each look at it takes a quarter of a second.
struct Hurrying(AtomicU64);

impl Clock for Hurrying {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.fetch_add(250, Ordering::Relaxed))
    }

    async fn sleep(&self, _: Duration) {}
}

#[test]
fn a_backlog_of_one_shard_delays_no_other() {
    let world = ada();
    for number in 0..2000 {
        put(&world, 0, number);
    }
    let last = put(&world, 31, 0);
    let start = world.clock.now();
    let hurrying = Sweep {
        store: &world.store.port,
        directory: &world.directory.port,
        bus: &world.bus.port,
        clock: &Hurrying(AtomicU64::new(start.as_millis())),
    };
    let swept = now(hurrying.run(start.plus(Duration::from_secs(40))));
    assert!((41..2000).contains(&swept.published), "{swept:?}");
    assert!(published(&world).iter().any(|event| event.id == last.id()));
}

/// A sweep without time takes one turn.
#[test]
fn each_shard_is_the_first_within_32_minutes() {
    let world = ada();
    for shard in 0..32 {
        put(&world, shard, 0);
    }
    for minute in 1..=32 {
        let hasty = Sweep {
            store: &world.store.port,
            directory: &world.directory.port,
            bus: &world.bus.port,
            clock: &world.clock,
        };
        assert_eq!(now(hasty.run(world.clock.now())).published, 1);
        assert_eq!(different(&world).len(), minute);
        world.after_secs(60);
    }
}

/// More than a page of them is before the one that can be published.
#[test]
fn entries_that_stay_hold_up_no_other_event() {
    let world = ada();
    for number in 0..12 {
        let unreadable = put(&world, 3, number);
        world.store.port.garble(unreadable.carried_by);
        let username = format!("username-{number}");
        let undecidable = OutboxEntry {
            sub: None,
            intent: Some(Intent::Account { username }),
            ..put(&world, 3, 100 + number)
        };
        now(world.store.port.put_event(&undecidable)).unwrap();
    }
    world.after_secs(1);
    let readable = put(&world, 3, 300);
    let last = put(&world, 4, 0);
    world.wire.clear();
    world
        .wire
        .will_break((0..12).map(|number| (number, Break::Before)));
    let silent = Sweep {
        store: &world.store.port,
        directory: &world.directory,
        bus: &world.bus.port,
        clock: &world.clock,
    };
    let until = world.clock.now().plus(Duration::from_secs(40));
    let swept = now(silent.run(until));
    assert_eq!((swept.published, swept.skipped), (2, 24), "{swept:?}");
    assert!(swept.fault.is_some());
    let ids: Vec<_> = published(&world).iter().map(|event| event.id).collect();
    assert_eq!(ids, [readable.id(), last.id()]);
    // Those that were undecidable are of no account; the others stay.
    let swept = sweep(&world);
    assert_eq!((swept.dropped, swept.skipped), (12, 12));
}

/// A username may be a phone number, and subscribers store ids.
#[test]
fn no_id_can_be_computed_from_a_username() {
    let created = |world: &World| {
        let pool = Pool::of(world);
        let proof = earned_proof(world, NUMBER);
        let signing_in = resolver(world, &pool);
        now(signing_in.tokens(&request(NUMBER, None), &Secret::new(proof))).unwrap();
        let event = published(world).into_iter().next().unwrap();
        assert_eq!(event.kind, EventKind::AccountCreated);
        event.id
    };
    let other_key = |world: &mut World| {
        world.deployment.keys = KeyRing::new(key("k1", 2), None, None).unwrap();
    };
    let usernames = |world: &World| now(world.directory.port.find(NUMBER)).unwrap().unwrap();
    let [one, other] = [ada(), ada().reconfigured(other_key)];
    let ids = [created(&one), created(&other)];
    assert_eq!(usernames(&one).username, usernames(&other).username);
    assert_ne!(ids[0], ids[1], "the key decides too");
}

/// Puts an intent into the outbox. It is due now.
fn put_intent(world: &World, kind: EventKind, intent: Intent) {
    let is_account = kind == EventKind::AccountCreated;
    let entry = OutboxEntry {
        kind,
        sub: (!is_account).then(|| Sub::new("sub-of-ada")),
        method: Some(identifier(ADA).method()),
        intent: Some(intent),
        ..put(world, 0, 1)
    };
    now(world.store.port.put_event(&entry)).unwrap();
}

/// Returns the numbers of published, dropped and postponed entries.
fn swept(world: &World) -> (u32, u32, u32) {
    let swept = sweep(world);
    assert_eq!(swept.fault, None);
    (swept.published, swept.dropped, swept.postponed)
}

#[test]
fn a_change_is_published_unless_its_request_was_refused() {
    let [own, other] = [1, 2].map(|number| PendingId::from_bytes([number; 16]));
    for (stored, expires_in, expected) in [
        (None, 0, (1, 0, 0)),
        (Some((own, PendingOutcome::InUse)), 3600, (0, 1, 0)),
        (Some((other, PendingOutcome::InUse)), 3600, (1, 0, 0)),
        (Some((own, PendingOutcome::Done)), 3600, (1, 0, 0)),
        (Some((own, PendingOutcome::Undone)), 3600, (1, 0, 0)),
        // The write may have been made, and its outcome lost.
        (Some((own, PendingOutcome::Waiting)), 0, (1, 0, 0)),
        (Some((own, PendingOutcome::Waiting)), 3600, (0, 0, 1)),
    ] {
        let world = ada();
        put_intent(&world, EventKind::ContactChanged, Intent::Contact(own));
        if let Some((id, outcome)) = stored {
            let pending = Pending {
                account: Sub::new("sub-of-ada"),
                method: identifier(ADA).method(),
                id,
                contact: SealedContact::from_text("k1.sealed"),
                replaces: None,
                expires_at: world.clock.now().plus(Duration::from_secs(expires_in)),
                outcome,
            };
            now(world.store.port.put_pending(&pending)).unwrap();
        }
        assert_eq!(swept(&world), expected, "{stored:?}");
        if expected == (0, 0, 1) {
            world.after_secs(3600 + 119);
            assert_eq!(swept(&world), (0, 0, 0));
            world.after_secs(1);
            assert_eq!(swept(&world), (1, 0, 0));
        }
        settled(&world);
    }
}

/// A username is not looked up as a contact.
#[test]
fn an_account_is_published_by_its_username_only() {
    for (username, expected) in [
        (ADAS_NAME, (1, 0, 0)),
        ("username-of-no-account", (0, 1, 0)),
        (ADA, (0, 1, 0)),
    ] {
        let world = ada();
        let username = username.to_owned();
        let intent = Intent::Account { username };
        put_intent(&world, EventKind::AccountCreated, intent);
        assert_eq!(swept(&world), expected);
        settled(&world);
    }
}

/// A bus that refuses the first event of each call.
struct Refusing<'a>(&'a World);

impl EventBus for Refusing<'_> {
    async fn publish(&self, events: &[Event]) -> Result<Vec<bool>, PortError> {
        let mut taken = self.0.bus.port.publish(&events[1..]).await?;
        taken.insert(0, false);
        Ok(taken)
    }
}

#[test]
fn an_event_that_the_bus_refuses_stays_and_is_reported() {
    let world = ada();
    for number in 0..3 {
        put(&world, 0, number);
    }
    let refusing = Sweep {
        store: &world.store.port,
        directory: &world.directory.port,
        bus: &Refusing(&world),
        clock: &world.clock,
    };
    let until = world.clock.now().plus(Duration::from_secs(40));
    let refused = now(refusing.run(until));
    assert_eq!(refused.published, 2);
    assert_eq!(refused.fault.map(|fault| fault.call), Some("publish"));
    assert_eq!(swept(&world), (1, 0, 0));
    assert_eq!(different(&world).len(), 3);
    settled(&world);
}

#[test]
fn a_shard_that_cannot_be_read_holds_up_no_other() {
    let world = ada();
    for shard in 0..32 {
        put(&world, shard, 0);
    }
    world.wire.will_break([(0, Break::Before)]);
    let silent = Sweep {
        store: &world.store,
        directory: &world.directory.port,
        bus: &world.bus.port,
        clock: &world.clock,
    };
    let until = world.clock.now().plus(Duration::from_secs(40));
    let swept = now(silent.run(until));
    assert_eq!(swept.published, 31);
    assert_eq!(swept.fault.map(|fault| fault.call), Some("due_events"));
    assert_eq!(sweep(&world).published, 1);
}

/// Returns the number of the call that wrote an event.
fn place_of_event(world: &World) -> usize {
    let calls = world.wire.calls();
    let number = calls.iter().position(|call| *call == "put_event");
    number.expect("it is written")
}

/// Acts in a world in which the write of an event is lost, after the same in another one.
fn act_without_event(begin: impl Fn() -> (World, String), act: impl Fn(&World, &str)) -> World {
    let (world, proof) = begin();
    world.wire.clear();
    act(&world, &proof);
    let number = place_of_event(&world);
    let (world, proof) = begin();
    world.wire.will_break([(number, Break::Before)]);
    act(&world, &proof);
    world
}

#[test]
fn nothing_is_changed_whose_event_cannot_be_written() {
    let none = || (ada(), String::new());
    let world = act_without_event(none, |world, _| {
        let mut session = change(world, ADAS_NAME, NEW);
        session.answer(&last_code(world));
    });
    assert!(!holds(&world, ADAS_NAME, NEW), "a change");

    let replaced = || {
        let world = ada();
        replace(&world);
        let proof = earned_proof(&world, ADA);
        (world, proof)
    };
    let world = act_without_event(replaced, |world, proof| {
        now(world.initiate(ADAS_NAME).respond(proof, undoing()));
    });
    assert!(holds(&world, ADAS_NAME, NEW), "an undo");

    let proved = || {
        let world = ada();
        let proof = earned_proof(&world, BOB);
        (world, proof)
    };
    let world = act_without_event(proved, |world, proof| {
        let pool = Pool::of(world);
        let proof = Secret::new(proof);
        let _ = now(resolver(world, &pool).tokens(&request(BOB, None), &proof));
    });
    let bob = now(world.directory.port.find(BOB)).unwrap();
    assert!(
        bob.is_some_and(|bob| bob.attributes.is_half_created()),
        "an account"
    );
}

#[test]
fn no_device_and_no_sign_out_is_answered_without_its_event() {
    let world = ada();
    let (pool, tokens) = (Pool::of(&world), Tokens(&world));
    let asking = identity(&world, ADAS_NAME);
    let remember = || now(account(&pool, &tokens).remember_device(&asking));
    world.wire.clear();
    assert!(remember().is_ok());
    world
        .wire
        .will_break([(place_of_event(&world), Break::Before)]);
    assert!(remember().is_err());

    let mut mode = Mode::new();
    mode.world = with_events(&mode.world);
    let [id, other] = [mode.open(), mode.open()];
    mode.world.wire.clear();
    assert!(now(mode.sessions().sign_out_everywhere(&id)).is_ok());
    assert!(mode.current(&other).is_err());
    let number = place_of_event(&mode.world);
    let [id, other] = [mode.open(), mode.open()];
    mode.world.wire.will_break([(number, Break::Before)]);
    assert!(now(mode.sessions().sign_out_everywhere(&id)).is_err());
    assert!(mode.current(&other).is_ok(), "nothing has ended");
}
