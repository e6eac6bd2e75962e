//! Who may have a new account. Only a right code learns that the contact is not admitted.

use latchstring_core::admission::{Admission, AdmissionRule, Domain};
use latchstring_core::answer::{AnswerError, AnswerPayload};
use latchstring_core::ports::Directory as _;
use latchstring_core::sign_in::SignInError;
use latchstring_memory::MemoryDirectory;

use crate::answers::{answer, begin};
use crate::contacts::last_code;
use crate::harness::{ADA, BOB, NUMBER, Pool, World, identifier, now};
use crate::sign_in::{earned_proof, request, resolver};

const COLLEAGUE: &str = "eve@staff.example";

/// Returns a deployment that admits the addresses of one domain, none of which is Ada's or Bob's.
fn of_one_domain() -> World {
    World::with_ada().reconfigured(|world| {
        let domain = Domain::parse("staff.example").unwrap();
        world.deployment.policy.admission = Admission {
            rule: AdmissionRule::Domains,
            admitted: vec![domain],
            refused: Vec::new(),
        };
    })
}

fn refused() -> AnswerError {
    SignInError::NotAdmitted.into()
}

fn has_account(world: &World, contact: &str) -> bool {
    let identifier = identifier(contact);
    now(world.directory.port.find(identifier.as_str()))
        .unwrap()
        .is_some()
}

#[test]
fn an_admitted_address_gets_an_account_and_another_none() {
    let world = of_one_domain();
    let pool = Pool::of(&world);
    for (typed, is_admitted) in [(COLLEAGUE, true), (BOB, false), (NUMBER, false)] {
        let continuation = begin(&world, &pool, typed);
        let answered = answer(&world, &pool, &continuation, &last_code(&world));
        match answered {
            Ok(AnswerPayload::SignedIn { is_new, .. }) => assert!(is_admitted && is_new, "{typed}"),
            Ok(AnswerPayload::Wrong { .. }) => panic!("{typed}"),
            Err(error) => assert_eq!((error, is_admitted), (refused(), false), "{typed}"),
        }
        assert_eq!(has_account(&world, typed), is_admitted, "{typed}");
        world.after_secs(3600);
    }
}

#[test]
fn an_existing_account_is_never_judged() {
    let world = of_one_domain();
    let pool = Pool::of(&world);
    let continuation = begin(&world, &pool, ADA);
    let answered = answer(&world, &pool, &continuation, &world.code());
    assert!(matches!(
        answered,
        Ok(AnswerPayload::SignedIn { is_new: false, .. })
    ));
}

#[test]
fn a_proof_of_an_address_that_is_not_admitted_creates_nothing() {
    let world = of_one_domain();
    let pool = Pool::of(&world);
    let proof = earned_proof(&world, BOB);
    world.wire.clear();
    let sign_in = resolver(&world, &pool);
    for _ in 0..2 {
        let refused = now(sign_in.session(&request(BOB, Some(&proof))));
        assert_eq!(refused, Err(SignInError::NotAdmitted));
    }
    let calls = world.wire.calls();
    // No budget of new accounts is charged, no device is forgotten, and the lease is released.
    for call in ["charge", "create", "set_password", "forget_devices"] {
        assert!(!calls.contains(&call), "{calls:?}");
    }
    assert_eq!(calls.iter().filter(|call| **call == "release").count(), 2);
}

#[test]
fn the_calls_before_a_right_code_show_no_rule() {
    let calls = |world: World, typed| {
        let pool = Pool::of(&world);
        let continuation = begin(&world, &pool, typed);
        let _ = answer(&world, &pool, &continuation, &world.wrong_code());
        world.wire.calls()
    };
    let open = calls(World::with_ada(), BOB);
    for typed in [ADA, BOB, COLLEAGUE] {
        assert_eq!(calls(of_one_domain(), typed), open, "{typed}");
    }
}

#[test]
fn a_refusal_by_the_pools_own_trigger_is_the_same() {
    let directory = |world: &mut World| world.directory.port = MemoryDirectory::closed();
    let world = World::new().reconfigured(directory);
    let pool = Pool::of(&world);
    let continuation = begin(&world, &pool, BOB);
    let answered = answer(&world, &pool, &continuation, &world.code());
    assert_eq!(answered, Err(refused()));
    assert!(!has_account(&world, BOB));
    // The budget of new accounts is given back.
    let calls = world.wire.calls();
    assert_eq!(calls.last(), Some(&"release"), "{calls:?}");
    assert!(calls.contains(&"refund"), "{calls:?}");
}
