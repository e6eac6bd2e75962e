//! The commands of README.md and docs/tour.md, verbatim.

use std::process::Command;

use latchstring_tests::{Latchstring, Program};

const TOUR: &str = include_str!("../../../docs/tour.md");
/// The headings of the parts that need another service.
const INVITATIONS: &str = "\n## By invitation\n";
const SESSION_MODE: &str = "\n## In session mode\n";
/// The words with which the tour starts that service.
const FLAGS: [&str; 3] = [
    "--session-mode",
    "--server-credential",
    "the-credential-of-an-apps-own-server",
];
const README: &str = include_str!("../../../README.md");

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
    let (tour, _) = TOUR.split_once(INVITATIONS).expect("the part");
    for words in [&[][..], &phones] {
        let printed = print_of(tour, &address, words);
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
async fn the_tours_commands_play_session_mode() {
    let (_, tour) = TOUR.split_once(SESSION_MODE).expect("the part");
    assert!(tour.contains(&format!("cargo run -- {}", FLAGS.join(" "))));
    let arguments = [&["--port", "0"][..], &FLAGS].concat();
    let mut program = Program::local("local-session-mode", &arguments);
    let address = program.address().await;
    for is_new in ["true", "false"] {
        let printed = print_of(tour, &address, &[]);
        for (text, count) in [
            (&*format!("\"isNew\":{is_new}"), 1),
            ("\"status\":\"session_opened\"", 1),
            ("\"familyName\":\"Lovelace\"", 1),
            ("\"isCurrent\":true", 1),
            ("\"handle\":", 1),
            ("urn:latchstring:error:Forbidden", 1),
            ("urn:latchstring:error:NotSignedIn", 1),
            // The one access token of the app's server.
            ("\"accessToken\":\"ey", 1),
            ("oken\":", 1),
        ] {
            assert_eq!(printed.matches(text).count(), count, "{text}");
        }
    }
}

#[tokio::test]
async fn the_tours_commands_invite() {
    let by_invitation = [
        "--port",
        "0",
        "--control",
        "--admission",
        "invited",
        "--inviters-may-give",
        "staff",
    ];
    let mut program = Program::local("local-invitations", &by_invitation);
    let address = program.address().await;
    let (page, rest) = TOUR.split_once(INVITATIONS).expect("the part");
    let (invitations, _) = rest.split_once(SESSION_MODE).expect("the next part");
    let functions = page.split("```").nth(1).expect("the first block");
    let page = format!("```{functions}```\n{invitations}");
    let printed = print_of(&page, &address, &[]);
    assert_eq!(
        printed.matches("urn:latchstring:error:NotAdmitted").count(),
        1
    );
    assert_eq!(printed.matches("error:MembershipNotPermitted").count(), 1);
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
