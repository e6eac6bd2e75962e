//! `cargo xtask doctor`
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that speaks to a person"
)]

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;
use latchstring_doctor::read::{self, Access};
use latchstring_doctor::{checks, probe, report, source};

/// Say what is safe in a deployed pool, what leaks or will fail, and how to fix it.
///
/// Only reads, unless --probe is given.
#[derive(Parser)]
#[command(
    name = "cargo xtask doctor",
    bin_name = "cargo xtask doctor",
    version,
    after_help = "\
Region and credentials come from the environment: AWS_REGION, AWS_ACCESS_KEY_ID,
AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN. With the AWS CLI signed in:

  export AWS_REGION=eu-west-1
  eval \"$(aws configure export-credentials --format env)\"
  cargo xtask doctor --user-pool eu-west-1_Example00 --client 1example23456789

AWS_ENDPOINT_URL asks an emulator instead. docs/doctor.md has the rights it needs.
The exit status is 0 only if nothing leaks, fails or is unknown; 2 if it could not start."
)]
struct Arguments {
    /// The user pool's id
    #[arg(long, value_name = "ID")]
    user_pool: String,
    /// The id of the app client that the app uses
    #[arg(long, value_name = "ID")]
    client: String,
    /// Also make flows for nobody on the pool: nothing is sent, and no account made
    #[arg(long)]
    probe: bool,
    /// With --probe: the URL of the GraphQL API, to show the x-forwarded-for that it delivers
    #[arg(long, value_name = "URL", requires_all = ["probe", "api_key"])]
    api: Option<String>,
    /// With --api: its API key
    #[arg(long, value_name = "KEY", env = "API_KEY", hide_env_values = true)]
    api_key: Option<String>,
    /// Also read every account, and list those whose contact sign-in does not find
    #[arg(long)]
    accounts: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let access = match access(&arguments.user_pool) {
        Ok(access) => access,
        Err(problem) => {
            eprintln!("error: {problem}");
            return ExitCode::from(2);
        }
    };
    let facts = read::facts(&access, &arguments.user_pool, &arguments.client).await;
    let mut findings = checks::judge(&facts, &arguments.client);
    if arguments.accounts {
        let accounts = read::accounts(&access, &arguments.user_pool, &facts.phones()).await;
        findings.push(checks::accounts(&accounts));
    }
    if arguments.probe {
        let Arguments {
            user_pool, client, ..
        } = &arguments;
        let probing = probe::run(&access, user_pool, client, facts.signed_calls());
        findings.extend(probing.await);
    }
    if let (Some(url), Some(key)) = (arguments.api, arguments.api_key) {
        findings.push(source::run(&source::Api { url, key }).await);
    }
    if arguments.json {
        print!("{}", report::json(&findings, &arguments.user_pool));
    } else {
        let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        print!("{}", report::text(&findings, &arguments.user_pool, colour));
    }
    if report::is_healthy(&findings) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn access(pool: &str) -> Result<Access, String> {
    let optional = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let required = |name: &str| {
        optional(name).ok_or_else(|| format!("{name} is not set; see cargo xtask doctor --help"))
    };
    let region = required("AWS_REGION")?;
    // A pool's id begins with its region.
    if pool.split_once('_').map(|(of, _)| of) != Some(region.as_str()) {
        return Err(format!(
            "{pool} is not the id of a pool in AWS_REGION, {region}"
        ));
    }
    Ok(Access {
        region,
        access_key_id: required("AWS_ACCESS_KEY_ID")?,
        secret_access_key: required("AWS_SECRET_ACCESS_KEY")?,
        session_token: optional("AWS_SESSION_TOKEN"),
        endpoint_url: optional("AWS_ENDPOINT_URL"),
    })
}
