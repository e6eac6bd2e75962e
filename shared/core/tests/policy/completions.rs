//! A proof that answers the first challenge completes the sign-in, once.

use std::time::Duration;

use latchstring_core::account::Account;
use latchstring_core::flow::{
    AppClient, ClientRequest, CreateReason, DefineReason, FlowId, Next, Purpose, State,
    VerifyReason,
};
use latchstring_core::policy::REPLAY_GRACE;
use latchstring_core::ports::{Clock as _, Directory as _, LeaseStore as _};
use latchstring_core::pseudonym::Pseudonym;
use latchstring_core::sealed::Proof;
use latchstring_core::secret::Secret;
use latchstring_core::sign_in::{Cause, SignInError};
use latchstring_testkit::tokens;

use crate::harness::{
    ADA, ADAS_NAME, BOB, Break, Pool, Reply, Session, Strand, World, identifier, interleaved, now,
};
use crate::sign_in::{earned_proof, request, resolver};

/// The request of a completion.
pub(crate) fn completion() -> ClientRequest {
    ClientRequest {
        method: Some("email".to_owned()),
        action: Some("complete".to_owned()),
        ..ClientRequest::default()
    }
}

fn complete(session: &mut Session<'_>, proof: &str) -> Reply {
    now(session.respond(proof, completion()))
}

/// Returns a world in which Ada earned a proof before she got her account, and the proof.
fn with_proof() -> (World, String) {
    let world = World::new();
    let proof = earned_proof(&world, ADA);
    world.put_ada(&[]);
    (world, proof)
}

/// Returns a proof of Ada's address that no flow earned, as a leaked key makes it.
fn unearned_proof(world: &World) -> String {
    let proof = Proof {
        contact: identifier(ADA),
        flow: FlowId::from_bytes([7; 16]),
        made_at: world.clock.now(),
    };
    proof.seal(&world.deployment.keys, &world.app_client, &*world.entropy)
}

fn holder(world: &World, contact: &str) -> Option<Account> {
    now(world.directory.port.find(contact)).unwrap()
}

/// Row 21.
#[test]
fn a_proof_in_answer_to_the_first_challenge_earns_tokens() {
    let (world, proof) = with_proof();
    let sent = world.sent().len();
    let mut session = world.initiate(ADAS_NAME);
    let reply = complete(&mut session, &proof);
    assert_eq!(
        reply.reasons(),
        (VerifyReason::Right, DefineReason::TokensIssued, None)
    );
    let row = session.row().unwrap();
    assert_eq!(row.purpose, Purpose::Claim);
    assert!(matches!(row.state, State::Finished { .. }));
    assert_eq!(world.sent().len(), sent);
}

/// Row 22.
#[test]
fn after_a_wrong_proof_the_challenge_is_the_same() {
    let (world, proof) = with_proof();
    let second = world.reconfigured(|world| world.app_client = AppClient::new("pool", "second"));
    let mut used = world.initiate(ADAS_NAME);
    assert_eq!(complete(&mut used, &proof).next(), Next::IssueTokens);
    for (wrong, reason) in [
        (proof.clone(), VerifyReason::ProofRedeemed),
        (world.proof(BOB), VerifyReason::ProofOfAnother),
        (second.proof(ADA), VerifyReason::ProofForged),
        (unearned_proof(&world), VerifyReason::ProofForged),
        (
            world.ticket_for(Purpose::Claim, ADA),
            VerifyReason::ProofForged,
        ),
        (String::new(), VerifyReason::ProofForged),
    ] {
        let mut session = world.initiate(ADAS_NAME);
        let reply = complete(&mut session, &wrong);
        assert_eq!(
            reply.reasons(),
            (
                reason,
                DefineReason::AskedAgain,
                Some(CreateReason::AskedAgain)
            )
        );
        assert_eq!((session.step(), session.row()), ("select", None));
    }
    let (world, proof) = with_proof();
    world.after_millis(180_001);
    let mut session = world.initiate(ADAS_NAME);
    let reply = complete(&mut session, &proof);
    assert_eq!(reply.verify.reason, VerifyReason::ProofStale);
}

#[test]
fn a_proof_is_kept_for_an_account_that_is_not_visible_yet() {
    let (world, proof) = with_proof();
    world.delete_ada();
    let mut session = world.initiate(ADAS_NAME);
    let reply = complete(&mut session, &proof);
    assert_eq!(reply.verify.reason, VerifyReason::ProofOfAnother);
    world.put_ada(&[("email_verified", "false")]);
    let mut session = world.initiate(ADAS_NAME);
    let reply = complete(&mut session, &proof);
    assert_eq!(reply.verify.reason, VerifyReason::ProofOfAnother);
    world.put_ada(&[]);
    let mut session = world.initiate(ADAS_NAME);
    assert_eq!(complete(&mut session, &proof).next(), Next::IssueTokens);
}

#[test]
fn a_completed_sign_in_repeats_for_15_seconds() {
    for (after, next) in [
        (REPLAY_GRACE, Next::IssueTokens),
        (REPLAY_GRACE + Duration::from_millis(1), Next::Challenge),
    ] {
        let (world, proof) = with_proof();
        let session = world.initiate(ADAS_NAME);
        let mut replayed = session.clone();
        assert_eq!(
            complete(&mut session.clone(), &proof).next(),
            Next::IssueTokens
        );
        world.clock.advance(after);
        assert_eq!(complete(&mut replayed, &proof).next(), next, "{after:?}");
        let event = {
            let mut passed = session.clone();
            complete(&mut passed, &proof);
            let mut event = passed.session_event(completion());
            event.rounds.last_mut().unwrap().passed = true;
            event
        };
        let define = now(world.define(&event)).decision;
        let expected = if next == Next::IssueTokens {
            Next::IssueTokens
        } else {
            Next::Fail
        };
        assert_eq!(define, expected);
    }
}

#[test]
fn no_tokens_if_the_account_changed_after_the_verdict() {
    let (world, proof) = with_proof();
    let mut session = world.initiate(ADAS_NAME);
    complete(&mut session, &proof);
    let event = session.session_event(completion());
    for change in [("email_verified", "false"), ("sub", "sub-of-another-user")] {
        world.put_ada(&[change]);
        assert_eq!(now(world.define(&event)).decision, Next::Fail, "{change:?}");
    }
    world.put_ada(&[]);
    world.disable_ada();
    assert_eq!(now(world.define(&event)).decision, Next::Fail);
}

/// Only the row of a claim, written by Verify, leads from the first challenge to tokens.
#[test]
fn no_other_row_completes_a_sign_in() {
    let world = World::with_ada();
    let first = world.initiate(ADAS_NAME);
    let mut otp = first.clone();
    otp.choose(&world.ticket(ADA));
    // The code is right, and Define does not answer: the row stays matched.
    world.wire.will_break([(4, Break::Before)]);
    otp.answer(&world.code());
    assert!(matches!(otp.row().unwrap().state, State::Matched { .. }));
    let mut event = first.session_event(completion());
    event.rounds = otp.session_event(completion()).rounds;
    event.rounds.truncate(1);
    assert!(event.rounds[0].passed);
    let define = now(world.define(&event));
    assert_eq!(
        (define.decision, define.reason),
        (Next::Fail, DefineReason::FlowDisagrees)
    );
    // Nor can a proof complete a session whose flow has a row.
    let proof = world.proof(ADA);
    let reply = complete(&mut first.clone(), &proof);
    assert_eq!(reply.verify.reason, VerifyReason::FlowOver);
    assert_eq!(reply.next(), Next::Challenge);
}

#[test]
fn a_completion_redeems_no_ticket_and_sends_nothing() {
    let world = World::with_ada();
    let ticket = world.ticket(ADA);
    let with_ticket = ClientRequest {
        ticket: Some(Secret::new(ticket.clone())),
        ..completion()
    };
    for answer in [String::new(), ticket.clone(), world.proof(BOB)] {
        let mut session = world.initiate(ADAS_NAME);
        now(session.respond(&answer, with_ticket.clone()));
        assert_eq!((session.step(), session.row()), ("select", None));
    }
    let mut session = world.initiate(ADAS_NAME);
    let right = now(session.respond(&world.proof(ADA), with_ticket));
    assert_eq!(right.next(), Next::IssueTokens);
    assert!(world.sent().is_empty());
    let mut session = world.initiate(ADAS_NAME);
    session.choose(&ticket);
    assert_eq!((session.step(), world.sent().len()), ("otp", 1));
}

#[test]
fn after_any_lost_call_the_same_proof_completes() {
    // Verify: flow, redeem, open_flow. Define: finish, find.
    let calls = ["flow", "redeem", "open_flow", "finish", "find"];
    for (number, call) in calls.into_iter().enumerate() {
        for broken in [Break::Before, Break::After, Break::Throttled] {
            let (world, proof) = with_proof();
            let mut session = world.initiate(ADAS_NAME);
            world.wire.will_break([(number, broken)]);
            let reply = complete(&mut session, &proof);
            assert_eq!(world.wire.calls()[number], call);
            assert_eq!(reply.next(), Next::Challenge, "{call} {broken:?}");
            assert_eq!(session.step(), "select");
            let again = complete(&mut session, &proof);
            assert_eq!(again.next(), Next::IssueTokens, "{call} {broken:?}");
        }
    }
}

#[test]
fn sign_in_with_a_proof_returns_tokens_where_the_caller_asks() {
    for unseen_for in [0, 2] {
        let world = World::new();
        let proof = Secret::new(earned_proof(&world, ADA));
        let pool = Pool::of(&world).slow(unseen_for);
        let asked = request(ADA, None);
        let signed_in = now(resolver(&world, &pool).tokens(&asked, &proof)).unwrap();
        assert_eq!(signed_in.tokens, tokens());
        let account = holder(&world, ADA).expect("an account");
        assert_eq!(signed_in.username.expose(), account.username);
        let again = now(resolver(&world, &pool).tokens(&asked, &proof));
        assert_eq!(again, Err(SignInError::InvalidProof));
    }
}

#[test]
fn an_account_that_stays_unseen_leaves_its_proof_unused() {
    let world = World::new();
    let proof = Secret::new(earned_proof(&world, ADA));
    let asked = request(ADA, None);
    let unseen = Pool::of(&world).slow(100);
    let failed = now(resolver(&world, &unseen).tokens(&asked, &proof));
    assert_eq!(
        failed,
        Err(SignInError::Unavailable(Cause::AccountNotFound))
    );
    let pool = Pool::of(&world);
    assert!(now(resolver(&world, &pool).tokens(&asked, &proof)).is_ok());
}

#[test]
fn a_wrong_proof_makes_no_account_and_frees_the_identifier() {
    let world = World::new();
    let unearned = Secret::new(unearned_proof(&world));
    let pool = Pool::of(&world);
    for (typed, proof) in [(ADA, &unearned), (BOB, &unearned)] {
        let refused = now(resolver(&world, &pool).tokens(&request(typed, None), proof));
        assert_eq!(refused, Err(SignInError::InvalidProof));
        assert_eq!(holder(&world, typed), None);
    }
    let started = world.clock.now();
    let proof = Secret::new(earned_proof(&world, ADA));
    now(resolver(&world, &pool).tokens(&request(ADA, None), &proof)).unwrap();
    assert_eq!(world.clock.now(), started, "no wait for a lease");
}

/// The lease of an identifier is for its first account alone.
#[test]
fn a_held_lease_delays_no_owner_of_an_account() {
    let (world, proof) = with_proof();
    let on = Pseudonym::of_identifier(&world.deployment.keys, &identifier(ADA));
    let (stranger, started) = (Pseudonym::random([7; 16]), world.clock.now());
    let until = started.plus(Duration::from_secs(30));
    let leasing = world.store.port.lease(on, stranger, started, until);
    assert_eq!(now(leasing), Ok(true));
    let pool = Pool::of(&world);
    let asked = request(ADA, None);
    now(resolver(&world, &pool).tokens(&asked, &Secret::new(proof))).unwrap();
    assert_eq!(world.clock.now(), started);
    let legacy = Pool::legacy(&world);
    let mut sign_in = resolver(&world, &legacy);
    sign_in.legacy_pool = true;
    now(sign_in.ticket(&asked)).unwrap();
    assert_eq!(world.clock.now(), started);
}

/// A request whose proof another one redeemed opens no further session.
#[test]
fn completions_at_once_open_one_session_each() {
    let (world, proof) = with_proof();
    let pool = Pool::of(&world);
    let (asked, proof) = (request(ADA, None), Secret::new(proof));
    let sign_in = resolver(&world, &pool);
    world.wire.clear();
    world.wire.take_turns();
    let strands = (0..4)
        .map(|_| -> Strand<'_, _> { Box::pin(sign_in.tokens(&asked, &proof)) })
        .collect();
    let ended = interleaved(7, strands);
    let signed_in = ended.iter().filter(|it| it.is_ok()).count();
    let refused = ended
        .iter()
        .filter(|it| **it == Err(SignInError::InvalidProof));
    assert_eq!((signed_in, refused.count()), (1, 3));
    let calls = world.wire.calls();
    let count = |name: &str| calls.iter().filter(|call| **call == name).count();
    assert_eq!(count("initiate"), 4);
    assert!(count("respond") <= 1 + 3 * 4);
}

/// A proof that was redeemed by a session is answered there again, and not in another one.
#[test]
fn a_completion_outlives_an_account_that_is_not_read() {
    // Resolver: flow, is_redeemed, lease, find, release, initiate, respond. Triggers: flow, redeem,
    // open_flow, finish, find, undo_finish; then again respond, flow, redeem, open_flow, finish, find.
    for unread in [vec![11], vec![11, 19]] {
        let (world, proof) = with_proof();
        let pool = Pool::of(&world);
        let (asked, proof) = (request(ADA, None), Secret::new(proof));
        let broken = unread.iter().map(|number| (*number, Break::Throttled));
        world.wire.will_break(broken);
        now(resolver(&world, &pool).tokens(&asked, &proof)).unwrap();
        let calls = world.wire.calls();
        for number in unread {
            assert_eq!(calls[number], "find", "{calls:?}");
        }
    }
}
