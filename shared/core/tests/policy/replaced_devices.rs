//! The known devices of a replaced contact, which its owner may need to undo the change: they stay
//! known for as long as it can be undone, and no longer.

use std::time::Duration;

use latchstring_core::contact::Identity;
use latchstring_core::flow::{ClientRequest, Next, Round, Verdict};
use latchstring_core::ports::Directory as _;
use latchstring_core::secret::Secret;
use latchstring_core::sign_in::SignInRequest;

use crate::budgets::{remembered, with_devices};
use crate::contacts::{change, holds, identity, last_code};
use crate::harness::{ADA, ADAS_NAME, Break, NUMBER, Pool, Strand, World, interleaved, now};
use crate::sign_in::{earned_proof, request, resolver};
use crate::undo::{NEW, call_of_a_change, replace};

const HOUR: u64 = 3600;

/// Returns whether a contact has a code left for a device, although no other request gets one.
fn is_known(world: &World, typed: &str, device: &Secret) -> bool {
    let starved = world.without_slots().reconfigured(|world| {
        let budgets = &mut world.deployment.policy.budgets;
        (budgets.mailbox.per_day, budgets.extended.per_day) = (0, 0);
        (budgets.mailbox.per_hour, budgets.extended.per_hour) = (0, 0);
        (budgets.mailbox.per_minute, budgets.extended.per_minute) = (0, 0);
    });
    let pool = Pool::of(&starved);
    let asked = |device: Option<&Secret>| {
        let request = SignInRequest {
            device: device.cloned(),
            ..request(typed, None)
        };
        now(resolver(&starved, &pool).session(&request)).is_ok()
    };
    assert!(!asked(None), "an unknown requester gets a code");
    asked(Some(device))
}

/// Returns a world in which [`ADA`] was replaced, with a device that was known before.
fn replaced() -> (World, Secret) {
    let world = World::with_ada();
    let device = remembered(&world).device;
    replace(&world);
    (world, device)
}

fn undo(world: &World) {
    let proof = Secret::new(earned_proof(world, ADA));
    let pool = Pool::of(world);
    let undoing = resolver(world, &pool);
    now(undoing.undo_contact_change(&request(ADA, None), &proof)).unwrap();
}

#[test]
fn a_device_stays_known_until_the_change_cannot_be_undone() {
    let (world, device) = replaced();
    assert!(is_known(&world, ADA, &device));
    world.after_secs(72 * HOUR - 1);
    assert!(is_known(&world, ADA, &device));
    world.after_secs(1);
    assert!(!is_known(&world, ADA, &device));
}

#[test]
fn an_undo_forgets_the_devices_of_the_replaced_contact() {
    let (world, device) = replaced();
    undo(&world);
    assert!(!is_known(&world, ADA, &device));
    world.after_secs(61);
    let new = remembered(&world).device;
    world.after_secs(73 * HOUR);
    assert!(
        is_known(&world, ADA, &new),
        "the time of the change has ended"
    );
}

/// The thief signs in by the new contact. What was known of the account before is known for the
/// replaced contact alone.
#[test]
fn the_new_and_the_other_contact_lose_their_devices() {
    let world = World::with_ada();
    world.put_ada(&[("phone_number", NUMBER), ("phone_number_verified", "true")]);
    let device = remembered(&world).device;
    replace(&world);
    assert!(is_known(&world, ADA, &device));
    assert!(!is_known(&world, NUMBER, &device));
    assert!(!is_known(&world, NEW, &device));
}

/// A thief who has the account cannot end the devices of the replaced contact, nor make one known.
#[test]
fn the_account_has_no_power_over_the_replaced_contacts_devices() {
    let (world, device) = replaced();
    let ada: Identity = identity(&world, ADAS_NAME);
    with_devices(&world, async |devices| devices.forget_devices(&ada).await).unwrap();
    assert!(is_known(&world, ADA, &device));
    let thiefs = remembered(&world).device;
    assert!(is_known(&world, NEW, &thiefs));
    assert!(!is_known(&world, ADA, &thiefs));
}

#[test]
fn a_new_account_of_the_replaced_contact_forgets_its_devices() {
    let (world, device) = replaced();
    let proof = earned_proof(&world, ADA);
    let pool = Pool::of(&world);
    now(resolver(&world, &pool).session(&request(ADA, Some(&proof)))).unwrap();
    assert!(!is_known(&world, ADA, &device));
    // Nor does the time of the change keep the devices of the new account.
    let account = now(world.directory.port.find(ADA)).unwrap().unwrap();
    let heir = identity(&world, &account.username);
    let own = with_devices(&world, async |devices| devices.remember_device(&heir).await);
    let own = own.unwrap().device;
    assert!(is_known(&world, ADA, &own));
    with_devices(&world, async |devices| devices.forget_devices(&heir).await).unwrap();
    assert!(!is_known(&world, ADA, &own));
}

/// Two changes of one contact, with a sign-in of another account between them.
#[test]
fn a_device_of_an_earlier_holder_is_not_known_again() {
    let (world, first) = replaced();
    world.after_secs(73 * HOUR);
    let mut back = change(&world, ADAS_NAME, ADA);
    assert_eq!(back.answer(&last_code(&world)).next(), Next::IssueTokens);
    assert!(!is_known(&world, ADA, &first));
    world.after_secs(73 * HOUR);
    let second = remembered(&world).device;
    replace(&world);
    assert!(is_known(&world, ADA, &second));
    assert!(!is_known(&world, ADA, &first));
}

#[test]
fn without_an_undo_a_change_ends_the_devices() {
    let off = |world: &World| {
        world.reconfigured(|world| world.deployment.policy.undo_life = Duration::ZERO)
    };
    let (world, device) = replaced();
    assert!(!is_known(&off(&world), ADA, &device), "turned off since");
    let world = off(&World::with_ada());
    let device = remembered(&world).device;
    replace(&world);
    assert!(!is_known(&world, ADA, &device));
}

#[test]
fn devices_end_with_their_time_whichever_call_breaks() {
    let calls = call_of_a_change("release") + 2;
    for broken in [Break::Before, Break::After, Break::Throttled] {
        for number in 0..=calls {
            let world = World::with_ada();
            let device = remembered(&world).device;
            let mut session = change(&world, ADAS_NAME, NEW);
            let code = last_code(&world);
            world.wire.will_break([(number, broken)]);
            for _ in 0..3 {
                if session.ended.is_none() {
                    session.answer(&code);
                }
            }
            world.wire.clear();
            assert!(holds(&world, ADAS_NAME, NEW), "{number} {broken:?}");
            assert!(is_known(&world, ADA, &device), "{number} {broken:?}");
            world.after_secs(72 * HOUR);
            assert!(!is_known(&world, ADA, &device), "{number} {broken:?}");
        }
    }
}

/// Cognito invokes Define again while the first invocation still runs.
#[test]
fn invocations_at_once_keep_the_devices_of_one_change() {
    for seed in 0..200 {
        let world = World::with_ada();
        let device = remembered(&world).device;
        let mut session = change(&world, ADAS_NAME, NEW);
        let code = last_code(&world);
        let mut rehearsal = session.clone();
        let reply = now(world.verify(&session.answer_event(&code, ClientRequest::default())));
        assert!(matches!(reply.decision, Verdict::Right(_)));
        rehearsal.rounds.push(Round {
            challenge_name: "CUSTOM_CHALLENGE".to_owned(),
            passed: true,
            metadata: Some(session.metadata.clone()),
        });
        let event = rehearsal.session_event(ClientRequest::default());
        world.wire.take_turns();
        let strands = (0..3)
            .map(|_| -> Strand<'_, _> { Box::pin(world.define(&event)) })
            .collect();
        interleaved(seed, strands);
        session = rehearsal;
        assert!(session.ended.is_none());
        assert!(holds(&world, ADAS_NAME, NEW), "order {seed}");
        assert!(is_known(&world, ADA, &device), "order {seed}");
        world.after_secs(72 * HOUR);
        assert!(!is_known(&world, ADA, &device), "order {seed}");
    }
}
