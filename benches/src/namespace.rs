//! The network in which everything is measured: loopback alone, where the host names of AWS's
//! endpoints are the stand-in's. So every SDK connects to the hosts that it connects to on AWS.

use std::path::Path;
use std::process::{Command, ExitCode};
use std::{env, fs};

use crate::aws::HOSTS;

/// Set in the process that is inside.
const INSIDE: &str = "LATCHSTRING_BENCH_INSIDE";

/// Runs this program again inside, and returns its exit code. Returns `None` if this is inside.
pub(crate) fn enter(folder: &Path) -> Result<Option<ExitCode>, String> {
    if env::var_os(INSIDE).is_some() {
        return Ok(None);
    }
    let hosts = folder.join("hosts");
    let text = format!("127.0.0.1 localhost {}\n", HOSTS.join(" "));
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&hosts, text))
        .map_err(|error| format!("{}: {error}", hosts.display()))?;
    let program = env::current_exe().map_err(|error| format!("the own program: {error}"))?;
    let script = "ip link set lo up && mount --bind \"$HOSTS\" /etc/hosts && exec \"$0\" \"$@\"";
    let status = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "--net"])
        .args(["sh", "-c", script])
        .arg(program)
        .args(env::args_os().skip(1))
        .env("HOSTS", &hosts)
        .env(INSIDE, "1")
        .status();
    let status = status.map_err(|error| format!("unshare (of util-linux): {error}"))?;
    // A signal ends it without a code.
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(Some(code.map_or(ExitCode::FAILURE, ExitCode::from)))
}
