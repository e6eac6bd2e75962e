//! The measurement of whether an account shows in the work or the time of an answer: `cargo xtask
//! oracle`.
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

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::available_parallelism;
use std::time::Instant;

use clap::{Parser, ValueEnum};
use deployment::{Deployment, FUNCTIONS, Measured, SignedIn};
use futures_util::{StreamExt, stream};
use latchstring_core::ports::Entropy;
use latchstring_memory::SeededEntropy;
use visit::{Channel, Class, Contact, Step, Visit};

/// Measure whether the time of an answer reveals an account.
///
/// Visitors of every class call the resolvers and Cognito's anonymous operations, on the real
/// binaries, and each class is compared with visitors without an account. The exit status is 0 if
/// no comparison reveals an account; with --sabotage, if one does. Ctrl-C ends it early, with the
/// figures so far.
#[derive(Parser)]
#[command(name = "cargo xtask oracle", bin_name = "cargo xtask oracle")]
struct Cli {
    /// Visitors of each class at each step; a tenth where Cognito itself answers
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(20..=100_000))]
    calls: u32,

    /// The seed of the visitors' order
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// The functions' folder in target: with "counted" they are built like a release, which takes
    /// some minutes the first time
    #[arg(long, default_value = "debug")]
    profile: String,

    /// The number of deployments that are measured side by side [default: one a core, at most 4]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=16))]
    lanes: Option<u32>,

    /// The API through which the visitors come. At the HTTP door, status, headers and the shape of the
    /// body are compared too
    #[arg(long, value_enum, default_value = "appsync")]
    door: Door,

    /// Break the product, which must be noticed
    #[arg(long, value_enum)]
    sabotage: Option<Sabotage>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Door {
    /// AppSync, and Cognito itself
    Appsync,
    /// The HTTP API alone
    Http,
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
    /// The shapes of the answers of the HTTP door.
    shapes: BTreeSet<String>,
}

type Key = (Step, Channel, Class);
type Samples = BTreeMap<Key, Figures>;

/// The number of visitors of each class at each step whose steps are shuffled together, so that
/// another visitor's step comes before each.
const BLOCK: u32 = 10;
/// The blocks at the start of a lane whose figures are not used.
const WARM_UP: u32 = 2;
/// More than the contacts of a block.
const CONTACTS: u32 = 1000;
/// The number of accounts that are created or deleted at once.
const AT_ONCE: usize = 4;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    println!("Load of the machine: {}.", load());
    let samples = measure(&cli).await;
    println!("Load of the machine: {}.", load());
    if samples.is_empty() {
        println!("\nVerdict: inconclusive. It ended before the first figures.");
        return ExitCode::FAILURE;
    }
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
        (told, false) => println!("\nVerdict: FAILED. Told apart {told} times."),
        (0, true) => println!("\nVerdict: FAILED. The sabotage was not noticed."),
        (told, true) => println!("\nVerdict: passed. The sabotage was noticed {told} times."),
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

/// The blocks of a run, which its lanes share.
struct Run {
    seed: u64,
    blocks: u32,
    next: AtomicU32,
    begun: Instant,
}

impl Run {
    /// Takes the next block, and prints the progress at every twentieth.
    fn take(&self) -> Option<u32> {
        let block = self.next.fetch_add(1, Ordering::SeqCst);
        let percent = |block: u32| 100 * block / self.blocks / 5 * 5;
        if block == 0 || block <= self.blocks && percent(block) > percent(block - 1) {
            let time = self.begun.elapsed().as_secs_f64();
            println!("{:3} %  {time:.0} s", percent(block));
        }
        (block < self.blocks).then_some(block)
    }
}

/// The figures of a lane.
#[derive(Default)]
struct Lane {
    samples: Samples,
    visits: usize,
    timed_out: usize,
    messages: u64,
}

async fn measure(cli: &Cli) -> Samples {
    let cores = available_parallelism().map_or(1, std::num::NonZero::get);
    let lanes = cli
        .lanes
        .unwrap_or_else(|| u32::try_from(cores.min(4)).unwrap_or(1));
    println!("Starting the functions, {lanes} of each…");
    let run = Arc::new(Run {
        seed: cli.seed,
        blocks: cli.calls.div_ceil(BLOCK),
        next: AtomicU32::new(0),
        begun: Instant::now(),
    });
    let running: Vec<_> = (0..lanes)
        .map(|number| {
            let run = Arc::clone(&run);
            let (profile, door, sabotage) = (cli.profile.clone(), cli.door, cli.sabotage);
            tokio::spawn(async move {
                let deployment = Deployment::start(&profile, door, sabotage).await;
                lane(&run, number, &deployment).await
            })
        })
        .collect();
    let mut all = Lane::default();
    for lane in running {
        let lane = lane.await.expect("a lane ends without a panic");
        all.visits += lane.visits;
        all.timed_out += lane.timed_out;
        all.messages += lane.messages;
        for (key, figures) in lane.samples {
            let into = all.samples.entry(key).or_default();
            for (into, cpu) in into.cpu.iter_mut().zip(figures.cpu) {
                into.extend(cpu);
            }
            into.wait.extend(figures.wait);
            into.calls.extend(figures.calls);
            into.shapes.extend(figures.shapes);
        }
    }
    println!(
        "After {:.0} s, {} visits, {} of them left out because a call timed out, and {} messages.",
        run.begun.elapsed().as_secs_f64(),
        all.visits,
        all.timed_out,
        all.messages
    );
    all.samples
}

/// Measures block after block on one deployment, until none is left.
async fn lane(run: &Run, number: u32, deployment: &Deployment) -> Lane {
    let mut lane = Lane::default();
    let mut ended = pin!(tokio::signal::ctrl_c());
    for warm_up in 0.. {
        // Other contacts, and another order.
        let (block, warms) = if warm_up < WARM_UP {
            (run.blocks + number * WARM_UP + warm_up, true)
        } else if let Some(block) = run.take() {
            (block, false)
        } else {
            break;
        };
        let entropy = SeededEntropy::new(run.seed << 32 | u64::from(block));
        let measured = tokio::select! {
            measured = one_block(deployment, &entropy, block, &mut lane) => measured,
            _ = &mut ended => {
                println!("Ended early, by Ctrl-C.");
                break;
            }
        };
        for (key, measured) in measured {
            if !warms {
                let figures = lane.samples.entry(key).or_default();
                if deployment.door == Door::Http {
                    figures.shapes.insert(measured.shape());
                }
                for (all, cpu) in figures.cpu.iter_mut().zip(measured.cpu) {
                    all.push(cpu);
                }
                figures.wait.push(measured.wait);
                figures.calls.push(f64::from(measured.calls));
            }
        }
    }
    lane.messages = deployment.cloud.messages();
    lane
}

/// A block of visitors of every class in every flow: all first steps in a random order, then all
/// second steps in another, and so on. Returns the figures of the steps that are measured.
async fn one_block(
    deployment: &Deployment,
    entropy: &SeededEntropy,
    block: u32,
    lane: &mut Lane,
) -> Vec<(Key, Measured)> {
    let by = attacker(deployment, block).await;
    let mut visits = Visit::block(deployment.door, BLOCK, block * CONTACTS);
    shuffle(&mut visits, entropy);
    some_at_once(
        visits
            .iter()
            .map(|visit| visit.set_up(deployment))
            .collect(),
    )
    .await;
    let longest = visits.iter().map(|visit| visit.steps().len()).max();
    let mut figures = Vec::new();
    for nth in 0..longest.unwrap_or(0) {
        shuffle(&mut visits, entropy);
        for visit in &mut visits {
            let Some(step) = visit.steps().get(nth).copied() else {
                continue;
            };
            let measured = visit.take(step, deployment, &by).await;
            figures.extend(visit.key(step).zip(measured));
        }
    }
    some_at_once(
        visits
            .iter()
            .map(|visit| visit.clean_up(deployment))
            .collect(),
    )
    .await;
    deployment.delete(by.username()).await;
    deployment.clear();
    lane.visits += visits.len();
    lane.timed_out += visits.iter().filter(|visit| visit.timed_out).count();
    figures
}

/// Waits for all of these, a few at a time.
async fn some_at_once(all: Vec<impl Future<Output = ()>>) {
    let mut ending = stream::iter(all).buffer_unordered(AT_ONCE);
    while ending.next().await.is_some() {}
}

/// The account that calls `changeContact`.
async fn attacker(deployment: &Deployment, block: u32) -> SignedIn {
    let username = visit::username(2, block);
    deployment
        .create_account(&username, &Contact::attackers(block))
        .await;
    deployment.signed_in(&username).await
}

fn shuffle<T>(items: &mut [T], entropy: &SeededEntropy) {
    for last in (1..items.len()).rev() {
        let drawn = u64::from_be_bytes(entropy.bytes());
        // Far more numbers than items: the bias is far below a sample's error.
        let other = usize::try_from(drawn % (last as u64 + 1)).unwrap_or(0);
        items.swap(last, other);
    }
}
