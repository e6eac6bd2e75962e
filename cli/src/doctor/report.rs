//! The printed report: a line for each finding with its fix below it, or JSON.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::attach::members::{CLIENT_FIXED, POOL_MEMBERS};
use crate::doctor::deployment::why;
use crate::doctor::{Finding, Fix, State};

/// Reports whether no finding is wrong.
pub fn is_healthy(findings: &[Finding]) -> bool {
    !findings.iter().any(|finding| finding.state.is_wrong())
}

/// The report for a person.
pub fn text(findings: &[Finding], pool: &str, colour: bool) -> String {
    let mut text = String::new();
    for finding in findings {
        let word = finding.state.word();
        let (on, off) = if colour {
            (paint(finding.state), "\x1b[0m")
        } else {
            ("", "")
        };
        let check = finding.check;
        // Writing to a String does not fail.
        let _ = writeln!(text, "{on}{word:<8}{off}{} ({check})", finding.says);
        if matches!(finding.state, State::Leaks | State::Fails) {
            let _ = writeln!(text, "        why: {}", why(check));
        }
        if let Some(fix) = &finding.fix {
            let _ = writeln!(text, "        fix: {}", line(fix));
        }
    }
    let shell = shell(findings, pool);
    if !shell.is_empty() {
        let _ = writeln!(
            text,
            "\nfix_pool and fix_client read, change and write back whole, since an update resets what it is\n\
             not told. They need the AWS CLI and jq. Paste them first:\n\n{shell}"
        );
    }
    let count = |state| findings.iter().filter(|f| f.state == state).count();
    let _ = writeln!(
        text,
        "\n{} ok, {} to note, {} leak, {} fail, {} unknown",
        count(State::Ok),
        count(State::Note),
        count(State::Leaks),
        count(State::Fails),
        count(State::Unknown),
    );
    text
}

/// The members of the report for a machine.
pub fn json(findings: &[Finding], pool: &str) -> [(&'static str, Value); 3] {
    let list: Vec<Value> = findings
        .iter()
        .map(|finding| {
            json!({
                "check": finding.check,
                "state": finding.state.word(),
                "says": finding.says,
                "why": why(finding.check),
                "fix": finding.fix.as_ref().map(line),
            })
        })
        .collect();
    [
        ("healthy", is_healthy(findings).into()),
        ("findings", list.into()),
        ("shell", shell(findings, pool).into()),
    ]
}

const fn paint(state: State) -> &'static str {
    match state {
        State::Ok => "\x1b[32m",
        State::Note => "\x1b[36m",
        State::Leaks | State::Fails => "\x1b[31m",
        State::Unknown => "\x1b[33m",
    }
}

fn line(fix: &Fix) -> String {
    match fix {
        Fix::Pool(change) => format!("fix_pool '{change}'"),
        Fix::Client(id, change) => format!("fix_client {id} '{change}'"),
        Fix::Command(command) => command.clone(),
        Fix::Words(words) => (*words).to_owned(),
    }
}

/// Returns the members of a pool's description that `UpdateUserPool` takes under the same names.
fn same_members() -> String {
    let same = POOL_MEMBERS
        .iter()
        .filter(|(sent, described)| sent == described);
    let names: Vec<&str> = same.map(|(sent, _)| *sent).collect();
    let lines: Vec<String> = names.chunks(4).map(|line| line.join(", ")).collect();
    lines.join(",\n      ")
}

/// The functions that the fixes call.
fn shell(findings: &[Finding], pool: &str) -> String {
    let fixes = || findings.iter().filter_map(|finding| finding.fix.as_ref());
    let mut functions = Vec::new();
    if fixes().any(|fix| matches!(fix, Fix::Pool(_))) {
        let members = same_members();
        functions.push(format!(
            r#"fix_pool() {{
  aws cognito-idp update-user-pool --cli-input-json "$(
    aws cognito-idp describe-user-pool --user-pool-id {pool} --query UserPool |
    jq 'if (.MfaConfiguration // "OFF") != "OFF"
      then error("The pool has a second factor, whose settings an update cannot send back. Turn it off first.")
      else . end | '"$1 | "'{{UserPoolId: .Id, PoolName: .Name, {members}}}
      | if .Policies.PasswordPolicy.TemporaryPasswordValidityDays
        then del(.AdminCreateUserConfig.UnusedAccountValidityDays) else . end
      | with_entries(select(.value | IN(null, "", {{}}) | not))')"
}}"#
        ));
    }
    if fixes().any(|fix| matches!(fix, Fix::Client(..))) {
        let dropped = CLIENT_FIXED.iter().map(|name| format!(".{name}"));
        let dropped = dropped.collect::<Vec<_>>().join(", ");
        functions.push(format!(
            r#"fix_client() {{
  aws cognito-idp update-user-pool-client --cli-input-json "$(
    aws cognito-idp describe-user-pool-client --user-pool-id {pool} --client-id "$1" --query UserPoolClient |
    jq "$2 | "'del({dropped})
      | with_entries(select(.value | IN(null, "", {{}}) | not))')" > /dev/null
}}"#
        ));
    }
    functions.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings() -> Vec<Finding> {
        vec![
            Finding::ok("a", "all is well"),
            Finding::leaks("b", "anyone can call SignUp").with_fix(Fix::Pool(".X = true")),
        ]
    }

    #[test]
    fn the_report_shows_state_sentence_and_fix() {
        let text = text(&findings(), "p_1", false);
        assert!(text.starts_with("ok      all is well (a)\nleaks   anyone can call SignUp (b)\n"));
        assert!(text.contains("fix: fix_pool '.X = true'"));
        assert!(text.contains("fix_pool() {") && !text.contains("fix_client() {"));
        assert!(text.ends_with("1 ok, 0 to note, 1 leak, 0 fail, 0 unknown\n"));
        assert!(!text.contains('\x1b'));
    }

    #[test]
    fn the_json_report_has_the_same_content() {
        let members = json(&findings(), "p_1").map(|(name, value)| (name.to_owned(), value));
        let report = Value::Object(members.into_iter().collect());
        assert_eq!(report["healthy"], false);
        assert_eq!(report["findings"][1]["state"], "leaks");
        assert_eq!(report["findings"][0]["fix"], Value::Null);
    }

    #[test]
    fn the_fixes_send_every_member_back_that_attach_sends() {
        let client =
            Finding::leaks("c", "the client").with_fix(Fix::Client("web".to_owned(), ".X = 1"));
        let shell = shell(&[findings(), vec![client]].concat(), "p_1");
        // The fix renames these two.
        assert!(shell.contains("{UserPoolId: .Id, PoolName: .Name, Policies, "));
        let words: Vec<&str> = shell.split(|c: char| !c.is_ascii_alphanumeric()).collect();
        for (sent, _) in POOL_MEMBERS {
            assert!(words.contains(sent), "{sent}");
        }
        for fixed in CLIENT_FIXED {
            assert!(shell.contains(&format!(".{fixed}")), "{fixed}");
        }
    }

    #[test]
    fn only_ok_and_notes_are_healthy() {
        let of = |state| is_healthy(&[Finding::new("a", state, "")]);
        assert!(of(State::Ok) && of(State::Note));
        assert!(!of(State::Leaks) && !of(State::Fails) && !of(State::Unknown));
    }
}
