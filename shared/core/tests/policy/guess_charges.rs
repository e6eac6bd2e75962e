//! Guesses and their charges: no verdict without a charge, and no refund without one. Each test is
//! an attack on budgets that are charged after the attempt was recorded.

use std::collections::BTreeSet;
use std::task::{Context, Waker};
use std::time::Duration;

use latchstring_core::code::CodeLength;
use latchstring_core::flow::{
    ClientRequest, CreateReason, Flow, Next, Progress, Round, State, Step, VerifyReason,
};
use latchstring_core::ports::{Charged, Clock as _, CounterStore as _, FlowStore as _, Window};
use latchstring_core::rate_limit::{CodeTerms, Resettable, resettable};

use crate::harness::{ADA, Break, Pool, Session, Strand, World, identifier, in_turn, now};
use crate::sign_in::{request, resolver};

/// The attacker's address.
const ATTACKER: &str = "mallory@evil.example";

/// A world in which the mail breakers are wide.
fn world() -> World {
    World::with_ada().reconfigured(|world| {
        let mail = &mut world.deployment.policy.budgets.mail;
        (mail.unproved_per_hour, mail.unproved_per_domain) = (10_000, 10_000);
    })
}

/// Returns the length of the code, and its session.
fn opened<'w>(world: &'w World, typed: &str) -> (u32, Session<'w>) {
    let pool = Pool::of(world);
    let payload = now(resolver(world, &pool).session(&request(typed, None))).unwrap();
    (payload.code_length, pool.session(&payload.session))
}

/// Returns today's guesses at codes of six (`short`) or eight digits (`long`).
pub(crate) fn charged(world: &World, tier: &str) -> u32 {
    let (_, counter) = resettable(
        &world.deployment.policy,
        Resettable::Deployment,
        world.clock.now(),
    )[0];
    let counts = now(world.store.port.counts(&[counter])).unwrap();
    counts[0].get(tier).copied().unwrap_or_default()
}

/// Spends this many of the 150 guesses of today at other identifiers.
fn spend(world: &World, guesses: usize) {
    for number in 0..guesses.div_ceil(3) {
        let (_, session) = opened(world, &format!("user{number}@example{number}.org"));
        for wrong in world.wrong_codes().take((guesses - 3 * number).min(3)) {
            assert_eq!(
                session.clone().answer(&wrong).verify.reason,
                VerifyReason::WrongAnswer
            );
        }
    }
}

fn reason(session: &Session<'_>, answer: &str) -> VerifyReason {
    session.clone().answer(answer).verify.reason
}

/// The attacker holds the last guess of today with the right answer to its own flow. Its further
/// guesses are recorded but find no budget. It then releases the guess and repeats them.
#[test]
fn an_answer_that_found_no_budget_needs_a_guess_again() {
    let world = world();
    spend(&world, 149);
    let (_, mut own) = opened(&world, ATTACKER);
    let own_code = world.last_code();
    let victims: Vec<_> = (0..100)
        .map(|number| opened(&world, &format!("victim{number}@example.net")).1)
        .collect();
    let held = now(world.verify(&own.answer_event(&own_code, ClientRequest::default())));
    assert_eq!(
        (held.reason, charged(&world, "short")),
        (VerifyReason::Right, 150)
    );
    for victim in &victims {
        assert_eq!(reason(victim, "1"), VerifyReason::GuessesSpent);
    }
    own.answer(&own_code);
    assert_eq!((own.step(), charged(&world, "short")), ("claim", 149));
    let verdicts = victims
        .iter()
        .filter(|victim| reason(victim, "1") == VerifyReason::WrongAnswer)
        .count();
    assert_eq!((verdicts, charged(&world, "short")), (1, 150));
}

#[test]
fn without_a_guess_budget_a_right_answer_signs_no_user_in() {
    let world = world();
    let (_, victim) = opened(&world, ADA);
    let code = world.last_code();
    spend(&world, 150);
    for _ in 0..2 {
        let reply = victim.clone().answer(&code);
        assert_eq!(reply.verify.reason, VerifyReason::GuessesSpent);
        assert_eq!(reply.next(), Next::Challenge);
    }
}

#[test]
fn a_fault_at_the_reservation_leaves_no_free_verdict() {
    let world = world();
    let (_, session) = opened(&world, ADA);
    // Verify: flow, attempt, charge, charge.
    for guess in ["1", "2"] {
        let lost = Break::Throttled;
        world.wire.will_break([(2, lost), (3, lost)]);
        assert_eq!(reason(&session, guess), VerifyReason::PortError);
    }
    world.wire.clear();
    let verdicts = ["1", "2", "1"]
        .iter()
        .filter(|guess| reason(&session, guess) == VerifyReason::WrongAnswer)
        .count();
    assert_eq!(
        u32::try_from(verdicts).unwrap(),
        charged(&world, "short") + 1,
        "one repeats"
    );
}

#[test]
fn with_a_spent_budget_a_right_repeat_calls_like_a_wrong_one() {
    let calls = |right: bool| {
        let world = world();
        let (_, session) = opened(&world, ADA);
        let code = world.last_code();
        spend(&world, 150);
        let guess = if right { code } else { "1".to_owned() };
        assert_eq!(reason(&session, &guess), VerifyReason::GuessesSpent);
        world.wire.clear();
        now(world.verify(&session.answer_event(&guess, ClientRequest::default())));
        world.wire.calls()
    };
    assert_eq!(calls(true), calls(false));
}

#[test]
fn a_repeated_wrong_answer_is_not_charged_again() {
    let world = world();
    let (_, session) = opened(&world, ADA);
    for _ in 0..5 {
        assert_eq!(reason(&session, "1"), VerifyReason::WrongAnswer);
    }
    assert_eq!(charged(&world, "short"), 1);
}

/// The attacker's own flows lengthen their code between two uncharged answers and the right one.
#[test]
fn a_success_refunds_no_guess_of_others() {
    let world = world();
    let mut own: Vec<_> = (0..20)
        .map(|number| opened(&world, &format!("own{number}@evil.example")).1)
        .collect();
    spend(&world, 150);
    for number in 0..14 {
        let (length, session) = opened(&world, &format!("other{number}@example.net"));
        assert_eq!(length, 8);
        for guess in ["1", "2", "3"] {
            session.clone().answer(guess);
        }
    }
    assert_eq!(charged(&world, "long"), 42);
    world.after_secs(30);
    for session in &mut own {
        for guess in ["1", "2"] {
            assert_eq!(
                session.answer(guess).verify.reason,
                VerifyReason::GuessesSpent
            );
        }
        session.resend();
        assert_eq!(session.number("codeLength"), 8);
        let code = world.last_code();
        session.answer(&code);
        assert_eq!(session.step(), "claim");
    }
    assert_eq!(charged(&world, "long"), 42);
    assert_eq!(charged(&world, "short"), 150);
}

/// The code lengthens between the charge of its right answer and the verdict. Another guess at the
/// longer code is recorded and never charged.
#[test]
fn an_answer_to_a_replaced_code_is_not_verified_or_refunded() {
    let world = world();
    let (_, mut session) = opened(&world, ATTACKER);
    let code = world.last_code();
    spend(&world, 149);
    world.after_secs(30);
    world.wire.take_turns();
    let response = session.answer_event(&code, ClientRequest::default());
    let mut verify = Box::pin(world.verify(&response));
    let mut context = Context::from_waker(Waker::noop());
    while charged(&world, "short") < 150 {
        assert!(verify.as_mut().poll(&mut context).is_pending());
    }
    let (length, other) = opened(&world, "other@example.net");
    assert_eq!(
        (length, reason(&other, "1")),
        (8, VerifyReason::WrongAnswer)
    );
    session.resend();
    let longer = world.last_code();
    assert_eq!(session.row().unwrap().terms.code_length.digits(), 8);
    let guess = session.answer_event("2", ClientRequest::default());
    let mut dies = Box::pin(world.verify(&guess));
    while session.row().unwrap().held_guesses == 0 {
        assert!(dies.as_mut().poll(&mut context).is_pending());
    }
    drop(dies);
    assert_eq!(now(verify).reason, VerifyReason::CodeReplaced);
    assert_eq!(
        (charged(&world, "short"), charged(&world, "long")),
        (150, 1)
    );
    session.answer(&longer);
    assert_eq!(session.step(), "claim");
    assert_eq!(
        charged(&world, "long"),
        1,
        "the flow refunds only its own guess"
    );
}

/// A resend is refused, the row fails to record it, and the flow succeeds at once.
#[test]
fn a_success_does_not_refund_a_message_twice() {
    let world = world();
    let (_, mut session) = opened(&world, ATTACKER);
    let code = world.last_code();
    opened(&world, "other@evil.example");
    let shards: Vec<_> = resettable(
        &world.deployment.policy,
        Resettable::Domain("evil.example"),
        world.clock.now(),
    )
    .into_iter()
    .map(|(_, shard)| shard)
    .collect();
    let unproved = || -> u32 {
        let counts = now(world.store.port.counts(&shards)).unwrap();
        counts.iter().filter_map(|it| it.get("unproved")).sum()
    };
    assert_eq!(unproved(), 2);
    world.after_secs(30);
    // Define: flow; Create: flow, counts, advance_send, charge, reset_resend_cooldown.
    world
        .wire
        .will_break([(4, Break::Before), (5, Break::Before)]);
    session.resend();
    assert_eq!(world.wire.calls()[4..], ["charge", "reset_resend_cooldown"]);
    world.wire.clear();
    let row = session.row().unwrap();
    assert_eq!((row.sends, row.unsent), (2, 0));
    session.answer(&code);
    assert_eq!((session.step(), unproved()), ("claim", 1));
}

#[test]
fn one_flow_holds_at_most_one_guess_beyond_its_attempts() {
    let world = world();
    let (_, mut session) = opened(&world, ATTACKER);
    let code = world.last_code();
    world.wire.take_turns();
    let strands = (0..200)
        .map(|_| -> Strand<'_, VerifyReason> {
            let response = session.answer_event(&code, ClientRequest::default());
            let world = &world;
            Box::pin(async move { world.verify(&response).await.reason })
        })
        .collect();
    let reasons = in_turn(strands);
    assert!(reasons.contains(&VerifyReason::Right));
    assert!(
        charged(&world, "short") <= 4,
        "{}",
        charged(&world, "short")
    );
    session.answer(&code);
    assert_eq!(session.step(), "claim");
    assert!(charged(&world, "short") <= 3);
}

/// The reply to the write that counts a wrong answer is lost twice, so the answer holds three
/// guesses. A second wrong answer holds the last one.
#[test]
fn after_lost_counts_a_resend_lets_the_owner_sign_in() {
    for lost in [Break::Before, Break::Hangs] {
        let world = world();
        let (_, mut session) = opened(&world, ADA);
        let code = world.last_code();
        for _ in 0..2 {
            // Verify: record_attempt, charge, charge, record_wrong_answer.
            world.wire.will_break([(3, lost)]);
            let reply = session.answer("1");
            assert_eq!(reply.verify.reason, VerifyReason::PortError);
            assert_eq!(world.wire.calls()[3], "record_wrong_answer");
        }
        world.wire.clear();
        for wrong in ["1", "2"] {
            let reply = session.answer(wrong);
            assert_eq!(reply.verify.reason, VerifyReason::WrongAnswer);
        }
        let reply = session.answer(&code);
        assert_eq!(reply.verify.reason, VerifyReason::NoAttemptLeft);
        assert_eq!(session.number("attemptsLeft"), 0);
        world.after_secs(30);
        let reply = session.resend();
        assert_eq!(reply.create.unwrap().reason, CreateReason::Resent);
        assert_eq!(world.sent().len(), 2);
        assert_eq!(session.number("attemptsLeft"), 1);
        let reply = session.answer(&world.last_code());
        assert_eq!(reply.next(), Next::IssueTokens, "{:?}", reply.reasons());
    }
}

#[test]
fn a_refused_resend_shows_that_a_guess_budget_is_spent() {
    for to in [ADA, ATTACKER] {
        let world = world().reconfigured(|world| {
            world.deployment.policy.budgets.short_guesses_per_month = 3;
        });
        let (_, mut session) = opened(&world, to);
        let (_, mut other) = opened(&world, to);
        for wrong in ["1", "2", "3"] {
            other.answer(wrong);
        }
        world.after_secs(30);
        let requesting = world.without_slots();
        while now(resolver(&requesting, &Pool::of(&requesting)).session(&request(to, None))).is_ok()
        {
        }
        let reply = session.resend();
        assert_eq!(reply.create.unwrap().reason, CreateReason::MessageRefused);
        assert_eq!(session.number("attemptsLeft"), 0);
    }
}

/// A row that refuses every answer has no attempt left in any challenge, until a message with its
/// code is sent.
#[test]
fn a_refused_resend_shows_that_a_blocked_code_is_dead() {
    for to in [ADA, ATTACKER] {
        let world = world();
        let (_, mut session) = opened(&world, to);
        for _ in 0..3 {
            // Verify: record_attempt, charge, charge, record_wrong_answer.
            world.wire.will_break([(3, Break::Before)]);
            session.answer("1");
        }
        world.wire.clear();
        session.answer("1");
        let reply = session.resend();
        assert_eq!(reply.create.unwrap().reason, CreateReason::ResendTooSoon);
        assert_eq!(session.number("attemptsLeft"), 0, "too soon");
        world.after_secs(30);
        // Another caller spends the messages of the mailbox.
        let held = session.row().unwrap();
        let requesting = world.without_slots();
        while now(resolver(&requesting, &Pool::of(&requesting)).session(&request(to, None))).is_ok()
        {
        }
        let sent = world.sent().len();
        let reply = session.resend();
        assert_eq!(reply.create.unwrap().reason, CreateReason::MessageRefused);
        assert_eq!(session.number("attemptsLeft"), 0, "refused");
        assert_eq!((session.row(), world.sent().len()), (Some(held), sent));
        world.after_secs(60);
        let reply = session.resend();
        assert_eq!(reply.create.unwrap().reason, CreateReason::Resent);
        assert_eq!(session.number("attemptsLeft"), 2, "sent");
        let code = world.last_code();
        assert_eq!(session.answer(&code).verify.reason, VerifyReason::Right);
    }
}

/// Define let the resend through before parallel answers used the attempts.
#[test]
fn a_row_without_attempts_sends_no_further_code() {
    let world = world();
    let (_, mut session) = opened(&world, ADA);
    world.after_secs(30);
    let guesses = session.clone();
    session.resend();
    world.after_secs(30);
    let row = session.row().unwrap();
    for wrong in world.wrong_codes().take(3) {
        now(world.verify(&guesses.answer_event(&wrong, ClientRequest::default())));
    }
    assert_eq!((row.sends, session.row().unwrap().attempts.len()), (2, 3));
    let asked = ClientRequest {
        action: Some("resend".to_owned()),
        ..ClientRequest::default()
    };
    let challenge_name = "CUSTOM_CHALLENGE".to_owned();
    session.rounds.push(Round {
        challenge_name,
        passed: false,
        metadata: Some(session.metadata.clone()),
    });
    world.wire.clear();
    let created = now(world.create(&session.session_event(asked)));
    assert_eq!(created.reason, CreateReason::FlowOver);
    assert_eq!((world.wire.calls(), world.sent().len()), (vec!["flow"], 2));
}

/// A resend releases the held guesses only if its message is charged.
#[test]
fn one_flow_holds_at_most_four_guesses_for_each_message() {
    let world = world().reconfigured(|world| {
        world.deployment.policy.budgets.short_guesses_per_month = 100;
    });
    let (_, mut session) = opened(&world, ATTACKER);
    let wrong = world.wrong_code();
    let guess = |session: &Session<'_>| {
        world.wire.take_turns();
        let strands = (0..50)
            .map(|_| -> Strand<'_, VerifyReason> {
                let response = session.answer_event(&wrong, ClientRequest::default());
                let world = &world;
                Box::pin(async move { world.verify(&response).await.reason })
            })
            .collect();
        in_turn(strands);
        charged(&world, "short")
    };
    assert_eq!(guess(&session), 4);
    world.after_secs(30);
    // Define: flow; Create: flow, counts, advance_send, charge.
    world.wire.will_break([(4, Break::Before)]);
    session.resend();
    assert_eq!(world.wire.calls()[4], "charge");
    world.wire.clear();
    assert_eq!((world.sent().len(), guess(&session)), (1, 4));
    for sent in 2..4 {
        session.resend();
        assert_eq!(world.sent().len(), sent);
        assert_eq!(guess(&session), 4 * u32::try_from(sent).unwrap());
        world.after_secs(30);
    }
    session.resend();
    assert_eq!((world.sent().len(), guess(&session)), (3, 12));
}

#[test]
fn guesses_at_a_lengthened_code_count_as_guesses_at_long_codes() {
    let world = world();
    let (_, session) = opened(&world, ADA);
    spend(&world, 150);
    for guess in ["00000001", "00000002"] {
        assert_eq!(reason(&session, guess), VerifyReason::GuessesSpent);
    }
    world.after_secs(30);
    let mut resent = session.clone();
    resent.resend();
    assert_eq!(resent.number("codeLength"), 8);
    for guess in ["00000001", "00000002"] {
        assert_eq!(reason(&resent, guess), VerifyReason::WrongAnswer);
    }
    assert_eq!(charged(&world, "long"), 2);
}

#[test]
fn a_longer_code_does_not_contain_the_shorter_one() {
    let world = world();
    let (_, mut session) = opened(&world, ADA);
    let short = world.last_code();
    spend(&world, 150);
    world.after_secs(30);
    session.resend();
    let long = world.last_code();
    assert_eq!((short.len(), long.len()), (6, 8));
    assert!(!long.ends_with(&short));
}

/// Returns a session whose row has this charge, as if its message had been charged.
pub(crate) fn at_row_on(world: &World, terms: CodeTerms) -> Session<'_> {
    let mut session = world.initiate(ADA);
    let earned = Flow::earned(
        session.challenge().flow,
        &identifier(ADA),
        &world.app_client,
        &world.deployment.policy,
        &world.deployment.keys,
        world.clock.now(),
        &*world.entropy,
    );
    let row = Flow {
        terms,
        attempts: BTreeSet::new(),
        state: State::Open,
        ..earned
    };
    now(world.store.port.open_flow(&row)).unwrap();
    session.replace_challenge(Step::Otp(Progress::at_issue(
        row.issued_at,
        terms.code_length,
    )));
    session
}

#[test]
fn a_row_without_a_charge_accepts_no_answer() {
    let world = world();
    let free = at_row_on(&world, CodeTerms::uncharged(CodeLength::DEFAULT));
    assert_eq!(reason(&free, "1"), VerifyReason::FlowDisagrees);
    assert_eq!(free.row().unwrap().state, State::Open);
    let charged = at_row_on(&world, CodeTerms::ordinary(CodeLength::DEFAULT));
    assert_eq!(
        reason(&charged, "1"),
        VerifyReason::WrongAnswer,
        "everything else is valid"
    );
}

#[test]
fn a_guess_is_charged_to_the_lower_of_its_tier_and_its_length() {
    for (tier, length, counts) in [
        (3, CodeLength::DEFAULT, [1, 0, 0]),
        (2, CodeLength::DEFAULT, [1, 0, 0]),
        (1, CodeLength::LONG, [1, 0, 0]),
        (3, CodeLength::LONG, [0, 1, 0]),
        (2, CodeLength::LONG, [0, 1, 0]),
        (2, CodeLength::LONGEST, [0, 1, 0]),
        (3, CodeLength::LONGEST, [0, 0, 1]),
    ] {
        let world = world();
        let mut bytes = CodeTerms::ordinary(length).to_bytes();
        bytes[1] = bytes[1] & !3 | tier;
        let session = at_row_on(&world, CodeTerms::from_bytes(&bytes).unwrap());
        assert_eq!(reason(&session, "1"), VerifyReason::WrongAnswer);
        let seen = ["short", "long", "longest"].map(|name| charged(&world, name));
        assert_eq!(seen, counts, "tier {tier}, {length:?}");
    }
}

/// The guesses at a code are spent. A resend sends a code that can be right, also if both lengths
/// are equal, and also after the day of the first code.
#[test]
fn a_resend_brings_a_code_that_can_be_answered() {
    for (code_length, before_midnight) in [(8, 3600), (6, 40), (6, 3600), (10, 3600)] {
        let world = world().reconfigured(|world| {
            world.deployment.policy.code_length = CodeLength::new(code_length).unwrap();
        });
        let left = 86_400 - world.clock.now().as_secs() % 86_400;
        world.after_secs(left - before_midnight);
        let (_, mut owner) = opened(&world, ADA);
        let code = world.last_code();
        spend(&world, 150);
        assert_eq!(
            owner.answer(&code).verify.reason,
            VerifyReason::GuessesSpent
        );
        world.after_secs(60);
        owner.resend();
        let code = world.last_code();
        let reason = owner.answer(&code).verify.reason;
        assert_eq!(
            reason,
            VerifyReason::Right,
            "{code_length} digits, {before_midnight} s"
        );
    }
}

/// Messages that an attacker requests do not lengthen a code that was already sent.
#[test]
fn a_resend_on_the_extended_budget_repeats_the_code() {
    let world = world();
    let (_, mut owner) = opened(&world, ADA);
    let code = world.last_code();
    world.after_secs(61);
    for _ in 0..2 {
        opened(&world, ADA);
    }
    let reply = owner.resend();
    assert_eq!(reply.create.unwrap().reason, CreateReason::Resent);
    assert_eq!(owner.number("codeLength"), 6);
    assert_eq!(owner.answer(&code).verify.reason, VerifyReason::Right);
}

/// A code of ten digits without a remaining guess is not sent.
#[test]
fn no_extended_code_is_sent_while_its_guesses_are_spent() {
    let world = world();
    for _ in 0..2 {
        opened(&world, ADA);
    }
    let (_, counter) = resettable(
        &world.deployment.policy,
        Resettable::Deployment,
        world.clock.now(),
    )[0];
    let spent = Window {
        name: "longest".to_owned(),
        amount: 300_000,
        limit: 300_000,
    };
    let keep_until = world.clock.now().plus(Duration::from_secs(86_400));
    let charged = now(world.store.port.charge(counter, &[spent], keep_until));
    assert_eq!(charged, Ok(Charged::Yes));
    let pool = Pool::of(&world);
    let refused = now(resolver(&world, &pool).session(&request(ADA, None)));
    assert!(
        refused.is_err(),
        "the third message of the minute would have ten digits"
    );
    world.after_secs(60);
    assert_eq!(opened(&world, ADA).0, 6);
}
