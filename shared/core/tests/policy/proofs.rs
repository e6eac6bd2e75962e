//! A proof is valid for one identifier, one app client, one flow and three minutes.

use latchstring_core::flow::{AppClient, CreateReason, DefineReason, Next, Purpose, VerifyReason};

use crate::harness::{ADA, ADAS_NAME, BOB, NUMBER, World};

/// Returns a world in which Ada earned a proof before she got her account, and the proof.
fn with_proof() -> (World, String) {
    let world = World::new();
    let mut session = world.at_otp(ADA);
    session.answer(&world.code());
    let proof = session.public["proof"].clone();
    world.put_ada(&[]);
    (world, proof)
}

#[test]
fn a_proof_answers_the_challenge_of_a_claim() {
    let (world, proof) = with_proof();
    let reply = world.at_claim().answer(&proof);
    assert_eq!(
        reply.reasons(),
        (VerifyReason::Right, DefineReason::TokensIssued, None)
    );
    assert_eq!(world.sent().len(), 1);
}

#[test]
fn a_proof_that_another_flow_redeemed_is_wrong() {
    let (world, proof) = with_proof();
    world.at_claim().answer(&proof);
    let reply = world.at_claim().answer(&proof);
    assert_eq!(reply.verify.reason, VerifyReason::ProofRedeemed);
    assert!(!reply.is_right());
}

#[test]
fn copies_of_a_proof_are_redeemed_as_one() {
    let world = World::new().reconfigured(|world| world.invocations = 2);
    let session = world.at_otp(ADA);
    let copies = [(); 2].map(|()| {
        let mut session = session.clone();
        session.answer(&world.code());
        session.public["proof"].clone()
    });
    assert_ne!(copies[0], copies[1], "sealed again");
    world.put_ada(&[]);
    assert_eq!(
        world.at_claim().answer(&copies[0]).next(),
        Next::IssueTokens
    );
    assert_eq!(
        world.at_claim().answer(&copies[1]).verify.reason,
        VerifyReason::ProofRedeemed
    );
}

#[test]
fn a_proof_of_another_value_is_wrong() {
    let (world, _) = with_proof();
    for other in [BOB, NUMBER] {
        let reply = world.at_claim().answer(&world.proof(other));
        assert_eq!(reply.verify.reason, VerifyReason::ProofOfAnother);
        assert!(!reply.is_right());
    }
}

#[test]
fn a_proof_of_another_client_is_wrong() {
    let (world, _) = with_proof();
    let second = world.reconfigured(|world| world.app_client = AppClient::new("pool", "second"));
    let reply = world.at_claim().answer(&second.proof(ADA));
    assert_eq!(reply.verify.reason, VerifyReason::ProofForged);
}

#[test]
fn a_proof_expires_after_three_minutes() {
    for (millis, reason) in [
        (180_000, VerifyReason::Right),
        (180_001, VerifyReason::ProofStale),
    ] {
        let (world, proof) = with_proof();
        world.after_millis(millis);
        assert_eq!(
            world.at_claim().answer(&proof).verify.reason,
            reason,
            "{millis}"
        );
    }
}

#[test]
fn a_ticket_is_not_a_proof_and_a_proof_is_not_a_ticket() {
    let (world, proof) = with_proof();
    let ticket = world.ticket_for(Purpose::Claim, ADA);
    assert_eq!(
        world.at_claim().answer(&ticket).verify.reason,
        VerifyReason::ProofForged
    );
    let mut session = world.initiate(ADAS_NAME);
    assert_eq!(
        session.choose(&proof).reasons().2,
        Some(CreateReason::TicketForged)
    );
}

#[test]
fn a_wrong_proof_is_not_redeemed() {
    let (world, proof) = with_proof();
    let mut session = world.at_claim();
    world.put_ada(&[("email_verified", "false")]);
    assert_eq!(
        session.answer(&proof).verify.reason,
        VerifyReason::ProofOfAnother
    );
    world.put_ada(&[]);
    assert_eq!(world.at_claim().answer(&proof).next(), Next::IssueTokens);
}

#[test]
fn a_proof_for_a_code_challenge_is_wrong() {
    let (world, proof) = with_proof();
    let mut session = world.at_otp(ADA);
    assert_eq!(
        session.answer(&proof).verify.reason,
        VerifyReason::WrongAnswer
    );
}

#[test]
fn a_code_for_a_claim_challenge_is_wrong() {
    let (world, _) = with_proof();
    let mut session = world.at_claim();
    assert_eq!(
        session.answer(&world.code()).verify.reason,
        VerifyReason::ProofForged
    );
}

/// Row 18.
#[test]
fn a_foreign_session_does_not_redeem_the_ticket_of_a_claim() {
    let (world, proof) = with_proof();
    let ticket = world.ticket_for(Purpose::Claim, ADA);
    let mut unknown = world.initiate(BOB);
    let reply = unknown.choose(&ticket);
    assert_eq!(reply.reasons().2, Some(CreateReason::NotTheHolder));
    assert_eq!((unknown.step(), unknown.row()), ("otp", None));
    let mut session = world.initiate(ADAS_NAME);
    session.choose(&ticket);
    assert_eq!(session.step(), "claim");
    assert_eq!(session.answer(&proof).next(), Next::IssueTokens);
}

#[test]
fn a_proof_can_be_fetched_again_for_15_seconds() {
    for (millis, handed_out) in [(15_000, true), (15_001, false)] {
        let world = World::new();
        let session = world.at_otp(ADA);
        session.clone().answer(&world.code());
        world.after_millis(millis);
        let mut again = session.clone();
        again.answer(&world.code());
        assert_eq!(again.public.contains_key("proof"), handed_out, "{millis}");
    }
}
