//! Who may have a new account. Only a right code learns that the contact is not admitted.

use std::collections::BTreeMap;
use std::time::Duration;

use latchstring_core::admission::{Admission, AdmissionRule, Domain};
use latchstring_core::answer::{AnswerAction, AnswerError, AnswerPayload};
use latchstring_core::clients::ClientPolicy;
use latchstring_core::contact::ContactError;
use latchstring_core::invite::{INVITATION_LIFE_MAX, Membership, MembershipError, NewInvitation};
use latchstring_core::keys::KeyRing;
use latchstring_core::locale::Locale;
use latchstring_core::ports::{Clock as _, Creation, Directory as _};
use latchstring_core::sign_in::{SignIn, SignInError, SignInRequest};
use latchstring_memory::{FixedAdmissionHook, MemoryDirectory};

use crate::answers::{answer, answering, begin, begin_with};
use crate::contacts::{self, Tokens, identity, last_code};
use crate::harness::{
    ADA, ADAS_NAME, BOB, Break, Flaky, NUMBER, Pool, World, identifier, key, now,
};
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
fn an_existing_account_never_meets_the_rule() {
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
    // One code permits one question, whatever it costs to answer.
    for expected in [SignInError::NotAdmitted, SignInError::InvalidProof] {
        let refused = now(sign_in.session(&request(BOB, Some(&proof))));
        assert_eq!(refused, Err(expected));
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
    let world = World::new().reconfigured(|world| {
        world.directory.port = MemoryDirectory::closed();
        world.deployment.policy.budgets.mail.accounts_per_domain = 1;
    });
    let pool = Pool::of(&world);
    let continuation = begin(&world, &pool, BOB);
    let answered = answer(&world, &pool, &continuation, &world.code());
    assert_eq!(answered, Err(refused()));
    assert!(!has_account(&world, BOB));
    let calls = world.wire.calls();
    assert_eq!(calls.last(), Some(&"release"), "{calls:?}");
    // The budget of new accounts, which is one, is given back.
    let world = world.reconfigured(|world| world.directory.port = MemoryDirectory::default());
    world.after_secs(60);
    assert!(is_new(&sign_in(&world, BOB)));
}

/// Returns a deployment that admits invited contacts only, and its group of inviters.
pub(crate) fn by_invitation() -> World {
    World::with_ada().reconfigured(|world| {
        world.deployment.policy.admission.rule = AdmissionRule::Invited;
        let policy = &mut world.deployment.policy;
        policy.inviters = Some("admins".to_owned());
        policy.inviters_may_give = ["staff".to_owned(), "editors".to_owned()].into();
        policy.inviters_may_set = ["custom:tier".to_owned()].into();
    })
}

pub(crate) fn invitation(contact: &str) -> NewInvitation {
    let groups = ["staff".to_owned(), "editors".to_owned()];
    let attributes = [("custom:tier".to_owned(), "gold".to_owned())];
    NewInvitation {
        contact: identifier(contact),
        life: Duration::from_secs(3600),
        membership: Membership::new(attributes.into(), groups.into()).unwrap(),
    }
}

pub(crate) fn invite(world: &World, contact: &str) {
    let pool = Pool::of(world);
    now(pool.context().invite(&invitation(contact))).unwrap();
    world.wire.clear();
}

/// Signs in with a code.
fn sign_in(world: &World, contact: &str) -> Result<AnswerPayload, AnswerError> {
    let pool = Pool::of(world);
    let continuation = begin(world, &pool, contact);
    let code = last_code(world);
    world.wire.clear();
    answer(world, &pool, &continuation, &code)
}

pub(crate) fn username(world: &World, contact: &str) -> String {
    let found = now(world.directory.port.find(contact)).unwrap();
    found.expect("an account").username
}

fn is_signed_in(answered: &Result<AnswerPayload, AnswerError>) -> bool {
    matches!(answered, Ok(AnswerPayload::SignedIn { .. }))
}

fn is_new(answered: &Result<AnswerPayload, AnswerError>) -> bool {
    matches!(answered, Ok(AnswerPayload::SignedIn { is_new: true, .. }))
}

#[test]
fn an_invited_contact_gets_an_account_with_its_groups() {
    let world = by_invitation();
    assert_eq!(sign_in(&world, NUMBER), Err(refused()));
    for contact in [BOB, NUMBER] {
        invite(&world, contact);
        world.after_secs(60);
        assert!(is_new(&sign_in(&world, contact)), "{contact}");
        let name = username(&world, contact);
        let directory = &world.directory.port;
        assert_eq!(directory.groups(&name).len(), 2);
        assert_eq!(directory.attributes(&name)["custom:tier"], "gold");
    }
}

#[test]
fn an_invitation_is_of_its_contact_and_ends() {
    let world = by_invitation();
    invite(&world, COLLEAGUE);
    assert_eq!(sign_in(&world, BOB), Err(refused()));
    world.after_secs(3600);
    assert_eq!(sign_in(&world, COLLEAGUE), Err(refused()));
    invite(&world, COLLEAGUE);
    let pool = Pool::of(&world);
    now(pool.context().withdraw_invitation(&identifier(COLLEAGUE))).unwrap();
    world.after_secs(60);
    assert_eq!(sign_in(&world, COLLEAGUE), Err(refused()));
}

#[test]
fn an_invitation_permits_one_account_also_after_its_deletion() {
    let world = by_invitation();
    invite(&world, BOB);
    assert!(is_new(&sign_in(&world, BOB)));
    world.directory.port.remove(&username(&world, BOB));
    world.after_secs(60);
    assert_eq!(sign_in(&world, BOB), Err(refused()));
}

#[test]
fn an_invitation_outlives_a_rotation_of_keys() {
    let ring = |ring: KeyRing| ring.with_lasting(key("l1", 5)).unwrap();
    let mut world = by_invitation();
    world.deployment.keys = ring(KeyRing::new(key("k1", 1), None, None).unwrap());
    invite(&world, BOB);
    let rotated = KeyRing::new(key("k3", 3), None, Some(key("k2", 2)));
    world.deployment.keys = ring(rotated.unwrap());
    assert!(is_new(&sign_in(&world, BOB)));
}

#[test]
fn an_invitation_admits_beside_a_domain() {
    let world = of_one_domain();
    invite(&world, BOB);
    assert!(is_new(&sign_in(&world, BOB)));
    world.after_secs(60);
    assert!(is_new(&sign_in(&world, COLLEAGUE)));
}

#[test]
fn an_interrupted_account_is_completed_with_its_groups() {
    // Each call of the first attempt is lost in turn, before and after its effect.
    for lost in 0..40 {
        for after in [false, true] {
            let world = by_invitation();
            invite(&world, BOB);
            let pool = Pool::of(&world);
            let continuation = begin(&world, &pool, BOB);
            let code = last_code(&world);
            world.wire.clear();
            let kind = if after { Break::After } else { Break::Before };
            world.wire.will_break([(lost, kind)]);
            let first = answer(&world, &pool, &continuation, &code);
            world.wire.clear();
            if !is_signed_in(&first) {
                world.after_secs(60);
                let last = sign_in(&world, BOB);
                assert!(is_signed_in(&last), "{lost} {after}: {last:?}");
            }
            let name = username(&world, BOB);
            assert_eq!(
                world.directory.port.groups(&name).len(),
                2,
                "{lost} {after}"
            );
            world.directory.port.remove(&name);
            world.after_secs(60);
            assert_eq!(sign_in(&world, BOB), Err(refused()), "{lost} {after}");
        }
    }
}

#[test]
fn a_redeemed_invitation_gives_its_groups_after_its_end() {
    let world = by_invitation();
    invite(&world, BOB);
    world.directory.port.remove_group("staff");
    sign_in(&world, BOB).unwrap_err();
    world.after_secs(3700);
    world.store.port.sweep(world.clock.now());
    // It permits no other account, and this one is not in use without its groups.
    for _ in 0..2 {
        let error = sign_in(&world, BOB).unwrap_err();
        assert_eq!(error.error.error_type(), "Unavailable");
        world.after_secs(60);
    }
    world.directory.port.put_group("staff");
    assert!(is_new(&sign_in(&world, BOB)));
    let name = username(&world, BOB);
    assert_eq!(world.directory.port.groups(&name).len(), 2);
    assert_eq!(world.directory.port.len(), 2);
}

#[test]
fn an_account_of_an_operator_is_completed_without_an_invitation() {
    let world = by_invitation();
    let directory = &world.directory.port;
    let created = now(directory.create("made-by-hand", &identifier(BOB), &BTreeMap::new()));
    assert!(matches!(created, Ok(Creation::New { .. })));
    assert!(sign_in(&world, BOB).is_ok());
    assert_eq!(username(&world, BOB), "made-by-hand");
}

#[test]
fn the_calls_before_a_right_code_show_no_invitation() {
    let calls = |is_invited| {
        let world = by_invitation();
        if is_invited {
            invite(&world, BOB);
        }
        let pool = Pool::of(&world);
        let continuation = begin(&world, &pool, BOB);
        let _ = answer(&world, &pool, &continuation, &world.wrong_code());
        world.wire.calls()
    };
    assert_eq!(calls(true), calls(false));
}

#[test]
fn only_the_group_of_inviters_may_invite() {
    let world = by_invitation();
    let pool = Pool::of(&world);
    let tokens = Tokens(&world);
    let account = contacts::resolver(&pool, &tokens);
    let mut caller = identity(&world, ADAS_NAME);
    let new = invitation(BOB);
    for groups in [vec![], vec!["staff".to_owned(), "Admins".to_owned()]] {
        caller.groups = groups;
        let refused = now(account.invite(&caller, &new));
        assert_eq!(refused, Err(ContactError::NotAnInviter));
        let refused = now(account.withdraw_invitation(&caller, &new.contact));
        assert_eq!(refused, Err(ContactError::NotAnInviter));
    }
    caller.groups = vec!["staff".to_owned(), "admins".to_owned()];
    assert_eq!(now(account.invite(&caller, &new)), Ok(()));
    assert!(is_new(&sign_in(&world, BOB)));
    world.after_secs(3600);
    let stale = now(account.invite(&caller, &new));
    assert_eq!(stale, Err(ContactError::ReauthRequired));
    // Without a group that may, no group may.
    let world = by_invitation().reconfigured(|world| world.deployment.policy.inviters = None);
    let (pool, tokens) = (Pool::of(&world), Tokens(&world));
    let mut caller = identity(&world, ADAS_NAME);
    caller.groups = vec!["admins".to_owned(), String::new()];
    let refused = now(contacts::resolver(&pool, &tokens).invite(&caller, &new));
    assert_eq!(refused, Err(ContactError::NotAnInviter));
}

#[test]
fn an_inviter_gives_only_what_is_listed() {
    let groups = |world: &mut World| {
        let policy = &mut world.deployment.policy;
        policy.inviters_may_give = ["editors".to_owned(), "Staff".to_owned()].into();
    };
    let no_groups = |world: &mut World| world.deployment.policy.inviters_may_give.clear();
    let no_attributes = |world: &mut World| world.deployment.policy.inviters_may_set.clear();
    let nothing = |world: &mut World| {
        let policy = &mut world.deployment.policy;
        policy.inviters_may_give.clear();
        policy.inviters_may_set.clear();
    };
    let of_another = |world: &mut World| {
        let policy = &mut world.deployment.policy;
        policy.inviters_may_set = ["custom:tie".to_owned(), "custom:team".to_owned()].into();
    };
    let (new, listed) = (invitation(BOB), invitation(NUMBER));
    for narrow in [
        groups as fn(&mut World),
        no_groups,
        no_attributes,
        nothing,
        of_another,
    ] {
        let world = by_invitation();
        let inviting = |world: &World, new: &NewInvitation| {
            let (pool, tokens) = (Pool::of(world), Tokens(world));
            let mut caller = identity(world, ADAS_NAME);
            caller.groups = vec!["admins".to_owned()];
            now(contacts::resolver(&pool, &tokens).invite(&caller, new))
        };
        assert_eq!(inviting(&world, &listed), Ok(()));
        let world = world.reconfigured(narrow);
        world.wire.clear();
        let refused = inviting(&world, &new);
        assert_eq!(refused, Err(ContactError::MembershipNotPermitted));
        // The pool's groups show to no one who may not give them.
        assert!(!world.wire.calls().contains(&"has_group"));
        assert_eq!(sign_in(&world, BOB), Err(self::refused()));
        let plain = NewInvitation {
            membership: Membership::default(),
            ..new.clone()
        };
        assert_eq!(inviting(&world, &plain), Ok(()));
        // The operator gives any.
        assert_eq!(now(Pool::of(&world).context().invite(&new)), Ok(()));
    }
}

#[test]
fn an_invitation_to_a_group_that_is_missing_is_refused() {
    let world = by_invitation();
    world.directory.port.remove_group("staff");
    let refused = now(Pool::of(&world).context().invite(&invitation(BOB)));
    assert_eq!(refused, Err(MembershipError::NoSuchGroup.into()));
    assert_eq!(sign_in(&world, BOB), Err(self::refused()));
}

#[test]
fn an_account_without_its_groups_is_never_in_use() {
    let world = by_invitation();
    invite(&world, BOB);
    world.directory.port.remove_group("staff");
    for _ in 0..2 {
        let error = sign_in(&world, BOB).unwrap_err();
        assert_eq!(error.error.error_type(), "Unavailable");
        let account = now(world.directory.port.find(BOB)).unwrap();
        assert!(account.is_some_and(|it| it.attributes.is_half_created()));
        world.after_secs(60);
    }
}

/// An account whose creation was interrupted gets the groups of its invitation under any rule that
/// another client, or a changed mind, applies to its next sign-in.
#[test]
fn a_half_created_account_is_completed_as_invited() {
    let rules: [fn(&mut World); 2] = [
        // Without a function of its own, the rule refuses.
        |world| world.deployment.policy.admission.rule = AdmissionRule::Hook,
        |world| {
            let policy = &mut world.deployment.policy;
            let invited = ClientPolicy::of(policy);
            policy.of_clients.insert("another".to_owned(), invited);
            policy.admission.rule = AdmissionRule::Open;
        },
    ];
    for rule in rules {
        let world = by_invitation();
        invite(&world, BOB);
        let pool = Pool::of(&world);
        let continuation = begin(&world, &pool, BOB);
        let code = last_code(&world);
        world.directory.port.remove_group("staff");
        assert!(answer(&world, &pool, &continuation, &code).is_err());
        let name = username(&world, BOB);
        world.directory.port.put_group("staff");

        let changed = world.reconfigured(rule);
        changed.after_secs(60);
        assert!(is_new(&sign_in(&changed, BOB)));
        assert_eq!(username(&changed, BOB), name);
        assert_eq!(changed.directory.port.groups(&name).len(), 2);

        changed.directory.port.remove(&name);
        world.after_secs(60);
        assert_eq!(sign_in(&world, BOB), Err(refused()), "it is used");
    }
}

#[test]
fn an_invitation_needs_a_rule_and_a_life_in_bounds() {
    let world = World::with_ada().reconfigured(|world| {
        world.deployment.policy.inviters = Some("admins".to_owned());
    });
    let (pool, tokens) = (Pool::of(&world), Tokens(&world));
    let refused = now(pool.context().invite(&invitation(BOB)));
    assert_eq!(refused, Err(ContactError::SignUpIsOpen));
    let refused = now(pool.context().withdraw_invitation(&identifier(BOB)));
    assert_eq!(refused, Err(ContactError::SignUpIsOpen));
    let mut caller = identity(&world, ADAS_NAME);
    caller.groups = vec!["admins".to_owned()];
    let account = contacts::resolver(&pool, &tokens);
    let refused = now(account.withdraw_invitation(&caller, &identifier(BOB)));
    assert_eq!(refused, Err(ContactError::SignUpIsOpen));
    let world = by_invitation();
    for life in [Duration::ZERO, INVITATION_LIFE_MAX + Duration::from_secs(1)] {
        let new = NewInvitation {
            life,
            ..invitation(BOB)
        };
        let refused = now(Pool::of(&world).context().invite(&new));
        assert_eq!(refused, Err(ContactError::InvitationLife));
    }
}

/// Returns a deployment with a rule of its own, and the rule, which admits Bob as an editor.
fn by_a_rule() -> (World, Flaky<FixedAdmissionHook>) {
    let world = World::with_ada().reconfigured(|world| {
        world.deployment.policy.admission.rule = AdmissionRule::Hook;
    });
    let groups = ["editors".to_owned()];
    let attributes = [("custom:tier".to_owned(), "tin".to_owned())];
    let membership = Membership::new(attributes.into(), groups.into()).unwrap();
    let hook = FixedAdmissionHook::new([(identifier(BOB), membership)]);
    let hook = Flaky::new(hook, world.wire.clone());
    (world, hook)
}

/// Signs in with a code where a rule decides. The calls of the answer break so.
fn decided(
    world: &World,
    hook: &Flaky<FixedAdmissionHook>,
    contact: &str,
    breaks: &[(usize, Break)],
) -> Result<AnswerPayload, AnswerError> {
    let pool = Pool::of(world);
    let begun = SignInRequest {
        locale: Some(Locale::De),
        ..request(contact, None)
    };
    let (_, continuation) = begin_with(world, &pool, &begun);
    let request = answering(&continuation, &last_code(world));
    world.wire.clear();
    world.wire.will_break(breaks.iter().copied());
    let sign_in = SignIn {
        context: pool.context(),
        legacy_pool: false,
        captcha: world.captcha.as_ref(),
        hook: Some(hook),
    };
    now(sign_in.answer(&request, AnswerAction::SignIn))
}

/// Returns the number of the first call of the rule in an answer.
fn first_decision() -> usize {
    let (world, hook) = by_a_rule();
    decided(&world, &hook, NUMBER, &[]).unwrap_err();
    let calls = world.wire.calls();
    calls.iter().position(|call| *call == "decide").unwrap()
}

#[test]
fn a_rule_of_ones_own_admits_and_refuses() {
    let (world, hook) = by_a_rule();
    assert!(is_new(&decided(&world, &hook, BOB, &[])));
    let name = username(&world, BOB);
    assert_eq!(
        world.directory.port.groups(&name),
        ["editors".to_owned()].into()
    );
    assert_eq!(decided(&world, &hook, NUMBER, &[]), Err(refused()));
    // An existing account is no question.
    let asked = hook.port.asked();
    world.after_secs(60);
    assert!(is_signed_in(&decided(&world, &hook, BOB, &[])));
    assert!(is_signed_in(&decided(&world, &hook, ADA, &[])));
    assert_eq!(hook.port.asked(), asked);
}

#[test]
fn a_refused_proof_asks_the_rule_once() {
    let (world, hook) = by_a_rule();
    let proof = earned_proof(&world, NUMBER);
    let pool = Pool::of(&world);
    let sign_in = SignIn {
        context: pool.context(),
        legacy_pool: false,
        captcha: world.captcha.as_ref(),
        hook: Some(&hook),
    };
    let request = request(NUMBER, Some(&proof));
    let refused = now(sign_in.session(&request));
    assert_eq!(refused, Err(SignInError::NotAdmitted));
    for _ in 0..20 {
        let refused = now(sign_in.session(&request));
        assert_eq!(refused, Err(SignInError::InvalidProof));
        assert!(now(sign_in.ticket(&request)).is_err());
    }
    assert_eq!(hook.port.asked(), 1);
}

#[test]
fn a_silent_rule_is_called_twice_and_creates_nothing() {
    let at = first_decision();
    for kind in [Break::Before, Break::After, Break::Never, Break::NeverAfter] {
        let (world, hook) = by_a_rule();
        assert!(
            is_new(&decided(&world, &hook, BOB, &[(at, kind)])),
            "{kind:?}"
        );
        let (world, hook) = by_a_rule();
        let started = world.clock.now();
        let answered = decided(&world, &hook, BOB, &[(at, kind), (at + 1, kind)]);
        let waited = world.clock.now().since(started);
        let expected = match kind {
            Break::Never | Break::NeverAfter => 2,
            _ => 0,
        };
        assert_eq!(waited, Duration::from_secs(expected), "{kind:?}");
        let error = answered.unwrap_err();
        assert_eq!(error.error.error_type(), "Unavailable", "{kind:?}");
        // The proof is kept, so the call can be repeated.
        assert!(error.continuation.is_some());
        assert!(!has_account(&world, BOB));
        let calls = world.wire.calls();
        let of = |name| calls.iter().filter(|call| **call == name).count();
        assert_eq!([of("decide"), of("create")], [2, 0], "{calls:?}");
        assert!(calls.contains(&"release"));
    }
}

#[test]
fn an_invitation_is_put_to_the_rule_and_adds_to_its_answer() {
    let (world, hook) = by_a_rule();
    for contact in [BOB, NUMBER] {
        invite(&world, contact);
    }
    assert_eq!(decided(&world, &hook, NUMBER, &[]), Err(refused()));
    assert!(is_new(&decided(&world, &hook, BOB, &[])));
    let name = username(&world, BOB);
    let directory = &world.directory.port;
    assert_eq!(directory.groups(&name).len(), 2);
    // The rule's answer takes precedence.
    assert_eq!(directory.attributes(&name)["custom:tier"], "tin");
    let given = Some(invitation(BOB).membership);
    let asked = hook.port.questions();
    assert_eq!(asked.len(), 2);
    for (question, contact) in asked.iter().zip([NUMBER, BOB]) {
        assert_eq!(question.contact, contact);
        assert_eq!(question.client, world.app_client.client());
        assert_eq!(question.locale, Some(Locale::De));
        assert_eq!(question.invitation, given);
    }
}

#[test]
fn without_the_rule_that_is_configured_none_is_admitted() {
    let (world, _) = by_a_rule();
    assert_eq!(sign_in(&world, BOB), Err(refused()));
}
