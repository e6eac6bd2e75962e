//! `cargo xtask release`: everything that a release publishes, in one folder with its checksums.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::command::Line;
use crate::failure::{Failed, Failure};
use crate::node;
use crate::package::{self, Architecture, CHECKSUMS, LAMBDAS};
use crate::repository::Repository;
use crate::steps::{self, show_and_run};
use crate::summary::elapsed;
use crate::tools;

/// The folders of the npm packages.
const NPM: [&str; 3] = ["infra", "clients/typescript", "clients/next"];

/// The operator's program.
const CLI: &str = "latchstring";

/// The folder of the release.
const FOLDER: &str = "target/dist";

/// The folder in which the npm package of the construct is put together.
const STAGE: &str = "target/stage";

/// Makes the release's files for these architectures. A rehearsal takes this machine's debug builds
/// instead, and does everything else alike.
pub(crate) fn run(
    repository: &Repository,
    architectures: &[Architecture],
    is_rehearsal: bool,
) -> Result<(), Failed> {
    let started = Instant::now();
    let again = if is_rehearsal {
        "cargo xtask release --rehearse"
    } else {
        "cargo xtask release"
    };
    let release = Release {
        repository,
        folder: repository.root().join(FOLDER),
        version: version(repository).map_err(|why| why.of(&again))?,
        is_rehearsal,
    };
    empty(&release.folder).map_err(|why| why.of(&again))?;
    release.notes().map_err(|why| why.of(&again))?;
    if is_rehearsal {
        steps::binaries(repository)?;
    }
    let mut packaged = Vec::new();
    for architecture in architectures {
        packaged.push((*architecture, release.lambdas(*architecture)?));
    }
    release.cli()?;
    for package in NPM {
        release.npm(package, &packaged)?;
    }
    release.components()?;
    let files = release.checksums().map_err(|why| why.of(&again))?;

    println!("\nIn {FOLDER}:");
    for (name, bytes) in files {
        println!("  {name}  {} kB", bytes.div_ceil(1000));
    }
    println!(
        "Version {} in {}. docs/releasing.md says how to publish it.",
        release.version,
        elapsed(started.elapsed())
    );
    Ok(())
}

/// A release in the making.
struct Release<'a> {
    repository: &'a Repository,
    folder: PathBuf,
    version: String,
    is_rehearsal: bool,
}

impl Release<'_> {
    /// Writes the changelog's section of this version.
    fn notes(&self) -> Result<(), Failure> {
        let changelog = read(&self.repository.root().join("CHANGELOG.md"))?;
        // Before a release the changes are listed under the next version's placeholder.
        let heading = if self.is_rehearsal {
            "Unreleased"
        } else {
            &self.version
        };
        let notes = section(&changelog, heading)
            .ok_or_else(|| Failure::NotInChangelog(heading.to_owned()))?;
        write(&self.folder.join("NOTES.md"), notes.as_bytes())
    }

    /// Packages the Lambdas, and puts their zips and templates into one archive. Returns the folder
    /// of the zips.
    fn lambdas(&self, architecture: Architecture) -> Result<PathBuf, Failed> {
        let zips = if self.is_rehearsal {
            package::debug(self.repository, architecture)?
        } else {
            package::run(self.repository, architecture)?;
            package::folder(self.repository, architecture)
        };
        let name = format!("latchstring-lambdas-{}.zip", architecture.name());
        let archived = files(&zips).and_then(|files| {
            let mut contents = Vec::new();
            for (name, path) in &files {
                contents.push((&**name, fs::read(path).map_err(Failure::at(path))?));
            }
            write(&self.folder.join(&name), &package::stored(&contents)?)
        });
        archived
            .map(|()| zips)
            .map_err(|why| why.of(&"cargo xtask release"))
    }

    /// Builds the operator's program for this machine and puts it into a zip.
    fn cli(&self) -> Result<(), Failed> {
        let profile = if self.is_rehearsal {
            "debug"
        } else {
            let line = Line::cargo(&["build", "--release", "--locked"])
                .args(&["--target-dir", "target"])
                .args(&["--package", "latchstring-cli"]);
            show_and_run(
                self.repository,
                &package::reproducible(self.repository, line),
            )?;
            "release"
        };
        let binary = self
            .repository
            .root()
            .join("target")
            .join(profile)
            .join(CLI);
        let name = format!(
            "{CLI}-{}-{}.zip",
            std::env::consts::OS,
            std::env::consts::ARCH
        );
        fs::read(&binary)
            .map_err(Failure::at(&binary))
            .and_then(|program| package::archive(&[(CLI, &program)]))
            .and_then(|zip| write(&self.folder.join(name), &zip))
            .map_err(|why| why.of(&"cargo build --release --package latchstring-cli"))
    }

    /// Packs an npm package. That of the construct carries the zips.
    fn npm(&self, package: &str, packaged: &[(Architecture, PathBuf)]) -> Result<(), Failed> {
        let run = |line: Line| show_and_run(self.repository, &line);
        node::modules(self.repository, package)?;
        run(Line::new("npm", "npm").args(&["run", "build", "--silent", "--prefix", package]))?;
        let packed = if package == "infra" {
            let staged = self.stage(packaged);
            staged.map_err(|why| why.of(&"cargo xtask release"))?;
            STAGE
        } else {
            package
        };
        run(Line::new("npm", "npm")
            .args(&["pack", &format!("./{packed}"), "--silent"])
            .args(&["--pack-destination", FOLDER]))
    }

    /// Puts the npm package of the construct together: what it publishes, and the zips.
    fn stage(&self, packaged: &[(Architecture, PathBuf)]) -> Result<(), Failure> {
        let root = self.repository.root();
        let stage = root.join(STAGE);
        empty(&stage)?;
        for path in [
            "package.json",
            "schema.graphql",
            "resolvers/invoke.js",
            "dist",
        ] {
            copy(&root.join("infra").join(path), &stage.join(path))?;
        }
        for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
            copy(&root.join(licence), &stage.join(licence))?;
        }
        for (architecture, zips) in packaged {
            for lambda in LAMBDAS {
                let name = format!("{lambda}.zip");
                let to = stage.join("lambda").join(architecture.name()).join(&name);
                copy(&zips.join(&name), &to)?;
            }
        }
        Ok(())
    }

    /// Lists, for each program, the crates that it is made of, as `CycloneDX`.
    fn components(&self) -> Result<(), Failed> {
        let tool = tools::cargo_cyclonedx(self.repository)?;
        let name = "latchstring.cdx";
        let line = tool
            .args(&["cyclonedx", "--format", "json", "--spec-version", "1.5"])
            .args(&["--no-build-deps", "--override-filename", name])
            // The same text for the same source.
            .env("SOURCE_DATE_EPOCH", "0");
        show_and_run(self.repository, &line)?;
        // It writes one beside every manifest of the workspace.
        let metadata = Line::cargo(&["metadata", "--no-deps", "--format-version", "1", "--locked"]);
        let members = metadata
            .ask(self.repository)
            .map(|text| manifests(&text))
            .ok_or_else(|| Failure::NoMetadata.of(&metadata))?;
        let move_all = || {
            for manifest in members {
                let Some(folder) = manifest.parent() else {
                    continue;
                };
                let written = folder.join(format!("{name}.json"));
                let member = folder.file_name().and_then(|name| name.to_str());
                let program = member.map(|member| match member {
                    "cli" => CLI.to_owned(),
                    member => format!("latchstring-{member}"),
                });
                if let Some(program) = program
                    && (program == CLI || LAMBDAS.contains(&&*program))
                {
                    copy(&written, &self.folder.join(format!("{program}.cdx.json")))?;
                }
                fs::remove_file(&written).map_err(Failure::at(written))?;
            }
            Ok(())
        };
        move_all().map_err(|why: Failure| why.of(&line))
    }

    /// Writes the checksums of all files, and returns the files with their sizes.
    fn checksums(&self) -> Result<Vec<(String, usize)>, Failure> {
        let mut sums = String::new();
        let mut sizes = Vec::new();
        for (name, path) in files(&self.folder)? {
            let bytes = fs::read(&path).map_err(Failure::at(path))?;
            let digest = HEXLOWER.encode(&Sha256::digest(&bytes));
            // The form that `sha256sum --check` reads.
            sums += &[&*digest, "  ", &name, "\n"].concat();
            sizes.push((name, bytes.len()));
        }
        write(&self.folder.join(CHECKSUMS), sums.as_bytes())?;
        Ok(sizes)
    }
}

/// Returns the version, which the workspace and all npm packages must have.
fn version(repository: &Repository) -> Result<String, Failure> {
    let of = |manifest: &str, pattern: &str| {
        let path = repository.root().join(manifest);
        let text = read(&path)?;
        let version = text
            .lines()
            .find_map(|line| line.trim().strip_prefix(pattern)?.split('"').next())
            .ok_or_else(|| Failure::Versions(format!("{manifest} has none")))?;
        Ok(version.to_owned())
    };
    let version = of("Cargo.toml", "version = \"")?;
    for package in NPM {
        let manifest = format!("{package}/package.json");
        let its = of(&manifest, "\"version\": \"")?;
        if its != version {
            let found = format!("{manifest} has {its}, Cargo.toml has {version}");
            return Err(Failure::Versions(found));
        }
    }
    Ok(version)
}

/// Returns the changelog's text below a version's heading.
fn section(changelog: &str, version: &str) -> Option<String> {
    let heading = format!("## [{version}]");
    let mut lines = changelog
        .lines()
        .skip_while(|line| !line.starts_with(&heading));
    lines.next()?;
    let text: Vec<&str> = lines.take_while(|line| !line.starts_with("## ")).collect();
    Some(format!("{}\n", text.join("\n").trim()))
}

/// Returns the manifests in what `cargo metadata` prints.
fn manifests(metadata: &str) -> Vec<PathBuf> {
    metadata
        .split("\"manifest_path\":\"")
        .skip(1)
        .filter_map(|rest| Some(PathBuf::from(rest.split('"').next()?)))
        .collect()
}

/// Returns the names and paths of a folder's files, in the names' order.
fn files(folder: &Path) -> Result<Vec<(String, PathBuf)>, Failure> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(Failure::at(folder))? {
        let path = entry.map_err(Failure::at(folder))?.path();
        if let Some(name) = path.file_name().and_then(|name| name.to_str()) {
            files.push((name.to_owned(), path.clone()));
        }
    }
    files.sort();
    Ok(files)
}

/// Copies a file, or a folder with all that it holds.
fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    if from.is_dir() {
        for (name, path) in files(from)? {
            copy(&path, &to.join(name))?;
        }
        return Ok(());
    }
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).map_err(Failure::at(folder))?;
    }
    fs::copy(from, to).map_err(Failure::at(from))?;
    Ok(())
}

fn empty(folder: &Path) -> Result<(), Failure> {
    steps::renew(folder).map_err(Failure::at(folder))
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(Failure::at(path))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    fs::write(path, bytes).map_err(Failure::at(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANGELOG: &str = "# Changelog\n\n## [Unreleased]\n\n## [0.2.0] - 2026-12-01\n\n\
        ### Added\n\n- A release.\n\n## [0.1.0] - 2026-11-01\n\n- The first.\n";

    #[test]
    fn the_notes_are_the_section_of_the_version() {
        let notes = section(CHANGELOG, "0.2.0");
        assert_eq!(notes.as_deref(), Some("### Added\n\n- A release.\n"));
        assert_eq!(
            section(CHANGELOG, "0.1.0").as_deref(),
            Some("- The first.\n")
        );
        assert_eq!(section(CHANGELOG, "0.1"), None);
    }

    #[test]
    fn all_packages_have_one_version() {
        let repository = Repository::find().expect("the workspace");
        assert!(version(&repository).is_ok());
    }
}
