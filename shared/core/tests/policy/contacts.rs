//! Adding and changing a contact: the resolvers over a small Cognito that calls the same triggers,
//! and the commits of Define.

use std::time::Duration;

use latchstring_core::account::{Account, Attributes, Names, Sub};
use latchstring_core::clients::ClientPolicy;
use latchstring_core::contact::{ContactError, ContactMessage, Identity, PendingState, SignedIn};
use latchstring_core::flow::{CreateReason, DefineReason, Next};
use latchstring_core::identifier::{Country, Method};
use latchstring_core::locale::Locale;
use latchstring_core::ports::{
    AccessTokenVerifier, Clock as _, ContactWrite, Directory as _, PendingStore as _, PortError,
};
use latchstring_core::rate_limit::{Budget, Countries, Price};
use latchstring_core::secret::Secret;
use latchstring_core::sign_in::{SignInError, SignInPayload};
use latchstring_core::test_identifier::TestIdentifier;

use crate::harness::{
    ADA, ADAS_NAME, BOB, BOBS_NAME, Break, NUMBER, Pool, Ports, Session, Strand, World, identifier,
    interleaved, now,
};

/// The contact that Ada requests in place of [`ADA`].
const NEW: &str = "ada@example.org";

/// Access tokens that equal the username of their holder.
pub(crate) struct Tokens<'w>(pub(crate) &'w World);

impl AccessTokenVerifier for Tokens<'_> {
    async fn holder(&self, access_token: &Secret) -> Result<Option<Account>, PortError> {
        let effect = self.0.directory.port.find(access_token.expose());
        let found = self.0.wire.carry_call("get_user", effect).await?;
        Ok(found.filter(|account| account.enabled))
    }
}

pub(crate) fn identity(world: &World, username: &str) -> Identity {
    let sub = now(world.directory.port.find(username))
        .unwrap()
        .map_or_else(
            || Sub::new("sub"),
            |account| account.attributes.sub().clone(),
        );
    Identity {
        sub,
        token_use: "access".to_owned(),
        client: "client".to_owned(),
        auth_time: world.clock.now(),
        groups: Vec::new(),
        access_token: Secret::new(username),
    }
}

pub(crate) type Resolver<'a, 'w> = SignedIn<'a, Ports<'w>, Tokens<'a>>;

pub(crate) fn resolver<'a, 'w>(pool: &'a Pool<'w>, tokens: &'a Tokens<'a>) -> Resolver<'a, 'w> {
    SignedIn {
        context: pool.context(),
        tokens,
    }
}

fn change_as(
    world: &World,
    pool: &Pool<'_>,
    identity: &Identity,
    to: &str,
) -> Result<SignInPayload, ContactError> {
    now(resolver(pool, &Tokens(world)).change_contact(
        identity,
        &identifier(to),
        ContactMessage::default(),
        None,
    ))
}

/// Returns a session that expects the code for a new contact.
pub(crate) fn change<'w>(world: &'w World, username: &str, to: &str) -> Session<'w> {
    let pool = Pool::of(world);
    let payload = change_as(world, &pool, &identity(world, username), to).unwrap();
    pool.session(&payload.session)
}

pub(crate) fn pending(world: &World, username: &str) -> Option<PendingState> {
    let pool = Pool::of(world);
    let identity = identity(world, username);
    let state = now(resolver(&pool, &Tokens(world)).pending_contact(&identity, Method::Email));
    state.unwrap()
}

pub(crate) fn holds(world: &World, username: &str, contact: &str) -> bool {
    let account = now(world.directory.port.find(username)).unwrap().unwrap();
    account.attributes.holds(&identifier(contact))
}

pub(crate) fn last_code(world: &World) -> String {
    world.sent().pop().unwrap().0
}

/// Lets an account change its contacts again.
fn without_undo(world: &mut World) {
    world.deployment.policy.undo_life = Duration::ZERO;
}

#[test]
fn a_code_changes_a_contact_and_the_old_one_is_notified() {
    let world = World::with_ada();
    let mut session = change(&world, ADAS_NAME, NEW);
    assert_eq!(world.sent().pop().unwrap().1, NEW);
    assert_eq!(pending(&world, ADAS_NAME), Some(PendingState::Waiting));
    assert!(holds(&world, ADAS_NAME, ADA), "nothing has changed yet");
    let reply = session.answer(&last_code(&world));
    assert_eq!(reply.next(), Next::IssueTokens);
    assert!(holds(&world, ADAS_NAME, NEW));
    assert_eq!(pending(&world, ADAS_NAME), Some(PendingState::Done));
    assert_eq!(world.notified(), [ADA]);
}

#[test]
fn the_new_contact_gets_the_requested_language_the_old_its_own() {
    for (owners, requested, code_in, notice_in) in [
        ("", Some(Locale::Fr), "code de confirmation", "was changed"),
        (
            "zh-Hant",
            Some(Locale::Fr),
            "code de confirmation",
            "was changed",
        ),
        (
            "de-AT",
            Some(Locale::Fr),
            "code de confirmation",
            "geändert",
        ),
        ("de-AT", None, "Bestätigungscode", "geändert"),
        ("", None, "confirmation code", "was changed"),
    ] {
        let world = World::with_ada();
        assert_eq!(world.deployment.policy.branding.default_locale, Locale::En);
        world.put_ada(&[("locale", owners)]);
        let pool = Pool::of(&world);
        let tokens = Tokens(&world);
        let resolver = resolver(&pool, &tokens);
        let asking = identity(&world, ADAS_NAME);
        let message = ContactMessage {
            locale: requested,
            link_challenge: None,
        };
        let payload =
            now(resolver.change_contact(&asking, &identifier(NEW), message, None)).unwrap();
        let mut session = pool.session(&payload.session);
        session.answer(&last_code(&world));
        let (sent, notified) = (world.texts(), world.notices());
        assert!(sent[0].contains(code_in), "{sent:?}");
        assert!(notified[0].contains(notice_in), "{notified:?}");
    }
}

#[test]
fn a_notice_is_not_in_the_default_language_of_a_client() {
    let world = World::with_ada().reconfigured(|world| {
        let policy = &mut world.deployment.policy;
        let mut own = ClientPolicy::of(policy);
        own.branding.default_locale = Locale::Ja;
        let client = world.app_client.client().to_owned();
        policy.of_clients.insert(client, own);
    });
    let mut session = change(&world, ADAS_NAME, NEW);
    session.answer(&last_code(&world));
    let notified = world.notices();
    assert!(notified[0].contains("was changed"), "{notified:?}");
}

#[test]
fn a_second_contact_is_added_and_the_first_is_notified() {
    let world = World::with_ada();
    let pool = Pool::of(&world);
    let names = Names::parse("Ada", "Lovelace").unwrap();
    let signing_up = now(resolver(&pool, &Tokens(&world)).sign_up(
        &identity(&world, ADAS_NAME),
        &names,
        &identifier(NUMBER),
        ContactMessage::default(),
        None,
    ));
    let mut session = pool.session(&signing_up.unwrap().session);
    assert_eq!(session.answer(&last_code(&world)).next(), Next::IssueTokens);
    assert!(holds(&world, ADAS_NAME, NUMBER) && holds(&world, ADAS_NAME, ADA));
    assert_eq!(world.notified(), [ADA]);
    assert!(world.notices()[0].contains("A phone number was added"));
}

#[test]
fn the_kept_contact_is_notified_if_the_replaced_one_may_not_be() {
    let world = World::with_ada();
    world.put_ada(&[
        ("phone_number", "+4915123456789"),
        ("phone_number_verified", "true"),
    ]);
    let mut session = change(&world, ADAS_NAME, NUMBER);
    session.answer(&last_code(&world));
    assert_eq!(world.notified(), [ADA], "SMS are sent to the US only");
}

#[test]
fn a_refused_sign_up_has_written_nothing() {
    let world = World::with_ada();
    let pool = Pool::of(&world);
    let tokens = Tokens(&world);
    let resolver = resolver(&pool, &tokens);
    let names = Names::parse("Ada", "Lovelace").unwrap();
    let signing_up = |contact: &str| {
        let (asking, contact) = (identity(&world, ADAS_NAME), identifier(contact));
        now(resolver.sign_up(&asking, &names, &contact, ContactMessage::default(), None))
    };
    assert_eq!(signing_up(ADA).unwrap_err(), ContactError::ContactInUse);
    for number in 0..world.deployment.policy.budgets.contacts_per_day {
        signing_up(&format!("new{number}@example.org")).unwrap();
    }
    world.wire.clear();
    assert_eq!(refusing_budget(&signing_up(NEW)), Budget::Contacts);
    assert_eq!(
        world.wire.calls(),
        ["get_user", "undo", "counts", "charge", "charge"]
    );
}

#[test]
fn each_account_can_send_codes_to_ten_new_contacts_a_day() {
    let world = World::with_ada();
    world.put_bob();
    let pool = Pool::of(&world);
    let request_change = |name, to: &str| change_as(&world, &pool, &identity(&world, name), to);
    for number in 0..10 {
        request_change(ADAS_NAME, &format!("other{number}@example.org")).unwrap();
    }
    assert_eq!(
        refusing_budget(&request_change(ADAS_NAME, NEW)),
        Budget::Contacts
    );
    request_change(BOBS_NAME, NEW).unwrap();
    world.after_secs(24 * 3600);
    request_change(ADAS_NAME, NEW).unwrap();
}

/// Deleting the account and signing in again gives the same contact no further ones.
#[test]
fn a_new_account_of_the_same_contact_requests_no_more() {
    let phone = [
        ("email_verified", "false"),
        ("phone_number", NUMBER),
        ("phone_number_verified", "true"),
    ];
    for held in [&[][..], &phone] {
        let world = World::new();
        let put = |sub| world.put_ada(&[held, &[("sub", sub)]].concat());
        put("sub-1");
        let pool = Pool::of(&world);
        let request_change = |to: &str| change_as(&world, &pool, &identity(&world, ADAS_NAME), to);
        for number in 0..10 {
            request_change(&format!("other{number}@example.org")).unwrap();
        }
        world.delete_ada();
        put("sub-2");
        world.wire.clear();
        assert_eq!(refusing_budget(&request_change(NEW)), Budget::Contacts);
        assert!(world.wire.calls().contains(&"refund"), "of the new account");
    }
}

/// Anyone can have Cognito throttle a username. Until the first challenge is answered nothing can be
/// sent, so a request that ends before it costs the account none of the day's contacts. Its earlier
/// request stays valid.
#[test]
fn a_request_that_opens_no_flow_costs_the_account_nothing() {
    let names = Names::parse("Ada", "Lovelace").unwrap();
    for by_sign_up in [false, true] {
        for broken in [Break::Before, Break::Throttled, Break::Hangs, Break::After] {
            // The earlier request replaces the contact, and the account may change it again.
            let world = World::with_ada().reconfigured(without_undo);
            let mut earlier = change(&world, ADAS_NAME, "earlier@example.org");
            let code = last_code(&world);
            let pool = Pool::of(&world);
            let tokens = Tokens(&world);
            let resolver = resolver(&pool, &tokens);
            let ask = |to: &str| {
                let (asking, to) = (identity(&world, ADAS_NAME), identifier(to));
                if by_sign_up {
                    now(resolver.sign_up(&asking, &names, &to, ContactMessage::default(), None))
                } else {
                    now(resolver.change_contact(&asking, &to, ContactMessage::default(), None))
                }
            };
            let number = usize::from(by_sign_up) + 5;
            for _ in 0..12 {
                world.wire.will_break([(number, broken)]);
                let failed = ask(NEW).unwrap_err();
                assert_eq!(failed.error_type(), "Unavailable");
                assert_eq!(
                    world.wire.calls()[number..],
                    ["initiate", "refund", "refund"]
                );
            }
            assert_eq!(world.sent().len(), 1);
            assert_eq!(earlier.answer(&code).next(), Next::IssueTokens);
            for number in 1..10 {
                ask(&format!("new{number}@example.org")).unwrap();
            }
            assert_eq!(refusing_budget(&ask(NEW)), Budget::Contacts);
        }
    }
}

/// From the answer to the first challenge on, a message may have been sent: its charge stays.
#[test]
fn a_request_whose_message_may_be_sent_stays_charged() {
    for broken in [Break::Before, Break::After] {
        let world = World::with_ada();
        let pool = Pool::of(&world);
        let ada = identity(&world, ADAS_NAME);
        for number in 0..10 {
            // get_user, undo, counts, charge, charge, initiate, put_pending, respond
            world.wire.will_break([(7, broken)]);
            let to = format!("new{number}@example.org");
            assert!(change_as(&world, &pool, &ada, &to).is_err());
            assert_eq!(world.wire.calls()[7], "respond");
        }
        world.wire.clear();
        let refused = change_as(&world, &pool, &ada, NEW);
        assert_eq!(refusing_budget(&refused), Budget::Contacts);
    }
}

fn refusing_budget(result: &Result<SignInPayload, ContactError>) -> Budget {
    match result {
        Err(ContactError::SignIn(SignInError::TooManyRequests { budget, .. })) => budget.unwrap(),
        _ => panic!("the request is not refused by a budget"),
    }
}

#[test]
fn no_notice_goes_to_a_contact_that_could_get_no_code() {
    let mut world = World::with_ada();
    let test = TestIdentifier {
        identifier: identifier(ADA),
        ends: world.clock.now().plus(Duration::from_secs(3600)),
    };
    world.deployment.policy.test_identifiers = vec![test];
    let mut session = change(&world, ADAS_NAME, NEW);
    session.answer(&last_code(&world));
    assert!(holds(&world, ADAS_NAME, NEW) && world.notified().is_empty());

    let mut world = World::with_ada().reconfigured(without_undo);
    world.put_ada(&[
        ("phone_number", "+4915123456789"),
        ("phone_number_verified", "true"),
    ]);
    let test = TestIdentifier {
        identifier: identifier(ADA),
        ends: world.clock.now().plus(Duration::from_secs(3600)),
    };
    world.deployment.policy.test_identifiers = vec![test];
    let mut session = change(&world, ADAS_NAME, NUMBER);
    session.answer(&last_code(&world));
    assert!(world.notified().is_empty(), "SMS are sent to the US only");
    let country = Country::parse("DE").unwrap();
    let price = Price::parse("0.1").unwrap();
    let sms = &mut world.deployment.policy.budgets.sms;
    sms.countries = Countries::Only([(country, price)].into());
    let mut session = change(&world, ADAS_NAME, "+4915123456789");
    session.answer(&last_code(&world));
    assert!(world.notified().is_empty(), "and now to Germany only");
}

#[test]
fn the_old_contact_signs_in_until_the_new_one_is_proved() {
    let world = World::with_ada();
    let mut session = change(&world, ADAS_NAME, NEW);
    let code = last_code(&world);
    let mut by_old = world.at_otp(ADA);
    assert_eq!(by_old.answer(&last_code(&world)).next(), Next::IssueTokens);
    // A code that was sent to the old mailbox before the change and is answered after it.
    let mut too_late = world.at_otp(ADA);
    let old_code = last_code(&world);
    assert_eq!(session.answer(&code).next(), Next::IssueTokens);
    let reply = too_late.answer(&old_code);
    assert_eq!(
        (reply.next(), reply.define.reason),
        (Next::Fail, DefineReason::NoLongerHolder)
    );
    assert!(
        world
            .at_otp(ADA)
            .answer(&last_code(&world))
            .create
            .is_some()
    );
}

/// The attack that the article describes: with or without the proof, Alice keeps her contact.
#[test]
fn a_contact_of_another_account_changes_nothing() {
    let world = World::with_ada();
    world.put_bob();
    let mut session = change(&world, BOBS_NAME, ADA);
    assert!(holds(&world, ADAS_NAME, ADA), "no change without the proof");
    let reply = session.answer(&last_code(&world));
    assert_eq!(
        (reply.next(), reply.define.reason),
        (Next::Fail, DefineReason::ContactInUse)
    );
    assert!(holds(&world, ADAS_NAME, ADA), "and none with it");
    assert!(holds(&world, BOBS_NAME, BOB));
    assert_eq!(pending(&world, BOBS_NAME), Some(PendingState::InUse));
    assert!(world.notified().is_empty());
}

#[test]
fn of_two_accounts_that_prove_one_contact_one_gets_it() {
    for seed in 0..200 {
        let world = World::with_ada();
        world.put_bob();
        let mut sessions = [ADAS_NAME, BOBS_NAME].map(|name| {
            let session = change(&world, name, NEW);
            (session, last_code(&world))
        });
        world.wire.take_turns();
        let strands = sessions.iter_mut().map(|(session, code)| {
            let request = latchstring_core::flow::ClientRequest::default();
            let strand: Strand<'_, Next> =
                Box::pin(async move { session.respond(code, request).await.next() });
            strand
        });
        let mut ends = interleaved(seed, strands.collect());
        // The account that found the lease held gets the challenge again and repeats its answer.
        for (end, (session, code)) in ends.iter_mut().zip(&mut sessions) {
            if *end == Next::Challenge {
                *end = session.answer(code).next();
            }
        }
        let owners = [ADAS_NAME, BOBS_NAME].map(|name| holds(&world, name, NEW));
        assert_eq!(
            owners.iter().filter(|owns| **owns).count(),
            1,
            "seed {seed}"
        );
        let signed_in = [0, 1].map(|place: usize| ends[place] == Next::IssueTokens);
        assert_eq!(signed_in, owners, "seed {seed}");
    }
}

#[test]
fn a_newer_request_replaces_an_older_one() {
    let world = World::with_ada();
    let mut older = change(&world, ADAS_NAME, "typo@example.org");
    let older_code = last_code(&world);
    let mut newer = change(&world, ADAS_NAME, NEW);
    let newer_code = last_code(&world);
    let reply = older.answer(&older_code);
    assert_eq!(
        (reply.next(), reply.define.reason),
        (Next::Fail, DefineReason::NoLongerPending)
    );
    assert_eq!(newer.answer(&newer_code).next(), Next::IssueTokens);
    assert!(holds(&world, ADAS_NAME, NEW));
}

#[test]
fn an_abandoned_request_expires_and_blocks_no_account() {
    let world = World::with_ada();
    world.put_bob();
    change(&world, ADAS_NAME, NEW);
    // Another account can still prove and take the contact.
    let mut bobs = change(&world, BOBS_NAME, NEW);
    assert_eq!(bobs.answer(&last_code(&world)).next(), Next::IssueTokens);
    world.after_secs(3600);
    assert_eq!(pending(&world, ADAS_NAME), Some(PendingState::Expired));
}

#[test]
fn a_request_that_expires_during_its_answer_changes_nothing() {
    let mut world = World::with_ada();
    world.deployment.policy.pending_life = std::time::Duration::from_secs(100);
    let mut session = change(&world, ADAS_NAME, NEW);
    world.after_secs(100);
    let reply = session.answer(&last_code(&world));
    assert_eq!(
        (reply.next(), reply.define.reason),
        (Next::Fail, DefineReason::NoLongerPending)
    );
    assert!(holds(&world, ADAS_NAME, ADA));
}

/// Row 5.
#[test]
fn a_contact_ticket_has_no_effect_in_any_other_session() {
    let world = World::with_ada();
    world.put_bob();
    change(&world, ADAS_NAME, NEW);
    let ada = Sub::new("sub-of-ada");
    let request = now(world.store.port.pending(&ada, Method::Email));
    let purpose = latchstring_core::flow::Purpose::VerifyContact(request.unwrap().unwrap().id);
    let sent = world.sent().len();
    for name in [BOBS_NAME, BOB, NEW, "unknown@example.com"] {
        // The budget permits one message a minute to an address.
        world.after_secs(600);
        let mut session = world.initiate(name);
        let reply = session.choose(&world.ticket_for(purpose, NEW));
        assert_eq!(
            reply.create.unwrap().reason,
            CreateReason::NoLongerPending,
            "{name}"
        );
    }
    // The ticket is not valid for another contact of the same account either.
    let mut session = world.initiate(ADAS_NAME);
    session.choose(&world.ticket_for(purpose, "other@example.org"));
    assert_eq!(world.sent().len(), sent);
}

#[test]
fn signing_in_by_an_unproved_contact_gives_no_account_tokens() {
    let world = World::with_ada();
    change(&world, ADAS_NAME, NEW);
    let mut session = world.initiate(ADAS_NAME);
    session.choose(&world.ticket(NEW));
    session.answer(&last_code(&world));
    assert_eq!(
        session.step(),
        "claim",
        "a proof of the contact, as for a caller without an account"
    );
    assert!(!holds(&world, ADAS_NAME, NEW));
}

#[test]
fn a_code_for_one_contact_is_wrong_for_another() {
    let world = World::with_ada();
    let mut to_new = change(&world, ADAS_NAME, NEW);
    let new_code = last_code(&world);
    let mut by_old = world.at_otp(ADA);
    assert!(!by_old.answer(&new_code).is_right());
    let old_code = last_code(&world);
    assert!(!to_new.answer(&old_code).is_right());
}

#[test]
fn only_an_access_token_that_cognito_accepts_is_accepted() {
    let world = World::with_ada();
    let good = identity(&world, ADAS_NAME);
    let with = |change: &dyn Fn(&mut Identity)| {
        let mut identity = good.clone();
        change(&mut identity);
        identity
    };
    let refused = [
        with(&|identity| "id".clone_into(&mut identity.token_use)),
        with(&|identity| "".clone_into(&mut identity.token_use)),
        with(&|identity| "other".clone_into(&mut identity.client)),
        with(&|identity| identity.sub = Sub::new("sub-of-bob")),
        with(&|identity| identity.sub = Sub::default()),
        with(&|identity| identity.access_token = Secret::new("revoked")),
    ];
    let pool = Pool::of(&world);
    for identity in refused {
        let result = change_as(&world, &pool, &identity, NEW);
        assert_eq!(result, Err(ContactError::NotSignedIn), "{identity:?}");
        // Nothing is read for an account that the token does not prove.
        assert!(world.wire.calls().iter().all(|call| *call == "get_user"));
    }
    world.disable_ada();
    assert_eq!(
        change_as(&world, &pool, &good, NEW),
        Err(ContactError::NotSignedIn)
    );
    assert!(world.sent().is_empty());
}

#[test]
fn an_old_sign_in_must_be_repeated() {
    let world = World::with_ada();
    let identity = identity(&world, ADAS_NAME);
    let pool = Pool::of(&world);
    world.after_secs(600);
    assert!(change_as(&world, &pool, &identity, NEW).is_ok());
    world.after_millis(1);
    let result = change_as(&world, &pool, &identity, NEW);
    assert_eq!(result, Err(ContactError::ReauthRequired));
    let tokens = Tokens(&world);
    let asking = resolver(&pool, &tokens);
    assert!(
        now(asking.pending_contact(&identity, Method::Email)).is_ok(),
        "its state can still be read"
    );
}

#[test]
fn the_owners_contact_is_in_use_and_anothers_looks_free() {
    let world = World::with_ada();
    world.put_bob();
    let pool = Pool::of(&world);
    let ada = identity(&world, ADAS_NAME);
    assert_eq!(
        change_as(&world, &pool, &ada, "ADA@example.com"),
        Err(ContactError::ContactInUse)
    );
    let [taken, free] = [BOB, NEW].map(|to| {
        world.wire.clear();
        let payload = change_as(&world, &pool, &ada, to).unwrap();
        (world.wire.calls(), payload.username, payload.expires_in)
    });
    assert!(taken == free, "equal calls and equal answers");
}

#[test]
fn a_new_contact_is_charged_to_the_budget_that_sign_in_charges() {
    let world = World::with_ada();
    for _ in 0..6 {
        change(&world, ADAS_NAME, NEW);
    }
    let pool = Pool::of(&world);
    let result = change_as(&world, &pool, &identity(&world, ADAS_NAME), NEW);
    assert!(matches!(
        result,
        Err(ContactError::SignIn(SignInError::TooManyRequests { .. }))
    ));
}

/// Breaks each call of Define, before and after its effect. The next attempt changes the contact,
/// the old contact is notified once, and no account is left without a contact.
#[test]
fn whichever_call_breaks_a_retry_changes_the_contact() {
    for broken in [Break::Before, Break::After] {
        for number in 0..24 {
            let world = World::with_ada();
            let mut session = change(&world, ADAS_NAME, NEW);
            let code = last_code(&world);
            world.wire.will_break([(number, broken)]);
            for _ in 0..3 {
                if session.ended.is_none() {
                    assert_ne!(session.answer(&code).next(), Next::Fail, "call {number}");
                }
                let kept = [ADA, NEW].map(|contact| holds(&world, ADAS_NAME, contact));
                assert!(
                    kept[0] != kept[1],
                    "exactly one of the two contacts at every moment"
                );
            }
            assert_eq!(session.ended, Some(Next::IssueTokens), "call {number}");
            assert!(holds(&world, ADAS_NAME, NEW));
            assert!(world.notified().len() <= 1, "at most once");
            if broken == Break::Before {
                assert_eq!(world.notified(), [ADA], "call {number}");
            }
        }
    }
}

#[test]
fn retried_triggers_change_the_contact_and_notify_once() {
    for invocations in [2, 3] {
        let world = World::with_ada().reconfigured(|world| world.invocations = invocations);
        let mut session = change(&world, ADAS_NAME, NEW);
        assert_eq!(world.sent().len(), 1);
        assert_eq!(session.answer(&last_code(&world)).next(), Next::IssueTokens);
        assert_eq!(world.notified(), [ADA]);
    }
}

#[test]
fn after_a_fault_in_the_resolver_the_next_request_works() {
    for broken in [Break::Before, Break::After] {
        for number in 0..9 {
            let world = World::with_ada();
            let pool = Pool::of(&world);
            let ada = identity(&world, ADAS_NAME);
            world.wire.will_break([(number, broken)]);
            let result = change_as(&world, &pool, &ada, NEW);
            assert!(
                matches!(
                    result,
                    Ok(_) | Err(ContactError::SignIn(SignInError::Unavailable(_)))
                ),
                "call {number}"
            );
            world.wire.clear();
            let mut session = change(&world, ADAS_NAME, NEW);
            assert_eq!(session.answer(&last_code(&world)).next(), Next::IssueTokens);
        }
    }
}

#[test]
fn a_contact_that_another_account_got_meanwhile_is_not_changed() {
    let world = World::with_ada();
    let attributes =
        Attributes::from_pairs([("sub", "s"), ("email", NEW), ("email_verified", "true")]);
    let mut session = change(&world, ADAS_NAME, NEW);
    let code = last_code(&world);
    world.directory.port.put(Account {
        username: "other".to_owned(),
        enabled: true,
        attributes,
    });
    assert_eq!(
        now(world
            .directory
            .port
            .set_contact(ADAS_NAME, &identifier(NEW))),
        Ok(ContactWrite::Taken)
    );
    let reply = session.answer(&code);
    assert_eq!(
        (reply.next(), reply.define.reason),
        (Next::Fail, DefineReason::ContactInUse)
    );
    assert!(holds(&world, "other", NEW) && holds(&world, ADAS_NAME, ADA));
}

/// Without this, a thief with a token that may delete contacts could change the account's contact
/// without a notice.
#[test]
fn an_account_without_a_verified_contact_changes_none() {
    let world = World::with_ada();
    world.put_ada(&[("email_verified", "false")]);
    let pool = Pool::of(&world);
    let refused = change_as(&world, &pool, &identity(&world, ADAS_NAME), NEW);
    assert_eq!(refused.err(), Some(ContactError::NotSignedIn));
    assert!(world.sent().is_empty());
}

#[test]
fn a_contact_is_not_added_after_the_other_was_deleted() {
    let world = World::with_ada();
    let mut session = change(&world, ADAS_NAME, NUMBER);
    world.put_ada(&[("email_verified", "false")]);
    let reply = session.answer(&world.last_code());
    assert_eq!(reply.define.reason, DefineReason::NoLongerPending);
    assert!(!holds(&world, ADAS_NAME, NUMBER));
}
