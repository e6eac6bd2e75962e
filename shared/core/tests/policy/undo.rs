//! The owner of a replaced contact undoes the change, and no other caller does.

use std::time::Duration;

use latchstring_core::account::{Names, Sub};
use latchstring_core::contact::{ContactError, ContactMessage, PendingState};
use latchstring_core::flow::{
    ClientRequest, CreateReason, DefineReason, Next, Purpose, VerifyReason,
};
use latchstring_core::identifier::Method;
use latchstring_core::keys::KeyRing;
use latchstring_core::ports::{Clock as _, ContactWrite, Directory as _, UndoStore as _};
use latchstring_core::secret::Secret;
use latchstring_core::sign_in::{Cause, SignInError, TokensPayload};
use latchstring_core::undo::Undo;
use latchstring_testkit::tokens;

use crate::contacts::resolver as account;
use crate::contacts::{Tokens, change, holds, identity, last_code, pending};
use crate::harness::{
    ADA, ADAS_NAME, BOB, BOBS_NAME, Break, NUMBER, Pool, Reply, Session, World, identifier, key,
    now,
};
use crate::sign_in::{earned_proof, request, resolver};

/// The contact that replaces [`ADA`].
pub(crate) const NEW: &str = "ada@example.org";

/// The request of an undo.
pub(crate) fn undoing() -> ClientRequest {
    ClientRequest {
        method: Some("email".to_owned()),
        ticket: None,
        link_secret: None,
        action: Some("undo".to_owned()),
    }
}

fn answer(session: &mut Session<'_>, proof: &str) -> Reply {
    now(session.respond(proof, undoing()))
}

/// Replaces [`ADA`] by [`NEW`] on Ada's account.
pub(crate) fn replace(world: &World) {
    let mut session = change(world, ADAS_NAME, NEW);
    let reply = session.answer(&last_code(world));
    assert_eq!(reply.next(), Next::IssueTokens, "{:?}", reply.reasons());
    assert!(holds(world, ADAS_NAME, NEW));
}

/// Returns a world in which [`ADA`] was replaced, and a proof of it.
pub(crate) fn replaced() -> (World, String) {
    let world = World::with_ada();
    replace(&world);
    let proof = earned_proof(&world, ADA);
    (world, proof)
}

/// Returns the number of a call of Define that changes a contact, from the answer on.
pub(crate) fn call_of_a_change(name: &str) -> usize {
    let world = World::with_ada();
    let mut session = change(&world, ADAS_NAME, NEW);
    let code = last_code(&world);
    world.wire.clear();
    session.answer(&code);
    let calls = world.wire.calls();
    calls.iter().position(|call| *call == name).unwrap()
}

fn undo(world: &World, typed: &str, proof: &str) -> Result<TokensPayload, SignInError> {
    let pool = Pool::of(world);
    let proof = Secret::new(proof);
    now(resolver(world, &pool).undo_contact_change(&request(typed, None), &proof))
}

fn change_to(world: &World, to: &str) -> Result<(), ContactError> {
    let pool = Pool::of(world);
    let tokens = Tokens(world);
    let asking = identity(world, ADAS_NAME);
    let changing = account(&pool, &tokens);
    now(changing.change_contact(&asking, &identifier(to), ContactMessage::default(), None))
        .map(|_| ())
}

fn record(world: &World) -> Option<Undo> {
    now(world.store.port.undo(&Sub::new("sub-of-ada"))).unwrap()
}

fn is_held(result: &Result<(), ContactError>) -> bool {
    matches!(result, Err(ContactError::ChangeHeld { .. }))
}

#[test]
fn the_owner_of_a_replaced_contact_gets_the_account_back() {
    let world = World::with_ada();
    world.put_ada(&[("phone_number", NUMBER), ("phone_number_verified", "true")]);
    replace(&world);
    let proof = earned_proof(&world, ADA);
    let signed_in = undo(&world, ADA, &proof).unwrap();
    assert_eq!(signed_in.tokens, tokens());
    assert_eq!(signed_in.username.expose(), ADAS_NAME);
    assert!(holds(&world, ADAS_NAME, ADA) && !holds(&world, ADAS_NAME, NEW));
    assert!(holds(&world, ADAS_NAME, NUMBER));
    assert_eq!(world.directory.port.sign_outs(ADAS_NAME), 2);
    assert_eq!(world.notified(), [ADA, NUMBER]);
    assert!(
        world.notices()[1].contains("was restored"),
        "{:?}",
        world.notices()
    );
    let signed_in = world.at_otp(ADA).answer(&last_code(&world));
    assert_eq!(signed_in.next(), Next::IssueTokens);
}

/// Row 25: the change is undone.
/// Row 26: and then there are tokens.
#[test]
fn tokens_come_a_second_after_the_sign_out() {
    let (world, proof) = replaced();
    let mut session = world.initiate(ADAS_NAME);
    let reply = answer(&mut session, &proof);
    assert_eq!(
        reply.reasons(),
        (
            VerifyReason::Right,
            DefineReason::ChangeUndone,
            Some(CreateReason::AskedAgain)
        )
    );
    assert_eq!(
        session.row().unwrap().purpose,
        Purpose::Undo(record(&world).unwrap().id)
    );
    world.after_millis(999);
    let reply = answer(&mut session, &proof);
    assert_eq!(
        reply.reasons(),
        (
            VerifyReason::RightAgain,
            DefineReason::AskedAgain,
            Some(CreateReason::AskedAgain)
        )
    );
    world.after_millis(1);
    let reply = answer(&mut session, &proof);
    assert_eq!(
        reply.reasons(),
        (VerifyReason::RightAgain, DefineReason::TokensIssued, None)
    );
    assert_eq!(world.directory.port.sign_outs(ADAS_NAME), 2, "once each");
}

#[test]
fn a_changed_account_is_held_for_both_methods() {
    let world = World::with_ada();
    replace(&world);
    world.wire.clear();
    for (to, waited, left) in [(BOB, 0, 72), (NUMBER, 3600, 71)] {
        world.after_secs(waited);
        let refused = change_to(&world, to).unwrap_err();
        assert_eq!(refused.error_type(), "ChangeHeld");
        let text = refused.to_string();
        assert!(text.contains(&format!("in {left} hours")), "{text}");
    }
    let pool = Pool::of(&world);
    let tokens = Tokens(&world);
    let names = Names::parse("Ada", "Lovelace").unwrap();
    let asking = identity(&world, ADAS_NAME);
    let number = identifier(NUMBER);
    let changing = account(&pool, &tokens);
    let signing_up = changing.sign_up(&asking, &names, &number, ContactMessage::default(), None);
    assert!(matches!(
        now(signing_up),
        Err(ContactError::ChangeHeld { .. })
    ));
    assert_eq!(
        world.wire.calls(),
        ["get_user", "undo"].repeat(3),
        "nothing is charged"
    );
    now(account(&pool, &tokens).update_names(&asking, &names)).unwrap();
    world.after_secs(71 * 3600);
    assert_eq!(change_to(&world, NUMBER), Ok(()));
}

#[test]
fn a_request_from_before_a_change_is_refused_for_good() {
    for pending_hours in [1, 24] {
        let mut world = World::with_ada();
        let policy = &mut world.deployment.policy;
        policy.undo_life = Duration::from_secs(3600);
        policy.pending_life = Duration::from_secs(pending_hours * 3600);
        policy.code_life = Duration::from_secs(2 * 3600);
        let world = world;
        let mut prepared = change(&world, ADAS_NAME, NUMBER);
        let code = last_code(&world);
        let mut by_copy = prepared.clone();
        world.after_secs(1);
        replace(&world);
        world.wire.clear();
        let reply = prepared.answer(&code);
        assert_eq!(
            (reply.next(), reply.define.reason),
            (Next::Fail, DefineReason::ChangeHeld)
        );
        // Otherwise it could be in the way of the undo.
        let calls = world.wire.calls();
        assert!(!calls.contains(&"lease"), "{calls:?}");
        world.after_secs(3600);
        let reply = by_copy.answer(&code);
        assert_eq!(reply.next(), Next::Fail, "{:?}", reply.reasons());
        assert!(!holds(&world, ADAS_NAME, NUMBER));
        assert_eq!(change_to(&world, NUMBER), Ok(()));
    }
}

#[test]
fn a_request_is_not_resumed_while_the_account_is_held() {
    let world = World::with_ada();
    let prepared = change(&world, ADAS_NAME, NUMBER);
    let secret = Secret::new(&*prepared.public["resume"]);
    let resume = || {
        let pool = Pool::of(&world);
        let tokens = Tokens(&world);
        let asking = identity(&world, ADAS_NAME);
        let resuming = account(&pool, &tokens);
        now(resuming.resume_contact(&asking, &identifier(NUMBER), &secret, None)).map(|_| ())
    };
    assert_eq!(resume(), Ok(()));
    replace(&world);
    world.wire.clear();
    assert!(is_held(&resume()));
    assert_eq!(
        world.wire.calls(),
        ["get_user", "undo"],
        "nothing is opened"
    );
}

#[test]
fn a_request_from_before_an_undo_is_refused_for_good() {
    let world = World::with_ada();
    let mut prepared = change(&world, ADAS_NAME, NUMBER);
    let code = last_code(&world);
    replace(&world);
    let proof = earned_proof(&world, ADA);
    undo(&world, ADA, &proof).unwrap();
    assert!(is_held(&change_to(&world, NUMBER)), "for a minute");
    world.after_secs(61);
    let reply = prepared.answer(&code);
    assert_eq!(reply.define.reason, DefineReason::ChangeHeld);
    assert!(!holds(&world, ADAS_NAME, NUMBER));
    let mut session = change(&world, ADAS_NAME, NUMBER);
    assert_eq!(session.answer(&last_code(&world)).next(), Next::IssueTokens);
}

/// A request may check its token before the sign-out, and write its pending contact after the undo.
#[test]
fn a_request_that_overlaps_an_undo_is_refused() {
    for (waited, next) in [(59, Next::Fail), (61, Next::IssueTokens)] {
        let (world, proof) = replaced();
        undo(&world, ADA, &proof).unwrap();
        let closed = record(&world).unwrap().closed_at.unwrap();
        let waited = Duration::from_secs(waited);
        world
            .clock
            .advance(waited.saturating_sub(world.clock.now().since(closed)));
        // The resolver of the request read the store before the change.
        let unaware = World::with_ada().reconfigured(|other| {
            let store = other.store.clone();
            *other = world.clone();
            other.store = store;
        });
        let pool = Pool::of(&unaware);
        let tokens = Tokens(&unaware);
        let asking = identity(&world, ADAS_NAME);
        let changing = account(&pool, &tokens);
        let opened = now(changing.change_contact(
            &asking,
            &identifier(NUMBER),
            ContactMessage::default(),
            None,
        ));
        let mut session = pool.session(&opened.unwrap().session).moved_to(&world);
        copy_flow(&unaware, &world, &session);
        let reply = session.answer(&last_code(&world));
        assert_eq!(reply.next(), next, "{:?}", reply.reasons());
        assert_eq!(holds(&world, ADAS_NAME, NUMBER), next == Next::IssueTokens);
    }
}

/// Copies the flow of a session and the pending contact from one store to another.
fn copy_flow(from: &World, to: &World, session: &Session<'_>) {
    use latchstring_core::ports::{FlowStore as _, PendingStore as _};

    let flow = now(from.store.port.flow(session.challenge().flow))
        .unwrap()
        .unwrap();
    now(to.store.port.open_flow(&flow)).unwrap();
    let sub = Sub::new("sub-of-ada");
    let pending = now(from.store.port.pending(&sub, Method::PhoneNumber)).unwrap();
    now(to.store.port.put_pending(&pending.unwrap())).unwrap();
}

#[test]
fn only_the_replaced_contact_undoes_its_change() {
    let (world, proof) = replaced();
    let bobs = earned_proof(&world, BOB);
    for (typed, proof, error) in [
        (ADA, &bobs, SignInError::InvalidProof),
        (BOB, &proof, SignInError::InvalidProof),
        (BOB, &bobs, SignInError::NothingToUndo),
        (NEW, &world.proof(NEW), SignInError::NothingToUndo),
    ] {
        assert_eq!(undo(&world, typed, proof), Err(error), "{typed}");
    }
    let mut session = world.initiate(ADAS_NAME);
    for proof in [&bobs, &world.proof(NEW)] {
        let reply = answer(&mut session, proof);
        assert_eq!(
            reply.reasons(),
            (
                VerifyReason::ProofOfAnother,
                DefineReason::AskedAgain,
                Some(CreateReason::AskedAgain)
            )
        );
    }
    let mut completing = world.initiate(ADAS_NAME);
    let reply = now(completing.respond(&proof, crate::completions::completion()));
    assert_eq!(reply.verify.reason, VerifyReason::ProofOfAnother);
    assert!(holds(&world, ADAS_NAME, NEW));
    assert!(undo(&world, ADA, &proof).is_ok(), "no proof was used");
}

#[test]
fn an_undo_is_not_undone_and_its_proof_is_used() {
    let (world, proof) = replaced();
    undo(&world, ADA, &proof).unwrap();
    assert_eq!(undo(&world, ADA, &proof), Err(SignInError::InvalidProof));
    let thiefs = earned_proof(&world, NEW);
    assert_eq!(undo(&world, NEW, &thiefs), Err(SignInError::NothingToUndo));
    let mut session = world.initiate(ADAS_NAME);
    assert_eq!(answer(&mut session, &thiefs).next(), Next::Challenge);
    assert!(holds(&world, ADAS_NAME, ADA) && !holds(&world, ADAS_NAME, NEW));
}

#[test]
fn the_flows_of_the_removed_contact_end() {
    let world = World::with_ada();
    replace(&world);
    let mut thiefs = world.at_otp(NEW);
    let code = last_code(&world);
    let proof = earned_proof(&world, ADA);
    undo(&world, ADA, &proof).unwrap();
    let reply = thiefs.answer(&code);
    assert_eq!(
        (reply.next(), reply.define.reason),
        (Next::Fail, DefineReason::NoLongerHolder)
    );
}

/// Row 27.
#[test]
fn a_contact_that_a_third_account_took_is_not_taken_back() {
    let (world, proof) = replaced();
    let mut session = world.initiate(ADAS_NAME);
    world.put_account(BOBS_NAME, ADA);
    assert_eq!(undo(&world, ADA, &proof), Err(SignInError::ContactInUse));
    // The account took it after the resolver looked.
    let reply = answer(&mut session, &proof);
    assert_eq!(
        (reply.next(), reply.define.reason),
        (Next::Fail, DefineReason::ContactInUse)
    );
    assert!(holds(&world, BOBS_NAME, ADA) && holds(&world, ADAS_NAME, NEW));
    assert_eq!(world.directory.port.sign_outs(ADAS_NAME), 0);
}

/// Row 27.
#[test]
fn a_change_cannot_be_undone_after_its_time() {
    let world = World::with_ada();
    replace(&world);
    world.after_secs(73 * 3600);
    let proof = earned_proof(&world, ADA);
    assert_eq!(undo(&world, ADA, &proof), Err(SignInError::NothingToUndo));
    let mut session = world.initiate(ADAS_NAME);
    let reply = answer(&mut session, &proof);
    assert_eq!(reply.define.reason, DefineReason::NothingToUndo);
    assert!(holds(&world, ADAS_NAME, NEW));
}

#[test]
fn no_hours_leave_no_record_and_hold_nothing() {
    let world =
        World::with_ada().reconfigured(|world| world.deployment.policy.undo_life = Duration::ZERO);
    replace(&world);
    assert_eq!(record(&world), None);
    assert!(
        !world.notices()[0].contains("undo"),
        "{:?}",
        world.notices()
    );
    assert_eq!(change_to(&world, NUMBER), Ok(()));
    let proof = earned_proof(&world, ADA);
    assert_eq!(undo(&world, ADA, &proof), Err(SignInError::NothingToUndo));
}

#[test]
fn no_hours_end_a_record_that_exists() {
    let (world, proof) = replaced();
    let mut opened = world.initiate(ADAS_NAME);
    let world = world.reconfigured(|world| world.deployment.policy.undo_life = Duration::ZERO);
    opened = opened.moved_to(&world);
    assert_eq!(undo(&world, ADA, &proof), Err(SignInError::NothingToUndo));
    let reply = answer(&mut opened, &proof);
    assert_eq!(reply.define.reason, DefineReason::NothingToUndo);
    world.after_secs(1);
    for to in [NUMBER, "third@example.org"] {
        let mut session = change(&world, ADAS_NAME, to);
        let reply = session.answer(&last_code(&world));
        assert_eq!(reply.next(), Next::IssueTokens, "{:?}", reply.reasons());
        assert!(holds(&world, ADAS_NAME, to));
    }
}

/// What was requested before the undo is refused, also by a deployment that has none since.
#[test]
fn no_hours_hold_the_minute_after_an_undo() {
    let (world, proof) = replaced();
    undo(&world, ADA, &proof).unwrap();
    let world = world.reconfigured(|world| world.deployment.policy.undo_life = Duration::ZERO);
    assert!(is_held(&change_to(&world, NUMBER)));
    world.after_secs(61);
    assert_eq!(change_to(&world, NUMBER), Ok(()));
}

#[test]
fn an_added_contact_leaves_no_record() {
    let world = World::with_ada();
    let mut session = change(&world, ADAS_NAME, NUMBER);
    assert_eq!(session.answer(&last_code(&world)).next(), Next::IssueTokens);
    assert_eq!(record(&world), None);
}

/// Otherwise a request that was made before the account had the contact would replace it without a
/// record, and notify the other one.
#[test]
fn a_request_replaces_the_contact_that_it_was_made_for() {
    let world = World::with_ada();
    let mut prepared = change(&world, ADAS_NAME, NUMBER);
    let other = ("phone_number", "+14155550199");
    world.put_ada(&[other, ("phone_number_verified", "true")]);
    let reply = prepared.answer(&last_code(&world));
    assert_eq!(reply.define.reason, DefineReason::NoLongerPending);
    assert!(holds(&world, ADAS_NAME, other.1));
}

#[test]
fn the_notice_says_how_to_undo_and_for_how_long() {
    let world = World::with_ada();
    replace(&world);
    let notice = world.notices().remove(0);
    assert!(notice.contains("Within 72 hours, you can undo"), "{notice}");
}

/// Define: finish, find, then under the leases lease, lease, undo, find, find, `sign_out`,
/// `settle_pending`, `set_contact`, charge, charge, `sign_out`, `close_undo`, release, release.
#[test]
fn whichever_call_breaks_a_repeated_answer_undoes() {
    for broken in [Break::Before, Break::After, Break::Throttled] {
        for number in 0..40 {
            let (world, proof) = replaced();
            let mut session = world.initiate(ADAS_NAME);
            world.wire.will_break([(number, broken)]);
            let mut undone = 0;
            for _ in 0..6 {
                if session.ended.is_some() {
                    break;
                }
                let reply = answer(&mut session, &proof);
                undone += usize::from(reply.define.reason == DefineReason::ChangeUndone);
                let kept = [ADA, NEW].map(|contact| holds(&world, ADAS_NAME, contact));
                assert!(kept[0] != kept[1], "one of the two at every moment");
                world.after_millis(1100);
            }
            assert_eq!(
                session.ended,
                Some(Next::IssueTokens),
                "{number} {broken:?}"
            );
            assert!(undone <= 1 && holds(&world, ADAS_NAME, ADA));
            let closed = record(&world).unwrap().closed_at;
            assert!(closed.is_some(), "{number} {broken:?}");
            assert!(world.directory.port.sign_outs(ADAS_NAME) >= 2);
        }
    }
}

#[test]
fn whichever_call_breaks_the_owner_gets_the_account_back() {
    for broken in [Break::Before, Break::After, Break::Throttled] {
        for number in 0..60 {
            let (world, mut proof) = replaced();
            world.wire.will_break([(number, broken)]);
            for _ in 0..3 {
                match undo(&world, ADA, &proof) {
                    Ok(_) => break,
                    Err(SignInError::Unavailable(_) | SignInError::InvalidProof) => {}
                    Err(error) => panic!("{number} {broken:?}: {error:?}"),
                }
                // A lease of the request that failed expires.
                world.after_secs(61);
                let mut session = world.at_otp(ADA);
                let reply = session.answer(&last_code(&world));
                if reply.next() == Next::IssueTokens {
                    break;
                }
                proof = session.public["proof"].clone();
            }
            assert!(holds(&world, ADAS_NAME, ADA), "{number} {broken:?}");
            assert!(
                world.directory.port.sign_outs(ADAS_NAME) >= 1,
                "{number} {broken:?}"
            );
        }
    }
}

#[test]
fn a_change_that_failed_holds_the_account_for_30_seconds() {
    let world = World::with_ada();
    let mut session = change(&world, ADAS_NAME, NEW);
    let code = last_code(&world);
    let number = call_of_a_change("set_contact");
    world.wire.will_break([(number, Break::Before)]);
    session.answer(&code);
    assert_eq!(
        world.wire.calls()[number],
        "set_contact",
        "{:?}",
        world.wire.calls()
    );
    assert!(record(&world).is_some() && holds(&world, ADAS_NAME, ADA));
    assert!(is_held(&change_to(&world, BOB)));
    world.after_secs(30);
    assert_eq!(change_to(&world, BOB), Ok(()));
    let mut session = change(&world, ADAS_NAME, "third@example.org");
    assert_eq!(session.answer(&last_code(&world)).next(), Next::IssueTokens);
    assert_ne!(
        record(&world).unwrap().closed_at,
        record(&world).map(|it| it.replaced_at)
    );
}

/// Define of the change ended after the write, and the change was undone. Its repetition must not
/// change the contact again, nor sign in.
#[test]
fn an_undone_change_is_not_made_again() {
    // After `set_contact`, or after `settle_pending`.
    for call in ["set_contact", "settle_pending"] {
        let world = World::with_ada();
        let mut session = change(&world, ADAS_NAME, NEW);
        let code = last_code(&world);
        let number = call_of_a_change(call);
        world.wire.will_break([(number, Break::After)]);
        let mut interrupted = session.clone();
        assert_eq!(interrupted.answer(&code).next(), Next::Challenge);
        assert_eq!(world.wire.calls()[number], call);
        assert!(holds(&world, ADAS_NAME, NEW));
        world.after_secs(31);
        let proof = earned_proof(&world, ADA);
        undo(&world, ADA, &proof).unwrap();
        world.after_secs(61);
        let reply = session.answer(&code);
        assert_ne!(reply.next(), Next::IssueTokens, "{:?}", reply.reasons());
        assert!(holds(&world, ADAS_NAME, ADA) && !holds(&world, ADAS_NAME, NEW));
    }
}

#[test]
fn an_operators_contact_is_not_replaced_by_an_undo() {
    let (world, proof) = replaced();
    let third = identifier("third@example.org");
    assert_eq!(
        now(world.directory.port.set_contact(ADAS_NAME, &third)),
        Ok(ContactWrite::Done)
    );
    let mut session = world.initiate(ADAS_NAME);
    let reply = answer(&mut session, &proof);
    assert_eq!(reply.define.reason, DefineReason::NothingToUndo);
    assert!(holds(&world, ADAS_NAME, "third@example.org"));
}

/// A thief whose token may delete contacts must not protect the change by it.
#[test]
fn a_new_contact_that_was_deleted_does_not_stop_an_undo() {
    let (world, proof) = replaced();
    world.put_ada(&[("email", NEW), ("email_verified", "false")]);
    undo(&world, ADA, &proof).unwrap();
    assert!(holds(&world, ADAS_NAME, ADA));
}

#[test]
fn a_disabled_or_deleted_account_is_not_given_back() {
    let (world, proof) = replaced();
    let mut session = world.initiate(ADAS_NAME);
    world.disable_ada();
    assert_eq!(
        undo(&world, ADA, &proof),
        Err(SignInError::Unavailable(Cause::SessionRefused))
    );
    let reply = answer(&mut session, &proof);
    assert_eq!(reply.define.reason, DefineReason::NoLongerHolder);
    assert!(!holds(&world, ADAS_NAME, ADA));
}

#[test]
fn a_change_can_be_undone_after_two_rotations() {
    let (world, _) = replaced();
    let world = world.reconfigured(|world| {
        let ring = KeyRing::new(key("k3", 3), None, Some(key("k2", 2)));
        world.deployment.keys = ring.unwrap().with_lasting(key("k1", 1)).unwrap();
    });
    let proof = earned_proof(&world, ADA);
    assert!(undo(&world, ADA, &proof).is_ok());
}

#[test]
fn a_record_whose_keys_are_gone_holds_and_is_not_undone() {
    let (world, _) = replaced();
    let world = world.reconfigured(|world| {
        world.deployment.keys = KeyRing::new(key("k2", 2), None, None).unwrap();
    });
    world.after_secs(60);
    assert!(is_held(&change_to(&world, NUMBER)));
    let proof = earned_proof(&world, ADA);
    assert_eq!(undo(&world, ADA, &proof), Err(SignInError::NothingToUndo));
    world.after_secs(72 * 3600);
    assert_eq!(change_to(&world, NUMBER), Ok(()));
}

#[test]
fn without_a_proof_nothing_is_read_and_nothing_said() {
    let world = World::with_ada();
    replace(&world);
    world.wire.clear();
    for proof in ["", "k1.AAAA", &world.ticket(ADA)] {
        assert_eq!(undo(&world, ADA, proof), Err(SignInError::InvalidProof));
    }
    assert_eq!(world.wire.calls(), [""; 0]);
    let unearned = latchstring_core::sealed::Proof {
        contact: identifier(ADA),
        flow: latchstring_core::flow::FlowId::from_bytes([7; 16]),
        made_at: world.clock.now(),
    };
    let unearned = unearned.seal(&world.deployment.keys, &world.app_client, &*world.entropy);
    assert_eq!(undo(&world, ADA, &unearned), Err(SignInError::InvalidProof));
    assert_eq!(world.wire.calls(), ["flow", "is_redeemed"]);
    assert_eq!(pending(&world, ADAS_NAME), Some(PendingState::Done));
}
