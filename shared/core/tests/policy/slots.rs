//! Slot mode: while the budgets of a mailbox are spent, one message in each slot goes to an
//! identifier, and its code is that of every flow that begins in the slot. An attacker without limits
//! can only cause the message that the owner needs.
#![expect(
    clippy::print_stdout,
    reason = "the model and the simulation show what they explored"
)]

use latchstring_core::contact::ContactMessage;
use latchstring_core::flow::{
    ClientRequest, CreateReason, Created, Next, Round, SessionEvent, Verdict, VerifyReason,
};
use latchstring_core::keys::KeyRing;
use latchstring_core::policy::Deployment;
use latchstring_core::ports::{Clock as _, CounterStore as _, Directory as _, Window};
use latchstring_core::rate_limit::{Budget, CodeTerms};
use latchstring_core::sealed::Ticket;
use latchstring_core::sign_in::{SignIn, SignInError, SignInPayload, SignInRequest};
use latchstring_core::time::Timestamp;
use latchstring_memory::FixedCaptcha;

use crate::contacts;
use crate::harness::{
    ADA, ADAS_NAME, BOB, Bounds, Break, Choices, Explored, Flaky, NUMBER, Pool, Ports, Reply,
    Session, Strand, World, identifier, key, now,
};
use crate::sign_in::request;

/// The default length of a slot, in seconds.
const SLOT: u64 = 600;

fn resolver<'a, 'w>(
    world: &'a World,
    pool: &'a Pool<'w>,
) -> SignIn<'a, Ports<'w>, Flaky<FixedCaptcha>> {
    SignIn {
        context: pool.context(),
        legacy_pool: false,
        captcha: world.captcha.as_ref(),
        hook: None,
    }
}

fn asked(world: &World, request: &SignInRequest) -> Result<SignInPayload, SignInError> {
    let pool = Pool::of(world);
    now(resolver(world, &pool).session(request))
}

fn opened<'w>(world: &'w World, typed: &str) -> Session<'w> {
    let pool = Pool::of(world);
    let payload = now(resolver(world, &pool).session(&request(typed, None)));
    pool.session(&payload.unwrap().session)
}

/// Spends the ordinary and the extended budget of a mailbox in this minute, at the start of a slot.
fn in_slot_mode(world: &World, typed: &str) {
    let started = world.clock.now().as_secs();
    world.after_secs(SLOT - started % SLOT);
    let requesting = world.without_slots();
    for _ in 0..6 {
        asked(&requesting, &request(typed, None)).unwrap();
    }
    let refused = asked(&requesting, &request(typed, None));
    assert!(
        matches!(refused, Err(SignInError::TooManyRequests { .. })),
        "{refused:?}"
    );
}

fn ada_in_slot_mode() -> World {
    let world = World::with_ada();
    in_slot_mode(&world, ADA);
    world
}

/// Returns a world whose mailboxes have no other codes than those of slots.
fn always_in_slot_mode() -> World {
    World::with_ada().reconfigured(|world| {
        let budgets = &mut world.deployment.policy.budgets;
        (budgets.mailbox.per_minute, budgets.extended.per_minute) = (0, 0);
    })
}

/// Returns the messages since an earlier number of them.
fn since(world: &World, sent: usize) -> Vec<(String, String)> {
    world.sent().split_off(sent)
}

fn reason(reply: &Reply) -> CreateReason {
    reply.create.as_ref().unwrap().reason
}

#[test]
fn every_flow_of_a_slot_accepts_the_code_of_its_one_message() {
    let world = ada_in_slot_mode();
    let sent = world.sent().len();
    let stranger = opened(&world, ADA);
    assert_eq!(since(&world, sent).len(), 1, "whichever request causes it");
    world.after_secs(30);
    let mut owner = opened(&world, ADA);
    let messages = since(&world, sent);
    let [(code, to)] = &messages[..] else {
        panic!("{} messages", messages.len())
    };
    assert_eq!((code.len(), &**to), (12, ADA));
    for session in [&stranger, &owner] {
        let parameter = |name| &*session.public[name];
        assert_eq!(parameter("codeAlphabet"), "base32");
        assert_eq!(parameter("codeLength"), "12");
        assert_eq!(parameter("resendAfter"), parameter("expiresIn"));
    }
    // Typed as people type it.
    let typed = format!("{}-{} {}", &code[..4], &code[4..8], &code[8..]).to_lowercase();
    assert_eq!(owner.answer(&typed).next(), Next::IssueTokens);
    // The next slot has another code.
    world.after_secs(SLOT);
    in_minute_of(&world, ADA);
    let sent = world.sent().len();
    let mut next = opened(&world, ADA);
    let messages = since(&world, sent);
    assert_eq!(messages.len(), 1);
    assert_ne!(&messages[0].0, code);
    assert_eq!(
        next.answer(code).verify.reason,
        VerifyReason::WrongAnswer,
        "a code of an earlier slot"
    );
    assert_eq!(next.answer(&messages[0].0).next(), Next::IssueTokens);
}

/// Spends the budgets of this minute.
fn in_minute_of(world: &World, typed: &str) {
    let requesting = world.without_slots();
    while asked(&requesting, &request(typed, None)).is_ok() {}
}

#[test]
fn a_flow_of_a_slot_begins_and_ends_with_its_own_time() {
    let world = ada_in_slot_mode();
    world.after_secs(SLOT - 1);
    let mut late = opened(&world, ADA);
    let code = world.last_code();
    // The slot has ended, the flow has not.
    world.after_secs(299);
    assert_eq!(late.answer(&code).next(), Next::IssueTokens);
    let world = ada_in_slot_mode();
    let mut expired = opened(&world, ADA);
    world.after_secs(300);
    let reply = expired.answer(&world.last_code());
    assert_eq!(reply.verify.reason, VerifyReason::Expired);
}

#[test]
fn a_slot_mode_resend_sends_nothing() {
    let world = ada_in_slot_mode();
    let mut session = opened(&world, ADA);
    let sent = world.sent().len();
    world.after_secs(60);
    assert_eq!(reason(&session.resend()), CreateReason::ResendTooSoon);
    assert_eq!(world.sent().len(), sent);
    let reply = session.answer(&world.last_code());
    assert_eq!(reply.next(), Next::IssueTokens);
}

#[test]
fn without_slot_mode_the_same_request_is_refused() {
    let world = ada_in_slot_mode().without_slots();
    let refused = asked(&world, &request(ADA, None));
    assert!(matches!(
        refused,
        Err(SignInError::TooManyRequests {
            budget: Some(Budget::Mailbox),
            ..
        })
    ));
}

#[test]
fn a_new_user_signs_up_in_slot_mode() {
    let world = World::new();
    in_slot_mode(&world, BOB);
    let mut session = opened(&world, BOB);
    assert_eq!(session.answer(&world.last_code()).next(), Next::Challenge);
    assert!(session.public.contains_key("proof"));
}

/// Two spellings of one mailbox: each has its own message and its own code.
#[test]
fn spellings_of_one_mailbox_do_not_shut_each_other_out() {
    let world = ada_in_slot_mode();
    let sent = world.sent().len();
    for tag in ["1", "2"] {
        opened(&world, &format!("ada+{tag}@example.com"));
    }
    let refused = asked(&world, &request("ada+3@example.com", None));
    let Err(SignInError::TooManyRequests { retry_after, .. }) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(retry_after, SLOT, "the next slot");
    // The address without a tag shares no limit with those.
    let mut owner = opened(&world, ADA);
    let messages = since(&world, sent);
    assert_eq!(messages.len(), 3);
    let [tagged, _, own] = &messages[..] else {
        panic!("{messages:?}")
    };
    assert_eq!(
        owner.answer(&tagged.0).verify.reason,
        VerifyReason::WrongAnswer,
        "the code of another spelling"
    );
    assert_eq!(owner.answer(&own.0).next(), Next::IssueTokens);
}

/// An attacker requests codes for tags of one mailbox. The last of them shows nothing about the account
/// of the first.
#[test]
fn tags_of_a_mailbox_show_no_disabled_account() {
    let tag = |number: u32| format!("ada+{number}@example.com");
    let seen = |order: &[u32], change: fn(&World)| {
        let world = ada_in_slot_mode();
        change(&world);
        let outcome = |number: &u32| {
            let shown = asked(&world, &request(&tag(*number), None));
            shown.map(|payload| {
                (
                    payload.code_length,
                    payload.expires_in,
                    payload.resend_after,
                )
            })
        };
        order.iter().map(outcome).collect::<Vec<_>>()
    };
    let known = |world: &World| world.put_account("tagged", "ada+1@example.com");
    let disabled = |world: &World| {
        world.put_account("tagged", "ada+1@example.com");
        let find = world.directory.port.find("tagged");
        let mut account = now(find).unwrap().unwrap();
        account.enabled = false;
        world.directory.port.put(account);
    };
    for order in [
        [1, 2, 3, 1, 2],
        [2, 1, 3, 1, 3],
        [1, 1, 2, 2, 3],
        [2, 3, 1, 2, 1],
    ] {
        let unknown = seen(&order, |_| ());
        assert!(unknown.iter().any(Result::is_err), "{order:?}");
        assert_eq!(seen(&order, known), unknown, "{order:?}");
        assert_eq!(seen(&order, disabled), unknown, "{order:?}, disabled");
    }
}

/// Requests that were planned at once: the counter of the slot decides.
#[test]
fn tags_requested_at_once_show_no_disabled_account() {
    use latchstring_core::flow::Purpose;
    let seen = |first: Purpose| {
        let world = ada_in_slot_mode();
        let redeemed = |purpose, number| {
            let to = identifier(&format!("ada+{number}@example.com"));
            let (terms, at) = (CodeTerms::of_slot(), world.clock.now());
            let ticket = Ticket::new(purpose, to, terms, at, &*world.entropy);
            let Deployment { keys, .. } = &world.deployment;
            let ticket = ticket.seal(keys, &world.app_client, &*world.entropy);
            let mut session = world.initiate("eve");
            session.choose(&ticket);
            session.shown()
        };
        let orders = [(first, 1), (Purpose::SignIn, 2), (Purpose::SignIn, 3)];
        let mut seen: Vec<_> = orders.map(|(purpose, tag)| redeemed(purpose, tag)).into();
        seen.push(redeemed(first, 1));
        seen
    };
    let sent = seen(Purpose::SignIn);
    assert!(sent[2].contains_key("refused"), "{sent:?}");
    assert_eq!(seen(Purpose::Decoy), sent);
}

/// Gmail delivers all spellings by dots to one person. So one message serves all of them.
#[test]
fn dots_of_a_gmail_address_have_one_message_in_a_slot() {
    let world = World::new();
    in_slot_mode(&world, "ada.king@gmail.com");
    let sent = world.sent().len();
    for typed in [
        "adaking@gmail.com",
        "a.daking@googlemail.com",
        "ada.king@gmail.com",
    ] {
        let mut session = opened(&world, typed);
        assert_eq!(since(&world, sent).len(), 1);
        assert!(session.answer(&world.last_code()).is_right(), "{typed}");
    }
}

/// A ring that is rotated within a slot: the flow under the new key gets a message of its own.
#[test]
fn a_rotation_within_a_slot_shuts_no_owner_out() {
    let world = ada_in_slot_mode();
    opened(&world, ADA);
    let sent = world.sent().len();
    let rotated = world.reconfigured(|world| {
        let ring = KeyRing::new(key("k2", 2), None, Some(key("k1", 1))).unwrap();
        world.deployment.keys = ring.with_lasting(key("k1", 1)).unwrap();
    });
    let mut owner = opened(&rotated, ADA);
    assert_eq!(
        since(&rotated, sent).len(),
        1,
        "a message under the new key"
    );
    assert_eq!(owner.answer(&rotated.last_code()).next(), Next::IssueTokens);
    opened(&rotated, ADA);
    assert_eq!(since(&rotated, sent).len(), 1);
}

#[test]
fn a_flow_under_the_old_key_is_answered_after_a_rotation() {
    let world = ada_in_slot_mode();
    let owner = opened(&world, ADA);
    let code = world.last_code();
    let rotated = world.reconfigured(|world| {
        let ring = KeyRing::new(key("k2", 2), None, Some(key("k1", 1))).unwrap();
        world.deployment.keys = ring.with_lasting(key("k1", 1)).unwrap();
    });
    let reply = owner.moved_to(&rotated).answer(&code);
    assert_eq!(reply.next(), Next::IssueTokens);
}

/// Cognito refuses a disabled user, so the flow sends nothing. It must not take the message that a
/// flow in another session would send.
#[test]
fn a_decoy_takes_no_message_of_a_slot() {
    let world = ada_in_slot_mode();
    let sent = world.sent().len();
    world.disable_ada();
    for _ in 0..2 {
        let payload = asked(&world, &request(ADA, None)).unwrap();
        assert_eq!(payload.code_length, 12);
    }
    assert_eq!(world.sent().len(), sent);
    world.put_ada(&[]);
    let mut owner = opened(&world, ADA);
    assert_eq!(since(&world, sent).len(), 1);
    assert_eq!(owner.answer(&world.last_code()).next(), Next::IssueTokens);
}

/// The right code is wrong in a decoy.
#[test]
fn a_decoy_accepts_no_code_of_its_slot() {
    let world = ada_in_slot_mode();
    opened(&world, ADA);
    let code = world.last_code();
    world.disable_ada();
    let pool = Pool::of(&world);
    let payload = now(resolver(&world, &pool).session(&request(ADA, None))).unwrap();
    let reply = pool.session(&payload.session).answer(&code);
    assert_eq!(reply.verify.reason, VerifyReason::WrongAnswer);
}

/// A ticket for Ada's address, used in a session of another name: the message goes to Ada.
#[test]
fn a_session_of_any_name_sends_the_message_of_the_slot() {
    for name in [BOB, "eve", ADAS_NAME] {
        let world = ada_in_slot_mode();
        let sent = world.sent().len();
        let pool = Pool::of(&world);
        let ticket = now(resolver(&world, &pool).ticket(&request(ADA, None))).unwrap();
        world.initiate(name).choose(ticket.ticket.expose());
        assert_eq!(since(&world, sent).len(), 1, "{name}");
        let mut owner = opened(&world, ADA);
        assert_eq!(owner.answer(&world.last_code()).next(), Next::IssueTokens);
        assert_eq!(since(&world, sent).len(), 1, "{name}");
    }
}

/// The message is for all who request it in the slot, so none of them chooses a language that the
/// owner cannot read.
#[test]
fn no_request_chooses_the_language_of_a_slot() {
    let world = ada_in_slot_mode();
    let pool = Pool::of(&world);
    let japanese = SignInRequest {
        locale: Some(latchstring_core::locale::Locale::Ja),
        ..request(ADA, None)
    };
    let ticket = now(resolver(&world, &pool).ticket(&japanese)).unwrap();
    world.initiate("eve").choose(ticket.ticket.expose());
    let text = world.texts().pop().unwrap();
    assert!(text.starts_with("Your sign-in code"), "{text}");
}

/// A ticket that was sealed before: sealed in one slot and redeemed in the next, it sends the message
/// of the next.
#[test]
fn a_ticket_of_an_earlier_slot_sends_the_message_of_its_own() {
    let world = ada_in_slot_mode();
    world.after_secs(SLOT - 30);
    in_minute_of(&world, ADA);
    let pool = Pool::of(&world);
    let ticket = now(resolver(&world, &pool).ticket(&request(ADA, None))).unwrap();
    world.after_secs(30);
    let sent = world.sent().len();
    let mut session = world.initiate(ADA);
    session.choose(ticket.ticket.expose());
    in_minute_of(&world, ADA);
    let code = since(&world, sent)[0].0.clone();
    let mut owner = opened(&world, ADA);
    assert_eq!(owner.answer(&code).next(), Next::IssueTokens);
    assert_eq!(session.answer(&code).next(), Next::IssueTokens);
}

#[test]
fn a_change_of_a_contact_has_no_slots() {
    let world = World::with_ada();
    in_slot_mode(&world, BOB);
    let pool = Pool::of(&world);
    let (tokens, ada) = (
        contacts::Tokens(&world),
        contacts::identity(&world, ADAS_NAME),
    );
    let changing = contacts::resolver(&pool, &tokens);
    let refused =
        now(changing.change_contact(&ada, &identifier(BOB), ContactMessage::default(), None));
    assert!(
        matches!(
            refused,
            Err(latchstring_core::contact::ContactError::SignIn(
                SignInError::TooManyRequests { .. }
            ))
        ),
        "{refused:?}"
    );
}

/// Terms of a slot in a ticket of another purpose can only be of a leaked key.
#[test]
fn a_ticket_of_a_slot_for_another_purpose_is_forged() {
    use latchstring_core::flow::Purpose;
    use latchstring_core::pending::PendingId;
    let world = ada_in_slot_mode();
    let sent = world.sent().len();
    let terms = CodeTerms::of_slot();
    for purpose in [
        Purpose::Claim,
        Purpose::VerifyContact(PendingId::from_bytes([1; 16])),
    ] {
        let ticket = Ticket::new(
            purpose,
            identifier(ADA),
            terms,
            world.clock.now(),
            &*world.entropy,
        );
        let Deployment { keys, .. } = &world.deployment;
        let ticket = ticket.seal(keys, &world.app_client, &*world.entropy);
        let mut session = world.initiate(ADAS_NAME);
        let reply = session.choose(&ticket);
        assert_eq!(reason(&reply), CreateReason::TicketForged, "{purpose:?}");
    }
    assert_eq!(world.sent().len(), sent);
}

#[test]
fn an_sms_in_slot_mode_needs_a_captcha() {
    let world = World::with_ada();
    in_slot_mode(&world, NUMBER);
    let refused = asked(&world, &request(NUMBER, None));
    assert!(matches!(refused, Err(SignInError::TooManyRequests { .. })));
    let world = world.reconfigured(|world| {
        world.captcha = Some(Flaky::new(FixedCaptcha::new(["right"]), world.wire.clone()));
    });
    let with = |captcha: Option<&str>| SignInRequest {
        captcha: captcha.map(latchstring_core::secret::Secret::new),
        ..request(NUMBER, None)
    };
    let unsolved = asked(&world, &with(None));
    assert!(matches!(unsolved, Err(SignInError::CaptchaRequired { .. })));
    let sent = world.sent().len();
    let payload = asked(&world, &with(Some("right"))).unwrap();
    assert_eq!((payload.code_length, since(&world, sent).len()), (12, 1));
}

#[test]
fn a_mail_in_slot_mode_needs_a_captcha_where_one_is_on() {
    let world = ada_in_slot_mode().reconfigured(|world| {
        world.captcha = Some(Flaky::new(FixedCaptcha::new(["right"]), world.wire.clone()));
    });
    let required = asked(&world, &request(ADA, None));
    assert!(matches!(
        required,
        Err(SignInError::CaptchaRequired {
            budget: Budget::Mailbox
        })
    ));
}

/// The message of the slot is out, so no budget of messages refuses the flow that needs none.
#[test]
fn a_spent_budget_refuses_no_flow_whose_slot_has_a_message() {
    let world = ada_in_slot_mode();
    opened(&world, ADA);
    let code = world.last_code();
    let refusing = world.reconfigured(|world| {
        let budgets = &mut world.deployment.policy.budgets;
        budgets.deployment.messages_per_day = 0;
        budgets.mail.unproved_per_domain = 0;
    });
    let mut owner = opened(&refusing, ADA);
    assert_eq!(owner.answer(&code).next(), Next::IssueTokens);
    // A flow that would send is refused, and the slot keeps its message.
    let refusing = ada_in_slot_mode().reconfigured(|world| {
        world.deployment.policy.budgets.deployment.messages_per_day = 0;
    });
    let refused = asked(&refusing, &request(ADA, None));
    assert!(matches!(
        refused,
        Err(SignInError::TooManyRequests {
            budget: Some(Budget::Deployment),
            ..
        })
    ));
}

/// A ticket was planned before another budget was spent: the refused message gives the slot back.
#[test]
fn a_refused_message_leaves_the_message_of_its_slot() {
    let world = ada_in_slot_mode();
    let pool = Pool::of(&world);
    let ticket = now(resolver(&world, &pool).ticket(&request(ADA, None))).unwrap();
    let refusing = world.reconfigured(|world| {
        world.deployment.policy.budgets.deployment.messages_per_day = 0;
    });
    let reply = refusing.initiate(ADA).choose(ticket.ticket.expose());
    assert_eq!(reason(&reply), CreateReason::MessageRefused);
    let sent = world.sent().len();
    let mut owner = opened(&world, ADA);
    assert_eq!(since(&world, sent).len(), 1);
    assert_eq!(owner.answer(&world.last_code()).next(), Next::IssueTokens);
}

/// The delivery gives the slot back if the message never left.
#[test]
fn a_message_that_never_left_leaves_the_message_of_its_slot() {
    let world = ada_in_slot_mode();
    let pool = Pool::of(&world);
    let ticket = now(resolver(&world, &pool).ticket(&request(ADA, None))).unwrap();
    let mut session = world.initiate(ADA);
    let reply = session.choose(ticket.ticket.expose());
    let refund = reply.create.unwrap().refund_if_unsent.unwrap();
    now(refund.make(&world.store));
    let sent = world.sent().len();
    let mut owner = opened(&world, ADA);
    assert_eq!(since(&world, sent).len(), 1);
    let code = world.last_code();
    assert_eq!(owner.answer(&code).next(), Next::IssueTokens);
    assert!(session.answer(&code).is_right(), "a flow of the same slot");
}

/// A success refunds what its own flow was charged: a flow that sent nothing refunds no message.
#[test]
fn a_success_refunds_no_message_that_another_flow_sent() {
    let unproved = |world: &World| {
        let hour = world.clock.now().as_secs() / 3_600 % 24;
        crate::guess_charges::charged(world, &format!("u{hour}"))
    };
    let world = ada_in_slot_mode();
    let mut sender = opened(&world, ADA);
    let mut owner = opened(&world, ADA);
    let code = world.last_code();
    let before = unproved(&world);
    assert_eq!(owner.answer(&code).next(), Next::IssueTokens);
    assert_eq!(unproved(&world), before);
    assert_eq!(sender.answer(&code).next(), Next::IssueTokens);
    assert_eq!(unproved(&world), before - 1);
}

/// Guesses at the code of a slot are charged to its counter alone.
#[test]
fn guesses_in_slot_mode_spend_no_other_budget() {
    let world = ada_in_slot_mode();
    let mut session = opened(&world, ADA);
    let before = ["short", "long", "longest", "g", "xg"]
        .map(|window| crate::guess_charges::charged(&world, window));
    for wrong in ["1", "2", "3"] {
        if session.ended.is_none() {
            session.answer(wrong);
        }
    }
    let after = ["short", "long", "longest", "g", "xg"]
        .map(|window| crate::guess_charges::charged(&world, window));
    assert_eq!(before, after);
    assert_eq!(session.ended, Some(Next::Fail), "three attempts");
}

#[test]
fn a_spent_guess_limit_of_a_slot_ends_with_the_slot() {
    let world = ada_in_slot_mode();
    world.wire.count_requests();
    let mut session = opened(&world, ADA);
    let code = world.last_code();
    let (counter, guesses) = world
        .wire
        .load()
        .into_iter()
        .find_map(|((counter, _), load)| {
            let mut windows = load.windows.into_iter();
            let message = windows.find(|name| name.len() == 25 && name.starts_with('s'))?;
            Some((counter, message.replacen('s', "g", 1)))
        })
        .unwrap();
    let limit = 2_000 * u32::try_from(SLOT).unwrap();
    let all = Window {
        name: guesses,
        amount: limit,
        limit,
    };
    let keep_until = world.clock.now();
    now(world.store.port.charge(counter, &[all], keep_until)).unwrap();
    let reply = session.answer(&code);
    assert_eq!(reply.verify.reason, VerifyReason::GuessesSpent);
    world.after_secs(SLOT);
    in_minute_of(&world, ADA);
    let mut next = opened(&world, ADA);
    assert_eq!(next.answer(&world.last_code()).next(), Next::IssueTokens);
}

/// A retried Create repeats the challenge of a flow whose slot had its message.
#[test]
fn a_retried_create_shows_the_same_in_slot_mode() {
    for others in [0, 1] {
        let world = ada_in_slot_mode();
        for _ in 0..others {
            opened(&world, ADA);
        }
        let sent = world.sent().len();
        let retrying = world.reconfigured(|world| world.invocations = 2);
        let mut owner = opened(&retrying, ADA);
        assert_eq!(world.sent().len(), sent + 1 - others);
        assert!(!owner.public.contains_key("refused"));
        assert_eq!(owner.answer(&world.last_code()).next(), Next::IssueTokens);
    }
}

/// Whichever call of Create breaks, the owner gets in within one further slot.
#[test]
fn a_fault_in_slot_mode_costs_one_slot_at_most() {
    for broken in [Break::Before, Break::After] {
        for place in 0..8 {
            let world = ada_in_slot_mode();
            let pool = Pool::of(&world);
            let ticket = now(resolver(&world, &pool).ticket(&request(ADA, None))).unwrap();
            let mut session = world.initiate(ADA);
            world.wire.clear();
            world.wire.will_break([(place, broken)]);
            session.choose(ticket.ticket.expose());
            world.wire.clear();
            let attempts = [0, SLOT].into_iter().any(|later| {
                world.after_secs(later);
                in_minute_of(&world, ADA);
                let sent = world.sent().len();
                let mut owner = opened(&world, ADA);
                let messages = since(&world, sent);
                messages
                    .last()
                    .is_some_and(|(code, _)| owner.answer(code).next() == Next::IssueTokens)
            });
            assert!(attempts, "{broken:?} at {place}");
        }
    }
}

// The model and the simulation.

/// Every order of the port calls of an attacker's Create and the owner's, at one time or on both sides
/// of the end of a slot, and the death of a process between any two calls.
///
/// Without a death, the code of the owner's flow is in the mailbox. If a process dies after it took
/// the message of the slot and before it sends it, the owner signs in one slot later.
#[test]
fn no_order_of_requests_in_a_slot_shuts_the_owner_out() {
    for (across, deaths) in [(false, 0), (false, 1), (true, 0), (true, 1)] {
        let mut without_code = 0;
        let Explored { runs, .. } = Choices::explore(|choices| {
            let world = always_in_slot_mode();
            if across {
                world.after_secs(SLOT - 1);
            }
            // The attacker's session is of another name. Verify has redeemed both tickets.
            let selected = ["eve", ADA].map(|name| selected(&world, name));
            let sent = world.messages();
            world.wire.take_turns();
            let mut strands: Vec<Strand<'_, Option<Created>>> = Vec::new();
            for (_, event) in &selected {
                let world = &world;
                strands.push(Box::pin(
                    async move { Some(world.create(event).await.decision) },
                ));
            }
            if across {
                strands.push(Box::pin(async {
                    world.after_secs(1);
                    None
                }));
            }
            let switches = match (across, deaths) {
                (false, _) => usize::MAX,
                (true, 0) => 3,
                (true, _) => 2,
            };
            let created = choices.run(strands, Bounds { deaths, switches });
            let messages = since(&world, sent);
            let slots = 1 + usize::from(across);
            assert!(messages.len() <= slots, "{} messages", messages.len());
            let died = created[..2].iter().any(Option::is_none);
            let [_, (mut owner, event)] = selected;
            let signed_in = created[1].clone().flatten().is_some_and(|created| {
                owner.rounds = event.rounds;
                let challenge = created.challenge;
                owner.metadata = challenge.to_text(&world.deployment.keys, &world.app_client);
                // The owner types each code that is in the mailbox.
                let mut codes = messages.iter();
                codes.any(|(code, _)| owner.answer(code).next() == Next::IssueTokens)
            });
            if signed_in {
                return;
            }
            assert!(died, "no process died, and the owner has no code");
            without_code += 1;
            world.after_secs(SLOT);
            let mut owner = opened(&world, ADA);
            assert_eq!(owner.answer(&world.last_code()).next(), Next::IssueTokens);
        });
        println!("a slot: across its end {across}, {deaths} deaths: all {runs} orders");
        assert!(runs > 100, "{runs} orders");
        assert_eq!(without_code > 0, deaths > 0, "{without_code} of {runs}");
    }
}

/// Returns a session whose ticket Verify has redeemed, and the event that Create gets next.
fn selected<'w>(world: &'w World, name: &str) -> (Session<'w>, SessionEvent) {
    let pool = Pool::of(world);
    let ticket = now(resolver(world, &pool).ticket(&request(ADA, None))).unwrap();
    let mut session = world.initiate(name);
    let request = ClientRequest {
        method: Some("email".to_owned()),
        ticket: Some(ticket.ticket),
        ..ClientRequest::default()
    };
    let verified = now(world.verify(&session.answer_event("", request.clone())));
    session.rounds.push(Round {
        challenge_name: "CUSTOM_CHALLENGE".to_owned(),
        passed: matches!(verified.decision, Verdict::Right(_)),
        metadata: Some(session.metadata.clone()),
    });
    let event = session.session_event(request);
    (session, event)
}

/// The result of a simulated attack.
struct Attack {
    /// The most messages in one day.
    most_a_day: usize,
    /// The number of sign-ins that the owner attempted.
    attempts: usize,
    /// The number of these that failed.
    shut_out: usize,
    /// The number of these that a message of a slot served.
    in_slots: usize,
}

/// One flow of the attacker: in a session of any name, with every answer wrong, and a resend. Returns
/// whether the budgets of the mailbox are spent.
fn attack_once(world: &World, step: u64) -> bool {
    let pool = Pool::of(world);
    let Ok(ticket) = now(resolver(world, &pool).ticket(&request(ADA, None))) else {
        return true;
    };
    let name = [ADA, "eve", BOB][usize::try_from(step % 3).unwrap()];
    let mut session = world.initiate(name);
    session.choose(ticket.ticket.expose());
    if step.is_multiple_of(3) {
        session.answer("1");
        session.answer("2");
        session.resend();
    }
    session.public["codeLength"] == "12"
}

/// Signs the owner in on a new browser, with the newest code of the length that the page shows. Every
/// message has arrived. Returns the length of the code; `None` if the owner does not get in.
fn owner_signs_in(world: &World) -> Option<usize> {
    let pool = Pool::of(world);
    let payload = now(resolver(world, &pool).session(&request(ADA, None))).ok()?;
    let length = usize::try_from(payload.code_length).unwrap();
    let code = world.newest_code(length)?;
    let reply = pool.session(&payload.session).answer(&code);
    (reply.next() == Next::IssueTokens).then_some(length)
}

/// Lets an attacker without limits work against Ada's address for so many days: first in every slot,
/// and at all times of it. The owner signs in in every third slot, each time at another time of it.
fn attacked(world: &World, days: u64) -> Attack {
    let mut attack = Attack {
        most_a_day: 0,
        attempts: 0,
        shut_out: 0,
        in_slots: 0,
    };
    let begins = world.clock.now().as_secs().next_multiple_of(86_400);
    world
        .clock
        .advance(Timestamp::from_secs(begins).since(world.clock.now()));
    for day in 0..days {
        let sent = world.messages();
        for slot in 0..86_400 / SLOT {
            let starts = begins + day * 86_400 + slot * SLOT;
            let at = |later| Timestamp::from_secs(starts + later).since(world.clock.now());
            // Until the budgets of the day are spent: six a minute, 35 an hour, 110 a day.
            let mut steps = slot..slot + 7;
            while steps.next().is_some_and(|step| !attack_once(world, step)) {}
            if slot % 3 == 0 {
                world
                    .clock
                    .advance(at(1 + (day * 48 + slot) * 37 % (SLOT - 2)));
                attack_once(world, slot);
                attack.attempts += 1;
                match owner_signs_in(world) {
                    Some(12) => attack.in_slots += 1,
                    Some(_) => {}
                    None => attack.shut_out += 1,
                }
            }
            world.clock.advance(at(SLOT));
        }
        attack.most_a_day = attack.most_a_day.max(world.messages() - sent);
        world.store.port.sweep(world.clock.now());
    }
    attack
}

/// Thirty days of virtual time over the real functions and the store in memory.
#[test]
fn for_thirty_days_an_attacker_shuts_the_owner_out_never() {
    let world = World::with_ada();
    let attack = attacked(&world, 30);
    let Attack {
        most_a_day,
        attempts,
        shut_out,
        in_slots,
    } = attack;
    println!(
        "an attack of 30 days: {most_a_day} messages a day at most; the owner signed in {} of {attempts} \
         times, {in_slots} of them by the code of a slot",
        attempts - shut_out
    );
    assert_eq!((attempts, shut_out), (30 * 48, 0));
    assert!(
        in_slots > attempts / 2,
        "{in_slots}: the attack spends the budgets"
    );
    // The owner's successes refund nothing of the mailbox.
    let odds = latchstring_core::odds::Odds::of(&world.deployment.policy, 1);
    assert!(
        u64::try_from(most_a_day).unwrap() <= odds.messages_a_day(),
        "{most_a_day}"
    );
    assert!(
        most_a_day > 200,
        "{most_a_day}: the attacker takes every slot"
    );
}

/// Without slot mode the same attack shuts the owner out.
#[test]
fn without_slot_mode_the_same_attack_shuts_the_owner_out() {
    let Attack {
        attempts, shut_out, ..
    } = attacked(&World::with_ada().without_slots(), 2);
    assert!(shut_out > attempts / 2, "{shut_out} of {attempts}");
}

/// At the defaults an attack on one address reaches no breaker of its domain, which others share.
#[test]
fn an_attack_on_one_address_trips_no_breaker_of_its_domain() {
    let world = World::with_ada();
    for minute in 0..180 {
        for (step, typed) in [
            ADA,
            "ada+1@example.com",
            "ada+2@example.com",
            "ada+3@example.com",
        ]
        .into_iter()
        .enumerate()
        {
            for _ in 0..3 {
                let pool = Pool::of(&world);
                let asked = now(resolver(&world, &pool).session(&request(typed, None)));
                assert!(
                    matches!(
                        asked,
                        Ok(_)
                            | Err(SignInError::TooManyRequests {
                                budget: Some(Budget::Mailbox),
                                ..
                            })
                    ),
                    "{minute} {step}: {asked:?}"
                );
                if let Ok(payload) = asked {
                    let mut session = pool.session(&payload.session);
                    world.after_secs(1);
                    session.resend();
                }
            }
        }
        let left = 60 - world.clock.now().as_secs() % 60;
        world.after_secs(left);
        // Another user of the domain.
        let mut other = opened(&world, &format!("user{minute}@example.com"));
        assert!(other.answer(&world.last_code()).is_right());
    }
    let of_ada = world.messages() - 180;
    assert!(
        (130..3 * (35 + 3 * 6)).contains(&of_ada),
        "{of_ada} messages"
    );
}
