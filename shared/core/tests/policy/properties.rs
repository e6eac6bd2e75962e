//! States that no sequence of events reaches.

use std::collections::{BTreeMap, BTreeSet};

use latchstring_core::flow::{
    AnswerEvent, AppClient, Challenge, ClientRequest, DefineReason, FlowId, Next, Progress, Round,
    SessionEvent, Step, VerifyReason,
};
use latchstring_core::secret::Secret;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::harness::{ADA, ADAS_NAME, BOB, Break, Session, World, now};

/// The progress of Ada's two flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Open,
    Matched,
    JustFinished,
    LongFinished,
}

const STAGES: [Stage; 4] = [
    Stage::Open,
    Stage::Matched,
    Stage::JustFinished,
    Stage::LongFinished,
];

/// Advances a session's flow to a stage by its right answer.
fn advance(session: &Session<'_>, answer: &str, stage: Stage) {
    let mut session = session.clone();
    match stage {
        Stage::Open => {}
        Stage::Matched => {
            let before_define = if session.step() == "claim" { 4 } else { 5 };
            session
                .world
                .wire
                .will_break([(before_define, Break::Before)]);
            let reply = session.answer(answer);
            assert_eq!(reply.define.reason, DefineReason::PortError);
        }
        Stage::JustFinished | Stage::LongFinished => {
            assert_eq!(session.answer(answer).next(), Next::IssueTokens);
        }
    }
}

/// A round, and a flag that is true if it may be the one that earned tokens.
#[derive(Clone, Debug)]
struct Piece {
    round: Round,
    may_issue: bool,
}

/// Returns rounds of all kinds, with Ada's flows at that stage: first `select` and `otp` of one
/// flow, then `select` and `claim` of the other, then rounds of neither.
fn pieces(world: &World, stage: Stage) -> Vec<Piece> {
    let answered = matches!(stage, Stage::Matched | Stage::JustFinished);
    let mut pieces = Vec::new();
    let mut put = |metadata: Option<String>, may_issue: bool| {
        pieces.push(Piece {
            round: Round {
                challenge_name: "CUSTOM_CHALLENGE".to_owned(),
                passed: true,
                metadata,
            },
            may_issue,
        });
    };
    let otp = world.at_otp(ADA);
    let code = world.code();
    let claim = world.at_claim();
    advance(&otp, &code, stage);
    advance(&claim, &world.proof(ADA), stage);
    for session in [&otp, &claim] {
        put(session.rounds[0].metadata.clone(), false);
        put(Some(session.metadata.clone()), answered);
    }
    let mut unknown = world.at_otp(BOB);
    let code = world.sent().pop().unwrap().0;
    unknown.answer(&code);
    let mut decoy = world.at_decoy(ADA);
    decoy.answer("1");
    for session in [&unknown, &decoy] {
        for round in &session.rounds {
            put(round.metadata.clone(), false);
        }
        put(Some(session.metadata.clone()), false);
    }
    let mut issued_later = otp.clone();
    issued_later.replace_challenge(Step::Otp(Progress::at_issue(
        otp.row()
            .unwrap()
            .issued_at
            .plus(std::time::Duration::from_millis(1)),
        latchstring_core::code::CodeLength::DEFAULT,
    )));
    put(Some(issued_later.metadata), false);
    let mut swapped = otp.clone();
    swapped.replace_challenge(claim.challenge().step);
    put(Some(swapped.metadata), false);
    let second = AppClient::new("pool", "second");
    let elsewhere = otp.challenge().to_text(&world.deployment.keys, &second);
    put(Some(elsewhere), false);
    put(None, false);
    put(Some("k1.AAAA".to_owned()), false);
    if stage == Stage::LongFinished {
        world.after_millis(15_001);
    }
    let mut of_another_kind = pieces[1].clone();
    "SRP_A".clone_into(&mut of_another_kind.round.challenge_name);
    of_another_kind.may_issue = false;
    pieces.push(of_another_kind);
    pieces
}

/// A change to a genuine list of rounds.
#[derive(Clone, Debug)]
enum Change {
    Insert(Index, Index),
    Replace(Index, Index),
    Remove(Index),
    Flip(Index),
    Swap(Index, Index),
}

fn any_change() -> impl Strategy<Value = Change> {
    let index = any::<Index>;
    prop_oneof![
        (index(), index()).prop_map(|(at, piece)| Change::Insert(at, piece)),
        (index(), index()).prop_map(|(at, piece)| Change::Replace(at, piece)),
        index().prop_map(Change::Remove),
        index().prop_map(Change::Flip),
        (index(), index()).prop_map(|(one, other)| Change::Swap(one, other)),
    ]
}

fn changed(mut list: Vec<Piece>, pieces: &[Piece], changes: &[Change]) -> Vec<Piece> {
    for change in changes {
        let length = list.len();
        match change {
            Change::Insert(at, piece) => {
                list.insert(at.index(length + 1), piece.get(pieces).clone());
            }
            _ if length == 0 => {}
            Change::Replace(at, piece) => list[at.index(length)] = piece.get(pieces).clone(),
            Change::Remove(at) => drop(list.remove(at.index(length))),
            Change::Flip(at) => {
                let round = &mut list[at.index(length)].round;
                round.passed = !round.passed;
            }
            Change::Swap(one, other) => list.swap(one.index(length), other.index(length)),
        }
    }
    list
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_session_issues_tokens_unless_its_last_entry_earned_them(
        stage in proptest::sample::select(&STAGES[..]),
        claim in any::<bool>(),
        changes in proptest::collection::vec(any_change(), 0..5),
        who in 0..3,
    ) {
        let world = World::with_ada();
        let pieces = pieces(&world, stage);
        let start = if claim { 2 } else { 0 };
        let list = changed(pieces[start..start + 2].to_vec(), &pieces, &changes);
        let mut session = world.initiate(match who {
            0 => ADAS_NAME,
            1 => BOB,
            _ => {
                world.put_ada(&[("sub", "sub-of-another-user")]);
                ADAS_NAME
            }
        });
        session.rounds = list.iter().map(|piece| piece.round.clone()).collect();
        let decided = now(world.define(&session.session_event(ClientRequest::default())));
        let earned = list
            .last()
            .is_some_and(|last| last.may_issue && last.round.passed);
        if decided.decision == Next::IssueTokens {
            prop_assert!(earned && who == 0, "{:?} {stage:?}", decided.reason);
        }
        if changes.is_empty() {
            prop_assert_eq!(decided.decision == Next::IssueTokens, earned && who == 0);
        }
    }
}

/// An action of an attacker that has every session of a flow, but not its code.
#[derive(Clone, Debug)]
enum Attack {
    Guess(u32),
    GuessAndResend(u32),
    Resend,
    ResendWithoutAction,
    Select,
    Wait(u32),
}

fn any_attack() -> impl Strategy<Value = (Index, Attack)> {
    let attack = prop_oneof![
        4 => (0..12_u32).prop_map(Attack::Guess),
        1 => (0..12_u32).prop_map(Attack::GuessAndResend),
        2 => Just(Attack::Resend),
        1 => Just(Attack::ResendWithoutAction),
        1 => Just(Attack::Select),
        2 => (0..40_000_u32).prop_map(Attack::Wait),
    ];
    (any::<Index>(), attack)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn without_the_code_guesses_are_limited_and_give_no_tokens(
        name in proptest::sample::select(&[ADA, BOB][..]),
        attacks in proptest::collection::vec(any_attack(), 1..40),
    ) {
        let world = World::with_ada();
        let select = world.initiate(name);
        let ticket = world.ticket(name);
        let mut first = select.clone();
        first.choose(&ticket);
        let flow = first.challenge().flow;
        let code: u32 = world.code().parse().unwrap();
        let wrong = |guess: u32| format!("{:06}", (code + 1 + guess) % 1_000_000);
        let mut kept = vec![select, first.clone()];
        let mut verified = BTreeSet::new();
        for (which, attack) in &attacks {
            let mut session = which.get(&kept).clone();
            let asks_for_code = session.step() == "otp";
            let guess = match attack {
                Attack::Guess(guess) | Attack::GuessAndResend(guess) => wrong(*guess),
                _ => "resend".to_owned(),
            };
            let reply = match attack {
                Attack::Guess(_) | Attack::ResendWithoutAction => session.answer(&guess),
                Attack::GuessAndResend(_) => session.answer_with_action(&guess, "resend"),
                Attack::Resend => session.resend(),
                Attack::Select => session.respond_to("", "email", Some(&ticket)),
                Attack::Wait(millis) => {
                    world.after_millis(u64::from(*millis));
                    continue;
                }
            };
            prop_assert_ne!(reply.next(), Next::IssueTokens);
            prop_assert!(!(reply.is_right() && asks_for_code));
            prop_assert!(!session.public.contains_key("proof"));
            if reply.verify.reason == VerifyReason::WrongAnswer {
                verified.insert(guess);
            }
            if session.ended.is_none() {
                prop_assert_eq!(session.challenge().flow, flow);
                kept.push(session);
            }
        }
        prop_assert!(verified.len() <= 3, "{} distinct guesses were verified", verified.len());
        let row = first.row().unwrap();
        prop_assert!(row.attempts.len() <= 3);
        prop_assert_eq!(world.sent().len(), usize::from(row.sends));
        prop_assert!(world.sent().len() <= 3);
    }

    #[test]
    fn tickets_in_any_sessions_send_one_code_for_each_ticket(
        choices in proptest::collection::vec((0..3_usize, 0..3_usize), 1..12),
    ) {
        let world = World::with_ada();
        let sessions = [ADA, ADA, BOB].map(|name| world.initiate(name));
        let tickets = [ADA, BOB, BOB].map(|name| world.ticket(name));
        for (session, ticket) in &choices {
            sessions[*session].clone().choose(&tickets[*ticket]);
        }
        let used: BTreeSet<_> = choices.iter().map(|(_, ticket)| ticket).collect();
        prop_assert!(world.sent().len() <= used.len());
    }
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,40}",
        any::<String>(),
        "k1\\.[A-Za-z0-9_-]{0,500}",
        Just(String::new()),
        Just("resend".to_owned()),
        Just("email".to_owned()),
        Just("CUSTOM_CHALLENGE".to_owned()),
        Just("client".to_owned()),
        (any::<[u8; 16]>(), any::<u8>()).prop_map(|(flow, step)| authentic_metadata(flow, step)),
    ]
}

/// Returns authentic metadata of a flow that never existed.
fn authentic_metadata(flow: [u8; 16], step: u8) -> String {
    let world = World::new();
    let progress = Progress {
        sends: step,
        used: step,
        ..Progress::at_issue(
            latchstring_core::time::Timestamp::from_millis(u64::MAX),
            latchstring_core::code::CodeLength::DEFAULT,
        )
    };
    let challenge = Challenge {
        flow: FlowId::from_bytes(flow),
        step: match step % 3 {
            0 => Step::Select,
            1 => Step::Otp(progress),
            _ => Step::Claim(progress),
        },
    };
    challenge.to_text(&world.deployment.keys, &world.app_client)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_text_anywhere_panics_or_proves_anything(
        texts in proptest::collection::vec(any_text(), 6),
        rounds in proptest::collection::vec((any_text(), any::<bool>(), proptest::option::of(any_text())), 0..4),
        given in any::<u8>(),
    ) {
        let world = World::with_ada();
        let given = |bit: u8, text: &String| (given >> bit & 1 == 1).then(|| text.clone());
        let app_client = given(0, &texts[0]).map_or_else(|| world.app_client.clone(), |client| AppClient::new("pool", client));
        let request = ClientRequest {
            method: given(1, &texts[1]),
            ticket: given(2, &texts[2]).map(Secret::new),
            action: given(3, &texts[3]),
            link_secret: given(4, &texts[3]).map(Secret::new),
        };
        let session = world.initiate(&texts[4]);
        let event = SessionEvent {
            app_client: app_client.clone(),
            rounds: rounds
                .into_iter()
                .map(|(name, passed, metadata)| Round {
                    challenge_name: given(4, &name).unwrap_or_else(|| "CUSTOM_CHALLENGE".to_owned()),
                    passed,
                    metadata,
                })
                .collect(),
            ..session.session_event(request.clone())
        };
        prop_assert_ne!(now(world.define(&event)).decision, Next::IssueTokens);
        now(world.create(&event));
        latchstring_core::flow::ask_again(&world.deployment, &world.clock, &*world.entropy, &event);
        prop_assert!(world.sent().is_empty());
        let event = AnswerEvent {
            app_client,
            challenge: given(5, &texts[5]),
            ..session.answer_event(&texts[4], request)
        };
        let verify = now(world.verify(&event));
        prop_assert!(!matches!(verify.reason, VerifyReason::Right | VerifyReason::RightAgain));
    }

    #[test]
    fn no_text_is_the_right_code_or_proof(answer in any_text()) {
        let world = World::with_ada();
        for mut session in [world.at_otp(ADA), world.at_claim()] {
            if answer != world.code() {
                prop_assert!(!session.answer(&answer).is_right());
            }
        }
    }

    #[test]
    fn a_code_is_right_however_it_is_pasted(
        at in proptest::collection::btree_map(0..6_usize, "[ \\-\u{a0}\u{3000}]{1,3}", 0..4),
        full_width in any::<bool>(),
    ) {
        let world = World::with_ada();
        let mut session = world.at_otp(ADA);
        let at: BTreeMap<usize, String> = at;
        let mut typed = String::new();
        for (place, digit) in world.code().chars().enumerate() {
            typed.push_str(at.get(&place).map_or("", String::as_str));
            let wide = char::from_u32(u32::from(digit) - u32::from('0') + 0xff10).unwrap();
            typed.push(if full_width { wide } else { digit });
        }
        prop_assert_eq!(session.answer(&typed).next(), Next::IssueTokens);
    }
}
