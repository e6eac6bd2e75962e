//! Triggers do not fail: a lost call or a lost answer costs at most a repetition of the step. No
//! user is locked out, no code is sent twice, and a right answer stays right.

use latchstring_core::flow::{Next, Verdict};

use crate::harness::{Break, Reply, Scenario, World};

const BREAKS: [Break; 2] = [Break::Before, Break::After];

/// Runs a scenario while these calls break. Returns the number of port calls.
fn run_scenario(scenario: Scenario, breaks: &[(usize, Break)]) -> usize {
    let world = World::with_ada();
    let mut run = scenario.start(&world);
    world.wire.will_break(breaks.iter().copied());
    let mut calls = 0;
    while !run.is_complete() {
        let reply = run.step();
        assert_harmless(&reply);
        calls = world.wire.calls().len();
        let sends = run.session.row().map_or(0, |row| usize::from(row.sends));
        assert!(world.sent().len() <= sends, "at most one message per send");
    }
    assert!(world.sent().len() <= run.requested_messages);
    if breaks.is_empty() {
        assert_eq!(world.sent().len(), scenario.messages());
    }
    calls
}

/// Asserts that a trigger with a fault repeats the challenge and accepts no answer.
fn assert_harmless(reply: &Reply) {
    assert_ne!(reply.next(), Next::Fail, "{reply:?}");
    if reply.verify.fault.is_some() {
        assert_eq!(reply.verify.decision, Verdict::Wrong);
    }
    if reply.define.fault.is_some() {
        assert_eq!(reply.next(), Next::Challenge);
    }
    if let Some(create) = &reply.create {
        assert!(create.fault.is_none() || create.message.is_none());
    }
}

#[test]
fn every_scenario_succeeds_without_a_fault() {
    for scenario in Scenario::ALL {
        assert!(run_scenario(scenario, &[]) > 3);
    }
}

#[test]
fn every_scenario_succeeds_whichever_call_breaks() {
    for scenario in Scenario::ALL {
        for number in 0..run_scenario(scenario, &[]) {
            for broken in BREAKS {
                run_scenario(scenario, &[(number, broken)]);
            }
        }
    }
}

#[test]
fn every_scenario_succeeds_whichever_two_calls_break() {
    for scenario in Scenario::ALL {
        for first in 0..run_scenario(scenario, &[]) {
            for second in first + 1..first + 6 {
                for (one, other) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                    run_scenario(scenario, &[(first, BREAKS[one]), (second, BREAKS[other])]);
                }
            }
        }
    }
}

#[test]
fn a_fault_of_every_call_of_a_step_changes_nothing() {
    for scenario in Scenario::ALL {
        let world = World::with_ada();
        let mut run = scenario.start(&world);
        while !run.is_complete() {
            let before = run.session.row();
            world
                .wire
                .will_break((0..10).map(|number| (number, Break::Before)));
            assert_harmless(&run.step());
            assert_eq!(run.session.row(), before);
            world.wire.clear();
            run.step();
        }
    }
}
