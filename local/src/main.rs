//! `cargo run`: the whole of Latchstring on one local port.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that speaks to a person"
)]

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use latchstring_local::{Options, Service, Settings, demo};
use tokio::signal::unix::{SignalKind, signal};

/// Latchstring, the whole of it, on one port of this machine: Cognito, AppSync and the inbox are
/// stand-ins in memory, the triggers and resolvers are the real ones.
#[derive(Parser)]
#[command(name = "latchstring-local", version)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
struct Arguments {
    /// The port on 127.0.0.1; 0 takes any free one
    #[arg(long, default_value_t = 4180)]
    port: u16,
    /// Production's budgets: 2 codes a minute, 5 an hour, 10 a day for one identifier
    #[arg(long)]
    strict: bool,
    /// Serve POST /control, by which tests move the clock and bend the rules
    #[arg(long)]
    control: bool,
    /// Make accounts before they are proved, as a pool that reports missing users needs
    #[arg(long, env = "LEGACY_POOL")]
    legacy_pool: bool,
    /// Ask for a captcha from the third code on that nobody proved; person-1 to person-99 are right
    /// answers, each once
    #[arg(long)]
    captcha: bool,
    /// Give a new refresh token for every one that is used, and take each once
    #[arg(long)]
    rotate_refresh_tokens: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Play one person's story, from a first sign-in to a changed address, and print every step
    Demo,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let ended = match arguments.command {
        Some(Command::Demo) => demo::run(&mut std::io::stdout()).await.map_err(Into::into),
        None => serve(&arguments).await,
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(arguments: &Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let mut terminated = signal(SignalKind::terminate())?;
    let service = Service::bind(Options {
        port: arguments.port,
        strict: arguments.strict,
        control: arguments.control,
        legacy_pool: arguments.legacy_pool,
        captcha: arguments.captcha,
        rotate_refresh_tokens: arguments.rotate_refresh_tokens,
    })
    .await?;
    greet(service.settings());
    let deliveries = service.deliveries();
    // Nothing else here needs saving, so a signal ends it at once.
    tokio::select! {
        ended = service.serve() => ended?,
        _ = tokio::signal::ctrl_c() => {}
        _ = terminated.recv() => {}
    }
    deliveries.settled().await;
    Ok(())
}

fn greet(settings: &Settings) {
    let Settings {
        endpoint, api_key, ..
    } = settings;
    println!("Latchstring listens on {endpoint} (Ctrl-C ends it)");
    println!();
    println!("Ask for a code, read it, and see what a client needs to know:");
    println!();
    println!(
        "  curl {endpoint}/graphql -H 'content-type: application/json' -H 'x-api-key: {api_key}' \
         -d '{{\"query\":\"mutation{{signIn(input:{{emailOrPhone:\\\"you@example.com\\\",method:EMAIL}}){{session username}}}}\"}}'"
    );
    println!("  curl {endpoint}/inbox.json");
    println!("  curl {endpoint}/config.json");
}
