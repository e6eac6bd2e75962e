//! The reason for which each group of checks matters, in one sentence.

/// The reasons, by the beginning of a check's name. The first that fits is taken.
const WHY: [(&str, &str); 36] = [
    (
        "accounts.",
        "An account that sign-in does not find gets a second account, and its owner loses the first.",
    ),
    (
        "alarms.",
        "Without a notification the operator learns of an outage or an attack from users.",
    ),
    (
        "api.keys",
        "With an expired key AppSync refuses every anonymous request, and starts no function.",
    ),
    (
        "api.routes",
        "A route without its function answers 404, or with the data of another deployment.",
    ),
    (
        "api.resolvers",
        "A field without its function answers with an error, or with the data of another deployment.",
    ),
    (
        "client.",
        "The app client decides which ways to sign in exist, and what a stolen token may change.",
    ),
    (
        "clients",
        "Another app client of the pool is another door to the same accounts.",
    ),
    (
        "client",
        "The app client decides which ways to sign in exist.",
    ),
    (
        "email.dmarc",
        "Without DMARC, mail with codes lands in spam, and phishing mail of the same domain does not.",
    ),
    (
        "email.mail-from",
        "SPF counts for DMARC only if the MAIL FROM domain is the sender's own.",
    ),
    (
        "email.spf",
        "A MAIL FROM domain whose SPF lacks SES makes providers refuse its mail.",
    ),
    (
        "email.suppressed",
        "A suppressed user requests codes that never arrive.",
    ),
    (
        "email.",
        "A code that is not delivered is a sign-in that fails.",
    ),
    (
        "events.",
        "Systems that follow accounts by events miss changes.",
    ),
    (
        "functions.",
        "Functions of different settings refuse each other's tickets and proofs.",
    ),
    (
        "iam.needed",
        "A function that may not do its work repeats the question or fails.",
    ),
    (
        "iam.excess",
        "A permission that is not needed is what an attacker with one function's credentials gets.",
    ),
    (
        "keys.",
        "Codes, tickets and proofs derive from the key ring: who has an old copy of it can forge them.",
    ),
    (
        "lambda.",
        "Above the concurrency, Lambda refuses invocations, and Cognito fails the sign-in.",
    ),
    (
        "odds",
        "The limits bound the probability that a code is guessed.",
    ),
    (
        "phones.",
        "With old numbering plans, new numbers are refused.",
    ),
    (
        "pool.",
        "The pool decides who can have an account, and by which ways it is entered.",
    ),
    ("pool", "The pool is what is checked."),
    (
        "probe.",
        "The design relies on this behaviour of Cognito or AppSync (docs/unverified.md).",
    ),
    (
        "quota.",
        "Above a quota, AWS refuses calls, and users cannot sign in.",
    ),
    (
        "session.",
        "Session mode keeps tokens from scripts only if no other door gives them.",
    ),
    (
        "sms.senders",
        "Networks drop messages of senders that are not registered, without an error to SNS.",
    ),
    (
        "sms.",
        "A code that is not delivered is a sign-in that fails.",
    ),
    (
        "source",
        "Budgets by source stop one machine from spending those of everyone.",
    ),
    (
        "table.schema",
        "Flows, budgets and leases are items of the table.",
    ),
    (
        "table.ttl",
        "Items hold pseudonyms and sealed contacts, which must not outlive their use.",
    ),
    (
        "table.backup",
        "The table cannot be rebuilt from anything else.",
    ),
    (
        "trigger.",
        "Cognito decides each step of a sign-in by the three triggers.",
    ),
    (
        "waf.",
        "A rate rule that counts the functions as one client refuses users under load.",
    ),
    (
        "numbers.",
        "Numbers that are refused or expensive cost users or money.",
    ),
    ("", "See docs/doctor.md."),
];

/// Returns why a check matters.
pub fn why(check: &str) -> &'static str {
    let found = WHY.iter().find(|(begins, _)| check.starts_with(begins));
    found.map_or("", |(_, why)| why)
}
