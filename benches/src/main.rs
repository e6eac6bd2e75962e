//! The speed of the Lambdas. Each is a process of its own, invoked as by Lambda, with a stand-in
//! for AWS on loopback over TLS. One run also measures an empty function, and the same work on
//! other runtimes.
//!
//! `cargo xtask bench` builds the compared functions and starts this.
#![expect(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "it prints figures; none of them is near 2^52"
)]

mod aws;
mod events;
mod functions;
mod host;
mod http;
mod instructions;
mod measure;
mod namespace;
mod table;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use aws::Aws;
use events::Events;
use functions::{Missing, Row};
use table::Figures;

/// Measure starts, calls and memory of the Lambdas and of the functions they are compared with.
///
/// A row whose runtime or build is missing says so and names the command that makes it. Starts of
/// all rows are interleaved, so that other load on the machine affects all of them alike: read
/// ratios, not times.
#[derive(Parser)]
#[command(bin_name = "cargo xtask bench")]
struct Cli {
    /// Fewer starts and calls: 5 and 200
    #[arg(long)]
    quick: bool,
    /// Starts of each function
    #[arg(long, default_value_t = 25)]
    starts: usize,
    /// Calls of each warm function
    #[arg(long, default_value_t = 2000)]
    calls: usize,
    /// The milliseconds that AWS takes for each answer
    #[arg(long, default_value_t = 0)]
    latency: u64,
    /// Only rows whose name contains this, and the floor
    #[arg(long, default_value = "")]
    only: String,
    /// Do not count instructions with callgrind
    #[arg(long)]
    no_instructions: bool,
}

fn main() -> ExitCode {
    let mut cli = Cli::parse();
    if cli.quick {
        cli.starts = cli.starts.min(5);
        cli.calls = cli.calls.min(200);
    }
    let root = root();
    let measured = match namespace::enter(&root.join("target/bench")) {
        Ok(None) => run(&cli, root),
        Ok(Some(code)) => return code,
        Err(error) => Err(error),
    };
    match measured {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Returns the folder of the repository.
fn root() -> &'static Path {
    // Invariant: the crate is a folder of the workspace's root.
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("."))
}

fn run(cli: &Cli, root: &Path) -> Result<(), String> {
    let folder = root.join("target/bench");
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let events = Events::new().ok_or("the keys could not be created")?;
    let latency = Duration::from_millis(cli.latency);
    let aws = Aws::start(&folder, latency, &events)?;
    let (mut rows, missing) = functions::all(root, &aws, &events);
    rows.retain(|row| {
        row.function.name == functions::FLOOR || row.function.name.contains(&cli.only)
    });

    println!("{}", machine());
    println!(
        "{} starts, interleaved, and {} warm calls of each; AWS answers after {} ms.\n",
        cli.starts, cli.calls, cli.latency
    );
    let mut figures: Vec<Figures> = rows.iter().map(|row| Figures::new(&row.function)).collect();
    for start in 0..cli.starts {
        println!("  start {} of {}", start + 1, cli.starts);
        for (row, figures) in rows.iter().zip(&mut figures) {
            cold(row, figures, &aws, &folder)?;
        }
    }
    println!("  {} warm calls of each, interleaved", cli.calls);
    warm(&rows, &mut figures, cli.calls, &aws, &folder)?;
    let instructions = if cli.no_instructions {
        Err("not counted (--no-instructions)".to_owned())
    } else {
        println!("  instructions, with callgrind");
        instructions::count(&rows, &folder)
    };
    table::print(&figures, &instructions);
    for Missing { row, make } in &missing {
        println!("not measured: {row}; `{make}`");
    }
    Ok(())
}

/// Measures one start and its first call.
fn cold(row: &Row<'_>, figures: &mut Figures, aws: &Aws, logs: &Path) -> Result<(), String> {
    aws.requests();
    let mut running = row.function.start(logs)?;
    let first = running.invoke((row.event)())?;
    (row.check)(&first.body).map_err(|why| format!("{}: {why}", row.function.name))?;
    let usage = running
        .usage()
        .ok_or("the kernel reports no resource use of the process")?;
    figures.init.push(running.init);
    figures.first.push(first.answered);
    figures.first_ended.push(first.ended);
    figures.cold.push(running.init + first.ended);
    figures.cold_cpu.push(usage.cpu);
    figures.requests = aws.requests();
    Ok(())
}

/// The number of warm calls of one function before those of the next.
const TURN: usize = 100;

/// Measures many calls of one process of each function, by turns.
fn warm(
    rows: &[Row<'_>],
    figures: &mut [Figures],
    calls: usize,
    aws: &Aws,
    logs: &Path,
) -> Result<(), String> {
    let no_usage = || "the kernel reports no resource use of the process".to_owned();
    let mut running = Vec::with_capacity(rows.len());
    for row in rows {
        let mut function = row.function.start(logs)?;
        // The first calls compile and connect, so they are not warm.
        for _ in 0..=calls / 20 {
            function.invoke((row.event)())?;
        }
        running.push(function);
    }
    let mut left = calls;
    while left > 0 {
        let turn = left.min(TURN);
        left -= turn;
        for ((row, figures), function) in rows.iter().zip(&mut *figures).zip(&mut running) {
            aws.requests();
            let before = function.usage().ok_or_else(no_usage)?;
            for _ in 0..turn {
                let invocation = function.invoke((row.event)())?;
                figures.warm.push(invocation.ended);
            }
            let usage = function.usage().ok_or_else(no_usage)?;
            figures.warm_cpu += usage.cpu.saturating_sub(before.cpu);
            figures.warm_connections += aws.requests().connections;
            figures.peak = usage.peak;
        }
    }
    let calls = u32::try_from(calls).unwrap_or(u32::MAX);
    for figures in figures {
        figures.warm_cpu /= calls.max(1);
    }
    Ok(())
}

/// Describes the machine of the figures.
fn machine() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cpu = read("/proc/cpuinfo");
    let model = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("an unknown processor", |rest| {
            rest.trim_start_matches([' ', '\t', ':'])
        });
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let kernel = read("/proc/sys/kernel/osrelease");
    let load = read("/proc/loadavg");
    let load = load.split(' ').next().unwrap_or("?");
    format!(
        "{model}, {cores} cores, Linux {}, load {load} at the start",
        kernel.trim()
    )
}

/// A file or folder of the repository.
fn path(root: &Path, of: &str) -> PathBuf {
    root.join(of)
}
