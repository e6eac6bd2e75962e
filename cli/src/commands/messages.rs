//! `latchstring messages`

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use latchstring_core::message::built_in;
use latchstring_lambda::config::messages;
use serde_json::json;

use super::output::{self, say};

/// Check texts of messages that replace the built-in ones, or print these.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check a file as the functions do at start: its form, the values, the length of SMS, and that a
    /// part is replaced in every language
    Check {
        /// The file, JSON by tenant, language, kind and part
        file: PathBuf,
    },
    /// Print the built-in texts as such a file, with the tenant `default`
    Print,
}

pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    match &arguments.command {
        Command::Check { file } => {
            let text = match std::fs::read_to_string(file) {
                Ok(text) => text,
                Err(error) => {
                    output::error(&format!("{}: {error}", file.display()));
                    return ExitCode::from(2);
                }
            };
            match messages(&text) {
                Ok(tenants) => {
                    let names: Vec<_> = tenants.into_keys().collect();
                    say!("The texts are accepted: {}.", names.join(", "));
                    ExitCode::SUCCESS
                }
                Err(faults) => {
                    for fault in faults {
                        say!("{fault}");
                    }
                    ExitCode::FAILURE
                }
            }
        }
        Command::Print => {
            let mut languages: BTreeMap<_, BTreeMap<_, BTreeMap<_, _>>> = BTreeMap::new();
            for (language, kind, part, text) in built_in() {
                let kinds = languages.entry(language).or_default();
                kinds.entry(kind).or_default().insert(part, text);
            }
            if output::is_json() {
                output::set("texts", json!({ "default": languages }));
            } else {
                say!("{:#}", json!({ "default": languages }));
            }
            ExitCode::SUCCESS
        }
    }
}
