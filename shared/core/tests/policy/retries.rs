//! Cognito retries a trigger that is slow: each may run several times for one event, and only the
//! last answer counts.

use std::time::Duration;

use latchstring_core::flow::Next;

use crate::harness::{Story, World};

/// Plays a story. Returns its effect on the user and the number of triggers.
fn tell(story: Story, retry: impl FnOnce(&mut World)) -> (Vec<String>, usize) {
    let world = World::with_ada().reconfigured(retry);
    let mut telling = story.begin(&world);
    let mut seen = Vec::new();
    while !telling.is_over() {
        let reply = telling.step();
        assert_ne!(reply.next(), Next::Fail);
        let mut public = telling.session.public.clone();
        let proof = public.remove("proof").map(|proof| proof.len());
        seen.push(format!("{public:?} {proof:?} {}", reply.is_right()));
    }
    assert_eq!(world.sent().len(), story.messages());
    if story.messages() > 0 {
        assert_eq!(world.code().len(), 6, "one code, however often it was sent");
    }
    (seen, world.triggers())
}

#[test]
fn a_story_looks_the_same_when_every_trigger_is_retried() {
    for story in Story::ALL {
        let (once, _) = tell(story, |_| ());
        for invocations in 2..=3 {
            let (retried, _) = tell(story, |world| world.invocations = invocations);
            assert_eq!(retried, once, "{story:?}");
        }
    }
}

#[test]
fn a_story_looks_the_same_whichever_trigger_is_retried() {
    for story in Story::ALL {
        let (once, triggers) = tell(story, |_| ());
        for at in 0..triggers {
            for invocations in 2..=3 {
                let (retried, _) = tell(story, |world| {
                    world.invocations = invocations;
                    world.only_at = Some(at);
                });
                assert_eq!(retried, once, "{story:?} at {at}");
            }
        }
    }
}

#[test]
fn a_story_ends_well_when_every_retry_comes_five_seconds_later() {
    for story in Story::ALL {
        let (once, triggers) = tell(story, |_| ());
        for at in (0..triggers).map(Some).chain([None]) {
            let (retried, _) = tell(story, |world| {
                world.invocations = 3;
                world.pause = Duration::from_secs(5);
                world.only_at = at;
            });
            assert_eq!(retried.len(), once.len(), "{story:?} at {at:?}");
        }
    }
}
