//! A flow that another session continues, by its resume secret.

use latchstring_core::flow::{
    AppClient, ClientRequest, CreateReason, DefineReason, Next, Purpose, Subject, VerifyReason,
};
use latchstring_core::secret::Secret;
use latchstring_core::sign_in::{SignInError, SignInPayload, SignInRequest};

use crate::contacts::{self, Tokens, change, identity, last_code};
use crate::harness::{
    ADA, ADAS_NAME, BOB, BOBS_NAME, NUMBER, Pool, Session, World, identifier, now,
};
use crate::sign_in::{request, resolver};

/// `signIn(emailOrPhone, resume)`.
fn resume(
    world: &World,
    pool: &Pool<'_>,
    typed: &str,
    secret: &Secret,
) -> Result<SignInPayload, SignInError> {
    let request = SignInRequest {
        resume: Some(secret.clone()),
        ..request(typed, None)
    };
    now(resolver(world, pool).session(&request))
}

/// `signIn(emailOrPhone)`, of which only the resume secret is kept.
fn begun(world: &World, pool: &Pool<'_>, typed: &str) -> Secret {
    let payload = now(resolver(world, pool).session(&request(typed, None))).unwrap();
    payload.resume.expect("a resume secret")
}

/// The session of a flow that is continued.
fn resumed<'w>(world: &World, pool: &Pool<'w>, typed: &str, secret: &Secret) -> Session<'w> {
    let payload = resume(world, pool, typed, secret).unwrap();
    pool.session(&payload.session)
}

fn secret_of(session: &Session<'_>) -> Secret {
    Secret::new(&*session.public["resume"])
}

fn assert_ended(world: &World, typed: &str, secret: &Secret) {
    let sent = world.sent().len();
    let outcome = resume(world, &Pool::of(world), typed, secret);
    assert_eq!(outcome, Err(SignInError::InvalidResume));
    assert_eq!(world.sent().len(), sent);
}

/// `signInTicket(emailOrPhone, resume)`, redeemed in a session of this name.
fn resumed_as<'w>(world: &'w World, name: &str, typed: &str, secret: &Secret) -> Session<'w> {
    let request = SignInRequest {
        resume: Some(secret.clone()),
        ..request(typed, None)
    };
    let ticket = now(resolver(world, &Pool::of(world)).ticket(&request)).unwrap();
    let mut session = world.initiate(name);
    session.choose(ticket.ticket.expose());
    session
}

/// Row 23.
#[test]
fn a_resumed_flow_takes_the_code_that_was_sent_and_sends_none() {
    for (typed, ends) in [(ADA, Next::IssueTokens), (BOB, Next::Challenge)] {
        let world = World::with_ada();
        let pool = Pool::of(&world);
        let secret = begun(&world, &pool, typed);
        world.wire.clear();
        let mut session = resumed(&world, &pool, typed, &secret);
        assert_eq!(world.sent().len(), 1);
        let calls = world.wire.calls();
        assert!(!calls.contains(&"charge"), "{calls:?}");
        assert_eq!(session.step(), "otp");
        let reply = session.answer(&world.code());
        assert_eq!(reply.next(), ends, "{:?}", reply.reasons());
        assert_eq!(
            session.public.contains_key("proof"),
            ends == Next::Challenge
        );
    }
}

#[test]
fn a_resumed_flow_shows_the_progress_of_its_row() {
    let world = World::with_ada();
    let pool = Pool::of(&world);
    let payload = now(resolver(&world, &pool).session(&request(ADA, None))).unwrap();
    let mut session = pool.session(&payload.session);
    session.answer(&world.wrong_code());
    world.after_secs(60);
    session.resend();
    let secret = secret_of(&session);
    world.after_secs(10);
    let session = resumed(&world, &pool, ADA, &secret);
    let shown = ["attemptsLeft", "expiresIn", "resendAfter", "codeLength"];
    assert_eq!(shown.map(|name| session.number(name)), [2, 230, 20, 6]);
    assert_eq!(session.public["pointer"], payload.pointer.unwrap());
    assert_eq!(world.sent().len(), 2);
}

#[test]
fn the_first_secret_of_a_flow_resumes_it_as_the_last_one_does() {
    let world = World::with_ada();
    let pool = Pool::of(&world);
    let first = begun(&world, &pool, ADA);
    let second = secret_of(&resumed(&world, &pool, ADA, &first));
    assert_ne!(first, second);
    for secret in [&first, &second, &first] {
        resumed(&world, &pool, ADA, secret);
    }
    let mut session = resumed(&world, &pool, ADA, &second);
    assert_eq!(session.answer(&world.code()).next(), Next::IssueTokens);
}

#[test]
fn resumes_do_not_multiply_the_attempts() {
    for typed in [ADA, BOB] {
        let world = World::with_ada();
        let pool = Pool::of(&world);
        let secret = begun(&world, &pool, typed);
        let wrong: Vec<_> = world.wrong_codes().take(20).collect();
        let mut verified = 0;
        for answer in &wrong {
            let Ok(payload) = resume(&world, &pool, typed, &secret) else {
                break;
            };
            let reply = pool.session(&payload.session).answer(answer);
            assert_eq!(reply.verify.reason, VerifyReason::WrongAnswer);
            verified += 1;
        }
        assert_eq!(verified, world.deployment.policy.attempts);
        assert_ended(&world, typed, &secret);
    }
}

#[test]
fn sessions_of_one_flow_share_its_attempts_and_its_end() {
    let world = World::with_ada();
    let pool = Pool::of(&world);
    let secret = begun(&world, &pool, ADA);
    let mut sessions = [(); 2].map(|()| resumed(&world, &pool, ADA, &secret));
    for answer in world.wrong_codes().take(2) {
        sessions[0].answer(&answer);
    }
    sessions[1].answer(&world.wrong_code());
    assert_eq!(sessions[1].number("attemptsLeft"), 1, "a repeated answer");
    assert_eq!(sessions[0].answer(&world.code()).next(), Next::IssueTokens);
    world.after_secs(16);
    let late = sessions[1].answer(&world.code());
    assert_eq!(late.next(), Next::Fail, "{:?}", late.reasons());
}

#[test]
fn resends_of_a_resumed_flow_are_those_of_its_row() {
    let world = World::with_ada();
    let pool = Pool::of(&world);
    let secret = begun(&world, &pool, ADA);
    let resends = world.deployment.policy.resends;
    for number in 0..=resends {
        let mut session = resumed(&world, &pool, ADA, &secret);
        session.resend();
        assert_eq!(world.sent().len(), 1 + usize::from(number), "too soon");
        world.after_secs(30);
        session.resend();
    }
    assert_eq!(world.sent().len(), 1 + usize::from(resends), "none is left");
    let mut session = resumed(&world, &pool, ADA, &secret);
    assert_eq!(session.answer(&last_code(&world)).next(), Next::IssueTokens);
}

/// Row 24.
#[test]
fn a_flow_that_has_ended_is_not_resumed() {
    for typed in [ADA, BOB] {
        let world = World::with_ada();
        let pool = Pool::of(&world);
        let expiring = begun(&world, &pool, typed);
        world.after_secs(299);
        resumed(&world, &pool, typed, &expiring);
        world.after_secs(1);
        assert_ended(&world, typed, &expiring);

        let answered = begun(&world, &pool, typed);
        resumed(&world, &pool, typed, &answered).answer(&last_code(&world));
        assert_ended(&world, typed, &answered);
    }
}

#[test]
fn a_late_secret_does_not_outlive_the_code() {
    let world = World::with_ada();
    let pool = Pool::of(&world);
    let first = begun(&world, &pool, ADA);
    world.after_secs(290);
    let late = secret_of(&resumed(&world, &pool, ADA, &first));
    world.after_secs(10);
    assert_ended(&world, ADA, &late);
}

#[test]
fn a_secret_of_another_identifier_or_client_resumes_nothing() {
    let world = World::with_ada();
    world.put_bob();
    let pool = Pool::of(&world);
    let secret = begun(&world, &pool, ADA);
    for typed in [BOB, "unknown@example.com", NUMBER] {
        assert_ended(&world, typed, &secret);
    }
    // A row of no account may be answered by any user, so its contact alone decides.
    let of_no_account = begun(&world, &pool, "unknown@example.com");
    assert_ended(&world, ADA, &of_no_account);
    resumed(&world, &pool, "unknown@example.com", &of_no_account);
    let other = world.reconfigured(|world| world.app_client = AppClient::new("pool", "second"));
    assert_ended(&other, ADA, &secret);
    for forged in [
        "",
        "k1.AAAA",
        "k9.AAAA",
        &world.ticket(ADA),
        &world.proof(BOB),
    ] {
        assert_ended(&world, ADA, &Secret::new(forged));
    }
    resumed(&world, &pool, ADA, &secret);
}

#[test]
fn a_decoy_without_a_row_and_a_claim_are_not_resumed() {
    let world = World::with_ada();
    assert_ended(&world, ADA, &secret_of(&world.at_decoy(ADA)));
    let claim = world.at_claim();
    assert!(!claim.public.contains_key("resume"));
    assert!(!claim.public.contains_key("pointer"));
}

#[test]
fn one_ticket_continues_a_flow_in_one_session() {
    let world = World::with_ada();
    let pool = Pool::of(&world);
    let request = SignInRequest {
        resume: Some(begun(&world, &pool, ADA)),
        ..request(ADA, None)
    };
    let ticket = now(resolver(&world, &pool).ticket(&request)).unwrap();
    assert_eq!(ticket.username.expose(), ADA);
    let mut first = world.initiate(ADA);
    let reply = first.choose(ticket.ticket.expose());
    assert_eq!(
        reply.reasons(),
        (
            VerifyReason::MethodKnown,
            DefineReason::MethodKnown,
            Some(CreateReason::Resumed)
        )
    );
    let mut second = world.initiate(ADA);
    let reply = second.choose(ticket.ticket.expose());
    assert_eq!(reply.define.reason, DefineReason::TicketRedeemed);
    assert_eq!(second.ended, Some(Next::Fail));
    assert_eq!(first.answer(&world.code()).next(), Next::IssueTokens);
}

#[test]
fn a_stale_ticket_that_continues_a_flow_ends_the_session() {
    let world = World::with_ada();
    let pool = Pool::of(&world);
    let request = SignInRequest {
        resume: Some(begun(&world, &pool, ADA)),
        ..request(ADA, None)
    };
    let ticket = now(resolver(&world, &pool).ticket(&request)).unwrap();
    world.after_secs(61);
    let reply = world.initiate(ADA).choose(ticket.ticket.expose());
    assert_eq!(reply.define.reason, DefineReason::TicketStale);
    assert_eq!(reply.next(), Next::Fail);
}

#[test]
fn a_resume_is_the_same_for_every_user() {
    let seen = |typed: &str, disabled: bool| {
        let world = World::with_ada();
        if disabled {
            world.disable_ada();
        }
        let pool = Pool::of(&world);
        let secret = begun(&world, &pool, typed);
        let payload = resume(&world, &pool, typed, &secret).unwrap();
        let mut session = pool.session(&payload.session);
        let first = (payload.expires_in, payload.resend_after, payload.pointer);
        session.answer("wrong");
        let names: Vec<_> = session.public.keys().copied().collect();
        let second = resume(&world, &pool, typed, &secret).unwrap();
        (
            (first.0, first.1, first.2.map(|pointer| pointer.len())),
            second.resume.map(|resume| resume.expose().len()),
            session.number("attemptsLeft"),
            names,
        )
    };
    let known = seen(ADA, false);
    assert_eq!(known, seen(BOB, false));
    assert_eq!(known, seen(ADA, true));
}

/// The name of a session, which its caller chooses, reveals nothing about the flow.
#[test]
fn a_session_of_any_name_resumes_a_flow_of_any_user() {
    const CAROL: &str = "carol@example.com";
    let seen = |typed: &str, name: &str, disabled: bool| {
        let world = World::with_ada();
        world.put_account("username-of-carol", CAROL);
        if disabled {
            world.disable_ada();
        }
        let pool = Pool::of(&world);
        let secret = begun(&world, &pool, typed);
        world.wire.clear();
        let mut session = resumed_as(&world, name, typed, &secret);
        let wrong: Vec<_> = world.wrong_codes().take(3).collect();
        let link = ClientRequest {
            action: Some("link".to_owned()),
            link_secret: Some(Secret::new("wrong")),
            ..ClientRequest::default()
        };
        let mut seen = Vec::new();
        for step in 0..7 {
            match step {
                0 => None,
                1 | 2 => Some(session.answer(&wrong[0])),
                3 => Some(now(session.respond("wrong", link.clone()))),
                4 => {
                    world.after_secs(30);
                    Some(session.resend())
                }
                _ => Some(session.answer(&wrong[step - 4])),
            };
            seen.push((session.ended, session.shown(), world.wire.calls()));
            world.wire.clear();
        }
        seen
    };
    for name in ["another", CAROL, BOB] {
        let no_account = seen(BOB, name, false);
        assert_eq!(no_account[0].0, None, "{name}");
        assert_eq!(seen(ADA, name, false), no_account, "{name}");
        assert_eq!(seen(ADA, name, true), no_account, "{name}, disabled");
    }
}

#[test]
fn the_code_of_an_account_is_right_in_its_own_session_alone() {
    let world = World::with_ada();
    world.put_account("another", "another@example.com");
    let pool = Pool::of(&world);
    let secret = begun(&world, &pool, ADA);
    let code = world.code();
    for name in ["another", "another@example.com"] {
        let mut session = resumed_as(&world, name, ADA, &secret);
        let reply = session.answer(&code);
        assert_eq!(reply.verify.reason, VerifyReason::FlowDisagrees);
        assert_eq!(session.step(), "otp");
        assert!(!session.public.contains_key("proof"));
    }
    let mut own = resumed_as(&world, ADA, ADA, &secret);
    let mut other = resumed_as(&world, "another", ADA, &secret);
    assert_eq!(own.answer(&code).next(), Next::IssueTokens);
    let reply = other.answer(&code);
    assert_eq!(reply.verify.reason, VerifyReason::FlowOver);
}

/// A charged message is sent, whatever the session.
#[test]
fn a_resend_in_another_session_reaches_the_contact() {
    for typed in [ADA, BOB] {
        let world = World::with_ada();
        let pool = Pool::of(&world);
        let secret = begun(&world, &pool, typed);
        let mut session = resumed_as(&world, "another", typed, &secret);
        world.after_secs(30);
        session.resend();
        let sent = world.sent();
        assert_eq!(sent.len(), 2);
        assert!(sent.iter().all(|(_, to)| to == typed));
    }
}

/// A flow of a deleted account waits for a code like any other, and ends in nothing.
#[test]
fn a_row_of_an_account_is_answered_by_that_account_only() {
    let world = World::with_ada();
    let pool = Pool::of(&world);
    let secret = begun(&world, &pool, ADA);
    let code = world.code();
    let refused = || {
        let mut session = resumed(&world, &pool, ADA, &secret);
        let reply = session.answer(&code);
        assert_eq!(reply.verify.reason, VerifyReason::FlowDisagrees);
        assert_eq!(session.step(), "otp");
    };
    world.delete_ada();
    refused();
    world.put_account("another", ADA);
    refused();
    world.directory.port.remove("another");
    world.put_ada(&[]);
    let mut session = resumed(&world, &pool, ADA, &secret);
    assert_eq!(session.answer(&code).next(), Next::IssueTokens);
}

#[test]
fn a_row_of_no_account_still_ends_in_a_proof() {
    let world = World::new();
    let pool = Pool::of(&world);
    let secret = begun(&world, &pool, ADA);
    world.put_ada(&[]);
    let mut session = resumed(&world, &pool, ADA, &secret);
    assert_eq!(session.row().unwrap().subject, Subject::NoAccount);
    assert_eq!(session.answer(&world.code()).next(), Next::Challenge);
    assert_eq!(session.step(), "claim");
}

#[test]
fn a_flow_of_a_new_contact_is_not_resumed_by_a_sign_in() {
    let world = World::with_ada();
    let session = change(&world, ADAS_NAME, BOB);
    let row = session.row().unwrap();
    assert!(matches!(row.purpose, Purpose::VerifyContact(_)));
    let secret = secret_of(&session);
    assert_ended(&world, BOB, &secret);
    // The ticket proves no access token, so its flow does not continue, in the account's session
    // either.
    for name in [ADAS_NAME, ADA, BOB] {
        let session = resumed_as(&world, name, BOB, &secret);
        assert_eq!(session.ended, Some(Next::Fail), "{name}");
    }
}

#[test]
fn the_flow_of_a_new_contact_is_resumed_by_its_account() {
    let world = World::with_ada();
    world.put_bob();
    let new = "ada@example.org";
    let secret = secret_of(&change(&world, ADAS_NAME, new));
    let pool = Pool::of(&world);
    let resume = |username, contact: &str| {
        let tokens = Tokens(&world);
        let account = contacts::resolver(&pool, &tokens);
        let (identity, contact) = (identity(&world, username), identifier(contact));
        now(account.resume_contact(&identity, &contact, &secret, None))
            .map_err(|error| error.error_type())
    };
    assert_eq!(resume(BOBS_NAME, new).err(), Some("InvalidResume"));
    assert_eq!(resume(ADAS_NAME, BOB).err(), Some("InvalidResume"));
    let payload = resume(ADAS_NAME, new).unwrap();
    assert_eq!(world.sent().len(), 1);
    let mut session = pool.session(&payload.session);
    assert_eq!(session.answer(&world.code()).next(), Next::IssueTokens);
    assert!(contacts::holds(&world, ADAS_NAME, new));
    assert_eq!(resume(ADAS_NAME, new).err(), Some("ChangeHeld"));
    world.after_secs(73 * 3600);
    assert_eq!(resume(ADAS_NAME, new).err(), Some("InvalidResume"));
}

#[test]
fn the_flow_of_an_added_contact_ends_with_its_answer() {
    let world = World::with_ada();
    let mut session = change(&world, ADAS_NAME, NUMBER);
    let secret = secret_of(&session);
    assert_eq!(session.answer(&last_code(&world)).next(), Next::IssueTokens);
    let (pool, tokens) = (Pool::of(&world), Tokens(&world));
    let account = contacts::resolver(&pool, &tokens);
    let asking = identity(&world, ADAS_NAME);
    let resumed = now(account.resume_contact(&asking, &identifier(NUMBER), &secret, None));
    assert_eq!(resumed.unwrap_err().error_type(), "InvalidResume");
}
