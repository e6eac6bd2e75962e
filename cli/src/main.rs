//! `latchstring`: the program of a deployment's operator.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that prints its results"
)]

mod commands;
mod manual;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use commands::{
    attach, completions, doctor, erase, fix_contacts, invite, live_check, local, messages, odds,
    output, reset_limits, restart, rollback, rotate_keys, settings, test_codes, trace, unlock,
};

/// Operate a deployment of Latchstring.
///
/// The exit status is 0 on success, 1 if the command finds a fault, and 2 if it cannot start.
#[derive(Parser)]
#[command(name = "latchstring", version, arg_required_else_help = true)]
struct Arguments {
    /// Print one JSON object on standard output, and text on standard error
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Doctor(doctor::Arguments),
    Trace(trace::Arguments),
    Unlock(unlock::Arguments),
    ResetLimits(reset_limits::Arguments),
    Invite(invite::Arguments),
    Export(erase::ExportArguments),
    Erase(erase::EraseArguments),
    Attach(Box<attach::Arguments>),
    Detach(attach::detach::DetachArguments),
    FixContacts(fix_contacts::Arguments),
    Restart(restart::Arguments),
    Rollback(rollback::Arguments),
    RotateKeys(rotate_keys::Arguments),
    LiveCheck(live_check::Arguments),
    Local(local::Arguments),
    Odds(odds::Arguments),
    Settings(settings::Arguments),
    Messages(messages::Arguments),
    TestCodes(test_codes::Arguments),
    Completions(completions::CompletionsArguments),
    Man(completions::ManArguments),
}

/// Returns the program with its commands.
fn program() -> clap::Command {
    Arguments::command()
}

fn main() -> ExitCode {
    let Arguments { json, command } = Arguments::parse();
    output::start(json);
    let (name, code) = match command {
        Command::Doctor(arguments) => ("doctor", doctor::run(arguments)),
        Command::Trace(arguments) => ("trace", trace::run(&arguments)),
        Command::Unlock(arguments) => ("unlock", unlock::run(&arguments)),
        Command::ResetLimits(arguments) => ("reset-limits", reset_limits::run(&arguments)),
        Command::Invite(arguments) => ("invite", invite::run(arguments)),
        Command::Export(arguments) => ("export", erase::export(&arguments)),
        Command::Erase(arguments) => ("erase", erase::erase(&arguments)),
        Command::Attach(arguments) => ("attach", attach::run(&arguments)),
        Command::Detach(arguments) => ("detach", attach::detach::run(&arguments)),
        Command::FixContacts(arguments) => ("fix-contacts", fix_contacts::run(&arguments)),
        Command::Restart(arguments) => ("restart", restart::run(&arguments)),
        Command::Rollback(arguments) => ("rollback", rollback::run(&arguments)),
        Command::RotateKeys(arguments) => ("rotate-keys", rotate_keys::run(arguments)),
        Command::LiveCheck(arguments) => ("live-check", live_check::run(&arguments)),
        Command::Local(arguments) => ("local", local::run(arguments)),
        Command::Odds(arguments) => ("odds", odds::run(&arguments)),
        Command::Settings(arguments) => ("settings", settings::run(&arguments)),
        Command::Messages(arguments) => ("messages", messages::run(&arguments)),
        Command::TestCodes(arguments) => ("test-codes", test_codes::run(&arguments)),
        Command::Completions(arguments) => ("completions", completions::completions(&arguments)),
        Command::Man(arguments) => ("man", completions::man(&arguments)),
    };
    output::finish(name, code)
}
