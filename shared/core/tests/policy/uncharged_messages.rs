//! Codes whose message every budget refused. A ticket costs nothing, so an attacker can redeem many
//! in parallel, and most are refused. Each leaves a flow whose code could be guessed three times.
//! Such a code must not be right, and guesses must be bounded whatever was sent.

use std::task::{Context, Waker};

use latchstring_core::account::Sub;
use latchstring_core::code::{Code, CodeLength};
use latchstring_core::flow::{ClientRequest, CreateReason, Purpose, VerifyReason};
use latchstring_core::identifier::Method;
use latchstring_core::ports::{FlowStore as _, PendingStore as _};
use latchstring_core::rate_limit::CodeTerms;
use latchstring_core::secret::Secret;
use latchstring_core::sign_in::SignInRequest;

use crate::budgets::remembered;
use crate::contacts::change;
use crate::guess_charges::at_row_on;
use crate::harness::{ADA, ADAS_NAME, BOB, Break, Pool, Session, World, identifier, key, now};
use crate::sign_in::{request, resolver};

/// Returns the code of a session's flow, which its owner would receive.
fn derived(session: &Session<'_>) -> String {
    let row = session.row().expect("a row");
    let to = identifier(if session.username == BOB { BOB } else { ADA });
    let code = Code::derive(
        &key("k1", 1),
        row.terms.code_length,
        row.id,
        row.purpose,
        &to,
        row.issued_at,
    );
    code.digits().to_owned()
}

/// Returns the sessions of this many tickets that were planned in parallel.
fn redeemed<'w>(world: &'w World, request: &SignInRequest, tickets: usize) -> Vec<Session<'w>> {
    let pool = Pool::of(world);
    let resolver = resolver(world, &pool);
    let tickets: Vec<_> = (0..tickets)
        .map(|_| now(resolver.ticket(request)).unwrap().ticket)
        .collect();
    let typed = request.identifier.as_str();
    tickets
        .iter()
        .map(|ticket| {
            let mut session = world.initiate(typed);
            session.choose(ticket.expose());
            session
        })
        .collect()
}

/// The code of a sent message is right, and that of a refused one is not: for an unknown and a
/// known user, in every tier, and for a known device.
#[test]
fn a_code_whose_message_was_refused_is_never_right() {
    for digits in [6, 8, 10] {
        for (typed, from_device) in [(ADA, false), (BOB, false), (ADA, true)] {
            let world = World::with_ada().reconfigured(|world| {
                let budgets = &mut world.deployment.policy.budgets;
                budgets.deployment.short_guesses_per_day = if digits == 6 { 150 } else { 0 };
                budgets.deployment.long_guesses_per_day = if digits == 10 { 0 } else { 5_000 };
                if digits > 6 {
                    budgets.device.short_guesses_per_month = 0;
                }
            });
            let device = from_device.then(|| remembered(&world).device);
            let request = SignInRequest {
                device,
                ..request(typed, None)
            };
            let sessions = redeemed(&world, &request, 20);
            assert_eq!(world.sent().len(), 2, "planned for two a minute");
            for (number, session) in sessions.iter().enumerate() {
                let sent = number < 2;
                assert_eq!(session.public.contains_key("refused"), !sent);
                let expected = if from_device && digits == 10 {
                    8
                } else {
                    digits
                };
                assert_eq!(session.number("codeLength"), expected);
                let mut session = session.clone();
                let reply = session.answer(&derived(&session));
                let right = if sent {
                    VerifyReason::Right
                } else {
                    VerifyReason::WrongAnswer
                };
                assert_eq!(reply.verify.reason, right, "{digits} {typed} {number}");
            }
        }
    }
}

/// Wrong answers to such a code spend no budget that the owner needs.
#[test]
fn answers_to_a_code_that_was_not_sent_hold_no_guess() {
    let world = World::with_ada();
    let mut sessions = redeemed(&world, &request(ADA, None), 20);
    world.wire.clear();
    for session in &mut sessions[2..] {
        for wrong in ["1", "2", "3"] {
            session.answer(wrong);
        }
    }
    assert!(!world.wire.calls().contains(&"charge"));
    world.after_secs(3600);
    let pool = Pool::of(&world);
    let payload = now(resolver(&world, &pool).session(&request(ADA, None))).unwrap();
    assert_eq!(payload.code_length, 6);
}

/// A replayed answer gets its challenge while the first invocation still charges, and is followed
/// by the code before the refusal is recorded.
#[test]
fn a_code_is_not_right_before_its_message_is_charged() {
    let world = World::with_ada();
    redeemed(&world, &request(ADA, None), 2);
    let ticket = {
        let pool = Pool::of(&world);
        world.after_secs(3600);
        let ticket = now(resolver(&world, &pool).ticket(&request(ADA, None))).unwrap();
        redeemed(&world, &request(ADA, None), 2);
        ticket.ticket
    };
    let session = world.initiate(ADA);
    let choice = || ClientRequest {
        method: Some("email".to_owned()),
        ticket: Some(Secret::new(ticket.expose())),
        ..ClientRequest::default()
    };
    world.wire.take_turns();
    let [mut first, mut second] = [session.clone(), session.clone()];
    let mut opening = Box::pin(first.respond("", choice()));
    let mut context = Context::from_waker(Waker::noop());
    let row = || now(world.store.port.flow(session.challenge().flow)).unwrap();
    while row().is_none() {
        assert!(opening.as_mut().poll(&mut context).is_pending());
    }
    now(second.respond("", choice()));
    assert_eq!(second.step(), "otp");
    let reply = second.answer(&derived(&second));
    assert_eq!(reply.verify.reason, VerifyReason::WrongAnswer);
    let reply = now(opening);
    assert_eq!(reply.create.unwrap().reason, CreateReason::MessageRefused);
}

/// A resend lengthens the code and is refused, so the longer code is never sent.
#[test]
fn a_longer_code_is_not_right_before_it_was_sent() {
    let world = World::with_ada();
    let mut session = redeemed(&world, &request(ADA, None), 1).remove(0);
    let spent = world.reconfigured(|world| {
        world.deployment.policy.budgets.short_guesses_per_month = 0;
    });
    world.after_secs(30);
    // Define: flow; Create: flow, counts, advance_send, charge.
    spent.wire.will_break([(4, Break::Before)]);
    let mut there = session.moved_to(&spent);
    let reply = there.resend();
    assert_eq!(reply.create.unwrap().reason, CreateReason::MessageRefused);
    spent.wire.clear();
    assert_eq!(there.number("codeLength"), 8);
    assert_eq!(
        there.answer(&derived(&there)).verify.reason,
        VerifyReason::WrongAnswer
    );
    session = there.moved_to(&world);
    world.after_secs(30);
    session.resend();
    assert_eq!(
        session.answer(&world.last_code()).verify.reason,
        VerifyReason::Right
    );
}

/// The message is charged, but the row fails to record it: nothing is sent, and a resend follows.
#[test]
fn a_message_whose_charge_is_not_recorded_is_not_sent() {
    for broken in [Break::Before, Break::After] {
        let world = World::with_ada();
        let pool = Pool::of(&world);
        let ticket = now(resolver(&world, &pool).ticket(&request(ADA, None))).unwrap();
        let mut session = world.initiate(ADA);
        world.wire.clear();
        // Verify: redeem. Create: open_flow, charge three times, record_message_charge.
        world.wire.will_break([(5, broken)]);
        session.choose(ticket.ticket.expose());
        assert_eq!(world.wire.calls()[5], "record_message_charge");
        world.wire.clear();
        assert_eq!(session.public["refused"], "Unavailable");
        assert!(world.sent().is_empty());
        session.resend();
        assert_eq!(
            session.answer(&world.code()).verify.reason,
            VerifyReason::Right
        );
    }
}

/// The limits of guesses at longer codes hold for any number of open flows.
#[test]
fn guesses_at_longer_codes_are_bounded_whatever_was_sent() {
    let unknown = CodeTerms::ordinary(CodeLength::LONG).to_bytes();
    let on = |length: CodeLength, flags: u8, token: u8| {
        let mut bytes = unknown;
        bytes[0] = length.digits();
        bytes[1] = flags;
        bytes[2..18].fill(token);
        CodeTerms::from_bytes(&bytes).unwrap()
    };
    let (long, longest) = (CodeLength::LONG, CodeLength::LONGEST);
    let verdicts = |world: &World, terms: CodeTerms| {
        (0..130)
            .map(|_| at_row_on(world, terms))
            .flat_map(|session| {
                ["1", "2", "3"].map(|wrong| session.clone().answer(wrong).verify.reason)
            })
            .filter(|reason| *reason == VerifyReason::WrongAnswer)
            .count()
    };
    let world = World::with_ada();
    // First the long tier, then the longest by the deployment's guesses: the ten messages of a day.
    assert_eq!(verdicts(&world, on(long, 2, 0)), 30);
    assert_eq!(verdicts(&world, on(longest, 3, 0)), 0);
    // The hundred messages of the extended budget.
    assert_eq!(verdicts(&world, on(longest, 0b1011, 0)), 300);
    // Three messages of one device token, six of all tokens.
    assert_eq!(verdicts(&world, on(long, 0b110, 1)), 9);
    assert_eq!(verdicts(&world, on(long, 0b110, 2)), 9);
    assert_eq!(verdicts(&world, on(long, 0b110, 3)), 0);
    // All ten-digit codes of the deployment.
    let narrow = World::with_ada().reconfigured(|world| {
        world.deployment.policy.budgets.deployment.messages_per_day = 7;
    });
    assert_eq!(verdicts(&narrow, on(longest, 0b1011, 0)), 21);
}

/// Spent guesses are counted before a code is sent, so the owner gets a code that can be answered.
#[test]
fn with_longer_guesses_spent_an_owner_gets_the_extended_budget() {
    let world = World::with_ada();
    let mut bytes = CodeTerms::ordinary(CodeLength::LONG).to_bytes();
    bytes[1] = 2;
    let long = CodeTerms::from_bytes(&bytes).unwrap();
    for _ in 0..10 {
        let session = at_row_on(&world, long);
        for wrong in ["1", "2", "3"] {
            assert_eq!(
                session.clone().answer(wrong).verify.reason,
                VerifyReason::WrongAnswer
            );
        }
    }
    let pool = Pool::of(&world);
    let payload = now(resolver(&world, &pool).session(&request(ADA, None))).unwrap();
    assert_eq!(payload.code_length, 10);
    let mut session = pool.session(&payload.session);
    assert_eq!(
        session.answer(&world.last_code()).verify.reason,
        VerifyReason::Right
    );
}

/// An account requests an address that it does not own and withdraws the request before the code is
/// sent. An unsent code is not charged, and answers to it are not guesses.
fn a_withdrawn_request_costs_its_owner_nothing(withdraw: impl Fn(&World)) {
    let world = World::with_ada();
    world.put_bob();
    change(&world, ADAS_NAME, BOB);
    let request = now(world
        .store
        .port
        .pending(&Sub::new("sub-of-ada"), Method::Email));
    let purpose = Purpose::VerifyContact(request.unwrap().unwrap().id);
    withdraw(&world);
    let sent = world.sent().len();
    world.after_secs(3600);
    for _ in 0..3 {
        let mut session = world.initiate(ADAS_NAME);
        world.wire.clear();
        let reply = session.choose(&world.ticket_for(purpose, BOB));
        assert_eq!(reply.create.unwrap().reason, CreateReason::NoLongerPending);
        assert_eq!((session.step(), session.row()), ("otp", None));
        world.after_secs(30);
        session.resend();
        for wrong in ["1", "2", "3"] {
            session.clone().answer(wrong);
        }
        assert!(!world.wire.calls().contains(&"charge"));
    }
    assert_eq!(world.sent().len(), sent);
}

#[test]
fn a_replaced_contact_request_costs_its_owner_nothing() {
    a_withdrawn_request_costs_its_owner_nothing(|world| {
        change(world, ADAS_NAME, "own@example.net");
    });
}

/// Row 5.
#[test]
fn a_deleted_accounts_contact_request_costs_its_owner_nothing() {
    a_withdrawn_request_costs_its_owner_nothing(World::delete_ada);
}

/// The account is deleted after its first code was sent. Resends send nothing and cost the owner of
/// the contact nothing, and their challenges are those of an account that still exists.
#[test]
fn resends_of_a_deleted_account_cost_the_contacts_owner_nothing() {
    let [(kept_public, kept), (deleted_public, deleted)] = [false, true].map(|deleted| {
        let world = World::with_ada();
        let mut session = change(&world, ADAS_NAME, BOB);
        if deleted {
            world.delete_ada();
        }
        let resend = |_| {
            world.after_secs(30);
            world.wire.clear();
            let reason = session.resend().create.unwrap().reason;
            let calls = world.wire.calls().into_iter();
            let charges = calls.filter(|call| *call == "charge").count();
            let facts = (reason, charges, world.sent().len());
            (session.public.clone(), facts)
        };
        (0..3).map(resend).unzip::<_, _, Vec<_>, Vec<_>>()
    });
    assert_eq!(kept_public, deleted_public);
    let (resent, too_soon) = (CreateReason::Resent, CreateReason::ResendTooSoon);
    assert_eq!(kept, [(resent, 3, 2), (resent, 3, 3), (too_soon, 0, 3)]);
    let gone = CreateReason::NoLongerPending;
    assert_eq!(deleted, [(gone, 0, 1), (gone, 0, 1), (too_soon, 0, 1)]);
}

/// A spent budget refuses the resend of a deleted account like that of any other.
#[test]
fn a_spent_budget_refuses_a_resend_of_a_deleted_account_alike() {
    let shown = [false, true].map(|deleted| {
        let world = World::with_ada();
        let mut session = change(&world, ADAS_NAME, BOB);
        if deleted {
            world.delete_ada();
        }
        world.after_secs(30);
        let spent = world.reconfigured(|world| {
            world.deployment.policy.budgets.mail.unproved_per_hour = 0;
        });
        let mut there = session.moved_to(&spent);
        there.resend();
        session = there.moved_to(&world);
        session.public.clone()
    });
    assert_eq!(shown[0]["refused"], "TooManyRequests");
    assert_eq!(shown[0], shown[1]);
}

/// A stranger who requested a code for a contact cannot see from the budgets that its account moved
/// to another contact meanwhile.
#[test]
fn a_resend_for_a_moved_contact_is_charged_as_for_no_account() {
    let charges = [true, false].map(|moved| {
        let world = if moved {
            World::with_ada()
        } else {
            World::new()
        };
        let mut session = world.at_otp(ADA);
        if moved {
            world.put_ada(&[("email", "ada@example.org")]);
        }
        world.after_secs(30);
        world.wire.clear();
        session.resend();
        (session.public.clone(), world.wire.calls())
    });
    assert_eq!(charges[0], charges[1]);
}

/// Row 17: sign-in opens such a flow for a user whom Cognito refuses. It is charged, and sends no
/// message.
#[test]
fn the_code_of_a_decoy_is_never_right() {
    let world = World::with_ada();
    let mut session = world.initiate("a-name-of-no-account");
    let reply = session.choose(&world.ticket_for(Purpose::Decoy, ADA));
    assert_eq!(reply.create.unwrap().reason, CreateReason::DecoyOpened);
    assert!(session.row().unwrap().message_charged);
    assert!(world.sent().is_empty());
    let reply = session.answer(&derived(&session));
    assert_eq!(reply.verify.reason, VerifyReason::WrongAnswer);
}
