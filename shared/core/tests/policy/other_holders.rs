//! Accounts that have a contact without being its verified holder: of a pool whose contacts are
//! usernames, of another identity provider, and with a contact in another form.

use std::collections::BTreeMap;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use latchstring_core::account::{Account, Attributes};
use latchstring_core::admission::AdmissionRule;
use latchstring_core::answer::{AnswerError, AnswerPayload};
use latchstring_core::contact::PendingState;
use latchstring_core::flow::{ClientRequest, DefineReason, Next, Round, Verdict};
use latchstring_core::holders::OtherHolders;
use latchstring_core::identifier::{Identifier, Method, PhoneRules};
use latchstring_core::ports::{Clock as _, Directory as _, LeaseStore as _};
use latchstring_core::pseudonym::Pseudonym;
use latchstring_core::sign_in::SignInError;
use latchstring_memory::MemoryDirectory;

use crate::admissions::invite;
use crate::answers::{answer, begin};
use crate::contacts::{change, holds, last_code, pending};
use crate::harness::{ADA, ADAS_NAME, BOB, Break, NUMBER, Pool, World, identifier, now};
use crate::sign_in::{request, resolver};
use crate::undo;

/// A username of an account that another person made.
const OTHERS: &str = "username-of-another";

/// Returns a pool whose contacts are usernames.
fn of_contacts(other_holders: OtherHolders) -> World {
    World::new().reconfigured(|world| {
        world.directory.port = MemoryDirectory::of_contacts();
        world.deployment.policy.contacts_are_usernames = true;
        world.deployment.policy.other_holders = other_holders;
    })
}

/// Returns an alias pool that others write too.
fn of_aliases() -> World {
    World::new().reconfigured(|world| {
        world.deployment.policy.other_holders = OtherHolders::Refuse;
    })
}

/// Puts an account into the pool: its status, and further attributes.
fn put(world: &World, username: &str, status: &str, attributes: &[(&str, &str)]) {
    let sub = format!("sub-of-{username}");
    let mut all = BTreeMap::from([("sub", &*sub), ("cognito:user_status", status)]);
    all.extend(attributes.iter().copied());
    world.directory.port.put(Account {
        username: username.to_owned(),
        enabled: true,
        attributes: Attributes::from_pairs(all),
    });
}

/// The attributes of a contact that is not verified.
fn unverified(contact: &str) -> [(&str, &str); 2] {
    let verified = match identifier(contact).method() {
        Method::Email => ("email", "email_verified"),
        Method::PhoneNumber => ("phone_number", "phone_number_verified"),
    };
    [(verified.0, contact), (verified.1, "false")]
}

/// Puts an account into the pool that never verified this contact.
pub(crate) fn put_unverified(world: &World, contact: &str) {
    put(world, OTHERS, "CONFIRMED", &unverified(contact));
}

/// Puts a federated user with Bob's address into the pool, or an account that has an address in Unicode.
pub(crate) fn put_elsewhere(world: &World, federated: bool) {
    let (username, status, email) = if federated {
        ("Google_1", "EXTERNAL_PROVIDER", BOB)
    } else {
        (OTHERS, "CONFIRMED", "zoe@bücher.example")
    };
    let attributes = [("email", email), ("email_verified", "true")];
    put(world, username, status, &attributes);
}

fn sign_in(world: &World, contact: &str) -> Result<AnswerPayload, AnswerError> {
    let pool = Pool::of(world);
    let continuation = begin(world, &pool, contact);
    let code = last_code(world);
    world.wire.clear();
    answer(world, &pool, &continuation, &code)
}

fn is_new(answered: &Result<AnswerPayload, AnswerError>) -> Option<bool> {
    match answered {
        Ok(AnswerPayload::SignedIn { is_new, .. }) => Some(*is_new),
        _ => None,
    }
}

fn account(world: &World, username: &str) -> Option<Account> {
    now(world.directory.port.find(username)).unwrap()
}

fn refused() -> Result<AnswerPayload, AnswerError> {
    Err(SignInError::HeldElsewhere.into())
}

#[test]
fn a_pool_of_contacts_signs_up_and_signs_in() {
    let world = of_contacts(OtherHolders::Refuse);
    for contact in [BOB, NUMBER] {
        assert_eq!(is_new(&sign_in(&world, contact)), Some(true), "{contact}");
        let holder = account(&world, contact).unwrap();
        assert!(holder.attributes.holds(&identifier(contact)));
        assert_ne!(holder.username, contact, "the pool makes the username");
        world.after_secs(60);
        assert_eq!(is_new(&sign_in(&world, contact)), Some(false), "{contact}");
        world.after_secs(60);
    }
    assert_eq!(world.directory.port.len(), 2);
}

#[test]
fn an_unverified_holder_is_never_signed_in_to() {
    for status in ["CONFIRMED", "UNCONFIRMED", "FORCE_CHANGE_PASSWORD"] {
        for contact in [BOB, NUMBER] {
            let world = of_contacts(OtherHolders::Refuse);
            put(&world, OTHERS, status, &unverified(contact));
            assert_eq!(sign_in(&world, contact), refused(), "{status}");
            assert_eq!(world.directory.port.len(), 1);
            let holder = account(&world, OTHERS).unwrap();
            assert!(!holder.attributes.holds(&identifier(contact)), "as it was");
        }
    }
}

#[test]
fn a_client_can_answer_the_session_of_an_unconfirmed_holder() {
    let world = of_contacts(OtherHolders::Delete);
    put(&world, OTHERS, "UNCONFIRMED", &unverified(BOB));
    let pool = Pool::of(&world);
    let payload = now(resolver(&world, &pool).session(&request(BOB, None))).unwrap();
    assert_eq!(payload.username, payload.session_username);
    let mut session = pool.session(&payload.session);
    session.answer(&last_code(&world));
    assert_eq!(session.step(), "claim");
}

#[test]
fn an_unverified_holder_is_deleted_by_choice() {
    for status in ["CONFIRMED", "UNCONFIRMED", "FORCE_CHANGE_PASSWORD"] {
        let world = of_contacts(OtherHolders::Delete);
        put(&world, OTHERS, status, &unverified(BOB));
        assert_eq!(is_new(&sign_in(&world, BOB)), Some(true), "{status}");
        assert!(account(&world, OTHERS).is_none());
        let holder = account(&world, BOB).unwrap();
        assert!(holder.attributes.holds(&identifier(BOB)));
    }
}

#[test]
fn nothing_is_deleted_for_an_account_that_is_refused() {
    let refusals: [fn(&mut World); 3] = [
        |world| world.deployment.policy.admission.rule = AdmissionRule::Invited,
        // Without a function of its own, the rule refuses.
        |world| world.deployment.policy.admission.rule = AdmissionRule::Hook,
        |world| world.deployment.policy.budgets.mail.accounts_per_domain = 0,
    ];
    for refusal in refusals {
        let world = of_contacts(OtherHolders::Delete).reconfigured(refusal);
        put_unverified(&world, BOB);
        assert!(is_new(&sign_in(&world, BOB)).is_none());
        assert!(account(&world, OTHERS).is_some());
        assert!(!world.wire.calls().contains(&"delete"));
    }
}

#[test]
fn an_account_that_was_verified_meanwhile_is_not_deleted() {
    let meanwhile: [fn(&World); 2] = [
        |world| {
            let verified = [("email", BOB), ("email_verified", "true")];
            put(world, OTHERS, "CONFIRMED", &verified);
        },
        |world| {
            let mut disabled = account(world, OTHERS).unwrap();
            disabled.enabled = false;
            world.directory.port.put(disabled);
        },
    ];
    for change in meanwhile {
        let mut kept = 0;
        for calls in 0..20 {
            let world = of_contacts(OtherHolders::Delete);
            put_unverified(&world, BOB);
            let proof = crate::sign_in::earned_proof(&world, BOB);
            let pool = Pool::of(&world);
            let sign_in = resolver(&world, &pool);
            let request = request(BOB, Some(&proof));
            world.wire.take_turns();
            let mut changed = false;
            let _ = interrupted(sign_in.session(&request), calls, || {
                changed = is_free(&world, OTHERS) && account(&world, OTHERS).is_some();
                if changed {
                    change(&world);
                }
            });
            if changed {
                assert!(account(&world, OTHERS).is_some(), "after {calls} calls");
                kept += 1;
            }
        }
        assert!(kept > 3, "{kept}");
    }
}

#[test]
fn a_contact_that_was_given_up_meanwhile_does_not_come_back() {
    let mut stayed = 0;
    for calls in 0..20 {
        let world = of_aliases();
        let old = [("email", "zoe@bücher.example"), ("email_verified", "true")];
        put(&world, OTHERS, "CONFIRMED", &old);
        let canonical = "zoe@xn--bcher-kva.example";
        let proof = crate::sign_in::earned_proof(&world, canonical);
        let pool = Pool::of(&world);
        let sign_in = resolver(&world, &pool);
        let request = request(canonical, Some(&proof));
        world.wire.take_turns();
        let mut changed = false;
        let _ = interrupted(sign_in.session(&request), calls, || {
            changed = is_free(&world, OTHERS);
            if changed {
                let new = [("email", "new@example.com"), ("email_verified", "true")];
                put(&world, OTHERS, "CONFIRMED", &new);
            }
        });
        if changed {
            assert!(
                holds(&world, OTHERS, "new@example.com"),
                "after {calls} calls"
            );
            stayed += 1;
        }
    }
    assert!(stayed > 3, "{stayed}");
}

/// Returns whether no request has the lease on an account, as a change of its contact requires.
fn is_free(world: &World, username: &str) -> bool {
    let Some(account) = account(world, username) else {
        return true;
    };
    let on = Pseudonym::of_account(&world.deployment.keys, account.attributes.sub());
    let (holder, at) = (Pseudonym::random([7; 16]), world.clock.now());
    now(world.store.port.lease(on, holder, at, at)).unwrap()
}

/// Polls a future so many times, makes a change, and polls it to its end.
fn interrupted<T>(future: impl Future<Output = T>, polls: usize, change: impl FnOnce()) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..polls {
        if let Poll::Ready(done) = future.as_mut().poll(&mut context) {
            change();
            return done;
        }
    }
    change();
    now(future)
}

#[test]
fn an_account_in_use_is_not_deleted() {
    let verified = [("phone_number", NUMBER), ("phone_number_verified", "true")];
    let linked = [("identities", "[{\"providerName\":\"Google\"}]")];
    for kept in [&verified[..], &linked[..], &[]] {
        let world = of_contacts(OtherHolders::Delete);
        put(
            &world,
            OTHERS,
            "CONFIRMED",
            &[&unverified(BOB), kept].concat(),
        );
        if kept.is_empty() {
            let mut disabled = account(&world, OTHERS).unwrap();
            // Cognito refuses the session of a disabled user, so the proof is of before.
            let proof = crate::sign_in::earned_proof(&world, BOB);
            disabled.enabled = false;
            world.directory.port.put(disabled);
            let pool = Pool::of(&world);
            let answered = now(resolver(&world, &pool).session(&request(BOB, Some(&proof))));
            assert_eq!(answered, Err(SignInError::HeldElsewhere));
        } else {
            assert_eq!(sign_in(&world, BOB), refused());
        }
        assert!(account(&world, OTHERS).is_some());
        assert_eq!(world.directory.port.len(), 1);
    }
}

#[test]
fn an_unverified_alias_keeps_no_one_out() {
    let world = of_aliases();
    put(&world, OTHERS, "CONFIRMED", &unverified(BOB));
    assert_eq!(is_new(&sign_in(&world, BOB)), Some(true));
    assert_eq!(world.directory.port.len(), 2);
    let other = account(&world, OTHERS).unwrap();
    assert!(!other.attributes.holds(&identifier(BOB)));
}

#[test]
fn a_federated_profile_is_neither_signed_in_to_nor_doubled() {
    for verified in ["true", "false"] {
        for world in [of_aliases(), of_contacts(OtherHolders::Delete)] {
            let email = [("email", BOB), ("email_verified", verified)];
            put(&world, "Google_1", "EXTERNAL_PROVIDER", &email);
            assert_eq!(sign_in(&world, BOB), refused(), "{verified}");
            assert_eq!(world.directory.port.len(), 1);
            assert!(account(&world, "Google_1").is_some());
        }
    }
}

#[test]
fn a_session_of_a_federated_username_ends_in_no_tokens() {
    let world = of_aliases();
    let email = [("email", BOB), ("email_verified", "true")];
    put(&world, "Google_1", "EXTERNAL_PROVIDER", &email);
    let mut session = world.initiate("Google_1");
    session.choose(&world.ticket(BOB));
    session.answer(&world.code());
    assert_eq!(session.ended, None);
    assert_eq!(session.step(), "claim", "a proof, as for no account");
}

/// Cognito's event may lack the status, so it is read with the account.
#[test]
fn an_account_that_takes_no_codes_by_now_gets_no_tokens() {
    for status in ["EXTERNAL_PROVIDER", "UNCONFIRMED", "FORCE_CHANGE_PASSWORD"] {
        let world = of_aliases();
        world.put_ada(&[]);
        let mut session = world.at_otp(ADA);
        let request = ClientRequest::default;
        let answered = session.answer_event(&world.code(), request());
        let verdict = now(world.verify(&answered)).decision;
        assert!(matches!(verdict, Verdict::Right(_)));
        session.rounds.push(Round {
            challenge_name: "CUSTOM_CHALLENGE".to_owned(),
            passed: true,
            metadata: Some(session.metadata.clone()),
        });
        let event = session.session_event(request());
        world.put_ada(&[("cognito:user_status", status)]);
        let decided = now(world.define(&event));
        let (next, reason) = (decided.decision, decided.reason);
        assert_eq!((next, reason), (Next::Fail, DefineReason::NoLongerHolder));
    }
}

#[test]
fn a_linked_account_is_signed_in_to() {
    for world in [of_aliases(), of_contacts(OtherHolders::Refuse)] {
        let attributes = [
            ("email", BOB),
            ("email_verified", "true"),
            ("identities", "[{\"providerName\":\"Google\"}]"),
        ];
        put(&world, OTHERS, "CONFIRMED", &attributes);
        assert_eq!(is_new(&sign_in(&world, BOB)), Some(false));
        assert_eq!(world.directory.port.len(), 1);
    }
}

#[test]
fn another_form_of_a_contact_reaches_its_account() {
    for (stored, canonical) in [
        ("+5215512345678", "+525512345678"),
        ("+4407400123456", "+447400123456"),
        ("+541115 2345 6789", "+5491123456789"),
        ("zoe@bücher.example", "zoe@xn--bcher-kva.example"),
    ] {
        let stored = &*stored.replace(' ', "");
        let mut world = of_aliases();
        let all = latchstring_core::rate_limit::Countries::All(
            latchstring_core::rate_limit::Price::parse("0.1").unwrap(),
        );
        world.deployment.policy.budgets.sms.countries = all;
        let method = identifier(canonical).method().as_str();
        let verified = format!("{method}_verified");
        let attributes = [(method, stored), (&*verified, "true")];
        put(&world, OTHERS, "CONFIRMED", &attributes);
        assert_eq!(is_new(&sign_in(&world, canonical)), Some(false), "{stored}");
        assert_eq!(world.directory.port.len(), 1);
        let text = account(&world, OTHERS).unwrap();
        let text = text.attributes.contact_text(identifier(canonical).method());
        assert_eq!(text, canonical, "the canonical form replaces it");
        world.after_secs(60);
        world.wire.clear();
        assert_eq!(is_new(&sign_in(&world, canonical)), Some(false));
        assert!(!world.wire.calls().contains(&"having"), "known by now");
    }
}

#[test]
fn another_form_that_is_unverified_or_ambiguous_is_not_taken() {
    let (stored, canonical) = ("zoe@bücher.example", "zoe@xn--bcher-kva.example");
    let world = of_aliases();
    let attributes = [("email", stored), ("email_verified", "false")];
    put(&world, OTHERS, "CONFIRMED", &attributes);
    assert_eq!(is_new(&sign_in(&world, canonical)), Some(true));
    let text = account(&world, OTHERS).unwrap();
    assert_eq!(text.attributes.contact_text(Method::Email), stored);

    let world = of_aliases().reconfigured(|world| {
        world.directory.port = MemoryDirectory::default();
    });
    let attributes = [("email", stored), ("email_verified", "true")];
    put(&world, OTHERS, "CONFIRMED", &attributes);
    let mut disabled = account(&world, OTHERS).unwrap();
    disabled.enabled = false;
    world.directory.port.put(disabled);
    let proof = crate::sign_in::earned_proof(&world, canonical);
    let pool = Pool::of(&world);
    let answered = now(resolver(&world, &pool).session(&request(canonical, Some(&proof))));
    assert_eq!(answered, Err(SignInError::HeldElsewhere));
}

/// Addresses whose domain IDNA2003 reads as another one than IDNA2008, and that other one.
const DEVIATING: [(&str, &str); 5] = [
    ("zoe@straße.example", "zoe@strasse.example"),
    ("zoe@STRAẞE.example", "zoe@strasse.example"),
    ("zoe@βόλος.example", "zoe@βόλοσ.example"),
    ("zoe@نامه\u{200c}ای.example", "zoe@نامهای.example"),
    ("zoe@ශ්\u{200d}රී.example", "zoe@ශ්රී.example"),
];

#[test]
fn a_domain_with_two_readings_is_neither_contact() {
    for (stored, other) in DEVIATING {
        for read in [stored, other].map(identifier) {
            assert!(!read.forms(&PhoneRules::default()).contains(&stored.into()));
            let world = of_aliases();
            let attributes = [("email", stored), ("email_verified", "true")];
            put(&world, OTHERS, "CONFIRMED", &attributes);
            assert!(!holds(&world, OTHERS, read.as_str()), "{stored}");
            assert_eq!(is_new(&sign_in(&world, read.as_str())), Some(true));
            let text = account(&world, OTHERS).unwrap();
            assert_eq!(text.attributes.contact_text(Method::Email), stored);
        }
    }
}

/// The owner of `straße.example` opens a session of an account by its username. Its address may have
/// been verified at `strasse.example`.
#[test]
fn a_domain_with_two_readings_signs_in_to_no_account() {
    for (stored, other) in DEVIATING {
        for typed in [stored, other] {
            let world = of_aliases();
            let attributes = [("email", stored), ("email_verified", "true")];
            put(&world, OTHERS, "CONFIRMED", &attributes);
            let mut session = world.initiate(OTHERS);
            session.choose(&world.ticket(identifier(typed).as_str()));
            session.answer(&world.code());
            assert_eq!(session.ended, None, "{typed}");
            assert_eq!(session.step(), "claim", "{typed}: a proof, and no tokens");
        }
    }
}

#[test]
fn a_form_is_read_as_the_number_and_no_other_is() {
    let rules = PhoneRules::default();
    let forms = |text: &str| identifier(text).forms(&rules);
    assert_eq!(forms(ADA), [ADA]);
    let uk = ["+447400123456", "+4407400123456"];
    assert_eq!(forms("+447400123456"), uk);
    for text in [
        "+447400123456",
        "+525512345678",
        "+5491123456789",
        "+390612345678",
        BOB,
    ] {
        let canonical = identifier(text);
        for form in forms(text) {
            let read = Identifier::parse_by(canonical.method(), &form, &rules);
            assert_eq!(read.as_ref(), Ok(&canonical), "{form}");
        }
    }
}

#[test]
fn the_calls_before_a_right_code_show_no_holder() {
    let calls = |world: World| {
        let pool = Pool::of(&world);
        let continuation = begin(&world, &pool, BOB);
        let _ = answer(&world, &pool, &continuation, &world.wrong_code());
        world.wire.calls()
    };
    let unknown = calls(of_contacts(OtherHolders::Delete));
    for (status, email) in [
        ("CONFIRMED", ("email_verified", "true")),
        ("CONFIRMED", ("email_verified", "false")),
        ("FORCE_CHANGE_PASSWORD", ("email_verified", "false")),
        ("EXTERNAL_PROVIDER", ("email_verified", "true")),
    ] {
        let world = of_contacts(OtherHolders::Delete);
        put(&world, OTHERS, status, &[("email", BOB), email]);
        assert_eq!(calls(world), unknown, "{status} {email:?}");
    }
    // Cognito refuses its session, as that of a disabled user: one call more.
    let world = of_contacts(OtherHolders::Delete);
    put(&world, OTHERS, "UNCONFIRMED", &unverified(BOB));
    assert_eq!(calls(world).len(), unknown.len() + 1);
}

#[test]
fn an_unverified_holder_keeps_a_changed_contact_away() {
    let world = of_contacts(OtherHolders::Delete);
    world.put_ada(&[]);
    put(&world, OTHERS, "CONFIRMED", &unverified(BOB));
    let mut session = change(&world, ADAS_NAME, BOB);
    session.answer(&last_code(&world));
    assert_eq!(pending(&world, ADAS_NAME), Some(PendingState::InUse));
    assert!(holds(&world, ADAS_NAME, ADA));
    assert!(account(&world, OTHERS).is_some(), "only a sign-in deletes");
}

#[test]
fn an_invitation_is_used_in_a_pool_of_contacts() {
    for broken in 0..24 {
        let world = of_contacts(OtherHolders::Refuse);
        let world = world.reconfigured(|world| {
            world.deployment.policy.admission.rule = AdmissionRule::Invited;
        });
        invite(&world, BOB);
        let pool = Pool::of(&world);
        let continuation = begin(&world, &pool, BOB);
        let code = last_code(&world);
        world.wire.clear();
        world.wire.will_break([(broken, Break::After)]);
        let answered = answer(&world, &pool, &continuation, &code);
        if is_new(&answered).is_none() {
            world.wire.clear();
            world.after_secs(31);
            assert!(is_new(&sign_in(&world, BOB)).is_some(), "{broken}");
        }
        assert_eq!(world.directory.port.len(), 1, "{broken}");
        let holder = account(&world, BOB).unwrap().username;
        let groups = world.directory.port.groups(&holder);
        assert_eq!(groups.len(), 2, "{broken}: {groups:?}");
        world.directory.port.remove(&holder);
        world.after_secs(60);
        let again = sign_in(&world, BOB);
        assert_eq!(again, Err(SignInError::NotAdmitted.into()), "{broken}");
    }
}

#[test]
fn another_form_is_found_whichever_call_breaks() {
    for broken in 0..9 {
        for how in [Break::Before, Break::After] {
            let world = of_aliases();
            let attributes = [("email", "zoe@bücher.example"), ("email_verified", "true")];
            put(&world, OTHERS, "CONFIRMED", &attributes);
            let canonical = "zoe@xn--bcher-kva.example";
            let pool = Pool::of(&world);
            let continuation = begin(&world, &pool, canonical);
            let code = last_code(&world);
            world.wire.clear();
            world.wire.will_break([(broken, how)]);
            let answered = answer(&world, &pool, &continuation, &code);
            if is_new(&answered).is_none() {
                world.wire.clear();
                world.after_secs(31);
                let again = is_new(&sign_in(&world, canonical));
                assert_eq!(again, Some(false), "{broken} {how:?}");
            }
            assert_eq!(world.directory.port.len(), 1, "{broken} {how:?}");
        }
    }
}

#[test]
fn an_unconfirmed_account_is_no_holder_though_verified() {
    let world = of_contacts(OtherHolders::Delete);
    let email = [("email", BOB), ("email_verified", "true")];
    put(&world, OTHERS, "UNCONFIRMED", &email);
    assert_eq!(sign_in(&world, BOB), refused());
    assert!(account(&world, OTHERS).is_some());
}

#[test]
fn an_unverified_holder_keeps_a_replaced_contact_away() {
    let world = of_contacts(OtherHolders::Delete);
    world.put_ada(&[]);
    undo::replace(&world);
    let proof = crate::sign_in::earned_proof(&world, ADA);
    let mut session = world.initiate(ADAS_NAME);
    put_unverified(&world, ADA);
    let reply = now(session.respond(&proof, undo::undoing()));
    assert_eq!(reply.next(), Next::Fail);
    assert_eq!(reply.define.reason, DefineReason::ContactInUse);
    assert!(!holds(&world, ADAS_NAME, ADA));
}
