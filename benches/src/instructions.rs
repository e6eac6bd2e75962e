//! The instructions of a warm call, counted by callgrind: the difference between many calls and
//! fewer.
//!
//! Valgrind's processor has no SHA instructions, so hashing counts for more here than on a real
//! one.

use std::fs;
use std::path::Path;

use crate::functions::{COUNTED, Row};

const FEW: u64 = 100;
const MANY: u64 = 600;

/// Counts the instructions a call of the compared rows.
pub(crate) fn count(rows: &[Row<'_>], folder: &Path) -> Result<Vec<(&'static str, u64)>, String> {
    let counted = rows
        .iter()
        .filter(|row| COUNTED.contains(&row.function.name));
    counted
        .map(|row| {
            let few = total(row, FEW, folder)?;
            let many = total(row, MANY, folder)?;
            Ok((row.function.name, many.saturating_sub(few) / (MANY - FEW)))
        })
        .collect()
}

fn total(row: &Row<'_>, calls: u64, folder: &Path) -> Result<u64, String> {
    let out = folder.join("callgrind.out");
    let wrapper = [
        "/usr/bin/valgrind".to_owned(),
        "--tool=callgrind".to_owned(),
        format!("--callgrind-out-file={}", out.display()),
    ];
    let mut running = row.function.start_under(&wrapper, folder)?;
    for _ in 0..calls {
        running.invoke((row.event)())?;
    }
    running.terminate();
    let text = fs::read_to_string(&out).map_err(|error| format!("callgrind: {error}"))?;
    text.lines()
        .find_map(|line| {
            line.strip_prefix("totals: ")
                .or(line.strip_prefix("summary: "))
        })
        .and_then(|count| count.trim().parse().ok())
        .ok_or_else(|| "callgrind counted nothing".to_owned())
}
