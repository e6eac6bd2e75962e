//! The flow row is the authority: an answer with other metadata is wrong, and a replay of an older
//! session gains nothing.

use latchstring_core::flow::{
    AppClient, CreateReason, DefineReason, Next, Progress, Step, VerifyReason,
};
use latchstring_core::keys::KeyRing;

use crate::harness::{ADA, ADAS_NAME, BOB, BOBS_NAME, Session, World, key};

fn progress(session: &Session<'_>) -> Progress {
    match session.challenge().step {
        Step::Otp(progress) | Step::Claim(progress) => progress,
        Step::Select => panic!("no code is issued yet"),
    }
}

#[test]
fn metadata_of_another_issue_is_a_wrong_answer() {
    let world = World::with_ada();
    let mut session = world.at_otp(ADA);
    let later = progress(&session)
        .issued_at
        .plus(std::time::Duration::from_millis(1));
    session.replace_challenge(Step::Otp(Progress::at_issue(
        later,
        latchstring_core::code::CodeLength::DEFAULT,
    )));
    let reply = session.answer(&world.code());
    assert_eq!(
        reply.reasons(),
        (
            VerifyReason::FlowDisagrees,
            DefineReason::FlowDisagrees,
            None
        )
    );
    assert_eq!(reply.next(), Next::Fail);
}

#[test]
fn metadata_of_another_purpose_is_a_wrong_answer() {
    let world = World::with_ada();
    let mut session = world.at_otp(ADA);
    session.replace_challenge(Step::Claim(progress(&session)));
    for answer in [world.code(), world.proof(ADA)] {
        let reply = session.clone().answer(&answer);
        assert_eq!(
            reply.reasons(),
            (
                VerifyReason::FlowDisagrees,
                DefineReason::FlowDisagrees,
                None
            )
        );
    }
    let mut claim = world.at_claim();
    claim.replace_challenge(Step::Otp(progress(&claim)));
    let reply = claim.answer(&world.proof(ADA));
    assert_eq!(
        reply.reasons(),
        (
            VerifyReason::FlowDisagrees,
            DefineReason::FlowDisagrees,
            None
        )
    );
}

#[test]
fn metadata_of_another_client_is_a_wrong_answer() {
    let world = World::with_ada();
    let session = world.at_otp(ADA);
    let step = session.challenge().step;
    let second = world.reconfigured(|world| world.app_client = AppClient::new("pool", "second"));
    let mut stolen = session.moved_to(&second);
    stolen.metadata = latchstring_core::flow::Challenge {
        flow: session.challenge().flow,
        step,
    }
    .to_text(&second.deployment.keys, &second.app_client);
    let verify = stolen.answer(&world.code()).verify;
    assert_eq!(verify.reason, VerifyReason::FlowDisagrees);
    assert_eq!(session.row().unwrap().attempts.len(), 0);
}

#[test]
fn without_a_row_every_answer_is_wrong() {
    let world = World::with_ada();
    let session = world.at_otp(ADA);
    let code = world.code();
    let forgetful = World::with_ada();
    let reply = session.moved_to(&forgetful).answer(&code);
    assert_eq!(reply.verify.reason, VerifyReason::FlowMissing);
    assert!(!reply.is_right());
}

#[test]
fn a_code_is_right_until_the_last_millisecond_and_no_longer() {
    for (millis, reason) in [
        (299_999, VerifyReason::Right),
        (300_000, VerifyReason::Expired),
    ] {
        let world = World::with_ada();
        let mut session = world.at_otp(ADA);
        world.after_millis(millis);
        assert_eq!(
            session.answer(&world.code()).verify.reason,
            reason,
            "{millis}"
        );
    }
}

#[test]
fn a_proof_flow_ends_to_the_millisecond_too() {
    for (millis, right) in [(179_999, true), (180_000, false)] {
        let world = World::with_ada();
        let mut session = world.at_claim();
        world.after_millis(millis);
        assert_eq!(
            session.answer(&world.proof(ADA)).is_right(),
            right,
            "{millis}"
        );
    }
}

#[test]
fn a_replayed_older_session_has_no_more_attempts() {
    let world = World::with_ada();
    let mut session = world.at_otp(ADA);
    let older = session.clone();
    let mut wrong = world.wrong_codes();
    session.answer(&wrong.next().unwrap());
    let mut replayed = older.clone();
    replayed.answer(&wrong.next().unwrap());
    assert_eq!(replayed.number("attemptsLeft"), 1, "the row counts");
    let last = older.clone().answer(&wrong.next().unwrap());
    assert_eq!(
        (last.next(), last.define.reason),
        (Next::Fail, DefineReason::NoAttemptLeft)
    );
    for mut replayed in [older, session, replayed] {
        let reply = replayed.answer(&world.code());
        assert_eq!(reply.verify.reason, VerifyReason::NoAttemptLeft);
        assert_eq!(reply.next(), Next::Fail);
    }
}

#[test]
fn a_replayed_older_session_sends_nothing_more() {
    let world = World::with_ada();
    let mut session = world.at_otp(ADA);
    let older = session.clone();
    world.after_secs(30);
    session.resend();
    assert_eq!(world.sent().len(), 2);
    world.after_secs(30);
    for _ in 0..3 {
        let reply = older.clone().resend();
        assert_eq!(reply.reasons().2, Some(CreateReason::ResendTooSoon));
    }
    assert_eq!(world.sent().len(), 2);
}

#[test]
fn a_replayed_select_leads_to_the_same_code_and_sends_nothing() {
    let world = World::with_ada();
    let select = world.initiate(ADA);
    let ticket = world.ticket(ADA);
    let mut session = select.clone();
    session.choose(&ticket);
    session.answer(&world.wrong_code());
    world.after_secs(20);
    for ticket in [ticket, world.ticket(ADA)] {
        let mut replayed = select.clone();
        let reply = replayed.choose(&ticket);
        assert_eq!(reply.reasons().2, Some(CreateReason::CodeReservedBefore));
        assert_eq!(replayed.number("attemptsLeft"), 2);
        assert_eq!(replayed.number("expiresIn"), 280);
    }
    assert_eq!(world.sent().len(), 1);
}

#[test]
fn a_decoy_session_is_useless_once_its_flow_has_a_row() {
    let world = World::with_ada();
    let select = world.initiate(ADA);
    let mut decoy = select.clone();
    decoy.respond_to("", "email", None);
    world.after_millis(1);
    let mut real = select;
    real.choose(&world.ticket(ADA));
    let reply = decoy.answer(&world.code());
    assert_eq!(
        (reply.verify.reason, reply.next()),
        (VerifyReason::FlowDisagrees, Next::Fail)
    );
}

#[test]
fn a_known_users_row_is_answered_by_that_user_only() {
    let world = World::with_ada();
    let mut session = world.at_otp(ADA);
    world.put_bob();
    session.username = BOBS_NAME.to_owned();
    let reply = session.answer(&world.code());
    assert_eq!(
        reply.reasons(),
        (
            VerifyReason::FlowDisagrees,
            DefineReason::AskedAgain,
            Some(CreateReason::AskedAgain)
        )
    );
    // It counts like any answer, and is not recorded as wrong.
    assert_eq!(session.row().unwrap().attempts.len(), 1);
    assert!(session.row().unwrap().wrong_answers.is_empty());
    session.username = ADAS_NAME.to_owned();
    assert_eq!(session.answer(&world.code()).next(), Next::IssueTokens);
}

#[test]
fn a_rotation_of_keys_during_a_flow_interrupts_no_user() {
    let rotated = || KeyRing::new(key("k2", 2), None, Some(key("k1", 1))).unwrap();
    let others = World::new();
    let session = others.at_otp(BOB);
    let after = others.reconfigured(|world| world.deployment.keys = rotated());
    let mut session = session.moved_to(&after);
    assert_eq!(
        session.answer(&others.code()).define.reason,
        DefineReason::Proved
    );

    let world = World::with_ada();
    let session = world.at_otp(ADA);
    let after = world.reconfigured(|world| world.deployment.keys = rotated());
    let reply = session.moved_to(&after).answer(&world.code());
    assert_eq!(
        reply.reasons(),
        (VerifyReason::Right, DefineReason::TokensIssued, None)
    );
}

#[test]
fn a_code_whose_key_has_left_the_ring_is_wrong() {
    let world = World::with_ada();
    let session = world.at_otp(ADA);
    let after = world.reconfigured(|world| {
        world.deployment.keys = KeyRing::new(key("k3", 3), None, Some(key("k2", 2))).unwrap();
    });
    let reply = session.moved_to(&after).answer(&world.code());
    assert_eq!(
        (reply.verify.reason, reply.next()),
        (VerifyReason::InvalidSession, Next::Fail)
    );
}
