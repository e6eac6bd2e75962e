//! `cargo xtask release`: everything that a release publishes, in one folder with its checksums.

mod crates;
mod deployed;
mod new_user;
mod programs;
mod terraform;
mod workflows;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Instant;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use zip::ZipArchive;

use crate::command::Line;
use crate::failure::{Failed, Failure};
use crate::node;
use crate::package::{self, Architecture, CHECKSUMS, LAMBDAS};
use crate::repository::Repository;
use crate::steps::{self, show_and_run};
use crate::summary::elapsed;
use crate::tools;

use programs::{LAUNCHER, PROGRAMS};

/// The folder of the npm package that carries the Lambdas.
const CONSTRUCT: &str = "infra";

/// The folders of the npm packages that are built.
const NPM: [&str; 3] = [CONSTRUCT, "clients/typescript", "clients/next"];

/// The folder of the release.
const FOLDER: &str = "target/dist";

/// The folder in which the npm packages are put together.
const STAGE: &str = "target/stage";

/// The choices of a release.
pub(crate) struct Options<'a> {
    /// The Lambdas' architectures.
    pub(crate) architectures: &'a [Architecture],
    /// The folder of the programs of all systems, one folder a target; otherwise this machine's
    /// programs are built.
    pub(crate) programs: Option<&'a Path>,
    /// The address of the repository, for the npm packages: the registry compares it with the
    /// workflow that publishes them.
    pub(crate) address: Option<&'a str>,
    /// Takes this machine's debug builds, and does everything else alike.
    pub(crate) is_rehearsal: bool,
}

/// Makes the release's files.
pub(crate) fn run(repository: &Repository, options: &Options<'_>) -> Result<(), Failed> {
    let started = Instant::now();
    let again = if options.is_rehearsal {
        "cargo xtask release --rehearse"
    } else {
        "cargo xtask release"
    };
    let release = Release {
        repository,
        folder: repository.root().join(FOLDER),
        version: version(repository).map_err(|why| why.of(&again))?,
        programs: options.programs,
        address: options.address,
        is_rehearsal: options.is_rehearsal,
    };
    empty(&release.folder).map_err(|why| why.of(&again))?;
    release.notes().map_err(|why| why.of(&again))?;
    release.crates()?;
    if options.is_rehearsal {
        workflows::check(repository)?;
        steps::binaries(repository)?;
    }
    let mut packaged = Vec::new();
    for architecture in options.architectures {
        packaged.push((*architecture, release.lambdas(*architecture)?));
    }
    release.programs()?;
    release.terraform()?;
    for package in NPM {
        let run = |line: Line| show_and_run(repository, &line);
        node::modules(repository, package)?;
        run(Line::new("npm", "npm").args(&["run", "build", "--silent", "--prefix", package]))?;
        release.npm(package, |stage| {
            if package == CONSTRUCT {
                add_lambdas(stage, &packaged)?;
            }
            Ok(())
        })?;
    }
    release.components()?;
    let files = release.checksums().map_err(|why| why.of(&again))?;
    release.new_user()?;
    release.deployed()?;

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
    programs: Option<&'a Path>,
    address: Option<&'a str>,
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
        let archived = files(&zips)
            .and_then(contents)
            .and_then(|contents| write(&self.folder.join(&name), &package::stored(&contents)?));
        archived
            .map(|()| zips)
            .map_err(|why| why.of(&"cargo xtask release"))
    }

    /// Puts an npm package together from its folder, with what `add` puts into it, and packs it.
    fn npm(
        &self,
        package: &str,
        add: impl FnOnce(&Path) -> Result<(), Failure>,
    ) -> Result<(), Failed> {
        let name = package.replace('/', "-");
        let staged = || {
            let folder = self.repository.root().join(package);
            let stage = self.stage(&name);
            empty(&stage)?;
            self.licences(&stage)?;
            for path in published(&read(&folder.join("package.json"))?) {
                let from = folder.join(&path);
                if from.exists() {
                    copy(&from, &stage.join(path))?;
                }
            }
            add(&stage)
        };
        staged().map_err(|why: Failure| why.of(&"cargo xtask release"))?;
        self.pack(&name)
    }

    /// Returns the folder in which an npm package is put together.
    fn stage(&self, name: &str) -> PathBuf {
        self.repository.root().join(STAGE).join(name)
    }

    /// Packs the npm package of a folder in the stage.
    fn pack(&self, name: &str) -> Result<(), Failed> {
        let folder = format!("{STAGE}/{name}");
        if let Some(address) = self.address {
            let set = Line::new("npm", "npm")
                .args(&["pkg", "set", "--prefix", &folder, "repository.type=git"])
                .args(&[&format!("repository.url=git+{address}.git")]);
            show_and_run(self.repository, &set)?;
        }
        let pack = Line::new("npm", "npm")
            .args(&["pack", &format!("./{folder}"), "--silent"])
            .args(&["--pack-destination", FOLDER]);
        show_and_run(self.repository, &pack)
    }

    /// Copies the licences into a package.
    fn licences(&self, stage: &Path) -> Result<(), Failure> {
        for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
            copy(&self.repository.root().join(licence), &stage.join(licence))?;
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
                    "cli" => PROGRAMS[0].to_owned(),
                    member => format!("latchstring-{member}"),
                });
                if let Some(program) = program
                    && (PROGRAMS.contains(&&*program) || LAMBDAS.contains(&&*program))
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
    for package in NPM.into_iter().chain([LAUNCHER]) {
        let manifest = format!("{package}/package.json");
        let its = of(&manifest, "\"version\": \"")?;
        if its != version {
            let found = format!("{manifest} has {its}, Cargo.toml has {version}");
            return Err(Failure::Versions(found));
        }
    }
    programs::check_launcher(repository.root(), &version)?;
    Ok(version)
}

/// Puts the Lambdas into the npm package of the construct.
fn add_lambdas(stage: &Path, packaged: &[(Architecture, PathBuf)]) -> Result<(), Failure> {
    for (architecture, zips) in packaged {
        for lambda in LAMBDAS {
            let name = format!("{lambda}.zip");
            let to = stage.join("lambda").join(architecture.name()).join(&name);
            copy(&zips.join(&name), &to)?;
        }
    }
    Ok(())
}

/// Returns the paths that an npm package publishes, by its manifest.
fn published(manifest: &str) -> Vec<String> {
    let manifest: serde_json::Value = serde_json::from_str(manifest).unwrap_or_default();
    let listed = manifest["files"].as_array().into_iter().flatten();
    listed
        .filter_map(|path| path.as_str().map(str::to_owned))
        .chain(["package.json", "README.md"].map(str::to_owned))
        .collect()
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

/// Returns the names and paths of what a folder holds, in the names' order.
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

/// Returns the names and contents of files.
fn contents(files: Vec<(String, PathBuf)>) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    files
        .into_iter()
        .map(|(name, path)| Ok((name, fs::read(&path).map_err(Failure::at(path))?)))
        .collect()
}

/// Makes a folder of what an archive holds.
fn unpack(archive: &Path, to: &Path) -> Result<(), Failure> {
    empty(to)?;
    let packed = File::open(archive).map_err(Failure::at(archive))?;
    ZipArchive::new(packed)
        .and_then(|mut packed| packed.extract(to))
        .map_err(|error| Failure::Zip(error.into()))
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
