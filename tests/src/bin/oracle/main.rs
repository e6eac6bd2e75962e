//! Whether an account shows in the work or the time of an answer: `cargo xtask oracle`.
//!
//! The Lambdas' own binaries run as processes under a host of the Runtime API, with delivery after
//! the response; the Cognito stand-in calls them, and they call it, a table and couriers, all on
//! loopback. Three figures of each step are compared between visitors with and without an account:
//! the CPU time inside the functions, the time that the caller waits for them, and their calls.
#![expect(
    clippy::print_stdout,
    reason = "it reports to the operator who started it"
)]

mod cloud;
mod deployment;
mod function;
mod meter;
mod report;
mod statistics;
mod table;
mod visit;

use std::collections::BTreeMap;
use std::fs;
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, ValueEnum};
use deployment::{Deployment, FUNCTIONS, Measured, SignedIn};
use latchstring_core::ports::Entropy;
use latchstring_memory::SeededEntropy;
use visit::{Channel, Class, Contact, Step, Visit};

/// Measure whether the time of an answer shows who has an account.
///
/// Visitors of every class call the resolvers and Cognito's anonymous operations, on the real
/// binaries, and each class is compared with visitors without an account. The exit status is 0 if
/// nothing tells them apart; with --sabotage, if something does. Ctrl-C ends it early, with the
/// figures so far.
#[derive(Parser)]
#[command(name = "cargo xtask oracle", bin_name = "cargo xtask oracle")]
struct Cli {
    /// Visitors of each class at each step
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(20..))]
    calls: u32,

    /// The source of the visitors' order
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// The profile that the functions were built with: a folder of target
    #[arg(long, default_value = "counted")]
    profile: String,

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

/// The figures of a step and a class, one entry a visitor.
#[derive(Debug, Default)]
struct Figures {
    /// Microseconds of CPU time in each function.
    cpu: [Vec<f64>; FUNCTIONS.len()],
    /// Microseconds that the caller waited, without the stand-ins' time.
    wait: Vec<f64>,
    /// Calls that the functions made before the answer.
    calls: Vec<f64>,
}

type Samples = BTreeMap<(Step, Channel, Class), Figures>;

/// How many visits of each class to each step are under way at once: the steps of all of them are
/// shuffled, so that another visitor's step comes before each.
const BLOCK: u32 = 5;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    println!("Load of the machine: {}.", load());
    let samples = measure(&cli).await;
    println!("Load of the machine: {}.", load());
    let found = report::print(&samples);
    let broken = cli.sabotage.is_some();
    if !found.control && !broken {
        println!("\nVerdict: inconclusive. The one more call for a disabled user was not seen.");
        return ExitCode::FAILURE;
    }
    match (found.told, broken) {
        (0, false) => {
            println!("\nVerdict: passed. No account shows in the functions' work or time, but for");
            println!(
                "the one more call of signIn for a disabled user (SECURITY.md), which was seen."
            );
        }
        (told, false) => println!("\nVerdict: FAILED. {told} comparisons tell accounts apart."),
        (0, true) => println!("\nVerdict: FAILED. The sabotage was not noticed."),
        (told, true) => println!("\nVerdict: passed. {told} comparisons show the sabotage."),
    }
    if (found.told > 0) == broken {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace()
        .next()
        .unwrap_or("unknown")
        .to_owned()
}

/// Measures block after block; the first twentieth only warms up.
async fn measure(cli: &Cli) -> Samples {
    println!("Starting the functions…");
    let deployment = Deployment::start(&cli.profile, cli.sabotage).await;
    let entropy = SeededEntropy::new(cli.seed);
    let blocks = cli.calls.div_ceil(BLOCK);
    let warm_up = blocks.div_ceil(20);
    let begun = Instant::now();
    let mut number = 0;
    let mut left_out = 0;
    let mut samples = Samples::new();
    let mut shown = None;
    for block in 0..warm_up + blocks {
        let percent = 100 * block / (warm_up + blocks) / 5 * 5;
        if shown != Some(percent) {
            println!("{percent:3} %  {:.0} s", begun.elapsed().as_secs_f64());
            shown = Some(percent);
        }
        let (visits, measured) = tokio::select! {
            measured = one_block(&deployment, &entropy, block, &mut number) => measured,
            _ = tokio::signal::ctrl_c() => {
                println!("Ended early, by Ctrl-C.");
                break;
            }
        };
        left_out += visits - measured.len();
        if block >= warm_up {
            for (key, measured) in measured {
                let figures = samples.entry(key).or_default();
                for (all, cpu) in figures.cpu.iter_mut().zip(measured.cpu) {
                    all.push(cpu);
                }
                figures.wait.push(measured.wait);
                figures.calls.push(f64::from(measured.calls));
            }
        }
    }
    println!(
        "After {:.0} s, {} visits, {} of them left out because a call timed out, and {} messages.",
        begun.elapsed().as_secs_f64(),
        number,
        left_out,
        deployment.cloud.messages()
    );
    samples
}

/// A block of visitors of every class to every step: all steps that lead to the measured ones, in a
/// random order, and then the measured ones in another. Returns the number of visits, and the
/// figures of those that were measured.
async fn one_block(
    deployment: &Deployment,
    entropy: &SeededEntropy,
    block: u32,
    number: &mut u32,
) -> (usize, Vec<((Step, Channel, Class), Measured)>) {
    let by = attacker(deployment, block).await;
    let mut visits = Vec::new();
    for _ in 0..BLOCK {
        visits.extend(Visit::one_of_each(number));
    }
    shuffle(&mut visits, entropy);
    visits.sort_by_key(Visit::is_made_last);
    for visit in &visits {
        visit.set_up(deployment).await;
    }
    let deepest = visits.iter().map(Visit::depth).max().unwrap_or(0);
    for nth in 0..deepest {
        shuffle(&mut visits, entropy);
        for visit in &mut visits {
            if nth < visit.depth() {
                visit.prepare(nth, deployment, &by).await;
            }
        }
    }
    shuffle(&mut visits, entropy);
    let mut measured = Vec::new();
    deployment.set_measures(true);
    for visit in &mut visits {
        let key = (visit.step, visit.channel(), visit.class);
        if let Some(figures) = visit.measure(deployment, &by).await {
            measured.push((key, figures));
        }
    }
    deployment.set_measures(false);
    for visit in &visits {
        visit.clean_up(deployment).await;
    }
    deployment.delete(by.username()).await;
    deployment.clear();
    (visits.len(), measured)
}

/// The account that calls `changeContact`.
async fn attacker(deployment: &Deployment, block: u32) -> SignedIn {
    let username = visit::username(2, block);
    deployment
        .create_account(&username, &Contact::attackers(block))
        .await;
    deployment.sign_in(&username).await
}

fn shuffle<T>(items: &mut [T], entropy: &SeededEntropy) {
    for last in (1..items.len()).rev() {
        let drawn = u64::from_be_bytes(entropy.bytes());
        // Far more numbers than items: the bias is far below what could matter here.
        let other = usize::try_from(drawn % (last as u64 + 1)).unwrap_or(0);
        items.swap(last, other);
    }
}
