//! The whole table, and the targets that it meets.

use std::time::Duration;

use crate::aws::Requests;
use crate::functions::{
    CREATE, DEFINE, DEFINE_TABLE, FLOOR, GO_CREATE, GO_SIGN_IN, NODE_CREATE, NODE_SIGN_IN, SIGN_IN,
    VERIFY, VERIFY_TABLE,
};
use crate::measure::{Function, percentile};

/// The figures of one function.
pub(crate) struct Figures {
    pub(crate) name: &'static str,
    pub(crate) size: Option<u64>,
    pub(crate) init: Vec<Duration>,
    /// The time of the first call, to its answer.
    pub(crate) first: Vec<Duration>,
    /// The time of the first call, to the end of the work after its answer.
    pub(crate) first_ended: Vec<Duration>,
    /// The time of init and the first call to its end.
    pub(crate) cold: Vec<Duration>,
    pub(crate) cold_cpu: Vec<Duration>,
    /// The times of warm calls, to the end of all work.
    pub(crate) warm: Vec<Duration>,
    /// The processor time of a warm call.
    pub(crate) warm_cpu: Duration,
    /// The connections to AWS that the warm calls began.
    pub(crate) warm_connections: usize,
    /// The peak of its memory after all warm calls, in bytes.
    pub(crate) peak: u64,
    /// The AWS requests of the first call.
    pub(crate) requests: Requests,
}

impl Figures {
    pub(crate) fn new(function: &Function) -> Self {
        Self {
            name: function.name,
            size: function.size,
            init: Vec::new(),
            first: Vec::new(),
            first_ended: Vec::new(),
            cold: Vec::new(),
            cold_cpu: Vec::new(),
            warm: Vec::new(),
            warm_cpu: Duration::ZERO,
            warm_connections: 0,
            peak: 0,
            requests: Requests::default(),
        }
    }
}

/// The rows that make the requests of ours.
const PEERS: [&str; 6] = [
    GO_CREATE,
    GO_SIGN_IN,
    NODE_CREATE,
    NODE_SIGN_IN,
    "python create",
    "python sign-in",
];

/// Medians in microseconds.
struct Line<'a> {
    figures: &'a Figures,
    init: f64,
    first: f64,
    first_ended: f64,
    cold: f64,
    p50: f64,
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

fn median(times: &[Duration]) -> f64 {
    micros(percentile(&mut times.to_vec(), 50))
}

/// Prints everything as Markdown.
pub(crate) fn print(figures: &[Figures], instructions: &Result<Vec<(&'static str, u64)>, String>) {
    let lines: Vec<Line<'_>> = figures
        .iter()
        .map(|figures| Line {
            figures,
            init: median(&figures.init),
            first: median(&figures.first),
            first_ended: median(&figures.first_ended),
            cold: median(&figures.cold),
            p50: median(&figures.warm),
        })
        .collect();
    rows(&lines);
    requests(&lines);
    targets(&lines, instructions);
}

fn of<'l, 'f>(lines: &'l [Line<'f>], name: &str) -> Option<&'l Line<'f>> {
    lines.iter().find(|line| line.figures.name == name)
}

fn rows(lines: &[Line<'_>]) {
    let floor = of(lines, FLOOR);
    let by_floor = |value: f64, of: fn(&Line<'_>) -> f64| {
        floor.map_or(0.0, |floor| value / of(floor).max(f64::MIN_POSITIVE))
    };

    println!(
        "\n| function | size MB | init ms | × floor | first answer ms | first, all done ms | init + first ms | × floor | warm p50 µs | p99 µs | × floor | CPU of the start ms | CPU of a call µs | peak MB | × floor |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|");
    for line in lines {
        let Line {
            figures,
            init,
            first,
            first_ended,
            cold,
            p50,
        } = line;
        let size = figures.size.map_or_else(
            || "–".to_owned(),
            |bytes| format!("{:.2}", bytes as f64 / 1e6),
        );
        println!(
            "| {} | {size} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {:.1} | {:.0} | {:.0} | {:.1} | {:.2} | {:.0} | {:.1} | {:.1} |",
            figures.name,
            init / 1e3,
            by_floor(*init, |floor| floor.init),
            first / 1e3,
            first_ended / 1e3,
            cold / 1e3,
            by_floor(*cold, |floor| floor.cold),
            p50,
            micros(percentile(&mut figures.warm.clone(), 99)),
            by_floor(*p50, |floor| floor.p50),
            median(&figures.cold_cpu) / 1e3,
            micros(figures.warm_cpu),
            figures.peak as f64 / 1e6,
            by_floor(figures.peak as f64, |floor| floor.figures.peak as f64),
        );
    }
}

fn requests(lines: &[Line<'_>]) {
    println!("\nRequests to AWS in the first call:");
    for Line { figures, .. } in lines {
        let Requests {
            operations,
            connections,
        } = &figures.requests;
        if operations.is_empty() {
            continue;
        }
        let all = operations;
        let operations: Vec<_> = all
            .iter()
            .map(|(operation, count)| format!("{count} {operation}"))
            .collect();
        let model = if figures.name.ends_with(CREATE) {
            CREATE
        } else {
            SIGN_IN
        };
        let is_peer = PEERS.contains(&figures.name);
        let differs = is_peer
            && of(lines, model).is_some_and(|model| model.figures.requests.operations != *all);
        let note = if differs {
            " **not those of the same job**"
        } else {
            ""
        };
        println!(
            "  {}: {}, over {connections} connections ({} more in {} warm calls){note}",
            figures.name,
            operations.join(", "),
            figures.warm_connections,
            figures.warm.len(),
        );
    }
}

fn targets(lines: &[Line<'_>], instructions: &Result<Vec<(&'static str, u64)>, String>) {
    println!("\n| target | bound | measured | |");
    println!("|---|---|---|---|");
    let at_most = |what: &str, bound: f64, a: &str, b: &str, value: fn(&Line<'_>) -> f64| {
        let measured = of(lines, a)
            .zip(of(lines, b))
            .map(|(a, b)| value(a) / value(b));
        target(what, "at most", bound, measured, |measured| {
            measured <= bound
        });
    };
    let at_least = |what: &str, bound: f64, a: &str, b: &str, value: fn(&Line<'_>) -> f64| {
        let measured = of(lines, a)
            .zip(of(lines, b))
            .map(|(a, b)| value(b) / value(a));
        target(what, "at least", bound, measured, |measured| {
            measured >= bound
        });
    };
    for (name, bound) in [
        (VERIFY, 1.15),
        (DEFINE, 1.15),
        (VERIFY_TABLE, 1.6),
        (DEFINE_TABLE, 1.6),
        (CREATE, 1.5),
        (SIGN_IN, 1.5),
    ] {
        at_most(
            &format!("init of {name} over the floor"),
            bound,
            name,
            FLOOR,
            |line| line.init,
        );
    }
    for (ours, go, node) in [
        (CREATE, GO_CREATE, NODE_CREATE),
        (SIGN_IN, GO_SIGN_IN, NODE_SIGN_IN),
    ] {
        at_most(
            &format!("first TLS call of {ours} over Go's"),
            1.0,
            ours,
            go,
            |line| line.first_ended,
        );
        at_least(
            &format!("init + first call of Node over {ours}"),
            30.0,
            ours,
            node,
            |line| line.cold,
        );
        at_least(
            &format!("init + first call of Go over {ours}"),
            2.5,
            ours,
            go,
            |line| line.cold,
        );
        at_most(
            &format!("peak memory of {ours} over Node's"),
            0.1,
            ours,
            node,
            |line| line.figures.peak as f64,
        );
    }
    at_most(
        "warm call of create over Go's",
        0.8,
        CREATE,
        GO_CREATE,
        |line| line.p50,
    );
    at_most(
        "CPU of a warm call of create over Go's",
        0.8,
        CREATE,
        GO_CREATE,
        |line| micros(line.figures.warm_cpu),
    );
    of_instructions(instructions);
    println!();
}

fn of_instructions(instructions: &Result<Vec<(&'static str, u64)>, String>) {
    match instructions {
        Err(why) => println!("\nInstructions: {why}"),
        Ok(counts) => {
            let count = |name: &str| {
                let found = counts.iter().find(|(counted, _)| *counted == name);
                found.map(|(_, count)| *count as f64)
            };
            for name in [VERIFY, DEFINE] {
                let measured = count(name)
                    .zip(count(FLOOR))
                    .map(|(ours, floor)| ours / floor);
                let what = format!("instructions of a warm call of {name} over the floor");
                target(&what, "at most", 1.25, measured, |measured| {
                    measured <= 1.25
                });
            }
            println!("\nInstructions of a warm call:");
            for (name, count) in counts {
                println!("  {name}: {count}");
            }
        }
    }
}

fn target(
    what: &str,
    than: &str,
    bound: f64,
    measured: Option<f64>,
    is_met: impl FnOnce(f64) -> bool,
) {
    let (measured, met) = match measured {
        None => ("–".to_owned(), "not measured"),
        Some(measured) => (
            format!("{measured:.2}"),
            if is_met(measured) {
                "met"
            } else {
                "**not met**"
            },
        ),
    };
    println!("| {what} | {than} {bound} | {measured} | {met} |");
}
