//! `latchstring completions`, `latchstring man` and `latchstring reference`

use std::process::ExitCode;

use clap::Args;
use clap_complete::Shell;

use super::output;
use crate::{manual, program};

/// Print the completions of a shell.
#[derive(Args)]
#[command(after_help = "\
For example, for bash: latchstring completions bash > ~/.local/share/bash-completion/completions/latchstring")]
pub(crate) struct CompletionsArguments {
    /// The shell
    shell: Shell,
}

/// Print the manual page, in the format of man.
#[derive(Args)]
#[command(after_help = "For example: latchstring man > latchstring.1; man ./latchstring.1")]
pub(crate) struct ManArguments {
    /// Print the reference in Markdown instead
    #[arg(long)]
    markdown: bool,
}

/// Prints the completions.
pub(crate) fn completions(arguments: &CompletionsArguments) -> ExitCode {
    let mut printed = Vec::new();
    clap_complete::generate(arguments.shell, &mut program(), "latchstring", &mut printed);
    print(&String::from_utf8_lossy(&printed));
    ExitCode::SUCCESS
}

/// Prints the manual page.
pub(crate) fn man(arguments: &ManArguments) -> ExitCode {
    if arguments.markdown {
        print(&manual::markdown(&program()));
        return ExitCode::SUCCESS;
    }
    match manual::page(program()) {
        Ok(page) => {
            print(&page);
            ExitCode::SUCCESS
        }
        Err(error) => {
            output::error(&error);
            ExitCode::FAILURE
        }
    }
}

fn print(text: &str) {
    if output::is_json() {
        output::set("text", text);
    } else {
        print!("{text}");
    }
}
