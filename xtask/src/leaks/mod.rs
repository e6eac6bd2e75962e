//! The search for leaks: nothing that was printed or logged while the tests ran may be a code,
//! address, number, ticket or token.
//!
//! Two searches over every file in `target/test-output`: for anything of a telling shape
//! ([`shapes`]), and for the very secrets that the tests noted in `target/test-secrets`
//! ([`noted`]). A finding names the place and the kind, and never repeats the value.

mod noted;
mod shapes;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::repository::Repository;
use noted::Noted;
use shapes::Shapes;

/// More findings than a person reads.
const SHOWN: usize = 50;

/// What something that must stay secret looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Email,
    PhoneNumber,
    Jwt,
    Sealed,
    Opaque,
    Noted,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Email => "an email address",
            Self::PhoneNumber => "a phone number",
            Self::Jwt => "a JWT",
            Self::Sealed => "a sealed text (ticket, proof or contact)",
            Self::Opaque => "an opaque token (session or refresh token)",
            Self::Noted => "a secret that a test noted",
        })
    }
}

struct Finding {
    file: PathBuf,
    line: usize,
    kind: Kind,
}

/// Searches what the last run of the tests left behind.
pub(crate) fn check(repository: &Repository) -> Result<(), Failure> {
    let noted = read_noted(repository)?;
    let texts = read_output(repository)?;
    let shapes = Shapes::new();
    let mut lines = 0;
    let mut findings = Vec::new();
    for (file, text) in &texts {
        for (index, line) in text.lines().enumerate() {
            lines += 1;
            for kind in kinds(line, &shapes, &noted) {
                findings.push(Finding {
                    file: file.clone(),
                    line: index + 1,
                    kind,
                });
            }
        }
    }
    println!(
        "      searched {lines} lines of {} files, also for {} noted secrets",
        texts.len(),
        noted.len()
    );
    for Finding { file, line, kind } in findings.iter().take(SHOWN) {
        println!("      {}:{line}: {kind}", repository.shown(file));
    }
    if findings.len() > SHOWN {
        println!("      and {} more", findings.len() - SHOWN);
    }
    if findings.is_empty() {
        Ok(())
    } else {
        Err(Failure::Leaks(findings.len()))
    }
}

fn kinds(line: &str, shapes: &Shapes, noted: &Noted) -> Vec<Kind> {
    let plain = shapes.plain(line);
    let mut kinds = shapes.kinds_in(&plain);
    if noted.is_in(line) || noted.is_in(&plain) {
        kinds.push(Kind::Noted);
    }
    kinds
}

/// A test that notes nothing would make the search for noted secrets pass whatever was printed.
fn read_noted(repository: &Repository) -> Result<Noted, Failure> {
    let folder = repository.test_secrets();
    let mut noted = Noted::default();
    for path in files(&folder)? {
        if path.extension().is_some_and(|extension| extension == "txt") {
            read(&path)?.lines().for_each(|line| noted.add(line));
        }
    }
    if noted.len() == 0 {
        return Err(Failure::Toothless(format!(
            "no test noted a secret in {}",
            repository.shown(&folder)
        )));
    }
    Ok(noted)
}

/// Everything that was printed and logged. Each of it must be there, or a broken capture would
/// look like a clean one.
fn read_output(repository: &Repository) -> Result<Vec<(PathBuf, String)>, Failure> {
    let printed = repository.cargo_test_output();
    let mut texts = Vec::new();
    for path in files(&repository.test_output())? {
        let text = read(&path)?;
        if text.trim().is_empty() {
            let shown = repository.shown(&path);
            return Err(Failure::Toothless(format!("{shown} is empty")));
        }
        texts.push((path, text));
    }
    if !texts.iter().any(|(path, _)| *path == printed) {
        let shown = repository.shown(&printed);
        return Err(Failure::Toothless(format!("there is no {shown}")));
    }
    let is_log = |path: &Path| path.extension().is_some_and(|extension| extension == "log");
    if !texts.iter().any(|(path, _)| is_log(path)) {
        let shown = repository.shown(&repository.test_output());
        return Err(Failure::Toothless(format!(
            "no test kept a service's log in {shown}/*.log"
        )));
    }
    Ok(texts)
}

/// All files in and below a folder, in a fixed order; none if there is no such folder.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(Failure::at(folder))? {
        let path = entry.map_err(Failure::at(folder))?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn read(path: &Path) -> Result<String, Failure> {
    let bytes = fs::read(path).map_err(Failure::at(path))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
