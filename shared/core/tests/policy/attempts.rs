//! The attempts of a flow are a set of distinct answers. One conditional write extends it before
//! the verdict counts. A repeated answer gets the same verdict and costs nothing.

use latchstring_core::flow::{ClientRequest, CreateReason, DefineReason, Next, VerifyReason};

use crate::harness::{ADA, BOB, Break, Strand, World, interleaved};

#[test]
fn the_same_wrong_answer_again_costs_nothing() {
    let world = World::with_ada();
    let mut session = world.at_otp(ADA);
    let wrong = world.wrong_code();
    for _ in 0..6 {
        assert_eq!(
            session.answer(&wrong).verify.reason,
            VerifyReason::WrongAnswer
        );
        assert_eq!(session.number("attemptsLeft"), 2);
    }
    assert_eq!(session.answer(&world.code()).next(), Next::IssueTokens);
}

#[test]
fn the_last_attempt_may_be_the_right_one() {
    let world = World::with_ada();
    let mut session = world.at_otp(ADA);
    for wrong in world.wrong_codes().take(2) {
        session.answer(&wrong);
    }
    assert_eq!(session.answer(&world.code()).next(), Next::IssueTokens);
}

#[test]
fn the_right_answer_after_the_last_attempt_is_wrong() {
    let world = World::with_ada();
    let session = world.at_otp(ADA);
    for wrong in world.wrong_codes().take(3) {
        session.clone().answer(&wrong);
    }
    let reply = session.clone().answer(&world.code());
    assert_eq!(
        reply.reasons(),
        (
            VerifyReason::NoAttemptLeft,
            DefineReason::NoAttemptLeft,
            None
        )
    );
    let row = session.row().unwrap();
    assert_eq!(row.attempts.len(), 3);
}

#[test]
fn the_last_wrong_answer_again_gets_the_same_verdict() {
    let world = World::with_ada();
    let session = world.at_otp(ADA);
    let wrong: Vec<_> = world.wrong_codes().take(3).collect();
    for answer in wrong.iter().chain(&wrong) {
        let reply = session.clone().answer(answer);
        assert_eq!(reply.verify.reason, VerifyReason::WrongAnswer);
    }
    assert_eq!(session.row().unwrap().attempts.len(), 3);
}

#[test]
fn a_right_last_attempt_with_a_lost_verdict_passes_again() {
    let world = World::with_ada();
    let mut session = world.at_otp(ADA);
    for wrong in world.wrong_codes().take(2) {
        session.answer(&wrong);
    }
    // Verify: attempt, charge, charge, verdict.
    world.wire.will_break([(3, Break::After)]);
    let reply = session.answer(&world.code());
    assert_eq!(
        reply.reasons(),
        (
            VerifyReason::PortError,
            DefineReason::AskedAgain,
            Some(CreateReason::AskedAgain)
        )
    );
    let again = session.answer(&world.code());
    assert_eq!(
        again.reasons(),
        (VerifyReason::RightAgain, DefineReason::TokensIssued, None)
    );
}

#[test]
fn as_many_attempts_as_configured_are_verified() {
    for attempts in 1..=5 {
        let world =
            World::with_ada().reconfigured(|world| world.deployment.policy.attempts = attempts);
        let session = world.at_otp(ADA);
        let reasons: Vec<_> = world
            .wrong_codes()
            .take(8)
            .map(|wrong| session.clone().answer(&wrong).verify.reason)
            .collect();
        let verified = usize::from(attempts);
        assert!(
            reasons[..verified]
                .iter()
                .all(|reason| *reason == VerifyReason::WrongAnswer)
        );
        assert!(
            reasons[verified..]
                .iter()
                .all(|reason| *reason == VerifyReason::NoAttemptLeft)
        );
    }
}

#[test]
fn after_tokens_the_right_answer_passes_for_15_seconds_only() {
    let world = World::with_ada();
    let session = world.at_otp(ADA);
    let code = world.code();
    assert_eq!(session.clone().answer(&code).next(), Next::IssueTokens);
    world.after_secs(15);
    let again = session.clone().answer(&code);
    assert_eq!(
        again.reasons(),
        (VerifyReason::RightAgain, DefineReason::TokensIssued, None)
    );
    world.after_millis(1);
    for _ in 0..3 {
        let reply = session.clone().answer(&code);
        assert!(!reply.is_right());
        assert_ne!(reply.next(), Next::IssueTokens);
        world.after_secs(60);
    }
}

#[test]
fn before_tokens_the_right_answer_passes_until_the_code_expires() {
    for (millis, right) in [(299_999, true), (300_000, false)] {
        let world = World::with_ada();
        let mut session = matched(&world);
        world.after_millis(millis);
        assert_eq!(session.answer(&world.code()).is_right(), right, "{millis}");
    }
}

#[test]
fn a_right_answer_just_before_expiry_repeats_for_15_seconds() {
    for (millis, right) in [(15_000, true), (15_001, false)] {
        let world = World::with_ada();
        let mut session = world.at_otp(ADA);
        world.after_millis(299_999);
        lose_define(&world);
        session.answer(&world.code());
        world.after_millis(millis);
        assert_eq!(session.answer(&world.code()).is_right(), right, "{millis}");
    }
}

/// The row is finished while the account is read, and matched again if it cannot be read.
#[test]
fn after_an_unread_account_the_answer_passes_until_expiry() {
    // Verify: attempt, charge, charge, verdict. Define: finish, find, undo_finish.
    let [unread, lost] = [(5, Break::Before), (6, Break::Before)];
    for (broken, millis, tokens) in [
        (vec![unread], 299_999, true),
        (vec![unread], 300_000, false),
        (vec![unread, lost], 15_000, true),
        (vec![unread, lost], 15_001, false),
    ] {
        let world = World::with_ada();
        let mut session = world.at_otp(ADA);
        world.wire.will_break(broken);
        let reply = session.answer(&world.code());
        assert_eq!(reply.define.reason, DefineReason::PortError);
        world.after_millis(millis);
        let issued = session.answer(&world.code()).next() == Next::IssueTokens;
        assert_eq!(issued, tokens, "{millis}");
    }
}

#[test]
fn no_other_answer_passes_after_the_match() {
    let world = World::with_ada();
    let session = matched(&world);
    for wrong in world.wrong_codes().take(5) {
        let reply = session.clone().answer(&wrong);
        assert_eq!(reply.verify.reason, VerifyReason::FlowOver);
        assert!(!reply.is_right());
    }
    assert_eq!(
        session.clone().answer(&world.code()).next(),
        Next::IssueTokens
    );
}

#[test]
fn answers_in_parallel_cannot_pass_the_limit() {
    for seed in 0..200 {
        let world = World::with_ada();
        let session = world.at_otp(ADA);
        world.wire.take_turns();
        let guesses = world.wrong_codes().take(12);
        let reasons = verified_in_parallel(seed, &session, guesses);
        let verified = reasons
            .iter()
            .filter(|reason| **reason == VerifyReason::WrongAnswer)
            .count();
        let refused = reasons
            .iter()
            .filter(|reason| **reason == VerifyReason::NoAttemptLeft)
            .count();
        assert_eq!((verified, refused), (3, 9), "order {seed}");
        assert_eq!(session.row().unwrap().attempts.len(), 3);
    }
}

#[test]
fn of_parallel_guesses_the_right_one_counts_within_the_limit() {
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..200 {
        let world = World::with_ada();
        let session = world.at_otp(ADA);
        world.wire.take_turns();
        let guesses = world.wrong_codes().take(4).chain([world.code()]);
        let reasons = verified_in_parallel(seed, &session, guesses);
        let verified = reasons
            .iter()
            .filter(|reason| **reason == VerifyReason::WrongAnswer)
            .count();
        match reasons.last().unwrap() {
            VerifyReason::Right => assert!(verified <= 2, "order {seed}"),
            VerifyReason::NoAttemptLeft => assert_eq!(verified, 3, "order {seed}"),
            reason => panic!("{reason:?} in order {seed}"),
        }
        seen.insert(format!("{:?}", reasons.last().unwrap()));
        assert!(session.row().unwrap().attempts.len() <= 3);
    }
    assert_eq!(seen.len(), 2, "both happen");
}

#[test]
fn the_right_answer_many_times_in_parallel_is_right_every_time() {
    for (seed, name) in (0..100).zip([ADA, BOB].into_iter().cycle()) {
        let world = World::with_ada();
        let session = world.at_otp(name);
        world.wire.take_turns();
        let reasons = verified_in_parallel(seed, &session, std::iter::repeat_n(world.code(), 4));
        assert_eq!(
            reasons
                .iter()
                .filter(|reason| **reason == VerifyReason::Right)
                .count(),
            1
        );
        assert_eq!(
            reasons
                .iter()
                .filter(|reason| **reason == VerifyReason::RightAgain)
                .count(),
            3
        );
    }
}

/// Verifies several answers to one challenge in parallel.
fn verified_in_parallel(
    seed: u64,
    session: &crate::harness::Session<'_>,
    answers: impl Iterator<Item = String>,
) -> Vec<VerifyReason> {
    let responses: Vec<_> = answers
        .map(|answer| session.answer_event(&answer, ClientRequest::default()))
        .collect();
    let strands = responses
        .iter()
        .map(|response| -> Strand<'_, VerifyReason> {
            Box::pin(async { session.world.verify(response).await.reason })
        })
        .collect();
    interleaved(seed, strands)
}

/// Returns a session whose right answer was recorded and whose Define then failed to read the row.
fn matched(world: &World) -> crate::harness::Session<'_> {
    let mut session = world.at_otp(ADA);
    lose_define(world);
    let reply = session.answer(&world.code());
    assert_eq!(
        reply.reasons(),
        (
            VerifyReason::Right,
            DefineReason::PortError,
            Some(CreateReason::AskedAgain)
        )
    );
    session
}

/// Loses the fifth port call of the next answer, `finish`; the first four are Verify's.
fn lose_define(world: &World) {
    world.wire.will_break([(4, Break::Before)]);
}
