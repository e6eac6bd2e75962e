//! `latchstring local`

use std::env;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

use clap::Args;

use super::output;

/// The program that this command becomes.
const PROGRAM: &str = "latchstring-local";

/// Start the whole service on a port of this machine, in memory, for development
///
/// It is the program `latchstring-local`, which is installed beside this one. It needs no AWS account.
#[derive(Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Arguments {
    /// See `latchstring local --help`
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "ARGUMENTS"
    )]
    arguments: Vec<OsString>,
}

/// Replaces this process, so that signals and the exit status are the program's. Returns only if it
/// cannot start.
pub(crate) fn run(arguments: Arguments) -> ExitCode {
    let beside = env::current_exe().and_then(|program| {
        // The programs may be linked into a folder of the search path.
        Ok(program.canonicalize()?.with_file_name(PROGRAM))
    });
    let (path, error) = match beside {
        Ok(path) => {
            let error = Command::new(&path).args(arguments.arguments).exec();
            (path.display().to_string(), error)
        }
        Err(error) => (PROGRAM.to_owned(), error),
    };
    output::error(&format_args!("{path} cannot be started: {error}."));
    if error.kind() == ErrorKind::NotFound {
        output::error(
            &"`npm install latchstring` and the zip of a release have both programs. In the \
              repository, `cargo run` starts the service.",
        );
    }
    ExitCode::from(2)
}
