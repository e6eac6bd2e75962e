//! A decoy looks like a real flow, writes nothing, sends nothing and never succeeds.

use std::collections::BTreeMap;

use latchstring_core::flow::{AppClient, Next, Purpose};

use crate::harness::{ADA, BOB, NUMBER, Session, World};

/// An action of a caller that does not have the code.
#[derive(Clone, Copy, Debug)]
enum Action {
    Guess,
    Resend,
    Wait(u64),
}
use Action::{Guess, Resend, Wait};

const SCRIPTS: [&[Action]; 6] = [
    &[Guess, Guess, Guess],
    &[Wait(7), Guess, Wait(31), Guess, Wait(1), Guess],
    &[
        Resend,
        Wait(29),
        Resend,
        Wait(1),
        Resend,
        Wait(29),
        Resend,
        Guess,
    ],
    &[
        Wait(30),
        Resend,
        Wait(30),
        Resend,
        Wait(30),
        Resend,
        Guess,
        Guess,
        Guess,
    ],
    &[Guess, Wait(298), Guess, Wait(1), Guess],
    &[Wait(299), Resend, Wait(1), Resend],
];

/// Returns everything that the caller sees: the public parameters at each step, or the end of the
/// session.
fn seen(
    mut session: Session<'_>,
    script: &[Action],
) -> Vec<Result<BTreeMap<&'static str, String>, Next>> {
    let world = session.world;
    let mut wrong = world.wrong_codes();
    let mut seen = vec![Ok(session.shown())];
    for act in script {
        match act {
            Guess => session.answer(&wrong.next().unwrap()),
            Resend => session.resend(),
            Wait(secs) => {
                world.after_secs(*secs);
                continue;
            }
        };
        if let Some(next) = session.ended {
            seen.push(Err(next));
            break;
        }
        seen.push(Ok(session.shown()));
    }
    seen
}

/// A function that opens a session up to its decoy.
type Opening = fn(&World) -> Session<'_>;

/// Returns every path to a decoy, from a world with Ada's account.
fn decoys() -> [(&'static str, Opening); 6] {
    fn session_with_ticket<'w>(world: &'w World, name: &str, ticket: &str) -> Session<'w> {
        let mut session = world.initiate(name);
        session.respond_to("", "email", Some(ticket));
        session
    }
    [
        ("no ticket", |world| world.at_decoy(ADA)),
        ("no ticket, no account", |world| world.at_decoy(BOB)),
        ("a forged ticket", |world| {
            session_with_ticket(world, ADA, "k1.AAAA")
        }),
        ("a ticket of another method", |world| {
            session_with_ticket(world, ADA, &world.ticket(NUMBER))
        }),
        ("a ticket of another client", |world| {
            let second =
                world.reconfigured(|world| world.app_client = AppClient::new("pool", "second"));
            session_with_ticket(world, ADA, &second.ticket(ADA))
        }),
        ("the ticket of another's claim", |world| {
            session_with_ticket(world, BOB, &world.ticket_for(Purpose::Claim, ADA))
        }),
    ]
}

#[test]
fn a_decoy_looks_like_a_real_flow() {
    for script in SCRIPTS {
        let known = World::with_ada();
        let real = seen(known.at_otp(ADA), script);
        let others = World::new();
        assert_eq!(
            seen(others.at_otp(BOB), script),
            real,
            "no account, {script:?}"
        );
        let world = World::with_ada();
        let mut not_the_holder = world.initiate(ADA);
        not_the_holder.choose(&world.ticket(BOB));
        assert_eq!(
            seen(not_the_holder, script),
            real,
            "not the holder, {script:?}"
        );
        for (name, decoy) in decoys() {
            let world = World::with_ada();
            assert_eq!(seen(decoy(&world), script), real, "{name}, {script:?}");
        }
    }
}

#[test]
fn a_decoy_sends_nothing_and_writes_nothing() {
    for script in SCRIPTS {
        for (name, decoy) in decoys() {
            let world = World::with_ada();
            let session = decoy(&world);
            assert_eq!(session.row(), None, "{name}");
            world.wire.clear();
            seen(session, script);
            assert!(world.sent().is_empty(), "{name}");
            // Without a row the attempt is refused.
            let refused = |call: &&str| ["flow", "record_attempt"].contains(call);
            let calls = world.wire.calls();
            let writes: Vec<_> = calls.iter().filter(|call| !refused(call)).collect();
            assert!(writes.is_empty(), "{name}: {writes:?}");
        }
    }
}

#[test]
fn opening_a_decoy_writes_nothing() {
    for (name, decoy) in decoys() {
        let world = World::with_ada();
        decoy(&world);
        let calls = world.wire.calls();
        assert!(calls.is_empty(), "{name}: {calls:?}");
    }
}

#[test]
fn a_decoy_never_succeeds_whatever_the_answer() {
    let world = World::with_ada();
    let _elsewhere = world.at_otp(ADA);
    for answer in [&world.code(), &world.proof(ADA), &world.ticket(ADA)] {
        let mut session = world.at_decoy(ADA);
        let reply = session.answer(answer);
        assert!(!reply.is_right());
        assert_eq!(reply.next(), Next::Challenge);
    }
}

#[test]
fn a_retried_decoy_shows_the_same() {
    for script in SCRIPTS {
        let once = World::with_ada();
        let thrice = World::with_ada().reconfigured(|world| world.invocations = 3);
        assert_eq!(
            seen(once.at_decoy(ADA), script),
            seen(thrice.at_decoy(ADA), script)
        );
    }
}
