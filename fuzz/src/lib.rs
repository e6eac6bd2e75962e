//! Properties of Latchstring's decoders that hold for every input.
//!
//! A [`Target`] is a decoder with a property that holds for every input. Each is defined once.
//! `cargo xtask test` checks it on the seeds and on some thousands of inputs near to them, the same
//! every time. `cargo xtask fuzz` lets libFuzzer search for more, as long as requested. README.md
//! describes both.
#![expect(
    clippy::expect_used,
    reason = "a property that does not hold is reported by a panic"
)]

mod mutate;
mod targets;
mod world;

use std::path::{Path, PathBuf};
use std::{fs, io};

pub use mutate::mutated;
pub use targets::TARGETS;

/// A decoder, and its property.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The name for `cargo xtask fuzz` and for the folder of its seeds.
    pub name: &'static str,
    /// Checks an input and returns the outcome. It panics if the property does not hold.
    pub check: fn(&[u8]) -> Outcome,
    /// Outcomes that at least one seed must reach; otherwise the property is vacuous.
    pub reaches: &'static [Outcome],
    /// Texts with a meaning for the decoder.
    pub dictionary: &'static [&'static str],
    /// The trigger whose golden events are also seeds, if any.
    pub golden: Option<&'static str>,
}

/// The outcome of an input, in one word.
pub type Outcome = &'static str;

impl Target {
    /// Returns the target of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        TARGETS.iter().find(|target| target.name == name)
    }

    /// The folder of its seeds.
    pub fn folder(&self) -> PathBuf {
        root().join("fuzz/seeds").join(self.name)
    }

    /// Returns the inputs that others are made from, in a fixed order: a file each, and golden
    /// events.
    pub fn seeds(&self) -> io::Result<Vec<Vec<u8>>> {
        let mut seeds = Vec::new();
        for path in files(&self.folder())? {
            seeds.push(fs::read(path)?);
        }
        if let Some(trigger) = self.golden {
            for path in files(&root().join("tests/golden"))? {
                if path.extension().is_none_or(|kind| kind != "json") {
                    continue;
                }
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
