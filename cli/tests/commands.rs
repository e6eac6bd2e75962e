//! The commands that need no deployment.

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
    let all = json.as_array().expect("a list");
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
    for command in ["attach", "invite", "rotate-keys"] {
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
