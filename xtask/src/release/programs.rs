//! The operator's program and the local service: in a zip, and in an npm package, for each system.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::command::Line;
use crate::failure::{Failed, Failure};
use crate::package;
use crate::steps::show_and_run;

use super::{Release, copy, empty, read, write};

/// The programs. The first starts the second as `latchstring local`.
pub(super) const PROGRAMS: [&str; 2] = ["latchstring", "latchstring-local"];

/// The folder of the npm package that starts the programs.
pub(super) const LAUNCHER: &str = "npm/latchstring";

/// A system that a release has programs for, in the words of Node.js and Rust.
#[derive(Debug)]
struct System {
    os: &'static str,
    cpu: &'static str,
    target: &'static str,
}

/// Those for Linux are linked statically.
const SYSTEMS: [System; 4] = [
    system("darwin", "arm64", "aarch64-apple-darwin"),
    system("darwin", "x64", "x86_64-apple-darwin"),
    system("linux", "arm64", "aarch64-unknown-linux-musl"),
    system("linux", "x64", "x86_64-unknown-linux-musl"),
];

const fn system(os: &'static str, cpu: &'static str, target: &'static str) -> System {
    System { os, cpu, target }
}

impl System {
    /// Returns this machine's system.
    fn of_this_machine() -> Option<&'static Self> {
        let os = match std::env::consts::OS {
            "macos" => "darwin",
            other => other,
        };
        let cpu = match std::env::consts::ARCH {
            "aarch64" => "arm64",
            "x86_64" => "x64",
            other => other,
        };
        SYSTEMS.iter().find(|one| one.os == os && one.cpu == cpu)
    }

    /// Returns its part of the names of files and packages.
    fn name(&self) -> String {
        format!("{}-{}", self.os, self.cpu)
    }

    /// Returns the name of the zip with its programs.
    fn archive(&self) -> String {
        format!("latchstring-{}.zip", self.name())
    }

    /// Returns the manifest of its npm package.
    fn manifest(&self, version: &str) -> String {
        let manifest = serde_json::json!({
            "name": format!("@latchstring/cli-{}", self.name()),
            "version": version,
            "description": format!("The programs of the package latchstring for {}", self.name()),
            "license": "MIT OR Apache-2.0",
            "os": [self.os],
            "cpu": [self.cpu],
            "files": ["bin"],
            // The programs must be files outside an archive.
            "preferUnplugged": true,
        });
        format!("{manifest:#}\n")
    }
}

impl Release<'_> {
    /// Makes the zip and the npm package of each system, and the npm package that starts them. The
    /// systems are all whose programs are in the release's folder of programs, otherwise this machine's.
    pub(super) fn programs(&self) -> Result<(), Failed> {
        let again = "cargo xtask release";
        if let Some(folder) = self.programs {
            for system in &SYSTEMS {
                self.system(system, &folder.join(system.target))?;
            }
        } else {
            let system =
                System::of_this_machine().ok_or_else(|| Failure::NoSuchMachine.of(&again))?;
            let built = self.built()?;
            self.system(system, &built)?;
        }
        self.npm(LAUNCHER, |_| Ok(()))
    }

    /// Builds this machine's programs, unless they are built, and returns their folder.
    fn built(&self) -> Result<PathBuf, Failed> {
        let target = self.repository.root().join("target");
        if self.is_rehearsal {
            return Ok(target.join("debug"));
        }
        let line = Line::cargo(&["build", "--release", "--locked"])
            .args(&["--target-dir", "target"])
            .args(&[
                "--package",
                "latchstring-cli",
                "--package",
                "latchstring-local",
            ]);
        show_and_run(
            self.repository,
            &package::reproducible(self.repository, line),
        )?;
        Ok(target.join("release"))
    }

    /// Makes the zip and the npm package of a system from its programs.
    fn system(&self, system: &System, folder: &Path) -> Result<(), Failed> {
        let name = format!("cli-{}", system.name());
        let stage = self.stage(&name);
        let staged = self.system_files(system, folder, &stage);
        staged.map_err(|why| why.of(&"cargo xtask release"))?;
        self.pack(&name)
    }

    fn system_files(&self, system: &System, folder: &Path, stage: &Path) -> Result<(), Failure> {
        empty(stage)?;
        self.licences(stage)?;
        let mut programs = Vec::new();
        for program in PROGRAMS {
            let from = folder.join(program);
            let to = stage.join("bin").join(program);
            copy(&from, &to)?;
            // A build's artifacts lose it where they are stored.
            fs::set_permissions(&to, Permissions::from_mode(0o755)).map_err(Failure::at(&to))?;
            if self.is_rehearsal {
                self.strip(&to)?;
            }
            programs.push((program, fs::read(&to).map_err(Failure::at(to))?));
        }
        let manifest = system.manifest(&self.version);
        write(&stage.join("package.json"), manifest.as_bytes())?;
        let programs: Vec<_> = programs
            .iter()
            .map(|(program, bytes)| (*program, &**bytes))
            .collect();
        write(
            &self.folder.join(system.archive()),
            &package::archive(&programs)?,
        )
    }

    /// Removes a debug build's symbols, which are most of it.
    fn strip(&self, program: &Path) -> Result<(), Failure> {
        let program = self.repository.shown(program);
        Line::new("strip", "strip")
            .args(&[&program])
            .run(self.repository)
    }
}

/// Returns the name of the zip with the programs of this machine's system.
pub(super) fn archive_of_this_machine() -> Result<String, Failed> {
    let system = System::of_this_machine();
    let system = system.ok_or_else(|| Failure::NoSuchMachine.of(&"cargo xtask release"))?;
    Ok(system.archive())
}

/// Checks that the launcher's npm package names exactly the packages of the systems, in its own
/// version.
pub(super) fn check_launcher(root: &Path, version: &str) -> Result<(), Failure> {
    let manifest = format!("{LAUNCHER}/package.json");
    let text = read(&root.join(&manifest))?;
    let named: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let wanted: serde_json::Map<_, _> = SYSTEMS
        .iter()
        .map(|system| {
            (
                format!("@latchstring/cli-{}", system.name()),
                version.into(),
            )
        })
        .collect();
    if named["optionalDependencies"] == serde_json::Value::Object(wanted) {
        return Ok(());
    }
    let found = format!("the optionalDependencies of {manifest} are not the systems at {version}");
    Err(Failure::Versions(found))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::Repository;

    #[test]
    fn npm_installs_a_package_only_on_its_own_system() {
        let manifest = SYSTEMS[3].manifest("1.2.3");
        let manifest: serde_json::Value = serde_json::from_str(&manifest).expect("JSON");
        assert_eq!(manifest["name"], "@latchstring/cli-linux-x64");
        assert_eq!(manifest["version"], "1.2.3");
        assert_eq!(
            (&manifest["os"][0], &manifest["cpu"][0]),
            (&"linux".into(), &"x64".into())
        );
    }

    #[test]
    fn a_system_without_one_of_its_programs_is_refused() {
        let root =
            std::env::temp_dir().join(format!("latchstring-programs-{}", std::process::id()));
        empty(&root).expect("a folder");
        let repository = Repository::find().expect("the workspace");
        let release = Release {
            repository: &repository,
            folder: root.clone(),
            version: "1.2.3".to_owned(),
            programs: None,
            address: None,
            is_rehearsal: false,
        };
        let (built, stage) = (root.join("built"), root.join("stage"));
        let make = || release.system_files(&SYSTEMS[0], &built, &stage);
        copy(
            &repository.root().join("LICENSE-MIT"),
            &built.join(PROGRAMS[0]),
        )
        .expect("a file");
        let refused = make().map_err(|why| why.to_string());
        copy(
            &repository.root().join("LICENSE-MIT"),
            &built.join(PROGRAMS[1]),
        )
        .expect("a file");
        let packaged = make().map_err(|why| why.to_string());
        let mode =
            fs::metadata(stage.join("bin/latchstring-local")).map(|file| file.permissions().mode());
        let zip = fs::read(root.join("latchstring-darwin-arm64.zip"));
        fs::remove_dir_all(&root).expect("it goes");
        assert!(refused.is_err_and(|why| why.contains("built/latchstring-local")));
        assert_eq!(packaged, Ok(()));
        assert_eq!(mode.ok().map(|mode| mode & 0o777), Some(0o755));
        assert!(zip.is_ok_and(|zip| zip.len() > 1000));
    }

    #[test]
    fn the_workflow_builds_the_programs_of_every_system() {
        let workflow = include_str!("../../../.github/workflows/release.yml");
        let of = |line: &str| {
            Some(
                line.split_once("target: ")?
                    .1
                    .trim_end_matches(" }")
                    .to_owned(),
            )
        };
        let mut built: Vec<String> = workflow.lines().filter_map(of).collect();
        built.sort();
        let mut wanted = SYSTEMS.map(|system| system.target);
        wanted.sort_unstable();
        assert_eq!(built, wanted);
    }
}
