//! The tables of docs/scale.md that are computed.

use std::fmt::Write;
use std::path::PathBuf;

use latchstring_core::identifier::Method;

use super::line::Hop;
use super::others::{ARTICLE, ARTICLE_NEW, Other, PEER};
use super::{Journey, Leg, Who, each_one};

/// A table and the name of its place in the document.
pub struct Table {
    /// The name in the comments around it.
    pub name: &'static str,
    /// The text, in Markdown.
    pub text: String,
}

/// One way to tokens.
pub struct Column {
    /// The kind of user and the method.
    pub name: &'static str,
    /// The legs in numbers of trips.
    pub counted: Vec<Leg>,
    /// The legs in milliseconds.
    pub felt: Vec<Leg>,
}

impl Column {
    fn new(name: &'static str, who: Who, method: Method) -> Self {
        Self {
            name,
            counted: Journey::go(who, method, each_one),
            felt: Journey::go(who, method, Hop::assumed_ms),
        }
    }

    /// Returns the number of requests of an operation.
    pub fn requests(&self, service: &str, operation: &str) -> usize {
        self.counted
            .iter()
            .flat_map(|leg| &leg.requests)
            .filter(|((s, o), _)| *s == service && *o == operation)
            .map(|(_, number)| number)
            .sum()
    }
}

/// Returns the columns of every kind of user and method.
pub fn columns() -> [Column; 4] {
    [
        Column::new("known, email", Who::Known, Method::Email),
        Column::new("known, SMS", Who::Known, Method::PhoneNumber),
        Column::new("new, email", Who::New, Method::Email),
        Column::new("new, SMS", Who::New, Method::PhoneNumber),
    ]
}

/// A service, its operation, and the quota of Cognito's that counts it.
type Request = (&'static str, &'static str, Option<(&'static str, usize)>);

/// Every operation in the order of the way, with the quota of Cognito's that counts it: its name,
/// and the default requests a second. Respond has three times the quota of Initiate.
const REQUESTS: [Request; 9] = [
    ("AppSync", "queries", None),
    ("Cognito", "InitiateAuth", Some(("UserAuthentication", 120))),
    (
        "Cognito",
        "RespondToAuthChallenge",
        Some(("3 × UserAuthentication", 360)),
    ),
    ("Cognito", "AdminGetUser", Some(("UserRead", 120))),
    ("Cognito", "AdminCreateUser", Some(("UserCreation", 50))),
    (
        "Cognito",
        "AdminSetUserPassword",
        Some(("UserAccountRecovery", 30)),
    ),
    ("DynamoDB", "reads", None),
    ("DynamoDB", "writes", None),
    ("SES or SNS", "messages", None),
];

const FUNCTIONS: [&str; 4] = ["sign-in", "define", "create", "verify"];

/// Returns all tables.
pub fn tables() -> Vec<Table> {
    let columns = columns();
    vec![
        Table {
            name: "round trips",
            text: round_trips(&columns),
        },
        Table {
            name: "latencies",
            text: latencies(),
        },
        Table {
            name: "requests",
            text: requests(&columns),
        },
        Table {
            name: "quotas",
            text: quotas(&columns),
        },
    ]
}

fn row(out: &mut String, cells: impl IntoIterator<Item = String>) {
    let cells: Vec<_> = cells.into_iter().collect();
    // Writing to a `String` cannot fail.
    let _ = writeln!(out, "| {} |", cells.join(" | "));
}

fn head(out: &mut String, cells: &[&str]) {
    row(out, cells.iter().map(ToString::to_string));
    let _ = writeln!(out, "|{}", "---|".repeat(cells.len()));
}

/// Returns the table of the waiting times, beside those of other systems.
pub fn round_trips(columns: &[Column]) -> String {
    let mut out = String::new();
    head(
        &mut out,
        &[
            "way",
            "part",
            "trips, one after the other",
            "ms to the answer",
            "ms to the message sent",
        ],
    );
    for column in columns {
        for (counted, felt) in column.counted.iter().zip(&column.felt) {
            let sent = felt
                .message_after
                .map_or(String::new(), |ms| ms.to_string());
            row(
                &mut out,
                [
                    column.name.to_owned(),
                    counted.name.to_owned(),
                    counted.took.to_string(),
                    felt.took.to_string(),
                    sent,
                ],
            );
        }
    }
    for other in [&ARTICLE, &ARTICLE_NEW, &PEER] {
        for (name, part) in [("signIn", other.sign_in), ("the code", other.answer)] {
            let felt = Other::took(part, Hop::assumed_ms);
            let sent = if part.contains(&Hop::Message) {
                felt.to_string()
            } else {
                String::new()
            };
            row(
                &mut out,
                [
                    other.name.to_owned(),
                    name.to_owned(),
                    part.len().to_string(),
                    felt.to_string(),
                    sent,
                ],
            );
        }
    }
    out
}

fn latencies() -> String {
    let mut out = String::new();
    head(&mut out, &["trip, there and back", "ms, assumed"]);
    for hop in Hop::ALL {
        row(
            &mut out,
            [hop.name().to_owned(), hop.assumed_ms().to_string()],
        );
    }
    out
}

fn requests(columns: &[Column]) -> String {
    let mut out = String::new();
    let mut names = vec!["requests"];
    names.extend(columns.iter().map(|column| column.name));
    head(&mut out, &names);
    let mut line = |name: String, number: &dyn Fn(&Column) -> usize| {
        let cells = columns.iter().map(|column| number(column).to_string());
        row(&mut out, std::iter::once(name).chain(cells));
    };
    for (service, operation, _) in REQUESTS {
        line(format!("{service}: {operation}"), &|column| {
            column.requests(service, operation)
        });
    }
    for function in FUNCTIONS {
        line(format!("Lambda: {function}"), &|column| {
            column.requests("Lambda", function)
        });
    }
    out
}

/// Returns the table of the sign-ins a second at which each quota of Cognito's is used up.
fn quotas(columns: &[Column]) -> String {
    let mut out = String::new();
    let mut names = vec!["quota of Cognito's", "requests/s, by default"];
    let titles: Vec<_> = columns
        .iter()
        .map(|column| format!("{}, a second", column.name))
        .collect();
    names.extend(titles.iter().map(String::as_str));
    head(&mut out, &names);
    for (service, operation, quota) in REQUESTS {
        let Some((name, limit)) = quota else { continue };
        let cells = columns.iter().map(|column| {
            limit
                .checked_div(column.requests(service, operation))
                .map_or("–".to_owned(), |rate| rate.to_string())
        });
        let first = [format!("{name}: {operation}"), limit.to_string()];
        row(&mut out, first.into_iter().chain(cells));
    }
    out
}

/// Returns the path of the document.
pub fn document() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/scale.md"))
}

/// Returns the document with these tables in their places.
///
/// # Panics
/// If it has no place for one of them.
pub fn in_document(text: &str, tables: &[Table]) -> String {
    let mut text = text.to_owned();
    for Table { name, text: table } in tables {
        let (begin, end) = (
            format!("<!-- counted: {name} -->\n"),
            format!("<!-- end: {name} -->"),
        );
        let from = text.find(&begin).map(|at| at + begin.len());
        let to = text.find(&end);
        let (Some(from), Some(to)) = (from, to) else {
            panic!("docs/scale.md has no place for the table of {name}")
        };
        text.replace_range(from..to, &format!("\n{table}\n"));
    }
    text
}
