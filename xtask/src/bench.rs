//! `cargo xtask bench`: builds the compared programs and has `benches/` measure them, then prints
//! the results of [`scale`].

use std::fs;

use crate::command::Line;
use crate::failure::{Failed, Failure};
use crate::repository::Repository;
use crate::steps::show_and_run;
use crate::{node, package, python, scale};

const NODE: &str = "benches/peers/node";
/// Another project's triggers, by the names that its construct gives them.
const OTHERS: &str =
    "benches/peers/node/node_modules/amazon-cognito-passwordless-auth/dist/cdk/custom-auth";
const OTHERS_TRIGGERS: [&str; 3] = [
    "define-auth-challenge",
    "create-auth-challenge",
    "verify-auth-challenge-response",
];
const BUNDLES: &str = "target/tools/bench-node";

/// Builds and measures. `arguments` are those of `latchstring-benches`.
pub(crate) fn run(repository: &Repository, arguments: &[&str]) -> Result<(), Failed> {
    let is_help = arguments.iter().any(|a| ["--help", "-h"].contains(a));
    if !is_help {
        package::release(repository, &["latchstring-floor"])?;
        // A peer that cannot be built is missing from the table, which then says so.
        for (peer, built) in [
            ("Go", go(repository)),
            ("Node.js", bundles(repository)),
            ("Python", pythons(repository)),
        ] {
            if let Err(Failed { repeat, why }) = built {
                println!("{peer} is not compared with: {why} ({repeat}).");
            }
        }
    }
    let measure = Line::cargo(&["run", "--quiet", "--locked"])
        .args(&["--package", "latchstring-benches", "--"])
        .args(arguments);
    measure
        .run(repository)
        .map_err(|failure| failure.of(&measure))?;
    if is_help || arguments.iter().any(|a| a.starts_with("--only")) {
        return Ok(());
    }
    // The trips that a user waits for, and the local service at its limit.
    scale::round_trips(repository, false)?;
    scale::load(repository)
}

/// Builds from Debian's sources of the SDK: nothing is downloaded.
fn go(repository: &Repository) -> Result<(), Failed> {
    let sources = "/usr/share/gocode";
    let path = repository.root().join("benches/peers/go");
    let cache = repository.tools().join("bench-go/cache");
    let build = Line::new("go", "go")
        .args(&["build", "-trimpath", "-ldflags=-s -w"])
        .args(&["-o", "target/tools/bench-go/"])
        .args(&["latchstring/create", "latchstring/sign-in"])
        .env("GO111MODULE", "off")
        .env("GOPATH", format!("{}:{sources}", path.display()))
        .env("GOCACHE", cache.display().to_string());
    show_and_run(repository, &build)
}

/// Builds each handler as one file, as the other project's construct does: `CommonJS`, minified,
/// and with the SDK inside.
fn bundles(repository: &Repository) -> Result<(), Failed> {
    node::modules(repository, NODE)?;
    let bundles = repository.root().join(BUNDLES);
    fs::create_dir_all(&bundles).map_err(|error| Failure::at(&bundles)(error).of(&"mkdir"))?;
    let ours = ["create", "sign-in"].map(|job| (job, format!("{NODE}/{job}.mjs")));
    let others = OTHERS_TRIGGERS.map(|job| (job, format!("{OTHERS}/{job}.js")));
    for (job, source) in ours.into_iter().chain(others) {
        let program = repository
            .root()
            .join(NODE)
            .join("node_modules/.bin/esbuild");
        let name = repository.shown(&program);
        let bundle = Line::new(program, name)
            .args(&[&source, "--bundle", "--minify", "--platform=node"])
            .args(&["--target=node20", "--format=cjs", "--log-level=warning"])
            .args(&[&format!("--outfile={BUNDLES}/{job}.js")]);
        show_and_run(repository, &bundle)?;
    }
    Ok(())
}

fn pythons(repository: &Repository) -> Result<(), Failed> {
    python::environment(
        repository,
        "bench-python",
        "benches/peers/python/requirements.txt",
    )
    .map(|_| ())
}
