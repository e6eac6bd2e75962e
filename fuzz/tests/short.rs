//! Every target on its seeds, and on inputs near to them: the same ones every time.
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test that cannot read the seeds has failed; it says what came of the inputs"
)]

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::{env, fs};

use latchstring_fuzz::{Outcome, TARGETS, Target, mutated};

/// Inputs of each target beside its seeds.
const INPUTS: u64 = 500;

/// Checks an input. One that fails is kept, for `cargo xtask fuzz` to repeat.
fn check(target: &Target, input: &[u8], which: &str) -> Outcome {
    let checked = catch_unwind(AssertUnwindSafe(|| (target.check)(input)));
    checked.unwrap_or_else(|panic| {
        let path = env::temp_dir().join(format!("latchstring-fuzz-{}", target.name));
        fs::write(&path, input).expect("the failing input can be kept");
        let (name, path) = (target.name, path.display());
        eprintln!("{which} of {name} fails. To repeat it: cargo xtask fuzz {name} --input {path}");
        resume_unwind(panic)
    })
}

fn short(name: &str) {
    let target = Target::named(name).expect("a target");
    let seeds = target.seeds().expect("seeds can be read");
    let mut outcomes = BTreeMap::<Outcome, usize>::new();
    for (number, seed) in seeds.iter().enumerate() {
        *outcomes
            .entry(check(target, seed, &format!("seed {number}")))
            .or_default() += 1;
    }
    for outcome in target.reaches {
        assert!(
            outcomes.contains_key(outcome),
            "no seed of {name} comes to {outcome:?}"
        );
    }
    for number in 0..INPUTS {
        // Invariant: a target that reaches something has seeds.
        let seed = &seeds[usize::try_from(number).expect("a small number") % seeds.len()];
        let input = mutated(seed, number, target.dictionary);
        *outcomes
            .entry(check(target, &input, &format!("input {number}")))
            .or_default() += 1;
    }
    println!("{name}: {outcomes:?}");
}

#[test]
fn every_target_is_tried() {
    for target in TARGETS {
        let tried = format!("short(\"{}\");", target.name);
        assert!(include_str!("short.rs").contains(&tried), "{tried}");
    }
}

#[test]
fn what_parses_as_an_address_is_canonical_however_it_is_spelled() {
    short("email");
}

#[test]
fn what_parses_as_a_number_is_canonical_however_it_is_spelled() {
    short("phone_number");
}

#[test]
fn tickets_and_proofs_open_as_they_were_sealed_and_nothing_else_opens() {
    short("sealed");
}

#[test]
fn metadata_reads_as_it_was_written_and_nothing_else_is_taken_for_it() {
    short("metadata");
}

#[test]
fn no_event_has_define_issue_tokens_that_were_not_earned() {
    short("define");
}

#[test]
fn no_event_has_create_send_or_prove_what_it_may_not() {
    short("create");
}

#[test]
fn no_event_makes_an_answer_right_that_is_not() {
    short("verify");
}

#[test]
fn no_event_gets_from_a_resolver_what_its_sender_may_not_have() {
    short("resolvers");
}

#[test]
fn no_calls_get_from_the_cognito_stand_in_what_they_did_not_earn() {
    short("cognito");
}

#[test]
fn no_request_breaks_the_appsync_stand_in_or_a_resolver_behind_it() {
    short("graphql");
}
