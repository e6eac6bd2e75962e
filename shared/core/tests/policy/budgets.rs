//! Budgets: what is charged to whom, what a success forgives, and that neither an attacker who
//! never stops nor the owner gets more or less than was worked out.

use std::net::IpAddr;
use std::time::Duration;

use latchstring_core::budget::{Budget, Countries, Price, Source, resettable};
use latchstring_core::code::Code;
use latchstring_core::device::{DevicePayload, remember};
use latchstring_core::flow::Next;
use latchstring_core::identifier::{Country, IdentifierError};
use latchstring_core::keys::KeyRing;
use latchstring_core::odds::{Codes, Odds};
use latchstring_core::ports::{Charged, Clock as _, Store as _, Window};
use latchstring_core::sealed::Ticket;
use latchstring_core::secret::Secret;
use latchstring_core::sign_in::{SignIn, SignInError, SignInPayload, SignInRequest};

use crate::contacts::{Tokens, identity};
use latchstring_core::tester::TestIdentifier;
use latchstring_memory::{FixedCaptcha, ManualClock, MemoryDirectory, MemoryStore, SeededEntropy};

use crate::harness::{
    ADA, ADAS_NAME, BOB, Break, Flaky, NUMBER, Pool, Session, World, identifier, key, now,
};

const DAY: u64 = 24 * 3600;
const MONTH: u64 = 30 * DAY;

fn request(typed: &str) -> SignInRequest {
    SignInRequest {
        identifier: identifier(typed),
        proof: None,
        locale: None,
        device: None,
        captcha: None,
        source: None,
    }
}

fn from_device(typed: &str, device: &Secret) -> SignInRequest {
    SignInRequest {
        device: Some(device.clone()),
        ..request(typed)
    }
}

fn from_source(typed: &str, source: &str) -> SignInRequest {
    let address: IpAddr = source.parse().unwrap();
    SignInRequest {
        source: Some(Source::new(address)),
        ..request(typed)
    }
}

fn ask(world: &World, request: &SignInRequest) -> Result<SignInPayload, SignInError> {
    let pool = Pool::of(world);
    now(resolver(world, &pool).session(request))
}

type Resolver<'a, 'w> = SignIn<
    'a,
    Flaky<MemoryStore>,
    Flaky<MemoryDirectory>,
    Pool<'w>,
    Flaky<FixedCaptcha>,
    ManualClock,
    SeededEntropy,
>;

fn resolver<'a, 'w>(world: &'a World, pool: &'a Pool<'w>) -> Resolver<'a, 'w> {
    SignIn {
        deployment: &world.deployment,
        caller: &world.caller,
        legacy_pool: false,
        store: &world.store,
        directory: &world.directory,
        api: pool,
        captcha: world.captcha.as_ref(),
        clock: &world.clock,
        entropy: &world.entropy,
    }
}

/// The same, with the session that its answer goes to.
fn opened<'w>(world: &'w World, request: &SignInRequest) -> (SignInPayload, Session<'w>) {
    let pool = Pool::of(world);
    let payload = now(resolver(world, &pool).session(request)).unwrap();
    let session = pool.session(&payload.session);
    (payload, session)
}

fn refused_by(asked: &Result<SignInPayload, SignInError>) -> Option<Budget> {
    match asked {
        Ok(_) => None,
        Err(SignInError::TooManyRequests { budget, .. }) => Some(*budget),
        Err(other) => panic!("{other:?}"),
    }
}

/// Asks for so many codes, none of which is answered: how many digits each has.
fn unproved(world: &World, typed: &str, codes: usize) -> Vec<u32> {
    (0..codes)
        .map(|_| {
            world.after_secs(3600);
            ask(world, &request(typed)).unwrap().code_length
        })
        .collect()
}

/// Signs in by a code, and says how many digits it had.
fn signs_in(world: &World, request: &SignInRequest) -> u32 {
    world.after_secs(3600);
    let (payload, mut session) = opened(world, request);
    let code = world.sent().pop().unwrap().0;
    assert_eq!(code.len(), usize::try_from(payload.code_length).unwrap());

    assert_eq!(session.answer(&code).next(), Next::IssueTokens);
    payload.code_length
}

pub(crate) fn remembered(world: &World) -> DevicePayload {
    now(remember(
        &world.deployment,
        &world.caller,
        &Tokens(world),
        &world.clock,
        &*world.entropy,
        &identity(world, ADAS_NAME),
    ))
    .unwrap()
}

/// Asks for codes of Ada's until no more are given today.
fn exhausted(world: &World, request: &SignInRequest) -> usize {
    let day = world.clock.now().as_secs() / DAY;
    let mut granted = 0;
    while world.clock.now().as_secs() / DAY == day {
        match ask(world, request) {
            Ok(_) => granted += 1,
            Err(SignInError::TooManyRequests { retry_after, .. }) if retry_after <= 3600 => {
                world.after_secs(retry_after);
            }
            Err(SignInError::TooManyRequests { .. }) => break,
            Err(other) => panic!("{other:?}"),
        }
    }
    granted
}

#[test]
fn codes_lengthen_after_three_that_nobody_proved_for_known_and_unknown_alike() {
    for typed in [ADA, BOB] {
        let world = World::with_ada();
        assert_eq!(unproved(&world, typed, 7), [6, 6, 6, 8, 8, 8, 8]);
        world.after_secs(MONTH);
        assert_eq!(unproved(&world, typed, 1), [6], "the next 30 days");
    }
}

#[test]
fn a_long_code_signs_in_and_comes_again_as_it_was() {
    let world = World::with_ada();
    unproved(&world, ADA, 5);
    world.after_secs(3600);
    let (_, mut session) = opened(&world, &request(ADA));

    session.answer("000000");
    assert_eq!(session.number("codeLength"), 8);
    world.after_secs(30);
    session.resend();
    let sent = world.sent();
    assert_eq!(sent[5], sent[6]);
    assert_eq!(sent[6].0.len(), 8);
    assert_eq!(session.answer(&sent[6].0).next(), Next::IssueTokens);
}

#[test]
fn a_success_forgives_its_own_charge() {
    let world = World::with_ada();
    for _ in 0..12 {
        assert_eq!(signs_in(&world, &request(ADA)), 6);
        world.after_secs(3 * 3600);
    }
}

#[test]
fn a_success_forgives_no_other_charge() {
    let world = World::with_ada();
    for round in 0..3 {
        assert_eq!(unproved(&world, ADA, 1), [6], "round {round}");
        let digits = signs_in(&world, &request(ADA));
        assert_eq!(digits, if round < 2 { 6 } else { 8 }, "round {round}");
        world.after_secs(6 * 3600);
    }
    signs_in(&world, &request(ADA));
    assert_eq!(unproved(&world, ADA, 1), [8], "a long code frees nothing");
}

#[test]
fn a_ghost_who_earns_a_proof_is_forgiven_too() {
    let world = World::new();
    for _ in 0..7 {
        world.after_secs(3600);
        let (payload, mut session) = opened(&world, &request(BOB));
        assert_eq!(payload.code_length, 6);

        session.answer(&world.sent().pop().unwrap().0);
        assert_eq!(session.step(), "claim");
    }
}

#[test]
fn a_retried_trigger_forgives_once() {
    let mut world = World::with_ada();
    world.invocations = 3;
    assert_eq!(unproved(&world, ADA, 2), [6; 2]);
    signs_in(&world, &request(ADA));
    assert_eq!(unproved(&world, ADA, 2), [6, 8], "two were left unproved");
}

#[test]
fn a_lost_forgiveness_harms_nobody() {
    let world = World::with_ada();
    world.after_secs(3600);
    let (_, mut session) = opened(&world, &request(ADA));
    let code = world.sent().pop().unwrap().0;

    // Verify: flow, judge. Define: flow, find, finish, forgive twice.
    world
        .wire
        .will_break([5, 6].map(|call| (call, Break::Before)));
    assert_eq!(session.answer(&code).next(), Next::IssueTokens);
    assert_eq!(world.wire.calls()[5..], ["forgive", "forgive"]);
    assert_eq!(unproved(&world, ADA, 3), [6, 6, 8]);
}

/// A whole year of asking for codes to both contacts of one account whenever one is to be had,
/// through the real resolver.
#[test]
fn a_tireless_year_grants_no_more_codes_than_the_odds_count() {
    let world = World::new();
    let pool = Pool::of(&world);
    let resolver = resolver(&world, &pool);
    let ends = world.clock.now().as_secs() + 365 * DAY;
    let mut granted = Codes::default();
    let mut waits = Vec::new();
    for typed in [ADA, NUMBER].into_iter().cycle() {
        if waits.len() == 2 {
            world.after_secs(waits.drain(..).min().unwrap());
        }
        if world.clock.now().as_secs() >= ends {
            break;
        }
        match now(resolver.ticket(&request(typed))) {
            Ok(payload) => {
                waits.clear();
                let ticket = Ticket::open(
                    payload.ticket.expose(),
                    &world.deployment.keys,
                    &world.caller,
                    world.clock.now(),
                    world.deployment.policy.ticket_life,
                )
                .unwrap();
                match ticket.charge.code_length.digits() {
                    6 => granted.short += 1,
                    8 => granted.long += 1,
                    _ => granted.longest += 1,
                }
            }
            Err(SignInError::TooManyRequests { retry_after, .. }) => waits.push(retry_after),
            Err(other) => panic!("{other:?}"),
        }
    }
    let odds = Odds::of(&world.deployment.policy, 1);
    let counted = odds.codes_of_account();
    assert!(granted.short <= counted.short && granted.longest == 0);
    let all = granted.short + granted.long;
    assert!(all <= counted.short + counted.long);
    assert!(all > 7_200, "the attacker did not stop: {granted:?}");
}

#[test]
fn a_deployment_that_is_sprayed_sends_longer_codes_to_everybody_and_then_none() {
    let mut world = World::with_ada();
    let budget = &mut world.deployment.policy.budgets.deployment;
    (budget.short_per_day, budget.long_per_day, budget.per_day) = (2, 3, 7);
    let device = remembered(&world).device;
    let mut digits = Vec::new();
    for number in 0..7 {
        let typed = format!("somebody{number}@example.com");
        digits.push(ask(&world, &request(&typed)).unwrap().code_length);
    }
    assert_eq!(digits, [6, 6, 8, 8, 8, 10, 10]);
    for typed in [ADA, BOB] {
        let refused = ask(&world, &request(typed));
        assert_eq!(refused_by(&refused), Some(Budget::Deployment));
    }
    assert_eq!(signs_in(&world, &from_device(ADA, &device)), 6);
    world.after_secs(DAY);
    assert_eq!(signs_in(&world, &request(ADA)), 6);
}

#[test]
fn those_who_prove_their_codes_leave_the_deployments_short_codes_to_others() {
    let mut world = World::with_ada();
    world.deployment.policy.budgets.deployment.short_per_day = 1;
    for _ in 0..4 {
        assert_eq!(signs_in(&world, &request(ADA)), 6);
    }
    assert_eq!(unproved(&world, BOB, 1), [6]);
    assert_eq!(unproved(&world, BOB, 1), [8]);
    assert_eq!(signs_in(&world, &request(ADA)), 8);
}

#[test]
fn the_owner_signs_in_on_a_known_device_while_a_stranger_asks_without_end() {
    let world = World::with_ada();
    let device = remembered(&world).device;
    for day in 0..45 {
        assert_eq!(exhausted(&world, &request(ADA)), 10, "day {day}");
        assert!(
            ask(&world, &request(ADA)).is_err(),
            "the stranger is refused"
        );
        let (payload, mut session) = opened(&world, &from_device(ADA, &device));
        assert_eq!(payload.code_length, 6, "day {day}");

        let code = world.sent().pop().unwrap().0;
        assert_eq!(session.answer(&code).next(), Next::IssueTokens);
        let now = world.clock.now().as_secs();
        world.after_secs(DAY - now % DAY);
    }
}

#[test]
fn a_device_has_limits_of_its_own_however_many_it_is_remembered_as() {
    let world = World::with_ada();
    let devices = [remembered(&world).device, remembered(&world).device];
    assert_ne!(devices[0], devices[1]);
    for device in &devices {
        ask(&world, &from_device(ADA, device)).unwrap();
    }
    let refused = ask(&world, &from_device(ADA, &devices[0]));
    assert_eq!(refused_by(&refused), Some(Budget::Device));
    ask(&world, &request(ADA)).unwrap();
}

#[test]
fn a_device_that_is_over_foreign_or_forged_counts_as_none() {
    let world = World::with_ada();
    let DevicePayload { device, expires_in } = remembered(&world);
    assert_eq!(expires_in, 180 * 24 * 3600);
    let forged = Secret::new(format!("{}A", device.expose()));
    let elsewhere = World::with_ada().reconfigured(|world| {
        world.deployment.keys = KeyRing::new(key("k1", 9), None, None).unwrap();
    });
    let of_another_ring = remembered(&elsewhere).device;
    let ticket = Secret::new(world.ticket(ADA));
    for (typed, device) in [
        (BOB, &device),
        (ADA, &forged),
        (ADA, &of_another_ring),
        (ADA, &ticket),
        (ADA, &Secret::new("")),
    ] {
        world.after_secs(DAY);
        ask(&world, &request(typed)).unwrap();
        ask(&world, &request(typed)).unwrap();
        let refused = ask(&world, &from_device(typed, device));
        assert_eq!(refused_by(&refused), Some(Budget::Identifier));
        assert_eq!(refused, ask(&world, &request(typed)), "nothing differs");
    }
    world.after_secs(180 * DAY);
    ask(&world, &from_device(ADA, &device)).unwrap();
    ask(&world, &from_device(ADA, &device)).unwrap();
    let refused = ask(&world, &from_device(ADA, &device));
    assert_eq!(refused_by(&refused), Some(Budget::Identifier), "it is over");
}

#[test]
fn a_deleted_account_and_a_living_one_are_answered_alike_on_a_known_device() {
    let [living, deleted] = [false, true].map(|deleted| {
        let world = World::with_ada();
        let device = remembered(&world).device;
        if deleted {
            world.delete_ada();
        }
        world.wire.clear();
        let (payload, _) = opened(&world, &from_device(ADA, &device));
        (payload.code_length, payload.expires_in, world.wire.calls())
    });
    assert_eq!(living, deleted);
}

#[test]
fn known_devices_and_budgets_outlive_a_rotation_under_a_lasting_key() {
    let mut world = World::with_ada();
    let lasting = || key("l1", 5);
    let ring = |ring: KeyRing| ring.with_lasting(lasting()).unwrap();
    world.deployment.keys = ring(KeyRing::new(key("k1", 1), None, None).unwrap());
    let device = remembered(&world).device;
    ask(&world, &request(ADA)).unwrap();
    ask(&world, &request(ADA)).unwrap();
    for (current, previous) in [(2, 1), (3, 2)] {
        let next = key(&format!("k{current}"), current);
        let last = key(&format!("k{previous}"), previous);
        world.deployment.keys = ring(KeyRing::new(next, None, Some(last)).unwrap());
    }
    let refused = ask(&world, &request(ADA));
    assert_eq!(refused_by(&refused), Some(Budget::Identifier));
    assert_eq!(signs_in(&world, &from_device(ADA, &device)), 6);
}

#[test]
fn a_source_that_is_refused_cannot_spend_anybodys_budget() {
    let mut world = World::with_ada();
    world.deployment.policy.budgets.source.per_minute = 3;
    for number in 0..3 {
        let typed = format!("somebody{number}@example.com");
        ask(&world, &from_source(&typed, "192.0.2.1")).unwrap();
    }
    for typed in [ADA, BOB] {
        world.wire.clear();
        let refused = ask(&world, &from_source(typed, "::ffff:192.0.2.1"));
        assert_eq!(refused_by(&refused), Some(Budget::Source));
        assert_eq!(world.wire.calls(), ["charge"]);
    }
    ask(&world, &from_source(ADA, "192.0.2.2")).unwrap();
    ask(&world, &request(ADA)).unwrap();
}

#[test]
fn a_source_of_ipv6_is_its_first_64_bits() {
    let mut world = World::with_ada();
    world.deployment.policy.budgets.source.per_minute = 1;
    ask(&world, &from_source(ADA, "2001:db8::1")).unwrap();
    let refused = ask(&world, &from_source(BOB, "2001:db8::ffff:1:2:3"));
    assert_eq!(refused_by(&refused), Some(Budget::Source));
    ask(&world, &from_source(BOB, "2001:db8:0:1::1")).unwrap();
}

#[test]
fn a_known_device_is_not_held_up_by_its_neighbours() {
    let mut world = World::with_ada();
    world.deployment.policy.budgets.source.per_minute = 1;
    let device = remembered(&world).device;
    ask(&world, &from_source(BOB, "192.0.2.1")).unwrap();
    assert!(ask(&world, &from_source(ADA, "192.0.2.1")).is_err());
    let known = SignInRequest {
        device: Some(device),
        ..from_source(ADA, "192.0.2.1")
    };
    ask(&world, &known).unwrap();
}

#[test]
fn a_number_of_a_country_that_is_not_served_is_told_so_and_charged_nothing() {
    let world = World::new();
    world.put_somebody("berta", "+4915123456789");
    for typed in ["+4915123456789", "+4915123456780"] {
        let refused = ask(&world, &request(typed)).unwrap_err();
        let why = SignInError::InvalidIdentifier(IdentifierError::Country);
        assert_eq!(refused, why, "known and unknown alike");
    }
    assert!(world.wire.calls().is_empty());
}

#[test]
fn a_kind_of_contact_that_is_not_served_is_told_so_and_charged_nothing() {
    let mut world = World::new();
    world.put_somebody("berta", "+14155550132");
    world.put_somebody("carl", "carl@example.com");
    world.deployment.policy.mail = false;
    for typed in ["carl@example.com", "nobody@example.com"] {
        let refused = ask(&world, &request(typed)).unwrap_err();
        let why = SignInError::InvalidIdentifier(IdentifierError::NoMail);
        assert_eq!(refused, why, "known and unknown alike");
    }
    world.deployment.policy.mail = true;
    world.deployment.policy.budgets.sms.countries = Countries::Only([].into());
    for typed in ["+14155550132", "+14155550133"] {
        let refused = ask(&world, &request(typed)).unwrap_err();
        let why = SignInError::InvalidIdentifier(IdentifierError::NoSms);
        assert_eq!(refused, why, "known and unknown alike");
    }
    assert!(world.wire.calls().is_empty());
}

/// A number of the United States that begins like no other of this number.
fn number(block: u32, subscriber: u32) -> String {
    format!("+1415{:03}{subscriber:04}", 200 + block * 100)
}

#[test]
fn numbers_that_begin_alike_and_prove_nothing_trip_their_own_breaker_for_an_hour() {
    let mut world = World::new();
    world.deployment.policy.budgets.sms.unproved_per_prefix = 3;
    world.deployment.policy.budgets.deployment.short_per_day = 100;
    for subscriber in 0..3 {
        ask(&world, &request(&number(1, subscriber))).unwrap();
    }
    let refused = ask(&world, &request(&number(1, 99)));
    assert_eq!(refused_by(&refused), Some(Budget::Prefix));
    ask(&world, &request(&number(2, 0))).unwrap();
    ask(&world, &request(ADA)).unwrap();
    world.after_secs(3600);
    ask(&world, &request(&number(1, 99))).unwrap();
}

#[test]
fn a_country_has_a_breaker_too_and_who_proves_their_code_does_not_trip_it() {
    let mut world = World::new();
    world.put_somebody("ada", NUMBER);
    let sms = &mut world.deployment.policy.budgets.sms;
    (sms.unproved_per_prefix, sms.unproved_per_country) = (2, 2);
    for _ in 0..2 {
        let (_, mut session) = opened(&world, &request(NUMBER));
        let code = world.sent().pop().unwrap().0;

        assert_eq!(session.answer(&code).next(), Next::IssueTokens);
    }
    ask(&world, &request(&number(1, 0))).unwrap();
    ask(&world, &request(&number(2, 0))).unwrap();
    let refused = ask(&world, &request(&number(3, 0)));
    assert_eq!(refused_by(&refused), Some(Budget::Country));
    let again = ask(&world, &request(NUMBER));
    assert_eq!(refused_by(&again), Some(Budget::Identifier));
}

#[test]
fn asking_for_one_number_again_and_again_trips_nothing_that_others_share() {
    let mut world = World::new();
    world.deployment.policy.budgets.sms.unproved_per_prefix = 3;
    for _ in 0..50 {
        let _ = ask(&world, &request(&number(1, 0)));
    }
    ask(&world, &request(&number(1, 1))).unwrap();
}

#[test]
fn sms_stop_when_the_days_money_is_spent_and_mails_do_not() {
    let mut world = World::with_ada();
    // Three sends a code at 0.1 each.
    let price = Price::parse("0.7").unwrap();
    world.deployment.policy.budgets.sms.spend_per_day = price;
    for subscriber in 0..2 {
        ask(&world, &request(&number(1, subscriber))).unwrap();
    }
    let refused = ask(&world, &request(&number(1, 2)));
    assert_eq!(refused_by(&refused), Some(Budget::Spend));
    ask(&world, &request(ADA)).unwrap();
    world.after_secs(DAY);
    ask(&world, &request(&number(1, 2))).unwrap();
}

#[test]
fn a_stranger_who_trips_the_breaker_leaves_known_devices_their_sms() {
    let mut world = World::with_ada();
    world.put_ada(&[("phone_number", NUMBER), ("phone_number_verified", "true")]);
    let sms = &mut world.deployment.policy.budgets.sms;
    (sms.unproved_per_prefix, sms.unproved_per_country) = (1, 1);
    let device = remembered(&world).device;
    ask(&world, &request(&number(1, 0))).unwrap();
    assert!(ask(&world, &request(NUMBER)).is_err());
    ask(&world, &from_device(NUMBER, &device)).unwrap();
    let refused = ask(&world, &from_device(NUMBER, &device));
    assert_eq!(refused_by(&refused), Some(Budget::Country));
}

#[test]
fn a_disabled_user_is_asked_for_as_long_a_code_as_anybody() {
    let asked_of = |disabled: bool| {
        let world = World::with_ada();
        if disabled {
            world.disable_ada();
        }
        unproved(&world, ADA, 5);
        world.after_secs(3600);
        let (payload, mut session) = opened(&world, &request(ADA));

        session.answer("00000000");
        (payload.code_length, session.number("codeLength"))
    };
    assert_eq!(asked_of(true), (8, 8));
    assert_eq!(asked_of(true), asked_of(false));
}

#[test]
fn a_ticket_that_another_flow_redeemed_is_asked_for_as_long_a_code_as_before() {
    let world = World::with_ada();
    unproved(&world, ADA, 5);
    world.after_secs(3600);
    let pool = Pool::of(&world);
    let ticket = now(resolver(&world, &pool).ticket(&request(ADA))).unwrap();
    for _ in 0..2 {
        let mut session = world.initiate(ADA);
        session.choose(ticket.ticket.expose());
        assert_eq!(session.number("codeLength"), 8);
        session.answer("00000000");
        assert_eq!(session.number("codeLength"), 8);
    }
}

#[test]
fn a_ticket_is_as_long_whatever_it_was_charged() {
    let world = World::with_ada();
    let pool = Pool::of(&world);
    let lengths: std::collections::BTreeSet<_> = (0..7)
        .map(|_| {
            world.after_secs(3600);
            let ticket = now(resolver(&world, &pool).ticket(&request(ADA))).unwrap();
            ticket.ticket.expose().len()
        })
        .collect();
    assert_eq!(lengths.len(), 1);
}

#[test]
fn a_test_identifier_has_a_fixed_code_until_its_day_is_over_and_gets_no_message() {
    let mut world = World::with_ada();
    let test = TestIdentifier {
        identifier: identifier(ADA),
        ends: world.clock.now().plus(Duration::from_secs(2 * DAY)),
    };
    world.deployment.policy.test_identifiers = vec![test];
    let policy = &world.deployment.policy;
    let code = Code::fixed(
        &world.deployment.keys,
        policy.long_code_length,
        &identifier(ADA),
    );
    for _ in 0..2 {
        world.after_secs(3600);
        let (payload, mut session) = opened(&world, &request(ADA));
        assert_eq!(payload.code_length, 8);
        assert!(!session.answer("00000000").is_right());
        world.after_secs(30);
        session.resend();
        assert_eq!(session.answer(code.digits()).next(), Next::IssueTokens);
    }
    assert!(world.sent().is_empty());
    ask(&world, &request(BOB)).unwrap();
    assert_eq!(world.sent().len(), 1, "another's is sent");
    world.after_secs(2 * DAY);
    let (payload, mut session) = opened(&world, &request(ADA));
    assert_eq!(payload.code_length, 6);
    assert!(!session.answer(code.digits()).is_right());
    assert_eq!(world.sent().len(), 2);
}

#[test]
fn a_test_identifier_is_exempt_from_no_budget() {
    let mut world = World::with_ada();
    let test = TestIdentifier {
        identifier: identifier(ADA),
        ends: world.clock.now().plus(Duration::from_secs(DAY)),
    };
    world.deployment.policy.test_identifiers = vec![test];
    ask(&world, &request(ADA)).unwrap();
    ask(&world, &request(ADA)).unwrap();
    let refused = ask(&world, &request(ADA));
    assert_eq!(refused_by(&refused), Some(Budget::Identifier));
}

#[test]
fn what_an_operator_may_reset_is_where_it_is_charged() {
    let world = World::new();
    let is_charged = |country, name: &str| {
        let (_, strangers) = resettable(country, world.clock.now())[0];
        let one_more = Window {
            name: name.to_owned(),
            amount: 1,
            limit: 1,
        };
        let keep_until = world.clock.now();
        let charged = now(world.store.port.charge(strangers, &[one_more], keep_until));
        charged.unwrap() != Charged::Yes
    };
    ask(&world, &request(NUMBER)).unwrap();
    for name in ["all", "short", "spend"] {
        assert!(is_charged(None, name), "{name}");
    }
    let country = Country::parse("US");
    assert!(is_charged(country, "all") && is_charged(country, "p14155"));
    assert!(!is_charged(Country::parse("CA"), "all"));
}
