//! Only Define issues tokens, never without an account, and only after it has read the account
//! again.

use std::time::Duration;

use latchstring_core::account::Attributes;
use latchstring_core::flow::{
    AccountState, ClientRequest, CreateReason, DefineReason, Next, Purpose, State, Subject,
    VerifyReason,
};
use latchstring_core::policy::REPLAY_GRACE;

use crate::harness::{ADA, ADAS_NAME, BOB, NUMBER, Session, World, now};

/// Returns sessions for both paths to tokens, up to the answer that earns them.
fn with_right_answers(world: &World) -> [(Session<'_>, String); 2] {
    let session = world.at_otp(ADA);
    let code = world.code();
    [(session, code), (world.at_claim(), world.proof(ADA))]
}

/// Changes of an account between the challenge and the answer.
const CHANGES: [(&str, &str); 6] = [
    ("email", BOB),
    ("email", ""),
    ("email_verified", "false"),
    ("email_verified", ""),
    ("sub", "sub-of-another-user"),
    ("cognito:user_status", "FORCE_CHANGE_PASSWORD"),
];

#[test]
fn a_change_before_the_answer_leads_to_no_tokens() {
    for change in CHANGES {
        let world = World::with_ada();
        for (mut session, answer) in with_right_answers(&world) {
            world.put_ada(&[change]);
            assert_ne!(
                session.answer(&answer).next(),
                Next::IssueTokens,
                "{change:?}"
            );
            world.put_ada(&[]);
        }
    }
}

#[test]
fn a_change_that_the_event_does_not_show_leads_to_no_tokens() {
    for change in CHANGES {
        let world = World::with_ada();
        for (mut session, answer) in with_right_answers(&world) {
            assert_eq!(session.answer(&answer).next(), Next::IssueTokens);
            let event = session.session_event(ClientRequest::default());
            world.put_ada(&[change]);
            let decided = now(world.define(&event));
            assert_eq!(
                (decided.decision, decided.reason),
                (Next::Fail, DefineReason::NoLongerHolder),
                "{change:?}"
            );
            world.put_ada(&[]);
            assert_eq!(now(world.define(&event)).decision, Next::IssueTokens);
        }
    }
}

#[test]
fn a_disabled_or_deleted_user_gets_no_tokens() {
    for gone in [World::disable_ada as fn(&World), World::delete_ada] {
        let world = World::with_ada();
        for (mut session, answer) in with_right_answers(&world) {
            assert_eq!(session.answer(&answer).next(), Next::IssueTokens);
            let event = session.session_event(ClientRequest::default());
            gone(&world);
            let decided = now(world.define(&event));
            assert_eq!(
                (decided.decision, decided.reason),
                (Next::Fail, DefineReason::NoLongerHolder)
            );
            world.put_ada(&[]);
        }
    }
}

#[test]
fn a_refused_user_may_answer_again_only_within_the_grace() {
    let world = World::with_ada();
    let session = world.at_otp(ADA);
    world.disable_ada();
    assert_eq!(session.clone().answer(&world.code()).next(), Next::Fail);
    world.put_ada(&[]);
    assert_eq!(
        session.clone().answer(&world.code()).next(),
        Next::IssueTokens
    );
    world.clock.advance(REPLAY_GRACE + Duration::from_secs(1));
    assert_eq!(session.clone().answer(&world.code()).next(), Next::Fail);
}

#[test]
fn the_other_contact_may_change() {
    let world = World::with_ada();
    let mut session = world.at_otp(ADA);
    world.put_ada(&[("phone_number", NUMBER), ("phone_number_verified", "false")]);
    assert_eq!(session.answer(&world.code()).next(), Next::IssueTokens);
}

#[test]
fn a_verified_attribute_may_be_true_with_a_capital() {
    let world = World::new();
    world.put_ada(&[("email_verified", "True")]);
    assert_eq!(
        world.at_otp(ADA).answer(&world.code()).next(),
        Next::IssueTokens
    );
}

#[test]
fn a_passed_answer_issues_no_tokens_without_an_account() {
    let world = World::with_ada();
    for (mut session, answer) in with_right_answers(&world) {
        session.answer(&answer);
        let mut event = session.session_event(ClientRequest::default());
        event.user = AccountState::NoAccount;
        let decided = now(world.define(&event));
        assert_ne!(decided.decision, Next::IssueTokens);
        // Nor is there a proof.
        let created = now(world.create(&event));
        assert_ne!(created.reason, CreateReason::Proved);
    }
}

#[test]
fn a_known_user_deleted_during_the_flow_fails() {
    let world = World::with_ada();
    let session = world.at_otp(ADA);
    world.delete_ada();
    let reply = session.clone().answer(&world.code());
    assert_eq!(reply.verify.reason, VerifyReason::FlowDisagrees);
    assert!(!reply.is_right());
    assert_eq!(session.row().unwrap().state, State::Open);
}

#[test]
fn a_flow_without_an_account_earns_a_proof_if_one_is_created() {
    let world = World::new();
    let mut session = world.at_otp(ADA);
    world.put_ada(&[]);
    let reply = session.answer(&world.code());
    assert_eq!(
        reply.reasons(),
        (
            VerifyReason::Right,
            DefineReason::Proved,
            Some(CreateReason::Proved)
        )
    );
    assert_eq!(session.step(), "claim");
    let proof = session.public["proof"].clone();
    assert_eq!(session.answer(&proof).next(), Next::Fail);

    let mut claim = world.at_claim();
    assert_eq!(claim.answer(&proof).next(), Next::IssueTokens);
}

#[test]
fn a_half_created_user_counts_as_no_account() {
    let world = World::new();
    world.put_ada(&[("cognito:user_status", "FORCE_CHANGE_PASSWORD")]);
    let mut session = world.at_otp(ADA);
    assert_eq!(session.row().unwrap().subject, Subject::NoAccount);
    let reply = session.answer(&world.code());
    assert_eq!(
        reply.reasons(),
        (
            VerifyReason::Right,
            DefineReason::Proved,
            Some(CreateReason::Proved)
        )
    );
}

#[test]
fn without_a_sub_there_is_no_user() {
    let attributes = || Attributes::from_pairs([("email", ADA), ("email_verified", "true")]);
    assert_eq!(
        AccountState::new(false, attributes()),
        AccountState::NoAccount
    );
    let with_sub = Attributes::from_pairs([("sub", "s"), ("email", ADA)]);
    assert_eq!(
        AccountState::new(true, with_sub.clone()),
        AccountState::NoAccount
    );
    assert_eq!(
        AccountState::new(false, with_sub.clone()),
        AccountState::Known(with_sub)
    );
}

#[test]
fn a_pool_that_spells_the_address_differently_finds_its_holder() {
    let world = World::new();
    world.put_ada(&[("email", "Ada@Example.COM")]);
    let mut session = world.at_otp(ADA);
    assert_eq!(session.answer(&world.code()).next(), Next::IssueTokens);
}

#[test]
fn a_claim_opens_for_its_holder_only() {
    for change in CHANGES {
        let world = World::new();
        world.put_ada(&[change]);
        let mut session = world.initiate(ADAS_NAME);
        let ticket = world.ticket_for(Purpose::Claim, ADA);
        let reply = session.choose(&ticket);
        if change.0 == "sub" {
            assert_eq!(session.step(), "claim", "whatever the username");
        } else {
            assert_eq!(
                reply.reasons().2,
                Some(CreateReason::NotTheHolder),
                "{change:?}"
            );
            assert_eq!(session.step(), "otp", "{change:?}");
        }
    }
}
