//! The link beside a code: it signs in the client that requested it, and no other.

use latchstring_core::code::LinkChallenge;
use latchstring_core::contact::ContactMessage;
use latchstring_core::flow::{ClientRequest, Next, VerifyReason};
use latchstring_core::message::LinkUrl;
use latchstring_core::secret::Secret;
use latchstring_core::sign_in::SignInRequest;

use crate::contacts::{self, Tokens, holds, identity};
use crate::harness::{ADA, ADAS_NAME, BOB, NUMBER, Pool, Reply, Session, World, identifier, now};
use crate::sign_in::{request, resolver};

const PAGE: &str = "https://app.example.com/link";
/// The link secret of the client that requests.
const SECRET: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

fn world() -> World {
    World::with_ada().reconfigured(|world| {
        world.deployment.policy.branding.link_url = LinkUrl::parse(PAGE).ok();
    })
}

fn requesting(typed: &str, secret: &str) -> SignInRequest {
    SignInRequest {
        link_challenge: Some(LinkChallenge::of(&Secret::new(secret))),
        ..request(typed, None)
    }
}

/// `signIn(emailOrPhone, linkChallenge)`.
fn begin<'w>(world: &'w World, typed: &str) -> Session<'w> {
    let pool = Pool::of(world);
    let payload = now(resolver(world, &pool).session(&requesting(typed, SECRET))).unwrap();
    pool.session(&payload.session)
}

/// The pointer and token of the latest mail.
fn link(world: &World) -> (String, String) {
    let text = world.texts().pop().unwrap();
    let link = text.lines().find_map(|line| line.strip_prefix(PAGE));
    let (pointer, token) = link.unwrap()[1..].split_once('.').unwrap();
    (pointer.to_owned(), token.to_owned())
}

fn open(session: &mut Session<'_>, token: &str, secret: Option<&str>) -> Reply {
    let request = ClientRequest {
        action: Some("link".to_owned()),
        link_secret: secret.map(Secret::new),
        ..ClientRequest::default()
    };
    now(session.respond(token, request))
}

#[test]
fn a_link_signs_in_the_client_that_requested_it() {
    for (typed, ends) in [(ADA, Next::IssueTokens), (BOB, Next::Challenge)] {
        let world = world();
        let mut session = begin(&world, typed);
        let (pointer, token) = link(&world);
        assert_eq!(pointer, session.public["pointer"]);
        assert_eq!((pointer.len(), token.len()), (13, 22));
        world.wire.clear();
        let reply = open(&mut session, &token, Some(SECRET));
        assert_eq!(reply.verify.reason, VerifyReason::Right);
        assert_eq!(reply.next(), ends);
        assert_eq!(
            session.public.contains_key("proof"),
            ends == Next::Challenge
        );
        let calls = world.wire.calls();
        assert!(!calls.contains(&"charge"), "no guess: {calls:?}");
    }
}

#[test]
fn a_link_that_is_wrong_writes_nothing() {
    for typed in [ADA, BOB] {
        let world = world();
        let mut session = begin(&world, typed);
        let (_, token) = link(&world);
        let row = session.row();
        let other = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        for (token, secret) in [
            (&*token, None),
            (&token, Some("")),
            (&token, Some(other)),
            (&format!("{token} "), Some(SECRET)),
            (&world.code(), Some(SECRET)),
            ("AAAAAAAAAAAAAAAAAAAAAA", Some(SECRET)),
            ("", Some(SECRET)),
            ("resend", Some(SECRET)),
        ] {
            let reply = open(&mut session, token, secret);
            assert_eq!(reply.verify.reason, VerifyReason::WrongLink);
            assert_eq!(reply.next(), Next::Challenge);
            assert_eq!(session.number("attemptsLeft"), 3);
            assert_eq!(session.row(), row);
        }
        assert!(open(&mut session, &token, Some(SECRET)).is_right());
    }
}

#[test]
fn a_token_is_no_answer_to_the_code() {
    let world = world();
    let mut session = begin(&world, ADA);
    let (_, token) = link(&world);
    let reply = session.answer(&token);
    assert_eq!(reply.verify.reason, VerifyReason::WrongAnswer);
    assert_eq!(session.number("attemptsLeft"), 2);
}

#[test]
fn a_link_of_another_flow_is_wrong() {
    let world = world();
    let mut first = begin(&world, ADA);
    let (_, of_first) = link(&world);
    let mut second = begin(&world, ADA);
    let (_, of_second) = link(&world);
    for (session, token) in [(&mut first, &of_second), (&mut second, &of_first)] {
        let reply = open(session, token, Some(SECRET));
        assert_eq!(reply.verify.reason, VerifyReason::WrongLink);
    }
    assert!(open(&mut second, &of_second, Some(SECRET)).is_right());
}

#[test]
fn a_flow_without_a_challenge_takes_no_link() {
    let world = world();
    let mut session = world.at_otp(ADA);
    assert!(!world.texts().pop().unwrap().contains(PAGE));
    // The secret of all zeros has no challenge that a row could have instead.
    let reply = open(&mut session, "AAAAAAAAAAAAAAAAAAAAAA", Some(SECRET));
    assert_eq!(reply.verify.reason, VerifyReason::WrongLink);
}

#[test]
fn a_mail_has_no_link_without_a_page_and_an_sms_has_none() {
    let without = World::with_ada();
    let mut session = begin(&without, ADA);
    assert!(!without.texts().pop().unwrap().contains("://"));
    assert!(session.answer(&without.code()).is_right());

    let world = world();
    let session = begin(&world, NUMBER);
    assert!(!world.texts().pop().unwrap().contains("://"));
    assert_eq!(session.row().unwrap().link_challenge, None);
}

#[test]
fn a_link_is_right_once_and_until_the_code_expires() {
    let world = world();
    let mut session = begin(&world, ADA);
    let (_, token) = link(&world);
    let mut replayed = session.clone();
    let mut late = session.clone();
    assert!(open(&mut session, &token, Some(SECRET)).is_right());
    let again = open(&mut replayed, &token, Some(SECRET));
    assert_eq!(again.verify.reason, VerifyReason::RightAgain);
    world.after_secs(16);
    assert_eq!(open(&mut late, &token, Some(SECRET)).next(), Next::Fail);

    let mut session = begin(&world, ADA);
    let (_, token) = link(&world);
    world.after_secs(300);
    let reply = open(&mut session, &token, Some(SECRET));
    assert_eq!(reply.verify.reason, VerifyReason::Expired);
    assert_eq!(reply.next(), Next::Fail);
}

#[test]
fn an_answered_flow_repeats_its_link_for_its_secret_alone() {
    let world = world();
    let mut session = begin(&world, ADA);
    let (_, token) = link(&world);
    let mut replayed = session.clone();
    open(&mut session, &token, Some(SECRET));
    for (answer, secret) in [(&*token, Some("other")), (&token, None)] {
        assert!(!open(&mut replayed.clone(), answer, secret).is_right());
    }
    assert!(!replayed.answer(&token).is_right());
}

#[test]
fn a_link_needs_an_attempt_of_the_row() {
    let world = world();
    let mut session = begin(&world, ADA);
    let (_, token) = link(&world);
    let sessions = [session.clone(), session.clone(), session.clone()];
    for (mut session, wrong) in sessions.into_iter().zip(world.wrong_codes()) {
        session.answer(&wrong);
    }
    let reply = open(&mut session, &token, Some(SECRET));
    assert_eq!(reply.verify.reason, VerifyReason::NoAttemptLeft);
}

#[test]
fn a_longer_code_has_another_link() {
    let world = world().reconfigured(|world| {
        world.deployment.policy.budgets.short_guesses_per_month = 2;
    });
    let mut session = begin(&world, ADA);
    let (pointer, token) = link(&world);
    let mut other = begin(&world, ADA);
    for answer in world.wrong_codes().take(2) {
        other.answer(&answer);
    }
    world.after_secs(30);
    session.resend();
    let (longer_pointer, longer) = link(&world);
    assert_eq!((&pointer[..1], &longer_pointer[..1]), ("6", "8"));
    assert_eq!(pointer[1..], longer_pointer[1..]);
    assert_eq!(longer_pointer, session.public["pointer"]);
    let reply = open(&mut session, &token, Some(SECRET));
    assert_eq!(reply.verify.reason, VerifyReason::WrongLink);
    assert!(open(&mut session, &longer, Some(SECRET)).is_right());
}

/// A guess that a budget refused is held, but was not charged.
#[test]
fn a_link_refunds_no_guess_that_was_not_charged() {
    let world = world().reconfigured(|world| {
        world.deployment.policy.budgets.short_guesses_per_month = 2;
    });
    let mut session = begin(&world, ADA);
    let (_, token) = link(&world);
    let mut other = begin(&world, ADA);
    let wrong: Vec<_> = world.wrong_codes().take(3).collect();
    for answer in &wrong[..2] {
        assert_eq!(
            other.answer(answer).verify.reason,
            VerifyReason::WrongAnswer
        );
    }
    let spent = VerifyReason::GuessesSpent;
    assert_eq!(session.answer(&wrong[0]).verify.reason, spent);
    let reply = open(&mut session, &token, Some(SECRET));
    assert_eq!(reply.next(), Next::IssueTokens);
    assert_eq!(other.answer(&wrong[2]).verify.reason, spent);
}

#[test]
fn a_link_is_right_in_a_resumed_session() {
    let world = world();
    let secret = Secret::new(&*begin(&world, ADA).public["resume"]);
    let (_, token) = link(&world);
    let pool = Pool::of(&world);
    let resuming = SignInRequest {
        resume: Some(secret),
        ..request(ADA, None)
    };
    let payload = now(resolver(&world, &pool).session(&resuming)).unwrap();
    let mut session = pool.session(&payload.session);
    let reply = open(&mut session, &token, Some(SECRET));
    assert_eq!(reply.next(), Next::IssueTokens);
}

#[test]
fn a_link_confirms_a_new_contact() {
    let world = world();
    let new = "ada@example.org";
    let pool = Pool::of(&world);
    let message = ContactMessage {
        locale: None,
        link_challenge: Some(LinkChallenge::of(&Secret::new(SECRET))),
    };
    let tokens = Tokens(&world);
    let payload = now(contacts::resolver(&pool, &tokens).change_contact(
        &identity(&world, ADAS_NAME),
        &identifier(new),
        message,
        None,
    ));
    let mut session = pool.session(&payload.unwrap().session);
    let (_, token) = link(&world);
    let reply = open(&mut session, &token, Some(SECRET));
    assert_eq!(reply.next(), Next::IssueTokens);
    assert!(holds(&world, ADAS_NAME, new));
}

#[test]
fn a_wrong_link_looks_the_same_for_every_flow() {
    let seen = |number: usize| {
        let world = world();
        if number == 2 {
            world.disable_ada();
        }
        let mut session = match number {
            0 | 2 => begin(&world, ADA),
            1 => begin(&world, BOB),
            _ => world.at_decoy(ADA),
        };
        let reply = open(&mut session, "AAAAAAAAAAAAAAAAAAAAAA", Some(SECRET));
        let names: Vec<_> = session.public.keys().copied().collect();
        let shown = ["attemptsLeft", "expiresIn", "resendAfter", "codeLength"];
        (reply.next(), names, shown.map(|name| session.number(name)))
    };
    let known = seen(0);
    for other in 1..4 {
        assert_eq!(seen(other), known, "{other}");
    }
}
