//! The search for leaks: the output and logs of the tests must not contain a code, address, number,
//! ticket or token.
//!
//! There are two searches over every file in `target/test-output`: for text of a typical shape
//! ([`shapes`]), and for the exact secrets that the tests noted in `target/test-secrets`
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

/// The maximum number of findings that are printed.
const SHOWN: usize = 50;

/// The kind of a secret.
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

/// The searched files and the findings.
struct Search {
    files: usize,
    lines: usize,
    noted: usize,
    findings: Vec<Finding>,
}

/// Searches the files that the last run of the tests left.
pub(crate) fn check(repository: &Repository) -> Result<(), Failure> {
    let Search {
        files,
        lines,
        noted,
        findings,
    } = search(repository)?;
    println!("      searched: {lines} lines of {files} files; noted secrets: {noted}");
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

fn search(repository: &Repository) -> Result<Search, Failure> {
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
    Ok(Search {
        files: texts.len(),
        lines,
        noted: noted.len(),
        findings,
    })
}

fn kinds(line: &str, shapes: &Shapes, noted: &Noted) -> Vec<Kind> {
    let plain = shapes.plain(line);
    let mut kinds = shapes.kinds_in(&plain);
    if noted.is_in(line) || plain != line && noted.is_in(&plain) {
        kinds.push(Kind::Noted);
    }
    kinds
}

/// Reads the noted secrets. There must be some: otherwise this search would pass whatever was
/// printed.
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

/// Reads all output and logs. Each file must exist: otherwise a broken capture would look like a
/// clean one.
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

/// Returns all files in and below a folder, in a fixed order; none if there is no such folder.
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

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: [(&str, &str); 3] = [
        ("test-output/cargo-test.txt", "test result: ok.\n"),
        ("test-output/local.log", "listening\n"),
        ("test-secrets/flows.txt", "482913\nAYABeP-secret\n"),
    ];

    /// Searches a checkout of its own, with these files in `target`.
    fn searched(name: &str, files: &[(&str, &str)]) -> Result<Vec<String>, String> {
        let root = std::env::temp_dir().join(format!("xtask-{}-{name}", std::process::id()));
        for (path, text) in files {
            let path = root.join("target").join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let repository = Repository::at(&root);
        let found = search(&repository);
        fs::remove_dir_all(&root).unwrap();
        found
            .map(|search| {
                let tell = |Finding { file, line, kind }: &Finding| {
                    format!("{}:{line}: {kind}", repository.shown(file))
                };
                search.findings.iter().map(tell).collect()
            })
            .map_err(|failure| failure.to_string())
    }

    #[test]
    fn a_clean_run_passes() {
        assert_eq!(searched("clean", &FILES), Ok(Vec::new()));
    }

    #[test]
    fn a_leak_is_reported_by_place_and_kind() {
        let mut files = FILES;
        files[0].1 = "fine\nsent to +14155550132\n";
        files[1].1 = "{\"text\":\"Your code:\\n482913\"}\nSession=AYABeP-secret\n";
        assert_eq!(
            searched("leak", &files).unwrap(),
            [
                "target/test-output/cargo-test.txt:2: a phone number",
                "target/test-output/local.log:1: a secret that a test noted",
                "target/test-output/local.log:2: a secret that a test noted",
            ]
        );
    }

    #[test]
    fn a_search_without_input_fails() {
        for (name, missing, why) in [
            (
                "printed",
                0,
                "there is no target/test-output/cargo-test.txt",
            ),
            ("log", 1, "no test kept a service's log"),
            ("noted", 2, "no test noted a secret"),
        ] {
            let mut files = FILES.to_vec();
            files.remove(missing);
            let failure = searched(name, &files).unwrap_err();
            assert!(failure.contains(why), "{failure}");
        }
        let mut files = FILES;
        files[1].1 = "\n";
        let failure = searched("empty", &files).unwrap_err();
        assert!(
            failure.contains("target/test-output/local.log is empty"),
            "{failure}"
        );
    }
}
