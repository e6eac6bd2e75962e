//! `latchstring`: the program of a deployment's operator.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that prints its results"
)]

mod commands;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use commands::{
    attach, doctor, fix_contacts, invite, messages, odds, reset_limits, rollback, rotate_keys,
    settings, test_codes,
};

/// Operate a deployment of Latchstring.
///
/// The exit status is 0 on success, 1 if the command finds a fault, and 2 if it cannot start.
#[derive(Parser)]
#[command(name = "latchstring", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Doctor(doctor::Arguments),
    Attach(attach::Arguments),
    FixContacts(fix_contacts::Arguments),
    Invite(invite::Arguments),
    Messages(messages::Arguments),
    Odds(odds::Arguments),
    Settings(settings::Arguments),
    TestCodes(test_codes::Arguments),
    ResetLimits(reset_limits::Arguments),
    Rollback(rollback::Arguments),
    RotateKeys(rotate_keys::Arguments),
}

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Doctor(arguments) => doctor::run(arguments),
        Command::Attach(arguments) => attach::run(&arguments),
        Command::FixContacts(arguments) => fix_contacts::run(&arguments),
        Command::Invite(arguments) => invite::run(arguments),
        Command::Messages(arguments) => messages::run(&arguments),
        Command::Odds(arguments) => odds::run(&arguments),
        Command::Settings(arguments) => settings::run(&arguments),
        Command::TestCodes(arguments) => test_codes::run(&arguments),
        Command::ResetLimits(arguments) => reset_limits::run(&arguments),
        Command::Rollback(arguments) => rollback::run(&arguments),
        Command::RotateKeys(arguments) => rotate_keys::run(arguments),
    }
}
