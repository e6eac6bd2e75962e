//! What the budgets leave to somebody who guesses: `cargo xtask odds`.
//!
//! It reads the same variables as the Lambdas; without any it works out the defaults.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that speaks to a person"
)]

use std::process::ExitCode;

use latchstring_core::code::CodeLength;
use latchstring_core::odds::{Codes, Odds, chance, in_words};
use latchstring_core::policy::Policy;
use latchstring_lambda::config::{ConfigError, Environment};

fn main() -> ExitCode {
    match print() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn print() -> Result<(), ConfigError> {
    let environment = Environment::Process;
    let policy = environment.numbers()?;
    let odds = Odds::of(&policy, environment.accounts()?);
    let [targeted, sprayed] = environment.ceilings()?;

    println!("A code is guessed by the answers that it survives with these odds:");
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
    println!();
    println!("Somebody asks for codes without end for a year, answers each with all its attempts,");
    println!("and proves none. An account has an address and a number; a code to either opens it.");
    println!("The keys are rotated every month, which starts windows afresh.");
    println!();
    println!("One account:");
    codes(&policy, odds.codes_of_account());
    println!("  odds in a year: {}", in_words(odds.targeted()));
    println!();
    println!("One account, by somebody who has stolen one of its known devices besides:");
    codes(&policy, odds.codes_of_devices());
    verdict(odds.with_a_stolen_device(), targeted, "MAX_TARGETED_ODDS");
    println!();
    println!("Any of {} accounts (ACCOUNTS):", odds.accounts());
    codes(&policy, odds.codes_of_deployment());
    verdict(odds.sprayed(), sprayed, "MAX_SPRAY_ODDS");
    Ok(())
}

fn codes(policy: &Policy, codes: Codes) {
    for (codes, length) in [
        (codes.short, policy.code_length),
        (codes.long, policy.long_code_length),
        (codes.longest, CodeLength::LONGEST),
    ] {
        if codes > 0 {
            println!("  {codes} codes of {} digits", length.digits());
        }
    }
}

fn verdict(odds: f64, ceiling: f64, variable: &str) {
    let verdict = if odds > ceiling {
        "nothing starts above"
    } else {
        "within"
    };
    println!(
        "  odds in a year: {}; {verdict} {variable}, {}",
        in_words(odds),
        in_words(ceiling)
    );
}
