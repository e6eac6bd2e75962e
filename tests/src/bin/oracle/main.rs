//! Whether anybody's account shows in how long an answer takes: `cargo xtask oracle`.
//!
//! The Lambdas' own binaries run as processes under a host of the Runtime API, with delivery after
//! the response; the Cognito stand-in calls them, and they call it, a table and a courier, all on
//! loopback. Visitors of every class come in an order that a seed shuffles. Each class is compared
//! with nobody, step by step.
#![expect(clippy::print_stdout, reason = "it talks to the person who started it")]

mod cloud;
mod deployment;
mod statistics;
mod table;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, ValueEnum};
use deployment::{COURIER, Deployment, Timed};
use latchstring_core::ports::Entropy;
use latchstring_memory::SeededEntropy;
use serde_json::{Value, json};
use statistics::{Comparison, Summary, ninetieth};

/// A difference is told if Welch's |t| is above this: it comes about by chance once in 150,000
/// comparisons. Those who test chips for such leaks use the same number.
const MOST_T: f64 = 4.5;
/// And if it is above this in standard deviations: below, somebody needs some 2,000 answers about
/// one account to tell, and the budgets give ten a day.
const MOST_EFFECT: f64 = 0.1;

/// Measure whether it shows in the time of an answer who has an account.
///
/// Visitors of every class call signIn and Cognito's anonymous operations, on the real binaries, and
/// each class is compared with nobody. The exit status is 0 if nothing tells them apart; with
/// --sabotage, if something does. Ctrl-C ends it early, with the figures so far.
///
/// The functions are built as they are deployed; what plays AWS around them is a debug build.
#[derive(Parser)]
#[command(name = "cargo xtask oracle", bin_name = "cargo xtask oracle")]
struct Cli {
    /// Visitors of each class; each makes up to six calls
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(100..))]
    calls: u32,

    /// What the order of visitors comes from
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Break something, to see that it is noticed
    #[arg(long, value_enum)]
    sabotage: Option<Sabotage>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Sabotage {
    /// Deliver before the response (DELIVERY=inline)
    Delivery,
    /// Look the account up before every signIn
    Lookup,
}

/// Who comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Nobody,
    NobodySlowCourier,
    /// Cognito's events about nobody, made as long as those about somebody: what of a difference is
    /// the length of Cognito's event, and what is ours.
    NobodyLongEvent,
    Known,
    JustCreated,
    UnverifiedSecond,
    Disabled,
    /// Does not come.
    Somebody,
}

impl Class {
    const ALL: [Self; 7] = [
        Self::Nobody,
        Self::NobodySlowCourier,
        Self::NobodyLongEvent,
        Self::Known,
        Self::JustCreated,
        Self::UnverifiedSecond,
        Self::Disabled,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::NobodySlowCourier => "nobody, slow courier",
            Self::NobodyLongEvent => "nobody, long event",
            Self::Known => "known",
            Self::JustCreated => "just created",
            Self::UnverifiedSecond => "unverified second",
            Self::Disabled => "disabled",
            Self::Somebody => "somebody",
        }
    }
}

/// What each does, in this order: first what is through the resolver, for Cognito refuses the rest to
/// whoever is disabled, and what comes before a step shows in its time.
const STEPS: [&str; 6] = [
    "signIn",
    "signInTicket",
    "a refused signIn",
    "a wrong answer",
    "InitiateAuth",
    "a ticket",
];

/// The steps from this one on are Cognito's own operations. Their answers tell a user's username to
/// whoever asks (SECURITY.md), so that their times tell nothing more; they are shown all the same.
const ANONYMOUS: usize = 3;
/// Those that send, after which a slow courier makes everybody wait for the next step.
const SENDING: [usize; 2] = [0, 5];

/// Milliseconds, by step and class.
type Samples = BTreeMap<(usize, Class), Vec<f64>>;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let samples = measure(&cli).await;
    let found = report(&samples);
    if !found.control && found.told == 0 {
        println!("\nInconclusive: the one more call for a disabled user was not seen.");
        println!("The machine is too busy for so few calls; try more of them.");
        return ExitCode::FAILURE;
    }
    if found.told == 0 {
        println!(
            "\nVerdict: nothing tells anybody apart from nobody, but for the one more call of"
        );
        println!("signIn for a disabled user, which was seen, as it must be (SECURITY.md).");
    } else {
        println!(
            "\nVerdict: {} of the classes above are told apart.",
            found.told
        );
    }
    if (found.told > 0) == cli.sabotage.is_some() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Everybody's visit, shuffled; the first twentieth only warms up.
async fn measure(cli: &Cli) -> Samples {
    println!("Building and starting the functions…");
    let deployment = Deployment::start(cli.sabotage).await;
    let warm_up = cli.calls / 20;
    let mut visits: Vec<(Class, u32)> = Class::ALL
        .into_iter()
        .flat_map(|class| (0..warm_up + cli.calls).map(move |number| (class, number)))
        .collect();
    println!("Making accounts…");
    for (class, number) in &visits {
        match class {
            Class::Known | Class::UnverifiedSecond | Class::Disabled => {
                create(&deployment, *class, *number).await;
            }
            _ => {}
        }
    }
    shuffle(&mut visits, cli.seed);
    let begun = Instant::now();
    let mut samples = Samples::new();
    let all = visits.len();
    for (done, (class, number)) in visits.into_iter().enumerate() {
        if done % (all / 20) == 0 {
            let percent = 100 * done / all;
            println!("{percent:3} %  {:.0} s", begun.elapsed().as_secs_f64());
        }
        let times = tokio::select! {
            times = visit(&deployment, class, number) => times,
            _ = tokio::signal::ctrl_c() => {
                println!("Ended early, by Ctrl-C.");
                break;
            }
        };
        if done >= all / 21 {
            for (step, millis) in times {
                samples.entry((step, class)).or_default().push(millis);
            }
        }
    }
    println!(
        "After {:.0} s, and {} mails, the figures:",
        begun.elapsed().as_secs_f64(),
        deployment.cloud.mails()
    );
    samples
}

fn shuffle<T>(items: &mut [T], seed: u64) {
    let entropy = SeededEntropy::new(seed);
    for last in (1..items.len()).rev() {
        let drawn = u64::from_be_bytes(entropy.bytes());
        // Far more numbers than items: the bias is far below what could matter here.
        let other = usize::try_from(drawn % (last as u64 + 1)).unwrap_or(0);
        items.swap(last, other);
    }
}

/// One length for all.
fn address(class: Class, number: u32) -> String {
    format!("{}{number:09}@example.com", class as u8)
}

/// Whether the address is of that class.
fn is_of(class: Class, typed: &str) -> bool {
    typed.starts_with(&(class as u8).to_string())
}

async fn create(deployment: &Deployment, class: Class, number: u32) {
    let typed = address(class, number);
    let username = format!("{:08x}-0000-4000-8000-{number:012x}", class as u32);
    let phone = format!("+1415555{:04}", number % 10_000);
    let phone = (class == Class::UnverifiedSecond).then_some(&*phone);
    deployment.create_account(&username, &typed, phone).await;
    if class == Class::Disabled {
        deployment.disable(&username).await;
    }
}

/// What one visitor does, and how long each step took.
async fn visit(deployment: &Deployment, class: Class, number: u32) -> Vec<(usize, f64)> {
    let slow = class == Class::NobodySlowCourier;
    deployment.cloud.courier_takes(COURIER[usize::from(slow)]);
    // The same was done before everybody's visit; only for the one it was their own account.
    let (whose, before) = match class {
        Class::JustCreated => (class, number),
        _ => (Class::Somebody, number * 8 + class as u32),
    };
    create(deployment, whose, before).await;
    let typed = address(class, number);
    let typed = typed.as_str();
    let mut times = Vec::new();
    let mut note = |step: usize, timed: Timed, wanted: &str| {
        let is_there = timed.answer.pointer(wanted).is_some();
        assert!(is_there, "{} is answered otherwise", STEPS[step]);
        times.push((step, timed.millis));
        timed.answer
    };
    let asked = deployment.resolve("signIn", typed).await;
    let asked = note(0, asked, "/data/session");
    let ticket = deployment.resolve("signInTicket", typed).await;
    let ticket = note(1, ticket, "/data/ticket");
    let refused = deployment.resolve("signIn", typed).await;
    note(2, refused, "/error/message");
    if class != Class::Disabled {
        let session = &asked["data"]["session"];
        let wrong = deployment.respond(session, typed, json!({})).await;
        note(3, wrong, "/Session");
        let opened = deployment.initiate(typed).await;
        let opened = note(4, opened, "/Session");
        let metadata: Value = json!({"method": "email", "ticket": ticket["data"]["ticket"]});
        let asked = deployment.respond(&opened["Session"], typed, metadata);
        note(5, asked.await, "/ChallengeParameters/codeLength");
    }
    times
}

#[derive(Default)]
struct Found {
    /// Comparisons that tell somebody apart from nobody, without the one that must.
    told: usize,
    /// Whether the one that must does.
    control: bool,
}

fn report(samples: &Samples) -> Found {
    println!("\nEach class is compared with nobody twice: by all values, and by those below the");
    println!("ninetieth percentile of the step, for what other programs do shows above it.");
    println!("Told apart if |t| > {MOST_T} and |d| > {MOST_EFFECT} in either. Times in ms.");
    let mut found = Found::default();
    for (step, name) in STEPS.into_iter().enumerate() {
        let of = |class| samples.get(&(step, class)).map(Vec::as_slice);
        let most = ninetieth(Class::ALL.into_iter().filter_map(of));
        let summaries = |values: &[f64]| {
            let below: Vec<f64> = values.iter().copied().filter(|v| *v < most).collect();
            [Summary::of(values), Summary::of(&below)]
        };
        let nobody = summaries(of(Class::Nobody).expect("somebody came"));
        println!(
            "\n{name:20}     n    mean  median |       t     df      d | below 90 %: t     df      d"
        );
        for class in Class::ALL {
            let Some(values) = of(class) else { continue };
            let summaries = summaries(values);
            let Summary {
                number,
                mean,
                median,
                ..
            } = summaries[0];
            print!("{:20} {number:5} {mean:7.2} {median:7.2} |", class.name());
            if class == Class::Nobody {
                println!();
                continue;
            }
            let compared = [0, 1].map(|n| Comparison::of(&summaries[n], &nobody[n]));
            let [all, below] = compared.map(|Comparison { t, freedom, effect }| {
                format!("{t:7.2} {freedom:6.0} {effect:6.3}")
            });
            let tells = |c: &Comparison| c.t.abs() > MOST_T && c.effect.abs() > MOST_EFFECT;
            let told = compared.iter().any(tells);
            // SECURITY.md says so; what follows is after a session that sent nothing.
            let excuse = match class {
                Class::Disabled => Some("as known"),
                Class::NobodySlowCourier if SENDING.contains(&step) => None,
                Class::NobodySlowCourier => Some("after a longer wait"),
                Class::NobodyLongEvent => Some("by Cognito's event"),
                _ if step >= ANONYMOUS => Some("as Cognito's answer is"),
                _ => None,
            };
            let says = match (told, excuse) {
                (true, Some(excuse)) => format!("told apart, {excuse}"),
                (true, None) => "TOLD APART".to_owned(),
                (false, _) => String::new(),
            };
            println!(" {all} |      {below} {says}");
            found.control |= told && class == Class::Disabled && step == 0;
            found.told += usize::from(told && excuse.is_none());
        }
    }
    found
}
