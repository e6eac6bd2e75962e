//! `latchstring doctor`

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Args;
use latchstring_cli::access::{self, Access};
use latchstring_cli::doctor::deployment::{self, dns, metric};
use latchstring_cli::doctor::facts::Facts;
use latchstring_cli::doctor::{Finding, checks, probe, read, report as reports, source};

use super::output;

/// Report safe settings, leaks and coming failures of a deployed pool, with the fix of each.
///
/// Only reads, unless --probe or --metric is given.
#[derive(Args)]
#[command(after_help = after_help())]
pub(crate) struct Arguments {
    /// The user pool's id
    #[arg(long, value_name = "ID")]
    user_pool: String,
    /// The id of the app client that the app uses
    #[arg(long, value_name = "ID")]
    client: String,
    /// Also open flows of an account that does not exist: no message is sent, no account is made
    #[arg(long)]
    probe: bool,
    /// With --probe: the URL of the GraphQL API, to show the x-forwarded-for that it delivers
    #[arg(long, value_name = "URL", requires_all = ["probe", "api_key"])]
    api: Option<String>,
    /// With --api: its API key
    #[arg(long, value_name = "KEY", env = "API_KEY", hide_env_values = true)]
    api_key: Option<String>,
    /// Also read every account: list those whose contact sign-in does not find, and count all by their state
    #[arg(long)]
    accounts: bool,
    /// The sign-ins a second that are expected, such as 50/s: compares quotas and limits with them
    #[arg(long, value_name = "RATE", value_parser = rate)]
    expect: Option<f64>,
    /// The resolver that answers about SPF and DMARC; by default that of the system
    #[arg(long, value_name = "ADDRESS:PORT")]
    dns: Option<SocketAddr>,
    /// Also publish the numbers of findings that leak, fail and are unknown as metrics
    #[arg(long, value_name = "NAMESPACE", num_args = 0..=1, default_missing_value = "Latchstring")]
    metric: Option<String>,
}

fn rate(text: &str) -> Result<f64, &'static str> {
    let number = text.trim().strip_suffix("/s").unwrap_or(text.trim());
    let rate = number.trim().parse::<f64>().ok();
    rate.filter(|it| *it > 0.0 && *it <= 1e6)
        .ok_or("expected a number of sign-ins a second, such as 50/s")
}

fn after_help() -> String {
    access::help("latchstring doctor --user-pool eu-west-1_Example00 --client 1example23456789")
        + "\n
docs/doctor.md lists the permissions it needs and explains the report.

The exit status is 0 only if nothing leaks, fails or is unknown; 2 if it could not start."
}

/// Runs the checks and prints the report.
pub(crate) fn run(arguments: Arguments) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => runtime.block_on(report(arguments)),
        Err(error) => {
            output::error(&format!("the runtime does not start: {error}"));
            ExitCode::from(2)
        }
    }
}

async fn report(arguments: Arguments) -> ExitCode {
    let access = match Access::for_pool(&arguments.user_pool) {
        Ok(access) => access,
        Err(problem) => {
            output::error(&problem);
            return ExitCode::from(2);
        }
    };
    let facts = read::facts(&access, &arguments.user_pool, &arguments.client).await;
    let mut findings = checks::judge(&facts, &arguments.client);
    findings.extend(of_deployment(&access, &facts, &arguments).await);
    if arguments.accounts {
        let pool = facts.pool.as_ref();
        let usernames = pool.map_or(&[][..], |pool| &pool.username_attributes);
        let phones = facts.phones();
        let accounts = read::accounts(&access, &arguments.user_pool, &phones, usernames).await;
        findings.extend(checks::accounts(&accounts, &arguments.user_pool));
    }
    if arguments.probe {
        let Arguments {
            user_pool, client, ..
        } = &arguments;
        if facts.client.as_ref().is_ok_and(|client| client.secret) {
            findings.push(probe::refused(&access, client).await);
        } else {
            let probing = probe::run(
                &access,
                user_pool,
                client,
                facts.clients_answer_signed_calls(),
            );
            findings.extend(probing.await);
        }
    }
    if let (Some(url), Some(key)) = (arguments.api, arguments.api_key) {
        findings.push(source::run(&source::Api { url, key }).await);
    }
    if let Some(namespace) = &arguments.metric
        && let Err(problem) = metric::put(&access, namespace, &findings).await
    {
        output::error(&problem);
        return ExitCode::from(2);
    }
    if output::is_json() {
        for (name, value) in reports::json(&findings, &arguments.user_pool) {
            output::set(name, value);
        }
    } else {
        let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        print!("{}", reports::text(&findings, &arguments.user_pool, colour));
    }
    if reports::is_healthy(&findings) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Reads and checks the functions and everything behind them, if the pool's triggers lead to them.
async fn of_deployment(access: &Access, facts: &Facts, arguments: &Arguments) -> Vec<Finding> {
    let resolver = arguments.dns.or_else(dns::of_the_system);
    let read = deployment::read::facts(access, facts, &arguments.client, resolver);
    match read.await {
        Some(deployment) => deployment::checks::judge(&deployment, arguments.expect),
        None => Vec::new(),
    }
}
