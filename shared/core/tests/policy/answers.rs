//! The answers of a client that keeps a continuation: a code, a link, a resend, and the account of a
//! first sign-in in the same call.

use std::collections::BTreeSet;
use std::time::Duration;

use latchstring_core::answer::{
    AnswerAction, AnswerError, AnswerPayload, AnswerRequest, ResendPayload, ResendRequest,
};
use latchstring_core::code::LinkChallenge;
use latchstring_core::contact::{ContactMessage, PendingState};
use latchstring_core::continuation::{CONTINUATION_LIFE, CodeEffect, Continuation, Stage};
use latchstring_core::flow::AppClient;
use latchstring_core::keys::KeyRing;
use latchstring_core::message::LinkUrl;
use latchstring_core::ports::{Clock as _, Directory as _};
use latchstring_core::secret::Secret;
use latchstring_core::sign_in::{Cause, SignInError, SignInPayload, SignInRequest};
use latchstring_testkit::tokens;

use crate::contacts::{self, Tokens, holds, identity, last_code, pending};
use crate::harness::{
    ADA, ADAS_NAME, BOB, BOBS_NAME, Break, NUMBER, Pool, World, identifier, key, now,
};
use crate::sign_in::{request, resolver, widen_budgets};
use crate::undo::{NEW, replace};

type Answered = Result<AnswerPayload, AnswerError>;

/// `POST /v1/sign-in`.
pub(crate) fn begin(world: &World, pool: &Pool<'_>, typed: &str) -> Secret {
    begin_with(world, pool, &request(typed, None)).1
}

pub(crate) fn begin_with(
    world: &World,
    pool: &Pool<'_>,
    request: &SignInRequest,
) -> (SignInPayload, Secret) {
    begin_for(CodeEffect::SignIn, world, pool, request)
}

fn begin_for(
    effect: CodeEffect,
    world: &World,
    pool: &Pool<'_>,
    request: &SignInRequest,
) -> (SignInPayload, Secret) {
    let payload = now(resolver(world, pool).session(request)).unwrap();
    let context = pool.context();
    let continuation = context.continuation(&payload, &request.identifier, effect);
    (payload, continuation.unwrap())
}

/// `POST /v1/sign-in` with `existingOnly`.
fn begin_existing(world: &World, pool: &Pool<'_>, typed: &str) -> Secret {
    let request = request(typed, None);
    begin_for(CodeEffect::SignInExisting, world, pool, &request).1
}

/// `POST /v1/contacts/change`.
fn begin_change(world: &World, pool: &Pool<'_>, to: &str) -> Secret {
    let tokens = Tokens(world);
    let contacts = contacts::resolver(pool, &tokens);
    let asking = identity(world, ADAS_NAME);
    let to = identifier(to);
    let payload =
        now(contacts.change_contact(&asking, &to, ContactMessage::default(), None)).unwrap();
    let context = pool.context();
    let continuation = context.continuation(&payload, &to, CodeEffect::Contact);
    continuation.unwrap()
}

pub(crate) fn answering(continuation: &Secret, answer: &str) -> AnswerRequest {
    AnswerRequest {
        continuation: continuation.clone(),
        answer: Secret::new(answer),
        link_secret: None,
        source: None,
    }
}

/// `POST /v1/sign-in/answer`.
pub(crate) fn answer(
    world: &World,
    pool: &Pool<'_>,
    continuation: &Secret,
    code: &str,
) -> Answered {
    let request = answering(continuation, code);
    now(resolver(world, pool).answer(&request, AnswerAction::SignIn))
}

/// `POST /v1/contacts/undo`.
pub(crate) fn undo(world: &World, pool: &Pool<'_>, continuation: &Secret, code: &str) -> Answered {
    let request = answering(continuation, code);
    now(resolver(world, pool).answer(&request, AnswerAction::Undo))
}

/// `POST /v1/sign-in/resend`.
pub(crate) fn resend(
    world: &World,
    pool: &Pool<'_>,
    continuation: &Secret,
) -> Result<ResendPayload, AnswerError> {
    let request = ResendRequest {
        continuation: continuation.clone(),
        source: None,
    };
    now(resolver(world, pool).resend(&request))
}

/// Returns the next continuation and the attempts left.
fn wrong(answered: Answered) -> (Secret, u32) {
    match answered.unwrap() {
        AnswerPayload::Wrong {
            continuation,
            attempts_left,
            ..
        } => (continuation, attempts_left),
        AnswerPayload::SignedIn { .. } => panic!("signed in"),
    }
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "each use compares an outcome with it"
)]
fn signed_in(is_new: bool) -> Answered {
    Ok(AnswerPayload::SignedIn {
        tokens: tokens(),
        is_new,
    })
}

fn ended<T>() -> Result<T, AnswerError> {
    Err(SignInError::InvalidContinuation.into())
}

fn has_account(world: &World, contact: &str) -> bool {
    now(world.directory.port.find(contact)).unwrap().is_some()
}

fn stage(world: &World, pool: &Pool<'_>, continuation: &Secret) -> Stage {
    let opened = pool.context().open_continuation(continuation).unwrap();
    assert!(opened.made_at <= world.clock.now());
    opened.stage
}

#[test]
fn a_first_sign_in_takes_one_answer() {
    for typed in [BOB, NUMBER] {
        let world = World::with_ada();
        let pool = Pool::of(&world);
        let continuation = begin(&world, &pool, typed);
        let answered = answer(&world, &pool, &continuation, &world.code());
        assert_eq!(answered, signed_in(true));
        assert!(has_account(&world, typed));
        assert_eq!(world.sent().len(), 1);
        let again = begin(&world, &pool, typed);
        let code = last_code(&world);
        assert_eq!(answer(&world, &pool, &again, &code), signed_in(false));
        assert_eq!(world.directory.port.len(), 2);
    }
}

#[test]
fn a_known_user_is_signed_in_and_not_new() {
    let world = World::with_ada();
    let pool = Pool::of(&world);
    let continuation = begin(&world, &pool, ADA);
    let answered = answer(&world, &pool, &continuation, &world.code());
    assert_eq!(answered, signed_in(false));
    assert_eq!(world.directory.port.len(), 1);
}

#[test]
fn a_new_user_of_a_legacy_pool_is_not_new() {
    let world = World::new();
    let pool = Pool::legacy(&world);
    let mut sign_in = resolver(&world, &pool);
    sign_in.legacy_pool = true;
    let payload = now(sign_in.session(&request(BOB, None))).unwrap();
    let context = pool.context();
    let continuation = context.continuation(&payload, &identifier(BOB), CodeEffect::SignIn);
    let request = answering(&continuation.unwrap(), &world.code());
    let answered = now(sign_in.answer(&request, AnswerAction::SignIn));
    assert_eq!(answered, signed_in(false));
}

#[test]
fn wrong_answers_end_with_the_last_attempt() {
    for typed in [ADA, BOB] {
        let world = World::with_ada();
        let pool = Pool::of(&world);
        let mut continuation = begin(&world, &pool, typed);
        let mut codes = world.wrong_codes();
        let mut texts = BTreeSet::from([continuation.expose().to_owned()]);
        for left in [2, 1] {
            let answered = answer(&world, &pool, &continuation, &codes.next().unwrap());
            let (next, attempts_left) = wrong(answered);
            assert_eq!(attempts_left, left);
            assert!(texts.insert(next.expose().to_owned()), "a new text");
            continuation = next;
        }
        let last = answer(&world, &pool, &continuation, &codes.next().unwrap());
        assert_eq!(last, ended());
        let code = world.code();
        assert_eq!(answer(&world, &pool, &continuation, &code), ended());
        assert!(!has_account(&world, BOB));
    }
}

#[test]
fn a_wrong_answer_says_what_is_left() {
    let world = World::with_ada();
    let pool = Pool::of(&world);
    let continuation = begin(&world, &pool, ADA);
    world.after_secs(10);
    let answered = answer(&world, &pool, &continuation, &world.wrong_code());
    let Ok(AnswerPayload::Wrong {
        attempts_left,
        expires_in,
        resend_after,
        ..
    }) = answered
    else {
        panic!("{answered:?}")
    };
    assert_eq!((attempts_left, expires_in, resend_after), (2, 290, 20));
}

#[test]
fn an_older_continuation_gains_no_attempt() {
    let world = World::with_ada();
    let pool = Pool::of(&world);
    let first = begin(&world, &pool, ADA);
    let (next, _) = wrong(answer(&world, &pool, &first, &world.wrong_code()));
    let code = world.code();
    assert_eq!(answer(&world, &pool, &first, &code), ended());
    assert_eq!(answer(&world, &pool, &next, &code), signed_in(false));
    assert_eq!(answer(&world, &pool, &next, &code), ended());
}

/// Every class of user, until the code is right: the calls, the texts and the sizes.
#[test]
fn every_user_gets_the_same_answers() {
    let seen = |effect: CodeEffect, typed: &str, disabled: bool| {
        let world = World::with_ada();
        if disabled {
            world.disable_ada();
        }
        let pool = Pool::of(&world);
        let asking = request(typed, None);
        let (_, mut continuation) = begin_for(effect, &world, &pool, &asking);
        let mut seen = vec![format!("{}", continuation.expose().len())];
        let mut note = |said: String, next: Option<&Secret>| {
            let size = next.map(|next| next.expose().len());
            let calls = world.wire.calls();
            world.wire.clear();
            seen.push(format!("{said} {size:?} {calls:?}"));
        };
        world.wire.clear();
        for (number, secs) in [0, 1, 30, 31].into_iter().enumerate() {
            world.after_secs(secs);
            if number % 2 == 0 {
                let answered = resend(&world, &pool, &continuation).unwrap();
                let payload = &answered.payload;
                let said = format!(
                    "{} {:?} {} {} {}",
                    payload.code_length,
                    payload.code_alphabet,
                    payload.attempts_left,
                    payload.expires_in,
                    payload.resend_after
                );
                note(said, Some(&answered.continuation));
                continuation = answered.continuation;
            }
            let answered = answer(&world, &pool, &continuation, &format!("wrong {number}"));
            match answered {
                Ok(AnswerPayload::Wrong {
                    continuation: next,
                    attempts_left,
                    expires_in,
                    resend_after,
                }) => {
                    let said = format!("{attempts_left} {expires_in} {resend_after}");
                    note(said, Some(&next));
                    continuation = next;
                }
                Ok(AnswerPayload::SignedIn { .. }) => panic!("signed in"),
                Err(AnswerError {
                    error,
                    continuation,
                }) => {
                    let said = format!("{} {error}", error.error_type());
                    note(said, continuation.as_ref());
                    break;
                }
            }
        }
        seen
    };
    let known = seen(CodeEffect::SignIn, ADA, false);
    for effect in [CodeEffect::SignIn, CodeEffect::SignInExisting] {
        assert_eq!(known, seen(effect, ADA, false), "an account");
        assert_eq!(known, seen(effect, BOB, false), "no account");
        assert_eq!(known, seen(effect, ADA, true), "a disabled account");
    }
    assert!(
        known.last().unwrap().contains("InvalidContinuation"),
        "{known:?}"
    );
    assert!(!known.iter().any(|step| step.contains("find")));
}

#[test]
fn a_code_for_an_existing_account_makes_none() {
    let world = World::with_ada();
    let pool = Pool::of(&world);
    let continuation = begin_existing(&world, &pool, BOB);
    let (next, _) = wrong(answer(&world, &pool, &continuation, &world.wrong_code()));
    world.after_secs(30);
    let next = resend(&world, &pool, &next).unwrap().continuation;
    world.wire.clear();
    let answered = answer(&world, &pool, &next, &world.code());
    assert_eq!(answered, Err(SignInError::NoAccount.into()));
    assert!(!has_account(&world, BOB));
    let calls = world.wire.calls();
    assert!(!calls.contains(&"lease"), "{calls:?}");
    assert_eq!(answer(&world, &pool, &next, &world.code()), ended());
    // With an account it signs in.
    let continuation = begin_existing(&world, &pool, ADA);
    let answered = answer(&world, &pool, &continuation, &last_code(&world));
    assert_eq!(answered, signed_in(false));
}

#[test]
fn a_code_for_an_existing_account_undoes_a_change() {
    let world = World::with_ada();
    replace(&world);
    let pool = Pool::of(&world);
    let continuation = begin_existing(&world, &pool, ADA);
    let answered = undo(&world, &pool, &continuation, &last_code(&world));
    assert_eq!(answered, signed_in(false));
    assert!(holds(&world, ADAS_NAME, ADA));
}

/// Cognito's session of a refused user is of a random name.
#[test]
fn a_disabled_user_is_answered_in_the_session_of_no_account() {
    let world = World::with_ada();
    world.disable_ada();
    let pool = Pool::of(&world);
    let (payload, continuation) = begin_with(&world, &pool, &request(ADA, None));
    assert_eq!(payload.username.expose(), ADA);
    assert_ne!(payload.session_username, payload.username);
    assert!(world.sent().is_empty());
    let (_, left) = wrong(answer(&world, &pool, &continuation, "424242"));
    assert_eq!(left, 2);
}

#[test]
fn an_answer_of_a_fault_is_answered_again() {
    // Verify: record_attempt, charge, charge, record_verdict. Define: finish.
    for broken in 1..6 {
        let world = World::with_ada();
        let pool = Pool::of(&world);
        let continuation = begin(&world, &pool, ADA);
        let code = world.code();
        world.wire.will_break([(broken, Break::Before)]);
        let (next, left) = wrong(answer(&world, &pool, &continuation, &code));
        assert!(left >= 2, "{broken}: {left}");
        assert_eq!(answer(&world, &pool, &next, &code), signed_in(false));
    }
}

#[test]
fn a_resend_sends_when_its_time_has_come() {
    for typed in [ADA, BOB] {
        let world = World::with_ada();
        let pool = Pool::of(&world);
        let continuation = begin(&world, &pool, typed);
        let early = resend(&world, &pool, &continuation).unwrap();
        assert_eq!(world.sent().len(), 1);
        assert_eq!(early.payload.resend_after, 30);
        world.after_secs(30);
        let sent = resend(&world, &pool, &early.continuation).unwrap();
        assert_eq!(world.sent().len(), 2);
        let payload = &sent.payload;
        assert_eq!((payload.code_length, payload.expires_in), (6, 270));
        assert!(payload.resume.is_some() && payload.pointer.is_some());
        let answered = answer(&world, &pool, &sent.continuation, &world.code());
        assert_eq!(answered, signed_in(typed == BOB));
    }
}

#[test]
fn a_refused_resend_keeps_the_session() {
    let world = World::with_ada().without_slots();
    let pool = Pool::of(&world);
    let continuation = begin(&world, &pool, ADA);
    let code = world.code();
    world.after_secs(30);
    let refusing = world.reconfigured(|world| {
        world.deployment.policy.budgets.mail.unproved_per_domain = 0;
    });
    // The same sessions, with triggers of the new configuration.
    let refused_pool = pool.moved_to(&refusing);
    let refused = resend(&refusing, &refused_pool, &continuation).unwrap_err();
    assert_eq!(refused.error.error_type(), "TooManyRequests");
    let SignInError::TooManyRequests { retry_after, .. } = refused.error else {
        panic!("refused")
    };
    assert!(retry_after > 0);
    assert_eq!(world.sent().len(), 1);
    let next = refused.continuation.expect("a continuation");
    assert_ne!(next, continuation);
    let answered = answer(&refusing, &refused_pool, &next, &code);
    assert_eq!(answered, signed_in(false));
}

#[test]
fn a_resend_of_a_fault_keeps_the_session() {
    let calls = {
        let world = World::with_ada();
        let pool = Pool::of(&world);
        let continuation = begin(&world, &pool, ADA);
        world.after_secs(30);
        world.wire.clear();
        resend(&world, &pool, &continuation).unwrap();
        world.wire.calls().len()
    };
    for (number, broken) in (0..calls).flat_map(|number| {
        [Break::Before, Break::Throttled, Break::Hangs].map(|broken| (number, broken))
    }) {
        let world = World::with_ada();
        let pool = Pool::of(&world);
        let continuation = begin(&world, &pool, ADA);
        let code = world.code();
        world.after_secs(30);
        world.wire.will_break([(number, broken)]);
        let next = match resend(&world, &pool, &continuation) {
            Ok(payload) => payload.continuation,
            Err(error) => {
                assert_eq!(error.error.error_type(), "Unavailable");
                error.continuation.expect("a continuation")
            }
        };
        let answered = answer(&world, &pool, &next, &code);
        assert_eq!(answered, signed_in(false), "{number} {broken:?}");
    }
}

#[test]
fn a_link_answers_with_its_secret_alone() {
    const PAGE: &str = "https://app.example.com/link";
    let secret = Secret::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    for typed in [ADA, BOB] {
        let world = World::with_ada().reconfigured(|world| {
            world.deployment.policy.branding.link_url = LinkUrl::parse(PAGE).ok();
        });
        let pool = Pool::of(&world);
        let asking = SignInRequest {
            link_challenge: Some(LinkChallenge::of(&secret)),
            ..request(typed, None)
        };
        let (payload, continuation) = begin_with(&world, &pool, &asking);
        let mail = world.texts().pop().unwrap();
        let link = mail.lines().find_map(|line| line.strip_prefix(PAGE));
        let (pointer, token) = link.unwrap()[1..].split_once('.').unwrap();
        assert_eq!(payload.pointer.as_deref(), Some(pointer));
        let open = |continuation: &Secret, secret: &str| {
            let request = AnswerRequest {
                link_secret: Some(Secret::new(secret)),
                ..answering(continuation, token)
            };
            now(resolver(&world, &pool).answer(&request, AnswerAction::SignIn))
        };
        let (next, left) = wrong(open(&continuation, "other"));
        assert_eq!(left, 3, "a wrong link costs no attempt");
        let (next, left) = wrong(answer(&world, &pool, &next, token));
        assert_eq!(left, 2, "a token without the secret is a wrong code");
        assert_eq!(open(&next, secret.expose()), signed_in(typed == BOB));
    }
}

#[test]
fn a_resumed_flow_is_answered() {
    for typed in [ADA, BOB] {
        let world = World::with_ada();
        let pool = Pool::of(&world);
        let (payload, _) = begin_with(&world, &pool, &request(typed, None));
        let resuming = SignInRequest {
            resume: payload.resume,
            ..request(typed, None)
        };
        let (_, continuation) = begin_with(&world, &pool, &resuming);
        let answered = answer(&world, &pool, &continuation, &world.code());
        assert_eq!(answered, signed_in(typed == BOB));
        assert_eq!(world.sent().len(), 1);
    }
}

#[test]
fn a_new_contact_is_answered_and_resent() {
    let world = World::with_ada();
    let pool = Pool::of(&world);
    let continuation = begin_change(&world, &pool, NEW);
    let (next, left) = wrong(answer(&world, &pool, &continuation, &world.wrong_code()));
    assert_eq!(left, 2);
    world.after_secs(30);
    let sent = resend(&world, &pool, &next).unwrap();
    assert_eq!(sent.payload.username.expose(), ADAS_NAME);
    let code = world.code();
    let undone = undo(&world, &pool, &sent.continuation, &code);
    assert_eq!(undone, ended(), "the code of a new contact undoes nothing");
    assert!(!holds(&world, ADAS_NAME, NEW));
    let answered = answer(&world, &pool, &sent.continuation, &code);
    assert_eq!(answered, signed_in(false));
    assert!(holds(&world, ADAS_NAME, NEW));
    assert_eq!(pending(&world, ADAS_NAME), Some(PendingState::Done));
    assert_eq!(world.directory.port.len(), 1);
}

#[test]
fn a_contact_in_use_ends_the_flow() {
    let world = World::with_ada();
    world.put_account(BOBS_NAME, NEW);
    let pool = Pool::of(&world);
    let continuation = begin_change(&world, &pool, NEW);
    let answered = answer(&world, &pool, &continuation, &world.code());
    assert_eq!(answered, ended());
    assert_eq!(pending(&world, ADAS_NAME), Some(PendingState::InUse));
}

#[test]
fn an_undo_takes_one_answer() {
    let world = World::with_ada();
    replace(&world);
    let pool = Pool::of(&world);
    let continuation = begin(&world, &pool, ADA);
    let (next, left) = wrong(undo(&world, &pool, &continuation, &world.wrong_code()));
    assert_eq!(left, 2);
    let code = last_code(&world);
    assert_eq!(undo(&world, &pool, &next, &code), signed_in(false));
    assert!(holds(&world, ADAS_NAME, ADA) && !holds(&world, ADAS_NAME, NEW));
    assert_eq!(world.directory.port.len(), 1);
}

#[test]
fn an_undo_without_a_change_makes_no_account() {
    let world = World::with_ada();
    let pool = Pool::of(&world);
    let continuation = begin(&world, &pool, BOB);
    let answered = undo(&world, &pool, &continuation, &world.code());
    assert_eq!(answered, Err(SignInError::NothingToUndo.into()));
    assert!(!has_account(&world, BOB));
    // Nor does it show who has an account.
    for typed in [ADA, BOB] {
        let continuation = begin(&world, &pool, typed);
        let (_, left) = wrong(undo(&world, &pool, &continuation, "424242"));
        assert_eq!(left, 2);
    }
}

#[test]
fn an_undo_gives_no_tokens_of_the_account_that_has_it() {
    let world = World::with_ada();
    replace(&world);
    world.put_account(BOBS_NAME, ADA);
    let pool = Pool::of(&world);
    let continuation = begin(&world, &pool, ADA);
    let answered = undo(&world, &pool, &continuation, &last_code(&world));
    assert_eq!(answered, Err(SignInError::ContactInUse.into()));
    assert!(holds(&world, ADAS_NAME, NEW));
    // Nor of its own account, to which the contact belongs.
    let world = World::with_ada();
    let pool = Pool::of(&world);
    let continuation = begin(&world, &pool, ADA);
    let answered = undo(&world, &pool, &continuation, &world.code());
    assert_eq!(answered, Err(SignInError::ContactInUse.into()));
}

/// The answer to the code redeemed the proof, and then its tokens were lost.
#[test]
fn an_undo_whose_tokens_are_lost_is_not_repeated() {
    let world = World::with_ada();
    replace(&world);
    let pool = Pool::of(&world);
    let continuation = begin(&world, &pool, ADA);
    let code = last_code(&world);
    undo(&world, &pool, &continuation, &code).unwrap();
    assert_eq!(undo(&world, &pool, &continuation, &code), ended());
    let continuation = begin(&world, &pool, ADA);
    let answered = undo(&world, &pool, &continuation, &last_code(&world));
    assert_eq!(answered, Err(SignInError::ContactInUse.into()));
    let continuation = begin(&world, &pool, ADA);
    let answered = answer(&world, &pool, &continuation, &last_code(&world));
    assert_eq!(answered, signed_in(false));
}

#[test]
fn no_other_text_is_a_continuation() {
    let world = World::with_ada();
    let pool = Pool::of(&world);
    let continuation = begin(&world, &pool, ADA);
    let code = world.code();
    let text = continuation.expose();
    let mut changed = text.to_owned();
    changed.replace_range(100..101, if &text[100..101] == "A" { "B" } else { "A" });
    let other_client = world.reconfigured(|world| {
        world.app_client = AppClient::new("pool", "second");
    });
    let other_pool = world.reconfigured(|world| {
        world.app_client = AppClient::new("other", "client");
    });
    let other_keys = world.reconfigured(|world| {
        world.deployment.keys = KeyRing::new(key("k1", 2), None, None).unwrap();
    });
    let no_keys = world.reconfigured(|world| {
        world.deployment.keys = KeyRing::new(key("k2", 1), None, None).unwrap();
    });
    world.wire.clear();
    for text in [
        String::new(),
        "x".repeat(10_000),
        changed,
        text[..text.len() - 4].to_owned(),
        world.ticket(ADA),
        world.proof(ADA),
    ] {
        let forged = Secret::new(text);
        assert_eq!(answer(&world, &pool, &forged, &code), ended());
        assert_eq!(undo(&world, &pool, &forged, &code), ended());
        assert_eq!(resend(&world, &pool, &forged), ended());
    }
    for other in [&other_client, &other_pool, &other_keys, &no_keys] {
        let pool = Pool::of(other);
        assert_eq!(answer(other, &pool, &continuation, &code), ended());
        assert_eq!(resend(other, &pool, &continuation), ended());
    }
    assert_eq!(world.wire.calls(), Vec::<&str>::new(), "nothing is called");
    assert_eq!(
        answer(&world, &pool, &continuation, &code),
        signed_in(false)
    );
}

#[test]
fn a_continuation_lasts_as_long_as_a_session_can() {
    let mut world = World::with_ada();
    world.deployment.policy.code_life = Duration::from_secs(3600);
    for (after, expected) in [
        (CONTINUATION_LIFE, signed_in(false)),
        (CONTINUATION_LIFE + Duration::from_millis(1), ended()),
    ] {
        let pool = Pool::of(&world);
        let continuation = begin(&world, &pool, ADA);
        let code = last_code(&world);
        world.clock.advance(after);
        assert_eq!(answer(&world, &pool, &continuation, &code), expected);
    }
}

/// Returns the calls of a first sign-in, from the answer on.
fn calls_of_a_first_sign_in() -> Vec<&'static str> {
    let world = World::new();
    let pool = Pool::of(&world);
    let continuation = begin(&world, &pool, BOB);
    let code = world.code();
    world.wire.clear();
    answer(&world, &pool, &continuation, &code).unwrap();
    world.wire.calls()
}

/// Answers until the sign-in is complete, as a client does: with the newest continuation, and with a
/// new code once the sign-in has ended. Returns the payload, and whether a new code was needed.
fn answer_until_done(world: &World, pool: &Pool<'_>, typed: &str) -> (AnswerPayload, bool) {
    let mut continuation = begin(world, pool, typed);
    let mut restarted = false;
    for _ in 0..8 {
        match answer(world, pool, &continuation, &last_code(world)) {
            Ok(AnswerPayload::Wrong {
                continuation: next, ..
            }) => continuation = next,
            Ok(done) => return (done, restarted),
            Err(AnswerError {
                continuation: Some(next),
                error,
            }) => {
                assert_eq!(error.error_type(), "Unavailable");
                continuation = next;
                world.after_secs(5);
            }
            Err(error) => {
                assert_eq!(error, SignInError::InvalidContinuation.into());
                restarted = true;
                world.after_secs(60);
                continuation = begin(world, pool, typed);
            }
        }
    }
    panic!("locked out")
}

#[test]
fn no_lost_call_loses_a_first_sign_in() {
    let calls = calls_of_a_first_sign_in();
    let first = {
        let world = World::new();
        begin(&world, &Pool::of(&world), BOB);
        world.wire.calls().len()
    };
    let claim = calls.iter().position(|call| *call == "lease").unwrap();
    let completion = calls.iter().rposition(|call| *call == "respond").unwrap();
    let is_claimed = |number| (claim..completion).contains(&number);
    for (number, call) in calls.iter().enumerate() {
        for broken in [
            Break::Before,
            Break::Throttled,
            Break::Hangs,
            Break::Never,
            Break::After,
            Break::NeverAfter,
        ] {
            // Cognito's session is lost with its answer, and a proof that the answer redeemed.
            let may_restart = match broken {
                Break::Before | Break::Throttled | Break::Hangs => false,
                Break::After => *call == "respond",
                Break::Never | Break::NeverAfter => !is_claimed(number),
            };
            let world = World::new();
            let pool = Pool::of(&world);
            world.wire.will_break([(first + number, broken)]);
            let (done, restarted) = answer_until_done(&world, &pool, BOB);
            let at = format!("{number} {call} {broken:?}");
            assert!(may_restart || !restarted, "{at}");
            let is_new = !restarted || number < claim;
            let expected = AnswerPayload::SignedIn {
                tokens: tokens(),
                is_new,
            };
            assert_eq!(done, expected, "{at}");
            assert_eq!(world.directory.port.len(), 1, "{at}");
            assert_eq!(world.sent().len(), 1 + usize::from(restarted), "{at}");
        }
    }
}

#[test]
fn a_claim_that_fails_keeps_its_proof() {
    let calls = calls_of_a_first_sign_in();
    let created = calls.iter().position(|call| *call == "set_password");
    let claimed = calls.iter().position(|call| *call == "lease").unwrap();
    for (broken, is_new) in [(claimed, false), (created.unwrap(), true)] {
        let world = World::new();
        let pool = Pool::of(&world);
        let continuation = begin(&world, &pool, BOB);
        let code = world.code();
        world.wire.will_break([(broken, Break::Throttled)]);
        let failed = answer(&world, &pool, &continuation, &code).unwrap_err();
        assert_eq!(failed.error.error_type(), "Unavailable");
        let next = failed.continuation.clone().expect("a continuation");
        let Stage::Claim {
            is_new: noted,
            proof,
        } = stage(&world, &pool, &next)
        else {
            panic!("no proof")
        };
        assert_eq!(noted, is_new);
        assert!(!format!("{failed:?}").contains(proof.expose()));
        assert_eq!(next.expose().len(), continuation.expose().len());
        assert_eq!(
            answer(&world, &pool, &continuation, &code),
            ended(),
            "the session has ended"
        );
        let no_session = resend(&world, &pool, &next);
        assert_eq!(no_session, ended(), "nothing is left to send");
        world.wire.clear();
        // The proof is what counts now.
        assert_eq!(answer(&world, &pool, &next, ""), signed_in(true));
        let calls = world.wire.calls();
        assert!(!calls.contains(&"record_attempt"), "{calls:?}");
        assert_eq!(answer(&world, &pool, &next, &code), ended(), "used");
        assert_eq!(world.directory.port.len(), 1);
    }
}

#[test]
fn a_claim_ends_before_its_caller_is_gone() {
    let calls = calls_of_a_first_sign_in();
    let claimed = calls.iter().position(|call| *call == "lease").unwrap();
    let refunds = calls.iter().enumerate().take(claimed);
    let refunds = refunds.filter(|(_, call)| **call == "refund");
    let slow: Vec<_> = refunds.map(|(number, _)| (number, Break::Hangs)).collect();
    assert_eq!(slow.len(), 3);
    let never = (claimed, Break::Never);
    for hanging in [
        vec![never],
        // The code itself took its time.
        [slow, vec![never]].concat(),
        // Cognito does not answer at all.
        vec![(0, Break::Never)],
    ] {
        let world = World::new();
        let pool = Pool::of(&world);
        let continuation = begin(&world, &pool, BOB);
        let code = world.code();
        world.wire.will_break(hanging);
        let started = world.clock.now();
        let failed = answer(&world, &pool, &continuation, &code).unwrap_err();
        assert!(world.clock.now().since(started) <= Duration::from_secs(22));
        assert!(matches!(
            failed.error,
            SignInError::Unavailable(Cause::PortError(_))
        ));
        world.after_secs(30);
        let next = failed.continuation.expect("a continuation");
        assert_eq!(answer(&world, &pool, &next, &code), signed_in(true));
    }
}

/// Two sign-ins of one person at once.
#[test]
fn an_account_that_another_call_made_is_not_new() {
    let world = World::new();
    let pool = Pool::of(&world);
    let first = begin(&world, &pool, BOB);
    let code = world.code();
    let second = begin(&world, &pool, BOB);
    let answered = answer(&world, &pool, &second, &last_code(&world));
    assert_eq!(answered, signed_in(true));
    assert_eq!(answer(&world, &pool, &first, &code), signed_in(false));
    assert_eq!(world.directory.port.len(), 1);
}

#[test]
fn a_refused_account_keeps_its_proof() {
    let mut world = World::new();
    widen_budgets(&mut world);
    world.deployment.policy.budgets.mail.accounts_per_domain = 1;
    let refused = (0..5).find_map(|number| {
        let pool = Pool::of(&world);
        let typed = format!("user{number}@example.com");
        let continuation = begin(&world, &pool, &typed);
        let answered = answer(&world, &pool, &continuation, &last_code(&world));
        answered.err().map(|error| (pool, error))
    });
    let (pool, refused) = refused.expect("a refusal");
    let SignInError::TooManyRequests { retry_after, .. } = refused.error else {
        panic!("{refused:?}")
    };
    assert!(retry_after > 0);
    let next = refused.continuation.expect("a continuation");
    let wider = world.reconfigured(|world| {
        world.deployment.policy.budgets.mail.accounts_per_domain = 100;
    });
    assert_eq!(
        answer(&wider, &pool.moved_to(&wider), &next, ""),
        signed_in(true)
    );
}

#[test]
fn a_kept_proof_expires() {
    let world = World::new();
    let pool = Pool::of(&world);
    let continuation = begin(&world, &pool, BOB);
    let calls = calls_of_a_first_sign_in();
    let claimed = calls.iter().position(|call| *call == "lease").unwrap();
    let code = world.code();
    world.wire.will_break([(claimed, Break::Before)]);
    let failed = answer(&world, &pool, &continuation, &code).unwrap_err();
    world.after_secs(181);
    let next = failed.continuation.expect("a continuation");
    assert_eq!(answer(&world, &pool, &next, &code), ended());
    assert!(!has_account(&world, BOB));
}

#[test]
fn an_undo_that_fails_keeps_its_proof() {
    let answered = |broken: Option<usize>| {
        let world = World::with_ada();
        replace(&world);
        let pool = Pool::of(&world);
        let continuation = begin(&world, &pool, ADA);
        let code = last_code(&world);
        let breaks = broken.map(|number| (number, Break::Before));
        world.wire.will_break(breaks);
        let answered = undo(&world, &pool, &continuation, &code);
        let calls = world.wire.calls();
        let again = answered.as_ref().err().and_then(|error| {
            assert_eq!(error.error.error_type(), "Unavailable");
            error.continuation.clone()
        });
        let done = again.map_or(answered, |next| undo(&world, &pool, &next, ""));
        assert!(holds(&world, ADAS_NAME, ADA));
        assert_eq!(done, signed_in(false), "{broken:?}");
        calls
    };
    let calls = answered(None);
    for (number, call) in calls.iter().enumerate() {
        if *call == "replaced" || *call == "initiate" {
            answered(Some(number));
        }
    }
}

#[test]
fn no_text_of_an_answer_shows_a_secret() {
    let world = World::with_ada();
    let pool = Pool::of(&world);
    let (payload, continuation) = begin_with(&world, &pool, &request(ADA, None));
    let code = world.code();
    let asked = AnswerRequest {
        link_secret: Some(Secret::new("link secret")),
        ..answering(&continuation, &code)
    };
    let opened: Continuation = pool.context().open_continuation(&continuation).unwrap();
    let resent = resend(&world, &pool, &continuation).unwrap();
    let (next, _) = wrong(answer(
        &world,
        &pool,
        &resent.continuation,
        &world.wrong_code(),
    ));
    let resending = ResendRequest {
        continuation: next.clone(),
        source: None,
    };
    let shown = format!("{asked:?} {opened:?} {resent:?} {resending:?} {payload:?}");
    for secret in [
        ADA,
        ADAS_NAME,
        &code,
        "link secret",
        continuation.expose(),
        next.expose(),
    ] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
