//! Fail closed: a missing, unknown or malformed parameter is a wrong answer, and a foreign session
//! entry fails the authentication.

use latchstring_core::flow::{
    AnswerEvent, AppClient, Challenge, ClientRequest, DefineReason, FlowId, Next, Progress, Round,
    Step, VerifyReason,
};
use latchstring_core::keys::KeyRing;
use latchstring_core::ports::Clock;

use crate::harness::{ADA, Session, World, key, now};

#[test]
fn an_empty_answer_is_a_wrong_answer_and_is_counted() {
    let world = World::with_ada();
    for blank in ["", " ", "- -"] {
        let mut session = world.at_otp(ADA);
        let reply = session.answer(blank);
        assert_eq!(reply.verify.reason, VerifyReason::WrongAnswer, "{blank:?}");
        assert_eq!(session.number("attemptsLeft"), 2, "{blank:?}");
    }
}

#[test]
fn a_missing_or_foreign_private_parameter_makes_answers_wrong() {
    let world = World::with_ada();
    let session = world.at_otp(ADA);
    let right = session.answer_event(&world.code(), ClientRequest::default());
    let challenge = session.challenge();
    let of_another_key = challenge.to_text(
        &KeyRing::new(key("k1", 9), None, None).unwrap(),
        &world.app_client,
    );
    let of_another_client =
        challenge.to_text(&world.deployment.keys, &AppClient::new("pool", "second"));
    let of_another_pool = challenge.to_text(&world.deployment.keys, &AppClient::new("p", "client"));
    for challenge in [
        None,
        Some(String::new()),
        Some("k1.".to_owned()),
        Some(world.code()),
        Some(of_another_key),
        Some(of_another_client),
        Some(of_another_pool),
    ] {
        let event = AnswerEvent {
            challenge,
            ..right.clone()
        };
        let decided = now(world.verify(&event));
        assert_eq!(decided.reason, VerifyReason::InvalidSession);
        assert!(!matches!(
            decided.decision,
            latchstring_core::flow::Verdict::Right(_)
        ));
    }
    assert_eq!(session.row().unwrap().attempts.len(), 0);
    assert_eq!(now(world.verify(&right)).reason, VerifyReason::Right);
}

#[test]
fn a_missing_method_is_a_wrong_answer() {
    let world = World::with_ada();
    let reply = world.initiate(ADA).answer("email");
    assert_eq!(
        (reply.verify.reason, reply.next()),
        (VerifyReason::MethodUnknown, Next::Fail)
    );
}

#[test]
fn metadata_that_is_null_or_foreign_fails_the_authentication() {
    let world = World::with_ada();
    let forged = World::with_ada().reconfigured(|world| {
        world.deployment.keys = KeyRing::new(key("k1", 9), None, None).unwrap();
    });
    let of_another_key = forged.at_otp(ADA).metadata;
    let of_another_client = World::with_ada()
        .reconfigured(|world| world.app_client = AppClient::new("pool", "second"))
        .at_otp(ADA)
        .metadata;
    for metadata in [
        None,
        Some(String::new()),
        Some("CODE-123456".to_owned()),
        Some(of_another_key),
        Some(of_another_client),
    ] {
        assert_fails_with(&world, |session| {
            session.rounds.last_mut().unwrap().metadata = metadata;
        });
    }
}

#[test]
fn a_challenge_of_another_name_fails_the_authentication() {
    let world = World::with_ada();
    for name in [
        "",
        "SRP_A",
        "custom_challenge",
        "SELECT_CHALLENGE",
        "SMS_MFA",
    ] {
        for place in [0, 1] {
            assert_fails_with(&world, |session| {
                session.rounds[place].challenge_name = name.to_owned();
            });
        }
    }
}

#[test]
fn rounds_of_two_flows_fail_the_authentication() {
    let world = World::with_ada();
    let mut other = world.at_otp(ADA);
    other.answer(&world.wrong_code());
    let [select, otp] = &other.rounds[..] else {
        panic!("two rounds")
    };
    // A session changes to another flow only once, after the first challenge has passed.
    assert_fails_with(&world, |session| session.rounds.insert(1, otp.clone()));
    assert_fails_with(&world, |session| {
        session.rounds[0] = Round {
            passed: false,
            ..select.clone()
        };
    });
    assert_fails_with(&world, |session| {
        session.rounds.insert(0, select.clone());
    });
}

#[test]
fn a_step_back_fails_the_authentication() {
    let world = World::with_ada();
    assert_fails_with(&world, |session| {
        let select = session.rounds[0].clone();
        session.rounds.push(select);
    });
    let unknown = World::new();
    let mut session = unknown.at_otp("eve@example.com");
    session.answer(&unknown.code());
    let otp = session.rounds[1].clone();
    session.rounds.push(Round {
        metadata: Some(session.metadata.clone()),
        ..otp.clone()
    });
    session.rounds.push(otp);
    let decided = now(unknown.define(&session.session_event(ClientRequest::default())));
    assert_eq!(
        (decided.decision, decided.reason),
        (Next::Fail, DefineReason::InvalidSession)
    );
}

#[test]
fn a_session_that_does_not_begin_with_select_fails() {
    let world = World::with_ada();
    assert_fails_with(&world, |session| {
        session.rounds.remove(0);
    });
}

#[test]
fn a_challenge_after_a_wrong_select_fails_the_authentication() {
    let world = World::with_ada();
    assert_fails_with(&world, |session| session.rounds[0].passed = false);
}

#[test]
fn a_passed_round_of_an_unknown_flow_fails() {
    let world = World::with_ada();
    let flow = FlowId::from_bytes([7; 16]);
    let progress = Progress::at_issue(
        world.clock.now(),
        latchstring_core::code::CodeLength::DEFAULT,
    );
    for step in [Step::Otp(progress), Step::Claim(progress)] {
        let mut session = world.initiate(ADA);
        session.rounds = [Step::Select, step]
            .map(|step| Round {
                challenge_name: "CUSTOM_CHALLENGE".to_owned(),
                passed: true,
                metadata: Some(
                    Challenge { flow, step }.to_text(&world.deployment.keys, &world.app_client),
                ),
            })
            .to_vec();
        let decided = now(world.define(&session.session_event(ClientRequest::default())));
        assert_eq!(
            (decided.decision, decided.reason),
            (Next::Fail, DefineReason::FlowMissing)
        );
    }
}

#[test]
fn create_begins_again_for_a_foreign_session() {
    let world = World::with_ada();
    let mut session = world.at_otp(ADA);
    let flow = session.challenge().flow;
    session.rounds[0].metadata = None;
    let request = ClientRequest {
        method: Some("email".to_owned()),
        ticket: Some(latchstring_core::secret::Secret::new(world.ticket(ADA))),
        action: Some("resend".to_owned()),
        link_secret: None,
    };
    let created = now(world.create(&session.session_event(request)));
    assert_eq!(created.decision.challenge.step, Step::Select);
    assert_ne!(created.decision.challenge.flow, flow);
    assert_eq!(world.sent().len(), 1);
}

/// Corrupts a session whose right answer was recorded, and asserts that Define fails it.
fn assert_fails_with(world: &World, corrupt: impl FnOnce(&mut Session<'_>)) {
    // The messages of the previous day are no longer counted.
    world.after_secs(24 * 3600);
    let mut session = world.at_otp(ADA);
    let code = world.sent().pop().unwrap().0;
    assert_eq!(session.answer(&code).next(), Next::IssueTokens);
    corrupt(&mut session);
    let decided = now(world.define(&session.session_event(ClientRequest::default())));
    assert_eq!(
        (decided.decision, decided.reason),
        (Next::Fail, DefineReason::InvalidSession)
    );
}
