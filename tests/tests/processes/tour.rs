//! The commands of docs/tour.md, verbatim.

use std::process::Command;

use latchstring_tests::{Latchstring, Program};

const TOUR: &str = include_str!("../../../docs/tour.md");

/// Runs the shell blocks in order, as a reader does, against another port and with these words
/// replaced. Returns their output.
fn print_of_tour(address: &str, words: Option<(&str, &str)>) -> String {
    let blocks = TOUR.split("```sh\n").skip(1);
    let blocks = blocks.filter_map(|block| block.split("```").next());
    let script: String = blocks.collect();
    assert!(script.contains("http://127.0.0.1:4180"));
    let script = script.replace("http://127.0.0.1:4180", address);
    let script = match words {
        None => script,
        Some((theirs, ours)) => script.replace(theirs, ours),
    };
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
    let phone = ("ada@example.com EMAIL", "'+1 415 555 0132' PHONE_NUMBER");
    for words in [None, Some(phone)] {
        let printed = print_of_tour(&address, words);
        let signed_in = printed.matches("\"IdToken\":\"ey").count();
        assert_eq!(signed_in, 2, "a first sign-in and a second");
        assert!(printed.contains("{\"status\":\"signed_in\",\"isNew\":"));
    }
    let accounts = Latchstring::at(&address).await.accounts().await;
    assert_eq!(accounts.len(), 3, "two by email and one by phone");
}
