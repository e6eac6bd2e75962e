//! The policy table of `latchstring_core::flow`, row by row.

use latchstring_core::flow::{
    AccountState, ClientRequest, CreateReason, DefineReason, Next, Purpose, Round, SessionEvent,
    Subject, VerifyReason,
};
use latchstring_core::keys::KeyRing;
use latchstring_core::secret::Secret;

use crate::harness::{ADA, ADAS_NAME, BOB, Break, NUMBER, Session, World, key, now};

/// Row 1.
#[test]
fn the_first_challenge_requests_the_method_and_sends_nothing() {
    let world = World::with_ada();
    for name in [ADA, BOB] {
        let event = world.initiate(name).session_event(ClientRequest::default());
        let defined = now(world.define(&event));
        assert_eq!(
            (defined.decision, defined.reason),
            (Next::Challenge, DefineReason::Opened)
        );
        let created = now(world.create(&event));
        assert_eq!(created.reason, CreateReason::Opened);
        assert_eq!(
            created.decision.public.to_pairs(),
            [("step", "select".to_owned())]
        );
    }
    assert!(world.sent().is_empty());
    assert!(world.wire.calls().is_empty(), "no port is called");
}

/// Row 1.
#[test]
fn every_session_has_a_flow_of_its_own() {
    let world = World::with_ada();
    let [one, two] = [world.initiate(ADA), world.initiate(ADA)];
    assert_ne!(one.challenge().flow, two.challenge().flow);
}

/// Row 2.
#[test]
fn a_foreign_round_fails_the_session() {
    let world = World::with_ada();
    let mut session = world.at_otp(ADA);
    session.rounds.push(Round {
        challenge_name: "PASSWORD_VERIFIER".to_owned(),
        passed: true,
        metadata: None,
    });
    let reply = session.answer(&world.code());
    assert_eq!(
        (reply.next(), reply.define.reason),
        (Next::Fail, DefineReason::InvalidSession)
    );
}

/// Row 2.
#[test]
fn rounds_out_of_order_fail_the_session() {
    let world = World::with_ada();
    let mut session = world.at_otp(ADA);
    session.answer(&world.wrong_code());
    session.rounds.reverse();
    let reply = session.answer(&world.code());
    assert_eq!(
        (reply.next(), reply.define.reason),
        (Next::Fail, DefineReason::InvalidSession)
    );
}

/// Row 2.
#[test]
fn a_code_after_a_first_answer_that_failed_fails_the_session() {
    let world = World::with_ada();
    let mut session = world.at_otp(ADA);
    session.rounds[0].passed = false;
    let reply = session.answer(&world.code());
    assert_eq!(
        (reply.next(), reply.define.reason),
        (Next::Fail, DefineReason::InvalidSession)
    );
}

/// Row 2.
#[test]
fn an_unserved_client_fails() {
    let world = World::with_ada();
    let session = world.at_otp(ADA);
    let other = world.reconfigured(|world| world.deployment.policy.clients = vec!["else".into()]);
    let mut session = session.moved_to(&other);
    let reply = session.answer(&world.code());
    assert_eq!(
        reply.reasons(),
        (
            VerifyReason::ClientNotServed,
            DefineReason::ClientNotServed,
            None
        )
    );
    assert_eq!(reply.next(), Next::Fail);
    assert!(!reply.is_right());
}

/// Row 2.
#[test]
fn too_many_rounds_fail_the_session() {
    let world = World::with_ada();
    let mut session = world.at_otp(ADA);
    let most = 3 + 2 + 10; // Attempts, resends, and a reserve for faults.
    for _ in 2..=most {
        assert_eq!(session.resend().next(), Next::Challenge);
    }
    let last = session.resend();
    assert_eq!(
        (last.next(), last.define.reason),
        (Next::Fail, DefineReason::TooManyRounds)
    );
}

/// Row 3.
#[test]
fn an_unknown_method_fails_the_session() {
    let world = World::with_ada();
    for method in ["", "EMAIL", "sms", "email ", "phone"] {
        let mut session = world.initiate(ADA);
        let reply = session.respond_to("", method, Some(&world.ticket(ADA)));
        assert_eq!(
            reply.reasons(),
            (
                VerifyReason::MethodUnknown,
                DefineReason::MethodUnknown,
                None
            ),
            "{method:?}"
        );
        assert_eq!(reply.next(), Next::Fail);
    }
    assert!(world.sent().is_empty());
}

/// Row 4.
#[test]
fn a_ticket_sends_one_code_to_a_known_holder() {
    let world = World::with_ada();
    let mut session = world.initiate(ADA);
    let reply = session.choose(&world.ticket(ADA));
    assert_eq!(
        reply.reasons(),
        (
            VerifyReason::MethodKnown,
            DefineReason::MethodKnown,
            Some(CreateReason::CodeReserved)
        )
    );
    assert_eq!(session.step(), "otp");
    assert_eq!(world.sent(), [(world.code(), ADA.to_owned())]);
    let row = session.row().expect("a row");
    assert!(matches!(row.subject, Subject::Known(_)));
    assert_eq!((row.sends, row.attempts.len()), (1, 0));
}

/// Row 4.
#[test]
fn a_ticket_sends_one_code_without_an_account() {
    let world = World::new();
    let mut session = world.initiate(BOB);
    let reply = session.choose(&world.ticket(BOB));
    assert_eq!(
        reply.reasons(),
        (
            VerifyReason::MethodKnown,
            DefineReason::MethodKnown,
            Some(CreateReason::CodeReserved)
        )
    );
    assert_eq!(world.sent(), [(world.code(), BOB.to_owned())]);
    assert_eq!(session.row().expect("a row").subject, Subject::NoAccount);
}

/// Row 4.
#[test]
fn a_ticket_for_a_number_sends_to_the_number() {
    let world = World::new();
    world.put_ada(&[("phone_number", NUMBER), ("phone_number_verified", "true")]);
    let mut session = world.initiate(NUMBER);
    session.choose(&world.ticket(NUMBER));
    assert_eq!(world.sent(), [(world.code(), NUMBER.to_owned())]);
}

/// Row 4: the code is sent to the contact of the ticket, and it earns a proof of that contact.
#[test]
fn a_ticket_for_a_contact_not_held_is_a_flow_of_no_account() {
    let world = World::with_ada();
    let mut session = world.initiate(ADA);
    let reply = session.choose(&world.ticket(BOB));
    assert_eq!(
        reply.reasons(),
        (
            VerifyReason::MethodKnown,
            DefineReason::MethodKnown,
            Some(CreateReason::CodeReserved)
        )
    );
    assert_eq!(world.sent()[0].1, BOB);
    assert_eq!(session.row().expect("a row").subject, Subject::NoAccount);
    let reply = session.answer(&world.code());
    assert_eq!(
        reply.reasons(),
        (
            VerifyReason::Right,
            DefineReason::Proved,
            Some(CreateReason::Proved)
        ),
        "and not tokens of the session's user"
    );
    assert_eq!(session.step(), "claim");
}

/// Row 3.
#[test]
fn an_expired_ticket_ends_the_flow() {
    let world = World::with_ada();
    let stale = world.ticket(ADA);
    world.after_secs(61);
    let reply = world.initiate(ADA).respond_to("", "email", Some(&stale));
    assert_eq!(
        reply.reasons(),
        (VerifyReason::TicketStale, DefineReason::TicketStale, None)
    );
    assert_eq!(reply.next(), Next::Fail);
    assert!(world.sent().is_empty());
}

/// Row 3: Create may have a key that Verify does not have yet, or no longer has.
#[test]
fn a_ticket_whose_key_is_not_on_the_ring_ends_the_flow() {
    let world = World::with_ada();
    let older = world.reconfigured(|world| {
        world.deployment.keys = KeyRing::new(key("k2", 2), None, None).unwrap();
    });
    let ticket = world.ticket(ADA);
    let reply = older.initiate(ADA).respond_to("", "email", Some(&ticket));
    assert_eq!(
        reply.reasons(),
        (
            VerifyReason::TicketKeyUnknown,
            DefineReason::TicketKeyUnknown,
            None
        )
    );
    assert_eq!(reply.next(), Next::Fail);
}

/// Verify and Create check a ticket seconds apart.
#[test]
fn a_ticket_that_expires_after_verify_opens_its_flow() {
    let world = World::with_ada();
    let ticket = world.ticket(ADA);
    let mut session = world.initiate(ADA);
    world.after_secs(60);
    let request = ClientRequest {
        method: Some("email".to_owned()),
        ticket: Some(Secret::new(&*ticket)),
        ..ClientRequest::default()
    };
    let verified = now(world.verify(&session.answer_event("", request.clone())));
    assert_eq!(verified.reason, VerifyReason::MethodKnown);
    session.rounds.push(Round {
        challenge_name: "CUSTOM_CHALLENGE".to_owned(),
        passed: true,
        metadata: Some(session.metadata.clone()),
    });
    world.after_secs(8);
    let created = now(world.create(&session.session_event(request)));
    assert_eq!(created.reason, CreateReason::CodeReserved);
    assert_eq!(world.sent().len(), 1);
}

/// Row 6.
#[test]
fn without_a_valid_ticket_the_flow_is_a_decoy() {
    let world = World::with_ada();
    let forged = format!("{}A", world.ticket(ADA));
    let number = world.ticket(NUMBER);
    for (ticket, reason) in [
        (None, CreateReason::TicketMissing),
        (Some(forged), CreateReason::TicketForged),
        (Some(number), CreateReason::TicketMethod),
    ] {
        let mut session = world.initiate(ADA);
        let reply = session.respond_to("", "email", ticket.as_deref());
        assert_eq!(
            reply.reasons(),
            (
                VerifyReason::MethodKnown,
                DefineReason::MethodKnown,
                Some(reason)
            )
        );
        assert_eq!(session.step(), "otp");
        assert_eq!(session.row(), None);
    }
    assert!(world.sent().is_empty());
}

/// Row 3.
#[test]
fn a_ticket_that_another_flow_redeemed_ends_the_flow() {
    for to in [ADA, BOB] {
        let world = World::with_ada();
        let ticket = world.ticket(to);
        world.initiate(to).choose(&ticket);
        let mut second = world.initiate(to);
        let reply = second.respond_to("", "email", Some(&ticket));
        assert_eq!(
            reply.reasons(),
            (
                VerifyReason::TicketRedeemed,
                DefineReason::TicketRedeemed,
                None
            ),
            "{to}"
        );
        assert_eq!(reply.next(), Next::Fail);
        assert_eq!(second.row(), None);
        assert_eq!(world.sent().len(), 1);
    }
}

/// Row 7.
#[test]
fn a_ticket_of_a_claim_requests_the_proof_and_sends_nothing() {
    let world = World::with_ada();
    let mut session = world.initiate(ADAS_NAME);
    let reply = session.choose(&world.ticket_for(Purpose::Claim, ADA));
    assert_eq!(
        reply.reasons(),
        (
            VerifyReason::MethodKnown,
            DefineReason::MethodKnown,
            Some(CreateReason::ClaimOpened)
        )
    );
    assert_eq!(session.step(), "claim");
    assert!(world.sent().is_empty());
    let row = session.row().expect("a row");
    assert_eq!(row.purpose, Purpose::Claim);
    assert!(matches!(row.subject, Subject::Known(_)));
}

/// Row 8.
#[test]
fn a_wrong_answer_repeats_the_challenge() {
    let world = World::with_ada();
    let mut session = world.at_otp(ADA);
    let reply = session.answer(&world.wrong_code());
    assert_eq!(
        reply.reasons(),
        (
            VerifyReason::WrongAnswer,
            DefineReason::AskedAgain,
            Some(CreateReason::AskedAgain)
        )
    );
    assert_eq!((session.step(), session.number("attemptsLeft")), ("otp", 2));
    let mut claim = world.at_claim();
    let reply = claim.answer("no proof");
    assert_eq!(
        reply.reasons(),
        (
            VerifyReason::ProofForged,
            DefineReason::AskedAgain,
            Some(CreateReason::AskedAgain)
        )
    );
    assert_eq!((claim.step(), claim.number("attemptsLeft")), ("claim", 2));
    assert_eq!(world.sent().len(), 1);
}

/// Row 8.
#[test]
fn resend_sends_the_same_code_once_more_after_the_cooldown() {
    let world = World::with_ada();
    let mut session = world.at_otp(ADA);
    let early = session.resend();
    assert_eq!(
        early.reasons(),
        (
            VerifyReason::ResendAsked,
            DefineReason::AskedAgain,
            Some(CreateReason::ResendTooSoon)
        )
    );
    assert_eq!(world.sent().len(), 1);
    world.after_secs(30);
    let due = session.resend();
    assert_eq!(
        due.reasons(),
        (
            VerifyReason::ResendAsked,
            DefineReason::AskedAgain,
            Some(CreateReason::Resent)
        )
    );
    assert_eq!(world.sent().len(), 2);
    assert_eq!(
        session.number("attemptsLeft"),
        3,
        "the resend costs no attempt"
    );
    assert_eq!(session.answer(&world.code()).next(), Next::IssueTokens);
}

/// Row 9.
#[test]
fn the_last_wrong_answer_fails_the_session() {
    let world = World::with_ada();
    for mut session in [world.at_otp(ADA), world.at_claim()] {
        let mut wrong = world.wrong_codes();
        session.answer(&wrong.next().unwrap());
        session.answer(&wrong.next().unwrap());
        let reply = session.answer(&wrong.next().unwrap());
        assert_eq!(
            (reply.next(), reply.define.reason),
            (Next::Fail, DefineReason::NoAttemptLeft)
        );
    }
}

/// Row 9.
#[test]
fn a_wrong_answer_after_expiry_fails_the_session() {
    let world = World::with_ada();
    let mut session = world.at_otp(ADA);
    world.after_secs(300);
    let reply = session.answer(&world.wrong_code());
    assert_eq!(
        reply.reasons(),
        (VerifyReason::Expired, DefineReason::Expired, None)
    );
    assert_eq!(reply.next(), Next::Fail);
}

/// Row 10.
#[test]
fn a_decoy_counts_in_its_metadata_and_ends_like_a_real_flow() {
    let world = World::with_ada();
    let mut session = world.at_decoy(ADA);
    for left in [2, 1] {
        let reply = session.answer(&format!("{left}"));
        assert_eq!(
            reply.reasons(),
            (
                VerifyReason::FlowMissing,
                DefineReason::AskedAgain,
                Some(CreateReason::FlowMissing)
            )
        );
        assert_eq!(session.number("attemptsLeft"), left);
    }
    let reply = session.answer("123456");
    assert_eq!(
        reply.reasons(),
        (VerifyReason::FlowMissing, DefineReason::NoAttemptLeft, None)
    );
    assert_eq!(reply.next(), Next::Fail);

    let mut session = world.at_decoy(ADA);
    world.after_secs(300);
    let reply = session.answer("123456");
    assert_eq!(
        (reply.next(), reply.define.reason),
        (Next::Fail, DefineReason::Expired)
    );
}

/// Row 11.
#[test]
fn a_right_code_without_an_account_returns_the_proof() {
    let world = World::new();
    let mut session = world.at_otp(BOB);
    let reply = session.answer(&world.code());
    assert_eq!(
        reply.reasons(),
        (
            VerifyReason::Right,
            DefineReason::Proved,
            Some(CreateReason::Proved)
        )
    );
    assert_eq!(reply.next(), Next::Challenge);
    assert_eq!(session.step(), "claim");
    assert!(!session.public["proof"].is_empty());
}

/// Row 12.
#[test]
fn a_known_holders_right_answer_issues_tokens() {
    let world = World::with_ada();
    let reply = world.at_otp(ADA).answer(&world.code());
    assert_eq!(
        reply.reasons(),
        (VerifyReason::Right, DefineReason::TokensIssued, None)
    );
    assert_eq!(reply.next(), Next::IssueTokens);
    let reply = world.at_claim().answer(&world.proof(ADA));
    assert_eq!(
        reply.reasons(),
        (VerifyReason::Right, DefineReason::TokensIssued, None)
    );
    assert_eq!(reply.next(), Next::IssueTokens);
}

/// Row 13.
#[test]
fn a_right_code_fails_if_the_user_lost_the_contact() {
    let world = World::with_ada();
    let mut session = world.at_otp(ADA);
    world.put_ada(&[("email", BOB)]);
    let reply = session.answer(&world.code());
    assert_eq!(
        reply.reasons(),
        (VerifyReason::Right, DefineReason::NoLongerHolder, None)
    );
    assert_eq!(reply.next(), Next::Fail);
}

/// Row 13.
#[test]
fn a_right_code_of_a_disabled_user_fails() {
    let world = World::with_ada();
    let mut session = world.at_otp(ADA);
    world.disable_ada();
    let reply = session.answer(&world.code());
    assert_eq!(
        reply.reasons(),
        (VerifyReason::Right, DefineReason::NoLongerHolder, None)
    );
    assert_eq!(reply.next(), Next::Fail);
}

/// Row 20.
#[test]
fn without_an_account_only_a_matched_row_returns_a_proof() {
    let passed = |session: &Session<'_>| {
        let mut event = session.session_event(ClientRequest::default());
        event.rounds.last_mut().unwrap().passed = true;
        event
    };
    let unproved = |world: &World, event: &SessionEvent| {
        let define = now(world.define(event));
        assert_eq!(define.decision, Next::Challenge);
        let created = now(world.create(event));
        let pairs = created.decision.public.to_pairs();
        assert!(pairs.contains(&("step", "otp".to_owned())), "{pairs:?}");
        assert!(pairs.iter().all(|(name, _)| *name != "proof"));
        created.reason
    };
    let world = World::with_ada();
    let mut session = world.at_otp(BOB);
    session.answer(&world.wrong_code());
    let open = unproved(&world, &passed(&session));
    assert_eq!(open, CreateReason::FlowOver);
    let missing = unproved(&World::with_ada(), &passed(&session));
    assert_eq!(missing, CreateReason::FlowMissing);
    let event = passed(&session);
    session.answer(&world.code());
    world.after_millis(15_001);
    assert_eq!(unproved(&world, &event), CreateReason::FlowOver);

    let world = World::with_ada();
    let mut session = world.at_otp(ADA);
    session.answer(&world.code());
    let mut event = passed(&session);
    event.user = AccountState::NoAccount;
    assert_eq!(unproved(&world, &event), CreateReason::AskedAgain);
}

/// Row 14.
#[test]
fn a_passed_answer_without_its_row_fails() {
    let world = World::with_ada();
    let mut session = world.at_otp(ADA);
    let elsewhere = World::with_ada();
    session.answer(&world.code());
    let event = session.session_event(ClientRequest::default());
    let decided = now(elsewhere.define(&event));
    assert_eq!(
        (decided.decision, decided.reason),
        (Next::Fail, DefineReason::FlowMissing)
    );
}

/// Row 14.
#[test]
fn a_passed_answer_to_a_row_that_is_open_fails() {
    let world = World::with_ada();
    let mut session = world.at_otp(ADA);
    session.answer(&world.wrong_code());
    let mut event = session.session_event(ClientRequest::default());
    event.rounds.last_mut().unwrap().passed = true;
    let decided = now(world.define(&event));
    assert_eq!(
        (decided.decision, decided.reason),
        (Next::Fail, DefineReason::FlowNotMatched)
    );
}

/// Row 14.
#[test]
fn a_passed_answer_to_a_row_of_another_user_fails() {
    let world = World::with_ada();
    let mut session = world.at_otp(ADA);
    session.answer(&world.code());
    world.put_ada(&[("sub", "sub-of-another-user")]);
    let decided = now(world.define(&session.session_event(ClientRequest::default())));
    assert_eq!(
        (decided.decision, decided.reason),
        (Next::Fail, DefineReason::FlowDisagrees)
    );
}

/// Row 14.
#[test]
fn a_passed_answer_to_a_flow_that_ended_15_seconds_ago_fails() {
    let world = World::with_ada();
    let mut session = world.at_otp(ADA);
    session.answer(&world.code());
    let event = session.session_event(ClientRequest::default());
    world.after_secs(15);
    assert_eq!(now(world.define(&event)).decision, Next::IssueTokens);
    world.after_millis(1);
    let decided = now(world.define(&event));
    assert_eq!(
        (decided.decision, decided.reason),
        (Next::Fail, DefineReason::FlowOver)
    );
}

/// Row 19.
#[test]
fn a_wrong_answer_after_the_right_one_fails_after_15_s() {
    let world = World::with_ada();
    let mut session = world.at_otp(ADA);
    let (code, wrong) = (world.code(), world.wrong_code());
    let mut beside = session.clone();
    assert_eq!(session.answer(&code).next(), Next::IssueTokens);
    let reply = beside.answer(&wrong);
    assert_eq!(
        (reply.next(), reply.define.reason),
        (Next::Challenge, DefineReason::AskedAgain)
    );
    world.after_secs(16);
    let reply = beside.answer(&wrong);
    assert_eq!(reply.verify.reason, VerifyReason::FlowOver);
    assert_eq!(
        (reply.next(), reply.define.reason),
        (Next::Fail, DefineReason::FlowOver)
    );
}

/// Row 15.
#[test]
fn the_proof_answered_in_its_own_session_fails() {
    let world = World::new();
    let mut session = world.at_otp(BOB);
    session.answer(&world.code());
    let proof = session.public["proof"].clone();
    let reply = session.answer(&proof);
    assert_eq!(
        reply.reasons(),
        (
            VerifyReason::FlowDisagrees,
            DefineReason::FlowDisagrees,
            None
        )
    );
    assert_eq!(reply.next(), Next::Fail);
}

/// Row 16.
#[test]
fn an_unavailable_store_repeats_the_challenge() {
    let known = (VerifyReason::MethodKnown, DefineReason::MethodKnown);
    let fault = VerifyReason::PortError;
    let again = Some(CreateReason::AskedAgain);
    for (broken, reasons) in [
        // Verify's redemption, and then Define's read of the ticket.
        (&[0][..], (fault, DefineReason::AskedAgain, again)),
        (&[0, 1], (fault, DefineReason::PortError, again)),
        // Create's read of the row.
        (&[1], (known.0, known.1, Some(CreateReason::PortError))),
    ] {
        for lost in [Break::Before, Break::After] {
            let world = World::with_ada();
            let ticket = world.ticket(ADA);
            let mut session = world.initiate(ADA);
            world
                .wire
                .will_break(broken.iter().map(|&call| (call, lost)));
            let reply = session.choose(&ticket);
            assert_eq!(reply.reasons(), reasons, "{broken:?} {lost:?}");
            assert_eq!(session.step(), "select");
            assert!(world.sent().is_empty());
            assert_eq!(session.choose(&ticket).next(), Next::Challenge);
            assert_eq!(session.step(), "otp", "{broken:?} {lost:?}");
        }
    }

    let world = World::with_ada();
    let mut session = world.at_otp(ADA);
    let mut before = session.public.clone();
    world
        .wire
        .will_break([(0, Break::Before), (1, Break::Before), (2, Break::Before)]);
    let reply = session.answer(&world.code());
    assert_eq!(
        reply.reasons(),
        (
            VerifyReason::PortError,
            DefineReason::PortError,
            Some(CreateReason::PortError)
        )
    );
    assert!(!reply.is_right());
    // Each secret is sealed for itself.
    before.insert("resume", session.public["resume"].clone());
    assert_eq!(session.public, before);
    assert_eq!(world.sent().len(), 1);
}

/// Row 16.
#[test]
fn an_unavailable_directory_repeats_the_challenge() {
    let world = World::with_ada();
    let mut session = world.at_otp(ADA);
    // Verify: attempt, charge, charge, verdict. Define: finish, find.
    world.wire.will_break([(5, Break::Before)]);
    let reply = session.answer(&world.code());
    assert_eq!(world.wire.calls()[5], "find");
    assert_eq!(
        reply.reasons(),
        (
            VerifyReason::Right,
            DefineReason::PortError,
            Some(CreateReason::AskedAgain)
        )
    );
    assert_eq!(session.step(), "otp");
    assert_eq!(session.answer(&world.code()).next(), Next::IssueTokens);
}

#[test]
fn every_row_of_the_table_names_a_test() {
    let table = include_str!("../../src/flow/mod.rs");
    let tests = [
        include_str!("completions.rs"),
        include_str!("contacts.rs"),
        include_str!("proofs.rs"),
        include_str!("resumes.rs"),
        include_str!("rows.rs"),
        include_str!("uncharged_messages.rs"),
        include_str!("undo.rs"),
    ];
    let number = |line: &str| -> Option<u8> {
        let cells = line.strip_prefix("//! | ")?;
        cells.split(' ').next()?.parse().ok()
    };
    let rows: Vec<_> = table.lines().filter_map(number).collect();
    assert!(rows.len() >= 19, "the rows are found: {rows:?}");
    for row in rows {
        let is_named = ['.', ':'].iter().any(|end| {
            let name = format!("/// Row {row}{end}");
            tests.iter().any(|test| test.contains(&name))
        });
        assert!(is_named, "row {row}");
    }
}
