//! Counts, with valgrind, the instructions of the handlers over the ports in memory, and compares
//! them with the agreed numbers. A count does not depend on the load of the machine.

use std::collections::BTreeMap;
use std::env::consts::ARCH;
use std::fs;

use crate::command::Line;
use crate::console;
use crate::failure::{Failed, Failure};
use crate::repository::Repository;
use crate::steps::show_and_run;

/// The functions that `shared/lambda/examples/instructions.rs` can measure, in the order of a
/// sign-in.
const FUNCTIONS: [&str; 4] = ["sign-in", "create", "verify", "define"];
/// The number of measured calls of a function in one run.
const TIMES: u64 = 20;
/// The permitted excess over the agreed number. The order of hash maps differs between runs, by
/// less than 1 %; libraries use different instructions on different processors.
const LEEWAY_PERCENT: u64 = 5;

/// The file of agreed numbers: one line for each architecture and function.
const AGREED: &str = "xtask/instructions.txt";
const FOLDER: &str = "target/instructions";

/// Counts and prints, then compares with the agreed numbers or, if requested, replaces them.
pub(crate) fn run(repository: &Repository, bless: bool) -> Result<(), Failed> {
    let again = "cargo xtask instructions";
    let folder = repository.root().join(FOLDER);
    fs::create_dir_all(&folder).map_err(|error| Failure::at(&folder)(error).of(&again))?;
    // Built first, so that valgrind does not run the build.
    show_and_run(repository, &example("build"))?;
    let mut counted = BTreeMap::new();
    for function in FUNCTIONS {
        counted.insert(
            function,
            count(repository, function).map_err(|why| why.of(&again))?,
        );
    }
    let path = repository.root().join(AGREED);
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        read => read.map_err(|error| Failure::at(&path)(error).of(&again))?,
    };
    let verdicts = compared(ARCH, &counted, &text);
    for verdict in &verdicts {
        console::say(format_args!("      {}", verdict.words));
    }
    if bless {
        console::say(format_args!("      Agreed: these figures, in {AGREED}."));
        return fs::write(&path, agreed_anew(ARCH, &counted, &text))
            .map_err(|error| Failure::at(&path)(error).of(&again));
    }
    if verdicts.iter().any(|verdict| verdict.is_too_much) {
        console::say("      If that is worth it: cargo xtask instructions --bless, and say why.");
        return Err(Failure::Instructions.of(&again));
    }
    Ok(())
}

fn example(what: &str) -> Line {
    Line::cargo(&[what, "--quiet", "--locked", "--profile", "counted"]).args(&[
        "--package",
        "latchstring-lambda",
        "--example",
        "instructions",
    ])
}

/// Returns the instructions of one call, on average.
fn count(repository: &Repository, function: &str) -> Result<u64, Failure> {
    let out = format!("{FOLDER}/{function}.out");
    let words = [
        "valgrind",
        "--tool=callgrind",
        // Only what goes through this function is counted.
        "--toggle-collect=*measured*",
        &format!("--callgrind-out-file={out}"),
        &format!("--log-file={FOLDER}/{function}.log"),
    ];
    let words: Vec<_> = words.iter().map(|word| format!("\"{word}\"")).collect();
    let runner = format!("target.'cfg(all())'.runner = [{}]", words.join(", "));
    example("run")
        .args(&["--config", &runner, "--", function])
        .run(repository)?;
    let path = repository.root().join(out);
    let text = fs::read_to_string(&path).map_err(Failure::at(&path))?;
    total(&text)
        .map(|total| total / TIMES)
        .filter(|count| *count > 0)
        .ok_or(Failure::NothingCounted)
}

/// Returns the total at the end of callgrind's file.
fn total(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("totals:"))?;
    line.trim().parse().ok()
}

struct Verdict {
    words: String,
    is_too_much: bool,
}

fn agreed(architecture: &str, function: &str, text: &str) -> Option<u64> {
    text.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        (words.next() == Some(architecture) && words.next() == Some(function))
            .then(|| words.next()?.parse().ok())?
    })
}

fn compared(architecture: &str, counted: &BTreeMap<&str, u64>, text: &str) -> Vec<Verdict> {
    let in_order = FUNCTIONS.iter().filter_map(|function| {
        let count = *counted.get(function)?;
        let Some(agreed) = agreed(architecture, function, text) else {
            return Some(Verdict {
                words: format!("{function}: {count} instructions; none agreed for {architecture}"),
                is_too_much: false,
            });
        };
        let allowed = agreed + agreed * LEEWAY_PERCENT / 100;
        let is_too_much = count > allowed;
        let verdict = if is_too_much { "TOO MANY" } else { "ok" };
        Some(Verdict {
            words: format!(
                "{function}: {count} instructions, at most {allowed} allowed \
                 ({agreed} agreed and {LEEWAY_PERCENT} %): {verdict}"
            ),
            is_too_much,
        })
    });
    in_order.collect()
}

/// Returns the file with this architecture's lines replaced.
fn agreed_anew(architecture: &str, counted: &BTreeMap<&str, u64>, text: &str) -> String {
    let others = text
        .lines()
        .filter(|line| line.split_whitespace().next() != Some(architecture))
        .map(str::to_owned);
    let ours = FUNCTIONS.iter().filter_map(|function| {
        let count = counted.get(function)?;
        Some(format!("{architecture} {function} {count}"))
    });
    let mut lines: Vec<_> = others.chain(ours).collect();
    lines.push(String::new());
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_the_total_of_callgrind() {
        assert_eq!(total("events: Ir\nfn=(1)\n0 7\ntotals: 120\n"), Some(120));
        assert_eq!(total("events: Ir\n"), None);
    }

    #[test]
    fn one_percent_more_passes_and_ten_percent_more_fails() {
        let text = "x86_64 verify 1000\naarch64 verify 1\n";
        let is_too_much =
            |count| compared("x86_64", &[("verify", count)].into(), text)[0].is_too_much;
        assert!(!is_too_much(1_010));
        assert!(!is_too_much(1_050));
        assert!(is_too_much(1_051));
        assert!(is_too_much(1_100));
    }

    #[test]
    fn a_refusal_names_the_count_and_the_limit() {
        let verdicts = compared("x86_64", &[("verify", 2_000)].into(), "x86_64 verify 1000");
        assert!(
            verdicts[0]
                .words
                .contains("2000 instructions, at most 1050")
        );
    }

    #[test]
    fn lines_of_another_architecture_stay() {
        let text = agreed_anew(
            "x86_64",
            &[("define", 7)].into(),
            "aarch64 define 9\nx86_64 define 8",
        );
        assert_eq!(text, "aarch64 define 9\nx86_64 define 7\n");
    }
}
