//! The whole state space, to a stated depth: the core over the ports in memory, with a few parallel
//! calls of Cognito. It explores every order of their port calls, and the death of a process
//! between any two.
//!
//! The tests explore only the shallow bounds. `cargo xtask model` sets `MODEL=deep` and explores
//! more.
#![expect(
    clippy::print_stdout,
    reason = "`cargo xtask model` shows what was explored"
)]

use std::time::Duration;

use latchstring_core::event::EventKind;
use latchstring_core::flow::{ClientRequest, DefineReason, Next, VerifyReason};
use latchstring_core::identifier::Method;
use latchstring_core::outbox::Sweep;
use latchstring_core::ports::{Clock as _, Directory as _};
use latchstring_core::secret::Secret;
use latchstring_core::session::{SessionError, SessionId};
use latchstring_core::sign_in::{SignInError, SignInPayload};
use latchstring_memory::MemoryDirectory;

use crate::admissions::{by_invitation, invite, username};
use crate::completions::completion;
use crate::contacts::{change, holds, last_code};
use crate::events::{OVERDUE, are_published, different, with_events};
use crate::guess_charges::charged;
use crate::harness::{
    ADA, ADAS_NAME, BOB, BOBS_NAME, Bounds, Break, Choices, Explored, NUMBER, Pool, Reply, Session,
    Strand, World, identifier, now,
};
use crate::sessions::{ACCESS, GRACE, Mode, chrome, server};
use crate::sign_in::{earned_proof, request, resolver, widen_budgets};
use crate::undo::{NEW as REPLACED_BY, call_of_a_change, replace, undoing};

/// The contact that two accounts request at once.
const NEW: &str = "new@example.org";

/// Explores to the shallow bounds, or to the deep ones if `MODEL` is `deep`, and prints the result.
fn explore(
    name: &str,
    [shallow, deep]: [(usize, Bounds); 2],
    mut run: impl FnMut(&mut Choices, usize, Bounds),
) {
    let is_deep = option_env!("MODEL") == Some("deep");
    let (parallel, bounds) = if is_deep { deep } else { shallow };
    let mut started = 0_usize;
    let Explored { runs, depth } = Choices::explore(|choices| {
        started += 1;
        if started.is_multiple_of(PROGRESS) {
            println!("model: {name}: {started} orders so far");
        }
        run(choices, parallel, bounds);
    });
    assert!(runs > 1, "{name} has only one order");
    let Bounds { deaths, switches } = bounds;
    let switches = if switches == ANY {
        "any number of".to_owned()
    } else {
        format!("up to {switches}")
    };
    println!(
        "model: {name}: {parallel} in parallel, {switches} switches, up to {deaths} deaths: \
         all {runs} orders, depth {depth}"
    );
}

/// The number of orders after which a long exploration prints its progress.
const PROGRESS: usize = 20_000;

const ANY: usize = usize::MAX;

const fn bounds(parallel: usize, switches: usize, deaths: usize) -> (usize, Bounds) {
    (parallel, Bounds { deaths, switches })
}

/// Returns a further answer to a session that a caller kept.
fn answering<'a>(session: &Session<'a>, answer: String, action: Option<&str>) -> Strand<'a, Reply> {
    let mut session = session.clone();
    let request = ClientRequest {
        action: action.map(str::to_owned),
        ..ClientRequest::default()
    };
    Box::pin(async move { session.respond(&answer, request).await })
}

fn choosing<'a>(session: &Session<'a>, ticket: &str) -> Strand<'a, Reply> {
    let mut session = session.clone();
    let request = ClientRequest {
        method: Some(Method::Email.as_str().to_owned()),
        ticket: Some(Secret::new(ticket)),
        ..ClientRequest::default()
    };
    Box::pin(async move { session.respond("", request).await })
}

/// Asserts that the account owner can sign in, whatever happened before.
fn assert_owner_can_sign_in(world: &World, typed: &str) {
    let mut session = world.at_otp(typed);
    let reply = session.answer(&last_code(world));
    assert_eq!(reply.next(), Next::IssueTokens, "{:?}", reply.reasons());
}

#[test]
fn no_order_of_answers_passes_the_attempts() {
    explore(
        "answers",
        [bounds(2, ANY, 0), bounds(3, 4, 1)],
        |choices, parallel, bounds| {
            // One answer more than the flow has attempts.
            let limit = u8::try_from(parallel - 1).unwrap();
            let world =
                World::with_ada().reconfigured(|world| world.deployment.policy.attempts = limit);
            let session = world.at_otp(ADA);
            world.wire.take_turns();
            let wrong = world.wrong_codes().take(parallel - 1);
            let answers: Vec<_> = wrong.chain([world.code()]).collect();
            let strands = answers
                .iter()
                .map(|answer| answering(&session, answer.clone(), None))
                .collect();
            let replies = choices.run(strands, bounds);

            let row = session.row().unwrap();
            let verified = row.attempts.len();
            assert!(verified <= usize::from(limit), "{verified} verified");
            for (reply, answer) in replies.iter().zip(&answers) {
                let Some(reply) = reply else { continue };
                let tokens = reply.next() == Next::IssueTokens;
                assert!(
                    !tokens || *answer == world.code(),
                    "tokens for a wrong answer"
                );
                assert!(!tokens || reply.is_right(), "tokens without a match");
            }
            // A caller that kept a session and its right answer gets nothing once the code is used.
            if replies
                .iter()
                .flatten()
                .any(|reply| reply.next() == Next::IssueTokens)
            {
                world.after_secs(16);
                let again = now(answering(&session, world.code(), None));
                assert_ne!(again.next(), Next::IssueTokens, "a code is used twice");
                assert!(!again.is_right(), "a used code is right");
            }
            assert_owner_can_sign_in(&world, ADA);
        },
    );
}

#[test]
fn no_order_of_resumed_sessions_passes_the_attempts() {
    explore(
        "resumes",
        [bounds(2, 2, 1), bounds(3, 2, 1)],
        |choices, parallel, bounds| {
            // One answer more than the flow has attempts, each in a session of its own.
            let limit = u8::try_from(parallel - 1).unwrap();
            let world =
                World::with_ada().reconfigured(|world| world.deployment.policy.attempts = limit);
            let first = world.at_otp(ADA);
            let wrong = world.wrong_codes().take(parallel - 1);
            let answers: Vec<_> = wrong.chain([world.code()]).collect();
            let sessions: Vec<_> = answers
                .iter()
                .map(|answer| {
                    let ticket = world.ticket_that_continues(&first, ADA);
                    (world.initiate(ADA), ticket, answer)
                })
                .collect();
            world.wire.take_turns();
            let strands = sessions
                .iter()
                .map(|(session, ticket, answer)| -> Strand<'_, Option<Reply>> {
                    let mut session = session.clone();
                    let request = ClientRequest {
                        method: Some(Method::Email.as_str().to_owned()),
                        ticket: Some(Secret::new(&**ticket)),
                        ..ClientRequest::default()
                    };
                    Box::pin(async move {
                        session.respond("", request).await;
                        if session.ended.is_some() {
                            return None;
                        }
                        let request = ClientRequest::default();
                        Some(session.respond(answer, request).await)
                    })
                })
                .collect();
            let replies = choices.run(strands, bounds);
            let verified = first.row().unwrap().attempts.len();
            assert!(verified <= usize::from(limit), "{verified} verified");
            assert_eq!(world.sent().len(), 1, "a resume sends nothing");
            for (reply, answer) in replies.iter().zip(&answers) {
                let Some(Some(reply)) = reply else { continue };
                let tokens = reply.next() == Next::IssueTokens;
                assert!(!tokens || *answer == world.code(), "a wrong answer");
            }
            world.after_secs(16);
            let won = replies.iter().flatten().flatten();
            if won.clone().any(|reply| reply.next() == Next::IssueTokens) {
                let again = now(answering(&first, world.code(), None));
                assert!(!again.is_right(), "a used code is right");
            }
            assert_owner_can_sign_in(&world, ADA);
        },
    );
}

#[test]
fn no_order_of_completions_uses_a_proof_twice() {
    explore(
        "completions",
        [bounds(2, ANY, 1), bounds(3, 4, 1)],
        |choices, parallel, bounds| {
            let world = World::new();
            let proof = earned_proof(&world, ADA);
            world.put_ada(&[]);
            world.wire.take_turns();
            // The first two are of one session, of which a caller kept a copy.
            let (first, second) = (world.initiate(ADAS_NAME), world.initiate(ADAS_NAME));
            let strands = [&first, &second, &first]
                .into_iter()
                .take(parallel)
                .map(|session| -> Strand<'_, Reply> {
                    let (mut session, proof) = (session.clone(), &proof);
                    Box::pin(async move { session.respond(proof, completion()).await })
                })
                .collect();
            let replies = choices.run(strands, bounds);
            let rows = [&first, &second].map(|session| session.row().is_some());
            assert_ne!(rows, [true; 2], "both sessions used the proof");
            let signed_in = |reply: &Option<Reply>| {
                reply
                    .as_ref()
                    .is_some_and(|reply| reply.next() == Next::IssueTokens)
            };
            let second = replies.get(1).is_some_and(signed_in);
            assert!(!second || !signed_in(&replies[0]));
        },
    );
}

#[test]
fn no_order_of_retries_sends_one_code_twice() {
    explore(
        "one ticket",
        [bounds(3, 3, 1), bounds(3, ANY, 1)],
        |choices, parallel, bounds| {
            let world = World::with_ada();
            let ticket = world.ticket(ADA);
            // The same answer is retried, and the same ticket is used in another session.
            let (first, second) = (world.initiate(ADA), world.initiate(ADA));
            world.wire.take_turns();
            let strands = [&first, &second, &first]
                .into_iter()
                .take(parallel)
                .map(|session| choosing(session, &ticket))
                .collect();
            choices.run(strands, bounds);
            assert!(world.sent().len() <= 1, "{} messages", world.sent().len());
            assert_owner_can_sign_in(&world, ADA);
        },
    );
}

#[test]
fn no_order_of_resends_sends_more_than_one() {
    explore(
        "resends",
        [bounds(2, ANY, 1), bounds(3, ANY, 1)],
        |choices, parallel, bounds| {
            let world = World::with_ada();
            let session = world.at_otp(ADA);
            world.after_secs(30);
            world.wire.take_turns();
            let strands = (0..parallel)
                .map(|_| answering(&session, "resend".to_owned(), Some("resend")))
                .collect();
            choices.run(strands, bounds);
            assert!(world.sent().len() <= 2, "{} messages", world.sent().len());
            assert_eq!(
                session.row().unwrap().attempts.len(),
                0,
                "a resend is counted"
            );
            assert_eq!(
                session.clone().answer(&world.code()).next(),
                Next::IssueTokens
            );
        },
    );
}

#[test]
fn no_order_of_expiry_accepts_a_late_answer() {
    explore(
        "expiry",
        [bounds(3, 2, 1), bounds(3, ANY, 0)],
        |choices, parallel, bounds| {
            let world = World::with_ada();
            let session = world.at_otp(ADA);
            world.wire.take_turns();
            let code = world.code();
            let wrong = world.wrong_code();
            let mut strands: Vec<Strand<'_, Option<Reply>>> = vec![Box::pin(async {
                world.after_secs(300);
                None
            })];
            for answer in [code.clone(), wrong].into_iter().take(parallel - 1) {
                let strand = answering(&session, answer, None);
                strands.push(Box::pin(async { Some(strand.await) }));
            }
            choices.run(strands, bounds);
            // A caller whose answer was verified in time may still get the verdict; a caller from
            // now on is late.
            world.after_secs(16);
            let late = session.clone().answer(&code);
            assert!(!late.is_right(), "{:?}", late.reasons());
            assert_owner_can_sign_in(&world, ADA);
        },
    );
}

#[test]
fn no_order_of_resend_answers_and_expiry_exceeds_a_limit() {
    explore(
        "a resend, answers and expiry",
        [bounds(4, 1, 1), bounds(4, 3, 1)],
        |choices, parallel, bounds| {
            let world = World::with_ada().reconfigured(|world| {
                // One attempt fewer than answers.
                world.deployment.policy.attempts = u8::try_from(parallel - 3).unwrap();
            });
            let limit = usize::from(world.deployment.policy.attempts);
            let session = world.at_otp(ADA);
            world.after_secs(30);
            world.wire.take_turns();
            let code = world.code();
            let mut strands: Vec<Strand<'_, Option<Reply>>> = vec![
                Box::pin(async {
                    world.after_secs(270);
                    None
                }),
                Box::pin(async {
                    answering(&session, "resend".to_owned(), Some("resend")).await;
                    None
                }),
            ];
            for answer in [code.clone(), world.wrong_code()]
                .into_iter()
                .take(parallel - 2)
            {
                let strand = answering(&session, answer, None);
                strands.push(Box::pin(async { Some(strand.await) }));
            }
            let replies = choices.run(strands, bounds);
            let sent = world.sent().len();
            assert!((1..=2).contains(&sent), "{sent} messages");
            let verified = session.row().unwrap().attempts.len();
            assert!(verified <= limit, "{verified} verified");
            for reply in replies.into_iter().flatten().flatten() {
                assert!(
                    reply.next() != Next::IssueTokens || reply.is_right(),
                    "tokens without a match"
                );
            }
            // A caller from now on is late, and gets no further message.
            world.after_secs(16);
            let late = session.clone().answer(&code);
            assert!(!late.is_right(), "{:?}", late.reasons());
            session.clone().resend();
            assert_eq!(world.sent().len(), sent, "an expired code was sent");
            assert_owner_can_sign_in(&world, ADA);
        },
    );
}

#[test]
fn no_order_of_guesses_and_success_exceeds_a_charge_or_refund() {
    explore(
        "guesses and a success",
        [bounds(3, 1, 1), bounds(4, 2, 1)],
        |choices, parallel, bounds| {
            const SHORT: u32 = 3;
            let world = World::with_ada()
                .reconfigured(widen_budgets)
                .reconfigured(|world| {
                    let budgets = &mut world.deployment.policy.budgets;
                    budgets.short_guesses_per_month = SHORT;
                });
            let pool = Pool::of(&world);
            let sign_in = resolver(&world, &pool);
            let code_request = request(ADA, None);
            let open = || {
                let payload = now(sign_in.session(&code_request)).unwrap();
                assert_eq!(payload.code_length, 6);
                (pool.session(&payload.session), last_code(&world))
            };
            let ((session, code), (other, _)) = (open(), open());
            world.wire.take_turns();
            // The right answer, repeated as for a slow trigger, and guesses at another code.
            let wrong: Vec<_> = world.wrong_codes().take(3).collect();
            let mut strands: Vec<Strand<'_, (bool, Option<Reply>)>> = Vec::new();
            for number in 0..parallel {
                let (session, answer) = if number == 0 || number == 2 {
                    (&session, code.clone())
                } else {
                    (&other, wrong[number / 2].clone())
                };
                let strand = answering(session, answer, None);
                strands.push(Box::pin(
                    async move { (number % 2 == 0, Some(strand.await)) },
                ));
            }
            let replies = choices.run(strands, bounds);
            let died = replies.iter().any(Option::is_none);
            let won = replies.iter().flatten().any(|(_, reply)| {
                reply
                    .as_ref()
                    .is_some_and(|reply| reply.next() == Next::IssueTokens)
            });
            // Counts the attempts whose verdict was returned, without the calls that died before
            // it.
            let guesses = replies
                .iter()
                .flatten()
                .filter_map(|(_, reply)| reply.as_ref())
                .filter(|reply| reply.verify.reason == VerifyReason::WrongAnswer)
                .count();
            assert!(won || died, "the right answer did not pass");
            // Finds the guesses that are left: guesses at a third code until answers are no longer
            // compared.
            let mut left = 0;
            let third = match now(sign_in.session(&code_request)) {
                Ok(payload) if payload.code_length == 6 => Some(pool.session(&payload.session)),
                _ => None,
            };
            if let Some(mut third) = third {
                for wrong in &wrong {
                    if third.ended.is_none() {
                        let reply = third.answer(wrong);
                        left += usize::from(reply.verify.reason == VerifyReason::WrongAnswer);
                    }
                }
            }
            let most = usize::try_from(SHORT).unwrap();
            assert!(
                left + guesses <= most,
                "{left} left after {guesses} guesses: refunded too much"
            );
            // The right answer twice in parallel may leave one guess charged.
            let repeats = parallel.saturating_sub(2).min(1);
            if !died {
                assert!(
                    left + guesses + repeats >= most,
                    "a success was not refunded"
                );
            }
        },
    );
}

/// The row holds every guess of its message, because the counts of a wrong answer were lost.
#[test]
fn no_order_of_a_renewing_resend_and_answers_exceeds_a_limit() {
    explore(
        "a renewing resend and answers",
        [bounds(3, 1, 1), bounds(4, 2, 1)],
        |choices, parallel, bounds| {
            const ATTEMPTS: u8 = 2;
            let world = World::with_ada()
                .reconfigured(widen_budgets)
                .reconfigured(|world| world.deployment.policy.attempts = ATTEMPTS);
            let mut session = world.at_otp(ADA);
            let (code, wrong) = (world.code(), world.wrong_code());
            for _ in 0..=ATTEMPTS {
                // Verify: record_attempt, charge, charge, record_wrong_answer.
                world.wire.will_break([(3, Break::Before)]);
                let reply = session.answer(&wrong);
                assert_eq!(reply.verify.reason, VerifyReason::PortError);
            }
            world.wire.clear();
            assert_eq!(charged(&world, "short"), u32::from(ATTEMPTS) + 1);
            world.after_secs(30);
            world.wire.take_turns();
            let resend = || answering(&session, "resend".to_owned(), Some("resend"));
            let answer = |answer: &String| answering(&session, answer.clone(), None);
            let strands = [resend(), answer(&code), answer(&wrong), resend()];
            let replies = choices.run(strands.into_iter().take(parallel).collect(), bounds);

            let messages = u32::try_from(world.sent().len()).unwrap();
            assert!((1..=2).contains(&messages), "{messages} messages");
            let guesses = charged(&world, "short");
            let most = messages * (u32::from(ATTEMPTS) + 1);
            assert!(guesses <= most, "{guesses} guesses, {messages} messages");
            let verified = session.row().unwrap().attempts.len();
            assert!(verified <= usize::from(ATTEMPTS), "{verified} verified");
            for reply in replies.into_iter().flatten() {
                let tokens = reply.next() == Next::IssueTokens;
                assert!(!tokens || reply.is_right(), "tokens without a match");
            }
            // If the resend was sent, its code is right.
            if messages == 2 {
                let reply = session.clone().answer(&code);
                assert!(reply.is_right(), "{:?}", reply.reasons());
            }
            assert_owner_can_sign_in(&world, ADA);
        },
    );
}

#[test]
fn no_order_of_two_proofs_makes_two_accounts() {
    explore(
        "proofs",
        [bounds(2, 2, 1), bounds(2, 4, 1)],
        |choices, parallel, bounds| {
            let world = World::new()
                .reconfigured(widen_budgets)
                .reconfigured(disable_alias_checks);
            let proofs: Vec<_> = (0..parallel).map(|_| earned_proof(&world, BOB)).collect();
            let pool = Pool::of(&world);
            let sign_in = resolver(&world, &pool);
            let requests: Vec<_> = proofs
                .iter()
                .map(|proof| request(BOB, Some(proof)))
                .collect();
            world.wire.take_turns();
            let strands = requests
                .iter()
                .map(|request| {
                    let strand: Strand<'_, _> = Box::pin(sign_in.session(request));
                    strand
                })
                .collect();
            let payloads = choices.run(strands, bounds);
            let accounts = world.directory.port.len();
            assert!(accounts <= 1, "{accounts} accounts");
            for (payload, proof) in payloads.into_iter().zip(&proofs) {
                let Some(Ok(payload)) = payload else { continue };
                let reply = pool.session(&payload.session).answer(proof);
                assert_eq!(reply.next(), Next::IssueTokens);
            }

            // The process that died may have held the lease.
            world.after_secs(30);
            let proof = earned_proof_or_tokens(&world);
            if let Some(proof) = proof {
                let payload = now(sign_in.session(&request(BOB, Some(&proof)))).unwrap();
                let reply = pool.session(&payload.session).answer(&proof);
                assert_eq!(reply.next(), Next::IssueTokens, "{:?}", reply.reasons());
            }
            assert_eq!(world.directory.port.len(), 1);
        },
    );
}

#[test]
fn no_order_of_two_redemptions_uses_an_invitation_twice() {
    explore(
        "redemptions",
        [bounds(2, 1, 1), bounds(2, 4, 1)],
        |choices, parallel, bounds| {
            let world = by_invitation()
                .reconfigured(widen_budgets)
                .reconfigured(disable_alias_checks);
            invite(&world, BOB);
            let proofs: Vec<_> = (0..parallel).map(|_| earned_proof(&world, BOB)).collect();
            let pool = Pool::of(&world);
            let sign_in = resolver(&world, &pool);
            let requests: Vec<_> = proofs
                .iter()
                .map(|proof| request(BOB, Some(proof)))
                .collect();
            world.wire.take_turns();
            let strands = requests
                .iter()
                .map(|request| {
                    let strand: Strand<'_, _> = Box::pin(sign_in.session(request));
                    strand
                })
                .collect();
            let payloads = choices.run(strands, bounds);
            let accounts = world.directory.port.len();
            assert!(accounts <= 1, "{accounts} accounts");
            for (payload, proof) in payloads.into_iter().zip(&proofs) {
                let Some(payload) = payload else { continue };
                let refused = payload.as_ref().err() == Some(&SignInError::NotAdmitted);
                assert!(!refused, "an invited owner is refused");
                let Ok(payload) = payload else { continue };
                let reply = pool.session(&payload.session).answer(proof);
                assert_eq!(reply.next(), Next::IssueTokens);
            }

            // The process that died may have held the lease. The account is completed as invited.
            world.after_secs(30);
            if let Some(proof) = earned_proof_or_tokens(&world) {
                let payload = now(sign_in.session(&request(BOB, Some(&proof)))).unwrap();
                let reply = pool.session(&payload.session).answer(&proof);
                assert_eq!(reply.next(), Next::IssueTokens, "{:?}", reply.reasons());
            }
            assert_eq!(world.directory.port.len(), 1);
            let name = username(&world, BOB);
            assert_eq!(world.directory.port.groups(&name).len(), 2);
            assert_eq!(
                world.directory.port.attributes(&name)["custom:tier"],
                "gold"
            );

            // The invitation permits no second account.
            world.directory.port.remove(&name);
            world.after_secs(60);
            let proof = earned_proof(&world, BOB);
            let again = now(sign_in.session(&request(BOB, Some(&proof))));
            assert_eq!(again.err(), Some(SignInError::NotAdmitted));
        },
    );
}

/// The process that created an account died before its last step. The owner signs in again while the
/// sweeper looks at the intent, and one of both may die too.
#[test]
fn no_order_of_a_completion_and_sweeps_loses_an_event() {
    let begin = || with_events(&World::with_ada()).reconfigured(widen_budgets);
    let again = |world: &World| {
        // Where the account is complete, the code earns the tokens.
        let Some(proof) = earned_proof_or_tokens(world) else {
            return;
        };
        let (pool, proof) = (Pool::of(world), Secret::new(proof));
        world.wire.clear();
        now(resolver(world, &pool).tokens(&request(BOB, None), &proof)).unwrap();
    };
    let whole = begin();
    again(&whole);
    let calls = whole.wire.calls();
    let last = calls.iter().position(|call| *call == "set_password");
    let last = last.expect("the last step");
    explore(
        "events",
        [bounds(1, 1, 1), bounds(2, 2, 1)],
        |choices, sweepers, bounds| {
            let world = begin();
            let pool = Pool::of(&world);
            let sign_in = resolver(&world, &pool);
            let request = request(BOB, None);
            let proof = Secret::new(earned_proof(&world, BOB));
            world.wire.will_break([(last, Break::Before)]);
            assert!(now(sign_in.tokens(&request, &proof)).is_err());
            world.wire.clear();
            world.after_secs(OVERDUE);

            let proof = Secret::new(earned_proof(&world, BOB));
            let until = world.clock.now().plus(Duration::from_secs(40));
            let sweep = Sweep {
                store: &world.store,
                directory: &world.directory,
                bus: &world.bus,
                clock: &world.clock,
            };
            world.wire.take_turns();
            let mut strands: Vec<Strand<'_, ()>> = vec![Box::pin(async {
                let _ = sign_in.tokens(&request, &proof).await;
            })];
            for _ in 0..sweepers {
                strands.push(Box::pin(async {
                    sweep.run(until).await;
                }));
            }
            choices.run(strands, bounds);

            world.after_secs(OVERDUE);
            again(&world);
            are_published(&world, &[EventKind::AccountCreated, EventKind::SignedIn]);
            let created = different(&world).into_iter();
            let created = created.filter(|kind| *kind == EventKind::AccountCreated);
            assert_eq!(created.count(), 1, "one id");
        },
    );
}

/// Disables Cognito's own check of aliases, so that only the lease keeps a contact to one owner.
fn disable_alias_checks(world: &mut World) {
    world.directory.port = MemoryDirectory::careless();
}

/// The outcome for one of two accounts that request the same contact.
enum Ended {
    Committed(Box<Reply>),
    Made(Box<Result<SignInPayload, SignInError>>),
}

#[test]
fn no_order_of_commit_and_first_sign_in_gives_two_owners() {
    explore(
        "a commit and a first sign-in",
        [bounds(2, 2, 1), bounds(2, 4, 1)],
        |choices, _, bounds| {
            let world = World::new()
                .reconfigured(widen_budgets)
                .reconfigured(disable_alias_checks);
            world.put_ada(&[]);
            let changing = change(&world, ADAS_NAME, BOB);
            let code = last_code(&world);
            let proof = earned_proof(&world, BOB);
            let pool = Pool::of(&world);
            let sign_in = resolver(&world, &pool);
            let first = request(BOB, Some(&proof));
            world.wire.take_turns();
            let committing = answering(&changing, code.clone(), None);
            let strands: Vec<Strand<'_, Ended>> = vec![
                Box::pin(async { Ended::Committed(Box::new(committing.await)) }),
                Box::pin(async { Ended::Made(Box::new(Box::pin(sign_in.session(&first)).await)) }),
            ];
            let ended = choices.run(strands, bounds);
            let bob = identifier(BOB);
            let owners = world.directory.port.holders(&bob);
            assert!(owners <= 1, "{owners} owners");
            for ended in ended.into_iter().flatten() {
                match ended {
                    Ended::Committed(reply) => assert!(
                        reply.next() != Next::IssueTokens || holds(&world, ADAS_NAME, BOB),
                        "tokens without the contact"
                    ),
                    Ended::Made(made) => {
                        let Ok(payload) = *made else { continue };
                        let reply = pool.session(&payload.session).answer(&proof);
                        assert_eq!(reply.next(), Next::IssueTokens, "{:?}", reply.reasons());
                    }
                }
            }

            // The process that died may have held the lease. Both accounts retry, and one of them
            // gets the contact.
            world.after_secs(30);
            changing.clone().answer(&code);
            let again = now(sign_in.session(&first)).map(|payload| payload.session);
            if let Ok(session) = again {
                pool.session(&session).answer(&proof);
            }
            assert_eq!(world.directory.port.holders(&bob), 1);
        },
    );
}

/// Signs Bob in by code. Returns the proof, unless the sign-in ends in tokens.
fn earned_proof_or_tokens(world: &World) -> Option<String> {
    let mut session = world.at_otp(BOB);
    let reply = session.answer(&last_code(world));
    match reply.next() {
        Next::IssueTokens => None,
        Next::Challenge => Some(session.public["proof"].clone()),
        Next::Fail => panic!("{:?}", reply.reasons()),
    }
}

#[test]
fn no_order_of_two_commits_gives_a_contact_two_owners_or_none() {
    explore(
        "commits",
        [bounds(2, 2, 1), bounds(2, 4, 1)],
        |choices, parallel, bounds| {
            let world = World::with_ada().reconfigured(disable_alias_checks);
            world.put_ada(&[]);
            world.put_bob();
            let names = [ADAS_NAME, BOBS_NAME];
            let opened = names.map(|name| {
                let session = change(&world, name, NEW);
                (session, last_code(&world))
            });
            world.wire.take_turns();
            let strands = opened
                .iter()
                .take(parallel)
                .map(|(session, code)| answering(session, code.clone(), None))
                .collect();
            let replies = choices.run(strands, bounds);
            let owners = || names.map(|name| holds(&world, name, NEW));
            let count = owners().iter().filter(|owns| **owns).count();
            assert!(count <= 1, "{count} owners");
            for (reply, owns) in replies.iter().zip(owners()) {
                if let Some(reply) = reply {
                    assert!(
                        reply.next() != Next::IssueTokens || owns,
                        "tokens without the contact"
                    );
                }
            }

            // Both accounts proved the contact. The process that died answers once more after its
            // lease expired.
            world.after_secs(15);
            for ((session, code), reply) in opened.iter().zip(&replies) {
                if reply
                    .as_ref()
                    .is_none_or(|reply| reply.next() == Next::Challenge)
                {
                    world.after_secs(30);
                    let reply = session.clone().answer(code);
                    assert_ne!(reply.next(), Next::Challenge, "{:?}", reply.reasons());
                }
            }
            let count = owners().iter().filter(|owns| **owns).count();
            assert_eq!(count, 1, "a proved contact without an owner");
            let holder = now(world.directory.port.find(NEW)).unwrap();
            assert!(holder.is_some_and(|holder| holder.attributes.holds(&identifier(NEW))));
        },
    );
}

/// Answers the first challenge of a new session of Ada's account with a proof that undoes.
fn undo_by<'a>(session: &Session<'a>, proof: &str) -> Strand<'a, Reply> {
    let (mut session, proof) = (session.clone(), proof.to_owned());
    Box::pin(async move { session.respond(&proof, undoing()).await })
}

/// Asserts that the owner of the replaced contact gets the account back, whatever happened before.
fn assert_owner_gets_the_account_back(world: &World) {
    // The process that died may have held the leases.
    world.after_secs(61);
    let mut session = world.at_otp(ADA);
    let reply = session.answer(&last_code(world));
    if reply.next() != Next::IssueTokens {
        let proof = session.public["proof"].clone();
        let pool = Pool::of(world);
        let (sign_in, asked, proof) = (
            resolver(world, &pool),
            request(ADA, None),
            Secret::new(proof),
        );
        let undone = sign_in.undo_contact_change(&asked, &proof);
        assert!(now(undone).is_ok());
    }
    assert!(holds(world, ADAS_NAME, ADA) && !holds(world, ADAS_NAME, REPLACED_BY));
}

#[test]
fn no_order_of_two_undoes_leaves_two_contacts_or_a_thief() {
    explore(
        "undoes",
        [bounds(2, 2, 1), bounds(2, 4, 1)],
        |choices, parallel, bounds| {
            let world = World::with_ada()
                .reconfigured(widen_budgets)
                .reconfigured(disable_alias_checks);
            world.put_ada(&[]);
            replace(&world);
            let proofs: Vec<_> = (0..parallel).map(|_| earned_proof(&world, ADA)).collect();
            let sessions: Vec<_> = proofs.iter().map(|_| world.initiate(ADAS_NAME)).collect();
            world.wire.take_turns();
            let both = sessions.iter().zip(&proofs);
            let strands = both.map(|(session, proof)| undo_by(session, proof));
            let replies = choices.run(strands.collect(), bounds);
            let undone = replies
                .iter()
                .flatten()
                .filter(|reply| reply.define.reason == DefineReason::ChangeUndone);
            assert!(undone.count() <= 1, "undone twice");
            for reply in replies.iter().flatten() {
                assert_ne!(reply.next(), Next::Fail, "{:?}", reply.reasons());
                assert_ne!(reply.next(), Next::IssueTokens, "less than a second later");
            }
            let kept = [ADA, REPLACED_BY].map(|contact| holds(&world, ADAS_NAME, contact));
            assert!(kept[0] != kept[1], "one contact at every moment");
            // The old contact is back only after every token was revoked.
            assert!(!kept[0] || world.directory.port.sign_outs(ADAS_NAME) >= 1);
            assert_owner_gets_the_account_back(&world);
        },
    );
}

/// The thief requested a number before the change, and repeats the answer that made the change.
#[test]
fn no_order_of_an_undo_and_commits_leaves_a_thiefs_contact() {
    explore(
        "an undo and commits",
        [bounds(2, 1, 1), bounds(3, 1, 1)],
        |choices, parallel, bounds| {
            let world = World::with_ada()
                .reconfigured(widen_budgets)
                .reconfigured(disable_alias_checks);
            world.put_ada(&[]);
            let prepared = change(&world, ADAS_NAME, NUMBER);
            let number_code = last_code(&world);
            let changing = change(&world, ADAS_NAME, REPLACED_BY);
            let code = last_code(&world);
            // The contact is written, and its outcome is not.
            let settled = call_of_a_change("settle_pending");
            world.wire.will_break([(settled, Break::Before)]);
            assert_eq!(changing.clone().answer(&code).next(), Next::Challenge);
            assert_eq!(world.wire.calls()[settled], "settle_pending");
            assert!(holds(&world, ADAS_NAME, REPLACED_BY));
            world.wire.clear();
            world.after_secs(31);
            let proof = earned_proof(&world, ADA);
            let session = world.initiate(ADAS_NAME);
            world.wire.take_turns();
            let mut strands = vec![
                undo_by(&session, &proof),
                answering(&changing, code.clone(), None),
                answering(&prepared, number_code.clone(), None),
            ];
            strands.truncate(parallel);
            let replies = choices.run(strands, bounds);
            let undone = replies[0]
                .as_ref()
                .is_some_and(|reply| reply.define.reason == DefineReason::ChangeUndone);
            let kept = [ADA, REPLACED_BY].map(|contact| holds(&world, ADAS_NAME, contact));
            assert!(kept[0] != kept[1], "one contact at every moment");
            assert!(!undone || kept[0], "undone without the contact");
            assert!(!holds(&world, ADAS_NAME, NUMBER), "a prepared contact");
            assert_owner_gets_the_account_back(&world);
            // The thief answers once more, when every lease and every hold has ended.
            world.after_secs(61);
            for (session, code) in [(&changing, &code), (&prepared, &number_code)] {
                let reply = session.clone().answer(code);
                assert_ne!(reply.next(), Next::IssueTokens, "{:?}", reply.reasons());
            }
            assert!(holds(&world, ADAS_NAME, ADA) && !holds(&world, ADAS_NAME, REPLACED_BY));
            assert!(!holds(&world, ADAS_NAME, NUMBER), "a prepared contact");
        },
    );
}

/// Returns requests for an access token of a session whose token has expired.
fn refreshing<'a>(
    mode: &'a Mode,
    id: &'a SessionId,
    parallel: usize,
) -> Vec<Strand<'a, Result<(), SessionError>>> {
    let strand = |_| -> Strand<'a, _> {
        Box::pin(async {
            let token = mode.sessions().access_token(id, &server()).await;
            token.map(|_| ())
        })
    };
    (0..parallel).map(strand).collect()
}

/// A request may be slower than its lease, and the process of one may end anywhere.
#[test]
fn no_order_of_refreshes_and_a_death_ends_a_session() {
    explore(
        "refreshes",
        [bounds(2, 2, 1), bounds(3, 3, 1)],
        |choices, parallel, bounds| {
            let mode = Mode::new();
            let id = mode.open();
            mode.world.clock.advance(ACCESS);
            mode.world.wire.take_turns();
            let replies = choices.run(refreshing(&mode, &id, parallel), bounds);
            for reply in replies.iter().flatten() {
                assert_ne!(*reply, Err(SessionError::NotSignedIn));
            }
            assert_stands(&mode, &id);
        },
    );
}

/// The second use of a refresh token ends what the first one returned.
#[test]
fn no_order_of_refreshes_stores_a_token_that_ended() {
    explore(
        "refreshes, strictly",
        [bounds(2, 3, 0), bounds(3, 3, 0)],
        |choices, parallel, bounds| {
            let mode = Mode::with(|tokens| tokens.with_rotation(GRACE).strict());
            let id = mode.open();
            mode.world.clock.advance(ACCESS);
            mode.world.wire.take_turns();
            let replies = choices.run(refreshing(&mode, &id, parallel), bounds);
            for reply in replies.iter().flatten() {
                assert_ne!(*reply, Err(SessionError::NotSignedIn));
            }
            assert_stands(&mode, &id);
        },
    );
}

/// Asserts that a session stands now, after the longest lease, and at its next refresh.
fn assert_stands(mode: &Mode, id: &SessionId) {
    for wait in [0, 13, 300] {
        mode.world.after_secs(wait);
        let token = now(mode.sessions().access_token(id, &server()));
        assert!(token.is_ok(), "{token:?} after {wait} seconds");
    }
}

#[test]
fn no_order_of_refreshes_and_a_sign_out_leaves_tokens() {
    explore(
        "refreshes and a sign-out",
        [bounds(2, 4, 1), bounds(3, 3, 1)],
        |choices, parallel, bounds| {
            let mode = Mode::new();
            let id = mode.open();
            mode.world.clock.advance(ACCESS);
            mode.world.wire.take_turns();
            let mut strands = refreshing(&mode, &id, parallel - 1);
            strands.push(Box::pin(async {
                let done = mode.sessions().sign_out(&id).await;
                assert!(done.is_ok_and(|done| done.unrevoked.is_none()));
                Ok(())
            }));
            let replies = choices.run(strands, bounds);
            let Some(Some(_)) = replies.last() else {
                return; // The sign-out died.
            };
            let current = now(mode.sessions().current(&id, chrome()));
            assert_eq!(current, Err(SessionError::NotSignedIn));
            if replies.iter().all(Option::is_some) {
                assert_eq!(mode.tokens.port.live(), 0, "tokens are left");
            }
        },
    );
}

#[test]
fn no_order_of_an_opening_and_a_sign_out_hides_a_session() {
    explore(
        "an opening and a sign-out everywhere",
        [bounds(2, ANY, 1), bounds(3, 4, 1)],
        |choices, parallel, bounds| {
            let mode = Mode::new();
            let id = mode.open();
            let news: Vec<_> = (1..parallel)
                .map(|_| mode.signed_in(ADAS_NAME, None))
                .collect();
            mode.world.wire.take_turns();
            let mut strands: Vec<Strand<'_, Option<SessionId>>> = Vec::new();
            for new in &news {
                strands.push(Box::pin(async {
                    let opened = mode.sessions().open(new).await;
                    opened.ok().map(|opened| opened.id)
                }));
            }
            strands.push(Box::pin(async {
                let done = mode.sessions().sign_out_everywhere(&id).await;
                assert!(done.is_ok());
                None
            }));
            let replies = choices.run(strands, bounds);
            let opened: Vec<_> = replies.iter().flatten().flatten().collect();
            for id in &opened {
                // One that was opened before the sign-out has ended. One that was not is in the list.
                if let Ok(list) = now(mode.sessions().list(id)) {
                    assert!(list.iter().any(|entry| entry.is_current), "it is hidden");
                }
            }
            let another = mode.open();
            assert!(now(mode.sessions().sign_out_everywhere(&another)).is_ok());
            for id in opened {
                let current = now(mode.sessions().current(id, chrome()));
                assert_eq!(current, Err(SessionError::NotSignedIn));
            }
        },
    );
}
