//! Rate limits: the budgets that each operation charges, the refunds of a success, and the computed
//! bounds, which hold for a tireless attacker and for the account owner.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use latchstring_core::code::Code;
use latchstring_core::contact::ContactError;
use latchstring_core::device::DevicePayload;
use latchstring_core::flow::{CreateReason, DefineReason, Next, VerifyReason};
use latchstring_core::identifier::{Country, Identifier, IdentifierError, Method, PhoneRanges};
use latchstring_core::keys::KeyRing;
use latchstring_core::odds::Odds;
use latchstring_core::ports::{Charged, Clock as _, CounterStore as _, Entropy as _, Window};
use latchstring_core::rate_limit::{Budget, Countries, Price, Resettable, Source, resettable};
use latchstring_core::secret::Secret;
use latchstring_core::sign_in::{SignIn, SignInError, SignInPayload, SignInRequest};

use crate::contacts::{self, Tokens, identity};
use crate::sign_in::earned_proof;
use latchstring_core::test_identifier::TestIdentifier;
use latchstring_memory::{FixedCaptcha, SeededEntropy};

use crate::harness::{
    ADA, ADAS_NAME, BOB, Break, Flaky, NUMBER, Pool, Ports, Session, World, identifier, key, now,
};

const DAY: u64 = 24 * 3600;
const MONTH: u64 = 30 * DAY;

fn request(typed: &str) -> SignInRequest {
    SignInRequest {
        identifier: identifier(typed),
        proof: None,
        resume: None,
        locale: None,
        link_challenge: None,
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

fn request_code(world: &World, request: &SignInRequest) -> Result<SignInPayload, SignInError> {
    let pool = Pool::of(world);
    now(resolver(world, &pool).session(request))
}

type Resolver<'a, 'w> = SignIn<'a, Ports<'w>, Flaky<FixedCaptcha>>;

fn resolver<'a, 'w>(world: &'a World, pool: &'a Pool<'w>) -> Resolver<'a, 'w> {
    SignIn {
        context: pool.context(),
        legacy_pool: false,
        captcha: world.captcha.as_ref(),
        hook: None,
    }
}

/// Returns the reply to a request, and the session that its answer goes to.
fn opened<'w>(world: &'w World, request: &SignInRequest) -> (SignInPayload, Session<'w>) {
    let pool = Pool::of(world);
    let payload = now(resolver(world, &pool).session(request)).unwrap();
    let session = pool.session(&payload.session);
    (payload, session)
}

fn refusing_budget(result: &Result<SignInPayload, SignInError>) -> Option<Budget> {
    match result {
        Ok(_) => None,
        Err(SignInError::TooManyRequests { budget, .. }) => *budget,
        Err(other) => panic!("{other:?}"),
    }
}

/// Requests this many codes without an answer. Returns the number of digits of each.
fn unanswered(world: &World, typed: &str, codes: usize) -> Vec<u32> {
    (0..codes)
        .map(|_| {
            world.after_secs(3600);
            request_code(world, &request(typed)).unwrap().code_length
        })
        .collect()
}

/// Requests this many codes and answers each wrongly with all attempts. Returns the number of
/// digits of each.
fn guessed(world: &World, typed: &str, codes: usize) -> Vec<u32> {
    (0..codes)
        .map(|_| {
            world.after_secs(3600);
            let (payload, mut session) = opened(world, &request(typed));
            for wrong in world.wrong_codes().take(3) {
                if session.ended.is_none() {
                    session.answer(&wrong);
                }
            }
            payload.code_length
        })
        .collect()
}

/// Signs in by code. Returns the number of digits of the code.
fn sign_in_by_code(world: &World, request: &SignInRequest) -> u32 {
    world.after_secs(3600);
    let (payload, mut session) = opened(world, request);
    let code = world.sent().pop().unwrap().0;
    assert_eq!(code.len(), usize::try_from(payload.code_length).unwrap());

    assert_eq!(session.answer(&code).next(), Next::IssueTokens);
    payload.code_length
}

/// Runs operations on the devices of the accounts.
pub(crate) fn with_devices<T>(
    world: &World,
    run: impl AsyncFnOnce(&contacts::Resolver<'_, '_>) -> T,
) -> T {
    let (pool, tokens) = (Pool::of(world), Tokens(world));
    now(run(&contacts::resolver(&pool, &tokens)))
}

pub(crate) fn remembered(world: &World) -> DevicePayload {
    let ada = identity(world, ADAS_NAME);
    with_devices(world, async |devices| devices.remember_device(&ada).await).unwrap()
}

fn forgotten(world: &World) {
    let ada = identity(world, ADAS_NAME);
    with_devices(world, async |devices| devices.forget_devices(&ada).await).unwrap();
}

/// Requests codes for Ada until the day's budget is spent, without those of slots. Returns their
/// number.
fn exhaust(world: &World, request: &SignInRequest) -> usize {
    let world = &world.without_slots();
    let day = world.clock.now().as_secs() / DAY;
    let mut granted = 0;
    while world.clock.now().as_secs() / DAY == day {
        match request_code(world, request) {
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
fn unanswered_codes_lengthen_nothing() {
    for typed in [ADA, BOB] {
        let world = World::with_ada();
        assert_eq!(unanswered(&world, typed, 9), [6; 9]);
    }
}

#[test]
fn after_eight_wrong_answers_codes_lengthen_for_all_requesters() {
    for typed in [ADA, BOB] {
        let world = World::with_ada();
        assert_eq!(guessed(&world, typed, 5), [6, 6, 6, 8, 8]);
        world.after_secs(MONTH);
        assert_eq!(guessed(&world, typed, 1), [6], "the next 30 days");
    }
}

#[test]
fn a_ticket_that_is_never_redeemed_costs_nothing() {
    let world = World::with_ada();
    let pool = Pool::of(&world);
    let resolver = resolver(&world, &pool);
    for _ in 0..1_000 {
        for typed in [ADA, NUMBER] {
            now(resolver.ticket(&from_source(typed, "192.0.2.1"))).unwrap();
        }
    }
    let calls = world.wire.calls();
    assert!(
        calls.iter().all(|call| *call == "counts"),
        "nothing was written"
    );
    assert_eq!(sign_in_by_code(&world, &from_source(ADA, "192.0.2.1")), 6);
}

#[test]
fn a_long_code_signs_in_and_a_resend_repeats_it() {
    let world = World::with_ada();
    guessed(&world, ADA, 3);
    let before = world.sent().len();
    world.after_secs(3600);
    let (_, mut session) = opened(&world, &request(ADA));

    session.answer("000000");
    assert_eq!(session.number("codeLength"), 8);
    world.after_secs(30);
    session.resend();
    let sent = world.sent();
    assert_eq!(sent[before], sent[before + 1]);
    assert_eq!(sent[before].0.len(), 8);
    assert_eq!(session.answer(&sent[before].0).next(), Next::IssueTokens);
}

#[test]
fn a_success_refunds_the_guesses_of_its_flow() {
    let world = World::with_ada();
    for _ in 0..12 {
        world.after_secs(3600 * 3);
        let (payload, mut session) = opened(&world, &request(ADA));
        assert_eq!(payload.code_length, 6);
        session.answer(&world.wrong_code());
        let code = world.sent().pop().unwrap().0;
        assert_eq!(session.answer(&code).next(), Next::IssueTokens);
    }
    assert_eq!(
        guessed(&world, ADA, 4),
        [6, 6, 6, 8],
        "no guess is left charged"
    );
}

#[test]
fn a_success_refunds_no_guess_of_another_flow() {
    let world = World::with_ada();
    assert_eq!(guessed(&world, ADA, 2), [6; 2]);
    sign_in_by_code(&world, &request(ADA));
    assert_eq!(guessed(&world, ADA, 2), [6, 8]);
    sign_in_by_code(&world, &request(ADA));
    assert_eq!(guessed(&world, ADA, 1), [8], "a long code refunds no guess");
}

#[test]
fn a_proof_refunds_the_guesses_of_its_flow() {
    let world = World::new();
    for _ in 0..7 {
        world.after_secs(3600);
        let (payload, mut session) = opened(&world, &request(BOB));
        assert_eq!(payload.code_length, 6);
        session.answer(&world.wrong_code());
        session.answer(&world.wrong_codes().nth(1).unwrap());
        session.answer(&world.sent().pop().unwrap().0);
        assert_eq!(session.step(), "claim");
    }
}

#[test]
fn a_retried_trigger_refunds_once() {
    let mut world = World::with_ada();
    world.invocations = 3;
    assert_eq!(guessed(&world, ADA, 2), [6; 2]);
    sign_in_by_code(&world, &request(ADA));
    assert_eq!(guessed(&world, ADA, 2), [6, 8], "six guesses stay charged");
}

#[test]
fn a_lost_refund_costs_one_guess() {
    let world = World::with_ada();
    world.after_secs(3600);
    let (_, mut session) = opened(&world, &request(ADA));
    let code = world.sent().pop().unwrap().0;

    // Verify: attempt, charge twice, verdict. Define: finish, find; then refund three times.
    world
        .wire
        .will_break([6, 7, 8].map(|call| (call, Break::Before)));
    assert_eq!(session.answer(&code).next(), Next::IssueTokens);
    assert_eq!(world.wire.calls()[6..], ["refund"; 3]);
    // One of the eight guesses is lost: two codes and one guess are left.
    assert_eq!(guessed(&world, ADA, 4), [6, 6, 6, 8]);
}

#[test]
fn a_sprayed_deployment_sends_longer_codes_to_all() {
    let mut world = World::with_ada();
    let budget = &mut world.deployment.policy.budgets.deployment;
    (budget.short_guesses_per_day, budget.long_guesses_per_day) = (6, 6);
    let device = remembered(&world).device;
    let digits: Vec<_> = (0..5)
        .map(|number| {
            let (payload, mut session) =
                opened(&world, &request(&format!("user{number}@example.com")));
            for wrong in ["000000", "000001", "000002"] {
                session.answer(wrong);
            }
            payload.code_length
        })
        .collect();
    assert_eq!(digits, [6, 6, 8, 8, 10]);
    assert_eq!(sign_in_by_code(&world, &from_device(ADA, &device)), 6);
    world.after_secs(DAY);
    assert_eq!(sign_in_by_code(&world, &request(ADA)), 6);
}

#[test]
fn a_deployment_refuses_when_the_messages_of_the_day_are_sent() {
    let mut world = World::with_ada();
    world.deployment.policy.budgets.deployment.messages_per_day = 2;
    let device = remembered(&world).device;
    for number in 0..2 {
        request_code(&world, &request(&format!("user{number}@example.com"))).unwrap();
    }
    for typed in [ADA, BOB] {
        let refused = request_code(&world, &request(typed));
        assert_eq!(refusing_budget(&refused), Some(Budget::Deployment));
    }
    request_code(&world, &from_device(ADA, &device)).unwrap();
}

#[test]
fn parallel_answers_cannot_exceed_a_guess_budget() {
    let mut world = World::with_ada();
    world.deployment.policy.budgets.short_guesses_per_month = 4;
    let mut sessions: Vec<_> = (0..4)
        .map(|_| {
            world.after_secs(60);
            opened(&world, &request(ADA)).1
        })
        .collect();
    let mut reserved = 0;
    let wrong: Vec<_> = world.wrong_codes().take(2).collect();
    for (round, wrong) in wrong.iter().enumerate() {
        for session in &mut sessions[round..] {
            let reply = session.answer(wrong);
            reserved += usize::from(reply.verify.reason != VerifyReason::GuessesSpent);
        }
    }
    assert_eq!(reserved, 4, "seven answers to four open codes");
    // The right answer to a code of the spent length is refused like a wrong one.
    let code = world.sent()[0].0.clone();
    let reply = sessions[0].answer(&code);
    assert_eq!(reply.verify.reason, VerifyReason::GuessesSpent);
    assert_eq!(sessions[0].number("attemptsLeft"), 0);
    // A resend brings a longer code, which signs in.
    world.after_secs(30);
    let reply = sessions[0].resend();
    assert_eq!(reply.create.unwrap().reason, CreateReason::Resent);
    assert_eq!(sessions[0].number("codeLength"), 8);
    assert!(sessions[0].number("attemptsLeft") > 0);
    let longer = world.sent().pop().unwrap().0;
    assert_eq!(longer.len(), 8);
    assert_eq!(sessions[0].answer(&longer).next(), Next::IssueTokens);
}

#[test]
fn answers_that_the_row_refuses_hold_no_guess() {
    let world = World::with_ada();
    world.after_secs(3600);
    let (_, session) = opened(&world, &request(ADA));
    let wrong: Vec<_> = world.wrong_codes().take(4).collect();
    for answer in &wrong[..3] {
        session.clone().answer(answer);
    }
    world.wire.clear();
    for answer in &wrong {
        session.clone().answer(answer);
    }
    let charged = world
        .wire
        .calls()
        .iter()
        .filter(|call| **call == "charge")
        .count();
    assert_eq!(charged, 0, "repeats, and one too many");
}

/// Sends messages and guesses for forty days at both contacts of one account, through sign-in,
/// Create and Verify. In the first week each code is requested with three tickets at once. Every
/// session is answered.
#[test]
fn a_tireless_attacker_gets_no_more_guesses_than_the_odds_count() {
    let mut world = World::new();
    let sms = &mut world.deployment.policy.budgets.sms;
    (sms.spend_per_day, sms.spend_per_month) = (Price::MAX, Price::MAX);
    let mut seen = [0_u64; 4];
    let mut messages = 0;
    for number in 0..40 {
        let at_once = if number < 7 { 3 } else { 1 };
        let day = world.clock.now().as_secs() / DAY;
        while world.clock.now().as_secs() / DAY == day {
            let mut wait = 3600;
            for typed in [ADA, NUMBER] {
                let pool = Pool::of(&world);
                let resolver = resolver(&world, &pool);
                let tickets: Vec<_> = (0..at_once)
                    .map(|_| now(resolver.ticket(&request(typed))))
                    .collect();
                for ticket in tickets {
                    match ticket {
                        Ok(payload) => {
                            let sent = world.messages();
                            let mut session = world.initiate(typed);
                            session.choose(payload.ticket.expose());
                            messages += world.messages() - sent;
                            let is_guess = session.row().is_some_and(|row| row.message_charged);
                            let place = usize::try_from((session.number("codeLength") - 6) / 2);
                            for wrong in ["1", "2", "3"] {
                                if session.ended.is_none() {
                                    let reply = session.answer(wrong);
                                    seen[place.unwrap()] += u64::from(
                                        is_guess
                                            && reply.verify.reason == VerifyReason::WrongAnswer,
                                    );
                                }
                            }
                            wait = if place == Ok(3) { wait.min(600) } else { 0 };
                        }
                        Err(SignInError::TooManyRequests { retry_after, .. }) => {
                            wait = wait.min(retry_after);
                        }
                        Err(other) => panic!("{other:?}"),
                    }
                }
            }
            world.after_secs(wait);
        }
    }
    let odds = Odds::of(&world.deployment.policy, 1);
    let counted = odds.at_account();
    // Forty days touch at most three windows of 30 days and 41 of a day.
    assert!(seen[0] <= 2 * 3 * 8 && seen[0] >= 2 * 8, "{seen:?}");
    assert!(seen[1] <= 2 * 41 * 10 * 3, "{seen:?}");
    assert!(seen[2] <= 2 * 41 * 100 * 3, "{seen:?}");
    assert!(seen[3] > 0 && counted.slot >= seen[3]);
    assert!(counted.short >= seen[0] && counted.long >= seen[1] && counted.longest >= seen[2]);
    assert!(
        messages > 40 * 2 * 100,
        "the attacker did not stop: {messages}"
    );
}

#[test]
fn beyond_ten_messages_a_day_codes_have_ten_digits() {
    let world = World::with_ada().without_slots();
    let mut digits = std::collections::BTreeMap::new();
    let day = world.clock.now().as_secs() / DAY;
    while world.clock.now().as_secs() / DAY == day {
        match request_code(&world, &request(ADA)) {
            Ok(payload) => *digits.entry(payload.code_length).or_insert(0) += 1,
            Err(SignInError::TooManyRequests { retry_after, .. }) => {
                world.after_secs(retry_after);
            }
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(digits, [(6, 10), (10, 100)].into());
    let (_, mut session) = opened(&world, &request(ADA));
    let code = world.sent().pop().unwrap().0;
    assert_eq!(session.answer(&code).next(), Next::IssueTokens, "the owner");
}

/// A resend is charged to the breakers of the hour in which its code was issued, so it is planned by
/// them too.
#[test]
fn a_resend_refused_by_a_past_breaker_changes_nothing() {
    for typed in [
        [ADA.to_owned(), "eve@example.com".to_owned()],
        [number(1, 0), number(1, 1)],
    ] {
        let mut world = World::with_ada();
        world.deployment.policy.budgets.mail.unproved_per_domain = 2;
        world.deployment.policy.budgets.sms.unproved_per_prefix = 2;
        let hour = 3600;
        let into_hour = world.clock.now().as_secs() % hour;
        let world = world.after_secs(2 * hour - into_hour - 100);
        let [owner, other] = typed
            .each_ref()
            .map(|typed| opened(world, &request(typed)).1);
        let code = world.sent()[0].0.clone();
        drop(other);
        let mut session = owner;
        world.after_secs(120);
        for _ in 0..3 {
            let reply = session.resend();
            assert_eq!(reply.create.unwrap().reason, CreateReason::MessageRefused);
            assert_eq!(session.number("retryAfter"), 60);
        }
        assert_eq!((world.sent().len(), session.row().unwrap().sends), (2, 1));
        assert_eq!(session.answer(&code).verify.reason, VerifyReason::Right);
    }
}

/// A stored number has lost what the deployment's own ranges say of it. Its resend counts for the
/// breaker that the first message counted for.
#[test]
fn a_resend_to_a_configured_range_counts_for_its_prefix() {
    let mut world = World::new();
    world.deployment.policy.budgets.sms.unproved_per_prefix = 2;
    world.deployment.policy.phones.more = PhoneRanges::parse("US:+1710NXXXXXX").unwrap();
    let to = |number: &str| SignInRequest {
        identifier: Identifier::parse_by(
            Method::PhoneNumber,
            number,
            &world.deployment.policy.phones,
        )
        .unwrap(),
        ..request(ADA)
    };
    let (_, mut session) = opened(&world, &to("+17105550001"));
    opened(&world, &to("+17105550002"));
    world.after_secs(30);
    let reply = session.resend();
    assert_eq!(reply.create.unwrap().reason, CreateReason::MessageRefused);
    assert_eq!(world.sent().len(), 2);
}

#[test]
fn a_message_to_a_configured_range_names_its_country() {
    let mut world = World::new();
    world.deployment.policy.phones.more = PhoneRanges::parse("US:+1710NXXXXXX").unwrap();
    let number = "+17105550001";
    let rules = &world.deployment.policy.phones;
    let (_, mut session) = opened(
        &world,
        &SignInRequest {
            identifier: Identifier::parse_by(Method::PhoneNumber, number, rules).unwrap(),
            ..request(ADA)
        },
    );
    world.after_secs(30);
    session.resend();
    assert_eq!(world.countries(), [Country::parse("US"); 2]);
}

/// The code is the same one, so a resend whose charge fails leaves it usable.
#[test]
fn a_failed_resend_leaves_a_code_of_the_extended_budget_usable() {
    let mut world = World::with_ada();
    world.deployment.policy.budgets.mailbox.per_minute = 1;
    opened(&world, &request(ADA));
    let (payload, mut session) = opened(&world, &request(ADA));
    assert_eq!(payload.code_length, 10);
    let code = world.sent().pop().unwrap().0;
    // The mailbox's budget has room again.
    world.after_secs(61);
    // Define: flow; Create: flow, counts, advance_send, charge.
    world.wire.will_break([(4, Break::Before)]);
    session.resend();
    assert_eq!((world.wire.calls()[4], world.sent().len()), ("charge", 2));
    world.wire.clear();
    assert_eq!(session.answer(&code).next(), Next::IssueTokens);
}

#[test]
fn resends_are_charged_as_messages() {
    let mut world = World::with_ada();
    world.deployment.policy.budgets.mailbox.per_day = 2;
    world.deployment.policy.budgets.extended.per_day = 0;
    let (_, mut session) = opened(&world, &request(ADA));
    for (sent, reason) in [(2, CreateReason::Resent), (2, CreateReason::MessageRefused)] {
        world.after_secs(30);
        let reply = session.resend();
        assert_eq!(
            (reply.create.unwrap().reason, world.sent().len()),
            (reason, sent)
        );
    }
    assert_eq!(session.public["refused"], "TooManyRequests");
    assert!(session.number("retryAfter") > 0);
    let code = world.code();
    assert_eq!(session.answer(&code).next(), Next::IssueTokens);
}

#[test]
fn a_ticket_redeemed_after_its_budget_was_spent_sends_nothing() {
    for typed in [ADA, BOB] {
        let mut world = World::with_ada();
        world.deployment.policy.budgets.mailbox.per_day = 2;
        world.deployment.policy.budgets.extended.per_day = 0;
        let pool = Pool::of(&world);
        let tickets: Vec<_> = (0..3)
            .map(|_| {
                now(resolver(&world, &pool).ticket(&request(typed)))
                    .unwrap()
                    .ticket
            })
            .collect();
        for ticket in &tickets {
            let mut session = world.initiate(typed);
            session.choose(ticket.expose());
        }
        assert_eq!(world.sent().len(), 2);
        let mut session = world.initiate(typed);
        session.choose(tickets[2].expose());
        assert_eq!(world.sent().len(), 2, "a repetition sends nothing either");
    }
}

#[test]
fn a_refused_message_gives_back_what_it_was_charged() {
    let mut world = World::with_ada();
    world.deployment.policy.budgets.deployment.messages_per_day = 1;
    let pool = Pool::of(&world);
    let tickets: Vec<_> = (0..3)
        .map(|_| {
            now(resolver(&world, &pool).ticket(&from_source(ADA, "192.0.2.1")))
                .unwrap()
                .ticket
        })
        .collect();
    for ticket in &tickets {
        world.initiate(ADA).choose(ticket.expose());
    }
    assert_eq!(world.sent().len(), 1);
    world.deployment.policy.budgets.deployment.messages_per_day = 100;
    request_code(&world, &request(ADA)).unwrap();
    assert_eq!(
        world.sent().len(),
        2,
        "two a minute: refused messages cost nothing"
    );
    assert_eq!(request_code(&world, &request(ADA)).unwrap().code_length, 10);
}

/// Plays ten thousand sign-ins a day, of which a tenth are abandoned and a tenth mistyped. At the
/// default budgets all codes have six digits, and no message is refused. Mistyping and abandoning
/// are independent, so a hundred flows a day end with a wrong answer and without success.
#[test]
fn ten_thousand_honest_sign_ins_a_day_keep_six_digits() {
    let mut world = World::new();
    world.deployment.policy.budgets.mail.shared_domains = vec!["example.com".to_owned()];
    let dice = SeededEntropy::new(11);
    let one_in_ten = || dice.bytes::<1>()[0] < 26;
    let day = DAY - world.clock.now().as_secs() % DAY;
    world.after_secs(day);
    let pool = Pool::of(&world);
    let resolver = resolver(&world, &pool);
    let mut open = VecDeque::new();
    let (mut abandoned, mut lost) = (0, 0);
    for number in 0..10_000 {
        world.after_millis(8_640);
        let request = request(&format!("user{number}@example.com"));
        let payload = now(resolver.session(&request)).unwrap();
        assert_eq!(payload.code_length, 6, "sign-in {number}");
        let code = world.last_code();
        open.push_back((pool.session(&payload.session), code));
        if open.len() < 4 {
            continue;
        }
        // Half a minute later.
        let (mut session, code) = open.pop_front().unwrap();
        let (mistypes, abandons) = (one_in_ten(), one_in_ten());
        if mistypes {
            session.answer(if code == "000000" { "000001" } else { "000000" });
        }
        if abandons {
            abandoned += 1;
            lost += usize::from(mistypes);
        } else {
            session.answer(&code);
            assert_eq!(session.step(), "claim", "sign-in {number}");
        }
    }
    assert!((900..1_150).contains(&abandoned), "{abandoned}");
    assert!((70..140).contains(&lost), "{lost}");
}

#[test]
fn an_owner_on_a_known_device_signs_in_during_an_attack() {
    let world = World::with_ada().without_slots();
    let device = remembered(&world).device;
    for day in 0..10 {
        assert_eq!(exhaust(&world, &request(ADA)), 110, "day {day}");
        assert!(
            request_code(&world, &request(ADA)).is_err(),
            "the unknown device is refused"
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
fn known_devices_share_a_budget_and_then_count_as_none() {
    let world = World::with_ada().without_slots();
    let devices = [remembered(&world).device, remembered(&world).device];
    assert_ne!(devices[0], devices[1]);
    exhaust(&world, &request(ADA));
    for device in &devices {
        request_code(&world, &from_device(ADA, device)).unwrap();
    }
    let refused = request_code(&world, &from_device(ADA, &devices[0]));
    assert_eq!(
        refusing_budget(&refused),
        Some(Budget::Mailbox),
        "two a minute"
    );
}

#[test]
fn a_stolen_token_cannot_spend_what_the_other_devices_need() {
    let world = World::with_ada().without_slots();
    let stolen = remembered(&world).device;
    world.after_secs(1);
    let own = remembered(&world).device;
    exhaust(&world, &request(ADA));
    let granted = |device: &Secret| {
        (0..6)
            .filter(|_| {
                world.after_secs(60);
                request_code(&world, &from_device(ADA, device)).is_ok()
            })
            .count()
    };
    let day = world.clock.now().as_secs() / DAY;
    assert_eq!((granted(&stolen), granted(&own)), (3, 2), "five an hour");
    assert_eq!(world.clock.now().as_secs() / DAY, day);
}

/// A thief of a fresh session can create any number of device tokens.
#[test]
fn tokens_of_one_sign_in_share_one_budget() {
    let world = World::with_ada().without_slots();
    let tokens = [remembered(&world).device, remembered(&world).device];
    exhaust(&world, &request(ADA));
    let granted: usize = tokens
        .iter()
        .map(|device| {
            (0..6)
                .filter(|_| {
                    world.after_secs(60);
                    request_code(&world, &from_device(ADA, device)).is_ok()
                })
                .count()
        })
        .sum();
    assert_eq!(granted, 3);
}

#[test]
fn forgotten_devices_count_as_none_and_new_ones_as_known() {
    let world = World::with_ada().without_slots();
    let old = remembered(&world).device;
    forgotten(&world);
    let new = remembered(&world).device;
    exhaust(&world, &request(ADA));
    let refused = request_code(&world, &from_device(ADA, &old));
    assert_eq!(refusing_budget(&refused), Some(Budget::Mailbox));
    request_code(&world, &from_device(ADA, &new)).unwrap();
}

#[test]
fn a_device_is_remembered_only_after_a_fresh_sign_in() {
    let world = World::with_ada();
    let ada = identity(&world, ADAS_NAME);
    world.after_secs(601);
    let late = with_devices(&world, async |devices| devices.remember_device(&ada).await);
    assert_eq!(late, Err(ContactError::ReauthRequired));
    with_devices(&world, async |devices| devices.forget_devices(&ada).await).unwrap();
    world.disable_ada();
    let revoked = with_devices(&world, async |devices| devices.forget_devices(&ada).await);
    assert_eq!(revoked, Err(ContactError::NotSignedIn));
}

/// A store deletes expired counters. A generation that restarted from zero would make a token valid
/// again at the next raise.
#[test]
fn a_generation_outlives_every_token_that_names_it() {
    let world = World::with_ada().without_slots();
    forgotten(&world);
    let life = world.deployment.policy.device_life.as_secs();
    world.after_secs(2 * life - DAY);
    let stolen = remembered(&world).device;
    world.after_secs(2 * DAY);
    world.store.port.sweep(world.clock.now());
    forgotten(&world);
    exhaust(&world, &request(ADA));
    assert!(request_code(&world, &from_device(ADA, &stolen)).is_err());
}

/// The generation was raised while the lifetime was long, and is kept again after it was lowered.
#[test]
fn a_shorter_device_lifetime_revives_no_older_token() {
    let world = World::with_ada().without_slots();
    let stolen = remembered(&world).device;
    forgotten(&world);
    let world = world.reconfigured(|world| {
        world.deployment.policy.device_life = Duration::from_secs(DAY);
    });
    remembered(&world);
    world.after_secs(30 * DAY);
    world.store.port.sweep(world.clock.now());
    exhaust(&world, &request(ADA));
    assert!(request_code(&world, &from_device(ADA, &stolen)).is_err());
}

/// A recycled address: the token of a deleted account draws on no budget of the new account.
#[test]
fn a_new_account_forgets_the_devices_of_the_one_before_it() {
    let world = World::with_ada().without_slots();
    let old = remembered(&world).device;
    world.delete_ada();
    let proof = earned_proof(&world, ADA);
    let pool = Pool::of(&world);
    now(resolver(&world, &pool).session(&SignInRequest {
        proof: Some(Secret::new(proof)),
        ..request(ADA)
    }))
    .unwrap();
    exhaust(&world, &request(ADA));
    let refused = request_code(&world, &from_device(ADA, &old));
    assert_eq!(refusing_budget(&refused), Some(Budget::Mailbox));
}

#[test]
fn an_expired_foreign_or_forged_device_token_is_ignored() {
    let world = World::with_ada().without_slots();
    let DevicePayload {
        device, expires_in, ..
    } = remembered(&world);
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
        let now = world.clock.now().as_secs();
        world.after_secs(DAY - now % DAY);
        exhaust(&world, &request(typed));
        let refused = request_code(&world, &from_device(typed, device));
        assert_eq!(refusing_budget(&refused), Some(Budget::Mailbox));
        assert_eq!(
            refused,
            request_code(&world, &request(typed)),
            "nothing differs"
        );
    }
    world.after_secs(180 * DAY);
    exhaust(&world, &request(ADA));
    let refused = request_code(&world, &from_device(ADA, &device));
    assert_eq!(refusing_budget(&refused), Some(Budget::Mailbox), "expired");
}

#[test]
fn known_devices_of_deleted_and_existing_accounts_look_alike() {
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
fn under_a_lasting_key_devices_and_budgets_outlive_a_rotation() {
    let mut world = World::with_ada().without_slots();
    let lasting = || key("l1", 5);
    let ring = |ring: KeyRing| ring.with_lasting(lasting()).unwrap();
    world.deployment.keys = ring(KeyRing::new(key("k1", 1), None, None).unwrap());
    let device = remembered(&world).device;
    exhaust(&world, &request(ADA));
    for (current, previous) in [(2, 1), (3, 2)] {
        let next = key(&format!("k{current}"), current);
        let last = key(&format!("k{previous}"), previous);
        world.deployment.keys = ring(KeyRing::new(next, None, Some(last)).unwrap());
    }
    let refused = request_code(&world, &request(ADA));
    assert_eq!(refusing_budget(&refused), Some(Budget::Mailbox));
    assert_eq!(sign_in_by_code(&world, &from_device(ADA, &device)), 6);
}

#[test]
fn a_refused_source_spends_no_other_budget() {
    let mut world = World::with_ada();
    world.deployment.policy.budgets.source.per_minute = 3;
    for number in 0..3 {
        let typed = format!("caller{number}@example.com");
        request_code(&world, &from_source(&typed, "192.0.2.1")).unwrap();
    }
    for typed in [ADA, BOB] {
        world.wire.clear();
        let refused = request_code(&world, &from_source(typed, "::ffff:192.0.2.1"));
        assert_eq!(refusing_budget(&refused), Some(Budget::Source));
        let calls = world.wire.calls();
        assert!(!calls.contains(&"charge"), "{calls:?}");
    }
    request_code(&world, &from_source(ADA, "192.0.2.2")).unwrap();
    request_code(&world, &request(ADA)).unwrap();
}

#[test]
fn a_source_of_ipv6_is_its_first_64_bits() {
    let mut world = World::with_ada();
    world.deployment.policy.budgets.source.per_minute = 1;
    request_code(&world, &from_source(ADA, "2001:db8::1")).unwrap();
    let refused = request_code(&world, &from_source(BOB, "2001:db8::ffff:1:2:3"));
    assert_eq!(refusing_budget(&refused), Some(Budget::Source));
    request_code(&world, &from_source(BOB, "2001:db8:0:1::1")).unwrap();
}

#[test]
fn the_budget_of_a_source_does_not_hold_for_a_known_device() {
    let mut world = World::with_ada();
    world.deployment.policy.budgets.source.per_minute = 1;
    let device = remembered(&world).device;
    request_code(&world, &from_source(BOB, "192.0.2.1")).unwrap();
    assert!(request_code(&world, &from_source(ADA, "192.0.2.1")).is_err());
    let known = SignInRequest {
        device: Some(device),
        ..from_source(ADA, "192.0.2.1")
    };
    request_code(&world, &known).unwrap();
}

#[test]
fn a_number_of_an_unserved_country_is_refused_and_not_charged() {
    let world = World::new();
    world.put_account("berta", "+4915123456789");
    for typed in ["+4915123456789", "+4915123456780"] {
        let refused = request_code(&world, &request(typed)).unwrap_err();
        let reason = SignInError::InvalidIdentifier(IdentifierError::Country);
        assert_eq!(refused, reason, "known and unknown alike");
    }
    assert!(world.wire.calls().is_empty());
}

#[test]
fn an_unserved_method_is_refused_and_not_charged() {
    let mut world = World::new();
    world.put_account("berta", "+14155550132");
    world.put_account("carl", "carl@example.com");
    world.deployment.policy.mail = false;
    for typed in ["carl@example.com", "unknown@example.com"] {
        let refused = request_code(&world, &request(typed)).unwrap_err();
        let reason = SignInError::InvalidIdentifier(IdentifierError::NoMail);
        assert_eq!(refused, reason, "known and unknown alike");
    }
    world.deployment.policy.mail = true;
    world.deployment.policy.budgets.sms.countries = Countries::Only([].into());
    for typed in ["+14155550132", "+14155550133"] {
        let refused = request_code(&world, &request(typed)).unwrap_err();
        let reason = SignInError::InvalidIdentifier(IdentifierError::NoSms);
        assert_eq!(refused, reason, "known and unknown alike");
    }
    assert!(world.wire.calls().is_empty());
}

/// Returns a US number with this prefix; each block has another prefix.
fn number(block: u32, subscriber: u32) -> String {
    format!("+1415{:03}{subscriber:04}", 200 + block * 100)
}

#[test]
fn unproved_numbers_of_one_prefix_trip_its_breaker_for_an_hour() {
    let mut world = World::new();
    world.deployment.policy.budgets.sms.unproved_per_prefix = 3;
    for subscriber in 0..3 {
        request_code(&world, &request(&number(1, subscriber))).unwrap();
    }
    let refused = request_code(&world, &request(&number(1, 99)));
    assert_eq!(refusing_budget(&refused), Some(Budget::Prefix));
    request_code(&world, &request(&number(2, 0))).unwrap();
    request_code(&world, &request(ADA)).unwrap();
    world.after_secs(3600);
    request_code(&world, &request(&number(1, 99))).unwrap();
}

#[test]
fn only_unproved_codes_trip_the_breaker_of_a_country() {
    let mut world = World::new();
    world.put_account("ada", NUMBER);
    let sms = &mut world.deployment.policy.budgets.sms;
    (sms.unproved_per_prefix, sms.unproved_per_country) = (2, 2);
    for _ in 0..2 {
        let (_, mut session) = opened(&world, &request(NUMBER));
        let code = world.sent().pop().unwrap().0;

        assert_eq!(session.answer(&code).next(), Next::IssueTokens);
    }
    request_code(&world, &request(&number(1, 0))).unwrap();
    request_code(&world, &request(&number(2, 0))).unwrap();
    let refused = request_code(&world, &request(&number(3, 0)));
    assert_eq!(refusing_budget(&refused), Some(Budget::Country));
}

#[test]
fn repeated_requests_for_one_number_trip_no_shared_breaker() {
    let mut world = World::new();
    // Two and then four messages in a minute to the same number.
    world.deployment.policy.budgets.sms.unproved_per_prefix = 7;
    for _ in 0..50 {
        let _ = request_code(&world, &request(&number(1, 0)));
    }
    request_code(&world, &request(&number(1, 1))).unwrap();
}

#[test]
fn each_sms_is_charged_when_sent_up_to_the_days_spend() {
    let mut world = World::with_ada();
    // Three messages at 0.1 each.
    world.deployment.policy.budgets.sms.spend_per_day = Price::hundredths(35);
    let (_, mut session) = opened(&world, &request(&number(1, 0)));
    world.after_secs(30);
    session.resend();
    let pool = Pool::of(&world);
    for subscriber in 1..100 {
        now(resolver(&world, &pool).ticket(&request(&number(1, subscriber)))).unwrap();
    }
    request_code(&world, &request(&number(2, 1))).unwrap();
    assert_eq!(world.sent().len(), 3);
    let refused = request_code(&world, &request(&number(1, 2)));
    assert_eq!(refusing_budget(&refused), Some(Budget::Spend));
    world.after_secs(30);
    assert_eq!(
        session.resend().create.unwrap().reason,
        CreateReason::MessageRefused
    );
    request_code(&world, &request(ADA)).unwrap();
    world.after_secs(DAY);
    request_code(&world, &request(&number(1, 2))).unwrap();
}

#[test]
fn sms_stop_at_the_months_spend() {
    let mut world = World::with_ada();
    world.deployment.policy.budgets.sms.spend_per_month = Price::hundredths(25);
    let month = MONTH - world.clock.now().as_secs() % MONTH;
    world.after_secs(month);
    for subscriber in 0..2 {
        request_code(&world, &request(&number(1, subscriber))).unwrap();
        world.after_secs(DAY);
    }
    let refused = request_code(&world, &request(&number(1, 2)));
    assert_eq!(refusing_budget(&refused), Some(Budget::MonthlySpend));
    request_code(&world, &request(ADA)).unwrap();
    world.after_secs(28 * DAY);
    request_code(&world, &request(&number(1, 2))).unwrap();
}

#[test]
fn plus_tags_share_the_budget_of_their_mailbox_and_nothing_else() {
    let world = World::new().without_slots();
    let mut codes = 0;
    for tag in 0..150 {
        codes +=
            usize::from(request_code(&world, &request(&format!("ada+{tag}@example.com"))).is_ok());
    }
    assert_eq!(codes, 6, "two and four in a minute");
    request_code(&world, &request("bea+1@example.com")).unwrap();
}

#[test]
fn made_up_addresses_of_one_domain_trip_its_breaker() {
    let world = World::new();
    let ask_at = |number: usize, domain: &str| {
        request_code(&world, &request(&format!("made{number}@{domain}")))
    };
    let sent = (0..250)
        .filter(|number| ask_at(*number, "example.com").is_ok())
        .count();
    assert_eq!(sent, 100);
    let refused = ask_at(999, "example.com");
    assert_eq!(refusing_budget(&refused), Some(Budget::Domain));
    ask_at(0, "example.org").unwrap();
    // A large provider is measured against all mail.
    for number in 0..300 {
        ask_at(number, "gmail.com").unwrap();
    }
    world.after_secs(3600);
    ask_at(999, "example.com").unwrap();
}

#[test]
fn a_domain_whose_addresses_prove_their_codes_trips_no_breaker() {
    let world = World::new();
    for number in 0..300 {
        let typed = format!("user{number}@example.com");
        let (_, mut session) = opened(&world, &request(&typed));
        let code = world.last_code();
        session.answer(&code);
        assert_eq!(session.step(), "claim");
    }
}

#[test]
fn all_mail_has_a_breaker_and_known_devices_pass_it() {
    let mut world = World::with_ada();
    world.deployment.policy.budgets.mail.unproved_per_hour = 5;
    let device = remembered(&world).device;
    for number in 0..5 {
        request_code(&world, &request(&format!("made-up@example{number}.com"))).unwrap();
    }
    let refused = request_code(&world, &request(ADA));
    assert_eq!(refusing_budget(&refused), Some(Budget::Mail));
    request_code(&world, &from_device(ADA, &device)).unwrap();
}

/// An attacker who sends as much as the breakers permit, hour after hour, beside honest sign-ins.
#[test]
fn unproved_mail_of_an_hour_does_not_raise_the_next_limit() {
    for one_domain in [true, false] {
        let mut world = World::new();
        let mail = &mut world.deployment.policy.budgets.mail;
        (mail.unproved_per_domain, mail.unproved_per_hour) = (20, 20);
        let typed = |name: &str, number: usize| {
            if one_domain {
                format!("{name}{number}@corp.example")
            } else {
                format!("{name}@corp{number}.example")
            }
        };
        let mut number = 0;
        for hour in 0..6 {
            for _ in 0..6 {
                number += 1;
                earned_proof(&world, &typed("honest", number));
            }
            let unproved = (0..200).filter(|_| {
                number += 1;
                request_code(&world, &request(&typed("made-up", number))).is_ok()
            });
            assert_eq!(unproved.count(), 20, "hour {hour}");
            world.after_secs(3600);
        }
    }
}

/// Earns a proof of a new identifier and exchanges it for an account.
fn create_account(world: &World, typed: &str) -> Result<SignInPayload, SignInError> {
    let proof = earned_proof(world, typed);
    let pool = Pool::of(world);
    now(resolver(world, &pool).session(&SignInRequest {
        proof: Some(Secret::new(proof)),
        ..request(typed)
    }))
}

#[test]
fn a_domain_makes_a_limited_number_of_accounts_a_day() {
    let mut world = World::new();
    world.deployment.policy.budgets.mail.accounts_per_domain = 2;
    create_account(&world, "a@catch-all.example").unwrap();
    create_account(&world, "b@catch-all.example").unwrap();
    let refused = create_account(&world, "c@catch-all.example");
    assert_eq!(refusing_budget(&refused), Some(Budget::NewAccounts));
    assert_eq!(world.directory.port.len(), 2);
    for name in ["a", "b", "c"] {
        create_account(&world, &format!("{name}@gmail.com")).unwrap();
    }
    world.after_secs(DAY);
    create_account(&world, "c@catch-all.example").unwrap();
}

#[test]
fn subdomains_of_one_registered_domain_share_its_accounts() {
    let mut world = World::new();
    world.deployment.policy.budgets.mail.accounts_per_domain = 2;
    create_account(&world, "a@s1.evil.co.uk").unwrap();
    create_account(&world, "a@s2.evil.co.uk").unwrap();
    for domain in ["s3.evil.co.uk", "a.b.evil.co.uk", "evil.co.uk"] {
        let refused = create_account(&world, &format!("a@{domain}"));
        assert_eq!(
            refusing_budget(&refused),
            Some(Budget::NewAccounts),
            "{domain}"
        );
    }
    create_account(&world, "a@other.co.uk").unwrap();
}

/// Without this limit, one mailbox with tags would stop all sign-ups of its domain for the day.
#[test]
fn one_mailbox_makes_a_tenth_of_its_domains_accounts() {
    let world = World::new();
    for tag in 0..20 {
        world.after_secs(3600 / 4);
        let outcome = create_account(&world, &format!("mallory+{tag}@corp.example"));
        let refused = (tag >= 5).then_some(Budget::NewAccounts);
        assert_eq!(refusing_budget(&outcome), refused, "{tag}");
    }
    create_account(&world, "ada@corp.example").unwrap();
    assert_eq!(world.directory.port.len(), 6);
}

/// Gmail ignores dots and tags, and has two domains.
#[test]
fn one_gmail_mailbox_makes_five_accounts_a_day() {
    let world = World::new();
    for (made, typed) in [
        "mallory@gmail.com",
        "m.allory@gmail.com",
        "mallory+1@gmail.com",
        "m.a.l.lory@googlemail.com",
        "mallory@googlemail.com",
        "ma.llory@gmail.com",
        "m.allory+2@googlemail.com",
    ]
    .into_iter()
    .enumerate()
    {
        world.after_secs(3600);
        let refused = (made >= 5).then_some(Budget::NewAccounts);
        assert_eq!(
            refusing_budget(&create_account(&world, typed)),
            refused,
            "{typed}"
        );
    }
    create_account(&world, "ada.lovelace@gmail.com").unwrap();
    create_account(&world, "a.da@yahoo.com").unwrap();
}

#[test]
fn dots_in_a_gmail_address_share_the_budget_of_messages() {
    let world = World::new();
    for typed in ["mal.lory@gmail.com", "m.allory@googlemail.com"] {
        assert_eq!(
            request_code(&world, &request(typed)).unwrap().code_length,
            6
        );
    }
    // The third message in a minute is beyond the budget of six digits.
    let third = request_code(&world, &request("mallory+x@gmail.com")).unwrap();
    assert_eq!(third.code_length, 10);
    let of_another_provider = request_code(&world, &request("mal.lory@yahoo.com")).unwrap();
    assert_eq!(of_another_provider.code_length, 6);
}

/// An outage of Cognito must not lock newcomers out for the rest of the day.
#[test]
fn a_failed_account_creation_is_refunded() {
    let world = World::new();
    let pool = Pool::of(&world);
    let claim = |world: &World| SignInRequest {
        proof: Some(Secret::new(earned_proof(world, ADA))),
        ..request(ADA)
    };
    let first = claim(&world);
    world.wire.clear();
    now(resolver(&world, &pool).session(&first)).unwrap();
    let calls = world.wire.calls();
    let create = calls.iter().position(|call| *call == "create").unwrap();
    let world = World::new();
    let pool = Pool::of(&world);
    for _ in 0..10 {
        world.after_secs(3600);
        let request = claim(&world);
        world.wire.will_break([(create, Break::Before)]);
        let lost = now(resolver(&world, &pool).session(&request));
        assert!(matches!(lost, Err(SignInError::Unavailable(_))), "{lost:?}");
    }
    let request = claim(&world);
    now(resolver(&world, &pool).session(&request)).unwrap();
}

#[test]
fn a_tripped_breaker_leaves_known_devices_their_sms() {
    let mut world = World::with_ada();
    world.put_ada(&[("phone_number", NUMBER), ("phone_number_verified", "true")]);
    let sms = &mut world.deployment.policy.budgets.sms;
    (sms.unproved_per_prefix, sms.unproved_per_country) = (1, 1);
    let device = remembered(&world).device;
    request_code(&world, &request(&number(1, 0))).unwrap();
    assert!(request_code(&world, &request(NUMBER)).is_err());
    request_code(&world, &from_device(NUMBER, &device)).unwrap();
    assert!(request_code(&world, &from_device(NUMBER, &device)).is_err());
}

#[test]
fn a_disabled_user_gets_codes_of_the_usual_length() {
    let asked_of = |disabled: bool| {
        let world = World::with_ada();
        if disabled {
            world.disable_ada();
        }
        guessed(&world, ADA, 3);
        world.after_secs(3600);
        let (payload, mut session) = opened(&world, &request(ADA));

        session.answer("00000000");
        (payload.code_length, session.number("codeLength"))
    };
    assert_eq!(asked_of(true), (8, 8));
    assert_eq!(asked_of(true), asked_of(false));
}

#[test]
fn a_flow_whose_ticket_another_flow_redeemed_ends_at_once() {
    let world = World::with_ada();
    let pool = Pool::of(&world);
    let ticket = now(resolver(&world, &pool).ticket(&request(ADA))).unwrap();
    let mut first = world.initiate(ADA);
    first.choose(ticket.ticket.expose());
    let reply = world
        .initiate(ADA)
        .respond_to("", "email", Some(ticket.ticket.expose()));
    assert_eq!(reply.reasons().1, DefineReason::TicketRedeemed);
    assert_eq!(reply.next(), Next::Fail);
    let code = world.code();
    assert_eq!(
        first.answer(&code).next(),
        Next::IssueTokens,
        "its own flow continues"
    );
}

#[test]
fn an_expired_ticket_ends_its_flow_and_a_forged_one_does_not() {
    let world = World::with_ada();
    let pool = Pool::of(&world);
    let ticket = now(resolver(&world, &pool).ticket(&request(ADA))).unwrap();
    world.after_secs(61);
    let reply = world
        .initiate(ADA)
        .respond_to("", "email", Some(ticket.ticket.expose()));
    assert_eq!(reply.reasons().1, DefineReason::TicketStale);
    assert_eq!(reply.next(), Next::Fail);
    let mut session = world.initiate(ADA);
    session.respond_to("", "email", Some("k1.forged"));
    assert_eq!(session.step(), "otp");
}

#[test]
fn every_ticket_has_one_length_whatever_its_charge() {
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
fn a_test_identifier_has_a_fixed_code_and_gets_no_message() {
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
    request_code(&world, &request(BOB)).unwrap();
    assert_eq!(
        world.sent().len(),
        1,
        "the message to another identifier is sent"
    );
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
    for _ in 0..6 {
        request_code(&world, &request(ADA)).unwrap();
    }
    let refused = request_code(&world, &request(ADA));
    assert_eq!(refusing_budget(&refused), Some(Budget::Mailbox));
}

#[test]
fn every_resettable_counter_is_one_that_is_charged() {
    let world = World::new();
    let is_charged = |kind, place: usize, name: &str| {
        let (_, counter) = resettable(&world.deployment.policy, kind, world.clock.now())[place];
        let one_more = Window {
            name: name.to_owned(),
            amount: 1,
            limit: 1,
        };
        let keep_until = world.clock.now();
        let charged = now(world.store.port.charge(counter, &[one_more], keep_until));
        charged.unwrap() != Charged::Yes
    };
    opened(&world, &request(NUMBER)).1.answer("000000");
    request_code(&world, &request(BOB)).unwrap();
    for name in ["all", "short", "spend"] {
        assert!(is_charged(Resettable::Deployment, 0, name), "{name}");
    }
    assert!(
        is_charged(Resettable::Deployment, 2, "spend"),
        "the budget of the month"
    );
    let country = |code| Resettable::Country(Country::parse(code).unwrap());
    assert!(is_charged(country("US"), 0, "all") && is_charged(country("US"), 0, "p14155"));
    assert!(!is_charged(country("CA"), 0, "all"));
    assert!(is_charged(Resettable::Domain("example.com"), 0, "unproved"));
    assert!(!is_charged(
        Resettable::Domain("example.org"),
        0,
        "unproved"
    ));
}
