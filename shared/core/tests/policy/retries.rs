//! Cognito retries a slow trigger: each may run several times for one event, and only the last
//! answer counts.

use std::time::Duration;

use latchstring_core::flow::Next;

use crate::harness::{Scenario, World};

/// Runs a scenario. Returns its effect on the user and the number of triggers.
fn run_scenario(scenario: Scenario, retry: impl FnOnce(&mut World)) -> (Vec<String>, usize) {
    let world = World::with_ada().reconfigured(retry);
    let mut run = scenario.start(&world);
    let mut seen = Vec::new();
    while !run.is_complete() {
        let reply = run.step();
        assert_ne!(reply.next(), Next::Fail);
        let mut public = run.session.shown();
        let proof = public.remove("proof").map(|proof| proof.len());
        seen.push(format!("{public:?} {proof:?} {}", reply.is_right()));
    }
    assert_eq!(world.sent().len(), scenario.messages());
    if scenario.messages() > 0 {
        assert_eq!(world.code().len(), 6, "one code, however often it was sent");
    }
    (seen, world.triggers())
}

#[test]
fn a_scenario_looks_the_same_if_every_trigger_is_retried() {
    for scenario in Scenario::ALL {
        let (once, _) = run_scenario(scenario, |_| ());
        for invocations in 2..=3 {
            let (retried, _) = run_scenario(scenario, |world| world.invocations = invocations);
            assert_eq!(retried, once, "{scenario:?}");
        }
    }
}

#[test]
fn a_scenario_looks_the_same_whichever_trigger_is_retried() {
    for scenario in Scenario::ALL {
        let (once, triggers) = run_scenario(scenario, |_| ());
        for at in 0..triggers {
            for invocations in 2..=3 {
                let (retried, _) = run_scenario(scenario, |world| {
                    world.invocations = invocations;
                    world.only_at = Some(at);
                });
                assert_eq!(retried, once, "{scenario:?} at {at}");
            }
        }
    }
}

#[test]
fn a_scenario_succeeds_if_every_retry_is_five_seconds_late() {
    for scenario in Scenario::ALL {
        let (once, triggers) = run_scenario(scenario, |_| ());
        for at in (0..triggers).map(Some).chain([None]) {
            let (retried, _) = run_scenario(scenario, |world| {
                world.invocations = 3;
                world.pause = Duration::from_secs(5);
                world.only_at = at;
            });
            assert_eq!(retried.len(), once.len(), "{scenario:?} at {at:?}");
        }
    }
}
