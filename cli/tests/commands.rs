//! The commands that need no deployment.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Output};

fn latchstring(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_latchstring"))
        .args(arguments)
        .env_clear()
        .envs(environment.iter().copied())
        .output()
        .expect("it starts")
}

fn printed(arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let output = latchstring(arguments, environment);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn settings_are_printed_as_text_and_as_json() {
    let text = printed(&["settings"], &[]);
    assert!(
        text.contains("\nCODE_LENGTH: 6 to 10 digits; default 6\n"),
        "{text}"
    );
    let json: serde_json::Value =
        serde_json::from_str(&printed(&["settings", "--json"], &[])).expect("JSON");
    assert_eq!(
        (&json["command"], &json["outcome"]),
        (&"settings".into(), &"done".into())
    );
    let all = json["settings"].as_array().expect("a list");
    let length = all.iter().find(|setting| setting["name"] == "CODE_LENGTH");
    let length = length.expect("it is listed");
    assert_eq!((&length["least"], &length["most"]), (&6.into(), &10.into()));
}

#[test]
fn odds_follow_the_environment_and_a_wrong_setting_is_named() {
    let defaults = printed(&["odds"], &[]);
    assert!(defaults.contains("within MAX_TARGETED_ODDS"), "{defaults}");
    let wide = printed(&["odds"], &[("SHORT_GUESSES_PER_MONTH", "40")]);
    assert!(wide.contains("above MAX_TARGETED_ODDS"), "{wide}");
    let wrong = latchstring(&["odds"], &[("CODE_LENGTH", "5")]);
    assert_eq!(wrong.status.code(), Some(2));
    let error = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(error.contains("CODE_LENGTH has an invalid value: expected 6 to 10 digits"));
}

#[test]
fn every_shard_of_a_large_limit_is_reset() {
    let large = [
        ("ALL_CODES_PER_DAY", "1500000"),
        ("ALL_SHORT_GUESSES_PER_DAY", "20000"),
        ("ALL_LONG_GUESSES_PER_DAY", "100000"),
        ("MAIL_UNPROVED_PER_HOUR", "500000"),
    ];
    let keys = |commands: &str| commands.matches("counter#").count();
    let defaults = printed(&["reset-limits"], &[]);
    assert_eq!(
        (keys(&defaults), defaults.contains("for pk in")),
        (4, false)
    );
    let sharded = printed(&["reset-limits"], &large);
    assert_eq!(keys(&sharded), 64 + 3, "{sharded}");
    assert!(sharded.contains("# unknown, 64 shards:"), "{sharded}");
    let odds = [large.as_slice(), &[("MAX_SPRAY_ODDS", "1")]].concat();
    assert!(printed(&["odds"], &odds).contains("\n  64, the deployment in a day\n"));
    let wrong = latchstring(&["reset-limits"], &[("ALL_CODES_PER_DAY", "0")]);
    assert_eq!(wrong.status.code(), Some(2));
}

/// A shell runs the printed commands as they are.
#[test]
fn the_printed_loop_is_one_that_a_shell_runs() {
    let large = [("MAIL_UNPROVED_PER_HOUR", "2000")];
    let commands = printed(&["reset-limits", "--domain", "gmail.com"], &large);
    let script = format!("aws() {{ echo \"$3 $4 $5 $6\"; }}; TABLE_NAME=table\n{commands}");
    let output = Command::new("sh")
        .args(["-c", &script])
        .output()
        .expect("sh");
    let lines = String::from_utf8(output.stdout).expect("text");
    let mut keys: Vec<&str> = lines.lines().collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), 3, "{lines}");
    for line in keys {
        let key = line
            .strip_prefix("--table-name table --key ")
            .expect("a key");
        let key: serde_json::Value = serde_json::from_str(key).expect("JSON");
        let pk = key["pk"]["S"].as_str().expect("a text");
        assert!(pk.starts_with("counter#"), "{line}");
    }
}

#[test]
fn codes_of_test_identifiers_are_printed() {
    let ring = r#"{"id": "k1", "secret": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}"#;
    let environment = [
        ("KEY_RING", ring),
        ("TEST_IDENTIFIERS", "review@example.com=2027-01-31"),
        ("STORE", "memory"),
    ];
    let line = printed(&["test-codes"], &environment);
    let (code, identifier) = line.trim().split_once("  ").expect("a code and its owner");
    assert_eq!((code.len(), identifier), (8, "review@example.com"));
    assert_eq!(latchstring(&["test-codes"], &[]).status.code(), Some(2));
}

#[test]
fn the_help_about_credentials_is_the_same_in_each_command() {
    let of = |command: &str| {
        let help = printed(&[command, "--help"], &[]);
        let from = help.find("Region and credentials come from").expect("help");
        let to = help
            .find("AWS_ENDPOINT_URL names an emulator")
            .expect("help");
        let lines: Vec<String> = help[from..to].lines().map(str::to_owned).collect();
        let (example, others) = lines
            .into_iter()
            .partition::<Vec<_>, _>(|line| line.starts_with("  latchstring "));
        assert_eq!(example.len(), 1, "{help}");
        assert!(example[0].starts_with(&format!("  latchstring {command} ")));
        others
    };
    let doctor = of("doctor");
    assert!(doctor.len() > 4, "{doctor:?}");
    for command in [
        "attach",
        "detach",
        "erase",
        "export",
        "invite",
        "live-check",
        "restart",
        "rollback",
        "rotate-keys",
        "trace",
        "unlock",
    ] {
        assert_eq!(of(command), doctor, "{command}");
    }
}

#[test]
fn limits_of_a_domain_are_reset_however_it_is_spelled() {
    let of = |domain: &str| {
        let commands = printed(&["reset-limits", "--domain", domain], &[]);
        let pick = |line: &&str| line.starts_with("aws dynamodb delete-item");
        let keys: Vec<String> = commands.lines().filter(pick).map(str::to_owned).collect();
        assert_eq!(keys.len(), 2, "{commands}");
        keys
    };
    // The key of the breaker contains the hour, which may end between two runs.
    let same = (0..2).any(|_| of("example.com") == of("EXAMPLE.com"));
    assert!(same);
    assert_ne!(of("example.com"), of("example.org"));
    let country = printed(&["reset-limits", "--country", "DE"], &[]);
    assert_ne!(country, printed(&["reset-limits"], &[]));
    for wrong in [["--country", "Germany"], ["--domain", "not a domain"]] {
        let output = latchstring(&["reset-limits", wrong[0], wrong[1]], &[]);
        assert_eq!(output.status.code(), Some(2));
    }
}

#[test]
fn a_live_check_that_cannot_start_makes_nothing() {
    let access = [
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", "not-to-be-printed"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
    ];
    let refused = |arguments: &[&str], environment: &[(&str, &str)]| {
        let output = latchstring(&[&["live-check"], arguments].concat(), environment);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!error.contains("not-to-be-printed"));
        error
    };
    let error = refused(&["--packages", "."], &access);
    assert!(
        error.contains("--dry-run and AWS_ENDPOINT_URL belong together"),
        "{error}"
    );
    let error = refused(&["--packages", ".", "--dry-run"], &access[..3]);
    assert!(
        error.contains("--dry-run and AWS_ENDPOINT_URL belong together"),
        "{error}"
    );
    let error = refused(&["--packages", "."], &[]);
    assert!(error.contains("AWS_REGION is not set"), "{error}");
    let error = refused(&[], &access);
    assert!(error.contains("--packages"), "{error}");
    let error = refused(&["--packages", ".", "--stack", "Upper Case"], &access);
    assert!(
        error.contains("expected 1 to 32 lower-case letters"),
        "{error}"
    );
    // No service listens there, so the account is unknown.
    let error = refused(&["--packages", ".", "--dry-run", "--yes"], &access);
    assert!(
        error.contains("sts:GetCallerIdentity has no result"),
        "{error}"
    );
}
/// Returns the object that a command prints with `--json`.
fn object(arguments: &[&str], environment: &[(&str, &str)], status: i32) -> serde_json::Value {
    let output = latchstring(&[arguments, &["--json"]].concat(), environment);
    assert_eq!(output.status.code(), Some(status), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("text");
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON: {text}"))
}

#[test]
fn every_object_has_its_command_and_outcome() {
    let ring = r#"{"id": "k1", "secret": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}"#;
    let tests = [
        ("KEY_RING", ring),
        ("TEST_IDENTIFIERS", "review@example.com=2027-01-31"),
        ("STORE", "memory"),
    ];
    for (arguments, environment, member) in [
        (&["odds"] as &[&str], &[] as &[(&str, &str)], "targeted"),
        (&["reset-limits"], &[], "items"),
        (&["settings"], &[], "settings"),
        (&["messages", "print"], &[], "texts"),
        (&["test-codes"], &tests, "codes"),
        (&["completions", "bash"], &[], "text"),
        (&["man"], &[], "text"),
    ] {
        let printed = object(arguments, environment, 0);
        assert_eq!(
            (&printed["command"], &printed["outcome"]),
            (&arguments[0].into(), &"done".into())
        );
        assert!(!printed[member].is_null(), "{printed:#}");
    }
    let pool = ["--user-pool", "eu-west-1_Abc"];
    let rotation = ["rotate-keys", "--secret", "ring", "status"];
    let person = ["--stack", "s"];
    for arguments in [
        [&["attach", "--stack", "s"] as &[&str], &pool].concat(),
        [&["detach"] as &[&str], &pool].concat(),
        [&["fix-contacts"] as &[&str], &pool].concat(),
        [&["trace", "ada@example.com"] as &[&str], &person].concat(),
        [&["unlock", "ada@example.com"] as &[&str], &person].concat(),
        [&["erase", "ada@example.com"] as &[&str], &person].concat(),
        [&["export", "ada@example.com"] as &[&str], &person].concat(),
        [&["invite", "ada@example.com"] as &[&str], &person].concat(),
        [&["restart"] as &[&str], &person].concat(),
        [&["rollback"] as &[&str], &person].concat(),
        rotation.to_vec(),
    ] {
        let printed = object(&arguments, &[], 2);
        assert_eq!(printed["command"], arguments[0]);
        assert_eq!(printed["outcome"], "not_started");
        let error = printed["error"].as_str().expect("an error");
        assert!(error.contains("AWS_REGION is not set"), "{error}");
    }
}

#[test]
fn completions_and_the_manual_name_every_command() {
    let help = printed(&["--help"], &[]);
    let (_, commands) = help.split_once("Commands:\n").expect("commands");
    let (commands, _) = commands.split_once("\n\n").expect("an end");
    let names: Vec<&str> = commands
        .lines()
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
        .filter(|name| !name.is_empty() && *name != "help")
        .collect();
    assert!(names.len() > 12, "{names:?}");
    let manual = printed(&["man"], &[]);
    for name in names {
        assert!(
            manual.contains(&format!(".SH {}", name.to_uppercase())),
            "{name}"
        );
        for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
            assert!(
                printed(&["completions", shell], &[]).contains(name),
                "{name} in {shell}"
            );
        }
    }
}

/// The generated part of docs/cli.md follows this line.
const GENERATED: &str =
    "<!-- The rest is generated: UPDATE_GENERATED=1 cargo test --workspace --test commands -->\n\n";

#[test]
fn the_reference_is_that_of_the_program() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/cli.md");
    let page = std::fs::read_to_string(&file).expect("docs/cli.md");
    let (head, reference) = page.split_once(GENERATED).expect("the line before it");
    let now = printed(&["man", "--markdown"], &[]);
    let now = format!("{}\n", now.trim_end());
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        let page = format!("{head}{GENERATED}{now}");
        std::fs::write(&file, page).expect("docs/cli.md is written");
        return;
    }
    assert!(
        reference == now,
        "docs/cli.md differs from the program: run the command that it names"
    );
}

#[test]
fn local_becomes_the_program_beside_it() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("local");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    let program = folder.join("latchstring");
    fs::hard_link(env!("CARGO_BIN_EXE_latchstring"), &program).expect("a link");
    let run = || {
        Command::new(&program)
            .args(["local", "--help", "--port", "0"])
            .output()
    };

    let alone = run().expect("it starts");
    assert_eq!(alone.status.code(), Some(2));
    let error = String::from_utf8_lossy(&alone.stderr).into_owned();
    assert!(error.contains("npm install latchstring"), "{error}");

    let other = folder.join("latchstring-local");
    fs::write(&other, "#!/bin/sh\necho \"$@\"\nkill -TERM $$\n").expect("a script");
    fs::set_permissions(&other, Permissions::from_mode(0o755)).expect("it may run");
    let beside = run().expect("it starts");
    assert_eq!(beside.stdout, b"--help --port 0\n");
    assert_eq!(beside.status.signal(), Some(15));
}
