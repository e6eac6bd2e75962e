//! `cargo xtask package`: the six Lambdas as zips, beside the template that deploys them.

mod bootstrap;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::ValueEnum;
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::command::Line;
use crate::failure::{Failed, Failure};
use crate::node;
use crate::repository::Repository;
use crate::steps::show_and_run;
use crate::summary::elapsed;
use crate::tools;

pub(crate) use bootstrap::{archive, stored};

/// The packages that are Lambdas; each has one binary of the same name.
pub(crate) const LAMBDAS: [&str; 6] = [
    "latchstring-define-auth-challenge",
    "latchstring-create-auth-challenge",
    "latchstring-verify-auth-challenge-response",
    "latchstring-sign-in",
    "latchstring-sign-up",
    "latchstring-publish-events",
];

/// The file of checksums.
pub(crate) const CHECKSUMS: &str = "SHA256SUMS";

/// A processor of Lambda.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Architecture {
    /// Graviton
    Arm64,
    /// Intel and AMD
    #[value(name = "x86_64")]
    X86_64,
}

impl Architecture {
    /// Returns this machine's architecture, if Lambda has it.
    pub(crate) const fn of_this_machine() -> Option<Self> {
        if cfg!(all(target_arch = "x86_64", target_os = "linux")) {
            Some(Self::X86_64)
        } else if cfg!(all(target_arch = "aarch64", target_os = "linux")) {
            Some(Self::Arm64)
        } else {
            None
        }
    }

    /// Returns Lambda's name of it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Arm64 => "arm64",
            Self::X86_64 => "x86_64",
        }
    }

    const fn target(self) -> &'static str {
        match self {
            Self::Arm64 => "aarch64-unknown-linux-gnu",
            Self::X86_64 => "x86_64-unknown-linux-gnu",
        }
    }
}

/// Returns the folder of an architecture's packages.
pub(crate) fn folder(repository: &Repository, architecture: Architecture) -> PathBuf {
    repository
        .root()
        .join("target/package")
        .join(architecture.name())
}

/// Packages this machine's debug builds, which `cargo build --workspace --bins` made before, and
/// returns the folder. They are made as the release's packages are, and are never deployed on AWS.
pub(crate) fn debug(
    repository: &Repository,
    architecture: Architecture,
) -> Result<PathBuf, Failed> {
    let folder = repository.root().join("target/package/debug");
    zip_debug(repository, &LAMBDAS, &folder)
        .map_err(|failure| failure.of(&"cargo xtask test --only deploy"))?;
    template(repository, architecture, &folder)?;
    Ok(folder)
}

/// Zips this machine's debug builds of some Lambdas into a folder.
pub(crate) fn zip_debug(
    repository: &Repository,
    lambdas: &[&str],
    folder: &Path,
) -> Result<(), Failure> {
    // A debug build names the folder of its sources.
    zip_all(
        &repository.root().join("target/debug"),
        lambdas,
        folder,
        &[],
    )
    .map(|_| ())
}

/// Builds, checks, zips, and synthesises the template.
pub(crate) fn run(repository: &Repository, architecture: Architecture) -> Result<(), Failed> {
    let started = Instant::now();
    let release = build(repository, architecture)?;
    let folder = folder(repository, architecture);
    let repeat = format!("cargo xtask package --arch {}", architecture.name());
    let own = own_paths(repository);
    let zipped =
        zip_all(&release, &LAMBDAS, &folder, &own).map_err(|failure| failure.of(&repeat))?;
    template(repository, architecture, &folder)?;

    println!("\nIn {}:", repository.shown(&folder));
    for (name, bytes) in zipped {
        println!(
            "  {name}  {}.{:02} MB",
            bytes / 1_000_000,
            bytes / 10_000 % 100
        );
    }
    println!("  {CHECKSUMS}");
    println!("  latchstring.template.json");
    println!(
        "Packaged for {} in {}. docs/deploying.md says how to deploy it.",
        architecture.name(),
        elapsed(started.elapsed())
    );
    Ok(())
}

/// Builds the Lambdas for this machine as they are packaged, and `others` with them, into
/// `target/release`.
pub(crate) fn release(repository: &Repository, others: &[&str]) -> Result<(), Failed> {
    let mut line = of_all(Line::cargo(&["build"]));
    for other in others {
        line = line.args(&["--package", other]);
    }
    println!("Building the Lambdas as they are deployed: the first time some minutes.");
    show_and_run(repository, &reproducible(repository, line))
}

/// Builds the Lambdas for this machine with the release's optimisation and without the linking that
/// takes minutes, into `target/counted`.
pub(crate) fn counted(repository: &Repository) -> Result<(), Failed> {
    println!("Building the Lambdas, optimised: the first time some minutes.");
    show_and_run(repository, &of_profile(Line::cargo(&["build"]), "counted"))
}

/// Builds one function for this machine as it is packaged, and returns its zip.
pub(crate) fn one(repository: &Repository, function: &str) -> Result<Vec<u8>, Failed> {
    let line = Line::cargo(&["build", "--release", "--locked", "--target-dir", "target"])
        .args(&["--package", function]);
    let line = reproducible(repository, line);
    show_and_run(repository, &line)?;
    let release = repository.root().join("target/release");
    let own = own_paths(repository);
    zipped(&release, function, &own).map_err(|failure| failure.of(&line))
}

/// Returns the folders of this machine whose paths no released program may name.
fn own_paths(repository: &Repository) -> Vec<PathBuf> {
    let cargo = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(env::home_dir()?.join(".cargo")));
    [Some(repository.root().to_owned()), cargo]
        .into_iter()
        .flatten()
        .collect()
}

/// Has a release's build write no path of this machine into its programs: two checkouts then make
/// the same bytes.
pub(crate) fn reproducible(repository: &Repository, line: Line) -> Line {
    let flags: Vec<String> = own_paths(repository)
        .iter()
        .zip(["/latchstring", "/cargo"])
        .map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display()))
        .collect();
    // The separator of this variable, so that a path may have spaces.
    line.quiet_env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"))
}

/// Adds the same packages to every such build, so that all have the same features and are compiled
/// once.
fn of_all(line: Line) -> Line {
    of_profile(line, "release")
}

fn of_profile(line: Line, profile: &str) -> Line {
    LAMBDAS.into_iter().fold(
        line.args(&["--profile", profile, "--locked", "--target-dir", "target"]),
        |line, package| line.args(&["--package", package]),
    )
}

/// Builds the release binaries and returns their folder.
fn build(repository: &Repository, architecture: Architecture) -> Result<PathBuf, Failed> {
    let native = Architecture::of_this_machine() == Some(architecture);
    let target = architecture.target();
    let (line, folder) = if native {
        (Line::cargo(&["build"]), "target/release".to_owned())
    } else {
        let zigbuild = tools::zigbuild(repository, target)?;
        // The C library of Lambda's provided.al2023.
        let versioned = format!("{target}.{}.{}", bootstrap::GLIBC.0, bootstrap::GLIBC.1);
        let line = zigbuild.args(&["zigbuild", "--target", &versioned]);
        (line, format!("target/{target}/release"))
    };
    println!(
        "Building six Lambdas for {}: the first time some minutes.",
        architecture.name()
    );
    show_and_run(repository, &reproducible(repository, of_all(line)))?;
    Ok(repository.root().join(folder))
}

/// Returns the zip of a function, whose program names none of these folders.
fn zipped(release: &Path, function: &str, own: &[PathBuf]) -> Result<Vec<u8>, Failure> {
    let binary = release.join(function);
    let program = fs::read(&binary).map_err(Failure::at(&binary))?;
    bootstrap::check(function, &program, own)?;
    bootstrap::zip(&program)
}

/// Makes the folder from scratch and returns the names and sizes of its zips. No program may name
/// one of the folders `own`.
fn zip_all(
    release: &Path,
    lambdas: &[&str],
    folder: &Path,
    own: &[PathBuf],
) -> Result<Vec<(String, usize)>, Failure> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(Failure::at(folder))?;
    }
    fs::create_dir_all(folder).map_err(Failure::at(folder))?;
    let mut checksums = String::new();
    let mut sizes = Vec::new();
    for &package in lambdas {
        let zip = zipped(release, package, own)?;
        let name = format!("{package}.zip");
        let path = folder.join(&name);
        fs::write(&path, &zip).map_err(Failure::at(&path))?;
        // The form that `sha256sum --check` reads.
        let digest = HEXLOWER.encode(&Sha256::digest(&zip));
        checksums += &[&digest, "  ", &name, "\n"].concat();
        sizes.push((name, zip.len()));
    }
    let path = folder.join(CHECKSUMS);
    fs::write(&path, checksums).map_err(Failure::at(&path))?;
    Ok(sizes)
}

/// Synthesises the template of the stack in `infra` for this architecture.
fn template(
    repository: &Repository,
    architecture: Architecture,
    folder: &Path,
) -> Result<(), Failed> {
    node::modules(repository, "infra")?;
    let synth = Line::new("npm", "npm")
        .args(&["run", "--silent", "--prefix", "infra", "synth", "--"])
        .args(&["--architecture", architecture.name()])
        .args(&["--out", &folder.display().to_string()]);
    show_and_run(repository, &synth)
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::time::{Duration, SystemTime};

    use super::*;

    #[test]
    fn zips_of_other_times_and_folders_have_equal_bytes() {
        let root = env::temp_dir().join(format!("latchstring-zips-{}", std::process::id()));
        let made = [("a", 0), ("another folder", 1_000_000_000)].map(|(name, seconds)| {
            let release = root.join(name);
            fs::create_dir_all(&release).expect("a folder");
            for lambda in LAMBDAS {
                let path = release.join(lambda);
                fs::write(&path, format!("the program {lambda}")).expect("a file");
                let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
                let file = File::options().append(true).open(&path).expect("a file");
                file.set_modified(time).expect("its time is set");
            }
            let zips = release.join("zips");
            zip_all(&release, &LAMBDAS, &zips, &[]).expect("zips");
            LAMBDAS
                .map(|lambda| format!("{lambda}.zip"))
                .into_iter()
                .chain([CHECKSUMS.to_owned()])
                .map(|name| fs::read(zips.join(name)).expect("a file"))
                .collect::<Vec<_>>()
        });
        fs::remove_dir_all(&root).expect("it goes");
        assert_eq!(made[0].len(), 7);
        assert!(made[0] == made[1]);
    }
}
