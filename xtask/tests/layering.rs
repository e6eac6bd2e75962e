//! The permitted dependencies among the members of the workspace, and among the modules of a member.
//!
//! deny.toml restricts third-party crates by name. This test restricts the crates of the workspace,
//! and whole families of crates (`aws-sdk-…`), which deny.toml cannot name. Within the core a module
//! imports only from the floors below it; no crate that is listed here has a cycle of modules.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot ask cargo has failed"
)]

mod modules;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use regex::Regex;
use serde_json::Value;

use crate::modules::{Graph, Modules, cycle};

/// The crates of the workspace that a member may depend on.
struct Layer {
    /// The member's folder; with a slash at the end, every folder in it.
    folder: &'static str,
    /// Permitted in the shipped code.
    may_use: &'static [&'static str],
    /// Permitted in its tests, too.
    may_test_with: &'static [&'static str],
}

const CRYPTO: &str = "latchstring-crypto";
const CORE: &str = "latchstring-core";
const MEMORY: &str = "latchstring-memory";
const AWS: &str = "latchstring-aws";
const TESTKIT: &str = "latchstring-testkit";
const LAMBDA: &str = "latchstring-lambda";
const LOCAL: &str = "latchstring-local";
const COGNITO: &str = "latchstring-local-cognito";
const APPSYNC: &str = "latchstring-local-appsync";
const HTTP_API: &str = "latchstring-local-http-api";
const CLI: &str = "latchstring-cli";
const TESTS: &str = "latchstring-tests";
const FLOOR: &str = "latchstring-floor";

const LAYERS: &[Layer] = &[
    layer("shared/crypto", &[], &[]),
    // Its integration tests run on the ports in memory, which are built on it.
    layer("shared/core", &[CRYPTO], &[MEMORY, TESTKIT]),
    layer("shared/memory", &[CORE], &[]),
    layer("shared/testkit", &[CORE, MEMORY, LAMBDA], &[]),
    layer("shared/aws", &[CORE], &[MEMORY, TESTKIT]),
    // The crate of AWS is there for its types; each main says which of its features it needs. The feature
    // `couriers` brings those that send.
    layer("shared/lambda", &[CORE, AWS], &[MEMORY, TESTKIT]),
    layer("triggers/", &[LAMBDA, AWS, MEMORY, CORE], &[]),
    layer("resolvers/", &[LAMBDA, AWS, MEMORY, CORE], &[]),
    layer("outbox/", &[LAMBDA, AWS, CORE], &[]),
    // The stand-ins know AWS and nothing of Latchstring, so that they are independent of the code
    // that they test.
    layer("local/cognito", &[], &[]),
    layer("local/appsync", &[], &[]),
    layer("local/http-api", &[], &[]),
    layer(
        "local",
        &[
            CORE, MEMORY, TESTKIT, AWS, LAMBDA, COGNITO, APPSYNC, HTTP_API,
        ],
        &[],
    ),
    layer(
        "tests",
        &[
            CORE, MEMORY, TESTKIT, AWS, LAMBDA, LOCAL, COGNITO, APPSYNC, HTTP_API,
        ],
        &[],
    ),
    layer(
        "fuzz",
        &[CORE, MEMORY, TESTKIT, LAMBDA, COGNITO, APPSYNC],
        &[],
    ),
    // It reads a deployment's settings as the Lambdas do.
    // Its tests run the handlers on an emulated table.
    layer(
        "cli",
        &[CORE, AWS, LAMBDA],
        &[LOCAL, TESTS, MEMORY, TESTKIT],
    ),
    // It starts the Lambdas as processes, and makes their events with the handlers.
    layer("benches", &[CORE, LAMBDA, MEMORY], &[]),
    // The smallest possible Lambda.
    layer("benches/floor", &[], &[]),
    layer("xtask", &[], &[]),
];

/// Families of crates that only these members of the workspace may name.
const FAMILIES: &[(&str, &[&str])] = &[
    // The end-to-end tests and the doctor are clients of AWS like any other.
    ("aws-sdk-", &[AWS, CLI, TESTS]),
    ("aws-smithy-", &[AWS, CLI, TESTS]),
    ("aws-config", &[AWS]),
    ("aws-credential-types", &[AWS]),
    ("aws-runtime", &[AWS]),
    ("aws-sigv4", &[AWS, CLI]),
    ("aws-types", &[AWS]),
    ("lambda_", &[LAMBDA, FLOOR]),
    ("lambda-", &[LAMBDA]),
    ("aws_lambda_events", &[LAMBDA]),
];

const fn layer(
    folder: &'static str,
    may_use: &'static [&'static str],
    may_test_with: &'static [&'static str],
) -> Layer {
    Layer {
        folder,
        may_use,
        may_test_with,
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask is a folder of the workspace")
}

fn cargo(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(args)
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "cargo {}: {}",
        args.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("cargo prints UTF-8")
}

/// Returns the members, each with the dependencies in its manifest, for every feature and target.
fn metadata() -> Value {
    let text = cargo(&["metadata", "--no-deps", "--locked", "--format-version", "1"]);
    serde_json::from_str(&text).expect("cargo prints JSON")
}

/// Returns the crates that a member is built from on this platform, without those of its tests.
fn tree(package: &str) -> BTreeSet<String> {
    let text = cargo(&[
        "tree",
        "--locked",
        "--package",
        package,
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ]);
    let names: BTreeSet<_> = text
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect();
    assert!(names.contains(CORE), "not a tree of {package}: {text}");
    names
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

/// Describes every dependency that no rule allows.
fn violations(metadata: &Value) -> Vec<String> {
    let root = Path::new(text(metadata, "workspace_root"));
    let packages = list(metadata, "packages");
    let ours: BTreeSet<&str> = packages
        .iter()
        .map(|package| text(package, "name"))
        .collect();
    let mut violations = Vec::new();
    for package in packages {
        let name = text(package, "name");
        let folder = Path::new(text(package, "manifest_path"))
            .parent()
            .and_then(|folder| folder.strip_prefix(root).ok())
            .and_then(Path::to_str)
            .unwrap_or_default();
        let Some(layer) = LAYERS.iter().find(|layer| {
            layer.folder == folder
                || layer.folder.ends_with('/') && folder.starts_with(layer.folder)
        }) else {
            violations.push(format!("{name} ({folder}) is in no layer"));
            continue;
        };
        for dependency in list(package, "dependencies") {
            let on = text(dependency, "name");
            let in_tests = text(dependency, "kind") == "dev";
            let allowed =
                layer.may_use.contains(&on) || in_tests && layer.may_test_with.contains(&on);
            if ours.contains(on) && !allowed {
                violations.push(format!("{name} may not depend on {on}"));
            }
            for (family, owners) in FAMILIES {
                if on.starts_with(family) && !owners.contains(&name) {
                    let owners = owners.join(" and ");
                    violations.push(format!("{name} may not depend on {on}: only {owners} may"));
                }
            }
        }
    }
    violations
}

/// Returns the files that a source includes, but for those of its tests, which are its last module.
fn included(source: &str) -> Vec<String> {
    let shipped = source.split("#[cfg(test)]\nmod tests {").next();
    let pattern = Regex::new(r#"include_(?:str|bytes)!\(\s*"([^"]+)""#).expect("a pattern");
    let found = pattern.captures_iter(shipped.unwrap_or_default());
    found.map(|found| found[1].to_owned()).collect()
}

/// Returns the sources of a folder that are compiled into a program.
fn shipped(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder of sources");
    let paths: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    let sources = paths
        .iter()
        .filter(|path| path.extension().is_some_and(|ext| ext == "rs"));
    let sources: Vec<_> = sources.cloned().collect();
    let text: String = sources
        .iter()
        .map(|path| fs::read_to_string(path).expect("a source"))
        .collect();
    let is_shipped = |path: &PathBuf| {
        let name = path
            .file_stem()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        !text.contains(&format!("#[cfg(test)]\nmod {name};"))
    };
    let folders = paths
        .iter()
        .filter(|path| path.is_dir() && is_shipped(path));
    let below: Vec<_> = folders.flat_map(|folder| shipped(folder)).collect();
    sources
        .into_iter()
        .filter(is_shipped)
        .chain(below)
        .collect()
}

/// A package of a crate has the files of its folder alone, and none of its tests.
#[test]
fn a_published_crate_includes_files_of_its_own_alone() {
    let metadata = metadata();
    let mut total = 0;
    let mut outside = Vec::new();
    for member in list(&metadata, "packages")
        .iter()
        .filter(|member| member["publish"].is_null())
    {
        let manifest = Path::new(text(member, "manifest_path"));
        let sources = manifest.with_file_name("src");
        for source in shipped(&sources) {
            let folder = source.parent().expect("a folder");
            for file in included(&fs::read_to_string(&source).expect("a source")) {
                total += 1;
                // A path that leaves the folder of the sources and comes back is not worth a rule.
                let up = file.split('/').filter(|part| *part == "..").count();
                let depth = folder
                    .strip_prefix(&sources)
                    .expect("below it")
                    .components()
                    .count();
                if up > depth || !folder.join(&file).is_file() {
                    outside.push(format!("{}: {file}", source.display()));
                }
            }
        }
    }
    assert!(total >= 3, "the included files are found: {total}");
    assert!(
        outside.is_empty(),
        "link the file into the crate: {outside:#?}"
    );
}

/// The crates that the operator's program is built from are those that `cargo xtask release`
/// packages: each may be published, and no other.
#[test]
fn the_published_crates_are_those_of_the_program() {
    let metadata = metadata();
    let members = metadata["packages"].as_array().expect("a list");
    // `publish = true` is null there, and `false` an empty list.
    let published: BTreeSet<_> = members
        .iter()
        .filter(|member| member["publish"].is_null())
        .map(|member| member["name"].as_str().expect("a name").to_owned())
        .collect();
    let ours: BTreeSet<_> = members
        .iter()
        .filter_map(|member| member["name"].as_str())
        .collect();
    let mut of_program = tree(CLI);
    of_program.retain(|name| ours.contains(&**name));
    of_program.insert(CLI.to_owned());
    assert_eq!(published, of_program);
    let task = include_str!("../src/release/crates.rs");
    let listed = task.split('"').filter(|text| ours.contains(text));
    assert_eq!(
        listed.map(str::to_owned).collect::<BTreeSet<_>>(),
        published
    );
}

#[test]
fn every_member_depends_only_on_the_layers_below_it() {
    let metadata = metadata();
    assert!(list(&metadata, "packages").len() > 5);
    let violations = violations(&metadata);
    assert!(violations.is_empty(), "{violations:#?}");
}

#[test]
fn a_violation_is_reported() {
    let package = |name: &str, folder: &str, dependencies: Value| {
        serde_json::json!({
            "name": name,
            "manifest_path": format!("/w/{folder}/Cargo.toml"),
            "dependencies": dependencies,
        })
    };
    let on = |name: &str, kind: Value| serde_json::json!({ "name": name, "kind": kind });
    let metadata = serde_json::json!({
        "workspace_root": "/w",
        "packages": [
            package(CORE, "shared/core", serde_json::json!([on(MEMORY, Value::Null)])),
            package(MEMORY, "shared/memory", serde_json::json!([on(CORE, Value::Null)])),
            package(AWS, "shared/aws", serde_json::json!([
                on("aws-sdk-sns", Value::Null),
                on(MEMORY, "dev".into()),
            ])),
            package(LAMBDA, "shared/lambda", serde_json::json!([on(MEMORY, "build".into())])),
            package("sign-in", "resolvers/sign-in", serde_json::json!([
                on(LAMBDA, Value::Null),
                on("aws-sdk-sns", Value::Null),
            ])),
            package("stray", "somewhere", serde_json::json!([])),
        ],
    });
    assert_eq!(
        violations(&metadata),
        [
            "latchstring-core may not depend on latchstring-memory",
            "latchstring-lambda may not depend on latchstring-memory",
            "sign-in may not depend on aws-sdk-sns: only latchstring-aws and latchstring-cli and latchstring-tests may",
            "stray (somewhere) is in no layer",
        ]
    );
}

#[test]
fn the_core_is_pure_to_its_last_dependency() {
    let impure: Vec<_> = tree(CORE)
        .into_iter()
        .filter(|name| {
            name.starts_with("aws")
                || ["tokio", "rand", "getrandom", "serde_json"].contains(&name.as_str())
                || name.starts_with("latchstring-") && ![CORE, CRYPTO].contains(&name.as_str())
        })
        .collect();
    assert!(impure.is_empty(), "{impure:?}");
}

/// The SDKs that each Lambda is built with. A function cannot make a call that it is not built
/// with, whatever its role allows.
#[test]
fn a_lambda_is_built_with_its_permitted_sdks_only() {
    const SDKS: [&str; 7] = [
        "lambda",
        "cognitoidentityprovider",
        "dynamodb",
        "secretsmanager",
        "sesv2",
        "sns",
        "eventbridge",
    ];
    for (package, may) in [
        // It, sign-up and the sweeper alone publish events.
        ("define-auth-challenge", SDKS[1..].to_vec()),
        // It cannot access accounts.
        ("create-auth-challenge", SDKS[2..6].to_vec()),
        // It cannot access accounts either, and cannot send.
        ("verify-auth-challenge-response", SDKS[2..4].to_vec()),
        // They cannot send. Only sign-in invokes the hook.
        ("sign-in", SDKS[..4].to_vec()),
        ("sign-up", [&SDKS[1..4], &["eventbridge"]].concat()),
    ] {
        let tree = tree(&format!("latchstring-{package}"));
        let built = SDKS
            .iter()
            .filter(|sdk| tree.contains(&format!("aws-sdk-{sdk}")));
        assert!(built.eq(&may), "{package}");
    }
    // Without its features the layer between brings none of them.
    let tree = tree(LAMBDA);
    let built: Vec<_> = SDKS
        .iter()
        .filter(|sdk| tree.contains(&format!("aws-sdk-{sdk}")))
        .collect();
    assert!(built.is_empty(), "{built:?}");
}

/// The members that name a feature of a crate, in what they ship.
fn naming<'a>(metadata: &'a Value, of: &str, feature: &str) -> BTreeSet<&'a str> {
    let names = |package: &&Value| {
        let shipped = |dependency: &&Value| text(dependency, "kind") != "dev";
        let mut dependencies = list(package, "dependencies").iter().filter(shipped);
        dependencies.any(|dependency| {
            let mut features = list(dependency, "features").iter();
            text(dependency, "name") == of && features.any(|named| named == feature)
        })
    };
    let packages = list(metadata, "packages").iter().filter(names);
    packages.map(|package| text(package, "name")).collect()
}

#[test]
fn only_the_two_functions_that_send_have_couriers() {
    let metadata = metadata();
    let senders = [
        "latchstring-create-auth-challenge",
        "latchstring-define-auth-challenge",
    ];
    assert_eq!(naming(&metadata, LAMBDA, "couriers"), senders.into());
    // The feature is the only way to what sends, among the functions.
    for feature in ["ses", "sns"] {
        let naming = naming(&metadata, AWS, feature);
        assert_eq!(naming, [TESTS].into(), "{feature}");
    }
}

/// The floors of the core, the lowest first. A module imports from floors below its own, and from
/// its own.
const FLOORS: &[&str] = &[
    "value",
    "effects",
    "seal",
    "policy",
    "record",
    "message",
    "ports",
    "outbox",
    "rate_limit",
    "flow",
    "resolver",
];

/// The crates without a cycle of modules, each with the number of segments of a path that name a
/// module: in the core a floor and a module on it, elsewhere a module of the crate.
const WITHOUT_CYCLES: &[(&str, usize)] = &[
    ("shared/core", 2),
    ("shared/aws", 1),
    ("local", 1),
    ("local/cognito", 1),
    ("local/appsync", 1),
    ("local/http-api", 1),
];

/// Describes every import that does not go down.
fn upward(graph: &Graph) -> Vec<String> {
    let floor_of = |module: &str| {
        let name = module.split("::").next().unwrap_or_default();
        FLOORS.iter().position(|floor| *floor == name)
    };
    let mut found = Vec::new();
    for (module, imports) in graph {
        // The root re-exports what other crates use.
        if module.is_empty() {
            continue;
        }
        let Some(own) = floor_of(module) else {
            found.push(format!("{module} is on no floor"));
            continue;
        };
        for import in imports {
            if floor_of(import).is_none_or(|floor| floor > own) {
                let import = if import.is_empty() {
                    "the root"
                } else {
                    import
                };
                found.push(format!("{module} may not import from {import}"));
            }
        }
    }
    found
}

#[test]
fn every_module_of_the_core_imports_from_the_floors_below_it() {
    let graph = Modules::read(&root().join("shared/core/src")).graph(2);
    assert!(graph["flow::verify"].contains("record::flow"), "{graph:#?}");
    let upward = upward(&graph);
    assert!(upward.is_empty(), "{upward:#?}");
}

#[test]
fn no_crate_has_a_cycle_of_modules() {
    let mut cycles = Vec::new();
    for (folder, depth) in WITHOUT_CYCLES {
        let graph = Modules::read(&root().join(folder).join("src")).graph(*depth);
        let edges: usize = graph.values().map(BTreeSet::len).sum();
        assert!(edges > 5, "{folder}: {graph:#?}");
        if let Some(cycle) = cycle(&graph) {
            cycles.push(format!("{folder}: {}", cycle.join(" -> ")));
        }
    }
    assert!(cycles.is_empty(), "{cycles:#?}");
}

fn graph_of(depth: usize, sources: &[(&str, &str)]) -> Graph {
    let sources = sources.iter().copied();
    let owned = sources.map(|(module, source)| (module.to_owned(), source.to_owned()));
    Modules::of(owned.collect::<BTreeMap<_, _>>()).graph(depth)
}

#[test]
fn an_import_is_found_however_it_is_written() {
    let target = "pub struct T; pub fn f() {}";
    for import in [
        "use crate::b::T;",
        "use super::b::{self, T as U};",
        "use crate::{c, b::{T}};",
        "use super::T;",
        "fn g() -> crate::b::T { todo() }",
        "fn g() { super::b::f() }",
    ] {
        let graph = graph_of(
            1,
            &[
                ("", "mod a; mod b; mod c; pub use b::T;"),
                ("a", import),
                ("b", target),
                ("c", ""),
            ],
        );
        assert!(graph["a"].contains("b"), "{import}: {graph:?}");
        assert!(graph["b"].is_empty() && graph[""].is_empty(), "{import}");
    }
}

#[test]
fn comments_literals_and_tests_import_nothing() {
    let source = r#"
        //! [`T`](crate::b::T)
        fn f() -> &'static str { "crate::b::T" }
        #[cfg(test)]
        use crate::b::T;
        #[cfg(test)]
        mod tests { use crate::b::T; fn g() {} }
    "#;
    let root = "mod a; mod b; #[cfg(test)] mod only_tests;";
    let sources = [
        ("", root),
        ("a", source),
        ("b", ""),
        ("only_tests", "use crate::a;"),
    ];
    let graph = graph_of(1, &sources);
    assert_eq!(graph.keys().collect::<Vec<_>>(), ["", "a", "b"]);
    assert!(graph["a"].is_empty(), "{graph:?}");
}

#[test]
fn a_cycle_and_an_upward_import_are_reported() {
    let root = "mod flow; mod record; mod value; mod stray;";
    let sources = [
        ("", root),
        ("flow", "mod a; mod b; pub use a::A; pub struct F;"),
        (
            "flow::a",
            "use super::b::B; use crate::record::R; pub struct A;",
        ),
        ("flow::b", "use crate::value::V; pub struct B;"),
        ("record", "use crate::value::V; pub struct R;"),
        ("value", "pub struct V;"),
        ("stray", ""),
    ];
    let graph = graph_of(2, &sources);
    assert_eq!(cycle(&graph), None);
    assert_eq!(upward(&graph), ["stray is on no floor"]);

    let mut planted = sources;
    planted[3].1 = "use super::A; pub struct B;";
    planted[4].1 = "use crate::flow::{A, F}; pub struct R;";
    planted[5].1 = "pub struct V(crate::Root);";
    let graph = graph_of(2, &planted);
    let found = cycle(&graph).expect("a cycle");
    assert_eq!(found.first(), found.last());
    assert!(found.len() > 2, "{found:?}");
    assert_eq!(
        upward(&graph),
        [
            "record may not import from flow",
            "record may not import from flow::a",
            "stray is on no floor",
            "value may not import from the root",
        ]
    );
    // An item of a module that uses its own children.
    let tied = graph_of(
        2,
        &[
            ("", "mod m;"),
            ("m", "mod child; pub use child::C; pub struct M(C);"),
            ("m::child", "use super::M; pub struct C;"),
        ],
    );
    assert_eq!(
        cycle(&tied),
        Some(vec!["m".into(), "m::child".into(), "m".into()])
    );
}
