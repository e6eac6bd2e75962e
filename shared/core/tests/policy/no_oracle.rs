//! No answer reveals whether an account exists.

use latchstring_core::flow::ClientRequest;

use crate::harness::{ADA, BOB, Session, World, now, shown};

/// Returns the port calls of one step.
fn calls_of(world: &World, step: impl FnOnce()) -> Vec<&'static str> {
    world.wire.clear();
    step();
    world.wire.calls()
}

#[test]
fn until_the_proof_calls_are_equal_with_and_without_an_account() {
    let world = World::with_ada();
    let [known, unknown] = [ADA, BOB].map(|name| {
        let mut session = world.initiate(name);
        let ticket = world.ticket(name);
        let mut calls = vec![calls_of(&world, || drop(world.initiate(name)))];
        calls.push(calls_of(&world, || drop(session.choose(&ticket))));
        calls.push(calls_of(&world, || drop(session.answer("1"))));
        world.after_secs(30);
        calls.push(calls_of(&world, || drop(session.resend())));
        calls.push(calls_of(&world, || drop(session.resend())));
        calls.push(calls_of(&world, || drop(session.answer("2"))));
        calls.push(calls_of(&world, || drop(session.answer("3"))));
        calls
    });
    assert_eq!(known, unknown);
    assert!(!known.contains(&vec!["find"]), "no user is looked up");
}

#[test]
fn calls_are_equal_for_a_user_who_does_not_hold_the_contact() {
    let world = World::with_ada();
    let [holder, other] = [ADA, BOB].map(|contact| {
        let mut session = world.initiate(ADA);
        let ticket = world.ticket(contact);
        let mut calls = vec![calls_of(&world, || drop(session.choose(&ticket)))];
        calls.push(calls_of(&world, || drop(session.answer("1"))));
        world.after_secs(30);
        calls.push(calls_of(&world, || drop(session.resend())));
        calls
    });
    assert_eq!(holder, other);
}

/// Every caller can open a Cognito session for any name and answer its first challenge with a
/// ticket for the caller's own address.
#[test]
fn a_callers_mailbox_does_not_reveal_another_account() {
    const APP_CLIENT: &str = "eve@example.com";
    let arrives = |world: &World| {
        let mut session = world.initiate(ADA);
        session.choose(&world.ticket(APP_CLIENT));
        world.after_secs(30);
        session.resend();
        world.sent().len()
    };
    assert_eq!(
        arrives(&World::with_ada()),
        arrives(&World::new()),
        "the caller's message in the session of a known user and of an unknown one"
    );
}

/// The check of [`a_callers_mailbox_does_not_reveal_another_account`] for an address with an
/// account.
#[test]
fn a_callers_account_does_not_reveal_another_account() {
    let arrives = |world: &World| {
        world.initiate(BOB).choose(&world.ticket(ADA));
        world.sent().len()
    };
    let with_bob = World::with_ada();
    with_bob.put_bob();
    assert_eq!(arrives(&with_bob), arrives(&World::with_ada()));
}

#[test]
fn a_challenge_from_the_session_alone_reveals_no_account() {
    let world = World::with_ada();
    let [known, unknown, decoy] =
        [world.at_otp(ADA), world.at_otp(BOB), world.at_decoy(ADA)].map(|session: Session<'_>| {
            let mut session = session;
            session.answer("1");
            let created = latchstring_core::flow::ask_again(
                &world.deployment,
                &world.clock,
                &*world.entropy,
                &session.session_event(ClientRequest::default()),
            );
            shown(&created.public.to_pairs().into_iter().collect())
        });
    assert_eq!(known, unknown);
    assert_eq!(known, decoy);
    let fresh = world.initiate(ADA);
    let created = latchstring_core::flow::ask_again(
        &world.deployment,
        &world.clock,
        &*world.entropy,
        &fresh.session_event(ClientRequest::default()),
    );
    assert_eq!(created.public.to_pairs(), [("step", "select".to_owned())]);
    let define = now(world.define(&fresh.session_event(ClientRequest::default())));
    assert!(define.fault.is_none());
}
