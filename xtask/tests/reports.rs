//! docs/reports.md names a test in every row of its table. Each is there, and names its report.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot read the tree has failed"
)]

mod named;

use std::fs;

#[test]
fn every_report_names_an_existing_test() {
    for (row, sources) in named::check_rows("docs/reports.md", "| source |", 40) {
        assert_eq!(row.matches(" | ").count(), 3, "four columns: {row}");
        for report in reports(&row) {
            assert!(sources.contains(report), "no test names {report}: {row}");
        }
    }
}

/// Returns the reports in the first column of a row that have a number, such as `chatwoot#14048`.
fn reports(row: &str) -> impl Iterator<Item = &str> {
    let column = row.split('|').nth(1).unwrap_or_default();
    column
        .split([' ', ',', ';'])
        .filter(|word| word.contains('#'))
}

/// Facts that a report found missing in the documents, and that no code can show.
#[test]
fn documents_contain_the_facts_that_reports_missed() {
    for (document, words) in [
        // A suppressed address never gets a code, and "request another" does not help.
        (
            "docs/delivery.md",
            &["never gets a code", "`DeleteSuppressedDestination`"][..],
        ),
        // STOP, and opting in again.
        (
            "docs/delivery.md",
            &["texts START", "once in 30 days", "`OptInPhoneNumber`"],
        ),
        // India takes more than a sender id.
        ("docs/senders.md", &["`SmsEntityId`", "`SmsTemplateIds`"]),
        ("docs/delivery.md", &["`SMS_ENTITY_ID`"]),
        // Territories are not part of the country whose calling code they share.
        (
            "docs/phone-numbers.md",
            &["`GB` does not include", "`GG`, `JE`, `IM`", "`PR`"],
        ),
        (
            "docs/phone-numbers.md",
            &["`+54 9 11 2345 6789`", "two accounts"],
        ),
        ("docs/messages.md", &["`pt-PT` and `pt-BR`"]),
        // Consecutive dots, once handed out by providers.
        ("docs/protocol.md", &["two dots in a row"]),
        // Clients: rotation, and what was not run.
        (
            "docs/clients.md",
            &[
                "amazon-cognito-identity-js v6, aws-amplify v5, pycognito",
                "One ticket, one begin",
                "a session cannot be handed to it",
                "were not compiled here",
            ],
        ),
        (
            "docs/stand-in.md",
            &[
                "/.well-known/openid-configuration",
                "openid-client",
                "pycognito",
                "`--allow-host NAME`",
                "`--allow-origin ORIGIN`",
                "`failTriggers`",
                "`failFor`",
            ],
        ),
        (
            "docs/existing-pools.md",
            &["`+4402079460199`, `+5215512345678` or `user@bücher.example`"],
        ),
    ] {
        let text = fs::read_to_string(named::root().join(document)).expect("the document");
        for word in words {
            assert!(text.contains(word), "{document} does not say {word}");
        }
    }
}
