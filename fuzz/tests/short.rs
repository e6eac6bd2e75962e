//! Every target on its seeds, and on the same inputs near to them every time.
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test that cannot read the seeds has failed; it prints the outcomes of the inputs"
)]

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::{env, fs};

use latchstring_fuzz::{Outcome, TARGETS, Target, mutated};

/// The number of inputs of each target beside its seeds.
const INPUTS: u64 = 500;

/// Checks an input. A failing one is kept, so that `cargo xtask fuzz` can repeat it.
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
            "no seed of {name} reaches {outcome:?}"
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
fn every_target_has_a_test() {
    for target in TARGETS {
        let call = format!("short(\"{}\");", target.name);
        assert!(include_str!("short.rs").contains(&call), "{call}");
    }
}

#[test]
fn an_address_is_canonical_in_every_spelling() {
    short("email");
}

#[test]
fn a_phone_number_is_canonical_in_every_spelling() {
    short("phone_number");
}

#[test]
fn only_sealed_texts_open_and_open_unchanged() {
    short("sealed");
}

#[test]
fn only_written_metadata_reads_and_reads_unchanged() {
    short("metadata");
}

#[test]
fn define_never_issues_tokens_that_were_not_earned() {
    short("define");
}

#[test]
fn create_never_sends_or_proves_without_permission() {
    short("create");
}

#[test]
fn verify_never_accepts_a_wrong_answer() {
    short("verify");
}

#[test]
fn no_event_gets_unpermitted_data_from_a_resolver() {
    short("resolvers");
}

#[test]
fn no_request_gets_unearned_tokens_from_the_http_door() {
    short("http");
}

#[test]
fn no_calls_get_unearned_tokens_from_the_cognito_stand_in() {
    short("cognito");
}

#[test]
fn no_request_breaks_the_appsync_stand_in_or_its_resolvers() {
    short("graphql");
}
