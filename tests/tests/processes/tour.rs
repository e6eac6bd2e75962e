//! The commands of README.md and docs/tour.md, verbatim.

use std::process::Command;

use latchstring_tests::{Latchstring, Program};

const TOUR: &str = include_str!("../../../docs/tour.md");
const README: &str = include_str!("../../../README.md");

/// The heading of the part that another service is for.
const INVITATIONS: &str = "\n## By invitation\n";

/// Runs the shell blocks of a page in order, as a reader does, against another port and with these
/// words replaced. Returns their output.
fn print_of(page: &str, address: &str, words: &[(&str, &str)]) -> String {
    let blocks = page.split("```sh\n").skip(1);
    let blocks = blocks.filter_map(|block| block.split("```").next());
    let script: String = blocks.collect();
    assert!(script.contains("http://127.0.0.1:4180"));
    let script = script.replace("http://127.0.0.1:4180", address);
    let script = words.iter().fold(script, |script, (theirs, ours)| {
        assert!(script.contains(theirs), "{theirs} is to be replaced");
        script.replace(theirs, ours)
    });
    let ran = Command::new("bash")
        .args(["-eu", "-c", &script])
        .output()
        .expect("bash runs");
    // The error output may contain codes or tokens, and is not printed.
    assert!(ran.status.success(), "the commands of the tour work");
    String::from_utf8(ran.stdout).expect("UTF-8")
}

#[tokio::test]
async fn the_tours_commands_sign_in_by_email_and_by_phone() {
    let mut program = Program::local("local-readme", &["--port", "0"]);
    let address = program.address().await;
    let phones = [
        ("ada@example.com", "+1 415 555 0132"),
        ("ada@example.org", "+1 415 555 0134"),
        ("bob@example.com EMAIL", "'+1 415 555 0133' PHONE_NUMBER"),
    ];
    for words in [&[][..], &phones] {
        let (page, _) = TOUR.split_once(INVITATIONS).expect("the part");
        let printed = print_of(page, &address, words);
        let signed_in = printed.matches("\"idToken\":\"ey").count();
        assert_eq!(signed_in, 3, "two sign-ins and a new contact over HTTP");
        assert_eq!(printed.matches("\"isNew\":true").count(), 1);
        let signed_in = printed.matches("\"IdToken\":\"ey").count();
        assert_eq!(signed_in, 2, "a first sign-in and a second through AppSync");
    }
    let accounts = Latchstring::at(&address).await.accounts().await;
    assert_eq!(accounts.len(), 4, "two by email and two by phone");
}

#[tokio::test]
async fn the_tours_commands_invite() {
    let by_invitation = ["--port", "0", "--control", "--admission", "invited"];
    let mut program = Program::local("local-invitations", &by_invitation);
    let address = program.address().await;
    let (page, invitations) = TOUR.split_once(INVITATIONS).expect("the part");
    let functions = page.split("```").nth(1).expect("the first block");
    let page = format!("```{functions}```\n{invitations}");
    let printed = print_of(&page, &address, &[]);
    assert_eq!(
        printed.matches("urn:latchstring:error:NotAdmitted").count(),
        1
    );
    assert_eq!(printed.matches("\"isNew\":true").count(), 1, "Bob joins");
    let accounts = Latchstring::at(&address).await.accounts().await;
    assert_eq!(accounts.len(), 2);
}

#[tokio::test]
async fn the_readmes_three_calls_sign_in() {
    let mut program = Program::local("local-three-calls", &["--port", "0"]);
    let address = program.address().await;
    for is_new in ["true", "false"] {
        let printed = print_of(README, &address, &[]);
        assert_eq!(printed.matches("\"accessToken\":\"ey").count(), 1);
        assert!(printed.contains(&format!("\"isNew\":{is_new}")));
    }
}
