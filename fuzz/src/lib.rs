//! What no input may do to Latchstring's decoders.
//!
//! A [`Target`] is a decoder with a property: what must hold whatever it is given. There is one
//! definition of each. `cargo xtask test` tries it on the seeds and on some thousands of inputs near
//! to them, the same every time; `cargo xtask fuzz` lets libFuzzer look for more, for as long as it
//! is told to. README.md says how.
#![expect(
    clippy::expect_used,
    reason = "a property that does not hold is told by a panic"
)]

mod mutate;
mod targets;
mod world;

use std::path::{Path, PathBuf};
use std::{fs, io};

pub use mutate::mutated;
pub use targets::TARGETS;

/// A decoder, and what must hold whatever it is given.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// What `cargo xtask fuzz` and the folder of its seeds call it.
    pub name: &'static str,
    /// Gives it an input. Says what came of that, and panics if the property does not hold.
    pub check: fn(&[u8]) -> Outcome,
    /// What must come of one seed or another: else the property is about nothing.
    pub reaches: &'static [Outcome],
    /// Texts that mean something to it.
    pub dictionary: &'static [&'static str],
    /// Whether Cognito's golden events are among its seeds.
    pub golden: Option<&'static str>,
}

/// What came of an input, in a word.
pub type Outcome = &'static str;

impl Target {
    /// The target of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        TARGETS.iter().find(|target| target.name == name)
    }

    /// Where its seeds are.
    pub fn folder(&self) -> PathBuf {
        root().join("fuzz/seeds").join(self.name)
    }

    /// The inputs that others are made from, in a fixed order: a file each, and golden events.
    pub fn seeds(&self) -> io::Result<Vec<Vec<u8>>> {
        let mut seeds = Vec::new();
        for path in files(&self.folder())? {
            seeds.push(fs::read(path)?);
        }
        if let Some(trigger) = self.golden {
            for path in files(&root().join("tests/golden"))? {
                let file: serde_json::Value = serde_json::from_slice(&fs::read(path)?)?;
                let exchanges = file["exchanges"].as_array().into_iter().flatten();
                seeds.extend(
                    exchanges
                        .filter(|exchange| exchange["trigger"] == trigger)
                        .map(|exchange| exchange["event"].to_string().into_bytes()),
                );
            }
        }
        Ok(seeds)
    }
}

fn root() -> &'static Path {
    // Invariant: the crate is a folder of the repository.
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("a folder of the repository")
}

fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<Vec<_>>>()?;
    files.sort();
    Ok(files)
}
