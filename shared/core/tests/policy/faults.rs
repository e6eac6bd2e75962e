//! Triggers do not fail: a lost call or a lost answer, anywhere, costs at most a repetition of the
//! step. No user is locked out, no code is sent twice, and a right answer stays right.

use latchstring_core::flow::{Next, Verdict};

use crate::harness::{Break, Reply, Story, World};

const BREAKS: [Break; 2] = [Break::Before, Break::After];

/// Plays a story while these calls break. Returns the number of port calls.
fn tell(story: Story, breaks: &[(usize, Break)]) -> usize {
    let world = World::with_ada();
    let mut telling = story.begin(&world);
    world.wire.will_break(breaks.iter().copied());
    let mut calls = 0;
    while !telling.is_over() {
        let reply = telling.step();
        assert_harmless(&reply);
        calls = world.wire.calls().len();
        let sends = telling
            .session
            .row()
            .map_or(0, |row| usize::from(row.sends));
        assert!(world.sent().len() <= sends, "at most one message per send");
    }
    assert!(world.sent().len() <= telling.asked_to_send);
    if breaks.is_empty() {
        assert_eq!(world.sent().len(), story.messages());
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
fn every_story_ends_well_without_a_fault() {
    for story in Story::ALL {
        assert!(tell(story, &[]) > 3);
    }
}

#[test]
fn every_story_ends_well_whichever_call_breaks() {
    for story in Story::ALL {
        for number in 0..tell(story, &[]) {
            for broken in BREAKS {
                tell(story, &[(number, broken)]);
            }
        }
    }
}

#[test]
fn every_story_ends_well_whichever_two_calls_break() {
    for story in Story::ALL {
        for first in 0..tell(story, &[]) {
            for second in first + 1..first + 6 {
                for (one, other) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                    tell(story, &[(first, BREAKS[one]), (second, BREAKS[other])]);
                }
            }
        }
    }
}

#[test]
fn a_fault_of_every_call_of_a_step_changes_nothing() {
    for story in Story::ALL {
        let world = World::with_ada();
        let mut telling = story.begin(&world);
        while !telling.is_over() {
            let before = telling.session.row();
            world
                .wire
                .will_break((0..10).map(|number| (number, Break::Before)));
            assert_harmless(&telling.step());
            assert_eq!(telling.session.row(), before);
            world.wire.clear();
            telling.step();
        }
    }
}
