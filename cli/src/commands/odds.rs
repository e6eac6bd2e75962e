//! `latchstring odds`

use std::process::ExitCode;

use clap::Args;
use latchstring_core::code::CodeLength;
use latchstring_core::odds::{Guesses, Odds, SLOT_CODES, chance, in_words};
use latchstring_core::policy::Policy;
use latchstring_lambda::config::{ConfigError, Environment};

/// Print the odds that the rate limits leave to an attacker: those of the defaults, or of the settings in
/// the environment.
///
/// It also prints the shards of the counters of many users, which limit the sign-ins a second:
/// docs/scale.md.
///
/// The settings are the variables of the functions: docs/configuration.md lists them.
#[derive(Args)]
pub(crate) struct Arguments {}

/// Prints the odds.
pub(crate) fn run(_: &Arguments) -> ExitCode {
    match print() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn print() -> Result<(), ConfigError> {
    let environment = Environment::Process;
    let policy = environment.numbers()?;
    let odds = Odds::of(&policy, environment.accounts()?);
    let [targeted, sprayed] = environment.ceilings()?;

    println!("The odds that one code is guessed by all its attempts:");
    println!();
    for length in [
        policy.code_length,
        policy.long_code_length,
        CodeLength::LONGEST,
    ] {
        println!(
            "  {:2} digits, {} answers: {}",
            length.digits(),
            policy.attempts,
            in_words(chance(policy.attempts, length))
        );
    }
    println!(
        "  12 digits of base 32, in slot mode, {} answers: {}",
        policy.attempts,
        in_words(f64::from(policy.attempts) / SLOT_CODES)
    );
    println!();
    println!(
        "An attacker guesses without end for a year and proves no code. An account has an address"
    );
    println!(
        "and a number; a code to either opens it. The keys are rotated every month, which starts"
    );
    println!(
        "windows again. Guesses are reserved before their verdict: parallel answers add none."
    );
    println!();
    println!("One account:");
    guesses(&policy, odds.at_account());
    println!("  odds in a year: {}", in_words(odds.targeted()));
    println!();
    println!("One account, with the stolen token of one of its known devices, in addition:");
    guesses(&policy, odds.at_devices());
    verdict(odds.with_a_stolen_device(), targeted, "MAX_TARGETED_ODDS");
    println!();
    println!("Any of {} accounts (ACCOUNTS):", odds.accounts());
    guesses(&policy, odds.at_deployment());
    verdict(odds.sprayed(), sprayed, "MAX_SPRAY_ODDS");
    println!();
    println!(
        "Messages to one address or number in a day, with one in each slot of {} s: {} at most",
        policy.slot.as_secs(),
        odds.messages_a_day()
    );
    println!();
    println!("Shards of the counters of many users; each shard bears some 300 sign-ins a second:");
    for (counter, shards) in policy.shards() {
        println!("  {shards:2}, {counter}");
    }
    Ok(())
}

fn guesses(policy: &Policy, guesses: Guesses) {
    let guesses_in_slots = guesses.slot;
    for (guesses, length) in [
        (guesses.short, policy.code_length),
        (guesses.long, policy.long_code_length),
        (guesses.longest, CodeLength::LONGEST),
    ] {
        if guesses > 0 {
            println!("  {guesses} guesses at {} digits", length.digits());
        }
    }
    if guesses_in_slots > 0 {
        println!("  {guesses_in_slots} guesses at the codes of slots, of 60 bits");
    }
}

fn verdict(odds: f64, ceiling: f64, variable: &str) {
    let verdict = if odds > ceiling {
        "no function starts above"
    } else {
        "within"
    };
    println!(
        "  odds in a year: {}; {verdict} {variable}, {}",
        in_words(odds),
        in_words(ceiling)
    );
}
