//! `latchstring odds`

use std::process::ExitCode;

use clap::Args;
use latchstring_core::code::CodeLength;
use latchstring_core::odds::{Guesses, Odds, SLOT_CODES, chance, in_words};
use latchstring_core::policy::Policy;
use latchstring_lambda::config::{ConfigError, Environment};

use super::output::{self, say};

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
            output::error(&error);
            ExitCode::from(2)
        }
    }
}

fn print() -> Result<(), ConfigError> {
    let environment = Environment::Process;
    let policy = environment.numbers()?;
    let odds = Odds::of(&policy, environment.accounts()?);
    let [targeted, sprayed] = environment.ceilings()?;

    output::set("targeted", odds.targeted());
    output::set("withAStolenDevice", odds.with_a_stolen_device());
    output::set("sprayed", odds.sprayed());
    output::set("accounts", odds.accounts());
    output::set("maxTargeted", targeted);
    output::set("maxSprayed", sprayed);
    output::set("messagesADay", odds.messages_a_day());
    say!("The odds that one code is guessed by all its attempts:");
    say!("");
    for length in [
        policy.code_length,
        policy.long_code_length,
        CodeLength::LONGEST,
    ] {
        say!(
            "  {:2} digits, {} answers: {}",
            length.digits(),
            policy.attempts,
            in_words(chance(policy.attempts, length))
        );
    }
    say!(
        "  12 digits of base 32, in slot mode, {} answers: {}",
        policy.attempts,
        in_words(f64::from(policy.attempts) / SLOT_CODES)
    );
    say!("");
    say!(
        "An attacker guesses without end for a year and proves no code. An account has an address"
    );
    say!("and a number; a code to either opens it. The keys are rotated every month, which starts");
    say!("windows again. Guesses are reserved before their verdict: parallel answers add none.");
    say!("");
    say!("One account:");
    guesses(&policy, odds.at_account());
    say!("  odds in a year: {}", in_words(odds.targeted()));
    say!("");
    say!("One account, with the stolen token of one of its known devices, in addition:");
    guesses(&policy, odds.at_devices());
    verdict(odds.with_a_stolen_device(), targeted, "MAX_TARGETED_ODDS");
    say!("");
    say!("Any of {} accounts (ACCOUNTS):", odds.accounts());
    guesses(&policy, odds.at_deployment());
    verdict(odds.sprayed(), sprayed, "MAX_SPRAY_ODDS");
    say!("");
    say!(
        "Messages to one address or number in a day, with one in each slot of {} s: {} at most",
        policy.slot.as_secs(),
        odds.messages_a_day()
    );
    say!("");
    say!("Shards of the counters of many users; each shard bears some 300 sign-ins a second:");
    for (counter, shards) in policy.shards() {
        say!("  {shards:2}, {counter}");
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
            say!("  {guesses} guesses at {} digits", length.digits());
        }
    }
    if guesses_in_slots > 0 {
        say!("  {guesses_in_slots} guesses at the codes of slots, of 60 bits");
    }
}

fn verdict(odds: f64, ceiling: f64, variable: &str) {
    let verdict = if odds > ceiling {
        "no function starts above"
    } else {
        "within"
    };
    say!(
        "  odds in a year: {}; {verdict} {variable}, {}",
        in_words(odds),
        in_words(ceiling)
    );
}
