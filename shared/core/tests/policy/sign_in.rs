//! The sign-in resolver, over a small Cognito that calls the same triggers.

use std::time::Duration;

use latchstring_core::flow::{AppClient, DefineReason, FlowId, Next, Purpose, VerifyReason};
use latchstring_core::keys::KeyRing;
use latchstring_core::policy::Deployment;
use latchstring_core::ports::{Clock, Directory, FlowStore as _, LeaseStore as _};
use latchstring_core::pseudonym::Pseudonym;
use latchstring_core::rate_limit::Budget;
use latchstring_core::sealed::Proof;
use latchstring_core::secret::Secret;
use latchstring_core::sign_in::{Cause, SignIn, SignInError, SignInPayload, SignInRequest};
use latchstring_memory::{FixedCaptcha, MemoryStore};
use proptest::prelude::*;

use crate::harness::{
    ADA, ADAS_NAME, BOB, Break, Flaky, NUMBER, Pool, Ports, Session, Strand, World, identifier,
    in_turn, interleaved, key, now,
};

pub(crate) type Resolver<'a, 'w> = SignIn<'a, Ports<'w>, Flaky<FixedCaptcha>>;

pub(crate) fn resolver<'a, 'w>(world: &'a World, pool: &'a Pool<'w>) -> Resolver<'a, 'w> {
    SignIn {
        context: pool.context(),
        legacy_pool: false,
        captcha: world.captcha.as_ref(),
        hook: None,
    }
}

pub(crate) fn request(typed: &str, proof: Option<&str>) -> SignInRequest {
    SignInRequest {
        identifier: identifier(typed),
        proof: proof.map(Secret::new),
        resume: None,
        locale: None,
        link_challenge: None,
        device: None,
        captcha: None,
        source: None,
    }
}

/// `signIn(emailOrPhone)`.
fn sign_in(world: &World, pool: &Pool<'_>, typed: &str) -> Result<SignInPayload, SignInError> {
    now(resolver(world, pool).session(&request(typed, None)))
}

/// `signIn(emailOrPhone, proof)`.
fn with_proof(
    world: &World,
    pool: &Pool<'_>,
    typed: &str,
    proof: &str,
) -> Result<SignInPayload, SignInError> {
    now(resolver(world, pool).session(&request(typed, Some(proof))))
}

/// Returns a proof that a code earned, as for a client.
pub(crate) fn earned_proof(world: &World, typed: &str) -> String {
    let pool = Pool::of(world);
    let payload = sign_in(world, &pool, typed).unwrap();
    let mut session = pool.session(&payload.session);
    session.answer(&world.sent().pop().unwrap().0);
    session.public["proof"].clone()
}

/// Raises the budgets that a test is not about.
pub(crate) fn widen_budgets(world: &mut World) {
    let budget = &mut world.deployment.policy.budgets.mailbox;
    (budget.per_minute, budget.per_hour, budget.per_day) = (100, 100, 100);
}

fn cause(result: &Result<SignInPayload, SignInError>) -> &Cause {
    match result {
        Err(SignInError::Unavailable(cause)) => cause,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_calls_are_equal_with_and_without_an_account() {
    let [known, unknown] = [ADA, BOB].map(|typed| {
        let world = World::with_ada();
        sign_in(&world, &Pool::of(&world), typed).unwrap();
        world.wire.calls()
    });
    assert_eq!(known, unknown);
    assert_eq!(
        known,
        [
            "counts",
            "initiate",
            "respond",
            "redeem",
            "open_flow",
            "charge",
            "charge",
            "charge",
            "record_message_charge"
        ],
    );
}

#[test]
fn a_session_opened_for_a_refused_request_gets_no_ticket() {
    let world = World::with_ada().without_slots();
    let pool = Pool::of(&world);
    world.wire.take_turns();
    sign_in(&world, &pool, ADA).unwrap();
    assert_eq!(world.wire.calls()[..3], ["counts", "initiate", "respond"]);
    for _ in 0..5 {
        sign_in(&world, &pool, ADA).unwrap();
    }
    world.wire.clear();
    let refused = sign_in(&world, &pool, ADA).unwrap_err();
    assert_eq!(refused.error_type(), "TooManyRequests");
    assert_eq!(
        world.wire.calls(),
        ["counts"],
        "it is answered from the counters alone"
    );
    assert_eq!(world.sent().len(), 6);
}

#[test]
fn the_payload_is_equal_with_and_without_an_account() {
    let payload = |typed| {
        let world = World::with_ada();
        let mut payload = sign_in(&world, &Pool::of(&world), typed).unwrap();
        assert_eq!(payload.username.expose(), typed);
        payload.username = Secret::new("");
        payload.session_username = Secret::new("");
        let resume = payload.resume.take().map(|resume| resume.expose().len());
        let pointer = payload.pointer.take().map(|pointer| pointer.len());
        assert_eq!((pointer, resume.is_some()), (Some(13), true));
        (
            payload.session.expose().len(),
            resume,
            SignInPayload {
                session: Secret::new(""),
                ..payload
            },
        )
    };
    assert_eq!(payload(ADA), payload(BOB));
    let (_, _, payload) = payload(ADA);
    assert_eq!(
        (
            payload.code_length,
            payload.expires_in,
            payload.resend_after
        ),
        (6, 300, 30)
    );
}

#[test]
fn a_known_user_signs_in_by_the_code() {
    let world = World::with_ada();
    let pool = Pool::of(&world);
    let payload = sign_in(&world, &pool, ADA).unwrap();
    let mut session = pool.session(&payload.session);
    assert_eq!(session.answer(&world.code()).next(), Next::IssueTokens);
}

#[test]
fn a_phone_number_signs_in() {
    let world = World::new();
    world.put_ada(&[("phone_number", NUMBER), ("phone_number_verified", "true")]);
    let pool = Pool::of(&world);
    let payload = sign_in(&world, &pool, NUMBER).unwrap();
    assert_eq!(payload.username.expose(), NUMBER);
    let mut session = pool.session(&payload.session);
    assert_eq!(session.answer(&world.code()).next(), Next::IssueTokens);
}

#[test]
fn a_proof_creates_one_account() {
    let world = World::new();
    let proof = earned_proof(&world, BOB);
    assert!(world.directory.port.is_empty(), "the pool is empty before");
    let pool = Pool::of(&world);
    world.wire.clear();
    let payload = with_proof(&world, &pool, BOB, &proof).unwrap();
    let charges = world
        .wire
        .calls()
        .iter()
        .filter(|call| **call == "charge")
        .count();
    assert_eq!(charges, 2, "accounts of the domain, and devices forgotten");
    assert_eq!(world.directory.port.len(), 1);
    let account = now(world.directory.port.find(BOB)).unwrap().unwrap();
    assert_eq!(payload.username.expose(), account.username);
    assert!(!account.attributes.is_half_created());
    assert_eq!(payload.expires_in, 180);
    let mut session = pool.session(&payload.session);
    assert_eq!(session.answer(&proof).next(), Next::IssueTokens);
    assert_eq!(world.sent().len(), 1, "the proof sends nothing");
    assert_eq!(
        with_proof(&world, &pool, BOB, &proof),
        Err(SignInError::InvalidProof),
        "the proof was used"
    );
}

#[test]
fn an_account_is_found_or_created_under_a_lease() {
    let world = World::new();
    let proof = earned_proof(&world, BOB);
    world.wire.clear();
    with_proof(&world, &Pool::of(&world), BOB, &proof).unwrap();
    let made = [
        "flow",
        "is_redeemed",
        "lease",
        "find",
        "charge",
        "charge",
        "create",
        "set_password",
        "release",
    ];
    assert_eq!(world.wire.calls()[..made.len()], made);
}

#[test]
fn with_every_trigger_retried_a_proof_creates_one_account() {
    let world = World::new().reconfigured(|world| world.invocations = 3);
    let proof = earned_proof(&world, BOB);
    let pool = Pool::of(&world);
    let payload = with_proof(&world, &pool, BOB, &proof).unwrap();
    let mut session = pool.session(&payload.session);
    assert_eq!(session.answer(&proof).next(), Next::IssueTokens);
    assert_eq!((world.directory.port.len(), world.sent().len()), (1, 1));
}

#[test]
fn two_parallel_proofs_create_one_account() {
    let world = World::new();
    let proofs = [earned_proof(&world, BOB), earned_proof(&world, BOB)];
    let pool = Pool::of(&world);
    world.wire.take_turns();
    let payloads = in_turn(parallel_sessions(&world, &pool, &proofs));
    assert_eq!(world.directory.port.len(), 1);
    for (payload, proof) in payloads.into_iter().zip(&proofs) {
        let mut session = pool.session(&payload.unwrap().session);
        assert_eq!(session.answer(proof).next(), Next::IssueTokens);
    }
}

#[test]
fn two_parallel_proofs_create_one_account_in_any_order() {
    for seed in 0..100 {
        let world = World::new();
        let proofs = [earned_proof(&world, BOB), earned_proof(&world, BOB)];
        let pool = Pool::of(&world);
        world.wire.take_turns();
        let payloads = interleaved(seed, parallel_sessions(&world, &pool, &proofs));
        assert_eq!(world.directory.port.len(), 1, "order {seed}");
        assert!(payloads.iter().any(Result::is_ok), "order {seed}");
        for payload in payloads.iter().filter(|payload| payload.is_err()) {
            assert_eq!(cause(payload), &Cause::LeaseHeld, "order {seed}");
        }
    }
}

#[test]
fn two_parallel_proofs_create_one_account_without_the_lease() {
    for seed in 0..100 {
        let world = World::new();
        let proofs = [earned_proof(&world, BOB), earned_proof(&world, BOB)];
        // The second request has its own leases, as if the first request's had expired.
        let other = world.reconfigured(|world| world.store.port = MemoryStore::default());
        for proof in &proofs {
            let row = now(world.store.port.flow(flow_of_proof(&world, proof))).unwrap();
            now(other.store.port.open_flow(&row.unwrap())).unwrap();
        }
        let pools = [Pool::of(&world), Pool::of(&other)];
        world.wire.take_turns();
        let strands = [&world, &other]
            .into_iter()
            .zip(&pools)
            .zip(&proofs)
            .map(|((world, pool), proof)| -> Strand<'_, _> {
                Box::pin(async move {
                    let (resolver, request) = (resolver(world, pool), request(BOB, Some(proof)));
                    Box::pin(resolver.session(&request)).await
                })
            })
            .collect();
        let payloads = interleaved(seed, strands);
        assert!(payloads.iter().all(Result::is_ok), "order {seed}");
        assert_eq!(world.directory.port.len(), 1, "order {seed}");
    }
}

/// Returns the flow that a proof names.
fn flow_of_proof(world: &World, proof: &str) -> FlowId {
    let World {
        deployment,
        app_client,
        ..
    } = world;
    let Deployment { policy, keys } = deployment;
    let opened = Proof::open(
        proof,
        keys,
        app_client,
        world.clock.now(),
        policy.proof_life,
    );
    opened.unwrap().flow
}

/// A proof that any key of the ring can seal is worthless without the flow that earned it.
#[test]
fn a_proof_that_no_flow_earned_is_refused_under_any_key() {
    for (earned, of, client) in [
        (false, BOB, "client"),
        (true, BOB, "second"),
        (true, ADA, "client"),
    ] {
        let world = World::new();
        let flow = if earned {
            flow_of_proof(&world, &earned_proof(&world, BOB))
        } else {
            FlowId::from_bytes([7; 16])
        };
        let forged = Proof {
            contact: identifier(of),
            flow,
            made_at: world.clock.now(),
        };
        let app_client = AppClient::new("pool", client);
        let forged = forged.seal(&world.deployment.keys, &app_client, &*world.entropy);
        let elsewhere = world.reconfigured(|world| world.app_client = app_client.clone());
        let pool = Pool::of(&elsewhere);
        let result = with_proof(&elsewhere, &pool, of, &forged);
        assert_eq!(result, Err(SignInError::InvalidProof), "{of}, {client}");
        assert!(world.directory.port.is_empty());
        // It is also wrong as the answer to a claim of the account.
        elsewhere.put_ada(&[("email", of)]);
        let mut claim = elsewhere.initiate(ADAS_NAME);
        claim.choose(&elsewhere.ticket_for(Purpose::Claim, of));
        assert_eq!(claim.step(), "claim");
        let reply = claim.answer(&forged);
        assert_eq!(
            reply.verify.reason,
            VerifyReason::ProofForged,
            "{of}, {client}"
        );
    }
}

/// A key that left the rotation years ago and remains as the lasting key signs no user in.
#[test]
fn a_proof_and_a_ticket_under_a_lasting_key_are_forged() {
    let world = World::with_ada().reconfigured(|world| {
        let ring = KeyRing::new(key("k2", 2), None, None).unwrap();
        world.deployment.keys = ring.with_lasting(key("k1", 1)).unwrap();
    });
    let leaked = world.reconfigured(|world| {
        world.deployment.keys = KeyRing::new(key("k1", 1), None, None).unwrap();
    });
    let proof = leaked.proof(BOB);
    let result = with_proof(&world, &Pool::of(&world), BOB, &proof);
    assert_eq!(result, Err(SignInError::InvalidProof));
    let mut session = world.initiate(ADA);
    let reply = session.respond_to("", "email", Some(&leaked.ticket(ADA)));
    assert_eq!(
        (reply.next(), reply.reasons().1),
        (Next::Fail, DefineReason::TicketKeyUnknown)
    );
    assert!(world.sent().is_empty());
    // Its challenges are not accepted either: metadata of the leaked ring is foreign.
    let session = leaked.at_otp(ADA).moved_to(&world);
    let reply = session.clone().answer(&world.code());
    assert_eq!(reply.reasons().0, VerifyReason::InvalidSession);
}

fn parallel_sessions<'w>(
    world: &'w World,
    pool: &'w Pool<'w>,
    proofs: &'w [String; 2],
) -> Vec<Strand<'w, Result<SignInPayload, SignInError>>> {
    proofs
        .iter()
        .map(|proof| -> Strand<'w, _> {
            Box::pin(async move {
                let (resolver, request) = (resolver(world, pool), request(BOB, Some(proof)));
                Box::pin(resolver.session(&request)).await
            })
        })
        .collect()
}

#[test]
fn a_half_created_account_is_completed() {
    let world = World::new();
    world.put_ada(&[("cognito:user_status", "FORCE_CHANGE_PASSWORD")]);
    let proof = earned_proof(&world, ADA);
    let pool = Pool::of(&world);
    let payload = with_proof(&world, &pool, ADA, &proof).unwrap();
    assert_eq!(payload.username.expose(), ADAS_NAME);
    let account = now(world.directory.port.find(ADAS_NAME)).unwrap().unwrap();
    assert!(!account.attributes.is_half_created());
    let mut session = pool.session(&payload.session);
    assert_eq!(session.answer(&proof).next(), Next::IssueTokens);
}

#[test]
fn an_account_that_holds_the_contact_is_used() {
    let world = World::new();
    let proof = earned_proof(&world, ADA);
    world.put_ada(&[]);
    let pool = Pool::of(&world);
    let payload = with_proof(&world, &pool, ADA, &proof).unwrap();
    assert_eq!(payload.username.expose(), ADAS_NAME);
    assert_eq!(world.directory.port.len(), 1);
}

#[test]
fn an_account_with_an_unverified_address_is_not_its_owner() {
    let world = World::new();
    let proof = earned_proof(&world, ADA);
    world.put_ada(&[("email_verified", "false")]);
    // An account with the address as its username is not the owner either.
    world.put_account(ADA, NUMBER);
    let payload = with_proof(&world, &Pool::of(&world), ADA, &proof).unwrap();
    assert!(![ADA, ADAS_NAME].contains(&payload.username.expose()));
    assert_eq!(world.directory.port.len(), 3);
}

#[test]
fn a_forged_stale_used_or_foreign_proof_creates_no_account() {
    let world = World::new();
    let pool = Pool::of(&world);
    let second = world.reconfigured(|world| world.app_client = AppClient::new("pool", "second"));
    let stale = world.proof(BOB);
    world.after_millis(180_001);
    for (what, proof) in [
        ("an empty proof", String::new()),
        ("forged", format!("{}A", world.proof(BOB))),
        ("a ticket", world.ticket(BOB)),
        ("of another value", world.proof(ADA)),
        ("of another client", second.proof(BOB)),
        ("stale", stale),
    ] {
        world.wire.clear();
        let refused = with_proof(&world, &pool, BOB, &proof);
        assert_eq!(refused, Err(SignInError::InvalidProof), "{what}");
        assert!(world.wire.calls().is_empty(), "{what}");
        let refused = now(resolver(&world, &pool).ticket(&request(BOB, Some(&proof))));
        assert_eq!(refused, Err(SignInError::InvalidProof), "{what}");
    }
    assert!(world.directory.port.is_empty());
}

#[test]
fn sign_in_waits_for_a_new_account_to_become_visible() {
    for sessions in 1..=5 {
        for legacy in [false, true] {
            let world = World::new();
            let proof = earned_proof(&world, BOB);
            let pool = if legacy {
                Pool::legacy(&world)
            } else {
                Pool::of(&world)
            }
            .slow(sessions);
            let payload = with_proof(&world, &pool, BOB, &proof).unwrap();
            let mut session = pool.session(&payload.session);
            assert_eq!(session.answer(&proof).next(), Next::IssueTokens);
            assert_eq!((world.directory.port.len(), world.sent().len()), (1, 1));
        }
    }
}

#[test]
fn a_new_account_that_stays_invisible_is_unavailable() {
    for legacy in [false, true] {
        let world = World::new();
        let proof = earned_proof(&world, BOB);
        let pool = if legacy {
            Pool::legacy(&world)
        } else {
            Pool::of(&world)
        };
        let pool = pool.slow(100);
        let result = with_proof(&world, &pool, BOB, &proof);
        assert_eq!(cause(&result), &Cause::AccountNotFound);
        assert!(with_proof(&world, &Pool::of(&world), BOB, &proof).is_ok());
        assert_eq!(world.directory.port.len(), 1);
    }
}

/// The waits are those of `sign_in::Backoff`: from 100 ms, doubling, 3.1 s in total. AppSync's
/// limit is 30 s.
#[test]
fn no_request_waits_for_a_lease_over_three_seconds() {
    let world = World::new();
    let proof = earned_proof(&world, BOB);
    let start = world.clock.now();
    let on = Pseudonym::of_identifier(&world.deployment.keys, &identifier(BOB));
    let holder = Pseudonym::random([1; 16]);
    let until = start.plus(Duration::from_secs(60));
    assert_eq!(
        now(world.store.port.lease(on, holder, start, until)),
        Ok(true)
    );
    let result = with_proof(&world, &Pool::of(&world), BOB, &proof);
    assert_eq!(cause(&result), &Cause::LeaseHeld);
    assert_eq!(world.clock.now().since(start), Duration::from_millis(3_100));
    assert!(world.directory.port.is_empty());
}

#[test]
fn a_pool_that_reports_missing_users_is_an_error_by_default() {
    let world = World::with_ada();
    let pool = Pool::legacy(&world);
    let result = sign_in(&world, &pool, BOB);
    assert_eq!(cause(&result), &Cause::PoolReportsMissingUsers);
    assert_eq!(world.directory.port.len(), 1);
    assert!(sign_in(&world, &pool, ADA).is_ok());
}

#[test]
fn a_legacy_pool_creates_the_account_first_if_configured() {
    let world = World::new();
    let pool = Pool::legacy(&world).slow(2);
    let resolver = Resolver {
        legacy_pool: true,
        ..resolver(&world, &pool)
    };
    let payload = now(resolver.session(&request(BOB, None))).unwrap();
    assert_eq!(payload.username.expose(), BOB);
    assert_eq!(world.directory.port.len(), 1);
    let mut session = pool.session(&payload.session);
    assert_eq!(session.answer(&world.code()).next(), Next::IssueTokens);

    let ticket = now(resolver.ticket(&request(NUMBER, None))).unwrap();
    assert_eq!(ticket.username.expose(), NUMBER);
    assert_eq!(world.directory.port.len(), 2);
}

/// Requests that are never redeemed are charged to no budget, so they must not hold what the account
/// owner needs. Only an account that is missing or half-created needs the lease.
#[test]
fn a_held_lease_delays_no_known_user_of_a_legacy_pool() {
    for (status, waits) in [("CONFIRMED", false), ("FORCE_CHANGE_PASSWORD", true)] {
        let world = World::new();
        world.put_ada(&[("cognito:user_status", status)]);
        let start = world.clock.now();
        let on = Pseudonym::of_identifier(&world.deployment.keys, &identifier(ADA));
        let until = start.plus(Duration::from_secs(60));
        let another = Pseudonym::random([1; 16]);
        assert_eq!(
            now(world.store.port.lease(on, another, start, until)),
            Ok(true)
        );
        let pool = Pool::legacy(&world);
        let resolver = Resolver {
            legacy_pool: true,
            ..resolver(&world, &pool)
        };
        let answered = now(resolver.ticket(&request(ADA, None)));
        if waits {
            assert!(matches!(
                answered,
                Err(SignInError::Unavailable(Cause::LeaseHeld))
            ));
        } else {
            assert!(answered.is_ok());
            assert_eq!(world.clock.now(), start);
            assert_eq!(world.wire.calls(), ["counts", "find"]);
        }
    }
}

/// A request that waits for the lease goes on as soon as another one has created the account.
#[test]
fn a_new_account_ends_the_wait_for_its_lease() {
    let world = World::new();
    let start = world.clock.now();
    let on = Pseudonym::of_identifier(&world.deployment.keys, &identifier(ADA));
    let until = start.plus(Duration::from_secs(60));
    let another = Pseudonym::random([1; 16]);
    assert_eq!(
        now(world.store.port.lease(on, another, start, until)),
        Ok(true)
    );
    let pool = Pool::legacy(&world);
    let resolver = Resolver {
        legacy_pool: true,
        ..resolver(&world, &pool)
    };
    let asked = request(ADA, None);
    world.wire.take_turns();
    let mut ticket = std::pin::pin!(resolver.ticket(&asked));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    while !world.wire.calls().contains(&"lease") {
        assert!(ticket.as_mut().poll(&mut context).is_pending());
    }
    world.put_ada(&[]);
    assert!(now(ticket).is_ok());
    assert_eq!(world.wire.calls(), ["counts", "find", "lease", "find"]);
}

/// An account without a proof is charged to no domain. One with a proof is, also in a legacy pool.
#[test]
fn unproved_accounts_spend_no_limit_of_their_domain() {
    let world = World::new()
        .reconfigured(widen_budgets)
        .reconfigured(|world| {
            world.deployment.policy.budgets.mail.accounts_per_domain = 1;
        });
    let proofs = ["first@corp.example", "second@corp.example"].map(|typed| {
        let proof = earned_proof(&world, typed);
        (typed, proof)
    });
    let pool = Pool::legacy(&world);
    let resolver = Resolver {
        legacy_pool: true,
        ..resolver(&world, &pool)
    };
    for number in 0..5 {
        let typed = format!("user{number}@corp.example");
        now(resolver.session(&request(&typed, None))).unwrap();
        let typed = format!("{number}user@corp.example");
        now(resolver.ticket(&request(&typed, None))).unwrap();
    }
    assert_eq!(world.directory.port.len(), 10);
    let claims = proofs.map(|(typed, proof)| now(resolver.ticket(&request(typed, Some(&proof)))));
    assert!(claims[0].is_ok());
    assert!(matches!(
        claims[1],
        Err(SignInError::TooManyRequests {
            budget: Some(Budget::NewAccounts),
            ..
        })
    ));
}

#[test]
fn a_spent_budget_refuses_with_and_without_an_account() {
    let refusals = [ADA, BOB].map(|typed| {
        let world = World::with_ada().without_slots();
        let pool = Pool::of(&world);
        for _ in 0..6 {
            sign_in(&world, &pool, typed).unwrap();
        }
        world.after_secs(10).wire.clear();
        let refused = sign_in(&world, &pool, typed).unwrap_err();
        let ticket = now(resolver(&world, &pool).ticket(&request(typed, None))).unwrap_err();
        assert_eq!(refused, ticket);
        assert_eq!(world.sent().len(), 6);
        (refused, world.wire.calls())
    });
    assert_eq!(refusals[0], refusals[1]);
    assert_eq!(
        refusals[0],
        (
            SignInError::TooManyRequests {
                retry_after: 50,
                budget: Some(Budget::Mailbox),
            },
            vec!["counts", "counts"]
        )
    );
}

#[test]
fn the_budget_of_an_hour_and_of_a_day_hold() {
    let world = World::new().without_slots();
    let pool = Pool::of(&world);
    let mut codes_of = [
        std::collections::BTreeMap::new(),
        std::collections::BTreeMap::new(),
    ];
    for _ in 0..3 * 24 * 60 {
        let secs = world.clock.now().as_secs();
        let sent = usize::from(sign_in(&world, &pool, BOB).is_ok());
        for (codes, length) in codes_of.iter_mut().zip([3_600, 86_400]) {
            *codes.entry(secs / length).or_insert(0) += sent;
        }
        world.after_secs(60);
    }
    let most = codes_of.map(|codes| codes.into_values().max().unwrap());
    assert_eq!(most, [35, 110], "with the extended budget");
}

#[test]
fn the_budget_is_of_the_identifier_however_it_was_typed() {
    let world = World::new();
    let pool = Pool::of(&world);
    let digits = ["bob@example.com", " BOB@example.com ", "bob@EXAMPLE.com"]
        .map(|typed| sign_in(&world, &pool, typed).unwrap().code_length);
    assert_eq!(digits, [6, 6, 10]);
    assert!(
        sign_in(&world, &pool, ADA).is_ok(),
        "the budget of another identifier is untouched"
    );
}

#[test]
fn a_sign_in_that_fails_before_its_message_is_charged_nothing() {
    let world = World::new();
    let pool = Pool::legacy(&world);
    for _ in 0..50 {
        assert!(matches!(
            sign_in(&world, &pool, BOB),
            Err(SignInError::Unavailable(_))
        ));
    }
    assert!(!world.wire.calls().contains(&"charge"));
}

#[test]
fn a_disabled_user_gets_an_ordinary_payload_and_no_tokens() {
    let world = World::with_ada();
    world.disable_ada();
    let pool = Pool::of(&world);
    let payload = sign_in(&world, &pool, ADA).unwrap();
    let elsewhere = World::with_ada();
    let ordinary = sign_in(&elsewhere, &Pool::of(&elsewhere), ADA).unwrap();
    assert_eq!(payload.username, ordinary.username);
    assert_eq!(
        (
            payload.code_length,
            payload.expires_in,
            payload.resend_after
        ),
        (
            ordinary.code_length,
            ordinary.expires_in,
            ordinary.resend_after
        )
    );
    assert!(world.sent().is_empty());
    let code = elsewhere.code();
    assert!(!pool.session(&payload.session).answer(&code).is_right());
}

#[test]
fn a_disabled_users_proof_opens_no_session_and_makes_no_account() {
    let world = World::new();
    let proof = earned_proof(&world, ADA);
    world.put_ada(&[]);
    world.disable_ada();
    let result = with_proof(&world, &Pool::of(&world), ADA, &proof);
    assert_eq!(cause(&result), &Cause::SessionRefused);
    assert_eq!(world.directory.port.len(), 1);
}

#[test]
fn a_ticket_signs_in_an_sdk_that_runs_the_whole_exchange() {
    let world = World::with_ada();
    let pool = Pool::of(&world);
    let payload = now(resolver(&world, &pool).ticket(&request(ADA, None))).unwrap();
    assert_eq!((payload.username.expose(), payload.expires_in), (ADA, 60));
    assert_eq!(world.wire.calls(), ["counts"]);
    let mut session = world.initiate(payload.username.expose());
    session.choose(payload.ticket.expose());
    assert_eq!(session.answer(&world.code()).next(), Next::IssueTokens);
}

#[test]
fn a_ticket_for_a_proof_opens_a_claim_of_the_new_account() {
    let world = World::new();
    let proof = earned_proof(&world, BOB);
    let pool = Pool::of(&world);
    let payload = now(resolver(&world, &pool).ticket(&request(BOB, Some(&proof)))).unwrap();
    assert_eq!(world.directory.port.len(), 1);
    let mut session = world.initiate(payload.username.expose());
    session.choose(payload.ticket.expose());
    assert_eq!(session.step(), "claim");
    assert_eq!(session.answer(&proof).next(), Next::IssueTokens);
    assert_eq!(world.sent().len(), 1);
}

#[test]
fn a_fault_anywhere_is_unavailable_and_a_retry_signs_in() {
    for typed in [ADA, BOB] {
        let mut number = 0;
        while let Some(calls) = code_after_fault(typed, number) {
            assert!(number < calls);
            number += 1;
        }
        assert_eq!(number, 9, "every call broke");
    }
}

/// Signs in by code while a call breaks, both ways. Returns `None` if there is no call of that
/// number.
fn code_after_fault(typed: &str, number: usize) -> Option<usize> {
    let mut calls = 0;
    for broken in [Break::Before, Break::After] {
        let world = World::with_ada().reconfigured(widen_budgets);
        let pool = Pool::of(&world);
        world.wire.will_break([(number, broken)]);
        let result = sign_in(&world, &pool, typed);
        calls = world.wire.calls().len();
        if number >= calls {
            return None;
        }
        let session = match result {
            Ok(payload) => pool.session(&payload.session),
            Err(error) => {
                assert_eq!(error.error_type(), "Unavailable");
                let again = sign_in(&world, &pool, typed).unwrap();
                pool.session(&again.session)
            }
        };
        assert_answers_to_its_code(session);
    }
    Some(calls)
}

/// Asserts that a session accepts its code. The message may have been lost; then it is sent again.
fn assert_answers_to_its_code(mut session: Session<'_>) {
    let world = session.world;
    world.after_secs(30);
    session.resend();
    let code = world.sent().pop().unwrap().0;
    assert!(session.answer(&code).is_right());
}

#[test]
fn a_fault_anywhere_after_a_proof_still_makes_one_account() {
    let mut number = 0;
    loop {
        let mut calls = 0;
        for broken in [Break::Before, Break::After] {
            let world = World::new();
            let proof = earned_proof(&world, BOB);
            let pool = Pool::of(&world);
            world.wire.will_break([(number, broken)]);
            let result = with_proof(&world, &pool, BOB, &proof);
            calls = world.wire.calls().len();
            world.wire.clear();
            let payload = result.unwrap_or_else(|error| {
                assert_eq!(error.error_type(), "Unavailable");
                // The lost request may still hold the lease.
                world.after_secs(30);
                with_proof(&world, &pool, BOB, &proof).unwrap()
            });
            let mut session = pool.session(&payload.session);
            assert_eq!(session.answer(&proof).next(), Next::IssueTokens);
            assert_eq!((world.directory.port.len(), world.sent().len()), (1, 1));
        }
        if number >= calls {
            break;
        }
        number += 1;
    }
    assert!(number > 8, "every call broke");
}

#[test]
fn a_refusal_states_the_remedy_and_nothing_else() {
    let fault = latchstring_core::ports::PortError::new("AdminGetUser", "ThrottlingException");
    for (error, kind) in [
        (SignInError::InvalidProof, "InvalidProof"),
        (SignInError::from(fault), "Unavailable"),
        (
            SignInError::TooManyRequests {
                retry_after: 1,
                budget: Some(Budget::Mailbox),
            },
            "TooManyRequests",
        ),
    ] {
        assert_eq!(error.error_type(), kind);
        assert!(!error.to_string().contains("AdminGetUser"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_is_a_proof(proof in "\\PC{0,60}|k1\\.[A-Za-z0-9_-]{0,500}") {
        let world = World::with_ada();
        let pool = Pool::of(&world);
        prop_assert_eq!(with_proof(&world, &pool, BOB, &proof), Err(SignInError::InvalidProof));
    }
}
