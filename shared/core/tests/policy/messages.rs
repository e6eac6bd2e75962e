//! One message per send, whether it is retried, replayed or done in parallel.

use latchstring_core::flow::{
    ClientRequest, CreateReason, DefineReason, VerifyReason, reset_resend_cooldown,
};
use latchstring_core::secret::Secret;

use crate::harness::{ADA, BOB, Session, Strand, World, interleaved, now};

fn resend() -> ClientRequest {
    ClientRequest {
        action: Some("resend".to_owned()),
        ..ClientRequest::default()
    }
}

#[test]
fn a_retried_create_sends_once_and_repeats_the_challenge() {
    for invocations in 2..=5 {
        let once = World::with_ada();
        let expected = once.at_otp(ADA).shown();
        let world = World::with_ada();
        let session = world.initiate(ADA);
        let retried = world.reconfigured(|world| world.invocations = invocations);
        let mut session = session.moved_to(&retried);
        session.choose(&world.ticket(ADA));
        assert_eq!(world.sent(), once.sent());
        assert_eq!(session.shown(), expected);
        world.after_secs(30);
        session.resend();
        assert_eq!(world.sent().len(), 2);
        assert_eq!(session.number("resendAfter"), 30);
        assert_eq!(world.code(), once.code());
    }
}

#[test]
fn parallel_creates_send_once_and_agree_on_the_challenge() {
    for seed in 0..100 {
        let world = World::with_ada();
        let to = if seed % 2 == 0 { ADA } else { BOB };
        let mut session = world.initiate(to);
        let ticket = world.ticket(to);
        session.rounds = passed_select(&session, &ticket);
        world.wire.take_turns();
        let request = ClientRequest {
            method: Some("email".to_owned()),
            ticket: Some(Secret::new(ticket)),
            ..ClientRequest::default()
        };
        assert_one_challenge_and_one_message(seed, &session, request);
        assert_eq!(world.sent().len(), 1);
    }
}

#[test]
fn parallel_resends_send_once_and_agree_on_the_challenge() {
    for seed in 0..100 {
        let world = World::with_ada();
        let mut session = world.at_otp(ADA);
        session.answer(&world.wrong_code());
        world.after_secs(30).wire.take_turns();
        assert_one_challenge_and_one_message(seed, &session, resend());
        assert_eq!(world.sent().len(), 2);
        assert_eq!(world.code().len(), 6);
        assert_eq!(session.row().unwrap().sends, 2);
    }
}

#[test]
fn the_cooldown_ends_to_the_millisecond() {
    for (millis, reason) in [
        (29_999, CreateReason::ResendTooSoon),
        (30_000, CreateReason::Resent),
    ] {
        let world = World::with_ada();
        let mut session = world.at_otp(ADA);
        world.after_millis(millis);
        assert_eq!(session.resend().reasons().2, Some(reason), "{millis}");
    }
}

#[test]
fn resends_end_at_the_configured_limit() {
    for resends in 0..=5 {
        let world =
            World::with_ada().reconfigured(|world| world.deployment.policy.resends = resends);
        let mut session = world.at_otp(ADA);
        for _ in 0..7 {
            world.after_secs(30);
            session.resend();
        }
        assert_eq!(world.sent().len(), 1 + usize::from(resends));
        assert_eq!(
            session.public["resendAfter"], session.public["expiresIn"],
            "no resend is left"
        );
    }
}

#[test]
fn a_resend_keeps_the_code_its_expiry_and_the_attempts() {
    let world = World::with_ada();
    let mut session = world.at_otp(ADA);
    let before = session.row().unwrap();
    session.answer(&world.wrong_code());
    world.after_secs(30);
    session.resend();
    let after = session.row().unwrap();
    assert_eq!(world.code().len(), 6);
    assert_eq!(
        (after.issued_at, after.expires_at, after.attempts.len()),
        (before.issued_at, before.expires_at, 1)
    );
    assert_eq!(session.number("expiresIn"), 270);
    world.after_secs(270);
    assert!(!session.answer(&world.code()).is_right());
}

#[test]
fn resend_without_its_action_is_a_guess() {
    let world = World::with_ada();
    for action in [None, Some(""), Some("Resend"), Some("resend ")] {
        let mut session = world.at_otp(ADA);
        let sent = world.sent().len();
        world.after_secs(30);
        let request = ClientRequest {
            action: action.map(str::to_owned),
            ..ClientRequest::default()
        };
        let reply = now(session.respond("resend", request));
        assert_eq!(reply.verify.reason, VerifyReason::WrongAnswer);
        assert_eq!(session.number("attemptsLeft"), 2);
        assert_eq!(world.sent().len(), sent);
    }
}

#[test]
fn the_action_without_the_answer_resend_is_a_guess() {
    let world = World::with_ada();
    for answer in ["", "RESEND", " resend", "resend ", "000000"] {
        let mut session = world.at_otp(ADA);
        let reply = session.answer_with_action(answer, "resend");
        assert_eq!(reply.verify.reason, VerifyReason::WrongAnswer, "{answer:?}");
        assert_eq!(session.number("attemptsLeft"), 2, "{answer:?}");
    }
}

#[test]
fn resend_to_a_claim_is_a_guess_and_sends_nothing() {
    let world = World::with_ada();
    let mut session = world.at_claim();
    world.after_secs(30);
    let reply = session.resend();
    assert_eq!(
        reply.reasons(),
        (
            VerifyReason::ProofForged,
            DefineReason::AskedAgain,
            Some(CreateReason::AskedAgain)
        )
    );
    assert_eq!(session.number("attemptsLeft"), 2);
    assert!(world.sent().is_empty());
}

#[test]
fn a_resend_after_the_match_sends_nothing() {
    let world = World::with_ada();
    let session = world.at_otp(ADA);
    session.clone().answer(&world.code());
    world.after_secs(30);
    session.clone().resend();
    assert_eq!(world.sent().len(), 1);
}

#[test]
fn a_resend_after_expiry_fails_and_sends_nothing() {
    let world = World::with_ada();
    let mut session = world.at_otp(ADA);
    world.after_secs(300);
    assert_eq!(session.resend().define.reason, DefineReason::Expired);
    assert_eq!(world.sent().len(), 1);
}

#[test]
fn a_resend_to_a_known_user_whose_contact_changed_sends_nothing() {
    for changed in [("email", BOB), ("email_verified", "false")] {
        let world = World::with_ada();
        let mut session = world.at_otp(ADA);
        world.put_ada(&[changed]);
        world.after_secs(30);
        session.resend();
        assert_eq!(world.sent().len(), 1, "{changed:?}");
    }
}

/// Runs several invocations of Create for one event, and asserts one challenge and one message.
fn assert_one_challenge_and_one_message(seed: u64, session: &Session<'_>, request: ClientRequest) {
    let event = session.session_event(request);
    let strands = (0..4)
        .map(|_| -> Strand<'_, _> { Box::pin(session.world.create(&event)) })
        .collect();
    let created = interleaved(seed, strands);
    let sent = created.iter().filter(|created| {
        matches!(
            created.reason,
            CreateReason::CodeReserved | CreateReason::Resent
        )
    });
    assert_eq!(sent.count(), 1, "order {seed}");
}

/// Returns the rounds of a session right after `select` passed.
fn passed_select(session: &Session<'_>, ticket: &str) -> Vec<latchstring_core::flow::Round> {
    let elsewhere = World::with_ada();
    let mut rehearsal = session.moved_to(&elsewhere);
    rehearsal.choose(ticket);
    rehearsal.rounds
}

#[test]
fn a_reset_cooldown_permits_exactly_one_immediate_resend() {
    let world = World::with_ada();
    let mut session = world.at_otp(ADA);
    session.resend();
    assert_eq!(world.sent().len(), 1, "the cooldown holds");
    assert_eq!(
        now(reset_resend_cooldown(&world.store, &session.challenge())),
        Ok(true)
    );
    session.resend();
    assert_eq!(world.sent().len(), 2);
    assert_eq!(session.number("resendAfter"), 30);
    session.resend();
    assert_eq!(world.sent().len(), 2, "the cooldown holds again");
}
