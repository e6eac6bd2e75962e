//! `cargo run`: all of Latchstring on one local port.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that prints for its user"
)]

use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use latchstring_aws::CognitoCalls;
use latchstring_core::admission::Admission;
use latchstring_core::holders::OtherHolders;
use latchstring_core::identifier::{NumberKinds, PhoneRanges, PhoneRules};
use latchstring_core::message::LinkUrl;
use latchstring_core::rate_limit::Countries;
use latchstring_core::secret::Secret;
use latchstring_lambda::config::{AnsweredBy, ConfigError, Environment};
use latchstring_local::{Options, Service, Settings, demo};
use tokio::signal::unix::{SignalKind, signal};

/// All of Latchstring on one port of this machine. Cognito, AppSync and the inbox are stand-ins in
/// memory; the triggers and resolvers are the real ones.
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
    /// Use production's budgets: 2 codes a minute, 5 an hour, 10 a day for one identifier, and
    /// beyond them codes of ten digits
    #[arg(long)]
    strict: bool,
    /// Serve POST /control, with which tests move the clock and change the rules
    #[arg(long)]
    control: bool,
    /// Create accounts before they are proved, for pools that report missing users
    #[arg(long, env = "LEGACY_POOL")]
    legacy_pool: bool,
    /// The calls with which resolvers open sessions: public or signed
    #[arg(long, value_name = "CALLS", env = "COGNITO_CALLS", default_value = "public",
          value_parser = cognito_calls)]
    cognito_calls: CognitoCalls,
    /// Who may have a new account: everyone (open), addresses of --admitted-domains and invited
    /// contacts (domains), or invited contacts alone (invited)
    #[arg(long, value_name = "RULE", env = "ADMISSION", default_value = "open",
          value_parser = ["open", "domains", "invited"])]
    admission: String,
    /// With --admission domains: the domains whose addresses may have an account, as in
    /// example.com,*.example.org
    #[arg(
        long,
        value_name = "DOMAINS",
        env = "ADMITTED_DOMAINS",
        default_value = ""
    )]
    admitted_domains: String,
    /// The group whose members may invite, by POST /v1/invitations; the pool has it from the start
    #[arg(long, value_name = "NAME", env = "INVITERS_GROUP", default_value = "inviters",
          value_parser = group)]
    inviters_group: String,
    /// A custom attribute of the pool, which an invitation may set, such as custom:tier; repeatable
    #[arg(long, value_name = "NAME", value_parser = custom_attribute)]
    custom_attribute: Vec<String>,
    /// Give the pool username attributes instead of aliases; needs --other-holders
    #[arg(long, env = "USERNAME_ATTRIBUTES")]
    username_attributes: bool,
    /// The treatment of accounts that have the contact of a new account: ignore, refuse or delete
    #[arg(long, value_name = "CHOICE", env = "OTHER_HOLDERS", default_value = "ignore",
          value_parser = other_holders)]
    other_holders: OtherHolders,
    /// Require a CAPTCHA from the third mail of an hour whose code was not proved; person-1 to
    /// person-99 are right answers, each once
    #[arg(long)]
    captcha: bool,
    /// Give browsers a cookie instead of tokens: the app client has a secret, only the HTTP API is
    /// served, and pages of another origin need --allow-origin
    #[arg(long)]
    session_mode: bool,
    /// With --session-mode: the credential of the app's own server, at least 32 characters; a random
    /// one by default
    #[arg(
        long,
        value_name = "TEXT",
        env = "SERVER_CREDENTIAL",
        hide_env_values = true
    )]
    server_credential: Option<String>,
    /// Return a new refresh token for each one that is used, as a deployment with rotation does
    #[arg(long)]
    rotate_refresh_tokens: bool,
    /// With --rotate-refresh-tokens: the seconds for which a used refresh token stays valid, 0 to
    /// 60
    #[arg(long, value_name = "SECONDS", default_value_t = DEPLOYED_GRACE_SECONDS,
          value_parser = clap::value_parser!(u64).range(0..=60))]
    rotation_grace: u64,
    /// Another host name that the service answers to, such as 10.0.3.2 for Genymotion; repeatable
    #[arg(long, value_name = "NAME", value_parser = host_name)]
    allow_host: Vec<String>,
    /// Another origin whose pages may call, such as <http://dev.example.test:3000>; repeatable
    #[arg(long, value_name = "ORIGIN", value_parser = origin)]
    allow_origin: Vec<String>,
    /// The countries that SMS are sent to, as in US,DE; all by default
    #[arg(long, value_name = "CODES", env = "SMS_COUNTRIES", value_parser = countries)]
    sms_countries: Option<Countries>,
    /// The kinds of numbers that SMS are sent to: mobile, fixed_line_or_mobile, fixed_line,
    /// toll_free, voip, pager, uan; the first two by default
    #[arg(long, value_name = "KINDS", env = "SMS_NUMBER_KINDS", value_parser = kinds)]
    sms_number_kinds: Option<NumberKinds>,
    /// Ranges of numbers that are missing from the built-in metadata, as in US:+1621NXXXXXX
    #[arg(long, value_name = "RANGES", env = "PHONE_RANGES", value_parser = ranges)]
    phone_ranges: Option<PhoneRanges>,
    /// The page that the link of a mail opens; this service's own by default
    #[arg(long, value_name = "URL", env = "LINK_URL", value_parser = link_url)]
    link_url: Option<LinkUrl>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Run the steps of one user, from a first sign-in to one during an attack, and print each
    Demo,
}

/// The grace that infra/lib/pool.ts deploys.
const DEPLOYED_GRACE_SECONDS: u64 = 30;

fn host_name(text: &str) -> Result<String, String> {
    let is_name = !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if is_name {
        return Ok(text.to_owned());
    }
    Err("expected a host name without scheme or port, such as dev.example.test".to_owned())
}

fn origin(text: &str) -> Result<String, String> {
    let authority = text.split_once("://").map(|(_, authority)| authority);
    let is_origin = authority.is_some_and(|authority| {
        !authority.is_empty()
            && authority
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && !b"/?#@*".contains(&byte))
            && !text.bytes().any(|byte| byte.is_ascii_uppercase())
    });
    if is_origin {
        return Ok(text.to_owned());
    }
    Err(
        "expected an origin in lower case, without a path, such as http://dev.example.test:3000"
            .to_owned(),
    )
}

/// The stand-in takes a client's answer to a session of either kind.
fn cognito_calls(text: &str) -> Result<CognitoCalls, String> {
    Environment::Pairs(&[("COGNITO_CALLS", text)])
        .cognito_calls(AnsweredBy::Server)
        .map_err(|error| error.to_string())
}

fn group(text: &str) -> Result<String, String> {
    let policy = Environment::Pairs(&[("INVITERS_GROUP", text)]).numbers();
    let inviters = policy.map_err(|error| error.to_string())?.inviters;
    inviters.ok_or_else(|| "expected the name of a group".to_owned())
}

fn other_holders(text: &str) -> Result<OtherHolders, String> {
    match text {
        "ignore" => Ok(OtherHolders::Ignore),
        "refuse" => Ok(OtherHolders::Refuse),
        "delete" => Ok(OtherHolders::Delete),
        _ => Err("expected ignore, refuse or delete".to_owned()),
    }
}

fn custom_attribute(text: &str) -> Result<String, String> {
    let name = text.strip_prefix("custom:").unwrap_or(text);
    let is_name = (1..=20).contains(&name.len()) && !name.contains(char::is_whitespace);
    is_name
        .then(|| name.to_owned())
        .ok_or_else(|| "expected a name of 1 to 20 characters, such as custom:tier".to_owned())
}

/// The rule for new accounts, where a deployment with these settings starts.
fn admission(arguments: &Arguments) -> Result<Admission, ConfigError> {
    let pairs = [
        ("ADMISSION", arguments.admission.as_str()),
        ("ADMITTED_DOMAINS", arguments.admitted_domains.as_str()),
        (
            "LEGACY_POOL",
            if arguments.legacy_pool {
                "true"
            } else {
                "false"
            },
        ),
        ("UNDO_HOURS", if arguments.legacy_pool { "0" } else { "72" }),
    ];
    let environment = Environment::Pairs(&pairs);
    environment.legacy_pool()?;
    let admission = environment.numbers()?.admission;
    if admission.is_consistent() {
        Ok(admission)
    } else {
        Err(ConfigError::Admission)
    }
}

fn countries(text: &str) -> Result<Countries, String> {
    let policy = Environment::Pairs(&[("SMS_COUNTRIES", text)]).numbers();
    Ok(policy
        .map_err(|error| error.to_string())?
        .budgets
        .sms
        .countries)
}

fn kinds(text: &str) -> Result<NumberKinds, String> {
    let phones = Environment::Pairs(&[("SMS_NUMBER_KINDS", text)]).phones();
    Ok(phones.map_err(|error| error.to_string())?.kinds)
}

fn ranges(text: &str) -> Result<PhoneRanges, String> {
    let phones = Environment::Pairs(&[("PHONE_RANGES", text)]).phones();
    Ok(phones.map_err(|error| error.to_string())?.more)
}

fn link_url(text: &str) -> Result<LinkUrl, String> {
    LinkUrl::parse(text).map_err(|_| {
        "expected an https URL without a fragment, or an http one of this computer".to_owned()
    })
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
        limit_sources: false,
        control: arguments.control,
        legacy_pool: arguments.legacy_pool,
        cognito_calls: arguments.cognito_calls,
        admission: admission(arguments)?,
        inviters: Some(arguments.inviters_group.clone()),
        custom_attributes: arguments.custom_attribute.iter().cloned().collect(),
        username_attributes: arguments.username_attributes,
        other_holders: arguments.other_holders,
        open_sign_up: false,
        captcha: arguments.captcha,
        session_mode: arguments.session_mode,
        server_credential: arguments.server_credential.clone().map(Secret::new),
        rotate_refresh_tokens: arguments
            .rotate_refresh_tokens
            .then(|| Duration::from_secs(arguments.rotation_grace)),
        allow_hosts: arguments.allow_host.clone(),
        allow_origins: arguments.allow_origin.clone(),
        sms_countries: arguments.sms_countries.clone(),
        phones: PhoneRules {
            kinds: arguments.sms_number_kinds.clone().unwrap_or_default(),
            more: arguments.phone_ranges.clone().unwrap_or_default(),
        },
        link_url: arguments.link_url.clone(),
        keys: None,
    })
    .await?;
    greet(service.settings());
    let deliveries = service.deliveries();
    // Nothing else needs saving, so a signal ends the process at once.
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
        endpoint,
        api_key,
        server_credential,
        ..
    } = settings;
    println!("Latchstring listens on {endpoint} (Ctrl-C ends it)");
    println!();
    if let Some(credential) = server_credential {
        println!("Session mode. Your app's server sends X-Latchstring-Server:");
        println!();
        println!("  {}", credential.expose());
        println!();
        println!("Request a code, as a page does, and read it:");
        println!();
        println!(
            "  curl {endpoint}/v1/sign-in -H 'content-type: application/json' -H 'x-latchstring: 1' \
             -H 'sec-fetch-site: same-origin' -d '{{\"emailOrPhone\":\"you@example.com\"}}'"
        );
        println!("  curl {endpoint}/inbox.json");
        return;
    }
    println!("Request a code, through either API, read it, and show the settings of a client:");
    println!();
    println!(
        "  curl {endpoint}/v1/sign-in -H 'content-type: application/json' \
         -d '{{\"emailOrPhone\":\"you@example.com\"}}'"
    );
    println!(
        "  curl {endpoint}/graphql -H 'content-type: application/json' -H 'x-api-key: {api_key}' \
         -d '{{\"query\":\"mutation{{signIn(input:{{emailOrPhone:\\\"you@example.com\\\",method:EMAIL}}){{session username}}}}\"}}'"
    );
    println!("  curl {endpoint}/inbox.json");
    println!("  curl {endpoint}/config.json");
}
